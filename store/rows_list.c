/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of rows: which, in what order, which part of them. */
#include "store/inside.h"
#include "store/rows.h"
#include "store/search.h"
#include "store/sorted.h"

/* Columns by name: one added later stands last in the file, not in the declaration. */
static enum err select_rows(struct store *s, const struct table *table, const char *where,
                            struct stmt **out)
{
    struct buf sql = {0};
    ddl_select(table, where, &sql);
    buf_u8(&sql, 0);
    enum err err = sql.err == ERR_OK ? db_prepare(s->db, (const char *)sql.p, out) : sql.err;
    buf_done(&sql);
    return err;
}

/* Frees the statement. */
static enum err each_row(struct store *s, const struct table *table, struct stmt *stmt,
                         rows_on_row *on_row, void *ctx)
{
    struct row row;
    enum err err = ERR_OK;
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        err = rows_read(stmt, table, NULL, &row);
        if (err == ERR_OK)
            err = on_row(ctx, &row);
    }
    stmt_free(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

enum err rows_list(struct store *s, const struct table *table, const struct filter *filters,
                   size_t count, bool deleted, uint64_t limit, rows_on_row *on_row, void *ctx)
{
    return rows_list_after(s, table, filters, count, deleted, 0, limit, on_row, ctx);
}

static bool is_first_of_field(const struct filter *filters, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (filters[i].field == filters[at].field)
            return false;
    return true;
}

/* Or no live row is where the tie leads, and this is the first of those tied to that place. */
static void standing_sql(const struct table *table, const char *name, struct buf *where)
{
    buf_printf(where,
               " OR NOT EXISTS(SELECT 1 FROM t_%s o WHERE o._del=0 AND (o._id=t_%s.\"%s\" OR "
               "(o.\"%s\"=t_%s.\"%s\" AND o._id<t_%s._id)))",
               table->name, table->name, name, name, table->name, name, table->name);
}

/* "field" is one of the values filters give for it; in words that find an index of what is not
 * empty. */
static void values_sql(const struct filter *filters, size_t at, size_t count, struct buf *where)
{
    const char *name = filters[at].field->name;
    size_t values = 0;
    bool empty = false;
    for (size_t i = at; i < count; i++) {
        if (filters[i].field != filters[at].field)
            continue;
        if (filters[i].value.type == VALUE_NULL)
            empty = true;
        else if (values++ == 0)
            buf_printf(where, "\"%s\" IN (?%zu", name, i + 1);
        else
            buf_printf(where, ",?%zu", i + 1);
    }
    buf_text(where, values > 0 ? ")" : "");
    if (empty)
        buf_printf(where, "%s\"%s\" IS NULL", values > 0 ? " OR " : "", name);
}

/* " AND (…)" for each field; the n-th filter's value is bound as ?n. */
static void filter_sql(const struct table *table, const struct filter *filters, size_t count,
                       struct buf *where)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_first_of_field(filters, i))
            continue;
        buf_text(where, " AND (");
        values_sql(filters, i, count, where);
        if (filters[i].field->tie == TIE_MERGED && filters[i].value.type == VALUE_NULL)
            standing_sql(table, filters[i].field->name, where);
        buf_u8(where, ')');
    }
}

static void bind_filters(struct stmt *stmt, const struct filter *filters, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bind_value(stmt, (int)i + 1, &filters[i].value);
}

enum err rows_list_after(struct store *s, const struct table *table,
                         const struct filter *filters, size_t count, bool deleted,
                         int64_t after, uint64_t limit, rows_on_row *on_row, void *ctx)
{
    struct buf where = {0};
    buf_printf(&where, "WHERE _del=%d AND _rid>%lld", deleted ? 1 : 0, (long long)after);
    filter_sql(table, filters, count, &where);
    buf_text(&where, " ORDER BY _rid");
    if (limit > 0)
        buf_printf(&where, " LIMIT %llu", (unsigned long long)limit);
    buf_u8(&where, 0);
    struct stmt *stmt = NULL;
    enum err err = where.err;
    if (err == ERR_OK)
        err = select_rows(s, table, (const char *)where.p, &stmt);
    buf_done(&where);
    if (err != ERR_OK)
        return err;
    bind_filters(stmt, filters, count);
    return each_row(s, table, stmt, on_row, ctx);
}

