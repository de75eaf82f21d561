/* SPDX-License-Identifier: Apache-2.0 */
/* Deciding a conflict: keep, take, mix; who may; rows locked or deleted since; decisions of two
 * people at once, none of which disappears. */
#include "store/duplicates.h"
#include "store/inside.h"
#include "support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct office {
    struct fleet f;
    struct party *anna, *bilal, *chloe; /* two jobcoaches and their coordinator */
    struct id zoe;
};

static void begin(struct office *o)
{
    fleet_open(&o->f, 1);
    fleet_join(&o->f, ROLE_JOBCOACH, &o->f.twin.structure);
    fleet_join(&o->f, ROLE_JOBCOACH, &o->f.twin.structure);
    fleet_join(&o->f, ROLE_COORDINATOR, &o->f.twin.structure);
    o->anna = &o->f.twin.replicas[0];
    o->bilal = &o->f.twin.replicas[1];
    o->chloe = &o->f.twin.replicas[2];
    const char *fields[] = {"name=Fictif", "first_name=Zoé", "emergency=la voisine", NULL};
    o->zoe = twin_add(o->anna, "person", fields);
    fleet_heal(&o->f);
}

static const char *ref(const char *field, const struct id *id, char out[80])
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, 80, "%s=%s", field, text);
    return out;
}

static enum err set(struct party *p, const char *table, const struct id *id, const char *a,
                    const char *b)
{
    const char *fields[] = {a, b, NULL};
    return twin_set(p, table, id, fields);
}

/* Later on: the edits that follow are later than all before. */
static void pass_time(struct office *o)
{
    o->f.twin.server.wall_ms += 60000;
    for (size_t i = 0; i < 3; i++)
        o->f.twin.replicas[i].wall_ms += 60000;
}

static const char *person(struct party *p, const struct office *o, const char *field)
{
    return twin_get(p->store, "person", &o->zoe, field);
}

static enum err on_id(void *ctx, const struct row *row)
{
    struct id *id = ctx;
    *id = row->id;
    return ERR_OK;
}

static size_t count_open(struct party *p, struct id *last)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_CONFLICT);
    struct filter open = {schema_field(table, FIELD_CONFLICT_STATE), value_text(STR("open"))};
    struct store_status status;
    assert_int_equal(rows_list(p->store, table, &open, 1, false, 0, on_id, last), ERR_OK);
    assert_int_equal(store_status(p->store, &status), ERR_OK);
    return status.conflicts;
}

/* Anna and Bilal write one field each; Bilal's is later and shown. */
static struct id disagree(struct office *o)
{
    struct id id = {0};
    assert_int_equal(set(o->anna, "person", &o->zoe, "emergency=le frère", NULL), ERR_OK);
    pass_time(o);
    assert_int_equal(set(o->bilal, "person", &o->zoe, "emergency=la tante", NULL), ERR_OK);
    fleet_heal(&o->f);
    assert_int_equal(count_open(o->anna, &id), 1);
    assert_string_equal(person(o->chloe, o, "emergency"), "la tante");
    return id;
}

static enum err choose(struct party *p, const struct id *id, enum edit_decision decision,
                       const char *reason)
{
    return edit_resolve(p->store, id, decision, STR("l'oncle"), str_of(reason), NULL);
}

static const char *conflict(struct party *p, const struct id *id, const char *field)
{
    return twin_get(p->store, "conflict", id, field);
}

static void a_group_is_mixed_of_both_sides(void **state)
{
    (void)state;
    struct office o;
    struct id id;
    struct note why = {""};
    begin(&o);
    assert_int_equal(set(o.anna, "person", &o.zoe, "street=rue du Pont 1", "city=Namur"),
                     ERR_OK);
    pass_time(&o);
    assert_int_equal(set(o.bilal, "person", &o.zoe, "street=rue Haute 2", "city=Huy"), ERR_OK);
    fleet_heal(&o.f);
    assert_int_equal(count_open(o.chloe, &id), 1);
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    struct edit_value mix[] = {
        {schema_field_named(table, STR("city")), value_text(STR("Huy"))},
        {schema_field_named(table, STR("postcode")), value_text(STR("4500"))}};
    struct edit_value foreign = {schema_field_named(table, STR("name")), value_text(STR("X"))};
    struct edit_choice wrong = {.decision = EDIT_TAKE_OTHER, .mix = &foreign, .mix_count = 1};
    assert_int_equal(edit_decide(o.chloe->store, &id, &wrong, &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "name"));
    struct edit_choice choice = {
        .decision = EDIT_TAKE_OTHER, .mix = mix, .mix_count = 2, .reason = STR("vu sur place")};
    assert_int_equal(edit_decide(o.chloe->store, &id, &choice, &why), ERR_OK);
    fleet_heal(&o.f);
    assert_string_equal(person(o.anna, &o, "street"), "rue du Pont 1");
    assert_string_equal(person(o.anna, &o, "city"), "Huy");
    assert_string_equal(person(o.anna, &o, "postcode"), "4500");
    assert_string_equal(conflict(o.anna, &id, "decision"), "mixed");
    fleet_close(&o.f);
}

