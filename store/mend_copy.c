/* SPDX-License-Identifier: Apache-2.0 */
/* Around a page that does not read: after an error the walk goes on behind it. */
#include "store/mend_inside.h"

#include "store/rows.h"

enum { PROBES_MAX = 1024, OP_PROBES_MAX = 128 * 1024 };

/* What is done with each row of a walk; columns from 0. */
typedef enum err on_number(struct mend *m, void *ctx, struct stmt *row);

/* A walk over one table by its number of rows. */
struct walk {
    struct mend *m;
    struct db *from;
    on_number *take;
    void *ctx;
    int64_t after;   /* the last number seen, or passed over */
    int64_t through; /* the last to be seen */
    bool torn;       /* some of it did not read */
};

static enum err walk_on(struct walk *w, struct stmt *stmt, bool *end)
{
    enum err err = ERR_OK;
    enum step step = STEP_DONE;
    bind_int(stmt, 1, w->after);
    bind_int(stmt, 2, w->through);
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        w->after = col_int(stmt, 0);
        err = w->take(w->m, w->ctx, stmt);
    }
    enum err failed = step == STEP_FAILED ? db_error(w->from) : ERR_OK;
    stmt_reset(stmt);
    *end = step == STEP_DONE;
    return err == ERR_OK && failed == ERR_NOMEM ? failed : err;
}

/* The first column of the query is the number; ?1 and ?2 are its bounds. Behind a page that
 * does not read every number is tried, for a while; then fewer and fewer. */
static enum err walk(struct walk *w, const char *sql, uint32_t probes)
{
    struct stmt *stmt = NULL;
    uint32_t failures = 0;
    int64_t stride = 1;
    bool end = false;
    enum err err = db_prepare(w->from, sql, &stmt);
    if (err != ERR_OK) { /* there is no such table */
        w->torn = true;
        return err == ERR_NOMEM ? err : ERR_OK;
    }
    while (err == ERR_OK && !end) {
        int64_t before = w->after;
        err = walk_on(w, stmt, &end);
        if (err != ERR_OK || end)
            break;
        w->torn = true;
        failures = w->after == before ? failures + 1 : 1;
        stride = failures < probes ? 1 : stride * 2;
        end = stride > w->through - w->after;
        w->after += end ? 0 : stride;
    }
    stmt_free(stmt);
    return err;
}

/* ---- service tables ---- */

static enum err take_meta(struct mend *m, void *ctx, struct stmt *row)
{
    (void)ctx;
    struct value v = col_value(row, 1);
    return mend_take_meta(m, col_int(row, 0), &v);
}

struct shape {
    size_t columns;
    enum err (*take)(struct mend *m, const struct value *cols, size_t count);
};

static enum err take_record(struct mend *m, void *ctx, struct stmt *row)
{
    const struct shape *shape = ctx;
    struct value cols[MEND_COLUMNS_MAX];
    for (size_t i = 0; i < shape->columns; i++)
        cols[i] = col_value(row, (int)i + 1);
    return shape->take(m, cols, shape->columns);
}

static enum err walk_records(struct mend *m, struct db *from, const char *sql, size_t columns,
                             enum err (*take)(struct mend *, const struct value *, size_t),
                             int64_t after, int64_t through, uint32_t probes, bool *torn)
{
    struct shape shape = {columns, take};
    struct walk w = {.m = m,
                     .from = from,
                     .take = take_record,
                     .ctx = &shape,
                     .after = after,
                     .through = through};
    enum err err = walk(&w, sql, probes);
    *torn = w.torn;
    m->torn = m->torn || w.torn;
    return err;
}

static enum err copy_outbox(struct mend *m, struct db *from)
{
    static const char sql[] = "SELECT op_no,op_no,hash,hlc,n,op,cut FROM outbox WHERE op_no>?1 "
                              "AND op_no<=?2 ORDER BY op_no";
    bool torn = false;
    enum err err =
        walk_records(m, from, sql, 6, mend_take_op, 0, INT64_MAX, OP_PROBES_MAX, &torn);
    return err == ERR_OK ? walk_records(m, from, sql, 6, mend_take_op, -(INT64_C(1) << 62) - 1,
                                        -1, PROBES_MAX, &torn)
                         : err;
}

