/* SPDX-License-Identifier: Apache-2.0 */
/* A conversation, all goes well:
 *
 *     OPEN → WAITS_HELLO ─HELLO→ GREETING ─job→ TALKING: PUSH, PULLED … ─BYE→ ENDING
 *     OPEN → WAITS_ENROL ─ENROL→ ENROLLING ─job→ ENDING
 *     OPEN → WAITS_HELLO ─SITE→ SITE_GREETS ─job→ SITE_TALKS: PARCEL, PIECE …
 *            ─last PIECE→ SITE_JUDGED ─jobs, answer sent→ SITE_TALKS …
 *
 * A client whose chain is not ours: TALKING ─FORK→ FORKING ─job→ WAITS_HELLO; one whose epoch
 * is not known: GREETING ─job→ WAITS_HELLO. A device to be wiped: GREETING or TALKING → WIPING
 * ─WIPED→ WIPED ─job→ ENDING. Every broken rule, every term that runs out, every job that
 * fails: BYE with the reason, ENDING. The connection may go at any moment; the peer then lives
 * on until the jobs and pushes that name it are done. */
#include "server/hub_inside.h"

enum {
    ACTIONS_PER_PEER = 4, /* what may happen to all of them in one step: PAUSE, BYE, CLOSE … */
    ACTIONS_PER_PUSH = 4,      /* … and to those of a commit: verdicts before */
    ACTIONS_MORE = LIMIT_JOBS, /* … and the next jobs; a failure, the timer, the end */
    TICK_MS = 250,             /* the timer is not asked for sooner after it came */
};

/* ---- peers ---- */

static struct hub_peer *find(const struct hub *hub, uint64_t id)
{
    size_t slot = (size_t)(id & UINT32_MAX);
    if (slot == 0 || slot > hub->slots_n)
        return NULL;
    struct hub_peer *peer = hub->slots[slot - 1];
    return peer != NULL && peer->id == id ? peer : NULL;
}

static void peer_free(struct hub_peer *peer)
{
    mem_free((void *)(uintptr_t)peer->request.p);
    serve_session_done(&peer->session);
    hub_relay_free(peer);
    mem_free(peer);
}

static size_t actions_of_commit(void)
{
    return (size_t)LIMIT_COMMIT_PUSHES * ACTIONS_PER_PUSH + ACTIONS_MORE;
}

void hub_unref(struct hub *hub, struct hub_peer *peer)
{
    (void)hub;
    must(peer->refs > 0);
    peer->refs--;
    if (peer->gone && peer->refs == 0)
        peer_free(peer);
}

static bool grow_slots(struct hub *hub)
{
    size_t room = hub->slots_room == 0 ? 64 : 2 * hub->slots_room;
    uint32_t *vacant = mem_grow(hub->vacant, room * sizeof *vacant);
    if (vacant == NULL)
        return false;
    hub->vacant = vacant;
    struct hub_peer **slots = mem_grow(hub->slots, room * sizeof *slots);
    if (slots == NULL)
        return false;
    hub->slots = slots;
    hub->slots_room = room;
    return true;
}

/* Room for one more peer, and for all the actions one step may then make. */
static bool make_room(struct hub *hub, size_t *slot)
{
    size_t actions = (hub->peers + 1) * ACTIONS_PER_PEER + actions_of_commit();
    if (actions > hub->actions_room) {
        size_t room = actions + hub->peers;
        struct hub_action *grown = mem_grow(hub->actions, room * sizeof *grown);
        if (grown == NULL)
            return false;
        hub->actions = grown;
        hub->actions_room = room;
    }
    if (hub->vacant_n > 0) {
        *slot = hub->vacant[--hub->vacant_n];
        return true;
    }
    if (hub->slots_n == hub->slots_room && !grow_slots(hub))
        return false;
    *slot = hub->slots_n++;
    hub->slots[*slot] = NULL;
    return true;
}

/* ---- the other events ---- */

/* All places of strangers are taken. Whoever means to enrol says so at once: one that holds its
 * place in silence gives it up, so that a few idle sockets keep nobody out. */
static bool make_place(struct hub *hub, const struct hub_peer *newest)
{
    struct hub_peer *oldest = NULL;
    for (size_t i = 0; i < hub->slots_n; i++) {
        struct hub_peer *peer = hub->slots[i];
        if (peer != NULL && peer != newest && peer->state == HUB_WAITS_ENROL &&
            (oldest == NULL || peer->heard_ms < oldest->heard_ms))
            oldest = peer;
    }
    if (oldest == NULL || hub->now_ms - oldest->heard_ms < LIMIT_ENROL_WAIT_MS)
        return false;
    hub_end(hub, oldest, ERR_LATER);
    return true;
}

