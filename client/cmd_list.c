/* SPDX-License-Identifier: Apache-2.0 */
/* jalon list: the rows of a table, as a table or as JSON. */
#include "client/cmd.h"
#include "client/words.h"
#include "io/config.h"
#include "io/grid.h"
#include "store/quarantine.h"
#include "store/rows_json.h"
#include "store/ties.h"

enum { SHOWN_MAX = 6, CELL_WIDTH_MAX = 28 };

struct list {
    struct cmd *c;
    const struct table *table;
    uint16_t shown[SHOWN_MAX]; /* positions of the fields with a column */
    size_t shown_n;
    struct grid_column columns[SHOWN_MAX + 1];
    struct grid grid;
    struct buf text; /* one cell */
    uint64_t count;
};

/* The title first, then the other fields in their order. */
static void choose_columns(struct list *list)
{
    const struct table *table = list->table;
    for (int pass = 0; pass < 2; pass++) {
        for (uint16_t i = 0; i < table->field_count && list->shown_n < SHOWN_MAX; i++) {
            const struct field *field = &table->fields[i];
            if (field->once_per_row == (pass == 0) && field->kind != KIND_RAW)
                list->shown[list->shown_n++] = i;
        }
    }
    list->columns[0] = (struct grid_column){"id", false, 0};
    for (size_t i = 0; i < list->shown_n; i++) {
        const struct field *field = &table->fields[list->shown[i]];
        bool right = field->kind == KIND_INT || field->kind == KIND_REAL;
        list->columns[i + 1] =
            (struct grid_column){say_text(field->label), right, CELL_WIDTH_MAX};
    }
    grid_init(&list->grid, list->columns, list->shown_n + 1);
}

static enum err on_row_json(struct list *list, const struct row *row)
{
    struct buf *out = &list->c->out;
    buf_text(out, list->count++ == 0 ? "\n" : ",\n");
    rows_json(store_schema(list->c->store), list->table, row, out);
    return cmd_flush_some(list->c);
}

static enum err on_row(void *ctx, const struct row *row)
{
    struct list *list = ctx;
    enum err err = access_listed(&list->c->access, list->c->store, list->table, row);
    if (err != ERR_OK)
        return err;
    if (list->c->json)
        return on_row_json(list, row);
    char id[ID_TEXT_BYTES];
    id_print(&row->id, id);
    grid_cell(&list->grid, str_of(id), GRID_DIM);
    for (size_t i = 0; i < list->shown_n; i++) {
        uint16_t at = list->shown[i];
        buf_clear(&list->text);
        if (row->values[at].type != VALUE_NULL)
            words_value(list->c, &list->table->fields[at], &row->values[at], &list->text);
        grid_cell(&list->grid, buf_str(&list->text), GRID_PLAIN);
    }
    list->count++;
    return list->text.err;
}

static enum err read_limit(const struct args *args, uint64_t *out, struct note *why)
{
    static const struct config_key key = {
        .name = "--limit", .kind = CONFIG_INT, .min = 1, .max = INT64_MAX};
    int64_t limit = 0;
    const char *text = args_value(args, "limit");
    if (text == NULL)
        return ERR_OK;
    enum err err = config_set(&key, str_of(text), &limit, why);
    *out = (uint64_t)limit;
    return err == ERR_INVALID ? ERR_USAGE : err;
}

/* New rows that the server refused are not among those listed, and not forgotten. */
static enum err say_refused(struct cmd *c, const struct table *table)
{
    uint64_t refused = 0;
    enum err err = quarantine_rows(c->store, table, &refused);
    if (err == ERR_OK && refused > 0)
        cmd_say(c,
                TN("%llu autre n'existe que dans une saisie refusée : jalon inbox",
                   "%llu autres n'existent que dans des saisies refusées : jalon inbox",
                   refused),
                (unsigned long long)refused);
    return err;
}

static enum err print_rows(struct cmd *c, const struct table *table,
                           const struct filter *filters, size_t count, uint64_t limit)
{
    struct list *list = arena_new(&c->arena, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    list->c = c;
    list->table = table;
    choose_columns(list);
    if (c->json)
        buf_u8(&c->out, '[');
    bool deleted = args_flag(c->args, "deleted");
    enum err err = rows_list(c->store, table, filters, count, deleted, limit, on_row, list);
    if (c->json)
        buf_text(&c->out, list->count == 0 ? "]\n" : "\n]\n");
    else if (err == ERR_OK)
        err = grid_print(&list->grid, c->color, &c->out);
    if (err == ERR_OK && !c->json)
        cmd_say(c, TN("%llu fiche", "%llu fiches", list->count),
                (unsigned long long)list->count);
    if (err == ERR_OK && !c->json)
        err = say_refused(c, table);
    grid_done(&list->grid);
    buf_done(&list->text);
    return err;
}

int cmd_list(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    const struct table *table = NULL;
    struct edit_value values[SCHEMA_FIELDS_MAX];
    struct filter filters[SCHEMA_FIELDS_MAX + 1];
    struct filter *widened = NULL;
    size_t count = 0;
    uint64_t limit = 0;
    enum err err = cmd_table(c, args->word[0], &table, &why);
    if (err == ERR_OK)
        err = read_limit(args, &limit, &why);
    if (err == ERR_OK)
        err = cmd_values(c, table, 1, values, &count, &why);
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        if (values[i].field->masked)
            err = note_set(&why, ERR_REFUSED, N_("%s : on ne cherche pas par ce numéro"),
                           values[i].field->name);
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        filters[i] = (struct filter){values[i].field, values[i].value};
    if (err == ERR_OK && !args_flag(args, "merged"))
        ties_hide(table, filters, &count);
    if (err == ERR_OK)
        err = ties_widen(c->store, filters, count, &c->arena, &widened, &count);
    if (err == ERR_OK)
        err = print_rows(c, table, widened, count, limit);
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, &why);
}
