/* SPDX-License-Identifier: Apache-2.0 */
/* A site whose line is down: two laptops, the relay in its cupboard and its disk, and what it
 * hands over when the line is there. Power goes at any of them, an older image of the relay is
 * put back, parcels and answers cross; then all checks. What is carried is not sealed here. */
#include "tests/sim/checks.h"
#include "tests/sim/genesis.h"
#include "tests/sim/stage.h"
#include "tests/support/letter.h"

#include "store/deposited.h"
#include "store/deposits.h"

enum { SITE_FIRST = 1, SITE_LAST = 2, FAR = 3, ROOM = 50 * 1000 * 1000, TRIES_MAX = 2000 };

/* The machine in the cupboard. */
struct cupboard {
    struct world *w;
    struct rng rng;
    struct disk *disk;
    struct vfs_mem *vfs;
    struct deposits *deposits;
};

static int64_t utc_of(void *ctx)
{
    return world_time(((struct cupboard *)ctx)->w);
}

static void random_of(void *ctx, void *bytes, size_t n)
{
    rng_fill(&((struct cupboard *)ctx)->rng, bytes, n);
}

static void switch_on(struct cupboard *r)
{
    if (!disk_up(r->disk))
        disk_restart(r->disk);
    assert_int_equal(deposits_open("relay.db", "relay", ROOM, &r->deposits, NULL), ERR_OK);
}

/* Did the machine live through it? It is running again in any case. */
static bool relay_lives(struct cupboard *r)
{
    bool lives = disk_up(r->disk) && deposits_health(r->deposits) == ERR_OK;
    if (lives)
        return true;
    deposits_close(r->deposits);
    disk_heal(r->disk);
    switch_on(r);
    return false;
}

static void cut_relay(struct cupboard *r)
{
    disk_power_cut(r->disk);
    (void)relay_lives(r);
}

static void open_site(struct world *w, struct cupboard *r)
{
    struct world_plan plan = {.seed = 13, .clients = 3, .live_ppm = 500000, .job_ms_max = 5};
    world_init(w, &plan, false);
    world_run(w, MINUTE_MS);
    for (uint32_t at = SITE_FIRST; at <= SITE_LAST; at++) {
        net_cut(&w->net, at, WORLD_SERVER);
        net_cut(&w->net, WORLD_SERVER, at);
    }
    world_run(w, 5 * MINUTE_MS); /* what was under way comes to its end */
    assert_kept(w);
    r->w = w;
    rng_stream(&r->rng, plan.seed, "cupboard");
    r->disk = disk_new(&r->rng);
    r->vfs = vfs_mem_open(r->disk, "relay", (struct vfs_mem_env){r, utc_of, random_of});
    switch_on(r);
}

