/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/id.h"

#include "tests/support/rng.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const int64_t wall_ms = 0x017f22e279b0;

/* The example of RFC 9562, appendix A.6. */
static void the_published_uuidv7_comes_out(void **state)
{
    (void)state;
    const uint8_t bytes[10] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    struct id id = id_make(wall_ms, bytes);
    char text[ID_TEXT_BYTES];
    id_print(&id, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

static void version_and_variant_stand_whatever_the_random_bytes(void **state)
{
    (void)state;
    uint8_t bytes[10];
    for (int fill = 0; fill < 256; fill++) {
        memset(bytes, fill, sizeof bytes);
        struct id id = id_make(wall_ms, bytes);
        assert_int_equal(id.b[6] >> 4, 7);
        assert_int_equal(id.b[8] >> 6, 2);
        assert_memory_equal(id.b, "\x01\x7f\x22\xe2\x79\xb0", 6);
    }
}

static void a_clock_before_1970_or_after_10889_is_capped(void **state)
{
    (void)state;
    const uint8_t bytes[10] = {0};
    struct id before = id_make(-1, bytes);
    struct id after = id_make(INT64_MAX, bytes);
    assert_memory_equal(before.b, "\0\0\0\0\0\0", 6);
    assert_memory_equal(after.b, "\xff\xff\xff\xff\xff\xff", 6);
}

static void ids_of_one_maker_grow_whatever_the_clock_does(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 11);
    struct id_maker maker = {0};
    struct id last = {{0}};
    int64_t now = wall_ms;
    for (int i = 0; i < 100000; i++) {
        uint8_t bytes[10];
        rng_fill(&rng, bytes, sizeof bytes);
        now += rng_between(&rng, -3, 3);
        struct id id = id_next(&maker, now, bytes);
        assert_true(id_cmp(&id, &last) > 0);
        assert_int_equal(id.b[6] >> 4, 7);
        assert_int_equal(id.b[8] >> 6, 2);
        last = id;
    }
}

static void a_full_millisecond_carries_into_the_next(void **state)
{
    (void)state;
    uint8_t bytes[10];
    memset(bytes, 0xff, sizeof bytes);
    struct id_maker maker = {0};
    struct id first = id_next(&maker, wall_ms, bytes);
    struct id second = id_next(&maker, wall_ms, bytes);
    assert_true(id_cmp(&second, &first) > 0);
    assert_memory_equal(second.b, "\x01\x7f\x22\xe2\x79\xb1", 6);
    assert_int_equal(second.b[6], 0x70);
}

/* Digests worked out by another SHA-256. */
static void derived_ids_are_frozen_and_depend_on_every_part(void **state)
{
    (void)state;
    const struct str two[] = {STR("list"), STR("code")};
    const struct str shifted[] = {STR("listcode"), STR("")};
    struct id id = id_derive(7, two, 2);
    char text[ID_TEXT_BYTES];
    id_print(&id, text);
    assert_string_equal(text, "1dc65e08-2dc2-8d9e-a6a1-0c9dea2cf814");
    struct id other = id_derive(7, shifted, 2);
    id_print(&other, text);
    assert_string_equal(text, "b849791c-9cd4-8146-92cf-d00363aa8e3a");
    struct id none = id_derive(0x1234, NULL, 0);
    id_print(&none, text);
    assert_string_equal(text, "3a103a4e-5729-8d68-802a-678ae39accfb");
    struct id elsewhere = id_derive(8, two, 2);
    assert_false(id_eq(&id, &elsewhere));
}

static void printing_and_parsing_are_inverse(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 12);
    for (int i = 0; i < 10000; i++) {
        struct id id;
        rng_fill(&rng, id.b, sizeof id.b);
        char text[ID_TEXT_BYTES];
        id_print(&id, text);
        assert_int_equal(strlen(text), 36);
        struct id back = {{0}};
        assert_int_equal(id_parse(str_of(text), &back), ERR_OK);
        assert_true(id_eq(&id, &back));
    }
}

static void ids_without_dashes_and_in_capitals_are_read(void **state)
{
    (void)state;
    struct id plain = {{0}};
    struct id dashed = {{0}};
    assert_int_equal(id_parse(STR("017F22E279B07CC398C4DC0C0C07398F"), &plain), ERR_OK);
    assert_int_equal(id_parse(STR("017f22e2-79b0-7cc3-98c4-dc0c0c07398f"), &dashed), ERR_OK);
    assert_true(id_eq(&plain, &dashed));
}

static void anything_else_is_no_id_and_leaves_the_output(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "017f22e2",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017f22e279b0-7cc3-98c4-dc0c0c07398f-",
        "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "g17f22e279b07cc398c4dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c0739-f",
        " 17f22e279b07cc398c4dc0c0c07398f",
    };
    struct id out;
    struct id kept;
    memset(&out, 0x5a, sizeof out);
    kept = out;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(id_parse(str_of(bad[i]), &out), ERR_INVALID);
        assert_true(id_eq(&out, &kept));
    }
}

static void order_and_nullness_follow_the_bytes(void **state)
{
    (void)state;
    struct id a = {{0}};
    struct id b = {{0}};
    assert_true(id_is_null(&a));
    assert_int_equal(id_cmp(&a, &b), 0);
    b.b[15] = 1;
    assert_false(id_is_null(&b));
    assert_true(id_cmp(&a, &b) < 0);
    a.b[0] = 0x80;
    assert_true(id_cmp(&a, &b) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_uuidv7_comes_out),
        cmocka_unit_test(version_and_variant_stand_whatever_the_random_bytes),
        cmocka_unit_test(a_clock_before_1970_or_after_10889_is_capped),
        cmocka_unit_test(ids_of_one_maker_grow_whatever_the_clock_does),
        cmocka_unit_test(a_full_millisecond_carries_into_the_next),
        cmocka_unit_test(derived_ids_are_frozen_and_depend_on_every_part),
        cmocka_unit_test(printing_and_parsing_are_inverse),
        cmocka_unit_test(ids_without_dashes_and_in_capitals_are_read),
        cmocka_unit_test(anything_else_is_no_id_and_leaves_the_output),
        cmocka_unit_test(order_and_nullness_follow_the_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
