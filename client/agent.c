/* SPDX-License-Identifier: Apache-2.0 */
#include "client/agent.h"

#include "client/backoff.h"

/*   IDLE ─wanted→ DIALLING ─opened→ TALKING ─done→ LEAVING ─closed, job done→ IDLE
 *                    │  ↑              └──cut, deadline──┐      └─worth a try→ WAITING ─┐
 *                    │  └──────────────────────timer─────┼──────────────────────────────┘
 *                    └─failed────────────────────────────┴→ LEAVING
 */
struct agent {
    enum agent_state state;
    bool live;
    bool stopping; /* AGENT_EV_STOP: no further try */
    bool wanted;   /* asked for again while leaving */
    bool linked;   /* AGENT_DIAL was given and AGENT_EV_CLOSED has not come */
    struct session *session;
    struct buf in; /* bytes that are no whole frame yet, or wait for the session */
    bool paused;

    struct agent_job job;
    bool busy;   /* the job is out */
    bool queued; /* what the session asks for next, while AGENT_JOB_SYNCED is out */
    struct session_action next;
    bool wiping;       /* AGENT_WIPE is out … */
    bool wipe_begun;   /* … or was: however it went, there may be no store any more */
    bool synced;       /* live: AGENT_SYNCED was said, and nothing has happened since */
    int64_t noted_ms;  /* AGENT_JOB_SYNCED was run … */
    bool judged_since; /* … and something of ours was judged since, or it never was */
    bool welcomed;     /* on this connection */
    bool afresh;       /* leave it and dial again once it is idle */
    bool news;         /* DIALLING, LEAVING: the network has changed since */
    uint64_t dials;

    enum err outcome; /* LEAVING, WAITING: how the try ended */
    uint32_t retry_ms;
    struct backoff backoff;
    unsigned again;      /* tries at once */
    int64_t mark_ms;     /* last progress; start of dialling or waiting */
    int64_t wait_ms;     /* WAITING: from the mark on */
    int64_t ping_ms;     /* live: silence before the next PING */
    bool pinged;         /* it was sent */
    size_t since_bytes;  /* received since the mark */
    size_t sent_bytes;   /* sent, and perhaps still on its way */
    int64_t timer_at_ms; /* as the owner knows it; 0: none */

    struct replica_tally tally;
    uint64_t push_from, judged, op_last; /* operations of this try, for progress */
    enum err cut;                        /* the connection ended while a job was out: why */

    /* of the step in progress */
    int64_t now_ms;
    uint64_t random;
    struct buf out;
    struct agent_action *actions;
    size_t count;
};

struct agent *agent_new(bool live)
{
    struct agent *a = mem_new(sizeof *a);
    if (a != NULL) {
        a->live = live;
        buf_init(&a->in, AGENT_IN_BYTES_MAX);
    }
    return a;
}

void agent_free(struct agent *a)
{
    if (a == NULL)
        return;
    must(!a->busy);
    session_free(a->session);
    buf_done(&a->in);
    buf_done(&a->out);
    buf_done(&a->job.frame);
    mem_free(a);
}

static void act(struct agent *a, struct agent_action action)
{
    must(a->count < AGENT_ACTIONS_MAX);
    a->actions[a->count++] = action;
}

static void progress(struct agent *a)
{
    a->mark_ms = a->now_ms;
    a->since_bytes = 0;
}

static void dial(struct agent *a)
{
    must(!a->linked && !a->busy && a->session == NULL);
    a->state = AGENT_DIALLING;
    a->linked = true;
    a->wanted = false;
    a->synced = false;
    a->pinged = false;
    a->welcomed = false;
    a->afresh = false;
    a->news = false;
    a->judged_since = true;
    a->dials++;
    a->sent_bytes = 0;
    courier_rest(&a->job.courier);
    buf_clear(&a->in);
    progress(a);
    act(a, (struct agent_action){.type = AGENT_DIAL});
}

static void submit(struct agent *a, enum agent_job_type type)
{
    must(!a->busy);
    a->busy = true;
    a->job.type = type;
    a->job.err = ERR_OK;
    a->job.tally = (struct replica_tally){0};
    act(a, (struct agent_action){.type = AGENT_JOB, .job = &a->job});
}

