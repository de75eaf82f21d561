/* SPDX-License-Identifier: Apache-2.0 */
/* jalon doctor: is everything sound here, and if not, what to do; with --repair it is done. */
#include "client/compare_text.h"
#include "client/local.h"
#include "client/words.h"
#include "io/file.h"
#include "io/json.h"
#include "proto/schema.h"
#include "store/content_check.h"

/* What was found, and done. */
struct doctor {
    struct buf report; /* findings, a line each */
    uint32_t problems;
    struct file_space space;
    struct compare_report compared;
    struct content_check contents;
    bool mended, contents_mended; /* made anew: */
    struct mend_contents saved;
    struct mend_report mend;
};

/* ---- as JSON ---- */

static void lines_json(struct json_out *json, struct str text)
{
    json_array(json);
    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        size_t n = end == NULL ? text.n : (size_t)(end - text.p);
        json_str(json, (struct str){text.p, n});
        n += end == NULL ? 0 : 1;
        text = (struct str){text.p + n, text.n - n};
    }
    json_array_end(json);
}

static uint64_t named(const struct mend_report *m)
{
    return m->lost_count < MEND_LOST_MAX ? m->lost_count : MEND_LOST_MAX;
}

static void lost_json(struct json_out *json, const struct mend_report *m)
{
    json_array(json);
    for (uint64_t i = 0; i < named(m); i++) {
        const struct table *table = schema_table(&schema_jalon, m->lost[i].table);
        json_object(json);
        json_key(json, "operation");
        json_uint(json, m->lost[i].op_no);
        json_key(json, "table");
        json_text(json, table == NULL ? "" : table->name);
        words_time_json(json, "saved", m->lost[i].edit_ms);
        json_object_end(json);
    }
    json_array_end(json);
}

static void mend_json(struct json_out *json, const struct mend_report *m)
{
    json_object(json);
    json_key(json, "by_page");
    json_bool(json, m->by_page);
    json_key(json, "rows");
    json_uint(json, m->rows);
    json_key(json, "unsent");
    json_uint(json, m->unsent);
    json_key(json, "quarantined");
    json_uint(json, m->quarantined);
    json_key(json, "lost");
    json_uint(json, m->lost_count);
    json_key(json, "lost_operations");
    lost_json(json, m);
    json_object_end(json);
}

static void contents_json(struct json_out *json, const struct doctor *d)
{
    const struct content_check *k = &d->contents;
    const struct {
        const char *key;
        uint64_t n;
    } list[] = {{"documents", k->documents},  {"bytes", k->bytes}, {"wrong", k->wrong},
                {"fetched_again", k->again},  {"lost", k->lost},   {"saved", d->saved.kept},
                {"saved_lost", d->saved.lost}};
    json_object(json);
    json_key(json, "readable");
    json_bool(json, !k->unreadable);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        json_key(json, list[i].key);
        json_uint(json, list[i].n);
    }
    json_object_end(json);
}

static void doctor_json(struct cmd *c, const struct doctor *d)
{
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "version");
    json_text(&json, JALON_VERSION);
    json_key(&json, "data");
    json_text(&json, c->dir);
    json_key(&json, "problems");
    json_uint(&json, d->problems + d->contents.wrong);
    json_key(&json, "findings");
    lines_json(&json, buf_str(&d->report));
    json_key(&json, "free_bytes");
    json_uint(&json, d->space.free_bytes);
    json_key(&json, "compared");
    compare_json(&json, &d->compared);
    json_key(&json, "contents");
    contents_json(&json, d);
    if (d->mended) {
        json_key(&json, "repaired");
        mend_json(&json, &d->mend);
    }
    json_object_end(&json);
    json_line(&json);
}

/* ---- in words ---- */

static void print_compared(struct cmd *c, const struct compare_report *compared)
{
    buf_text(&c->out, T("comparé avec le serveur : "));
    words_time(compared->at_ms, &c->out);
    buf_text(&c->out, compared->state == COMPARE_SAME ? T(", les mêmes fiches\n") : "\n");
    size_t before = c->out.n;
    compare_print(compared, 0, &c->out);
    if (c->out.n > before)
        buf_u8(&c->out, '\n');
    buf_text(&c->out, T("la prochaine synchronisation compare de nouveau\n"));
}