/* Most tables of a replica are empty; to see that costs a tenth of preparing to read them. */
static enum err is_empty(struct store *s, const struct table *table, bool *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_table_sql(s, "SELECT 1 FROM", table, "LIMIT 1", &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = stmt_step(stmt);
    *out = step == STEP_DONE;
    stmt_free(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

enum err rows_between(struct store *s, const struct table *table, const struct field *field,
                      int64_t from, int64_t to, rows_on_row *on_row, void *ctx)
{
    struct buf where = {0};
    struct stmt *stmt = NULL;
    /* Two comparisons, from which the engine knows that the field is not empty. */
    buf_printf(&where, "WHERE _del=0 AND \"%s\">=?1 AND \"%s\"<=?2 ORDER BY \"%s\",_rid",
               field->name, field->name, field->name);
    buf_u8(&where, 0);
    enum err err = where.err;
    if (err == ERR_OK)
        err = select_rows(s, table, (const char *)where.p, &stmt);
    buf_done(&where);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, from);
    bind_int(stmt, 2, to);
    return each_row(s, table, stmt, on_row, ctx);
}

enum err rows_after(struct store *s, const struct table *table, int64_t after, uint64_t limit,
                    rows_on_row *on_row, void *ctx)
{
    struct stmt *stmt = NULL;
    enum err err = select_rows(s, table, "WHERE _rid>?1 ORDER BY _rid LIMIT ?2", &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, after);
    bind_int(stmt, 2, (int64_t)limit);
    return each_row(s, table, stmt, on_row, ctx);
}

enum err rows_all(struct store *s, const struct table *table, rows_on_row *on_row, void *ctx)
{
    struct stmt *stmt = NULL;
    bool empty = false;
    enum err err = is_empty(s, table, &empty);
    if (err == ERR_OK && !empty)
        err = select_rows(s, table, "ORDER BY _rid", &stmt);
    return err == ERR_OK && !empty ? each_row(s, table, stmt, on_row, ctx) : err;
}

enum err rows_tail(struct store *s, const struct table *table, const struct filter *filters,
                   size_t count, uint64_t n, uint64_t *total, int64_t *after)
{
    struct buf where = {0};
    buf_text(&where, "WHERE _del=0");
    filter_sql(table, filters, count, &where);
    buf_text(&where, " ORDER BY _rid DESC");
    buf_u8(&where, 0);
    struct stmt *stmt = NULL;
    enum err err = where.err;
    if (err == ERR_OK)
        err = store_table_sql(s, "SELECT _rid FROM", table, (const char *)where.p, &stmt);
    buf_done(&where);
    if (err != ERR_OK)
        return err;
    bind_filters(stmt, filters, count);
    uint64_t rows = 0;
    enum step step = STEP_DONE;
    *after = 0;
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        if (rows++ == n)
            *after = col_int(stmt, 0);
    }
    stmt_free(stmt);
    *total = rows;
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

enum err rows_count(struct store *s, const struct table *table, uint64_t *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_table_sql(s, "SELECT count(*) FROM", table, "WHERE _del=0", &stmt);
    if (err != ERR_OK)
        return err;
    if (stmt_step(stmt) == STEP_ROW)
        *out = (uint64_t)col_int(stmt, 0);
    else
        err = db_error(s->db);
    stmt_free(stmt);
    return err;
}

/* ---- one page of a list ---- */

static void where_sql(const struct table *table, const struct rows_pick *pick, struct buf *out)
{
    /* likely(): few are deleted, else the engine expects an index with _del to spare it rows.
     */
    buf_text(out, pick->deleted ? "WHERE _del=1" : "WHERE likely(_del=0)");
    filter_sql(table, pick->filters, pick->count, out);
    for (size_t i = 0; i < pick->ranges_n; i++)
        buf_printf(out, " AND \"%s\"%s%lld", pick->ranges[i].field->name,
                   pick->ranges[i].from ? ">=" : "<=", (long long)pick->ranges[i].value);
    int64_t place = search_place(table);
    if (pick->match.n > 0)
        buf_printf(out,
                   " AND _rid IN (SELECT rowid-%lld FROM word WHERE word MATCH ?%zu AND "
                   "rowid>=%lld AND rowid<%lld)",
                   (long long)place, pick->count + 1, (long long)place,
                   (long long)search_place_end(table));
}

static void order_sql(const struct table *table, const struct rows_pick *pick, struct buf *out)
{
    bool sorted = pick->by != NULL || pick->by_title;
    buf_text(out, " ORDER BY ");
    size_t start = out->n;
    sorted_keys(table, pick, pick->descending, out);
    buf_printf(out, ",_rid%s", sorted && pick->descending ? " DESC" : "");
    if (out->err == ERR_OK)
        out->p[start] = ' '; /* in place of the first comma */
}

static enum err prepare_pick(struct store *s, const struct table *table, const char *columns,
                             const struct rows_pick *pick, bool page, struct stmt **out)
{
    struct buf rest = {0};
    where_sql(table, pick, &rest);
    if (page) {
        order_sql(table, pick, &rest);
        buf_printf(&rest, " LIMIT %llu OFFSET %llu", (unsigned long long)pick->limit,
                   (unsigned long long)pick->offset);
    }
    buf_u8(&rest, 0);
    enum err err = rest.err;
    if (err == ERR_OK)
        err = store_table_sql(s, columns, table, (const char *)rest.p, out);
    buf_done(&rest);
    if (err == ERR_OK)
        bind_filters(*out, pick->filters, pick->count);
    if (err == ERR_OK && pick->match.n > 0)
        bind_text(*out, (int)pick->count + 1, pick->match);
    return err;
}

static enum err pick_total(struct store *s, const struct table *table,
                           const struct rows_pick *pick, uint64_t *total)
{
    struct stmt *stmt = NULL;
    enum err err = prepare_pick(s, table, "SELECT count(*) FROM", pick, false, &stmt);
    if (err != ERR_OK)
        return err;
    if (stmt_step(stmt) == STEP_ROW)
        *total = (uint64_t)col_int(stmt, 0);
    else
        err = db_error(s->db);
    stmt_free(stmt);
    return err;
}

/* Sorts what it finds. */
static enum err pick_sorting(struct store *s, const struct table *table,
                             const struct rows_pick *pick, int64_t *out, size_t *n)
{
    struct stmt *stmt = NULL;
    enum step step = STEP_DONE;
    enum err err = prepare_pick(s, table, "SELECT _rid FROM", pick, true, &stmt);
    if (err != ERR_OK)
        return err;
    *n = 0;
    while (*n < pick->limit && (step = stmt_step(stmt)) == STEP_ROW)
        out[(*n)++] = col_int(stmt, 0);
    stmt_free(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

enum err rows_pick(struct store *s, const struct table *table, const struct rows_pick *pick,
                   int64_t *out, size_t *n, uint64_t *total)
{
    bool done = false;
    enum err err = sorted_pick(s, table, pick, out, n, &done);
    if (err == ERR_OK && !done)
        err = pick_sorting(s, table, pick, out, n);
    if (err != ERR_OK)
        return err;
    *total = pick->offset + *n;
    /* The page may end where the list ends. */
    bool whole = *n < pick->limit && (*n > 0 || pick->offset == 0);
    return whole ? ERR_OK : pick_total(s, table, pick, total);
}
