/* SPDX-License-Identifier: Apache-2.0 */
#include "support/hub_rig.h"

static void a_sync_with_nothing_to_do_is_one_answer(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    join(rig, 0, false);
    say_empty(rig, c, MESSAGE_PING);
    expect(c, MESSAGE_PONG);
    struct buf frame = {0};
    message_bye(&frame, &(struct bye){.err = ERR_OK});
    say(rig, c, &frame);
    expect_silence(c);
    assert_true(c->closed);
    assert_int_equal(c->why, ERR_OK);
    disconnect(rig, c);
    connect_peer(rig, c, true);
    say_hello(rig, c, false, serve_seq(rig->office.store));
    expect(c, MESSAGE_WELCOME);
    struct message idle = expect(c, MESSAGE_IDLE);
    assert_int_equal(idle.idle.through, serve_seq(rig->office.store));
    expect_silence(c);
}

static void verdicts_come_before_the_pages_of_their_commit(void **state)
{
    struct rig *rig = *state;
    struct client *writer = &rig->client[0];
    struct client *reader = &rig->client[1];
    join(rig, 0, false);
    join(rig, 1, true);
    say_push(rig, writer);
    struct message m = expect(writer, MESSAGE_VERDICTS);
    struct verdict_range range = message_range(&m.verdicts.ranges);
    assert_int_equal(range.verdict, VERDICT_APPLIED);
    m = expect(writer, MESSAGE_IDLE); /* own rows are not sent back */
    assert_int_equal(m.idle.judged, 1);
    assert_int_equal(m.idle.through, range.seq);
    expect_silence(writer);
    m = expect(reader, MESSAGE_PAGE); /* live: hears of it by itself */
    assert_int_equal(m.page.rows, 1);
    expect(reader, MESSAGE_IDLE);
    expect_silence(reader);
}

static void all_waiting_pushes_are_one_commit(void **state)
{
    struct rig *rig = *state;
    for (unsigned i = 0; i < CLIENTS; i++)
        join(rig, i, false);
    rig->hold = true;
    say_push(rig, &rig->client[0]); /* alone: nothing else waits */
    for (unsigned i = 1; i < CLIENTS; i++)
        say_push(rig, &rig->client[i]);
    for (unsigned i = 0; i < CLIENTS; i++)
        expect_silence(&rig->client[i]); /* no verdict before the commit */
    assert_int_equal(hub_stats(rig->hub).waiting, CLIENTS);
    run_one(rig);
    expect(&rig->client[0], MESSAGE_VERDICTS);
    expect_silence(&rig->client[1]);
    run_jobs(rig);
    assert_int_equal(hub_stats(rig->hub).commits, 2);
    assert_int_equal(hub_stats(rig->hub).pushes, CLIENTS);
    for (unsigned i = 1; i < CLIENTS; i++)
        expect(&rig->client[i], MESSAGE_VERDICTS);
}

static void a_push_that_extends_nothing_ends_its_peer_alone(void **state)
{
    struct rig *rig = *state;
    struct client *good = &rig->client[0];
    struct client *forked = &rig->client[1];
    struct client *broken = &rig->client[2];
    for (unsigned i = 0; i < 3; i++)
        join(rig, i, false);
    rig->hold = true;
    say_push(rig, good);
    forked->hash = 1;
    forked->op_no = 4;
    say_push(rig, forked);
    say_ops(rig, broken, 1, 1, STR("\xc1\xc1\xc1"));
    say_push(rig, good);
    run_jobs(rig);
    expect(good, MESSAGE_VERDICTS);
    expect(good, MESSAGE_VERDICTS);
    assert_false(good->closed);
    expect_bye(forked, ERR_FORK);
    expect_bye(broken, ERR_FORMAT);
}

static void four_pushes_wait_then_reading_pauses(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    join(rig, 0, false);
    rig->hold = true;
    for (unsigned i = 0; i < MESSAGE_PUSHES_AHEAD; i++) {
        assert_false(c->paused);
        say_push(rig, c);
    }
    assert_true(c->paused);
    run_jobs(rig);
    assert_false(c->paused);
    for (unsigned i = 0; i < MESSAGE_PUSHES_AHEAD; i++)
        expect(c, MESSAGE_VERDICTS);
}

