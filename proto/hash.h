/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) for ids and chains, and a fast 64-bit hash for bytes of authenticated
 * peers. */
#ifndef PROTO_HASH_H
#define PROTO_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32 };
struct sha256 {
    uint32_t state[8]; /* chaining value */
    uint64_t bytes;    /* bytes seen */
    uint8_t block[64]; /* bytes not yet hashed */
};
void sha256_init(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *bytes, size_t n);
void sha256_end(struct sha256 *sha, uint8_t out[SHA256_BYTES]);

/* Rolling hash of a chain: mixes the n bytes into `seed`. Not cryptographic: it detects forks
 * and accidents between a device and the server that authenticated it. Same on every machine.
 * Eight bytes a step, read little-endian: multiply, fold, xor, rotate, multiply; the length
 * goes in first, the last bytes padded with zeros; then the 64-bit finaliser of MurmurHash3
 * (Appleby, public domain), after which every input bit moves every output bit. Vectors are
 * frozen in tests/unit/test_hash.c: it is part of the protocol. */
uint64_t hash64(uint64_t seed, const void *bytes, size_t n);

#endif
