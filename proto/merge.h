/* SPDX-License-Identifier: Apache-2.0 */
/* Which of two edits of a field wins, rule by rule, and which of them a person must still see.
 */
#ifndef PROTO_MERGE_H
#define PROTO_MERGE_H

#include "proto/hlc.h"
#include "proto/value.h"

enum merge_outcome {
    MERGED_SAME, /* both sides wrote the same, or the incoming one is behind: nothing changes */
    MERGED_TAKE, /* the incoming value is taken, with its stamp and edit time, and nothing is
                    lost; it may equal the current one when it was written later: without the
                    later time an edit between the two would win or lose by its arrival */
    MERGED_TAKE_LOSER, /* the incoming value is taken; the current one goes to the inbox */
    MERGED_KEEP_LOSER, /* the current value stays; the incoming one goes to the inbox */
    MERGED_TEXT,       /* a new text made of both; it counts with the later edit time */
    MERGED_REFUSE,     /* the field is locked */
};

/* One side of a merge. */
struct merge_side {
    struct value value;
    struct stamp stamp; /* breaks ties of edit_ms */
    int64_t edit_ms;    /* translated and capped: see hlc_edit_ms */
};

/* Why a conflict is shown: stable words stored in conflict.reason. */
extern const char MERGE_WHY_CONCURRENT[], MERGE_WHY_TEXT[], MERGE_WHY_REVIEW[],
    MERGE_WHY_UNDELETED[], MERGE_WHY_INCOMPARABLE[];

/* Bring together two concurrent edits of one field: the caller has seen that the incoming
 * edit's base version is not the current one. `locked`: the field is frozen after the first
 * save. On MERGED_TEXT `text` holds the result (appended). *why is set when a loser is kept.
 * Pure. Merging is decided by the pair of edits alone, so that the order of arrival does not
 * change who wins; only REVIEW and ONCE keep what came first, until a person decides. Equal
 * edit times and stamps: the greater value. LATTICE: of two codes of one rank the later edit
 * wins; a code outside the lattice yields to every code in it; both losers are shown. TEXT: a
 * result that does not fit the field counts as an overlap. NOMEM, or the limit of `text`. */
NODISCARD enum err merge_field(const struct field *field, bool locked, const struct value *base,
                               const struct merge_side *current,
                               const struct merge_side *incoming, struct buf *text,
                               enum merge_outcome *outcome, const char **why);

/* Later edit first; equal times by stamp. >0 when a is later than b. */
int merge_order(const struct merge_side *a, const struct merge_side *b);

/* Three-way merge by paragraph (Myers 1986 line diff against the base, then diff3 of Khanna,
 * Kunal and Pierce 2007). true and the merged text in `out` when no paragraph was changed on
 * both sides; false when they overlap (out unchanged). A paragraph is a line; its end belongs
 * to no paragraph, a CR before it does. Two additions at one place overlap unless they are
 * identical. Beyond MERGE_PARAGRAPHS_MAX per text or MERGE_EDITS_MAX: overlap, unless one side
 * left the base alone. NOMEM, or the limit of `out`. */
enum {
    MERGE_PARAGRAPHS_MAX = 2000,
    MERGE_EDITS_MAX = 800, /* lines gone plus lines new, of one side against the base */
};
NODISCARD enum err merge_text(struct str base, struct str ours, struct str theirs,
                              struct buf *out, bool *clean);

#endif