/* The try is over; what is still under way comes to its end. */
static void leave(struct agent *a, enum err err, uint32_t retry_ms)
{
    if (a->state == AGENT_LEAVING)
        return;
    a->state = AGENT_LEAVING;
    a->outcome = err;
    a->retry_ms = retry_ms;
    a->queued = false;
    a->paused = false;
    if (err == ERR_OK && !a->stopping)
        submit(a, AGENT_JOB_SYNCED);
}

static void session_job(struct agent *a, const struct session_action *action)
{
    a->job.message = action->message;
    a->job.after = action->after;
    a->job.epoch = action->epoch;
    switch (action->type) {
    case SESSION_DO_WELCOME:
        submit(a, AGENT_JOB_WELCOME);
        break;
    case SESSION_DO_PUSH:
        submit(a, AGENT_JOB_PUSH);
        break;
    case SESSION_DO_VERDICTS:
        submit(a, AGENT_JOB_VERDICTS);
        break;
    case SESSION_DO_PAGES:
        a->job.page_count = session_pages(a->session, &a->job.pages, &a->job.idle);
        submit(a, AGENT_JOB_PAGES);
        break;
    case SESSION_DO_LEAVE:
        submit(a, AGENT_JOB_LEAVE);
        break;
    case SESSION_DO_REBASE:
        submit(a, AGENT_JOB_REBASE);
        break;
    case SESSION_DO_CONTENT:
        submit(a, AGENT_JOB_CONTENT);
        break;
    case SESSION_DO_WIPE:
        a->wiping = a->wipe_begun = true;
        act(a, (struct agent_action){.type = AGENT_WIPE});
        break;
    case SESSION_SEND:
    case SESSION_DONE:
        break;
    }
}

static void feed(struct agent *a, const struct session_event *event)
{
    struct session_action actions[SESSION_ACTIONS_MAX];
    size_t n = session_step(a->session, event, actions);
    for (size_t i = 0; i < n; i++) {
        if (actions[i].type == SESSION_SEND) {
            buf_add(&a->out, actions[i].bytes.p, actions[i].bytes.n);
        } else if (actions[i].type == SESSION_DONE) {
            leave(a, actions[i].err, actions[i].retry_ms);
        } else if (a->busy) {
            a->queued = true;
            a->next = actions[i];
        } else {
            session_job(a, &actions[i]);
        }
    }
}

/* Give the session the whole frames that have come, as long as it takes them. */
static void feed_frames(struct agent *a)
{
    size_t done = 0;
    /* A server that turns us away speaks before it has heard HELLO. */
    bool greeted = !(a->busy && a->job.type == AGENT_JOB_HELLO);
    while (greeted && a->state == AGENT_TALKING && !session_full(a->session)) {
        struct str rest = buf_str(&a->in);
        struct str body = {NULL, 0};
        size_t used = 0;
        rest = (struct str){rest.p + done, rest.n - done};
        enum err err = rest.n == 0 ? ERR_OK : frame_next(rest, FRAME_BYTES_MAX, &body, &used);
        if (err != ERR_OK)
            leave(a, err, 0);
        if (used == 0)
            break;
        done += used;
        progress(a);
        /* A frame that crosses a push says nothing about how far that has come. */
        if (!session_pushing(a->session))
            a->sent_bytes = 0;
        a->pinged = false;
        feed(a, &(struct session_event){.type = SESSION_EV_FRAME, .bytes = body});
    }
    buf_drop(&a->in, done);
}

static void on_bytes(struct agent *a, struct str bytes)
{
    if (a->state != AGENT_TALKING)
        return;
    buf_add(&a->in, bytes.p, bytes.n);
    if (a->in.err != ERR_OK) {
        leave(a, a->in.err, 0);
        return;
    }
    a->since_bytes += bytes.n;
    if (a->since_bytes >= AGENT_PROGRESS_BYTES)
        progress(a);
}

static void on_synced(struct agent *a)
{
    if (a->job.err != ERR_OK) {
        if (a->state == AGENT_TALKING)
            leave(a, a->job.err, 0);
        else if (a->outcome == ERR_OK)
            a->outcome = a->job.err;
        return;
    }
    backoff_done(&a->backoff);
    a->again = 0;
    a->noted_ms = a->now_ms;
    a->judged_since = false;
    if (a->state == AGENT_TALKING)
        act(a, (struct agent_action){.type = AGENT_SYNCED});
}

