/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold when everything is healed and quiet: the promises, over all databases. */
#ifndef TESTS_SIM_CHECKS_H
#define TESTS_SIM_CHECKS_H

#include "tests/sim/world.h"

/* Has everything been sent, judged and received? `why` (may be NULL) names who is behind. */
bool checks_quiet(struct world *w, struct note *why);
/* Is what the client's people may see now what its replica was told to be complete for? */
bool checks_rights(struct world *w, struct client *c);
/* All promises; reopens every database and checks again. Failures go to world_fail. */
void checks_final(struct world *w);
/* Those that hold at any time, cheaply. */
void checks_now(struct world *w);
/* Nothing a client may not read is on its disk, free pages included. */
void checks_disk(struct world *w, const struct client *c);
/* Text of the rows a client may see (NULL: all) as this store has them, by id. */
void checks_dump(struct world *w, struct node *n, const struct client *viewer, struct buf *out);

#endif
