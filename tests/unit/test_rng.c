/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The reference implementation of xoshiro256** started from the state 1, 2, 3, 4. */
static void the_generator_gives_the_published_numbers(void **state)
{
    (void)state;
    static const uint64_t published[] = {11520U,
                                         0U,
                                         1509978240U,
                                         1215971899390074240U,
                                         1216172134540287360U,
                                         607988272756665600U,
                                         16172922978634559625U,
                                         8476171486693032832U,
                                         10595114339597558777U,
                                         2904607092377533576U};
    struct rng rng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++)
        assert_true(rng_next(&rng) == published[i]);
}

static void one_seed_gives_one_sequence(void **state)
{
    (void)state;
    struct rng a;
    struct rng b;
    struct rng other;
    rng_init(&a, 7);
    rng_init(&b, 7);
    rng_init(&other, 8);
    int same_as_other = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t x = rng_next(&a);
        assert_true(x == rng_next(&b));
        same_as_other += x == rng_next(&other);
    }
    assert_int_equal(same_as_other, 0);
}

static void a_draw_in_one_stream_does_not_shift_another(void **state)
{
    (void)state;
    struct rng net;
    struct rng disk;
    rng_stream(&net, 42, "net");
    rng_stream(&disk, 42, "disk");
    uint64_t first = rng_next(&disk);
    assert_true(first != rng_next(&net));
    rng_stream(&disk, 42, "disk");
    for (int i = 0; i < 10; i++)
        (void)rng_next(&net);
    assert_true(first == rng_next(&disk));
}

static void every_value_of_a_range_comes_about_as_often(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 3);
    int seen[7] = {0};
    for (int i = 0; i < 70000; i++)
        seen[rng_between(&rng, -3, 3) + 3]++;
    for (int i = 0; i < 7; i++) {
        assert_true(seen[i] > 9500);
        assert_true(seen[i] < 10500);
    }
    assert_true(rng_below(&rng, 1) == 0);
    assert_true(rng_between(&rng, INT64_MAX, INT64_MAX) == INT64_MAX);
    (void)rng_between(&rng, INT64_MIN, INT64_MAX);
}

static void spread_stays_inside_and_reaches_each_order_of_magnitude(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 5);
    int small = 0;
    int large = 0;
    for (int i = 0; i < 10000; i++) {
        uint64_t x = rng_spread(&rng, 3, 5000);
        assert_true(x >= 3);
        assert_true(x <= 5000);
        small += x < 64;
        large += x >= 1024;
    }
    assert_true(small > 2000);
    assert_true(large > 1000);
    assert_true(rng_spread(&rng, 9, 9) == 9);
    assert_true(rng_spread(&rng, UINT64_MAX, UINT64_MAX) == UINT64_MAX);
}

static void chance_keeps_its_rate_and_zero_draws_nothing(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 9);
    struct rng before = rng;
    assert_false(rng_chance(&rng, 0));
    assert_memory_equal(&before, &rng, sizeof rng);
    int hits = 0;
    for (int i = 0; i < 100000; i++)
        hits += rng_chance(&rng, 100000);
    assert_true(hits > 9500);
    assert_true(hits < 10500);
    assert_true(rng_chance(&rng, 1000000));
}

static void fill_writes_every_byte_and_no_more(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 11);
    bool changed[13] = {false};
    for (int round = 0; round < 20; round++) {
        uint8_t bytes[15];
        memset(bytes, 0xA5, sizeof bytes);
        rng_fill(&rng, bytes + 1, 13);
        assert_int_equal(bytes[0], 0xA5);
        assert_int_equal(bytes[14], 0xA5);
        for (size_t i = 0; i < 13; i++)
            changed[i] |= bytes[i + 1] != 0xA5;
    }
    for (size_t i = 0; i < 13; i++)
        assert_true(changed[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_generator_gives_the_published_numbers),
        cmocka_unit_test(one_seed_gives_one_sequence),
        cmocka_unit_test(a_draw_in_one_stream_does_not_shift_another),
        cmocka_unit_test(every_value_of_a_range_comes_about_as_often),
        cmocka_unit_test(spread_stays_inside_and_reaches_each_order_of_magnitude),
        cmocka_unit_test(chance_keeps_its_rate_and_zero_draws_nothing),
        cmocka_unit_test(fill_writes_every_byte_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
