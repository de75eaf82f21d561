/* SPDX-License-Identifier: Apache-2.0 */
#include "store/judge.h"

#include "store/erase.h"
#include "store/expire.h"
#include "store/feed.h"
#include "store/grants.h"
#include "store/holders.h"
#include "store/inside.h"
#include "store/lookalike.h"
#include "store/quarantine.h"
#include "store/referents.h"
#include "store/referrals.h"
#include "store/rules.h"
#include "store/scopes.h"
#include "store/unknown.h"

enum err author_put(struct author *author, const struct grant *grant)
{
    if (author->grants != author->own) {
        enum err err = grants_copy(author->own, author->grants);
        if (err != ERR_OK)
            return err;
        author->grants = author->own;
    }
    return grants_put(author->own, grant);
}

/* Read the fields of an insert into the row; those unknown here are kept raw. */
static enum err read_insert(struct judge *j, const struct table *table, uint32_t fields,
                            struct cur *cur, struct row *row)
{
    struct buf raw = {0};
    for (uint32_t i = 0; i < fields && !cur->bad; i++) {
        uint16_t id = (uint16_t)unpack_int_in(cur, 1, UINT16_MAX);
        int index = schema_field_index(table, id);
        if (index >= 0)
            row->values[index] = value_unpack(table->fields[index].kind, cur);
        else if (!cur->bad && id <= FIELD_ID_MAX)
            raw_set(&raw, id, row->stamp, unpack_any(cur));
        else
            cur->bad = true;
    }
    enum err err = cur->bad || raw.n > RAW_BYTES_MAX ? ERR_FORMAT : raw.err;
    if (err == ERR_OK && raw.n > 0) {
        row->raw.p = arena_copy(j->arena, raw.p, raw.n);
        row->raw.n = raw.n;
        err = row->raw.p == NULL ? ERR_NOMEM : ERR_OK;
    }
    buf_done(&raw);
    return err;
}

static enum err check_insert(struct judge *j, const struct table *table, const struct row *row)
{
    enum err err = ERR_OK;
    for (uint16_t i = 0; i < table->field_count && err == ERR_OK && j->reason == REASON_NONE;
         i++) {
        const struct value *v = &row->values[i];
        if (v->type != VALUE_NULL || table->fields[i].required)
            err = judge_value(j, table, &table->fields[i], &row->id, v);
    }
    if (err == ERR_OK && j->reason == REASON_NONE &&
        (!rules_exactly_one(table, row->values) || !rules_outside_vault(table, row->values)))
        return judge_refuse(j, REASON_INVALID);
    return err;
}

/* The copy of whoever made the row too carries its own stamps: tell it every field. */
static void retell_all(struct judge *j, const struct table *table, struct row *row)
{
    for (int i = -1; i < (int)table->field_count; i++) {
        uint16_t field = i < 0 ? FIELD_DELETED : table->fields[i].id;
        const struct version *v = versions_find(&row->versions, field);
        if (v == NULL || v->seq != j->seq)
            settle_retold(j, row, field);
    }
}

/* The value before is the author's word, and goes into the conflict row: a made-up one must not
 * be longer than the field ever was. */
static bool could_hold(const struct field *field, const struct value *before)
{
    enum { UTF8_BYTES_MAX = 4 };
    return before->type != VALUE_TEXT || field->max == 0 ||
           before->s.n <= (uint64_t)field->max * UTF8_BYTES_MAX;
}

static enum err read_update(struct judge *j, const struct table *table,
                            const struct change *change, struct cur *cur,
                            struct edit_field *edits)
{
    if (change->fields > SCHEMA_FIELDS_MAX * 2)
        return ERR_FORMAT;
    for (uint32_t i = 0; i < change->fields && !cur->bad; i++) {
        struct edit_field *e = &edits[i];
        e->base = op_field_base(cur, &e->id);
        e->index = schema_field_index(table, e->id);
        if (e->index >= 0) {
            e->before = value_unpack(table->fields[e->index].kind, cur);
            e->after = value_unpack(table->fields[e->index].kind, cur);
            cur->bad = cur->bad || !could_hold(&table->fields[e->index], &e->before);
        } else if (e->id == FIELD_DELETED) {
            e->before = value_unpack(KIND_BOOL, cur);
            e->after = value_unpack(KIND_BOOL, cur);
        } else {
            cur->bad = cur->bad || e->id > FIELD_ID_MAX;
            (void)unpack_any(cur);
            e->raw = unpack_any(cur);
        }
        for (uint32_t k = 0; k < i; k++)
            cur->bad = cur->bad || edits[k].id == e->id;
    }
    (void)j;
    return cur->bad ? ERR_FORMAT : ERR_OK;
}

