/* SPDX-License-Identifier: Apache-2.0 */
/* Referrals: another structure sees exactly what the person agreed to share, while consent and
 * referral stand, and nothing of it afterwards. */
#include "store/closing.h"
#include "store/quarantine.h"
#include "support/referring.h"

static void only_who_is_named_and_the_coordination_see_what_is_shared(void **state)
{
    (void)state;
    struct bridge o;
    open_bridge(&o);
    struct id consent = agree(&o, "shares=facts", NULL);
    (void)refer(&o, &consent, "shares=facts", today);
    (void)twin_sync(&o.t, ANNA);
    struct replica_tally tally = twin_sync(&o.t, DORA);
    assert_int_equal(tally.pulled, 6); /* person, pathway, session, consent, referral, and the
                                          deadline of its answer */
    assert_int_equal(twin_sync(&o.t, ANNA).pulled, 0);
    case_sync_all(&o.t);
    assert_sees(&o, DORA, true, false);
    assert_sees(&o, EMIL, true, false);
    assert_sees(&o, FARA, false, false);
    assert_sees(&o, CHLOE, true, false);
    assert_sees(&o, ANNA, true, true);
    withdraw(&o, &o.t.replicas[CHLOE], &consent); /* the coordination here may note it */
    case_sync_all(&o.t);
    assert_sees(&o, DORA, false, false);
    assert_sees(&o, EMIL, false, false);
    assert_sees(&o, ANNA, true, true);
    twin_close(&o.t);
}

static void notes_go_to_the_coach_and_not_to_the_coordination(void **state)
{
    (void)state;
    struct bridge o;
    open_bridge(&o);
    struct id consent = agree(&o, "shares=facts_notes", NULL);
    struct id referral = refer(&o, &consent, "shares=facts_notes", today);
    case_sync_all(&o.t);
    assert_sees(&o, DORA, true, true);
    assert_sees(&o, EMIL, true, false);
    assert_int_equal(answer(&o.t.replicas[DORA], &referral, "answer=refused"), ERR_OK);
    case_sync_all(&o.t);
    assert_sees(&o, DORA, false, false);
    assert_sees(&o, EMIL, false, false);
    assert_string_equal(twin_get(o.t.replicas[ANNA].store, "referral", &referral, "answer"),
                        "refused");
    twin_close(&o.t);
}

static enum err keep_entry(void *ctx, const struct quarantined *q)
{
    *(struct quarantined *)ctx = *q;
    return ERR_OK;
}

/* The only refused operation waiting here; its bytes are lost. */
static struct quarantined refused_of(struct party *p)
{
    struct quarantined q = {.op_no = 0};
    assert_int_equal(quarantine_list(p->store, false, keep_entry, &q), ERR_OK);
    return q;
}

struct resubmitting {
    struct party *p;
    struct closing_value value;
    enum err err;
};

static enum err resubmit(void *ctx, const struct quarantined *q)
{
    struct resubmitting *r = ctx;
    const struct closing_plan plan = {.values = &r->value, .count = 1};
    uint64_t rows = 0;
    r->err = closing_resubmit(r->p->store, q, &plan, &rows, NULL);
    return ERR_EXISTS; /* the list has changed: no further */
}

/* She refers, offline, on a consent that has been withdrawn meanwhile: refused, with the
 * reason, and sent again on a new one. */
