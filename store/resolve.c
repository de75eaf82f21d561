/* SPDX-License-Identifier: Apache-2.0 */
#include "store/duplicates.h"
#include "store/edit.h"
#include "store/inside.h"
#include "store/rules.h"

/* A decision of a decision of a decision …, at most. */
enum { DEPTH_MAX = 16 };

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

static bool is_word(const struct value *v, const char *word)
{
    return v->type == VALUE_TEXT && str_eq(v->s, str_of(word));
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
    if (c->table == NULL)
        return note_set(why, ERR_VERSION,
                        N_("cette version ne connaît pas la table du conflit"));
    return ERR_OK;
}

/* ---- who ---- */

/* Told before anything is saved; the server judges anyway. */
static enum err check_role(struct store *s, const struct case_read *c, struct note *why)
{
    uint8_t decider = rules_decider(c->conflicts, c->row);
    if (decider == 0 || s->env.side == STORE_SERVER || (s->roles & decider) != 0)
        return ERR_OK;
    bool manager = (decider & ROLE_MANAGER) != 0;
    bool coordinator = (decider & (ROLE_COORDINATOR | ROLE_FEDERATION)) != 0;
    if (manager && coordinator)
        return note_set(why, ERR_REFUSED,
                        N_("c'est au responsable (manager) ou à la coordination de trancher ce "
                           "conflit ; votre saisie reste gardée"));
    if (coordinator)
        return note_set(
            why, ERR_REFUSED,
            N_("c'est à la coordination de trancher ce conflit ; votre saisie reste "
               "gardée"));
    if (manager)
        return note_set(why, ERR_REFUSED,
                        N_("c'est au responsable (manager) de trancher ce conflit ; votre "
                           "saisie reste gardée"));
    if ((decider & ROLE_JOBCOACH) != 0)
        return note_set(why, ERR_REFUSED,
                        N_("c'est à un jobcoach de trancher ce conflit ; votre saisie reste "
                           "gardée"));
    return note_set(why, ERR_REFUSED,
                    N_("c'est à l'administration de trancher ce conflit ; votre saisie reste "
                       "gardée"));
}

/* ---- values ---- */

/* The pairs field, value of a RAW snapshot as edit values. */
static enum err read_pairs(const struct table *table, const struct value *raw,
                           struct edit_value *values, size_t max, size_t *count)
{
    struct cur cur = raw->type == VALUE_BYTES ? cur_of(raw->s.p, raw->s.n) : cur_of(NULL, 0);
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
    return cur.bad || raw->type != VALUE_BYTES ? ERR_CORRUPT : ERR_OK;
}

/* What a person may do about a row that does not take the value. */
static enum err explain(enum err err, struct note *why)
{
    if (err == ERR_FROZEN)
        return note_set(why, err,
                        N_("la fiche est validée ou verrouillée depuis : gardez la valeur "
                           "affichée (--keep current), et ajoutez un complément pour l'autre"));
    if (err == ERR_NOTFOUND)
        return note_set(why, err,
                        N_("la fiche est supprimée ou n'est pas sur cet appareil : ramenez-la "
                           "d'abord (jalon restore), ou gardez la valeur affichée (--keep "
                           "current)"));
    return err;
}

struct deciding {
    struct store *s;
    struct edit *edit;
    struct arena *arena;
    const struct edit_choice *choice;
    struct note *why;
};

static enum err write_values(struct deciding *d, const struct case_read *c,
                             const struct edit_value *values, size_t count)
{
    if (count == 0)
        return ERR_OK;
    edit_deciding(d->edit, &c->about);
    struct note own = {""};
    enum err err = edit_update(d->edit, c->table, &c->about, values, count, &own);
    edit_deciding(d->edit, NULL);
    if (err == ERR_FROZEN || err == ERR_NOTFOUND)
        return explain(err, d->why);
    return err == ERR_OK ? ERR_OK : note_set(d->why, err, "%s", own.text);
}

