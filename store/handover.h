/* SPDX-License-Identifier: Apache-2.0 */
/* Hand-over of a caseload: from a day on, the dossiers of one person are another's, each in the
 * role it was held in. One operation: all of it is done, or nothing. Both sides. */
#ifndef STORE_HANDOVER_H
#define STORE_HANDOVER_H

#include "store/edit.h"

struct handover {
    struct id from, to;       /* staff */
    int32_t day;              /* the first of `to`, since 1970; `from` keeps the day before */
    const struct id *persons; /* only their dossiers … */
    size_t person_count;      /* … 0: all */
};

enum handover_fate {
    HANDOVER_MOVES,
    HANDOVER_ENDS,      /* stays: the assignment has its end already */
    HANDOVER_NOWHERE,   /* stays: opened by `from`, without a pathway to assign anybody to */
    HANDOVER_FOREIGNER, /* stays: `to` has no role in the dossier's structure */
};
/* "moves", "ends", "no_pathway", "no_role". */
const char *handover_word(enum handover_fate fate);

/* One assignment, or a dossier held because `from` opened it and it has no referent. */
struct handover_item {
    enum handover_fate fate;
    struct id person, pathway; /* null: none */
    struct id assignment;      /* of `from`; null: none, the dossier was opened by him */
    struct str role;           /* what `to` becomes */
    int32_t start;             /* of `to` */
    int32_t end;               /* HANDOVER_ENDS: of `from` */
    bool dropped;              /* it would only begin on `start`: deleted instead of ended */
    bool held;                 /* `to` has this role there already: nothing is opened */
    struct id opened;          /* assignment of `to`, once done; null: none */
};
struct handover_plan {
    struct buf items; /* struct handover_item */
    size_t moves;
    struct arena arena;
};
void handover_done(struct handover_plan *plan);
struct handover_item *handover_items(const struct handover_plan *plan, size_t *count);

/* The day it is now, as the server counts days for rights (UTC). */
int32_t handover_today(struct store *s);
/* What would move, and what stays and why. INVALID: not two people, or `to` is not an active
 * one; NOTFOUND: nothing of `from` is here, or nothing of one of the persons; REFUSED, on a
 * replica: only `from`, or who coordinates the structure of every dossier that moves, may give
 * it away. The server judges anyway. The plan is the caller's to free whatever comes. */
NODISCARD enum err handover_plan(struct store *s, const struct handover *h,
                                 struct handover_plan *out, struct note *why);
/* Do it. LIMIT: more than one operation holds. As edit_insert and edit_commit. */
NODISCARD enum err handover_carry_out(struct store *s, const struct handover *h,
                                      struct handover_plan *plan, struct note *why);
/* Append it as one JSON object: from, to, day, saved, moved, left. */
void handover_json(const struct handover *h, const struct handover_plan *plan, bool saved,
                   struct buf *out);

#endif
