/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that were just made, as pages tell them: what one device saves, all others hear next. */
#ifndef STORE_RECENT_H
#define STORE_RECENT_H

#include "store/rows.h"

/* One told whole, of a row that nobody has changed since it was made. */
struct recent {
    int64_t rid;
    uint64_t seq;    /* its place in the feed: a row that changes has another */
    uint32_t origin; /* who made it */
    uint16_t table;
    uint32_t at, n; /* its bytes */
};

/* NULL: it is to be read. *bytes: valid until the next call of recent_keep. */
const struct recent *recent_find(const struct store *s, uint16_t table, int64_t rid,
                                 uint64_t seq, struct str *bytes);
/* Keep what was encoded of a row read outside a transaction, if all can be told the same. */
void recent_keep(struct store *s, uint16_t table, const struct row *row, struct str bytes);
/* A row was taken away. */
void recent_forget(struct store *s);

#endif
