/* SPDX-License-Identifier: Apache-2.0 */
/* NDJSON in and out of a table: one JSON object a line, keyed by the names of the fields. */
#ifndef CLIENT_NDJSON_H
#define CLIENT_NDJSON_H

#include "store/csvio.h"

enum { NDJSON_LINE_BYTES_MAX = 1024 * 1024 };

/* Import: each line that is not blank is one record of `load`. */
struct ndjson;
NODISCARD enum err ndjson_open(struct load *load, struct ndjson **out);
/* NULL is fine. The load stays the caller's. */
void ndjson_close(struct ndjson *ndjson);
/* The next bytes of the file; last: there are no more. A line that is not readable is noted as
 * a problem of the load. Errors as load_end. */
NODISCARD enum err ndjson_feed(struct ndjson *ndjson, struct str chunk, bool last,
                               struct note *why);

/* Live rows in the order they were made, as rows_json writes them. *count: rows written. */
NODISCARD enum err ndjson_export(struct store *s, const struct table *table, uint64_t *count,
                                 csvio_on_bytes *on_bytes, void *ctx);

#endif
