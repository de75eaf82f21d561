/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded MessagePack: a pre-check for outside bytes, a typed reader without object trees, a
 * writer. */
#ifndef PROTO_PACK_H
#define PROTO_PACK_H

#include "proto/buf.h"
#include "proto/id.h"

/* Limits for bytes of a peer (see PROTOCOL.md). */
enum { PACK_DEPTH_MAX = 8, PACK_NODES_MAX = 50000, PACK_STRING_MAX = 256 * 1024 };

/* Walk exactly one value, without recursion: every count fits the bytes left, depth <=
 * depth_max, nodes <= nodes_max, strings <= PACK_STRING_MAX and valid UTF-8, no ext, no NaN.
 * Sets *used to the value's length. FORMAT or LIMIT. Everything from outside passes here before
 * anything else. */
NODISCARD enum err pack_check(struct str bytes, unsigned depth_max, size_t nodes_max,
                              size_t *used);

enum pack_type {
    PACK_NIL,
    PACK_BOOL,
    PACK_INT,  /* fits int64_t */
    PACK_UINT, /* above INT64_MAX */
    PACK_REAL,
    PACK_STR,
    PACK_BIN,
    PACK_ARRAY,
    PACK_MAP,
    PACK_BAD /* end of bytes or a type we do not take */
};

/* Typed reads move the cursor; another type, an out-of-range number or missing bytes sets
 * cur->bad, and the result is zero. */
enum pack_type pack_peek(const struct cur *cur);
uint32_t unpack_array(struct cur *cur);
uint32_t unpack_map(struct cur *cur);
int64_t unpack_int(struct cur *cur);
/* An integer in lo..hi, else bad. */
int64_t unpack_int_in(struct cur *cur, int64_t lo, int64_t hi);
uint64_t unpack_uint(struct cur *cur);
/* An integer 0..UINT32_MAX. */
uint32_t unpack_u32(struct cur *cur);
bool unpack_bool(struct cur *cur);
double unpack_real(struct cur *cur);
struct str unpack_str(struct cur *cur);
struct str unpack_bin(struct cur *cur);
/* A bin of exactly 16 bytes. */
struct id unpack_id(struct cur *cur);
/* Whatever the bytes are: the next id in them, encoded as by pack_id; *rest begins after its
 * first byte. False when there is none. */
bool pack_next_id(struct str *rest, struct id *out);
/* A bin of exactly n bytes; NULL and bad otherwise. */
const uint8_t *unpack_exact(struct cur *cur, size_t n);
/* Moves past nil and returns true; otherwise stays and returns false. */
bool unpack_nil(struct cur *cur);
/* View of the next whole value, moved past it (bounded walk, no recursion). */
struct str unpack_any(struct cur *cur);

/* The writer makes the shortest form of each value, as msgpack-c does. */
void pack_array(struct buf *out, uint32_t count);
void pack_map(struct buf *out, uint32_t count);
void pack_int(struct buf *out, int64_t v);
void pack_uint(struct buf *out, uint64_t v);
void pack_bool(struct buf *out, bool v);
void pack_real(struct buf *out, double v);
void pack_str(struct buf *out, struct str s);
void pack_bin(struct buf *out, struct str bytes);
void pack_id(struct buf *out, const struct id *id);
void pack_nil(struct buf *out);
/* Copy an already encoded value. */
void pack_raw(struct buf *out, struct str encoded);

#endif
