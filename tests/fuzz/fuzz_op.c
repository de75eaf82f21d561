/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as operations in a row: each is walked to its last field and written again; what
 * was written must be read the same and write the same bytes.
 */
#include "proto/op.h"
#include "proto/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A value of a known field must also come back from its typed form. */
static void check_value(const struct change *change, uint16_t id, struct str raw)
{
    const struct table *table = schema_table(&schema_jalon, change->table);
    const struct field *field = table == NULL ? NULL : schema_field(table, id);
    if (field == NULL)
        return;
    struct cur cur = cur_of(raw.p, raw.n);
    struct value v = value_unpack(field->kind, &cur);
    if (cur.bad)
        return;
    must(cur_left(&cur) == 0);
    struct note why = {""};
    (void)(value_check(field, &v, &why) == ERR_OK);
    struct buf packed = {0};
    value_pack(&v, &packed);
    cur = cur_of(packed.p, packed.n);
    struct value again = value_unpack(field->kind, &cur);
    must(packed.err == ERR_OK && !cur.bad && cur_left(&cur) == 0 && value_eq(&v, &again));
    buf_done(&packed);
}

static void copy_value(const struct change *change, uint16_t field, struct cur *cur,
                       struct op_writer *w)
{
    struct str raw = unpack_any(cur);
    if (cur->bad)
        return;
    check_value(change, field, raw);
    pack_raw(&w->body, raw);
}

static void copy_change(struct cur *cur, struct op_writer *w)
{
    struct change change = op_change(cur);
    if (cur->bad)
        return;
    bool update = change.kind == CHANGE_UPDATE;
    if (update)
        change_begin_update(w, change.table, &change.row, change.fields);
    else
        change_begin_insert(w, change.table, &change.row, change.fields);
    for (uint32_t i = 0; i < change.fields && !cur->bad; i++) {
        uint16_t field = 0;
        if (update) {
            struct stamp base = op_field_base(cur, &field);
            change_field_base(w, field, base);
            copy_value(&change, field, cur, w);
        } else {
            field = (uint16_t)unpack_int_in(cur, 1, UINT16_MAX);
            pack_int(&w->body, field);
        }
        copy_value(&change, field, cur, w);
    }
}

/* Write again into `out` the operation at the front of `bytes`. False when it is malformed;
 * *used is set when at least its head was read. */
static bool copy(struct str bytes, struct buf *out, size_t *used)
{
    struct op_head head;
    struct cur cur;
    if (op_read(bytes, &head, &cur, used) != ERR_OK)
        return false;
    struct op_writer w;
    op_writer_init(&w);
    for (uint32_t i = 0; i < head.changes && !cur.bad; i++)
        copy_change(&cur, &w);
    bool whole = !cur.bad;
    must(!whole || cur_left(&cur) == 0);
    must(!whole || op_write(&head, &w, out) == ERR_OK);
    op_writer_done(&w);
    return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = {(const char *)data, size};
    size_t used = 0;
    do {
        struct buf once = {0}, twice = {0};
        used = 0;
        if (copy(rest, &once, &used)) {
            size_t length = 0;
            must(once.n <= used); /* the writer makes the shortest form */
            must(copy(buf_str(&once), &twice, &length) && length == once.n);
            must(str_eq(buf_str(&once), buf_str(&twice)));
            must(op_hash(1, buf_str(&once)) == op_hash(1, buf_str(&twice)));
        }
        buf_done(&once);
        buf_done(&twice);
        rest = (struct str){rest.p + used, rest.n - used};
    } while (used > 0);
    return 0;
}
