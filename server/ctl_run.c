/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl's table of commands, and what they share. */
#include "io/grid.h"
#include "server/ctl.h"
#include "store/names.h"

#include <stdarg.h>
#include <stdio.h>

#define JSON ARGS_JSON
#define END                                                                                    \
    {                                                                                          \
        .name = NULL                                                                           \
    }
static const struct args_option common[] = {ARGS_DATA, JSON, END};
static const struct args_option structure_options[] = {
    {"type", N_("CODE"), N_("sorte de structure : EI, CISP_EFT, CPAS…"), true},
    END,
};
static const struct args_option staff_options[] = {
    {"structure", N_("ID"), N_("structure où il travaille"), true},
    {"role", N_("RÔLE"), N_("jobcoach, manager, coordinator ou admin"), true},
    END,
};
static const struct args_option invite_options[] = {
    {"host", N_("ADRESSE:PORT"), N_("adresse du serveur à mettre dans le code"), false},
    {"qr", NULL, N_("montrer aussi le code comme image à photographier"), false},
    END,
};
static const struct args_option relay_options[] = {
    {"host", N_("ADRESSE:PORT"), N_("adresse du serveur à mettre dans le code"), false},
    END,
};
static const struct args_option bundle_options[] = {
    {"answer", N_("FICHIER"), N_("où écrire la réponse pour l'appareil"), false},
    END,
};
static const struct args_option list_options[] = {
    {"deleted", NULL, N_("montrer les fiches supprimées"), false},
    {"merged", NULL, N_("aussi les fiches fusionnées avec une autre"), false},
    {"limit", N_("N"), N_("au plus N fiches"), false},
    END,
};

static const struct args_option show_options[] = {
    {"history", NULL, N_("montrer aussi chaque changement, ou ceux d'un champ"), false},
    END,
};
static const struct args_option quarantine_options[] = {
    {"closed", NULL, N_("aussi celles qui sont déjà réglées"), false},
    END,
};
static const struct args_option resubmit_options[] = {
    {"without", N_("N,N…"), N_("laisser ces changements de côté"), false},
    END,
};
static const struct args_option resolve_options[] = {
    {"keep", N_("current|other|VALEUR"), N_("la valeur à garder"), false},
    {"set", NULL, N_("mêler les deux : CHAMP=VALEUR… par-dessus current ou other"), false},
    {"again", NULL, N_("revenir sur une décision"), false},
    {"reason", N_("TEXTE"), N_("pourquoi"), false},
    END,
};
static const struct args_option restore_options[] = {
    {"erasures", N_("FICHIER"), N_("refaire aussi ces effacements (jalonctl erasure ids)"),
     false},
    END,
};
static const struct args_option duplicate_options[] = {
    {"decided", NULL, N_("aussi ce qui est déjà décidé"), false},
    END,
};
static const struct args_option decide_options[] = {
    {"reason", N_("TEXTE"), N_("pourquoi"), false},
    END,
};
static const struct args_option discard_options[] = {
    {"reason", N_("TEXTE"), N_("pourquoi"), true},
    END,
};

static const struct args_option handover_options[] = {
    {"from", N_("DATE"), N_("premier jour du nouvel agent ; aujourd'hui sinon"), false},
    {"person", N_("ID"), N_("seulement son dossier ; peut être répété"), false},
    {"dry-run", NULL, N_("montrer ce qui passerait : rien n'est enregistré"), false},
    END,
};

static const struct args_option access_options[] = {
    {"days", N_("N"), N_("des N derniers jours ; 7 sinon"), false},
    END,
};

static const struct args_option register_options[] = {
    {"markdown", NULL, N_("en Markdown"), false},
    END,
};
static const struct args_option report_options[] = {
    {"at", N_("DATE"), N_("l'état de ce jour ; aujourd'hui sinon"), false},
    {"from", N_("DATE"), N_("la période commence ce jour ; le 1er janvier sinon"), false},
    {"to", N_("DATE"), N_("… et finit avant ce jour ; demain sinon"), false},
    {"structure", N_("ID"), N_("seulement les dossiers de cette structure"), false},
    {"staff", N_("ID"), N_("seulement les dossiers que cet agent suit"), false},
    {"csv", NULL, N_("en CSV"), false},
    END,
};