/* Whether two rows are the same is for someone who may read both. */
static enum err check_case(struct judge *j, const struct table *table, const struct row *row)
{
    if (table->id != TABLE_DUPLICATE_CASE || j->author->origin == 0)
        return ERR_OK;
    int kind = schema_field_index(table, FIELD_DUPLICATE_KIND);
    int right = schema_field_index(table, FIELD_DUPLICATE_RIGHT);
    must(kind >= 0 && right >= 0);
    const struct table *to = row->values[kind].type == VALUE_TEXT
                                 ? schema_table_named(j->s->env.schema, row->values[kind].s)
                                 : NULL;
    struct scope scope = {0};
    struct id id;
    if (to == NULL || row->values[right].type != VALUE_BYTES)
        return ERR_CORRUPT;
    memcpy(id.b, row->values[right].s.p, ID_BYTES);
    enum err err = rows_locate(j->s, to, &id, &scope);
    if (err == ERR_NOTFOUND ||
        (err == ERR_OK && !scope_may_read(j->author->grants, scope, to->facet)))
        return judge_refuse(j, REASON_RIGHTS);
    return err;
}

/* Was an edit made on top of a value that was refused? Who wrote it took for granted what the
 * server does not hold. Asked only where the base is not the present version. */
static enum err check_base(struct judge *j, const struct row *row, const struct edit_field *e)
{
    bool refused = false;
    if (e->base.origin == 0 || stamp_eq(row_stamp(row, e->id), e->base))
        return ERR_OK;
    enum err err = quarantine_wrote(j->s, e->base, &refused);
    return err == ERR_OK && refused ? judge_refuse(j, REASON_DEPENDS) : err;
}

/* Rules that hold whoever is right: program's fields, locked rows, valid values. */
static enum err check_update(struct judge *j, const struct table *table, const struct row *row,
                             const struct edit_field *edits, uint32_t count)
{
    uint8_t decider = rules_decider(table, row);
    if (decider != 0 && j->author->origin != 0 && (judge_roles(j, row->scope) & decider) == 0)
        return judge_refuse(j, REASON_RIGHTS);
    bool locked = false;
    enum err err = check_case(j, table, row);
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = referrals_check_update(j, table, row, edits, count);
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = rules_locked(j->s, table, row, j->arena, &locked);
    for (uint32_t i = 0; i < count && err == ERR_OK && j->reason == REASON_NONE; i++) {
        const struct edit_field *e = &edits[i];
        err = check_base(j, row, e);
        if (err != ERR_OK || j->reason != REASON_NONE)
            break;
        if (e->id == FIELD_DELETED) {
            if (e->after.type != VALUE_INT || table->program_only)
                err = judge_refuse(j, REASON_INVALID);
            continue;
        }
        bool own_state = rules_own_state(table, e->id);
        bool tie = e->index >= 0 && table->fields[e->index].tie != TIE_NONE;
        if (locked && !own_state && !tie &&
            (e->index < 0 || !value_eq(&row->values[e->index], &e->after)))
            return judge_refuse(j, REASON_FROZEN);
        if (e->index < 0)
            continue;
        if (!rules_field_open(table, e->id) && j->author->origin != 0)
            return judge_refuse(j, REASON_RIGHTS);
        err = judge_value(j, table, &table->fields[e->index], &row->id, &e->after);
    }
    return err;
}

/* The rules for the row as a whole, once all fields are brought in. */
static enum err check_settled(struct judge *j, const struct table *table, const struct row *row,
                              uint8_t *facet)
{
    if (!rules_exactly_one(table, row->values) || !rules_outside_vault(table, row->values))
        return judge_refuse(j, REASON_INVALID);
    struct scope scope = row->scope;
    enum err err = scopes_of(j->s, table, &row->id, row->values, &scope, facet);
    if (err == ERR_NOTFOUND || (err == ERR_OK && scope.home != row->scope.home))
        return judge_refuse(j, REASON_SCOPE);
    return err == ERR_OK ? judge_staff(j, table, row->values) : err;
}

/* The same row made twice (ids derived from its fields, or sent again under another epoch):
 * what this side wrote is merged field by field. */
