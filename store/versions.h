/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of the fields of one row that differ from the row's own: the exceptions blob. */
#ifndef STORE_VERSIONS_H
#define STORE_VERSIONS_H

#include "proto/hlc.h"
#include "proto/schema.h"

enum { VERSIONS_MAX = SCHEMA_FIELDS_MAX + 2 };

/* One field changed since the row was made. */
struct version {
    uint16_t field;     /* field id; FIELD_DELETED too */
    struct stamp stamp; /* who wrote the present value */
    int64_t adj_ms;     /* translated edit time minus the stamp's own time */
    uint64_t seq;       /* server: when the feed last moved for it; 0 on a replica */
    bool retold;        /* server: the value did not change at seq, it is only told again */
    uint64_t changed;   /* server, retold: when the value changed; 0 = with the row's insert */
};
struct versions {
    uint64_t made_seq; /* server: seq of the row's insert */
    uint32_t count;
    struct version list[VERSIONS_MAX];
};

/* MessagePack: made_seq, then per field: id, hlc, origin, adj_ms, seq * 2 + retold
 * and, when retold, changed. An empty
 * blob leaves made_seq as `seq`, the row's own. CORRUPT. */
NODISCARD enum err versions_decode(struct str blob, uint64_t seq, struct versions *out);
/* Nothing is appended when there is no exception. */
void versions_encode(const struct versions *v, struct buf *out);
/* NULL when the field has the row's own version. */
const struct version *versions_find(const struct versions *v, uint16_t field);
/* Set or add. */
void versions_set(struct versions *v, const struct version *version);

#endif
