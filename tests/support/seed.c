/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/seed.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t seed_of_run(const char *test, uint64_t committed)
{
    const char *text = getenv("SEED");
    uint64_t seed = text == NULL ? committed : strtoull(text, NULL, 10);
    (void)fprintf(stderr, "%s: replay with SEED=%" PRIu64 "\n", test, seed);
    return seed;
}
