/* SPDX-License-Identifier: Apache-2.0 */
#include "io/clock.h"

#include "proto/err.h"

#include <time.h>

static int64_t read_ms(clockid_t id)
{
    struct timespec ts = {0};
    must(clock_gettime(id, &ts) == 0);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
    /* A laptop that slept for a night must see that a night has passed. */
    return read_ms(CLOCK_BOOTTIME);
}

int clock_offset_min(int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm local = {0};
    return localtime_r(&seconds, &local) == NULL ? 0 : (int)(local.tm_gmtoff / 60);
}