static void on_job(struct agent *a)
{
    must(a->busy);
    a->busy = false;
    a->tally.pushed += a->job.tally.pushed;
    a->tally.pulled += a->job.tally.pulled;
    a->tally.conflicts += a->job.tally.conflicts;
    a->tally.refused += a->job.tally.refused;
    progress(a); /* the server may have waited for us */
    if (a->job.type == AGENT_JOB_SYNCED) {
        on_synced(a);
    } else if (a->state == AGENT_TALKING) {
        struct session_event answer = agent_job_answer(&a->job);
        if (a->job.type == AGENT_JOB_HELLO && a->job.err != ERR_OK) {
            leave(a, a->job.err, 0);
            return;
        }
        if (a->job.type == AGENT_JOB_WELCOME) {
            a->push_from = a->judged = a->job.plan.push_from;
            a->op_last = a->job.plan.op_last;
            a->welcomed = a->job.err == ERR_OK;
        }
        if (a->job.type == AGENT_JOB_VERDICTS && a->job.through > a->judged)
            a->judged = a->job.through;
        a->judged_since = a->judged_since || a->job.type == AGENT_JOB_VERDICTS;
        feed(a, &answer);
    }
    if (a->queued && !a->busy) {
        a->queued = false;
        session_job(a, &a->next);
    }
}

static void on_closed(struct agent *a, enum err err)
{
    must(a->linked);
    a->linked = false;
    /* A relay brought the server's order to wipe, or its last word: there may be no store. */
    a->wipe_begun = a->wipe_begun || (err == ERR_REVOKED && a->state != AGENT_TALKING);
    a->cut = err == ERR_OK ? ERR_CLOSED : err;
}

static void on_opened(struct agent *a)
{
    if (a->state != AGENT_DIALLING)
        return;
    a->session = session_new(a->live);
    a->state = AGENT_TALKING;
    a->ping_ms = AGENT_PING_MS + (int64_t)(a->random % AGENT_PING_JITTER_MS);
    progress(a);
    if (a->session == NULL)
        leave(a, ERR_NOMEM, 0);
    else
        submit(a, AGENT_JOB_HELLO);
}

static void on_wanted(struct agent *a)
{
    if (a->wipe_begun)
        return;
    a->stopping = false;
    if (a->state == AGENT_LEAVING)
        a->wanted = true;
    else if (a->state == AGENT_TALKING)
        feed(a, &(struct session_event){.type = SESSION_EV_SAVED});
    else if (a->state == AGENT_IDLE || (a->state == AGENT_WAITING && a->outcome != ERR_LATER))
        dial(a);
}

/* Break off and dial again: in order, or without a word (TIMEOUT) to a peer that takes none. */
static void start_over(struct agent *a, enum err err)
{
    bool greeted = !(a->busy && a->job.type == AGENT_JOB_HELLO);
    if (err != ERR_TIMEOUT && a->state == AGENT_TALKING && greeted)
        message_bye(&a->out, &(struct bye){.err = ERR_OK});
    leave(a, err, 0);
    a->wanted = true;
}

static void on_afresh(struct agent *a, bool at_once)
{
    if (a->state != AGENT_TALKING || !a->live)
        on_wanted(a);
    else if (at_once)
        start_over(a, ERR_TIMEOUT);
    else
        a->afresh = true;
}

/* The network has changed while we wait. It mends only what it may have broken. */
static void hasten(struct agent *a)
{
    bool away =
        a->outcome == ERR_OFFLINE || a->outcome == ERR_TIMEOUT || a->outcome == ERR_CLOSED;
    if (away && a->retry_ms == 0)
        a->wait_ms = backoff_news(&a->backoff, a->now_ms, a->mark_ms + a->wait_ms, a->random) -
                     a->mark_ms;
}

/* A way may be there again, or the one we are on may be gone without a word. */
static void on_network(struct agent *a)
{
    if (!a->live || a->stopping)
        return;
    a->news = a->state == AGENT_DIALLING || a->state == AGENT_LEAVING;
    if (a->state == AGENT_WAITING) {
        hasten(a);
    } else if (a->state == AGENT_TALKING && !a->pinged && session_idle(a->session)) {
        message_empty(&a->out, MESSAGE_PING);
        a->pinged = true;
        progress(a);
    }
}

