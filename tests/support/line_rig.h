/* SPDX-License-Identifier: Apache-2.0 */
/* Agents and a hub on the real stores of a twin, in one thread: whole conversations, byte for
 * byte. For the one test that includes it; every failure ends that. */
#ifndef SUPPORT_LINE_RIG_H
#define SUPPORT_LINE_RIG_H

#include "client/agent.h"
#include "server/hub.h"
#include "support/rng.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { THINGS_MAX = 4096, TURNS_MAX = 200000, STEP_MS = 1 };

enum thing_kind {
    HUB_BYTES, /* for the hub, of replica */
    HUB_CLOSED,
    HUB_RUN, /* a job of the hub */
    AGENT_OPEN,
    AGENT_BYTES,
    AGENT_GONE,
    AGENT_RUN, /* the agent's job */
};
struct thing {
    enum thing_kind kind;
    size_t replica;
    uint64_t link; /* which connection of this replica */
    struct buf bytes;
    struct hub_job *job;
};

/* One replica's way to the server. */
struct line {
    struct agent *agent;
    struct agent_job *job;
    uint64_t link; /* number of the present connection; 0: none */
    uint64_t peer; /* as the hub numbers it */
    uint8_t key[32];
    struct buf heard; /* by the hub, no whole frame yet */
    bool synced;
    enum err failed;
    uint64_t to_hub, to_agent; /* frames, of the last sync */
    uint64_t bytes;            /* of the last sync, both ways */
    uint64_t cut_after;        /* bytes of either way until the line is cut; 0: never */
};

struct world {
    struct twin twin;
    struct hub *hub;
    struct line lines[TWIN_REPLICAS_MAX];
    struct thing things[THINGS_MAX]; /* ring */
    size_t first, count;
    int64_t now_ms;
    int64_t hub_at_ms; /* 0: no timer */
    uint64_t links;
    struct rng rng;
};

static void post(struct world *w, struct thing thing)
{
    assert_true(w->count < THINGS_MAX);
    w->things[(w->first + w->count++) % THINGS_MAX] = thing;
}

static struct buf copy(struct str bytes)
{
    struct buf out = {0};
    buf_add(&out, bytes.p, bytes.n);
    assert_int_equal(out.err, ERR_OK);
    return out;
}

static void hub_event(struct world *w, struct hub_event event, uint64_t *peer)
{
    const struct hub_action *actions = NULL;
    size_t count = 0;
    event.now_ms = w->now_ms;
    event.random = rng_next(&w->rng);
    uint64_t number = hub_step(w->hub, &event, &actions, &count);
    if (peer != NULL)
        *peer = number;
    for (size_t i = 0; i < count; i++) {
        const struct hub_action *a = &actions[i];
        struct line *line = a->owner;
        size_t replica = line == NULL ? 0 : (size_t)(line - w->lines);
        if (a->type == HUB_SEND)
            post(w, (struct thing){AGENT_BYTES, replica, line->link, copy(a->bytes), NULL});
        else if (a->type == HUB_CLOSE)
            post(w, (struct thing){AGENT_GONE, replica, line->link, {0}, NULL});
        else if (a->type == HUB_JOB)
            post(w, (struct thing){.kind = HUB_RUN, .job = a->job});
        else if (a->type == HUB_TIMER)
            w->hub_at_ms = a->at_ms;
        else
            assert_int_not_equal(a->type, HUB_FAILED);
    }
}

static void agent_event(struct world *w, size_t replica, struct agent_event event)
{
    struct line *line = &w->lines[replica];
    struct agent_action actions[AGENT_ACTIONS_MAX];
    event.now_ms = w->now_ms;
    event.random = rng_next(&w->rng);
    size_t n = agent_step(line->agent, &event, actions);
    for (size_t i = 0; i < n; i++) {
        const struct agent_action *a = &actions[i];
        if (a->type == AGENT_DIAL) {
            line->link = ++w->links;
            post(w, (struct thing){AGENT_OPEN, replica, line->link, {0}, NULL});
        } else if (a->type == AGENT_JOB) {
            line->job = a->job;
            post(w, (struct thing){AGENT_RUN, replica, line->link, {0}, NULL});
        } else if (a->type == AGENT_SEND) {
            post(w, (struct thing){HUB_BYTES, replica, line->link, copy(a->bytes), NULL});
        } else if (a->type == AGENT_CLOSE) {
            post(w, (struct thing){HUB_CLOSED, replica, line->link, {0}, NULL});
        } else if (a->type == AGENT_SYNCED) {
            line->synced = true;
        } else if (a->type == AGENT_FAILED) {
            line->failed = a->err;
        }
    }
}

/* Both ends hear that the line is gone. */
static void hang_up(struct world *w, size_t replica)
{
    struct line *line = &w->lines[replica];
    uint64_t peer = line->peer;
    line->link = 0;
    line->peer = 0;
    buf_clear(&line->heard);
    if (peer != 0)
        hub_event(w, (struct hub_event){.type = HUB_EV_CLOSED, .peer = peer}, NULL);
    agent_event(w, replica, (struct agent_event){.type = AGENT_EV_CLOSED, .err = ERR_CLOSED});
}

