/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include "proto/mem.h"
#include "store/fold.h"
#include "store/vfs_crypt.h"

#include <pthread.h>
#include <sqlite3.h>

enum {
    SQL_BYTES_MAX = 16 * 1024,
    FOLDED_BYTES = 32, /* of a text, decide its place in a list */
};

struct stmt {
    sqlite3_stmt *s;
    struct db *db;
    struct stmt *next; /* all statements of the database */
};

struct db {
    sqlite3 *h;
    struct stmt *stmts;
    enum err error;     /* of the last failed call */
    enum err dead;      /* IO or CORRUPT once met: no more writes through this connection */
    bool soft;          /* a commit does not wait for the disk */
    bool damaged;       /* opened to read what still reads: errors are of one statement */
    struct buf folding; /* scratch of folded() */
    struct stmt *begin, *commit, *save, *keep, *undo;
};

static enum err map(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ERR_OK;
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* all we ask for is in a sound file of ours */
        return ERR_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_TOOBIG:
        return ERR_LIMIT;
    case SQLITE_CONSTRAINT:
        return ERR_EXISTS;
    default:
        return ERR_IO;
    }
}

static enum err failed(struct db *db, int rc)
{
    db->error = map(rc);
    if ((db->error == ERR_IO || db->error == ERR_CORRUPT) && !db->damaged)
        db->dead = db->error;
    return db->error;
}

static const char *const pragmas[] = {
    "PRAGMA locking_mode=EXCLUSIVE",  "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",        "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",       "PRAGMA mmap_size=0",
    "PRAGMA secure_delete=FAST",      "PRAGMA cache_size=-6144",
    "PRAGMA wal_autocheckpoint=2000", "PRAGMA journal_size_limit=16777216",
    "PRAGMA trusted_schema=OFF",      "PRAGMA cell_size_check=ON",
};

/* folded(text), for ORDER BY, and in indexes of a replica (sorted.h). */
static void folded(sqlite3_context *ctx, int n, sqlite3_value **values)
{
    struct buf *out = sqlite3_user_data(ctx);
    must(n == 1);
    if (sqlite3_value_type(values[0]) == SQLITE_NULL)
        return;
    const char *text = (const char *)sqlite3_value_text(values[0]);
    size_t bytes = (size_t)sqlite3_value_bytes(values[0]);
    if (bytes > FOLDED_BYTES)
        bytes = FOLDED_BYTES; /* half a letter at the end is left out by fold_text */
    buf_clear(out);
    fold_text((struct str){text, text == NULL ? 0 : bytes}, out);
    if (out->err == ERR_OK)
        sqlite3_result_text(ctx, out->n == 0 ? "" : (const char *)out->p, (int)out->n,
                            SQLITE_TRANSIENT);
    else
        sqlite3_result_error_nomem(ctx);
}

/* What the engine reads as a text where there is no column of that name is an error of ours,
 * or of the disk. */
static void be_strict(struct db *db)
{
    (void)sqlite3_extended_result_codes(db->h, 1);
    (void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_DQS_DML, 0, (int *)NULL);
}

static enum err configure(struct db *db)
{
    int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    be_strict(db);
    int rc =
        sqlite3_create_function(db->h, "folded", 1, flags, &db->folding, folded, NULL, NULL);
    if (rc != SQLITE_OK)
        return failed(db, rc);
    for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas; i++) {
        enum err err = db_exec(db, pragmas[i]);
        if (err != ERR_OK)
            return err;
    }
    const struct {
        const char *sql;
        struct stmt **out;
    } fixed[] = {{"BEGIN IMMEDIATE", &db->begin},
                 {"COMMIT", &db->commit},
                 {"SAVEPOINT one", &db->save},
                 {"RELEASE one", &db->keep},
                 {"ROLLBACK TO one", &db->undo}};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        enum err err = db_prepare(db, fixed[i].sql, fixed[i].out);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* Nobody reads the engine's account of its memory, and keeping it takes a lock for each block.
 * What a savepoint takes back is kept in memory: there are no temporary files. Refused, and no
 * harm done, once the engine is in use. */
static void configure_engine(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, -1);
}

void db_engine_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, configure_engine);
}

