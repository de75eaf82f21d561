/* SPDX-License-Identifier: Apache-2.0 */
/* Why a second database, and not files: chunks, what is there of each, and which document has
 * which stand and fall in one transaction, through the VFS that may encrypt, on the same
 * faulty disks of the tests. Why not the first one: contents are large; a rewrite of the rows'
 * file after something has left, or a broken disk page among photos, must not touch them. */
#include "store/content_inside.h"

static const char *const sql_texts[CONTENT_SQL_COUNT] = {
#define X(name, text) text,
    CONTENT_SQL_LIST(X)
#undef X
};

static const char *const tables =
    "CREATE TABLE IF NOT EXISTS blob(cid INTEGER PRIMARY KEY,sha BLOB NOT NULL,"
    "size INTEGER NOT NULL,have INTEGER NOT NULL,mid BLOB) STRICT;"
    "CREATE UNIQUE INDEX IF NOT EXISTS blob_whole ON blob(sha) WHERE mid IS NULL;"
    "CREATE TABLE IF NOT EXISTS chunk(cid INTEGER NOT NULL,at INTEGER NOT NULL,"
    "bytes BLOB NOT NULL,lead INTEGER NOT NULL DEFAULT 0,PRIMARY KEY(cid,at)) STRICT;"
    "CREATE TABLE IF NOT EXISTS doc(id BLOB PRIMARY KEY,state INTEGER NOT NULL,"
    "cid INTEGER NOT NULL,size INTEGER NOT NULL,sha BLOB NOT NULL,device INTEGER NOT NULL,"
    "tries INTEGER NOT NULL,err INTEGER NOT NULL,at_ms INTEGER NOT NULL,gone_ms INTEGER) STRICT;"
    "CREATE INDEX IF NOT EXISTS doc_state ON doc(state,id);"
    "CREATE INDEX IF NOT EXISTS doc_cid ON doc(cid);"
    "CREATE INDEX IF NOT EXISTS doc_device ON doc(device,size);"
    "CREATE VIEW IF NOT EXISTS held(id,state,cid,size,have,sha,tries,err) AS "
    "SELECT d.id,d.state,d.cid,d.size,coalesce(b.have,0),d.sha,d.tries,d.err "
    "FROM doc d LEFT JOIN blob b ON b.cid=d.cid;"
    "CREATE TABLE IF NOT EXISTS fact(k INTEGER PRIMARY KEY,v INTEGER NOT NULL) STRICT;";

enum { MID_BYTES = 32 };

/* ---- open, close ---- */

/* A number of meta says that there is one: opening makes the file. */
static enum meta there_key(const struct store *s)
{
    return s->env.side == STORE_SERVER ? META_CONTENT_SERVER : META_CONTENT;
}

static enum err columns_of_chunk(struct content *c, int64_t *out)
{
    struct stmt *stmt = NULL;
    enum err err = db_prepare(c->db, "SELECT count(*) FROM pragma_table_info('chunk')", &stmt);
    if (err == ERR_OK)
        err = content_number(c, stmt, out);
    stmt_free(stmt);
    return err;
}

static enum err make_tables(struct content *c)
{
    enum { BEFORE_LEAD = 3 };
    int64_t columns = 0;
    enum err err = columns_of_chunk(c, &columns);
    if (err == ERR_OK && columns == BEFORE_LEAD)
        err = db_exec(c->db, "ALTER TABLE chunk ADD COLUMN lead INTEGER NOT NULL DEFAULT 0");
    if (err == ERR_OK)
        err = db_exec(c->db, tables);
    return err == ERR_OK && columns == 0 ? content_fact_set(c, CONTENT_FACT_LED, 1) : err;
}

enum err content_make(struct content *c, const char *path, struct note *why)
{
    enum err err = db_open(path, c->s->env.vfs, &c->db, why);
    if (err == ERR_OK)
        err = content_begin(c);
    if (err == ERR_OK)
        err = content_end(c, make_tables(c));
    if (err == ERR_OK) /* no part of a transaction */
        err = db_exec(c->db, "PRAGMA secure_delete=ON");
    return err;
}

