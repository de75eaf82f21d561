/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { HOME = 7, OTHER_HOME = 8, DOSSIER = 3 };

static const uint8_t facets[] = {FACET_FACTS, FACET_NOTES, FACET_VAULT};
static const struct scope network = {SCOPE_HOME_NETWORK, 0};
static const struct scope dossier = {HOME, DOSSIER};
static const struct scope structure = {HOME, 0};
static const struct scope elsewhere = {OTHER_HOME, DOSSIER};

static struct grants granted(uint32_t home, uint8_t roles)
{
    struct grants grants = {.count = 1};
    grants.list[0] = (struct grant){home, roles, scope_facets(roles)};
    return grants;
}

static void without_a_grant_nothing_is_open(void **state)
{
    (void)state;
    struct grants none = {.count = 0};
    struct grants empty = granted(HOME, 0);
    const struct scope scopes[] = {network,   dossier, structure,
                                   elsewhere, {0, 0},  {0, DOSSIER}};
    for (size_t s = 0; s < sizeof(scopes) / sizeof(*scopes); s++) {
        for (unsigned facet = 0; facet < 256; facet++) {
            assert_false(scope_may_read(&none, scopes[s], (uint8_t)facet));
            assert_false(scope_may_read(&empty, scopes[s], (uint8_t)facet));
        }
        for (size_t t = 0; t < schema_jalon.table_count; t++) {
            assert_false(scope_may_write(&none, &schema_jalon.tables[t], scopes[s]));
            assert_false(scope_may_write(&empty, &schema_jalon.tables[t], scopes[s]));
        }
    }
}

static void each_role_opens_only_its_facets(void **state)
{
    (void)state;
    assert_int_equal(scope_facets(0), 0);
    assert_int_equal(scope_facets(ROLE_JOBCOACH), FACET_FACTS | FACET_NOTES);
    assert_int_equal(scope_facets(ROLE_MANAGER), FACET_FACTS);
    assert_int_equal(scope_facets(ROLE_COORDINATOR), FACET_FACTS);
    assert_int_equal(scope_facets(ROLE_ADMIN), 0);
    assert_int_equal(scope_facets(ROLE_FEDERATION), 0);
    for (unsigned roles = 0; roles <= ROLE_ANY; roles++) {
        uint8_t open = scope_facets((uint8_t)roles);
        assert_int_equal(open & FACET_VAULT, 0);
        assert_int_equal((open & FACET_NOTES) != 0, (roles & ROLE_JOBCOACH) != 0);
    }
}

/* Over all roles and all tables of the declaration: notes and vault stay with jobcoaches. */
static void no_table_leaks_through_its_facet(void **state)
{
    (void)state;
    for (unsigned roles = 1; roles <= ROLE_ANY; roles++) {
        struct grants grants = granted(HOME, (uint8_t)roles);
        bool coach = (roles & ROLE_JOBCOACH) != 0;
        bool facts = (roles & (ROLE_JOBCOACH | ROLE_MANAGER | ROLE_COORDINATOR)) != 0;
        for (size_t t = 0; t < schema_jalon.table_count; t++) {
            const struct table *table = &schema_jalon.tables[t];
            if (table->scope == SCOPE_NETWORK) {
                assert_true(scope_may_read(&grants, network, table->facet));
                continue;
            }
            bool expected = table->facet == FACET_FACTS   ? facts
                            : table->facet == FACET_NOTES ? coach
                                                          : false;
            assert_int_equal(scope_may_read(&grants, dossier, table->facet), expected);
            assert_int_equal(scope_may_read(&grants, structure, table->facet), expected);
            assert_false(scope_may_read(&grants, elsewhere, table->facet));
        }
    }
}

static void secret_text_is_never_in_the_facts(void **state)
{
    (void)state;
    static const uint16_t secret[] = {TABLE_SESSION_NOTE, TABLE_SESSION_ADDENDUM,
                                      TABLE_OBJECTIVE, TABLE_ACTION};
    struct grants manager = granted(HOME, ROLE_MANAGER);
    struct grants coordinator = granted(HOME, ROLE_COORDINATOR);
    for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++) {
        const struct table *table = schema_table(&schema_jalon, secret[i]);
        assert_non_null(table);
        assert_false(scope_may_read(&manager, dossier, table->facet));
        assert_false(scope_may_read(&coordinator, dossier, table->facet));
        assert_false(scope_may_write(&manager, table, dossier));
        assert_false(scope_may_write(&coordinator, table, dossier));
    }
}

static void a_facet_that_is_not_one_bit_is_denied(void **state)
{
    (void)state;
    struct grants grants = {.count = 1};
    grants.list[0] = (struct grant){HOME, ROLE_ANY, 0xff};
    for (unsigned facet = 0; facet < 256; facet++) {
        bool one = false;
        for (size_t i = 0; i < sizeof(facets); i++)
            one = one || facets[i] == facet;
        assert_int_equal(scope_may_read(&grants, dossier, (uint8_t)facet), one);
    }
}

