/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fold.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void folds_to(const char *text, const char *expected)
{
    struct buf out = {0};
    fold_text(str_of(text), &out);
    buf_u8(&out, 0);
    assert_int_equal(out.err, ERR_OK);
    assert_string_equal((const char *)out.p, expected);
    buf_done(&out);
}

static void capitals_and_accents_do_not_count(void **state)
{
    (void)state;
    folds_to("ÉLOÏSE", "eloise");
    folds_to("Zoé", "zoe");
    folds_to("Zoe\xCC\x81", "zoe"); /* the accent apart */
    folds_to("Łódź, Ångström", "lodz angstrom");
    folds_to("Cœur et Æneas, Straße, Þórr, ĳzer", "coeur et aeneas strasse thorr ijzer");
    folds_to("Šiđ Ğazi Żaneta ſo ŷÿ", "sid gazi zaneta so yy");
}

static void punctuation_is_one_gap(void **state)
{
    (void)state;
    folds_to("  Durée (min) ", "duree min");
    folds_to("N° BCE", "n bce");
    folds_to("Jean-Pierre d’Été & Fils", "jean pierre d ete fils");
    folds_to("a\xC2\xA0"
             "b\xE2\x80\xAF"
             "c",
             "a b c");
    folds_to("", "");
    folds_to(" -- ", "");
}

static void other_letters_stay_and_broken_bytes_go(void **state)
{
    (void)state;
    folds_to("Ελένη 漢字", "Ελένη 漢字");
    folds_to("a\xFF\xC3", "a");
    folds_to("a\xFFz", "a z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capitals_and_accents_do_not_count),
        cmocka_unit_test(punctuation_is_one_gap),
        cmocka_unit_test(other_letters_stay_and_broken_bytes_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
