/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct row {
    const char *name;
    const char *text;
    int exit;
    bool retry;
};

static const struct row rows[ERR_COUNT] = {
#define X(name, text, exit, retry) {#name, text, exit, retry},
    ERR_LIST(X)
#undef X
};

static const struct row *find(enum err err)
{
    unsigned i = (unsigned)err;
    must(i < (unsigned)ERR_COUNT);
    return &rows[i];
}

const char *err_name(enum err err)
{
    return find(err)->name;
}

const char *err_text(enum err err)
{
    return find(err)->text;
}

int err_exit(enum err err)
{
    return find(err)->exit;
}

bool err_retry(enum err err)
{
    return find(err)->retry;
}

const char *(*note_words)(const char *fmt) = NULL;

__attribute__((format(printf, 2, 0))) static void fill(struct note *why, const char *fmt,
                                                       va_list args)
{
    if (note_words != NULL)
        fmt = note_words(fmt);
    int n = vsnprintf(why->text, sizeof why->text, fmt, args);
    if (n < (int)sizeof why->text)
        return;
    /* cut between two characters, not inside one */
    size_t end = sizeof why->text - 1;
    while (end > 0 && ((unsigned char)why->text[end - 1] & 0xc0) == 0x80)
        end--;
    if (end > 0 && (unsigned char)why->text[end - 1] >= 0xc0)
        end--;
    why->text[end] = '\0';
}

const char *note_text(const char *text)
{
    return note_words == NULL ? text : note_words(text);
}

enum err note_set(struct note *why, enum err err, const char *fmt, ...)
{
    if (why == NULL)
        return err;
    va_list args;
    va_start(args, fmt);
    fill(why, fmt, args);
    va_end(args);
    return err;
}

void note_write(struct note *why, const char *fmt, ...)
{
    if (why == NULL)
        return;
    va_list args;
    va_start(args, fmt);
    fill(why, fmt, args);
    va_end(args);
}

void must_fail(const char *file, int line, const char *cond)
{
    (void)fprintf(stderr, "<0>%s:%d: must(%s) failed\n", file, line, cond);
    abort();
}
