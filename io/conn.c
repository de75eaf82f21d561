/* SPDX-License-Identifier: Apache-2.0 */
/* Happy path: HANDSHAKE → OPEN → (conn_close, or the peer's end) FLUSH → LINGER → CLOSING →
 * CLOSED. HANDSHAKE  TLS is being agreed; a plain connection passes in its first turn OPEN
 * bytes flow FLUSH      what was queued is being sent, then close_notify; what comes in is
 * thrown away LINGER     our end is shut; we read until the peer's end, since closing with
 * unread bytes would make the kernel send a reset, which destroys what the peer has not read
 * yet CLOSING    uv_close was called on all handles CLOSED     all close callbacks came; the
 * memory is the owner's to free A broken socket or a passed deadline leads from everywhere
 * straight to CLOSING. */
#include "io/conn.h"

#include "proto/mem.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum state {
    STATE_HANDSHAKE,
    STATE_OPEN,
    STATE_FLUSH,
    STATE_LINGER,
    STATE_CLOSING,
    STATE_CLOSED,
    STATE_COUNT
};

/* Allowed moves: bit s of moves[from] = may go to state s. */
#define TO(state) (1u << (unsigned)(state))
static const unsigned moves[STATE_COUNT] = {
    [STATE_HANDSHAKE] = TO(STATE_OPEN) | TO(STATE_FLUSH) | TO(STATE_CLOSING),
    [STATE_OPEN] = TO(STATE_FLUSH) | TO(STATE_CLOSING),
    [STATE_FLUSH] = TO(STATE_LINGER) | TO(STATE_CLOSING),
    [STATE_LINGER] = TO(STATE_CLOSING),
    [STATE_CLOSING] = TO(STATE_CLOSED),
    [STATE_CLOSED] = 0,
};

/* What an idle connection may keep allocated per buffer. */
enum { ROOM_KEPT_BYTES = 4 * 1024 };

/* The term that is running. */
struct deadline {
    uint64_t due_ms;       /* loop time */
    uint64_t window_ms;    /* length of the term */
    uint64_t progress_min; /* bytes that renew it; 0: nothing does */
    uint64_t moved;        /* bytes moved when it began */
    uint64_t until_ms;     /* not renewed beyond this; 0: no such end */
};

struct conn {
    struct loop *loop;     /* where it lives */
    struct conn_cfg cfg;   /* owner's callback and terms */
    enum state state;      /* see above */
    unsigned handles_open; /* initialised and not yet closed */
    bool orphan;           /* no owner: frees itself */

    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;                    /* the socket */
    uv_idle_t turn;          /* runs the pump in the next turn of the loop */
    struct loop_timer timer; /* the next deadline */
    uv_write_t write;        /* the one in flight */
    uv_shutdown_t shutdown;  /* of the end */
    conn_watch_cb watch;     /* the listener's interest */
    void *watch_arg;         /* its argument */
    uint8_t address[16];     /* the peer's */

    struct buf queue;  /* sent by the owner, not yet written */
    struct buf flying; /* being written by libuv; untouched until its callback */
    struct buf spare;  /* memory of an earlier `flying` */
    struct buf in;     /* plaintext for the owner */
    size_t in_at;      /* of it, taken already */

    bool pumping;  /* inside the pump */
    bool again;    /* a verb was called from inside it: one more turn */
    bool reading;  /* uv_read_start is on */
    bool paused;   /* by the owner */
    bool writing;  /* `flying` is in flight */
    bool ended;    /* the peer sent its end */
    bool was_high; /* the owner was told to wait, by conn_send's answer */
    bool shut;     /* uv_shutdown came back */

    struct deadline deadline; /* of the state, or the owner's */
    uint64_t stall_due_ms;    /* the peer must have taken something by then; 0: not running */
    uint64_t stall_moved;     /* bytes out when that began */
    uint64_t bytes_in;        /* from the socket */
    uint64_t bytes_given;     /* to the kernel or to uv_write */

    enum err why;     /* for CONN_CLOSED */
    const char *text; /* the cause, French, from our tables; NULL: none */
    int code;         /* libuv's error behind it; 0: none */
};

static void pump(struct conn *conn);

static uint64_t now_ms(const struct conn *conn)
{
    return uv_now(&conn->loop->uv);
}

static bool over(const struct conn *conn)
{
    return conn->state == STATE_CLOSING || conn->state == STATE_CLOSED;
}

static void move_to(struct conn *conn, enum state state)
{
    must((moves[conn->state] & TO(state)) != 0);
    conn->state = state;
}

static uint64_t bytes_out(const struct conn *conn)
{
    size_t waiting = conn->writing ? uv_stream_get_write_queue_size(&conn->uv.stream) : 0;
    return conn->bytes_given - waiting;
}

