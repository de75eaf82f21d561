/* SPDX-License-Identifier: Apache-2.0 */
#include "store/follow.h"

#include "store/due.h"
#include "store/inside.h"
#include "store/parameter.h"

static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;

/* One saved row and the rows that follow from it. */
struct follow {
    struct store *s;
    struct edit *edit;
    const struct table *table; /* of the row whose deadlines these are */
    const struct table *deadlines;
    struct id of_row;
    struct due_list before, after;
    struct arena arena;
};

bool follow_wants(const struct store *s, const struct table *table)
{
    return s->env.side == STORE_CLIENT && due_wants(table) &&
           schema_table(s->env.schema, TABLE_DEADLINE) != NULL;
}

/* What no rule may keep a person from saving for. */
static enum err unless_ours(enum err err)
{
    static const enum err ours[] = {ERR_INVALID, ERR_NOTFOUND, ERR_REFUSED, ERR_FROZEN,
                                    ERR_EXISTS};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (err == ours[i])
            return ERR_OK;
    return err;
}

static bool is(const struct value *v, const char *code)
{
    return v->type == VALUE_TEXT && str_eq(v->s, str_of(code));
}

static struct edit_value set(const struct table *table, const char *name, struct value value)
{
    return (struct edit_value){schema_field_named(table, str_of(name)), value};
}

/* ---- deadlines ---- */

static enum err make(struct follow *f, const struct due *due, const struct id *id)
{
    const struct table *t = f->deadlines;
    struct edit_value values[] = {
        set(t, "of_table", value_text(str_of(f->table->name))),
        set(t, "of_row", value_id(&f->of_row)),
        set(t, "label", value_text(str_of(due->label))),
        set(t, "due", value_int(due->day)),
        set(t, "state", value_text(str_of(due->done ? "done" : "todo"))),
        set(t, "source", value_text(STR("rule"))),
        set(t, "rule", value_text(str_of(due->rule))),
    };
    size_t n = sizeof values / sizeof *values;
    return unless_ours(edit_insert_as(f->edit, t, id, values, n, NULL));
}

/* Only the state, which has an order: a date beside it, written by two devices, would be a
 * conflict about nothing. */
static enum err move(struct follow *f, const struct id *id, const char *state)
{
    struct edit_value value = set(f->deadlines, "state", value_text(str_of(state)));
    return unless_ours(edit_update(f->edit, f->deadlines, id, &value, 1, NULL));
}

/* Due now: there is one, and it is as the rows say. */
static enum err settle(struct follow *f, const struct due *due)
{
    struct row *row = arena_new(&f->arena, sizeof *row);
    struct id id = due_id(due, &f->of_row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(f->s, f->deadlines, &id, &f->arena, row);
    if (err == ERR_NOTFOUND)
        return make(f, due, &id);
    if (err != ERR_OK || row->deleted)
        return err;
    const struct value *state = rows_named(f->deadlines, row, "state");
    const struct due *was = due_find(&f->before, &f->of_row, &id);
    if (due->done)
        return is(state, "done") ? ERR_OK : move(f, &id, "done");
    /* It came back, or what did it is gone: a rule put it aside, a rule takes it up again. */
    if ((is(state, "not_applicable") && was == NULL) ||
        (is(state, "done") && was != NULL && was->done))
        return move(f, &id, "todo");
    return ERR_OK;
}

/* Due no more. */
static enum err put_aside(struct follow *f, const struct due *due)
{
    struct row *row = arena_new(&f->arena, sizeof *row);
    struct id id = due_id(due, &f->of_row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(f->s, f->deadlines, &id, &f->arena, row);
    if (err != ERR_OK || row->deleted)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    const struct value *state = rows_named(f->deadlines, row, "state");
    if (is(state, "done") || is(state, "not_applicable"))
        return ERR_OK;
    return move(f, &id, "not_applicable");
}

static enum err settle_all(struct follow *f)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < f->after.count && err == ERR_OK; i++)
        err = settle(f, &f->after.due[i]);
    for (size_t i = 0; i < f->before.count && err == ERR_OK; i++) {
        struct id id = due_id(&f->before.due[i], &f->of_row);
        if (due_find(&f->after, &f->of_row, &id) == NULL)
            err = put_aside(f, &f->before.due[i]);
    }
    return err;
}

/* ---- the phase a contract opens ---- */

/* Rows looked for: of the phases the first in order with the code; of the steps the open ones.
 */
