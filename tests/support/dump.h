/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a database as lines of text, to be compared with those of another. */
#ifndef TESTS_SUPPORT_DUMP_H
#define TESTS_SUPPORT_DUMP_H

#include "store/rows.h"

/* One line a row, table by table, by id, deleted ones too: values, versions, who made it. On
 * the server only what this staff member may see (NULL: everything). NOMEM, IO. Database
 * thread. */
NODISCARD enum err dump_store(struct store *s, const struct id *viewer, struct buf *out);
/* Has this table no row at all? Much cheaper than listing none. False when it cannot be read.
 */
bool dump_empty(struct store *s, const struct table *table);
/* May the holder of these grants see this row of the server? */
bool dump_may_see(struct store *s, const struct grants *grants, const struct table *table,
                  const struct row *row);
/* The first line of the rest, which goes on after it. */
struct str dump_line(struct str *rest);

#endif
