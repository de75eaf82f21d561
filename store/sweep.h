/* SPDX-License-Identifier: Apache-2.0 */
/* After the server was restored from a backup: rows it no longer holds leave the replica. */
#ifndef STORE_SWEEP_H
#define STORE_SWEEP_H

#include "store/inside.h"

/* `seq` of a replica's rows: 0 as made here; told by a whole row of a page; not told, but with
 * edits that the server has yet to judge. */
enum { SWEEP_TOLD = 1, SWEEP_DOUBTFUL = 2 };

/* Inside a transaction: everything is asked for again. */
NODISCARD enum err sweep_forget_told(struct store *s);
/* Inside a transaction: nothing counts as told, everything is asked for again. */
NODISCARD enum err sweep_begin(struct store *s);
/* Inside a transaction, when everything was told: once the work of before is judged, rows the
 * server did not tell are removed; those with newer edits at a later call, unless it tells them
 * until then. *more: go on asking for everything. Does nothing unless sweep_begin came before.
 */
NODISCARD enum err sweep_end(struct store *s, bool *more);

#endif
