/* SPDX-License-Identifier: Apache-2.0 */
#include "store/quarantine.h"

#include "store/inside.h"

const char *quarantine_word(enum quarantine_state state)
{
    static const char *const words[] = {"open", "resubmitted", "discarded"};
    return (unsigned)state <= QUARANTINE_DISCARDED ? words[state] : "unknown";
}

void quarantine_name(uint32_t epoch, uint64_t op_no, struct buf *out)
{
    buf_printf(out, "%u/%llu", (unsigned)epoch, (unsigned long long)op_no);
}

/* ---- read ---- */

enum {
    COL_EPOCH,
    COL_OP_NO,
    COL_REASON,
    COL_AT,
    COL_ACTOR,
    COL_OP,
    COL_EDIT,
    COL_STATE,
    COL_CLOSED,
    COL_CLOSED_BY,
    COL_NOTE
};

static enum err read_one(struct stmt *stmt, struct quarantined *q)
{
    *q = (struct quarantined){.epoch = (uint32_t)col_int(stmt, COL_EPOCH),
                              .op_no = (uint64_t)col_int(stmt, COL_OP_NO)};
    q->reason = (enum reason)col_int(stmt, COL_REASON);
    q->at_ms = col_int(stmt, COL_AT);
    q->edit_ms = col_int(stmt, COL_EDIT);
    q->op = col_blob(stmt, COL_OP);
    int64_t state = col_int(stmt, COL_STATE);
    q->state = (enum quarantine_state)state;
    q->closed_ms = col_int(stmt, COL_CLOSED);
    q->note = col_text(stmt, COL_NOTE);
    bool named = col_null(stmt, COL_CLOSED_BY) || col_id(stmt, COL_CLOSED_BY, &q->closed_by);
    bool known = state >= QUARANTINE_OPEN && state <= QUARANTINE_DISCARDED;
    return col_id(stmt, COL_ACTOR, &q->actor) && named && known ? ERR_OK : ERR_CORRUPT;
}

enum err quarantine_list(struct store *s, bool closed, quarantine_on_op *on_op, void *ctx)
{
    return quarantine_list_after(s, closed, 0, 0, on_op, ctx);
}

enum err quarantine_list_after(struct store *s, bool closed, uint32_t epoch, uint64_t op_no,
                               quarantine_on_op *on_op, void *ctx)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_QUARANTINE_LIST, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, closed ? QUARANTINE_DISCARDED : QUARANTINE_OPEN);
    bind_int(stmt, 2, epoch);
    bind_int(stmt, 3, (int64_t)op_no);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct quarantined q;
        err = read_one(stmt, &q);
        if (err == ERR_OK)
            err = on_op(ctx, &q);
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

/* Digits through the end, at least one. */
static bool number(struct str text, uint64_t *out)
{
    uint64_t n = 0;
    if (text.n == 0 || text.n > 18)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(text.p[i] - '0');
    }
    *out = n;
    return true;
}

static bool parse_name(struct str name, uint64_t *epoch, uint64_t *op_no)
{
    const char *slash = name.n == 0 ? NULL : memchr(name.p, '/', name.n);
    *epoch = 0;
    if (slash == NULL)
        return number(name, op_no);
    size_t n = (size_t)(slash - name.p);
    return number((struct str){name.p, n}, epoch) && *epoch <= UINT32_MAX &&
           number((struct str){slash + 1, name.n - n - 1}, op_no);
}

static enum err keep(struct arena *arena, struct quarantined *q)
{
    char *op = arena_copy(arena, q->op.p, q->op.n);
    char *note = arena_copy(arena, q->note.p, q->note.n);
    if (op == NULL || note == NULL)
        return ERR_NOMEM;
    q->op.p = op;
    q->note.p = note;
    return ERR_OK;
}

enum err quarantine_find(struct store *s, struct str name, struct arena *arena,
                         struct quarantined *out, struct note *why)
{
    uint64_t epoch = 0;
    uint64_t op_no = 0;
    if (!parse_name(name, &epoch, &op_no))
        return note_set(why, ERR_USAGE,
                        N_("une saisie refusée s'appelle comme 2/17 : voyez la liste"));
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_QUARANTINE_FIND, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)epoch);
    bind_int(stmt, 2, (int64_t)op_no);
    bind_int(stmt, 3, memchr(name.p, '/', name.n) != NULL ? 1 : 0);
    struct quarantined q = {0};
    enum step step = stmt_step(stmt);
    bool several = false;
    if (step == STEP_ROW) {
        err = read_one(stmt, &q);
        if (err == ERR_OK)
            err = keep(arena, &q);
        several = err == ERR_OK && stmt_step(stmt) == STEP_ROW;
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    if (step == STEP_DONE)
        return note_set(why, ERR_NOTFOUND,
                        N_("aucune saisie refusée de ce nom : voyez la liste"));
    if (several)
        return note_set(why, ERR_EXISTS,
                        N_("plusieurs saisies refusées ont ce numéro : écrivez-le en entier, "
                           "comme 2/17"));
    if (err == ERR_OK)
        *out = q;
    return err;
}

