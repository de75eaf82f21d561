/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/rng.h"

#include "proto/err.h"

#include <string.h>

/* splitmix64: spreads any seed over the state, as the authors of xoshiro advise. */
static uint64_t spread_seed(uint64_t *x)
{
    uint64_t z = (*x += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

void rng_init(struct rng *rng, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++)
        rng->s[i] = spread_seed(&seed);
}

void rng_stream(struct rng *rng, uint64_t seed, const char *name)
{
    uint64_t hash = 0xcbf29ce484222325U;
    for (const char *p = name; *p != '\0'; p++)
        hash = (hash ^ (uint8_t)*p) * 0x100000001b3U;
    uint64_t mixed = seed;
    rng_init(rng, spread_seed(&mixed) ^ hash);
}

static uint64_t rotate(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t n)
{
    must(n > 0);
    uint64_t excess = (UINT64_MAX % n + 1) % n;
    uint64_t x = rng_next(rng);
    while (x > UINT64_MAX - excess)
        x = rng_next(rng);
    return x % n;
}

int64_t rng_between(struct rng *rng, int64_t low, int64_t high)
{
    must(low <= high);
    uint64_t width = (uint64_t)high - (uint64_t)low;
    uint64_t step = width == UINT64_MAX ? rng_next(rng) : rng_below(rng, width + 1);
    return (int64_t)((uint64_t)low + step);
}

static unsigned bits_of(uint64_t x)
{
    return 64U - (unsigned)__builtin_clzll(x);
}

uint64_t rng_spread(struct rng *rng, uint64_t low, uint64_t high)
{
    must(low > 0 && low <= high);
    unsigned bits = (unsigned)rng_between(rng, bits_of(low), bits_of(high));
    uint64_t from = (uint64_t)1 << (bits - 1);
    uint64_t to = from + (from - 1);
    from = from < low ? low : from;
    to = to > high ? high : to;
    return from + rng_below(rng, to - from + 1);
}

bool rng_chance(struct rng *rng, uint32_t ppm)
{
    return ppm > 0 && rng_below(rng, 1000000) < ppm;
}

void rng_fill(struct rng *rng, void *bytes, size_t n)
{
    uint8_t *p = bytes;
    while (n > 0) {
        uint64_t x = rng_next(rng);
        for (size_t i = 0; i < sizeof x && n > 0; i++, n--) {
            *p++ = (uint8_t)x;
            x >>= 8;
        }
    }
}
