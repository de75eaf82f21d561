/* SPDX-License-Identifier: Apache-2.0 */
/* What operations say of rows that leave: in the outbox and in quarantine. */
#include "proto/op.h"
#include "store/leave.h"
#include "store/leaving.h"
#include "store/quarantine.h"
#include "store/rows.h"

/* Does a change go? What is said of a row that was refused, and is here all the same, goes from
 * the quarantine only. */
static bool change_goes(const struct leaving *l, const struct change *change, bool quarantined)
{
    struct scope scope;
    if (!leaving_goes(l, &change->row))
        return false;
    const struct table *table = schema_table(l->s->env.schema, change->table);
    return quarantined || table == NULL || !leaving_refused(l, &change->row) ||
           rows_locate(l->s, table, &change->row, &scope) != ERR_OK;
}

/* Copy the changes that stay; l NULL: none does. *cut: some do not. */
static enum err copy_op(const struct leaving *l, struct str op, bool quarantined,
                        struct buf *out, bool *cut)
{
    struct op_head head;
    struct cur cur;
    size_t used = 0;
    struct op_writer writer;
    op_writer_init(&writer);
    enum err err = op_read(op, &head, &cur, &used) == ERR_OK ? ERR_OK : ERR_CORRUPT;
    *cut = l == NULL;
    for (uint32_t i = 0; i < head.changes && err == ERR_OK && l != NULL; i++) {
        const uint8_t *start = cur.p;
        struct change change = op_change(&cur);
        uint32_t items = change.fields * (change.kind == CHANGE_INSERT ? 2 : 5);
        for (uint32_t k = 0; k < items && !cur.bad; k++)
            (void)unpack_any(&cur);
        if (cur.bad)
            err = ERR_CORRUPT;
        else if (change_goes(l, &change, quarantined))
            *cut = true;
        else {
            buf_add(&writer.body, start, (size_t)(cur.p - start));
            writer.changes++;
        }
    }
    buf_clear(out);
    if (err == ERR_OK && *cut)
        err = op_write(&head, &writer, out);
    op_writer_done(&writer);
    return err;
}

static enum err save_cut(struct store *s, int64_t op_no, struct str op, int how)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_OUTBOX_CUT, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, op_no);
    bind_blob(stmt, 2, op);
    bind_int(stmt, 3, how);
    err = stmt_run(stmt);
    return err == ERR_OK && how == CUT_UNSENT ? meta_set_int(s, META_LEAVING, 1) : err;
}

/* The next operation of the outbox after op_no, copied. NOTFOUND. */
static enum err next_op(struct store *s, int64_t *op_no, struct buf *op)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_OUTBOX_ALL, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, *op_no);
    buf_clear(op);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        struct str bytes = col_blob(stmt, 1);
        *op_no = col_int(stmt, 0);
        buf_add(op, bytes.p, bytes.n);
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return step == STEP_DONE ? ERR_NOTFOUND : op->err;
}

/* What was judged keeps the changes of rows that stay, that of earlier epochs (below 0: see
 * rebase.c) too; what was not goes out whole first. */
