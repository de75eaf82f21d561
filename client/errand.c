/* SPDX-License-Identifier: Apache-2.0 */
/*     LOOKS ─job→ GREETS ─SITE→ (an answer waits: COLLECTS ─last PIECE, job→) WRITES ─job→
 *     LEAVES ─RECEIPT, job→ ENDS
 *
 * The answer comes first: what it says was judged need not be left again. */
#include "client/errand.h"

#include "client/carry.h"
#include "io/join.h"
#include "io/say.h"
#include "io/stick.h"
#include "proto/message.h"

enum state { LOOKS, GREETS, COLLECTS, READS, WRITES, LEAVES, NOTES, ENDS };
enum task { TASK_LOOK, TASK_READ, TASK_WRITE, TASK_NOTE };

struct errand {
    struct job job; /* first: found by it */
    struct errand_cfg cfg;
    struct conn *conn;
    enum state state;
    enum task task;
    bool working; /* the job is out */
    struct errand_result result;

    struct buf sent; /* SHA-256s of earlier parcels, the newest first */
    char name[DEPOSITED_NAME_BYTES];
    bool holds;                   /* the newest of them still lies there */
    uint64_t size;                /* of the answer on its way */
    uint8_t sha256[SHA256_BYTES]; /* of it, or of what we leave */
    struct buf parcel;            /* likewise */
    size_t at;                    /* of what we leave: sent through here */
    struct deposited leaving;     /* what it holds; operations 0: nothing is to be left */
};

const struct errand_result *errand_result(const struct errand *e)
{
    return &e->result;
}

static struct str digest(const uint8_t sha256[SHA256_BYTES])
{
    return (struct str){(const char *)sha256, SHA256_BYTES};
}

static void digest_of(const struct buf *bytes, uint8_t out[SHA256_BYTES])
{
    struct sha256 sha;
    sha256_init(&sha);
    sha256_add(&sha, bytes->p, bytes->n);
    sha256_end(&sha, out);
}

/* ---- on the store's thread ---- */

static void look(struct errand *e)
{
    e->result.err = deposited_sent(e->cfg.store, &e->sent);
    if (e->result.err == ERR_OK)
        e->result.err = deposited_get(e->cfg.store, &e->result.deposited);
}

static enum err next_frame(void *ctx, struct str *body)
{
    return stick_next(ctx, body, NULL);
}

static void rewind_frames(void *ctx)
{
    stick_rewind(ctx);
}

static enum err wipe(void *ctx)
{
    struct errand *e = ctx;
    return e->cfg.wipe(e->cfg.wipe_arg);
}

/* Read an answer. Only what the machine fails at is an error: any other answer is no good to
 * us, and never will be. */
static enum err read_answer(struct errand *e)
{
    uint8_t authority[CERT_FINGERPRINT_BYTES];
    struct store_status status;
    struct stick_in *in = NULL;
    struct carry_result result = {.use = CARRY_OLD};
    enum err err = store_status(e->cfg.store, &status);
    if (err == ERR_OK)
        err = cert_cert_fingerprint(buf_str(&e->cfg.key->ca), authority);
    if (err != ERR_OK)
        return err;
    struct stick_from from = {.kind = BUNDLE_TO_DEVICE,
                              .history = status.history,
                              .key = buf_str(&e->cfg.key->der),
                              .signer = authority,
                              .other = e->cfg.key->next.p};
    err = stick_open_in(buf_str(&e->parcel), "relay", &from, &in, NULL);
    struct carry_source source = {.next = next_frame, .rewind = rewind_frames, .ctx = in};
    if (err == ERR_OK)
        err = carry_read(e->cfg.store, &source, wipe, e, &result);
    stick_close(in);
    e->result.wiped = result.wiped;
    e->result.tally = result.tally;
    bool machine = err == ERR_NOMEM || err == ERR_IO || err == ERR_FULL || err == ERR_CORRUPT;
    return machine ? err : ERR_OK;
}

