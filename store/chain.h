/* SPDX-License-Identifier: Apache-2.0 */
/* The chain over all commits (apply.h), where history was taken out of it by an erasure.
 *
 * A link covers before-values, so that nobody rewrites history; an erasure must. The link then
 * stays as it is, and what is left of the commit gets a hash of its own, of the link and the
 * rest (a cut). The erasure is a commit too, whose link covers its cuts: no other history can
 * be taken out unseen, nor any under cover of an order. */
#ifndef STORE_CHAIN_H
#define STORE_CHAIN_H

#include "store/inside.h"

/* Where history will go from: noted before it is deleted. */
struct chain_cuts {
    struct buf seqs; /* int64_t */
};
void chain_cuts_done(struct chain_cuts *cuts);
/* All history of this row will go. */
NODISCARD enum err chain_cuts_row(struct store *s, struct chain_cuts *cuts, uint16_t table,
                                  int64_t rid);
/* The history is gone: seal what is left, as a commit that takes the next seq. Inside the
 * transaction. */
NODISCARD enum err chain_cut(struct store *s, struct chain_cuts *cuts);

#endif
