/* SPDX-License-Identifier: Apache-2.0 */
#include "server/ctl_restore.h"

#include "io/clock.h"
#include "io/file.h"
#include "server/folder.h"
#include "store/backup.h"
#include "store/content.h"
#include "store/erase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { COPY_BYTES = 256 * 1024, ERASURES_BYTES_MAX = 16 * 1024 * 1024 };

static enum err system_err(void)
{
    return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
}

static enum err write_all(int fd, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        ssize_t wrote = write(fd, bytes, n);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return system_err();
        bytes += wrote;
        n -= (size_t)wrote;
    }
    return ERR_OK;
}

static enum err copy_bytes(int from, int to)
{
    uint8_t *block = mem_new(COPY_BYTES);
    if (block == NULL)
        return ERR_NOMEM;
    enum err err = ERR_OK;
    ssize_t n = 1;
    while (err == ERR_OK && n > 0) {
        n = read(from, block, COPY_BYTES);
        if (n < 0)
            err = errno == EINTR ? (n = 1, ERR_OK) : ERR_IO;
        else
            err = write_all(to, block, (size_t)n);
    }
    mem_free(block);
    if (err == ERR_OK && fsync(to) != 0)
        err = system_err();
    return err;
}

/* The backup itself is only read. */
static enum err copy_file(const char *from, const char *to, struct note *why)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return note_set(why, ERR_NOTFOUND, N_("%s ne peut pas être lu"), from);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    enum err err = out < 0 ? system_err() : copy_bytes(in, out);
    if (out >= 0)
        close(out);
    close(in);
    return err == ERR_OK ? err : note_set(why, err, N_("%s ne peut pas être écrit"), to);
}

/* What the restore must not undo. */
struct states {
    struct buf list;   /* devices that may not come back: struct serve_device_info, no names */
    struct buf erased; /* ids of the dossiers */
    struct serve_lineage lineage; /* zeroes: the old database cannot be read */
};

static enum err collect_all(void *ctx, const struct serve_device_info *info)
{
    struct states *states = ctx;
    struct serve_device_info copy = *info;
    copy.name = (struct str){NULL, 0};
    buf_add(&states->list, &copy, sizeof copy);
    return states->list.err;
}

static enum err collect(void *ctx, const struct serve_device_info *info)
{
    return info->state == DEVICE_ACTIVE ? ERR_OK : collect_all(ctx, info);
}

/* Numbers begin again after the backup: the time of enrolment tells whether it is the same. */
static bool forbidden(const struct states *states, struct serve_device_info *info,
                      enum device_state *state)
{
    struct serve_device_info old;
    for (size_t at = 0; at + sizeof old <= states->list.n; at += sizeof old) {
        memcpy(&old, states->list.p + at, sizeof old);
        *state = old.state;
        if (old.device != info->device || old.enrolled_ms != info->enrolled_ms)
            continue;
        info->told_ms = old.told_ms;
        info->wiped_ms = old.wiped_ms;
        return true;
    }
    return false;
}

static enum err keep_out(struct store *store, const struct states *states)
{
    struct serve_device_info old;
    struct states all = {.list = {0}};
    enum err err = serve_devices(store, collect_all, &all);
    for (size_t at = 0; err == ERR_OK && at + sizeof old <= all.list.n; at += sizeof old) {
        enum device_state state = DEVICE_ACTIVE;
        memcpy(&old, all.list.p + at, sizeof old);
        if (forbidden(states, &old, &state))
            err = serve_device_state(store, old.device, state);
        if (err == ERR_OK && (old.told_ms != 0 || old.wiped_ms != 0))
            err = serve_device_heard(store, old.device, old.told_ms, old.wiped_ms);
    }
    buf_done(&all.list);
    return err;
}

static enum err collect_erased(void *ctx, const struct erase_info *info)
{
    struct buf *ids = ctx;
    buf_add(ids, info->dossier.b, ID_BYTES);
    return ids->err;
}

