/* SPDX-License-Identifier: Apache-2.0 */
/* jalon bundle write, bundle read: a sync by a file that somebody carries, unread. */
#include "client/carry.h"
#include "client/cmd.h"
#include "client/key.h"
#include "client/local.h"
#include "client/path.h"
#include "io/crypt.h"
#include "io/json.h"
#include "io/stick.h"

/* What both commands work with. */
struct carrying {
    struct cmd *c;
    struct key key;
    struct store_status status;
    struct buf path; /* of the file, NUL-terminated */
    struct stick_out *to;
    struct stick_in *from;
    struct note why;
};

static enum err prepare(struct carrying *w)
{
    struct cmd *c = w->c;
    crypt_start();
    enum err err = key_load(c->dir, &w->key, &w->why);
    if (err == ERR_NOTFOUND)
        return note_set(&w->why, ERR_REFUSED,
                        N_("cet appareil n'est pas encore inscrit : jalon enrol CODE"));
    if (err == ERR_OK)
        err = store_status(c->store, &w->status);
    if (err == ERR_OK)
        err = path_from(c, c->args->word[0], &w->path, &w->why);
    return err;
}

static void carrying_done(struct carrying *w)
{
    stick_drop(w->to);
    stick_close(w->from);
    buf_done(&w->path);
    key_done(&w->key);
}

/* ---- write ---- */

static enum err put(void *ctx, struct str frames)
{
    struct carrying *w = ctx;
    return stick_add(w->to, frames, &w->why);
}

/* Sealed to the network's authority: the one key of the server this device is certain of since
 * it was enrolled, whatever became of the others. */
static enum err write_file(struct carrying *w, struct carried *carried, uint64_t *bytes)
{
    uint8_t authority[CERT_PUBLIC_BYTES];
    struct stick_to to = {.kind = BUNDLE_TO_SERVER,
                          .device = w->status.device,
                          .history = w->status.history,
                          .recipient = authority,
                          .key = buf_str(&w->key.der)};
    enum err err = cert_public(buf_str(&w->key.ca), authority);
    if (err == ERR_OK)
        err = stick_create((const char *)w->path.p, &to, &w->to, &w->why);
    if (err == ERR_OK)
        err = carry_write(w->c->store, put, w, carried);
    if (err != ERR_OK)
        return err;
    struct stick_out *out = w->to;
    w->to = NULL;
    return stick_finish(out, bytes, &w->why);
}

static void written_json(struct cmd *c, const struct carried *carried, uint64_t bytes)
{
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "file");
    json_text(&json, c->args->word[0]);
    json_key(&json, "operations");
    json_uint(&json, carried->operations);
    json_key(&json, "changes");
    json_uint(&json, carried->changes);
    json_key(&json, "pulled_through");
    json_uint(&json, carried->pulled);
    json_key(&json, "bytes");
    json_uint(&json, bytes);
    json_object_end(&json);
    json_line(&json);
}

static void written_words(struct cmd *c, const struct carried *carried, uint64_t bytes)
{
    cmd_say(c,
            TN("%s : %llu changement, %llu octets, scellés pour votre serveur",
               "%s : %llu changements, %llu octets, scellés pour votre serveur",
               carried->changes),
            c->args->word[0], (unsigned long long)carried->changes, (unsigned long long)bytes);
    cmd_say(c, T("n'importe qui peut le porter, personne d'autre ne peut le lire ; tout reste "
                 "aussi sur cet appareil, et ne compte comme envoyé qu'après la réponse : "
                 "jalon bundle read FICHIER"));
}

int cmd_bundle_write(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct carrying w = {.c = c};
    struct carried carried = {.operations = 0};
    uint64_t bytes = 0;
    (void)args;
    enum err err = prepare(&w);
    if (err == ERR_OK)
        err = write_file(&w, &carried, &bytes);
    carrying_done(&w);
    if (err != ERR_OK)
        return cmd_fail(c, err, &w.why);
    if (c->json)
        written_json(c, &carried, bytes);
    else
        written_words(c, &carried, bytes);
    return CMD_DONE;
}

/* ---- read ---- */

static enum err next(void *ctx, struct str *body)
{
    struct carrying *w = ctx;
    return stick_next(w->from, body, &w->why);
}

static void rewind_file(void *ctx)
{
    struct carrying *w = ctx;
    stick_rewind(w->from);
}

static enum err wipe(void *ctx)
{
    struct carrying *w = ctx;
    w->c->store = NULL;
    return local_wipe(w->c->local, w->c->dir);
}

