/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's bytes: socket → TLS → owner, owner → TLS → socket, turn by turn until nothing
 * moves or others must have theirs. */
#include "io/conn_inside.h"

#include <poll.h>

enum {
    ROOM_KEPT_BYTES = 4 * 1024, /* what an idle connection keeps allocated per buffer */
    FRONT_BYTES = 64 * 1024,    /* given to TLS at a time: what it drops from is short */
};

static void tell(struct conn *conn, enum conn_event_kind kind)
{
    struct conn_event event = {.kind = kind};
    conn->cfg.cb(conn, &event, conn->cfg.arg);
}

static size_t in_left(const struct conn *conn)
{
    return conn->in.n - conn->in_at;
}

static size_t queue_left(const struct conn *conn)
{
    return conn->queue.n - conn->queue_at;
}

/* Bytes go no further up: the owner wants none, or has too much queued already. */
static bool held_back(const struct conn *conn)
{
    return conn->paused || conn_queued(conn) > CONN_OUT_BYTES_STOP;
}

/* --- writing --- */

/* Where bytes for the socket wait. With TLS that is never the owner's queue: `front` stands in,
 * empty, until there is a filter. */
static struct buf *wire(struct conn *conn)
{
    if (conn->cfg.tls == NULL)
        return &conn->queue;
    return conn->tls != NULL ? tls_out(conn->tls) : &conn->front;
}

static void on_written(uv_write_t *req, int status)
{
    struct conn *conn = req->data;
    conn->writing = false;
    if (conn_over(conn))
        return;
    if (status != 0) {
        conn_broken(conn, status);
        return;
    }
    must(conn->spare.p == NULL);
    conn->spare = conn->flying;
    conn->spare.n = 0;
    conn->flying = (struct buf){0};
    conn_pump(conn);
}

/* Give the rest of `out`, after the first `at` bytes, to libuv; `out` gets other memory. */
static void fly(struct conn *conn, struct buf *out, size_t at)
{
    conn->flying = *out;
    *out = conn->spare;
    out->max = conn->flying.max;
    conn->spare = (struct buf){0};
    size_t n = conn->flying.n - at;
    uv_buf_t rest = uv_buf_init((char *)conn->flying.p + at, (unsigned)n);
    conn->write.data = conn;
    int code = uv_write(&conn->write, &conn->uv.stream, &rest, 1, on_written);
    if (code != 0) {
        conn_broken(conn, code);
        return;
    }
    conn->writing = true;
    conn->bytes_given += n;
}

/* Write what is ready; true when something left. */
static bool flush(struct conn *conn)
{
    struct buf *out = wire(conn);
    if (conn_over(conn) || conn->writing || out->n == 0)
        return false;
    uv_buf_t all = uv_buf_init((char *)out->p, (unsigned)out->n);
    int n = uv_try_write(&conn->uv.stream, &all, 1);
    if (n < 0 && n != UV_EAGAIN) {
        conn_broken(conn, n);
        return false;
    }
    size_t wrote = n < 0 ? 0 : (size_t)n;
    conn->bytes_given += wrote;
    if (wrote < out->n)
        fly(conn, out, wrote);
    else
        out->n = 0;
    return true;
}

/* --- reading --- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct conn *conn = handle->data;
    *buf = uv_buf_init((char *)conn->loop->scratch, LOOP_SCRATCH_BYTES);
}

/* Forget what the owner took. */
static void compact_in(struct conn *conn)
{
    if (conn->in_at > 0)
        buf_drop(&conn->in, conn->in_at);
    conn->in_at = 0;
}

static void take_in(struct conn *conn, const void *bytes, size_t n)
{
    enum err err = ERR_OK;
    if (conn->tls != NULL) {
        err = tls_feed(conn->tls, bytes, n);
    } else {
        compact_in(conn);
        buf_add(&conn->in, bytes, n);
        err = conn->in.err;
    }
    if (err != ERR_OK)
        conn_end(conn, err, N_("mémoire insuffisante"));
}

static void take_end(struct conn *conn)
{
    conn->ended = true;
    if (conn->state >= CONN_IN_FLUSH)
        return;
    if (conn->tls != NULL)
        tls_end(conn->tls);
    else
        conn->said_all = true;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct conn *conn = stream->data;
    if (conn_over(conn) || n == 0)
        return;
    if (n < 0 && n != UV_EOF) {
        conn_broken(conn, (int)n);
        return;
    }
    if (n == UV_EOF)
        take_end(conn);
    else
        conn->bytes_in += (uint64_t)n;
    if (n > 0 && conn->state < CONN_IN_FLUSH)
        take_in(conn, buf->base, (size_t)n);
    conn_pump(conn);
}

static bool may_read(const struct conn *conn)
{
    if (conn->ended || conn->deferred)
        return false;
    if (conn->state >= CONN_IN_FLUSH)
        return true;
    if (conn->tls != NULL && tls_room(conn->tls) < LOOP_SCRATCH_BYTES)
        return false;
    return conn->state == CONN_IN_HANDSHAKE || !held_back(conn);
}

