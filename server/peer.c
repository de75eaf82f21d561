/* SPDX-License-Identifier: Apache-2.0 */
#include "server/peer.h"

#include "io/clock.h"
#include "io/log.h"
#include "io/random.h"
#include "io/rate.h"

struct peer {
    struct peers *all;
    struct conn *conn;
    uint64_t id;   /* the hub's number; 0: not through TLS yet */
    bool paused;   /* no frames to the hub */
    bool closing;  /* HUB_CLOSE came */
    bool in_frame; /* a frame has begun: the short deadline runs */
    struct peer *next, *previous;
};

static void job_run(struct job *job)
{
    struct peer_job *p = (struct peer_job *)job;
    hub_job_run(p->peers->cfg.store, p->of);
}

static uint64_t feed(struct peers *peers, struct hub_event event);

static void job_done(struct job *job)
{
    struct peer_job *p = (struct peer_job *)job;
    struct hub_job *of = p->of;
    p->of = NULL;
    (void)feed(p->peers, (struct hub_event){.type = HUB_EV_JOB, .job = of});
}

static void submit(struct peers *peers, struct hub_job *of)
{
    for (size_t i = 0; i < LIMIT_JOBS; i++) {
        struct peer_job *p = &peers->jobs[i];
        if (p->of != NULL)
            continue;
        *p = (struct peer_job){
            .job = {.run = job_run, .done = job_done}, .of = of, .peers = peers};
        must(jobs_submit(peers->cfg.jobs, &p->job) == ERR_OK);
        return;
    }
    must(false); /* the hub never has more in flight */
}

/* A line about how a peer ended. Strangers cause these: they must not fill the disk. */
static void note_end(struct peers *peers, uint64_t id, enum err err)
{
    static const struct rate rate = {LIMIT_LOG_MS, LIMIT_LOG_BURST};
    if (!rate_take(&rate, &peers->logged_ms, clock_mono_ms())) {
        peers->unlogged++;
        return;
    }
    if (peers->unlogged > 0)
        log_info("peers: %llu more ended badly", (unsigned long long)peers->unlogged);
    peers->unlogged = 0;
    log_info("peer %llu: %s", (unsigned long long)id, err_text(err));
}

static void close_peer(struct peer *peer, enum err err)
{
    peer->closing = true;
    if (err != ERR_OK && err != ERR_LATER)
        note_end(peer->all, peer->id, err);
    conn_close(peer->conn, err);
}

static void carry_out(struct peers *peers, const struct hub_action *a)
{
    struct peer *peer = a->owner;
    switch (a->type) {
    case HUB_SEND:
        if (conn_send(peer->conn, a->bytes.p, a->bytes.n) >= CONN_OUT_BYTES_HIGH)
            hub_filled(peers->hub, a->peer);
        return;
    case HUB_CLOSE:
        close_peer(peer, a->err);
        return;
    case HUB_PAUSE:
        peer->paused = true;
        conn_pause(peer->conn);
        return;
    case HUB_RESUME:
        peer->paused = false;
        conn_resume(peer->conn);
        return;
    case HUB_JOB:
        submit(peers, a->job);
        return;
    case HUB_TIMER: {
        int64_t ms = a->at_ms - clock_mono_ms();
        loop_timer_start(&peers->timer, ms > 0 ? ms : 0);
        return;
    }
    case HUB_FAILED:
        peers->failed = a->err;
        return;
    case HUB_DONE:
        peers->drained = true;
        return;
    }
}

/* Tell the service what it must know: last, for it may close everything. */
static void tell(struct peers *peers)
{
    enum err failed = peers->failed;
    peers->failed = ERR_OK;
    if (failed != ERR_OK)
        peers->cfg.on_failed(peers->cfg.arg, failed);
    if (!peers->drained || peers->first != NULL)
        return;
    peers->drained = false;
    peers->cfg.on_drained(peers->cfg.arg);
}

/* What spreads times out: each event has some, few are drawn from. */
static uint64_t random_bits(struct peers *peers)
{
    if (peers->random_left == 0) {
        random_bytes(peers->random, sizeof peers->random);
        peers->random_left = sizeof peers->random / sizeof *peers->random;
    }
    return peers->random[--peers->random_left];
}

/* Feed one event, carry out what follows. */
static uint64_t feed(struct peers *peers, struct hub_event event)
{
    const struct hub_action *actions = NULL;
    size_t n = 0;
    event.now_ms = clock_mono_ms();
    event.random = random_bits(peers);
    uint64_t id = hub_step(peers->hub, &event, &actions, &n);
    for (size_t i = 0; i < n; i++)
        carry_out(peers, &actions[i]);
    tell(peers);
    return id;
}

static void on_timer(struct loop_timer *timer, void *arg)
{
    (void)timer;
    (void)feed(arg, (struct hub_event){.type = HUB_EV_TIMER});
}

