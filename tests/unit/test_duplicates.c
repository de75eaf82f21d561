/* SPDX-License-Identifier: Apache-2.0 */
/* What was entered twice: what the server finds, what it leaves alone, and what a decision does
 * and takes back. */
#include "store/duplicates.h"
#include "store/inside.h"
#include "store/lookalike.h"
#include "store/names.h"
#include "store/ties.h"
#include "support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct office {
    struct fleet f;
    struct party *anna, *bilal, *chloe;
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
}

static struct id person(struct party *p, const char *name, const char *first, const char *born)
{
    char a[80];
    char b[80];
    char c[80];
    (void)snprintf(a, sizeof a, "name=%s", name);
    (void)snprintf(b, sizeof b, "first_name=%s", first);
    (void)snprintf(c, sizeof c, "birth_date=%s", born);
    const char *fields[] = {a, b, c, NULL};
    return twin_add(p, "person", fields);
}

static const char *ref(const char *field, const struct id *id, char out[80])
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, 80, "%s=%s", field, text);
    return out;
}

static enum err set(struct party *p, const char *table, const struct id *id, const char *field)
{
    const char *fields[] = {field, NULL};
    return twin_set(p, table, id, fields);
}

struct seen {
    size_t n;
    struct id ids[32];
    struct duplicate cases[32];
    char why[32][64];
    int64_t score[32];
};

static enum err on_case(void *ctx, const struct row *row, const struct duplicate *d)
{
    struct seen *seen = ctx;
    const struct table *table = schema_table(&schema_jalon, TABLE_DUPLICATE_CASE);
    struct str why = row->values[schema_field_index(table, FIELD_DUPLICATE_WHY)].s;
    assert_true(seen->n < 32);
    seen->ids[seen->n] = row->id;
    seen->cases[seen->n] = *d;
    (void)snprintf(seen->why[seen->n], 64, "%.*s", (int)why.n, why.p);
    seen->score[seen->n] = row->values[schema_field_index(table, FIELD_DUPLICATE_SCORE)].i;
    seen->n++;
    return ERR_OK;
}

static struct seen waiting(struct party *p)
{
    struct seen seen = {.n = 0};
    assert_int_equal(duplicates_list(p->store, false, on_case, &seen), ERR_OK);
    return seen;
}

static void the_same_person_of_two_laptops_is_a_case_for_all_who_see_both(void **state)
{
    (void)state;
    struct office o;
    begin(&o);
    struct id a = person(o.anna, "Fictif", "Élise", "1990-03-02");
    struct id b = person(o.bilal, "FICTIF", "elise", "1990-03-02");
    fleet_heal(&o.f);
    bool ordered = id_cmp(&a, &b) < 0;
    struct party *all[] = {&o.f.twin.server, o.anna, o.bilal, o.chloe};
    for (size_t i = 0; i < 4; i++) {
        struct seen seen = waiting(all[i]);
        assert_int_equal(seen.n, 1);
        assert_int_equal(seen.cases[0].state, DUPLICATE_OPEN);
        assert_true(id_eq(&seen.cases[0].left, ordered ? &a : &b));
        assert_true(id_eq(&seen.cases[0].right, ordered ? &b : &a));
        assert_string_equal(seen.why[0], "name birth_date");
        assert_int_equal(seen.score[0], 100);
        assert_int_equal(twin_count(all[i]->store, "person"), 2);
    }
    struct store_status status;
    assert_int_equal(store_status(o.bilal->store, &status), ERR_OK);
    assert_int_equal(status.duplicates, 1);
    fleet_close(&o.f);
}

