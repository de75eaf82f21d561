/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl duplicate list, same, different, undo: what may have been entered twice. */
#include "io/grid.h"
#include "server/ctl.h"
#include "store/duplicates.h"
#include "store/names.h"

struct listing {
    struct ctl *c;
    uint64_t count;
};

static enum err print_side(struct ctl *c, const struct table *table, const struct id *id)
{
    struct arena arena = {0};
    struct buf title = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    char text[ID_TEXT_BYTES];
    enum err err = row == NULL ? ERR_NOMEM : rows_find(c->store, table, id, &arena, row);
    if (err == ERR_OK)
        names_title(table, row, &title);
    id_print(id, text);
    buf_printf(&c->out, "    %s  ", text);
    grid_clean(&c->out, buf_str(&title));
    if (err == ERR_OK) {
        buf_text(&c->out, "  ");
        ctl_print_staff(c, &row->by);
    }
    buf_u8(&c->out, '\n');
    buf_done(&title);
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static const char *state_text(enum duplicate_state state)
{
    switch (state) {
    case DUPLICATE_OPEN:
        return T("à décider");
    case DUPLICATE_SAME:
        return T("les mêmes");
    case DUPLICATE_DIFFERENT:
        return T("différentes");
    }
    return "?";
}

static enum err on_case(void *ctx, const struct row *row, const struct duplicate *d)
{
    struct listing *list = ctx;
    struct ctl *c = list->c;
    const struct table *table = schema_table(&schema_jalon, TABLE_DUPLICATE_CASE);
    const struct value *reason =
        &row->values[schema_field_index(table, FIELD_DUPLICATE_DECIDED_REASON)];
    char id[ID_TEXT_BYTES];
    list->count++;
    if (c->json) {
        buf_text(&c->out, list->count > 1 ? ",\n" : "\n");
        return duplicate_json(c->store, row, d, &c->out);
    }
    id_print(&row->id, id);
    buf_printf(&c->out, "%s  %s  %s  %s", id,
               d->table == NULL ? "?" : say_text(d->table->label), state_text(d->state),
               say_text(duplicate_why(row)));
    buf_text(&c->out, reason->type == VALUE_TEXT ? " : " : "");
    if (reason->type == VALUE_TEXT)
        grid_clean(&c->out, reason->s);
    buf_u8(&c->out, '\n');
    if (d->table == NULL)
        return c->out.err;
    enum err err = print_side(c, d->table, &d->left);
    return err == ERR_OK ? print_side(c, d->table, &d->right) : err;
}

int ctl_duplicate_list(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct listing list = {.c = c};
    if (c->json)
        buf_u8(&c->out, '[');
    enum err err = duplicates_list(c->store, args_flag(args, "decided"), on_case, &list);
    if (c->json)
        buf_text(&c->out, list.count == 0 ? "]\n" : "\n]\n");
    else if (err == ERR_OK)
        ctl_say(c, TN("%llu doublon possible", "%llu doublons possibles", list.count),
                (unsigned long long)list.count);
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, NULL);
}

static int decide(struct ctl *c, const struct args *args, enum duplicate_state state)
{
    struct note why = {""};
    const struct table *table = schema_table(&schema_jalon, TABLE_DUPLICATE_CASE);
    struct id id;
    enum err err = ctl_row(c, table, args->word[0], &id, &why);
    if (err == ERR_OK)
        err = duplicate_decide(c->store, &id, state, str_of(args_value(args, "reason")), &why);
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    ctl_print_id(c, &id);
    return CTL_DONE;
}

int ctl_duplicate_same(void *program, const struct args *args)
{
    return decide(program, args, DUPLICATE_SAME);
}

int ctl_duplicate_different(void *program, const struct args *args)
{
    return decide(program, args, DUPLICATE_DIFFERENT);
}

int ctl_duplicate_undo(void *program, const struct args *args)
{
    return decide(program, args, DUPLICATE_OPEN);
}
