/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes on the server: numbers for structures and dossiers, the scope of a row, grants of a
 * person. */
#ifndef STORE_SCOPES_H
#define STORE_SCOPES_H

#include "store/rows.h"

enum scope_kind { SCOPE_KIND_NETWORK = 1, SCOPE_KIND_STRUCTURE, SCOPE_KIND_DOSSIER };

/* Number of the network's scope is SCOPE_HOME_NETWORK; makes its row in a new database. */
NODISCARD enum err scopes_init(struct store *s);
/* Scope and facet a row will have by the values it carries; a row that opens a dossier or is a
 * structure gets new numbers. NOTFOUND: a row it hangs on does not exist. Inside a transaction.
 */
NODISCARD enum err scopes_of(struct store *s, const struct table *table, const struct id *id,
                             const struct value *values, struct scope *scope, uint8_t *facet);
/* The role a row of staff_role gives in a structure of this kind; 0 = none that is known. A
 * coordinator of a federation is its network's reference editor, with no dossier. */
uint8_t scopes_role(struct str role, struct str structure_kind);
/* Home number of a structure. NOTFOUND. */
NODISCARD enum err scopes_home(struct store *s, const struct id *structure, uint32_t *home);

#endif
