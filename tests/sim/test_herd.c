/* SPDX-License-Identifier: Apache-2.0 */
/* Monday, eight o'clock: ten thousand devices at a server that has just started. The real hub
 * and its store; devices that only speak the protocol; handshakes, jobs and ways take virtual
 * time. */
#include "server/hub_inside.h"
#include "store/edit.h"
#include "support/office.h"
#include "tests/sim/engine.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
    DEVICES = 10000,
    NEW_DEVICES = 500, /* have everything to read, and come first */
    WRITERS = 40,      /* have an operation to send */
    ROWS = 5000,       /* what there is to read: more pages than travel ahead */
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HANDSHAKE_US = 4000, /* on the loop thread, one after the other … */
    RESUMED_US = 50,     /* … and with a ticket */
    HANDSHAKES_MAX = 64, /* at a time; more wait in the kernel … */
    BACKLOG = 512,       /* … as long as there is room */
    GIVE_UP_MS = 10 * SECOND_MS,
    WAY_MS_MIN = 10,
    WAY_MS_MAX = 200,
    BYTES_PER_PEER = 4096, /* what the hub may take for each */
};

enum event_kind { EV_DIAL, EV_SHAKEN, EV_FRAME, EV_JOB, EV_TIMER };

/* One device: what it knows and what it is doing. */
struct device {
    struct store_identity identity;
    uint64_t pulled, grants;
    uint64_t op_no, acked, hash;
    uint64_t peer; /* at the hub, 0: none */
    uint64_t call; /* grows with each try: events of earlier ones are stale */
    int64_t dialled_ms;
    unsigned tries;
    bool waiting; /* in the backlog */
    bool paused;
    bool idle; /* has sent and read everything */
    int64_t done_ms;
    unsigned laters;
};

struct herd {
    struct engine engine;
    struct rng rng;
    struct office office;
    struct hub *hub;
    struct device devices[DEVICES];
    uint32_t backlog[BACKLOG + HANDSHAKES_MAX];
    size_t backlog_n;
    bool shaking;
    int64_t handshake_us, loop_us;    /* what one takes; busy until then */
    struct hub_job *jobs[LIMIT_JOBS]; /* run, to be handed back */
    size_t jobs_n;
    int64_t database_us; /* busy until then */
    uint64_t timer;
    size_t page_bytes_max, bytes_max;
};

static void feed(struct herd *h, struct hub_event event);

static uint64_t set(struct herd *h, int64_t ms, enum event_kind kind, size_t device, uint64_t c)
{
    return engine_after(&h->engine, ms,
                        (struct event){.owner = 0,
                                       .kind = kind,
                                       .a = device,
                                       .b = device < DEVICES ? h->devices[device].call : 0,
                                       .c = c});
}

static size_t number_of(const struct herd *h, const struct device *d)
{
    return (size_t)(d - h->devices);
}

static int64_t way(struct herd *h)
{
    return rng_between(&h->rng, WAY_MS_MIN, WAY_MS_MAX);
}

/* ---- devices ---- */

static void dial_in(struct herd *h, struct device *d, int64_t ms)
{
    d->call++;
    d->peer = 0;
    d->idle = false;
    d->paused = false;
    (void)set(h, ms, EV_DIAL, number_of(h, d), 0);
}

/* As client/agent waits: doubling, half of it by chance. */
static void back_off(struct herd *h, struct device *d)
{
    int64_t ms = (int64_t)SECOND_MS << (d->tries < 8 ? d->tries : 8);
    d->tries++;
    dial_in(h, d, ms / 2 + rng_between(&h->rng, 0, ms / 2));
}

enum said { SAYS_HELLO, SAYS_PUSH, SAYS_PONG, SAYS_PULLED };

/* Frames of a device arrive in the order they were said: the way is drawn once for each call.
 */
static void say(struct herd *h, struct device *d, enum said what, uint64_t through)
{
    (void)set(h, way(h) + (int64_t)what, EV_FRAME, number_of(h, d), through << 2 | what);
}

static void write_op(struct herd *h, struct device *d, struct buf *out)
{
    struct op_writer w;
    struct value name = value_text(STR("Entreprise Exemple"));
    struct op_head head = {.op_no = d->acked + 1,
                           .prev_hash = d->hash,
                           .hlc = hlc_of_ms(h->office.wall_ms) + d->acked + 1,
                           .wall_ms = h->office.wall_ms,
                           .form = SCHEMA_VERSION,
                           .actor = h->office.staff[number_of(h, d) % OFFICE_STAFF]};
    struct id row = store_new_id(h->office.store);
    op_writer_init(&w);
    change_begin_insert(&w, TABLE_COMPANY, &row, 1);
    pack_int(&w.body, 1);
    value_pack(&name, &w.body);
    size_t at = out->n;
    assert_int_equal(op_write(&head, &w, out), ERR_OK);
    op_writer_done(&w);
    d->hash = op_hash(d->hash, (struct str){(const char *)out->p + at, out->n - at});
}

