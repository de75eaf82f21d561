/* SPDX-License-Identifier: Apache-2.0 */
/* Refused operations: what they leave in the rows, what waits with them, how a person closes
 * them, and that nothing of them is lost. */
#include "store/closing.h"
#include "store/inside.h"
#include "support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct story {
    struct fleet f;
    struct party *anna, *bilal;
    struct id person, session;
};

static const char *ref(const char *field, const struct id *id, char out[80])
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, 80, "%s=%s", field, text);
    return out;
}

/* Two coaches hold a person and a session that is validated while Bilal is away. */
static void begin(struct story *t)
{
    char person[80];
    fleet_open(&t->f, 1);
    fleet_join(&t->f, ROLE_JOBCOACH, &t->f.twin.structure);
    fleet_join(&t->f, ROLE_JOBCOACH, &t->f.twin.structure);
    t->anna = &t->f.twin.replicas[0];
    t->bilal = &t->f.twin.replicas[1];
    const char *fields[] = {"name=Fictif", "first_name=Zoé", "emergency=la voisine", NULL};
    t->person = twin_add(t->anna, "person", fields);
    const char *session[] = {"kind=individual", ref("person", &t->person, person),
                             "date=2026-11-02", "minutes=45", NULL};
    t->session = twin_add(t->anna, "session", session);
    fleet_heal(&t->f);
    const char *valid[] = {"state=validated", NULL};
    assert_int_equal(twin_set(t->anna, "session", &t->session, valid), ERR_OK);
    fleet_sync(&t->f, 0);
}

static enum err set(struct party *p, const char *table, const struct id *id, const char *field)
{
    const char *fields[] = {field, NULL};
    return twin_set(p, table, id, fields);
}

static struct edit_value text(const char *table, const char *field, const char *value)
{
    return (struct edit_value){
        schema_field_named(schema_table_named(&schema_jalon, str_of(table)), str_of(field)),
        value_text(str_of(value))};
}

