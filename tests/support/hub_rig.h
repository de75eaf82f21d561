/* SPDX-License-Identifier: Apache-2.0 */
/* A hub on a real store, and hand-made clients that say whatever a test wants them to say. */
#ifndef TESTS_SUPPORT_HUB_RIG_H
#define TESTS_SUPPORT_HUB_RIG_H

#include "server/hub.h"
#include "support/alloc_fail.h"
#include "support/office.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#ifndef HUB_RIG_CLIENTS
#define HUB_RIG_CLIENTS 16
#endif
enum { CLIENTS = HUB_RIG_CLIENTS, HELD = 8, START_MS = 1000 };

/* One hand-made client and what it heard. */
struct client {
    uint64_t peer;
    uint8_t key;
    unsigned staff;
    struct store_identity identity;
    bool paused, closed; /* what the hub asked for */
    enum err why;        /* of the close */
    struct buf heard;    /* frames */
    size_t read;         /* looked at by the test so far */
    uint64_t op_no, hash;
    uint64_t grants; /* mark from WELCOME */
};

struct rig {
    struct office office;
    struct hub *hub;
    struct client client[CLIENTS];
    int64_t now_ms, timer_ms;
    uint64_t random;
    bool hold;                  /* jobs wait in `held` until run_jobs */
    struct hub_job *held[HELD]; /* given out, oldest first */
    size_t held_n;
    enum err failed;
    bool done;
    unsigned jobs;        /* run so far */
    uint64_t hash_before; /* of the last operation known to be there */
    uint64_t fail_at;     /* which allocation of the hub fails; 0: none, or it has */
};

static inline void carry_out(struct rig *rig, const struct hub_action *a)
{
    struct client *c = a->owner;
    switch (a->type) {
    case HUB_SEND:
        assert_false(c->closed);
        assert_true(a->peer == c->peer || c->peer == 0);
        buf_add(&c->heard, a->bytes.p, a->bytes.n);
        return;
    case HUB_CLOSE:
        assert_false(c->closed);
        c->closed = true;
        c->why = a->err;
        return;
    case HUB_PAUSE:
        assert_false(c->paused);
        c->paused = true;
        return;
    case HUB_RESUME:
        assert_true(c->paused);
        c->paused = false;
        return;
    case HUB_JOB:
        assert_true(rig->held_n < HELD);
        rig->held[rig->held_n++] = a->job;
        return;
    case HUB_TIMER:
        rig->timer_ms = a->at_ms;
        return;
    case HUB_FAILED:
        rig->failed = a->err;
        return;
    case HUB_DONE:
        assert_false(rig->done);
        rig->done = true;
        return;
    }
}

/* Only the hub's own allocations fail, not the test's. */
static inline void fail_begin(struct rig *rig)
{
    if (rig->fail_at > 0)
        alloc_fail_at(ALLOC_OURS, rig->fail_at, false);
}

static inline void fail_end(struct rig *rig)
{
    if (rig->fail_at == 0)
        return;
    bool refused = alloc_fail_refused() > 0;
    uint64_t count = alloc_fail_count();
    alloc_fail_off();
    rig->fail_at = refused ? 0 : rig->fail_at - count;
}

/* One event, and the actions it leads to. */
static inline uint64_t step(struct rig *rig, struct hub_event event)
{
    const struct hub_action *actions = NULL;
    size_t n = 0;
    event.now_ms = rig->now_ms;
    event.random = ++rig->random;
    fail_begin(rig);
    uint64_t id = hub_step(rig->hub, &event, &actions, &n);
    fail_end(rig);
    for (size_t i = 0; i < n; i++)
        carry_out(rig, &actions[i]);
    return id;
}

/* Run the oldest job that was given out. */
static inline void run_one(struct rig *rig)
{
    struct hub_job *job = rig->held[0];
    rig->held_n--;
    memmove(rig->held, rig->held + 1, rig->held_n * sizeof *rig->held);
    fail_begin(rig);
    hub_job_run(rig->office.store, job);
    fail_end(rig);
    rig->jobs++;
    (void)step(rig, (struct hub_event){.type = HUB_EV_JOB, .job = job});
}

