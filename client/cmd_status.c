/* SPDX-License-Identifier: Apache-2.0 */
/* jalon status: what is on the server, what is on this device only, what waits for a person. */
#include "client/advice.h"
#include "client/compare_text.h"
#include "client/content_text.h"
#include "client/key.h"
#include "client/presence.h"
#include "client/words.h"
#include "io/grid.h"
#include "io/json.h"
#include "store/deposited.h"
#include "store/lease.h"

enum { SKEW_TOLD_MS = 2 * 60 * 1000, NEXT_MS = 999 /* the next full second */ };

static void id_json(struct json_out *json, const char *key, const struct id *id)
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    json_key(json, key);
    json_text(json, id_is_null(id) ? NULL : text);
}

static void uint_json(struct json_out *json, const char *key, uint64_t v)
{
    json_key(json, key);
    json_uint(json, v);
}

/* Of the process that stays connected; null when there is none. */
static void live_json(struct json_out *json, const struct presence *p)
{
    json_key(json, "live");
    if (p == NULL) {
        json_null(json);
        return;
    }
    json_object(json);
    json_key(json, "connected");
    json_bool(json, p->connected);
    words_time_json(json, "since", p->since_ms);
    json_key(json, "error");
    json_text(json, p->err == ERR_OK ? NULL : err_name(p->err));
    words_time_json(json, "next_try", p->next_ms);
    json_key(json, "stuck");
    json_bool(json, p->stuck);
    json_object_end(json);
}

/* days 0: there is none. */
static void lease_json(struct json_out *json, const struct lease *lease)
{
    json_key(json, "lease");
    json_object(json);
    json_key(json, "days");
    json_int(json, lease->days);
    words_time_json(json, "until", lease->until_ms);
    json_key(json, "locked");
    json_bool(json, lease->locked);
    json_object_end(json);
}

/* What lies at the relay of the site, not yet judged; null when nothing does. */
static void deposited_json(struct json_out *json, const struct deposited *d)
{
    json_key(json, "deposited");
    if (d->operations == 0) {
        json_null(json);
        return;
    }
    json_object(json);
    json_key(json, "operations");
    json_uint(json, d->operations);
    json_key(json, "relay");
    json_text(json, d->relay);
    words_time_json(json, "at", d->at_ms);
    json_object_end(json);
}

static void status_json(struct cmd *c, const struct store_status *st,
                        const struct deposited *deposited,
                        const struct compare_report *compared, const struct lease *lease,
                        int64_t wiped_ms, const struct content_totals *docs)
{
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "enrolled");
    json_bool(&json, st->enrolled);
    json_key(&json, "example");
    json_bool(&json, c->example);
    uint_json(&json, "device", st->device);
    uint_json(&json, "epoch", st->epoch);
    uint_json(&json, "generation", st->generation);
    id_json(&json, "staff", &st->staff);
    id_json(&json, "structure", &st->structure);
    uint_json(&json, "roles", st->roles);
    uint_json(&json, "unsent", st->unsent);
    uint_json(&json, "op_last", st->op_last);
    uint_json(&json, "acked_through", st->acked_through);
    uint_json(&json, "pulled_through", st->pulled_through);
    words_time_json(&json, "last_sync", st->last_sync_ms);
    json_key(&json, "complete");
    json_bool(&json, st->complete);
    uint_json(&json, "conflicts", st->conflicts);
    uint_json(&json, "quarantined", st->quarantined);
    uint_json(&json, "duplicates", st->duplicates);
    json_key(&json, "skew_ms");
    json_int(&json, st->skew_ms);
    json_key(&json, "compared");
    compare_json(&json, compared);
    lease_json(&json, lease);
    words_time_json(&json, "wiped", wiped_ms);
    uint_json(&json, "documents_unsent", docs->unsent);
    uint_json(&json, "documents_unsent_bytes", docs->unsent_bytes);
    uint_json(&json, "documents_wanted", docs->wanted);
    uint_json(&json, "documents_wanted_bytes", docs->wanted_bytes);
    uint_json(&json, "documents_damaged", docs->damaged);
    uint_json(&json, "documents_bytes", docs->bytes);
    json_key(&json, "documents_error");
    json_text(&json, docs->err == ERR_OK ? NULL : err_name(docs->err));
    deposited_json(&json, deposited);
    live_json(&json, c->presence);
    json_object_end(&json);
    json_line(&json);
}

static void line(struct cmd *c, enum grid_style style, const char *text)
{
    grid_paint(&c->out, str_of(text), style, c->color);
    buf_u8(&c->out, '\n');
}

