/* SPDX-License-Identifier: Apache-2.0 */
#include "store/referents.h"

#include "store/inside.h"

static enum err pack_end(const struct table *table, const struct value *v, struct buf *out)
{
    pack_int(out, schema_field_named(table, STR("end"))->id);
    value_pack(v, out);
    return out->err;
}

static enum err ask(struct judge *j, const struct table *table, const struct row *row,
                    const struct row *other)
{
    struct buf open = {0};
    struct buf ended = {0};
    enum err err = pack_end(table, &VALUE_NONE, &open);
    if (err == ERR_OK)
        err = pack_end(table, rows_named(table, row, "start"), &ended);
    const struct conflict_case c = {.of_field = "end",
                                    .base = buf_str(&open),
                                    .current = buf_str(&open),
                                    .other = buf_str(&ended),
                                    .current_by = j->op->actor,
                                    .other_by = other->by,
                                    .current_ms = j->edit_ms,
                                    .other_ms = hlc_ms(other->stamp.hlc) + other->adj_ms,
                                    .origin = j->author->origin,
                                    .decider = ROLE_COORDINATOR,
                                    .why = "two_referents"};
    if (err == ERR_OK)
        err = conflict_add(j, table, row, &c);
    buf_done(&open);
    buf_done(&ended);
    if (j->verdict < VERDICT_CONFLICT)
        j->verdict = VERDICT_CONFLICT;
    return err;
}

/* Another open referent of the pathway that this author had not been told of; *found. */
static enum err unseen(struct judge *j, const struct table *table, struct stmt *stmt,
                       struct row *other, bool *found)
{
    enum err err = ERR_OK;
    enum step step = STEP_DONE;
    while (err == ERR_OK && !*found && (step = stmt_step(stmt)) == STEP_ROW) {
        err = rows_at(j->s, table, col_int(stmt, 0), j->arena, other);
        *found = err == ERR_OK && other->stamp.origin != j->author->origin &&
                 other->versions.made_seq > j->op->seen;
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(j->s->db) : err;
}

enum err referents_check(struct judge *j, const struct table *table, const struct row *row)
{
    if (table->id != TABLE_ASSIGNMENT)
        return ERR_OK;
    const struct value *role = rows_named(table, row, "role");
    const struct value *pathway = rows_named(table, row, "pathway");
    const struct value *staff = rows_named(table, row, "staff");
    if (role->type != VALUE_TEXT || !str_eq(role->s, STR("referent")) ||
        pathway->type != VALUE_BYTES || staff->type != VALUE_BYTES ||
        rows_named(table, row, "end")->type != VALUE_NULL)
        return ERR_OK;
    struct row *other = arena_new(j->arena, sizeof *other);
    struct stmt *stmt = NULL;
    bool found = false;
    enum err err = other == NULL ? ERR_NOMEM : store_sql(j->s, SQL_REFERENTS, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, row->scope.dossier);
    bind_blob(stmt, 2, pathway->s);
    bind_blob(stmt, 3, staff->s);
    err = unseen(j, table, stmt, other, &found);
    return err == ERR_OK && found ? ask(j, table, row, other) : err;
}
