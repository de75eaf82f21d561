/* SPDX-License-Identifier: Apache-2.0 */
/* Laws of the clock under random walls, stamps from elsewhere and skews. */
#include "proto/hlc.h"

#include "tests/support/rng.h"
#include "tests/support/seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { CLOCKS = 100, STEPS = 5000, EDITS = 300000, RANGE_MS = 3 * HLC_AHEAD_MS_MAX };

static const int64_t start_ms = 1795349109123;

/* A wall clock that mostly creeps, sometimes stands, sometimes jumps anywhere. */
static int64_t next_wall(struct rng *rng, int64_t wall_ms)
{
    if (rng_chance(rng, 500))
        return start_ms + rng_between(rng, -RANGE_MS, RANGE_MS);
    if (rng_chance(rng, 20))
        return (int64_t)rng_next(rng);
    return wall_ms > INT64_MAX - 3 ? start_ms : wall_ms + rng_between(rng, 0, 3);
}

/* One clock's life. */
static void live(struct rng *rng)
{
    struct hlc clock = {0};
    hlc_t last = 0;
    hlc_t bound = 0; /* the greatest stamp the walls seen so far allow */
    int64_t wall_ms = start_ms;
    for (int i = 0; i < STEPS; i++) {
        wall_ms = next_wall(rng, wall_ms);
        hlc_t wall = hlc_of_ms(wall_ms);
        if (rng_below(rng, 3) == 0) {
            hlc_t ahead = wall + ((hlc_t)(HLC_AHEAD_MS_MAX + 1) << HLC_COUNTER_BITS);
            bound = bound > ahead ? bound : ahead;
            hlc_t seen = hlc_of_ms(start_ms + rng_between(rng, -RANGE_MS, RANGE_MS));
            seen = rng_chance(rng, 1000) ? rng_next(rng) : seen + rng_below(rng, 1 << 16);
            hlc_observe(&clock, seen, wall_ms);
            assert_true(clock.last == last || clock.last == seen);
            assert_true(clock.last >= last);
        } else {
            bound = bound > wall ? bound : wall;
            assert_true(hlc_tick(&clock, wall_ms) > last);
            assert_true(clock.last >= wall);
        }
        last = clock.last;
        assert_true(last <= bound + STEPS);
    }
}

static void stamps_grow_and_stay_near_the_clocks_seen(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, seed_of_run("property/hlc", 1));
    for (int i = 0; i < CLOCKS; i++)
        live(&rng);
}

static int64_t any_ms(struct rng *rng)
{
    if (rng_chance(rng, 50000))
        return (int64_t)rng_next(rng);
    return start_ms + rng_between(rng, -RANGE_MS, RANGE_MS);
}

static void edit_times_keep_their_bounds_and_order(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, seed_of_run("property/hlc", 2));
    for (int i = 0; i < EDITS; i++) {
        int64_t device_ms = any_ms(&rng);
        int64_t later_ms = any_ms(&rng);
        int64_t skew_ms = rng_chance(&rng, 50000) ? (int64_t)rng_next(&rng)
                                                  : rng_between(&rng, -RANGE_MS, RANGE_MS);
        int64_t received_ms = any_ms(&rng);
        int64_t previous_ms = any_ms(&rng);
        int64_t edit = hlc_edit_ms(device_ms, skew_ms, received_ms, previous_ms);
        assert_true(edit <= received_ms);
        assert_true(edit >= previous_ms || edit == received_ms);
        int64_t later = hlc_edit_ms(later_ms, skew_ms, received_ms, previous_ms);
        if (later_ms >= device_ms)
            assert_true(later >= edit);
        /* Judging it again after itself changes nothing. */
        assert_true(hlc_edit_ms(device_ms, skew_ms, received_ms, edit) == edit);
    }
}

static struct stamp any_stamp(struct rng *rng)
{
    /* Few different ones, so that equal halves are common. */
    return (struct stamp){rng_below(rng, 4), (uint32_t)rng_below(rng, 4)};
}

static int sign(int v)
{
    return (v > 0) - (v < 0);
}

static void stamps_have_one_total_order(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, seed_of_run("property/hlc", 3));
    for (int i = 0; i < EDITS; i++) {
        struct stamp a = any_stamp(&rng);
        struct stamp b = any_stamp(&rng);
        struct stamp c = any_stamp(&rng);
        assert_int_equal(sign(stamp_cmp(a, b)), -sign(stamp_cmp(b, a)));
        assert_int_equal(stamp_cmp(a, b) == 0, stamp_eq(a, b));
        if (stamp_cmp(a, b) <= 0 && stamp_cmp(b, c) <= 0)
            assert_true(stamp_cmp(a, c) <= 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamps_grow_and_stay_near_the_clocks_seen),
        cmocka_unit_test(edit_times_keep_their_bounds_and_order),
        cmocka_unit_test(stamps_have_one_total_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
