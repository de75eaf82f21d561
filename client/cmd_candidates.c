/* SPDX-License-Identifier: Apache-2.0 */
/* jalon candidates: what may be here already of what one is about to enter. */
#include "client/cmd.h"
#include "client/duplicate_text.h"
#include "io/grid.h"
#include "store/candidates.h"
#include "store/rows_json.h"

static enum err print_json(struct cmd *c, const struct table *table, const struct row *row,
                           const struct candidate *one, bool first)
{
    struct buf *out = &c->out;
    struct buf title = {0};
    names_title(table, row, &title);
    buf_printf(out, "%s{\"score\":%d,\"why\":\"%s\",\"text\":", first ? "\n" : ",\n",
               one->score, one->why);
    rows_json_text(str_of(say_text(candidates_why(one))), out);
    buf_text(out, ",\"title\":");
    rows_json_text(buf_str(&title), out);
    buf_text(out, ",\"row\":");
    rows_json(store_schema(c->store), table, row, out);
    buf_u8(out, '}');
    enum err err = title.err;
    buf_done(&title);
    return err;
}

static enum err print_text(struct cmd *c, const struct table *table, const struct row *row,
                           const struct candidate *one)
{
    struct buf title = {0};
    char id[ID_TEXT_BYTES];
    id_print(&row->id, id);
    names_title(table, row, &title);
    buf_printf(&c->out, "%s  ", id);
    grid_clean(&c->out, buf_str(&title));
    buf_printf(&c->out, "  %d %%  %s\n", one->score, say_text(candidates_why(one)));
    enum err err = title.err;
    buf_done(&title);
    return err;
}

static enum err print_one(struct cmd *c, const struct table *table, const struct candidate *one,
                          bool first)
{
    struct row *row = arena_new(&c->arena, sizeof *row);
    enum err err =
        row == NULL ? ERR_NOMEM : rows_find(c->store, table, &one->id, &c->arena, row);
    if (err != ERR_OK)
        return err;
    return c->json ? print_json(c, table, row, one, first) : print_text(c, table, row, one);
}

int cmd_candidates(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    const struct table *table = NULL;
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    struct candidates found = {.count = 0};
    struct id self = {{0}};
    const char *except = args_value(args, "except");
    enum err err = cmd_table(c, args->word[0], &table, &why);
    if (err == ERR_OK)
        err = cmd_values(c, table, 1, values, &count, &why);
    if (err == ERR_OK && except != NULL)
        err = cmd_row(c, table, except, &self, &why);
    if (err == ERR_OK)
        err = candidates_find(c->store, table, values, count, except == NULL ? NULL : &self,
                              &found);
    buf_text(&c->out, c->json ? "[" : "");
    for (size_t i = 0; i < found.count && err == ERR_OK; i++)
        err = print_one(c, table, &found.found[i], i == 0);
    buf_text(&c->out, !c->json ? "" : (found.count > 0 ? "\n]\n" : "]\n"));
    if (err != ERR_OK) {
        buf_clear(&c->out);
        return cmd_fail(c, err, &why);
    }
    if (!c->json && found.count == 0)
        cmd_say(c, T("rien ici n'y ressemble"));
    return CMD_DONE;
}

void candidates_say(struct cmd *c, const struct table *table, const struct candidates *found)
{
    for (size_t i = 0; i < found->count; i++) {
        struct buf title = {0};
        char id[ID_TEXT_BYTES];
        id_print(&found->found[i].id, id);
        names_row(c->store, table, &found->found[i].id, &title);
        cmd_say(c, T("doublon possible : %.*s (%s), %s"), (int)title.n, (const char *)title.p,
                id, say_text(candidates_why(&found->found[i])));
        buf_done(&title);
    }
}
