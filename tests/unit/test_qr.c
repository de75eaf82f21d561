/* SPDX-License-Identifier: Apache-2.0 */
#include "io/qr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SIDE_MAX = 185 };

/* The picture read back: true = dark. Returns the side in modules, quiet zone included. */
static int read_picture(struct str text, bool dark[SIDE_MAX][SIDE_MAX])
{
    int y = 0;
    int x = 0;
    int side = 0;
    for (size_t i = 0; i < text.n;) {
        if (text.p[i] == '\n') {
            side = x;
            x = 0;
            y += 2;
            i++;
            continue;
        }
        assert_true(x < SIDE_MAX && y + 1 < SIDE_MAX);
        bool blank = text.p[i] == ' ';
        struct str glyph = {text.p + i, blank ? 1 : 3};
        bool upper = str_eq(glyph, STR("█")) || str_eq(glyph, STR("▀"));
        bool lower = str_eq(glyph, STR("█")) || str_eq(glyph, STR("▄"));
        assert_true(blank || upper || lower);
        dark[y][x] = !upper;
        dark[y + 1][x] = !lower;
        x++;
        i += glyph.n;
    }
    return side;
}

/* The finder pattern of the standard: rings of 7, 5 and 3 modules. */
static void assert_finder(bool dark[SIDE_MAX][SIDE_MAX], int x0, int y0)
{
    for (int y = 0; y < 7; y++) {
        for (int x = 0; x < 7; x++) {
            int dx = x > 3 ? x - 3 : 3 - x;
            int dy = y > 3 ? y - 3 : 3 - y;
            int ring = dx > dy ? dx : dy;
            assert_int_equal(dark[y0 + y][x0 + x], ring != 2);
        }
    }
}

static void picture_has_its_quiet_zone_and_its_three_finders(void **state)
{
    (void)state;
    static bool dark[SIDE_MAX][SIDE_MAX];
    struct buf out = {0};
    assert_int_equal(qr_print(STR("ABCDE-01234-FGHJK"), &out), ERR_OK);
    int side = read_picture(buf_str(&out), dark);
    int modules = side - 2 * QR_QUIET_MODULES;
    assert_int_equal((modules - 17) % 4, 0);
    for (int i = 0; i < side; i++) {
        for (int q = 0; q < QR_QUIET_MODULES; q++) {
            assert_false(dark[q][i]);
            assert_false(dark[i][q]);
        }
    }
    int far = QR_QUIET_MODULES + modules - 7;
    assert_finder(dark, QR_QUIET_MODULES, QR_QUIET_MODULES);
    assert_finder(dark, far, QR_QUIET_MODULES);
    assert_finder(dark, QR_QUIET_MODULES, far);
    buf_done(&out);
}

static void another_text_makes_another_picture(void **state)
{
    (void)state;
    struct buf a = {0};
    struct buf b = {0};
    assert_int_equal(qr_print(STR("AAAAA"), &a), ERR_OK);
    assert_int_equal(qr_print(STR("AAAAB"), &b), ERR_OK);
    assert_false(str_eq(buf_str(&a), buf_str(&b)));
    buf_done(&a);
    buf_done(&b);
}

static void a_text_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    static char text[QR_TEXT_MAX + 1];
    memset(text, 'a', sizeof text); /* lower case takes more room than letters and digits */
    struct buf out = {0};
    assert_int_equal(qr_print((struct str){text, sizeof text}, &out), ERR_LIMIT);
    assert_int_equal(qr_print((struct str){text, sizeof text - 1}, &out), ERR_LIMIT);
    assert_int_equal(qr_print(STR(""), &out), ERR_LIMIT);
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picture_has_its_quiet_zone_and_its_three_finders),
        cmocka_unit_test(another_text_makes_another_picture),
        cmocka_unit_test(a_text_that_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
