/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/alloc_fail.h"

#include "proto/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sqlite3.h>

static bool three_allocations(void)
{
    void *blocks[3] = {NULL};
    bool ok = true;
    for (int i = 0; i < 3; i++) {
        blocks[i] = mem_new(8);
        ok = ok && blocks[i] != NULL;
    }
    for (int i = 0; i < 3; i++)
        mem_free(blocks[i]);
    return ok;
}

static void only_the_nth_allocation_fails_when_asked_once(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 3; n++) {
        alloc_fail_at(ALLOC_OURS, n, false);
        assert_false(three_allocations());
        assert_int_equal(alloc_fail_refused(), 1);
        assert_int_equal(alloc_fail_count(), 3);
    }
    alloc_fail_at(ALLOC_OURS, 4, false);
    assert_true(three_allocations());
    assert_int_equal(alloc_fail_refused(), 0);
    alloc_fail_off();
    assert_true(three_allocations());
    assert_int_equal(alloc_fail_count(), 3);
}

static void every_later_allocation_fails_when_asked_to_last(void **state)
{
    (void)state;
    alloc_fail_at(ALLOC_OURS, 2, true);
    assert_false(three_allocations());
    assert_int_equal(alloc_fail_refused(), 2);
    alloc_fail_off();
}

static int use_sqlite(void)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open(":memory:", &db);
    if (code == SQLITE_OK)
        code = sqlite3_exec(db, "CREATE TABLE t(a); INSERT INTO t VALUES(zeroblob(9000))", NULL,
                            NULL, NULL);
    (void)sqlite3_close(db);
    return code;
}

static void each_failed_allocation_of_sqlite_is_an_error_and_never_a_leak(void **state)
{
    (void)state;
    int64_t blocks = alloc_fail_sqlite_blocks();
    uint64_t refused = 1;
    uint64_t n = 0;
    int errors = 0;
    while (refused > 0) {
        alloc_fail_at(ALLOC_SQLITE, ++n, true);
        int code = use_sqlite();
        refused = alloc_fail_refused();
        alloc_fail_off();
        assert_true(code == SQLITE_OK || code == SQLITE_NOMEM);
        errors += code == SQLITE_NOMEM;
        assert_int_equal(alloc_fail_sqlite_blocks(), blocks);
    }
    assert_true(errors > 10);
    assert_int_equal(use_sqlite(), SQLITE_OK);
}

static void both_sides_share_one_count(void **state)
{
    (void)state;
    alloc_fail_at(ALLOC_BOTH, 0, false);
    assert_true(three_allocations());
    assert_int_equal(use_sqlite(), SQLITE_OK);
    assert_true(alloc_fail_count() > 6);
    assert_int_equal(alloc_fail_refused(), 0);
    alloc_fail_off();
}

int main(void)
{
    alloc_fail_install();
    /* Lets SQLite make what it keeps for the life of the process before leaks are counted. */
    if (use_sqlite() != SQLITE_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_nth_allocation_fails_when_asked_once),
        cmocka_unit_test(every_later_allocation_fails_when_asked_to_last),
        cmocka_unit_test(each_failed_allocation_of_sqlite_is_an_error_and_never_a_leak),
        cmocka_unit_test(both_sides_share_one_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
