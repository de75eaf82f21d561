/* SPDX-License-Identifier: Apache-2.0 */
/* A caseload goes from one coach to another in one act: what moves, what stays, who may, and
 * what becomes of work that was still on its way. */
#include "store/handover.h"
#include "support/caseload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Replicas: 0 and 1 are jobcoaches, then those of the test. */
enum { ANNA, BILAL, CHLOE, DRISS };
static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;

struct office {
    struct twin t;
    struct id model;
};

static void open_office(struct office *o)
{
    twin_open_apart(&o->t, 2, &schema_jalon);
    twin_enrol(&o->t, STR("coordinator"));
    o->model = case_model(&o->t);
    case_sync_all(&o->t);
}

static struct handover from_to(struct office *o, size_t from, size_t to)
{
    return (struct handover){.from = *case_staff(&o->t, from),
                             .to = *case_staff(&o->t, to),
                             .day = handover_today(o->t.server.store)};
}

static enum err give(struct party *p, const struct handover *h, size_t *moves, size_t *left)
{
    struct handover_plan plan;
    struct note why = {""};
    size_t n = 0;
    enum err err = handover_plan(p->store, h, &plan, &why);
    (void)handover_items(&plan, &n);
    if (moves != NULL)
        *moves = plan.moves;
    if (left != NULL)
        *left = n - plan.moves;
    if (err == ERR_OK)
        err = handover_carry_out(p->store, h, &plan, &why);
    handover_done(&plan);
    return err;
}

static uint64_t unsent_ops(struct party *p)
{
    struct store_status status;
    assert_int_equal(store_status(p->store, &status), ERR_OK);
    return status.op_last - status.acked_through;
}

static void a_whole_caseload_moves_in_one_operation_and_leaves(void **state)
{
    (void)state;
    struct office o;
    size_t moves = 0;
    open_office(&o);
    struct case_file led = case_open(&o.t.replicas[ANNA], &o.model, "MARQUE-A");
    struct case_file helped = case_open(&o.t.replicas[BILAL], &o.model, "MARQUE-B");
    (void)case_open(&o.t.replicas[ANNA], &o.model, "MARQUE-C"); /* opened, never assigned */
    (void)case_assign(&o.t.replicas[ANNA], &led, case_staff(&o.t, ANNA), "referent",
                      "2026-11-02", NULL);
    (void)case_assign(&o.t.replicas[BILAL], &helped, case_staff(&o.t, BILAL), "referent",
                      "2026-11-02", NULL);
    (void)case_assign(&o.t.replicas[BILAL], &helped, case_staff(&o.t, ANNA), "facilitator",
                      "2026-11-02", NULL);
    case_sync_all(&o.t);
    case_sync_all(&o.t);
    assert_int_equal(twin_count(o.t.replicas[ANNA].store, "person"), 3);
    struct handover h = from_to(&o, ANNA, BILAL);
    assert_int_equal(give(&o.t.replicas[CHLOE], &h, &moves, NULL), ERR_OK);
    assert_int_equal(moves, 3);
    assert_int_equal(unsent_ops(&o.t.replicas[CHLOE]), 1);
    struct replica_tally tally = twin_sync(&o.t, CHLOE);
    assert_int_equal(tally.pushed, 5); /* two ends, three beginnings */
    assert_int_equal(tally.refused + tally.conflicts, 0);
    (void)twin_sync(&o.t, BILAL);
    (void)twin_sync(&o.t, ANNA);
    assert_int_equal(twin_count(o.t.replicas[ANNA].store, "person"), 0);
    assert_false(case_in_file(&o.t, ANNA, "MARQUE-"));
    assert_int_equal(twin_count(o.t.replicas[BILAL].store, "session_note"), 3);
    for (size_t i = 0; i < o.t.count; i++)
        assert_true(case_complete(&o.t, i));
    twin_close(&o.t);
}

