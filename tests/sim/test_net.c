/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/net.h"

#include "proto/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { OWNER_NET, OWNER_TEST, SERVER = 0, CLIENT = 1, ENDPOINTS = 6, ENDS_MAX = 4096 };

/* What one end has lived through; the index is its id. */
struct seen {
    uint32_t endpoint;
    bool opened;
    bool closed;
    bool left; /* closed or reset by its owner */
    enum net_why why;
    uint64_t peer;   /* id of the other end */
    uint64_t sent;   /* bytes the network took */
    uint64_t wanted; /* bytes it shall send in all */
    uint64_t got;
    int drained;
};

struct world {
    struct engine engine;
    struct net net;
    struct rng workload;
    struct seen ends[ENDS_MAX];
    bool echo; /* the accepting end sends as much as it got */
};

static struct world world;

/* Byte i of what an end sends: any lost, repeated or swapped byte shows. */
static uint8_t byte_of(uint64_t end, uint64_t i)
{
    return (uint8_t)(end * 31 + i * 7 + (i >> 8) * 13);
}

static void send_on(struct world *w, uint64_t end)
{
    struct seen *seen = &w->ends[end];
    uint8_t bytes[700];
    while (seen->sent < seen->wanted) {
        size_t n = 0;
        while (n < sizeof bytes && seen->sent + n < seen->wanted) {
            bytes[n] = byte_of(end, seen->sent + n);
            n++;
        }
        size_t took = net_send(&w->net, end, bytes, n);
        seen->sent += took;
        if (took < n)
            return;
    }
}

static void on_data(struct world *w, const struct net_event *event)
{
    struct seen *seen = &w->ends[event->end];
    assert_true(event->n > 0);
    for (size_t i = 0; i < event->n; i++)
        assert_int_equal(event->bytes[i], byte_of(event->end ^ 1U, seen->got + i));
    seen->got += event->n;
    assert_true(seen->got <= w->ends[event->end ^ 1U].sent);
    if (w->echo && !event->dialled) {
        seen->wanted = seen->got;
        send_on(w, event->end);
    }
}

static void on_net(void *ctx, const struct net_event *event)
{
    struct world *w = ctx;
    assert_true(event->end < ENDS_MAX);
    struct seen *seen = &w->ends[event->end];
    assert_false(seen->closed || seen->left);
    assert_true(event->dialled == ((event->end & 1U) == 0));
    switch (event->kind) {
    case NET_OPEN:
        assert_false(seen->opened);
        seen->opened = true;
        seen->endpoint = event->endpoint;
        send_on(w, event->end);
        break;
    case NET_DATA:
        assert_true(seen->opened);
        on_data(w, event);
        break;
    case NET_DRAINED:
        assert_true(seen->opened);
        seen->drained++;
        send_on(w, event->end);
        break;
    case NET_CLOSED:
        assert_true(seen->opened || event->dialled);
        seen->closed = true;
        seen->why = event->why;
        break;
    }
}

static void world_init(uint64_t seed)
{
    memset(&world, 0, sizeof world);
    engine_init(&world.engine, seed);
    net_init(&world.net, &world.engine, OWNER_NET, ENDPOINTS, on_net, &world);
    world.workload = engine_rng(&world.engine, "workload");
    net_listen(&world.net, SERVER, true);
}

static void world_done(void)
{
    net_done(&world.net);
    engine_done(&world.engine);
}

static void run_for(int64_t ms)
{
    engine_run(&world.engine, world.engine.now_ms + ms);
}

/* Dial the server and let it open. */
static uint64_t open_one(uint64_t wanted)
{
    uint64_t end = net_dial(&world.net, CLIENT, SERVER);
    world.ends[end].wanted = wanted;
    run_for(500);
    assert_true(world.ends[end].opened);
    return end;
}

