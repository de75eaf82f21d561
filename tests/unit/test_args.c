/* SPDX-License-Identifier: Apache-2.0 */
#include "io/args.h"

#include "io/say.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int run_nothing(void *program, const struct args *args)
{
    (void)program;
    (void)args;
    return 0;
}

static const struct args_option common[] = {ARGS_DATA, ARGS_JSON, {NULL, NULL, NULL, false}};
static const struct args_option import_options[] = {
    {"dry-run", NULL, "lire sans rien enregistrer", false},
    {NULL, NULL, NULL, false},
};
static const struct args_option init_options[] = {
    {"network", "NOM", "nom du réseau", true},
    {NULL, NULL, NULL, false},
};
static const struct args_command commands[] = {
    {"import", "TABLE FICHIER", 2, 2, import_options, "importer un fichier", run_nothing},
    {"add", "TABLE CHAMP=VALEUR…", 1, -1, NULL, "ajouter une fiche", run_nothing},
    {"init", "", 0, 0, init_options, "préparer un réseau", run_nothing},
    {"device list", "", 0, 0, NULL, "lister les appareils", run_nothing},
    {"device revoke", "APPAREIL", 1, 1, NULL, "révoquer un appareil", run_nothing},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};
static const struct args_program program = {"jalon", "suivi des bénéficiaires", commands,
                                            common};

static enum err parse(const char *const *argv, struct args *args, struct note *why)
{
    int argc = 0;
    while (argv[argc] != NULL)
        argc++;
    return args_parse(&program, argc, argv, args, why);
}
#define PARSE(args, why, ...)                                                                  \
    parse((const char *const[]){"jalon", __VA_ARGS__, NULL}, args, why)

static void options_may_stand_anywhere(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, NULL, "--data", "/tmp/x", "import", "--dry-run", "session",
                           "--json", "f.csv"),
                     ERR_OK);
    assert_string_equal(args.command->name, "import");
    assert_int_equal(args.n, 2);
    assert_string_equal(args.word[0], "session");
    assert_string_equal(args.word[1], "f.csv");
    assert_string_equal(args_value(&args, "data"), "/tmp/x");
    assert_true(args_flag(&args, "json") && args_flag(&args, "dry-run"));
    assert_int_equal(
        PARSE(&args, NULL, "--dry-run", "import", "a", "b", "--data=1", "--data=2="), ERR_OK);
    assert_string_equal(args_value(&args, "data"), "2=");
    assert_false(args_flag(&args, "json"));
}

static void two_dashes_end_the_options(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, NULL, "add", "--", "--json", "--x=1", "--"), ERR_OK);
    assert_int_equal(args.n, 3);
    assert_string_equal(args.word[0], "--json");
    assert_string_equal(args.word[2], "--");
    assert_false(args_flag(&args, "json"));
    assert_int_equal(PARSE(&args, NULL, "add", "-", "-5", "-3,5"), ERR_OK);
    assert_int_equal(args.n, 3);
}

static void commands_may_have_two_words(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, NULL, "device", "--json", "revoke", "7"), ERR_OK);
    assert_string_equal(args.command->name, "device revoke");
    assert_int_equal(args.n, 1);
    assert_string_equal(args.word[0], "7");
}

static void mistakes_are_named_with_the_nearest_word(void **state)
{
    (void)state;
    struct args args;
    struct note why;
    assert_int_equal(PARSE(&args, &why, "improt", "a", "b"), ERR_USAGE);
    assert_string_equal(why.text,
                        "commande inconnue : improt ; vouliez-vous dire « import » ?");
    assert_int_equal(PARSE(&args, &why, "device", "revok", "7"), ERR_USAGE);
    assert_string_equal(why.text,
                        "commande inconnue : revok ; vouliez-vous dire « device revoke » ?");
    assert_int_equal(PARSE(&args, &why, "device"), ERR_USAGE);
    assert_string_equal(why.text, "« device » attend une suite ; voyez jalon --help");
    assert_int_equal(PARSE(&args, &why, "xyzzy"), ERR_USAGE);
    assert_string_equal(why.text, "commande inconnue : xyzzy ; voyez jalon --help");
    assert_int_equal(PARSE(&args, &why, "import", "a", "b", "--dryrun"), ERR_USAGE);
    assert_string_equal(why.text, "option inconnue : --dryrun ; vouliez-vous dire --dry-run ?");
    assert_int_equal(PARSE(&args, &why, "add", "a", "--dry-run"), ERR_USAGE);
    assert_string_equal(why.text, "option inconnue : --dry-run");
    assert_int_equal(PARSE(&args, &why, "add", "a", "-x"), ERR_USAGE);
    assert_string_equal(why.text, "option inconnue : -x");
    const char *const nothing[] = {"jalon", NULL};
    assert_int_equal(parse(nothing, &args, &why), ERR_USAGE);
    assert_string_equal(why.text, "il manque une commande ; voyez jalon --help");
}

