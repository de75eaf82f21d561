/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a row and what belongs to it, as a person reads it. */
#ifndef CLIENT_HISTORY_TEXT_H
#define CLIENT_HISTORY_TEXT_H

#include "client/cmd.h"

/* Append how the row was made and every change, or those of one field (NULL: all); in JSON as a
 * further member `history` of an object in the making. */
NODISCARD enum err history_print(struct cmd *c, const struct table *table,
                                 const struct row *row, const struct field *only);
/* Append the rows that are the same as this one and what refers to any of them; in JSON as
 * further members `same` and `related`. */
NODISCARD enum err related_print(struct cmd *c, const struct table *table,
                                 const struct row *row);

#endif
