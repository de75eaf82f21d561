/* SPDX-License-Identifier: Apache-2.0 */
/* Whose program is at the other end of a TCP connection within this machine, as the kernel's
 * table of sockets says. */
#ifndef IO_OWNER_H
#define IO_OWNER_H

#include "proto/buf.h"

enum { OWNER_TABLE_BYTES_MAX = 4 * 1024 * 1024 };

enum owner { OWNER_OURS, OWNER_OTHER, OWNER_UNKNOWN };

/* Is the peer of this connected socket a program of our own user? UNKNOWN where the kernel
 * shows no table. Blocks for a read of /proc. */
enum owner owner_of_peer(int fd);
/* The same from a table in the form of /proc/net/tcp: local and remote address and port of the
 * peer's socket as it writes them ("0100007F:1F90"). OTHER when there is no such line. */
enum owner owner_in_table(struct str table, const char *local, const char *remote,
                          unsigned uid);

#endif
