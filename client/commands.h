/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and how one is carried out: here, or by the process that holds the
 * replica. */
#ifndef CLIENT_COMMANDS_H
#define CLIENT_COMMANDS_H

#include "client/cmd.h"

extern const struct args_program commands_program;

/* Carry out the command line with the terms in `c` (sink, colours); returns the exit status.
 * Without any word it is "ui". */
int commands_main(struct cmd *c, int argc, const char *const *argv);
/* The same over a store that is open already: no lock is taken. For tests, and for the process
 * that holds the replica. */
int commands_run(struct cmd *c, int argc, const char *const *argv);

#endif
