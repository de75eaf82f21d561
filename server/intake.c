/* SPDX-License-Identifier: Apache-2.0 */
#include "server/intake.h"

static bool wanted(const struct intake *p)
{
    return p->answer != NULL || p->sink != NULL;
}

static enum err open_with(struct intake *p, const struct stick_from *from, struct note *why)
{
    if (p->bytes.n > 0)
        return stick_open_in(p->bytes, p->path, from, &p->in, why);
    return stick_open(p->path, from, &p->in, why);
}

static enum err open_bundle(struct intake *p, struct note *why)
{
    struct stick_from from = {
        .kind = BUNDLE_TO_SERVER, .history = p->history, .key = p->ca_key};
    p->stage = INTAKE_WHO;
    enum err err = open_with(p, &from, why);
    if (err != ERR_IDENTITY || p->former_key.n == 0)
        return err;
    from.key = p->former_key;
    return open_with(p, &from, why);
}

/* The seal says nothing of who wrote; the signature names a key, and the list says whose. */
static enum err look_up(struct intake *p, struct store *s, struct note *why)
{
    uint8_t key[CERT_FINGERPRINT_BYTES];
    cert_fingerprint(stick_signer(p->in), key);
    enum err err = take_begin(&p->take, s, key, stick_device(p->in), why);
    p->stage = INTAKE_READ;
    if (err == ERR_OK && p->take.wipe)
        p->stage = INTAKE_CREATE;
    return err;
}

static enum err read_frames(struct intake *p, struct note *why)
{
    unsigned count = 0;
    buf_clear(&p->frames);
    p->stage = INTAKE_JUDGE;
    while (!p->read_all && p->frames.n < INTAKE_PIECE_BYTES && count++ < INTAKE_PIECE_PUSHES) {
        struct str body = {NULL, 0};
        enum err err = stick_next(p->in, &body, why);
        if (err != ERR_OK)
            return err;
        p->read_all = body.p == NULL;
        if (p->read_all)
            break;
        size_t at = frame_begin(&p->frames);
        buf_add(&p->frames, body.p, body.n);
        frame_end(&p->frames, at);
    }
    return p->frames.err;
}

static enum err judge_frames(struct intake *p, struct store *s, struct note *why)
{
    struct str rest = buf_str(&p->frames);
    enum err err = ERR_OK;
    while (err == ERR_OK && rest.n > 0) {
        struct str body = {NULL, 0};
        size_t used = 0;
        err = frame_next(rest, FRAME_BYTES_MAX, &body, &used);
        rest = (struct str){rest.p + used, rest.n - used};
        if (err == ERR_OK)
            err = take_frame(&p->take, s, body, why);
    }
    p->stage = p->read_all ? INTAKE_CREATE : INTAKE_READ;
    if (p->read_all && !wanted(p))
        p->stage = INTAKE_OVER;
    return err;
}

static enum err create_answer(struct intake *p, struct note *why)
{
    struct stick_to to = {.kind = BUNDLE_TO_DEVICE,
                          .device = p->take.device.device,
                          .history = p->history,
                          .recipient = stick_signer(p->in),
                          .key = p->ca_key};
    stick_drop(p->out);
    p->out = NULL;
    if (!wanted(p)) {
        p->stage = INTAKE_OVER;
        return ERR_OK;
    }
    p->stage = INTAKE_ASK;
    if (p->sink == NULL)
        return stick_create(p->answer, &to, &p->out, why);
    buf_clear(p->sink);
    return stick_create_in(p->sink, p->path, &to, &p->out, why);
}

static enum err ask_store(struct intake *p, struct store *s, struct note *why)
{
    enum err err = ERR_OK;
    buf_clear(&p->frames);
    while (err == ERR_OK && !p->answered && p->frames.n < INTAKE_PIECE_BYTES)
        err = take_answer(&p->take, s, &p->frames, &p->answered);
    p->stage = INTAKE_WRITE;
    if (err == ERR_VERSION)
        return note_set(why, err,
                        N_("les opérations de l'appareil %u sont prises, mais sa version de "
                           "Jalon ne comprendrait pas la réponse : mettez-la à jour, puis "
                           "écrivez un nouveau paquet"),
                        (unsigned)p->take.device.device);
    if (err != ERR_LATER || ++p->again > INTAKE_AGAIN_MAX)
        return err;
    take_again(&p->take);
    p->answered = false;
    p->stage = INTAKE_CREATE;
    return ERR_OK;
}

/* What the answer still takes. */
static size_t room(const struct intake *p)
{
    size_t left = stick_room(p->out);
    if (p->sink != NULL && p->sink->max - p->sink->n < left)
        left = p->sink->max - p->sink->n;
    return left;
}

static enum err write_frames(struct intake *p, struct note *why)
{
    enum err err = stick_add(p->out, buf_str(&p->frames), why);
    p->cut = !p->answered && room(p) < INTAKE_ROOM_BYTES;
    p->stage = p->answered || p->cut ? INTAKE_FINISH : INTAKE_ASK;
    return err;
}

static enum err finish_answer(struct intake *p, struct note *why)
{
    struct stick_out *out = p->out;
    p->out = NULL;
    p->stage = INTAKE_OVER;
    return stick_finish(out, &p->size, why);
}

static enum err step(struct intake *p, struct store *s, struct note *why)
{
    switch (p->stage) {
    case INTAKE_OPEN:
        return open_bundle(p, why);
    case INTAKE_WHO:
        return look_up(p, s, why);
    case INTAKE_READ:
        return read_frames(p, why);
    case INTAKE_JUDGE:
        return judge_frames(p, s, why);
    case INTAKE_CREATE:
        return create_answer(p, why);
    case INTAKE_ASK:
        return ask_store(p, s, why);
    case INTAKE_WRITE:
        return write_frames(p, why);
    case INTAKE_FINISH:
        return finish_answer(p, why);
    case INTAKE_OVER:
        break;
    }
    return ERR_OK;
}

enum intake_next intake_next(const struct intake *p)
{
    switch (p->stage) {
    case INTAKE_OPEN:
    case INTAKE_READ:
    case INTAKE_CREATE:
    case INTAKE_WRITE:
    case INTAKE_FINISH:
        return INTAKE_NEXT_ASIDE;
    case INTAKE_WHO:
    case INTAKE_JUDGE:
    case INTAKE_ASK:
        return INTAKE_NEXT_STORE;
    case INTAKE_OVER:
        break;
    }
    return INTAKE_NEXT_OVER;
}

enum err intake_step(struct intake *p, struct store *s, struct note *why)
{
    enum err err = step(p, s, why);
    if (err != ERR_OK)
        p->stage = INTAKE_OVER;
    return err;
}

void intake_done(struct intake *p)
{
    stick_close(p->in);
    stick_drop(p->out);
    take_done(&p->take);
    buf_done(&p->frames);
    *p = (struct intake){.path = NULL};
}
