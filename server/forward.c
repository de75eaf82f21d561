/* SPDX-License-Identifier: Apache-2.0 */
/* A relay's own conversation with the server:
 *
 *     RESTS ─timer, wake→ DIALS → GREETS ─SITE, LISTED…, job→ HANDS ─job→ SENDS one parcel
 *                                                              ↑           │ answer, or word
 *                                                              └───job── HEARS
 *
 * When there is nothing left to hand over: BYE, and RESTS until there is, or for SITE_LOOK_MS.
 * Whatever is cut off is begun again: the server judges a parcel as often as it is brought. */
#include "server/site_inside.h"

#include "io/clock.h"
#include "io/log.h"
#include "io/random.h"
#include "proto/bundle.h"

enum forward_state {
    FORWARD_RESTS,
    FORWARD_DIALS,
    FORWARD_GREETS, /* SITE was sent; SITE and LISTED are awaited */
    FORWARD_HANDS,  /* the next parcel is with the deposits' thread, or its outcome is */
    FORWARD_SENDS,  /* a parcel is on its way, or its outcome awaited */
    FORWARD_HEARS,  /* the answer is coming in */
    FORWARD_ENDS,
};
enum forward_task { FORWARD_DENY, FORWARD_NEXT, FORWARD_JUDGED };

struct forward {
    struct job job; /* first: found by it */
    struct site *site;
    enum forward_state state;
    struct loop_timer timer;
    struct conn *conn;
    struct dial *dial;
    bool working; /* the job is out */
    bool wanted;  /* a deposit came in meanwhile */
    bool closing; /* forward_close was called */
    bool timer_gone;
    int64_t retry_ms; /* of the last failure; 0: none */
    int64_t tried_ms; /* the last try began */
    bool welcomed;    /* the server has said SITE on this connection */

    enum forward_task task;
    enum err err; /* of the job */
    bool any;     /* FORWARD_NEXT: there was one */
    struct buf listed;
    struct deposit_next next;
    int64_t after; /* those through here wait for another time */
    struct outgoing out;
    uint64_t answer_size;
    uint8_t answer_sha256[SHA256_BYTES];
    struct buf answer;
    uint64_t handed; /* on this connection */
};

static void begin(struct forward *f);

/* ---- when ---- */

static int64_t jitter(int64_t ms)
{
    uint32_t draw = 0;
    random_bytes(&draw, sizeof draw);
    return ms / 2 + (int64_t)(draw % (uint64_t)(ms + 1));
}

static void rest(struct forward *f, int64_t ms)
{
    f->state = FORWARD_RESTS;
    if (!f->closing)
        loop_timer_start(&f->timer, ms);
}

static void maybe_gone(struct forward *f)
{
    struct site *site = f->site;
    if (!f->closing || f->conn != NULL || f->dial != NULL || f->working || !f->timer_gone)
        return;
    buf_done(&f->listed);
    buf_done(&f->out.bytes);
    buf_done(&f->answer);
    mem_free(f);
    site->forward = NULL;
    site_part_gone(site);
}

/* The server was not reached, or the line broke. */
static void failed(struct forward *f)
{
    int64_t ms = f->retry_ms == 0 ? SITE_RETRY_MS_MIN : 2 * f->retry_ms;
    f->retry_ms = ms < SITE_RETRY_MS_MAX ? ms : SITE_RETRY_MS_MAX;
    rest(f, jitter(f->retry_ms));
}

/* A connection is over. */
static void over(struct forward *f, enum err err)
{
    buf_clear(&f->listed);
    buf_done(&f->out.bytes);
    f->out = (struct outgoing){.sent = 0};
    buf_done(&f->answer);
    f->answer_size = 0;
    if (f->handed > 0)
        log_info("handed over %llu parcels", (unsigned long long)f->handed);
    if (err == ERR_REVOKED || err == ERR_REFUSED)
        rest(f, SITE_REVOKED_MS);
    else if (err != ERR_OK)
        failed(f);
    else
        rest(f, f->wanted ? 0 : jitter(SITE_LOOK_MS));
}

/* ---- on the deposits' thread ---- */

