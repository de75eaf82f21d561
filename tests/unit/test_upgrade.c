/* SPDX-License-Identifier: Apache-2.0 */
/* Databases as earlier formats left them (tests/golden/format<N>_*.sql), opened by this
 * program.
 */
#include "store/closing.h"
#include "store/inside.h"
#include "store/search.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILE_BYTES_MAX = 1024 * 1024 };

struct old {
    struct twin twin;
    struct party *server, *replica;
};

static void load(const struct party *p, const char *name)
{
    struct buf sql = {.max = FILE_BYTES_MAX};
    struct note why = {""};
    struct db *db = NULL;
    char path[300];
    char part[4096];
    size_t n;
    (void)snprintf(path, sizeof path, TEST_DIR "/golden/%s.sql", name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        buf_add(&sql, part, n);
    (void)fclose(file);
    buf_u8(&sql, 0);
    assert_int_equal(sql.err, ERR_OK);
    assert_int_equal(db_open(p->path, NULL, &db, &why), ERR_OK);
    assert_int_equal(db_exec(db, (const char *)sql.p), ERR_OK);
    db_close(db);
    buf_done(&sql);
}

static void open_old(struct old *old)
{
    static const uint8_t key[32] = {2};
    *old = (struct old){.twin.schema = &schema_jalon, .twin.count = 1};
    old->server = &old->twin.server;
    old->replica = &old->twin.replicas[0];
    (void)snprintf(old->twin.dir, sizeof old->twin.dir, "/tmp/jalon-upgrade.XXXXXX");
    assert_non_null(mkdtemp(old->twin.dir));
    (void)snprintf(old->server->path, sizeof old->server->path, "%s/server.db", old->twin.dir);
    (void)snprintf(old->replica->path, sizeof old->replica->path, "%s/replica0.db",
                   old->twin.dir);
    old->server->wall_ms = INT64_C(1795000100000);
    old->replica->wall_ms = INT64_C(1795000100000);
    old->replica->random = 77;
    load(old->server, "format1_server");
    load(old->replica, "format1_replica");
    twin_open_party(&old->twin, old->server);
    twin_open_party(&old->twin, old->replica);
    assert_int_equal(serve_device(old->server->store, key, &old->replica->device), ERR_OK);
}

static void close_old(struct old *old)
{
    store_close(old->server->store);
    store_close(old->replica->store);
    (void)unlink(old->server->path);
    (void)unlink(old->replica->path);
    (void)rmdir(old->twin.dir);
}

static void assert_sound(struct store *s)
{
    struct buf report = {0};
    uint32_t problems = 0;
    assert_int_equal(store_check(s, &report, &problems), ERR_OK);
    if (problems > 0)
        fail_msg("%.*s", (int)report.n, (const char *)report.p);
    buf_done(&report);
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

static void what_was_refused_before_is_open_and_can_be_closed(void **state)
{
    (void)state;
    struct old old;
    struct arena arena = {0};
    open_old(&old);
    struct party *both[] = {old.server, old.replica};
    for (size_t i = 0; i < 2; i++) {
        struct quarantined q;
        struct store *s = both[i]->store;
        assert_sound(s);
        assert_int_equal(quarantine_find(s, STR("2/1"), &arena, &q, NULL), ERR_OK);
        assert_int_equal(q.state, QUARANTINE_OPEN);
        assert_int_equal(q.reason, REASON_FROZEN);
        assert_int_equal(q.edit_ms, number(s, i == 0 ? "SELECT edit_ms FROM op WHERE epoch=2"
                                                     : "SELECT 1795000000010"));
        assert_int_equal(number(s, "SELECT count(*) FROM quarantine_row"), 1);
        bool wrote = false;
        struct stamp stamp = {.hlc = (hlc_t)number(s, "SELECT hlc FROM quarantine"),
                              .origin = 2};
        assert_int_equal(quarantine_wrote(s, stamp, &wrote), ERR_OK);
        assert_true(wrote && stamp.hlc != 0);
    }
    struct quarantined q;
    assert_int_equal(quarantine_find(old.replica->store, STR("2/1"), &arena, &q, NULL), ERR_OK);
    assert_int_equal(closing_discard(old.replica->store, &q, STR("dépassé"), NULL), ERR_OK);
    struct replica_tally tally = twin_sync(&old.twin, 0);
    /* So did his edit of a dossier that he could see when he wrote it. */
    assert_int_equal(tally.pushed, 2);
    assert_int_equal(tally.refused, 0);
    assert_int_equal(number(old.server->store, "SELECT state FROM quarantine WHERE op_no=1"),
                     QUARANTINE_DISCARDED);
    assert_int_equal(number(old.server->store, "SELECT count(*) FROM quarantine WHERE state=0"),
                     0);
    assert_sound(old.server->store);
    assert_sound(old.replica->store);
    arena_done(&arena);
    close_old(&old);
}

static void who_was_there_before_is_found_again(void **state)
{
    (void)state;
    struct old old;
    open_old(&old);
    const char *twin[] = {"name=FICTIF", "first_name=Anna", "birth_date=1990-03-02", NULL};
    const char *firm[] = {"name=Forge Fictive", NULL};
    (void)twin_add(old.replica, "person", twin);
    (void)twin_add(old.replica, "company", firm);
    (void)twin_sync(&old.twin, 0);
    assert_int_equal(twin_count(old.server->store, "duplicate_case"), 2);
    /* The person of old is not his: that question is not for him. */
    assert_int_equal(twin_count(old.replica->store, "duplicate_case"), 1);
    assert_sound(old.server->store);
    close_old(&old);
}

static void opened_again_nothing_is_done_twice(void **state)
{
    (void)state;
    struct old old;
    open_old(&old);
    int64_t seq = (int64_t)serve_seq(old.server->store);
    store_close(old.server->store);
    twin_open_party(&old.twin, old.server);
    assert_int_equal((int64_t)serve_seq(old.server->store), seq);
    assert_int_equal(number(old.server->store, "SELECT v FROM meta WHERE k=1"), 8);
    assert_int_equal(
        number(old.server->store, "SELECT count(*) FROM sqlite_master WHERE name='feed_of'"),
        1);
    assert_sound(old.server->store);
    close_old(&old);
}

/* The server has its own ways to rows, and pays for no others. */
static void a_replica_finds_its_rows_by_what_they_refer_to(void **state)
{
    (void)state;
    static const char lists[] =
        "SELECT count(*) FROM sqlite_master WHERE type='index' AND substr(name,1,2)='l_'";
    struct old old;
    struct twin fresh;
    open_old(&old);
    twin_open(&fresh, 1, &schema_jalon);
    /* A new one has them once its first sync has come to its end, and not while it is small. */
    struct store *s = fresh.replicas[0].store;
    twin_swell(&fresh.replicas[0]);
    assert_int_equal(store_lists(s), ERR_OK);
    assert_int_equal(number(s, lists), 0);
    (void)twin_sync(&fresh, 0);
    assert_int_equal(store_lists(s), ERR_OK);
    assert_int_equal(number(s, lists), number(old.replica->store, lists));
    assert_int_equal(number(old.replica->store, "SELECT count(*) FROM sqlite_master WHERE "
                                                "name='l_session_person'"),
                     1);
    assert_int_equal(number(old.server->store, lists), 0);
    /* … and by the words in them, once they are asked for. */
    assert_int_equal(number(old.replica->store, "SELECT count(*) FROM searched"), 0);
    assert_int_equal(search_complete(old.replica->store), ERR_OK);
    assert_int_equal(number(old.replica->store, "SELECT rid FROM searched WHERE tab=50"),
                     number(old.replica->store, "SELECT max(_rid) FROM t_person"));
    assert_int_equal(
        number(old.server->store, "SELECT count(*) FROM sqlite_master WHERE name='word'"), 0);
    assert_sound(old.replica->store);
    twin_close(&fresh);
    close_old(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_refused_before_is_open_and_can_be_closed),
        cmocka_unit_test(who_was_there_before_is_found_again),
        cmocka_unit_test(opened_again_nothing_is_done_twice),
        cmocka_unit_test(a_replica_finds_its_rows_by_what_they_refer_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
