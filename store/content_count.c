/* SPDX-License-Identifier: Apache-2.0 */
/* Small facts beside the contents, and how much there is of them. */
#include "store/content_inside.h"

enum err content_fact_get(struct content *c, enum content_fact fact, int64_t *out)
{
    struct stmt *stmt = NULL;
    int64_t v = 0;
    enum err err = content_sql(c, CONTENT_SQL_FACT_GET, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, fact);
    err = content_number(c, stmt, &v);
    if (err == ERR_OK || err == ERR_NOTFOUND)
        *out = v;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err content_fact_set(struct content *c, enum content_fact fact, int64_t v)
{
    return content_run(c, CONTENT_SQL_FACT_SET, fact, v);
}

static enum err count_docs(struct content *c, struct content_totals *t)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_DOC_COUNT, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step;
    while ((step = stmt_step(stmt)) == STEP_ROW) {
        int64_t state = col_int(stmt, 0);
        uint64_t n = (uint64_t)col_int(stmt, 1);
        uint64_t bytes = (uint64_t)col_int(stmt, 2);
        if (state == CONTENT_KEPT)
            continue;
        int64_t why = col_int(stmt, 3);
        if (state == CONTENT_UNSENT) {
            t->unsent = n;
            t->unsent_bytes = bytes;
        } else if (state == CONTENT_WANTED) {
            t->wanted = n;
            t->wanted_bytes = bytes;
        } else {
            t->damaged = n;
        }
        if (why > ERR_OK && why < ERR_COUNT)
            t->err = (enum err)why;
    }
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(c->db) : ERR_OK;
}

enum err content_totals(struct store *s, struct content_totals *out)
{
    struct content_totals t = {.bytes = 0};
    struct content *c = NULL;
    struct stmt *stmt = NULL;
    int64_t bytes = 0;
    enum err err = content_of(s, false, &c);
    if (err == ERR_NOTFOUND) {
        *out = t;
        return ERR_OK;
    }
    if (err == ERR_OK)
        err = content_sql(c, CONTENT_SQL_BLOB_SUM, &stmt);
    if (err == ERR_OK)
        err = content_number(c, stmt, &bytes);
    if (err == ERR_OK)
        err = count_docs(c, &t);
    t.bytes = (uint64_t)bytes;
    if (err == ERR_OK)
        *out = t;
    return err;
}

enum err content_device_bytes(struct content *c, uint32_t device, uint64_t *out)
{
    struct stmt *stmt = NULL;
    int64_t bytes = 0;
    enum err err = content_sql(c, CONTENT_SQL_DOC_DEVICE, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, device);
    err = content_number(c, stmt, &bytes);
    if (err == ERR_OK)
        *out = (uint64_t)bytes;
    return err;
}
