/* SPDX-License-Identifier: Apache-2.0 */
/* A purge of a replica in the making: the set of rows that go, and everything they are copied
 * to. For leave.c, leave_ops.c and erase_copy.c only. */
#ifndef STORE_LEAVING_H
#define STORE_LEAVING_H

#include "store/inside.h"

/* A row of a scope that is left: `lost` facets of it, `facet` is the row's own. */
struct mark {
    struct id id;
    uint8_t lost, facet;
    bool refused; /* only what a refused operation says of it goes: the row was saved again
                     elsewhere, or is none */
};

struct leaving {
    struct store *s;
    struct mark *marks; /* by hash of the id; lost 0 = free place */
    size_t room, count;
    bool grown;  /* a pass found one more */
    bool purged; /* something was there to go */
};

NODISCARD enum err leaving_begin(struct leaving *l, struct store *s);
void leaving_done(struct leaving *l);
/* Add a row to the set, or facets to one that is in it. */
NODISCARD enum err leaving_mark(struct leaving *l, const struct mark *m);
/* Does this row, or what is said of it, go? */
bool leaving_goes(const struct leaving *l, const struct id *id);
/* Of one that does: only what a refused operation says of it? */
bool leaving_refused(const struct leaving *l, const struct id *id);
/* Does a row in this encoding refer to one that goes? */
bool leaving_refers(const struct leaving *l, struct str body);
/* One pass: what hangs on rows of the set, through this field, joins it. */
NODISCARD enum err leaving_mark_by(struct leaving *l, const struct table *table,
                                   uint16_t field);
/* From the rows of the set to all that hang on them, as deep as it goes: rows that hang on rows
 * which are not here join it, and what refused operations would have made, with why they were
 * closed. more: part of each pass; may be NULL. */
typedef enum err leaving_pass(struct leaving *l);
NODISCARD enum err leaving_spread(struct leaving *l, leaving_pass *more);
/* Out with them: rows, history, unknown rows, and their operations. */
NODISCARD enum err leaving_purge(struct leaving *l);
/* leave_ops.c: what operations say of them, in the outbox and in quarantine. */
NODISCARD enum err leaving_purge_ops(struct leaving *l);
/* Each operation of the outbox; of the outbox and of the quarantine. The view is valid during
 * the call. */
typedef enum err leaving_on_op(struct leaving *l, struct str op);
NODISCARD enum err leaving_each_sent(struct leaving *l, leaving_on_op *on_op);
NODISCARD enum err leaving_each_op(struct leaving *l, leaving_on_op *on_op);

#endif