static enum err open_file(struct store *s, struct content **out)
{
    struct buf path = {0};
    struct content *c = mem_new(sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    c->s = s;
    buf_text(&path, s->env.path);
    buf_text(&path, CONTENT_SUFFIX);
    buf_u8(&path, 0);
    enum err err = path.err;
    if (err == ERR_OK)
        err = content_make(c, (const char *)path.p, NULL);
    if (err == ERR_OK)
        err = content_renew(c);
    buf_done(&path);
    if (err == ERR_OK)
        *out = c;
    else
        content_close(c);
    return err;
}

static enum err note_there(struct store *s)
{
    enum err err = store_begin(s);
    return err == ERR_OK ? store_end(s, meta_set_int(s, there_key(s), 1)) : err;
}

enum err content_of(struct store *s, bool make, struct content **out)
{
    int64_t there = 0;
    if (s->content != NULL && db_health(s->content->db) != ERR_OK) {
        content_close(s->content);
        s->content = NULL;
    }
    enum err err = ERR_OK;
    if (s->content == NULL) {
        err = meta_get_int(s, there_key(s), &there);
        if (err == ERR_OK && there == 0 && !make)
            err = ERR_NOTFOUND;
        if (err == ERR_OK && there == 0)
            err = note_there(s);
        if (err == ERR_OK)
            err = open_file(s, &s->content);
    }
    if (err == ERR_OK)
        *out = s->content;
    return err;
}

void content_close(struct content *c)
{
    if (c == NULL)
        return;
    db_close(c->db);
    mem_free(c);
}

uint64_t content_wishes(const struct store *s)
{
    return s->content_wishes;
}

/* ---- statements ---- */

enum err content_sql(struct content *c, enum content_sql sql, struct stmt **out)
{
    if (c->fixed[sql] == NULL) {
        enum err err = db_prepare(c->db, sql_texts[sql], &c->fixed[sql]);
        if (err != ERR_OK)
            return err;
    }
    *out = c->fixed[sql];
    return ERR_OK;
}

enum err content_run(struct content *c, enum content_sql sql, int64_t a, int64_t b)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, sql, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, a);
    if (sql == CONTENT_SQL_FACT_SET)
        bind_int(stmt, 2, b);
    return stmt_run(stmt);
}

enum err content_number(struct content *c, struct stmt *stmt, int64_t *out)
{
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        *out = col_int(stmt, 0);
    stmt_reset(stmt);
    if (step == STEP_FAILED)
        return db_error(c->db);
    return step == STEP_ROW ? ERR_OK : ERR_NOTFOUND;
}

enum err content_begin(struct content *c)
{
    return db_begin(c->db);
}

enum err content_end(struct content *c, enum err err)
{
    if (err == ERR_OK)
        return db_commit(c->db);
    db_rollback(c->db);
    return err;
}

/* ---- the hash as far as it has come ---- */

static void mid_write(const struct sha256 *sha, uint8_t out[MID_BYTES])
{
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < 4; k++)
            out[4 * i + k] = (uint8_t)(sha->state[i] >> (24 - 8 * k));
}

static void mid_read(struct sha256 *sha, const char *bytes, uint64_t have)
{
    sha256_init(sha);
    for (int i = 0; i < 8; i++) {
        sha->state[i] = 0;
        for (int k = 0; k < 4; k++)
            sha->state[i] = sha->state[i] << 8 | (uint8_t)bytes[4 * i + k];
    }
    sha->bytes = have;
}

static struct str sha_str(const uint8_t sha[SHA256_BYTES])
{
    return (struct str){(const char *)sha, SHA256_BYTES};
}

/* ---- contents ---- */

enum err content_blob_add(struct content *c, const uint8_t sha256[SHA256_BYTES], uint64_t size,
                          int64_t *cid)
{
    struct sha256 sha;
    uint8_t mid[MID_BYTES];
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_BLOB_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    sha256_init(&sha);
    mid_write(&sha, mid);
    bind_blob(stmt, 1, sha_str(sha256));
    bind_int(stmt, 2, (int64_t)size);
    bind_blob(stmt, 3, (struct str){(const char *)mid, sizeof mid});
    err = stmt_run(stmt);
    if (err == ERR_OK)
        *cid = db_last_rowid(c->db);
    return err;
}

