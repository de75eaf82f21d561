/* SPDX-License-Identifier: Apache-2.0 */
/* Indicators of jobs, of those who give them and of those who pay: figures reckoned by hand,
 * the same on the replica and on the server. */
#include "store/due.h"
#include "support/indicators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

/* "name=value"; one of eight static texts. */
static const char *pair(const char *name, const char *value)
{
    static char texts[8][80];
    static unsigned turn;
    char *out = texts[turn++ % 8];
    (void)snprintf(out, sizeof texts[0], "%s=%s", name, value);
    return out;
}

static struct id phase(struct work *w, const char *rank, const char *code)
{
    const char *fields[] = {case_ref("model", &w->model), pair("rank", rank),
                            pair("code", code),           "label=Phase",
                            pair("network_phase", code),  NULL};
    return twin_add(&w->t.server, "phase", fields);
}

static void step(struct work *w, size_t i, const struct id *in, const char *start,
                 const char *end)
{
    const char *fields[] = {case_ref("pathway", &w->c[i].pathway), case_ref("phase", in),
                            pair("start", start), end == NULL ? NULL : pair("end", end), NULL};
    (void)twin_add(w->p, "step", fields);
}

/* In the structure; a field more, or NULL. */
static struct id engage(struct work *w, size_t i, const char *kind, const char *start,
                        const char *end, const char *more)
{
    const char *fields[] = {case_ref("person", &w->c[i].person),
                            case_ref("employer_structure", &w->t.structure),
                            pair("kind", kind),
                            pair("start", start),
                            end == NULL ? more : end,
                            end == NULL ? NULL : more,
                            NULL};
    return twin_add(w->p, "contract", fields);
}

static void who_left_l2_has_a_lasting_and_good_job_or_not(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    struct id search = phase(&w, "3", "JC3");
    struct id hiring = phase(&w, "4", "JC4");
    case_sync_all(&w.t);
    step(&w, 0, &search, "2026-03-01", "2026-08-10");
    (void)engage(&w, 0, "CDI", "2026-08-24", NULL, "hours_week=19"); /* fourteen days later */
    step(&w, 1, &search, "2026-03-01", "2026-08-10");
    step(&w, 1, &hiring, "2026-08-10", NULL); /* still in L2 */
    step(&w, 2, &search, "2026-03-01", "2026-09-30");
    (void)engage(&w, 2, "CDD", "2026-09-01", "expected_end=2027-02-27",
                 "hours_week=38"); /* a day short of six months */
    step(&w, 3, &hiring, "2026-03-01", "2026-07-01");
    (void)engage(&w, 3, "CDI", "2026-07-02", NULL, NULL); /* how many hours? */
    step(&w, 4, &hiring, "2026-03-01", "2026-10-01");     /* the period is over */
    step(&w, 5, &search, "2026-03-01", NULL);
    work_exit(&w, 5, "2026-08-01", "no_news"); /* who leaves the pathway leaves L2 */
    (void)engage(&w, 5, "CDI", "2026-09-01", NULL, "hours_week=38"); /* a month later */
    struct report_ask ask = rep_ask("2026-12-01", "2026-07-01", "2026-10-01");
    work_same(&w, "I4", &ask,
              "\"left\",4,\r\n\"good_job\",1,25.00\r\n\"unknown\",1,25.00\r\n"
              "\"other_job\",1,25.00\r\n\"no_job\",1,25.00\r\n");
    twin_close(&w.t);
}

