/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vfs_mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

enum { KEPT = 30, BLOB_BYTES_MAX = 900, CUTS = 2500 };

static const char wal_full[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;";
static const char wal_off[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;";
static const char wal_alone[] =
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;";
/* FULL would not sync the folder after the journal's deletion, which a power cut then undoes.
 */
static const char rollback_extra[] = "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA;";

/* A node as the simulation has it: a disk, its VFS, at most one connection. */
struct node {
    struct disk *disk;
    struct vfs_mem *vfs;
    sqlite3 *db;
    const char *pragmas;
    int64_t acked; /* last transaction whose COMMIT answered OK */
    struct rng env;
    struct rng workload;
};

static int64_t fixed_utc_ms(void *ctx)
{
    (void)ctx;
    return 1700000000000;
}

static void env_random(void *ctx, void *bytes, size_t n)
{
    rng_fill(ctx, bytes, n);
}

static void node_init(struct node *node, uint64_t seed, const char *pragmas)
{
    memset(node, 0, sizeof *node);
    struct rng rng;
    rng_stream(&rng, seed, "disk");
    rng_stream(&node->env, seed, "env");
    rng_stream(&node->workload, seed, "workload");
    node->disk = disk_new(&rng);
    struct vfs_mem_env env = {&node->env, fixed_utc_ms, env_random};
    node->vfs = vfs_mem_open(node->disk, "node", env);
    node->pragmas = pragmas;
    vfs_mem_seed((uint32_t)seed);
}

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int64_t number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int64_t n = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

static int open_named(sqlite3 **db, const char *vfs, const char *pragmas)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int code = sqlite3_open_v2("jalon.db", db, flags, vfs);
    if (code == SQLITE_OK)
        code = run(*db, pragmas);
    if (code == SQLITE_OK)
        code = run(*db, "PRAGMA wal_autocheckpoint=15; PRAGMA cache_size=8;"
                        "CREATE TABLE IF NOT EXISTS last(id INTEGER PRIMARY KEY, k INT) STRICT;"
                        "CREATE TABLE IF NOT EXISTS log(k INTEGER PRIMARY KEY, v BLOB) STRICT;"
                        "INSERT OR IGNORE INTO last VALUES(1, 0);");
    return code;
}

static void node_close(struct node *node)
{
    /* Never BUSY: every statement is finalised. */
    assert_int_equal(sqlite3_close(node->db), SQLITE_OK);
    node->db = NULL;
}

static int node_open(struct node *node)
{
    int code = open_named(&node->db, "node", node->pragmas);
    if (code != SQLITE_OK)
        node_close(node);
    return code;
}

static void node_done(struct node *node)
{
    node_close(node);
    assert_int_equal(vfs_mem_handles(node->vfs), 0);
    vfs_mem_close(node->vfs);
    disk_free(node->disk);
}

static int blob_of(int64_t k, uint8_t *blob)
{
    struct rng rng;
    rng_stream(&rng, (uint64_t)k, "blob");
    int n = (int)rng_below(&rng, BLOB_BYTES_MAX) + 1;
    rng_fill(&rng, blob, (size_t)n);
    return n;
}

static int put_blob(sqlite3 *db, int64_t k)
{
    uint8_t blob[BLOB_BYTES_MAX];
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(db, "INSERT INTO log VALUES(?1, ?2)", -1, &stmt, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int64(stmt, 1, k);
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob(stmt, 2, blob, blob_of(k, blob), SQLITE_TRANSIENT);
    if (code == SQLITE_OK)
        code = sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Transaction k adds row k, drops row k - KEPT and sets last.k: half of one is visible. */
static int commit_one(sqlite3 *db, int64_t k)
{
    char sql[160];
    (void)snprintf(sql, sizeof sql,
                   "DELETE FROM log WHERE k <= %lld; UPDATE last SET k = %lld;",
                   (long long)(k - KEPT), (long long)k);
    int code = run(db, "BEGIN IMMEDIATE");
    if (code == SQLITE_OK)
        code = put_blob(db, k);
    if (code == SQLITE_OK)
        code = run(db, sql);
    if (code == SQLITE_OK)
        code = run(db, "COMMIT");
    if (code != SQLITE_OK)
        (void)run(db, "ROLLBACK"); /* no-op when the error rolled back already */
    return code;
}

static int commit_next(struct node *node)
{
    int code = commit_one(node->db, node->acked + 1);
    if (code == SQLITE_OK)
        node->acked++;
    return code;
}

static bool integrity_ok(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    bool ok = sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL) == SQLITE_OK &&
              sqlite3_step(stmt) == SQLITE_ROW &&
              strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    sqlite3_finalize(stmt);
    return ok;
}

/* Are the rows exactly those after transaction k, with their bytes? */
static bool rows_are_of(sqlite3 *db, int64_t k)
{
    int64_t next = k > KEPT ? k - KEPT + 1 : 1;
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, "SELECT k, v FROM log ORDER BY k", -1, &stmt, NULL) != SQLITE_OK)
        return false;
    bool same = true;
    while (same && sqlite3_step(stmt) == SQLITE_ROW) {
        uint8_t blob[BLOB_BYTES_MAX];
        int n = blob_of(next, blob);
        same = sqlite3_column_int64(stmt, 0) == next && sqlite3_column_bytes(stmt, 1) == n &&
               memcmp(sqlite3_column_blob(stmt, 1), blob, (size_t)n) == 0;
        next++;
    }
    sqlite3_finalize(stmt);
    return same && next == k + 1;
}

