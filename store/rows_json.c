/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rows_json.h"

#include <math.h>

void rows_json_text(struct str text, struct buf *out)
{
    static const char hex[] = "0123456789abcdef";
    buf_u8(out, '"');
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c == '"' || c == '\\') {
            buf_u8(out, '\\');
            buf_u8(out, c);
        } else if (c == '\n') {
            buf_text(out, "\\n");
        } else if (c < ' ' || c == 0x7F) {
            buf_text(out, "\\u00");
            buf_u8(out, (uint8_t)hex[c >> 4]);
            buf_u8(out, (uint8_t)hex[c & 15]);
        } else {
            buf_u8(out, c);
        }
    }
    buf_u8(out, '"');
}

static void json_name(struct str name, struct buf *out)
{
    rows_json_text(name, out);
    buf_u8(out, ':');
}

/* What value_print writes, between quotation marks. */
static void printed(enum kind kind, const struct value *v, struct buf *out)
{
    struct buf text = {0};
    value_print(kind, v, &text);
    if (text.err != ERR_OK)
        out->err = text.err;
    rows_json_text(buf_str(&text), out);
    buf_done(&text);
}

void rows_json_value(const struct field *field, const struct value *v, struct buf *out)
{
    struct buf shown = {0};
    if (v->type == VALUE_NULL || (v->type == VALUE_REAL && !isfinite(v->r))) {
        buf_text(out, "null");
        return;
    }
    switch (field->kind) {
    case KIND_BOOL:
        buf_text(out, v->i != 0 ? "true" : "false");
        return;
    case KIND_INT:
    case KIND_REAL:
        value_print(field->kind, v, out);
        return;
    case KIND_TEXT:
        if (field->masked)
            value_show(field, v, &shown);
        rows_json_text(field->masked ? buf_str(&shown) : v->s, out);
        out->err = shown.err != ERR_OK ? shown.err : out->err;
        buf_done(&shown);
        return;
    case KIND_ENUM:
        rows_json_text(v->s, out);
        return;
    case KIND_DATE:
    case KIND_TIME:
    case KIND_INSTANT:
    case KIND_REF:
    case KIND_ID:
    case KIND_RAW:
        printed(field->kind, v, out);
        return;
    }
}

/* One pair of RAW; false when the bytes are not what they should be. */
static bool raw_pair(const struct table *table, struct cur *cur, bool first, struct buf *out)
{
    uint16_t id = (uint16_t)unpack_int_in(cur, 0, UINT16_MAX);
    const struct field *field = schema_field_or_deleted(table, id);
    struct cur before = *cur;
    struct str encoded = unpack_any(cur);
    if (cur->bad)
        return false;
    if (!first)
        buf_u8(out, ',');
    if (field == NULL) { /* of a newer schema */
        struct value v = value_bytes(encoded);
        buf_printf(out, "\"field_%u\":", (unsigned)id);
        printed(KIND_RAW, &v, out);
        return true;
    }
    struct value v = VALUE_NONE;
    if (!unpack_nil(&before))
        v = value_unpack(field->kind, &before);
    if (before.bad)
        return false;
    json_name(str_of(field->name), out);
    rows_json_value(field, &v, out);
    return true;
}

void rows_json_raw(const struct table *table, struct str raw, struct buf *out)
{
    size_t start = out->n;
    struct cur cur = cur_of(raw.p, raw.n);
    bool good = table != NULL;
    buf_u8(out, '{');
    for (bool first = true; good && cur_left(&cur) > 0; first = false)
        good = raw_pair(table, &cur, first, out);
    buf_u8(out, '}');
    if (good || out->err != ERR_OK)
        return;
    out->n = start;
    struct value v = value_bytes(raw);
    printed(KIND_RAW, &v, out);
}

/* The table whose fields the RAW values of a conflict belong to. */
static const struct table *raw_table(const struct schema *schema, const struct table *table,
                                     const struct row *row)
{
    int i = schema_field_index(table, FIELD_CONFLICT_OF_TABLE);
    if (table->id != TABLE_CONFLICT || i < 0 || row->values[i].type != VALUE_TEXT)
        return NULL;
    return schema_table_named(schema, row->values[i].s);
}

void rows_json(const struct schema *schema, const struct table *table, const struct row *row,
               struct buf *out)
{
    const struct table *of = raw_table(schema, table, row);
    struct value id = value_id(&row->id);
    struct value by = id_is_null(&row->by) ? VALUE_NONE : value_id(&row->by);
    struct value created = value_int(hlc_ms(row->stamp.hlc));
    buf_text(out, "{\"id\":");
    printed(KIND_ID, &id, out);
    for (uint16_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        buf_u8(out, ',');
        json_name(str_of(field->name), out);
        if (field->kind == KIND_RAW && row->values[i].type == VALUE_BYTES)
            rows_json_raw(of, row->values[i].s, out);
        else
            rows_json_value(field, &row->values[i], out);
    }
    buf_printf(out, ",\"deleted\":%s,\"created\":", row->deleted ? "true" : "false");
    printed(KIND_INSTANT, &created, out);
    buf_text(out, ",\"by\":");
    if (by.type == VALUE_NULL)
        buf_text(out, "null");
    else
        printed(KIND_ID, &by, out);
    buf_u8(out, '}');
}