static void without_a_consent_in_force_it_is_refused_and_can_be_corrected(void **state)
{
    (void)state;
    struct bridge o;
    open_bridge(&o);
    struct party *anna = &o.t.replicas[ANNA];
    struct id consent = agree(&o, "shares=facts", NULL);
    case_sync_all(&o.t);
    struct id referral = refer(&o, &consent, "shares=facts", today);
    withdraw(&o, &o.t.server, &consent);
    assert_int_equal(twin_sync(&o.t, ANNA).refused, 1);
    assert_int_equal(refused_of(anna).reason, REASON_CONSENT);
    assert_int_equal(refused_of(&o.t.server).reason, REASON_CONSENT);
    case_sync_all(&o.t);
    assert_sees(&o, DORA, false, false);
    struct id again = agree(&o, "shares=facts_notes", NULL);
    const struct table *table = schema_table(&schema_jalon, TABLE_REFERRAL);
    struct resubmitting r = {
        .p = anna, .value = {0, {schema_field_named(table, STR("consent")), value_id(&again)}}};
    assert_int_equal(quarantine_list(anna->store, false, resubmit, &r), ERR_EXISTS);
    assert_int_equal(r.err, ERR_OK);
    case_sync_all(&o.t);
    assert_sees(&o, DORA, true, false); /* the consent allows more than is shared */
    assert_string_equal(twin_get(o.t.replicas[DORA].store, "referral", &referral, "shares"),
                        "facts");
    twin_close(&o.t);
}

static enum err try_refer(struct bridge *o, struct party *p, const char *const *fields)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_REFERRAL);
    struct arena arena = {0};
    struct edit_value values[SCHEMA_FIELDS_MAX];
    struct edit *edit = NULL;
    struct id id;
    size_t n = 0;
    (void)o;
    for (; fields[n] != NULL; n++) {
        const char *eq = strchr(fields[n], '=');
        values[n].field =
            schema_field_named(table, (struct str){fields[n], (size_t)(eq - fields[n])});
        assert_int_equal(
            value_parse(values[n].field, str_of(eq + 1), &arena, &values[n].value, NULL),
            ERR_OK);
    }
    assert_int_equal(edit_open(p->store, &edit, NULL), ERR_OK);
    enum err err = edit_insert(edit, table, values, n, &id, NULL);
    if (err == ERR_OK)
        err = edit_commit(edit, NULL);
    else
        edit_abort(edit);
    arena_done(&arena);
    return err;
}

