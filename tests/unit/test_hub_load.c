/* SPDX-License-Identifier: Apache-2.0 */
/* The hub when there is much to do: first syncs, budgets, rates of a device, what can wait. */
#define HUB_RIG_CLIENTS 120
#include "server/hub_inside.h"
#include "store/edit.h"
#include "support/hub_rig.h"

enum {
    WRITER = CLIENTS - 1,
    PLACED = LIMIT_FIRST_SYNCS,
    WAITING = LIMIT_FIRST_SYNCS + LIMIT_FIRST_WAITING
};

/* So much that a first sync is one. */
static void write_much(struct rig *rig)
{
    struct client *writer = &rig->client[WRITER];
    join(rig, WRITER, false);
    for (unsigned n = 0; n < LIMIT_FIRST_SEQS; n += MESSAGE_PAGE_ROWS) {
        struct buf body = {0};
        uint64_t first = writer->op_no + 1;
        for (unsigned k = 0; k < MESSAGE_PAGE_ROWS; k++)
            write_op(rig, writer, &body);
        say_ops(rig, writer, first, MESSAGE_PAGE_ROWS, buf_str(&body));
        buf_done(&body);
    }
    disconnect(rig, writer);
    writer->read = writer->heard.n;
}

/* Says HELLO, hears WELCOME and at most one page: it reads no further. */
static void begin(struct rig *rig, unsigned i)
{
    struct client *c = &rig->client[i];
    rig->hold = true;
    connect_peer(rig, c, true);
    say_hello(rig, c, true, 0);
    run_one(rig);
    hub_filled(rig->hub, c->peer);
    run_jobs(rig);
    rig->hold = false;
    expect(c, MESSAGE_WELCOME);
}

static void fill(struct rig *rig)
{
    write_much(rig);
    for (unsigned i = 0; i < WAITING; i++) {
        begin(rig, i);
        if (i < PLACED)
            expect(&rig->client[i], MESSAGE_PAGE);
        expect_silence(&rig->client[i]);
    }
}

static void drained(struct rig *rig, struct client *c)
{
    feed(rig, (struct hub_event){.type = HUB_EV_DRAINED, .peer = c->peer});
}

static void first_syncs_wait_for_a_place(void **state)
{
    struct rig *rig = *state;
    uint64_t through = 0;
    fill(rig);
    struct client *late = &rig->client[WAITING];
    begin(rig, WAITING);
    expect_bye(late, ERR_LATER);
    disconnect(rig, late);
    /* Who has little to read does not wait. */
    struct client *light = &rig->client[WRITER];
    connect_peer(rig, light, true);
    say_hello(rig, light, false, serve_seq(rig->office.store));
    expect(light, MESSAGE_WELCOME);
    expect(light, MESSAGE_IDLE);
    /* One has read everything: the next in the line begins. */
    drained(rig, &rig->client[3]);
    assert_true(expect_pages(&rig->client[3], &through) > 2);
    struct client *next = &rig->client[PLACED];
    drained(rig, next);
    assert_true(expect_pages(next, &through) > 3);
    expect_silence(&rig->client[WAITING - 1]);
    assert_int_equal(rig->failed, ERR_OK);
}

static void a_lost_connection_gives_its_place_away(void **state)
{
    struct rig *rig = *state;
    uint64_t through = 0;
    fill(rig);
    disconnect(rig, &rig->client[0]);
    disconnect(rig, &rig->client[PLACED]); /* the first in the line has gone too */
    disconnect(rig, &rig->client[1]);
    for (unsigned i = PLACED + 1; i < PLACED + 3; i++) {
        drained(rig, &rig->client[i]);
        assert_true(expect_pages(&rig->client[i], &through) > 3);
    }
    expect_silence(&rig->client[PLACED + 4]);
    begin(rig, PLACED); /* comes back, and has kept its turn */
    drained(rig, &rig->client[PLACED + 3]);
    drained(rig, &rig->client[PLACED]);
    assert_true(expect_pages(&rig->client[PLACED], &through) > 3);
}

static void a_slow_reader_needs_no_place(void **state)
{
    struct rig *rig = *state;
    fill(rig);
    pass(rig, LIMIT_PLACE_MS + 500);
    for (unsigned i = PLACED; i < 2 * PLACED; i++) {
        drained(rig, &rig->client[i]);
        expect(&rig->client[i], MESSAGE_PAGE);
    }
    /* It reads on all the same. */
    uint64_t through = 0;
    drained(rig, &rig->client[0]);
    assert_true(expect_pages(&rig->client[0], &through) > 2);
}

static void who_waits_is_not_left_in_silence(void **state)
{
    struct rig *rig = *state;
    fill(rig);
    rig->hold = true; /* the database takes its time: nobody gets a place */
    for (unsigned i = 0; i < PLACED; i++)
        drained(rig, &rig->client[i]);
    pass(rig, LIMIT_FIRST_PING_MS + LIMIT_FIRST_PING_MS / 2 + 500);
    for (unsigned i = PLACED; i < WAITING; i++)
        expect(&rig->client[i], MESSAGE_PING);
    run_jobs(rig);
}

