/* SPDX-License-Identifier: Apache-2.0 */
#include "store/replica.h"

#include "proto/hash.h"
#include "store/inside.h"
#include "store/leave.h"
#include "store/quarantine.h"
#include "store/sweep.h"
#include "store/takeback.h"

enum {
    PACK_FROM_BYTES = 200,
    PACK_LEVEL = 1,
    EPOCH_NOBODY = INT32_MAX /* not given yet: the server answers with one */
};

static enum err ask_all_if_due(struct store *s)
{
    int64_t due = 0;
    enum err err = meta_get_int(s, META_RETELL, &due);
    return err == ERR_OK && due != 0 ? replica_ask_all(s) : err;
}

enum err replica_hello(struct store *s, struct hello *out)
{
    int64_t generation = 0;
    int64_t full = 0;
    int64_t grants = 0;
    int64_t whole = 0;
    int64_t entering = 0;
    struct hello hello = {.protocol = MESSAGE_PROTOCOL,
                          .schema = s->env.schema->version,
                          .epoch = s->epoch,
                          .op_last = s->own.op_no,
                          .acked = s->acked,
                          .leaves = true,
                          .wall_ms = store_now(s)};
    enum err err = s->epoch == 0 && !s->mended ? ERR_REFUSED : leave_clean(s);
    if (s->epoch == 0)
        hello.epoch = EPOCH_NOBODY;
    if (err == ERR_OK)
        err = ask_all_if_due(s);
    if (err == ERR_OK)
        err = meta_get_int(s, META_GENERATION, &generation);
    if (err == ERR_OK)
        err = meta_get_int(s, META_FULL, &full);
    if (err == ERR_OK)
        err = meta_get_int(s, META_GRANTS, &grants);
    if (err == ERR_OK)
        err = meta_get_int(s, META_WHOLE, &whole);
    if (err == ERR_OK)
        err = meta_get_int(s, META_ENTERING, &entering);
    if (err == ERR_OK)
        err = meta_get_id(s, META_HISTORY, &hello.history);
    uint64_t origins = 0;
    if (err == ERR_OK)
        err = store_number(s, SQL_ORIGIN_LAST, NULL, 0, &origins);
    hello.pulled = s->pulled;
    hello.entered = s->entered < s->pulled ? s->entered : s->pulled;
    hello.origins = (uint32_t)origins;
    hello.generation = (uint32_t)generation;
    hello.full = full != 0;
    hello.grants = (uint64_t)grants;
    hello.whole = (uint64_t)whole;
    hello.entering = (uint64_t)entering;
    if (err == ERR_OK)
        *out = hello;
    return err;
}

/* Number and stamp of the first operation that is left; zeroes: there is none. */
static enum err first_left(struct store *s, struct chain *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_OUTBOX_FIRST, &stmt);
    if (err != ERR_OK)
        return err;
    *out = (struct chain){0};
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        out->op_no = (uint64_t)col_int(stmt, 0);
        out->hlc = (hlc_t)col_int(stmt, 1);
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

/* Where the outbox begins: stamps of the operations that are left come after this one. */
static enum err chain_at_release(struct store *s, struct chain *out)
{
    int64_t released = 0;
    int64_t hash = 0;
    struct chain first = {0};
    enum err err = meta_get_int(s, META_RELEASED, &released);
    if (err == ERR_OK)
        err = meta_get_int(s, META_RELEASED_HASH, &hash);
    if (err == ERR_OK)
        err = first_left(s, &first);
    if (err != ERR_OK)
        return err;
    out->hash = (uint64_t)hash;
    out->hlc = first.op_no == 0 ? s->acked_hlc : first.hlc - 1;
    return (uint64_t)released == out->op_no ? ERR_OK : ERR_NOTFOUND;
}

/* Hash and stamp of our chain at one operation. NOTFOUND when that part was released. */
static enum err chain_at(struct store *s, uint64_t op_no, struct chain *out)
{
    *out = (struct chain){.op_no = op_no};
    if (op_no == 0)
        return ERR_OK;
    if (op_no == s->own.op_no) {
        *out = s->own;
        return ERR_OK;
    }
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_OUTBOX_AT, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)op_no);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        out->hash = (uint64_t)col_int(stmt, 0);
        out->hlc = (hlc_t)col_int(stmt, 1);
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return step == STEP_ROW ? ERR_OK : chain_at_release(s, out);
}

static enum err save_origins(struct store *s, struct str encoded)
{
    struct cur cur = cur_of(encoded.p, encoded.n);
    uint32_t items = unpack_array(&cur);
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ORIGIN_SET, &stmt);
    for (uint32_t i = 0; i < items / 3 && err == ERR_OK; i++) {
        struct origin origin = message_origin(&cur);
        if (cur.bad)
            return ERR_PROTOCOL;
        bind_int(stmt, 1, origin.epoch);
        bind_id(stmt, 2, &origin.staff);
        bind_int(stmt, 3, origin.device);
        err = stmt_run(stmt);
    }
    return err;
}