static enum err blob_drop(struct content *c, int64_t cid)
{
    enum err err = content_run(c, CONTENT_SQL_CHUNK_DROP, cid, 0);
    if (err == ERR_OK)
        err = content_run(c, CONTENT_SQL_BLOB_DROP, cid, 0);
    return err == ERR_OK ? content_fact_set(c, CONTENT_FACT_RESIDUE, 1) : err;
}

enum err content_whole(struct content *c, const uint8_t sha256[SHA256_BYTES], int64_t *cid)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_BLOB_FIND, &stmt);
    if (err != ERR_OK)
        return err;
    bind_blob(stmt, 1, sha_str(sha256));
    return content_number(c, stmt, cid);
}

enum err content_settle(struct content *c, int64_t *cid, const uint8_t sha256[SHA256_BYTES],
                        uint64_t size)
{
    int64_t other = 0;
    struct stmt *stmt = NULL;
    enum err err = content_whole(c, sha256, &other);
    if (err == ERR_OK) {
        err = blob_drop(c, *cid);
        *cid = other;
        return err;
    }
    if (err != ERR_NOTFOUND)
        return err;
    err = content_sql(c, CONTENT_SQL_BLOB_WHOLE, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, *cid);
    bind_blob(stmt, 2, sha_str(sha256));
    bind_int(stmt, 3, (int64_t)size);
    return stmt_run(stmt);
}

enum err content_read(struct content *c, int64_t cid, uint64_t from, size_t max,
                      struct buf *out)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_CHUNK_AT, &stmt);
    while (err == ERR_OK && max > 0) {
        bind_int(stmt, 1, cid);
        bind_int(stmt, 2, (int64_t)from);
        enum step step = stmt_step(stmt);
        struct str bytes = {NULL, 0};
        uint64_t at = 0;
        if (step == STEP_ROW) {
            at = (uint64_t)col_int(stmt, 0);
            bytes = content_chunk_bytes(stmt, 1, 2);
        }
        uint64_t skip = from - at;
        size_t n = step != STEP_ROW || skip >= bytes.n ? 0 : bytes.n - (size_t)skip;
        n = n < max ? n : max;
        if (n > 0)
            buf_add(out, bytes.p + skip, n);
        stmt_reset(stmt);
        if (step == STEP_FAILED)
            err = db_error(c->db);
        else if (n == 0)
            err = ERR_CORRUPT;
        from += n;
        max -= n;
    }
    return err == ERR_OK ? out->err : err;
}

enum err content_verify(struct content *c, const struct content_doc *doc)
{
    struct sha256 sha;
    uint8_t got[SHA256_BYTES];
    struct buf part = {0};
    enum err err = ERR_OK;
    sha256_init(&sha);
    for (uint64_t at = 0; at < doc->size && err == ERR_OK; at += part.n) {
        uint64_t left = doc->size - at;
        buf_clear(&part);
        err = content_read(c, doc->cid, at,
                           left < MESSAGE_CHUNK_BYTES ? (size_t)left : MESSAGE_CHUNK_BYTES,
                           &part);
        sha256_add(&sha, part.p, part.n);
    }
    buf_done(&part);
    sha256_end(&sha, got);
    if (err == ERR_CORRUPT && db_health(c->db) == ERR_OK)
        return ERR_INVALID; /* a chunk is missing */
    if (err == ERR_OK && memcmp(got, doc->sha256, sizeof got) != 0)
        err = ERR_INVALID;
    return err;
}

enum err content_damaged(struct content *c, int64_t cid)
{
    enum err err = content_run(c, CONTENT_SQL_BLOB_DAMAGED, cid, 0);
    return err == ERR_OK ? content_run(c, CONTENT_SQL_DOC_DAMAGED, cid, 0) : err;
}

/* ---- documents ---- */