static void a_grant_does_not_reach_another_structure(void **state)
{
    (void)state;
    struct grants grants = {.count = 1};
    grants.list[0] = (struct grant){HOME, ROLE_ANY, 0xff};
    for (size_t t = 0; t < schema_jalon.table_count; t++) {
        const struct table *table = &schema_jalon.tables[t];
        assert_false(scope_may_write(&grants, table, elsewhere));
        for (size_t i = 0; i < sizeof(facets); i++)
            assert_false(scope_may_read(&grants, elsewhere, facets[i]));
    }
}

static void nobody_writes_without_a_writing_role(void **state)
{
    (void)state;
    for (unsigned roles = 0; roles <= ROLE_ANY; roles++) {
        struct grants grants = granted(HOME, (uint8_t)roles);
        for (size_t t = 0; t < schema_jalon.table_count; t++) {
            const struct table *table = &schema_jalon.tables[t];
            bool on_network = table->scope == SCOPE_NETWORK;
            struct scope scope = on_network ? network : dossier;
            bool role = (table->writers & roles) != 0;
            bool facet = table->facet == 0 || scope_may_read(&grants, scope, table->facet);
            assert_int_equal(scope_may_write(&grants, table, scope), role && facet);
        }
    }
}

static void writing_needs_the_right_to_read(void **state)
{
    (void)state;
    struct grants grants = {.count = 1};
    grants.list[0] = (struct grant){HOME, ROLE_JOBCOACH, FACET_FACTS};
    assert_true(scope_may_write(&grants, schema_table(&schema_jalon, TABLE_SESSION), dossier));
    assert_false(
        scope_may_write(&grants, schema_table(&schema_jalon, TABLE_SESSION_NOTE), dossier));
}

static void a_network_row_cannot_hide_in_a_structure(void **state)
{
    (void)state;
    struct grants admin = granted(HOME, ROLE_ADMIN);
    const struct table *staff = schema_table(&schema_jalon, TABLE_STAFF);
    assert_true(scope_may_write(&admin, staff, network));
    assert_false(scope_may_write(&admin, staff, structure));
    assert_false(scope_may_write(&admin, staff, (struct scope){SCOPE_HOME_NETWORK, DOSSIER}));
}

static void grants_of_one_home_add_up_and_others_do_not(void **state)
{
    (void)state;
    struct grants grants = {.count = 3};
    grants.list[0] = (struct grant){HOME, ROLE_MANAGER, FACET_FACTS};
    grants.list[1] = (struct grant){HOME, ROLE_JOBCOACH, FACET_NOTES};
    grants.list[2] = (struct grant){OTHER_HOME, ROLE_COORDINATOR, FACET_FACTS};
    assert_true(scope_may_read(&grants, dossier, FACET_FACTS));
    assert_true(scope_may_read(&grants, dossier, FACET_NOTES));
    assert_true(scope_may_read(&grants, elsewhere, FACET_FACTS));
    assert_false(scope_may_read(&grants, elsewhere, FACET_NOTES));
    const struct table *session = schema_table(&schema_jalon, TABLE_SESSION_NOTE);
    assert_true(scope_may_write(&grants, session, dossier));
    assert_false(scope_may_write(&grants, session, elsewhere));
}

static void a_full_list_of_grants_is_read_to_its_end(void **state)
{
    (void)state;
    struct grants grants = {.count = GRANTS_MAX};
    for (uint32_t i = 0; i < GRANTS_MAX; i++)
        grants.list[i] = (struct grant){100 + i, ROLE_JOBCOACH, FACET_FACTS};
    struct scope last = {100 + GRANTS_MAX - 1, DOSSIER};
    assert_true(scope_may_read(&grants, last, FACET_FACTS));
    grants.count--;
    assert_false(scope_may_read(&grants, last, FACET_FACTS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_grant_nothing_is_open),
        cmocka_unit_test(each_role_opens_only_its_facets),
        cmocka_unit_test(no_table_leaks_through_its_facet),
        cmocka_unit_test(secret_text_is_never_in_the_facts),
        cmocka_unit_test(a_facet_that_is_not_one_bit_is_denied),
        cmocka_unit_test(a_grant_does_not_reach_another_structure),
        cmocka_unit_test(nobody_writes_without_a_writing_role),
        cmocka_unit_test(writing_needs_the_right_to_read),
        cmocka_unit_test(a_network_row_cannot_hide_in_a_structure),
        cmocka_unit_test(grants_of_one_home_add_up_and_others_do_not),
        cmocka_unit_test(a_full_list_of_grants_is_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
