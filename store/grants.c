/* SPDX-License-Identifier: Apache-2.0 */
#include "store/grants.h"

#include "proto/message.h"
#include "store/inside.h"
#include "store/scopes.h"

/* Work that waited longer for its first contact is judged by the rights of today. */
enum { HAD_DAYS_MAX = 180 };

/* One row of `granted`. */
struct spell {
    struct grant grant;
    uint64_t from, until; /* versions */
};

static struct spell read_spell(struct stmt *stmt)
{
    struct spell spell = {.grant = {.home = (uint32_t)col_int(stmt, 0),
                                    .dossier = (uint32_t)col_int(stmt, 1),
                                    .roles = (uint8_t)col_int(stmt, 2),
                                    .facets = (uint8_t)col_int(stmt, 3),
                                    .dossiers = (uint8_t)col_int(stmt, 4),
                                    .born = col_int(stmt, 5) != 0,
                                    .since = (uint64_t)col_int(stmt, 7)},
                          .from = (uint64_t)col_int(stmt, 6),
                          .until = (uint64_t)col_int(stmt, 8)};
    return spell;
}

static bool in_force(const struct spell *spell, uint64_t version)
{
    return version != 0 && spell->from <= version && version < spell->until;
}

/* One scope over time: what is held now, what the device's copy was complete for, what it was
 * being filled with. */
struct held {
    struct grant now;
    bool live;
    uint8_t had_facets, had_dossiers;
    uint8_t entered_facets, entered_dossiers;
    uint8_t lost_facets, lost_dossiers; /* ended since: it may have some of it, its own work */
    uint64_t until, since;              /* of the spell before */
};

static void take_spell(struct held *h, const struct spell *spell, const struct grants_had *had)
{
    /* Over a gap, were it within one commit, the copy was not kept up, whatever it has. */
    bool follows = spell->from == h->until && spell->grant.since == h->since;
    h->had_facets &= follows ? spell->grant.facets : 0;
    h->had_dossiers &= follows ? spell->grant.dossiers : 0;
    h->entered_facets &= follows ? spell->grant.facets : 0;
    h->entered_dossiers &= follows ? spell->grant.dossiers : 0;
    h->until = spell->until;
    h->since = spell->grant.since;
    if (spell->until == (uint64_t)GRANT_OPEN) {
        h->now = spell->grant;
        h->live = true;
    }
    if (spell->until != (uint64_t)GRANT_OPEN) { /* above the version asked for */
        h->lost_facets |= spell->grant.facets;
        h->lost_dossiers |= spell->grant.dossiers;
    }
    if (in_force(spell, had->held)) {
        h->had_facets |= spell->grant.facets;
        h->had_dossiers |= spell->grant.dossiers;
    }
    if (in_force(spell, had->entering)) {
        h->entered_facets |= spell->grant.facets;
        h->entered_dossiers |= spell->grant.dossiers;
    }
}

/* How far the copy goes in a scope it does not have whole. */
static uint64_t filled_through(const struct held *h, const struct grants_had *had)
{
    unsigned missing = h->now.facets & ~(unsigned)h->entered_facets;
    unsigned more = h->now.dossiers & ~(unsigned)h->entered_dossiers;
    if (h->now.born && h->had_facets == 0)
        return had->pulled;
    return missing == 0 && more == 0 ? had->entered : 0;
}

static void leave(struct buf *left, enum scope_kind kind, const struct id *id, unsigned facets)
{
    pack_int(left, kind);
    pack_id(left, id);
    pack_uint(left, facets);
}

static enum err leave_scope(struct store *s, uint32_t sid, unsigned facets, struct buf *left)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_SCOPE_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, sid);
    struct id id = {0};
    int64_t kind = 0;
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        kind = col_int(stmt, 0);
        err = col_id(stmt, 1, &id) ? ERR_OK : ERR_CORRUPT;
    }
    stmt_reset(stmt);
    if (step != STEP_ROW)
        return step == STEP_FAILED ? db_error(s->db) : ERR_CORRUPT;
    if (err == ERR_OK)
        leave(left, (enum scope_kind)kind, &id, facets);
    return err == ERR_OK ? left->err : err;
}

/* A right over every dossier of a structure has ended: over each that is not held otherwise. */
static enum err leave_dossiers(struct store *s, uint32_t home, unsigned facets,
                               const struct grants *now, struct buf *left)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_SCOPES_IN, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, home);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct scope scope = {home, (uint32_t)col_int(stmt, 0)};
        struct id id;
        unsigned lost = facets & ~(unsigned)scope_readable(now, scope);
        err = col_id(stmt, 1, &id) ? ERR_OK : ERR_CORRUPT;
        if (err == ERR_OK && lost != 0)
            leave(left, SCOPE_KIND_DOSSIER, &id, lost);
    }
    stmt_reset(stmt);
    if (err == ERR_OK && step == STEP_FAILED)
        err = db_error(s->db);
    return err == ERR_OK ? left->err : err;
}

/* One scope is read: into the grants, or what is lost of it into `lost`. */
static enum err take_held(struct held *h, const struct grants_had *had, struct grants *out,
                          struct buf *lost)
{
    if (h->live) {
        h->lost_facets &= (uint8_t) ~(unsigned)h->now.facets;
        h->lost_dossiers &= (uint8_t) ~(unsigned)h->now.dossiers;
    }
    if (lost != NULL && (h->lost_facets != 0 || h->lost_dossiers != 0))
        buf_add(lost, h, sizeof *h);
    if (!h->live)
        return lost == NULL ? ERR_OK : lost->err;
    h->now.held_facets = h->had_facets & h->now.facets;
    h->now.held_dossiers = h->had_dossiers & h->now.dossiers;
    h->now.filled = filled_through(h, had);
    return grants_add(out, &h->now);
}

