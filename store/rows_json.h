/* SPDX-License-Identifier: Apache-2.0 */
/* A row as one JSON object, as both programs print it. */
#ifndef STORE_ROWS_JSON_H
#define STORE_ROWS_JSON_H

#include "store/rows.h"

/* Append the row as one JSON object without a line feed: id, then its fields by name, then
 * deleted, created (instant), by (staff id or null). Numbers and booleans are JSON's own;
 * dates, times and instants are text as value_print writes it; refs and ids are their text; RAW
 * (field values of of_table) is an object by field name; empty fields are null. schema: to name
 * the fields inside RAW. Errors of the buffer stick there. */
void rows_json(const struct schema *schema, const struct table *table, const struct row *row,
               struct buf *out);
/* One value, of a field of this kind; masked ones masked. RAW without its table comes as hex
 * text. */
void rows_json_value(const struct field *field, const struct value *v, struct buf *out);
/* RAW: MessagePack of field, value, … of a row of `table` (NULL: hex text). */
void rows_json_raw(const struct table *table, struct str raw, struct buf *out);
/* A JSON string. */
void rows_json_text(struct str text, struct buf *out);

#endif