static const struct args_command commands[] = {
    {"structure add", N_("NOM [CHAMP=VALEUR…]"), 1, -1, structure_options,
     N_("créer une structure"), ctl_structure_add},
    {"staff add", N_("\"PRÉNOM NOM\" [CHAMP=VALEUR…]"), 1, -1, staff_options,
     N_("créer un agent actif et son rôle"), ctl_staff_add},
    {"TABLE add", N_("CHAMP=VALEUR…"), 1, -1, NULL, N_("créer une fiche d'une table"), ctl_add},
    {"TABLE list", N_("[CHAMP=VALEUR…]"), 1, -1, list_options,
     N_("lister les fiches d'une table"), ctl_list},
    {"TABLE show", N_("ID [CHAMP]"), 2, 3, show_options, N_("montrer une fiche"), ctl_show},
    {"TABLE set", N_("ID CHAMP=VALEUR…"), 3, -1, NULL, N_("changer une fiche"), ctl_set},
    {"invite", N_("ID-AGENT"), 1, 1, invite_options,
     N_("faire un code d'invitation pour un appareil de cet agent"), ctl_invite},
    {"relay add", N_("ID-STRUCTURE NOM"), 2, 2, relay_options,
     N_("faire un code d'invitation pour le relais d'un site"), ctl_relay_add},
    {"device list", "", 0, 0, NULL, N_("lister les appareils"), ctl_device_list},
    {"device show", N_("NUMÉRO"), 1, 1, NULL,
     N_("montrer un appareil, et s'il a confirmé son effacement"), ctl_device_show},
    {"device revoke", N_("NUMÉRO"), 1, 1, NULL, N_("couper l'accès d'un appareil"),
     ctl_device_revoke},
    {"device wipe", N_("NUMÉRO"), 1, 1, NULL,
     N_("faire effacer ses données à un appareil, à son prochain contact"), ctl_device_wipe},
    {"conflict list", "", 0, 0, NULL, N_("lister les conflits qui attendent une décision"),
     ctl_conflict_list},
    {"conflict resolve", N_("ID [CHAMP=VALEUR…]"), 1, -1, resolve_options,
     N_("décider d'un conflit"), ctl_conflict_resolve},
    {"quarantine list", "", 0, 0, quarantine_options, N_("lister les opérations refusées"),
     ctl_quarantine_list},
    {"quarantine show", N_("SAISIE"), 1, 1, NULL, N_("ouvrir une opération refusée"),
     ctl_quarantine_show},
    {"quarantine resubmit", N_("SAISIE [CHAMP=VALEUR…]"), 1, -1, resubmit_options,
     N_("la corriger et l'enregistrer de nouveau, au nom de son auteur"),
     ctl_quarantine_resubmit},
    {"quarantine discard", N_("SAISIE"), 1, 1, discard_options,
     N_("l'abandonner ; elle reste lisible"), ctl_quarantine_discard},
    {"duplicate list", "", 0, 0, duplicate_options,
     N_("lister ce qui a peut-être été saisi deux fois"), ctl_duplicate_list},
    {"duplicate same", N_("ID"), 1, 1, decide_options, N_("réunir les deux fiches"),
     ctl_duplicate_same},
    {"duplicate different", N_("ID"), 1, 1, decide_options,
     N_("garder les deux fiches séparées"), ctl_duplicate_different},
    {"duplicate undo", N_("ID"), 1, 1, decide_options, N_("revenir sur cette décision"),
     ctl_duplicate_undo},
    {"handover", N_("ID-AGENT ID-AGENT"), 2, 2, handover_options,
     N_("remettre les dossiers d'un agent à un autre, d'un seul geste"), ctl_handover},
    {"erasure orders", "", 0, 0, NULL,
     N_("dire quels dossiers sont effacés, et quels appareils l'ont confirmé"),
     ctl_erasure_orders},
    {"erasure ids", "", 0, 0, NULL,
     N_("lister les dossiers effacés, à garder à côté des copies de la base"), ctl_erasure_ids},
    {"access list", N_("ID-PERSONNE"), 1, 1, NULL,
     N_("dire qui a ouvert un dossier, et quels appareils l'ont eu"), ctl_access_list},
    {"access alerts", "", 0, 0, access_options,
     N_("dire qui a ouvert beaucoup de dossiers en un jour"), ctl_access_alerts},
    {"report", N_("[NOM]"), 0, 1, report_options,
     N_("les indicateurs ; du réseau entier, les petits nombres sont cachés"), ctl_report},
    {"register", "", 0, 0, register_options,
     N_("le registre des traitements (RGPD, art. 30), tiré des tables"), ctl_register},
    {"stats", "", 0, 0, NULL, N_("dire où en est le serveur"), ctl_stats},
    {"check", "", 0, 0, NULL, N_("vérifier toute la base"), ctl_check},
    {"bundle take", N_("FICHIER"), 1, 1, bundle_options,
     N_("prendre le paquet qu'un appareil sans réseau a écrit"), ctl_bundle_take},
    {"backup", N_("FICHIER"), 1, 1, NULL, N_("copier la base pendant le travail, et vérifier"),
     ctl_backup},
    {"restore", N_("FICHIER"), 1, 1, restore_options,
     N_("reprendre une copie, jalond étant arrêté (l'ancienne base est gardée)"), NULL},
    END,
};
const struct args_program ctl_program = {
    .name = "jalonctl",
    .help = N_("l'outil d'administration du serveur Jalon"),
    .commands = commands,
    .common = common,
};