static void opened(struct peer *peer)
{
    uint8_t key[CONN_KEY_BYTES];
    bool has_key = conn_peer_key(peer->conn, key);
    peer->id = feed(peer->all,
                    (struct hub_event){.type = HUB_EV_OPEN,
                                       .key = has_key ? key : NULL,
                                       .former = has_key ? conn_peer_former(peer->conn) : NULL,
                                       .owner = peer});
    if (peer->id == 0)
        conn_close(peer->conn, ERR_NOMEM);
}

/* A frame begun must go on; without one the hub's own terms hold. */
static void set_deadline(struct peer *peer, bool in_frame)
{
    if (in_frame == peer->in_frame || peer->closing)
        return;
    peer->in_frame = in_frame;
    if (in_frame)
        conn_deadline(peer->conn, LIMIT_FRAME_MS, LIMIT_FRAME_BYTES);
    else
        conn_deadline(peer->conn, 2 * LIMIT_DEAD_MS, 1);
}

/* Give the hub the frames at hand, as many as it wants now; how many bytes they were. */
static size_t take(struct peer *peer, struct str data)
{
    size_t took = 0;
    bool partial = false;
    while (!peer->paused && !peer->closing && took < data.n) {
        struct str rest = {data.p + took, data.n - took};
        struct str body = {NULL, 0};
        size_t used = 0;
        enum err err = frame_next(rest, hub_frame_max(peer->all->hub, peer->id), &body, &used);
        struct hub_event event = {.type = HUB_EV_FRAME, .peer = peer->id, .bytes = body};
        if (err != ERR_OK)
            event = (struct hub_event){.type = HUB_EV_BROKEN, .peer = peer->id, .err = err};
        else if (used == 0)
            partial = true;
        if (partial)
            break;
        took += used;
        (void)feed(peer->all, event);
    }
    set_deadline(peer, partial);
    return peer->closing ? data.n : took;
}

static void closed(struct peer *peer, enum err err)
{
    struct peers *peers = peer->all;
    uint64_t id = peer->id;
    if (err != ERR_OK && err != ERR_CLOSED && !peer->closing)
        note_end(peers, id, err);
    if (peer->previous != NULL)
        peer->previous->next = peer->next;
    else
        peers->first = peer->next;
    if (peer->next != NULL)
        peer->next->previous = peer->previous;
    conn_free(peer->conn);
    mem_free(peer);
    if (id != 0)
        (void)feed(peers, (struct hub_event){.type = HUB_EV_CLOSED, .peer = id});
    else
        tell(peers);
}

static void on_conn(struct conn *conn, struct conn_event *event, void *arg)
{
    struct peer *peer = arg;
    (void)conn;
    switch (event->kind) {
    case CONN_OPEN:
        opened(peer);
        return;
    case CONN_DATA:
        event->took = take(peer, event->data);
        return;
    case CONN_DRAINED:
        (void)feed(peer->all, (struct hub_event){.type = HUB_EV_DRAINED, .peer = peer->id});
        return;
    case CONN_CLOSED:
        closed(peer, event->err);
        return;
    }
}

enum err peers_open(struct peers *peers, const struct peers_cfg *cfg)
{
    *peers = (struct peers){.cfg = *cfg, .hub = hub_new(cfg->ca)};
    if (peers->hub == NULL)
        return ERR_NOMEM;
    loop_timer_init(cfg->loop, &peers->timer, on_timer, peers);
    return ERR_OK;
}

void peers_take(struct peers *peers, struct conn *conn)
{
    struct peer *peer = mem_new(sizeof *peer);
    if (peer == NULL) {
        conn_discard(conn);
        return;
    }
    *peer = (struct peer){.all = peers, .conn = conn, .next = peers->first};
    if (peers->first != NULL)
        peers->first->previous = peer;
    peers->first = peer;
    conn_listen_to(conn, on_conn, peer);
}

void peers_committed(struct peers *peers, uint64_t seq)
{
    (void)feed(peers, (struct hub_event){.type = HUB_EV_COMMITTED, .seq = seq});
}

void peers_device(struct peers *peers, uint32_t device, enum device_state state)
{
    (void)feed(peers,
               (struct hub_event){.type = HUB_EV_DEVICE, .device = device, .state = state});
}

struct hub_stats peers_stats(const struct peers *peers)
{
    return hub_stats(peers->hub);
}

void peers_drain(struct peers *peers)
{
    for (struct peer *peer = peers->first; peer != NULL; peer = peer->next)
        if (peer->id == 0) /* still in its handshake: nothing to say to it */
            conn_abort(peer->conn, ERR_LATER);
    (void)feed(peers, (struct hub_event){.type = HUB_EV_DRAIN});
}

void peers_abort(struct peers *peers)
{
    for (struct peer *peer = peers->first; peer != NULL; peer = peer->next)
        conn_abort(peer->conn, ERR_LATER);
}

void peers_close(struct peers *peers, loop_timer_cb on_closed)
{
    must(peers->first == NULL);
    hub_free(peers->hub);
    peers->hub = NULL;
    loop_timer_close(&peers->timer, on_closed);
}
