/* SPDX-License-Identifier: Apache-2.0 */
/* From an invitation to a certificate of the network: prove the secret, hear the answer. */
#ifndef IO_JOIN_H
#define IO_JOIN_H

#include "io/args.h"
#include "io/invite.h"
#include "proto/message.h"

enum { JOIN_DIAL_MS = 10 * 1000, JOIN_MS = 30 * 1000 };

/* The invitation in a command's words, which may be its code in several pieces; "-": it is on
 * the standard input, where no list of processes and no history of commands shows it. The
 * option "server" takes the place of its address. */
NODISCARD enum err join_code(const struct args *args, struct invite *out, struct note *why);
/* What the server said; its texts and certificates lie in `body`. */
struct join {
    struct enrolled answer;
    struct buf body; /* private */
};
/* Ask at invite->server for a certificate for this private key (DER), on a loop of its own
 * until it is over; asked again after a lost reply it gets the same answer. The answer is from
 * who knows the secret, and speaks of the invitation's CA and of this key. OFFLINE, TIMEOUT,
 * CLOSED; IDENTITY: not the server the invitation speaks of; REFUSED: unknown, expired or used
 * up; EXISTS: used for another key. */
NODISCARD enum err join_run(const struct invite *invite, struct str key, struct join *out,
                            struct note *why);
void join_done(struct join *join);
/* As much of such a text as there is room for, whole characters, NUL-terminated. */
void join_text(struct str text, char *out, size_t room);

#endif
