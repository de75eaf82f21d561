/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "store/content.h"
#include "store/duplicates.h"
#include "store/inside.h"
#include "store/rows.h"

static const char *const sql_texts[SQL_COUNT] = {
#define X(name, text) text,
    SQL_LIST(X)
#undef X
};

enum err store_sql(struct store *s, enum sql sql, struct stmt **out)
{
    if (s->fixed[sql] == NULL) {
        enum err err = db_prepare(s->db, sql_texts[sql], &s->fixed[sql]);
        if (err != ERR_OK)
            return err;
    }
    *out = s->fixed[sql];
    return ERR_OK;
}

uint16_t store_table_index(const struct store *s, const struct table *table)
{
    return (uint16_t)(table - s->env.schema->tables);
}

enum err store_row_sql(struct store *s, uint16_t index, enum row_sql which, struct stmt **out)
{
    struct stmt **slot = &s->rows[index][which];
    if (*slot == NULL) {
        struct buf sql = {0};
        ddl_row_sql(&s->env.schema->tables[index], which, &sql);
        buf_u8(&sql, 0);
        enum err err =
            sql.err == ERR_OK ? db_prepare(s->db, (const char *)sql.p, slot) : sql.err;
        buf_done(&sql);
        if (err != ERR_OK)
            return err;
    }
    *out = *slot;
    return ERR_OK;
}

enum err store_table_sql(struct store *s, const char *before, const struct table *table,
                         const char *after, struct stmt **out)
{
    struct buf sql = {0};
    buf_printf(&sql, "%s t_%s %s", before, table->name, after);
    buf_u8(&sql, 0);
    enum err err = sql.err == ERR_OK ? db_prepare(s->db, (const char *)sql.p, out) : sql.err;
    buf_done(&sql);
    return err;
}

enum err store_number(struct store *s, enum sql sql, const int64_t *params, int count,
                      uint64_t *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, sql, &stmt);
    if (err != ERR_OK)
        return err;
    for (int i = 0; i < count; i++)
        bind_int(stmt, i + 1, params[i]);
    enum step step = stmt_step(stmt);
    if (step != STEP_FAILED)
        *out = step == STEP_ROW ? (uint64_t)col_int(stmt, 0) : 0;
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

/* One value of meta; the statement is left on its row, or reset when there is none. */
static enum err meta_find(struct store *s, enum meta key, struct stmt **out)
{
    enum err err = store_sql(s, SQL_META_GET, out);
    if (err != ERR_OK)
        return err;
    bind_int(*out, 1, key);
    enum step step = stmt_step(*out);
    if (step == STEP_ROW)
        return ERR_OK;
    stmt_reset(*out);
    return step == STEP_DONE ? ERR_NOTFOUND : db_error(s->db);
}

enum err meta_get_int(struct store *s, enum meta key, int64_t *out)
{
    struct stmt *stmt = NULL;
    enum err err = meta_find(s, key, &stmt);
    if (err == ERR_NOTFOUND) {
        *out = 0;
        return ERR_OK;
    }
    if (err == ERR_OK) {
        *out = col_int(stmt, 0);
        stmt_reset(stmt);
    }
    return err;
}

enum err meta_get_id(struct store *s, enum meta key, struct id *out)
{
    struct stmt *stmt = NULL;
    enum err err = meta_find(s, key, &stmt);
    struct id id = {0};
    if (err == ERR_OK) {
        if (!col_id(stmt, 0, &id))
            err = ERR_CORRUPT;
        stmt_reset(stmt);
    }
    if (err == ERR_OK || err == ERR_NOTFOUND)
        *out = id;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err meta_get_text(struct store *s, enum meta key, struct buf *out)
{
    struct stmt *stmt = NULL;
    enum err err = meta_find(s, key, &stmt);
    if (err == ERR_NOTFOUND)
        return ERR_OK;
    if (err == ERR_OK) {
        struct str text = col_text(stmt, 0);
        buf_add(out, text.p, text.n);
        stmt_reset(stmt);
        err = out->err;
    }
    return err;
}

static enum err meta_set(struct store *s, enum meta key, const struct value *v)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_META_SET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, key);
    bind_value(stmt, 2, v);
    return stmt_run(stmt);
}

enum err meta_set_int(struct store *s, enum meta key, int64_t v)
{
    struct value value = value_int(v);
    return meta_set(s, key, &value);
}

enum err meta_set_id(struct store *s, enum meta key, const struct id *id)
{
    struct value value = value_id(id);
    return meta_set(s, key, &value);
}

enum err meta_set_text(struct store *s, enum meta key, struct str text)
{
    struct value value = value_text(text);
    return meta_set(s, key, &value);
}