static void hub_hears(struct world *w, struct line *line, struct str bytes)
{
    buf_add(&line->heard, bytes.p, bytes.n);
    while (line->peer != 0) {
        struct str body = {NULL, 0};
        size_t used = 0;
        enum err err =
            frame_next(buf_str(&line->heard), hub_frame_max(w->hub, line->peer), &body, &used);
        assert_int_equal(err, ERR_OK);
        if (used == 0)
            break;
        line->to_hub++;
        hub_event(w,
                  (struct hub_event){.type = HUB_EV_FRAME, .peer = line->peer, .bytes = body},
                  NULL);
        buf_drop(&line->heard, used);
    }
}

/* Is the line cut before these bytes arrive? */
static bool cut(struct world *w, size_t replica, size_t n)
{
    struct line *line = &w->lines[replica];
    line->bytes += n;
    if (line->cut_after == 0 || line->bytes < line->cut_after)
        return false;
    line->cut_after = 0;
    hang_up(w, replica);
    return true;
}

static void arrive(struct world *w, struct thing *thing)
{
    struct line *line = &w->lines[thing->replica];
    struct str bytes = buf_str(&thing->bytes);
    switch (thing->kind) {
    case AGENT_OPEN:
        hub_event(w, (struct hub_event){.type = HUB_EV_OPEN, .key = line->key, .owner = line},
                  &line->peer);
        assert_true(line->peer != 0);
        agent_event(w, thing->replica, (struct agent_event){.type = AGENT_EV_OPENED});
        break;
    case HUB_BYTES:
        if (!cut(w, thing->replica, bytes.n))
            hub_hears(w, line, bytes);
        break;
    case AGENT_BYTES:
        line->to_agent++;
        if (!cut(w, thing->replica, bytes.n))
            agent_event(w, thing->replica,
                        (struct agent_event){.type = AGENT_EV_BYTES, .bytes = bytes});
        break;
    case HUB_CLOSED:
    case AGENT_GONE:
        hang_up(w, thing->replica);
        break;
    case HUB_RUN:
    case AGENT_RUN:
        break;
    }
}

static void turn(struct world *w)
{
    struct thing thing = w->things[w->first];
    w->first = (w->first + 1) % THINGS_MAX;
    w->count--;
    w->now_ms += STEP_MS;
    if (thing.kind == HUB_RUN) {
        hub_job_run(w->twin.server.store, thing.job);
        hub_event(w, (struct hub_event){.type = HUB_EV_JOB, .job = thing.job}, NULL);
    } else if (thing.kind == AGENT_RUN) {
        agent_job_run(w->twin.replicas[thing.replica].store, w->lines[thing.replica].job);
        agent_event(w, thing.replica, (struct agent_event){.type = AGENT_EV_JOB});
    } else if (thing.link == w->lines[thing.replica].link && thing.link != 0) {
        arrive(w, &thing);
    }
    buf_done(&thing.bytes);
    if (w->count == 0 && w->hub_at_ms != 0 && w->hub_at_ms <= w->now_ms + 100) {
        w->now_ms = w->hub_at_ms; /* a commit that waits for company */
        w->hub_at_ms = 0;
        hub_event(w, (struct hub_event){.type = HUB_EV_TIMER}, NULL);
    }
}

static void run(struct world *w)
{
    for (unsigned i = 0; w->count > 0; i++) {
        assert_true(i < TURNS_MAX);
        turn(w);
    }
}

static void sync_begins(struct world *w, size_t replica)
{
    struct line *line = &w->lines[replica];
    line->synced = false;
    line->failed = ERR_OK;
    line->to_hub = line->to_agent = line->bytes = 0;
    agent_event(w, replica, (struct agent_event){.type = AGENT_EV_WANTED});
}

static void sync_one(struct world *w, size_t replica)
{
    sync_begins(w, replica);
    run(w);
    assert_string_equal(err_name(w->lines[replica].failed), "OK");
    assert_true(w->lines[replica].synced);
}

/* With an open twin. */
static void start_world(struct world *w, bool live)
{
    rng_init(&w->rng, 1);
    w->hub = hub_new(NULL);
    assert_non_null(w->hub);
    for (size_t i = 0; i < w->twin.count; i++) {
        w->lines[i].key[0] = (uint8_t)(i + 1); /* as twin_enrol listed it */
        w->lines[i].agent = agent_new(live);
        assert_non_null(w->lines[i].agent);
    }
    for (size_t i = 0; i < w->twin.count && !live; i++)
        sync_one(w, i);
}

static void open_world(struct world *w, size_t replicas, bool live)
{
    *w = (struct world){.now_ms = 1000};
    twin_open(&w->twin, replicas, &schema_jalon);
    start_world(w, live);
}

static void close_world(struct world *w)
{
    for (size_t i = 0; i < w->twin.count; i++) {
        agent_free(w->lines[i].agent);
        buf_done(&w->lines[i].heard);
    }
    hub_free(w->hub);
    twin_close(&w->twin);
}

#endif