static enum err merge_insert(struct judge *j, const struct table *table,
                             const struct row *incoming)
{
    struct row *row = arena_new(j->arena, sizeof *row);
    struct edit_field *edits = arena_new(j->arena, SCHEMA_FIELDS_MAX * sizeof *edits);
    if (row == NULL || edits == NULL)
        return ERR_NOMEM;
    enum err err = rows_find(j->s, table, &incoming->id, j->arena, row);
    uint8_t facet = 0;
    if (err == ERR_OK)
        err = judge_facet(j, table, row, &facet);
    if (err != ERR_OK)
        return err;
    err = judge_rights(j, table, row->scope, facet);
    if (err != ERR_OK || j->reason != REASON_NONE)
        return err;
    uint32_t count = 0;
    for (uint16_t i = 0; i < table->field_count; i++) {
        if (incoming->values[i].type == VALUE_NULL)
            continue;
        edits[count++] = (struct edit_field){.index = i,
                                             .id = table->fields[i].id,
                                             .before = VALUE_NONE,
                                             .after = incoming->values[i]};
    }
    /* What locks a row against a change locks it against being made again. */
    err = judge_staff(j, table, row->values);
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = check_update(j, table, row, edits, count);
    if (err == ERR_OK && j->reason == REASON_NONE && table->id == TABLE_ERASURE)
        err = erase_check_update(j, row, edits, count);
    bool changed = false;
    struct lookalike before = {.count = 0};
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = lookalike_of(table, row, j->recv_ms, &before);
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = settle_update(j, table, row, edits, count, &changed);
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = check_settled(j, table, row, &facet);
    if (err != ERR_OK || j->reason != REASON_NONE)
        return err;
    retell_all(j, table, row);
    err = feed_move(j->s, table, row, facet, j->seq);
    if (err == ERR_OK)
        err = rows_update(j->s, table, row);
    if (err == ERR_OK)
        err = holders_touch(j->s, table, row, false);
    if (err == ERR_OK)
        err = lookalike_seen(j, table, row, &before);
    if (j->verdict == VERDICT_APPLIED)
        j->verdict = VERDICT_MERGED;
    return err;
}

/* The same opening noted by two devices, or sent again: the first stays. */
static enum err merge_logged(struct judge *j, const struct table *table, const struct id *id)
{
    struct row *row = arena_new(j->arena, sizeof *row);
    uint8_t facet = 0;
    enum err err = row == NULL ? ERR_NOMEM : rows_find(j->s, table, id, j->arena, row);
    if (err == ERR_OK)
        err = judge_facet(j, table, row, &facet);
    if (err != ERR_OK)
        return err;
    retell_all(j, table, row);
    err = feed_move(j->s, table, row, facet, j->seq);
    if (j->verdict == VERDICT_APPLIED)
        j->verdict = VERDICT_MERGED;
    return err == ERR_OK ? rows_update(j->s, table, row) : err;
}

/* Did the author hold a role that opens dossiers there when this was made; as a coach? */
static enum err opened_then(struct judge *j, const struct table *table, struct scope home,
                            bool *had, bool *coach)
{
    struct table as_coach = *table;
    as_coach.writers = ROLE_JOBCOACH;
    const struct id *staff = &j->author->staff;
    enum err err = grants_had_then(j->s, staff, table, home, table->facet, j->edit_ms, had);
    if (err == ERR_OK)
        err = grants_had_then(j->s, staff, &as_coach, home, table->facet, j->edit_ms, coach);
    return err;
}

/* A new dossier: its maker needs the role in the structure, and holds it from here on. Whose
 * role has ended since holds it for the rest of the operation, and then hears that it leaves.
 */
static enum err open_dossier(struct judge *j, const struct table *table, struct scope scope)
{
    struct scope home = {.home = scope.home};
    const struct grant opened = {.home = scope.home,
                                 .dossier = scope.dossier,
                                 .roles = ROLE_JOBCOACH,
                                 .facets = FACET_FACTS | FACET_NOTES | FACET_VAULT};
    if (j->author->origin == 0)
        return ERR_OK;
    uint8_t roles = judge_roles(j, home);
    bool had = (roles & table->writers) != 0;
    bool coach = (roles & ROLE_JOBCOACH) != 0;
    enum err err = had ? ERR_OK : opened_then(j, table, home, &had, &coach);
    if (err != ERR_OK || !had)
        return err == ERR_OK ? judge_refuse(j, REASON_RIGHTS) : err;
    return coach ? author_put(j->author, &opened) : ERR_OK;
}