static void make_frame(struct herd *h, struct device *d, enum said what, uint64_t through,
                       struct buf *out)
{
    struct buf body = {0};
    switch (what) {
    case SAYS_HELLO:
        message_hello(out, &(struct hello){.protocol = MESSAGE_PROTOCOL,
                                           .schema = SCHEMA_VERSION,
                                           .history = d->identity.history,
                                           .generation = d->identity.generation,
                                           .epoch = d->identity.epoch,
                                           .op_last = d->op_no,
                                           .acked = d->acked,
                                           .pulled = d->pulled,
                                           .whole = d->pulled,
                                           .origins = d->pulled > 0 ? DEVICES : 0,
                                           .wall_ms = h->office.wall_ms,
                                           .grants = d->grants,
                                           .live = true});
        break;
    case SAYS_PUSH:
        write_op(h, d, &body);
        message_push(out, &(struct push){.epoch = d->identity.epoch,
                                         .first_op = d->acked + 1,
                                         .count = 1,
                                         .body = buf_str(&body)});
        break;
    case SAYS_PONG:
        message_empty(out, MESSAGE_PONG);
        break;
    case SAYS_PULLED:
        message_pulled(out, through);
        break;
    }
    buf_done(&body);
}

static void hear(struct herd *h, struct device *d, const struct message *m)
{
    switch (m->type) {
    case MESSAGE_WELCOME:
        d->grants = m->welcome.grants;
        d->tries = 0;
        if (d->op_no > m->welcome.known_op)
            say(h, d, SAYS_PUSH, 0);
        return;
    case MESSAGE_VERDICTS:
        d->acked = d->op_no;
        return;
    case MESSAGE_PAGE:
        d->pulled = m->page.to;
        say(h, d, SAYS_PULLED, d->pulled);
        return;
    case MESSAGE_IDLE:
        d->pulled = m->idle.through;
        say(h, d, SAYS_PULLED, d->pulled);
        if (m->idle.judged < d->op_no || d->idle)
            return;
        d->idle = true;
        d->done_ms = h->engine.now_ms;
        return;
    case MESSAGE_PING:
        say(h, d, SAYS_PONG, 0);
        return;
    case MESSAGE_BYE:
        assert_int_equal(m->bye.err, ERR_LATER);
        assert_in_range(m->bye.retry_ms, LIMIT_RETRY_MS_MIN, LIMIT_RETRY_MS_MAX);
        d->laters++;
        dial_in(h, d, m->bye.retry_ms + rng_between(&h->rng, 0, m->bye.retry_ms / 4));
        return;
    case MESSAGE_HELLO:
    case MESSAGE_PUSH:
    case MESSAGE_PULLED:
    case MESSAGE_PONG:
    case MESSAGE_FORK:
    case MESSAGE_EPOCH:
    case MESSAGE_ENROL:
    case MESSAGE_ENROLLED:
    case MESSAGE_WIPE:
    case MESSAGE_WIPED:
    case MESSAGE_LEAVE:
    case MESSAGE_ERASE:
    case MESSAGE_ERASED:
    case MESSAGE_WANT:
    case MESSAGE_CHUNK:
    case MESSAGE_OFFER:
    case MESSAGE_SITE:
    case MESSAGE_PARCEL:
    case MESSAGE_PIECE:
    case MESSAGE_RECEIPT:
    case MESSAGE_LISTED:
        fail_msg("message %d", (int)m->type);
    }
}

/* ---- the server ---- */

static void shake_next(struct herd *h)
{
    if (h->shaking || h->backlog_n == 0)
        return;
    int64_t now_us = h->engine.now_ms * 1000;
    h->shaking = true;
    h->loop_us = (h->loop_us > now_us ? h->loop_us : now_us) + h->handshake_us;
    (void)set(h, h->loop_us / 1000 - h->engine.now_ms, EV_SHAKEN, h->backlog[0], 0);
}

