/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lease.h"

#include "store/inside.h"
#include "store/parameter.h"

static const int64_t HOUR_MS = INT64_C(60) * 60 * 1000;
static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;

static enum err note_seen(struct store *s, enum meta key, int64_t ms)
{
    enum err err = store_begin(s);
    return err == ERR_OK ? store_end(s, meta_set_int(s, key, ms)) : err;
}

/* What time it is, if it was `began` at the last contact and the clock was off by `skew` then:
 * as it says, or as it says less that. Before the contact it is not. */
static int64_t time_of(int64_t wall_ms, int64_t skew_ms, int64_t began)
{
    int64_t a = wall_ms;
    int64_t b = wall_ms - skew_ms;
    int64_t low = a < b ? a : b;
    int64_t high = a < b ? b : a;
    if (low >= began)
        return low;
    return high >= began ? high : began;
}

/* A replica that has data but was never complete counts from the first time somebody looks. */
static enum err find_began(struct store *s, int64_t *began)
{
    int64_t synced = 0;
    enum err err = meta_get_int(s, META_LAST_SYNC, &synced);
    if (err == ERR_OK && synced != 0)
        err = meta_get_int(s, META_LEASE_BEGAN, began);
    /* Of a sync before there were leases, its own time. */
    if (err != ERR_OK || *began != 0 || synced != 0) {
        *began = *began == 0 ? synced : *began;
        return err;
    }
    err = meta_get_int(s, META_LEASE_FIRST, began);
    if (err != ERR_OK || *began != 0)
        return err;
    *began = store_now(s);
    return note_seen(s, META_LEASE_FIRST, *began);
}

static enum err highest(struct store *s, int64_t began, int64_t *out)
{
    int64_t skew = 0;
    int64_t seen = 0;
    enum err err = meta_get_int(s, META_LEASE_SEEN, &seen);
    if (err == ERR_OK)
        err = meta_get_int(s, META_SKEW, &skew);
    int64_t now = time_of(store_now(s), skew, began);
    *out = now > seen ? now : seen;
    if (err != ERR_OK || now <= seen || (seen != 0 && now - seen < HOUR_MS))
        return err;
    return note_seen(s, META_LEASE_SEEN, now);
}

enum err lease_look(struct store *s, struct lease *out)
{
    struct lease lease = {.days = 0};
    int64_t began = 0;
    int64_t seen = 0;
    enum err err = s->epoch == 0 ? ERR_OK
                                 : parameter_number(s, PARAMETER_LEASE_DAYS, &s->structure,
                                                    store_now(s) / DAY_MS, &lease.days);
    if (err == ERR_OK && lease.days > 0)
        err = find_began(s, &began);
    if (err == ERR_OK && lease.days > 0)
        err = highest(s, began, &seen);
    if (err == ERR_OK && lease.days > 0) {
        lease.until_ms = began + lease.days * DAY_MS;
        lease.left_ms = seen < lease.until_ms ? lease.until_ms - seen : 0;
        lease.locked = lease.left_ms == 0;
    }
    if (err == ERR_OK)
        *out = lease;
    return err;
}

enum err lease_renew(struct store *s, int64_t now_ms)
{
    int64_t skew = 0;
    enum err err = meta_get_int(s, META_SKEW, &skew);
    if (err == ERR_OK)
        err = meta_set_int(s, META_LEASE_BEGAN, now_ms - skew);
    return err == ERR_OK ? meta_set_int(s, META_LEASE_SEEN, now_ms - skew) : err;
}
