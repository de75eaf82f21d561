/* SPDX-License-Identifier: Apache-2.0 */
#include "store/deposits.h"

#include "store/db.h"

/* Both ways in one table: kind 1 waits for the server, kind 2 for its device. */
#define SQL_LIST(X)                                                                            \
    X(FIND, "SELECT no FROM parcel WHERE kind=1 AND key=?1 AND sha=?2")                        \
    X(DROP_OLD, "DELETE FROM parcel WHERE kind=1 AND key=?1 AND sha=?2")                       \
    X(DROP_NO, "DELETE FROM parcel WHERE no=?1")                                               \
    X(COUNT_OF, "SELECT count(*) FROM parcel WHERE kind=1 AND key=?1")                         \
    X(COUNT_ALL, "SELECT coalesce(sum(kind=1),0),coalesce(sum(kind=2),0),"                     \
                 "coalesce(sum(size),0),coalesce(min(CASE kind WHEN 1 THEN at_ms END),0) "     \
                 "FROM parcel")                                                                \
    X(ADD, "INSERT INTO parcel(kind,key,device,sha,size,at_ms) VALUES(?1,?2,?3,?4,?5,?6)")     \
    X(PIECE_ADD, "INSERT INTO piece(no,at,bytes) VALUES(?1,?2,?3)")                            \
    X(NEXT, "SELECT no,key,device,sha FROM parcel WHERE kind=1 AND no>?1 ORDER BY no LIMIT 1") \
    X(PIECES, "SELECT bytes FROM piece WHERE no=?1 ORDER BY at")                               \
    X(ANSWER, "SELECT no,device,sha FROM parcel WHERE kind=2 AND key=?1 "                      \
              "ORDER BY no DESC LIMIT 1")                                                      \
    X(ANSWER_DROP, "DELETE FROM parcel WHERE kind=2 AND key=?1")                               \
    X(ANSWER_GONE, "DELETE FROM parcel WHERE kind=2 AND key=?1 AND sha=?2")                    \
    X(SWEEP, "DELETE FROM parcel WHERE kind=2 AND at_ms<?1")                                   \
    X(DENY_NONE, "DELETE FROM denied")                                                         \
    X(DENY, "INSERT INTO denied(key) VALUES(?1) ON CONFLICT DO NOTHING")                       \
    X(DENY_ANSWER, "DELETE FROM parcel WHERE kind=2 AND key=?1 AND key NOT IN "                \
                   "(SELECT key FROM denied)")                                                 \
    X(DENIED, "SELECT 1 FROM denied WHERE key=?1")

enum sql {
#define X(name, text) SQL_##name,
    SQL_LIST(X)
#undef X
        SQL_COUNT
};
static const char *const texts[SQL_COUNT] = {
#define X(name, text) (text), /* in brackets: some are in two pieces, on purpose */
    SQL_LIST(X)
#undef X
};

/* Numbers are never given twice, so that one that is being handed over stays itself. */
static const char *const tables =
    "CREATE TABLE IF NOT EXISTS parcel(no INTEGER PRIMARY KEY AUTOINCREMENT,"
    "kind INTEGER NOT NULL,key BLOB NOT NULL,device INTEGER NOT NULL,sha BLOB NOT NULL,"
    "size INTEGER NOT NULL,at_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS parcel_of ON parcel(kind,key,sha);"
    "CREATE TABLE IF NOT EXISTS piece(no INTEGER NOT NULL REFERENCES parcel(no) "
    "ON DELETE CASCADE,at INTEGER NOT NULL,bytes BLOB NOT NULL,PRIMARY KEY(no,at)) STRICT;"
    "CREATE TABLE IF NOT EXISTS denied(key BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;";

enum { KIND_DEPOSIT = 1, KIND_ANSWER = 2 };

struct deposits {
    struct db *db;
    struct stmt *fixed[SQL_COUNT];
    uint64_t bytes_max;
};

/* ---- open, close ---- */

static enum err make(struct deposits *d)
{
    enum err err = db_begin(d->db);
    if (err != ERR_OK)
        return err;
    err = db_exec(d->db, tables);
    if (err == ERR_OK)
        return db_commit(d->db);
    db_rollback(d->db);
    return err;
}

