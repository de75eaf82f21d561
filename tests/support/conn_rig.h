/* SPDX-License-Identifier: Apache-2.0 */
/* Connections over real sockets for tests: owners that check every byte, and a peer played by
 * hand. */
#ifndef TESTS_SUPPORT_CONN_RIG_H
#define TESTS_SUPPORT_CONN_RIG_H

#include "io/conn.h"

#include <stdint.h>

enum { SLICE_MAX = 64 * 1024 };

struct rig;

/* One connection and what its owner does with the events. */
struct side {
    struct rig *rig;
    struct conn *conn;
    bool echo;         /* send back what comes */
    size_t take_unit;  /* take whole units only; 0: all */
    bool refuse;       /* take nothing */
    uint64_t goal;     /* bytes of the pattern to send, in slices */
    uint64_t sent;     /* of them */
    uint64_t received; /* bytes, all checked against the pattern */
    bool close_on[CONN_CLOSED + 1];
    unsigned events[CONN_CLOSED + 1];
    enum err err;
    struct note note;
    size_t queued_max;
};

struct rig {
    struct loop loop;
    struct loop_timer guard;
    struct loop_timer tick;
    void (*on_tick)(struct rig *rig); /* every ms */
    struct side a;
    struct side b;
    int peer;          /* descriptor the test itself plays the peer with; -1: none */
    uint64_t peer_put; /* bytes of the pattern it wrote */
    uint64_t peer_got; /* bytes of the pattern it read */
    unsigned quiet;    /* ticks in a row in which it could write nothing */
    bool in_verb;      /* an event now would come from inside a verb */
    uint32_t seed;
};

/* The bytes every sender sends: a function of their place in the stream. */
uint8_t rig_pattern(uint64_t at);
bool rig_matches(uint64_t at, const char *p, size_t n);
void rig_fill(uint64_t at, uint8_t *p, size_t n);

/* cmocka set-up and tear-down; the tear-down insists that nothing is left open. */
int rig_open(void **state);
int rig_close(void **state);
/* A connected pair of real TCP sockets on loopback. */
void rig_tcp_pair(int out[2]);
/* Connections a and b with each other. */
void rig_both(struct rig *rig);
/* Connection a with a peer played by the test. */
void rig_with_peer(struct rig *rig, struct conn_terms terms);
/* Run the loop until both connections are closed; `tick` (may be NULL) runs every ms. */
void rig_run(struct rig *rig, void (*tick)(struct rig *rig));

/* Make a connection of the descriptor, with the side as its owner. */
void side_open(struct side *side, int fd, struct conn_terms terms);
void side_on_event(struct conn *conn, struct conn_event *event, void *arg);
/* The verbs, insisting that none of them calls back. */
size_t side_send(struct side *side, const void *bytes, size_t n);
void side_close(struct side *side);

/* The peer writes the pattern until the kernel takes no more, or the connection is gone. */
void rig_peer_write(struct rig *rig);
/* The peer reads what there is; true at the end of the stream. */
bool rig_peer_read(struct rig *rig);
void rig_peer_end(struct rig *rig);
void rig_peer_reset(struct rig *rig);

#endif
