/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/op.h"

#include "proto/hash.h"
#include "proto/value.h"
#include "tests/support/alloc_fail.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct op_head head = {.op_no = 7,
                                    .prev_hash = 0xfedcba9876543210u,
                                    .hlc = (hlc_t)1790000000000 << HLC_COUNTER_BITS,
                                    .wall_ms = -5,
                                    .seen = 300,
                                    .form = 3,
                                    .actor = {{1, 2, 3}},
                                    .changes = 99 /* the writer's own count is written */};
static const struct id row = {{0xaa, 0xbb}};

/* One insert of two fields and one update of one. */
static void write_changes(struct op_writer *w)
{
    struct value text = value_text(STR("compte rendu"));
    struct value number = value_int(-40);
    change_begin_insert(w, 56, &row, 2);
    pack_int(&w->body, 3);
    value_pack(&text, &w->body);
    pack_int(&w->body, 4);
    value_pack(&number, &w->body);
    change_begin_update(w, 59, &row, 1);
    change_field_base(w, 240, (struct stamp){UINT64_MAX, UINT32_MAX});
    pack_nil(&w->body);
    value_pack(&text, &w->body);
}

/* Append that operation. */
static void write_op(struct buf *out)
{
    struct op_writer w;
    op_writer_init(&w);
    write_changes(&w);
    assert_int_equal(op_write(&head, &w, out), ERR_OK);
    op_writer_done(&w);
}

static void an_operation_reads_back_as_written(void **state)
{
    (void)state;
    struct buf out = {0};
    write_op(&out);
    struct op_head got;
    struct cur cur;
    size_t used = 0;
    assert_int_equal(op_read(buf_str(&out), &got, &cur, &used), ERR_OK);
    assert_int_equal(used, out.n);
    assert_int_equal(got.op_no, 7);
    assert_true(got.prev_hash == head.prev_hash && got.hlc == head.hlc);
    assert_int_equal(got.wall_ms, -5);
    assert_int_equal(got.seen, 300);
    assert_int_equal(got.form, 3);
    assert_true(id_eq(&got.actor, &head.actor));
    assert_int_equal(got.changes, 2);

    struct change insert = op_change(&cur);
    assert_int_equal(insert.kind, CHANGE_INSERT);
    assert_int_equal(insert.table, 56);
    assert_true(id_eq(&insert.row, &row));
    assert_int_equal(insert.fields, 2);
    assert_int_equal(unpack_int(&cur), 3);
    assert_true(str_eq(value_unpack(KIND_TEXT, &cur).s, STR("compte rendu")));
    assert_int_equal(unpack_int(&cur), 4);
    assert_int_equal(value_unpack(KIND_INT, &cur).i, -40);

    struct change update = op_change(&cur);
    assert_int_equal(update.kind, CHANGE_UPDATE);
    assert_int_equal(update.table, 59);
    assert_int_equal(update.fields, 1);
    uint16_t field = 0;
    struct stamp base = op_field_base(&cur, &field);
    assert_int_equal(field, 240);
    assert_true(stamp_eq(base, (struct stamp){UINT64_MAX, UINT32_MAX}));
    assert_true(unpack_nil(&cur));
    assert_true(str_eq(unpack_str(&cur), STR("compte rendu")));
    assert_false(cur.bad);
    assert_int_equal(cur_left(&cur), 0);
    buf_done(&out);
}

static void operations_in_a_row_are_read_one_by_one(void **state)
{
    (void)state;
    struct buf out = {0};
    write_op(&out);
    size_t one = out.n;
    write_op(&out);
    struct op_head got;
    struct cur cur;
    size_t used = 0;
    assert_int_equal(op_read(buf_str(&out), &got, &cur, &used), ERR_OK);
    assert_int_equal(used, one);
    assert_ptr_equal(cur.end, out.p + one);
    buf_done(&out);
}

static void a_cut_operation_is_refused_at_every_byte(void **state)
{
    (void)state;
    struct buf out = {0};
    write_op(&out);
    for (size_t n = 0; n < out.n; n++) {
        struct op_head got = {.op_no = 42};
        struct cur cur = {0};
        size_t used = 42;
        uint8_t *copy = mem_new(n + 1);
        assert_non_null(copy);
        memcpy(copy, out.p, n);
        assert_int_equal(op_read((struct str){(char *)copy, n}, &got, &cur, &used), ERR_FORMAT);
        assert_int_equal(got.op_no, 42);
        assert_null(cur.p);
        assert_int_equal(used, 42);
        mem_free(copy);
    }
    buf_done(&out);
}

/* Read an operation whose head has these numbers and `items` items. */
static enum err read_head(uint32_t items, uint64_t op_no, uint64_t hlc, uint32_t changes)
{
    struct buf out = {0};
    pack_array(&out, items);
    pack_uint(&out, op_no);
    pack_uint(&out, 0);
    pack_uint(&out, hlc);
    pack_int(&out, 0);
    pack_uint(&out, 0);
    pack_uint(&out, 1);
    pack_id(&out, &row);
    if (items > 7) {
        pack_array(&out, changes);
        for (uint32_t i = 0; i < changes; i++)
            pack_nil(&out);
    }
    if (items > 8)
        pack_nil(&out);
    struct op_head got;
    struct cur cur;
    size_t used = 0;
    enum err err = op_read(buf_str(&out), &got, &cur, &used);
    buf_done(&out);
    return err;
}