static void one_device_cannot_push_without_measure(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    join(rig, 0, false);
    rig->hold = true;
    say_push(rig, c);
    assert_false(c->paused);
    /* The announced count is charged before it is believed. */
    say_ops(rig, c, c->op_no + 1, LIMIT_OPS_BURST, STR("-"));
    assert_true(c->paused);
    pass(rig, 1000);
    assert_false(c->paused);
    run_jobs(rig);
    expect(c, MESSAGE_VERDICTS);
    expect_bye(c, ERR_FORMAT);
}

/* As many pages as may be under way, then none until one is confirmed. */
static void pages_wait_for_their_confirmation(void **state)
{
    struct rig *rig = *state;
    struct client *writer = &rig->client[0];
    struct client *reader = &rig->client[1];
    struct message m = {.type = MESSAGE_HELLO};
    uint64_t to[MESSAGE_PAGES_AHEAD + 1];
    unsigned pages = 0;
    join(rig, 0, false);
    for (unsigned i = 0; i < 12; i++) {
        struct buf body = {0};
        uint64_t first = writer->op_no + 1;
        for (unsigned k = 0; k < MESSAGE_PAGE_ROWS; k++)
            write_op(rig, writer, &body);
        say_ops(rig, writer, first, MESSAGE_PAGE_ROWS, buf_str(&body));
        buf_done(&body);
    }
    connect_peer(rig, reader, true);
    say_hello(rig, reader, false, 0);
    expect(reader, MESSAGE_WELCOME);
    for (; hear(reader, &m); pages++) {
        assert_int_equal(m.type, MESSAGE_PAGE);
        assert_true(pages < MESSAGE_PAGES_AHEAD);
        to[pages] = m.page.to;
    }
    assert_int_equal(pages, MESSAGE_PAGES_AHEAD);
    say_pulled(rig, reader, to[0]);
    expect(reader, MESSAGE_PAGE);
    expect_silence(reader);
    hub_filled(rig->hub, reader->peer);
    say_pulled(rig, reader, to[MESSAGE_PAGES_AHEAD - 1]);
    expect_silence(reader); /* its output is full */
    feed(rig, (struct hub_event){.type = HUB_EV_DRAINED, .peer = reader->peer});
    expect(reader, MESSAGE_PAGE);
    say_pulled(rig, reader, UINT64_MAX);
    while (hear(reader, &m) && m.type != MESSAGE_BYE) {
    }
    assert_int_equal(m.type, MESSAGE_BYE);
    assert_int_equal(m.bye.err, ERR_PROTOCOL);
}

/* A peer with much to read does not keep one with little waiting. */
static void pages_are_read_in_turn(void **state)
{
    struct rig *rig = *state;
    struct client *writer = &rig->client[0];
    join(rig, 0, false);
    for (unsigned i = 0; i < 6; i++) {
        struct buf body = {0};
        uint64_t first = writer->op_no + 1;
        for (unsigned k = 0; k < MESSAGE_PAGE_ROWS; k++)
            write_op(rig, writer, &body);
        say_ops(rig, writer, first, MESSAGE_PAGE_ROWS, buf_str(&body));
        buf_done(&body);
    }
    join(rig, CLIENTS - 1, false); /* to learn the mark of its grants */
    disconnect(rig, &rig->client[CLIENTS - 1]);
    uint64_t seq = serve_seq(rig->office.store);
    rig->hold = true;
    for (unsigned i = 1; i < CLIENTS; i++) {
        connect_peer(rig, &rig->client[i], true);
        say_hello(rig, &rig->client[i], false, i < CLIENTS - 1 ? 0 : seq);
    }
    assert_true(rig->held_n <= LIMIT_JOBS_AHEAD);
    struct client *last = &rig->client[CLIENTS - 1];
    unsigned turns = 0;
    while (last->heard.n == last->read || rig->held_n == 0) {
        run_one(rig);
        assert_true(++turns <= CLIENTS);
    }
    expect(last, MESSAGE_WELCOME);
    while (last->heard.n == last->read) {
        run_one(rig);
        assert_true(++turns <= 3 * CLIENTS);
    }
    expect(last, MESSAGE_IDLE);
    /* A push does not stand behind the pages either. */
    say_push(rig, writer);
    for (turns = 0; writer->heard.n == writer->read; turns++)
        run_one(rig);
    assert_true(turns <= LIMIT_JOBS_AHEAD + 1);
}

static void a_revoked_device_hears_it_and_nothing_else(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    join(rig, 0, true);
    uint32_t device = c->identity.device;
    assert_int_equal(serve_device_state(rig->office.store, device, DEVICE_REVOKED), ERR_OK);
    feed(rig,
         (struct hub_event){.type = HUB_EV_DEVICE, .device = device, .state = DEVICE_REVOKED});
    expect_bye(c, ERR_REVOKED);
    disconnect(rig, c);
    connect_peer(rig, c, true);
    say_hello(rig, c, true, 0);
    expect_bye(c, ERR_REVOKED);
}