enum err deposits_open(const char *path, const char *vfs, uint64_t bytes_max,
                       struct deposits **out, struct note *why)
{
    struct deposits *d = mem_new(sizeof *d);
    if (d == NULL)
        return ERR_NOMEM;
    d->bytes_max = bytes_max;
    enum err err = db_open(path, vfs, &d->db, why);
    if (err == ERR_OK)
        err = make(d);
    if (err == ERR_OK)
        *out = d;
    else
        deposits_close(d);
    return err;
}

void deposits_close(struct deposits *d)
{
    if (d == NULL)
        return;
    db_close(d->db);
    mem_free(d);
}

enum err deposits_health(const struct deposits *d)
{
    return db_health(d->db);
}

static enum err prepared(struct deposits *d, enum sql sql, struct stmt **out)
{
    enum err err = ERR_OK;
    if (d->fixed[sql] == NULL)
        err = db_prepare(d->db, texts[sql], &d->fixed[sql]);
    *out = d->fixed[sql];
    return err;
}

static struct str digest(const uint8_t bytes[SHA256_BYTES])
{
    return (struct str){(const char *)bytes, SHA256_BYTES};
}

/* Run a statement with up to two digests. */
static enum err run(struct deposits *d, enum sql sql, const uint8_t *a, const uint8_t *b)
{
    struct stmt *stmt = NULL;
    enum err err = prepared(d, sql, &stmt);
    if (err != ERR_OK)
        return err;
    if (a != NULL)
        bind_blob(stmt, 1, digest(a));
    if (b != NULL)
        bind_blob(stmt, 2, digest(b));
    return stmt_run(stmt);
}

static enum err run_int(struct deposits *d, enum sql sql, int64_t n)
{
    struct stmt *stmt = NULL;
    enum err err = prepared(d, sql, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, n);
    return stmt_run(stmt);
}

/* The number a statement with up to two digests answers; 0 for no row. */
static enum err number(struct deposits *d, enum sql sql, const uint8_t *a, const uint8_t *b,
                       int64_t *out)
{
    struct stmt *stmt = NULL;
    enum err err = prepared(d, sql, &stmt);
    if (err != ERR_OK)
        return err;
    if (a != NULL)
        bind_blob(stmt, 1, digest(a));
    if (b != NULL)
        bind_blob(stmt, 2, digest(b));
    enum step step = stmt_step(stmt);
    *out = step == STEP_ROW ? col_int(stmt, 0) : 0;
    stmt_reset(stmt);
    return step == STEP_FAILED ? db_error(d->db) : ERR_OK;
}

/* End a transaction: commit when err is OK, else roll back. */
static enum err end(struct deposits *d, enum err err)
{
    if (err == ERR_OK)
        return db_commit(d->db);
    db_rollback(d->db);
    return err;
}

/* ---- put ---- */

static enum err add_pieces(struct deposits *d, int64_t no, struct str bytes)
{
    struct stmt *stmt = NULL;
    enum err err = prepared(d, SQL_PIECE_ADD, &stmt);
    for (size_t at = 0; err == ERR_OK && at < bytes.n; at += DEPOSITS_PIECE_BYTES) {
        size_t n = bytes.n - at < DEPOSITS_PIECE_BYTES ? bytes.n - at : DEPOSITS_PIECE_BYTES;
        bind_int(stmt, 1, no);
        bind_int(stmt, 2, (int64_t)at);
        bind_blob(stmt, 3, (struct str){bytes.p + at, n});
        err = stmt_run(stmt);
    }
    return err;
}

static enum err add(struct deposits *d, int kind, const uint8_t key[SHA256_BYTES],
                    uint32_t device, const uint8_t sha256[SHA256_BYTES], struct str bytes,
                    int64_t now_ms)
{
    struct stmt *stmt = NULL;
    enum err err = prepared(d, SQL_ADD, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, kind);
    bind_blob(stmt, 2, digest(key));
    bind_int(stmt, 3, device);
    bind_blob(stmt, 4, digest(sha256));
    bind_int(stmt, 5, (int64_t)bytes.n);
    bind_int(stmt, 6, now_ms);
    err = stmt_run(stmt);
    return err == ERR_OK ? add_pieces(d, db_last_rowid(d->db), bytes) : err;
}

static enum err drop_followed(struct deposits *d, const struct deposit *deposit)
{
    enum err err = ERR_OK;
    for (size_t at = 0; err == ERR_OK && at + SHA256_BYTES <= deposit->follows.n;
         at += SHA256_BYTES)
        err = run(d, SQL_DROP_OLD, deposit->key, (const uint8_t *)deposit->follows.p + at);
    return err;
}

