/* SPDX-License-Identifier: Apache-2.0 */
/* Indicators: the published table of Molenbeek from dated steps, periods that are half open,
 * what is counted once, what is masked, and the same figures on both sides. */
#include "store/report.h"
#include "support/indicators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

/* ---- Molenbeek ---- */

enum { PHASES = 5, MONTHS = 4, DOSSIERS = 5832 };
static const struct {
    const char *at;
    int dossiers, phase[PHASES];
} molenbeek[MONTHS] = {{"2009-12-31", 5131, {208, 81, 300, 192, 301}},
                       {"2010-12-31", 5640, {1005, 682, 707, 314, 297}},
                       {"2011-12-31", 5832, {665, 1087, 1092, 833, 332}},
                       {"2012-06-30", 5633, {920, 1034, 1087, 772, 332}}};

/* The phase of the n-th dossier at that month's end; PHASES: none. */
static int phase_at(int month, int n)
{
    for (int p = 0; p < PHASES; p++) {
        if (n < molenbeek[month].phase[p])
            return p;
        n -= molenbeek[month].phase[p];
    }
    return PHASES;
}

struct town {
    struct edit *edit;
    struct id structure, model, phases[PHASES];
};

static struct edit_value set(const struct table *table, const char *name, struct value v)
{
    return (struct edit_value){schema_field_named(table, str_of(name)), v};
}

static struct id put(struct town *t, uint16_t table_id, const struct edit_value *values,
                     size_t n)
{
    struct id id;
    assert_int_equal(
        edit_insert(t->edit, schema_table(&schema_jalon, table_id), values, n, &id, NULL),
        ERR_OK);
    return id;
}

/* From the first month with this many dossiers on, until one with fewer. */
static void status(struct town *t, const struct id *person, int n)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_STATUS_PERIOD);
    int from = 0;
    while (molenbeek[from].dossiers <= n)
        from++;
    int to = from;
    while (to < MONTHS && molenbeek[to].dossiers > n)
        to++;
    struct edit_value values[] = {
        set(table, "person", value_id(person)),
        set(table, "code", value_text(n % 3 == 0 ? STR("ERIS") : STR("RIS"))),
        set(table, "start", value_int(rep_day(molenbeek[from].at) - 20)),
        set(table, "end", value_int(to == MONTHS ? 0 : rep_day(molenbeek[to].at) - 20))};
    (void)put(t, TABLE_STATUS_PERIOD, values, to == MONTHS ? 3 : 4);
}

static void steps(struct town *t, const struct id *pathway, int n)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_STEP);
    for (int m = 0; m < MONTHS;) {
        int phase = phase_at(m, n);
        int to = m + 1;
        while (to < MONTHS && phase_at(to, n) == phase)
            to++;
        struct edit_value values[] = {
            set(table, "pathway", value_id(pathway)),
            set(table, "phase", value_id(&t->phases[phase % PHASES])),
            set(table, "start", value_int(rep_day(molenbeek[m].at) - n % 25)),
            set(table, "end",
                value_int(to == MONTHS ? 0 : rep_day(molenbeek[to].at) - n % 25))};
        if (phase < PHASES)
            (void)put(t, TABLE_STEP, values, to == MONTHS ? 3 : 4);
        m = to;
    }
}

static void dossier(struct town *t, int n)
{
    const struct table *persons = schema_table(&schema_jalon, TABLE_PERSON);
    const struct table *pathways = schema_table(&schema_jalon, TABLE_PATHWAY);
    char name[40];
    (void)snprintf(name, sizeof name, "Fictif %c%c%c%c", 'A' + n % 26, 'a' + n / 26 % 26,
                   'a' + n / 676 % 26, 'a' + n * 7 % 26);
    struct edit_value person[] = {set(persons, "name", value_text(str_of(name))),
                                  set(persons, "first_name", value_text(STR("Zoé"))),
                                  set(persons, "birth_date", value_int(n)),
                                  set(persons, "structure", value_id(&t->structure))};
    struct id id = put(t, TABLE_PERSON, person, 4);
    status(t, &id, n);
    struct edit_value pathway[] = {set(pathways, "person", value_id(&id)),
                                   set(pathways, "model", value_id(&t->model)),
                                   set(pathways, "entry", value_int(rep_day("2009-01-05")))};
    bool followed = false;
    for (int m = 0; m < MONTHS; m++)
        followed = followed || phase_at(m, n) < PHASES;
    if (!followed)
        return;
    struct id way = put(t, TABLE_PATHWAY, pathway, 3);
    steps(t, &way, n);
}

