/* SPDX-License-Identifier: Apache-2.0 */
/* Conflicts as a person reads them. */
#ifndef CLIENT_CONFLICT_TEXT_H
#define CLIENT_CONFLICT_TEXT_H

#include "client/cmd.h"

/* Append the conflicts that wait, with the decided ones when asked, as readable blocks or as
 * the elements of a JSON array. *count: those that wait. */
NODISCARD enum err conflict_print(struct cmd *c, bool decided, uint64_t *count);

#endif
