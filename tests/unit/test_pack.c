/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/pack.h"

#include "tests/support/packs.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static enum err check(struct str bytes)
{
    size_t used = 0;
    return pack_check(bytes, PACK_DEPTH_MAX, PACK_NODES_MAX, &used);
}

/* The vectors that make msgpack-c ask for gigabytes, and their kin. */
static void counts_that_cannot_fit_are_refused(void **state)
{
    (void)state;
    static const struct str bombs[] = {
        {"\xdd\xff\x00\x00\x00", 5},
        {"\xdf\x02\xfa\xf0\x80", 5},
        {"\xdd\xff\xff\xff\xff", 5},
        {"\xdf\xff\xff\xff\xff", 5},
        {"\xdf\x80\x00\x00\x00\xc0\xc0", 7},
        {"\xdc\xff\xff\xc0", 4},
        {"\xde\xff\xff\xc0\xc0", 5},
        {"\x9f\xc0", 2},
        {"\x81\xc0", 2},
        {"\x91", 1},
        {"\xdb\xff\xff\xff\xff", 5},
        {"\xc6\xff\xff\xff\xff", 5},
        {"\xd9\x05"
         "four",
         6},
    };
    for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++)
        assert_int_equal(check(bombs[i]), ERR_FORMAT);
}

static void the_map_bomb_of_155_bytes_is_refused(void **state)
{
    (void)state;
    uint8_t bomb[155];
    for (size_t i = 0; i < sizeof bomb; i += 5)
        memcpy(bomb + i, "\xdf\x00\x10\x00\x00", 5);
    size_t used = 0;
    struct str bytes = {(const char *)bomb, sizeof bomb};
    assert_int_equal(pack_check(bytes, 32, SIZE_MAX, &used), ERR_FORMAT);
    /* Small counts, each of which fits the bytes left, but not all of them together. */
    for (size_t i = 0; i < sizeof bomb; i += 5)
        memcpy(bomb + i, "\xdf\x00\x00\x00\x20", 5);
    assert_int_equal(pack_check(bytes, 32, SIZE_MAX, &used), ERR_FORMAT);
}

static void nesting_stops_at_the_depth_asked_for(void **state)
{
    (void)state;
    char deep[40];
    memset(deep, '\x91', sizeof deep);
    for (unsigned depth = 0; depth <= 32; depth++) {
        deep[depth] = '\xc0';
        struct str bytes = {deep, depth + 1};
        size_t used = 0;
        assert_int_equal(pack_check(bytes, depth, 100, &used), ERR_OK);
        assert_int_equal(used, depth + 1);
        if (depth > 0)
            assert_int_equal(pack_check(bytes, depth - 1, 100, &used), ERR_LIMIT);
        deep[depth] = '\x91';
    }
    assert_int_equal(check((struct str){"\x90", 1}), ERR_OK);
}

static void a_depth_bomb_of_a_megabyte_costs_no_stack(void **state)
{
    (void)state;
    struct buf bomb = {0};
    assert_true(buf_reserve(&bomb, 1 << 20));
    memset(bomb.p, 0x91, 1 << 20);
    bomb.n = 1 << 20;
    assert_int_equal(check(buf_str(&bomb)), ERR_LIMIT);
    struct cur cur = cur_of(bomb.p, bomb.n);
    assert_null(unpack_any(&cur).p);
    assert_true(cur.bad);
    buf_done(&bomb);
}

static void nodes_stop_at_the_number_asked_for(void **state)
{
    (void)state;
    struct buf buf = {0};
    pack_array(&buf, PACK_NODES_MAX - 1);
    for (int i = 0; i < PACK_NODES_MAX - 1; i++)
        pack_nil(&buf);
    size_t used = 0;
    assert_int_equal(check(buf_str(&buf)), ERR_OK);
    assert_int_equal(pack_check(buf_str(&buf), 8, PACK_NODES_MAX - 1, &used), ERR_LIMIT);
    assert_int_equal(pack_check(buf_str(&buf), 8, 0, &used), ERR_LIMIT);
    buf_done(&buf);
}