static void a_device_to_be_wiped_is_marked_when_it_says_so(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    struct serve_device found;
    uint8_t key[32];
    memset(key, c->key, sizeof key);
    uint32_t device = c->identity.device;
    join(rig, 0, true);
    assert_int_equal(serve_device_state(rig->office.store, device, DEVICE_WIPE), ERR_OK);
    feed(rig,
         (struct hub_event){.type = HUB_EV_DEVICE, .device = device, .state = DEVICE_WIPE});
    expect(c, MESSAGE_WIPE);
    disconnect(rig, c); /* the link is cut: the next contact goes on */
    connect_peer(rig, c, true);
    say_hello(rig, c, true, 0);
    expect(c, MESSAGE_WIPE);
    assert_int_equal(serve_device(rig->office.store, key, &found), ERR_REVOKED);
    say_empty(rig, c, MESSAGE_WIPED);
    expect_silence(c);
    assert_true(c->closed);
    assert_int_equal(c->why, ERR_OK);
    connect_peer(rig, &rig->client[1], true);
    say_empty(rig, &rig->client[1], MESSAGE_WIPED);
    expect_bye(&rig->client[1], ERR_PROTOCOL); /* nobody asked for it */
}

static void an_unlisted_key_is_refused(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    c->key = 200;
    connect_peer(rig, c, true);
    say_hello(rig, c, false, 0);
    expect_bye(c, ERR_REFUSED);
}

static void without_a_key_only_enrolment_is_heard(void **state)
{
    struct rig *rig = *state;
    for (unsigned i = 0; i < LIMIT_ENROL_PEERS + 1; i++)
        connect_peer(rig, &rig->client[i], false);
    expect_bye(&rig->client[LIMIT_ENROL_PEERS], ERR_LATER);
    say_hello(rig, &rig->client[0], false, 0);
    expect_bye(&rig->client[0], ERR_PROTOCOL);
    assert_int_equal(hub_frame_max(rig->hub, rig->client[1].peer), LIMIT_ENROL_BYTES);
    connect_peer(rig, &rig->client[10], false); /* a place is free again */
    expect_silence(&rig->client[10]);
    pass(rig, LIMIT_ENROL_MS + 1000);
    expect_bye(&rig->client[1], ERR_TIMEOUT);
}

static void silent_strangers_do_not_keep_others_from_enrolling(void **state)
{
    struct rig *rig = *state;
    for (unsigned i = 0; i < LIMIT_ENROL_PEERS; i++)
        connect_peer(rig, &rig->client[i], false);
    pass(rig, LIMIT_ENROL_WAIT_MS);
    connect_peer(rig, &rig->client[LIMIT_ENROL_PEERS], false);
    expect_silence(&rig->client[LIMIT_ENROL_PEERS]);
    assert_false(rig->client[LIMIT_ENROL_PEERS].closed);
    expect_bye(&rig->client[0], ERR_LATER);
    /* Nor do they keep out who has a key. */
    pass(rig, LIMIT_ENROL_WAIT_MS / 2);
    join(rig, 9, false);
}

static void no_device_gets_epochs_without_end(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    connect_peer(rig, c, true);
    for (unsigned i = 0; i < LIMIT_EPOCHS; i++) {
        c->identity.epoch = 100 + i;
        say_hello(rig, c, false, 0);
        (void)expect(c, MESSAGE_EPOCH);
    }
    say_hello(rig, c, false, 0);
    expect_bye(c, ERR_FORK);
}

static void rude_peers_are_shown_out(void **state)
{
    struct rig *rig = *state;
    struct client *c = rig->client;
    for (unsigned i = 0; i < 6; i++)
        connect_peer(rig, &c[i], true);
    feed(rig, (struct hub_event){.type = HUB_EV_FRAME,
                                 .peer = c[0].peer,
                                 .bytes = STR("\xdd\xff\xff\xff\xff")});
    expect_bye(&c[0], ERR_FORMAT);
    say_push(rig, &c[1]); /* before HELLO */
    expect_bye(&c[1], ERR_PROTOCOL);
    struct buf frame = {0};
    message_idle(&frame, &(struct idle){.through = 1}); /* a server's message */
    say(rig, &c[2], &frame);
    expect_bye(&c[2], ERR_PROTOCOL);
    say_hello(rig, &c[3], false, 0);
    expect(&c[3], MESSAGE_WELCOME);
    c[3].read = c[3].heard.n;
    say_hello(rig, &c[3], false, 0); /* twice */
    expect_bye(&c[3], ERR_PROTOCOL);
    c[4].identity.history.b[0] ^= 1; /* of another server */
    say_hello(rig, &c[4], false, 0);
    expect_bye(&c[4], ERR_IDENTITY);
    pass(rig, LIMIT_HELLO_MS);
    expect_bye(&c[5], ERR_TIMEOUT); /* says nothing */
}

