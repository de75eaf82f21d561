/* SPDX-License-Identifier: Apache-2.0 */
/* How a simulated network begins: structures, staff, reference data, enrolled devices. */
#ifndef TESTS_SIM_GENESIS_H
#define TESTS_SIM_GENESIS_H

#include "tests/sim/world.h"

/* Lay the server's database and those of all clients on their disks, and fill in who they are.
 * Made once per shape of the network and process, then copied: the same in every run. */
void genesis_lay(struct world *w);
/* Free what was kept for the next run. */
void genesis_forget(void);

#endif
