/* SPDX-License-Identifier: Apache-2.0 */
#include "client/carry.h"

#include "client/agent.h"

/* ---- out ---- */

enum err carry_write(struct store *s, carry_put *put, void *ctx, struct carried *out)
{
    struct store_status status;
    struct hello hello = {.epoch = 0};
    struct buf frame = {0};
    enum err err = store_status(s, &status);
    if (err == ERR_OK)
        err = replica_hello(s, &hello);
    if (err != ERR_OK)
        return err;
    message_hello(&frame, &hello);
    uint64_t last = hello.acked;
    uint64_t after = 0;
    do {
        err = frame.err == ERR_OK ? put(ctx, buf_str(&frame)) : frame.err;
        after = last;
        buf_clear(&frame);
        if (err == ERR_OK)
            err = replica_push(s, after, &frame, &last);
    } while (err == ERR_OK && last > after);
    buf_done(&frame);
    if (err == ERR_OK)
        *out = (struct carried){
            .operations = last - hello.acked, .changes = status.unsent, .pulled = hello.pulled};
    return err;
}

/* ---- what an answer is good for ---- */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Other rights, or a server put back: everything is told again from the answer's beginning. */
static enum carry_use use_from_start(const struct hello *now, const struct carry_answer *a,
                                     bool restored)
{
    /* Rights have no order: these are the later ones if the device still was what it said. */
    if (!restored && (a->then.grants != now->grants || a->through < now->pulled))
        return CARRY_OLD;
    return CARRY_RESET;
}

enum carry_use carry_use_of(const struct hello *now, const struct carry_answer *a)
{
    const struct welcome *w = &a->welcome;
    bool restored = w->generation > now->generation;
    bool full = a->then.full || a->then.generation != w->generation;
    if (a->then.epoch != now->epoch || w->generation < now->generation)
        return CARRY_OLD;
    /* Pages that know less of our own work than we were told would put older values back. */
    if (!restored && w->known_op < now->acked)
        return CARRY_OLD;
    if (now->full && !full)
        return CARRY_OLD;
    if (restored || w->grants != now->grants)
        return use_from_start(now, a, restored);
    if (a->through <= now->pulled && w->known_op == now->acked)
        return CARRY_HELD;
    if (a->through < now->pulled)
        return CARRY_OLD;
    bool reaches =
        w->pull_from <= now->pulled && least(a->then.whole, w->pull_from) <= now->whole;
    return reaches ? CARRY_FITS : CARRY_GAP;
}

/* ---- in ---- */

struct reading {
    struct store *s;
    const struct carry_source *source;
    struct carry_answer answer;
    struct carry_result result;
    uint64_t pulled; /* of the replica, before */
    int64_t skew_ms; /* likewise */
    struct agent *agent;
    struct agent_job *job; /* to be run */
    unsigned pages;        /* given to the agent and not yet applied */
    bool paused, wiping, dialled;
    bool over;    /* the agent has said how it ended, or wants another connection … */
    enum err err; /* … and this is why */
    bool fork;    /* this replica is not what the server knows */
};

/* The next frame of the answer; *m.type 0 at the end. */
static enum err next(struct reading *r, struct str *body, struct message *m)
{
    *m = (struct message){.type = (enum message_type)0};
    enum err err = r->source->next(r->source->ctx, body);
    if (err == ERR_OK && body->p != NULL)
        err = message_read(*body, m);
    return err;
}

/* How it begins and where it ends, before any of it is applied. */
static enum err scan(struct reading *r)
{
    struct carry_answer *a = &r->answer;
    struct str body = {NULL, 0};
    struct message m;
    enum err err = next(r, &body, &m);
    a->wipe = err == ERR_OK && m.type == MESSAGE_WIPE;
    if (err != ERR_OK || a->wipe)
        return err;
    if (m.type != MESSAGE_HELLO)
        return ERR_PROTOCOL;
    a->then = m.hello;
    err = next(r, &body, &m);
    if (err == ERR_OK && m.type != MESSAGE_WELCOME)
        err = ERR_PROTOCOL;
    if (err != ERR_OK)
        return err;
    a->welcome = m.welcome;
    a->welcome.origins = (struct str){NULL, 0};
    a->through = m.welcome.pull_from;
    while (err == ERR_OK && body.p != NULL) {
        err = next(r, &body, &m);
        if (m.type == MESSAGE_PAGE)
            a->through = m.page.to;
        if (m.type == MESSAGE_IDLE)
            a->through = m.idle.through;
        a->ended = a->ended || m.type == MESSAGE_IDLE;
    }
    return err;
}

static void step(struct reading *r, struct agent_event event)
{
    struct agent_action actions[AGENT_ACTIONS_MAX];
    size_t n = agent_step(r->agent, &event, actions);
    for (size_t i = 0; i < n; i++) {
        switch (actions[i].type) {
        case AGENT_JOB:
            r->job = actions[i].job;
            break;
        case AGENT_WIPE:
            r->wiping = true;
            break;
        case AGENT_PAUSE:
        case AGENT_RESUME:
            r->paused = actions[i].type == AGENT_PAUSE;
            break;
        case AGENT_DIAL: /* a second time: what went wrong is known from the job */
            r->over = r->dialled;
            r->dialled = true;
            break;
        case AGENT_SYNCED:
            r->over = true;
            break;
        case AGENT_FAILED:
            r->over = true;
            if (r->err == ERR_OK)
                r->err = actions[i].err;
            break;
        case AGENT_SEND:  /* nobody listens … */
        case AGENT_TIMER: /* … and time stands still */
        case AGENT_CLOSE: /* with the file */
            break;
        }
    }
}