static void a_head_must_have_its_eight_items_and_its_numbers(void **state)
{
    (void)state;
    const uint64_t most = INT64_MAX; /* what the database keeps */
    assert_int_equal(read_head(8, 1, 1, 0), ERR_OK);
    assert_int_equal(read_head(8, most, most, 0), ERR_OK);
    assert_int_equal(read_head(7, 1, 1, 0), ERR_FORMAT);
    assert_int_equal(read_head(9, 1, 1, 0), ERR_FORMAT);
    assert_int_equal(read_head(8, 0, 1, 0), ERR_FORMAT);
    assert_int_equal(read_head(8, most + 1, 1, 0), ERR_FORMAT);
    assert_int_equal(read_head(8, 1, 0, 0), ERR_FORMAT);
    assert_int_equal(read_head(8, 1, most + 1, 0), ERR_FORMAT);
    assert_int_equal(read_head(8, 1, 1, OP_CHANGES_MAX), ERR_OK);
    assert_int_equal(read_head(8, 1, 1, OP_CHANGES_MAX + 1), ERR_LIMIT);
}

/* Read a change of `items` items that says this of itself; false when it is refused. */
static bool read_change(uint32_t items, int64_t kind, int64_t table, uint32_t *fields)
{
    struct buf out = {0};
    pack_array(&out, items);
    pack_int(&out, kind);
    pack_int(&out, table);
    pack_id(&out, &row);
    for (uint32_t i = 0; i < 20; i++)
        pack_nil(&out);
    struct cur cur = cur_of(out.p, out.n);
    struct change change = op_change(&cur);
    *fields = change.fields;
    buf_done(&out);
    return !cur.bad;
}

static void a_change_must_hold_whole_fields(void **state)
{
    (void)state;
    for (uint32_t items = 0; items < 20; items++) {
        uint32_t fields = 0;
        bool whole = items >= 3 && (items - 3) % 2 == 0;
        assert_int_equal(read_change(items, CHANGE_INSERT, 1, &fields), whole);
        assert_int_equal(fields, whole ? (items - 3) / 2 : 0);
        whole = items >= 3 && (items - 3) % 5 == 0;
        assert_int_equal(read_change(items, CHANGE_UPDATE, UINT16_MAX, &fields), whole);
        assert_int_equal(fields, whole ? (items - 3) / 5 : 0);
    }
    uint32_t fields = 0;
    assert_false(read_change(3, 2, 1, &fields));
    assert_false(read_change(3, -1, 1, &fields));
    assert_false(read_change(3, CHANGE_INSERT, 0, &fields));
    assert_false(read_change(3, CHANGE_INSERT, UINT16_MAX + 1, &fields));
}

static void a_field_number_is_1_to_65535(void **state)
{
    (void)state;
    const int64_t numbers[] = {-1, 0, 1, UINT16_MAX, UINT16_MAX + 1};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct buf out = {0};
        pack_int(&out, numbers[i]);
        pack_uint(&out, 5);
        pack_uint(&out, 6);
        struct cur cur = cur_of(out.p, out.n);
        uint16_t field = 0;
        (void)op_field_base(&cur, &field);
        assert_int_equal(!cur.bad, numbers[i] >= 1 && numbers[i] <= UINT16_MAX);
        buf_done(&out);
    }
}

/* Write `changes` inserts of `fields` fields with `bytes` of text each, behind a byte that must
 * stay; what is written must be readable. */
static enum err write_big(uint32_t changes, uint32_t fields, size_t bytes)
{
    static char text[PACK_STRING_MAX + 1];
    memset(text, 'x', sizeof text);
    struct op_writer w;
    struct buf out = {0};
    op_writer_init(&w);
    buf_u8(&out, 0xc0);
    for (uint32_t c = 0; c < changes; c++) {
        change_begin_insert(&w, 1, &row, fields);
        for (uint32_t f = 1; f <= fields; f++) {
            pack_int(&w.body, f);
            pack_str(&w.body, (struct str){text, bytes});
        }
    }
    enum err err = op_write(&head, &w, &out);
    if (err == ERR_OK) {
        struct op_head got;
        struct cur cur;
        size_t used = 0;
        struct str op = {(char *)out.p + 1, out.n - 1};
        assert_int_equal(op_read(op, &got, &cur, &used), ERR_OK);
        assert_int_equal(used, op.n);
        assert_int_equal(got.changes, changes);
    } else {
        assert_int_equal(out.n, 1);
    }
    op_writer_done(&w);
    buf_done(&out);
    return err;
}

