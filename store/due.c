/* SPDX-License-Identifier: Apache-2.0 */
#include "store/due.h"

#include "proto/day.h"
#include "store/inside.h"
#include "store/parameter.h"

#include <assert.h>
#include <stdio.h>

/* A point needs two letters and a blank of the parameter's 100 bytes; the rest of a contract is
 * its end and its plan. */
static_assert(100 / 3 + 3 <= DUE_MAX, "points");
static_assert(DUE_REVIEWS_MAX + 1 <= DUE_MAX && DUE_REPORTS_MAX + 3 <= DUE_MAX, "others");

static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;

/* ---- reading rows ---- */

static const struct value *get(const struct table *table, const struct row *row,
                               const char *name)
{
    static const struct value none = {.type = VALUE_NULL};
    const struct field *field = schema_field_named(table, str_of(name));
    return field == NULL ? &none : &row->values[schema_field_index(table, field->id)];
}

static int32_t day_of(const struct table *table, const struct row *row, const char *name)
{
    const struct value *v = get(table, row, name);
    return v->type == VALUE_INT ? day_add((int32_t)v->i, 0) : DUE_NEVER;
}

static struct str text_of(const struct table *table, const struct row *row, const char *name)
{
    const struct value *v = get(table, row, name);
    return v->type == VALUE_TEXT ? v->s : STR("");
}

static bool is(const struct table *table, const struct row *row, const char *name,
               const char *code)
{
    return str_eq(text_of(table, row, name), str_of(code));
}

static bool id_in(const struct table *table, const struct row *row, const char *name,
                  struct id *out)
{
    const struct value *v = get(table, row, name);
    if (v->type != VALUE_BYTES || v->s.n != ID_BYTES)
        return false;
    memcpy(out->b, v->s.p, ID_BYTES);
    return true;
}

static bool starts_with(struct str text, const char *with)
{
    size_t n = strlen(with);
    return text.n >= n && memcmp(text.p, with, n) == 0;
}

/* ---- the list ---- */

static struct due *put(struct due_list *out, const char *rule, int32_t day, const char *label)
{
    must(out->count < DUE_MAX);
    struct due *due = &out->due[out->count++];
    *due = (struct due){.day = day};
    (void)snprintf(due->rule, sizeof due->rule, "%s", rule);
    (void)snprintf(due->label, sizeof due->label, "%s", label);
    return due;
}

struct id due_id(const struct due *due, const struct id *of_row)
{
    char day[8];
    for (size_t i = 0; i < sizeof day; i++)
        day[i] = (char)((uint64_t)(int64_t)due->day >> (8 * i));
    struct str parts[] = {
        str_of(due->rule), {(const char *)of_row->b, ID_BYTES}, {day, sizeof day}};
    return id_derive(TABLE_DEADLINE, parts, sizeof parts / sizeof *parts);
}

const struct due *due_find(const struct due_list *list, const struct id *of_row,
                           const struct id *deadline)
{
    for (size_t i = 0; i < list->count; i++) {
        struct id id = due_id(&list->due[i], of_row);
        if (id_eq(&id, deadline))
            return &list->due[i];
    }
    return NULL;
}

/* ---- contracts ---- */

/* "W2": two weeks, "M3": three months after the start. */
static bool point_day(struct str word, int32_t start, int32_t *out)
{
    enum { DIGITS_MAX = 3, WEEK = 7 };
    int32_t n = 0;
    if (word.n < 2 || word.n > 1 + DIGITS_MAX || (word.p[0] != 'W' && word.p[0] != 'M'))
        return false;
    for (size_t i = 1; i < word.n; i++) {
        if (word.p[i] < '0' || word.p[i] > '9')
            return false;
        n = n * 10 + (word.p[i] - '0');
    }
    *out = word.p[0] == 'W' ? day_add(start, (int64_t)n * WEEK) : day_add_months(start, n);
    return true;
}

void due_points(struct str points, int32_t start, int32_t end, struct due_list *out)
{
    struct str word;
    while (parameter_word(&points, &word)) {
        char rule[DUE_RULE_BYTES];
        char label[DUE_LABEL_BYTES];
        int32_t day = 0;
        if (!point_day(word, start, &day) || day > end)
            continue;
        (void)snprintf(rule, sizeof rule, "followup_%.*s", (int)word.n, word.p);
        (void)snprintf(label, sizeof label, "Point d'emploi %.*s", (int)word.n, word.p);
        (void)put(out, rule, day, label);
    }
}

