/* SPDX-License-Identifier: Apache-2.0 */
/* Indicators as text, and one coach's dossiers to reckon them from. */
#ifndef SUPPORT_INDICATORS_H
#define SUPPORT_INDICATORS_H

#include "store/report.h"
#include "support/caseload.h"

/* "2026-11-30" as days since 1970. */
int32_t rep_day(const char *text);
/* The report as CSV, without its heading; one of two static texts. */
const char *rep_csv(struct store *s, const char *name, const struct report_ask *ask);
struct report_ask rep_ask(const char *at, const char *from, const char *to);

struct work {
    struct twin t;
    struct party *p;
    struct id model, company;
    struct case_file c[6];
};

/* Six dossiers, whose referent is the coach of the only replica. */
void work_open(struct work *w);
void work_exit(struct work *w, size_t i, const char *on, const char *reason);
/* In the company, CDD; end NULL: open. */
struct id work_hire(struct work *w, size_t i, const char *start, const char *end);
/* The same figures on the replica, and after a sync on the server. */
void work_same(struct work *w, const char *name, const struct report_ask *ask,
               const char *expected);

#endif
