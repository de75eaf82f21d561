/* SPDX-License-Identifier: Apache-2.0 */
/* Rows merged into one another (TIE_MERGED): which one stands for them, and which stand behind
 * it. Both sides. */
#ifndef STORE_TIES_H
#define STORE_TIES_H

#include "store/rows.h"

enum {
    TIES_HOPS_MAX = 32,  /* a chain is followed no further */
    TIES_ROWS_MAX = 64,  /* rows behind one */
    TIES_SHOWN_MAX = 10, /* rows of a table that ties_related tells */
};

/* The tie field when rows of this table are merged; NULL otherwise. */
const struct field *ties_merged(const struct table *table);
/* Where the chain of merges ends, also at a row that is not here or deleted: the same for all
 * that are one. The smallest of a ring that people made by hand. The id itself when it is
 * merged into none, or not here. */
NODISCARD enum err ties_root(struct store *s, const struct table *table, const struct id *id,
                             struct id *out);
/* The row that is shown for this one, live and here: a dossier that was merged into one of
 * somebody else, or into one that was deleted, stays in sight. The id itself when it is merged
 * into none, or not here. */
NODISCARD enum err ties_shown(struct store *s, const struct table *table, const struct id *id,
                              struct id *out);
/* All live rows that are the same as this one, itself first and those that stand for them among
 * them. `out` has room for TIES_ROWS_MAX. */
NODISCARD enum err ties_all(struct store *s, const struct table *table, const struct id *id,
                            struct id *out, size_t *count);
/* Add a filter that leaves out rows another is shown for, unless there is one on that field.
 * `filters` has room for one more. */
void ties_hide(const struct table *table, struct filter *filters, size_t *count);
/* The same filters, those on a reference to a row widened to all rows that are the same. What
 * is made lives in `arena`. */
NODISCARD enum err ties_widen(struct store *s, const struct filter *filters, size_t count,
                              struct arena *arena, struct filter **out, size_t *out_n);
/* What refers to the row, or to one that is the same: of each table and field the last
 * TIES_SHOWN_MAX live rows, oldest first. The row is valid during the call. */
struct ties_relation {
    const struct table *table;
    const struct field *field;
    uint64_t count; /* live rows in all … */
    uint64_t shown; /* … of which so many have been told, with this one */
    const struct row *row;
};
typedef enum err ties_on_relation(void *ctx, const struct ties_relation *relation);
NODISCARD enum err ties_related(struct store *s, const struct table *table, const struct id *id,
                                ties_on_relation *on_relation, void *ctx);

#endif
