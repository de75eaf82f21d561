/* SPDX-License-Identifier: Apache-2.0 */
/* The new replica is what a copied or restored one is before its next sync: a new epoch, unsent
 * work as new operations, everything told again (replica_rebase, sweep_begin). What differs is
 * only that parts of it may be missing. */
#include "store/mend_inside.h"

#include "proto/op.h"
#include "store/compare.h"
#include "store/page.h"
#include "store/quarantine.h"
#include "store/rows.h"

#include <stdlib.h>

/* ---- records ---- */

/* What the next sync tells anew, or what counts rows that may be missing. */
static bool is_fresh(int64_t key)
{
    static const enum meta list[] = {META_FORMAT,  META_SIDE,    META_SCHEMA,
                                     META_HISTORY, META_ORIGINS, META_FULL,
                                     META_COMPARE, META_MENDED,  META_LISTED};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (key == (int64_t)list[i])
            return true;
    return false;
}

enum err mend_take_meta(struct mend *m, int64_t key, const struct value *v)
{
    struct stmt *stmt = NULL;
    if (key == META_SCHEMA && v->type == VALUE_INT && v->i > m->s->env.schema->version)
        return ERR_VERSION;
    if (is_fresh(key) || key < 0 || key > META_LAST || v->type == VALUE_REAL)
        return ERR_OK;
    m->meta = m->meta || key == META_EPOCH;
    enum err err = store_sql(m->s, SQL_META_SET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, key);
    bind_value(stmt, 2, v);
    return stmt_run(stmt);
}

enum err mend_take_origin(struct mend *m, const struct value *cols, size_t count)
{
    struct stmt *stmt = NULL;
    struct id staff;
    must(count == 3);
    if (cols[0].i <= 0 || cols[0].i > UINT32_MAX || !value_to_id(&cols[1], &staff))
        return ERR_OK;
    enum err err = store_sql(m->s, SQL_ORIGIN_SET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, cols[0].i);
    bind_id(stmt, 2, &staff);
    bind_int(stmt, 3, cols[2].i);
    return stmt_run(stmt);
}

static bool is_op(struct str bytes, struct op_head *head)
{
    struct cur changes;
    size_t used = 0;
    return op_read(bytes, head, &changes, &used) == ERR_OK && used == bytes.n;
}

/* Is it the operation that was saved? One that has left in part cannot prove it (leave.h). */
static bool is_sound(const struct value *cols, int64_t cut)
{
    struct op_head head;
    bool kept = cols[0].i < 0;
    if (cut != 0 && cols[4].s.n == 0)
        return true;
    if (!is_op(cols[4].s, &head) || (int64_t)head.hlc != cols[2].i)
        return false;
    if (kept)
        return true;
    return (int64_t)head.op_no == cols[0].i &&
           (cut != 0 || (int64_t)op_hash(head.prev_hash, cols[4].s) == cols[1].i);
}

enum err mend_take_op(struct mend *m, const struct value *cols, size_t count)
{
    enum { PLAIN = 5 };
    struct stmt *stmt = NULL;
    int64_t cut = count > PLAIN ? cols[PLAIN].i : 0;
    if (cols[0].i == 0 || cols[4].type != VALUE_BYTES || !is_sound(cols, cut))
        return ERR_OK;
    enum err err = store_sql(m->s, SQL_MENDED_OP, &stmt);
    if (err != ERR_OK)
        return err;
    for (int i = 0; i < PLAIN; i++)
        bind_value(stmt, i + 1, &cols[i]);
    bind_int(stmt, PLAIN + 1, cut);
    return stmt_run(stmt);
}

