/* SPDX-License-Identifier: Apache-2.0 */
/* Operations judged on the server: chain check, savepoint, verdict, quarantine, commit chain.
 */
#ifndef STORE_APPLY_H
#define STORE_APPLY_H

#include "proto/message.h"
#include "store/inside.h"
#include "store/judge.h"

/* One commit in the making. */
struct apply {
    struct store *s;
    int64_t recv_ms;
    uint64_t seq_from;  /* first seq of this commit */
    struct buf entries; /* what the commit chain covers */
};
/* Inside store_begin: take the next seq and the time. */
void apply_begin(struct apply *a, struct store *s);
/* Judge one operation that op_read has accepted and that extends its chain. OK with *range
 * filled; an error is the machine's.
 */
NODISCARD enum err apply_op(struct apply *a, struct author *author, struct str op,
                            int64_t edit_ms, uint64_t hash, struct verdict_range *range);
/* Write seq, clock, rights and the commit's link of the chain; then the caller commits. */
NODISCARD enum err apply_end(struct apply *a);
void apply_done(struct apply *a);

/* The server's own chain (epoch 0), for edits made with jalonctl. */
NODISCARD enum err serve_chain(struct store *s, struct chain *out, int64_t *edit_ms);
NODISCARD enum err serve_chain_save(struct store *s, const struct chain *chain,
                                    int64_t edit_ms);

/* Read the session's grants again when they may have changed; *changed: they did. */
struct serve_session;
NODISCARD enum err serve_refresh(struct store *s, struct serve_session *session, bool *changed);

/* The operation's entry in the commit chain. */
struct apply_entry {
    uint64_t seq, op_no, hash;
    uint32_t epoch;
    int64_t verdict, reason, edit_ms, recv_ms;
};
void apply_entry(struct buf *out, const struct apply_entry *e);
/* SHA-256(previous ‖ entries). */
void apply_link(const uint8_t previous[32], struct str entries, uint8_t out[32]);

#endif