static void what_resembles_is_found_and_what_does_not_is_left_alone(void **state)
{
    (void)state;
    static const struct {
        const char *name, *first, *born;
        const char *why; /* NULL: not found */
    } others[] = {
        {"Dupond", "Filip", "1980-05-04", "sound birth_date"},
        {"Filip", "Dupond", "1980-05-04", "sound birth_date"},
        {"Dupont", "Philippe", "1980-04-05", "name birth_date_swapped"},
        {"Dupont", "Philippe", "", "name"},
        {"Dupond", "Filip", "", NULL},
        {"Dupont", "Philippe", "1981-05-04", NULL},
        {"Dupont", "Luc", "1980-05-04", NULL},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct office o;
        begin(&o);
        (void)person(o.anna, "Dupont", "Philippe", "1980-05-04");
        (void)person(o.bilal, others[i].name, others[i].first, others[i].born);
        fleet_heal(&o.f);
        struct seen seen = waiting(o.chloe);
        assert_int_equal(seen.n, others[i].why == NULL ? 0 : 1);
        if (others[i].why != NULL)
            assert_string_equal(seen.why[0], others[i].why);
        fleet_close(&o.f);
    }
}

static void a_person_corrected_into_another_is_found_then(void **state)
{
    (void)state;
    struct office o;
    begin(&o);
    (void)person(o.anna, "Fictif", "Anna", "1990-03-02");
    struct id b = person(o.bilal, "Fictif", "Bilal", "1990-03-02");
    fleet_heal(&o.f);
    assert_int_equal(waiting(o.chloe).n, 0);
    assert_int_equal(set(o.bilal, "person", &b, "emergency=la voisine"), ERR_OK);
    fleet_heal(&o.f);
    assert_int_equal(waiting(o.chloe).n, 0);
    assert_int_equal(set(o.bilal, "person", &b, "first_name=Anna"), ERR_OK);
    fleet_heal(&o.f);
    assert_int_equal(waiting(o.chloe).n, 1);
    /* Nobody is found any more under the name that was left. */
    (void)person(o.anna, "Fictif", "Bilal", "1990-03-02");
    fleet_heal(&o.f);
    assert_int_equal(waiting(o.chloe).n, 1);
    fleet_close(&o.f);
}

static void people_of_two_structures_are_not_compared(void **state)
{
    (void)state;
    struct office o;
    begin(&o);
    const char *other[] = {"name=EI du Canal", "kind=EI", NULL};
    struct id elsewhere = twin_add(&o.f.twin.server, "structure", other);
    fleet_heal(&o.f);
    fleet_join(&o.f, ROLE_JOBCOACH, &elsewhere);
    (void)person(o.anna, "Fictif", "Anna", "1990-03-02");
    (void)person(&o.f.twin.replicas[3], "Fictif", "Anna", "1990-03-02");
    fleet_heal(&o.f);
    assert_int_equal(waiting(&o.f.twin.server).n, 0);
    fleet_close(&o.f);
}

static void firms_are_told_by_number_name_and_place(void **state)
{
    (void)state;
    static const struct {
        const char *fields[4];
        const char *why;
    } others[] = {
        {{"name=Tout autre nom", "company_no=0123456789", NULL}, "company_no"},
        {{"name=FORGE FICTIVE srl", NULL}, "name"},
        {{"name=Forge fictive", "postcode=4000", NULL}, "name postcode"},
        {{"name=Forge fictive", "postcode=5000", NULL}, NULL},
        {{"name=Forge fictive", "company_no=0987654321", NULL}, NULL},
        {{"name=Forge du Nord", NULL}, NULL},
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct office o;
        begin(&o);
        const char *first[] = {"name=Forge fictive SPRL", "company_no=0123456789",
                               "postcode=4000", NULL};
        (void)twin_add(o.anna, "company", first);
        (void)twin_add(o.bilal, "company", others[i].fields);
        fleet_heal(&o.f);
        struct seen seen = waiting(o.anna);
        assert_int_equal(seen.n, others[i].why == NULL ? 0 : 1);
        if (others[i].why != NULL)
            assert_string_equal(seen.why[0], others[i].why);
        fleet_close(&o.f);
    }
}

static struct id session(struct party *p, const char *date, const struct id *person_id,
                         const struct id *company)
{
    char a[80];
    char b[80];
    const char *fields[6] = {"kind=company_visit", date, "minutes=45"};
    size_t n = 3;
    if (person_id != NULL)
        fields[n++] = ref("person", person_id, a);
    if (company != NULL)
        fields[n++] = ref("company", company, b);
    return twin_add(p, "session", fields);
}