/* Each of these the door of the program refuses at once, and says why. */
static void what_the_consent_does_not_cover_is_not_even_saved(void **state)
{
    (void)state;
    struct bridge o;
    open_bridge(&o);
    struct id consent = agree(&o, "shares=facts", "until=2026-12-31");
    struct id elsewhere = {{0}};
    const char *third[] = {"name=EI du Parc", "kind=EI", NULL};
    elsewhere = twin_add(&o.t.server, "structure", third);
    case_sync_all(&o.t);
    const char *good[] = {case_ref("person", &o.c.person),
                          case_ref("to", &o.there),
                          case_ref("consent", &consent),
                          "shares=facts",
                          "informed=true",
                          "agrees=true",
                          "bound=true",
                          "same_mission=true",
                          "needed=true",
                          "sent_on=2026-11-18",
                          NULL};
    char other[80];
    (void)snprintf(other, sizeof other, "%s", case_ref("to", &elsewhere));
    const struct {
        size_t at;
        const char *wrong;
    } cases[] = {{1, other},
                 {3, "shares=facts_notes"},
                 {7, "same_mission=false"},
                 {9, "sent_on=2026-11-09"},
                 {9, "sent_on=2027-01-01"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *was = good[cases[i].at];
        good[cases[i].at] = cases[i].wrong;
        assert_int_equal(try_refer(&o, &o.t.replicas[ANNA], good), ERR_INVALID);
        good[cases[i].at] = was;
    }
    assert_int_equal(try_refer(&o, &o.t.replicas[ANNA], good), ERR_OK);
    good[1] = case_ref("to", &o.here); /* to itself: that only the server knows */
    twin_close(&o.t);
}

static void who_receives_answers_and_writes_nothing_else(void **state)
{
    (void)state;
    struct bridge o;
    open_bridge(&o);
    struct party *dora = &o.t.replicas[DORA];
    struct id consent = agree(&o, "shares=facts", NULL);
    struct id referral = refer(&o, &consent, "shares=facts", today);
    case_sync_all(&o.t);
    const char *yes[] = {"answer=accepted", "appointment=2026-11-25", NULL};
    assert_int_equal(twin_set(dora, "referral", &referral, yes), ERR_OK);
    assert_int_equal(twin_sync(&o.t, DORA).refused, 0);
    const char *reason[] = {"reason=autre chose", NULL};
    assert_int_equal(twin_set(dora, "referral", &referral, reason), ERR_OK);
    const char *way[] = {case_ref("person", &o.c.person), "kind=phone", "value=0470 00 00 00",
                         NULL};
    (void)twin_add(dora, "contact_point", way);
    assert_int_equal(twin_delete(dora, "referral", &referral, true), ERR_OK);
    withdraw(&o, dora, &consent);
    const char *on[] = {case_ref("person", &o.c.person),
                        "purpose=share_structure",
                        "shares=facts_notes",
                        "given_on=2026-11-10",
                        "mode=signed",
                        NULL};
    struct id forged = twin_add(dora, "consent", on);
    const char *further[] = {case_ref("person", &o.c.person),
                             case_ref("from", &o.there),
                             case_ref("to", &o.here),
                             case_ref("consent", &forged),
                             "shares=facts",
                             "informed=true",
                             "agrees=true",
                             "bound=true",
                             "same_mission=true",
                             "needed=true",
                             "sent_on=2026-11-18",
                             NULL};
    assert_int_equal(try_refer(&o, dora, further), ERR_OK);
    struct replica_tally tally = twin_sync(&o.t, DORA);
    assert_int_equal(tally.refused, 6);
    case_sync_all(&o.t);
    struct store *server = o.t.server.store;
    assert_string_equal(twin_get(server, "referral", &referral, "answer"), "accepted");
    assert_string_equal(twin_get(server, "referral", &referral, "reason"), "");
    assert_string_equal(twin_get(server, "consent", &consent, "withdrawn_on"), "");
    assert_int_equal(twin_count(server, "contact_point"), 0);
    assert_int_equal(twin_count(server, "consent"), 1);
    assert_int_equal(twin_count(server, "referral"), 1);
    assert_sees(&o, DORA, true, false);
    twin_close(&o.t);
}

static void it_begins_and_ends_with_its_days(void **state)
{
    (void)state;
    struct bridge o;
    open_bridge(&o);
    struct id consent = agree(&o, "shares=facts_notes", "until=2026-11-20");
    (void)refer(&o, &consent, "shares=facts_notes", "2026-11-19");
    for (int day = 0; day < 4; day++) { /* 18, 19, 20, 21 */
        bool stands = day == 1 || day == 2;
        case_sync_all(&o.t);
        assert_sees(&o, DORA, stands, stands);
        move_days(&o, 1);
    }
    twin_close(&o.t);
}

/* The withdrawal and the answer meet, in either order: both are recorded, nobody sees it. */
static void a_withdrawal_beats_an_acceptance(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct bridge o;
        open_bridge(&o);
        struct id consent = agree(&o, "shares=facts", NULL);
        struct id referral = refer(&o, &consent, "shares=facts", today);
        case_sync_all(&o.t);
        move_days(&o, 0); /* all clocks agree */
        withdraw(&o, &o.t.replicas[ANNA], &consent);
        assert_int_equal(answer(&o.t.replicas[DORA], &referral, "answer=accepted"), ERR_OK);
        o.t.server.wall_ms += 60 * 1000; /* he answered before the server knew */
        move_days(&o, 0);
        assert_int_equal(twin_sync(&o.t, first == 0 ? ANNA : DORA).refused, 0);
        assert_int_equal(twin_sync(&o.t, first == 0 ? DORA : ANNA).refused, 0);
        case_sync_all(&o.t);
        struct store *server = o.t.server.store;
        assert_string_equal(twin_get(server, "referral", &referral, "answer"), "accepted");
        assert_string_equal(twin_get(server, "consent", &consent, "withdrawn_on"), today);
        assert_sees(&o, DORA, false, false);
        assert_sees(&o, EMIL, false, false);
        assert_true(case_complete(&o.t, ANNA));
        twin_close(&o.t);
    }
}

