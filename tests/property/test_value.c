/* SPDX-License-Identifier: Apache-2.0 */
/* Laws of typed values: text and bytes both lead back to the value, for every kind. */
#include "proto/value.h"

#include "tests/support/rng.h"
#include "tests/support/seed.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { VALUES = 20000, TEXT_BYTES_MAX = 60 };

static const char *const codes[] = {"planned", "in_progress", "done", NULL};

static const struct field fields[] = {
    {.id = 1, .name = "text", .kind = KIND_TEXT},
    {.id = 2, .name = "int", .kind = KIND_INT},
    {.id = 3, .name = "real", .kind = KIND_REAL},
    {.id = 4, .name = "bool", .kind = KIND_BOOL},
    {.id = 5, .name = "date", .kind = KIND_DATE},
    {.id = 6, .name = "time", .kind = KIND_TIME},
    {.id = 7, .name = "instant", .kind = KIND_INSTANT},
    {.id = 8, .name = "enum", .kind = KIND_ENUM, .codes = codes},
    {.id = 9, .name = "ref", .kind = KIND_REF, .ref = 1},
    {.id = 10, .name = "id", .kind = KIND_ID},
    {.id = 11, .name = "raw", .kind = KIND_RAW},
};
enum { FIELDS = sizeof fields / sizeof fields[0] };

/* Bytes a random value points to. */
struct room {
    char bytes[TEXT_BYTES_MAX];
};

static struct str any_text(struct rng *rng, struct room *room)
{
    static const struct str letters[] = {
        {"e", 1},
        {" ", 1},
        {"\n", 1},
        {";", 1},
        {"\xc3\xa9", 2},
        {"\xe2\x82\xac", 3},
        {"\xf0\x9f\x98\x80", 4},
        {"9", 1},
        {"'", 1},
    };
    size_t n = 0;
    for (uint64_t left = rng_below(rng, 14) + 1; left > 0; left--) {
        struct str letter = letters[rng_below(rng, sizeof letters / sizeof letters[0])];
        memcpy(room->bytes + n, letter.p, letter.n);
        n += letter.n;
    }
    return (struct str){room->bytes, n};
}

static double any_real(struct rng *rng)
{
    uint64_t bits = rng_next(rng);
    double v = 0;
    memcpy(&v, &bits, sizeof v);
    if (!isfinite(v) || rng_below(rng, 3) == 0)
        return (double)rng_between(rng, -1000000, 1000000) / 100;
    return v;
}

static int64_t any_int(struct rng *rng, enum kind kind)
{
    const int64_t day_ms = 86400000;
    if (kind == KIND_BOOL)
        return rng_between(rng, 0, 1);
    if (kind == KIND_DATE)
        return rng_between(rng, -719162, 2932896);
    if (kind == KIND_TIME)
        return rng_between(rng, 0, 1439);
    if (kind == KIND_INSTANT)
        return rng_between(rng, -719162 * day_ms, 2932897 * day_ms - 1);
    uint64_t v = rng_next(rng) >> rng_below(rng, 64);
    return (int64_t)(rng_below(rng, 2) == 0 ? v : 0 - v);
}

static struct value any_value(struct rng *rng, enum kind kind, struct room *room)
{
    struct value v = {.type = value_type_of(kind)};
    if (rng_below(rng, 20) == 0)
        return VALUE_NONE;
    switch (v.type) {
    case VALUE_NULL:
        break;
    case VALUE_INT:
        v.i = any_int(rng, kind);
        break;
    case VALUE_REAL:
        v.r = any_real(rng);
        break;
    case VALUE_TEXT:
        v.s = kind == KIND_ENUM ? str_of(codes[rng_below(rng, 3)]) : any_text(rng, room);
        break;
    case VALUE_BYTES:
        rng_fill(rng, room->bytes, ID_BYTES);
        v.s = (struct str){room->bytes, ID_BYTES};
        if (kind == KIND_RAW) { /* small integers are MessagePack as they stand */
            for (size_t i = 0; i < ID_BYTES; i++)
                room->bytes[i] = (char)(room->bytes[i] & 0x7f);
        }
        break;
    }
    return v;
}

static void printed_values_are_read_back(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, seed_of_run("property/value", 1));
    struct arena arena = {0};
    struct buf out = {0};
    for (size_t i = 0; i < (size_t)VALUES * FIELDS; i++) {
        const struct field *field = &fields[i % FIELDS];
        struct room room;
        struct value v = any_value(&rng, field->kind, &room);
        assert_int_equal(value_check(field, &v, NULL), ERR_OK);
        buf_clear(&out);
        value_print(field->kind, &v, &out);
        struct value back = VALUE_NONE;
        assert_int_equal(value_parse(field, buf_str(&out), &arena, &back, NULL), ERR_OK);
        assert_true(value_eq(&v, &back));
        if (i % 1000 == 0)
            arena_done(&arena);
    }
    arena_done(&arena);
    buf_done(&out);
}

static void packed_values_are_read_back(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, seed_of_run("property/value", 2));
    struct buf out = {0};
    for (size_t i = 0; i < (size_t)VALUES * FIELDS; i++) {
        const struct field *field = &fields[i % FIELDS];
        struct room room;
        struct value v = any_value(&rng, field->kind, &room);
        buf_clear(&out);
        value_pack(&v, &out);
        size_t used = 0;
        assert_int_equal(pack_check(buf_str(&out), PACK_DEPTH_MAX, 1, &used), ERR_OK);
        assert_int_equal(used, out.n);
        struct cur cur = cur_of(out.p, out.n);
        struct value back = value_unpack(field->kind, &cur);
        assert_false(cur.bad);
        assert_int_equal(cur_left(&cur), 0);
        assert_true(value_eq(&v, &back));
    }
    buf_done(&out);
}

/* Characters that stand in the forms, so that noise comes near them. */
static struct str any_typing(struct rng *rng, struct room *room)
{
    static const char keys[] = "0123456789012345678901234567890/-.:,hTZ e+aouinx\xc3\xa9";
    size_t n = rng_below(rng, 26);
    for (size_t i = 0; i < n; i++)
        room->bytes[i] = keys[rng_below(rng, sizeof keys - 1)];
    if (n >= 10 && rng_below(rng, 3) == 0)
        memcpy(room->bytes, "2026-11-22T14:05:09.1Z", n < 22 ? n : 22);
    return (struct str){room->bytes, n};
}

/* Whatever is taken has one canonical text, and that text means the same. */
static void whatever_is_typed_is_refused_or_has_one_form(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, seed_of_run("property/value", 3));
    struct arena arena = {0};
    struct buf out = {0};
    for (size_t i = 0; i < (size_t)VALUES * FIELDS; i++) {
        const struct field *field = &fields[i % FIELDS];
        struct room room;
        struct str typed = any_typing(&rng, &room);
        struct note why = {{0}};
        struct value v = VALUE_NONE;
        enum err err = value_parse(field, typed, &arena, &v, &why);
        if (err != ERR_OK) {
            assert_int_equal(err, ERR_INVALID);
            assert_true(why.text[0] != '\0');
            continue;
        }
        buf_clear(&out);
        value_print(field->kind, &v, &out);
        struct value again = VALUE_NONE;
        assert_int_equal(value_parse(field, buf_str(&out), &arena, &again, NULL), ERR_OK);
        assert_true(value_eq(&v, &again));
        if (i % 1000 < FIELDS)
            arena_done(&arena);
    }
    arena_done(&arena);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printed_values_are_read_back),
        cmocka_unit_test(packed_values_are_read_back),
        cmocka_unit_test(whatever_is_typed_is_refused_or_has_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
