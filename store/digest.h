/* SPDX-License-Identifier: Apache-2.0 */
/* Digests: one number for a set of rows, by which a replica and the server find out that their
 * rows differ. Each side makes its own from its own rows; a digest is never copied. */
#ifndef STORE_DIGEST_H
#define STORE_DIGEST_H

#include "proto/scope.h"
#include "store/rows.h"

/* Of a set of rows: how many, and the sum modulo 2^64 of the numbers of all. The order does not
 * matter, and a row that changes costs two additions (the sum hash of Bellare and Micciancio,
 * EUROCRYPT 1997, with hash64: it finds accidents, not forgers). */
struct digest {
    uint64_t rows;
    uint64_t sum;
};

/* hash64 over id, maker, schema version, deletion and every field with its value and stamp:
 * what two converged copies of the row have in common. Fields this program does not know are
 * left out. `scratch` is overwritten. NOMEM. */
NODISCARD enum err digest_row(const struct table *table, const struct row *row,
                              struct buf *scratch, uint64_t *out);

/* ---- the server's, kept up with every commit: for each scope and facet ---- */

/* Inside a transaction: a row with this number (digest_row) came, or left. */
void digest_add(struct store *s, struct scope scope, uint8_t facet, uint64_t sum);
void digest_take(struct store *s, struct scope scope, uint8_t facet, uint64_t sum);
/* Before a savepoint; and what came after it is undone. */
size_t digest_mark(const struct store *s);
void digest_undo(struct store *s, size_t mark);
/* Before the commit: bring what was added and taken into the table. */
NODISCARD enum err digest_commit(struct store *s);

/* Of all rows that may be read by these grants. */
NODISCARD enum err digest_readable(struct store *s, const struct grants *grants,
                                   struct digest *out);
/* Inside a transaction: everything from the rows again. */
NODISCARD enum err digest_rebuild(struct store *s);
/* Rows that are not what the server took them for, by its own account (altered on the disk),
 * and scopes whose digest is not the sum of their rows. */
struct digest_damage {
    uint64_t rows, scopes;
};
NODISCARD enum err digest_check(struct store *s, struct digest_damage *out);

/* ---- a replica's: worked out from its rows whenever it is compared (compare.h) ---- */

NODISCARD enum err digest_replica(struct store *s, struct digest *out);

#endif