static void a_silent_peer_is_pinged_and_then_given_up(void **state)
{
    struct rig *rig = *state;
    struct client *answers = &rig->client[0];
    struct client *dead = &rig->client[1];
    join(rig, 0, true);
    join(rig, 1, true);
    for (int64_t ms = 0; ms < 2 * LIMIT_DEAD_MS; ms += 1000) {
        pass(rig, 1000);
        struct message m;
        while (hear(answers, &m)) {
            assert_int_equal(m.type, MESSAGE_PING);
            say_empty(rig, answers, MESSAGE_PONG);
        }
    }
    assert_false(answers->closed);
    expect(dead, MESSAGE_PING);
    expect_bye(dead, ERR_TIMEOUT);
}

static void of_one_device_the_newest_two_connections_stay(void **state)
{
    struct rig *rig = *state;
    struct client twin[3];
    uint64_t through = 0;
    for (unsigned i = 0; i < 3; i++) {
        twin[i] = rig->client[0];
        connect_peer(rig, &twin[i], true);
        say_hello(rig, &twin[i], true, 0);
        expect(&twin[i], MESSAGE_WELCOME);
        expect_pages(&twin[i], &through);
    }
    expect_bye(&twin[0], ERR_LATER);
    assert_false(twin[1].closed);
    assert_false(twin[2].closed);
    for (unsigned i = 0; i < 3; i++) {
        disconnect(rig, &twin[i]);
        buf_done(&twin[i].heard);
    }
}

/* The machine lost its power with pushes on their way, and is back before they arrive. */
static void only_the_newest_connection_of_an_epoch_pushes(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    struct client again = *c;
    uint64_t through = 0;
    join(rig, 0, false);
    rig->hold = true;
    say_push(rig, c); /* in the commit */
    say_push(rig, c); /* waits for the next */
    connect_peer(rig, &again, true);
    say_hello(rig, &again, true, 0);
    run_jobs(rig);
    rig->hold = false;
    expect_bye(c, ERR_LATER); /* nothing is acknowledged there any more */
    struct message m = expect(&again, MESSAGE_WELCOME);
    assert_int_equal(m.welcome.known_op, 1);
    expect(&again, MESSAGE_VERDICTS);
    expect_pages(&again, &through);
    assert_int_equal(hub_stats(rig->hub).pushes, 1);
    disconnect(rig, &again);
    buf_done(&again.heard);
}

static void a_push_that_comes_late_on_an_old_connection_is_not_judged(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    struct client again = *c;
    uint64_t through = 0;
    join(rig, 0, false);
    connect_peer(rig, &again, true);
    say_hello(rig, &again, true, 0);
    expect(&again, MESSAGE_WELCOME);
    expect_pages(&again, &through);
    assert_false(c->closed);
    say_push(rig, c);
    expect_bye(c, ERR_LATER);
    assert_int_equal(hub_stats(rig->hub).pushes, 0);
    say_push(rig, &again);
    expect(&again, MESSAGE_VERDICTS);
    disconnect(rig, &again);
    buf_done(&again.heard);
}

static void a_fork_gets_an_epoch_and_begins_again(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    uint64_t through = 0;
    join(rig, 0, true);
    say_empty(rig, c, MESSAGE_FORK);
    struct message m = expect(c, MESSAGE_EPOCH);
    assert_true(m.epoch.epoch > c->identity.epoch);
    say_pulled(rig, c, 1); /* was on its way */
    c->identity.epoch = m.epoch.epoch;
    c->op_no = 0;
    c->hash = 0;
    say_hello(rig, c, true, 0);
    m = expect(c, MESSAGE_WELCOME);
    assert_int_equal(m.welcome.known_op, 0);
    expect_pages(c, &through);
    say_push(rig, c);
    expect(c, MESSAGE_VERDICTS);
    expect(c, MESSAGE_IDLE);
    say_empty(rig, c, MESSAGE_FORK);
    c->identity.epoch = expect(c, MESSAGE_EPOCH).epoch.epoch;
    c->op_no = 0;
    say_hello(rig, c, true, 0);
    expect(c, MESSAGE_WELCOME);
    c->read = c->heard.n;
    say_empty(rig, c, MESSAGE_FORK); /* nobody forks that often */
    expect_bye(c, ERR_FORK);
}

