/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl bundle take: a device's bundle, read and judged, and the answer to it written.
 *
 *     OPEN → WHO → READ ⇄ JUDGE → CREATE → ASK ⇄ WRITE → FINISH → OVER
 *                                    ↑______│ what the device may see has changed meanwhile
 *
 * Without --answer JUDGE ends it. Everything may be done again after any interruption. */
#include "io/file.h"
#include "io/stick.h"
#include "server/ctl.h"
#include "server/take.h"

enum {
    PIECE_BYTES = 1 << 20,        /* frames carried from one thread to the other at once */
    PIECE_PUSHES = 2,             /* likewise: each is a commit, and others wait for it */
    ROOM_BYTES = 4 * PIECE_BYTES, /* less than this left in the file: the rest another time */
    AGAIN_MAX = 3,
};

enum stage { OPEN, WHO, READ, JUDGE, CREATE, ASK, WRITE, FINISH, OVER };

struct ctl_bundle {
    enum stage stage;
    const char *path, *answer; /* of the files; answer NULL: none wanted */
    struct id history;         /* of this server */
    struct stick_in *in;
    struct stick_out *out;
    struct take take;
    struct buf frames; /* on their way between file and store */
    bool read_all;     /* the bundle has no more frames */
    bool answered;     /* the answer has none … */
    bool cut;          /* … though the server has */
    unsigned again;    /* answers begun and thrown away */
    uint64_t bytes;    /* of the answer's file */
};

/* A path of the caller's, in the arena. */
static enum err path_of(struct ctl *c, const char *word, const char **out)
{
    struct buf path = {0};
    enum err err = file_join(&path, word[0] == '/' ? "" : c->cwd, word);
    if (err == ERR_OK) {
        *out = arena_copy(&c->arena, path.p, path.n);
        err = *out == NULL ? ERR_NOMEM : ERR_OK;
    }
    buf_done(&path);
    return err;
}

int ctl_bundle_take(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct serve_stats stats;
    struct ctl_bundle *b = arena_new(&c->arena, sizeof *b);
    const char *answer = args_value(args, "answer");
    enum err err = b == NULL ? ERR_NOMEM : serve_stats(c->store, &stats);
    if (err == ERR_OK)
        err = path_of(c, args->word[0], &b->path);
    if (err == ERR_OK && answer != NULL)
        err = path_of(c, answer, &b->answer);
    if (err != ERR_OK)
        return ctl_fail(c, err, NULL);
    b->history = stats.history;
    c->bundle = b;
    return CTL_DONE;
}

void ctl_bundle_done(struct ctl *c)
{
    struct ctl_bundle *b = c->bundle;
    if (b == NULL)
        return;
    stick_close(b->in);
    stick_drop(b->out);
    take_done(&b->take);
    buf_done(&b->frames);
    c->bundle = NULL;
}

/* ---- the steps ---- */

static enum err open_bundle(struct ctl *c, struct ctl_bundle *b, struct note *why)
{
    struct stick_from from = {
        .kind = BUNDLE_TO_SERVER, .history = b->history, .key = buf_str(&c->ca->key)};
    b->stage = WHO;
    return stick_open(b->path, &from, &b->in, why);
}

/* The seal says nothing of who wrote; the signature names a key, and the list says whose. */
static enum err look_up(struct ctl *c, struct ctl_bundle *b, struct note *why)
{
    uint8_t key[CERT_FINGERPRINT_BYTES];
    cert_fingerprint(stick_signer(b->in), key);
    enum err err = take_begin(&b->take, c->store, key, stick_device(b->in), why);
    b->stage = READ;
    if (err == ERR_OK && b->take.wipe)
        b->stage = CREATE;
    return err;
}

static enum err read_frames(struct ctl_bundle *b, struct note *why)
{
    unsigned count = 0;
    buf_clear(&b->frames);
    b->stage = JUDGE;
    while (!b->read_all && b->frames.n < PIECE_BYTES && count++ < PIECE_PUSHES) {
        struct str body = {NULL, 0};
        enum err err = stick_next(b->in, &body, why);
        if (err != ERR_OK)
            return err;
        b->read_all = body.p == NULL;
        if (b->read_all)
            break;
        size_t at = frame_begin(&b->frames);
        buf_add(&b->frames, body.p, body.n);
        frame_end(&b->frames, at);
    }
    return b->frames.err;
}

static enum err judge_frames(struct ctl *c, struct ctl_bundle *b, struct note *why)
{
    struct str rest = buf_str(&b->frames);
    enum err err = ERR_OK;
    while (err == ERR_OK && rest.n > 0) {
        struct str body = {NULL, 0};
        size_t used = 0;
        err = frame_next(rest, FRAME_BYTES_MAX, &body, &used);
        rest = (struct str){rest.p + used, rest.n - used};
        if (err == ERR_OK)
            err = take_frame(&b->take, c->store, body, why);
    }
    b->stage = b->read_all ? CREATE : READ;
    if (b->read_all && b->answer == NULL)
        b->stage = OVER;
    return err;
}

static enum err create_answer(struct ctl *c, struct ctl_bundle *b, struct note *why)
{
    struct stick_to to = {.kind = BUNDLE_TO_DEVICE,
                          .device = b->take.device.device,
                          .history = b->history,
                          .recipient = stick_signer(b->in),
                          .key = buf_str(&c->ca->key)};
    stick_drop(b->out);
    b->out = NULL;
    if (b->answer == NULL) {
        b->stage = OVER;
        return ERR_OK;
    }
    b->stage = ASK;
    return stick_create(b->answer, &to, &b->out, why);
}

