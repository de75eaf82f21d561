/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/net_flow.h"

#include "proto/err.h"

#include <stdlib.h>
#include <string.h>

enum {
    RESEND_MS = 200,           /* first retransmission of lost bytes, doubling */
    RESENDS_MAX = 5,           /* losses of one send in a row */
    RESEND_AFTER_CUT_MS = 2000 /* after a cut is mended, the next try comes within this */
};

void *net_grow(void *p, size_t n)
{
    void *grown = realloc(p, n);
    must(grown != NULL);
    return grown;
}

static size_t conn_place(const struct net *net, uint64_t id)
{
    size_t low = 0;
    size_t high = net->conn_n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (net->conns[mid]->id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct net_conn *conn_find(const struct net *net, uint64_t id)
{
    size_t i = conn_place(net, id);
    return i < net->conn_n && net->conns[i]->id == id ? net->conns[i] : NULL;
}

struct net_conn *conn_new(struct net *net)
{
    if (net->conn_n == net->conn_room) {
        net->conn_room = net->conn_room * 2 + 16;
        net->conns = net_grow(net->conns, net->conn_room * sizeof(struct net_conn *));
    }
    struct net_conn *conn = net_grow(NULL, sizeof *conn);
    memset(conn, 0, sizeof *conn);
    conn->id = ++net->conns_dialled;
    net->conns[net->conn_n++] = conn;
    return conn;
}

void flow_drop(struct net *net, struct flow *flow)
{
    (void)engine_cancel(net->engine, flow->delivery);
    (void)engine_cancel(net->engine, flow->give_up);
    free(flow->bytes);
    free(flow->segments);
    memset(flow, 0, sizeof *flow);
}

bool conn_alive(const struct net_conn *conn, unsigned s)
{
    return conn->sides[s].state == NET_STATE_OPEN || conn->sides[s].state == NET_STATE_DIALLING;
}

/* Free the connection once no end of it is alive. */
void conn_sweep(struct net *net, struct net_conn *conn)
{
    if (conn_alive(conn, 0) || conn_alive(conn, 1))
        return;
    flow_drop(net, &conn->flows[0]);
    flow_drop(net, &conn->flows[1]);
    size_t i = conn_place(net, conn->id);
    memmove(&net->conns[i], &net->conns[i + 1],
            (net->conn_n - i - 1) * sizeof(struct net_conn *));
    net->conn_n--;
    free(conn);
}

bool conn_passes(const struct net *net, const struct net_conn *conn, unsigned from)
{
    uint32_t to = conn->sides[1 - from].endpoint;
    return !conn->dead && net->hosts[to].up && net_passes(net, conn->sides[from].endpoint, to);
}

int64_t net_jitter(struct net *net)
{
    return net->knobs.jitter_ms > 0 ? rng_between(&net->rng, 0, net->knobs.jitter_ms) : 0;
}

uint64_t net_post(struct net *net, int64_t delay_ms, enum net_kind kind, uint64_t conn,
                  uint64_t b, uint64_t c)
{
    struct event event = {.owner = net->owner, .kind = kind, .a = conn, .b = b, .c = c};
    return engine_after(net->engine, delay_ms, event);
}

struct segment *flow_head(struct flow *flow)
{
    return flow->segment_n == 0 ? NULL : &flow->segments[flow->segment_skip];
}

/* Plan the next delivery, unless one is planned or there is no way. */
void flow_kick(struct net *net, struct net_conn *conn, unsigned s)
{
    struct flow *flow = &conn->flows[s];
    const struct segment *head = flow_head(flow);
    if (flow->delivery != 0 || flow->stalled || head == NULL)
        return;
    int64_t now = net->engine->now_ms;
    int64_t at = head->arrive_ms > flow->free_ms ? head->arrive_ms : flow->free_ms;
    flow->delivery = net_post(net, at > now ? at - now : 0, EV_DELIVER, conn->id, s, 0);
}

void flow_stall(struct net *net, struct net_conn *conn, unsigned s)
{
    struct flow *flow = &conn->flows[s];
    flow->stalled = true;
    if (flow->give_up == 0)
        flow->give_up = net_post(net, net->knobs.give_up_ms, EV_GIVE_UP, conn->id, s, 0);
}

void flow_progress(struct net *net, struct flow *flow)
{
    (void)engine_cancel(net->engine, flow->give_up);
    flow->give_up = 0;
}

static int64_t loss_delay(struct net *net)
{
    int64_t delay = 0;
    for (unsigned k = 0; k < RESENDS_MAX && rng_chance(&net->rng, net->knobs.loss_ppm); k++)
        delay += (int64_t)RESEND_MS << k;
    return delay;
}

void flow_push(struct net *net, struct net_conn *conn, unsigned s, const void *bytes, size_t n)
{
    struct flow *flow = &conn->flows[s];
    if (flow->skip + flow->n + n > flow->room) {
        flow->room = (flow->n + n) * 2;
        uint8_t *moved = net_grow(NULL, flow->room + 1);
        if (flow->n > 0)
            memcpy(moved, flow->bytes + flow->skip, flow->n);
        free(flow->bytes);
        flow->bytes = moved;
        flow->skip = 0;
    }
    if (n > 0)
        memcpy(flow->bytes + flow->skip + flow->n, bytes, n);
    flow->n += n;
    if (flow->segment_skip + flow->segment_n == flow->segment_room) {
        flow->segment_room = flow->segment_n * 2 + 8;
        struct segment *moved = net_grow(NULL, flow->segment_room * sizeof *moved);
        if (flow->segment_n > 0)
            memcpy(moved, flow->segments + flow->segment_skip, flow->segment_n * sizeof *moved);
        free(flow->segments);
        flow->segments = moved;
        flow->segment_skip = 0;
    }
    int64_t at = net->engine->now_ms + conn->way_ms + net_jitter(net) + loss_delay(net);
    flow->arrive_ms = at > flow->arrive_ms ? at : flow->arrive_ms;
    size_t last = flow->segment_skip + flow->segment_n++;
    flow->segments[last] = (struct segment){flow->arrive_ms, n};
    flow_kick(net, conn, s);
}

/* Bytes that have reached the receiver's machine by now. */
size_t flow_arrived(const struct net *net, const struct flow *flow)
{
    size_t n = 0;
    for (size_t i = 0; i < flow->segment_n; i++) {
        const struct segment *segment = &flow->segments[flow->segment_skip + i];
        if (segment->arrive_ms > net->engine->now_ms)
            break;
        n += segment->n;
    }
    return n;
}

void flow_consume(struct flow *flow, size_t n)
{
    flow->skip += n;
    flow->n -= n;
    while (n > 0) {
        struct segment *head = flow_head(flow);
        size_t part = head->n < n ? head->n : n;
        head->n -= part;
        n -= part;
        if (head->n == 0) {
            flow->segment_skip++;
            flow->segment_n--;
        }
    }
}

/* Keep the first n bytes only; an end of stream behind them goes too. */
void flow_shorten(struct net *net, struct flow *flow, size_t n)
{
    while (flow->segment_n > 0) {
        struct segment *last = &flow->segments[flow->segment_skip + flow->segment_n - 1];
        if (flow->n > n && last->n > flow->n - n) {
            last->n -= flow->n - n;
            flow->n = n;
        }
        if (last->n > 0 && flow->n <= n)
            break;
        flow->n -= last->n;
        flow->segment_n--;
    }
    if (flow->segment_n == 0) {
        (void)engine_cancel(net->engine, flow->delivery);
        flow->delivery = 0;
    }
}

/* Something was mended: what was stalled tries again, as TCP does after its back-off. */
void flow_wake_all(struct net *net)
{
    for (size_t i = 0; i < net->conn_n; i++) {
        struct net_conn *conn = net->conns[i];
        for (unsigned s = 0; s < 2; s++) {
            struct flow *flow = &conn->flows[s];
            bool acks = flow->acks_held > 0 && conn_passes(net, conn, 1 - s);
            bool bytes = flow->stalled && conn_passes(net, conn, s);
            if (!acks && !bytes)
                continue;
            int64_t delay = rng_between(&net->rng, 0, RESEND_AFTER_CUT_MS);
            if (acks) {
                (void)net_post(net, delay, EV_ACK, conn->id, s, flow->acks_held);
                flow->acks_held = 0;
            }
            if (bytes) {
                flow->stalled = false;
                flow->free_ms = net->engine->now_ms + delay;
                flow_kick(net, conn, s);
            }
        }
    }
}
