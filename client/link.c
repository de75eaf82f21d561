/* SPDX-License-Identifier: Apache-2.0 */
#include "client/link.h"

#include "io/clock.h"
#include "io/dial.h"
#include "io/log.h"
#include "io/random.h"
#include "io/tls.h"

#include <assert.h>

/* Ends before the agent's own deadline, so that the cause is known in words. */
enum { DIAL_MS_OF_AGENT = AGENT_DIAL_MS * 4 / 5 };
/* With a relay to be tried too: both ways fit, and the relay's own try to reach the server. */
enum { DIAL_MS_SERVER = AGENT_DIAL_MS / 2, DIAL_MS_SITE = AGENT_DIAL_MS / 4 };

enum link_task { TASK_JOB, TASK_WIPE };

/* Of the owner, in the order in which the agent hears of them. */
enum wish {
    WISH_SYNC,
    WISH_AFRESH,
    WISH_RESTART,
    WISH_NETWORK,
    WISH_SAVED,
    WISH_STOP,
    WISH_COUNT,
};
static const enum agent_event_type wish_events[WISH_COUNT] = {
    [WISH_SYNC] = AGENT_EV_WANTED,    [WISH_AFRESH] = AGENT_EV_AFRESH,
    [WISH_RESTART] = AGENT_EV_BROKEN, [WISH_NETWORK] = AGENT_EV_NETWORK,
    [WISH_SAVED] = AGENT_EV_SAVED,    [WISH_STOP] = AGENT_EV_STOP,
};

struct link {
    struct link_cfg cfg;
    struct agent *agent;
    struct tls_config *tls;
    struct tls_session resume; /* kept for the next connection of this process */
    struct dial *dial;         /* under way, else NULL */
    struct conn *conn;         /* until its CONN_CLOSED, else NULL */
    bool open;                 /* it is through TLS */
    struct errand *errand;     /* at a relay of the site, under way, else NULL */
    bool site_first;           /* the last time it was the relay that answered … */
    bool tries_site_first;     /* … when this try began */
    unsigned tried;            /* addresses, in this try */
    struct loop_timer timer;   /* the agent's deadlines */
    struct loop_timer soon;    /* what happened inside a call of the owner or of the agent */
    bool closing;              /* link_close was called … */
    bool ended;                /* … and nothing is under way any more */
    unsigned timers_open;

    struct job job; /* of the store thread: the agent's job, or the wipe */
    enum link_task task;
    struct agent_job *work; /* the agent's job that is out */
    bool working;           /* `job` is out */
    enum err wiped;         /* result of the wipe */

    unsigned wishes;        /* to be told to the agent soon: bits of enum wish */
    bool connected;         /* was told */
    bool undialled;         /* a dial that could not even begin, likewise … */
    enum err undialled_err; /* … and why */
    bool unworked;          /* a job that could not be submitted, likewise */

    struct note why;              /* of the last connection */
    struct replica_tally errands; /* rows of all answers read at a relay */
    struct deposited deposited;   /* of the last visit there */
    uint64_t bytes_in, bytes_out;
    int64_t began_mono_ms, ended_mono_ms;
    int64_t shown_mono_ms;
};

/* All pushes under way fit the queue of a connection, however badly they compress. */
static_assert(MESSAGE_PUSHES_AHEAD * (MESSAGE_PUSH_BYTES + OP_BYTES_MAX) < CONN_OUT_BYTES_MAX,
              "a first upload would end its own connection");

static struct link *link_of(struct job *job)
{
    return (struct link *)((char *)job - offsetof(struct link, job));
}

static void tell(struct link *link, enum link_event_type type, enum err err, int64_t wait_ms)
{
    struct link_event event = {.type = type, .err = err, .why = &link->why, .wait_ms = wait_ms};
    if (link->cfg.cb != NULL)
        link->cfg.cb(link, &event, link->cfg.arg);
}

static void happens(struct link *link, struct agent_event event);

/* ---- the store's thread ---- */

/* What the server says of its authority is kept before anything else: it may be the last word
 * this device understands. What is wrong with it says nothing about the records. */