static enum err copy_quarantine(struct mend *m, struct db *from)
{
    bool torn = false;
    return walk_records(m, from,
                        "SELECT rowid,epoch,op_no,reason,at_ms,actor,op,edit_ms,hlc,state,"
                        "closed_ms,closed_by,note FROM quarantine NOT INDEXED WHERE rowid>?1 "
                        "AND rowid<=?2 ORDER BY rowid",
                        12, mend_take_refused, 0, INT64_MAX, PROBES_MAX, &torn);
}

/* Also names of rows that have left (quarantine_is_cut), which no operation has any more. */
static enum err copy_names(struct mend *m, struct db *from)
{
    struct stmt *list = NULL;
    struct stmt *add = NULL;
    enum err err = store_sql(m->s, SQL_QUARANTINE_ROW_ADD, &add);
    if (err != ERR_OK)
        return err;
    if (db_prepare(from, "SELECT tab,id,epoch,op_no FROM quarantine_row", &list) != ERR_OK)
        return ERR_OK;
    while (err == ERR_OK && stmt_step(list) == STEP_ROW) {
        for (int i = 0; i < 4; i++) {
            struct value v = col_value(list, i);
            bind_value(add, i + 1, &v);
        }
        err = stmt_run(add);
        if (err == ERR_EXISTS) /* of an operation that did not read */
            err = ERR_OK;
    }
    stmt_free(list);
    return err;
}

static enum err copy_service(struct mend *m, struct db *from)
{
    struct walk meta = {
        .m = m, .from = from, .take = take_meta, .after = 0, .through = META_LAST};
    enum err err =
        walk(&meta, "SELECT k,v FROM meta WHERE k>?1 AND k<=?2 ORDER BY k", PROBES_MAX);
    if (err == ERR_OK)
        err = walk_records(m, from,
                           "SELECT epoch,epoch,staff,device FROM origin WHERE epoch>?1 AND "
                           "epoch<=?2 ORDER BY epoch",
                           3, mend_take_origin, 0, UINT32_MAX, PROBES_MAX, &m->origins_torn);
    if (err == ERR_OK)
        err = copy_outbox(m, from);
    if (err == ERR_OK)
        err = copy_quarantine(m, from);
    return err == ERR_OK ? copy_names(m, from) : err;
}

/* ---- rows ---- */

/* Rows of one table, each as it lies; or history. */
struct rows_copy {
    const struct table *table; /* NULL: history */
    struct stmt *insert;
    int columns;
};

/* Does it read as a row of ours? */
static enum err check_row(struct mend *m, const struct table *table, int64_t rid, bool *reads)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_at(m->s, table, rid, &arena, row);
    *reads = err == ERR_OK;
    arena_done(&arena);
    bool bad = err == ERR_NOTFOUND || (err == ERR_CORRUPT && db_health(m->s->db) == ERR_OK);
    return bad ? ERR_OK : err;
}

static enum err take_row(struct mend *m, void *ctx, struct stmt *row)
{
    struct rows_copy *copy = ctx;
    bool reads = true;
    for (int i = 0; i < copy->columns; i++) {
        struct value v = col_value(row, i + 1);
        bind_value(copy->insert, i + 1, &v);
    }
    enum err err = stmt_run(copy->insert);
    if (err == ERR_EXISTS) { /* not what the table takes */
        m->rows_torn = true;
        return ERR_OK;
    }
    if (err != ERR_OK || copy->table == NULL)
        return err;
    int64_t rid = col_int(row, 0);
    err = check_row(m, copy->table, rid, &reads);
    m->report->rows += reads ? 1 : 0;
    m->rows_torn = m->rows_torn || !reads;
    return err == ERR_OK && !reads ? rows_purge(m->s, copy->table, rid) : err;
}

