/* SPDX-License-Identifier: Apache-2.0 */
/* A device on the site's network:
 *
 *     DIALS ─server reached→ SPLICED: bytes both ways, until one side ends
 *       └──the line is cut─→ SHAKES ─TLS→ GREETS ─SITE, job→ TALKS ⇄ STORES (job)
 *
 * Nothing is read from it before it is known who answers. */
#include "server/site_inside.h"

#include "io/clock.h"
#include "io/log.h"
#include "proto/bundle.h"

enum guest_state {
    GUEST_DIALS,
    GUEST_SPLICED,
    GUEST_SHAKES,
    GUEST_GREETS, /* its SITE is awaited, or with the deposits' thread */
    GUEST_TALKS,
    GUEST_STORES, /* a deposit, or a word about its answer, is with the deposits' thread */
    GUEST_ENDS,
};

enum guest_task { GUEST_LOOK, GUEST_PUT, GUEST_COLLECTED };

struct guest {
    struct job job; /* first: found by it */
    struct site *site;
    enum guest_state state;
    struct conn *conn; /* of the device, until its CONN_CLOSED */
    struct conn *up;   /* of the server, likewise */
    struct dial *dial; /* under way */
    bool working;      /* the job is out */
    struct guest *next, *previous;

    /* answering in the server's place */
    uint8_t key[SHA256_BYTES]; /* of the device */
    enum guest_task task;
    enum err err;                 /* of the job */
    bool denied;                  /* the server has taken its access away */
    bool asked, holds;            /* its last deposit, named in its SITE, lies here */
    uint8_t last[SHA256_BYTES];   /* that one */
    uint32_t device;              /* of the answer that waits */
    uint8_t answer[SHA256_BYTES]; /* likewise */
    struct outgoing out;          /* likewise; n 0: none waits */
    uint8_t sha256[SHA256_BYTES]; /* of the parcel it brings, or says it has */
    uint8_t follows[MESSAGE_FOLLOWS_MAX * SHA256_BYTES];
    size_t follows_n;
    uint64_t size; /* of the parcel; 0: none is on its way */
    struct buf in; /* so far */
    size_t memory; /* of site->memory */
};

/* ---- the end of one ---- */

static void gone(struct guest *g)
{
    struct site *site = g->site;
    if (g->conn != NULL || g->up != NULL || g->dial != NULL || g->working)
        return;
    if (g->previous != NULL)
        g->previous->next = g->next;
    else
        site->first = g->next;
    if (g->next != NULL)
        g->next->previous = g->previous;
    site->memory -= g->memory;
    site->guests--;
    buf_done(&g->in);
    buf_done(&g->out.bytes);
    mem_free(g);
    site_part_gone(site);
}

static void leave(struct guest *g, enum err err)
{
    g->state = GUEST_ENDS;
    if (g->dial != NULL)
        dial_cancel(g->dial);
    if (g->up != NULL)
        conn_close(g->up, err);
    if (g->conn != NULL)
        conn_close(g->conn, err);
}

static void say_bye(struct guest *g, enum err err)
{
    struct buf frame = {0};
    message_bye(&frame, &(struct bye){.err = err,
                                      .retry_ms = err == ERR_LATER ? SITE_RETRY_MS_MIN : 0});
    if (frame.err == ERR_OK && g->conn != NULL)
        (void)conn_send(g->conn, frame.p, frame.n);
    buf_done(&frame);
    leave(g, err);
}

/* Memory for a parcel, given back with the guest. */
static bool take_memory(struct guest *g, size_t n)
{
    if (n > SITE_MEMORY_BYTES - g->site->memory)
        return false;
    g->site->memory += n;
    g->memory += n;
    return true;
}

/* ---- on the deposits' thread ---- */

