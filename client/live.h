/* SPDX-License-Identifier: Apache-2.0 */
/* A replica that stays connected: its link, the commands of others, a watch on the network and
 * on the outbox, all on the loop of whoever owns it. */
#ifndef CLIENT_LIVE_H
#define CLIENT_LIVE_H

#include "client/relay.h"

enum {
    LIVE_LOOK_MS = PRESENCE_LOOK_MS,      /* the outbox is looked at so often */
    LIVE_JOBS_MAX = RELAY_ASKERS_MAX + 2, /* at once: one an asker, the link's, the look */
};

enum live_event_type {
    LIVE_CONNECTED,
    LIVE_SAVED,  /* somebody's command left something to send */
    LIVE_SYNCED, /* everything is sent and received, as of now */
    LIVE_AWAY,   /* a try or a connection ended; the next try is in wait_ms */
    LIVE_STUCK,  /* connected, something to send, and it does not leave: a person must know */
    LIVE_OVER, /* it ended with an error that a person must repair: no further try by itself */
    LIVE_CLOSED, /* after live_close: it is gone */
};
struct live_event {
    enum live_event_type type;
    enum err err;            /* AWAY, OVER */
    const struct note *why;  /* likewise, in words; may be empty */
    int64_t wait_ms;         /* AWAY */
    struct link_tally tally; /* since live_open */
    bool wiped;              /* OVER: the replica is destroyed, as the coordinator asked */
};

struct live;
/* Loop thread, never from inside a call below. */
typedef void (*live_cb)(struct live *live, const struct live_event *event, void *arg);

struct live_cfg {
    struct loop *loop;
    struct jobs *jobs;       /* thread of the store; room for LIVE_JOBS_MAX of ours */
    struct local *local;     /* the open replica; its store is closed by a wipe */
    const char *dir;         /* data folder; outlives it */
    const struct key *key;   /* likewise */
    const struct gate *gate; /* of the pages this process serves; NULL: none. Likewise */
    bool fresh;              /* the replica was enrolled just now, and others work on it: it
                                knows no relay of a site yet. Else live_open reads it */
    live_cb cb;
    void *arg;
};
/* Connect, and stay. cfg is copied. INVALID and `why` when key and certificates do not belong
 * together; NOMEM. Where commands of others cannot be served, or the network not be watched, it
 * goes without. */
NODISCARD enum err live_open(const struct live_cfg *cfg, struct live **out, struct note *why);
/* Something was saved, by the owner itself. */
void live_saved(struct live *live);
/* The person wants a sync now, on a new connection. */
void live_want(struct live *live);
/* Leave in order, answer who waits; LIVE_CLOSED is the last event. A second call does nothing.
 */
void live_close(struct live *live);
/* What may be said of the connection now. */
const struct presence *live_presence(const struct live *live);

#endif
