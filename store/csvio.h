/* SPDX-License-Identifier: Apache-2.0 */
/* CSV in and out of a table: columns by the names or labels of its fields. */
#ifndef STORE_CSVIO_H
#define STORE_CSVIO_H

#include "store/csv.h"
#include "store/load.h"

/* Import: the first row names the columns, each further row is one record of `load`. */
struct csvio;
NODISCARD enum err csvio_open(struct load *load, struct csvio **out);
/* NULL is fine. The load stays the caller's. */
void csvio_close(struct csvio *csvio);
/* The next bytes of the file, at most CSV_CHUNK_BYTES_MAX; last: there are no more. A row that
 * is not readable is noted as a problem of the load. INVALID: the columns or the bytes make no
 * sense, `why` says where; other errors as load_end. */
NODISCARD enum err csvio_feed(struct csvio *csvio, struct str chunk, bool last,
                              struct note *why);

/* The same for rows that were read elsewhere, from a spreadsheet; not to be mixed with
 * csvio_feed. The texts are UTF-8. */
NODISCARD enum err csvio_take(struct csvio *csvio, const struct csv_row *row, struct note *why);
/* … and their end: INVALID when not even the columns were named. */
NODISCARD enum err csvio_taken(const struct csvio *csvio, struct note *why);

/* Bytes of an export; an error ends it. */
typedef enum err csvio_on_bytes(void *ctx, struct str bytes);
enum { CSVIO_CHUNK_BYTES = 64 * 1024 };

struct csvio_terms {
    const struct table *table;
    bool labels; /* for reading: labels as titles, names instead of ids */
};
/* Live rows in the order they were made: id, then the fields. Titles are the fields' names, ids
 * are whole, so that csvio_feed takes it back; numbers have a decimal comma, and a byte order
 * mark comes first. *count: rows written. */
NODISCARD enum err csvio_export(struct store *s, const struct csvio_terms *terms,
                                uint64_t *count, csvio_on_bytes *on_bytes, void *ctx);

#endif
