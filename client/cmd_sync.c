/* SPDX-License-Identifier: Apache-2.0 */
/* jalon sync: send and receive, once; says what was done and what waits for a person. */
#include "client/cmd.h"
#include "client/link.h"
#include "client/local.h"
#include "io/clock.h"
#include "io/crypt.h"
#include "io/json.h"
#include "io/progress.h"

struct sync {
    struct cmd *c;
    struct progress progress;
};

static void on_event(struct link *link, const struct link_event *event, void *arg)
{
    struct sync *sync = arg;
    struct link_tally tally = link_tally(link);
    if (event->type != LINK_PROGRESS)
        return;
    if (tally.judged < tally.total)
        progress_show(&sync->progress, T("envoi"), tally.judged, tally.total, clock_mono_ms());
    else
        progress_show(&sync->progress, T("réception"), tally.rows.pulled, 0, clock_mono_ms());
}

/* The store is still open in this process, which reads it no more. */
static enum err on_wipe(void *arg)
{
    struct sync *sync = arg;
    return key_wipe(sync->c->dir, local_files, NULL);
}

static void report_json(struct cmd *c, const struct link_tally *tally)
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
    json_key(&json, "ms");
    json_int(&json, tally->ms);
    json_object_end(&json);
    json_line(&json);
}

static void report(struct cmd *c, const struct link_tally *tally)
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

/* Something waits for a person, from this sync or from before. */
static int done(struct cmd *c)
{
    struct store_status st;
    enum err err = store_status(c->store, &st);
    if (err != ERR_OK)
        return cmd_fail(c, err, NULL);
    return st.conflicts > 0 || st.quarantined > 0 ? CMD_WAITS : CMD_DONE;
}

int cmd_sync(void *program, const struct args *args)
{
    (void)args;
    struct sync sync = {.c = program};
    struct cmd *c = sync.c;
    struct key key = {0};
    struct note why = {""};
    struct link_tally tally = {0};
    crypt_start();
    enum err err = key_load(c->dir, &key, &why);
    if (err == ERR_OK) {
        struct link_cfg cfg = {
            .store = c->store, .key = &key, .cb = on_event, .wipe = on_wipe, .arg = &sync};
        progress_init(&sync.progress, 2, c->progress, clock_mono_ms());
        err = link_once(&cfg, &tally, &why);
        progress_end(&sync.progress);
    }
    key_done(&key);
    if (c->json)
        report_json(c, &tally);
    else if (err == ERR_OK)
        report(c, &tally);
    return err == ERR_OK ? done(c) : cmd_fail(c, err, &why);
}
