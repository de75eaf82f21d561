/* SPDX-License-Identifier: Apache-2.0 */
#include "io/grid.h"

#include "io/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static void is_text(struct buf *buf, const char *expected)
{
    assert_int_equal(buf->err, ERR_OK);
    buf_u8(buf, 0);
    assert_string_equal((const char *)buf->p, expected);
    buf_done(buf);
}

static void width_is_what_the_eye_sees(void **state)
{
    (void)state;
    assert_int_equal(grid_width(STR("")), 0);
    assert_int_equal(grid_width(STR("Éloïse")), 6);
    assert_int_equal(grid_width(STR("e\xcc\x81t\xc3\xa9")), 3);
    assert_int_equal(grid_width(STR("日本")), 4);
    assert_int_equal(grid_width(STR("😀")), 2);
    assert_int_equal(grid_width(STR("a\xff\xfe")), 3);
}

static void columns_line_up(void **state)
{
    (void)state;
    static const struct grid_column columns[] = {
        {"Nom", false, 0}, {"Âge", true, 0}, {"Note", false, 6}};
    struct grid grid;
    struct buf out = {0};
    grid_init(&grid, columns, 3);
    grid_cell(&grid, STR("Zoé"), GRID_PLAIN);
    grid_cell(&grid, STR("7"), GRID_PLAIN);
    grid_cell(&grid, STR("ok"), GRID_PLAIN);
    grid_cell(&grid, STR("Éléonore"), GRID_PLAIN);
    grid_cell(&grid, STR("1024"), GRID_PLAIN);
    grid_cell(&grid, STR("trop long"), GRID_PLAIN);
    assert_int_equal(grid_print(&grid, false, &out), ERR_OK);
    is_text(&out, "Nom        Âge  Note\n"
                  "Zoé          7  ok\n"
                  "Éléonore  1024  trop …\n");
    grid_done(&grid);
}

static void an_empty_table_prints_nothing(void **state)
{
    (void)state;
    static const struct grid_column columns[] = {{"Nom", false, 0}};
    struct grid grid;
    struct buf out = {0};
    grid_init(&grid, columns, 1);
    assert_int_equal(grid_print(&grid, true, &out), ERR_OK);
    assert_int_equal(out.n, 0);
    grid_done(&grid);
}

static void colour_comes_only_when_asked_for(void **state)
{
    (void)state;
    static const struct grid_column columns[] = {{"Nom", false, 0}};
    struct grid grid;
    struct buf out = {0};
    grid_init(&grid, columns, 1);
    grid_cell(&grid, STR("x"), GRID_RED);
    assert_int_equal(grid_print(&grid, true, &out), ERR_OK);
    is_text(&out, "\x1b[1mNom\x1b[0m\n\x1b[31mx\x1b[0m\n");
    assert_int_equal(grid_print(&grid, false, &out), ERR_OK);
    is_text(&out, "Nom\nx\n");
    grid_done(&grid);
}

static void no_text_can_steer_the_terminal(void **state)
{
    (void)state;
    struct buf out = {0};
    /* the bytes one by one: U+202E turns the reading direction, in this source too */
    static const char text[] = {'a',    '\x1b', '[',    '2', 'J',    'b',    '\n', 'c',
                                '\xe2', '\x80', '\xae', 'd', '\xc2', '\x9b', '!',  '\xff'};
    grid_paint(&out, (struct str){text, sizeof text}, GRID_PLAIN, true);
    is_text(&out, "a [2Jb c d ! ");
}

static void a_wide_character_is_not_cut_in_half(void **state)
{
    (void)state;
    struct buf out = {0};
    grid_fit(&out, STR("日本語"), 4, false);
    is_text(&out, "日… ");
    grid_fit(&out, STR("abc"), 0, false);
    assert_int_equal(out.n, 0);
    grid_fit(&out, STR("é"), 3, true);
    is_text(&out, "  é");
}

static void progress_says_how_far_and_how_fast(void **state)
{
    (void)state;
    struct buf out = {0};
    progress_line(&out, "Envoi", 500, 2000, 2000, 80);
    is_text(&out, "Envoi 500/2000 (25 %), 250/s");
    progress_line(&out, "Lecture", 7, 0, 0, 80);
    is_text(&out, "Lecture 7");
    progress_line(&out, "Envoi", UINT64_MAX, UINT64_MAX, 0, 12);
    is_text(&out, "Envoi 1844…");
}

static size_t pending(int fd, char *bytes, size_t room)
{
    ssize_t n = read(fd, bytes, room);
    return n < 0 ? 0 : (size_t)n;
}

static void progress_draws_rarely_and_cleans_up(void **state)
{
    (void)state;
    int fds[2];
    char bytes[1024] = "";
    assert_int_equal(pipe(fds), 0);
    struct progress progress;
    progress_init(&progress, fds[1], true, 1000);
    progress_show(&progress, "Envoi", 1, 10, 1000);
    progress_show(&progress, "Envoi", 2, 10, 1000 + PROGRESS_EVERY_MS - 1);
    progress_show(&progress, "Envoi", 5, 10, 1500);
    progress_end(&progress);
    progress_end(&progress);
    size_t n = pending(fds[0], bytes, sizeof bytes);
    static const char expected[] =
        "\r\x1b[KEnvoi 1/10 (10 %)\r\x1b[KEnvoi 5/10 (50 %), 10/s\r\x1b[K";
    assert_int_equal(n, sizeof expected - 1);
    assert_memory_equal(bytes, expected, n);
    progress_init(&progress, fds[1], false, 1000);
    progress_show(&progress, "Envoi", 1, 10, 5000);
    progress_end(&progress);
    assert_int_equal(close(fds[1]), 0);
    assert_int_equal(pending(fds[0], bytes, sizeof bytes), 0);
    assert_int_equal(close(fds[0]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(width_is_what_the_eye_sees),
        cmocka_unit_test(columns_line_up),
        cmocka_unit_test(an_empty_table_prints_nothing),
        cmocka_unit_test(colour_comes_only_when_asked_for),
        cmocka_unit_test(no_text_can_steer_the_terminal),
        cmocka_unit_test(a_wide_character_is_not_cut_in_half),
        cmocka_unit_test(progress_says_how_far_and_how_fast),
        cmocka_unit_test(progress_draws_rarely_and_cleans_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
