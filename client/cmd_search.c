/* SPDX-License-Identifier: Apache-2.0 */
/* jalon search: rows by words in them, persons first. */
#include "client/cmd.h"
#include "client/words.h"
#include "io/config.h"
#include "io/grid.h"
#include "store/rows_json.h"
#include "store/search.h"

enum { LIMIT_DEFAULT = 30, LIMIT_MAX = 1000, CELL_WIDTH_MAX = 48 };

struct search {
    struct cmd *c;
    struct grid grid;
    struct buf text; /* one cell */
    uint64_t count, sounding;
};

/* Whose it is: the row it hangs on. */
static void print_owner(struct search *search, const struct table *table, const struct row *row)
{
    const struct field *field =
        table->scope == SCOPE_OF_REF ? schema_field(table, table->scope_field) : NULL;
    const struct value *v =
        field == NULL ? NULL : &row->values[schema_field_index(table, field->id)];
    buf_clear(&search->text);
    if (v != NULL && v->type != VALUE_NULL)
        words_value(search->c, field, v, &search->text);
    grid_cell(&search->grid, buf_str(&search->text), GRID_PLAIN);
}

static enum err on_hit_json(struct search *search, const struct search_hit *hit)
{
    struct buf *out = &search->c->out;
    struct buf title = {0};
    names_title(hit->table, hit->row, &title);
    buf_printf(out, "%s{\"table\":\"%s\",\"title\":", search->count++ == 0 ? "\n" : ",\n",
               hit->table->name);
    rows_json_text(buf_str(&title), out);
    buf_printf(out, ",\"sounds\":%s,\"row\":", hit->sounds ? "true" : "false");
    rows_json(store_schema(search->c->store), hit->table, hit->row, out);
    buf_u8(out, '}');
    if (title.err != ERR_OK)
        out->err = title.err;
    buf_done(&title);
    return cmd_flush_some(search->c);
}

static enum err on_hit(void *ctx, const struct search_hit *hit)
{
    struct search *search = ctx;
    struct cmd *c = search->c;
    char id[ID_TEXT_BYTES];
    enum err err = access_listed(&c->access, c->store, hit->table, hit->row);
    search->sounding += hit->sounds ? 1 : 0;
    if (err != ERR_OK || c->json)
        return err == ERR_OK ? on_hit_json(search, hit) : err;
    grid_cell(&search->grid, str_of(say_text(hit->table->label)), GRID_PLAIN);
    buf_clear(&search->text);
    struct buf title = {0};
    names_title(hit->table, hit->row, &title);
    grid_clean(&search->text, buf_str(&title));
    err = title.err;
    buf_done(&title);
    grid_cell(&search->grid, buf_str(&search->text), GRID_BOLD);
    print_owner(search, hit->table, hit->row);
    id_print(&hit->row->id, id);
    grid_cell(&search->grid, str_of(id), GRID_DIM);
    search->count++;
    return err == ERR_OK ? search->text.err : err;
}

static enum err read_limit(const struct args *args, uint64_t *out, struct note *why)
{
    static const struct config_key key = {
        .name = "--limit", .kind = CONFIG_INT, .min = 1, .max = LIMIT_MAX};
    int64_t limit = LIMIT_DEFAULT;
    const char *text = args_value(args, "limit");
    enum err err = text == NULL ? ERR_OK : config_set(&key, str_of(text), &limit, why);
    *out = (uint64_t)limit;
    return err == ERR_INVALID ? ERR_USAGE : err;
}

static enum err print(struct search *search, struct str words, uint64_t limit)
{
    struct cmd *c = search->c;
    const struct grid_column columns[] = {{T("Fiche"), false, 0},
                                          {T("Titre"), false, CELL_WIDTH_MAX},
                                          {T("Dossier"), false, CELL_WIDTH_MAX},
                                          {"id", false, 0}};
    grid_init(&search->grid, columns, sizeof columns / sizeof *columns);
    if (c->json)
        buf_u8(&c->out, '[');
    enum err err = search_rows(c->store, words, limit, on_hit, search);
    if (c->json)
        buf_text(&c->out, search->count == 0 ? "]\n" : "\n]\n");
    else if (err == ERR_OK)
        err = grid_print(&search->grid, c->color, &c->out);
    if (err == ERR_OK && !c->json && search->sounding > 0)
        cmd_say(c, T("personne ne s'appelle ainsi ; des noms proches sont montrés à la fin"));
    if (err == ERR_OK && !c->json)
        cmd_say(c, TN("%llu fiche", "%llu fiches", search->count),
                (unsigned long long)search->count);
    grid_done(&search->grid);
    buf_done(&search->text);
    return err;
}

int cmd_search(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct search search = {.c = c};
    struct note why = {""};
    struct buf words = {0};
    uint64_t limit = 0;
    for (size_t i = 0; i < args->n; i++)
        buf_printf(&words, "%s%s", i == 0 ? "" : " ", args->word[i]);
    enum err err = words.err == ERR_OK ? read_limit(args, &limit, &why) : words.err;
    if (err == ERR_OK && !str_utf8(buf_str(&words)))
        err = note_set(&why, ERR_INVALID, N_("%s : ce n'est pas du texte UTF-8"), "search");
    if (err == ERR_OK)
        err = print(&search, buf_str(&words), limit);
    buf_done(&words);
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, &why);
}
