/* SPDX-License-Identifier: Apache-2.0 */
#include "io/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void is_text(struct buf *buf, const char *expected)
{
    assert_int_equal(buf->err, ERR_OK);
    buf_u8(buf, 0);
    assert_string_equal((const char *)buf->p, expected);
    buf_done(buf);
}

static void writes_nested_values_compactly(void **state)
{
    (void)state;
    struct buf buf = {0};
    struct json_out out;
    json_out_init(&out, &buf);
    json_object(&out);
    json_key(&out, "a");
    json_array(&out);
    json_int(&out, INT64_MIN);
    json_uint(&out, UINT64_MAX);
    json_bool(&out, true);
    json_null(&out);
    json_array(&out);
    json_array_end(&out);
    json_array_end(&out);
    json_key(&out, "b");
    json_object(&out);
    json_object_end(&out);
    json_key_str(&out, STR("é"));
    json_text(&out, NULL);
    json_object_end(&out);
    json_line(&out);
    json_bool(&out, false);
    is_text(&buf, "{\"a\":[-9223372036854775808,18446744073709551615,true,null,[]],\"b\":{},"
                  "\"é\":null}\nfalse");
}

static void escapes_what_must_be_escaped(void **state)
{
    (void)state;
    struct buf buf = {0};
    struct json_out out;
    json_out_init(&out, &buf);
    json_str(&out, STR("a\"b\\c\b\t\n\v\f\r\x01\x7f\0é/"));
    is_text(&buf, "\"a\\\"b\\\\c\\b\\t\\n\\u000b\\f\\r\\u0001\x7f\\u0000é/\"");
}

static void broken_utf8_comes_out_as_replacement_characters(void **state)
{
    (void)state;
    struct buf buf = {0};
    struct json_out out;
    json_out_init(&out, &buf);
    json_str(&out, STR("caf\xe9 \xed\xa0\x80\xf0\x9f"));
    buf_u8(&buf, 0);
    assert_string_equal((const char *)buf.p,
                        "\"caf\xef\xbf\xbd \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
                        "\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_true(str_utf8((struct str){(const char *)buf.p, buf.n - 1}));
    buf_done(&buf);
}

static void doubles_read_back_as_the_same_double(void **state)
{
    (void)state;
    static const double all[] = {0,
                                 -0.0,
                                 1,
                                 0.1,
                                 1.0 / 3,
                                 1e300,
                                 5e-324,
                                 -1e-10,
                                 123456789.12,
                                 1e15,
                                 1e21,
                                 2.5,
                                 37.5,
                                 1.7976931348623157e308,
                                 4503599627370497.5};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct buf buf = {0};
        struct json_out out;
        json_out_init(&out, &buf);
        json_real(&out, all[i]);
        struct json_in in;
        struct arena arena = {0};
        struct json_val val;
        json_in_init(&in, buf_str(&buf), &arena);
        assert_true(json_value(&in, &val));
        double back = 0;
        int64_t no = 0;
        assert_true(json_as_real(&val, &back));
        assert_memory_equal(&back, &all[i], sizeof back);
        assert_false(json_as_int(&val, &no));
        assert_int_equal(json_in_end(&in, NULL), ERR_OK);
        buf_done(&buf);
    }
    struct buf buf = {0};
    struct json_out out;
    json_out_init(&out, &buf);
    json_real(&out, INFINITY);
    is_text(&buf, "null");
}

/* Read over a whole text; its error. */
static enum err read_all(struct str text, struct note *why)
{
    struct arena arena = {0};
    struct json_in in;
    json_in_init(&in, text, &arena);
    (void)json_skip(&in);
    enum err err = json_in_end(&in, why);
    arena_done(&arena);
    return err;
}

static void members_and_elements_come_in_order(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct json_in in;
    struct json_val val;
    struct str key;
    json_in_init(&in, STR(" { \"n\" : [1, 2 ,3],\"skip\":{\"deep\":[{}]},\"s\":\"x\" } \r\n"),
                 &arena);
    assert_true(json_value(&in, &val));
    assert_int_equal(val.kind, JSON_OBJECT);
    assert_true(json_member(&in, &key));
    assert_true(str_eq(key, STR("n")));
    assert_true(json_value(&in, &val));
    assert_int_equal(val.kind, JSON_ARRAY);
    int64_t sum = 0;
    while (json_element(&in)) {
        int64_t i = 0;
        assert_true(json_value(&in, &val) && json_as_int(&val, &i));
        sum = sum * 10 + i;
    }
    assert_int_equal(sum, 123);
    assert_true(json_member(&in, &key));
    assert_true(json_skip(&in));
    assert_true(json_member(&in, &key));
    assert_true(str_eq(key, STR("s")));
    assert_true(json_value(&in, &val));
    assert_true(val.kind == JSON_STRING && str_eq(val.text, STR("x")));
    assert_false(json_member(&in, &key));
    assert_int_equal(json_in_end(&in, NULL), ERR_OK);
    arena_done(&arena);
}

static void leaving_reads_over_the_rest(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct json_in in;
    struct json_val val;
    json_in_init(&in, STR("[[1,[2,{\"a\":3}],4],5]"), &arena);
    assert_true(json_value(&in, &val) && json_element(&in));
    assert_true(json_value(&in, &val) && json_element(&in) && json_value(&in, &val));
    assert_true(json_leave(&in));
    assert_true(json_element(&in) && json_value(&in, &val));
    assert_true(str_eq(val.text, STR("5")));
    assert_true(json_leave(&in));
    assert_int_equal(json_in_end(&in, NULL), ERR_OK);
}

