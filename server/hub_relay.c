/* SPDX-License-Identifier: Apache-2.0 */
/* The relay of a site at the server: what it brings was sealed and signed by devices, and is
 * judged as if they had come with it on a stick (server/intake). The relay itself says nothing
 * that would have to be believed. */
#include "server/enrol.h"
#include "server/hub_inside.h"
#include "server/intake.h"
#include "store/relays.h"

/* Of an answer, sent at once: more than the high mark of a connection, so that its owner says
 * when there is room for the next. */
enum { SEND_PIECES = 20 };

/* One parcel: on its way in, being judged, and its answer on its way out. */
struct hub_site {
    uint8_t sha256[SHA256_BYTES]; /* as the relay announced it */
    uint64_t size;                /* likewise */
    struct buf in;                /* so far */
    struct intake intake;
    struct buf answer;
    size_t sent;  /* of the answer */
    bool judging; /* there is work for the store's thread */
    bool counted; /* in hub->parcels */
};

void hub_relay_gone(struct hub *hub, struct hub_peer *peer)
{
    struct hub_site *site = peer->site;
    if (site == NULL || !site->counted)
        return;
    site->counted = false;
    site->judging = false;
    hub->parcels--;
}

void hub_relay_free(struct hub_peer *peer)
{
    struct hub_site *site = peer->site;
    if (site == NULL)
        return;
    intake_done(&site->intake);
    buf_done(&site->in);
    buf_done(&site->answer);
    mem_free(site);
    peer->site = NULL;
}

/* The next parcel may come. */
static void go_on(struct hub *hub, struct hub_peer *peer)
{
    hub_relay_gone(hub, peer);
    hub_relay_free(peer);
    hub_await(hub, peer, HUB_SITE_TALKS, 0);
    hub_wake_at(hub, hub->now_ms + LIMIT_PING_MS);
}

static void send_frames(struct hub *hub, struct hub_peer *peer, struct buf *frames)
{
    char *kept = frames->err == ERR_OK ? arena_copy(&hub->arena, frames->p, frames->n) : NULL;
    if (kept != NULL)
        hub_send(hub, peer, (struct str){kept, frames->n});
    else
        hub_end(hub, peer, ERR_LATER); /* it hands the parcel over again */
    buf_done(frames);
}

static struct str digest(const uint8_t sha256[SHA256_BYTES])
{
    return (struct str){(const char *)sha256, SHA256_BYTES};
}

static void say_receipt(struct hub *hub, struct hub_peer *peer, enum err err)
{
    struct buf frames = {0};
    message_receipt(&frames,
                    &(struct receipt){.err = err, .sha256 = digest(peer->site->sha256)});
    send_frames(hub, peer, &frames);
    if (peer->state != HUB_ENDING)
        go_on(hub, peer);
}

/* ---- what it says ---- */

static void on_parcel(struct hub *hub, struct hub_peer *peer, const struct parcel *m)
{
    if (peer->site != NULL || m->kind != BUNDLE_TO_SERVER) {
        hub_end(hub, peer, ERR_PROTOCOL);
        return;
    }
    struct hub_site *site = hub->parcels < LIMIT_PARCELS ? mem_new(sizeof *site) : NULL;
    if (site == NULL) {
        hub_end_soon(hub, peer);
        return;
    }
    memcpy(site->sha256, m->sha256.p, sizeof site->sha256);
    site->size = m->size;
    site->counted = true;
    buf_init(&site->in, MESSAGE_PARCEL_BYTES);
    buf_init(&site->answer, MESSAGE_PARCEL_BYTES);
    hub->parcels++;
    peer->site = site;
    hub_await(hub, peer, HUB_SITE_TALKS, LIMIT_PARCEL_MS);
}

static void on_piece(struct hub *hub, struct hub_peer *peer, struct str bytes)
{
    struct hub_site *site = peer->site;
    if (site == NULL || bytes.n > site->size - site->in.n) {
        hub_end(hub, peer, ERR_PROTOCOL);
        return;
    }
    buf_add(&site->in, bytes.p, bytes.n);
    if (site->in.err != ERR_OK) {
        hub_end_soon(hub, peer);
        return;
    }
    hub_await(hub, peer, HUB_SITE_TALKS, LIMIT_PARCEL_MS);
    if (site->in.n < site->size)
        return;
    site->judging = true;
    hub_await(hub, peer, HUB_SITE_JUDGED, 0);
    hub_ready(hub, peer);
}

void hub_relay_take(struct hub *hub, struct hub_peer *peer, const struct message *m)
{
    if (m->type == MESSAGE_PARCEL) {
        on_parcel(hub, peer, &m->parcel);
    } else if (m->type == MESSAGE_PIECE) {
        on_piece(hub, peer, m->piece);
    } else if (m->site.protocol != MESSAGE_PROTOCOL) {
        hub_end(hub, peer, ERR_VERSION);
    } else {
        hub_await(hub, peer, HUB_SITE_GREETS, 0);
        hub_ready(hub, peer);
    }
}

