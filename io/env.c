/* SPDX-License-Identifier: Apache-2.0 */
#include "io/env.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

const char *env_get(const char *name)
{
    /* Nothing of ours changes the environment, so reading it races with nobody. */
    const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe) */
    return value == NULL || value[0] == '\0' ? NULL : value;
}

enum say_language env_language(void)
{
    return say_language_of(env_get("LC_ALL"), env_get("LC_MESSAGES"), env_get("LANG"));
}

/* A tool that looks for leaks reads the memory of the process it is in. */
#if defined(__SANITIZE_ADDRESS__)
#define INSPECTED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INSPECTED 1
#endif
#endif
#ifndef INSPECTED
#define INSPECTED 0
#endif

void env_keep_private(void)
{
    const struct rlimit none = {0, 0};
    (void)umask(S_IRWXG | S_IRWXO);
    /* Each can only fail where something stricter holds already. */
    (void)setrlimit(RLIMIT_CORE, &none);
    if (!INSPECTED)
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

bool env_tty(int fd)
{
    return isatty(fd) == 1;
}

bool env_color(int fd)
{
    const char *term = env_get("TERM");
    return env_get("NO_COLOR") == NULL && term != NULL && strcmp(term, "dumb") != 0 &&
           env_tty(fd);
}

int env_columns(int fd)
{
    struct winsize size = {0};
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return ENV_COLUMNS_DEFAULT;
}

enum err env_data_dir(const char *app, struct buf *path, struct note *why)
{
    const char *base = env_get("XDG_DATA_HOME");
    const char *below = "";
    if (base == NULL || base[0] != '/') {
        base = env_get("HOME");
        below = "/.local/share";
    }
    if (base == NULL || base[0] != '/')
        return note_set(
            why, ERR_NOTFOUND,
            "le dossier personnel n'est pas connu (HOME) : indiquez --data DOSSIER");
    if (strlen(base) + strlen(below) + strlen(app) + 2 > ENV_PATH_BYTES_MAX)
        return note_set(why, ERR_LIMIT, "chemin trop long : indiquez --data DOSSIER");
    buf_clear(path);
    buf_printf(path, "%s%s/%s", base, below, app);
    buf_u8(path, 0);
    if (path->err == ERR_OK)
        path->n--;
    return path->err;
}
