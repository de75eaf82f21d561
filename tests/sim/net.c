/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/net_flow.h"

#include "proto/err.h"

#include <stdlib.h>
#include <string.h>

enum {
    SYN_TRIES = 6,  /* 1, 2, 4 … s apart, as Linux does */
    RETRY_MS = 1000 /* the first of these */
};

static void on_event(void *ctx, const struct event *event);
static uint64_t cut_add(struct net *net, uint32_t from, uint32_t to);
static void cut_remove(struct net *net, size_t i);

void net_knobs_calm(struct net_knobs *knobs)
{
    *knobs = (struct net_knobs){
        .rtt_min_ms = 20,
        .rtt_max_ms = 60,
        .flight_bytes_max = 256 * 1024,
        .partition_max_ms = 10000,
        .give_up_ms = 15 * 60 * (int64_t)1000,
    };
}

/* Half of the runs do without this fault; in the others its rate may be of any magnitude. */
static uint32_t rate(struct rng *rng, uint32_t max_ppm)
{
    return rng_below(rng, 2) == 0 ? 0 : (uint32_t)rng_spread(rng, 10, max_ppm);
}

void net_knobs_swarm(struct net_knobs *knobs, struct rng *rng)
{
    net_knobs_calm(knobs);
    knobs->rtt_min_ms = (int64_t)rng_spread(rng, 1, 1000);
    knobs->rtt_max_ms = rng_between(rng, knobs->rtt_min_ms, 2000);
    knobs->jitter_ms = rng_below(rng, 2) == 0 ? 0 : (int64_t)rng_spread(rng, 1, 500);
    knobs->rate_bytes_per_s = rng_below(rng, 2) == 0 ? 0 : rng_spread(rng, 8000, 10000000);
    knobs->fragment_bytes_max = (uint32_t)rng_spread(rng, 1, 65536);
    knobs->flight_bytes_max = (uint32_t)rng_spread(rng, 1024, 1048576);
    knobs->loss_ppm = rate(rng, 300000);
    knobs->reset_ppm = rate(rng, 20000);
    knobs->halfopen_ppm = rate(rng, 10000);
    knobs->refuse_ppm = rate(rng, 300000);
    knobs->blackhole_ppm = rate(rng, 200000);
    knobs->unserved_ppm = rate(rng, 200000);
    knobs->partition_ppm = rate(rng, 30000);
    knobs->partition_max_ms = (int64_t)rng_spread(rng, 100, 600000);
    knobs->tick_ms = 1000;
}

void net_init(struct net *net, struct engine *engine, uint32_t owner, uint32_t endpoint_count,
              net_fn fn, void *ctx)
{
    memset(net, 0, sizeof *net);
    net_knobs_calm(&net->knobs);
    net->engine = engine;
    net->owner = owner;
    net->fn = fn;
    net->ctx = ctx;
    net->rng = engine_rng(engine, "net");
    net->host_count = endpoint_count;
    net->hosts = net_grow(NULL, endpoint_count * sizeof *net->hosts);
    for (uint32_t i = 0; i < endpoint_count; i++)
        net->hosts[i] = (struct net_host){.up = true};
    engine_owner(engine, owner, on_event, net);
}

void net_done(struct net *net)
{
    while (net->conn_n > 0) {
        struct net_conn *conn = net->conns[net->conn_n - 1];
        conn->sides[0].state = NET_STATE_GONE;
        conn->sides[1].state = NET_STATE_GONE;
        conn_sweep(net, conn);
    }
    free(net->conns);
    free(net->hosts);
    free(net->cuts);
    free(net->scratch);
    memset(net, 0, sizeof *net);
}

void net_set(struct net *net, const struct net_knobs *knobs)
{
    must(knobs->rtt_min_ms >= 0 && knobs->rtt_min_ms <= knobs->rtt_max_ms);
    must(knobs->flight_bytes_max > 0 && knobs->partition_max_ms > 0 && knobs->give_up_ms > 0);
    net->knobs = *knobs;
    (void)engine_cancel(net->engine, net->tick);
    net->tick = knobs->tick_ms > 0 ? net_post(net, knobs->tick_ms, EV_TICK, 0, 0, 0) : 0;
}

void net_listen(struct net *net, uint32_t endpoint, bool on)
{
    must(endpoint < net->host_count);
    net->hosts[endpoint].listening = on;
}

/* The end of side s as its own machine sees it: no event any more, the kernel handles the rest.
 */
