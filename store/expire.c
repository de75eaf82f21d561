/* SPDX-License-Identifier: Apache-2.0 */
#include "store/expire.h"

#include "store/edit.h"
#include "store/feed.h"
#include "store/inside.h"
#include "store/parameter.h"

#include <stdio.h>

enum { MONTHS_PER_YEAR = 12, YEAR_PART = 10000, MONTH_PART = 100, FAR_DAY = 1000000 };
static const int64_t DAY_MS = INT64_C(24) * 60 * 60 * 1000;
static const struct id network = {{0}};

/* The first day of the month so many months before this day, as yyyymmdd. */
static int64_t months_before(int32_t day, int64_t months)
{
    int year = 0;
    int month = 0;
    int date = 0;
    date_split(day, &year, &month, &date);
    int64_t at = (int64_t)year * MONTHS_PER_YEAR + month - 1 - months;
    return at / MONTHS_PER_YEAR * YEAR_PART + (at % MONTHS_PER_YEAR + 1) * MONTH_PART + 1;
}

/* The first stamp of that day; 0: it is none. */
static hlc_t stamp_of(int64_t yyyymmdd)
{
    int32_t day = 0;
    bool good = date_of((int)(yyyymmdd / YEAR_PART), (int)(yyyymmdd / MONTH_PART % MONTH_PART),
                        (int)(yyyymmdd % MONTH_PART), &day);
    return good && day > 0 ? hlc_of_ms(day * DAY_MS) : 0;
}

/* The day that was said last; 0: none was. Whatever the clock here says of the row's own. */
static enum err kept_from(struct store *s, int64_t *yyyymmdd)
{
    return parameter_number(s, PARAMETER_ACCESS_KEPT_FROM, &network, FAR_DAY, yyyymmdd);
}

/* Local numbers of the openings with an older stamp. */
static enum err list_old(struct store *s, hlc_t from, struct buf *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_ACCESS_OLD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)from);
    enum step step = STEP_DONE;
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        int64_t rid = col_int(stmt, 0);
        buf_add(out, &rid, sizeof rid);
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(s->db) : out->err;
}

static enum err drop_one(struct store *s, const struct table *table, int64_t rid)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK && s->env.side == STORE_SERVER) {
        err = rows_at(s, table, rid, &arena, row);
        if (err == ERR_OK)
            err = feed_drop(s, table, row);
    }
    arena_done(&arena);
    return err == ERR_OK ? rows_purge(s, table, rid) : err;
}

static enum err drop_all(struct store *s, const struct buf *rids)
{
    const struct table *table = schema_table(s->env.schema, TABLE_ACCESS_LOG);
    enum err err = ERR_OK;
    for (size_t at = 0; at < rids->n && err == ERR_OK; at += sizeof(int64_t)) {
        int64_t rid = 0;
        memcpy(&rid, rids->p + at, sizeof rid);
        err = drop_one(s, table, rid);
    }
    return err;
}

/* ---- the server ---- */

static enum err say_from(struct edit *edit, const struct table *table, int64_t yyyymmdd,
                         int32_t today)
{
    char value[24];
    struct id id;
    int len = snprintf(value, sizeof value, "%lld", (long long)yyyymmdd);
    const struct edit_value values[] = {
        {schema_field_named(table, STR("key")),
         value_text(str_of(parameter_of(PARAMETER_ACCESS_KEPT_FROM)->key))},
        {schema_field_named(table, STR("value")), value_text((struct str){value, (size_t)len})},
        {schema_field_named(table, STR("valid_from")), value_int(today)}};
    return edit_insert(edit, table, values, 3, &id, NULL);
}

/* The row and what it drops are one commit: whoever compares has both or neither. */
static enum err advance(struct store *s, int64_t yyyymmdd, int32_t today,
                        const struct buf *rids)
{
    struct edit *edit = NULL;
    enum err err = edit_open(s, &edit, NULL);
    if (err == ERR_OK)
        err = say_from(edit, schema_table(s->env.schema, TABLE_PARAMETER), yyyymmdd, today);
    if (err == ERR_OK)
        err = drop_all(s, rids);
    if (err == ERR_OK)
        return edit_commit(edit, NULL);
    edit_abort(edit);
    return err;
}

/* Nothing is said while nothing is old. */
static enum err expire(struct store *s, int32_t today)
{
    struct buf rids = {0};
    int64_t months = 0;
    int64_t now = 0;
    enum err err = parameter_number(s, PARAMETER_ACCESS_MONTHS, &network, today, &months);
    if (err == ERR_OK)
        err = kept_from(s, &now);
    int64_t wanted = months_before(today, months);
    if (err == ERR_OK && months > 0 && wanted > now)
        err = list_old(s, stamp_of(wanted), &rids);
    if (err == ERR_OK && rids.n > 0)
        err = advance(s, wanted, today, &rids);
    buf_done(&rids);
    return err;
}

enum err expire_due(struct store *s)
{
    int32_t today = (int32_t)(store_now(s) / DAY_MS);
    enum err err = s->expired_day == today ? ERR_OK : expire(s, today);
    if (err == ERR_OK)
        s->expired_day = today;
    return err == ERR_FULL ? ERR_OK : err; /* who reads may go on: again at the next contact */
}

enum err expire_old(struct store *s, struct stamp stamp, bool *old)
{
    int64_t yyyymmdd = 0;
    enum err err = kept_from(s, &yyyymmdd);
    *old = stamp.hlc < stamp_of(yyyymmdd);
    return err;
}

/* ---- a replica ---- */

enum err expire_here(struct store *s)
{
    struct buf rids = {0};
    int64_t yyyymmdd = 0;
    enum err err = kept_from(s, &yyyymmdd);
    if (err == ERR_OK && yyyymmdd > 0)
        err = list_old(s, stamp_of(yyyymmdd), &rids);
    if (err == ERR_OK && rids.n > 0) {
        err = store_begin(s);
        if (err == ERR_OK)
            err = store_end(s, drop_all(s, &rids));
    }
    buf_done(&rids);
    return err;
}
