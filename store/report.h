/* SPDX-License-Identifier: Apache-2.0 */
/* Indicators: figures of a day and of a period, reckoned from the rows that are here. The same
 * rows give the same figures on a replica and on the server. */
#ifndef STORE_REPORT_H
#define STORE_REPORT_H

#include "store/store.h"

enum { REPORT_COLUMNS_MAX = 8, REPORT_ROWS_MAX = 5000 };

/* What is asked: the state of the day `at`, and what was from the day `from` on and before `to`
 * (days since 1970). */
struct report_ask {
    int32_t at, from, to;
    struct id structure;  /* only dossiers and sessions of it; null: all that are here */
    struct id staff;      /* only of dossiers this person is assigned to at `at`; null: all */
    int64_t masked_below; /* persons: smaller counts are not told; 0: all are */
};

/* The days as people write them, NULL for what is not said: the state of today, of the year so
 * far. INVALID, with `why`. */
NODISCARD enum err report_days(struct store *s, const char *at, const char *from,
                               const char *to, struct report_ask *ask, struct note *why);

enum report_kind {
    REPORT_TEXT,   /* a name, or a code */
    REPORT_COUNT,  /* of persons, pathways, rows: masked when small */
    REPORT_TALLY,  /* of what is no person: never masked */
    REPORT_NUMBER, /* with two decimals; masked with the counts of its row */
    REPORT_SHARE,  /* per cent, likewise */
    REPORT_DAY,
};
struct report_column {
    const char *key;   /* English identifier */
    const char *label; /* French, to be translated */
    enum report_kind kind;
};
struct report {
    const char *name; /* "I1" */
    const char *label;
    const struct report_column *columns;
    size_t column_count;
};
/* n 0 … report_count - 1. */
extern const size_t report_count;
const struct report *report_at(size_t n);
/* By name, whatever the case; NULL. */
const struct report *report_named(struct str name);

struct report_cell {
    bool none;       /* there is no such figure, or it is not known */
    bool masked;     /* there is one, and it is not told */
    struct str text; /* REPORT_TEXT; during the call */
    int64_t count;   /* REPORT_COUNT, REPORT_TALLY, REPORT_DAY */
    double number;   /* REPORT_NUMBER, REPORT_SHARE */
};
/* One row, a cell for each column. */
typedef enum err report_on_row(void *ctx, const struct report_cell *cells);
/* Errors of the store; those of the callback. LIMIT: too many rows. */
NODISCARD enum err report_run(struct store *s, const struct report *report,
                              const struct report_ask *ask, report_on_row *on_row, void *ctx);

/* A cell as text: two decimals half up, "<5", empty for none. */
void report_print(const struct report *report, const struct report_ask *ask, size_t column,
                  const struct report_cell *cell, struct buf *out);
/* Append the whole as one JSON object, {name, at, from, to, rows:[{KEY:value}]}, null for none,
 * and masked:[KEY…] in a row that has such; or as CSV with a heading. */
NODISCARD enum err report_json(struct store *s, const struct report *report,
                               const struct report_ask *ask, struct buf *out);
NODISCARD enum err report_csv(struct store *s, const struct report *report,
                              const struct report_ask *ask, struct buf *out);

#endif
