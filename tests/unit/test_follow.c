/* SPDX-License-Identifier: Apache-2.0 */
/* What follows by rule from a saved row: made once by two devices, moved with the row, done by
 * what else is saved, and never in the way. */
#include "proto/day.h"
#include "store/due.h"
#include "store/parameter.h"
#include "store/today.h"
#include "support/caseload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

struct work {
    struct twin t;
    struct party *p;
    struct id model, follow, search, company;
    struct case_file c;
};

static void open_work(struct work *w, size_t coaches)
{
    twin_open(&w->t, coaches, &schema_jalon);
    w->p = &w->t.replicas[0];
    w->model = case_model(&w->t);
    const char *search[] = {
        case_ref("model", &w->model), "rank=3", "code=RE", "label=Recherche",
        "network_phase=JC3",          NULL};
    w->search = twin_add(&w->t.server, "phase", search);
    const char *follow[] = {case_ref("model", &w->model), "rank=5", "code=SU", "label=Suivi",
                            "network_phase=JC5",          NULL};
    w->follow = twin_add(&w->t.server, "phase", follow);
    const char *firm[] = {"name=Firme fictive", NULL};
    w->company = twin_add(&w->t.server, "company", firm);
    case_sync_all(&w->t);
    w->c = case_open(w->p, &w->model, "MARQUE");
}

static struct id hire(struct work *w, struct party *p, const char *start, bool pathway)
{
    char text[40];
    (void)snprintf(text, sizeof text, "start=%s", start);
    const char *fields[] = {case_ref("person", &w->c.person),
                            case_ref("employer_company", &w->company),
                            "kind=CDD",
                            text,
                            pathway ? case_ref("pathway", &w->c.pathway) : NULL,
                            NULL};
    return twin_add(p, "contract", fields);
}

static void change(struct party *p, const char *table, const struct id *id, const char *text)
{
    const char *fields[] = {text, NULL};
    assert_int_equal(twin_set(p, table, id, fields), ERR_OK);
}

static int32_t day(const char *text)
{
    static const struct field field = {.name = "d", .kind = KIND_DATE};
    struct arena arena = {0};
    struct value v;
    assert_int_equal(value_parse(&field, str_of(text), &arena, &v, NULL), ERR_OK);
    arena_done(&arena);
    return (int32_t)v.i;
}

static struct id deadline(const char *rule, const struct id *of_row, const char *on)
{
    struct due due = {.day = day(on)};
    (void)snprintf(due.rule, sizeof due.rule, "%s", rule);
    return due_id(&due, of_row);
}

static const char *state_of(struct party *p, const char *rule, const struct id *of_row,
                            const char *on)
{
    struct id id = deadline(rule, of_row, on);
    return twin_get(p->store, "deadline", &id, "state");
}

static void a_contract_makes_its_points(void **state)
{
    (void)state;
    struct work w;
    open_work(&w, 1);
    struct id contract = hire(&w, w.p, "2026-08-31", false);
    assert_int_equal(twin_count(w.p->store, "deadline"), 3);
    assert_string_equal(state_of(w.p, "followup_M1", &contract, "2026-09-30"), "todo");
    assert_string_equal(state_of(w.p, "followup_M3", &contract, "2026-11-30"), "todo");
    assert_string_equal(state_of(w.p, "followup_M6", &contract, "2027-02-28"), "todo");
    struct id id = deadline("followup_M3", &contract, "2026-11-30");
    assert_string_equal(twin_get(w.p->store, "deadline", &id, "label"), "Point d'emploi M3");
    (void)twin_sync(&w.t, 0);
    assert_int_equal(twin_count(w.t.server.store, "deadline"), 3);
    assert_true(case_complete(&w.t, 0));
    twin_close(&w.t);
}

static void the_points_are_those_of_the_parameter(void **state)
{
    (void)state;
    struct work w;
    open_work(&w, 1);
    const char *points[] = {"key=followup_points", "value=W1 M12 X9 M", "valid_from=2020-01-01",
                            NULL};
    (void)twin_add(&w.t.server, "parameter", points);
    (void)twin_sync(&w.t, 0);
    struct id contract = hire(&w, w.p, "2026-09-01", false);
    assert_int_equal(twin_count(w.p->store, "deadline"), 2);
    assert_string_equal(state_of(w.p, "followup_W1", &contract, "2026-09-08"), "todo");
    assert_string_equal(state_of(w.p, "followup_M12", &contract, "2027-09-01"), "todo");
    twin_close(&w.t);
}

