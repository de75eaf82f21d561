/* SPDX-License-Identifier: Apache-2.0 */
#include "client/path.h"

#include "io/file.h"

#include <errno.h>

static bool ends_with(const char *word, const char *end)
{
    size_t n = strlen(word);
    size_t end_n = strlen(end);
    return n >= end_n && strcasecmp(word + n - end_n, end) == 0;
}

enum err path_form(const char *word, enum path_form *out, struct note *why)
{
    if (ends_with(word, ".csv") || ends_with(word, ".txt")) {
        *out = PATH_CSV;
        return ERR_OK;
    }
    if (ends_with(word, ".ndjson") || ends_with(word, ".jsonl")) {
        *out = PATH_NDJSON;
        return ERR_OK;
    }
    if (ends_with(word, ".xlsx")) {
        *out = PATH_XLSX;
        return ERR_OK;
    }
    return note_set(why, ERR_USAGE,
                    N_("le nom du fichier doit finir par .csv, .ndjson ou .xlsx"));
}

enum err path_from(const struct cmd *c, const char *word, struct buf *out, struct note *why)
{
    const char *dir = word[0] == '/' || c->cwd == NULL ? "" : c->cwd;
    enum err err = file_join(out, dir, word);
    return err == ERR_LIMIT ? note_set(why, err, N_("chemin trop long")) : err;
}

enum err path_failed(struct note *why, const char *what, const char *path)
{
    int code = errno;
    enum err err = ERR_IO;
    if (code == ENOENT)
        err = ERR_NOTFOUND;
    else if (code == ENOSPC || code == EDQUOT || code == EFBIG)
        err = ERR_FULL;
    char text[128];
    return note_set(why, err, N_("%.300s : %s (%s)"), path, say_text(what),
                    strerror_r(code, text, sizeof text));
}
