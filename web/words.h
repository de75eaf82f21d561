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

#endif