static uint64_t bytes_moved(const struct conn *conn)
{
    return conn->bytes_in + bytes_out(conn);
}

/* --- the end -------------------------------------------------------------------------------
 */

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
    move_to(conn, STATE_CLOSED);
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

static void set_why(struct conn *conn, enum err why, const char *text, int code)
{
    if (conn->state >= STATE_FLUSH)
        return;
    conn->why = why;
    conn->text = text;
    conn->code = code;
}

static void close_handles(struct conn *conn)
{
    if (over(conn))
        return;
    move_to(conn, STATE_CLOSING);
    uv_close(&conn->uv.handle, on_handle_closed);
    uv_close((uv_handle_t *)&conn->turn, on_handle_closed);
    loop_timer_close(&conn->timer, on_timer_closed);
}

/* The socket is of no use any more. */
static void broken(struct conn *conn, int code)
{
    set_why(conn, ERR_CLOSED, N_("la connexion s'est rompue"), code);
    close_handles(conn);
}

/* --- deadlines -----------------------------------------------------------------------------
 */

static void arm(struct conn *conn)
{
    uint64_t due_ms = conn->deadline.due_ms;
    if (conn->stall_due_ms != 0 && conn->stall_due_ms < due_ms)
        due_ms = conn->stall_due_ms;
    uint64_t now = now_ms(conn);
    loop_timer_start(&conn->timer, due_ms > now ? (int64_t)(due_ms - now) : 0);
}

static void set_deadline(struct conn *conn, int64_t ms, uint64_t progress_min, int64_t ms_max)
{
    uint64_t now = now_ms(conn);
    uint64_t window_ms = ms > 0 ? (uint64_t)ms : 0;
    conn->deadline = (struct deadline){.due_ms = now + window_ms,
                                       .window_ms = window_ms,
                                       .progress_min = progress_min,
                                       .moved = bytes_moved(conn),
                                       .until_ms = ms_max > 0 ? now + (uint64_t)ms_max : 0};
    arm(conn);
}

/* Has the running term passed? Renews it when enough has moved. */
static bool term_passed(struct conn *conn)
{
    struct deadline *d = &conn->deadline;
    uint64_t now = now_ms(conn);
    if (d->until_ms != 0 && now >= d->until_ms)
        return true;
    if (now < d->due_ms)
        return false;
    uint64_t moved = bytes_moved(conn);
    if (d->progress_min == 0 || moved - d->moved < d->progress_min)
        return true;
    d->moved = moved;
    d->due_ms = now + d->window_ms;
    if (d->until_ms != 0 && d->until_ms < d->due_ms)
        d->due_ms = d->until_ms;
    return false;
}

static bool stalled(struct conn *conn)
{
    uint64_t now = now_ms(conn);
    if (conn->stall_due_ms == 0 || now < conn->stall_due_ms)
        return false;
    uint64_t out = bytes_out(conn);
    bool idle = conn_queued(conn) == 0;
    if (!idle && out == conn->stall_moved)
        return true;
    conn->stall_due_ms = idle ? 0 : now + (uint64_t)conn->cfg.terms.stall_ms;
    conn->stall_moved = out;
    return false;
}

static void on_deadline(struct loop_timer *timer, void *arg)
{
    (void)timer;
    struct conn *conn = arg;
    if (over(conn))
        return;
    if (!term_passed(conn) && !stalled(conn)) {
        arm(conn);
        return;
    }
    set_why(conn, ERR_TIMEOUT,
            conn->state == STATE_HANDSHAKE ? N_("la connexion n'a pas été établie à temps")
                                           : N_("plus rien ne passe sur la connexion"),
            0);
    close_handles(conn);
}

/* --- turns ---------------------------------------------------------------------------------
 */

static void on_turn(uv_idle_t *handle)
{
    struct conn *conn = handle->data;
    must(uv_idle_stop(handle) == 0);
    if (!over(conn))
        pump(conn);
}

/* Have the pump run soon, but not inside the caller. */
static void schedule(struct conn *conn)
{
    if (conn->pumping)
        conn->again = true;
    else if (!over(conn))
        must(uv_idle_start(&conn->turn, on_turn) == 0);
}

/* Begin the orderly end; the pump carries it on. */
static void begin_close(struct conn *conn, enum err why, const char *text)
{
    if (conn->state >= STATE_FLUSH)
        return;
    set_why(conn, why, text, 0);
    move_to(conn, STATE_FLUSH);
    buf_done(&conn->in);
    conn->in_at = 0;
    conn->stall_due_ms = 0;
    set_deadline(conn, conn->cfg.terms.close_ms, 1, CONN_CLOSE_MS_MAX);
    schedule(conn);
}

static void tell(struct conn *conn, enum conn_event_kind kind)
{
    struct conn_event event = {.kind = kind};
    conn->cfg.cb(conn, &event, conn->cfg.arg);
}

