/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/mem.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 16 * 1024 };

bool (*mem_fail_hook)(void) = NULL;

static bool refused(size_t n)
{
    if (n == 0 || n > MEM_BLOCK_BYTES_MAX)
        return true;
    return mem_fail_hook != NULL && mem_fail_hook();
}

void *mem_new(size_t n)
{
    return refused(n) ? NULL : calloc(1, n);
}

void *mem_array(size_t count, size_t size)
{
    size_t n = 0;
    if (__builtin_mul_overflow(count, size, &n))
        return NULL;
    return mem_new(n);
}

void *mem_grow(void *p, size_t n)
{
    return refused(n) ? NULL : realloc(p, n);
}

void mem_free(void *p)
{
    free(p);
}

void mem_wipe(void *p, size_t n)
{
    explicit_bzero(p, n);
}

int mem_differ(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a;
    const unsigned char *y = b;
    unsigned diff = 0;
    for (size_t i = 0; i < n; i++)
        diff |= (unsigned)(x[i] ^ y[i]);
    return (int)diff;
}

struct mem_chunk {
    struct mem_chunk *next; /* older chunk */
    size_t size;            /* usable bytes */
    size_t used;            /* bytes handed out */
    _Alignas(max_align_t) unsigned char bytes[];
};

/* Bytes of the arena as they come: most hold a few hundred of a chunk's, which is not zeroed
 * for them. */
static void *room(struct arena *arena, size_t n)
{
    if (n > MEM_BLOCK_BYTES_MAX)
        return NULL;
    const size_t align = _Alignof(max_align_t);
    size_t need = n == 0 ? align : (n + align - 1) / align * align;
    struct mem_chunk *chunk = arena->first;
    if (chunk == NULL || chunk->size - chunk->used < need) {
        size_t size = need > CHUNK_BYTES ? need : CHUNK_BYTES;
        chunk = mem_grow(NULL, sizeof *chunk + size);
        if (chunk == NULL)
            return NULL;
        *chunk = (struct mem_chunk){.size = size, .next = arena->first};
        arena->first = chunk;
    }
    void *p = chunk->bytes + chunk->used;
    chunk->used += need;
    arena->used += need;
    return p;
}

void *arena_new(struct arena *arena, size_t n)
{
    void *p = room(arena, n);
    if (p != NULL)
        memset(p, 0, n);
    return p;
}

char *arena_copy(struct arena *arena, const void *bytes, size_t n)
{
    char *p = room(arena, n + 1);
    if (p == NULL)
        return NULL;
    if (n > 0)
        memcpy(p, bytes, n);
    p[n] = '\0';
    return p;
}

void arena_done(struct arena *arena)
{
    struct mem_chunk *chunk = arena->first;
    while (chunk != NULL) {
        struct mem_chunk *next = chunk->next;
        mem_free(chunk);
        chunk = next;
    }
    arena->first = NULL;
    arena->used = 0;
}