void due_point_done(struct due_list *list, struct str milestone, int32_t day, int64_t days)
{
    char rule[DUE_RULE_BYTES];
    (void)snprintf(rule, sizeof rule, "followup_%.*s", (int)milestone.n, milestone.p);
    for (size_t i = 0; i < list->count; i++) {
        struct due *due = &list->due[i];
        int64_t away = (int64_t)day - due->day;
        if (strcmp(due->rule, rule) == 0 && away <= days && away >= -days)
            due->done = true;
    }
}

/* By which parameters. */
struct of {
    struct store *s;
    struct id structure;
    int64_t today;
};

static enum err number_of(const struct of *of, enum parameter_key key, int32_t *out)
{
    int64_t n = 0;
    enum err err = parameter_number(of->s, key, &of->structure, of->today, &n);
    *out = (int32_t)n;
    return err;
}

struct followups {
    const struct table *table;
    struct due_list *list;
    int64_t days;
};

static enum err on_followup(void *ctx, const struct row *row)
{
    struct followups *f = ctx;
    due_point_done(f->list, text_of(f->table, row, "milestone"), day_of(f->table, row, "date"),
                   f->days);
    return ERR_OK;
}

static enum err points_of_contract(const struct of *of, const struct row *row, int32_t start,
                                   int32_t end, struct due_list *out)
{
    struct buf points = {0};
    struct followups f = {schema_table(of->s->env.schema, TABLE_JOB_FOLLOWUP), out, 0};
    enum err err =
        parameter_words(of->s, PARAMETER_FOLLOWUP_POINTS, &of->structure, of->today, &points);
    if (err == ERR_OK)
        err = parameter_number(of->s, PARAMETER_FOLLOWUP_DAYS, &of->structure, of->today,
                               &f.days);
    if (err == ERR_OK)
        due_points(buf_str(&points), start, end, out);
    buf_done(&points);
    if (err != ERR_OK || out->count == 0)
        return err;
    struct filter filter = {schema_field_named(f.table, STR("contract")), value_id(&row->id)};
    return rows_list(of->s, f.table, &filter, 1, false, 0, on_followup, &f);
}

static enum err of_contract(const struct of *of, const struct table *table,
                            const struct row *row, struct due_list *out)
{
    int32_t start = day_of(table, row, "start");
    int32_t expected = day_of(table, row, "expected_end");
    int32_t end = day_of(table, row, "actual_end");
    int32_t months = 0;
    enum err err = start == DUE_NEVER ? ERR_OK : points_of_contract(of, row, start, end, out);
    if (err == ERR_OK)
        err = number_of(of, PARAMETER_ART60_PLAN_MONTHS, &months);
    if (err != ERR_OK || expected == DUE_NEVER || end != DUE_NEVER)
        return err;
    if (starts_with(text_of(table, row, "kind"), "ART60"))
        (void)put(out, "art60_plan", day_add_months(expected, -months),
                  "Plan de sortie de l'Article 60");
    (void)put(out, "contract_end", expected, "Fin du contrat");
    return ERR_OK;
}

/* ---- other tables ---- */

static enum err of_agreement(const struct of *of, const struct table *table,
                             const struct row *row, struct due_list *out)
{
    enum { UNTIL_MONTHS = 24 };
    int32_t start = day_of(table, row, "start");
    int32_t end = day_of(table, row, "end");
    const struct value *every = get(table, row, "review_months");
    int32_t months = every->type == VALUE_INT ? (int32_t)every->i : 0;
    enum err err = ERR_OK;
    if (months == 0 && is(table, row, "kind", "PIIS"))
        err = number_of(of, PARAMETER_AGREEMENT_REVIEW_MONTHS, &months);
    if (err != ERR_OK || start == DUE_NEVER)
        return err;
    int32_t until = end != DUE_NEVER ? end : day_add_months(start, UNTIL_MONTHS);
    for (int32_t n = 1; months > 0 && n <= DUE_REVIEWS_MAX; n++) {
        int32_t day = day_add_months(start, n * months);
        if (day >= until)
            break;
        (void)put(out, "agreement_review", day, "Évaluation de la convention");
    }
    if (end != DUE_NEVER)
        (void)put(out, "agreement_end", end, "Fin de la convention");
    return ERR_OK;
}