/* key: NULL for a stranger. NULL: out of memory. */
static struct hub_peer *new_peer(struct hub *hub, const struct hub_event *event)
{
    const uint8_t *key = event->key;
    struct hub_peer *peer = mem_new(sizeof *peer);
    if (peer == NULL || key == NULL)
        return peer;
    peer->has_key = true;
    memcpy(peer->key, key, sizeof peer->key);
    peer->former = event->former != NULL;
    if (peer->former)
        memcpy(peer->public, event->former, sizeof peer->public);
    if (hub_device_join(hub, peer))
        return peer;
    mem_free(peer);
    return NULL;
}

static uint64_t on_open(struct hub *hub, const struct hub_event *event)
{
    size_t slot = 0;
    if (!make_room(hub, &slot))
        return 0;
    struct hub_peer *peer = new_peer(hub, event);
    if (peer == NULL) {
        hub->vacant[hub->vacant_n++] = (uint32_t)slot;
        return 0;
    }
    peer->id = (uint64_t)++hub->serial << 32 | (slot + 1);
    peer->owner = event->owner;
    peer->heard_ms = hub->now_ms;
    hub_draw_ping(hub, peer);
    hub->slots[slot] = peer;
    hub->peers++;
    hub->strangers += peer->has_key ? 0 : 1;
    if (peer->has_key)
        hub_await(hub, peer, HUB_WAITS_HELLO, LIMIT_HELLO_MS);
    else
        hub_await(hub, peer, HUB_WAITS_ENROL, LIMIT_ENROL_MS);
    bool crowded = hub->strangers > LIMIT_ENROL_PEERS;
    if (hub->draining || hub_overloaded(hub) ||
        (!peer->has_key && crowded && !make_place(hub, peer)))
        hub_end(hub, peer, ERR_LATER);
    return peer->id;
}

static void on_closed(struct hub *hub, struct hub_peer *peer)
{
    peer->gone = true;
    hub_cut(hub, peer, ERR_CLOSED);
    uint32_t slot = (uint32_t)(peer->id & UINT32_MAX) - 1;
    hub->slots[slot] = NULL;
    hub->vacant[hub->vacant_n++] = slot;
    hub->peers--;
    hub_ahead_drop(hub, peer, peer->ahead_n);
    hub_device_leave(hub, peer);
    peer->refs++;
    hub_unref(hub, peer);
}

/* What the peer owes us by now; its next term. 0 = none. */
static int64_t tick(struct hub *hub, struct hub_peer *peer)
{
    if (peer->state == HUB_ENDING)
        return 0;
    if (peer->due_ms != 0 && hub->now_ms >= peer->due_ms) {
        if (peer->away_ms != 0)
            hub_end_later(hub, peer, peer->away_ms);
        else
            hub_end(hub, peer, ERR_TIMEOUT);
        return 0;
    }
    if (peer->paused)
        hub_flow(hub, peer);
    if (peer->due_ms != 0)
        return peer->due_ms;
    hub_first_tick(hub, peer);
    hub_tell_idle(hub, peer);
    int64_t silent_ms = hub->now_ms - peer->heard_ms;
    if (peer->busy || peer->paused)
        return hub->now_ms + LIMIT_PING_MS;
    if (silent_ms >= LIMIT_DEAD_MS) {
        hub_end(hub, peer, ERR_TIMEOUT);
        return 0;
    }
    if (peer->ping_ms != 0 && silent_ms >= peer->ping_ms) {
        peer->ping_ms = 0;
        hub_say(hub, peer, MESSAGE_PING);
    }
    return peer->heard_ms + (peer->ping_ms != 0 ? peer->ping_ms : LIMIT_DEAD_MS);
}

static void on_timer(struct hub *hub)
{
    int64_t next = 0;
    hub->timer_ms = 0;
    hub_devices_sweep(hub);
    for (size_t i = 0; i < hub->slots_n; i++) {
        struct hub_peer *peer = hub->slots[i];
        int64_t ms = peer == NULL ? 0 : tick(hub, peer);
        if (ms != 0 && (next == 0 || ms < next))
            next = ms;
    }
    if (next != 0)
        hub_wake_at(hub, next < hub->now_ms + TICK_MS ? hub->now_ms + TICK_MS : next);
}

static void on_device(struct hub *hub, uint32_t device, enum device_state state)
{
    for (size_t i = 0; i < hub->slots_n && state != DEVICE_ACTIVE; i++) {
        struct hub_peer *peer = hub->slots[i];
        if (peer == NULL || peer->device.device != device || peer->state == HUB_ENDING)
            continue;
        bool wiping = peer->state == HUB_WIPING || peer->state == HUB_WIPED;
        if (state != DEVICE_WIPE)
            hub_end(hub, peer, ERR_REVOKED);
        else if (!wiping)
            hub_wipe(hub, peer);
    }
}

static void on_drain(struct hub *hub)
{
    hub->draining = true;
    for (size_t i = 0; i < hub->slots_n; i++) {
        struct hub_peer *peer = hub->slots[i];
        if (peer == NULL || peer->state == HUB_ENDING)
            continue;
        peer->leaving = true;
        hub_flow(hub, peer);
        if (peer->pushes == 0)
            hub_end(hub, peer, ERR_LATER);
    }
}