static void bytes_arrive_whole_and_in_order_through_all_delays(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 60; seed++) {
        world_init(seed);
        struct net_knobs knobs;
        net_knobs_swarm(&knobs, &world.workload);
        knobs.reset_ppm = 0;
        knobs.halfopen_ppm = 0;
        knobs.refuse_ppm = 0;
        knobs.blackhole_ppm = 0;
        knobs.unserved_ppm = 0;
        knobs.partition_max_ms = 20000;
        net_set(&world.net, &knobs);
        world.echo = true;
        uint64_t end = net_dial(&world.net, CLIENT, SERVER);
        world.ends[end].wanted = 20000;
        run_for(600000);
        net_heal(&world.net);
        run_for(120000);
        assert_int_equal(world.ends[end | 1U].got, 20000);
        assert_int_equal(world.ends[end].got, 20000);
        net_close(&world.net, end | 1U);
        world.ends[end | 1U].left = true;
        run_for(10000);
        assert_true(world.ends[end].closed);
        assert_int_equal(world.ends[end].why, NET_ENDED);
        assert_int_equal(net_conns(&world.net), 0);
        world_done();
    }
}

static void a_close_lets_the_queued_bytes_through_first(void **state)
{
    (void)state;
    world_init(1);
    uint64_t end = open_one(0);
    world.ends[end].wanted = 50000;
    send_on(&world, end);
    net_close(&world.net, end);
    world.ends[end].left = true;
    assert_int_equal(world.ends[end | 1U].got, 0);
    run_for(1000);
    assert_int_equal(world.ends[end | 1U].got, 50000);
    assert_int_equal(world.ends[end | 1U].why, NET_ENDED);
    assert_int_equal(net_conns(&world.net), 0);
    world_done();
}

static void a_close_on_unread_bytes_is_a_reset(void **state)
{
    (void)state;
    world_init(2);
    uint64_t end = open_one(0);
    world.ends[end].wanted = 3000;
    send_on(&world, end);
    net_close(&world.net, end | 1U);
    world.ends[end | 1U].left = true;
    /* The end of the stream comes first: it was on its way before the bytes met the closed
     * door. */
    net_pause(&world.net, end, true);
    run_for(1000);
    assert_true(world.ends[end].closed);
    assert_int_equal(world.ends[end].why, NET_RESET);
    world_done();
}

static void a_close_on_bytes_held_back_by_a_pause_is_a_reset_too(void **state)
{
    (void)state;
    world_init(22);
    uint64_t end = open_one(0);
    net_pause(&world.net, end | 1U, true);
    net_pause(&world.net, end, true); /* so that it cannot see the end of the stream first */
    world.ends[end].wanted = 3000;
    send_on(&world, end);
    run_for(1000); /* the bytes wait in the kernel of the end that closes now */
    net_close(&world.net, end | 1U);
    world.ends[end | 1U].left = true;
    run_for(1000);
    assert_true(world.ends[end].closed);
    assert_int_equal(world.ends[end].why, NET_RESET);
    world_done();
}

static void a_broken_path_resets_the_ends_that_are_left(void **state)
{
    (void)state;
    world_init(23);
    struct net_knobs knobs = world.net.knobs;
    uint64_t both = open_one(0);
    uint64_t one = open_one(0);
    knobs.reset_ppm = 1000000;
    net_set(&world.net, &knobs);
    world.ends[both].wanted = 100;
    send_on(&world, both);
    net_close(&world.net, one); /* its end of stream meets the accident */
    world.ends[one].left = true;
    run_for(1000);
    assert_int_equal(world.ends[both | 1U].got, 0);
    assert_int_equal(world.ends[both].why, NET_RESET);
    assert_int_equal(world.ends[both | 1U].why, NET_RESET);
    assert_int_equal(world.ends[one | 1U].why, NET_RESET);
    assert_int_equal(net_conns(&world.net), 0);
    world_done();
}

static void a_reset_reaches_the_peer_and_loses_what_was_queued(void **state)
{
    (void)state;
    world_init(3);
    uint64_t end = open_one(0);
    world.ends[end].wanted = 3000;
    send_on(&world, end);
    net_reset(&world.net, end);
    world.ends[end].left = true;
    run_for(1000);
    assert_int_equal(world.ends[end | 1U].got, 0);
    assert_true(world.ends[end | 1U].closed);
    assert_int_equal(world.ends[end | 1U].why, NET_RESET);
    world_done();
}

static void a_dial_is_refused_when_nobody_listens(void **state)
{
    (void)state;
    world_init(4);
    net_listen(&world.net, SERVER, false);
    uint64_t end = net_dial(&world.net, CLIENT, SERVER);
    run_for(1000);
    assert_true(world.ends[end].closed);
    assert_int_equal(world.ends[end].why, NET_REFUSED);
    assert_int_equal(net_conns(&world.net), 0);
    world_done();
}

