/* SPDX-License-Identifier: Apache-2.0 */
/* Checked allocation with a fault hook, arenas freed in one go, and wiping of secrets. */
#ifndef PROTO_MEM_H
#define PROTO_MEM_H

#include "proto/err.h"

#include <stddef.h>
#include <stdint.h>

/* No single block of ours may be larger: a length from outside that says more is a mistake. */
enum { MEM_BLOCK_BYTES_MAX = 64 * 1024 * 1024 };

/* Allocate n zeroed bytes (n > 0). NULL when out of memory or over the block limit.
 * The caller frees with mem_free. Any thread. */
NODISCARD void *mem_new(size_t n);
/* As mem_new for count items of size bytes; NULL on overflow too. */
NODISCARD void *mem_array(size_t count, size_t size);
/* Grow or shrink (p NULL: a new block); on NULL the old block is still the caller's. New bytes
 * are not zeroed. */
NODISCARD void *mem_grow(void *p, size_t n);
/* Free; NULL is fine. */
void mem_free(void *p);
/* Overwrite so that the compiler cannot leave it out. */
void mem_wipe(void *p, size_t n);
/* 0 when the n bytes are equal, in time that does not depend on them. */
int mem_differ(const void *a, const void *b, size_t n);

/* Fault hook of the torture tests: when set, every allocation asks it first; true = fail now.
 */
extern bool (*mem_fail_hook)(void);

/* Many small blocks that live and die together (one job, one page, one frame). */
struct mem_chunk;
struct arena {
    struct mem_chunk *first; /* newest chunk; NULL when empty */
    size_t used;             /* bytes handed out, for limits */
};
/* n zeroed bytes aligned for any type, valid until arena_done; NULL when out of memory. */
NODISCARD void *arena_new(struct arena *arena, size_t n);
/* Copy of n bytes with a NUL after them; NULL when out of memory. */
NODISCARD char *arena_copy(struct arena *arena, const void *bytes, size_t n);
/* Free all blocks; the arena may be used again. */
void arena_done(struct arena *arena);

#endif
