/* SPDX-License-Identifier: Apache-2.0 */
/* A refused operation as one JSON object, as both programs print it. */
#ifndef STORE_QUARANTINE_JSON_H
#define STORE_QUARANTINE_JSON_H

#include "store/quarantine.h"

/* Append the object without a line feed: id (EPOCH/OPERATION), epoch, op_no, state, reason, at,
 * edited, by, closed, closed_by, note, cut (has a part left this replica?), and changes: for
 * each no, table (null: not known here), row, kind (insert or update), here (is the row in the
 * store?), fields (what was wanted), before (what the author saw) and now (what the store
 * holds; both only of updates and of rows that are here). Errors of the buffer stick there. */
NODISCARD enum err quarantine_json(struct store *s, const struct quarantined *q,
                                   struct buf *out);

#endif
