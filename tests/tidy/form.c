/* SPDX-License-Identifier: Apache-2.0 */
#include "tidy/rules.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { FILE_LINES_MAX = 650, TEST_LINES_MAX = 800, FUNCTION_LINES_MAX = 60, GUARD_BYTES = 128 };

static const char SPDX[] = "SPDX-License-Identifier: Apache-2.0";

static bool carries_spdx(const char *path)
{
    static const char *const tails[] = {".c",
                                        ".h",
                                        ".S",
                                        ".sh",
                                        ".cmake",
                                        ".js",
                                        ".css",
                                        ".sql",
                                        ".dict",
                                        "CMakeLists.txt",
                                        ".clang-format",
                                        ".clang-tidy",
                                        ".service"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        if (ends_with(path, tails[i]))
            return true;
    }
    return strcmp(path, ".ci/run") == 0;
}

void rule_spdx(const struct tree *tree, struct report *out)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *file = &tree->files[i];
        if (!carries_spdx(file->path))
            continue;
        const char *line = file->raw;
        if (starts_with(line, "#!"))
            line += strcspn(line, "\n") + (strchr(line, '\n') != NULL);
        const char *at = strstr(line, SPDX);
        if (at == NULL || at > line + strcspn(line, "\n"))
            found(out, file, 1, "the first line is not the SPDX line");
    }
}

/* FOLDER_FILE_H of the last `parts` parts of the path. */
static void guard_of(const char *path, int parts, char *guard)
{
    const char *from = path + strlen(path);
    for (; from > path && parts > 0; from--) {
        if (from[-1] == '/' && --parts == 0)
            break;
    }
    size_t n = 0;
    for (; from[n] != '\0' && n + 1 < GUARD_BYTES; n++)
        guard[n] = (char)(word_char(from[n]) ? toupper((unsigned char)from[n]) : '_');
    guard[n] = '\0';
}

static bool guarded_by(const struct source *file, const char *guard)
{
    char both[2 * GUARD_BYTES + 32];
    (void)snprintf(both, sizeof both, "#ifndef %s\n#define %s\n", guard, guard);
    const char *first = strchr(file->code, '#');
    return first != NULL && starts_with(first, both);
}

void rule_headers(const struct tree *tree, struct report *out)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *file = &tree->files[i];
        if (!ends_with(file->path, ".h"))
            continue;
        char near[GUARD_BYTES];
        char whole[GUARD_BYTES];
        guard_of(file->path, 2, near);
        guard_of(file->path, 8, whole);
        const char *second = strchr(file->raw, '\n');
        if (second == NULL || !starts_with(second, "\n/* "))
            found(out, file, 2, "line 2 does not say the module's job");
        if (!guarded_by(file, near) && !guarded_by(file, whole))
            found(out, file, 3, "the guard is not %s", near);
    }
}

/* In our brace style only a function's body opens at the left edge. */
static void check_functions(const struct source *file, struct report *out)
{
    size_t line = 1;
    size_t opened = 0;
    for (const char *p = file->code; *p != '\0'; p++) {
        bool edge = p == file->code || p[-1] == '\n';
        if (edge && *p == '{')
            opened = line;
        if (edge && *p == '}' && opened != 0) {
            if (line - opened - 1 > FUNCTION_LINES_MAX)
                found(out, file, opened, "function of %zu lines", line - opened - 1);
            opened = 0;
        }
        line += *p == '\n';
    }
}

void rule_lengths(const struct tree *tree, struct report *out)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *file = &tree->files[i];
        size_t lines = line_of(file->raw, file->raw + strlen(file->raw)) - 1;
        bool code = file->code != NULL || ends_with(file->path, ".sh") ||
                    ends_with(file->path, ".js") || ends_with(file->path, "CMakeLists.txt");
        bool test = strstr(file->path, "/test_") != NULL;
        if (code && lines > (test ? TEST_LINES_MAX : FILE_LINES_MAX))
            found(out, file, lines, "file of %zu lines", lines);
        if (file->code != NULL)
            check_functions(file, out);
    }
}

/* Spelled in two pieces each, so that this file does not hold them. */
void rule_words(const struct tree *tree, struct report *out)
{
    static const char *const left[] = {"TO"
                                       "DO",
                                       "FIX"
                                       "ME",
                                       "<<<<"
                                       "<<<",
                                       ">>>>"
                                       ">>>"};
    static const char *const places[] = {"/wo"
                                         "rk/",
                                         "/tm"
                                         "p/wt",
                                         "/ho"
                                         "me/",
                                         "/ro"
                                         "ot/"};
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *file = &tree->files[i];
        for (size_t w = 0; w < sizeof left / sizeof *left; w++) {
            const char *at = strstr(file->raw, left[w]);
            if (at != NULL)
                found(out, file, line_of(file->raw, at), "unfinished: %s", left[w]);
        }
        for (size_t w = 0; w < sizeof places / sizeof *places; w++) {
            const char *at = strstr(file->raw, places[w]);
            for (; at != NULL; at = strstr(at + 1, places[w])) {
                if (at == file->raw || !(word_char(at[-1]) || at[-1] == '}'))
                    found(out, file, line_of(file->raw, at), "path of one machine: %s",
                          places[w]);
            }
        }
    }
}
