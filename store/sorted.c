/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sorted.h"

#include "store/inside.h"

#include <stdio.h>

enum { NAME_BYTES = 160 };

/* Nobody reads an id, so there is no order in references. */
static void key(const struct field *field, bool descending, struct buf *out)
{
    const char *down = descending ? " DESC" : "";
    switch (field->kind) {
    case KIND_TEXT:
        buf_printf(out, ",folded(\"%s\")%s", field->name, down);
        return;
    case KIND_INT:
    case KIND_REAL:
    case KIND_BOOL:
    case KIND_DATE:
    case KIND_TIME:
    case KIND_INSTANT:
    case KIND_ENUM:
        buf_printf(out, ",\"%s\"%s", field->name, down);
        return;
    case KIND_REF:
    case KIND_ID:
    case KIND_RAW:
        return;
    }
}

static void keys(const struct table *table, const struct rows_pick *pick, bool descending,
                 struct buf *out)
{
    if (pick->by != NULL)
        key(pick->by, descending, out);
    for (uint16_t i = 0; i < table->field_count && pick->by == NULL && pick->by_title; i++)
        if (table->fields[i].once_per_row)
            key(&table->fields[i], descending, out);
}

void sorted_keys(const struct table *table, const struct rows_pick *pick, bool descending,
                 struct buf *out)
{
    if (pick->by != NULL && !pick->by->required)
        buf_printf(out, ",\"%s\" IS NULL", pick->by->name);
    keys(table, pick, descending, out);
}

static bool has_order(const struct table *table, const struct rows_pick *pick)
{
    struct buf some = {0};
    keys(table, pick, false, &some);
    bool has = some.n > 0;
    buf_done(&some);
    return has;
}

/* Two lines between, which no name begins or ends with. */
static void name_of(const struct table *table, const struct rows_pick *pick,
                    char out[NAME_BYTES])
{
    (void)snprintf(out, NAME_BYTES, "o_%s__%s", table->name,
                   pick->by == NULL ? "" : pick->by->name);
}

/* All live rows, sorted, by what has no index that says it already? */
static bool is_whole(const struct store *s, const struct table *table,
                     const struct rows_pick *pick)
{
    bool whole = pick->count == 0 && pick->ranges_n == 0 && pick->match.n == 0 &&
                 !pick->deleted && has_order(table, pick);
    bool listed = pick->by != NULL && pick->by->required &&
                  schema_looked_up(s->env.schema, table, pick->by);
    return s->env.side == STORE_CLIENT && whole && !listed;
}

