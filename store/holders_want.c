/* SPDX-License-Identifier: Apache-2.0 */
#include "store/holders_inside.h"

#include "proto/day.h"
#include "store/parameter.h"
#include "store/scopes.h"

struct holding *holders_list(const struct buf *list, size_t *count)
{
    *count = list->n / sizeof(struct holding);
    return (struct holding *)(void *)list->p;
}

struct holding *holders_find(const struct buf *list, const struct holding *like)
{
    size_t n = 0;
    struct holding *all = holders_list(list, &n);
    for (size_t i = 0; i < n; i++)
        if (id_eq(&all[i].staff, &like->staff) && all[i].grant.home == like->grant.home &&
            all[i].grant.dossier == like->grant.dossier)
            return &all[i];
    return NULL;
}

/* One more reason to hold the scope. */
static void want(struct settling *w, const struct holding *h)
{
    struct holding *known = holders_find(&w->wanted, h);
    if (known == NULL) {
        buf_add(&w->wanted, h, sizeof *h);
        return;
    }
    known->grant.roles |= h->grant.roles;
    known->grant.facets |= h->grant.facets;
    known->grant.dossiers |= h->grant.dossiers;
}

static enum err is_shared(struct settling *w, const struct id *structure, bool *shared)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(w->s, SQL_JOBCOACH_SEES, &stmt);
    *shared = true;
    if (err != ERR_OK || w->all_shared)
        return err;
    bind_int(stmt, 1, w->today);
    bind_id(stmt, 2, structure);
    enum step step = stmt_step(stmt);
    *shared = step == STEP_ROW && str_eq(col_text(stmt, 0), STR("structure"));
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(w->s->db) : ERR_OK;
}

enum err holders_want_roles(struct settling *w, const struct id *staff)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(w->s, SQL_ROLES_OF, &stmt);
    if (err != ERR_OK)
        return err;
    const struct holding network = {
        .staff = *staff, .grant = {.home = SCOPE_HOME_NETWORK, .facets = FACET_FACTS}};
    bind_id(stmt, 1, staff);
    bind_int(stmt, 2, w->today);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct id structure = {0};
        struct holding h = {.staff = *staff};
        bool shared = false;
        uint8_t role = scopes_role(col_text(stmt, 1), col_text(stmt, 2));
        err = col_id(stmt, 0, &structure) ? ERR_OK : ERR_CORRUPT;
        if (err == ERR_OK)
            err = scopes_home(w->s, &structure, &h.grant.home);
        if (err == ERR_OK && role == ROLE_JOBCOACH)
            err = is_shared(w, &structure, &shared);
        h.grant.roles = role;
        h.grant.facets = scope_facets(role);
        h.grant.dossiers = scope_dossier_facets(role, shared);
        want(w, &h);
        if (role != 0)
            want(w, &network);
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(w->s->db) : err;
}

enum err holders_want_assigned(struct settling *w, const struct dossier *d, bool *referent)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(w->s, SQL_ASSIGNED, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, d->number);
    bind_int(stmt, 2, w->today);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct holding h = {.grant = scope_assignment(col_text(stmt, 1))};
        h.grant.home = d->home;
        h.grant.dossier = d->number;
        err = col_id(stmt, 0, &h.staff) ? ERR_OK : ERR_CORRUPT;
        *referent = *referent || (h.grant.facets & FACET_VAULT) != 0;
        if (h.grant.facets != 0)
            want(w, &h);
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(w->s->db) : err;
}

enum err holders_want_listed(struct settling *w, const struct dossier *d, enum sql sql,
                             int64_t day, struct grant grant)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(w->s, sql, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, d->number);
    bind_int(stmt, 2, w->today);
    if (sql == SQL_EMPLOYERS)
        bind_int(stmt, 3, day);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct holding h = {.grant = grant};
        h.grant.home = d->home;
        h.grant.dossier = d->number;
        err = col_id(stmt, 0, &h.staff) ? ERR_OK : ERR_CORRUPT;
        want(w, &h);
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(w->s->db) : err;
}

/* The first day on which a contract may have ended and still open dossiers of this home. */
static enum err first_ended(struct settling *w, uint32_t home)
{
    struct stmt *stmt = NULL;
    struct id structure = {{0}};
    int64_t months = 0;
    if (w->ended_home == home)
        return ERR_OK;
    enum err err = store_sql(w->s, SQL_SCOPE_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, home);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        err = col_id(stmt, 1, &structure) ? ERR_OK : ERR_CORRUPT;
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(w->s->db);
    if (err == ERR_OK)
        err = parameter_number(w->s, PARAMETER_EMPLOYER_MONTHS, &structure, w->today, &months);
    w->ended_home = home;
    w->ended_day = day_add_months(w->today, -(int32_t)months);
    return err;
}

enum err holders_want_employed(struct settling *w, const struct dossier *d)
{
    const struct grant manager = {.roles = ROLE_MANAGER, .facets = FACET_FACTS};
    enum err err = first_ended(w, d->home);
    return err == ERR_OK ? holders_want_listed(w, d, SQL_EMPLOYERS, w->ended_day, manager)
                         : err;
}

const struct grant holders_opener = {.roles = ROLE_JOBCOACH,
                                     .facets = FACET_FACTS | FACET_NOTES | FACET_VAULT};

enum err holders_want_linked(struct settling *w, const struct dossier *d, bool referent)
{
    const struct grant sender = {.facets = FACET_FACTS};
    enum err err = ERR_OK;
    if (!referent)
        err = holders_want_listed(w, d, SQL_LINK_NAMED, 0, holders_opener);
    return err == ERR_OK ? holders_want_listed(w, d, SQL_LINK_SENDERS, 0, sender) : err;
}

enum err holders_want_referred(struct settling *w, const struct dossier *d)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(w->s, SQL_REFERRED, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, d->number);
    bind_int(stmt, 2, w->today);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        bool notes = str_eq(col_text(stmt, 3), STR("facts_notes"));
        unsigned shared = FACET_FACTS | (notes ? FACET_NOTES : 0U);
        uint8_t role = scopes_role(col_text(stmt, 1), col_text(stmt, 2));
        struct holding h = {.grant = {.home = d->home,
                                      .dossier = d->number,
                                      .roles = ROLE_RECEIVER,
                                      .facets = (uint8_t)(shared & scope_facets(role))}};
        err = col_id(stmt, 0, &h.staff) ? ERR_OK : ERR_CORRUPT;
        if (h.grant.facets != 0)
            want(w, &h);
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(w->s->db) : err;
}
