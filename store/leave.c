/* SPDX-License-Identifier: Apache-2.0 */
#include "store/leave.h"

#include "proto/op.h"
#include "store/page.h"
#include "store/quarantine.h"
#include "store/replica.h"
#include "store/rows.h"

/* A row of a scope that is left: `lost` facets of it, `facet` is the row's own. */
struct mark {
    struct id id;
    uint8_t lost, facet;
    bool refused; /* only what a refused operation says of it goes: the row was saved again
                     elsewhere, or is none */
};

struct leaving {
    struct store *s;
    struct mark *marks; /* by hash of the id; lost 0 = free place */
    size_t room, count;
    bool grown;  /* a pass found one more */
    bool purged; /* something was there to go */
};

enum { MARKS_MIN = 256, PASSES_MAX = 8 };

/* ---- the set ---- */

static size_t place(const struct leaving *l, const struct id *id)
{
    uint64_t h = 0;
    memcpy(&h, id->b + 8, sizeof h);
    size_t at = (size_t)(h * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (l->room - 1);
    while (l->marks[at].lost != 0 && !id_eq(&l->marks[at].id, id))
        at = (at + 1) & (l->room - 1);
    return at;
}

static const struct mark *find(const struct leaving *l, const struct id *id)
{
    const struct mark *m = &l->marks[place(l, id)];
    return m->lost == 0 ? NULL : m;
}

static enum err grow(struct leaving *l)
{
    struct leaving more = {.s = l->s, .room = l->room == 0 ? MARKS_MIN : 2 * l->room};
    more.marks = mem_array(more.room, sizeof *more.marks);
    if (more.marks == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < l->room; i++)
        if (l->marks[i].lost != 0)
            more.marks[place(&more, &l->marks[i].id)] = l->marks[i];
    mem_free(l->marks);
    l->marks = more.marks;
    l->room = more.room;
    return ERR_OK;
}

static enum err mark(struct leaving *l, const struct mark *m)
{
    if (2 * (l->count + 1) > l->room) {
        enum err err = grow(l);
        if (err != ERR_OK)
            return err;
    }
    struct mark *at = &l->marks[place(l, &m->id)];
    uint8_t lost = at->lost | m->lost;
    bool refused = m->refused && (at->lost == 0 || at->refused);
    if (lost == at->lost && refused == at->refused)
        return ERR_OK;
    l->count += at->lost == 0 ? 1 : 0;
    l->grown = true;
    *at = *m;
    at->lost = lost;
    at->refused = refused;
    return ERR_OK;
}

static bool goes(const struct leaving *l, const struct id *id)
{
    const struct mark *m = find(l, id);
    return m != NULL && (m->lost & m->facet) != 0;
}

/* ---- which rows ---- */

/* Rows a statement lists as id, id of the row they hang on (or nothing but their own id). */
static enum err mark_listed(struct leaving *l, const struct table *table, struct stmt *stmt,
                            uint8_t lost)
{
    enum err err = ERR_OK;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct id id;
        struct id on;
        struct mark m = {.lost = lost, .facet = table->facet};
        if (!col_id(stmt, 0, &id))
            return ERR_CORRUPT;
        if (lost == 0) {
            const struct mark *parent = col_id(stmt, 1, &on) ? find(l, &on) : NULL;
            if (parent == NULL || parent->refused)
                continue;
            m.lost = parent->lost;
            m.facet = table->facet != 0 ? table->facet : parent->facet;
        }
        m.id = id;
        err = mark(l, &m);
    }
    return err == ERR_OK && step == STEP_FAILED ? db_error(l->s->db) : err;
}

static enum err select_rows(struct leaving *l, const struct table *table, const char *columns,
                            const char *where, struct stmt **out)
{
    struct buf sql = {0};
    buf_printf(&sql, "SELECT %s FROM t_%s %s", columns, table->name, where);
    buf_u8(&sql, 0);
    enum err err = sql.err == ERR_OK ? db_prepare(l->s->db, (const char *)sql.p, out) : sql.err;
    buf_done(&sql);
    return err;
}

