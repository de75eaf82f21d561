/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admission.h"

#include "support/rng.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { CONNECTED = LIMIT_FIRST_SYNCS + LIMIT_FIRST_WAITING };

static enum admission_word ask(struct admission *a, uint32_t device, int64_t now_ms)
{
    uint32_t retry_ms = 0;
    /* a device's connection has its number, to keep the tests short */
    enum admission_word word = admission_ask(a, device, device, now_ms, 0, &retry_ms);
    if (word == ADMISSION_LATER)
        assert_in_range(retry_ms, LIMIT_RETRY_MS_MIN, LIMIT_RETRY_MS_MAX);
    else
        assert_int_equal(retry_ms, 0);
    return word;
}

/* Places and the line are full; device 1 came first. */
static void fill(struct admission *a)
{
    for (uint32_t device = 1; device <= CONNECTED; device++)
        assert_int_equal(ask(a, device, 0),
                         device <= LIMIT_FIRST_SYNCS ? ADMISSION_GO : ADMISSION_STAY);
}

static void places_are_given_in_the_order_of_coming(void **state)
{
    (void)state;
    struct admission a = {.count = 0};
    fill(&a);
    assert_int_equal(admission_next(&a, 1), 0);
    for (uint32_t i = 1; i <= LIMIT_FIRST_WAITING; i++) {
        admission_leave(&a, i, 1);
        assert_int_equal(admission_next(&a, 1), LIMIT_FIRST_SYNCS + i);
        assert_int_equal(admission_next(&a, 1), 0);
    }
    admission_done(&a);
}

static void who_has_a_place_keeps_it_when_asking_again(void **state)
{
    (void)state;
    struct admission a = {.count = 0};
    fill(&a);
    assert_int_equal(ask(&a, 1, 1), ADMISSION_GO);
    admission_leave(&a, 1, 1);
    assert_int_equal(admission_next(&a, 1), LIMIT_FIRST_SYNCS + 1);
    assert_int_equal(admission_next(&a, 1), 0);
    admission_done(&a);
}

static void nobody_goes_past_those_who_wait(void **state)
{
    (void)state;
    struct admission a = {.count = 0};
    fill(&a);
    admission_leave(&a, 1, 1);
    assert_int_equal(ask(&a, 1000, 1), ADMISSION_LATER);
    assert_int_equal(admission_next(&a, 1), LIMIT_FIRST_SYNCS + 1);
    admission_done(&a);
}

static void a_turn_is_kept_for_who_was_told_to_come_back(void **state)
{
    (void)state;
    struct admission a = {.count = 0};
    fill(&a);
    assert_int_equal(ask(&a, 1000, 1), ADMISSION_LATER);
    assert_int_equal(ask(&a, 1001, 1), ADMISSION_LATER);
    admission_gone(&a, LIMIT_FIRST_SYNCS + 1, 2);
    admission_gone(&a, LIMIT_FIRST_SYNCS + 2, 2); /* both turns are kept for a while too */
    assert_int_equal(ask(&a, 1001, LIMIT_TURN_MS), ADMISSION_LATER);
    int64_t later = LIMIT_TURN_MS + 2;
    assert_int_equal(ask(&a, 1001, later), ADMISSION_STAY);
    assert_int_equal(ask(&a, 1000, later), ADMISSION_STAY);
    assert_int_equal(ask(&a, 1002, later), ADMISSION_LATER); /* no place in the line is left */
    for (uint32_t i = 1; i < LIMIT_FIRST_SYNCS; i++) {
        admission_leave(&a, i, later);
        assert_int_not_equal(admission_next(&a, later), 0);
    }
    for (uint32_t i = 0; i < LIMIT_FIRST_WAITING - LIMIT_FIRST_SYNCS - 1; i++) {
        admission_leave(&a, LIMIT_FIRST_SYNCS + 3 + i, later);
        assert_true(admission_next(&a, later) <= CONNECTED);
    }
    admission_leave(&a, LIMIT_FIRST_SYNCS, later);
    assert_int_equal(admission_next(&a, later), 1000); /* he came before the other */
    admission_leave(&a, 1000, later);
    assert_int_equal(admission_next(&a, later), 1001);
    admission_done(&a);
}

static void who_lost_the_line_with_a_place_comes_first(void **state)
{
    (void)state;
    struct admission a = {.count = 0};
    fill(&a);
    admission_gone(&a, 5, 1);
    assert_int_equal(admission_next(&a, 1), LIMIT_FIRST_SYNCS + 1);
    assert_int_equal(ask(&a, 5, 2), ADMISSION_STAY);
    admission_leave(&a, 1, 3);
    assert_int_equal(admission_next(&a, 3), 5);
    admission_done(&a);
}

static void who_does_not_come_back_loses_the_turn(void **state)
{
    (void)state;
    struct admission a = {.count = 0};
    fill(&a);
    uint32_t retry_ms = 0;
    assert_int_equal(admission_ask(&a, 1000, 1000, 0, 0, &retry_ms), ADMISSION_LATER);
    assert_int_equal(ask(&a, 1001, 0), ADMISSION_LATER);
    int64_t late = 2 * (int64_t)retry_ms + LIMIT_TURN_MS;
    assert_int_equal(a.count, LIMIT_FIRST_WAITING + 2);
    assert_int_equal(ask(&a, 1001, late - 1), ADMISSION_LATER);
    assert_int_equal(ask(&a, 1002, late), ADMISSION_LATER);
    assert_int_equal(a.count, LIMIT_FIRST_WAITING + 2);
    assert_int_equal(a.turns[LIMIT_FIRST_WAITING].device, 1001);
    admission_done(&a);
}

