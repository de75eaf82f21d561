/* SPDX-License-Identifier: Apache-2.0 */
#include "client/agent.h"

static enum err do_pages(struct store *s, struct agent_job *job)
{
    enum err err = replica_pages(s, job->pages, job->page_count, job->idle, &job->tally);
    if (err != ERR_OK)
        return err;
    job->through = job->idle != NULL ? job->idle->through : job->pages[job->page_count - 1].to;
    return job->idle == NULL ? ERR_OK : replica_stable(s, job->idle->stable_op);
}

static enum err do_verdicts(struct store *s, struct agent_job *job)
{
    struct cur cur = job->message.verdicts.ranges;
    for (uint32_t i = 0; i < job->message.verdicts.count; i++)
        job->through = message_range(&cur).to;
    return replica_verdicts(s, job->message.verdicts, &job->tally);
}

static enum err do_push(struct store *s, struct agent_job *job)
{
    buf_clear(&job->frame);
    return replica_push(s, job->after, &job->frame, &job->last);
}

static enum err do_rebase(struct store *s, struct agent_job *job)
{
    enum err err = replica_rebase(s, job->epoch);
    return err == ERR_OK ? replica_hello(s, &job->hello) : err;
}

static enum err do_leave(struct store *s, struct agent_job *job)
{
    enum err err = ERR_OK;
    job->erased = 0;
    if (job->message.type == MESSAGE_ERASE)
        err = replica_erase(s, job->message.erase, &job->erased);
    else
        err = replica_leave(s, job->message.leave);
    if (err != ERR_OK)
        return err;
    /* A contents' disk that fails does not undo it: the next sync looks again. */
    err = content_left(s);
    if (err != ERR_OK)
        job->erased = 0; /* … and only then it is all gone */
    return err == ERR_NOMEM || store_health(s) != ERR_OK ? err : ERR_OK;
}

/* The records are in step before the first content moves, and are noted so: a line cut among
 * contents takes nothing of that back. */
static enum err do_content(struct store *s, struct agent_job *job)
{
    bool begins = job->message.type == 0;
    buf_clear(&job->frame);
    enum err err =
        courier_step(s, &job->courier, begins ? NULL : &job->message, &job->frame, &job->waits);
    return err == ERR_OK && begins && job->waits ? replica_synced(s) : err;
}

void agent_job_run(struct store *s, struct agent_job *job)
{
    switch (job->type) {
    case AGENT_JOB_HELLO:
        job->err = replica_hello(s, &job->hello);
        break;
    case AGENT_JOB_WELCOME:
        job->err = replica_welcome(s, &job->message.welcome, &job->plan);
        break;
    case AGENT_JOB_PUSH:
        job->err = do_push(s, job);
        break;
    case AGENT_JOB_VERDICTS:
        job->err = do_verdicts(s, job);
        break;
    case AGENT_JOB_PAGES:
        job->err = do_pages(s, job);
        break;
    case AGENT_JOB_LEAVE:
        job->err = do_leave(s, job);
        break;
    case AGENT_JOB_REBASE:
        job->err = do_rebase(s, job);
        break;
    case AGENT_JOB_CONTENT:
        job->err = do_content(s, job);
        break;
    case AGENT_JOB_SYNCED:
        job->err = replica_synced(s);
        break;
    }
}

struct session_event agent_job_answer(const struct agent_job *job)
{
    struct session_event event = {.err = job->err, .waits = job->waits};
    if (job->err != ERR_OK) {
        event.type = SESSION_EV_STORE_FAILED;
        return event;
    }
    switch (job->type) {
    case AGENT_JOB_HELLO:
        event.type = SESSION_EV_OPEN;
        event.hello = job->hello;
        break;
    case AGENT_JOB_WELCOME:
        event.type = SESSION_EV_PLANNED;
        event.fork = job->plan.fork;
        event.push_from = job->plan.push_from;
        event.op_last = job->plan.op_last;
        break;
    case AGENT_JOB_PUSH:
        event.type = SESSION_EV_PUSH;
        event.bytes = buf_str(&job->frame);
        event.last = job->last;
        event.op_last = job->plan.op_last;
        break;
    case AGENT_JOB_VERDICTS:
        event.type = SESSION_EV_JUDGED;
        break;
    case AGENT_JOB_PAGES:
        event.type = SESSION_EV_APPLIED;
        event.through = job->through;
        break;
    case AGENT_JOB_LEAVE:
        event.type = SESSION_EV_LEFT;
        event.erased = job->erased;
        break;
    case AGENT_JOB_REBASE:
        event.type = SESSION_EV_REBASED;
        event.hello = job->hello;
        break;
    case AGENT_JOB_CONTENT:
        event.type = SESSION_EV_CONTENT;
        event.bytes = buf_str(&job->frame);
        break;
    case AGENT_JOB_SYNCED:
        break;
    }
    return event;
}
