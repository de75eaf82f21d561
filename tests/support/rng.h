/* SPDX-License-Identifier: Apache-2.0 */
/* Repeatable random numbers: xoshiro256** with one independent stream per concern. */
#ifndef TESTS_SUPPORT_RNG_H
#define TESTS_SUPPORT_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t s[4]; /* never all zero once initialised */
};

/* Start the stream of `seed`; every seed, zero included, is fine. */
void rng_init(struct rng *rng, uint64_t seed);
/* Start the stream `name` ("net", "disk", …) of `seed`: more draws from one stream never shift
 * another, so a new fault does not change the workload. */
void rng_stream(struct rng *rng, uint64_t seed, const char *name);
uint64_t rng_next(struct rng *rng);
/* Uniform in [0, n), n > 0, without bias. */
uint64_t rng_below(struct rng *rng, uint64_t n);
/* Uniform in [low, high], both included. */
int64_t rng_between(struct rng *rng, int64_t low, int64_t high);
/* Log-uniform in [low, high], low > 0: every order of magnitude is as likely as the others. */
uint64_t rng_spread(struct rng *rng, uint64_t low, uint64_t high);
/* True `ppm` times in a million. Draws nothing when ppm is 0. */
bool rng_chance(struct rng *rng, uint32_t ppm);
void rng_fill(struct rng *rng, void *bytes, size_t n);

#endif
