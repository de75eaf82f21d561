/* SPDX-License-Identifier: Apache-2.0 */
/* Devices by their keys: whose connections are whose, and what each may still send. */
#include "server/hub_inside.h"

/* ---- what may be spent ---- */

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
    return b->left >= 0 ? 0 : now_ms + (-b->left) * 1000 / per_second + 1;
}

static void refill(struct hub *hub, struct hub_device *d)
{
    hub_refill(&d->ops, hub->now_ms, LIMIT_OPS_PER_SECOND, LIMIT_OPS_BURST);
    hub_refill(&d->bytes, hub->now_ms, LIMIT_BYTES_PER_SECOND, LIMIT_BYTES_BURST);
}

void hub_device_spend(struct hub *hub, struct hub_peer *peer, uint32_t ops, size_t bytes)
{
    refill(hub, peer->at);
    peer->at->ops.left -= ops;
    peer->at->bytes.left -= (int64_t)bytes;
}

int64_t hub_device_debt_ms(struct hub *hub, struct hub_peer *peer)
{
    if (peer->at == NULL) /* a stranger */
        return 0;
    refill(hub, peer->at);
    int64_t ops = paid_ms(&peer->at->ops, hub->now_ms, LIMIT_OPS_PER_SECOND);
    int64_t bytes = paid_ms(&peer->at->bytes, hub->now_ms, LIMIT_BYTES_PER_SECOND);
    return ops > bytes ? ops : bytes;
}

/* ---- by key ---- */

/* Keys are SHA-256: their bytes are spread already. */
static struct hub_device **chain_of(struct hub *hub, const uint8_t key[32])
{
    uint32_t at = 0;
    memcpy(&at, key, sizeof at);
    return &hub->chains[at % HUB_CHAINS];
}

bool hub_device_join(struct hub *hub, struct hub_peer *peer)
{
    struct hub_device **chain = chain_of(hub, peer->key);
    struct hub_device *d = *chain;
    while (d != NULL && memcmp(d->key, peer->key, sizeof d->key) != 0)
        d = d->next;
    if (d == NULL) {
        d = mem_new(sizeof *d);
        if (d == NULL)
            return false;
        d->ops = (struct hub_bucket){LIMIT_OPS_BURST, hub->now_ms};
        d->bytes = (struct hub_bucket){LIMIT_BYTES_BURST, hub->now_ms};
        memcpy(d->key, peer->key, sizeof d->key);
        d->next = *chain;
        *chain = d;
    }
    peer->at = d;
    peer->at_next = d->peers;
    d->peers = peer;
    return true;
}

void hub_device_leave(struct hub *hub, struct hub_peer *peer)
{
    (void)hub;
    if (peer->at == NULL)
        return;
    struct hub_peer **at = &peer->at->peers;
    while (*at != peer)
        at = &(*at)->at_next;
    *at = peer->at_next;
    peer->at = NULL;
}

/* Nothing would be lost by forgetting it. */
static bool spare(struct hub *hub, struct hub_device *d)
{
    refill(hub, d);
    return d->peers == NULL && d->ops.left == LIMIT_OPS_BURST &&
           d->bytes.left == LIMIT_BYTES_BURST;
}

void hub_devices_sweep(struct hub *hub)
{
    if (hub->now_ms - hub->swept_ms < LIMIT_DEVICE_MS)
        return;
    hub->swept_ms = hub->now_ms;
    for (size_t i = 0; i < HUB_CHAINS; i++) {
        struct hub_device **at = &hub->chains[i];
        while (*at != NULL) {
            struct hub_device *d = *at;
            if (!spare(hub, d)) {
                at = &d->next;
                continue;
            }
            *at = d->next;
            mem_free(d);
        }
    }
}

void hub_devices_done(struct hub *hub)
{
    for (size_t i = 0; i < HUB_CHAINS; i++) {
        while (hub->chains[i] != NULL) {
            struct hub_device *d = hub->chains[i];
            hub->chains[i] = d->next;
            must(d->peers == NULL);
            mem_free(d);
        }
    }
}
