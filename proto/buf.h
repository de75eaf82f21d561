/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in and out: a capped growing writer, a bounded reader, string views, UTF-8 check. */
#ifndef PROTO_BUF_H
#define PROTO_BUF_H

#include "proto/err.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A view of bytes someone else owns; not NUL-terminated. {NULL, 0} is the empty view. */
struct str {
    const char *p;
    size_t n;
};
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
static inline struct str str_of(const char *z)
{
    return z == NULL ? (struct str){NULL, 0} : (struct str){z, strlen(z)};
}
bool str_eq(struct str a, struct str b);
/* Byte order, shorter first on a common prefix: <0, 0, >0. */
int str_cmp(struct str a, struct str b);
/* Is it well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms) without NUL? */
bool str_utf8(struct str s);
/* Bytes (1..4) of the well-formed sequence s starts with; 0 when s is empty, cut short,
 * malformed or starts with NUL. */
size_t str_utf8_step(struct str s);

/* A growing block of bytes with a cap. Errors stick: write on, check `err` once at the end. */
struct buf {
    uint8_t *p;   /* the bytes; owned */
    size_t n;     /* bytes in use */
    size_t room;  /* bytes allocated */
    size_t max;   /* cap; 0 means MEM_BLOCK_BYTES_MAX */
    enum err err; /* OK, NOMEM, or LIMIT once the cap was hit */
};
/* A zeroed struct is an empty buffer; buf_init only sets the cap. */
void buf_init(struct buf *buf, size_t max);
/* Free; the buffer is empty and usable again (the cap stays). */
void buf_done(struct buf *buf);
/* Forget the bytes and the error, keep the memory. */
void buf_clear(struct buf *buf);
/* Make room for n more bytes; true when there is. */
bool buf_reserve(struct buf *buf, size_t n);
void buf_add(struct buf *buf, const void *bytes, size_t n);
void buf_u8(struct buf *buf, uint8_t v);
void buf_be32(struct buf *buf, uint32_t v);
void buf_text(struct buf *buf, const char *z);
void buf_printf(struct buf *buf, const char *fmt, ...) PRINTF(2, 3);
/* Drop the first n bytes (n <= buf->n). */
void buf_drop(struct buf *buf, size_t n);
static inline struct str buf_str(const struct buf *buf)
{
    return (struct str){(const char *)buf->p, buf->n};
}

/* A reader over bytes someone else owns. Reading past the end sets `bad`, which sticks; what is
 * read then is zero. Check `bad` once at the end. */
struct cur {
    const uint8_t *p;   /* next byte */
    const uint8_t *end; /* one past the last */
    bool bad;           /* ran past the end or met malformed bytes */
};
static inline struct cur cur_of(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    return (struct cur){p, p == NULL ? NULL : p + n, false};
}
static inline size_t cur_left(const struct cur *cur)
{
    return (size_t)(cur->end - cur->p);
}
uint8_t cur_u8(struct cur *cur);
uint16_t cur_be16(struct cur *cur);
uint32_t cur_be32(struct cur *cur);
uint64_t cur_be64(struct cur *cur);
/* View of the next n bytes; {NULL, 0} and bad when there are fewer. */
struct str cur_take(struct cur *cur, size_t n);

#endif
