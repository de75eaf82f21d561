/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/swarm.h"

#include "io/cert.h"
#include "io/clock.h"
#include "io/crypt.h"
#include "io/dial.h"
#include "io/random.h"
#include "proto/schema.h"
#include "server/folder.h"

#include <stdlib.h>
#include <string.h>

/* As the agent of a real device. */
enum { DIAL_TERM_MS = 8 * 1000, PORT = 7443 };

static uint64_t chance(void)
{
    uint64_t random = 0;
    random_bytes(&random, sizeof random);
    return random;
}

/* ---- talking ---- */

static void send_frame(struct swarm_device *d, struct buf *frame)
{
    must(frame->err == ERR_OK);
    if (d->conn != NULL)
        (void)conn_send(d->conn, frame->p, frame->n);
    buf_done(frame);
}

static void greet(struct swarm_device *d)
{
    struct buf frame = {0};
    message_hello(&frame, &(struct hello){.protocol = MESSAGE_PROTOCOL,
                                          .schema = SCHEMA_VERSION,
                                          .history = d->swarm->history,
                                          .generation = d->swarm->generation,
                                          .epoch = d->epoch,
                                          .op_last = d->op_last,
                                          .acked = d->judged,
                                          .pulled = d->pulled,
                                          .whole = d->pulled,
                                          .origins = d->swarm->origins,
                                          .wall_ms = clock_wall_ms(),
                                          .live = true,
                                          .grants = d->grants,
                                          .leaves = true});
    send_frame(d, &frame);
}

static void confirm(struct swarm_device *d)
{
    struct buf frame = {0};
    if (d->told == d->pulled)
        return;
    d->told = d->pulled;
    message_pulled(&frame, d->pulled);
    send_frame(d, &frame);
}

static void tell(struct swarm_device *d, enum swarm_event event)
{
    d->swarm->cb(d, event, d->swarm->arg);
}

static void hear_verdicts(struct swarm_device *d, struct verdicts v)
{
    for (uint32_t i = 0; i < v.count; i++) {
        struct verdict_range range = message_range(&v.ranges);
        must(!v.ranges.bad && range.to <= d->op_last);
        d->judged = range.to;
        if (range.verdict != VERDICT_APPLIED)
            d->swarm->refused++;
    }
    if (d->judged == d->op_last)
        tell(d, SWARM_JUDGED);
}

static void hear_idle(struct swarm_device *d, const struct idle *idle)
{
    d->pulled = idle->through;
    d->grants = idle->grants;
    confirm(d);
    backoff_done(&d->backoff);
    if (!d->there) {
        d->there = true;
        d->swarm->there++;
    }
    tell(d, SWARM_IDLE);
}

static void hear_page(struct swarm_device *d, const struct page *page)
{
    d->rows += page->rows;
    d->pulled = page->to;
    if (page->rows > 0)
        confirm(d);
}

static void hear(struct swarm_device *d, const struct message *m)
{
    struct buf frame = {0};
    if (m->type == MESSAGE_WELCOME) {
        must(m->welcome.known_op == d->op_last);
    } else if (m->type == MESSAGE_VERDICTS) {
        hear_verdicts(d, m->verdicts);
    } else if (m->type == MESSAGE_PAGE) {
        hear_page(d, &m->page);
    } else if (m->type == MESSAGE_IDLE) {
        hear_idle(d, &m->idle);
    } else if (m->type == MESSAGE_PING) {
        message_empty(&frame, MESSAGE_PONG);
        send_frame(d, &frame);
    } else if (m->type == MESSAGE_PONG) {
        tell(d, SWARM_PONG);
    } else {
        must(m->type == MESSAGE_BYE);
        d->swarm->last = m->bye.err;
        int64_t ms = backoff_failed(&d->backoff, m->bye.retry_ms, chance());
        loop_timer_start(&d->again, ms);
        conn_close(d->conn, ERR_OK);
    }
}

static size_t hear_all(struct swarm_device *d, struct str data)
{
    size_t took = 0;
    for (;;) {
        struct str body = {NULL, 0};
        size_t used = 0;
        struct message m;
        enum err err = frame_next((struct str){data.p + took, data.n - took}, FRAME_BYTES_MAX,
                                  &body, &used);
        must(err == ERR_OK);
        if (used == 0)
            return took;
        took += used;
        err = message_read(body, &m);
        must(err == ERR_OK);
        hear(d, &m);
    }
}

