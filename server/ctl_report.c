/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl report: indicators over what the server holds. Figures of the whole network hide
 * small numbers; those of one structure are for its own people. */
#include "server/ctl.h"
#include "store/parameter.h"
#include "store/report.h"
#include "web/report_text.h"

static enum err read_scope(struct ctl *c, const struct args *args, struct report_ask *ask,
                           struct note *why)
{
    const char *structure = args_value(args, "structure");
    const char *staff = args_value(args, "staff");
    enum err err = ERR_OK;
    if (structure != NULL)
        err = ctl_row(c, schema_table(&schema_jalon, TABLE_STRUCTURE), structure,
                      &ask->structure, why);
    if (err == ERR_OK && staff != NULL)
        err = ctl_row(c, schema_table(&schema_jalon, TABLE_STAFF), staff, &ask->staff, why);
    if (err == ERR_OK && structure == NULL)
        err = parameter_number(c->store, PARAMETER_MASK_BELOW, &ask->structure, ask->at,
                               &ask->masked_below);
    return err;
}

int ctl_report(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    struct report_ask ask = {.at = 0};
    const struct report *report = args->n == 0 ? NULL : report_named(str_of(args->word[0]));
    if (args->n == 0) {
        report_text_list(c->json, &c->out);
        return CTL_DONE;
    }
    if (report == NULL)
        return ctl_fail(c,
                        note_set(&why, ERR_NOTFOUND,
                                 N_("il n'y a pas de tel indicateur : voyez jalonctl report")),
                        &why);
    enum err err = report_days(c->store, args_value(args, "at"), args_value(args, "from"),
                               args_value(args, "to"), &ask, &why);
    if (err == ERR_OK)
        err = read_scope(c, args, &ask, &why);
    if (err == ERR_OK && args_flag(args, "csv"))
        err = report_csv(c->store, report, &ask, &c->out);
    else if (err == ERR_OK && c->json)
        err = report_json(c->store, report, &ask, &c->out);
    else if (err == ERR_OK)
        err = report_text(c->store, report, &ask, false, &c->out);
    if (err == ERR_OK)
        return CTL_DONE;
    buf_clear(&c->out);
    return ctl_fail(c, err, &why);
}