/* 15 July of each year that follows one of the accreditation. */
static void reports(int32_t start, int32_t end, int32_t month_day, struct due_list *out)
{
    enum { HUNDRED = 100 };
    int year = 0;
    int month = 0;
    int of_month = 0;
    int32_t day = 0;
    date_split(start, &year, &month, &of_month);
    for (int n = 1; n <= DUE_REPORTS_MAX; n++) {
        if (!date_of(year + n, month_day / HUNDRED, month_day % HUNDRED, &day) ||
            (end != DUE_NEVER && n > 1 && day > day_add_months(end, 12)))
            return;
        char label[DUE_LABEL_BYTES];
        (void)snprintf(label, sizeof label, "Rapport d'activité %d", year + n - 1);
        (void)put(out, "activity_report", day, label);
    }
}

/* The end that is written, else by rank: two years, four, then none. */
static enum err end_of_term(const struct of *of, const struct table *table,
                            const struct row *row, int32_t start, int32_t *end)
{
    const struct value *rank = get(table, row, "rank");
    int64_t n = rank->type == VALUE_INT ? rank->i : 1;
    int32_t months = 0;
    *end = day_of(table, row, "end");
    if (*end != DUE_NEVER || n > 2 || !is(table, row, "kind", "EI"))
        return ERR_OK;
    enum err err = number_of(
        of, n == 1 ? PARAMETER_ACCREDITATION_FIRST_MONTHS : PARAMETER_ACCREDITATION_NEXT_MONTHS,
        &months);
    *end = day_add_months(start, months);
    return err;
}

static enum err of_accreditation(const struct of *of, const struct table *table,
                                 const struct row *row, struct due_list *out)
{
    int32_t start = day_of(table, row, "start");
    int32_t end = DUE_NEVER;
    int32_t first = 0;
    int32_t last = 0;
    int32_t report = 0;
    if (start == DUE_NEVER || is(table, row, "state", "asked") ||
        is(table, row, "state", "withdrawn"))
        return ERR_OK;
    enum err err = end_of_term(of, table, row, start, &end);
    if (err == ERR_OK)
        err = number_of(of, PARAMETER_ACTIVITY_REPORT_DAY, &report);
    if (err == ERR_OK)
        err = number_of(of, PARAMETER_IDESS_RENEWAL_FIRST_DAYS, &first);
    if (err == ERR_OK)
        err = number_of(of, PARAMETER_IDESS_RENEWAL_LAST_DAYS, &last);
    if (err != ERR_OK)
        return err;
    if (end != DUE_NEVER && is(table, row, "kind", "IDESS")) {
        (void)put(out, "renewal_open", day_add(end, -(int64_t)first),
                  "Renouvellement IDESS : la demande peut partir");
        (void)put(out, "renewal_due", day_add(end, -(int64_t)last),
                  "Renouvellement IDESS : dernier jour de la demande");
    }
    if (end != DUE_NEVER)
        (void)put(out, "accreditation_end", end, "Fin de l'agrément");
    if (is(table, row, "kind", "EI"))
        reports(start, end, report, out);
    return ERR_OK;
}

static enum err of_referral(const struct of *of, const struct table *table,
                            const struct row *row, struct due_list *out)
{
    int32_t sent = day_of(table, row, "sent_on");
    int32_t days = 0;
    enum err err = number_of(of, PARAMETER_REFERRAL_ANSWER_DAYS, &days);
    if (err != ERR_OK || sent == DUE_NEVER || is(table, row, "answer", "withdrawn"))
        return err;
    struct due *due =
        put(out, "referral_answer", day_add(sent, days), "Réponse à la passerelle");
    due->done = text_of(table, row, "answer").n > 0 && !is(table, row, "answer", "pending");
    return ERR_OK;
}

