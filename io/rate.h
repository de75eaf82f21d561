/* SPDX-License-Identifier: Apache-2.0 */
/* How often something may happen: at most so many at once, and one more after each interval. */
#ifndef IO_RATE_H
#define IO_RATE_H

#include <stdbool.h>
#include <stdint.h>

enum { RATE_ADDRESS_BYTES = 16, RATE_SETS = 512, RATE_WAYS = 8 };

struct rate {
    int64_t interval_ms; /* one more after each; 0: no limit */
    int64_t burst;       /* at once after a rest; at least 1 */
};
/* May it happen now? If so, it is counted. `paid_ms`: the caller's, 0 at first. */
bool rate_take(const struct rate *rate, int64_t *paid_ms, int64_t now_ms);

/* The same for each address, in a table whose size does not depend on how many there are: a
 * new address takes the place of the one that has rested longest. */
struct rate_table;
/* NULL: no memory. */
struct rate_table *rate_table_new(const struct rate *rate);
void rate_table_free(struct rate_table *table);
bool rate_table_take(struct rate_table *table, const uint8_t address[RATE_ADDRESS_BYTES],
                     int64_t now_ms);

#endif
