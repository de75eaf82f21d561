/* SPDX-License-Identifier: Apache-2.0 */
/* The ids of what was erased, and what must not come back under them. */
#include "store/erase.h"

#include "store/inside.h"

enum err erased_find(struct store *s, const struct id *id, uint64_t *no)
{
    struct stmt *stmt = NULL;
    *no = 0;
    if (s->erased_last == 0)
        return ERR_OK;
    enum err err = store_sql(s, SQL_ERASED_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, id);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        *no = (uint64_t)col_int(stmt, 0);
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

enum err erased_refers(struct store *s, const struct table *table, const struct value *values,
                       uint64_t *no)
{
    enum err err = ERR_OK;
    *no = 0;
    if (s->erased_last == 0)
        return ERR_OK;
    for (uint16_t i = 0; i < table->field_count && err == ERR_OK && *no == 0; i++) {
        enum kind kind = table->fields[i].kind;
        struct id id;
        if ((kind != KIND_REF && kind != KIND_ID) || values[i].type != VALUE_BYTES ||
            values[i].s.n != ID_BYTES)
            continue;
        memcpy(id.b, values[i].s.p, ID_BYTES);
        err = erased_find(s, &id, no);
    }
    return err;
}

/* Is one of the ids in these bytes erased? */
static enum err find_in(struct store *s, struct str bytes, uint64_t *no)
{
    struct id id;
    enum err err = ERR_OK;
    *no = 0;
    while (err == ERR_OK && *no == 0 && pack_next_id(&bytes, &id))
        err = erased_find(s, &id, no);
    return err;
}

/* Does the row of this insert hang on one? Of a table we do not know, any reference counts. */
static enum err hangs(struct store *s, const struct change *change, struct cur fields,
                      uint64_t *no)
{
    const struct table *table = schema_table(s->env.schema, change->table);
    enum err err = ERR_OK;
    *no = 0;
    for (uint32_t i = 0; i < change->fields && err == ERR_OK && *no == 0; i++) {
        uint16_t field = (uint16_t)unpack_int_in(&fields, 1, UINT16_MAX);
        struct str value = unpack_any(&fields);
        if (fields.bad)
            return ERR_OK; /* no field of it can be read */
        if (table == NULL || field == table->scope_field)
            err = find_in(s, value, no);
    }
    return err;
}

enum err erased_add(struct store *s, const struct id *id, uint64_t no)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ERASED_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, id);
    bind_int(stmt, 2, (int64_t)no);
    return stmt_run(stmt);
}

/* *no of the order whose dossier the change is about; 0: of none. */
static enum err order_of(struct store *s, const struct change *change, struct cur fields,
                         uint64_t *no)
{
    *no = 0;
    if (change->table == TABLE_ERASURE) /* names it, and is not of it */
        return ERR_OK;
    enum err err = erased_find(s, &change->row, no);
    if (err != ERR_OK || *no != 0 || change->kind != CHANGE_INSERT)
        return err;
    err = hangs(s, change, fields, no);
    return err == ERR_OK && *no != 0 ? erased_add(s, &change->row, *no) : err;
}

/* Once each; few. */
static void add_order(struct buf *orders, uint64_t no)
{
    for (size_t at = 0; at < orders->n; at += sizeof no) {
        uint64_t had = 0;
        memcpy(&had, orders->p + at, sizeof had);
        if (had == no)
            return;
    }
    buf_add(orders, &no, sizeof no);
}

enum err erased_cut(struct store *s, struct str op, struct buf *rest, struct buf *orders)
{
    struct op_head head;
    struct cur cur;
    struct op_writer writer;
    buf_clear(orders);
    if (s->erased_last == 0)
        return ERR_OK;
    if (op_read_again(op, &head, &cur) != ERR_OK)
        return ERR_CORRUPT;
    op_writer_init(&writer);
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < head.changes && err == ERR_OK; i++) {
        const uint8_t *start = cur.p;
        struct change change = op_change(&cur);
        struct cur fields = cur;
        uint64_t order = 0;
        op_skip_fields(&change, &cur);
        if (cur.bad) /* the rest of it cannot be told apart */
            break;
        err = order_of(s, &change, fields, &order);
        if (order != 0) {
            add_order(orders, order);
        } else {
            buf_add(&writer.body, start, (size_t)(cur.p - start));
            writer.changes++;
        }
    }
    if (err == ERR_OK)
        err = orders->err;
    if (err == ERR_OK && orders->n > 0) {
        buf_clear(rest);
        err = op_write(&head, &writer, rest);
    }
    op_writer_done(&writer);
    return err;
}
