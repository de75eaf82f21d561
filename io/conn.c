/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's life: start, deadlines, end, and the owner's verbs. conn_inside.h tells the
 * states, conn_pump.c moves the bytes. */
#include "io/conn_inside.h"

#include "proto/mem.h"

#include <assert.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static_assert((int)CONN_KEY_BYTES == (int)CERT_FINGERPRINT_BYTES, "a key's fingerprint");
static_assert((int)TLS_IN_BYTES_MAX >= (int)LOOP_SCRATCH_BYTES, "one read fits the filter");

/* Allowed moves: bit s of moves[from] = may go to state s. */
#define TO(state) (1u << (unsigned)(state))
static const unsigned moves[CONN_STATE_COUNT] = {
    [CONN_IN_HANDSHAKE] = TO(CONN_IN_OPEN) | TO(CONN_IN_FLUSH) | TO(CONN_IN_CLOSING),
    [CONN_IN_OPEN] = TO(CONN_IN_HANDSHAKE) | TO(CONN_IN_FLUSH) | TO(CONN_IN_CLOSING),
    [CONN_IN_FLUSH] = TO(CONN_IN_LINGER) | TO(CONN_IN_CLOSING),
    [CONN_IN_LINGER] = TO(CONN_IN_CLOSING),
    [CONN_IN_CLOSING] = TO(CONN_IN_CLOSED),
    [CONN_IN_CLOSED] = 0,
};

void conn_move(struct conn *conn, enum conn_state state)
{
    must((moves[conn->state] & TO(state)) != 0);
    conn->state = state;
}

static uint64_t now_ms(const struct conn *conn)
{
    return uv_now(&conn->loop->uv);
}

/* Bytes that libuv took and the kernel has not. */
static size_t in_flight(const struct conn *conn)
{
    return conn->writing ? uv_stream_get_write_queue_size(&conn->uv.stream) : 0;
}

static uint64_t bytes_out(const struct conn *conn)
{
    return conn->bytes_given - in_flight(conn);
}

/* --- the end --- */

static void tell_closed(struct conn *conn)
{
    struct note note = {{0}};
    if (conn->text != NULL) {
        const char *text = note_words != NULL ? note_words(conn->text) : conn->text;
        if (conn->code != 0)
            conn->why = note_set(&note, conn->why, "%s (%s)", text, uv_strerror(conn->code));
        else
            conn->why = note_set(&note, conn->why, "%s", text);
    }
    struct conn_event event = {.kind = CONN_CLOSED, .err = conn->why, .note = &note};
    conn->cfg.cb(conn, &event, conn->cfg.arg);
}

static void handle_closed(struct conn *conn)
{
    must(conn->handles_open > 0);
    if (--conn->handles_open > 0)
        return;
    conn_move(conn, CONN_IN_CLOSED);
    if (conn->watch != NULL)
        conn->watch(conn->watch_arg, false);
    if (conn->orphan)
        conn_free(conn);
    else
        tell_closed(conn);
}

static void on_handle_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

static void on_timer_closed(struct loop_timer *timer, void *arg)
{
    (void)timer;
    handle_closed(arg);
}

/* The first cause counts; what goes wrong while closing adds nothing. */
static void set_why(struct conn *conn, enum err why, const char *text, int code)
{
    if (conn->state >= CONN_IN_FLUSH)
        return;
    conn->why = why;
    conn->text = text;
    conn->code = code;
}

void conn_close_handles(struct conn *conn)
{
    if (conn_over(conn))
        return;
    conn_move(conn, CONN_IN_CLOSING);
    uv_close(&conn->uv.handle, on_handle_closed);
    uv_close((uv_handle_t *)&conn->turn, on_handle_closed);
    loop_timer_close(&conn->timer, on_timer_closed);
}

void conn_broken(struct conn *conn, int code)
{
    set_why(conn, ERR_CLOSED, N_("la connexion s'est rompue"), code);
    conn_close_handles(conn);
}

void conn_end(struct conn *conn, enum err why, const char *text)
{
    if (conn->state >= CONN_IN_FLUSH)
        return;
    set_why(conn, why, text, 0);
    conn_move(conn, CONN_IN_FLUSH);
    buf_done(&conn->in);
    conn->in_at = 0;
    conn->stall = (struct deadline){0};
    conn_term(conn, conn->cfg.terms.close_ms, 1, CONN_CLOSE_MS_MAX);
    conn_schedule(conn);
}

/* --- deadlines --- */

static void arm(struct conn *conn)
{
    uint64_t due_ms = deadline_next(&conn->term, &conn->stall);
    uint64_t now = now_ms(conn);
    loop_timer_start(&conn->timer, due_ms > now ? (int64_t)(due_ms - now) : 0);
}

void conn_term(struct conn *conn, int64_t ms, uint64_t progress_bytes, int64_t total_ms)
{
    uint64_t moved = conn->bytes_in + bytes_out(conn);
    deadline_start(&conn->term, now_ms(conn), ms, progress_bytes, total_ms, moved);
    arm(conn);
}

static bool stalled(struct conn *conn)
{
    if (conn_queued(conn) == 0)
        conn->stall = (struct deadline){0};
    return deadline_passed(&conn->stall, now_ms(conn), bytes_out(conn));
}

