/* SPDX-License-Identifier: Apache-2.0 */
/* Reports that need months, or more than one statement. */
#include "proto/day.h"
#include "store/due.h"
#include "store/parameter.h"
#include "store/report_inside.h"
#include "store/report_sql.h"

struct contract {
    struct id id, who, employer; /* employer null: not said */
    int32_t start, end;          /* DUE_NEVER: open */
};

/* All contracts of the dossiers asked about, those of a person together. */
static enum err contracts(struct store *s, const struct report_ask *ask, struct buf *out)
{
    struct stmt *stmt = NULL;
    enum err err = report_select(s, SCOPE SQL_CONTRACTS, ask, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct contract c = {.start = (int32_t)col_int(stmt, 2),
                             .end = col_null(stmt, 3) ? DUE_NEVER : (int32_t)col_int(stmt, 3)};
        bool employed = !col_null(stmt, 4);
        if (!col_id(stmt, 0, &c.id) || !col_id(stmt, 1, &c.who) ||
            (employed && !col_id(stmt, 4, &c.employer)))
            err = ERR_CORRUPT;
        buf_add(out, &c, sizeof c);
    }
    stmt_free(stmt);
    if (err == ERR_OK && step == STEP_FAILED)
        err = db_error(s->db);
    return err == ERR_OK ? out->err : err;
}

/* ---- I5 ---- */

/* Follow-ups of one contract, told by their milestone. */
struct told {
    bool done, both; /* a follow-up within the days; both were heard in the last such one */
    bool known;      /* one on or after the day asked about says … */
    bool in_job;     /* … that the person works, with this employer or another */
};

/* By milestone (empty: any) and around `day`. */
static enum err followups_of(struct store *s, const struct report_ask *ask,
                             const struct contract *c, struct str milestone, int32_t day,
                             int64_t days, struct told *out)
{
    struct stmt *stmt = NULL;
    enum err err = report_select(s, SQL_FOLLOWUPS, ask, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 6, &c->id);
    enum step step = STEP_DONE;
    *out = (struct told){.done = false};
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        int64_t on = col_int(stmt, 2);
        struct str in_job = col_text(stmt, 3);
        if (on > ask->at)
            continue;
        bool near = on - day <= days && day - on <= days;
        if (near && (milestone.n == 0 || str_eq(col_text(stmt, 1), milestone))) {
            out->done = true;
            out->both = col_int(stmt, 4) != 0;
            out->known = !str_eq(in_job, STR("unknown"));
            out->in_job = str_eq(in_job, STR("same")) || str_eq(in_job, STR("other"));
        }
    }
    err = step == STEP_FAILED ? db_error(s->db) : ERR_OK;
    stmt_free(stmt);
    return err;
}

/* Is the person in a job on that day, with this employer (NULL: any), in contracts that follow
 * each other within `gap` days? The contracts of one person, by start. */
static bool works(const struct contract *list, size_t n, const struct contract *first,
                  const struct id *employer, int32_t day, int64_t gap)
{
    int32_t until = first->end;
    for (size_t i = 0; i < n && until != DUE_NEVER; i++) {
        const struct contract *c = &list[i];
        bool counts = c != first && (employer == NULL || id_eq(&c->employer, employer));
        if (counts && c->start <= day_add(until, gap) && c->end > until)
            until = c->end;
    }
    return until == DUE_NEVER || until >= day;
}

struct cohort {
    int64_t started, same, any, unknown;
};

static enum err one_of_cohort(struct store *s, const struct report_ask *ask,
                              const struct contract *list, size_t n, const struct contract *c,
                              struct cohort *out)
{
    enum { MONTHS = 6 };
    int64_t gap = 0;
    int64_t days = 0;
    struct told told = {0};
    int32_t day = day_add_months(c->start, MONTHS);
    enum err err = parameter_number(s, PARAMETER_JOB_GAP_DAYS, &ask->structure, ask->at, &gap);
    if (err == ERR_OK)
        err = parameter_number(s, PARAMETER_FOLLOWUP_DAYS, &ask->structure, ask->at, &days);
    if (err == ERR_OK)
        err = followups_of(s, ask, c, STR(""), day, days, &told);
    if (err != ERR_OK)
        return err;
    bool same = works(list, n, c, &c->employer, day, gap);
    bool any = same || works(list, n, c, NULL, day, gap) || (told.known && told.in_job);
    /* Nobody ended it, and nobody asked: is the person still there? */
    bool unknown = c->end == DUE_NEVER && !told.done;
    out->started++;
    out->unknown += unknown ? 1 : 0;
    out->same += same && !unknown && !(told.known && !told.in_job) ? 1 : 0;
    out->any += any && !unknown && !(told.known && !told.in_job) ? 1 : 0;
    return ERR_OK;
}

