/* SPDX-License-Identifier: Apache-2.0 */
/* Taking back what was entered: what it made goes, what it changed is as before, and nothing
 * that anybody has touched since is touched. */
#include "store/undo.h"

#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static const char *const first_fields[] = {"name=Fictif", "first_name=Anna", NULL};
static const char *const second_fields[] = {"name=Fictif", "first_name=Bilal", NULL};

static uint64_t op_last(struct party *p)
{
    struct store_status status;
    assert_int_equal(store_status(p->store, &status), ERR_OK);
    return status.op_last;
}

static struct undo_tally undo(struct party *p, uint64_t first, uint64_t last)
{
    struct undo_tally tally;
    struct note why = {0};
    assert_int_equal(undo_ops(p->store, first, last, &tally, &why), ERR_OK);
    return tally;
}

static void set(struct party *p, const struct id *id, const char *field)
{
    const char *fields[] = {field, NULL};
    assert_int_equal(twin_set(p, "person", id, fields), ERR_OK);
}

static void what_was_made_goes_everywhere(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 2, &schema_jalon);
    struct party *p = &t.replicas[0];
    twin_add(p, "person", first_fields);
    uint64_t before = op_last(p);
    twin_add(p, "person", second_fields);
    twin_add(p, "person", second_fields);
    uint64_t last = op_last(p);
    twin_sync(&t, 0);
    twin_sync(&t, 1);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 3);
    struct undo_tally tally = undo(p, before + 1, last);
    assert_int_equal(tally.undone, 2);
    assert_int_equal(tally.kept, 0);
    assert_int_equal(op_last(p), last + 1);
    twin_sync(&t, 0);
    twin_sync(&t, 1);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 1);
    assert_int_equal(twin_count(t.server.store, "person"), 1);
    twin_close(&t);
}

static void what_was_changed_is_as_before(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    struct party *p = &t.replicas[0];
    struct id id = twin_add(p, "person", first_fields);
    set(p, &id, "city=Liège-Fictive");
    uint64_t before = op_last(p);
    set(p, &id, "city=Namur-Fictive");
    set(p, &id, "street=Rue Exemple 1");
    struct undo_tally tally = undo(p, before + 1, op_last(p));
    assert_int_equal(tally.undone, 1);
    assert_string_equal(twin_get(p->store, "person", &id, "city"), "Liège-Fictive");
    assert_string_equal(twin_get(p->store, "person", &id, "street"), "");
    twin_close(&t);
}

static void a_field_changed_twice_is_as_before_both(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    struct party *p = &t.replicas[0];
    struct id id = twin_add(p, "person", first_fields);
    set(p, &id, "city=Liège-Fictive");
    uint64_t before = op_last(p);
    set(p, &id, "city=Namur-Fictive");
    set(p, &id, "city=Mons-Fictive");
    struct undo_tally tally = undo(p, before + 1, op_last(p));
    assert_int_equal(tally.kept, 0);
    assert_string_equal(twin_get(p->store, "person", &id, "city"), "Liège-Fictive");
    twin_close(&t);
}

static void what_was_made_and_then_changed_goes_too(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    struct party *p = &t.replicas[0];
    uint64_t before = op_last(p);
    struct id id = twin_add(p, "person", first_fields);
    set(p, &id, "city=Namur-Fictive");
    struct undo_tally tally = undo(p, before + 1, op_last(p));
    assert_int_equal(tally.kept, 0);
    assert_int_equal(twin_count(p->store, "person"), 0);
    twin_close(&t);
}

static void what_was_touched_since_stays(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 2, &schema_jalon);
    struct party *p = &t.replicas[0];
    struct id old = twin_add(p, "person", first_fields);
    uint64_t before = op_last(p);
    struct id made = twin_add(p, "person", second_fields);
    set(p, &old, "city=Namur-Fictive");
    set(p, &old, "emergency=la tante");
    uint64_t last = op_last(p);
    twin_sync(&t, 0);
    twin_sync(&t, 1);
    t.replicas[1].wall_ms += 60000;
    set(&t.replicas[1], &made, "postcode=5000");
    set(&t.replicas[1], &old, "city=Mons-Fictive");
    twin_sync(&t, 1);
    twin_sync(&t, 0);
    struct undo_tally tally = undo(p, before + 1, last);
    assert_int_equal(tally.undone, 0);
    assert_int_equal(tally.kept, 2);
    assert_string_equal(twin_get(p->store, "person", &made, "postcode"), "5000");
    assert_string_equal(twin_get(p->store, "person", &old, "city"), "Mons-Fictive");
    assert_string_equal(twin_get(p->store, "person", &old, "emergency"), "");
    twin_close(&t);
}

/* Taken back twice, or in the wrong order, or what never was: an answer, and no change. */
static void what_cannot_be_taken_back_changes_nothing(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    struct party *p = &t.replicas[0];
    twin_add(p, "person", first_fields);
    uint64_t last = op_last(p);
    struct undo_tally tally;
    struct note why = {0};
    assert_int_equal(undo_ops(p->store, 0, last, &tally, &why), ERR_INVALID);
    assert_int_equal(undo_ops(p->store, last + 1, last + 1, &tally, &why), ERR_INVALID);
    assert_int_equal(undo_ops(p->store, last, last - 1, &tally, &why), ERR_INVALID);
    assert_int_equal(op_last(p), last);
    assert_int_equal(undo(p, last, last).undone, 1);
    tally = undo(p, last, last);
    assert_int_equal(tally.undone, 0);
    assert_int_equal(tally.kept, 1);
    assert_int_equal(op_last(p), last + 1);
    twin_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_made_goes_everywhere),
        cmocka_unit_test(what_was_changed_is_as_before),
        cmocka_unit_test(a_field_changed_twice_is_as_before_both),
        cmocka_unit_test(what_was_made_and_then_changed_goes_too),
        cmocka_unit_test(what_was_touched_since_stays),
        cmocka_unit_test(what_cannot_be_taken_back_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