static void escapes_are_decoded(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct json_in in;
    struct json_val val;
    json_in_init(&in, STR("\"\\u00e9\\uD83D\\ude00\\n\\/\\\\\\\"\\u0000z\""), &arena);
    assert_true(json_value(&in, &val));
    assert_true(str_eq(val.text, STR("é😀\n/\\\"\0z")));
    assert_int_equal(json_in_end(&in, NULL), ERR_OK);
    arena_done(&arena);
}

static void malformed_texts_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "nul",
                                      "truex",
                                      "[1,]",
                                      "[1 2]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{a:1}",
                                      "{\"a\":1,}",
                                      "01",
                                      "-",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "+1",
                                      "\"",
                                      "\"\\x\"",
                                      "\"\\u12g4\"",
                                      "\"\n\"",
                                      "\"\x7f",
                                      "\"\xff\"",
                                      "\"\\ud800\"",
                                      "\"\\udc00x\"",
                                      "\"\\ud800\\u0041\"",
                                      "[",
                                      "{",
                                      "[}",
                                      "{]",
                                      "1 2",
                                      "NaN",
                                      "\xef\xbb\xbf\x31",
                                      "'a'",
                                      "[1]]",
                                      "\"\xed\xa0\x80\"",
                                      "\"abc\\"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        enum err err = read_all(str_of(bad[i]), NULL);
        if (err != ERR_FORMAT)
            fail_msg("%s: %s", bad[i], err_name(err));
    }
    assert_int_equal(read_all(STR("1\0"), NULL), ERR_FORMAT);
}

static void well_formed_texts_are_accepted(void **state)
{
    (void)state;
    static const char *const good[] = {
        "0",     "-0",     "1e5",      "-1.25E-3",          "\"\"",        "[]", "[[]]", "{}",
        "null ", "\ttrue", "\"\x7f\"", "{\"a\":1,\"a\":2}", "\"é\\u0041\""};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (read_all(str_of(good[i]), NULL) != ERR_OK)
            fail_msg("%s", good[i]);
    }
}

static void limits_hold(void **state)
{
    (void)state;
    assert_int_equal(read_all(STR("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"), NULL), ERR_OK);
    assert_int_equal(read_all(STR("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]"), NULL), ERR_LIMIT);
    char digits[JSON_NUMBER_BYTES_MAX + 2];
    memset(digits, '7', sizeof digits);
    assert_int_equal(read_all((struct str){digits, JSON_NUMBER_BYTES_MAX}, NULL), ERR_OK);
    assert_int_equal(read_all((struct str){digits, JSON_NUMBER_BYTES_MAX + 1}, NULL),
                     ERR_LIMIT);
    struct buf buf = {0};
    buf_u8(&buf, '"');
    while (buf.n < JSON_STRING_BYTES_MAX + 2)
        buf_u8(&buf, 'x');
    buf_u8(&buf, '"');
    assert_int_equal(read_all(buf_str(&buf), NULL), ERR_LIMIT);
    buf_done(&buf);
}

static void numbers_out_of_range_are_told(void **state)
{
    (void)state;
    struct json_val val = {.kind = JSON_NUMBER, .text = STR("9223372036854775808")};
    int64_t i = 7;
    double d = 0;
    assert_false(json_as_int(&val, &i));
    assert_int_equal(i, 7);
    assert_true(json_as_real(&val, &d));
    val.text = STR("-9223372036854775808");
    assert_true(json_as_int(&val, &i));
    assert_true(i == INT64_MIN);
    val.text = STR("1e999");
    assert_false(json_as_real(&val, &d));
    val.text = STR("1.0");
    assert_false(json_as_int(&val, &i));
}

static void an_error_names_line_and_character(void **state)
{
    (void)state;
    struct note why = {""};
    assert_int_equal(read_all(STR("{\"é\": 1,\n \"b\" 2}"), &why), ERR_FORMAT);
    assert_string_equal(why.text, "JSON, ligne 2, caractère 6 : deux-points attendu");
}

/* Strings are passed over eight bytes at a time: each byte that must be looked at, at each
 * place and before each length of rest. */
static void every_byte_of_a_long_string_is_looked_at(void **state)
{
    (void)state;
    for (size_t at = 0; at < 20; at++) {
        for (size_t rest = 0; rest < 10; rest++) {
            char text[40];
            size_t n = 1 + at + 1 + rest;
            memset(text, 'z', sizeof text);
            text[0] = text[n] = '"';
            assert_int_equal(read_all((struct str){text, n + 1}, NULL), ERR_OK);
            for (unsigned c = 1; c < 256; c++) {
                text[1 + at] = (char)c;
                bool good = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
                assert_int_equal(read_all((struct str){text, n + 1}, NULL) == ERR_OK, good);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_nested_values_compactly),
        cmocka_unit_test(escapes_what_must_be_escaped),
        cmocka_unit_test(broken_utf8_comes_out_as_replacement_characters),
        cmocka_unit_test(doubles_read_back_as_the_same_double),
        cmocka_unit_test(members_and_elements_come_in_order),
        cmocka_unit_test(leaving_reads_over_the_rest),
        cmocka_unit_test(escapes_are_decoded),
        cmocka_unit_test(malformed_texts_are_refused),
        cmocka_unit_test(well_formed_texts_are_accepted),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(numbers_out_of_range_are_told),
        cmocka_unit_test(an_error_names_line_and_character),
        cmocka_unit_test(every_byte_of_a_long_string_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
