/* SPDX-License-Identifier: Apache-2.0 */
/* jalond serve: everything that runs, from the lock to the last checkpoint. */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include "proto/err.h"
#include "server/settings.h"

/* Serve the data folder until SIGTERM, or until the store breaks (CORRUPT, IO). Prints
 * `sync ADDR:PORT` when ready. BUSY: another process works there; NOTFOUND: no server was made
 * there; USAGE: a bad address. */
NODISCARD enum err service_run(const char *dir, const struct settings *settings,
                               struct note *why);

#endif