/* The columns both have, with a comma between; 0: there are none. */
static enum err shared_columns(struct mend *m, struct db *from, const char *name,
                               struct buf *out, int *count)
{
    struct stmt *ours = NULL;
    struct stmt *theirs = NULL;
    *count = 0;
    if (db_prepare(from, "SELECT 1 FROM pragma_table_info(?1) WHERE name=?2", &theirs) !=
        ERR_OK)
        return ERR_OK;
    enum err err =
        db_prepare(m->s->db, "SELECT name FROM pragma_table_info(?1) ORDER BY cid", &ours);
    if (err == ERR_OK) {
        bind_text(ours, 1, str_of(name));
        while (stmt_step(ours) == STEP_ROW) {
            struct str column = col_text(ours, 0);
            bind_text(theirs, 1, str_of(name));
            bind_text(theirs, 2, column);
            if (stmt_step(theirs) == STEP_ROW)
                buf_printf(out, "%s\"%.*s\"", (*count)++ == 0 ? "" : ",", (int)column.n,
                           column.p);
            stmt_reset(theirs);
        }
        err = out->err;
    }
    stmt_free(ours);
    stmt_free(theirs);
    return err;
}

static enum err copy_rows(struct mend *m, struct db *from, const struct table *table,
                          const char *name, const char *key)
{
    struct rows_copy copy = {.table = table};
    struct walk w = {
        .m = m, .from = from, .take = take_row, .ctx = &copy, .through = INT64_MAX};
    struct buf columns = {0};
    struct buf sql = {0};
    enum err err = shared_columns(m, from, name, &columns, &copy.columns);
    if (err == ERR_OK && copy.columns > 0) {
        buf_printf(&sql, "INSERT OR IGNORE INTO %s(%.*s) VALUES(?1", name, (int)columns.n,
                   (const char *)columns.p);
        for (int i = 1; i < copy.columns; i++)
            buf_printf(&sql, ",?%d", i + 1);
        buf_text(&sql, ")");
        buf_u8(&sql, 0);
        err = sql.err == ERR_OK ? db_prepare(m->s->db, (const char *)sql.p, &copy.insert)
                                : sql.err;
    }
    if (err == ERR_OK && copy.columns > 0) {
        buf_clear(&sql);
        buf_printf(&sql,
                   "SELECT %s,%.*s FROM %s NOT INDEXED WHERE %s>?1 AND %s<=?2 ORDER BY %s", key,
                   (int)columns.n, (const char *)columns.p, name, key, key, key);
        buf_u8(&sql, 0);
        err = sql.err == ERR_OK ? walk(&w, (const char *)sql.p, PROBES_MAX) : sql.err;
    }
    m->rows_torn = m->rows_torn || copy.columns == 0 || w.torn;
    stmt_free(copy.insert);
    buf_done(&columns);
    buf_done(&sql);
    return err;
}

/* A number may be given again: no history of a row that is not there. */
static enum err drop_history(struct mend *m, const struct table *table)
{
    struct buf sql = {0};
    buf_printf(&sql,
               "DELETE FROM history WHERE tab=%u AND NOT EXISTS (SELECT 1 FROM t_%s r WHERE "
               "r._rid=history.rid)",
               table->id, table->name);
    buf_u8(&sql, 0);
    enum err err = sql.err == ERR_OK ? db_exec(m->s->db, (const char *)sql.p) : sql.err;
    buf_done(&sql);
    return err;
}

enum err mend_copy(struct mend *m, struct db *from)
{
    const struct schema *schema = m->s->env.schema;
    enum err err = copy_service(m, from);
    if (err == ERR_OK)
        err = copy_rows(m, from, NULL, "history", "hid");
    for (uint16_t i = 0; i < schema->table_count && err == ERR_OK; i++) {
        struct buf name = {0};
        buf_printf(&name, "t_%s", schema->tables[i].name);
        buf_u8(&name, 0);
        err = name.err == ERR_OK
                  ? copy_rows(m, from, &schema->tables[i], (const char *)name.p, "_rid")
                  : name.err;
        buf_done(&name);
        if (err == ERR_OK)
            err = drop_history(m, &schema->tables[i]);
    }
    return err;
}
