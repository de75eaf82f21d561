/* SPDX-License-Identifier: Apache-2.0 */
/* A referral is accepted: the other structure opens a dossier of its own from what is shared,
 * its facts are seen by who referred for a time, and both are known to be one human. */
#include "store/accept.h"
#include "store/erase.h"
#include "store/inside.h"
#include "store/links.h"
#include "store/quarantine.h"
#include "store/referrals.h"
#include "support/referring.h"

static struct party *of(struct bridge *o, size_t i)
{
    return &o->t.replicas[i];
}

/* What ANNA knows of the person besides, and a referral that DORA may accept. */
static struct id shared(struct bridge *o, const char *shares, struct id *consent)
{
    const char *phone[] = {case_ref("person", &o->c.person), "kind=phone",
                           "value=MARQUE-TELEPHONE", NULL};
    const char *tag[] = {case_ref("person", &o->c.person), "list=licence", "code=B", NULL};
    const char *vault[] = {case_ref("person", &o->c.person),
                           "category=health",
                           "detail=MARQUE-COFFRE",
                           "basis=social_law",
                           "start=2026-11-10",
                           NULL};
    (void)twin_add(of(o, ANNA), "contact_point", phone);
    (void)twin_add(of(o, ANNA), "person_tag", tag);
    (void)twin_add(of(o, ANNA), "sensitive_fact", vault);
    *consent = agree(o, shares, NULL);
    struct id referral = refer(o, consent, shares, today);
    case_sync_all(&o->t);
    return referral;
}

static enum err accept(struct bridge *o, size_t who, const struct id *referral,
                       struct id *dossier)
{
    return accept_referral(of(o, who)->store, referral, NULL, 0, dossier, NULL);
}

/* DORA works on it: each mark is of another facet. */
static void work(struct bridge *o, const struct id *dossier)
{
    const char *fact[] = {"emergency=SUITE-FAIT", NULL};
    assert_int_equal(twin_set(of(o, DORA), "person", dossier, fact), ERR_OK);
    const char *session[] = {"kind=individual", case_ref("person", dossier), "date=2026-11-18",
                             "minutes=30", NULL};
    struct id s = twin_add(of(o, DORA), "session", session);
    const char *note[] = {case_ref("session", &s), case_ref("person", dossier),
                          "text=SUITE-NOTE", NULL};
    (void)twin_add(of(o, DORA), "session_note", note);
    const char *vault[] = {case_ref("person", dossier), "category=judicial",
                           "detail=SUITE-COFFRE",       "basis=social_law",
                           "start=2026-11-10",          NULL};
    (void)twin_add(of(o, DORA), "sensitive_fact", vault);
}

/* Does the replica hold facts of the new dossier; and never more? */
static void assert_follows(struct bridge *o, size_t who, bool facts)
{
    assert_int_equal(case_in_file(&o->t, who, "SUITE-FAIT"), facts);
    assert_false(case_in_file(&o->t, who, "SUITE-NOTE"));
    assert_false(case_in_file(&o->t, who, "SUITE-COFFRE"));
    assert_true(case_complete(&o->t, who));
}

static uint64_t links(struct bridge *o)
{
    uint64_t n = 0;
    struct stmt *stmt = NULL;
    assert_int_equal(
        db_prepare(o->t.server.store->db, "SELECT count(*) FROM person_link", &stmt), ERR_OK);
    assert_int_equal(stmt_step(stmt), STEP_ROW);
    n = (uint64_t)col_int(stmt, 0);
    stmt_free(stmt);
    return n;
}

static void assert_counts(struct bridge *o, uint64_t dossiers, uint64_t people)
{
    uint64_t all = 0;
    uint64_t different = 0;
    struct buf report = {0};
    uint32_t problems = 0;
    assert_int_equal(links_count(o->t.server.store, &all, &different), ERR_OK);
    assert_int_equal(all, dossiers);
    assert_int_equal(different, people);
    assert_int_equal(store_check(o->t.server.store, &report, &problems), ERR_OK);
    assert_int_equal(problems, 0);
    buf_done(&report);
}

