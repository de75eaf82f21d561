/* SPDX-License-Identifier: Apache-2.0 */
#include "store/csv.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Take the rows there are: `line:a|b` each, `line,column!` for one that cannot be read. */
static bool drain(struct csv_in *in, struct buf *out)
{
    for (;;) {
        struct csv_row row = {0};
        struct csv_place place = {0};
        bool got = false;
        enum err err = csv_next(in, &row, &got, &place, NULL);
        if (err != ERR_OK) {
            buf_printf(out, "%" PRIu64 ",%u!%s\n", place.line, place.column, err_name(err));
            if (err == ERR_INVALID || err == ERR_NOMEM)
                return false;
            continue;
        }
        if (!got)
            return true;
        buf_printf(out, "%" PRIu64 ":", row.line);
        for (uint32_t i = 0; i < row.n; i++) {
            buf_text(out, i == 0 ? "" : "|");
            buf_add(out, row.field[i].p, row.field[i].n);
        }
        buf_u8(out, '\n');
    }
}

static void read_in_chunks(struct str bytes, size_t chunk, struct buf *out)
{
    struct csv_in in;
    csv_in_init(&in);
    bool more = true;
    for (size_t i = 0; more && (i == 0 || i < bytes.n); i += chunk) {
        size_t n = bytes.n - i < chunk ? bytes.n - i : chunk;
        struct str part = {bytes.p + i, n};
        assert_int_equal(csv_feed(&in, part, i + n == bytes.n), ERR_OK);
        more = drain(&in, out);
    }
    csv_in_done(&in);
}

/* Whatever the size of the chunks, the rows are the same. */
static void reads_as(struct str bytes, const char *expected)
{
    static const size_t sizes[] = {1, 2, 3, 7, 64, CSV_CHUNK_BYTES_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buf out = {0};
        read_in_chunks(bytes, sizes[i], &out);
        buf_u8(&out, 0);
        assert_string_equal((const char *)out.p, expected);
        buf_done(&out);
    }
}

static void separator_is_found_on_the_first_line(void **state)
{
    (void)state;
    reads_as(STR("nom;âge\nZoé, dite Z;3\n"), "1:nom|âge\n2:Zoé, dite Z|3\n");
    reads_as(STR("a,b,c\n1;2,3,4\n"), "1:a|b|c\n2:1;2|3|4\n");
    reads_as(STR("a\tb\n1,5\t2;3\n"), "1:a|b\n2:1,5|2;3\n");
    reads_as(STR("\"a,b,c,d\";e\n1;2\n"), "1:a,b,c,d|e\n2:1|2\n");
    reads_as(STR("seul\nx;y\n"), "1:seul\n2:x|y\n");
    reads_as(STR("sep=,\r\na;a;a,b\r\n"), "2:a;a;a|b\n");
}

static void every_line_end_ends_a_row_and_empty_lines_do_not_count(void **state)
{
    (void)state;
    reads_as(STR("a;b\r\n1;2\r\n\r\n3;4"), "1:a|b\n2:1|2\n4:3|4\n");
    reads_as(STR("a;b\r1;2\r\r3;4\r"), "1:a|b\n2:1|2\n4:3|4\n");
    reads_as(STR("\n\na;b\n1;\n;\n;2"), "3:a|b\n4:1|\n5:|\n6:|2\n");
    reads_as(STR("a;b;"), "1:a|b|\n");
    reads_as(STR(""), "");
    reads_as(STR("\r\n\n\r"), "");
}

static void quotes_protect_separators_quotes_and_line_ends(void **state)
{
    (void)state;
    reads_as(STR("a;b\n\"x;\"\"y\"\"\";\"l1\r\nl2\rl3\nl4\"\n5;6\n"),
             "1:a|b\n2:x;\"y\"|l1\r\nl2\rl3\nl4\n6:5|6\n");
    reads_as(STR("a;b\n\"\";5\" pouces\n\"fin\""), "1:a|b\n2:|5\" pouces\n3:fin\n");
}

static void utf8_and_its_mark_are_understood(void **state)
{
    (void)state;
    reads_as(STR("\xef\xbb\xbf"
                 "prénom;€\n\"Éloïse\";😀\n"),
             "1:prénom|€\n2:Éloïse|😀\n");
    reads_as(STR("\xef\xbb\xbf"), "");
}

