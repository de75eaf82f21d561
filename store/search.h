/* SPDX-License-Identifier: Apache-2.0 */
/* Words people look for in the rows of a replica: without capitals, accents and punctuation, in
 * any order, each the beginning of a word; phone and company numbers however they are grouped;
 * names also as they sound.
 *
 * The engine's full-text index (FTS5) holds the words of each row, folded, and no text. It
 * follows behind: a row that was made is in it after search_catch_up; one that is in it changes
 * there in the transaction that changes it. What leaves the replica takes the whole index
 * along, since the engine may keep words of a removed row in it; it is made again. */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "store/rows.h"

enum {
    SEARCH_SLICE = 2000, /* rows of one transaction of search_catch_up; some 20 ms */
};

/* Take up to `max` rows into the index that are not in it; *done: there are no more. One
 * transaction, none when there is nothing to do. Client. */
NODISCARD enum err search_catch_up(struct store *s, uint64_t max, bool *done);
/* … until there are no more. */
NODISCARD enum err search_complete(struct store *s);

/* For store/rows.c, inside its transaction: the row is about to become this one (rid is set),
 * or to go; or was made. */
NODISCARD enum err search_changing(struct store *s, const struct table *table,
                                   const struct row *row);
NODISCARD enum err search_purging(struct store *s, const struct table *table, int64_t rid);
NODISCARD enum err search_made(struct store *s, const struct table *table,
                               const struct row *row);
/* Inside a transaction: empty the index; it is made again by search_catch_up. */
NODISCARD enum err search_forget(struct store *s);

/* Rows of a table have numbers from here to there in the index, the last one not among them. */
int64_t search_place(const struct table *table);
int64_t search_place_end(const struct table *table);
/* What the index is asked for the words in a text (rows_pick.match), appended; nothing: no word
 * in them.
 */
void search_match(struct str text, struct buf *out);

/* A row that was found; valid during the call. */
struct search_hit {
    const struct table *table;
    const struct row *row;
    bool sounds; /* a name that only sounds like the words, or has their letters */
};
typedef enum err search_on_hit(void *ctx, const struct search_hit *hit);
/* Live rows with all the words, at most `limit`: persons first, then other names, then the
 * rest, newest first; whose title has the very words comes before the others of its table. Not
 * the vault, nor codes and parameters, nor what the program keeps. For a row that was merged
 * into another, that one. When no person has the words, those whose names sound like them are
 * last. Completes the index first. */
NODISCARD enum err search_rows(struct store *s, struct str words, uint64_t limit,
                               search_on_hit *on_hit, void *ctx);

#endif