/* The first of the backlog is through, or has given up meanwhile. */
static void shaken(struct herd *h)
{
    struct device *d = &h->devices[h->backlog[0]];
    uint8_t key[32] = {0};
    uint32_t number = h->backlog[0] + 1;
    h->shaking = false;
    h->backlog_n--;
    memmove(h->backlog, h->backlog + 1, h->backlog_n * sizeof *h->backlog);
    d->waiting = false;
    memcpy(key, &number, sizeof number);
    if (h->engine.now_ms - d->dialled_ms > GIVE_UP_MS)
        back_off(h, d);
    else
        feed(h, (struct hub_event){.type = HUB_EV_OPEN, .key = key, .owner = d});
    shake_next(h);
}

static void arrive(struct herd *h, struct device *d)
{
    d->dialled_ms = h->engine.now_ms;
    if (h->backlog_n == BACKLOG + HANDSHAKES_MAX) {
        back_off(h, d); /* nobody answers */
        return;
    }
    d->waiting = true;
    h->backlog[h->backlog_n++] = (uint32_t)number_of(h, d);
    shake_next(h);
}

static int64_t cost_us(const struct hub_job *job)
{
    switch (job->kind) {
    case HUB_JOB_HELLO:
    case HUB_JOB_FORK:
    case HUB_JOB_ENROL:
    case HUB_JOB_WIPED:
    case HUB_JOB_TODAY:
        return 200;
    case HUB_JOB_PAGE:
        return job->paged ? 20 + (int64_t)job->frames.n / 30 : 10;
    case HUB_JOB_COMMIT:
        return 5000 + 100 * (int64_t)job->count;
    case HUB_JOB_SEEN:
        return 5000 + 5 * (int64_t)job->count;
    case HUB_JOB_CONTENT:
        return 5000;
    case HUB_JOB_SITE:
    case HUB_JOB_PARCEL:
        break; /* no relay dials here */
    }
    return 0;
}

static void run(struct herd *h, struct hub_job *job)
{
    int64_t now_us = h->engine.now_ms * 1000;
    hub_job_run(h->office.store, job);
    h->database_us = (h->database_us > now_us ? h->database_us : now_us) + cost_us(job);
    assert_true(h->jobs_n < LIMIT_JOBS);
    h->jobs[h->jobs_n++] = job;
    (void)set(h, h->database_us / 1000 - h->engine.now_ms, EV_JOB, DEVICES, 0);
}

static void send_to(struct herd *h, struct device *d, struct str rest)
{
    struct str body;
    size_t used = 0;
    while (d->peer != 0) {
        assert_int_equal(frame_next(rest, FRAME_BYTES_MAX, &body, &used), ERR_OK);
        if (used == 0)
            return;
        struct message m;
        rest = (struct str){rest.p + used, rest.n - used};
        assert_int_equal(message_read(body, &m), ERR_OK);
        hear(h, d, &m);
    }
}

static void carry_out(struct herd *h, const struct hub_action *a)
{
    struct device *d = a->owner;
    switch (a->type) {
    case HUB_SEND:
        if (d->peer == 0) /* the first answer comes in the step that opens */
            d->peer = a->peer;
        send_to(h, d, a->bytes);
        return;
    case HUB_CLOSE: /* BYE was heard, and the device dials again: the call is stale */
        (void)set(h, way(h), EV_FRAME, DEVICES, a->peer);
        return;
    case HUB_PAUSE:
    case HUB_RESUME:
        d->paused = a->type == HUB_PAUSE;
        return;
    case HUB_JOB:
        run(h, a->job);
        return;
    case HUB_TIMER:
        (void)engine_cancel(&h->engine, h->timer);
        h->timer = set(h, a->at_ms > h->engine.now_ms ? a->at_ms - h->engine.now_ms : 0,
                       EV_TIMER, DEVICES, 0);
        return;
    case HUB_FAILED:
    case HUB_DONE:
        fail_msg("the hub has failed");
    }
}

static void measure(struct herd *h)
{
    size_t bytes = h->hub->page_bytes + h->hub->push_bytes;
    h->page_bytes_max =
        h->hub->page_bytes > h->page_bytes_max ? h->hub->page_bytes : h->page_bytes_max;
    h->bytes_max = bytes > h->bytes_max ? bytes : h->bytes_max;
    assert_true(h->hub->jobs <= LIMIT_JOBS);
}

static void feed(struct herd *h, struct hub_event event)
{
    const struct hub_action *actions = NULL;
    size_t n = 0;
    event.now_ms = h->engine.now_ms;
    event.random = rng_next(&h->rng);
    uint64_t id = hub_step(h->hub, &event, &actions, &n);
    if (event.type == HUB_EV_OPEN) {
        struct device *d = event.owner;
        assert_true(id != 0);
        d->peer = id;
        if (n == 0 || actions[0].type != HUB_SEND)
            say(h, d, SAYS_HELLO, 0);
    }
    for (size_t i = 0; i < n; i++)
        carry_out(h, &actions[i]);
    measure(h);
}