/* --- writing -------------------------------------------------------------------------------
 */

static void on_written(uv_write_t *req, int status)
{
    struct conn *conn = req->data;
    conn->writing = false;
    if (over(conn))
        return;
    if (status != 0) {
        broken(conn, status);
        return;
    }
    must(conn->spare.p == NULL);
    conn->spare = conn->flying;
    conn->spare.n = 0;
    conn->flying = (struct buf){0};
    pump(conn);
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
        broken(conn, code);
        return;
    }
    conn->writing = true;
    conn->bytes_given += n;
}

/* Write what is ready; true when something left. */
static bool flush(struct conn *conn)
{
    struct buf *out = &conn->queue;
    if (conn->writing || out->n == 0)
        return false;
    uv_buf_t all = uv_buf_init((char *)out->p, (unsigned)out->n);
    int n = uv_try_write(&conn->uv.stream, &all, 1);
    if (n < 0 && n != UV_EAGAIN) {
        broken(conn, n);
        return false;
    }
    size_t wrote = n < 0 ? 0 : (size_t)n;
    conn->bytes_given += wrote;
    if (wrote < out->n) {
        fly(conn, out, wrote);
        return true;
    }
    out->n = 0;
    return true;
}

/* --- reading -------------------------------------------------------------------------------
 */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct conn *conn = handle->data;
    *buf = uv_buf_init((char *)conn->loop->scratch, LOOP_SCRATCH_BYTES);
}

static void take_in(struct conn *conn, const void *bytes, size_t n)
{
    if (conn->in_at > 0) {
        buf_drop(&conn->in, conn->in_at);
        conn->in_at = 0;
    }
    buf_add(&conn->in, bytes, n);
    if (conn->in.err != ERR_OK)
        begin_close(conn, conn->in.err, N_("mémoire insuffisante"));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct conn *conn = stream->data;
    if (over(conn) || n == 0)
        return;
    if (n < 0 && n != UV_EOF) {
        broken(conn, (int)n);
        return;
    }
    if (n > 0)
        conn->bytes_in += (uint64_t)n;
    if (n == UV_EOF)
        conn->ended = true;
    else if (conn->state < STATE_FLUSH)
        take_in(conn, buf->base, (size_t)n);
    pump(conn);
}

static bool may_read(const struct conn *conn)
{
    if (over(conn) || conn->ended)
        return false;
    if (conn->state >= STATE_FLUSH)
        return true;
    return !conn->paused && conn_queued(conn) <= CONN_OUT_BYTES_STOP;
}

static void update_reading(struct conn *conn)
{
    bool want = may_read(conn);
    if (over(conn) || want == conn->reading)
        return;
    conn->reading = want;
    int code = want ? uv_read_start(&conn->uv.stream, on_alloc, on_read)
                    : uv_read_stop(&conn->uv.stream);
    if (code != 0)
        broken(conn, code);
}

static size_t in_left(const struct conn *conn)
{
    return conn->in.n - conn->in_at;
}

/* Hand plaintext to the owner while he takes it; true when he took some. */
static bool deliver(struct conn *conn)
{
    bool any = false;
    while (conn->state == STATE_OPEN && !conn->paused && in_left(conn) > 0 &&
           conn_queued(conn) <= CONN_OUT_BYTES_STOP) {
        struct conn_event event = {
            .kind = CONN_DATA,
            .data = {(const char *)conn->in.p + conn->in_at, in_left(conn)},
        };
        conn->cfg.cb(conn, &event, conn->cfg.arg);
        if (conn->state != STATE_OPEN)
            return true;
        must(event.took <= in_left(conn));
        conn->in_at += event.took;
        any = any || event.took > 0;
        if (event.took == 0)
            break;
    }
    return any;
}

/* After a delivery: nothing more will come, or the owner waits for more than we keep. */
static void judge_rest(struct conn *conn)
{
    if (conn->state != STATE_OPEN || conn->paused || conn_queued(conn) > CONN_OUT_BYTES_STOP)
        return;
    if (conn->ended)
        begin_close(conn, ERR_CLOSED, N_("l'autre côté a mis fin à la connexion"));
    else if (in_left(conn) >= CONN_IN_BYTES_MAX)
        begin_close(conn, ERR_LIMIT, N_("message trop long"));
}

/* --- the pump ------------------------------------------------------------------------------
 */

static void open_up(struct conn *conn)
{
    move_to(conn, STATE_OPEN);
    set_deadline(conn, CONN_IDLE_MS, 1, 0);
    if (conn->watch != NULL)
        conn->watch(conn->watch_arg, true);
    tell(conn, CONN_OPEN);
}

static void on_shut(uv_shutdown_t *req, int status)
{
    struct conn *conn = req->data;
    if (over(conn))
        return;
    if (status != 0) {
        broken(conn, status);
        return;
    }
    conn->shut = true;
    pump(conn);
}

