/* SPDX-License-Identifier: Apache-2.0 */
/* jalon agenda: one's sessions, the dates agreed for the next ones, and what is due; on the
 * screen, as JSON, or as a file for a calendar. Names stay out of the file unless asked for: a
 * calendar is seen by others. */
#include "client/cmd.h"
#include "client/path.h"
#include "client/words.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/ical.h"
#include "io/json.h"
#include "web/words.h"

#include <stdio.h>
#include <stdlib.h>

enum { MINUTE_MS = 60 * 1000, DAY_MS = 24 * 60 * MINUTE_MS, DAYS_BACK = 7, DAYS_AHEAD = 60 };
enum { EVENTS_MAX = 100 * 1000, INITIALS_MAX = 6 };

enum event_kind { EVENT_SESSION, EVENT_NEXT, EVENT_ACTION, EVENT_DEADLINE };
static const char *const kinds[] = {"session", "next", "action", "deadline"};

struct event {
    enum event_kind kind;
    const struct table *table;
    struct id id;
    int32_t day;
    int start_min; /* -1: none */
    int minutes;
    struct id person;        /* null: none, or not known */
    struct str code;         /* of a session: its kind */
    struct str label, place; /* what it is about, as people wrote it */
    bool draft;
};

struct agenda {
    struct cmd *c;
    const struct table *table; /* being read */
    int32_t from, to;          /* days, both included */
    struct id staff;           /* whose it is */
    struct id *sessions;       /* where this person was present … */
    size_t sessions_n, room;   /* … sorted */
    struct event *events;
    size_t n, events_room;
    bool names;
};

/* ---- what is in it ---- */

static const struct value *value_of(const struct table *table, const struct row *row,
                                    const char *name)
{
    const struct field *field = schema_field_named(table, str_of(name));
    must(field != NULL);
    return &row->values[schema_field_index(table, field->id)];
}

static struct str keep(struct agenda *a, const struct value *v)
{
    const char *copy = v->type == VALUE_TEXT ? arena_copy(&a->c->arena, v->s.p, v->s.n) : NULL;
    return copy == NULL ? (struct str){"", 0} : (struct str){copy, v->s.n};
}

static void keep_id(const struct value *v, struct id *out)
{
    *out = (struct id){{0}};
    if (v->type == VALUE_BYTES && v->s.n == ID_BYTES)
        memcpy(out->b, v->s.p, ID_BYTES);
}

static enum err push(struct agenda *a, const struct event *event)
{
    if (a->n == EVENTS_MAX)
        return ERR_LIMIT;
    if (a->n == a->events_room) {
        size_t room = a->events_room == 0 ? 64 : 2 * a->events_room;
        struct event *grown = mem_grow(a->events, room * sizeof *grown);
        if (grown == NULL)
            return ERR_NOMEM;
        a->events = grown;
        a->events_room = room;
    }
    a->events[a->n++] = *event;
    return ERR_OK;
}

static int by_id(const void *left, const void *right)
{
    return id_cmp(left, right);
}

static enum err on_presence(void *ctx, const struct row *row)
{
    struct agenda *a = ctx;
    if (a->sessions_n == a->room) {
        size_t room = a->room == 0 ? 64 : 2 * a->room;
        struct id *grown = mem_grow(a->sessions, room * sizeof *grown);
        if (grown == NULL)
            return ERR_NOMEM;
        a->sessions = grown;
        a->room = room;
    }
    keep_id(value_of(a->table, row, "session"), &a->sessions[a->sessions_n++]);
    return ERR_OK;
}

static bool is_mine(const struct agenda *a, const struct row *row)
{
    return id_eq(&row->by, &a->staff) ||
           (a->sessions_n > 0 &&
            bsearch(&row->id, a->sessions, a->sessions_n, sizeof *a->sessions, by_id) != NULL);
}

static struct event event_of(struct agenda *a, enum event_kind kind, const struct row *row,
                             const char *day, const char *label)
{
    return (struct event){.kind = kind,
                          .table = a->table,
                          .id = row->id,
                          .day = (int32_t)value_of(a->table, row, day)->i,
                          .start_min = -1,
                          .label = keep(a, value_of(a->table, row, label)),
                          .place = {"", 0}};
}

