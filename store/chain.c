/* SPDX-License-Identifier: Apache-2.0 */
#include "store/chain.h"

#include "proto/hash.h"
#include "store/apply.h"
#include "store/rows.h"
#include "store/serve.h"

#include <stdlib.h>

/* Two statements walked side by side: operations, and the history that belongs to each. */
struct chain_walk {
    struct stmt *ops, *history;
    bool op, entry; /* is there a current row? */
};

static enum err advance(struct store *s, struct stmt *stmt, bool *there)
{
    enum step step = stmt_step(stmt);
    *there = step == STEP_ROW;
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

static enum err history_bytes(struct stmt *stmt, struct buf *out)
{
    struct history_entry entry = {.seq = (uint64_t)col_int(stmt, 0)};
    entry.stamp.origin = (uint32_t)col_int(stmt, 3);
    entry.stamp.hlc = (hlc_t)col_int(stmt, 4);
    if (!col_id(stmt, 5, &entry.actor))
        return ERR_CORRUPT;
    entry.edit_ms = col_int(stmt, 6);
    entry.recv_ms = col_int(stmt, 7);
    entry.changes = col_blob(stmt, 8);
    rows_history_trail(&entry, (uint16_t)col_int(stmt, 1), col_int(stmt, 2), out);
    return ERR_OK;
}

static void op_bytes(struct stmt *stmt, struct buf *out)
{
    struct apply_entry e = {.seq = (uint64_t)col_int(stmt, 0),
                            .epoch = (uint32_t)col_int(stmt, 1),
                            .op_no = (uint64_t)col_int(stmt, 2),
                            .hash = (uint64_t)col_int(stmt, 3),
                            .verdict = col_int(stmt, 4),
                            .reason = col_int(stmt, 5),
                            .edit_ms = col_int(stmt, 6),
                            .recv_ms = col_int(stmt, 7)};
    apply_entry(out, &e);
}

/* The entries of one commit: everything up to its last seq. */
static enum err commit_bytes(struct store *s, struct chain_walk *w, uint64_t through,
                             struct buf *out)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && w->op && (uint64_t)col_int(w->ops, 0) <= through) {
        uint64_t seq = (uint64_t)col_int(w->ops, 0);
        while (err == ERR_OK && w->entry && (uint64_t)col_int(w->history, 0) <= seq) {
            err = history_bytes(w->history, out);
            if (err == ERR_OK)
                err = advance(s, w->history, &w->entry);
        }
        if (err != ERR_OK)
            return err;
        op_bytes(w->ops, out);
        err = advance(s, w->ops, &w->op);
    }
    return err == ERR_OK ? out->err : err;
}

/* ---- cuts ---- */

static void cut_bytes(int64_t no, struct str hash, struct buf *out)
{
    pack_int(out, no);
    pack_bin(out, hash);
}

/* What a commit of an erasure covers. */
static enum err cuts_of(struct store *s, int64_t at, struct buf *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_CHAIN_CUTS_AT, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, at);
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW)
        cut_bytes(col_int(stmt, 0), col_blob(stmt, 1), out);
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : out->err;
}

/* Was history taken out of this commit, and is what is left what it was then? */
static enum err check_cut(struct store *s, int64_t no, const uint8_t link[32], struct str rest,
                          bool *cut, bool *good)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_CHAIN_CUT_LAST, &stmt);
    if (err != ERR_OK)
        return err;
    uint8_t hash[SHA256_BYTES];
    apply_link(link, rest, hash);
    bind_int(stmt, 1, no);
    enum step step = stmt_step(stmt);
    *cut = step == STEP_ROW;
    if (*cut) {
        struct str stored = col_blob(stmt, 0);
        *good = stored.n == sizeof hash && memcmp(stored.p, hash, sizeof hash) == 0;
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

void chain_cuts_done(struct chain_cuts *cuts)
{
    buf_done(&cuts->seqs);
}

enum err chain_cuts_row(struct store *s, struct chain_cuts *cuts, uint16_t table, int64_t rid)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_HISTORY_SEQS, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, table);
    bind_int(stmt, 2, rid);
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        int64_t seq = col_int(stmt, 0);
        buf_add(&cuts->seqs, &seq, sizeof seq);
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : cuts->seqs.err;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static enum err add_cut(struct store *s, int64_t no, int64_t at, const uint8_t hash[32])
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_CHAIN_CUT_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, no);
    bind_int(stmt, 2, at);
    bind_blob(stmt, 3, (struct str){(const char *)hash, SHA256_BYTES});
    return stmt_run(stmt);
}

/* bytes: what is left of the commit; of one that was an erasure itself, its cuts too. */
static enum err seal_one(struct store *s, int64_t no, int64_t at, struct str link,
                         struct buf *bytes)
{
    uint8_t hash[SHA256_BYTES];
    enum err err = cuts_of(s, no, bytes);
    if (err != ERR_OK || link.n != SHA256_BYTES)
        return err != ERR_OK ? err : ERR_CORRUPT;
    apply_link((const uint8_t *)link.p, buf_str(bytes), hash);
    return add_cut(s, no, at, hash);
}

