/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/value.h"

#include "tests/support/alloc_fail.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char *const colours[] = {"red", "green", NULL};

/* One field of each kind, and some with limits. */
static const struct field text = {.id = 1, .name = "remark", .kind = KIND_TEXT};
static const struct field title = {
    .id = 2, .name = "title", .kind = KIND_TEXT, .required = true, .max = 5};
static const struct field motive = {
    .id = 3, .name = "motive", .kind = KIND_TEXT, .min = 3, .max = 9};
static const struct field count = {.id = 4, .name = "count", .kind = KIND_INT};
static const struct field score = {
    .id = 5, .name = "score", .kind = KIND_INT, .min = 1, .max = 5};
static const struct field rate = {.id = 6, .name = "rate", .kind = KIND_REAL};
static const struct field share = {
    .id = 7, .name = "share", .kind = KIND_REAL, .min = -50, .max = 10000};
static const struct field consent = {.id = 8, .name = "consent", .kind = KIND_BOOL};
static const struct field day = {.id = 9, .name = "day", .kind = KIND_DATE};
static const struct field hour = {.id = 10, .name = "hour", .kind = KIND_TIME};
static const struct field moment = {.id = 11, .name = "moment", .kind = KIND_INSTANT};
static const struct field colour = {
    .id = 12, .name = "colour", .kind = KIND_ENUM, .codes = colours};
static const struct field any_colour = {
    .id = 13, .name = "any_colour", .kind = KIND_ENUM, .codes = colours, .open = true};
static const struct field company = {.id = 14, .name = "company", .kind = KIND_REF, .ref = 9};
static const struct field anything = {.id = 15, .name = "anything", .kind = KIND_ID};
static const struct field national = {
    .id = 17, .name = "national", .kind = KIND_TEXT, .masked = true, .check = CHECK_NATIONAL};
static const struct field company_no = {
    .id = 18, .name = "company_no", .kind = KIND_TEXT, .check = CHECK_COMPANY};
static const struct field raw = {.id = 16, .name = "raw", .kind = KIND_RAW};

static enum err check(const struct field *field, struct value v)
{
    struct note why = {{0}};
    enum err err = value_check(field, &v, &why);
    if (err != ERR_OK) {
        assert_int_equal(err, ERR_INVALID);
        assert_ptr_equal(strstr(why.text, field->name), why.text);
        assert_int_equal(value_check(field, &v, NULL), ERR_INVALID);
    }
    return err;
}

static struct value real(double r)
{
    return (struct value){.type = VALUE_REAL, .r = r};
}

/* Parse `typed`; when it is taken, print it again and compare with `printed`. NULL: refused. */
static void reads(const struct field *field, const char *typed, const char *printed)
{
    struct arena arena = {0};
    struct note why = {{0}};
    struct value v = value_int(77);
    enum err err = value_parse(field, str_of(typed), &arena, &v, &why);
    if (printed == NULL) {
        assert_int_equal(err, ERR_INVALID);
        assert_true(v.type == VALUE_INT && v.i == 77);
        /* Field and form, and so nothing of what was typed. */
        char said[NOTE_BYTES];
        (void)snprintf(said, sizeof said, "%s: expected %s", field->name,
                       value_form(field->kind));
        assert_string_equal(why.text, said);
    } else {
        assert_int_equal(err, ERR_OK);
        struct buf out = {0};
        value_print(field->kind, &v, &out);
        assert_true(str_eq(buf_str(&out), str_of(printed)));
        buf_done(&out);
    }
    arena_done(&arena);
}

static void a_required_field_may_not_be_empty(void **state)
{
    (void)state;
    assert_int_equal(check(&title, VALUE_NONE), ERR_INVALID);
    assert_int_equal(check(&title, value_text(STR(""))), ERR_INVALID);
    assert_int_equal(check(&title, value_text(STR("x"))), ERR_OK);
    assert_int_equal(check(&text, VALUE_NONE), ERR_OK);
    assert_int_equal(check(&text, value_text(STR(""))), ERR_OK);
}

static void a_value_of_another_type_is_refused(void **state)
{
    (void)state;
    static const struct field *const fields[] = {&text, &count,  &rate,   &consent, &day,
                                                 &hour, &moment, &colour, &company, &raw};
    const struct value values[] = {value_int(1), real(1), value_text(STR("red")),
                                   value_bytes(STR("\xc0"))};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            if (values[k].type != value_type_of(fields[i]->kind))
                assert_int_equal(check(fields[i], values[k]), ERR_INVALID);
        }
    }
}

