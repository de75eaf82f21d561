/* SPDX-License-Identifier: Apache-2.0 */
/* jalon today: the day's visits, late actions, follow-up points and deadlines. */
#include "client/cmd.h"
#include "io/clock.h"
#include "io/grid.h"
#include "store/rows_json.h"
#include "store/today.h"

struct printing {
    struct cmd *c;
    int32_t day;
    uint64_t count;
    enum today_kind kind; /* told last */
};

static void title_of(struct cmd *c, const struct today_item *item, struct buf *out)
{
    const struct table *person = schema_table(store_schema(c->store), TABLE_PERSON);
    if (!id_is_null(&item->person))
        names_row(c->store, person, &item->person, out);
}

static void print_json(struct printing *p, const struct today_item *item, struct str who)
{
    struct buf *out = &p->c->out;
    const struct field day = {.name = "day", .kind = KIND_DATE};
    const struct field id = {.name = "person", .kind = KIND_ID};
    struct value on = value_int(item->day);
    struct value person = id_is_null(&item->person) ? VALUE_NONE : value_id(&item->person);
    buf_printf(out,
               "%s{\"kind\":\"%s\",\"table\":\"%s\",\"day\":", p->count == 0 ? "\n" : ",\n",
               today_word(item->kind), item->table->name);
    rows_json_value(&day, &on, out);
    buf_printf(out, ",\"days\":%d,\"late\":%s,\"person\":", (int)(item->day - p->day),
               item->day < p->day ? "true" : "false");
    rows_json_value(&id, &person, out);
    buf_text(out, ",\"name\":");
    rows_json_text(who, out);
    buf_text(out, ",\"row\":");
    rows_json(store_schema(p->c->store), item->table, item->row, out);
    buf_u8(out, '}');
}

static const char *heading(enum today_kind kind)
{
    switch (kind) {
    case TODAY_VISIT:
        return T("Visites du jour");
    case TODAY_ACTION:
        return T("Actions à faire");
    case TODAY_POINT:
        return T("Points d'emploi");
    case TODAY_DEADLINE:
        return T("Échéances");
    }
    return "";
}

static void print_text(struct printing *p, const struct today_item *item, struct str who)
{
    struct buf *out = &p->c->out;
    struct buf text = {0};
    struct value on = value_int(item->day);
    if (p->count == 0 || p->kind != item->kind)
        buf_printf(out, "%s\n", heading(item->kind));
    buf_text(out, "  ");
    value_print(KIND_DATE, &on, out);
    buf_text(out, item->day < p->day ? T("  en retard") : "");
    names_title(item->table, item->row, &text);
    buf_text(out, "  ");
    grid_clean(out, who);
    buf_text(out, who.n > 0 ? "  " : "");
    grid_clean(out, buf_str(&text));
    buf_u8(out, '\n');
    buf_done(&text);
}

static enum err on_item(void *ctx, const struct today_item *item)
{
    struct printing *p = ctx;
    struct buf who = {0};
    enum err err = access_listed(&p->c->access, p->c->store, item->table, item->row);
    title_of(p->c, item, &who);
    if (p->c->json)
        print_json(p, item, buf_str(&who));
    else
        print_text(p, item, buf_str(&who));
    p->count++;
    p->kind = item->kind;
    err = err == ERR_OK ? who.err : err;
    buf_done(&who);
    return err;
}

int cmd_today(void *program, const struct args *args)
{
    enum { MINUTE_MS = 60 * 1000, DAY_MS = 24 * 60 * MINUTE_MS };
    struct cmd *c = program;
    struct note why = {""};
    int64_t now_ms = store_now(c->store);
    int64_t local_ms = now_ms + (int64_t)clock_offset_min(now_ms) * MINUTE_MS;
    struct printing p = {.c = c, .day = (int32_t)(local_ms / DAY_MS)};
    const char *at = args_value(args, "at");
    const struct field field = {.name = "--at", .kind = KIND_DATE};
    struct value v = VALUE_NONE;
    enum err err = at == NULL ? ERR_OK : value_parse(&field, str_of(at), &c->arena, &v, &why);
    if (err == ERR_OK && v.type == VALUE_INT)
        p.day = (int32_t)v.i;
    buf_text(&c->out, c->json ? "[" : "");
    if (err == ERR_OK)
        err = today_list(c->store, p.day, on_item, &p);
    buf_text(&c->out, !c->json ? "" : (p.count > 0 ? "\n]\n" : "]\n"));
    if (err != ERR_OK) {
        buf_clear(&c->out);
        return cmd_fail(c, err, &why);
    }
    if (!c->json && p.count == 0)
        cmd_say(c, T("rien ce jour-là"));
    return CMD_DONE;
}
