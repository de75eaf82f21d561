/* SPDX-License-Identifier: Apache-2.0 */
/* A laptop that never meets the network again, and the stick that goes between it and the
 * server: power goes and disks fill up at either end, the others go on; then all checks. */
#include "tests/sim/checks.h"
#include "tests/sim/genesis.h"
#include "tests/sim/people.h"
#include "tests/sim/swarm.h"
#include "tests/support/letter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, ALONE = 1, TRIPS = 12, TRIES_MAX = 400 };

static void assert_kept(struct world *w)
{
    if (w->failed)
        print_error("%s\n", w->failure);
    assert_false(w->failed);
}

static void open_world(struct world *w)
{
    struct world_plan plan = {.seed = 11, .clients = 3, .live_ppm = 500000, .job_ms_max = 5};
    world_init(w, &plan, false);
    world_run(w, MINUTE_MS);
    net_cut(&w->net, ALONE, WORLD_SERVER);
    net_cut(&w->net, WORLD_SERVER, ALONE);
    world_run(w, 5 * MINUTE_MS); /* what was under way comes to its end */
    assert_kept(w);
}

static void close_world(struct world *w)
{
    assert_kept(w);
    swarm_settle(w);
    assert_kept(w);
    world_done(w);
}

/* Wait until the node is there again. */
static struct store *store_at(struct world *w, uint32_t at)
{
    struct node *n = world_node(w, at);
    for (int i = 0; i < 600 && n->store == NULL; i++)
        world_run(w, SECOND_MS);
    assert_non_null(n->store);
    return n->store;
}

/* The next use of its disk that dies; none for 0. */
static void doom(struct world *w, uint32_t at, uint64_t nth)
{
    (void)store_at(w, at);
    if (nth > 0)
        node_doom(world_node(w, at), nth % 2 == 0 ? DEATH_POWER : DEATH_KILL, nth);
}

static bool survived(struct world *w, uint32_t at)
{
    bool alive = node_survived(world_node(w, at));
    world_run(w, 20 * SECOND_MS);
    assert_kept(w);
    return alive;
}

static struct store_status status_of(struct world *w)
{
    struct store_status status;
    assert_int_equal(store_status(store_at(w, ALONE), &status), ERR_OK);
    return status;
}

/* True when it was written. */
static bool write_letter(struct world *w, struct letter *there)
{
    struct carried carried;
    struct client *c = world_client(w, ALONE);
    enum err err = letter_from(store_at(w, ALONE), c->device, there, &carried);
    return survived(w, ALONE) && err == ERR_OK;
}

static bool take_letter(struct world *w, struct letter *there, struct letter *back)
{
    struct take take;
    struct client *c = world_client(w, ALONE);
    struct store *s = store_at(w, WORLD_SERVER);
    enum err err = letter_taken(s, c->key, there, back, &take);
    uint64_t seq = serve_seq(s);
    bool alive = survived(w, WORLD_SERVER);
    if (!alive || err != ERR_OK)
        return false;
    oracle_sent(w, ALONE, false, buf_str(&back->frames));
    server_feed(&w->server, (struct hub_event){.type = HUB_EV_COMMITTED, .seq = seq});
    return true;
}

static bool read_letter(struct world *w, struct letter *back)
{
    struct carry_result result;
    enum err err = letter_into(store_at(w, ALONE), back, &result);
    bool alive = survived(w, ALONE);
    assert_true(err == ERR_OK || !alive || err == ERR_FULL || err == ERR_IO);
    return alive && err == ERR_OK;
}

static void work(struct world *w)
{
    static const char *const company[] = {"name=%m", "access=%m", NULL};
    static const char *const person[] = {"name=%m", "first_name=Camille", NULL};
    for (uint32_t at = 1; at <= 3; at++) {
        (void)store_at(w, at);
        (void)people_add(world_node(w, at), "company", company, NULL);
        (void)people_add(world_node(w, at), "person", person, NULL);
    }
    world_run(w, MINUTE_MS);
    assert_kept(w);
}

