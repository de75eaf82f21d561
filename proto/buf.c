/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/buf.h"

#include "proto/mem.h"

#include <stdarg.h>
#include <stdio.h>

enum { ROOM_FIRST = 256 };

bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n == 0 ? 0 : memcmp(a.p, b.p, n);
    if (c != 0)
        return c;
    return (a.n > b.n) - (a.n < b.n);
}

/* Length of the well-formed sequence at p (1..4), or 0. Table 3-7 of the Unicode standard. */
static size_t utf8_step(const uint8_t *p, size_t n)
{
    uint8_t c = p[0];
    if (c == 0)
        return 0;
    if (c < 0x80)
        return 1;
    size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || c > 0xf4 || n < len)
        return 0;
    uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    return len;
}

size_t str_utf8_step(struct str s)
{
    return s.n == 0 ? 0 : utf8_step((const uint8_t *)s.p, s.n);
}

bool str_utf8(struct str s)
{
    const uint8_t *p = (const uint8_t *)s.p;
    size_t left = s.n;
    while (left > 0) {
        uint64_t eight = 0;
        if (left >= sizeof eight) {
            memcpy(&eight, p, sizeof eight);
            const uint64_t ones = 0x0101010101010101u;
            bool ascii = (eight & 0x8080808080808080u) == 0;
            bool nul = ((eight - ones) & ~eight & 0x8080808080808080u) != 0;
            if (ascii && !nul) {
                p += sizeof eight;
                left -= sizeof eight;
                continue;
            }
        }
        size_t step = utf8_step(p, left);
        if (step == 0)
            return false;
        p += step;
        left -= step;
    }
    return true;
}

void buf_init(struct buf *buf, size_t max)
{
    *buf = (struct buf){.max = max};
}

void buf_done(struct buf *buf)
{
    mem_free(buf->p);
    *buf = (struct buf){.max = buf->max};
}

void buf_clear(struct buf *buf)
{
    buf->n = 0;
    buf->err = ERR_OK;
}

bool buf_reserve(struct buf *buf, size_t n)
{
    if (buf->err != ERR_OK)
        return false;
    if (buf->room - buf->n >= n)
        return true;
    size_t max = buf->max == 0 ? MEM_BLOCK_BYTES_MAX : buf->max;
    if (n > max || buf->n > max - n) {
        buf->err = ERR_LIMIT;
        return false;
    }
    size_t room = buf->room == 0 ? ROOM_FIRST : buf->room * 2;
    if (room < buf->n + n)
        room = buf->n + n;
    if (room > max)
        room = max;
    uint8_t *p = mem_grow(buf->p, room);
    if (p == NULL) {
        buf->err = ERR_NOMEM;
        return false;
    }
    buf->p = p;
    buf->room = room;
    return true;
}

void buf_add(struct buf *buf, const void *bytes, size_t n)
{
    if (n == 0 || !buf_reserve(buf, n))
        return;
    memcpy(buf->p + buf->n, bytes, n);
    buf->n += n;
}

void buf_u8(struct buf *buf, uint8_t v)
{
    if (buf->err == ERR_OK && buf->n < buf->room)
        buf->p[buf->n++] = v;
    else
        buf_add(buf, &v, 1);
}

void buf_be32(struct buf *buf, uint32_t v)
{
    uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    buf_add(buf, b, sizeof b);
}

void buf_text(struct buf *buf, const char *z)
{
    buf_add(buf, z, strlen(z));
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    va_list again;
    va_copy(again, args);
    int need = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (need >= 0 && buf_reserve(buf, (size_t)need + 1)) {
        (void)vsnprintf((char *)buf->p + buf->n, (size_t)need + 1, fmt, again);
        buf->n += (size_t)need;
    }
    va_end(again);
}

void buf_drop(struct buf *buf, size_t n)
{
    must(n <= buf->n);
    if (n > 0 && n < buf->n)
        memmove(buf->p, buf->p + n, buf->n - n);
    buf->n -= n;
}

struct str cur_take(struct cur *cur, size_t n)
{
    if (cur->bad || cur_left(cur) < n) {
        cur->bad = true;
        return (struct str){NULL, 0};
    }
    struct str s = {(const char *)cur->p, n};
    cur->p += n;
    return s;
}

static uint64_t be(struct cur *cur, size_t n)
{
    struct str s = cur_take(cur, n);
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++)
        v = v << 8 | (uint8_t)s.p[i];
    return v;
}

uint8_t cur_u8(struct cur *cur)
{
    return (uint8_t)be(cur, 1);
}

uint16_t cur_be16(struct cur *cur)
{
    return (uint16_t)be(cur, 2);
}

uint32_t cur_be32(struct cur *cur)
{
    return (uint32_t)be(cur, 4);
}

uint64_t cur_be64(struct cur *cur)
{
    return be(cur, 8);
}
