/* SPDX-License-Identifier: Apache-2.0 */
/* The encrypted replica over the disk in memory: no plain byte in any file, no altered byte
 * believed, and no power cut that leaves it shut. */
#include "store/db.h"
#include "store/vfs_crypt.h"
#include "support/sealed.h"
#include "support/vfs_mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

enum { CUTS = 1500, KEPT = 25, BODY_BYTES_MAX = 3000, ROWS = 12 };

#define MARKER "Marqueur-de-Zoe-Exemple"

static struct node {
    struct disk *disk;
    struct vfs_mem *vfs;
    struct sealed sealed;
    struct rng env, workload;
    struct db *db;
    int64_t acked; /* rows whose commit answered OK */
} node;

static int64_t utc_ms(void *ctx)
{
    (void)ctx;
    return 1700000000000;
}

static void draw(void *ctx, void *bytes, size_t n)
{
    rng_fill(ctx, bytes, n);
}

static void node_open(uint64_t seed, uint8_t key)
{
    struct rng rng;
    memset(&node, 0, sizeof node);
    rng_stream(&rng, seed, "disk");
    rng_stream(&node.env, seed, "env");
    rng_stream(&node.workload, seed, "workload");
    node.disk = disk_new(&rng);
    node.vfs = vfs_mem_open(node.disk, "below", (struct vfs_mem_env){&node.env, utc_ms, draw});
    sealed_open(&node.sealed, "sealed", "below", key, draw, &node.env);
    vfs_mem_seed((uint32_t)seed);
}

static void node_close(void)
{
    db_close(node.db);
    sealed_close(&node.sealed);
    vfs_mem_close(node.vfs);
    disk_free(node.disk);
}

static enum err base_open(const char *vfs)
{
    return db_open("jalon.db", vfs, &node.db, NULL);
}

static void base_close(void)
{
    db_close(node.db);
    node.db = NULL;
}

static int64_t number(const char *sql)
{
    struct stmt *stmt = NULL;
    int64_t n = -1;
    if (db_prepare(node.db, sql, &stmt) == ERR_OK && stmt_step(stmt) == STEP_ROW)
        n = col_int(stmt, 0);
    stmt_free(stmt);
    return n;
}

/* Row n says n everywhere, so that one that was altered shows. */
static enum err add(int64_t n)
{
    char sql[300];
    unsigned long long bytes = rng_below(&node.workload, BODY_BYTES_MAX);
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO t VALUES(%lld, '" MARKER " ' || %lld, "
                   "printf('%%.*c', %llu, 'z') || %lld)",
                   (long long)n, (long long)n, bytes, (long long)n);
    enum err err = db_begin(node.db);
    if (err == ERR_OK)
        err = db_exec(node.db, sql);
    if (err == ERR_OK)
        err = db_commit(node.db);
    else
        db_rollback(node.db);
    return err;
}

static enum err make(void)
{
    return db_exec(node.db, "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, a TEXT, b "
                            "TEXT) STRICT; CREATE INDEX IF NOT EXISTS i ON t(a)");
}

static void fill(int64_t rows)
{
    assert_int_equal(base_open("sealed"), ERR_OK);
    assert_int_equal(make(), ERR_OK);
    for (int64_t n = 1; n <= rows; n++)
        assert_int_equal(add(n), ERR_OK);
}

/* Rows that are not what was written; -1: it does not say. */
static int64_t altered(void)
{
    return number("SELECT count(*) FROM t WHERE a <> '" MARKER " ' || id OR "
                  "substr(b, -length(id)) <> CAST(id AS TEXT)");
}

static bool contains(const uint8_t *bytes, size_t n, const char *text)
{
    return memmem(bytes, n, text, strlen(text)) != NULL;
}

static void no_plain_byte(void)
{
    for (size_t i = 0; disk_name(node.disk, i) != NULL; i++) {
        size_t n = 0;
        const uint8_t *bytes = disk_bytes(node.disk, disk_name(node.disk, i), &n);
        assert_false(contains(bytes, n, MARKER));
        assert_false(contains(bytes, n, "CREATE TABLE"));
        assert_false(contains(bytes, n, "SQLite format"));
    }
}

