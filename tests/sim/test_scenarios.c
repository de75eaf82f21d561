/* SPDX-License-Identifier: Apache-2.0 */
/* What is known to go wrong in the life of a network, each as a story with a known end; then
 * all checks. */
#include "store/compare.h"
#include "tests/sim/checks.h"
#include "tests/sim/genesis.h"
#include "tests/sim/stage.h"

enum { HERD = 200 };

/* ---- the laptop loses its power ---- */

static void a_power_cut_during_a_save_loses_nothing_told(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 1, 0);
    uint64_t told = 0;
    for (uint64_t nth = 1; nth < 120; nth++) {
        static const char *const fields[] = {"name=%m", NULL};
        node_doom(node(&w, 1), nth % 2 == 0 ? DEATH_POWER : DEATH_KILL, nth / 4 + 1);
        told += people_add(node(&w, 1), "company", fields, NULL) == ERR_OK ? 1 : 0;
        world_run(&w, 20 * SECOND_MS);
        assert_kept(&w);
    }
    assert_in_range(told, 10, 118); /* some saves died, some did not */
    close_world(&w);
}

static void a_full_disk_refuses_and_resumes(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    sync_both(&w);
    for (int i = 0; i < 40; i++)
        (void)add_person(node(&w, 1));
    sync_now(&w, 1);
    disk_capacity(node(&w, 2)->disk, disk_used(node(&w, 2)->disk) + 8192);
    sync_now(&w, 2); /* the page does not fit */
    assert_int_equal(world_client(&w, 2)->failed, ERR_FULL);
    assert_int_equal(count(node(&w, 2), "SELECT count(*) FROM t_person"), 0);
    static const char *const fields[] = {"name=%m", "access=%m", NULL};
    enum err err = ERR_OK;
    for (int i = 0; i < 60 && err == ERR_OK; i++)
        err = people_add(node(&w, 2), "company", fields, NULL);
    assert_int_equal(err, ERR_FULL);
    disk_heal(node(&w, 2)->disk);
    sync_now(&w, 2);
    assert_int_equal(count(node(&w, 2), "SELECT count(*) FROM t_person"), 40);
    close_world(&w);
}

/* ---- acknowledgements ---- */

static void a_lost_acknowledgement_is_given_again(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    struct id id = add_person(node(&w, 1));
    uint64_t seq = serve_seq(node(&w, WORLD_SERVER)->store);
    client_feed(world_client(&w, 1), (struct agent_event){.type = AGENT_EV_WANTED});
    for (int i = 0; i < 2000 && serve_seq(node(&w, WORLD_SERVER)->store) == seq; i++)
        world_run(&w, 1);
    assert_int_not_equal(serve_seq(node(&w, WORLD_SERVER)->store), seq);
    net_swallow(&w.net, world_client(&w, 1)->end); /* committed, and nobody hears of it */
    node_kill(node(&w, 1));
    node_start(node(&w, 1));
    world_run(&w, MINUTE_MS);
    assert_int_equal(serve_seq(node(&w, WORLD_SERVER)->store), seq + 1);
    struct store_status status;
    assert_int_equal(store_status(node(&w, 1)->store, &status), ERR_OK);
    assert_int_equal(status.unsent, 0);
    sync_now(&w, 2);
    assert_value(node(&w, 2), "person", &id, "first_name", "Camille");
    close_world(&w);
}

static void a_full_server_acknowledges_nothing(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 8, 1000000);
    struct node *server = node(&w, WORLD_SERVER);
    disk_capacity(server->disk, disk_used(server->disk) + 4096);
    for (uint32_t at = 1; at <= 8; at++)
        for (int i = 0; i < 5; i++)
            (void)add_person(node(&w, at));
    world_run(&w, 5 * MINUTE_MS);
    for (uint32_t at = 1; at <= 8; at++) {
        struct store_status status;
        assert_int_equal(store_status(node(&w, at)->store, &status), ERR_OK);
        assert_in_range(status.unsent, 1, 5);
    }
    close_world(&w);
}

/* ---- two people, one row ---- */

static void two_edits_after_two_weeks_leave_one_loser_in_the_inbox(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    struct id id = add_person(node(&w, 1));
    sync_both(&w);
    world_run(&w, 14 * DAY_MS);
    assert_int_equal(set_one(node(&w, 1), "person", &id, "emergency=un"), ERR_OK);
    world_run(&w, MINUTE_MS);
    assert_int_equal(set_one(node(&w, 2), "person", &id, "emergency=deux"), ERR_OK);
    sync_both(&w);
    for (uint32_t at = 0; at <= 2; at++) {
        assert_value(node(&w, at), "person", &id, "emergency", "deux");
        assert_int_equal(open_conflicts(node(&w, at)), 1);
    }
    close_world(&w);
}