static void work_is_taken_before_later_is_said(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[WAITING];
    struct buf body = {0};
    fill(rig);
    write_op(rig, c, &body);
    begin(rig, WAITING);
    expect_silence(c); /* it said that there is an operation */
    say_ops(rig, c, 1, 1, buf_str(&body));
    buf_done(&body);
    expect(c, MESSAGE_VERDICTS);
    expect_bye(c, ERR_LATER);
    c = &rig->client[WAITING + 1];
    write_op(rig, c, &body);
    begin(rig, WAITING + 1);
    buf_done(&body);
    pass(rig, LIMIT_AWAY_MS + 500); /* but not for ever */
    expect_bye(c, ERR_LATER);
}

/* Told to come back, it forks instead, and finds a place when it greets again: what it heard
 * before does not count any more. */
static void a_fork_forgets_that_later_was_to_be_said(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[WAITING];
    struct buf body = {0};
    fill(rig);
    write_op(rig, c, &body);
    begin(rig, WAITING);
    rig->hold = true;
    say_empty(rig, c, MESSAGE_FORK);
    pass(rig, LIMIT_AWAY_MS + 500); /* the database takes its time */
    expect_silence(c);
    run_jobs(rig);
    rig->hold = false;
    c->identity.epoch = expect(c, MESSAGE_EPOCH).epoch.epoch;
    for (unsigned i = 0; i < WAITING; i++)
        disconnect(rig, &rig->client[i]);
    say_hello(rig, c, true, 0);
    expect(c, MESSAGE_WELCOME);
    drained(rig, c);
    uint64_t through = 0;
    assert_true(expect_pages(c, &through) > 3);
    say_ops(rig, c, 1, 1, buf_str(&body));
    buf_done(&body);
    expect(c, MESSAGE_VERDICTS);
    expect(c, MESSAGE_IDLE);
    assert_false(c->closed);
}

static void a_device_to_be_wiped_needs_no_place(void **state)
{
    struct rig *rig = *state;
    uint64_t through = 0;
    fill(rig);
    uint32_t device = rig->client[0].identity.device;
    assert_int_equal(serve_device_state(rig->office.store, device, DEVICE_WIPE), ERR_OK);
    feed(rig,
         (struct hub_event){.type = HUB_EV_DEVICE, .device = device, .state = DEVICE_WIPE});
    expect(&rig->client[0], MESSAGE_WIPE);
    drained(rig, &rig->client[PLACED]);
    assert_true(expect_pages(&rig->client[PLACED], &through) > 3);
}

static void pages_under_way_are_bounded_together(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    struct message m = {.type = MESSAGE_HELLO};
    write_much(rig);
    rig->hub->page_bytes = LIMIT_PAGE_BYTES; /* of many others */
    connect_peer(rig, c, true);
    say_hello(rig, c, true, 0);
    expect(c, MESSAGE_WELCOME);
    for (unsigned pages = 0; m.type != MESSAGE_IDLE; pages++) {
        assert_true(pages < 2 * LIMIT_FIRST_SEQS / MESSAGE_PAGE_ROWS);
        m = expect(c, MESSAGE_PAGE);
        if (!hear(c, &m)) /* one at a time */
            say_pulled(rig, c, m.page.to);
    }
    disconnect(rig, c);
    assert_int_equal(rig->hub->page_bytes, LIMIT_PAGE_BYTES);
    rig->hub->page_bytes = 0;
    join(rig, 1, true);
    assert_int_equal(rig->hub->page_bytes, 0);
    rig->hub->page_bytes = LIMIT_QUEUE_BYTES;
    connect_peer(rig, &rig->client[2], true);
    expect_bye(&rig->client[2], ERR_LATER);
    say_empty(rig, &rig->client[1], MESSAGE_PING); /* who is there stays */
    expect(&rig->client[1], MESSAGE_PONG);
    rig->hub->page_bytes = 0;
}

static void a_new_connection_is_no_new_allowance(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[0];
    join(rig, 0, false);
    say_ops(rig, c, 1, LIMIT_OPS_BURST + 200 * LIMIT_OPS_PER_SECOND, STR("-"));
    expect_bye(c, ERR_FORMAT);
    disconnect(rig, c);
    pass(rig, LIMIT_DEVICE_MS + 1000); /* the device is not forgotten: it owes */
    join(rig, 0, false);
    assert_false(c->paused);
    say_push(rig, c);
    assert_true(c->paused);
    expect(c, MESSAGE_VERDICTS);
    expect(c, MESSAGE_IDLE);
    pass(rig, 150 * 1000);
    assert_false(c->paused);
    disconnect(rig, c);
    pass(rig, (int64_t)LIMIT_OPS_BURST / LIMIT_OPS_PER_SECOND * 1000);
    join(rig, 1, true); /* brings the timer, which forgets what owes nothing */
    pass(rig, 2 * LIMIT_DEVICE_MS);
    uint32_t at = 0;
    memset(&at, c->key, sizeof at);
    assert_null(rig->hub->chains[at % HUB_CHAINS]);
    join(rig, 0, false);
    say_push(rig, c);
    assert_false(c->paused);
}

