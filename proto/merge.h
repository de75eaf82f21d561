/* SPDX-License-Identifier: Apache-2.0 */
/* Which of two edits of a field wins, rule by rule, and which of them a person must still see.
 */
#ifndef PROTO_MERGE_H
#define PROTO_MERGE_H

#include "proto/hlc.h"
#include "proto/value.h"

enum merge_outcome {
    MERGED_SAME, /* both sides wrote the same, or the incoming one is behind: nothing changes */
    MERGED_TAKE, /* the incoming value is taken and nothing is lost */
    MERGED_TAKE_LOSER, /* the incoming value is taken; the current one goes to the inbox */
    MERGED_KEEP_LOSER, /* the current value stays; the incoming one goes to the inbox */
    MERGED_TEXT,       /* a new text made of both */
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
 * Pure. merging is decided by the pair of edits alone, so that the order of arrival does not
 * change who wins. */
NODISCARD enum err merge_field(const struct field *field, bool locked, const struct value *base,
                               const struct merge_side *current,
                               const struct merge_side *incoming, struct buf *text,
                               enum merge_outcome *outcome, const char **why);

/* Later edit first; equal times by stamp. >0 when a is later than b. */
int merge_order(const struct merge_side *a, const struct merge_side *b);

/* Three-way merge by paragraph (Myers 1986 line diff against the base, then diff3 of Khanna,
 * Kunal and Pierce 2007). true and the merged text in `out` when no paragraph was changed on
 * both sides; false when they overlap (out unchanged). Limits: MERGE_PARAGRAPHS_MAX per text,
 * else overlap. */
enum { MERGE_PARAGRAPHS_MAX = 2000 };
NODISCARD enum err merge_text(struct str base, struct str ours, struct str theirs,
                              struct buf *out, bool *clean);

#endif
