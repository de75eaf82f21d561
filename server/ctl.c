/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl: hands its words to the running jalond and prints what comes back; restore alone
 * works on the files, while jalond is stopped. */
#include "io/crypt.h"
#include "io/env.h"
#include "io/file.h"
#include "io/say.h"
#include "server/control.h"
#include "server/ctl_restore.h"
#include "server/folder.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = CONTROL_CHUNK_BYTES + 1024 };

static const char default_dir[] = "/var/lib/jalon";

static int fail(enum err err, const struct note *why)
{
    say_err("jalonctl : %s\n", why->text[0] != '\0' ? why->text : err_text(err));
    return err_exit(err);
}

/* ---- the socket: one question, blocking ---- */

static enum err not_running(struct note *why, const char *dir)
{
    return note_set(why, ERR_OFFLINE,
                    N_("jalond ne tourne pas dans %s ; démarrez-le : jalond serve --data %s"),
                    dir, dir);
}

static enum err dial(const char *dir, int *out, struct note *why)
{
    struct buf path = {0};
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = -1;
    enum err err = file_join(&path, dir, FOLDER_CONTROL);
    if (err == ERR_OK && strlen((const char *)path.p) >= sizeof to.sun_path)
        err = note_set(why, ERR_LIMIT, N_("%s : chemin trop long pour une prise Unix"), dir);
    if (err == ERR_OK) {
        memcpy(to.sun_path, path.p, strlen((const char *)path.p) + 1);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            err = ERR_IO;
    }
    if (err == ERR_OK && connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        err = errno == EACCES || errno == EPERM
                  ? note_set(why, ERR_REFUSED, N_("pas le droit d'ouvrir %s"), to.sun_path)
                  : not_running(why, dir);
        close(fd);
    }
    buf_done(&path);
    if (err == ERR_OK)
        *out = fd;
    return err;
}

