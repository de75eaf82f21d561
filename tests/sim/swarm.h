/* SPDX-License-Identifier: Apache-2.0 */
/* One run from one seed: a network, its people and a mix of faults drawn from it, then healing,
 * then all checks. */
#ifndef TESTS_SIM_SWARM_H
#define TESTS_SIM_SWARM_H

#include "tests/sim/world.h"

enum {
    SWARM_QUIET_MS_MAX = 60 * 60 * 1000
}; /* after healing, everything arrives within this */

struct swarm_result {
    bool passed;
    uint64_t hash; /* of all that happened */
    uint64_t events, saved, refused, failed, faults;
    char failure[WORLD_FAILURE_BYTES];
};
/* Run `seed`; verbose tells what happens. Failures are reported on stderr with the last events.
 */
void swarm_run(uint64_t seed, bool verbose, struct swarm_result *out);
/* No faults any more; run until all is quiet, then check. Scenarios end with it too. */
void swarm_settle(struct world *w);

#endif
