/* SPDX-License-Identifier: Apache-2.0 */
/* The door for changes: what it lets in, what it says otherwise, and what remains of it. */
#include "store/edit.h"

#include "support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

struct door {
    struct fleet f;
    struct party *p;
    struct id person;
    uint64_t ops;
};

static void open_door(struct door *d, enum role role)
{
    fleet_open(&d->f, 1);
    char home[80];
    char text[ID_TEXT_BYTES];
    id_print(&d->f.twin.structure, text);
    (void)snprintf(home, sizeof home, "structure=%s", text);
    const char *fields[] = {"name=Fictif", "first_name=Anna", home, NULL};
    d->person = twin_add(&d->f.twin.server, "person", fields);
    fleet_join(&d->f, role, &d->f.twin.structure);
    d->p = &d->f.twin.replicas[0];
}

static uint64_t op_last(struct door *d)
{
    struct store_status status;
    assert_int_equal(store_status(d->p->store, &status), ERR_OK);
    return status.op_last;
}

static const struct table *table_of(const char *name)
{
    return schema_table_named(&schema_jalon, str_of(name));
}

static struct edit_value text(const char *table, const char *field, const char *value)
{
    return (struct edit_value){schema_field_named(table_of(table), str_of(field)),
                               value_text(str_of(value))};
}

static struct edit_value number(const char *table, const char *field, int64_t value)
{
    return (struct edit_value){schema_field_named(table_of(table), str_of(field)),
                               value_int(value)};
}

static struct edit_value to(const char *table, const char *field, const struct id *id)
{
    return (struct edit_value){schema_field_named(table_of(table), str_of(field)),
                               value_id(id)};
}

/* One insert in an edit of its own, given up when it fails. */
static enum err insert(struct door *d, const char *table, const struct edit_value *values,
                       size_t n, struct note *why)
{
    struct edit *edit = NULL;
    struct id id;
    assert_int_equal(edit_open(d->p->store, &edit, NULL), ERR_OK);
    enum err err = edit_insert(edit, table_of(table), values, n, &id, why);
    if (err == ERR_OK)
        return edit_commit(edit, why);
    edit_abort(edit);
    return err;
}

static enum err update(struct door *d, const struct edit_value *values, size_t n,
                       struct note *why)
{
    struct edit *edit = NULL;
    assert_int_equal(edit_open(d->p->store, &edit, NULL), ERR_OK);
    enum err err = edit_update(edit, table_of("person"), &d->person, values, n, why);
    if (err == ERR_OK)
        return edit_commit(edit, why);
    edit_abort(edit);
    return err;
}

static void what_cannot_be_is_refused_by_name_and_nothing_remains(void **state)
{
    (void)state;
    struct door d;
    open_door(&d, ROLE_JOBCOACH);
    struct note why = {0};
    struct id missing = {.b = {9}};
    struct edit_value secret = text("person", "name", "SECRET");
    assert_int_equal(insert(&d, "person", &secret, 1, &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "first_name"));
    assert_null(strstr(why.text, "SECRET"));
    struct edit_value person[] = {secret, text("person", "first_name", "Anna"),
                                  to("person", "structure", &missing)};
    assert_int_equal(insert(&d, "person", person, 3, &why), ERR_NOTFOUND);
    struct edit_value due[] = {
        text("deadline", "of_table", "person"), to("deadline", "of_row", &missing),
        text("deadline", "label", "Relance"), number("deadline", "due", 20000)};
    assert_int_equal(insert(&d, "deadline", due, 4, &why), ERR_NOTFOUND);
    struct edit_value foreign = text("company", "name", "Firme");
    assert_int_equal(insert(&d, "person", &foreign, 1, &why), ERR_INVALID);
    struct edit_value role[] = {text("structure", "name", "EI"),
                                text("structure", "kind", "EI")};
    assert_int_equal(insert(&d, "structure", role, 2, &why), ERR_REFUSED);
    struct edit_value state_of = text("conflict", "state", "open");
    assert_int_equal(insert(&d, "conflict", &state_of, 1, &why), ERR_REFUSED);
    struct edit_value position[] = {
        text("position", "kind", "offer"), text("position", "title", "Ouvrier"),
        number("position", "places", 1), number("position", "start", 20000)};
    assert_int_equal(insert(&d, "position", position, 4, &why), ERR_INVALID);
    struct edit_value gender = text("person", "gender", "Z");
    assert_int_equal(update(&d, &gender, 1, &why), ERR_INVALID);
    struct edit_value home = to("person", "structure", &missing);
    assert_int_equal(update(&d, &home, 1, &why), ERR_FROZEN);
    d.person.b[0] ^= 1;
    assert_int_equal(update(&d, &secret, 1, &why), ERR_NOTFOUND);
    assert_int_equal(op_last(&d), 0);
    assert_int_equal(twin_count(d.p->store, "person"), 1);
    fleet_close(&d.f);
}

static void the_authors_structure_fills_in(void **state)
{
    (void)state;
    struct door d;
    open_door(&d, ROLE_JOBCOACH);
    struct edit_value person[] = {text("person", "name", "Fictif"),
                                  text("person", "first_name", "Bilal")};
    assert_int_equal(insert(&d, "person", person, 2, NULL), ERR_OK);
    fleet_sync(&d.f, 0);
    assert_int_equal(twin_count(d.f.twin.server.store, "person"), 2);
    fleet_close(&d.f);
}