static enum err put_share(struct report_out *out, const char *what, int64_t part, int64_t whole)
{
    struct report_cell cells[] = {text_cell(what), count_cell(part), share_cell(part, whole)};
    return report_put(out, cells);
}

static enum err put_cohort(struct report_out *out, const struct cohort *c)
{
    int64_t known = c->started - c->unknown;
    enum err err = put_share(out, "started", c->started, 0);
    if (err == ERR_OK)
        err = put_share(out, "unknown", c->unknown, c->started);
    if (err == ERR_OK)
        err = put_share(out, "same_employer", c->same, known);
    if (err == ERR_OK)
        err = put_share(out, "any_job", c->any, known);
    return err == ERR_OK ? put_share(out, "any_job_prudent", c->any, c->started) : err;
}

enum err report_retention(struct store *s, const struct report_ask *ask, struct report_out *out)
{
    enum { MONTHS = 6 };
    struct buf all = {0};
    struct cohort cohort = {0};
    enum err err = contracts(s, ask, &all);
    const struct contract *list = (const void *)all.p;
    size_t n = all.n / sizeof *list;
    size_t first = 0;
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        const struct contract *c = &list[i];
        size_t last = i;
        if (!id_eq(&list[first].who, &c->who))
            first = i;
        if (c->start < ask->from || c->start >= ask->to ||
            day_add_months(c->start, MONTHS) > ask->at)
            continue;
        while (last + 1 < n && id_eq(&list[last + 1].who, &c->who))
            last++;
        err = one_of_cohort(s, ask, &list[first], last + 1 - first, c, &cohort);
    }
    buf_done(&all);
    return err == ERR_OK ? put_cohort(out, &cohort) : err;
}

/* ---- I6 ---- */

struct point {
    int64_t due, done, both;
};

/* One milestone over all contracts. */
static enum err point_of(struct store *s, const struct report_ask *ask, const struct buf *all,
                         struct str milestone, int64_t days, struct point *out)
{
    const struct contract *list = (const void *)all->p;
    enum err err = ERR_OK;
    for (size_t i = 0; i < all->n / sizeof *list && err == ERR_OK; i++) {
        struct due_list due = {.count = 0};
        struct told told = {0};
        due_points(milestone, list[i].start, list[i].end, &due);
        if (due.count != 1 || due.due[0].day < ask->from || due.due[0].day >= ask->to ||
            due.due[0].day > ask->at)
            continue;
        err = followups_of(s, ask, &list[i], milestone, due.due[0].day, days, &told);
        out->due++;
        out->done += told.done ? 1 : 0;
        out->both += told.both ? 1 : 0;
    }
    return err;
}

static enum err put_point(struct report_out *out, struct str what, const struct point *p)
{
    struct report_cell cells[] = {{.text = what},
                                  count_cell(p->due),
                                  count_cell(p->done),
                                  share_cell(p->done, p->due),
                                  count_cell(p->both)};
    return report_put(out, cells);
}

enum err report_followups(struct store *s, const struct report_ask *ask, struct report_out *out)
{
    struct buf all = {0};
    struct buf words = {0};
    struct point sum = {0};
    struct str word;
    int64_t days = 0;
    enum err err = contracts(s, ask, &all);
    if (err == ERR_OK)
        err = parameter_words(s, PARAMETER_FOLLOWUP_POINTS, &ask->structure, ask->at, &words);
    if (err == ERR_OK)
        err = parameter_number(s, PARAMETER_FOLLOWUP_DAYS, &ask->structure, ask->at, &days);
    struct str rest = buf_str(&words);
    while (err == ERR_OK && parameter_word(&rest, &word)) {
        struct point p = {0};
        err = point_of(s, ask, &all, word, days, &p);
        if (err == ERR_OK)
            err = put_point(out, word, &p);
        sum.due += p.due;
        sum.done += p.done;
        sum.both += p.both;
    }
    if (err == ERR_OK)
        err = put_point(out, STR("all"), &sum);
    buf_done(&all);
    buf_done(&words);
    return err;
}

/* ---- I11 ---- */

