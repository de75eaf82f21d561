/* SPDX-License-Identifier: Apache-2.0 */
/* What cannot both be so: two open steps of a pathway, two open referents, two situations that
 * exclude each other. Both rows stay; people are told, and close one. Both sides. */
#ifndef STORE_OVERLAPS_H
#define STORE_OVERLAPS_H

#include "store/store.h"

enum overlap_kind { OVERLAP_STEPS, OVERLAP_REFERENTS, OVERLAP_STATUS, OVERLAP_KINDS };
struct overlap {
    enum overlap_kind kind;
    const struct table *table; /* of both rows */
    struct id left, right;     /* the smaller one first */
};
const char *overlap_word(enum overlap_kind kind);
/* For people: French, to be translated. */
const char *overlap_text(enum overlap_kind kind);
/* Of this dossier on this day (situations: on any day), by kind and id. Which situations
 * exclude each other is said by the parameter EXCLUSIVE_STATUS. Errors of the store; those of
 * the callback. */
typedef enum err overlap_on(void *ctx, const struct overlap *overlap);
NODISCARD enum err overlaps_list(struct store *s, const struct id *person, int32_t day,
                                 overlap_on *on_overlap, void *ctx);

#endif