static void a_visit_two_coaches_wrote_down_is_a_case_and_is_linked(void **state)
{
    (void)state;
    struct office o;
    begin(&o);
    const char *firm[] = {"name=Forge fictive", NULL};
    struct id forge = twin_add(o.anna, "company", firm);
    struct id zoe = person(o.anna, "Fictif", "Zoé", "1990-03-02");
    fleet_heal(&o.f);
    struct id a = session(o.anna, "date=2026-11-02", &zoe, &forge);
    struct id again = session(o.anna, "date=2026-11-02", &zoe, &forge); /* twice a day: fine */
    fleet_sync(&o.f, 0);
    assert_int_equal(waiting(&o.f.twin.server).n, 0);
    struct id b = session(o.bilal, "date=2026-11-02", NULL, &forge);
    (void)session(o.bilal, "date=2026-11-03", &zoe, &forge);
    (void)session(o.bilal, "date=2020-11-02", &zoe, &forge);
    (void)session(o.anna, "date=2020-11-02", &zoe, &forge); /* years ago: nobody is asked */
    fleet_heal(&o.f);
    struct seen seen = waiting(o.bilal);
    assert_int_equal(seen.n, 2);
    assert_string_equal(seen.why[0], "company date");
    assert_int_equal(set(o.anna, "session", &a, "state=validated"), ERR_OK);
    assert_int_equal(set(o.bilal, "session", &b, "state=validated"), ERR_OK);
    fleet_heal(&o.f);
    /* Locked by now, and linked all the same. */
    bool first = id_eq(&seen.cases[0].left, &a) || id_eq(&seen.cases[0].right, &a);
    struct id mine = seen.ids[first ? 0 : 1];
    assert_int_equal(duplicate_decide(o.chloe->store, &mine, DUPLICATE_SAME, STR(""), NULL),
                     ERR_OK);
    fleet_heal(&o.f);
    bool ordered = id_cmp(&a, &b) < 0;
    char text[ID_TEXT_BYTES];
    id_print(ordered ? &a : &b, text);
    assert_string_equal(twin_get(o.anna->store, "session", ordered ? &b : &a, "same_as"), text);
    assert_int_equal(waiting(o.anna).n, 1);
    (void)again;
    fleet_close(&o.f);
}

static enum err on_row(void *ctx, const struct row *row)
{
    size_t *n = ctx;
    (*n)++;
    (void)row;
    return ERR_OK;
}

static void count_one(size_t *n, struct store *s, const char *table_name,
                      const char *field_name, const struct id *id)
{
    const struct table *table = schema_table_named(&schema_jalon, str_of(table_name));
    struct filter filter = {schema_field_named(table, str_of(field_name)), value_id(id)};
    struct filter *wide = NULL;
    struct arena arena = {0};
    size_t count = 0;
    *n = 0;
    assert_int_equal(ties_widen(s, &filter, 1, &arena, &wide, &count), ERR_OK);
    assert_int_equal(rows_list(s, table, wide, count, false, 0, on_row, n), ERR_OK);
    arena_done(&arena);
}

static enum err on_relation(void *ctx, const struct ties_relation *relation)
{
    uint64_t *sessions = ctx;
    if (relation->table->id == TABLE_SESSION)
        *sessions = relation->count;
    return ERR_OK;
}

enum { LAPTOPS = 3 };

static struct id smallest_of(const struct id *ids, size_t n)
{
    struct id smallest = ids[0];
    for (size_t i = 1; i < n; i++)
        smallest = id_cmp(&ids[i], &smallest) < 0 ? ids[i] : smallest;
    return smallest;
}

/* Each of them stands for all, with what hangs on any. */
static void assert_one(struct party *p, const struct id *people)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    struct id smallest = smallest_of(people, LAPTOPS);
    struct store *s = p->store;
    assert_int_equal(twin_count(s, "person"), LAPTOPS);
    assert_int_equal(waiting(p).n, 0);
    for (size_t k = 0; k < LAPTOPS; k++) {
        struct id root;
        size_t sessions = 0;
        uint64_t related = 0;
        assert_int_equal(ties_root(s, table, &people[k], &root), ERR_OK);
        assert_true(id_eq(&root, &smallest));
        count_one(&sessions, s, "session", "person", &people[k]);
        assert_int_equal(sessions, LAPTOPS);
        assert_int_equal(ties_related(s, table, &people[k], on_relation, &related), ERR_OK);
        assert_int_equal(related, LAPTOPS);
    }
    /* By name there is one, not three. */
    struct names *names = NULL;
    struct id named;
    assert_int_equal(names_open(s, &names), ERR_OK);
    assert_int_equal(names_find(names, table, STR("Zoé Fictif"), &named, NULL), ERR_OK);
    assert_true(id_eq(&named, &smallest));
    names_close(names);
}

