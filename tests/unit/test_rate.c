/* SPDX-License-Identifier: Apache-2.0 */
#include "io/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct rate ten_a_second = {.interval_ms = 100, .burst = 5};

static void a_burst_passes_and_then_one_for_each_interval(void **state)
{
    (void)state;
    int64_t paid_ms = 0;
    for (int i = 0; i < 5; i++)
        assert_true(rate_take(&ten_a_second, &paid_ms, 1000));
    assert_false(rate_take(&ten_a_second, &paid_ms, 1000));
    assert_false(rate_take(&ten_a_second, &paid_ms, 1099));
    assert_true(rate_take(&ten_a_second, &paid_ms, 1100));
    assert_false(rate_take(&ten_a_second, &paid_ms, 1100));
    /* A long rest gives the burst back, and no more than that. */
    for (int i = 0; i < 5; i++)
        assert_true(rate_take(&ten_a_second, &paid_ms, 900000));
    assert_false(rate_take(&ten_a_second, &paid_ms, 900000));
}

static void without_an_interval_all_pass(void **state)
{
    (void)state;
    const struct rate none = {0};
    int64_t paid_ms = 0;
    for (int i = 0; i < 1000; i++)
        assert_true(rate_take(&none, &paid_ms, 0));
}

static void one_address_does_not_use_up_what_another_has(void **state)
{
    (void)state;
    struct rate_table *table = rate_table_new(&ten_a_second);
    const uint8_t a[RATE_ADDRESS_BYTES] = {1};
    const uint8_t b[RATE_ADDRESS_BYTES] = {2};
    assert_non_null(table);
    for (int i = 0; i < 5; i++)
        assert_true(rate_table_take(table, a, 1000));
    assert_false(rate_table_take(table, a, 1000));
    assert_true(rate_table_take(table, b, 1000));
    rate_table_free(table);
}

/* Whoever has all addresses of the world cannot make the table grow, nor himself be forgotten
 * while he goes on from one of them. */
static void a_flood_of_addresses_does_not_let_the_busiest_go(void **state)
{
    (void)state;
    struct rate_table *table = rate_table_new(&ten_a_second);
    const uint8_t busy[RATE_ADDRESS_BYTES] = {0xff};
    assert_non_null(table);
    for (int i = 0; i < 5; i++)
        (void)rate_table_take(table, busy, 1000);
    for (uint32_t i = 0; i < 100000; i++) {
        uint8_t address[RATE_ADDRESS_BYTES] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8),
                                               (uint8_t)i, 1};
        (void)rate_table_take(table, address, 1000);
    }
    assert_false(rate_table_take(table, busy, 1000));
    rate_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_and_then_one_for_each_interval),
        cmocka_unit_test(without_an_interval_all_pass),
        cmocka_unit_test(one_address_does_not_use_up_what_another_has),
        cmocka_unit_test(a_flood_of_addresses_does_not_let_the_busiest_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
