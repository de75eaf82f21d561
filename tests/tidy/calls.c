/* SPDX-License-Identifier: Apache-2.0 */
#include "tidy/rules.h"

#include <ctype.h>
#include <string.h>

/* A call that is not allowed in some files. */
struct ban {
    const char *name;
    bool anywhere; /* the name alone counts: nothing of ours is called that */
};

static bool is_call(const char *start, const char *at, const char *name)
{
    const char *after = at + strlen(name);
    while (*after == ' ' || *after == '\n')
        after++;
    bool member =
        (at > start && at[-1] == '.') || (at > start + 1 && at[-1] == '>' && at[-2] == '-');
    return *after == '(' && !member;
}

static void check_bans(const struct source *file, const struct ban *bans, size_t count,
                       const char *why, struct report *out)
{
    for (size_t i = 0; i < count; i++) {
        const char *at = word_find(file->code, file->code, bans[i].name);
        for (; at != NULL; at = word_find(file->code, at + 1, bans[i].name)) {
            if (bans[i].anywhere || is_call(file->code, at, bans[i].name))
                found(out, file, line_of(file->code, at), "%s: %s", bans[i].name, why);
        }
    }
}
#define BANS(table) (table), sizeof(table) / sizeof *(table)

static const struct ban unsafe[] = {
    {"strcpy", true},   {"strcat", true},  {"stpcpy", true},  {"sprintf", true},
    {"vsprintf", true}, {"strtok", true},  {"atoi", true},    {"atol", true},
    {"atoll", true},    {"atof", true},    {"gets", true},    {"alloca", true},
    {"tmpnam", true},   {"mktemp", true},  {"system", false}, {"popen", false},
    {"strncpy", true},  {"strncat", true}, {"longjmp", true},
};
static const struct ban heap[] = {
    {"malloc", true},       {"calloc", true},    {"realloc", true},
    {"reallocarray", true}, {"strdup", true},    {"strndup", true},
    {"asprintf", true},     {"vasprintf", true}, {"aligned_alloc", true},
};
static const struct ban ends[] = {{"exit", false}, {"_exit", true}, {"abort", false}};
static const struct ban sleeps[] = {
    {"sleep", false}, {"usleep", true}, {"nanosleep", true}, {"clock_nanosleep", true}};

void rule_banned(const struct tree *tree, struct report *out)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *file = &tree->files[i];
        if (file->code == NULL)
            continue;
        bool test = starts_with(file->path, "tests/");
        bool library = starts_with(file->path, "proto/") || starts_with(file->path, "store/") ||
                       starts_with(file->path, "io/") || starts_with(file->path, "web/");
        check_bans(file, BANS(unsafe), "banned", out);
        check_bans(file, BANS(sleeps), "wait for an event instead", out);
        if (!test && strcmp(file->path, "proto/mem.c") != 0)
            check_bans(file, BANS(heap), "allocate through mem_*", out);
        if (library && strcmp(file->path, "proto/err.c") != 0)
            check_bans(file, BANS(ends), "a library never ends the process", out);
    }
}

static const struct ban clocks[] = {
    {"time", false},
    {"clock", false},
    {"clock_gettime", true},
    {"gettimeofday", true},
    {"timespec_get", true},
    {"localtime", true},
    {"localtime_r", true},
    {"mktime", true},
    {"uv_now", true},
    {"uv_hrtime", true},
    {"uv_gettimeofday", true},
    {"uv_clock_gettime", true},
    {"rand", false},
    {"srand", true},
    {"rand_r", true},
    {"random", false},
    {"srandom", true},
    {"drand48", true},
    {"lrand48", true},
    {"arc4random", true},
    {"arc4random_uniform", true},
    {"arc4random_buf", true},
    {"getrandom", true},
    {"getentropy", true},
    {"uv_random", true},
    {"sqlite3_randomness", true},
};
static const struct ban surroundings[] = {
    {"getenv", true}, {"secure_getenv", true}, {"setenv", true},
    {"putenv", true}, {"environ", true},       {"uv_os_getenv", true},
};

/* Tests that must replay from a seed; the others measure or drive real processes. */
static bool replays(const char *path)
{
    return starts_with(path, "tests/sim/") || starts_with(path, "tests/unit/") ||
           starts_with(path, "tests/property/") || starts_with(path, "tests/golden/") ||
           starts_with(path, "tests/fuzz/") || starts_with(path, "tests/tidy/");
}

