/* SPDX-License-Identifier: Apache-2.0 */
/* jalon ui: the pages, served by the process that holds the replica and stays connected. Asked
 * again, it gives a fresh link to the one that runs. */
#include "client/cmd.h"
#include "client/key.h"
#include "client/live.h"
#include "client/pages.h"
#include "io/browse.h"
#include "io/clock.h"
#include "io/config.h"
#include "io/crypt.h"
#include "io/json.h"
#include "io/notify.h"
#include "io/random.h"

#define UI_PAGE "ui.html" /* of the data folder: see io/browse */

struct ui {
    struct cmd *c;
    struct key key;
    bool enrolled;
    struct loop loop;
    struct jobs jobs;
    struct pages *pages; /* NULL once closed */
    struct live *live;   /* NULL: not enrolled, or closed */
    struct relay *relay; /* not enrolled: the commands of others */
    bool turning;        /* enrolled just now: the relay closes, then live opens */
    bool closing;
    enum err err; /* how it ended */
    struct note why;
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
    if (saved)
        pages_tell(ui->pages, "saved");
}

static void on_jobless(void *arg)
{
    struct ui *ui = arg;
    jobs_close(&ui->jobs, NULL, NULL);
}

static void on_pages_closed(void *arg)
{
    struct ui *ui = arg;
    ui->pages = NULL;
    if (ui->live != NULL)
        live_close(ui->live);
    else if (!ui->turning)
        relay_close(ui->relay, on_jobless, ui);
}

/* The pages first: what they have asked is answered; then whoever keeps the connection. */
static void end(struct ui *ui)
{
    if (ui->closing)
        return;
    ui->closing = true;
    notify_send("STOPPING=1");
    pages_close(ui->pages, on_pages_closed, ui);
}

static void on_signal(struct loop *loop, void *arg)
{
    (void)loop;
    end(arg);
}

static void on_live(struct live *live, const struct live_event *event, void *arg)
{
    struct ui *ui = arg;
    if (ui->pages != NULL)
        pages_presence(ui->pages, live_presence(live));
    switch (event->type) {
    case LIVE_SAVED:
        pages_tell(ui->pages, "saved");
        return;
    case LIVE_SYNCED:
        pages_tell(ui->pages, "synced");
        return;
    case LIVE_CONNECTED:
    case LIVE_AWAY:
    case LIVE_STUCK:
    case LIVE_OVER:
        pages_tell(ui->pages, "status");
        return;
    case LIVE_CLOSED:
        ui->live = NULL;
        jobs_close(&ui->jobs, NULL, NULL);
        return;
    }
}

/* Connect, and stay: live takes the commands of others over. */
static enum err go_live(struct ui *ui, bool fresh)
{
    struct live_cfg live = {.loop = &ui->loop,
                            .jobs = &ui->jobs,
                            .local = ui->c->local,
                            .dir = ui->c->dir,
                            .key = &ui->key,
                            .gate = pages_gate(ui->pages),
                            .fresh = fresh,
                            .cb = on_live,
                            .arg = ui};
    enum err err = live_open(&live, &ui->live, &ui->why);
    if (err == ERR_OK)
        pages_presence(ui->pages, live_presence(ui->live));
    return err;
}

static void on_relay_gone(void *arg)
{
    struct ui *ui = arg;
    ui->relay = NULL;
    ui->turning = false;
    if (ui->closing) { /* the end came meanwhile; perhaps it waits for us */
        if (ui->pages == NULL)
            jobs_close(&ui->jobs, NULL, NULL);
        return;
    }
    ui->err = key_load(ui->c->dir, &ui->key, &ui->why);
    if (ui->err == ERR_OK)
        ui->err = go_live(ui, true);
    if (ui->err == ERR_OK)
        pages_tell(ui->pages, "status");
    else
        end(ui);
}

/* From here on it stays connected. */
static void on_enrolled(void *arg)
{
    struct ui *ui = arg;
    if (ui->closing)
        return;
    ui->turning = true;
    relay_close(ui->relay, on_relay_gone, ui);
}

/* ---- the life ---- */

static enum err open_rest(struct ui *ui)
{
    struct relay_cfg relay = {.loop = &ui->loop,
                              .jobs = &ui->jobs,
                              .local = ui->c->local,
                              .dir = ui->c->dir,
                              .gate = pages_gate(ui->pages),
                              .on_run = on_relay_run,
                              .arg = ui};
    if (ui->enrolled)
        return go_live(ui, false);
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
    struct pages_cfg pages = {.loop = &ui->loop,
                              .jobs = &ui->jobs,
                              .local = ui->c->local,
                              .dir = ui->c->dir,
                              .on_saved = on_saved,
                              .on_sync = on_sync,
                              .on_enrolled = ui->enrolled ? NULL : on_enrolled,
                              .arg = ui};
    enum err err = read_port(ui->c->args, &pages.port, &ui->why);
    if (err == ERR_OK)
        err = loop_signals(&ui->loop, on_signal, ui);
    if (err == ERR_OK)
        err = pages_open(&pages, &ui->pages, &ui->why);
    if (err != ERR_OK) {
        jobs_close(&ui->jobs, NULL, NULL);
    } else {
        err = open_rest(ui);
        if (err == ERR_OK)
            err = give_link(ui->c, pages_gate(ui->pages));
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
    return err == ERR_OK ? ui->err : err;
}

static enum err run(struct ui *ui)
{
    enum err err = loop_init(&ui->loop);
    if (err != ERR_OK)
        return err;
    err = jobs_open(&ui->jobs, &ui->loop, LIVE_JOBS_MAX + PAGES_JOBS_MAX);
    if (err == ERR_OK)
        err = serve(ui);
    loop_done(&ui->loop);
    return err;
}

static int stay(struct cmd *c)
{
    struct note why = {""};
    struct ui *ui = arena_new(&c->arena, sizeof *ui);
    if (ui == NULL)
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
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, &why);
}

int cmd_ui(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    (void)args;
    if (!pages_there())
        return cmd_fail(c,
                        note_set(&why, ERR_NOTFOUND,
                                 N_("ce programme a été construit sans ses pages (WITH_WEB)")),
                        &why);
    if (c->local != NULL)
        return stay(c);
    if (c->gate == NULL)
        return CMD_AWAY; /* whoever holds the replica serves no pages: it is a short command */
    enum err err = give_link(c, c->gate);
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, NULL);
}