/* ---- parsing ---- */

static bool declared(const char *table, const char *verb)
{
    for (const struct args_command *c = commands; c->name != NULL; c++) {
        size_t n = strlen(table);
        if (strncmp(c->name, table, n) == 0 && c->name[n] == ' ' &&
            strcmp(c->name + n + 1, verb) == 0)
            return true;
    }
    return false;
}

/* Where the two words of a command stand: past the options that have a value of their own. */
static int first_word(int argc, const char *const *argv)
{
    int i = 1;
    while (i < argc && argv[i][0] == '-')
        i += strcmp(argv[i], "--data") == 0 ? 2 : 1;
    return i;
}

enum err ctl_parse(int argc, const char *const *argv, struct args *args, struct note *why)
{
    const char *words[ARGS_WORDS_MAX + ARGS_OPTIONS_MAX];
    int at = first_word(argc, argv);
    if (argc + 1 > (int)(sizeof words / sizeof *words))
        return note_set(why, ERR_LIMIT, N_("trop de mots"));
    bool table = at + 1 < argc && !declared(argv[at], argv[at + 1]) &&
                 declared("TABLE", argv[at + 1]) &&
                 schema_table_named(&schema_jalon, str_of(argv[at])) != NULL;
    if (!table)
        return args_parse(&ctl_program, argc, argv, args, why);
    /* company list … → TABLE list company … */
    int n = 0;
    for (int i = 0; i < argc; i++) {
        words[n++] = i == at ? "TABLE" : argv[i];
        if (i == at + 1)
            words[n++] = argv[at];
    }
    return args_parse(&ctl_program, n, words, args, why);
}

int ctl_run(struct ctl *c, int argc, const char *const *argv)
{
    struct note why = {""};
    struct args *args = arena_new(&c->arena, sizeof *args);
    enum err err = args == NULL ? ERR_NOMEM : ctl_parse(argc, argv, args, &why);
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    if (args->command == NULL || args->command->run == NULL)
        return ctl_fail(c, ERR_USAGE, NULL);
    c->args = args;
    c->json = args_flag(args, "json");
    return ctl_again(c);
}

/* Take down which dossiers were opened here. */
static void note_access(struct ctl *c)
{
    const struct id administrator = {{0}};
    struct note why = {""};
    enum err err = access_save(&c->access, c->store, &administrator, STR(""), &why);
    if (err != ERR_OK)
        ctl_say(c, T("l'ouverture du dossier n'a pas pu être notée : %s"),
                why.text[0] != '\0' ? why.text : err_text(err));
}

