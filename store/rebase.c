/* SPDX-License-Identifier: Apache-2.0 */
#include "store/inside.h"
#include "store/leave.h"
#include "store/page.h"
#include "store/replica.h"

/* Operations written again as those of a new epoch: the unsent ones, and those sent under an
 * earlier one that a restored server has lost. What was sent and is not stable yet is kept. */
struct rebase {
    struct store *s;
    uint32_t epoch;     /* the new one */
    bool due;           /* some that were kept are written again */
    int cut;            /* of the old operation: what of it leaves (leave.c) */
    struct chain chain; /* of the new epoch */
    struct arena arena; /* of one operation */
    struct op_writer writer;
    struct buf op;  /* the old operation */
    struct buf out; /* the new one */
};

/* Was it made by an operation that was kept, and is written again now? */
static enum err made_by_kept(const struct rebase *r, struct stamp stamp, bool *out)
{
    uint64_t n = 0;
    enum err err = ERR_OK;
    if (r->due && stamp.origin != 0)
        err = store_number(r->s, SQL_KEPT_HAS, (int64_t[]){stamp.origin, (int64_t)stamp.hlc}, 2,
                           &n);
    *out = n > 0;
    return err;
}

/* A stamp of ours that the server never judged, or no longer knows, belongs to the new epoch
 * now. */
static enum err move(const struct rebase *r, struct stamp *stamp)
{
    bool kept = false;
    bool pending = page_is_pending(r->s, *stamp);
    enum err err = pending ? ERR_OK : made_by_kept(r, *stamp, &kept);
    if (err == ERR_OK && (pending || kept))
        stamp->origin = r->epoch;
    return err;
}

static enum err restamp_row(struct rebase *r, const struct change *change)
{
    const struct table *table = schema_table(r->s->env.schema, change->table);
    struct row *row = arena_new(&r->arena, sizeof *row);
    if (table == NULL || row == NULL)
        return row == NULL ? ERR_NOMEM : ERR_OK;
    enum err err = rows_find(r->s, table, &change->row, &r->arena, row);
    if (err != ERR_OK)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    err = move(r, &row->stamp);
    for (uint32_t i = 0; i < row->versions.count && err == ERR_OK; i++)
        err = move(r, &row->versions.list[i].stamp);
    if (err == ERR_OK)
        err = rows_restamp(r->s, table, row);
    return err == ERR_OK ? rows_update(r->s, table, row) : err;
}

static enum err copy_change(struct rebase *r, const struct change *change, struct cur *cur)
{
    enum err err = ERR_OK;
    struct buf *body = &r->writer.body;
    if (change->kind == CHANGE_INSERT)
        change_begin_insert(&r->writer, change->table, &change->row, change->fields);
    else
        change_begin_update(&r->writer, change->table, &change->row, change->fields);
    for (uint32_t i = 0; i < change->fields && !cur->bad && err == ERR_OK; i++) {
        if (change->kind == CHANGE_INSERT) {
            pack_raw(body, unpack_any(cur));
            pack_raw(body, unpack_any(cur));
            continue;
        }
        uint16_t field = 0;
        struct stamp base = op_field_base(cur, &field);
        err = move(r, &base);
        change_field_base(&r->writer, field, base);
        pack_raw(body, unpack_any(cur));
        pack_raw(body, unpack_any(cur));
    }
    return err;
}

/* It is judged again: a refusal of its own kind is not heard of twice. */
static enum err forget_refusal(struct rebase *r, uint32_t epoch, uint64_t op_no)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(r->s, SQL_QUARANTINE_FORGET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, epoch);
    bind_int(stmt, 2, (int64_t)op_no);
    return stmt_run(stmt);
}

/* r->op, of that epoch. What was refused then, and closed by a person since, is not written
 * again: a server that does not know of the refusal might take what was given up. */
static enum err one_op(struct rebase *r, uint32_t epoch)
{
    struct op_head head;
    struct cur changes;
    size_t used = 0;
    uint64_t closed = 0;
    if (op_read(buf_str(&r->op), &head, &changes, &used) != ERR_OK)
        return ERR_CORRUPT;
    enum err err = store_number(r->s, SQL_QUARANTINE_CLOSED,
                                (int64_t[]){epoch, (int64_t)head.op_no}, 2, &closed);
    if (err != ERR_OK || closed != 0)
        return err;
    op_writer_clear(&r->writer);
    for (uint32_t i = 0; i < head.changes && err == ERR_OK; i++) {
        struct change change = op_change(&changes);
        err = copy_change(r, &change, &changes);
        if (err == ERR_OK)
            err = changes.bad ? ERR_CORRUPT : restamp_row(r, &change);
        arena_done(&r->arena);
    }
    if (err == ERR_OK)
        err = forget_refusal(r, epoch, head.op_no);
    if (err != ERR_OK)
        return err;
    head.op_no = r->chain.op_no + 1;
    head.prev_hash = r->chain.hash;
    buf_clear(&r->out);
    err = op_write(&head, &r->writer, &r->out);
    struct stmt *stmt = NULL;
    if (err == ERR_OK)
        err = store_sql(r->s, SQL_REBASED_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    r->chain = (struct chain){head.op_no, op_hash(head.prev_hash, buf_str(&r->out)), head.hlc};
    bind_int(stmt, 1, (int64_t)r->chain.op_no);
    bind_int(stmt, 2, (int64_t)r->chain.hash);
    bind_int(stmt, 3, (int64_t)r->chain.hlc);
    bind_int(stmt, 4, head.changes);
    bind_blob(stmt, 5, buf_str(&r->out));
    bind_int(stmt, 6, r->cut == CUT_UNSENT ? CUT_UNSENT : 0);
    return stmt_run(stmt);
}

/* What that statement lists; the epoch is in its first column, or 0: the present one. */
static enum err list_ops(struct rebase *r, enum sql list, int op_column, bool kept)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(r->s, list, &stmt);
    if (err != ERR_OK)
        return err;
    if (!kept)
        bind_int(stmt, 1, (int64_t)r->s->acked);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        uint32_t epoch = kept ? (uint32_t)col_int(stmt, 0) : r->s->epoch;
        struct str bytes = col_blob(stmt, op_column);
        buf_clear(&r->op);
        buf_add(&r->op, bytes.p, bytes.n);
        r->cut = (int)col_int(stmt, op_column + 1);
        if (bytes.n > 0) /* else what it did has left this replica (leave.c) */
            err = r->op.err == ERR_OK ? one_op(r, epoch) : r->op.err;
    }
    stmt_reset(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(r->s->db) : err;
}