static enum err send_all(int fd, const struct buf *bytes)
{
    size_t sent = 0;
    while (sent < bytes->n) {
        ssize_t n = send(fd, bytes->p + sent, bytes->n - sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_CLOSED;
        sent += (size_t)n;
    }
    return ERR_OK;
}

static enum err ask(int fd, int argc, char **argv)
{
    char cwd[FILE_PATH_BYTES_MAX];
    struct buf frame = {0};
    size_t at = frame_begin(&frame);
    pack_array(&frame, (uint32_t)argc + 1);
    pack_str(&frame, str_of(say_code()));
    pack_str(&frame, str_of(getcwd(cwd, sizeof cwd) != NULL ? cwd : "/"));
    for (int i = 1; i < argc; i++)
        pack_str(&frame, str_of(argv[i]));
    frame_end(&frame, at);
    enum err err = frame.err == ERR_OK ? send_all(fd, &frame) : frame.err;
    buf_done(&frame);
    return err;
}

/* Print one piece; *status >= 0 ends. */
static enum err print_piece(struct str body, int *status)
{
    struct cur cur = cur_of(body.p, body.n);
    size_t used = 0;
    if (pack_check(body, 2, 4, &used) != ERR_OK || unpack_array(&cur) != 2)
        return ERR_FORMAT;
    int64_t kind = unpack_int(&cur);
    if (kind == CONTROL_STATUS) {
        *status = (int)unpack_int_in(&cur, 0, UINT8_MAX);
        return cur.bad ? ERR_FORMAT : ERR_OK;
    }
    struct str bytes = unpack_bin(&cur);
    if (cur.bad)
        return ERR_FORMAT;
    if (kind == CONTROL_OUT)
        say_bytes(bytes.p, bytes.n);
    else
        say_err("%.*s", (int)bytes.n, bytes.p);
    return ERR_OK;
}

static enum err hear(int fd, int *status)
{
    struct buf in = {0};
    enum err err = ERR_OK;
    *status = -1;
    while (err == ERR_OK && *status < 0) {
        struct str body = {NULL, 0};
        size_t used = 0;
        err = frame_next(buf_str(&in), ANSWER_BYTES_MAX, &body, &used);
        if (err == ERR_OK && used > 0) {
            err = print_piece(body, status);
            buf_drop(&in, used);
            continue;
        }
        if (err != ERR_OK || !buf_reserve(&in, CONTROL_CHUNK_BYTES)) {
            err = err == ERR_OK ? ERR_NOMEM : err;
            break;
        }
        ssize_t n = recv(fd, in.p + in.n, CONTROL_CHUNK_BYTES, 0);
        if (n > 0)
            in.n += (size_t)n;
        else if (n == 0 || errno != EINTR)
            err = ERR_CLOSED;
    }
    buf_done(&in);
    return err;
}

static int converse(const char *dir, int argc, char **argv)
{
    struct note why = {""};
    int fd = -1;
    int status = 0;
    enum err err = dial(dir, &fd, &why);
    if (err != ERR_OK)
        return fail(err, &why);
    err = ask(fd, argc, argv);
    if (err == ERR_OK)
        err = hear(fd, &status);
    close(fd);
    if (err == ERR_CLOSED)
        note_write(&why,
                   N_("jalond s'est arrêté avant de répondre ; rien ne dit si la commande a "
                      "été faite"));
    return err == ERR_OK ? status : fail(err, &why);
}

/* ---- the calls that need no jalond ---- */

static int run_restore(const char *dir, const struct args *args)
{
    struct note why = {""};
    struct restored restored = {.kept = {0}};
    enum err err =
        restore_run(dir, args->word[0], args_value(args, "erasures"), &restored, &why);
    if (err == ERR_OK && args_flag(args, "json")) {
        say_out("{\"restored\":true,\"states_lost\":%s,\"contents_lost\":%s}\n",
                restored.states_lost ? "true" : "false",
                restored.contents_lost ? "true" : "false");
    } else if (err == ERR_OK) {
        say_err(T("copie reprise, comme une nouvelle génération ; l'ancienne base est gardée "
                  "sous ce nom :\n"));
        say_out("%s\n", (const char *)restored.kept.p);
    }
    if (err == ERR_OK && restored.states_lost)
        say_err(
            T("l'ancienne base est illisible : les appareils révoqués depuis la copie ne le "
              "sont plus ; voyez jalonctl device list\n"));
    if (err == ERR_OK && restored.states_lost && args_value(args, "erasures") == NULL)
        say_err(T("les effacements ordonnés depuis la copie ne sont pas refaits : reprenez-la "
                  "avec --erasures\n"));
    if (err == ERR_OK && restored.contents_lost)
        say_err(T(
            "les contenus des documents (FICHIER.content) manquent à la copie ou sont abîmés ; "
            "ceux qui étaient ici restent, et les appareils renverront ceux qu'ils ont\n"));
    buf_done(&restored.kept);
    return err == ERR_OK ? 0 : fail(err, &why);
}

static int show_help(const struct args *args)
{
    struct buf text = {0};
    args_help(&ctl_program, args->command, &text);
    say_bytes(text.p, text.n);
    buf_done(&text);
    return 0;
}

int main(int argc, char **argv)
{
    struct args args;
    struct note why = {""};
    env_keep_private();
    say_init(env_language());
    crypt_start();
    enum err err = ctl_parse(argc, (const char *const *)argv, &args, &why);
    if (err != ERR_OK)
        return fail(err, &why);
    int status = 0;
    const char *dir = args_value(&args, "data");
    dir = dir == NULL ? default_dir : dir;
    if (args.version)
        say_out("jalonctl %s\n", JALON_VERSION);
    else if (args.help || args.command == NULL)
        status = show_help(&args);
    else if (args.command->run == NULL)
        status = run_restore(dir, &args);
    else
        status = converse(dir, argc, argv);
    if (say_flush() != ERR_OK && status == 0)
        status = 1;
    return status;
}