static enum err purge_outbox(struct leaving *l)
{
    struct buf op = {0};
    struct buf rest = {0};
    int64_t op_no = INT64_MIN;
    enum err err = ERR_OK;
    while (err == ERR_OK && (err = next_op(l->s, &op_no, &op)) == ERR_OK) {
        bool cut = false;
        bool judged = op_no <= (int64_t)l->s->acked;
        if (op.n == 0)
            continue;
        err = copy_op(l, buf_str(&op), false, &rest, &cut);
        l->purged = l->purged || cut;
        if (err == ERR_OK && cut)
            err = save_cut(l->s, op_no, buf_str(judged ? &rest : &op),
                           judged ? CUT_PART : CUT_UNSENT);
    }
    buf_done(&op);
    buf_done(&rest);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

struct refused {
    struct leaving *l;
    struct buf rest;
};

static enum err purge_refused(void *ctx, const struct quarantined *q)
{
    struct refused *r = ctx;
    bool cut = false;
    enum err err = copy_op(r->l, q->op, true, &r->rest, &cut);
    r->l->purged = r->l->purged || cut;
    return err == ERR_OK && cut ? quarantine_cut(r->l->s, q->epoch, q->op_no, buf_str(&r->rest))
                                : err;
}

/* A refused operation stays known with its reason; what it said of rows that leave, only the
 * server keeps. */
static enum err purge_quarantine(struct leaving *l)
{
    struct refused r = {.l = l};
    enum err err = quarantine_list(l->s, true, purge_refused, &r);
    buf_done(&r.rest);
    return err;
}

enum err leaving_purge_ops(struct leaving *l)
{
    enum err err = purge_outbox(l);
    return err == ERR_OK ? purge_quarantine(l) : err;
}

struct visit {
    struct leaving *l;
    leaving_on_op *on_op;
};

static enum err visit_refused(void *ctx, const struct quarantined *q)
{
    const struct visit *v = ctx;
    return v->on_op(v->l, q->op);
}

enum err leaving_each_sent(struct leaving *l, leaving_on_op *on_op)
{
    struct buf op = {0};
    int64_t op_no = INT64_MIN;
    enum err err = ERR_OK;
    while (err == ERR_OK && (err = next_op(l->s, &op_no, &op)) == ERR_OK)
        err = op.n == 0 ? ERR_OK : on_op(l, buf_str(&op));
    buf_done(&op);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err leaving_each_op(struct leaving *l, leaving_on_op *on_op)
{
    struct visit visit = {.l = l, .on_op = on_op};
    enum err err = leaving_each_sent(l, on_op);
    return err == ERR_OK ? quarantine_list(l->s, true, visit_refused, &visit) : err;
}

enum err leave_judged(struct store *s, uint64_t through, bool accepted)
{
    int64_t leaving = 0;
    enum err err = meta_get_int(s, META_LEAVING, &leaving);
    if (err != ERR_OK || leaving == 0)
        return err;
    struct buf op = {0};
    struct buf head = {0};
    uint64_t waiting = 0;
    struct stmt *stmt = NULL;
    uint64_t op_no = 0;
    err = store_sql(s, SQL_OUTBOX_LEAVING, &stmt);
    while (err == ERR_OK) {
        bool cut = false;
        bind_int(stmt, 1, (int64_t)op_no);
        bind_int(stmt, 2, (int64_t)through);
        enum step step = stmt_step(stmt);
        buf_clear(&op);
        if (step == STEP_ROW) {
            struct str bytes = col_blob(stmt, 1);
            op_no = (uint64_t)col_int(stmt, 0);
            buf_add(&op, bytes.p, bytes.n);
        }
        stmt_reset(stmt);
        if (step != STEP_ROW) {
            err = step == STEP_FAILED ? db_error(s->db) : ERR_OK;
            break;
        }
        err = op.err == ERR_OK ? copy_op(NULL, buf_str(&op), true, &head, &cut) : op.err;
        if (err == ERR_OK)
            err = quarantine_cut(s, s->epoch, op_no, buf_str(&head));
        if (err == ERR_OK)
            err = save_cut(s, (int64_t)op_no, (struct str){"", 0}, CUT_PART);
    }
    buf_done(&op);
    buf_done(&head);
    if (err == ERR_OK)
        err = store_number(s, SQL_OUTBOX_LEAVING_COUNT, NULL, 0, &waiting);
    if (err == ERR_OK && op_no != 0)
        err = meta_set_int(s, META_RESIDUE, 1);
    if (err == ERR_OK && op_no != 0 && accepted)
        err = meta_set_int(s, META_RETELL, 1);
    return err == ERR_OK && waiting == 0 ? meta_set_int(s, META_LEAVING, 0) : err;
}