static void side_leave(struct net *net, struct net_conn *conn, unsigned s, bool in_order)
{
    bool answered = conn->sides[1 - s].state == NET_STATE_OPEN;
    in_order = in_order && conn->sides[s].state == NET_STATE_OPEN;
    conn->sides[s].state = NET_STATE_GONE;
    if (in_order) {
        flow_push(net, conn, s, NULL, 0);
    } else {
        flow_drop(net, &conn->flows[s]);
        if (answered)
            (void)net_post(net, conn->way_ms + net_jitter(net), EV_RST, conn->id, 1 - s, 0);
    }
    /* What the peer has under way meets a closed door. */
    flow_kick(net, conn, 1 - s);
    conn_sweep(net, conn);
}

void net_kill(struct net *net, uint32_t endpoint)
{
    net_listen(net, endpoint, false);
    for (size_t i = net->conn_n; i-- > 0;) {
        struct net_conn *conn = net->conns[i];
        unsigned s = conn->sides[0].endpoint == endpoint ? 0 : 1;
        if (conn->sides[s].endpoint == endpoint && conn_alive(conn, s))
            side_leave(net, conn, s, rng_below(&net->rng, 2) == 0);
    }
}

void net_power_off(struct net *net, uint32_t endpoint)
{
    net_listen(net, endpoint, false);
    net->hosts[endpoint].up = false;
    for (size_t i = net->conn_n; i-- > 0;) {
        struct net_conn *conn = net->conns[i];
        unsigned s = conn->sides[0].endpoint == endpoint ? 0 : 1;
        if (conn->sides[s].endpoint != endpoint || conn->sides[s].state == NET_STATE_NONE)
            continue;
        /* What has left the machine still arrives; the rest was only in its memory. */
        struct flow *flow = &conn->flows[s];
        flow_shorten(net, flow, (size_t)rng_below(&net->rng, flow->n + 1));
        conn->sides[s].state = NET_STATE_GONE;
        conn_sweep(net, conn);
    }
}

void net_power_on(struct net *net, uint32_t endpoint)
{
    must(endpoint < net->host_count);
    net->hosts[endpoint].up = true;
    flow_wake_all(net);
}

uint64_t net_dial(struct net *net, uint32_t from, uint32_t to)
{
    must(from < net->host_count && to < net->host_count && from != to && net->hosts[from].up);
    struct net_conn *conn = conn_new(net);
    conn->sides[0] = (struct net_side){.endpoint = from, .state = NET_STATE_DIALLING};
    conn->sides[1] = (struct net_side){.endpoint = to};
    conn->way_ms = rng_between(&net->rng, net->knobs.rtt_min_ms, net->knobs.rtt_max_ms) / 2;
    conn->dead = rng_chance(&net->rng, net->knobs.blackhole_ppm);
    (void)net_post(net, conn->way_ms + net_jitter(net), EV_SYN, conn->id, 0, 0);
    return conn->id << 1;
}

/* The connection of an end that is alive, or NULL. */
static struct net_conn *end_find(const struct net *net, uint64_t end)
{
    struct net_conn *conn = conn_find(net, end >> 1);
    return conn != NULL && conn_alive(conn, end & 1U) ? conn : NULL;
}

size_t net_send(struct net *net, uint64_t end, const void *bytes, size_t n)
{
    struct net_conn *conn = end_find(net, end);
    unsigned s = end & 1U;
    if (conn == NULL || conn->sides[s].state != NET_STATE_OPEN || n == 0)
        return 0;
    struct flow *flow = &conn->flows[s];
    size_t max = net->knobs.flight_bytes_max;
    size_t room = flow->flight < max ? max - flow->flight : 0;
    flow->short_send |= n > room;
    n = n > room ? room : n;
    if (n == 0)
        return 0;
    flow->flight += n;
    flow_push(net, conn, s, bytes, n);
    return n;
}

void net_pause(struct net *net, uint64_t end, bool paused)
{
    struct net_conn *conn = end_find(net, end);
    if (conn == NULL)
        return;
    conn->sides[end & 1U].paused = paused;
    if (!paused)
        flow_kick(net, conn, 1 - (unsigned)(end & 1U));
}

void net_close(struct net *net, uint64_t end)
{
    struct net_conn *conn = end_find(net, end);
    if (conn != NULL)
        side_leave(net, conn, end & 1U, true);
}

void net_reset(struct net *net, uint64_t end)
{
    struct net_conn *conn = end_find(net, end);
    if (conn != NULL)
        side_leave(net, conn, end & 1U, false);
}

