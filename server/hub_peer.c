/* SPDX-License-Identifier: Apache-2.0 */
/* What the hub does to a peer: say, end, pause, put in line for the database thread. */
#include "server/hub_inside.h"

/* ---- actions ---- */

void hub_act(struct hub *hub, struct hub_action action)
{
    must(hub->actions_n < hub->actions_room);
    hub->actions[hub->actions_n++] = action;
}

static void act_on(struct hub *hub, struct hub_peer *peer, struct hub_action action)
{
    action.peer = peer->id;
    action.owner = peer->owner;
    hub_act(hub, action);
}

void hub_send(struct hub *hub, struct hub_peer *peer, struct str bytes)
{
    if (bytes.n > 0 && !peer->gone && peer->state != HUB_ENDING)
        act_on(hub, peer, (struct hub_action){.type = HUB_SEND, .bytes = bytes});
}

/* Send a frame made here; its bytes live as long as the step's actions. */
static void send_made(struct hub *hub, struct hub_peer *peer, struct buf *frame)
{
    char *kept = frame->err == ERR_OK ? arena_copy(&hub->arena, frame->p, frame->n) : NULL;
    if (kept != NULL)
        hub_send(hub, peer, (struct str){kept, frame->n});
    buf_done(frame);
}

void hub_say(struct hub *hub, struct hub_peer *peer, enum message_type type)
{
    struct buf frame = {0};
    message_empty(&frame, type);
    send_made(hub, peer, &frame);
}

/* SplitMix64 over the random bits of the event. */
int64_t hub_draw(struct hub *hub, int64_t from, int64_t to)
{
    uint64_t z = hub->random += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    z ^= z >> 31;
    return from + (int64_t)(z % (uint64_t)(to - from + 1));
}

void hub_wake_at(struct hub *hub, int64_t ms)
{
    if (hub->timer_ms != 0 && hub->timer_ms <= ms)
        return;
    hub->timer_ms = ms;
    hub->timer_moved = true;
}

void hub_await(struct hub *hub, struct hub_peer *peer, enum hub_state state, int64_t term_ms)
{
    peer->state = state;
    peer->due_ms = term_ms == 0 ? 0 : hub->now_ms + term_ms;
    if (peer->due_ms != 0)
        hub_wake_at(hub, peer->due_ms);
}

void hub_cut(struct hub *hub, struct hub_peer *peer, enum err err)
{
    if (peer->state == HUB_ENDING)
        return;
    if (!peer->has_key)
        hub->strangers--;
    peer->state = HUB_ENDING;
    peer->want_page = false;
    if (!peer->gone)
        act_on(hub, peer, (struct hub_action){.type = HUB_CLOSE, .err = err});
}

void hub_end(struct hub *hub, struct hub_peer *peer, enum err err)
{
    hub_end_retry(hub, peer, err, LIMIT_RETRY_MS_MAX);
}

void hub_end_retry(struct hub *hub, struct hub_peer *peer, enum err err, int64_t retry_ms_max)
{
    struct bye bye = {.err = err};
    struct buf frame = {0};
    if (err == ERR_LATER)
        bye.retry_ms = (uint32_t)hub_draw(hub, LIMIT_RETRY_MS_MIN, retry_ms_max);
    message_bye(&frame, &bye);
    send_made(hub, peer, &frame);
    hub_cut(hub, peer, err);
    hub_drop_pushes(hub, peer);
}

void hub_wipe(struct hub *hub, struct hub_peer *peer)
{
    hub_drop_pushes(hub, peer);
    peer->want_page = false;
    hub_say(hub, peer, MESSAGE_WIPE);
    hub_await(hub, peer, HUB_WIPING, LIMIT_WIPE_MS);
}

void hub_fail(struct hub *hub, enum err err)
{
    if (hub->failed != ERR_OK)
        return;
    hub->failed = err;
    hub->draining = true;
    for (size_t i = 0; i < hub->slots_n; i++)
        if (hub->slots[i] != NULL)
            hub_end(hub, hub->slots[i], ERR_LATER);
    hub_act(hub, (struct hub_action){.type = HUB_FAILED, .err = err});
}

/* ---- flow ---- */

void hub_refill(struct hub_bucket *b, int64_t now_ms, int64_t per_second, int64_t burst)
{
    int64_t add = (now_ms - b->last_ms) * per_second / 1000;
    if (add <= 0)
        return;
    b->left = b->left + add > burst ? burst : b->left + add;
    b->last_ms = now_ms;
}

/* When the bucket is out of debt. */
static int64_t paid_ms(const struct hub_bucket *b, int64_t now_ms, int64_t per_second)
{
    return b->left >= 0 ? now_ms : now_ms + (-b->left) * 1000 / per_second + 1;
}

void hub_refill_peer(struct hub *hub, struct hub_peer *peer)
{
    hub_refill(&peer->ops, hub->now_ms, LIMIT_OPS_PER_SECOND, LIMIT_OPS_BURST);
    hub_refill(&peer->bytes, hub->now_ms, LIMIT_BYTES_PER_SECOND, LIMIT_BYTES_BURST);
}

void hub_flow(struct hub *hub, struct hub_peer *peer)
{
    if (peer->gone || peer->state == HUB_ENDING)
        return;
    bool in_debt = peer->ops.left < 0 || peer->bytes.left < 0;
    bool much = peer->pushes >= MESSAGE_PUSHES_AHEAD ||
                (peer->pushes > 0 && hub->push_bytes >= LIMIT_WAITING_BYTES);
    bool pause = in_debt || much || peer->leaving;
    if (in_debt) {
        int64_t ops = paid_ms(&peer->ops, hub->now_ms, LIMIT_OPS_PER_SECOND);
        int64_t bytes = paid_ms(&peer->bytes, hub->now_ms, LIMIT_BYTES_PER_SECOND);
        hub_wake_at(hub, ops > bytes ? ops : bytes);
    }
    if (pause == peer->paused)
        return;
    peer->paused = pause;
    peer->heard_ms = hub->now_ms;
    act_on(hub, peer, (struct hub_action){.type = pause ? HUB_PAUSE : HUB_RESUME});
}

bool hub_due(const struct hub_peer *peer)
{
    if (peer->busy || peer->gone)
        return false;
    switch (peer->state) {
    case HUB_GREETING:
    case HUB_FORKING:
    case HUB_ENROLLING:
    case HUB_WIPED:
        return true;
    case HUB_TALKING:
        return peer->want_page && !peer->filled && !peer->leaving &&
               peer->ahead_n < MESSAGE_PAGES_AHEAD;
    case HUB_WAITS_HELLO:
    case HUB_WAITS_ENROL:
    case HUB_WIPING:
    case HUB_ENDING:
        return false;
    }
    return false;
}

void hub_ready(struct hub *hub, struct hub_peer *peer)
{
    if (peer->ready || !hub_due(peer))
        return;
    peer->ready = true;
    peer->ready_next = NULL;
    peer->refs++;
    if (hub->ready_first == NULL)
        hub->ready_first = peer;
    else
        hub->ready_last->ready_next = peer;
    hub->ready_last = peer;
}

void hub_committed(struct hub *hub, uint64_t seq)
{
    if (seq <= hub->seq)
        return;
    hub->seq = seq;
    for (size_t i = 0; i < hub->slots_n; i++) {
        struct hub_peer *peer = hub->slots[i];
        if (peer == NULL || peer->state != HUB_TALKING || !peer->hello.live)
            continue;
        peer->want_page = peer->want_page || peer->told < seq;
        hub_ready(hub, peer);
    }
}
