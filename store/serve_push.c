/* SPDX-License-Identifier: Apache-2.0 */
/* Pushes judged and committed together. */
#include "store/apply.h"
#include "store/epochs.h"
#include "store/erase.h"
#include "store/holders.h"
#include "store/ranges.h"
#include "store/serve.h"

enum err serve_chain(struct store *s, struct chain *out, int64_t *edit_ms)
{
    struct epoch_row row = {0};
    enum err err = epochs_get(s, 0, &row);
    if (err == ERR_OK) {
        *out = row.chain;
        *edit_ms = row.edit_ms;
    }
    return err;
}

enum err serve_chain_save(struct store *s, const struct chain *chain, int64_t edit_ms)
{
    struct epoch_row row = {.chain = *chain, .edit_ms = edit_ms};
    return epochs_set(s, 0, &row);
}

/* Is this the operation that was judged under its number? A copy of the device may have sent
 * another one. */
static enum err check_known(struct store *s, uint32_t epoch, uint64_t op_no, uint64_t hash)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_OP_AT, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, epoch);
    bind_int(stmt, 2, (int64_t)op_no);
    enum step step = stmt_step(stmt);
    bool same = step == STEP_ROW && (uint64_t)col_int(stmt, 0) == hash;
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return same ? ERR_OK : ERR_FORK;
}

/* A new operation of a push, found while it was walked. */
struct fresh_op {
    struct str bytes;
    uint64_t hash; /* of the chain after it */
};

/* Walk a push's operations before any is judged: framing, numbers, hashes. The new ones are
 * appended to `fresh` as struct fresh_op. */
static enum err check_push(struct store *s, const struct push *push, struct str body,
                           const struct epoch_row *epoch, struct buf *fresh)
{
    struct chain chain = epoch->chain;
    uint64_t op_no = push->first_op;
    uint32_t count = 0;
    while (body.n > 0) {
        struct op_head head;
        struct cur changes;
        size_t used = 0;
        enum err err = op_read(body, &head, &changes, &used);
        if (err != ERR_OK)
            return err;
        if (head.op_no != op_no + count)
            return ERR_PROTOCOL;
        uint64_t hash = op_hash(head.prev_hash, (struct str){body.p, used});
        if (head.op_no > chain.op_no) {
            if (head.op_no != chain.op_no + 1 || head.prev_hash != chain.hash ||
                head.hlc <= chain.hlc)
                return ERR_FORK;
            chain = (struct chain){head.op_no, hash, head.hlc};
            struct fresh_op op = {{body.p, used}, hash};
            buf_add(fresh, &op, sizeof op);
            err = fresh->err;
        } else {
            err = check_known(s, push->epoch, head.op_no, hash);
        }
        if (err != ERR_OK)
            return err;
        body.p += used;
        body.n -= used;
        count++;
    }
    return count == push->count && count > 0 ? ERR_OK : ERR_FORMAT;
}

/* An operation was refused: what it had changed of the author's rights is undone. */
static enum err grants_back(struct store *s, const struct serve_session *session,
                            struct author *author)
{
    uint64_t version = 0;
    if (author->grants != author->own)
        return ERR_OK;
    return grants_load(s, &session->staff, &session->had, author->own, &version, NULL);
}

static enum err judge_all(struct apply *a, const struct serve_session *session,
                          struct author *author, const struct buf *fresh,
                          struct epoch_row *epoch, struct buf *ranges, bool *erased)
{
    for (size_t at = 0; at < fresh->n; at += sizeof(struct fresh_op)) {
        struct fresh_op op;
        struct op_head head;
        struct cur changes;
        memcpy(&op, fresh->p + at, sizeof op);
        enum err err = op_read_again(op.bytes, &head, &changes);
        if (err != ERR_OK)
            return err;
        int64_t edit_ms =
            hlc_edit_ms(head.wall_ms, session->skew_ms, a->recv_ms, epoch->edit_ms);
        struct verdict_range range;
        err = apply_op(a, author, op.bytes, edit_ms, op.hash, &range);
        if (err == ERR_OK && range.verdict == VERDICT_REFUSED)
            err = grants_back(a->s, session, author);
        if (err != ERR_OK)
            return err;
        ranges_add(ranges, &range);
        *erased = *erased || range.reason == REASON_ERASED;
        epoch->chain = (struct chain){head.op_no, op.hash, head.hlc};
        epoch->edit_ms = edit_ms;
    }
    return ranges->err;
}

