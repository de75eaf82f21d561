/* SPDX-License-Identifier: Apache-2.0 */
#include "store/scopes.h"

#include "store/inside.h"

enum err scopes_init(struct store *s)
{
    static const struct id network = {{0}};
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_SCOPE_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, SCOPE_KIND_NETWORK);
    bind_id(stmt, 2, &network);
    err = stmt_run(stmt);
    must(err != ERR_OK || db_last_rowid(s->db) == SCOPE_HOME_NETWORK);
    return err;
}

static enum err find(struct store *s, const struct id *id, uint32_t *sid)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_SCOPE_BY_ID, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, id);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        *sid = (uint32_t)col_int(stmt, 0);
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return step == STEP_ROW ? ERR_OK : ERR_NOTFOUND;
}

/* The number of the scope named by this row, made when it has none yet. */
static enum err number(struct store *s, enum scope_kind kind, const struct id *id,
                       uint32_t parent, uint32_t *sid)
{
    enum err err = find(s, id, sid);
    if (err != ERR_NOTFOUND)
        return err;
    struct stmt *stmt = NULL;
    err = store_sql(s, SQL_SCOPE_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, kind);
    bind_id(stmt, 2, id);
    bind_int(stmt, 3, parent);
    err = stmt_run(stmt);
    if (err == ERR_OK)
        *sid = (uint32_t)db_last_rowid(s->db);
    return err;
}

static bool value_as_id(const struct value *v, struct id *out)
{
    if (v->type != VALUE_BYTES || v->s.n != ID_BYTES)
        return false;
    memcpy(out->b, v->s.p, ID_BYTES);
    return true;
}

/* Value of a field by its id; false when there is no such field or it is empty. */
static bool id_field(const struct table *table, const struct value *values, uint16_t field,
                     struct id *out)
{
    int i = field == 0 ? -1 : schema_field_index(table, field);
    return i >= 0 && value_as_id(&values[i], out);
}

enum err scopes_home(struct store *s, const struct id *structure, uint32_t *home)
{
    /* Structures are located like any row: the cache keeps their home under the structure's
     * table, whose own scope is the network, so the number is looked up in `scope`. */
    return find(s, structure, home);
}

/* A structure's home number through the cache, under a table id no schema uses. */
static enum err home_cached(struct store *s, const struct id *structure, uint32_t *home)
{
    static const struct table pseudo = {.id = SCHEMA_TABLE_ID_MAX + 1};
    struct id key = *structure;
    key.b[ID_BYTES - 1] ^= 1; /* a slot of its own beside the structure's row */
    struct scope scope = {0};
    if (rows_recall(s, &pseudo, &key, &scope)) {
        *home = scope.home;
        return ERR_OK;
    }
    enum err err = find(s, structure, &scope.home);
    if (err == ERR_OK) {
        rows_remember(s, &pseudo, &key, scope);
        *home = scope.home;
    }
    return err;
}

static enum err of_structure(struct store *s, const struct table *table,
                             const struct value *values, uint16_t field, struct scope *scope)
{
    struct id structure = {0};
    if (!id_field(table, values, field, &structure))
        return ERR_NOTFOUND;
    scope->dossier = 0;
    return home_cached(s, &structure, &scope->home);
}

static enum err of_ref(struct store *s, const struct table *table, const struct value *values,
                       struct scope *scope)
{
    struct id parent = {0};
    const struct field *field = schema_field(table, table->scope_field);
    if (!id_field(table, values, table->scope_field, &parent)) {
        field = schema_field(table, table->scope_else);
        if (field != NULL && field->ref == TABLE_STRUCTURE)
            return of_structure(s, table, values, table->scope_else, scope);
        if (field == NULL || !id_field(table, values, table->scope_else, &parent))
            return ERR_NOTFOUND;
    }
    const struct table *to = schema_table(s->env.schema, field->ref);
    return rows_locate(s, to, &parent, scope);
}

/* The row that one of these hangs on. */
static bool hangs_on(struct store *s, const struct table *table, const struct value *values,
                     const struct table **to, struct id *id)
{
    int i = schema_field_index(table, table->scope_table_field);
    if (i < 0 || values[i].type != VALUE_TEXT ||
        !id_field(table, values, table->scope_field, id))
        return false;
    *to = schema_table_named(s->env.schema, values[i].s);
    return *to != NULL;
}

/* A conflict may be about the decision of a conflict, that about a document, and that about a
 * person: the first row with a facet of its own tells. */
static enum err of_row(struct store *s, const struct table *table, const struct value *values,
                       struct scope *scope, uint8_t *facet)
{
    enum { HOPS_MAX = 16 };
    struct arena arena = {0};
    struct id id = {0};
    const struct table *to = NULL;
    enum err err = hangs_on(s, table, values, &to, &id) ? ERR_OK : ERR_NOTFOUND;
    for (int hop = 0; err == ERR_OK && *facet == 0 && to->facet == 0; hop++) {
        struct row *row = arena_new(&arena, sizeof *row);
        err = row == NULL ? ERR_NOMEM : rows_find(s, to, &id, &arena, row);
        if (err == ERR_OK && (hop == HOPS_MAX || !hangs_on(s, to, row->values, &to, &id)))
            err = ERR_NOTFOUND;
    }
    arena_done(&arena);
    if (err != ERR_OK)
        return err;
    if (*facet == 0)
        *facet = to->facet;
    return rows_locate(s, to, &id, scope);
}

enum err scopes_of(struct store *s, const struct table *table, const struct id *id,
                   const struct value *values, struct scope *scope, uint8_t *facet)
{
    enum err err = ERR_OK;
    *facet = table->facet;
    if (table->facet_field != 0) {
        const struct value *v = &values[schema_field_index(table, table->facet_field)];
        *facet = v->type == VALUE_TEXT ? schema_code_facet(table, v->s) : 0;
        if (*facet == 0)
            return ERR_NOTFOUND;
    }
    switch (table->scope) {
    case SCOPE_NETWORK:
        *scope = (struct scope){.home = SCOPE_HOME_NETWORK};
        if (table->id == TABLE_STRUCTURE) {
            uint32_t sid = 0;
            err = number(s, SCOPE_KIND_STRUCTURE, id, 0, &sid);
        }
        return err;
    case SCOPE_STRUCTURE:
        return of_structure(s, table, values, table->scope_field, scope);
    case SCOPE_PERSON:
        err = of_structure(s, table, values, table->scope_field, scope);
        return err == ERR_OK ? number(s, SCOPE_KIND_DOSSIER, id, scope->home, &scope->dossier)
                             : err;
    case SCOPE_OF_REF:
        return of_ref(s, table, values, scope);
    case SCOPE_OF_ROW:
        return of_row(s, table, values, scope, facet);
    }
    return ERR_NOTFOUND;
}

uint8_t scopes_role(struct str role, struct str structure_kind)
{
    if (str_eq(role, STR("jobcoach")))
        return ROLE_JOBCOACH;
    if (str_eq(role, STR("manager")))
        return ROLE_MANAGER;
    if (str_eq(role, STR("admin")))
        return ROLE_ADMIN;
    if (str_eq(role, STR("coordinator")))
        return str_eq(structure_kind, STR("federation")) ? ROLE_FEDERATION : ROLE_COORDINATOR;
    return 0;
}
