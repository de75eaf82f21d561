/* SPDX-License-Identifier: Apache-2.0 */
#include "client/presence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const int64_t WALL_MS = INT64_C(1795000000000);
enum { MINUTE_MS = 60 * 1000 };

static struct presence_now at(int64_t ms)
{
    return (struct presence_now){.wall_ms = WALL_MS + ms, .mono_ms = 5000 + ms};
}

static void since_when_is_the_beginning_and_not_the_last_try(void **state)
{
    (void)state;
    struct presence p = {.connected = false};
    struct note why = {"serveur fictif"};
    presence_failed(&p, ERR_OFFLINE, &why, 1000, at(10));
    assert_int_equal(p.since_ms, WALL_MS + 10);
    presence_failed(&p, ERR_TIMEOUT, NULL, 2000, at(500));
    assert_int_equal(p.since_ms, WALL_MS + 10);
    assert_int_equal(p.next_ms, WALL_MS + 2500);
    assert_int_equal(p.err, ERR_TIMEOUT);
    assert_string_equal(p.why.text, "");
    presence_connected(&p, at(3000));
    assert_true(p.connected);
    assert_int_equal(p.since_ms, WALL_MS + 3000);
    assert_int_equal(p.next_ms, 0);
    assert_int_equal(p.err, ERR_OK);
    presence_failed(&p, ERR_CLOSED, &why, -1, at(9000));
    assert_false(p.connected);
    assert_int_equal(p.since_ms, WALL_MS + 9000);
    assert_int_equal(p.next_ms, 0);
    assert_string_equal(p.why.text, "serveur fictif");
}

static void two_minutes_without_progress_are_said_once(void **state)
{
    (void)state;
    struct presence p = {.connected = false};
    presence_connected(&p, at(0));
    assert_false(presence_outbox(&p, 3, 7, at(100))); /* the first look */
    for (int64_t ms = PRESENCE_LOOK_MS; ms < PRESENCE_STUCK_MS; ms += PRESENCE_LOOK_MS)
        assert_false(presence_outbox(&p, 3, 7, at(100 + ms)));
    assert_false(presence_outbox(&p, 3, 7, at(100 + PRESENCE_STUCK_MS - 1)));
    assert_true(presence_outbox(&p, 4, 7, at(100 + PRESENCE_STUCK_MS)));
    assert_true(p.stuck);
    assert_false(presence_outbox(&p, 4, 7, at(101 + PRESENCE_STUCK_MS)));
    assert_true(p.stuck);
    assert_false(presence_outbox(&p, 3, 8, at(102 + PRESENCE_STUCK_MS))); /* it moves */
    assert_false(p.stuck);
}

static void an_empty_outbox_is_never_stuck(void **state)
{
    (void)state;
    struct presence p = {.connected = false};
    presence_connected(&p, at(0));
    for (int i = 0; i < 10; i++)
        assert_false(presence_outbox(&p, 0, 7, at((int64_t)i * MINUTE_MS)));
    assert_false(presence_outbox(&p, 1, 7, at(10 * MINUTE_MS))); /* saved just now */
    assert_false(presence_outbox(&p, 1, 7, at(11 * MINUTE_MS)));
    assert_true(presence_outbox(&p, 1, 7, at(12 * MINUTE_MS)));
}

static void time_away_does_not_count(void **state)
{
    (void)state;
    struct presence p = {.connected = false};
    presence_failed(&p, ERR_OFFLINE, NULL, 1000, at(0));
    assert_false(presence_outbox(&p, 1, 0, at(0)));
    assert_false(presence_outbox(&p, 1, 0, at(30 * MINUTE_MS)));
    assert_false(p.stuck);
    presence_connected(&p, at(30 * MINUTE_MS));
    assert_false(presence_outbox(&p, 1, 0, at(31 * MINUTE_MS)));
}

/* A connection that comes and goes and never moves anything is no better than one that stays.
 */
static void connections_that_come_to_nothing_add_up(void **state)
{
    (void)state;
    struct presence p = {.connected = false};
    int64_t ms = 0;
    assert_false(presence_outbox(&p, 1, 5, at(0)));
    for (int i = 0; i < 3; i++, ms += 10 * MINUTE_MS) {
        presence_connected(&p, at(ms));
        assert_false(presence_outbox(&p, 1, 5, at(ms + MINUTE_MS / 2)));
        presence_failed(&p, ERR_CLOSED, NULL, 1000, at(ms + MINUTE_MS / 2));
    }
    presence_connected(&p, at(ms));
    assert_true(presence_outbox(&p, 1, 5, at(ms + MINUTE_MS / 2)));
    presence_failed(&p, ERR_CLOSED, NULL, 1000, at(ms + MINUTE_MS / 2));
    assert_false(p.stuck);
}

/* The lid is shut with something unsent, and opened in the morning: the clock has gone on. */
static void sleep_does_not_count(void **state)
{
    (void)state;
    enum { NIGHT_MS = 9 * 60 * MINUTE_MS };
    struct presence p = {.connected = false};
    presence_connected(&p, at(0));
    assert_false(presence_outbox(&p, 1, 5, at(0)));
    assert_false(presence_outbox(&p, 1, 5, at(PRESENCE_LOOK_MS)));
    assert_false(presence_outbox(&p, 1, 5, at(PRESENCE_LOOK_MS + NIGHT_MS)));
    /* a look's time for the agent to notice that the connection is gone */
    assert_false(presence_outbox(&p, 1, 5, at(2 * PRESENCE_LOOK_MS + NIGHT_MS)));
    assert_false(p.stuck);
    assert_true(presence_outbox(&p, 1, 5, at(3 * PRESENCE_LOOK_MS + NIGHT_MS)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(since_when_is_the_beginning_and_not_the_last_try),
        cmocka_unit_test(two_minutes_without_progress_are_said_once),
        cmocka_unit_test(an_empty_outbox_is_never_stuck),
        cmocka_unit_test(time_away_does_not_count),
        cmocka_unit_test(connections_that_come_to_nothing_add_up),
        cmocka_unit_test(sleep_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
