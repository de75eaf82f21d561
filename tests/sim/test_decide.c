/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for a person, as stories: refused work, the same thing entered twice, decisions
 * made without knowing of each other. */
#include "store/closing.h"
#include "store/duplicates.h"
#include "store/inside.h"
#include "store/ties.h"
#include "tests/sim/checks.h"
#include "tests/sim/genesis.h"
#include "tests/sim/people.h"
#include "tests/sim/swarm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS };

static void open_world(struct world *w, size_t clients)
{
    struct world_plan plan = {.seed = 11, .clients = clients, .job_ms_max = 5};
    world_init(w, &plan, false);
    world_run(w, MINUTE_MS);
}

static void assert_kept(struct world *w)
{
    if (w->failed)
        print_error("%s\n", w->failure);
    assert_false(w->failed);
}

static void close_world(struct world *w)
{
    assert_kept(w);
    swarm_settle(w);
    assert_kept(w);
    world_done(w);
}

static struct node *node(struct world *w, uint32_t at)
{
    return world_node(w, at);
}

static void sync_all(struct world *w, uint32_t clients)
{
    for (int round = 0; round < 2; round++) {
        for (uint32_t at = 1; at <= clients; at++) {
            client_feed(world_client(w, at), (struct agent_event){.type = AGENT_EV_WANTED});
            world_run(w, 20 * SECOND_MS);
            assert_kept(w);
        }
    }
}

static int64_t count(struct node *n, const char *sql)
{
    struct stmt *stmt = NULL;
    int64_t rows = -1;
    assert_int_equal(db_prepare(n->store->db, sql, &stmt), ERR_OK);
    if (stmt_step(stmt) == STEP_ROW)
        rows = col_int(stmt, 0);
    stmt_free(stmt);
    return rows;
}

static struct id one_id(struct node *n, const char *sql)
{
    struct stmt *stmt = NULL;
    struct id id = {0};
    assert_int_equal(db_prepare(n->store->db, sql, &stmt), ERR_OK);
    assert_int_equal(stmt_step(stmt), STEP_ROW);
    assert_true(col_id(stmt, 0, &id));
    stmt_free(stmt);
    return id;
}

/* Every tenth operation cannot be: it waits with its reason, the nine others arrive. */
static void one_bad_operation_in_ten_holds_nobody_up(void **state)
{
    enum { OPERATIONS = 60 };
    struct world w;
    char person[80];
    (void)state;
    open_world(&w, 2);
    static const char *const zoe[] = {"name=%m", "first_name=Zoé", NULL};
    struct id id = {0};
    assert_int_equal(people_add(node(&w, 1), "person", zoe, &id), ERR_OK);
    const char *fields[] = {people_ref("person", &id, person), "kind=individual",
                            "date=2026-03-02", "minutes=45", NULL};
    struct id session = {0};
    assert_int_equal(people_add(node(&w, 1), "session", fields, &session), ERR_OK);
    sync_all(&w, 2);
    static const char *const valid[] = {"state=validated", NULL};
    assert_int_equal(people_set(node(&w, 2), "session", &session, valid), ERR_OK);
    client_feed(world_client(&w, 2), (struct agent_event){.type = AGENT_EV_WANTED});
    world_run(&w, 20 * SECOND_MS);
    for (int i = 0; i < OPERATIONS; i++) {
        char minutes[40];
        (void)snprintf(minutes, sizeof minutes, "minutes=%d", i + 1);
        static const char *const firm[] = {"name=%m", NULL};
        const char *const late[] = {minutes, NULL};
        enum err err = i % 10 == 9 ? people_set(node(&w, 1), "session", &session, late)
                                   : people_add(node(&w, 1), "company", firm, NULL);
        assert_int_equal(err, ERR_OK);
    }
    int64_t firms = count(node(&w, 1), "SELECT count(*) FROM t_company");
    sync_all(&w, 2);
    for (uint32_t at = 0; at <= 2; at++) {
        char text[512];
        assert_int_equal(count(node(&w, at), "SELECT count(*) FROM t_company"), firms);
        assert_string_equal(people_get(node(&w, at), "session", &session, "minutes", text),
                            "45");
    }
    /* The first of them is locked out, those made on top of it wait with it. */
    assert_int_equal(count(node(&w, 1), "SELECT count(*) FROM quarantine WHERE state=0"),
                     OPERATIONS / 10);
    assert_int_equal(count(node(&w, 0), "SELECT count(*) FROM quarantine WHERE reason=3"), 1);
    assert_int_equal(count(node(&w, 0), "SELECT count(*) FROM quarantine WHERE reason=5"),
                     OPERATIONS / 10 - 1);
    close_world(&w);
}

