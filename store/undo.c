/* SPDX-License-Identifier: Apache-2.0 */
#include "store/undo.h"

#include "store/inside.h"
#include "store/quarantine.h"
#include "store/sql.h"

#include <stdlib.h>

/* A row one of the operations changed. */
struct undo_row {
    struct id id;
    bool kept;
};

struct undoing {
    struct store *s;
    struct edit *edit;
    hlc_t first, last;  /* stamps of the operations to undo */
    hlc_t before;       /* this device's last stamp before it began to undo */
    hlc_t at;           /* stamp of the operation read last */
    struct buf touched; /* struct undo_row, one a change */
    struct arena arena; /* of the change at hand */
    struct note *why;
};

/* The bytes of an operation; its stamp into u->at. */
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
        u->at = (hlc_t)col_int(stmt, 1);
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

/* Whether one of the operations wrote it last, or has been undone there already: an operation
 * before it wrote it too. */
static bool is_own(const struct undoing *u, struct stamp stamp)
{
    return stamp.origin == u->s->epoch &&
           (stamp.hlc > u->before || (stamp.hlc >= u->first && stamp.hlc <= u->last));
}

static void touch(struct undoing *u, const struct id *row, bool kept)
{
    struct undo_row touched = {.id = *row, .kept = kept};
    buf_add(&u->touched, &touched, sizeof touched);
}

/* A row it made: deleted, unless somebody else has changed a field of it since. */
static enum err unmake(struct undoing *u, const struct table *table, const struct row *row)
{
    bool own = !row->deleted && is_own(u, row->stamp);
    for (size_t i = 0; i < row->versions.count && own; i++)
        own = is_own(u, row->versions.list[i].stamp);
    touch(u, &row->id, !own);
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
                   is_own(u, row_stamp(row, f.field->id)) && count < SCHEMA_FIELDS_MAX;
        if (own)
            values[count++] = (struct edit_value){f.field, f.before};
        all = all && own;
    }
    touch(u, &row->id, !all);
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
        touch(u, &r->change.row, true);
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

static int by_row(const void *a, const void *b)
{
    return id_cmp(&((const struct undo_row *)a)->id, &((const struct undo_row *)b)->id);
}

/* Rows, not changes: one row may have been changed by many of the operations. */
static void count_rows(struct buf *touched, struct undo_tally *tally)
{
    struct undo_row *v = (struct undo_row *)(void *)touched->p;
    size_t n = touched->n / sizeof *v;
    if (n > 0)
        qsort(v, n, sizeof *v, by_row);
    for (size_t i = 0; i < n;) {
        size_t end = i;
        bool kept = false;
        for (; end < n && id_cmp(&v[i].id, &v[end].id) == 0; end++)
            kept = kept || v[end].kept;
        tally->undone += kept ? 0 : 1;
        tally->kept += kept ? 1 : 0;
        i = end;
    }
}

/* The stamps between which the operations lie. */
static enum err read_ends(struct undoing *u, uint64_t first, uint64_t last)
{
    struct buf op = {0};
    enum err err = read_op(u, first, &op);
    u->first = u->at;
    if (err == ERR_OK)
        err = read_op(u, last, &op);
    u->last = u->at;
    buf_done(&op);
    return err;
}

enum err undo_ops(struct store *s, uint64_t first, uint64_t last, struct undo_tally *tally,
                  struct note *why)
{
    struct undoing u = {.s = s, .before = s->own.hlc, .why = why};
    *tally = (struct undo_tally){0};
    if (first == 0 || last < first || last > store_last_op(s))
        return note_set(why, ERR_INVALID, N_("il n'y a pas de telle saisie"));
    enum err err = edit_open(s, &u.edit, why);
    if (err != ERR_OK)
        return err;
    err = read_ends(&u, first, last);
    for (uint64_t op_no = last; op_no >= first && err == ERR_OK; op_no--)
        err = undo_op(&u, op_no);
    if (err == ERR_OK)
        err = u.touched.err;
    if (err == ERR_OK) {
        count_rows(&u.touched, tally);
        err = edit_commit(u.edit, why);
    } else {
        edit_abort(u.edit);
    }
    buf_done(&u.touched);
    return err;
}