enum err quarantine_actor(struct store *s, uint32_t epoch, uint64_t op_no, struct id *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_QUARANTINE_ACTOR, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, epoch);
    bind_int(stmt, 2, (int64_t)op_no);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW && !col_id(stmt, 0, out))
        err = ERR_CORRUPT;
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return step == STEP_ROW ? err : ERR_NOTFOUND;
}

/* ---- what is in it ---- */

void quarantine_read(const struct schema *schema, struct str op, struct quarantine_reader *r)
{
    struct op_head head = {0};
    *r = (struct quarantine_reader){.schema = schema};
    r->bad = op_read_again(op, &head, &r->next) != ERR_OK;
    r->changes = head.changes;
}

bool quarantine_change(struct quarantine_reader *r)
{
    if (r->bad || r->number == r->changes)
        return false;
    r->change = op_change(&r->next);
    r->fields = r->next;
    r->left = r->change.fields;
    op_skip_fields(&r->change, &r->next);
    r->table = schema_table(r->schema, r->change.table);
    r->bad = r->next.bad;
    r->number++;
    return !r->bad;
}

bool quarantine_field(struct quarantine_reader *r, struct quarantined_field *out)
{
    struct cur *cur = &r->fields;
    bool update = r->change.kind == CHANGE_UPDATE;
    while (!r->bad && r->left > 0) {
        uint16_t id = 0;
        r->left--;
        if (update)
            out->base = op_field_base(cur, &id);
        else
            id = (uint16_t)unpack_int_in(cur, 1, UINT16_MAX);
        const struct field *field = r->table == NULL ? NULL : schema_field(r->table, id);
        if (r->table != NULL && id == FIELD_DELETED)
            field = &schema_field_deleted;
        if (field == NULL) {
            (void)unpack_any(cur);
            if (update)
                (void)unpack_any(cur);
        } else {
            out->field = field;
            out->before = update ? value_unpack(field->kind, cur) : VALUE_NONE;
            out->after = value_unpack(field->kind, cur);
        }
        r->bad = cur->bad;
        if (field != NULL && !r->bad)
            return true;
    }
    return false;
}

static bool has_row(struct store *s, const struct quarantined *q, int64_t table,
                    const struct id *row)
{
    struct quarantine_reader r;
    quarantine_read(s->env.schema, q->op, &r);
    while (quarantine_change(&r))
        if (r.change.table == table && id_eq(&r.change.row, row))
            return true;
    return false;
}

/* The names of its rows stay. */
enum err quarantine_is_cut(struct store *s, const struct quarantined *q, bool *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_QUARANTINE_ROWS_OF, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, q->epoch);
    bind_int(stmt, 2, (int64_t)q->op_no);
    enum step step = STEP_DONE;
    *out = false;
    while (err == ERR_OK && !*out && (step = stmt_step(stmt)) == STEP_ROW) {
        struct id row;
        err = col_id(stmt, 1, &row) ? ERR_OK : ERR_CORRUPT;
        *out = err == ERR_OK && !has_row(s, q, col_int(stmt, 0), &row);
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

/* ---- write ---- */

static enum err add_rows(struct store *s, const struct quarantined *q)
{
    struct stmt *stmt = NULL;
    struct quarantine_reader r;
    enum err err = store_sql(s, SQL_QUARANTINE_ROW_ADD, &stmt);
    quarantine_read(s->env.schema, q->op, &r);
    while (err == ERR_OK && quarantine_change(&r)) {
        bind_int(stmt, 1, r.change.table);
        bind_id(stmt, 2, &r.change.row);
        bind_int(stmt, 3, q->epoch);
        bind_int(stmt, 4, (int64_t)q->op_no);
        err = stmt_run(stmt);
    }
    return err;
}

enum err quarantine_add(struct store *s, const struct quarantined *q)
{
    struct op_head head;
    struct cur changes;
    struct stmt *stmt = NULL;
    enum err err = op_read_again(q->op, &head, &changes);
    if (err == ERR_OK)
        err = store_sql(s, SQL_QUARANTINE_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, q->epoch);
    bind_int(stmt, 2, (int64_t)q->op_no);
    bind_int(stmt, 3, (int64_t)q->reason);
    bind_int(stmt, 4, q->at_ms);
    bind_id(stmt, 5, &q->actor);
    bind_blob(stmt, 6, q->op);
    bind_int(stmt, 7, q->edit_ms);
    bind_int(stmt, 8, (int64_t)head.hlc);
    err = stmt_run(stmt);
    return err == ERR_OK ? add_rows(s, q) : err;
}

enum err quarantine_cut(struct store *s, uint32_t epoch, uint64_t op_no, struct str rest)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_QUARANTINE_CUT, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, epoch);
    bind_int(stmt, 2, (int64_t)op_no);
    bind_blob(stmt, 3, rest);
    return stmt_run(stmt);
}