/* May it be made at all? That an erased dossier was opened, or one longer ago than is kept, is
 * taken, and nothing kept of it here or there. */
static enum err check_makes(struct judge *j, const struct table *table, const struct row *row,
                            bool *nothing)
{
    uint64_t erased = 0;
    enum err err = ERR_OK;
    if (table->id != TABLE_ERASURE)
        err = erased_refers(j->s, table, row->values, &erased);
    *nothing = err == ERR_OK && erased != 0 && table->logged;
    if (*nothing)
        return erase_again_on(j->s, j->author->origin, erased);
    if (err == ERR_OK && table->logged)
        err = expire_old(j->s, row->stamp, nothing);
    if (err != ERR_OK || *nothing)
        return err;
    if (err == ERR_OK && erased != 0)
        return judge_refuse(j, REASON_ERASED);
    if (err == ERR_OK && table->program_only && !table->logged && j->author->origin != 0)
        return judge_refuse(j, REASON_RIGHTS);
    return err;
}

static enum err judge_insert(struct judge *j, const struct table *table,
                             const struct change *change, struct cur *cur)
{
    struct row *row = rows_fresh(j->s, table);
    row->id = change->row;
    row->stamp = (struct stamp){.hlc = j->op->hlc, .origin = j->author->origin};
    row->adj_ms = j->edit_ms - hlc_ms(j->op->hlc);
    row->by = j->op->actor;
    row->form = j->op->form;
    bool nothing = false;
    enum err err = read_insert(j, table, change->fields, cur, row);
    if (err == ERR_OK)
        err = check_makes(j, table, row, &nothing);
    if (err == ERR_OK && j->reason == REASON_NONE && !nothing)
        err = check_insert(j, table, row);
    if (err != ERR_OK || j->reason != REASON_NONE || nothing)
        return err;
    uint8_t facet = 0;
    err = scopes_of(j->s, table, &row->id, row->values, &row->scope, &facet);
    if (err == ERR_NOTFOUND)
        return judge_refuse(j, REASON_SCOPE);
    bool opens = table->scope == SCOPE_PERSON;
    if (err == ERR_OK && table->logged)
        err = judge_logged(j, table, row, facet);
    else if (err == ERR_OK && !opens)
        err = judge_rights(j, table, row->scope, facet);
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = judge_staff(j, table, row->values);
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = referrals_check_insert(j, table, row);
    if (err == ERR_OK && j->reason == REASON_NONE && table->id == TABLE_ERASURE)
        err = erase_check_insert(j, row);
    if (err != ERR_OK || j->reason != REASON_NONE)
        return err;
    row->seq = j->seq;
    row->versions.made_seq = j->seq;
    err = rows_insert(j->s, table, row);
    if (err == ERR_EXISTS && table->logged)
        return merge_logged(j, table, &row->id);
    if (err == ERR_EXISTS)
        return merge_insert(j, table, row);
    if (err == ERR_OK && opens)
        err = open_dossier(j, table, row->scope);
    if (j->reason != REASON_NONE)
        return err;
    if (err == ERR_OK) {
        row->seq = 0;
        err = feed_move(j->s, table, row, facet, j->seq);
    }
    if (err == ERR_OK) {
        rows_remember(j->s, table, &row->id, row->scope);
        err = holders_touch(j->s, table, row, true);
        if (err == ERR_OK)
            err = lookalike_seen(j, table, row, NULL);
        if (err == ERR_OK)
            err = referents_check(j, table, row);
    }
    return err;
}

static enum err find_for_change(struct judge *j, const struct table *table,
                                const struct change *change, struct row **out)
{
    struct row *row = arena_new(j->arena, sizeof *row);
    if (row == NULL)
        return ERR_NOMEM;
    enum err err = rows_find(j->s, table, &change->row, j->arena, row);
    if (err == ERR_OK)
        *out = row;
    return err;
}

bool judge_decides(const struct judge *j, const struct row *row, const struct field *field)
{
    return field->merge == MERGE_ONCE &&
           (j->author->decides ||
            (j->decided_field == field && id_eq(&j->decided_row, &row->id)));
}

/* Remember what a decision is about, for the values that follow it in the same operation. Who
 * may decide was checked. */