static void the_table_of_molenbeek_comes_out_of_its_steps(void **state)
{
    (void)state;
    static const char *const codes[PHASES] = {"F", "ALPHA", "EF", "EMPLOI", "A60"};
    static const char *const expected[MONTHS] = {
        "\"F\",208,\r\n\"ALPHA\",81,\r\n\"EF\",300,\r\n\"EMPLOI\",192,\r\n\"A60\",301,\r\n"
        "\"ISP\",1082,\r\n\"RIS+ERIS\",5131,21.09\r\n",
        "\"F\",1005,\r\n\"ALPHA\",682,\r\n\"EF\",707,\r\n\"EMPLOI\",314,\r\n\"A60\",297,\r\n"
        "\"ISP\",3005,\r\n\"RIS+ERIS\",5640,53.28\r\n",
        "\"F\",665,\r\n\"ALPHA\",1087,\r\n\"EF\",1092,\r\n\"EMPLOI\",833,\r\n\"A60\",332,\r\n"
        "\"ISP\",4009,\r\n\"RIS+ERIS\",5832,68.74\r\n",
        "\"F\",920,\r\n\"ALPHA\",1034,\r\n\"EF\",1087,\r\n\"EMPLOI\",772,\r\n\"A60\",332,\r\n"
        "\"ISP\",4145,\r\n\"RIS+ERIS\",5633,73.58\r\n"};
    struct twin t;
    struct town town;
    twin_open(&t, 0, &schema_jalon);
    town.structure = t.structure;
    town.model = case_model(&t);
    for (int p = 0; p < PHASES; p++) {
        char text[3][40];
        (void)snprintf(text[0], sizeof text[0], "rank=%d", p + 1);
        (void)snprintf(text[1], sizeof text[1], "code=%s", codes[p]);
        (void)snprintf(text[2], sizeof text[2], "network_phase=%s", codes[p]);
        const char *fields[] = {
            case_ref("model", &town.model), text[0], text[1], "label=Phase", text[2], NULL};
        town.phases[p] = twin_add(&t.server, "phase", fields);
    }
    assert_int_equal(edit_open(t.server.store, &town.edit, NULL), ERR_OK);
    for (int n = 0; n < DOSSIERS; n++)
        dossier(&town, n);
    assert_int_equal(edit_commit(town.edit, NULL), ERR_OK);
    for (int m = 0; m < MONTHS; m++) {
        struct report_ask ask = rep_ask(molenbeek[m].at, "2009-01-01", "2013-01-01");
        assert_string_equal(rep_csv(t.server.store, "I1", &ask), expected[m]);
        ask.structure = t.structure;
        assert_string_equal(rep_csv(t.server.store, "i1", &ask), expected[m]);
        ask.structure.b[0] ^= 1;
        assert_string_equal(rep_csv(t.server.store, "I1", &ask),
                            "\"ISP\",0,\r\n\"RIS+ERIS\",,\r\n");
    }
    twin_close(&t);
}

/* ---- one coach's work ---- */

static void follow_up(struct work *w, const struct id *contract, const char *milestone,
                      const char *on, const char *in_job, bool both)
{
    char text[3][40];
    (void)snprintf(text[0], sizeof text[0], "milestone=%s", milestone);
    (void)snprintf(text[1], sizeof text[1], "date=%s", on);
    (void)snprintf(text[2], sizeof text[2], "in_job=%s", in_job);
    const char *fields[] = {
        case_ref("contract", contract),  text[0], text[1], text[2], "person_score=4",
        both ? "company_score=3" : NULL, NULL};
    (void)twin_add(w->p, "job_followup", fields);
}

