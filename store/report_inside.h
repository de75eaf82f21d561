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

/* Those that no statement can tell alone: report_jobs.c. */
typedef enum err report_reckon(struct store *s, const struct report_ask *ask,
                               struct report_out *out);
report_reckon report_retention, report_followups, report_accreditations, report_delays;

#endif
