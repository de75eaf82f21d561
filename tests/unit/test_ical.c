/* SPDX-License-Identifier: Apache-2.0 */
/* iCalendar files: lines that calendars can read, whatever the texts. */
#include "io/ical.h"
#include "proto/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { NOW_DAY = 20786 };

static const int64_t now_ms = (int64_t)NOW_DAY * 86400000 + (9 * 60 + 5) * 60000 + 12345;

/* Every line ends with CR LF, holds at most 75 octets and whole characters. */
static void check_lines(const struct buf *out)
{
    struct str rest = buf_str(out);
    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        assert_non_null(end);
        size_t n = (size_t)(end - rest.p);
        assert_true(n > 0 && rest.p[n - 1] == '\r');
        assert_true(n - 1 <= ICAL_LINE_BYTES_MAX);
        assert_true(str_utf8((struct str){rest.p, n}));
        rest = (struct str){end + 1, rest.n - n - 1};
    }
}

/* Take the folds out again, and end it with a NUL. */
static void unfold(struct buf *out)
{
    size_t to = 0;
    for (size_t i = 0; i < out->n; i++) {
        if (i + 2 < out->n && memcmp(out->p + i, "\r\n ", 3) == 0) {
            i += 2;
            continue;
        }
        out->p[to++] = out->p[i];
    }
    out->n = to;
    buf_u8(out, 0);
}

static void write_one(struct buf *out, struct ical_event event)
{
    event.uid = STR("0190-x@jalon");
    ical_begin(out, "1.2.3");
    ical_event(out, &event, now_ms);
    ical_end(out);
    assert_int_equal(out->err, ERR_OK);
    check_lines(out);
}

static void a_visit_has_its_hours_on_the_wall(void **state)
{
    (void)state;
    struct buf out = {0};
    write_one(&out, (struct ical_event){.day = NOW_DAY,
                                        .start_min = 570,
                                        .minutes = 45,
                                        .summary = STR("Entretien Z. E."),
                                        .place = STR("Atelier; fictif, 2e\nétage")});
    unfold(&out);
    assert_string_equal((const char *)out.p,
                        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Jalon//Jalon 1.2.3//FR\r\n"
                        "CALSCALE:GREGORIAN\r\nBEGIN:VEVENT\r\nUID:0190-x@jalon\r\n"
                        "DTSTAMP:20261129T090500Z\r\nDTSTART:20261129T093000\r\n"
                        "DTEND:20261129T101500\r\nSUMMARY:Entretien Z. E.\r\n"
                        "LOCATION:Atelier\\; fictif\\, 2e\\nétage\r\nCLASS:PRIVATE\r\n"
                        "TRANSP:OPAQUE\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    buf_done(&out);
}

static void one_that_passes_midnight_ends_the_next_day(void **state)
{
    (void)state;
    struct buf out = {0};
    write_one(&out, (struct ical_event){.day = NOW_DAY, .start_min = 1430, .minutes = 30});
    buf_u8(&out, 0);
    assert_non_null(strstr((const char *)out.p, "DTEND:20261130T002000\r\n"));
    buf_done(&out);
}

static void a_deadline_takes_the_day_and_blocks_nothing(void **state)
{
    (void)state;
    struct buf out = {0};
    write_one(&out, (struct ical_event){.day = NOW_DAY, .start_min = -1, .minutes = 45});
    buf_u8(&out, 0);
    assert_non_null(strstr((const char *)out.p, "DTSTART;VALUE=DATE:20261129\r\n"));
    assert_null(strstr((const char *)out.p, "DTEND"));
    assert_non_null(strstr((const char *)out.p, "TRANSP:TRANSPARENT\r\n"));
    buf_done(&out);
}

/* Texts of all lengths, of characters of one to four octets: never too long, never cut inside a
 * character, and the same when it is put together again. */
static void long_lines_are_folded_between_characters(void **state)
{
    (void)state;
    static const char *const letters[] = {"a", "é", "€", "😀"};
    for (size_t width = 0; width < 4; width++) {
        for (size_t lead = 0; lead < 8; lead++) {
            struct buf text = {0};
            struct buf out = {0};
            for (size_t i = 0; i < lead; i++)
                buf_text(&text, "x");
            for (size_t i = 0; i < 90; i++)
                buf_text(&text, letters[width]);
            write_one(&out, (struct ical_event){.start_min = -1, .summary = buf_str(&text)});
            unfold(&out);
            buf_u8(&text, 0);
            assert_non_null(strstr((const char *)out.p, (const char *)text.p));
            buf_done(&text);
            buf_done(&out);
        }
    }
}

/* A text may not end its line and begin another. */
static void no_text_makes_a_line_of_its_own(void **state)
{
    (void)state;
    struct buf out = {0};
    write_one(&out, (struct ical_event){.start_min = -1,
                                        .summary = STR("a\r\nATTENDEE:mailto:x\r\tb\\n")});
    buf_u8(&out, 0);
    assert_null(strstr((const char *)out.p, "\nATTENDEE"));
    assert_non_null(strstr((const char *)out.p, "SUMMARY:a\\nATTENDEE:mailto:xb\\\\n\r\n"));
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visit_has_its_hours_on_the_wall),
        cmocka_unit_test(one_that_passes_midnight_ends_the_next_day),
        cmocka_unit_test(a_deadline_takes_the_day_and_blocks_nothing),
        cmocka_unit_test(long_lines_are_folded_between_characters),
        cmocka_unit_test(no_text_makes_a_line_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
