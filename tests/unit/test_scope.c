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

/* Roles held in one structure that keeps its dossiers apart, or shares them. */
static struct grants granted(uint32_t home, uint8_t roles, bool shared)
{
    static struct grant one;
    one = (struct grant){.home = home,
                         .roles = roles,
                         .facets = scope_facets(roles),
                         .dossiers = scope_dossier_facets(roles, shared)};
    return (struct grants){.list = &one, .count = 1, .room = 1, .roles = roles};
}

static void without_a_grant_nothing_is_open(void **state)
{
    (void)state;
    struct grants none = {.count = 0};
    struct grants empty = granted(HOME, 0, true);
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
    assert_int_equal(scope_facets(ROLE_COORDINATOR), FACET_FACTS | FACET_VAULT);
    assert_int_equal(scope_facets(ROLE_ADMIN), 0);
    assert_int_equal(scope_facets(ROLE_FEDERATION), 0);
    for (unsigned roles = 0; roles <= ROLE_ANY; roles++) {
        uint8_t open = scope_facets((uint8_t)roles);
        uint8_t apart = scope_dossier_facets((uint8_t)roles, false);
        uint8_t shared = scope_dossier_facets((uint8_t)roles, true);
        assert_int_equal((apart | shared) & FACET_VAULT, 0);
        assert_int_equal((open & FACET_VAULT) != 0, (roles & ROLE_COORDINATOR) != 0);
        assert_int_equal((open & FACET_NOTES) != 0, (roles & ROLE_JOBCOACH) != 0);
        assert_int_equal(apart, (roles & ROLE_COORDINATOR) != 0 ? FACET_FACTS : 0);
        assert_int_equal((shared & FACET_NOTES) != 0, (roles & ROLE_JOBCOACH) != 0);
    }
}

/* Over all roles and all tables of the declaration: notes stay with jobcoaches, the vault with
 * whom it is granted to by name. */
static void no_table_leaks_through_its_facet(void **state)
{
    (void)state;
    for (unsigned roles = 1; roles <= ROLE_ANY; roles++) {
        struct grants grants = granted(HOME, (uint8_t)roles, true);
        bool coach = (roles & ROLE_JOBCOACH) != 0;
        bool facts = (roles & (ROLE_JOBCOACH | ROLE_COORDINATOR)) != 0;
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
            assert_false(scope_may_read(&grants, elsewhere, table->facet));
        }
    }
}

/* Evaluations of a structure's own people are the only thing its vault has. */
static void only_coordination_reads_the_vault_of_a_structure(void **state)
{
    (void)state;
    const struct table *review = schema_table(&schema_jalon, TABLE_STAFF_REVIEW);
    for (size_t t = 0; t < schema_jalon.table_count; t++) {
        const struct table *table = &schema_jalon.tables[t];
        if (table->scope == SCOPE_STRUCTURE && table->facet != FACET_FACTS)
            assert_ptr_equal(table, review);
    }
    for (unsigned roles = 1; roles <= ROLE_ANY; roles++) {
        struct grants grants = granted(HOME, (uint8_t)roles, true);
        bool coordinates = (roles & ROLE_COORDINATOR) != 0;
        assert_int_equal(scope_may_read(&grants, structure, review->facet), coordinates);
        assert_int_equal(scope_may_write(&grants, review, structure), coordinates);
        assert_false(scope_may_read(&grants, dossier, FACET_VAULT));
    }
}

static void a_jobcoach_reads_no_dossier_but_those_of_the_caseload(void **state)
{
    (void)state;
    struct grants grants = {.count = 0};
    struct grant own = scope_assignment(STR("referent"));
    own.home = HOME;
    own.dossier = DOSSIER;
    struct grant home = {.home = HOME,
                         .roles = ROLE_JOBCOACH,
                         .facets = scope_facets(ROLE_JOBCOACH),
                         .dossiers = scope_dossier_facets(ROLE_JOBCOACH, false)};
    assert_int_equal(grants_add(&grants, &own), ERR_OK);
    assert_int_equal(grants_add(&grants, &home), ERR_OK);
    const struct scope other = {HOME, DOSSIER + 1};
    const struct table *note = schema_table(&schema_jalon, TABLE_SESSION_NOTE);
    for (size_t i = 0; i < sizeof(facets); i++) {
        assert_true(scope_may_read(&grants, dossier, facets[i]));
        assert_false(scope_may_read(&grants, other, facets[i]));
    }
    assert_true(scope_may_read(&grants, structure, FACET_FACTS));
    assert_true(scope_may_write(&grants, note, dossier));
    assert_false(scope_may_write(&grants, note, other));
    grants_done(&grants);
}

