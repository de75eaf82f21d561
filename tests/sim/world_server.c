/* SPDX-License-Identifier: Apache-2.0 */
#include "server/hub_inside.h"
#include "tests/sim/erasing.h"

enum { CLOSED_MS_MAX = 20 };

static bool is_mistake(enum err err)
{
    return err == ERR_PROTOCOL || err == ERR_FORMAT || err == ERR_LIMIT || err == ERR_VERSION ||
           err == ERR_IDENTITY || err == ERR_INVALID || err == ERR_NOTFOUND ||
           err == ERR_REFUSED || err == ERR_EXISTS;
}

static size_t place_of(const struct server *s, uint64_t end)
{
    size_t i = 0;
    while (i < s->peers_n && s->peers[i]->end != end)
        i++;
    return i;
}

static struct peer *peer_of(const struct server *s, uint64_t end)
{
    size_t i = place_of(s, end);
    return i < s->peers_n ? s->peers[i] : NULL;
}

static void peer_free(struct peer *p)
{
    buf_done(&p->in);
    buf_done(&p->out);
    mem_free(p);
}

static void drop(struct server *s, uint64_t end)
{
    size_t i = place_of(s, end);
    if (i == s->peers_n)
        return;
    uint64_t id = s->peers[i]->id;
    peer_free(s->peers[i]);
    s->peers[i] = s->peers[--s->peers_n];
    if (id != 0)
        server_feed(s, (struct hub_event){.type = HUB_EV_CLOSED, .peer = id});
}

static void flush(struct server *s, struct peer *p)
{
    struct world *w = s->node.w;
    p->out_at += net_send(&w->net, p->end, p->out.p + p->out_at, p->out.n - p->out_at);
    if (p->out_at < p->out.n)
        return;
    buf_clear(&p->out);
    p->out_at = 0;
    if (!p->closing)
        return;
    net_close(&w->net, p->end);
    (void)world_set(w, rng_between(&w->wire, 0, CLOSED_MS_MAX), EV_CLOSED, &s->node, p->end);
}

static void send_to(struct server *s, struct peer *p, struct str bytes)
{
    struct world *w = s->node.w;
    oracle_sent(w, p->from, p->denied, bytes);
    engine_trace(&w->engine, bytes.p, bytes.n);
    buf_add(&p->out, bytes.p, bytes.n);
    flush(s, p);
    size_t waiting = p->out.n - p->out_at;
    if (waiting >= WORLD_OUT_BYTES_HIGH) {
        p->filled = true;
        hub_filled(s->hub, p->id);
    }
    if (p->out.err != ERR_OK || waiting > WORLD_OUT_BYTES_MAX)
        world_fail(w, "I13 server: %zu bytes wait for node %u", waiting, p->from);
}

static void pump_soon(struct server *s, struct peer *p)
{
    if (p->pumped)
        return;
    p->pumped = true;
    (void)world_set(s->node.w, 0, EV_PUMP, &s->node, p->end);
}

static void close_peer(struct server *s, struct peer *p, enum err err)
{
    struct world *w = s->node.w;
    p->closing = true;
    world_say(w, "server: ends with node %u: %s", p->from, err_name(err));
    if (is_mistake(err) && !world_client(w, p->from)->revoked)
        world_fail(w, "server: ended with node %u for %s", p->from, err_name(err));
    (void)world_set(w, WORLD_LINGER_MS, EV_LINGER, &s->node, p->end);
    flush(s, p);
}

static void carry_out(struct server *s, const struct hub_action *a)
{
    struct world *w = s->node.w;
    struct peer *p = a->owner;
    switch (a->type) {
    case HUB_SEND:
        send_to(s, p, a->bytes);
        return;
    case HUB_CLOSE:
        close_peer(s, p, a->err);
        return;
    case HUB_PAUSE:
    case HUB_RESUME:
        p->paused = a->type == HUB_PAUSE;
        net_pause(&w->net, p->end, p->paused);
        if (!p->paused)
            pump_soon(s, p);
        return;
    case HUB_JOB:
        node_submit(&s->node, a->job);
        return;
    case HUB_TIMER:
        (void)engine_cancel(&w->engine, s->timer);
        s->timer = world_set(w, a->at_ms > w->engine.now_ms ? a->at_ms - w->engine.now_ms : 0,
                             EV_TIMER, &s->node, 0);
        return;
    case HUB_FAILED:
    case HUB_DONE:
        (void)world_set(w, rng_between(&w->wire, 0, 500), EV_FAILED, &s->node, 0);
        return;
    }
}

