/* SPDX-License-Identifier: Apache-2.0 */
/* The people of a structure at work: caseload by weight, what is due with whom, who is silent.
 */
#include "store/team.h"
#include "support/indicators.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static enum err on_member(void *ctx, const struct team_member *m)
{
    buf_printf(ctx, "%.*s: %lld %.2f, %lld %lld %lld%s\n", (int)m->name.n, m->name.p,
               (long long)m->pathways, m->weighted, (long long)m->points, (long long)m->lates,
               (long long)m->drafts, m->silent ? " silent" : "");
    return ERR_OK;
}

static void assert_team(struct work *w, struct store *s, const char *day, const char *expected)
{
    struct buf out = {0};
    assert_int_equal(team_list(s, &w->t.structure, rep_day(day), on_member, &out), ERR_OK);
    buf_u8(&out, 0);
    assert_string_equal((const char *)out.p, expected);
    buf_done(&out);
}

static void what_is_due_is_told_with_who_follows_the_person(void **state)
{
    (void)state;
    struct work w;
    work_open(&w);
    twin_enrol(&w.t, STR("jobcoach")); /* follows one of them too, and writes nothing */
    case_sync_all(&w.t);
    (void)case_assign(w.p, &w.c[0], case_staff(&w.t, 1), "co_referent", "2026-01-01", NULL);
    (void)case_assign(w.p, &w.c[1], case_staff(&w.t, 1), "co_referent", "2026-01-01",
                      "2026-11-20"); /* no more */
    const char *heavy[] = {
        case_ref("model", &w.model), "rank=1", "code=P1", "label=Phase", "weight=2.5", NULL};
    struct id phase = twin_add(&w.t.server, "phase", heavy);
    case_sync_all(&w.t);
    const char *step[] = {case_ref("pathway", &w.c[0].pathway), case_ref("phase", &phase),
                          "start=2026-11-02", NULL};
    (void)twin_add(w.p, "step", step);
    work_exit(&w, 5, "2026-11-20", "CDI");      /* not counted from that day on */
    (void)work_hire(&w, 0, "2026-08-20", NULL); /* M1 and M3 are due, M6 is not */
    case_sync_all(&w.t);
    static const char expected[] =
        "Coach0 Fictif: 5 6.50, 2 0 6\nCoach1 Fictif: 1 2.50, 2 0 0 silent\n";
    assert_team(&w, w.t.server.store, "2026-11-25", expected);
    assert_team(&w, w.p->store, "2026-11-25", expected);
    twin_close(&w.t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_is_told_with_who_follows_the_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