static void a_stick_replaces_the_network(void **state)
{
    struct world w;
    struct letter there = {.device = 0};
    struct letter back = {.device = 0};
    (void)state;
    open_world(&w);
    for (int trip = 0; trip < TRIPS; trip++) {
        work(&w);
        assert_true(status_of(&w).unsent > 0);
        assert_true(write_letter(&w, &there));
        assert_true(take_letter(&w, &there, &back));
        assert_true(read_letter(&w, &back));
        assert_int_equal(status_of(&w).unsent, 0);
        assert_int_equal(status_of(&w).pulled_through, serve_seq(store_at(&w, WORLD_SERVER)));
    }
    letter_done(&there);
    letter_done(&back);
    close_world(&w);
}

/* Each step dies at its first use of the disk, then at its second, until it does not. */
static void power_cuts_at_either_end_lose_nothing(void **state)
{
    struct world w;
    struct letter there = {.device = 0};
    struct letter back = {.device = 0};
    unsigned deaths[3] = {0, 0, 0};
    (void)state;
    open_world(&w);
    for (int trip = 0; trip < 4; trip++) {
        work(&w);
        bool done = false;
        for (uint64_t nth = 1; !done; nth++) {
            assert_in_range(nth, 1, TRIES_MAX);
            doom(&w, ALONE, nth);
            done = write_letter(&w, &there);
            deaths[0] += done ? 0 : 1;
        }
        done = false;
        for (uint64_t nth = 1; !done; nth++) {
            assert_in_range(nth, 1, TRIES_MAX);
            doom(&w, WORLD_SERVER, nth);
            done = take_letter(&w, &there, &back);
            deaths[1] += done ? 0 : 1;
        }
        done = false;
        for (uint64_t nth = 1; !done; nth++) {
            assert_in_range(nth, 1, TRIES_MAX);
            doom(&w, ALONE, nth);
            done = read_letter(&w, &back);
            deaths[2] += done ? 0 : 1;
        }
        disk_heal(world_node(&w, ALONE)->disk);
        disk_heal(world_node(&w, WORLD_SERVER)->disk);
        assert_int_equal(status_of(&w).unsent, 0);
    }
    assert_true(deaths[1] > 20 && deaths[2] > 20); /* writing needs the disk hardly ever */
    letter_done(&there);
    letter_done(&back);
    close_world(&w);
}

/* Letters of any age in any order, while the others work and the server restarts. */
static void letters_cross_and_repeat(void **state)
{
    enum { LETTERS = 4 };
    struct world w;
    struct letter there[LETTERS] = {{.device = 0}};
    struct letter back[LETTERS] = {{.device = 0}};
    struct rng rng;
    (void)state;
    open_world(&w);
    rng_stream(&rng, 5, "letters");
    for (int i = 0; i < 120; i++) {
        struct letter *bundle = &there[rng_below(&rng, LETTERS)];
        struct letter *answer = &back[rng_below(&rng, LETTERS)];
        switch (rng_below(&rng, 5)) {
        case 0:
            work(&w);
            break;
        case 1:
            assert_true(write_letter(&w, bundle));
            break;
        case 2:
            assert_true(bundle->device == 0 || take_letter(&w, bundle, answer));
            break;
        case 3:
            assert_true(answer->device == 0 || read_letter(&w, answer));
            break;
        default:
            node_kill(world_node(&w, WORLD_SERVER));
            node_start(world_node(&w, WORLD_SERVER));
            break;
        }
    }
    for (int i = 0; i < LETTERS; i++) {
        letter_done(&there[i]);
        letter_done(&back[i]);
    }
    close_world(&w);
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
        cmocka_unit_test(a_stick_replaces_the_network),
        cmocka_unit_test(power_cuts_at_either_end_lose_nothing),
        cmocka_unit_test(letters_cross_and_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