static void the_longer_the_line_the_later(void **state)
{
    (void)state;
    struct admission a = {.count = 0};
    uint32_t last_ms = 0;
    fill(&a);
    admission_leave(&a, 1, 20000); /* that is what a first sync takes */
    assert_int_not_equal(admission_next(&a, 20000), 0);
    assert_int_equal(ask(&a, 999, 20000), ADMISSION_STAY);
    for (uint32_t i = 0; i < 400; i++) {
        uint32_t low = 0;
        uint32_t high = 0;
        uint32_t device = 1000 + i;
        assert_int_equal(admission_ask(&a, device, device, 20000, 0, &low), ADMISSION_LATER);
        assert_int_equal(admission_ask(&a, device, device, 20000, low, &high), ADMISSION_LATER);
        assert_true(low >= last_ms && high >= low && high <= LIMIT_RETRY_MS_MAX);
        last_ms = low;
    }
    assert_int_equal(last_ms, LIMIT_RETRY_MS_MAX / 2);
    admission_done(&a);
}

static void the_line_itself_is_bounded(void **state)
{
    (void)state;
    struct admission a = {.count = 0};
    fill(&a);
    for (uint32_t i = 0; i < LIMIT_PEERS + 100; i++)
        assert_int_equal(ask(&a, 1000 + i, 1), ADMISSION_LATER);
    assert_int_equal(a.count, LIMIT_PEERS);
    admission_done(&a);
}

/* A crowd with bad lines: who comes back when told gets through, in about the order of coming,
 * and no place stays empty while somebody is there. */
struct guest {
    int64_t at_ms; /* asks then; 0: waits connected or has a place, or is through */
    int64_t ends_ms;
    int64_t through_ms;
};

static unsigned taken(const struct admission *a)
{
    unsigned n = 0;
    for (size_t i = 0; i < LIMIT_FIRST_SYNCS; i++)
        n += a->places[i].peer != 0 ? 1U : 0U;
    return n;
}

static unsigned connected(const struct admission *a)
{
    unsigned n = 0;
    for (size_t i = 0; i < a->count; i++)
        n += a->turns[i].peer != 0 ? 1U : 0U;
    return n;
}

static void nobody_is_starved(void **state)
{
    (void)state;
    enum { GUESTS = 1500, TAKES_MS = 3000, TICK_MS = 50 };
    static struct guest guests[GUESTS + 1];
    struct admission a = {.count = 0};
    struct rng rng;
    rng_init(&rng, 5);
    for (uint32_t i = 1; i <= GUESTS; i++)
        guests[i] = (struct guest){.at_ms = rng_between(&rng, 1, 1000)};
    unsigned through = 0;
    int64_t now = 0;
    for (; through < GUESTS && now < 15 * 60 * 1000; now += TICK_MS) {
        for (uint32_t i = 1; i <= GUESTS; i++) {
            struct guest *g = &guests[i];
            uint32_t retry_ms = 0;
            if (g->ends_ms != 0 && g->ends_ms <= now) {
                admission_leave(&a, i, now);
                g->ends_ms = 0;
                g->through_ms = now;
                through++;
            }
            if (g->at_ms == 0 || g->at_ms > now)
                continue;
            g->at_ms = 0;
            enum admission_word word = admission_ask(&a, i, i, now, rng_next(&rng), &retry_ms);
            if (word == ADMISSION_GO)
                g->ends_ms = now + rng_between(&rng, 1, 2 * TAKES_MS);
            else if (word == ADMISSION_LATER)
                g->at_ms = now + retry_ms + rng_between(&rng, 0, retry_ms / 4);
            else if (rng_chance(&rng, 100000)) { /* its line is cut */
                admission_gone(&a, i, now);
                g->at_ms = now + 2000;
            }
        }
        for (uint64_t peer = 0; (peer = admission_next(&a, now)) != 0;)
            guests[peer].ends_ms = now + rng_between(&rng, 1, 2 * TAKES_MS);
        assert_true(connected(&a) <= LIMIT_FIRST_WAITING);
        assert_true(connected(&a) == 0 || taken(&a) == LIMIT_FIRST_SYNCS);
    }
    assert_int_equal(through, GUESTS);
    /* Half as long again as without any gap between two. */
    assert_true(now < INT64_C(3) * GUESTS * TAKES_MS / LIMIT_FIRST_SYNCS / 2);
    admission_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_given_in_the_order_of_coming),
        cmocka_unit_test(who_has_a_place_keeps_it_when_asking_again),
        cmocka_unit_test(nobody_goes_past_those_who_wait),
        cmocka_unit_test(a_turn_is_kept_for_who_was_told_to_come_back),
        cmocka_unit_test(who_lost_the_line_with_a_place_comes_first),
        cmocka_unit_test(who_does_not_come_back_loses_the_turn),
        cmocka_unit_test(the_longer_the_line_the_later),
        cmocka_unit_test(the_line_itself_is_bounded),
        cmocka_unit_test(nobody_is_starved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