static void on_stop(struct agent *a)
{
    a->stopping = true;
    a->wanted = false;
    if (a->state == AGENT_WAITING) {
        a->state = AGENT_IDLE;
    } else if (a->state == AGENT_DIALLING || a->state == AGENT_TALKING) {
        if (a->state == AGENT_TALKING && !(a->busy && a->job.type == AGENT_JOB_HELLO))
            message_bye(&a->out, &(struct bye){.err = ERR_OK});
        leave(a, ERR_CLOSED, 0);
    }
}

static void on_wiped(struct agent *a, enum err err)
{
    must(a->wiping);
    a->wiping = false;
    if (a->state == AGENT_TALKING) {
        feed(a, &(struct session_event){.type = err == ERR_OK ? SESSION_EV_WIPED
                                                              : SESSION_EV_STORE_FAILED,
                                        .err = err});
    } else {
        a->outcome = err == ERR_OK ? ERR_REVOKED : err;
    }
}

/* When the present state has lasted too long; 0: never. */
static int64_t deadline(const struct agent *a)
{
    int64_t sent_ms = (int64_t)a->sent_bytes * 1000 / AGENT_SENT_BYTES_PER_S;
    switch (a->state) {
    case AGENT_DIALLING:
        return a->mark_ms + AGENT_DIAL_MS;
    case AGENT_TALKING:
        if (a->busy || a->wiping)
            return 0;
        if (a->live && !a->pinged && session_idle(a->session))
            return a->mark_ms + a->ping_ms;
        return a->mark_ms + AGENT_PROGRESS_MS +
               (sent_ms < AGENT_SENT_MS_MAX ? sent_ms : AGENT_SENT_MS_MAX);
    case AGENT_WAITING:
        return a->mark_ms + a->wait_ms;
    case AGENT_IDLE:
    case AGENT_LEAVING:
        return 0;
    }
    return 0;
}

static void on_timer(struct agent *a)
{
    int64_t at_ms = deadline(a);
    a->timer_at_ms = 0;
    if (at_ms == 0 || a->now_ms < at_ms)
        return;
    if (a->state == AGENT_WAITING) {
        dial(a);
    } else if (a->state == AGENT_TALKING && a->live && !a->pinged && session_idle(a->session)) {
        message_empty(&a->out, MESSAGE_PING);
        a->pinged = true;
        progress(a);
    } else {
        leave(a, a->state == AGENT_DIALLING ? ERR_OFFLINE : ERR_TIMEOUT, 0);
    }
}

/* The try is over and nothing of it is under way any more: what next? */
static void settle(struct agent *a)
{
    session_free(a->session);
    a->session = NULL;
    if (a->outcome == ERR_OK) {
        a->state = AGENT_IDLE;
        act(a, (struct agent_action){.type = AGENT_SYNCED});
        if (a->wanted)
            dial(a);
        return;
    }
    /* What the next HELLO sets right: a fork, and a page that did not fit this replica. */
    bool repairs = a->outcome == ERR_FORK || a->outcome == ERR_NOTFOUND;
    bool again = repairs && a->again < AGENT_AGAIN_MAX && !a->stopping;
    bool wanted = a->wanted && a->outcome != ERR_LATER;
    if (!a->wipe_begun && (wanted || again)) {
        a->again += repairs ? 1U : 0U;
        dial(a);
        return;
    }
    a->again = 0;
    a->state = AGENT_IDLE;
    struct agent_action failed = {.type = AGENT_FAILED, .err = a->outcome};
    if (a->live && !a->stopping && !a->wipe_begun && err_retry(a->outcome)) {
        a->state = AGENT_WAITING;
        progress(a);
        a->wait_ms = backoff_failed(&a->backoff, a->retry_ms, a->random);
        if (a->news)
            hasten(a);
        failed.at_ms = a->mark_ms + a->wait_ms;
    }
    act(a, failed);
}

