/* SPDX-License-Identifier: Apache-2.0 */
/* Rights as the server keeps them: who holds which scope from when until when. Made by
 * holders.c; read here for judging, for pages and for what must leave a device. */
#ifndef STORE_GRANTS_H
#define STORE_GRANTS_H

#include "proto/scope.h"
#include "store/store.h"

/* Versions count the commits that changed rights, of the whole network. A grant holds from its
 * first version on and until, not including, its last; an open one until GRANT_OPEN. */
#define GRANT_OPEN INT64_MAX

/* What a device has had, by its HELLO. */
struct grants_had {
    uint64_t held;     /* version its copy is complete for */
    uint64_t entering; /* version it was filling its copy for when it was cut off; 0 = none */
    uint64_t entered;  /* … and has come so far */
    uint64_t pulled;   /* its cursor: nothing above is filled afterwards */
};
/* What a staff member holds now into `out` (a zeroed one, or what was loaded before, which is
 * freed), with what of it the device has; the version into *version. Appended to `left` in the
 * encoding of LEAVE: what the device had and may not have any more (NULL: not asked). */
NODISCARD enum err grants_load(struct store *s, const struct id *staff,
                               const struct grants_had *had, struct grants *out,
                               uint64_t *version, struct buf *left);
/* Version of a staff member's rights: the last one that changed them. */
NODISCARD enum err grants_version(struct store *s, const struct id *staff, uint64_t *out);
/* Is nothing opened since but what was born since? Then who reads by the old ones may go on
 * with the new ones; what the copy has is taken over. */
bool grants_grew(const struct grants *old, struct grants *now);
/* The copy has all of it now. */
void grants_filled(struct grants *grants);

/* Was writing rows of this table there granted when the edit was made? For work done before the
 * device could hear that a right has ended. */
NODISCARD enum err grants_had_then(struct store *s, const struct id *staff,
                                   const struct table *table, struct scope scope, uint8_t facet,
                                   int64_t edit_ms, bool *out);

#endif
