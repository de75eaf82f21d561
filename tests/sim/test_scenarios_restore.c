/* SPDX-License-Identifier: Apache-2.0 */
/* The server is put back to a backup while devices go on: what they sent after it comes again.
 */
#include "tests/sim/genesis.h"
#include "tests/sim/stage.h"

/* The outbox begins after the backup; what was sent since is judged anew, and a page that was
 * cut before that must not undo it. */
static void a_page_of_a_restored_server_undoes_nothing_sent_again(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    struct id id = add_person(node(&w, 1));
    sync_both(&w);
    server_back_up(&w.server);
    sync_both(&w); /* they hear that it is stable, and forget what they sent */
    assert_int_equal(set_one(node(&w, 2), "person", &id, "emergency=deux"), ERR_OK);
    world_run(&w, MINUTE_MS);
    assert_int_equal(set_one(node(&w, 1), "person", &id, "emergency=un"), ERR_OK);
    sync_both(&w);
    int64_t changes = count(node(&w, 1), "SELECT count(*) FROM history");
    server_go_back(&w.server);
    sync_now(&w, 2);
    sync_now(&w, 1); /* hears "deux" while it sends "un" again */
    assert_int_equal(count(node(&w, 1), "SELECT count(*) FROM history"), changes);
    for (uint32_t at = 0; at <= 1; at++)
        assert_value(node(&w, at), "person", &id, "emergency", "un");
    assert_int_equal(open_conflicts(node(&w, 1)), 1);
    close_world(&w);
}

/* One backup is put back twice, the second time by a clock that shows what it showed the first
 * time. */
static void a_backup_put_back_twice_begins_two_generations(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 3, 0);
    (void)add_person(node(&w, 1));
    sync_both(&w);
    server_back_up(&w.server);
    int64_t then = world_time(&w);
    server_go_back(&w.server);
    for (int i = 0; i < 5; i++)
        (void)add_person(node(&w, 3));
    sync_now(&w, 3);
    sync_now(&w, 1); /* is told all of it */
    node(&w, WORLD_SERVER)->offset_ms = then - world_time(&w);
    server_go_back(&w.server);
    struct id other[10];
    for (int i = 0; i < 10; i++)
        other[i] = add_person(node(&w, 2));
    sync_now(&w, 2); /* the server has come as far as node 1 was, with other rows */
    sync_now(&w, 3);
    sync_now(&w, 1);
    for (int i = 0; i < 10; i++)
        assert_value(node(&w, 1), "person", &other[i], "first_name", "Camille");
    close_world(&w);
}

/* Each copy gets an epoch after each restore: never one that was given out before it. */
static void no_epoch_is_given_twice_though_a_backup_is_put_back_twice(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    (void)add_person(node(&w, 1));
    (void)add_person(node(&w, 2));
    sync_both(&w);
    server_back_up(&w.server);
    uint32_t given[2] = {0};
    for (uint32_t at = 1; at <= 2; at++) {
        struct disk *image = disk_snapshot(node(&w, at)->disk);
        server_go_back(&w.server);
        (void)add_person(node(&w, at));
        sync_now(&w, at);
        w.oracle.marks[w.oracle.count - 1].state =
            MARK_LOST; /* set back twice: nobody has it */
        node_kill(node(&w, at));
        node_restore(node(&w, at), image); /* its number was used: it gets an epoch */
        disk_free(image);
        node(&w, at)->replaced = true;
        node(&w, at)->saved = 0;
        node_start(node(&w, at));
        (void)add_person(node(&w, at));
        sync_now(&w, at);
        given[at - 1] = node(&w, at)->store->epoch;
        assert_in_range(given[at - 1], 1000, UINT32_MAX);
    }
    assert_int_not_equal(given[0], given[1]);
    sync_both(&w);
    close_world(&w);
}

/* A copy got an epoch, and with it an outbox that begins anew; then the server loses what was
 * sent before that. */
static void what_was_sent_under_an_earlier_epoch_comes_again(void **state)
{
    struct world w;
    char person[80];
    (void)state;
    open_world(&w, 2, 0);
    struct id before = add_person(node(&w, 1));
    sync_both(&w);
    server_back_up(&w.server);
    make_clone(&w, 1, 3);
    world_run(&w, MINUTE_MS);
    struct id after = add_person(node(&w, 3));
    const char *const fields[] = {people_ref("person", &after, person), "kind=phone",
                                  "value=0470 00 00 00", NULL};
    assert_int_equal(people_add(node(&w, 3), "contact_point", fields, NULL), ERR_OK);
    assert_int_equal(set_one(node(&w, 3), "person", &before, "emergency=copie"), ERR_OK);
    sync_now(&w, 3);
    for (int i = 0; i < 2; i++) { /* used in turns: each gets epochs, the copy twice */
        sync_now(&w, 1);
        sync_now(&w, 3);
    }
    assert_int_equal(set_one(node(&w, 3), "person", &after, "emergency=après"), ERR_OK);
    sync_now(&w, 2);
    server_go_back(&w.server);
    assert_value(node(&w, WORLD_SERVER), "person", &after, "first_name", "<NOTFOUND>");
    sync_now(&w, 1);
    sync_now(&w, 3);
    sync_both(&w);
    for (uint32_t at = 0; at <= 3; at++) {
        assert_value(node(&w, at), "person", &after, "first_name", "Camille");
        assert_value(node(&w, at), "person", &after, "emergency", "après");
        assert_value(node(&w, at), "person", &before, "emergency", "copie");
        assert_int_equal(count(node(&w, at), "SELECT count(*) FROM t_contact_point"), 1);
        assert_int_equal(open_conflicts(node(&w, at)), 0);
    }
    close_world(&w);
}

static int64_t kept(struct world *w, uint32_t at)
{
    return count(node(w, at), "SELECT count(*) FROM outbox WHERE op_no<0");
}

static void what_is_kept_of_an_earlier_epoch_goes_once_it_is_stable(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2, 0);
    for (int i = 0; i < 3; i++)
        (void)add_person(node(&w, 1));
    sync_both(&w);
    make_clone(&w, 1, 3);
    (void)add_person(node(&w, 1));
    (void)add_person(node(&w, 3)); /* under the same number */
    sync_now(&w, 1);
    sync_now(&w, 3);
    assert_int_equal(kept(&w, 1), 0);
    assert_int_equal(kept(&w, 3), 3);
    (void)add_person(node(&w, 3));
    sync_now(&w, 3);
    server_back_up(&w.server);
    sync_now(&w, 3);
    assert_int_equal(kept(&w, 3), 0);
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
        cmocka_unit_test(a_page_of_a_restored_server_undoes_nothing_sent_again),
        cmocka_unit_test(a_backup_put_back_twice_begins_two_generations),
        cmocka_unit_test(no_epoch_is_given_twice_though_a_backup_is_put_back_twice),
        cmocka_unit_test(what_was_sent_under_an_earlier_epoch_comes_again),
        cmocka_unit_test(what_is_kept_of_an_earlier_epoch_goes_once_it_is_stable),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