static void a_decision_is_reversible(void **state)
{
    (void)state;
    struct office o;
    struct note why = {""};
    begin(&o);
    struct id id = disagree(&o);
    assert_int_equal(choose(o.chloe, &id, EDIT_TAKE_OTHER, "entendu"), ERR_OK);
    fleet_heal(&o.f);
    assert_string_equal(person(o.anna, &o, "emergency"), "le frère");
    struct edit_choice back = {.decision = EDIT_KEEP_CURRENT};
    assert_int_equal(edit_decide(o.anna->store, &id, &back, &why), ERR_EXISTS);
    back.again = true;
    assert_int_equal(edit_decide(o.anna->store, &id, &back, &why), ERR_OK);
    fleet_heal(&o.f);
    assert_string_equal(person(o.bilal, &o, "emergency"), "la tante");
    assert_string_equal(conflict(o.bilal, &id, "decision"), "current");
    assert_string_equal(conflict(o.bilal, &id, "decided_reason"), "");
    fleet_close(&o.f);
}

/* One keeps what is shown, the other takes the other value, neither knowing of it. Only one of
 * them writes the field: without a conflict of their own, the first decision would be gone. */
static void two_decisions_at_once_are_shown_and_the_chosen_one_is_carried_out(void **state)
{
    (void)state;
    for (int chosen = 0; chosen < 2; chosen++) {
        struct office o;
        struct id second;
        begin(&o);
        struct id first = disagree(&o);
        assert_int_equal(choose(o.anna, &first, EDIT_TAKE_OTHER, "il décroche"), ERR_OK);
        pass_time(&o);
        assert_int_equal(choose(o.bilal, &first, EDIT_KEEP_CURRENT, "elle habite à côté"),
                         ERR_OK);
        fleet_heal(&o.f);
        struct party *all[] = {o.anna, o.bilal, o.chloe};
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(count_open(all[i], &second), 1);
            assert_string_equal(conflict(all[i], &second, "of_table"), "conflict");
            assert_string_equal(conflict(all[i], &first, "decision"), "current");
            assert_string_equal(conflict(all[i], &first, "decided_reason"),
                                "elle habite à côté");
        }
        enum edit_decision choice = chosen == 0 ? EDIT_KEEP_CURRENT : EDIT_TAKE_OTHER;
        assert_int_equal(choose(o.chloe, &second, choice, "tranché"), ERR_OK);
        fleet_heal(&o.f);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(count_open(all[i], &second), 0);
            assert_string_equal(conflict(all[i], &first, "decision"),
                                chosen == 0 ? "current" : "other");
            assert_string_equal(conflict(all[i], &first, "decided_reason"),
                                chosen == 0 ? "elle habite à côté" : "il décroche");
            assert_string_equal(person(all[i], &o, "emergency"),
                                chosen == 0 ? "la tante" : "le frère");
        }
        fleet_close(&o.f);
    }
}

static void the_same_decision_twice_is_no_conflict(void **state)
{
    (void)state;
    struct office o;
    struct id id;
    begin(&o);
    struct id first = disagree(&o);
    assert_int_equal(choose(o.anna, &first, EDIT_TAKE_OTHER, ""), ERR_OK);
    assert_int_equal(choose(o.bilal, &first, EDIT_TAKE_OTHER, ""), ERR_OK);
    fleet_heal(&o.f);
    assert_int_equal(count_open(o.chloe, &id), 0);
    assert_string_equal(person(o.chloe, &o, "emergency"), "le frère");
    fleet_close(&o.f);
}