/* SQL that reads a clock or the random source; words compared without case. */
static void check_sql_texts(const struct source *file, struct report *out)
{
    static const char *const words[] = {"random()",     "randomblob(",       "'now'",
                                        "unixepoch()",  "current_timestamp", "current_date",
                                        "current_time", "/dev/urandom",      "/dev/random"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *at = strcasestr(file->text, words[i]);
        for (; at != NULL; at = strcasestr(at + 1, words[i])) {
            const char *end = at + strlen(words[i]);
            if (!word_char(end[-1]) || !word_char(*end))
                found(out, file, line_of(file->text, at), "%s in a text: pass it in", words[i]);
        }
    }
}

void rule_outside(const struct tree *tree, struct report *out)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *file = &tree->files[i];
        if (file->code == NULL || starts_with(file->path, "io/"))
            continue;
        bool test = starts_with(file->path, "tests/");
        if (!test || replays(file->path))
            check_bans(file, BANS(clocks), "only io/ reads clock and chance", out);
        if (!test) {
            check_bans(file, BANS(surroundings), "only io/ reads the environment", out);
            check_sql_texts(file, out);
        }
    }
}

/* Does the enum keyword at `at` open a named enum that holds `name`? Anonymous enums are plain
 * constants. A list spelled PREFIX_##name inside the braces makes every PREFIX_* one. */
static bool enum_holds(const char *code, const char *at, const char *name)
{
    const char *open = at + strlen("enum");
    open += strspn(open, " \n");
    size_t tag = 0;
    while (word_char(open[tag]))
        tag++;
    open += tag + strspn(open + tag, " \n");
    const char *close = strchr(open, '}');
    if (tag == 0 || *open != '{' || close == NULL)
        return false;
    const char *hit = word_find(code, open, name);
    if (hit != NULL && hit < close)
        return true;
    const char *paste = strstr(open, "##");
    if (paste == NULL || paste > close)
        return false;
    const char *prefix = paste;
    while (prefix > open && word_char(prefix[-1]))
        prefix--;
    return paste > prefix && strncmp(name, prefix, (size_t)(paste - prefix)) == 0;
}

static bool is_enumerator(const struct tree *tree, const char *name)
{
    for (size_t i = 0; i < tree->count; i++) {
        const char *code = tree->files[i].code;
        const char *at = code == NULL ? NULL : word_find(code, code, "enum");
        for (; at != NULL; at = word_find(code, at + 1, "enum")) {
            if (enum_holds(code, at, name))
                return true;
        }
    }
    return false;
}

/* The brace that opens the block around `at`; NULL when there is none. */
static const char *block_around(const char *start, const char *at)
{
    int depth = 0;
    for (const char *p = at; p > start; p--) {
        depth += p[-1] == '}';
        depth -= p[-1] == '{';
        if (depth < 0)
            return p - 1;
    }
    return NULL;
}

/* The name behind the first `case` directly in the block, into `name`. */
static bool first_case(const char *start, const char *open, char *name, size_t room)
{
    int depth = 0;
    for (const char *p = open; *p != '\0'; p++) {
        depth += *p == '{';
        depth -= *p == '}';
        if (depth == 0)
            return false;
        if (depth != 1 || !word_at(start, p, "case"))
            continue;
        p += strlen("case");
        p += strspn(p, " \n");
        size_t n = 0;
        while (word_char(p[n]) && n + 1 < room)
            n++;
        memcpy(name, p, n);
        name[n] = '\0';
        return n > 0 && isalpha((unsigned char)name[0]) != 0;
    }
    return false;
}

void rule_switch(const struct tree *tree, struct report *out)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *file = &tree->files[i];
        const char *code = file->code;
        const char *at = code == NULL ? NULL : word_find(code, code, "default");
        for (; at != NULL; at = word_find(code, at + 1, "default")) {
            const char *open = block_around(code, at);
            char name[128];
            if (open != NULL && first_case(code, open, name, sizeof name) &&
                is_enumerator(tree, name))
                found(out, file, line_of(code, at),
                      "default: hides new values of the enum of %s", name);
        }
    }
}
