/* SPDX-License-Identifier: Apache-2.0 */
/* The hub's inside, for the files hub*.c only. */
#ifndef SERVER_HUB_INSIDE_H
#define SERVER_HUB_INSIDE_H

#include "io/cert.h"
#include "server/admission.h"
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
    HUB_SITE_GREETS, /* a relay's SITE is with the database thread */
    HUB_SITE_TALKS,  /* a relay sends a parcel, or may */
    HUB_SITE_JUDGED, /* its parcel is being judged, or the answer being sent */
    HUB_ENDING,      /* HUB_CLOSE was given out */
};

/* What may still be spent; refilled with time, never above its burst. */
struct hub_bucket {
    int64_t left;    /* below zero: in debt */
    int64_t last_ms; /* refilled through here */
};

/* A device: its connections and what it may spend, however often it connects. */
struct hub_device {
    uint8_t key[32];
    struct hub_device *next; /* in its chain */
    struct hub_peer *peers;  /* the newest first */
    struct hub_bucket ops, bytes;
};
enum { HUB_CHAINS = 4096 };

/* A first sync: where it stands. */
enum hub_place {
    HUB_PLACE_NONE,  /* needs none */
    HUB_PLACE_WAITS, /* no page before it has one */
    HUB_PLACE_HAS,
};

struct hub_site; /* hub_relay.c */
struct hub_peer {
    uint64_t id;
    void *owner;
    enum hub_state state;
    bool gone;    /* its connection is closed */
    bool has_key; /* showed a certificate of our CA */
    uint8_t key[32];
    bool former;                       /* its certificate is of the former authority … */
    uint8_t public[CERT_PUBLIC_BYTES]; /* … and this is its key: it gets a new one */
    unsigned refs; /* pushes waiting or in a commit, own job, place in the seen queue */
    bool busy;     /* an own job is with the database thread */
    bool ready;    /* stands in one of the lines of those who want one */
    bool bulk;     /* there is more for it than one page: it takes the second line */
    struct hub_peer *ready_next;

    struct hello hello;         /* what it said */
    struct str request;         /* ENROL as it came; owned */
    struct serve_device device; /* who it is; device 0: not known yet */
    struct hub_device *at;      /* by its key; NULL: a stranger */
    struct hub_peer *at_next;   /* another connection of the device */
    unsigned forks;             /* epochs given on this connection */
    bool superseded;            /* a later connection speaks for the same epoch */

    bool want_page;                      /* there may be something to send */
    bool filled;                         /* its output is above the high mark */
    bool paused;                         /* HUB_PAUSE was given out */
    bool leaving;                        /* BYE as soon as its pushes are judged */
    uint64_t told;                       /* pages and IDLE were sent through here */
    uint64_t ahead[MESSAGE_PAGES_AHEAD]; /* `to` of pages not yet confirmed, oldest first */
    size_t ahead_bytes[MESSAGE_PAGES_AHEAD];
    unsigned ahead_n;
    unsigned pushes;      /* waiting or in a commit */
    uint64_t judged;      /* operations, through here */
    bool owes_idle;       /* it waits for an IDLE: after HELLO, after a push */
    int64_t idled_ms;     /* the last IDLE */
    enum hub_place place; /* of a first sync */
    int64_t paged_ms;     /* its last page */
    uint32_t away_ms;     /* LATER, as soon as what it had unsent is judged; 0: no */

    struct hub_site *site; /* a relay's parcel; NULL: there is none */

    struct hub_content *contents; /* OFFER, CHUNK, WANT without their answer, oldest first */
    unsigned contents_n;

    bool seen_queued; /* `seen` is to be noted */
    uint64_t seen;    /* confirmed through here */
    uint64_t erased;  /* orders of erasure carried out through this one; 0: none were */
    struct hub_peer *seen_next;

    int64_t due_ms;   /* of the present state; 0 = none */
    int64_t heard_ms; /* last frame */
    int64_t ping_ms;  /* silence that brings a PING, drawn anew each time; 0: PING was sent */
    struct hub_bucket ops, bytes;

    struct serve_session session; /* the store's: touched by jobs only */
};

