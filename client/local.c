/* SPDX-License-Identifier: Apache-2.0 */
#include "client/local.h"

#include "client/key.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/random.h"
#include "store/content.h"

const char *const local_files[] = {"replica.db",
                                   "replica.db-wal",
                                   "replica.db-shm",
                                   "replica.db-journal",
                                   "replica.db" CONTENT_SUFFIX,
                                   "replica.db" CONTENT_SUFFIX "-wal",
                                   "replica.db" CONTENT_SUFFIX "-shm",
                                   "replica.db" CONTENT_SUFFIX "-journal",
                                   NULL};

static int64_t wall_ms(void *ctx)
{
    (void)ctx;
    return clock_wall_ms();
}

static void random_fill(void *ctx, void *out, size_t n)
{
    (void)ctx;
    random_bytes(out, n);
}

/* Tries again and again until another process lets go. */
struct waiting {
    struct loop loop;
    struct loop_timer timer;
    const char *path;
    struct file_lock *lock;
    struct note *why;
    int64_t until_mono_ms;
    enum err err;
};

static void try_lock(struct loop_timer *timer, void *arg)
{
    struct waiting *w = arg;
    w->err = file_lock(w->path, w->lock, w->why);
    if (w->err == ERR_BUSY && clock_mono_ms() < w->until_mono_ms)
        loop_timer_start(timer, LOCAL_TRY_MS);
    else
        loop_timer_close(timer, NULL);
}

static enum err wait_lock(const char *path, int64_t wait_ms, struct file_lock *lock,
                          struct note *why)
{
    struct waiting w = {.path = path,
                        .lock = lock,
                        .why = why,
                        .until_mono_ms = clock_mono_ms() + wait_ms,
                        .err = ERR_BUSY};
    enum err err = loop_init(&w.loop);
    if (err != ERR_OK)
        return err;
    loop_timer_init(&w.loop, &w.timer, try_lock, &w);
    loop_timer_start(&w.timer, LOCAL_TRY_MS);
    loop_run(&w.loop);
    loop_done(&w.loop);
    return w.err;
}

enum err local_lock(const char *dir, int64_t wait_ms, struct file_lock *lock, struct note *why)
{
    struct buf path = {0};
    enum err err = file_mkdirs(dir, why);
    if (err == ERR_OK)
        err = file_join(&path, dir, "lock");
    if (err == ERR_OK)
        err = file_lock((const char *)path.p, lock, why);
    if (err == ERR_BUSY && wait_ms > 0)
        err = wait_lock((const char *)path.p, wait_ms, lock, why);
    buf_done(&path);
    return err;
}

enum err local_open(const char *dir, int64_t wait_ms, struct local *out, struct note *why)
{
    struct local local = {.env = {.schema = &schema_jalon,
                                  .side = STORE_CLIENT,
                                  .wall_ms = wall_ms,
                                  .random = random_fill}};
    enum err err = local_lock(dir, wait_ms, &local.lock, why);
    if (err != ERR_OK)
        return err;
    /* A wipe that was cut short comes to its end before anything is opened. */
    if (key_wipe_due(dir))
        err = key_wipe(dir, local_files, why);
    if (err == ERR_OK)
        err = file_join(&local.path, dir, local_files[0]);
    local.env.path = (const char *)local.path.p;
    if (err == ERR_OK)
        err = store_open(&local.env, &local.store, why);
    if (err != ERR_OK) {
        buf_done(&local.path);
        file_unlock(&local.lock);
        return err;
    }
    *out = local;
    return ERR_OK;
}

enum err local_wipe(struct local *local, const char *dir)
{
    store_close(local->store);
    local->store = NULL;
    return key_wipe(dir, local_files, NULL);
}

void local_close(struct local *local)
{
    if (local->path.p == NULL)
        return;
    store_close(local->store);
    buf_done(&local->path);
    file_unlock(&local->lock);
    *local = (struct local){0};
}