/* After a crash: sound, whole, nothing acknowledged missing. The transaction that was under way
 * may be there. */
static bool node_intact(struct node *node)
{
    int64_t k = number(node->db, "SELECT k FROM last");
    bool intact = (k == node->acked || k == node->acked + 1) && integrity_ok(node->db) &&
                  rows_are_of(node->db, k);
    node->acked = k;
    return intact;
}

static void crash(struct node *node)
{
    node_close(node);
    disk_restart(node->disk);
}

/* Open until it works: the plan may cut the power in recovery too. */
static bool recover(struct node *node)
{
    for (int tries = 0; tries < 20; tries++) {
        if (node_open(node) == SQLITE_OK)
            return true;
        disk_restart(node->disk);
    }
    return false;
}

/* One life: come back (the power may go in recovery too), check, work until the power goes. */
static bool survives_a_cut(struct node *node)
{
    disk_fail(node->disk, DISK_ANY, rng_spread(&node->workload, 1, 90), DISK_FAULT_POWER,
              false);
    if (!recover(node))
        return false;
    disk_heal(node->disk);
    if (!node_intact(node))
        return false;
    disk_fail(node->disk, DISK_ANY, rng_spread(&node->workload, 1, 400), DISK_FAULT_POWER,
              false);
    while (commit_next(node) == SQLITE_OK) {
    }
    bool cut = !disk_up(node->disk);
    crash(node);
    return cut;
}

static int losses_in(const char *pragmas, uint64_t seed, int cuts)
{
    struct node node;
    node_init(&node, seed, pragmas);
    int losses = 0;
    for (int i = 0; i < cuts; i++) {
        if (survives_a_cut(&node))
            continue;
        losses++;
        node_done(&node);
        node_init(&node, seed + (uint64_t)i + 1000, pragmas);
    }
    disk_heal(node.disk);
    if (node_open(&node) != SQLITE_OK || !node_intact(&node))
        losses++;
    node_done(&node);
    return losses;
}

static void full_sync_in_wal_mode_survives_every_power_cut(void **state)
{
    (void)state;
    assert_int_equal(losses_in(wal_full, 1, CUTS), 0);
}

static void an_exclusive_connection_without_shared_memory_survives_as_well(void **state)
{
    (void)state;
    assert_int_equal(losses_in(wal_alone, 2, CUTS), 0);
}

static void a_rollback_journal_survives_as_well(void **state)
{
    (void)state;
    assert_int_equal(losses_in(rollback_extra, 3, CUTS / 2), 0);
}

/* The proof that the three tests above can fail: the disk does lose what is not synced. */
static void without_sync_the_same_work_is_lost(void **state)
{
    (void)state;
    assert_true(losses_in(wal_off, 4, 200) > 50);
}

static uint64_t digest_of_run(uint64_t seed)
{
    struct node node;
    node_init(&node, seed, wal_full);
    for (int i = 0; i < 30; i++)
        assert_true(survives_a_cut(&node));
    uint64_t digest = disk_digest(node.disk) ^ disk_calls(node.disk, DISK_ANY);
    node_done(&node);
    return digest;
}

static void one_seed_leaves_the_same_bytes_each_time(void **state)
{
    (void)state;
    uint64_t first = digest_of_run(77);
    assert_true(first == digest_of_run(77));
    assert_true(first != digest_of_run(78));
}

/* Fail the nth call of `op` for every n; the store must hold the state before or after. */
static int torture(enum disk_op op, enum disk_fault fault, bool lasting)
{
    uint64_t n = 0;
    uint64_t faults = 1;
    while (faults > 0) {
        struct node node;
        node_init(&node, 100 + n, wal_full);
        assert_int_equal(node_open(&node), SQLITE_OK);
        disk_fail(node.disk, op, ++n, fault, lasting);
        for (int i = 0; i < 12 && commit_next(&node) == SQLITE_OK; i++) {
        }
        node_close(&node);
        faults = disk_faults(node.disk);
        disk_heal(node.disk);
        assert_int_equal(node_open(&node), SQLITE_OK);
        assert_true(node_intact(&node));
        node_done(&node);
    }
    return (int)n;
}

