/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual network of byte streams: slow, fragmented, cut, half-open, refused, never served.
 */
#ifndef TESTS_SIM_NET_H
#define TESTS_SIM_NET_H

#include "tests/sim/engine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Streams behave as TCP seen from a program. Loss and a partition delay bytes (they are sent
 * again) and never lose or reorder them; a connection whose bytes find no way for give_up_ms
 * ends with NET_TIMED_OUT; silence alone never ends it. */

/* Every endpoint, in net_cut and net_mend. */
#define NET_ANY UINT32_MAX

/* Faults and speed of a run. Rates are in millionths. net_knobs_calm: none of the faults. */
struct net_knobs {
    int64_t rtt_min_ms; /* each connection draws its own round trip from [min, max] */
    int64_t rtt_max_ms;
    int64_t jitter_ms;           /* more per send, 0…jitter_ms */
    uint64_t rate_bytes_per_s;   /* per direction; 0 = as fast as can be */
    uint32_t fragment_bytes_max; /* a delivery is 1…max bytes; 1 = byte by byte */
    uint32_t
        flight_bytes_max; /* sent and not yet acknowledged, per direction; then back-pressure */
    uint32_t loss_ppm;    /* per send: comes late by some retransmissions */
    uint32_t reset_ppm;   /* per delivery: RST to both ends */
    uint32_t halfopen_ppm;    /* per delivery: the path forgets the connection, silently */
    uint32_t refuse_ppm;      /* per dial: refused although someone listens */
    uint32_t blackhole_ppm;   /* per dial: never an answer */
    uint32_t unserved_ppm;    /* per dial: accepted by the kernel, never seen by the program */
    uint32_t partition_ppm;   /* per tick: cut one endpoint off, in, out or both ways */
    int64_t partition_max_ms; /* how long at most */
    int64_t tick_ms;          /* 0 = no partitions by themselves */
    int64_t give_up_ms;       /* unacknowledged bytes end a connection after this */
};
void net_knobs_calm(struct net_knobs *knobs);
/* Swarm testing: each run draws its own mix, with many faults absent altogether. */
void net_knobs_swarm(struct net_knobs *knobs, struct rng *rng);

enum net_event_kind {
    NET_OPEN,    /* at both ends, the accepting one first; `peer` says who */
    NET_DATA,    /* bytes, valid during the call */
    NET_DRAINED, /* after a short net_send: at least half of the room is free again */
    NET_CLOSED   /* the id is dead; `why` says how */
};

enum net_why {
    NET_ENDED,    /* the peer closed, after all its bytes */
    NET_RESET,    /* the peer is gone or broke off; bytes may be lost in both directions */
    NET_REFUSED,  /* nobody listens there */
    NET_TIMED_OUT /* no way through for too long */
};

/* What may befall one chosen delivery. */
enum net_fault {
    NET_FAULT_NONE,
    NET_FAULT_RESET,    /* both ends are told */
    NET_FAULT_HALFOPEN, /* the path forgets the connection, silently */
    NET_FAULT_CUT       /* nothing gets through this way any more, until mended */
};

struct net_event {
    enum net_event_kind kind;
    enum net_why why;  /* NET_CLOSED */
    uint32_t endpoint; /* whose event this is */
    uint32_t peer;     /* the other endpoint */
    uint64_t end;      /* id of this end of the connection */
    bool dialled;      /* this end is the one that dialled */
    const uint8_t *bytes;
    size_t n;
};

typedef void (*net_fn)(void *ctx, const struct net_event *event);

/* Opaque but embedded: private fields below. Ids are never reused; calls with a dead id do
 * nothing. */
struct net {
    struct net_knobs knobs;   /* read-only for others: net_set */
    uint64_t bytes_delivered; /* read-only for others */
    uint64_t conns_dialled;   /* read-only for others */
    uint64_t deliveries;      /* read-only for others: pieces that reached an open end */
    /* private */
    struct engine *engine;
    uint32_t owner;
    uint32_t host_count;
    net_fn fn;
    void *ctx;
    struct rng rng;
    struct net_conn **conns; /* by id, ascending */
    size_t conn_n;
    size_t conn_room;
    struct net_host *hosts;
    struct net_cut *cuts;
    size_t cut_n;
    size_t cut_room;
    uint64_t cut_last;
    uint64_t tick; /* the pending tick's event, 0 when none */
    enum net_fault fault;
    uint64_t fault_at; /* deliveries, with this one */
    uint8_t *scratch;  /* the bytes of the delivery under way */
    size_t scratch_room;
};

/* Endpoints are numbered 0…endpoint_count-1, up, not listening; knobs are calm. `owner` is the
 * engine's. */
void net_init(struct net *net, struct engine *engine, uint32_t owner, uint32_t endpoint_count,
              net_fn fn, void *ctx);
void net_done(struct net *net);
/* Change the knobs: holds for what starts afterwards. */
void net_set(struct net *net, const struct net_knobs *knobs);

/* Accept dials at `endpoint`, or refuse them. Does not touch what is open. */
void net_listen(struct net *net, uint32_t endpoint, bool on);
/* The process dies; its kernel ends every connection, some in order and some by RST; nothing is
 * listening any more. No event comes at this endpoint's ends. */
void net_kill(struct net *net, uint32_t endpoint);
/* The machine vanishes without a word: its ends are gone, its peers are left half-open. When it
 * is up again it answers their bytes with RST. */
void net_power_off(struct net *net, uint32_t endpoint);
void net_power_on(struct net *net, uint32_t endpoint);

/* Start a connection. The outcome comes as NET_OPEN or NET_CLOSED, or never (give it a deadline
 * and net_reset it). Returns the id of this end. */
uint64_t net_dial(struct net *net, uint32_t from, uint32_t to);
/* Queue up to n bytes; returns how many found room. Fewer than n: NET_DRAINED follows. */
size_t net_send(struct net *net, uint64_t end, const void *bytes, size_t n);
/* Stop or resume NET_DATA at this end: the peer feels back-pressure. */
void net_pause(struct net *net, uint64_t end, bool paused);
/* Orderly end: the peer gets all queued bytes, then NET_CLOSED with NET_ENDED; or NET_RESET and
 * less, when bytes of its own are still under way to us. No event comes at this end any more.
 */
void net_close(struct net *net, uint64_t end);
/* Break off: queued bytes are lost. No event comes at this end any more. */
void net_reset(struct net *net, uint64_t end);
/* The line of this endpoint carries no more than that, per direction; 0: as the knobs say. */
void net_slow(struct net *net, uint32_t endpoint, uint64_t rate_bytes_per_s);
/* Make the connection half-open: nothing gets through any more, and neither end is told. */
void net_swallow(struct net *net, uint64_t end);

/* Let this befall the nth delivery from now (1 = the next). One plan; a new one replaces it. */
void net_doom(struct net *net, enum net_fault fault, uint64_t nth);

/* Let nothing through from one endpoint to another (one way), until mended. NET_ANY on either
 * side. Cuts of the same pair count. */
void net_cut(struct net *net, uint32_t from, uint32_t to);
void net_mend(struct net *net, uint32_t from, uint32_t to);
bool net_passes(const struct net *net, uint32_t from, uint32_t to);
/* The healed phase: all fault rates to 0, no plan, all cuts mended. Speed and fragments stay
 * (net_set), and half-open connections stay half-open. */
void net_heal(struct net *net);
/* Connections of which at least one end is alive. */
size_t net_conns(const struct net *net);

#endif
