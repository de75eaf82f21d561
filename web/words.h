/* SPDX-License-Identifier: Apache-2.0 */
/* What people call a code, in the language of the program. */
#ifndef WEB_WORDS_H
#define WEB_WORDS_H

#include "proto/codes.h"
#include "store/rows.h"

/* The language of the program among those codes are brought along in. */
enum codes_language words_language(void);
/* Append the words for a code of this field: those of the network's row of `code`, else those
 * Jalon brings along, else the code itself. Scratch goes to `arena`. Errors of the store,
 * NOMEM. */
NODISCARD enum err words_code(struct store *s, const struct field *field, struct str code,
                              struct arena *arena, struct buf *out);
/* Append what people call a row: its title fields, codes in words and days as they write them.
 * Nothing when it has none. Scratch goes to `arena`. Errors of the store stick to `out`. */
void words_title(struct store *s, const struct table *table, const struct row *row,
                 struct arena *arena, struct buf *out);
/* The same of the row with this id, or of the one it was merged into; its id when there is no
 * such row here or it has no title. */
void words_titled(struct store *s, const struct table *table, const struct id *id,
                  struct buf *out);

#endif
