/* SPDX-License-Identifier: Apache-2.0 */
/* jalon show: one row, field by field, and what became of it. */
#include "client/cmd.h"
#include "client/words.h"
#include "io/grid.h"
#include "store/quarantine.h"
#include "store/rows_json.h"

/* Text on its own lines keeps them, moved in. */
static void print_line(struct buf *out, const char *label, size_t width, struct str text)
{
    buf_text(out, "  ");
    grid_fit(out, str_of(label), width, false);
    buf_text(out, "  ");
    for (size_t i = 0; i < text.n; i++) {
        unsigned char byte = (unsigned char)text.p[i];
        if (byte == '\n')
            buf_printf(out, "\n  %*s  ", (int)width, "");
        else if (byte >= ' ' && byte != 0x7F)
            buf_u8(out, byte);
    }
    buf_u8(out, '\n');
}

static void print_row(struct cmd *c, const struct table *table, const struct row *row)
{
    size_t width = 0;
    for (uint16_t i = 0; i < table->field_count; i++) {
        size_t w = grid_width(str_of(say_text(table->fields[i].label)));
        width = row->values[i].type != VALUE_NULL && w > width ? w : width;
    }
    struct buf text = {0};
    names_title(table, row, &text);
    buf_printf(&c->out, "%s", say_text(table->label));
    buf_text(&c->out, text.n > 0 ? " : " : "");
    grid_paint(&c->out, buf_str(&text), GRID_BOLD, c->color);
    if (row->deleted)
        buf_text(&c->out, T(" (supprimé)"));
    char id[ID_TEXT_BYTES];
    id_print(&row->id, id);
    buf_printf(&c->out, "\n  %s\n", id);
    for (uint16_t i = 0; i < table->field_count; i++) {
        if (row->values[i].type == VALUE_NULL)
            continue;
        buf_clear(&text);
        words_value(c, &table->fields[i], &row->values[i], &text);
        print_line(&c->out, say_text(table->fields[i].label), width, buf_str(&text));
    }
    buf_clear(&text);
    words_time(hlc_ms(row->stamp.hlc), &text);
    buf_text(&text, ", ");
    words_staff(c, &row->by, &text);
    print_line(&c->out, T("Créé"), width, buf_str(&text));
    buf_done(&text);
}

struct history {
    struct cmd *c;
    const struct table *table;
    bool first;
};

static const struct field *field_of(const struct table *table, uint16_t id)
{
    return id == FIELD_DELETED ? &schema_field_deleted : schema_field(table, id);
}

static struct value take_value(const struct field *field, struct cur *cur)
{
    return unpack_nil(cur) ? VALUE_NONE : value_unpack(field->kind, cur);
}

static void change_json(struct buf *out, const struct field *field, const struct value *before,
                        const struct value *after)
{
    buf_text(out, "{\"field\":");
    rows_json_text(str_of(field->name), out);
    buf_text(out, ",\"before\":");
    rows_json_value(field, before, out);
    buf_text(out, ",\"after\":");
    rows_json_value(field, after, out);
    buf_u8(out, '}');
}

static void change_words(struct cmd *c, const struct field *field, const struct value *before,
                         const struct value *after)
{
    buf_printf(&c->out, "    %s : ", say_text(field->label));
    words_value(c, field, before, &c->out);
    buf_text(&c->out, " → ");
    words_value(c, field, after, &c->out);
    buf_u8(&c->out, '\n');
}

