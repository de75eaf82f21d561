/* SPDX-License-Identifier: Apache-2.0 */
/* What may honestly be said of a connection that is meant to stay: there, away since when, or
 * getting nowhere. Pure. */
#ifndef CLIENT_PRESENCE_H
#define CLIENT_PRESENCE_H

#include "proto/err.h"

#include <stdint.h>

/* Something waits to be sent, we are connected, and nothing has moved for so long: a person
 * must know. */
enum {
    PRESENCE_STUCK_MS = 2 * 60 * 1000,
    PRESENCE_LOOK_MS = 30 * 1000, /* presence_outbox is called so often */
    /* Nobody looked for longer than this: the laptop slept, and that counts as one look. */
    PRESENCE_GAP_MS_MAX = 2 * PRESENCE_LOOK_MS,
};

struct presence {
    bool connected;     /* the server has welcomed us */
    bool stuck;         /* … and yet nothing leaves this device */
    int64_t since_ms;   /* wall clock: connected, or not, since then; 0: never yet */
    int64_t next_ms;    /* not connected: wall clock of the next try; 0: none is planned */
    enum err err;       /* not connected: how the last try ended; OK: none has ended yet */
    struct note why;    /* the same in words, may be empty */
    int64_t waited_ms;  /* connected without progress, over all connections since the last */
    int64_t counted_ms; /* monotonic, sleep included: waited_ms is counted through here */
    uint64_t acked;     /* judged through here when we last looked … */
    bool empty;         /* … and nothing waited to be sent */
};

/* The clocks come with each event. */
struct presence_now {
    int64_t wall_ms;
    int64_t mono_ms;
};
void presence_connected(struct presence *p, struct presence_now now);
/* A try or a connection ended; the next try is in wait_ms, -1: none by itself. why may be NULL.
 */
void presence_failed(struct presence *p, enum err err, const struct note *why, int64_t wait_ms,
                     struct presence_now now);
/* We looked at the outbox, as every PRESENCE_LOOK_MS while connected. True when it has become
 * stuck just now. */
bool presence_outbox(struct presence *p, uint64_t unsent, uint64_t acked,
                     struct presence_now now);

#endif
