/* SPDX-License-Identifier: Apache-2.0 */
#include "client/pages.h"

#include "client/commands.h"
#include "client/example.h"
#include "client/prefs.h"
#include "io/env.h"
#include "web/assets.h"

#include <pthread.h>

enum { MINUTE_MS = 60 * 1000 };

struct pages {
    struct pages_cfg cfg;
    struct front *front;
    struct local example; /* of the store's thread: what is shown in place of the replica */
    bool settled;         /* likewise: enrolled, or not to be enrolled from here */
    pthread_mutex_t mutex;
    struct presence presence; /* under the mutex: the loop writes, the store's thread reads … */
    bool present;             /* … likewise: there is one */
    bool enrolled;            /* likewise, the other way: an invitation was accepted … */
    int64_t idle_ms;          /* … and how long the pages may lie unused */
    pages_cb on_closed;
    void *closed_arg;
};

/* ---- the store's thread ---- */

static struct store *get_store(void *arg)
{
    struct pages *pages = arg;
    return pages->example.store != NULL ? pages->example.store : pages->cfg.local->store;
}

/* Where a command's answer goes. */
struct answer {
    struct buf *out, *talk;
};

static enum err write_answer(void *ctx, enum cmd_stream stream, struct str bytes)
{
    struct answer *answer = ctx;
    struct buf *to = stream == CMD_OUT ? answer->out : answer->talk;
    buf_add(to, bytes.p, bytes.n);
    return to->err;
}

static bool is(const char *const *words, size_t count, const char *first, const char *second)
{
    return count > 1 && strcmp(words[0], first) == 0 && strcmp(words[1], second) == 0;
}

/* The replica of the example is there, or not any more. */
static int turn_example(struct pages *pages, bool on, struct cmd *c)
{
    struct note why = {""};
    enum err err = ERR_OK;
    if (!on)
        err = example_remove(pages->cfg.dir, &pages->example, &why);
    else if (pages->settled)
        err = ERR_EXISTS; /* a device that is enrolled shows its own data */
    else if (pages->example.store == NULL)
        err = example_make(pages->cfg.dir, &pages->example, &why);
    if (err == ERR_OK)
        buf_text(&c->out, "{}\n");
    int exit = err == ERR_OK ? CMD_DONE : cmd_fail(c, err, &why);
    if (cmd_flush(c) != ERR_OK)
        exit = CMD_FAILED;
    cmd_done(c);
    return exit;
}

static int enrol(struct pages *pages, struct cmd *c, int argc, const char *const *argv)
{
    c->store = pages->cfg.local->store;
    c->may_enrol = !pages->settled;
    int exit = commands_run(c, argc, argv);
    if (exit != CMD_DONE)
        return exit;
    /* What is left of the example harms nobody. */
    (void)!example_remove(pages->cfg.dir, &pages->example, NULL);
    pages->settled = true;
    pthread_mutex_lock(&pages->mutex);
    pages->enrolled = true;
    pthread_mutex_unlock(&pages->mutex);
    return exit;
}

/* Settings were changed, perhaps the one that matters to the front. */
static int settle(struct pages *pages, struct cmd *c, int argc, const char *const *argv)
{
    struct prefs prefs;
    int exit = commands_run(c, argc, argv);
    if (prefs_load(pages->cfg.dir, &prefs, NULL) != ERR_OK)
        return exit;
    pthread_mutex_lock(&pages->mutex);
    pages->idle_ms = prefs.idle_min * MINUTE_MS;
    pthread_mutex_unlock(&pages->mutex);
    return exit;
}

static int run_command(void *arg, const char *const *words, size_t count, struct buf *out,
                       struct buf *talk)
{
    struct pages *pages = arg;
    struct answer answer = {out, talk};
    struct presence presence;
    const char *argv[ARGS_WORDS_MAX];
    int argc = 0;
    if (count + 2 > ARGS_WORDS_MAX)
        return CMD_USAGE;
    argv[argc++] = "jalon";
    argv[argc++] = "--json";
    for (size_t i = 0; i < count; i++)
        argv[argc++] = words[i];
    pthread_mutex_lock(&pages->mutex);
    presence = pages->presence;
    bool present = pages->present;
    pthread_mutex_unlock(&pages->mutex);
    struct cmd c = {.store = get_store(pages),
                    .dir = pages->cfg.dir,
                    .example = pages->example.store != NULL,
                    .presence = present ? &presence : NULL,
                    .gate = front_gate(pages->front),
                    .json = true,
                    .write = write_answer,
                    .ctx = &answer};
    if (is(words, count, "example", "begin") || is(words, count, "example", "end"))
        return turn_example(pages, strcmp(words[1], "begin") == 0, &c);
    if (count > 0 && strcmp(words[0], "enrol") == 0)
        return enrol(pages, &c, argc, argv);
    if (count > 1 && strcmp(words[0], "settings") == 0)
        return settle(pages, &c, argc, argv);
    return commands_run(&c, argc, argv);
}