/* The laptop loses its power in the middle of storing the verdict, over and over. */
static void a_power_cut_at_a_refusal_leaves_it_whole_or_not_there(void **state)
{
    struct world w;
    char person[80];
    char text[512];
    (void)state;
    open_world(&w, 2);
    static const char *const zoe[] = {"name=%m", "first_name=Zoé", NULL};
    struct id id = {0};
    struct id session = {0};
    assert_int_equal(people_add(node(&w, 1), "person", zoe, &id), ERR_OK);
    const char *fields[] = {people_ref("person", &id, person), "kind=individual",
                            "date=2026-03-02", "minutes=45", NULL};
    assert_int_equal(people_add(node(&w, 1), "session", fields, &session), ERR_OK);
    sync_all(&w, 2);
    static const char *const valid[] = {"state=validated", NULL};
    assert_int_equal(people_set(node(&w, 2), "session", &session, valid), ERR_OK);
    client_feed(world_client(&w, 2), (struct agent_event){.type = AGENT_EV_WANTED});
    world_run(&w, 20 * SECOND_MS);
    static const char *const late[] = {"minutes=50", NULL};
    assert_int_equal(people_set(node(&w, 1), "session", &session, late), ERR_OK);
    for (uint64_t nth = 1; nth < 60; nth++) {
        node_doom(node(&w, 1), DEATH_POWER, nth);
        client_feed(world_client(&w, 1), (struct agent_event){.type = AGENT_EV_WANTED});
        world_run(&w, 20 * SECOND_MS);
        assert_kept(&w);
        node_start(node(&w, 1));
        world_run(&w, SECOND_MS);
        bool refused = count(node(&w, 1), "SELECT count(*) FROM quarantine") == 1;
        assert_string_equal(people_get(node(&w, 1), "session", &session, "minutes", text),
                            refused ? "45" : "50");
    }
    assert_int_equal(count(node(&w, 1), "SELECT count(*) FROM quarantine"), 1);
    close_world(&w);
}

