/* SPDX-License-Identifier: Apache-2.0 */
#include "store/accept.h"

#include "store/inside.h"
#include "store/referrals.h"
#include "store/ties.h"

struct accepting {
    struct store *s;
    struct edit *edit;
    const struct id *referral;
    struct id dossier;
    struct id from[TIES_ROWS_MAX]; /* the sender's, and what was merged with it there */
    size_t from_count;
    struct arena arena;
    struct row *row; /* of the referral */
    struct note *why;
};

static const struct table *table_of(const struct accepting *a, uint16_t id)
{
    return schema_table(a->s->env.schema, id);
}

/* ---- may it be? ---- */

static enum err found_one(void *ctx, const struct row *row)
{
    (void)row;
    *(bool *)ctx = true;
    return ERR_OK;
}

static enum err check_place(struct accepting *a)
{
    const struct table *roles = table_of(a, TABLE_STAFF_ROLE);
    const struct value *to = rows_field(table_of(a, TABLE_REFERRAL), a->row, FIELD_REFERRAL_TO);
    struct id id;
    bool own = value_to_id(to, &id) && id_eq(&id, &a->s->structure);
    const struct filter of[] = {
        {schema_field(roles, FIELD_STAFF_ROLE_STAFF), value_id(&a->s->staff)},
        {schema_field(roles, FIELD_STAFF_ROLE_STRUCTURE), *to}};
    enum err err = own ? ERR_OK : rows_list(a->s, roles, of, 2, false, 1, found_one, &own);
    if (err == ERR_OK && !own)
        err = note_set(a->why, ERR_REFUSED,
                       N_("cette passerelle s'adresse à une autre structure"));
    return err;
}

static enum err check_open(struct accepting *a)
{
    const struct table *table = table_of(a, TABLE_REFERRAL);
    const struct value *answer = rows_field(table, a->row, FIELD_REFERRAL_ANSWER);
    bool open = answer->type == VALUE_NULL ||
                (answer->type == VALUE_TEXT &&
                 (str_eq(answer->s, STR("pending")) || str_eq(answer->s, STR("accepted"))));
    if (!open || a->row->deleted)
        return note_set(a->why, ERR_INVALID, N_("cette passerelle est close"));
    return referrals_check_door(a->s, table, a->row->values, a->why);
}

