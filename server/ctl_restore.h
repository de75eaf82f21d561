/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl restore: a checked backup takes the place of the database, as a new generation. */
#ifndef SERVER_CTL_RESTORE_H
#define SERVER_CTL_RESTORE_H

#include "proto/buf.h"

struct restored {
    struct buf kept;    /* path of the database there was, NUL-terminated */
    bool states_lost;   /* it could not be read: devices revoked since the backup are not */
    bool contents_lost; /* those of documents were not in the backup, or damaged: the ones that
                           were here stay */
};
/* Put the backup `file` in place; jalond must not run (BUSY). The database there was is kept
 * beside. Devices it knew as revoked or wiped stay so. What it knew as erased is erased in the
 * copy before that takes its place, and what the file `erasures` names (NULL: none), one id a
 * line. CORRUPT: the backup is damaged, nothing was changed. FORMAT: that file is no such list,
 * likewise. */
NODISCARD enum err restore_run(const char *dir, const char *file, const char *erasures,
                               struct restored *out, struct note *why);

#endif
