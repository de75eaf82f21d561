/* SPDX-License-Identifier: Apache-2.0 */
#include "store/undo.h"

#include "store/inside.h"
#include "store/quarantine.h"
#include "store/sql.h"

struct undoing {
    struct store *s;
    struct edit *edit;
    struct undo_tally *tally;
    struct stamp stamp; /* of the operation at hand */
    struct arena arena; /* of the change at hand */
    struct note *why;
};

/* The bytes of an operation, and its stamp. */
static enum err read_op(struct undoing *u, uint64_t op_no, struct buf *op)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(u->s, SQL_OUTBOX_AT, &stmt);
    if (err != ERR_OK)
        return err;
    buf_clear(op);
    bind_int(stmt, 1, (int64_t)op_no);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        struct str bytes = col_blob(stmt, 2);
        u->stamp = (struct stamp){.hlc = (hlc_t)col_int(stmt, 1), .origin = u->s->epoch};
        buf_add(op, bytes.p, bytes.n);
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(u->s->db);
    if (step == STEP_DONE)
        return note_set(u->why, ERR_NOTFOUND,
                        N_("cette saisie est trop ancienne pour être annulée d'un geste ; "
                           "chaque fiche garde son historique"));
    return op->err;
}

static bool is_own(const struct undoing *u, const struct row *row, uint16_t field)
{
    struct stamp stamp = row_stamp(row, field);
    return stamp.hlc == u->stamp.hlc && stamp.origin == u->stamp.origin;
}

/* A row it made: deleted, unless a field of it was changed since. */
static enum err unmake(struct undoing *u, const struct table *table, const struct row *row)
{
    bool own = !row->deleted && row->versions.count == 0 && is_own(u, row, FIELD_DELETED);
    u->tally->undone += own ? 1 : 0;
    u->tally->kept += own ? 0 : 1;
    return own ? edit_delete(u->edit, table, &row->id, true, u->why) : ERR_OK;
}

static enum err give_back(struct undoing *u, struct quarantine_reader *r, const struct row *row)
{
    struct edit_value values[SCHEMA_FIELDS_MAX];
    struct quarantined_field f;
    size_t count = 0;
    bool all = true;
    while (quarantine_field(r, &f)) {
        bool own = f.field != &schema_field_deleted && !row->deleted &&
                   is_own(u, row, f.field->id) && count < SCHEMA_FIELDS_MAX;
        if (own)
            values[count++] = (struct edit_value){f.field, f.before};
        all = all && own;
    }
    u->tally->undone += all ? 1 : 0;
    u->tally->kept += all ? 0 : 1;
    return count == 0 ? ERR_OK
                      : edit_update(u->edit, r->table, &row->id, values, count, u->why);
}

static enum err undo_change(struct undoing *u, struct quarantine_reader *r)
{
    struct row *row = arena_new(&u->arena, sizeof *row);
    if (row == NULL)
        return ERR_NOMEM;
    enum err err = r->table == NULL ? ERR_NOTFOUND
                                    : rows_find(u->s, r->table, &r->change.row, &u->arena, row);
    if (err == ERR_NOTFOUND) {
        u->tally->kept++;
        return ERR_OK;
    }
    if (err != ERR_OK)
        return err;
    return r->change.kind == CHANGE_INSERT ? unmake(u, r->table, row) : give_back(u, r, row);
}

static enum err undo_op(struct undoing *u, uint64_t op_no)
{
    struct buf op = {0};
    struct quarantine_reader r;
    enum err err = read_op(u, op_no, &op);
    if (err == ERR_OK)
        quarantine_read(u->s->env.schema, buf_str(&op), &r);
    while (err == ERR_OK && quarantine_change(&r)) {
        err = undo_change(u, &r);
        arena_done(&u->arena);
    }
    buf_done(&op);
    return err;
}

enum err undo_ops(struct store *s, uint64_t first, uint64_t last, struct undo_tally *tally,
                  struct note *why)
{
    struct undoing u = {.s = s, .tally = tally, .why = why};
    *tally = (struct undo_tally){0};
    if (first == 0 || last < first || last > store_last_op(s))
        return note_set(why, ERR_INVALID, N_("il n'y a pas de telle saisie"));
    enum err err = edit_open(s, &u.edit, why);
    if (err != ERR_OK)
        return err;
    for (uint64_t op_no = last; op_no >= first && err == ERR_OK; op_no--)
        err = undo_op(&u, op_no);
    if (err == ERR_OK)
        return edit_commit(u.edit, why);
    edit_abort(u.edit);
    return err;
}
