/* SPDX-License-Identifier: Apache-2.0 */
/* The same human in two dossiers: one was opened from the other, by an accepted referral. Kept
 * on the server alone, in no row and no page; it outlives the consent, and goes with either of
 * the two. Numbers are those of dossiers (struct scope). */
#ifndef STORE_LINKS_H
#define STORE_LINKS_H

#include "store/store.h"

/* Tie `dossier`, of this structure, to the one it was opened from on this day; nothing when it
 * is tied. Its sender sees it for the structure's REFERRAL_SENDER_MONTHS of that day. Inside a
 * transaction. */
NODISCARD enum err links_add(struct store *s, uint32_t dossier, uint32_t source,
                             const struct id *referral, const struct id *structure,
                             int64_t day);
/* The dossier is erased. Inside a transaction. */
NODISCARD enum err links_drop(struct store *s, uint32_t dossier);

/* How many live dossiers there are, and of how many different people: what is tied, or merged
 * within a structure, counts once. */
NODISCARD enum err links_count(struct store *s, uint64_t *dossiers, uint64_t *people);

#endif