static void read_it(struct errand *e)
{
    enum err err = read_answer(e);
    buf_done(&e->parcel);
    if (err == ERR_OK && !e->result.wiped)
        err = deposited_get(e->cfg.store, &e->result.deposited);
    e->result.err = err;
}

static enum err put(void *ctx, struct str frames)
{
    return stick_add(ctx, frames, NULL);
}

static enum err seal(struct errand *e, const struct store_status *status)
{
    uint8_t authority[CERT_PUBLIC_BYTES];
    struct stick_out *out = NULL;
    struct carried carried;
    uint64_t bytes = 0;
    struct stick_to to = {.kind = BUNDLE_TO_SERVER,
                          .device = status->device,
                          .history = status->history,
                          .recipient = authority,
                          .key = buf_str(&e->cfg.key->der)};
    buf_init(&e->parcel, MESSAGE_PARCEL_BYTES);
    enum err err = cert_public(buf_str(&e->cfg.key->ca), authority);
    if (err == ERR_OK)
        err = stick_create_in(&e->parcel, "relay", &to, &out, NULL);
    if (err == ERR_OK)
        err = carry_write(e->cfg.store, put, out, &carried);
    if (err != ERR_OK) {
        stick_drop(out);
        return err;
    }
    err = stick_finish(out, &bytes, NULL);
    if (err == ERR_OK)
        digest_of(&e->parcel, e->sha256);
    return err;
}

/* Nothing waits, or all of it lies there already, as the replica stands now. */
static bool needless(const struct errand *e, const struct store_status *status)
{
    const struct deposited *there = &e->result.deposited;
    bool same = there->epoch == status->epoch && there->op_last == status->op_last &&
                there->pulled == status->pulled_through;
    return status->op_last == status->acked_through || (e->holds && same);
}

static enum err write_parcel(struct errand *e)
{
    struct store_status status;
    enum err err = store_status(e->cfg.store, &status);
    if (err != ERR_OK || needless(e, &status))
        return err;
    err = seal(e, &status);
    if (err == ERR_LIMIT)
        return note_set(&e->result.why, err,
                        N_("trop de données attendent pour le relais ; la ligne ou une clé USB "
                           "(jalon bundle write) les prendra ; rien n'est perdu"));
    if (err == ERR_OK)
        err = deposited_send(e->cfg.store, e->sha256);
    if (err != ERR_OK)
        return err;
    e->leaving = (struct deposited){.epoch = status.epoch,
                                    .op_last = status.op_last,
                                    .pulled = status.pulled_through,
                                    .at_ms = store_now(e->cfg.store),
                                    .operations = status.op_last - status.acked_through};
    memcpy(e->leaving.relay, e->name, sizeof e->leaving.relay);
    return ERR_OK;
}

static void run(struct job *job)
{
    struct errand *e = (struct errand *)job;
    switch (e->task) {
    case TASK_LOOK:
        look(e);
        break;
    case TASK_READ:
        read_it(e);
        break;
    case TASK_WRITE:
        e->result.err = write_parcel(e);
        break;
    case TASK_NOTE:
        e->result.err = deposited_set(e->cfg.store, &e->leaving);
        if (e->result.err == ERR_OK)
            e->result.err = deposited_get(e->cfg.store, &e->result.deposited);
        break;
    }
}

/* ---- the conversation ---- */

static void finish(struct errand *e, enum err err)
{
    struct buf frame = {0};
    if (e->state == ENDS)
        return;
    e->state = ENDS;
    e->result.err = err;
    if (e->conn == NULL)
        return;
    message_bye(&frame, &(struct bye){.err = ERR_OK});
    if (frame.err == ERR_OK)
        (void)conn_send(e->conn, frame.p, frame.n);
    buf_done(&frame);
    conn_close(e->conn, ERR_OK);
}

static void over(struct errand *e)
{
    if (e->conn != NULL || e->working)
        return;
    e->cfg.cb(e, e->cfg.arg);
    if (e->parcel.p != NULL)
        mem_wipe(e->parcel.p, e->parcel.room);
    buf_done(&e->parcel);
    buf_done(&e->sent);
    mem_free(e);
}

