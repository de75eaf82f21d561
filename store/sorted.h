/* SPDX-License-Identifier: Apache-2.0 */
/* Whole tables in an order people asked for: an index for each, made when it is first wanted.
 *
 * A long list by a text folds each row's before it can show fifty. Whoever sorts so once will
 * again, most never do: nothing is paid by an import, a first sync or who does not sort. The
 * index has what `folded` says: whatever changes that, or the parts of a title, comes with a
 * new format or schema, and then they are dropped and made anew when wanted. */
#ifndef STORE_SORTED_H
#define STORE_SORTED_H

#include "store/rows.h"

enum { SORTED_ROWS_MIN = 5000 /* shorter tables are sorted each time, in some 3 ms */ };

/* ",key" of each part of the order, in words an index of it is found by; nothing for rows by
 * creation. */
void sorted_keys(const struct table *table, const struct rows_pick *pick, bool descending,
                 struct buf *out);

/* Make the index a page of all live rows of a long table in this order wants; a full disk
 * leaves the list as slow as it was. One transaction, some 3 us a row, or nothing to do.
 * Client. */
NODISCARD enum err sorted_want(struct store *s, const struct table *table,
                               const struct rows_pick *pick);
/* … however long the table is. */
NODISCARD enum err sorted_make(struct store *s, const struct table *table,
                               const struct rows_pick *pick);
/* rows_pick through such an index, without the total; *done: there is one, and it is that of
 * this order. */
NODISCARD enum err sorted_pick(struct store *s, const struct table *table,
                               const struct rows_pick *pick, int64_t *out, size_t *n,
                               bool *done);
/* Inside the transaction of ddl_migrate. */
NODISCARD enum err sorted_drop(struct store *s);

#endif