static void run(struct job *job)
{
    struct forward *f = (struct forward *)job;
    struct deposits *d = f->site->deposits;
    f->any = false;
    if (f->task == FORWARD_DENY)
        f->err = deposits_deny(d, buf_str(&f->listed));
    else if (f->task == FORWARD_JUDGED)
        f->err = deposits_judged(d, &f->next, buf_str(&f->answer), clock_wall_ms());
    else
        f->err = ERR_OK;
    if (f->err == ERR_OK)
        f->err = deposits_sweep(d, clock_wall_ms());
    if (f->err != ERR_OK)
        return;
    buf_done(&f->answer);
    buf_done(&f->out.bytes);
    f->out = (struct outgoing){.sent = 0};
    buf_init(&f->out.bytes, MESSAGE_PARCEL_BYTES);
    f->err = deposits_next(d, f->after, &f->next, &f->out.bytes);
    f->any = f->err == ERR_OK;
    if (f->err == ERR_NOTFOUND)
        f->err = ERR_OK;
}

/* ---- the conversation ---- */

static void hang_up(struct forward *f, enum err err)
{
    struct buf frame = {0};
    f->state = FORWARD_ENDS;
    if (f->conn == NULL)
        return;
    message_bye(&frame, &(struct bye){.err = err});
    if (frame.err == ERR_OK)
        (void)conn_send(f->conn, frame.p, frame.n);
    buf_done(&frame);
    conn_close(f->conn, err);
}

static void done(struct job *job);

/* With the job's results the next parcel is looked for, too. */
static void submit(struct forward *f, enum forward_task task)
{
    f->task = task;
    f->state = FORWARD_HANDS;
    f->job = (struct job){.run = run, .done = done};
    f->working = jobs_submit(&f->site->jobs, &f->job) == ERR_OK;
    if (!f->working)
        hang_up(f, ERR_LATER);
}

static void send_parcel(struct forward *f)
{
    struct buf frame = {0};
    message_parcel(&frame,
                   &(struct parcel){.kind = BUNDLE_TO_SERVER,
                                    .device = f->next.device,
                                    .size = f->out.bytes.n,
                                    .sha256 = {(const char *)f->next.sha256, SHA256_BYTES}});
    f->state = FORWARD_SENDS;
    if (frame.err == ERR_OK)
        (void)conn_send(f->conn, frame.p, frame.n);
    buf_done(&frame);
    (void)site_send(&f->out, f->conn);
}

static void done(struct job *job)
{
    struct forward *f = (struct forward *)job;
    f->working = false;
    bool broken = f->err == ERR_IO || f->err == ERR_CORRUPT;
    if (broken && deposits_health(f->site->deposits) != ERR_OK)
        site_failed(f->site, f->err);
    if (f->closing) {
        maybe_gone(f);
        return;
    }
    if (f->task == FORWARD_DENY && f->err == ERR_OK)
        log_info("the server was asked: %zu keys have no access", f->listed.n / SHA256_BYTES);
    f->handed += f->task == FORWARD_JUDGED && f->err == ERR_OK ? 1 : 0;
    if (f->conn == NULL) /* it broke meanwhile */
        over(f, ERR_CLOSED);
    else if (f->err != ERR_OK)
        hang_up(f, f->err);
    else if (f->any)
        send_parcel(f);
    else
        hang_up(f, ERR_OK);
}

/* The server's word on the parcel in place of an answer. */
static void on_receipt(struct forward *f, const struct receipt *m)
{
    if (m->err == ERR_OK || memcmp(m->sha256.p, f->next.sha256, SHA256_BYTES) != 0) {
        hang_up(f, ERR_PROTOCOL);
        return;
    }
    log_warn("a parcel of device %u: %s", (unsigned)f->next.device, err_text(m->err));
    bool again = m->err == ERR_LATER || m->err == ERR_FULL || m->err == ERR_NOMEM ||
                 m->err == ERR_BUSY || m->err == ERR_IO;
    buf_done(&f->answer);
    if (again)
        f->after = f->next.no;
    submit(f, again ? FORWARD_NEXT : FORWARD_JUDGED);
}

