/* SPDX-License-Identifier: Apache-2.0 */
/* The heart of the simulation: virtual time, a heap of events, one seed, one hash of all that
 * happened. */
#ifndef TESTS_SIM_ENGINE_H
#define TESTS_SIM_ENGINE_H

#include "tests/support/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    ENGINE_OWNERS_MAX = 16,
    ENGINE_RECENT = 64 /* events kept for the report of a failure */
};

/* Plain numbers only, never an address: they are hashed and must be the same in every run. What
 * an event is about is looked up by id when it fires, and may be gone by then. */
struct event {
    int64_t at_ms;  /* virtual monotonic time */
    uint32_t owner; /* who handles it: the part of the world that set it */
    uint32_t kind;  /* the owner's own enum */
    uint64_t a;     /* the owner's own: a node, a connection, a job… */
    uint64_t b;
    uint64_t c;
};

typedef void (*engine_fn)(void *ctx, const struct event *event);

/* Opaque but embedded: private fields below. */
struct engine {
    int64_t now_ms; /* read-only for others */
    uint64_t seed;  /* read-only for others */
    uint64_t hash;  /* read-only for others: FNV-1a over all events and traces so far */
    uint64_t fired; /* read-only for others: events so far */
    /* private */
    struct engine_item *heap;
    size_t heap_n;
    size_t heap_room;
    uint32_t *places; /* slot → place in the heap */
    uint32_t *generations;
    uint32_t *slots_free;
    size_t slots_free_n;
    uint64_t order; /* grows with each event set: the last tie-breaker */
    struct rng ties;
    struct {
        engine_fn fn;
        void *ctx;
    } owners[ENGINE_OWNERS_MAX];
    struct event recent[ENGINE_RECENT];
};

void engine_init(struct engine *engine, uint64_t seed);
void engine_done(struct engine *engine);
/* Events of `owner` go to fn. Once per owner, before its first event. */
void engine_owner(struct engine *engine, uint32_t owner, engine_fn fn, void *ctx);
/* The stream `name` of the run's seed. */
struct rng engine_rng(const struct engine *engine, const char *name);

/* Time begins there; before the first event is set. */
void engine_begin(struct engine *engine, int64_t now_ms);
/* Let an event fire `delay_ms` (>= 0) from now. Events of one millisecond fire in an order
 * drawn from the seed: who needs an order of its own keeps a queue. Returns an id, never 0. */
uint64_t engine_after(struct engine *engine, int64_t delay_ms, struct event event);
/* Take an event back; false when it has fired or was taken back before. 0 is fine. */
bool engine_cancel(struct engine *engine, uint64_t id);
/* When the next event is due; false when none is. */
bool engine_next(const struct engine *engine, int64_t *at_ms);
/* Fire the next event; false when none is left. */
bool engine_step(struct engine *engine);
/* Fire all events due up to and at `until_ms`, then set the time to it. */
void engine_run(struct engine *engine, int64_t until_ms);

/* Mix what happened (bytes on the wire, a digest, a verdict) into the hash. */
void engine_trace(struct engine *engine, const void *bytes, size_t n);
/* Write seed, time, hash and the latest events, oldest first. */
void engine_report(const struct engine *engine, FILE *out);

#endif