static void run_work(struct link *link)
{
    struct agent_job *work = link->work;
    if (work->type == AGENT_JOB_WELCOME &&
        key_learn(link->cfg.key, work->message.welcome.authority) != ERR_OK)
        log_warn("what the server says of its authority could not be kept");
    agent_job_run(link->cfg.store, work);
}

static void on_run(struct job *job)
{
    struct link *link = link_of(job);
    if (link->task == TASK_WIPE)
        link->wiped = link->cfg.wipe(link->cfg.arg);
    else
        run_work(link);
}

static void on_done(struct job *job)
{
    struct link *link = link_of(job);
    link->working = false;
    if (link->task == TASK_WIPE)
        happens(link, (struct agent_event){.type = AGENT_EV_WIPED, .err = link->wiped});
    else
        happens(link, (struct agent_event){.type = AGENT_EV_JOB});
}

static void submit(struct link *link, enum link_task task, struct agent_job *work)
{
    must(!link->working);
    link->task = task;
    link->work = work;
    link->job = (struct job){.run = on_run, .done = on_done};
    enum err err = jobs_submit(link->cfg.jobs, &link->job);
    link->working = err == ERR_OK;
    if (err == ERR_OK)
        return;
    if (task == TASK_WIPE)
        link->wiped = err;
    else
        work->err = err;
    link->unworked = true;
    loop_timer_start(&link->soon, 0);
}

/* ---- the connection ---- */

/* What the visit came to, in words: the line is cut, whatever was left or not. */
static void tell_left(struct link *link, const struct errand_result *result)
{
    const struct deposited *d = &result->deposited;
    if (result->err != ERR_OK && result->why.text[0] != '\0')
        link->why = result->why;
    else if (d->operations > 0)
        note_write(&link->why,
                   N_("la ligne vers le serveur est coupée ; saisies déposées au relais "
                      "« %s », pas encore sur le serveur : %llu"),
                   d->relay, (unsigned long long)d->operations);
    else
        note_write(&link->why, N_("le relais du site répond, mais sa ligne vers le serveur est "
                                  "coupée"));
}

static void on_errand(struct errand *errand, void *arg)
{
    struct link *link = arg;
    const struct errand_result *result = errand_result(errand);
    link->errand = NULL;
    link->bytes_in += result->bytes_in;
    link->bytes_out += result->bytes_out;
    link->errands.pushed += result->tally.pushed;
    link->errands.pulled += result->tally.pulled;
    link->errands.conflicts += result->tally.conflicts;
    link->errands.refused += result->tally.refused;
    link->deposited = result->deposited;
    tell_left(link, result);
    happens(link, (struct agent_event){.type = AGENT_EV_CLOSED,
                                       .err = result->wiped ? ERR_REVOKED : ERR_OFFLINE});
}

/* Not the server: for the agent it is not reached, once the visit is over. */
static void visit(struct link *link, struct conn *conn)
{
    struct errand_cfg cfg = {.jobs = link->cfg.jobs,
                             .store = link->cfg.store,
                             .key = link->cfg.key,
                             .wipe = link->cfg.wipe,
                             .wipe_arg = link->cfg.arg,
                             .cb = on_errand,
                             .arg = link};
    link->conn = NULL;
    if (errand_begin(&cfg, conn, &link->errand) == ERR_OK)
        return;
    link->conn = conn;
    conn_close(conn, ERR_NOMEM);
}

static void on_conn(struct conn *conn, struct conn_event *event, void *arg)
{
    struct link *link = arg;
    switch (event->kind) {
    case CONN_OPEN:
        if (conn_peer_relay(conn)) {
            visit(link, conn);
            break;
        }
        link->open = true;
        happens(link, (struct agent_event){.type = AGENT_EV_OPENED});
        break;
    case CONN_DATA:
        event->took = event->data.n;
        happens(link, (struct agent_event){.type = AGENT_EV_BYTES, .bytes = event->data});
        break;
    case CONN_DRAINED:
        break; /* what a session sends is bounded, see below */
    case CONN_CLOSED:
        link->bytes_in += conn_bytes_in(conn);
        link->bytes_out += conn_bytes_out(conn);
        link->why = *event->note;
        link->conn = NULL;
        conn_free(conn);
        happens(link, (struct agent_event){.type = AGENT_EV_CLOSED, .err = event->err});
        break;
    }
}

