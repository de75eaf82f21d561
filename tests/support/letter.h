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

/* ---- on stores ---- */

/* jalon bundle write. */
static inline enum err letter_from(struct store *s, uint32_t device, struct letter *out,
                                   struct carried *carried)
{
    letter_done(out);
    enum err err = carry_write(s, letter_put, out, carried);
    out->device = err == ERR_OK ? device : 0;
    return err;
}

/* The frames of a bundle to the server. */
static inline enum err letter_judge(struct store *server, struct letter *bundle,
                                    struct take *take)
{
    struct str body = {NULL, 0};
    enum err err = ERR_OK;
    letter_rewind(bundle);
    while (err == ERR_OK) {
        err = letter_next(bundle, &body);
        if (err != ERR_OK || body.p == NULL)
            break;
        err = take_frame(take, server, body, NULL);
    }
    return err;
}

/* The answer to it. */
static inline enum err letter_answer(struct store *server, struct take *take,
                                     struct letter *answer)
{
    bool done = false;
    enum err err = ERR_OK;
    letter_done(answer);
    while (err == ERR_OK && !done)
        err = take_answer(take, server, &answer->frames, &done);
    answer->device = take->device.device;
    return err;
}

/* jalonctl bundle take: what was done goes to *take, whose memory is gone. */
static inline enum err letter_taken(struct store *server, const uint8_t key[32],
                                    struct letter *bundle, struct letter *answer,
                                    struct take *take)
{
    enum err err = take_begin(take, server, key, bundle->device, NULL);
    if (err == ERR_OK)
        err = letter_judge(server, bundle, take);
    if (err == ERR_OK)
        err = letter_answer(server, take, answer);
    take_done(take);
    return err;
}

static inline enum err letter_wipe(void *ctx)
{
    *(bool *)ctx = true;
    return ERR_OK;
}

/* jalon bundle read. */
static inline enum err letter_into(struct store *s, struct letter *answer,
                                   struct carry_result *result)
{
    bool wiped = false;
    struct carry_source source = {.next = letter_next, .rewind = letter_rewind, .ctx = answer};
    *result = (struct carry_result){.use = CARRY_GAP};
    letter_rewind(answer);
    enum err err = carry_read(s, &source, letter_wipe, &wiped, result);
    must(wiped == result->wiped);
    return err;
}

/* ---- in a twin ---- */

static inline struct carried letter_write(struct party *p, struct letter *out)
{
    struct carried carried = {.operations = 0};
    enum err err = letter_from(p->store, p->device.device, out, &carried);
    must(err == ERR_OK);
    return carried;
}

/* The keys of a twin's devices begin with their number. */
static inline enum err letter_take(struct twin *t, struct letter *bundle, struct letter *answer,
                                   struct take *take)
{
    uint8_t key[32] = {(uint8_t)bundle->device};
    return letter_taken(t->server.store, key, bundle, answer, take);
}

static inline enum err letter_read(struct party *p, struct letter *answer,
                                   struct carry_result *result)
{
    return letter_into(p->store, answer, result);
}

#endif
