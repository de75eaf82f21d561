/* SPDX-License-Identifier: Apache-2.0 */
/* An agent in the real world: dials the server, speaks TLS, gives the store thread its jobs.
 */
#ifndef CLIENT_LINK_H
#define CLIENT_LINK_H

#include "client/agent.h"
#include "client/errand.h"
#include "client/key.h"
#include "io/jobs.h"

enum { LINK_JOBS_MAX = 64, LINK_PROGRESS_MS = 100 };

enum link_event_type {
    LINK_PROGRESS,  /* at most every LINK_PROGRESS_MS */
    LINK_CONNECTED, /* the server has welcomed us */
    LINK_SYNCED,    /* everything is sent and received; live: as of now */
    LINK_FAILED,    /* a try ended with `err` and `why`; the next is in `wait_ms`, -1: none */
    LINK_CLOSED,    /* after link_close: the link is gone */
};
struct link_event {
    enum link_event_type type;
    enum err err;
    const struct note *why; /* FAILED: cause in words, maybe empty */
    int64_t wait_ms;        /* FAILED */
};

/* What the link has done since it was opened. */
struct link_tally {
    struct replica_tally rows;
    struct deposited deposited; /* as of the last visit at the site's relay; at_ms 0: none */
    uint64_t judged, total;     /* operations of this try, for progress */
    uint64_t bytes_in, bytes_out;
    int64_t ms; /* from the wish to the end of the last try */
};

struct link;
/* Loop thread, never from inside a call below. */
typedef void (*link_cb)(struct link *link, const struct link_event *event, void *arg);
/* The server ordered this device wiped: close the store, then key_wipe. On the thread of the
 * jobs; no further job of this link follows. */
typedef enum err (*link_wipe_cb)(void *arg);

struct link_cfg {
    struct loop *loop;
    struct jobs *jobs;     /* thread of the store */
    struct store *store;   /* used there only */
    const struct key *key; /* outlives the link */
    struct address site;   /* a relay to try when the server is not reached; host "": none */
    bool live;             /* stay connected and come back */
    link_cb cb;
    link_wipe_cb wipe;
    void *arg; /* of both */
};
/* cfg is copied. INVALID and `why` when key and certificates do not belong together; NOMEM. */
NODISCARD enum err link_open(const struct link_cfg *cfg, struct link **out, struct note *why);
/* Sync now. Without `live`, LINK_SYNCED or LINK_FAILED follows, once. */
void link_want(struct link *link);
/* The same over a new connection, once the present one is idle: what is synced then is synced
 * as of now. */
void link_afresh(struct link *link);
/* The same at once: the present connection gets nowhere. */
void link_restart(struct link *link);
/* Something was saved. */
void link_saved(struct link *link);
/* The machine's network has changed. */
void link_network(struct link *link);
/* Connections begun so far: LINK_SYNCED is about the last of them. */
uint64_t link_dials(const struct link *link);
/* The server has sent us away for a while: a wish to sync waits until then. */
bool link_sent_away(const struct link *link);
/* Break off in order; LINK_FAILED (CLOSED) follows when something was under way. */
void link_stop(struct link *link);
/* Stop, then free; LINK_CLOSED is the last event. */
void link_close(struct link *link);
struct link_tally link_tally(const struct link *link);

/* One sync on a loop of its own, for a command: returns when it is over. SIGINT and SIGTERM
 * break it off. cfg: store, key, wipe, arg; cb is told of progress and may be NULL. Returns how
 * it ended; *tally is filled in any case. */
NODISCARD enum err link_once(const struct link_cfg *cfg, struct link_tally *tally,
                             struct note *why);

#endif
