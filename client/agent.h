/* SPDX-License-Identifier: Apache-2.0 */
/* When to sync and how one sync goes, as a pure step machine: dialling, talking, leaving,
 * waiting.
 */
#ifndef CLIENT_AGENT_H
#define CLIENT_AGENT_H

#include "proto/session.h"
#include "store/courier.h"
#include "store/replica.h"

enum {
    AGENT_DIAL_MS = 10 * 1000,     /* from AGENT_DIAL to AGENT_EV_OPENED */
    AGENT_PROGRESS_MS = 30 * 1000, /* until the next frame or AGENT_PROGRESS_BYTES … */
    AGENT_PROGRESS_BYTES = 16 * 1024,
    AGENT_SENT_BYTES_PER_S = 1000,    /* … and longer for what we have just sent, … */
    AGENT_SENT_MS_MAX = 120 * 1000,   /* … but not longer than this */
    AGENT_PING_MS = 60 * 1000,        /* live: silence before a PING, and up to half … */
    AGENT_PING_JITTER_MS = 30 * 1000, /* … a minute more */
    AGENT_AGAIN_MAX = 2,              /* tries at once for what the next HELLO repairs */
    AGENT_NOTE_MS = 10 * 1000, /* live: others' work alone is not noted as a sync more often */
    AGENT_IN_BYTES_MAX = 4 * 1024 * 1024, /* received and not yet taken by the session */
    AGENT_ACTIONS_MAX = 10,
};

/* One piece of work for the store, owned by its agent; a single one is out at any time. */
enum agent_job_type {
    AGENT_JOB_HELLO,
    AGENT_JOB_WELCOME,
    AGENT_JOB_PUSH,
    AGENT_JOB_VERDICTS,
    AGENT_JOB_PAGES,
    AGENT_JOB_LEAVE,
    AGENT_JOB_REBASE,
    AGENT_JOB_CONTENT,
    AGENT_JOB_SYNCED,
};
struct agent_job {
    enum agent_job_type type;
    struct message message;   /* WELCOME, VERDICTS, LEAVE, ERASE, CONTENT: views into the
                                 session */
    const struct page *pages; /* PAGES */
    size_t page_count;
    const struct idle *idle;    /* PAGES: may be NULL */
    uint64_t after;             /* PUSH */
    uint32_t epoch;             /* REBASE */
    enum err err;               /* result */
    struct hello hello;         /* result of HELLO, REBASE */
    struct replica_plan plan;   /* result of WELCOME */
    struct buf frame;           /* result of PUSH, CONTENT */
    struct courier courier;     /* CONTENT: between its jobs, too */
    bool waits;                 /* result of CONTENT */
    uint64_t last;              /* result of PUSH */
    uint64_t through;           /* result of PAGES: seq; of VERDICTS: operation */
    uint64_t erased;            /* result of LEAVE: orders carried out through here */
    struct replica_tally tally; /* result: what this job alone did */
};
/* Do it. Database thread. Never fails: what went wrong is in job->err. */
void agent_job_run(struct store *s, struct agent_job *job);
/* What the session hears of a job that was run; its bytes are the job's. Pure. */
struct session_event agent_job_answer(const struct agent_job *job);

enum agent_state {
    AGENT_IDLE,     /* nothing to do, or waits for a person */
    AGENT_DIALLING, /* no connection yet */
    AGENT_TALKING,
    AGENT_LEAVING, /* the last bytes go out, the last job ends */
    AGENT_WAITING, /* for the next try */
};

enum agent_event_type {
    AGENT_EV_WANTED,  /* sync now: a command, a button */
    AGENT_EV_AFRESH,  /* the same over a new connection, once the present one is idle */
    AGENT_EV_BROKEN,  /* the same at once: the present one gets nowhere */
    AGENT_EV_NETWORK, /* the machine's network has changed: dial soon, or ask who is there */
    AGENT_EV_OPENED,  /* the connection asked for is through TLS */
    AGENT_EV_BYTES,   /* bytes of the server; all of them are taken */
    AGENT_EV_CLOSED,  /* dialling failed or the connection is gone: once for each AGENT_DIAL.
                       * REVOKED: somebody else has carried out the order to wipe */
    AGENT_EV_JOB,     /* the job of AGENT_JOB was run */
    AGENT_EV_SAVED,   /* the person saved something */
    AGENT_EV_WIPED,   /* AGENT_WIPE is done, or failed with `err` */
    AGENT_EV_TIMER,
    AGENT_EV_STOP, /* leave in order and stay idle */
};
struct agent_event {
    enum agent_event_type type;
    int64_t now_ms;   /* monotonic */
    uint64_t random;  /* fresh bits */
    struct str bytes; /* BYTES: valid during the step */
    enum err err;     /* CLOSED, WIPED */
};

/* To be carried out in the order given. */
enum agent_action_type {
    AGENT_JOB,    /* run `job`, then AGENT_EV_JOB */
    AGENT_WIPE,   /* destroy key and database, then AGENT_EV_WIPED; nothing is tried after it,
                   * however it went: the next process completes a wipe that was cut short */
    AGENT_SEND,   /* bytes, valid until the next step */
    AGENT_PAUSE,  /* feed no AGENT_EV_BYTES … */
    AGENT_RESUME, /* … until now */
    AGENT_TIMER,  /* AGENT_EV_TIMER at `at_ms` instead of any time before; 0: never */
    AGENT_CLOSE,  /* send what is queued and close (TIMEOUT: close at once); CLOSED follows */
    AGENT_DIAL,
    AGENT_SYNCED, /* everything is sent and received; live: as of now */
    AGENT_FAILED, /* a try ended with `err`; the next is at `at_ms`, 0: none by itself */
};
struct agent_action {
    enum agent_action_type type;
    struct agent_job *job;
    struct str bytes;
    int64_t at_ms;
    enum err err;
};

struct agent;
/* live: stay connected and come back; else each AGENT_EV_WANTED ends in one AGENT_SYNCED or
 * AGENT_FAILED. NULL: out of memory. */
NODISCARD struct agent *agent_new(bool live);
/* NULL is fine. No job may be out. */
void agent_free(struct agent *agent);
/* Feed one event; returns the number of actions written. */
size_t agent_step(struct agent *agent, const struct agent_event *event,
                  struct agent_action actions[AGENT_ACTIONS_MAX]);

enum agent_state agent_state(const struct agent *agent);
/* The server has welcomed us, and the connection is not known to be gone. */
bool agent_connected(const struct agent *agent);
/* How often AGENT_DIAL was given out. */
uint64_t agent_dials(const struct agent *agent);
/* Waiting because the server asked for it: no wish changes that. */
bool agent_sent_away(const struct agent *agent);
/* What was done since agent_new. */
struct replica_tally agent_tally(const struct agent *agent);
/* For what it says of the contents sent and fetched since agent_new. */
const struct courier *agent_courier(const struct agent *agent);
/* For progress: operations of this try that are judged, and that there were to push. */
void agent_progress(const struct agent *agent, uint64_t *judged, uint64_t *total);

#endif