/* A message about contents, as it came. */
struct hub_content {
    struct hub_content *next;
    size_t n;
    uint8_t body[];
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
    HUB_JOB_TODAY,
    HUB_JOB_CONTENT,
    HUB_JOB_SITE,
    HUB_JOB_PARCEL,
};
struct hub_job {
    enum hub_job_kind kind;
    struct hub_job *next;  /* among those whose bytes are still being sent */
    struct hub_peer *peer; /* HELLO … WIPED */
    const struct enrol_ca *ca;
    struct serve_device device;   /* HELLO: out; FORK, WIPED: in */
    struct hub_push **pushes;     /* COMMIT */
    size_t count;                 /* COMMIT, SEEN */
    struct serve_push *batch;     /* COMMIT: as the store takes them */
    struct hub_peer **seen;       /* SEEN */
    struct serve_seen *marks;     /* SEEN: likewise */
    struct hub_content *contents; /* CONTENT */
    size_t contents_n;
    bool quiet; /* PAGE: an IDLE alone is not worth sending */
    /* results */
    enum err err;
    struct buf frames;
    bool epoch;      /* HELLO: the frames are an EPOCH, not a WELCOME */
    bool first;      /* HELLO: everything is to be read */
    bool idle;       /* PAGE: nothing is left */
    bool paged;      /* PAGE: the frames begin with a page */
    bool over;       /* PARCEL: judged, and the answer is made */
    bool hushed;     /* PAGE: nothing is left, and nothing was said */
    uint64_t cursor; /* HELLO, PAGE: sent through here */
    uint64_t seq;    /* committed through here when it ran */
    uint64_t rights; /* version of the network's rights then */
};

struct hub_line {
    struct hub_peer *first, *last;
};

struct hub {
    const struct enrol_ca *ca;
    struct hub_peer **slots; /* by the low half of the id, minus one */
    size_t slots_n, slots_room;
    uint32_t *vacant; /* numbers of free slots */
    size_t vacant_n;
    uint32_t serial;    /* high half of the next id */
    uint64_t peers;     /* connected */
    uint64_t strangers; /* of them, without a key and not ending */

    struct hub_device *chains[HUB_CHAINS];
    int64_t swept_ms; /* they were looked through */
    struct admission admission;

    struct hub_line lines[2]; /* whoever asks; who reads on and on */
    unsigned turns;           /* of the first one since the second had one */
    struct hub_push *push_first, *push_last;
    size_t push_bytes;           /* waiting or in the commit */
    size_t page_bytes;           /* of pages not yet confirmed */
    size_t content_bytes;        /* of messages about contents that wait or are in a job */
    struct hub_peer *seen_first; /* in no order */
    int64_t seen_ms;             /* next time to note them */

