/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/pack.h"

/* First bytes of the MessagePack specification. */
enum {
    TAG_MAP = 0x80, /* | count below 16 */
    TAG_ARRAY = 0x90,
    TAG_STR = 0xa0, /* | length below 32 */
    TAG_NIL = 0xc0,
    TAG_FALSE = 0xc2,
    TAG_TRUE = 0xc3,
    TAG_BIN8 = 0xc4,
    TAG_BIN16 = 0xc5,
    TAG_BIN32 = 0xc6,
    TAG_REAL32 = 0xca,
    TAG_REAL64 = 0xcb,
    TAG_UINT8 = 0xcc,
    TAG_UINT16 = 0xcd,
    TAG_UINT32 = 0xce,
    TAG_UINT64 = 0xcf,
    TAG_INT8 = 0xd0,
    TAG_INT16 = 0xd1,
    TAG_INT32 = 0xd2,
    TAG_INT64 = 0xd3,
    TAG_STR8 = 0xd9,
    TAG_STR16 = 0xda,
    TAG_STR32 = 0xdb,
    TAG_ARRAY16 = 0xdc,
    TAG_ARRAY32 = 0xdd,
    TAG_MAP16 = 0xde,
    TAG_MAP32 = 0xdf,
    TAG_NEGATIVE = 0xe0, /* -32..-1 are their own byte */
};

enum { CHECK_DEPTH_MAX = 32 }; /* as msgpack-c's own stack */

/* What the first bytes of a value announce. */
struct head {
    enum pack_type type;
    uint32_t n; /* STR, BIN: bytes that follow; ARRAY, MAP: items; numbers: bytes */
};

