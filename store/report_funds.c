/* SPDX-License-Identifier: Apache-2.0 */
/* Reports for who pays: PIIS on time (I19), outputs and results of ESF operations (I23, I24).
 * An operation asks at the entry `employment` (unemployed, long_term, inactive, employed),
 * `homeless` and `rural` (yes, no), and at the exit and after six months `situation` (a code of
 * exit_situation). "refus" answers any of them. */
#include "proto/day.h"
#include "store/due.h"
#include "store/parameter.h"
#include "store/report_inside.h"
#include "store/report_sql.h"

/* ---- I19 ---- */

/* A benefit that follows another one is no new one. Signed: by the person. */
#define SQL_GRANTED                                                                            \
    "SELECT t.start,(SELECT min(z.signed_on) FROM t_pathway w JOIN t_agreement g ON "          \
    "g.pathway=w._id JOIN t_agreement_signature z ON z.agreement=g._id WHERE "                 \
    "w.person=t.person AND w._del=0 AND g._del=0 AND z._del=0 AND g.kind='PIIS' AND "          \
    "z.signer='person' AND z.signed_on>=t.start AND z.signed_on<=at) FROM ask JOIN "           \
    "t_status_period t ON t.start>=a AND t.start<b AND t.start<=at JOIN dossier d ON "         \
    "d.id=t.person WHERE t._del=0 AND t.code IN ('RIS','ERIS') AND NOT EXISTS(SELECT 1 FROM "  \
    "t_status_period e WHERE e.person=t.person AND e._del=0 AND e._id<>t._id AND e.code IN "   \
    "('RIS','ERIS') AND e.start<t.start AND (e.\"end\" IS NULL OR e.\"end\">=t.start-1))"
#define SQL_PIIS                                                                               \
    "SELECT g._id FROM t_agreement g JOIN way w ON w.id=g.pathway WHERE g._del=0 AND "         \
    "g.kind='PIIS' ORDER BY g._id"

struct duty {
    struct store *s;
    const struct report_ask *ask;
    int64_t months;
    int64_t on_time, late, waiting;
};

static enum err on_granted(void *ctx, struct stmt *stmt)
{
    struct duty *d = ctx;
    int32_t limit = day_add_months((int32_t)col_int(stmt, 0), (int32_t)d->months);
    if (!col_null(stmt, 1) && col_int(stmt, 1) <= limit)
        d->on_time++;
    else if (!col_null(stmt, 1) || limit < d->ask->at)
        d->late++;
    else
        d->waiting++;
    return ERR_OK;
}

static enum err review(struct duty *d, const struct id *id, struct due *due)
{
    int32_t done_on = 0;
    if (strcmp(due->rule, "agreement_review") != 0 || due->day < d->ask->from ||
        due->day >= d->ask->to)
        return ERR_OK;
    enum err err = report_ask_done(d->s, id, due, &done_on);
    if (due->done && done_on <= due->day)
        d->on_time++;
    else if (due->done || due->day <= d->ask->at)
        d->late++;
    else
        d->waiting++;
    return err;
}

static enum err on_agreement(void *ctx, struct stmt *stmt)
{
    struct duty *d = ctx;
    const struct table *table = schema_table(d->s->env.schema, TABLE_AGREEMENT);
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    struct due_list *list = arena_new(&arena, sizeof *list);
    struct id id;
    enum err err = row == NULL || list == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK && !col_id(stmt, 0, &id))
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        err = rows_find(d->s, table, &id, &arena, row);
    if (err == ERR_OK)
        err = due_of(d->s, table, row, list);
    for (size_t i = 0; err == ERR_OK && i < list->count; i++)
        err = review(d, &id, &list->due[i]);
    arena_done(&arena);
    return err;
}

static enum err put_duty(struct report_out *out, const char *what, const struct duty *d)
{
    struct report_cell cells[] = {
        text_cell(what),        count_cell(d->on_time + d->late),
        count_cell(d->on_time), count_cell(d->late),
        count_cell(d->waiting), share_cell(d->on_time, d->on_time + d->late)};
    return report_put(out, cells);
}

