/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of the simulation: people attach contents and ask for those of others; what was
 * acknowledged is whole on the server, what a device has is what was attached. */
#ifndef TESTS_SIM_PAPERS_H
#define TESTS_SIM_PAPERS_H

#include "tests/sim/people.h"

/* Attach something to a random row, fetch a random document, or set the rule. Draws from rng
 * alone. False: there was nothing to do it with. */
bool papers_act(struct node *n, struct rng *rng);
/* Attach to this row now; `doc` (may be NULL) gets its id. What the person is told. */
enum err papers_attach(struct node *n, const struct table *of, const struct id *row,
                       uint64_t seed, uint64_t size, struct id *doc);
/* A device says that the server has it: then it has. After every conversation. */
void papers_synced(struct world *w, struct client *c);
/* The server was opened: all that it acknowledged is whole. */
void papers_server_opened(struct world *w);
/* Contents of this replica's own that still have to go, or of others that could come. */
bool papers_wait(struct world *w, struct client *c);
/* At the end, over all stores: I2, and every content by its hash. */
void papers_check(struct world *w);
/* Is all that begins with this mark erased? */
bool papers_erased(const struct oracle *o, uint32_t mark);
/* This disk was replaced: from that paper on, nobody may have it. The server's: WORLD_SERVER.
 */
void papers_lost(struct world *w, const struct node *n, uint32_t from);

#endif
