/* SPDX-License-Identifier: Apache-2.0 */
#include "store/holders_inside.h"

#include "proto/day.h"
#include "store/grants.h"
#include "store/parameter.h"

#include <stdlib.h>

/* Grows when rows come to open other dossiers than before; 1: employer_months counts. */
enum { RULES = 1 };

static int32_t day_of(int64_t ms)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    return (int32_t)(ms / day_ms);
}

/* ---- what is to be looked at ---- */

static enum err touch_dossier(struct store *s, struct scope scope, bool born)
{
    struct dossier d = {.home = scope.home, .number = scope.dossier, .born = born};
    buf_add(&s->touched.dossiers, &d, sizeof d);
    return s->touched.dossiers.err;
}

static enum err touch_staff(struct store *s, const struct value *staff)
{
    if (staff->type == VALUE_BYTES && staff->s.n == ID_BYTES)
        buf_add(&s->touched.staff, staff->s.p, ID_BYTES);
    return s->touched.staff.err;
}

static const struct value *field_of(const struct table *table, const struct row *row,
                                    const char *name)
{
    const struct field *field = schema_field_named(table, str_of(name));
    must(field != NULL);
    return &row->values[schema_field_index(table, field->id)];
}

enum err holders_touch(struct store *s, const struct table *table, const struct row *row,
                       bool made)
{
    struct value self = value_id(&row->id);
    switch (table->id) {
    case TABLE_STAFF:
        return touch_staff(s, &self);
    case TABLE_STAFF_ROLE:
        return touch_staff(s, field_of(table, row, "staff"));
    case TABLE_PERSON:
        return made ? touch_dossier(s, row->scope, true) : ERR_OK;
    case TABLE_ASSIGNMENT:
    case TABLE_CONTRACT:
    case TABLE_CONSENT:
    case TABLE_REFERRAL:
        return touch_dossier(s, row->scope, false);
    case TABLE_PARAMETER:
    case TABLE_STRUCTURE:
        /* Its kind makes coordinators a federation; a parameter may share dossiers. */
        s->touched.all = s->touched.all || !made || table->id == TABLE_PARAMETER;
        return ERR_OK;
    }
    return ERR_OK;
}

void holders_forget(struct store *s)
{
    buf_clear(&s->touched.dossiers);
    buf_clear(&s->touched.staff);
    s->touched.all = false;
}

/* ---- the difference becomes spells ---- */

static enum err note_version(struct settling *w, const struct id *staff)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(w->s, SQL_RIGHTS_SET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, staff);
    bind_int(stmt, 2, (int64_t)w->s->rights + 1);
    w->s->rights_touched = true;
    return stmt_run(stmt);
}

static enum err tell_author(struct settling *w, const struct holding *h)
{
    if (w->author == NULL || w->author->own == NULL || !id_eq(&w->author->staff, &h->staff))
        return ERR_OK;
    return author_put(w->author, &h->grant);
}

static enum err add_spell(struct settling *w, const struct holding *h, uint64_t until,
                          int64_t until_ms)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(w->s, SQL_GRANTED_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, &h->staff);
    bind_int(stmt, 2, h->grant.home);
    bind_int(stmt, 3, h->grant.dossier);
    bind_int(stmt, 4, h->grant.roles);
    bind_int(stmt, 5, h->grant.facets);
    bind_int(stmt, 6, h->grant.dossiers);
    bind_int(stmt, 7, h->grant.born ? 1 : 0);
    bind_int(stmt, 8, (int64_t)w->s->rights + 1);
    bind_int(stmt, 9, (int64_t)h->grant.since);
    bind_int(stmt, 10, h->grant.born ? 0 : w->at_ms);
    bind_int(stmt, 11, (int64_t)until);
    bind_int(stmt, 12, until_ms);
    return stmt_run(stmt);
}

/* A spell that began with this very commit leaves a trace too: whoever opened the dossier has
 * its rows, and must hear that they leave. */
