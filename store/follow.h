/* SPDX-License-Identifier: Apache-2.0 */
/* What follows by rule from a row that was just saved: its deadlines, and the phase that a
 * contract opens. Part of the same edit; nothing on a server, which merges what devices made.
 */
#ifndef STORE_FOLLOW_H
#define STORE_FOLLOW_H

#include "store/edit.h"

/* Does anything follow from rows of this table, here? */
bool follow_wants(const struct store *s, const struct table *table);
/* The row was changed or made (before NULL). Deadlines are made that are missing, those the row
 * makes due no more become not_applicable unless they were done, those that came back are to be
 * done again; what a person decided otherwise stays. Where the person's roles do not reach, or
 * a value does not fit, nothing follows: a rule never keeps anybody from saving. NOMEM, IO and
 * the like, LIMIT. Inside the edit, which is given up after an error. */
NODISCARD enum err follow_saved(struct store *s, struct edit *edit, const struct table *table,
                                const struct row *before, const struct id *id);

#endif