/* Three laptops, three times the same person, each with its own session. */
static void three_entries_become_one_and_apart_again(void **state)
{
    (void)state;
    struct office o;
    struct id people[LAPTOPS];
    begin(&o);
    for (size_t i = 0; i < LAPTOPS; i++) {
        people[i] = person(&o.f.twin.replicas[i], "Fictif", "Zoé", "1990-03-02");
        char date[40];
        (void)snprintf(date, sizeof date, "date=2020-11-%02d", (int)i + 1);
        (void)session(&o.f.twin.replicas[i], date, &people[i], NULL);
    }
    fleet_heal(&o.f);
    struct seen seen = waiting(o.chloe);
    assert_int_equal(seen.n, 3);
    for (size_t i = 0; i < 2; i++) {
        struct seen now = waiting(o.chloe);
        assert_int_equal(
            duplicate_decide(o.chloe->store, &now.ids[0], DUPLICATE_SAME, STR("vu"), NULL),
            ERR_OK);
    }
    assert_int_equal(waiting(o.chloe).n, 0); /* the third pair is one by then */
    fleet_heal(&o.f);
    struct party *all[] = {&o.f.twin.server, o.anna, o.bilal, o.chloe};
    for (size_t i = 0; i < 4; i++)
        assert_one(all[i], people);
    /* Apart again: what hung together through it waits again. */
    for (size_t i = 0; i < seen.n; i++) {
        enum err err =
            duplicate_decide(o.anna->store, &seen.ids[i], DUPLICATE_OPEN, STR(""), NULL);
        assert_true(err == ERR_OK || err == ERR_EXISTS);
    }
    fleet_heal(&o.f);
    assert_int_equal(waiting(o.chloe).n, 3);
    for (size_t k = 0; k < LAPTOPS; k++) {
        size_t sessions = 0;
        assert_string_equal(twin_get(o.chloe->store, "person", &people[k], "merged_into"), "");
        count_one(&sessions, o.chloe->store, "session", "person", &people[k]);
        assert_int_equal(sessions, 1);
    }
    fleet_close(&o.f);
}

static void what_was_found_different_is_not_asked_again(void **state)
{
    (void)state;
    struct office o;
    begin(&o);
    struct id a = person(o.anna, "Fictif", "Zoé", "1990-03-02");
    (void)person(o.bilal, "Fictif", "Zoé", "1990-03-02");
    fleet_heal(&o.f);
    struct seen seen = waiting(o.chloe);
    assert_int_equal(duplicate_decide(o.chloe->store, &seen.ids[0], DUPLICATE_DIFFERENT,
                                      STR("jumelles"), NULL),
                     ERR_OK);
    assert_int_equal(duplicate_decide(o.chloe->store, &seen.ids[0], DUPLICATE_DIFFERENT,
                                      STR("jumelles"), NULL),
                     ERR_EXISTS);
    fleet_heal(&o.f);
    assert_int_equal(set(o.anna, "person", &a, "first_name=Zoë"), ERR_OK);
    assert_int_equal(set(o.anna, "person", &a, "birth_date=1990-02-03"), ERR_OK);
    fleet_heal(&o.f);
    assert_int_equal(waiting(o.chloe).n, 0);
    assert_int_equal(twin_count(o.f.twin.server.store, "duplicate_case"), 1);
    fleet_close(&o.f);
}