static void what_is_written_can_always_be_read(void **state)
{
    (void)state;
    assert_int_equal(write_big(OP_CHANGES_MAX, 1, 1), ERR_OK);
    assert_int_equal(write_big(OP_CHANGES_MAX + 1, 1, 1), ERR_LIMIT);
    assert_int_equal(write_big(3, 1, OP_BYTES_MAX / 3 - 100), ERR_OK);
    assert_int_equal(write_big(3, 1, OP_BYTES_MAX / 3), ERR_LIMIT);
    assert_int_equal(write_big(1, 1, PACK_STRING_MAX), ERR_OK);
    assert_int_equal(write_big(1, 1, PACK_STRING_MAX + 1), ERR_LIMIT);
    /* Few bytes, but more values than a reader takes. */
    assert_int_equal(write_big(OP_CHANGES_MAX, 30, 1), ERR_LIMIT);
}

static void values_no_peer_would_take_are_not_written(void **state)
{
    (void)state;
    struct op_writer w;
    struct buf out = {0};
    op_writer_init(&w);
    change_begin_insert(&w, 1, &row, 1);
    pack_int(&w.body, 1);
    pack_str(&w.body, STR("\xff"));
    assert_int_equal(op_write(&head, &w, &out), ERR_FORMAT);
    op_writer_clear(&w);
    change_begin_insert(&w, 1, &row, 1);
    pack_int(&w.body, 1); /* the value is missing */
    assert_int_equal(op_write(&head, &w, &out), ERR_FORMAT);
    op_writer_clear(&w);
    change_begin_insert(&w, 1, &row, 0);
    pack_int(&w.body, 1); /* one value too many */
    assert_int_equal(op_write(&head, &w, &out), ERR_FORMAT);
    assert_int_equal(out.n, 0);
    op_writer_done(&w);
    buf_done(&out);
}

static void a_cleared_writer_starts_anew(void **state)
{
    (void)state;
    struct op_writer w;
    struct buf first = {0}, second = {0};
    op_writer_init(&w);
    write_changes(&w);
    assert_int_equal(op_write(&head, &w, &first), ERR_OK);
    op_writer_clear(&w);
    assert_int_equal(w.changes, 0);
    write_changes(&w);
    assert_int_equal(op_write(&head, &w, &second), ERR_OK);
    assert_true(str_eq(buf_str(&first), buf_str(&second)));
    op_writer_done(&w);
    buf_done(&first);
    buf_done(&second);
}

static void without_memory_no_operation_is_written(void **state)
{
    (void)state;
    enum err err = ERR_NOMEM;
    for (uint64_t n = 1; err != ERR_OK; n++) {
        struct op_writer w;
        struct buf out = {0};
        op_writer_init(&w);
        alloc_fail_at(ALLOC_OURS, n, false);
        write_changes(&w);
        err = op_write(&head, &w, &out);
        bool refused = alloc_fail_refused() > 0;
        alloc_fail_off();
        assert_int_equal(err, refused ? ERR_NOMEM : ERR_OK);
        assert_int_equal(out.n > 0, !refused);
        op_writer_done(&w);
        buf_done(&out);
    }
}

static void the_chain_knows_every_operation_and_their_order(void **state)
{
    (void)state;
    uint64_t a = op_hash(0, STR("a")), b = op_hash(0, STR("b"));
    assert_true(a == hash64(0, "a", 1));
    assert_true(a != b);
    assert_true(op_hash(a, STR("b")) != op_hash(b, STR("a")));
    assert_true(op_hash(a, STR("b")) != b);
}

static void words_are_stable_and_unlike(void **state)
{
    (void)state;
    assert_string_equal(reason_word(REASON_NONE), "none");
    assert_string_equal(reason_word(REASON_MASS), "mass_change");
    assert_string_equal(reason_word(REASON_COUNT), "unknown");
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(reason_word((enum reason)i), reason_word((enum reason)j));
    }
    assert_string_equal(verdict_word(VERDICT_APPLIED), "applied");
    assert_string_equal(verdict_word(VERDICT_MERGED), "merged");
    assert_string_equal(verdict_word(VERDICT_CONFLICT), "conflict");
    assert_string_equal(verdict_word(VERDICT_REFUSED), "refused");
    assert_string_equal(verdict_word((enum verdict)(VERDICT_REFUSED + 1)), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operation_reads_back_as_written),
        cmocka_unit_test(operations_in_a_row_are_read_one_by_one),
        cmocka_unit_test(a_cut_operation_is_refused_at_every_byte),
        cmocka_unit_test(a_head_must_have_its_eight_items_and_its_numbers),
        cmocka_unit_test(a_change_must_hold_whole_fields),
        cmocka_unit_test(a_field_number_is_1_to_65535),
        cmocka_unit_test(what_is_written_can_always_be_read),
        cmocka_unit_test(values_no_peer_would_take_are_not_written),
        cmocka_unit_test(a_cleared_writer_starts_anew),
        cmocka_unit_test(without_memory_no_operation_is_written),
        cmocka_unit_test(the_chain_knows_every_operation_and_their_order),
        cmocka_unit_test(words_are_stable_and_unlike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
