/* SPDX-License-Identifier: Apache-2.0 */
/* Server: the rows a network begins with, and gets more of with a new release. */
#ifndef STORE_FOUNDING_H
#define STORE_FOUNDING_H

#include "store/store.h"

/* Make the `code` rows of the open lists (proto/codes.h) that were never made here: what a
 * person changed or deleted stays so. *made (may be NULL): how many. Database thread; a
 * transaction of its own when there are any. */
NODISCARD enum err founding_codes(struct store *s, uint64_t *made, struct note *why);
/* Likewise a row of `parameter` for each key of parameter_list.h, of the network, with what
 * counts anyhow: so that it can be seen and changed. Any row of a person's takes its place,
 * being of a later day. */
NODISCARD enum err founding_parameters(struct store *s, uint64_t *made, struct note *why);

#endif