static void a_dial_without_any_answer_times_out_after_minutes(void **state)
{
    (void)state;
    world_init(5);
    net_power_off(&world.net, SERVER);
    uint64_t to_dead_host = net_dial(&world.net, CLIENT, SERVER);
    run_for(60000);
    assert_false(world.ends[to_dead_host].closed);
    run_for(100000);
    assert_int_equal(world.ends[to_dead_host].why, NET_TIMED_OUT);
    net_power_on(&world.net, SERVER);
    net_listen(&world.net, SERVER, true);
    struct net_knobs knobs = world.net.knobs;
    knobs.blackhole_ppm = 1000000;
    net_set(&world.net, &knobs);
    uint64_t to_black_hole = net_dial(&world.net, CLIENT, SERVER);
    run_for(200000);
    assert_int_equal(world.ends[to_black_hole].why, NET_TIMED_OUT);
    assert_int_equal(net_conns(&world.net), 0);
    world_done();
}

static void a_dial_gets_through_when_a_cut_is_mended_in_time(void **state)
{
    (void)state;
    world_init(6);
    net_cut(&world.net, SERVER, NET_ANY);
    uint64_t end = net_dial(&world.net, CLIENT, SERVER);
    run_for(20000);
    /* The server has accepted, its answer finds no way. */
    assert_true(world.ends[end | 1U].opened);
    assert_false(world.ends[end].opened);
    net_mend(&world.net, SERVER, NET_ANY);
    run_for(60000);
    assert_true(world.ends[end].opened);
    world_done();
}

static void an_abandoned_dial_says_nothing_more(void **state)
{
    (void)state;
    for (int64_t ms = 0; ms < 80; ms++) {
        world_init(7);
        uint64_t end = net_dial(&world.net, CLIENT, SERVER);
        run_for(ms);
        net_reset(&world.net, end);
        world.ends[end].left = true;
        run_for(1000);
        assert_true(world.ends[end | 1U].opened == world.ends[end | 1U].closed);
        assert_int_equal(net_conns(&world.net), 0);
        world_done();
    }
}

static void a_one_way_partition_holds_one_way_only(void **state)
{
    (void)state;
    world_init(8);
    uint64_t end = open_one(0);
    net_cut(&world.net, CLIENT, SERVER);
    assert_false(net_passes(&world.net, CLIENT, SERVER));
    assert_true(net_passes(&world.net, SERVER, CLIENT));
    world.ends[end].wanted = 100;
    world.ends[end | 1U].wanted = 400000; /* more than may be under way */
    send_on(&world, end);
    send_on(&world, end | 1U);
    run_for(60000);
    assert_int_equal(world.ends[end | 1U].got, 0);
    assert_int_equal(world.ends[end].got, world.net.knobs.flight_bytes_max);
    /* Its bytes arrive, their acknowledgements do not: it has to stop. */
    assert_int_equal(world.ends[end | 1U].drained, 0);
    net_mend(&world.net, CLIENT, SERVER);
    run_for(60000);
    assert_int_equal(world.ends[end | 1U].got, 100);
    assert_int_equal(world.ends[end].got, 400000);
    assert_true(world.ends[end | 1U].drained > 0);
    world_done();
}

static void bytes_without_a_way_end_the_connection_at_last(void **state)
{
    (void)state;
    world_init(9);
    uint64_t end = open_one(0);
    net_cut(&world.net, CLIENT, SERVER);
    run_for(3600000);
    assert_false(world.ends[end].closed); /* silence alone ends nothing */
    world.ends[end].wanted = 1;
    send_on(&world, end);
    run_for(world.net.knobs.give_up_ms - 1000);
    assert_false(world.ends[end].closed);
    run_for(2000);
    assert_int_equal(world.ends[end].why, NET_TIMED_OUT);
    assert_false(world.ends[end | 1U].closed); /* half-open: nobody told it */
    net_mend(&world.net, CLIENT, SERVER);
    world.ends[end | 1U].wanted = 1;
    send_on(&world, end | 1U);
    run_for(1000);
    assert_int_equal(world.ends[end | 1U].why, NET_RESET);
    world_done();
}