static void an_epoch_we_do_not_know_is_replaced(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    uint64_t through = 0;
    c->identity.epoch = rig->client[1].identity.epoch; /* not his */
    connect_peer(rig, c, true);
    say_hello(rig, c, false, 0);
    struct message m = expect(c, MESSAGE_EPOCH);
    expect_silence(c);
    c->identity.epoch = m.epoch.epoch;
    say_hello(rig, c, false, 0);
    expect(c, MESSAGE_WELCOME);
    expect_pages(c, &through);
}

static void what_was_received_is_judged_though_the_link_is_cut(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    join(rig, 0, false);
    rig->hold = true;
    say_push(rig, &rig->client[0]); /* in the commit */
    say_push(rig, c);               /* waits for the next */
    disconnect(rig, c);
    run_jobs(rig);
    assert_int_equal(hub_stats(rig->hub).pushes, 2);
    rig->hold = false;
    connect_peer(rig, c, true);
    c->op_no = 0;
    say_hello(rig, c, false, 0);
    struct message m = expect(c, MESSAGE_WELCOME);
    assert_int_equal(m.welcome.known_op, 2);
    expect(c, MESSAGE_VERDICTS); /* heard now */
}

static void draining_acknowledges_what_was_pushed(void **state)
{
    struct rig *rig = *state;
    struct client *c = rig->client;
    for (unsigned i = 0; i < 3; i++)
        join(rig, i, true);
    rig->hold = true;
    say_push(rig, &c[0]);
    say_push(rig, &c[1]); /* waits for the second commit */
    feed(rig, (struct hub_event){.type = HUB_EV_DRAIN});
    expect_bye(&c[2], ERR_LATER);
    assert_true(c[0].paused);
    connect_peer(rig, &c[3], true);
    expect_bye(&c[3], ERR_LATER);
    run_jobs(rig);
    for (unsigned i = 0; i < 2; i++) {
        expect(&c[i], MESSAGE_VERDICTS);
        expect_bye(&c[i], ERR_LATER);
    }
    assert_false(rig->done);
    for (unsigned i = 0; i < 4; i++)
        disconnect(rig, &c[i]);
    assert_true(rig->done);
}

static void others_commits_wake_those_who_listen(void **state)
{
    struct rig *rig = *state;
    join(rig, 0, true);
    join(rig, 1, false);
    rig->hold = true;
    uint64_t seq = serve_seq(rig->office.store) + 1;
    feed(rig, (struct hub_event){.type = HUB_EV_COMMITTED, .seq = seq});
    assert_int_equal(rig->held_n, 1);
    run_jobs(rig);
    expect(&rig->client[0], MESSAGE_IDLE);
    expect_silence(&rig->client[1]);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_sync_with_nothing_to_do_is_one_answer),
        T(verdicts_come_before_the_pages_of_their_commit),
        T(all_waiting_pushes_are_one_commit),
        T(a_push_that_extends_nothing_ends_its_peer_alone),
        T(four_pushes_wait_then_reading_pauses),
        T(one_device_cannot_push_without_measure),
        T(pages_wait_for_their_confirmation),
        T(pages_are_read_in_turn),
        T(a_revoked_device_hears_it_and_nothing_else),
        T(a_device_to_be_wiped_is_marked_when_it_says_so),
        T(an_unlisted_key_is_refused),
        T(without_a_key_only_enrolment_is_heard),
        T(rude_peers_are_shown_out),
        T(a_silent_peer_is_pinged_and_then_given_up),
        T(of_one_device_the_newest_two_connections_stay),
        T(silent_strangers_do_not_keep_others_from_enrolling),
        T(no_device_gets_epochs_without_end),
        T(only_the_newest_connection_of_an_epoch_pushes),
        T(a_push_that_comes_late_on_an_old_connection_is_not_judged),
        T(a_fork_gets_an_epoch_and_begins_again),
        T(an_epoch_we_do_not_know_is_replaced),
        T(what_was_received_is_judged_though_the_link_is_cut),
        T(draining_acknowledges_what_was_pushed),
        T(others_commits_wake_those_who_listen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
