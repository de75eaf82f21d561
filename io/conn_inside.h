/* SPDX-License-Identifier: Apache-2.0 */
/* What conn.c (a connection's life) and conn_pump.c (its bytes) share; nobody else includes it.
 */
#ifndef IO_CONN_INSIDE_H
#define IO_CONN_INSIDE_H

#include "io/conn.h"
#include "io/deadline.h"
#include "io/tls.h"

/* The happy path is the order below; a broken socket or a passed deadline leads from everywhere
 * straight to CLOSING.
 * - HANDSHAKE: TLS is being agreed; a plain connection passes in its first turn.
 * - OPEN: bytes flow.
 * - FLUSH: what was queued is being sent, then close_notify; what comes in is thrown away.
 * - LINGER: our end is shut, and we read until the peer's end: closing over unread bytes would
 *   make the kernel send a reset, which destroys what the peer has not read yet.
 * - CLOSING: uv_close was called on all handles.
 * - CLOSED: all close callbacks came; the memory is the owner's to free. */
enum conn_state {
    CONN_IN_HANDSHAKE,
    CONN_IN_OPEN,
    CONN_IN_FLUSH,
    CONN_IN_LINGER,
    CONN_IN_CLOSING,
    CONN_IN_CLOSED,
    CONN_STATE_COUNT
};

struct conn {
    struct loop *loop;     /* where it lives */
    struct conn_cfg cfg;   /* owner's callback and terms */
    enum conn_state state; /* see above */
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

    struct tls *tls;   /* the filter; NULL: plain, or not begun */
    bool tls_dead;     /* it ended, well or badly: never step it again */
    struct buf front;  /* TLS: the part of `queue` that is being encrypted */
    struct buf queue;  /* sent by the owner, not yet written (plain) or moved to `front` */
    size_t queue_at;   /* TLS: of it, moved already */
    struct buf flying; /* being written by libuv; untouched until its callback */
    struct buf spare;  /* memory of an earlier `flying` */
    struct buf in;     /* plaintext for the owner */
    size_t in_at;      /* of it, taken already */

    bool pumping;  /* inside the pump */
    bool again;    /* a verb was called from inside it: one more turn */
    bool deferred; /* no handshake slot was left: next turn of the loop */
    bool reading;  /* uv_read_start is on */
    bool paused;   /* by the owner */
    bool writing;  /* `flying` is in flight */
    bool ended;    /* the peer's stream ended */
    bool said_all; /* no more plaintext will come */
    bool was_high; /* the owner was told to wait, by conn_send's answer */
    bool shut;     /* uv_shutdown came back */

    struct deadline term;  /* of the state, or the owner's */
    struct deadline stall; /* the peer must take something of what is queued */
    uint64_t bytes_in;     /* from the socket */
    uint64_t bytes_given;  /* to the kernel or to uv_write */

    enum err why;     /* for CONN_CLOSED */
    const char *text; /* the cause, French, from our tables; NULL: none */
    int code;         /* libuv's error behind it; 0: none */
};

static inline bool conn_over(const struct conn *conn)
{
    return conn->state >= CONN_IN_CLOSING;
}

/* conn.c */

/* The only way `state` changes: checks the table of allowed moves. */
void conn_move(struct conn *conn, enum conn_state state);
/* Start the deadline of a state; see deadline_start. */
void conn_term(struct conn *conn, int64_t ms, uint64_t progress_bytes, int64_t total_ms);
/* Begin the orderly end, with the cause; the pump carries it on. */
void conn_end(struct conn *conn, enum err why, const char *text);
/* The socket is of no use any more; `code` is libuv's. */
void conn_broken(struct conn *conn, int code);
/* Close all handles; CONN_CLOSED follows from their callbacks. */
void conn_close_handles(struct conn *conn);
/* Have the pump run soon, but not inside the caller. */
void conn_schedule(struct conn *conn);

/* conn_pump.c */

/* Move bytes and states on as far as they go without waiting. May call the owner. */
void conn_pump(struct conn *conn);
/* Start or stop reading, as the state and the marks ask. */
void conn_update_reading(struct conn *conn);

#endif
