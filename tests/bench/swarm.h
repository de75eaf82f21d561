/* SPDX-License-Identifier: Apache-2.0 */
/* Thousands of devices in one process: the client's half of the protocol over TLS connections
 * of their own, each with its key, its epoch and its chain of operations, but without a
 * replica.
 */
#ifndef BENCH_SWARM_H
#define BENCH_SWARM_H

#include "bench/figures.h"
#include "bench/world.h"
#include "client/backoff.h"
#include "io/address.h"
#include "io/conn.h"
#include "io/tls.h"
#include "proto/message.h"

enum { SWARM_PUSHES_MAX = MESSAGE_PUSHES_AHEAD };

enum swarm_event {
    SWARM_IDLE,   /* everything is received */
    SWARM_JUDGED, /* verdicts of all that was pushed */
    SWARM_PONG,
    SWARM_LOST, /* the connection failed; it dials again by itself */
};

struct swarm;
struct swarm_device {
    struct swarm *swarm;
    struct tls_config *tls;
    struct tls_session resume;
    struct conn *conn; /* NULL: none */
    struct loop_timer again;
    struct backoff backoff;
    struct id staff;
    uint32_t device, epoch;
    bool dialling, greeted;
    bool there;           /* IDLE was heard on this connection */
    uint64_t pulled;      /* pages and IDLE are there through this seq */
    uint64_t told;        /* … and the server was told so */
    uint64_t grants;      /* as of the last IDLE */
    uint64_t op_last;     /* operations made … */
    uint64_t judged;      /* … and judged */
    uint64_t chain;       /* rolling hash of the last */
    struct hlc clock;     /* of its stamps */
    struct op_writer ops; /* of the operation being made */
    double sent;          /* when the last was pushed */
    uint64_t rows;        /* of pages */
    void *own;            /* the measurement's */
};

/* Loop thread; may push, and close. */
typedef void (*swarm_cb)(struct swarm_device *device, enum swarm_event event, void *arg);

struct swarm {
    struct loop loop;
    struct address server;
    struct swarm_device *devices;
    size_t count;
    size_t there;     /* devices that have heard IDLE */
    size_t closed;    /* after swarm_close */
    uint32_t origins; /* last epoch of the network: none is asked for */
    struct id history;
    uint32_t generation;
    bool closing;
    uint64_t refused;  /* verdicts other than applied */
    uint64_t failures; /* connections that ended by themselves */
    enum err last;     /* … and why */
    uint64_t resumed;  /* handshakes that were a resumption */
    uint64_t bytes;    /* of connections that are gone, both ways */
    swarm_cb cb;
    void *arg;
};

/* Enrol so many devices of `staff` jobcoaches in the world's server, whose process is stopped
 * meanwhile: keys, certificates of its authority, device and epoch by the door enrolment takes.
 * No connection yet. */
void swarm_open(struct swarm *s, struct world *w, size_t count, size_t staff);
/* Where the world's server listens now: to be told after a start. */
void swarm_server(struct swarm *s, const struct world *w);
/* Dial, now and whenever the connection is lost, as an agent would. */
void swarm_dial(struct swarm_device *d);
/* Say goodbye and stay away until swarm_dial. */
void swarm_leave(struct swarm_device *d);
/* Say goodbye everywhere; loop_run returns then. */
void swarm_stop(struct swarm *s);
/* After loop_run: free everything. */
void swarm_done(struct swarm *s);

/* Push what was written into device->ops as one operation. Needs `there`. */
void swarm_push(struct swarm_device *d);
void swarm_ping(struct swarm_device *d);
/* Bytes on the wire so far, both ways, of all. */
uint64_t swarm_bytes(const struct swarm *s);

#endif
