/* SPDX-License-Identifier: Apache-2.0 */
/* jalon sync: send and receive, while other commands go on through the relay. */
#include "client/cmd.h"
#include "client/cmd_stay.h"
#include "client/compare_text.h"
#include "client/content_text.h"
#include "client/relay.h"
#include "client/site.h"
#include "io/clock.h"
#include "io/crypt.h"
#include "io/json.h"
#include "io/progress.h"

struct sync {
    struct cmd *c;
    struct key key;
    struct loop loop;
    struct jobs jobs;
    struct link *link;   /* NULL once closed */
    struct relay *relay; /* NULL: none */
    struct link_tally tally;
    struct progress progress;
    struct note *why;
    enum err err;
    bool wiped;
};

/* On the thread of the store. */
static enum err wipe(void *arg)
{
    struct sync *sync = arg;
    sync->wiped = true;
    return local_wipe(sync->c->local, sync->c->dir);
}

static void show(struct sync *sync)
{
    const struct link_tally *t = &sync->tally;
    if (t->judged < t->total)
        progress_show(&sync->progress, T("envoi"), t->judged, t->total, clock_mono_ms());
    else
        progress_show(&sync->progress, T("réception"), t->rows.pulled, 0, clock_mono_ms());
}

static void on_relay_closed(void *arg)
{
    struct sync *sync = arg;
    jobs_close(&sync->jobs, NULL, NULL);
}

static void on_link(struct link *link, const struct link_event *event, void *arg)
{
    struct sync *sync = arg;
    sync->tally = link_tally(link);
    switch (event->type) {
    case LINK_PROGRESS:
        show(sync);
        break;
    case LINK_CONNECTED:
        break;
    case LINK_SYNCED:
    case LINK_FAILED:
        sync->err = event->err;
        if (event->err != ERR_OK)
            *sync->why = *event->why;
        link_close(link);
        break;
    case LINK_CLOSED:
        sync->link = NULL;
        relay_close(sync->relay, on_relay_closed, sync);
        break;
    }
}

static void on_signal(struct loop *loop, void *arg)
{
    struct sync *sync = arg;
    (void)loop;
    if (sync->link != NULL)
        link_stop(sync->link);
}

/* A command of somebody else was carried out. */
static void on_run(void *arg, bool saved)
{
    struct sync *sync = arg;
    if (saved && sync->link != NULL)
        link_saved(sync->link);
}

/* With an open loop and job thread. */
static enum err run_jobs(struct sync *sync)
{
    struct link_cfg link = {.loop = &sync->loop,
                            .jobs = &sync->jobs,
                            .store = sync->c->store,
                            .key = &sync->key,
                            .cb = on_link,
                            .wipe = wipe,
                            .arg = sync};
    struct relay_cfg relay = {.loop = &sync->loop,
                              .jobs = &sync->jobs,
                              .local = sync->c->local,
                              .dir = sync->c->dir,
                              .on_run = on_run,
                              .arg = sync};
    enum err err = loop_signals(&sync->loop, on_signal, sync);
    if (err == ERR_OK)
        err = site_address(sync->c->store, &link.site);
    if (err == ERR_OK)
        err = link_open(&link, &sync->link, sync->why);
    if (err == ERR_OK) {
        /* Without the socket others wait for the lock: slower, not wrong. */
        if (relay_open(&relay, &sync->relay, NULL) != ERR_OK)
            sync->relay = NULL;
        link_want(sync->link);
    } else {
        jobs_close(&sync->jobs, NULL, NULL);
    }
    loop_run(&sync->loop);
    return err == ERR_OK ? sync->err : err;
}

static enum err run(struct sync *sync)
{
    enum err err = loop_init(&sync->loop);
    if (err != ERR_OK)
        return err;
    err = jobs_open(&sync->jobs, &sync->loop, LINK_JOBS_MAX + RELAY_ASKERS_MAX);
    if (err == ERR_OK)
        err = run_jobs(sync);
    loop_done(&sync->loop);
    return err;
}

static void tally_json(struct cmd *c, const struct link_tally *tally, enum err err)
{
    const struct {
        const char *key;
        uint64_t n;
    } counts[] = {{"pushed", tally->rows.pushed},       {"pulled", tally->rows.pulled},
                  {"conflicts", tally->rows.conflicts}, {"refused", tally->rows.refused},
                  {"bytes_sent", tally->bytes_out},     {"bytes_received", tally->bytes_in}};
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        json_key(&json, counts[i].key);
        json_uint(&json, counts[i].n);
    }
    json_key(&json, "deposited");
    json_uint(&json, tally->deposited.operations);
    json_key(&json, "ms");
    json_int(&json, tally->ms);
    json_key(&json, "error");
    json_text(&json, err == ERR_OK ? NULL : err_name(err));
    json_object_end(&json);
    json_line(&json);
}

