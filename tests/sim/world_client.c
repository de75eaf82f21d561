/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/papers.h"

enum { CLOSED_MS_MAX = 20, WIPE_MS_MAX = 200 };

/* Errors that say one of us is wrong, whatever the network, the disk and the clock did. */
static bool is_mistake(enum err err)
{
    static const enum err mistakes[] = {
        ERR_PROTOCOL, ERR_FORMAT,  ERR_LIMIT,  ERR_VERSION, ERR_IDENTITY, ERR_INVALID,
        ERR_CORRUPT,  ERR_REFUSED, ERR_FROZEN, ERR_EXISTS,  ERR_USAGE,    ERR_NOTFOUND,
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++)
        if (err == mistakes[i])
            return true;
    return false;
}

static void owe_closed(struct client *c)
{
    int64_t ms = rng_between(&c->node.w->wire, 0, CLOSED_MS_MAX);
    (void)world_set(c->node.w, ms, EV_CLOSED, &c->node, c->end);
}

/* Send what has found no room yet; closes when that was the end of it. */
static void flush(struct client *c)
{
    struct net *net = &c->node.w->net;
    if (!c->opened || c->end == 0)
        return;
    c->out_at += net_send(net, c->end, c->out.p + c->out_at, c->out.n - c->out_at);
    if (c->out_at < c->out.n)
        return;
    buf_clear(&c->out);
    c->out_at = 0;
    if (c->closing) {
        net_close(net, c->end);
        owe_closed(c);
    }
}

static void close_link(struct client *c, enum err err)
{
    if (!c->opened || err == ERR_TIMEOUT) {
        net_reset(&c->node.w->net, c->end);
        owe_closed(c);
        return;
    }
    c->closing = true;
    (void)world_set(c->node.w, WORLD_LINGER_MS, EV_LINGER, &c->node, c->end);
    flush(c);
}

static void dial(struct client *c)
{
    must(!c->linked);
    buf_clear(&c->out);
    c->out_at = 0;
    c->opened = false;
    c->closing = false;
    c->linked = true;
    c->end = net_dial(&c->node.w->net, c->node.at, WORLD_SERVER);
}

static void set_timer(struct client *c, int64_t at_ms)
{
    struct world *w = c->node.w;
    (void)engine_cancel(&w->engine, c->timer);
    int64_t delay = at_ms > w->engine.now_ms ? at_ms - w->engine.now_ms : 0;
    c->timer = at_ms == 0 ? 0 : world_set(w, delay, EV_TIMER, &c->node, 0);
}

static void on_failed(struct client *c, enum err err)
{
    c->failed = err;
    world_say(c->node.w, "node %u: sync failed: %s", c->node.at, err_name(err));
    /* Of two machines with one key each hears of operations it did not save, and comes again.
     */
    bool doubled = err == ERR_PROTOCOL && c->spare != 0;
    if (is_mistake(err) && !c->revoked && !doubled)
        world_fail(c->node.w, "node %u: a sync ended with %s", c->node.at, err_name(err));
}

static void carry_out(struct client *c, const struct agent_action *a)
{
    struct world *w = c->node.w;
    switch (a->type) {
    case AGENT_JOB:
        node_submit(&c->node, a->job);
        return;
    case AGENT_WIPE:
        (void)world_set(w, rng_between(&w->wire, 0, WIPE_MS_MAX), EV_WIPED, &c->node, 0);
        return;
    case AGENT_SEND:
        engine_trace(&w->engine, a->bytes.p, a->bytes.n);
        buf_add(&c->out, a->bytes.p, a->bytes.n);
        if (c->out.err != ERR_OK || c->out.n - c->out_at > WORLD_OUT_BYTES_MAX)
            world_fail(w, "node %u: %zu bytes wait to be sent", c->node.at, c->out.n);
        flush(c);
        return;
    case AGENT_PAUSE:
    case AGENT_RESUME:
        net_pause(&w->net, c->end, a->type == AGENT_PAUSE);
        return;
    case AGENT_TIMER:
        set_timer(c, a->at_ms);
        return;
    case AGENT_CLOSE:
        close_link(c, a->err);
        return;
    case AGENT_DIAL:
        dial(c);
        return;
    case AGENT_SYNCED:
        c->failed = ERR_OK;
        c->syncs++;
        world_say(w, "node %u: synced", c->node.at);
        return;
    case AGENT_FAILED:
        on_failed(c, a->err);
        return;
    }
}

