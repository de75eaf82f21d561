/* SPDX-License-Identifier: Apache-2.0 */
#include "io/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void two_draws_differ(void **state)
{
    (void)state;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void large_draws_are_filled_to_the_end(void **state)
{
    (void)state;
    static uint8_t big[100000];
    random_bytes(big, sizeof big);
    size_t seen[256] = {0};
    for (size_t i = 0; i < sizeof big; i++)
        seen[big[i]]++;
    /* 390 expected each; 200 or 600 would be ten standard deviations away. */
    for (size_t i = 0; i < 256; i++)
        assert_in_range(seen[i], 200, 600);
    uint8_t zeros[64] = {0};
    assert_memory_not_equal(big + sizeof big - sizeof zeros, zeros, sizeof zeros);
}

static void nothing_past_the_end_is_touched(void **state)
{
    (void)state;
    uint8_t room[8] = {0};
    random_bytes(room, 4);
    random_bytes(room, 0);
    uint8_t zeros[4] = {0};
    assert_memory_equal(room + 4, zeros, sizeof zeros);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_draws_differ),
        cmocka_unit_test(large_draws_are_filled_to_the_end),
        cmocka_unit_test(nothing_past_the_end_is_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