static void a_change_that_changes_nothing_makes_no_operation(void **state)
{
    (void)state;
    struct door d;
    open_door(&d, ROLE_JOBCOACH);
    struct edit_value same = text("person", "name", "Fictif");
    assert_int_equal(update(&d, &same, 1, NULL), ERR_OK);
    struct edit_value alive = {.field = NULL, .value = value_int(0)};
    assert_int_equal(update(&d, &alive, 1, NULL), ERR_OK);
    assert_int_equal(op_last(&d), 0);
    fleet_close(&d.f);
}

static void a_failed_call_leaves_the_rest_of_the_edit(void **state)
{
    (void)state;
    struct door d;
    open_door(&d, ROLE_JOBCOACH);
    struct edit *edit = NULL;
    struct id id;
    struct edit_value name = text("company", "name", "Firme fictive");
    struct edit_value wrong[] = {name, text("company", "potential", "immense")};
    assert_int_equal(edit_open(d.p->store, &edit, NULL), ERR_OK);
    assert_int_equal(edit_insert(edit, table_of("company"), &name, 1, &id, NULL), ERR_OK);
    assert_int_equal(edit_insert(edit, table_of("company"), wrong, 2, &id, NULL), ERR_INVALID);
    assert_int_equal(edit_insert_as(edit, table_of("company"), &id, &name, 1, NULL),
                     ERR_EXISTS);
    assert_int_equal(edit_insert(edit, table_of("company"), &name, 1, &id, NULL), ERR_OK);
    assert_int_equal(edit_count(edit), 2);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    assert_int_equal(twin_count(d.p->store, "company"), 2);
    assert_int_equal(op_last(&d), 1);
    fleet_sync(&d.f, 0);
    assert_int_equal(twin_count(d.f.twin.server.store, "company"), 2);
    fleet_close(&d.f);
}

static void an_edit_given_up_leaves_nothing(void **state)
{
    (void)state;
    struct door d;
    open_door(&d, ROLE_JOBCOACH);
    struct edit *edit = NULL;
    struct id id;
    struct edit_value name = text("company", "name", "Firme fictive");
    assert_int_equal(edit_open(d.p->store, &edit, NULL), ERR_OK);
    for (int i = 0; i < OP_BATCH_CHANGES + 10; i++)
        assert_int_equal(edit_insert(edit, table_of("company"), &name, 1, &id, NULL), ERR_OK);
    edit_abort(edit);
    edit_abort(NULL);
    assert_int_equal(twin_count(d.p->store, "company"), 0);
    assert_int_equal(op_last(&d), 0);
    struct edit_value ref = to("position", "company", &id);
    struct edit_value position[] = {
        ref, text("position", "kind", "offer"), text("position", "title", "Ouvrier"),
        number("position", "places", 1), number("position", "start", 20000)};
    assert_int_equal(insert(&d, "position", position, 5, NULL), ERR_NOTFOUND);
    fleet_close(&d.f);
}

static void a_long_batch_is_cut_into_operations_of_one_commit(void **state)
{
    (void)state;
    struct door d;
    open_door(&d, ROLE_JOBCOACH);
    struct edit *edit = NULL;
    struct id id;
    struct edit_value name = text("company", "name", "Firme fictive");
    uint64_t rows = 2 * OP_BATCH_CHANGES + 1;
    assert_int_equal(edit_open(d.p->store, &edit, NULL), ERR_OK);
    for (uint64_t i = 0; i < rows; i++)
        assert_int_equal(edit_insert(edit, table_of("company"), &name, 1, &id, NULL), ERR_OK);
    assert_int_equal(edit_count(edit), rows);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    assert_int_equal(op_last(&d), 3);
    struct store_status status;
    assert_int_equal(store_status(d.p->store, &status), ERR_OK);
    assert_int_equal(status.unsent, rows);
    fleet_sync(&d.f, 0);
    assert_int_equal(twin_count(d.f.twin.server.store, "company"), rows);
    fleet_close(&d.f);
}

static void a_refused_edit_of_the_server_leaves_nothing_but_its_answer(void **state)
{
    (void)state;
    struct door d;
    open_door(&d, ROLE_JOBCOACH);
    struct store *s = d.f.twin.server.store;
    struct edit *edit = NULL;
    struct id missing = {.b = {9}};
    struct edit_value parent = to("structure", "parent", &missing);
    uint64_t seq = serve_seq(s);
    assert_int_equal(edit_open(s, &edit, NULL), ERR_OK);
    enum err err =
        edit_update(edit, table_of("structure"), &d.f.twin.structure, &parent, 1, NULL);
    assert_int_equal(err, ERR_NOTFOUND);
    edit_abort(edit);
    assert_int_equal(serve_seq(s), seq);
    fleet_close(&d.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_is_refused_by_name_and_nothing_remains),
        cmocka_unit_test(the_authors_structure_fills_in),
        cmocka_unit_test(a_change_that_changes_nothing_makes_no_operation),
        cmocka_unit_test(a_failed_call_leaves_the_rest_of_the_edit),
        cmocka_unit_test(an_edit_given_up_leaves_nothing),
        cmocka_unit_test(a_long_batch_is_cut_into_operations_of_one_commit),
        cmocka_unit_test(a_refused_edit_of_the_server_leaves_nothing_but_its_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
