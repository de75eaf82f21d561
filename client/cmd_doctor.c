/* SPDX-License-Identifier: Apache-2.0 */
/* jalon doctor: is everything sound here, and if not, what to do. */
#include "client/compare_text.h"
#include "client/words.h"
#include "io/file.h"
#include "io/json.h"

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

static void doctor_json(struct cmd *c, uint32_t problems, struct str report,
                        const struct file_space *space, const struct compare_report *compared)
{
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "version");
    json_text(&json, JALON_VERSION);
    json_key(&json, "data");
    json_text(&json, c->dir);
    json_key(&json, "problems");
    json_uint(&json, problems);
    json_key(&json, "findings");
    lines_json(&json, report);
    json_key(&json, "free_bytes");
    json_uint(&json, space->free_bytes);
    json_key(&json, "compared");
    compare_json(&json, compared);
    json_object_end(&json);
    json_line(&json);
}

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

int cmd_doctor(void *program, const struct args *args)
{
    (void)args;
    struct cmd *c = program;
    struct note why = {""};
    struct buf report = {0};
    uint32_t problems = 0;
    struct file_space space = {0};
    struct compare_report compared;
    enum err err = store_check(c->store, &report, &problems);
    if (err == ERR_OK)
        err = compare_report(c->store, &compared);
    if (err == ERR_OK)
        err = compare_hasten(c->store);
    if (err == ERR_OK)
        err = file_space(c->dir, &space, &why);
    if (err != ERR_OK) {
        buf_done(&report);
        return cmd_fail(c, err, &why);
    }
    if (c->json) {
        doctor_json(c, problems, buf_str(&report), &space, &compared);
    } else {
        buf_printf(&c->out, T("jalon %s, données dans %s\n"), JALON_VERSION, c->dir);
        buf_printf(&c->out, T("place libre : %llu Mo\n"),
                   (unsigned long long)(space.free_bytes / 1000000));
        print_compared(c, &compared);
        buf_add(&c->out, report.p, report.n);
        if (problems == 0)
            buf_text(&c->out, T("les données sont saines\n"));
        else
            buf_text(&c->out, T("données abîmées : gardez une copie de ce dossier et demandez "
                                "de l'aide à votre coordination ; ce que le serveur a reçu y "
                                "reste\n"));
    }
    buf_done(&report);
    return problems == 0 ? CMD_DONE : CMD_DAMAGED;
}