static const char *name_of(const struct table *table, uint16_t field)
{
    const struct field *f = schema_field(table, field);
    must(f != NULL);
    return f->name;
}

/* Rows that hang on marked ones. */
static enum err mark_hanging(struct leaving *l, const struct table *table)
{
    char columns[120];
    if (table->scope != SCOPE_OF_REF && table->scope != SCOPE_OF_ROW)
        return ERR_OK;
    struct buf text = {0};
    buf_printf(&text, "_id,\"%s\"", name_of(table, table->scope_field));
    must(text.err != ERR_OK || text.n < sizeof columns);
    enum err err = text.err;
    if (err == ERR_OK) {
        memcpy(columns, text.p, text.n);
        columns[text.n] = 0;
    }
    buf_done(&text);
    struct stmt *stmt = NULL;
    if (err == ERR_OK)
        err = select_rows(l, table, columns, "", &stmt);
    if (err == ERR_OK)
        err = mark_listed(l, table, stmt, 0);
    stmt_free(stmt);
    return err;
}

/* Rows of a structure that belong to no dossier. */
static enum err mark_structure(struct leaving *l, const struct leave_scope *scope)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < l->s->env.schema->table_count && err == ERR_OK; i++) {
        const struct table *table = &l->s->env.schema->tables[i];
        struct buf where = {0};
        struct stmt *stmt = NULL;
        if (table->scope == SCOPE_STRUCTURE)
            buf_printf(&where, "WHERE \"%s\"=?1", name_of(table, table->scope_field));
        else if (table->scope == SCOPE_OF_REF && table->scope_else != 0)
            buf_printf(&where, "WHERE \"%s\" IS NULL AND \"%s\"=?1",
                       name_of(table, table->scope_field), name_of(table, table->scope_else));
        else
            continue;
        buf_u8(&where, 0);
        err = where.err == ERR_OK ? select_rows(l, table, "_id", (const char *)where.p, &stmt)
                                  : where.err;
        buf_done(&where);
        if (err == ERR_OK) {
            bind_id(stmt, 1, &scope->id);
            err = mark_listed(l, table, stmt, scope->facets);
        }
        stmt_free(stmt);
    }
    return err;
}

static enum err mark_network(struct leaving *l, uint8_t facets)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < l->s->env.schema->table_count && err == ERR_OK; i++) {
        const struct table *table = &l->s->env.schema->tables[i];
        struct stmt *stmt = NULL;
        if (table->scope != SCOPE_NETWORK)
            continue;
        err = select_rows(l, table, "_id", "", &stmt);
        if (err == ERR_OK)
            err = mark_listed(l, table, stmt, facets);
        stmt_free(stmt);
    }
    return err;
}

/* Rows of `table` that hang on one of `to` which is not here. Not what we made and the server
 * has not judged: that hung on something here, which was refused since; it is refused with it,
 * and kept. */
static enum err mark_orphans_of(struct leaving *l, const struct table *table,
                                const struct table *to)
{
    const char *on = name_of(table, table->scope_field);
    struct buf where = {0};
    struct stmt *stmt = NULL;
    buf_printf(&where,
               "WHERE \"%s\" IS NOT NULL AND NOT EXISTS(SELECT 1 FROM t_%s p WHERE "
               "p._id=t_%s.\"%s\")",
               on, to->name, table->name, on);
    if (table->scope == SCOPE_OF_ROW)
        buf_printf(&where, " AND \"%s\"='%s'", name_of(table, table->scope_table_field),
                   to->name);
    buf_u8(&where, 0);
    enum err err = where.err == ERR_OK
                       ? select_rows(l, table, "_id,_hlc,_org", (const char *)where.p, &stmt)
                       : where.err;
    buf_done(&where);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct mark m = {.lost = UINT8_MAX, .facet = UINT8_MAX};
        struct stamp made = {.hlc = (hlc_t)col_int(stmt, 1),
                             .origin = (uint32_t)col_int(stmt, 2)};
        if (!col_id(stmt, 0, &m.id))
            err = ERR_CORRUPT;
        else if (!page_is_pending(l->s, made))
            err = mark(l, &m);
    }
    stmt_free(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(l->s->db) : err;
}

