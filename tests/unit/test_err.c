/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void every_error_has_a_name_a_text_and_an_exit_status(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++) {
        enum err err = (enum err)i;
        assert_true(strlen(err_name(err)) > 0);
        assert_true(strlen(err_text(err)) > 0);
        assert_in_range((unsigned long)err_exit(err), 0, 6);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(err_name(err), err_name((enum err)k));
    }
}

static void only_success_exits_with_zero(void **state)
{
    (void)state;
    assert_int_equal(err_exit(ERR_OK), 0);
    for (int i = 1; i < ERR_COUNT; i++)
        assert_int_not_equal(err_exit((enum err)i), 0);
}

static void the_wire_numbers_are_frozen(void **state)
{
    (void)state;
    static const char *const names[] = {
        "OK",       "NOMEM",    "IO",      "FULL",     "CORRUPT", "BUSY",
        "NOTFOUND", "EXISTS",   "USAGE",   "INVALID",  "FORMAT",  "LIMIT",
        "PROTOCOL", "VERSION",  "OFFLINE", "TIMEOUT",  "CLOSED",  "REFUSED",
        "REVOKED",  "IDENTITY", "FROZEN",  "CONFLICT", "LATER",   "FORK",
    };
    assert_true(sizeof names / sizeof names[0] <= ERR_COUNT);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_string_equal(err_name((enum err)i), names[i]);
}

static void the_exit_statuses_follow_the_contract(void **state)
{
    (void)state;
    assert_int_equal(err_exit(ERR_USAGE), 2);
    assert_int_equal(err_exit(ERR_OFFLINE), 3);
    assert_int_equal(err_exit(ERR_CONFLICT), 4);
    assert_int_equal(err_exit(ERR_REVOKED), 5);
    assert_int_equal(err_exit(ERR_CORRUPT), 6);
    assert_true(err_retry(ERR_OFFLINE));
    assert_false(err_retry(ERR_REVOKED));
}

static void a_note_is_cut_and_terminated_and_gives_the_error_back(void **state)
{
    (void)state;
    struct note why;
    memset(&why, 'x', sizeof why);
    assert_int_equal(note_set(&why, ERR_INVALID, "field %d: expected %s", 7, "a date"),
                     ERR_INVALID);
    assert_string_equal(why.text, "field 7: expected a date");
    char large[2 * NOTE_BYTES];
    memset(large, 'y', sizeof large);
    large[sizeof large - 1] = '\0';
    assert_int_equal(note_set(&why, ERR_LIMIT, "%s", large), ERR_LIMIT);
    assert_int_equal(strlen(why.text), NOTE_BYTES - 1);
    assert_int_equal(note_set(NULL, ERR_IO, "nobody listens"), ERR_IO);
}

static void a_broken_promise_of_ours_aborts_and_says_where(void **state)
{
    (void)state;
    int talk[2];
    assert_int_equal(pipe(talk), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(talk[1], STDERR_FILENO);
        must(1 == 1);
        must(1 == 2);
        _exit(0);
    }
    (void)close(talk[1]);
    char said[256] = {0};
    size_t n = 0;
    ssize_t got = 0;
    while ((got = read(talk[0], said + n, sizeof said - 1 - n)) > 0)
        n += (size_t)got;
    (void)close(talk[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_non_null(strstr(said, "test_err.c"));
    assert_non_null(strstr(said, "1 == 2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_name_a_text_and_an_exit_status),
        cmocka_unit_test(only_success_exits_with_zero),
        cmocka_unit_test(the_wire_numbers_are_frozen),
        cmocka_unit_test(the_exit_statuses_follow_the_contract),
        cmocka_unit_test(a_note_is_cut_and_terminated_and_gives_the_error_back),
        cmocka_unit_test(a_broken_promise_of_ours_aborts_and_says_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
