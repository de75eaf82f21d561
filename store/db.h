/* SPDX-License-Identifier: Apache-2.0 */
/* The seam to the database engine: open, prepare, bind, step, columns, transactions. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "proto/buf.h"
#include "proto/value.h"

struct db;
struct stmt;

/* Settings of the engine for the whole process. Once, before anything else asks it for
 * something; db_open does it too. */
void db_engine_start(void);

/* Open (create) the database file through the named VFS (NULL: the default one): WAL,
 * synchronous=FULL, exclusive locking (one process, one connection). CORRUPT, IO, FULL, NOMEM,
 * BUSY. */
NODISCARD enum err db_open(const char *path, const char *vfs, struct db **out,
                           struct note *why);
/* Open a file that may be damaged, only to read what still reads: nothing is written into it or
 * back from its log, and an error of one statement does not end the others. What db_open says.
 */
NODISCARD enum err db_open_damaged(const char *path, const char *vfs, struct db **out,
                                   struct note *why);
/* Roll back what is open, close. NULL is fine. */
void db_close(struct db *db);
/* After an I/O error or damage nothing more is written through this connection: ERR_IO or
 * ERR_CORRUPT until it is closed and opened again. OK otherwise. */
enum err db_health(const struct db *db);

/* SQL may call folded(text): the beginning of the text as fold_text writes it. */
/* Run SQL without results. */
NODISCARD enum err db_exec(struct db *db, const char *sql);
/* Prepare for many uses; finalised by db_close or stmt_free. */
NODISCARD enum err db_prepare(struct db *db, const char *sql, struct stmt **out);
void stmt_free(struct stmt *stmt);

/* Bind from 1. Text and bytes must stay valid until the next stmt_reset. */
void bind_int(struct stmt *stmt, int i, int64_t v);
void bind_real(struct stmt *stmt, int i, double v);
void bind_text(struct stmt *stmt, int i, struct str s);
void bind_blob(struct stmt *stmt, int i, struct str bytes);
void bind_null(struct stmt *stmt, int i);
void bind_id(struct stmt *stmt, int i, const struct id *id);
void bind_value(struct stmt *stmt, int i, const struct value *v);

enum step { STEP_ROW, STEP_DONE, STEP_FAILED };
/* On STEP_FAILED db_error tells. */
enum step stmt_step(struct stmt *stmt);
/* Reset and clear; call on every path. */
void stmt_reset(struct stmt *stmt);
/* Step once expecting no row, reset. */
NODISCARD enum err stmt_run(struct stmt *stmt);
/* Error of the last failed call on this database. */
enum err db_error(const struct db *db);
/* Rows changed by the last statement; rowid of the last insert. */
int64_t db_changes(const struct db *db);
int64_t db_last_rowid(const struct db *db);

/* Columns from 0; views are valid until the next step or reset. */
int64_t col_int(struct stmt *stmt, int i);
double col_real(struct stmt *stmt, int i);
struct str col_text(struct stmt *stmt, int i);
struct str col_blob(struct stmt *stmt, int i);
bool col_null(struct stmt *stmt, int i);
/* False when the column is not a 16-byte blob. */
bool col_id(struct stmt *stmt, int i, struct id *out);
struct value col_value(struct stmt *stmt, int i);

/* Transactions: BEGIN IMMEDIATE … COMMIT. A commit that fails is rolled back before it returns.
 */
NODISCARD enum err db_begin(struct db *db);
/* The same for what another side tells again: the commit may be lost with the power, not with
 * the process, until one of db_begin follows; then all is as it was before it, never a part. */
NODISCARD enum err db_begin_soft(struct db *db);
NODISCARD enum err db_commit(struct db *db);
void db_rollback(struct db *db);
bool db_in_tx(const struct db *db);
/* One level of savepoint inside a transaction. */
NODISCARD enum err db_save(struct db *db);
NODISCARD enum err db_save_keep(struct db *db);
NODISCARD enum err db_save_undo(struct db *db);

/* Copy the database to a new file, `pages` at a time; *done when complete. Restarted by the
 * engine when the source changes in between. db_copy_end frees on every path. */
struct db_copy;
NODISCARD enum err db_copy_begin(struct db *db, const char *path, struct db_copy **out);
NODISCARD enum err db_copy_step(struct db_copy *copy, int pages, bool *done);
NODISCARD enum err db_copy_end(struct db_copy *copy);

/* A file of the database as bytes, past the engine: for one it does not open any more. */
struct db_bytes;
NODISCARD enum err db_bytes_open(const char *path, const char *vfs, struct db_bytes **out);
/* How long it is; IO. */
NODISCARD enum err db_bytes_size(struct db_bytes *f, uint64_t *out);
/* Exactly n bytes; IO: the disk does not give them. */
NODISCARD enum err db_bytes_read(struct db_bytes *f, uint64_t from, size_t n, void *out);
/* Bytes at the end of each page that the engine does not use: an encrypted database has some.
 */
size_t db_bytes_reserve(struct db_bytes *f);
/* NULL is fine. */
void db_bytes_close(struct db_bytes *f);

/* Engine's own check; *ok false and the first finding in `why`. */
NODISCARD enum err db_integrity(struct db *db, bool *ok, struct note *why);
/* Bytes of the file: pages in use, pages free. */
NODISCARD enum err db_size(struct db *db, int64_t *bytes, int64_t *free_bytes);
/* Write the log back into the file and truncate it. */
NODISCARD enum err db_checkpoint(struct db *db);
const char *db_engine(void);

#endif