enum err report_agreements(struct store *s, const struct report_ask *ask,
                           struct report_out *out)
{
    struct duty signing = {.s = s, .ask = ask};
    struct duty reviews = {.s = s, .ask = ask};
    enum err err = parameter_number(s, PARAMETER_AGREEMENT_SIGN_MONTHS, &ask->structure,
                                    ask->at, &signing.months);
    if (err == ERR_OK)
        err = report_list(s, SCOPE SQL_GRANTED, ask, on_granted, &signing);
    if (err == ERR_OK)
        err = report_list(s, SCOPE SQL_PIIS, ask, on_agreement, &reviews);
    if (err == ERR_OK)
        err = put_duty(out, "signature", &signing);
    return err == ERR_OK ? put_duty(out, "review", &reviews) : err;
}

/* ---- I23, I24 ---- */

/* An answer that was replaced is none. */
#define ANSWER(milestone_, question_)                                                          \
    "(SELECT v.value FROM t_participation_answer v WHERE v.participation=p._id AND v._del=0 "  \
    "AND v.milestone='" milestone_ "' AND v.question='" question_ "' AND NOT EXISTS(SELECT 1 " \
    "FROM t_participation_answer r WHERE r.replaces=v._id AND r._del=0) ORDER BY v._id DESC "  \
    "LIMIT 1)"
/* Where the operation did not ask, the exit of the pathway may say. */
#define EXIT(field_)                                                                           \
    "(SELECT x." field_ " FROM t_exit x JOIN t_pathway w ON w._id=x.pathway WHERE "            \
    "w.person=p.person AND w._del=0 AND x._del=0 AND x.merged_into IS NULL AND "               \
    "x.date>=p.\"exit\"-28 AND x.date<=p.\"exit\"+28 ORDER BY x.date DESC,x._id LIMIT 1)"
#define SQL_PARTICIPATIONS(day_)                                                                                                                                                                        \
    "SELECT d.who,p.entry,p.\"exit\",e.gender,e.birth_date,e.education," ANSWER("entry", "employment") "," ANSWER("entry", "homeless") "," ANSWER(                                                      \
        "entry",                                                                                                                                                                                        \
        "rural") ",coalesce(" ANSWER("exit",                                                                                                                                                            \
                                     "situation") "," EXIT("at_4_weeks") "),coalesce(" ANSWER("m6",                                                                                                     \
                                                                                              "situation") "," EXIT("at_6_months") ") FROM ask JOIN "                                                   \
                                                                                                                                   "t_participation p ON p." day_                                       \
                                                                                                                                   ">=a AND p." day_                                                    \
                                                                                                                                   "<b AND p." day_                                                     \
                                                                                                                                   "<=at JOIN dossier d "                                               \
                                                                                                                                   "ON d.id=p.person JOIN t_person e ON e._id=d.id WHERE p._del=0 AND " \
                                                                                                                                   "coalesce(p.one_day,0)=0 ORDER BY d.who,p." day_                     \
                                                                                                                                   ",p._id"

enum gender { WOMEN, MEN, OTHER, GENDERS };
struct line {
    int64_t n[GENDERS];
};
enum {
    UNEMPLOYED,
    LONG_TERM,
    INACTIVE,
    EMPLOYED,
    REFUSED,
    SCHOOL_LOW,
    SCHOOL_MIDDLE,
    SCHOOL_HIGH,
    HOMELESS,
    RURAL,
    OUTPUTS,
    AGES_MAX = 8,
};
static const char *const outputs[OUTPUTS] = {
    "unemployed", "long_term", "inactive",  "employed", "refused",
    "isced_0_2",  "isced_3_4", "isced_5_8", "homeless", "rural"};
static const char *const situations[] = {"searching", "training",         "qualified",
                                         "employed",  "better_situation", "inactive",
                                         "refus",     "unknown"};
enum { SITUATIONS = sizeof situations / sizeof *situations, UNKNOWN = SITUATIONS - 1 };

/* One person of an operation. */
struct taking_part {
    enum gender gender;
    int32_t entry, exit, birth;
    int64_t education;
    struct str employment, homeless, rural, situation[2]; /* of the row that is being read */
    bool complete;                                        /* at the entry */
};
struct fund {
    const struct report_ask *ask;
    bool any;
    struct id who;
    struct line all, incomplete, output[OUTPUTS], age[AGES_MAX + 1];
    int64_t ages[AGES_MAX];
    size_t age_count;
    struct line situation[2][SITUATIONS], told[2];
};

