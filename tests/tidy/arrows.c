/* SPDX-License-Identifier: Apache-2.0 */
#include "tidy/rules.h"

#include <stdio.h>
#include <string.h>

/* Who may include whom, by folder; a folder may always include its own headers. */
static const struct {
    const char *folder;
    const char *may; /* folders, each between spaces */
} arrows[] = {
    {"proto/", " "},
    {"store/", " proto/ "},
    {"io/", " proto/ "},
    {"web/", " proto/ store/ io/ "},
    {"server/", " proto/ store/ io/ web/ "},
    {"client/", " proto/ store/ io/ web/ "},
    {"tests/",
     " proto/ store/ io/ web/ server/ client/ support/ sim/ bench/ e2e/ fuzz/ tidy/ "},
};

/* Headers of libraries and of the system, and the files that may name them. */
static const struct {
    const char *header; /* how the name in <> begins */
    const char *may[6]; /* how the path of a file allowed begins */
} fences[] = {
    {"uv.h", {"io/", "tests/unit/", "tests/support/"}},
    {"sqlite3", {"store/", "tests/"}},
    {"mbedtls/", {"io/tls.", "io/cert.", "io/crypt.", "io/random.", "io/compat_mbedtls.h"}},
    {"psa/", {"io/tls.", "io/cert.", "io/crypt.", "io/random.", "io/compat_mbedtls.h"}},
    {"msgpack", {"proto/pack", "tests/"}},
    {"zstd", {"proto/frame", "tests/"}},
    {"libpq", {"store/db_postgres"}},
    {"cmocka", {"tests/"}},
};

/* What proto, pure code, has no use for. */
static const char *const impure[] = {
    "arpa/",   "dirent.h", "fcntl.h",  "net",       "poll.h",    "pthread.h", "signal.h",
    "spawn.h", "sys/",     "syslog.h", "termios.h", "threads.h", "time.h",    "unistd.h",
};

static const char *folders_allowed(const char *path)
{
    for (size_t i = 0; i < sizeof arrows / sizeof *arrows; i++) {
        if (starts_with(path, arrows[i].folder))
            return arrows[i].may;
    }
    return NULL;
}

/* `name` is what stands between the quotes. */
static void check_ours(const struct source *file, size_t line, const char *name,
                       struct report *out)
{
    const char *slash = strchr(name, '/');
    const char *may = folders_allowed(file->path);
    if (slash == NULL) {
        found(out, file, line, "include \"%s\" names no folder", name);
        return;
    }
    size_t n = (size_t)(slash - name) + 1;
    if (may == NULL || strncmp(file->path, name, n) == 0)
        return;
    char wanted[80];
    (void)snprintf(wanted, sizeof wanted, " %.*s ", (int)(n < 64 ? n : 64), name);
    if (strstr(may, wanted) == NULL)
        found(out, file, line, "%.*s may not include \"%s\"", (int)strcspn(file->path, "/"),
              file->path, name);
}

static bool fence_open(size_t fence, const char *path)
{
    for (size_t i = 0; i < sizeof fences[fence].may / sizeof *fences[fence].may; i++) {
        if (fences[fence].may[i] != NULL && starts_with(path, fences[fence].may[i]))
            return true;
    }
    return false;
}

/* `name` is what stands between the angle brackets, or quotes. */
static void check_library(const struct source *file, size_t line, const char *name,
                          struct report *out)
{
    for (size_t i = 0; i < sizeof fences / sizeof *fences; i++) {
        if (starts_with(name, fences[i].header) && !fence_open(i, file->path))
            found(out, file, line, "<%s> has no place in this file", name);
    }
    if (!starts_with(file->path, "proto/"))
        return;
    for (size_t i = 0; i < sizeof impure / sizeof *impure; i++) {
        if (starts_with(name, impure[i]))
            found(out, file, line, "proto is pure: no <%s>", name);
    }
}

static void check_includes(const struct source *file, struct report *out)
{
    const char *at = strstr(file->code, "#include");
    for (; at != NULL; at = strstr(at + 1, "#include")) {
        char name[128];
        char mark = '\0';
        if (sscanf(at, "#include %c%127[^\">\n]", &mark, name) != 2)
            continue;
        size_t line = line_of(file->code, at);
        check_library(file, line, name, out);
        if (mark == '"')
            check_ours(file, line, name, out);
    }
}

/* SQL belongs to store: a literal elsewhere that begins like a statement is a leak. */
static void check_sql(const struct source *file, struct report *out)
{
    static const char *const heads[] = {"SELECT ",      "INSERT INTO ", "INSERT OR ",
                                        "DELETE FROM ", "CREATE TABLE", "CREATE INDEX",
                                        "ALTER TABLE ", "DROP TABLE ",  "PRAGMA "};
    if (starts_with(file->path, "store/") || starts_with(file->path, "tests/"))
        return;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const char *at = strstr(file->text, heads[i]);
        if (at != NULL)
            found(out, file, line_of(file->text, at), "SQL outside store: %s", heads[i]);
    }
}

void rule_arrows(const struct tree *tree, struct report *out)
{
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->files[i].code != NULL) {
            check_includes(&tree->files[i], out);
            check_sql(&tree->files[i], out);
        }
    }
}
