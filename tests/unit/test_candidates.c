/* SPDX-License-Identifier: Apache-2.0 */
/* What may be here already, asked on a replica before anything is saved. */
#include "store/candidates.h"
#include "support/caseload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static struct arena arena;

/* "name=value" texts, NULL-terminated. */
static struct candidates find(struct store *s, const char *name, const struct id *self,
                              const char *const *fields)
{
    const struct table *table = schema_table_named(&schema_jalon, str_of(name));
    struct edit_value values[8];
    struct candidates out;
    size_t n = 0;
    for (; fields[n] != NULL; n++) {
        const char *eq = strchr(fields[n], '=');
        values[n].field =
            schema_field_named(table, (struct str){fields[n], (size_t)(eq - fields[n])});
        assert_int_equal(
            value_parse(values[n].field, str_of(eq + 1), &arena, &values[n].value, NULL),
            ERR_OK);
    }
    assert_int_equal(candidates_find(s, table, values, n, self, &out), ERR_OK);
    return out;
}

#define FIND(s, table, self, ...) find(s, table, self, (const char *const[]){__VA_ARGS__, NULL})

static struct id person(struct party *p, const char *name, const char *first, const char *born)
{
    const char *fields[] = {name, first, born, NULL};
    return twin_add(p, "person", fields);
}

static void a_person_is_found_by_sound_and_day(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    struct party *p = &t.replicas[0];
    struct id sure = person(p, "name=Fictif", "first_name=Mohammed", "birth_date=1990-03-02");
    struct id swapped = person(p, "name=Fictif", "first_name=Mohamed", "birth_date=1990-02-03");
    struct id undated = person(p, "name=Phictife", "first_name=Mohamed", NULL);
    (void)person(p, "name=Autre", "first_name=Nom", "birth_date=1990-03-02");
    struct candidates c = FIND(p->store, "person", NULL, "name=FICTIF", "first_name=Mohamed",
                               "birth_date=1990-03-02");
    assert_int_equal(c.count, 3);
    assert_true(id_eq(&c.found[0].id, &sure));
    assert_string_equal(c.found[0].why, "sound birth_date");
    assert_true(id_eq(&c.found[1].id, &swapped));
    assert_string_equal(c.found[1].why, "name birth_date_swapped");
    assert_true(id_eq(&c.found[2].id, &undated));
    assert_string_equal(c.found[2].why, "sound");
    assert_true(strlen(candidates_why(&c.found[2])) > 0);
    c = FIND(p->store, "person", &sure, "name=Fictif", "first_name=Mohammed",
             "birth_date=1990-03-02");
    assert_int_equal(c.count, 2);
    c = FIND(p->store, "person", NULL, "name=Fictif", "first_name=Mohamed",
             "birth_date=1971-01-01");
    assert_int_equal(c.count, 1); /* who has no date of birth */
    assert_int_equal(twin_delete(p, "person", &undated, true), ERR_OK);
    c = FIND(p->store, "person", NULL, "name=Fictif", "first_name=Mohamed",
             "birth_date=1971-01-01");
    assert_int_equal(c.count, 0);
    c = FIND(p->store, "person", NULL, "birth_date=1990-03-02");
    assert_int_equal(c.count, 0);
    arena_done(&arena);
    twin_close(&t);
}

static void a_company_is_found_by_number_or_name_and_place(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    struct party *p = &t.replicas[0];
    const char *bike[] = {"name=Vélos Fictifs SA", "postcode=5000", "company_no=0400000102",
                          NULL};
    struct id id = twin_add(p, "company", bike);
    struct candidates c =
        FIND(p->store, "company", NULL, "name=velos fictifs", "postcode=5000");
    assert_int_equal(c.count, 1);
    assert_true(id_eq(&c.found[0].id, &id));
    assert_string_equal(c.found[0].why, "name postcode");
    c = FIND(p->store, "company", NULL, "name=Tout autre", "company_no=0400000102");
    assert_int_equal(c.count, 1);
    assert_int_equal(c.found[0].score, 100);
    c = FIND(p->store, "company", NULL, "name=velos fictifs", "postcode=4000");
    assert_int_equal(c.count, 0);
    arena_done(&arena);
    twin_close(&t);
}

static void a_visit_of_the_same_day_is_found(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    struct party *p = &t.replicas[0];
    struct id model = case_model(&t);
    (void)twin_sync(&t, 0);
    struct case_file c = case_open(p, &model, "MARQUE");
    struct candidates found =
        FIND(p->store, "session", NULL, case_ref("person", &c.person), "date=2026-11-02");
    assert_int_equal(found.count, 1);
    assert_true(id_eq(&found.found[0].id, &c.session));
    found = FIND(p->store, "session", NULL, case_ref("person", &c.person), "date=2026-11-03");
    assert_int_equal(found.count, 0);
    found = FIND(p->store, "step", NULL, "start=2026-11-03");
    assert_int_equal(found.count, 0);
    arena_done(&arena);
    twin_close(&t);
}

static void only_the_surest_are_told(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    struct party *p = &t.replicas[0];
    for (int i = 0; i < CANDIDATES_MAX + 5; i++)
        (void)person(p, "name=Phictife", "first_name=Anna", NULL);
    struct id sure = person(p, "name=Fictif", "first_name=Anna", "birth_date=1990-03-02");
    struct candidates c = FIND(p->store, "person", NULL, "name=Fictif", "first_name=Anna",
                               "birth_date=1990-03-02");
    assert_int_equal(c.count, CANDIDATES_MAX);
    assert_true(id_eq(&c.found[0].id, &sure));
    arena_done(&arena);
    twin_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_person_is_found_by_sound_and_day),
        cmocka_unit_test(a_company_is_found_by_number_or_name_and_place),
        cmocka_unit_test(a_visit_of_the_same_day_is_found),
        cmocka_unit_test(only_the_surest_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