static void note_decided(struct judge *j, const struct table *table, const struct row *row)
{
    if (table->id != TABLE_CONFLICT)
        return;
    int of_table = schema_field_index(table, FIELD_CONFLICT_OF_TABLE);
    int of_row = schema_field_index(table, FIELD_CONFLICT_OF_ROW);
    int of_field = schema_field_index(table, FIELD_CONFLICT_OF_FIELD);
    must(of_table >= 0 && of_row >= 0 && of_field >= 0);
    const struct table *to = row->values[of_table].type == VALUE_TEXT
                                 ? schema_table_named(j->s->env.schema, row->values[of_table].s)
                                 : NULL;
    if (to == NULL || row->values[of_row].type != VALUE_BYTES)
        return;
    memcpy(j->decided_row.b, row->values[of_row].s.p, ID_BYTES);
    j->decided_field = row->values[of_field].type == VALUE_TEXT
                           ? schema_field_named(to, row->values[of_field].s)
                           : NULL;
}

static enum err judge_update(struct judge *j, const struct table *table,
                             const struct change *change, struct cur *cur)
{
    struct edit_field *edits = arena_new(j->arena, (change->fields + 1) * sizeof *edits);
    struct row *row = NULL;
    enum err err = edits == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK)
        err = read_update(j, table, change, cur, edits);
    if (err == ERR_OK)
        err = find_for_change(j, table, change, &row);
    if (err == ERR_NOTFOUND)
        return judge_missing(j, table, &change->row);
    uint8_t facet = 0;
    if (err == ERR_OK)
        err = judge_facet(j, table, row, &facet);
    if (err == ERR_OK)
        err = judge_rights(j, table, row->scope, facet);
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = judge_staff(j, table, row->values);
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = check_update(j, table, row, edits, change->fields);
    if (err == ERR_OK && j->reason == REASON_NONE && table->id == TABLE_ERASURE)
        err = erase_check_update(j, row, edits, change->fields);
    bool changed = false;
    struct lookalike before = {.count = 0};
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = lookalike_of(table, row, j->recv_ms, &before);
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = settle_update(j, table, row, edits, change->fields, &changed);
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = check_settled(j, table, row, &facet);
    if (err != ERR_OK || j->reason != REASON_NONE || !changed)
        return err;
    err = feed_move(j->s, table, row, facet, j->seq);
    if (err == ERR_OK)
        err = rows_update(j->s, table, row);
    if (err == ERR_OK)
        err = lookalike_seen(j, table, row, &before);
    if (err == ERR_OK)
        note_decided(j, table, row);
    if (err == ERR_OK && table->id == TABLE_ERASURE)
        err = erase_settled(j, row);
    return err == ERR_OK ? holders_touch(j->s, table, row, false) : err;
}

enum err judge_change(struct judge *j, const struct change *change, struct cur *cur)
{
    const struct table *table = schema_table(j->s->env.schema, change->table);
    if (change->table == OP_CLOSING_TABLE)
        return judge_closing(j, change, cur);
    uint64_t erased = 0;
    enum err err = erased_find(j->s, &change->row, &erased);
    if (err != ERR_OK || erased != 0)
        return err == ERR_OK ? judge_refuse(j, REASON_ERASED) : err;
    if (table == NULL)
        return judge_refuse(j, REASON_UNKNOWN);
    if (change->kind == CHANGE_INSERT)
        return judge_insert(j, table, change, cur);
    return judge_update(j, table, change, cur);
}

enum err judge_retell(struct judge *j, const struct change *change, struct cur *cur)
{
    const struct table *table = schema_table(j->s->env.schema, change->table);
    if (table == NULL)
        return ERR_OK;
    bool insert = change->kind == CHANGE_INSERT;
    struct edit_field *edits = arena_new(j->arena, (change->fields + 1) * sizeof *edits);
    struct row *row = NULL;
    enum err err = edits == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK && !insert)
        err = read_update(j, table, change, cur, edits);
    if (err == ERR_OK)
        err = find_for_change(j, table, change, &row);
    uint8_t facet = 0;
    if (err == ERR_OK)
        err = judge_facet(j, table, row, &facet);
    if (err != ERR_OK)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    if (j->author->origin == 0 || !scope_may_read(j->author->grants, row->scope, facet))
        return ERR_OK;
    if (insert)
        retell_all(j, table, row);
    for (uint32_t i = 0; i < change->fields && !insert; i++) {
        if (edits[i].index >= 0 || edits[i].id == FIELD_DELETED)
            settle_retold(j, row, edits[i].id);
    }
    err = feed_move(j->s, table, row, facet, j->seq);
    return err == ERR_OK ? rows_update(j->s, table, row) : err;
}
