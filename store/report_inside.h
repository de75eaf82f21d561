/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of reports only. */
#ifndef STORE_REPORT_INSIDE_H
#define STORE_REPORT_INSIDE_H

#include "store/inside.h"
#include "store/report.h"

struct report_out {
    report_on_row *on_row;
    void *ctx;
    const struct report *report;
    int64_t masked_below;
    size_t rows;
};
/* Mask, count and hand on. */
NODISCARD enum err report_put(struct report_out *out, struct report_cell *cells);

/* Prepare what follows SCOPE and bind what is asked. The caller frees. */
NODISCARD enum err report_select(struct store *s, const char *sql, const struct report_ask *ask,
                                 struct stmt **out);

/* The same for each row of its answer; STEP by step, until the callback fails. */
typedef enum err report_each(void *ctx, struct stmt *stmt);
NODISCARD enum err report_list(struct store *s, const char *sql, const struct report_ask *ask,
                               report_each *each, void *ctx);

static inline struct report_cell text_cell(const char *text)
{
    return (struct report_cell){.text = str_of(text)};
}
static inline struct report_cell count_cell(int64_t n)
{
    return (struct report_cell){.count = n};
}
static inline struct report_cell number_cell(double part, int64_t whole)
{
    return (struct report_cell){.none = whole == 0,
                                .number = whole == 0 ? 0 : part / (double)whole};
}
static inline struct report_cell share_cell(int64_t part, int64_t whole)
{
    return number_cell(100 * (double)part, whole);
}

/* Of a list in order; 0 of none. */
static inline double median_of(const int64_t *sorted, size_t n)
{
    size_t upper = n / 2;
    size_t lower = n % 2 == 0 && n > 0 ? upper - 1 : upper;
    return n == 0 ? 0 : ((double)sorted[lower] + (double)sorted[upper]) / 2;
}

struct due;
/* Did somebody say that it is done, and when (0: not said)? */
NODISCARD enum err report_ask_done(struct store *s, const struct id *of_row, struct due *due,
                                   int32_t *done_on);

/* Those that no statement can tell alone. report_jobs.c, report_trade.c, report_funds.c */
typedef enum err report_reckon(struct store *s, const struct report_ask *ask,
                               struct report_out *out);
report_reckon report_retention, report_followups, report_accreditations, report_delays;
report_reckon report_insertion, report_bands, report_turnover;
report_reckon report_agreements, report_outputs, report_results;

#endif
