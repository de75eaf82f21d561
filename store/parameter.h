/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers that a network or a structure sets for itself: rows of the table `parameter`. */
#ifndef STORE_PARAMETER_H
#define STORE_PARAMETER_H

#include "store/store.h"

/* What counts on this day (since 1970) in this structure (the null id: in the network): its own
 * row, else the network's, of several the latest. fallback where nobody says anything, or not a
 * number from 0 to max. */
struct parameter {
    const char *key;
    int64_t max, fallback;
};
NODISCARD enum err parameter_number(struct store *s, const struct parameter *parameter,
                                    const struct id *structure, int64_t day, int64_t *out);

#endif