static int32_t years(int32_t birth, int32_t day)
{
    enum { MONTHS = 12, MOST = 200 };
    int32_t n = 0;
    while (n < MOST && day_add_months(birth, (n + 1) * MONTHS) <= day)
        n++;
    return n;
}

/* false: this human was counted already. */
static bool read_part(struct fund *f, struct stmt *stmt, struct taking_part *p)
{
    struct id who;
    struct str gender = col_text(stmt, 3);
    if (!col_id(stmt, 0, &who) || (f->any && id_eq(&who, &f->who)))
        return false;
    f->any = true;
    f->who = who;
    *p = (struct taking_part){.gender = str_eq(gender, STR("F"))   ? WOMEN
                                        : str_eq(gender, STR("M")) ? MEN
                                                                   : OTHER,
                              .entry = (int32_t)col_int(stmt, 1),
                              .exit = col_null(stmt, 2) ? DUE_NEVER : (int32_t)col_int(stmt, 2),
                              .birth = (int32_t)col_int(stmt, 4),
                              .education = col_int(stmt, 5),
                              .employment = col_text(stmt, 6),
                              .homeless = col_text(stmt, 7),
                              .rural = col_text(stmt, 8),
                              .situation = {col_text(stmt, 9), col_text(stmt, 10)},
                              .complete = !col_null(stmt, 3) && !col_null(stmt, 4) &&
                                          !col_null(stmt, 5) && !col_null(stmt, 6)};
    return true;
}

static void count_if(struct line *line, const struct taking_part *p, bool counts)
{
    line->n[p->gender] += counts ? 1 : 0;
}

/* Who is unemployed for long is unemployed. */
static void count_output(struct fund *f, const struct taking_part *p)
{
    enum { MIDDLE = 3, HIGH = 5 };
    bool long_term = str_eq(p->employment, STR("long_term"));
    size_t band = 0;
    count_if(&f->output[UNEMPLOYED], p, long_term || str_eq(p->employment, STR("unemployed")));
    count_if(&f->output[LONG_TERM], p, long_term);
    count_if(&f->output[INACTIVE], p, str_eq(p->employment, STR("inactive")));
    count_if(&f->output[EMPLOYED], p, str_eq(p->employment, STR("employed")));
    count_if(&f->output[REFUSED], p, str_eq(p->employment, STR("refus")));
    count_if(&f->output[SCHOOL_LOW], p, p->education < MIDDLE);
    count_if(&f->output[SCHOOL_MIDDLE], p, p->education >= MIDDLE && p->education < HIGH);
    count_if(&f->output[SCHOOL_HIGH], p, p->education >= HIGH);
    count_if(&f->output[HOMELESS], p, str_eq(p->homeless, STR("yes")));
    count_if(&f->output[RURAL], p, str_eq(p->rural, STR("yes")));
    while (band < f->age_count && f->ages[band] <= years(p->birth, p->entry))
        band++;
    count_if(&f->age[band], p, true);
}

static enum err on_entry(void *ctx, struct stmt *stmt)
{
    struct fund *f = ctx;
    struct taking_part p;
    if (!read_part(f, stmt, &p))
        return ERR_OK;
    if (!p.complete) {
        count_if(&f->incomplete, &p, true);
        return ERR_OK;
    }
    count_if(&f->all, &p, true);
    count_output(f, &p);
    return ERR_OK;
}

static enum err put_line(struct report_out *out, const char *when, struct str what,
                         const struct line *line, const struct line *of)
{
    int64_t all = line->n[WOMEN] + line->n[MEN] + line->n[OTHER];
    int64_t whole = of == NULL ? 0 : of->n[WOMEN] + of->n[MEN] + of->n[OTHER];
    struct report_cell cells[] = {text_cell(when == NULL ? "" : when),
                                  {.text = what},
                                  count_cell(line->n[WOMEN]),
                                  count_cell(line->n[MEN]),
                                  count_cell(line->n[OTHER]),
                                  count_cell(all),
                                  share_cell(all, whole)};
    return report_put(out, when == NULL ? cells + 1 : cells);
}