static void missing_and_spare_arguments_are_refused(void **state)
{
    (void)state;
    struct args args;
    struct note why;
    assert_int_equal(PARSE(&args, &why, "import", "a"), ERR_USAGE);
    assert_string_equal(why.text, "il manque des arguments : jalon import TABLE FICHIER");
    assert_int_equal(PARSE(&args, &why, "import", "a", "b", "c"), ERR_USAGE);
    assert_string_equal(why.text, "argument en trop : c");
    assert_int_equal(PARSE(&args, &why, "add", "a", "--data"), ERR_USAGE);
    assert_string_equal(why.text, "l'option --data attend une valeur : DOSSIER");
    assert_int_equal(PARSE(&args, &why, "add", "a", "--json=1"), ERR_USAGE);
    assert_string_equal(why.text, "l'option --json ne prend pas de valeur");
    assert_int_equal(PARSE(&args, &why, "init"), ERR_USAGE);
    assert_string_equal(why.text, "il manque l'option --network NOM");
    assert_int_equal(PARSE(&args, &why, "init", "--network", "N"), ERR_OK);
}

static void help_and_version_need_nothing_else(void **state)
{
    (void)state;
    struct args args;
    assert_int_equal(PARSE(&args, NULL, "--help"), ERR_OK);
    assert_true(args.help && args.command == NULL);
    assert_int_equal(PARSE(&args, NULL, "--version"), ERR_OK);
    assert_true(args.version);
    assert_int_equal(PARSE(&args, NULL, "import", "-h"), ERR_OK);
    assert_true(args.help);
    assert_string_equal(args.command->name, "import");
}

static void too_many_words_are_an_error(void **state)
{
    (void)state;
    static const char *argv[ARGS_WORDS_MAX + 4];
    struct args args;
    for (size_t i = 0; i < ARGS_WORDS_MAX + 3; i++)
        argv[i] = "add";
    assert_int_equal(args_parse(&program, ARGS_WORDS_MAX + 1, argv, &args, NULL), ERR_OK);
    assert_int_equal(args_parse(&program, ARGS_WORDS_MAX + 2, argv, &args, NULL), ERR_LIMIT);
}

static void nearest_word_is_the_likely_one(void **state)
{
    (void)state;
    static const char *const words[] = {"session", "person", "company", "step"};
    assert_string_equal(args_nearest("sesion", words, 4), "session");
    assert_string_equal(args_nearest("PERSONNE", words, 4), "person");
    assert_string_equal(args_nearest("setp", words, 4), "step");
    assert_null(args_nearest("meeting", words, 4));
    assert_null(args_nearest("", words, 4));
    assert_null(args_nearest("x", words, 4));
    char longest[ARGS_NEAREST_BYTES + 2];
    memset(longest, 's', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_null(args_nearest(longest, words, 4));
}

static void help_lists_commands_and_options_aligned(void **state)
{
    (void)state;
    struct buf out = {0};
    args_help(&program, NULL, &out);
    buf_u8(&out, 0);
    assert_string_equal((const char *)out.p,
                        "jalon : suivi des bénéficiaires\n\n"
                        "Usage : jalon COMMANDE [ARGUMENTS] [OPTIONS]\n\n"
                        "Commandes :\n"
                        "  import TABLE FICHIER     importer un fichier\n"
                        "  add TABLE CHAMP=VALEUR…  ajouter une fiche\n"
                        "  init                     préparer un réseau\n"
                        "  device list              lister les appareils\n"
                        "  device revoke APPAREIL   révoquer un appareil\n\n"
                        "Options communes :\n"
                        "  --data DOSSIER  dossier des données\n"
                        "  --json          répondre en JSON\n"
                        "  --help          afficher cette aide\n"
                        "  --version       afficher la version\n\n"
                        "jalon COMMANDE --help montre les options d'une commande.\n");
    buf_clear(&out);
    args_help(&program, &commands[0], &out);
    buf_u8(&out, 0);
    assert_string_equal((const char *)out.p, "Usage : jalon import TABLE FICHIER [OPTIONS]\n"
                                             "importer un fichier\n\n"
                                             "Options :\n"
                                             "  --dry-run       lire sans rien enregistrer\n"
                                             "  --data DOSSIER  dossier des données\n"
                                             "  --json          répondre en JSON\n"
                                             "  --help          afficher cette aide\n"
                                             "  --version       afficher la version\n");
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_may_stand_anywhere),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(commands_may_have_two_words),
        cmocka_unit_test(mistakes_are_named_with_the_nearest_word),
        cmocka_unit_test(missing_and_spare_arguments_are_refused),
        cmocka_unit_test(help_and_version_need_nothing_else),
        cmocka_unit_test(too_many_words_are_an_error),
        cmocka_unit_test(nearest_word_is_the_likely_one),
        cmocka_unit_test(help_lists_commands_and_options_aligned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
