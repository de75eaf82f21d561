/* SPDX-License-Identifier: Apache-2.0 */
/* What each role and each assignment opens of a dossier, from its first day to its last: marks
 * of the three facets, looked for in the files of the devices. */
#include "store/inside.h"
#include "support/caseload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;

struct ward {
    struct twin t; /* replica 0 is of the coach who opened the dossier; it is 2026-11-18 */
    struct case_file c;
};

static void open_ward(struct ward *w, size_t coaches)
{
    twin_open_apart(&w->t, coaches, &schema_jalon);
    struct id model = case_model(&w->t);
    case_sync_all(&w->t);
    struct party *anna = &w->t.replicas[0];
    w->c = case_open(anna, &model, "MARQUE-NOTE");
    const char *fact[] = {"emergency=MARQUE-FAIT", NULL};
    const char *vault[] = {case_ref("person", &w->c.person),
                           "category=health",
                           "detail=MARQUE-COFFRE",
                           "basis=social_law",
                           "start=2026-11-10",
                           NULL};
    assert_int_equal(twin_set(anna, "person", &w->c.person, fact), ERR_OK);
    (void)twin_add(anna, "sensitive_fact", vault);
    case_sync_all(&w->t);
}

static void move_days(struct ward *w, int64_t days)
{
    w->t.server.wall_ms += days * day_ms;
    for (size_t i = 0; i < w->t.count; i++)
        w->t.replicas[i].wall_ms = w->t.server.wall_ms;
    case_sync_all(&w->t);
}

static void assert_holds(struct ward *w, size_t replica, unsigned facets)
{
    assert_int_equal(case_in_file(&w->t, replica, "MARQUE-FAIT"), (facets & FACET_FACTS) != 0);
    assert_int_equal(case_in_file(&w->t, replica, "MARQUE-NOTE"), (facets & FACET_NOTES) != 0);
    assert_int_equal(case_in_file(&w->t, replica, "MARQUE-COFFRE"),
                     (facets & FACET_VAULT) != 0);
    assert_true(case_complete(&w->t, replica));
}

static void an_assignment_opens_its_facets_from_day_to_day(void **state)
{
    (void)state;
    static const struct {
        const char *role;
        unsigned facets;
    } lines[] = {{"co_referent", FACET_FACTS | FACET_NOTES | FACET_VAULT},
                 {"facilitator", FACET_FACTS | FACET_NOTES},
                 {"substitute", FACET_FACTS | FACET_NOTES},
                 {"tutor", FACET_FACTS},
                 {"mentor", FACET_FACTS}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct ward w;
        open_ward(&w, 2);
        (void)case_assign(&w.t.replicas[0], &w.c, case_staff(&w.t, 0), "referent", "2026-11-01",
                          NULL);
        (void)case_assign(&w.t.replicas[0], &w.c, case_staff(&w.t, 1), lines[i].role,
                          "2026-11-19", "2026-11-20");
        for (int day = 18; day <= 21; day++) {
            move_days(&w, day == 18 ? 0 : 1);
            assert_holds(&w, 1, day == 19 || day == 20 ? lines[i].facets : 0);
            assert_holds(&w, 0, FACET_FACTS | FACET_NOTES | FACET_VAULT);
        }
        twin_close(&w.t);
    }
}

/* A worker whose contract ended on 2026-11-18, today; replica 1 is his employer's manager. */
static void open_worker(struct ward *w)
{
    open_ward(w, 1);
    twin_enrol(&w->t, STR("manager"));
    case_sync_all(&w->t);
    assert_holds(w, 1, 0);
    const char *contract[] = {case_ref("person", &w->c.person),
                              case_ref("employer_structure", &w->t.structure), "kind=CDI",
                              "start=2026-11-02", NULL};
    const char *ended[] = {"actual_end=2026-11-18", NULL};
    struct id id = twin_add(&w->t.replicas[0], "contract", contract);
    case_sync_all(&w->t);
    assert_holds(w, 1, FACET_FACTS);
    assert_int_equal(twin_set(&w->t.server, "contract", &id, ended), ERR_OK);
}

