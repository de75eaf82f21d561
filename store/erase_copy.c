/* SPDX-License-Identifier: Apache-2.0 */
/* An order of erasure on a replica: the purge of a leave, and what lies in operations alone. */
#include "proto/op.h"
#include "store/content.h"
#include "store/leave.h"
#include "store/leaving.h"
#include "store/replica.h"

static enum err mark_erased(struct leaving *l, const struct id *id)
{
    return leaving_mark(l, &(struct mark){.id = *id, .lost = UINT8_MAX, .facet = UINT8_MAX});
}

/* Does the row of this insert hang on one that goes? */
static bool hangs(const struct leaving *l, const struct change *change, struct cur fields)
{
    const struct table *table = schema_table(l->s->env.schema, change->table);
    bool found = false;
    for (uint32_t i = 0; i < change->fields && !fields.bad && !found; i++) {
        uint16_t field = (uint16_t)unpack_int_in(&fields, 1, UINT16_MAX);
        struct str value = unpack_any(&fields);
        found = (table == NULL || field == table->scope_field) && !fields.bad &&
                leaving_refers(l, value);
    }
    return found;
}

/* What an operation made is in no table when it was refused. */
static enum err mark_made(struct leaving *l, struct str op)
{
    struct op_head head;
    struct cur cur;
    enum err err = op_read_again(op, &head, &cur) == ERR_OK ? ERR_OK : ERR_CORRUPT;
    for (uint32_t i = 0; i < head.changes && err == ERR_OK; i++) {
        struct change change = op_change(&cur);
        struct cur fields = cur;
        op_skip_fields(&change, &cur);
        if (cur.bad)
            return ERR_CORRUPT;
        if (change.kind == CHANGE_INSERT && hangs(l, &change, fields))
            err = mark_erased(l, &change.row);
    }
    return err;
}

/* A case of two rows hangs on the first of them alone. */
static enum err mark_cases(struct leaving *l)
{
    const struct table *cases = schema_table(l->s->env.schema, TABLE_DUPLICATE_CASE);
    return cases == NULL ? ERR_OK : leaving_mark_by(l, cases, FIELD_DUPLICATE_RIGHT);
}

static enum err mark_more(struct leaving *l)
{
    enum err err = mark_cases(l);
    return err == ERR_OK ? leaving_each_op(l, mark_made) : err;
}

static enum err mark_all(struct leaving *l, struct erase erase, uint64_t *through)
{
    enum err err = ERR_OK;
    *through = 0;
    for (uint32_t i = 0; i < erase.count && err == ERR_OK; i++) {
        struct erase_order order = message_erase_order(&erase.orders);
        err = erase.orders.bad ? ERR_PROTOCOL : mark_erased(l, &order.dossier);
        *through = order.no;
    }
    return err == ERR_OK ? leaving_spread(l, mark_more) : err;
}

static enum err document_goes(void *ctx, const struct id *doc, bool *out)
{
    *out = leaving_goes(ctx, doc);
    return ERR_OK;
}

/* Nothing of what was to go is left: neither on unused parts of pages, nor in an operation that
 * waits for its verdict, nor in a content whose row had left before. */
static enum err is_clean(struct store *s, bool *out)
{
    int64_t residue = 0;
    int64_t leaving = 0;
    enum err err = meta_get_int(s, META_RESIDUE, &residue);
    if (err == ERR_OK)
        err = meta_get_int(s, META_LEAVING, &leaving);
    bool orphan = false;
    if (err == ERR_OK)
        err = content_orphan(s, &orphan);
    *out = residue == 0 && leaving == 0 && !orphan;
    return err;
}

enum err replica_erase(struct store *s, struct erase erase, uint64_t *done)
{
    struct leaving l;
    uint64_t through = 0;
    bool clean = false;
    *done = 0;
    enum err err = store_begin(s);
    if (err != ERR_OK)
        return err;
    err = leaving_begin(&l, s);
    if (err == ERR_OK)
        err = mark_all(&l, erase, &through);
    /* Before their rows: what is cut off here is found again by them. */
    if (err == ERR_OK)
        err = content_erase(s, document_goes, &l);
    if (err == ERR_OK)
        err = leaving_purge(&l);
    err = store_end(s, err);
    leaving_done(&l);
    if (err == ERR_OK)
        err = leave_clean(s);
    if (err == ERR_OK)
        err = is_clean(s, &clean);
    if (err == ERR_OK && clean)
        *done = through;
    return err;
}