static void text_is_measured_in_characters(void **state)
{
    (void)state;
    assert_int_equal(check(&title, value_text(STR("\xc3\xa9t\xc3\xa9\xe2\x82\xac!"))), ERR_OK);
    assert_int_equal(check(&title, value_text(STR("\xc3\xa9t\xc3\xa9\xe2\x82\xac!?"))),
                     ERR_INVALID);
    assert_int_equal(check(&motive, value_text(STR("\xc3\xa9t"))), ERR_INVALID);
    assert_int_equal(check(&motive, value_text(STR("\xc3\xa9t\xc3\xa9"))), ERR_OK);
    assert_int_equal(check(&motive, value_text(STR(""))), ERR_OK);
    assert_int_equal(check(&text, value_text(STR("\xc3"))), ERR_INVALID);
    assert_int_equal(check(&text, value_text((struct str){"a\0b", 3})), ERR_INVALID);
}

static void text_too_long_for_the_wire_is_refused(void **state)
{
    (void)state;
    struct buf large = {0};
    assert_true(buf_reserve(&large, PACK_STRING_MAX + 1));
    memset(large.p, 'a', PACK_STRING_MAX + 1);
    struct str s = {(const char *)large.p, PACK_STRING_MAX};
    assert_int_equal(check(&text, value_text(s)), ERR_OK);
    s.n++;
    assert_int_equal(check(&text, value_text(s)), ERR_INVALID);
    buf_done(&large);
}

static void numbers_stay_inside_their_limits(void **state)
{
    (void)state;
    assert_int_equal(check(&score, value_int(0)), ERR_INVALID);
    assert_int_equal(check(&score, value_int(1)), ERR_OK);
    assert_int_equal(check(&score, value_int(5)), ERR_OK);
    assert_int_equal(check(&score, value_int(6)), ERR_INVALID);
    assert_int_equal(check(&count, value_int(INT64_MIN)), ERR_OK);
    assert_int_equal(check(&share, real(-0.5)), ERR_OK);
    assert_int_equal(check(&share, real(-0.51)), ERR_INVALID);
    assert_int_equal(check(&share, real(100)), ERR_OK);
    assert_int_equal(check(&share, real(100.01)), ERR_INVALID);
    assert_int_equal(check(&rate, real((double)INFINITY)), ERR_INVALID);
    assert_int_equal(check(&rate, real((double)NAN)), ERR_INVALID);
    assert_int_equal(check(&consent, value_int(2)), ERR_INVALID);
    assert_int_equal(check(&consent, value_int(1)), ERR_OK);
    assert_int_equal(check(&hour, value_int(1440)), ERR_INVALID);
    assert_int_equal(check(&hour, value_int(-1)), ERR_INVALID);
    assert_int_equal(check(&hour, value_int(1439)), ERR_OK);
}

static void days_and_instants_have_years_of_four_digits(void **state)
{
    (void)state;
    int32_t first = 0;
    int32_t last = 0;
    assert_true(date_of(1, 1, 1, &first));
    assert_true(date_of(9999, 12, 31, &last));
    assert_int_equal(check(&day, value_int(first)), ERR_OK);
    assert_int_equal(check(&day, value_int((int64_t)first - 1)), ERR_INVALID);
    assert_int_equal(check(&day, value_int(last)), ERR_OK);
    assert_int_equal(check(&day, value_int((int64_t)last + 1)), ERR_INVALID);
    const int64_t day_ms = 86400000;
    assert_int_equal(check(&moment, value_int(first * day_ms)), ERR_OK);
    assert_int_equal(check(&moment, value_int(first * day_ms - 1)), ERR_INVALID);
    assert_int_equal(check(&moment, value_int((last + 1) * day_ms - 1)), ERR_OK);
    assert_int_equal(check(&moment, value_int((last + 1) * day_ms)), ERR_INVALID);
}

