/* SPDX-License-Identifier: Apache-2.0 */
/* The hub's inside, for hub.c and hub_jobs.c only. */
#ifndef SERVER_HUB_INSIDE_H
#define SERVER_HUB_INSIDE_H

#include "server/hub.h"

/* Where a conversation stands; what may arrive in each state stands in hub.c. */
enum hub_state {
    HUB_WAITS_HELLO, /* open, or EPOCH was sent */
    HUB_WAITS_ENROL, /* open, showed no key */
    HUB_GREETING,    /* HELLO is with the database thread */
    HUB_TALKING,     /* WELCOME was sent: pushes and pages */
    HUB_FORKING,     /* FORK is with the database thread */
    HUB_ENROLLING,   /* ENROL is */
    HUB_WIPING,      /* WIPE was sent */
    HUB_WIPED,       /* WIPED is with the database thread */
    HUB_ENDING,      /* HUB_CLOSE was given out */
};

/* What a peer may still spend; refilled with time, never above its burst. */
struct hub_bucket {
    int64_t left;    /* below zero: in debt */
    int64_t last_ms; /* refilled through here */
};

struct hub_peer {
    uint64_t id;
    void *owner;
    enum hub_state state;
    bool gone;    /* its connection is closed */
    bool has_key; /* showed a certificate of our CA */
    uint8_t key[32];
    unsigned refs; /* pushes waiting or in a commit, own job, place in the seen queue */
    bool busy;     /* an own job is with the database thread */
    bool ready;    /* stands in the queue of those who want one */
    struct hub_peer *ready_next;

    struct hello hello;         /* what it said */
    struct str request;         /* ENROL as it came; owned */
    struct serve_device device; /* who it is; device 0: not known yet */
    uint64_t greeted;           /* order of HELLOs, to find the oldest */
    unsigned forks;             /* epochs given on this connection */
    bool superseded;            /* a later connection speaks for the same epoch */

    bool want_page;                      /* there may be something to send */
    bool filled;                         /* its output is above the high mark */
    bool paused;                         /* HUB_PAUSE was given out */
    bool leaving;                        /* BYE as soon as its pushes are judged */
    uint64_t told;                       /* pages and IDLE were sent through here */
    uint64_t ahead[MESSAGE_PAGES_AHEAD]; /* `to` of pages not yet confirmed, oldest first */
    unsigned ahead_n;
    unsigned pushes; /* waiting or in a commit */

    bool seen_queued; /* `seen` is to be noted */
    uint64_t seen;    /* confirmed through here */
    struct hub_peer *seen_next;

    int64_t due_ms;   /* of the present state; 0 = none */
    int64_t heard_ms; /* last frame */
    int64_t ping_ms;  /* silence that brings a PING, drawn anew each time; 0: PING was sent */
    struct hub_bucket ops, bytes;

    struct serve_session session; /* the store's: touched by jobs only */
};

/* A push that waits for a commit, or is in one. */
struct hub_push {
    struct hub_push *next;
    struct hub_peer *peer;
    struct push push;  /* body points to `body` */
    struct buf frames; /* its verdicts */
    uint8_t body[];
};

enum hub_job_kind {
    HUB_JOB_HELLO,
    HUB_JOB_FORK,
    HUB_JOB_PAGE,
    HUB_JOB_ENROL,
    HUB_JOB_WIPED,
    HUB_JOB_COMMIT,
    HUB_JOB_SEEN,
};
enum { HUB_SEEN_PEERS = 16 }; /* in one job: each is a transaction */

struct hub_job {
    enum hub_job_kind kind;
    struct hub_job *next;  /* among those whose bytes are still being sent */
    struct hub_peer *peer; /* HELLO … WIPED */
    const struct enrol_ca *ca;
    struct serve_device device; /* HELLO: out; FORK, WIPED: in */
    struct hub_push **pushes;   /* COMMIT */
    size_t count;               /* COMMIT, SEEN */
    struct serve_push *batch;   /* COMMIT: as the store takes them */
    struct hub_peer *seen[HUB_SEEN_PEERS];
    uint64_t seen_through[HUB_SEEN_PEERS];
    /* results */
    enum err err;
    struct buf frames;
    bool epoch;      /* HELLO: the frames are an EPOCH, not a WELCOME */
    bool idle;       /* PAGE: nothing is left */
    bool paged;      /* PAGE: the frames begin with a page */
    uint64_t cursor; /* HELLO, PAGE: sent through here */
    uint64_t seq;    /* committed through here when it ran */
};

