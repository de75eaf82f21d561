/* SPDX-License-Identifier: Apache-2.0 */
/* Random work of people over the whole schema, and the ledger of what they were told is saved.
 */
#ifndef SUPPORT_DEEDS_H
#define SUPPORT_DEEDS_H

#include "support/rng.h"
#include "support/twin.h"

enum { DEEDS_ROWS_MAX = 600, DEEDS_MARKS_MAX = 4000, DEEDS_MARK_BYTES = 16, DEEDS_HOT = 4 };

/* A text or date that stands once in the whole run. */
struct mark {
    char text[DEEDS_MARK_BYTES];
    size_t by;      /* who saved it: the caller's number */
    uint64_t at;    /* order of saving */
    bool forgiven;  /* lost with a laptop or a server: nobody has it */
    uint16_t table; /* where it was written, for the report */
    uint16_t field;
};
struct deeds {
    struct rng rng;
    uint32_t next;  /* number of the next mark */
    uint64_t saved; /* transactions */
    struct {
        uint16_t table;
        struct id id;
    } rows[DEEDS_ROWS_MAX];
    size_t row_count;
    struct mark marks[DEEDS_MARKS_MAX];
    size_t mark_count;
    size_t drafted;          /* marks of the transaction being made */
    uint16_t hot[DEEDS_HOT]; /* tables most of the work is about */
    struct id structure;     /* of the person at work */
};

void deeds_init(struct deeds *d, uint64_t seed);
/* Make a row of nearly every table at the server, for the others to work on. */
void deeds_begin(struct deeds *d, struct party *server, size_t by, const struct id *structure);
/* One transaction of 1 to 4 changes at this party. What was saved enters the ledger. */
void deeds_work(struct deeds *d, struct party *p, size_t by, const struct id *structure);
/* Decide one open conflict this party sees, if there is one. */
void deeds_decide(struct deeds *d, struct party *p);
/* All values the server holds: rows, history, conflicts, quarantine, as text. */
void deeds_hay(struct store *s, struct buf *out);
/* The first mark that is in the ledger, not forgiven and not in the hay; NULL when all are. */
const struct mark *deeds_missing(const struct deeds *d, struct str hay);
/* Forgive marks saved by `by` after `at` that are not in the hay. */
void deeds_forgive(struct deeds *d, size_t by, uint64_t at, struct str hay);

#endif
