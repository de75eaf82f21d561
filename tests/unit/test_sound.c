/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

typedef void sound(struct str a, struct str b, struct buf *out);

static bool alike(sound *how, const char *a, const char *b, const char *c, const char *d)
{
    struct buf left = {0};
    struct buf right = {0};
    how(str_of(a), str_of(b), &left);
    how(str_of(c), str_of(d), &right);
    assert_int_equal(left.err, ERR_OK);
    bool same = str_eq(buf_str(&left), buf_str(&right));
    buf_done(&left);
    buf_done(&right);
    return same;
}

static void what_sounds_alike_is_alike(void **state)
{
    (void)state;
    static const char *const same[][4] = {
        {"Dupont", "Philippe", "Dupond", "Filip"},
        {"Fictif", "Élise", "FICTIF", "elise"},
        {"Exemple", "Mohammed", "Exemple", "Mohamed"},
        {"Exemple", "Muhammad", "exemple", "mohamed"},
        {"Chérif", "Sofia", "Sherif", "Sophia"},
        {"Claes", "Katarina", "Klaas", "Catharina"},
        {"Fictif", "Jean-Pierre", "Fictif", "Jean Pierre"},
        {"Fictif", "Jeanpierre", "Fictif", "Jean Pierre"},
        {"Anna", "Fictif", "Fictif", "Anna"},
        {"Hubert", "Wim", "Ubert", "Vim"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (!alike(sound_names, same[i][0], same[i][1], same[i][2], same[i][3]))
            fail_msg("%s %s and %s %s", same[i][0], same[i][1], same[i][2], same[i][3]);
}

static void what_sounds_otherwise_is_not(void **state)
{
    (void)state;
    static const char *const other[][4] = {
        {"Fictif", "Anna", "Fictif", "Bilal"}, {"Fictif", "Anna", "Fictive", "Luc"},
        {"Dupont", "Luc", "Durant", "Luc"},    {"Ann", "Fictif", "Nan", "Fictif"},
        {"Fictif", "Matt", "Fictif", "Max"},
    };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        if (alike(sound_names, other[i][0], other[i][1], other[i][2], other[i][3]))
            fail_msg("%s %s and %s %s", other[i][0], other[i][1], other[i][2], other[i][3]);
}

static void the_words_alone_differ_where_the_sound_does_not(void **state)
{
    (void)state;
    assert_true(alike(sound_words, "Fictif", "Élise", "élise", "FICTIF"));
    assert_false(alike(sound_words, "Dupont", "Luc", "Dupond", "Luc"));
    assert_false(alike(sound_words, "Fictif", "Anna", "Fictif", "Anne"));
}

static void odd_texts_end_somewhere(void **state)
{
    (void)state;
    char text[4000];
    memset(text, 'b', sizeof text);
    struct str huge = {text, sizeof text};
    for (size_t i = 1; i < sizeof text; i += 2)
        text[i] = ' ';
    struct buf out = {0};
    sound_names(huge, huge, &out);
    assert_true(out.n <= 2 * SOUND_BYTES_MAX);
    buf_clear(&out);
    sound_names(STR(""), STR(""), &out);
    assert_int_equal(out.n, 0);
    sound_names(STR("- '"), STR("\xc3"), &out);
    assert_int_equal(out.n, 0);
    sound_names(STR("Ωμέγα"), STR("李"), &out);
    assert_true(out.n > 0);
    assert_int_equal(out.err, ERR_OK);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_sounds_alike_is_alike),
        cmocka_unit_test(what_sounds_otherwise_is_not),
        cmocka_unit_test(the_words_alone_differ_where_the_sound_does_not),
        cmocka_unit_test(odd_texts_end_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
