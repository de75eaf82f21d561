/* SPDX-License-Identifier: Apache-2.0 */
/* May this author do this, and is it something that can be? */
#include "store/judge.h"

#include "store/erase.h"
#include "store/grants.h"
#include "store/holders.h"
#include "store/inside.h"
#include "store/scopes.h"

enum err judge_refuse(struct judge *j, enum reason reason)
{
    j->verdict = VERDICT_REFUSED;
    j->reason = reason;
    return ERR_OK;
}

/* A table without a facet of its own takes its row's: whoever may not read it may not write it.
 * What was granted when the edit was made counts: the device could not know better. */
enum err judge_rights(struct judge *j, const struct table *table, struct scope scope,
                      uint8_t facet)
{
    if (j->author->origin == 0 ||
        (scope_may_write(j->author->grants, table, scope) &&
         (table->facet != 0 || scope_may_read(j->author->grants, scope, facet))))
        return ERR_OK;
    bool had = false;
    enum err err =
        grants_had_then(j->s, &j->author->staff, table, scope, facet, j->edit_ms, &had);
    if (err != ERR_OK || !had)
        return err == ERR_OK ? judge_refuse(j, REASON_RIGHTS) : err;
    return holders_trace(j->s, &j->author->staff, scope, j->seq, j->recv_ms);
}

/* What somebody did is taken down whether they may or not; what others did is for them to tell.
 * Who may not see it hears that it leaves. */
enum err judge_logged(struct judge *j, const struct table *table, const struct row *row,
                      uint8_t facet)
{
    int at = schema_field_index(table, FIELD_ACCESS_STAFF);
    const struct value staff = value_id(&j->author->staff);
    must(at >= 0);
    if (j->author->origin == 0)
        return ERR_OK;
    if (!value_eq(&row->values[at], &staff))
        return judge_refuse(j, REASON_RIGHTS);
    if (scope_may_read(j->author->grants, row->scope, facet))
        return ERR_OK;
    return holders_trace(j->s, &j->author->staff, row->scope, j->seq, j->recv_ms);
}

uint8_t judge_roles(const struct judge *j, struct scope scope)
{
    return scope_roles(j->author->grants, scope);
}

/* Rights come from these two tables. Whoever coordinates a structure places its people and
 * gives out its roles, not those of other structures, and makes nobody an administrator:
 * otherwise each coordinator could give himself every right there is. */
enum err judge_staff(struct judge *j, const struct table *table, const struct value *values)
{
    bool roles = table->id == TABLE_STAFF_ROLE;
    if (j->author->origin == 0 || (!roles && table->id != TABLE_STAFF))
        return ERR_OK;
    if ((j->author->grants->roles & (ROLE_ADMIN | ROLE_FEDERATION)) != 0)
        return ERR_OK;
    int at = schema_field_index(table, roles ? (uint16_t)FIELD_STAFF_ROLE_STRUCTURE
                                             : (uint16_t)FIELD_STAFF_STRUCTURE);
    int role = roles ? schema_field_index(table, FIELD_STAFF_ROLE_ROLE) : -1;
    must(at >= 0);
    struct id id = {0};
    struct scope scope = {0};
    if (values[at].type != VALUE_BYTES || values[at].s.n != ID_BYTES ||
        (role >= 0 && values[role].type == VALUE_TEXT && str_eq(values[role].s, STR("admin"))))
        return judge_refuse(j, REASON_RIGHTS);
    memcpy(id.b, values[at].s.p, ID_BYTES);
    enum err err = scopes_home(j->s, &id, &scope.home);
    if (err == ERR_NOTFOUND || (err == ERR_OK && (judge_roles(j, scope) & table->writers) == 0))
        return judge_refuse(j, REASON_RIGHTS);
    return err;
}

/* Facet of a stored row; FACET_VAULT when it can no longer be told. */
enum err judge_facet(struct judge *j, const struct table *table, const struct row *row,
                     uint8_t *facet)
{
    *facet = table->facet;
    if (table->facet != 0)
        return ERR_OK;
    struct scope scope;
    enum err err = scopes_of(j->s, table, &row->id, row->values, &scope, facet);
    if (err == ERR_NOTFOUND)
        *facet = FACET_VAULT;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* A row that should exist does not: was it erased, its insert refused, or never seen? */
enum err judge_missing(struct judge *j, const struct table *table, const struct id *id)
{
    struct stmt *stmt = NULL;
    uint64_t erased = 0;
    enum err err = erased_find(j->s, id, &erased);
    if (err != ERR_OK || erased != 0)
        return err == ERR_OK ? judge_refuse(j, REASON_ERASED) : err;
    err = store_sql(j->s, SQL_QUARANTINE_ROW_FIND, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, table->id);
    bind_id(stmt, 2, id);
    bind_int(stmt, 3, j->author->origin);
    enum step step = stmt_step(stmt);
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(j->s->db);
    return judge_refuse(j, step == STEP_ROW ? REASON_DEPENDS : REASON_MISSING);
}

/* A value as declared, and pointing to a row that exists. */
enum err judge_value(struct judge *j, const struct table *table, const struct field *field,
                     const struct id *row, const struct value *v)
{
    if (value_check(field, v, NULL) != ERR_OK)
        return judge_refuse(j, REASON_INVALID);
    if (field->kind != KIND_REF || v->type == VALUE_NULL)
        return ERR_OK;
    struct id to = {0};
    memcpy(to.b, v->s.p, ID_BYTES);
    if (field->ref == table->id && id_eq(&to, row))
        return ERR_OK;
    const struct table *target = schema_table(j->s->env.schema, field->ref);
    struct scope scope;
    enum err err = rows_locate(j->s, target, &to, &scope);
    return err == ERR_NOTFOUND ? judge_missing(j, target, &to) : err;
}
