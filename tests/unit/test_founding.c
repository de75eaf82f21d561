/* SPDX-License-Identifier: Apache-2.0 */
/* What a network begins with, and what a database of an earlier schema gets. */
#include "proto/codes.h"
#include "store/founding.h"
#include "store/inside.h"
#include "store/parameter.h"
#include "support/caseload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct id code_id(const char *list, const char *code)
{
    struct str parts[] = {str_of(list), str_of(code)};
    return id_derive(TABLE_CODE, parts, 2);
}

static uint64_t open_codes(void)
{
    uint64_t n = 0;
    for (size_t i = 0; i < codes_list_count; i++)
        n += codes_lists[i].open ? codes_lists[i].count : 0;
    return n;
}

static void the_codes_are_made_once_and_reach_every_replica(void **state)
{
    (void)state;
    struct twin t;
    uint64_t made = 0;
    twin_open(&t, 1, &schema_jalon);
    assert_int_equal(founding_codes(t.server.store, &made, NULL), ERR_OK);
    assert_int_equal(made, open_codes());
    assert_int_equal(founding_codes(t.server.store, &made, NULL), ERR_OK);
    assert_int_equal(made, 0);
    (void)twin_sync(&t, 0);
    struct store *replica = t.replicas[0].store;
    assert_int_equal(twin_count(replica, "code"), open_codes());
    struct id id = code_id("contract_kind", "CDI");
    assert_string_equal(twin_get(replica, "code", &id, "label_de"), "Unbefristeter Vertrag");
    id = code_id("scheme", "DIISP");
    assert_string_equal(twin_get(replica, "code", &id, "valid_to"), "2012-09-30");
    id = code_id("exit_reason", "studies");
    assert_string_equal(twin_get(replica, "code", &id, "network_code"), "other_positive");
    twin_close(&t);
}

static void what_people_changed_or_deleted_stays_so(void **state)
{
    (void)state;
    struct twin t;
    uint64_t made = 0;
    const char *label[] = {"label_fr=Nos bureaux", NULL};
    struct id changed = code_id("session_kind", "phone");
    struct id deleted = code_id("session_kind", "video");
    twin_open(&t, 0, &schema_jalon);
    assert_int_equal(founding_codes(t.server.store, NULL, NULL), ERR_OK);
    assert_int_equal(twin_set(&t.server, "code", &changed, label), ERR_OK);
    assert_int_equal(twin_delete(&t.server, "code", &deleted, true), ERR_OK);
    assert_int_equal(founding_codes(t.server.store, &made, NULL), ERR_OK);
    assert_int_equal(made, 0);
    assert_string_equal(twin_get(t.server.store, "code", &changed, "label_fr"), "Nos bureaux");
    assert_int_equal(twin_count(t.server.store, "code"), open_codes() - 1);
    twin_close(&t);
}

/* Every key has a row, which counts for nothing more than the default it shows. */
static void the_parameters_are_made_once_and_can_be_changed(void **state)
{
    (void)state;
    struct twin t;
    uint64_t made = 0;
    int64_t days = 0;
    twin_open_apart(&t, 1, &schema_jalon);
    assert_int_equal(founding_parameters(t.server.store, &made, NULL), ERR_OK);
    assert_int_equal(made, PARAMETER_COUNT);
    assert_int_equal(founding_parameters(t.server.store, &made, NULL), ERR_OK);
    assert_int_equal(made, 0);
    (void)twin_sync(&t, 0);
    struct store *replica = t.replicas[0].store;
    assert_int_equal(twin_count(replica, "parameter"), PARAMETER_COUNT);
    const char *network[] = {"key=followup_days", "value=20", "valid_from=2026-01-01", NULL};
    const char *own[] = {"key=followup_days", "value=10", "valid_from=2026-06-01",
                         case_ref("structure", &t.structure), NULL};
    (void)twin_add(&t.server, "parameter", network);
    (void)twin_add(&t.server, "parameter", own);
    (void)twin_sync(&t, 0);
    const struct {
        const char *day;
        bool own;
        int64_t days;
    } expected[] = {{"2025-12-31", true, 15},
                    {"2026-01-01", true, 20},
                    {"2026-06-01", true, 10},
                    {"2026-06-01", false, 20}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        static const struct field field = {.name = "d", .kind = KIND_DATE};
        const struct id nobody = {{0}};
        struct arena arena = {0};
        struct value day;
        assert_int_equal(value_parse(&field, str_of(expected[i].day), &arena, &day, NULL),
                         ERR_OK);
        assert_int_equal(parameter_number(replica, PARAMETER_FOLLOWUP_DAYS,
                                          expected[i].own ? &t.structure : &nobody, day.i,
                                          &days),
                         ERR_OK);
        assert_int_equal(days, expected[i].days);
        arena_done(&arena);
    }
    twin_close(&t);
}

/* Rights were worked out before structures had a vault. */
static void coordination_of_an_earlier_schema_gets_the_vault_of_its_structure(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 1, &schema_jalon);
    twin_enrol(&t, STR("coordinator"));
    case_sync_all(&t);
    const char *review[] = {case_ref("structure", &t.structure),
                            case_ref("staff", case_staff(&t, 0)), "date=2026-11-02",
                            "text=MARQUE-AVIS", NULL};
    (void)twin_add(&t.server, "staff_review", review);
    assert_int_equal(db_exec(t.server.store->db, "UPDATE granted SET facets=facets&3"), ERR_OK);
    assert_int_equal(db_exec(t.server.store->db, "UPDATE meta SET v=3 WHERE k=3"), ERR_OK);
    store_close(t.server.store);
    twin_open_party(&t, &t.server);
    case_sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "staff_review"), 1);
    assert_false(case_in_file(&t, 0, "MARQUE-AVIS"));
    assert_true(case_complete(&t, 0));
    assert_true(case_complete(&t, 1));
    twin_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_codes_are_made_once_and_reach_every_replica),
        cmocka_unit_test(what_people_changed_or_deleted_stays_so),
        cmocka_unit_test(the_parameters_are_made_once_and_can_be_changed),
        cmocka_unit_test(coordination_of_an_earlier_schema_gets_the_vault_of_its_structure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