/* The one thing everybody wants to know, said only when it is true. */
static void print_outbox(struct cmd *c, const struct store_status *st, bool documents)
{
    struct buf text = {0};
    enum grid_style style = GRID_YELLOW;
    bool sending = c->presence != NULL && c->presence->connected && !c->presence->stuck;
    if (st->unsent > 0 && sending) {
        buf_printf(&text,
                   TN("%llu changement est sur cet appareil seulement ; il part en ce moment",
                      "%llu changements sont sur cet appareil seulement ; ils partent en ce "
                      "moment",
                      st->unsent),
                   (unsigned long long)st->unsent);
    } else if (st->unsent > 0 && c->presence != NULL) {
        buf_printf(
            &text,
            TN("%llu changement est sur cet appareil seulement ; il partira dès que le "
               "serveur répondra",
               "%llu changements sont sur cet appareil seulement ; ils partiront dès que "
               "le serveur répondra",
               st->unsent),
            (unsigned long long)st->unsent);
    } else if (st->unsent > 0) {
        buf_printf(&text,
                   TN("%llu changement est sur cet appareil seulement ; pour l'envoyer : "
                      "jalon sync",
                      "%llu changements sont sur cet appareil seulement ; pour les envoyer : "
                      "jalon sync",
                      st->unsent),
                   (unsigned long long)st->unsent);
    } else if (st->last_sync_ms == 0 || !st->complete) {
        buf_text(&text, T("rien n'attend d'être envoyé ; pas encore de synchronisation "
                          "complète : jalon sync"));
    } else if (documents) {
        buf_text(&text, T("toutes les saisies sont sur le serveur"));
    } else {
        buf_text(&text, T("tout est sur le serveur"));
        style = GRID_GREEN;
    }
    buf_u8(&text, 0);
    if (text.err == ERR_OK)
        line(c, style, (const char *)text.p);
    buf_printf(&c->out, "%s", T("dernière synchronisation complète : "));
    words_time(st->last_sync_ms, &c->out);
    buf_u8(&c->out, '\n');
    buf_done(&text);
}

static void print_next(struct cmd *c, int64_t next_ms, struct buf *out)
{
    int64_t wait_ms = next_ms - store_now(c->store);
    if (next_ms != 0 && wait_ms <= 0) {
        buf_text(out, T(" ; essai en cours"));
    } else if (next_ms != 0) {
        buf_text(out, T(" ; prochain essai dans "));
        words_span(wait_ms + NEXT_MS, out);
    }
}

/* Of the process that stays connected, if there is one. */
static void print_live(struct cmd *c, const struct presence *p)
{
    struct buf text = {0};
    if (p == NULL)
        return;
    if (p->stuck)
        buf_text(&text, T("erreur : connecté depuis plus de deux minutes, et rien ne part vers "
                          "le serveur ; rien n'est perdu, tout reste sur cet appareil ; "
                          "prévenez votre coordination si cela dure"));
    else if (p->connected)
        buf_text(&text, T("connecté au serveur depuis : "));
    else if (p->since_ms == 0)
        buf_text(&text, T("connexion au serveur en cours"));
    else
        buf_text(&text, T("hors ligne depuis : "));
    if (!p->stuck && p->since_ms != 0)
        words_time(p->since_ms, &text);
    if (!p->connected && p->since_ms != 0) {
        buf_printf(&text, " (%s)", p->why.text[0] != '\0' ? p->why.text : advice_cause(p->err));
        print_next(c, p->next_ms, &text);
    }
    buf_u8(&text, 0);
    if (text.err == ERR_OK)
        line(c,
             p->stuck       ? GRID_RED
             : p->connected ? GRID_GREEN
                            : GRID_YELLOW,
             (const char *)text.p);
    buf_done(&text);
}

/* It is no place of its own: all of it is on this device as well. */
static void print_deposited(struct cmd *c, const struct deposited *d)
{
    struct buf text = {0};
    if (d->operations == 0)
        return;
    buf_printf(
        &text,
        TN("%llu saisie attend au relais « %s », pas encore sur le serveur ; déposée le ",
           "%llu saisies attendent au relais « %s », pas encore sur le serveur ; déposées "
           "le ",
           d->operations),
        (unsigned long long)d->operations, d->relay);
    words_time(d->at_ms, &text);
    if (text.err == ERR_OK) /* the name is what the relay says of itself */
        grid_clean(&c->out, buf_str(&text));
    buf_u8(&c->out, '\n');
    buf_done(&text);
}