static void windows_1252_is_converted(void **state)
{
    (void)state;
    reads_as(STR("pr\xe9nom;\x80\n\xc9lo\xefse;l\x92\x9cuvre\n\xe9"),
             "1:prénom|€\n2:Éloïse|l’œuvre\n3:é\n");
}

static void encoding_is_found_far_into_the_file(void **state)
{
    (void)state;
    struct buf ascii = {0};
    buf_text(&ascii, "a;b\n");
    while (ascii.n < 3 * CSV_SNIFF_BYTES)
        buf_text(&ascii, "1;2\n");
    static const char *const tails[] = {"\xc3\xa9;x\n", "\xe9;x\n"};
    for (size_t t = 0; t < 2; t++) {
        struct buf bytes = {0};
        struct buf out = {0};
        buf_add(&bytes, ascii.p, ascii.n);
        buf_text(&bytes, tails[t]);
        read_in_chunks(buf_str(&bytes), 4096, &out);
        buf_u8(&out, 0);
        assert_string_equal((const char *)out.p + out.n - 7, ":é|x\n");
        buf_done(&bytes);
        buf_done(&out);
    }
    buf_done(&ascii);
}

static void a_character_cut_by_the_sniffing_window_is_still_utf8(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct buf out = {0};
    buf_text(&bytes, "\xe2\x82\xac\n"); /* the window starts here, on a multiple of 3 plus 1 */
    while (bytes.n < 2 * CSV_SNIFF_BYTES)
        buf_text(&bytes, "\xe2\x82\xac");
    read_in_chunks(buf_str(&bytes), CSV_CHUNK_BYTES_MAX, &out);
    assert_memory_equal(out.p, "1:\xe2\x82\xac\n2:\xe2\x82\xac\xe2\x82\xac", 14);
    buf_done(&bytes);
    buf_done(&out);
}

static void a_bad_row_costs_that_line_only(void **state)
{
    (void)state;
    reads_as(STR("a;b\n1;\"x\"y;z\n3;4\n"), "1:a|b\n2,2!FORMAT\n3:3|4\n");
    reads_as(STR("a;b\n1;\"x\n3;4\n5;6"), "1:a|b\n2,2!FORMAT\n3:3|4\n4:5|6\n");
    reads_as(STR("a;b\r\n1;2\r\n\"x\r\n3;4\"5\r\n"), "1:a|b\n2:1|2\n3,1!FORMAT\n4:3|4\"5\n");
}

static void bytes_that_are_not_text_are_refused(void **state)
{
    (void)state;
    reads_as(STR("PK\x03\x04\0\0;x\n"), "1,1!INVALID\n");
    reads_as(STR("a;b\n1;\xe9\n2;3\x81\n"), "1:a|b\n2:1|é\n3,2!INVALID\n");
    reads_as(STR("\xef\xbb\xbf"
                 "a;b\n1;\xe9t\xe9\n"),
             "1:a|b\n2,2!INVALID\n");
}

static void an_error_says_where_in_words(void **state)
{
    (void)state;
    struct csv_in in;
    struct csv_row row;
    struct note why = {""};
    bool got = false;
    csv_in_init(&in);
    assert_int_equal(csv_feed(&in, STR("a;b;c\n1;2;\"x\"y\n"), true), ERR_OK);
    assert_int_equal(csv_next(&in, &row, &got, NULL, &why), ERR_OK);
    assert_int_equal(csv_next(&in, &row, &got, NULL, &why), ERR_FORMAT);
    assert_string_equal(why.text, "ligne 2, colonne 3 : du texte suit le guillemet fermant");
    csv_in_done(&in);
}

