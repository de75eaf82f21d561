/* SPDX-License-Identifier: Apache-2.0 */
/* Who may read everything now, who waits for a place, who comes back later and when: pure. */
#ifndef SERVER_ADMISSION_H
#define SERVER_ADMISSION_H

#include "server/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A first sync reads the whole of what a device may see: few at a time, so that each comes to
 * its end and nobody with little to do stands behind them. The others keep their turn in one
 * line, by device, whether they wait connected or were told to come back: who came first is
 * served first. */
enum admission_word {
    ADMISSION_GO,    /* has a place */
    ADMISSION_STAY,  /* soon: stay connected */
    ADMISSION_LATER, /* come back in retry_ms; the turn is kept until then and a while longer */
};
struct admission_turn {
    uint64_t peer;    /* waits connected under this number; 0: was told to come back … */
    int64_t until_ms; /* … and loses its turn then */
    uint32_t device;
};
struct admission_place {
    uint64_t peer;    /* 0: free */
    int64_t since_ms; /* given */
    uint32_t device;
};
/* Zeroed is empty. */
struct admission {
    /* private */
    struct admission_place places[LIMIT_FIRST_SYNCS];
    struct admission_turn *turns; /* oldest first */
    size_t count, room;
    int64_t takes_ms; /* what a first sync took lately; 0: none has ended yet */
};
/* Frees; zeroed is fine. */
void admission_done(struct admission *a);

/* `peer` of `device` wants to read everything. draw: fresh bits. *retry_ms is set with LATER:
 * about when its turn may come, between LIMIT_RETRY_MS_MIN and LIMIT_RETRY_MS_MAX. */
enum admission_word admission_ask(struct admission *a, uint32_t device, uint64_t peer,
                                  int64_t now_ms, uint64_t draw, uint32_t *retry_ms);
/* The peer gives its place back: it has read everything, or reads so slowly that it keeps
 * nobody busy. Nothing when it has none. */
void admission_leave(struct admission *a, uint64_t peer, int64_t now_ms);
/* The connection is gone. A turn is kept for a while; who had a place has the first turn. */
void admission_gone(struct admission *a, uint64_t peer, int64_t now_ms);
/* Who waits and gets the place that is free; 0: nobody, or none. */
uint64_t admission_next(struct admission *a, int64_t now_ms);

#endif