static void nothing_is_written_in_plain(void **state)
{
    bool ok = false;
    (void)state;
    node_open(1, 1);
    fill(60);
    no_plain_byte();
    assert_int_equal(db_checkpoint(node.db), ERR_OK);
    no_plain_byte();
    /* What large statements and savepoints put aside, what a rewrite goes through. */
    assert_int_equal(db_begin(node.db), ERR_OK);
    assert_int_equal(db_save(node.db), ERR_OK);
    assert_int_equal(db_exec(node.db,
                             "INSERT INTO t SELECT t.id + 1000 + 100 * value, a, b FROM "
                             "t, json_each('[1,2,3,4,5,6,7,8,9]')"),
                     ERR_OK);
    assert_int_equal(db_exec(node.db, "UPDATE t SET b = printf('%.*c', 900, 'y')"), ERR_OK);
    no_plain_byte();
    assert_int_equal(db_save_undo(node.db), ERR_OK);
    assert_int_equal(db_commit(node.db), ERR_OK);
    assert_int_equal(number("SELECT count(*) FROM (SELECT a, b FROM t GROUP BY b ORDER BY a "
                            "DESC)"),
                     60);
    assert_int_equal(db_exec(node.db, "DELETE FROM t WHERE id % 3 = 0"), ERR_OK);
    assert_int_equal(db_exec(node.db, "VACUUM"), ERR_OK);
    no_plain_byte();
    base_close();
    no_plain_byte();
    assert_int_equal(base_open("sealed"), ERR_OK);
    assert_int_equal(number("SELECT count(*) FROM t"), 40);
    assert_int_equal(altered(), 0);
    assert_int_equal(db_integrity(node.db, &ok, NULL), ERR_OK);
    assert_true(ok);
    for (size_t i = 0; disk_name(node.disk, i) != NULL; i++)
        assert_string_equal(disk_name(node.disk, i), i == 0 ? "jalon.db" : "jalon.db-wal");
    node_close();
}

/* One that was altered says so, or ends where it was sound: rows of before, never wrong ones.
 * Of how many; -1: it said so. */
static int64_t never_wrong(void)
{
    bool ok = false;
    int64_t rows = -1;
    if (base_open("sealed") == ERR_OK) {
        rows = number("SELECT count(*) FROM t");
        int64_t wrong = altered();
        assert_true(wrong <= 0);
        if (wrong < 0 || db_integrity(node.db, &ok, NULL) != ERR_OK || !ok)
            rows = -1;
    }
    base_close();
    return rows;
}

static size_t bytes_of(const char *name)
{
    size_t n = 0;
    (void)disk_bytes(node.disk, name, &n);
    return n;
}

/* As a process leaves it that was killed: the log is there. */
static struct disk *killed_image(void)
{
    struct disk *image = disk_snapshot(node.disk);
    base_close();
    return image;
}

static void put_back(const struct disk *image)
{
    disk_restore(node.disk, image);
    disk_restart(node.disk);
}

static void no_flipped_bit_is_believed(void **state)
{
    static const char *const names[] = {"jalon.db", "jalon.db-wal"};
    (void)state;
    node_open(2, 1);
    fill(ROWS);
    assert_int_equal(db_checkpoint(node.db), ERR_OK);
    for (int64_t n = ROWS + 1; n <= ROWS + 4; n++)
        assert_int_equal(add(n), ERR_OK);
    struct disk *image = killed_image();
    for (size_t f = 0; f < 2; f++) {
        put_back(image);
        size_t n = bytes_of(names[f]);
        int shown = 0;
        for (size_t at = 0; at < n; at += at < 200 ? 1 : 37) {
            put_back(image);
            disk_flip(node.disk, names[f], at, (unsigned)(at % 8));
            shown += never_wrong() < ROWS + 4;
        }
        assert_true(shown > 10);
    }
    put_back(image);
    assert_int_equal(never_wrong(), ROWS + 4);
    disk_free(image);
    node_close();
}

static void no_page_is_believed_elsewhere(void **state)
{
    enum { FRAME = 24 + VFS_CRYPT_PAGE, LOG = 32 };
    (void)state;
    node_open(3, 1);
    fill(ROWS);
    assert_int_equal(db_checkpoint(node.db), ERR_OK);
    assert_int_equal(add(ROWS + 1), ERR_OK);
    assert_int_equal(add(ROWS + 2), ERR_OK);
    struct disk *image = killed_image();
    static uint8_t file[64 * VFS_CRYPT_PAGE], other[sizeof file];
    size_t n = bytes_of("jalon.db");
    assert_true(n < sizeof file && n > 4 * (size_t)VFS_CRYPT_PAGE);
    put_back(image);
    const uint8_t *bytes = disk_bytes(node.disk, "jalon.db", &n);
    memcpy(file, bytes, n);
    for (size_t a = 0; a < n / VFS_CRYPT_PAGE; a++)
        for (size_t b = a + 1; b < n / VFS_CRYPT_PAGE; b++) {
            memcpy(other, file, n);
            memcpy(other + a * VFS_CRYPT_PAGE, file + b * VFS_CRYPT_PAGE, VFS_CRYPT_PAGE);
            memcpy(other + b * VFS_CRYPT_PAGE, file + a * VFS_CRYPT_PAGE, VFS_CRYPT_PAGE);
            put_back(image);
            disk_put(node.disk, "jalon.db", other, n);
            (void)never_wrong();
        }
    put_back(image);
    size_t log = 0;
    bytes = disk_bytes(node.disk, "jalon.db-wal", &log);
    assert_true(log >= LOG + 3 * (size_t)FRAME && log <= sizeof file);
    memcpy(file, bytes, log);
    for (size_t f = 0; f + 1 < (log - LOG) / FRAME; f++) {
        memcpy(other, file, log);
        memcpy(other + LOG + f * FRAME, file + LOG + (f + 1) * FRAME, FRAME);
        memcpy(other + LOG + (f + 1) * FRAME, file + LOG + f * FRAME, FRAME);
        put_back(image);
        disk_put(node.disk, "jalon.db-wal", other, log);
        assert_true(never_wrong() < ROWS + 2);
    }
    /* Cut anywhere: the rows up to a commit. */
    for (size_t end = 0; end < log; end += 61) {
        put_back(image);
        disk_put(node.disk, "jalon.db-wal", file, end);
        int64_t rows = never_wrong();
        assert_true(rows >= ROWS && rows <= ROWS + 2);
    }
    disk_free(image);
    node_close();
}

