/* SPDX-License-Identifier: Apache-2.0 */
/* One thread of its own that does jobs in order, for the database; results return to the loop.
 */
#ifndef IO_JOBS_H
#define IO_JOBS_H

#include "io/loop.h"

/* A piece of work, embedded by its owner in a larger struct that carries what it needs. From
 * jobs_submit until `done` it is the queue's: the owner neither touches nor frees it. */
struct job {
    void (*run)(struct job *job);  /* on the job thread */
    void (*done)(struct job *job); /* on the loop thread, after run; may free the job */
    /* private */
    struct job *next; /* in the queue it is in */
};

struct jobs;
typedef void (*jobs_closed_cb)(struct jobs *jobs, void *arg);

struct job_list {
    struct job *first; /* NULL when empty */
    struct job *last;  /* meaningless when empty */
};

struct jobs {
    /* private; the loop thread's */
    struct loop *loop;        /* where results return */
    uv_thread_t thread;       /* does the jobs */
    uv_async_t wake;          /* "look at finished" */
    size_t pending;           /* submitted and not yet done */
    size_t pending_max;       /* bound of that */
    bool closing;             /* jobs_close was called */
    bool joined;              /* the thread is gone */
    jobs_closed_cb on_closed; /* whom to tell */
    void *closed_arg;         /* his argument */
    /* private; under the mutex */
    uv_mutex_t mutex;
    uv_cond_t more;           /* waiting grew, or ending was set */
    struct job_list waiting;  /* to run */
    struct job_list finished; /* run, to be handed back */
    bool ending;              /* run what waits, then end */
    bool ended;               /* the thread has nothing left to do */
};

/* Start the thread. At most `pending_max` jobs are between submit and done. ERR_IO. */
NODISCARD enum err jobs_open(struct jobs *jobs, struct loop *loop, size_t pending_max);
/* Queue a job; jobs run one after the other in the order of submission, and their `done` come
 * in that order too, never from inside this call. ERR_LIMIT when the queue is full, ERR_CLOSED
 * after jobs_close: the job is then still the caller's. Loop thread (a `done` may submit). */
NODISCARD enum err jobs_submit(struct jobs *jobs, struct job *job);
/* How many are between submit and done. Loop thread. */
size_t jobs_pending(const struct jobs *jobs);
/* Take no more; finish what is queued, hand it all back, join the thread, then `cb`, after
 * which the memory is free. A second call does nothing. Loop thread. */
void jobs_close(struct jobs *jobs, jobs_closed_cb cb, void *arg);

#endif
