/* SPDX-License-Identifier: Apache-2.0 */
/* jalon show: one row, field by field, and what became of it. */
#include "client/cmd.h"
#include "client/history_text.h"
#include "client/words.h"
#include "io/grid.h"
#include "store/quarantine.h"
#include "store/rows_json.h"
#include "store/ties.h"

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

/* The same table with nothing masked: the display was asked for, and is noted first. */
static enum err reveal(struct cmd *c, const struct table **table, const struct row *row,
                       struct note *why)
{
    const struct id own = {{0}};
    const char *reason = args_value(c->args, "reason");
    struct table *open = arena_new(&c->arena, sizeof *open);
    struct field *fields = arena_new(&c->arena, (*table)->field_count * sizeof *fields);
    bool masked = false;
    if (open == NULL || fields == NULL)
        return ERR_NOMEM;
    *open = **table;
    for (uint16_t i = 0; i < open->field_count; i++) {
        memcpy(&fields[i], &open->fields[i], sizeof fields[i]);
        masked = masked || fields[i].masked;
        fields[i].masked = false;
    }
    if (!masked)
        return note_set(why, ERR_USAGE, N_("« %s » n'a rien de masqué"), open->name);
    enum err err = access_revealed(&c->access, c->store, *table, row);
    if (err == ERR_OK)
        err =
            access_save(&c->access, c->store, &own, str_of(reason == NULL ? "" : reason), why);
    open->fields = fields;
    if (err == ERR_OK)
        *table = open;
    return err;
}

int cmd_show(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    const struct table *table = NULL;
    struct id id;
    const struct field *only = NULL;
    struct row *row = arena_new(&c->arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : cmd_table(c, args->word[0], &table, &why);
    if (err == ERR_OK && args->n > 2 && !args_flag(args, "history"))
        err = note_set(&why, ERR_USAGE, N_("un champ seul se montre avec --history"));
    else if (err == ERR_OK && args->n > 2)
        err = cmd_field(c, table, str_of(args->word[2]), &only, &why);
    if (err == ERR_OK)
        err = cmd_row(c, table, args->word[1], &id, &why);
    if (err == ERR_OK)
        err = rows_find(c->store, table, &id, &c->arena, row);
    if (err == ERR_NOTFOUND && why.text[0] == '\0')
        err = not_here(c, table, &id, &why);
    if (err == ERR_OK && args_flag(args, "reveal"))
        err = reveal(c, &table, row, &why);
    else if (err == ERR_OK)
        err = access_shown(&c->access, c->store, table, row);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    if (c->json)
        rows_json(store_schema(c->store), table, row, &c->out);
    else
        print_row(c, table, row);
    if (c->json && c->out.err == ERR_OK)
        c->out.n--; /* the closing brace: more may follow */
    if (ties_merged(table) != NULL && !args_flag(args, "history"))
        err = related_print(c, table, row);
    if (err == ERR_OK && args_flag(args, "history"))
        err = history_print(c, table, row, only);
    buf_text(&c->out, c->json ? "}\n" : "");
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, NULL);
}
