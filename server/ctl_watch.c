/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl stats, check, backup. */
#include "io/file.h"
#include "proto/mem.h"
#include "server/ctl.h"
#include "store/content_check.h"
#include "store/links.h"
#include "store/rows_json.h"
#include "store/twins.h"

/* ---- dossiers that were erased, in numbers ---- */

static const struct {
    const char *key;
    const char *label;
} by[] = {
    [TWINS_BY_STRUCTURE] = {"structure", N_("structure")},
    [TWINS_BY_BIRTH] = {"born", N_("naissance")},
    [TWINS_BY_GENDER] = {"gender", N_("genre de la personne")},
    [TWINS_BY_AREA] = {"area", N_("arrondissement (INS)")},
    [TWINS_BY_ENTRY] = {"entered", N_("année d'entrée")},
    [TWINS_BY_MONTHS] = {"months", N_("mois d'accompagnement")},
    [TWINS_BY_SESSIONS] = {"sessions", N_("séances")},
    [TWINS_BY_HOURS] = {"hours", N_("heures de séance")},
    [TWINS_BY_CONTRACTS] = {"contracts", N_("contrats")},
    [TWINS_BY_INTERNSHIPS] = {"internships", N_("stages")},
};

struct telling {
    struct ctl *c;
    int64_t like;
    int table; /* of the last cell, -1: none so far */
};

static void cell_json(struct telling *t, const struct twins_cell *cell, bool first)
{
    struct buf *out = &t->c->out;
    if (first) {
        buf_text(out, t->table < 0 ? "" : "]},");
        buf_printf(out, "{\"by\":\"%s\",\"cells\":[", by[cell->by].key);
    }
    buf_text(out, first ? "{\"is\":" : ",{\"is\":");
    if (cell->label.n == 0)
        buf_text(out, "null");
    else
        rows_json_text(cell->label, out);
    buf_printf(out, ",\"others\":%s,\"people\":", cell->others ? "true" : "false");
    if (cell->people == 0)
        buf_text(out, "null}");
    else
        buf_printf(out, "%llu}", (unsigned long long)cell->people);
}

static void cell_words(struct telling *t, const struct twins_cell *cell, bool first)
{
    struct buf *out = &t->c->out;
    if (t->table < 0)
        buf_printf(out, T("dossiers effacés, en nombres (par %lld au moins) :\n"),
                   (long long)t->like);
    if (first)
        buf_printf(out, "  %s\n", say_text(by[cell->by].label));
    buf_text(out, "    ");
    if (cell->others)
        buf_text(out, T("autres, ensemble"));
    else if (cell->label.n == 0)
        buf_text(out, T("non précisé"));
    else
        ctl_print_text(t->c, cell->label);
    if (cell->people == 0)
        buf_printf(out, T(" : moins de %lld\n"), (long long)t->like);
    else
        buf_printf(out, " : %llu\n", (unsigned long long)cell->people);
}

static enum err on_cell(void *ctx, const struct twins_cell *cell)
{
    struct telling *t = ctx;
    bool first = t->table != (int)cell->by;
    must((size_t)cell->by < sizeof by / sizeof *by);
    if (t->c->json)
        cell_json(t, cell, first);
    else
        cell_words(t, cell, first);
    t->table = (int)cell->by;
    return t->c->out.err;
}

static enum err tell_erased(struct ctl *c)
{
    struct telling t = {.c = c, .table = -1};
    enum err err = twins_like(c->store, &t.like);
    if (err != ERR_OK)
        return err;
    if (c->json)
        buf_printf(&c->out, ",\"erased\":{\"masked_below\":%lld,\"tables\":[",
                   (long long)t.like);
    err = twins_tables(c->store, t.like, on_cell, &t);
    if (c->json)
        buf_text(&c->out, t.table < 0 ? "]}" : "]}]}");
    return err;
}

/* ---- stats, check, backup ---- */

