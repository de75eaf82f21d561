/* SPDX-License-Identifier: Apache-2.0 */
/* What cannot both be so in a dossier is told, and nothing else. */
#include "store/overlaps.h"
#include "support/caseload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

enum { DAY = 20770 }; /* 2026-11-13 */

static enum err on_overlap(void *ctx, const struct overlap *o)
{
    char *text = ctx;
    assert_true(id_cmp(&o->left, &o->right) < 0);
    assert_true(strlen(overlap_text(o->kind)) > 0);
    (void)snprintf(text + strlen(text), 200 - strlen(text), "%s;", overlap_word(o->kind));
    return ERR_OK;
}

static const char *told(struct party *p, const struct id *person)
{
    static char text[200];
    text[0] = '\0';
    assert_int_equal(overlaps_list(p->store, person, DAY, on_overlap, text), ERR_OK);
    return text;
}

static struct id step(struct party *p, const struct case_file *c, const struct id *phase,
                      const char *start)
{
    const char *fields[] = {case_ref("pathway", &c->pathway), case_ref("phase", phase), start,
                            NULL};
    return twin_add(p, "step", fields);
}

static struct id status(struct party *p, const struct case_file *c, const char *code,
                        const char *start, const char *end)
{
    const char *fields[] = {case_ref("person", &c->person), code, start, end, NULL};
    return twin_add(p, "status_period", fields);
}

static void what_contradicts_itself_is_told(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 2, &schema_jalon);
    struct party *p = &t.replicas[0];
    struct id model = case_model(&t);
    const char *fields[] = {case_ref("model", &model), "rank=1", "code=RE", "label=Recherche",
                            NULL};
    struct id phase = twin_add(&t.server, "phase", fields);
    case_sync_all(&t);
    struct case_file c = case_open(p, &model, "MARQUE");
    struct case_file other = case_open(p, &model, "MARQUE");
    struct id first = step(p, &c, &phase, "start=2026-11-02");
    (void)step(p, &c, &phase, "start=2026-12-24"); /* not yet */
    (void)step(p, &other, &phase, "start=2026-11-02");
    (void)case_assign(p, &c, case_staff(&t, 0), "referent", "2026-11-02", NULL);
    (void)case_assign(p, &c, case_staff(&t, 1), "co_referent", "2026-11-02", NULL);
    (void)status(p, &c, "code=RIS", "start=2026-01-01", "end=2026-06-01");
    (void)status(p, &c, "code=DEI_paid", "start=2026-06-01", NULL);
    (void)status(p, &c, "code=student", "start=2026-06-01", NULL); /* excludes nothing */
    assert_string_equal(told(p, &c.person), "");
    (void)step(p, &c, &phase, "start=2026-11-10");
    (void)case_assign(p, &c, case_staff(&t, 1), "referent", "2026-11-03", NULL);
    (void)status(p, &c, "code=ERIS", "start=2026-05-31", "end=2026-06-01");
    assert_string_equal(told(p, &c.person), "two_open_steps;two_referents;exclusive_status;");
    assert_string_equal(told(p, &other.person), "");
    const char *end[] = {"end=2026-11-10", NULL};
    assert_int_equal(twin_set(p, "step", &first, end), ERR_OK);
    assert_string_equal(told(p, &c.person), "two_referents;exclusive_status;");
    twin_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_contradicts_itself_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