static enum err look(struct guest *g)
{
    struct deposits *d = g->site->deposits;
    enum err err = deposits_denied(d, g->key, &g->denied);
    if (err == ERR_OK && g->asked)
        err = deposits_holds(d, g->key, g->last, &g->holds);
    if (err == ERR_OK)
        err = deposits_answer(d, g->key, &g->device, g->answer, &g->out.bytes);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* What stands in the clear must say that it may be handed over at all. */
static enum err put(struct guest *g)
{
    struct bundle_head head;
    if (bundle_head_read(buf_str(&g->in), &head) != BUNDLE_SOUND ||
        head.kind != BUNDLE_TO_SERVER)
        return ERR_FORMAT;
    if (!id_eq(&head.history, &g->site->id.history))
        return ERR_IDENTITY;
    uint8_t got[SHA256_BYTES];
    site_digest(buf_str(&g->in), got);
    if (memcmp(got, g->sha256, sizeof got) != 0)
        return ERR_FORMAT;
    struct deposit deposit = {.device = head.device,
                              .follows = {(const char *)g->follows, g->follows_n},
                              .bytes = buf_str(&g->in)};
    memcpy(deposit.key, g->key, sizeof deposit.key);
    memcpy(deposit.sha256, g->sha256, sizeof deposit.sha256);
    return deposits_put(g->site->deposits, &deposit, clock_wall_ms());
}

static void run(struct job *job)
{
    struct guest *g = (struct guest *)job;
    if (g->task == GUEST_LOOK)
        g->err = look(g);
    else if (g->task == GUEST_PUT)
        g->err = put(g);
    else
        g->err = deposits_collected(g->site->deposits, g->key, g->sha256);
}

static void done(struct job *job);

static void submit(struct guest *g, enum guest_task task)
{
    g->task = task;
    g->job = (struct job){.run = run, .done = done};
    conn_pause(g->conn);
    g->working = jobs_submit(&g->site->jobs, &g->job) == ERR_OK;
    if (!g->working)
        say_bye(g, ERR_LATER);
}

/* ---- answering in the server's place ---- */

static void send_frame(struct guest *g, struct buf *frame)
{
    if (frame->err == ERR_OK)
        (void)conn_send(g->conn, frame->p, frame->n);
    else
        leave(g, frame->err);
    buf_done(frame);
}

static void greet(struct guest *g)
{
    struct buf frame = {0};
    bool waiting = g->out.bytes.n > 0;
    if (!take_memory(g, g->out.bytes.n)) {
        say_bye(g, ERR_LATER);
        return;
    }
    message_site(&frame, &(struct site_word){
                             .protocol = MESSAGE_PROTOCOL,
                             .name = str_of(g->site->id.name),
                             .parcel = {(const char *)g->last, g->holds ? SHA256_BYTES : 0},
                             .waiting = waiting});
    if (waiting)
        message_parcel(&frame,
                       &(struct parcel){.kind = BUNDLE_TO_DEVICE,
                                        .device = g->device,
                                        .size = g->out.bytes.n,
                                        .sha256 = {(const char *)g->answer, SHA256_BYTES}});
    send_frame(g, &frame);
    g->state = GUEST_TALKS;
    if (waiting)
        (void)site_send(&g->out, g->conn);
}

static void receipt(struct guest *g, enum err err)
{
    struct buf frame = {0};
    message_receipt(&frame, &(struct receipt){
                                .err = err, .sha256 = {(const char *)g->sha256, SHA256_BYTES}});
    send_frame(g, &frame);
    g->site->memory -= g->size;
    g->memory -= g->size;
    g->size = 0;
    buf_done(&g->in);
    g->state = GUEST_TALKS;
}

static bool of_machine(enum err err)
{
    return err == ERR_IO || err == ERR_CORRUPT;
}

static void done(struct job *job)
{
    struct guest *g = (struct guest *)job;
    struct site *site = g->site;
    g->working = false;
    if (of_machine(g->err) && deposits_health(site->deposits) != ERR_OK)
        site_failed(site, g->err);
    if (g->state == GUEST_ENDS || g->conn == NULL) {
        gone(g);
        return;
    }
    conn_resume(g->conn);
    if (g->task == GUEST_PUT) {
        if (g->err == ERR_OK)
            forward_wake(site);
        receipt(g, g->err);
    } else if (g->err != ERR_OK) {
        say_bye(g, g->err == ERR_NOMEM || of_machine(g->err) ? ERR_LATER : g->err);
    } else if (g->task == GUEST_LOOK && g->denied && g->out.bytes.n == 0) {
        say_bye(g, ERR_REVOKED);
    } else if (g->task == GUEST_LOOK) {
        greet(g);
    } else {
        g->state = GUEST_TALKS;
    }
}

static void on_site(struct guest *g, const struct site_word *m)
{
    if (m->protocol != MESSAGE_PROTOCOL) {
        say_bye(g, ERR_VERSION);
        return;
    }
    g->asked = m->parcel.n == SHA256_BYTES;
    if (g->asked)
        memcpy(g->last, m->parcel.p, SHA256_BYTES);
    submit(g, GUEST_LOOK);
}

static void on_parcel(struct guest *g, const struct parcel *m)
{
    if (g->size != 0 || m->kind != BUNDLE_TO_SERVER) {
        say_bye(g, ERR_PROTOCOL);
        return;
    }
    if (g->denied || g->site->revoked) {
        say_bye(g, g->denied ? ERR_REVOKED : ERR_REFUSED);
        return;
    }
    if (!take_memory(g, m->size)) {
        say_bye(g, ERR_LATER);
        return;
    }
    g->size = m->size;
    buf_init(&g->in, MESSAGE_PARCEL_BYTES);
    memcpy(g->sha256, m->sha256.p, SHA256_BYTES);
    g->follows_n = m->follows.n;
    if (m->follows.n > 0)
        memcpy(g->follows, m->follows.p, m->follows.n);
}

static void on_piece(struct guest *g, struct str bytes)
{
    if (g->size == 0 || bytes.n > g->size - g->in.n) {
        say_bye(g, ERR_PROTOCOL);
        return;
    }
    buf_add(&g->in, bytes.p, bytes.n);
    if (g->in.err != ERR_OK) {
        say_bye(g, ERR_LATER);
    } else if (g->in.n == g->size) {
        g->state = GUEST_STORES;
        submit(g, GUEST_PUT);
    }
}

static void on_receipt(struct guest *g, const struct receipt *m)
{
    if (m->err != ERR_OK || g->size != 0)
        return;
    memcpy(g->sha256, m->sha256.p, SHA256_BYTES);
    g->state = GUEST_STORES;
    submit(g, GUEST_COLLECTED);
}

static void on_frame(struct guest *g, struct str body)
{
    struct message m;
    enum err err = message_read(body, &m);
    if (err != ERR_OK) {
        say_bye(g, err);
    } else if (m.type == MESSAGE_BYE) {
        leave(g, ERR_OK);
    } else if (m.type == MESSAGE_SITE && g->state == GUEST_GREETS) {
        on_site(g, &m.site);
    } else if (m.type == MESSAGE_PARCEL && g->state == GUEST_TALKS) {
        on_parcel(g, &m.parcel);
    } else if (m.type == MESSAGE_PIECE && g->state == GUEST_TALKS) {
        on_piece(g, m.piece);
    } else if (m.type == MESSAGE_RECEIPT && g->state == GUEST_TALKS) {
        on_receipt(g, &m.receipt);
    } else {
        say_bye(g, ERR_PROTOCOL);
    }
}

static size_t take_frames(struct guest *g, struct str data)
{
    size_t took = 0;
    while (!g->working && g->state != GUEST_ENDS && took < data.n) {
        struct str rest = {data.p + took, data.n - took};
        struct str body = {NULL, 0};
        size_t used = 0;
        enum err err = frame_next(rest, FRAME_BYTES_MAX, &body, &used);
        if (err != ERR_OK)
            say_bye(g, err);
        if (err != ERR_OK || used == 0)
            break;
        took += used;
        on_frame(g, body);
    }
    return g->state == GUEST_ENDS ? data.n : took;
}

static void opened(struct guest *g)
{
    conn_deadline(g->conn, SITE_TALK_MS, 1);
    g->state = GUEST_GREETS;
    if (!conn_peer_key(g->conn, g->key)) /* it wants to enrol: that takes the server itself */
        say_bye(g, ERR_OFFLINE);
}

/* The line is cut: we answer. */
static void answer(struct guest *g)
{
    g->state = GUEST_SHAKES;
    conn_secure(g->conn, g->site->tls);
}

static void answer_at_once(struct guest *g)
{
    forward_look(g->site);
    answer(g);
}

/* ---- between device and server ---- */

static void pass(struct guest *g, struct conn *from, struct conn *to, struct conn_event *event)
{
    (void)g;
    event->took = event->data.n;
    if (to != NULL && conn_send(to, event->data.p, event->data.n) >= CONN_OUT_BYTES_HIGH)
        conn_pause(from);
}

static void on_up(struct conn *conn, struct conn_event *event, void *arg)
{
    struct guest *g = arg;
    switch (event->kind) {
    case CONN_OPEN:
        g->state = GUEST_SPLICED;
        if (g->conn != NULL)
            conn_resume(g->conn);
        return;
    case CONN_DATA:
        pass(g, conn, g->conn, event);
        return;
    case CONN_DRAINED:
        if (g->conn != NULL)
            conn_resume(g->conn);
        return;
    case CONN_CLOSED:
        g->up = NULL;
        conn_free(conn);
        leave(g, ERR_OK);
        gone(g);
        return;
    }
}

static void on_dial(struct dial *dial, enum err err, struct conn *conn, const struct note *why,
                    void *arg)
{
    struct guest *g = arg;
    (void)dial;
    (void)why;
    g->dial = NULL;
    if (err == ERR_OK)
        g->up = conn;
    if (g->state == GUEST_ENDS && err == ERR_OK)
        conn_close(conn, ERR_OK);
    if (err == ERR_OK)
        return;
    if (g->state == GUEST_ENDS || g->conn == NULL) {
        gone(g);
        return;
    }
    forward_line_down(g->site);
    answer(g);
}

static void reach(struct guest *g)
{
    struct dial_cfg cfg = {.host = g->site->id.server.host,
                           .port = g->site->id.server.port,
                           .ms = SITE_LINE_MS,
                           .conn = {.cb = on_up, .arg = g}};
    if (dial_start(&g->site->loop, &cfg, on_dial, g, &g->dial) != ERR_OK)
        answer(g);
}

/* ---- the device's connection ---- */

static void on_conn(struct conn *conn, struct conn_event *event, void *arg)
{
    struct guest *g = arg;
    switch (event->kind) {
    case CONN_OPEN:
        if (g->state == GUEST_SHAKES)
            opened(g);
        else if (g->site->line_down)
            answer_at_once(g);
        else
            reach(g);
        return;
    case CONN_DATA:
        if (g->state == GUEST_SPLICED)
            pass(g, conn, g->up, event);
        else
            event->took = take_frames(g, event->data);
        return;
    case CONN_DRAINED:
        if (g->up != NULL)
            conn_resume(g->up);
        if (g->out.going)
            (void)site_send(&g->out, conn);
        return;
    case CONN_CLOSED:
        g->conn = NULL;
        conn_free(conn);
        leave(g, ERR_OK);
        gone(g);
        return;
    }
}

void guest_take(struct site *site, struct conn *conn)
{
    struct guest *g = site->stopping ? NULL : mem_new(sizeof *g);
    if (g == NULL) {
        conn_discard(conn);
        return;
    }
    *g = (struct guest){.site = site, .conn = conn, .next = site->first};
    if (site->first != NULL)
        site->first->previous = g;
    site->first = g;
    site->guests++;
    conn_listen_to(conn, on_conn, g);
    conn_pause(conn);
}

void guests_close(struct site *site, bool kindly)
{
    struct guest *next = NULL;
    for (struct guest *g = site->first; g != NULL; g = next) {
        next = g->next;
        bool talks = g->state == GUEST_TALKS || g->state == GUEST_STORES;
        if (kindly && talks)
            say_bye(g, ERR_LATER);
        else
            leave(g, ERR_LATER);
    }
}
