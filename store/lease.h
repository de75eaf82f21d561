/* SPDX-License-Identifier: Apache-2.0 */
/* The lease of a replica: its data may be read for so many days after the last contact with the
 * server. A laptop that was stolen and never comes online is stopped by the encryption of its
 * disk; this is against one that is merely forgotten, or looked into. */
#ifndef STORE_LEASE_H
#define STORE_LEASE_H

#include "store/store.h"

/* How long is said by the parameter LEASE_DAYS; 0 = no lease. */
struct lease {
    int64_t days;     /* 0: there is none */
    int64_t until_ms; /* locked from then on; by the server's clock */
    int64_t left_ms;  /* 0: locked */
    bool locked;
};
/* Where the lease stands. Time is the highest this device has shown since the last contact,
 * which is noted here (once an hour at most): a clock put back makes it no longer. A clock that
 * was wrong at that contact may be right by now, or not: of the two counts the one that makes
 * sense. */
NODISCARD enum err lease_look(struct store *s, struct lease *out);
/* A sync has come to its end: the lease begins anew. Inside its transaction. */
NODISCARD enum err lease_renew(struct store *s, int64_t now_ms);

#endif
