/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/hlc.h"

/* The year 4199. A wall clock beyond it is broken; capping it leaves the carrying counter room
 * for ever and keeps every stamp below INT64_MAX, as the databases store it. */
static const int64_t wall_ms_max = INT64_C(1) << 46;

hlc_t hlc_of_ms(int64_t ms)
{
    if (ms < 0)
        return 0;
    return (hlc_t)(ms > wall_ms_max ? wall_ms_max : ms) << HLC_COUNTER_BITS;
}

int64_t hlc_ms(hlc_t stamp)
{
    return (int64_t)(stamp >> HLC_COUNTER_BITS);
}

hlc_t hlc_tick(struct hlc *clock, int64_t wall_ms)
{
    hlc_t wall = hlc_of_ms(wall_ms);
    clock->last = wall > clock->last ? wall : clock->last + 1;
    return clock->last;
}

void hlc_observe(struct hlc *clock, hlc_t seen, int64_t wall_ms)
{
    int64_t wall = hlc_ms(hlc_of_ms(wall_ms));
    if (seen > clock->last && hlc_ms(seen) <= wall + HLC_AHEAD_MS_MAX)
        clock->last = seen;
}

int stamp_cmp(struct stamp a, struct stamp b)
{
    if (a.hlc != b.hlc)
        return a.hlc < b.hlc ? -1 : 1;
    return (a.origin > b.origin) - (a.origin < b.origin);
}

int64_t hlc_edit_ms(int64_t device_ms, int64_t skew_ms, int64_t received_ms,
                    int64_t previous_ms)
{
    if (skew_ms > -HLC_SKEW_NOISE_MS && skew_ms < HLC_SKEW_NOISE_MS)
        skew_ms = 0;
    int64_t edit_ms = 0;
    if (__builtin_sub_overflow(device_ms, skew_ms, &edit_ms))
        edit_ms = device_ms < 0 ? INT64_MIN : INT64_MAX;
    if (edit_ms < previous_ms)
        edit_ms = previous_ms;
    /* Last, so that a previous edit accepted while our own clock ran ahead does not make this
     * device win until that time has come. */
    return edit_ms < received_ms ? edit_ms : received_ms;
}