static enum err ask_store(struct ctl *c, struct ctl_bundle *b, struct note *why)
{
    enum err err = ERR_OK;
    buf_clear(&b->frames);
    while (err == ERR_OK && !b->answered && b->frames.n < PIECE_BYTES)
        err = take_answer(&b->take, c->store, &b->frames, &b->answered);
    b->stage = WRITE;
    if (err == ERR_VERSION)
        return note_set(why, err,
                        N_("les opérations de l'appareil %u sont prises, mais sa version de "
                           "Jalon ne comprendrait pas la réponse : mettez-la à jour, puis "
                           "écrivez un nouveau paquet"),
                        (unsigned)b->take.device.device);
    if (err != ERR_LATER || ++b->again > AGAIN_MAX)
        return err;
    take_again(&b->take);
    b->answered = false;
    b->stage = CREATE;
    return ERR_OK;
}

static enum err write_frames(struct ctl_bundle *b, struct note *why)
{
    enum err err = stick_add(b->out, buf_str(&b->frames), why);
    b->cut = !b->answered && stick_room(b->out) < ROOM_BYTES;
    b->stage = b->answered || b->cut ? FINISH : ASK;
    return err;
}

static enum err finish_answer(struct ctl_bundle *b, struct note *why)
{
    struct stick_out *out = b->out;
    b->out = NULL;
    b->stage = OVER;
    return stick_finish(out, &b->bytes, why);
}

static enum err take_step(struct ctl *c, struct ctl_bundle *b, struct note *why)
{
    switch (b->stage) {
    case OPEN:
        return open_bundle(c, b, why);
    case WHO:
        return look_up(c, b, why);
    case READ:
        return read_frames(b, why);
    case JUDGE:
        return judge_frames(c, b, why);
    case CREATE:
        return create_answer(c, b, why);
    case ASK:
        return ask_store(c, b, why);
    case WRITE:
        return write_frames(b, why);
    case FINISH:
        return finish_answer(b, why);
    case OVER:
        break;
    }
    return ERR_OK;
}

enum ctl_bundle_step ctl_bundle_next(const struct ctl *c)
{
    switch (c->bundle->stage) {
    case OPEN:
    case READ:
    case CREATE:
    case WRITE:
    case FINISH:
        return CTL_BUNDLE_ASIDE;
    case WHO:
    case JUDGE:
    case ASK:
        return CTL_BUNDLE_STORE;
    case OVER:
        break;
    }
    return CTL_BUNDLE_OVER;
}

/* ---- what is said in the end ---- */

static void report_json(struct ctl *c, const struct ctl_bundle *b)
{
    const struct take *t = &b->take;
    buf_printf(&c->out,
               "{\"device\":%u,\"operations\":%llu,\"known\":%llu,\"conflicts\":%llu,"
               "\"refused\":%llu,\"behind\":%s,\"answer\":%s,\"ended\":%s,\"bytes\":%llu}\n",
               (unsigned)t->device.device, (unsigned long long)t->operations,
               (unsigned long long)t->known, (unsigned long long)t->conflicts,
               (unsigned long long)t->refused, t->behind ? "true" : "false",
               b->answer != NULL ? "true" : "false", b->answered ? "true" : "false",
               (unsigned long long)b->bytes);
}

static void report_words(struct ctl *c, const struct ctl_bundle *b)
{
    const struct take *t = &b->take;
    ctl_say(c,
            T("appareil %u : opérations prises : %llu, déjà connues : %llu, refusées : %llu"),
            (unsigned)t->device.device, (unsigned long long)t->operations,
            (unsigned long long)t->known, (unsigned long long)t->refused);
    if (t->behind)
        ctl_say(c, T("ce serveur a été restauré et n'a plus ce qui précède ; la réponse le dit "
                     "à l'appareil, qui le mettra dans son prochain paquet"));
    if (b->answer == NULL) {
        ctl_say(c, T("pas de réponse demandée : l'appareil l'apprendra à sa prochaine "
                     "synchronisation, ou par --answer"));
        return;
    }
    buf_printf(&c->out, "%s\n", b->answer);
    ctl_say(c, T("réponse écrite, %llu octets ; sur l'appareil : jalon bundle read FICHIER"),
            (unsigned long long)b->bytes);
    if (b->cut)
        ctl_say(c, T("elle est pleine : le reste viendra avec le prochain paquet"));
}

static int report(struct ctl *c, const struct ctl_bundle *b)
{
    struct note why = {""};
    if (b->take.wipe) {
        note_write(&why,
                   b->answer != NULL ? N_("l'appareil %u est à effacer : rien n'a été pris, la "
                                          "réponse écrite l'ordonne")
                                     : N_("l'appareil %u est à effacer : rien n'a été pris"),
                   (unsigned)b->take.device.device);
        return ctl_fail(c, ERR_REVOKED, &why);
    }
    if (c->json)
        report_json(c, b);
    else
        report_words(c, b);
    return CTL_DONE;
}

int ctl_bundle_step(struct ctl *c)
{
    struct ctl_bundle *b = c->bundle;
    struct note why = {""};
    enum err err = take_step(c, b, &why);
    if (err != ERR_OK) {
        b->stage = OVER;
        return ctl_fail(c, err, &why);
    }
    return b->stage == OVER ? report(c, b) : CTL_DONE;
}
