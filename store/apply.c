/* SPDX-License-Identifier: Apache-2.0 */
#include "store/apply.h"

#include "proto/hash.h"
#include "store/digest.h"
#include "store/erase.h"
#include "store/feed.h"
#include "store/holders.h"
#include "store/quarantine.h"

void apply_begin(struct apply *a, struct store *s)
{
    *a = (struct apply){.s = s, .recv_ms = store_now(s), .seq_from = s->seq + 1};
}

void apply_done(struct apply *a)
{
    buf_done(&a->entries);
}

void apply_entry(struct buf *out, const struct apply_entry *e)
{
    pack_uint(out, e->seq);
    pack_uint(out, e->epoch);
    pack_uint(out, e->op_no);
    pack_uint(out, e->hash);
    pack_int(out, e->verdict);
    pack_int(out, e->reason);
    pack_int(out, e->edit_ms);
    pack_int(out, e->recv_ms);
}

void apply_link(const uint8_t previous[32], struct str entries, uint8_t out[32])
{
    struct sha256 sha;
    sha256_init(&sha);
    sha256_add(&sha, previous, SHA256_BYTES);
    sha256_add(&sha, entries.p, entries.n);
    sha256_end(&sha, out);
}

/* A new number for the next change, when what was moved under this one fills a page. */
static void next_seq(struct judge *j)
{
    if (j->s->moved_bytes < FEED_SEQ_BYTES)
        return;
    j->s->moved_bytes = 0;
    j->seq = ++j->s->seq;
}

