/* SPDX-License-Identifier: Apache-2.0 */
/* What the hub says when its store cannot: full, broken, out of memory, closing. */
#include "support/hub_rig.h"

/* Nothing is acknowledged that is not on disk; the others go on. */
static void a_full_disk_means_later(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    join(rig, 0, false);
    join(rig, 1, true);
    disk_fail(rig->office.disk, DISK_WRITE, 1, DISK_FAULT_FULL, true);
    say_push(rig, c);
    expect_bye(c, ERR_LATER);
    assert_int_equal(rig->failed, ERR_OK);
    assert_false(rig->client[1].closed);
    disk_heal(rig->office.disk); /* somebody made room */
    disconnect(rig, c);
    connect_peer(rig, c, true);
    c->op_no = 0;
    c->hash = 0;
    say_hello(rig, c, false, 0);
    struct message m = expect(c, MESSAGE_WELCOME);
    assert_int_equal(m.welcome.known_op, 0);
    c->read = c->heard.n;
    say_push(rig, c);
    expect(c, MESSAGE_VERDICTS);
}

/* After an I/O error nothing more is written, everybody leaves, the server ends. */
static void a_broken_disk_stops_the_server(void **state)
{
    struct rig *rig = *state;
    for (unsigned i = 0; i < 3; i++)
        join(rig, i, true);
    rig->hold = true;
    say_push(rig, &rig->client[0]);
    say_push(rig, &rig->client[1]); /* waits behind it */
    disk_fail(rig->office.disk, DISK_SYNC, 1, DISK_FAULT_IO, false);
    run_jobs(rig);
    assert_int_equal(rig->failed, ERR_IO);
    for (unsigned i = 0; i < 3; i++)
        expect_bye(&rig->client[i], ERR_LATER);
    connect_peer(rig, &rig->client[3], true);
    expect_bye(&rig->client[3], ERR_LATER);
    for (unsigned i = 0; i < 4; i++)
        disconnect(rig, &rig->client[i]);
    assert_true(rig->done);
    disk_heal(rig->office.disk); /* the next start */
    office_reopen(&rig->office);
    struct buf report = {0};
    uint32_t problems = 1;
    assert_int_equal(store_check(rig->office.store, &report, &problems), ERR_OK);
    assert_int_equal(problems, 0);
    buf_done(&report);
}

static void a_page_that_cannot_be_read_stops_the_server(void **state)
{
    struct rig *rig = *state;
    office_reopen(&rig->office); /* nothing is cached */
    disk_fail(rig->office.disk, DISK_READ, 1, DISK_FAULT_IO, true);
    connect_peer(rig, &rig->client[0], true);
    say_hello(rig, &rig->client[0], true, 0);
    assert_int_equal(rig->failed, ERR_IO);
    expect_bye(&rig->client[0], ERR_LATER);
}

/* One conversation; it may end early. */
static void converse(struct rig *rig, struct client *c)
{
    uint8_t key[32];
    memset(key, c->key, sizeof key);
    c->closed = false;
    c->paused = false;
    c->peer = 0;
    c->read = c->heard.n;
    c->peer = feed(rig, (struct hub_event){.type = HUB_EV_OPEN, .key = key, .owner = c});
    if (c->peer == 0)
        return;
    if (!c->closed)
        say_hello(rig, c, false, serve_seq(rig->office.store));
    if (!c->closed)
        say_empty(rig, c, MESSAGE_PING);
    if (!c->closed && hub_stats(rig->hub).greeted == 1)
        say_push(rig, c);
    feed(rig, (struct hub_event){.type = HUB_EV_TIMER});
    disconnect(rig, c);
}

/* Operations the server holds of this device. */
static uint64_t judged(struct rig *rig, struct client *c)
{
    connect_peer(rig, c, true);
    c->read = c->heard.n;
    say_hello(rig, c, false, 0);
    uint64_t known = expect(c, MESSAGE_WELCOME).welcome.known_op;
    disconnect(rig, c);
    return known;
}

/* The n-th allocation fails, for every n: it may end that peer, never the server, and what was
 * acknowledged is there. */
static void without_memory_only_that_peer_ends(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    uint64_t left = 1;
    unsigned n = 0;
    (void)judged(rig, c); /* learns the mark of its grants */
    for (n = 1; left > 0; n++) {
        struct message m;
        uint64_t acknowledged = 0;
        rig->fail_at = n;
        converse(rig, c);
        left = rig->fail_at > 0 ? 0 : 1; /* none failed any more: the end */
        rig->fail_at = 0;
        while (hear(c, &m))
            if (m.type == MESSAGE_VERDICTS)
                acknowledged = message_range(&m.verdicts.ranges).to;
        assert_int_equal(rig->failed, ERR_OK);
        assert_int_equal(hub_stats(rig->hub).peers, 0);
        assert_int_equal(hub_stats(rig->hub).jobs, 0);
        uint64_t known = judged(rig, c);
        assert_true(acknowledged <= known);
        if (known < c->op_no) { /* that one was not taken: say it again next time */
            c->op_no = known;
            c->hash = rig->hash_before;
        }
        rig->hash_before = c->hash;
    }
    assert_true(n > 20);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_full_disk_means_later),
        T(a_broken_disk_stops_the_server),
        T(a_page_that_cannot_be_read_stops_the_server),
        T(without_memory_only_that_peer_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