enum err content_doc_add(struct content *c, const struct id *doc, enum content_state state,
                         int64_t cid, const uint8_t sha256[SHA256_BYTES], uint64_t size,
                         uint32_t device)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_DOC_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, doc);
    bind_int(stmt, 2, state);
    bind_int(stmt, 3, cid);
    bind_int(stmt, 4, (int64_t)size);
    bind_blob(stmt, 5, sha_str(sha256));
    bind_int(stmt, 6, device);
    bind_int(stmt, 7, store_now(c->s));
    return stmt_run(stmt);
}

static enum err doc_read(struct content *c, struct stmt *stmt, struct content_doc *out)
{
    enum step step = stmt_step(stmt);
    enum err err = ERR_OK;
    if (step == STEP_ROW) {
        struct content_doc doc = {.state = (enum content_state)col_int(stmt, 1),
                                  .cid = col_int(stmt, 2),
                                  .size = (uint64_t)col_int(stmt, 3),
                                  .have = (uint64_t)col_int(stmt, 4),
                                  .tries = (uint32_t)col_int(stmt, 6),
                                  .err = (enum err)col_int(stmt, 7)};
        struct str sha = col_blob(stmt, 5);
        if (!col_id(stmt, 0, &doc.id) || sha.n != SHA256_BYTES)
            err = ERR_CORRUPT;
        else
            memcpy(doc.sha256, sha.p, SHA256_BYTES);
        if (err == ERR_OK)
            *out = doc;
    } else {
        err = step == STEP_DONE ? ERR_NOTFOUND : db_error(c->db);
    }
    stmt_reset(stmt);
    return err;
}

enum err content_find(struct content *c, const struct id *doc, struct content_doc *out)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_DOC_FIND, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, doc);
    return doc_read(c, stmt, out);
}

enum err content_next(struct content *c, enum content_state state, const struct id *after,
                      struct content_doc *out)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_DOC_NEXT, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, state);
    bind_id(stmt, 2, after);
    return doc_read(c, stmt, out);
}

enum err content_any(struct content *c, const struct id *after, struct content_doc *out)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_DOC_ANY, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, after);
    return doc_read(c, stmt, out);
}

enum err content_want(struct content *c, const struct id *doc,
                      const uint8_t sha256[SHA256_BYTES], uint64_t size, uint32_t device)
{
    return content_doc_add(c, doc, CONTENT_WANTED, 0, sha256, size, device);
}

enum err content_mark(struct content *c, const struct id *doc, enum content_state state,
                      enum err why)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_DOC_MARK, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, doc);
    bind_int(stmt, 2, state);
    bind_int(stmt, 3, why);
    return stmt_run(stmt);
}

enum err content_again(struct content *c, const struct id *doc)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_DOC_RETRY, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, doc);
    return stmt_run(stmt);
}

enum err content_doubt(struct content *c)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_DOC_DOUBT, &stmt);
    return err == ERR_OK ? stmt_run(stmt) : err;
}

static enum err doc_set(struct content *c, enum content_sql sql, const struct id *doc,
                        int64_t cid, int64_t third)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, sql, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, doc);
    bind_int(stmt, 2, cid);
    if (sql != CONTENT_SQL_DOC_BEGUN)
        bind_int(stmt, 3, third);
    return stmt_run(stmt);
}

enum err content_link(struct content *c, const struct id *doc, int64_t cid,
                      enum content_state state)
{
    struct content_doc was = {.cid = 0};
    enum err err = content_find(c, doc, &was);
    if (err == ERR_OK && was.cid != 0 && was.cid != cid)
        err = blob_drop(c, was.cid); /* a reception, which only this one has */
    return err == ERR_OK ? doc_set(c, CONTENT_SQL_DOC_LINK, doc, cid, state) : err;
}

enum err content_holders(struct content *c, int64_t cid, struct id *out, size_t room,
                         size_t *count)
{
    struct stmt *stmt = NULL;
    size_t n = 0;
    enum err err = content_sql(c, CONTENT_SQL_DOC_OF, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, cid);
    bind_int(stmt, 2, (int64_t)room);
    enum step step = STEP_DONE;
    while (n < room && (step = stmt_step(stmt)) == STEP_ROW)
        n += col_id(stmt, 0, &out[n]) ? 1 : 0;
    stmt_reset(stmt);
    *count = n;
    return step == STEP_FAILED ? db_error(c->db) : ERR_OK;
}

