/* SPDX-License-Identifier: Apache-2.0 */
#include "client/commands.h"

#include "client/local.h"
#include "client/pages.h"
#include "client/relay.h"
#include "io/env.h"
#include "store/lease.h"

/* Between two tries to ask or to open. */
enum { TURN_MS = 500 };

static const struct args_option common[] = {ARGS_DATA, ARGS_JSON, {NULL, NULL, NULL, false}};

static const struct args_option show_options[] = {
    {"history", NULL, N_("montrer aussi chaque changement, ou ceux d'un champ"), false},
    {"reveal", NULL, N_("montrer le numéro national en entier ; chaque fois est notée"), false},
    {"reason", N_("TEXTE"), N_("pourquoi ; noté avec l'ouverture du dossier"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option schema_options[] = {
    {"parameters", NULL, N_("les clés des paramètres, leurs valeurs et leurs bases"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option list_options[] = {
    {"deleted", NULL, N_("les fiches supprimées"), false},
    {"merged", NULL, N_("aussi les fiches fusionnées avec une autre"), false},
    {"limit", N_("N"), N_("au plus N fiches"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option search_options[] = {
    {"limit", N_("N"), N_("au plus N fiches"), false}, {NULL, NULL, NULL, false}};
static const struct args_option import_options[] = {
    {"dry-run", NULL, N_("essayer seulement : rien n'est enregistré"), false},
    {"each", NULL, N_("enregistrer durablement ligne par ligne"), false},
    {"skip-bad", NULL, N_("importer le reste quand des lignes sont fausses"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option export_options[] = {
    {"labels", NULL, N_("CSV à lire : libellés en titre, noms au lieu d'identifiants"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option enrol_options[] = {
    {"server", N_("ADRESSE:PORT"), N_("une autre adresse que celle de l'invitation"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option resolve_options[] = {
    {"keep", N_("current|other|VALEUR"), N_("la valeur à garder"), false},
    {"set", NULL, N_("mêler les deux : CHAMP=VALEUR… par-dessus current ou other"), false},
    {"again", NULL, N_("revenir sur une décision"), false},
    {"reason", N_("TEXTE"), N_("pourquoi"), false},
    {NULL, NULL, NULL, false}};

static const struct args_option inbox_options[] = {
    {"closed", NULL, N_("aussi les saisies refusées déjà réglées"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option resubmit_options[] = {
    {"without", N_("N,N…"), N_("laisser ces changements de côté"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option discard_options[] = {
    {"reason", N_("TEXTE"), N_("pourquoi"), true}, {NULL, NULL, NULL, false}};

static const struct args_option duplicates_options[] = {
    {"decided", NULL, N_("aussi ce qui est déjà décidé"), false}, {NULL, NULL, NULL, false}};
static const struct args_option report_options[] = {
    {"at", N_("DATE"), N_("l'état de ce jour ; aujourd'hui sinon"), false},
    {"from", N_("DATE"), N_("la période commence ce jour ; le 1er janvier sinon"), false},
    {"to", N_("DATE"), N_("… et finit avant ce jour ; demain sinon"), false},
    {"structure", N_("STRUCTURE"), N_("seulement les dossiers de cette structure"), false},
    {"staff", N_("AGENT"), N_("seulement les dossiers que cet agent suit"), false},
    {"csv", NULL, N_("en CSV"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option today_options[] = {
    {"at", N_("DATE"), N_("un autre jour qu'aujourd'hui"), false}, {NULL, NULL, NULL, false}};
static const struct args_option candidates_options[] = {
    {"except", N_("ID"), N_("sans cette fiche-ci, que l'on change"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option decide_options[] = {
    {"reason", N_("TEXTE"), N_("pourquoi"), false}, {NULL, NULL, NULL, false}};
static const struct args_option handover_options[] = {
    {"from", N_("DATE"), N_("premier jour du nouvel agent ; aujourd'hui sinon"), false},
    {"person", N_("PERSONNE"), N_("seulement son dossier ; peut être répété"), false},
    {"dry-run", NULL, N_("montrer ce qui passerait : rien n'est enregistré"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option sync_options[] = {
    {"live", NULL, N_("rester connecté : envoyer et recevoir au fur et à mesure"), false},
    {NULL, NULL, NULL, false}};

static const struct args_option agenda_options[] = {
    {"from", N_("DATE"), N_("à partir de ce jour ; aujourd'hui sinon"), false},
    {"to", N_("DATE"), N_("jusqu'à ce jour ; dans soixante jours sinon"), false},
    {"ical", N_("FICHIER"), N_("écrire un fichier iCalendar ; - pour la sortie"), false},
    {"names", NULL, N_("les noms et les objets dans le fichier, pas seulement les initiales"),
     false},
    {NULL, NULL, NULL, false}};
static const struct args_option ui_options[] = {
    {"port", N_("N"), N_("sur ce port ; sans cela, un port libre"), false},
    {"no-open", NULL, N_("ne pas ouvrir le navigateur : afficher l'adresse seulement"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option doctor_options[] = {
    {"repair", NULL, N_("refaire une base abîmée, sans perdre ce qui n'est pas envoyé"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option attach_options[] = {
    {"kind", N_("CODE"), N_("le type du document ; sans cela : other"), false},
    {"title", N_("TEXTE"), N_("son titre ; sans cela : le nom du fichier"), false},
    {NULL, NULL, NULL, false}};
static const struct args_option fetch_options[] = {
    {"auto", N_("MO"), N_("faire venir tous les documents, jusqu'à autant de mégaoctets ici"),
     false},
    {NULL, NULL, NULL, false}};

static const struct args_command table[] = {
    {"add", N_("TABLE CHAMP=VALEUR…"), 2, -1, NULL,
     N_("créer une fiche ; affiche son identifiant"), cmd_add},
    {"set", N_("TABLE ID CHAMP=VALEUR…"), 3, -1, NULL, N_("changer des champs d'une fiche"),
     cmd_set},
    {"delete", N_("TABLE ID"), 2, 2, NULL, N_("supprimer une fiche"), cmd_delete},
    {"restore", N_("TABLE ID"), 2, 2, NULL, N_("ramener une fiche supprimée"), cmd_restore},
    {"show", N_("TABLE ID [CHAMP]"), 2, 3, show_options, N_("montrer une fiche"), cmd_show},
    {"access", N_("PERSONNE"), 1, 1, NULL,
     N_("qui a ouvert ce dossier, autant qu'on le sait ici"), cmd_access},
    {"list", N_("TABLE [CHAMP=VALEUR…]"), 1, -1, list_options, N_("lister des fiches"),
     cmd_list},
    {"search", N_("MOT…"), 1, -1, search_options,
     N_("chercher des mots, un nom, un numéro dans toutes les fiches"), cmd_search},
    {"import", N_("TABLE FICHIER"), 2, 2, import_options,
     N_("reprendre un fichier .xlsx, .csv ou .ndjson"), cmd_import},
    {"export", N_("TABLE FICHIER"), 2, 2, export_options,
     N_("écrire un fichier .xlsx, .csv ou .ndjson"), cmd_export},
    {"attach", N_("TABLE ID FICHIER"), 3, 3, attach_options,
     N_("joindre un document ou une photo à une fiche"), cmd_attach},
    {"fetch", N_("[DOCUMENT [FICHIER]]"), 0, 2, fetch_options,
     N_("faire venir un document, ou l'écrire dans un fichier"), cmd_fetch},
    {"schema", N_("[TABLE]"), 0, 1, schema_options, N_("les tables et leurs champs"),
     cmd_schema},
    {"enrol", N_("CODE"), 1, -1, enrol_options, N_("inscrire cet appareil avec une invitation"),
     cmd_enrol},
    {"sync", "", 0, 0, sync_options, N_("envoyer et recevoir maintenant"), cmd_sync},
    {"site", N_("[ADRESSE:PORT|none]"), 0, 1, NULL,
     N_("nommer le relais du site, où déposer quand le serveur est injoignable"), cmd_site},
    {"bundle write", N_("FICHIER"), 1, 1, NULL,
     N_("écrire ce qui attend d'être envoyé dans un fichier scellé, à porter au serveur"),
     cmd_bundle_write},
    {"bundle read", N_("FICHIER"), 1, 1, NULL,
     N_("lire la réponse du serveur à un tel fichier"), cmd_bundle_read},
    {"status", "", 0, 0, NULL, N_("ce qui est sur le serveur, et ce qui n'y est pas"),
     cmd_status},
    {"conflicts", "", 0, 0, duplicates_options,
     N_("les saisies concurrentes qui attendent une décision"), cmd_conflicts},
    {"resolve", N_("ID [CHAMP=VALEUR…]"), 1, -1, resolve_options, N_("décider d'un conflit"),
     cmd_resolve},
    {"inbox", "", 0, 0, inbox_options, N_("tout ce qui attend une personne"), cmd_inbox},
    {"inbox show", N_("SAISIE"), 1, 1, NULL, N_("ouvrir une saisie refusée"), cmd_inbox_show},
    {"inbox resubmit", N_("SAISIE|all [CHAMP=VALEUR…]"), 1, -1, resubmit_options,
     N_("corriger une saisie refusée et l'enregistrer de nouveau"), cmd_inbox_resubmit},
    {"inbox discard", N_("SAISIE"), 1, 1, discard_options,
     N_("abandonner une saisie refusée ; elle reste lisible"), cmd_inbox_discard},
    {"duplicates", "", 0, 0, duplicates_options, N_("ce qui a peut-être été saisi deux fois"),
     cmd_duplicates},
    {"candidates", N_("TABLE CHAMP=VALEUR…"), 1, -1, candidates_options,
     N_("ce qui est peut-être déjà là, avant de le saisir"), cmd_candidates},
    {"duplicate same", N_("ID"), 1, 1, decide_options,
     N_("c'est la même chose : réunir les deux fiches, sans rien perdre"), cmd_duplicate_same},
    {"duplicate different", N_("ID"), 1, 1, decide_options,
     N_("ce n'est pas la même chose : garder les deux fiches séparées"),
     cmd_duplicate_different},
    {"duplicate undo", N_("ID"), 1, 1, decide_options, N_("revenir sur cette décision"),
     cmd_duplicate_undo},
    {"handover", N_("DE À"), 2, 2, handover_options,
     N_("remettre les dossiers d'un agent à un autre, d'un seul geste"), cmd_handover},
    {"referral accept", N_("ID [CHAMP=VALEUR…]"), 1, -1, NULL,
     N_("accepter une passerelle et ouvrir son propre dossier, d'un seul geste"),
     cmd_referral_accept},
    {"ui", "", 0, 0, ui_options, N_("ouvrir les pages de Jalon dans le navigateur"), cmd_ui},
    {"agenda", "", 0, 0, agenda_options,
     N_("ses séances, ses prochains rendez-vous et ce qui est dû"), cmd_agenda},
    {"settings", N_("[RÉGLAGE=VALEUR…]"), 0, -1, NULL,
     N_("langue, thème, nom de l'appareil, verrouillage des pages"), cmd_settings},
    {"completion", "bash|zsh|fish|man", 1, 1, NULL,
     N_("de quoi compléter les commandes dans un shell, ou leur page de manuel"),
     cmd_completion},
    {"overlaps", N_("PERSONNE"), 1, 1, NULL,
     N_("ce qui se contredit dans un dossier : deux étapes ouvertes, deux référents…"),
     cmd_overlaps},
    {"today", "", 0, 0, today_options,
     N_("les visites du jour, ce qui est en retard, ce qui approche"), cmd_today},
    {"report", N_("[NOM]"), 0, 1, report_options,
     N_("les indicateurs de ce qui est sur cet appareil"), cmd_report},
    {"doctor", "", 0, 0, doctor_options, N_("vérifier les données de cet appareil"),
     cmd_doctor},
    {NULL, NULL, 0, 0, NULL, NULL, NULL},
};

const struct args_program commands_program = {
    .name = "jalon",
    .help = N_("le suivi des jobcoaches, aussi sans réseau"),
    .commands = table,
    .common = common,
};

static int help(struct cmd *c)
{
    if (c->args->version)
        buf_printf(&c->out, "jalon %s\n", JALON_VERSION);
    else
        args_help(&commands_program, c->args->command, &c->out);
    return CMD_DONE;
}

/* What shows nothing of the data goes on when the lease has ended: what renews it, what says
 * how things are, and what records work, which no clock may stop. */
static bool shows_nothing(const struct args_command *command)
{
    static args_run *const list[] = {cmd_sync,    cmd_site,   cmd_status,      cmd_doctor,
                                     cmd_enrol,   cmd_schema, cmd_bundle_read, cmd_add,
                                     cmd_set,     cmd_delete, cmd_import,      cmd_bundle_write,
                                     cmd_restore, cmd_ui,     cmd_settings};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (command->run == list[i])
            return true;
    return false;
}

/* May this replica's data be shown? Else it is said why not. */
static enum err check_lease(struct cmd *c, struct note *why)
{
    struct lease lease;
    if (c->store == NULL || shows_nothing(c->args->command))
        return ERR_OK;
    enum err err = lease_look(c->store, &lease);
    if (err != ERR_OK || !lease.locked)
        return err;
    return note_set(why, ERR_REFUSED,
                    N_("plus de %lld jours sans contact avec le serveur : les données de cet "
                       "appareil sont verrouillées jusqu'à la prochaine synchronisation (jalon "
                       "sync) ; rien n'est perdu, et ce qui n'est pas envoyé le sera"),
                    (long long)lease.days);
}

/* Take down which dossiers were opened. Who may look may look when the disk is full, too. */
static void note_access(struct cmd *c)
{
    const struct id own = {{0}};
    const char *reason = args_value(c->args, "reason");
    struct note why = {""};
    enum err err =
        access_save(&c->access, c->store, &own, str_of(reason == NULL ? "" : reason), &why);
    if (err != ERR_OK)
        cmd_say(c, T("l'ouverture du dossier n'a pas pu être notée : %s"),
                why.text[0] != '\0' ? why.text : err_text(err));
}

/* What looks through the rows does it by their indexes. Without them, on a full disk, it only
 * takes longer; what else is wrong the command meets too. */
static void prepare(const struct cmd *c)
{
    static args_run *const readers[] = {cmd_list,   cmd_show,   cmd_search,     cmd_today,
                                        cmd_report, cmd_agenda, cmd_candidates, cmd_overlaps};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof readers / sizeof *readers && c->store != NULL; i++)
        if (c->args->command->run == readers[i])
            err = store_lists(c->store);
    (void)err;
}

/* Carry out what args say once the store is there. */
static int run(struct cmd *c)
{
    struct note why = {""};
    enum err may = check_lease(c, &why);
    prepare(c);
    int exit = may == ERR_OK ? c->args->command->run(c, c->args) : cmd_fail(c, may, &why);
    note_access(c);
    enum err err = cmd_flush(c);
    return err == ERR_OK ? exit : CMD_FAILED;
}

/* Take the command line apart; true when a command is to be run, else *exit is set. */
static bool begin(struct cmd *c, struct args *args, int argc, const char *const *argv,
                  int *exit)
{
    struct note why = {""};
    enum err err = args_parse(&commands_program, argc, argv, args, &why);
    c->args = args;
    c->json = args_flag(args, "json");
    if (err != ERR_OK)
        *exit = cmd_fail(c, err, &why);
    else if (args->help || args->version)
        *exit = help(c);
    else
        return true;
    if (cmd_flush(c) != ERR_OK)
        *exit = CMD_FAILED;
    return false;
}

/* Must hold the replica itself: nobody who holds it does this for others. */
static bool needs_lock(const struct args *args)
{
    args_run *does = args->command->run;
    return does == cmd_enrol || does == cmd_bundle_read ||
           (does == cmd_doctor && args_flag(args, "repair"));
}

int commands_run(struct cmd *c, int argc, const char *const *argv)
{
    struct args *args = arena_new(&c->arena, sizeof *args);
    int exit = CMD_FAILED;
    if (args != NULL && begin(c, args, argc, argv, &exit)) {
        bool alone = args->command->run == cmd_sync && c->round == NULL;
        bool may = !needs_lock(args) || (c->may_enrol && args->command->run == cmd_enrol);
        exit = !may || alone ? CMD_AWAY : run(c);
        if (cmd_flush(c) != ERR_OK)
            exit = CMD_FAILED;
    }
    cmd_done(c);
    return exit;
}

static enum err data_dir(const struct args *args, struct buf *out, struct note *why)
{
    const char *given = args_value(args, "data");
    if (given == NULL)
        return env_data_dir("jalon", out, why);
    buf_text(out, given);
    buf_u8(out, 0);
    return out->err;
}

/* Somebody else holds the replica: let it carry the command out, or wait until it has ended.
 * True when it was carried out. */
static bool ask_or_wait(struct cmd *c, int argc, const char *const *argv, struct local *local,
                        int *exit, enum err *err, struct note *why)
{
    bool relays = !needs_lock(c->args);
    for (int waited = 0; *err == ERR_BUSY && waited < LOCAL_WAIT_MS; waited += TURN_MS) {
        enum err asked = relays ? relay_ask(c, argc, argv, exit) : ERR_NOTFOUND;
        if (asked == ERR_OK)
            return true;
        if (asked != ERR_NOTFOUND && asked != ERR_BUSY) {
            *err = note_set(why, ERR_BUSY,
                            N_("l'autre programme n'a pas fini de répondre : il se peut que "
                               "ce soit fait ; vérifiez avant de recommencer"));
            return false;
        }
        if (waited == 0)
            cmd_say(c, T("un autre programme jalon travaille sur ces données ; un instant…"));
        if (cmd_flush(c) != ERR_OK)
            return false;
        relays = relays && asked == ERR_NOTFOUND; /* it may only just have started */
        *err = local_open(c->dir, TURN_MS, local, why);
    }
    return false;
}

static int run_here(struct cmd *c, int argc, const char *const *argv)
{
    struct note why = {""};
    struct buf dir = {0};
    struct local local = {0};
    int exit = CMD_FAILED;
    bool carried_out = false;
    enum err err = data_dir(c->args, &dir, &why);
    if (err == ERR_OK) {
        c->dir = (const char *)dir.p;
        err = local_open(c->dir, 0, &local, &why);
    }
    if (c->args->command->run == cmd_doctor && (err == ERR_CORRUPT || err == ERR_IO))
        err = local_hold(c->dir, 0, &local, &why);
    if (err == ERR_BUSY)
        carried_out = ask_or_wait(c, argc, argv, &local, &exit, &err, &why);
    if (!carried_out && err == ERR_OK) {
        c->store = local.store;
        c->local = &local;
        exit = run(c);
    } else if (!carried_out) {
        exit = cmd_fail(c, err, &why);
        if (cmd_flush(c) != ERR_OK)
            exit = CMD_FAILED;
    }
    /* What remembers names looks into the store. */
    cmd_done(c);
    local_close(&local);
    buf_done(&dir);
    return exit;
}

int commands_main(struct cmd *c, int argc, const char *const *argv)
{
    static const char *const pages[] = {"jalon", "ui"};
    struct args *args = mem_new(sizeof *args);
    int exit = CMD_FAILED;
    /* Without a word: what the icon of the desktop does. */
    if (argc == 1 && pages_there()) {
        argv = pages;
        argc = 2;
    }
    if (args == NULL)
        return exit;
    if (begin(c, args, argc, argv, &exit))
        exit = args->command->run == cmd_schema || args->command->run == cmd_completion
                   ? run(c)
                   : run_here(c, argc, argv);
    cmd_done(c);
    mem_free(args);
    return exit;
}
