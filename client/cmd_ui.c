/* SPDX-License-Identifier: Apache-2.0 */
/* jalon ui: the pages, served by the process that holds the replica and stays connected. Asked
 * again, it gives a fresh link to the one that runs. */
#include "client/cmd.h"
#include "client/commands.h"
#include "client/key.h"
#include "client/live.h"
#include "io/browse.h"
#include "io/clock.h"
#include "io/config.h"
#include "io/crypt.h"
#include "io/env.h"
#include "io/json.h"
#include "io/notify.h"
#include "io/random.h"
#include "web/assets.h"
#include "web/front.h"

#include <pthread.h>

#define UI_PAGE "ui.html" /* of the data folder: see io/browse */

struct ui {
    struct cmd *c;
    struct key key;
    bool enrolled;
    struct loop loop;
    struct jobs jobs;
    struct front *front; /* NULL once closed */
    struct live *live;   /* NULL: not enrolled, or closed */
    struct relay *relay; /* not enrolled: the commands of others */
    bool closing;
    struct note why;
    pthread_mutex_t mutex;
    struct presence presence; /* under the mutex: the loop writes, the store's thread reads */
};

/* ---- the link ---- */

static void link_json(struct cmd *c, const char *link)
{
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "url");
    json_text(&json, link);
    json_object_end(&json);
    json_line(&json);
}

/* Print a link that lets in once, and show it in the browser. */
static enum err give_link(struct cmd *c, const struct gate *gate)
{
    uint8_t nonce[16];
    char link[GATE_LINK_BYTES];
    struct buf path = {0};
    random_bytes(nonce, sizeof nonce);
    gate_link(gate, clock_wall_ms(), nonce, link);
    if (c->json)
        link_json(c, link);
    else
        buf_printf(&c->out, "%s\n", link);
    enum err err = file_join(&path, c->dir, UI_PAGE);
    if (err == ERR_OK && !args_flag(c->args, "no-open") &&
        browse_open((const char *)path.p, link) != ERR_OK)
        cmd_say(c, "%s", T("ouvrez cette adresse dans votre navigateur ; elle sert une fois"));
    buf_done(&path);
    mem_wipe(link, sizeof link);
    return err == ERR_OK ? c->out.err : err;
}

/* ---- what the pages ask for; the store's thread ---- */