/* Replace or add single fields, of those the conflict is about. */
static enum err mix_in(struct deciding *d, const struct case_read *c, struct edit_value *values,
                       size_t *count)
{
    struct edit_value known[SCHEMA_FIELDS_MAX];
    size_t n = 0;
    enum err err =
        read_pairs(c->table, field_of(c, FIELD_CONFLICT_OTHER), known, SCHEMA_FIELDS_MAX, &n);
    for (size_t i = 0; i < d->choice->mix_count && err == ERR_OK; i++) {
        const struct edit_value *wanted = &d->choice->mix[i];
        size_t k = 0;
        while (k < n && known[k].field != wanted->field)
            k++;
        if (k == n || wanted->field == NULL)
            return note_set(d->why, ERR_INVALID,
                            N_("%s : ce conflit ne porte pas sur ce champ ; voyez jalon "
                               "conflicts"),
                            wanted->field == NULL ? "?" : wanted->field->name);
        for (k = 0; k < *count && values[k].field != wanted->field; k++)
            ;
        values[k] = *wanted;
        *count += k == *count ? 1 : 0;
    }
    return err;
}

/* The values a choice means; none when what is shown stays. */
static enum err choose_values(struct deciding *d, const struct case_read *c,
                              struct edit_value *values, size_t *count)
{
    const struct edit_choice *choice = d->choice;
    enum err err = ERR_OK;
    *count = 0;
    /* Decided otherwise before: what was shown then is written again. */
    bool back = is_word(field_of(c, FIELD_CONFLICT_STATE), "decided");
    bool other = choice->decision != EDIT_KEEP_CURRENT;
    if (other || back)
        err = read_pairs(c->table,
                         field_of(c, other ? FIELD_CONFLICT_OTHER : FIELD_CONFLICT_CURRENT),
                         values, SCHEMA_FIELDS_MAX, count);
    if (err == ERR_OK && choice->decision == EDIT_OWN_VALUE) {
        if (*count != 1 || values[0].field == NULL)
            return note_set(d->why, ERR_INVALID,
                            N_("ce conflit porte sur plusieurs champs : --keep current ou "
                               "other, et --set CHAMP=VALEUR pour les mêler"));
        err = value_parse(values[0].field, choice->value, d->arena, &values[0].value, d->why);
    }
    return err == ERR_OK && choice->mix_count > 0 ? mix_in(d, c, values, count) : err;
}

/* ---- decisions about decisions ---- */

/* Two people decided one conflict differently. The decision that stands says which of that
 * conflict's values is right: it is written too, down to the row all this is about. */
static enum err carry_out(struct deciding *d, const struct case_read *top,
                          const struct value *decision)
{
    struct case_read c = *top;
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    enum err err = ERR_OK;
    for (int depth = 0; depth < DEPTH_MAX && c.table->id == TABLE_CONFLICT; depth++) {
        struct id id = c.about;
        err = read_case(d->s, &id, d->arena, &c, d->why);
        bool other = is_word(decision, "other");
        if (err != ERR_OK || (!other && !is_word(decision, "current")))
            return err; /* a value of their own: it is there, or in a conflict of the field */
        err = read_pairs(c.table,
                         field_of(&c, other ? FIELD_CONFLICT_OTHER : FIELD_CONFLICT_CURRENT),
                         values, SCHEMA_FIELDS_MAX, &count);
        if (err == ERR_OK)
            err = write_values(d, &c, values, count);
        if (err != ERR_OK || count == 0)
            return err;
        decision = &values[0].value; /* of a conflict: its decision comes first */
    }
    return err;
}

static const struct value *decided_in(const struct case_read *c,
                                      const struct edit_value *values, size_t count,
                                      struct row *present)
{
    for (size_t i = 0; i < count; i++)
        if (values[i].field != NULL && values[i].field->id == FIELD_CONFLICT_DECISION)
            return &values[i].value;
    return &present->values[schema_field_index(c->conflicts, FIELD_CONFLICT_DECISION)];
}

static enum err decide_decision(struct deciding *d, const struct case_read *c,
                                const struct edit_value *values, size_t count)
{
    struct row *present = arena_new(d->arena, sizeof *present);
    enum err err = present == NULL
                       ? ERR_NOMEM
                       : rows_find(d->s, c->conflicts, &c->about, d->arena, present);
    if (err == ERR_OK)
        err = write_values(d, c, values, count);
    return err == ERR_OK ? carry_out(d, c, decided_in(c, values, count, present)) : err;
}