static void on_deadline(struct loop_timer *timer, void *arg)
{
    (void)timer;
    struct conn *conn = arg;
    if (conn_over(conn))
        return;
    uint64_t moved = conn->bytes_in + bytes_out(conn);
    bool passed = deadline_passed(&conn->term, now_ms(conn), moved);
    if (!passed && !stalled(conn)) {
        arm(conn);
        return;
    }
    set_why(conn, ERR_TIMEOUT,
            conn->state == CONN_IN_HANDSHAKE ? N_("la connexion n'a pas été établie à temps")
                                             : N_("plus rien ne passe sur la connexion"),
            0);
    conn_close_handles(conn);
}

/* --- turns --- */

static void on_turn(uv_idle_t *handle)
{
    struct conn *conn = handle->data;
    must(uv_idle_stop(handle) == 0);
    if (!conn_over(conn))
        conn_pump(conn);
}

void conn_schedule(struct conn *conn)
{
    if (conn->pumping)
        conn->again = true;
    else if (!conn_over(conn))
        must(uv_idle_start(&conn->turn, on_turn) == 0);
}

/* --- the start --- */

static int64_t or_default(int64_t ms, int64_t standard)
{
    return ms > 0 ? ms : standard;
}

static struct conn *make(struct loop *loop, const struct conn_cfg *cfg)
{
    struct conn *conn = mem_new(sizeof *conn);
    if (conn == NULL)
        return NULL;
    conn->loop = loop;
    conn->cfg = *cfg;
    conn->cfg.terms = (struct conn_terms){
        .handshake_ms = or_default(cfg->terms.handshake_ms, CONN_HANDSHAKE_MS),
        .stall_ms = or_default(cfg->terms.stall_ms, CONN_STALL_MS),
        .close_ms = or_default(cfg->terms.close_ms, CONN_CLOSE_MS),
    };
    /* More than an owner may leave untaken, so that a record always fits behind it. */
    buf_init(&conn->in, CONN_IN_BYTES_MAX + LOOP_SCRATCH_BYTES);
    return conn;
}

/* The other handles and the first deadline; the stream is initialised. */
static void begin(struct conn *conn)
{
    conn->uv.handle.data = conn;
    must(uv_idle_init(&conn->loop->uv, &conn->turn) == 0);
    conn->turn.data = conn;
    loop_timer_init(conn->loop, &conn->timer, on_deadline, conn);
    conn->handles_open = 3;
    conn_term(conn, conn->cfg.terms.handshake_ms, 0, 0);
}

static void learn_address(struct conn *conn)
{
    struct sockaddr_storage peer = {0};
    int n = (int)sizeof peer;
    if (uv_tcp_getpeername(&conn->uv.tcp, (struct sockaddr *)&peer, &n) != 0)
        return;
    if (peer.ss_family == AF_INET6) {
        memcpy(conn->address, &((struct sockaddr_in6 *)&peer)->sin6_addr, sizeof conn->address);
    } else if (peer.ss_family == AF_INET) {
        conn->address[10] = 0xff;
        conn->address[11] = 0xff;
        memcpy(conn->address + 12, &((struct sockaddr_in *)&peer)->sin_addr, 4);
    }
}

/* The socket is in place. */
static void settle(struct conn *conn)
{
    if (conn->uv.handle.type == UV_TCP) {
        /* Frames are written whole; waiting for more would only add a round trip. A socket that
         * refuses is already dead, and reading it will say so. */
        (void)uv_tcp_nodelay(&conn->uv.tcp, 1);
        learn_address(conn);
    }
    conn_schedule(conn);
}

enum err conn_open(struct loop *loop, int fd, const struct conn_cfg *cfg, struct conn **out)
{
    int domain = 0;
    socklen_t n = sizeof domain;
    struct conn *conn = make(loop, cfg);
    if (conn == NULL || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) != 0) {
        enum err err = conn == NULL ? ERR_NOMEM : ERR_IO;
        mem_free(conn);
        (void)close(fd);
        return err;
    }
    int code = 0;
    if (domain == AF_UNIX) {
        must(uv_pipe_init(&loop->uv, &conn->uv.pipe, 0) == 0);
        begin(conn);
        code = uv_pipe_open(&conn->uv.pipe, fd);
    } else {
        must(uv_tcp_init(&loop->uv, &conn->uv.tcp) == 0);
        begin(conn);
        code = uv_tcp_open(&conn->uv.tcp, fd);
    }
    if (code != 0) {
        (void)close(fd);
        conn_discard(conn);
        return ERR_IO;
    }
    settle(conn);
    *out = conn;
    return ERR_OK;
}

enum err conn_accept(struct loop *loop, uv_stream_t *server, const struct conn_cfg *cfg,
                     struct conn **out, int *code)
{
    struct conn *conn = make(loop, cfg);
    if (conn == NULL) {
        *code = UV_ENOMEM;
        return ERR_NOMEM;
    }
    if (server->type == UV_NAMED_PIPE)
        must(uv_pipe_init(&loop->uv, &conn->uv.pipe, 0) == 0);
    else
        must(uv_tcp_init(&loop->uv, &conn->uv.tcp) == 0);
    begin(conn);
    *code = uv_accept(server, &conn->uv.stream);
    if (*code != 0) {
        conn_discard(conn);
        return ERR_IO;
    }
    settle(conn);
    *out = conn;
    return ERR_OK;
}