static void tally_words(struct cmd *c, const struct link_tally *tally)
{
    cmd_say(c, T("fiches envoyées : %llu, reçues : %llu ; octets envoyés : %llu, reçus : %llu"),
            (unsigned long long)tally->rows.pushed, (unsigned long long)tally->rows.pulled,
            (unsigned long long)tally->bytes_out, (unsigned long long)tally->bytes_in);
    if (tally->rows.conflicts > 0)
        cmd_say(c,
                TN("%llu saisie concurrente, rien n'est perdu ; voyez : jalon conflicts",
                   "%llu saisies concurrentes, rien n'est perdu ; voyez : jalon conflicts",
                   tally->rows.conflicts),
                (unsigned long long)tally->rows.conflicts);
    if (tally->rows.refused > 0)
        cmd_say(c,
                TN("%llu saisie refusée par le serveur, gardée ici : jalon inbox",
                   "%llu saisies refusées par le serveur, gardées ici : jalon inbox",
                   tally->rows.refused),
                (unsigned long long)tally->rows.refused);
}

/* Rows that were not the server's, found in a sync of this length. */
static enum err tell_compared(struct cmd *c, int64_t ms)
{
    struct compare_report compared;
    struct buf text = {0};
    enum err err = compare_report(c->store, &compared);
    if (err == ERR_OK)
        compare_print(&compared, store_now(c->store) - ms, &text);
    bool any = text.n > 0;
    buf_u8(&text, 0);
    if (any && text.err == ERR_OK)
        cmd_say(c, "%s", (const char *)text.p);
    buf_done(&text);
    return err;
}

/* What the person should know once the server has heard all. */
static int report(struct cmd *c, int64_t ms)
{
    struct store_status st;
    struct content_totals docs = {.bytes = 0};
    enum err err = store_status(c->store, &st);
    if (err == ERR_OK && !c->json)
        err = tell_compared(c, ms);
    if (err == ERR_OK)
        err = content_totals(c->store, &docs);
    if (err != ERR_OK)
        return cmd_fail(c, err, NULL);
    if (!c->json)
        content_text(&docs, &c->talk);
    if (!c->json && st.unsent == 0 && st.complete && docs.unsent == 0)
        cmd_say(c, T("tout est sur le serveur"));
    /* A resemblance may be none: it is told, and holds nobody up. */
    if (!c->json && st.duplicates > 0)
        cmd_say(c,
                TN("%llu doublon possible : jalon duplicates",
                   "%llu doublons possibles : jalon duplicates", st.duplicates),
                (unsigned long long)st.duplicates);
    uint64_t waiting = st.conflicts + st.quarantined;
    if (waiting == 0)
        return CMD_DONE;
    if (!c->json)
        cmd_say(c,
                TN("%llu point attend une personne : jalon inbox",
                   "%llu points attendent une personne : jalon inbox", waiting),
                (unsigned long long)waiting);
    return CMD_WAITS;
}

/* What came of a sync, carried out here or by another process. */
static int tell(struct cmd *c, struct round *round)
{
    if (c->json)
        tally_json(c, &round->tally, round->err);
    else if (round->err == ERR_OK)
        tally_words(c, &round->tally);
    enum err err = round->err;
    if (round->wiped)
        err = note_set(&round->why, ERR_REVOKED,
                       N_("les données de cet appareil ont été effacées, comme votre "
                          "coordination l'a demandé"));
    return err == ERR_OK ? report(c, round->tally.ms) : cmd_fail(c, err, &round->why);
}

static enum err load_key(struct cmd *c, struct key *key, struct note *why)
{
    crypt_start();
    enum err err = key_load(c->dir, key, why);
    if (err == ERR_NOTFOUND)
        err = note_set(why, ERR_REFUSED,
                       N_("cet appareil n'est pas encore inscrit : jalon enrol CODE"));
    return err;
}

static int stay(struct cmd *c)
{
    struct note why = {""};
    struct key key = {.cert = {0}};
    enum err err = load_key(c, &key, &why);
    int exit = err == ERR_OK ? cmd_stay(c, &key) : cmd_fail(c, err, &why);
    key_done(&key);
    return exit;
}

int cmd_sync(void *program, const struct args *args)
{
    struct cmd *c = program;
    if (c->round != NULL && c->round->over)
        return tell(c, c->round);
    bool live = args_flag(args, "live");
    if (c->round != NULL && live) {
        struct note why = {""};
        note_write(&why, N_("une synchronisation en direct tourne déjà ici : jalon status"));
        return cmd_fail(c, ERR_BUSY, &why);
    }
    if (c->round != NULL) {
        c->round->asked = true;
        return CMD_DONE;
    }
    if (live)
        return stay(c);
    struct round round = {.asked = true};
    struct sync *sync = arena_new(&c->arena, sizeof *sync);
    if (sync == NULL)
        return cmd_fail(c, ERR_NOMEM, NULL);
    sync->c = c;
    sync->why = &round.why;
    round.err = load_key(c, &sync->key, &round.why);
    progress_init(&sync->progress, 2, c->progress && !c->json, clock_mono_ms());
    if (round.err == ERR_OK)
        round.err = run(sync);
    progress_end(&sync->progress);
    key_done(&sync->key);
    round.tally = sync->tally;
    round.wiped = sync->wiped;
    c->store = c->local->store;
    return tell(c, &round);
}