static enum err dial_next(struct link *link);

static unsigned addresses(const struct link *link)
{
    return link->cfg.site.host[0] != '\0' ? 2 : 1;
}

/* Is the address being tried the relay's? */
static bool to_site(const struct link *link)
{
    return addresses(link) == 2 && (link->tried == 1) == link->tries_site_first;
}

static void on_dial(struct dial *dial, enum err err, struct conn *conn, const struct note *why,
                    void *arg)
{
    struct link *link = arg;
    (void)dial;
    link->dial = NULL;
    if (err == ERR_OK) {
        link->conn = conn;
        link->open = false;
        link->site_first = to_site(link);
        return;
    }
    if (err == ERR_OFFLINE && link->tried < addresses(link) && dial_next(link) == ERR_OK)
        return;
    link->why = *why;
    happens(link, (struct agent_event){.type = AGENT_EV_CLOSED, .err = err});
}

static enum err dial_next(struct link *link)
{
    link->tried++;
    bool site = to_site(link);
    const struct address *to = site ? &link->cfg.site : &link->cfg.key->server;
    struct dial_cfg cfg = {
        .host = to->host,
        .port = to->port,
        .ms = addresses(link) == 1 ? DIAL_MS_OF_AGENT
              : site               ? DIAL_MS_SITE
                                   : DIAL_MS_SERVER,
        .conn = {.cb = on_conn, .arg = link, .tls = link->tls, .resume = &link->resume}};
    return dial_start(link->cfg.loop, &cfg, on_dial, link, &link->dial);
}

static void dial(struct link *link)
{
    link->why.text[0] = '\0';
    link->tried = 0;
    link->tries_site_first = link->site_first;
    enum err err = dial_next(link);
    if (err == ERR_OK)
        return;
    link->undialled = true;
    link->undialled_err = err;
    loop_timer_start(&link->soon, 0);
}

/* In order, except from a peer that does not listen (any more, or yet). */
static void hang_up(struct link *link, enum err err)
{
    if (link->errand != NULL && err != ERR_OFFLINE) /* that is only the agent's patience */
        errand_stop(link->errand);
    else if (link->dial != NULL)
        dial_cancel(link->dial);
    else if (link->conn != NULL && (err == ERR_TIMEOUT || !link->open))
        conn_abort(link->conn, err);
    else if (link->conn != NULL)
        conn_close(link->conn, err);
}

/* ---- the agent ---- */

static void carry_out(struct link *link, const struct agent_action *action, int64_t now_ms)
{
    switch (action->type) {
    case AGENT_JOB:
        submit(link, TASK_JOB, action->job);
        break;
    case AGENT_WIPE:
        submit(link, TASK_WIPE, NULL);
        break;
    case AGENT_SEND:
        if (link->conn != NULL)
            (void)conn_send(link->conn, action->bytes.p, action->bytes.n);
        break;
    case AGENT_PAUSE:
        if (link->conn != NULL)
            conn_pause(link->conn);
        break;
    case AGENT_RESUME:
        if (link->conn != NULL)
            conn_resume(link->conn);
        break;
    case AGENT_TIMER:
        if (action->at_ms == 0)
            loop_timer_stop(&link->timer);
        else
            loop_timer_start(&link->timer, action->at_ms > now_ms ? action->at_ms - now_ms : 0);
        break;
    case AGENT_CLOSE:
        hang_up(link, action->err);
        break;
    case AGENT_DIAL:
        dial(link);
        break;
    case AGENT_SYNCED:
    case AGENT_FAILED:
        break; /* told at the end of the step */
    }
}

static bool at_rest(const struct link *link)
{
    return agent_state(link->agent) == AGENT_IDLE && link->dial == NULL && link->conn == NULL &&
           link->errand == NULL && !link->working && !link->undialled && !link->unworked;
}

static void on_timer_closed(struct loop_timer *timer, void *arg)
{
    struct link *link = arg;
    (void)timer;
    if (--link->timers_open > 0)
        return;
    tell(link, LINK_CLOSED, ERR_OK, -1);
    agent_free(link->agent);
    tls_config_free(link->tls);
    tls_session_done(&link->resume);
    mem_free(link);
}