/* A contract end is the manager's or the coordination's to decide. */
static void another_role_is_named_before_anything_is_saved(void **state)
{
    (void)state;
    struct office o;
    struct id id;
    struct note why = {""};
    char who[80];
    char firm[80];
    begin(&o);
    const char *company[] = {"name=Forge fictive", NULL};
    struct id forge = twin_add(o.anna, "company", company);
    const char *contract[] = {ref("person", &o.zoe, who), ref("employer_company", &forge, firm),
                              "kind=CDI", "start=2026-01-05", NULL};
    struct id job = twin_add(o.anna, "contract", contract);
    fleet_heal(&o.f);
    assert_int_equal(set(o.chloe, "contract", &job, "actual_end=2026-11-30", NULL), ERR_OK);
    fleet_sync(&o.f, 2);
    assert_int_equal(set(o.anna, "contract", &job, "actual_end=2026-12-31", NULL), ERR_OK);
    fleet_heal(&o.f);
    assert_int_equal(count_open(o.anna, &id), 1);
    assert_string_equal(twin_get(o.anna->store, "contract", &job, "actual_end"), "2026-11-30");
    struct edit_choice other = {.decision = EDIT_TAKE_OTHER};
    assert_int_equal(edit_decide(o.anna->store, &id, &other, &why), ERR_REFUSED);
    assert_non_null(strstr(why.text, "coordination"));
    assert_non_null(strstr(why.text, "manager"));
    struct store_status status;
    assert_int_equal(store_status(o.anna->store, &status), ERR_OK);
    assert_int_equal(status.unsent, 0);
    assert_int_equal(edit_decide(o.chloe->store, &id, &other, &why), ERR_OK);
    fleet_heal(&o.f);
    assert_string_equal(twin_get(o.anna->store, "contract", &job, "actual_end"), "2026-12-31");
    fleet_close(&o.f);
}

/* What is set once is set anew by who decides the conflict about it, and by nobody else. */
static void a_field_set_once_is_set_anew_by_a_decision_alone(void **state)
{
    (void)state;
    for (int on_server = 0; on_server < 2; on_server++) {
        struct office o;
        struct id id;
        char model[80];
        char text[80];
        begin(&o);
        const char *made[] = {"name=Parcours fictif", NULL};
        struct id of = twin_add(&o.f.twin.server, "pathway_model", made);
        const char *first[] = {ref("model", &of, model), "rank=1", "code=P1", "label=Accueil",
                               NULL};
        struct id phase = twin_add(&o.f.twin.server, "phase", first);
        fleet_heal(&o.f);
        char who[80];
        const char *path[] = {ref("person", &o.zoe, who), ref("model", &of, model),
                              "entry=2026-01-05", NULL};
        struct id pathway = twin_add(o.anna, "pathway", path);
        char on[80];
        const char *fields[] = {ref("pathway", &pathway, on), ref("phase", &phase, text),
                                "start=2026-01-05", NULL};
        struct id step = twin_add(o.anna, "step", fields);
        fleet_heal(&o.f);
        assert_int_equal(set(o.anna, "step", &step, "end=2026-03-01", NULL), ERR_OK);
        fleet_sync(&o.f, 0);
        assert_int_equal(set(o.bilal, "step", &step, "end=2026-04-01", NULL), ERR_OK);
        fleet_heal(&o.f);
        assert_int_equal(count_open(o.chloe, &id), 1);
        assert_int_equal(set(o.chloe, "step", &step, "end=2026-04-01", NULL), ERR_FROZEN);
        assert_int_equal(set(&o.f.twin.server, "step", &step, "end=2026-04-01", NULL),
                         ERR_FROZEN);
        struct party *decider = on_server ? &o.f.twin.server : o.chloe;
        assert_int_equal(choose(decider, &id, EDIT_TAKE_OTHER, "vérifié"), ERR_OK);
        fleet_heal(&o.f);
        struct store_status status;
        assert_int_equal(store_status(o.chloe->store, &status), ERR_OK);
        assert_int_equal(status.quarantined, 0);
        assert_string_equal(twin_get(o.anna->store, "step", &step, "end"), "2026-04-01");
        assert_string_equal(twin_get(o.f.twin.server.store, "step", &step, "end"),
                            "2026-04-01");
        fleet_close(&o.f);
    }
}

static void a_row_locked_or_deleted_since_says_what_can_still_be_done(void **state)
{
    (void)state;
    struct office o;
    struct id id;
    struct note why = {""};
    char who[80];
    begin(&o);
    const char *fields[] = {"kind=individual", ref("person", &o.zoe, who), "date=2026-11-02",
                            "minutes=45", NULL};
    struct id session = twin_add(o.anna, "session", fields);
    fleet_heal(&o.f);
    assert_int_equal(set(o.anna, "session", &session, "place=Namur", NULL), ERR_OK);
    pass_time(&o);
    assert_int_equal(set(o.bilal, "session", &session, "place=Huy", NULL), ERR_OK);
    fleet_heal(&o.f);
    assert_int_equal(count_open(o.anna, &id), 1);
    struct edit_choice other = {.decision = EDIT_TAKE_OTHER};
    struct edit_choice current = {.decision = EDIT_KEEP_CURRENT};
    assert_int_equal(twin_delete(o.bilal, "session", &session, true), ERR_OK);
    fleet_heal(&o.f);
    assert_int_equal(edit_decide(o.anna->store, &id, &other, &why), ERR_NOTFOUND);
    assert_non_null(strstr(why.text, "restore"));
    assert_int_equal(twin_delete(o.bilal, "session", &session, false), ERR_OK);
    assert_int_equal(set(o.bilal, "session", &session, "state=validated", NULL), ERR_OK);
    fleet_heal(&o.f);
    assert_int_equal(edit_decide(o.anna->store, &id, &other, &why), ERR_FROZEN);
    assert_non_null(strstr(why.text, "--keep current"));
    assert_int_equal(count_open(o.anna, &id), 1);
    assert_int_equal(edit_decide(o.anna->store, &id, &current, &why), ERR_OK);
    fleet_heal(&o.f);
    assert_int_equal(count_open(o.chloe, &id), 0);
    fleet_close(&o.f);
}

