/* SPDX-License-Identifier: Apache-2.0 */
/* Who is connected, who must hear of what, and group commit: the server's half of all sync
 * conversations as one pure step machine. */
#ifndef SERVER_HUB_H
#define SERVER_HUB_H

#include "server/limits.h"
#include "store/serve.h"

/* The owner feeds events one at a time and carries out the actions in the order given. Neither
 * clock nor randomness nor socket in here: both come with each event. The database is touched
 * only by hub_job_run, on the thread of the store. */
struct hub;
struct hub_job;
struct enrol_ca; /* server/enrol.h */

/* ca: signs enrolments, must outlive the hub; NULL refuses them. NULL: out of memory. */
NODISCARD struct hub *hub_new(const struct enrol_ca *ca);
/* NULL is fine. No job may be in flight. */
void hub_free(struct hub *hub);

enum hub_event_type {
    HUB_EV_OPEN,      /* a connection is through TLS; `key` or NULL, `owner` */
    HUB_EV_FRAME,     /* `peer` sent the frame body `bytes` */
    HUB_EV_BROKEN,    /* what `peer` sends is no frames: `err` */
    HUB_EV_DRAINED,   /* after hub_filled: the output of `peer` is low again */
    HUB_EV_CLOSED,    /* the connection of `peer` is gone; after this no action names it */
    HUB_EV_JOB,       /* `job` was run; jobs come back in the order they were given out */
    HUB_EV_TIMER,     /* the time asked for by HUB_TIMER has come */
    HUB_EV_COMMITTED, /* somebody else (jalonctl) committed through `seq` */
    HUB_EV_DEVICE,    /* `device` was set to `state` */
    HUB_EV_DRAIN,     /* stop: last commits, verdicts, BYE; ends in HUB_DONE */
};
struct hub_event {
    enum hub_event_type type;
    int64_t now_ms;        /* monotonic */
    uint64_t random;       /* fresh bits for jitter */
    uint64_t peer;         /* as hub_step gave it for OPEN */
    const uint8_t *key;    /* OPEN: SHA-256 of the peer's key (32 bytes); NULL: showed none */
    const uint8_t *former; /* OPEN: the public key itself (91 bytes) of a peer whose certificate
                              is of the former authority; else NULL */
    void *owner;           /* OPEN: comes back with each action for this peer */
    struct str bytes;      /* FRAME: valid during the step */
    struct hub_job *job;   /* JOB: the hub's again */
    uint64_t seq;          /* COMMITTED */
    uint32_t device;       /* DEVICE */
    enum device_state state;
    enum err err; /* BROKEN */
};

enum hub_action_type {
    HUB_SEND,   /* bytes to the peer, valid until the next step; see hub_filled */
    HUB_CLOSE,  /* end it in order once everything is sent; `err` is why */
    HUB_PAUSE,  /* feed no FRAME of this peer … */
    HUB_RESUME, /* … until now */
    HUB_JOB,    /* run `job` by hub_job_run on the store's thread, then feed HUB_EV_JOB */
    HUB_TIMER,  /* feed HUB_EV_TIMER at `at_ms`; replaces the time asked for before */
    HUB_FAILED, /* the store is broken (`err`): stop accepting, end with its exit status */
    HUB_DONE,   /* drained: no peer and no job is left */
};
struct hub_action {
    enum hub_action_type type;
    uint64_t peer;
    void *owner; /* of that peer */
    struct str bytes;
    struct hub_job *job;
    int64_t at_ms;
    enum err err;
};

/* Feed one event. *actions: *count of them, valid until the next step. OPEN: returns the number
 * the peer has from now on, or 0 when there is no memory for it: close the connection. Other
 * events: returns 0. */
uint64_t hub_step(struct hub *hub, const struct hub_event *event,
                  const struct hub_action **actions, size_t *count);
/* The peer's output is above its high mark: no page is read for it until HUB_EV_DRAINED. Makes
 * no action, so it may be called while actions are carried out. */
void hub_filled(struct hub *hub, uint64_t peer);
/* Largest frame body this peer may send. */
size_t hub_frame_max(const struct hub *hub, uint64_t peer);

/* Run a job on the store's thread, before any job given out after it. Never fails: what went
 * wrong is inside. */
void hub_job_run(struct store *s, struct hub_job *job);

struct hub_stats {
    uint64_t peers;   /* connected */
    uint64_t greeted; /* of them, through HELLO */
    uint64_t waiting; /* pushes that wait for a commit */
    uint64_t jobs;    /* given out */
    uint64_t commits; /* group commits so far */
    uint64_t pushes;  /* in them */
};
struct hub_stats hub_stats(const struct hub *hub);

#endif
