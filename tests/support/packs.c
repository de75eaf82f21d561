/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/packs.h"

#include <msgpack.h>

enum { ITEMS_MAX = 20, TEXT_BYTES_MAX = 300 };

static int append(void *data, const char *bytes, size_t n)
{
    struct buf *out = data;
    buf_add(out, bytes, n);
    return out->err == ERR_OK ? 0 : -1;
}

/* Both writers, side by side. */
struct pair {
    struct buf *ours;
    msgpack_packer *theirs;
};

/* Numbers near the places where the form changes, as often as anywhere. */
static uint64_t edgy(struct rng *rng)
{
    uint64_t v = rng_below(rng, 2) == 0 ? 0 : UINT64_C(1) << rng_below(rng, 64);
    return v + (uint64_t)rng_between(rng, -2, 2) + rng_below(rng, 2) * rng_below(rng, 1000);
}

static void put_text(struct rng *rng, struct pair out)
{
    char text[TEXT_BYTES_MAX];
    size_t n = rng_below(rng, rng_below(rng, 8) == 0 ? sizeof text : 40);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('a' + rng_below(rng, 26));
    if (n >= 2)
        memcpy(text + rng_below(rng, n - 1), "\xc3\xa9", 2);
    pack_str(out.ours, (struct str){text, n});
    msgpack_pack_str(out.theirs, n);
    msgpack_pack_str_body(out.theirs, text, n);
}

static void put_bytes(struct rng *rng, struct pair out)
{
    char bytes[TEXT_BYTES_MAX];
    size_t n = rng_below(rng, sizeof bytes);
    rng_fill(rng, bytes, n);
    pack_bin(out.ours, (struct str){bytes, n});
    msgpack_pack_bin(out.theirs, n);
    msgpack_pack_bin_body(out.theirs, bytes, n);
}

static void put_scalar(struct rng *rng, struct pair out)
{
    uint64_t v = edgy(rng);
    double r = (double)(int64_t)v / 64;
    switch (rng_below(rng, 7)) {
    case 0:
        pack_nil(out.ours);
        msgpack_pack_nil(out.theirs);
        return;
    case 1:
        pack_bool(out.ours, v % 2 == 0);
        v % 2 == 0 ? msgpack_pack_true(out.theirs) : msgpack_pack_false(out.theirs);
        return;
    case 2:
        pack_int(out.ours, (int64_t)v);
        msgpack_pack_int64(out.theirs, (int64_t)v);
        return;
    case 3:
        pack_uint(out.ours, v);
        msgpack_pack_uint64(out.theirs, v);
        return;
    case 4:
        pack_real(out.ours, r);
        msgpack_pack_double(out.theirs, r);
        return;
    case 5:
        put_text(rng, out);
        return;
    default:
        put_bytes(rng, out);
        return;
    }
}

void packs_random(struct rng *rng, size_t nodes, struct buf *ours, struct buf *theirs)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, theirs, append);
    struct pair out = {ours, &packer};
    size_t open[PACK_DEPTH_MAX + 1] = {1};
    size_t depth = 0;
    size_t owed = 1;
    size_t made = 0;
    while (owed > 0) {
        owed--;
        open[depth]--;
        made++;
        size_t spare = made + owed < nodes ? nodes - made - owed : 0;
        size_t count = rng_below(rng, spare / 2 < ITEMS_MAX ? spare / 2 + 1 : ITEMS_MAX);
        if (depth < PACK_DEPTH_MAX && spare > 0 && rng_below(rng, 3) == 0) {
            bool map = rng_below(rng, 2) == 0;
            map ? pack_map(ours, (uint32_t)count) : pack_array(ours, (uint32_t)count);
            map ? msgpack_pack_map(&packer, count) : msgpack_pack_array(&packer, count);
            open[++depth] = map ? 2 * count : count;
            owed += open[depth];
        } else {
            put_scalar(rng, out);
        }
        while (depth > 0 && open[depth] == 0)
            depth--;
    }
}

/* Copies one scalar, or the head of a container; returns the values that follow inside. */
static uint64_t copy_token(struct cur *from, struct buf *to)
{
    uint32_t count = 0;
    switch (pack_peek(from)) {
    case PACK_NIL:
        must(unpack_nil(from));
        pack_nil(to);
        return 0;
    case PACK_BOOL:
        pack_bool(to, unpack_bool(from));
        return 0;
    case PACK_INT:
        pack_int(to, unpack_int(from));
        return 0;
    case PACK_UINT:
        pack_uint(to, unpack_uint(from));
        return 0;
    case PACK_REAL:
        pack_real(to, unpack_real(from));
        return 0;
    case PACK_STR:
        pack_str(to, unpack_str(from));
        return 0;
    case PACK_BIN:
        pack_bin(to, unpack_bin(from));
        return 0;
    case PACK_ARRAY:
        count = unpack_array(from);
        pack_array(to, count);
        return count;
    case PACK_MAP:
        count = unpack_map(from);
        pack_map(to, count);
        return 2 * (uint64_t)count;
    case PACK_BAD:
        break;
    }
    from->bad = true;
    return 0;
}

bool packs_copy(struct cur *from, struct buf *to)
{
    uint64_t owed = 1;
    for (; owed > 0 && !from->bad; owed--)
        owed += copy_token(from, to);
    return !from->bad && to->err == ERR_OK;
}

bool packs_oracle(struct str bytes, size_t *used)
{
    msgpack_unpacked result;
    msgpack_unpacked_init(&result);
    size_t at = 0;
    msgpack_unpack_return got = msgpack_unpack_next(&result, bytes.p, bytes.n, &at);
    msgpack_unpacked_destroy(&result);
    *used = at;
    return got == MSGPACK_UNPACK_SUCCESS;
}
