/* SPDX-License-Identifier: Apache-2.0 */
/* What may be one person, where coaches hold different dossiers: nobody's dossier disappears,
 * nobody is asked what he cannot decide, and no decision is refused for what he does not see.
 */
#include "store/duplicates.h"
#include "store/inside.h"
#include "store/names.h"
#include "store/ties.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* Two coaches who see only their own dossiers, and a coordinator who sees all facts. */
struct apart {
    struct twin t;
    struct party *anna, *bilal, *chloe;
};

static void sync_all(struct apart *o)
{
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < o->t.count; i++)
            (void)twin_sync(&o->t, i);
}

static void begin(struct apart *o)
{
    twin_open_apart(&o->t, 2, &schema_jalon);
    twin_enrol(&o->t, STR("coordinator"));
    o->anna = &o->t.replicas[0];
    o->bilal = &o->t.replicas[1];
    o->chloe = &o->t.replicas[2];
    sync_all(o);
}

static struct id person(struct party *p, const char *name, const char *born)
{
    char a[80];
    char b[80];
    (void)snprintf(a, sizeof a, "name=%s", name);
    (void)snprintf(b, sizeof b, "birth_date=%s", born);
    const char *fields[] = {a, "first_name=Zoé", b, NULL};
    return twin_add(p, "person", fields);
}

static enum err set_ref(struct party *p, const struct id *row, const char *field,
                        const struct id *to)
{
    char id[ID_TEXT_BYTES];
    char text[80];
    id_print(to, id);
    (void)snprintf(text, sizeof text, "%s=%s", field, id);
    const char *fields[] = {text, NULL};
    return twin_set(p, "person", row, fields);
}

struct seen {
    size_t n;
    struct id ids[8];
    struct duplicate cases[8];
};

static enum err on_case(void *ctx, const struct row *row, const struct duplicate *d)
{
    struct seen *seen = ctx;
    assert_true(seen->n < 8);
    seen->ids[seen->n] = row->id;
    seen->cases[seen->n++] = *d;
    return ERR_OK;
}

static struct seen waiting(struct party *p)
{
    struct seen seen = {.n = 0};
    struct store_status status;
    assert_int_equal(duplicates_list(p->store, false, on_case, &seen), ERR_OK);
    assert_int_equal(store_status(p->store, &status), ERR_OK);
    assert_int_equal(status.duplicates, seen.n);
    return seen;
}

/* The case of these two, wherever it stands. */
static struct id case_of(struct party *p, const struct id *a, const struct id *b)
{
    struct seen all = {.n = 0};
    struct id found = {{0}};
    assert_int_equal(duplicates_list(p->store, true, on_case, &all), ERR_OK);
    for (size_t i = 0; i < all.n; i++) {
        const struct duplicate *d = &all.cases[i];
        if ((id_eq(&d->left, a) && id_eq(&d->right, b)) ||
            (id_eq(&d->left, b) && id_eq(&d->right, a)))
            found = all.ids[i];
    }
    assert_false(id_is_null(&found));
    return found;
}

static enum err decide(struct party *p, const struct id *id, enum duplicate_state state)
{
    struct note why = {""};
    enum err err = duplicate_decide(p->store, id, state, STR("vu"), &why);
    if (err != ERR_OK)
        print_message("decide: %s %s\n", err_name(err), why.text);
    return err;
}

static enum err on_row(void *ctx, const struct row *row)
{
    size_t *n = ctx;
    (*n)++;
    (void)row;
    return ERR_OK;
}

/* As `jalon list person` shows them. */
static size_t shown(struct party *p)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    struct filter filters[1];
    size_t count = 0;
    size_t n = 0;
    ties_hide(table, filters, &count);
    assert_int_equal(rows_list(p->store, table, filters, count, false, 0, on_row, &n), ERR_OK);
    return n;
}

static uint64_t refusals(struct party *p)
{
    struct store_status status;
    assert_int_equal(store_status(p->store, &status), ERR_OK);
    return status.quarantined;
}