/* The server knows less of our chain than it once acknowledged (restored from a backup): what
 * it lost is sent again from the outbox. */
static enum err fall_back(struct store *s, const struct chain *known)
{
    struct stmt *stmt = NULL;
    enum err err = meta_set_int(s, META_ACKED, (int64_t)known->op_no);
    if (err == ERR_OK)
        err = meta_set_int(s, META_ACKED_HLC, (int64_t)known->hlc);
    /* What was refused is judged again. */
    if (err == ERR_OK)
        err = store_sql(s, SQL_QUARANTINE_DROP, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, s->epoch);
    bind_int(stmt, 2, (int64_t)known->op_no);
    return stmt_run(stmt);
}

/* The server was put back to before what we have released: all that is left goes again. */
static enum err fall_back_to_first(struct store *s)
{
    struct chain before = {0};
    enum err err = first_left(s, &before);
    if (err != ERR_OK || before.op_no == 0 || before.op_no > s->acked)
        return err;
    before.op_no--;
    before.hlc--;
    return fall_back(s, &before);
}

/* Where the pages of this conversation begin. */
static enum err save_cursor(struct store *s, const struct welcome *w)
{
    bool filling = w->filling && w->pull_from < s->pulled;
    enum err err = meta_set_int(s, META_ENTERING, (int64_t)w->grants);
    if (err == ERR_OK)
        err = meta_set_int(s, META_ENTERED, filling ? (int64_t)w->pull_from + 1 : 0);
    if (err != ERR_OK || filling || w->pull_from >= s->pulled)
        return err;
    err = meta_set_int(s, META_PULLED, (int64_t)w->pull_from);
    return err == ERR_OK ? meta_set_int(s, META_WHOLE, 0) : err;
}

/* What was sent under earlier epochs, and was not stable, may be lost: a new epoch will bring
 * it again. */
static enum err doubt_kept(struct store *s)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_KEPT_DOUBT, &stmt);
    return err == ERR_OK ? stmt_run(stmt) : err;
}

/* Who we are, where the disk has lost that (mend.h): what our epoch belongs to. */
static enum err learn_name(struct store *s)
{
    int64_t device = 0;
    struct origin own;
    enum err err = meta_get_int(s, META_DEVICE, &device);
    if (err != ERR_OK || (device != 0 && !id_is_null(&s->staff)))
        return err;
    err = replica_origin(s, s->epoch, &own);
    if (err != ERR_OK)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    err = meta_set_int(s, META_DEVICE, own.device);
    return err == ERR_OK ? meta_set_id(s, META_STAFF, &own.staff) : err;
}

static enum err save_welcome(struct store *s, const struct welcome *w, int64_t skew)
{
    const struct {
        enum meta key;
        int64_t v;
    } ints[] = {{META_SKEW, skew},
                {META_ROLES, w->roles},
                {META_GENERATION, w->generation},
                {META_SERVER_SCHEMA, w->schema}};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof ints / sizeof *ints && err == ERR_OK; i++)
        err = meta_set_int(s, ints[i].key, ints[i].v);
    if (err == ERR_OK && !id_is_null(&w->structure))
        err = meta_set_id(s, META_STRUCTURE, &w->structure);
    if (err == ERR_OK)
        err = meta_set_id(s, META_HISTORY, &w->history);
    if (err == ERR_OK)
        err = save_origins(s, w->origins);
    if (err == ERR_OK)
        err = learn_name(s);
    return err == ERR_OK ? save_cursor(s, w) : err;
}

/* Operations of which a part has left this replica cannot be sent again as they were: their
 * rest goes under a new epoch. Once acknowledged they are counted as unsent ones when the
 * server has lost them, also by a process that died between hearing so and the new epoch. */
static enum err check_cuts(struct store *s, uint64_t known_op, bool *fork)
{
    uint64_t cuts = 0;
    int64_t between[2] = {(int64_t)known_op, (int64_t)s->acked};
    enum err err = store_number(s, SQL_OUTBOX_CUTS, between, 2, &cuts);
    *fork = *fork || cuts > 0;
    return err;
}

