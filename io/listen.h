/* SPDX-License-Identifier: Apache-2.0 */
/* Listening, on TCP or a Unix socket, with limits and with a life after every failed accept. */
#ifndef IO_LISTEN_H
#define IO_LISTEN_H

#include "io/address.h"
#include "io/conn.h"
#include "io/rate.h"

enum {
    LISTEN_BACKLOG = 512,
    LISTEN_HALF_OPEN_MAX = 64, /* a sensible limit for the sync port */
    LISTEN_PAUSE_MS = 1000,    /* after a failed accept, before listening anew */
    LISTEN_SPARE_FDS = 64,     /* descriptors of the process no connection may use */
};

struct listener;
/* A connection came in. Call conn_listen_to before returning; its events follow. From then on
 * it is the callback's: it outlives the listener. */
typedef void (*listen_cb)(struct listener *listener, struct conn *conn, void *arg);
typedef void (*listen_closed_cb)(void *arg);

struct listen_cfg {
    struct conn_cfg conn;     /* terms for what comes in; cb and arg are not used */
    unsigned total_max;       /* connections at once; more are closed at once. 0: no limit */
    unsigned per_address_max; /* of them, from one address (IPv6: one /64). 0: no limit */
    struct rate
        per_address; /* how often one may come, connections over it are closed at once */
    bool per_address_spares_loopback; /* … but not this machine's own programs */
    unsigned half_open_max; /* in their handshake; more wait in the kernel. 0: no limit */
    int64_t pause_ms;       /* 0: LISTEN_PAUSE_MS */
    listen_cb cb;           /* who takes them */
    void *arg;              /* his argument */
};

/* Listen on a numeric address ("127.0.0.1", "::", "localhost"); port 0 picks one. ERR_USAGE for
 * another host, ERR_BUSY when the port is taken, ERR_IO, ERR_NOMEM. */
NODISCARD enum err listen_tcp(struct loop *loop, const struct address *address,
                              const struct listen_cfg *cfg, struct listener **out,
                              struct note *why);
/* Listen on a Unix socket, mode 0600. A socket file that nobody answers at is replaced;
 * ERR_BUSY when somebody does, ERR_EXISTS when the path is something else. */
NODISCARD enum err listen_unix(struct loop *loop, const char *path,
                               const struct listen_cfg *cfg, struct listener **out,
                               struct note *why);
/* Where it really listens: "127.0.0.1:4433", "[::1]:4433" or the path. Valid until
 * listen_close. */
const char *listen_address(const struct listener *listener);
/* Connections taken and not yet closed; of them, still in their handshake. */
unsigned listen_total(const struct listener *listener);
unsigned listen_half_open(const struct listener *listener);
/* Take no more; the Unix socket file goes at once. `cb` (may be NULL) when the memory is gone.
 * A second call does nothing; the connections live on. */
void listen_close(struct listener *listener, listen_closed_cb cb, void *arg);

#endif