/* Own chain: from the newest operation of the outbox, or what was noted when it was emptied. */
static enum err load_chain(struct store *s)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_OUTBOX_LAST, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        s->own = (struct chain){(uint64_t)col_int(stmt, 0), (uint64_t)col_int(stmt, 1),
                                (hlc_t)col_int(stmt, 2)};
    stmt_reset(stmt);
    if (step != STEP_DONE)
        return step == STEP_ROW ? ERR_OK : db_error(s->db);
    int64_t v[3] = {0};
    const enum meta keys[3] = {META_OP_LAST, META_OP_HASH, META_OP_HLC};
    for (int i = 0; i < 3 && err == ERR_OK; i++)
        err = meta_get_int(s, keys[i], &v[i]);
    if (err == ERR_OK)
        s->own = (struct chain){(uint64_t)v[0], (uint64_t)v[1], (hlc_t)v[2]};
    return err;
}

enum err store_reload(struct store *s)
{
    enum {
        HLC,
        ACKED,
        ACKED_HLC,
        PULLED,
        EPOCH,
        ROLES,
        SEQ,
        COMMIT,
        RIGHTS,
        DAY,
        ENTERED,
        ERASING,
        ERASED_LAST,
        FEED_OF,
        MENDED,
        COUNT
    };
    static const enum meta keys[COUNT] = {
        META_HLC,     META_ACKED,   META_ACKED_HLC,   META_PULLED,  META_EPOCH,
        META_ROLES,   META_SEQ,     META_COMMIT,      META_RIGHTS,  META_RIGHTS_DAY,
        META_ENTERED, META_ERASING, META_ERASED_LAST, META_FEED_OF, META_MENDED};
    int64_t v[COUNT] = {0};
    enum err err = ERR_OK;
    for (int i = 0; i < COUNT && err == ERR_OK; i++)
        err = meta_get_int(s, keys[i], &v[i]);
    struct id staff = {0};
    struct id structure = {0};
    if (err == ERR_OK)
        err = meta_get_id(s, META_STAFF, &staff);
    if (err == ERR_OK)
        err = meta_get_id(s, META_STRUCTURE, &structure);
    if (err == ERR_OK)
        err = load_chain(s);
    if (err != ERR_OK)
        return err;
    s->clock.last = (hlc_t)v[HLC] > s->own.hlc ? (hlc_t)v[HLC] : s->own.hlc;
    s->acked = (uint64_t)v[ACKED];
    s->acked_hlc = (hlc_t)v[ACKED_HLC];
    s->pulled = (uint64_t)v[PULLED];
    s->entered = v[ENTERED] > 0 ? (uint64_t)v[ENTERED] - 1 : UINT64_MAX;
    s->epoch = (uint32_t)v[EPOCH];
    s->roles = (uint8_t)v[ROLES];
    s->seq = (uint64_t)v[SEQ];
    s->chain_commit = (uint64_t)v[COMMIT];
    s->rights = (uint64_t)v[RIGHTS];
    s->rights_day = (int32_t)v[DAY];
    s->rights_touched = false;
    buf_clear(&s->digests);
    s->erasing = v[ERASING] != 0;
    s->erased_last = (uint64_t)v[ERASED_LAST];
    s->feed_of = (uint64_t)v[FEED_OF];
    s->mended = v[MENDED] != 0;
    s->staff = staff;
    s->structure = structure;
    refs_forget(s);
    s->marks_known = false;
    return s->env.side == STORE_CLIENT ? compare_reload(s) : ERR_OK;
}

static enum err refresh(struct store *s)
{
    enum err err = s->stale ? store_reload(s) : ERR_OK;
    s->stale = s->stale && err != ERR_OK;
    return err;
}

enum err store_begin(struct store *s)
{
    enum err err = refresh(s);
    return err == ERR_OK ? db_begin(s->db) : err;
}

enum err store_begin_soft(struct store *s)
{
    enum err err = refresh(s);
    return err == ERR_OK ? db_begin_soft(s->db) : err;
}

enum err store_end(struct store *s, enum err err)
{
    if (err == ERR_OK)
        err = db_commit(s->db);
    else
        db_rollback(s->db);
    /* The first error is what the caller must hear. */
    if (err != ERR_OK && db_health(s->db) == ERR_OK)
        s->stale = store_reload(s) != ERR_OK;
    return err;
}

void store_forget(struct store *s)
{
    if (db_in_tx(s->db))
        db_rollback(s->db);
    if (db_health(s->db) == ERR_OK)
        s->stale = store_reload(s) != ERR_OK;
}

enum err store_lists(struct store *s)
{
    int64_t listed = 0;
    int64_t complete = 0;
    enum err err = meta_get_int(s, META_LISTED, &listed);
    if (err == ERR_OK && listed == 0)
        err = meta_get_int(s, META_COMPLETE, &complete);
    if (err != ERR_OK || listed != 0 || complete == 0)
        return err;
    int64_t bytes = 0;
    int64_t free_bytes = 0;
    err = db_size(s->db, &bytes, &free_bytes);
    if (err != ERR_OK || bytes - free_bytes < STORE_LISTS_BYTES)
        return err;
    err = store_begin(s);
    return err == ERR_OK ? store_end(s, ddl_lists(s)) : err;
}

