/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/mem.h"

#include "tests/support/alloc_fail.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void new_memory_is_zeroed(void **state)
{
    (void)state;
    for (size_t n = 1; n < 5000; n += 97) {
        uint8_t *p = mem_new(n);
        assert_non_null(p);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, n);
        mem_free(p);
    }
}

static void a_block_over_the_limit_or_of_nothing_is_refused(void **state)
{
    (void)state;
    assert_null(mem_new(0));
    assert_null(mem_new((size_t)MEM_BLOCK_BYTES_MAX + 1));
    assert_null(mem_grow(NULL, (size_t)MEM_BLOCK_BYTES_MAX + 1));
    void *p = mem_new(MEM_BLOCK_BYTES_MAX);
    assert_non_null(p);
    mem_free(p);
    mem_free(NULL);
}

static void an_array_too_large_to_count_is_refused(void **state)
{
    (void)state;
    assert_null(mem_array(SIZE_MAX / 2, 3));
    assert_null(mem_array(SIZE_MAX, SIZE_MAX));
    assert_null(mem_array((size_t)MEM_BLOCK_BYTES_MAX / 8 + 1, 8));
    uint64_t *p = mem_array(10, sizeof *p);
    assert_non_null(p);
    assert_true(p[9] == 0);
    mem_free(p);
}

static void growing_keeps_the_bytes_and_failing_keeps_the_block(void **state)
{
    (void)state;
    char *p = mem_new(8);
    assert_non_null(p);
    memcpy(p, "jalon", 6);
    char *larger = mem_grow(p, 100000);
    assert_non_null(larger);
    assert_string_equal(larger, "jalon");
    alloc_fail_at(ALLOC_OURS, 1, false);
    assert_null(mem_grow(larger, 200000));
    alloc_fail_off();
    assert_string_equal(larger, "jalon");
    mem_free(larger);
}

static void wiping_leaves_zeros(void **state)
{
    (void)state;
    uint8_t secret[33];
    memset(secret, 0xa5, sizeof secret);
    mem_wipe(secret, 32);
    for (size_t i = 0; i < 32; i++)
        assert_int_equal(secret[i], 0);
    assert_int_equal(secret[32], 0xa5);
}

static void a_difference_in_any_bit_is_seen(void **state)
{
    (void)state;
    uint8_t a[32];
    uint8_t b[32];
    memset(a, 0x5a, sizeof a);
    for (size_t bit = 0; bit < sizeof a * 8; bit++) {
        memcpy(b, a, sizeof b);
        assert_int_equal(mem_differ(a, b, sizeof a), 0);
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(mem_differ(a, b, sizeof a), 0);
    }
    assert_int_equal(mem_differ(a, b, 0), 0);
}

static void arena_blocks_are_aligned_zeroed_and_apart(void **state)
{
    (void)state;
    struct arena arena = {0};
    uint8_t *blocks[200];
    for (size_t i = 0; i < 200; i++) {
        blocks[i] = arena_new(&arena, i * 7);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k < i * 7; k++)
            assert_int_equal(blocks[i][k], 0);
        memset(blocks[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t k = 0; k < i * 7; k++)
            assert_int_equal(blocks[i][k], i);
    }
    assert_true(arena.used >= (size_t)200 * 199 / 2 * 7);
    arena_done(&arena);
    assert_int_equal(arena.used, 0);
    assert_null(arena.first);
    assert_non_null(arena_new(&arena, 1));
    arena_done(&arena);
}

static void an_arena_copy_is_terminated(void **state)
{
    (void)state;
    struct arena arena = {0};
    char *copy = arena_copy(&arena, "stage", 5);
    assert_string_equal(copy, "stage");
    assert_string_equal(arena_copy(&arena, NULL, 0), "");
    arena_done(&arena);
}

static void an_arena_survives_a_failed_allocation(void **state)
{
    (void)state;
    struct arena arena = {0};
    char *kept = arena_copy(&arena, "kept", 4);
    assert_null(arena_new(&arena, (size_t)MEM_BLOCK_BYTES_MAX + 1));
    alloc_fail_at(ALLOC_OURS, 1, true);
    assert_null(arena_new(&arena, 1000000));
    alloc_fail_off();
    assert_string_equal(kept, "kept");
    assert_non_null(arena_new(&arena, 1000000));
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zeroed),
        cmocka_unit_test(a_block_over_the_limit_or_of_nothing_is_refused),
        cmocka_unit_test(an_array_too_large_to_count_is_refused),
        cmocka_unit_test(growing_keeps_the_bytes_and_failing_keeps_the_block),
        cmocka_unit_test(wiping_leaves_zeros),
        cmocka_unit_test(a_difference_in_any_bit_is_seen),
        cmocka_unit_test(arena_blocks_are_aligned_zeroed_and_apart),
        cmocka_unit_test(an_arena_copy_is_terminated),
        cmocka_unit_test(an_arena_survives_a_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