/* The dossiers of two coaches are merged by who sees both: each still has the own one. */
static void a_dossier_merged_into_one_that_is_not_here_stays_in_sight(void **state)
{
    (void)state;
    struct apart o;
    begin(&o);
    struct id a = person(o.anna, "Fictif", "1990-03-02");
    struct id b = person(o.bilal, "Fictif", "1990-03-02");
    sync_all(&o);
    struct id found = case_of(o.chloe, &a, &b);
    assert_int_equal(decide(o.chloe, &found, DUPLICATE_SAME), ERR_OK);
    sync_all(&o);
    assert_int_equal(shown(o.chloe), 1);
    struct party *coaches[] = {o.anna, o.bilal};
    for (size_t i = 0; i < 2; i++) {
        const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
        struct names *names = NULL;
        struct id named = {{0}};
        assert_int_equal(shown(coaches[i]), 1);
        assert_int_equal(names_open(coaches[i]->store, &names), ERR_OK);
        assert_int_equal(names_find(names, table, STR("Zoé Fictif"), &named, NULL), ERR_OK);
        assert_true(id_eq(&named, i == 0 ? &a : &b));
        names_close(names);
    }
    twin_close(&o.t);
}

/* Who deletes the double by hand does not know that it stands for both by now. */
static void the_row_that_stood_for_both_may_be_deleted(void **state)
{
    (void)state;
    struct apart o;
    begin(&o);
    twin_share(&o.t);
    struct id a = person(o.anna, "Fictif", "1990-03-02");
    struct id b = person(o.bilal, "Fictif", "1990-03-02");
    sync_all(&o);
    struct id root = id_cmp(&a, &b) < 0 ? a : b;
    struct id found = case_of(o.chloe, &a, &b);
    assert_int_equal(decide(o.chloe, &found, DUPLICATE_SAME), ERR_OK);
    assert_int_equal(twin_delete(o.bilal, "person", &root, true), ERR_OK);
    sync_all(&o);
    struct party *all[] = {&o.t.server, o.anna, o.bilal, o.chloe};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(shown(all[i]), 1);
        assert_int_equal(waiting(all[i]).n, 0);
    }
    twin_close(&o.t);
}

/* A coach is asked about two rows that are both here, and about no others. */
static void a_case_waits_for_who_has_both_rows(void **state)
{
    (void)state;
    struct apart o;
    begin(&o);
    struct id a = person(o.anna, "Fictif", "1990-03-02");
    struct id b = person(o.bilal, "Fictif", "1990-03-02");
    sync_all(&o);
    assert_int_equal(waiting(o.anna).n, 0);
    assert_int_equal(waiting(o.bilal).n, 0);
    assert_int_equal(waiting(o.chloe).n, 1);
    struct id found = case_of(o.chloe, &a, &b);
    assert_int_equal(decide(o.chloe, &found, DUPLICATE_SAME), ERR_OK);
    sync_all(&o);
    assert_int_equal(waiting(o.anna).n, 0);
    assert_int_equal(waiting(o.bilal).n, 0);
    assert_int_equal(waiting(o.chloe).n, 0);
    assert_int_equal(waiting(&o.t.server).n, 0);
    twin_close(&o.t);
}

/* Cases of others are seen in part: a decision leaves them alone, and is not refused for them.
 */
static void a_decision_does_not_touch_cases_it_sees_in_part(void **state)
{
    (void)state;
    struct apart o;
    begin(&o);
    struct id a = person(o.anna, "Fictif", "1990-03-02");
    struct id b = person(o.bilal, "Fictif", "1990-03-02");
    struct id c = person(o.bilal, "Fictif", "1990-03-02");
    sync_all(&o);
    struct id first = case_of(o.chloe, &a, &c);
    struct id second = case_of(o.chloe, &b, &c);
    assert_int_equal(decide(o.chloe, &first, DUPLICATE_SAME), ERR_OK);
    assert_int_equal(decide(o.chloe, &second, DUPLICATE_SAME), ERR_OK);
    assert_int_equal(waiting(o.chloe).n, 0);
    struct id x = person(o.anna, "Exemple", "1980-05-04");
    struct id y = person(o.anna, "Exemple", "1980-05-04");
    sync_all(&o);
    struct id own = case_of(o.anna, &x, &y);
    assert_int_equal(decide(o.anna, &own, DUPLICATE_SAME), ERR_OK);
    sync_all(&o);
    assert_int_equal(refusals(o.anna), 0);
    assert_int_equal(waiting(o.chloe).n, 0);
    assert_int_equal(waiting(&o.t.server).n, 0);
    twin_close(&o.t);
}