static enum err on_session(void *ctx, const struct row *row)
{
    struct agenda *a = ctx;
    if (!is_mine(a, row))
        return ERR_OK;
    struct event event = event_of(a, EVENT_SESSION, row, "date", "subject");
    const struct value *start = value_of(a->table, row, "start");
    const struct value *minutes = value_of(a->table, row, "minutes");
    const struct value *state = value_of(a->table, row, "state");
    event.start_min = start->type == VALUE_INT ? (int)start->i : -1;
    event.minutes = minutes->type == VALUE_INT ? (int)minutes->i : 0;
    event.code = keep(a, value_of(a->table, row, "kind"));
    event.place = keep(a, value_of(a->table, row, "place"));
    event.draft = state->type != VALUE_TEXT || !str_eq(state->s, STR("validated"));
    keep_id(value_of(a->table, row, "person"), &event.person);
    return push(a, &event);
}

static enum err on_next(void *ctx, const struct row *row)
{
    struct agenda *a = ctx;
    if (!is_mine(a, row))
        return ERR_OK;
    struct event event = event_of(a, EVENT_NEXT, row, "next_date", "subject");
    const struct value *state = value_of(a->table, row, "state");
    event.draft = state->type != VALUE_TEXT || !str_eq(state->s, STR("validated"));
    event.code = keep(a, value_of(a->table, row, "kind"));
    keep_id(value_of(a->table, row, "person"), &event.person);
    return push(a, &event);
}

static bool is_open(const struct value *state)
{
    static const char *const closed[] = {"done", "dropped", "not_applicable"};
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        if (state->type == VALUE_TEXT && str_eq(state->s, str_of(closed[i])))
            return false;
    return true;
}

static enum err on_action(void *ctx, const struct row *row)
{
    struct agenda *a = ctx;
    const struct table *pathways = schema_table(&schema_jalon, TABLE_PATHWAY);
    struct id pathway;
    if (!is_open(value_of(a->table, row, "state")))
        return ERR_OK;
    struct event event = event_of(a, EVENT_ACTION, row, "due", "label");
    keep_id(value_of(a->table, row, "pathway"), &pathway);
    struct row *of = arena_new(&a->c->arena, sizeof *of);
    if (of == NULL)
        return ERR_NOMEM;
    enum err err = rows_find(a->c->store, pathways, &pathway, &a->c->arena, of);
    if (err == ERR_OK)
        keep_id(value_of(pathways, of, "person"), &event.person);
    return err == ERR_OK || err == ERR_NOTFOUND ? push(a, &event) : err;
}

static enum err on_deadline(void *ctx, const struct row *row)
{
    struct agenda *a = ctx;
    struct id owner;
    keep_id(value_of(a->table, row, "owner"), &owner);
    bool mine = id_is_null(&owner) || id_eq(&owner, &a->staff);
    if (!mine || !is_open(value_of(a->table, row, "state")))
        return ERR_OK;
    struct event event = event_of(a, EVENT_DEADLINE, row, "due", "label");
    return push(a, &event);
}

static int by_time(const void *left, const void *right)
{
    const struct event *a = left;
    const struct event *b = right;
    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    if (a->start_min != b->start_min)
        return a->start_min < b->start_min ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return id_cmp(&a->id, &b->id);
}

/* Where this person was present without having written the session. */
static enum err read_presences(struct agenda *a)
{
    a->table = schema_table(&schema_jalon, TABLE_SESSION_STAFF);
    const struct filter me = {schema_field_named(a->table, STR("staff")), value_id(&a->staff)};
    enum err err = rows_list(a->c->store, a->table, &me, 1, false, 0, on_presence, a);
    if (a->sessions_n > 0)
        qsort(a->sessions, a->sessions_n, sizeof *a->sessions, by_id);
    return err;
}

static enum err read_days(struct agenda *a, uint16_t table, const char *day,
                          rows_on_row *on_row)
{
    a->table = schema_table(&schema_jalon, table);
    return rows_between(a->c->store, a->table, schema_field_named(a->table, str_of(day)),
                        a->from, a->to, on_row, a);
}

static enum err collect(struct agenda *a)
{
    struct store_status status;
    enum err err = store_status(a->c->store, &status);
    if (err != ERR_OK)
        return err;
    a->staff = status.staff;
    err = read_presences(a);
    if (err == ERR_OK)
        err = read_days(a, TABLE_SESSION, "date", on_session);
    if (err == ERR_OK)
        err = read_days(a, TABLE_SESSION, "next_date", on_next);
    if (err == ERR_OK)
        err = read_days(a, TABLE_ACTION, "due", on_action);
    if (err == ERR_OK)
        err = read_days(a, TABLE_DEADLINE, "due", on_deadline);
    if (a->n > 0)
        qsort(a->events, a->n, sizeof *a->events, by_time);
    return err;
}

