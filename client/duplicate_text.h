/* SPDX-License-Identifier: Apache-2.0 */
/* What may have been entered twice, as a person compares it. */
#ifndef CLIENT_DUPLICATE_TEXT_H
#define CLIENT_DUPLICATE_TEXT_H

#include "client/cmd.h"

/* Append the cases that wait, and the decided ones when asked, as readable blocks or as the
 * elements of a JSON array. *count: those that wait. */
NODISCARD enum err duplicates_print(struct cmd *c, bool decided, uint64_t *count);

struct candidates;
/* Say which rows resemble the one just entered. */
void candidates_say(struct cmd *c, const struct table *table, const struct candidates *found);

#endif