static void done(struct job *job);

static void submit(struct errand *e, enum state state, enum task task)
{
    e->state = state;
    e->task = task;
    e->job = (struct job){.run = run, .done = done};
    enum err err = jobs_submit(e->cfg.jobs, &e->job);
    e->working = err == ERR_OK;
    if (err != ERR_OK)
        finish(e, err);
}

static void send_frames(struct errand *e, struct buf *frames)
{
    if (frames->err == ERR_OK)
        (void)conn_send(e->conn, frames->p, frames->n);
    else
        finish(e, frames->err);
    buf_done(frames);
}

static void send_pieces(struct errand *e)
{
    struct buf frames = {0};
    while (e->at < e->parcel.n && frames.err == ERR_OK && frames.n < CONN_OUT_BYTES_HIGH) {
        size_t n = e->parcel.n - e->at;
        n = n < MESSAGE_PIECE_BYTES ? n : MESSAGE_PIECE_BYTES;
        message_piece(&frames, (struct str){(const char *)e->parcel.p + e->at, n});
        e->at += n;
    }
    send_frames(e, &frames);
}

static void leave_parcel(struct errand *e)
{
    struct buf frame = {0};
    if (e->leaving.operations == 0) {
        finish(e, ERR_OK);
        return;
    }
    size_t follows = e->sent.n < MESSAGE_FOLLOWS_MAX * SHA256_BYTES
                         ? e->sent.n
                         : MESSAGE_FOLLOWS_MAX * SHA256_BYTES;
    message_parcel(&frame, &(struct parcel){.kind = BUNDLE_TO_SERVER,
                                            .size = e->parcel.n,
                                            .sha256 = digest(e->sha256),
                                            .follows = {(const char *)e->sent.p, follows}});
    e->state = LEAVES;
    e->at = 0;
    send_frames(e, &frame);
    if (e->state == LEAVES)
        send_pieces(e);
}

static void greet(struct errand *e)
{
    struct buf frame = {0};
    message_site(&frame, &(struct site_word){.protocol = MESSAGE_PROTOCOL,
                                             .parcel = {(const char *)e->sent.p,
                                                        e->sent.n > 0 ? SHA256_BYTES : 0}});
    e->state = GREETS;
    send_frames(e, &frame);
}

/* The answer was read: the relay may forget it. */
static void collected(struct errand *e)
{
    struct buf frame = {0};
    message_receipt(&frame, &(struct receipt){.err = ERR_OK, .sha256 = digest(e->sha256)});
    send_frames(e, &frame);
    if (e->result.wiped)
        finish(e, ERR_REVOKED);
    else if (e->state != ENDS)
        submit(e, WRITES, TASK_WRITE);
}

static void done(struct job *job)
{
    struct errand *e = (struct errand *)job;
    e->working = false;
    if (e->state == ENDS || e->conn == NULL) {
        over(e);
        return;
    }
    if (e->result.err != ERR_OK)
        finish(e, e->result.err);
    else if (e->task == TASK_LOOK)
        greet(e);
    else if (e->task == TASK_READ)
        collected(e);
    else if (e->task == TASK_WRITE)
        leave_parcel(e);
    else
        finish(e, ERR_OK);
}

static void on_site(struct errand *e, const struct site_word *m)
{
    join_text(m->name, e->name, sizeof e->name);
    e->holds = m->parcel.n > 0;
    if (m->waiting)
        e->state = COLLECTS;
    else
        submit(e, WRITES, TASK_WRITE);
}

static void on_parcel(struct errand *e, const struct parcel *m)
{
    e->size = m->size;
    memcpy(e->sha256, m->sha256.p, SHA256_BYTES);
    buf_init(&e->parcel, MESSAGE_PARCEL_BYTES);
}