void net_slow(struct net *net, uint32_t endpoint, uint64_t rate_bytes_per_s)
{
    must(endpoint < net->host_count);
    net->hosts[endpoint].rate_bytes_per_s = rate_bytes_per_s;
}

void net_swallow(struct net *net, uint64_t end)
{
    struct net_conn *conn = end_find(net, end);
    if (conn != NULL)
        conn->dead = true;
}

void net_doom(struct net *net, enum net_fault fault, uint64_t nth)
{
    net->fault = fault;
    net->fault_at = net->deliveries + nth;
}

void net_cut(struct net *net, uint32_t from, uint32_t to)
{
    (void)cut_add(net, from, to);
}

void net_mend(struct net *net, uint32_t from, uint32_t to)
{
    for (size_t i = net->cut_n; i-- > 0;) {
        if (net->cuts[i].from == from && net->cuts[i].to == to) {
            cut_remove(net, i);
            return;
        }
    }
}

bool net_passes(const struct net *net, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < net->cut_n; i++) {
        const struct net_cut *cut = &net->cuts[i];
        if ((cut->from == NET_ANY || cut->from == from) &&
            (cut->to == NET_ANY || cut->to == to))
            return false;
    }
    return true;
}

void net_heal(struct net *net)
{
    struct net_knobs knobs = net->knobs;
    knobs.loss_ppm = 0;
    knobs.reset_ppm = 0;
    knobs.halfopen_ppm = 0;
    knobs.refuse_ppm = 0;
    knobs.blackhole_ppm = 0;
    knobs.unserved_ppm = 0;
    knobs.partition_ppm = 0;
    knobs.tick_ms = 0;
    net_set(net, &knobs);
    net->cut_n = 0;
    net->fault = NET_FAULT_NONE;
    flow_wake_all(net);
}

size_t net_conns(const struct net *net)
{
    return net->conn_n;
}
static void tell(struct net *net, const struct net_conn *conn, unsigned s,
                 struct net_event event)
{
    if (conn->sides[s].unserved)
        return;
    event.endpoint = conn->sides[s].endpoint;
    event.peer = conn->sides[1 - s].endpoint;
    event.end = conn->id << 1 | s;
    event.dialled = s == 0;
    net->fn(net->ctx, &event);
}

/* The end `s` is over for its owner. Frees the connection when it was the last. */
static void side_end(struct net *net, struct net_conn *conn, unsigned s, enum net_why why)
{
    struct net_conn last = *conn;
    conn->sides[s].state = NET_STATE_GONE;
    conn_sweep(net, conn);
    tell(net, &last, s, (struct net_event){.kind = NET_CLOSED, .why = why});
}

static void retry_or_time_out(struct net *net, struct net_conn *conn, enum net_kind kind,
                              uint64_t tries)
{
    if (tries < SYN_TRIES)
        (void)net_post(net, (int64_t)RETRY_MS << tries, kind, conn->id, tries + 1, 0);
    else
        side_end(net, conn, 0, NET_TIMED_OUT);
}

static void on_syn(struct net *net, struct net_conn *conn, uint64_t tries)
{
    if (!conn_passes(net, conn, 0)) {
        retry_or_time_out(net, conn, EV_SYN, tries);
        return;
    }
    bool refused = rng_chance(&net->rng, net->knobs.refuse_ppm);
    if (refused || !net->hosts[conn->sides[1].endpoint].listening) {
        (void)net_post(net, conn->way_ms, EV_REFUSE, conn->id, tries, 0);
        return;
    }
    conn->sides[1].state = NET_STATE_OPEN;
    conn->sides[1].unserved = rng_chance(&net->rng, net->knobs.unserved_ppm);
    (void)net_post(net, conn->way_ms, EV_SYNACK, conn->id, 0, 0);
    tell(net, conn, 1, (struct net_event){.kind = NET_OPEN});
}

static void on_refuse(struct net *net, struct net_conn *conn, uint64_t tries)
{
    if (conn_passes(net, conn, 1))
        side_end(net, conn, 0, NET_REFUSED);
    else
        retry_or_time_out(net, conn, EV_SYN, tries);
}

static void on_synack(struct net *net, struct net_conn *conn, uint64_t tries)
{
    if (conn->sides[0].state != NET_STATE_DIALLING)
        return;
    if (!conn_passes(net, conn, 1)) {
        retry_or_time_out(net, conn, EV_SYNACK, tries);
        return;
    }
    conn->sides[0].state = NET_STATE_OPEN;
    flow_kick(net, conn, 1);
    tell(net, conn, 0, (struct net_event){.kind = NET_OPEN});
}