/* The same, and the jobs it leads to, unless they are held. */
static inline uint64_t feed(struct rig *rig, struct hub_event event)
{
    uint64_t id = step(rig, event);
    while (!rig->hold && rig->held_n > 0)
        run_one(rig);
    return id;
}

static inline void run_jobs(struct rig *rig)
{
    while (rig->held_n > 0)
        run_one(rig);
}

/* Let time pass, with the timers that fall into it. */
static inline void pass(struct rig *rig, int64_t ms)
{
    int64_t until = rig->now_ms + ms;
    while (rig->timer_ms != 0 && rig->timer_ms <= until) {
        rig->now_ms = rig->timer_ms > rig->now_ms ? rig->timer_ms : rig->now_ms;
        rig->timer_ms = 0;
        feed(rig, (struct hub_event){.type = HUB_EV_TIMER});
    }
    rig->now_ms = until;
}

/* ---- what clients do ---- */

static inline void connect_peer(struct rig *rig, struct client *c, bool with_key)
{
    uint8_t key[32];
    memset(key, c->key, sizeof key);
    c->closed = false;
    c->paused = false;
    c->peer = 0;
    c->peer = feed(
        rig, (struct hub_event){.type = HUB_EV_OPEN, .key = with_key ? key : NULL, .owner = c});
    assert_true(c->peer != 0);
}

static inline void disconnect(struct rig *rig, struct client *c)
{
    feed(rig, (struct hub_event){.type = HUB_EV_CLOSED, .peer = c->peer});
    c->closed = true;
}

/* Say one frame (head included); the buffer is done with. */
static inline void say(struct rig *rig, struct client *c, struct buf *frame)
{
    struct str body;
    size_t used = 0;
    assert_int_equal(frame->err, ERR_OK);
    assert_int_equal(frame_next(buf_str(frame), FRAME_BYTES_MAX, &body, &used), ERR_OK);
    feed(rig, (struct hub_event){.type = HUB_EV_FRAME, .peer = c->peer, .bytes = body});
    buf_done(frame);
}

static inline void say_empty(struct rig *rig, struct client *c, enum message_type type)
{
    struct buf frame = {0};
    message_empty(&frame, type);
    say(rig, c, &frame);
}

static inline void say_hello(struct rig *rig, struct client *c, bool live, uint64_t pulled)
{
    struct hello hello = {.protocol = MESSAGE_PROTOCOL,
                          .schema = SCHEMA_VERSION,
                          .history = c->identity.history,
                          .generation = c->identity.generation,
                          .epoch = c->identity.epoch,
                          .op_last = c->op_no,
                          .acked = c->op_no,
                          .pulled = pulled,
                          .wall_ms = rig->office.wall_ms,
                          .grants = c->grants,
                          .live = live};
    struct buf frame = {0};
    message_hello(&frame, &hello);
    say(rig, c, &frame);
}

static inline void say_pulled(struct rig *rig, struct client *c, uint64_t through)
{
    struct buf frame = {0};
    message_pulled(&frame, through);
    say(rig, c, &frame);
}

/* The next operation of this client: one new company. */
static inline void write_op(struct rig *rig, struct client *c, struct buf *out)
{
    struct op_writer w;
    struct value name = value_text(STR("Entreprise Exemple"));
    struct op_head head = {.op_no = c->op_no + 1,
                           .prev_hash = c->hash,
                           .hlc = hlc_of_ms(rig->office.wall_ms) + c->op_no + 1,
                           .wall_ms = rig->office.wall_ms,
                           .form = SCHEMA_VERSION,
                           .actor = rig->office.staff[c->staff]};
    struct id row = store_new_id(rig->office.store);
    op_writer_init(&w);
    change_begin_insert(&w, TABLE_COMPANY, &row, 1);
    pack_int(&w.body, 1);
    value_pack(&name, &w.body);
    size_t at = out->n;
    assert_int_equal(op_write(&head, &w, out), ERR_OK);
    op_writer_done(&w);
    c->op_no++;
    c->hash = op_hash(c->hash, (struct str){(const char *)out->p + at, out->n - at});
}