static void on_parcel(struct forward *f, const struct parcel *m)
{
    if (m->kind != BUNDLE_TO_DEVICE || m->device != f->next.device) {
        hang_up(f, ERR_PROTOCOL);
        return;
    }
    f->answer_size = m->size;
    memcpy(f->answer_sha256, m->sha256.p, SHA256_BYTES);
    buf_done(&f->answer);
    buf_init(&f->answer, MESSAGE_PARCEL_BYTES);
    f->state = FORWARD_HEARS;
}

static void on_piece(struct forward *f, struct str bytes)
{
    uint8_t got[SHA256_BYTES];
    if (bytes.n > f->answer_size - f->answer.n) {
        hang_up(f, ERR_PROTOCOL);
        return;
    }
    buf_add(&f->answer, bytes.p, bytes.n);
    if (f->answer.err != ERR_OK) {
        hang_up(f, ERR_NOMEM);
        return;
    }
    if (f->answer.n < f->answer_size)
        return;
    site_digest(buf_str(&f->answer), got);
    if (memcmp(got, f->answer_sha256, sizeof got) == 0)
        submit(f, FORWARD_JUDGED);
    else
        hang_up(f, ERR_PROTOCOL);
}

static void on_listed(struct forward *f, const struct listed *m)
{
    buf_add(&f->listed, m->keys.p, m->keys.n);
    if (f->listed.err != ERR_OK)
        hang_up(f, f->listed.err);
    else if (!m->more)
        submit(f, FORWARD_DENY);
}

static void on_bye(struct forward *f, const struct bye *m)
{
    bool refused = m->err == ERR_REVOKED || m->err == ERR_REFUSED;
    if (refused && !f->site->revoked)
        log_error("the server has taken this relay's access away");
    f->site->revoked = f->site->revoked || refused;
    f->state = FORWARD_ENDS;
    conn_close(f->conn, m->err == ERR_OK ? ERR_CLOSED : m->err);
}

static void on_welcomed(struct forward *f)
{
    f->welcomed = true;
    f->retry_ms = 0;
    f->site->revoked = false;
}

static void on_frame(struct forward *f, struct str body)
{
    struct message m;
    struct buf pong = {0};
    enum err err = message_read(body, &m);
    if (err != ERR_OK) {
        hang_up(f, err);
    } else if (m.type == MESSAGE_PING) {
        message_empty(&pong, MESSAGE_PONG);
        (void)conn_send(f->conn, pong.p, pong.n);
    } else if (m.type == MESSAGE_BYE) {
        on_bye(f, &m.bye);
    } else if (m.type == MESSAGE_SITE && f->state == FORWARD_GREETS) {
        on_welcomed(f);
    } else if (m.type == MESSAGE_LISTED && f->state == FORWARD_GREETS && f->welcomed) {
        on_listed(f, &m.listed);
    } else if (m.type == MESSAGE_RECEIPT && f->state == FORWARD_SENDS) {
        on_receipt(f, &m.receipt);
    } else if (m.type == MESSAGE_PARCEL && f->state == FORWARD_SENDS && !f->out.going) {
        on_parcel(f, &m.parcel);
    } else if (m.type == MESSAGE_PIECE && f->state == FORWARD_HEARS) {
        on_piece(f, m.piece);
    } else {
        hang_up(f, ERR_PROTOCOL);
    }
    buf_done(&pong);
}

static size_t take_frames(struct forward *f, struct str data)
{
    size_t took = 0;
    while (f->state != FORWARD_ENDS && took < data.n) {
        struct str rest_of = {data.p + took, data.n - took};
        struct str body = {NULL, 0};
        size_t used = 0;
        enum err err = frame_next(rest_of, FRAME_BYTES_MAX, &body, &used);
        if (err != ERR_OK)
            hang_up(f, err);
        if (err != ERR_OK || used == 0)
            break;
        took += used;
        on_frame(f, body);
    }
    return f->state == FORWARD_ENDS ? data.n : took;
}

/* ---- the connection ---- */