/* A right may end while what it opened is being told: of a dossier, rows are here whose own
 * dossier never came. All that may be seen has come before the news of what leaves. */
static enum err mark_orphans(struct leaving *l)
{
    const struct schema *schema = l->s->env.schema;
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < schema->table_count; i++) {
        const struct table *table = &schema->tables[i];
        const struct field *on =
            table->scope == SCOPE_OF_REF ? schema_field(table, table->scope_field) : NULL;
        bool any = table->scope == SCOPE_OF_ROW;
        for (uint16_t k = 0; k < schema->table_count && err == ERR_OK; k++)
            if (any || (on != NULL && on->ref == schema->tables[k].id))
                err = mark_orphans_of(l, table, &schema->tables[k]);
    }
    return err;
}

static enum err mark_scope(struct leaving *l, const struct leave_scope *scope)
{
    switch (scope->kind) {
    case LEAVE_NETWORK:
        return mark_network(l, scope->facets);
    case LEAVE_STRUCTURE:
        return mark_structure(l, scope);
    case LEAVE_DOSSIER: {
        struct mark person = {.id = scope->id, .lost = scope->facets, .facet = FACET_FACTS};
        return mark(l, &person);
    }
    }
    return ERR_PROTOCOL;
}

/* The row that a refused operation would have made, where it would hang on one that leaves. */
static enum err mark_made(struct leaving *l, struct quarantine_reader *r)
{
    const struct table *table = r->table;
    struct quarantined_field f;
    bool hangs = table != NULL && r->change.kind == CHANGE_INSERT &&
                 (table->scope == SCOPE_OF_REF || table->scope == SCOPE_OF_ROW);
    while (hangs && quarantine_field(r, &f)) {
        struct id on;
        if (f.field->id != table->scope_field || f.after.type != VALUE_BYTES ||
            f.after.s.n != ID_BYTES)
            continue;
        memcpy(on.b, f.after.s.p, ID_BYTES);
        const struct mark *parent = find(l, &on);
        if (parent == NULL)
            return ERR_OK;
        struct mark m = {.id = r->change.row, .lost = parent->lost, .refused = true};
        m.facet = table->facet != 0 ? table->facet : parent->facet;
        return mark(l, &m);
    }
    return ERR_OK;
}

/* What was refused is among no rows. Where a part of it goes, so does why it was closed. */
static enum err mark_refused(void *ctx, const struct quarantined *q)
{
    struct leaving *l = ctx;
    struct quarantine_reader r;
    struct mark closing = {op_closing_id(q->epoch, q->op_no), UINT8_MAX, UINT8_MAX, true};
    bool part = false;
    enum err err = ERR_OK;
    quarantine_read(l->s->env.schema, q->op, &r);
    while (err == ERR_OK && quarantine_change(&r)) {
        err = mark_made(l, &r);
        part = part || goes(l, &r.change.row);
    }
    return err == ERR_OK && part ? mark(l, &closing) : err;
}

