/* SPDX-License-Identifier: Apache-2.0 */
/* Values, rows and times as a person reads them. */
#ifndef CLIENT_WORDS_H
#define CLIENT_WORDS_H

#include "client/cmd.h"
#include "io/json.h"

/* Append the value as a person reads it: Belgian dates, decimal comma, oui or non, names for
 * references. Errors of the buffer stick there; a row that is not here shows its id. */
void words_value(struct cmd *c, const struct field *field, const struct value *v,
                 struct buf *out);
/* Append the title of a row, its id when it has none. Deleted rows are named too. */
void words_row(struct cmd *c, const struct table *table, const struct id *id, struct buf *out);
/* The same for a staff member; the program itself for the null id. */
void words_staff(struct cmd *c, const struct id *id, struct buf *out);
/* Append day and time on the wall here; never for 0. */
void words_time(int64_t wall_ms, struct buf *out);
/* The key, and the moment as an instant; null for 0. */
void words_time_json(struct json_out *json, const char *key, int64_t wall_ms);
/* Append a length of time in its largest unit. */
void words_span(int64_t ms, struct buf *out);

#endif
