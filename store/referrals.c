/* SPDX-License-Identifier: Apache-2.0 */
#include "store/referrals.h"

#include "store/grants.h"
#include "store/inside.h"
#include "store/links.h"
#include "store/scopes.h"

enum { FIELD_PERSON_OF = 1 }; /* of both tables */

static const struct value *get(const struct table *table, const struct value *values,
                               uint16_t field)
{
    int i = schema_field_index(table, field);
    must(i >= 0);
    return &values[i];
}

static bool text_is(const struct value *v, const char *word)
{
    return v->type == VALUE_TEXT && str_eq(v->s, str_of(word));
}

static void refuse(struct judge *j, enum reason reason)
{
    j->verdict = VERDICT_REFUSED;
    j->reason = reason;
}

/* ---- consent ---- */

static bool points_all_yes(const struct table *table, const struct value *values)
{
    bool yes = true;
    for (int f = FIELD_REFERRAL_INFORMED; f <= FIELD_REFERRAL_NEEDED; f++) {
        const struct value *v = get(table, values, (uint16_t)f);
        yes = yes && v->type == VALUE_INT && v->i != 0;
    }
    return yes;
}

/* c: of the consent, r: of the referral. */
static bool covers(const struct table *consent, const struct value *c,
                   const struct table *referral, const struct value *r)
{
    const struct value *sent = get(referral, r, FIELD_REFERRAL_SENT_ON);
    const struct value *given = get(consent, c, FIELD_CONSENT_GIVEN_ON);
    const struct value *until = get(consent, c, FIELD_CONSENT_UNTIL);
    const struct value *for_whom = get(consent, c, FIELD_CONSENT_RECIPIENT);
    const struct value *shares = get(consent, c, FIELD_CONSENT_SHARES);
    bool in_time = sent->type == VALUE_INT && given->type == VALUE_INT && given->i <= sent->i &&
                   (until->type != VALUE_INT || until->i >= sent->i);
    bool to_them =
        for_whom->type == VALUE_NULL || value_eq(for_whom, get(referral, r, FIELD_REFERRAL_TO));
    bool as_much =
        text_is(shares, "facts_notes") ||
        (text_is(shares, "facts") && text_is(get(referral, r, FIELD_REFERRAL_SHARES), "facts"));
    return in_time && to_them && as_much &&
           value_eq(get(consent, c, FIELD_PERSON_OF), get(referral, r, FIELD_PERSON_OF)) &&
           text_is(get(consent, c, FIELD_CONSENT_PURPOSE), "share_structure") &&
           get(consent, c, FIELD_CONSENT_WITHDRAWN_ON)->type == VALUE_NULL;
}

static enum err is_covered(struct store *s, const struct table *table,
                           const struct value *values, bool *covered)
{
    struct id id;
    *covered = table->id != TABLE_REFERRAL;
    if (*covered || !points_all_yes(table, values) ||
        !value_to_id(get(table, values, FIELD_REFERRAL_CONSENT), &id))
        return ERR_OK;
    struct arena arena = {0};
    const struct table *consent = schema_table(s->env.schema, TABLE_CONSENT);
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(s, consent, &id, &arena, row);
    *covered = err == ERR_OK && !row->deleted && covers(consent, row->values, table, values);
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err referrals_check_door(struct store *s, const struct table *table,
                              const struct value *values, struct note *why)
{
    bool covered = true;
    enum err err = is_covered(s, table, values, &covered);
    if (err != ERR_OK || covered)
        return err;
    return note_set(why, ERR_INVALID,
                    N_("le consentement ne couvre pas cette passerelle : il faut les cinq "
                       "points à oui, et un consentement de cette personne pour cette "
                       "structure, en cours, non retiré, pour autant"));
}

/* ---- who ---- */

/* Does the author write referrals there in one of these roles, or did he when this was written?
 */
static enum err holds_as(struct judge *j, unsigned roles, struct scope scope, bool *out)
{
    struct table as = *schema_table(j->s->env.schema, TABLE_REFERRAL);
    as.writers &= (uint8_t)roles;
    *out = j->author->origin == 0 || scope_may_write(j->author->grants, &as, scope);
    if (*out)
        return ERR_OK;
    return grants_had_then(j->s, &j->author->staff, &as, scope, as.facet, j->edit_ms, out);
}

/* … otherwise than by a referral? */
static enum err holds(struct judge *j, struct scope scope, bool *out)
{
    return holds_as(j, ROLE_ANY, scope, out);
}

/* ---- a dossier opened from a referral ---- */

struct id referrals_dossier(const struct id *referral)
{
    struct str part = {(const char *)referral->b, ID_BYTES};
    return id_derive(TABLE_PERSON, &part, 1);
}

/* The referral to its structure whose dossier has this id. NOTFOUND. */
static enum err find_origin(struct judge *j, const struct row *person,
                            const struct id *structure, struct row *out)
{
    struct stmt *stmt = NULL;
    struct id id = {{0}};
    bool found = false;
    if (!id_is_derived(&person->id))
        return ERR_NOTFOUND;
    enum err err = store_sql(j->s, SQL_REFERRALS_TO, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, structure);
    enum step step = STEP_DONE;
    while (err == ERR_OK && !found && (step = stmt_step(stmt)) == STEP_ROW) {
        err = col_id(stmt, 0, &id) ? ERR_OK : ERR_CORRUPT;
        struct id opened = referrals_dossier(&id);
        found = id_eq(&opened, &person->id);
    }
    stmt_reset(stmt);
    if (err == ERR_OK && step == STEP_FAILED)
        err = db_error(j->s->db);
    if (err != ERR_OK || !found)
        return err == ERR_OK ? ERR_NOTFOUND : err;
    return rows_find(j->s, schema_table(j->s->env.schema, TABLE_REFERRAL), &id, j->arena, out);
}

static enum err check_opened(struct judge *j, const struct table *table,
                             const struct row *person)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    const struct table *referrals = schema_table(j->s->env.schema, TABLE_REFERRAL);
    struct id structure;
    bool receives = false;
    bool covered = false;
    struct row *r = arena_new(j->arena, sizeof *r);
    if (r == NULL)
        return ERR_NOMEM;
    if (!value_to_id(get(table, person->values, FIELD_PERSON_STRUCTURE), &structure))
        return ERR_OK; /* refused for that */
    enum err err = find_origin(j, person, &structure, r);
    if (err == ERR_OK)
        err = holds_as(j, ROLE_RECEIVER, r->scope, &receives);
    if (err == ERR_OK)
        err = is_covered(j->s, referrals, r->values, &covered);
    if (err != ERR_OK)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    if (!receives)
        refuse(j, REASON_RIGHTS);
    else if (!covered || r->deleted ||
             !text_is(get(referrals, r->values, FIELD_REFERRAL_ANSWER), "accepted"))
        refuse(j, REASON_CONSENT);
    else
        err = links_add(j->s, person->scope.dossier, r->scope.dossier, &r->id, &structure,
                        j->edit_ms / day_ms);
    return err;
}

