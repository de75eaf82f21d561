/* SPDX-License-Identifier: Apache-2.0 */
/* The replica of a data folder, held by one process at a time: take the lock, open the store.
 */
#ifndef CLIENT_LOCAL_H
#define CLIENT_LOCAL_H

#include "io/file.h"
#include "store/mend.h"

/* How long a command waits for another one to end. */
enum { LOCAL_WAIT_MS = 10 * 1000, LOCAL_TRY_MS = 50 };

/* The database's files in the folder, also those of a repair; NULL-terminated. */
extern const char *const local_files[];

struct local {
    struct store *store;   /* open; NULL while only the folder is held */
    struct file_lock lock; /* of DIR/lock */
    struct buf path;       /* of the database */
    struct store_env env;  /* the store's */
};

/* Take the lock of the folder (made if need be, mode 0700). BUSY at once, or after wait_ms;
 * `why` names the process that has it. */
NODISCARD enum err local_lock(const char *dir, int64_t wait_ms, struct file_lock *lock,
                              struct note *why);
/* Take the lock and open the replica. BUSY, and what store_open says. */
NODISCARD enum err local_open(const char *dir, int64_t wait_ms, struct local *out,
                              struct note *why);
/* The same without opening it: the replica may be damaged. */
NODISCARD enum err local_hold(const char *dir, int64_t wait_ms, struct local *out,
                              struct note *why);
/* Close the store and put a new one in its place, made of what reads of it (mend.h); open that.
 * The damaged file is kept beside (LOCAL_DAMAGED) until everything has come again from the
 * server. Cut off at any point, the old one or the new one is in place at the next opening. On
 * an error the store is closed, and the old one is in place unless its last step failed. */
#define LOCAL_DAMAGED "replica.db.damaged"
NODISCARD enum err local_mend(struct local *local, const char *dir, struct mend_report *out,
                              struct note *why);
/* The same for the contents of documents, with the store open. */
#define LOCAL_CONTENT_DAMAGED "replica.db.content.damaged"
NODISCARD enum err local_mend_contents(struct local *local, const char *dir,
                                       struct mend_contents *out, struct note *why);
/* The coordinator's order: close the store, destroy the key, then the database. What stays is
 * closed by local_close. */
NODISCARD enum err local_wipe(struct local *local, const char *dir);
/* A zeroed one is fine. */
void local_close(struct local *local);

#endif
