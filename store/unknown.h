/* SPDX-License-Identifier: Apache-2.0 */
/* Fields and tables this program does not know yet: kept raw, given back unchanged, unpacked
 * later. */
#ifndef STORE_UNKNOWN_H
#define STORE_UNKNOWN_H

#include "store/rows.h"

/* What the server keeps of unknown fields for one row; they may only be a table's own. */
enum { RAW_BYTES_MAX = 128 * 1024 };

/* Append or replace one field in a raw blob: MessagePack field id, hlc, origin, value, … */
void raw_set(struct buf *raw, uint16_t field, struct stamp stamp, struct str value);
/* The present value of one field of a raw blob and its stamp; false when it has none. */
bool raw_find(struct str raw, uint16_t field, struct stamp *stamp, struct str *value);
/* Move what this program's schema declares out of row->raw into the row's values. A value that
 * does not fit the declaration stays raw. CORRUPT, NOMEM. */
NODISCARD enum err raw_unpack(const struct table *table, struct row *row, struct arena *arena,
                              bool *changed);
/* Keep a row of an unknown table as it came; changes (not whole) follow what was kept before.
 * NOTFOUND: changes to a row that is not kept. */
NODISCARD enum err unknown_keep(struct store *s, uint16_t table, const struct id *id,
                                bool whole, struct str body);
/* Rows kept of tables that are declared now take their place (replica). */
NODISCARD enum err unknown_unpack_tables(struct store *s);

#endif
