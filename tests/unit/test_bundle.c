/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/bundle.h"
#include "proto/frame.h"
#include "proto/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { VERSION_AT = 8, KIND_AT = 9, ZERO_AT = 10, REST_AT = 12 };

static struct bundle_head some_head(void)
{
    struct bundle_head head = {.kind = BUNDLE_TO_DEVICE, .device = 70000};
    memset(head.history.b, 1, sizeof head.history.b);
    memset(head.file, 2, sizeof head.file);
    memset(head.recipient, 3, sizeof head.recipient);
    memset(head.ephemeral, 4, sizeof head.ephemeral);
    return head;
}

static void a_header_comes_back_as_it_was_written(void **state)
{
    (void)state;
    struct bundle_head head = some_head();
    struct bundle_head back = {.device = 0};
    struct buf out = {0};
    bundle_head_write(&head, &out);
    assert_int_equal(out.n, BUNDLE_HEAD_BYTES);
    buf_text(&out, "what follows");
    assert_int_equal(bundle_head_read(buf_str(&out), &back), BUNDLE_SOUND);
    assert_int_equal(back.kind, head.kind);
    assert_int_equal(back.device, head.device);
    assert_true(id_eq(&back.history, &head.history));
    assert_memory_equal(back.file, head.file, sizeof head.file);
    assert_memory_equal(back.recipient, head.recipient, sizeof head.recipient);
    assert_memory_equal(back.ephemeral, head.ephemeral, sizeof head.ephemeral);
    buf_done(&out);
}

static void the_beginning_of_a_header_is_an_unfinished_copy(void **state)
{
    (void)state;
    struct bundle_head head = some_head();
    struct bundle_head back = {.device = 5};
    struct buf out = {0};
    bundle_head_write(&head, &out);
    for (size_t n = 0; n < BUNDLE_HEAD_BYTES; n++) {
        struct str part = {(const char *)out.p, n};
        assert_int_equal(bundle_head_read(part, &back), BUNDLE_CUT);
    }
    assert_int_equal(back.device, 5);
    buf_done(&out);
}

static void what_is_no_header_of_ours_is_named(void **state)
{
    (void)state;
    struct bundle_head head = some_head();
    struct bundle_head back = {.device = 5};
    struct buf out = {0};
    bundle_head_write(&head, &out);
    for (size_t at = 0; at < REST_AT; at++) {
        enum bundle_fault want = BUNDLE_DAMAGED;
        if (at < VERSION_AT)
            want = BUNDLE_FOREIGN;
        else if (at == VERSION_AT)
            want = BUNDLE_NEWER;
        out.p[at] ^= 0x40;
        assert_int_equal(bundle_head_read(buf_str(&out), &back), want);
        out.p[at] ^= 0x40;
    }
    out.p[VERSION_AT] = 0;
    assert_int_equal(bundle_head_read(buf_str(&out), &back), BUNDLE_DAMAGED);
    /* A later version may look otherwise from there on. */
    out.p[VERSION_AT] = BUNDLE_VERSION + 1;
    struct str part = {(const char *)out.p, KIND_AT};
    assert_int_equal(bundle_head_read(part, &back), BUNDLE_NEWER);
    assert_int_equal(bundle_head_read(STR("PK\x03\x04"), &back), BUNDLE_FOREIGN);
    assert_int_equal(back.device, 5);
    buf_done(&out);
}

static void put_segment(struct buf *out, size_t plain, bool last)
{
    bundle_segment_begin(plain, last, out);
    for (size_t i = 0; i < plain + BUNDLE_TAG_BYTES; i++)
        buf_u8(out, (uint8_t)i);
}

static void segments_follow_each_other(void **state)
{
    (void)state;
    struct buf out = {0};
    struct bundle_segment segment;
    size_t used = 0;
    put_segment(&out, BUNDLE_SEGMENT_BYTES, false);
    size_t first = out.n;
    put_segment(&out, 1, true);
    assert_int_equal(bundle_segment_next(buf_str(&out), &segment, &used), BUNDLE_SOUND);
    assert_int_equal(used, first);
    assert_false(segment.last);
    assert_int_equal(segment.sealed.n, BUNDLE_SEGMENT_BYTES + BUNDLE_TAG_BYTES);
    buf_drop(&out, used);
    assert_int_equal(bundle_segment_next(buf_str(&out), &segment, &used), BUNDLE_SOUND);
    assert_int_equal(used, out.n);
    assert_true(segment.last);
    assert_int_equal(segment.sealed.n, 1 + BUNDLE_TAG_BYTES);
    for (size_t n = 0; n < out.n; n++) { /* more is needed */
        struct str part = {(const char *)out.p, n};
        assert_int_equal(bundle_segment_next(part, &segment, &used), BUNDLE_SOUND);
        assert_int_equal(used, 0);
    }
    buf_done(&out);
}

