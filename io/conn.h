/* SPDX-License-Identifier: Apache-2.0 */
/* One connection, TCP or Unix socket, plain or TLS: bytes, deadlines and water marks, as
 * events. */
#ifndef IO_CONN_H
#define IO_CONN_H

#include "io/loop.h"
#include "proto/buf.h"

enum {
    /* A producer stops sending here (see conn_queued) and goes on at CONN_DRAINED. */
    CONN_OUT_BYTES_HIGH = 1024 * 1024,
    /* Below this CONN_DRAINED comes. */
    CONN_OUT_BYTES_LOW = 256 * 1024,
    /* Above this nothing more is read or handed over: a peer that asks but never listens cannot
     * make us queue answers. It lies above HIGH plus a frame, because two peers that both
     * stopped reading over what they merely produce would wait for each other. */
    CONN_OUT_BYTES_STOP = 2 * 1024 * 1024 + 64 * 1024,
    /* An owner that sends on beyond this loses the connection (ERR_LIMIT). */
    CONN_OUT_BYTES_MAX = 4 * 1024 * 1024,
    /* Bytes kept for a consumer who does not take them: one frame and a bit. */
    CONN_IN_BYTES_MAX = 1024 * 1024 + 128 * 1024,
    /* A peer that is not yet through its handshake may have sent so much. */
    CONN_HANDSHAKE_BYTES_MAX = 24 * 1024,
    /* Turns of decrypt, deliver, encrypt, write before others get theirs. */
    CONN_TURNS_MAX = 64,
    CONN_KEY_BYTES = 32,           /* fingerprint of a peer's key */
    CONN_HANDSHAKE_MS = 10 * 1000, /* until CONN_OPEN */
    CONN_IDLE_MS = 300 * 1000,     /* open, and not a byte in either direction */
    CONN_STALL_MS = 60 * 1000,     /* something queued, and the peer takes nothing */
    CONN_CLOSE_MS = 5 * 1000,      /* each step of a close without progress */
    CONN_CLOSE_MS_MAX = 15 * 1000, /* to send what was queued before the close */
};

enum conn_event_kind {
    CONN_OPEN,    /* connected, and TLS is through: bytes may flow */
    CONN_DATA,    /* plaintext came; say in `took` how much was used */
    CONN_DRAINED, /* the out-queue was high and is low again */
    CONN_CLOSED,  /* the end, exactly once, always; the owner calls conn_free now or later */
};

struct conn_event {
    enum conn_event_kind kind;
    struct str data; /* DATA: bytes not used yet, oldest first; valid in the callback */
    size_t took;     /* DATA: out, how many of them were used; the others come again with
                      * more behind them */
    enum err err;    /* CLOSED: OK or what conn_close was given; ERR_CLOSED the peer ended it;
                      * TIMEOUT LIMIT NOMEM PROTOCOL IDENTITY REFUSED IO */
    const struct note *note; /* CLOSED: the cause in words, "" when the owner asked for it */
};

struct conn;
/* Events come from the loop, never from inside a verb below; all verbs may be called from it.
 */
typedef void (*conn_cb)(struct conn *conn, struct conn_event *event, void *arg);

/* Terms in ms; 0 stands for the defaults above. */
struct conn_terms {
    int64_t handshake_ms; /* until CONN_OPEN */
    int64_t stall_ms;     /* queued bytes, none taken */
    int64_t close_ms;     /* per step of closing */
};

struct tls_config;
struct tls_session;

struct conn_cfg {
    conn_cb cb;              /* where events go; from a listener: set later by conn_listen_to */
    void *arg;               /* its argument */
    struct conn_terms terms; /* deadlines */
    struct tls_config *tls;  /* NULL: plain. Outlives the connection */
    struct tls_session
        *resume; /* client: session to resume and to keep; may be NULL; outlives it too */
};

