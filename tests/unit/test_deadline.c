/* SPDX-License-Identifier: Apache-2.0 */
#include "io/deadline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_term_that_does_not_run_never_passes(void **state)
{
    (void)state;
    struct deadline d = {0};
    assert_false(deadline_passed(&d, UINT64_MAX, 0));
}

static void without_progress_the_term_passes_when_due(void **state)
{
    (void)state;
    struct deadline d;
    deadline_start(&d, 1000, 50, 0, 0, 7);
    assert_false(deadline_passed(&d, 1049, 7));
    assert_true(deadline_passed(&d, 1050, 999999));
}

static void enough_progress_renews_and_too_little_does_not(void **state)
{
    (void)state;
    struct deadline d;
    deadline_start(&d, 1000, 50, 10, 0, 0);
    assert_false(deadline_passed(&d, 1060, 10));
    assert_int_equal(d.due_ms, 1110);
    assert_false(deadline_passed(&d, 1109, 10));
    assert_true(deadline_passed(&d, 1110, 19));
}

static void progress_renews_only_until_the_total(void **state)
{
    (void)state;
    struct deadline d;
    deadline_start(&d, 1000, 50, 1, 70, 0);
    assert_false(deadline_passed(&d, 1050, 5));
    assert_int_equal(d.due_ms, 1070);
    assert_true(deadline_passed(&d, 1070, 500));
}

static void a_term_of_nothing_passes_at_once(void **state)
{
    (void)state;
    struct deadline d;
    deadline_start(&d, 1000, 0, 0, 0, 0);
    assert_true(deadline_passed(&d, 1001, 0));
    deadline_start(&d, 1000, -5, 0, 0, 0);
    assert_true(deadline_passed(&d, 1001, 0));
}

static void the_earlier_running_term_is_next(void **state)
{
    (void)state;
    struct deadline none = {0};
    struct deadline a;
    struct deadline b;
    deadline_start(&a, 1000, 50, 0, 0, 0);
    deadline_start(&b, 1000, 20, 0, 0, 0);
    assert_int_equal(deadline_next(&a, &b), 1020);
    assert_int_equal(deadline_next(&b, &a), 1020);
    assert_int_equal(deadline_next(&a, &none), 1050);
    assert_int_equal(deadline_next(&none, &b), 1020);
    assert_int_equal(deadline_next(&none, &none), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_term_that_does_not_run_never_passes),
        cmocka_unit_test(without_progress_the_term_passes_when_due),
        cmocka_unit_test(enough_progress_renews_and_too_little_does_not),
        cmocka_unit_test(progress_renews_only_until_the_total),
        cmocka_unit_test(a_term_of_nothing_passes_at_once),
        cmocka_unit_test(the_earlier_running_term_is_next),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
