/* SPDX-License-Identifier: Apache-2.0 */
/* What a peer says: may it, now, and what follows. */
#include "server/hub_inside.h"

static uint32_t allowed(enum hub_state state)
{
#define M(type) (UINT32_C(1) << MESSAGE_##type)
#define CONTENT (M(OFFER) | M(CHUNK) | M(WANT))
    static const uint32_t always = M(BYE) | M(PING) | M(PONG);
    switch (state) {
    case HUB_WAITS_HELLO: /* PULLED: was on its way when EPOCH was sent */
        return always | M(HELLO) | M(PULLED) | M(SITE);
    case HUB_WAITS_ENROL:
        return M(BYE) | M(ENROL);
    case HUB_GREETING:
    case HUB_ENROLLING:
    case HUB_WIPED:
    case HUB_SITE_GREETS:
    case HUB_SITE_JUDGED:
        return always;
    case HUB_SITE_TALKS:
        return always | M(PARCEL) | M(PIECE);
    case HUB_TALKING:
        return always | M(PUSH) | M(PULLED) | M(FORK) | M(ERASED) | CONTENT;
    case HUB_FORKING:
        return always | M(PULLED) | M(ERASED);
    case HUB_WIPING: /* the rest was on its way when WIPE was sent */
        return always | M(WIPED) | M(PUSH) | M(PULLED) | M(FORK) | M(HELLO) | M(ERASED) |
               CONTENT;
    case HUB_ENDING:
        return 0;
    }
    return 0;
#undef CONTENT
#undef M
}

static void on_enrol(struct hub *hub, struct hub_peer *peer, struct str frame)
{
    hub_refill(&hub->enrolments, hub->now_ms, 1, LIMIT_ENROL_PER_MINUTE);
    if (hub->ca == NULL) {
        hub_end(hub, peer, ERR_REFUSED);
        return;
    }
    if (hub->enrolments.left <= 0) {
        hub_end(hub, peer, ERR_LATER);
        return;
    }
    hub->enrolments.left--;
    char *kept = mem_new(frame.n);
    if (kept == NULL) {
        hub_end(hub, peer, ERR_LATER);
        return;
    }
    memcpy(kept, frame.p, frame.n);
    peer->request = (struct str){kept, frame.n};
    peer->state = HUB_ENROLLING;
    hub_ready(hub, peer);
}

static void on_push(struct hub *hub, struct hub_peer *peer, const struct push *push)
{
    if (peer->superseded) {
        hub_end_soon(hub, peer);
        return;
    }
    struct hub_push *p = mem_new(sizeof *p + push->body.n + 1);
    if (p == NULL) {
        hub_end(hub, peer, ERR_LATER);
        return;
    }
    p->peer = peer;
    p->push = *push;
    if (push->body.n > 0)
        memcpy(p->body, push->body.p, push->body.n);
    p->push.body = (struct str){(const char *)p->body, push->body.n};
    if (hub->push_first == NULL)
        hub->push_first = p;
    else
        hub->push_last->next = p;
    hub->push_last = p;
    hub->push_bytes += push->body.n;
    peer->refs++;
    peer->pushes++;
    hub_device_spend(hub, peer, push->count, push->body.n);
    hub_flow(hub, peer);
}

static void on_pulled(struct hub *hub, struct hub_peer *peer, uint64_t through)
{
    if (through > peer->told) {
        hub_end(hub, peer, ERR_PROTOCOL);
        return;
    }
    unsigned gone = 0;
    while (gone < peer->ahead_n && peer->ahead[gone] <= through)
        gone++;
    hub_ahead_drop(hub, peer, gone);
    if (through > peer->seen) {
        peer->seen = through;
        hub_note(hub, peer);
    }
    hub_ready(hub, peer);
}

/* The store knows what it has told: more is not believed. */
static void on_erased(struct hub *hub, struct hub_peer *peer, uint64_t through)
{
    if (through <= peer->erased)
        return;
    peer->erased = through;
    hub->seen_ms = hub->now_ms; /* people wait for this one */
    hub_note(hub, peer);
}

static void on_fork(struct hub *hub, struct hub_peer *peer)
{
    if (++peer->forks > LIMIT_EPOCHS) {
        hub_end(hub, peer, ERR_FORK);
        return;
    }
    hub_drop_pushes(hub, peer);
    hub_content_drop(hub, peer);
    hub_first_over(hub, peer);
    peer->want_page = false;
    peer->away_ms = 0; /* with that epoch's work: the next HELLO asks again */
    hub_await(hub, peer, HUB_FORKING, 0);
    hub_ready(hub, peer);
}

