/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl TABLE add, list, show, set: any table, through the server's own door. */
#include "io/grid.h"
#include "server/ctl.h"
#include "store/names.h"
#include "store/rows_json.h"
#include "store/ties.h"

#include <stdlib.h>

enum { COLUMNS_MAX = 6, CELL_WIDTH_MAX = 28 };

static const struct table *table_of(const struct args *args)
{
    const struct table *table = schema_table_named(&schema_jalon, str_of(args->word[0]));
    must(table != NULL); /* ctl_parse looked */
    return table;
}

static enum err add(struct ctl *c, const struct table *table, const struct edit_value *values,
                    size_t count, struct id *id, struct note *why)
{
    struct edit *edit = NULL;
    enum err err = edit_open(c->store, &edit, why);
    if (err != ERR_OK)
        return err;
    err = edit_insert(edit, table, values, count, id, why);
    if (err != ERR_OK) {
        edit_abort(edit);
        return err;
    }
    return edit_commit(edit, why);
}

int ctl_add(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    struct id id;
    const struct table *table = table_of(args);
    enum err err = ctl_values(c, table, 1, values, &count, &why);
    if (err == ERR_OK)
        err = add(c, table, values, count, &id, &why);
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    ctl_print_id(c, &id);
    return CTL_DONE;
}

int ctl_set(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    struct id id;
    struct edit *edit = NULL;
    const struct table *table = table_of(args);
    enum err err = ctl_row(c, table, args->word[1], &id, &why);
    if (err == ERR_OK)
        err = ctl_values(c, table, 2, values, &count, &why);
    if (err == ERR_OK)
        err = edit_open(c->store, &edit, &why);
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    err = edit_update(edit, table, &id, values, count, &why);
    if (err == ERR_OK)
        err = edit_commit(edit, &why);
    else
        edit_abort(edit);
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    ctl_print_id(c, &id);
    return CTL_DONE;
}

/* What people call the row a reference points to. */
static void print_name(struct ctl *c, const struct field *field, const struct value *v,
                       struct buf *out)
{
    struct id id;
    memcpy(id.b, v->s.p, sizeof id.b);
    names_row(c->store, schema_table(&schema_jalon, field->ref), &id, out);
}

/* Text is what devices sent: the administrator's terminal shows it and obeys none of it. */
void ctl_print_value(struct ctl *c, const struct field *field, const struct value *v)
{
    struct buf name = {0};
    if (v->type == VALUE_NULL)
        buf_text(&name, T("(vide)"));
    else if (v->type == VALUE_TEXT)
        value_show(field, v, &name);
    else if (field->kind == KIND_REF && v->type == VALUE_BYTES)
        print_name(c, field, v, &name);
    else
        value_print(field->kind, v, &c->out);
    grid_clean(&c->out, buf_str(&name));
    buf_done(&name);
}

static void print_fields(struct ctl *c, const struct table *table, const struct row *row)
{
    ctl_print_id(c, &row->id);
    for (uint16_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        if (row->values[i].type == VALUE_NULL)
            continue;
        buf_printf(&c->out, "%s : ", say_text(field->label));
        if (field->kind == KIND_RAW)
            rows_json_value(field, &row->values[i], &c->out);
        else
            ctl_print_value(c, field, &row->values[i]);
        buf_u8(&c->out, '\n');
    }
    if (row->deleted)
        buf_printf(&c->out, "%s\n", T("fiche supprimée"));
}

int ctl_show(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    struct id id;
    const struct field *only = NULL;
    const struct table *table = table_of(args);
    struct row *row = arena_new(&c->arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : ctl_row(c, table, args->word[1], &id, &why);
    if (err == ERR_OK)
        err = rows_find(c->store, table, &id, &c->arena, row);
    if (err == ERR_OK && args->n > 2) {
        only = schema_field_named(table, str_of(args->word[2]));
        if (only == NULL || !args_flag(args, "history"))
            err = note_set(&why, ERR_USAGE, N_("un champ seul se montre avec --history"));
    }
    if (err == ERR_OK)
        err = access_shown(&c->access, c->store, table, row);
    if (err != ERR_OK)
        return ctl_fail(c, err, &why);
    if (c->json)
        rows_json(&schema_jalon, table, row, &c->out);
    else
        print_fields(c, table, row);
    if (c->json && c->out.err == ERR_OK)
        c->out.n--; /* the closing brace: the history may follow */
    if (args_flag(args, "history"))
        err = ctl_print_history(c, table, row, only);
    buf_text(&c->out, c->json ? "}\n" : "");
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, NULL);
}

/* A list in the making. Long ones are read in slices, so that a commit of the devices never
 * waits for all of it. */