static void what_was_withdrawn_is_not_opened_again(void **state)
{
    (void)state;
    struct bridge o;
    open_bridge(&o);
    struct party *anna = &o.t.replicas[ANNA];
    struct id consent = agree(&o, "shares=facts", NULL);
    struct id referral = refer(&o, &consent, "shares=facts", today);
    case_sync_all(&o.t);
    assert_int_equal(answer(anna, &referral, "answer=ended"), ERR_OK);
    case_sync_all(&o.t);
    assert_sees(&o, DORA, false, false);
    assert_int_equal(answer(anna, &referral, "answer=accepted"), ERR_OK); /* still agreed */
    case_sync_all(&o.t);
    assert_sees(&o, DORA, true, false);
    assert_int_equal(answer(anna, &referral, "answer=withdrawn"), ERR_OK);
    withdraw(&o, anna, &consent);
    case_sync_all(&o.t);
    assert_int_equal(answer(anna, &referral, "answer=pending"), ERR_OK);
    assert_int_equal(twin_sync(&o.t, ANNA).refused, 1);
    assert_int_equal(refused_of(anna).reason, REASON_CONSENT);
    case_sync_all(&o.t);
    assert_sees(&o, DORA, false, false);
    twin_close(&o.t);
}

static void set_active(struct bridge *o, size_t replica, bool active)
{
    const char *fields[] = {active ? "active=true" : "active=false", NULL};
    assert_int_equal(twin_set(&o->t.server, "staff", case_staff(&o->t, replica), fields),
                     ERR_OK);
}

/* People come and go on both sides while it stands. */
static void it_follows_the_people_of_the_other_structure(void **state)
{
    (void)state;
    struct bridge o;
    open_bridge(&o);
    struct id consent = agree(&o, "shares=facts_notes", NULL);
    (void)refer(&o, &consent, "shares=facts_notes", today);
    case_sync_all(&o.t);
    set_active(&o, DORA, false);
    const char *role[] = {case_ref("staff", case_staff(&o.t, FARA)),
                          case_ref("structure", &o.there), "role=coordinator",
                          "start=2020-01-01", NULL};
    struct id leads = twin_add(&o.t.server, "staff_role", role);
    case_sync_all(&o.t);
    assert_int_equal(case_in_file(&o.t, DORA, "MARQUE-"), false);
    assert_sees(&o, FARA, true, false);
    const char *end[] = {"end=2026-11-10", NULL};
    assert_int_equal(twin_set(&o.t.server, "staff_role", &leads, end), ERR_OK);
    set_active(&o, DORA, true);
    case_sync_all(&o.t);
    assert_sees(&o, FARA, false, false);
    assert_sees(&o, DORA, true, true);
    /* The one who referred has left, and the person is deleted and brought back. */
    set_active(&o, ANNA, false);
    assert_int_equal(twin_delete(&o.t.server, "person", &o.c.person, true), ERR_OK);
    assert_int_equal(twin_sync(&o.t, DORA).pulled, 2); /* that agent and that person */
    assert_int_equal(twin_delete(&o.t.server, "person", &o.c.person, false), ERR_OK);
    case_sync_all(&o.t);
    assert_sees(&o, DORA, true, true);
    withdraw(&o, &o.t.server, &consent);
    case_sync_all(&o.t);
    assert_sees(&o, DORA, false, false);
    assert_false(case_in_file(&o.t, ANNA, "MARQUE-"));
    twin_close(&o.t);
}

/* A referral made while the dossier is handed over to a colleague: who receives sees no
 * difference, and gets only what changed. */
