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

/* What one push came to, until it is committed. */
struct taken {
    struct buf ranges; /* verdicts (ranges.h) */
    struct buf own;    /* struct feed_span: what is no news to the device */
    uint64_t judged;   /* its operations, through here */
};

static enum err judge_all(struct apply *a, const struct serve_session *session,
                          struct author *author, const struct buf *fresh,
                          struct epoch_row *epoch, struct taken *taken, bool *erased)
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
        struct feed_span span = {.from = a->s->seq + 1};
        err = apply_op(a, author, op.bytes, edit_ms, op.hash, &range);
        if (err == ERR_OK && range.verdict == VERDICT_REFUSED)
            err = grants_back(a->s, session, author);
        if (err != ERR_OK)
            return err;
        span.to = a->s->seq;
        if (!a->s->moved_others)
            feed_span_add(&taken->own, &span);
        ranges_add(&taken->ranges, &range);
        *erased = *erased || range.reason == REASON_ERASED;
        epoch->chain = (struct chain){head.op_no, op.hash, head.hlc};
        epoch->edit_ms = edit_ms;
    }
    return taken->ranges.err;
}

static enum err judge_push(struct apply *a, struct serve_session *session,
                           const struct buf *fresh, struct epoch_row *epoch,
                           struct taken *taken)
{
    struct grants own = {.count = 0};
    struct author author = {.origin = session->epoch,
                            .staff = session->staff,
                            .grants = &session->reader.grants,
                            .own = &own};
    bool erased = false;
    enum err err = judge_all(a, session, &author, fresh, epoch, taken, &erased);
    if (erased)
        session->erase_told = 0; /* it has something of it yet: told again */
    grants_done(&own);
    return err;
}

/* The operations of a push into the commit: old ones answered, new ones judged. */
static enum err take_push(struct apply *a, struct serve_push *p, struct str body,
                          struct epoch_row *epoch, struct taken *taken)
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
                            last < known ? last : known, &taken->ranges);
    }
    if (err == ERR_OK && fresh.n > 0)
        err = judge_push(a, p->session, &fresh, epoch, taken);
    if (err == ERR_OK && fresh.n > 0)
        err = epochs_set(s, p->session->epoch, epoch);
    buf_done(&fresh);
    return err;
}

/* One push inside the commit. Its own mistakes go to p->err; what is returned is the machine's.
 */
static enum err one_push(struct apply *a, struct serve_push *p, struct epoch_row *epoch,
                         struct taken *taken)
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
    return take_push(a, p, body, epoch, taken);
}

static enum err all_pushes(struct apply *a, struct serve_push *pushes, size_t count,
                           struct taken *taken)
{
    for (size_t i = 0; i < count; i++) {
        struct epoch_row epoch = {0};
        pushes[i].err = ERR_OK;
        enum err err = one_push(a, &pushes[i], &epoch, &taken[i]);
        if (err != ERR_OK)
            return err;
        taken[i].judged = epoch.chain.op_no;
    }
    return apply_end(a);
}

/* It is committed: what the session knows from now on, and the verdicts. */
static void committed(struct serve_push *p, const struct taken *taken)
{
    struct feed_reader *reader = &p->session->reader;
    uint64_t last = p->push.first_op + p->push.count - 1;
    p->session->judged = taken->judged;
    p->session->heard = last > p->session->heard ? last : p->session->heard;
    feed_spans_read(&reader->own, reader->cursor);
    for (size_t at = 0; at < taken->own.n; at += sizeof(struct feed_span)) {
        struct feed_span span;
        memcpy(&span, taken->own.p + at, sizeof span);
        feed_span_add(&reader->own, &span);
    }
    ranges_send(p->frames, p->session->epoch, p->session->schema, &taken->ranges);
    /* A verdict that cannot be sent is not lost: it is stored, the device asks again. */
    p->err = p->frames->err;
}

enum err serve_pushes(struct store *s, struct serve_push *pushes, size_t count)
{
    struct taken *taken = mem_array(count, sizeof *taken);
    struct apply a = {.s = s};
    enum err err = taken == NULL ? ERR_NOMEM : holders_today(s);
    if (err == ERR_OK)
        err = store_begin(s);
    if (err == ERR_OK) {
        apply_begin(&a, s);
        err = store_end(s, all_pushes(&a, pushes, count, taken));
    }
    /* What was confirmed is done at once, before anybody is told a row of it. The verdicts are
     * committed whatever becomes of that; it is taken up again before the next page. */
    if (err == ERR_OK && s->erasing && erase_due(s) != ERR_OK && db_health(s->db) != ERR_OK)
        err = db_health(s->db);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        if (pushes[i].err == ERR_OK)
            committed(&pushes[i], &taken[i]);
    }
    for (size_t i = 0; i < count && taken != NULL; i++) {
        buf_done(&taken[i].ranges);
        buf_done(&taken[i].own);
    }
    mem_free(taken);
    apply_done(&a);
    return err;
}
