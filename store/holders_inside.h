/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of holders.c: who shall hold what, reason by reason, is found in holders_want.c.
 */
#ifndef STORE_HOLDERS_INSIDE_H
#define STORE_HOLDERS_INSIDE_H

#include "store/holders.h"

/* A dossier to look at again. */
struct dossier {
    uint32_t home, number;
    bool born; /* by this operation */
};

/* Who shall hold what, or holds it. */
struct holding {
    struct id staff;
    struct grant grant;
    uint64_t from; /* version; of a present one */
};

struct settling {
    struct store *s;
    uint64_t seq;   /* first of the operation */
    uint64_t since; /* of what begins now */
    int64_t at_ms;  /* likewise, and of what ends */
    int32_t today;  /* days since 1970 */
    struct author *author;
    uint32_t ended_home; /* ended_day is of it; 0: of none yet */
    int32_t ended_day;
    bool all_shared;    /* whatever the parameters say */
    bool born;          /* of the dossier in hand */
    struct buf wanted;  /* struct holding */
    struct buf present; /* likewise */
};

/* What whoever opened a dossier holds of it. */
extern const struct grant holders_opener;

struct holding *holders_list(const struct buf *list, size_t *count);
/* The holding of the same staff member and scope; NULL. */
struct holding *holders_find(const struct buf *list, const struct holding *like);

/* Each adds to w->wanted. Of a staff member, by roles: structures, and the network. */
NODISCARD enum err holders_want_roles(struct settling *w, const struct id *staff);
/* Of a dossier, by assignment; *referent is set when it has one. */
NODISCARD enum err holders_want_assigned(struct settling *w, const struct dossier *d,
                                         bool *referent);
/* All staff that a statement with the dossier and a day names hold it like this. */
NODISCARD enum err holders_want_listed(struct settling *w, const struct dossier *d,
                                       enum sql sql, int64_t day, struct grant grant);
/* Of a dossier, by contract: the managers of the employer, and for so long after its end as the
 * dossier's structure says (employer_months). */
NODISCARD enum err holders_want_employed(struct settling *w, const struct dossier *d);
/* Of a dossier that was opened from a referral: until it has a referent, whom that names; and
 * its sender, for a time: who is referent of the dossier it came from, the facts. */
NODISCARD enum err holders_want_linked(struct settling *w, const struct dossier *d,
                                       bool referent);
/* Of a dossier, by a referral that stands on a consent in force: whom it names and who
 * coordinates the structure it goes to, what it shares of that which their role may read. */
NODISCARD enum err holders_want_referred(struct settling *w, const struct dossier *d);

#endif
