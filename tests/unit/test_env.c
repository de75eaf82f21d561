/* SPDX-License-Identifier: Apache-2.0 */
#include "io/env.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void data_goes_to_the_xdg_folder(void **state)
{
    (void)state;
    struct buf path = {0};
    assert_int_equal(setenv("HOME", "/domicile/coach", 1), 0);
    assert_int_equal(setenv("XDG_DATA_HOME", "/srv/données", 1), 0);
    assert_int_equal(env_data_dir("jalon", &path, NULL), ERR_OK);
    assert_string_equal((const char *)path.p, "/srv/données/jalon");
    assert_int_equal(path.n, strlen("/srv/données/jalon"));
    assert_int_equal(setenv("XDG_DATA_HOME", "relative", 1), 0);
    assert_int_equal(env_data_dir("jalon", &path, NULL), ERR_OK);
    assert_string_equal((const char *)path.p, "/domicile/coach/.local/share/jalon");
    assert_int_equal(unsetenv("XDG_DATA_HOME"), 0);
    assert_int_equal(env_data_dir("jalon", &path, NULL), ERR_OK);
    assert_string_equal((const char *)path.p, "/domicile/coach/.local/share/jalon");
    buf_done(&path);
}

static void without_a_home_the_folder_must_be_given(void **state)
{
    (void)state;
    struct buf path = {0};
    struct note why = {""};
    assert_int_equal(setenv("HOME", "", 1), 0);
    assert_int_equal(unsetenv("XDG_DATA_HOME"), 0);
    assert_int_equal(env_data_dir("jalon", &path, &why), ERR_NOTFOUND);
    assert_non_null(strstr(why.text, "--data"));
    assert_int_equal(path.n, 0);
    char *longest = malloc(ENV_PATH_BYTES_MAX + 1);
    assert_non_null(longest);
    memset(longest, '/', ENV_PATH_BYTES_MAX);
    longest[ENV_PATH_BYTES_MAX] = '\0';
    assert_int_equal(setenv("HOME", longest, 1), 0);
    assert_int_equal(env_data_dir("jalon", &path, NULL), ERR_LIMIT);
    free(longest);
    buf_done(&path);
}

static void an_empty_variable_counts_as_unset(void **state)
{
    (void)state;
    assert_int_equal(setenv("LC_ALL", "", 1), 0);
    assert_int_equal(unsetenv("LC_MESSAGES"), 0);
    assert_int_equal(setenv("LANG", "en_US.UTF-8", 1), 0);
    assert_null(env_get("LC_ALL"));
    assert_int_equal(env_language(), SAY_EN);
}

static void a_pipe_is_no_terminal(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    assert_int_equal(unsetenv("NO_COLOR"), 0);
    assert_false(env_tty(fds[1]) || env_color(fds[1]));
    assert_int_equal(env_columns(fds[1]), ENV_COLUMNS_DEFAULT);
    assert_int_equal(close(fds[0]) | close(fds[1]), 0);
}

/* A pseudo terminal is one. */
static void no_color_switches_colours_off(void **state)
{
    (void)state;
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    if (fd < 0)
        skip();
    assert_int_equal(setenv("TERM", "xterm", 1), 0);
    assert_int_equal(unsetenv("NO_COLOR"), 0);
    assert_true(env_tty(fd) && env_color(fd));
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    assert_false(env_color(fd));
    assert_int_equal(unsetenv("NO_COLOR"), 0);
    assert_int_equal(setenv("TERM", "dumb", 1), 0);
    assert_false(env_color(fd));
    assert_int_equal(close(fd), 0);
}

/* Last: it holds for the rest of the process. */
static void nothing_of_the_process_is_for_others(void **state)
{
    (void)state;
    struct rlimit core = {.rlim_cur = 1};
    env_keep_private();
    assert_int_equal(getrlimit(RLIMIT_CORE, &core), 0);
    assert_int_equal(core.rlim_cur, 0);
    assert_int_equal(core.rlim_max, 0);
    assert_int_equal(umask(0), 0077);
    (void)umask(0077);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_goes_to_the_xdg_folder),
        cmocka_unit_test(without_a_home_the_folder_must_be_given),
        cmocka_unit_test(an_empty_variable_counts_as_unset),
        cmocka_unit_test(a_pipe_is_no_terminal),
        cmocka_unit_test(no_color_switches_colours_off),
        cmocka_unit_test(nothing_of_the_process_is_for_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
