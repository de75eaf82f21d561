/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds which scope, worked out from roles, assignments, contracts and referrals when these
 * change or their days come; the difference becomes spells of `granted`. On the server only. */
#ifndef STORE_HOLDERS_H
#define STORE_HOLDERS_H

#include "store/inside.h"
#include "store/judge.h"

/* A row that rights may come from was judged: note whom it concerns. made: it is new. */
NODISCARD enum err holders_touch(struct store *s, const struct table *table,
                                 const struct row *row, bool made);
/* The dossier is gone with all its rows: nobody holds it from here on, nor by it one that it is
 * tied to. Inside a transaction; links_drop, holders_settle and holders_commit follow. */
NODISCARD enum err holders_gone(struct store *s, struct scope scope);
/* What was touched by an operation that was refused. */
void holders_forget(struct store *s);
/* Work out again what was touched by an operation that begins at `seq`; the author's own grants
 * follow. Inside the operation's savepoint. */
NODISCARD enum err holders_settle(struct store *s, uint64_t seq, int64_t at_ms,
                                  struct author *author);
/* Work was accepted by a right that has ended: whoever wrote it has the rows, and must hear
 * that they leave. Inside the operation's savepoint. */
NODISCARD enum err holders_trace(struct store *s, const struct id *staff, struct scope scope,
                                 uint64_t seq, int64_t at_ms);
/* Write the new version of rights, if there is one, with the commit. */
NODISCARD enum err holders_commit(struct store *s);

/* Roles, assignments and contracts begin and end with days: call before any read or judgement;
 * a transaction of its own when another day has come. Not inside one. */
NODISCARD enum err holders_today(struct store *s);
/* Everybody's rights again, by what roles open now: for a database of an earlier schema. Inside
 * a transaction. */
NODISCARD enum err holders_rework(struct store *s);
/* Everybody's rights from nothing: for a database of the first format. Coaches saw their whole
 * structure then, and what they wrote by that right is still on its way: it is kept as one that
 * ends now. Inside a transaction. */
NODISCARD enum err holders_rebuild(struct store *s);

#endif
