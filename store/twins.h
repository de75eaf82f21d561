/* SPDX-License-Identifier: Apache-2.0 */
/* What stays of erased dossiers for statistics: a row of numbers each, and tables over all of
 * them. On the server only. */
#ifndef STORE_TWINS_H
#define STORE_TWINS_H

#include "store/store.h"

/* So many people share what a row says, or it says less; a table shows no smaller cell: the
 * network's parameter MASK_BELOW. */
NODISCARD enum err twins_like(struct store *s, int64_t *out);

/* Keep the numbers of this dossier, before it goes. Inside a transaction. */
NODISCARD enum err twins_add(struct store *s, const struct id *dossier);

/* The tables, each over all rows by one thing. */
enum twins_by {
    TWINS_BY_STRUCTURE,
    TWINS_BY_BIRTH, /* ten years */
    TWINS_BY_GENDER,
    TWINS_BY_AREA,  /* first two digits of the municipality's code */
    TWINS_BY_ENTRY, /* year */
    TWINS_BY_MONTHS,
    TWINS_BY_SESSIONS,
    TWINS_BY_HOURS,
    TWINS_BY_CONTRACTS,
    TWINS_BY_INTERNSHIPS,
};
/* One cell, table by table. What would show fewer than `like` people is in the last cell of its
 * table, `others`, with as many of the next larger ones as it takes that there are not fewer in
 * it: so nothing that is hidden follows from what is shown, here or in another table. */
struct twins_cell {
    enum twins_by by;
    struct str label; /* n 0: not said. Valid during the call */
    bool others;      /* together, and what they are is not told */
    uint64_t people;  /* 0: fewer than `like` in the whole table */
};
typedef enum err twins_on_cell(void *ctx, const struct twins_cell *cell);
NODISCARD enum err twins_tables(struct store *s, int64_t like, twins_on_cell *on_cell,
                                void *ctx);

#endif
