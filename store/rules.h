/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the declaration that concern a whole row: the same for the edit door and the
 * server's judge. */
#ifndef STORE_RULES_H
#define STORE_RULES_H

#include "store/rows.h"

/* Exactly one of the two or three is set, where the table says so. */
bool rules_exactly_one(const struct table *table, const struct value *values);
/* Does the row keep to what may stand outside the vault? Health and justice are no obstacle
 * anybody writes about, and only a level in an assessment. */
bool rules_outside_vault(const struct table *table, const struct value *values);
/* Has the row, or the row it hangs on, come to the state that locks it? */
NODISCARD enum err rules_locked(struct store *s, const struct table *table,
                                const struct row *row, struct arena *arena, bool *locked);
/* Is this the field that says so, and may it go on while the row is locked? */
bool rules_own_state(const struct table *table, uint16_t field);
/* Locked after the first save, for someone who knows the present value? */
bool rules_field_locked(const struct table *table, const struct field *field,
                        const struct value *present, const struct value *after);
/* May people change this field of rows the program makes? */
bool rules_field_open(const struct table *table, uint16_t field);
/* Who must decide a conflict row: mask of roles, 0 = whoever may write. */
uint8_t rules_decider(const struct table *table, const struct row *row);

#endif
