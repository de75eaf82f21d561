/* SPDX-License-Identifier: Apache-2.0 */
/* What the server refused, as a person reads it. */
#ifndef CLIENT_REFUSED_TEXT_H
#define CLIENT_REFUSED_TEXT_H

#include "client/cmd.h"
#include "store/quarantine.h"

/* Append the refused operations that wait, with the closed ones when asked, as readable blocks
 * or as the elements of a JSON array. *count: those that wait. */
NODISCARD enum err refused_print(struct cmd *c, bool closed, uint64_t *count);
/* Append one with everything there is to know: each change with what was there before, what was
 * wanted and what is here now; or as one JSON object. */
NODISCARD enum err refused_show(struct cmd *c, const struct quarantined *q);
/* Why, in plain words. */
const char *refused_reason(enum reason reason);

#endif
