/* SPDX-License-Identifier: Apache-2.0 */
/* What a refused operation wrote leaves the replica: its rows are again what they were before,
 * its values live on in the quarantine. */
#ifndef STORE_TAKEBACK_H
#define STORE_TAKEBACK_H

#include "proto/op.h"
#include "proto/schema.h"
#include "store/store.h"

/* Inside the transaction that put the operation into quarantine; `changes` at its first change.
 * New rows are removed with their history. A changed field that still holds what the operation
 * wrote returns to its value and version before; where that was written by another refused
 * operation, to what was before that one. A field edited again since is left to that edit's own
 * verdict. The pages after the verdict bring what the server holds by now. */
NODISCARD enum err takeback_op(struct store *s, const struct op_head *head, struct cur changes);
/* *base: the version of a field a refused edit was made on. It becomes the one below all
 * refused edits. Both sides. */
NODISCARD enum err takeback_base(struct store *s, const struct table *table,
                                 const struct id *row, uint16_t field, struct stamp *base);

#endif