void conn_discard(struct conn *conn)
{
    conn->orphan = true;
    conn_close_handles(conn);
}

void conn_free(struct conn *conn)
{
    if (conn == NULL)
        return;
    must(conn->state == CONN_IN_CLOSED);
    tls_free(conn->tls);
    buf_done(&conn->front);
    buf_done(&conn->queue);
    buf_done(&conn->flying);
    buf_done(&conn->spare);
    buf_done(&conn->in);
    mem_free(conn);
}

/* --- verbs --- */

void conn_listen_to(struct conn *conn, conn_cb cb, void *arg)
{
    conn->cfg.cb = cb;
    conn->cfg.arg = arg;
}

size_t conn_queued(const struct conn *conn)
{
    size_t wrapped = conn->tls != NULL ? tls_out(conn->tls)->n : 0;
    return in_flight(conn) + wrapped + conn->front.n + conn->queue.n - conn->queue_at;
}

size_t conn_send(struct conn *conn, const void *bytes, size_t n)
{
    size_t queued = conn_queued(conn);
    if (conn->state >= CONN_IN_FLUSH)
        return queued;
    if (queued > CONN_OUT_BYTES_MAX || n > CONN_OUT_BYTES_MAX - queued) {
        conn_end(conn, ERR_LIMIT, N_("trop de données en attente d'envoi"));
        return queued;
    }
    /* Moved bytes are dropped once they are the greater part: each byte moves but once or so.
     */
    if (conn->queue_at > conn->queue.n / 2) {
        buf_drop(&conn->queue, conn->queue_at);
        conn->queue_at = 0;
    }
    buf_add(&conn->queue, bytes, n);
    if (conn->queue.err != ERR_OK) {
        buf_done(&conn->queue);
        conn->queue_at = 0;
        conn_end(conn, ERR_NOMEM, N_("mémoire insuffisante"));
        return conn_queued(conn);
    }
    queued += n;
    conn->was_high = conn->was_high || queued >= CONN_OUT_BYTES_HIGH;
    if (conn->stall.due_ms == 0) {
        deadline_start(&conn->stall, now_ms(conn), conn->cfg.terms.stall_ms, 1, 0,
                       bytes_out(conn));
        arm(conn);
    }
    conn_schedule(conn);
    return queued;
}

void conn_pause(struct conn *conn)
{
    conn->paused = true;
    if (!conn->pumping)
        conn_update_reading(conn);
}

void conn_resume(struct conn *conn)
{
    conn->paused = false;
    conn_schedule(conn);
}

void conn_deadline(struct conn *conn, int64_t ms, uint64_t progress_bytes)
{
    if (conn->state <= CONN_IN_OPEN)
        conn_term(conn, ms, progress_bytes, 0);
}

void conn_close(struct conn *conn, enum err why)
{
    conn_end(conn, why, NULL);
}

void conn_abort(struct conn *conn, enum err why)
{
    set_why(conn, why, NULL, 0);
    conn_close_handles(conn);
}

bool conn_peer_key(const struct conn *conn, uint8_t out[static CONN_KEY_BYTES])
{
    return conn->tls != NULL && tls_open(conn->tls) && tls_peer_key(conn->tls, out);
}

const uint8_t *conn_peer_former(const struct conn *conn)
{
    return conn->tls == NULL ? NULL : tls_peer_former(conn->tls);
}

void conn_secure(struct conn *conn, struct tls_config *tls)
{
    if (conn->state != CONN_IN_OPEN)
        return;
    must(conn->cfg.tls == NULL && conn_queued(conn) == 0 && conn->in_at == 0);
    conn->cfg.tls = tls;
    conn->paused = false;
    conn_move(conn, CONN_IN_HANDSHAKE);
    conn_term(conn, conn->cfg.terms.handshake_ms, 0, 0);
    conn_schedule(conn);
}

bool conn_peer_relay(const struct conn *conn)
{
    return conn->tls != NULL && tls_relay(conn->tls);
}

bool conn_resumed(const struct conn *conn)
{
    return conn->tls != NULL && tls_open(conn->tls) && tls_resumed(conn->tls);
}

void conn_peer_address(const struct conn *conn, uint8_t out[static 16])
{
    memcpy(out, conn->address, sizeof conn->address);
}

uint64_t conn_bytes_in(const struct conn *conn)
{
    return conn->bytes_in;
}

uint64_t conn_bytes_out(const struct conn *conn)
{
    return bytes_out(conn);
}

void conn_watch(struct conn *conn, conn_watch_cb cb, void *arg)
{
    conn->watch = cb;
    conn->watch_arg = arg;
}

int conn_fd(const struct conn *conn)
{
    uv_os_fd_t fd = -1;
    return uv_fileno(&conn->uv.handle, &fd) == 0 ? fd : -1;
}
