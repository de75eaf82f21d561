/* SPDX-License-Identifier: Apache-2.0 */
/* How long an agent waits before it tries again. Pure. */
#ifndef CLIENT_BACKOFF_H
#define CLIENT_BACKOFF_H

#include <stdint.h>

enum {
    BACKOFF_MS_MIN = 1000,                 /* before the second try; doubles each time … */
    BACKOFF_MS_MAX = 5 * 60 * 1000,        /* … up to this */
    BACKOFF_ASKED_MS_MAX = 60 * 60 * 1000, /* a server cannot send us away for longer */
};

struct backoff {
    unsigned tries; /* in a row without success */
};
/* A try failed, and the server asks to stay away for asked_ms (0: it does not): ms until the
 * next. Doubling, half of it by chance, and not less than is asked. */
int64_t backoff_failed(struct backoff *b, uint32_t asked_ms, uint64_t random);
/* A try went well: the next failure is the first. */
void backoff_done(struct backoff *b);

#endif