/* The job as the agent asked for it, but for what a carried conversation knows better. */
static void do_job(struct reading *r, struct agent_job *job)
{
    struct welcome *w = &job->message.welcome;
    if (job->type == AGENT_JOB_HELLO) { /* it was said when the bundle was written */
        job->hello = r->answer.then;
        job->err = ERR_OK;
        return;
    }
    if (job->type == AGENT_JOB_PUSH) { /* what is unsent goes into the next bundle */
        buf_clear(&job->frame);
        job->last = job->after;
        job->err = ERR_OK;
        return;
    }
    if (job->type == AGENT_JOB_WELCOME) {
        w->wall_ms = store_now(r->s) - r->skew_ms; /* the way here measures no clock */
        if (r->result.use == CARRY_FITS)
            w->pull_from = r->pulled;
    }
    agent_job_run(r->s, job);
    if (job->type == AGENT_JOB_WELCOME)
        r->fork = job->err == ERR_OK && job->plan.fork;
}

static void run_job(struct reading *r)
{
    struct agent_job *job = r->job;
    r->job = NULL;
    do_job(r, job);
    if (job->type == AGENT_JOB_PAGES)
        r->pages -= (unsigned)job->page_count;
    if (r->err == ERR_OK)
        r->err = job->err;
    step(r, (struct agent_event){.type = AGENT_EV_JOB});
}

static void wipe(struct reading *r, carry_wipe *cb, void *ctx)
{
    enum err err = cb(ctx);
    r->wiping = false;
    r->result.wiped = err == ERR_OK;
    step(r, (struct agent_event){.type = AGENT_EV_WIPED, .err = err});
}

/* Give the agent one frame, as it would have come over the wire. */
static enum err feed(struct reading *r, struct str body, bool page)
{
    struct buf frame = {0};
    while (r->job != NULL && (r->paused || (page && r->pages >= MESSAGE_PAGES_AHEAD)))
        run_job(r);
    size_t at = frame_begin(&frame);
    buf_add(&frame, body.p, body.n);
    frame_end(&frame, at);
    enum err err = frame.err;
    if (err == ERR_OK)
        step(r, (struct agent_event){.type = AGENT_EV_BYTES, .bytes = buf_str(&frame)});
    r->pages += page ? 1 : 0;
    buf_done(&frame);
    return err;
}

static enum err feed_all(struct reading *r)
{
    struct str body = {NULL, 0};
    struct message m;
    enum err err = ERR_OK;
    r->source->rewind(r->source->ctx);
    if (!r->answer.wipe) /* ours, said again */
        err = next(r, &body, &m);
    while (err == ERR_OK && !r->over && r->err == ERR_OK && !r->wiping) {
        err = next(r, &body, &m);
        if (err != ERR_OK || body.p == NULL)
            break;
        err = feed(r, body, m.type == MESSAGE_PAGE);
    }
    return err;
}

/* The whole conversation. */
static enum err converse(struct reading *r, carry_wipe *cb, void *ctx)
{
    step(r, (struct agent_event){.type = AGENT_EV_WANTED});
    step(r, (struct agent_event){.type = AGENT_EV_OPENED});
    while (r->job != NULL)
        run_job(r);
    enum err err = feed_all(r);
    while (r->job != NULL)
        run_job(r);
    if (r->wiping)
        wipe(r, cb, ctx);
    if (!r->over)
        step(r, (struct agent_event){.type = AGENT_EV_CLOSED});
    while (r->job != NULL) /* that it came to its end */
        run_job(r);
    if (err != ERR_OK)
        return err;
    /* An answer too long for one file ends without IDLE. */
    if (r->err == ERR_CLOSED && !r->answer.ended && !r->fork)
        return ERR_OK;
    return r->fork ? ERR_FORK : r->err;
}

enum err carry_read(struct store *s, const struct carry_source *source, carry_wipe *wipe_cb,
                    void *ctx, struct carry_result *out)
{
    struct reading r = {.s = s, .source = source};
    struct store_status status;
    struct hello now = {.epoch = 0};
    enum err err = store_status(s, &status);
    if (err == ERR_OK)
        err = replica_hello(s, &now);
    if (err == ERR_OK)
        err = scan(&r);
    if (err != ERR_OK)
        return err;
    r.pulled = now.pulled;
    r.skew_ms = status.skew_ms;
    r.result.use = r.answer.wipe ? CARRY_FITS : carry_use_of(&now, &r.answer);
    r.result.ended = r.answer.ended;
    if (r.result.use == CARRY_FITS || r.result.use == CARRY_RESET) {
        r.agent = agent_new(false);
        err = r.agent == NULL ? ERR_NOMEM : converse(&r, wipe_cb, ctx);
        if (r.agent != NULL)
            r.result.tally = agent_tally(r.agent);
        agent_free(r.agent);
    }
    *out = r.result;
    return err;
}