static enum err check_new(struct accepting *a)
{
    struct scope scope;
    enum err err = rows_locate(a->s, table_of(a, TABLE_PERSON), &a->dossier, &scope);
    if (err == ERR_OK)
        return note_set(a->why, ERR_EXISTS, N_("ce dossier est déjà ouvert"));
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err find_source(struct accepting *a)
{
    const struct table *table = table_of(a, TABLE_REFERRAL);
    struct id person;
    if (!value_to_id(&a->row->values[0], &person))
        return ERR_CORRUPT;
    enum err err =
        ties_all(a->s, table_of(a, table->fields[0].ref), &person, a->from, &a->from_count);
    if (err == ERR_OK && a->from_count == 0)
        err =
            note_set(a->why, ERR_NOTFOUND, N_("le dossier de cette passerelle n'est pas ici"));
    return err;
}

static enum err read_referral(struct accepting *a)
{
    const struct table *table = table_of(a, TABLE_REFERRAL);
    a->row = arena_new(&a->arena, sizeof *a->row);
    enum err err =
        a->row == NULL ? ERR_NOMEM : rows_find(a->s, table, a->referral, &a->arena, a->row);
    if (err == ERR_OK)
        err = check_place(a);
    if (err == ERR_OK)
        err = check_new(a);
    if (err == ERR_OK)
        err = check_open(a);
    return err == ERR_OK ? find_source(a) : err;
}

/* ---- what is taken over ---- */

static enum err insert_copy(struct accepting *a, const struct table *table,
                            const struct row *row, const struct id *id,
                            const struct value *instead, uint16_t field)
{
    struct edit_value values[SCHEMA_FIELDS_MAX];
    struct id made;
    size_t n = 0;
    for (uint16_t i = 0; i < table->field_count; i++) {
        const struct field *f = &table->fields[i];
        const struct value *v = f->id == field ? instead : &row->values[i];
        if (v->type != VALUE_NULL && f->tie == TIE_NONE)
            values[n++] = (struct edit_value){f, *v};
    }
    if (table->derived[0] == 0)
        return edit_insert_as(a->edit, table, id, values, n, a->why);
    /* Of two that were merged, each may have it. */
    enum err err = edit_insert(a->edit, table, values, n, &made, a->why);
    return err == ERR_EXISTS ? ERR_OK : err;
}

static enum err copy_person(struct accepting *a)
{
    const struct table *table = table_of(a, TABLE_PERSON);
    const struct value *to = rows_field(table_of(a, TABLE_REFERRAL), a->row, FIELD_REFERRAL_TO);
    struct row *row = arena_new(&a->arena, sizeof *row);
    if (row == NULL)
        return ERR_NOMEM;
    enum err err = rows_find(a->s, table, &a->from[0], &a->arena, row);
    return err == ERR_OK ? insert_copy(a, table, row, &a->dossier, to, FIELD_PERSON_STRUCTURE)
                         : err;
}

static enum err note_id(void *ctx, const struct row *row)
{
    struct buf *list = ctx;
    buf_add(list, row->id.b, ID_BYTES);
    return list->err;
}

/* One of a table whose rows hang on the person by their first field. */
static enum err copy_row(struct accepting *a, const struct table *table, const struct id *id)
{
    const struct str parts[] = {{(const char *)a->referral->b, ID_BYTES},
                                {(const char *)id->b, ID_BYTES}};
    const struct id as = id_derive(table->id, parts, 2);
    const struct value person = value_id(&a->dossier);
    struct row *row = arena_new(&a->arena, sizeof *row);
    if (row == NULL)
        return ERR_NOMEM;
    enum err err = rows_find(a->s, table, id, &a->arena, row);
    return err == ERR_OK ? insert_copy(a, table, row, &as, &person, table->fields[0].id) : err;
}

static enum err copy_rows(struct accepting *a, const struct table *table)
{
    struct buf list = {0};
    enum err err = ERR_OK;
    for (size_t i = 0; i < a->from_count && err == ERR_OK; i++) {
        const struct filter of = {&table->fields[0], value_id(&a->from[i])};
        err = rows_list(a->s, table, &of, 1, false, 0, note_id, &list);
    }
    for (size_t at = 0; at < list.n && err == ERR_OK; at += ID_BYTES) {
        struct id id;
        memcpy(id.b, list.p + at, ID_BYTES);
        err = copy_row(a, table, &id);
    }
    buf_done(&list);
    return err;
}

static enum err copy_all(struct accepting *a)
{
    static const uint16_t tables[] = {TABLE_CONTACT_POINT, TABLE_PERSON_TAG,
                                      TABLE_PERSON_LANGUAGE};
    enum err err = copy_person(a);
    for (size_t i = 0; i < sizeof tables / sizeof *tables && err == ERR_OK; i++)
        err = copy_rows(a, table_of(a, tables[i]));
    return err;
}

/* ---- in one operation ---- */

static enum err answer(struct accepting *a, const struct edit_value *values, size_t count)
{
    const struct table *table = table_of(a, TABLE_REFERRAL);
    struct edit_value all[SCHEMA_FIELDS_MAX];
    size_t n = 0;
    all[n++] = (struct edit_value){schema_field(table, FIELD_REFERRAL_ANSWER),
                                   value_text(STR("accepted"))};
    for (size_t i = 0; i < count && n < SCHEMA_FIELDS_MAX; i++)
        if (values[i].field != all[0].field)
            all[n++] = values[i];
    return edit_update(a->edit, table, a->referral, all, n, a->why);
}

enum err accept_referral(struct store *s, const struct id *referral,
                         const struct edit_value *values, size_t count, struct id *dossier,
                         struct note *why)
{
    struct accepting a = {
        .s = s, .referral = referral, .dossier = referrals_dossier(referral), .why = why};
    *dossier = a.dossier;
    enum err err = read_referral(&a);
    if (err == ERR_OK)
        err = edit_open(s, &a.edit, why);
    if (err == ERR_OK) {
        edit_whole(a.edit);
        err = answer(&a, values, count);
    }
    if (err == ERR_OK)
        err = copy_all(&a);
    arena_done(&a.arena);
    if (err == ERR_OK)
        return edit_commit(a.edit, why);
    edit_abort(a.edit);
    return err;
}
