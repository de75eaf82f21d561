/* SPDX-License-Identifier: Apache-2.0 */
/* One reader on a line of 2 kbit/s, with everything to read: its queue is bounded, and nobody
 * else notices. */
#include "server/hub_inside.h"
#include "tests/sim/checks.h"
#include "tests/sim/genesis.h"
#include "tests/sim/people.h"
#include "tests/sim/swarm.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    SLOW = 2, /* the reader */
    OTHERS = 6,
    LINE_BYTES_PER_S = 250,
    KERNEL_BYTES = 16 * 1024, /* what the buffers of both ends take */
    IMPORTS = 400,
};

static void assert_kept(struct world *w)
{
    if (w->failed)
        print_error("%s\n", w->failure);
    assert_false(w->failed);
}

static size_t queued_for(const struct world *w, uint32_t at)
{
    size_t n = 0;
    for (size_t i = 0; i < w->server.peers_n; i++)
        if (w->server.peers[i]->from == at)
            n += w->server.peers[i]->out.n - w->server.peers[i]->out_at;
    return n;
}

static void a_reader_of_two_kbit_keeps_nobody_waiting(void **state)
{
    struct world w;
    struct world_plan plan = {
        .seed = 23, .clients = OTHERS, .live_ppm = 1000000, .job_ms_max = 2};
    static const char *const fields[] = {"name=%m", "first_name=Camille", NULL};
    size_t queued_max = 0;
    size_t under_way_max = 0;
    (void)state;
    world_init(&w, &plan, false);
    world_run(&w, MINUTE_MS);
    node_kill(world_node(&w, SLOW));
    struct people crowd = {.w = &w, .batch_ppm = 1000000};
    crowd.rng = engine_rng(&w.engine, "crowd");
    for (int i = 0; i < IMPORTS; i++) {
        people_act(&crowd, world_node(&w, 1));
        client_feed(world_client(&w, 1), (struct agent_event){.type = AGENT_EV_SAVED});
        world_run(&w, 200);
    }
    world_run(&w, 10 * SECOND_MS);
    assert_kept(&w);
    struct net_knobs knobs = w.net.knobs;
    knobs.flight_bytes_max = KERNEL_BYTES;
    net_set(&w.net, &knobs);
    net_slow(&w.net, SLOW, LINE_BYTES_PER_S);
    node_start(world_node(&w, SLOW));
    for (int i = 0; i < 60; i++) {
        struct id id = {0};
        uint32_t from = 3 + (uint32_t)i % (OTHERS - 2);
        assert_int_equal(people_add(world_node(&w, from), "person", fields, &id), ERR_OK);
        client_feed(world_client(&w, from), (struct agent_event){.type = AGENT_EV_SAVED});
        world_run(&w, 5 * SECOND_MS);
        for (uint32_t at = 1; at <= OTHERS; at++) {
            char text[512];
            if (at != SLOW)
                assert_string_equal(
                    people_get(world_node(&w, at), "person", &id, "first_name", text),
                    "Camille");
        }
        size_t n = queued_for(&w, SLOW);
        queued_max = n > queued_max ? n : queued_max;
        n = w.server.hub->page_bytes;
        under_way_max = n > under_way_max ? n : under_way_max;
        assert_kept(&w);
    }
    struct store_status slow;
    assert_int_equal(store_status(world_node(&w, SLOW)->store, &slow), ERR_OK);
    assert_true(slow.pulled_through < serve_seq(world_node(&w, WORLD_SERVER)->store));
    print_message("at most %zu bytes queued, %zu under way\n", queued_max, under_way_max);
    assert_true(queued_max > 0); /* there was more than the line took */
    assert_true(queued_max < WORLD_OUT_BYTES_HIGH + MESSAGE_PAGE_BYTES);
    assert_true(under_way_max < MESSAGE_PAGES_AHEAD * FRAME_BYTES_MAX);
    net_slow(&w.net, SLOW, 0);
    swarm_settle(&w);
    assert_kept(&w);
    world_done(&w);
}

static int forget(void **state)
{
    (void)state;
    genesis_forget();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_of_two_kbit_keeps_nobody_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
