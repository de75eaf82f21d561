/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/scope.h"

uint8_t scope_facets(uint8_t roles)
{
    unsigned facets = 0;
    if (roles & ROLE_JOBCOACH)
        facets |= FACET_FACTS | FACET_NOTES;
    if (roles & (ROLE_MANAGER | ROLE_COORDINATOR))
        facets |= FACET_FACTS;
    return (uint8_t)facets;
}

/* What all grants of one home say together; home 0 stands for every home. */
static struct grant sum_of(const struct grants *grants, uint32_t home)
{
    must(grants->count <= GRANTS_MAX);
    struct grant sum = {.home = home};
    for (uint32_t i = 0; i < grants->count; i++) {
        const struct grant *grant = &grants->list[i];
        if (grant->home == 0 || (home != 0 && grant->home != home))
            continue;
        sum.roles |= grant->roles;
        sum.facets |= grant->facets;
    }
    return sum;
}

static bool one_facet(uint8_t facet)
{
    return facet == FACET_FACTS || facet == FACET_NOTES || facet == FACET_VAULT;
}

bool scope_may_read(const struct grants *grants, struct scope scope, uint8_t facet)
{
    if (scope.home == 0 || !one_facet(facet))
        return false;
    if (scope.home == SCOPE_HOME_NETWORK && scope.dossier == 0 && facet == FACET_FACTS)
        return (sum_of(grants, 0).roles & ROLE_ANY) != 0;
    return (sum_of(grants, scope.home).facets & facet) != 0;
}

bool scope_may_write(const struct grants *grants, const struct table *table, struct scope scope)
{
    if (scope.home == 0)
        return false;
    bool network = scope.home == SCOPE_HOME_NETWORK && scope.dossier == 0;
    if (table->scope == SCOPE_NETWORK && !network)
        return false;
    struct grant held = sum_of(grants, network ? 0 : scope.home);
    if ((held.roles & table->writers) == 0)
        return false;
    return table->facet == 0 || scope_may_read(grants, scope, table->facet);
}