static void an_assignment_opens_what_its_role_needs(void **state)
{
    (void)state;
    static const struct {
        const char *role;
        uint8_t facets;
        bool writes;
    } known[] = {{"referent", FACET_FACTS | FACET_NOTES | FACET_VAULT, true},
                 {"co_referent", FACET_FACTS | FACET_NOTES | FACET_VAULT, true},
                 {"facilitator", FACET_FACTS | FACET_NOTES, true},
                 {"substitute", FACET_FACTS | FACET_NOTES, true},
                 {"tutor", FACET_FACTS, false},
                 {"mentor", FACET_FACTS, false},
                 {"stranger", 0, false}};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        struct grant grant = scope_assignment(str_of(known[i].role));
        assert_int_equal(grant.facets, known[i].facets);
        assert_int_equal(grant.roles, known[i].writes ? ROLE_JOBCOACH : 0);
    }
}

static void secret_text_is_never_in_the_facts(void **state)
{
    (void)state;
    static const uint16_t secret[] = {
        TABLE_SESSION_NOTE,    TABLE_SESSION_ADDENDUM, TABLE_OBJECTIVE,
        TABLE_ACTION,          TABLE_STATUS_PERIOD,    TABLE_OBSTACLE,
        TABLE_PATHWAY_PLAN,    TABLE_ASSESSMENT_AXIS,  TABLE_BARRIER_CASE,
        TABLE_IDENTITY_NUMBER, TABLE_SENSITIVE_FACT,   TABLE_PARTICIPATION_ANSWER};
    for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++) {
        const struct table *table = schema_table(&schema_jalon, secret[i]);
        assert_non_null(table);
        static const uint8_t roles[] = {ROLE_MANAGER, ROLE_COORDINATOR,
                                        ROLE_MANAGER | ROLE_COORDINATOR};
        for (size_t r = 0; r < sizeof(roles); r++) {
            struct grants grants = granted(HOME, roles[r], true);
            assert_false(scope_may_read(&grants, dossier, table->facet));
            assert_false(scope_may_write(&grants, table, dossier));
        }
    }
}

static void a_facet_that_is_not_one_bit_is_denied(void **state)
{
    (void)state;
    struct grants grants = granted(HOME, ROLE_ANY, true);
    grants.list[0].dossiers = 0xff;
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
    struct grants grants = granted(HOME, ROLE_ANY, true);
    grants.list[0].facets = grants.list[0].dossiers = 0xff;
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
        struct grants grants = granted(HOME, (uint8_t)roles, true);
        for (size_t t = 0; t < schema_jalon.table_count; t++) {
            const struct table *table = &schema_jalon.tables[t];
            bool on_network = table->scope == SCOPE_NETWORK;
            struct scope scope = on_network ? network : dossier;
            bool role = (table->writers & scope_roles(&grants, scope)) != 0;
            bool facet = table->facet == 0 || scope_may_read(&grants, scope, table->facet);
            assert_int_equal(scope_may_write(&grants, table, scope), role && facet);
            if ((table->writers & roles) == 0)
                assert_false(scope_may_write(&grants, table, scope));
        }
    }
}

static void writing_needs_the_right_to_read(void **state)
{
    (void)state;
    struct grants grants = granted(HOME, ROLE_JOBCOACH, true);
    grants.list[0].dossiers = FACET_FACTS;
    assert_true(scope_may_write(&grants, schema_table(&schema_jalon, TABLE_SESSION), dossier));
    assert_false(
        scope_may_write(&grants, schema_table(&schema_jalon, TABLE_SESSION_NOTE), dossier));
}

