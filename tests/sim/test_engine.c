/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { OWNER_TEST = 3, LOG_MAX = 4000 };

struct log {
    struct engine engine;
    struct event events[LOG_MAX];
    size_t n;
    struct rng workload;
};

static void on_event(void *ctx, const struct event *event)
{
    struct log *log = ctx;
    assert_true(log->engine.now_ms == event->at_ms);
    log->events[log->n++] = *event;
}

static void log_init(struct log *log, uint64_t seed, engine_fn fn)
{
    memset(log, 0, sizeof *log);
    engine_init(&log->engine, seed);
    engine_owner(&log->engine, OWNER_TEST, fn, log);
    log->workload = engine_rng(&log->engine, "workload");
}

static struct event event_of(uint64_t a)
{
    return (struct event){.owner = OWNER_TEST, .kind = 1, .a = a};
}

static void events_fire_in_the_order_of_their_time(void **state)
{
    (void)state;
    static struct log log;
    log_init(&log, 1, on_event);
    for (uint64_t i = 0; i < 2000; i++)
        (void)engine_after(&log.engine, rng_between(&log.workload, 0, 5000), event_of(i));
    while (engine_step(&log.engine)) {
    }
    assert_int_equal(log.n, 2000);
    for (size_t i = 1; i < log.n; i++)
        assert_true(log.events[i - 1].at_ms <= log.events[i].at_ms);
    engine_done(&log.engine);
}

static uint64_t order_of_ties(uint64_t seed)
{
    static struct log log;
    log_init(&log, seed, on_event);
    for (uint64_t i = 0; i < 15; i++)
        (void)engine_after(&log.engine, 10, event_of(i));
    engine_run(&log.engine, 10);
    assert_int_equal(log.n, 15);
    uint64_t order = 0;
    for (size_t i = 0; i < log.n; i++)
        order = order << 4 | log.events[i].a;
    engine_done(&log.engine);
    return order;
}

static void events_of_one_millisecond_interleave_by_the_seed(void **state)
{
    (void)state;
    assert_true(order_of_ties(1) == order_of_ties(1));
    assert_true(order_of_ties(1) != order_of_ties(2));
}

/* Model: a cancelled event never fires, every other one does, whatever the heap went through.
 */
static void a_cancelled_event_never_fires(void **state)
{
    (void)state;
    static struct log log;
    static uint64_t ids[3000];
    static bool cancelled[3000];
    memset(cancelled, 0, sizeof cancelled);
    log_init(&log, 5, on_event);
    for (uint64_t i = 0; i < 3000; i++) {
        ids[i] = engine_after(&log.engine, rng_between(&log.workload, 0, 900), event_of(i));
        uint64_t victim = rng_below(&log.workload, i + 1);
        if (rng_below(&log.workload, 3) == 0)
            cancelled[victim] |= engine_cancel(&log.engine, ids[victim]);
        if (rng_below(&log.workload, 4) == 0)
            (void)engine_step(&log.engine);
    }
    engine_run(&log.engine, 100000);
    bool fired[3000] = {false};
    for (size_t i = 0; i < log.n; i++)
        fired[log.events[i].a] = true;
    for (size_t i = 0; i < 3000; i++) {
        assert_true(fired[i] != cancelled[i]);
        assert_false(engine_cancel(&log.engine, ids[i]));
    }
    assert_false(engine_cancel(&log.engine, 0));
    engine_done(&log.engine);
}

static void running_stops_at_the_given_time(void **state)
{
    (void)state;
    static struct log log;
    log_init(&log, 6, on_event);
    (void)engine_after(&log.engine, 100, event_of(1));
    (void)engine_after(&log.engine, 101, event_of(2));
    engine_run(&log.engine, 100);
    assert_int_equal(log.n, 1);
    int64_t at_ms = 0;
    assert_true(engine_next(&log.engine, &at_ms));
    assert_int_equal(at_ms, 101);
    engine_run(&log.engine, 5000);
    assert_int_equal(log.n, 2);
    assert_int_equal(log.engine.now_ms, 5000);
    assert_false(engine_next(&log.engine, &at_ms));
    assert_false(engine_step(&log.engine));
    engine_done(&log.engine);
}

/* Each event may set others, as a world does. */
static void breed(void *ctx, const struct event *event)
{
    struct log *log = ctx;
    log->n++;
    for (uint64_t i = rng_below(&log->workload, 3); i > 0; i--)
        (void)engine_after(&log->engine, rng_between(&log->workload, 0, 50),
                           event_of(event->a + i));
    if (rng_below(&log->workload, 8) == 0)
        engine_trace(&log->engine, &event->a, sizeof event->a);
}

static uint64_t hash_of_run(uint64_t seed)
{
    static struct log log;
    log_init(&log, seed, breed);
    for (uint64_t i = 0; i < 50; i++)
        (void)engine_after(&log.engine, (int64_t)i, event_of(i));
    for (int i = 0; i < 3000 && engine_step(&log.engine); i++) {
    }
    uint64_t hash = log.engine.hash;
    engine_done(&log.engine);
    return hash;
}

static void the_same_seed_twice_gives_the_same_hash(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        uint64_t hash = hash_of_run(seed);
        /* Moves the heap's blocks: no address may find its way into the run. */
        void *moved = malloc(100000 + seed * 4096);
        assert_non_null(moved);
        assert_true(hash == hash_of_run(seed));
        assert_true(hash != hash_of_run(seed + 1));
        free(moved);
    }
}

static void a_report_names_the_seed_and_the_latest_events(void **state)
{
    (void)state;
    static struct log log;
    log_init(&log, 4711, on_event);
    for (uint64_t i = 1; i <= 100; i++)
        (void)engine_after(&log.engine, (int64_t)i, event_of(90000 + i));
    engine_run(&log.engine, 200);
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    engine_report(&log.engine, out);
    (void)fclose(out);
    assert_non_null(strstr(text, "seed 4711"));
    assert_non_null(strstr(text, "90100"));
    assert_null(strstr(text, "90036"));
    assert_non_null(strstr(text, "90037"));
    free(text);
    engine_done(&log.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_fire_in_the_order_of_their_time),
        cmocka_unit_test(events_of_one_millisecond_interleave_by_the_seed),
        cmocka_unit_test(a_cancelled_event_never_fires),
        cmocka_unit_test(running_stops_at_the_given_time),
        cmocka_unit_test(the_same_seed_twice_gives_the_same_hash),
        cmocka_unit_test(a_report_names_the_seed_and_the_latest_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
