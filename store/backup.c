/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backup.h"

#include "store/content_inside.h"
#include "store/serve.h"

#include <unistd.h>

struct backup {
    struct store *s;
    struct db_copy *copy; /* of the rows, then of the contents */
    struct buf contents;  /* the path of the latter, NUL-terminated */
    bool rows_done;
};

enum err backup_begin(struct store *s, const char *path, struct backup **out, struct note *why)
{
    if (access(path, F_OK) == 0)
        return note_set(why, ERR_EXISTS, N_("%s existe déjà"), path);
    struct backup *backup = mem_new(sizeof *backup);
    if (backup == NULL)
        return ERR_NOMEM;
    backup->s = s;
    buf_printf(&backup->contents, "%s%s", path, CONTENT_SUFFIX);
    buf_u8(&backup->contents, 0);
    enum err err = backup->contents.err;
    if (err == ERR_OK) {
        (void)unlink((const char *)backup->contents.p); /* of one that was interrupted */
        err = db_copy_begin(s->db, path, &backup->copy);
    }
    if (err != ERR_OK) {
        buf_done(&backup->contents);
        mem_free(backup);
        return note_set(why, err, N_("%s ne peut pas être écrit"), path);
    }
    *out = backup;
    return ERR_OK;
}

/* The rows are copied: now the contents, if there are any. */
static enum err go_on(struct backup *backup, bool *done)
{
    struct content *c = NULL;
    struct db_copy *copy = backup->copy;
    backup->copy = NULL;
    backup->rows_done = true;
    enum err err = db_copy_end(copy);
    if (err == ERR_OK)
        err = content_of(backup->s, false, &c);
    *done = err == ERR_NOTFOUND;
    if (err == ERR_OK)
        err = db_copy_begin(c->db, (const char *)backup->contents.p, &backup->copy);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err backup_step(struct backup *backup, bool *done)
{
    bool copied = false;
    enum err err = db_copy_step(backup->copy, BACKUP_STEP_PAGES, &copied);
    if (err == ERR_OK && copied && !backup->rows_done)
        return go_on(backup, done);
    *done = copied;
    return err;
}

enum err backup_end(struct backup *backup)
{
    enum err err = backup->copy == NULL ? ERR_OK : db_copy_end(backup->copy);
    buf_done(&backup->contents);
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

/* Of the store's contents: is each what its hash says? */
static enum err check_contents(struct store *s, struct note *why)
{
    struct content *c = NULL;
    struct content_doc doc = {.cid = 0};
    bool ok = false;
    enum err err = content_of(s, false, &c);
    if (err == ERR_OK)
        err = db_integrity(c->db, &ok, why);
    if (err == ERR_OK && !ok)
        err = ERR_CORRUPT;
    while (err == ERR_OK) {
        struct id after = doc.id;
        err = content_next(c, CONTENT_KEPT, &after, &doc);
        if (err == ERR_OK)
            err = content_verify(c, &doc);
    }
    if (err == ERR_INVALID)
        return note_set(why, ERR_CORRUPT, N_("un document n'est pas ce que dit son empreinte"));
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err backup_check_contents(const struct store_env *env, struct note *why)
{
    struct store *copy = NULL;
    struct buf path = {0};
    int64_t there = 0;
    enum err err = store_open(env, &copy, why);
    if (err == ERR_OK)
        err = meta_get_int(copy, META_CONTENT_SERVER, &there);
    if (err == ERR_OK && there != 0) {
        buf_printf(&path, "%s%s", env->path, CONTENT_SUFFIX);
        buf_u8(&path, 0);
        err = path.err;
        if (err == ERR_OK && access((const char *)path.p, F_OK) != 0)
            err = note_set(why, ERR_NOTFOUND, N_("%s n'est pas là"), (const char *)path.p);
        if (err == ERR_OK)
            err = check_contents(copy, why);
    }
    buf_done(&path);
    store_close(copy);
    return err;
}
