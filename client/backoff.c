/* SPDX-License-Identifier: Apache-2.0 */
#include "client/backoff.h"

int64_t backoff_failed(struct backoff *b, uint32_t asked_ms, uint64_t random)
{
    int64_t ms = BACKOFF_MS_MIN;
    b->tries++;
    for (unsigned i = 1; i < b->tries && ms < BACKOFF_MS_MAX; i++)
        ms *= 2;
    if (ms > BACKOFF_MS_MAX)
        ms = BACKOFF_MS_MAX;
    ms = ms / 2 + (int64_t)(random % (uint64_t)(ms / 2 + 1));
    uint32_t asked = asked_ms < BACKOFF_ASKED_MS_MAX ? asked_ms : BACKOFF_ASKED_MS_MAX;
    int64_t away_ms = (int64_t)asked + (int64_t)(random % (asked / 4 + 1));
    return away_ms > ms ? away_ms : ms;
}

int64_t backoff_news(struct backoff *b, int64_t now_ms, int64_t due_ms, uint64_t random)
{
    int64_t at_ms = now_ms;
    if (b->heard && at_ms < b->news_ms + BACKOFF_NEWS_APART_MS)
        at_ms = b->news_ms + BACKOFF_NEWS_APART_MS;
    at_ms += (int64_t)(random % (BACKOFF_NEWS_MS_MAX + 1));
    if (at_ms >= due_ms)
        return due_ms;
    b->heard = true;
    b->news_ms = at_ms;
    return at_ms;
}

void backoff_done(struct backoff *b)
{
    b->tries = 0;
}
