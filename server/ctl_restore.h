/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl restore: a checked backup takes the place of the database, as a new generation. */
#ifndef SERVER_CTL_RESTORE_H
#define SERVER_CTL_RESTORE_H

#include "proto/buf.h"
#include "proto/err.h"

/* Put the backup `file` in place; jalond must not run (BUSY). The database there was is kept
 * beside, its path is appended to `kept`. CORRUPT: the backup is damaged, nothing was changed.
 */
NODISCARD enum err restore_run(const char *dir, const char *file, struct buf *kept,
                               struct note *why);

#endif