static void each_failed_write_leaves_the_state_before_or_after(void **state)
{
    (void)state;
    assert_true(torture(DISK_WRITE, DISK_FAULT_IO, false) > 20);
    assert_true(torture(DISK_WRITE, DISK_FAULT_FULL, false) > 20);
    assert_true(torture(DISK_WRITE, DISK_FAULT_FULL, true) > 20);
}

static void each_failed_read_or_look_leaves_the_state_before_or_after(void **state)
{
    (void)state;
    assert_true(torture(DISK_READ, DISK_FAULT_IO, false) > 1);
    assert_true(torture(DISK_LOOK, DISK_FAULT_IO, true) > 1);
}

static void each_failed_sync_leaves_the_state_before_or_after(void **state)
{
    (void)state;
    assert_true(torture(DISK_SYNC, DISK_FAULT_IO, false) > 10);
}

/* A failed sync is the last word: what it did not write, no later sync writes either. */
static void a_failed_sync_forgets_writes_for_good(void **state)
{
    (void)state;
    int lost = 0;
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct rng rng;
        rng_init(&rng, seed);
        struct disk *disk = disk_new(&rng);
        struct disk_file *file = NULL;
        assert_int_equal(disk_open(disk, "f", true, &file, NULL), ERR_OK);
        assert_int_equal(disk_sync_folder(disk), ERR_OK);
        assert_int_equal(disk_write(disk, file, 0, "word", 4), ERR_OK);
        disk_fail(disk, DISK_SYNC, 1, DISK_FAULT_IO, false);
        assert_int_equal(disk_sync(disk, file), ERR_IO);
        assert_int_equal(disk_sync(disk, file), ERR_OK);
        disk_power_cut(disk);
        disk_close(disk, file);
        size_t n = 0;
        assert_non_null(disk_bytes(disk, "f", &n));
        lost += n == 0;
        disk_free(disk);
    }
    assert_in_range(lost, 5, 35);
}

