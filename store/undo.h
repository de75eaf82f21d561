/* SPDX-License-Identifier: Apache-2.0 */
/* A person takes back a run of operations made here, such as an import, as one ordinary save.
 */
#ifndef STORE_UNDO_H
#define STORE_UNDO_H

#include "store/edit.h"

struct undo_tally {
    uint64_t undone; /* rows deleted, or given back what they held before */
    uint64_t kept;   /* rows left alone, in part or whole, since they were changed afterwards */
};

/* Undo the operations first..last, newest first: rows they made are deleted, fields they
 * changed hold again what they held before all of them, both only where nothing but these
 * operations has changed them since. One transaction, which syncs like any other. NOTFOUND: the
 * server has them for good and this replica does not keep them any more. Errors as edit_commit.
 * Database thread. */
NODISCARD enum err undo_ops(struct store *s, uint64_t first, uint64_t last,
                            struct undo_tally *tally, struct note *why);

#endif
