/* SPDX-License-Identifier: Apache-2.0 */
/* What a sync brings: pages, and the moment everything has come. */
#include "store/replica.h"

#include "proto/hash.h"
#include "store/compare.h"
#include "store/inside.h"
#include "store/lease.h"
#include "store/leave.h"
#include "store/page.h"
#include "store/sweep.h"

enum err replica_ask_all(struct store *s)
{
    enum err err = store_begin(s);
    if (err != ERR_OK)
        return err;
    err = sweep_forget_told(s);
    if (err == ERR_OK)
        err = meta_set_int(s, META_RETELL, 0);
    err = store_end(s, err);
    return err == ERR_OK ? store_reload(s) : err;
}

static enum err one_page(struct store *s, const struct page *page, hlc_t *latest,
                         uint64_t *rows)
{
    bool filling = s->entered < s->pulled;
    uint64_t position = filling ? s->entered : s->pulled;
    if (page->to <= position)
        return ERR_OK;
    /* It may tell again what an earlier page told, never leave something out. A page of
     * operations whose verdicts we have not heard would be mistaken for news of others. */
    if (page->from > position || page->judged > s->acked)
        return ERR_PROTOCOL;
    if (page->hash != hash64(page->from ^ page->to, page->body.p, page->body.n))
        return ERR_PROTOCOL;
    struct str body = page->body;
    enum err err = ERR_OK;
    if (page->packed) {
        buf_clear(&s->scratch);
        err = squeeze_expand(&s->squeeze, body, FRAME_PLAIN_BYTES_MAX, &s->scratch);
        body = buf_str(&s->scratch);
        if (err == ERR_FORMAT || err == ERR_LIMIT)
            err = ERR_PROTOCOL;
    }
    uint64_t before = *rows;
    if (err == ERR_OK)
        err = page_apply(s, body, latest, rows);
    if (err == ERR_OK && *rows - before > page->rows)
        err = ERR_PROTOCOL;
    if (err != ERR_OK)
        return err;
    if (filling)
        s->entered = page->to < s->pulled ? page->to : UINT64_MAX;
    if (!filling || page->to > s->pulled)
        s->pulled = page->to;
    return ERR_OK;
}

/* The replica holds what this version of our rights opens; a server that does not say so means
 * the one of its WELCOME. */
static enum err note_held(struct store *s, uint64_t said)
{
    int64_t entering = 0;
    int64_t held = 0;
    enum err err = meta_get_int(s, META_ENTERING, &entering);
    if (err == ERR_OK)
        err = meta_get_int(s, META_GRANTS, &held);
    int64_t now = said == IDLE_UNSAID ? entering : (int64_t)said;
    if (err == ERR_OK && now != held)
        err = meta_set_int(s, META_GRANTS, now);
    return err;
}

static enum err finish_pull(struct store *s, const struct idle *idle)
{
    if (idle->judged > s->acked || idle->through < s->pulled)
        return ERR_PROTOCOL;
    s->pulled = idle->through;
    s->entered = UINT64_MAX;
    int64_t complete = 0;
    int64_t full = 0;
    int64_t whole = 0;
    enum err err = meta_get_int(s, META_COMPLETE, &complete);
    if (err == ERR_OK)
        err = meta_get_int(s, META_WHOLE, &whole);
    if (err == ERR_OK && (uint64_t)whole != idle->through)
        err = meta_set_int(s, META_WHOLE, (int64_t)idle->through);
    if (err == ERR_OK)
        err = meta_get_int(s, META_FULL, &full);
    if (err == ERR_OK && complete == 0)
        err = meta_set_int(s, META_COMPLETE, 1);
    if (err == ERR_OK)
        err = note_held(s, idle->grants);
    bool more = false;
    if (err == ERR_OK)
        err = sweep_end(s, &more);
    if (err == ERR_OK && full != 0 && !more)
        err = meta_set_int(s, META_FULL, 0);
    return err;
}

static enum err all_pages(struct store *s, const struct page *pages, size_t count,
                          const struct idle *idle, uint64_t *rows)
{
    hlc_t latest = 0;
    uint64_t from = s->pulled;
    uint64_t filled = s->entered;
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = one_page(s, &pages[i], &latest, rows);
    if (err == ERR_OK && idle != NULL)
        err = finish_pull(s, idle);
    if (err == ERR_OK && s->pulled != from)
        err = meta_set_int(s, META_PULLED, (int64_t)s->pulled);
    if (err == ERR_OK && s->entered != filled)
        err = meta_set_int(s, META_ENTERED,
                           s->entered == UINT64_MAX ? 0 : (int64_t)s->entered + 1);
    hlc_t was = s->clock.last;
    hlc_observe(&s->clock, latest, store_now(s));
    if (err == ERR_OK && s->clock.last != was)
        err = meta_set_int(s, META_HLC, (int64_t)s->clock.last);
    return err == ERR_OK ? compare_keep(s) : err;
}

enum err replica_pages(struct store *s, const struct page *pages, size_t count,
                       const struct idle *idle, struct replica_tally *tally)
{
    uint64_t rows = 0;
    enum err err = store_begin_soft(s);
    if (err != ERR_OK)
        return err;
    err = store_end(s, all_pages(s, pages, count, idle, &rows));
    if (err == ERR_OK)
        tally->pulled += rows;
    if (err == ERR_NOTFOUND) {
        enum err noted = replica_ask_all(s);
        return noted == ERR_OK ? ERR_NOTFOUND : noted;
    }
    bool repair = false;
    if (err == ERR_OK && idle != NULL)
        err = compare_rows(s, idle, &repair);
    return err == ERR_OK && repair ? ERR_NOTFOUND : err;
}

enum err replica_synced(struct store *s)
{
    int64_t now_ms = store_now(s);
    enum err err = store_begin_soft(s);
    if (err != ERR_OK)
        return err;
    err = meta_set_int(s, META_LAST_SYNC, now_ms);
    if (err == ERR_OK)
        err = lease_renew(s, now_ms);
    err = store_end(s, err);
    return err == ERR_OK ? leave_clean(s) : err;
}
