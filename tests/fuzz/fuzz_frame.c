/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a stream of frames and as a zstd block; the bytes squeezed and expanded. */
#include "proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PLAIN_BYTES_MAX = 256 * 1024 };

/* The stream arriving whole and arriving byte by byte are the same frames. */
static void as_stream(struct str all)
{
    size_t at = 0;
    for (;;) {
        struct str rest = {all.p + at, all.n - at};
        struct str body = {NULL, 0};
        size_t used = 0;
        enum err err = frame_next(rest, FRAME_BYTES_MAX, &body, &used);
        must(err == ERR_OK || err == ERR_LIMIT || err == ERR_FORMAT);
        if (err != ERR_OK || used == 0)
            return;
        must(body.n > 0 && used == body.n + FRAME_HEAD_BYTES && used <= rest.n);
        must(body.p == rest.p + FRAME_HEAD_BYTES);
        struct str cut = {rest.p, used - 1};
        struct str none = {NULL, 0};
        size_t waits = 1;
        must(frame_next(cut, FRAME_BYTES_MAX, &none, &waits) == ERR_OK);
        must(none.p == NULL && waits == 0);

        struct buf again = {0};
        size_t begun = frame_begin(&again);
        buf_add(&again, body.p, body.n);
        frame_end(&again, begun);
        must(str_eq(buf_str(&again), (struct str){rest.p, used}));
        buf_done(&again);
        at += used;
    }
}

static void as_block(struct squeeze *squeeze, struct str bytes)
{
    struct buf plain = {0};
    enum err err = squeeze_expand(squeeze, bytes, PLAIN_BYTES_MAX, &plain);
    must(err == ERR_OK || err == ERR_LIMIT || err == ERR_FORMAT);
    must(plain.n <= PLAIN_BYTES_MAX && (err == ERR_OK || plain.n == 0));
    /* The verdict does not depend on the room there is. */
    struct buf roomy = {0};
    must(buf_reserve(&roomy, 4 * PLAIN_BYTES_MAX));
    must(squeeze_expand(squeeze, bytes, PLAIN_BYTES_MAX, &roomy) == err);
    must(str_eq(buf_str(&plain), buf_str(&roomy)));
    buf_done(&plain);
    buf_done(&roomy);
}

static void there_and_back(struct squeeze *squeeze, struct str plain)
{
    struct buf packed = {0};
    struct buf back = {0};
    must(squeeze_compress(squeeze, plain, 3, &packed) == ERR_OK);
    must(squeeze_expand(squeeze, buf_str(&packed), plain.n, &back) == ERR_OK);
    must(str_eq(buf_str(&back), plain));
    buf_done(&packed);
    buf_done(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct squeeze squeeze;
    struct str bytes = {(const char *)data, size};
    if (size == 0)
        return 0;
    as_stream(bytes);
    as_block(&squeeze, bytes);
    there_and_back(&squeeze, bytes);
    return 0;
}
