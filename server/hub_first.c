/* SPDX-License-Identifier: Apache-2.0 */
/* First syncs in the hub: a place, a wait or another time. */
#include "server/hub_inside.h"

/* An older connection of the device would keep its turn from it. */
static void take_over(struct hub *hub, const struct hub_peer *newest)
{
    struct hub_peer *peer = newest->at->peers;
    while (peer != NULL) {
        struct hub_peer *next = peer->at_next;
        if (peer != newest && peer->place != HUB_PLACE_NONE)
            hub_end(hub, peer, ERR_LATER);
        peer = next;
    }
}

void hub_first_ask(struct hub *hub, struct hub_peer *peer, const struct hub_job *hello)
{
    peer->bulk = hello->first;
    if (!hello->first || hello->seq < LIMIT_FIRST_SEQS)
        return;
    uint32_t retry_ms = 0;
    take_over(hub, peer);
    uint64_t draw = (uint64_t)hub_draw(hub, 0, INT32_MAX);
    switch (admission_ask(&hub->admission, peer->device.device, peer->id, hub->now_ms, draw,
                          &retry_ms)) {
    case ADMISSION_GO:
        peer->place = HUB_PLACE_HAS;
        peer->paged_ms = hub->now_ms;
        hub_wake_at(hub, hub->now_ms + LIMIT_PLACE_MS);
        return;
    case ADMISSION_STAY:
        peer->place = HUB_PLACE_WAITS;
        hub_draw_ping(hub, peer);
        hub_wake_at(hub, peer->heard_ms + peer->ping_ms);
        return;
    case ADMISSION_LATER:
        peer->place = HUB_PLACE_WAITS;
        peer->away_ms = retry_ms;
        hub_await(hub, peer, HUB_TALKING, LIMIT_AWAY_MS);
        hub_first_away(hub, peer);
        return;
    }
}

void hub_first_away(struct hub *hub, struct hub_peer *peer)
{
    if (peer->away_ms != 0 && peer->state == HUB_TALKING && peer->pushes == 0 &&
        peer->judged >= peer->hello.op_last)
        hub_end_later(hub, peer, peer->away_ms);
}

void hub_first_over(struct hub *hub, struct hub_peer *peer)
{
    if (peer->place == HUB_PLACE_HAS)
        admission_leave(&hub->admission, peer->id, hub->now_ms);
    else if (peer->place == HUB_PLACE_WAITS)
        admission_gone(&hub->admission, peer->id, hub->now_ms);
    peer->place = HUB_PLACE_NONE;
}

void hub_first_gone(struct hub *hub, struct hub_peer *peer)
{
    if (peer->place != HUB_PLACE_NONE)
        admission_gone(&hub->admission, peer->id, hub->now_ms);
    peer->place = HUB_PLACE_NONE;
}

void hub_first_tick(struct hub *hub, struct hub_peer *peer)
{
    if (peer->place != HUB_PLACE_HAS)
        return;
    if (!peer->ready && !peer->busy && hub->now_ms - peer->paged_ms >= LIMIT_PLACE_MS)
        hub_first_over(hub, peer);
    else
        hub_wake_at(hub, hub->now_ms + LIMIT_PLACE_MS);
}

void hub_first_next(struct hub *hub)
{
    for (uint64_t id = 0; (id = admission_next(&hub->admission, hub->now_ms)) != 0;) {
        struct hub_peer *peer = hub->slots[(id & UINT32_MAX) - 1];
        must(peer != NULL && peer->id == id && peer->place == HUB_PLACE_WAITS);
        peer->place = HUB_PLACE_HAS;
        peer->paged_ms = hub->now_ms;
        hub_wake_at(hub, hub->now_ms + LIMIT_PLACE_MS);
        hub_ready(hub, peer);
    }
}
