/* SPDX-License-Identifier: Apache-2.0 */
/* Hybrid logical clock (Kulkarni et al. 2014): version stamps that grow on one device whatever
 * its clock does. */
#ifndef PROTO_HLC_H
#define PROTO_HLC_H

#include "proto/err.h"

#include <stdint.h>

enum {
    HLC_COUNTER_BITS = 16,
    /* A stamp from elsewhere moves our clock at most this far past our own wall clock. */
    HLC_AHEAD_MS_MAX = 5 * 60 * 1000,
    /* Skews below this are measuring noise and count as zero. */
    HLC_SKEW_NOISE_MS = 1000,
};

/* 48 bits of milliseconds since 1970, 16 bits of counter that carries into the milliseconds. 0
 * = none. */
typedef uint64_t hlc_t;

/* A version stamp: total order by (hlc, origin). origin is the number of the epoch that wrote.
 */
struct stamp {
    hlc_t hlc;       /* when, on the writer's clock */
    uint32_t origin; /* epoch number; 0 = the server itself */
};

/* The clock of one replica; kept in its database, changed in the same transaction as the rows.
 */
struct hlc {
    hlc_t last; /* greatest stamp made or accepted */
};
/* The next stamp: greater than every one before; follows wall_ms when that is ahead. wall_ms
 * below zero counts as zero. */
hlc_t hlc_tick(struct hlc *clock, int64_t wall_ms);
/* Take note of a stamp from elsewhere, once per batch with its maximum. Moves the clock at most
 * to wall_ms + HLC_AHEAD_MS_MAX; a stamp beyond that is ignored. */
void hlc_observe(struct hlc *clock, hlc_t seen, int64_t wall_ms);
int64_t hlc_ms(hlc_t stamp);
hlc_t hlc_of_ms(int64_t ms);

int stamp_cmp(struct stamp a, struct stamp b);
static inline bool stamp_eq(struct stamp a, struct stamp b)
{
    return a.hlc == b.hlc && a.origin == b.origin;
}

/* When an edit really happened, as well as the server can know: the device's wall time minus
 * its measured skew, never after its receipt, never before the same device's previous edit.
 * skew_ms: device clock minus server clock. All in ms since 1970. */
int64_t hlc_edit_ms(int64_t device_ms, int64_t skew_ms, int64_t received_ms,
                    int64_t previous_ms);

#endif
