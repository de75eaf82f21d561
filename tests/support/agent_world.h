/* SPDX-License-Identifier: Apache-2.0 */
/* The agent in virtual time: this is its clock, its network and its store thread. */
#ifndef SUPPORT_AGENT_WORLD_H
#define SUPPORT_AGENT_WORLD_H

#include "client/agent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { EPOCH = 3, SEEN = 10, START_MS = 1000000 };

struct world {
    struct agent *agent;
    int64_t now_ms;
    int64_t timer_at_ms;                            /* as the agent asked; 0: none */
    uint64_t random;                                /* given with each event */
    struct agent_job *job;                          /* out, not yet answered */
    bool linked;                                    /* dialled, not yet closed */
    struct agent_action actions[AGENT_ACTIONS_MAX]; /* of the last step */
    size_t count;
    struct buf sent;  /* bytes of the last step that sent any */
    struct buf frame; /* what the server says next */
};

static inline const struct agent_action *action(const struct world *w,
                                                enum agent_action_type type)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->actions[i].type == type)
            return &w->actions[i];
    return NULL;
}

static inline void step(struct world *w, struct agent_event event)
{
    event.now_ms = w->now_ms;
    event.random = w->random;
    w->count = agent_step(w->agent, &event, w->actions);
    for (size_t i = 0; i < w->count; i++) {
        const struct agent_action *a = &w->actions[i];
        if (a->type == AGENT_TIMER) {
            w->timer_at_ms = a->at_ms;
        } else if (a->type == AGENT_DIAL) {
            assert_false(w->linked);
            w->linked = true;
        } else if (a->type == AGENT_JOB) {
            assert_null(w->job);
            w->job = a->job;
        } else if (a->type == AGENT_SEND) {
            assert_true(w->linked);
            buf_clear(&w->sent);
            buf_add(&w->sent, a->bytes.p, a->bytes.n);
        }
    }
}

static inline void happens(struct world *w, enum agent_event_type type)
{
    step(w, (struct agent_event){.type = type});
}

static inline void closed(struct world *w, enum err err)
{
    assert_true(w->linked);
    w->linked = false;
    step(w, (struct agent_event){.type = AGENT_EV_CLOSED, .err = err});
}

/* Let time pass until the agent's timer, which must be `after_ms` away. */
static inline void timer_after(struct world *w, int64_t after_ms)
{
    /* every byte sent allows the server a little time */
    assert_in_range(w->timer_at_ms - w->now_ms, after_ms, after_ms + 20);
    w->now_ms = w->timer_at_ms;
    w->timer_at_ms = 0;
    happens(w, AGENT_EV_TIMER);
}

static inline struct agent_job *job_out(struct world *w, enum agent_job_type type)
{
    assert_non_null(w->job);
    assert_int_equal(w->job->type, type);
    return w->job;
}

static inline void job_done(struct world *w)
{
    w->job = NULL;
    happens(w, AGENT_EV_JOB);
}

static inline void hear(struct world *w)
{
    assert_int_equal(w->frame.err, ERR_OK);
    step(w, (struct agent_event){.type = AGENT_EV_BYTES, .bytes = buf_str(&w->frame)});
    buf_clear(&w->frame);
}

/* The first message of what was sent last. */
static inline struct message said(const struct world *w)
{
    struct str body = {NULL, 0};
    size_t used = 0;
    struct message m = {0};
    assert_int_equal(frame_next(buf_str(&w->sent), FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_true(used > 0);
    assert_int_equal(message_read(body, &m), ERR_OK);
    return m;
}

static inline void setup(struct world *w, bool live)
{
    *w = (struct world){.agent = agent_new(live), .now_ms = START_MS};
    assert_non_null(w->agent);
}

static inline void teardown(struct world *w)
{
    agent_free(w->agent);
    buf_done(&w->sent);
    buf_done(&w->frame);
}

/* The HELLO job is out. */
static inline void dial_and_open(struct world *w)
{
    happens(w, AGENT_EV_WANTED);
    assert_non_null(action(w, AGENT_DIAL));
    happens(w, AGENT_EV_OPENED);
}

static inline void answer_hello(struct world *w, uint64_t op_last)
{
    job_out(w, AGENT_JOB_HELLO)->hello = (struct hello){
        .protocol = MESSAGE_PROTOCOL, .epoch = EPOCH, .op_last = op_last, .pulled = SEEN};
    job_done(w);
    assert_int_equal(said(w).type, MESSAGE_HELLO);
}

static inline void put_welcome(struct world *w)
{
    message_welcome(
        &w->frame,
        &(struct welcome){.protocol = MESSAGE_PROTOCOL, .epoch = EPOCH, .pull_from = SEEN});
}

static inline void put_idle(struct world *w, uint64_t through, uint64_t judged)
{
    message_idle(&w->frame, &(struct idle){.through = through, .judged = judged});
}

/* Dialled, welcomed and planned, with `ops` operations in the outbox. */
static inline void talk(struct world *w, uint64_t ops)
{
    dial_and_open(w);
    answer_hello(w, ops);
    put_welcome(w);
    hear(w);
    job_out(w, AGENT_JOB_WELCOME)->plan = (struct replica_plan){.op_last = ops};
    job_done(w);
}

static inline void assert_failed(const struct world *w, enum err err, int64_t at_ms)
{
    const struct agent_action *failed = action(w, AGENT_FAILED);
    assert_non_null(failed);
    assert_string_equal(err_name(failed->err), err_name(err));
    assert_int_equal(failed->at_ms, at_ms);
}

#endif