static struct store *get_store(void *arg)
{
    struct ui *ui = arg;
    return ui->c->local->store;
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

static int run_command(void *arg, const char *const *words, size_t count, struct buf *out,
                       struct buf *talk)
{
    struct ui *ui = arg;
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
    pthread_mutex_lock(&ui->mutex);
    presence = ui->presence;
    pthread_mutex_unlock(&ui->mutex);
    struct cmd c = {.store = ui->c->local->store,
                    .dir = ui->c->dir,
                    .presence = ui->enrolled ? &presence : NULL,
                    .write = write_answer,
                    .ctx = &answer};
    return commands_run(&c, argc, argv);
}

/* ---- the loop's thread ---- */

static void on_saved(void *arg)
{
    struct ui *ui = arg;
    if (ui->live != NULL)
        live_saved(ui->live);
}

static void on_sync(void *arg)
{
    struct ui *ui = arg;
    if (ui->live != NULL)
        live_want(ui->live);
}

static void on_relay_run(void *arg, bool saved)
{
    struct ui *ui = arg;
    if (saved && ui->front != NULL)
        front_tell(ui->front, "saved");
}

static void on_jobless(void *arg)
{
    struct ui *ui = arg;
    jobs_close(&ui->jobs, NULL, NULL);
}

static void on_front_closed(void *arg)
{
    struct ui *ui = arg;
    ui->front = NULL;
    if (ui->live != NULL)
        live_close(ui->live);
    else
        relay_close(ui->relay, on_jobless, ui);
}

/* The front first: what it has asked is answered; then whoever keeps the connection. */
static void end(struct ui *ui)
{
    if (ui->closing)
        return;
    ui->closing = true;
    notify_send("STOPPING=1");
    front_close(ui->front, on_front_closed, ui);
}

static void on_signal(struct loop *loop, void *arg)
{
    (void)loop;
    end(arg);
}

static void on_live(struct live *live, const struct live_event *event, void *arg)
{
    struct ui *ui = arg;
    pthread_mutex_lock(&ui->mutex);
    ui->presence = *live_presence(live);
    pthread_mutex_unlock(&ui->mutex);
    switch (event->type) {
    case LIVE_SAVED:
        if (ui->front != NULL)
            front_tell(ui->front, "saved");
        return;
    case LIVE_SYNCED:
        if (ui->front != NULL)
            front_tell(ui->front, "synced");
        return;
    case LIVE_CONNECTED:
    case LIVE_AWAY:
    case LIVE_STUCK:
    case LIVE_OVER:
        if (ui->front != NULL)
            front_tell(ui->front, "status");
        return;
    case LIVE_CLOSED:
        ui->live = NULL;
        jobs_close(&ui->jobs, NULL, NULL);
        return;
    }
}

/* ---- the life ---- */

static enum err open_rest(struct ui *ui)
{
    const struct gate *gate = front_gate(ui->front);
    struct live_cfg live = {.loop = &ui->loop,
                            .jobs = &ui->jobs,
                            .local = ui->c->local,
                            .dir = ui->c->dir,
                            .key = &ui->key,
                            .gate = gate,
                            .cb = on_live,
                            .arg = ui};
    struct relay_cfg relay = {.loop = &ui->loop,
                              .jobs = &ui->jobs,
                              .local = ui->c->local,
                              .dir = ui->c->dir,
                              .gate = gate,
                              .on_run = on_relay_run,
                              .arg = ui};
    if (ui->enrolled)
        return live_open(&live, &ui->live, &ui->why);
    if (relay_open(&relay, &ui->relay, NULL) != ERR_OK)
        ui->relay = NULL;
    return ERR_OK;
}

static enum err read_port(const struct args *args, uint16_t *out, struct note *why)
{
    static const struct config_key key = {
        .name = "--port", .kind = CONFIG_INT, .min = 0, .max = UINT16_MAX};
    int64_t port = 0;
    const char *text = args_value(args, "port");
    enum err err = text == NULL ? ERR_OK : config_set(&key, str_of(text), &port, why);
    *out = (uint16_t)port;
    return err == ERR_INVALID ? ERR_USAGE : err;
}

/* With an open loop and job thread. */
static enum err serve(struct ui *ui)
{
    struct front_cfg front = {.loop = &ui->loop,
                              .jobs = &ui->jobs,
                              .assets = env_get("JALON_ASSETS"),
                              .store = get_store,
                              .command = run_command,
                              .on_saved = on_saved,
                              .on_sync = on_sync,
                              .arg = ui};
    enum err err = read_port(ui->c->args, &front.port, &ui->why);
    if (err == ERR_OK)
        err = loop_signals(&ui->loop, on_signal, ui);
    if (err == ERR_OK)
        err = front_open(&front, &ui->front, &ui->why);
    if (err != ERR_OK) {
        jobs_close(&ui->jobs, NULL, NULL);
    } else {
        err = open_rest(ui);
        if (err == ERR_OK)
            err = give_link(ui->c, front_gate(ui->front));
        if (err == ERR_OK)
            err = cmd_flush(ui->c);
        if (err == ERR_OK)
            err = say_flush();
        if (err == ERR_OK)
            notify_send("READY=1");
        else
            end(ui);
    }
    loop_run(&ui->loop);
    return err;
}

static enum err run(struct ui *ui)
{
    enum err err = loop_init(&ui->loop);
    if (err != ERR_OK)
        return err;
    err = jobs_open(&ui->jobs, &ui->loop, LIVE_JOBS_MAX + FRONT_JOBS_MAX);
    if (err == ERR_OK)
        err = serve(ui);
    loop_done(&ui->loop);
    return err;
}

static int stay(struct cmd *c)
{
    struct note why = {""};
    struct ui *ui = arena_new(&c->arena, sizeof *ui);
    if (ui == NULL || pthread_mutex_init(&ui->mutex, NULL) != 0)
        return cmd_fail(c, ERR_NOMEM, NULL);
    crypt_start();
    ui->c = c;
    enum err err = key_load(c->dir, &ui->key, &why);
    ui->enrolled = err == ERR_OK;
    if (err == ERR_OK || err == ERR_NOTFOUND) {
        err = run(ui);
        why = ui->why;
    }
    c->store = c->local->store;
    key_done(&ui->key);
    pthread_mutex_destroy(&ui->mutex);
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, &why);
}

int cmd_ui(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    (void)args;
    if (!assets_there() && env_get("JALON_ASSETS") == NULL)
        return cmd_fail(c,
                        note_set(&why, ERR_NOTFOUND,
                                 N_("ce programme a été construit sans ses pages (WITH_WEB)")),
                        &why);
    if (c->local != NULL)
        return stay(c);
    if (c->gate == NULL)
        return CMD_AWAY; /* whoever holds the replica serves no pages */
    enum err err = give_link(c, c->gate);
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, NULL);
}