/* ---- how it is written ---- */

static void put_who(struct agenda *a, const struct event *event, bool names, struct buf *out)
{
    struct buf name = {0};
    if (id_is_null(&event->person))
        return;
    words_row(a->c, schema_table(&schema_jalon, TABLE_PERSON), &event->person, &name);
    if (names) {
        buf_add(out, name.p, name.n);
        buf_done(&name);
        return;
    }
    bool first = true;
    int count = 0;
    for (size_t i = 0; i < name.n && count < INITIALS_MAX;) {
        size_t step = str_utf8_step((struct str){(const char *)name.p + i, name.n - i});
        step = step == 0 ? 1 : step;
        bool gap = name.p[i] == ' ' || name.p[i] == '-';
        if (first && !gap && name.p[i] != '(') {
            buf_add(out, name.p + i, step);
            buf_u8(out, '.');
            count++;
        }
        first = gap;
        i += step;
    }
    buf_done(&name);
}

static void put_what(struct agenda *a, const struct event *event, struct buf *out)
{
    const struct field *kind =
        schema_field_named(schema_table(&schema_jalon, TABLE_SESSION), STR("kind"));
    enum err err = ERR_OK;
    switch (event->kind) {
    case EVENT_SESSION:
        err = words_code(a->c->store, kind, event->code, &a->c->arena, out);
        break;
    case EVENT_NEXT:
        buf_text(out, T("Prochain rendez-vous"));
        break;
    case EVENT_ACTION:
        buf_text(out, T("Action à échéance"));
        break;
    case EVENT_DEADLINE:
        buf_text(out, T("Échéance"));
        break;
    }
    if (err != ERR_OK)
        out->err = err;
}

static void day_text(int32_t day, char out[static 16])
{
    int y = 0;
    int m = 0;
    int d = 0;
    date_split(day, &y, &m, &d);
    (void)snprintf(out, 16, "%04d-%02d-%02d", y % 10000, m, d);
}

/* What it is, whom it is about, and, where names may be told, what was written of it. */
static void put_summary(struct agenda *a, const struct event *event, bool names,
                        struct buf *out)
{
    struct buf who = {0};
    put_what(a, event, out);
    put_who(a, event, names, &who);
    if (who.n > 0)
        buf_printf(out, " : %.*s", (int)who.n, (const char *)who.p);
    if (names && event->label.n > 0)
        buf_printf(out, " (%.*s)", (int)event->label.n, event->label.p);
    buf_done(&who);
}

static void put_json(struct agenda *a, const struct event *event, struct json_out *json)
{
    char text[ID_TEXT_BYTES];
    char day[16];
    struct buf who = {0};
    struct buf what = {0};
    put_who(a, event, true, &who);
    put_what(a, event, &what);
    day_text(event->day, day);
    json_object(json);
    json_key(json, "kind");
    json_text(json, kinds[event->kind]);
    json_key(json, "table");
    json_text(json, event->table->name);
    id_print(&event->id, text);
    json_key(json, "id");
    json_text(json, text);
    json_key(json, "date");
    json_text(json, day);
    json_key(json, "start_min");
    json_int(json, event->start_min);
    json_key(json, "minutes");
    json_int(json, event->minutes);
    json_key(json, "what");
    json_str(json, buf_str(&what));
    json_key(json, "who");
    json_str(json, buf_str(&who));
    json_key(json, "label");
    json_str(json, event->label);
    json_key(json, "place");
    json_str(json, event->place);
    json_key(json, "draft");
    json_bool(json, event->draft);
    json_object_end(json);
    buf_done(&who);
    buf_done(&what);
}