static void a_moved_start_makes_others_and_puts_the_old_ones_aside(void **state)
{
    (void)state;
    struct work w;
    open_work(&w, 1);
    struct id contract = hire(&w, w.p, "2026-09-01", false);
    struct id done = deadline("followup_M1", &contract, "2026-10-01");
    struct id aside = deadline("followup_M6", &contract, "2027-03-01");
    change(w.p, "deadline", &done, "state=done");
    change(w.p, "deadline", &aside, "state=not_applicable");
    change(w.p, "contract", &contract, "start=2026-09-15");
    assert_int_equal(twin_count(w.p->store, "deadline"), 6);
    assert_string_equal(state_of(w.p, "followup_M1", &contract, "2026-10-01"), "done");
    assert_string_equal(state_of(w.p, "followup_M3", &contract, "2026-12-01"),
                        "not_applicable");
    assert_string_equal(state_of(w.p, "followup_M3", &contract, "2026-12-15"), "todo");
    change(w.p, "contract", &contract, "start=2026-09-01");
    assert_string_equal(state_of(w.p, "followup_M3", &contract, "2026-12-01"), "todo");
    assert_string_equal(state_of(w.p, "followup_M3", &contract, "2026-12-15"),
                        "not_applicable");
    /* Of what stayed due a person's word stands. */
    change(w.p, "deadline", &aside, "state=not_applicable");
    change(w.p, "contract", &contract, "hours_week=38");
    assert_string_equal(state_of(w.p, "followup_M6", &contract, "2027-03-01"),
                        "not_applicable");
    (void)twin_sync(&w.t, 0);
    assert_true(case_complete(&w.t, 0));
    twin_close(&w.t);
}

static void an_ended_contract_has_no_later_points(void **state)
{
    (void)state;
    struct work w;
    open_work(&w, 1);
    struct id contract = hire(&w, w.p, "2026-09-01", false);
    change(w.p, "contract", &contract, "actual_end=2026-12-01");
    assert_string_equal(state_of(w.p, "followup_M3", &contract, "2026-12-01"), "todo");
    assert_string_equal(state_of(w.p, "followup_M6", &contract, "2027-03-01"),
                        "not_applicable");
    change(w.p, "contract", &contract, "actual_end=");
    assert_string_equal(state_of(w.p, "followup_M6", &contract, "2027-03-01"), "todo");
    assert_int_equal(twin_delete(w.p, "contract", &contract, true), ERR_OK);
    assert_string_equal(state_of(w.p, "followup_M3", &contract, "2026-12-01"),
                        "not_applicable");
    assert_int_equal(twin_delete(w.p, "contract", &contract, false), ERR_OK);
    assert_string_equal(state_of(w.p, "followup_M3", &contract, "2026-12-01"), "todo");
    twin_close(&w.t);
}

static struct id follow_up(struct party *p, const struct id *contract, const char *milestone,
                           const char *on)
{
    char text[2][40];
    (void)snprintf(text[0], sizeof text[0], "milestone=%s", milestone);
    (void)snprintf(text[1], sizeof text[1], "date=%s", on);
    const char *fields[] = {case_ref("contract", contract), text[0], text[1], "in_job=same",
                            NULL};
    return twin_add(p, "job_followup", fields);
}

static void a_follow_up_within_fifteen_days_does_its_point(void **state)
{
    (void)state;
    struct work w;
    open_work(&w, 1);
    struct id contract = hire(&w, w.p, "2026-08-01", false);
    (void)follow_up(w.p, &contract, "M3", "2026-10-16");
    assert_string_equal(state_of(w.p, "followup_M3", &contract, "2026-11-01"), "todo");
    struct id visit = follow_up(w.p, &contract, "M3", "2026-10-17");
    assert_string_equal(state_of(w.p, "followup_M3", &contract, "2026-11-01"), "done");
    assert_string_equal(state_of(w.p, "followup_M1", &contract, "2026-09-01"), "todo");
    assert_int_equal(twin_delete(w.p, "job_followup", &visit, true), ERR_OK);
    assert_string_equal(state_of(w.p, "followup_M3", &contract, "2026-11-01"), "todo");
    (void)twin_sync(&w.t, 0);
    assert_true(case_complete(&w.t, 0));
    twin_close(&w.t);
}