static void it_begins_with_the_facts_that_are_shared(void **state)
{
    (void)state;
    struct bridge o;
    struct id consent;
    struct id dossier;
    open_bridge(&o);
    struct id referral = shared(&o, "shares=facts_notes", &consent);
    struct store *dora = of(&o, DORA)->store;
    assert_true(case_in_file(&o.t, DORA, "MARQUE-NOTE")); /* shared, and not taken over */
    dora = of(&o, DORA)->store;
    assert_int_equal(accept(&o, DORA, &referral, &dossier), ERR_OK);
    assert_string_equal(twin_get(dora, "referral", &referral, "answer"), "accepted");
    struct replica_tally tally = twin_sync(&o.t, DORA);
    assert_int_equal(tally.refused, 0);
    case_sync_all(&o.t);
    struct store *server = o.t.server.store;
    assert_string_equal(twin_get(server, "person", &dossier, "emergency"), "MARQUE-FAIT");
    assert_string_equal(twin_get(server, "person", &dossier, "name"),
                        twin_get(server, "person", &o.c.person, "name"));
    assert_int_equal(twin_count(server, "contact_point"), 2);
    assert_int_equal(twin_count(server, "person_tag"), 2);
    assert_int_equal(twin_count(server, "session_note"), 1);
    assert_int_equal(twin_count(server, "sensitive_fact"), 1);
    assert_int_equal(twin_count(server, "pathway"), 1);
    assert_false(case_in_file(&o.t, DORA, "MARQUE-COFFRE"));
    assert_int_equal(accept(&o, DORA, &referral, &dossier), ERR_EXISTS);
    assert_counts(&o, 2, 1);
    twin_close(&o.t);
}

static void who_referred_sees_its_facts_and_no_more(void **state)
{
    (void)state;
    struct bridge o;
    struct id consent;
    struct id dossier;
    open_bridge(&o);
    struct id referral = shared(&o, "shares=facts", &consent);
    assert_int_equal(accept(&o, DORA, &referral, &dossier), ERR_OK);
    work(&o, &dossier);
    case_sync_all(&o.t);
    assert_follows(&o, ANNA, true);
    assert_follows(&o, EMIL, true); /* coordinates over there */
    assert_follows(&o, CHLOE, false);
    assert_follows(&o, FARA, false);
    const char *mine[] = {"city=Ailleurs", NULL}; /* she reads, and writes nothing */
    assert_int_equal(twin_set(of(&o, ANNA), "person", &dossier, mine), ERR_OK);
    assert_int_equal(twin_sync(&o.t, ANNA).refused, 1);
    twin_close(&o.t);
}

static void it_ends_six_months_after_the_answer(void **state)
{
    (void)state;
    struct bridge o;
    struct id consent;
    struct id dossier;
    open_bridge(&o);
    struct id referral = shared(&o, "shares=facts", &consent);
    assert_int_equal(accept(&o, DORA, &referral, &dossier), ERR_OK);
    work(&o, &dossier);
    case_sync_all(&o.t);
    move_days(&o, 181); /* 2027-05-18 */
    case_sync_all(&o.t);
    assert_follows(&o, ANNA, true);
    move_days(&o, 1);
    case_sync_all(&o.t);
    assert_follows(&o, ANNA, false);
    assert_true(case_in_file(&o.t, DORA, "SUITE-NOTE"));
    assert_true(case_in_file(&o.t, DORA, "MARQUE-FAIT")); /* that stands until it is ended */
    assert_counts(&o, 2, 1);
    twin_close(&o.t);
}

static void for_how_long_is_for_the_structure_to_say(void **state)
{
    (void)state;
    struct bridge o;
    struct id consent;
    struct id dossier;
    open_bridge(&o);
    const char *none[] = {"key=referral_sender_months", "value=0", "valid_from=2020-01-01",
                          case_ref("structure", &o.there), NULL};
    (void)twin_add(&o.t.server, "parameter", none);
    struct id referral = shared(&o, "shares=facts", &consent);
    assert_int_equal(accept(&o, DORA, &referral, &dossier), ERR_OK);
    work(&o, &dossier);
    case_sync_all(&o.t);
    assert_follows(&o, ANNA, false);
    assert_counts(&o, 2, 1);
    twin_close(&o.t);
}

static void what_ends_the_referral_ends_it_on_both_sides(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct bridge o;
        struct id consent;
        struct id dossier;
        open_bridge(&o);
        struct id referral = shared(&o, "shares=facts_notes", &consent);
        assert_int_equal(accept(&o, DORA, &referral, &dossier), ERR_OK);
        work(&o, &dossier);
        case_sync_all(&o.t);
        assert_follows(&o, ANNA, true);
        if (how == 0)
            withdraw(&o, of(&o, ANNA), &consent);
        else
            assert_int_equal(answer(of(&o, how == 1 ? DORA : ANNA), &referral,
                                    how == 1 ? "answer=refused" : "answer=ended"),
                             ERR_OK);
        case_sync_all(&o.t);
        assert_follows(&o, ANNA, false);
        assert_false(case_in_file(&o.t, DORA, "MARQUE-NOTE"));
        assert_true(case_in_file(&o.t, DORA, "SUITE-COFFRE")); /* her own work stays hers */
        assert_true(case_complete(&o.t, DORA));
        assert_counts(&o, 2, 1); /* and one human is one human */
        assert_int_equal(links(&o), 1);
        twin_close(&o.t);
    }
}

