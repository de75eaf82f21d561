/* SPDX-License-Identifier: Apache-2.0 */
/* The replica's side of contents: after the records, sends those attached here and fetches
 * those a person or the rule asks for. */
#ifndef STORE_COURIER_H
#define STORE_COURIER_H

#include "store/content.h"

enum {
    COURIER_PIECE_FIRST = 4096, /* bytes of the first chunk; each one doubles … */
    COURIER_STUCK_MAX = 3,      /* answers in a row that bring nothing */
};

enum courier_way { COURIER_RESTS, COURIER_SENDS, COURIER_FETCHES, COURIER_DRAINS };

/* Of one conversation; a zeroed one is ready. */
struct courier {
    enum courier_way way;
    struct content_doc doc; /* under way */
    uint64_t next;          /* sent, or asked for, through here */
    uint32_t piece;         /* bytes of the next chunk: small ones first, on a bad line each is
                               a step that is not lost */
    unsigned asked;         /* messages without their answer */
    unsigned stuck;
    bool fetching;          /* those to be sent were all looked at */
    struct id after;        /* the last document looked at */
    bool halted;            /* the disk, or the server, takes no more: not in this round */
    uint64_t sent, fetched; /* documents that came through, since the courier began */
    enum err err;           /* why one did not, the last time */
};
/* The conversation is another: only what came through is still known. */
void courier_rest(struct courier *k);
/* Take an answer of the server (WANT, CHUNK), or begin anew (NULL: the records are in step).
 * Appends what is to be sent to `frames`; *waits: an answer is still to come. PROTOCOL: not
 * what was asked for. What the disk or the server refuses is noted, and breaks nothing. */
NODISCARD enum err courier_step(struct store *s, struct courier *k, const struct message *m,
                                struct buf *frames, bool *waits);

/* For people: have this document's content fetched. EXISTS: it is here; NOTFOUND: no such
 * document. */
NODISCARD enum err courier_want(struct store *s, const struct id *doc);
/* Fetch every document unasked as long as what is here stays below so many bytes; 0: none. */
NODISCARD enum err courier_rule(struct store *s, uint64_t bytes);

#endif
