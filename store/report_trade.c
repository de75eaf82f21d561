/* SPDX-License-Identifier: Apache-2.0 */
/* Reports about jobs and who gives them: insertion (I4), SIEG bands (I15), turnover (I17). */
#include "proto/day.h"
#include "store/due.h"
#include "store/parameter.h"
#include "store/report_inside.h"
#include "store/report_sql.h"

#include <stdlib.h>

static int32_t col_day(struct stmt *stmt, int i)
{
    return col_null(stmt, i) ? DUE_NEVER : (int32_t)col_int(stmt, i);
}

/* ---- I4 ---- */

/* Who is in no phase of L2 any more, since a day of the period, with their contracts. A pathway
 * that was left ends its steps. */
#define SQL_LEAVERS                                                                            \
    "SELECT l.who,l.gone,c.start,coalesce(c.actual_end,c.expected_end),c.kind,c.hours_week,"   \
    "c.actual_end FROM (SELECT w.who who,max(coalesce(s.\"end\",w.out)) gone FROM ask JOIN "   \
    "t_step s ON s._del=0 AND s.start<=at JOIN way w ON w.id=s.pathway JOIN t_phase f ON "     \
    "f._id=s.phase LEFT JOIN t_code k ON k.list='network_phase' AND k.code=f.network_phase "   \
    "AND k._del=0 WHERE f.network_phase='L2' OR k.network_code='L2' GROUP BY w.who HAVING "    \
    "count(CASE WHEN coalesce(s.\"end\",w.out) IS NULL OR coalesce(s.\"end\",w.out)>at THEN "  \
    "1 END)=0) l JOIN ask ON l.gone>=a AND l.gone<b LEFT JOIN (SELECT d.who who,k.start "      \
    "start,k.actual_end actual_end,k.expected_end expected_end,k.kind kind,k.hours_week "      \
    "hours_week FROM t_contract k JOIN dossier d ON d.id=k.person WHERE k._del=0) c ON "       \
    "c.who=l.who ORDER BY l.who"

/* From worst to best; whose job may be a good one comes before who has another. */
enum outcome { NO_JOB, OTHER_JOB, UNKNOWN_JOB, GOOD_JOB, OUTCOMES };

struct leavers {
    int64_t months, hours, gap; /* what makes a job durable and good; days between two */
    struct id who;
    enum outcome best;
    bool any;
    int64_t n[OUTCOMES];
};

static enum outcome job_of(const struct leavers *l, struct stmt *stmt)
{
    int32_t gone = col_day(stmt, 1);
    int32_t start = col_day(stmt, 2);
    int32_t end = col_day(stmt, 3);
    int32_t ended = col_day(stmt, 6);
    struct str kind = col_text(stmt, 4);
    bool open = str_eq(kind, STR("CDI")) || str_eq(kind, STR("self_employed"));
    if (start == DUE_NEVER || start > day_add(gone, l->gap) || ended < gone)
        return NO_JOB;
    if (!(open && ended == DUE_NEVER) && end != DUE_NEVER &&
        day_add(end, 1) < day_add_months(start, (int32_t)l->months))
        return OTHER_JOB;
    if (!col_null(stmt, 5) && col_real(stmt, 5) < (double)l->hours)
        return OTHER_JOB;
    return col_null(stmt, 5) || (!open && end == DUE_NEVER) ? UNKNOWN_JOB : GOOD_JOB;
}

static void leaver_done(struct leavers *l)
{
    l->n[l->best] += l->any ? 1 : 0;
    l->best = NO_JOB;
}

static enum err on_leaver(void *ctx, struct stmt *stmt)
{
    struct leavers *l = ctx;
    struct id who;
    if (!col_id(stmt, 0, &who))
        return ERR_CORRUPT;
    if (!l->any || !id_eq(&who, &l->who))
        leaver_done(l);
    l->any = true;
    l->who = who;
    enum outcome job = job_of(l, stmt);
    l->best = job > l->best ? job : l->best;
    return ERR_OK;
}

enum err report_insertion(struct store *s, const struct report_ask *ask, struct report_out *out)
{
    static const char *const names[OUTCOMES] = {"no_job", "other_job", "unknown", "good_job"};
    struct leavers l = {.best = NO_JOB};
    enum err err =
        parameter_number(s, PARAMETER_QUALITY_MONTHS, &ask->structure, ask->at, &l.months);
    if (err == ERR_OK)
        err = parameter_number(s, PARAMETER_QUALITY_HOURS, &ask->structure, ask->at, &l.hours);
    if (err == ERR_OK)
        err = parameter_number(s, PARAMETER_JOB_GAP_DAYS, &ask->structure, ask->at, &l.gap);
    if (err == ERR_OK)
        err = report_list(s, SCOPE SQL_LEAVERS, ask, on_leaver, &l);
    leaver_done(&l);
    int64_t all = l.n[NO_JOB] + l.n[OTHER_JOB] + l.n[UNKNOWN_JOB] + l.n[GOOD_JOB];
    struct report_cell left[] = {text_cell("left"), count_cell(all), share_cell(0, 0)};
    err = err == ERR_OK ? report_put(out, left) : err;
    for (int i = OUTCOMES - 1; i >= 0 && err == ERR_OK; i--) {
        struct report_cell cells[] = {text_cell(names[i]), count_cell(l.n[i]),
                                      share_cell(l.n[i], all)};
        err = report_put(out, cells);
    }
    return err;
}

