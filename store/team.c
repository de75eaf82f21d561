/* SPDX-License-Identifier: Apache-2.0 */
#include "store/team.h"

#include "proto/hlc.h"
#include "store/inside.h"
#include "store/parameter.h"
#include "store/today.h"

#include <stdlib.h>

/* Open assignments of the day ?1, on pathways nobody left. */
#define OPEN                                                                                   \
    "SELECT DISTINCT g.staff staff,g.pathway pathway,w.person person FROM t_assignment g "     \
    "JOIN t_pathway w ON w._id=g.pathway AND w._del=0 AND w.entry<=?1 WHERE g._del=0 AND "     \
    "g.staff IS NOT NULL AND g.start<=?1 AND (g.\"end\" IS NULL OR g.\"end\">?1) AND NOT "     \
    "EXISTS(SELECT 1 FROM t_exit x WHERE x.pathway=w._id AND x._del=0 AND "                    \
    "x.merged_into IS NULL AND x.date<=?1)"
#define WEIGHT                                                                                 \
    "coalesce((SELECT p.weight FROM t_step s JOIN t_phase p ON p._id=s.phase WHERE "           \
    "s.pathway=o.pathway AND s._del=0 AND s.start<=?1 AND (s.\"end\" IS NULL OR "              \
    "s.\"end\">?1) ORDER BY s.start DESC,s._id LIMIT 1),1)"
/* ?2 the structure, ?3 the day before which a draft is old. */
static const char members[] =
    "SELECT f._id,f.first_name||' '||f.name,(SELECT count(*) FROM (" OPEN ") o WHERE "
    "o.staff=f._id),(SELECT sum(" WEIGHT ") FROM (" OPEN ") o WHERE o.staff=f._id)/"
    "coalesce(nullif(f.fte,0),1),(SELECT count(*) FROM t_session s WHERE s._by=f._id AND "
    "s._del=0 AND coalesce(s.state,'draft')='draft' AND s.date<?3),(SELECT max(s._hlc) FROM "
    "t_session s WHERE s._by=f._id AND s._del=0) FROM t_staff f WHERE f._del=0 AND f.active=1 "
    "AND (?2 IS NULL OR f.structure=?2) AND (EXISTS(SELECT 1 FROM t_staff_role r WHERE "
    "r.staff=f._id AND r._del=0 AND r.role='jobcoach' AND r.start<=?1 AND (r.\"end\" IS NULL "
    "OR r.\"end\">?1)) OR EXISTS(SELECT 1 FROM (" OPEN ") o WHERE o.staff=f._id)) "
    "ORDER BY f.name,f.first_name,f._id";
static const char followed[] = "SELECT o.person,o.staff FROM (" OPEN ") o ORDER BY o.person";

/* Who follows whom, in order of persons. */
struct pair {
    struct id person, staff;
};
struct due_count {
    struct id staff;
    int64_t points, lates;
};
struct team {
    struct store *s;
    int32_t day;
    struct buf pairs;     /* struct pair */
    struct buf counts;    /* struct due_count */
    size_t points, lates; /* in all */
};

static int by_person(const void *key, const void *item)
{
    return id_cmp(key, &((const struct pair *)item)->person);
}
static int by_pair(const void *a, const void *b)
{
    return by_person(&((const struct pair *)a)->person, b);
}

static struct due_count *count_of(struct team *t, const struct id *staff)
{
    struct due_count *list = (void *)t->counts.p;
    size_t n = t->counts.n / sizeof *list;
    for (size_t i = 0; i < n; i++)
        if (id_eq(&list[i].staff, staff))
            return &list[i];
    struct due_count more = {.staff = *staff};
    buf_add(&t->counts, &more, sizeof more);
    list = (void *)t->counts.p;
    return t->counts.err == ERR_OK ? &list[n] : NULL;
}

