/* SPDX-License-Identifier: Apache-2.0 */
/* Cases of what may have been entered twice: read, decided, undone. Both sides. */
#ifndef STORE_DUPLICATES_H
#define STORE_DUPLICATES_H

#include "store/edit.h"

enum duplicate_state { DUPLICATE_OPEN, DUPLICATE_SAME, DUPLICATE_DIFFERENT };
/* "open", "same", "different". */
const char *duplicate_word(enum duplicate_state state);

/* A row of duplicate_case, taken apart. */
struct duplicate {
    const struct table *table; /* of both rows; NULL: not known here */
    struct id left, right;     /* the smaller one first */
    enum duplicate_state state;
    struct id tied; /* row whose tie the decision set; null: none */
    bool here;      /* both rows are here and live, with all they are merged into */
    bool settled;   /* nothing to be decided here: the rows are tied or not as was decided, or
                       not both are in sight */
};
/* Why the two may be the same, for people: French, to be translated. */
const char *duplicate_why(const struct row *row);
/* The same for the words a case says it with. */
const char *duplicate_words(struct str why);
/* CORRUPT when it says nothing that can be understood. */
NODISCARD enum err duplicate_read(struct store *s, const struct row *row,
                                  struct duplicate *out);
/* The cases that wait for a person, oldest first: open ones, and those whose rows are tied
 * otherwise than was decided. What stands in one case with rows that are the same already does
 * not wait, nor what is about a row that was deleted, or that only others see. Views valid
 * during the call. */
typedef enum err duplicate_on_case(void *ctx, const struct row *row,
                                   const struct duplicate *duplicate);
NODISCARD enum err duplicates_list(struct store *s, bool settled, duplicate_on_case *on_case,
                                   void *ctx);
/* How many wait. */
NODISCARD enum err duplicates_waiting(struct store *s, uint64_t *count);

/* Append the case as one JSON object: as rows_json, then here, settled, left_row and right_row
 * (null: not here). */
NODISCARD enum err duplicate_json(struct store *s, const struct row *row,
                                  const struct duplicate *d, struct buf *out);

/* Decide, by an ordinary edit. SAME ties the rows (schema_tie): persons and companies are
 * merged, both ids live on and the smallest stands for all; sessions are linked. Open cases
 * between rows that are the same now are closed with it. DIFFERENT and OPEN take the tie away
 * again that this case set, DIFFERENT also one between the two that was set by hand. NOTFOUND:
 * no such case; REFUSED: one of the rows is not here, or the roles do not allow it; EXISTS: it
 * is so already. */
NODISCARD enum err duplicate_decide(struct store *s, const struct id *id,
                                    enum duplicate_state state, struct str reason,
                                    struct note *why);
/* The same within an edit, without a reason. */
NODISCARD enum err duplicate_settle(struct store *s, struct edit *edit, const struct id *id,
                                    enum duplicate_state state, struct str reason,
                                    struct note *why);

#endif