static void exits_are_classed_and_two_of_one_pathway_count_as_none(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    work_exit(&w, 0, "2026-11-30", "CDI");
    work_exit(&w, 1, "2026-11-30", "death");
    work_exit(&w, 2, "2026-11-05", "no_news");
    work_exit(&w, 3, "2026-11-06", "CDI");
    work_exit(&w, 3, "2026-11-07", "no_news");
    work_exit(&w, 4, "2026-12-01", "CDI"); /* the period ends before it */
    struct report_ask ask = rep_ask("2026-11-30", "2026-11-01", "2026-12-01");
    work_same(&w, "I3", &ask,
              "\"durable\",1,25.00\r\n\"neutral\",1,25.00\r\n\"no_solution\",1,25.00\r\n"
              "\"undecided\",1,25.00\r\n\"positive\",1,33.33\r\n");
    work_same(&w, "I2", &ask,
              "\"active_begin\",0,0\r\n\"entries\",6,6\r\n\"exits\",4,4\r\n"
              "\"active_end\",2,2\r\n");
    twin_close(&w.t);
}

static void six_months_later_is_told_by_contracts_and_follow_ups(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    (void)work_hire(&w, 0, "2026-03-31", "2026-09-29"); /* a day short … */
    (void)work_hire(&w, 0, "2026-10-10", NULL);         /* … and back with the same one */
    (void)work_hire(&w, 1, "2026-04-01", "2026-06-30");
    (void)work_hire(&w, 2, "2026-04-01", NULL); /* nobody asked */
    struct id asked = work_hire(&w, 3, "2026-04-01", NULL);
    follow_up(&w, &asked, "M6", "2026-09-20", "same", true);
    follow_up(&w, &asked, "M3", "2026-07-16", "same", false);
    struct id gone = work_hire(&w, 4, "2026-04-01", NULL);
    follow_up(&w, &gone, "M6", "2026-10-16", "no", false);
    (void)work_hire(&w, 5, "2026-05-01", NULL); /* outside the period */
    struct report_ask ask = rep_ask("2026-11-01", "2026-03-01", "2026-05-01");
    work_same(&w, "I5", &ask,
              "\"started\",5,\r\n\"unknown\",1,20.00\r\n\"same_employer\",2,50.00\r\n"
              "\"any_job\",2,50.00\r\n\"any_job_prudent\",2,40.00\r\n");
    ask = rep_ask("2026-11-01", "2026-07-01", "2026-11-01");
    work_same(&w, "I6", &ask,
              "\"M1\",0,0,,0\r\n\"M3\",4,1,25.00,0\r\n\"M6\",3,2,66.67,1\r\n"
              "\"all\",7,3,42.86,1\r\n");
    twin_close(&w.t);
}

static void hours_count_once_for_each_who_was_there(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    const char *visit[] = {"kind=tripartite", case_ref("person", &w.c[0].person),
                           "date=2026-11-10", "minutes=45", NULL};
    struct id first = twin_add(w.p, "session", visit);
    struct id second = twin_add(w.p, "session", visit);
    struct id draft = twin_add(w.p, "session", visit);
    const char *there[] = {case_ref("session", &first), case_ref("staff", case_staff(&w.t, 0)),
                           NULL};
    (void)twin_add(w.p, "session_staff", there);
    const char *same[] = {case_ref("same_as", &first), NULL};
    assert_int_equal(twin_set(w.p, "session", &second, same), ERR_OK);
    const char *came[] = {case_ref("session", &first),
                          case_ref("person", &w.c[0].person),
                          "date=2026-11-10",
                          "status=present",
                          "minutes=30",
                          NULL};
    (void)twin_add(w.p, "attendance", came);
    const char *valid[] = {"state=validated", NULL};
    assert_int_equal(twin_set(w.p, "session", &first, valid), ERR_OK);
    assert_int_equal(twin_set(w.p, "session", &second, valid), ERR_OK);
    (void)draft;
    struct report_ask ask = rep_ask("2026-11-30", "2026-11-10", "2026-11-11");
    work_same(&w, "I7", &ask, "\"tripartite\",1,0.75,0.50\r\n");
    ask.to = ask.from;
    work_same(&w, "I7", &ask, "");
    twin_close(&w.t);
}