static enum err judge_push(struct apply *a, struct serve_session *session,
                           const struct buf *fresh, struct epoch_row *epoch, struct buf *ranges)
{
    struct grants own = {.count = 0};
    struct author author = {.origin = session->epoch,
                            .staff = session->staff,
                            .grants = &session->reader.grants,
                            .own = &own};
    bool erased = false;
    enum err err = judge_all(a, session, &author, fresh, epoch, ranges, &erased);
    if (erased)
        session->erase_told = 0; /* it has something of it yet: told again */
    grants_done(&own);
    return err;
}

/* The operations of a push into the commit: old ones answered, new ones judged. */
static enum err take_push(struct apply *a, struct serve_push *p, struct str body,
                          struct epoch_row *epoch, struct buf *ranges)
{
    struct store *s = a->s;
    struct buf fresh = {0};
    enum err err = ERR_OK;
    p->err = check_push(s, &p->push, body, epoch, &fresh);
    if (p->err != ERR_OK) {
        buf_done(&fresh);
        return p->err == ERR_NOMEM || db_health(s->db) != ERR_OK ? p->err : ERR_OK;
    }
    uint64_t known = epoch->chain.op_no;
    if (p->push.first_op <= known) {
        uint64_t last = p->push.first_op + p->push.count - 1;
        err = ranges_stored(s, p->session->epoch, p->push.first_op - 1,
                            last < known ? last : known, ranges);
    }
    if (err == ERR_OK && fresh.n > 0)
        err = judge_push(a, p->session, &fresh, epoch, ranges);
    if (err == ERR_OK && fresh.n > 0)
        err = epochs_set(s, p->session->epoch, epoch);
    buf_done(&fresh);
    return err;
}

/* One push inside the commit. Its own mistakes go to p->err; what is returned is the machine's.
 */
static enum err one_push(struct apply *a, struct serve_push *p, struct epoch_row *epoch,
                         struct buf *ranges)
{
    struct store *s = a->s;
    bool changed = false;
    enum err err = serve_refresh(s, p->session, &changed);
    if (err == ERR_OK)
        err = epochs_get(s, p->session->epoch, epoch);
    if (err != ERR_OK)
        return err;
    struct str body = p->push.body;
    uint64_t latest = 0;
    err = store_number(s, SQL_EPOCH_LATEST, (int64_t[]){p->session->device}, 1, &latest);
    if (err != ERR_OK)
        return err;
    /* A late push of an earlier epoch comes again under the new one. */
    if (p->push.epoch != p->session->epoch || p->push.epoch != latest) {
        p->err = ERR_FORK;
        return ERR_OK;
    }
    if (p->push.packed) {
        buf_clear(&s->scratch);
        p->err = squeeze_expand(&s->squeeze, body, FRAME_PLAIN_BYTES_MAX, &s->scratch);
        body = buf_str(&s->scratch);
    }
    if (p->err != ERR_OK)
        return p->err == ERR_NOMEM ? ERR_NOMEM : ERR_OK;
    return take_push(a, p, body, epoch, ranges);
}

static enum err all_pushes(struct apply *a, struct serve_push *pushes, size_t count,
                           struct buf *ranges, uint64_t *judged)
{
    for (size_t i = 0; i < count; i++) {
        struct epoch_row epoch = {0};
        pushes[i].err = ERR_OK;
        enum err err = one_push(a, &pushes[i], &epoch, &ranges[i]);
        if (err != ERR_OK)
            return err;
        judged[i] = epoch.chain.op_no;
    }
    return apply_end(a);
}

enum err serve_pushes(struct store *s, struct serve_push *pushes, size_t count)
{
    struct buf *ranges = mem_array(count, sizeof *ranges);
    uint64_t *judged = mem_array(count, sizeof *judged);
    struct apply a = {.s = s};
    enum err err = ranges == NULL || judged == NULL ? ERR_NOMEM : holders_today(s);
    if (err == ERR_OK)
        err = store_begin(s);
    if (err == ERR_OK) {
        apply_begin(&a, s);
        err = store_end(s, all_pushes(&a, pushes, count, ranges, judged));
    }
    /* What was confirmed is done at once, before anybody is told a row of it. The verdicts are
     * committed whatever becomes of that; it is taken up again before the next page. */
    if (err == ERR_OK && s->erasing && erase_due(s) != ERR_OK && db_health(s->db) != ERR_OK)
        err = db_health(s->db);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        if (pushes[i].err != ERR_OK)
            continue;
        pushes[i].session->judged = judged[i];
        ranges_send(pushes[i].frames, pushes[i].session->epoch, pushes[i].session->schema,
                    &ranges[i]);
        /* A verdict that cannot be sent is not lost: it is stored, the device asks again. */
        pushes[i].err = pushes[i].frames->err;
    }
    for (size_t i = 0; i < count && ranges != NULL; i++)
        buf_done(&ranges[i]);
    mem_free(ranges);
    mem_free(judged);
    apply_done(&a);
    return err;
}