/* A case made again by a restored server has the id it had: the decision finds it. */
static void a_decision_outlives_a_restored_server(void **state)
{
    (void)state;
    struct office o;
    begin(&o);
    fleet_backup(&o.f);
    (void)person(o.anna, "Fictif", "Zoé", "1990-03-02");
    (void)person(o.bilal, "Fictif", "Zoé", "1990-03-02");
    fleet_heal(&o.f);
    struct seen seen = waiting(o.chloe);
    assert_int_equal(seen.n, 1);
    assert_int_equal(
        duplicate_decide(o.chloe->store, &seen.ids[0], DUPLICATE_SAME, STR("vu"), NULL),
        ERR_OK);
    fleet_heal(&o.f);
    o.f.twin.server.wall_ms += 5000;
    fleet_restore(&o.f);
    /* Both entries come again before the decision does. */
    fleet_sync(&o.f, 0);
    fleet_sync(&o.f, 1);
    fleet_heal(&o.f);
    assert_int_equal(waiting(&o.f.twin.server).n, 0);
    assert_int_equal(twin_count(o.f.twin.server.store, "duplicate_case"), 1);
    struct store_status status;
    assert_int_equal(store_status(o.chloe->store, &status), ERR_OK);
    assert_int_equal(status.quarantined, 0);
    fleet_close(&o.f);
}

static void a_thousand_times_the_same_name_stays_a_small_question(void **state)
{
    (void)state;
    enum { MANY = 400 };
    struct office o;
    begin(&o);
    for (int i = 0; i < MANY; i++)
        (void)person(o.anna, "Test", "Test", "2000-01-01");
    fleet_sync(&o.f, 0);
    uint64_t cases = twin_count(o.f.twin.server.store, "duplicate_case");
    assert_in_range(cases, 1, LOOKALIKE_ROWS_MAX * LOOKALIKE_CASES_MAX);
    fleet_close(&o.f);
}

/* Ties people made by hand may lead in a ring, or to rows that are not here. */
static void odd_ties_end_somewhere(void **state)
{
    (void)state;
    struct office o;
    char to[80];
    begin(&o);
    struct id a = person(o.anna, "Fictif", "Anna", "1990-03-02");
    struct id b = person(o.anna, "Fictif", "Bilal", "1990-03-02");
    struct id c = person(o.anna, "Fictif", "Chloé", "1990-03-02");
    assert_int_equal(set(o.anna, "person", &a, ref("merged_into", &b, to)), ERR_OK);
    assert_int_equal(set(o.anna, "person", &b, ref("merged_into", &c, to)), ERR_OK);
    assert_int_equal(set(o.anna, "person", &c, ref("merged_into", &a, to)), ERR_OK);
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    struct id ring[] = {a, b, c};
    struct id smallest = smallest_of(ring, 3);
    for (size_t i = 0; i < 3; i++) {
        struct id root;
        struct id all[TIES_ROWS_MAX];
        size_t n = 0;
        assert_int_equal(ties_root(o.anna->store, table, &ring[i], &root), ERR_OK);
        assert_true(id_eq(&root, &smallest));
        assert_int_equal(ties_all(o.anna->store, table, &ring[i], all, &n), ERR_OK);
        assert_int_equal(n, 3);
    }
    struct id nowhere = {.b = {9}};
    struct id root;
    assert_int_equal(ties_root(o.anna->store, table, &nowhere, &root), ERR_OK);
    assert_true(id_eq(&root, &nowhere));
    fleet_close(&o.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_person_of_two_laptops_is_a_case_for_all_who_see_both),
        cmocka_unit_test(what_resembles_is_found_and_what_does_not_is_left_alone),
        cmocka_unit_test(a_person_corrected_into_another_is_found_then),
        cmocka_unit_test(people_of_two_structures_are_not_compared),
        cmocka_unit_test(firms_are_told_by_number_name_and_place),
        cmocka_unit_test(a_visit_two_coaches_wrote_down_is_a_case_and_is_linked),
        cmocka_unit_test(three_entries_become_one_and_apart_again),
        cmocka_unit_test(what_was_found_different_is_not_asked_again),
        cmocka_unit_test(a_decision_outlives_a_restored_server),
        cmocka_unit_test(a_thousand_times_the_same_name_stays_a_small_question),
        cmocka_unit_test(odd_ties_end_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