/* The days a statement lists, in order, into one row. */
static enum err delay(struct store *s, const struct report_ask *ask, const char *sql,
                      const char *what, const enum parameter_key *limit, struct report_out *out)
{
    struct buf days = {0};
    struct stmt *stmt = NULL;
    int64_t most = INT64_MAX;
    int64_t in_time = 0;
    enum err err =
        limit == NULL ? ERR_OK : parameter_number(s, *limit, &ask->structure, ask->at, &most);
    if (err == ERR_OK)
        err = report_select(s, sql, ask, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        int64_t n = col_int(stmt, 0);
        in_time += n <= most ? 1 : 0;
        buf_add(&days, &n, sizeof n);
    }
    stmt_free(stmt);
    const int64_t *list = (const void *)days.p;
    int64_t n = (int64_t)(days.n / sizeof *list);
    err = step == STEP_FAILED ? db_error(s->db) : days.err;
    if (err == ERR_OK) {
        struct report_cell cells[] = {text_cell(what),
                                      count_cell(n),
                                      {.none = n == 0, .number = median_of(list, (size_t)n)},
                                      share_cell(in_time, limit == NULL ? 0 : n)};
        err = report_put(out, cells);
    }
    buf_done(&days);
    return err;
}

enum err report_delays(struct store *s, const struct report_ask *ask, struct report_out *out)
{
    static const enum parameter_key first = PARAMETER_FIRST_SESSION_DAYS;
    static const enum parameter_key agreed = PARAMETER_ENTRY_AGREEMENT_DAYS;
    enum err err = delay(s, ask, SCOPE SQL_DELAY_REFERRAL, "referral_session", &first, out);
    if (err == ERR_OK)
        err = delay(s, ask, SCOPE SQL_DELAY_AGREEMENT, "entry_agreement", &agreed, out);
    return err == ERR_OK ? delay(s, ask, SCOPE SQL_DELAY_JOB, "entry_job", NULL, out) : err;
}

/* ---- I16 ---- */

static const char *state_of(const struct due *due, int32_t at)
{
    enum { SOON_DAYS = 180 };
    if (due->done)
        return "done";
    if (due->day < at)
        return "late";
    return due->day - at <= SOON_DAYS ? "soon" : "ok";
}

enum err report_ask_done(struct store *s, const struct id *of_row, struct due *due,
                         int32_t *done_on)
{
    const struct table *table = schema_table(s->env.schema, TABLE_DEADLINE);
    const struct value done = value_text(STR("done"));
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    struct id deadline = due_id(due, of_row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(s, table, &deadline, &arena, row);
    *done_on = 0;
    if (err == ERR_OK && !row->deleted) {
        const struct value *day =
            &row->values[schema_field_index(table, FIELD_DEADLINE_DONE_ON)];
        due->done =
            value_eq(&row->values[schema_field_index(table, FIELD_DEADLINE_STATE)], &done);
        *done_on = day->type == VALUE_INT ? (int32_t)day->i : 0;
    }
    arena_done(&arena);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* The next date of each rule, and what is late within a year. */
static enum err dates_of(struct store *s, const struct report_ask *ask, const struct id *id,
                         struct str name, struct report_out *out)
{
    enum { YEAR_DAYS = 365 };
    const struct table *table = schema_table(s->env.schema, TABLE_ACCREDITATION);
    const struct field *kind = schema_field_named(table, STR("kind"));
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    struct due_list *list = arena_new(&arena, sizeof *list);
    enum err err =
        row == NULL || list == NULL ? ERR_NOMEM : rows_find(s, table, id, &arena, row);
    if (err == ERR_OK)
        err = due_of(s, table, row, list);
    for (size_t i = 0; err == ERR_OK && i < list->count; i++) {
        struct due *due = &list->due[i];
        bool later = i > 0 && strcmp(list->due[i - 1].rule, due->rule) == 0 &&
                     list->due[i - 1].day >= ask->at;
        if (later || due->day < ask->at - YEAR_DAYS)
            continue;
        int32_t done_on = 0;
        err = report_ask_done(s, id, due, &done_on);
        struct report_cell cells[] = {
            {.text = name},
            {.text = row->values[schema_field_index(table, kind->id)].s},
            text_cell(due->rule),
            count_cell(due->day),
            text_cell(state_of(due, ask->at))};
        err = err == ERR_OK ? report_put(out, cells) : err;
    }
    arena_done(&arena);
    return err;
}

enum err report_accreditations(struct store *s, const struct report_ask *ask,
                               struct report_out *out)
{
    struct stmt *stmt = NULL;
    enum err err = report_select(s, SQL_ACCREDITATIONS, ask, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct id id;
        err =
            col_id(stmt, 0, &id) ? dates_of(s, ask, &id, col_text(stmt, 1), out) : ERR_CORRUPT;
    }
    stmt_free(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}
