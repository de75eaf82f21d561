/* SPDX-License-Identifier: Apache-2.0 */
#include "client/duplicate_text.h"

#include "client/words.h"
#include "io/grid.h"
#include "store/duplicates.h"

struct printing {
    struct cmd *c;
    uint64_t count, waiting;
};

static const struct value *get(const struct cmd *c, const struct row *row, uint16_t field)
{
    const struct table *table = schema_table(store_schema(c->store), TABLE_DUPLICATE_CASE);
    int i = schema_field_index(table, field);
    must(i >= 0);
    return &row->values[i];
}

/* The fields of one row that differ from the other's, or all when there is no other. */
static void print_fields(struct cmd *c, const struct table *table, const struct row *row,
                         const struct row *other)
{
    for (uint16_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        bool same = other != NULL && value_eq(&row->values[i], &other->values[i]);
        if (row->values[i].type == VALUE_NULL || same || field->once_per_row)
            continue;
        buf_printf(&c->out, "      %s : ", say_text(field->label));
        words_value(c, field, &row->values[i], &c->out);
        buf_u8(&c->out, '\n');
    }
}

static void print_side(struct cmd *c, const struct table *table, const struct id *id,
                       const struct row *row, const struct row *other)
{
    char text[ID_TEXT_BYTES];
    struct buf title = {0};
    id_print(id, text);
    buf_text(&c->out, "    ");
    if (row == NULL) {
        buf_printf(&c->out, T("une fiche qui n'est pas ici (%s)\n"), text);
        return;
    }
    names_title(table, row, &title);
    grid_paint(&c->out, buf_str(&title), GRID_BOLD, c->color);
    buf_done(&title);
    if (row->deleted)
        buf_text(&c->out, T(" (supprimé)"));
    buf_printf(&c->out, T("   %s, par "), text);
    words_staff(c, &row->by, &c->out);
    buf_text(&c->out, ", ");
    words_time(hlc_ms(row->stamp.hlc), &c->out);
    buf_u8(&c->out, '\n');
    print_fields(c, table, row, other);
}

static enum err find(struct cmd *c, const struct table *table, const struct id *id,
                     struct arena *arena, struct row **out)
{
    struct row *row = arena_new(arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(c->store, table, id, arena, row);
    *out = err == ERR_OK ? row : NULL;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err print_sides(struct cmd *c, const struct duplicate *d)
{
    struct arena arena = {0};
    struct row *left = NULL;
    struct row *right = NULL;
    enum err err = find(c, d->table, &d->left, &arena, &left);
    if (err == ERR_OK)
        err = find(c, d->table, &d->right, &arena, &right);
    if (err == ERR_OK) {
        print_side(c, d->table, &d->left, left, right);
        print_side(c, d->table, &d->right, right, left);
    }
    arena_done(&arena);
    return err;
}

/* Decided, and was it done? */
static const char *state_text(const struct duplicate *d)
{
    if (d->state == DUPLICATE_SAME)
        return d->settled ? T("  décidé : les mêmes")
                          : T("  décidé : les mêmes, mais elles ne sont pas réunies");
    return d->settled ? T("  décidé : différentes")
                      : T("  décidé : différentes, mais elles sont encore réunies");
}

static void print_state(struct cmd *c, const struct row *row, const struct duplicate *d,
                        const char *id)
{
    const struct value *reason = get(c, row, FIELD_DUPLICATE_DECIDED_REASON);
    if (d->state != DUPLICATE_OPEN) {
        buf_text(&c->out, state_text(d));
        if (reason->type == VALUE_TEXT) {
            buf_text(&c->out, " : ");
            grid_clean(&c->out, reason->s);
        }
        buf_u8(&c->out, '\n');
    }
    if (!d->here)
        buf_text(&c->out, T("  une des deux fiches n'est pas ici ou est supprimée ; rien à "
                            "faire ici\n"));
    else if (!d->settled)
        buf_printf(&c->out, T("  décider : jalon duplicate same|different %s\n"), id);
    else if (d->state != DUPLICATE_OPEN)
        buf_printf(&c->out, T("  revenir sur la décision : jalon duplicate undo %s\n"), id);
    else
        buf_printf(&c->out, "%s\n", T("  réunies par une autre décision"));
}

static enum err print_words(struct cmd *c, const struct row *row, const struct duplicate *d,
                            bool first)
{
    char id[ID_TEXT_BYTES];
    const struct value *score = get(c, row, FIELD_DUPLICATE_SCORE);
    id_print(&row->id, id);
    buf_printf(&c->out, T("%sdoublon possible %s\n"), first ? "" : "\n", id);
    buf_printf(&c->out, "  %s : %s (%lld %%)\n",
               d->table == NULL ? "?" : say_text(d->table->label), say_text(duplicate_why(row)),
               score->type == VALUE_INT ? (long long)score->i : 0);
    enum err err = d->table == NULL ? ERR_OK : print_sides(c, d);
    print_state(c, row, d, id);
    return err;
}

static enum err on_case(void *ctx, const struct row *row, const struct duplicate *d)
{
    struct printing *p = ctx;
    struct cmd *c = p->c;
    enum err err = ERR_OK;
    if (c->json) {
        buf_text(&c->out, p->count == 0 ? "\n" : ",\n");
        err = duplicate_json(c->store, row, d, &c->out);
    } else {
        err = print_words(c, row, d, p->count == 0);
    }
    p->count++;
    p->waiting += d->settled ? 0 : 1;
    return err == ERR_OK ? cmd_flush_some(c) : err;
}

enum err duplicates_print(struct cmd *c, bool decided, uint64_t *count)
{
    struct printing p = {.c = c};
    enum err err = duplicates_list(c->store, decided, on_case, &p);
    if (err == ERR_OK)
        *count = p.waiting;
    return err;
}