/* ---- I15 ---- */

#define SQL_ENGAGED                                                                            \
    "SELECT c.employer_structure,min(s.name),count(DISTINCT d.who) FROM t_contract c JOIN "    \
    "dossier d ON d.id=c.person JOIN t_structure s ON s._id=c.employer_structure,ask WHERE "   \
    "c._del=0 AND c.start<=at AND (c.actual_end IS NULL OR c.actual_end>at) AND EXISTS("       \
    "SELECT 1 FROM t_contract_aid i WHERE i.contract=c._id AND i._del=0 AND i.aid IN "         \
    "('EI_TD','EI_TGD') AND i.start<=at AND (i.\"end\" IS NULL OR i.\"end\">at)) "             \
    "GROUP BY c.employer_structure ORDER BY 2,1"

struct bands {
    struct store *s;
    const struct report_ask *ask;
    struct report_out *out;
};
/* Where a number lies among the bands; 0: none. */
struct band {
    int64_t at, euros, next;
    bool near;
};

static bool read_band(struct str word, int64_t *heads, int64_t *euros)
{
    int64_t *part = heads;
    bool two = false;
    *heads = *euros = 0;
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] == ':' && !two) {
            two = true;
            part = euros;
        } else if (word.p[i] >= '0' && word.p[i] <= '9' && *part < INT32_MAX) {
            *part = *part * 10 + (word.p[i] - '0');
        } else {
            return false;
        }
    }
    return two && *heads > 0;
}

static struct band band_of(struct str words, int64_t heads, int64_t alert)
{
    struct band b = {0};
    struct str word;
    int64_t from = 0;
    int64_t euros = 0;
    while (parameter_word(&words, &word)) {
        if (!read_band(word, &from, &euros))
            continue;
        b.near = b.near || (heads - from <= alert && from - heads <= alert);
        if (from <= heads && from > b.at) {
            b.at = from;
            b.euros = euros;
        } else if (from > heads && (b.next == 0 || from < b.next)) {
            b.next = from;
        }
    }
    return b;
}

static enum err on_engaged(void *ctx, struct stmt *stmt)
{
    struct bands *bands = ctx;
    struct buf words = {0};
    struct id employer;
    int64_t alert = 0;
    int64_t heads = col_int(stmt, 2);
    enum err err = col_id(stmt, 0, &employer) ? ERR_OK : ERR_CORRUPT;
    if (err == ERR_OK)
        err =
            parameter_words(bands->s, PARAMETER_SIEG_BANDS, &employer, bands->ask->at, &words);
    if (err == ERR_OK)
        err =
            parameter_number(bands->s, PARAMETER_SIEG_ALERT, &employer, bands->ask->at, &alert);
    struct band b = band_of(buf_str(&words), heads, alert);
    struct report_cell cells[] = {{.text = col_text(stmt, 1)},
                                  count_cell(heads),
                                  {.none = b.at == 0, .count = b.at},
                                  {.none = b.at == 0, .count = b.euros},
                                  {.none = b.next == 0, .count = b.next},
                                  text_cell(b.near ? "near" : "ok")};
    err = err == ERR_OK ? report_put(bands->out, cells) : err;
    buf_done(&words);
    return err;
}

enum err report_bands(struct store *s, const struct report_ask *ask, struct report_out *out)
{
    struct bands bands = {s, ask, out};
    return report_list(s, SCOPE SQL_ENGAGED, ask, on_engaged, &bands);
}

/* ---- I17 ---- */

#define SQL_STAFFED                                                                            \
    "SELECT c.employer_structure,s.name,d.who,c.start,c.actual_end,c.occupation,(SELECT "      \
    "w.occupation FROM t_pathway w WHERE w.person=c.person AND w._del=0 AND w.occupation IS "  \
    "NOT NULL ORDER BY w.entry DESC,w._id LIMIT 1) FROM t_contract c JOIN dossier d ON "       \
    "d.id=c.person JOIN t_structure s ON s._id=c.employer_structure WHERE c._del=0 "           \
    "ORDER BY s.name,c.employer_structure,d.who,c.start,c._id"