static enum err judge_all(struct judge *j, struct cur cur)
{
    for (uint32_t i = 0; i < j->op->changes && j->reason == REASON_NONE; i++) {
        struct change change = op_change(&cur);
        next_seq(j);
        enum err err = cur.bad ? ERR_FORMAT : judge_change(j, &change, &cur);
        /* Well-formed MessagePack that is no operation: refused and kept, the connection lives.
         */
        if (err == ERR_FORMAT || (err == ERR_OK && cur.bad)) {
            j->verdict = VERDICT_REFUSED;
            j->reason = REASON_INVALID;
            return ERR_OK;
        }
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* Keep the refused operation with its reason, but nothing of a dossier that was erased. */
static enum err keep_refused(struct judge *j, struct str op)
{
    struct buf rest = {0};
    struct buf erased = {0};
    enum err err = erased_cut(j->s, op, &rest, &erased);
    struct quarantined q = {.epoch = j->author->origin,
                            .op_no = j->op->op_no,
                            .reason = j->reason,
                            .at_ms = j->recv_ms,
                            .edit_ms = j->edit_ms,
                            .actor = j->op->actor,
                            .op = erased.n == 0 ? op : buf_str(&rest)};
    if (err == ERR_OK)
        err = quarantine_add(j->s, &q);
    if (err == ERR_OK)
        err = erase_all_again_on(j->s, j->author->origin, &erased);
    buf_done(&rest);
    buf_done(&erased);
    return err;
}

/* … and tell its rows' present values again. */
static enum err quarantine(struct judge *j, struct str op, struct cur cur)
{
    enum err err = keep_refused(j, op);
    for (uint32_t i = 0; i < j->op->changes && err == ERR_OK; i++) {
        struct change change = op_change(&cur);
        if (cur.bad)
            break;
        struct cur fields = cur;
        op_skip_fields(&change, &cur);
        next_seq(j);
        err = judge_retell(j, &change, &fields);
        if (err == ERR_FORMAT)
            err = ERR_OK;
    }
    return err;
}

static enum err record(struct judge *j, uint64_t hash)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(j->s, SQL_OP_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, j->author->origin);
    bind_int(stmt, 2, (int64_t)j->op->op_no);
    bind_int(stmt, 3, (int64_t)j->seq);
    bind_int(stmt, 4, (int64_t)hash);
    /* Usually the device's own staff member: not repeated. */
    if (!id_eq(&j->op->actor, &j->author->staff))
        bind_id(stmt, 5, &j->op->actor);
    bind_int(stmt, 6, j->edit_ms);
    bind_int(stmt, 7, j->recv_ms);
    bind_int(stmt, 8, (int64_t)j->verdict);
    bind_int(stmt, 9, (int64_t)j->reason);
    return stmt_run(stmt);
}

/* Judge under a savepoint: all of it, or nothing but the quarantine. */
static enum err judge_saved(struct judge *j, struct str op, struct cur changes)
{
    struct store *s = j->s;
    enum err err = db_save(s->db);
    uint64_t seq = j->seq;
    size_t digests = digest_mark(s);
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = judge_all(j, changes);
    if (err == ERR_OK && j->reason == REASON_NONE)
        err = holders_settle(s, seq, j->recv_ms, j->author);
    if (err != ERR_OK)
        return err;
    if (j->reason == REASON_NONE)
        return db_save_keep(s->db);
    j->verdict = VERDICT_REFUSED;
    s->moved_bytes = 0;
    buf_clear(&s->trail);
    digest_undo(s, digests);
    refs_forget(s);
    holders_forget(s);
    err = db_save_undo(s->db);
    return err == ERR_OK ? quarantine(j, op, changes) : err;
}

static enum err add_entry(struct apply *a, const struct judge *j, uint64_t hash)
{
    struct apply_entry entry = {.seq = j->seq,
                                .epoch = j->author->origin,
                                .op_no = j->op->op_no,
                                .hash = hash,
                                .verdict = j->verdict,
                                .reason = j->reason,
                                .edit_ms = j->edit_ms,
                                .recv_ms = j->recv_ms};
    buf_add(&a->entries, a->s->trail.p, a->s->trail.n);
    apply_entry(&a->entries, &entry);
    return a->entries.err != ERR_OK ? a->entries.err : a->s->trail.err;
}

enum err apply_op(struct apply *a, struct author *author, struct str op, int64_t edit_ms,
                  uint64_t hash, struct verdict_range *range)
{
    struct op_head head;
    struct cur changes;
    enum err err = op_read_again(op, &head, &changes);
    if (err != ERR_OK)
        return err;
    struct arena arena = {0};
    struct buf history = {0};
    struct judge j = {.s = a->s,
                      .author = author,
                      .op = &head,
                      .seq = ++a->s->seq,
                      .edit_ms = edit_ms,
                      .recv_ms = a->recv_ms,
                      .arena = &arena,
                      .history = &history,
                      .verdict = VERDICT_APPLIED};
    a->s->moved_bytes = 0;
    a->s->mover = author->origin;
    a->s->moved_others = false;
    buf_clear(&a->s->trail);
    if (author->origin != 0 && !id_eq(&head.actor, &author->staff))
        j.reason = REASON_RIGHTS;
    err = judge_saved(&j, op, changes);
    if (err == ERR_OK)
        err = record(&j, hash);
    if (err == ERR_OK)
        err = add_entry(a, &j, hash);
    if (err == ERR_OK)
        *range = (struct verdict_range){.from = head.op_no,
                                        .to = head.op_no,
                                        .verdict = j.verdict,
                                        .reason = j.reason,
                                        .seq = j.seq};
    buf_done(&history);
    arena_done(&arena);
    return err;
}

static enum err last_link(struct store *s, uint8_t hash[32], int64_t *no)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_COMMIT_LAST, &stmt);
    if (err != ERR_OK)
        return err;
    memset(hash, 0, 32);
    *no = 0;
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        struct str bytes = col_blob(stmt, 1);
        *no = col_int(stmt, 0);
        if (bytes.n == 32)
            memcpy(hash, bytes.p, 32);
        else
            err = ERR_CORRUPT;
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : err;
}

enum err apply_end(struct apply *a)
{
    struct store *s = a->s;
    if (s->seq < a->seq_from)
        return ERR_OK;
    uint8_t previous[32];
    uint8_t link[32];
    int64_t no = 0;
    struct stmt *stmt = NULL;
    enum err err = last_link(s, previous, &no);
    if (err == ERR_OK)
        err = store_sql(s, SQL_COMMIT_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    apply_link(previous, buf_str(&a->entries), link);
    bind_int(stmt, 1, no + 1);
    bind_int(stmt, 2, (int64_t)a->seq_from);
    bind_int(stmt, 3, (int64_t)s->seq);
    bind_int(stmt, 4, a->recv_ms);
    bind_blob(stmt, 5, (struct str){(const char *)link, sizeof link});
    err = stmt_run(stmt);
    if (err == ERR_OK)
        err = digest_commit(s);
    if (err == ERR_OK)
        err = meta_set_int(s, META_SEQ, (int64_t)s->seq);
    if (err == ERR_OK)
        err = meta_set_int(s, META_HLC, (int64_t)s->clock.last);
    return err == ERR_OK ? holders_commit(s) : err;
}
