/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and questions as words of the search index. Pure; for search.c only. */
#ifndef STORE_SEARCH_WORDS_H
#define STORE_SEARCH_WORDS_H

#include "proto/schema.h"
#include "proto/value.h"

enum { WORDS_MAX = 8 };

/* Words of a question, folded; numbers as the index has them. */
struct words {
    struct str word[WORDS_MAX]; /* in the scratch buffer */
    size_t n;
};

/* Has the table a text that is looked in? */
bool search_covers(const struct table *table);
/* Append what the index holds of a row with these values: its words, the phone and company
 * numbers among them once more in one piece, and how names sound. */
void search_words(const struct table *table, const struct value *values, struct buf *out);
/* The words of what a person wrote; further ones than WORDS_MAX are left out. They stand in
 * `scratch`, whose error is for the caller. */
void search_split(struct str text, struct buf *scratch, struct words *out);
/* Append the question to the index: rows that have, for each word, one that begins so. */
void search_match_words(const struct words *words, struct buf *out);
/* … for one of them. */
void search_match_word(struct str word, struct buf *out);
/* The same, or one that sounds so, or has the same letters; nothing when the words are too
 * short. */
void search_match_sounds(const struct words *words, struct buf *out);
/* How many of the words stand, whole, in this folded text. */
int search_score(const struct words *words, struct str folded);

#endif