static void what_ends_anyway_or_has_no_pathway_stays_and_is_told(void **state)
{
    (void)state;
    struct office o;
    size_t moves = 0;
    size_t left = 0;
    open_office(&o);
    struct party *anna = &o.t.replicas[ANNA];
    struct case_file led = case_open(anna, &o.model, "x");
    struct case_file helped = case_open(&o.t.replicas[BILAL], &o.model, "x");
    (void)case_assign(anna, &led, case_staff(&o.t, ANNA), "referent", "2026-11-02", NULL);
    (void)case_assign(&o.t.replicas[BILAL], &helped, case_staff(&o.t, ANNA), "substitute",
                      "2026-11-02", "2027-01-31");
    const char *person[] = {"name=Sansparcours", "first_name=Léo", NULL};
    (void)twin_add(anna, "person", person);
    case_sync_all(&o.t);
    struct handover h = from_to(&o, ANNA, BILAL);
    struct handover_plan plan;
    assert_int_equal(handover_plan(o.t.replicas[CHLOE].store, &h, &plan, NULL), ERR_OK);
    struct buf json = {0};
    handover_json(&h, &plan, false, &json);
    buf_u8(&json, 0);
    assert_non_null(strstr((char *)json.p, "\"why\":\"ends\",\"end\":\"2027-01-31\""));
    assert_non_null(strstr((char *)json.p, "\"why\":\"no_pathway\""));
    assert_non_null(strstr((char *)json.p, "\"saved\":false"));
    buf_done(&json);
    handover_done(&plan);
    assert_int_equal(unsent_ops(&o.t.replicas[CHLOE]), 0); /* planning saves nothing */
    assert_int_equal(give(&o.t.replicas[CHLOE], &h, &moves, &left), ERR_OK);
    assert_int_equal(moves, 1);
    assert_int_equal(left, 2);
    case_sync_all(&o.t);
    assert_int_equal(twin_count(anna->store, "person"), 2);
    twin_close(&o.t);
}

static void from_a_day_to_come_it_moves_on_that_day(void **state)
{
    (void)state;
    struct office o;
    open_office(&o);
    struct case_file led = case_open(&o.t.replicas[ANNA], &o.model, "MARQUE-A");
    (void)case_assign(&o.t.replicas[ANNA], &led, case_staff(&o.t, ANNA), "referent",
                      "2026-11-02", NULL);
    case_sync_all(&o.t);
    struct handover h = from_to(&o, ANNA, BILAL);
    h.day += 2;
    assert_int_equal(give(&o.t.replicas[CHLOE], &h, NULL, NULL), ERR_OK);
    for (int day = 0; day < 4; day++) {
        case_sync_all(&o.t);
        case_sync_all(&o.t);
        assert_int_equal(twin_count(o.t.replicas[ANNA].store, "person"), day < 2 ? 1 : 0);
        assert_int_equal(twin_count(o.t.replicas[BILAL].store, "person"), day < 2 ? 0 : 1);
        assert_int_equal(case_in_file(&o.t, ANNA, "MARQUE-A"), day < 2);
        o.t.server.wall_ms += day_ms;
        for (size_t i = 0; i < o.t.count; i++)
            o.t.replicas[i].wall_ms = o.t.server.wall_ms;
    }
    twin_close(&o.t);
}