static void a_length_that_cannot_be_is_not_waited_for(void **state)
{
    (void)state;
    const struct {
        uint32_t head;
        enum bundle_fault fault;
    } heads[] = {
        {0, BUNDLE_DAMAGED},
        {UINT32_MAX, BUNDLE_DAMAGED},
        {BUNDLE_TAG_BYTES | UINT32_C(1) << 31, BUNDLE_DAMAGED}, /* empty */
        {(BUNDLE_TAG_BYTES + 1) | UINT32_C(1) << 31, BUNDLE_SOUND},
        {BUNDLE_TAG_BYTES + 1, BUNDLE_DAMAGED}, /* short, and not the last */
        {BUNDLE_SEGMENT_BYTES + BUNDLE_TAG_BYTES, BUNDLE_SOUND},
        {BUNDLE_SEGMENT_BYTES + BUNDLE_TAG_BYTES - 1, BUNDLE_DAMAGED},
        {BUNDLE_SEGMENT_BYTES + BUNDLE_TAG_BYTES + 1, BUNDLE_DAMAGED},
        {(BUNDLE_SEGMENT_BYTES + BUNDLE_TAG_BYTES + 1) | UINT32_C(1) << 31, BUNDLE_DAMAGED},
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct buf out = {0};
        struct bundle_segment segment;
        size_t used = 1;
        buf_be32(&out, heads[i].head);
        assert_int_equal(bundle_segment_next(buf_str(&out), &segment, &used), heads[i].fault);
        assert_int_equal(used, 0);
        buf_done(&out);
    }
}

static void no_nonce_comes_twice(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {0, 1, 255, 256, 65535, 65536, BUNDLE_SEGMENTS_MAX};
    enum { COUNT = 2 * sizeof numbers / sizeof *numbers };
    uint8_t nonces[COUNT][BUNDLE_NONCE_BYTES];
    for (size_t i = 0; i < COUNT; i++) {
        bundle_nonce(numbers[i / 2], i % 2 == 1, nonces[i]);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(nonces[i], nonces[k], BUNDLE_NONCE_BYTES);
    }
}

static void a_card_names_one_key(void **state)
{
    (void)state;
    struct buf out = {0};
    uint8_t key[BUNDLE_PUBLIC_BYTES];
    uint8_t back[BUNDLE_PUBLIC_BYTES];
    struct str body = {NULL, 0};
    size_t used = 0;
    memset(key, 7, sizeof key);
    bundle_card_write(key, &out);
    assert_int_equal(frame_next(buf_str(&out), FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_int_equal(bundle_card_read(body, back), BUNDLE_SOUND);
    assert_memory_equal(key, back, sizeof key);
    body.n--;
    assert_int_equal(bundle_card_read(body, back), BUNDLE_DAMAGED);
    assert_int_equal(bundle_card_read(STR("\x90"), back), BUNDLE_DAMAGED);
    assert_int_equal(bundle_card_read(STR("\x91\xc4\x01x"), back), BUNDLE_DAMAGED);
    /* A later version may say more. */
    buf_clear(&out);
    pack_array(&out, 2);
    pack_bin(&out, (struct str){(const char *)key, sizeof key});
    pack_nil(&out);
    assert_int_equal(bundle_card_read(buf_str(&out), back), BUNDLE_SOUND);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_comes_back_as_it_was_written),
        cmocka_unit_test(the_beginning_of_a_header_is_an_unfinished_copy),
        cmocka_unit_test(what_is_no_header_of_ours_is_named),
        cmocka_unit_test(segments_follow_each_other),
        cmocka_unit_test(a_length_that_cannot_be_is_not_waited_for),
        cmocka_unit_test(no_nonce_comes_twice),
        cmocka_unit_test(a_card_names_one_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