int ctl_again(struct ctl *c)
{
    c->more = false;
    int status = c->args->command->run(c, c->args);
    if (!c->more)
        note_access(c);
    if (c->out.err == ERR_OK && c->talk.err == ERR_OK)
        return status;
    enum err err = c->out.err != ERR_OK ? c->out.err : c->talk.err;
    c->more = false;
    buf_clear(&c->out);
    buf_clear(&c->talk);
    return ctl_fail(c, err, NULL);
}

void ctl_done(struct ctl *c)
{
    buf_done(&c->out);
    buf_done(&c->talk);
    buf_done(&c->backup);
    access_done(&c->access);
    ctl_rows_done(c);
    ctl_check_done(c);
    ctl_bundle_done(c);
    arena_done(&c->arena);
}

/* ---- for the commands ---- */

void ctl_say(struct ctl *c, const char *fmt, ...)
{
    char line[NOTE_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (n > 0)
        grid_clean(&c->talk, str_of(line));
    buf_u8(&c->talk, '\n');
}

int ctl_fail(struct ctl *c, enum err err, const struct note *why)
{
    if (c->json) {
        buf_printf(&c->talk, "{\"error\":\"%s\"}\n", err_name(err));
        return err_exit(err);
    }
    ctl_say(c, "jalonctl : %s",
            why != NULL && why->text[0] != '\0' ? why->text : err_text(err));
    return err_exit(err);
}

enum err ctl_value(struct ctl *c, const struct table *table, const char *field, struct str text,
                   struct edit_value *values, size_t *count, struct note *why)
{
    const struct field *f = schema_field_named(table, str_of(field));
    struct value v;
    if (f == NULL)
        return note_set(why, ERR_USAGE, N_("« %s » n'a pas de champ « %s »"), table->name,
                        field);
    if (*count >= SCHEMA_FIELDS_MAX)
        return note_set(why, ERR_LIMIT, N_("trop de mots"));
    enum err err = value_parse(f, text, &c->arena, &v, why);
    if (err != ERR_OK)
        return err == ERR_INVALID ? ERR_USAGE : err;
    values[(*count)++] = (struct edit_value){f, v};
    return ERR_OK;
}

enum err ctl_values(struct ctl *c, const struct table *table, size_t first,
                    struct edit_value *values, size_t *count, struct note *why)
{
    for (size_t i = first; i < c->args->n; i++) {
        const char *word = c->args->word[i];
        const char *equals = strchr(word, '=');
        if (equals == NULL)
            return note_set(why, ERR_USAGE, N_("« %s » : écrire CHAMP=VALEUR"), word);
        char *name = arena_copy(&c->arena, word, (size_t)(equals - word));
        if (name == NULL)
            return ERR_NOMEM;
        enum err err = ctl_value(c, table, name, str_of(equals + 1), values, count, why);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err ctl_row(struct ctl *c, const struct table *table, const char *word, struct id *out,
                 struct note *why)
{
    enum err err = rows_resolve(c->store, table, str_of(word), out);
    if (err == ERR_NOTFOUND)
        return note_set(why, err, N_("« %s » : aucune fiche « %s »"), table->name, word);
    if (err == ERR_EXISTS)
        return note_set(why, ERR_USAGE, N_("« %s » : plusieurs fiches commencent ainsi"), word);
    return err;
}

void ctl_print_staff(struct ctl *c, const struct id *staff)
{
    struct buf name = {0};
    if (id_is_null(staff))
        buf_text(&name, T("le programme"));
    else
        names_row(c->store, schema_table(&schema_jalon, TABLE_STAFF), staff, &name);
    grid_clean(&c->out, buf_str(&name));
    buf_done(&name);
}

void ctl_print_text(struct ctl *c, struct str text)
{
    grid_clean(&c->out, text);
}

void ctl_print_time(struct ctl *c, int64_t ms)
{
    struct value v = value_int(ms);
    if (ms == 0)
        buf_text(&c->out, "—");
    else
        value_print(KIND_INSTANT, &v, &c->out);
}

void ctl_print_id(struct ctl *c, const struct id *id)
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    buf_printf(&c->out, c->json ? "{\"id\":\"%s\"}\n" : "%s\n", text);
}