static void take(struct agent *a, const struct agent_event *event)
{
    switch (event->type) {
    case AGENT_EV_WANTED:
        on_wanted(a);
        break;
    case AGENT_EV_AFRESH:
        on_afresh(a, false);
        break;
    case AGENT_EV_BROKEN:
        on_afresh(a, true);
        break;
    case AGENT_EV_NETWORK:
        on_network(a);
        break;
    case AGENT_EV_OPENED:
        on_opened(a);
        break;
    case AGENT_EV_BYTES:
        on_bytes(a, event->bytes);
        break;
    case AGENT_EV_CLOSED:
        on_closed(a, event->err);
        break;
    case AGENT_EV_JOB:
        on_job(a);
        break;
    case AGENT_EV_SAVED:
        if (a->state == AGENT_TALKING || (a->live && a->state == AGENT_IDLE && !a->stopping))
            on_wanted(a);
        break;
    case AGENT_EV_WIPED:
        on_wiped(a, event->err);
        break;
    case AGENT_EV_TIMER:
        on_timer(a);
        break;
    case AGENT_EV_STOP:
        on_stop(a);
        break;
    }
}

/* Live, and nothing is left to send or to receive; or not. */
static void settle_idle(struct agent *a, bool idle)
{
    bool note = a->judged_since || a->now_ms - a->noted_ms >= AGENT_NOTE_MS;
    if (idle && a->afresh && !a->busy) {
        start_over(a, ERR_CLOSED);
        return;
    }
    if (idle && !a->synced && !a->busy && note) {
        submit(a, AGENT_JOB_SYNCED);
    } else if (idle && !a->synced && !a->busy) {
        act(a, (struct agent_action){.type = AGENT_SYNCED});
        a->synced = true;
    }
    a->synced = idle && (a->synced || a->busy);
}

/* What follows from the state after the event: pauses, bytes, the timer. */
static void conclude(struct agent *a, enum agent_state before)
{
    /* What came before the cut is worked through first: it may be the reason for it. */
    if (!a->linked && !a->busy && (a->state == AGENT_DIALLING || a->state == AGENT_TALKING))
        leave(a, a->cut, 0);
    bool talking = a->state == AGENT_TALKING;
    if (talking && session_full(a->session) != a->paused) {
        a->paused = !a->paused;
        act(a, (struct agent_action){.type = a->paused ? AGENT_PAUSE : AGENT_RESUME});
    }
    settle_idle(a, talking && a->live && session_idle(a->session));
    if (a->out.err != ERR_OK)
        leave(a, a->out.err, 0);
    else if (a->out.n > 0 && a->linked)
        act(a, (struct agent_action){.type = AGENT_SEND, .bytes = buf_str(&a->out)});
    a->sent_bytes += a->out.n;
    if (a->state == AGENT_LEAVING && before != AGENT_LEAVING && a->linked)
        act(a, (struct agent_action){.type = AGENT_CLOSE, .err = a->outcome});
    if (a->state == AGENT_LEAVING && !a->linked && !a->busy && !a->wiping)
        settle(a);
    int64_t at_ms = deadline(a);
    if (at_ms != a->timer_at_ms) {
        a->timer_at_ms = at_ms;
        act(a, (struct agent_action){.type = AGENT_TIMER, .at_ms = at_ms});
    }
}

size_t agent_step(struct agent *a, const struct agent_event *event,
                  struct agent_action actions[AGENT_ACTIONS_MAX])
{
    enum agent_state before = a->state;
    a->now_ms = event->now_ms;
    a->random = event->random;
    a->actions = actions;
    a->count = 0;
    buf_clear(&a->out);
    take(a, event);
    if (a->state == AGENT_TALKING && a->in.n > 0)
        feed_frames(a);
    conclude(a, before);
    a->actions = NULL;
    return a->count;
}

enum agent_state agent_state(const struct agent *a)
{
    return a->state;
}

bool agent_connected(const struct agent *a)
{
    return a->state == AGENT_TALKING && a->welcomed && a->linked;
}

uint64_t agent_dials(const struct agent *a)
{
    return a->dials;
}

bool agent_sent_away(const struct agent *a)
{
    return a->state == AGENT_WAITING && a->outcome == ERR_LATER;
}

struct replica_tally agent_tally(const struct agent *a)
{
    return a->tally;
}

const struct courier *agent_courier(const struct agent *a)
{
    return &a->job.courier;
}

void agent_progress(const struct agent *a, uint64_t *judged, uint64_t *total)
{
    uint64_t last = a->op_last > a->judged ? a->op_last : a->judged;
    *judged = a->judged - a->push_from;
    *total = last - a->push_from;
}
