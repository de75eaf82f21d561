/* SPDX-License-Identifier: Apache-2.0 */
/* MessagePack for tests: random values, a token copy, and msgpack-c as a second opinion. */
#ifndef TESTS_SUPPORT_PACKS_H
#define TESTS_SUPPORT_PACKS_H

#include "proto/pack.h"
#include "tests/support/rng.h"

/* Append a random value of at most `nodes` nodes and PACK_DEPTH_MAX levels to `ours` by pack_*,
 * and the same value to `theirs` by msgpack-c's packer. */
void packs_random(struct rng *rng, size_t nodes, struct buf *ours, struct buf *theirs);
/* Read one value with unpack_* and write it again with pack_*; false when the reader refuses.
 */
bool packs_copy(struct cur *from, struct buf *to);
/* Does msgpack-c's unpacker take one value at the front of the bytes? *used: its length. Only
 * for bytes that pack_check took: it believes every count. */
bool packs_oracle(struct str bytes, size_t *used);

#endif