/* Told from three days before. */
static void print_lease(struct cmd *c, const struct lease *lease)
{
    const int64_t told_ms = INT64_C(3) * 24 * 60 * 60 * 1000;
    if (lease->locked)
        line(c, GRID_RED,
             T("trop longtemps sans contact avec le serveur : les données sont verrouillées "
               "jusqu'à la prochaine synchronisation ; rien n'est perdu : jalon sync"));
    else if (lease->days > 0 && lease->left_ms < told_ms)
        line(c, GRID_YELLOW,
             T("sans synchronisation d'ici trois jours, les données de cet appareil seront "
               "verrouillées : jalon sync"));
}

static void print_warnings(struct cmd *c, const struct store_status *st)
{
    if (!st->complete)
        line(c, GRID_YELLOW,
             T("les données reçues sont incomplètes : la première synchronisation n'est pas "
               "finie ; jalon sync la continue"));
    if (st->skew_ms > SKEW_TOLD_MS || st->skew_ms < -SKEW_TOLD_MS) {
        struct buf span = {0};
        words_span(st->skew_ms, &span);
        buf_u8(&span, 0);
        if (span.err == ERR_OK)
            buf_printf(&c->out,
                       st->skew_ms > 0
                           ? T("l'horloge de cet appareil avance de %s sur celle du serveur ; "
                               "rien n'est abîmé, mais réglez-la\n")
                           : T("l'horloge de cet appareil retarde de %s sur celle du serveur ; "
                               "rien n'est abîmé, mais réglez-la\n"),
                       (const char *)span.p);
        buf_done(&span);
    }
    if (st->conflicts > 0)
        buf_printf(&c->out,
                   TN("%llu conflit attend une décision : jalon conflicts\n",
                      "%llu conflits attendent une décision : jalon conflicts\n",
                      st->conflicts),
                   (unsigned long long)st->conflicts);
    if (st->quarantined > 0)
        buf_printf(&c->out,
                   TN("%llu saisie refusée par le serveur, gardée ici : jalon inbox\n",
                      "%llu saisies refusées par le serveur, gardées ici : jalon inbox\n",
                      st->quarantined),
                   (unsigned long long)st->quarantined);
    if (st->duplicates > 0)
        buf_printf(&c->out,
                   TN("%llu doublon possible : jalon duplicates\n",
                      "%llu doublons possibles : jalon duplicates\n", st->duplicates),
                   (unsigned long long)st->duplicates);
}

/* A difference with the server that was found lately, or is still there. */
static void print_compared(struct cmd *c, const struct compare_report *compared)
{
    enum { TOLD_MS = 7 * 86400000 };
    struct buf text = {0};
    compare_print(compared, store_now(c->store) - TOLD_MS, &text);
    bool any = text.n > 0;
    buf_u8(&text, 0);
    if (any && text.err == ERR_OK)
        line(c, compared->state == COMPARE_SAME ? GRID_YELLOW : GRID_RED, (const char *)text.p);
    buf_done(&text);
}

int cmd_status(void *program, const struct args *args)
{
    (void)args;
    struct cmd *c = program;
    struct store_status st;
    struct compare_report compared;
    struct lease lease = {.days = 0};
    struct content_totals docs = {.bytes = 0};
    struct deposited deposited = {.epoch = 0};
    int64_t wiped_ms = 0;
    enum err err = store_status(c->store, &st);
    if (err == ERR_OK)
        err = compare_report(c->store, &compared);
    if (err == ERR_OK)
        err = lease_look(c->store, &lease);
    if (err == ERR_OK)
        err = content_totals(c->store, &docs);
    if (err == ERR_OK)
        err = deposited_get(c->store, &deposited);
    if (err == ERR_OK && c->dir != NULL)
        err = key_receipt(c->dir, &wiped_ms);
    if (err != ERR_OK)
        return cmd_fail(c, err, NULL);
    if (c->json) {
        status_json(c, &st, &deposited, &compared, &lease, wiped_ms, &docs);
        return CMD_DONE;
    }
    if (!st.enrolled && wiped_ms != 0) {
        buf_text(&c->out, T("les données de cet appareil ont été détruites sur ordre de la "
                            "coordination, le "));
        words_time(wiped_ms, &c->out);
        buf_u8(&c->out, '\n');
    }
    if (!st.enrolled) {
        line(c, GRID_YELLOW,
             T("cet appareil n'est pas encore inscrit ; avec le code reçu de votre "
               "coordination : jalon enrol CODE"));
        return CMD_DONE;
    }
    buf_printf(&c->out, T("appareil %u, au nom de "), st.device);
    words_staff(c, &st.staff, &c->out);
    buf_u8(&c->out, '\n');
    print_outbox(c, &st, docs.unsent > 0);
    print_deposited(c, &deposited);
    content_text(&docs, &c->out);
    print_live(c, c->presence);
    print_compared(c, &compared);
    print_lease(c, &lease);
    print_warnings(c, &st);
    return CMD_DONE;
}
