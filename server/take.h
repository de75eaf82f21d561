/* SPDX-License-Identifier: Apache-2.0 */
/* What a device wrote into a bundle, judged as if it were connected, and the answer to it. */
#ifndef SERVER_TAKE_H
#define SERVER_TAKE_H

#include "store/serve.h"

/* The answer is what the device would hear in answer to the HELLO of its bundle once its
 * operations are judged: nothing here depends on which bundles came before, or how often.
 * Everything runs on the database thread; `why` says what a person should do. */
struct take {
    struct serve_device device;
    bool wipe;           /* the device is to be wiped: nothing is taken, the answer says so */
    bool behind;         /* we were restored, and know less than the bundle builds on */
    uint64_t operations; /* judged for the first time … */
    uint64_t known;      /* … and before */
    uint64_t conflicts;  /* operations that wait for a person, of both kinds */
    uint64_t refused;    /* likewise, in quarantine */
    /* private */
    bool greeted;       /* HELLO was read */
    bool answering;     /* the beginning of the answer was made */
    struct hello hello; /* as it came, but for the clock */
    struct buf said;    /* the frame of HELLO as it came */
    struct serve_session session;
    uint64_t told; /* operations the answer's verdicts go through */
};
/* Who signed: key is the SHA-256 of a public key, device the number the bundle claims. REFUSED:
 * not enrolled here; REVOKED: not any more. */
NODISCARD enum err take_begin(struct take *t, struct store *s, const uint8_t key[32],
                              uint32_t device, struct note *why);
/* The next frame of the bundle: HELLO, then PUSHes; each is a commit. FORK: it is not of the
 * device's present epoch, or another operation stands in its place. PROTOCOL, FORMAT, LIMIT,
 * VERSION, IDENTITY; and the machine's. What was committed before stays. */
NODISCARD enum err take_frame(struct take *t, struct store *s, struct str body,
                              struct note *why);
/* Append the next frames of the answer; *done: those were the last. LATER: what the device may
 * see, or what of it is judged, has changed since its beginning: throw the frames away and
 * begin it again. VERSION: the device's version cannot follow what left its rights; what its
 * bundle held is judged. */
NODISCARD enum err take_answer(struct take *t, struct store *s, struct buf *frames, bool *done);
/* Begin the answer again. */
void take_again(struct take *t);
/* Free; a zeroed struct is fine. */
void take_done(struct take *t);

#endif