static enum err read_all(struct store *s, const struct id *staff, const struct grants_had *had,
                         struct grants *out, struct buf *lost)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_GRANTED_OF, &stmt);
    if (err != ERR_OK)
        return err;
    uint64_t since = had->held;
    if (had->entering != 0 && had->entering < since)
        since = had->entering;
    bind_id(stmt, 1, staff);
    bind_int(stmt, 2, since > INT64_MAX ? INT64_MAX - 1 : (int64_t)since);
    struct held h = {.live = false};
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct spell spell = read_spell(stmt);
        if (h.now.home != spell.grant.home || h.now.dossier != spell.grant.dossier) {
            if (h.now.home != 0)
                err = take_held(&h, had, out, lost);
            h = (struct held){
                .now = {.home = spell.grant.home, .dossier = spell.grant.dossier}};
        }
        take_spell(&h, &spell, had);
    }
    stmt_reset(stmt);
    if (err == ERR_OK && step == STEP_FAILED)
        err = db_error(s->db);
    if (err == ERR_OK && h.now.home != 0)
        err = take_held(&h, had, out, lost);
    return err;
}

static enum err tell_lost(struct store *s, const struct buf *lost, const struct grants *now,
                          struct buf *left)
{
    enum err err = ERR_OK;
    for (size_t at = 0; at < lost->n && err == ERR_OK; at += sizeof(struct held)) {
        struct held h;
        memcpy(&h, lost->p + at, sizeof h);
        struct scope scope = {h.now.home, h.now.dossier};
        unsigned facets = h.lost_facets & ~(unsigned)scope_readable(now, scope);
        if (facets != 0)
            err = leave_scope(s, scope.dossier != 0 ? scope.dossier : scope.home, facets, left);
        if (err == ERR_OK && h.lost_dossiers != 0)
            err = leave_dossiers(s, scope.home, h.lost_dossiers, now, left);
    }
    return err;
}

enum err grants_load(struct store *s, const struct id *staff, const struct grants_had *had,
                     struct grants *out, uint64_t *version, struct buf *left)
{
    struct grants now = {.count = 0};
    struct buf lost = {0};
    struct grants_had known = *had;
    if (known.held > s->rights) /* of another life of this database: nothing we know of */
        known.held = 0;
    enum err err = read_all(s, staff, &known, &now, left == NULL ? NULL : &lost);
    if (err == ERR_OK && left != NULL)
        err = tell_lost(s, &lost, &now, left);
    if (err == ERR_OK)
        err = grants_version(s, staff, version);
    buf_done(&lost);
    if (err != ERR_OK) {
        grants_done(&now);
        return err;
    }
    grants_done(out);
    *out = now;
    return ERR_OK;
}

enum err grants_version(struct store *s, const struct id *staff, uint64_t *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_RIGHTS_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, staff);
    enum step step = stmt_step(stmt);
    *out = step == STEP_ROW ? (uint64_t)col_int(stmt, 0) : 0;
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

static bool within(const struct grant *a, const struct grant *b)
{
    unsigned facets = a->facets & ~(unsigned)b->facets;
    unsigned dossiers = a->dossiers & ~(unsigned)b->dossiers;
    return facets == 0 && dossiers == 0;
}

bool grants_grew(const struct grants *old, struct grants *now)
{
    for (uint32_t i = 0; i < now->count; i++) {
        struct grant *g = &now->list[i];
        const struct grant *was = grants_find(old, g->home, g->dossier);
        bool lasts = was != NULL && was->since == g->since && within(g, was);
        if (!lasts && !(was == NULL && g->born))
            return false;
        if (lasts) {
            g->held_facets = was->held_facets;
            g->held_dossiers = was->held_dossiers;
            g->filled = was->filled;
        }
    }
    return true;
}

void grants_filled(struct grants *grants)
{
    for (uint32_t i = 0; i < grants->count; i++) {
        grants->list[i].held_facets = grants->list[i].facets;
        grants->list[i].held_dossiers = grants->list[i].dossiers;
    }
}

enum err grants_had_then(struct store *s, const struct id *staff, const struct table *table,
                         struct scope scope, uint8_t facet, int64_t edit_ms, bool *out)
{
    const int64_t had_ms_max = INT64_C(24) * 60 * 60 * 1000 * HAD_DAYS_MAX;
    struct stmt *stmt = NULL;
    struct grants then = {.count = 0};
    enum err err = store_sql(s, SQL_GRANTED_AT, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, staff);
    bind_int(stmt, 2, scope.home);
    bind_int(stmt, 3, scope.dossier);
    bind_int(stmt, 4, edit_ms);
    bind_int(stmt, 5, store_now(s) - had_ms_max);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct spell spell = read_spell(stmt);
        err = grants_add(&then, &spell.grant);
    }
    stmt_reset(stmt);
    if (err == ERR_OK && step == STEP_FAILED)
        err = db_error(s->db);
    if (err == ERR_OK)
        *out = scope_may_write(&then, table, scope) && scope_may_read(&then, scope, facet);
    grants_done(&then);
    return err;
}
