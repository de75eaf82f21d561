/* SPDX-License-Identifier: Apache-2.0 */
/* Who may come in: loopback is no secret place. Other users of the machine reach it, and any
 * page of the Internet can make a browser ask it. Pure. */
#ifndef WEB_DOOR_H
#define WEB_DOOR_H

#include "io/http.h"

enum {
    DOOR_SECRET_BYTES = 32,
    DOOR_WORD_BYTES = 2 * DOOR_SECRET_BYTES + 1, /* a secret in hex, with its NUL */
    DOOR_TICKET_BYTES = 2 * (8 + 16 + 32) + 1,   /* end, nonce and seal in hex, with its NUL */
    DOOR_TICKET_MS = 5 * 60 * 1000,              /* a link is good for so long … */
    DOOR_USED_MAX = 64,                          /* … and opened once; so many in that time */
    DOOR_COOKIE_BYTES = DOOR_WORD_BYTES + 32,    /* "jalon-PORT=WORD" */
    DOOR_LINK_BYTES = DOOR_TICKET_BYTES + 40,    /* "http://127.0.0.1:PORT/#TICKET" */
};

/* Of one running instance; everything in it dies with it. */
struct door {
    uint16_t port;
    uint8_t key[DOOR_SECRET_BYTES];  /* seals tickets; never changes: any thread may read it */
    char cookie[DOOR_WORD_BYTES];    /* what a browser that was let in shows */
    char csrf[DOOR_WORD_BYTES];      /* what its page adds to whatever changes something */
    uint8_t used[DOOR_USED_MAX][16]; /* nonces of tickets that were opened … */
    int64_t used_until_ms[DOOR_USED_MAX]; /* … and until when they would have been good */
};

/* `chance`: 3 * DOOR_SECRET_BYTES random bytes. */
void door_init(struct door *door, uint16_t port, const uint8_t *chance);
/* A link that lets in once: http://127.0.0.1:PORT/#TICKET. nonce: 16 random bytes. Any thread.
 */
void door_link(const struct door *door, int64_t now_ms, const uint8_t nonce[static 16],
               char out[static DOOR_LINK_BYTES]);
/* Is the ticket ours, in time, and not used? Then it is used from now on. */
bool door_open(struct door *door, int64_t now_ms, struct str ticket);
/* The value of Set-Cookie for whom it let in. */
void door_cookie(const struct door *door, struct buf *out);

/* What a route asks for. */
enum door_need {
    DOOR_ANYBODY, /* the page itself: no data */
    DOOR_TICKET,  /* changes something, but the body holds the ticket */
    DOOR_GUEST,   /* reads data */
    DOOR_HAND,    /* changes data */
};
/* May this request come in? 0, or the status it gets: 400, 401, 403. The exact host first, so
 * that a name that was made to point here hears nothing; then where the page came from; then
 * the cookie; for changes also origin and CSRF word. */
int door_check(const struct door *door, const struct http_request *request,
               enum door_need need);

#endif