static void an_edit_brings_a_deleted_dossier_back(void **state)
{
    struct world w;
    char person[80];
    (void)state;
    open_world(&w, 2, 0);
    struct id id = add_person(node(&w, 1));
    sync_both(&w);
    assert_int_equal(people_delete(node(&w, 1), "person", &id, true), ERR_OK);
    const char *const fields[] = {people_ref("person", &id, person), "kind=phone",
                                  "value=0470 00 00 00", NULL};
    assert_int_equal(people_add(node(&w, 2), "contact_point", fields, NULL), ERR_OK);
    assert_int_equal(set_one(node(&w, 2), "person", &id, "emergency=frère"), ERR_OK);
    sync_both(&w);
    for (uint32_t at = 0; at <= 2; at++) {
        assert_value(node(&w, at), "person", &id, "emergency", "frère");
        assert_int_equal(open_conflicts(node(&w, at)), 1);
        assert_int_equal(count(node(&w, at), "SELECT count(*) FROM t_contact_point"), 1);
    }
    close_world(&w);
}

/* ---- clocks ---- */

static void a_clock_ten_years_ahead_wins_nothing(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    struct id id = add_person(node(&w, 2));
    sync_both(&w);
    node(&w, 1)->offset_ms = 3652 * DAY_MS;
    assert_int_equal(set_one(node(&w, 1), "person", &id, "emergency=futur"), ERR_OK);
    world_run(&w, MINUTE_MS);
    assert_int_equal(set_one(node(&w, 2), "person", &id, "emergency=plus tard"), ERR_OK);
    sync_both(&w);
    node(&w, 1)->offset_ms = 0; /* corrected */
    for (uint32_t at = 0; at <= 2; at++)
        assert_value(node(&w, at), "person", &id, "emergency", "plus tard");
    assert_int_equal(set_one(node(&w, 1), "person", &id, "emergency=dernier"), ERR_OK);
    sync_both(&w);
    for (uint32_t at = 0; at <= 2; at++)
        assert_value(node(&w, at), "person", &id, "emergency", "dernier");
    close_world(&w);
}

static void a_clock_of_1970_works_and_loses_nothing(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    node(&w, 1)->offset_ms = -world_time(&w);
    struct id id = add_person(node(&w, 1));
    sync_both(&w);
    assert_value(node(&w, 2), "person", &id, "first_name", "Camille");
    world_run(&w, MINUTE_MS);
    assert_int_equal(set_one(node(&w, 2), "person", &id, "emergency=un"), ERR_OK);
    world_run(&w, MINUTE_MS);
    assert_int_equal(set_one(node(&w, 1), "person", &id, "emergency=deux"), ERR_OK);
    sync_both(&w);
    for (uint32_t at = 0; at <= 2; at++)
        assert_value(node(&w, at), "person", &id, "emergency", "deux");
    close_world(&w);
}

static void an_hour_back_keeps_the_order_of_edits(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 1000000);
    struct id id = add_person(node(&w, 1));
    world_run(&w, MINUTE_MS);
    assert_int_equal(set_one(node(&w, 1), "person", &id, "emergency=un"), ERR_OK);
    node(&w, 1)->offset_ms -= 60 * MINUTE_MS;
    assert_int_equal(set_one(node(&w, 1), "person", &id, "emergency=deux"), ERR_OK);
    world_run(&w, MINUTE_MS);
    assert_value(node(&w, 2), "person", &id, "emergency", "deux");
    assert_int_equal(open_conflicts(node(&w, 2)), 0);
    close_world(&w);
}

/* ---- images and copies ---- */

static void an_older_image_is_noticed_and_loses_nothing(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    struct id before = add_person(node(&w, 1));
    sync_both(&w);
    struct disk *image = disk_snapshot(node(&w, 1)->disk);
    world_run(&w, 7 * DAY_MS);
    struct id after = add_person(node(&w, 1));
    sync_both(&w);
    assert_int_equal(epochs(&w), 2);
    node_kill(node(&w, 1));
    node_restore(node(&w, 1), image);
    disk_free(image);
    node(&w, 1)->replaced = true;
    node(&w, 1)->saved = 0;
    node_start(node(&w, 1));
    struct id again = add_person(node(&w, 1)); /* under a number that was used before */
    sync_both(&w);
    assert_int_equal(epochs(&w), 3);
    for (uint32_t at = 0; at <= 2; at++) {
        assert_value(node(&w, at), "person", &before, "first_name", "Camille");
        assert_value(node(&w, at), "person", &after, "first_name", "Camille");
        assert_value(node(&w, at), "person", &again, "first_name", "Camille");
    }
    close_world(&w);
}

