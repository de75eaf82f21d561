/* SPDX-License-Identifier: Apache-2.0 */
/* Who may come in: loopback is no secret place. Other users of the machine reach it, and any
 * page of the Internet can make a browser ask it. Pure. */
#ifndef WEB_GATE_H
#define WEB_GATE_H

#include "io/http.h"

enum {
    GATE_SECRET_BYTES = 32,
    GATE_WORD_BYTES = 2 * GATE_SECRET_BYTES + 1, /* a secret in hex, with its NUL */
    GATE_TICKET_BYTES = 2 * (8 + 16 + 32) + 1,   /* end, nonce and seal in hex, with its NUL */
    GATE_TICKET_MS = 5 * 60 * 1000,              /* a link is good for so long … */
    GATE_USED_MAX = 64,                          /* … and opened once; so many in that time */
    GATE_COOKIE_BYTES = GATE_WORD_BYTES + 32,    /* "jalon-PORT=WORD" */
    GATE_LINK_BYTES = GATE_TICKET_BYTES + 40,    /* "http://127.0.0.1:PORT/#TICKET" */
};

/* Of one running instance; everything in it dies with it. */
struct gate {
    uint16_t port;
    uint8_t key[GATE_SECRET_BYTES];  /* seals tickets; never changes: any thread may read it */
    char cookie[GATE_WORD_BYTES];    /* what a browser that was let in shows */
    char csrf[GATE_WORD_BYTES];      /* what its page adds to whatever changes something */
    uint8_t used[GATE_USED_MAX][16]; /* nonces of tickets that were opened … */
    int64_t used_until_ms[GATE_USED_MAX]; /* … and until when they would have been good */
    int64_t
        touched_ms; /* on a clock that only goes forward: somebody inside was here; 0: never */
};

/* `chance`: 3 * GATE_SECRET_BYTES random bytes. */
void gate_init(struct gate *gate, uint16_t port, const uint8_t *chance);
/* Whoever is inside is outside again; tickets stay good. `chance`: 2 * GATE_SECRET_BYTES random
 * bytes. */
void gate_lock(struct gate *gate, const uint8_t *chance);
/* Somebody who is inside is here. Was nobody for longer than idle_ms (0: any time is fine)? Not
 * while a page is open, which knows better itself. */
bool gate_forgotten(struct gate *gate, int64_t now_mono_ms, int64_t idle_ms, bool open);
/* A link that lets in once: http://127.0.0.1:PORT/#TICKET. nonce: 16 random bytes. Any thread.
 */
void gate_link(const struct gate *gate, int64_t now_ms, const uint8_t nonce[static 16],
               char out[static GATE_LINK_BYTES]);
/* Is the ticket ours, in time, and not used? Then it is used from now on. */
bool gate_open(struct gate *gate, int64_t now_ms, struct str ticket);
/* The value of Set-Cookie for whom it let in. */
void gate_cookie(const struct gate *gate, struct buf *out);

/* What a route asks for. */
enum gate_need {
    GATE_ANYBODY, /* the page itself: no data */
    GATE_TICKET,  /* changes something, but the body holds the ticket */
    GATE_GUEST,   /* reads data */
    GATE_HAND,    /* changes data */
};
/* May this request come in? 0, or the status it gets: 400, 401, 403. The exact host first, so
 * that a name that was made to point here hears nothing; then where the page came from; then
 * the cookie; for changes also origin and CSRF word. */
int gate_check(const struct gate *gate, const struct http_request *request,
               enum gate_need need);

#endif
