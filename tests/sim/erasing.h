/* SPDX-License-Identifier: Apache-2.0 */
/* Erasure in the simulation: people ask and confirm; what was erased is nowhere, for ever. */
#ifndef TESTS_SIM_ERASING_H
#define TESTS_SIM_ERASING_H

#include "tests/sim/world.h"

/* Ask for an erasure of a random dossier, or decide one that was asked for. Draws from rng
 * alone. False: there was nothing to do it with. */
bool erasing_act(struct node *n, struct rng *rng);
/* Ask for this dossier's; decide it: as the role this node's person has. What they are told. */
enum err erasing_ask(struct node *n, const struct id *person, struct id *order);
enum err erasing_decide(struct node *n, const struct id *order, const char *state);

/* The dossier this row hangs on, by what this node has; all zero: none. */
void erasing_dossier(struct node *n, const struct table *table, const struct id *id,
                     struct id *dossier);
/* Note what the running server was ordered to erase; a dossier of which that is known once is
 * erased for good. */
void erasing_learn(struct world *w);
void erasing_ordered(struct oracle *o, const struct id *dossier);
bool erasing_known(const struct oracle *o, const struct id *dossier);
/* The list an operator keeps beside the backups: given again to a server that was restored. */
void erasing_again(struct world *w);
/* At the end: every order is carried out, and nothing of it is in any file (I4). */
void erasing_check(struct world *w);

#endif
