/* SPDX-License-Identifier: Apache-2.0 */
#include "client/local.h"

#include "client/key.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/random.h"
#include "store/content.h"

#define BASE "replica.db"
#define CONTENT BASE CONTENT_SUFFIX
#define MENDING ".mending" /* being made: nobody's yet */
#define MENDED ".mended"   /* whole, and not in its place yet */
#define DAMAGED ".damaged"
#define SIDES(name) name, name "-wal", name "-shm", name "-journal"

const char *const local_files[] = {
    SIDES(BASE),           SIDES(CONTENT),         SIDES(BASE MENDING),
    SIDES(BASE MENDED),    SIDES(BASE DAMAGED),    SIDES(CONTENT MENDING),
    SIDES(CONTENT MENDED), SIDES(CONTENT DAMAGED), NULL};
/* Of a repair of either file; what an earlier one left goes first. */
struct repair {
    const char *base, *mending, *mended;
    const char *moves[3][2]; /* aside: the file, and its log */
    const char *left[9];
    const char *damaged[5];
};
#define REPAIR(name)                                                                           \
    {                                                                                          \
        .base = (name), .mending = name MENDING, .mended = name MENDED,                        \
        .moves = {{name, name DAMAGED},                                                        \
                  {name "-wal", name DAMAGED "-wal"},                                          \
                  {name "-journal", name DAMAGED "-journal"}},                                 \
        .left = {SIDES(name MENDING), SIDES(name DAMAGED), NULL}, .damaged = {                 \
            SIDES(name DAMAGED),                                                               \
            NULL                                                                               \
        }                                                                                      \
    }
static const struct repair rows_repair = REPAIR(BASE);
static const struct repair content_repair = REPAIR(CONTENT);

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

/* ---- a repair ---- */

/* NOTFOUND is fine: then it was done before. */
static enum err move_in(const char *dir, const char *from, const char *to, struct note *why)
{
    struct buf a = {0};
    struct buf b = {0};
    enum err err = file_join(&a, dir, from);
    if (err == ERR_OK)
        err = file_join(&b, dir, to);
    if (err == ERR_OK)
        err = file_move((const char *)a.p, (const char *)b.p, why);
    buf_done(&a);
    buf_done(&b);
    return err;
}

/* They hold what people wrote. */
static enum err erase_all(const char *dir, const char *const *names, struct note *why)
{
    struct buf path = {0};
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && names[i] != NULL; i++) {
        err = file_join(&path, dir, names[i]);
        if (err == ERR_OK)
            err = file_erase((const char *)path.p, why);
        if (err == ERR_NOTFOUND)
            err = ERR_OK;
    }
    buf_done(&path);
    return err;
}

static bool is_there(const char *dir, const char *name)
{
    struct buf none = {0};
    enum err err = file_read_in(dir, name, 0, &none, NULL);
    buf_done(&none);
    return err != ERR_NOTFOUND;
}

/* The damaged one goes aside with its log, which would be read with the new one. As long as
 * that has its own name, this comes first of all, as often as it is cut off. */
static enum err take_place(const char *dir, const struct repair *r, struct note *why)
{
    enum err err = ERR_OK;
    if (!is_there(dir, r->mended))
        return ERR_OK;
    for (size_t i = 0; i < sizeof r->moves / sizeof *r->moves && err == ERR_OK; i++) {
        err = move_in(dir, r->moves[i][0], r->moves[i][1], why);
        if (err == ERR_NOTFOUND)
            err = ERR_OK;
    }
    return err == ERR_OK ? move_in(dir, r->mended, r->base, why) : err;
}

/* Once everything has come again, a page that does not read has nothing more to give, and what
 * is to leave this device must not stay in it. */
static enum err forget_damaged(const char *dir, struct store *s)
{
    bool settled = false;
    bool rows = is_there(dir, rows_repair.damaged[0]);
    bool contents = is_there(dir, content_repair.damaged[0]);
    enum err err = rows || contents ? mend_settled(s, &settled) : ERR_OK;
    if (err == ERR_OK && settled && rows)
        err = erase_all(dir, rows_repair.damaged, NULL);
    if (err == ERR_OK && settled && contents)
        err = erase_all(dir, content_repair.damaged, NULL);
    return err;
}

enum err local_mend(struct local *local, const char *dir, struct mend_report *out,
                    struct note *why)
{
    struct buf path = {0};
    store_close(local->store);
    local->store = NULL;
    enum err err = erase_all(dir, rows_repair.left, why);
    if (err == ERR_OK)
        err = file_join(&path, dir, rows_repair.mending);
    if (err == ERR_OK)
        err = mend_replica(&local->env, (const char *)path.p, out, why);
    if (err == ERR_OK)
        err = move_in(dir, rows_repair.mending, rows_repair.mended, why);
    if (err == ERR_OK)
        err = take_place(dir, &rows_repair, why);
    if (err == ERR_OK)
        err = store_open(&local->env, &local->store, why);
    buf_done(&path);
    return err;
}

enum err local_mend_contents(struct local *local, const char *dir, struct mend_contents *out,
                             struct note *why)
{
    struct buf path = {0};
    enum err err = erase_all(dir, content_repair.left, why);
    if (err == ERR_OK)
        err = file_join(&path, dir, content_repair.mending);
    if (err == ERR_OK)
        err = mend_contents(local->store, (const char *)path.p, out, why);
    if (err == ERR_OK)
        err = move_in(dir, content_repair.mending, content_repair.mended, why);
    buf_done(&path);
    return err == ERR_OK ? take_place(dir, &content_repair, why) : err;
}

/* ---- open, close ---- */

enum err local_hold(const char *dir, int64_t wait_ms, struct local *out, struct note *why)
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
        err = take_place(dir, &rows_repair, why);
    if (err == ERR_OK)
        err = take_place(dir, &content_repair, why);
    if (err == ERR_OK)
        err = file_join(&local.path, dir, BASE);
    local.env.path = (const char *)local.path.p;
    if (err != ERR_OK) {
        buf_done(&local.path);
        file_unlock(&local.lock);
        return err;
    }
    *out = local;
    return ERR_OK;
}

enum err local_open(const char *dir, int64_t wait_ms, struct local *out, struct note *why)
{
    struct local local = {0};
    enum err err = local_hold(dir, wait_ms, &local, why);
    if (err != ERR_OK)
        return err;
    err = store_open(&local.env, &local.store, why);
    if (err == ERR_CORRUPT)
        err = note_set(why, err, N_("le disque a abîmé la base de données de cet appareil"));
    if (err == ERR_OK)
        err = forget_damaged(dir, local.store);
    if (err != ERR_OK) {
        local_close(&local);
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
