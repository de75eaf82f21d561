/* SPDX-License-Identifier: Apache-2.0 */
#include "web/report_text.h"

#include "io/grid.h"
#include "io/say.h"

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

enum err report_text(struct store *s, const struct report *report, const struct report_ask *ask,
                     bool color, struct buf *out)
{
    struct grid_column columns[REPORT_COLUMNS_MAX];
    struct printing p = {.report = report, .ask = ask};
    for (size_t i = 0; i < report->column_count; i++)
        columns[i] = (struct grid_column){say_text(report->columns[i].label),
                                          report->columns[i].kind != REPORT_TEXT, 0};
    grid_init(&p.grid, columns, report->column_count);
    buf_printf(out, "%s : %s\n", report->name, say_text(report->label));
    enum err err = report_run(s, report, ask, on_row, &p);
    if (err == ERR_OK)
        err = grid_print(&p.grid, color, out);
    grid_done(&p.grid);
    return err;
}

void report_text_list(bool json, struct buf *out)
{
    buf_text(out, json ? "[" : "");
    for (size_t i = 0; i < report_count; i++) {
        const struct report *r = report_at(i);
        if (json)
            buf_printf(out, "%s\"%s\"", i == 0 ? "" : ",", r->name);
        else
            buf_printf(out, "%-4s %s\n", r->name, say_text(r->label));
    }
    buf_text(out, json ? "]\n" : "");
}
