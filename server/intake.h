/* SPDX-License-Identifier: Apache-2.0 */
/* A device's bundle taken in, from a file or from memory, and the answer to it made, in steps.
 *
 *     OPEN → WHO → READ ⇄ JUDGE → CREATE → ASK ⇄ WRITE → FINISH → OVER
 *                                    ↑______│ what the device may see has changed meanwhile
 *
 * Where no answer is wanted JUDGE ends it. Everything may be done again after any interruption.
 */
#ifndef SERVER_INTAKE_H
#define SERVER_INTAKE_H

#include "io/stick.h"
#include "server/take.h"

enum {
    INTAKE_PIECE_BYTES = 1 << 20, /* frames carried from one thread to the other at once */
    INTAKE_PIECE_PUSHES = 2,      /* likewise: each is a commit, and others wait for it */
    INTAKE_ROOM_BYTES =
        4 * INTAKE_PIECE_BYTES, /* less than this left in the answer: the rest another time */
    INTAKE_AGAIN_MAX = 3,       /* answers begun anew */
};

enum intake_stage {
    INTAKE_OPEN,
    INTAKE_WHO,
    INTAKE_READ,
    INTAKE_JUDGE,
    INTAKE_CREATE,
    INTAKE_ASK,
    INTAKE_WRITE,
    INTAKE_FINISH,
    INTAKE_OVER
};

/* The caller fills the first part; zeroes elsewhere are one not begun. */
struct intake {
    const char *path;      /* of the bundle; without `bytes` */
    struct str bytes;      /* the bundle itself; n 0: it is a file */
    const char *answer;    /* path of the answer; NULL: none wanted, or into `sink` */
    struct buf *sink;      /* the answer, in memory; the caller's, with a cap */
    struct id history;     /* of this server */
    struct str ca_key;     /* private key of the authority; outlives us */
    struct str former_key; /* … and of the one before, while bundles sealed to it are opened;
                              empty: none */
    /* results */
    struct take take;
    bool answered; /* the answer has all there is … */
    bool cut;      /* … or not, for it is full */
    uint64_t size; /* of the answer's file */
    /* private */
    enum intake_stage stage;
    struct stick_in *in;
    struct stick_out *out;
    struct buf frames; /* on their way between file and store */
    bool read_all;     /* the bundle has no more frames */
    unsigned again;    /* answers begun and thrown away */
};

/* Which thread the next step needs: reading a slow stick must not keep the store waiting. */
enum intake_next { INTAKE_NEXT_ASIDE, INTAKE_NEXT_STORE, INTAKE_NEXT_OVER };
enum intake_next intake_next(const struct intake *p);
/* Take it. An error ends it; `why` says what a person should do. What was judged
 * before stays. */
NODISCARD enum err intake_step(struct intake *p, struct store *s, struct note *why);
/* Free; a zeroed struct is fine. */
void intake_done(struct intake *p);

#endif
