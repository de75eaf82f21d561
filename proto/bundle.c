/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/bundle.h"

#include "proto/frame.h"
#include "proto/pack.h"

#include <assert.h>

/* A byte above 127 and both kinds of line ends: what a copy "as text" changes shows at once. */
static const uint8_t magic[8] = {0x8a, 'J', 'A', 'L', 'O', 'N', '\r', '\n'};

#define LAST_BIT (UINT32_C(1) << 31)

static_assert(BUNDLE_HEAD_BYTES ==
                  sizeof magic + 8 + ID_BYTES + 16 + SHA256_BYTES + BUNDLE_PUBLIC_BYTES,
              "the header has no gaps");

void bundle_head_write(const struct bundle_head *head, struct buf *out)
{
    buf_add(out, magic, sizeof magic);
    buf_u8(out, BUNDLE_VERSION);
    buf_u8(out, (uint8_t)head->kind);
    buf_u8(out, 0);
    buf_u8(out, 0);
    buf_be32(out, head->device);
    buf_add(out, head->history.b, sizeof head->history.b);
    buf_add(out, head->file, sizeof head->file);
    buf_add(out, head->recipient, sizeof head->recipient);
    buf_add(out, head->ephemeral, sizeof head->ephemeral);
}

static void take(struct cur *cur, uint8_t *out, size_t n)
{
    struct str bytes = cur_take(cur, n);
    if (bytes.p != NULL)
        memcpy(out, bytes.p, n);
}

enum bundle_fault bundle_head_read(struct str file, struct bundle_head *out)
{
    size_t seen = file.n < sizeof magic ? file.n : sizeof magic;
    if (seen > 0 && memcmp(file.p, magic, seen) != 0)
        return BUNDLE_FOREIGN;
    struct cur cur = cur_of(file.p, file.n);
    struct bundle_head head = {.device = 0};
    (void)cur_take(&cur, sizeof magic);
    uint8_t version = cur_u8(&cur);
    if (!cur.bad && version > BUNDLE_VERSION)
        return BUNDLE_NEWER;
    uint8_t kind = cur_u8(&cur);
    uint16_t zero = cur_be16(&cur);
    head.device = cur_be32(&cur);
    take(&cur, head.history.b, sizeof head.history.b);
    take(&cur, head.file, sizeof head.file);
    take(&cur, head.recipient, sizeof head.recipient);
    take(&cur, head.ephemeral, sizeof head.ephemeral);
    if (cur.bad)
        return BUNDLE_CUT;
    if (version == 0 || zero != 0 || (kind != BUNDLE_TO_SERVER && kind != BUNDLE_TO_DEVICE))
        return BUNDLE_DAMAGED;
    head.kind = (enum bundle_kind)kind;
    *out = head;
    return BUNDLE_SOUND;
}

void bundle_segment_begin(size_t plain, bool last, struct buf *out)
{
    must(plain > 0 && plain <= BUNDLE_SEGMENT_BYTES);
    must(last || plain == BUNDLE_SEGMENT_BYTES);
    uint32_t n = (uint32_t)plain + BUNDLE_TAG_BYTES;
    buf_be32(out, last ? n | LAST_BIT : n);
}

enum bundle_fault bundle_segment_next(struct str in, struct bundle_segment *out, size_t *used)
{
    *used = 0;
    if (in.n < BUNDLE_SEGMENT_HEAD_BYTES)
        return BUNDLE_SOUND;
    struct cur cur = cur_of(in.p, in.n);
    uint32_t head = cur_be32(&cur);
    bool last = (head & LAST_BIT) != 0;
    size_t n = head & ~LAST_BIT;
    size_t most = BUNDLE_SEGMENT_BYTES + BUNDLE_TAG_BYTES;
    if (n <= BUNDLE_TAG_BYTES || n > most || (!last && n != most))
        return BUNDLE_DAMAGED;
    struct str sealed = cur_take(&cur, n);
    if (cur.bad)
        return BUNDLE_SOUND;
    *out = (struct bundle_segment){{in.p, BUNDLE_SEGMENT_HEAD_BYTES}, sealed, last};
    *used = BUNDLE_SEGMENT_HEAD_BYTES + n;
    return BUNDLE_SOUND;
}

void bundle_nonce(uint32_t number, bool last, uint8_t out[BUNDLE_NONCE_BYTES])
{
    memset(out, 0, BUNDLE_NONCE_BYTES);
    out[0] = last ? 1 : 0;
    for (size_t i = 0; i < 4; i++)
        out[BUNDLE_NONCE_BYTES - 1 - i] = (uint8_t)(number >> (8 * i));
}

void bundle_sign_begin(struct sha256 *sha, struct str head)
{
    sha256_init(sha);
    sha256_add(sha, BUNDLE_SIGN_LABEL, sizeof BUNDLE_SIGN_LABEL);
    sha256_add(sha, head.p, head.n);
}

void bundle_card_write(const uint8_t public[BUNDLE_PUBLIC_BYTES], struct buf *out)
{
    size_t at = frame_begin(out);
    pack_array(out, 1);
    pack_bin(out, (struct str){(const char *)public, BUNDLE_PUBLIC_BYTES});
    frame_end(out, at);
}

enum bundle_fault bundle_card_read(struct str body, uint8_t out[BUNDLE_PUBLIC_BYTES])
{
    size_t used = 0;
    if (pack_check(body, PACK_DEPTH_MAX, PACK_NODES_MAX, &used) != ERR_OK || used != body.n)
        return BUNDLE_DAMAGED;
    struct cur cur = cur_of(body.p, body.n);
    uint32_t items = unpack_array(&cur);
    const uint8_t *public = unpack_exact(&cur, BUNDLE_PUBLIC_BYTES);
    if (cur.bad || items == 0)
        return BUNDLE_DAMAGED;
    memcpy(out, public, BUNDLE_PUBLIC_BYTES);
    return BUNDLE_SOUND;
}