static void of_end(const struct table *table, const struct row *row, const char *field,
                   const char *rule, const char *label, bool done, struct due_list *out)
{
    int32_t day = day_of(table, row, field);
    if (day != DUE_NEVER)
        put(out, rule, day, label)->done = done;
}

static enum err of_others(const struct table *table, const struct row *row,
                          struct due_list *out)
{
    bool told = text_of(table, row, "after").n > 0 ||
                (get(table, row, "company_score")->type == VALUE_INT &&
                 get(table, row, "person_score")->type == VALUE_INT);
    struct str result = text_of(table, row, "result");
    if (table->id == TABLE_INTERNSHIP)
        of_end(table, row, "end", "internship_end", "Fin du stage : deux évaluations", told,
               out);
    else if (table->id == TABLE_TRAINING)
        of_end(table, row, "end", "training_end", "Fin de la formation : la suite",
               result.n > 0 && !str_eq(result, STR("ongoing")), out);
    else if (table->id == TABLE_CONSENT && get(table, row, "withdrawn_on")->type == VALUE_NULL)
        of_end(table, row, "until", "consent_end", "Fin du consentement", false, out);
    return ERR_OK;
}

/* ---- of any table ---- */

bool due_wants(const struct table *table)
{
    static const uint16_t ids[] = {TABLE_CONTRACT,      TABLE_JOB_FOLLOWUP, TABLE_AGREEMENT,
                                   TABLE_ACCREDITATION, TABLE_REFERRAL,     TABLE_INTERNSHIP,
                                   TABLE_TRAINING,      TABLE_CONSENT};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (table->id == ids[i])
            return true;
    return false;
}

bool due_subject(const struct table *table, const struct row *row, uint16_t *of_table,
                 struct id *of_row)
{
    *of_table = table->id;
    *of_row = row->id;
    if (table->id != TABLE_JOB_FOLLOWUP)
        return due_wants(table);
    *of_table = TABLE_CONTRACT;
    return id_in(table, row, "contract", of_row);
}

/* The row that this one hangs on by the field, into `out`; NOTFOUND. */
static enum err parent(struct store *s, const struct table *table, const struct row *row,
                       const char *field, uint16_t to, struct arena *arena, struct row *out)
{
    struct id id;
    if (!id_in(table, row, field, &id))
        return ERR_NOTFOUND;
    return rows_find(s, schema_table(s->env.schema, to), &id, arena, out);
}

/* Whose parameters count: the structure of the row, or of its dossier; none when that is not
 * here. */
static enum err structure_of(struct store *s, const struct table *table, const struct row *row,
                             struct id *out)
{
    struct arena arena = {0};
    struct row *rows = arena_new(&arena, 2 * sizeof *rows);
    const struct table *at = table;
    const struct row *now = row;
    enum err err = rows == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK && schema_field_named(at, STR("person")) == NULL) {
        err = parent(s, at, now, "pathway", TABLE_PATHWAY, &arena, &rows[0]);
        if (err == ERR_OK) {
            at = schema_table(s->env.schema, TABLE_PATHWAY);
            now = &rows[0];
        }
    }
    if (err == ERR_OK || err == ERR_NOTFOUND)
        err = parent(s, at, now, "person", TABLE_PERSON, &arena, &rows[1]);
    if (err == ERR_OK)
        (void)id_in(schema_table(s->env.schema, TABLE_PERSON), &rows[1], "structure", out);
    else if (err == ERR_NOTFOUND)
        (void)id_in(table, row, "structure", out);
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err due_of(struct store *s, const struct table *table, const struct row *row,
                struct due_list *out)
{
    struct of of = {.s = s, .today = store_now(s) / DAY_MS};
    out->count = 0;
    if (row->deleted || !due_wants(table))
        return ERR_OK;
    enum err err = structure_of(s, table, row, &of.structure);
    if (err != ERR_OK)
        return err;
    if (table->id == TABLE_CONTRACT)
        return of_contract(&of, table, row, out);
    if (table->id == TABLE_AGREEMENT)
        return of_agreement(&of, table, row, out);
    if (table->id == TABLE_ACCREDITATION)
        return of_accreditation(&of, table, row, out);
    if (table->id == TABLE_REFERRAL)
        return of_referral(&of, table, row, out);
    return of_others(table, row, out);
}