/* Both move the start to the same day, without network: one row for each point, no conflict. */
static void two_devices_make_the_same_row(void **state)
{
    (void)state;
    struct work w;
    open_work(&w, 2);
    struct id contract = hire(&w, w.p, "2026-09-01", false);
    case_sync_all(&w.t);
    change(w.p, "contract", &contract, "start=2026-09-10");
    change(&w.t.replicas[1], "contract", &contract, "start=2026-09-10");
    (void)follow_up(&w.t.replicas[1], &contract, "M1", "2026-10-12");
    case_sync_all(&w.t);
    case_sync_all(&w.t);
    assert_int_equal(twin_count(w.t.server.store, "deadline"), 6);
    assert_int_equal(twin_count(w.t.server.store, "conflict"), 0);
    for (size_t i = 0; i < 2; i++) {
        struct party *p = &w.t.replicas[i];
        assert_string_equal(state_of(p, "followup_M1", &contract, "2026-10-10"), "done");
        assert_string_equal(state_of(p, "followup_M3", &contract, "2026-12-10"), "todo");
        assert_string_equal(state_of(p, "followup_M3", &contract, "2026-12-01"),
                            "not_applicable");
        assert_true(case_complete(&w.t, i));
    }
    twin_close(&w.t);
}

static void what_was_over_when_it_was_entered_makes_nothing(void **state)
{
    (void)state;
    struct work w;
    open_work(&w, 1);
    const char *fields[] = {case_ref("person", &w.c.person),
                            case_ref("employer_company", &w.company),
                            case_ref("pathway", &w.c.pathway),
                            "kind=CDD",
                            "start=2019-01-01",
                            "actual_end=2019-12-31",
                            NULL};
    (void)twin_add(w.p, "contract", fields);
    assert_int_equal(twin_count(w.p->store, "deadline"), 0);
    assert_int_equal(twin_count(w.p->store, "step"), 0);
    twin_close(&w.t);
}

static void a_contract_opens_the_phase_of_follow_up(void **state)
{
    (void)state;
    struct work w;
    open_work(&w, 1);
    const char *step[] = {case_ref("pathway", &w.c.pathway), case_ref("phase", &w.search),
                          "start=2026-03-01", NULL};
    struct id before = twin_add(w.p, "step", step);
    struct id contract = hire(&w, w.p, "2026-09-01", true);
    assert_int_equal(twin_count(w.p->store, "step"), 2);
    assert_string_equal(twin_get(w.p->store, "step", &before, "end"), "2026-09-01");
    struct str parts[] = {STR("followup"), {(const char *)contract.b, ID_BYTES}};
    struct id made = id_derive(TABLE_STEP, parts, 2);
    char text[ID_TEXT_BYTES];
    id_print(&w.follow, text);
    assert_string_equal(twin_get(w.p->store, "step", &made, "phase"), text);
    assert_string_equal(twin_get(w.p->store, "step", &made, "start"), "2026-09-01");
    assert_string_equal(twin_get(w.p->store, "step", &made, "end"), "");
    (void)hire(&w, w.p, "2026-10-01", true); /* the phase is open: nothing more */
    assert_int_equal(twin_count(w.p->store, "step"), 2);
    (void)twin_sync(&w.t, 0);
    assert_true(case_complete(&w.t, 0));
    twin_close(&w.t);
}