static enum err spell_ends(struct settling *w, const struct holding *h)
{
    uint64_t version = w->s->rights + 1;
    bool brief = h->from == version;
    struct stmt *stmt = NULL;
    enum err err = store_sql(w->s, brief ? SQL_GRANTED_DROP : SQL_GRANTED_END, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, &h->staff);
    bind_int(stmt, 2, h->grant.home);
    bind_int(stmt, 3, h->grant.dossier);
    bind_int(stmt, 4, (int64_t)h->from);
    bind_int(stmt, 5, GRANT_OPEN);
    if (!brief) {
        bind_int(stmt, 6, (int64_t)version);
        bind_int(stmt, 7, w->at_ms);
    }
    err = stmt_run(stmt);
    if (err == ERR_OK && brief)
        err = add_spell(w, h, version, w->at_ms);
    struct holding nothing = {.staff = h->staff,
                              .grant = {.home = h->grant.home, .dossier = h->grant.dossier}};
    if (err == ERR_OK)
        err = tell_author(w, &nothing);
    return err == ERR_OK ? note_version(w, &h->staff) : err;
}

static enum err spell_begins(struct settling *w, const struct holding *h)
{
    enum err err = add_spell(w, h, GRANT_OPEN, GRANT_OPEN);
    if (err == ERR_OK)
        err = tell_author(w, h);
    return err == ERR_OK ? note_version(w, &h->staff) : err;
}

static bool same(const struct grant *a, const struct grant *b)
{
    return a->roles == b->roles && a->facets == b->facets && a->dossiers == b->dossiers;
}

/* What begins where something less has just ended began with that, unless there is more to be
 * seen now. */
static void date(const struct settling *w, struct holding *h, const struct holding *before)
{
    h->grant.born = w->born;
    h->grant.since = w->born ? w->seq : w->since;
    if (before == NULL)
        return;
    unsigned more = (h->grant.facets & ~(unsigned)before->grant.facets) |
                    (h->grant.dossiers & ~(unsigned)before->grant.dossiers);
    if (more == 0 || before->from == w->s->rights + 1) {
        h->grant.born = before->grant.born;
        h->grant.since = before->grant.since;
    }
}

static enum err settle_difference(struct settling *w)
{
    enum err err = w->wanted.err != ERR_OK ? w->wanted.err : w->present.err;
    size_t n = 0;
    struct holding *present = holders_list(&w->present, &n);
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        const struct holding *stays = holders_find(&w->wanted, &present[i]);
        if (stays == NULL || !same(&stays->grant, &present[i].grant))
            err = spell_ends(w, &present[i]);
    }
    struct holding *wanted = holders_list(&w->wanted, &n);
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        const struct holding *before = holders_find(&w->present, &wanted[i]);
        if (before != NULL && same(&before->grant, &wanted[i].grant))
            continue;
        date(w, &wanted[i], before);
        err = spell_begins(w, &wanted[i]);
    }
    buf_clear(&w->wanted);
    buf_clear(&w->present);
    return err;
}

/* Columns: staff, home, dossier, roles, facets, dossiers, born, from, since. */
static enum err read_present(struct settling *w, struct stmt *stmt)
{
    enum err err = ERR_OK;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct holding h = {.grant = {.home = (uint32_t)col_int(stmt, 1),
                                      .dossier = (uint32_t)col_int(stmt, 2),
                                      .roles = (uint8_t)col_int(stmt, 3),
                                      .facets = (uint8_t)col_int(stmt, 4),
                                      .dossiers = (uint8_t)col_int(stmt, 5),
                                      .born = col_int(stmt, 6) != 0,
                                      .since = (uint64_t)col_int(stmt, 8)},
                            .from = (uint64_t)col_int(stmt, 7)};
        err = col_id(stmt, 0, &h.staff) ? ERR_OK : ERR_CORRUPT;
        buf_add(&w->present, &h, sizeof h);
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(w->s->db) : err;
}

/* ---- structures ---- */