struct looking {
    const struct table *table;
    struct str code;
    int64_t rank;
    struct id phase; /* null: none */
    bool there;      /* a step of the phase is open */
    struct buf open; /* ids of other open steps that began before … */
    int64_t start;   /* … this day */
};

static enum err on_phase(void *ctx, const struct row *row)
{
    struct looking *l = ctx;
    const struct value *code = rows_named(l->table, row, "network_phase");
    const struct value *rank = rows_named(l->table, row, "rank");
    if (code->type != VALUE_TEXT || !str_eq(code->s, l->code) || rank->type != VALUE_INT ||
        (!id_is_null(&l->phase) && rank->i >= l->rank))
        return ERR_OK;
    l->phase = row->id;
    l->rank = rank->i;
    return ERR_OK;
}

static enum err on_step(void *ctx, const struct row *row)
{
    struct looking *l = ctx;
    const struct value *phase = rows_named(l->table, row, "phase");
    const struct value *start = rows_named(l->table, row, "start");
    const struct value mine = value_id(&l->phase);
    if (rows_named(l->table, row, "end")->type != VALUE_NULL)
        return ERR_OK;
    if (value_eq(phase, &mine))
        l->there = true;
    else if (start->type == VALUE_INT && start->i <= l->start)
        buf_add(&l->open, row->id.b, ID_BYTES);
    return l->open.err;
}

static enum err close_steps(struct follow *f, const struct table *steps, struct looking *l)
{
    enum err err = ERR_OK;
    for (size_t at = 0; at < l->open.n && err == ERR_OK; at += ID_BYTES) {
        struct id id;
        memcpy(id.b, l->open.p + at, ID_BYTES);
        struct edit_value end = set(steps, "end", value_int(l->start));
        err = unless_ours(edit_update(f->edit, steps, &id, &end, 1, NULL));
    }
    return err;
}

static enum err open_step(struct follow *f, const struct value *pathway, struct looking *l)
{
    const struct table *steps = schema_table(f->s->env.schema, TABLE_STEP);
    struct filter filter = {schema_field_named(steps, STR("pathway")), *pathway};
    l->table = steps;
    enum err err = rows_list(f->s, steps, &filter, 1, false, 0, on_step, l);
    if (err != ERR_OK || l->there)
        return err;
    struct str parts[] = {STR("followup"), {(const char *)f->of_row.b, ID_BYTES}};
    struct id id = id_derive(TABLE_STEP, parts, 2);
    struct edit_value values[] = {set(steps, "pathway", *pathway),
                                  set(steps, "phase", value_id(&l->phase)),
                                  set(steps, "start", value_int(l->start)),
                                  set(steps, "reason", value_text(STR("Contrat")))};
    err = edit_insert_as(f->edit, steps, &id, values, 4, NULL);
    if (err != ERR_OK) /* it was there, and closed: a person knows why */
        return unless_ours(err);
    return close_steps(f, steps, l);
}

static enum err model_of(struct follow *f, const struct value *pathway, struct value *model)
{
    const struct table *pathways = schema_table(f->s->env.schema, TABLE_PATHWAY);
    struct row *row = arena_new(&f->arena, sizeof *row);
    struct id id;
    if (row == NULL)
        return ERR_NOMEM;
    memcpy(id.b, pathway->s.p, ID_BYTES);
    enum err err = rows_find(f->s, pathways, &id, &f->arena, row);
    if (err == ERR_OK)
        *model = *rows_named(pathways, row, "model");
    return err;
}