/* One walk over all commits; those that hold one of these seqs, sorted, are sealed. */
static enum err seal(struct store *s, struct stmt *links, struct chain_walk *w,
                     const int64_t *list, size_t count, int64_t at)
{
    struct buf bytes = {0};
    bool there = false;
    size_t i = 0;
    enum err err = advance(s, links, &there);
    while (err == ERR_OK && there && i < count) {
        int64_t no = col_int(links, 0);
        buf_clear(&bytes);
        err = commit_bytes(s, w, (uint64_t)col_int(links, 2), &bytes);
        bool lost = i < count && list[i] <= col_int(links, 2);
        while (i < count && list[i] <= col_int(links, 2))
            i++;
        if (err == ERR_OK && lost)
            err = seal_one(s, no, at, col_blob(links, 4), &bytes);
        if (err == ERR_OK)
            err = advance(s, links, &there);
    }
    buf_done(&bytes);
    return err;
}

static enum err walk_open(struct store *s, struct stmt **links, struct chain_walk *w)
{
    enum err err = store_sql(s, SQL_CHAIN_LIST, links);
    if (err == ERR_OK)
        err = store_sql(s, SQL_CHAIN_OPS, &w->ops);
    if (err == ERR_OK)
        err = store_sql(s, SQL_CHAIN_HISTORY, &w->history);
    if (err == ERR_OK)
        err = advance(s, w->ops, &w->op);
    return err == ERR_OK ? advance(s, w->history, &w->entry) : err;
}

static void walk_close(struct stmt *links, const struct chain_walk *w)
{
    struct stmt *const all[] = {links, w->ops, w->history};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] != NULL)
            stmt_reset(all[i]);
}

enum err chain_cut(struct store *s, struct chain_cuts *cuts)
{
    struct apply a;
    struct chain_walk w = {0};
    struct stmt *links = NULL;
    uint64_t commits = 0;
    size_t count = cuts->seqs.n / sizeof(int64_t);
    enum err err = store_number(s, SQL_COMMIT_COUNT, NULL, 0, &commits);
    if (count > 0)
        qsort(cuts->seqs.p, count, sizeof(int64_t), by_number);
    if (err == ERR_OK && count > 0) {
        err = walk_open(s, &links, &w);
        if (err == ERR_OK)
            err = seal(s, links, &w, (const int64_t *)(const void *)cuts->seqs.p, count,
                       (int64_t)commits + 1);
        walk_close(links, &w);
    }
    if (err != ERR_OK)
        return err;
    apply_begin(&a, s);
    s->seq++;
    err = cuts_of(s, (int64_t)commits + 1, &a.entries);
    if (err == ERR_OK)
        err = apply_end(&a);
    apply_done(&a);
    return err;
}

/* ---- check ---- */

static enum err check_links(struct store *s, struct stmt *links, struct chain_walk *w,
                            struct note *why)
{
    uint8_t previous[SHA256_BYTES] = {0};
    struct buf bytes = {0};
    uint64_t cuts = 0;
    bool there = false;
    enum err err = store_number(s, SQL_CHAIN_CUT_COUNT, NULL, 0, &cuts);
    if (err == ERR_OK)
        err = advance(s, links, &there);
    while (err == ERR_OK && there) {
        int64_t no = col_int(links, 0);
        bool cut = false;
        bool good = true;
        buf_clear(&bytes);
        err = commit_bytes(s, w, (uint64_t)col_int(links, 2), &bytes);
        if (err == ERR_OK && cuts > 0)
            err = cuts_of(s, no, &bytes);
        if (err != ERR_OK)
            break;
        uint8_t link[SHA256_BYTES];
        struct str stored = col_blob(links, 4);
        apply_link(previous, buf_str(&bytes), link);
        if (stored.n != sizeof link) {
            err = note_set(why, ERR_CORRUPT, "commit %lld", (long long)no);
            break;
        }
        memcpy(previous, stored.p, sizeof previous);
        if (cuts > 0)
            err = check_cut(s, no, previous, buf_str(&bytes), &cut, &good);
        if (err == ERR_OK && (!good || (!cut && memcmp(previous, link, sizeof link) != 0)))
            err = note_set(why, ERR_CORRUPT, "commit %lld", (long long)no);
        if (err == ERR_OK)
            err = advance(s, links, &there);
    }
    buf_done(&bytes);
    if (err == ERR_OK && (w->op || w->entry))
        return note_set(why, ERR_CORRUPT, "%s", "records beyond the last commit");
    return err;
}

enum err serve_chain_check(struct store *s, struct note *why)
{
    struct chain_walk w = {0};
    struct stmt *links = NULL;
    enum err err = walk_open(s, &links, &w);
    if (err == ERR_OK)
        err = check_links(s, links, &w, why);
    walk_close(links, &w);
    return err;
}
