/* SPDX-License-Identifier: Apache-2.0 */
#include "store/feed.h"
#include "store/inside.h"
#include "store/judge.h"
#include "store/rules.h"
#include "store/scopes.h"

enum err origin_staff(struct store *s, uint32_t origin, struct id *out)
{
    *out = (struct id){0};
    if (origin == 0)
        return ERR_OK;
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ORIGIN_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, origin);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW && !col_id(stmt, 0, out))
        err = ERR_CORRUPT;
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : err;
}

static struct value *field_of(struct row *row, const struct table *table, uint16_t id)
{
    int i = schema_field_index(table, id);
    must(i >= 0);
    return &row->values[i];
}

static void set_staff(struct row *row, const struct table *table, uint16_t field,
                      const struct id *staff)
{
    if (!id_is_null(staff))
        *field_of(row, table, field) = value_id(staff);
}

enum err conflict_add(struct judge *j, const struct table *table, const struct row *row,
                      const struct conflict_case *c)
{
    const struct table *to = schema_table(j->s->env.schema, TABLE_CONFLICT);
    struct row *out = arena_new(j->arena, sizeof *out);
    if (to == NULL || out == NULL)
        return ERR_NOMEM;
    out->id = store_new_id(j->s);
    out->stamp.hlc = hlc_tick(&j->s->clock, j->recv_ms);
    out->form = j->s->env.schema->version;
    out->scope = row->scope;
    out->versions.made_seq = j->seq;
    *field_of(out, to, FIELD_CONFLICT_OF_TABLE) = value_text(str_of(table->name));
    *field_of(out, to, FIELD_CONFLICT_OF_ROW) = value_id(&row->id);
    *field_of(out, to, FIELD_CONFLICT_OF_FIELD) = value_text(str_of(c->of_field));
    *field_of(out, to, FIELD_CONFLICT_BASE) = value_bytes(c->base);
    *field_of(out, to, FIELD_CONFLICT_CURRENT) = value_bytes(c->current);
    *field_of(out, to, FIELD_CONFLICT_OTHER) = value_bytes(c->other);
    set_staff(out, to, FIELD_CONFLICT_CURRENT_BY, &c->current_by);
    set_staff(out, to, FIELD_CONFLICT_OTHER_BY, &c->other_by);
    *field_of(out, to, FIELD_CONFLICT_CURRENT_AT) = value_int(c->current_ms);
    *field_of(out, to, FIELD_CONFLICT_OTHER_AT) = value_int(c->other_ms);
    *field_of(out, to, FIELD_CONFLICT_RECEIVED) = value_int(j->recv_ms);
    *field_of(out, to, FIELD_CONFLICT_ORIGIN) = value_int(c->origin);
    /* Two decisions of one conflict: who could make it decides between them. */
    uint8_t decider = table->id == TABLE_CONFLICT ? rules_decider(table, row) : c->decider;
    *field_of(out, to, FIELD_CONFLICT_DECIDER) = value_int(decider);
    *field_of(out, to, FIELD_CONFLICT_REASON) = value_text(str_of(c->why));
    *field_of(out, to, FIELD_CONFLICT_STATE) = value_text(STR("open"));
    out->seq = j->seq;
    enum err err = rows_insert(j->s, to, out);
    out->seq = 0;
    /* Whoever may not read the field may not read its conflict either. */
    uint8_t facet = table->facet;
    struct scope scope;
    if (err == ERR_OK && facet == 0)
        err = scopes_of(j->s, table, &row->id, row->values, &scope, &facet);
    if (err == ERR_NOTFOUND) {
        facet = FACET_VAULT;
        err = ERR_OK;
    }
    return err == ERR_OK ? feed_move(j->s, to, out, facet, j->seq) : err;
}