/* One operation: the locked session's minutes, and the person's emergency. */
static void change_both(struct story *t, const char *emergency)
{
    const struct table *session = schema_table(&schema_jalon, TABLE_SESSION);
    const struct table *person = schema_table(&schema_jalon, TABLE_PERSON);
    struct edit_value minutes = {schema_field_named(session, STR("minutes")), value_int(50)};
    struct edit_value other = text("person", "emergency", emergency);
    struct edit *edit = NULL;
    assert_int_equal(edit_open(t->bilal->store, &edit, NULL), ERR_OK);
    assert_int_equal(edit_update(edit, session, &t->session, &minutes, 1, NULL), ERR_OK);
    assert_int_equal(edit_update(edit, person, &t->person, &other, 1, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
}

static uint64_t waiting(struct party *p)
{
    struct store_status status;
    assert_int_equal(store_status(p->store, &status), ERR_OK);
    return status.quarantined;
}

static struct quarantined find(struct party *p, uint64_t op_no, struct arena *arena)
{
    struct quarantined q;
    char name[24];
    (void)snprintf(name, sizeof name, "%llu", (unsigned long long)op_no);
    assert_int_equal(quarantine_find(p->store, str_of(name), arena, &q, NULL), ERR_OK);
    return q;
}

static const char *emergency(struct party *p, const struct id *person)
{
    return twin_get(p->store, "person", person, "emergency");
}

static enum err on_history(void *ctx, const struct history_entry *entry)
{
    uint64_t *n = ctx;
    (*n)++;
    (void)entry;
    return ERR_OK;
}

static uint64_t history_of(struct party *p, uint16_t table_id, const struct id *id)
{
    const struct table *table = schema_table(&schema_jalon, table_id);
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    uint64_t n = 0;
    assert_int_equal(rows_find(p->store, table, id, &arena, row), ERR_OK);
    assert_int_equal(rows_history(p->store, table, row->rid, on_history, &n), ERR_OK);
    arena_done(&arena);
    return n;
}

/* The verdict arrives, the line breaks before the page: the values are not shown as if the
 * server held them. */
static void a_refused_change_leaves_the_rows_with_its_verdict(void **state)
{
    (void)state;
    struct story t;
    begin(&t);
    change_both(&t, "le frère");
    assert_string_equal(emergency(t.bilal, &t.person), "le frère");
    fleet_call(&t.f, 1, false);
    while (waiting(t.bilal) == 0) {
        fleet_push(&t.f, 1);
        fleet_judge(&t.f, (size_t[]){1}, 1);
        assert_true(fleet_take(&t.f, 1));
    }
    fleet_cut(&t.f, 1, false);
    assert_string_equal(emergency(t.bilal, &t.person), "la voisine");
    assert_string_equal(twin_get(t.bilal->store, "session", &t.session, "minutes"), "45");
    assert_int_equal(history_of(t.bilal, TABLE_PERSON, &t.person), 0);
    fleet_heal(&t.f);
    assert_string_equal(emergency(t.anna, &t.person), "la voisine");
    assert_int_equal(waiting(t.bilal), 1);
    fleet_close(&t.f);
}

static void an_edit_on_top_of_a_refused_one_waits_with_it(void **state)
{
    (void)state;
    struct story t;
    struct arena arena = {0};
    begin(&t);
    change_both(&t, "le frère");
    assert_int_equal(set(t.bilal, "person", &t.person, "emergency=la sœur"), ERR_OK);
    assert_int_equal(set(t.bilal, "person", &t.person, "emergency=le cousin"), ERR_OK);
    assert_int_equal(set(t.bilal, "person", &t.person, "city=Huy"), ERR_OK);
    fleet_heal(&t.f);
    assert_int_equal(waiting(t.bilal), 3);
    assert_int_equal(find(t.bilal, 1, &arena).reason, REASON_FROZEN);
    assert_int_equal(find(t.bilal, 2, &arena).reason, REASON_DEPENDS);
    assert_int_equal(find(t.bilal, 3, &arena).reason, REASON_DEPENDS);
    struct party *all[] = {&t.f.twin.server, t.anna, t.bilal};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(emergency(all[i], &t.person), "la voisine");
        assert_string_equal(twin_get(all[i]->store, "person", &t.person, "city"), "Huy");
        assert_int_equal(twin_count(all[i]->store, "conflict"), 0);
    }
    arena_done(&arena);
    fleet_close(&t.f);
}

/* The same through the verdicts alone: each returns to what was before the first of them. */
static void refused_edits_on_top_of_each_other_return_to_the_first_ones_before(void **state)
{
    (void)state;
    struct story t;
    begin(&t);
    change_both(&t, "le frère");
    assert_int_equal(set(t.bilal, "person", &t.person, "emergency=la sœur"), ERR_OK);
    assert_int_equal(set(t.bilal, "person", &t.person, "emergency=le cousin"), ERR_OK);
    fleet_call(&t.f, 1, false);
    while (waiting(t.bilal) < 3) {
        fleet_push(&t.f, 1);
        fleet_judge(&t.f, (size_t[]){1}, 1);
        assert_true(fleet_take(&t.f, 1));
    }
    fleet_cut(&t.f, 1, false);
    assert_string_equal(emergency(t.bilal, &t.person), "la voisine");
    assert_int_equal(history_of(t.bilal, TABLE_PERSON, &t.person), 0);
    fleet_close(&t.f);
}

static void giving_up_leaves_a_trace_on_both_sides(void **state)
{
    (void)state;
    struct story t;
    struct arena arena = {0};
    struct note why = {""};
    begin(&t);
    change_both(&t, "le frère");
    fleet_heal(&t.f);
    struct quarantined q = find(t.bilal, 1, &arena);
    assert_int_equal(closing_discard(t.bilal->store, &q, STR(""), &why), ERR_INVALID);
    assert_int_equal(closing_discard(t.bilal->store, &q, STR("saisi deux fois"), &why), ERR_OK);
    assert_int_equal(waiting(t.bilal), 0);
    q = find(t.bilal, 1, &arena);
    assert_int_equal(closing_discard(t.bilal->store, &q, STR("encore"), &why), ERR_EXISTS);
    struct id author = q.actor;
    fleet_heal(&t.f);
    q = find(&t.f.twin.server, 1, &arena);
    assert_int_equal(q.state, QUARANTINE_DISCARDED);
    assert_true(str_eq(q.note, STR("saisi deux fois")));
    assert_true(id_eq(&q.closed_by, &author));
    assert_true(q.closed_ms > 0);
    assert_string_equal(emergency(t.bilal, &t.person), "la voisine");
    arena_done(&arena);
    fleet_close(&t.f);
}

static void saving_again_without_what_was_wrong_reaches_everybody(void **state)
{
    (void)state;
    struct story t;
    struct arena arena = {0};
    begin(&t);
    change_both(&t, "le frère");
    fleet_heal(&t.f);
    struct quarantined q = find(t.bilal, 1, &arena);
    bool without[OP_CHANGES_MAX] = {true};
    struct closing_target target;
    struct note why = {""};
    assert_int_equal(closing_target(t.bilal->store, &q, STR("name=X"), &target, &why), ERR_OK);
    assert_int_equal(target.change, 1);
    assert_int_equal(closing_target(t.bilal->store, &q, STR("1.emergency=X"), &target, &why),
                     ERR_USAGE);
    assert_int_equal(
        closing_target(t.bilal->store, &q, STR("emergency=le frère Luc"), &target, &why),
        ERR_OK);
    assert_int_equal(target.change, 1);
    struct closing_value value = {target.change, {target.field, value_text(target.text)}};
    struct closing_plan whole = {.values = &value, .count = 1};
    struct closing_plan part = {.values = &value, .count = 1, .without = without};
    uint64_t rows = 0;
    assert_int_equal(closing_resubmit(t.bilal->store, &q, &whole, &rows, &why), ERR_FROZEN);
    assert_non_null(strstr(why.text, "1"));
    assert_int_equal(waiting(t.bilal), 1);
    assert_int_equal(closing_resubmit(t.bilal->store, &q, &part, &rows, &why), ERR_OK);
    assert_int_equal(rows, 1);
    fleet_heal(&t.f);
    assert_string_equal(emergency(t.anna, &t.person), "le frère Luc");
    assert_int_equal(waiting(t.bilal), 0);
    assert_int_equal(find(&t.f.twin.server, 1, &arena).state, QUARANTINE_RESUBMITTED);
    arena_done(&arena);
    fleet_close(&t.f);
}

static void a_refused_row_comes_back_under_its_own_id(void **state)
{
    (void)state;
    struct story t;
    struct arena arena = {0};
    struct note why = {""};
    char home[80];
    char person[80];
    begin(&t);
    const char *other[] = {"name=EI du Canal", "kind=EI", NULL};
    struct id elsewhere = twin_add(&t.f.twin.server, "structure", other);
    fleet_heal(&t.f);
    const char *fields[] = {"name=Fictif", "first_name=Luc", ref("structure", &elsewhere, home),
                            NULL};
    struct id refused = twin_add(t.bilal, "person", fields);
    const char *point[] = {"kind=phone", "value=0470 00 00 00", ref("person", &refused, person),
                           NULL};
    struct id phone = twin_add(t.bilal, "contact_point", point);
    fleet_heal(&t.f);
    assert_int_equal(waiting(t.bilal), 2);
    uint32_t epoch = 0;
    uint64_t op_no = 0;
    assert_int_equal(quarantine_of_row(t.bilal->store, TABLE_PERSON, &refused, &epoch, &op_no),
                     ERR_OK);
    assert_int_equal(op_no, 1);
    uint64_t only = 0;
    const struct table *persons = schema_table(&schema_jalon, TABLE_PERSON);
    assert_int_equal(quarantine_rows(t.bilal->store, persons, &only), ERR_OK);
    assert_int_equal(only, 1);
    /* What depends on it cannot be saved before it. */
    struct closing_plan as_it_is = {0};
    struct quarantined q = find(t.bilal, 2, &arena);
    uint64_t rows = 0;
    assert_int_equal(closing_resubmit(t.bilal->store, &q, &as_it_is, &rows, &why),
                     ERR_NOTFOUND);
    q = find(t.bilal, 1, &arena);
    struct closing_value home_here = {
        0, {schema_field_named(persons, STR("structure")), value_id(&t.f.twin.structure)}};
    struct closing_plan plan = {.values = &home_here, .count = 1};
    assert_int_equal(closing_resubmit(t.bilal->store, &q, &plan, &rows, &why), ERR_OK);
    q = find(t.bilal, 2, &arena);
    assert_int_equal(closing_resubmit(t.bilal->store, &q, &as_it_is, &rows, &why), ERR_OK);
    fleet_heal(&t.f);
    assert_string_equal(twin_get(t.anna->store, "person", &refused, "first_name"), "Luc");
    assert_string_equal(twin_get(t.anna->store, "contact_point", &phone, "value"),
                        "0470 00 00 00");
    assert_int_equal(waiting(t.bilal), 0);
    arena_done(&arena);
    fleet_close(&t.f);
}

/* The coordinator does the same on the server; the device's own try afterwards harms nothing.
 */
static void saved_again_on_the_server_the_row_stays_its_authors(void **state)
{
    (void)state;
    struct story t;
    struct arena arena = {0};
    struct note why = {""};
    char home[80];
    begin(&t);
    const char *other[] = {"name=EI du Canal", "kind=EI", NULL};
    struct id elsewhere = twin_add(&t.f.twin.server, "structure", other);
    fleet_heal(&t.f);
    const char *fields[] = {"name=Fictif", "first_name=Luc", ref("structure", &elsewhere, home),
                            NULL};
    struct id refused = twin_add(t.bilal, "person", fields);
    fleet_heal(&t.f);
    const struct table *persons = schema_table(&schema_jalon, TABLE_PERSON);
    struct closing_value home_here = {
        0, {schema_field_named(persons, STR("structure")), value_id(&t.f.twin.structure)}};
    struct closing_plan plan = {.values = &home_here, .count = 1};
    uint64_t rows = 0;
    struct store *server = t.f.twin.server.store;
    struct quarantined q = find(&t.f.twin.server, 1, &arena);
    assert_int_equal(closing_resubmit(server, &q, &plan, &rows, &why), ERR_OK);
    q = find(&t.f.twin.server, 1, &arena);
    assert_int_equal(q.state, QUARANTINE_RESUBMITTED);
    assert_true(id_is_null(&q.closed_by));
    struct row *row = arena_new(&arena, sizeof *row);
    assert_int_equal(rows_find(server, persons, &refused, &arena, row), ERR_OK);
    assert_true(id_eq(&row->by, &q.actor));
    fleet_heal(&t.f);
    assert_string_equal(twin_get(t.bilal->store, "person", &refused, "first_name"), "Luc");
    q = find(t.bilal, 1, &arena);
    assert_int_equal(closing_resubmit(t.bilal->store, &q, &plan, &rows, &why), ERR_OK);
    fleet_heal(&t.f);
    assert_int_equal(waiting(t.bilal), 0);
    assert_int_equal(twin_count(server, "person"), 2);
    assert_int_equal(twin_count(server, "conflict"), 0);
    arena_done(&arena);
    fleet_close(&t.f);
}

static enum err again(struct party *p, uint64_t op_no, const struct closing_value *value)
{
    struct arena arena = {0};
    struct note why = {""};
    struct closing_plan plan = {.values = value, .count = value == NULL ? 0 : 1};
    struct quarantined q = find(p, op_no, &arena);
    uint64_t rows = 0;
    enum err err = closing_resubmit(p->store, &q, &plan, &rows, &why);
    assert_true(err == ERR_OK || why.text[0] != 0);
    arena_done(&arena);
    return err;
}

/* The device does not hear that the coordination took its work up. Weeks later it does so too:
 * what others made of it since is not put back. */
static void saving_again_puts_back_nothing_that_was_changed_since(void **state)
{
    (void)state;
    struct story t;
    char home[80];
    begin(&t);
    change_both(&t, "le frère");
    const char *other[] = {"name=EI du Canal", "kind=EI", NULL};
    struct id elsewhere = twin_add(&t.f.twin.server, "structure", other);
    fleet_heal(&t.f);
    const char *fields[] = {"name=Fictif", "first_name=Luc", ref("structure", &elsewhere, home),
                            NULL};
    struct id made = twin_add(t.bilal, "person", fields);
    fleet_heal(&t.f);
    const struct table *persons = schema_table(&schema_jalon, TABLE_PERSON);
    struct closing_value home_here = {
        0, {schema_field_named(persons, STR("structure")), value_id(&t.f.twin.structure)}};
    assert_int_equal(again(&t.f.twin.server, 2, &home_here), ERR_OK);
    fleet_heal(&t.f);
    assert_int_equal(set(t.anna, "person", &made, "first_name=Lucas"), ERR_OK);
    assert_int_equal(set(t.anna, "person", &t.person, "emergency=la sœur"), ERR_OK);
    fleet_heal(&t.f);
    assert_int_equal(again(t.bilal, 2, &home_here), ERR_EXISTS);
    assert_string_equal(twin_get(t.bilal->store, "person", &made, "first_name"), "Lucas");
    struct arena arena = {0};
    bool without[OP_CHANGES_MAX] = {true};
    struct closing_plan part = {.without = without};
    struct quarantined q = find(t.bilal, 1, &arena);
    uint64_t rows = 0;
    assert_int_equal(closing_resubmit(t.bilal->store, &q, &part, &rows, NULL), ERR_EXISTS);
    assert_string_equal(emergency(t.bilal, &t.person), "la sœur");
    assert_int_equal(waiting(t.bilal), 2);
    /* Said in so many words it is done. */
    struct closing_value insist = {1, text("person", "emergency", "le frère")};
    part.values = &insist;
    part.count = 1;
    assert_int_equal(closing_resubmit(t.bilal->store, &q, &part, &rows, NULL), ERR_OK);
    assert_string_equal(emergency(t.bilal, &t.person), "le frère");
    arena_done(&arena);
    fleet_close(&t.f);
}

/* The last of several refused on top of each other, alone: nobody else changed anything. */
static void the_last_of_refused_edits_is_saved_again_alone(void **state)
{
    (void)state;
    struct story t;
    begin(&t);
    change_both(&t, "le frère");
    assert_int_equal(set(t.bilal, "person", &t.person, "emergency=la sœur"), ERR_OK);
    assert_int_equal(set(t.bilal, "person", &t.person, "emergency=le cousin"), ERR_OK);
    fleet_heal(&t.f);
    assert_int_equal(again(t.bilal, 3, NULL), ERR_OK);
    fleet_heal(&t.f);
    assert_string_equal(emergency(t.anna, &t.person), "le cousin");
    fleet_close(&t.f);
}

static void nobody_closes_what_another_wrote(void **state)
{
    (void)state;
    struct story t;
    struct arena arena = {0};
    begin(&t);
    change_both(&t, "le frère");
    fleet_heal(&t.f);
    struct quarantined q = find(t.bilal, 1, &arena);
    struct edit *edit = NULL;
    assert_int_equal(edit_open(t.anna->store, &edit, NULL), ERR_OK);
    assert_int_equal(edit_closing(edit, q.epoch, q.op_no, "discarded", STR("pas à moi")),
                     ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    fleet_heal(&t.f);
    assert_int_equal(find(&t.f.twin.server, 1, &arena).state, QUARANTINE_OPEN);
    assert_int_equal(waiting(t.anna), 1);
    /* An operation nobody knows, and a word nobody knows. */
    assert_int_equal(edit_open(t.anna->store, &edit, NULL), ERR_OK);
    assert_int_equal(edit_closing(edit, q.epoch, 999, "discarded", STR("")), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    assert_int_equal(edit_open(t.anna->store, &edit, NULL), ERR_OK);
    assert_int_equal(edit_closing(edit, q.epoch, q.op_no, "open", STR("")), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    fleet_heal(&t.f);
    assert_int_equal(waiting(t.anna), 2);
    assert_int_equal(find(&t.f.twin.server, 1, &arena).state, QUARANTINE_OPEN);
    arena_done(&arena);
    fleet_close(&t.f);
}

/* The server is put back to before it refused and was told: it refuses and is told again. */
static void what_was_given_up_stays_so_after_a_restore(void **state)
{
    (void)state;
    struct story t;
    struct arena arena = {0};
    begin(&t);
    fleet_backup(&t.f);
    change_both(&t, "le frère");
    fleet_heal(&t.f);
    struct quarantined q = find(t.bilal, 1, &arena);
    assert_int_equal(closing_discard(t.bilal->store, &q, STR("erreur"), NULL), ERR_OK);
    fleet_heal(&t.f);
    t.f.twin.server.wall_ms += 5000;
    fleet_restore(&t.f);
    fleet_heal(&t.f);
    assert_int_equal(waiting(t.bilal), 0);
    assert_int_equal(find(&t.f.twin.server, 1, &arena).state, QUARANTINE_DISCARDED);
    assert_string_equal(emergency(t.bilal, &t.person), "la voisine");
    arena_done(&arena);
    fleet_close(&t.f);
}

/* The same on a replica that had to begin a new epoch: what is sent again to the restored
 * server is not what was given up. */
static void what_was_given_up_is_not_sent_again_under_a_new_epoch(void **state)
{
    (void)state;
    struct story t;
    struct arena arena = {0};
    begin(&t);
    fleet_backup(&t.f);
    change_both(&t, "le frère");
    fleet_heal(&t.f);
    struct quarantined q = find(t.bilal, 1, &arena);
    assert_int_equal(closing_discard(t.bilal->store, &q, STR("erreur"), NULL), ERR_OK);
    fleet_heal(&t.f);
    uint32_t epoch = t.bilal->store->epoch;
    fleet_clone(&t.f, 1);
    struct party *clone = &t.f.twin.replicas[2];
    assert_int_equal(set(t.bilal, "person", &t.person, "city=Huy"), ERR_OK);
    assert_int_equal(set(clone, "person", &t.person, "postcode=4500"), ERR_OK);
    fleet_heal(&t.f);
    assert_true(t.f.forks > 0);
    t.f.twin.server.wall_ms += 5000;
    fleet_restore(&t.f);
    assert_int_equal(set(&t.f.twin.server, "session", &t.session, "state=draft"), ERR_OK);
    size_t forked = t.bilal->store->epoch == epoch ? 2 : 1;
    for (int i = 0; i < 3; i++)
        fleet_sync(&t.f, forked);
    assert_string_equal(emergency(&t.f.twin.server, &t.person), "la voisine");
    assert_int_equal(waiting(&t.f.twin.replicas[forked]), 0);
    assert_string_equal(emergency(&t.f.twin.replicas[forked], &t.person), "la voisine");
    arena_done(&arena);
    fleet_close(&t.f);
}

static void a_name_means_one_operation_or_none(void **state)
{
    (void)state;
    struct story t;
    struct arena arena = {0};
    struct quarantined q;
    struct note why = {""};
    begin(&t);
    change_both(&t, "le frère");
    fleet_heal(&t.f);
    static const char *const wrong[] = {
        "", "x", "1/", "/1", "1/x", "-1", "99999999999999999999", "1/2/3"};
    struct store *s = t.bilal->store;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(quarantine_find(s, str_of(wrong[i]), &arena, &q, &why), ERR_USAGE);
    assert_int_equal(quarantine_find(s, STR("7"), &arena, &q, &why), ERR_NOTFOUND);
    struct buf name = {0};
    q = find(t.bilal, 1, &arena);
    quarantine_name(q.epoch, q.op_no, &name);
    assert_int_equal(quarantine_find(s, buf_str(&name), &arena, &q, &why), ERR_OK);
    assert_int_equal(q.op_no, 1);
    buf_done(&name);
    arena_done(&arena);
    fleet_close(&t.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_change_leaves_the_rows_with_its_verdict),
        cmocka_unit_test(an_edit_on_top_of_a_refused_one_waits_with_it),
        cmocka_unit_test(refused_edits_on_top_of_each_other_return_to_the_first_ones_before),
        cmocka_unit_test(giving_up_leaves_a_trace_on_both_sides),
        cmocka_unit_test(saving_again_without_what_was_wrong_reaches_everybody),
        cmocka_unit_test(a_refused_row_comes_back_under_its_own_id),
        cmocka_unit_test(saved_again_on_the_server_the_row_stays_its_authors),
        cmocka_unit_test(saving_again_puts_back_nothing_that_was_changed_since),
        cmocka_unit_test(the_last_of_refused_edits_is_saved_again_alone),
        cmocka_unit_test(nobody_closes_what_another_wrote),
        cmocka_unit_test(what_was_given_up_stays_so_after_a_restore),
        cmocka_unit_test(what_was_given_up_is_not_sent_again_under_a_new_epoch),
        cmocka_unit_test(a_name_means_one_operation_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
