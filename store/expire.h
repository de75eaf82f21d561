/* SPDX-License-Identifier: Apache-2.0 */
/* Openings of dossiers are noted for a time (parameter ACCESS_MONTHS), and then on no side any
 * more. The server says from which day on they are kept, in a row of the parameter
 * ACCESS_KEPT_FROM, and drops what is older in the same commit; a replica that has the row does
 * the same before it compares its rows. What counts is the stamp of an opening: both sides have
 * it, and no laptop's clock puts it back. */
#ifndef STORE_EXPIRE_H
#define STORE_EXPIRE_H

#include "store/judge.h"

/* Server: whole months, with the first contact of a day. Between transactions. */
NODISCARD enum err expire_due(struct store *s);
/* Server: is a row with this stamp older than what is kept? */
NODISCARD enum err expire_old(struct store *s, struct stamp stamp, bool *old);
/* Replica: drop what is older. Between transactions. */
NODISCARD enum err expire_here(struct store *s);

#endif