static void only_who_holds_them_or_coordinates_gives_dossiers_away(void **state)
{
    (void)state;
    struct office o;
    open_office(&o);
    twin_enrol(&o.t, STR("manager"));
    case_sync_all(&o.t);
    struct case_file led = case_open(&o.t.replicas[ANNA], &o.model, "x");
    (void)case_assign(&o.t.replicas[ANNA], &led, case_staff(&o.t, ANNA), "referent",
                      "2026-11-02", NULL);
    (void)case_assign(&o.t.replicas[ANNA], &led, case_staff(&o.t, BILAL), "co_referent",
                      "2026-11-02", NULL);
    const char *contract[] = {case_ref("person", &led.person),
                              case_ref("employer_structure", &o.t.structure), "kind=CDI",
                              "start=2026-11-02", NULL};
    (void)twin_add(&o.t.replicas[ANNA], "contract", contract);
    case_sync_all(&o.t);
    case_sync_all(&o.t);
    struct handover h = from_to(&o, ANNA, BILAL);
    assert_int_equal(give(&o.t.replicas[BILAL], &h, NULL, NULL), ERR_REFUSED);
    assert_int_equal(give(&o.t.replicas[DRISS], &h, NULL, NULL), ERR_REFUSED);
    assert_int_equal(unsent_ops(&o.t.replicas[BILAL]) + unsent_ops(&o.t.replicas[DRISS]), 0);
    struct handover nobody = from_to(&o, ANNA, ANNA);
    assert_int_equal(give(&o.t.replicas[CHLOE], &nobody, NULL, NULL), ERR_INVALID);
    struct handover nothing = from_to(&o, CHLOE, BILAL);
    assert_int_equal(give(&o.t.replicas[CHLOE], &nothing, NULL, NULL), ERR_NOTFOUND);
    size_t moves = 9;
    size_t left = 0;
    struct handover stranger = from_to(&o, ANNA, DRISS); /* no jobcoach */
    assert_int_equal(give(&o.t.replicas[CHLOE], &stranger, &moves, &left), ERR_OK);
    assert_int_equal(moves, 0);
    assert_int_equal(left, 1);
    assert_int_equal(give(&o.t.replicas[ANNA], &h, &moves, NULL), ERR_OK); /* her own */
    assert_int_equal(moves, 1);
    assert_int_equal(twin_sync(&o.t, ANNA).refused, 0);
    assert_int_equal(twin_count(o.t.replicas[ANNA].store, "person"), 0);
    twin_close(&o.t);
}

static void one_dossier_alone_by_the_administrator(void **state)
{
    (void)state;
    struct office o;
    size_t moves = 0;
    open_office(&o);
    struct case_file a = case_open(&o.t.replicas[ANNA], &o.model, "MARQUE-A");
    struct case_file b = case_open(&o.t.replicas[ANNA], &o.model, "MARQUE-B");
    (void)case_assign(&o.t.replicas[ANNA], &a, case_staff(&o.t, ANNA), "referent", "2026-11-02",
                      NULL);
    case_sync_all(&o.t);
    struct handover h = from_to(&o, ANNA, BILAL);
    h.persons = &a.person;
    h.person_count = 1;
    uint64_t before = serve_seq(o.t.server.store);
    assert_int_equal(give(&o.t.server, &h, &moves, NULL), ERR_OK);
    assert_int_equal(moves, 1);
    assert_int_equal(serve_seq(o.t.server.store), before + 1); /* one operation there too */
    struct id unknown = b.note;
    h.persons = &unknown;
    assert_int_equal(give(&o.t.server, &h, NULL, NULL), ERR_NOTFOUND);
    case_sync_all(&o.t);
    assert_false(case_in_file(&o.t, ANNA, "MARQUE-A"));
    assert_true(case_in_file(&o.t, ANNA, "MARQUE-B"));
    assert_int_equal(twin_count(o.t.replicas[BILAL].store, "session_note"), 1);
    twin_close(&o.t);
}