    unsigned jobs;      /* given out */
    unsigned peer_jobs; /* of them, own jobs of peers */
    bool committing;    /* a COMMIT is */
    bool noting;        /* a SEEN is */
    bool looking;       /* a TODAY is */
    int64_t day_ms;     /* next time to look for a new day; 0: nobody is there */
    uint64_t seq;       /* last seq heard of */
    uint64_t rights;    /* last version of the rights heard of */
    struct hub_bucket enrolments;
    unsigned parcels; /* of relays, in memory */

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
/* The same with LATER and a time of its own, or a short one: it is no sign of load. */
void hub_end_later(struct hub *hub, struct hub_peer *peer, uint32_t retry_ms);
void hub_end_soon(struct hub *hub, struct hub_peer *peer);
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
/* How long a silence brings the next PING. */
void hub_draw_ping(struct hub *hub, struct hub_peer *peer);
/* New connections are too much now. */
bool hub_overloaded(const struct hub *hub);
/* Its oldest n pages are confirmed, or will not be. */
void hub_ahead_drop(struct hub *hub, struct hub_peer *peer, unsigned n);
/* Its contact and how far it has applied are to be noted. */
void hub_note(struct hub *hub, struct hub_peer *peer);
/* Read from the peer or not, by what it has pushed. */
void hub_flow(struct hub *hub, struct hub_peer *peer);
/* Is a page to be read for it, and may it be sent? */
bool hub_page_due(const struct hub *hub, const struct hub_peer *peer);
/* Does the peer need the database thread now? */
bool hub_due(const struct hub *hub, const struct hub_peer *peer);
/* If so: stand in line, at the end. Who has much to read stands in the second line, whose turn
 * comes after LIMIT_LIGHT_TURNS of the first: it keeps nobody waiting, and is not forgotten. */
void hub_ready(struct hub *hub, struct hub_peer *peer);
/* It listens, and nothing was for it lately: has the time come to say so? */
void hub_tell_idle(struct hub *hub, struct hub_peer *peer);
/* Everything through seq is committed: wake those who listen. */
void hub_committed(struct hub *hub, uint64_t seq);
/* The rights are of this version: wake those who listen, for theirs may have changed. */
void hub_turned(struct hub *hub, uint64_t rights);

/* hub_content.c: contents of documents, which come after all else of their peer. */
void hub_content_take(struct hub *hub, struct hub_peer *peer, struct str frame);
/* May a job about them be given out? */
bool hub_content_due(const struct hub_peer *peer);
/* All that wait are the job's now. */
void hub_content_give(struct hub_peer *peer, struct hub_job *job);
/* On the store's thread. */
void hub_content_run(struct store *s, struct hub_job *job);
void hub_content_done(struct hub *hub, struct hub_peer *peer, struct hub_job *job);
/* Forget those that wait. */
void hub_content_drop(struct hub *hub, struct hub_peer *peer);

/* hub_relay.c: the relay of a site, which brings bundles of devices and takes the answers. */
/* A message of one that is allowed in its state. */
void hub_relay_take(struct hub *hub, struct hub_peer *peer, const struct message *m);
/* Is there something of its parcel for the store's thread? */
bool hub_relay_due(const struct hub_peer *peer);
/* On the store's thread. */
void hub_relay_greet_run(struct store *s, struct hub_job *job);
void hub_relay_parcel_run(struct store *s, struct hub_job *job);
/* … and what follows. */
void hub_relay_greeted(struct hub *hub, struct hub_peer *peer, struct hub_job *job);
void hub_relay_judged(struct hub *hub, struct hub_peer *peer, struct hub_job *job);
/* Its output is low again: more of the answer. */
void hub_relay_drained(struct hub *hub, struct hub_peer *peer);
/* It is ending: its parcel counts no more; and free what there was of it, once no job holds it.
 */
void hub_relay_gone(struct hub *hub, struct hub_peer *peer);
void hub_relay_free(struct hub_peer *peer);

/* hub_device.c */
void hub_refill(struct hub_bucket *b, int64_t now_ms, int64_t per_second, int64_t burst);
/* The peer's key is that of a device: peer->at, whose peers are its connections, linked by
 * at_next, the newest first. False: out of memory. */
NODISCARD bool hub_device_join(struct hub *hub, struct hub_peer *peer);
void hub_device_leave(struct hub *hub, struct hub_peer *peer);
/* An operation of so many bytes was sent. */
void hub_device_spend(struct hub *hub, struct hub_peer *peer, uint32_t ops, size_t bytes);
/* When the device may send again; 0: now. */
int64_t hub_device_debt_ms(struct hub *hub, struct hub_peer *peer);
/* Forget devices that left and owe nothing. */
void hub_devices_sweep(struct hub *hub);
/* Forget them all; no peer is left. */
void hub_devices_done(struct hub *hub);

/* hub_take.c: a frame of a peer that is not paused. */
void hub_on_frame(struct hub *hub, struct hub_peer *peer, struct str frame);

/* hub_first.c: first syncs. */
/* After WELCOME: has the peer everything to read, and may it? */
void hub_first_ask(struct hub *hub, struct hub_peer *peer, const struct hub_job *hello);
/* It has a place no longer, or waits for none. */
void hub_first_over(struct hub *hub, struct hub_peer *peer);
/* The connection ends. */
void hub_first_gone(struct hub *hub, struct hub_peer *peer);
/* Does it keep its place? For the timer. */
void hub_first_tick(struct hub *hub, struct hub_peer *peer);
/* Places that are free go to those who wait. */
void hub_first_next(struct hub *hub);
/* Told to come back: now, if what it had unsent is judged. */
void hub_first_away(struct hub *hub, struct hub_peer *peer);

/* hub_jobs.c */
/* Give out the jobs there are. */
void hub_pump(struct hub *hub);
/* A job came back: act on it; its memory is the hub's until the next step. */
void hub_job_done(struct hub *hub, struct hub_job *job);
void hub_job_free(struct hub_job *job);
/* Errors of the machine, not of a peer's bytes. */
bool hub_of_machine(enum err err);
/* A job of one peer failed. */
void hub_peer_failed(struct hub *hub, struct hub_peer *peer, enum err err);
/* Forget the pushes of a peer that wait for a commit. */
void hub_drop_pushes(struct hub *hub, struct hub_peer *peer);

#endif