enum err quarantine_close(struct store *s, const struct quarantined *q)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_QUARANTINE_CLOSE, &stmt);
    if (err != ERR_OK)
        return err;
    must(q->state != QUARANTINE_OPEN);
    bind_int(stmt, 1, q->epoch);
    bind_int(stmt, 2, (int64_t)q->op_no);
    bind_int(stmt, 3, (int64_t)q->state);
    bind_int(stmt, 4, q->closed_ms);
    bind_id(stmt, 5, &q->closed_by);
    bind_text(stmt, 6, q->note);
    err = stmt_run(stmt);
    return err == ERR_OK && db_changes(s->db) == 0 ? ERR_NOTFOUND : err;
}

/* ---- what was refused ---- */

enum err quarantine_op_of(struct store *s, struct stamp stamp, struct buf *op)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_QUARANTINE_BY_STAMP, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, stamp.origin);
    bind_int(stmt, 2, (int64_t)stamp.hlc);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        struct str bytes = col_blob(stmt, 0);
        buf_clear(op);
        buf_add(op, bytes.p, bytes.n);
        err = op->err;
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return step == STEP_ROW ? err : ERR_NOTFOUND;
}

enum err quarantine_wrote(struct store *s, struct stamp stamp, bool *out)
{
    uint64_t found = 0;
    enum err err = store_number(s, SQL_QUARANTINE_WROTE,
                                (int64_t[]){stamp.origin, (int64_t)stamp.hlc}, 2, &found);
    *out = found != 0;
    return err;
}

/* Its name stays in the index when the row has left the operation. */
enum err quarantine_of_row(struct store *s, uint16_t table, const struct id *row,
                           uint32_t *epoch, uint64_t *op_no)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_QUARANTINE_OF_ROW, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, table);
    bind_id(stmt, 2, row);
    enum step step = STEP_DONE;
    bool found = false;
    while (!found && (step = stmt_step(stmt)) == STEP_ROW) {
        struct quarantined q = {.op = col_blob(stmt, 2)};
        *epoch = (uint32_t)col_int(stmt, 0);
        *op_no = (uint64_t)col_int(stmt, 1);
        found = has_row(s, &q, table, row);
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return found ? ERR_OK : ERR_NOTFOUND;
}

enum err quarantine_rows(struct store *s, const struct table *table, uint64_t *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_table_sql(
        s,
        "SELECT count(DISTINCT r.id) FROM quarantine_row r JOIN quarantine q ON "
        "q.epoch=r.epoch AND q.op_no=r.op_no WHERE q.state=0 AND r.tab=?1 AND r.id NOT IN "
        "(SELECT _id FROM",
        table, ")", &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, table->id);
    if (stmt_step(stmt) == STEP_ROW)
        *out = (uint64_t)col_int(stmt, 0);
    else
        err = db_error(s->db);
    stmt_free(stmt);
    return err;
}

/* ---- an earlier format ---- */

static enum err upgrade_one(struct store *s, const struct quarantined *q)
{
    struct op_head head;
    struct cur changes;
    struct stmt *stmt = NULL;
    uint64_t edit_ms = 0;
    if (op_read_again(q->op, &head, &changes) != ERR_OK)
        return ERR_CORRUPT;
    enum err err = store_sql(s, SQL_QUARANTINE_UPGRADE, &stmt);
    if (err == ERR_OK && s->env.side == STORE_SERVER)
        err = store_number(s, SQL_OP_EDITED, (int64_t[]){q->epoch, (int64_t)q->op_no}, 2,
                           &edit_ms);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, q->epoch);
    bind_int(stmt, 2, (int64_t)q->op_no);
    bind_int(stmt, 3, edit_ms != 0 ? (int64_t)edit_ms : head.wall_ms);
    bind_int(stmt, 4, (int64_t)head.hlc);
    err = stmt_run(stmt);
    return err == ERR_OK ? add_rows(s, q) : err;
}

static enum err on_earlier(void *ctx, const struct quarantined *q)
{
    return upgrade_one(ctx, q);
}

enum err quarantine_upgrade(struct store *s)
{
    return quarantine_list(s, true, on_earlier, s);
}