static struct id set_months(struct ward *w, const char *value, const char *from, bool own)
{
    char text[32];
    char since[32];
    (void)snprintf(text, sizeof text, "value=%s", value);
    (void)snprintf(since, sizeof since, "valid_from=%s", from);
    const char *fields[] = {"key=employer_months", text, since,
                            own ? case_ref("structure", &w->t.structure) : NULL, NULL};
    struct id id = twin_add(&w->t.server, "parameter", fields);
    case_sync_all(&w->t);
    return id;
}

static void a_manager_sees_workers_until_two_years_after(void **state)
{
    (void)state;
    struct ward w;
    open_worker(&w);
    move_days(&w, 731); /* with a 29 February: 2028-11-18 */
    assert_holds(&w, 1, FACET_FACTS);
    move_days(&w, 1);
    assert_holds(&w, 1, 0);
    twin_close(&w.t);
}

static void a_network_says_how_long_a_manager_sees_workers(void **state)
{
    (void)state;
    struct ward w;
    open_worker(&w);
    (void)set_months(&w, "3", "2026-11-01", false);
    move_days(&w, 92); /* 2027-02-18 */
    assert_holds(&w, 1, FACET_FACTS);
    move_days(&w, 1);
    assert_holds(&w, 1, 0);
    twin_close(&w.t);
}

/* Of the structure that keeps the dossier, from its day on; taken back, what it closed opens.
 */
static void a_structure_says_how_long_a_manager_sees_its_dossiers(void **state)
{
    (void)state;
    struct ward w;
    open_worker(&w);
    (void)set_months(&w, "3", "2026-11-01", false);
    struct id own = set_months(&w, "0", "2026-11-21", true);
    move_days(&w, 2); /* 2026-11-20 */
    assert_holds(&w, 1, FACET_FACTS);
    move_days(&w, 1);
    assert_holds(&w, 1, 0);
    const char *longer[] = {"value=1", NULL};
    assert_int_equal(twin_set(&w.t.server, "parameter", &own, longer), ERR_OK);
    case_sync_all(&w.t);
    assert_holds(&w, 1, FACET_FACTS);
    move_days(&w, 28); /* 2026-12-19 */
    assert_holds(&w, 1, 0);
    twin_close(&w.t);
}

/* Rights worked out by an earlier program, which kept to two years whatever was set. */
static void months_set_before_they_counted_count_from_the_next_day(void **state)
{
    (void)state;
    struct ward w;
    open_worker(&w);
    (void)set_months(&w, "24", "2026-11-01", false);
    move_days(&w, 150);
    assert_holds(&w, 1, FACET_FACTS);
    struct store *s = w.t.server.store;
    assert_int_equal(store_begin(s), ERR_OK);
    assert_int_equal(db_exec(s->db, "UPDATE t_parameter SET value='3'"), ERR_OK);
    assert_int_equal(store_end(s, meta_set_int(s, META_RIGHTS_RULES, 0)), ERR_OK);
    move_days(&w, 1);
    assert_false(case_in_file(&w.t, 1, "MARQUE-FAIT"));
    twin_close(&w.t);
}

static void coordination_sees_facts_federation_and_administration_nothing(void **state)
{
    (void)state;
    struct ward w;
    open_ward(&w, 1);
    struct id here = w.t.structure;
    twin_enrol(&w.t, STR("coordinator"));
    twin_enrol(&w.t, STR("admin"));
    const char *fields[] = {"name=Fédération fictive", "kind=federation", NULL};
    w.t.structure = twin_add(&w.t.server, "structure", fields);
    twin_enrol(&w.t, STR("coordinator"));
    w.t.structure = here;
    case_sync_all(&w.t);
    assert_holds(&w, 1, FACET_FACTS);
    assert_holds(&w, 2, 0);
    assert_holds(&w, 3, 0);
    for (size_t i = 1; i <= 3; i++) /* the directory is for all */
        assert_int_equal(twin_count(w.t.replicas[i].store, "structure"), 2);
    twin_close(&w.t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_assignment_opens_its_facets_from_day_to_day),
        cmocka_unit_test(a_manager_sees_workers_until_two_years_after),
        cmocka_unit_test(a_network_says_how_long_a_manager_sees_workers),
        cmocka_unit_test(months_set_before_they_counted_count_from_the_next_day),
        cmocka_unit_test(a_structure_says_how_long_a_manager_sees_its_dossiers),
        cmocka_unit_test(coordination_sees_facts_federation_and_administration_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