static void write_ical(struct agenda *a, struct buf *out)
{
    ical_begin(out, JALON_VERSION);
    for (size_t i = 0; i < a->n; i++) {
        const struct event *event = &a->events[i];
        char id[ID_TEXT_BYTES];
        struct buf uid = {0};
        struct buf summary = {0};
        id_print(&event->id, id);
        buf_printf(&uid, "%s-%s@jalon", id, kinds[event->kind]);
        put_summary(a, event, a->names, &summary);
        ical_event(out,
                   &(struct ical_event){.uid = buf_str(&uid),
                                        .day = event->day,
                                        .start_min = event->start_min,
                                        .minutes = event->minutes,
                                        .summary = buf_str(&summary),
                                        .place = event->place},
                   clock_wall_ms());
        buf_done(&uid);
        buf_done(&summary);
    }
    ical_end(out);
}

static void print(struct agenda *a)
{
    struct buf *out = &a->c->out;
    int32_t last = a->from - 1;
    for (size_t i = 0; i < a->n; i++) {
        const struct event *event = &a->events[i];
        char day[16];
        char hour[16] = "     ";
        day_text(event->day, day);
        if (event->start_min >= 0)
            (void)snprintf(hour, sizeof hour, "%02d:%02d", event->start_min / 60 % 24,
                           event->start_min % 60);
        buf_printf(out, "%s  %s  ", event->day == last ? "          " : day, hour);
        put_summary(a, event, true, out);
        if (event->place.n > 0)
            buf_printf(out, ", %.*s", (int)event->place.n, event->place.p);
        buf_u8(out, '\n');
        last = event->day;
    }
    if (a->n == 0)
        cmd_say(a->c, "%s", T("rien dans l'agenda pour ces jours"));
}

/* The file, or in JSON, where a page asks for it ("-"), its text. */
static enum err give_ical(struct agenda *a, const char *word, struct note *why)
{
    struct buf text = {0};
    struct buf path = {0};
    struct json_out json;
    write_ical(a, &text);
    enum err err = text.err;
    if (err == ERR_OK && strcmp(word, "-") == 0) {
        if (!a->c->json) {
            buf_add(&a->c->out, text.p, text.n);
        } else {
            json_out_init(&json, &a->c->out);
            json_object(&json);
            json_key(&json, "ical");
            json_str(&json, buf_str(&text));
            json_object_end(&json);
            json_line(&json);
        }
    } else if (err == ERR_OK) {
        err = path_from(a->c, word, &path, why);
        if (err == ERR_OK)
            err = file_replace((const char *)path.p, buf_str(&text), 0600, why);
        if (err == ERR_OK)
            cmd_say(a->c, TN("%llu date écrite dans %s", "%llu dates écrites dans %s", a->n),
                    (unsigned long long)a->n, word);
    }
    buf_done(&path);
    buf_done(&text);
    return err;
}

static enum err give_json(struct agenda *a)
{
    struct json_out json;
    json_out_init(&json, &a->c->out);
    json_array(&json);
    for (size_t i = 0; i < a->n; i++)
        put_json(a, &a->events[i], &json);
    json_array_end(&json);
    json_line(&json);
    return a->c->out.err;
}

/* ---- the command ---- */

static enum err read_day(const struct args *args, const char *name, int32_t *out,
                         struct note *why)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_SESSION);
    const char *text = args_value(args, name);
    struct value v = VALUE_NONE;
    if (text == NULL)
        return ERR_OK;
    struct arena arena = {0};
    enum err err =
        value_parse(schema_field_named(table, STR("date")), str_of(text), &arena, &v, why);
    arena_done(&arena);
    if (err == ERR_OK && v.type == VALUE_INT)
        *out = (int32_t)v.i;
    return err;
}

int cmd_agenda(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    int64_t now_ms = clock_wall_ms();
    int32_t today =
        (int32_t)((now_ms + (int64_t)clock_offset_min(now_ms) * MINUTE_MS) / DAY_MS);
    const char *ical = args_value(args, "ical");
    struct agenda a = {.c = c,
                       .from = today - (ical == NULL ? 0 : DAYS_BACK),
                       .to = today + DAYS_AHEAD,
                       .names = args_flag(args, "names")};
    enum err err = read_day(args, "from", &a.from, &why);
    if (err == ERR_OK)
        err = read_day(args, "to", &a.to, &why);
    if (err == ERR_OK)
        err = collect(&a);
    if (err == ERR_OK && ical != NULL)
        err = give_ical(&a, ical, &why);
    else if (err == ERR_OK && c->json)
        err = give_json(&a);
    else if (err == ERR_OK)
        print(&a);
    mem_free(a.events);
    mem_free(a.sessions);
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, &why);
}