static enum err print_changes(struct history *h, struct str changes)
{
    struct cur cur = cur_of(changes.p, changes.n);
    bool first = true;
    while (cur_left(&cur) > 0 && !cur.bad) {
        uint16_t id = (uint16_t)unpack_int_in(&cur, 0, UINT16_MAX);
        const struct field *field = field_of(h->table, id);
        if (field == NULL) { /* of a newer schema */
            (void)unpack_any(&cur);
            (void)unpack_any(&cur);
            continue;
        }
        struct value before = take_value(field, &cur);
        struct value after = take_value(field, &cur);
        if (cur.bad)
            break;
        if (h->c->json && !first)
            buf_u8(&h->c->out, ',');
        first = false;
        if (h->c->json)
            change_json(&h->c->out, field, &before, &after);
        else
            change_words(h->c, field, &before, &after);
    }
    return cur.bad ? ERR_CORRUPT : ERR_OK;
}

static void history_json_head(struct buf *out, const struct history_entry *entry)
{
    static const struct field instant = {.name = "at", .kind = KIND_INSTANT};
    static const struct field ref = {.name = "by", .kind = KIND_ID};
    struct value at = value_int(entry->edit_ms);
    struct value by = id_is_null(&entry->actor) ? VALUE_NONE : value_id(&entry->actor);
    buf_text(out, "{\"at\":");
    rows_json_value(&instant, &at, out);
    buf_text(out, ",\"by\":");
    rows_json_value(&ref, &by, out);
    buf_text(out, ",\"changes\":[");
}

static enum err on_history(void *ctx, const struct history_entry *entry)
{
    struct history *h = ctx;
    struct cmd *c = h->c;
    if (c->json) {
        if (!h->first)
            buf_u8(&c->out, ',');
        history_json_head(&c->out, entry);
    } else {
        buf_text(&c->out, "  ");
        words_time(entry->edit_ms, &c->out);
        buf_text(&c->out, ", ");
        words_staff(c, &entry->actor, &c->out);
        buf_u8(&c->out, '\n');
    }
    h->first = false;
    enum err err = print_changes(h, entry->changes);
    if (c->json)
        buf_text(&c->out, "]}");
    return err;
}

static enum err print_history(struct cmd *c, const struct table *table, const struct row *row)
{
    struct history h = {c, table, true};
    if (c->json) {
        c->out.n--; /* the closing brace of the row */
        buf_text(&c->out, ",\"history\":[");
    } else {
        buf_printf(&c->out, "%s\n", T("Historique"));
    }
    enum err err = rows_history(c->store, table, row->rid, on_history, &h);
    if (c->json)
        buf_text(&c->out, "]}");
    else if (h.first)
        buf_printf(&c->out, "  %s\n", T("aucun changement depuis la création"));
    return err;
}

/* No such row: was it refused? Then it is there, and this says where. */
static enum err not_here(struct cmd *c, const struct table *table, const struct id *id,
                         struct note *why)
{
    uint32_t epoch = 0;
    uint64_t op_no = 0;
    enum err err = quarantine_of_row(c->store, table->id, id, &epoch, &op_no);
    if (err == ERR_OK)
        return note_set(why, ERR_NOTFOUND,
                        N_("cette fiche « %s » n'existe que dans une saisie refusée : jalon "
                           "inbox show %u/%llu"),
                        table->name, (unsigned)epoch, (unsigned long long)op_no);
    if (err != ERR_NOTFOUND)
        return err;
    return note_set(why, err, N_("aucune fiche « %s » avec cet identifiant"), table->name);
}

int cmd_show(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    const struct table *table = NULL;
    struct id id;
    struct row *row = arena_new(&c->arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : cmd_table(c, args->word[0], &table, &why);
    if (err == ERR_OK)
        err = cmd_row(c, table, args->word[1], &id, &why);
    if (err == ERR_OK)
        err = rows_find(c->store, table, &id, &c->arena, row);
    if (err == ERR_NOTFOUND && why.text[0] == '\0')
        err = not_here(c, table, &id, &why);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    if (c->json)
        rows_json(store_schema(c->store), table, row, &c->out);
    else
        print_row(c, table, row);
    if (args_flag(args, "history"))
        err = print_history(c, table, row);
    if (c->json)
        buf_u8(&c->out, '\n');
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, NULL);
}
