/* SPDX-License-Identifier: Apache-2.0 */
#include "store/door.h"

#include "proto/codes.h"
#include "store/inside.h"
#include "store/rules.h"

static enum err check_ref(struct store *s, const struct field *field, const struct value *v,
                          struct note *why)
{
    if (field->kind != KIND_REF || v->type == VALUE_NULL)
        return ERR_OK;
    struct id id;
    memcpy(id.b, v->s.p, ID_BYTES);
    /* Known from the enrolment, before the first sync has brought their rows. */
    if (id_eq(&id, &s->structure) || id_eq(&id, &s->staff))
        return ERR_OK;
    const struct table *to = schema_table(s->env.schema, field->ref);
    struct scope scope;
    enum err err = rows_locate(s, to, &id, &scope);
    if (err == ERR_NOTFOUND)
        return note_set(why, err, N_("%s : aucune fiche « %s » avec cet identifiant"),
                        field->name, to->name);
    return err;
}

/* The codes people have in hand, as far as a note has room. */
static enum err name_codes(const struct field *field, struct str list, struct note *why)
{
    enum { ROOM = 320 };
    const struct code_list *known = codes_list(list);
    struct buf names = {.max = NOTE_BYTES};
    size_t n = 0;
    for (; known != NULL && n < known->count && names.n < ROOM; n++)
        buf_printf(&names, "%s%s", n == 0 ? "" : ", ", known->codes[n].code);
    if (known == NULL || n < known->count)
        buf_printf(&names, "%s", n == 0 ? "…" : ", …");
    enum err err = note_set(why, ERR_INVALID, N_("%s : code inconnu ; il y a : %.*s"),
                            field->name, (int)names.n, (const char *)names.p);
    buf_done(&names);
    return err;
}

/* A list that rows of `code` may extend: the code must be built in or be such a row. Only here:
 * what another replica wrote with a code that has left the list is never refused. */
static enum err check_code(struct store *s, const struct table *table,
                           const struct field *field, const struct value *values,
                           const struct value *v, struct note *why)
{
    if (field->kind != KIND_ENUM || v->type == VALUE_NULL || schema_code_known(field, v->s))
        return ERR_OK;
    struct str list = schema_list(table, field, values);
    if (codes_find(list, v->s) != NULL)
        return ERR_OK;
    struct str parts[] = {list, v->s};
    struct id id = id_derive(TABLE_CODE, parts, 2);
    struct scope scope;
    enum err err = rows_locate(s, schema_table(s->env.schema, TABLE_CODE), &id, &scope);
    if (err == ERR_NOTFOUND)
        return name_codes(field, list, why);
    return err;
}

enum err door_check_field(struct store *s, const struct table *table, const struct field *field,
                          const struct value *values, struct note *why)
{
    const struct value *v = &values[field - table->fields];
    enum err err = value_check(field, v, why);
    /* An export shows it so; read back it would take the place of the number. */
    if (err == ERR_OK && field->masked && v->type == VALUE_TEXT && v->s.n > 0 &&
        memchr(v->s.p, '*', v->s.n) != NULL)
        err = note_set(why, ERR_INVALID, N_("%s : c'est le numéro masqué"), field->name);
    if (err == ERR_OK)
        err = check_code(s, table, field, values, v, why);
    return err == ERR_OK ? check_ref(s, field, v, why) : err;
}

/* A row that hangs on one of any table. Were that one not here, whoever erases it or takes it
 * away could not tell that this goes with it. */
static enum err check_of(struct store *s, const struct table *table, const struct value *values,
                         struct note *why)
{
    if (table->scope != SCOPE_OF_ROW)
        return ERR_OK;
    const struct value *of = &values[schema_field_index(table, table->scope_table_field)];
    const struct value *row = &values[schema_field_index(table, table->scope_field)];
    if (of->type != VALUE_TEXT || row->type != VALUE_BYTES || row->s.n != ID_BYTES)
        return ERR_OK;
    const struct table *to = schema_table_named(s->env.schema, of->s);
    struct scope scope;
    struct id id;
    memcpy(id.b, row->s.p, ID_BYTES);
    enum err err = to == NULL ? ERR_OK : rows_locate(s, to, &id, &scope);
    if (err == ERR_NOTFOUND)
        return note_set(why, err, N_("aucune fiche « %s » avec cet identifiant"), to->name);
    return err;
}

enum err door_check_row(struct store *s, const struct table *table, const struct value *values,
                        struct note *why)
{
    enum err err = check_of(s, table, values, why);
    if (err != ERR_OK)
        return err;
    if (!rules_outside_vault(table, values))
        return note_set(why, ERR_INVALID,
                        N_("santé et justice : seulement dans le coffre (sensitive_fact)"));
    if (rules_exactly_one(table, values))
        return ERR_OK;
    const char *first = schema_field(table, table->exactly_one[0])->name;
    const char *second = schema_field(table, table->exactly_one[1])->name;
    const struct field *third = schema_field(table, table->exactly_one[2]);
    if (third == NULL)
        return note_set(why, ERR_INVALID,
                        N_("il faut exactement un des champs « %s » et « %s »"), first, second);
    return note_set(why, ERR_INVALID,
                    N_("il faut exactement un des champs « %s », « %s » et « %s »"), first,
                    second, third->name);
}
