/* SPDX-License-Identifier: Apache-2.0 */
/* The only place where the programs learn what time it is. */
#ifndef IO_CLOCK_H
#define IO_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970 UTC, as the machine believes: may be wrong, may jump. Any thread. */
int64_t clock_wall_ms(void);
/* Milliseconds that only go forward, time asleep included; no fixed origin. Any thread. */
int64_t clock_mono_ms(void);
/* What a clock on the wall here shows at that time minus UTC, in minutes, summer time included.
 * Any thread. */
int clock_offset_min(int64_t wall_ms);

#endif
