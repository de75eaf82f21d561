/* SPDX-License-Identifier: Apache-2.0 */
/* jalond: init makes a server, serve runs it. */
#include "io/args.h"
#include "io/crypt.h"
#include "io/env.h"
#include "io/join.h"
#include "io/log.h"
#include "io/say.h"
#include "server/folder.h"
#include "server/service.h"
#include "server/site.h"
#include "server/succession.h"

#include <string.h>
#include <sys/resource.h>

enum { DESCRIPTORS = 65536 };

static const char default_dir[] = "/var/lib/jalon";

static const char *dir_of(const struct args *args)
{
    const char *dir = args_value(args, "data");
    return dir == NULL ? default_dir : dir;
}

static int fail(enum err err, const struct note *why)
{
    say_err("jalond : %s\n", why->text[0] != '\0' ? why->text : err_text(err));
    return err_exit(err);
}

static int run_init(void *program, const struct args *args)
{
    struct folder folder = {.key = {0}};
    struct note why = {""};
    struct buf pin = {0};
    const char *dir = dir_of(args);
    bool made = false;
    (void)program;
    enum err err = folder_make(dir, str_of(args_value(args, "network")), &folder, &made, &why);
    if (err == ERR_OK)
        folder_pin(&folder, &pin);
    buf_u8(&pin, 0);
    if (err == ERR_OK)
        err = pin.err;
    if (err == ERR_OK) {
        if (made)
            say_err(T("serveur créé dans %s ; empreinte de son autorité :\n"), dir);
        else
            say_err(T("un serveur existe déjà dans %s, rien n'a changé ; son empreinte :\n"),
                    dir);
        say_out("%s\n", (const char *)pin.p);
        if (made)
            say_err(T("déplacez %s/%s, la clé de la prochaine autorité, sur un support sûr, "
                      "hors de cette machine (OPERATIONS.md)\n"),
                    dir, SUCCESSION_KEY);
    }
    buf_done(&pin);
    folder_done(&folder);
    return err == ERR_OK ? 0 : fail(err, &why);
}

/* Each connection is a descriptor. */
static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS)
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_warn("the limit of open files stays as it is");
}

static int run_serve(void *program, const struct args *args)
{
    struct settings settings;
    struct note why = {""};
    const char *sync = args_value(args, "sync");
    (void)program;
    if (args_value(args, "console") != NULL) {
        note_write(&why, N_("la console n'existe pas encore dans cette version"));
        return fail(ERR_USAGE, &why);
    }
    settings_init(&settings);
    enum err err = settings_read(dir_of(args), &settings, &why);
    if (err == ERR_OK && sync != NULL && strlen(sync) >= sizeof settings.sync)
        err = note_set(&why, ERR_USAGE, N_("adresse trop longue"));
    if (err != ERR_OK)
        return fail(err, &why);
    if (sync != NULL)
        memcpy(settings.sync, sync, strlen(sync) + 1);
    log_init(settings.verbose ? LOG_LEVEL_INFO : LOG_LEVEL_WARN);
    raise_descriptors();
    err = site_here(dir_of(args)) ? site_run(dir_of(args), &settings, &why)
                                  : service_run(dir_of(args), &settings, &why);
    bool broken = err == ERR_IO || err == ERR_CORRUPT;
    int status = err == ERR_OK ? 0 : fail(err, &why);
    return broken ? err_exit(ERR_CORRUPT) : status;
}

static int run_relay(void *program, const struct args *args)
{
    struct note why = {""};
    struct invite invite = {.server.port = 0};
    struct site_id id = {.device = 0};
    (void)program;
    enum err err = join_code(args, &invite, &why);
    if (err == ERR_OK)
        err = site_enrol(dir_of(args), &invite, &id, &why);
    mem_wipe(&invite, sizeof invite);
    if (err == ERR_OK)
        say_err(T("relais « %s » du réseau « %s » ; ensuite : jalond serve --data %s\n"),
                id.name, id.network, dir_of(args));
    site_id_done(&id);
    return err == ERR_OK ? 0 : fail(err, &why);
}

static void say_pin(const char *word, const uint8_t pin[CERT_FINGERPRINT_BYTES])
{
    say_out("%s ", word);
    for (size_t i = 0; i < CERT_FINGERPRINT_BYTES; i++)
        say_out("%02x", pin[i]);
    say_out("\n");
}