static void a_band_is_told_by_the_heads_of_the_day(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    for (size_t i = 0; i < 6; i++) {
        struct id contract = engage(&w, i, "CDI", "2026-03-01", NULL, NULL);
        const char *aid[] = {case_ref("contract", &contract), "aid=EI_TD", "start=2026-03-01",
                             i == 5 ? "end=2026-06-01" : NULL, NULL};
        (void)twin_add(w.p, "contract_aid", aid);
    }
    struct report_ask ask = rep_ask("2026-05-31", "2026-01-01", "2027-01-01");
    work_same(&w, "I15", &ask, "\"EI du Pont\",6,,,8,\"near\"\r\n");
    const char *own[] = {"key=sieg_bands", "value=3:10000 12:20000", "valid_from=2026-01-01",
                         NULL};
    (void)twin_add(&w.t.server, "parameter", own);
    case_sync_all(&w.t);
    ask = rep_ask("2026-06-01", "2026-01-01", "2027-01-01");
    work_same(&w, "I15", &ask, "\"EI du Pont\",5,3,10000,12,\"near\"\r\n");
    ask = rep_ask("2026-05-31", "2026-01-01", "2027-01-01");
    work_same(&w, "I15", &ask, "\"EI du Pont\",6,3,10000,12,\"ok\"\r\n");
    twin_close(&w.t);
}

static void want(struct work *w, size_t i, const char *occupation)
{
    const char *fields[] = {pair("occupation", occupation), NULL};
    assert_int_equal(twin_set(w->p, "pathway", &w->c[i].pathway, fields), ERR_OK);
}

static void contracts_that_follow_each_other_are_one_job(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    const char *jobs[][4] = {{"list=occupation", "code=dev", "label_fr=Métier fictif", NULL},
                             {"list=occupation", "code=cook", "label_fr=Autre métier", NULL}};
    (void)twin_add(&w.t.server, "code", jobs[0]);
    (void)twin_add(&w.t.server, "code", jobs[1]);
    case_sync_all(&w.t);
    (void)engage(&w, 0, "CDD", "2026-01-01", "actual_end=2026-06-30", NULL);
    (void)engage(&w, 0, "CDI", "2026-07-10", NULL, NULL);
    (void)engage(&w, 1, "CDD", "2026-02-01", "actual_end=2026-08-15", NULL);
    (void)engage(&w, 2, "CDI", "2026-08-01", NULL, "occupation=dev");
    (void)engage(&w, 3, "CDI", "2026-09-01", NULL, "occupation=dev");
    want(&w, 2, "dev");
    want(&w, 3, "cook");
    /* month ends: 2, 2, 3 heads; 272, 60 and 29 days */
    struct report_ask ask = rep_ask("2026-09-30", "2026-07-01", "2026-10-01");
    work_same(&w, "I17", &ask, "\"EI du Pont\",3,1,2.33,42.86,60.00,50.00\r\n");
    ask = rep_ask("2026-08-15", "2026-08-10", "2026-08-16"); /* no month ends: its last day */
    work_same(&w, "I17", &ask, "\"EI du Pont\",2,1,2.00,50.00,120.00,100.00\r\n");
    ask.masked_below = 5;
    work_same(&w, "I17", &ask, "\"EI du Pont\",<5,<5,*,*,*,*\r\n");
    twin_close(&w.t);
}

static void benefit(struct work *w, size_t i, const char *code, const char *start,
                    const char *end)
{
    const char *fields[] = {case_ref("person", &w->c[i].person), pair("code", code),
                            pair("start", start), end == NULL ? NULL : pair("end", end), NULL};
    (void)twin_add(w->p, "status_period", fields);
}

static struct id agree(struct work *w, size_t i, const char *start, const char *signed_on)
{
    const char *fields[] = {case_ref("pathway", &w->c[i].pathway), "kind=PIIS",
                            "parties=personne, CPAS", pair("start", start), NULL};
    struct id id = twin_add(w->p, "agreement", fields);
    const char *signature[] = {case_ref("agreement", &id), "signer=person", "name=Fictif",
                               pair("signed_on", signed_on), NULL};
    (void)twin_add(w->p, "agreement_signature", signature);
    return id;
}

