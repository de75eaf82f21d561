/* SPDX-License-Identifier: Apache-2.0 */
/* Rights that begin and end with a day reach those who listen, on a server where nobody saves
 * anything. */
#include "store/edit.h"
#include "support/hub_rig.h"

#include <stdio.h>

enum { ACTOR = 0, SUBSTITUTE = 1 };
static const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;

static int64_t today(const struct rig *rig)
{
    return rig->office.wall_ms / day_ms;
}

/* On the server itself, as jalonctl does: a row of that table with these fields. */
static struct id add(struct rig *rig, uint16_t table_id, const char *const *fields,
                     const struct value *values, size_t count)
{
    const struct table *table = schema_table(&schema_jalon, table_id);
    struct edit_value given[8];
    struct edit *edit = NULL;
    struct id id = {0};
    assert_true(count <= 8);
    for (size_t i = 0; i < count; i++)
        given[i] = (struct edit_value){schema_field_named(table, str_of(fields[i])), values[i]};
    assert_int_equal(edit_open(rig->office.store, &edit, NULL), ERR_OK);
    assert_int_equal(edit_insert(edit, table, given, count, &id, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    return id;
}

/* A dossier of another structure, in which the substitute stands in on these days: three rows
 * for him. */
static void stand_in(struct rig *rig, int64_t start, int64_t end)
{
    static const char *const of_structure[] = {"name", "kind"};
    static const char *const of_person[] = {"name", "first_name", "structure"};
    static const char *const of_model[] = {"name"};
    static const char *const of_pathway[] = {"person", "model", "entry"};
    static const char *const of_assignment[] = {"pathway", "staff", "role", "start", "end"};
    struct value structure[] = {value_text(STR("CISP Exemple")), value_text(STR("CISP_EFT"))};
    struct value model[] = {value_text(STR("Parcours type"))};
    struct id other = add(rig, TABLE_STRUCTURE, of_structure, structure, 2);
    struct id way = add(rig, TABLE_PATHWAY_MODEL, of_model, model, 1);
    struct value person[] = {value_text(STR("Fictif")), value_text(STR("Zoé")),
                             value_id(&other)};
    struct id who = add(rig, TABLE_PERSON, of_person, person, 3);
    struct value pathway[] = {value_id(&who), value_id(&way), value_int(start)};
    struct id on = add(rig, TABLE_PATHWAY, of_pathway, pathway, 3);
    struct value assignment[] = {value_id(&on), value_id(&rig->office.staff[SUBSTITUTE]),
                                 value_text(STR("substitute")), value_int(start),
                                 value_int(end)};
    (void)add(rig, TABLE_ASSIGNMENT, of_assignment, assignment, 5);
}

/* The next message but PING, which is answered; false: nothing within ms. */
static bool await(struct rig *rig, struct client *c, int64_t ms, struct message *m)
{
    for (;; ms -= 1000) {
        while (hear(c, m)) {
            if (m->type != MESSAGE_PING)
                return true;
            say_empty(rig, c, MESSAGE_PONG);
        }
        if (ms <= 0)
            return false;
        pass(rig, 1000);
    }
}

static void at_midnight_a_live_substitute_hears_what_leaves(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[SUBSTITUTE];
    struct message m;
    stand_in(rig, today(rig) - 1, today(rig));
    join(rig, SUBSTITUTE, true);
    uint64_t seq = serve_seq(rig->office.store);
    assert_false(await(rig, c, LIMIT_DAY_MS, &m));
    rig->office.wall_ms = (today(rig) + 1) * day_ms;
    assert_true(await(rig, c, LIMIT_DAY_MS + LIMIT_DAY_MS / 2 + 1000, &m));
    assert_int_equal(m.type, MESSAGE_LEAVE);
    assert_int_equal(m.leave.count, 1);
    struct leave_scope scope = message_leave_scope(&m.leave.scopes);
    assert_int_equal(scope.kind, LEAVE_DOSSIER);
    m = expect(c, MESSAGE_IDLE);
    assert_true(m.idle.grants > c->grants);
    expect_silence(c);
    assert_false(c->closed);
    assert_int_equal(serve_seq(rig->office.store), seq); /* nobody saved anything */
}

static void at_midnight_a_live_substitute_is_given_the_dossier(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[SUBSTITUTE];
    struct message m;
    stand_in(rig, today(rig) + 1, today(rig) + 3);
    join(rig, SUBSTITUTE, true);
    uint64_t seq = serve_seq(rig->office.store);
    rig->office.wall_ms = (today(rig) + 1) * day_ms;
    assert_true(await(rig, c, LIMIT_DAY_MS + LIMIT_DAY_MS / 2 + 1000, &m));
    assert_int_equal(m.type, MESSAGE_BYE); /* what was opened is told from the beginning */
    assert_int_equal(m.bye.err, ERR_LATER);
    disconnect(rig, c);
    connect_peer(rig, c, true);
    say_hello(rig, c, true, seq);
    assert_true(expect(c, MESSAGE_WELCOME).welcome.filling);
    assert_int_equal(expect(c, MESSAGE_PAGE).page.rows, 3);
    expect(c, MESSAGE_IDLE);
    assert_int_equal(serve_seq(rig->office.store), seq);
}

/* Whoever meets the new day first wakes the others: they need not wait for the next look. */
static void the_first_greeting_of_a_day_wakes_whom_it_concerns(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[SUBSTITUTE];
    stand_in(rig, today(rig) - 1, today(rig));
    join(rig, SUBSTITUTE, true);
    rig->office.wall_ms = (today(rig) + 1) * day_ms;
    join(rig, ACTOR, true);
    expect(c, MESSAGE_LEAVE);
    expect(c, MESSAGE_IDLE);
    expect_silence(c);
}

/* A day that changes nobody's rights wakes nobody, and without peers there is nothing to do. */
static void a_day_like_the_others_is_quiet(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[ACTOR];
    struct message m;
    join(rig, ACTOR, true);
    rig->office.wall_ms += day_ms;
    assert_false(await(rig, c, 2 * LIMIT_DAY_MS, &m));
    disconnect(rig, c);
    pass(rig, LIMIT_SEEN_MS);
    unsigned jobs = rig->jobs;
    rig->office.wall_ms += day_ms;
    pass(rig, 4 * LIMIT_DAY_MS);
    assert_int_equal(rig->jobs, jobs);
    assert_int_equal(rig->timer_ms, 0);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(at_midnight_a_live_substitute_hears_what_leaves),
        T(at_midnight_a_live_substitute_is_given_the_dossier),
        T(the_first_greeting_of_a_day_wakes_whom_it_concerns),
        T(a_day_like_the_others_is_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