struct turnover {
    const struct report_ask *ask;
    struct report_out *out;
    int64_t gap;
    bool any, job;
    struct id employer, who;
    int32_t start, end; /* of the job: contracts that follow each other */
    int64_t staff, ends, months, heads, known, chosen;
    struct buf name, seniority; /* days of each, int64_t */
};

static int32_t month_end(int32_t day)
{
    int year = 0;
    int month = 0;
    int ignored = 0;
    int32_t first = day;
    date_split(day, &year, &month, &ignored);
    return date_of(year, month, 1, &first) ? day_add(day_add_months(first, 1), -1) : day;
}

static bool at_work(const struct turnover *t, int32_t day)
{
    return t->start <= day && t->end > day;
}

/* The ends of months that count: those of the period that are over, else its last day. Returns
 * how many; `heads` those on which this job was. */
static int64_t count_months(const struct turnover *t, int64_t *heads)
{
    int32_t to = t->ask->to <= t->ask->at ? t->ask->to : day_add(t->ask->at, 1);
    int64_t n = 0;
    *heads = 0;
    for (int32_t day = month_end(t->ask->from); day < to; day = month_end(day_add(day, 1))) {
        *heads += at_work(t, day) ? 1 : 0;
        n++;
    }
    if (n == 0)
        *heads = at_work(t, day_add(to, -1)) ? 1 : 0;
    return n == 0 ? 1 : n;
}

static void job_done(struct turnover *t)
{
    int64_t heads = 0;
    if (!t->job)
        return;
    t->job = false;
    t->months = count_months(t, &heads);
    t->heads += heads;
    t->ends += t->end >= t->ask->from && t->end < t->ask->to ? 1 : 0;
    if (at_work(t, t->ask->at)) {
        int64_t days = t->ask->at - t->start;
        t->staff++;
        buf_add(&t->seniority, &days, sizeof days);
    }
}

static int by_days(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static enum err employer_done(struct turnover *t)
{
    job_done(t);
    if (!t->any)
        return t->seniority.err;
    size_t n = t->seniority.n / sizeof(int64_t);
    int64_t *days = (void *)t->seniority.p;
    if (n > 1)
        qsort(days, n, sizeof *days, by_days);
    double mean = (double)t->heads / (double)t->months;
    struct report_cell cells[] = {
        {.text = buf_str(&t->name)},
        count_cell(t->staff),
        count_cell(t->ends),
        {.number = mean},
        {.none = t->heads == 0, .number = t->heads == 0 ? 0 : 100 * (double)t->ends / mean},
        {.none = n == 0, .number = median_of(days, n)},
        share_cell(t->chosen, t->known)};
    enum err err = t->seniority.err == ERR_OK ? t->name.err : t->seniority.err;
    if (err == ERR_OK && (t->staff > 0 || t->ends > 0 || t->heads > 0))
        err = report_put(t->out, cells);
    t->any = false;
    t->staff = t->ends = t->heads = t->known = t->chosen = 0;
    buf_clear(&t->name);
    buf_clear(&t->seniority);
    return err;
}

static void take_contract(struct turnover *t, struct stmt *stmt)
{
    int32_t start = col_day(stmt, 3);
    int32_t end = col_day(stmt, 4);
    if (start <= t->ask->at && end > t->ask->at && !col_null(stmt, 5) && !col_null(stmt, 6)) {
        t->known++;
        t->chosen += str_eq(col_text(stmt, 5), col_text(stmt, 6)) ? 1 : 0;
    }
    t->any = true;
    if (t->job && (t->end == DUE_NEVER || start <= day_add(t->end, t->gap))) {
        t->end = end > t->end ? end : t->end;
        return;
    }
    job_done(t);
    t->job = true;
    t->start = start;
    t->end = end;
}

static enum err on_contract(void *ctx, struct stmt *stmt)
{
    struct turnover *t = ctx;
    struct id employer;
    struct id who;
    enum err err = ERR_OK;
    if (!col_id(stmt, 0, &employer) || !col_id(stmt, 2, &who))
        return ERR_CORRUPT;
    if (t->any && !id_eq(&employer, &t->employer))
        err = employer_done(t);
    if (!id_eq(&who, &t->who))
        job_done(t);
    if (t->name.n == 0) {
        struct str name = col_text(stmt, 1);
        buf_add(&t->name, name.p, name.n);
    }
    t->employer = employer;
    t->who = who;
    take_contract(t, stmt);
    return err;
}

enum err report_turnover(struct store *s, const struct report_ask *ask, struct report_out *out)
{
    struct turnover t = {.ask = ask, .out = out};
    enum err err =
        parameter_number(s, PARAMETER_JOB_GAP_DAYS, &ask->structure, ask->at, &t.gap);
    if (err == ERR_OK)
        err = report_list(s, SCOPE SQL_STAFFED, ask, on_contract, &t);
    if (err == ERR_OK)
        err = employer_done(&t);
    buf_done(&t.name);
    buf_done(&t.seniority);
    return err;
}
