/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of a page into a replica: never over an edit the server has not judged. */
#ifndef STORE_PAGE_H
#define STORE_PAGE_H

#include "store/rows.h"

/* Apply the encoded rows (store/feed.h) inside the caller's transaction; *latest grows to the
 * greatest stamp met, *rows by the rows written. PROTOCOL: malformed. NOTFOUND: a change to a
 * row that is not here. */
NODISCARD enum err page_apply(struct store *s, struct str body, hlc_t *latest, uint64_t *rows);
/* Has the server not judged yet what this stamp wrote? */
bool page_is_pending(const struct store *s, struct stamp stamp);

#endif
