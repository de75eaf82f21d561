/* SPDX-License-Identifier: Apache-2.0 */
/* The seed of a property test: from SEED, else the committed one; always printed. */
#ifndef TESTS_SUPPORT_SEED_H
#define TESTS_SUPPORT_SEED_H

#include <stdint.h>

/* SEED of the environment (decimal), else `committed`. Prints how to replay on stderr. */
uint64_t seed_of_run(const char *test, uint64_t committed);

#endif