static void limits_hold_and_reading_goes_on(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct buf out = {0};
    buf_text(&bytes, "h\n");
    for (int i = 0; i < CSV_COLUMNS_MAX - 1; i++)
        buf_u8(&bytes, ';');
    buf_u8(&bytes, '\n');
    for (int i = 0; i < CSV_COLUMNS_MAX; i++)
        buf_u8(&bytes, ';');
    buf_text(&bytes, "\n\"x");
    for (size_t end = bytes.n + CSV_ROW_BYTES_MAX; bytes.n < end;)
        buf_u8(&bytes, 'x');
    buf_text(&bytes, "\nlast\n");
    read_in_chunks(buf_str(&bytes), 100000, &out);
    buf_u8(&out, 0);
    char expected[CSV_COLUMNS_MAX + 64];
    char pipes[CSV_COLUMNS_MAX] = "";
    memset(pipes, '|', CSV_COLUMNS_MAX - 1);
    (void)snprintf(expected, sizeof expected, "1:h\n2:%s\n3,%d!LIMIT\n4,1!LIMIT\n5:last\n",
                   pipes, CSV_COLUMNS_MAX + 1);
    assert_string_equal((const char *)out.p, expected);
    buf_done(&bytes);
    buf_done(&out);
}

static void written_fields_are_quoted_where_needed(void **state)
{
    (void)state;
    struct buf buf = {0};
    struct csv_out out;
    csv_out_init(&out, &buf, true);
    csv_text(&out, STR("simple"));
    csv_text(&out, STR("a;b"));
    csv_text(&out, STR("dit \"Z\""));
    csv_text(&out, STR("l1\nl2"));
    csv_text(&out, STR(""));
    csv_end_row(&out);
    csv_text(&out, STR(""));
    csv_end_row(&out);
    buf_u8(&buf, 0);
    assert_string_equal((const char *)buf.p,
                        "\xef\xbb\xbfsimple;\"a;b\";\"dit \"\"Z\"\"\";\"l1\nl2\";\r\n\"\"\r\n");
    buf_done(&buf);
}

static void texts_that_look_like_formulas_are_made_harmless_and_come_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"=1+1", "+32 470", "-x", "@a",  "'=x",
                                        "''-",  "\tx",     "'t", "x=1", "'"};
    static const char *const written[] = {"'=1+1", "'+32 470", "'-x", "'@a", "''=x",
                                          "'''-",  "'\tx",     "'t",  "x=1", "'"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct buf buf = {0};
        struct csv_out out;
        struct csv_in in;
        struct csv_row row = {0};
        bool got = false;
        csv_out_init(&out, &buf, false);
        csv_text(&out, str_of(texts[i]));
        csv_end_row(&out);
        csv_in_init(&in);
        assert_int_equal(csv_feed(&in, buf_str(&buf), true), ERR_OK);
        assert_int_equal(csv_next(&in, &row, &got, NULL, NULL), ERR_OK);
        assert_true(got && row.n == 1);
        assert_true(str_eq(row.field[0], str_of(written[i])));
        assert_true(str_eq(csv_plain_text(row.field[0]), str_of(texts[i])));
        csv_in_done(&in);
        buf_done(&buf);
    }
}

static void numbers_keep_their_sign(void **state)
{
    (void)state;
    struct buf buf = {0};
    struct csv_out out;
    csv_out_init(&out, &buf, false);
    csv_text(&out, STR("a,b"));
    csv_end_row(&out);
    csv_value(&out, STR("-12,5"));
    csv_value(&out, STR("+3"));
    csv_end_row(&out);
    assert_true(str_eq(buf_str(&buf), STR("\"a,b\"\r\n-12,5;+3\r\n")));
    buf_done(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separator_is_found_on_the_first_line),
        cmocka_unit_test(every_line_end_ends_a_row_and_empty_lines_do_not_count),
        cmocka_unit_test(quotes_protect_separators_quotes_and_line_ends),
        cmocka_unit_test(utf8_and_its_mark_are_understood),
        cmocka_unit_test(windows_1252_is_converted),
        cmocka_unit_test(encoding_is_found_far_into_the_file),
        cmocka_unit_test(a_character_cut_by_the_sniffing_window_is_still_utf8),
        cmocka_unit_test(a_bad_row_costs_that_line_only),
        cmocka_unit_test(bytes_that_are_not_text_are_refused),
        cmocka_unit_test(an_error_says_where_in_words),
        cmocka_unit_test(limits_hold_and_reading_goes_on),
        cmocka_unit_test(written_fields_are_quoted_where_needed),
        cmocka_unit_test(texts_that_look_like_formulas_are_made_harmless_and_come_back),
        cmocka_unit_test(numbers_keep_their_sign),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