/* The contract is one of this pathway since this edit. */
static enum err open_phase(struct follow *f, const struct value *pathway, int64_t start)
{
    struct looking l = {.table = schema_table(f->s->env.schema, TABLE_PHASE), .start = start};
    struct value model = VALUE_NONE;
    struct buf code = {0};
    enum err err = parameter_words(f->s, PARAMETER_FOLLOWUP_PHASE, &f->s->structure,
                                   store_now(f->s) / DAY_MS, &code);
    l.code = buf_str(&code);
    if (err == ERR_OK)
        err = model_of(f, pathway, &model);
    struct filter filter = {schema_field_named(l.table, STR("model")), model};
    if (err == ERR_OK)
        err = rows_list(f->s, l.table, &filter, 1, false, 0, on_phase, &l);
    if (err == ERR_OK && !id_is_null(&l.phase))
        err = open_step(f, pathway, &l);
    buf_done(&code);
    buf_done(&l.open);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* Steps are for coaches and coordination; whoever also manages may hold the dossier as manager
 * only, and the contract must not be refused for its step. */
static enum err phase_follows(struct follow *f, const struct row *before,
                              const struct row *after)
{
    const struct table *steps = schema_table(f->s->env.schema, TABLE_STEP);
    const struct value *pathway = rows_named(f->table, after, "pathway");
    const struct value *start = rows_named(f->table, after, "start");
    bool may = (f->s->roles & steps->writers) != 0 && (f->s->roles & ROLE_MANAGER) == 0;
    if (!may || after->deleted || pathway->type != VALUE_BYTES || start->type != VALUE_INT ||
        (before != NULL && value_eq(rows_named(f->table, before, "pathway"), pathway)))
        return ERR_OK;
    return open_phase(f, pathway, start->i);
}

/* ---- what was saved ---- */

/* A contract that is over when it is entered is history: nothing is due any more. */
static bool is_past(struct follow *f, const struct row *row)
{
    if (f->table->id != TABLE_CONTRACT)
        return false;
    const struct value *end = rows_named(f->table, row, "actual_end");
    return end->type == VALUE_INT && end->i < store_now(f->s) / DAY_MS;
}

static enum err of_contract(struct follow *f, const struct row *before, const struct row *after)
{
    if (before == NULL && is_past(f, after))
        return ERR_OK;
    return phase_follows(f, before, after);
}

/* A receiver answers a referral by a right that reaches no further than that. */
static bool is_ours(const struct follow *f, const struct row *row)
{
    const struct value ours = value_id(&f->s->structure);
    return f->table->id != TABLE_REFERRAL || value_eq(rows_named(f->table, row, "from"), &ours);
}

/* The follow-ups as they were: the one row with its values before. */
static enum err before_followup(struct follow *f, const struct table *table,
                                const struct row *before)
{
    int64_t days = 0;
    const struct value *milestone = NULL;
    const struct value *date = NULL;
    f->before = f->after;
    if (before == NULL)
        return ERR_OK;
    enum err err = parameter_number(f->s, PARAMETER_FOLLOWUP_DAYS, &f->s->structure,
                                    store_now(f->s) / DAY_MS, &days);
    milestone = rows_named(table, before, "milestone");
    date = rows_named(table, before, "date");
    if (err == ERR_OK && !before->deleted && milestone->type == VALUE_TEXT &&
        date->type == VALUE_INT)
        due_point_done(&f->before, milestone->s, (int32_t)date->i, days);
    return err;
}

static enum err follow(struct follow *f, const struct table *table, const struct row *before,
                       const struct row *saved)
{
    struct row *subject = arena_new(&f->arena, sizeof *subject);
    uint16_t of_table = 0;
    if (subject == NULL)
        return ERR_NOMEM;
    if (!due_subject(table, saved, &of_table, &f->of_row))
        return ERR_OK;
    f->table = schema_table(f->s->env.schema, of_table);
    enum err err = rows_find(f->s, f->table, &f->of_row, &f->arena, subject);
    if (err != ERR_OK)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    err = due_of(f->s, f->table, subject, &f->after);
    if (err == ERR_OK && f->table != table)
        err = before_followup(f, table, before);
    else if (err == ERR_OK && before != NULL)
        err = due_of(f->s, table, before, &f->before);
    bool past = f->table == table && before == NULL && is_past(f, subject);
    if (err == ERR_OK && !past && is_ours(f, subject))
        err = settle_all(f);
    if (err == ERR_OK && table->id == TABLE_CONTRACT)
        err = of_contract(f, before, subject);
    return err;
}

enum err follow_saved(struct store *s, struct edit *edit, const struct table *table,
                      const struct row *before, const struct id *id)
{
    const struct table *deadlines = schema_table(s->env.schema, TABLE_DEADLINE);
    struct arena arena = {0};
    struct follow *f = arena_new(&arena, sizeof *f);
    struct row *saved = arena_new(&arena, sizeof *saved);
    enum err err = f == NULL || saved == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK && (s->roles & deadlines->writers) != 0) {
        f->s = s;
        f->edit = edit;
        f->deadlines = deadlines;
        err = rows_find(s, table, id, &f->arena, saved);
        if (err == ERR_OK)
            err = follow(f, table, before, saved);
        arena_done(&f->arena);
    }
    arena_done(&arena);
    return err;
}