static enum err keep_entry(void *ctx, const struct quarantined *q)
{
    *(struct quarantined *)ctx = *q;
    return ERR_OK;
}

/* She accepts offline what was withdrawn meanwhile: nothing comes of it, and nothing stays. */
static void a_withdrawal_comes_before_a_late_acceptance(void **state)
{
    (void)state;
    struct bridge o;
    struct id consent;
    struct id dossier;
    open_bridge(&o);
    struct id referral = shared(&o, "shares=facts", &consent);
    move_days(&o, 0); /* all clocks agree */
    assert_int_equal(accept(&o, DORA, &referral, &dossier), ERR_OK);
    o.t.server.wall_ms += 60 * 1000; /* she accepted before that */
    move_days(&o, 0);
    withdraw(&o, &o.t.server, &consent);
    assert_int_equal(twin_sync(&o.t, DORA).refused, 1);
    struct quarantined q = {.op_no = 0};
    assert_int_equal(quarantine_list(o.t.server.store, false, keep_entry, &q), ERR_OK);
    assert_int_equal(q.reason, REASON_CONSENT);
    case_sync_all(&o.t);
    assert_false(case_in_file(&o.t, DORA, "MARQUE-FAIT"));
    assert_false(case_in_file(&o.t, DORA, "MARQUE-TELEPHONE"));
    assert_int_equal(twin_count(of(&o, DORA)->store, "person"), 0);
    assert_counts(&o, 1, 1);
    twin_close(&o.t);
}

/* Coach and coordination accept it, neither knowing of the other: one dossier, the coach's. */
static void two_acceptances_make_one_dossier(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct bridge o;
        struct id consent;
        struct id one;
        struct id other;
        open_bridge(&o);
        struct id referral = shared(&o, "shares=facts", &consent);
        assert_int_equal(accept(&o, DORA, &referral, &one), ERR_OK);
        assert_int_equal(accept(&o, EMIL, &referral, &other), ERR_OK);
        assert_true(id_eq(&one, &other));
        work(&o, &one);
        assert_int_equal(twin_sync(&o.t, first == 0 ? DORA : EMIL).refused, 0);
        assert_int_equal(twin_sync(&o.t, first == 0 ? EMIL : DORA).refused, 0);
        case_sync_all(&o.t);
        assert_true(case_in_file(&o.t, DORA, "SUITE-NOTE"));
        assert_follows(&o, EMIL, true);
        assert_follows(&o, ANNA, true);
        assert_true(case_complete(&o.t, DORA));
        assert_int_equal(twin_count(o.t.server.store, "contact_point"), 2);
        assert_counts(&o, 2, 1);
        twin_close(&o.t);
    }
}

