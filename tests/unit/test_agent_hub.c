/* SPDX-License-Identifier: Apache-2.0 */
/* Agents and a hub on real stores: records. */
#include "io/file.h"
#include "support/line_rig.h"

static void assert_converged(struct world *w)
{
    struct buf server = {0};
    twin_dump(w->twin.server.store, &server);
    for (size_t i = 0; i < w->twin.count; i++) {
        struct buf replica = {0};
        twin_dump(w->twin.replicas[i].store, &replica);
        assert_true(str_eq(buf_str(&replica), buf_str(&server)));
        buf_done(&replica);
    }
    buf_done(&server);
}

static struct id add_person(struct world *w, size_t replica, const char *first_name)
{
    char structure[80];
    char name[80];
    char text[ID_TEXT_BYTES];
    id_print(&w->twin.structure, text);
    (void)snprintf(structure, sizeof structure, "structure=%s", text);
    (void)snprintf(name, sizeof name, "first_name=%s", first_name);
    const char *fields[] = {"name=Dupont", name, structure, NULL};
    return twin_add(&w->twin.replicas[replica], "person", fields);
}

static struct world w;

static void sync_with_nothing_to_do_is_one_round_trip(void **state)
{
    (void)state;
    open_world(&w, 1, false);
    sync_one(&w, 0);
    assert_int_equal(w.lines[0].to_hub, 2); /* HELLO; BYE afterwards, which nobody waits for */
    assert_true(w.lines[0].bytes < 512);
    close_world(&w);
}

static void offline_work_of_two_comes_together(void **state)
{
    (void)state;
    open_world(&w, 2, false);
    struct id anna = add_person(&w, 0, "Anna");
    struct id bilal = add_person(&w, 1, "Bilal");
    sync_one(&w, 0);
    sync_one(&w, 1);
    sync_one(&w, 0);
    assert_converged(&w);
    assert_string_equal(twin_get(w.twin.replicas[1].store, "person", &anna, "first_name"),
                        "Anna");
    const char *one[] = {"emergency=la voisine", NULL};
    const char *two[] = {"emergency=le frère", NULL};
    assert_int_equal(twin_set(&w.twin.replicas[0], "person", &bilal, one), ERR_OK);
    w.twin.replicas[1].wall_ms += 60000;
    assert_int_equal(twin_set(&w.twin.replicas[1], "person", &bilal, two), ERR_OK);
    sync_one(&w, 1);
    sync_one(&w, 0);
    sync_one(&w, 1);
    assert_converged(&w);
    assert_int_equal(twin_count(w.twin.replicas[0].store, "conflict"), 1);
    assert_int_equal(agent_tally(w.lines[0].agent).conflicts, 1);
    close_world(&w);
}

static void many_operations_and_pages_flow_both_ways(void **state)
{
    (void)state;
    enum { PEOPLE = 1800 };
    open_world(&w, 2, false);
    for (unsigned i = 0; i < PEOPLE; i++)
        (void)add_person(&w, i % 2, "Nadia");
    sync_begins(&w, 0);
    sync_begins(&w, 1);
    run(&w);
    assert_true(w.lines[0].synced && w.lines[1].synced);
    sync_one(&w, 0);
    sync_one(&w, 1);
    assert_converged(&w);
    assert_int_equal(twin_count(w.twin.server.store, "person"), PEOPLE);
    assert_int_equal(agent_tally(w.lines[0].agent).pushed, PEOPLE / 2);
    close_world(&w);
}

/* Cut the line after every possible number of bytes (in strides): what was begun is finished
 * the next time, and nothing is applied twice. */
static void cut_anywhere_the_next_sync_finishes(void **state)
{
    (void)state;
    enum { STRIDE = 61 };
    open_world(&w, 2, false);
    unsigned cuts = 0;
    for (uint64_t at = 1; at < 6000; at += STRIDE) {
        (void)add_person(&w, 0, "Odile");
        (void)add_person(&w, 1, "Karim");
        sync_one(&w, 1);
        w.lines[0].cut_after = at;
        sync_begins(&w, 0);
        run(&w);
        cuts += w.lines[0].synced ? 0U : 1U;
        w.lines[0].cut_after = 0;
        sync_one(&w, 0);
        sync_one(&w, 1);
        assert_converged(&w);
    }
    assert_true(cuts > 5);
    close_world(&w);
}

static void copied_replica_forks_and_loses_nothing(void **state)
{
    (void)state;
    struct buf image = {0};
    open_world(&w, 1, false);
    (void)add_person(&w, 0, "Avant");
    sync_one(&w, 0);
    struct party *party = &w.twin.replicas[0];
    store_close(party->store);
    assert_int_equal(file_read(party->path, MEM_BLOCK_BYTES_MAX, &image, NULL), ERR_OK);
    twin_open_party(&w.twin, party);
    struct id lost = add_person(&w, 0, "Après");
    sync_one(&w, 0);
    store_close(party->store);
    assert_int_equal(file_replace(party->path, buf_str(&image), 0600, NULL), ERR_OK);
    buf_done(&image);
    party->random += 99;
    twin_open_party(&w.twin, party);
    (void)add_person(&w, 0, "Image");
    sync_one(&w, 0);
    assert_converged(&w);
    assert_int_equal(twin_count(w.twin.server.store, "person"), 3);
    assert_string_equal(twin_get(party->store, "person", &lost, "first_name"), "Après");
    close_world(&w);
}

static void live_agents_hear_of_each_other(void **state)
{
    (void)state;
    open_world(&w, 3, true);
    for (size_t i = 0; i < 3; i++)
        sync_begins(&w, i);
    run(&w);
    for (unsigned round = 0; round < 5; round++) {
        size_t writer = round % 3;
        (void)add_person(&w, writer, "Vif");
        w.lines[writer].synced = false;
        agent_event(&w, writer, (struct agent_event){.type = AGENT_EV_SAVED});
        run(&w);
        assert_true(w.lines[writer].synced);
        assert_converged(&w);
    }
    for (size_t i = 0; i < 3; i++)
        agent_event(&w, i, (struct agent_event){.type = AGENT_EV_STOP});
    run(&w);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sync_with_nothing_to_do_is_one_round_trip),
        cmocka_unit_test(offline_work_of_two_comes_together),
        cmocka_unit_test(many_operations_and_pages_flow_both_ways),
        cmocka_unit_test(cut_anywhere_the_next_sync_finishes),
        cmocka_unit_test(copied_replica_forks_and_loses_nothing),
        cmocka_unit_test(live_agents_hear_of_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