static void a_network_row_cannot_hide_in_a_structure(void **state)
{
    (void)state;
    struct grants admin = granted(HOME, ROLE_ADMIN, true);
    const struct table *staff = schema_table(&schema_jalon, TABLE_STAFF);
    assert_true(scope_may_write(&admin, staff, network));
    assert_false(scope_may_write(&admin, staff, structure));
    assert_false(scope_may_write(&admin, staff, (struct scope){SCOPE_HOME_NETWORK, DOSSIER}));
}

static void grants_of_one_scope_add_up_and_others_do_not(void **state)
{
    (void)state;
    struct grants grants = {.count = 0};
    const struct grant held[] = {
        {.home = OTHER_HOME, .roles = ROLE_COORDINATOR, .dossiers = FACET_FACTS},
        {.home = HOME, .dossier = DOSSIER, .roles = ROLE_MANAGER, .facets = FACET_FACTS},
        {.home = HOME, .dossier = DOSSIER, .roles = ROLE_JOBCOACH, .facets = FACET_NOTES}};
    for (size_t i = 0; i < sizeof(held) / sizeof(*held); i++)
        assert_int_equal(grants_add(&grants, &held[i]), ERR_OK);
    assert_int_equal(grants.count, 2);
    assert_true(scope_may_read(&grants, dossier, FACET_FACTS));
    assert_true(scope_may_read(&grants, dossier, FACET_NOTES));
    assert_true(scope_may_read(&grants, elsewhere, FACET_FACTS));
    assert_false(scope_may_read(&grants, elsewhere, FACET_NOTES));
    const struct table *note = schema_table(&schema_jalon, TABLE_SESSION_NOTE);
    assert_true(scope_may_write(&grants, note, dossier));
    assert_false(scope_may_write(&grants, note, elsewhere));
    const struct grant less = {.home = HOME, .dossier = DOSSIER};
    assert_int_equal(grants_put(&grants, &less), ERR_OK);
    assert_false(scope_may_read(&grants, dossier, FACET_FACTS));
    assert_int_equal(grants.roles, ROLE_COORDINATOR);
    grants_done(&grants);
}

static void many_grants_are_found_whatever_the_order_they_came_in(void **state)
{
    (void)state;
    enum { MANY = 5000, STEP = 2003 }; /* coprime: every place once */
    struct grants grants = {.count = 0};
    for (uint32_t i = 0; i < MANY; i++) {
        struct grant grant = {.home = HOME,
                              .dossier = 1 + i * STEP % MANY,
                              .roles = ROLE_JOBCOACH,
                              .facets = FACET_FACTS};
        assert_int_equal(grants_add(&grants, &grant), ERR_OK);
    }
    struct grants copy = {.count = 0};
    assert_int_equal(grants_copy(&copy, &grants), ERR_OK);
    assert_int_equal(copy.count, MANY);
    for (uint32_t i = 1; i <= MANY; i++)
        assert_true(scope_may_read(&copy, (struct scope){HOME, i}, FACET_FACTS));
    assert_false(scope_may_read(&copy, (struct scope){HOME, MANY + 1}, FACET_FACTS));
    grants_done(&grants);
    grants_done(&copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_grant_nothing_is_open),
        cmocka_unit_test(each_role_opens_only_its_facets),
        cmocka_unit_test(no_table_leaks_through_its_facet),
        cmocka_unit_test(only_coordination_reads_the_vault_of_a_structure),
        cmocka_unit_test(a_jobcoach_reads_no_dossier_but_those_of_the_caseload),
        cmocka_unit_test(an_assignment_opens_what_its_role_needs),
        cmocka_unit_test(secret_text_is_never_in_the_facts),
        cmocka_unit_test(a_facet_that_is_not_one_bit_is_denied),
        cmocka_unit_test(a_grant_does_not_reach_another_structure),
        cmocka_unit_test(nobody_writes_without_a_writing_role),
        cmocka_unit_test(writing_needs_the_right_to_read),
        cmocka_unit_test(a_network_row_cannot_hide_in_a_structure),
        cmocka_unit_test(grants_of_one_scope_add_up_and_others_do_not),
        cmocka_unit_test(many_grants_are_found_whatever_the_order_they_came_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
