/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of the whole database made while work goes on, and its check. Contents of documents
 * (content.h) are copied after the rows that name them, to a file of the same name with
 * CONTENT_SUFFIX. */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include "store/store.h"

enum { BACKUP_STEP_PAGES = 256 }; /* one step: other jobs come between */
struct backup;
/* Begin a copy to `path`, which must not exist. EXISTS; FULL, IO. */
NODISCARD enum err backup_begin(struct store *s, const char *path, struct backup **out,
                                struct note *why);
/* Copy some more; *done when it is complete. What is committed meanwhile is in the copy too. */
NODISCARD enum err backup_step(struct backup *backup, bool *done);
/* End; frees on every path. The file stays. */
NODISCARD enum err backup_end(struct backup *backup);
/* Open a copy made by backup_end and check all of it; any thread, for nobody else uses it.
 * *seq: what it holds. CORRUPT with the first finding in `why`. env->path names the copy. */
NODISCARD enum err backup_check(const struct store_env *env, uint64_t *seq, struct note *why);
/* The same for the contents beside it: each is compared with its hash. NOTFOUND: there were
 * some, and the file is not there. */
NODISCARD enum err backup_check_contents(const struct store_env *env, struct note *why);

#endif
