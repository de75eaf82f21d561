/* SPDX-License-Identifier: Apache-2.0 */
/* What a row of the table `document` says of a content, and who may have that. */
#ifndef STORE_DOCUMENT_H
#define STORE_DOCUMENT_H

#include "proto/hash.h"
#include "store/rows.h"

struct document {
    struct id id;
    struct id by; /* who attached it */
    bool deleted;
    uint8_t sha256[SHA256_BYTES];
    uint64_t size;
    struct scope scope; /* server … */
    uint8_t facet;      /* … alike */
};

/* NOTFOUND: no such row here; INVALID: what it says is no content. */
NODISCARD enum err document_find(struct store *s, const struct id *id, struct document *out);
/* The same of a row at hand. */
NODISCARD enum err document_of(const struct table *table, const struct row *row,
                               struct document *out);
/* 64 hex digits, then a NUL. */
void document_hex(const uint8_t sha256[SHA256_BYTES], char out[2 * SHA256_BYTES + 1]);

#endif
