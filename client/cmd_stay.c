/* SPDX-License-Identifier: Apache-2.0 */
#include "client/cmd_stay.h"

#include "client/advice.h"
#include "client/live.h"
#include "client/pages.h"
#include "client/words.h"
#include "io/json.h"
#include "io/notify.h"

enum { NEXT_MS = 999 /* the next full second */ };

struct stay {
    struct cmd *c;
    const struct key *key;
    struct loop loop;
    struct jobs jobs;
    struct pages *pages; /* NULL: none, or closed */
    struct live *live;   /* NULL once closed */
    bool closing;
    struct link_tally told; /* what was said of rows so far */
    bool connected,
        greeted;   /* said of the present connection: that it is there, that all came */
    enum err away; /* said last; OK: connected, or nothing yet */
    enum err err;
    struct note why;
    bool wiped;
};

/* ---- what is said ---- */

static void event_json(struct stay *stay, const char *name, const struct live_event *event)
{
    struct json_out json;
    json_out_init(&json, &stay->c->out);
    json_object(&json);
    json_key(&json, "event");
    json_text(&json, name);
    if (event->type == LIVE_SYNCED) {
        const struct replica_tally *rows = &event->tally.rows;
        const struct replica_tally *told = &stay->told.rows;
        json_key(&json, "pushed");
        json_uint(&json, rows->pushed - told->pushed);
        json_key(&json, "pulled");
        json_uint(&json, rows->pulled - told->pulled);
        json_key(&json, "conflicts");
        json_uint(&json, rows->conflicts - told->conflicts);
        json_key(&json, "refused");
        json_uint(&json, rows->refused - told->refused);
    }
    if (event->type == LIVE_AWAY || event->type == LIVE_OVER) {
        json_key(&json, "error");
        json_text(&json, err_name(event->err));
    }
    if (event->type == LIVE_AWAY) {
        json_key(&json, "next_ms");
        json_int(&json, event->wait_ms);
    }
    json_object_end(&json);
    json_line(&json);
}

static void say_away(struct stay *stay, const struct live_event *event)
{
    struct buf span = {0};
    const char *cause =
        event->why->text[0] != '\0' ? event->why->text : advice_cause(event->err);
    words_span(event->wait_ms + NEXT_MS, &span);
    buf_u8(&span, 0);
    /* Each further try that ends alike is not told again. */
    if (span.err == ERR_OK && event->err != stay->away)
        cmd_say(stay->c, T("hors ligne : %s ; rien n'est perdu ; prochain essai dans %s"),
                cause, (const char *)span.p);
    buf_done(&span);
}

static void say_synced(struct stay *stay, const struct live_event *event)
{
    const struct replica_tally *rows = &event->tally.rows;
    const struct replica_tally *told = &stay->told.rows;
    if (!stay->greeted)
        cmd_say(stay->c, T("tout est sur le serveur"));
    if (rows->conflicts > told->conflicts)
        cmd_say(stay->c,
                TN("%llu saisie concurrente, rien n'est perdu ; voyez : jalon conflicts",
                   "%llu saisies concurrentes, rien n'est perdu ; voyez : jalon conflicts",
                   rows->conflicts - told->conflicts),
                (unsigned long long)(rows->conflicts - told->conflicts));
    if (rows->refused > told->refused)
        cmd_say(stay->c,
                TN("%llu saisie refusée par le serveur, gardée ici : jalon inbox",
                   "%llu saisies refusées par le serveur, gardées ici : jalon inbox",
                   rows->refused - told->refused),
                (unsigned long long)(rows->refused - told->refused));
}

static bool news(const struct stay *stay, const struct live_event *event)
{
    return !stay->greeted ||
           memcmp(&stay->told.rows, &event->tally.rows, sizeof event->tally.rows) != 0;
}

static void on_pages_closed(void *arg)
{
    struct stay *stay = arg;
    stay->pages = NULL;
    live_close(stay->live);
}

/* The pages first: what they have asked is answered. */
static void end(struct stay *stay)
{
    if (stay->closing)
        return;
    stay->closing = true;
    pages_close(stay->pages, on_pages_closed, stay);
}