enum err content_drop(struct content *c, const struct id *doc)
{
    struct content_doc was = {.cid = 0};
    struct stmt *stmt = NULL;
    struct id other;
    size_t others = 0;
    enum err err = content_find(c, doc, &was);
    if (err != ERR_OK)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    err = content_sql(c, CONTENT_SQL_DOC_DROP, &stmt);
    if (err == ERR_OK) {
        bind_id(stmt, 1, doc);
        err = stmt_run(stmt);
    }
    if (err == ERR_OK)
        err = content_holders(c, was.cid, &other, 1, &others);
    return err == ERR_OK && others == 0 ? blob_drop(c, was.cid) : err;
}

/* ---- receiving ---- */

/* What has come is not what it was said to be: nothing of it is kept. */
static enum err again(struct content *c, struct content_doc *doc)
{
    enum err err = blob_drop(c, doc->cid);
    doc->have = 0;
    doc->cid = 0;
    return err == ERR_OK ? doc_set(c, CONTENT_SQL_DOC_AGAIN, &doc->id, 0, ERR_INVALID) : err;
}

static enum err begun(struct content *c, struct content_doc *doc)
{
    enum err err = content_blob_add(c, doc->sha256, doc->size, &doc->cid);
    doc->have = 0;
    return err == ERR_OK ? doc_set(c, CONTENT_SQL_DOC_BEGUN, &doc->id, doc->cid, 0) : err;
}

static enum err advance(struct content *c, struct content_doc *doc, struct sha256 *sha,
                        struct str bytes)
{
    struct stmt *stmt = NULL;
    uint8_t mid[MID_BYTES];
    enum err err = content_chunk_add(c, doc->cid, doc->have, bytes);
    if (err == ERR_OK)
        err = content_sql(c, CONTENT_SQL_BLOB_HAVE, &stmt);
    if (err != ERR_OK)
        return err;
    sha256_add(sha, bytes.p, bytes.n);
    mid_write(sha, mid);
    doc->have += bytes.n;
    bind_int(stmt, 1, doc->cid);
    bind_int(stmt, 2, (int64_t)doc->have);
    bind_blob(stmt, 3, (struct str){(const char *)mid, sizeof mid});
    return stmt_run(stmt);
}

static enum err mid_of(struct content *c, const struct content_doc *doc, struct sha256 *out)
{
    struct stmt *stmt = NULL;
    enum err err = content_sql(c, CONTENT_SQL_BLOB_MID, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, doc->cid);
    enum step step = stmt_step(stmt);
    struct str mid = step == STEP_ROW ? col_blob(stmt, 0) : (struct str){NULL, 0};
    if (step == STEP_FAILED)
        err = db_error(c->db);
    else if (mid.n != MID_BYTES)
        err = ERR_CORRUPT;
    else
        mid_read(out, mid.p, doc->have);
    stmt_reset(stmt);
    return err;
}

enum err content_append(struct content *c, struct content_doc *doc, uint64_t from,
                        struct str bytes)
{
    struct sha256 sha;
    uint8_t got[SHA256_BYTES];
    if (from != doc->have || bytes.n == 0 || bytes.n > doc->size - doc->have ||
        (bytes.n % MESSAGE_CHUNK_ALIGN != 0 && bytes.n != doc->size - doc->have))
        return ERR_FORMAT;
    enum err err = doc->cid == 0 ? begun(c, doc) : ERR_OK;
    if (err == ERR_OK)
        err = mid_of(c, doc, &sha);
    if (err == ERR_OK)
        err = advance(c, doc, &sha, bytes);
    if (err != ERR_OK || doc->have < doc->size)
        return err;
    sha256_end(&sha, got);
    if (memcmp(got, doc->sha256, sizeof got) != 0) {
        err = again(c, doc);
        return err == ERR_OK ? ERR_INVALID : err;
    }
    err = content_settle(c, &doc->cid, got, doc->size);
    doc->state = CONTENT_KEPT;
    return err == ERR_OK ? doc_set(c, CONTENT_SQL_DOC_LINK, &doc->id, doc->cid, CONTENT_KEPT)
                         : err;
}
