/* SPDX-License-Identifier: Apache-2.0 */
/* jalon sync --live: the command that stays. */
#ifndef CLIENT_CMD_STAY_H
#define CLIENT_CMD_STAY_H

#include "client/cmd.h"
#include "client/key.h"

/* Stay connected with the replica of c->local until SIGTERM or SIGINT, or until an error that a
 * person must repair; tells on the way what happens. Returns the exit status. */
int cmd_stay(struct cmd *c, const struct key *key);

#endif
