/* SPDX-License-Identifier: Apache-2.0 */
/* Grants: who may read and write which facets of which scope, as a pure predicate; deny by
 * default. */
#ifndef PROTO_SCOPE_H
#define PROTO_SCOPE_H

#include "proto/schema.h"

enum { SCOPE_HOME_NETWORK = 1, GRANTS_MAX = 64 };

/* A scope is named by two server-local numbers: home (network or a structure) and dossier (0 =
 * none). */
struct scope {
    uint32_t home;
    uint32_t dossier;
};

/* One grant: roles held in a home. */
struct grant {
    uint32_t home;  /* structure's number */
    uint8_t roles;  /* mask of enum role */
    uint8_t facets; /* mask of enum facet that may be read there */
};
struct grants {
    struct grant list[GRANTS_MAX];
    uint32_t count;
};

/* Facets the roles open in their own structure: jobcoach facts+notes, manager and coordinator
 * facts, admin and federation nothing but the network's. */
uint8_t scope_facets(uint8_t roles);
/* Network facts are readable by whoever holds a role anywhere; elsewhere a grant of that home
 * must open the facet. `facet` is one bit; any other value is denied. */
bool scope_may_read(const struct grants *grants, struct scope scope, uint8_t facet);
/* May a holder of the grants insert or change rows of this table in this scope? A role of the
 * table's writers mask must be held in the row's home (for the network's rows: anywhere), and
 * the table's facet be readable there: nobody writes blindly. A table that takes its row's
 * facet (facet 0) leaves that second question to the caller. */
bool scope_may_write(const struct grants *grants, const struct table *table,
                     struct scope scope);

#endif
