/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/id.h"

#include "proto/hash.h"

enum { DASHED_CHARS = 36, PLAIN_CHARS = 32 };

static const uint64_t wall_max = (UINT64_C(1) << 48) - 1;
static const uint64_t low_max = (UINT64_C(1) << 62) - 1;
enum { HIGH_MAX = 0xfff };

/* The three numbers of a UUIDv7: milliseconds, 12 random bits, 62 random bits. */
struct parts {
    uint64_t ms;   /* 48 bits */
    uint64_t high; /* 12 bits */
    uint64_t low;  /* 62 bits */
};

static uint64_t clamp_ms(int64_t wall_ms)
{
    if (wall_ms < 0)
        return 0;
    return (uint64_t)wall_ms > wall_max ? wall_max : (uint64_t)wall_ms;
}

static uint64_t be(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static struct id join(struct parts parts)
{
    uint64_t first = parts.ms << 16 | 0x7000 | parts.high;
    uint64_t second = UINT64_C(1) << 63 | parts.low;
    struct id id;
    for (size_t i = 0; i < 8; i++) {
        id.b[i] = (uint8_t)(first >> (56 - 8 * i));
        id.b[8 + i] = (uint8_t)(second >> (56 - 8 * i));
    }
    return id;
}

static struct parts split(const struct id *id)
{
    return (struct parts){.ms = be(id->b, 6),
                          .high = be(id->b + 6, 2) & HIGH_MAX,
                          .low = be(id->b + 8, 8) & low_max};
}

struct id id_make(int64_t wall_ms, const uint8_t random[10])
{
    return join((struct parts){.ms = clamp_ms(wall_ms),
                               .high = be(random, 2) & HIGH_MAX,
                               .low = be(random + 2, 8) & low_max});
}

struct id id_next(struct id_maker *maker, int64_t wall_ms, const uint8_t random[10])
{
    struct parts last = split(&maker->last);
    if (id_is_null(&maker->last) || clamp_ms(wall_ms) > last.ms) {
        maker->last = id_make(wall_ms, random);
        return maker->last;
    }
    /* A random stride keeps the next id from being guessed from this one. */
    last.low += 1 + be(random, 4);
    if (last.low > low_max) {
        last.low &= low_max;
        last.high++;
    }
    if (last.high > HIGH_MAX) {
        last.high = 0;
        last.ms = (last.ms + 1) & wall_max;
    }
    maker->last = join(last);
    return maker->last;
}

struct id id_derive(uint16_t table, const struct str *parts, size_t count)
{
    struct sha256 sha;
    sha256_init(&sha);
    const uint8_t head[2] = {(uint8_t)(table >> 8), (uint8_t)table};
    sha256_add(&sha, head, sizeof head);
    for (size_t i = 0; i < count; i++) {
        uint8_t length[8];
        for (size_t k = 0; k < sizeof length; k++)
            length[k] = (uint8_t)((uint64_t)parts[i].n >> (56 - 8 * k));
        sha256_add(&sha, length, sizeof length);
        sha256_add(&sha, parts[i].p, parts[i].n);
    }
    uint8_t digest[SHA256_BYTES];
    sha256_end(&sha, digest);
    struct id id;
    memcpy(id.b, digest, sizeof id.b);
    id.b[6] = (uint8_t)(0x80 | (id.b[6] & 0x0f));
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3f));
    return id;
}

bool id_is_derived(const struct id *id)
{
    return id->b[6] >> 4 == 8;
}

bool id_eq(const struct id *a, const struct id *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

int id_cmp(const struct id *a, const struct id *b)
{
    return memcmp(a->b, b->b, sizeof a->b);
}

bool id_is_null(const struct id *id)
{
    static const struct id null;
    return id_eq(id, &null);
}

static bool dash_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void id_print(const struct id *id, char out[ID_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    char *to = out;
    for (size_t i = 0; i < ID_BYTES; i++) {
        if (dash_before(i))
            *to++ = '-';
        *to++ = digits[id->b[i] >> 4];
        *to++ = digits[id->b[i] & 0x0f];
    }
    *to = '\0';
}

/* Value of a hex digit, or -1. */
static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum err id_parse(struct str text, struct id *out)
{
    if (text.n != DASHED_CHARS && text.n != PLAIN_CHARS)
        return ERR_INVALID;
    struct id id;
    const char *p = text.p;
    for (size_t i = 0; i < ID_BYTES; i++) {
        if (text.n == DASHED_CHARS && dash_before(i) && *p++ != '-')
            return ERR_INVALID;
        int high = hex(p[0]);
        int low = hex(p[1]);
        if (high < 0 || low < 0)
            return ERR_INVALID;
        id.b[i] = (uint8_t)(high << 4 | low);
        p += 2;
    }
    *out = id;
    return ERR_OK;
}