static void a_cloned_laptop_used_in_turns_loses_nothing(void **state)
{
    struct world w;
    struct id ids[8];
    (void)state;
    open_world(&w, 2, 0);
    (void)add_person(node(&w, 1));
    sync_both(&w);
    make_clone(&w, 1, 3);
    world_run(&w, MINUTE_MS);
    for (size_t i = 0; i < 8; i++) {
        uint32_t at = i % 2 == 0 ? 1 : 3;
        ids[i] = add_person(node(&w, at));
        if (i >= 2) /* the first two under one number */
            sync_now(&w, at);
    }
    sync_now(&w, 3);
    sync_now(&w, 1);
    sync_now(&w, 2);
    assert_true(epochs(&w) >= 4);
    for (size_t i = 0; i < 8; i++)
        assert_value(node(&w, 2), "person", &ids[i], "first_name", "Camille");
    close_world(&w);
}

/* Both are connected when both save under the same number. */
static void two_copies_that_save_at_once_lose_nothing(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 1000000);
    (void)add_person(node(&w, 1));
    world_run(&w, MINUTE_MS);
    world_client(&w, 3)->live = true;
    make_clone(&w, 1, 3);
    world_run(&w, MINUTE_MS);
    for (int i = 0; i < 5; i++) {
        struct id ours = add_person(node(&w, 1));
        struct id theirs = add_person(node(&w, 3));
        world_run(&w, 3 * MINUTE_MS);
        assert_value(node(&w, 2), "person", &ours, "first_name", "Camille");
        assert_value(node(&w, 2), "person", &theirs, "first_name", "Camille");
    }
    close_world(&w);
}

static void a_restored_server_is_told_again_what_it_acknowledged(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    struct id before = add_person(node(&w, 1));
    sync_both(&w);
    server_back_up(&w.server);
    world_run(&w, DAY_MS);
    struct id after = add_person(node(&w, 1));
    assert_int_equal(set_one(node(&w, 2), "person", &before, "emergency=soeur"), ERR_OK);
    sync_both(&w);
    server_go_back(&w.server);
    assert_value(node(&w, WORLD_SERVER), "person", &after, "first_name", "<NOTFOUND>");
    sync_both(&w);
    for (uint32_t at = 0; at <= 2; at++) {
        assert_value(node(&w, at), "person", &after, "first_name", "Camille");
        assert_value(node(&w, at), "person", &before, "emergency", "soeur");
    }
    close_world(&w);
}

/* ---- the end of a right ---- */

static void a_revoked_device_hears_nothing_more(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 3, 1000000);
    (void)add_person(node(&w, 1)); /* unsent */
    server_device(&w.server, world_client(&w, 1), DEVICE_REVOKED);
    world_run(&w, MINUTE_MS);
    struct id id = add_person(node(&w, 2));
    world_run(&w, 10 * MINUTE_MS);
    assert_value(node(&w, 3), "person", &id, "first_name", "Camille");
    assert_value(node(&w, 1), "person", &id, "first_name", "<NOTFOUND>");
    assert_int_equal(world_client(&w, 1)->failed, ERR_REVOKED);
    close_world(&w);
}

static void a_stolen_laptop_is_wiped_before_it_hears_anything(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    (void)add_person(node(&w, 1));
    sync_both(&w);
    node_cut(node(&w, 1));
    server_device(&w.server, world_client(&w, 1), DEVICE_WIPE);
    struct id id = add_person(node(&w, 2));
    sync_now(&w, 2);
    node_start(node(&w, 1));
    world_run(&w, MINUTE_MS);
    assert_true(world_client(&w, 1)->wiped);
    assert_null(disk_name(node(&w, 1)->disk, 0));
    assert_value(node(&w, WORLD_SERVER), "person", &id, "first_name", "Camille");
    assert_int_equal(count(node(&w, WORLD_SERVER), "SELECT count(*) FROM device WHERE state=4"),
                     1);
    close_world(&w);
}

/* ---- many ---- */

