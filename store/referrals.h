/* SPDX-License-Identifier: Apache-2.0 */
/* Referrals: another structure sees of a dossier what the person agreed to, while both stand.
 * What it sees is worked out in holders.c; here is what may be written, and how the other
 * structure opens a dossier of its own from it. */
#ifndef STORE_REFERRALS_H
#define STORE_REFERRALS_H

#include "store/judge.h"

/* Both sides, before a row is saved: is a referral with these values covered? All five points
 * of shared secrecy are yes, and its consent is of the same person, for sharing with a
 * structure (this one, or none is named), for at least as much, in force on the day the
 * referral is sent, and not withdrawn. INVALID when not; rows of other tables are OK. */
NODISCARD enum err referrals_check_door(struct store *s, const struct table *table,
                                        const struct value *values, struct note *why);

/* Id of the dossier that is opened from a referral: two people who accept it make one. */
struct id referrals_dossier(const struct id *referral);

/* Server; each sets j->reason when it refuses, after the rights were checked. A new referral:
 * made by those who hold the dossier, from its structure to another one, and covered as above.
 * A dossier with the id of one opened from a referral: by whom that is for, accepted, while it
 * is covered; it is tied to the sender's (links.h). */
NODISCARD enum err referrals_check_insert(struct judge *j, const struct table *table,
                                          const struct row *row);
/* Who holds the dossier by the referral alone answers it, and changes nothing else of it. What
 * was closed is opened again only while it is covered; a withdrawal is never taken back. */
NODISCARD enum err referrals_check_update(struct judge *j, const struct table *table,
                                          const struct row *row, const struct edit_field *edits,
                                          uint32_t count);

#endif