static void a_piis_is_signed_and_reviewed_in_time(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    benefit(&w, 0, "RIS", "2026-01-10", NULL);
    benefit(&w, 1, "RIS", "2026-01-10", NULL);
    benefit(&w, 2, "ERIS", "2026-01-10", NULL); /* never signed */
    benefit(&w, 3, "RIS", "2026-05-20", NULL);  /* has time */
    benefit(&w, 4, "RIS", "2025-12-01", "2026-02-01");
    benefit(&w, 4, "ERIS", "2026-02-01", NULL); /* goes on, is not new */
    struct id first = agree(&w, 0, "2026-03-01", "2026-04-10");
    (void)agree(&w, 1, "2026-03-15", "2026-04-11");
    struct due due = {.rule = "agreement_review", .day = rep_day("2026-06-01")};
    struct id deadline = due_id(&due, &first);
    const char *done[] = {"state=done", "done_on=2026-05-28", NULL};
    assert_int_equal(twin_set(w.p, "deadline", &deadline, done), ERR_OK);
    struct report_ask ask = rep_ask("2026-06-30", "2026-01-01", "2026-07-01");
    work_same(&w, "I19", &ask, "\"signature\",3,1,2,1,33.33\r\n\"review\",2,1,1,0,50.00\r\n");
    const char *late[] = {"done_on=2026-06-02", NULL};
    assert_int_equal(twin_set(w.p, "deadline", &deadline, late), ERR_OK);
    work_same(&w, "I19", &ask, "\"signature\",3,1,2,1,33.33\r\n\"review\",2,0,2,0,0.00\r\n");
    twin_close(&w.t);
}

/* ---- an operation ---- */

static struct id join(struct work *w, size_t i, const struct id *project, const char *out)
{
    const char *fields[] = {case_ref("person", &w->c[i].person), case_ref("project", project),
                            "entry=2026-03-01", i == 4 ? "one_day=true" : NULL, NULL};
    struct id id = twin_add(w->p, "participation", fields);
    const char *end[] = {out == NULL ? NULL : pair("exit", out), NULL};
    if (out != NULL)
        assert_int_equal(twin_set(w->p, "participation", &id, end), ERR_OK);
    return id;
}

static struct id answer(struct work *w, const struct id *of, const char *when,
                        const char *question, const char *value, const struct id *replaces)
{
    const char *fields[] = {case_ref("participation", of),
                            pair("milestone", when),
                            pair("question", question),
                            pair("value", value),
                            replaces == NULL ? NULL : case_ref("replaces", replaces),
                            NULL};
    return twin_add(w->p, "participation_answer", fields);
}

static void who(struct work *w, size_t i, const char *gender, const char *birth,
                const char *education)
{
    const char *fields[] = {pair("gender", gender), pair("birth_date", birth),
                            pair("education", education), NULL};
    assert_int_equal(twin_set(w->p, "person", &w->c[i].person, fields), ERR_OK);
}

static void open_operation(struct work *w)
{
    const char *fields[] = {"code=FSE-1", "name=Opération fictive", "start=2026-01-01", NULL};
    struct id project = twin_add(&w->t.server, "project", fields);
    struct id part[6];
    static const char *const out[6] = {"2026-05-01", "2026-06-10", "2026-06-10",
                                       "2026-06-01", "2026-03-01", NULL};
    case_sync_all(&w->t);
    who(w, 0, "F", "1990-05-05", "2");
    who(w, 1, "M", "2008-03-02", "4"); /* eighteen on the day after */
    who(w, 2, "M", "2008-03-01", "6"); /* … on the very day */
    who(w, 3, "F", "1980-01-01", "3");
    who(w, 4, "X", "1980-01-01", "3");
    who(w, 5, "unknown", "1971-03-01", "0");
    for (size_t i = 0; i < 6; i++)
        part[i] = join(w, i, &project, out[i]);
    (void)answer(w, &part[0], "entry", "employment", "unemployed", NULL);
    (void)answer(w, &part[0], "entry", "homeless", "yes", NULL);
    (void)answer(w, &part[1], "entry", "employment", "long_term", NULL);
    (void)answer(w, &part[1], "entry", "rural", "yes", NULL);
    (void)answer(w, &part[2], "entry", "employment", "inactive", NULL);
    (void)answer(w, &part[4], "entry", "employment", "employed", NULL);
    struct id first = answer(w, &part[5], "entry", "employment", "employed", NULL);
    (void)answer(w, &part[5], "entry", "employment", "refus", &first);
    (void)answer(w, &part[0], "exit", "situation", "employed", NULL);
    (void)answer(w, &part[2], "m6", "situation", "better_situation", NULL);
    const char *left[] = {case_ref("pathway", &w->c[1].pathway), "date=2026-06-12",
                          "reason=qualifying_training", "at_4_weeks=training", NULL};
    (void)twin_add(w->p, "exit", left);
}

