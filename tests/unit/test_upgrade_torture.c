/* SPDX-License-Identifier: Apache-2.0 */
/* A program is killed, or its machine, while it brings an older database up to its own format:
 * at each call of the disk in turn. The next start ends what was begun, and all is as if
 * nothing had happened. */
#include "store/inside.h"
#include "support/rounds.h"
#include "support/twin.h"
#include "support/vfs_mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    FILE_BYTES_MAX = 4 * 1024 * 1024,
    EVERY = ROUNDS(40),
    THIN = ROUNDS(6),
};

struct bench {
    struct twin twin;
    struct party *party;
    struct rng env;
    struct disk *disk, *base;
    struct vfs_mem *vfs;
    struct buf whole; /* the dump of an upgrade that nothing befell */
};

static int64_t fixed_utc_ms(void *ctx)
{
    (void)ctx;
    return INT64_C(1795000000000);
}

static void env_random(void *ctx, void *bytes, size_t n)
{
    rng_fill(ctx, bytes, n);
}

/* The database that the statements of tests/golden/NAME.sql make, on a disk in memory. */
static void put_old(struct bench *b, const char *name)
{
    static char bytes[FILE_BYTES_MAX];
    char path[] = "/tmp/jalon-upgrade.XXXXXX";
    char from[300];
    struct db *db = NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    (void)snprintf(from, sizeof from, TEST_DIR "/golden/%s.sql", name);
    FILE *f = fopen(from, "rb");
    assert_non_null(f);
    size_t n = fread(bytes, 1, sizeof bytes - 1, f);
    (void)fclose(f);
    bytes[n] = '\0';
    assert_int_equal(db_open(path, NULL, &db, NULL), ERR_OK);
    assert_int_equal(db_exec(db, bytes), ERR_OK);
    db_close(db);
    f = fopen(path, "rb");
    assert_non_null(f);
    n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    (void)unlink(path);
    disk_put(b->disk, "jalon.db", bytes, n);
}

/* As left by an earlier release, and the program not started yet. */
static void begin_again(struct bench *b)
{
    store_close(b->party->store);
    b->party->store = NULL;
    disk_heal(b->disk);
    disk_restore(b->disk, b->base);
    disk_restart(b->disk);
    b->party->wall_ms = INT64_C(1795000100000);
    b->party->random = 77;
}

static void new_bench(struct bench *b, const char *name, bool server)
{
    *b = (struct bench){.twin.schema = &schema_jalon, .twin.count = 1};
    rng_init(&b->env, 27);
    b->disk = disk_new(&b->env);
    b->vfs = vfs_mem_open(b->disk, "upgrade",
                          (struct vfs_mem_env){&b->env, fixed_utc_ms, env_random});
    b->party = server ? &b->twin.server : &b->twin.replicas[0];
    b->party->vfs = "upgrade";
    (void)snprintf(b->party->path, sizeof b->party->path, "jalon.db");
    put_old(b, name);
    b->base = disk_snapshot(b->disk);
    begin_again(b);
    twin_open_party(&b->twin, b->party);
    twin_dump(b->party->store, &b->whole);
    assert_true(b->whole.n > 0);
}

static void free_bench(struct bench *b)
{
    store_close(b->party->store);
    assert_int_equal(vfs_mem_handles(b->vfs), 0);
    vfs_mem_close(b->vfs);
    disk_free(b->disk);
    disk_free(b->base);
    buf_done(&b->whole);
}

static int64_t number(struct store *s, const char *sql)
{
    struct stmt *stmt = NULL;
    int64_t n = -1;
    assert_int_equal(db_prepare(s->db, sql, &stmt), ERR_OK);
    if (stmt_step(stmt) == STEP_ROW)
        n = col_int(stmt, 0);
    stmt_free(stmt);
    return n;
}

static void assert_upgraded(struct bench *b)
{
    struct store *s = b->party->store;
    struct buf dump = {0};
    struct buf report = {0};
    uint32_t problems = 0;
    twin_dump(s, &dump);
    assert_true(str_eq(buf_str(&dump), buf_str(&b->whole)));
    assert_int_equal(store_check(s, &report, &problems), ERR_OK);
    if (problems > 0)
        fail_msg("%.*s", (int)report.n, (const char *)report.p);
    assert_int_equal(number(s, "SELECT count(*) FROM quarantine"), 1);
    assert_int_equal(number(s, "SELECT count(*) FROM quarantine_row"), 1);
    buf_done(&report);
    buf_done(&dump);
}

/* Did the fault strike? Whatever became of the start, the next one succeeds. */
static bool cut_at(struct bench *b, enum disk_op op, uint64_t nth, enum disk_fault fault,
                   bool lasting)
{
    struct note why = {""};
    begin_again(b);
    uint64_t before = disk_faults(b->disk);
    disk_fail(b->disk, op, nth, fault, lasting);
    enum err err = twin_try_open(&b->twin, b->party, &why);
    bool struck = disk_faults(b->disk) > before;
    assert_true(struck || err == ERR_OK);
    assert_int_not_equal(err, ERR_VERSION);
    store_close(b->party->store);
    b->party->store = NULL;
    disk_heal(b->disk);
    if (!disk_up(b->disk))
        disk_restart(b->disk);
    twin_open_party(&b->twin, b->party);
    assert_upgraded(b);
    return struck;
}

/* Every place up to EVERY, then thinner: the far ones are many of a kind. */
static uint64_t everywhere(struct bench *b, enum disk_op op, enum disk_fault fault,
                           bool lasting)
{
    uint64_t places = 0;
    uint64_t n = 1;
    while (cut_at(b, op, n, fault, lasting)) {
        places++;
        n += n < EVERY ? 1 : 1 + n / THIN;
    }
    return places;
}

static void through_all(const char *name, bool server)
{
    struct bench b;
    new_bench(&b, name, server);
    assert_true(everywhere(&b, DISK_ANY, DISK_FAULT_POWER, false) > 10);
    assert_true(everywhere(&b, DISK_ANY, DISK_FAULT_IO, false) > 10);
    assert_true(everywhere(&b, DISK_WRITE, DISK_FAULT_FULL, true) > 5);
    free_bench(&b);
}

static void a_server_cut_off_in_an_upgrade_ends_it_at_the_next_start(void **state)
{
    (void)state;
    through_all("format1_server", true);
}

static void a_replica_cut_off_in_an_upgrade_ends_it_at_the_next_start(void **state)
{
    (void)state;
    through_all("format1_replica", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_cut_off_in_an_upgrade_ends_it_at_the_next_start),
        cmocka_unit_test(a_replica_cut_off_in_an_upgrade_ends_it_at_the_next_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