struct hub {
    const struct enrol_ca *ca;
    struct hub_peer **slots; /* by the low half of the id, minus one */
    size_t slots_n, slots_room;
    uint32_t serial;    /* high half of the next id */
    uint64_t peers;     /* connected */
    uint64_t strangers; /* of them, without a key and not ending */
    uint64_t greetings; /* HELLOs so far */

    struct hub_peer *ready_first, *ready_last;
    struct hub_push *push_first, *push_last;
    size_t push_bytes;           /* waiting or in the commit */
    struct hub_peer *seen_first; /* in no order */
    int64_t seen_ms;             /* next time to note them */

    unsigned jobs;      /* given out */
    unsigned peer_jobs; /* of them, own jobs of peers */
    bool committing;    /* a COMMIT is */
    bool noting;        /* a SEEN is */
    uint64_t seq;       /* last seq heard of */
    struct hub_bucket enrolments;

    bool draining, done;
    enum err failed;  /* of the store */
    int64_t now_ms;   /* of this step */
    uint64_t random;  /* state of this step's draws */
    int64_t timer_ms; /* asked for; 0 = none */
    bool timer_moved; /* in this step */

    struct hub_action *actions;
    size_t actions_n, actions_room;
    struct arena arena;    /* bytes of this step's actions */
    struct hub_job *spent; /* jobs whose bytes this step's actions hold */
    uint64_t commits, pushes;
};

/* hub.c */
void hub_unref(struct hub *hub, struct hub_peer *peer);

/* hub_peer.c. None of these does anything to a connection that is gone or ending. */
void hub_act(struct hub *hub, struct hub_action action);
/* bytes: valid through the step. */
void hub_send(struct hub *hub, struct hub_peer *peer, struct str bytes);
/* A message without items. */
void hub_say(struct hub *hub, struct hub_peer *peer, enum message_type type);
/* BYE and the end; what waits for a commit is forgotten: the client sends it again. */
void hub_end(struct hub *hub, struct hub_peer *peer, enum err err);
/* As hub_end, with LATER not later than that. */
void hub_end_retry(struct hub *hub, struct hub_peer *peer, enum err err, int64_t retry_ms_max);
/* The end without BYE. */
void hub_cut(struct hub *hub, struct hub_peer *peer, enum err err);
void hub_wipe(struct hub *hub, struct hub_peer *peer);
/* The store is broken: everybody out. */
void hub_fail(struct hub *hub, enum err err);
/* Enter a state that ends in term_ms; 0: whenever. */
void hub_await(struct hub *hub, struct hub_peer *peer, enum hub_state state, int64_t term_ms);
/* A number in from..to out of the step's random bits. */
int64_t hub_draw(struct hub *hub, int64_t from, int64_t to);
void hub_wake_at(struct hub *hub, int64_t ms);
void hub_refill(struct hub_bucket *b, int64_t now_ms, int64_t per_second, int64_t burst);
void hub_refill_peer(struct hub *hub, struct hub_peer *peer);
/* Read from the peer or not, by what it has pushed. */
void hub_flow(struct hub *hub, struct hub_peer *peer);
/* Does the peer need the database thread now? */
bool hub_due(const struct hub_peer *peer);
/* If so: stand in line, at the end; that is all the fairness there is. */
void hub_ready(struct hub *hub, struct hub_peer *peer);
/* Everything through seq is committed: wake those who listen. */
void hub_committed(struct hub *hub, uint64_t seq);

/* hub_jobs.c */
/* Give out the jobs there are. */
void hub_pump(struct hub *hub);
/* A job came back: act on it; its memory is the hub's until the next step. */
void hub_job_done(struct hub *hub, struct hub_job *job);
void hub_job_free(struct hub_job *job);
/* Forget the pushes of a peer that wait for a commit. */
void hub_drop_pushes(struct hub *hub, struct hub_peer *peer);

#endif