enum { SLICE_ROWS = 500 };
struct ctl_rows {
    struct ctl *c;
    const struct table *table;
    struct filter own[SCHEMA_FIELDS_MAX + 1];
    struct filter *filters; /* own, widened; in the command's arena */
    size_t filters_n;
    bool deleted;
    uint64_t limit;              /* rows still wanted */
    int64_t after;               /* local number of the last row */
    uint64_t slice;              /* rows of this slice */
    uint64_t count;              /* rows so far */
    uint16_t shown[COLUMNS_MAX]; /* positions of the fields with a column */
    size_t shown_n;
    struct grid_column columns[COLUMNS_MAX + 1];
    struct grid grid;
    struct buf text; /* one cell */
};

/* Of a conflict: where, and the two values. */
static const uint16_t conflict_columns[] = {FIELD_CONFLICT_OF_TABLE, FIELD_CONFLICT_OF_FIELD,
                                            FIELD_CONFLICT_CURRENT, FIELD_CONFLICT_OTHER,
                                            FIELD_CONFLICT_RECEIVED};

/* What names a row first, then the other fields in their order. */
static void choose_fields(struct ctl_rows *list)
{
    const struct table *table = list->table;
    size_t n = sizeof conflict_columns / sizeof *conflict_columns;
    for (size_t i = 0; table->id == TABLE_CONFLICT && i < n; i++)
        list->shown[list->shown_n++] = (uint16_t)schema_field_index(table, conflict_columns[i]);
    for (int pass = 0; table->id != TABLE_CONFLICT && pass < 2; pass++) {
        for (uint16_t i = 0; i < table->field_count && list->shown_n < COLUMNS_MAX; i++) {
            const struct field *field = &table->fields[i];
            if (field->once_per_row == (pass == 0) && field->kind != KIND_RAW)
                list->shown[list->shown_n++] = i;
        }
    }
}

static void choose_columns(struct ctl_rows *list)
{
    const struct table *table = list->table;
    choose_fields(list);
    list->columns[0] = (struct grid_column){.title = "id"};
    for (size_t i = 0; i < list->shown_n; i++) {
        const struct field *field = &table->fields[list->shown[i]];
        bool right = field->kind == KIND_INT || field->kind == KIND_REAL;
        list->columns[i + 1] =
            (struct grid_column){say_text(field->label), right, CELL_WIDTH_MAX};
    }
    grid_init(&list->grid, list->columns, list->shown_n + 1);
}

static void print_plain(struct ctl_rows *list, const struct field *field, const struct value *v)
{
    if (v->type == VALUE_NULL)
        buf_text(&list->text, T("(vide)"));
    else if (field->kind == KIND_REF && v->type == VALUE_BYTES)
        print_name(list->c, field, v, &list->text);
    else
        value_show(field, v, &list->text);
}

/* The values of the row the conflict is about, each under its field's name where there are
 * several. What a newer program wrote is passed over. */
static void print_raw(struct ctl_rows *list, const struct table *table, struct str raw)
{
    struct cur cur = cur_of(raw.p, raw.n);
    bool several = value_pairs_several(cur);
    const struct field *field = NULL;
    struct value v;
    while (table != NULL && value_pair_next(table, &cur, &field, &v)) {
        buf_text(&list->text, list->text.n > 0 ? " ; " : "");
        if (several)
            buf_printf(&list->text, "%s : ", say_text(field->label));
        print_plain(list, field, &v);
    }
}

/* Of a conflict the table and field too by what people call them. */
static void print_about(struct ctl_rows *list, const struct table *about,
                        const struct field *field, const struct value *v)
{
    const struct field *of = NULL;
    if (about != NULL && field->id == FIELD_CONFLICT_OF_FIELD)
        of = str_eq(v->s, str_of(schema_field_deleted.name)) ? &schema_field_deleted
                                                             : schema_field_named(about, v->s);
    if (about != NULL && field->id == FIELD_CONFLICT_OF_TABLE)
        buf_text(&list->text, say_text(about->label));
    else if (of != NULL)
        buf_text(&list->text, say_text(of->label));
    else
        value_show(field, v, &list->text);
}

static void print_cell(struct ctl_rows *list, const struct row *row, uint16_t at)
{
    const struct field *field = &list->table->fields[at];
    const struct value *v = &row->values[at];
    bool conflict = list->table->id == TABLE_CONFLICT;
    const struct value *named = &row->values[list->shown[0]];
    const struct table *about = conflict && named->type == VALUE_TEXT
                                    ? schema_table_named(&schema_jalon, named->s)
                                    : NULL;
    buf_clear(&list->text);
    if (field->kind == KIND_RAW && v->type == VALUE_BYTES)
        print_raw(list, about, v->s);
    else if (conflict && v->type == VALUE_TEXT)
        print_about(list, about, field, v);
    else if (field->kind == KIND_REF && v->type == VALUE_BYTES)
        print_name(list->c, field, v, &list->text);
    else
        value_show(field, v, &list->text);
    grid_cell(&list->grid, buf_str(&list->text), GRID_PLAIN);
}