/* Undoing a decision takes away the tie it set, not one that was set since. */
static void an_undone_decision_leaves_a_later_tie_alone(void **state)
{
    (void)state;
    struct apart o;
    begin(&o);
    struct id a = person(o.chloe, "Fictif", "1990-03-02");
    struct id b = person(o.chloe, "Fictif", "1990-03-02");
    struct id z = person(o.chloe, "Exemple", "1980-05-04");
    sync_all(&o);
    struct id found = case_of(o.chloe, &a, &b);
    struct id tied = id_cmp(&a, &b) < 0 ? b : a;
    assert_int_equal(decide(o.chloe, &found, DUPLICATE_SAME), ERR_OK);
    assert_int_equal(set_ref(o.chloe, &tied, "merged_into", &z), ERR_OK);
    assert_int_equal(decide(o.chloe, &found, DUPLICATE_DIFFERENT), ERR_OK);
    char id[ID_TEXT_BYTES];
    id_print(&z, id);
    assert_string_equal(twin_get(o.chloe->store, "person", &tied, "merged_into"), id);
    twin_close(&o.t);
}

/* A tie that leads out of sight is not replaced by one that does not. */
static void a_tie_out_of_sight_is_for_the_coordination(void **state)
{
    (void)state;
    struct apart o;
    begin(&o);
    struct id a = person(o.anna, "Fictif", "1990-03-02");
    struct id b = person(o.bilal, "Fictif", "1990-03-02");
    struct id c = person(o.bilal, "Fictif", "1990-03-02");
    struct id x = person(o.anna, "Fictif", "1990-03-02");
    struct id y = person(o.anna, "Fictif", "1990-03-02");
    sync_all(&o);
    /* Whose two rows stand above the smallest of the other's? */
    bool bilals = id_cmp(&b, &a) > 0 && id_cmp(&c, &a) > 0;
    struct party *p = bilals ? o.bilal : o.anna;
    struct id root = bilals ? a : id_cmp(&b, &c) < 0 ? b : c;
    struct id one = bilals ? b : x;
    struct id other = bilals ? c : y;
    struct id low = id_cmp(&one, &other) < 0 ? one : other;
    struct id high = id_cmp(&one, &other) < 0 ? other : one;
    char to[ID_TEXT_BYTES];
    id_print(&root, to);
    assert_true(id_cmp(&root, &low) < 0);
    assert_int_equal(set_ref(o.chloe, &high, "merged_into", &root), ERR_OK);
    sync_all(&o);
    struct id found = case_of(p, &low, &high);
    assert_int_equal(decide(p, &found, DUPLICATE_SAME), ERR_REFUSED);
    assert_string_equal(twin_get(p->store, "person", &high, "merged_into"), to);
    assert_int_equal(decide(o.chloe, &found, DUPLICATE_SAME), ERR_OK);
    sync_all(&o);
    assert_int_equal(waiting(&o.t.server).n, waiting(o.chloe).n);
    twin_close(&o.t);
}

/* Nobody decides what he sees half of: it is said at once, not by a refusal later. */
static void a_decision_about_half_a_case_is_refused_at_once(void **state)
{
    (void)state;
    struct apart o;
    begin(&o);
    struct id a = person(o.anna, "Fictif", "1990-03-02");
    struct id b = person(o.bilal, "Fictif", "1990-03-02");
    sync_all(&o);
    struct id found = case_of(o.chloe, &a, &b);
    struct party *p = id_cmp(&a, &b) < 0 ? o.anna : o.bilal;
    assert_int_equal(decide(p, &found, DUPLICATE_SAME), ERR_REFUSED);
    assert_int_equal(decide(p, &found, DUPLICATE_DIFFERENT), ERR_REFUSED);
    assert_int_equal(decide(o.chloe, &found, DUPLICATE_SAME), ERR_OK);
    sync_all(&o);
    assert_int_equal(decide(p, &found, DUPLICATE_OPEN), ERR_REFUSED);
    sync_all(&o);
    assert_int_equal(refusals(p), 0);
    twin_close(&o.t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dossier_merged_into_one_that_is_not_here_stays_in_sight),
        cmocka_unit_test(the_row_that_stood_for_both_may_be_deleted),
        cmocka_unit_test(a_case_waits_for_who_has_both_rows),
        cmocka_unit_test(a_decision_does_not_touch_cases_it_sees_in_part),
        cmocka_unit_test(an_undone_decision_leaves_a_later_tie_alone),
        cmocka_unit_test(a_tie_out_of_sight_is_for_the_coordination),
        cmocka_unit_test(a_decision_about_half_a_case_is_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
