/* SPDX-License-Identifier: Apache-2.0 */
/* Indicators as people read them in a terminal. */
#ifndef WEB_REPORT_TEXT_H
#define WEB_REPORT_TEXT_H

#include "store/report.h"

/* Append the title and the table. Errors as report_run. */
NODISCARD enum err report_text(struct store *s, const struct report *report,
                               const struct report_ask *ask, bool color, struct buf *out);
/* Append all there are: a line each, or a JSON array of their names. */
void report_text_list(bool json, struct buf *out);

#endif