enum err db_open(const char *path, const char *vfs, struct db **out, struct note *why)
{
    struct db *db = mem_new(sizeof *db);
    if (db == NULL)
        return ERR_NOMEM;
    db_engine_start();
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(path, &db->h, flags, vfs);
    bool encrypted = rc == SQLITE_OK && vfs_crypt_begin(db->h);
    enum err err = rc == SQLITE_OK ? configure(db) : map(rc);
    if (encrypted)
        vfs_crypt_settle(db->h);
    if (err != ERR_OK) {
        err = note_set(why, err, "database: %s", db->h ? sqlite3_errmsg(db->h) : err_text(err));
        db_close(db);
        return err;
    }
    *out = db;
    return ERR_OK;
}

static const char *const damaged_pragmas[] = {
    "PRAGMA locking_mode=EXCLUSIVE", "PRAGMA query_only=ON",
    "PRAGMA temp_store=MEMORY",      "PRAGMA mmap_size=0",
    "PRAGMA trusted_schema=OFF",     "PRAGMA cell_size_check=ON",
};

/* Its log is read with it, and stays what it is. */
static enum err configure_damaged(struct db *db)
{
    struct stmt *stmt = NULL;
    enum err err = ERR_OK;
    be_strict(db);
    (void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
    for (size_t i = 0; i < sizeof damaged_pragmas / sizeof *damaged_pragmas && err == ERR_OK;
         i++)
        err = db_exec(db, damaged_pragmas[i]);
    if (err == ERR_OK)
        err = db_prepare(db, "SELECT count(*) FROM sqlite_schema", &stmt);
    if (err == ERR_OK && stmt_step(stmt) == STEP_FAILED)
        err = db->error;
    stmt_free(stmt);
    return err;
}

enum err db_open_damaged(const char *path, const char *vfs, struct db **out, struct note *why)
{
    struct db *db = mem_new(sizeof *db);
    if (db == NULL)
        return ERR_NOMEM;
    db->damaged = true;
    int rc = sqlite3_open_v2(path, &db->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, vfs);
    if (rc == SQLITE_OK)
        (void)vfs_crypt_begin(db->h);
    enum err err = rc == SQLITE_OK ? configure_damaged(db) : map(rc);
    if (err != ERR_OK) {
        err = note_set(why, err, "database: %s", db->h ? sqlite3_errmsg(db->h) : err_text(err));
        db_close(db);
        return err;
    }
    *out = db;
    return ERR_OK;
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    db_rollback(db);
    while (db->stmts != NULL)
        stmt_free(db->stmts);
    (void)sqlite3_close_v2(db->h);
    buf_done(&db->folding);
    mem_free(db);
}

enum err db_health(const struct db *db)
{
    return db->dead;
}

enum err db_exec(struct db *db, const char *sql)
{
    if (db->dead != ERR_OK)
        return db->dead;
    int rc = sqlite3_exec(db->h, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ERR_OK : failed(db, rc);
}

enum err db_prepare(struct db *db, const char *sql, struct stmt **out)
{
    must(strlen(sql) < SQL_BYTES_MAX);
    struct stmt *stmt = mem_new(sizeof *stmt);
    if (stmt == NULL)
        return ERR_NOMEM;
    int rc = sqlite3_prepare_v3(db->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->s, NULL);
    if (rc != SQLITE_OK) {
        mem_free(stmt);
        return failed(db, rc);
    }
    stmt->db = db;
    stmt->next = db->stmts;
    db->stmts = stmt;
    *out = stmt;
    return ERR_OK;
}

void stmt_free(struct stmt *stmt)
{
    if (stmt == NULL)
        return;
    struct stmt **at = &stmt->db->stmts;
    while (*at != stmt)
        at = &(*at)->next;
    *at = stmt->next;
    (void)sqlite3_finalize(stmt->s);
    mem_free(stmt);
}

void bind_int(struct stmt *stmt, int i, int64_t v)
{
    (void)sqlite3_bind_int64(stmt->s, i, v);
}

void bind_real(struct stmt *stmt, int i, double v)
{
    (void)sqlite3_bind_double(stmt->s, i, v);
}

void bind_text(struct stmt *stmt, int i, struct str s)
{
    (void)sqlite3_bind_text(stmt->s, i, s.p == NULL ? "" : s.p, (int)s.n, SQLITE_STATIC);
}

void bind_blob(struct stmt *stmt, int i, struct str bytes)
{
    (void)sqlite3_bind_blob(stmt->s, i, bytes.p == NULL ? "" : bytes.p, (int)bytes.n,
                            SQLITE_STATIC);
}

void bind_null(struct stmt *stmt, int i)
{
    (void)sqlite3_bind_null(stmt->s, i);
}

void bind_id(struct stmt *stmt, int i, const struct id *id)
{
    (void)sqlite3_bind_blob(stmt->s, i, id->b, ID_BYTES, SQLITE_STATIC);
}

void bind_value(struct stmt *stmt, int i, const struct value *v)
{
    switch (v->type) {
    case VALUE_NULL:
        bind_null(stmt, i);
        return;
    case VALUE_INT:
        bind_int(stmt, i, v->i);
        return;
    case VALUE_REAL:
        bind_real(stmt, i, v->r);
        return;
    case VALUE_TEXT:
        bind_text(stmt, i, v->s);
        return;
    case VALUE_BYTES:
        bind_blob(stmt, i, v->s);
        return;
    }
}

enum step stmt_step(struct stmt *stmt)
{
    must(stmt != NULL);
    if (stmt->db->dead != ERR_OK) {
        stmt->db->error = stmt->db->dead;
        return STEP_FAILED;
    }
    int rc = sqlite3_step(stmt->s);
    if (rc == SQLITE_ROW)
        return STEP_ROW;
    if (rc == SQLITE_DONE)
        return STEP_DONE;
    (void)failed(stmt->db, rc);
    return STEP_FAILED;
}

void stmt_reset(struct stmt *stmt)
{
    (void)sqlite3_reset(stmt->s);
    (void)sqlite3_clear_bindings(stmt->s);
}

enum err stmt_run(struct stmt *stmt)
{
    enum step step = stmt_step(stmt);
    enum err err = step == STEP_FAILED ? stmt->db->error : ERR_OK;
    stmt_reset(stmt);
    must(step != STEP_ROW);
    return err;
}

enum err db_error(const struct db *db)
{
    return db->error;
}

int64_t db_changes(const struct db *db)
{
    return sqlite3_changes64(db->h);
}

int64_t db_last_rowid(const struct db *db)
{
    return sqlite3_last_insert_rowid(db->h);
}

int64_t col_int(struct stmt *stmt, int i)
{
    return sqlite3_column_int64(stmt->s, i);
}

double col_real(struct stmt *stmt, int i)
{
    return sqlite3_column_double(stmt->s, i);
}

struct str col_text(struct stmt *stmt, int i)
{
    const char *p = (const char *)sqlite3_column_text(stmt->s, i);
    return (struct str){p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt->s, i)};
}

struct str col_blob(struct stmt *stmt, int i)
{
    const char *p = sqlite3_column_blob(stmt->s, i);
    return (struct str){p, p == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt->s, i)};
}