/* One id a line, as jalonctl erasure ids prints them. */
static enum err read_erasures(const char *path, struct buf *ids, struct note *why)
{
    struct buf text = {0};
    enum err err = path == NULL ? ERR_OK : file_read(path, ERASURES_BYTES_MAX, &text, why);
    struct str rest = buf_str(&text);
    while (err == ERR_OK && rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        struct str line = {rest.p, end == NULL ? rest.n : (size_t)(end - rest.p)};
        struct id id;
        if (line.n > 0 && id_parse(line, &id) == ERR_OK)
            buf_add(ids, id.b, ID_BYTES);
        else if (line.n > 0)
            err = note_set(why, ERR_FORMAT,
                           N_("%s : chaque ligne doit être un numéro de "
                              "dossier"),
                           path);
        size_t used = line.n + (end == NULL ? 0 : 1);
        rest = (struct str){rest.p + used, rest.n - used};
    }
    buf_done(&text);
    return err == ERR_OK ? ids->err : err;
}

static enum err erase_all(struct store *store, const struct buf *ids)
{
    enum err err = ERR_OK;
    for (size_t at = 0; at < ids->n && err == ERR_OK; at += ID_BYTES) {
        struct id id;
        bool known = false;
        memcpy(id.b, ids->p + at, ID_BYTES);
        err = erase_again(store, &id, &known);
    }
    return err == ERR_OK ? erase_due(store) : err;
}

/* A new generation: the clients send again what the copy does not hold. */
static enum err begin_generation(const char *path, const struct states *states,
                                 struct note *why)
{
    struct store *store = NULL;
    enum err err = folder_store(path, &store, why);
    if (err == ERR_OK)
        err = keep_out(store, states);
    if (err == ERR_OK)
        err = erase_all(store, &states->erased);
    if (err == ERR_OK)
        err = serve_restored(store, &states->lineage);
    store_close(store);
    return err;
}

/* Read from the database there was; false when it cannot be. */
static bool old_states(const char *path, struct states *states)
{
    struct store *store = NULL;
    if (access(path, F_OK) != 0)
        return false;
    enum err err = folder_store(path, &store, NULL);
    if (err == ERR_OK)
        err = serve_devices(store, collect, states);
    if (err == ERR_OK)
        err = erase_orders(store, collect_erased, &states->erased);
    if (err == ERR_OK)
        err = serve_lineage(store, &states->lineage);
    store_close(store);
    return err == ERR_OK;
}

static int64_t wall_ms(void *ctx)
{
    (void)ctx;
    return clock_wall_ms();
}

/* The contents of documents beside the backup. Without them, or when they are damaged, the rows
 * come back all the same: contents that are here stay, and devices offer again what they have.
 */
static enum err copy_contents(const char *file, const struct store_env *env, bool *lost)
{
    struct buf from = {0};
    struct buf to = {0};
    struct note why = {""};
    buf_printf(&from, "%s%s", file, CONTENT_SUFFIX);
    buf_u8(&from, 0);
    buf_printf(&to, "%s%s", env->path, CONTENT_SUFFIX);
    buf_u8(&to, 0);
    enum err err = from.err != ERR_OK ? from.err : to.err;
    if (err == ERR_OK)
        (void)unlink((const char *)to.p); /* of a restore that was cut off */
    if (err == ERR_OK && access((const char *)from.p, F_OK) == 0)
        err = copy_file((const char *)from.p, (const char *)to.p, &why);
    if (err == ERR_OK)
        err = backup_check_contents(env, &why);
    *lost = err == ERR_NOTFOUND || err == ERR_CORRUPT;
    if (err != ERR_OK)
        (void)unlink((const char *)to.p);
    buf_done(&from);
    buf_done(&to);
    return *lost ? ERR_OK : err;
}

