/* SPDX-License-Identifier: Apache-2.0 */
/* Inside net.c: one connection of the virtual network, as two flows of bytes under way. */
#ifndef TESTS_SIM_NET_FLOW_H
#define TESTS_SIM_NET_FLOW_H

#include "tests/sim/net.h"

enum net_kind {
    EV_SYN,     /* a: connection, b: tries before */
    EV_SYNACK,  /* a: connection, b: tries before */
    EV_REFUSE,  /* a: connection, b: tries before */
    EV_DELIVER, /* a: connection, b: sending side */
    EV_ACK,     /* a: connection, b: sending side, c: bytes */
    EV_RST,     /* a: connection, b: side that is told */
    EV_GIVE_UP, /* a: connection, b: sending side */
    EV_TICK,
    EV_MEND /* a: cut */
};

struct net_host {
    bool up;
    bool listening;
    uint64_t rate_bytes_per_s; /* of its line; 0: as the knobs say */
};

struct net_cut {
    uint64_t id;
    uint32_t from;
    uint32_t to;
};

/* Bytes of one net_send under way, or the end of the stream (n == 0). */
struct segment {
    int64_t arrive_ms;
    size_t n;
};

/* One direction, numbered by its sending side. */
struct flow {
    uint8_t *bytes; /* sent, not delivered; the first at bytes[skip] */
    size_t skip;
    size_t n;
    size_t room;
    struct segment *segments;
    size_t segment_skip;
    size_t segment_n;
    size_t segment_room;
    size_t flight;     /* sent, not acknowledged */
    size_t acks_held;  /* delivered, the acknowledgement finds no way back */
    int64_t arrive_ms; /* of the last segment: bytes never overtake */
    int64_t free_ms;   /* the line is busy until then */
    uint64_t delivery; /* pending event, 0 when none */
    uint64_t give_up;  /* pending event, 0 when none */
    bool stalled;      /* found no way; wakes when something is mended */
    bool short_send;   /* the sender waits for NET_DRAINED */
};

enum net_state { NET_STATE_NONE, NET_STATE_DIALLING, NET_STATE_OPEN, NET_STATE_GONE };

struct net_side {
    uint32_t endpoint;
    enum net_state state;
    bool paused;
    bool unserved; /* in the kernel's queue only: the program never sees it */
};

struct net_conn {
    uint64_t id;
    struct net_side sides[2]; /* 0 dialled, 1 accepts */
    struct flow flows[2];
    int64_t way_ms; /* one way, half the round trip */
    bool dead;      /* the path forgot it: nothing gets through */
    bool broken; /* bytes were lost and RSTs are on their way: no byte behind them gets through
                  */
};

/* Memory for the network, which is the world and not the program under test: never NULL. */
void *net_grow(void *p, size_t n);
/* Set an event of the network; returns its id. */
uint64_t net_post(struct net *net, int64_t delay_ms, enum net_kind kind, uint64_t conn,
                  uint64_t b, uint64_t c);
/* 0…jitter_ms by the seed. */
int64_t net_jitter(struct net *net);

struct net_conn *conn_new(struct net *net);
/* NULL when it is gone. */
struct net_conn *conn_find(const struct net *net, uint64_t id);
/* Free the connection once no end of it is alive. */
void conn_sweep(struct net *net, struct net_conn *conn);
bool conn_alive(const struct net_conn *conn, unsigned side);
/* Do bytes of side `from` get through to the other side's machine now? */
bool conn_passes(const struct net *net, const struct net_conn *conn, unsigned from);

/* Put bytes (n 0: the end of the stream) on the way from side s. */
void flow_push(struct net *net, struct net_conn *conn, unsigned s, const void *bytes, size_t n);
/* Plan the next delivery, unless one is planned or there is no way. */
void flow_kick(struct net *net, struct net_conn *conn, unsigned s);
/* Wait until something is mended, at most give_up_ms. */
void flow_stall(struct net *net, struct net_conn *conn, unsigned s);
/* Bytes came through: the patience of the sender starts anew. */
void flow_progress(struct net *net, struct flow *flow);
/* Next piece under way, NULL when nothing is. */
struct segment *flow_head(struct flow *flow);
/* Bytes that have reached the receiver's machine by now. */
size_t flow_arrived(const struct net *net, const struct flow *flow);
/* Take the first n bytes out. */
void flow_consume(struct flow *flow, size_t n);
/* Keep the first n bytes only; an end of stream behind them goes too. */
void flow_shorten(struct net *net, struct flow *flow, size_t n);
/* Forget all of it, events included. */
void flow_drop(struct net *net, struct flow *flow);
/* Something was mended: what was stalled tries again, as TCP does after its back-off. */
void flow_wake_all(struct net *net);

#endif