/* Who the authority is, who will follow, and whether an overlap goes on. */
static enum err show_authority(const char *dir, struct note *why)
{
    struct folder folder = {.key = {0}};
    uint8_t former[CERT_FINGERPRINT_BYTES];
    struct buf next = {0};
    enum err err = folder_open(dir, &folder, why);
    if (err == ERR_OK) {
        say_pin("present", folder.ca.pin);
        if (folder.ca.has_next)
            say_pin("next", folder.ca.next.next);
        if (folder.ca.former_cert.n > 0 &&
            cert_cert_fingerprint(buf_str(&folder.ca.former_cert), former) == ERR_OK)
            say_pin(folder.ca.former_key.n > 0 ? "former" : "ended", former);
        if (file_read_in(dir, SUCCESSION_KEY, CERT_KEY_BYTES_MAX, &next, NULL) == ERR_OK)
            say_err(T("la clé de la prochaine autorité est encore ici : déplacez %s/%s sur un "
                      "support sûr, hors de cette machine\n"),
                    dir, SUCCESSION_KEY);
    }
    cert_key_done(&next);
    folder_done(&folder);
    return err;
}

static enum err change_authority(const struct args *args, struct note *why)
{
    const char *dir = dir_of(args);
    const char *verb = args->word[0];
    struct file_lock lock;
    enum err err = folder_lock(dir, &lock, why);
    if (err != ERR_OK)
        return err;
    if (strcmp(verb, "switch") == 0 && args->n == 2)
        err = succession_switch(dir, args->word[1], why);
    else if (strcmp(verb, "end") == 0 && args->n == 1)
        err = succession_end(dir, args_flag(args, "force"), why);
    else if (strcmp(verb, "renew") == 0 && args->n == 1)
        err = succession_renew(dir, why);
    else
        err = note_set(why, ERR_USAGE, N_("jalond authority [switch FICHIER | end | renew]"));
    file_unlock(&lock);
    return err;
}

static int run_authority(void *program, const struct args *args)
{
    struct note why = {""};
    (void)program;
    enum err err = args->n > 0 ? change_authority(args, &why) : ERR_OK;
    if (err == ERR_OK)
        err = show_authority(dir_of(args), &why);
    return err == ERR_OK ? 0 : fail(err, &why);
}

static int run_version(void *program, const struct args *args)
{
    (void)program;
    (void)args;
    say_out("jalond %s\n", JALON_VERSION);
    return 0;
}

static const struct args_option common[] = {ARGS_DATA, {.name = NULL}};
static const struct args_option init_options[] = {
    {"network", N_("NOM"), N_("nom du réseau"), true},
    {.name = NULL},
};
static const struct args_option relay_options[] = {
    {"server", N_("ADRESSE:PORT"), N_("une autre adresse que celle de l'invitation"), false},
    {.name = NULL},
};
static const struct args_option authority_options[] = {
    {"force", NULL, N_("end : avant la fin des 180 jours"), false},
    {.name = NULL},
};
static const struct args_option serve_options[] = {
    {"sync", N_("ADRESSE:PORT"), N_("où écouter les appareils ; port 0 : un port libre"),
     false},
    {"console", N_("ADRESSE:PORT"), N_("où servir la console (pas encore)"), false},
    {.name = NULL},
};
static const struct args_command commands[] = {
    {"init", "", 0, 0, init_options, N_("créer un serveur : base, autorité, clés"), run_init},
    {"relay", N_("CODE"), 1, -1, relay_options,
     N_("faire de cette machine le relais d'un site, avec une invitation (jalonctl relay add)"),
     run_relay},
    {"authority", N_("[switch FICHIER | end | renew]"), 0, 2, authority_options,
     N_("l'autorité du réseau et la suivante ; passer à celle-ci avec sa clé (switch), "
        "détruire la clé de l'ancienne (end), refaire la suivante (renew) ; serveur arrêté"),
     run_authority},
    {"serve", "", 0, 0, serve_options, N_("servir les appareils et jalonctl"), run_serve},
    {"version", "", 0, 0, NULL, N_("dire la version"), run_version},
    {.name = NULL},
};
static const struct args_program program = {
    .name = "jalond",
    .help = N_("le serveur de Jalon"),
    .commands = commands,
    .common = common,
};

static void show_help(const struct args_command *command)
{
    struct buf text = {0};
    args_help(&program, command, &text);
    say_bytes(text.p, text.n);
    buf_done(&text);
}

int main(int argc, char **argv)
{
    struct args args;
    struct note why = {""};
    int status = 0;
    env_keep_private();
    say_init(env_language());
    crypt_start();
    enum err err = args_parse(&program, argc, (const char *const *)argv, &args, &why);
    if (err != ERR_OK)
        return fail(err, &why);
    if (args.version)
        status = run_version(NULL, &args);
    else if (args.help || args.command == NULL)
        show_help(args.command);
    else
        status = args.command->run(NULL, &args);
    if (say_flush() != ERR_OK && status == 0)
        status = 1;
    return status;
}