bool col_null(struct stmt *stmt, int i)
{
    return sqlite3_column_type(stmt->s, i) == SQLITE_NULL;
}

bool col_id(struct stmt *stmt, int i, struct id *out)
{
    struct str s = col_blob(stmt, i);
    if (s.n != ID_BYTES)
        return false;
    memcpy(out->b, s.p, ID_BYTES);
    return true;
}

struct value col_value(struct stmt *stmt, int i)
{
    switch (sqlite3_column_type(stmt->s, i)) {
    case SQLITE_INTEGER:
        return value_int(col_int(stmt, i));
    case SQLITE_FLOAT:
        return (struct value){.type = VALUE_REAL, .r = col_real(stmt, i)};
    case SQLITE_TEXT:
        return value_text(col_text(stmt, i));
    case SQLITE_BLOB:
        return value_bytes(col_blob(stmt, i));
    default:
        return VALUE_NONE;
    }
}

static enum err begin(struct db *db, bool soft)
{
    must(!db_in_tx(db));
    enum err err = ERR_OK;
    /* In WAL mode NORMAL appends to the log without a sync: the next one takes it along. */
    if (db->soft != soft)
        err = db_exec(db, soft ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL");
    if (err != ERR_OK)
        return err;
    db->soft = soft;
    return stmt_run(db->begin);
}

enum err db_begin(struct db *db)
{
    return begin(db, false);
}

enum err db_begin_soft(struct db *db)
{
    return begin(db, true);
}

enum err db_commit(struct db *db)
{
    enum err err = stmt_run(db->commit);
    if (err != ERR_OK)
        db_rollback(db);
    return err;
}

void db_rollback(struct db *db)
{
    /* The engine may have rolled back by itself (full disk, no memory): look before asking. A
     * statement left un-reset would keep its snapshot open. */
    for (struct stmt *stmt = db->stmts; stmt != NULL; stmt = stmt->next)
        stmt_reset(stmt);
    if (db_in_tx(db))
        (void)sqlite3_exec(db->h, "ROLLBACK", NULL, NULL, NULL);
}

bool db_in_tx(const struct db *db)
{
    return db->h != NULL && sqlite3_get_autocommit(db->h) == 0;
}

enum err db_save(struct db *db)
{
    return stmt_run(db->save);
}

enum err db_save_keep(struct db *db)
{
    return stmt_run(db->keep);
}

enum err db_save_undo(struct db *db)
{
    enum err err = stmt_run(db->undo);
    return err == ERR_OK ? stmt_run(db->keep) : err;
}

struct db_copy {
    sqlite3 *to;
    sqlite3_backup *b;
};

enum err db_copy_begin(struct db *db, const char *path, struct db_copy **out)
{
    struct db_copy *copy = mem_new(sizeof *copy);
    if (copy == NULL)
        return ERR_NOMEM;
    int rc = sqlite3_open_v2(path, &copy->to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (rc == SQLITE_OK)
        copy->b = sqlite3_backup_init(copy->to, "main", db->h, "main");
    if (copy->b == NULL) {
        enum err err = rc == SQLITE_OK ? map(sqlite3_errcode(copy->to)) : map(rc);
        (void)sqlite3_close_v2(copy->to);
        mem_free(copy);
        return err == ERR_OK ? ERR_IO : err;
    }
    *out = copy;
    return ERR_OK;
}

enum err db_copy_step(struct db_copy *copy, int pages, bool *done)
{
    int rc = sqlite3_backup_step(copy->b, pages);
    *done = rc == SQLITE_DONE;
    return map(rc);
}

enum err db_copy_end(struct db_copy *copy)
{
    int rc = sqlite3_backup_finish(copy->b);
    int closed = sqlite3_close_v2(copy->to);
    mem_free(copy);
    return map(rc != SQLITE_OK ? rc : closed);
}

static enum err one_int(struct db *db, const char *sql, int64_t *out)
{
    struct stmt *stmt = NULL;
    enum err err = db_prepare(db, sql, &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = stmt_step(stmt);
    if (step == STEP_ROW)
        *out = col_int(stmt, 0);
    stmt_free(stmt);
    return step == STEP_ROW ? ERR_OK : ERR_IO;
}

enum err db_integrity(struct db *db, bool *ok, struct note *why)
{
    struct stmt *stmt = NULL;
    enum err err = db_prepare(db, "PRAGMA integrity_check(1)", &stmt);
    if (err != ERR_OK)
        return err;
    enum step step = stmt_step(stmt);
    struct str said = step == STEP_ROW ? col_text(stmt, 0) : STR("unreadable");
    *ok = str_eq(said, STR("ok"));
    if (!*ok)
        note_write(why, "%.*s", (int)said.n, said.p);
    stmt_free(stmt);
    return ERR_OK;
}

enum err db_size(struct db *db, int64_t *bytes, int64_t *free_bytes)
{
    int64_t pages = 0;
    int64_t unused = 0;
    int64_t size = 0;
    enum err err = one_int(db, "PRAGMA page_count", &pages);
    if (err == ERR_OK)
        err = one_int(db, "PRAGMA freelist_count", &unused);
    if (err == ERR_OK)
        err = one_int(db, "PRAGMA page_size", &size);
    if (err == ERR_OK) {
        *bytes = pages * size;
        *free_bytes = unused * size;
    }
    return err;
}

enum err db_checkpoint(struct db *db)
{
    if (db->dead != ERR_OK)
        return db->dead;
    int rc = sqlite3_wal_checkpoint_v2(db->h, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return rc == SQLITE_OK ? ERR_OK : failed(db, rc);
}

const char *db_engine(void)
{
    return "SQLite " SQLITE_VERSION;
}