static enum err settle_homes(struct settling *w, const struct id *staff)
{
    struct stmt *stmt = NULL;
    w->born = false;
    enum err err = holders_want_roles(w, staff);
    if (err == ERR_OK)
        err = store_sql(w->s, SQL_GRANTED_HOMES, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, staff);
    bind_int(stmt, 2, GRANT_OPEN);
    err = read_present(w, stmt);
    return err == ERR_OK ? settle_difference(w) : err;
}

/* ---- dossiers ---- */

/* One operation may open a dossier and give it to somebody else: whoever wrote it has the rows
 * all the same, and must hear that they leave. */
static enum err trace_author(struct settling *w, const struct dossier *d)
{
    if (!d->born || w->author == NULL || w->author->origin == 0)
        return ERR_OK;
    struct holding h = {.staff = w->author->staff, .grant = holders_opener};
    h.grant.home = d->home;
    h.grant.dossier = d->number;
    h.grant.born = true;
    h.grant.since = w->seq;
    const struct holding *holds = holders_find(&w->wanted, &h);
    if (holds != NULL && (holders_opener.facets & ~(unsigned)holds->grant.facets) == 0)
        return ERR_OK;
    enum err err = add_spell(w, &h, w->s->rights + 1, w->at_ms);
    h.grant = (struct grant){.home = d->home, .dossier = d->number};
    if (err == ERR_OK && holds == NULL)
        err = tell_author(w, &h);
    return err == ERR_OK ? note_version(w, &h.staff) : err;
}

enum err holders_trace(struct store *s, const struct id *staff, struct scope scope,
                       uint64_t seq, int64_t at_ms)
{
    struct settling w = {.s = s, .at_ms = at_ms};
    struct holding h = {.staff = *staff,
                        .grant = {.home = scope.home,
                                  .dossier = scope.dossier,
                                  .facets = FACET_FACTS | FACET_NOTES | FACET_VAULT,
                                  .since = seq}};
    enum err err = add_spell(&w, &h, s->rights + 1, at_ms);
    return err == ERR_OK ? note_version(&w, staff) : err;
}

/* Whoever opened a dossier holds it until somebody is its referent: nobody's own work leaves
 * him before it is somebody else's. */
static enum err settle_dossier(struct settling *w, const struct dossier *d)
{
    bool referent = false;
    struct stmt *stmt = NULL;
    w->born = d->born;
    enum err err = holders_want_assigned(w, d, &referent);
    if (err == ERR_OK && !referent)
        err = holders_want_listed(w, d, SQL_OPENER, 0, holders_opener);
    if (err == ERR_OK)
        err = holders_want_employed(w, d);
    if (err == ERR_OK)
        err = holders_want_referred(w, d);
    if (err == ERR_OK)
        err = holders_want_linked(w, d, referent);
    if (err == ERR_OK)
        err = store_sql(w->s, SQL_GRANTED_DOSSIER, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, d->number);
    bind_int(stmt, 2, GRANT_OPEN);
    err = read_present(w, stmt);
    if (err == ERR_OK)
        err = trace_author(w, d);
    return err == ERR_OK ? settle_difference(w) : err;
}

/* ---- all that is touched ---- */

/* Dossiers a statement lists as home, dossier: all of them are to be looked at. */
static enum err touch_listed(struct store *s, struct stmt *stmt)
{
    enum err err = ERR_OK;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct scope scope = {(uint32_t)col_int(stmt, 0), (uint32_t)col_int(stmt, 1)};
        err = touch_dossier(s, scope, false);
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

static enum err touch_linked(struct store *s, uint32_t dossier, enum sql sql)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, sql, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, dossier);
    return touch_listed(s, stmt);
}

enum err holders_gone(struct store *s, struct scope scope)
{
    enum err err = touch_dossier(s, scope, false);
    return err == ERR_OK ? touch_linked(s, scope.dossier, SQL_LINK_NEAR) : err;
}