static enum err read_file(struct carrying *w, struct carry_result *result)
{
    uint8_t signer[CERT_FINGERPRINT_BYTES];
    struct stick_from from = {.kind = BUNDLE_TO_DEVICE,
                              .history = w->status.history,
                              .key = buf_str(&w->key.der),
                              .signer = signer,
                              .other = w->key.next.p};
    struct carry_source source = {.next = next, .rewind = rewind_file, .ctx = w};
    enum err err = cert_cert_fingerprint(buf_str(&w->key.ca), signer);
    if (err == ERR_OK)
        err = stick_open((const char *)w->path.p, &from, &w->from, &w->why);
    if (err == ERR_OK)
        err = carry_read(w->c->store, &source, wipe, w, result);
    if (err == ERR_FORK)
        return note_set(&w->why, err,
                        N_("ces données sont une copie, ou une image ancienne, de cet appareil "
                           "; rien n'est perdu, synchronisez une fois par le réseau : jalon "
                           "sync"));
    if (err == ERR_NOTFOUND && w->from != NULL)
        return note_set(&w->why, ERR_PROTOCOL,
                        N_("la réponse parle de fiches que cet appareil n'a pas ; rien n'est "
                           "perdu, le prochain paquet demande tout : jalon bundle write"));
    return err;
}

static const char *use_word(enum carry_use use)
{
    switch (use) {
    case CARRY_FITS:
    case CARRY_RESET:
        return "applied";
    case CARRY_HELD:
        return "held";
    case CARRY_OLD:
        return "old";
    case CARRY_GAP:
        return "gap";
    }
    return "";
}

static void read_json(struct cmd *c, const struct carry_result *result,
                      const struct store_status *st)
{
    const struct {
        const char *key;
        uint64_t n;
    } counts[] = {{"pushed", result->tally.pushed},
                  {"pulled", result->tally.pulled},
                  {"conflicts", result->tally.conflicts},
                  {"refused", result->tally.refused},
                  {"unsent", st->unsent},
                  {"pulled_through", st->pulled_through}};
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "answer");
    json_text(&json, use_word(result->use));
    json_key(&json, "ended");
    json_bool(&json, result->ended);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        json_key(&json, counts[i].key);
        json_uint(&json, counts[i].n);
    }
    json_object_end(&json);
    json_line(&json);
}

static void read_words(struct cmd *c, const struct carry_result *result)
{
    switch (result->use) {
    case CARRY_HELD:
        cmd_say(c, T("cette réponse était déjà lue : rien n'a changé"));
        return;
    case CARRY_OLD:
        cmd_say(c, T("cette réponse est plus ancienne que ce que cet appareil sait déjà, ou "
                     "répond à un état qu'il n'a plus : rien n'a changé"));
        return;
    case CARRY_GAP:
    case CARRY_FITS:
    case CARRY_RESET:
        break;
    }
    cmd_say(c, T("fiches que le serveur a prises : %llu, reçues : %llu"),
            (unsigned long long)result->tally.pushed, (unsigned long long)result->tally.pulled);
    if (result->tally.refused > 0)
        cmd_say(c,
                TN("%llu saisie refusée par le serveur, gardée ici : jalon inbox",
                   "%llu saisies refusées par le serveur, gardées ici : jalon inbox",
                   result->tally.refused),
                (unsigned long long)result->tally.refused);
    if (!result->ended)
        cmd_say(c, T("le serveur a encore d'autres fiches pour vous : un prochain paquet les "
                     "demandera"));
}

/* What remains to be carried, and what waits for a person. */
static int remains(struct cmd *c, const struct store_status *st)
{
    if (!c->json && st->unsent > 0)
        cmd_say(c,
                TN("%llu changement n'est encore que sur cet appareil : jalon bundle write",
                   "%llu changements ne sont encore que sur cet appareil : jalon bundle write",
                   st->unsent),
                (unsigned long long)st->unsent);
    else if (!c->json && st->complete)
        cmd_say(c, T("tout est sur le serveur"));
    uint64_t waiting = st->conflicts + st->quarantined;
    if (waiting == 0)
        return CMD_DONE;
    if (!c->json)
        cmd_say(c,
                TN("%llu point attend une personne : jalon inbox",
                   "%llu points attendent une personne : jalon inbox", waiting),
                (unsigned long long)waiting);
    return CMD_WAITS;
}

int cmd_bundle_read(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct carrying w = {.c = c};
    struct carry_result result = {.use = CARRY_OLD};
    struct store_status st;
    (void)args;
    enum err err = prepare(&w);
    if (err == ERR_OK)
        err = read_file(&w, &result);
    if (result.wiped)
        err = note_set(&w.why, ERR_REVOKED,
                       N_("les données de cet appareil ont été effacées, comme votre "
                          "coordination l'a demandé"));
    if (err == ERR_OK && result.use == CARRY_GAP)
        err = note_set(&w.why, ERR_FORMAT,
                       N_("il manque quelque chose entre ce que cet appareil a et cette "
                          "réponse ; rien n'a changé : écrivez un nouveau paquet, jalon bundle "
                          "write"));
    if (err == ERR_OK)
        err = store_status(c->store, &st);
    carrying_done(&w);
    if (err != ERR_OK)
        return cmd_fail(c, err, &w.why);
    if (c->json)
        read_json(c, &result, &st);
    else
        read_words(c, &result);
    return remains(c, &st);
}
