/* SPDX-License-Identifier: Apache-2.0 */
#include "client/conflict_text.h"

#include "client/words.h"
#include "io/grid.h"
#include "store/rows_json.h"

struct printing {
    struct cmd *c;
    const struct table *table; /* conflict */
    uint8_t roles;             /* of the person */
    uint64_t count;
};

static const struct value *get(const struct printing *p, const struct row *row, uint16_t field)
{
    int i = schema_field_index(p->table, field);
    must(i >= 0);
    return &row->values[i];
}

static struct id get_id(const struct printing *p, const struct row *row, uint16_t field)
{
    struct id id = {0};
    const struct value *v = get(p, row, field);
    if (v->type == VALUE_BYTES && v->s.n == ID_BYTES)
        memcpy(id.b, v->s.p, ID_BYTES);
    return id;
}

static const struct table *table_of(const struct printing *p, const struct row *row)
{
    const struct value *v = get(p, row, FIELD_CONFLICT_OF_TABLE);
    return v->type == VALUE_TEXT ? schema_table_named(store_schema(p->c->store), v->s) : NULL;
}

/* ---- JSON ---- */

static void json_text_of(struct cmd *c, const char *key, const struct table *table,
                         const struct id *id)
{
    struct buf text = {0};
    if (table != NULL && !id_is_null(id))
        words_row(c, table, id, &text);
    buf_printf(&c->out, ",\"%s\":", key);
    rows_json_text(buf_str(&text), &c->out);
    if (text.err != ERR_OK)
        c->out.err = text.err;
    buf_done(&text);
}

static void conflict_json(struct printing *p, const struct row *row)
{
    struct cmd *c = p->c;
    const struct schema *schema = store_schema(c->store);
    const struct table *staff = schema_table(schema, TABLE_STAFF);
    struct id of_row = get_id(p, row, FIELD_CONFLICT_OF_ROW);
    struct id current = get_id(p, row, FIELD_CONFLICT_CURRENT_BY);
    struct id other = get_id(p, row, FIELD_CONFLICT_OTHER_BY);
    buf_text(&c->out, p->count == 0 ? "\n" : ",\n");
    rows_json(schema, p->table, row, &c->out);
    if (c->out.n > 0)
        c->out.n--; /* the closing brace: names follow, for programs that show the block */
    json_text_of(c, "row_title", table_of(p, row), &of_row);
    json_text_of(c, "current_by_name", staff, &current);
    json_text_of(c, "other_by_name", staff, &other);
    buf_u8(&c->out, '}');
}

/* ---- words ---- */

/* Field by field; what a newer program wrote is passed over. */
static void raw_words(struct cmd *c, const struct table *table, const struct value *raw,
                      struct buf *out)
{
    size_t before = out->n;
    struct cur cur = raw->type == VALUE_BYTES ? cur_of(raw->s.p, raw->s.n) : cur_of(NULL, 0);
    bool several = false;
    struct cur look = cur;
    (void)unpack_any(&look);
    (void)unpack_any(&look);
    several = !look.bad && cur_left(&look) > 0;
    while (table != NULL && cur_left(&cur) > 0 && !cur.bad) {
        uint16_t id = (uint16_t)unpack_int_in(&cur, 0, UINT16_MAX);
        const struct field *field =
            id == FIELD_DELETED ? &schema_field_deleted : schema_field(table, id);
        if (field == NULL) {
            (void)unpack_any(&cur);
            continue;
        }
        struct value v = unpack_nil(&cur) ? VALUE_NONE : value_unpack(field->kind, &cur);
        if (cur.bad)
            break;
        if (out->n > before)
            buf_text(out, " ; ");
        if (several)
            buf_printf(out, "%s : ", say_text(field->label));
        words_value(c, field, &v, out);
    }
    if (out->n == before)
        buf_text(out, T("(vide)"));
}

struct side {
    const char *label;
    uint16_t raw, by, at; /* fields of the conflict row; by 0: nobody is named */
};

