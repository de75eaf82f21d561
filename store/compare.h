/* SPDX-License-Identifier: Apache-2.0 */
/* A replica's rows against the server's digest: a difference is found, repaired by asking for
 * everything once more, counted, and told to people. */
#ifndef STORE_COMPARE_H
#define STORE_COMPARE_H

#include "proto/message.h"
#include "store/digest.h"

/* What the comparisons have come to. */
enum compare_state {
    COMPARE_NEVER,     /* none was made yet */
    COMPARE_SAME,      /* the last one found no difference */
    COMPARE_REPAIRING, /* it found one: the next sync brings everything again */
    COMPARE_DIFFERENT, /* there was still one when everything had come again */
};
/* Rows that a repair found to be wrong. */
enum compare_fault { COMPARE_CHANGED, COMPARE_MISSING, COMPARE_EXTRA, COMPARE_FAULTS };
struct compare_report {
    enum compare_state state;
    int64_t at_ms;                   /* of the last comparison, 0 = never */
    int64_t found_ms;                /* when the last difference was found, 0 = never */
    uint64_t rows;                   /* the replica had at the last comparison */
    uint64_t faults[COMPARE_FAULTS]; /* of the last repair */
};
NODISCARD enum err compare_report(struct store *s, struct compare_report *out);

/* Compare with the server's digest of the moment the replica has just come to by an IDLE, when
 * it is due and the replica quiet: nothing unsent, all judged by then, nothing being told
 * again. A comparison reads all rows, and is due when it takes a thousandth of the time at
 * most; the first one of many rows likewise after the sync that brought or sent them. After a
 * difference the next sync asks for everything, once in a day; *repair: it should begin at
 * once. */
NODISCARD enum err compare_rows(struct store *s, const struct idle *idle, bool *repair);
/* Inside a transaction: the rows are known to be wrong, the next sync asks for everything. */
NODISCARD enum err compare_tell_again(struct store *s);
/* Let the next one be due. */
NODISCARD enum err compare_hasten(struct store *s);

/* While a repair runs, inside a transaction, once for each row written or removed: `before` and
 * `after` its digests (0: it was, or is, not there). Does nothing at other times. */
void compare_repaired(struct store *s, uint64_t before, uint64_t after);
/* Before the commit. */
NODISCARD enum err compare_keep(struct store *s);
bool compare_repairs(const struct store *s);

#endif