static void another_key_opens_nothing(void **state)
{
    struct sealed other = {0};
    (void)state;
    node_open(4, 1);
    fill(ROWS);
    base_close();
    sealed_open(&other, "other", "below", 2, draw, &node.env);
    assert_int_not_equal(base_open("other"), ERR_OK);
    assert_int_not_equal(base_open("below"), ERR_OK);
    sealed_close(&other);
    assert_int_equal(base_open("sealed"), ERR_OK);
    assert_int_equal(altered(), 0);
    node_close();
}

/* Nor a plain database under the key. */
static void a_plain_database_is_not_believed(void **state)
{
    (void)state;
    node_open(5, 1);
    assert_int_equal(base_open("below"), ERR_OK);
    assert_int_equal(make(), ERR_OK);
    base_close();
    assert_int_not_equal(base_open("sealed"), ERR_OK);
    node_close();
}

static void what_is_no_page_is_not_written(void **state)
{
    static const uint8_t bytes[2 * VFS_CRYPT_PAGE] = MARKER;
    static const struct {
        int n;
        int64_t at;
    } wrong[] = {{100, 0}, {VFS_CRYPT_PAGE, 100}, {2 * VFS_CRYPT_PAGE, 0}, {1, 4095}};
    sqlite3_vfs *vfs = NULL;
    (void)state;
    node_open(6, 1);
    vfs = sqlite3_vfs_find("sealed");
    static union {
        sqlite3_file file;
        uint8_t room[1024];
    } f;
    assert_true((size_t)vfs->szOsFile <= sizeof f);
    static const int kinds[] = {SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_WAL, SQLITE_OPEN_MAIN_JOURNAL};
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    uint64_t refused = 0;
    for (size_t k = 0; k < 3; k++) {
        assert_int_equal(vfs->xOpen(vfs, "x\0", &f.file, flags | kinds[k], NULL), SQLITE_OK);
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            int rc = f.file.pMethods->xWrite(&f.file, bytes, wrong[i].n, wrong[i].at);
            assert_int_equal(rc, SQLITE_IOERR_WRITE);
            assert_int_equal(vfs_crypt_refused(node.sealed.vfs), ++refused);
        }
        assert_int_equal(f.file.pMethods->xClose(&f.file), SQLITE_OK);
        assert_int_equal(bytes_of("x"), 0);
    }
    static const int others[] = {SQLITE_OPEN_TEMP_DB, SQLITE_OPEN_TRANSIENT_DB,
                                 SQLITE_OPEN_TEMP_JOURNAL, SQLITE_OPEN_SUBJOURNAL,
                                 SQLITE_OPEN_SUPER_JOURNAL};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(vfs->xOpen(vfs, NULL, &f.file, flags | others[i], NULL),
                         SQLITE_CANTOPEN);
        assert_null(f.file.pMethods);
        assert_int_equal(vfs_crypt_refused(node.sealed.vfs), ++refused);
    }
    vfs_crypt_close(node.sealed.vfs);
    node.sealed.vfs = NULL;
    node_close();
}

static void where_bytes_go_stays(void **state)
{
    static const char *const abuses[] = {
        "PRAGMA journal_mode=DELETE", "PRAGMA journal_mode=OFF", "PRAGMA temp_store=FILE",
        "PRAGMA mmap_size=1000000", "PRAGMA locking_mode=NORMAL"};
    (void)state;
    node_open(7, 1);
    for (size_t i = 0; i < sizeof abuses / sizeof *abuses; i++) {
        assert_int_equal(base_open("sealed"), ERR_OK);
        assert_int_not_equal(db_exec(node.db, abuses[i]), ERR_OK);
        base_close();
    }
    node_close();
}