static enum err prepare(const char *file, const char *next, const struct states *states,
                        bool *contents_lost, struct note *why)
{
    struct store_env env = {
        .path = next, .schema = &schema_jalon, .side = STORE_SERVER, .wall_ms = wall_ms};
    uint64_t seq = 0;
    enum err err = copy_file(file, next, why);
    if (err == ERR_OK)
        err = backup_check(&env, &seq, why);
    if (err == ERR_OK)
        err = copy_contents(file, &env, contents_lost);
    return err == ERR_OK ? begin_generation(next, states, why) : err;
}

static enum err sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    enum err err = fsync(fd) == 0 ? ERR_OK : ERR_IO;
    close(fd);
    return err;
}

/* Rename a file of the database, by the end of its name; one that is not there is none. */
static enum err rename_end(const char *from, const char *to, const char *end)
{
    struct buf old = {0};
    struct buf new = {0};
    buf_printf(&old, "%s%s", from, end);
    buf_printf(&new, "%s%s", to, end);
    buf_u8(&old, 0);
    buf_u8(&new, 0);
    enum err err = old.err != ERR_OK ? old.err : new.err;
    if (err == ERR_OK && rename((const char *)old.p, (const char *)new.p) != 0 &&
        errno != ENOENT)
        err = ERR_IO;
    buf_done(&old);
    buf_done(&new);
    return err;
}

static bool has_contents(const char *database)
{
    struct buf path = {0};
    buf_printf(&path, "%s%s", database, CONTENT_SUFFIX);
    buf_u8(&path, 0);
    bool has = path.err == ERR_OK && access((const char *)path.p, F_OK) == 0;
    buf_done(&path);
    return has;
}

/* Set the database aside with its log, and the contents if there are others, then let the new
 * one take its name. Cut off in between, there is no database: the next call finds none to set
 * aside and goes on. */
static enum err swap(const char *dir, const char *database, const char *next, const char *kept)
{
    static const char *const ends[] = {
        "-wal", "-shm", "", CONTENT_SUFFIX "-wal", CONTENT_SUFFIX "-shm", CONTENT_SUFFIX};
    size_t count = has_contents(next) ? 6 : 3;
    for (size_t i = 0; i < count; i++) {
        enum err err = rename_end(database, kept, ends[i]);
        if (err != ERR_OK)
            return err;
    }
    enum err err = rename_end(next, database, CONTENT_SUFFIX);
    if (err == ERR_OK && rename(next, database) != 0)
        err = ERR_IO;
    return err == ERR_OK ? sync_folder(dir) : err;
}

static enum err restore(const char *dir, const char *file, const char *erasures,
                        struct restored *out, struct note *why)
{
    struct buf database = {0};
    struct buf next = {0};
    struct states states = {.list = {0}};
    enum err err = file_join(&database, dir, FOLDER_DATABASE);
    if (err == ERR_OK)
        err = file_join(&next, dir, FOLDER_DATABASE ".next");
    if (err != ERR_OK)
        goto out;
    const char *path = (const char *)database.p;
    buf_printf(&out->kept, "%s.before-%lld", path, (long long)clock_wall_ms());
    buf_u8(&out->kept, 0);
    err = out->kept.err;
    if (err != ERR_OK)
        goto out;
    out->states_lost = !old_states(path, &states);
    err = read_erasures(erasures, &states.erased, why);
    if (err == ERR_OK)
        err = prepare(file, (const char *)next.p, &states, &out->contents_lost, why);
    if (err == ERR_OK)
        err = swap(dir, path, (const char *)next.p, (const char *)out->kept.p);
    else
        (void)unlink((const char *)next.p);
out:
    buf_done(&database);
    buf_done(&next);
    buf_done(&states.list);
    buf_done(&states.erased);
    return err;
}

enum err restore_run(const char *dir, const char *file, const char *erasures,
                     struct restored *out, struct note *why)
{
    struct file_lock lock;
    enum err err = folder_lock(dir, &lock, why);
    if (err == ERR_BUSY)
        return note_set(why, err, N_("jalond tourne dans %s : arrêtez-le d'abord"), dir);
    if (err != ERR_OK)
        return err;
    err = restore(dir, file, erasures, out, why);
    file_unlock(&lock);
    return err;
}