static void the_more_there_are_the_later_they_come_back(void **state)
{
    struct rig *rig = *state;
    uint32_t latest = 0;
    for (unsigned i = 0; i < CLIENTS; i++)
        join(rig, i, true);
    feed(rig, (struct hub_event){.type = HUB_EV_DRAIN});
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct message m = expect(&rig->client[i], MESSAGE_BYE);
        assert_int_equal(m.bye.err, ERR_LATER);
        assert_in_range(m.bye.retry_ms, LIMIT_RETRY_MS_MIN,
                        LIMIT_RETRY_MS_SOON + CLIENTS * LIMIT_RETRY_MS_PEER);
        latest = m.bye.retry_ms > latest ? m.bye.retry_ms : latest;
    }
    assert_true(latest > LIMIT_RETRY_MS_SOON);
}

static enum err count_seen(void *ctx, const struct serve_device_info *info)
{
    *(unsigned *)ctx += info->seen_ms != 0 && info->schema == SCHEMA_VERSION ? 1U : 0U;
    return ERR_OK;
}

/* A thousand greetings are not a thousand commits. */
static void contacts_are_noted_together(void **state)
{
    struct rig *rig = *state;
    unsigned seen = 0;
    join(rig, 0, true); /* the first is noted at once */
    assert_int_equal(serve_devices(rig->office.store, count_seen, &seen), ERR_OK);
    assert_int_equal(seen, 1);
    for (unsigned i = 1; i < 50; i++)
        join(rig, i, true);
    unsigned jobs = rig->jobs;
    pass(rig, LIMIT_SEEN_MS);
    assert_int_equal(rig->jobs, jobs + 1);
    seen = 0;
    assert_int_equal(serve_devices(rig->office.store, count_seen, &seen), ERR_OK);
    assert_int_equal(seen, 50);
}

/* On the server itself, as jalonctl does: a row of that table with these fields. */
static struct id add_row(struct rig *rig, uint16_t table_id, const char *const *fields,
                         const struct value *values, size_t count)
{
    const struct table *table = schema_table(&schema_jalon, table_id);
    struct edit_value given[4];
    struct edit *edit = NULL;
    struct id id = {0};
    for (size_t i = 0; i < count; i++)
        given[i] = (struct edit_value){schema_field_named(table, str_of(fields[i])), values[i]};
    assert_int_equal(edit_open(rig->office.store, &edit, NULL), ERR_OK);
    assert_int_equal(edit_insert(edit, table, given, count, &id, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    feed(rig,
         (struct hub_event){.type = HUB_EV_COMMITTED, .seq = serve_seq(rig->office.store)});
    return id;
}

/* A device that listens is not woken by what is not for it, and loses nothing by that. */
static void what_is_for_others_wakes_nobody(void **state)
{
    struct rig *rig = *state;
    struct client *writer = &rig->client[0];
    struct client *reader = &rig->client[1];
    static const char *const of_structure[] = {"name", "kind"};
    static const char *const of_person[] = {"name", "first_name", "structure"};
    struct value structure[] = {value_text(STR("CISP Exemple")), value_text(STR("CISP_EFT"))};
    join(rig, 0, true);
    join(rig, 1, true);
    struct id other = add_row(rig, TABLE_STRUCTURE, of_structure, structure, 2);
    uint64_t told = expect(reader, MESSAGE_PAGE).page.to;
    expect(reader, MESSAGE_IDLE);
    expect(writer, MESSAGE_PAGE);
    expect(writer, MESSAGE_IDLE);
    struct value person[] = {value_text(STR("Exemple")), value_text(STR("Zoé")),
                             value_id(&other)};
    for (unsigned i = 0; i < 3; i++) {
        (void)add_row(rig, TABLE_PERSON, of_person, person, 3);
        expect_silence(reader);
    }
    say_push(rig, writer);
    expect(writer, MESSAGE_VERDICTS);
    struct message m = expect(writer, MESSAGE_IDLE); /* who waits for it hears it at once */
    assert_int_equal(m.idle.judged, 1);
    m = expect(reader, MESSAGE_PAGE);
    assert_int_equal(m.page.from, told); /* without a gap */
    assert_int_equal(m.page.rows, 1);
    assert_int_equal(m.page.to, serve_seq(rig->office.store));
    expect(reader, MESSAGE_IDLE);
    expect_silence(reader);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(first_syncs_wait_for_a_place),
        T(a_lost_connection_gives_its_place_away),
        T(a_slow_reader_needs_no_place),
        T(who_waits_is_not_left_in_silence),
        T(work_is_taken_before_later_is_said),
        T(pages_under_way_are_bounded_together),
        T(a_new_connection_is_no_new_allowance),
        T(the_more_there_are_the_later_they_come_back),
        T(contacts_are_noted_together),
        T(what_is_for_others_wakes_nobody),
        T(a_fork_forgets_that_later_was_to_be_said),
        T(a_device_to_be_wiped_needs_no_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