static void print_lost(struct cmd *c, const struct mend_lost *lost)
{
    const struct table *table = schema_table(&schema_jalon, lost->table);
    buf_printf(&c->out, T("  saisie n° %llu"), (unsigned long long)lost->op_no);
    if (table != NULL)
        buf_printf(&c->out, " : %s", say_text(table->label));
    if (lost->edit_ms != 0) {
        buf_text(&c->out, ", ");
        words_time(lost->edit_ms, &c->out);
    }
    buf_u8(&c->out, '\n');
}

static void print_mend(struct cmd *c, const struct mend_report *m)
{
    buf_text(&c->out, T("la base de cet appareil était abîmée ; elle a été refaite\n"));
    buf_printf(&c->out,
               TN("%llu saisie qui n'est pas encore sur le serveur est gardée\n",
                  "%llu saisies qui ne sont pas encore sur le serveur sont gardées\n",
                  m->unsent),
               (unsigned long long)m->unsent);
    if (m->quarantined > 0)
        buf_printf(&c->out,
                   TN("%llu saisie refusée est gardée aussi\n",
                      "%llu saisies refusées sont gardées aussi\n", m->quarantined),
                   (unsigned long long)m->quarantined);
    if (m->lost_count > 0)
        buf_printf(&c->out,
                   TN("%llu saisie était sur la partie illisible et n'avait pas été envoyée ; "
                      "refaites-la :\n",
                      "%llu saisies étaient sur la partie illisible et n'avaient pas été "
                      "envoyées ; refaites-les :\n",
                      m->lost_count),
                   (unsigned long long)m->lost_count);
    for (uint64_t i = 0; i < named(m); i++)
        print_lost(c, &m->lost[i]);
    if (m->nameless)
        buf_text(&c->out, T("ce qui disait jusqu'où tout était envoyé est illisible aussi : "
                            "après la synchronisation, vérifiez vos dernières saisies\n"));
    buf_printf(&c->out,
               T("le reste revient du serveur : jalon sync ; l'ancien fichier est gardé "
                 "jusque-là : %s\n"),
               LOCAL_DAMAGED);
}

static void print_contents(struct cmd *c, const struct content_check *k)
{
    if (k->again > 0)
        buf_printf(&c->out,
                   TN("%llu document était abîmé ici ; il revient du serveur\n",
                      "%llu documents étaient abîmés ici ; ils reviennent du serveur\n",
                      k->again),
                   (unsigned long long)k->again);
    if (k->lost > 0)
        buf_printf(&c->out,
                   TN("%llu document joint ici est abîmé et n'avait pas été envoyé : "
                      "joignez-le de nouveau\n",
                      "%llu documents joints ici sont abîmés et n'avaient pas été envoyés : "
                      "joignez-les de nouveau\n",
                      k->lost),
                   (unsigned long long)k->lost);
    if (k->documents > 0 && k->wrong == 0 && !k->unreadable)
        buf_printf(&c->out,
                   TN("%llu document joint : contenu vérifié\n",
                      "%llu documents joints : contenus vérifiés\n", k->documents),
                   (unsigned long long)k->documents);
}

static void print_saved(struct cmd *c, const struct mend_contents *m)
{
    buf_printf(&c->out,
               T("les documents joints de cet appareil étaient abîmés ; gardés : %llu, à faire "
                 "revenir du serveur : %llu\n"),
               (unsigned long long)m->kept, (unsigned long long)m->again);
    if (m->lost > 0)
        buf_printf(&c->out,
                   TN("%llu document joint ici est abîmé et n'avait pas été envoyé : "
                      "joignez-le de nouveau\n",
                      "%llu documents joints ici sont abîmés et n'avaient pas été envoyés : "
                      "joignez-les de nouveau\n",
                      m->lost),
                   (unsigned long long)m->lost);
    if (m->unlisted)
        buf_text(&c->out,
                 T("la liste des documents ne se lit plus : ce qui a été joint ici sans être "
                   "envoyé depuis est à joindre de nouveau\n"));
}

