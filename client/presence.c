/* SPDX-License-Identifier: Apache-2.0 */
#include "client/presence.h"

#include <stddef.h>

/* Time spent connected counts, time away or asleep does not. */
static void count(struct presence *p, int64_t mono_ms)
{
    int64_t ms = mono_ms - p->counted_ms;
    if (p->connected)
        p->waited_ms += ms <= PRESENCE_GAP_MS_MAX ? ms : PRESENCE_LOOK_MS;
    p->counted_ms = mono_ms;
}

void presence_connected(struct presence *p, struct presence_now now)
{
    count(p, now.mono_ms);
    if (!p->connected || p->since_ms == 0)
        p->since_ms = now.wall_ms;
    p->connected = true;
    p->next_ms = 0;
    p->err = ERR_OK;
    p->why.text[0] = '\0';
}

void presence_failed(struct presence *p, enum err err, const struct note *why, int64_t wait_ms,
                     struct presence_now now)
{
    count(p, now.mono_ms);
    if (p->connected || p->since_ms == 0)
        p->since_ms = now.wall_ms;
    p->connected = false;
    p->stuck = false; /* it is away: that is said instead */
    p->next_ms = wait_ms < 0 ? 0 : now.wall_ms + wait_ms;
    p->err = err;
    p->why.text[0] = '\0';
    if (why != NULL)
        p->why = *why;
}

bool presence_outbox(struct presence *p, uint64_t unsent, uint64_t acked,
                     struct presence_now now)
{
    count(p, now.mono_ms);
    if (unsent == 0 || p->empty || acked != p->acked) {
        p->empty = unsent == 0;
        p->acked = acked;
        p->waited_ms = 0;
        p->stuck = false;
        return false;
    }
    bool was = p->stuck;
    p->stuck = p->connected && p->waited_ms >= PRESENCE_STUCK_MS;
    return p->stuck && !was;
}
