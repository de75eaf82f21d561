/* SPDX-License-Identifier: Apache-2.0 */
/* A person closes a refused operation: saves its changes again, corrected or not, or gives it
 * up. Both are operations that sync. */
#ifndef STORE_CLOSING_H
#define STORE_CLOSING_H

#include "store/edit.h"
#include "store/quarantine.h"

enum { CLOSING_NOTE_CHARS = 400 };

/* The change of a refused operation a person means by FIELD=VALUE or NUMBER.FIELD=VALUE, with
 * numbers from 1. Without a number it is the one change that sets this field, else the one
 * whose table has it. `table` and `text` (what stands after the =) say how to read the value.
 * USAGE with `why` when none or several fit. */
struct closing_target {
    uint32_t change; /* from 0 */
    const struct table *table;
    const struct field *field;
    struct str text;
};
NODISCARD enum err closing_target(struct store *s, const struct quarantined *q, struct str word,
                                  struct closing_target *out, struct note *why);

/* Numbers of changes a person wants left out, as "3,5", into without[OP_CHANGES_MAX]. USAGE. */
NODISCARD enum err closing_without(struct str text, bool *without, struct note *why);

/* What is to be different from the refused operation. */
struct closing_value {
    uint32_t change; /* from 0 */
    struct edit_value value;
};
struct closing_plan {
    const struct closing_value *values; /* instead of, or besides, those of the change */
    size_t count;
    const bool *without; /* OP_CHANGES_MAX of them: changes left out; NULL: none */
};
/* Save the changes again through the edit door, as what they are now: a row that is there by
 * now is changed instead of made, and only fields the operation really changed are touched. One
 * that others have changed since is touched only where the plan says its value: else EXISTS. On
 * the server the rows stay their author's. The refused operation is closed in the same
 * transaction. *rows: changes written. Errors as edit_insert and edit_update with the number of
 * the change in `why`; EXISTS when it was closed before; REFUSED: a part of it has left this
 * replica; VERSION: a table this program does not know. */
NODISCARD enum err closing_resubmit(struct store *s, const struct quarantined *q,
                                    const struct closing_plan *plan, uint64_t *rows,
                                    struct note *why);
/* Give it up; `reason` may not be empty. EXISTS, INVALID. */
NODISCARD enum err closing_discard(struct store *s, const struct quarantined *q,
                                   struct str reason, struct note *why);

#endif