enum err store_open(const struct store_env *env, struct store **out, struct note *why)
{
    struct store *s = mem_new(sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->env = *env;
    enum err err = ERR_OK;
    s->rows = mem_array(env->schema->table_count, sizeof *s->rows);
    s->refs = mem_array(REF_CACHE_SLOTS, sizeof *s->refs);
    s->fresh = mem_new(sizeof *s->fresh);
    s->marks = mem_array(env->schema->table_count, sizeof *s->marks);
    if (s->rows == NULL || s->refs == NULL || s->fresh == NULL || s->marks == NULL)
        err = ERR_NOMEM;
    if (err == ERR_OK)
        err = db_open(env->path, env->vfs, &s->db, why);
    if (err == ERR_OK)
        err = ddl_migrate(s, why);
    if (err == ERR_OK)
        err = store_reload(s);
    if (err != ERR_OK) {
        store_close(s);
        return err;
    }
    *out = s;
    return ERR_OK;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    content_close(s->content);
    db_close(s->db);
    squeeze_done(&s->squeeze);
    buf_done(&s->told);
    buf_done(&s->told_packed);
    buf_done(&s->trail);
    buf_done(&s->scratch);
    buf_done(&s->digests);
    buf_done(&s->row_bytes);
    buf_done(&s->recent);
    buf_done(&s->recent_bytes);
    buf_done(&s->touched.staff);
    buf_done(&s->touched.dossiers);
    mem_free(s->rows);
    mem_free(s->refs);
    mem_free(s->fresh);
    mem_free(s->marks);
    mem_free(s);
}

const struct schema *store_schema(const struct store *s)
{
    return s->env.schema;
}

enum store_side store_side(const struct store *s)
{
    return s->env.side;
}

enum err store_health(const struct store *s)
{
    return db_health(s->db);
}

int64_t store_now(struct store *s)
{
    return s->env.wall_ms(s->env.ctx);
}

uint64_t store_last_op(const struct store *s)
{
    return s->own.op_no;
}

struct id store_new_id(struct store *s)
{
    uint8_t random[10];
    s->env.random(s->env.ctx, random, sizeof random);
    return id_next(&s->ids, store_now(s), random);
}

enum err store_status(struct store *s, struct store_status *out)
{
    enum { DEVICE, SYNC, SKEW, COMPLETE, GENERATION, COUNT };
    static const enum meta keys[COUNT] = {META_DEVICE, META_LAST_SYNC, META_SKEW, META_COMPLETE,
                                          META_GENERATION};
    int64_t v[COUNT] = {0};
    enum err err = ERR_OK;
    for (int i = 0; i < COUNT && err == ERR_OK; i++)
        err = meta_get_int(s, keys[i], &v[i]);
    struct store_status status = {.epoch = s->epoch,
                                  .staff = s->staff,
                                  .structure = s->structure,
                                  .roles = s->roles,
                                  .op_last = s->own.op_no,
                                  .acked_through = s->acked,
                                  .pulled_through = s->pulled};
    if (err == ERR_OK)
        err = meta_get_id(s, META_HISTORY, &status.history);
    int64_t unsent[2] = {(int64_t)s->acked, (int64_t)s->own.op_no};
    if (err == ERR_OK)
        err = store_number(s, SQL_OUTBOX_ROWS, unsent, 2, &status.unsent);
    if (err == ERR_OK)
        err = store_number(s, SQL_CONFLICTS_OPEN, NULL, 0, &status.conflicts);
    if (err == ERR_OK)
        err = store_number(s, SQL_QUARANTINE_COUNT, NULL, 0, &status.quarantined);
    if (err == ERR_OK)
        err = duplicates_waiting(s, &status.duplicates);
    if (err != ERR_OK)
        return err;
    status.device = (uint32_t)v[DEVICE];
    status.enrolled = status.device != 0;
    status.last_sync_ms = v[SYNC];
    status.skew_ms = v[SKEW];
    status.complete = v[COMPLETE] != 0;
    status.generation = (uint32_t)v[GENERATION];
    *out = status;
    return ERR_OK;
}

static enum err write_identity(struct store *s, const struct store_identity *identity)
{
    const struct {
        enum meta key;
        int64_t v;
    } ints[] = {{META_DEVICE, identity->device},
                {META_EPOCH, identity->epoch},
                {META_ROLES, identity->roles},
                {META_GENERATION, identity->generation}};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof ints / sizeof *ints && err == ERR_OK; i++)
        err = meta_set_int(s, ints[i].key, ints[i].v);
    if (err == ERR_OK)
        err = meta_set_id(s, META_STAFF, &identity->staff);
    if (err == ERR_OK)
        err = meta_set_id(s, META_STRUCTURE, &identity->structure);
    if (err == ERR_OK)
        err = meta_set_id(s, META_HISTORY, &identity->history);
    return err;
}

enum err store_enrol(struct store *s, const struct store_identity *identity)
{
    int64_t device = 0;
    enum err err = meta_get_int(s, META_DEVICE, &device);
    if (err != ERR_OK)
        return err;
    if (device != 0)
        return ERR_EXISTS;
    err = store_begin(s);
    if (err == ERR_OK)
        err = store_end(s, write_identity(s, identity));
    return err == ERR_OK ? store_reload(s) : err;
}
