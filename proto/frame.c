/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/frame.h"

#include <zstd.h>
#include <zstd_errors.h>

enum {
    WINDOW_LOG_MAX = 20,     /* 1 MiB, for both directions */
    CHUNK_BYTES = 64 * 1024, /* least room asked for at once */
};
static const uint32_t zstd_magic = 0x28b52ffd; /* as its bytes stand in the frame */

size_t frame_begin(struct buf *out)
{
    size_t begun = out->n;
    buf_be32(out, 0);
    return begun;
}

void frame_end(struct buf *out, size_t begun)
{
    if (out->err != ERR_OK)
        return;
    must(out->n - begun >= FRAME_HEAD_BYTES);
    size_t n = out->n - begun - FRAME_HEAD_BYTES;
    if (n > FRAME_BYTES_MAX) {
        out->err = ERR_LIMIT;
        return;
    }
    for (size_t i = 0; i < FRAME_HEAD_BYTES; i++)
        out->p[begun + i] = (uint8_t)(n >> (24 - 8 * i));
}

enum err frame_next(struct str in, size_t max, struct str *body, size_t *used)
{
    struct cur cur = cur_of(in.p, in.n);
    size_t n = cur_be32(&cur);
    if (!cur.bad && n == 0)
        return ERR_FORMAT;
    if (!cur.bad && n > max)
        return ERR_LIMIT;
    struct str taken = cur_take(&cur, n);
    *body = cur.bad ? (struct str){NULL, 0} : taken;
    *used = cur.bad ? 0 : FRAME_HEAD_BYTES + n;
    return ERR_OK;
}

void squeeze_done(struct squeeze *squeeze)
{
    (void)ZSTD_freeCCtx(squeeze->compress);
    (void)ZSTD_freeDCtx(squeeze->expand);
    *squeeze = (struct squeeze){NULL, NULL};
}

/* The compressing context, ready for a new frame; NULL when out of memory. */
static ZSTD_CCtx *compressor(struct squeeze *squeeze, int level)
{
    if (squeeze->compress == NULL)
        squeeze->compress = ZSTD_createCCtx();
    ZSTD_CCtx *ctx = squeeze->compress;
    if (ctx == NULL)
        return NULL;
    (void)ZSTD_CCtx_reset(ctx, ZSTD_reset_session_only);
    size_t bad = ZSTD_CCtx_setParameter(ctx, ZSTD_c_compressionLevel, level);
    must(!ZSTD_isError(bad));
    /* Made smaller by the library for smaller input. */
    bad = ZSTD_CCtx_setParameter(ctx, ZSTD_c_windowLog, WINDOW_LOG_MAX);
    must(!ZSTD_isError(bad));
    return ctx;
}

enum err squeeze_compress(struct squeeze *squeeze, struct str plain, int level, struct buf *out)
{
    if (out->err != ERR_OK)
        return out->err;
    ZSTD_CCtx *ctx = compressor(squeeze, level);
    if (ctx == NULL)
        return ERR_NOMEM;
    size_t begun = out->n;
    ZSTD_inBuffer from = {plain.p, plain.n, 0};
    size_t left = 1;
    while (left > 0) {
        if (out->room == out->n && !buf_reserve(out, 1))
            break;
        ZSTD_outBuffer to = {out->p + out->n, out->room - out->n, 0};
        left = ZSTD_compressStream2(ctx, &to, &from, ZSTD_e_end);
        if (ZSTD_isError(left)) { /* it has no other reason to fail */
            out->n = begun;
            return ERR_NOMEM;
        }
        out->n += to.pos;
    }
    if (left > 0)
        out->n = begun;
    return left > 0 ? out->err : ERR_OK;
}

/* The expanding context, ready for a new frame; NULL when out of memory. */
static ZSTD_DCtx *expander(struct squeeze *squeeze)
{
    if (squeeze->expand == NULL)
        squeeze->expand = ZSTD_createDCtx();
    ZSTD_DCtx *ctx = squeeze->expand;
    if (ctx == NULL)
        return NULL;
    (void)ZSTD_DCtx_reset(ctx, ZSTD_reset_session_only);
    size_t bad = ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    must(!ZSTD_isError(bad));
    return ctx;
}

/* Window announced by a frame header (RFC 8878 §3.1.1.1), whatever the room in the output: the
 * library looks at it only when it needs a window of its own. FORMAT when this is no ordinary
 * frame: the library would also take skippable and legacy ones. */
static enum err window_of(struct str packed, uint64_t *out)
{
    struct cur cur = cur_of(packed.p, packed.n);
    if (cur_be32(&cur) != zstd_magic)
        return ERR_FORMAT;
    uint8_t descriptor = cur_u8(&cur);
    uint64_t window = 0;
    if ((descriptor & 0x20) == 0) {
        uint8_t b = cur_u8(&cur);
        uint64_t base = UINT64_C(1) << (10 + (b >> 3));
        window = base + base / 8 * (b & 7);
    } else { /* a single segment: the window is the content */
        size_t dictionary_bytes = (size_t)1 << (descriptor & 3) >> 1;
        size_t width = (size_t)1 << (descriptor >> 6);
        (void)cur_take(&cur, dictionary_bytes);
        struct str size = cur_take(&cur, width);
        for (size_t i = size.n; i > 0; i--)
            window = window << 8 | (uint8_t)size.p[i - 1];
        window += width == 2 ? 256 : 0;
    }
    if (cur.bad)
        return ERR_FORMAT;
    *out = window;
    return ERR_OK;
}

static enum err expand_error(size_t code)
{
    ZSTD_ErrorCode err = ZSTD_getErrorCode(code);
    if (err == ZSTD_error_frameParameter_windowTooLarge)
        return ERR_LIMIT;
    return err == ZSTD_error_memory_allocation ? ERR_NOMEM : ERR_FORMAT;
}

/* Expands into `out`, which may keep a part on an error. */
static enum err expand(ZSTD_DCtx *ctx, struct str packed, size_t plain_max, struct buf *out)
{
    size_t begun = out->n;
    ZSTD_inBuffer from = {packed.p, packed.n, 0};
    for (;;) {
        size_t rest = plain_max - (out->n - begun);
        if (rest > 0 && out->room == out->n &&
            !buf_reserve(out, rest < CHUNK_BYTES ? rest : CHUNK_BYTES))
            return out->err;
        size_t room = out->room - out->n;
        uint8_t *end = out->p == NULL ? NULL : out->p + out->n;
        ZSTD_outBuffer to = {end, room < rest ? room : rest, 0};
        size_t was = from.pos;
        size_t left = ZSTD_decompressStream(ctx, &to, &from);
        if (ZSTD_isError(left))
            return expand_error(left);
        out->n += to.pos;
        if (left == 0)
            return from.pos == from.size ? ERR_OK : ERR_FORMAT;
        if (from.pos == was && to.pos == 0)
            return rest == 0 ? ERR_LIMIT : ERR_FORMAT;
    }
}

enum err squeeze_expand(struct squeeze *squeeze, struct str packed, size_t plain_max,
                        struct buf *out)
{
    uint64_t window = 0;
    enum err err = window_of(packed, &window);
    if (err != ERR_OK)
        return err;
    if (window > UINT64_C(1) << WINDOW_LOG_MAX)
        return ERR_LIMIT;
    if (out->err != ERR_OK)
        return out->err;
    ZSTD_DCtx *ctx = expander(squeeze);
    if (ctx == NULL)
        return ERR_NOMEM;
    size_t begun = out->n;
    err = expand(ctx, packed, plain_max, out);
    if (err != ERR_OK)
        out->n = begun;
    return err;
}