static void only_whom_it_is_for_may(void **state)
{
    (void)state;
    struct bridge o;
    struct id consent;
    struct id dossier;
    open_bridge(&o);
    struct id referral = shared(&o, "shares=facts", &consent);
    assert_int_equal(accept(&o, ANNA, &referral, &dossier), ERR_REFUSED);
    assert_int_equal(accept(&o, FARA, &referral, &dossier), ERR_NOTFOUND);
    /* She learns of its id, and makes the dossier by hand. */
    const struct table *persons = schema_table(&schema_jalon, TABLE_PERSON);
    const struct edit_value values[] = {
        {schema_field(persons, FIELD_PERSON_NAME), value_text(STR("Fictif"))},
        {schema_field(persons, FIELD_PERSON_FIRST_NAME), value_text(STR("Faux"))}};
    struct id id = referrals_dossier(&referral);
    struct edit *edit = NULL;
    assert_int_equal(edit_open(of(&o, FARA)->store, &edit, NULL), ERR_OK);
    assert_int_equal(edit_insert_as(edit, persons, &id, values, 2, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    assert_int_equal(twin_sync(&o.t, FARA).refused, 1);
    /* Refused by who received it: nothing to accept. */
    assert_int_equal(answer(of(&o, DORA), &referral, "answer=refused"), ERR_OK);
    assert_int_equal(accept(&o, DORA, &referral, &dossier), ERR_INVALID);
    case_sync_all(&o.t);
    assert_false(case_in_file(&o.t, DORA, "MARQUE-FAIT"));
    assert_counts(&o, 1, 1);
    twin_close(&o.t);
}

/* The view is of who accompanies the person there, today. */
static void it_follows_the_dossier_it_came_from(void **state)
{
    (void)state;
    struct bridge o;
    struct id consent;
    struct id dossier;
    open_bridge(&o);
    struct id referral = shared(&o, "shares=facts", &consent);
    assert_int_equal(accept(&o, DORA, &referral, &dossier), ERR_OK);
    work(&o, &dossier);
    case_sync_all(&o.t);
    twin_enrol(&o.t, STR("jobcoach")); /* of the structure that refers */
    size_t gaia = o.t.count - 1;
    (void)case_assign(&o.t.server, &o.c, case_staff(&o.t, gaia), "referent", "2026-11-01",
                      NULL);
    case_sync_all(&o.t);
    assert_follows(&o, gaia, true);
    assert_follows(&o, ANNA, false);
    twin_close(&o.t);
}

static void an_erasure_unties_and_leaves_the_other(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct bridge o;
        struct id consent;
        struct id dossier;
        bool known = false;
        open_bridge(&o);
        struct id referral = shared(&o, "shares=facts", &consent);
        assert_int_equal(accept(&o, DORA, &referral, &dossier), ERR_OK);
        work(&o, &dossier);
        case_sync_all(&o.t);
        const struct id *gone = how == 0 ? &o.c.person : &dossier;
        assert_int_equal(erase_again(o.t.server.store, gone, &known), ERR_OK);
        case_sync_all(&o.t);
        assert_int_equal(links(&o), 0);
        assert_counts(&o, 1, 1);
        assert_follows(&o, ANNA, false);
        assert_int_equal(case_in_file(&o.t, DORA, "SUITE-NOTE"), how == 0);
        assert_int_equal(case_in_file(&o.t, ANNA, "MARQUE-NOTE"), how == 1);
        assert_true(case_complete(&o.t, DORA));
        twin_close(&o.t);
    }
}

/* Accepted offline, of a dossier that is erased meanwhile: what was taken from it goes too. */
static void an_erasure_comes_before_a_late_acceptance(void **state)
{
    (void)state;
    struct bridge o;
    struct id consent;
    struct id dossier;
    bool known = false;
    open_bridge(&o);
    struct id referral = shared(&o, "shares=facts", &consent);
    assert_int_equal(answer(of(&o, DORA), &referral, "answer=accepted"), ERR_OK);
    case_sync_all(&o.t);
    assert_int_equal(accept(&o, DORA, &referral, &dossier), ERR_OK);
    work(&o, &dossier);
    assert_int_equal(erase_again(o.t.server.store, &o.c.person, &known), ERR_OK);
    assert_true(twin_sync(&o.t, DORA).refused > 0);
    case_sync_all(&o.t);
    for (size_t i = 0; i < o.t.count; i++) {
        assert_false(case_in_file(&o.t, i, "MARQUE-"));
        assert_false(case_in_file(&o.t, i, "SUITE-"));
    }
    assert_counts(&o, 0, 0);
    twin_close(&o.t);
}

/* A server of the format before this. */
static void a_database_of_before_has_room_for_it(void **state)
{
    (void)state;
    struct bridge o;
    struct id consent;
    struct id dossier;
    open_bridge(&o);
    struct id referral = shared(&o, "shares=facts", &consent);
    struct store *server = o.t.server.store;
    assert_int_equal(db_exec(server->db, "DROP TABLE person_link"), ERR_OK);
    assert_int_equal(meta_set_int(server, META_FORMAT, 6), ERR_OK);
    store_close(server);
    twin_open_party(&o.t, &o.t.server);
    assert_int_equal(accept(&o, DORA, &referral, &dossier), ERR_OK);
    case_sync_all(&o.t);
    assert_counts(&o, 2, 1);
    twin_close(&o.t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_with_the_facts_that_are_shared),
        cmocka_unit_test(who_referred_sees_its_facts_and_no_more),
        cmocka_unit_test(it_ends_six_months_after_the_answer),
        cmocka_unit_test(for_how_long_is_for_the_structure_to_say),
        cmocka_unit_test(what_ends_the_referral_ends_it_on_both_sides),
        cmocka_unit_test(a_withdrawal_comes_before_a_late_acceptance),
        cmocka_unit_test(two_acceptances_make_one_dossier),
        cmocka_unit_test(only_whom_it_is_for_may),
        cmocka_unit_test(it_follows_the_dossier_it_came_from),
        cmocka_unit_test(an_erasure_unties_and_leaves_the_other),
        cmocka_unit_test(an_erasure_comes_before_a_late_acceptance),
        cmocka_unit_test(a_database_of_before_has_room_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
