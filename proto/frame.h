/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on the byte stream: a 32-bit length and a MessagePack array; zstd blocks with a bound.
 */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

#include "proto/buf.h"

enum {
    FRAME_BYTES_MAX = 1024 * 1024,   /* body of one frame */
    FRAME_HEAD_BYTES = 4,            /* length, big endian */
    FRAME_PLAIN_BYTES_MAX = 4 << 20, /* what one compressed block may grow to */
};

/* Start a frame in `out`; returns the place frame_end wants. Then append exactly one
 * MessagePack array. */
size_t frame_begin(struct buf *out);
/* Write the length; sets out->err to LIMIT when the body is over FRAME_BYTES_MAX. */
void frame_end(struct buf *out, size_t begun);

/* Take the next frame from the front of `in`: OK and *body (a view into `in`; valid until `in`
 * changes) and *used (bytes to drop, head included); or OK with body {NULL,0} and used 0 when
 * more bytes are needed; LIMIT when the announced length is over max; FORMAT when it is zero.
 */
NODISCARD enum err frame_next(struct str in, size_t max, struct str *body, size_t *used);

/* zstd contexts, reused; NULL members until first use. One thread at a time. */
struct squeeze {
    void *compress;
    void *expand;
};
void squeeze_done(struct squeeze *squeeze);
/* Append to `out` a compressed form of `plain` (level: zstd level). */
NODISCARD enum err squeeze_compress(struct squeeze *squeeze, struct str plain, int level,
                                    struct buf *out);
/* Append to `out` the expansion of `packed`; never more than plain_max bytes (allocated as it
 * grows; the header's size is not believed), window <= 1 MiB; trailing bytes refused.
 * FORMAT, LIMIT, NOMEM; `out` then holds what it held before. */
NODISCARD enum err squeeze_expand(struct squeeze *squeeze, struct str packed, size_t plain_max,
                                  struct buf *out);

#endif