static enum err is_made(struct store *s, const char *name, bool *out)
{
    struct stmt *stmt = NULL;
    enum err err =
        db_prepare(s->db, "SELECT 1 FROM sqlite_schema WHERE type='index' AND name=?1", &stmt);
    if (err != ERR_OK)
        return err;
    bind_text(stmt, 1, str_of(name));
    enum step step = stmt_step(stmt);
    *out = step == STEP_ROW;
    stmt_free(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

static enum err is_long(struct store *s, const struct table *table, bool *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_table_sql(s, "SELECT max(_rid) FROM", table, "", &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = stmt_step(stmt);
    *out = step == STEP_ROW && col_int(stmt, 0) >= SORTED_ROWS_MIN;
    stmt_free(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

enum err sorted_make(struct store *s, const struct table *table, const struct rows_pick *pick)
{
    char name[NAME_BYTES];
    struct buf sql = {0};
    if (!is_whole(s, table, pick))
        return ERR_OK;
    name_of(table, pick, name);
    buf_printf(&sql, "CREATE INDEX IF NOT EXISTS \"%s\" ON t_%s(", name, table->name);
    size_t start = sql.n;
    sorted_keys(table, pick, false, &sql);
    buf_text(&sql, ") WHERE _del=0");
    buf_u8(&sql, 0);
    enum err err = sql.err;
    if (err == ERR_OK) {
        sql.p[start] = ' '; /* in place of the first comma */
        err = store_begin(s);
    }
    if (err == ERR_OK)
        err = store_end(s, db_exec(s->db, (const char *)sql.p));
    buf_done(&sql);
    return err;
}

enum err sorted_want(struct store *s, const struct table *table, const struct rows_pick *pick)
{
    char name[NAME_BYTES];
    bool made = true;
    bool many = false;
    if (!is_whole(s, table, pick))
        return ERR_OK;
    name_of(table, pick, name);
    enum err err = is_made(s, name, &made);
    if (err == ERR_OK && !made)
        err = is_long(s, table, &many);
    if (err == ERR_OK && many)
        err = sorted_make(s, table, pick);
    return err == ERR_FULL ? ERR_OK : err;
}

/* Rows of the index with the field, without it, or all. */
enum part { PART_ALL, PART_FILLED, PART_EMPTY };

static enum err prepare_part(struct store *s, const struct table *table,
                             const struct rows_pick *pick, enum part part, bool count,
                             struct stmt **out)
{
    char name[NAME_BYTES];
    struct buf rest = {0};
    name_of(table, pick, name);
    /* The engine sees no constant in an ORDER BY of more than a column: left out there. */
    buf_printf(&rest, "INDEXED BY \"%s\" WHERE _del=0", name);
    if (part != PART_ALL)
        buf_printf(&rest, " AND (\"%s\" IS NULL)=%d", pick->by->name, part == PART_EMPTY);
    if (!count) {
        buf_text(&rest, " ORDER BY ");
        size_t start = rest.n;
        keys(table, pick, pick->descending, &rest);
        buf_printf(&rest, ",_rid%s LIMIT ?1 OFFSET ?2", pick->descending ? " DESC" : "");
        if (rest.err == ERR_OK)
            rest.p[start] = ' '; /* in place of the first comma */
    }
    buf_u8(&rest, 0);
    enum err err = rest.err;
    if (err == ERR_OK)
        err = store_table_sql(s, count ? "SELECT count(*) FROM" : "SELECT _rid FROM", table,
                              (const char *)rest.p, out);
    buf_done(&rest);
    return err;
}

/* Behind those that are in `out` already. */
static enum err read_part(struct store *s, const struct table *table,
                          const struct rows_pick *pick, enum part part, uint64_t offset,
                          int64_t *out, size_t *n)
{
    struct stmt *stmt = NULL;
    enum step step = STEP_DONE;
    enum err err = prepare_part(s, table, pick, part, false, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)(pick->limit - *n));
    bind_int(stmt, 2, (int64_t)offset);
    while (*n < pick->limit && (step = stmt_step(stmt)) == STEP_ROW)
        out[(*n)++] = col_int(stmt, 0);
    stmt_free(stmt);
    return step == STEP_FAILED ? db_error(s->db) : ERR_OK;
}

static enum err count_filled(struct store *s, const struct table *table,
                             const struct rows_pick *pick, uint64_t *out)
{
    struct stmt *stmt = NULL;
    enum err err = prepare_part(s, table, pick, PART_FILLED, true, &stmt);
    if (err != ERR_OK)
        return err;
    if (stmt_step(stmt) == STEP_ROW)
        *out = (uint64_t)col_int(stmt, 0);
    else
        err = db_error(s->db);
    stmt_free(stmt);
    return err;
}

/* Empty ones are last whichever way the others go: two walks, of which most pages need one. */
static enum err pick_parts(struct store *s, const struct table *table,
                           const struct rows_pick *pick, int64_t *out, size_t *n)
{
    enum err err = read_part(s, table, pick, PART_FILLED, pick->offset, out, n);
    if (err != ERR_OK || *n == pick->limit)
        return err;
    uint64_t filled = pick->offset + *n;
    if (*n == 0 && pick->offset > 0)
        err = count_filled(s, table, pick, &filled);
    uint64_t skipped = pick->offset > filled ? pick->offset - filled : 0;
    return err == ERR_OK ? read_part(s, table, pick, PART_EMPTY, skipped, out, n) : err;
}

enum err sorted_pick(struct store *s, const struct table *table, const struct rows_pick *pick,
                     int64_t *out, size_t *n, bool *done)
{
    char name[NAME_BYTES];
    *done = false;
    *n = 0;
    if (!is_whole(s, table, pick) || pick->offset > INT64_MAX)
        return ERR_OK;
    name_of(table, pick, name);
    enum err err = is_made(s, name, done);
    if (err != ERR_OK || !*done)
        return err;
    if (pick->by == NULL || pick->by->required)
        return read_part(s, table, pick, PART_ALL, pick->offset, out, n);
    return pick_parts(s, table, pick, out, n);
}

enum err sorted_drop(struct store *s)
{
    char sql[NAME_BYTES + 32];
    enum err err = ERR_OK;
    bool more = true;
    while (err == ERR_OK && more) {
        struct stmt *stmt = NULL;
        err = db_prepare(
            s->db, "SELECT name FROM sqlite_schema WHERE type='index' AND name GLOB 'o_*__*'",
            &stmt);
        if (err != ERR_OK)
            return err;
        enum step step = stmt_step(stmt);
        more = step == STEP_ROW;
        if (more) {
            struct str name = col_text(stmt, 0);
            (void)snprintf(sql, sizeof sql, "DROP INDEX \"%.*s\"", (int)name.n, name.p);
        }
        stmt_free(stmt);
        err = step == STEP_FAILED ? db_error(s->db) : ERR_OK;
        if (err == ERR_OK && more)
            err = db_exec(s->db, sql);
    }
    return err;
}
