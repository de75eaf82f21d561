/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backup.h"

#include "store/inside.h"
#include "store/serve.h"

#include <unistd.h>

struct backup {
    struct db_copy *copy;
};

enum err backup_begin(struct store *s, const char *path, struct backup **out, struct note *why)
{
    if (access(path, F_OK) == 0)
        return note_set(why, ERR_EXISTS, N_("%s existe déjà"), path);
    struct backup *backup = mem_new(sizeof *backup);
    if (backup == NULL)
        return ERR_NOMEM;
    enum err err = db_copy_begin(s->db, path, &backup->copy);
    if (err != ERR_OK) {
        mem_free(backup);
        return note_set(why, err, N_("%s ne peut pas être écrit"), path);
    }
    *out = backup;
    return ERR_OK;
}

enum err backup_step(struct backup *backup, bool *done)
{
    return db_copy_step(backup->copy, BACKUP_STEP_PAGES, done);
}

enum err backup_end(struct backup *backup)
{
    enum err err = db_copy_end(backup->copy);
    mem_free(backup);
    return err;
}

/* The first line of a report. */
static enum err damaged(const struct buf *report, struct note *why)
{
    struct str all = buf_str(report);
    const char *end = all.n == 0 ? NULL : memchr(all.p, '\n', all.n);
    int n = (int)(end == NULL ? all.n : (size_t)(end - all.p));
    return note_set(why, ERR_CORRUPT, "%.*s", n, all.n == 0 ? "" : all.p);
}

enum err backup_check(const struct store_env *env, uint64_t *seq, struct note *why)
{
    struct store *copy = NULL;
    struct buf report = {0};
    uint32_t problems = 0;
    enum err err = store_open(env, &copy, why);
    if (err == ERR_OK)
        err = store_check(copy, &report, &problems);
    if (err == ERR_OK && problems > 0)
        err = damaged(&report, why);
    if (err == ERR_OK)
        *seq = serve_seq(copy);
    buf_done(&report);
    store_close(copy);
    return err;
}
