/* SPDX-License-Identifier: Apache-2.0 */
/* The lease of a replica: how long it may be read without contact, whatever the clock says. */
#include "store/lease.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;
static const int64_t MINUTE_MS = 60 * 1000; /* the clocks here are not quite the same */

static struct lease look(struct twin *t)
{
    struct lease lease = {.days = -1};
    assert_int_equal(lease_look(t->replicas[0].store, &lease), ERR_OK);
    return lease;
}

static void reopen(struct twin *t)
{
    store_close(t->replicas[0].store);
    twin_open_party(t, &t->replicas[0]);
}

static void open_synced(struct twin *t)
{
    twin_open(t, 1, &schema_jalon);
    (void)twin_sync(t, 0);
}

static void a_month_without_contact_locks_and_a_sync_opens(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t);
    assert_int_equal(look(&t).days, 30);
    t.replicas[0].wall_ms += 29 * DAY_MS;
    assert_false(look(&t).locked);
    t.replicas[0].wall_ms += DAY_MS + MINUTE_MS;
    assert_true(look(&t).locked);
    (void)twin_sync(&t, 0);
    assert_false(look(&t).locked);
    twin_close(&t);
}

static void a_clock_put_back_makes_it_no_longer(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t);
    t.replicas[0].wall_ms += 31 * DAY_MS;
    assert_true(look(&t).locked);
    t.replicas[0].wall_ms -= 30 * DAY_MS;
    assert_true(look(&t).locked);
    reopen(&t);
    assert_true(look(&t).locked);
    (void)twin_sync(&t, 0); /* with the clock as it is */
    assert_false(look(&t).locked);
    t.replicas[0].wall_ms += 29 * DAY_MS;
    assert_false(look(&t).locked);
    t.replicas[0].wall_ms += 2 * DAY_MS;
    assert_true(look(&t).locked);
    twin_close(&t);
}

/* A little at a time, as somebody would who knows of it. */
static void time_that_was_shown_counts(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t);
    int64_t start = t.replicas[0].wall_ms;
    t.replicas[0].wall_ms = start + 20 * DAY_MS;
    assert_false(look(&t).locked);
    t.replicas[0].wall_ms = start;
    assert_false(look(&t).locked);
    reopen(&t);
    t.replicas[0].wall_ms = start + 30 * DAY_MS + MINUTE_MS;
    assert_true(look(&t).locked);
    twin_close(&t);
}

static void the_network_or_the_structure_says_how_long(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t);
    const char *week[] = {"key=lease_days", "value=7", "valid_from=2020-01-01", NULL};
    struct id id = twin_add(&t.server, "parameter", week);
    (void)twin_sync(&t, 0);
    assert_int_equal(look(&t).days, 7);
    t.replicas[0].wall_ms += 7 * DAY_MS + MINUTE_MS;
    assert_true(look(&t).locked);
    const char *none[] = {"value=0", NULL};
    assert_int_equal(twin_set(&t.server, "parameter", &id, none), ERR_OK);
    (void)twin_sync(&t, 0);
    assert_int_equal(look(&t).days, 0);
    t.replicas[0].wall_ms += 3000 * DAY_MS;
    assert_false(look(&t).locked);
    const char *odd[] = {"value=toujours", NULL};
    assert_int_equal(twin_set(&t.server, "parameter", &id, odd), ERR_OK);
    (void)twin_sync(&t, 0);
    assert_int_equal(look(&t).days, 30);
    twin_close(&t);
}

static void a_replica_never_complete_counts_from_the_first_look(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    assert_false(look(&t).locked);
    t.replicas[0].wall_ms += 31 * DAY_MS;
    assert_true(look(&t).locked);
    (void)twin_sync(&t, 0);
    assert_false(look(&t).locked);
    twin_close(&t);
}

/* A clock that was wrong at the last sync, and is set right. */
static void a_clock_set_right_locks_nothing(void **state)
{
    (void)state;
    static const int64_t off[] = {-56 * 365, 10 * 365};
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        struct twin t;
        open_synced(&t);
        t.replicas[0].wall_ms += off[i] * DAY_MS;
        (void)twin_sync(&t, 0);
        t.replicas[0].wall_ms += 5 * DAY_MS;
        assert_false(look(&t).locked);
        t.replicas[0].wall_ms -= off[i] * DAY_MS;
        assert_false(look(&t).locked);
        t.replicas[0].wall_ms += 24 * DAY_MS;
        assert_false(look(&t).locked);
        t.replicas[0].wall_ms += 2 * DAY_MS;
        assert_true(look(&t).locked);
        twin_close(&t);
    }
}

/* What was saved meanwhile is there, and goes out. */
static void unsent_work_is_kept(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t);
    const char *person[] = {"name=Fictif", "first_name=Zoé", NULL};
    (void)twin_add(&t.replicas[0], "person", person);
    t.replicas[0].wall_ms += 40 * DAY_MS;
    assert_true(look(&t).locked);
    (void)twin_sync(&t, 0);
    assert_int_equal(twin_count(t.server.store, "person"), 1);
    twin_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_month_without_contact_locks_and_a_sync_opens),
        cmocka_unit_test(a_clock_put_back_makes_it_no_longer),
        cmocka_unit_test(time_that_was_shown_counts),
        cmocka_unit_test(the_network_or_the_structure_says_how_long),
        cmocka_unit_test(a_replica_never_complete_counts_from_the_first_look),
        cmocka_unit_test(a_clock_set_right_locks_nothing),
        cmocka_unit_test(unsent_work_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