static enum err touch_dossiers_of(struct store *s, const struct id *staff)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_DOSSIERS_OF, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, staff);
    bind_int(stmt, 2, GRANT_OPEN);
    return touch_listed(s, stmt);
}

static enum err touch_staff_listed(struct store *s, struct stmt *stmt)
{
    enum err err = ERR_OK;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct value staff = value_bytes(col_blob(stmt, 0));
        err = touch_staff(s, &staff);
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

static enum err touch_all(struct store *s)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_STAFF_ALL, &stmt);
    if (err == ERR_OK)
        err = touch_staff_listed(s, stmt);
    if (err == ERR_OK)
        err = store_sql(s, SQL_DOSSIERS_ALL, &stmt);
    return err == ERR_OK ? touch_listed(s, stmt) : err;
}

static int by_number(const void *a, const void *b)
{
    const struct dossier *x = a;
    const struct dossier *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return (int)y->born - (int)x->born; /* the one that knows of its birth first */
}

static enum err settle_staff(struct settling *w)
{
    enum err err = ERR_OK;
    for (size_t at = 0; at < w->s->touched.staff.n && err == ERR_OK; at += ID_BYTES) {
        struct id staff;
        memcpy(staff.b, w->s->touched.staff.p + at, ID_BYTES);
        err = settle_homes(w, &staff);
        if (err == ERR_OK)
            err = touch_dossiers_of(w->s, &staff);
    }
    return err;
}

/* What was opened from a dossier follows it: it has the greater number, and is settled after.
 */
static enum err touch_opened(struct store *s)
{
    enum err err = ERR_OK;
    size_t n = s->touched.dossiers.n;
    for (size_t at = 0; at < n && err == ERR_OK; at += sizeof(struct dossier)) {
        struct dossier d;
        memcpy(&d, s->touched.dossiers.p + at, sizeof d);
        err = touch_linked(s, d.number, SQL_LINK_FROM);
    }
    return err;
}

static enum err settle_dossiers(struct settling *w)
{
    struct buf *list = &w->s->touched.dossiers;
    enum err err = w->s->touched.all ? ERR_OK : touch_opened(w->s);
    size_t n = list->n / sizeof(struct dossier);
    struct dossier *all = (struct dossier *)(void *)list->p;
    if (n > 1)
        qsort(all, n, sizeof *all, by_number);
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        if (i == 0 || all[i].number != all[i - 1].number)
            err = settle_dossier(w, &all[i]);
    return err;
}

static enum err settle(struct settling *w)
{
    struct store *s = w->s;
    if (!s->touched.all && s->touched.staff.n == 0 && s->touched.dossiers.n == 0)
        return ERR_OK;
    w->today = day_of(store_now(s));
    enum err err = s->touched.all ? touch_all(s) : ERR_OK;
    if (err == ERR_OK)
        err = settle_staff(w);
    if (err == ERR_OK)
        err = settle_dossiers(w);
    buf_done(&w->wanted);
    buf_done(&w->present);
    holders_forget(s);
    return err;
}

enum err holders_settle(struct store *s, uint64_t seq, int64_t at_ms, struct author *author)
{
    struct settling w = {.s = s, .seq = seq, .since = s->seq, .at_ms = at_ms, .author = author};
    return settle(&w);
}

enum err holders_commit(struct store *s)
{
    if (!s->rights_touched)
        return ERR_OK;
    enum err err = meta_set_int(s, META_RIGHTS, (int64_t)s->rights + 1);
    if (err == ERR_OK) {
        s->rights++;
        s->rights_touched = false;
    }
    return err;
}

/* ---- days ---- */

static enum err touch_turned(struct store *s, enum sql sql, int32_t from, int32_t to)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, sql, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, from);
    bind_int(stmt, 2, to);
    return sql == SQL_ROLES_TURN ? touch_staff_listed(s, stmt) : touch_listed(s, stmt);
}