bool hub_relay_due(const struct hub_peer *peer)
{
    return peer->site != NULL && peer->site->judging;
}

/* ---- on the store's thread ---- */

void hub_relay_greet_run(struct store *s, struct hub_job *job)
{
    job->err = relays_greet(s, job->peer->key, &job->device);
    if (job->err == ERR_OK)
        job->err = relays_answer(s, &job->frames);
}

/* What it announced is what came. */
static bool whole(const struct hub_site *site)
{
    struct sha256 sha;
    uint8_t got[SHA256_BYTES];
    sha256_init(&sha);
    sha256_add(&sha, site->in.p, site->in.n);
    sha256_end(&sha, got);
    return memcmp(got, site->sha256, sizeof got) == 0;
}

static enum err begin_intake(struct store *s, const struct enrol_ca *ca, struct hub_site *site)
{
    struct intake *intake = &site->intake;
    if (intake->path != NULL)
        return ERR_OK;
    if (!whole(site))
        return ERR_FORMAT;
    intake->path = "parcel";
    intake->bytes = buf_str(&site->in);
    intake->sink = &site->answer;
    intake->ca_key = buf_str(&ca->key);
    intake->former_key = buf_str(&ca->former_key);
    return relays_history(s, &intake->history);
}

/* Through the next piece of work that needs the store; others have their turn before the one
 * after it. */
void hub_relay_parcel_run(struct store *s, struct hub_job *job)
{
    struct hub_site *site = job->peer->site;
    bool stored = false;
    job->err = job->ca == NULL ? ERR_REFUSED : begin_intake(s, job->ca, site);
    while (job->err == ERR_OK && !stored && !job->over) {
        stored = intake_next(&site->intake) == INTAKE_NEXT_STORE;
        job->err = intake_step(&site->intake, s, NULL);
        job->over = intake_next(&site->intake) == INTAKE_NEXT_OVER;
    }
}

/* ---- what follows ---- */

void hub_relay_greeted(struct hub *hub, struct hub_peer *peer, struct hub_job *job)
{
    if (job->err != ERR_OK) {
        hub_peer_failed(hub, peer, job->err == ERR_NOTFOUND ? ERR_REFUSED : job->err);
        return;
    }
    peer->device = job->device;
    hub_send(hub, peer, buf_str(&job->frames));
    go_on(hub, peer);
}

/* The next pieces of the answer; after the last the relay may bring another parcel. */
static void send_more(struct hub *hub, struct hub_peer *peer)
{
    struct hub_site *site = peer->site;
    struct buf frames = {0};
    for (int i = 0; i < SEND_PIECES && site->sent < site->answer.n; i++) {
        size_t n = site->answer.n - site->sent;
        n = n < MESSAGE_PIECE_BYTES ? n : MESSAGE_PIECE_BYTES;
        message_piece(&frames, (struct str){(const char *)site->answer.p + site->sent, n});
        site->sent += n;
    }
    bool all = site->sent == site->answer.n;
    send_frames(hub, peer, &frames);
    if (all && peer->state != HUB_ENDING)
        go_on(hub, peer);
}

static void announce(struct hub *hub, struct hub_peer *peer)
{
    struct hub_site *site = peer->site;
    struct buf frames = {0};
    struct sha256 sha;
    uint8_t of_answer[SHA256_BYTES];
    sha256_init(&sha);
    sha256_add(&sha, site->answer.p, site->answer.n);
    sha256_end(&sha, of_answer);
    message_parcel(&frames, &(struct parcel){.kind = BUNDLE_TO_DEVICE,
                                             .device = site->intake.take.device.device,
                                             .size = site->answer.n,
                                             .sha256 = digest(of_answer),
                                             .follows = digest(site->sha256)});
    send_frames(hub, peer, &frames);
}

void hub_relay_judged(struct hub *hub, struct hub_peer *peer, struct hub_job *job)
{
    struct hub_site *site = peer->site;
    hub_committed(hub, job->seq);
    if (hub_of_machine(job->err)) {
        hub_peer_failed(hub, peer, job->err);
        return;
    }
    if (job->err == ERR_OK && !job->over)
        return; /* it stands in line again */
    site->judging = false;
    if (job->err != ERR_OK) {
        say_receipt(hub, peer, job->err);
        return;
    }
    announce(hub, peer);
    if (peer->state != HUB_ENDING)
        send_more(hub, peer);
}

void hub_relay_drained(struct hub *hub, struct hub_peer *peer)
{
    if (peer->state == HUB_SITE_JUDGED && peer->site != NULL && peer->site->sent > 0)
        send_more(hub, peer);
}