static inline void say_ops(struct rig *rig, struct client *c, uint64_t first, uint32_t count,
                           struct str body)
{
    struct push push = {
        .epoch = c->identity.epoch, .first_op = first, .count = count, .body = body};
    struct buf frame = {0};
    message_push(&frame, &push);
    say(rig, c, &frame);
}

static inline void say_push(struct rig *rig, struct client *c)
{
    struct buf body = {0};
    uint64_t first = c->op_no + 1;
    write_op(rig, c, &body);
    say_ops(rig, c, first, 1, buf_str(&body));
    buf_done(&body);
}

/* ---- what they heard ---- */

static inline bool hear(struct client *c, struct message *m)
{
    struct str body;
    size_t used = 0;
    struct str rest = {(const char *)c->heard.p + c->read, c->heard.n - c->read};
    assert_int_equal(frame_next(rest, FRAME_BYTES_MAX, &body, &used), ERR_OK);
    if (used == 0)
        return false;
    c->read += used;
    assert_int_equal(message_read(body, m), ERR_OK);
    return true;
}

static inline struct message expect(struct client *c, enum message_type type)
{
    struct message m = {.type = MESSAGE_HELLO};
    assert_true(hear(c, &m));
    assert_int_equal(m.type, type);
    if (type == MESSAGE_WELCOME)
        c->grants = m.welcome.grants;
    return m;
}

static inline void expect_silence(struct client *c)
{
    struct message m;
    assert_false(hear(c, &m));
}

static inline void expect_bye(struct client *c, enum err err)
{
    struct message m = expect(c, MESSAGE_BYE);
    assert_int_equal(m.bye.err, err);
    if (err == ERR_LATER)
        assert_in_range(m.bye.retry_ms, LIMIT_RETRY_MS_MIN, LIMIT_RETRY_MS_MAX);
    expect_silence(c);
    assert_true(c->closed);
}

/* Hear pages through their IDLE; how many. */
static inline unsigned expect_pages(struct client *c, uint64_t *through)
{
    struct message m;
    unsigned pages = 0;
    while (hear(c, &m) && m.type == MESSAGE_PAGE)
        pages++;
    assert_int_equal(m.type, MESSAGE_IDLE);
    *through = m.idle.through;
    return pages;
}

/* Connect, greet, hear everything there is. */
static inline void join(struct rig *rig, unsigned i, bool live)
{
    struct client *c = &rig->client[i];
    uint64_t through = 0;
    connect_peer(rig, c, true);
    say_hello(rig, c, live, 0);
    expect(c, MESSAGE_WELCOME);
    expect_pages(c, &through);
    expect_silence(c);
    say_pulled(rig, c, through);
    assert_false(c->closed);
}

static inline int setup(void **state)
{
    struct rig *rig = mem_new(sizeof *rig);
    assert_non_null(rig);
    office_open(&rig->office);
    rig->hub = hub_new(NULL);
    assert_non_null(rig->hub);
    rig->now_ms = START_MS;
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct client *c = &rig->client[i];
        c->key = (uint8_t)(i + 1);
        c->staff = i % OFFICE_STAFF;
        c->identity = office_enrol(&rig->office, c->staff, c->key);
    }
    *state = rig;
    return 0;
}

static inline int teardown(void **state)
{
    struct rig *rig = *state;
    rig->hold = false;
    run_jobs(rig);
    hub_free(rig->hub);
    for (unsigned i = 0; i < CLIENTS; i++)
        buf_done(&rig->client[i].heard);
    office_close(&rig->office);
    mem_free(rig);
    return 0;
}

#endif