static void on_piece(struct errand *e, struct str bytes)
{
    uint8_t got[SHA256_BYTES];
    if (bytes.n > e->size - e->parcel.n) {
        finish(e, ERR_PROTOCOL);
        return;
    }
    buf_add(&e->parcel, bytes.p, bytes.n);
    if (e->parcel.err != ERR_OK || e->parcel.n < e->size) {
        if (e->parcel.err != ERR_OK)
            finish(e, e->parcel.err);
        return;
    }
    digest_of(&e->parcel, got);
    if (memcmp(got, e->sha256, sizeof got) == 0)
        submit(e, READS, TASK_READ);
    else
        finish(e, ERR_FORMAT);
}

static void on_receipt(struct errand *e, const struct receipt *m)
{
    enum err err = m->err;
    if (err == ERR_OK && memcmp(m->sha256.p, e->sha256, SHA256_BYTES) != 0)
        err = ERR_PROTOCOL;
    if (err == ERR_OK) {
        submit(e, NOTES, TASK_NOTE);
        return;
    }
    if (err == ERR_FULL || err == ERR_LIMIT)
        err =
            note_set(&e->result.why, err,
                     N_("le relais « %s » n'a plus de place ; rien n'est perdu, tout reste sur "
                        "cet appareil"),
                     e->name);
    finish(e, err);
}

static void on_frame(struct errand *e, struct str body)
{
    struct message m;
    enum err err = message_read(body, &m);
    if (err != ERR_OK)
        finish(e, err);
    else if (m.type == MESSAGE_BYE)
        finish(e, m.bye.err == ERR_OK ? ERR_CLOSED : m.bye.err);
    else if (m.type == MESSAGE_SITE && e->state == GREETS)
        on_site(e, &m.site);
    else if (m.type == MESSAGE_PARCEL && e->state == COLLECTS && e->size == 0)
        on_parcel(e, &m.parcel);
    else if (m.type == MESSAGE_PIECE && e->state == COLLECTS && e->size != 0)
        on_piece(e, m.piece);
    else if (m.type == MESSAGE_RECEIPT && e->state == LEAVES)
        on_receipt(e, &m.receipt);
    else
        finish(e, ERR_PROTOCOL);
}

static size_t take_frames(struct errand *e, struct str data)
{
    size_t took = 0;
    while (!e->working && e->state != ENDS && took < data.n) {
        struct str rest = {data.p + took, data.n - took};
        struct str body = {NULL, 0};
        size_t used = 0;
        enum err err = frame_next(rest, FRAME_BYTES_MAX, &body, &used);
        if (err != ERR_OK)
            finish(e, err);
        if (err != ERR_OK || used == 0)
            break;
        took += used;
        on_frame(e, body);
    }
    return e->state == ENDS ? data.n : took;
}

static void on_conn(struct conn *conn, struct conn_event *event, void *arg)
{
    struct errand *e = arg;
    switch (event->kind) {
    case CONN_OPEN:
        return;
    case CONN_DATA:
        event->took = take_frames(e, event->data);
        return;
    case CONN_DRAINED:
        if (e->state == LEAVES)
            send_pieces(e);
        return;
    case CONN_CLOSED:
        e->result.bytes_in = conn_bytes_in(conn);
        e->result.bytes_out = conn_bytes_out(conn);
        e->conn = NULL;
        conn_free(conn);
        finish(e, event->err == ERR_OK ? ERR_CLOSED : event->err);
        over(e);
        return;
    }
}

enum err errand_begin(const struct errand_cfg *cfg, struct conn *conn, struct errand **out)
{
    struct errand *e = mem_new(sizeof *e);
    if (e == NULL)
        return ERR_NOMEM;
    e->cfg = *cfg;
    e->conn = conn;
    conn_listen_to(conn, on_conn, e);
    conn_deadline(conn, ERRAND_MS, 1);
    *out = e;
    submit(e, LOOKS, TASK_LOOK);
    return ERR_OK;
}

void errand_stop(struct errand *e)
{
    finish(e, ERR_CLOSED);
}
