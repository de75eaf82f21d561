/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rules.h"

#include "store/inside.h"

bool rules_exactly_one(const struct table *table, const struct value *values)
{
    if (table->exactly_one[0] == 0)
        return true;
    unsigned set = 0;
    for (size_t n = 0; n < EXACTLY_ONE_MAX && table->exactly_one[n] != 0; n++) {
        int i = schema_field_index(table, table->exactly_one[n]);
        must(i >= 0);
        set += values[i].type != VALUE_NULL;
    }
    return set == 1;
}

static const struct value *named(const struct table *table, const struct value *values,
                                 const char *name)
{
    const struct field *field = schema_field_named(table, str_of(name));
    must(field != NULL);
    return &values[schema_field_index(table, field->id)];
}

static bool of_the_vault(const struct value *theme)
{
    return theme->type == VALUE_TEXT &&
           (str_eq(theme->s, STR("health")) || str_eq(theme->s, STR("justice")));
}

bool rules_outside_vault(const struct table *table, const struct value *values)
{
    if (table->id == TABLE_OBSTACLE)
        return !of_the_vault(named(table, values, "theme"));
    if (table->id == TABLE_ASSESSMENT_AXIS)
        return !of_the_vault(named(table, values, "axis")) ||
               named(table, values, "finding")->type == VALUE_NULL;
    return true;
}

enum err rules_locked(struct store *s, const struct table *table, const struct row *row,
                      struct arena *arena, bool *locked)
{
    *locked = false;
    if (table->freeze_field == 0)
        return ERR_OK;
    const struct table *owner = table;
    const struct row *state = row;
    if (table->freeze_via != 0) {
        int via = schema_field_index(table, table->freeze_via);
        const struct field *ref = schema_field(table, table->freeze_via);
        if (via < 0 || row->values[via].type != VALUE_BYTES)
            return ERR_OK;
        struct id id;
        memcpy(id.b, row->values[via].s.p, ID_BYTES);
        owner = schema_table(s->env.schema, ref->ref);
        struct row *parent = arena_new(arena, sizeof *parent);
        enum err err = parent == NULL ? ERR_NOMEM : rows_find(s, owner, &id, arena, parent);
        if (err != ERR_OK)
            return err == ERR_NOTFOUND ? ERR_OK : err;
        state = parent;
    }
    int i = schema_field_index(owner, table->freeze_field);
    must(i >= 0);
    *locked = state->values[i].type == VALUE_TEXT &&
              (table->freeze_code[0] == '\0' ||
               str_eq(state->values[i].s, str_of(table->freeze_code)));
    return ERR_OK;
}

bool rules_own_state(const struct table *table, uint16_t field)
{
    return table->freeze_via == 0 && field == table->freeze_field &&
           table->freeze_code[0] != '\0';
}

bool rules_field_locked(const struct table *table, const struct field *field,
                        const struct value *present, const struct value *after)
{
    if (value_eq(present, after))
        return false;
    if (field->merge == MERGE_ONCE)
        return present->type != VALUE_NULL;
    return schema_field_frozen(table, field);
}

bool rules_field_open(const struct table *table, uint16_t field)
{
    return !table->program_only ||
           (field <= 64 && (table->open_fields >> (field - 1) & 1) != 0);
}

uint8_t rules_decider(const struct table *table, const struct row *row)
{
    if (table->id != TABLE_CONFLICT)
        return 0;
    int i = schema_field_index(table, FIELD_CONFLICT_DECIDER);
    return i >= 0 && row->values[i].type == VALUE_INT ? (uint8_t)row->values[i].i : 0;
}