static enum err check_room(struct deposits *d, const struct deposit *deposit)
{
    int64_t others = 0;
    struct deposits_count count = {.bytes = 0};
    enum err err = number(d, SQL_COUNT_OF, deposit->key, NULL, &others);
    if (err == ERR_OK && others >= DEPOSITS_OF_DEVICE_MAX)
        err = ERR_LIMIT;
    if (err == ERR_OK)
        err = deposits_count(d, &count);
    if (err == ERR_OK && count.bytes + deposit->bytes.n > d->bytes_max)
        err = ERR_FULL;
    return err;
}

static enum err put(struct deposits *d, const struct deposit *deposit, int64_t now_ms)
{
    enum err err = drop_followed(d, deposit);
    if (err == ERR_OK)
        err = check_room(d, deposit);
    if (err == ERR_OK)
        err = add(d, KIND_DEPOSIT, deposit->key, deposit->device, deposit->sha256,
                  deposit->bytes, now_ms);
    return err;
}

enum err deposits_holds(struct deposits *d, const uint8_t key[SHA256_BYTES],
                        const uint8_t sha256[SHA256_BYTES], bool *out)
{
    int64_t no = 0;
    enum err err = number(d, SQL_FIND, key, sha256, &no);
    if (err == ERR_OK)
        *out = no != 0;
    return err;
}

enum err deposits_put(struct deposits *d, const struct deposit *deposit, int64_t now_ms)
{
    bool held = false;
    enum err err = deposits_holds(d, deposit->key, deposit->sha256, &held);
    if (err != ERR_OK || held)
        return err;
    err = db_begin(d->db);
    return err == ERR_OK ? end(d, put(d, deposit, now_ms)) : err;
}

/* ---- hand over ---- */

static bool copy_digest(struct str bytes, uint8_t out[SHA256_BYTES])
{
    if (bytes.n != SHA256_BYTES)
        return false;
    memcpy(out, bytes.p, SHA256_BYTES);
    return true;
}

/* Append the bytes of a parcel, and see that they are those of its digest. */
static enum err read_pieces(struct deposits *d, int64_t no, const uint8_t sha256[SHA256_BYTES],
                            struct buf *bytes)
{
    struct stmt *stmt = NULL;
    struct sha256 sha;
    uint8_t got[SHA256_BYTES];
    enum step step = STEP_DONE;
    enum err err = prepared(d, SQL_PIECES, &stmt);
    if (err != ERR_OK)
        return err;
    sha256_init(&sha);
    bind_int(stmt, 1, no);
    while (bytes->err == ERR_OK && (step = stmt_step(stmt)) == STEP_ROW) {
        struct str piece = col_blob(stmt, 0);
        sha256_add(&sha, piece.p, piece.n);
        buf_add(bytes, piece.p, piece.n);
    }
    stmt_reset(stmt);
    sha256_end(&sha, got);
    if (bytes->err != ERR_OK)
        return bytes->err;
    if (step == STEP_FAILED)
        return db_error(d->db);
    return memcmp(got, sha256, sizeof got) == 0 ? ERR_OK : ERR_CORRUPT;
}

enum err deposits_next(struct deposits *d, int64_t after, struct deposit_next *out,
                       struct buf *bytes)
{
    struct stmt *stmt = NULL;
    struct deposit_next next = {.no = 0};
    enum err err = prepared(d, SQL_NEXT, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, after);
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        next.no = col_int(stmt, 0);
        next.device = (uint32_t)col_int(stmt, 2);
        bool good = copy_digest(col_blob(stmt, 1), next.key) &&
                    copy_digest(col_blob(stmt, 3), next.sha256);
        err = good ? ERR_OK : ERR_CORRUPT;
    }
    stmt_reset(stmt);
    if (step != STEP_ROW)
        return step == STEP_FAILED ? db_error(d->db) : ERR_NOTFOUND;
    *out = next;
    return err == ERR_OK ? read_pieces(d, next.no, next.sha256, bytes) : err;
}

