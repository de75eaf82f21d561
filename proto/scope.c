/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/scope.h"

#include "proto/mem.h"

void grants_done(struct grants *grants)
{
    mem_free(grants->list);
    *grants = (struct grants){.list = NULL};
}

/* Position of the scope, or where it would stand. */
static uint32_t place(const struct grants *grants, uint32_t home, uint32_t dossier, bool *found)
{
    uint32_t low = 0;
    uint32_t high = grants->count;
    *found = false;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        const struct grant *g = &grants->list[mid];
        if (g->home == home && g->dossier == dossier) {
            *found = true;
            return mid;
        }
        if (g->home < home || (g->home == home && g->dossier < dossier))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The place of this scope, made when there is none yet; NULL: no memory, or too many. */
static struct grant *make_place(struct grants *grants, uint32_t home, uint32_t dossier)
{
    bool found = false;
    uint32_t at = place(grants, home, dossier, &found);
    if (found)
        return &grants->list[at];
    if (grants->count == GRANTS_MAX)
        return NULL;
    if (grants->count == grants->room) {
        uint32_t room = grants->room == 0 ? 4 : 2 * grants->room;
        struct grant *grown = mem_grow(grants->list, room * sizeof *grown);
        if (grown == NULL)
            return NULL;
        grants->list = grown;
        grants->room = room;
    }
    memmove(grants->list + at + 1, grants->list + at,
            (grants->count - at) * sizeof *grants->list);
    grants->list[at] = (struct grant){.home = home, .dossier = dossier};
    grants->count++;
    return &grants->list[at];
}

enum err grants_add(struct grants *grants, const struct grant *grant)
{
    struct grant *g = make_place(grants, grant->home, grant->dossier);
    if (g == NULL)
        return ERR_NOMEM;
    struct grant sum = *grant;
    sum.roles |= g->roles;
    sum.facets |= g->facets;
    sum.dossiers |= g->dossiers;
    *g = sum;
    grants->roles |= grant->roles;
    return ERR_OK;
}

enum err grants_put(struct grants *grants, const struct grant *grant)
{
    struct grant *g = make_place(grants, grant->home, grant->dossier);
    if (g == NULL)
        return ERR_NOMEM;
    *g = *grant;
    grants->roles = 0;
    for (uint32_t i = 0; i < grants->count; i++)
        grants->roles |= grants->list[i].roles;
    return ERR_OK;
}

enum err grants_copy(struct grants *to, const struct grants *from)
{
    struct grant *list = mem_array(from->count + 1, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    if (from->count > 0)
        memcpy(list, from->list, from->count * sizeof *list);
    grants_done(to);
    *to = (struct grants){
        .list = list, .count = from->count, .room = from->count + 1, .roles = from->roles};
    return ERR_OK;
}

const struct grant *grants_find(const struct grants *grants, uint32_t home, uint32_t dossier)
{
    bool found = false;
    uint32_t at = place(grants, home, dossier, &found);
    return found ? &grants->list[at] : NULL;
}

uint8_t scope_facets(uint8_t roles)
{
    unsigned facets = 0;
    if (roles & ROLE_JOBCOACH)
        facets |= FACET_FACTS | FACET_NOTES;
    if (roles & (ROLE_MANAGER | ROLE_COORDINATOR))
        facets |= FACET_FACTS;
    /* What a structure keeps of its own people (staff_review), not of dossiers. */
    if (roles & ROLE_COORDINATOR)
        facets |= FACET_VAULT;
    return (uint8_t)facets;
}

uint8_t scope_dossier_facets(uint8_t roles, bool shared)
{
    unsigned facets = 0;
    if ((roles & ROLE_JOBCOACH) != 0 && shared)
        facets |= FACET_FACTS | FACET_NOTES;
    if (roles & ROLE_COORDINATOR)
        facets |= FACET_FACTS;
    return (uint8_t)facets;
}

struct grant scope_assignment(struct str role)
{
    static const struct {
        const char *role;
        uint8_t roles, facets;
    } known[] = {
        {"referent", ROLE_JOBCOACH, FACET_FACTS | FACET_NOTES | FACET_VAULT},
        {"co_referent", ROLE_JOBCOACH, FACET_FACTS | FACET_NOTES | FACET_VAULT},
        {"facilitator", ROLE_JOBCOACH, FACET_FACTS | FACET_NOTES},
        {"substitute", ROLE_JOBCOACH, FACET_FACTS | FACET_NOTES},
        {"tutor", 0, FACET_FACTS},
        {"mentor", 0, FACET_FACTS},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(role, str_of(known[i].role)))
            return (struct grant){.roles = known[i].roles, .facets = known[i].facets};
    return (struct grant){.facets = 0};
}

static bool is_network(struct scope scope)
{
    return scope.home == SCOPE_HOME_NETWORK && scope.dossier == 0;
}

uint8_t scope_readable(const struct grants *grants, struct scope scope)
{
    if (is_network(scope))
        return (grants->roles & ROLE_ANY) != 0 ? FACET_FACTS : 0;
    const struct grant *home = grants_find(grants, scope.home, 0);
    if (scope.dossier == 0)
        return home == NULL ? 0 : home->facets;
    const struct grant *own = grants_find(grants, scope.home, scope.dossier);
    unsigned facets = home == NULL ? 0 : home->dossiers;
    return (uint8_t)(facets | (own == NULL ? 0U : own->facets));
}

static bool one_facet(uint8_t facet)
{
    return facet == FACET_FACTS || facet == FACET_NOTES || facet == FACET_VAULT;
}

bool scope_may_read(const struct grants *grants, struct scope scope, uint8_t facet)
{
    return scope.home != 0 && one_facet(facet) && (scope_readable(grants, scope) & facet) != 0;
}

uint8_t scope_roles(const struct grants *grants, struct scope scope)
{
    if (is_network(scope))
        return grants->roles;
    const struct grant *home = grants_find(grants, scope.home, 0);
    unsigned roles = home == NULL ? 0 : home->roles;
    if (scope.dossier == 0)
        return (uint8_t)roles;
    /* A role of the structure counts in those of its dossiers that it opens. */
    if (home == NULL || home->dossiers == 0)
        roles = 0;
    const struct grant *own = grants_find(grants, scope.home, scope.dossier);
    return (uint8_t)(roles | (own == NULL ? 0U : own->roles));
}

bool scope_may_write(const struct grants *grants, const struct table *table, struct scope scope)
{
    if (scope.home == 0 || (table->scope == SCOPE_NETWORK && !is_network(scope)))
        return false;
    if ((scope_roles(grants, scope) & table->writers) == 0)
        return false;
    return table->facet == 0 || scope_may_read(grants, scope, table->facet);
}
