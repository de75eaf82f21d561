/* SPDX-License-Identifier: Apache-2.0 */
/* A sync that is carried instead of sent: the frames of a bundle out of the replica, those of
 * an answer into it. */
#ifndef CLIENT_CARRY_H
#define CLIENT_CARRY_H

#include "store/replica.h"

/* Store's thread, all of it. */

/* Takes whole frames. */
typedef enum err carry_put(void *ctx, struct str frames);
struct carried {
    uint64_t operations; /* that wait for the server's verdict */
    uint64_t changes;    /* of rows, in them */
    uint64_t pulled;     /* the answer will go on from here */
};
/* What this device would say to the server now: HELLO, and every operation not judged yet.
 * Nothing changes here by saying it. REFUSED: not enrolled. */
NODISCARD enum err carry_write(struct store *s, carry_put *put, void *ctx, struct carried *out);

/* Frames of an answer, in order. */
struct carry_source {
    /* *body {NULL, 0}: no more; valid until the next call. `why` of the caller's. */
    enum err (*next)(void *ctx, struct str *body);
    void (*rewind)(void *ctx);
    void *ctx;
};

/* An answer's place against what the replica holds. */
struct carry_answer {
    struct hello then;      /* what the device said in its bundle */
    struct welcome welcome; /* what the server said; `origins` is not valid */
    uint64_t through;       /* the answer brings everything through here */
    bool ended;             /* by IDLE: there was nothing more */
    bool wipe;              /* it is an order to wipe, and nothing else */
};
enum carry_use {
    CARRY_FITS,  /* to be applied from where the replica stands */
    CARRY_RESET, /* to be applied from its own beginning: rights changed, or a restored server
                  */
    CARRY_HELD,  /* all of it is here already */
    CARRY_OLD,   /* the device has heard later news than this, or speaks otherwise now */
    CARRY_GAP,   /* something is missing between the replica and its beginning */
};
/* now: what the replica would say. Applied is only what was read from the server after
 * everything the replica holds. */
enum carry_use carry_use_of(const struct hello *now, const struct carry_answer *answer);

/* Destroy key and database; the store is closed by it. */
typedef enum err carry_wipe(void *ctx);
struct carry_result {
    enum carry_use use;
    struct replica_tally tally;
    bool ended; /* the server had nothing more when it answered */
    bool wiped;
};
/* Read an answer through the same machines as a connection (client/agent). Interrupted or
 * repeated it does no harm. FORK, NOTFOUND, and what a connection ends with; the replica then
 * holds what was applied before. */
NODISCARD enum err carry_read(struct store *s, const struct carry_source *source,
                              carry_wipe *wipe, void *ctx, struct carry_result *out);

#endif
