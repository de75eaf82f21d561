/* SPDX-License-Identifier: Apache-2.0 */
/* What a store holds, wherever it stands, as text to search in. */
#include "proto/op.h"
#include "store/quarantine.h"
#include "support/deeds.h"

struct hay {
    struct store *s;
    const struct table *table;
    struct buf *out;
};

static void put(struct hay *h, const struct field *field, const struct value *v)
{
    buf_u8(h->out, ' ');
    if (field->kind != KIND_RAW)
        value_print(field->kind, v, h->out);
}

/* Field, then `values` values of it, over and over. */
static void put_pairs(struct hay *h, const struct table *table, struct str raw, int values)
{
    struct cur cur = cur_of(raw.p, raw.n);
    while (!cur.bad && cur_left(&cur) > 0) {
        const struct field *field =
            schema_field(table, (uint16_t)unpack_int_in(&cur, 1, UINT16_MAX));
        for (int i = 0; i < values; i++) {
            if (field == NULL) {
                (void)unpack_any(&cur);
                continue;
            }
            struct value v = value_unpack(field->kind, &cur);
            if (!cur.bad)
                put(h, field, &v);
        }
    }
    must(!cur.bad);
}

static enum err on_history(void *ctx, const struct history_entry *entry)
{
    struct hay *h = ctx;
    put_pairs(h, h->table, entry->changes, 2);
    return ERR_OK;
}

static void put_conflict(struct hay *h, const struct row *row)
{
    static const uint16_t sides[] = {FIELD_CONFLICT_BASE, FIELD_CONFLICT_CURRENT,
                                     FIELD_CONFLICT_OTHER};
    int of = schema_field_index(h->table, FIELD_CONFLICT_OF_TABLE);
    const struct table *about = schema_table_named(store_schema(h->s), row->values[of].s);
    must(about != NULL);
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        put_pairs(h, about, row->values[schema_field_index(h->table, sides[i])].s, 1);
}

static enum err on_row(void *ctx, const struct row *row)
{
    struct hay *h = ctx;
    for (uint16_t i = 0; i < h->table->field_count; i++)
        put(h, &h->table->fields[i], &row->values[i]);
    if (h->table->id == TABLE_CONFLICT)
        put_conflict(h, row);
    return rows_history(h->s, h->table, row->rid, on_history, h);
}

static void put_change(struct hay *h, const struct change *change, struct cur *cur)
{
    const struct table *table = schema_table(store_schema(h->s), change->table);
    for (uint32_t i = 0; i < change->fields && !cur->bad; i++) {
        uint16_t id = 0;
        if (change->kind == CHANGE_INSERT)
            id = (uint16_t)unpack_int_in(cur, 1, UINT16_MAX);
        else
            (void)op_field_base(cur, &id);
        const struct field *field = table == NULL ? NULL : schema_field(table, id);
        for (int k = change->kind == CHANGE_INSERT ? 1 : 0; k < 2; k++) {
            struct str raw = unpack_any(cur);
            struct cur one = cur_of(raw.p, raw.n);
            struct value v = field == NULL ? VALUE_NONE : value_unpack(field->kind, &one);
            if (field != NULL && !one.bad)
                put(h, field, &v);
        }
    }
}

static enum err on_quarantined(void *ctx, const struct quarantined *q)
{
    struct hay *h = ctx;
    struct op_head head;
    struct cur cur;
    size_t used = 0;
    enum err err = op_read(q->op, &head, &cur, &used);
    for (uint32_t i = 0; err == ERR_OK && i < head.changes && !cur.bad; i++) {
        struct change change = op_change(&cur);
        put_change(h, &change, &cur);
    }
    return err;
}

void deeds_hay(struct store *s, struct buf *out)
{
    const struct schema *schema = store_schema(s);
    struct hay h = {.s = s, .out = out};
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < schema->table_count; i++) {
        h.table = &schema->tables[i];
        for (int deleted = 0; deleted < 2 && err == ERR_OK; deleted++)
            err = rows_list(s, h.table, NULL, 0, deleted != 0, 0, on_row, &h);
    }
    if (err == ERR_OK)
        err = quarantine_list(s, true, on_quarantined, &h);
    must(err == ERR_OK && out->err == ERR_OK);
}

static bool in_hay(struct str hay, const char *text)
{
    return memmem(hay.p, hay.n, text, strlen(text)) != NULL;
}

const struct mark *deeds_missing(const struct deeds *d, struct str hay)
{
    for (size_t i = 0; i < d->mark_count; i++) {
        if (!d->marks[i].forgiven && !in_hay(hay, d->marks[i].text))
            return &d->marks[i];
    }
    return NULL;
}

void deeds_forgive(struct deeds *d, size_t by, uint64_t at, struct str hay)
{
    for (size_t i = 0; i < d->mark_count; i++) {
        struct mark *m = &d->marks[i];
        if (m->by == by && m->at > at && !in_hay(hay, m->text))
            m->forgiven = true;
    }
}
