/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/rows_made.h"
#include "bench/scopes.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COLUMNS = 3 };

struct scopes_plain {
    sqlite3 *h;
    sqlite3_stmt *insert, *log, *update, *of_dossier, *all, *begin, *commit;
    uint64_t dossiers, rows, seq;
    struct rows_made made;
    struct buf packed;
    char path[300];
};

static void run(sqlite3 *h, const char *sql)
{
    int rc = sqlite3_exec(h, sql, NULL, NULL, NULL);
    must(rc == SQLITE_OK);
}

static sqlite3_stmt *prepare(sqlite3 *h, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(h, sql, -1, &stmt, NULL);
    must(rc == SQLITE_OK);
    return stmt;
}

static void step_once(sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);
    must(rc == SQLITE_DONE);
    (void)sqlite3_reset(stmt);
}

/* The next row and its log row. */
static void add(struct scopes_plain *db)
{
    uint64_t n = db->rows++;
    struct id id = rows_made_id(n);
    buf_clear(&db->packed);
    rows_made_pack(&db->made, n, &db->packed);
    (void)sqlite3_bind_int64(db->insert, 1, (int64_t)n);
    (void)sqlite3_bind_int64(db->insert, 2, (int64_t)(n % db->dossiers));
    (void)sqlite3_bind_int64(db->insert, 3, (int64_t)++db->seq);
    (void)sqlite3_bind_blob(db->insert, 4, id.b, ID_BYTES, SQLITE_STATIC);
    (void)sqlite3_bind_blob(db->insert, 5, db->packed.p, (int)db->packed.n, SQLITE_STATIC);
    step_once(db->insert);
    (void)sqlite3_bind_int64(db->log, 1, (int64_t)n);
    (void)sqlite3_bind_blob(db->log, 2, id.b, ID_BYTES, SQLITE_STATIC);
    step_once(db->log);
}

struct scopes_plain *scopes_plain_open(const char *dir, uint64_t dossiers, uint64_t rows)
{
    struct scopes_plain *db = calloc(1, sizeof *db);
    must(db != NULL);
    db->dossiers = dossiers;
    rows_made_invent(&db->made);
    (void)snprintf(db->path, sizeof db->path, "%.200s/scopes-control.db", dir);
    int rc = sqlite3_open(db->path, &db->h);
    must(rc == SQLITE_OK);
    run(db->h, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
               "PRAGMA synchronous=FULL; PRAGMA cache_size=-6144;"
               "PRAGMA wal_autocheckpoint=2000; PRAGMA mmap_size=0;"
               "CREATE TABLE session(n INTEGER PRIMARY KEY, dossier INT NOT NULL, "
               "seq INT NOT NULL, id BLOB NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;"
               "CREATE INDEX of_dossier ON session(dossier,seq);"
               "CREATE INDEX of_all ON session(seq);"
               "CREATE TABLE log(no INTEGER PRIMARY KEY, n INT, who BLOB) STRICT;");
    db->insert = prepare(db->h, "INSERT INTO session VALUES(?1,?2,?3,?4,?5)");
    db->log = prepare(db->h, "INSERT INTO log VALUES(NULL,?1,?2)");
    db->update = prepare(db->h, "UPDATE session SET seq=?2 WHERE n=?1");
    db->of_dossier = prepare(db->h, "SELECT n,id,body FROM session WHERE dossier=?1 AND "
                                    "seq>?2 ORDER BY seq");
    db->all = prepare(db->h, "SELECT n,id,body FROM session WHERE seq>?2 AND ?1>=0 "
                             "ORDER BY seq");
    db->begin = prepare(db->h, "BEGIN IMMEDIATE");
    db->commit = prepare(db->h, "COMMIT");
    step_once(db->begin);
    for (uint64_t i = 0; i < rows; i++)
        add(db);
    step_once(db->commit);
    return db;
}

void scopes_plain_close(struct scopes_plain *db)
{
    static const char *const ends[] = {"", "-wal"};
    sqlite3_stmt *all[] = {db->insert, db->log,   db->update, db->of_dossier,
                           db->all,    db->begin, db->commit};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        (void)sqlite3_finalize(all[i]);
    int rc = sqlite3_close(db->h);
    must(rc == SQLITE_OK);
    for (size_t i = 0; i < 2; i++) {
        char path[320];
        (void)snprintf(path, sizeof path, "%s%s", db->path, ends[i]);
        (void)unlink(path);
    }
    buf_done(&db->packed);
    free(db);
}

uint64_t scopes_plain_seq(const struct scopes_plain *db)
{
    return db->seq;
}

static void read_rows(struct scopes_plain *db, sqlite3_stmt *stmt, uint64_t dossier,
                      uint64_t since)
{
    int rc = SQLITE_DONE;
    (void)sqlite3_bind_int64(stmt, 1, (int64_t)dossier);
    (void)sqlite3_bind_int64(stmt, 2, (int64_t)since);
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        pack_array(&db->packed, COLUMNS);
        pack_int(&db->packed, sqlite3_column_int64(stmt, 0));
        for (int i = 1; i < COLUMNS; i++)
            pack_bin(&db->packed, (struct str){sqlite3_column_blob(stmt, i),
                                               (size_t)sqlite3_column_bytes(stmt, i)});
    }
    must(rc == SQLITE_DONE);
    (void)sqlite3_reset(stmt);
}

void scopes_plain_read(struct scopes_plain *db, uint64_t devices, uint64_t own, uint64_t since,
                       struct sample *out)
{
    double at = figures_now();
    double cpu = figures_cpu();
    *out = SAMPLE_NONE;
    out->wire_bytes = 0;
    for (uint64_t i = 0; i < devices; i++) {
        buf_clear(&db->packed);
        if (own == db->dossiers)
            read_rows(db, db->all, 0, since);
        for (uint64_t k = 0; own < db->dossiers && k < own; k++)
            read_rows(db, db->of_dossier, (i * own + k) % db->dossiers, since);
        out->wire_bytes += (double)db->packed.n;
    }
    out->far_cpu_s = figures_cpu() - cpu;
    out->seconds = figures_now() - at;
}

void scopes_plain_edit(struct scopes_plain *db, uint64_t edits)
{
    for (uint64_t i = 0; i < edits; i++) {
        (void)sqlite3_bind_int64(db->update, 1, (int64_t)i);
        (void)sqlite3_bind_int64(db->update, 2, (int64_t)++db->seq);
        step_once(db->update);
    }
}

void scopes_plain_push(struct scopes_plain *db, uint64_t rows, struct sample *out)
{
    double at = figures_now();
    double cpu = figures_cpu();
    *out = SAMPLE_NONE;
    step_once(db->begin);
    for (uint64_t i = 0; i < rows; i++)
        add(db);
    step_once(db->commit);
    out->far_cpu_s = figures_cpu() - cpu;
    out->seconds = figures_now() - at;
}
