/* SPDX-License-Identifier: Apache-2.0 */
/* What a device does at the relay of its site while the line to the server is down: collect the
 * answer that lies there, and leave what waits for the server. */
#ifndef CLIENT_ERRAND_H
#define CLIENT_ERRAND_H

#include "client/key.h"
#include "io/conn.h"
#include "io/jobs.h"
#include "store/deposited.h"
#include "store/replica.h"

/* Both are bundles, sealed and signed as on a stick: the relay reads neither, and nothing that
 * it says itself is believed but that it keeps them. Whatever is cut off is begun again. */

enum { ERRAND_MS = 30 * 1000 }; /* without a byte in either direction */

/* As link_wipe_cb. */
typedef enum err errand_wipe(void *arg);

struct errand;
/* It is over, and the connection closed; `errand` goes with the call's end. */
typedef void errand_cb(struct errand *errand, void *arg);

struct errand_cfg {
    struct jobs *jobs;
    struct store *store;
    const struct key *key;
    errand_wipe *wipe;
    void *wipe_arg; /* its argument */
    errand_cb *cb;
    void *arg; /* of cb */
};

struct errand_result {
    enum err err;               /* OK: all that was to be done is */
    struct note why;            /* in words; maybe empty */
    struct deposited deposited; /* what lies at the relay now */
    struct replica_tally tally; /* of the answer that was read */
    bool wiped; /* the answer was the order to wipe: there is no store any more */
    uint64_t bytes_in, bytes_out;
};

/* conn is open, and its other end is a relay; it is ours from here on. NOMEM: nothing was
 * begun.
 */
NODISCARD enum err errand_begin(const struct errand_cfg *cfg, struct conn *conn,
                                struct errand **out);
/* Valid in the callback. */
const struct errand_result *errand_result(const struct errand *errand);
/* Break off; the callback still comes. */
void errand_stop(struct errand *errand);

#endif