static void greet(struct forward *f)
{
    struct buf frame = {0};
    message_site(&frame, &(struct site_word){.protocol = MESSAGE_PROTOCOL,
                                             .name = str_of(f->site->id.name)});
    f->site->line_down = false;
    f->state = FORWARD_GREETS;
    conn_deadline(f->conn, SITE_TALK_MS, 1);
    if (frame.err == ERR_OK)
        (void)conn_send(f->conn, frame.p, frame.n);
    else
        hang_up(f, frame.err);
    buf_done(&frame);
}

static void closed(struct forward *f, struct conn *conn, enum err err)
{
    bool greeted = f->welcomed;
    f->conn = NULL;
    conn_free(conn);
    if (f->closing) {
        maybe_gone(f);
        return;
    }
    if (!greeted && err != ERR_REVOKED && err != ERR_REFUSED && err != ERR_LATER)
        f->site->line_down = true;
    if (!f->working) /* else with the job */
        over(f, err);
}

static void on_conn(struct conn *conn, struct conn_event *event, void *arg)
{
    struct forward *f = arg;
    switch (event->kind) {
    case CONN_OPEN:
        greet(f);
        return;
    case CONN_DATA:
        event->took = take_frames(f, event->data);
        return;
    case CONN_DRAINED:
        if (f->out.going)
            (void)site_send(&f->out, conn);
        return;
    case CONN_CLOSED:
        closed(f, conn, event->err);
        return;
    }
}

static void on_dial(struct dial *dial, enum err err, struct conn *conn, const struct note *why,
                    void *arg)
{
    struct forward *f = arg;
    (void)dial;
    (void)why;
    f->dial = NULL;
    if (err == ERR_OK)
        f->conn = conn;
    if (f->closing && err == ERR_OK)
        conn_abort(conn, ERR_LATER);
    else if (f->closing)
        maybe_gone(f);
    if (err == ERR_OK || f->closing)
        return;
    f->site->line_down = true;
    failed(f);
}

static void begin(struct forward *f)
{
    struct dial_cfg cfg = {.host = f->site->id.server.host,
                           .port = f->site->id.server.port,
                           .conn = {.cb = on_conn, .arg = f, .tls = f->site->tls_up}};
    f->state = FORWARD_DIALS;
    f->tried_ms = clock_mono_ms();
    f->wanted = false;
    f->welcomed = false;
    f->after = 0;
    f->handed = 0;
    if (dial_start(&f->site->loop, &cfg, on_dial, f, &f->dial) != ERR_OK)
        failed(f);
}

static void on_timer(struct loop_timer *timer, void *arg)
{
    struct forward *f = arg;
    (void)timer;
    if (f->state == FORWARD_RESTS && !f->closing)
        begin(f);
}

/* ---- the face ---- */

enum err forward_open(struct site *site)
{
    struct forward *f = mem_new(sizeof *f);
    if (f == NULL)
        return ERR_NOMEM;
    f->site = site;
    loop_timer_init(&site->loop, &f->timer, on_timer, f);
    site->forward = f;
    rest(f, 0);
    return ERR_OK;
}

void forward_line_down(struct site *site)
{
    struct forward *f = site->forward;
    bool news = !site->line_down;
    site->line_down = true;
    if (f != NULL && news && f->state == FORWARD_RESTS)
        failed(f);
}

void forward_look(struct site *site)
{
    struct forward *f = site->forward;
    if (f != NULL && f->state == FORWARD_RESTS && !site->revoked &&
        clock_mono_ms() - f->tried_ms >= SITE_AGAIN_MS)
        rest(f, 0);
}

/* While the line is down the next try comes by itself. */
void forward_wake(struct site *site)
{
    struct forward *f = site->forward;
    if (f == NULL)
        return;
    f->wanted = true;
    if (f->state == FORWARD_RESTS && !site->line_down)
        rest(f, 0);
}

static void on_timer_closed(struct loop_timer *timer, void *arg)
{
    struct forward *f = arg;
    (void)timer;
    f->timer_gone = true;
    maybe_gone(f);
}

void forward_close(struct site *site)
{
    struct forward *f = site->forward;
    if (f == NULL || f->closing)
        return;
    f->closing = true;
    if (f->dial != NULL)
        dial_cancel(f->dial);
    if (f->conn != NULL)
        hang_up(f, ERR_OK);
    loop_timer_close(&f->timer, on_timer_closed);
}
