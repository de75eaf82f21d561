/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that may be what a person is about to enter: asked before saving, so that nothing is
 * entered twice. It warns and never keeps anybody from saving. Both sides. */
#ifndef STORE_CANDIDATES_H
#define STORE_CANDIDATES_H

#include "store/edit.h"

enum { CANDIDATES_MAX = 10 };

struct candidate {
    struct id id;
    int score;       /* of 100 */
    const char *why; /* stable words, as in a row of duplicate_case, and "sound": a name that
                        sounds the same, one of them without a date of birth */
};
struct candidates {
    struct candidate found[CANDIDATES_MAX]; /* the surest first, then by id */
    size_t count;
};

/* Persons by sound of name and date of birth, companies by number or name and place, sessions
 * of the same person or company on the same day. `self` (NULL: none): the row that is being
 * changed, which is no candidate of itself. None for other tables, and while too little is
 * known. NOMEM, IO. */
NODISCARD enum err candidates_find(struct store *s, const struct table *table,
                                   const struct edit_value *values, size_t count,
                                   const struct id *self, struct candidates *out);
/* Why, for people: French, to be translated. */
const char *candidates_why(const struct candidate *candidate);

#endif