/* ---- what may be written ---- */

enum err referrals_check_insert(struct judge *j, const struct table *table,
                                const struct row *row)
{
    bool sender = false;
    bool covered = false;
    struct id id[2];
    struct scope from = {0};
    struct scope to = {0};
    if (table->id == TABLE_PERSON)
        return check_opened(j, table, row);
    if (table->id != TABLE_REFERRAL)
        return ERR_OK;
    enum err err = holds(j, row->scope, &sender);
    if (err == ERR_OK && !sender) {
        refuse(j, REASON_RIGHTS);
        return ERR_OK;
    }
    bool named = value_to_id(get(table, row->values, FIELD_REFERRAL_FROM), &id[0]) &&
                 value_to_id(get(table, row->values, FIELD_REFERRAL_TO), &id[1]);
    if (err == ERR_OK && named)
        err = scopes_home(j->s, &id[0], &from.home);
    if (err == ERR_OK && named)
        err = scopes_home(j->s, &id[1], &to.home);
    if (err == ERR_OK)
        err = is_covered(j->s, table, row->values, &covered);
    if (err != ERR_OK && err != ERR_NOTFOUND)
        return err;
    if (err == ERR_NOTFOUND || from.home != row->scope.home || to.home == row->scope.home)
        refuse(j, REASON_INVALID);
    else if (!covered)
        refuse(j, REASON_CONSENT);
    return ERR_OK;
}

/* ---- changes ---- */

static bool is_open(const struct value *answer)
{
    return answer->type == VALUE_NULL || text_is(answer, "pending") ||
           text_is(answer, "accepted");
}

/* What whoever receives may write. */
static bool is_answer(const struct edit_field *e)
{
    switch (e->id) {
    case FIELD_REFERRAL_ANSWER:
        return text_is(&e->after, "accepted") || text_is(&e->after, "refused");
    case FIELD_REFERRAL_REFUSAL:
    case FIELD_REFERRAL_APPOINTMENT:
    case FIELD_REFERRAL_STARTED_ON:
        return true;
    }
    return false;
}

static enum err check_answer(struct judge *j, const struct table *table, const struct row *row,
                             const struct edit_field *e)
{
    bool covered = true;
    if (e->id != FIELD_REFERRAL_ANSWER || !is_open(&e->after) ||
        is_open(get(table, row->values, FIELD_REFERRAL_ANSWER)))
        return ERR_OK;
    enum err err = is_covered(j->s, table, row->values, &covered);
    if (err == ERR_OK && !covered)
        refuse(j, REASON_CONSENT);
    return err;
}

enum err referrals_check_update(struct judge *j, const struct table *table,
                                const struct row *row, const struct edit_field *edits,
                                uint32_t count)
{
    bool sender = true;
    enum err err = ERR_OK;
    if (table->id != TABLE_REFERRAL && table->id != TABLE_CONSENT)
        return ERR_OK;
    if (table->id == TABLE_REFERRAL)
        err = holds(j, row->scope, &sender);
    for (uint32_t i = 0; i < count && err == ERR_OK && j->reason == REASON_NONE; i++) {
        const struct edit_field *e = &edits[i];
        if (e->index >= 0 && value_eq(&row->values[e->index], &e->after))
            continue;
        if (!sender && !is_answer(e))
            refuse(j, REASON_RIGHTS);
        else if (table->id == TABLE_REFERRAL)
            err = check_answer(j, table, row, e);
        else if (e->id == FIELD_CONSENT_WITHDRAWN_ON && e->after.type == VALUE_NULL)
            refuse(j, REASON_CONSENT);
    }
    return err;
}
