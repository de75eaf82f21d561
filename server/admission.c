/* SPDX-License-Identifier: Apache-2.0 */
#include "server/admission.h"

#include "proto/mem.h"

#include <string.h>

enum { FIRST_GUESS_MS = 1000, OLD_PARTS = 7, ALL_PARTS = 8 };

void admission_done(struct admission *a)
{
    mem_free(a->turns);
    *a = (struct admission){.count = 0};
}

static struct admission_place *place_of(struct admission *a, uint64_t peer)
{
    for (size_t i = 0; i < LIMIT_FIRST_SYNCS; i++)
        if (a->places[i].peer == peer)
            return &a->places[i];
    return NULL;
}

/* Who did not come back in time has lost its turn. */
static void expire(struct admission *a, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < a->count; i++)
        if (a->turns[i].peer != 0 || a->turns[i].until_ms > now_ms)
            a->turns[kept++] = a->turns[i];
    a->count = kept;
}

static void drop(struct admission *a, size_t at)
{
    a->count--;
    memmove(a->turns + at, a->turns + at + 1, (a->count - at) * sizeof *a->turns);
}

static size_t turn_of(const struct admission *a, uint32_t device)
{
    size_t at = 0;
    while (at < a->count && a->turns[at].device != device)
        at++;
    return at;
}

/* A turn in front of the one at `at`; false when there is no room or memory for it. */
static bool insert(struct admission *a, size_t at, uint32_t device)
{
    if (a->count == LIMIT_PEERS)
        return false;
    if (a->count == a->room) {
        size_t room = a->room == 0 ? LIMIT_FIRST_WAITING : 2 * a->room;
        struct admission_turn *grown = mem_grow(a->turns, room * sizeof *grown);
        if (grown == NULL)
            return false;
        a->turns = grown;
        a->room = room;
    }
    if (at < a->count)
        memmove(a->turns + at + 1, a->turns + at, (a->count - at) * sizeof *a->turns);
    a->count++;
    a->turns[at] = (struct admission_turn){.device = device};
    return true;
}

/* So many before it, so many at a time: drawn from the second half of what that takes. */
static uint32_t retry_of(const struct admission *a, size_t before, uint64_t draw)
{
    int64_t each_ms = a->takes_ms == 0 ? FIRST_GUESS_MS : a->takes_ms;
    int64_t ms = each_ms * (int64_t)(before + 1) / LIMIT_FIRST_SYNCS;
    ms = ms < 2 * LIMIT_RETRY_MS_MIN ? 2 * LIMIT_RETRY_MS_MIN : ms;
    ms = ms > LIMIT_RETRY_MS_MAX ? LIMIT_RETRY_MS_MAX : ms;
    return (uint32_t)(ms / 2 + (int64_t)(draw % (uint64_t)(ms / 2 + 1)));
}

static void give(struct admission_place *place, uint32_t device, uint64_t peer, int64_t now_ms)
{
    *place = (struct admission_place){.peer = peer, .since_ms = now_ms, .device = device};
}

/* Does somebody who is there wait before this turn? */
static bool waits_before(const struct admission *a, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (a->turns[i].peer != 0)
            return true;
    return false;
}

enum admission_word admission_ask(struct admission *a, uint32_t device, uint64_t peer,
                                  int64_t now_ms, uint64_t draw, uint32_t *retry_ms)
{
    struct admission_place *place = place_of(a, 0);
    if (place_of(a, peer) != NULL)
        return ADMISSION_GO;
    expire(a, now_ms);
    size_t at = turn_of(a, device);
    if (place != NULL && !waits_before(a, at)) {
        give(place, device, peer, now_ms);
        if (at < a->count)
            drop(a, at);
        return ADMISSION_GO;
    }
    bool kept = at < a->count || insert(a, at, device);
    if (kept && at < LIMIT_FIRST_WAITING) {
        a->turns[at].peer = peer;
        return ADMISSION_STAY;
    }
    *retry_ms = retry_of(a, at, draw);
    if (kept)
        a->turns[at].until_ms = now_ms + 2 * (int64_t)*retry_ms + LIMIT_TURN_MS;
    return ADMISSION_LATER;
}

void admission_leave(struct admission *a, uint64_t peer, int64_t now_ms)
{
    struct admission_place *place = place_of(a, peer);
    if (peer == 0 || place == NULL)
        return;
    int64_t took_ms = now_ms - place->since_ms + 1;
    a->takes_ms = a->takes_ms == 0 ? took_ms : (a->takes_ms * OLD_PARTS + took_ms) / ALL_PARTS;
    place->peer = 0;
}

void admission_gone(struct admission *a, uint64_t peer, int64_t now_ms)
{
    if (peer == 0)
        return;
    size_t at = 0;
    while (at < a->count && a->turns[at].peer != peer)
        at++;
    struct admission_place *place = place_of(a, peer);
    if (place != NULL) {
        place->peer = 0;
        at = insert(a, 0, place->device) ? 0 : a->count;
    }
    if (at == a->count)
        return;
    a->turns[at].peer = 0;
    a->turns[at].until_ms = now_ms + LIMIT_TURN_MS;
}

uint64_t admission_next(struct admission *a, int64_t now_ms)
{
    struct admission_place *place = place_of(a, 0);
    for (size_t i = 0; place != NULL && i < a->count; i++) {
        uint64_t peer = a->turns[i].peer;
        if (peer == 0)
            continue;
        give(place, a->turns[i].device, peer, now_ms);
        drop(a, i);
        return peer;
    }
    return 0;
}