enum err mend_take_refused(struct mend *m, const struct value *cols, size_t count)
{
    enum { EPOCH, OP_NO, REASON, AT, ACTOR, OP, EDIT, HLC, STATE, CLOSED, CLOSED_BY, NOTE };
    struct op_head head;
    struct quarantined q = {.epoch = (uint32_t)cols[EPOCH].i, .op_no = (uint64_t)cols[OP_NO].i};
    if (!is_op(cols[OP].s, &head) || head.op_no != q.op_no || cols[REASON].i < 0 ||
        cols[REASON].i >= REASON_COUNT || !value_to_id(&cols[ACTOR], &q.actor))
        return ERR_OK;
    q.reason = (enum reason)cols[REASON].i;
    q.at_ms = cols[AT].i;
    q.edit_ms = count > EDIT ? cols[EDIT].i : head.wall_ms;
    q.op = cols[OP].s;
    enum err err = quarantine_add(m->s, &q);
    int64_t state = count > STATE && cols[STATE].type == VALUE_INT ? cols[STATE].i : 0;
    if (err != ERR_OK || state <= QUARANTINE_OPEN || state > QUARANTINE_DISCARDED)
        return err;
    q.state = (enum quarantine_state)state;
    q.closed_ms = count > CLOSED ? cols[CLOSED].i : 0;
    if (count <= CLOSED_BY || !value_to_id(&cols[CLOSED_BY], &q.closed_by))
        q.closed_by = (struct id){{0}};
    if (count > NOTE && cols[NOTE].type == VALUE_TEXT)
        q.note = cols[NOTE].s;
    err = quarantine_close(m->s, &q);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* ---- who this is ---- */

struct origin_found {
    uint32_t epoch, device;
    struct id staff;
};

/* Of the epoch, or with 0 the last one of this staff member. NOTFOUND. */
static enum err find_origin(struct store *s, uint32_t epoch, const struct id *staff,
                            struct origin_found *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_MENDED_ORIGIN, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, epoch);
    bind_id(stmt, 2, staff);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        out->epoch = (uint32_t)col_int(stmt, 0);
        out->device = (uint32_t)col_int(stmt, 2);
        err = col_id(stmt, 1, &out->staff) ? ERR_OK : ERR_CORRUPT;
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return step == STEP_DONE ? ERR_NOTFOUND : err;
}

/* Ends of what is left of the outbox; zeroes: nothing is. */
struct ends {
    struct chain first, last;
    uint64_t before; /* hash before the first */
    struct id actor; /* of the last */
};

static enum err read_end(struct store *s, enum sql sql, struct chain *out, struct str *op,
                         struct stmt **stmt)
{
    enum err err = store_sql(s, sql, stmt);
    if (err != ERR_OK)
        return err;
    enum step step = stmt_step(*stmt);
    if (step == STEP_ROW) {
        *out = (struct chain){(uint64_t)col_int(*stmt, 0), (uint64_t)col_int(*stmt, 1),
                              (hlc_t)col_int(*stmt, 2)};
        *op = col_blob(*stmt, 3);
    }
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

static enum err find_ends(struct store *s, struct ends *out)
{
    struct stmt *stmt = NULL;
    struct str op = {NULL, 0};
    struct op_head head;
    enum err err = read_end(s, SQL_MENDED_FIRST, &out->first, &op, &stmt);
    if (err == ERR_OK && is_op(op, &head))
        out->before = head.prev_hash;
    if (stmt != NULL)
        stmt_reset(stmt);
    op = (struct str){NULL, 0};
    if (err == ERR_OK)
        err = read_end(s, SQL_MENDED_LAST, &out->last, &op, &stmt);
    if (err == ERR_OK && is_op(op, &head))
        out->actor = head.actor;
    if (stmt != NULL)
        stmt_reset(stmt);
    return err;
}

/* What it knew of itself did not read. From its operations: who it is, and that none of them
 * is acknowledged, which the server corrects. */
static enum err guess(struct mend *m, const struct ends *ends)
{
    struct store *s = m->s;
    struct origin_found origin = {0};
    enum err err = id_is_null(&ends->actor) || m->origins_torn
                       ? ERR_NOTFOUND
                       : find_origin(s, 0, &ends->actor, &origin);
    if (err != ERR_OK && err != ERR_NOTFOUND)
        return err;
    m->report->nameless = err == ERR_NOTFOUND;
    const struct {
        enum meta key;
        int64_t v;
    } ints[] = {{META_EPOCH, origin.epoch},
                {META_DEVICE, origin.device},
                {META_ACKED, ends->first.op_no == 0 ? 0 : (int64_t)ends->first.op_no - 1},
                {META_ACKED_HLC, ends->first.op_no == 0 ? 0 : (int64_t)ends->first.hlc - 1},
                {META_RELEASED, ends->first.op_no == 0 ? 0 : (int64_t)ends->first.op_no - 1},
                {META_RELEASED_HASH, (int64_t)ends->before}};
    err = ERR_OK;
    for (size_t i = 0; i < sizeof ints / sizeof *ints && err == ERR_OK; i++)
        err = meta_set_int(s, ints[i].key, ints[i].v);
    return err == ERR_OK && !id_is_null(&ends->actor) ? meta_set_id(s, META_STAFF, &ends->actor)
                                                      : err;
}

/* ---- what is lost ---- */

/* A version of a row made here and not judged; or an operation. */
struct trace {
    hlc_t hlc;
    uint64_t op_no; /* 0: of a row */
    uint16_t table;
};
struct traces {
    const struct store *s;
    uint16_t table;
    struct buf list; /* of struct trace */
};

static void trace_add(struct traces *t, hlc_t hlc, uint64_t op_no)
{
    struct trace trace = {.hlc = hlc, .op_no = op_no, .table = t->table};
    buf_add(&t->list, &trace, sizeof trace);
}

static enum err trace_row(void *ctx, const struct row *row)
{
    struct traces *t = ctx;
    if (page_is_pending(t->s, row->stamp))
        trace_add(t, row->stamp.hlc, 0);
    for (uint32_t i = 0; i < row->versions.count; i++)
        if (page_is_pending(t->s, row->versions.list[i].stamp))
            trace_add(t, row->versions.list[i].stamp.hlc, 0);
    return t->list.err;
}

static enum err trace_ops(struct traces *t, struct store *s)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_OUTBOX_AFTER, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)s->acked);
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW)
        trace_add(t, (hlc_t)col_int(stmt, 2), (uint64_t)col_int(stmt, 0));
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : t->list.err;
}