static enum err judged(struct deposits *d, const struct deposit_next *deposit,
                       struct str answer, int64_t now_ms)
{
    enum err err = run_int(d, SQL_DROP_NO, deposit->no);
    if (err != ERR_OK || answer.n == 0)
        return err;
    struct sha256 sha;
    uint8_t of_answer[SHA256_BYTES];
    sha256_init(&sha);
    sha256_add(&sha, answer.p, answer.n);
    sha256_end(&sha, of_answer);
    err = run(d, SQL_ANSWER_DROP, deposit->key, NULL);
    return err == ERR_OK
               ? add(d, KIND_ANSWER, deposit->key, deposit->device, of_answer, answer, now_ms)
               : err;
}

enum err deposits_judged(struct deposits *d, const struct deposit_next *deposit,
                         struct str answer, int64_t now_ms)
{
    enum err err = db_begin(d->db);
    return err == ERR_OK ? end(d, judged(d, deposit, answer, now_ms)) : err;
}

/* ---- collect ---- */

enum err deposits_answer(struct deposits *d, const uint8_t key[SHA256_BYTES], uint32_t *device,
                         uint8_t sha256[SHA256_BYTES], struct buf *bytes)
{
    struct stmt *stmt = NULL;
    int64_t no = 0;
    enum err err = prepared(d, SQL_ANSWER, &stmt);
    if (err != ERR_OK)
        return err;
    bind_blob(stmt, 1, digest(key));
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW) {
        no = col_int(stmt, 0);
        *device = (uint32_t)col_int(stmt, 1);
        err = copy_digest(col_blob(stmt, 2), sha256) ? ERR_OK : ERR_CORRUPT;
    }
    stmt_reset(stmt);
    if (step != STEP_ROW)
        return step == STEP_FAILED ? db_error(d->db) : ERR_NOTFOUND;
    return err == ERR_OK ? read_pieces(d, no, sha256, bytes) : err;
}

/* One statement in a transaction of its own. */
static enum err alone(struct deposits *d, enum sql sql, const uint8_t *a, const uint8_t *b)
{
    enum err err = db_begin(d->db);
    return err == ERR_OK ? end(d, run(d, sql, a, b)) : err;
}

enum err deposits_collected(struct deposits *d, const uint8_t key[SHA256_BYTES],
                            const uint8_t sha256[SHA256_BYTES])
{
    return alone(d, SQL_ANSWER_GONE, key, sha256);
}

/* ---- who may not ---- */

static enum err deny(struct deposits *d, struct str keys)
{
    enum err err = ERR_OK;
    for (size_t at = 0; err == ERR_OK && at + SHA256_BYTES <= keys.n; at += SHA256_BYTES)
        err = run(d, SQL_DENY_ANSWER, (const uint8_t *)keys.p + at, NULL);
    if (err == ERR_OK)
        err = run(d, SQL_DENY_NONE, NULL, NULL);
    for (size_t at = 0; err == ERR_OK && at + SHA256_BYTES <= keys.n; at += SHA256_BYTES)
        err = run(d, SQL_DENY, (const uint8_t *)keys.p + at, NULL);
    return err;
}

enum err deposits_deny(struct deposits *d, struct str keys)
{
    enum err err = db_begin(d->db);
    return err == ERR_OK ? end(d, deny(d, keys)) : err;
}

enum err deposits_denied(struct deposits *d, const uint8_t key[SHA256_BYTES], bool *out)
{
    int64_t found = 0;
    enum err err = number(d, SQL_DENIED, key, NULL, &found);
    if (err == ERR_OK)
        *out = found != 0;
    return err;
}

/* ---- care ---- */

enum err deposits_sweep(struct deposits *d, int64_t now_ms)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    enum err err = db_begin(d->db);
    return err == ERR_OK ? end(d, run_int(d, SQL_SWEEP, now_ms - DEPOSITS_ANSWER_DAYS * day_ms))
                         : err;
}

enum err deposits_count(struct deposits *d, struct deposits_count *out)
{
    struct stmt *stmt = NULL;
    enum err err = prepared(d, SQL_COUNT_ALL, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        *out = (struct deposits_count){.deposits = (uint64_t)col_int(stmt, 0),
                                       .answers = (uint64_t)col_int(stmt, 1),
                                       .bytes = (uint64_t)col_int(stmt, 2),
                                       .oldest_ms = col_int(stmt, 3)};
    stmt_reset(stmt);
    return step == STEP_ROW ? ERR_OK : db_error(d->db);
}