static void strings_are_bounded_and_utf8(void **state)
{
    (void)state;
    struct buf text = {0};
    assert_true(buf_reserve(&text, PACK_STRING_MAX + 1));
    memset(text.p, 'a', PACK_STRING_MAX + 1);
    struct buf buf = {0};
    pack_str(&buf, (struct str){(const char *)text.p, PACK_STRING_MAX});
    assert_int_equal(check(buf_str(&buf)), ERR_OK);
    buf_clear(&buf);
    pack_str(&buf, (struct str){(const char *)text.p, PACK_STRING_MAX + 1});
    assert_int_equal(check(buf_str(&buf)), ERR_LIMIT);
    buf_clear(&buf);
    pack_bin(&buf, (struct str){(const char *)text.p, PACK_STRING_MAX + 1});
    assert_int_equal(check(buf_str(&buf)), ERR_OK);
    assert_int_equal(check((struct str){"\xa2\xc3\xa9", 3}), ERR_OK);
    assert_int_equal(check((struct str){"\xa2\xc3\x28", 3}), ERR_FORMAT);
    assert_int_equal(check((struct str){"\xa3\xed\xa0\x80", 4}), ERR_FORMAT);
    assert_int_equal(check((struct str){"\xa1\x00", 2}), ERR_FORMAT);
    assert_int_equal(check((struct str){"\xc4\x01\xff", 3}), ERR_OK);
    buf_done(&text);
    buf_done(&buf);
}

static void ext_types_nan_and_the_unused_byte_are_refused(void **state)
{
    (void)state;
    static const struct str bad[] = {
        {"\xc1", 1},
        {"\xd4\x01\x00", 3},
        {"\xd5\x01\x00\x00", 4},
        {"\xd6\xff\x00\x00\x00\x00", 6},
        {"\xd7\xff\x00\x00\x00\x00\x00\x00\x00\x00", 10},
        {"\xd8\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 18},
        {"\xc7\x00\x01", 3},
        {"\xc8\x00\x00\x01", 4},
        {"\xc9\x00\x00\x00\x00\x01", 6},
        {"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", 9},
        {"\xcb\xff\xf0\x00\x00\x00\x00\x00\x01", 9},
        {"\xca\x7f\xc0\x00\x00", 5},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(check(bad[i]), ERR_FORMAT);
        struct cur cur = cur_of(bad[i].p, bad[i].n);
        (void)unpack_real(&cur);
        assert_true(cur.bad);
    }
    assert_int_equal(check((struct str){"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", 9}), ERR_OK);
}

static void a_value_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct buf buf = {0};
    pack_array(&buf, 7);
    pack_int(&buf, -70000);
    pack_uint(&buf, UINT64_MAX);
    pack_real(&buf, 0.25);
    pack_str(&buf, STR("a string that needs more than thirty-one bytes"));
    pack_bin(&buf, STR("bytes"));
    pack_map(&buf, 1);
    pack_bool(&buf, true);
    pack_nil(&buf);
    pack_nil(&buf);
    assert_int_equal(check(buf_str(&buf)), ERR_OK);
    for (size_t n = 0; n < buf.n; n++) {
        struct str part = {(const char *)buf.p, n};
        assert_int_equal(check(part), ERR_FORMAT);
        struct cur cur = cur_of(part.p, part.n);
        assert_null(unpack_any(&cur).p);
        assert_true(cur.bad);
    }
    assert_int_equal(check((struct str){NULL, 0}), ERR_FORMAT);
    buf_done(&buf);
}

static void only_the_first_value_is_measured(void **state)
{
    (void)state;
    size_t used = 0;
    assert_int_equal(pack_check((struct str){"\x92\x01\x02\xc1\xff", 5}, 8, 10, &used), ERR_OK);
    assert_int_equal(used, 3);
    used = 77;
    assert_int_equal(pack_check((struct str){"\xc1", 1}, 8, 10, &used), ERR_FORMAT);
    assert_int_equal(used, 77);
}

static void integers_come_back_from_every_form(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 64; shift++) {
        for (int64_t off = -2; off <= 2; off++) {
            uint64_t bits = (UINT64_C(1) << shift) + (uint64_t)off;
            for (int minus = 0; minus < 2; minus++) {
                int64_t v = (int64_t)(minus != 0 ? 0 - bits : bits);
                struct buf buf = {0};
                pack_int(&buf, v);
                pack_uint(&buf, bits);
                struct cur cur = cur_of(buf.p, buf.n);
                assert_int_equal(pack_peek(&cur), PACK_INT);
                assert_true(unpack_int(&cur) == v);
                assert_int_equal(pack_peek(&cur), bits > INT64_MAX ? PACK_UINT : PACK_INT);
                assert_true(unpack_uint(&cur) == bits);
                assert_false(cur.bad);
                assert_int_equal(cur_left(&cur), 0);
                buf_done(&buf);
            }
        }
    }
}