static void codes_are_known_unless_the_list_is_open(void **state)
{
    (void)state;
    assert_int_equal(check(&colour, value_text(STR("green"))), ERR_OK);
    assert_int_equal(check(&colour, value_text(STR("Green"))), ERR_INVALID);
    assert_int_equal(check(&colour, value_text(STR("gree"))), ERR_INVALID);
    assert_int_equal(check(&colour, value_text(STR(""))), ERR_INVALID);
    assert_int_equal(check(&any_colour, value_text(STR("mauve"))), ERR_OK);
    assert_int_equal(check(&any_colour, value_text(STR(""))), ERR_INVALID);
    assert_int_equal(check(&any_colour, value_text(STR("\xff"))), ERR_INVALID);
}

static void ids_have_sixteen_bytes_and_raw_is_messagepack(void **state)
{
    (void)state;
    assert_int_equal(check(&company, value_bytes(STR("0123456789abcdef"))), ERR_OK);
    assert_int_equal(check(&company, value_bytes(STR("0123456789abcde"))), ERR_INVALID);
    assert_int_equal(check(&anything, value_bytes(STR("0123456789abcdefg"))), ERR_INVALID);
    assert_int_equal(check(&raw, value_bytes(STR("\x92\x01\xa1x"))), ERR_OK);
    assert_int_equal(check(&raw, value_bytes(STR("\x01\xc0\x91\x02"))), ERR_OK);
    assert_int_equal(check(&raw, value_bytes(STR("\x92\x01"))), ERR_INVALID);
    assert_int_equal(check(&raw, value_bytes(STR("\x01\xc1"))), ERR_INVALID);
    assert_int_equal(check(&raw, value_bytes(STR(""))), ERR_INVALID);
    assert_int_equal(check(&raw, value_bytes(str_of(NULL))), ERR_INVALID);
}

static void belgian_dates_are_read(void **state)
{
    (void)state;
    reads(&day, "2026-11-22", "2026-11-22");
    reads(&day, "22/11/2026", "2026-11-22");
    reads(&day, "22-11-2026", "2026-11-22");
    reads(&day, "22.11.2026", "2026-11-22");
    reads(&day, "22/11/26", "2026-11-22");
    reads(&day, "1/2/26", "2026-02-01");
    reads(&day, " 01/02/1975 ", "1975-02-01");
    reads(&day, "01/02/75", "1975-02-01");
    reads(&day, "01/02/49", "2049-02-01");
    reads(&day, "01/02/50", "1950-02-01");
    reads(&day, "29/02/2024", "2024-02-29");
    reads(&day, "0001-01-01", "0001-01-01");
    reads(&day, "31/12/9999", "9999-12-31");
    reads(&day, "", "");
}

static void impossible_or_doubtful_dates_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "29/02/2023", "31/04/2026", "32/01/2026", "00/01/2026",  "01/00/2026",  "01/13/2026",
        "11/22/2026", "22-11-26",   "22/11-2026", "22/11/226",   "22/11/20266", "22/11/",
        "22/11",      "2026-11",    "2026/11/22", "2026-11-22x", "0000-01-01",  "demain",
        "-1/1/2026",  "22//2026",   "1900-02-29", "20261122",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        reads(&day, bad[i], NULL);
}

