/* SPDX-License-Identifier: Apache-2.0 */
/* How a simulated network begins: structures, staff, reference data, enrolled devices. */
#ifndef TESTS_SIM_GENESIS_H
#define TESTS_SIM_GENESIS_H

#include "tests/sim/world.h"

/* Make the network the plan asks for, unless it is kept. Before the world of genesis_lay has
 * anything: one that has lived is made by a world of its own, with the same names. */
void genesis_make(const struct world_plan *plan);
/* Lay the server's database and those of all clients on their disks, and fill in who they are.
 * Made once per shape of the network and process, then copied: the same in every run. */
void genesis_lay(struct world *w);
/* Free what was kept for the next run. */
void genesis_forget(void);

#endif
