/* SPDX-License-Identifier: Apache-2.0 */
/* The relay of the site this replica turns to. */
#ifndef CLIENT_SITE_H
#define CLIENT_SITE_H

#include "io/address.h"
#include "store/store.h"

enum { SITE_PORT = 4433 }; /* where none is given */

/* Where it is; host "": none was named. Store's thread. */
NODISCARD enum err site_address(struct store *s, struct address *out);

#endif
