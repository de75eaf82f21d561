/* SPDX-License-Identifier: Apache-2.0 */
/* Show a page of ours in the person's browser. */
#ifndef IO_BROWSE_H
#define IO_BROWSE_H

#include "proto/err.h"

/* Have the desktop's own opener show `url`, without waiting for it. The address goes through
 * the file at `path`, readable by this user alone: a list of processes shows every user the
 * words of a command. NOTFOUND: there is no opener, or no display; IO. Any thread. */
NODISCARD enum err browse_open(const char *path, const char *url);

#endif