int ctl_stats(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct serve_stats s;
    char history[ID_TEXT_BYTES];
    uint64_t dossiers = 0;
    uint64_t people = 0;
    (void)args;
    enum err err = serve_stats(c->store, &s);
    if (err == ERR_OK)
        err = links_count(c->store, &dossiers, &people);
    if (err != ERR_OK)
        return ctl_fail(c, err, NULL);
    id_print(&s.history, history);
    const struct {
        const char *key;
        const char *label;
        unsigned long long value;
    } lines[] = {
        {"seq", T("modifications"), s.seq},
        {"stable_seq", T("dont dans une copie vérifiée"), s.stable_seq},
        {"operations", T("opérations"), s.operations},
        {"commits", T("enregistrements"), s.commits},
        {"devices", T("appareils"), s.devices},
        {"conflicts", T("conflits ouverts"), s.conflicts},
        {"quarantined", T("opérations refusées"), s.quarantined},
        {"file_bytes", T("octets de la base"), (unsigned long long)s.file_bytes},
        {"free_bytes", T("dont libres"), (unsigned long long)s.free_bytes},
        {"generation", T("génération"), s.generation},
        {"dossiers", T("dossiers de personnes"), dossiers},
        {"people", T("personnes différentes"), people},
    };
    if (c->json)
        buf_printf(&c->out, "{\"history\":\"%s\"", history);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (c->json)
            buf_printf(&c->out, ",\"%s\":%llu", lines[i].key, lines[i].value);
        else
            buf_printf(&c->out, "%s : %llu\n", lines[i].label, lines[i].value);
    }
    err = tell_erased(c);
    if (err != ERR_OK)
        return ctl_fail(c, err, NULL);
    if (c->json)
        buf_text(&c->out, "}\n");
    return CTL_DONE;
}

static void print_findings(struct ctl *c, struct str report, uint32_t problems)
{
    if (!c->json) {
        buf_add(&c->out, report.p, report.n);
        if (problems == 0)
            ctl_say(c, T("la base est en ordre"));
        else
            ctl_say(c, T("problèmes trouvés : %u"), (unsigned)problems);
        return;
    }
    buf_printf(&c->out, "{\"problems\":%u,\"findings\":[", (unsigned)problems);
    for (bool first = true; report.n > 0; first = false) {
        const char *end = memchr(report.p, '\n', report.n);
        size_t n = end == NULL ? report.n : (size_t)(end - report.p);
        buf_text(&c->out, first ? "" : ",");
        rows_json_text((struct str){report.p, n}, &c->out);
        n += end == NULL ? 0 : 1;
        report = (struct str){report.p + n, report.n - n};
    }
    buf_text(&c->out, "]}\n");
}

/* The rows first; then the contents, so many bytes at a time that pushes do not wait for long.
 */
struct ctl_check {
    struct buf report;
    uint32_t problems;
    struct content_check contents;
};
enum { CHECK_STEP_BYTES = 8 * 1024 * 1024 };

void ctl_check_done(struct ctl *c)
{
    if (c->check != NULL)
        buf_done(&c->check->report);
    mem_free(c->check);
    c->check = NULL;
}

static enum err check_rows(struct ctl *c)
{
    c->check = mem_new(sizeof *c->check);
    return c->check == NULL ? ERR_NOMEM
                            : store_check(c->store, &c->check->report, &c->check->problems);
}

static int tell_check(struct ctl *c)
{
    struct ctl_check *check = c->check;
    const struct content_check *k = &check->contents;
    if (k->nameless > 0)
        buf_printf(&check->report, "contents no document has: %llu\n",
                   (unsigned long long)k->nameless);
    uint64_t problems = check->problems + k->wrong + k->nameless + (k->unreadable ? 1 : 0);
    check->problems = problems > UINT32_MAX ? UINT32_MAX : (uint32_t)problems;
    print_findings(c, buf_str(&check->report), check->problems);
    if (!c->json && k->documents > 0)
        ctl_say(
            c,
            TN("%llu document joint vérifié", "%llu documents joints vérifiés", k->documents),
            (unsigned long long)k->documents);
    return check->problems == 0 ? CTL_DONE : CTL_DAMAGED;
}

int ctl_check(void *program, const struct args *args)
{
    struct ctl *c = program;
    (void)args;
    enum err err = c->check == NULL ? check_rows(c) : ERR_OK;
    if (err == ERR_OK && !c->check->contents.done) {
        err = content_check_step(c->store, CHECK_STEP_BYTES, &c->check->contents,
                                 &c->check->report);
        c->more = err == ERR_OK && !c->check->contents.done;
    }
    if (err != ERR_OK)
        return ctl_fail(c, err, NULL);
    return c->more ? CTL_DONE : tell_check(c);
}

/* Only names the file: the control socket makes the copy, step by step. */
int ctl_backup(void *program, const struct args *args)
{
    struct ctl *c = program;
    const char *name = args->word[0];
    enum err err = file_join(&c->backup, name[0] == '/' ? "" : c->cwd, name);
    if (err == ERR_OK)
        return CTL_DONE;
    buf_clear(&c->backup);
    return ctl_fail(c, err, NULL);
}