/* From the rows that name a scope to all that hang on them, as deep as it goes. */
static enum err mark_all(struct leaving *l, struct leave leave)
{
    enum err err = grow(l);
    for (uint32_t i = 0; i < leave.count && err == ERR_OK; i++) {
        struct leave_scope scope = message_leave_scope(&leave.scopes);
        err = leave.scopes.bad ? ERR_PROTOCOL : mark_scope(l, &scope);
    }
    if (err == ERR_OK)
        err = mark_orphans(l);
    l->grown = true;
    for (int pass = 0; pass < PASSES_MAX && l->grown && err == ERR_OK; pass++) {
        l->grown = false;
        for (uint16_t i = 0; i < l->s->env.schema->table_count && err == ERR_OK; i++)
            err = mark_hanging(l, &l->s->env.schema->tables[i]);
        if (err == ERR_OK)
            err = quarantine_list(l->s, true, mark_refused, l);
    }
    return err;
}

/* ---- and out with them ---- */

static enum err purge_table(struct leaving *l, const struct table *table)
{
    struct stmt *stmt = NULL;
    struct buf rids = {0};
    enum err err = select_rows(l, table, "_rid,_id", "ORDER BY _rid", &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        int64_t rid = col_int(stmt, 0);
        struct id id;
        if (!col_id(stmt, 1, &id))
            err = ERR_CORRUPT;
        else if (goes(l, &id) && !find(l, &id)->refused)
            buf_add(&rids, &rid, sizeof rid);
    }
    stmt_free(stmt);
    if (err == ERR_OK)
        err = step == STEP_FAILED ? db_error(l->s->db) : rids.err;
    for (size_t at = 0; at < rids.n && err == ERR_OK; at += sizeof(int64_t)) {
        int64_t rid = 0;
        memcpy(&rid, rids.p + at, sizeof rid);
        l->purged = true;
        err = rows_purge(l->s, table, rid);
    }
    buf_done(&rids);
    return err;
}

/* Does the row of a table we do not know refer to one that goes? All such do that hang on it.
 */
static bool refers(const struct leaving *l, struct str body)
{
    static const uint8_t bin16[] = {0xc4, ID_BYTES};
    for (size_t i = 0; i + sizeof bin16 + ID_BYTES <= body.n; i++) {
        struct id id;
        if (memcmp(body.p + i, bin16, sizeof bin16) != 0)
            continue;
        memcpy(id.b, body.p + i + sizeof bin16, ID_BYTES);
        if (goes(l, &id) && !find(l, &id)->refused)
            return true;
    }
    return false;
}

static enum err purge_unknown(struct leaving *l)
{
    struct stmt *stmt = NULL;
    struct buf gone = {0};
    enum err err = store_sql(l->s, SQL_UNKNOWN_LIST, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct id id;
        int64_t table = col_int(stmt, 0);
        if (!col_id(stmt, 1, &id))
            err = ERR_CORRUPT;
        else if (refers(l, col_blob(stmt, 2))) {
            buf_add(&gone, &table, sizeof table);
            buf_add(&gone, id.b, sizeof id.b);
        }
    }
    stmt_reset(stmt);
    if (err == ERR_OK)
        err = step == STEP_FAILED ? db_error(l->s->db) : gone.err;
    if (err == ERR_OK)
        err = store_sql(l->s, SQL_UNKNOWN_REMOVE, &stmt);
    for (size_t at = 0; at < gone.n && err == ERR_OK; at += sizeof(int64_t) + ID_BYTES) {
        struct id id;
        int64_t table = 0;
        memcpy(&table, gone.p + at, sizeof table);
        memcpy(id.b, gone.p + at + sizeof table, ID_BYTES);
        l->purged = true;
        bind_int(stmt, 1, table);
        bind_id(stmt, 2, &id);
        err = stmt_run(stmt);
    }
    buf_done(&gone);
    return err;
}

/* ---- operations ---- */

/* Does a change go? What is said of a row that was refused, and is here all the same, goes from
 * the quarantine only. */
static bool change_goes(const struct leaving *l, const struct change *change, bool quarantined)
{
    struct scope scope;
    if (!goes(l, &change->row))
        return false;
    const struct table *table = schema_table(l->s->env.schema, change->table);
    return quarantined || table == NULL || !find(l, &change->row)->refused ||
           rows_locate(l->s, table, &change->row, &scope) != ERR_OK;
}

