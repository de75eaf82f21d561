/* SPDX-License-Identifier: Apache-2.0 */
#include "io/say.h"

#include "proto/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void the_first_variable_that_is_set_chooses_the_language(void **state)
{
    (void)state;
    assert_int_equal(say_language_of(NULL, NULL, NULL), SAY_FR);
    assert_int_equal(say_language_of(NULL, NULL, "en"), SAY_EN);
    assert_int_equal(say_language_of("", "", "en_GB.UTF-8"), SAY_EN);
    assert_int_equal(say_language_of("", "nl_BE.UTF-8", "en"), SAY_NL);
    assert_int_equal(say_language_of("de_BE", "nl", "en"), SAY_DE);
    assert_int_equal(say_language_of("C", NULL, "en"), SAY_EN);
    assert_int_equal(say_language_of("C.UTF-8", NULL, "fr_BE"), SAY_FR);
    assert_int_equal(say_language_of(NULL, NULL, "C.UTF-8"), SAY_FR);
    assert_int_equal(say_language_of(NULL, NULL, "POSIX"), SAY_FR);
    assert_int_equal(say_language_of(NULL, NULL, "fr_BE.UTF-8"), SAY_FR);
    assert_int_equal(say_language_of(NULL, NULL, "e"), SAY_FR);
}

static void french_needs_no_catalogue(void **state)
{
    (void)state;
    say_init(SAY_FR);
    assert_string_equal(say_code(), "fr");
    assert_string_equal(T("afficher cette aide"), "afficher cette aide");
}

static void a_text_is_said_in_the_chosen_language(void **state)
{
    (void)state;
    say_init(SAY_EN);
    assert_string_equal(T("afficher cette aide"), "show this help");
    say_switch(SAY_NL);
    assert_string_equal(T("afficher cette aide"), "deze hulp tonen");
    say_init(SAY_DE);
    assert_string_equal(say_code(), "de");
    assert_string_equal(T("afficher cette aide"), "diese Hilfe anzeigen");
}

static void what_is_said_for_somebody_else_is_in_their_language(void **state)
{
    (void)state;
    say_init(SAY_FR);
    say_here(STR("nl"));
    assert_string_equal(say_code(), "nl");
    assert_string_equal(T("afficher cette aide"), "deze hulp tonen");
    assert_string_equal(TN("une fiche", "des fiches", 0), "des fiches");
    say_here(STR("tlh"));
    assert_string_equal(say_code(), "nl");
    say_here_over();
    assert_string_equal(T("afficher cette aide"), "afficher cette aide");
    assert_string_equal(TN("une fiche", "des fiches", 0), "une fiche");
}

static void a_text_without_translation_stays_as_it_is(void **state)
{
    (void)state;
    const char *unknown = "texte sans traduction %d";
    say_init(SAY_EN);
    assert_ptr_equal(say_text(unknown), unknown);
    assert_string_equal(say_text(""), "");
}

static void formats_keep_their_conversions(void **state)
{
    (void)state;
    char text[80];
    say_init(SAY_EN);
    (void)snprintf(text, sizeof text, T("argument en trop : %s"), "x");
    assert_string_equal(text, "unexpected argument: x");
}

static void plurals_follow_the_language(void **state)
{
    (void)state;
    const char *one = "%d chat";
    const char *many = "%d chats";
    say_init(SAY_FR);
    assert_ptr_equal(say_plural(one, many, 0), one);
    assert_ptr_equal(say_plural(one, many, 1), one);
    assert_ptr_equal(say_plural(one, many, 2), many);
    say_init(SAY_EN);
    assert_ptr_equal(say_plural(one, many, 0), many);
    assert_ptr_equal(say_plural(one, many, 1), one);
}

static void notes_are_said_in_the_language_too(void **state)
{
    (void)state;
    struct note why = {""};
    say_init(SAY_EN);
    assert_int_equal(note_set(&why, ERR_LIMIT, "%s : fichier trop long", "a.conf"), ERR_LIMIT);
    assert_string_equal(why.text, "a.conf: file too long");
    note_write(&why, "%s : fichier trop long", "b.conf");
    assert_string_equal(why.text, "b.conf: file too long");
}

static void a_long_note_is_cut_between_characters(void **state)
{
    (void)state;
    struct note why;
    char accents[2 * NOTE_BYTES + 2];
    for (size_t shift = 0; shift < 2; shift++) {
        memset(accents, 'x', sizeof accents);
        for (size_t i = shift; i + 2 < sizeof accents; i += 2)
            memcpy(accents + i, "é", 2);
        accents[sizeof accents - 1] = '\0';
        note_write(&why, "%s", accents);
        assert_true(str_utf8(str_of(why.text)));
        assert_true(strlen(why.text) >= NOTE_BYTES - 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_variable_that_is_set_chooses_the_language),
        cmocka_unit_test(french_needs_no_catalogue),
        cmocka_unit_test(a_text_is_said_in_the_chosen_language),
        cmocka_unit_test(what_is_said_for_somebody_else_is_in_their_language),
        cmocka_unit_test(a_text_without_translation_stays_as_it_is),
        cmocka_unit_test(formats_keep_their_conversions),
        cmocka_unit_test(plurals_follow_the_language),
        cmocka_unit_test(notes_are_said_in_the_language_too),
        cmocka_unit_test(a_long_note_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
