/* SPDX-License-Identifier: Apache-2.0 */
/* Rows by what people call them, and values as people write them: names for references, labels
 * for codes. */
#ifndef STORE_NAMES_H
#define STORE_NAMES_H

#include "store/rows.h"

/* Remembers the names of the tables asked for: one walk over each, then a look-up. */
struct names;

NODISCARD enum err names_open(struct store *s, struct names **out);
/* NULL is fine. */
void names_close(struct names *names);

/* The row of `table` a person means: its id, a prefix of the id (8 digits or more), or its
 * title, whatever the capitals, accents and order of the two parts of a person's name. The name
 * of a row that was merged into another means the other.
 * NOTFOUND; EXISTS when several rows answer; `why` repeats nothing of the text. */
NODISCARD enum err names_find(struct names *names, const struct table *table, struct str text,
                              struct id *out, struct note *why);
/* Have names of this table been asked for, so that names_add has something to do? */
bool names_asked(struct names *names, const struct table *table);
/* A row was added since. */
NODISCARD enum err names_add(struct names *names, const struct table *table,
                             const struct row *row);

/* value_parse for what people type: references as names_find takes them, codes also by the
 * label their list gives them. Bytes of ids are written to `arena`. Errors as value_parse,
 * NOTFOUND, EXISTS. */
NODISCARD enum err names_value(struct names *names, const struct field *field, struct str text,
                               struct arena *arena, struct value *out, struct note *why);

/* Append what a person calls the row: its title fields. Nothing when there are none. */
void names_title(const struct table *table, const struct row *row, struct buf *out);
/* Append the title of the row with this id, or of the one it was merged into; its id when there
 * is no such row here or it has none. */
void names_row(struct store *s, const struct table *table, const struct id *id,
               struct buf *out);
/* The field a person means by its name or its label; NULL when there is none. */
const struct field *names_field(const struct table *table, struct str text);

#endif
