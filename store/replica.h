/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of a sync, as jobs of the database thread: outbox, verdicts, pages, epochs.
 */
#ifndef STORE_REPLICA_H
#define STORE_REPLICA_H

#include "proto/message.h"
#include "store/store.h"

/* What to say first. */
NODISCARD enum err replica_hello(struct store *s, struct hello *out);

/* What follows from the server's answer. */
struct replica_plan {
    bool fork;          /* our chain is not the server's: ask for a new epoch */
    uint64_t push_from; /* send operations after this one */
    uint64_t op_last;   /* through this one, for progress */
};
/* Check the chain, note the skew, the rights and the origins; a lower pull_from moves the pull
 * cursor back, unless the replica is only filled with what was opened. IDENTITY: another
 * server's history. */
NODISCARD enum err replica_welcome(struct store *s, const struct welcome *welcome,
                                   struct replica_plan *out);

/* A new epoch after a fork: unsent work is written again as its operations, own versions
 * restamped, the next pull asks for everything. */
NODISCARD enum err replica_rebase(struct store *s, uint32_t epoch);

/* Append one PUSH frame with the operations after `after`, up to MESSAGE_PUSH_BYTES (at least
 * one). *last = `after` when there are none. CORRUPT: one is not what was saved; FORK: this
 * replica needs a new epoch first. */
NODISCARD enum err replica_push(struct store *s, uint64_t after, struct buf *out,
                                uint64_t *last);

/* What a sync has done so far, for people. */
struct replica_tally {
    uint64_t pushed, pulled, conflicts, refused;
};
/* Verdicts move acked_through; refused operations go to quarantine, and what they wrote leaves
 * the rows (takeback.h). */
NODISCARD enum err replica_verdicts(struct store *s, struct verdicts verdicts,
                                    struct replica_tally *tally);
/* Operations through stable_op may leave the outbox. */
NODISCARD enum err replica_stable(struct store *s, uint64_t stable_op);

/* Apply pages in order, all or none, in one transaction, and move pulled_through to the last
 * `to`. A page already held is skipped; one that begins before the cursor is applied, so it
 * must have been read from the server after all that is held here. PROTOCOL: a gap, a wrong
 * hash, malformed rows (nothing is kept). NOTFOUND: a change to a row this replica does not
 * hold, or rows that differ from the server's (compare.h; the pages are kept): the next sync
 * must ask for everything (already noted). `idle`: the server has nothing
 * more through idle->through (NULL: not yet). */
NODISCARD enum err replica_pages(struct store *s, const struct page *pages, size_t count,
                                 const struct idle *idle, struct replica_tally *tally);
/* The next sync asks for everything. */
NODISCARD enum err replica_ask_all(struct store *s);
/* What may not be seen any more leaves: rows, history, conflicts, what lies in the outbox and
 * in quarantine, and the pages it lay on. PROTOCOL: malformed. */
NODISCARD enum err replica_leave(struct store *s, struct leave leave);
/* Dossiers are erased: all there is of them leaves likewise, what only an operation says of
 * them too. *done: the last of the orders, once nothing of them is on the disk; 0: not yet, the
 * server will say it again. PROTOCOL: malformed. */
NODISCARD enum err replica_erase(struct store *s, struct erase erase, uint64_t *done);
/* The sync came to its end. */
NODISCARD enum err replica_synced(struct store *s);

/* Staff member and device number behind an origin number. NOTFOUND. */
NODISCARD enum err replica_origin(struct store *s, uint32_t epoch, struct origin *out);

#endif
