/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of a site's relay. */
#include "proto/message_inside.h"

/* Digests one after the other, at most so many. */
static struct str read_digests(struct cur *cur, size_t max)
{
    struct str digests = unpack_bin(cur);
    if (digests.n % SHA256_BYTES != 0 || digests.n / SHA256_BYTES > max)
        cur->bad = true;
    return digests;
}

static struct str read_digest(struct cur *cur)
{
    struct str digest = read_digests(cur, 1);
    cur->bad = cur->bad || digest.n == 0;
    return digest;
}

void message_site(struct buf *out, const struct site_word *m)
{
    size_t at = message_begin(out, MESSAGE_SITE, 4);
    pack_uint(out, m->protocol);
    pack_str(out, m->name);
    pack_bin(out, m->parcel);
    pack_bool(out, m->waiting);
    frame_end(out, at);
}

static struct site_word read_site(struct cur *cur)
{
    struct site_word m = {.protocol = unpack_u32(cur), .name = unpack_str(cur)};
    m.parcel = read_digests(cur, 1);
    m.waiting = unpack_bool(cur);
    return m;
}

void message_parcel(struct buf *out, const struct parcel *m)
{
    size_t at = message_begin(out, MESSAGE_PARCEL, 5);
    pack_uint(out, m->kind);
    pack_uint(out, m->device);
    pack_uint(out, m->size);
    pack_bin(out, m->sha256);
    pack_bin(out, m->follows);
    frame_end(out, at);
}

static struct parcel read_parcel(struct cur *cur)
{
    struct parcel m = {.kind = unpack_u32(cur), .device = unpack_u32(cur)};
    m.size = unpack_uint(cur);
    m.sha256 = read_digest(cur);
    m.follows = read_digests(cur, MESSAGE_FOLLOWS_MAX);
    if (m.size == 0 || m.size > MESSAGE_PARCEL_BYTES)
        cur->bad = true;
    return m;
}

void message_piece(struct buf *out, struct str bytes)
{
    size_t at = message_begin(out, MESSAGE_PIECE, 1);
    pack_bin(out, bytes);
    frame_end(out, at);
}

static struct str read_piece(struct cur *cur)
{
    struct str bytes = unpack_bin(cur);
    if (bytes.n == 0 || bytes.n > MESSAGE_PIECE_BYTES)
        cur->bad = true;
    return bytes;
}

void message_receipt(struct buf *out, const struct receipt *m)
{
    size_t at = message_begin(out, MESSAGE_RECEIPT, 2);
    pack_int(out, (int64_t)m->err);
    pack_bin(out, m->sha256);
    frame_end(out, at);
}

static struct receipt read_receipt(struct cur *cur)
{
    struct receipt m = {.err = message_read_err(cur)};
    m.sha256 = read_digest(cur);
    return m;
}

void message_listed(struct buf *out, const struct listed *m)
{
    size_t at = message_begin(out, MESSAGE_LISTED, 2);
    pack_bool(out, m->more);
    pack_bin(out, m->keys);
    frame_end(out, at);
}

static struct listed read_listed(struct cur *cur)
{
    struct listed m = {.more = unpack_bool(cur)};
    m.keys = read_digests(cur, MESSAGE_LISTED_MAX);
    return m;
}

void message_read_site(struct cur *cur, struct message *m)
{
    if (m->type == MESSAGE_SITE)
        m->site = read_site(cur);
    else if (m->type == MESSAGE_PARCEL)
        m->parcel = read_parcel(cur);
    else if (m->type == MESSAGE_PIECE)
        m->piece = read_piece(cur);
    else if (m->type == MESSAGE_RECEIPT)
        m->receipt = read_receipt(cur);
    else
        m->listed = read_listed(cur);
}
