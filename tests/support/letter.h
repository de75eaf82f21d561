/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles and answers as frames in memory: what a stick carries, without its seal. */
#ifndef SUPPORT_LETTER_H
#define SUPPORT_LETTER_H

#include "client/carry.h"
#include "server/take.h"
#include "support/twin.h"

struct letter {
    struct buf frames;
    size_t at;       /* read through here */
    uint32_t device; /* who wrote, or is to read; 0: empty */
};

static inline void letter_done(struct letter *letter)
{
    buf_done(&letter->frames);
    *letter = (struct letter){.device = 0};
}

static inline enum err letter_put(void *ctx, struct str frames)
{
    struct letter *letter = ctx;
    buf_add(&letter->frames, frames.p, frames.n);
    return letter->frames.err;
}

static inline enum err letter_next(void *ctx, struct str *body)
{
    struct letter *letter = ctx;
    struct str rest = buf_str(&letter->frames);
    if (letter->at > 0)
        rest = (struct str){rest.p + letter->at, rest.n - letter->at};
    size_t used = 0;
    *body = (struct str){NULL, 0};
    enum err err = rest.n == 0 ? ERR_OK : frame_next(rest, FRAME_BYTES_MAX, body, &used);
    letter->at += used;
    return err == ERR_OK && rest.n > 0 && used == 0 ? ERR_FORMAT : err;
}

static inline void letter_rewind(void *ctx)
{
    ((struct letter *)ctx)->at = 0;
}

/* jalon bundle write. */
static inline struct carried letter_write(struct party *p, struct letter *out)
{
    struct carried carried = {.operations = 0};
    letter_done(out);
    enum err err = carry_write(p->store, letter_put, out, &carried);
    must(err == ERR_OK);
    out->device = p->device.device;
    return carried;
}

/* The keys of a twin's devices begin with their number. */
static inline enum err letter_begin(struct twin *t, uint32_t device, struct take *take)
{
    uint8_t key[32] = {(uint8_t)device};
    return take_begin(take, t->server.store, key, device, NULL);
}

/* The frames of a bundle to the server. */
static inline enum err letter_judge(struct twin *t, struct letter *bundle, struct take *take)
{
    struct str body = {NULL, 0};
    enum err err = ERR_OK;
    letter_rewind(bundle);
    while (err == ERR_OK) {
        err = letter_next(bundle, &body);
        if (err != ERR_OK || body.p == NULL)
            break;
        err = take_frame(take, t->server.store, body, NULL);
    }
    return err;
}

/* The answer to it. */
static inline enum err letter_answer(struct twin *t, struct take *take, struct letter *answer)
{
    bool done = false;
    enum err err = ERR_OK;
    letter_done(answer);
    while (err == ERR_OK && !done)
        err = take_answer(take, t->server.store, &answer->frames, &done);
    answer->device = take->device.device;
    return err;
}

/* jalonctl bundle take: what was done goes to *take, whose memory is gone. */
static inline enum err letter_take(struct twin *t, struct letter *bundle, struct letter *answer,
                                   struct take *take)
{
    enum err err = letter_begin(t, bundle->device, take);
    if (err == ERR_OK)
        err = letter_judge(t, bundle, take);
    if (err == ERR_OK)
        err = letter_answer(t, take, answer);
    take_done(take);
    return err;
}

static inline enum err letter_wipe(void *ctx)
{
    *(bool *)ctx = true;
    return ERR_OK;
}

/* jalon bundle read. */
static inline enum err letter_read(struct party *p, struct letter *answer,
                                   struct carry_result *result)
{
    bool wiped = false;
    struct carry_source source = {.next = letter_next, .rewind = letter_rewind, .ctx = answer};
    *result = (struct carry_result){.use = CARRY_GAP};
    letter_rewind(answer);
    enum err err = carry_read(p->store, &source, letter_wipe, &wiped, result);
    must(wiped == result->wiped);
    return err;
}

#endif