static void frame_arrives(struct herd *h, struct device *d, uint64_t said)
{
    struct buf frame = {0};
    struct str body;
    size_t used = 0;
    assert_false(d->paused);
    make_frame(h, d, (enum said)(said & 3), said >> 2, &frame);
    assert_int_equal(frame_next(buf_str(&frame), FRAME_BYTES_MAX, &body, &used), ERR_OK);
    feed(h, (struct hub_event){.type = HUB_EV_FRAME, .peer = d->peer, .bytes = body});
    buf_done(&frame);
}

static void on_event(void *ctx, const struct event *event)
{
    struct herd *h = ctx;
    struct device *d = event->a < DEVICES ? &h->devices[event->a] : NULL;
    bool stale = d != NULL && event->b != d->call;
    h->office.wall_ms = INT64_C(1795000000000) + h->engine.now_ms;
    switch ((enum event_kind)event->kind) {
    case EV_DIAL:
        if (!stale)
            arrive(h, d);
        return;
    case EV_SHAKEN:
        shaken(h);
        return;
    case EV_FRAME:
        if (d == NULL)
            feed(h, (struct hub_event){.type = HUB_EV_CLOSED, .peer = event->c});
        else if (!stale)
            frame_arrives(h, d, event->c);
        return;
    case EV_JOB: {
        struct hub_job *job = h->jobs[0];
        h->jobs_n--;
        memmove(h->jobs, h->jobs + 1, h->jobs_n * sizeof(struct hub_job *));
        feed(h, (struct hub_event){.type = HUB_EV_JOB, .job = job});
        return;
    }
    case EV_TIMER:
        h->timer = 0;
        feed(h, (struct hub_event){.type = HUB_EV_TIMER});
        return;
    }
}

/* ---- the scene ---- */

static enum err keep_identity(void *ctx, const struct store_identity *identity,
                              struct str network, struct str staff_name, struct buf *reply)
{
    (void)network;
    (void)staff_name;
    *(struct store_identity *)ctx = *identity;
    buf_text(reply, "-");
    return reply->err;
}

static void enrol_all(struct herd *h)
{
    for (uint32_t i = 0; i < DEVICES; i++) {
        struct serve_enrolment e = {.staff = h->office.staff[i % OFFICE_STAFF],
                                    .name = STR("poste")};
        struct buf reply = {0};
        uint32_t number = i + 1;
        memcpy(e.key, &number, sizeof number);
        memcpy(e.invite.b, &number, sizeof number);
        assert_int_equal(
            serve_enrol(h->office.store, &e, keep_identity, &h->devices[i].identity, &reply),
            ERR_OK);
        buf_done(&reply);
    }
}

static void write_rows(struct herd *h)
{
    const struct table *company = schema_table(&schema_jalon, TABLE_COMPANY);
    struct edit_value name = {schema_field_named(company, STR("name")),
                              value_text(STR("Entreprise Exemple"))};
    struct edit *edit = NULL;
    struct id id;
    for (unsigned i = 0; i < ROWS; i++) {
        assert_int_equal(edit_open(h->office.store, &edit, NULL), ERR_OK);
        assert_int_equal(edit_insert(edit, company, &name, 1, &id, NULL), ERR_OK);
        assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    }
}