/* Take over a connected stream socket (TCP or Unix). From here on the descriptor is the
 * connection's, on failure too. cfg is copied. CONN_OPEN or CONN_CLOSED follow from the loop.
 * ERR_NOMEM, ERR_IO. */
NODISCARD enum err conn_open(struct loop *loop, int fd, const struct conn_cfg *cfg,
                             struct conn **out);
/* For io/listen: take the connection that waits at `server`. Fails as conn_open; `code` is then
 * libuv's error. */
NODISCARD enum err conn_accept(struct loop *loop, uv_stream_t *server,
                               const struct conn_cfg *cfg, struct conn **out, int *code);
/* Free after CONN_CLOSED; NULL is fine. */
void conn_free(struct conn *conn);

/* Send events to `cb` from now on. */
void conn_listen_to(struct conn *conn, conn_cb cb, void *arg);
/* After CONN_OPEN of a plain connection on which nothing was sent and nothing taken: we are the
 * server of TLS from here on, beginning with the bytes that wait. CONN_OPEN comes a second time
 * when that is agreed. From inside CONN_DATA take nothing. `tls` outlives the connection. */
void conn_secure(struct conn *conn, struct tls_config *tls);
/* Queue a copy of the bytes; several calls in one turn leave as one write. Returns what is now
 * queued: at CONN_OUT_BYTES_HIGH or more, wait for CONN_DRAINED. Without memory, or over
 * CONN_OUT_BYTES_MAX, the connection closes. When it is closing, nothing happens. */
size_t conn_send(struct conn *conn, const void *bytes, size_t n);
/* Bytes sent by the owner or wrapped by TLS that the kernel has not taken yet. */
size_t conn_queued(const struct conn *conn);
/* No more CONN_DATA, and the socket is left alone, until conn_resume. */
void conn_pause(struct conn *conn);
void conn_resume(struct conn *conn);
/* Close with ERR_TIMEOUT in `ms` unless called again. With progress_bytes > 0 the term is
 * renewed whenever at least so many bytes, both directions together, moved within it. An open
 * connection starts with (CONN_IDLE_MS, 1); a closing one ignores this. */
void conn_deadline(struct conn *conn, int64_t ms, uint64_t progress_bytes);
/* Orderly end: no more events but CONN_CLOSED; send what is queued, say goodbye, wait until the
 * peer has heard it, close. `why` is reported by CONN_CLOSED. A second call does nothing. */
void conn_close(struct conn *conn, enum err why);
/* The same without sending anything more; also cuts an orderly end short. */
void conn_abort(struct conn *conn, enum err why);

/* After CONN_OPEN over TLS: the fingerprint of the peer's key, also when resumed. False on a
 * plain connection, and for a client that showed no certificate (it enrols). Look it up every
 * time. */
bool conn_peer_key(const struct conn *conn, uint8_t out[static CONN_KEY_BYTES]);
/* The public key of a peer whose certificate is of the former authority (tls_peer_former). */
const uint8_t *conn_peer_former(const struct conn *conn);
/* After CONN_OPEN of a client over TLS: did a relay answer in the server's place? */
bool conn_peer_relay(const struct conn *conn);
/* After CONN_OPEN: was the TLS session resumed? */
bool conn_resumed(const struct conn *conn);
/* The peer's address, v4 mapped into v6; zeros for a Unix socket. */
void conn_peer_address(const struct conn *conn, uint8_t out[static 16]);
/* Bytes on the wire so far, TLS included. */
uint64_t conn_bytes_in(const struct conn *conn);
uint64_t conn_bytes_out(const struct conn *conn);

/* For io/listen: be told when the handshake is through (open = true) and when all is over. */
typedef void (*conn_watch_cb)(void *arg, bool open);
void conn_watch(struct conn *conn, conn_watch_cb cb, void *arg);
/* For io/listen: close a connection nobody has heard of; it frees itself, without an event. */
void conn_discard(struct conn *conn);
/* For io/listen: the descriptor, -1 when there is none. */
int conn_fd(const struct conn *conn);

#endif