static void print(struct cmd *c, const struct doctor *d)
{
    buf_printf(&c->out, T("jalon %s, données dans %s\n"), JALON_VERSION, c->dir);
    buf_printf(&c->out, T("place libre : %llu Mo\n"),
               (unsigned long long)(d->space.free_bytes / 1000000));
    if (!d->mended)
        print_compared(c, &d->compared);
    buf_add(&c->out, d->report.p, d->report.n);
    print_contents(c, &d->contents);
    if (d->mended)
        print_mend(c, &d->mend);
    if (d->contents_mended)
        print_saved(c, &d->saved);
    if (d->problems == 0 && d->contents.wrong == 0)
        buf_text(&c->out, T("les données sont saines\n"));
    else if (d->problems > 0 && !d->mended && !d->contents_mended)
        buf_text(&c->out, T("données abîmées : n'écrivez plus rien ; pour refaire la base sans "
                            "perdre ce qui n'est pas envoyé : jalon doctor --repair\n"));
}

/* ---- look, repair ---- */

enum { CONTENT_STEP_BYTES = 16 * 1024 * 1024 };

/* What is wrong is set right at once: nothing is lost by it. What is right is offered to the
 * server once more, should it be the one that lacks it. */
static enum err look_at_contents(struct cmd *c, struct doctor *d)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && !d->contents.done)
        err = content_check_step(c->store, CONTENT_STEP_BYTES, &d->contents, &d->report);
    d->problems += d->contents.unreadable ? 1 : 0;
    return err == ERR_OK && !d->contents.unreadable ? content_offer_again(c->store) : err;
}

/* Is the disk what is wrong? Then that is a finding, not the end. */
static bool is_damage(enum err err)
{
    return err == ERR_CORRUPT || err == ERR_IO;
}

static enum err look(struct cmd *c, struct doctor *d)
{
    enum err err =
        c->store == NULL ? ERR_CORRUPT : store_check(c->store, &d->report, &d->problems);
    if (err == ERR_OK)
        err = compare_report(c->store, &d->compared);
    if (err == ERR_OK)
        err = compare_hasten(c->store);
    if (err == ERR_OK)
        err = look_at_contents(c, d);
    if (is_damage(err)) {
        buf_printf(&d->report, "the database does not read: %s\n", err_text(err));
        d->problems++;
        err = d->report.err;
    }
    return err;
}

static enum err repair_rows(struct cmd *c, struct doctor *d, struct note *why)
{
    c->store = NULL;
    enum err err = local_mend(c->local, c->dir, &d->mend, why);
    c->store = c->local->store;
    d->mended = err == ERR_OK;
    return err;
}

static enum err repair(struct cmd *c, struct doctor *d, struct note *why)
{
    must(c->local != NULL);
    bool contents = d->contents.unreadable;
    enum err err = d->problems > (contents ? 1 : 0) ? repair_rows(c, d, why) : ERR_OK;
    if (err == ERR_OK && d->mended) { /* they could not be looked at before */
        struct content_check anew = {.done = false};
        while (err == ERR_OK && !anew.done)
            err = content_check_step(c->store, CONTENT_STEP_BYTES, &anew, &d->report);
        d->contents = anew;
        contents = anew.unreadable;
    }
    if (err == ERR_OK && contents)
        err = local_mend_contents(c->local, c->dir, &d->saved, why);
    d->contents_mended = err == ERR_OK && contents;
    return err;
}

/* How it ends, once it was told. */
static int status_of(const struct doctor *d)
{
    bool waits = d->mend.lost_count > 0 || d->saved.lost > 0 || d->saved.unlisted;
    if (d->mended || d->contents_mended)
        return waits ? CMD_WAITS : CMD_DONE;
    return d->problems > 0 || d->contents.wrong > 0 ? CMD_DAMAGED : CMD_DONE;
}

int cmd_doctor(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    struct doctor *d = arena_new(&c->arena, sizeof *d);
    enum err err = d == NULL ? ERR_NOMEM : look(c, d);
    if (err == ERR_OK)
        err = file_space(c->dir, &d->space, &why);
    if (err == ERR_OK && d->problems > 0 && args_flag(args, "repair"))
        err = repair(c, d, &why);
    int exit = CMD_DONE;
    if (err != ERR_OK)
        exit = cmd_fail(c, err, &why);
    else if (c->json)
        doctor_json(c, d);
    else
        print(c, d);
    if (err == ERR_OK)
        exit = status_of(d);
    if (d != NULL)
        buf_done(&d->report);
    return exit;
}
