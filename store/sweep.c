/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sweep.h"

#include "store/compare.h"
#include "store/page.h"

enum err sweep_forget_told(struct store *s)
{
    static const struct {
        enum meta key;
        int64_t value;
    } marks[] = {{META_FULL, 1}, {META_PULLED, 0}, {META_WHOLE, 0}, {META_ENTERED, 0}};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0] && err == ERR_OK; i++)
        err = meta_set_int(s, marks[i].key, marks[i].value);
    return err;
}

enum err sweep_begin(struct store *s)
{
    enum err err = meta_set_int(s, META_SWEEP, 1);
    if (err == ERR_OK)
        err = sweep_forget_told(s);
    if (err == ERR_OK)
        err = meta_set_int(s, META_SWEEP_OP, (int64_t)s->own.op_no);
    struct stmt *clear = NULL;
    if (err == ERR_OK)
        err = store_sql(s, SQL_UNKNOWN_CLEAR, &clear);
    if (err == ERR_OK)
        err = stmt_run(clear);
    for (uint16_t i = 0; i < s->env.schema->table_count && err == ERR_OK; i++) {
        struct stmt *stmt = NULL;
        err = store_table_sql(s, "UPDATE", &s->env.schema->tables[i],
                              "SET _seq=0 WHERE _seq<>0", &stmt);
        if (err == ERR_OK)
            err = stmt_run(stmt);
        stmt_free(stmt);
    }
    return err;
}

static bool is_edited(const struct store *s, const struct row *row)
{
    bool edited = false;
    for (uint32_t i = 0; i < row->versions.count; i++)
        edited = edited || page_is_pending(s, row->versions.list[i].stamp);
    return edited;
}

static enum err sweep_row(struct store *s, const struct table *table, int64_t rid, bool *doubt)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_at(s, table, rid, &arena, row);
    bool unreadable = err == ERR_CORRUPT && compare_repairs(s) && db_health(s->db) == ERR_OK;
    if (err == ERR_OK && page_is_pending(s, row->stamp)) {
        row->seq = SWEEP_TOLD; /* ours, and about to be judged */
        err = rows_update(s, table, row);
    } else if (err == ERR_OK && is_edited(s, row)) {
        row->seq = SWEEP_DOUBTFUL;
        *doubt = true;
        err = rows_update(s, table, row);
    } else if (err == ERR_OK || unreadable) {
        compare_repaired(s, 1, 0);
        err = rows_purge(s, table, rid);
        if (err == ERR_OK)
            err = meta_set_int(s, META_RESIDUE, 1);
    }
    arena_done(&arena);
    return err;
}

static enum err sweep_table(struct store *s, const struct table *table, int64_t mark,
                            bool *doubt)
{
    struct stmt *stmt = NULL;
    enum err err =
        store_table_sql(s, "SELECT _rid FROM", table, "WHERE _seq=?1 ORDER BY _rid", &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, mark);
    enum step step = STEP_DONE;
    while (err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW)
        err = sweep_row(s, table, col_int(stmt, 0), doubt);
    stmt_free(stmt);
    return err == ERR_OK && step == STEP_FAILED ? db_error(s->db) : err;
}

enum err sweep_end(struct store *s, bool *more)
{
    enum { WHOLE = 1, REST = 2 };
    int64_t sweeping = 0;
    int64_t op = 0;
    enum err err = meta_get_int(s, META_SWEEP, &sweeping);
    if (err == ERR_OK)
        err = meta_get_int(s, META_SWEEP_OP, &op);
    *more = sweeping == WHOLE && s->acked < (uint64_t)op;
    if (err != ERR_OK || sweeping == 0 || *more)
        return err;
    int64_t mark = sweeping == WHOLE ? 0 : SWEEP_DOUBTFUL;
    bool doubt = false;
    for (uint16_t i = 0; i < s->env.schema->table_count && err == ERR_OK; i++)
        err = sweep_table(s, &s->env.schema->tables[i], mark, &doubt);
    return err == ERR_OK ? meta_set_int(s, META_SWEEP, doubt ? REST : 0) : err;
}