static void the_same_person_on_three_laptops_becomes_one_and_apart_again(void **state)
{
    enum { LAPTOPS = 3 };
    struct world w;
    struct id ids[LAPTOPS];
    (void)state;
    open_world(&w, LAPTOPS);
    for (uint32_t at = 1; at <= LAPTOPS; at++) {
        static const char *const zoe[] = {"name=Fictif", "first_name=Zoé",
                                          "birth_date=1990-03-02", "emergency=%m", NULL};
        char person[80];
        assert_int_equal(people_add(node(&w, at), "person", zoe, &ids[at - 1]), ERR_OK);
        const char *point[] = {people_ref("person", &ids[at - 1], person), "kind=phone",
                               "value=0470 00 00 00", NULL};
        assert_int_equal(people_add(node(&w, at), "contact_point", point, NULL), ERR_OK);
    }
    sync_all(&w, LAPTOPS);
    static const char open_cases[] = "SELECT count(*) FROM t_duplicate_case WHERE state='open'";
    static const char merged[] = "SELECT count(*) FROM t_person WHERE merged_into IS NOT NULL";
    static const char next[] =
        "SELECT _id FROM t_duplicate_case WHERE state='open' ORDER BY _id";
    static const char tied[] = "SELECT _id FROM t_duplicate_case WHERE tied IS NOT NULL";
    for (uint32_t at = 0; at <= LAPTOPS; at++)
        assert_int_equal(count(node(&w, at), open_cases), 3);
    /* Two people decide on two laptops at once. */
    struct id first = one_id(node(&w, 1), next);
    assert_int_equal(
        duplicate_decide(node(&w, 1)->store, &first, DUPLICATE_SAME, STR("vu"), NULL), ERR_OK);
    assert_int_equal(
        duplicate_decide(node(&w, 2)->store, &first, DUPLICATE_SAME, STR("vu"), NULL), ERR_OK);
    sync_all(&w, LAPTOPS);
    struct id second = one_id(node(&w, 3), next);
    assert_int_equal(
        duplicate_decide(node(&w, 3)->store, &second, DUPLICATE_SAME, STR("vu"), NULL), ERR_OK);
    sync_all(&w, LAPTOPS);
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    for (uint32_t at = 0; at <= LAPTOPS; at++) {
        struct id all[TIES_ROWS_MAX];
        size_t n = 0;
        assert_int_equal(count(node(&w, at), open_cases), 0);
        assert_int_equal(count(node(&w, at), merged), 2);
        assert_int_equal(count(node(&w, at), "SELECT count(*) FROM t_contact_point"), LAPTOPS);
        assert_int_equal(ties_all(node(&w, at)->store, table, &ids[0], all, &n), ERR_OK);
        assert_int_equal(n, LAPTOPS);
        assert_int_equal(count(node(&w, at), "SELECT count(*) FROM t_conflict"), 0);
    }
    while (count(node(&w, 2), merged) > 0) {
        struct id back = one_id(node(&w, 2), tied);
        assert_int_equal(
            duplicate_decide(node(&w, 2)->store, &back, DUPLICATE_OPEN, STR(""), NULL), ERR_OK);
    }
    sync_all(&w, LAPTOPS);
    for (uint32_t at = 0; at <= LAPTOPS; at++) {
        assert_int_equal(count(node(&w, at), merged), 0);
        assert_int_equal(count(node(&w, at), open_cases), 3);
    }
    close_world(&w);
}

/* One keeps, one takes, far from each other: neither decision is lost. */
static void two_decisions_far_from_each_other_are_both_there(void **state)
{
    struct world w;
    (void)state;
    open_world(&w, 2);
    static const char *const zoe[] = {"name=%m", "first_name=Zoé", NULL};
    struct id id = {0};
    assert_int_equal(people_add(node(&w, 1), "person", zoe, &id), ERR_OK);
    sync_all(&w, 2);
    static const char *const a[] = {"emergency=le frère", NULL};
    static const char *const b[] = {"emergency=la tante", NULL};
    assert_int_equal(people_set(node(&w, 1), "person", &id, a), ERR_OK);
    world_run(&w, MINUTE_MS);
    assert_int_equal(people_set(node(&w, 2), "person", &id, b), ERR_OK);
    sync_all(&w, 2);
    struct id conflict = one_id(node(&w, 1), "SELECT _id FROM t_conflict WHERE state='open'");
    assert_int_equal(edit_resolve(node(&w, 1)->store, &conflict, EDIT_TAKE_OTHER, STR(""),
                                  STR("il décroche"), NULL),
                     ERR_OK);
    world_run(&w, MINUTE_MS);
    assert_int_equal(edit_resolve(node(&w, 2)->store, &conflict, EDIT_KEEP_CURRENT, STR(""),
                                  STR("elle est à côté"), NULL),
                     ERR_OK);
    sync_all(&w, 2);
    for (uint32_t at = 0; at <= 2; at++)
        assert_int_equal(count(node(&w, at), "SELECT count(*) FROM t_conflict WHERE "
                                             "of_table='conflict' AND state='open'"),
                         1);
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
        cmocka_unit_test(one_bad_operation_in_ten_holds_nobody_up),
        cmocka_unit_test(a_power_cut_at_a_refusal_leaves_it_whole_or_not_there),
        cmocka_unit_test(the_same_person_on_three_laptops_becomes_one_and_apart_again),
        cmocka_unit_test(two_decisions_far_from_each_other_are_both_there),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
