/* SPDX-License-Identifier: Apache-2.0 */
#include "io/mo.h"

#include "proto/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void put(struct buf *out, uint32_t v, bool big)
{
    if (big) {
        buf_be32(out, v);
        return;
    }
    for (int i = 0; i < 4; i++)
        buf_u8(out, (uint8_t)(v >> (8 * i)));
}

/* A catalogue of n sorted texts, in either byte order. Lengths do not count the NUL. */
static void make(struct buf *out, const struct str *ids, const struct str *words, uint32_t n,
                 bool big)
{
    put(out, 0x950412de, big);
    put(out, 0, big);
    put(out, n, big);
    put(out, 28, big);
    put(out, 28 + 8 * n, big);
    put(out, 0, big);
    put(out, 0, big);
    uint32_t at = 28 + 16 * n;
    for (uint32_t k = 0; k < 2 * n; k++) {
        struct str s = k < n ? ids[k] : words[k - n];
        put(out, (uint32_t)s.n, big);
        put(out, at, big);
        at += (uint32_t)s.n + 1;
    }
    for (uint32_t k = 0; k < 2 * n; k++) {
        struct str s = k < n ? ids[k] : words[k - n];
        buf_add(out, s.p, s.n);
        buf_u8(out, 0);
    }
    must(out->err == ERR_OK);
}

static const struct str ids[] = {{"", 0}, {"chat", 4}, {"oui\0ouis", 8}, {"vide", 4}};
static const struct str words[] = {{"head", 4}, {"cat", 3}, {"yes\0yeses", 9}, {"", 0}};

static void texts_are_found_in_both_byte_orders(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        struct buf bytes = {0};
        struct mo mo;
        make(&bytes, ids, words, 4, big == 1);
        assert_int_equal(mo_open(&mo, buf_str(&bytes)), ERR_OK);
        assert_string_equal(mo_find(&mo, "chat", 0), "cat");
        assert_string_equal(mo_find(&mo, "oui", 0), "yes");
        assert_string_equal(mo_find(&mo, "oui", 1), "yeses");
        assert_null(mo_find(&mo, "chat", 1));
        assert_null(mo_find(&mo, "vide", 0));
        assert_null(mo_find(&mo, "chats", 0));
        assert_null(mo_find(&mo, "zzz", 0));
        buf_done(&bytes);
    }
}

static void an_empty_catalogue_finds_nothing(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct mo mo;
    make(&bytes, ids, words, 0, false);
    assert_int_equal(mo_open(&mo, buf_str(&bytes)), ERR_OK);
    assert_null(mo_find(&mo, "chat", 0));
    buf_done(&bytes);
}

/* Reading every text of a catalogue that was accepted touches no byte outside of it: the copy
 * ends where its block ends, which the sanitizers watch. */
static void look_up_all(struct str bytes)
{
    if (bytes.n == 0)
        return;
    char *copy = mem_new(bytes.n);
    assert_non_null(copy);
    memcpy(copy, bytes.p, bytes.n);
    struct mo mo;
    enum err err = mo_open(&mo, (struct str){copy, bytes.n});
    for (size_t i = 0; i < 4; i++) {
        const char *found = mo_find(&mo, ids[i].p, (unsigned)i % 2);
        if (err != ERR_OK)
            assert_null(found);
        else if (found != NULL)
            assert_true(found >= copy && found + strlen(found) < copy + bytes.n);
    }
    mem_free(copy);
}

static void corrupt_bytes_are_refused_or_harmless(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct mo mo;
    make(&bytes, ids, words, 4, false);
    for (size_t n = 0; n < bytes.n; n++) {
        assert_int_equal(mo_open(&mo, (struct str){(char *)bytes.p, n}), ERR_FORMAT);
        look_up_all((struct str){(char *)bytes.p, n});
    }
    static const uint8_t changes[] = {0x01, 0x80, 0xff};
    for (size_t i = 0; i < bytes.n; i++) {
        for (size_t k = 0; k < sizeof changes; k++) {
            bytes.p[i] ^= changes[k];
            look_up_all(buf_str(&bytes));
            bytes.p[i] ^= changes[k];
        }
    }
    assert_int_equal(mo_open(&mo, buf_str(&bytes)), ERR_OK);
    buf_done(&bytes);
}

static void wrong_order_and_counts_are_refused(void **state)
{
    (void)state;
    static const struct str unsorted[] = {{"", 0}, {"oui", 3}, {"chat", 4}, {"vide", 4}};
    struct buf bytes = {0};
    struct mo mo;
    make(&bytes, unsorted, words, 4, false);
    assert_int_equal(mo_open(&mo, buf_str(&bytes)), ERR_FORMAT);
    bytes.p[8] = bytes.p[9] = bytes.p[10] = bytes.p[11] = 0xff;
    assert_int_equal(mo_open(&mo, buf_str(&bytes)), ERR_LIMIT);
    buf_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_found_in_both_byte_orders),
        cmocka_unit_test(an_empty_catalogue_finds_nothing),
        cmocka_unit_test(corrupt_bytes_are_refused_or_harmless),
        cmocka_unit_test(wrong_order_and_counts_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