void conn_update_reading(struct conn *conn)
{
    if (conn_over(conn) || may_read(conn) == conn->reading)
        return;
    conn->reading = !conn->reading;
    int code = conn->reading ? uv_read_start(&conn->uv.stream, on_alloc, on_read)
                             : uv_read_stop(&conn->uv.stream);
    if (code != 0)
        conn_broken(conn, code);
}

/* Hand plaintext to the owner while he takes it; true when he took some. */
static bool deliver(struct conn *conn)
{
    bool any = false;
    while (conn->state == CONN_IN_OPEN && !held_back(conn) && in_left(conn) > 0) {
        struct conn_event event = {
            .kind = CONN_DATA,
            .data = {(const char *)conn->in.p + conn->in_at, in_left(conn)},
        };
        conn->cfg.cb(conn, &event, conn->cfg.arg);
        if (conn->state != CONN_IN_OPEN)
            return true;
        must(event.took <= in_left(conn));
        conn->in_at += event.took;
        if (event.took == 0)
            break;
        any = true;
    }
    return any;
}

/* After a delivery: nothing more will come, or the owner waits for more than we keep. */
static void judge_rest(struct conn *conn)
{
    if (conn->state != CONN_IN_OPEN || held_back(conn))
        return;
    if (conn->said_all)
        conn_end(conn, ERR_CLOSED, N_("l'autre côté a mis fin à la connexion"));
    else if (in_left(conn) >= CONN_IN_BYTES_MAX)
        conn_end(conn, ERR_LIMIT, N_("message trop long"));
}

/* --- TLS --- */

/* The filter came to its end. Only a goodbye is a good one; of bad ones the peer hears by the
 * alert that waits in tls_out. */
static void tls_ended(struct conn *conn, enum err err)
{
    conn->tls_dead = true;
    buf_done(&conn->queue);
    buf_done(&conn->front);
    conn->queue_at = 0;
    if (err == ERR_CLOSED && conn->state == CONN_IN_OPEN) {
        conn->said_all = true;
        return;
    }
    const char *text = N_("l'autre côté ne parle pas le langage attendu");
    if (err == ERR_CLOSED || conn->ended) {
        /* Also a killed server: nobody broke a protocol, the line is gone. */
        err = ERR_CLOSED;
        text = N_("la connexion a été coupée");
    } else if (err == ERR_IDENTITY) {
        text = N_("ce n'est pas le serveur attendu");
    } else if (err == ERR_REFUSED) {
        text = N_("le certificat de cet appareil n'est pas accepté");
    } else if (err == ERR_NOMEM) {
        text = N_("mémoire insuffisante");
    }
    (void)deliver(conn);
    conn_end(conn, err, text);
}

/* Move the next bytes of the queue to where TLS takes them, and say goodbye after the last. */
static void refill(struct conn *conn)
{
    if (!tls_open(conn->tls))
        return;
    size_t n = queue_left(conn) < FRONT_BYTES ? queue_left(conn) : FRONT_BYTES;
    if (conn->front.n == 0 && n > 0) {
        buf_add(&conn->front, conn->queue.p + conn->queue_at, n);
        conn->queue_at += n;
    }
    if (conn->front.err != ERR_OK) {
        tls_ended(conn, ERR_NOMEM);
        return;
    }
    if (queue_left(conn) > 0)
        return;
    conn->queue.n = 0;
    conn->queue_at = 0;
    if (conn->state == CONN_IN_FLUSH)
        tls_shutdown(conn->tls);
}

/* Encrypt and decrypt; true when anything moved. */
static bool filter(struct conn *conn)
{
    refill(conn);
    if (conn->tls_dead)
        return false;
    compact_in(conn);
    size_t in_before = conn->in.n;
    size_t front_before = conn->front.n;
    size_t out_before = tls_out(conn->tls)->n;
    size_t room_before = tls_room(conn->tls);
    enum err err = tls_step(conn->tls, &conn->front, &conn->in);
    bool moved = conn->in.n != in_before || conn->front.n != front_before ||
                 tls_out(conn->tls)->n != out_before || tls_room(conn->tls) != room_before;
    if (conn->state >= CONN_IN_FLUSH)
        conn->in.n = 0;
    if (err != ERR_OK)
        tls_ended(conn, err);
    return moved || err != ERR_OK;
}

/* What came before it was known that this is to be TLS (conn_secure). */
static enum err feed_waiting(struct conn *conn)
{
    size_t n = in_left(conn);
    if (n == 0)
        return ERR_OK;
    enum err err = tls_feed(conn->tls, conn->in.p + conn->in_at, n);
    if (err == ERR_OK && conn->said_all)
        tls_end(conn->tls);
    conn->said_all = false;
    conn->in.n = 0;
    conn->in_at = 0;
    return err;
}