static void assess(struct work *w, size_t i, int version, const char *date,
                   const char *language, const char *digital, bool locked)
{
    char text[2][40];
    (void)snprintf(text[0], sizeof text[0], "version=%d", version);
    (void)snprintf(text[1], sizeof text[1], "date=%s", date);
    const char *bilan[] = {case_ref("pathway", &w->c[i].pathway), text[0], text[1], NULL};
    struct id id = twin_add(w->p, "assessment", bilan);
    const char *axes[][4] = {{case_ref("assessment", &id), "axis=language", language, NULL},
                             {case_ref("assessment", &id), "axis=digital", digital, NULL}};
    (void)twin_add(w->p, "assessment_axis", axes[0]);
    if (digital != NULL)
        (void)twin_add(w->p, "assessment_axis", axes[1]);
    const char *lock[] = {"state=locked", NULL};
    if (locked)
        assert_int_equal(twin_set(w->p, "assessment", &id, lock), ERR_OK);
}

static void the_distance_is_from_the_first_to_the_last_locked_assessment(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    assess(&w, 0, 1, "2026-02-01", "level=1", "level=3", true);
    assess(&w, 0, 2, "2026-05-01", "level=4", "level=0", true); /* neither first nor last */
    assess(&w, 0, 3, "2026-09-01", "level=3", "level=2", true);
    assess(&w, 0, 4, "2026-10-01", "level=4", "level=4", false); /* a draft */
    assess(&w, 1, 1, "2026-02-01", "level=2", "level=2", true);
    assess(&w, 1, 2, "2026-08-01", "level=2", NULL, true);      /* one axis was not looked at */
    assess(&w, 2, 1, "2026-02-01", "level=0", "level=0", true); /* one only */
    assess(&w, 3, 1, "2026-02-01", "level=0", "level=0", true);
    assess(&w, 3, 2, "2026-12-01", "level=4", "level=4", true); /* later than asked */
    struct report_ask ask = rep_ask("2026-11-30", "2026-01-01", "2026-12-01");
    work_same(&w, "I20", &ask,
              "\"digital\",1,-1.00,0.00,0.00,100.00\r\n"
              "\"language\",2,2.00,50.00,50.00,0.00\r\n");
    ask.masked_below = 5;
    work_same(&w, "I20", &ask, "\"digital\",<5,*,*,*,*\r\n\"language\",<5,*,*,*,*\r\n");
    twin_close(&w.t);
}

static void validate(struct work *w, size_t i, const char *step, const char *test_on)
{
    char text[2][40];
    (void)snprintf(text[0], sizeof text[0], "step=%s", step);
    (void)snprintf(text[1], sizeof text[1], "test_on=%s", test_on == NULL ? "" : test_on);
    const char *fields[] = {case_ref("person", &w->c[i].person), "occupation=dev", text[0],
                            test_on == NULL ? NULL : text[1], NULL};
    (void)twin_add(w->p, "skill_validation", fields);
}

