/* SPDX-License-Identifier: Apache-2.0 */
/* What contents are no longer for. */
#include "store/content_inside.h"
#include "store/document.h"
#include "store/quarantine.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)

/* A document as it stands in the contents' database. */
struct held {
    struct id id;
    enum content_state state;
    int64_t at_ms;
    int64_t gone_ms; /* its row was seen to be gone or deleted then; 0: it is there */
};

static enum err held_after(struct content *c, const struct id *after, struct held *out)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_DOC_AFTER, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, after);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        *out = (struct held){.state = (enum content_state)col_int(stmt, 1),
                             .at_ms = col_int(stmt, 2),
                             .gone_ms = col_int(stmt, 3)};
        if (!col_id(stmt, 0, &out->id))
            err = ERR_CORRUPT;
    } else {
        err = step == STEP_DONE ? ERR_NOTFOUND : db_error(c->db);
    }
    stmt_reset(stmt);
    return err;
}

enum err content_clean(struct content *c)
{
    int64_t residue = 0;
    enum err err = content_fact_get(c, CONTENT_FACT_RESIDUE, &residue);
    if (err != ERR_OK || residue == 0)
        return err;
    err = db_checkpoint(c->db);
    if (err == ERR_OK)
        err = content_begin(c);
    return err == ERR_OK ? content_end(c, content_fact_set(c, CONTENT_FACT_RESIDUE, 0)) : err;
}

/* Decide about one document, and drop it or not. */
typedef enum err judge(struct content *c, void *ctx, const struct held *held);

/* All of them, in one transaction. */
static enum err walk(struct content *c, judge *decide, void *ctx)
{
    struct held held = {.state = CONTENT_KEPT};
    enum err err = content_begin(c);
    if (err != ERR_OK)
        return err;
    while (err == ERR_OK) {
        struct id after = held.id;
        err = held_after(c, &after, &held);
        if (err == ERR_OK)
            err = decide(c, ctx, &held);
    }
    return content_end(c, err == ERR_NOTFOUND ? ERR_OK : err);
}

/* ---- replica ---- */

/* The server's database is another, or was put back: it may have lost what it had, and what has
 * left here may be the only copy. */
static enum err check_generation(struct content *c)
{
    int64_t was = 0;
    int64_t now = 0;
    enum err err = content_fact_get(c, CONTENT_FACT_GENERATION, &was);
    if (err == ERR_OK)
        err = meta_get_int(c->s, META_GENERATION, &now);
    if (err != ERR_OK || was == now)
        return err;
    err = content_begin(c);
    if (err != ERR_OK)
        return err;
    if (was != 0)
        err = content_doubt(c);
    if (err == ERR_OK)
        err = content_fact_set(c, CONTENT_FACT_GENERATION, now);
    return content_end(c, err);
}

static enum err judge_left(struct content *c, void *ctx, const struct held *held)
{
    (void)ctx;
    struct document doc;
    if (held->state == CONTENT_UNSENT)
        return ERR_OK; /* it is sent first; the courier drops it if nobody takes it */
    enum err err = document_find(c->s, &held->id, &doc);
    if (err != ERR_NOTFOUND)
        return err == ERR_INVALID ? ERR_OK : err;
    return content_drop(c, &held->id);
}

enum err content_left(struct store *s)
{
    struct content *c = NULL;
    enum err err = content_of(s, false, &c);
    if (err == ERR_OK)
        err = check_generation(c);
    if (err == ERR_OK)
        err = walk(c, judge_left, NULL);
    if (err == ERR_OK)
        err = content_clean(c);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err find_orphan(struct content *c, bool *out)
{
    struct content_doc doc = {.size = 0};
    enum err err = ERR_OK;
    *out = false;
    while (err == ERR_OK && !*out) {
        struct id after = doc.id;
        struct document row;
        uint32_t epoch = 0;
        uint64_t op_no = 0;
        err = content_next(c, CONTENT_UNSENT, &after, &doc);
        if (err != ERR_OK || document_find(c->s, &doc.id, &row) != ERR_NOTFOUND)
            continue;
        err = quarantine_of_row(c->s, TABLE_DOCUMENT, &doc.id, &epoch, &op_no);
        *out = err == ERR_NOTFOUND;
        err = *out ? ERR_OK : err;
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err content_orphan(struct store *s, bool *out)
{
    struct content *c = NULL;
    *out = false;
    enum err err = content_of(s, false, &c);
    if (err == ERR_OK)
        err = find_orphan(c, out);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* ---- erasure ---- */

struct doomed {
    content_goes *goes;
    void *ctx;
};

static enum err judge_erased(struct content *c, void *ctx, const struct held *held)
{
    const struct doomed *doomed = ctx;
    bool goes = false;
    enum err err = doomed->goes(doomed->ctx, &held->id, &goes);
    return err == ERR_OK && goes ? content_drop(c, &held->id) : err;
}

enum err content_erase(struct store *s, content_goes *goes, void *ctx)
{
    struct doomed doomed = {goes, ctx};
    struct content *c = NULL;
    enum err err = content_of(s, false, &c);
    if (err == ERR_OK)
        err = walk(c, judge_erased, &doomed);
    if (err == ERR_OK)
        err = content_clean(c);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

/* ---- server ---- */

static enum err note_gone(struct content *c, const struct id *id, int64_t ms)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_DOC_GONE, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, id);
    if (ms == 0)
        bind_null(stmt, 2);
    else
        bind_int(stmt, 2, ms);
    return stmt_run(stmt);
}

/* A row may come back: deleted by mistake, or sent again after a restore. */
static enum err judge_unnamed(struct content *c, void *ctx, const struct held *held)
{
    (void)ctx;
    struct document doc;
    int64_t now_ms = store_now(c->s);
    bool begun = held->state == CONTENT_WANTED;
    enum err err = document_find(c->s, &held->id, &doc);
    if (err != ERR_OK && err != ERR_NOTFOUND)
        return err == ERR_INVALID ? ERR_OK : err;
    bool gone = err == ERR_NOTFOUND || doc.deleted;
    bool goes =
        gone && held->gone_ms != 0 && now_ms - held->gone_ms >= CONTENT_GRACE_DAYS * DAY_MS;
    goes = goes || (begun && now_ms - held->at_ms >= CONTENT_BEGUN_DAYS * DAY_MS);
    if (goes)
        return content_drop(c, &held->id);
    if (gone != (held->gone_ms != 0))
        return note_gone(c, &held->id, gone ? now_ms : 0);
    return ERR_OK;
}

enum err content_sweep(struct store *s)
{
    struct content *c = NULL;
    int64_t swept = 0;
    int64_t now_ms = store_now(s);
    enum err err = content_of(s, false, &c);
    if (err == ERR_OK)
        err = content_fact_get(c, CONTENT_FACT_SWEPT, &swept);
    if (err == ERR_OK && now_ms - swept >= DAY_MS) {
        err = walk(c, judge_unnamed, NULL);
        if (err == ERR_OK)
            err = content_clean(c);
        if (err == ERR_OK)
            err = content_begin(c);
        if (err == ERR_OK)
            err = content_end(c, content_fact_set(c, CONTENT_FACT_SWEPT, now_ms));
    }
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