static void send_rst(struct net *net, struct net_conn *conn, unsigned to)
{
    (void)net_post(net, conn->way_ms + net_jitter(net), EV_RST, conn->id, to, 0);
}

static uint64_t rate_of(const struct net *net, const struct net_conn *conn)
{
    for (unsigned s = 0; s < 2; s++)
        if (net->hosts[conn->sides[s].endpoint].rate_bytes_per_s > 0)
            return net->hosts[conn->sides[s].endpoint].rate_bytes_per_s;
    return net->knobs.rate_bytes_per_s;
}

/* How much of what has arrived the receiver gets in one piece. */
static size_t fragment(struct net *net, uint64_t rate_bytes_per_s, size_t arrived)
{
    const struct net_knobs *knobs = &net->knobs;
    size_t max = arrived;
    if (knobs->fragment_bytes_max > 0 && max > knobs->fragment_bytes_max)
        max = knobs->fragment_bytes_max;
    if (rate_bytes_per_s > 0 && max > rate_bytes_per_s / 4 + 1)
        max = (size_t)(rate_bytes_per_s / 4 + 1);
    if (knobs->fragment_bytes_max == 0 || rng_below(&net->rng, 2) == 0)
        return max;
    return (size_t)rng_below(&net->rng, max) + 1;
}

static void deliver_bytes(struct net *net, struct net_conn *conn, unsigned s)
{
    struct flow *flow = &conn->flows[s];
    uint64_t rate_bytes_per_s = rate_of(net, conn);
    size_t n = fragment(net, rate_bytes_per_s, flow_arrived(net, flow));
    if (n > net->scratch_room) {
        net->scratch = net_grow(net->scratch, n * 2);
        net->scratch_room = n * 2;
    }
    memcpy(net->scratch, flow->bytes + flow->skip, n);
    flow_consume(flow, n);
    flow_progress(net, flow);
    net->bytes_delivered += n;
    engine_trace(net->engine, net->scratch, n);
    (void)net_post(net, conn->way_ms, EV_ACK, conn->id, s, n);
    if (rate_bytes_per_s > 0)
        flow->free_ms = net->engine->now_ms + (int64_t)(n * 1000 / rate_bytes_per_s) + 1;
    flow_kick(net, conn, s);
    tell(net, conn, 1 - s, (struct net_event){.kind = NET_DATA, .bytes = net->scratch, .n = n});
}

/* The accident of a delivery, drawn or planned. */
static enum net_fault draw_fault(struct net *net)
{
    enum net_fault fault = NET_FAULT_NONE;
    if (rng_chance(&net->rng, net->knobs.reset_ppm))
        fault = NET_FAULT_RESET;
    else if (rng_chance(&net->rng, net->knobs.halfopen_ppm))
        fault = NET_FAULT_HALFOPEN;
    if (net->fault == NET_FAULT_NONE || net->deliveries != net->fault_at)
        return fault;
    fault = net->fault;
    net->fault = NET_FAULT_NONE;
    return fault;
}

/* True when an accident befell the connection. */
static bool befalls(struct net *net, struct net_conn *conn, unsigned s)
{
    net->deliveries++;
    switch (draw_fault(net)) {
    case NET_FAULT_NONE:
        return false;
    case NET_FAULT_RESET:
        flow_drop(net, &conn->flows[0]);
        flow_drop(net, &conn->flows[1]);
        conn->broken = true;
        send_rst(net, conn, 0);
        send_rst(net, conn, 1);
        return true;
    case NET_FAULT_CUT:
        net_cut(net, conn->sides[s].endpoint, conn->sides[1 - s].endpoint);
        flow_stall(net, conn, s);
        return true;
    case NET_FAULT_HALFOPEN:
        break;
    }
    conn->dead = true;
    flow_stall(net, conn, s);
    return true;
}

static void on_deliver(struct net *net, struct net_conn *conn, unsigned s)
{
    struct flow *flow = &conn->flows[s];
    const struct net_side *receiver = &conn->sides[1 - s];
    flow->delivery = 0;
    if (conn->broken || !conn_passes(net, conn, s)) {
        flow_stall(net, conn, s);
        return;
    }
    if (receiver->state == NET_STATE_GONE) {
        flow_drop(net, flow);
        send_rst(net, conn, s);
        return;
    }
    /* Paused, unserved or not open yet: the bytes wait in the kernel until someone kicks. */
    if (receiver->state != NET_STATE_OPEN || receiver->paused || receiver->unserved)
        return;
    if (befalls(net, conn, s))
        return;
    if (flow_head(flow)->n > 0)
        deliver_bytes(net, conn, s);
    else
        side_end(net, conn, 1 - s, NET_ENDED);
}

