/* SPDX-License-Identifier: Apache-2.0 */
/* A referral is accepted on a replica: the structure it goes to opens a dossier of its own,
 * which begins with the facts that all have in common. */
#ifndef STORE_ACCEPT_H
#define STORE_ACCEPT_H

#include "store/edit.h"

/* In one operation: the referral's answer, with these further values of it, and a dossier in
 * the structure it goes to: the person, contact points, languages, and licences and the like,
 * as they are here; no note, nothing of the vault, no course. *dossier: its id, also with
 * EXISTS: it is here already. NOTFOUND: no such referral here; REFUSED: it goes to a structure
 * in which the author has no role; INVALID: it was closed, or its consent does not cover it
 * (any more); and as edit_insert. Works without contact: the server judges it (referrals.h). */
NODISCARD enum err accept_referral(struct store *s, const struct id *referral,
                                   const struct edit_value *values, size_t count,
                                   struct id *dossier, struct note *why);

#endif