static uint64_t step(struct server *s, struct hub_event event)
{
    const struct hub_action *actions = NULL;
    size_t n = 0;
    event.now_ms = s->node.w->engine.now_ms;
    event.random = rng_next(&s->node.w->wire);
    uint64_t id = hub_step(s->hub, &event, &actions, &n);
    if (event.type == HUB_EV_OPEN)
        ((struct peer *)event.owner)->id = id;
    for (size_t i = 0; i < n; i++)
        carry_out(s, &actions[i]);
    return id;
}

void server_feed(struct server *s, struct hub_event event)
{
    if (s->hub != NULL)
        (void)step(s, event);
}

void server_job_run(struct server *s, void *job)
{
    struct world *w = s->node.w;
    hub_job_run(s->node.store, job);
    world_say(w, "server: job %d: %s", (int)((struct hub_job *)job)->kind,
              err_name(((struct hub_job *)job)->err));
    hlc_t last = 0;
    if (oracle_clock(s->node.store, &last) &&
        hlc_ms(last) > s->node.wall_max_ms + HLC_AHEAD_MS_MAX)
        world_fail(w, "I7 the server's clock was moved to %lld", (long long)hlc_ms(last));
}

/* Give the hub the whole frames at hand, as many as it wants. */
static void pump(struct server *s, struct peer *p)
{
    uint64_t end = p->end;
    size_t took = 0;
    while (!p->paused && !p->closing) {
        struct str rest = {(const char *)p->in.p + took, p->in.n - took};
        struct str body = {NULL, 0};
        size_t used = 0;
        enum err err =
            rest.n == 0 ? ERR_OK : frame_next(rest, hub_frame_max(s->hub, p->id), &body, &used);
        if (err != ERR_OK)
            world_fail(s->node.w, "server: node %u sent no frames: %s", p->from, err_name(err));
        if (used == 0)
            break;
        took += used;
        server_feed(s, (struct hub_event){.type = HUB_EV_FRAME, .peer = p->id, .bytes = body});
        must(peer_of(s, end) == p);
    }
    buf_drop(&p->in, took);
}

static void on_open(struct server *s, const struct net_event *event)
{
    struct client *c = world_client(s->node.w, event->peer);
    struct peer *p = mem_new(sizeof *p);
    must(p != NULL);
    p->end = event->end;
    p->from = event->peer;
    p->denied = c->revoked;
    if (s->peers_n == s->peers_room) {
        s->peers_room = s->peers_room == 0 ? 16 : 2 * s->peers_room;
        s->peers = mem_grow(s->peers, s->peers_room * sizeof(struct peer *));
        must(s->peers != NULL);
    }
    s->peers[s->peers_n++] = p;
    uint64_t id = step(s, (struct hub_event){.type = HUB_EV_OPEN, .key = c->key, .owner = p});
    must(id != 0);
}

void server_on_net(struct server *s, const struct net_event *event)
{
    if (s->hub == NULL)
        return;
    if (event->kind == NET_OPEN) {
        on_open(s, event);
        return;
    }
    struct peer *p = peer_of(s, event->end);
    if (p == NULL)
        return;
    if (event->kind == NET_CLOSED) {
        drop(s, event->end);
    } else if (event->kind == NET_DRAINED) {
        flush(s, p);
        if (p->filled && p->out.n - p->out_at < WORLD_OUT_BYTES_HIGH / 2) {
            p->filled = false;
            server_feed(s, (struct hub_event){.type = HUB_EV_DRAINED, .peer = p->id});
        }
    } else {
        buf_add(&p->in, event->bytes, event->n);
        if (p->in.n > 2 * FRAME_BYTES_MAX)
            world_fail(s->node.w, "I13 server: %zu bytes of node %u wait", p->in.n, p->from);
        pump(s, p);
    }
}