/* By stamp; of one stamp the operation first. */
static int by_stamp(const void *a, const void *b)
{
    const struct trace *x = a;
    const struct trace *y = b;
    if (x->hlc != y->hlc)
        return x->hlc < y->hlc ? -1 : 1;
    return x->op_no != y->op_no ? (x->op_no > y->op_no ? -1 : 1)
                                : (int)x->table - (int)y->table;
}

static void lose(struct mend_report *r, uint64_t op_no, const struct trace *trace)
{
    struct mend_lost lost = {.op_no = op_no};
    if (trace != NULL) {
        lost.table = trace->table;
        lost.edit_ms = hlc_ms(trace->hlc);
    }
    if (r->lost_count < MEND_LOST_MAX)
        r->lost[r->lost_count] = lost;
    r->lost_count++;
}

/* Numbers grow with stamps: between two operations that are left, what rows tell of others
 * belongs to the numbers that are missing there. */
static void count_lost(struct mend *m, const struct trace *list, size_t n)
{
    uint64_t next = m->s->acked + 1;
    hlc_t seen = 0;
    for (size_t i = 0; i < n; i++) {
        const struct trace *t = &list[i];
        if (t->op_no != 0) {
            for (; next < t->op_no; next++)
                lose(m->report, next, NULL);
            next = t->op_no + 1;
            m->report->unsent++;
        } else if (t->hlc != seen) {
            lose(m->report, next++, t);
        }
        seen = t->hlc;
    }
    int64_t last = 0;
    if (meta_get_int(m->s, META_OP_LAST, &last) == ERR_OK && last > 0)
        for (; next <= (uint64_t)last && m->report->lost_count < MEND_LOST_MAX; next++)
            lose(m->report, next, NULL);
}

static enum err find_lost(struct mend *m)
{
    struct store *s = m->s;
    struct traces t = {.s = s};
    enum err err = trace_ops(&t, s);
    for (uint16_t i = 0; i < s->env.schema->table_count && err == ERR_OK && m->meta; i++) {
        t.table = s->env.schema->tables[i].id;
        err = rows_all(s, &s->env.schema->tables[i], trace_row, &t);
    }
    size_t n = t.list.n / sizeof(struct trace);
    if (err == ERR_OK && n > 0) {
        struct trace *list = (struct trace *)(void *)t.list.p;
        qsort(list, n, sizeof *list, by_stamp);
        count_lost(m, list, n);
    }
    buf_done(&t.list);
    return err;
}

/* ---- all of it ---- */

