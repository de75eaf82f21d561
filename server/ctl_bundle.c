/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl bundle take: a device's bundle, read and judged, and the answer to it written. */
#include "io/file.h"
#include "server/ctl.h"
#include "server/intake.h"

struct ctl_bundle {
    struct intake intake;
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
        err = path_of(c, args->word[0], &b->intake.path);
    if (err == ERR_OK && answer != NULL)
        err = path_of(c, answer, &b->intake.answer);
    if (err != ERR_OK)
        return ctl_fail(c, err, NULL);
    b->intake.history = stats.history;
    b->intake.ca_key = buf_str(&c->ca->key);
    b->intake.former_key = buf_str(&c->ca->former_key);
    c->bundle = b;
    return CTL_DONE;
}

void ctl_bundle_done(struct ctl *c)
{
    struct ctl_bundle *b = c->bundle;
    if (b == NULL)
        return;
    intake_done(&b->intake);
    c->bundle = NULL;
}

enum ctl_bundle_step ctl_bundle_next(const struct ctl *c)
{
    switch (intake_next(&c->bundle->intake)) {
    case INTAKE_NEXT_ASIDE:
        return CTL_BUNDLE_ASIDE;
    case INTAKE_NEXT_STORE:
        return CTL_BUNDLE_STORE;
    case INTAKE_NEXT_OVER:
        break;
    }
    return CTL_BUNDLE_OVER;
}

/* ---- what is said in the end ---- */

static void report_json(struct ctl *c, const struct ctl_bundle *b)
{
    const struct intake *p = &b->intake;
    const struct take *t = &p->take;
    buf_printf(&c->out,
               "{\"device\":%u,\"operations\":%llu,\"known\":%llu,\"conflicts\":%llu,"
               "\"refused\":%llu,\"behind\":%s,\"answer\":%s,\"ended\":%s,\"bytes\":%llu}\n",
               (unsigned)t->device.device, (unsigned long long)t->operations,
               (unsigned long long)t->known, (unsigned long long)t->conflicts,
               (unsigned long long)t->refused, t->behind ? "true" : "false",
               p->answer != NULL ? "true" : "false", p->answered ? "true" : "false",
               (unsigned long long)p->size);
}

static void report_words(struct ctl *c, const struct ctl_bundle *b)
{
    const struct intake *p = &b->intake;
    const struct take *t = &p->take;
    ctl_say(c,
            T("appareil %u : opérations prises : %llu, déjà connues : %llu, refusées : %llu"),
            (unsigned)t->device.device, (unsigned long long)t->operations,
            (unsigned long long)t->known, (unsigned long long)t->refused);
    if (t->behind)
        ctl_say(c, T("ce serveur a été restauré et n'a plus ce qui précède ; la réponse le dit "
                     "à l'appareil, qui le mettra dans son prochain paquet"));
    if (p->answer == NULL) {
        ctl_say(c, T("pas de réponse demandée : l'appareil l'apprendra à sa prochaine "
                     "synchronisation, ou par --answer"));
        return;
    }
    buf_printf(&c->out, "%s\n", p->answer);
    ctl_say(c, T("réponse écrite, %llu octets ; sur l'appareil : jalon bundle read FICHIER"),
            (unsigned long long)p->size);
    if (p->cut)
        ctl_say(c, T("elle est pleine : le reste viendra avec le prochain paquet"));
}

static int report(struct ctl *c, const struct ctl_bundle *b)
{
    const struct intake *p = &b->intake;
    struct note why = {""};
    if (p->take.wipe) {
        note_write(&why,
                   p->answer != NULL ? N_("l'appareil %u est à effacer : rien n'a été pris, la "
                                          "réponse écrite l'ordonne")
                                     : N_("l'appareil %u est à effacer : rien n'a été pris"),
                   (unsigned)p->take.device.device);
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
    enum err err = intake_step(&b->intake, c->store, &why);
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    return intake_next(&b->intake) == INTAKE_NEXT_OVER ? report(c, b) : CTL_DONE;
}
