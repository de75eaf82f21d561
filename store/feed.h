/* SPDX-License-Identifier: Apache-2.0 */
/* The server's feed: one entry per live row, moved forward when the row changes; pages are cut
 * from it. */
#ifndef STORE_FEED_H
#define STORE_FEED_H

#include "store/rows.h"

/* Pages are cut between two numbers of the order. So that every page can be sent, what one
 * operation moves past this goes under the next number: with a page's own bytes, a row and the
 * conflicts of one change on top, it still fits a frame. */
enum { FEED_SEQ_BYTES = 128 * 1024, FEED_SCAN = 20000 };

/* Move a row's entry from its old place (row->seq, 0 = none yet) to `seq`, and set row->seq;
 * the digests follow (digest.h). The row itself is written by the caller, as it is given here.
 * Inside a transaction. */
NODISCARD enum err feed_move(struct store *s, const struct table *table, struct row *row,
                             uint8_t facet, uint64_t seq);

/* Take away the entry of a row that is being removed. Inside a transaction. */
NODISCARD enum err feed_drop(struct store *s, const struct table *table, const struct row *row);

/* Numbers from..to under which the reader's own operations made rows, and nothing else moved:
 * what stands there now is as it made it, and no news. */
struct feed_span {
    uint64_t from, to;
};
enum { FEED_SPANS_MAX = 64 };
/* Append a span to the list, or lengthen the last one that it continues. A span the list has no
 * room for is only read for nothing. */
void feed_span_add(struct buf *list, const struct feed_span *span);
/* Drop those through `cursor`. */
void feed_spans_read(struct buf *list, uint64_t cursor);

/* Who reads, and from where. First the copy is filled with what was opened since it was last
 * complete, from the cursor through fill_to; then come the rows changed after that. */
struct feed_reader {
    struct grants grants; /* with what of them the copy has */
    uint32_t origin;      /* the reader's epoch: what it wrote itself is not sent back … */
    bool full;            /* … unless it asks for everything */
    struct buf own;       /* spans it wrote on this connection, which need not be read at all */
    uint64_t cursor;      /* read through this seq */
    uint64_t told;        /* … and told so */
    uint64_t fill_to;     /* while the cursor is below: only what is being opened */
    uint64_t base; /* of rows the copy has, what changed after this one: all before it was told
                    */
};
struct feed_page {
    uint64_t from, to; /* rows changed in (from, to] */
    bool last;         /* nothing more as of the last seq committed */
    uint32_t rows;
};
/* Where a copy must be filled from, given the grants and its cursor; `pulled` when it need not
 * be. */
uint64_t feed_fill_from(const struct grants *grants, uint64_t pulled);
/* Append to `body` the encoded rows of the next page: whole operations, closed past
 * MESSAGE_PAGE_ROWS or MESSAGE_PAGE_BYTES, or when FEED_SCAN entries were looked at: then
 * perhaps without a row. One reading moment: rows and marks agree. Who has far to read may
 * make the feed findable by dossier first: a transaction; not inside one. */
NODISCARD enum err feed_read(struct store *s, const struct feed_reader *reader,
                             struct buf *body, struct feed_page *out);

/* Rows of a page: each is an array.
 *   whole: 0, table, id, hlc, origin, by, form, versions, raw, then field, value, …
 *          versions: flat array of field, hlc, origin; raw: bin or nil.
 *   partial: 1, table, id, then field, hlc, origin, value, …  */
enum feed_row { FEED_WHOLE = 0, FEED_PARTIAL = 1 };
enum { FEED_WHOLE_HEAD = 9, FEED_PARTIAL_HEAD = 3 };

#endif
