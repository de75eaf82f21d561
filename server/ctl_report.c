/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl report: indicators over what the server holds. Figures of the whole network hide
 * small numbers; those of one structure are for its own people. */
#include "io/grid.h"
#include "server/ctl.h"
#include "store/parameter.h"
#include "store/report.h"

struct printing {
    const struct report *report;
    const struct report_ask *ask;
    struct grid grid;
};

static enum err on_row(void *ctx, const struct report_cell *cells)
{
    struct printing *p = ctx;
    struct buf text = {0};
    for (size_t i = 0; i < p->report->column_count; i++) {
        buf_clear(&text);
        report_print(p->report, p->ask, i, &cells[i], &text);
        grid_cell(&p->grid, buf_str(&text), GRID_PLAIN);
    }
    enum err err = text.err;
    buf_done(&text);
    return err;
}

static enum err print_grid(struct ctl *c, const struct report *report,
                           const struct report_ask *ask)
{
    struct grid_column columns[REPORT_COLUMNS_MAX];
    struct printing p = {.report = report, .ask = ask};
    for (size_t i = 0; i < report->column_count; i++)
        columns[i] = (struct grid_column){say_text(report->columns[i].label),
                                          report->columns[i].kind != REPORT_TEXT, 0};
    grid_init(&p.grid, columns, report->column_count);
    buf_printf(&c->out, "%s : %s\n", report->name, say_text(report->label));
    enum err err = report_run(c->store, report, ask, on_row, &p);
    if (err == ERR_OK)
        err = grid_print(&p.grid, false, &c->out);
    grid_done(&p.grid);
    return err;
}

static int list(struct ctl *c)
{
    buf_text(&c->out, c->json ? "[" : "");
    for (size_t i = 0; i < report_count; i++) {
        const struct report *r = report_at(i);
        if (c->json)
            buf_printf(&c->out, "%s\"%s\"", i == 0 ? "" : ",", r->name);
        else
            buf_printf(&c->out, "%-4s %s\n", r->name, say_text(r->label));
    }
    buf_text(&c->out, c->json ? "]\n" : "");
    return CTL_DONE;
}

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
    if (args->n == 0)
        return list(c);
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
        err = print_grid(c, report, &ask);
    if (err == ERR_OK)
        return CTL_DONE;
    buf_clear(&c->out);
    return ctl_fail(c, err, &why);
}