static void a_vanished_peer_leaves_a_half_open_connection(void **state)
{
    (void)state;
    world_init(10);
    uint64_t end = open_one(0);
    net_power_off(&world.net, SERVER);
    world.ends[end | 1U].left = true;
    run_for(3600000);
    assert_false(world.ends[end].closed);
    world.ends[end].wanted = 10;
    send_on(&world, end);
    run_for(60000);
    assert_false(world.ends[end].closed);
    net_power_on(&world.net, SERVER);
    run_for(10000);
    assert_int_equal(world.ends[end].why, NET_RESET);
    world_done();
}

static void a_swallowing_path_tells_neither_end(void **state)
{
    (void)state;
    world_init(11);
    uint64_t end = open_one(0);
    net_swallow(&world.net, end);
    world.ends[end].wanted = 10;
    world.ends[end | 1U].wanted = 10;
    send_on(&world, end);
    send_on(&world, end | 1U);
    net_heal(&world.net);
    run_for(60000);
    assert_int_equal(world.ends[end].got + world.ends[end | 1U].got, 0);
    assert_false(world.ends[end].closed || world.ends[end | 1U].closed);
    run_for(world.net.knobs.give_up_ms);
    assert_int_equal(world.ends[end].why, NET_TIMED_OUT);
    assert_int_equal(world.ends[end | 1U].why, NET_TIMED_OUT);
    assert_int_equal(net_conns(&world.net), 0);
    world_done();
}

static void an_unserved_connection_opens_and_takes_bytes_for_ever(void **state)
{
    (void)state;
    world_init(12);
    struct net_knobs knobs = world.net.knobs;
    knobs.unserved_ppm = 1000000;
    net_set(&world.net, &knobs);
    uint64_t end = open_one(1000000);
    run_for(3600000);
    assert_false(world.ends[end | 1U].opened);
    assert_false(world.ends[end].closed);
    assert_int_equal(world.ends[end].sent, knobs.flight_bytes_max);
    net_kill(&world.net, SERVER);
    run_for(1000);
    assert_true(world.ends[end].closed);
    assert_int_equal(net_conns(&world.net), 0);
    world_done();
}

static void a_paused_reader_is_felt_by_the_sender(void **state)
{
    (void)state;
    world_init(13);
    uint64_t end = open_one(0);
    net_pause(&world.net, end | 1U, true);
    world.ends[end].wanted = 1000000;
    send_on(&world, end);
    run_for(60000);
    assert_int_equal(world.ends[end | 1U].got, 0);
    assert_int_equal(world.ends[end].sent, world.net.knobs.flight_bytes_max);
    net_pause(&world.net, end | 1U, false);
    run_for(60000);
    assert_int_equal(world.ends[end | 1U].got, 1000000);
    world_done();
}

static void a_slow_line_takes_its_time(void **state)
{
    (void)state;
    world_init(14);
    struct net_knobs knobs = world.net.knobs;
    knobs.rate_bytes_per_s = 1000;
    net_set(&world.net, &knobs);
    uint64_t end = open_one(0);
    world.ends[end].wanted = 20000;
    send_on(&world, end);
    run_for(10000);
    assert_in_range(world.ends[end | 1U].got, 9000, 11000);
    run_for(11000);
    assert_int_equal(world.ends[end | 1U].got, 20000);
    world_done();
}

static void a_killed_process_ends_all_its_connections(void **state)
{
    (void)state;
    world_init(15);
    for (uint32_t i = 1; i < ENDPOINTS; i++)
        (void)net_dial(&world.net, i, SERVER);
    run_for(1000);
    net_kill(&world.net, SERVER);
    for (uint64_t conn = 1; conn < ENDPOINTS; conn++)
        world.ends[conn << 1 | 1U].left = true;
    run_for(1000);
    for (uint64_t conn = 1; conn < ENDPOINTS; conn++) {
        enum net_why why = world.ends[conn << 1].why;
        assert_true(world.ends[conn << 1].closed);
        assert_true(why == NET_ENDED || why == NET_RESET);
    }
    assert_int_equal(net_conns(&world.net), 0);
    world_done();
}

