/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/buf.h"

#include "proto/mem.h"
#include "tests/support/alloc_fail.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void views_compare_by_bytes_then_length(void **state)
{
    (void)state;
    assert_true(str_eq(STR("abc"), str_of("abc")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_true(str_eq(str_of(NULL), STR("")));
    assert_true(str_cmp(STR("ab"), STR("abc")) < 0);
    assert_true(str_cmp(STR("abd"), STR("abc")) > 0);
    assert_true(str_cmp(STR("\x7f"), STR("\xc3")) < 0);
    assert_int_equal(str_cmp(str_of(NULL), STR("")), 0);
}

static void good_utf8_is_accepted(void **state)
{
    (void)state;
    static const char *const good[] = {
        "",
        "plain ascii, longer than eight bytes",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "Li\xc3\xa8ge, \xe2\x82\xac 12",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(str_utf8(str_of(good[i])));
}

static void bad_utf8_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    static const struct str bad[] = {
        {"\0", 1},
        {"\x80", 1},
        {"\xc0\xaf", 2},
        {"\xc1\xbf", 2},
        {"\xc2", 1},
        {"\xc2\x41", 2},
        {"\xe0\x9f\xbf", 3},
        {"\xed\xa0\x80", 3},
        {"\xed\xbf\xbf", 3},
        {"\xe2\x82", 2},
        {"\xf0\x8f\xbf\xbf", 4},
        {"\xf4\x90\x80\x80", 4},
        {"\xf5\x80\x80\x80", 4},
        {"\xf0\x9f\x92", 3},
        {"\xff", 1},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (size_t before = 0; before < 20; before++) {
            char text[64];
            memset(text, 'a', sizeof text);
            memcpy(text + before, bad[i].p, bad[i].n);
            assert_false(str_utf8((struct str){text, before + bad[i].n}));
        }
    }
}

static void a_buffer_grows_and_keeps_its_bytes(void **state)
{
    (void)state;
    struct buf buf = {0};
    for (unsigned i = 0; i < 100000; i++)
        buf_u8(&buf, (uint8_t)i);
    assert_int_equal(buf.err, ERR_OK);
    assert_int_equal(buf.n, 100000);
    for (unsigned i = 0; i < 100000; i++)
        assert_int_equal(buf.p[i], (uint8_t)i);
    buf_done(&buf);
    assert_null(buf.p);
}

static void the_cap_is_reached_and_never_passed(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    for (int i = 0; i < 1000; i++)
        buf_u8(&buf, 1);
    assert_int_equal(buf.err, ERR_OK);
    buf_u8(&buf, 2);
    assert_int_equal(buf.err, ERR_LIMIT);
    assert_int_equal(buf.n, 1000);
    buf_done(&buf);
}

static void an_error_sticks_until_cleared(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    buf_text(&buf, "abcde");
    assert_int_equal(buf.err, ERR_LIMIT);
    buf_u8(&buf, 'a');
    assert_int_equal(buf.n, 0);
    buf_clear(&buf);
    buf_u8(&buf, 'a');
    assert_int_equal(buf.n, 1);
    assert_int_equal(buf.err, ERR_OK);
    buf_done(&buf);
    assert_int_equal(buf.max, 4);
}

static void memory_that_runs_out_is_reported_once_and_harmless(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_text(&buf, "kept");
    alloc_fail_at(ALLOC_OURS, 1, true);
    char large[4096] = {0};
    buf_add(&buf, large, sizeof large);
    alloc_fail_off();
    assert_int_equal(buf.err, ERR_NOMEM);
    assert_true(str_eq(buf_str(&buf), STR("kept")));
    buf_done(&buf);
}

static void a_length_that_overflows_is_over_the_limit(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_text(&buf, "abc");
    assert_false(buf_reserve(&buf, SIZE_MAX));
    assert_int_equal(buf.err, ERR_LIMIT);
    buf_done(&buf);
}

static void numbers_are_written_and_read_big_endian(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_be32(&buf, 0x01020304);
    assert_memory_equal(buf.p, "\x01\x02\x03\x04", 4);
    buf_add(&buf, "\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 11);
    struct cur cur = cur_of(buf.p, buf.n);
    assert_int_equal(cur_be32(&cur), 0x01020304);
    assert_int_equal(cur_u8(&cur), 5);
    assert_int_equal(cur_be16(&cur), 0x0607);
    assert_true(cur_be64(&cur) == 0x08090a0b0c0d0e0fu);
    assert_int_equal(cur_left(&cur), 0);
    assert_false(cur.bad);
    buf_done(&buf);
}

static void reading_past_the_end_gives_zero_and_sticks(void **state)
{
    (void)state;
    struct cur cur = cur_of("\xff\xff\xff", 3);
    assert_int_equal(cur_be32(&cur), 0);
    assert_true(cur.bad);
    assert_int_equal(cur_u8(&cur), 0);
    assert_null(cur_take(&cur, 1).p);
    struct cur none = cur_of(NULL, 0);
    assert_int_equal(cur_left(&none), 0);
    assert_int_equal(cur_u8(&none), 0);
    assert_true(none.bad);
}

static void printed_text_is_not_terminated_nor_cut(void **state)
{
    (void)state;
    struct buf buf = {0};
    for (int i = 0; i < 200; i++)
        buf_printf(&buf, "%d;", i);
    assert_int_equal(buf.n, 10 * 2 + 90 * 3 + 100 * 4);
    assert_memory_equal(buf.p + buf.n - 4, "199;", 4);
    buf_done(&buf);
}

static void dropping_from_the_front_keeps_the_rest(void **state)
{
    (void)state;
    struct buf buf = {0};
    buf_text(&buf, "abcdef");
    buf_drop(&buf, 0);
    buf_drop(&buf, 2);
    assert_true(str_eq(buf_str(&buf), STR("cdef")));
    buf_drop(&buf, 4);
    assert_int_equal(buf.n, 0);
    buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_compare_by_bytes_then_length),
        cmocka_unit_test(good_utf8_is_accepted),
        cmocka_unit_test(bad_utf8_is_refused_wherever_it_stands),
        cmocka_unit_test(a_buffer_grows_and_keeps_its_bytes),
        cmocka_unit_test(the_cap_is_reached_and_never_passed),
        cmocka_unit_test(an_error_sticks_until_cleared),
        cmocka_unit_test(memory_that_runs_out_is_reported_once_and_harmless),
        cmocka_unit_test(a_length_that_overflows_is_over_the_limit),
        cmocka_unit_test(numbers_are_written_and_read_big_endian),
        cmocka_unit_test(reading_past_the_end_gives_zero_and_sticks),
        cmocka_unit_test(printed_text_is_not_terminated_nor_cut),
        cmocka_unit_test(dropping_from_the_front_keeps_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