/* ---- the connection ---- */

static void closed_if_all(struct swarm_device *d)
{
    if (d->swarm->closing && d->conn == NULL && !d->dialling)
        loop_timer_close(&d->again, NULL);
}

static void lost(struct swarm_device *d, enum err err)
{
    struct swarm *s = d->swarm;
    if (s->closing) {
        closed_if_all(d);
        return;
    }
    s->last = err;
    s->failures++;
    loop_timer_start(&d->again, backoff_failed(&d->backoff, 0, chance()));
    tell(d, SWARM_LOST);
}

static void on_conn(struct conn *conn, struct conn_event *event, void *arg)
{
    struct swarm_device *d = arg;
    if (event->kind == CONN_OPEN) {
        d->swarm->resumed += conn_resumed(conn);
        greet(d);
    } else if (event->kind == CONN_DATA) {
        event->took = hear_all(d, event->data);
    } else if (event->kind == CONN_CLOSED) {
        d->swarm->bytes += conn_bytes_in(conn) + conn_bytes_out(conn);
        d->swarm->there -= d->there;
        d->there = false;
        d->conn = NULL;
        enum err err = event->err;
        conn_free(conn);
        if (err != ERR_OK)
            lost(d, err);
        closed_if_all(d);
    }
}

static void on_dial(struct dial *dial, enum err err, struct conn *conn, const struct note *why,
                    void *arg)
{
    struct swarm_device *d = arg;
    (void)dial;
    (void)why;
    d->dialling = false;
    if (err != ERR_OK) {
        lost(d, err);
        return;
    }
    d->conn = conn;
    if (d->swarm->closing)
        conn_abort(conn, ERR_OK);
}

void swarm_dial(struct swarm_device *d)
{
    struct dial *dial = NULL;
    struct dial_cfg cfg = {
        .host = d->swarm->server.host,
        .port = d->swarm->server.port,
        .ms = DIAL_TERM_MS,
        .conn = {.cb = on_conn, .arg = d, .tls = d->tls, .resume = &d->resume}};
    must(d->conn == NULL && !d->dialling);
    loop_timer_stop(&d->again);
    d->dialling = true;
    d->told = d->pulled;
    must(dial_start(&d->swarm->loop, &cfg, on_dial, d, &dial) == ERR_OK);
}

static void on_again(struct loop_timer *timer, void *arg)
{
    struct swarm_device *d = arg;
    if (d->conn == NULL && !d->dialling)
        swarm_dial(d);
    else
        loop_timer_start(timer, 1); /* the old connection says goodbye still */
}

void swarm_leave(struct swarm_device *d)
{
    struct buf frame = {0};
    must(d->conn != NULL);
    message_bye(&frame, &(struct bye){.err = ERR_OK});
    send_frame(d, &frame);
    conn_close(d->conn, ERR_OK);
}

void swarm_stop(struct swarm *s)
{
    s->closing = true;
    for (size_t i = 0; i < s->count; i++) {
        struct swarm_device *d = &s->devices[i];
        if (d->conn != NULL && d->there)
            swarm_leave(d);
        else if (d->conn != NULL)
            conn_abort(d->conn, ERR_OK);
        closed_if_all(d);
    }
}

/* ---- what they say ---- */

void swarm_push(struct swarm_device *d)
{
    struct buf op = {0};
    struct buf frame = {0};
    int64_t wall_ms = clock_wall_ms();
    struct op_head head = {.op_no = ++d->op_last,
                           .prev_hash = d->chain,
                           .hlc = hlc_tick(&d->clock, wall_ms),
                           .wall_ms = wall_ms,
                           .seen = d->pulled,
                           .form = SCHEMA_VERSION,
                           .actor = d->staff};
    enum err err = op_write(&head, &d->ops, &op);
    must(err == ERR_OK && d->there);
    op_writer_clear(&d->ops);
    d->chain = op_hash(d->chain, buf_str(&op));
    message_push(&frame, &(struct push){.epoch = d->epoch,
                                        .first_op = d->op_last,
                                        .count = 1,
                                        .body = buf_str(&op)});
    d->sent = figures_now();
    send_frame(d, &frame);
    buf_done(&op);
}

void swarm_ping(struct swarm_device *d)
{
    struct buf frame = {0};
    message_empty(&frame, MESSAGE_PING);
    send_frame(d, &frame);
}