static enum err all_ops(struct rebase *r)
{
    uint64_t due = 0;
    enum err err = store_number(r->s, SQL_KEPT_DUE, NULL, 0, &due);
    r->due = due > 0;
    if (err == ERR_OK && r->due)
        err = list_ops(r, SQL_KEPT_LIST, 1, true);
    return err == ERR_OK ? list_ops(r, SQL_OUTBOX_AFTER, 3, false) : err;
}

/* What was sent is not ours to forget before it is stable. */
static enum err keep_sent(struct store *s)
{
    struct stmt *stmt = NULL;
    uint64_t next = 0;
    enum err err = store_number(s, SQL_KEPT_NEXT, NULL, 0, &next);
    if (err == ERR_OK)
        err = store_sql(s, SQL_KEPT_MOVE, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, 1 - (int64_t)next);
    bind_int(stmt, 2, s->epoch);
    bind_int(stmt, 3, (int64_t)s->acked);
    return stmt_run(stmt);
}

/* The new operations wait in a table of their own until the old ones are gone: both count
 * from 1. */
static enum err swap_outbox(struct store *s)
{
    static const enum sql steps[] = {SQL_OUTBOX_CLEAR, SQL_REBASED_TAKE, SQL_REBASED_CLEAR};
    struct stmt *clear = NULL;
    enum err err = store_sql(s, SQL_KEPT_CLEAR, &clear);
    if (err == ERR_OK)
        err = stmt_run(clear);
    if (err == ERR_OK)
        err = keep_sent(s);
    for (size_t i = 0; i < sizeof steps / sizeof *steps && err == ERR_OK; i++) {
        struct stmt *stmt = NULL;
        err = store_sql(s, steps[i], &stmt);
        if (err == ERR_OK)
            err = stmt_run(stmt);
    }
    return err;
}

/* last: of the operations written again. */
static enum err note_epoch(struct store *s, uint32_t epoch, uint64_t last)
{
    const struct {
        enum meta key;
        int64_t v;
    } ints[] = {{META_EPOCH, epoch},
                {META_ACKED, 0},
                {META_ACKED_HLC, 0},
                {META_PULLED, 0},
                {META_WHOLE, 0},
                {META_ENTERED, 0},
                {META_FULL, 1},
                {META_RELEASED, 0},
                {META_OP_LAST, 0},
                {META_OP_HASH, 0},
                {META_RELEASED_HASH, 0},
                {META_OP_HLC, 0},
                {META_SWEEP_OP, (int64_t)last},
                {META_MENDED, 0},
                {META_HLC, (int64_t)s->clock.last}};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof ints / sizeof *ints && err == ERR_OK; i++)
        err = meta_set_int(s, ints[i].key, ints[i].v);
    int64_t device = 0;
    struct stmt *stmt = NULL;
    if (err == ERR_OK)
        err = meta_get_int(s, META_DEVICE, &device);
    if (err == ERR_OK && device == 0) /* who we are, the server says (replica_welcome) */
        return ERR_OK;
    if (err == ERR_OK)
        err = store_sql(s, SQL_ORIGIN_SET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, epoch);
    bind_id(stmt, 2, &s->staff);
    bind_int(stmt, 3, device);
    return stmt_run(stmt);
}

enum err replica_rebase(struct store *s, uint32_t epoch)
{
    if (epoch == 0 || epoch == s->epoch)
        return ERR_PROTOCOL;
    struct rebase r = {.s = s, .epoch = epoch};
    op_writer_init(&r.writer);
    enum err err = store_begin(s);
    if (err == ERR_OK) {
        err = all_ops(&r);
        if (err == ERR_OK)
            err = swap_outbox(s);
        if (err == ERR_OK)
            err = note_epoch(s, epoch, r.chain.op_no);
        err = store_end(s, err);
    }
    op_writer_done(&r.writer);
    buf_done(&r.op);
    buf_done(&r.out);
    arena_done(&r.arena);
    return err == ERR_OK ? store_reload(s) : err;
}