static void close_when_at_rest(struct link *link)
{
    if (!link->closing || link->ended || !at_rest(link))
        return;
    link->ended = true;
    loop_timer_close(&link->timer, on_timer_closed);
    loop_timer_close(&link->soon, on_timer_closed);
}

/* One step of the agent, and what follows from it. The owner is told last. */
static void happens(struct link *link, struct agent_event event)
{
    struct agent_action actions[AGENT_ACTIONS_MAX];
    event.now_ms = clock_mono_ms();
    random_bytes(&event.random, sizeof event.random);
    size_t n = agent_step(link->agent, &event, actions);
    for (size_t i = 0; i < n; i++)
        carry_out(link, &actions[i], event.now_ms);
    bool was = link->connected;
    link->connected = agent_connected(link->agent);
    if (link->connected && !was)
        tell(link, LINK_CONNECTED, ERR_OK, -1);
    for (size_t i = 0; i < n; i++) {
        const struct agent_action *action = &actions[i];
        if (action->type != AGENT_SYNCED && action->type != AGENT_FAILED)
            continue;
        link->ended_mono_ms = event.now_ms;
        if (action->type == AGENT_SYNCED)
            tell(link, LINK_SYNCED, ERR_OK, -1);
        else
            tell(link, LINK_FAILED, action->err,
                 action->at_ms == 0 ? -1 : action->at_ms - event.now_ms);
    }
    if (event.now_ms - link->shown_mono_ms >= LINK_PROGRESS_MS &&
        agent_state(link->agent) == AGENT_TALKING) {
        link->shown_mono_ms = event.now_ms;
        tell(link, LINK_PROGRESS, ERR_OK, -1);
    }
    close_when_at_rest(link);
}

static void on_timer(struct loop_timer *timer, void *arg)
{
    (void)timer;
    happens(arg, (struct agent_event){.type = AGENT_EV_TIMER});
}

/* Wishes of the owner, and failures of carry_out, which must not call the agent from inside
 * its step. */
static void on_soon(struct loop_timer *timer, void *arg)
{
    struct link *link = arg;
    (void)timer;
    if (link->unworked) {
        link->unworked = false;
        happens(link, link->task == TASK_WIPE
                          ? (struct agent_event){.type = AGENT_EV_WIPED, .err = link->wiped}
                          : (struct agent_event){.type = AGENT_EV_JOB});
    }
    if (link->undialled) {
        link->undialled = false;
        happens(link,
                (struct agent_event){.type = AGENT_EV_CLOSED, .err = link->undialled_err});
    }
    for (unsigned i = 0; i < WISH_COUNT; i++) {
        if ((link->wishes & 1U << i) == 0)
            continue;
        link->wishes &= ~(1U << i);
        happens(link, (struct agent_event){.type = wish_events[i]});
    }
}

/* ---- the owner ---- */

static void wish(struct link *link, enum wish wish)
{
    link->wishes |= 1U << wish;
    if (!link->ended)
        loop_timer_start(&link->soon, 0);
}

static void wish_sync(struct link *link, enum wish how)
{
    link->began_mono_ms = clock_mono_ms();
    link->ended_mono_ms = 0;
    wish(link, how);
}

enum err link_open(const struct link_cfg *cfg, struct link **out, struct note *why)
{
    struct tls_setup setup = {.key = buf_str(&cfg->key->der),
                              .cert = buf_str(&cfg->key->cert),
                              .ca = buf_str(&cfg->key->ca),
                              .next = cfg->key->next.p,
                              .relay = true};
    struct link *link = mem_new(sizeof *link);
    if (link == NULL)
        return ERR_NOMEM;
    link->cfg = *cfg;
    link->agent = agent_new(cfg->live);
    enum err err = link->agent == NULL ? ERR_NOMEM : tls_config_new(&setup, &link->tls, why);
    if (err != ERR_OK) {
        agent_free(link->agent);
        mem_free(link);
        return err;
    }
    loop_timer_init(cfg->loop, &link->timer, on_timer, link);
    loop_timer_init(cfg->loop, &link->soon, on_soon, link);
    link->timers_open = 2;
    *out = link;
    return ERR_OK;
}

void link_want(struct link *link)
{
    wish_sync(link, WISH_SYNC);
}

