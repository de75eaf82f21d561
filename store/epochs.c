/* SPDX-License-Identifier: Apache-2.0 */
#include "store/epochs.h"

enum err epochs_get(struct store *s, uint32_t num, struct epoch_row *out)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_EPOCH_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, num);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        out->device = (uint32_t)col_int(stmt, 0);
        out->chain.op_no = (uint64_t)col_int(stmt, 1);
        out->chain.hash = (uint64_t)col_int(stmt, 2);
        out->chain.hlc = (hlc_t)col_int(stmt, 3);
        out->edit_ms = col_int(stmt, 4);
    }
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(s->db);
    return step == STEP_ROW ? ERR_OK : ERR_NOTFOUND;
}

enum err epochs_set(struct store *s, uint32_t num, const struct epoch_row *row)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_EPOCH_SET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, num);
    bind_int(stmt, 2, (int64_t)row->chain.op_no);
    bind_int(stmt, 3, (int64_t)row->chain.hash);
    bind_int(stmt, 4, (int64_t)row->chain.hlc);
    bind_int(stmt, 5, row->edit_ms);
    return stmt_run(stmt);
}

static enum err add(struct store *s, uint32_t device, const struct id *staff, uint64_t num)
{
    struct stmt *stmt = NULL;
    enum err err = store_sql(s, SQL_EPOCH_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)num);
    bind_int(stmt, 2, device);
    err = stmt_run(stmt);
    if (err == ERR_OK)
        err = store_sql(s, SQL_ORIGIN_SET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, (int64_t)num);
    bind_id(stmt, 2, staff);
    bind_int(stmt, 3, device);
    return stmt_run(stmt);
}

enum err epochs_adopt(struct store *s, uint32_t device, const struct id *staff, uint32_t num)
{
    int64_t floor = 0;
    enum err err = meta_get_int(s, META_EPOCH_FLOOR, &floor);
    if (err == ERR_OK && (num == 0 || num >= floor))
        err = ERR_NOTFOUND;
    if (err == ERR_OK)
        err = store_begin(s);
    return err == ERR_OK ? store_end(s, add(s, device, staff, num)) : err;
}

enum err epochs_new(struct store *s, uint32_t device, const struct id *staff, uint32_t *num)
{
    uint64_t next = 0;
    int64_t floor = 0;
    enum err err = store_number(s, SQL_EPOCH_NEXT, NULL, 0, &next);
    if (err == ERR_OK)
        err = meta_get_int(s, META_EPOCH_FLOOR, &floor);
    next = next < (uint64_t)floor ? (uint64_t)floor : next;
    if (err == ERR_OK)
        err = add(s, device, staff, next);
    if (err == ERR_OK)
        *num = (uint32_t)next;
    return err;
}
