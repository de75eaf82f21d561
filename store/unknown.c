/* SPDX-License-Identifier: Apache-2.0 */
#include "store/unknown.h"

#include "proto/pack.h"
#include "store/inside.h"

/* One item of a raw blob. */
struct raw_item {
    uint16_t field;
    struct stamp stamp;
    struct str value;
};

static bool raw_next(struct cur *cur, struct raw_item *out)
{
    if (cur->bad || cur_left(cur) == 0)
        return false;
    out->field = (uint16_t)unpack_int_in(cur, 1, UINT16_MAX);
    out->stamp.hlc = unpack_uint(cur);
    out->stamp.origin = unpack_u32(cur);
    out->value = unpack_any(cur);
    return !cur->bad;
}

static void raw_put(struct buf *out, const struct raw_item *item)
{
    pack_int(out, item->field);
    pack_uint(out, item->stamp.hlc);
    pack_uint(out, item->stamp.origin);
    pack_raw(out, item->value);
}

void raw_set(struct buf *raw, uint16_t field, struct stamp stamp, struct str value)
{
    struct buf out = {0};
    struct cur cur = cur_of(raw->p, raw->n);
    struct raw_item item;
    while (raw_next(&cur, &item)) {
        if (item.field != field)
            raw_put(&out, &item);
    }
    item = (struct raw_item){field, stamp, value};
    raw_put(&out, &item);
    buf_clear(raw);
    buf_add(raw, out.p, out.n);
    if (out.err != ERR_OK)
        raw->err = out.err;
    buf_done(&out);
}

bool raw_find(struct str raw, uint16_t field, struct stamp *stamp, struct str *value)
{
    struct cur cur = cur_of(raw.p, raw.n);
    struct raw_item item;
    while (raw_next(&cur, &item)) {
        if (item.field == field) {
            *stamp = item.stamp;
            *value = item.value;
            return true;
        }
    }
    return false;
}

/* Append what is kept of the row already. */
static enum err kept(struct store *s, uint16_t table, const struct id *id, struct buf *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_UNKNOWN_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, table);
    bind_id(stmt, 2, id);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        struct str body = col_blob(stmt, 0);
        buf_add(out, body.p, body.n);
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return step == STEP_DONE ? ERR_NOTFOUND : out->err;
}

enum err unknown_keep(struct store *s, uint16_t table, const struct id *id, bool whole,
                      struct str body)
{
    struct stmt *stmt = NULL;
    struct buf all = {0};
    enum err err = whole ? ERR_OK : kept(s, table, id, &all);
    buf_add(&all, body.p, body.n);
    if (err == ERR_OK)
        err = all.err;
    if (err == ERR_OK)
        err = store_sql(s, SQL_UNKNOWN_ADD, &stmt);
    if (err == ERR_OK) {
        bind_int(stmt, 1, table);
        bind_id(stmt, 2, id);
        bind_blob(stmt, 3, buf_str(&all));
        err = stmt_run(stmt);
    }
    buf_done(&all);
    return err;
}

/* Set one declared field; false when the value does not fit. */
static bool take_item(const struct table *table, int index, const struct raw_item *item,
                      struct row *row)
{
    struct cur cur = cur_of(item->value.p, item->value.n);
    struct value v = value_unpack(table->fields[index].kind, &cur);
    if (cur.bad ||
        (v.type != VALUE_NULL && value_check(&table->fields[index], &v, NULL) != ERR_OK))
        return false;
    row->values[index] = v;
    if (!stamp_eq(item->stamp, row->stamp)) {
        struct version version = {.field = item->field, .stamp = item->stamp, .seq = row->seq};
        versions_set(&row->versions, &version);
    }
    return true;
}

enum err raw_unpack(const struct table *table, struct row *row, struct arena *arena,
                    bool *changed)
{
    struct buf rest = {0};
    struct cur cur = cur_of(row->raw.p, row->raw.n);
    struct raw_item item;
    *changed = false;
    while (raw_next(&cur, &item)) {
        int index = schema_field_index(table, item.field);
        if (index >= 0 && take_item(table, index, &item, row))
            *changed = true;
        else
            raw_put(&rest, &item);
    }
    enum err err = cur.bad ? ERR_CORRUPT : rest.err;
    char *p = err == ERR_OK ? arena_copy(arena, rest.p, rest.n) : NULL;
    if (err == ERR_OK && p == NULL)
        err = ERR_NOMEM;
    if (err == ERR_OK)
        row->raw = (struct str){p, rest.n};
    buf_done(&rest);
    return err;
}

static enum err unpack_table(struct store *s, const struct table *table)
{
    struct buf sql = {0};
    buf_printf(&sql, "SELECT _rid FROM t_%s WHERE _raw IS NOT NULL", table->name);
    buf_u8(&sql, 0);
    struct stmt *stmt = NULL;
    enum err err = sql.err == ERR_OK ? db_prepare(s->db, (const char *)sql.p, &stmt) : sql.err;
    buf_done(&sql);
    if (err != ERR_OK)
        return err;
    struct arena arena = {0};
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct row *row = arena_new(&arena, sizeof *row);
        bool changed = false;
        err = row == NULL ? ERR_NOMEM : rows_at(s, table, col_int(stmt, 0), &arena, row);
        if (err == ERR_OK)
            err = raw_unpack(table, row, &arena, &changed);
        if (err == ERR_OK && changed)
            err = rows_update(s, table, row);
        arena_done(&arena);
    }
    stmt_free(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

enum err rows_unpack_unknown(struct store *s)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < s->env.schema->table_count && err == ERR_OK; i++)
        err = unpack_table(s, &s->env.schema->tables[i]);
    if (err == ERR_OK && s->env.side == STORE_CLIENT)
        err = unknown_unpack_tables(s);
    return err;
}