/* An export read back, with the deadlines it holds. */
static void an_import_with_ids_is_left_alone(void **state)
{
    (void)state;
    struct work w;
    open_work(&w, 1);
    const struct table *contracts = schema_table(&schema_jalon, TABLE_CONTRACT);
    struct id id = {.b = {7, 7, 7}};
    struct edit *edit = NULL;
    struct edit_value values[] = {
        {schema_field_named(contracts, STR("person")), value_id(&w.c.person)},
        {schema_field_named(contracts, STR("employer_company")), value_id(&w.company)},
        {schema_field_named(contracts, STR("kind")), value_text(STR("CDI"))},
        {schema_field_named(contracts, STR("start")), value_int(day("2026-10-01"))}};
    assert_int_equal(edit_open(w.p->store, &edit, NULL), ERR_OK);
    assert_int_equal(edit_insert_as(edit, contracts, &id, values, 4, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    assert_int_equal(twin_count(w.p->store, "deadline"), 0);
    twin_close(&w.t);
}

static void other_rows_have_their_deadlines(void **state)
{
    (void)state;
    struct work w;
    open_work(&w, 1);
    const char *piis[] = {case_ref("pathway", &w.c.pathway),
                          "kind=PIIS",
                          "parties=La personne et le CPAS",
                          "start=2026-06-30",
                          "end=2027-03-01",
                          NULL};
    struct id agreement = twin_add(w.p, "agreement", piis);
    assert_string_equal(state_of(w.p, "agreement_review", &agreement, "2026-09-30"), "todo");
    assert_string_equal(state_of(w.p, "agreement_review", &agreement, "2026-12-30"), "todo");
    assert_string_equal(state_of(w.p, "agreement_end", &agreement, "2027-03-01"), "todo");
    assert_int_equal(twin_count(w.p->store, "deadline"), 3);
    const char *art60[] = {case_ref("person", &w.c.person),
                           case_ref("employer_structure", &w.t.structure),
                           "kind=ART60_user",
                           "start=2026-11-01",
                           "expected_end=2028-01-31",
                           NULL};
    struct id contract = twin_add(w.p, "contract", art60);
    assert_string_equal(state_of(w.p, "art60_plan", &contract, "2027-10-31"), "todo");
    assert_string_equal(state_of(w.p, "contract_end", &contract, "2028-01-31"), "todo");
    const char *stage[] = {case_ref("person", &w.c.person), case_ref("company", &w.company),
                           "start=2026-11-02", "end=2026-11-13", NULL};
    struct id internship = twin_add(w.p, "internship", stage);
    assert_string_equal(state_of(w.p, "internship_end", &internship, "2026-11-13"), "todo");
    change(w.p, "internship", &internship, "after=hired");
    assert_string_equal(state_of(w.p, "internship_end", &internship, "2026-11-13"), "done");
    (void)twin_sync(&w.t, 0);
    assert_true(case_complete(&w.t, 0));
    twin_close(&w.t);
}

static void an_accreditation_has_its_dates(void **state)
{
    (void)state;
    struct work w;
    open_work(&w, 1);
    twin_enrol(&w.t, STR("manager"));
    case_sync_all(&w.t);
    struct party *m = &w.t.replicas[1];
    const char *first[] = {"kind=EI", "start=2024-02-29", "rank=1", "state=granted", NULL};
    struct id id = twin_add(m, "accreditation", first);
    assert_string_equal(state_of(m, "accreditation_end", &id, "2026-02-28"), "todo");
    assert_string_equal(state_of(m, "activity_report", &id, "2025-07-15"), "todo");
    assert_string_equal(state_of(m, "activity_report", &id, "2026-07-15"), "todo");
    change(m, "accreditation", &id, "rank=2");
    assert_string_equal(state_of(m, "accreditation_end", &id, "2026-02-28"), "not_applicable");
    assert_string_equal(state_of(m, "accreditation_end", &id, "2028-02-29"), "todo");
    change(m, "accreditation", &id, "rank=3");
    assert_string_equal(state_of(m, "accreditation_end", &id, "2028-02-29"), "not_applicable");
    const char *idess[] = {"kind=IDESS", "start=2025-01-01", "end=2027-12-31", "state=granted",
                           NULL};
    id = twin_add(m, "accreditation", idess);
    assert_string_equal(state_of(m, "renewal_open", &id, "2027-05-05"), "todo");
    assert_string_equal(state_of(m, "renewal_due", &id, "2027-07-04"), "todo");
    (void)twin_sync(&w.t, 1);
    assert_true(case_complete(&w.t, 1));
    twin_close(&w.t);
}

struct told {
    char text[2000];
    struct id person;
};

static enum err on_item(void *ctx, const struct today_item *item)
{
    struct told *t = ctx;
    struct buf day = {0};
    struct value v = value_int(item->day);
    size_t n = strlen(t->text);
    value_print(KIND_DATE, &v, &day);
    (void)snprintf(t->text + n, sizeof t->text - n, "%s %.*s;", today_word(item->kind),
                   (int)day.n, (const char *)day.p);
    buf_done(&day);
    t->person = item->person;
    return ERR_OK;
}

static const char *told_on(struct work *w, const char *on)
{
    static struct told t;
    t = (struct told){.text = ""};
    assert_int_equal(today_list(w->p->store, day(on), on_item, &t), ERR_OK);
    if (t.text[0] != '\0')
        assert_true(id_eq(&t.person, &w->c.person));
    return t.text;
}

static void a_day_tells_what_it_asks(void **state)
{
    (void)state;
    struct work w;
    open_work(&w, 1);
    struct id contract = hire(&w, w.p, "2026-08-29", false);
    const char *next[] = {"next_date=2026-11-29", NULL};
    assert_int_equal(twin_set(w.p, "session", &w.c.session, next), ERR_OK);
    const char *action[] = {case_ref("pathway", &w.c.pathway), "who=person", "label=Permis B",
                            "due=2026-11-20", NULL};
    struct id permit = twin_add(w.p, "action", action);
    const char *manual[] = {"of_table=person", case_ref("of_row", &w.c.person), "label=Papiers",
                            "due=2027-02-01", NULL};
    (void)twin_add(w.p, "deadline", manual);
    assert_string_equal(told_on(&w, "2026-11-29"),
                        "visit 2026-11-29;action 2026-11-20;point 2026-09-29;"
                        "point 2026-11-29;deadline 2027-02-01;");
    change(w.p, "action", &permit, "state=done");
    (void)follow_up(w.p, &contract, "M1", "2026-09-30");
    assert_string_equal(told_on(&w, "2026-11-15"), "point 2026-11-29;deadline 2027-02-01;");
    assert_string_equal(told_on(&w, "2026-11-13"), "deadline 2027-02-01;");
    assert_string_equal(told_on(&w, "2026-08-01"), "");
    twin_close(&w.t);
}

/* Two devices moved the start to different days: what the losing day made is not told. */
static void what_no_row_makes_due_any_more_is_not_told(void **state)
{
    (void)state;
    struct work w;
    open_work(&w, 2);
    struct id contract = hire(&w, w.p, "2026-09-01", false);
    case_sync_all(&w.t);
    change(w.p, "contract", &contract, "start=2026-10-01");
    change(&w.t.replicas[1], "contract", &contract, "start=2026-11-01");
    case_sync_all(&w.t);
    case_sync_all(&w.t);
    bool first =
        strcmp(twin_get(w.p->store, "contract", &contract, "start"), "2026-10-01") == 0;
    assert_int_equal(twin_count(w.p->store, "deadline"), 9);
    assert_string_equal(told_on(&w, "2026-12-01"),
                        first ? "point 2026-11-01;" : "point 2026-12-01;");
    twin_close(&w.t);
}

static void months_end_where_they_end(void **state)
{
    (void)state;
    assert_int_equal(day_add_months(day("2027-01-31"), 1), day("2027-02-28"));
    assert_int_equal(day_add_months(day("2028-01-31"), 1), day("2028-02-29"));
    assert_int_equal(day_add_months(day("2026-12-15"), 1), day("2027-01-15"));
    assert_int_equal(day_add_months(day("2026-01-15"), -1), day("2025-12-15"));
    assert_int_equal(day_add_months(DAY_LAST, 1), DAY_LAST);
    assert_int_equal(day_add_months(DAY_FIRST, -1), DAY_FIRST);
    assert_int_equal(day_working(day("2026-11-23"), day("2026-11-29")), 5);
    assert_int_equal(day_working(day("2026-11-28"), day("2026-11-29")), 0);
    assert_int_equal(day_working(day("2026-11-27"), day("2026-11-30")), 2);
    assert_int_equal(day_working(day("2026-11-30"), day("2026-11-27")), 0);
}

static void each_default_fits_its_key(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PARAMETER_COUNT; i++) {
        const struct parameter *p = parameter_of((enum parameter_key)i);
        assert_true(parameter_fits((enum parameter_key)i, str_of(p->fallback)));
        assert_int_equal(parameter_named(str_of(p->key)), i);
        assert_true(strlen(p->label) > 0 && strlen(p->basis) > 0);
    }
    assert_int_equal(parameter_named(STR("nothing")), PARAMETER_COUNT);
    assert_false(parameter_fits(PARAMETER_MASK_BELOW, STR("-1")));
    assert_false(parameter_fits(PARAMETER_MASK_BELOW, STR("1000001")));
    assert_false(parameter_fits(PARAMETER_REMINDERS, STR("  ")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contract_makes_its_points),
        cmocka_unit_test(the_points_are_those_of_the_parameter),
        cmocka_unit_test(a_moved_start_makes_others_and_puts_the_old_ones_aside),
        cmocka_unit_test(an_ended_contract_has_no_later_points),
        cmocka_unit_test(a_follow_up_within_fifteen_days_does_its_point),
        cmocka_unit_test(two_devices_make_the_same_row),
        cmocka_unit_test(what_was_over_when_it_was_entered_makes_nothing),
        cmocka_unit_test(a_contract_opens_the_phase_of_follow_up),
        cmocka_unit_test(an_import_with_ids_is_left_alone),
        cmocka_unit_test(other_rows_have_their_deadlines),
        cmocka_unit_test(an_accreditation_has_its_dates),
        cmocka_unit_test(a_day_tells_what_it_asks),
        cmocka_unit_test(what_no_row_makes_due_any_more_is_not_told),
        cmocka_unit_test(months_end_where_they_end),
        cmocka_unit_test(each_default_fits_its_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