enum err replica_welcome(struct store *s, const struct welcome *welcome,
                         struct replica_plan *out)
{
    struct id history = {0};
    int64_t generation = 0;
    enum err err = meta_get_id(s, META_HISTORY, &history);
    if (err == ERR_OK)
        err = meta_get_int(s, META_GENERATION, &generation);
    if (err != ERR_OK)
        return err;
    if (!id_is_null(&history) && !id_eq(&history, &welcome->history))
        return ERR_IDENTITY;
    struct replica_plan plan = {.push_from = welcome->known_op, .op_last = s->own.op_no};
    struct chain known = {0};
    plan.fork = welcome->epoch != s->epoch || welcome->known_op > s->own.op_no || s->mended;
    if (!plan.fork) {
        err = chain_at(s, welcome->known_op, &known);
        plan.fork = err == ERR_NOTFOUND || (err == ERR_OK && known.hash != welcome->known_hash);
        if (err != ERR_OK && err != ERR_NOTFOUND)
            return err;
    }
    bool known_here = !plan.fork;
    err = check_cuts(s, welcome->known_op, &plan.fork);
    if (err == ERR_OK)
        err = store_begin(s);
    if (err != ERR_OK)
        return err;
    err = save_welcome(s, welcome, store_now(s) - welcome->wall_ms);
    /* One operation of this epoch is there: so is what was committed before it began. */
    if (err == ERR_OK && generation != welcome->generation &&
        (plan.fork || welcome->known_op == 0))
        err = doubt_kept(s);
    if (err == ERR_OK && generation != welcome->generation)
        err = sweep_begin(s);
    /* Versions of rights are of the life of a server's database: this one counts them anew. */
    if (err == ERR_OK && generation != welcome->generation)
        err = meta_set_int(s, META_GRANTS, 0);
    if (err == ERR_OK && known_here && welcome->known_op < s->acked)
        err = fall_back(s, &known);
    if (err == ERR_OK && !known_here && generation != welcome->generation)
        err = fall_back_to_first(s);
    uint64_t due = 0;
    if (err == ERR_OK)
        err = store_number(s, SQL_KEPT_DUE, NULL, 0, &due);
    err = store_end(s, err);
    if (err == ERR_OK)
        err = store_reload(s);
    plan.fork = plan.fork || due > 0;
    if (err == ERR_OK)
        *out = plan;
    return err;
}

/* ---- outbox ---- */

/* Is it as it was saved? What the disk did to it would be merged as what somebody wrote. One of
 * which a part has left cannot prove it. */
static bool is_sound(struct str op, uint64_t hash, bool cut)
{
    struct op_head head;
    struct cur changes;
    size_t used = 0;
    return op_read(op, &head, &changes, &used) == ERR_OK && used == op.n &&
           (cut || op_hash(head.prev_hash, op) == hash);
}

enum err replica_push(struct store *s, uint64_t after, struct buf *out, uint64_t *last)
{
    struct stmt *stmt = NULL;
    enum err err = s->mended ? ERR_FORK : store_sql(s, SQL_OUTBOX_AFTER, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)after);
    buf_clear(&s->scratch);
    struct push push = {.epoch = s->epoch, .first_op = after + 1};
    enum step step = STEP_DONE;
    while (s->scratch.n < MESSAGE_PUSH_BYTES && (step = stmt_step(stmt)) == STEP_ROW) {
        if ((uint64_t)col_int(stmt, 0) != after + 1 + push.count) {
            err = ERR_CORRUPT;
            break;
        }
        struct str op = col_blob(stmt, 3);
        if (!is_sound(op, (uint64_t)col_int(stmt, 1), col_int(stmt, 4) != 0)) {
            err = ERR_CORRUPT;
            break;
        }
        buf_add(&s->scratch, op.p, op.n);
        push.count++;
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    if (err != ERR_OK || push.count == 0) {
        *last = after;
        return err;
    }
    struct buf packed = {0};
    push.body = buf_str(&s->scratch);
    push.packed = s->scratch.n >= PACK_FROM_BYTES;
    err = s->scratch.err;
    if (err == ERR_OK && push.packed) {
        err = squeeze_compress(&s->squeeze, push.body, PACK_LEVEL, &packed);
        push.body = buf_str(&packed);
    }
    if (err == ERR_OK) {
        message_push(out, &push);
        err = out->err;
    }
    buf_done(&packed);
    if (err == ERR_OK)
        *last = after + push.count;
    return err;
}

/* ---- verdicts ---- */

/* The server refused one of ours: it waits for a person, and what it wrote leaves the replica.
 */
