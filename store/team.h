/* SPDX-License-Identifier: Apache-2.0 */
/* A structure's people at work: who follows how many, what is due with whom, whose work was not
 * heard of for long. Of notes it reads nothing. */
#ifndef STORE_TEAM_H
#define STORE_TEAM_H

#include "store/store.h"

struct team_member {
    struct id staff;
    struct str name; /* during the call */
    int64_t pathways;
    double weighted;       /* by the weights of their phases, per full-time equivalent */
    int64_t drafts;        /* sessions that are drafts for longer than DRAFT_DAYS */
    int64_t points, lates; /* follow-up points due; other deadlines that are late */
    bool at_least;         /* … there may be more of these than were looked at */
    int64_t last_ms;       /* when the last session that is here was written; 0: none */
    bool silent;           /* that is longer ago than SILENT_DAYS */
};
/* Who is a coach of this structure (null: of any) at `day`, or has an open assignment then: by
 * name. Errors of the store; those of the callback. LIMIT: too many. */
enum { TEAM_MAX = 500 };
typedef enum err team_on_member(void *ctx, const struct team_member *member);
NODISCARD enum err team_list(struct store *s, const struct id *structure, int32_t day,
                             team_on_member *on_member, void *ctx);

#endif