/* All of it or nothing: one dossier that she may not give any more, and nobody has moved. */
static void a_refused_part_refuses_the_whole(void **state)
{
    (void)state;
    struct office o;
    size_t moves = 0;
    open_office(&o);
    struct party *server = &o.t.server;
    struct party *chloe = &o.t.replicas[CHLOE];
    const char *canal[] = {"name=EI du Canal", "kind=EI", NULL};
    struct id elsewhere = twin_add(server, "structure", canal);
    const char *role[] = {case_ref("staff", case_staff(&o.t, CHLOE)),
                          case_ref("structure", &elsewhere), "role=coordinator",
                          "start=2020-01-01", NULL};
    struct id second = twin_add(server, "staff_role", role);
    struct case_file a = case_open(&o.t.replicas[ANNA], &o.model, "MARQUE-A");
    (void)case_assign(&o.t.replicas[ANNA], &a, case_staff(&o.t, ANNA), "referent", "2026-11-02",
                      NULL);
    const char *person[] = {"name=Ailleurs", "first_name=Sam",
                            case_ref("structure", &elsewhere), NULL};
    struct case_file b = {.person = twin_add(server, "person", person)};
    const char *pathway[] = {case_ref("person", &b.person), case_ref("model", &o.model),
                             "entry=2026-11-03", NULL};
    b.pathway = twin_add(server, "pathway", pathway);
    (void)case_assign(server, &b, case_staff(&o.t, ANNA), "tutor", "2026-11-03", NULL);
    case_sync_all(&o.t);
    server->wall_ms += 60 * 1000;
    const char *end[] = {"end=2026-11-10", NULL};
    assert_int_equal(twin_set(server, "staff_role", &second, end), ERR_OK);
    server->wall_ms += 60 * 1000;
    chloe->wall_ms = server->wall_ms; /* offline: she does not know yet */
    struct handover h = from_to(&o, ANNA, BILAL);
    assert_int_equal(give(chloe, &h, &moves, NULL), ERR_OK);
    assert_int_equal(moves, 2);
    assert_int_equal(twin_sync(&o.t, CHLOE).refused, 1);
    case_sync_all(&o.t);
    assert_int_equal(twin_count(server->store, "assignment"), 2);
    assert_int_equal(twin_count(o.t.replicas[ANNA].store, "person"), 2);
    assert_int_equal(twin_count(o.t.replicas[BILAL].store, "person"), 0);
    assert_int_equal(give(chloe, &h, &moves, NULL), ERR_OK); /* what is left to her */
    assert_int_equal(moves, 1);
    assert_int_equal(twin_sync(&o.t, CHLOE).refused, 0);
    twin_close(&o.t);
}

/* Saved before the hand-over was: judged by the right of that moment, and then gone from the
 * laptop. What was saved after it is refused, and stays readable on the server alone. */
static void late_work_of_who_gave_is_taken_and_leaves(void **state)
{
    (void)state;
    struct office o;
    open_office(&o);
    struct party *anna = &o.t.replicas[ANNA];
    struct case_file c = case_open(anna, &o.model, "MARQUE-1");
    (void)case_assign(anna, &c, case_staff(&o.t, ANNA), "referent", "2026-11-02", NULL);
    case_sync_all(&o.t);
    const char *before[] = {"text=MARQUE-2", NULL};
    assert_int_equal(twin_set(anna, "session_note", &c.note, before), ERR_OK);
    const char *visit[] = {"kind=phone",       case_ref("person", &c.person),
                           "date=2026-11-18",  "minutes=10",
                           "subject=MARQUE-3", NULL};
    (void)twin_add(anna, "session", visit);
    o.t.server.wall_ms += 60 * 1000;
    o.t.replicas[CHLOE].wall_ms = o.t.server.wall_ms;
    struct handover h = from_to(&o, ANNA, BILAL);
    assert_int_equal(give(&o.t.replicas[CHLOE], &h, NULL, NULL), ERR_OK);
    (void)twin_sync(&o.t, CHLOE);
    (void)twin_sync(&o.t, BILAL);
    o.t.server.wall_ms += 60 * 1000;
    anna->wall_ms = o.t.server.wall_ms;
    const char *after[] = {"text=MARQUE-4", NULL};
    assert_int_equal(twin_set(anna, "session_note", &c.note, after), ERR_OK);
    struct replica_tally tally = twin_sync(&o.t, ANNA);
    assert_int_equal(tally.refused, 1);
    assert_int_equal(twin_count(anna->store, "person"), 0);
    assert_false(case_in_file(&o.t, ANNA, "MARQUE-"));
    case_sync_all(&o.t);
    struct party *bilal = &o.t.replicas[BILAL];
    assert_string_equal(twin_get(bilal->store, "session_note", &c.note, "text"), "MARQUE-2");
    assert_int_equal(twin_count(bilal->store, "session"), 2);
    assert_true(case_complete(&o.t, BILAL));
    assert_true(case_complete(&o.t, ANNA));
    twin_close(&o.t);
}