static void linger(struct conn *conn)
{
    move_to(conn, STATE_LINGER);
    set_deadline(conn, conn->cfg.terms.close_ms, 0, 0);
    conn->shutdown.data = conn;
    int code = uv_shutdown(&conn->shutdown, &conn->uv.stream, on_shut);
    if (code != 0)
        broken(conn, code);
}

static void tell_drained(struct conn *conn)
{
    if (conn->state != STATE_OPEN || !conn->was_high || conn_queued(conn) > CONN_OUT_BYTES_LOW)
        return;
    conn->was_high = false;
    tell(conn, CONN_DRAINED);
}

/* One turn; true when another may bring something. */
static bool turn(struct conn *conn)
{
    if (conn->state == STATE_HANDSHAKE)
        open_up(conn);
    bool any = deliver(conn);
    any = flush(conn) || any;
    tell_drained(conn);
    judge_rest(conn);
    if (conn->state == STATE_FLUSH && conn_queued(conn) == 0)
        linger(conn);
    if (conn->state == STATE_LINGER && conn->shut && conn->ended)
        close_handles(conn);
    return any;
}

static void shrink(struct buf *buf)
{
    if (buf->n == 0 && buf->room > ROOM_KEPT_BYTES)
        buf_done(buf);
}

static void pump(struct conn *conn)
{
    conn->pumping = true;
    bool more = true;
    for (int turns = 0; more && turns < CONN_TURNS_MAX; turns++) {
        conn->again = false;
        more = turn(conn);
        more = (more || conn->again) && !over(conn);
    }
    conn->pumping = false;
    if (over(conn))
        return;
    if (conn->in_at == conn->in.n) {
        conn->in.n = 0;
        conn->in_at = 0;
    }
    shrink(&conn->in);
    shrink(&conn->queue);
    shrink(&conn->spare);
    update_reading(conn);
    if (more)
        schedule(conn);
}

/* --- verbs ---------------------------------------------------------------------------------
 */

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
    set_deadline(conn, conn->cfg.terms.handshake_ms, 0, 0);
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
    schedule(conn);
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
    close_handles(conn);
}

int conn_fd(const struct conn *conn)
{
    uv_os_fd_t fd = -1;
    return uv_fileno(&conn->uv.handle, &fd) == 0 ? fd : -1;
}

void conn_free(struct conn *conn)
{
    if (conn == NULL)
        return;
    must(conn->state == STATE_CLOSED);
    buf_done(&conn->queue);
    buf_done(&conn->flying);
    buf_done(&conn->spare);
    buf_done(&conn->in);
    mem_free(conn);
}

void conn_listen_to(struct conn *conn, conn_cb cb, void *arg)
{
    conn->cfg.cb = cb;
    conn->cfg.arg = arg;
}

size_t conn_queued(const struct conn *conn)
{
    size_t flying = conn->writing ? uv_stream_get_write_queue_size(&conn->uv.stream) : 0;
    return flying + conn->queue.n;
}

size_t conn_send(struct conn *conn, const void *bytes, size_t n)
{
    size_t queued = conn_queued(conn);
    if (conn->state >= STATE_FLUSH)
        return queued;
    if (queued > CONN_OUT_BYTES_MAX || n > CONN_OUT_BYTES_MAX - queued) {
        begin_close(conn, ERR_LIMIT, N_("trop de données en attente d'envoi"));
        return queued;
    }
    buf_add(&conn->queue, bytes, n);
    if (conn->queue.err != ERR_OK) {
        buf_done(&conn->queue);
        begin_close(conn, ERR_NOMEM, N_("mémoire insuffisante"));
        return conn_queued(conn);
    }
    queued += n;
    conn->was_high = conn->was_high || queued >= CONN_OUT_BYTES_HIGH;
    if (conn->stall_due_ms == 0) {
        conn->stall_due_ms = now_ms(conn) + (uint64_t)conn->cfg.terms.stall_ms;
        conn->stall_moved = bytes_out(conn);
        arm(conn);
    }
    schedule(conn);
    return queued;
}

void conn_pause(struct conn *conn)
{
    conn->paused = true;
    if (!conn->pumping)
        update_reading(conn);
}

void conn_resume(struct conn *conn)
{
    conn->paused = false;
    schedule(conn);
}

void conn_deadline(struct conn *conn, int64_t ms, uint64_t progress_bytes)
{
    if (conn->state <= STATE_OPEN)
        set_deadline(conn, ms, progress_bytes, 0);
}

void conn_close(struct conn *conn, enum err why)
{
    begin_close(conn, why, NULL);
}

void conn_abort(struct conn *conn, enum err why)
{
    set_why(conn, why, NULL, 0);
    close_handles(conn);
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
