/* SPDX-License-Identifier: Apache-2.0 */
/* jalon report: indicators of a day and a period, of what is on this device. */
#include "client/cmd.h"
#include "store/parameter.h"
#include "store/report.h"
#include "web/report_text.h"

/* Whose figures; small numbers of another structure than one's own are not told. */
static enum err read_scope(struct cmd *c, const struct args *args, struct report_ask *ask,
                           struct note *why)
{
    const struct schema *schema = store_schema(c->store);
    const char *structure = args_value(args, "structure");
    const char *staff = args_value(args, "staff");
    struct store_status status;
    enum err err = store_status(c->store, &status);
    if (err == ERR_OK && structure != NULL)
        err =
            cmd_row(c, schema_table(schema, TABLE_STRUCTURE), structure, &ask->structure, why);
    if (err == ERR_OK && staff != NULL)
        err = cmd_row(c, schema_table(schema, TABLE_STAFF), staff, &ask->staff, why);
    if (err == ERR_OK && structure != NULL && !id_eq(&ask->structure, &status.structure))
        err = parameter_number(c->store, PARAMETER_MASK_BELOW, &ask->structure, ask->at,
                               &ask->masked_below);
    return err;
}

int cmd_report(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    struct report_ask ask = {.at = 0};
    const struct report *report = args->n == 0 ? NULL : report_named(str_of(args->word[0]));
    if (args->n == 0) {
        report_text_list(c->json, &c->out);
        return CMD_DONE;
    }
    enum err err = report == NULL
                       ? note_set(&why, ERR_NOTFOUND,
                                  N_("il n'y a pas de tel indicateur : voyez jalon report"))
                       : ERR_OK;
    if (err == ERR_OK)
        err = report_days(c->store, args_value(args, "at"), args_value(args, "from"),
                          args_value(args, "to"), &ask, &why);
    if (err == ERR_OK)
        err = read_scope(c, args, &ask, &why);
    if (err == ERR_OK && args_flag(args, "csv"))
        err = report_csv(c->store, report, &ask, &c->out);
    else if (err == ERR_OK && c->json)
        err = report_json(c->store, report, &ask, &c->out);
    else if (err == ERR_OK)
        err = report_text(c->store, report, &ask, c->color, &c->out);
    if (err == ERR_OK)
        return CMD_DONE;
    buf_clear(&c->out);
    return cmd_fail(c, err, &why);
}
