/* SPDX-License-Identifier: Apache-2.0 */
/* Reaching a server: resolve the name, try its addresses one by one, hand over a connection. */
#ifndef IO_DIAL_H
#define IO_DIAL_H

#include "io/conn.h"

enum {
    DIAL_MS = 15 * 1000,    /* for all of it, until connected */
    DIAL_ADDRESSES_MAX = 8, /* of one name that are tried */
};

struct dial;
/* The outcome, exactly once, from the loop: OK and a connection whose events follow (TLS is
 * still to be agreed: CONN_OPEN or CONN_CLOSED will tell); or ERR_OFFLINE with the cause in
 * words, ERR_CLOSED after dial_cancel, ERR_NOMEM, ERR_IO. After it `dial` is gone. */
typedef void (*dial_cb)(struct dial *dial, enum err err, struct conn *conn,
                        const struct note *why, void *arg);

struct dial_cfg {
    const char *host;     /* name or numeric address; NULL: use path */
    uint16_t port;        /* with host */
    const char *path;     /* of a Unix socket */
    int64_t ms;           /* deadline; 0: DIAL_MS */
    struct conn_cfg conn; /* for the connection */
};

/* Begin. cfg is copied. ERR_USAGE for a name or path that is too long, ERR_NOMEM; then no
 * callback comes. */
NODISCARD enum err dial_start(struct loop *loop, const struct dial_cfg *cfg, dial_cb cb,
                              void *arg, struct dial **out);
/* Give up; the callback still comes. The loop stays busy until the resolver has answered, which
 * it cannot be told to stop. */
void dial_cancel(struct dial *dial);

#endif
