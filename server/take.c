/* SPDX-License-Identifier: Apache-2.0 */
#include "server/take.h"

/* ---- who ---- */

enum err take_begin(struct take *t, struct store *s, const uint8_t key[32], uint32_t device,
                    struct note *why)
{
    *t = (struct take){.wipe = false};
    enum err err = serve_device(s, key, &t->device);
    if (err == ERR_NOTFOUND || (err == ERR_OK && t->device.device != device))
        return note_set(why, ERR_REFUSED,
                        N_("ce paquet ne vient pas d'un appareil inscrit ici ; rien n'a été "
                           "pris"));
    if (err != ERR_REVOKED)
        return err;
    t->wipe = t->device.state == DEVICE_WIPE;
    return t->wipe ? ERR_OK
                   : note_set(why, ERR_REVOKED,
                              N_("l'appareil %u n'a plus accès ; rien n'a été pris"),
                              (unsigned)t->device.device);
}

void take_done(struct take *t)
{
    serve_session_done(&t->session);
    buf_done(&t->said);
}

/* ---- the bundle ---- */

struct clock_of {
    uint32_t device;
    int64_t skew_ms;
};

static enum err find_clock(void *ctx, const struct serve_device_info *info)
{
    struct clock_of *found = ctx;
    if (info->device == found->device)
        found->skew_ms = info->skew_ms;
    return ERR_OK;
}

/* The days a stick was on its way are no error of the device's clock: that is as it was
 * measured last. But what was written before now was not written later than now. */
static enum err set_clock(struct take *t, struct store *s)
{
    struct clock_of clock = {.device = t->device.device};
    enum err err = serve_devices(s, find_clock, &clock);
    int64_t ahead_ms = t->hello.wall_ms - store_now(s);
    t->hello.wall_ms = store_now(s) + (ahead_ms > clock.skew_ms ? ahead_ms : clock.skew_ms);
    return err;
}

static enum err other_epoch(struct note *why)
{
    return note_set(
        why, ERR_FORK,
        N_("ce paquet ne suit pas ce que le serveur a de cet appareil : il est plus "
           "ancien que sa dernière synchronisation, ou l'appareil a été copié ou "
           "remis en arrière ; rien n'est perdu, qu'il se synchronise une fois par "
           "le réseau"));
}

static enum err on_hello(struct take *t, struct store *s, const struct hello *hello,
                         struct str body, struct note *why)
{
    struct buf frames = {0};
    t->hello = *hello;
    t->hello.live = false;
    size_t at = frame_begin(&t->said);
    buf_add(&t->said, body.p, body.n);
    frame_end(&t->said, at);
    enum err err = t->said.err == ERR_OK ? set_clock(t, s) : t->said.err;
    serve_session_done(&t->session);
    if (err == ERR_OK)
        err = serve_hello(s, &t->device, &t->hello, &t->session, &frames);
    buf_done(&frames);
    if (err == ERR_REFUSED)
        return other_epoch(why);
    if (err == ERR_IDENTITY)
        return note_set(why, err, N_("paquet d'un autre réseau"));
    t->greeted = err == ERR_OK;
    struct serve_seen seen = {.session = &t->session, .pulled = t->hello.pulled};
    if (err == ERR_OK && t->session.contact)
        err = serve_seen(s, &seen, 1);
    return err;
}

/* What the verdicts say, for people. */
static void count_verdicts(struct take *t, struct str frames)
{
    struct str body = {NULL, 0};
    size_t used = 0;
    struct message m;
    while (frames.n > 0 && frame_next(frames, FRAME_BYTES_MAX, &body, &used) == ERR_OK &&
           used > 0) {
        frames = (struct str){frames.p + used, frames.n - used};
        if (message_read(body, &m) != ERR_OK || m.type != MESSAGE_VERDICTS)
            continue;
        for (uint32_t i = 0; i < m.verdicts.count; i++) {
            struct verdict_range range = message_range(&m.verdicts.ranges);
            uint64_t n = range.to - range.from + 1;
            t->conflicts += range.verdict == VERDICT_CONFLICT ? n : 0;
            t->refused += range.verdict == VERDICT_REFUSED ? n : 0;
        }
    }
}

static enum err on_push(struct take *t, struct store *s, const struct push *push,
                        struct note *why)
{
    uint64_t before = t->session.judged;
    /* We lost what it builds on; the answer says from where the device must send again. */
    t->behind = t->behind || push->first_op > before + 1;
    if (t->behind)
        return ERR_OK;
    struct buf frames = {0};
    struct serve_push one = {.session = &t->session, .push = *push, .frames = &frames};
    enum err err = serve_pushes(s, &one, 1);
    if (err == ERR_OK)
        err = one.err;
    if (err == ERR_OK) {
        uint64_t fresh = t->session.judged - before;
        t->operations += fresh;
        t->known += push->count - fresh;
        count_verdicts(t, buf_str(&frames));
    }
    buf_done(&frames);
    return err == ERR_FORK ? other_epoch(why) : err;
}

static enum err on_frame(struct take *t, struct store *s, struct str body, struct note *why)
{
    struct message m;
    enum err err = message_read(body, &m);
    if (err != ERR_OK)
        return err;
    if (m.type == MESSAGE_HELLO && !t->greeted)
        return on_hello(t, s, &m.hello, body, why);
    if (m.type == MESSAGE_PUSH && t->greeted)
        return on_push(t, s, &m.push, why);
    return ERR_PROTOCOL;
}

enum err take_frame(struct take *t, struct store *s, struct str body, struct note *why)
{
    enum err err = t->wipe ? ERR_OK : on_frame(t, s, body, why);
    if (err == ERR_FORMAT || err == ERR_LIMIT || err == ERR_PROTOCOL)
        return note_set(why, err,
                        N_("l'appareil %u a écrit un paquet que ce serveur ne comprend pas"),
                        (unsigned)t->device.device);
    return err;
}

/* ---- the answer ---- */

void take_again(struct take *t)
{
    t->answering = false;
}

static enum err begin_answer(struct take *t, struct store *s, struct buf *frames)
{
    buf_add(frames, t->said.p, t->said.n);
    serve_session_done(&t->session);
    enum err err = serve_hello(s, &t->device, &t->hello, &t->session, frames);
    t->told = t->session.judged;
    t->answering = err == ERR_OK;
    return err == ERR_REFUSED ? ERR_FORK : err; /* it came by network, and has a new epoch */
}

enum err take_answer(struct take *t, struct store *s, struct buf *frames, bool *done)
{
    *done = t->wipe;
    if (t->wipe) {
        message_empty(frames, MESSAGE_WIPE);
        return frames->err;
    }
    if (!t->greeted)
        return ERR_PROTOCOL;
    if (!t->answering)
        return begin_answer(t, s, frames);
    enum err err = serve_page(s, &t->session, frames, done);
    /* The device came by network meanwhile: pages would know of more than the verdicts. */
    return err == ERR_OK && t->session.judged != t->told ? ERR_LATER : err;
}
