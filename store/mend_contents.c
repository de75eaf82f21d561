/* SPDX-License-Identifier: Apache-2.0 */
/* Contents prove themselves by their hash; which document had which is in its row too. */
#include "store/content_inside.h"
#include "store/document.h"
#include "store/mend.h"
#include "store/rows.h"

/* One mending of contents. */
struct saving {
    struct store *s;
    struct db *from;
    struct content to;
    struct mend_contents *report;
    struct stmt *chunk, *by_sha; /* of `from` */
};

/* Copy the chunks of a content that follow one another; INVALID: they are not what the hash
 * says, and nothing was kept. Inside a transaction. */
static enum err copy_bytes(struct saving *v, int64_t cid, const uint8_t sha256[SHA256_BYTES],
                           uint64_t size, int64_t *out)
{
    struct sha256 sha;
    uint8_t got[SHA256_BYTES];
    uint64_t at = 0;
    enum err err = db_save(v->to.db);
    if (err == ERR_OK)
        err = content_blob_add(&v->to, sha256, size, out);
    sha256_init(&sha);
    while (err == ERR_OK && at < size) {
        bind_int(v->chunk, 1, cid);
        bind_int(v->chunk, 2, (int64_t)at);
        struct str bytes = {NULL, 0};
        if (stmt_step(v->chunk) == STEP_ROW)
            bytes = content_chunk_bytes(v->chunk, 0, 1);
        if (bytes.n == 0 || bytes.n > size - at)
            err = ERR_INVALID;
        else
            err = content_chunk_add(&v->to, *out, at, bytes);
        sha256_add(&sha, bytes.p, bytes.n);
        at += bytes.n;
        stmt_reset(v->chunk);
    }
    sha256_end(&sha, got);
    if (err == ERR_OK && memcmp(got, sha256, sizeof got) != 0)
        err = ERR_INVALID;
    if (err == ERR_OK)
        err = content_settle(&v->to, out, sha256, size);
    enum err end = err == ERR_OK        ? db_save_keep(v->to.db)
                   : err == ERR_INVALID ? db_save_undo(v->to.db)
                                        : ERR_OK;
    return end == ERR_OK ? err : end;
}

/* One document: its content if it is sound; else from where it can come. */
static enum err save_doc(struct saving *v, const struct id *id, enum content_state state,
                         int64_t cid, const uint8_t sha256[SHA256_BYTES], uint64_t size)
{
    int64_t there = 0;
    enum err err = ERR_INVALID;
    if (state == CONTENT_KEPT || state == CONTENT_UNSENT)
        err = content_whole(&v->to, sha256, &there);
    if (err == ERR_NOTFOUND)
        err = copy_bytes(v, cid, sha256, size, &there);
    if (err != ERR_OK && err != ERR_INVALID)
        return err;
    bool saved = err == ERR_OK;
    if (!saved && state != CONTENT_WANTED) {
        v->report->again += state == CONTENT_KEPT ? 1 : 0;
        v->report->lost += state == CONTENT_UNSENT ? 1 : 0;
        state = state == CONTENT_KEPT ? CONTENT_WANTED : CONTENT_DAMAGED;
    }
    v->report->kept += saved ? 1 : 0;
    return content_doc_add(&v->to, id, state, saved ? there : 0, sha256, size, 0);
}

/* As far as they read. */
static enum err save_listed(struct saving *v)
{
    struct stmt *list = NULL;
    enum step step = STEP_DONE;
    enum err err = ERR_OK;
    if (db_prepare(v->from, "SELECT id,state,cid,size,sha FROM doc NOT INDEXED", &list) !=
        ERR_OK) {
        v->report->unlisted = true;
        return ERR_OK;
    }
    while (err == ERR_OK && (step = stmt_step(list)) == STEP_ROW) {
        struct id id;
        struct str sha = col_blob(list, 4);
        int64_t state = col_int(list, 1);
        if (col_id(list, 0, &id) && sha.n == SHA256_BYTES && state >= CONTENT_UNSENT &&
            state <= CONTENT_DAMAGED && col_int(list, 3) > 0)
            err = save_doc(v, &id, (enum content_state)state, col_int(list, 2),
                           (const uint8_t *)sha.p, (uint64_t)col_int(list, 3));
    }
    v->report->unlisted = step == STEP_FAILED;
    stmt_free(list);
    return err;
}

