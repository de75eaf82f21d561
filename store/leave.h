/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves a replica with the right to see it: which rows those are, and everywhere they are
 * copied to. */
#ifndef STORE_LEAVE_H
#define STORE_LEAVE_H

#include "store/inside.h"

/* Of an operation in the outbox (its column cut): a part of it has left, or all; what it says
 * of rows that left goes when the server has judged it. */
enum { CUT_PART = 1, CUT_UNSENT = 2 };

/* Operations through here were judged: those whose rows have left before lose their content, in
 * the quarantine too; the server has it. Were they accepted, the next sync asks for everything:
 * the rows may be ours again by then, and a server does not tell us what we wrote. Inside a
 * transaction. */
NODISCARD enum err leave_judged(struct store *s, uint64_t through, bool accepted);

/* Rewrite the file when something has left that its pages may still hold: what was deleted
 * stays readable in gaps of pages, whatever secure_delete says. OK also while the disk is too
 * full: the next call tries again. Not inside a transaction. */
NODISCARD enum err leave_clean(struct store *s);

#endif