static void close_site(struct world *w, struct cupboard *r)
{
    deposits_close(r->deposits);
    vfs_mem_close(r->vfs);
    disk_free(r->disk);
    close_world(w);
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

static bool node_lives(struct world *w, uint32_t at)
{
    bool lives = node_survived(world_node(w, at));
    world_run(w, 20 * SECOND_MS);
    assert_kept(w);
    return lives;
}

static struct store_status status_at(struct world *w, uint32_t at)
{
    struct store_status status;
    assert_int_equal(store_status(store_at(w, at), &status), ERR_OK);
    return status;
}

static void work(struct world *w)
{
    static const char *const company[] = {"name=%m", "access=%m", NULL};
    static const char *const person[] = {"name=%m", "first_name=Camille", NULL};
    for (uint32_t at = SITE_FIRST; at <= FAR; at++) {
        (void)store_at(w, at);
        (void)people_add(world_node(w, at), "company", company, NULL);
        (void)people_add(world_node(w, at), "person", person, NULL);
    }
    world_run(w, MINUTE_MS);
    assert_kept(w);
}

static void digest_of(const struct buf *bytes, uint8_t out[SHA256_BYTES])
{
    struct sha256 sha;
    sha256_init(&sha);
    sha256_add(&sha, bytes->p, bytes->n);
    sha256_end(&sha, out);
}

/* ---- a laptop at the relay ---- */

/* It reads the answer that lies there, then lets the relay forget it. True: nothing is left to
 * be collected. */
static bool collect(struct cupboard *r, uint32_t at)
{
    struct client *c = world_client(r->w, at);
    struct letter back = {.device = 0};
    struct carry_result result;
    uint8_t sha256[SHA256_BYTES];
    enum err err = deposits_answer(r->deposits, c->key, &back.device, sha256, &back.frames);
    bool done = relay_lives(r) && err == ERR_NOTFOUND;
    if (err == ERR_OK) {
        assert_int_equal(back.device, c->device);
        err = letter_into(store_at(r->w, at), &back, &result);
        done = node_lives(r->w, at) && err == ERR_OK;
    }
    if (done && back.device != 0) {
        err = deposits_collected(r->deposits, c->key, sha256);
        done = relay_lives(r) && err == ERR_OK;
    }
    letter_done(&back);
    return done;
}

/* It notes the parcel, leaves it in the place of earlier ones, and notes the receipt. */
static bool leave(struct cupboard *r, uint32_t at, struct letter *there)
{
    struct client *c = world_client(r->w, at);
    struct store *s = store_at(r->w, at);
    struct store_status status = status_at(r->w, at);
    struct deposit deposit = {.device = c->device, .bytes = buf_str(&there->frames)};
    struct buf sent = {0};
    enum err err = deposited_sent(s, &sent);
    memcpy(deposit.key, c->key, sizeof deposit.key);
    digest_of(&there->frames, deposit.sha256);
    deposit.follows = buf_str(&sent);
    if (err == ERR_OK)
        err = deposited_send(s, deposit.sha256);
    bool done = node_lives(r->w, at) && err == ERR_OK;
    if (done) {
        err = deposits_put(r->deposits, &deposit, world_time(r->w));
        done = relay_lives(r) && err == ERR_OK;
    }
    buf_done(&sent);
    if (!done)
        return false;
    const struct deposited deposited = {.epoch = status.epoch,
                                        .op_last = status.op_last,
                                        .pulled = status.pulled_through,
                                        .at_ms = world_time(r->w),
                                        .operations = status.op_last - status.acked_through};
    err = deposited_set(store_at(r->w, at), &deposited);
    return node_lives(r->w, at) && err == ERR_OK;
}

/* As client/errand: the answer first. */
static bool errand(struct cupboard *r, uint32_t at)
{
    struct letter there = {.device = 0};
    struct carried carried;
    bool done = collect(r, at);
    if (!done || status_at(r->w, at).unsent == 0)
        return done;
    enum err err =
        letter_from(store_at(r->w, at), world_client(r->w, at)->device, &there, &carried);
    done = node_lives(r->w, at) && err == ERR_OK && leave(r, at, &there);
    letter_done(&there);
    return done;
}

/* ---- the line is there ---- */

/* The server judges the parcel; its answer goes to the laptop by the relay. */
static bool judge(struct cupboard *r, const struct deposit_next *next, struct letter *there,
                  struct letter *back)
{
    struct take take;
    struct world *w = r->w;
    struct store *s = store_at(w, WORLD_SERVER);
    there->device = next->device;
    enum err err = letter_taken(s, next->key, there, back, &take);
    uint64_t seq = serve_seq(s);
    if (!node_lives(w, WORLD_SERVER) || err != ERR_OK)
        return false;
    for (uint32_t at = SITE_FIRST; at <= SITE_LAST; at++)
        if (world_client(w, at)->device == next->device)
            oracle_sent(w, at, false, buf_str(&back->frames));
    server_feed(&w->server, (struct hub_event){.type = HUB_EV_COMMITTED, .seq = seq});
    return true;
}

/* As server/forward: the oldest parcel, until none is left. False: cut off. */
static bool forward(struct cupboard *r)
{
    bool done = true;
    enum err err = ERR_OK;
    while (done && err != ERR_NOTFOUND) {
        struct deposit_next next;
        struct letter there = {.device = 0};
        struct letter back = {.device = 0};
        err = deposits_next(r->deposits, 0, &next, &there.frames);
        done = relay_lives(r) && (err == ERR_OK || err == ERR_NOTFOUND);
        if (done && err == ERR_OK && judge(r, &next, &there, &back)) {
            enum err kept =
                deposits_judged(r->deposits, &next, buf_str(&back.frames), world_time(r->w));
            done = relay_lives(r) && kept == ERR_OK;
        } else {
            done = done && err == ERR_NOTFOUND;
        }
        letter_done(&there);
        letter_done(&back);
    }
    return done;
}

/* ---- what happens ---- */

static void assert_nothing_waits(struct cupboard *r)
{
    struct deposits_count n;
    assert_int_equal(deposits_count(r->deposits, &n), ERR_OK);
    assert_int_equal(n.deposits, 0);
    for (uint32_t at = SITE_FIRST; at <= SITE_LAST; at++)
        assert_int_equal(status_at(r->w, at).unsent, 0);
}

static void a_relay_replaces_the_line(void **state)
{
    struct world w;
    struct cupboard r;
    (void)state;
    open_site(&w, &r);
    for (int trip = 0; trip < 6; trip++) {
        for (int visit = 0; visit <= trip % 3;
             visit++) { /* a parcel takes the earlier's place */
            work(&w);
            assert_true(errand(&r, SITE_FIRST));
            assert_true(errand(&r, SITE_LAST));
            assert_true(status_at(&w, SITE_FIRST).unsent > 0);
        }
        struct deposits_count n;
        assert_int_equal(deposits_count(r.deposits, &n), ERR_OK);
        assert_int_equal(n.deposits, 2);
        assert_true(forward(&r));
        assert_true(errand(&r, SITE_FIRST));
        assert_true(errand(&r, SITE_LAST));
        assert_nothing_waits(&r);
    }
    close_site(&w, &r);
}

/* Each step dies at the relay's first use of its disk, then at its second, until it does not.
 */
static void power_cuts_at_the_relay_lose_nothing(void **state)
{
    struct world w;
    struct cupboard r;
    unsigned deaths = 0;
    (void)state;
    open_site(&w, &r);
    for (int step = 0; step < 6; step++) {
        bool done = false;
        if (step % 3 == 0)
            work(&w);
        for (uint64_t nth = 1; !done; nth++) {
            assert_in_range(nth, 1, TRIES_MAX);
            disk_fail(r.disk, DISK_ANY, nth, DISK_FAULT_POWER, false);
            done =
                step % 3 == 1 ? forward(&r) : errand(&r, SITE_FIRST) && errand(&r, SITE_LAST);
            deaths += done ? 0 : 1;
            disk_heal(r.disk);
        }
        if (step % 3 == 2)
            assert_nothing_waits(&r);
    }
    assert_true(deaths > 50);
    close_site(&w, &r);
}

/* Parcels are judged twice and answers come late when the relay is put back to an earlier day.
 */
static void an_older_relay_does_no_harm(void **state)
{
    struct world w;
    struct cupboard r;
    (void)state;
    open_site(&w, &r);
    work(&w);
    assert_true(errand(&r, SITE_FIRST));
    assert_true(errand(&r, SITE_LAST));
    struct disk *image = disk_snapshot(r.disk);
    for (int trip = 0; trip < 3; trip++) {
        assert_true(forward(&r));
        assert_true(errand(&r, SITE_FIRST));
        assert_true(errand(&r, SITE_LAST));
        work(&w);
        assert_true(errand(&r, SITE_FIRST));
        assert_true(forward(&r));
        deposits_close(r.deposits); /* with the answer to the second parcel */
        disk_restore(r.disk, image);
        switch_on(&r);
    }
    for (int i = 0; i < 2; i++) {
        assert_true(errand(&r, SITE_FIRST));
        assert_true(errand(&r, SITE_LAST));
        assert_true(forward(&r));
    }
    assert_true(errand(&r, SITE_FIRST));
    assert_true(errand(&r, SITE_LAST));
    assert_nothing_waits(&r);
    disk_free(image);
    close_site(&w, &r);
}

static void at_random(struct cupboard *r, struct disk **image, struct rng *rng)
{
    struct world *w = r->w;
    uint32_t at = SITE_FIRST + (uint32_t)rng_below(rng, 2);
    switch (rng_below(rng, 10)) {
    case 0:
        cut_relay(r);
        break;
    case 1: /* its next uses of the disk; perhaps between the verdict and the note of it */
        disk_fail(r->disk, DISK_ANY, 1 + rng_below(rng, 60), DISK_FAULT_POWER, false);
        break;
    case 2:
        node_doom(world_node(w, at), rng_below(rng, 2) == 0 ? DEATH_KILL : DEATH_POWER,
                  1 + rng_below(rng, 60));
        break;
    case 3:
        node_kill(world_node(w, WORLD_SERVER));
        node_start(world_node(w, WORLD_SERVER));
        break;
    case 4:
        deposits_close(r->deposits);
        disk_heal(r->disk);
        if (*image != NULL)
            disk_restore(r->disk, *image);
        switch_on(r);
        break;
    case 5:
        if (*image != NULL)
            disk_free(*image);
        *image = disk_snapshot(r->disk);
        break;
    case 6:
        work(w);
        break;
    case 7:
        (void)forward(r);
        break;
    default:
        (void)errand(r, at);
        break;
    }
}

static void anything_at_a_site_in_any_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct world w;
        struct cupboard r;
        struct disk *image = NULL;
        struct rng rng;
        open_site(&w, &r);
        rng_stream(&rng, seed, "site");
        for (int i = 0; i < 120; i++)
            at_random(&r, &image, &rng);
        disk_heal(r.disk);
        for (uint32_t at = WORLD_SERVER; at <= FAR; at++)
            disk_heal(world_node(&w, at)->disk);
        if (image != NULL)
            disk_free(image);
        close_site(&w, &r);
    }
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
        cmocka_unit_test(a_relay_replaces_the_line),
        cmocka_unit_test(power_cuts_at_the_relay_lose_nothing),
        cmocka_unit_test(an_older_relay_does_no_harm),
        cmocka_unit_test(anything_at_a_site_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