/* Each who follows the person hears of it. */
static enum err on_due(void *ctx, const struct today_item *item)
{
    struct team *t = ctx;
    const struct pair *all = (const void *)t->pairs.p;
    size_t n = t->pairs.n / sizeof *all;
    t->points += item->kind == TODAY_POINT ? 1 : 0;
    t->lates += item->kind == TODAY_DEADLINE ? 1 : 0;
    bool late = item->kind == TODAY_DEADLINE && item->day < t->day;
    if ((!late && item->kind != TODAY_POINT) || n == 0)
        return ERR_OK;
    const struct pair *at = bsearch(&item->person, all, n, sizeof *all, by_person);
    while (at != NULL && at > all && id_eq(&at[-1].person, &item->person))
        at--;
    for (; at != NULL && at < all + n && id_eq(&at->person, &item->person); at++) {
        struct due_count *count = count_of(t, &at->staff);
        if (count == NULL)
            return ERR_NOMEM;
        count->points += late ? 0 : 1;
        count->lates += late ? 1 : 0;
    }
    return ERR_OK;
}

static enum err read_pairs(struct team *t)
{
    struct stmt *stmt = NULL;
    enum err err = db_prepare(t->s->db, followed, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, t->day);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct pair pair;
        if (!col_id(stmt, 0, &pair.person) || !col_id(stmt, 1, &pair.staff))
            err = ERR_CORRUPT;
        buf_add(&t->pairs, &pair, sizeof pair);
    }
    stmt_free(stmt);
    if (err == ERR_OK && step == STEP_FAILED)
        err = db_error(t->s->db);
    if (err == ERR_OK && t->pairs.n > 0)
        qsort(t->pairs.p, t->pairs.n / sizeof(struct pair), sizeof(struct pair), by_pair);
    return err == ERR_OK ? t->pairs.err : err;
}

static enum err tell(struct team *t, struct stmt *stmt, int64_t silent_days,
                     team_on_member *on_member, void *ctx)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    struct team_member m = {.name = col_text(stmt, 1),
                            .pathways = col_int(stmt, 2),
                            .weighted = col_real(stmt, 3),
                            .drafts = col_int(stmt, 4),
                            .last_ms =
                                col_null(stmt, 5) ? 0 : hlc_ms((uint64_t)col_int(stmt, 5))};
    if (!col_id(stmt, 0, &m.staff))
        return ERR_CORRUPT;
    const struct due_count *count = count_of(t, &m.staff);
    if (count == NULL)
        return ERR_NOMEM;
    m.points = count->points;
    m.lates = count->lates;
    m.at_least = t->points >= TODAY_ROWS_MAX || t->lates >= TODAY_ROWS_MAX;
    m.silent = m.last_ms / day_ms < t->day - silent_days;
    return on_member(ctx, &m);
}

static enum err list(struct team *t, const struct id *structure, team_on_member *on_member,
                     void *ctx)
{
    struct stmt *stmt = NULL;
    int64_t draft_days = 0;
    int64_t silent_days = 0;
    size_t n = 0;
    enum err err = parameter_number(t->s, PARAMETER_DRAFT_DAYS, structure, t->day, &draft_days);
    if (err == ERR_OK)
        err = parameter_number(t->s, PARAMETER_SILENT_DAYS, structure, t->day, &silent_days);
    if (err == ERR_OK)
        err = db_prepare(t->s->db, members, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, t->day);
    if (!id_is_null(structure))
        bind_id(stmt, 2, structure);
    bind_int(stmt, 3, t->day - draft_days);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW)
        err = n++ == TEAM_MAX ? ERR_LIMIT : tell(t, stmt, silent_days, on_member, ctx);
    stmt_free(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(t->s->db) : err;
}

enum err team_list(struct store *s, const struct id *structure, int32_t day,
                   team_on_member *on_member, void *ctx)
{
    struct team t = {.s = s, .day = day};
    enum err err = read_pairs(&t);
    if (err == ERR_OK)
        err = today_list(s, day, on_due, &t);
    if (err == ERR_OK)
        err = list(&t, structure, on_member, ctx);
    buf_done(&t.pairs);
    buf_done(&t.counts);
    return err;
}