/* A world in miniature: dials, sends, closes, kills and cuts, by the seed. */
static void on_chaos(void *ctx, const struct event *event)
{
    struct world *w = ctx;
    uint64_t end = rng_below(&w->workload, w->net.conns_dialled * 2 + 2) + 2;
    uint32_t client = (uint32_t)rng_between(&w->workload, 1, ENDPOINTS - 1);
    struct seen *seen = &w->ends[end];
    bool live = seen->opened && !seen->closed && !seen->left;
    switch (rng_below(&w->workload, 16)) {
    case 0:
        if (live)
            net_close(&w->net, end);
        seen->left |= live;
        break;
    case 1:
        if (live)
            net_reset(&w->net, end);
        seen->left |= live;
        break;
    case 2:
        net_pause(&w->net, end, rng_below(&w->workload, 2) == 0);
        break;
    case 3:
    case 4:
    case 5:
    case 6:
        (void)net_dial(&w->net, client, SERVER);
        break;
    case 7: /* a process or a machine dies */
        for (uint64_t i = 2; i < ENDS_MAX; i++)
            w->ends[i].left |= w->ends[i].opened && w->ends[i].endpoint == SERVER;
        if (rng_below(&w->workload, 2) == 0)
            net_kill(&w->net, SERVER);
        else
            net_power_off(&w->net, SERVER);
        net_power_on(&w->net, SERVER);
        net_listen(&w->net, SERVER, true);
        break;
    default:
        seen->wanted += live ? rng_spread(&w->workload, 1, 5000) : 0;
        if (live)
            send_on(w, end);
        break;
    }
    if (event->a > 0)
        (void)engine_after(&w->engine, rng_between(&w->workload, 0, 2000),
                           (struct event){.owner = OWNER_TEST, .a = event->a - 1});
}

static uint64_t hash_of_chaos(uint64_t seed)
{
    world_init(seed);
    engine_owner(&world.engine, OWNER_TEST, on_chaos, &world);
    struct net_knobs knobs;
    net_knobs_swarm(&knobs, &world.workload);
    net_set(&world.net, &knobs);
    (void)engine_after(&world.engine, 0, (struct event){.owner = OWNER_TEST, .a = 600});
    run_for(2000 * 600);
    net_heal(&world.net);
    uint64_t end = net_dial(&world.net, CLIENT, SERVER);
    world.ends[end].wanted = 5000;
    run_for(120000);
    assert_int_equal(world.ends[end | 1U].got, 5000);
    uint64_t hash = world.engine.hash;
    world_done();
    return hash;
}

/* The checks are in on_net: no event on an end that is over, no byte that was not sent. */
static void any_mix_of_faults_keeps_the_rules_and_replays_exactly(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        uint64_t hash = hash_of_chaos(seed);
        assert_true(hash == hash_of_chaos(seed));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_arrive_whole_and_in_order_through_all_delays),
        cmocka_unit_test(a_close_lets_the_queued_bytes_through_first),
        cmocka_unit_test(a_close_on_unread_bytes_is_a_reset),
        cmocka_unit_test(a_close_on_bytes_held_back_by_a_pause_is_a_reset_too),
        cmocka_unit_test(a_broken_path_resets_the_ends_that_are_left),
        cmocka_unit_test(a_reset_reaches_the_peer_and_loses_what_was_queued),
        cmocka_unit_test(a_dial_is_refused_when_nobody_listens),
        cmocka_unit_test(a_dial_without_any_answer_times_out_after_minutes),
        cmocka_unit_test(a_dial_gets_through_when_a_cut_is_mended_in_time),
        cmocka_unit_test(an_abandoned_dial_says_nothing_more),
        cmocka_unit_test(a_one_way_partition_holds_one_way_only),
        cmocka_unit_test(bytes_without_a_way_end_the_connection_at_last),
        cmocka_unit_test(a_vanished_peer_leaves_a_half_open_connection),
        cmocka_unit_test(a_swallowing_path_tells_neither_end),
        cmocka_unit_test(an_unserved_connection_opens_and_takes_bytes_for_ever),
        cmocka_unit_test(a_paused_reader_is_felt_by_the_sender),
        cmocka_unit_test(a_slow_line_takes_its_time),
        cmocka_unit_test(a_killed_process_ends_all_its_connections),
        cmocka_unit_test(any_mix_of_faults_keeps_the_rules_and_replays_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