static void a_full_disk_refuses_writes_and_keeps_the_old_data(void **state)
{
    (void)state;
    struct node node;
    node_init(&node, 5, wal_full);
    assert_int_equal(node_open(&node), SQLITE_OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(commit_next(&node), SQLITE_OK);
    disk_capacity(node.disk, disk_used(node.disk) + 3000);
    int code = SQLITE_OK;
    while (code == SQLITE_OK)
        code = commit_next(&node);
    assert_int_equal(code, SQLITE_FULL);
    assert_true(rows_are_of(node.db, node.acked));
    disk_heal(node.disk);
    assert_int_equal(commit_next(&node), SQLITE_OK);
    assert_true(node_intact(&node));
    node_done(&node);
}

static void a_killed_process_loses_nothing(void **state)
{
    (void)state;
    struct node node;
    node_init(&node, 6, wal_off);
    for (int life = 0; life < 20; life++) {
        assert_int_equal(node_open(&node), SQLITE_OK);
        assert_true(node_intact(&node));
        for (int i = 0; i < life; i++)
            assert_int_equal(commit_next(&node), SQLITE_OK);
        assert_int_equal(run(node.db, "BEGIN IMMEDIATE; DELETE FROM log"), SQLITE_OK);
        disk_kill(node.disk);
        assert_int_not_equal(commit_next(&node), SQLITE_OK);
        crash(&node);
    }
    node_done(&node);
}

static void a_flipped_bit_is_found_by_the_integrity_check(void **state)
{
    (void)state;
    struct node node;
    node_init(&node, 7, wal_full);
    assert_int_equal(node_open(&node), SQLITE_OK);
    for (int i = 0; i < 40; i++)
        assert_int_equal(commit_next(&node), SQLITE_OK);
    node_close(&node);
    /* The type byte of the second page, the root of a table. */
    disk_flip(node.disk, "jalon.db", 4096, 3);
    assert_int_equal(sqlite3_open_v2("jalon.db", &node.db, SQLITE_OPEN_READWRITE, "node"),
                     SQLITE_OK);
    assert_false(integrity_ok(node.db));
    disk_flip(node.disk, "jalon.db", 4096, 3);
    node_close(&node);
    assert_int_equal(node_open(&node), SQLITE_OK);
    assert_true(node_intact(&node));
    node_done(&node);
}

static void a_snapshot_put_back_is_the_older_database(void **state)
{
    (void)state;
    struct node node;
    node_init(&node, 8, wal_full);
    assert_int_equal(node_open(&node), SQLITE_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(commit_next(&node), SQLITE_OK);
    struct disk *older = disk_snapshot(node.disk); /* with the database open, WAL and all */
    for (int i = 0; i < 50; i++)
        assert_int_equal(commit_next(&node), SQLITE_OK);
    disk_restore(node.disk, older);
    assert_int_not_equal(commit_next(&node), SQLITE_OK);
    crash(&node);
    assert_true(disk_digest(node.disk) == disk_digest(older));
    disk_free(older);
    assert_int_equal(node_open(&node), SQLITE_OK);
    node.acked = 5;
    assert_true(node_intact(&node));
    assert_int_equal(node.acked, 5);
    node_done(&node);
}

static void a_clone_goes_its_own_way(void **state)
{
    (void)state;
    struct node node;
    node_init(&node, 9, wal_full);
    assert_int_equal(node_open(&node), SQLITE_OK);
    assert_int_equal(commit_next(&node), SQLITE_OK);
    struct disk *copy = disk_snapshot(node.disk);
    struct vfs_mem_env env = {&node.env, fixed_utc_ms, env_random};
    struct vfs_mem *vfs = vfs_mem_open(copy, "clone", env);
    sqlite3 *db = NULL;
    assert_int_equal(open_named(&db, "clone", wal_full), SQLITE_OK);
    for (int64_t k = 2; k < 9; k++)
        assert_int_equal(commit_one(db, k), SQLITE_OK);
    assert_true(rows_are_of(db, 8));
    assert_true(node_intact(&node));
    assert_int_equal(node.acked, 1);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    vfs_mem_close(vfs);
    disk_free(copy);
    node_done(&node);
}

static void two_connections_share_the_wal_and_its_locks(void **state)
{
    (void)state;
    struct node node;
    node_init(&node, 10, wal_full);
    assert_int_equal(node_open(&node), SQLITE_OK);
    sqlite3 *reader = NULL;
    assert_int_equal(sqlite3_open_v2("jalon.db", &reader, SQLITE_OPEN_READWRITE, "node"),
                     SQLITE_OK);
    assert_int_equal(commit_next(&node), SQLITE_OK);
    assert_int_equal(run(reader, "BEGIN"), SQLITE_OK);
    assert_int_equal(number(reader, "SELECT k FROM last"), 1);
    for (int i = 0; i < 40; i++)
        assert_int_equal(commit_next(&node), SQLITE_OK);
    assert_int_equal(number(reader, "SELECT k FROM last"), 1);
    assert_int_equal(run(reader, "COMMIT"), SQLITE_OK);
    assert_int_equal(number(reader, "SELECT k FROM last"), 41);
    assert_int_equal(run(node.db, "BEGIN IMMEDIATE"), SQLITE_OK);
    assert_int_equal(run(reader, "BEGIN IMMEDIATE"), SQLITE_BUSY);
    assert_int_equal(run(node.db, "ROLLBACK"), SQLITE_OK);
    assert_int_equal(run(reader, "BEGIN IMMEDIATE; ROLLBACK"), SQLITE_OK);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    node_done(&node);
}

static void the_owner_supplies_the_time(void **state)
{
    (void)state;
    struct node node;
    node_init(&node, 11, wal_full);
    assert_int_equal(node_open(&node), SQLITE_OK);
    assert_int_equal(number(node.db, "SELECT unixepoch('now')"), 1700000000);
    node_done(&node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_sync_in_wal_mode_survives_every_power_cut),
        cmocka_unit_test(an_exclusive_connection_without_shared_memory_survives_as_well),
        cmocka_unit_test(a_rollback_journal_survives_as_well),
        cmocka_unit_test(without_sync_the_same_work_is_lost),
        cmocka_unit_test(one_seed_leaves_the_same_bytes_each_time),
        cmocka_unit_test(each_failed_write_leaves_the_state_before_or_after),
        cmocka_unit_test(each_failed_read_or_look_leaves_the_state_before_or_after),
        cmocka_unit_test(each_failed_sync_leaves_the_state_before_or_after),
        cmocka_unit_test(a_failed_sync_forgets_writes_for_good),
        cmocka_unit_test(a_full_disk_refuses_writes_and_keeps_the_old_data),
        cmocka_unit_test(a_killed_process_loses_nothing),
        cmocka_unit_test(a_flipped_bit_is_found_by_the_integrity_check),
        cmocka_unit_test(a_snapshot_put_back_is_the_older_database),
        cmocka_unit_test(a_clone_goes_its_own_way),
        cmocka_unit_test(two_connections_share_the_wal_and_its_locks),
        cmocka_unit_test(the_owner_supplies_the_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
