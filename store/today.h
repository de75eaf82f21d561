/* SPDX-License-Identifier: Apache-2.0 */
/* What a day asks of whoever works here: visits, actions, follow-up points, deadlines. */
#ifndef STORE_TODAY_H
#define STORE_TODAY_H

#include "store/rows.h"

enum { TODAY_ROWS_MAX = 500 }; /* of each kind */

enum today_kind {
    TODAY_VISIT,    /* a session of this day, or that names it as the next one's */
    TODAY_ACTION,   /* an action due today or before, and not done */
    TODAY_POINT,    /* a follow-up point within its days, or late */
    TODAY_DEADLINE, /* another deadline, from its first reminder on */
};
const char *today_word(enum today_kind kind);

struct today_item {
    enum today_kind kind;
    const struct table *table; /* of the row */
    const struct row *row;     /* during the call */
    int32_t day;               /* when it is due */
    struct id person;          /* null: of none, or not known here */
};
/* By kind, and by day within it. What a rule made counts only while its row still makes it due:
 * two devices may have moved that. Errors of the store; those of the callback. */
typedef enum err today_on_item(void *ctx, const struct today_item *item);
NODISCARD enum err today_list(struct store *s, int32_t day, today_on_item *on_item, void *ctx);

#endif