static void titles_are_held_against_tests(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    const char *job[] = {"list=occupation", "code=dev", "label_fr=Métier fictif", NULL};
    (void)twin_add(&w.t.server, "code", job);
    case_sync_all(&w.t);
    validate(&w, 0, "title", "2026-03-01");
    validate(&w, 1, "test", "2026-06-30");
    validate(&w, 2, "jury", "2026-07-01"); /* the period ended the day before */
    validate(&w, 3, "registered", "2026-06-01");
    validate(&w, 4, "guidance", NULL);
    validate(&w, 5, "info", NULL);
    struct report_ask ask = rep_ask("2026-11-30", "2026-01-01", "2026-07-01");
    work_same(&w, "I22", &ask, "4,2,1,50.00\r\n");
    ask = rep_ask("2026-11-30", "2026-08-01", "2026-09-01");
    work_same(&w, "I22", &ask, "1,0,0,\r\n");
    twin_close(&w.t);
}

static void every_report_is_the_same_on_both_sides(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    (void)work_hire(&w, 0, "2026-11-05", NULL);
    work_exit(&w, 1, "2026-11-30", "CDI");
    case_sync_all(&w.t);
    struct report_ask asks[] = {rep_ask("2026-11-30", "2026-11-01", "2026-12-01"),
                                rep_ask("2026-11-30", "2026-11-01", "2026-12-01"),
                                rep_ask("2026-11-30", "2026-11-01", "2026-12-01")};
    asks[1].structure = w.t.structure;
    asks[2].staff = *case_staff(&w.t, 0);
    for (size_t i = 0; i < report_count; i++) {
        for (size_t k = 0; k < sizeof asks / sizeof *asks; k++) {
            const char *name = report_at(i)->name;
            const char *ours = rep_csv(w.p->store, name, &asks[k]);
            assert_string_equal(ours, rep_csv(w.t.server.store, name, &asks[k]));
        }
    }
    work_same(&w, "I8", &asks[0], rep_csv(w.p->store, "I8", &asks[2]));
    assert_null(report_named(STR("I99")));
    twin_close(&w.t);
}

static void small_counts_are_masked_with_their_shares(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    work_exit(&w, 0, "2026-11-30", "CDI");
    struct report_ask ask = rep_ask("2026-11-30", "2026-11-01", "2026-12-01");
    struct buf out = {0};
    ask.masked_below = 5;
    assert_string_equal(rep_csv(w.p->store, "I3", &ask),
                        "\"durable\",<5,*\r\n\"positive\",<5,*\r\n");
    assert_string_equal(rep_csv(w.p->store, "I2", &ask),
                        "\"active_begin\",0,0\r\n\"entries\",6,6\r\n\"exits\",<5,<5\r\n"
                        "\"active_end\",5,5\r\n");
    assert_int_equal(report_json(w.p->store, report_named(STR("I3")), &ask, &out), ERR_OK);
    const char *masked = "\"pathways\":null,\"share\":null,\"masked\":[\"pathways\",";
    assert_non_null(memmem(out.p, out.n, masked, strlen(masked)));
    buf_done(&out);
    twin_close(&w.t);
}

static void figures_are_rounded_half_up(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } cases[] = {{1.005, "1.01"}, {2.675, "2.68"},   {33.333333, "33.33"},
                 {0, "0.00"},     {21.085, "21.09"}, {100, "100.00"}};
    const struct report *r = report_named(STR("I7"));
    struct report_ask ask = {.at = 0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct report_cell cell = {.number = cases[i].v};
        struct buf out = {0};
        report_print(r, &ask, 2, &cell, &out);
        assert_true(str_eq(buf_str(&out), str_of(cases[i].text)));
        buf_done(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_molenbeek_comes_out_of_its_steps),
        cmocka_unit_test(exits_are_classed_and_two_of_one_pathway_count_as_none),
        cmocka_unit_test(six_months_later_is_told_by_contracts_and_follow_ups),
        cmocka_unit_test(hours_count_once_for_each_who_was_there),
        cmocka_unit_test(the_distance_is_from_the_first_to_the_last_locked_assessment),
        cmocka_unit_test(titles_are_held_against_tests),
        cmocka_unit_test(every_report_is_the_same_on_both_sides),
        cmocka_unit_test(small_counts_are_masked_with_their_shares),
        cmocka_unit_test(figures_are_rounded_half_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