/* Pages written past the end: what is left out is sealed too, and reads as nothing. */
static void a_gap_is_sealed(void **state)
{
    static uint8_t page[VFS_CRYPT_PAGE], back[VFS_CRYPT_PAGE];
    static union {
        sqlite3_file file;
        uint8_t room[1024];
    } f;
    (void)state;
    node_open(8, 1);
    sqlite3_vfs *vfs = sqlite3_vfs_find("sealed");
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB;
    assert_int_equal(vfs->xOpen(vfs, "x\0", &f.file, flags, NULL), SQLITE_OK);
    memset(page, 7, VFS_CRYPT_PAGE - VFS_CRYPT_RESERVE);
    assert_int_equal(f.file.pMethods->xWrite(&f.file, page, VFS_CRYPT_PAGE, 3 * VFS_CRYPT_PAGE),
                     SQLITE_OK);
    assert_int_equal(bytes_of("x"), 4 * VFS_CRYPT_PAGE);
    for (int64_t i = 0; i < 4; i++) {
        memset(back, 1, sizeof back);
        assert_int_equal(
            f.file.pMethods->xRead(&f.file, back, VFS_CRYPT_PAGE, i * VFS_CRYPT_PAGE),
            SQLITE_OK);
        if (i == 3)
            assert_memory_equal(back, page, sizeof page);
        else
            assert_int_equal(back[0] + back[VFS_CRYPT_PAGE - 1], 0);
    }
    /* A part of a page, as the engine reads those that hold the rest of a long value. */
    assert_int_equal(f.file.pMethods->xRead(&f.file, back, 50, 3 * VFS_CRYPT_PAGE + 4),
                     SQLITE_OK);
    assert_memory_equal(back, page, 50);
    assert_int_equal(f.file.pMethods->xRead(&f.file, back, 16, 4 * VFS_CRYPT_PAGE),
                     SQLITE_IOERR_SHORT_READ);
    assert_int_equal(f.file.pMethods->xClose(&f.file), SQLITE_OK);
    node_close();
}

/* ---- power cuts ---- */

static void work_until_the_power_goes(void)
{
    if (base_open("sealed") != ERR_OK || make() != ERR_OK)
        return;
    node.acked = number("SELECT count(*) FROM t");
    while (node.acked >= 0 && disk_up(node.disk)) {
        if (rng_below(&node.workload, 9) == 0 && db_checkpoint(node.db) != ERR_OK)
            return;
        if (rng_below(&node.workload, 40) == 0 && db_exec(node.db, "VACUUM") != ERR_OK)
            return;
        if (add(node.acked + 1) != ERR_OK)
            return;
        node.acked++;
        if (node.acked > KEPT && db_exec(node.db, "DELETE FROM t") == ERR_OK)
            node.acked = 0;
    }
}

static void nothing_acknowledged_is_lost_to_a_power_cut(void **state)
{
    (void)state;
    node_open(9, 1);
    for (int cut = 0; cut < CUTS; cut++) {
        bool ok = false;
        if (cut % 50 == 0) { /* a database that is made just then */
            base_close();
            disk_kill(node.disk);
            disk_restart(node.disk);
            assert_true(disk_delete(node.disk, "jalon.db") == ERR_OK || cut == 0);
            (void)!disk_delete(node.disk, "jalon.db-wal");
            assert_int_equal(disk_sync_folder(node.disk), ERR_OK);
        }
        node.acked = 0;
        disk_fail(node.disk, DISK_ANY, 1 + rng_below(&node.workload, 200), DISK_FAULT_POWER,
                  false);
        work_until_the_power_goes();
        base_close();
        disk_heal(node.disk);
        if (disk_up(node.disk))
            disk_power_cut(node.disk);
        disk_restart(node.disk);
        assert_int_equal(base_open("sealed"), ERR_OK);
        assert_int_equal(make(), ERR_OK);
        assert_int_equal(db_integrity(node.db, &ok, NULL), ERR_OK);
        assert_true(ok);
        int64_t rows = number("SELECT count(*) FROM t");
        assert_true(rows >= node.acked || rows == 0);
        assert_true(node.acked == 0 || node.acked > KEPT || rows >= node.acked);
        assert_int_equal(altered(), 0);
        base_close();
        no_plain_byte();
    }
    node_close();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_written_in_plain),
        cmocka_unit_test(no_flipped_bit_is_believed),
        cmocka_unit_test(no_page_is_believed_elsewhere),
        cmocka_unit_test(another_key_opens_nothing),
        cmocka_unit_test(a_plain_database_is_not_believed),
        cmocka_unit_test(what_is_no_page_is_not_written),
        cmocka_unit_test(where_bytes_go_stays),
        cmocka_unit_test(a_gap_is_sealed),
        cmocka_unit_test(nothing_acknowledged_is_lost_to_a_power_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
