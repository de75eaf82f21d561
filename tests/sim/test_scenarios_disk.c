/* SPDX-License-Identifier: Apache-2.0 */
/* What a laptop has not sent when its disk goes bad, or when its right has ended. */
#include "store/mend.h"
#include "tests/sim/genesis.h"
#include "tests/sim/stage.h"

enum { PAGE = 4096 };

/* Pages of the file go bad while the process does not run; its owner has it mended. */
static struct mend_report rot(struct world *w, uint32_t at_node, size_t first, size_t pages)
{
    struct node *n = node(w, at_node);
    struct mend_report report;
    struct store_env env = n->store->env;
    size_t bytes = 0;
    assert_int_equal(db_checkpoint(n->store->db), ERR_OK);
    node_kill(n);
    disk_restart(n->disk);
    const uint8_t *now = disk_bytes(n->disk, env.path, &bytes);
    assert_non_null(now);
    for (size_t at = first * PAGE; at < (first + pages) * PAGE && at < bytes; at += 64)
        disk_flip(n->disk, env.path, at, (unsigned)(at / 64) % 8);
    assert_int_equal(mend_replica(&env, "mended.db", &report, NULL), ERR_OK);
    now = disk_bytes(n->disk, "mended.db", &bytes);
    uint8_t *copy = malloc(bytes);
    assert_non_null(copy);
    memcpy(copy, now, bytes);
    disk_put(n->disk, env.path, copy, bytes);
    free(copy);
    assert_int_equal(disk_delete(n->disk, "mended.db"), ERR_OK);
    enum err err = disk_delete(n->disk, "jalon.db-wal");
    assert_true(err == ERR_OK || err == ERR_NOTFOUND);
    n->replaced = true;
    world_client(w, at_node)->damaged = true;
    node_start(n);
    return report;
}

static void a_bad_page_is_mended_and_what_was_not_sent_survives(void **state)
{
    (void)state;
    /* the list of tables; what the replica knows of itself; some page; many at once */
    static const size_t where[][2] = {{0, 1}, {1, 1}, {60, 1}, {30, 20}};
    for (size_t i = 0; i < sizeof where / sizeof *where; i++) {
        struct world w;
        open_world(&w, 2, 0);
        struct id known = add_person(node(&w, 2));
        sync_both(&w);
        int64_t before = epochs(&w);
        assert_int_equal(set_one(node(&w, 1), "person", &known, "emergency=frère"), ERR_OK);
        struct id fresh = add_person(node(&w, 1));
        struct mend_report report = rot(&w, 1, where[i][0], where[i][1]);
        assert_int_equal(report.lost_count, 0);
        assert_in_range(report.unsent, 2, 3); /* reading a dossier is noted too */
        world_run(&w, MINUTE_MS);
        sync_both(&w);
        assert_in_range(epochs(&w), before, before + 1);
        for (uint32_t at = 0; at <= 2; at++) {
            assert_value(node(&w, at), "person", &known, "emergency", "frère");
            assert_value(node(&w, at), "person", &fresh, "first_name", "Camille");
        }
        close_world(&w);
    }
}

/* The role ended last month, and nobody told him. */
static void end_role(struct world *w, uint32_t at)
{
    static const char *const ends[] = {"end=2020-01-31", NULL};
    struct node *server = node(w, WORLD_SERVER);
    struct stmt *stmt = NULL;
    struct id role = {0};
    assert_int_equal(
        db_prepare(server->store->db, "SELECT _id FROM t_staff_role WHERE staff=?1", &stmt),
        ERR_OK);
    bind_id(stmt, 1, &world_client(w, at)->staff);
    assert_int_equal(stmt_step(stmt), STEP_ROW);
    assert_true(col_id(stmt, 0, &role));
    stmt_free(stmt);
    assert_int_equal(people_set(server, "staff_role", &role, ends), ERR_OK);
}

static void late_work_goes_to_quarantine_before_the_wipe(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    struct id known = add_person(node(&w, 2));
    sync_both(&w);
    node_cut(node(&w, 1));
    end_role(&w, 1);
    world_run(&w, DAY_MS);
    node_start(node(&w, 1));
    assert_int_equal(set_one(node(&w, 1), "person", &known, "emergency=frère"), ERR_OK);
    sync_now(&w, 1);
    struct node *server = node(&w, WORLD_SERVER);
    assert_int_equal(count(server, "SELECT count(*) FROM quarantine"), 1);
    assert_value(server, "person", &known, "emergency", "");
    assert_value(node(&w, 1), "person", &known, "emergency", "<NOTFOUND>");
    server_device(&w.server, world_client(&w, 1), DEVICE_WIPE);
    sync_now(&w, 1);
    world_run(&w, MINUTE_MS);
    assert_true(world_client(&w, 1)->wiped);
    assert_null(disk_name(node(&w, 1)->disk, 0));
    assert_int_equal(count(server, "SELECT count(*) FROM quarantine"), 1);
    close_world(&w);
}

static int forget(void **state)
{
    (void)state;
    genesis_forget();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_page_is_mended_and_what_was_not_sent_survives),
        cmocka_unit_test(late_work_goes_to_quarantine_before_the_wipe),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