static void longer_forms_of_an_integer_are_read_too(void **state)
{
    (void)state;
    static const struct {
        struct str bytes;
        int64_t v;
    } forms[] = {
        {{"\xcc\x05", 2}, 5},
        {{"\xcd\x00\x05", 3}, 5},
        {{"\xcf\x00\x00\x00\x00\x00\x00\x00\x05", 9}, 5},
        {{"\xd0\x05", 2}, 5},
        {{"\xd1\xff\xff", 3}, -1},
        {{"\xd2\xff\xff\xff\xff", 5}, -1},
        {{"\xd3\x00\x00\x00\x00\x00\x00\x00\x05", 9}, 5},
        {{"\xd3\xff\xff\xff\xff\xff\xff\xff\xff", 9}, -1},
        {{"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9}, INT64_MIN},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct cur cur = cur_of(forms[i].bytes.p, forms[i].bytes.n);
        assert_true(unpack_int(&cur) == forms[i].v);
        assert_false(cur.bad);
    }
}

static void integers_outside_the_range_are_bad(void **state)
{
    (void)state;
    struct cur cur = cur_of("\xcf\x80\x00\x00\x00\x00\x00\x00\x00", 9);
    assert_true(unpack_int(&cur) == 0);
    assert_true(cur.bad);
    cur = cur_of("\xff", 1);
    assert_true(unpack_uint(&cur) == 0);
    assert_true(cur.bad);
    cur = cur_of("\x06", 1);
    assert_true(unpack_int_in(&cur, 1, 5) == 0);
    assert_true(cur.bad);
    cur = cur_of("\x05", 1);
    assert_true(unpack_int_in(&cur, 1, 5) == 5);
    assert_false(cur.bad);
    cur = cur_of("\xcf\x00\x00\x00\x01\x00\x00\x00\x00", 9);
    assert_true(unpack_u32(&cur) == 0);
    assert_true(cur.bad);
    cur = cur_of("\xce\xff\xff\xff\xff", 5);
    assert_true(unpack_u32(&cur) == UINT32_MAX);
    assert_false(cur.bad);
}

/* Every first byte, with zeros behind it, against every reader: only its own type is taken. */
static void a_reader_takes_its_own_type_only(void **state)
{
    (void)state;
    for (unsigned tag = 0; tag < 256; tag++) {
        uint8_t bytes[64] = {(uint8_t)tag};
        struct cur at = cur_of(bytes, sizeof bytes);
        enum pack_type type = pack_peek(&at);
        struct cur c[8] = {at, at, at, at, at, at, at, at};
        (void)unpack_array(&c[0]);
        (void)unpack_map(&c[1]);
        (void)unpack_int(&c[2]);
        (void)unpack_bool(&c[3]);
        (void)unpack_real(&c[4]);
        (void)unpack_str(&c[5]);
        (void)unpack_bin(&c[6]);
        assert_int_equal(unpack_nil(&c[7]), type == PACK_NIL);
        assert_int_equal(!c[0].bad, type == PACK_ARRAY);
        assert_int_equal(!c[1].bad, type == PACK_MAP);
        assert_int_equal(!c[2].bad, type == PACK_INT);
        assert_int_equal(!c[3].bad, type == PACK_BOOL);
        assert_int_equal(!c[4].bad, type == PACK_REAL);
        assert_int_equal(!c[5].bad, type == PACK_STR);
        assert_int_equal(!c[6].bad, type == PACK_BIN);
        assert_false(c[7].bad);
    }
}

static void ids_are_bins_of_sixteen_bytes(void **state)
{
    (void)state;
    struct id id;
    memset(id.b, 0x42, sizeof id.b);
    struct buf buf = {0};
    pack_id(&buf, &id);
    pack_bin(&buf, STR("fifteen bytes.."));
    struct cur cur = cur_of(buf.p, buf.n);
    struct id back = unpack_id(&cur);
    assert_true(id_eq(&id, &back));
    back = unpack_id(&cur);
    assert_true(cur.bad);
    assert_true(id_is_null(&back));
    cur = cur_of(buf.p, buf.n);
    assert_non_null(unpack_exact(&cur, 16));
    assert_non_null(unpack_exact(&cur, 15));
    cur = cur_of(buf.p, buf.n);
    assert_null(unpack_exact(&cur, 15));
    assert_true(cur.bad);
    buf_done(&buf);
}

static void a_bad_cursor_stays_bad_and_gives_nothing(void **state)
{
    (void)state;
    struct cur cur = cur_of("\x05\xa1x\x91\xc0", 5);
    cur.bad = true;
    assert_int_equal(pack_peek(&cur), PACK_BAD);
    assert_true(unpack_int(&cur) == 0);
    assert_null(unpack_str(&cur).p);
    assert_null(unpack_any(&cur).p);
    assert_int_equal(unpack_array(&cur), 0);
    assert_false(unpack_nil(&cur));
    assert_int_equal(cur_left(&cur), 5);
}

static void a_whole_value_is_skipped_and_copied(void **state)
{
    (void)state;
    struct buf buf = {0};
    pack_map(&buf, 2);
    pack_int(&buf, 1);
    pack_array(&buf, 2);
    pack_str(&buf, STR("x"));
    pack_nil(&buf);
    pack_int(&buf, 2);
    pack_real(&buf, -1.5);
    size_t whole = buf.n;
    pack_bool(&buf, true);
    struct cur cur = cur_of(buf.p, buf.n);
    struct str any = unpack_any(&cur);
    assert_int_equal(any.n, whole);
    assert_true(unpack_bool(&cur));
    struct buf copy = {0};
    pack_raw(&copy, any);
    assert_true(str_eq(buf_str(&copy), any));
    buf_done(&copy);
    buf_done(&buf);
}

static void a_writer_over_its_cap_leaves_no_half_value(void **state)
{
    (void)state;
    for (size_t cap = 1; cap < 60; cap++) {
        struct buf buf;
        buf_init(&buf, cap);
        size_t good = 0;
        while (buf.err == ERR_OK) {
            good = buf.n;
            pack_str(&buf, STR("a text of more than thirty-one bytes"));
            if (buf.err == ERR_OK)
                good = buf.n;
            pack_int(&buf, 100000);
        }
        assert_int_equal(buf.err, ERR_LIMIT);
        assert_int_equal(buf.n, good);
        buf_done(&buf);
    }
}

static void reals_keep_every_bit(void **state)
{
    (void)state;
    static const double reals[] = {0, -0.0, 0.1, -1e308, 5e-324, INFINITY, -INFINITY, 12.5};
    struct buf buf = {0};
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++)
        pack_real(&buf, reals[i]);
    struct cur cur = cur_of(buf.p, buf.n);
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        double back = unpack_real(&cur);
        assert_memory_equal(&back, &reals[i], sizeof back);
    }
    assert_false(cur.bad);
    cur = cur_of("\xca\x3f\xc0\x00\x00", 5);
    assert_true(unpack_real(&cur) == 1.5);
    buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_that_cannot_fit_are_refused),
        cmocka_unit_test(the_map_bomb_of_155_bytes_is_refused),
        cmocka_unit_test(nesting_stops_at_the_depth_asked_for),
        cmocka_unit_test(a_depth_bomb_of_a_megabyte_costs_no_stack),
        cmocka_unit_test(nodes_stop_at_the_number_asked_for),
        cmocka_unit_test(strings_are_bounded_and_utf8),
        cmocka_unit_test(ext_types_nan_and_the_unused_byte_are_refused),
        cmocka_unit_test(a_value_cut_anywhere_is_refused),
        cmocka_unit_test(only_the_first_value_is_measured),
        cmocka_unit_test(integers_come_back_from_every_form),
        cmocka_unit_test(longer_forms_of_an_integer_are_read_too),
        cmocka_unit_test(integers_outside_the_range_are_bad),
        cmocka_unit_test(a_reader_takes_its_own_type_only),
        cmocka_unit_test(ids_are_bins_of_sixteen_bytes),
        cmocka_unit_test(a_bad_cursor_stays_bad_and_gives_nothing),
        cmocka_unit_test(a_whole_value_is_skipped_and_copied),
        cmocka_unit_test(a_writer_over_its_cap_leaves_no_half_value),
        cmocka_unit_test(reals_keep_every_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