static void print_side(struct printing *p, const struct row *row, const struct side *side,
                       size_t width)
{
    struct cmd *c = p->c;
    struct buf text = {0};
    buf_text(&c->out, "    ");
    grid_fit(&c->out, str_of(side->label), width, false);
    buf_text(&c->out, "  ");
    raw_words(c, table_of(p, row), get(p, row, side->raw), &text);
    grid_paint(&c->out, buf_str(&text), GRID_BOLD, c->color);
    if (side->by != 0) {
        struct id by = get_id(p, row, side->by);
        const struct value *at = get(p, row, side->at);
        buf_text(&c->out, T("   par "));
        words_staff(c, &by, &c->out);
        buf_text(&c->out, ", ");
        words_time(at->type == VALUE_INT ? at->i : 0, &c->out);
    }
    buf_u8(&c->out, '\n');
    buf_done(&text);
}

static void print_field_label(struct printing *p, const struct row *row,
                              const struct table *table)
{
    const struct value *v = get(p, row, FIELD_CONFLICT_OF_FIELD);
    struct str name = v->type == VALUE_TEXT ? v->s : STR("");
    const struct field *field = table == NULL ? NULL : schema_field_named(table, name);
    if (field != NULL)
        name = str_of(say_text(field->label));
    buf_text(&p->c->out, T("  champ : "));
    grid_clean(&p->c->out, name);
    buf_u8(&p->c->out, '\n');
}

static void print_next_step(struct printing *p, const struct row *row, const char *id)
{
    const struct value *v = get(p, row, FIELD_CONFLICT_DECIDER);
    int64_t decider = v->type == VALUE_INT ? v->i : 0;
    if (decider == 0 || (decider & p->roles) != 0)
        buf_printf(&p->c->out, T("  décider : jalon resolve %s --keep current|other|VALEUR\n"),
                   id);
    else if ((decider & (ROLE_COORDINATOR | ROLE_FEDERATION)) != 0)
        buf_text(&p->c->out, T("  la coordination décide ; rien à faire ici\n"));
    else
        buf_text(&p->c->out, T("  un autre rôle que le vôtre décide ; rien à faire ici\n"));
}

static void conflict_words(struct printing *p, const struct row *row)
{
    const struct side sides[] = {
        {T("au départ"), FIELD_CONFLICT_BASE, 0, 0},
        {T("valeur affichée (current)"), FIELD_CONFLICT_CURRENT, FIELD_CONFLICT_CURRENT_BY,
         FIELD_CONFLICT_CURRENT_AT},
        {T("autre valeur (other)"), FIELD_CONFLICT_OTHER, FIELD_CONFLICT_OTHER_BY,
         FIELD_CONFLICT_OTHER_AT},
    };
    struct cmd *c = p->c;
    const struct table *table = table_of(p, row);
    struct id of_row = get_id(p, row, FIELD_CONFLICT_OF_ROW);
    char id[ID_TEXT_BYTES];
    id_print(&row->id, id);
    if (p->count > 0)
        buf_u8(&c->out, '\n');
    buf_printf(&c->out, T("conflit %s\n"), id);
    buf_printf(&c->out, "  %s : ", table == NULL ? "?" : say_text(table->label));
    if (table != NULL)
        words_row(c, table, &of_row, &c->out);
    buf_u8(&c->out, '\n');
    print_field_label(p, row, table);
    size_t width = 0;
    for (size_t i = 0; i < 3; i++) {
        size_t w = grid_width(str_of(sides[i].label));
        width = w > width ? w : width;
    }
    for (size_t i = 0; i < 3; i++)
        print_side(p, row, &sides[i], width);
    print_next_step(p, row, id);
}

static enum err on_conflict(void *ctx, const struct row *row)
{
    struct printing *p = ctx;
    if (p->c->json)
        conflict_json(p, row);
    else
        conflict_words(p, row);
    p->count++;
    return cmd_flush_some(p->c);
}

enum err conflict_print(struct cmd *c, uint64_t *count)
{
    struct printing p = {.c = c, .table = schema_table(store_schema(c->store), TABLE_CONFLICT)};
    struct store_status st;
    enum err err = store_status(c->store, &st);
    if (err != ERR_OK)
        return err;
    p.roles = st.roles;
    const struct field *state = schema_field(p.table, FIELD_CONFLICT_STATE);
    struct filter open = {state, value_text(STR("open"))};
    err = rows_list(c->store, p.table, &open, 1, false, 0, on_conflict, &p);
    if (err == ERR_OK)
        *count = p.count;
    return err;
}