void server_on_world(struct server *s, const struct event *event)
{
    struct peer *p = peer_of(s, event->c);
    if (event->kind == EV_TIMER) {
        s->timer = 0;
        server_feed(s, (struct hub_event){.type = HUB_EV_TIMER});
    } else if (p == NULL) {
        return;
    } else if (event->kind == EV_PUMP) {
        p->pumped = false;
        pump(s, p);
    } else if (event->kind == EV_CLOSED || event->kind == EV_LINGER) {
        net_reset(&s->node.w->net, p->end);
        drop(s, event->c);
    }
}

void server_start(struct server *s)
{
    s->hub = hub_new(NULL);
    must(s->hub != NULL);
    s->timer = 0;
    net_listen(&s->node.w->net, WORLD_SERVER, true);
    oracle_server_opened(s->node.w);
}

/* hub_free wants no job out: they come back as failed, and nobody hears of it. */
void server_end(struct server *s)
{
    struct lane *lane = &s->node.jobs;
    if (s->hub == NULL)
        return;
    const struct hub_action *actions = NULL;
    size_t n = 0;
    struct hub_event event = {.type = HUB_EV_JOB, .now_ms = s->node.w->engine.now_ms};
    for (size_t i = 0; i < lane->done_n + lane->queued_n; i++) {
        event.job = i < lane->done_n ? lane->done[i] : lane->queued[i - lane->done_n];
        event.job->err = ERR_IO;
        (void)hub_step(s->hub, &event, &actions, &n);
    }
    hub_free(s->hub);
    s->hub = NULL;
    (void)engine_cancel(&s->node.w->engine, s->timer);
    s->timer = 0;
    for (size_t i = 0; i < s->peers_n; i++)
        peer_free(s->peers[i]);
    s->peers_n = 0;
}

/* ---- the operator ---- */

void server_back_up(struct server *s)
{
    struct world *w = s->node.w;
    if (s->hub == NULL)
        return;
    if (s->backup != NULL)
        disk_free(s->backup);
    s->backup = disk_snapshot(s->node.disk);
    s->backup_seq = serve_seq(s->node.store);
    s->backup_marks = w->oracle.count;
    enum err err = serve_stable(s->node.store, s->backup_seq);
    world_say(w, "server: backed up through %llu", (unsigned long long)s->backup_seq);
    if (node_survived(&s->node) && err != ERR_OK && w->calm)
        world_fail(w, "serve_stable: %s", err_name(err));
}

void server_go_back(struct server *s)
{
    struct world *w = s->node.w;
    if (s->backup == NULL)
        return;
    /* Read before the database is replaced, if it can be; the last known stands in for it. */
    if (s->hub != NULL && serve_lineage(s->node.store, &s->lineage) != ERR_OK)
        world_say(w, "server: its database cannot be read any more");
    erasing_learn(w);
    node_kill(&s->node);
    node_restore(&s->node, s->backup);
    world_say(w, "server: restored to %llu", (unsigned long long)s->backup_seq);
    oracle_server_restored(w);
    node_start(&s->node);
    must(s->hub != NULL);
    must(serve_restored(s->node.store, &s->lineage) == ERR_OK);
    must(serve_lineage(s->node.store, &s->lineage) == ERR_OK);
    erasing_again(w);
    (void)oracle_scan_server(w);
}

void server_device(struct server *s, struct client *c, enum device_state state)
{
    if (s->hub == NULL)
        return;
    enum err err = serve_device_state(s->node.store, c->device, state);
    if (!node_survived(&s->node) || err != ERR_OK)
        return;
    c->revoked = true;
    if (c->spare != 0)
        world_client(s->node.w, c->spare)->revoked = true;
    server_feed(s,
                (struct hub_event){.type = HUB_EV_DEVICE, .device = c->device, .state = state});
}
