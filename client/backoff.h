/* SPDX-License-Identifier: Apache-2.0 */
/* How long an agent waits before it tries again. Pure. */
#ifndef CLIENT_BACKOFF_H
#define CLIENT_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

enum {
    BACKOFF_MS_MIN = 1000,                 /* before the second try; doubles each time … */
    BACKOFF_MS_MAX = 5 * 60 * 1000,        /* … up to this */
    BACKOFF_ASKED_MS_MAX = 60 * 60 * 1000, /* a server cannot send us away for longer */
    BACKOFF_NEWS_MS_MAX = 2000,            /* after news of the network at most … */
    BACKOFF_NEWS_APART_MS = 10 * 1000, /* … but not sooner after a try such news brought */
};

struct backoff {
    unsigned tries;  /* in a row without success */
    bool heard;      /* news has brought a try forward … */
    int64_t news_ms; /* … last to this time */
};
/* A try failed, and the server asks to stay away for asked_ms (0: it does not): ms until the
 * next. Doubling, half of it by chance, and not less than is asked. */
int64_t backoff_failed(struct backoff *b, uint32_t asked_ms, uint64_t random);
/* The network has changed at now_ms, and the next try is due at due_ms: when instead. It may be
 * no other network and no better one, so the tries stay as far apart as they were. */
int64_t backoff_news(struct backoff *b, int64_t now_ms, int64_t due_ms, uint64_t random);
/* A try went well: the next failure is the first. */
void backoff_done(struct backoff *b);

#endif