/* Whether two rows are one decides their tie too. */
static enum err decide_duplicate(struct deciding *d, const struct case_read *c,
                                 const struct edit_value *values, size_t count)
{
    struct edit_value shown[SCHEMA_FIELDS_MAX];
    size_t n = 0;
    if (count == 0) {
        enum err err = read_pairs(c->table, field_of(c, FIELD_CONFLICT_CURRENT), shown,
                                  SCHEMA_FIELDS_MAX, &n);
        if (err != ERR_OK || n == 0)
            return err;
        values = shown;
    }
    if (values[0].field == NULL || values[0].field->id != FIELD_DUPLICATE_STATE)
        return write_values(d, c, values, count);
    enum duplicate_state state = is_word(&values[0].value, "same")        ? DUPLICATE_SAME
                                 : is_word(&values[0].value, "different") ? DUPLICATE_DIFFERENT
                                                                          : DUPLICATE_OPEN;
    enum err err = duplicate_settle(d->s, d->edit, &c->about, state, d->choice->reason, d->why);
    return err == ERR_EXISTS ? ERR_OK : err;
}

/* ---- the case ---- */

static enum err close_case(struct deciding *d, const struct case_read *c, const struct id *id)
{
    static const char *const words[] = {"current", "other", "value"};
    const char *word = d->choice->mix_count > 0 ? "mixed" : words[d->choice->decision];
    struct str reason = d->choice->reason;
    struct edit_value values[3] = {
        {schema_field(c->conflicts, FIELD_CONFLICT_STATE), value_text(STR("decided"))},
        {schema_field(c->conflicts, FIELD_CONFLICT_DECISION), value_text(str_of(word))},
        {schema_field(c->conflicts, FIELD_CONFLICT_DECIDED_REASON),
         reason.n == 0 ? VALUE_NONE : value_text(reason)}};
    return edit_update(d->edit, c->conflicts, id, values, 3, d->why);
}

/* The case first: what follows is the decider's, also where a field is set once. */
static enum err decide(struct deciding *d, const struct case_read *c, const struct id *id)
{
    struct edit_value values[SCHEMA_FIELDS_MAX + 1];
    size_t count = 0;
    enum err err = choose_values(d, c, values, &count);
    if (err == ERR_OK)
        err = close_case(d, c, id);
    if (err != ERR_OK)
        return err;
    if (c->table->id == TABLE_CONFLICT)
        return decide_decision(d, c, values, count);
    if (c->table->id == TABLE_DUPLICATE_CASE)
        return decide_duplicate(d, c, values, count);
    return write_values(d, c, values, count);
}

enum err edit_decide(struct store *s, const struct id *conflict,
                     const struct edit_choice *choice, struct note *why)
{
    struct arena arena = {0};
    struct case_read c = {0};
    struct deciding d = {.s = s, .arena = &arena, .choice = choice, .why = why};
    enum err err = read_case(s, conflict, &arena, &c, why);
    if (err == ERR_OK && !choice->again &&
        is_word(field_of(&c, FIELD_CONFLICT_STATE), "decided"))
        err = note_set(why, ERR_EXISTS,
                       N_("ce conflit est déjà tranché ; pour revenir dessus : --again"));
    if (err == ERR_OK)
        err = check_role(s, &c, why);
    if (err == ERR_OK)
        err = edit_open(s, &d.edit, why);
    if (err == ERR_OK) {
        err = decide(&d, &c, conflict);
        if (err == ERR_OK)
            err = edit_commit(d.edit, why);
        else
            edit_abort(d.edit);
    }
    arena_done(&arena);
    return err;
}

enum err edit_resolve(struct store *s, const struct id *conflict, enum edit_decision decision,
                      struct str value, struct str reason, struct note *why)
{
    struct edit_choice choice = {.decision = decision, .value = value, .reason = reason};
    return edit_decide(s, conflict, &choice, why);
}