static void say(struct stay *stay, const struct live_event *event)
{
    static const char *const names[] = {
        [LIVE_CONNECTED] = "connected", [LIVE_SAVED] = "saved", [LIVE_SYNCED] = "synced",
        [LIVE_AWAY] = "away",           [LIVE_STUCK] = "stuck", [LIVE_OVER] = "over",
        [LIVE_CLOSED] = "closed",
    };
    struct cmd *c = stay->c;
    if (event->type == LIVE_SAVED || (event->type == LIVE_SYNCED && !news(stay, event)))
        return;
    if (c->json)
        event_json(stay, names[event->type], event);
    else if (event->type == LIVE_CONNECTED)
        cmd_say(c, T("connecté à « %s »"), stay->key->network);
    else if (event->type == LIVE_SYNCED)
        say_synced(stay, event);
    else if (event->type == LIVE_AWAY)
        say_away(stay, event);
    else if (event->type == LIVE_STUCK)
        cmd_say(c, "%s",
                T("erreur : connecté depuis plus de deux minutes, et rien ne part vers le "
                  "serveur ; rien n'est perdu, tout reste sur cet appareil ; prévenez votre "
                  "coordination si cela dure"));
    if (cmd_flush(c) != ERR_OK || say_flush() != ERR_OK)
        end(stay); /* nobody listens any more */
}

/* ---- the life ---- */

static void tell_pages(struct stay *stay, struct live *live, enum live_event_type type)
{
    if (stay->pages == NULL)
        return;
    pages_presence(stay->pages, live_presence(live));
    pages_tell(stay->pages, type == LIVE_SAVED    ? "saved"
                            : type == LIVE_SYNCED ? "synced"
                                                  : "status");
}

static void on_saved(void *arg)
{
    struct stay *stay = arg;
    live_saved(stay->live);
}

static void on_sync(void *arg)
{
    struct stay *stay = arg;
    live_want(stay->live);
}

static void on_live(struct live *live, const struct live_event *event, void *arg)
{
    struct stay *stay = arg;
    tell_pages(stay, live, event->type);
    say(stay, event);
    switch (event->type) {
    case LIVE_CONNECTED:
        stay->away = ERR_OK;
        stay->greeted = false;
        return;
    case LIVE_SYNCED:
        stay->told = event->tally;
        stay->greeted = true;
        return;
    case LIVE_AWAY:
        stay->away = event->err;
        return;
    case LIVE_SAVED:
    case LIVE_STUCK:
        return;
    case LIVE_OVER:
        stay->err = event->err;
        stay->why = *event->why;
        stay->wiped = event->wiped;
        end(stay);
        return;
    case LIVE_CLOSED:
        stay->live = NULL;
        jobs_close(&stay->jobs, NULL, NULL);
        return;
    }
}

static void on_signal(struct loop *loop, void *arg)
{
    struct stay *stay = arg;
    (void)loop;
    notify_send("STOPPING=1");
    end(stay);
}

/* It did not come to a connection. */
static void on_nothing(void *arg)
{
    struct stay *stay = arg;
    stay->pages = NULL;
    jobs_close(&stay->jobs, NULL, NULL);
}

/* With an open loop and job thread. */
static enum err run_jobs(struct stay *stay)
{
    struct pages_cfg pages = {.loop = &stay->loop,
                              .jobs = &stay->jobs,
                              .local = stay->c->local,
                              .dir = stay->c->dir,
                              .on_saved = on_saved,
                              .on_sync = on_sync,
                              .arg = stay};
    struct live_cfg cfg = {.loop = &stay->loop,
                           .jobs = &stay->jobs,
                           .local = stay->c->local,
                           .dir = stay->c->dir,
                           .key = stay->key,
                           .cb = on_live,
                           .arg = stay};
    enum err err = loop_signals(&stay->loop, on_signal, stay);
    /* Without them it goes, too; jalon ui then says that they are not there. */
    if (err == ERR_OK && pages_there() && pages_open(&pages, &stay->pages, NULL) == ERR_OK)
        cfg.gate = pages_gate(stay->pages);
    if (err == ERR_OK)
        err = live_open(&cfg, &stay->live, &stay->why);
    if (err == ERR_OK)
        notify_send("READY=1");
    else
        pages_close(stay->pages, on_nothing, stay);
    loop_run(&stay->loop);
    return err == ERR_OK ? stay->err : err;
}

static enum err run(struct stay *stay)
{
    enum err err = loop_init(&stay->loop);
    if (err != ERR_OK)
        return err;
    err = jobs_open(&stay->jobs, &stay->loop, LIVE_JOBS_MAX + PAGES_JOBS_MAX);
    if (err == ERR_OK)
        err = run_jobs(stay);
    loop_done(&stay->loop);
    return err;
}

int cmd_stay(struct cmd *c, const struct key *key)
{
    struct stay *stay = arena_new(&c->arena, sizeof *stay);
    if (stay == NULL)
        return cmd_fail(c, ERR_NOMEM, NULL);
    stay->c = c;
    stay->key = key;
    enum err err = run(stay);
    c->store = c->local->store;
    if (stay->wiped)
        err = note_set(&stay->why, ERR_REVOKED,
                       N_("les données de cet appareil ont été effacées, comme votre "
                          "coordination l'a demandé"));
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, &stay->why);
}
