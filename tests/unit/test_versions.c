/* SPDX-License-Identifier: Apache-2.0 */
#include "store/versions.h"

#include "proto/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void what_is_encoded_is_decoded(void **state)
{
    (void)state;
    struct versions v = {.made_seq = 7};
    struct version taken = {.field = 3, .stamp = {1000, 2}, .adj_ms = -50, .seq = 9};
    struct version told = {
        .field = FIELD_DELETED, .stamp = {2000, 0}, .seq = 12, .retold = true, .changed = 8};
    versions_set(&v, &taken);
    versions_set(&v, &told);
    struct buf blob = {0};
    struct versions back;
    versions_encode(&v, &blob);
    assert_int_equal(blob.err, ERR_OK);
    assert_int_equal(versions_decode(buf_str(&blob), 99, &back), ERR_OK);
    assert_int_equal(back.made_seq, 7);
    assert_int_equal(back.count, 2);
    assert_int_equal(versions_find(&back, 3)->adj_ms, -50);
    assert_int_equal(versions_find(&back, 3)->seq, 9);
    assert_false(versions_find(&back, 3)->retold);
    assert_true(versions_find(&back, FIELD_DELETED)->retold);
    assert_int_equal(versions_find(&back, FIELD_DELETED)->changed, 8);
    assert_null(versions_find(&back, 4));
    buf_done(&blob);
}

static void a_row_without_exceptions_takes_no_bytes(void **state)
{
    (void)state;
    struct versions v = {.made_seq = 7};
    struct buf blob = {0};
    versions_encode(&v, &blob);
    assert_int_equal(blob.n, 0);
    assert_int_equal(versions_decode(buf_str(&blob), 7, &v), ERR_OK);
    assert_int_equal(v.made_seq, 7);
    assert_int_equal(v.count, 0);
    buf_done(&blob);
}

static void setting_a_field_again_replaces_it(void **state)
{
    (void)state;
    struct versions v = {.made_seq = 1};
    for (uint64_t i = 0; i < 3 * VERSIONS_MAX; i++) {
        struct version one = {.field = (uint16_t)(i % VERSIONS_MAX + 1), .seq = i};
        versions_set(&v, &one);
    }
    assert_int_equal(v.count, VERSIONS_MAX);
    assert_int_equal(versions_find(&v, 1)->seq, (uint64_t)2 * VERSIONS_MAX);
}

static void every_cut_and_every_excess_is_damage(void **state)
{
    (void)state;
    struct versions v = {.made_seq = 300};
    struct version one = {.field = 3, .stamp = {1000, 2}, .seq = 9, .retold = true};
    versions_set(&v, &one);
    struct buf blob = {0};
    versions_encode(&v, &blob);
    size_t head = 3; /* made_seq alone is a blob without exceptions */
    for (size_t n = 1; n < blob.n; n++) {
        struct str cut = {(const char *)blob.p, n};
        if (n != head)
            assert_int_equal(versions_decode(cut, 0, &v), ERR_CORRUPT);
    }
    buf_clear(&blob);
    pack_uint(&blob, 1);
    for (int i = 0; i <= VERSIONS_MAX; i++) {
        for (int k = 0; k < 5; k++)
            pack_int(&blob, 2);
    }
    assert_int_equal(versions_decode(buf_str(&blob), 0, &v), ERR_CORRUPT);
    buf_done(&blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded_is_decoded),
        cmocka_unit_test(a_row_without_exceptions_takes_no_bytes),
        cmocka_unit_test(setting_a_field_again_replaces_it),
        cmocka_unit_test(every_cut_and_every_excess_is_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
