/* SPDX-License-Identifier: Apache-2.0 */
/* Reckoning with business days: months that end sooner, days of a year. Pure. */
#ifndef PROTO_DAY_H
#define PROTO_DAY_H

#include <stdbool.h>
#include <stdint.h>

/* Days since 1970-01-01 of the years 1..9999; what would lie outside comes out at that end. */
enum { DAY_FIRST = -719162, DAY_LAST = 2932896 };

/* The same day of the month so many months later (earlier: negative), or the last one there is:
 * 31 January + 1 month is 28 or 29 February. */
int32_t day_add_months(int32_t day, int32_t months);
/* Likewise whole days. */
int32_t day_add(int32_t day, int64_t days);
/* Monday to Friday from the first to the last day, both counted; 0 when the last is earlier. */
int32_t day_working(int32_t first, int32_t last);

#endif
