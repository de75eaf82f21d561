/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/engine.h"

#include "proto/err.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct engine_item {
    struct event event;
    uint64_t tie;
    uint64_t order;
    uint32_t slot;
};

static const uint32_t taken_out = UINT32_MAX;

/* The engine is the world, not the program under test: it does not run out of memory. */
static void *grow(void *p, size_t n)
{
    void *grown = realloc(p, n);
    must(grown != NULL);
    return grown;
}

void engine_init(struct engine *engine, uint64_t seed)
{
    memset(engine, 0, sizeof *engine);
    engine->seed = seed;
    engine->hash = 0xcbf29ce484222325U;
    engine->ties = engine_rng(engine, "ties");
}

void engine_done(struct engine *engine)
{
    free(engine->heap);
    free(engine->places);
    free(engine->generations);
    free(engine->slots_free);
    memset(engine, 0, sizeof *engine);
}

void engine_owner(struct engine *engine, uint32_t owner, engine_fn fn, void *ctx)
{
    must(owner < ENGINE_OWNERS_MAX && engine->owners[owner].fn == NULL);
    engine->owners[owner].fn = fn;
    engine->owners[owner].ctx = ctx;
}

struct rng engine_rng(const struct engine *engine, const char *name)
{
    struct rng rng;
    rng_stream(&rng, engine->seed, name);
    return rng;
}

static bool before(const struct engine_item *x, const struct engine_item *y)
{
    if (x->event.at_ms != y->event.at_ms)
        return x->event.at_ms < y->event.at_ms;
    if (x->tie != y->tie)
        return x->tie < y->tie;
    return x->order < y->order;
}

static void place(struct engine *engine, size_t at, struct engine_item item)
{
    engine->heap[at] = item;
    engine->places[item.slot] = (uint32_t)at;
}

static void sift_up(struct engine *engine, size_t at)
{
    struct engine_item item = engine->heap[at];
    while (at > 0 && before(&item, &engine->heap[(at - 1) / 2])) {
        place(engine, at, engine->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(engine, at, item);
}

static void sift_down(struct engine *engine, size_t at)
{
    struct engine_item item = engine->heap[at];
    while (at * 2 + 1 < engine->heap_n) {
        size_t child = at * 2 + 1;
        if (child + 1 < engine->heap_n &&
            before(&engine->heap[child + 1], &engine->heap[child]))
            child++;
        if (!before(&engine->heap[child], &item))
            break;
        place(engine, at, engine->heap[child]);
        at = child;
    }
    place(engine, at, item);
}

static struct event remove_at(struct engine *engine, size_t at)
{
    struct engine_item gone = engine->heap[at];
    struct engine_item last = engine->heap[--engine->heap_n];
    if (at < engine->heap_n) {
        place(engine, at, last);
        sift_up(engine, at);
        sift_down(engine, engine->places[last.slot]);
    }
    engine->places[gone.slot] = taken_out;
    engine->generations[gone.slot]++;
    engine->slots_free[engine->slots_free_n++] = gone.slot;
    return gone.event;
}

static void make_room(struct engine *engine)
{
    if (engine->heap_n < engine->heap_room)
        return;
    size_t room = engine->heap_room * 2 + 64;
    must(room < taken_out);
    engine->heap = grow(engine->heap, room * sizeof *engine->heap);
    engine->places = grow(engine->places, room * sizeof *engine->places);
    engine->generations = grow(engine->generations, room * sizeof *engine->generations);
    engine->slots_free = grow(engine->slots_free, room * sizeof *engine->slots_free);
    for (size_t slot = room; slot-- > engine->heap_room;) {
        engine->places[slot] = taken_out;
        engine->generations[slot] = 1;
        engine->slots_free[engine->slots_free_n++] = (uint32_t)slot;
    }
    engine->heap_room = room;
}

void engine_begin(struct engine *engine, int64_t now_ms)
{
    must(engine->heap_n == 0 && engine->fired == 0);
    engine->now_ms = now_ms;
}

uint64_t engine_after(struct engine *engine, int64_t delay_ms, struct event event)
{
    must(delay_ms >= 0 && event.owner < ENGINE_OWNERS_MAX &&
         engine->owners[event.owner].fn != NULL);
    make_room(engine);
    uint32_t slot = engine->slots_free[--engine->slots_free_n];
    event.at_ms = engine->now_ms + delay_ms;
    struct engine_item item = {event, rng_next(&engine->ties), engine->order++, slot};
    engine->heap[engine->heap_n] = item;
    sift_up(engine, engine->heap_n++);
    return (uint64_t)engine->generations[slot] << 32 | slot;
}

bool engine_cancel(struct engine *engine, uint64_t id)
{
    uint32_t slot = (uint32_t)id;
    if (id == 0 || slot >= engine->heap_room || engine->generations[slot] != id >> 32 ||
        engine->places[slot] == taken_out)
        return false;
    (void)remove_at(engine, engine->places[slot]);
    return true;
}

bool engine_next(const struct engine *engine, int64_t *at_ms)
{
    if (engine->heap_n == 0)
        return false;
    *at_ms = engine->heap[0].event.at_ms;
    return true;
}

bool engine_step(struct engine *engine)
{
    if (engine->heap_n == 0)
        return false;
    struct event event = remove_at(engine, 0);
    engine->now_ms = event.at_ms;
    engine->recent[engine->fired++ % ENGINE_RECENT] = event;
    uint64_t words[] = {
        (uint64_t)event.at_ms, event.owner, event.kind, event.a, event.b, event.c};
    engine_trace(engine, words, sizeof words);
    engine->owners[event.owner].fn(engine->owners[event.owner].ctx, &event);
    return true;
}

void engine_run(struct engine *engine, int64_t until_ms)
{
    int64_t at_ms = 0;
    while (engine_next(engine, &at_ms) && at_ms <= until_ms)
        (void)engine_step(engine);
    if (engine->now_ms < until_ms)
        engine->now_ms = until_ms;
}

void engine_trace(struct engine *engine, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    uint64_t hash = engine->hash;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ p[i]) * 0x100000001b3U;
    engine->hash = hash;
}

void engine_report(const struct engine *engine, FILE *out)
{
    (void)fprintf(out,
                  "seed %" PRIu64 ", %" PRId64 " ms, %" PRIu64 " events, hash %016" PRIx64 "\n",
                  engine->seed, engine->now_ms, engine->fired, engine->hash);
    uint64_t n = engine->fired < ENGINE_RECENT ? engine->fired : ENGINE_RECENT;
    for (uint64_t i = engine->fired - n; i < engine->fired; i++) {
        const struct event *e = &engine->recent[i % ENGINE_RECENT];
        (void)fprintf(
            out, "  %" PRId64 " ms owner %u kind %u: %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
            e->at_ms, e->owner, e->kind, e->a, e->b, e->c);
    }
}