static void outputs_of_an_operation_are_by_gender(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    open_operation(&w);
    struct report_ask ask = rep_ask("2026-11-30", "2026-03-01", "2026-03-02");
    work_same(&w, "I23", &ask,
              "\"participants\",1,2,1,4,\r\n\"unemployed\",1,1,0,2,50.00\r\n"
              "\"long_term\",0,1,0,1,25.00\r\n\"inactive\",0,1,0,1,25.00\r\n"
              "\"employed\",0,0,0,0,0.00\r\n\"refused\",0,0,1,1,25.00\r\n"
              "\"isced_0_2\",1,0,1,2,50.00\r\n\"isced_3_4\",0,1,0,1,25.00\r\n"
              "\"isced_5_8\",0,1,0,1,25.00\r\n\"homeless\",1,0,0,1,25.00\r\n"
              "\"rural\",0,1,0,1,25.00\r\n\"age_0_17\",0,1,0,1,25.00\r\n"
              "\"age_18_29\",0,1,0,1,25.00\r\n\"age_30_54\",1,0,0,1,25.00\r\n"
              "\"age_55_up\",0,0,1,1,25.00\r\n\"incomplete\",1,0,0,1,\r\n");
    twin_close(&w.t);
}

static void results_of_an_operation_are_told_twice(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    open_operation(&w);
    /* Of the six months only two are told: one is over, of one somebody told early. */
    struct report_ask ask = rep_ask("2026-11-30", "2026-05-01", "2026-07-01");
    work_same(&w, "I24", &ask,
              "\"exit\",\"searching\",0,0,0,0,0.00\r\n\"exit\",\"training\",0,1,0,1,33.33\r\n"
              "\"exit\",\"qualified\",0,0,0,0,0.00\r\n\"exit\",\"employed\",1,0,0,1,33.33\r\n"
              "\"exit\",\"better_situation\",0,0,0,0,0.00\r\n"
              "\"exit\",\"inactive\",0,0,0,0,0.00\r\n\"exit\",\"refus\",0,0,0,0,0.00\r\n"
              "\"exit\",\"unknown\",0,1,0,1,33.33\r\n\"m6\",\"searching\",0,0,0,0,0.00\r\n"
              "\"m6\",\"training\",0,0,0,0,0.00\r\n\"m6\",\"qualified\",0,0,0,0,0.00\r\n"
              "\"m6\",\"employed\",0,0,0,0,0.00\r\n"
              "\"m6\",\"better_situation\",0,1,0,1,50.00\r\n"
              "\"m6\",\"inactive\",0,0,0,0,0.00\r\n\"m6\",\"refus\",0,0,0,0,0.00\r\n"
              "\"m6\",\"unknown\",1,0,0,1,50.00\r\n\"\",\"incomplete\",1,0,0,1,\r\n");
    twin_close(&w.t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_left_l2_has_a_lasting_and_good_job_or_not),
        cmocka_unit_test(a_band_is_told_by_the_heads_of_the_day),
        cmocka_unit_test(contracts_that_follow_each_other_are_one_job),
        cmocka_unit_test(a_piis_is_signed_and_reviewed_in_time),
        cmocka_unit_test(outputs_of_an_operation_are_by_gender),
        cmocka_unit_test(results_of_an_operation_are_told_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