static void on_ack(struct net *net, struct net_conn *conn, unsigned s, size_t n)
{
    struct flow *flow = &conn->flows[s];
    if (conn->sides[s].state != NET_STATE_OPEN || flow->flight < n)
        return;
    if (!conn_passes(net, conn, 1 - s)) {
        flow->acks_held += n;
        if (flow->give_up == 0)
            flow->give_up = net_post(net, net->knobs.give_up_ms, EV_GIVE_UP, conn->id, s, 0);
        return;
    }
    flow_progress(net, flow);
    flow->flight -= n;
    if (!flow->short_send || flow->flight > net->knobs.flight_bytes_max / 2)
        return;
    flow->short_send = false;
    tell(net, conn, s, (struct net_event){.kind = NET_DRAINED});
}

static void on_rst(struct net *net, struct net_conn *conn, unsigned to)
{
    /* An RST is sent once: one that finds no way is gone, and the end stays half-open. */
    if (conn_alive(conn, to) && conn_passes(net, conn, 1 - to))
        side_end(net, conn, to, NET_RESET);
}

static void on_give_up(struct net *net, struct net_conn *conn, unsigned s)
{
    conn->flows[s].give_up = 0;
    flow_drop(net, &conn->flows[s]);
    if (conn_alive(conn, s))
        side_end(net, conn, s, NET_TIMED_OUT);
}

static uint64_t cut_add(struct net *net, uint32_t from, uint32_t to)
{
    if (net->cut_n == net->cut_room) {
        net->cut_room = net->cut_room * 2 + 8;
        net->cuts = net_grow(net->cuts, net->cut_room * sizeof *net->cuts);
    }
    net->cuts[net->cut_n++] = (struct net_cut){++net->cut_last, from, to};
    return net->cut_last;
}

static void cut_remove(struct net *net, size_t i)
{
    memmove(&net->cuts[i], &net->cuts[i + 1], (net->cut_n - i - 1) * sizeof *net->cuts);
    net->cut_n--;
    flow_wake_all(net);
}

static void on_mend(struct net *net, uint64_t id)
{
    for (size_t i = 0; i < net->cut_n; i++) {
        if (net->cuts[i].id == id) {
            cut_remove(net, i);
            return;
        }
    }
}

static void on_tick(struct net *net)
{
    const struct net_knobs *knobs = &net->knobs;
    net->tick = 0;
    if (knobs->tick_ms == 0)
        return;
    net->tick = net_post(net, knobs->tick_ms, EV_TICK, 0, 0, 0);
    if (!rng_chance(&net->rng, knobs->partition_ppm))
        return;
    uint32_t who = (uint32_t)rng_below(&net->rng, net->host_count);
    uint64_t ways = rng_below(&net->rng, 3) + 1; /* bit 0: in, bit 1: out */
    int64_t for_ms = rng_between(&net->rng, 1, knobs->partition_max_ms);
    if ((ways & 1) != 0)
        (void)net_post(net, for_ms, EV_MEND, cut_add(net, NET_ANY, who), 0, 0);
    if ((ways & 2) != 0)
        (void)net_post(net, for_ms, EV_MEND, cut_add(net, who, NET_ANY), 0, 0);
}

static void on_conn_event(struct net *net, struct net_conn *conn, const struct event *event)
{
    unsigned s = (unsigned)event->b & 1U;
    switch ((enum net_kind)event->kind) {
    case EV_SYN:
        on_syn(net, conn, event->b);
        break;
    case EV_SYNACK:
        on_synack(net, conn, event->b);
        break;
    case EV_REFUSE:
        on_refuse(net, conn, event->b);
        break;
    case EV_DELIVER:
        on_deliver(net, conn, s);
        break;
    case EV_ACK:
        on_ack(net, conn, s, (size_t)event->c);
        break;
    case EV_RST:
        on_rst(net, conn, s);
        break;
    case EV_GIVE_UP:
        on_give_up(net, conn, s);
        break;
    case EV_TICK:
    case EV_MEND:
        break;
    }
}

static void on_event(void *ctx, const struct event *event)
{
    struct net *net = ctx;
    if (event->kind == EV_TICK) {
        on_tick(net);
    } else if (event->kind == EV_MEND) {
        on_mend(net, event->a);
    } else {
        struct net_conn *conn = conn_find(net, event->a);
        if (conn != NULL)
            on_conn_event(net, conn, event);
    }
}