static void a_row_brought_back_stays_or_goes_again(void **state)
{
    (void)state;
    for (int keep = 0; keep < 2; keep++) {
        struct office o;
        struct id id;
        begin(&o);
        assert_int_equal(twin_delete(o.anna, "person", &o.zoe, true), ERR_OK);
        fleet_sync(&o.f, 0);
        assert_int_equal(set(o.bilal, "person", &o.zoe, "emergency=le frère", NULL), ERR_OK);
        fleet_heal(&o.f);
        assert_int_equal(count_open(o.chloe, &id), 1);
        assert_string_equal(conflict(o.chloe, &id, "reason"), "undeleted");
        enum edit_decision decision = keep == 1 ? EDIT_KEEP_CURRENT : EDIT_TAKE_OTHER;
        assert_int_equal(choose(o.chloe, &id, decision, ""), ERR_OK);
        fleet_heal(&o.f);
        assert_int_equal(twin_count(o.anna->store, "person"), (uint64_t)keep);
        fleet_close(&o.f);
    }
}

/* Same and different, at once: the coordination decides, and the tie follows. */
static void two_answers_about_a_duplicate_are_decided_with_its_tie(void **state)
{
    (void)state;
    for (int same = 0; same < 2; same++) {
        struct office o;
        struct id id;
        begin(&o);
        const char *twin[] = {"name=Fictif", "first_name=Zoé", NULL};
        struct id other = twin_add(o.bilal, "person", twin);
        fleet_heal(&o.f);
        struct id found = {0};
        const struct table *cases = schema_table(&schema_jalon, TABLE_DUPLICATE_CASE);
        assert_int_equal(rows_list(o.anna->store, cases, NULL, 0, false, 0, on_id, &found),
                         ERR_OK);
        assert_int_equal(
            duplicate_decide(o.anna->store, &found, DUPLICATE_SAME, STR("vu"), NULL), ERR_OK);
        pass_time(&o);
        assert_int_equal(
            duplicate_decide(o.bilal->store, &found, DUPLICATE_DIFFERENT, STR("vu"), NULL),
            ERR_OK);
        fleet_heal(&o.f);
        assert_int_equal(count_open(o.chloe, &id), 1);
        assert_int_equal(choose(o.bilal, &id, EDIT_KEEP_CURRENT, ""), ERR_REFUSED);
        assert_string_equal(twin_get(o.chloe->store, "duplicate_case", &found, "state"),
                            "different");
        enum edit_decision decision = same == 1 ? EDIT_TAKE_OTHER : EDIT_KEEP_CURRENT;
        assert_int_equal(choose(o.chloe, &id, decision, ""), ERR_OK);
        fleet_heal(&o.f);
        bool first = id_cmp(&o.zoe, &other) < 0;
        const char *tie =
            twin_get(o.anna->store, "person", first ? &other : &o.zoe, "merged_into");
        assert_int_equal(tie[0] != '\0', same);
        assert_string_equal(twin_get(o.anna->store, "duplicate_case", &found, "state"),
                            same == 1 ? "same" : "different");
        fleet_close(&o.f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_is_mixed_of_both_sides),
        cmocka_unit_test(a_decision_is_reversible),
        cmocka_unit_test(two_decisions_at_once_are_shown_and_the_chosen_one_is_carried_out),
        cmocka_unit_test(the_same_decision_twice_is_no_conflict),
        cmocka_unit_test(another_role_is_named_before_anything_is_saved),
        cmocka_unit_test(a_field_set_once_is_set_anew_by_a_decision_alone),
        cmocka_unit_test(a_row_locked_or_deleted_since_says_what_can_still_be_done),
        cmocka_unit_test(a_row_brought_back_stays_or_goes_again),
        cmocka_unit_test(two_answers_about_a_duplicate_are_decided_with_its_tie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
