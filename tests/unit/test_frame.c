/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/frame.h"

#include "proto/mem.h"
#include "proto/pack.h"
#include "tests/support/alloc_fail.h"
#include "tests/support/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <zstd.h>

#include <cmocka.h>

enum { LEVEL = 3, WINDOW_BYTES_MAX = 1 << 20 };

static void frames_come_back_one_after_the_other(void **state)
{
    (void)state;
    struct buf wire = {0};
    for (int64_t i = 0; i < 3; i++) {
        size_t begun = frame_begin(&wire);
        pack_array(&wire, 1);
        pack_int(&wire, i * 1000);
        frame_end(&wire, begun);
    }
    assert_int_equal(wire.err, ERR_OK);
    for (int64_t i = 0; i < 3; i++) {
        struct str body = {NULL, 0};
        size_t used = 0;
        assert_int_equal(frame_next(buf_str(&wire), FRAME_BYTES_MAX, &body, &used), ERR_OK);
        struct cur cur = cur_of(body.p, body.n);
        assert_int_equal(unpack_array(&cur), 1);
        assert_true(unpack_int(&cur) == i * 1000);
        assert_int_equal(used, body.n + FRAME_HEAD_BYTES);
        buf_drop(&wire, used);
    }
    assert_int_equal(wire.n, 0);
    buf_done(&wire);
}

static void a_frame_cut_anywhere_waits_for_more(void **state)
{
    (void)state;
    const struct str wire = {"\x00\x00\x00\x03\x92\x01\x02", 7};
    for (size_t n = 0; n < wire.n; n++) {
        struct str body = STR("before");
        size_t used = 99;
        assert_int_equal(frame_next((struct str){wire.p, n}, 100, &body, &used), ERR_OK);
        assert_null(body.p);
        assert_int_equal(body.n, 0);
        assert_int_equal(used, 0);
    }
}

static void an_announced_length_is_judged_before_it_arrives(void **state)
{
    (void)state;
    struct str body = {NULL, 0};
    size_t used = 0;
    const struct str huge = {"\xff\xff\xff\xff", 4};
    const struct str over = {"\x00\x10\x00\x01", 4};
    const struct str just = {"\x00\x10\x00\x00", 4};
    const struct str none = {"\x00\x00\x00\x00\xc0", 5};
    assert_int_equal(frame_next(huge, FRAME_BYTES_MAX, &body, &used), ERR_LIMIT);
    assert_int_equal(frame_next(over, FRAME_BYTES_MAX, &body, &used), ERR_LIMIT);
    assert_int_equal(frame_next(just, FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_int_equal(frame_next(none, FRAME_BYTES_MAX, &body, &used), ERR_FORMAT);
}

static void a_body_over_the_limit_is_not_sent(void **state)
{
    (void)state;
    static const char body[FRAME_BYTES_MAX + 1];
    for (size_t n = FRAME_BYTES_MAX; n <= FRAME_BYTES_MAX + 1; n++) {
        struct buf wire = {0};
        buf_text(&wire, "before");
        size_t begun = frame_begin(&wire);
        buf_add(&wire, body, n);
        frame_end(&wire, begun);
        assert_int_equal(wire.err, n > FRAME_BYTES_MAX ? ERR_LIMIT : ERR_OK);
        buf_done(&wire);
    }
}

static void a_frame_in_a_full_buffer_keeps_the_error(void **state)
{
    (void)state;
    struct buf wire;
    buf_init(&wire, 6);
    size_t begun = frame_begin(&wire);
    buf_text(&wire, "abc");
    frame_end(&wire, begun);
    assert_int_equal(wire.err, ERR_LIMIT);
    buf_done(&wire);
}

/* Half text that compresses, half noise that does not. */
static struct str sample(struct buf *buf, size_t n)
{
    struct rng rng;
    rng_init(&rng, n);
    buf_clear(buf);
    while (buf->n < n) {
        uint8_t noise[16];
        rng_fill(&rng, noise, sizeof noise);
        buf_text(buf, "l'entretien de suivi ");
        buf_add(buf, noise, rng_below(&rng, sizeof noise));
    }
    return (struct str){(const char *)buf->p, n};
}

static void what_is_squeezed_comes_back_after_what_stood_there(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,
                                   1,
                                   100,
                                   65535,
                                   65536,
                                   1 << 17,
                                   (1 << 20) - 1,
                                   1 << 20,
                                   3 << 20,
                                   FRAME_PLAIN_BYTES_MAX};
    struct squeeze squeeze = {NULL, NULL};
    struct buf plain = {0};
    struct buf packed = {0};
    struct buf back = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct str s = sample(&plain, sizes[i]);
        buf_clear(&packed);
        buf_text(&packed, "head");
        assert_int_equal(squeeze_compress(&squeeze, s, LEVEL, &packed), ERR_OK);
        buf_clear(&back);
        buf_text(&back, "kept");
        struct str body = {(const char *)packed.p + 4, packed.n - 4};
        assert_int_equal(squeeze_expand(&squeeze, body, sizes[i], &back), ERR_OK);
        assert_true(str_eq((struct str){(const char *)back.p + 4, back.n - 4}, s));
        assert_memory_equal(back.p, "kept", 4);
        assert_memory_equal(packed.p, "head", 4);
    }
    squeeze_done(&squeeze);
    squeeze_done(&squeeze);
    buf_done(&plain);
    buf_done(&packed);
    buf_done(&back);
}

