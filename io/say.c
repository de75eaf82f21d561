/* SPDX-License-Identifier: Apache-2.0 */
#include "io/say.h"

#include "io/mo.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

/* The compiled catalogues, from catalogues.S. */
extern const char catalogue_fr[];
extern const char catalogue_fr_end[];
extern const char catalogue_en[];
extern const char catalogue_en_end[];
extern const char catalogue_nl[];
extern const char catalogue_nl_end[];
extern const char catalogue_de[];
extern const char catalogue_de_end[];

static const struct {
    const char *code;
    const char *from; /* the catalogue's bytes */
    const char *to;
} languages[SAY_COUNT] = {
    [SAY_FR] = {"fr", catalogue_fr, catalogue_fr_end},
    [SAY_EN] = {"en", catalogue_en, catalogue_en_end},
    [SAY_NL] = {"nl", catalogue_nl, catalogue_nl_end},
    [SAY_DE] = {"de", catalogue_de, catalogue_de_end},
};

static atomic_int chosen = SAY_FR;
static _Thread_local int here = SAY_COUNT; /* SAY_COUNT: as chosen */
static struct mo catalogues[SAY_COUNT];    /* never changed once they are open */

enum say_language say_language_of(const char *lc_all, const char *lc_messages, const char *lang)
{
    const char *all[] = {lc_all, lc_messages, lang};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        /* "C" names no language: containers and CI set it for everything. */
        if (all[i] == NULL || all[i][0] == '\0' || all[i][0] == 'C' ||
            strcmp(all[i], "POSIX") == 0)
            continue;
        for (int l = SAY_EN; l < SAY_COUNT; l++) {
            if (strncmp(all[i], languages[l].code, 2) == 0)
                return (enum say_language)l;
        }
        break;
    }
    return SAY_FR;
}

static int language_now(void)
{
    return here == SAY_COUNT ? atomic_load(&chosen) : here;
}

void say_init(enum say_language language)
{
    for (int l = 0; l < SAY_COUNT; l++) {
        size_t n = (size_t)(languages[l].to - languages[l].from);
        must(mo_open(&catalogues[l], (struct str){languages[l].from, n}) == ERR_OK);
    }
    note_words = say_text;
    say_switch(language);
}

void say_switch(enum say_language language)
{
    must((unsigned)language < SAY_COUNT);
    atomic_store(&chosen, (int)language);
}

const char *say_code(void)
{
    return languages[language_now()].code;
}

void say_here(struct str code)
{
    enum say_language language = SAY_FR;
    if (say_language_coded(code, &language))
        here = (int)language;
}

void say_here_over(void)
{
    here = SAY_COUNT;
}

bool say_language_coded(struct str code, enum say_language *out)
{
    for (int l = 0; l < SAY_COUNT; l++)
        if (str_eq(code, str_of(languages[l].code))) {
            *out = (enum say_language)l;
            return true;
        }
    return false;
}

struct str say_catalogue(struct str code)
{
    for (int l = 0; l < SAY_COUNT; l++)
        if (str_eq(code, str_of(languages[l].code)))
            return (struct str){languages[l].from,
                                (size_t)(languages[l].to - languages[l].from)};
    return (struct str){NULL, 0};
}

const char *say_text(const char *text)
{
    const char *found = text[0] == '\0' ? NULL : mo_find(&catalogues[language_now()], text, 0);
    return found == NULL ? text : found;
}

const char *say_plural(const char *one, const char *many, uint64_t n)
{
    int language = language_now();
    bool single = n == 1 || (n == 0 && language == SAY_FR);
    const char *found = mo_find(&catalogues[language], one, single ? 0 : 1);
    if (found != NULL)
        return found;
    return single ? one : many;
}

void say_out(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vfprintf(stdout, fmt, args);
    va_end(args);
}

void say_err(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
}

void say_bytes(const void *bytes, size_t n)
{
    (void)fwrite(bytes, 1, n, stdout);
}

enum err say_flush(void)
{
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? ERR_OK : ERR_IO;
}
