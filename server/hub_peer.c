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

void hub_draw_ping(struct hub *hub, struct hub_peer *peer)
{
    /* Who waits for a first page hears nothing else, and would give us up in half a minute. */
    int64_t ms = peer->place == HUB_PLACE_WAITS ? LIMIT_FIRST_PING_MS : LIMIT_PING_MS;
    peer->ping_ms = hub_draw(hub, ms, ms + ms / 2);
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
    hub_first_gone(hub, peer);
    hub_content_drop(hub, peer);
    hub_relay_gone(hub, peer);
    peer->state = HUB_ENDING;
    peer->want_page = false;
    if (!peer->gone)
        act_on(hub, peer, (struct hub_action){.type = HUB_CLOSE, .err = err});
}

static void end(struct hub *hub, struct hub_peer *peer, const struct bye *bye)
{
    struct buf frame = {0};
    message_bye(&frame, bye);
    send_made(hub, peer, &frame);
    hub_cut(hub, peer, bye->err);
    hub_drop_pushes(hub, peer);
}

bool hub_overloaded(const struct hub *hub)
{
    return hub->peers > LIMIT_PEERS || hub->push_bytes + hub->page_bytes >= LIMIT_QUEUE_BYTES;
}

/* The more there are, the longer it takes until all of them are back. */
static uint32_t retry_ms(struct hub *hub)
{
    int64_t ms = LIMIT_RETRY_MS_SOON + (int64_t)hub->peers * LIMIT_RETRY_MS_PEER;
    if (ms > LIMIT_RETRY_MS_MAX || hub_overloaded(hub))
        ms = LIMIT_RETRY_MS_MAX;
    return (uint32_t)hub_draw(hub, LIMIT_RETRY_MS_MIN, ms);
}

void hub_end(struct hub *hub, struct hub_peer *peer, enum err err)
{
    struct bye bye = {.err = err, .retry_ms = err == ERR_LATER ? retry_ms(hub) : 0};
    end(hub, peer, &bye);
}

void hub_end_soon(struct hub *hub, struct hub_peer *peer)
{
    hub_end_later(hub, peer, (uint32_t)hub_draw(hub, LIMIT_RETRY_MS_MIN, LIMIT_RETRY_MS_SOON));
}

void hub_end_later(struct hub *hub, struct hub_peer *peer, uint32_t retry_ms)
{
    end(hub, peer, &(struct bye){.err = ERR_LATER, .retry_ms = retry_ms});
}

void hub_wipe(struct hub *hub, struct hub_peer *peer)
{
    hub_drop_pushes(hub, peer);
    hub_first_gone(hub, peer); /* it reads nothing any more */
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

void hub_flow(struct hub *hub, struct hub_peer *peer)
{
    if (peer->gone || peer->state == HUB_ENDING)
        return;
    int64_t debt_ms = hub_device_debt_ms(hub, peer);
    bool much = peer->pushes >= MESSAGE_PUSHES_AHEAD ||
                (peer->pushes > 0 && hub->push_bytes >= LIMIT_WAITING_BYTES);
    bool pause = debt_ms != 0 || much || peer->leaving;
    if (debt_ms != 0)
        hub_wake_at(hub, debt_ms);
    if (pause == peer->paused)
        return;
    peer->paused = pause;
    peer->heard_ms = hub->now_ms;
    act_on(hub, peer, (struct hub_action){.type = pause ? HUB_PAUSE : HUB_RESUME});
}

void hub_ahead_drop(struct hub *hub, struct hub_peer *peer, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        hub->page_bytes -= peer->ahead_bytes[i];
    peer->ahead_n -= n;
    memmove(peer->ahead, peer->ahead + n, peer->ahead_n * sizeof *peer->ahead);
    memmove(peer->ahead_bytes, peer->ahead_bytes + n,
            peer->ahead_n * sizeof *peer->ahead_bytes);
}

void hub_note(struct hub *hub, struct hub_peer *peer)
{
    if (peer->seen_queued)
        return;
    peer->seen_queued = true;
    peer->refs++;
    peer->seen_next = hub->seen_first;
    hub->seen_first = peer;
}

/* ---- the lines ---- */

bool hub_page_due(const struct hub *hub, const struct hub_peer *peer)
{
    return peer->want_page && !peer->filled && !peer->leaving &&
           peer->place != HUB_PLACE_WAITS &&
           peer->ahead_n < (hub->page_bytes < LIMIT_PAGE_BYTES ? MESSAGE_PAGES_AHEAD : 1);
}

bool hub_due(const struct hub *hub, const struct hub_peer *peer)
{
    if (peer->busy || peer->gone)
        return false;
    switch (peer->state) {
    case HUB_GREETING:
    case HUB_FORKING:
    case HUB_ENROLLING:
    case HUB_WIPED:
    case HUB_SITE_GREETS:
        return true;
    case HUB_SITE_JUDGED:
        return hub_relay_due(peer);
    case HUB_TALKING:
        return hub_page_due(hub, peer) || hub_content_due(peer);
    case HUB_WAITS_HELLO:
    case HUB_WAITS_ENROL:
    case HUB_WIPING:
    case HUB_SITE_TALKS:
    case HUB_ENDING:
        return false;
    }
    return false;
}

void hub_ready(struct hub *hub, struct hub_peer *peer)
{
    if (peer->ready || !hub_due(hub, peer))
        return;
    bool bulk = peer->state == HUB_SITE_JUDGED ||
                (peer->state == HUB_TALKING && (peer->bulk || !hub_page_due(hub, peer)));
    struct hub_line *line = &hub->lines[bulk ? 1 : 0];
    peer->ready = true;
    peer->ready_next = NULL;
    peer->refs++;
    if (line->first == NULL)
        line->first = peer;
    else
        line->last->ready_next = peer;
    line->last = peer;
}

void hub_tell_idle(struct hub *hub, struct hub_peer *peer)
{
    if (peer->state != HUB_TALKING || !peer->hello.live || peer->told >= hub->seq)
        return;
    if (hub->now_ms - peer->idled_ms < LIMIT_IDLE_MS) {
        hub_wake_at(hub, peer->idled_ms + LIMIT_IDLE_MS);
        return;
    }
    peer->want_page = true;
    hub_ready(hub, peer);
}

/* Those who listen and have been told less than this. */
static void wake(struct hub *hub, uint64_t seq)
{
    for (size_t i = 0; i < hub->slots_n; i++) {
        struct hub_peer *peer = hub->slots[i];
        if (peer == NULL || peer->state != HUB_TALKING || !peer->hello.live)
            continue;
        peer->want_page = peer->want_page || peer->told < seq;
        hub_ready(hub, peer);
    }
}

void hub_committed(struct hub *hub, uint64_t seq)
{
    if (seq <= hub->seq)
        return;
    hub->seq = seq;
    wake(hub, seq);
}

void hub_turned(struct hub *hub, uint64_t rights)
{
    if (rights <= hub->rights)
        return;
    hub->rights = rights;
    wake(hub, UINT64_MAX);
}