/* Copy the changes that stay; l NULL: none does. *cut: some do not. */
static enum err copy_op(const struct leaving *l, struct str op, bool quarantined,
                        struct buf *out, bool *cut)
{
    struct op_head head;
    struct cur cur;
    size_t used = 0;
    struct op_writer writer;
    op_writer_init(&writer);
    enum err err = op_read(op, &head, &cur, &used) == ERR_OK ? ERR_OK : ERR_CORRUPT;
    *cut = l == NULL;
    for (uint32_t i = 0; i < head.changes && err == ERR_OK && l != NULL; i++) {
        const uint8_t *start = cur.p;
        struct change change = op_change(&cur);
        uint32_t items = change.fields * (change.kind == CHANGE_INSERT ? 2 : 5);
        for (uint32_t k = 0; k < items && !cur.bad; k++)
            (void)unpack_any(&cur);
        if (cur.bad)
            err = ERR_CORRUPT;
        else if (change_goes(l, &change, quarantined))
            *cut = true;
        else {
            buf_add(&writer.body, start, (size_t)(cur.p - start));
            writer.changes++;
        }
    }
    buf_clear(out);
    if (err == ERR_OK && *cut)
        err = op_write(&head, &writer, out);
    op_writer_done(&writer);
    return err;
}

static enum err save_cut(struct store *s, int64_t op_no, struct str op, int how)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_OUTBOX_CUT, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, op_no);
    bind_blob(stmt, 2, op);
    bind_int(stmt, 3, how);
    err = stmt_run(stmt);
    return err == ERR_OK && how == CUT_UNSENT ? meta_set_int(s, META_LEAVING, 1) : err;
}

/* The next operation of the outbox after op_no, copied. NOTFOUND. */
static enum err next_op(struct store *s, int64_t *op_no, struct buf *op)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_OUTBOX_ALL, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, *op_no);
    buf_clear(op);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        struct str bytes = col_blob(stmt, 1);
        *op_no = col_int(stmt, 0);
        buf_add(op, bytes.p, bytes.n);
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return step == STEP_DONE ? ERR_NOTFOUND : op->err;
}

/* What was judged keeps the changes of rows that stay, that of earlier epochs (below 0: see
 * rebase.c) too; what was not goes out whole first. */
static enum err purge_outbox(struct leaving *l)
{
    struct buf op = {0};
    struct buf rest = {0};
    int64_t op_no = INT64_MIN;
    enum err err = ERR_OK;
    while (err == ERR_OK && (err = next_op(l->s, &op_no, &op)) == ERR_OK) {
        bool cut = false;
        bool judged = op_no <= (int64_t)l->s->acked;
        if (op.n == 0)
            continue;
        err = copy_op(l, buf_str(&op), false, &rest, &cut);
        l->purged = l->purged || cut;
        if (err == ERR_OK && cut)
            err = save_cut(l->s, op_no, buf_str(judged ? &rest : &op),
                           judged ? CUT_PART : CUT_UNSENT);
    }
    buf_done(&op);
    buf_done(&rest);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err cut_quarantined(struct store *s, uint32_t epoch, uint64_t op_no, struct str op)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_QUARANTINE_CUT, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, epoch);
    bind_int(stmt, 2, (int64_t)op_no);
    bind_blob(stmt, 3, op);
    return stmt_run(stmt);
}

struct refused {
    struct leaving *l;
    struct buf rest;
};

static enum err purge_refused(void *ctx, const struct quarantined *q)
{
    struct refused *r = ctx;
    bool cut = false;
    enum err err = copy_op(r->l, q->op, true, &r->rest, &cut);
    return err == ERR_OK && cut
               ? cut_quarantined(r->l->s, q->epoch, q->op_no, buf_str(&r->rest))
               : err;
}