static uint64_t on_event(struct hub *hub, const struct hub_event *event)
{
    struct hub_peer *peer = find(hub, event->peer);
    switch (event->type) {
    case HUB_EV_OPEN:
        return on_open(hub, event);
    case HUB_EV_FRAME:
        if (peer != NULL)
            hub_on_frame(hub, peer, event->bytes);
        return 0;
    case HUB_EV_BROKEN:
        if (peer != NULL)
            hub_end(hub, peer, event->err);
        return 0;
    case HUB_EV_DRAINED:
        if (peer != NULL) {
            peer->filled = false;
            hub_relay_drained(hub, peer);
            hub_ready(hub, peer);
        }
        return 0;
    case HUB_EV_CLOSED:
        if (peer != NULL)
            on_closed(hub, peer);
        return 0;
    case HUB_EV_JOB:
        hub_job_done(hub, event->job);
        return 0;
    case HUB_EV_TIMER:
        on_timer(hub);
        return 0;
    case HUB_EV_COMMITTED:
        hub_committed(hub, event->seq);
        return 0;
    case HUB_EV_DEVICE:
        on_device(hub, event->device, event->state);
        return 0;
    case HUB_EV_DRAIN:
        on_drain(hub);
        return 0;
    }
    return 0;
}

/* ---- the face ---- */

static void forget_actions(struct hub *hub)
{
    hub->actions_n = 0;
    arena_done(&hub->arena);
    while (hub->spent != NULL) {
        struct hub_job *job = hub->spent;
        hub->spent = job->next;
        hub_job_free(job);
    }
}

uint64_t hub_step(struct hub *hub, const struct hub_event *event,
                  const struct hub_action **actions, size_t *count)
{
    forget_actions(hub);
    hub->now_ms = event->now_ms;
    hub->random = event->random;
    hub->timer_moved = false;
    uint64_t id = on_event(hub, event);
    hub_pump(hub);
    if (hub->timer_moved)
        hub_act(hub, (struct hub_action){.type = HUB_TIMER, .at_ms = hub->timer_ms});
    if (hub->draining && !hub->done && hub->peers == 0 && hub->jobs == 0 &&
        (hub->push_first == NULL || hub->failed != ERR_OK)) {
        hub->done = true;
        hub_act(hub, (struct hub_action){.type = HUB_DONE});
    }
    *actions = hub->actions;
    *count = hub->actions_n;
    return id;
}

void hub_filled(struct hub *hub, uint64_t peer)
{
    struct hub_peer *found = find(hub, peer);
    if (found != NULL)
        found->filled = true;
}

size_t hub_frame_max(const struct hub *hub, uint64_t peer)
{
    const struct hub_peer *found = find(hub, peer);
    return found != NULL && found->has_key ? FRAME_BYTES_MAX : LIMIT_ENROL_BYTES;
}

struct hub_stats hub_stats(const struct hub *hub)
{
    struct hub_stats stats = {
        .peers = hub->peers, .jobs = hub->jobs, .commits = hub->commits, .pushes = hub->pushes};
    for (size_t i = 0; i < hub->slots_n; i++) {
        const struct hub_peer *peer = hub->slots[i];
        if (peer == NULL)
            continue;
        stats.greeted += peer->state == HUB_TALKING ? 1 : 0;
        stats.waiting += peer->pushes;
    }
    return stats;
}

struct hub *hub_new(const struct enrol_ca *ca)
{
    struct hub *hub = mem_new(sizeof *hub);
    if (hub == NULL)
        return NULL;
    hub->ca = ca;
    hub->enrolments.left = LIMIT_ENROL_PER_MINUTE;
    hub->actions_room = actions_of_commit();
    hub->actions = mem_array(hub->actions_room, sizeof *hub->actions);
    if (hub->actions == NULL) {
        mem_free(hub);
        return NULL;
    }
    return hub;
}

void hub_free(struct hub *hub)
{
    if (hub == NULL)
        return;
    must(hub->jobs == 0);
    forget_actions(hub);
    for (size_t i = 0; i < hub->slots_n; i++) {
        struct hub_peer *peer = hub->slots[i];
        if (peer == NULL)
            continue;
        hub_drop_pushes(hub, peer);
        on_closed(hub, peer);
    }
    while (hub->push_first != NULL)
        hub_drop_pushes(hub, hub->push_first->peer);
    while (hub->seen_first != NULL) {
        struct hub_peer *peer = hub->seen_first;
        hub->seen_first = peer->seen_next;
        hub_unref(hub, peer);
    }
    for (size_t i = 0; i < 2; i++) {
        while (hub->lines[i].first != NULL) {
            struct hub_peer *peer = hub->lines[i].first;
            hub->lines[i].first = peer->ready_next;
            hub_unref(hub, peer);
        }
    }
    hub_devices_done(hub);
    admission_done(&hub->admission);
    mem_free(hub->vacant);
    mem_free(hub->slots);
    mem_free(hub->actions);
    mem_free(hub);
}