static void a_herd_comes_back_at_once_after_a_restart(void **state)
{
    struct world w;
    struct world_plan plan = {.seed = 9, .clients = HERD, .live_ppm = 1000000, .job_ms_max = 2};
    (void)state;
    world_init(&w, &plan, false);
    world_run(&w, 3 * MINUTE_MS);
    assert_kept(&w);
    assert_int_equal(hub_stats(w.server.hub).greeted, HERD);
    node_kill(node(&w, WORLD_SERVER));
    for (uint32_t at = 1; at <= HERD; at += 10)
        (void)add_person(node(&w, at));
    node_start(node(&w, WORLD_SERVER));
    for (uint32_t at = 1; at <= HERD; at++)
        client_feed(world_client(&w, at), (struct agent_event){.type = AGENT_EV_WANTED});
    world_run(&w, 3 * MINUTE_MS);
    assert_int_equal(hub_stats(w.server.hub).greeted, HERD);
    struct note why = {0};
    if (!checks_quiet(&w, &why))
        fail_msg("%s", why.text);
    assert_kept(&w);
    world_done(&w);
}

static void an_interrupted_first_sync_goes_on_where_it_was(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    node_kill(node(&w, 2));
    struct people crowd = {.w = &w, .batch_ppm = 1000000};
    crowd.rng = engine_rng(&w.engine, "crowd");
    for (int i = 0; i < 40; i++)
        people_act(&crowd, node(&w, 1));
    sync_now(&w, 1);
    node_start(node(&w, 2));
    for (int i = 0; i < 30; i++) { /* cut again and again, between and within pages */
        world_run(&w, 7 * i);
        if (i % 3 == 0)
            node_cut(node(&w, 2));
        else
            net_reset(&w.net, world_client(&w, 2)->end);
        world_run(&w, SECOND_MS);
        node_start(node(&w, 2));
        client_feed(world_client(&w, 2), (struct agent_event){.type = AGENT_EV_WANTED});
    }
    close_world(&w);
}

/* ---- a disk that alters rows ---- */

static void altered_rows_are_found_and_repaired_by_one_sync(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    struct id id = add_person(node(&w, 1));
    (void)add_person(node(&w, 1));
    sync_both(&w);
    world_run(&w, 60 * MINUTE_MS);
    struct client *c = world_client(&w, 1);
    c->damaged = true;
    struct store *s = node(&w, 1)->store;
    assert_int_equal(store_begin(s), ERR_OK);
    enum err err = db_exec(s->db, "UPDATE t_person SET first_name='Abîmée' WHERE _rid=1");
    if (err == ERR_OK)
        err = db_exec(s->db, "DELETE FROM t_person WHERE _rid=2");
    assert_int_equal(store_end(s, err), ERR_OK);
    sync_now(&w, 1);
    struct compare_report r;
    assert_int_equal(compare_report(s, &r), ERR_OK);
    assert_int_equal(r.state, COMPARE_SAME);
    assert_int_equal(r.faults[COMPARE_CHANGED], 1);
    assert_int_equal(r.faults[COMPARE_MISSING], 1);
    assert_value(node(&w, 1), "person", &id, "first_name", "Camille");
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
        cmocka_unit_test(a_power_cut_during_a_save_loses_nothing_told),
        cmocka_unit_test(a_full_disk_refuses_and_resumes),
        cmocka_unit_test(a_lost_acknowledgement_is_given_again),
        cmocka_unit_test(a_full_server_acknowledges_nothing),
        cmocka_unit_test(two_edits_after_two_weeks_leave_one_loser_in_the_inbox),
        cmocka_unit_test(an_edit_brings_a_deleted_dossier_back),
        cmocka_unit_test(a_clock_ten_years_ahead_wins_nothing),
        cmocka_unit_test(a_clock_of_1970_works_and_loses_nothing),
        cmocka_unit_test(an_hour_back_keeps_the_order_of_edits),
        cmocka_unit_test(an_older_image_is_noticed_and_loses_nothing),
        cmocka_unit_test(a_cloned_laptop_used_in_turns_loses_nothing),
        cmocka_unit_test(two_copies_that_save_at_once_lose_nothing),
        cmocka_unit_test(a_restored_server_is_told_again_what_it_acknowledged),
        cmocka_unit_test(a_revoked_device_hears_nothing_more),
        cmocka_unit_test(a_stolen_laptop_is_wiped_before_it_hears_anything),
        cmocka_unit_test(a_herd_comes_back_at_once_after_a_restart),
        cmocka_unit_test(an_interrupted_first_sync_goes_on_where_it_was),
        cmocka_unit_test(altered_rows_are_found_and_repaired_by_one_sync),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