static enum err refused(struct store *s, uint64_t op_no, enum reason reason)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_OUTBOX_AT, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)op_no);
    struct buf op = {0};
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        struct str bytes = col_blob(stmt, 2);
        buf_add(&op, bytes.p, bytes.n);
    }
    stmt_reset(stmt);
    struct op_head head = {0};
    struct cur changes = {0};
    size_t used = 0;
    if (step == STEP_FAILED)
        err = db_error(s->db);
    else if (step == STEP_DONE)
        err = ERR_CORRUPT;
    else
        err = op.err == ERR_OK ? op_read(buf_str(&op), &head, &changes, &used) : op.err;
    struct quarantined q = {.epoch = s->epoch,
                            .op_no = op_no,
                            .reason = reason,
                            .at_ms = store_now(s),
                            .edit_ms = head.wall_ms,
                            .actor = head.actor,
                            .op = buf_str(&op)};
    if (err == ERR_OK)
        err = quarantine_add(s, &q);
    if (err == ERR_OK)
        err = takeback_op(s, &head, changes);
    buf_done(&op);
    return err;
}

static enum err one_range(struct store *s, const struct verdict_range *range,
                          struct replica_tally *tally)
{
    if (range->to <= s->acked)
        return ERR_OK;
    if (range->from > s->acked + 1 || range->to > s->own.op_no)
        return ERR_PROTOCOL;
    uint64_t from = s->acked + 1;
    int64_t between[2] = {(int64_t)s->acked, (int64_t)range->to};
    uint64_t rows = 0;
    enum err err = store_number(s, SQL_OUTBOX_ROWS, between, 2, &rows);
    tally->pushed += rows;
    if (range->verdict == VERDICT_CONFLICT)
        tally->conflicts += range->to - s->acked;
    if (range->verdict == VERDICT_REFUSED)
        tally->refused += range->to - s->acked;
    for (uint64_t op = from;
         op <= range->to && err == ERR_OK && range->verdict == VERDICT_REFUSED; op++)
        err = refused(s, op, range->reason);
    struct chain at = {0};
    if (err == ERR_OK)
        err = chain_at(s, range->to, &at);
    if (err == ERR_OK)
        err = meta_set_int(s, META_ACKED, (int64_t)range->to);
    if (err == ERR_OK)
        err = meta_set_int(s, META_ACKED_HLC, (int64_t)at.hlc);
    if (err == ERR_OK) {
        s->acked = range->to;
        s->acked_hlc = at.hlc;
        err = leave_judged(s, range->to, range->verdict != VERDICT_REFUSED);
    }
    return err;
}

enum err replica_verdicts(struct store *s, struct verdicts verdicts,
                          struct replica_tally *tally)
{
    if (verdicts.epoch != s->epoch)
        return ERR_PROTOCOL;
    struct replica_tally sum = *tally;
    enum err err = store_begin_soft(s);
    if (err != ERR_OK)
        return err;
    for (uint32_t i = 0; i < verdicts.count && err == ERR_OK; i++) {
        struct verdict_range range = message_range(&verdicts.ranges);
        err = verdicts.ranges.bad ? ERR_PROTOCOL : one_range(s, &range, &sum);
    }
    err = store_end(s, err);
    if (err == ERR_OK)
        *tally = sum;
    return err;
}

static enum err release(struct store *s, uint64_t through)
{
    struct chain at = {0};
    struct stmt *stmt = NULL;
    enum err err = chain_at(s, through, &at);
    if (err == ERR_NOTFOUND)
        return ERR_OK;
    if (err == ERR_OK)
        err = meta_set_int(s, META_RELEASED, (int64_t)through);
    if (err == ERR_OK)
        err = meta_set_int(s, META_RELEASED_HASH, (int64_t)at.hash);
    if (err == ERR_OK)
        err = meta_set_int(s, META_OP_LAST, (int64_t)s->own.op_no);
    if (err == ERR_OK)
        err = meta_set_int(s, META_OP_HASH, (int64_t)s->own.hash);
    if (err == ERR_OK)
        err = meta_set_int(s, META_OP_HLC, (int64_t)s->own.hlc);
    if (err == ERR_OK)
        err = store_sql(s, SQL_OUTBOX_RELEASE, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)through);
    return stmt_run(stmt);
}

enum err replica_stable(struct store *s, uint64_t stable_op)
{
    int64_t released = 0;
    enum err err = meta_get_int(s, META_RELEASED, &released);
    uint64_t through = stable_op < s->acked ? stable_op : s->acked;
    if (err != ERR_OK || through <= (uint64_t)released)
        return err;
    err = store_begin_soft(s);
    return err == ERR_OK ? store_end(s, release(s, through)) : err;
}

/* ---- for people ---- */

enum err replica_origin(struct store *s, uint32_t epoch, struct origin *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ORIGIN_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, epoch);
    struct origin origin = {.epoch = epoch};
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        err = col_id(stmt, 0, &origin.staff) ? ERR_OK : ERR_CORRUPT;
        origin.device = (uint32_t)col_int(stmt, 1);
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    if (step == STEP_DONE)
        return ERR_NOTFOUND;
    if (err == ERR_OK)
        *out = origin;
    return err;
}
