/* SPDX-License-Identifier: Apache-2.0 */
#include "store/edit.h"
#include "store/inside.h"
#include "store/rules.h"

/* A conflict read back: the table and row it is about, and the losing values. */
struct case_read {
    const struct table *conflicts;
    const struct table *table;
    struct row *row; /* the conflict row */
    struct id about;
};

static const struct value *field_of(const struct case_read *c, uint16_t field)
{
    int i = schema_field_index(c->conflicts, field);
    must(i >= 0);
    return &c->row->values[i];
}

static enum err read_case(struct store *s, const struct id *id, struct arena *arena,
                          struct case_read *c, struct note *why)
{
    c->conflicts = schema_table(s->env.schema, TABLE_CONFLICT);
    c->row = arena_new(arena, sizeof *c->row);
    if (c->row == NULL)
        return ERR_NOMEM;
    enum err err = rows_find(s, c->conflicts, id, arena, c->row);
    if (err == ERR_NOTFOUND)
        return note_set(why, err, N_("aucun conflit avec cet identifiant"));
    if (err != ERR_OK)
        return err;
    const struct value *of_table = field_of(c, FIELD_CONFLICT_OF_TABLE);
    const struct value *of_row = field_of(c, FIELD_CONFLICT_OF_ROW);
    if (of_table->type != VALUE_TEXT || of_row->type != VALUE_BYTES || of_row->s.n != ID_BYTES)
        return ERR_CORRUPT;
    c->table = schema_table_named(s->env.schema, of_table->s);
    memcpy(c->about.b, of_row->s.p, ID_BYTES);
    const struct value *state = field_of(c, FIELD_CONFLICT_STATE);
    if (state->type == VALUE_TEXT && str_eq(state->s, STR("decided")))
        return note_set(why, ERR_EXISTS, N_("ce conflit est déjà tranché"));
    if (c->table == NULL)
        return note_set(why, ERR_VERSION,
                        N_("cette version ne connaît pas la table du conflit"));
    uint8_t decider = rules_decider(c->conflicts, c->row);
    if (decider != 0 && s->env.side == STORE_CLIENT && (s->roles & decider) == 0)
        return note_set(why, ERR_REFUSED, N_("ce conflit attend la décision d'un autre rôle"));
    return ERR_OK;
}

/* The pairs field, value of a RAW snapshot as edit values. */
static enum err read_pairs(const struct table *table, struct str raw, struct edit_value *values,
                           size_t max, size_t *count)
{
    struct cur cur = cur_of(raw.p, raw.n);
    *count = 0;
    while (!cur.bad && cur_left(&cur) > 0) {
        uint16_t id = (uint16_t)unpack_int_in(&cur, 1, UINT16_MAX);
        const struct field *field = schema_field(table, id);
        enum kind kind = field == NULL ? KIND_BOOL : field->kind;
        if ((field == NULL && id != FIELD_DELETED) || *count == max)
            return ERR_CORRUPT;
        values[*count].field = field;
        values[*count].value = value_unpack(kind, &cur);
        (*count)++;
    }
    return cur.bad ? ERR_CORRUPT : ERR_OK;
}

static enum err apply_decision(struct store *s, struct edit *edit, const struct case_read *c,
                               enum edit_decision decision, struct str text,
                               struct arena *arena, struct note *why)
{
    if (decision == EDIT_KEEP_CURRENT)
        return ERR_OK;
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    const struct value *other = field_of(c, FIELD_CONFLICT_OTHER);
    if (other->type != VALUE_BYTES)
        return ERR_CORRUPT;
    enum err err = read_pairs(c->table, other->s, values, SCHEMA_FIELDS_MAX, &count);
    if (err == ERR_OK && decision == EDIT_OWN_VALUE) {
        if (count != 1 || values[0].field == NULL)
            return note_set(
                why, ERR_INVALID,
                N_("ce conflit porte sur plusieurs champs : current ou other, puis set"));
        err = value_parse(values[0].field, text, arena, &values[0].value, why);
    }
    (void)s;
    return err == ERR_OK ? edit_update(edit, c->table, &c->about, values, count, why) : err;
}

static enum err close_case(struct edit *edit, const struct case_read *c, const struct id *id,
                           enum edit_decision decision, struct str reason, struct note *why)
{
    static const char *const words[] = {"current", "other", "value"};
    struct edit_value values[3] = {
        {schema_field(c->conflicts, FIELD_CONFLICT_STATE), value_text(STR("decided"))},
        {schema_field(c->conflicts, FIELD_CONFLICT_DECISION),
         value_text(str_of(words[decision]))},
        {schema_field(c->conflicts, FIELD_CONFLICT_DECIDED_REASON), value_text(reason)}};
    return edit_update(edit, c->conflicts, id, values, reason.n == 0 ? 2 : 3, why);
}

enum err edit_resolve(struct store *s, const struct id *conflict, enum edit_decision decision,
                      struct str value, struct str reason, struct note *why)
{
    struct arena arena = {0};
    struct case_read c = {0};
    struct edit *edit = NULL;
    enum err err = read_case(s, conflict, &arena, &c, why);
    if (err == ERR_OK)
        err = edit_open(s, &edit, why);
    if (err == ERR_OK) {
        err = apply_decision(s, edit, &c, decision, value, &arena, why);
        if (err == ERR_OK)
            err = close_case(edit, &c, conflict, decision, reason, why);
        if (err == ERR_OK)
            err = edit_commit(edit, why);
        else
            edit_abort(edit);
    }
    arena_done(&arena);
    return err;
}
