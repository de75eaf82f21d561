/* SPDX-License-Identifier: Apache-2.0 */
/* Finds rows that may be the same thing entered twice. Server: while an operation is judged,
 * and makes a duplicate_case of them. Keys and matching: both sides (candidates.h). */
#ifndef STORE_LOOKALIKE_H
#define STORE_LOOKALIKE_H

#include "store/judge.h"

/* What a row is found by: at most two keys. A key is a hash, and all rows of one key stand
 * together; a match is always verified on the rows themselves. */
enum {
    LOOKALIKE_KEYS_MAX = 2,
    LOOKALIKE_ROWS_MAX = 128, /* of one key: later ones are not found by it … */
    LOOKALIKE_DAY_MAX = 16,   /* … within one day */
    LOOKALIKE_DAYS = 92,      /* a session is compared when it is not further from today: who
                                 brings in the diaries of years is not asked about each day */
    LOOKALIKE_LOOKS_MAX = 16, /* rows read for one key … */
    LOOKALIKE_CASES_MAX = 3,  /* … and cases made of one row: an import of the same name a
                                 thousand times stays quick, and is no thousand questions */
};
struct lookalike {
    uint32_t count;
    struct {
        int64_t
            day; /* of a session, so that today's keys lie together; else the same for all */
        int64_t key;
        int64_t tag; /* tells rows of one key apart without reading them: of a person the birth
                        date, of a session who made it */
    } keys[LOOKALIKE_KEYS_MAX];
};

/* The keys of a row as of this moment; none when its table has no duplicates. NOMEM. */
NODISCARD enum err lookalike_of(const struct table *table, const struct row *row,
                                int64_t now_ms, struct lookalike *out);
/* Are the rows the same, as far as people can tell? 0: no; else how surely, of 100, and why in
 * stable words, for a row of duplicate_case. They have a key in common. NOMEM. */
NODISCARD enum err lookalike_match(const struct table *table, const struct row *a,
                                   const struct row *b, int *score, const char **why);
/* The row was made, or its keys may have changed: `before` (NULL: it is new). What looks like
 * it becomes a case of its own, once per pair. Inside the operation's savepoint. */
NODISCARD enum err lookalike_seen(struct judge *j, const struct table *table,
                                  const struct row *row, const struct lookalike *before);
/* The row goes for good: it is found no more. */
NODISCARD enum err lookalike_gone(struct store *s, const struct table *table,
                                  const struct row *row);
/* A database that had no keys yet: those of all persons and companies. Of sessions only what
 * comes from now on is found. Inside a transaction. */
NODISCARD enum err lookalike_upgrade(struct store *s);

#endif