void client_feed(struct client *c, struct agent_event event)
{
    struct world *w = c->node.w;
    struct agent_action actions[AGENT_ACTIONS_MAX];
    if (c->agent == NULL)
        return;
    event.now_ms = w->engine.now_ms;
    event.random = rng_next(&w->wire);
    size_t n = agent_step(c->agent, &event, actions);
    for (size_t i = 0; i < n; i++)
        carry_out(c, &actions[i]);
}

void client_job_run(struct client *c, void *job)
{
    const struct agent_job *j = job;
    agent_job_run(c->node.store, job);
    world_say(c->node.w, "node %u: job %d: %s", c->node.at, (int)j->type, err_name(j->err));
    if (j->type == AGENT_JOB_CONTENT)
        papers_synced(c->node.w, c);
    hlc_t last = 0;
    if (oracle_clock(c->node.store, &last) &&
        hlc_ms(last) > c->node.wall_max_ms + HLC_AHEAD_MS_MAX)
        world_fail(c->node.w, "I7 node %u: its clock was moved to %lld", c->node.at,
                   (long long)hlc_ms(last));
}

static void closed(struct client *c, enum err err)
{
    if (!c->linked)
        return;
    c->linked = false;
    c->end = 0;
    c->opened = false;
    client_feed(c, (struct agent_event){.type = AGENT_EV_CLOSED, .err = err});
}

static enum err why_closed(enum net_why why)
{
    switch (why) {
    case NET_ENDED:
    case NET_RESET:
        return ERR_CLOSED;
    case NET_REFUSED:
        return ERR_OFFLINE;
    case NET_TIMED_OUT:
        return ERR_TIMEOUT;
    }
    return ERR_CLOSED;
}

void client_on_net(struct client *c, const struct net_event *event)
{
    if (event->end != c->end)
        return;
    switch (event->kind) {
    case NET_OPEN:
        c->opened = true;
        client_feed(c, (struct agent_event){.type = AGENT_EV_OPENED});
        return;
    case NET_DATA:
        if (!c->closing)
            client_feed(c,
                        (struct agent_event){.type = AGENT_EV_BYTES,
                                             .bytes = {(const char *)event->bytes, event->n}});
        return;
    case NET_DRAINED:
        flush(c);
        return;
    case NET_CLOSED:
        closed(c, why_closed(event->why));
        return;
    }
}

/* The key first, then the database. */
static void wipe(struct client *c)
{
    store_close(c->node.store);
    c->node.store = NULL;
    c->wiped = true;
    world_say(c->node.w, "node %u: wiped", c->node.at);
    for (const char *name = disk_name(c->node.disk, 0); name != NULL;
         name = disk_name(c->node.disk, 0)) {
        char copy[DISK_NAME_BYTES];
        (void)snprintf(copy, sizeof copy, "%s", name);
        if (disk_delete(c->node.disk, copy) != ERR_OK)
            break;
    }
    client_feed(c, (struct agent_event){.type = AGENT_EV_WIPED});
}

void client_on_world(struct client *c, const struct event *event)
{
    bool same = event->c == c->end && c->linked;
    if (event->kind == EV_TIMER) {
        c->timer = 0;
        client_feed(c, (struct agent_event){.type = AGENT_EV_TIMER});
    } else if (event->kind == EV_CLOSED && same) {
        closed(c, ERR_CLOSED);
    } else if (event->kind == EV_LINGER && same) {
        net_reset(&c->node.w->net, c->end);
        closed(c, ERR_CLOSED);
    } else if (event->kind == EV_WIPED) {
        wipe(c);
    }
}

void client_start(struct client *c)
{
    c->agent = agent_new(c->live);
    must(c->agent != NULL);
    c->timer = 0;
    c->linked = false;
    c->end = 0;
    c->opened = false;
    c->closing = false;
    oracle_client_opened(c->node.w, &c->node);
    client_feed(c, (struct agent_event){.type = AGENT_EV_WANTED});
}

/* agent_free wants no job out: bring the machine to rest without anyone hearing of it. */
void client_end(struct client *c)
{
    struct agent_action actions[AGENT_ACTIONS_MAX];
    struct lane *lane = &c->node.jobs;
    size_t out = lane->queued_n + lane->done_n;
    if (c->agent == NULL)
        return;
    struct agent_event stop = {.type = AGENT_EV_STOP, .now_ms = c->node.w->engine.now_ms};
    (void)agent_step(c->agent, &stop, actions);
    struct agent_event done = {.type = AGENT_EV_JOB, .now_ms = stop.now_ms};
    for (; out > 0; out--)
        (void)agent_step(c->agent, &done, actions);
    agent_free(c->agent);
    (void)engine_cancel(&c->node.w->engine, c->timer);
    c->agent = NULL;
    c->timer = 0;
    c->linked = false;
    c->end = 0;
}
