/* SPDX-License-Identifier: Apache-2.0 */
/* Fictitious dossiers to try Jalon with: a replica of its own in the data folder. It has an
 * identity that no server gave and no key, so that it can neither sync nor be enrolled. */
#ifndef CLIENT_EXAMPLE_H
#define CLIENT_EXAMPLE_H

#include "client/local.h"

#define EXAMPLE_FOLDER "example" /* of the data folder */
enum { EXAMPLE_DEVICE = 0x7FFFFFFF };

/* Open the example when there is one; else `out` stays as it is. One that was cut short in the
 * making counts as none. Errors as local_open. Store's thread, or before it starts. */
NODISCARD enum err example_open(const char *dir, struct local *out);
/* Make it and open it; its days are counted from today. Errors as local_open and edit_commit;
 * nothing of it is left then. Store's thread. */
NODISCARD enum err example_make(const char *dir, struct local *out, struct note *why);
/* Close it (a zeroed one is fine) and destroy its files. IO. Store's thread. */
NODISCARD enum err example_remove(const char *dir, struct local *local, struct note *why);

#endif
