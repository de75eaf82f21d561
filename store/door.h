/* SPDX-License-Identifier: Apache-2.0 */
/* What a person may say of one row: checked at the edit door only, in the person's words. What
 * another replica wrote is judged by the rules of both sides (rules.h), and never by these. */
#ifndef STORE_DOOR_H
#define STORE_DOOR_H

#include "store/rows.h"

/* A value as declared, with a code that is in its list, pointing to a row that is here. values:
 * of the whole row, as it will be. INVALID, NOTFOUND with `why`. */
NODISCARD enum err door_check_field(struct store *s, const struct table *table,
                                    const struct field *field, const struct value *values,
                                    struct note *why);
/* The row as a whole, hanging on one that is here. INVALID, NOTFOUND with `why`. */
NODISCARD enum err door_check_row(struct store *s, const struct table *table,
                                  const struct value *values, struct note *why);

#endif