static bool same_epoch(const struct hub_peer *a, const struct hub_peer *b)
{
    return a != b && a->hello.epoch == b->hello.epoch &&
           memcmp(a->key, b->key, sizeof a->key) == 0;
}

/* Only the newest connection of an epoch pushes: WELCOME says how much is known, and what an
 * earlier one had on its way would be judged without this one hearing of it. A commit under way
 * comes before the HELLO. */
static void supersede(struct hub *hub, const struct hub_peer *newest)
{
    for (struct hub_peer *peer = newest->at->peers; peer != NULL; peer = peer->at_next)
        peer->superseded = peer->superseded || same_epoch(peer, newest);
    struct hub_push *p = hub->push_first;
    while (p != NULL) {
        bool due = same_epoch(p->peer, newest);
        if (due)
            hub_end_soon(hub, p->peer);
        p = due ? hub->push_first : p->next;
    }
}

static void on_hello(struct hub *hub, struct hub_peer *peer, const struct hello *hello)
{
    peer->hello = *hello;
    peer->superseded = false;
    peer->away_ms = 0;
    supersede(hub, peer);
    hub_await(hub, peer, HUB_GREETING, 0);
    hub_ready(hub, peer);
}

static void on_wiped(struct hub *hub, struct hub_peer *peer)
{
    hub_await(hub, peer, HUB_WIPED, 0);
    hub_ready(hub, peer);
}

static void take(struct hub *hub, struct hub_peer *peer, const struct message *m,
                 struct str frame)
{
    bool wiping = peer->state == HUB_WIPING;
    switch (m->type) {
    case MESSAGE_HELLO:
        if (!wiping)
            on_hello(hub, peer, &m->hello);
        return;
    case MESSAGE_PUSH:
        if (!wiping)
            on_push(hub, peer, &m->push);
        return;
    case MESSAGE_PULLED:
        if (peer->state == HUB_TALKING)
            on_pulled(hub, peer, m->pulled);
        return;
    case MESSAGE_ERASED:
        if (peer->state == HUB_TALKING)
            on_erased(hub, peer, m->erased);
        return;
    case MESSAGE_FORK:
        if (!wiping)
            on_fork(hub, peer);
        return;
    case MESSAGE_ENROL:
        on_enrol(hub, peer, frame);
        return;
    case MESSAGE_OFFER:
    case MESSAGE_CHUNK:
    case MESSAGE_WANT:
        if (!wiping)
            hub_content_take(hub, peer, frame);
        return;
    case MESSAGE_SITE:
    case MESSAGE_PARCEL:
    case MESSAGE_PIECE:
        hub_relay_take(hub, peer, m);
        return;
    case MESSAGE_WIPED:
        on_wiped(hub, peer);
        return;
    case MESSAGE_PING:
        hub_say(hub, peer, MESSAGE_PONG);
        return;
    case MESSAGE_BYE: /* its pushes are judged all the same */
        hub_cut(hub, peer, ERR_OK);
        return;
    case MESSAGE_PONG:
    case MESSAGE_WELCOME:
    case MESSAGE_VERDICTS:
    case MESSAGE_PAGE:
    case MESSAGE_IDLE:
    case MESSAGE_LEAVE:
    case MESSAGE_ERASE:
    case MESSAGE_EPOCH:
    case MESSAGE_ENROLLED:
    case MESSAGE_WIPE:
    case MESSAGE_RECEIPT:
    case MESSAGE_LISTED:
        return;
    }
}

void hub_on_frame(struct hub *hub, struct hub_peer *peer, struct str frame)
{
    if (peer->state == HUB_ENDING)
        return;
    must(!peer->paused);
    peer->heard_ms = hub->now_ms;
    hub_draw_ping(hub, peer);
    struct message m;
    enum err err = frame.n > hub_frame_max(hub, peer->id) ? ERR_LIMIT : message_read(frame, &m);
    if (err == ERR_OK && (allowed(peer->state) >> m.type & 1) == 0)
        err = ERR_PROTOCOL;
    if (err != ERR_OK)
        hub_end(hub, peer, err);
    else
        take(hub, peer, &m, frame);
}