/* A caller who hung up while he waited, in the kernel's queue or for a slot. Answering him
 * would take the time in which the next one loses his patience too. */
static bool left_already(const struct conn *conn)
{
    struct pollfd fd = {.fd = conn_fd(conn), .events = POLLRDHUP};
    if (conn->watch == NULL || conn->bytes_in == 0 || conn->bytes_given > 0)
        return false;
    return poll(&fd, 1, 0) > 0 && (fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* A turn of the handshake costs milliseconds: it needs a slot. */
static bool shake_hands(struct conn *conn)
{
    enum err err = ERR_OK;
    if (left_already(conn)) {
        conn_broken(conn, 0);
        return false;
    }
    if (!loop_slot(conn->loop)) {
        conn->deferred = true;
        return false;
    }
    if (conn->tls == NULL)
        err = tls_new(conn->cfg.tls, conn->cfg.resume, &conn->tls);
    if (err == ERR_OK)
        err = feed_waiting(conn);
    if (err != ERR_OK) {
        conn_end(conn, err, N_("mémoire insuffisante"));
        return false;
    }
    bool moved = filter(conn);
    if (conn->state == CONN_IN_HANDSHAKE && !tls_open(conn->tls) &&
        conn->bytes_in > CONN_HANDSHAKE_BYTES_MAX)
        conn_end(conn, ERR_LIMIT, N_("trop de données avant l'accord de chiffrement"));
    return moved;
}

static bool tls_turn(struct conn *conn)
{
    if (conn->state == CONN_IN_HANDSHAKE)
        return shake_hands(conn);
    if (conn->tls == NULL || conn->tls_dead || conn->state > CONN_IN_FLUSH)
        return false;
    return filter(conn);
}

/* --- the pump --- */

/* The second time (conn_secure) too. */
static void open_up(struct conn *conn)
{
    if (conn->state != CONN_IN_HANDSHAKE)
        return;
    if (conn->cfg.tls != NULL && (conn->tls == NULL || !tls_open(conn->tls)))
        return;
    conn_move(conn, CONN_IN_OPEN);
    conn_term(conn, CONN_IDLE_MS, 1, 0);
    if (conn->watch != NULL)
        conn->watch(conn->watch_arg, true);
    tell(conn, CONN_OPEN);
}

static void tell_drained(struct conn *conn)
{
    if (conn->state != CONN_IN_OPEN || !conn->was_high ||
        conn_queued(conn) > CONN_OUT_BYTES_LOW)
        return;
    conn->was_high = false;
    tell(conn, CONN_DRAINED);
}

static void on_shut(uv_shutdown_t *req, int status)
{
    struct conn *conn = req->data;
    if (conn_over(conn))
        return;
    if (status != 0) {
        conn_broken(conn, status);
        return;
    }
    conn->shut = true;
    conn_pump(conn);
}

/* Has everything left that still can, the goodbye included? */
static bool flushed(struct conn *conn)
{
    if (conn->writing || wire(conn)->n > 0)
        return false;
    bool says_goodbye = conn->tls != NULL && !conn->tls_dead && tls_open(conn->tls);
    return !says_goodbye || tls_shut(conn->tls);
}

static void linger(struct conn *conn)
{
    conn_move(conn, CONN_IN_LINGER);
    conn_term(conn, conn->cfg.terms.close_ms, 0, 0);
    conn->shutdown.data = conn;
    int code = uv_shutdown(&conn->shutdown, &conn->uv.stream, on_shut);
    if (code != 0)
        conn_broken(conn, code);
}

/* One turn; true when another may bring something. */
static bool turn(struct conn *conn)
{
    bool any = conn->cfg.tls != NULL && tls_turn(conn);
    any = flush(conn) || any;
    open_up(conn);
    any = deliver(conn) || any;
    tell_drained(conn);
    judge_rest(conn);
    if (conn->state == CONN_IN_FLUSH && flushed(conn))
        linger(conn);
    if (conn->state == CONN_IN_LINGER && conn->shut && conn->ended)
        conn_close_handles(conn);
    return any;
}

static void shrink(struct buf *buf)
{
    if (buf->n == 0 && buf->room > ROOM_KEPT_BYTES)
        buf_done(buf);
}

void conn_pump(struct conn *conn)
{
    bool more = true;
    conn->pumping = true;
    conn->deferred = false;
    for (int turns = 0; more && turns < CONN_TURNS_MAX; turns++) {
        conn->again = false;
        more = turn(conn);
        more = (more || conn->again) && !conn_over(conn) && !conn->deferred;
    }
    conn->pumping = false;
    if (conn_over(conn))
        return;
    compact_in(conn);
    shrink(&conn->in);
    shrink(&conn->front);
    shrink(&conn->queue);
    shrink(&conn->spare);
    if (conn->tls != NULL)
        tls_shrink(conn->tls, ROOM_KEPT_BYTES);
    conn_update_reading(conn);
    if (more || conn->deferred)
        conn_schedule(conn);
}