static void one_byte_over_the_bound_is_refused(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 65536, 1 << 20, 3 << 20};
    struct squeeze squeeze = {NULL, NULL};
    struct buf plain = {0};
    struct buf packed = {0};
    struct buf back = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct str s = sample(&plain, sizes[i]);
        buf_clear(&packed);
        buf_clear(&back);
        buf_text(&back, "kept");
        assert_int_equal(squeeze_compress(&squeeze, s, LEVEL, &packed), ERR_OK);
        assert_int_equal(squeeze_expand(&squeeze, buf_str(&packed), sizes[i] - 1, &back),
                         ERR_LIMIT);
        assert_true(str_eq(buf_str(&back), STR("kept")));
        assert_int_equal(squeeze_expand(&squeeze, buf_str(&packed), sizes[i], &back), ERR_OK);
    }
    squeeze_done(&squeeze);
    buf_done(&plain);
    buf_done(&packed);
    buf_done(&back);
}

static void a_bomb_costs_no_more_memory_than_the_bound(void **state)
{
    (void)state;
    enum { BOMB_BYTES = 64 << 20, BOUND = 1 << 20 };
    struct buf zeros = {0};
    assert_true(buf_reserve(&zeros, BOMB_BYTES));
    memset(zeros.p, 0, BOMB_BYTES);
    zeros.n = BOMB_BYTES;
    struct squeeze squeeze = {NULL, NULL};
    struct buf packed = {0};
    struct buf back = {0};
    assert_int_equal(squeeze_compress(&squeeze, buf_str(&zeros), LEVEL, &packed), ERR_OK);
    assert_true(packed.n < 10000);
    assert_int_equal(squeeze_expand(&squeeze, buf_str(&packed), BOUND, &back), ERR_LIMIT);
    assert_true(back.room <= BOUND);
    squeeze_done(&squeeze);
    buf_done(&zeros);
    buf_done(&packed);
    buf_done(&back);
}

/* A raw block of three bytes behind a header that says what it likes. */
static void the_size_in_the_header_is_not_believed(void **state)
{
    (void)state;
    static const struct {
        struct str frame;
        enum err err;
    } frames[] = {
        /* single segment, content 3, as it is */
        {{"\x28\xb5\x2f\xfd\x20\x03\x19\0\0abc", 12}, ERR_OK},
        /* content 200, only 3 there */
        {{"\x28\xb5\x2f\xfd\x20\xc8\x19\0\0abc", 12}, ERR_FORMAT},
        /* content 2, but 3 there */
        {{"\x28\xb5\x2f\xfd\x20\x02\x19\0\0abc", 12}, ERR_FORMAT},
        /* 8-byte size of 2^40: the window would be as large */
        {{"\x28\xb5\x2f\xfd\xe0\x00\x00\x00\x00\x00\x01\x00\x00\x19\0\0abc", 19}, ERR_LIMIT},
        /* unknown size, window 1 KiB, 1 MiB, then 1 MiB + 128 KiB and 2 GiB */
        {{"\x28\xb5\x2f\xfd\x00\x00\x19\0\0abc", 12}, ERR_OK},
        {{"\x28\xb5\x2f\xfd\x00\x50\x19\0\0abc", 12}, ERR_OK},
        {{"\x28\xb5\x2f\xfd\x00\x51\x19\0\0abc", 12}, ERR_LIMIT},
        {{"\x28\xb5\x2f\xfd\x00\xa8\x19\0\0abc", 12}, ERR_LIMIT},
        /* a dictionary nobody has */
        {{"\x28\xb5\x2f\xfd\x21\x07\x03\x19\0\0abc", 13}, ERR_FORMAT},
    };
    struct squeeze squeeze = {NULL, NULL};
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        for (size_t room = 0; room < 2; room++) {
            struct buf back = {0};
            if (room == 1)
                assert_true(buf_reserve(&back, 4 << 20));
            assert_int_equal(squeeze_expand(&squeeze, frames[i].frame, 1000, &back),
                             frames[i].err);
            assert_true(str_eq(buf_str(&back), frames[i].err == ERR_OK ? STR("abc") : STR("")));
            buf_done(&back);
        }
    }
    squeeze_done(&squeeze);
}

