/* SPDX-License-Identifier: Apache-2.0 */
/* Devices on their connections: bytes into frames for the hub, and the hub's actions carried
 * out.
 */
#ifndef SERVER_PEER_H
#define SERVER_PEER_H

#include "io/conn.h"
#include "io/jobs.h"
#include "server/hub.h"

struct peer;
/* What the service is told; never from inside a call of it. */
struct peers_cfg {
    struct loop *loop;
    struct jobs *jobs; /* at least LIMIT_JOBS of it are ours */
    struct store *store;
    const struct enrol_ca *ca;
    void (*on_failed)(void *arg, enum err err); /* the store is broken: stop */
    void (*on_drained)(void *arg);              /* after peers_drain: nobody is left */
    void *arg;
};

/* A job of the hub on its way through the queue. */
struct peer_job {
    struct job job;
    struct hub_job *of; /* NULL: free */
    struct peers *peers;
};
/* All of them; embedded by the service, not to be moved. */
struct peers {
    /* private */
    struct peers_cfg cfg;
    struct hub *hub;
    struct peer *first; /* in no order */
    struct loop_timer timer;
    struct peer_job jobs[LIMIT_JOBS];
    uint64_t random[64]; /* for the hub's events, asked of the kernel together … */
    size_t random_left;  /* … the first ones of it not given out yet */
    enum err failed;     /* to be told */
    bool drained;        /* likewise */
    int64_t logged_ms;   /* lines about peers are paid for until then … */
    uint64_t unlogged;   /* … and so many were left out since the last one */
};
/* NOMEM. After this only peers_close ends it. */
NODISCARD enum err peers_open(struct peers *peers, const struct peers_cfg *cfg);
/* A connection came in; it is ours from here on. */
void peers_take(struct peers *peers, struct conn *conn);
/* Somebody else committed through seq. */
void peers_committed(struct peers *peers, uint64_t seq);
void peers_device(struct peers *peers, uint32_t device, enum device_state state);
struct hub_stats peers_stats(const struct peers *peers);
/* Last commits, verdicts, BYE; then on_drained. */
void peers_drain(struct peers *peers);
/* Cut off whoever is still there. */
void peers_abort(struct peers *peers);
/* After on_drained. `on_closed` in a later turn: the memory is free. */
void peers_close(struct peers *peers, loop_timer_cb on_closed);

#endif