static void belgian_times_are_read(void **state)
{
    (void)state;
    reads(&hour, "14:05", "14:05");
    reads(&hour, "14h05", "14:05");
    reads(&hour, "14H05", "14:05");
    reads(&hour, "14u05", "14:05");
    reads(&hour, "9:05", "09:05");
    reads(&hour, "9h", "09:00");
    reads(&hour, "00:00", "00:00");
    reads(&hour, "23:59", "23:59");
    static const char *const bad[] = {"24:00", "14:60", "14:5", "14:",      "14",   "1405",
                                      "h05",   "14h5",  "midi", "14:05:00", "-1:00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        reads(&hour, bad[i], NULL);
}

static void instants_are_printed_to_the_millisecond(void **state)
{
    (void)state;
    reads(&moment, "2026-11-22T14:05:09.123Z", "2026-11-22T14:05:09.123Z");
    reads(&moment, "2026-11-22T14:05:09Z", "2026-11-22T14:05:09.000Z");
    reads(&moment, "2026-11-22T14:05:09.5Z", "2026-11-22T14:05:09.500Z");
    reads(&moment, "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z");
    reads(&moment, "0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00.000Z");
    static const char *const bad[] = {
        "2026-11-22T14:05:09.123",   "2026-11-22 14:05:09Z", "2026-11-22T24:00:00Z",
        "2026-11-22T14:60:00Z",      "2026-11-22T14:05:60Z", "2026-11-22T14:05:09.Z",
        "2026-11-22T14:05:09.1234Z", "2026-02-30T14:05:09Z", "2026-11-22T14:05:09+01:00",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        reads(&moment, bad[i], NULL);
    struct value v = value_int(1795349109123);
    struct buf out = {0};
    value_print(KIND_INSTANT, &v, &out);
    assert_true(str_eq(buf_str(&out), STR("2026-11-22T12:05:09.123Z")));
    buf_done(&out);
}

static void yes_and_no_are_read_in_four_languages(void **state)
{
    (void)state;
    static const char *const yes[] = {"true", "1", "oui", "Oui", "JA", "yes", "VRAI", "waar"};
    static const char *const no[] = {"false", "0",  "non",  "nee",
                                     "Nein",  "no", "FAUX", "onwaar"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        reads(&consent, yes[i], "true");
        reads(&consent, no[i], "false");
    }
    reads(&consent, "peut-\xc3\xaatre", NULL);
    reads(&consent, "ouii", NULL);
    reads(&consent, "2", NULL);
}

static void whole_numbers_are_read_to_the_last(void **state)
{
    (void)state;
    reads(&count, "0", "0");
    reads(&count, "-0", "0");
    reads(&count, "+7", "7");
    reads(&count, "007", "7");
    reads(&count, "9223372036854775807", "9223372036854775807");
    reads(&count, "-9223372036854775808", "-9223372036854775808");
    static const char *const bad[] = {"9223372036854775808",
                                      "-9223372036854775809",
                                      "1.0",
                                      "1 000",
                                      "--1",
                                      "+",
                                      "-",
                                      "0x10",
                                      "12a",
                                      "99999999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        reads(&count, bad[i], NULL);
}

static void reals_are_read_with_point_or_comma(void **state)
{
    (void)state;
    reads(&rate, "12.5", "12.5");
    reads(&rate, "12,5", "12.5");
    reads(&rate, "-0,25", "-0.25");
    reads(&rate, "0.1", "0.1");
    reads(&rate, "5", "5");
    reads(&rate, ",5", "0.5");
    reads(&rate, "5.", "5");
    reads(&rate, "-0", "0");
    reads(&rate, "1e3", "1000");
    reads(&rate, "0.30000000000000004", "0.30000000000000004");
    reads(&rate, "1.7976931348623157e308", "1.7976931348623157e+308");
    static const char *const bad[] = {"nan",   "inf",     "infinity", "0x1p3", "1e400",
                                      "1.2.3", "1,234.5", "e5",       ".",     "1e",
                                      "1e+",   "12 5",    "--1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        reads(&rate, bad[i], NULL);
}

static void a_locale_with_a_decimal_comma_changes_nothing(void **state)
{
    (void)state;
    static const char *const locales[] = {"fr_BE.UTF-8", "nl_BE.UTF-8", "fr_FR.UTF-8",
                                          "de_DE.UTF-8"};
    bool found = false;
    for (size_t i = 0; i < sizeof locales / sizeof *locales && !found; i++)
        found = setlocale(LC_ALL, locales[i]) != NULL;
    if (!found)
        print_message("no such locale here: the C locale is used\n");
    reads(&rate, "12,5", "12.5");
    reads(&rate, "12.5", "12.5");
    reads(&rate, "-1234567.25", "-1234567.25");
    (void)setlocale(LC_ALL, "C");
}

static void text_is_kept_as_typed_and_points_into_the_input(void **state)
{
    (void)state;
    struct arena arena = {0};
    const struct str typed = STR("  two lines\n\xe2\x82\xac ");
    struct value v = VALUE_NONE;
    assert_int_equal(value_parse(&text, typed, &arena, &v, NULL), ERR_OK);
    assert_ptr_equal(v.s.p, typed.p);
    assert_int_equal(v.s.n, typed.n);
    assert_int_equal(value_parse(&text, STR("\xe2\x82"), &arena, &v, NULL), ERR_INVALID);
    assert_int_equal(value_parse(&text, STR(""), &arena, &v, NULL), ERR_OK);
    assert_int_equal(v.type, VALUE_NULL);
    assert_null(arena.first);
    reads(&colour, " red ", "red");
    reads(&colour, "   ", "");
}

static void ids_and_raw_bytes_go_into_the_arena(void **state)
{
    (void)state;
    reads(&company, "017F22E279B07CC398C4DC0C0C07398F", "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    reads(&anything, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
          "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    reads(&company, "017f22e2", NULL);
    reads(&raw, "92C0a178", "92c0a178");
    reads(&raw, "92c", NULL);
    reads(&raw, "9x", NULL);
    struct arena arena = {0};
    struct value v = VALUE_NONE;
    alloc_fail_at(ALLOC_OURS, 1, true);
    assert_int_equal(value_parse(&raw, STR("c0"), &arena, &v, NULL), ERR_NOMEM);
    assert_int_equal(
        value_parse(&company, STR("017F22E279B07CC398C4DC0C0C07398F"), &arena, &v, NULL),
        ERR_NOMEM);
    alloc_fail_off();
    assert_int_equal(v.type, VALUE_NULL);
    arena_done(&arena);
}

static void an_unchecked_value_is_still_printed(void **state)
{
    (void)state;
    static const struct {
        enum kind kind;
        int64_t v;
        const char *printed;
    } odd[] = {
        {KIND_BOOL, 7, "7"},   {KIND_DATE, INT64_MAX, "9223372036854775807"},
        {KIND_TIME, -1, "-1"}, {KIND_INSTANT, INT64_MIN, "-9223372036854775808"},
        {KIND_TEXT, 5, "5"},   {KIND_DATE, 0, "1970-01-01"},
    };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct value v = value_int(odd[i].v);
        struct buf out = {0};
        value_print(odd[i].kind, &v, &out);
        assert_true(str_eq(buf_str(&out), str_of(odd[i].printed)));
        buf_done(&out);
    }
    struct value shorter = value_bytes(STR("\x01\xab"));
    struct buf out = {0};
    value_print(KIND_REF, &shorter, &out);
    assert_true(str_eq(buf_str(&out), STR("01ab")));
    buf_done(&out);
}

static void packed_values_come_back_and_other_types_are_bad(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_TEXT, KIND_INT,  KIND_REAL,    KIND_BOOL,
                                      KIND_DATE, KIND_TIME, KIND_INSTANT, KIND_ENUM,
                                      KIND_REF,  KIND_ID,   KIND_RAW};
    const struct value values[] = {VALUE_NONE,
                                   value_int(-5),
                                   real(2.5),
                                   value_text(STR("caf\xc3\xa9")),
                                   value_bytes(STR("0123456789abcdef")),
                                   value_bytes(STR("short"))};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            struct buf buf = {0};
            value_pack(&values[k], &buf);
            struct cur cur = cur_of(buf.p, buf.n);
            struct value back = value_unpack(kinds[i], &cur);
            bool fits =
                values[k].type == VALUE_NULL || values[k].type == value_type_of(kinds[i]);
            if (k == 5 && kinds[i] != KIND_RAW)
                fits = false;
            assert_int_equal(!cur.bad, fits);
            assert_int_equal(value_eq(&back, fits ? &values[k] : &VALUE_NONE), true);
            buf_done(&buf);
        }
    }
}

static void equal_reals_have_equal_bytes(void **state)
{
    (void)state;
    struct value plus = real(0.0);
    struct value minus = real(-0.0);
    assert_true(value_eq(&plus, &minus));
    struct buf a = {0};
    struct buf b = {0};
    value_pack(&plus, &a);
    value_pack(&minus, &b);
    assert_true(str_eq(buf_str(&a), buf_str(&b)));
    buf_clear(&b);
    value_print(KIND_REAL, &minus, &b);
    assert_true(str_eq(buf_str(&b), STR("0")));
    buf_done(&a);
    buf_done(&b);
}

/* The days of one month, each one after the other from *next. */
static void month_splits_and_joins(int year, int month, int32_t *next)
{
    int32_t days = 0;
    for (int of_month = 1; date_of(year, month, of_month, &days); of_month++) {
        int y = 0;
        int m = 0;
        int d = 0;
        date_split(days, &y, &m, &d);
        if (days != *next || y != year || m != month || d != of_month)
            fail_msg("%d-%d-%d", year, month, of_month);
        (*next)++;
    }
}

static void every_day_of_ten_thousand_years_splits_and_joins(void **state)
{
    (void)state;
    int32_t next = -719162;
    for (int year = 1; year <= 9999; year++) {
        for (int month = 1; month <= 12; month++)
            month_splits_and_joins(year, month, &next);
    }
    assert_int_equal(next, 2932897);
}

static void the_calendar_starts_in_1970_and_has_four_digits(void **state)
{
    (void)state;
    int32_t days = 7;
    assert_true(date_of(1970, 1, 1, &days));
    assert_int_equal(days, 0);
    assert_true(date_of(2000, 3, 1, &days));
    assert_int_equal(days, 11017);
    assert_false(date_of(0, 1, 1, &days));
    assert_false(date_of(10000, 1, 1, &days));
    assert_false(date_of(2026, 0, 1, &days));
    assert_false(date_of(2026, 13, 1, &days));
    assert_false(date_of(2026, 1, 0, &days));
    assert_int_equal(days, 11017);
}

static void shows(const struct field *field, struct value v, const char *as)
{
    struct buf out = {0};
    value_show(field, &v, &out);
    assert_int_equal(out.n, strlen(as));
    assert_memory_equal(out.p, as, out.n);
    buf_done(&out);
}

static void a_masked_number_shows_its_last_two_digits(void **state)
{
    (void)state;
    shows(&national, value_text(STR("99010112390")), "*********90");
    shows(&national, value_text(STR("123")), "*23");
    shows(&national, value_text(STR("12")), "**");
    shows(&national, value_text(STR("")), "");
    shows(&text, value_text(STR("99010112390")), "99010112390");
    shows(&day, value_int(0), "1970-01-01");
}

static bool doubtful(const struct field *field, const char *number)
{
    struct value v = value_text(str_of(number));
    return value_doubtful(field, &v);
}

static void check_digits_that_do_not_fit_are_noticed(void **state)
{
    (void)state;
    const struct value none = VALUE_NONE;
    assert_false(doubtful(&national, "99010112390"));
    assert_true(doubtful(&national, "99010112391"));
    assert_false(doubtful(&national, "01010112301")); /* born after 2000 */
    assert_true(doubtful(&national, "9901011239"));
    assert_true(doubtful(&national, "99.0101.123"));
    assert_false(doubtful(&company_no, "4030000008"));
    assert_true(doubtful(&company_no, "4030000009"));
    assert_false(doubtful(&text, "whatever"));
    assert_false(value_doubtful(&national, &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_required_field_may_not_be_empty),
        cmocka_unit_test(a_value_of_another_type_is_refused),
        cmocka_unit_test(text_is_measured_in_characters),
        cmocka_unit_test(text_too_long_for_the_wire_is_refused),
        cmocka_unit_test(numbers_stay_inside_their_limits),
        cmocka_unit_test(days_and_instants_have_years_of_four_digits),
        cmocka_unit_test(codes_are_known_unless_the_list_is_open),
        cmocka_unit_test(ids_have_sixteen_bytes_and_raw_is_messagepack),
        cmocka_unit_test(belgian_dates_are_read),
        cmocka_unit_test(impossible_or_doubtful_dates_are_refused),
        cmocka_unit_test(belgian_times_are_read),
        cmocka_unit_test(instants_are_printed_to_the_millisecond),
        cmocka_unit_test(yes_and_no_are_read_in_four_languages),
        cmocka_unit_test(whole_numbers_are_read_to_the_last),
        cmocka_unit_test(reals_are_read_with_point_or_comma),
        cmocka_unit_test(a_locale_with_a_decimal_comma_changes_nothing),
        cmocka_unit_test(text_is_kept_as_typed_and_points_into_the_input),
        cmocka_unit_test(ids_and_raw_bytes_go_into_the_arena),
        cmocka_unit_test(an_unchecked_value_is_still_printed),
        cmocka_unit_test(packed_values_come_back_and_other_types_are_bad),
        cmocka_unit_test(a_masked_number_shows_its_last_two_digits),
        cmocka_unit_test(check_digits_that_do_not_fit_are_noticed),
        cmocka_unit_test(equal_reals_have_equal_bytes),
        cmocka_unit_test(the_calendar_starts_in_1970_and_has_four_digits),
        cmocka_unit_test(every_day_of_ten_thousand_years_splits_and_joins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
