/* SPDX-License-Identifier: Apache-2.0 */
/* Conflicts as a person reads them. */
#ifndef CLIENT_CONFLICT_TEXT_H
#define CLIENT_CONFLICT_TEXT_H

#include "client/cmd.h"

/* Append the open conflicts as readable blocks, or as the elements of a JSON array. */
NODISCARD enum err conflict_print(struct cmd *c, uint64_t *count);

#endif
