/* SPDX-License-Identifier: Apache-2.0 */
/* A question to the index of words that can be answered from its newest row on. For search.c
 * only.
 *
 * Asked for beginnings, the engine puts all rows of all words that begin so into one list
 * before it tells the first: as many as there are rows, for a common word. Asked for whole
 * words, it walks their lists as far as somebody reads. So the words that begin so are looked
 * up first. */
#ifndef STORE_SEARCH_TERMS_H
#define STORE_SEARCH_TERMS_H

#include "store/search_words.h"
#include "store/store.h"

enum {
    SEARCH_TERMS_MAX = 128, /* of one beginning; a beginning of more is asked for as such */
};

/* Append what search_match_words would ask for, in whole words where they are few; nothing when
 * no row has all of them. *whole: in whole words only, so that asking again is cheap. Client;
 * outside a transaction. */
NODISCARD enum err search_terms_match(struct store *s, const struct words *words,
                                      struct buf *out, bool *whole);

#endif
