/* SPDX-License-Identifier: Apache-2.0 */
/* What happens once in years: a cut in a checkpoint, a laptop from the drawer, a first contact
 * in 1970, a coach who is moved while away. */
#include "tests/sim/genesis.h"
#include "tests/sim/stage.h"

/* A checkpoint copies the log over the pages of the file, its first page too; the log must be
 * good for what it tears. */
static void a_power_cut_in_a_checkpoint_tears_nothing_for_good(void **state)
{
    struct world w;
    uint64_t whole = 0;
    (void)state;
    open_world(&w, 1, 0);
    for (uint64_t nth = 1; nth < 80; nth++) {
        struct node *n = node(&w, 1);
        struct id id = add_person(n);
        node_doom(n, DEATH_POWER, nth * nth / 8 + 1); /* the first calls one by one */
        enum err err = db_checkpoint(n->store->db);
        bool survived = node_survived(n);
        disk_heal(n->disk);
        assert_true(survived == (err == ERR_OK));
        whole += survived ? 1 : 0;
        world_run(&w, 20 * SECOND_MS);
        assert_kept(&w);
        assert_value(n, "person", &id, "first_name", "Camille");
    }
    assert_in_range(whole, 5, 75); /* some were cut, some were not */
    close_world(&w);
}

/* Deleted while a laptop was away for longer than anybody remembers: what it wrote meanwhile is
 * judged, what is gone stays gone. */
static void a_laptop_back_after_thirteen_months_brings_no_deleted_row_back(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    struct id gone = add_person(node(&w, 1));
    struct id stays = add_person(node(&w, 1));
    sync_both(&w);
    assert_int_equal(set_one(node(&w, 2), "person", &stays, "emergency=frère"), ERR_OK);
    node_cut(node(&w, 2));
    assert_int_equal(people_delete(node(&w, 1), "person", &gone, true), ERR_OK);
    sync_now(&w, 1);
    server_back_up(&w.server);
    sync_now(&w, 1);
    node_cut(node(&w, 1));
    world_run(&w, 395 * DAY_MS);
    node_start(node(&w, 1));
    node_start(node(&w, 2));
    sync_both(&w);
    for (uint32_t at = 0; at <= 2; at++) {
        assert_value(node(&w, at), "person", &stays, "emergency", "frère");
        assert_int_equal(count(node(&w, at), "SELECT count(*) FROM t_person WHERE _del=1"), 1);
        assert_int_equal(count(node(&w, at), "SELECT count(*) FROM t_person WHERE _del=0"), 1);
        assert_int_equal(open_conflicts(node(&w, at)), 0);
    }
    close_world(&w);
}

/* A laptop whose battery is empty begins in 1970, also on its very first day. */
static void a_first_contact_from_1970_is_like_any_other(void **state)
{
    struct world w;
    const struct world_plan plan = {.seed = 7, .clients = 2, .clones = 1, .job_ms_max = 5};
    (void)state;
    world_init(&w, &plan, false);
    node(&w, 1)->offset_ms = -world_time(&w);
    struct id id = add_person(node(&w, 1)); /* before any contact */
    world_run(&w, MINUTE_MS);
    sync_both(&w);
    assert_value(node(&w, 2), "person", &id, "first_name", "Camille");
    struct store_status status;
    assert_int_equal(store_status(node(&w, 1)->store, &status), ERR_OK);
    assert_true(status.complete && status.skew_ms < -365 * DAY_MS);
    node(&w, 1)->offset_ms = 0;
    assert_int_equal(set_one(node(&w, 1), "person", &id, "emergency=frère"), ERR_OK);
    sync_both(&w);
    assert_value(node(&w, 2), "person", &id, "emergency", "frère");
    close_world(&w);
}

/* The coordinator's side of it: the role here ends, one there begins. */
static void move_coach(struct world *w, uint32_t at, unsigned home)
{
    static const char *const ends[] = {"end=2026-01-31", NULL};
    struct node *server = node(w, WORLD_SERVER);
    struct id role = {0};
    char staff[80];
    char structure[80];
    struct stmt *stmt = NULL;
    assert_int_equal(
        db_prepare(server->store->db, "SELECT _id FROM t_staff_role WHERE staff=?1", &stmt),
        ERR_OK);
    bind_id(stmt, 1, &world_client(w, at)->staff);
    assert_int_equal(stmt_step(stmt), STEP_ROW);
    assert_true(col_id(stmt, 0, &role));
    stmt_free(stmt);
    assert_int_equal(people_set(server, "staff_role", &role, ends), ERR_OK);
    const char *const begins[] = {people_ref("staff", &world_client(w, at)->staff, staff),
                                  people_ref("structure", &w->structures[home], structure),
                                  "role=jobcoach", "start=2026-02-01", NULL};
    assert_int_equal(people_add(server, "staff_role", begins, NULL), ERR_OK);
    world_client(w, at)->home = home; /* for who may read what from now on */
}

/* What he wrote while he might is accepted, the dossier he opened too; then it leaves him with
 * the rest of his old team, and the new team's rows come. */
static void move_with_unsent_work(bool caseloads)
{
    struct world w;
    const struct world_plan plan = {.seed = 7,
                                    .clients = 2,
                                    .clones = 1,
                                    .two_homes = true,
                                    .caseloads = caseloads,
                                    .job_ms_max = 5};
    char person[80];
    world_init(&w, &plan, false);
    world_run(&w, MINUTE_MS);
    struct id ours = add_person(node(&w, 1));
    struct id theirs = add_person(node(&w, 2));
    sync_both(&w);
    assert_int_equal(set_one(node(&w, 1), "person", &ours, "emergency=frère"), ERR_OK);
    struct id fresh = add_person(node(&w, 1));
    struct id phone = {0};
    const char *const fields[] = {people_ref("person", &fresh, person), "kind=phone",
                                  "value=0470 00 00 00", NULL};
    assert_int_equal(people_add(node(&w, 1), "contact_point", fields, &phone), ERR_OK);
    world_run(&w, MINUTE_MS);
    move_coach(&w, 1, 1);
    sync_both(&w);
    struct node *server = node(&w, WORLD_SERVER);
    assert_int_equal(count(server, "SELECT count(*) FROM quarantine"), 0);
    assert_value(server, "person", &ours, "emergency", "frère");
    assert_value(server, "person", &fresh, "first_name", "Camille");
    assert_value(server, "contact_point", &phone, "kind", "phone");
    assert_value(node(&w, 1), "person", &ours, "emergency", "<NOTFOUND>");
    assert_value(node(&w, 1), "person", &fresh, "first_name", "<NOTFOUND>");
    assert_value(node(&w, 1), "contact_point", &phone, "kind", "<NOTFOUND>");
    assert_value(node(&w, 1), "person", &theirs, "first_name",
                 caseloads ? "<NOTFOUND>" : "Camille");
    close_world(&w);
}

static void a_coach_moved_while_away_hands_in_his_work_and_changes_sides(void **state)
{
    (void)state;
    move_with_unsent_work(false);
}

static void a_coach_with_a_caseload_moved_while_away_hands_it_in_too(void **state)
{
    (void)state;
    move_with_unsent_work(true);
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
        cmocka_unit_test(a_power_cut_in_a_checkpoint_tears_nothing_for_good),
        cmocka_unit_test(a_laptop_back_after_thirteen_months_brings_no_deleted_row_back),
        cmocka_unit_test(a_first_contact_from_1970_is_like_any_other),
        cmocka_unit_test(a_coach_moved_while_away_hands_in_his_work_and_changes_sides),
        cmocka_unit_test(a_coach_with_a_caseload_moved_while_away_hands_it_in_too),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
