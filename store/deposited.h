/* SPDX-License-Identifier: Apache-2.0 */
/* What a replica has left at the relay of its site: where that is, and what lies there. */
#ifndef STORE_DEPOSITED_H
#define STORE_DEPOSITED_H

#include "proto/hash.h"
#include "store/store.h"

enum { DEPOSITED_NAME_BYTES = 256, DEPOSITED_SENT_MAX = 8 };

/* Where the relay is, ADDR:PORT, appended; nothing: none is known. Store's thread, all of it.
 */
NODISCARD enum err deposited_site(struct store *s, struct buf *out);
NODISCARD enum err deposited_site_set(struct store *s, struct str address);

/* Parcels we have begun to leave there, the newest first: appended SHA-256s. What they held is
 * in every later one, or was judged. */
NODISCARD enum err deposited_sent(struct store *s, struct buf *out);
/* One more is about to be sent: noted before, so that a lost receipt does no harm. */
NODISCARD enum err deposited_send(struct store *s, const uint8_t sha256[SHA256_BYTES]);

/* The last that a relay has given its receipt for. */
struct deposited {
    uint32_t epoch;
    uint64_t op_last;                 /* operations of that epoch through here */
    uint64_t pulled;                  /* where the replica stood */
    int64_t at_ms;                    /* when; 0: never */
    char relay[DEPOSITED_NAME_BYTES]; /* its name */
    uint64_t operations;              /* of them, not yet judged: only there, and here */
};
NODISCARD enum err deposited_get(struct store *s, struct deposited *out);
NODISCARD enum err deposited_set(struct store *s, const struct deposited *deposited);

#endif