static enum err add_months(struct buf *list, struct str value)
{
    int64_t months = 0;
    if (parameter_counts(PARAMETER_EMPLOYER_MONTHS, value, &months))
        buf_add(list, &months, sizeof months);
    return list->err;
}

/* All numbers of months that count somewhere, or did. */
static enum err list_months(struct store *s, struct buf *list)
{
    struct stmt *stmt = NULL;
    enum step step = STEP_DONE;
    enum err err = add_months(list, str_of(parameter_of(PARAMETER_EMPLOYER_MONTHS)->fallback));
    if (err == ERR_OK)
        err = store_sql(s, SQL_EMPLOYER_MONTHS, &stmt);
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW)
        err = add_months(list, col_text(stmt, 0));
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

/* Which of them counts for a dossier is asked when it is looked at. */
static enum err touch_employed(struct store *s, int32_t from, int32_t to)
{
    struct buf list = {0};
    enum err err = list_months(s, &list);
    for (size_t at = 0; at < list.n && err == ERR_OK; at += sizeof(int64_t)) {
        int64_t months = 0;
        memcpy(&months, list.p + at, sizeof months);
        err = touch_turned(s, SQL_EMPLOYERS_TURN, day_add_months(from, -(int32_t)months),
                           day_add_months(to, -(int32_t)months));
    }
    buf_done(&list);
    return err;
}

static enum err touch_days(struct store *s, int32_t from, int32_t to)
{
    static const enum sql lists[] = {SQL_ROLES_TURN, SQL_ASSIGNED_TURN, SQL_REFERRED_TURN,
                                     SQL_LINK_TURN};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof lists / sizeof *lists && err == ERR_OK; i++)
        err = touch_turned(s, lists[i], from, to);
    if (err == ERR_OK)
        err = touch_employed(s, from, to);
    uint64_t parameters = 0;
    if (err == ERR_OK)
        err = store_number(s, SQL_RIGHTS_TURN, (int64_t[]){from, to}, 2, &parameters);
    s->touched.all = s->touched.all || parameters > 0;
    return err;
}

static enum err new_day(struct store *s, int32_t today)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    struct settling w = {
        .s = s, .seq = s->seq + 1, .since = s->seq + 1, .at_ms = today * day_ms};
    int32_t was = s->rights_day;
    int64_t rules = 0;
    enum err err = meta_get_int(s, META_RIGHTS_RULES, &rules);
    if (err == ERR_OK && rules < RULES) { /* of an earlier program */
        s->touched.all = was != 0;
        err = meta_set_int(s, META_RIGHTS_RULES, RULES);
    }
    if (err == ERR_OK && was != 0) /* a clock put back has its days too */
        err = touch_days(s, was < today ? was : today, was < today ? today : was);
    if (err == ERR_OK)
        err = settle(&w);
    if (err == ERR_OK)
        err = holders_commit(s);
    return err == ERR_OK ? meta_set_int(s, META_RIGHTS_DAY, today) : err;
}

enum err holders_today(struct store *s)
{
    int32_t today = day_of(store_now(s));
    if (today == s->rights_day)
        return ERR_OK;
    enum err err = store_begin(s);
    if (err == ERR_OK)
        err = store_end(s, new_day(s, today));
    if (err == ERR_OK)
        s->rights_day = today;
    holders_forget(s);
    return err;
}

static enum err rebuild(struct store *s, struct settling w)
{
    s->touched.all = true;
    enum err err = settle(&w);
    return err == ERR_OK ? holders_commit(s) : err;
}

enum err holders_rework(struct store *s)
{
    struct settling w = {.s = s, .seq = s->seq + 1, .since = s->seq + 1, .at_ms = store_now(s)};
    return rebuild(s, w);
}

enum err holders_rebuild(struct store *s)
{
    struct settling then = {.s = s, .seq = 1, .since = 1, .all_shared = true};
    struct settling now = {.s = s, .seq = 1, .since = 1, .at_ms = store_now(s)};
    enum err err = rebuild(s, then);
    return err == ERR_OK ? rebuild(s, now) : err;
}