static enum err on_row(void *ctx, const struct row *row)
{
    struct ctl_rows *list = ctx;
    struct buf *out = &list->c->out;
    char id[ID_TEXT_BYTES];
    enum err err = access_listed(&list->c->access, list->c->store, list->table, row);
    if (err != ERR_OK)
        return err;
    list->count++;
    list->slice++;
    list->after = row->rid;
    if (list->c->json) {
        buf_text(out, list->count == 1 ? "\n" : ",\n");
        rows_json(&schema_jalon, list->table, row, out);
        return out->err == ERR_OK && out->n > CTL_PIECE_BYTES ? ERR_LATER : out->err;
    }
    id_print(&row->id, id);
    grid_cell(&list->grid, str_of(id), GRID_PLAIN);
    for (size_t i = 0; i < list->shown_n; i++)
        print_cell(list, row, list->shown[i]);
    return list->text.err;
}

void ctl_rows_done(struct ctl *c)
{
    if (c->rows == NULL)
        return;
    grid_done(&c->rows->grid);
    buf_done(&c->rows->text);
    mem_free(c->rows);
    c->rows = NULL;
}

static enum err rows_new(struct ctl *c, const struct table *table)
{
    c->rows = mem_new(sizeof *c->rows);
    if (c->rows == NULL)
        return ERR_NOMEM;
    c->rows->c = c;
    c->rows->table = table;
    c->rows->limit = UINT64_MAX;
    choose_columns(c->rows);
    if (c->json)
        buf_u8(&c->out, '[');
    return ERR_OK;
}

/* One slice; the last one ends the list. */
static int print_slice(struct ctl *c)
{
    struct ctl_rows *list = c->rows;
    uint64_t want =
        list->limit - list->count < SLICE_ROWS ? list->limit - list->count : SLICE_ROWS;
    list->slice = 0;
    enum err err = rows_list_after(c->store, list->table, list->filters, list->filters_n,
                                   list->deleted, list->after, want, on_row, list);
    bool full = err == ERR_LATER || (err == ERR_OK && list->slice == SLICE_ROWS);
    err = err == ERR_LATER ? ERR_OK : err;
    if (full && list->count < list->limit) {
        c->more = true;
        return CTL_DONE;
    }
    if (c->json)
        buf_text(&c->out, list->count == 0 ? "]\n" : "\n]\n");
    else if (err == ERR_OK)
        err = grid_print(&list->grid, false, &c->out);
    if (err == ERR_OK && !c->json)
        ctl_say(c, TN("%llu fiche", "%llu fiches", list->count),
                (unsigned long long)list->count);
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, NULL);
}

static enum err read_limit(const struct args *args, uint64_t *limit, struct note *why)
{
    const char *text = args_value(args, "limit");
    char *end = NULL;
    if (text == NULL)
        return ERR_OK;
    unsigned long long n = strtoull(text, &end, 10);
    if (*end != '\0' || n == 0 || text[0] == '-')
        return note_set(why, ERR_USAGE, N_("--limit : un nombre à partir de 1"));
    *limit = n;
    return ERR_OK;
}

static enum err begin_list(struct ctl *c, const struct args *args, struct note *why)
{
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    const struct table *table = table_of(args);
    enum err err = ctl_values(c, table, 1, values, &count, why);
    if (err == ERR_OK)
        err = rows_new(c, table);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < count; i++)
        if (values[i].field->masked)
            return note_set(why, ERR_REFUSED, N_("%s : on ne cherche pas par ce numéro"),
                            values[i].field->name);
    for (size_t i = 0; i < count; i++)
        c->rows->own[i] = (struct filter){values[i].field, values[i].value};
    if (!args_flag(args, "merged"))
        ties_hide(table, c->rows->own, &count);
    c->rows->deleted = args_flag(args, "deleted");
    err = ties_widen(c->store, c->rows->own, count, &c->arena, &c->rows->filters,
                     &c->rows->filters_n);
    return err == ERR_OK ? read_limit(args, &c->rows->limit, why) : err;
}

int ctl_list(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    enum err err = c->rows == NULL ? begin_list(c, args, &why) : ERR_OK;
    if (err == ERR_OK)
        return print_slice(c);
    buf_clear(&c->out);
    return ctl_fail(c, err, &why);
}

int ctl_conflict_list(void *program, const struct args *args)
{
    struct ctl *c = program;
    const struct table *table = schema_table(&schema_jalon, TABLE_CONFLICT);
    enum err err = c->rows == NULL ? rows_new(c, table) : ERR_OK;
    (void)args;
    if (err != ERR_OK)
        return ctl_fail(c, err, NULL);
    c->rows->own[0] =
        (struct filter){schema_field(table, FIELD_CONFLICT_STATE), value_text(STR("open"))};
    c->rows->filters = c->rows->own;
    c->rows->filters_n = 1;
    return print_slice(c);
}
