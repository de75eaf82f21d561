/* SPDX-License-Identifier: Apache-2.0 */
#include "io/rate.h"

#include "proto/mem.h"

#include <string.h>

/* One address and the moment until which what it did is paid for: that moment and the interval
 * say all that a bucket of tokens would. */
struct entry {
    uint8_t address[RATE_ADDRESS_BYTES];
    int64_t paid_ms;
};

struct rate_table {
    struct rate rate;
    struct entry entry[RATE_SETS][RATE_WAYS];
};

bool rate_take(const struct rate *rate, int64_t *paid_ms, int64_t now_ms)
{
    if (rate->interval_ms <= 0)
        return true;
    int64_t from = *paid_ms > now_ms ? *paid_ms : now_ms;
    if (from - now_ms > (rate->burst - 1) * rate->interval_ms)
        return false;
    *paid_ms = from + rate->interval_ms;
    return true;
}

struct rate_table *rate_table_new(const struct rate *rate)
{
    struct rate_table *table = mem_new(sizeof *table);
    if (table != NULL)
        table->rate = *rate;
    return table;
}

void rate_table_free(struct rate_table *table)
{
    mem_free(table);
}

bool rate_table_take(struct rate_table *table, const uint8_t address[RATE_ADDRESS_BYTES],
                     int64_t now_ms)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < RATE_ADDRESS_BYTES; i++)
        hash = (hash ^ address[i]) * 16777619u;
    struct entry *set = table->entry[hash % RATE_SETS];
    struct entry *rested = set;
    for (size_t i = 0; i < RATE_WAYS; i++) {
        if (set[i].paid_ms != 0 && memcmp(set[i].address, address, RATE_ADDRESS_BYTES) == 0)
            return rate_take(&table->rate, &set[i].paid_ms, now_ms);
        if (set[i].paid_ms < rested->paid_ms)
            rested = &set[i];
    }
    memcpy(rested->address, address, RATE_ADDRESS_BYTES);
    rested->paid_ms = 0;
    return rate_take(&table->rate, &rested->paid_ms, now_ms);
}