static inline uint64_t load(const uint8_t *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

/* Moves past a count of `width` bytes and stores it; false when the bytes end first. */
static inline bool counted(struct cur *cur, size_t width, enum pack_type type, struct head *out)
{
    if (cur_left(cur) <= width)
        return false;
    *out = (struct head){type, (uint32_t)load(cur->p + 1, width)};
    cur->p += 1 + width;
    return true;
}

/* Moves past the first byte alone. */
static inline bool plain(struct cur *cur, enum pack_type type, uint32_t n, struct head *out)
{
    *out = (struct head){type, n};
    cur->p++;
    return true;
}

/* Reads tag and count. False, unmoved, at the end of the bytes or on a type we do not take. */
static bool head_take(struct cur *cur, struct head *out)
{
    if (cur->bad || cur->p == cur->end)
        return false;
    uint8_t tag = *cur->p;
    if (tag < TAG_MAP || tag >= TAG_NEGATIVE)
        return plain(cur, PACK_INT, 0, out);
    if (tag < TAG_ARRAY)
        return plain(cur, PACK_MAP, tag & 0x0f, out);
    if (tag < TAG_STR)
        return plain(cur, PACK_ARRAY, tag & 0x0f, out);
    if (tag < TAG_NIL)
        return plain(cur, PACK_STR, tag & 0x1f, out);
    switch (tag) {
    case TAG_NIL:
        return plain(cur, PACK_NIL, 0, out);
    case TAG_FALSE:
    case TAG_TRUE:
        return plain(cur, PACK_BOOL, 0, out);
    case TAG_BIN8:
    case TAG_BIN16:
    case TAG_BIN32:
        return counted(cur, (size_t)1 << (tag - TAG_BIN8), PACK_BIN, out);
    case TAG_REAL32:
    case TAG_REAL64:
        return plain(cur, PACK_REAL, tag == TAG_REAL32 ? 4 : 8, out);
    case TAG_UINT8:
    case TAG_UINT16:
    case TAG_UINT32:
    case TAG_UINT64:
        return plain(cur, PACK_UINT, 1u << (tag - TAG_UINT8), out);
    case TAG_INT8:
    case TAG_INT16:
    case TAG_INT32:
    case TAG_INT64:
        return plain(cur, PACK_INT, 1u << (tag - TAG_INT8), out);
    case TAG_STR8:
    case TAG_STR16:
    case TAG_STR32:
        return counted(cur, (size_t)1 << (tag - TAG_STR8), PACK_STR, out);
    case TAG_ARRAY16:
    case TAG_ARRAY32:
        return counted(cur, tag == TAG_ARRAY16 ? 2 : 4, PACK_ARRAY, out);
    case TAG_MAP16:
    case TAG_MAP32:
        return counted(cur, tag == TAG_MAP16 ? 2 : 4, PACK_MAP, out);
    default: /* the unused byte and the ext types */
        return false;
    }
}

static inline bool is_container(enum pack_type type)
{
    return type == PACK_ARRAY || type == PACK_MAP;
}

/* Values inside a container. */
static inline uint64_t items(struct head head)
{
    return head.type == PACK_MAP ? (uint64_t)head.n * 2 : head.n;
}

static double real_of(struct str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    if (bytes.n == sizeof(float)) {
        uint32_t bits = (uint32_t)load(p, sizeof bits);
        float v = 0;
        memcpy(&v, &bits, sizeof v);
        return (double)v;
    }
    uint64_t bits = load(p, sizeof bits);
    double v = 0;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Moves past the content of a scalar and checks it. */
static enum err check_scalar(struct cur *cur, struct head head)
{
    if (head.n > cur_left(cur))
        return ERR_FORMAT;
    struct str content = cur_take(cur, head.n);
    if (head.type == PACK_STR) {
        if (head.n > PACK_STRING_MAX)
            return ERR_LIMIT;
        return str_utf8(content) ? ERR_OK : ERR_FORMAT;
    }
    if (head.type == PACK_REAL) {
        double v = real_of(content);
        return v == v ? ERR_OK : ERR_FORMAT;
    }
    return ERR_OK;
}

enum err pack_check(struct str bytes, unsigned depth_max, size_t nodes_max, size_t *used)
{
    must(depth_max <= CHECK_DEPTH_MAX);
    struct cur cur = cur_of(bytes.p, bytes.n);
    uint64_t open[CHECK_DEPTH_MAX + 1]; /* values each open container still lacks */
    unsigned depth = 0;
    uint64_t owed = 1; /* values announced and not yet read; each takes a byte at least */
    size_t nodes = 0;
    open[0] = 1;
    while (owed > 0) {
        struct head head;
        if (!head_take(&cur, &head))
            return ERR_FORMAT;
        if (++nodes > nodes_max)
            return ERR_LIMIT;
        owed--;
        open[depth]--;
        if (is_container(head.type)) {
            owed += items(head);
            if (owed > cur_left(&cur))
                return ERR_FORMAT;
            if (depth == depth_max || owed > nodes_max - nodes)
                return ERR_LIMIT;
            open[++depth] = items(head);
        } else {
            enum err err = check_scalar(&cur, head);
            if (err != ERR_OK)
                return err;
        }
        while (depth > 0 && open[depth] == 0)
            depth--;
    }
    *used = (size_t)(cur.p - (const uint8_t *)bytes.p);
    return ERR_OK;
}

enum pack_type pack_peek(const struct cur *cur)
{
    struct cur ahead = *cur;
    struct head head;
    if (!head_take(&ahead, &head))
        return PACK_BAD;
    if (is_container(head.type))
        return head.type;
    if (head.n > cur_left(&ahead))
        return PACK_BAD;
    if (head.type == PACK_UINT && (head.n < 8 || ahead.p[0] < 0x80))
        return PACK_INT;
    return head.type;
}

static uint32_t container(struct cur *cur, enum pack_type type)
{
    struct head head;
    if (!head_take(cur, &head) || head.type != type || items(head) > cur_left(cur)) {
        cur->bad = true;
        return 0;
    }
    return head.n;
}

uint32_t unpack_array(struct cur *cur)
{
    return container(cur, PACK_ARRAY);
}

uint32_t unpack_map(struct cur *cur)
{
    return container(cur, PACK_MAP);
}

/* A whole number of any form, as 64 bits and a sign. */
static uint64_t number(struct cur *cur, bool *negative)
{
    *negative = false;
    if (!cur->bad && cur->p != cur->end) {
        uint8_t tag = *cur->p;
        if (tag < TAG_MAP) {
            cur->p++;
            return tag;
        }
        if (tag >= TAG_NEGATIVE) {
            cur->p++;
            *negative = true;
            return (uint64_t)(int64_t)(int8_t)tag;
        }
        size_t width = (size_t)1 << (tag & 3);
        if (tag >= TAG_UINT8 && tag <= TAG_INT64 && cur_left(cur) > width) {
            uint64_t v = load(cur->p + 1, width);
            cur->p += 1 + width;
            if (tag >= TAG_INT8 && v >> (8 * width - 1) != 0) {
                *negative = true;
                v |= width == 8 ? 0 : UINT64_MAX << 8 * width;
            }
            return v;
        }
    }
    cur->bad = true;
    return 0;
}

int64_t unpack_int(struct cur *cur)
{
    bool negative;
    uint64_t v = number(cur, &negative);
    if (!negative && v > INT64_MAX) {
        cur->bad = true;
        return 0;
    }
    return (int64_t)v;
}

int64_t unpack_int_in(struct cur *cur, int64_t lo, int64_t hi)
{
    int64_t v = unpack_int(cur);
    if (cur->bad || v < lo || v > hi) {
        cur->bad = true;
        return 0;
    }
    return v;
}

uint64_t unpack_uint(struct cur *cur)
{
    bool negative;
    uint64_t v = number(cur, &negative);
    if (negative) {
        cur->bad = true;
        return 0;
    }
    return v;
}

uint32_t unpack_u32(struct cur *cur)
{
    return (uint32_t)unpack_int_in(cur, 0, UINT32_MAX);
}

bool unpack_bool(struct cur *cur)
{
    if (!cur->bad && cur->p != cur->end && (*cur->p | 1) == TAG_TRUE)
        return *cur->p++ == TAG_TRUE;
    cur->bad = true;
    return false;
}

/* Content of a value of this type. */
static struct str content(struct cur *cur, enum pack_type type)
{
    struct head head;
    if (!head_take(cur, &head) || head.type != type) {
        cur->bad = true;
        return (struct str){NULL, 0};
    }
    return cur_take(cur, head.n);
}

double unpack_real(struct cur *cur)
{
    struct str bytes = content(cur, PACK_REAL);
    if (bytes.p == NULL)
        return 0;
    double v = real_of(bytes);
    if (v == v)
        return v;
    cur->bad = true;
    return 0;
}

struct str unpack_str(struct cur *cur)
{
    return content(cur, PACK_STR);
}

struct str unpack_bin(struct cur *cur)
{
    return content(cur, PACK_BIN);
}

const uint8_t *unpack_exact(struct cur *cur, size_t n)
{
    struct str bytes = content(cur, PACK_BIN);
    if (cur->bad || bytes.n != n) {
        cur->bad = true;
        return NULL;
    }
    return (const uint8_t *)bytes.p;
}

struct id unpack_id(struct cur *cur)
{
    struct id id = {{0}};
    const uint8_t *p = unpack_exact(cur, sizeof id.b);
    if (p != NULL)
        memcpy(id.b, p, sizeof id.b);
    return id;
}

bool pack_next_id(struct str *rest, struct id *out)
{
    static const uint8_t bin16[] = {0xc4, ID_BYTES};
    for (; rest->n >= sizeof bin16 + ID_BYTES; rest->p++, rest->n--) {
        if (memcmp(rest->p, bin16, sizeof bin16) != 0)
            continue;
        memcpy(out->b, rest->p + sizeof bin16, ID_BYTES);
        rest->p++;
        rest->n--;
        return true;
    }
    return false;
}

bool unpack_nil(struct cur *cur)
{
    if (cur->bad || cur->p == cur->end || *cur->p != TAG_NIL)
        return false;
    cur->p++;
    return true;
}

struct str unpack_any(struct cur *cur)
{
    const uint8_t *begin = cur->p;
    uint64_t owed = 1;
    while (owed > 0) {
        struct head head;
        if (owed > cur_left(cur) || !head_take(cur, &head)) {
            cur->bad = true;
            return (struct str){NULL, 0};
        }
        owed--;
        if (is_container(head.type))
            owed += items(head);
        else
            (void)cur_take(cur, head.n);
    }
    if (cur->bad)
        return (struct str){NULL, 0};
    return (struct str){(const char *)begin, (size_t)(cur->p - begin)};
}

/* Room for n more bytes, counted as written; NULL when there is none. */
static inline uint8_t *room(struct buf *out, size_t n)
{
    if (out->err != ERR_OK || out->room - out->n < n) {
        if (!buf_reserve(out, n))
            return NULL;
    }
    uint8_t *p = out->p + out->n;
    out->n += n;
    return p;
}

static inline void put1(struct buf *out, uint8_t tag)
{
    uint8_t *p = room(out, 1);
    if (p != NULL)
        p[0] = tag;
}

static inline void put(struct buf *out, uint8_t tag, uint64_t v, size_t width)
{
    uint8_t *p = room(out, 1 + width);
    if (p == NULL)
        return;
    p[0] = tag;
    for (size_t i = 0; i < width; i++)
        p[1 + i] = (uint8_t)(v >> (8 * (width - 1 - i)));
}

static void put_count(struct buf *out, uint32_t count, uint8_t small, uint8_t wide)
{
    if (count < 16)
        put1(out, (uint8_t)(small | count));
    else if (count <= UINT16_MAX)
        put(out, wide, count, 2);
    else
        put(out, (uint8_t)(wide + 1), count, 4);
}

void pack_array(struct buf *out, uint32_t count)
{
    put_count(out, count, TAG_ARRAY, TAG_ARRAY16);
}

void pack_map(struct buf *out, uint32_t count)
{
    put_count(out, count, TAG_MAP, TAG_MAP16);
}

void pack_uint(struct buf *out, uint64_t v)
{
    if (v < TAG_MAP)
        put1(out, (uint8_t)v);
    else if (v <= UINT8_MAX)
        put(out, TAG_UINT8, v, 1);
    else if (v <= UINT16_MAX)
        put(out, TAG_UINT16, v, 2);
    else if (v <= UINT32_MAX)
        put(out, TAG_UINT32, v, 4);
    else
        put(out, TAG_UINT64, v, 8);
}

void pack_int(struct buf *out, int64_t v)
{
    if (v >= 0)
        pack_uint(out, (uint64_t)v);
    else if (v >= -32)
        put1(out, (uint8_t)v);
    else if (v >= INT8_MIN)
        put(out, TAG_INT8, (uint64_t)v, 1);
    else if (v >= INT16_MIN)
        put(out, TAG_INT16, (uint64_t)v, 2);
    else if (v >= INT32_MIN)
        put(out, TAG_INT32, (uint64_t)v, 4);
    else
        put(out, TAG_INT64, (uint64_t)v, 8);
}

void pack_bool(struct buf *out, bool v)
{
    put1(out, v ? TAG_TRUE : TAG_FALSE);
}

void pack_real(struct buf *out, double v)
{
    must(v == v);
    uint64_t bits = 0;
    memcpy(&bits, &v, sizeof bits);
    put(out, TAG_REAL64, bits, sizeof bits);
}

/* A length (tag and the two wider tags after it) and its bytes, or nothing at all. */
static void put_bytes(struct buf *out, struct str s, uint8_t tag)
{
    must(s.n <= UINT32_MAX);
    unsigned wide = s.n <= UINT8_MAX ? 0 : s.n <= UINT16_MAX ? 1 : 2;
    if (!buf_reserve(out, s.n + 1 + ((size_t)1 << wide)))
        return;
    put(out, (uint8_t)(tag + wide), s.n, (size_t)1 << wide);
    if (s.n > 0)
        memcpy(room(out, s.n), s.p, s.n);
}

void pack_str(struct buf *out, struct str s)
{
    if (s.n >= 32) {
        put_bytes(out, s, TAG_STR8);
        return;
    }
    uint8_t *p = room(out, 1 + s.n);
    if (p == NULL)
        return;
    p[0] = (uint8_t)(TAG_STR | s.n);
    if (s.n > 0)
        memcpy(p + 1, s.p, s.n);
}

void pack_bin(struct buf *out, struct str bytes)
{
    put_bytes(out, bytes, TAG_BIN8);
}

void pack_id(struct buf *out, const struct id *id)
{
    uint8_t *p = room(out, 2 + sizeof id->b);
    if (p == NULL)
        return;
    p[0] = TAG_BIN8;
    p[1] = sizeof id->b;
    memcpy(p + 2, id->b, sizeof id->b);
}

void pack_nil(struct buf *out)
{
    put1(out, TAG_NIL);
}

void pack_raw(struct buf *out, struct str encoded)
{
    buf_add(out, encoded.p, encoded.n);
}