/* A refused operation stays known with its reason; what it said of rows that leave, only the
 * server keeps. */
static enum err purge_quarantine(struct leaving *l)
{
    struct refused r = {.l = l};
    enum err err = quarantine_list(l->s, true, purge_refused, &r);
    buf_done(&r.rest);
    return err;
}

static enum err leave_all(struct leaving *l, struct leave leave)
{
    enum err err = mark_all(l, leave);
    for (uint16_t i = 0; i < l->s->env.schema->table_count && err == ERR_OK; i++)
        err = purge_table(l, &l->s->env.schema->tables[i]);
    if (err == ERR_OK)
        err = purge_unknown(l);
    if (err == ERR_OK)
        err = purge_outbox(l);
    return err == ERR_OK ? purge_quarantine(l) : err;
}

enum err replica_leave(struct store *s, struct leave leave)
{
    struct leaving l = {.s = s};
    enum err err = store_begin(s);
    if (err != ERR_OK)
        return err;
    err = leave_all(&l, leave);
    if (err == ERR_OK && l.purged)
        err = meta_set_int(s, META_RESIDUE, 1);
    err = store_end(s, err);
    mem_free(l.marks);
    return err == ERR_OK ? leave_clean(s) : err;
}

enum err leave_clean(struct store *s)
{
    int64_t residue = 0;
    enum err err = meta_get_int(s, META_RESIDUE, &residue);
    if (err != ERR_OK || residue == 0)
        return err;
    err = db_exec(s->db, "VACUUM");
    if (err == ERR_OK)
        err = db_checkpoint(s->db); /* the log holds pages of the time before */
    if (err == ERR_OK)
        err = store_begin(s);
    if (err == ERR_OK)
        err = store_end(s, meta_set_int(s, META_RESIDUE, 0));
    return err == ERR_FULL || err == ERR_NOMEM ? ERR_OK : err;
}

enum err leave_judged(struct store *s, uint64_t through, bool accepted)
{
    int64_t leaving = 0;
    enum err err = meta_get_int(s, META_LEAVING, &leaving);
    if (err != ERR_OK || leaving == 0)
        return err;
    struct buf op = {0};
    struct buf head = {0};
    uint64_t waiting = 0;
    struct stmt *stmt = NULL;
    uint64_t op_no = 0;
    err = store_sql(s, SQL_OUTBOX_LEAVING, &stmt);
    while (err == ERR_OK) {
        bool cut = false;
        bind_int(stmt, 1, (int64_t)op_no);
        bind_int(stmt, 2, (int64_t)through);
        enum step step = stmt_step(stmt);
        buf_clear(&op);
        if (step == STEP_ROW) {
            struct str bytes = col_blob(stmt, 1);
            op_no = (uint64_t)col_int(stmt, 0);
            buf_add(&op, bytes.p, bytes.n);
        }
        stmt_reset(stmt);
        if (step != STEP_ROW) {
            err = step == STEP_FAILED ? db_error(s->db) : ERR_OK;
            break;
        }
        err = op.err == ERR_OK ? copy_op(NULL, buf_str(&op), true, &head, &cut) : op.err;
        if (err == ERR_OK)
            err = cut_quarantined(s, s->epoch, op_no, buf_str(&head));
        if (err == ERR_OK)
            err = save_cut(s, (int64_t)op_no, (struct str){"", 0}, CUT_PART);
    }
    buf_done(&op);
    buf_done(&head);
    if (err == ERR_OK)
        err = store_number(s, SQL_OUTBOX_LEAVING_COUNT, NULL, 0, &waiting);
    if (err == ERR_OK && op_no != 0)
        err = meta_set_int(s, META_RESIDUE, 1);
    if (err == ERR_OK && op_no != 0 && accepted)
        err = meta_set_int(s, META_RETELL, 1);
    return err == ERR_OK && waiting == 0 ? meta_set_int(s, META_LEAVING, 0) : err;
}
