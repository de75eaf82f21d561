/* SPDX-License-Identifier: Apache-2.0 */
/* Grants: who may read and write which facets of which scope, as a pure predicate; deny by
 * default. */
#ifndef PROTO_SCOPE_H
#define PROTO_SCOPE_H

#include "proto/schema.h"

enum { SCOPE_HOME_NETWORK = 1, GRANTS_MAX = 1 << 20 };

/* A scope is named by two server-local numbers: home (network or a structure) and dossier (0 =
 * none). */
struct scope {
    uint32_t home;
    uint32_t dossier;
};

/* What one person may do in a structure (dossier 0), or with one dossier of it. */
struct grant {
    uint32_t home;    /* structure's number */
    uint32_t dossier; /* 0: the structure itself */
    uint8_t roles;    /* mask of enum role that count here for writing */
    uint8_t facets;   /* mask of enum facet: of the rows of exactly this scope */
    uint8_t dossiers; /* dossier 0: of every dossier of the structure, besides */
    /* For whoever fills a copy (feed.h): */
    uint8_t held_facets, held_dossiers; /* … of them, what the copy has had */
    bool born;                          /* it began with the dossier itself */
    uint64_t since;                     /* seq of its beginning */
    uint64_t filled;                    /* not held, and in the copy through this seq */
};
struct grants {
    struct grant *list; /* by home, dossier; owned */
    uint32_t count, room;
    uint8_t roles; /* of all together */
};

/* Frees the list; a zeroed one is fine. */
void grants_done(struct grants *grants);
/* Add what is not there; a scope that is gets the union of roles and facets. NOMEM. */
NODISCARD enum err grants_add(struct grants *grants, const struct grant *grant);
/* Put it in the place of what was granted for that scope. NOMEM. */
NODISCARD enum err grants_put(struct grants *grants, const struct grant *grant);
/* Replace `to`, which is freed. NOMEM. */
NODISCARD enum err grants_copy(struct grants *to, const struct grants *from);
/* NULL when nothing is granted for exactly this scope. */
const struct grant *grants_find(const struct grants *grants, uint32_t home, uint32_t dossier);

/* Facets the roles open in their own structure: for the rows that belong to no dossier, and for
 * every dossier. A jobcoach's dossiers are granted one by one, unless the structure shares them
 * all. */
uint8_t scope_facets(uint8_t roles);
uint8_t scope_dossier_facets(uint8_t roles, bool shared);
/* What an assignment in this role opens of its dossier; roles: for writing. Facets 0: not a
 * role that is known. */
struct grant scope_assignment(struct str role);

/* Facets of rows in this scope that may be read; network facts by whoever holds a role
 * anywhere. */
uint8_t scope_readable(const struct grants *grants, struct scope scope);
/* `facet` is one bit; any other value is denied. */
bool scope_may_read(const struct grants *grants, struct scope scope, uint8_t facet);
/* Roles that count for writing in this scope. */
uint8_t scope_roles(const struct grants *grants, struct scope scope);
/* May a holder of the grants insert or change rows of this table in this scope? A role of the
 * table's writers mask must count there (for the network's rows: be held anywhere), and the
 * table's facet be readable there: nobody writes blindly. A table that takes its row's facet
 * (facet 0) leaves that second question to the caller. */
bool scope_may_write(const struct grants *grants, const struct table *table,
                     struct scope scope);

#endif