uint64_t swarm_bytes(const struct swarm *s)
{
    uint64_t bytes = s->bytes;
    for (size_t i = 0; i < s->count; i++) {
        const struct conn *conn = s->devices[i].conn;
        bytes += conn == NULL ? 0 : conn_bytes_in(conn) + conn_bytes_out(conn);
    }
    return bytes;
}

/* ---- making them ---- */

struct making {
    struct swarm_device *device;
    const struct enrol_ca *ca;
    uint8_t public[CERT_PUBLIC_BYTES];
    uint8_t key[CERT_FINGERPRINT_BYTES];
    struct buf cert;
};

static enum err on_enrolled(void *ctx, const struct store_identity *identity,
                            struct str network, struct str staff_name, struct buf *reply)
{
    struct making *m = ctx;
    (void)network;
    (void)staff_name;
    (void)reply;
    m->device->device = identity->device;
    m->device->epoch = identity->epoch;
    m->device->swarm->origins = identity->epoch;
    m->device->swarm->history = identity->history;
    m->device->swarm->generation = identity->generation;
    return cert_issue(buf_str(&m->ca->key), buf_str(&m->ca->cert), m->public, CERT_DEVICE,
                      m->key, &m->cert);
}

static void make(struct swarm_device *d, struct store *store, const struct enrol_ca *ca)
{
    struct buf key = {0};
    struct buf reply = {0};
    struct making m = {.device = d, .ca = ca};
    struct serve_enrolment enrolment = {.staff = d->staff};
    enum err err = cert_key_new(&key);
    must(err == ERR_OK);
    err = cert_key_public(buf_str(&key), m.public);
    must(err == ERR_OK);
    cert_fingerprint(m.public, m.key);
    memcpy(enrolment.key, m.key, sizeof enrolment.key);
    err = serve_enrol(store, &enrolment, on_enrolled, &m, &reply);
    must(err == ERR_OK);
    struct tls_setup setup = {
        .key = buf_str(&key), .cert = buf_str(&m.cert), .ca = buf_str(&ca->cert)};
    err = tls_config_new(&setup, &d->tls, NULL);
    must(err == ERR_OK);
    cert_key_done(&key);
    buf_done(&m.cert);
    buf_done(&reply);
}

void swarm_server(struct swarm *s, const struct world *w)
{
    enum err err = address_parse(w->address, PORT, &s->server, NULL);
    must(err == ERR_OK);
}

void swarm_open(struct swarm *s, struct world *w, size_t count, size_t staff)
{
    char data[PATH_BYTES];
    struct folder folder = {.key = {0}};
    struct buf path = {0};
    struct store *store = NULL;
    struct id *ids = calloc(staff, sizeof *ids);
    *s = (struct swarm){.count = count};
    s->devices = calloc(count, sizeof *s->devices);
    must(ids != NULL && s->devices != NULL && staff > 0);
    crypt_start();
    for (size_t i = 0; i < staff; i++) {
        char name[64];
        char id[ID_TEXT_BYTES];
        (void)snprintf(name, sizeof name, "Coach Fictif-%zu", i);
        world_staff(w, name, "jobcoach", id);
        enum err err = id_parse(str_of(id), &ids[i]);
        must(err == ERR_OK);
    }
    (void)world_stop(w);
    path_in(data, w->dir, "server");
    must(folder_open(data, &folder, NULL) == ERR_OK);
    must(folder_database(data, &path, &store, NULL) == ERR_OK);
    must(loop_init(&s->loop) == ERR_OK);
    for (size_t i = 0; i < count; i++) {
        struct swarm_device *d = &s->devices[i];
        *d = (struct swarm_device){.swarm = s, .staff = ids[i % staff]};
        op_writer_init(&d->ops);
        loop_timer_init(&s->loop, &d->again, on_again, d);
        make(d, store, &folder.ca);
    }
    store_close(store);
    folder_done(&folder);
    buf_done(&path);
    free(ids);
    world_start(w);
    swarm_server(s, w);
}

void swarm_done(struct swarm *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct swarm_device *d = &s->devices[i];
        tls_session_done(&d->resume);
        tls_config_free(d->tls);
        op_writer_done(&d->ops);
    }
    loop_done(&s->loop);
    free(s->devices);
}