static enum err note_id(void *ctx, const struct row *row)
{
    *(struct id *)ctx = row->id;
    return ERR_OK;
}

/* Two coordinators, offline, give the same caseload to two people: both have it, nothing is
 * lost, and the coordination is asked who leads. */
static void two_hand_overs_that_meet_wait_for_a_decision(void **state)
{
    (void)state;
    struct office o;
    open_office(&o);
    twin_enrol(&o.t, STR("coordinator"));
    twin_enrol(&o.t, STR("jobcoach"));
    size_t eva = 4;
    case_sync_all(&o.t);
    struct case_file c = case_open(&o.t.replicas[ANNA], &o.model, "MARQUE-1");
    (void)case_assign(&o.t.replicas[ANNA], &c, case_staff(&o.t, ANNA), "referent", "2026-11-02",
                      NULL);
    case_sync_all(&o.t);
    struct handover first = from_to(&o, ANNA, BILAL);
    struct handover second = from_to(&o, ANNA, eva);
    assert_int_equal(give(&o.t.replicas[CHLOE], &first, NULL, NULL), ERR_OK);
    assert_int_equal(give(&o.t.replicas[DRISS], &second, NULL, NULL), ERR_OK);
    assert_int_equal(twin_sync(&o.t, CHLOE).refused, 0);
    assert_int_equal(twin_sync(&o.t, DRISS).refused, 0);
    case_sync_all(&o.t);
    assert_int_equal(twin_count(o.t.replicas[ANNA].store, "person"), 0);
    assert_int_equal(twin_count(o.t.replicas[BILAL].store, "session_note"), 1);
    assert_int_equal(twin_count(o.t.replicas[eva].store, "session_note"), 1);
    assert_int_equal(twin_count(o.t.server.store, "conflict"), 1);
    struct id conflict = {0};
    const struct table *table = schema_table(&schema_jalon, TABLE_CONFLICT);
    assert_int_equal(
        rows_list(o.t.replicas[CHLOE].store, table, NULL, 0, false, 1, note_id, &conflict),
        ERR_OK);
    /* Who came second is to go. */
    assert_int_equal(edit_resolve(o.t.replicas[CHLOE].store, &conflict, EDIT_TAKE_OTHER,
                                  STR(""), STR("vu ensemble"), NULL),
                     ERR_OK);
    case_sync_all(&o.t);
    o.t.server.wall_ms += day_ms; /* the day it ends on is still his */
    for (size_t i = 0; i < o.t.count; i++)
        o.t.replicas[i].wall_ms = o.t.server.wall_ms;
    case_sync_all(&o.t);
    assert_int_equal(twin_count(o.t.replicas[eva].store, "person"), 0);
    assert_int_equal(twin_count(o.t.replicas[BILAL].store, "person"), 1);
    for (size_t i = 0; i < o.t.count; i++)
        assert_true(case_complete(&o.t, i));
    twin_close(&o.t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_caseload_moves_in_one_operation_and_leaves),
        cmocka_unit_test(what_ends_anyway_or_has_no_pathway_stays_and_is_told),
        cmocka_unit_test(from_a_day_to_come_it_moves_on_that_day),
        cmocka_unit_test(only_who_holds_them_or_coordinates_gives_dossiers_away),
        cmocka_unit_test(one_dossier_alone_by_the_administrator),
        cmocka_unit_test(a_refused_part_refuses_the_whole),
        cmocka_unit_test(late_work_of_who_gave_is_taken_and_leaves),
        cmocka_unit_test(two_hand_overs_that_meet_wait_for_a_decision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
