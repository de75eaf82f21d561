/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl stats, check, backup. */
#include "io/file.h"
#include "server/ctl.h"
#include "store/rows_json.h"

int ctl_stats(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct serve_stats s;
    char history[ID_TEXT_BYTES];
    (void)args;
    enum err err = serve_stats(c->store, &s);
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
    };
    if (c->json)
        buf_printf(&c->out, "{\"history\":\"%s\"", history);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (c->json)
            buf_printf(&c->out, ",\"%s\":%llu", lines[i].key, lines[i].value);
        else
            buf_printf(&c->out, "%s : %llu\n", lines[i].label, lines[i].value);
    }
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

int ctl_check(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct buf report = {0};
    uint32_t problems = 0;
    (void)args;
    enum err err = store_check(c->store, &report, &problems);
    if (err == ERR_OK)
        print_findings(c, buf_str(&report), problems);
    buf_done(&report);
    if (err != ERR_OK)
        return ctl_fail(c, err, NULL);
    return problems == 0 ? CTL_DONE : CTL_DAMAGED;
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