void link_afresh(struct link *link)
{
    wish_sync(link, WISH_AFRESH);
}

void link_restart(struct link *link)
{
    wish_sync(link, WISH_RESTART);
}

void link_saved(struct link *link)
{
    wish(link, WISH_SAVED);
}

void link_network(struct link *link)
{
    wish(link, WISH_NETWORK);
}

void link_stop(struct link *link)
{
    link->wishes = 0;
    wish(link, WISH_STOP);
}

uint64_t link_dials(const struct link *link)
{
    return agent_dials(link->agent);
}

bool link_sent_away(const struct link *link)
{
    return agent_sent_away(link->agent);
}

void link_close(struct link *link)
{
    link->closing = true;
    link_stop(link);
}

struct link_tally link_tally(const struct link *link)
{
    struct link_tally tally = {.rows = agent_tally(link->agent),
                               .deposited = link->deposited,
                               .bytes_in = link->bytes_in,
                               .bytes_out = link->bytes_out};
    tally.rows.pushed += link->errands.pushed;
    tally.rows.pulled += link->errands.pulled;
    tally.rows.conflicts += link->errands.conflicts;
    tally.rows.refused += link->errands.refused;
    agent_progress(link->agent, &tally.judged, &tally.total);
    if (link->conn != NULL) {
        tally.bytes_in += conn_bytes_in(link->conn);
        tally.bytes_out += conn_bytes_out(link->conn);
    }
    int64_t end = link->ended_mono_ms == 0 ? clock_mono_ms() : link->ended_mono_ms;
    tally.ms = link->began_mono_ms == 0 ? 0 : end - link->began_mono_ms;
    return tally;
}

/* ---- one sync ---- */

struct once {
    const struct link_cfg *cfg; /* of the caller */
    struct loop loop;
    struct jobs jobs;
    struct link *link; /* NULL once closed */
    enum err err;
    struct note *why;
    struct link_tally *tally;
};

static enum err once_wipe(void *arg)
{
    struct once *once = arg;
    return once->cfg->wipe(once->cfg->arg);
}

static void once_on_event(struct link *link, const struct link_event *event, void *arg)
{
    struct once *once = arg;
    *once->tally = link_tally(link);
    switch (event->type) {
    case LINK_PROGRESS:
    case LINK_CONNECTED:
        break;
    case LINK_SYNCED:
    case LINK_FAILED:
        once->err = event->err;
        if (event->err != ERR_OK && once->why != NULL)
            *once->why = *event->why;
        link_close(link);
        break;
    case LINK_CLOSED:
        once->link = NULL;
        jobs_close(&once->jobs, NULL, NULL);
        break;
    }
    if (event->type == LINK_PROGRESS && once->cfg->cb != NULL)
        once->cfg->cb(link, event, once->cfg->arg);
}

static void once_on_signal(struct loop *loop, void *arg)
{
    struct once *once = arg;
    (void)loop;
    if (once->link != NULL)
        link_stop(once->link);
}

/* With an open loop and job thread. */
static enum err once_run(struct once *once)
{
    struct link_cfg cfg = {.loop = &once->loop,
                           .jobs = &once->jobs,
                           .store = once->cfg->store,
                           .key = once->cfg->key,
                           .cb = once_on_event,
                           .wipe = once_wipe,
                           .arg = once};
    enum err err = loop_signals(&once->loop, once_on_signal, once);
    if (err == ERR_OK)
        err = link_open(&cfg, &once->link, once->why);
    if (err == ERR_OK)
        link_want(once->link);
    else
        jobs_close(&once->jobs, NULL, NULL);
    loop_run(&once->loop);
    return err == ERR_OK ? once->err : err;
}

enum err link_once(const struct link_cfg *cfg, struct link_tally *tally, struct note *why)
{
    struct once once = {.cfg = cfg, .why = why, .tally = tally};
    *tally = (struct link_tally){0};
    enum err err = loop_init(&once.loop);
    if (err != ERR_OK)
        return err;
    err = jobs_open(&once.jobs, &once.loop, LINK_JOBS_MAX);
    if (err == ERR_OK)
        err = once_run(&once);
    loop_done(&once.loop);
    return err;
}
