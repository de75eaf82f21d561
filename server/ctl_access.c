/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl access list, alerts: who opened a dossier and which devices have had it; who opened
 * many. */
#include "server/ctl.h"
#include "store/rows_json.h"

#include <stdlib.h>

enum { DAYS_DEFAULT = 7, DAYS_MAX = 3660 };
static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;

struct listing {
    struct ctl *c;
    uint64_t count;
    struct id staff; /* holders: of the last one, */
    int64_t from_ms; /* and since when */
};

static void time_json(const char *key, int64_t ms, struct buf *out)
{
    static const struct field field = {.name = "at", .kind = KIND_INSTANT};
    struct value v = ms == 0 ? VALUE_NONE : value_int(ms);
    buf_printf(out, ",\"%s\":", key);
    rows_json_value(&field, &v, out);
}

static void id_json(const char *key, const struct id *id, struct buf *out)
{
    static const struct field field = {.name = "id", .kind = KIND_ID};
    struct value v = id_is_null(id) ? VALUE_NONE : value_id(id);
    buf_printf(out, "\"%s\":", key);
    rows_json_value(&field, &v, out);
}

static void text_json(const char *key, struct str text, struct buf *out)
{
    buf_printf(out, ",\"%s\":", key);
    if (text.n == 0)
        buf_text(out, "null");
    else
        rows_json_text(text, out);
}

static void print_staff(struct ctl *c, const struct id *staff)
{
    if (id_is_null(staff))
        buf_text(&c->out, T("au serveur"));
    else
        ctl_print_staff(c, staff);
}

/* ---- openings ---- */

static enum err on_entry(void *ctx, const struct access_entry *e)
{
    struct listing *l = ctx;
    struct buf *out = &l->c->out;
    l->count++;
    if (l->c->json) {
        buf_text(out, l->count > 1 ? ",\n{" : "\n{");
        id_json("staff", &e->staff, out);
        time_json("at", e->at_ms, out);
        text_json("opened", e->opened, out);
        text_json("reason", e->reason, out);
        buf_printf(out, ",\"device\":%u,", (unsigned)e->device);
        id_json("person", &e->person, out);
        buf_u8(out, '}');
        return out->err;
    }
    buf_text(out, "  ");
    ctl_print_time(l->c, e->at_ms);
    buf_text(out, "  ");
    print_staff(l->c, &e->staff);
    buf_text(out, "  ");
    ctl_print_text(l->c, e->opened);
    buf_text(out, e->reason.n > 0 ? "  " : "");
    ctl_print_text(l->c, e->reason);
    buf_u8(out, '\n');
    return out->err;
}

/* ---- holders ---- */

static void facets_json(uint8_t facets, struct buf *out)
{
    static const struct {
        uint8_t facet;
        const char *name;
    } names[] = {{FACET_FACTS, "facts"}, {FACET_NOTES, "notes"}, {FACET_VAULT, "vault"}};
    bool first = true;
    buf_text(out, ",\"facets\":[");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((facets & names[i].facet) == 0)
            continue;
        buf_printf(out, "%s\"%s\"", first ? "" : ",", names[i].name);
        first = false;
    }
    buf_u8(out, ']');
}

static void holder_json(struct listing *l, const struct access_holder *h)
{
    struct buf *out = &l->c->out;
    buf_text(out, l->count > 1 ? ",\n{" : "\n{");
    id_json("staff", &h->staff, out);
    facets_json(h->facets, out);
    time_json("from", h->from_ms, out);
    time_json("until", h->until_ms, out);
    buf_text(out, ",\"device\":");
    if (h->device == 0)
        buf_text(out, "null");
    else
        buf_printf(out, "%u", (unsigned)h->device);
    text_json("name", h->name, out);
    time_json("seen", h->seen_ms, out);
    bool sure = h->device != 0 && (h->until_ms == 0 || h->seen_ms <= h->until_ms);
    buf_printf(out, ",\"received\":%s}",
               h->device == 0 ? "\"no\"" : (sure ? "\"yes\"" : "\"perhaps\""));
}

