/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/hlc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const int64_t now_ms = 1795349109123; /* 2026-11-22 */

static void two_hundred_thousand_edits_at_a_frozen_clock_all_differ(void **state)
{
    (void)state;
    struct hlc clock = {0};
    hlc_t last = 0;
    for (int i = 0; i < 200000; i++) {
        hlc_t stamp = hlc_tick(&clock, now_ms);
        assert_true(stamp > last);
        last = stamp;
    }
    /* 65,536 counters a millisecond: the fourth one is reached, and no further. */
    assert_true(hlc_ms(last) == now_ms + 3);
    assert_true(hlc_tick(&clock, now_ms + 10) == hlc_of_ms(now_ms + 10));
}

static void a_clock_stepping_back_never_repeats_a_stamp(void **state)
{
    (void)state;
    struct hlc clock = {0};
    hlc_t high = hlc_tick(&clock, now_ms);
    assert_true(hlc_tick(&clock, now_ms - 86400000) == high + 1);
    assert_true(hlc_tick(&clock, 0) == high + 2);
    assert_true(hlc_tick(&clock, -5) == high + 3);
    assert_true(hlc_tick(&clock, INT64_MIN) == high + 4);
    assert_true(hlc_tick(&clock, now_ms + 1) == hlc_of_ms(now_ms + 1));
}

static void a_wall_clock_out_of_this_world_leaves_room_to_grow(void **state)
{
    (void)state;
    struct hlc clock = {0};
    hlc_t last = hlc_tick(&clock, INT64_MAX);
    for (int i = 0; i < 100000; i++) {
        hlc_t stamp = hlc_tick(&clock, INT64_MAX);
        assert_true(stamp > last);
        last = stamp;
    }
    assert_true(last < (hlc_t)INT64_MAX);
}

static void the_first_stamp_is_never_none(void **state)
{
    (void)state;
    struct hlc clock = {0};
    assert_true(hlc_tick(&clock, 0) != 0);
}

static void a_stamp_seen_is_passed_by_the_next_edit(void **state)
{
    (void)state;
    struct hlc clock = {0};
    hlc_t seen = hlc_of_ms(now_ms + HLC_AHEAD_MS_MAX) + 77;
    hlc_observe(&clock, seen, now_ms);
    assert_true(hlc_tick(&clock, now_ms) == seen + 1);
}

static void a_stamp_too_far_ahead_is_ignored(void **state)
{
    (void)state;
    struct hlc clock = {0};
    hlc_t before = hlc_tick(&clock, now_ms);
    hlc_observe(&clock, hlc_of_ms(now_ms + HLC_AHEAD_MS_MAX + 1), now_ms);
    hlc_observe(&clock, UINT64_MAX, now_ms);
    hlc_observe(&clock, UINT64_MAX, INT64_MAX);
    hlc_observe(&clock, hlc_of_ms(now_ms), INT64_MIN);
    assert_true(clock.last == before);
}

static void an_older_stamp_seen_changes_nothing(void **state)
{
    (void)state;
    struct hlc clock = {0};
    hlc_t before = hlc_tick(&clock, now_ms);
    hlc_observe(&clock, before, now_ms);
    hlc_observe(&clock, before - 1, now_ms);
    hlc_observe(&clock, 0, now_ms);
    assert_true(clock.last == before);
}

static void milliseconds_go_in_and_out(void **state)
{
    (void)state;
    assert_true(hlc_ms(hlc_of_ms(now_ms)) == now_ms);
    assert_true(hlc_ms(hlc_of_ms(now_ms) | 0xffff) == now_ms);
    assert_true(hlc_of_ms(-1) == 0);
    assert_true(hlc_of_ms(INT64_MAX) <= (hlc_t)INT64_MAX);
}

static void equal_times_are_ordered_by_origin(void **state)
{
    (void)state;
    struct stamp low = {hlc_of_ms(now_ms), 3};
    struct stamp high = {hlc_of_ms(now_ms), 4};
    struct stamp later = {hlc_of_ms(now_ms) + 1, 0};
    assert_true(stamp_cmp(low, high) < 0);
    assert_true(stamp_cmp(high, low) > 0);
    assert_true(stamp_cmp(high, later) < 0);
    assert_int_equal(stamp_cmp(high, high), 0);
    assert_true(stamp_eq(high, high));
    assert_false(stamp_eq(high, low));
}

static void edit_times_are_translated_by_the_skew(void **state)
{
    (void)state;
    const int64_t skew_ms = 3600000;
    /* One hour fast: the edit happened an hour before the device says. */
    assert_true(hlc_edit_ms(now_ms, skew_ms, now_ms + 10, 0) == now_ms - skew_ms);
    /* One hour slow: real work of a slow clock is not made old. */
    assert_true(hlc_edit_ms(now_ms - 2 * skew_ms, -skew_ms, now_ms, 0) == now_ms - skew_ms);
}

static void small_skews_are_noise(void **state)
{
    (void)state;
    const int64_t skew_ms = HLC_SKEW_NOISE_MS;
    assert_true(hlc_edit_ms(now_ms, skew_ms - 1, now_ms + 5000, 0) == now_ms);
    assert_true(hlc_edit_ms(now_ms, 1 - skew_ms, now_ms + 5000, 0) == now_ms);
    assert_true(hlc_edit_ms(now_ms, skew_ms, now_ms + 5000, 0) == now_ms - skew_ms);
    assert_true(hlc_edit_ms(now_ms, -skew_ms, now_ms + 5000, 0) == now_ms + skew_ms);
}

static void an_edit_of_the_future_counts_from_its_receipt(void **state)
{
    (void)state;
    assert_true(hlc_edit_ms(now_ms + 1000000000, 0, now_ms, 0) == now_ms);
    assert_true(hlc_edit_ms(INT64_MAX, INT64_MIN, now_ms, 0) == now_ms);
    /* A previous edit accepted while the server's own clock ran ahead does not win for ever. */
    assert_true(hlc_edit_ms(now_ms, 0, now_ms, now_ms + 1000000000) == now_ms);
}

static void an_edit_never_stands_before_the_previous_one(void **state)
{
    (void)state;
    assert_true(hlc_edit_ms(now_ms - 50000, 0, now_ms, now_ms - 20) == now_ms - 20);
    assert_true(hlc_edit_ms(INT64_MIN, INT64_MAX, now_ms, now_ms - 20) == now_ms - 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hundred_thousand_edits_at_a_frozen_clock_all_differ),
        cmocka_unit_test(a_clock_stepping_back_never_repeats_a_stamp),
        cmocka_unit_test(a_wall_clock_out_of_this_world_leaves_room_to_grow),
        cmocka_unit_test(the_first_stamp_is_never_none),
        cmocka_unit_test(a_stamp_seen_is_passed_by_the_next_edit),
        cmocka_unit_test(a_stamp_too_far_ahead_is_ignored),
        cmocka_unit_test(an_older_stamp_seen_changes_nothing),
        cmocka_unit_test(milliseconds_go_in_and_out),
        cmocka_unit_test(equal_times_are_ordered_by_origin),
        cmocka_unit_test(edit_times_are_translated_by_the_skew),
        cmocka_unit_test(small_skews_are_noise),
        cmocka_unit_test(an_edit_of_the_future_counts_from_its_receipt),
        cmocka_unit_test(an_edit_never_stands_before_the_previous_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