static void it_stands_through_a_hand_over(void **state)
{
    (void)state;
    struct bridge o;
    open_bridge(&o);
    twin_enrol(&o.t, STR("jobcoach")); /* of the structure that refers */
    size_t gaia = o.t.count - 1;
    struct id consent = agree(&o, "shares=facts", NULL);
    struct id referral = refer(&o, &consent, "shares=facts", today);
    case_sync_all(&o.t);
    (void)case_assign(&o.t.replicas[CHLOE], &o.c, case_staff(&o.t, gaia), "referent", today,
                      NULL);
    assert_int_equal(twin_sync(&o.t, CHLOE).refused, 0);
    assert_int_equal(twin_sync(&o.t, DORA).pulled, 1);
    (void)twin_sync(&o.t, gaia);
    assert_int_equal(answer(&o.t.replicas[gaia], &referral, "answer=ended"), ERR_OK);
    case_sync_all(&o.t);
    assert_sees(&o, DORA, false, false);
    assert_sees(&o, ANNA, false, false);
    assert_int_equal(twin_count(o.t.replicas[gaia].store, "session_note"), 1);
    twin_close(&o.t);
}

/* A client of the schema before: it keeps what it does not know, sees the dossier like
 * everybody, and loses all of it. */
/* Of a schema that has neither, or has deadlines but not what these hang on. */
static void receives_and_loses_it(bool deadlines)
{
    static struct table known[SCHEMA_TABLE_ID_MAX];
    struct schema older = {.tables = known, .version = 2};
    for (uint16_t i = 0; i < schema_jalon.table_count; i++) {
        uint16_t id = schema_jalon.tables[i].id;
        if (id != TABLE_CONSENT && id != TABLE_REFERRAL && (deadlines || id != TABLE_DEADLINE))
            known[older.table_count++] = schema_jalon.tables[i];
    }
    struct bridge o;
    open_bridge(&o);
    o.t.structure = o.there;
    o.t.schema = &older;
    twin_enrol(&o.t, STR("coordinator"));
    o.t.schema = &schema_jalon;
    size_t old = o.t.count - 1;
    struct store *store = o.t.replicas[old].store;
    struct id consent = agree(&o, "shares=facts", NULL);
    (void)refer(&o, &consent, "shares=facts", today);
    case_sync_all(&o.t);
    assert_int_equal(twin_count(store, "person"), 1);
    const char *city[] = {"city=Namur", NULL};
    assert_int_equal(twin_set(&o.t.replicas[ANNA], "person", &o.c.person, city), ERR_OK);
    case_sync_all(&o.t);
    assert_string_equal(twin_get(store, "person", &o.c.person, "city"), "Namur");
    withdraw(&o, &o.t.replicas[ANNA], &consent);
    case_sync_all(&o.t);
    assert_int_equal(twin_count(store, "person"), 0);
    o.t.schema = &older;
    assert_false(case_in_file(&o.t, old, "MARQUE-"));
    /* Upgraded, it has everything in its place. */
    store_close(o.t.replicas[old].store);
    o.t.schema = &schema_jalon;
    twin_open_party(&o.t, &o.t.replicas[old]);
    assert_int_equal(twin_count(o.t.replicas[old].store, "consent"), 0);
    case_sync_all(&o.t);
    assert_true(case_complete(&o.t, old));
    twin_close(&o.t);
}

static void an_older_client_receives_and_loses_it_too(void **state)
{
    (void)state;
    receives_and_loses_it(false);
    receives_and_loses_it(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_who_is_named_and_the_coordination_see_what_is_shared),
        cmocka_unit_test(notes_go_to_the_coach_and_not_to_the_coordination),
        cmocka_unit_test(without_a_consent_in_force_it_is_refused_and_can_be_corrected),
        cmocka_unit_test(what_the_consent_does_not_cover_is_not_even_saved),
        cmocka_unit_test(who_receives_answers_and_writes_nothing_else),
        cmocka_unit_test(it_begins_and_ends_with_its_days),
        cmocka_unit_test(a_withdrawal_beats_an_acceptance),
        cmocka_unit_test(what_was_withdrawn_is_not_opened_again),
        cmocka_unit_test(it_follows_the_people_of_the_other_structure),
        cmocka_unit_test(it_stands_through_a_hand_over),
        cmocka_unit_test(an_older_client_receives_and_loses_it_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