/* What a device of the office knows that has read everything. */
static void learn(struct herd *h, struct device *d)
{
    struct serve_device device = {.device = d->identity.device, .staff = h->office.staff[0]};
    static struct serve_session session;
    struct buf frames = {0};
    struct str body;
    size_t used = 0;
    struct message m;
    struct hello hello = {.protocol = MESSAGE_PROTOCOL,
                          .history = d->identity.history,
                          .epoch = d->identity.epoch};
    assert_int_equal(serve_hello(h->office.store, &device, &hello, &session, &frames), ERR_OK);
    assert_int_equal(frame_next(buf_str(&frames), FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_int_equal(message_read(body, &m), ERR_OK);
    for (size_t i = NEW_DEVICES; i < DEVICES; i++) {
        h->devices[i].grants = m.welcome.grants;
        h->devices[i].pulled = serve_seq(h->office.store);
    }
    serve_session_done(&session);
    buf_done(&frames);
}

static int by_time(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static unsigned done(const struct herd *h, size_t from, size_t to, int64_t *p50, int64_t *p99)
{
    static int64_t times[DEVICES];
    unsigned n = 0;
    for (size_t i = from; i < to; i++)
        if (h->devices[i].idle)
            times[n++] = h->devices[i].done_ms;
    if (n > 0) {
        qsort(times, n, sizeof *times, by_time);
        *p50 = times[n / 2];
        *p99 = times[n * 99 / 100];
    }
    return n;
}

/* All of them dial within a second; how many were told to come later. */
static unsigned come_back(struct herd *h, int64_t light_ms_max)
{
    int64_t p50[2] = {0};
    int64_t p99[2] = {0};
    unsigned laters = 0;
    int64_t before = (int64_t)mallinfo2().uordblks;
    for (size_t i = 0; i < DEVICES; i++) {
        h->devices[i].op_no = i % (DEVICES / WRITERS) == 7 ? 1 : 0;
        dial_in(h, &h->devices[i], i < NEW_DEVICES ? 0 : rng_between(&h->rng, 1, SECOND_MS));
    }
    engine_run(&h->engine, 3 * MINUTE_MS);
    int64_t grown = (int64_t)mallinfo2().uordblks - before;
    assert_int_equal(done(h, 0, NEW_DEVICES, &p50[0], &p99[0]), NEW_DEVICES);
    assert_int_equal(done(h, NEW_DEVICES, DEVICES, &p50[1], &p99[1]), DEVICES - NEW_DEVICES);
    assert_int_equal(hub_stats(h->hub).greeted, DEVICES);
    assert_int_equal(hub_stats(h->hub).pushes, WRITERS);
    for (size_t i = 0; i < DEVICES; i++) {
        assert_int_equal(h->devices[i].acked, h->devices[i].op_no);
        laters += h->devices[i].laters;
    }
    print_message(
        "little to do: p50 %lld ms, p99 %lld ms; everything: p50 %lld ms, p99 %lld "
        "ms; %u were told to come later; %zu kB of pages at most, %lld kB for peers\n",
        (long long)p50[1], (long long)p99[1], (long long)p50[0], (long long)p99[0], laters,
        h->page_bytes_max / 1024, (long long)grown / 1024);
    assert_true(h->bytes_max < LIMIT_QUEUE_BYTES);
    assert_true(grown < (int64_t)DEVICES * BYTES_PER_PEER);
    /* Whoever has little to do is not kept by those who read everything. */
    assert_true(p99[1] < light_ms_max);
    return laters;
}

static void ten_thousand_come_back_within_a_second_of_a_restart(void **state)
{
    struct herd *h = *state;
    h->handshake_us = HANDSHAKE_US;
    (void)come_back(h, 2 * (int64_t)DEVICES * HANDSHAKE_US / 1000);
    /* Everybody listens: one edit reaches them all. */
    h->devices[DEVICES / 2].op_no++;
    say(h, &h->devices[DEVICES / 2], SAYS_PUSH, 0);
    engine_run(&h->engine, 3 * MINUTE_MS + 10 * SECOND_MS);
    uint64_t seq = serve_seq(h->office.store);
    for (size_t i = 0; i < DEVICES; i++)
        assert_true(h->devices[i].pulled >= seq || i == DEVICES / 2);
}

/* The network was away, the server was not: nothing slows them down before HELLO. */
static void ten_thousand_come_back_with_tickets(void **state)
{
    struct herd *h = *state;
    h->handshake_us = RESUMED_US;
    assert_true(come_back(h, 10 * SECOND_MS) > NEW_DEVICES / 4);
}

static int setup(void **state)
{
    struct herd *h = mem_new(sizeof *h);
    assert_non_null(h);
    engine_init(&h->engine, 22);
    engine_owner(&h->engine, 0, on_event, h);
    h->rng = engine_rng(&h->engine, "herd");
    office_open(&h->office);
    enrol_all(h);
    write_rows(h);
    learn(h, &h->devices[0]);
    h->hub = hub_new(NULL);
    assert_non_null(h->hub);
    *state = h;
    return 0;
}

static int teardown(void **state)
{
    struct herd *h = *state;
    const struct hub_action *actions = NULL;
    size_t n = 0;
    for (size_t i = 0; i < h->jobs_n; i++)
        (void)hub_step(h->hub,
                       &(struct hub_event){
                           .type = HUB_EV_JOB, .now_ms = h->engine.now_ms, .job = h->jobs[i]},
                       &actions, &n);
    hub_free(h->hub);
    office_close(&h->office);
    engine_done(&h->engine);
    mem_free(h);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ten_thousand_come_back_within_a_second_of_a_restart,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(ten_thousand_come_back_with_tickets, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
