/* SPDX-License-Identifier: Apache-2.0 */
#include "store/takeback.h"

#include "store/inside.h"
#include "store/quarantine.h"
#include "store/rows.h"

/* Refused edits of one field on top of each other, at most; beyond it the next page tells. */
enum { DEPTH_MAX = 256 };

/* What a field was before a refused edit. */
struct past {
    struct stamp base;
    struct value before;
};

static enum kind kind_of(const struct table *table, uint16_t field)
{
    const struct field *f = schema_field(table, field);
    return f == NULL ? KIND_BOOL : f->kind;
}

/* One field of an update; before points into the operation's bytes. */
static uint16_t read_past(const struct table *table, struct cur *cur, struct past *out)
{
    uint16_t field = 0;
    out->base = op_field_base(cur, &field);
    if (schema_field(table, field) == NULL && field != FIELD_DELETED) {
        (void)unpack_any(cur);
        (void)unpack_any(cur);
        return 0;
    }
    out->before = value_unpack(kind_of(table, field), cur);
    (void)unpack_any(cur);
    return cur->bad ? 0 : field;
}

/* What this operation found in the field; false when it did not change it. */
static bool past_in(struct str op, const struct table *table, const struct id *row,
                    uint16_t field, struct past *out)
{
    struct op_head head;
    struct cur cur;
    if (op_read_again(op, &head, &cur) != ERR_OK)
        return false;
    for (uint32_t i = 0; i < head.changes && !cur.bad; i++) {
        struct change change = op_change(&cur);
        struct cur fields = cur;
        op_skip_fields(&change, &cur);
        if (cur.bad || change.kind != CHANGE_UPDATE || change.table != table->id ||
            !id_eq(&change.row, row))
            continue;
        for (uint32_t k = 0; k < change.fields; k++) {
            struct past past;
            if (read_past(table, &fields, &past) != field)
                continue;
            *out = past;
            return true;
        }
    }
    return false;
}

static enum err keep_value(struct arena *arena, struct value *v)
{
    if (v->type != VALUE_TEXT && v->type != VALUE_BYTES)
        return ERR_OK;
    char *p = arena_copy(arena, v->s.p, v->s.n);
    v->s.p = p;
    return p == NULL ? ERR_NOMEM : ERR_OK;
}

/* Down through refused edits, to what somebody else or an accepted operation wrote. */
static enum err settle_past(struct store *s, struct arena *arena, const struct table *table,
                            const struct id *row, uint16_t field, struct past *past)
{
    struct buf op = {0};
    enum err err = ERR_OK;
    for (int depth = 0; depth < DEPTH_MAX && past->base.origin != 0; depth++) {
        err = quarantine_op_of(s, past->base, &op);
        if (err != ERR_OK || !past_in(buf_str(&op), table, row, field, past))
            break;
        err = keep_value(arena, &past->before);
        if (err != ERR_OK)
            break;
    }
    buf_done(&op);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err takeback_base(struct store *s, const struct table *table, const struct id *row,
                       uint16_t field, struct stamp *base)
{
    struct arena arena = {0};
    struct past past = {.base = *base};
    enum err err = settle_past(s, &arena, table, row, field, &past);
    if (err == ERR_OK)
        *base = past.base;
    arena_done(&arena);
    return err;
}

static enum err take_back_field(struct store *s, struct arena *arena, const struct table *table,
                                struct row *row, uint16_t field, struct past *past)
{
    enum err err = settle_past(s, arena, table, &row->id, field, past);
    if (err != ERR_OK)
        return err;
    struct version v = {.field = field, .stamp = past->base};
    int i = schema_field_index(table, field);
    if (i >= 0)
        row->values[i] = past->before;
    else
        row->deleted = past->before.type == VALUE_INT && past->before.i != 0;
    versions_set(&row->versions, &v);
    return ERR_OK;
}

static enum err forget_history(struct store *s, const struct table *table,
                               const struct row *row, struct stamp stamp)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_HISTORY_DROP_OF, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, table->id);
    bind_int(stmt, 2, row->rid);
    bind_int(stmt, 3, stamp.origin);
    bind_int(stmt, 4, (int64_t)stamp.hlc);
    return stmt_run(stmt);
}

static enum err take_back_update(struct store *s, struct arena *arena,
                                 const struct table *table, struct row *row, struct stamp stamp,
                                 uint32_t fields, struct cur *cur)
{
    bool changed = false;
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < fields && err == ERR_OK && !cur->bad; i++) {
        struct past past;
        uint16_t field = read_past(table, cur, &past);
        if (field == 0 || !stamp_eq(row_stamp(row, field), stamp))
            continue;
        err = take_back_field(s, arena, table, row, field, &past);
        changed = true;
    }
    if (err == ERR_OK)
        err = forget_history(s, table, row, stamp);
    return err == ERR_OK && changed ? rows_update(s, table, row) : err;
}

static enum err take_back(struct store *s, struct arena *arena, const struct change *change,
                          struct stamp stamp, struct cur *cur)
{
    const struct table *table = schema_table(s->env.schema, change->table);
    struct row *row = arena_new(arena, sizeof *row);
    if (table == NULL || row == NULL)
        return row == NULL ? ERR_NOMEM : ERR_OK;
    enum err err = rows_find(s, table, &change->row, arena, row);
    if (err != ERR_OK)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    if (change->kind == CHANGE_UPDATE)
        return take_back_update(s, arena, table, row, stamp, change->fields, cur);
    return stamp_eq(row->stamp, stamp) ? rows_purge(s, table, row->rid) : ERR_OK;
}

enum err takeback_op(struct store *s, const struct op_head *head, struct cur changes)
{
    struct stamp stamp = {.hlc = head->hlc, .origin = s->epoch};
    struct arena arena = {0};
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < head->changes && err == ERR_OK && !changes.bad; i++) {
        struct change change = op_change(&changes);
        struct cur fields = changes;
        op_skip_fields(&change, &changes);
        if (!changes.bad)
            err = take_back(s, &arena, &change, stamp, &fields);
        arena_done(&arena);
    }
    return err;
}