/* Which document had which did not read: every one whose content is here has it, and the server
 * is asked whether it has it too. */
static enum err on_document(void *ctx, const struct row *row)
{
    struct saving *v = ctx;
    struct document doc;
    struct content_doc there;
    const struct table *table = schema_table(v->s->env.schema, TABLE_DOCUMENT);
    if (row->deleted || document_of(table, row, &doc) != ERR_OK)
        return ERR_OK;
    enum err err = content_find(&v->to, &row->id, &there);
    if (err != ERR_NOTFOUND)
        return err;
    bind_blob(v->by_sha, 1, (struct str){(const char *)doc.sha256, SHA256_BYTES});
    int64_t cid = stmt_step(v->by_sha) == STEP_ROW ? col_int(v->by_sha, 0) : 0;
    stmt_reset(v->by_sha);
    return cid == 0 ? ERR_OK : save_doc(v, &row->id, CONTENT_UNSENT, cid, doc.sha256, doc.size);
}

static enum err save_all(struct saving *v)
{
    const struct table *table = schema_table(v->s->env.schema, TABLE_DOCUMENT);
    struct stmt *budget = NULL;
    enum err err = save_listed(v);
    if (err == ERR_OK && v->report->unlisted &&
        db_prepare(v->from, "SELECT cid FROM blob NOT INDEXED WHERE sha=?1", &v->by_sha) ==
            ERR_OK)
        err = rows_all(v->s, table, on_document, v);
    if (err == ERR_OK &&
        db_prepare(v->from, "SELECT v FROM fact WHERE k=2", &budget) == ERR_OK &&
        stmt_step(budget) == STEP_ROW)
        err = content_fact_set(&v->to, CONTENT_FACT_BUDGET, col_int(budget, 0));
    stmt_free(budget);
    return err;
}

/* Of a file of before content_pages.c, too. */
static bool find_chunks(struct saving *v)
{
    return db_prepare(v->from, "SELECT bytes,lead FROM chunk WHERE cid=?1 AND at=?2",
                      &v->chunk) == ERR_OK ||
           db_prepare(v->from, "SELECT bytes,0 FROM chunk WHERE cid=?1 AND at=?2", &v->chunk) ==
               ERR_OK;
}

static enum err fill(struct saving *v, const char *path)
{
    enum err err = db_open_damaged(path, v->s->env.vfs, &v->from, NULL);
    if (err == ERR_NOMEM)
        return err;
    v->report->unlisted = err != ERR_OK;
    if (err != ERR_OK || !find_chunks(v)) {
        v->report->unlisted = true;
        return ERR_OK;
    }
    err = db_begin(v->to.db);
    if (err != ERR_OK)
        return err;
    err = save_all(v);
    if (err == ERR_OK)
        return db_commit(v->to.db);
    db_rollback(v->to.db);
    return err;
}

enum err mend_contents(struct store *s, const char *to, struct mend_contents *out,
                       struct note *why)
{
    struct mend_contents report = {.kept = 0};
    struct saving v = {.s = s, .to = {.s = s}, .report = &report};
    struct buf path = {0};
    content_close(s->content);
    s->content = NULL;
    buf_printf(&path, "%s%s", s->env.path, CONTENT_SUFFIX);
    buf_u8(&path, 0);
    enum err err = path.err;
    if (err == ERR_OK)
        err = content_make(&v.to, to, why);
    if (err == ERR_OK)
        err = fill(&v, (const char *)path.p);
    if (err == ERR_OK)
        err = db_checkpoint(v.to.db);
    db_close(v.from);
    db_close(v.to.db);
    buf_done(&path);
    if (err == ERR_OK)
        *out = report;
    return err;
}
