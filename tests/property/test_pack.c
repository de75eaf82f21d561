/* SPDX-License-Identifier: Apache-2.0 */
/* Laws of MessagePack, with msgpack-c as the second opinion. */
#include "proto/pack.h"

#include "proto/mem.h"
#include "tests/support/packs.h"
#include "tests/support/seed.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { VALUES = 3000, NODES = 300, MUTANTS = 40 };

static enum err check(struct str bytes, size_t *used)
{
    return pack_check(bytes, PACK_DEPTH_MAX, PACK_NODES_MAX, used);
}

static void what_is_written_is_msgpack_and_is_read_back(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, seed_of_run("property/pack", 1));
    struct buf ours = {0};
    struct buf theirs = {0};
    struct buf copy = {0};
    for (int i = 0; i < VALUES; i++) {
        buf_clear(&ours);
        buf_clear(&theirs);
        buf_clear(&copy);
        packs_random(&rng, NODES, &ours, &theirs);
        assert_int_equal(ours.err, ERR_OK);
        assert_true(str_eq(buf_str(&ours), buf_str(&theirs)));
        size_t used = 0;
        assert_int_equal(check(buf_str(&ours), &used), ERR_OK);
        assert_int_equal(used, ours.n);
        struct cur cur = cur_of(ours.p, ours.n);
        assert_true(packs_copy(&cur, &copy));
        assert_int_equal(cur_left(&cur), 0);
        assert_true(str_eq(buf_str(&copy), buf_str(&ours)));
        cur = cur_of(ours.p, ours.n);
        assert_int_equal(unpack_any(&cur).n, ours.n);
        assert_true(packs_oracle(buf_str(&ours), &used));
        assert_int_equal(used, ours.n);
    }
    buf_done(&ours);
    buf_done(&theirs);
    buf_done(&copy);
}

/* What pack_check takes, every reader takes, msgpack-c included, to the same last byte. */
static void agrees_about(struct str bytes)
{
    size_t used = 0;
    struct cur cur = cur_of(bytes.p, bytes.n);
    struct str any = unpack_any(&cur);
    if (check(bytes, &used) != ERR_OK)
        return;
    assert_int_equal(any.n, used);
    size_t theirs = 0;
    assert_true(packs_oracle(bytes, &theirs));
    assert_int_equal(theirs, used);
    struct buf copy = {0};
    cur = cur_of(bytes.p, bytes.n);
    assert_true(packs_copy(&cur, &copy));
    assert_int_equal((size_t)(cur.p - (const uint8_t *)bytes.p), used);
    assert_int_equal(check(buf_str(&copy), &used), ERR_OK);
    assert_int_equal(used, copy.n);
    buf_done(&copy);
}

static void mutate(struct rng *rng, struct buf *buf)
{
    for (uint64_t n = rng_below(rng, 4) + 1; n > 0 && buf->n > 0; n--) {
        size_t at = rng_below(rng, buf->n);
        switch (rng_below(rng, 4)) {
        case 0:
            buf->p[at] ^= (uint8_t)(1u << rng_below(rng, 8));
            break;
        case 1:
            buf->p[at] = (uint8_t)(0xc0 + rng_below(rng, 32));
            break;
        case 2:
            buf->n -= rng_below(rng, buf->n / 4 + 1);
            break;
        default:
            buf->p[at] = (uint8_t)rng_next(rng);
            break;
        }
    }
}

static void broken_bytes_are_judged_alike_by_all_readers(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, seed_of_run("property/pack", 2));
    struct buf ours = {0};
    struct buf theirs = {0};
    for (int i = 0; i < VALUES / 4; i++) {
        buf_clear(&ours);
        buf_clear(&theirs);
        packs_random(&rng, NODES / 4, &ours, &theirs);
        for (int k = 0; k < MUTANTS; k++) {
            buf_clear(&theirs);
            buf_add(&theirs, ours.p, ours.n);
            mutate(&rng, &theirs);
            agrees_about(buf_str(&theirs));
        }
    }
    buf_done(&ours);
    buf_done(&theirs);
}

static void noise_is_judged_alike_by_all_readers(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, seed_of_run("property/pack", 3));
    for (int i = 0; i < 100 * VALUES; i++) {
        char noise[24];
        size_t n = rng_below(&rng, sizeof noise + 1);
        rng_fill(&rng, noise, n);
        if (n > 0 && rng_below(&rng, 2) == 0)
            noise[0] = (char)(0x80 + rng_below(&rng, 32));
        agrees_about((struct str){noise, n});
    }
}

static void every_cut_of_a_value_is_refused(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, seed_of_run("property/pack", 4));
    struct buf ours = {0};
    struct buf theirs = {0};
    for (int i = 0; i < VALUES / 10; i++) {
        buf_clear(&ours);
        buf_clear(&theirs);
        packs_random(&rng, NODES / 10, &ours, &theirs);
        for (size_t n = 0; n < ours.n; n++) {
            size_t used = 0;
            assert_int_equal(check((struct str){(const char *)ours.p, n}, &used), ERR_FORMAT);
        }
    }
    buf_done(&ours);
    buf_done(&theirs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_msgpack_and_is_read_back),
        cmocka_unit_test(broken_bytes_are_judged_alike_by_all_readers),
        cmocka_unit_test(noise_is_judged_alike_by_all_readers),
        cmocka_unit_test(every_cut_of_a_value_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
