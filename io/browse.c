/* SPDX-License-Identifier: Apache-2.0 */
#include "io/browse.h"

#include "io/env.h"
#include "io/file.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/* Through a shell that ends at once: whoever ends later is then init's child, not ours. */
static enum err run(const char *path)
{
    char shell[] = "/bin/sh";
    char option[] = "-c";
    char script[] = "command -v xdg-open >/dev/null || exit 1; "
                    "setsid xdg-open \"$1\" >/dev/null 2>&1 </dev/null &";
    char name[] = "jalon";
    char target[FILE_PATH_BYTES_MAX];
    size_t n = strlen(path);
    if (n >= sizeof target)
        return ERR_LIMIT;
    memcpy(target, path, n + 1);
    char *argv[] = {shell, option, script, name, target, NULL};
    pid_t pid = 0;
    int status = 0;
    if (posix_spawn(&pid, shell, NULL, NULL, argv, environ) != 0)
        return ERR_IO;
    if (waitpid(pid, &status, 0) != pid)
        return ERR_IO;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ERR_OK : ERR_NOTFOUND;
}

enum err browse_open(const char *path, const char *url)
{
    struct buf page = {0};
    if (env_get("DISPLAY") == NULL && env_get("WAYLAND_DISPLAY") == NULL)
        return ERR_NOTFOUND;
    buf_printf(&page,
               "<!doctype html><meta charset=\"utf-8\"><title>Jalon</title>"
               "<meta http-equiv=\"refresh\" content=\"0; url=%s\"><a href=\"%s\">Jalon</a>\n",
               url, url);
    enum err err = page.err;
    if (err == ERR_OK)
        err = file_replace(path, buf_str(&page), 0600, NULL);
    buf_done(&page);
    return err == ERR_OK ? run(path) : err;
}