/* ---- the loop's thread ---- */

static void on_saved(void *arg)
{
    struct pages *pages = arg;
    pthread_mutex_lock(&pages->mutex);
    bool enrolled = pages->enrolled && pages->cfg.on_enrolled != NULL;
    front_idle(pages->front, pages->idle_ms);
    pthread_mutex_unlock(&pages->mutex);
    if (enrolled) {
        pages_cb tell = pages->cfg.on_enrolled;
        pages->cfg.on_enrolled = NULL;
        tell(pages->cfg.arg);
    } else {
        pages->cfg.on_saved(pages->cfg.arg);
    }
}

static void on_sync(void *arg)
{
    struct pages *pages = arg;
    pages->cfg.on_sync(pages->cfg.arg);
}

bool pages_there(void)
{
    return assets_there() || env_get("JALON_ASSETS") != NULL;
}

/* Of somebody's nonsense the defaults are taken; jalon settings says what is wrong. */
static void take_prefs(struct pages *pages)
{
    struct prefs prefs;
    (void)!prefs_load(pages->cfg.dir, &prefs, NULL);
    prefs_speak(&prefs);
    pages->idle_ms = prefs.idle_min * MINUTE_MS;
    front_idle(pages->front, pages->idle_ms);
}

enum err pages_open(const struct pages_cfg *cfg, struct pages **out, struct note *why)
{
    struct pages *pages = mem_new(sizeof *pages);
    if (pages == NULL)
        return ERR_NOMEM;
    if (pthread_mutex_init(&pages->mutex, NULL) != 0) {
        mem_free(pages);
        return ERR_NOMEM;
    }
    pages->cfg = *cfg;
    pages->settled = cfg->on_enrolled == NULL;
    struct front_cfg front = {.loop = cfg->loop,
                              .jobs = cfg->jobs,
                              .port = cfg->port,
                              .dir = pages->cfg.dir,
                              .assets = env_get("JALON_ASSETS"),
                              .store = get_store,
                              .command = run_command,
                              .on_saved = on_saved,
                              .on_sync = on_sync,
                              .arg = pages};
    enum err err = cfg->on_enrolled == NULL ? ERR_OK : example_open(cfg->dir, &pages->example);
    if (err == ERR_OK)
        err = front_open(&front, &pages->front, why);
    if (err == ERR_OK) {
        take_prefs(pages);
        *out = pages;
        return ERR_OK;
    }
    local_close(&pages->example);
    pthread_mutex_destroy(&pages->mutex);
    mem_free(pages);
    return err;
}

const struct gate *pages_gate(const struct pages *pages)
{
    return front_gate(pages->front);
}

void pages_presence(struct pages *pages, const struct presence *presence)
{
    pthread_mutex_lock(&pages->mutex);
    pages->presence = *presence;
    pages->present = true;
    pthread_mutex_unlock(&pages->mutex);
}

void pages_tell(struct pages *pages, const char *what)
{
    if (pages != NULL)
        front_tell(pages->front, what);
}

/* The store's thread has nothing of ours left to do. */
static void on_front_closed(void *arg)
{
    struct pages *pages = arg;
    pages_cb cb = pages->on_closed;
    void *closed_arg = pages->closed_arg;
    local_close(&pages->example);
    pthread_mutex_destroy(&pages->mutex);
    mem_free(pages);
    cb(closed_arg);
}

void pages_close(struct pages *pages, pages_cb cb, void *arg)
{
    if (pages == NULL) {
        cb(arg);
        return;
    }
    pages->on_closed = cb;
    pages->closed_arg = arg;
    front_close(pages->front, on_front_closed, pages);
}
