/* SPDX-License-Identifier: Apache-2.0 */
/* 128-bit row ids: UUIDv7 (RFC 9562) made on the device, and ids derived from field values. */
#ifndef PROTO_ID_H
#define PROTO_ID_H

#include "proto/buf.h"

enum { ID_BYTES = 16, ID_TEXT_BYTES = 37 };
struct id {
    uint8_t b[ID_BYTES];
};

/* A new UUIDv7: 48 bits of wall_ms, the rest from `random` (10 bytes). Ids made with the same
 * millisecond by one maker should pass random bytes that grow; see id_next. */
struct id id_make(int64_t wall_ms, const uint8_t random[10]);
/* A maker of ids that grow on one device even within a millisecond or when the clock steps back
 * (RFC 9562 §6.2 method 2: the previous random part is incremented). */
struct id_maker {
    struct id last; /* id handed out last; all zero at first */
};
struct id id_next(struct id_maker *maker, int64_t wall_ms, const uint8_t random[10]);
/* Id of a row named by its fields: UUIDv8 from SHA-256 over the table id and the parts, each
 * preceded by its length. Two devices that create the same thing make one row. */
struct id id_derive(uint16_t table, const struct str *parts, size_t count);
/* Was it made so, by its version? */
bool id_is_derived(const struct id *id);

bool id_eq(const struct id *a, const struct id *b);
int id_cmp(const struct id *a, const struct id *b);
bool id_is_null(const struct id *id);
/* Canonical lower-case text with dashes and a NUL: 36 characters. */
void id_print(const struct id *id, char out[ID_TEXT_BYTES]);
/* Accepts 32 hex digits with or without dashes, any case. INVALID otherwise. */
NODISCARD enum err id_parse(struct str text, struct id *out);

#endif