static void only_one_whole_ordinary_frame_is_taken(void **state)
{
    (void)state;
    struct squeeze squeeze = {NULL, NULL};
    struct buf plain = {0};
    struct buf packed = {0};
    struct buf back = {0};
    struct str s = sample(&plain, 2000);
    assert_int_equal(squeeze_compress(&squeeze, s, LEVEL, &packed), ERR_OK);
    for (size_t n = 0; n < packed.n; n++) {
        struct str cut = {(const char *)packed.p, n};
        assert_int_equal(squeeze_expand(&squeeze, cut, 4000, &back), ERR_FORMAT);
        assert_int_equal(back.n, 0);
    }
    size_t one = packed.n;
    buf_u8(&packed, 0);
    assert_int_equal(squeeze_expand(&squeeze, buf_str(&packed), 4000, &back), ERR_FORMAT);
    packed.n = one;
    assert_int_equal(squeeze_compress(&squeeze, s, LEVEL, &packed), ERR_OK);
    assert_int_equal(squeeze_expand(&squeeze, buf_str(&packed), 8000, &back), ERR_FORMAT);
    const struct str skippable = {"\x50\x2a\x4d\x18\x01\x00\x00\x00x", 9};
    assert_int_equal(squeeze_expand(&squeeze, skippable, 4000, &back), ERR_FORMAT);
    const struct str junk = STR("not a frame at all");
    assert_int_equal(squeeze_expand(&squeeze, junk, 4000, &back), ERR_FORMAT);
    assert_int_equal(back.n, 0);
    squeeze_done(&squeeze);
    buf_done(&plain);
    buf_done(&packed);
    buf_done(&back);
}

static void no_level_makes_a_window_over_a_mebibyte(void **state)
{
    (void)state;
    struct squeeze squeeze = {NULL, NULL};
    struct buf plain = {0};
    struct str s = sample(&plain, FRAME_PLAIN_BYTES_MAX);
    for (int level = -5; level <= 22; level += 9) {
        struct buf packed = {0};
        assert_int_equal(squeeze_compress(&squeeze, s, level, &packed), ERR_OK);
        /* Not a single segment, so the byte behind the descriptor is the window's. */
        assert_int_equal(packed.p[4] & 0x20, 0);
        assert_true((UINT64_C(1) << (10 + (packed.p[5] >> 3))) <= WINDOW_BYTES_MAX);
        assert_int_equal(packed.p[5] & 7, 0);
        ZSTD_DCtx *strict = ZSTD_createDCtx();
        assert_false(ZSTD_isError(ZSTD_DCtx_setParameter(strict, ZSTD_d_windowLogMax, 20)));
        uint8_t some[1000];
        ZSTD_outBuffer to = {some, sizeof some, 0};
        ZSTD_inBuffer from = {packed.p, packed.n, 0};
        assert_false(ZSTD_isError(ZSTD_decompressStream(strict, &to, &from)));
        (void)ZSTD_freeDCtx(strict);
        buf_done(&packed);
    }
    squeeze_done(&squeeze);
    buf_done(&plain);
}

static void a_full_output_is_reported_and_the_contexts_go_on(void **state)
{
    (void)state;
    struct squeeze squeeze = {NULL, NULL};
    struct buf plain = {0};
    struct str s = sample(&plain, 300000);
    struct buf small;
    buf_init(&small, 1000);
    buf_text(&small, "kept");
    assert_int_equal(squeeze_compress(&squeeze, s, LEVEL, &small), ERR_LIMIT);
    assert_true(str_eq(buf_str(&small), STR("kept")));
    assert_int_equal(squeeze_compress(&squeeze, s, LEVEL, &small), ERR_LIMIT);
    struct buf packed = {0};
    assert_int_equal(squeeze_compress(&squeeze, s, LEVEL, &packed), ERR_OK);
    buf_clear(&small);
    assert_int_equal(squeeze_expand(&squeeze, buf_str(&packed), 300000, &small), ERR_LIMIT);
    struct buf back = {0};
    alloc_fail_at(ALLOC_OURS, 2, true);
    assert_int_equal(squeeze_expand(&squeeze, buf_str(&packed), 300000, &back), ERR_NOMEM);
    alloc_fail_off();
    assert_int_equal(back.n, 0);
    buf_clear(&back);
    assert_int_equal(squeeze_expand(&squeeze, buf_str(&packed), 300000, &back), ERR_OK);
    assert_true(str_eq(buf_str(&back), s));
    squeeze_done(&squeeze);
    buf_done(&plain);
    buf_done(&small);
    buf_done(&packed);
    buf_done(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back_one_after_the_other),
        cmocka_unit_test(a_frame_cut_anywhere_waits_for_more),
        cmocka_unit_test(an_announced_length_is_judged_before_it_arrives),
        cmocka_unit_test(a_body_over_the_limit_is_not_sent),
        cmocka_unit_test(a_frame_in_a_full_buffer_keeps_the_error),
        cmocka_unit_test(what_is_squeezed_comes_back_after_what_stood_there),
        cmocka_unit_test(one_byte_over_the_bound_is_refused),
        cmocka_unit_test(a_bomb_costs_no_more_memory_than_the_bound),
        cmocka_unit_test(the_size_in_the_header_is_not_believed),
        cmocka_unit_test(only_one_whole_ordinary_frame_is_taken),
        cmocka_unit_test(no_level_makes_a_window_over_a_mebibyte),
        cmocka_unit_test(a_full_output_is_reported_and_the_contexts_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
