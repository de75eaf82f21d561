/* SPDX-License-Identifier: Apache-2.0 */
/* What a row makes due by rule: the follow-up points of a contract, the end of an
 * accreditation, the answer to a referral. The same from the same values on every device. */
#ifndef STORE_DUE_H
#define STORE_DUE_H

#include "store/rows.h"

enum {
    DUE_MAX = 48, /* of one row */
    DUE_RULE_BYTES = 40,
    DUE_LABEL_BYTES = 120,
    DUE_REVIEWS_MAX = 24, /* of one agreement: with no end, two years at most */
    DUE_REPORTS_MAX = 10, /* yearly ones of one accreditation */
    DUE_NEVER = INT32_MAX,
};

/* One thing due. With the row it names its `deadline` (due_id): where the day moves, it is
 * another one. */
struct due {
    char rule[DUE_RULE_BYTES];
    char label[DUE_LABEL_BYTES]; /* French, like all text people write */
    int32_t day;
    bool done; /* other rows say so */
};
struct due_list {
    struct due due[DUE_MAX];
    size_t count;
};

/* Points of a contract by the words of the parameter FOLLOWUP_POINTS ("W1 M1 M3": weeks, months
 * after the start); none that comes after the end (DUE_NEVER: it has none). Pure. */
void due_points(struct str points, int32_t start, int32_t end, struct due_list *out);
/* A follow-up of this milestone on that day: it does every point of the milestone that is not
 * further than `days` away. Pure. */
void due_point_done(struct due_list *list, struct str milestone, int32_t day, int64_t days);

/* Do rows of this table make anything due? */
bool due_wants(const struct table *table);
/* The row whose deadlines a change of this one may move: itself, or the contract of a
 * follow-up. false: none. */
bool due_subject(const struct table *table, const struct row *row, uint16_t *of_table,
                 struct id *of_row);
/* What the row makes due, by the parameters of its structure today; nothing when it is deleted.
 * NOMEM, IO. */
NODISCARD enum err due_of(struct store *s, const struct table *table, const struct row *row,
                          struct due_list *out);
/* The id of its deadline. */
struct id due_id(const struct due *due, const struct id *of_row);
/* Is one of the list the deadline with this id? Else NULL. */
const struct due *due_find(const struct due_list *list, const struct id *of_row,
                           const struct id *deadline);

#endif
