/* SPDX-License-Identifier: Apache-2.0 */
/* Fields and tables this program does not know yet: kept raw, given back unchanged, unpacked
 * later. */
#ifndef STORE_UNKNOWN_H
#define STORE_UNKNOWN_H

#include "store/rows.h"

/* Append or replace one field in a raw blob: MessagePack field id, hlc, origin, value, … */
void raw_set(struct buf *raw, uint16_t field, struct stamp stamp, struct str value);
/* Keep a row of an unknown table as it came. */
NODISCARD enum err unknown_keep(struct store *s, uint16_t table, const struct id *id,
                                struct str body);
/* Rows kept of tables that are declared now take their place (replica). */
NODISCARD enum err unknown_unpack_tables(struct store *s);

#endif