static enum err read_ages(struct store *s, struct fund *f)
{
    struct buf words = {0};
    struct str word;
    enum err err =
        parameter_words(s, PARAMETER_ESF_AGES, &f->ask->structure, f->ask->at, &words);
    struct str rest = buf_str(&words);
    while (err == ERR_OK && f->age_count < AGES_MAX && parameter_word(&rest, &word)) {
        int64_t n = 0;
        for (size_t i = 0; i < word.n && word.p[i] >= '0' && word.p[i] <= '9' && n < 1000; i++)
            n = n * 10 + (word.p[i] - '0');
        if (n > (f->age_count == 0 ? 0 : f->ages[f->age_count - 1]))
            f->ages[f->age_count++] = n;
    }
    buf_done(&words);
    return err;
}

static enum err put_ages(struct report_out *out, const struct fund *f)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i <= f->age_count && err == ERR_OK; i++) {
        struct buf what = {0};
        if (i == 0)
            buf_printf(&what, "age_0_%lld", (long long)f->ages[0] - 1);
        else if (i == f->age_count)
            buf_printf(&what, "age_%lld_up", (long long)f->ages[i - 1]);
        else
            buf_printf(&what, "age_%lld_%lld", (long long)f->ages[i - 1],
                       (long long)f->ages[i] - 1);
        err = what.err == ERR_OK ? put_line(out, NULL, buf_str(&what), &f->age[i], &f->all)
                                 : what.err;
        buf_done(&what);
    }
    return err;
}

enum err report_outputs(struct store *s, const struct report_ask *ask, struct report_out *out)
{
    struct fund f = {.ask = ask};
    enum err err = read_ages(s, &f);
    if (err == ERR_OK)
        err = report_list(s, SCOPE SQL_PARTICIPATIONS("entry"), ask, on_entry, &f);
    if (err == ERR_OK)
        err = put_line(out, NULL, STR("participants"), &f.all, NULL);
    for (size_t i = 0; i < OUTPUTS && err == ERR_OK; i++)
        err = put_line(out, NULL, str_of(outputs[i]), &f.output[i], &f.all);
    if (err == ERR_OK && f.age_count > 0)
        err = put_ages(out, &f);
    return err == ERR_OK ? put_line(out, NULL, STR("incomplete"), &f.incomplete, NULL) : err;
}

static void count_situation(struct fund *f, const struct taking_part *p, int when)
{
    int i = 0;
    while (i < UNKNOWN && !str_eq(p->situation[when], str_of(situations[i])))
        i++;
    count_if(&f->situation[when][i], p, true);
    count_if(&f->told[when], p, true);
}

/* Six months after, when they are over or somebody told already. */
static enum err on_exit_row(void *ctx, struct stmt *stmt)
{
    enum { MONTHS = 6 };
    struct fund *f = ctx;
    struct taking_part p;
    if (!read_part(f, stmt, &p))
        return ERR_OK;
    if (!p.complete) {
        count_if(&f->incomplete, &p, true);
        return ERR_OK;
    }
    count_situation(f, &p, 0);
    if (p.situation[1].n > 0 || day_add_months(p.exit, MONTHS) <= f->ask->at)
        count_situation(f, &p, 1);
    return ERR_OK;
}

enum err report_results(struct store *s, const struct report_ask *ask, struct report_out *out)
{
    static const char *const moments[] = {"exit", "m6"};
    struct fund f = {.ask = ask};
    enum err err = report_list(s, SCOPE SQL_PARTICIPATIONS("\"exit\""), ask, on_exit_row, &f);
    for (int i = 0; i < 2 * SITUATIONS && err == ERR_OK; i++) {
        int when = i / SITUATIONS;
        const char *what = situations[i % SITUATIONS];
        err = put_line(out, moments[when], str_of(what), &f.situation[when][i % SITUATIONS],
                       &f.told[when]);
    }
    return err == ERR_OK ? put_line(out, "", STR("incomplete"), &f.incomplete, NULL) : err;
}