/* No stamp is made twice, whatever was lost. */
static enum err note_clock(struct mend *m, const struct ends *ends)
{
    struct store *s = m->s;
    int64_t hlc = 0;
    enum err err = meta_get_int(s, META_HLC, &hlc);
    uint64_t latest = (uint64_t)hlc > ends->last.hlc ? (uint64_t)hlc : ends->last.hlc;
    for (uint16_t i = 0; i < s->env.schema->table_count && err == ERR_OK; i++) {
        struct stmt *stmt = NULL;
        err = store_table_sql(s, "SELECT coalesce(max(_hlc),0) FROM", &s->env.schema->tables[i],
                              "", &stmt);
        if (err == ERR_OK && stmt_step(stmt) == STEP_ROW) {
            uint64_t of = (uint64_t)col_int(stmt, 0);
            latest = of > latest ? of : latest;
        }
        stmt_free(stmt);
    }
    return err == ERR_OK ? meta_set_int(s, META_HLC, (int64_t)latest) : err;
}

/* Does one follow the other from the first to the last? */
static enum err is_chain(struct store *s, const struct ends *ends, bool *out)
{
    uint64_t n = 0;
    enum err err = store_number(s, SQL_MENDED_COUNT, NULL, 0, &n);
    *out = n == ends->last.op_no - ends->first.op_no + (ends->first.op_no == 0 ? 0 : 1);
    return err;
}

static enum err settle(struct mend *m)
{
    struct store *s = m->s;
    struct ends ends = {.before = 0};
    struct stmt *stmt = NULL;
    bool whole = false;
    enum err err = find_ends(s, &ends);
    if (err == ERR_OK && !m->meta)
        err = guess(m, &ends);
    if (err == ERR_OK)
        err = is_chain(s, &ends, &whole);
    if (err == ERR_OK)
        err = note_clock(m, &ends);
    if (err == ERR_OK && m->origins_torn)
        err = store_sql(s, SQL_MENDED_ORIGINS_DROP, &stmt);
    if (err == ERR_OK && stmt != NULL)
        err = stmt_run(stmt);
    /* Verdicts that were heard of are known, or all that is left follows on what the server
     * has: else it could not be asked for them. */
    bool forks = m->meta || !whole || m->report->nameless;
    if (err == ERR_OK)
        err = meta_set_int(s, META_MENDED, forks ? 1 : 0);
    if (err == ERR_OK && (m->rows_torn || m->report->by_page))
        err = meta_set_int(s, META_COMPLETE, 0);
    if (err == ERR_OK)
        err = store_reload(s);
    if (err == ERR_OK)
        err = store_number(s, SQL_QUARANTINE_COUNT, NULL, 0, &m->report->quarantined);
    if (err == ERR_OK)
        err = compare_tell_again(s);
    return err == ERR_OK ? find_lost(m) : err;
}

static enum err fill(struct mend *m, const struct store_env *from)
{
    struct db *db = NULL;
    enum err err = db_open_damaged(from->path, from->vfs, &db, NULL);
    m->report->by_page = err == ERR_CORRUPT || err == ERR_IO;
    if (err == ERR_OK)
        err = mend_copy(m, db);
    db_close(db);
    if (m->report->by_page || (err == ERR_OK && m->torn))
        err = mend_carve(m, from->path, from->vfs);
    return err == ERR_OK ? settle(m) : err;
}

enum err mend_replica(const struct store_env *from, const char *to, struct mend_report *out,
                      struct note *why)
{
    struct mend_report report = {.rows = 0};
    struct mend m = {.report = &report};
    struct store_env env = *from;
    env.path = to;
    enum err err = store_open(&env, &m.s, why);
    if (err == ERR_OK)
        err = store_begin(m.s);
    if (err == ERR_OK)
        err = store_end(m.s, fill(&m, from));
    if (err == ERR_OK)
        err = db_checkpoint(m.s->db);
    store_close(m.s);
    if (err == ERR_OK)
        *out = report;
    return err;
}

enum err mend_settled(struct store *s, bool *out)
{
    static const enum meta open[] = {META_MENDED, META_FULL, META_SWEEP};
    int64_t complete = 0;
    int64_t waits = 0;
    enum err err = meta_get_int(s, META_COMPLETE, &complete);
    *out = complete != 0 && s->acked == s->own.op_no;
    for (size_t i = 0; i < sizeof open / sizeof *open && err == ERR_OK; i++) {
        err = meta_get_int(s, open[i], &waits);
        *out = *out && waits == 0;
    }
    return err;
}