static void print_spell(struct listing *l, const struct access_holder *h)
{
    buf_text(&l->c->out, "  ");
    ctl_print_staff(l->c, &h->staff);
    if (h->from_ms != 0) {
        buf_text(&l->c->out, T(", du "));
        ctl_print_time(l->c, h->from_ms);
    } else {
        buf_text(&l->c->out, T(", depuis le début"));
    }
    if (h->until_ms != 0) {
        buf_text(&l->c->out, T(" au "));
        ctl_print_time(l->c, h->until_ms);
    }
    buf_u8(&l->c->out, '\n');
}

static enum err on_holder(void *ctx, const struct access_holder *h)
{
    struct listing *l = ctx;
    struct buf *out = &l->c->out;
    l->count++;
    if (l->c->json) {
        holder_json(l, h);
        return out->err;
    }
    if (l->count == 1 || !id_eq(&l->staff, &h->staff) || l->from_ms != h->from_ms)
        print_spell(l, h);
    l->staff = h->staff;
    l->from_ms = h->from_ms;
    if (h->device == 0)
        return out->err;
    buf_printf(out, T("    appareil %u  "), (unsigned)h->device);
    ctl_print_text(l->c, h->name);
    buf_text(out, h->until_ms == 0 || h->seen_ms <= h->until_ms
                      ? T("  l'a reçu, vu le ")
                      : T("  l'a peut-être reçu, vu le "));
    ctl_print_time(l->c, h->seen_ms);
    buf_u8(out, '\n');
    return out->err;
}

int ctl_access_list(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct listing l = {.c = c};
    struct note why = {""};
    struct id id = {{0}};
    const struct table *persons = schema_table(&schema_jalon, TABLE_PERSON);
    enum err err = ctl_row(c, persons, args->word[0], &id, &why);
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    if (c->json) {
        buf_u8(&c->out, '{');
        id_json("person", &id, &c->out);
    }
    buf_text(&c->out, c->json ? ",\"opened\":[" : T("Ouvertures :\n"));
    err = access_list(c->store, &id, on_entry, &l);
    l.count = 0;
    buf_text(&c->out, c->json ? "],\"recipients\":[" : T("Destinataires :\n"));
    if (err == ERR_OK)
        err = access_holders(c->store, &id, on_holder, &l);
    buf_text(&c->out, c->json ? "]}\n" : "");
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, NULL);
}

/* ---- alerts ---- */

static enum err on_alert(void *ctx, const struct access_alert *a)
{
    static const struct field date = {.name = "day", .kind = KIND_DATE};
    struct listing *l = ctx;
    struct buf *out = &l->c->out;
    struct value day = value_int(a->day);
    l->count++;
    if (l->c->json) {
        buf_text(out, l->count > 1 ? ",\n{\"day\":" : "\n{\"day\":");
        rows_json_value(&date, &day, out);
        buf_u8(out, ',');
        id_json("staff", &a->staff, out);
        buf_printf(out, ",\"dossiers\":%llu,\"limit\":%llu}", (unsigned long long)a->dossiers,
                   (unsigned long long)a->limit);
        return out->err;
    }
    value_print(KIND_DATE, &day, out);
    buf_text(out, "  ");
    ctl_print_staff(l->c, &a->staff);
    buf_printf(out, T("  %llu dossiers (plus de %llu)\n"), (unsigned long long)a->dossiers,
               (unsigned long long)a->limit);
    return out->err;
}

int ctl_access_alerts(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct listing l = {.c = c};
    struct note why = {""};
    char *end = NULL;
    const char *text = args_value(args, "days");
    long days = text == NULL ? DAYS_DEFAULT : strtol(text, &end, 10);
    if (text != NULL && (*end != '\0' || days < 1 || days > DAYS_MAX))
        note_write(&why, N_("--days : un nombre de 1 à %d"), DAYS_MAX);
    if (why.text[0] != '\0')
        return ctl_fail(c, ERR_USAGE, &why);
    int64_t today = store_now(c->store) / DAY_MS;
    buf_text(&c->out, c->json ? "[" : "");
    enum err err = access_alerts(c->store, (today - days + 1) * DAY_MS, on_alert, &l);
    buf_text(&c->out, c->json ? "]\n" : "");
    if (err == ERR_OK && !c->json && l.count == 0)
        ctl_say(c, T("personne n'a ouvert plus de dossiers que la limite"));
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, NULL);
}
