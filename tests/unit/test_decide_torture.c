/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions while memory runs out: each allocation fails in its turn, and afterwards the
 * decision is there whole, or not at all. */
#include "store/closing.h"
#include "store/duplicates.h"
#include "store/history.h"
#include "store/inside.h"
#include "store/quarantine_json.h"
#include "store/ties.h"
#include "support/alloc_fail.h"
#include "support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { EVERY = 60, THIN = 20 };

struct office {
    struct fleet f;
    struct party *anna, *bilal;
    struct id zoe, twin, session, kase, conflict;
    char refused[24];
};

static enum err on_id(void *ctx, const struct row *row)
{
    struct id *id = ctx;
    *id = row->id;
    return ERR_OK;
}

static struct id last_of(struct party *p, uint16_t table)
{
    struct id id = {0};
    assert_int_equal(
        rows_list(p->store, schema_table(&schema_jalon, table), NULL, 0, false, 0, on_id, &id),
        ERR_OK);
    assert_false(id_is_null(&id));
    return id;
}

static enum err set(struct party *p, const char *table, const struct id *id, const char *field)
{
    const char *fields[] = {field, NULL};
    return twin_set(p, table, id, fields);
}

static enum err on_refused(void *ctx, const struct quarantined *q)
{
    struct office *o = ctx;
    (void)snprintf(o->refused, sizeof o->refused, "%u/%llu", q->epoch,
                   (unsigned long long)q->op_no);
    return ERR_OK;
}

/* Bilal's replica holds a duplicate, a conflict, and an operation that was refused. */
static void begin(struct office *o)
{
    char person[80];
    char text[ID_TEXT_BYTES];
    fleet_open(&o->f, 1);
    fleet_join(&o->f, ROLE_JOBCOACH, &o->f.twin.structure);
    fleet_join(&o->f, ROLE_JOBCOACH, &o->f.twin.structure);
    o->anna = &o->f.twin.replicas[0];
    o->bilal = &o->f.twin.replicas[1];
    const char *fields[] = {"name=Fictif", "first_name=Zoé", "birth_date=1990-03-02", NULL};
    o->zoe = twin_add(o->anna, "person", fields);
    o->twin = twin_add(o->bilal, "person", fields);
    id_print(&o->zoe, text);
    (void)snprintf(person, sizeof person, "person=%s", text);
    const char *session[] = {"kind=individual", person, "date=2026-11-02", "minutes=45", NULL};
    o->session = twin_add(o->anna, "session", session);
    fleet_heal(&o->f);
    assert_int_equal(set(o->anna, "person", &o->zoe, "emergency=le frère"), ERR_OK);
    assert_int_equal(set(o->bilal, "person", &o->zoe, "emergency=la tante"), ERR_OK);
    assert_int_equal(set(o->anna, "session", &o->session, "state=validated"), ERR_OK);
    fleet_sync(&o->f, 0);
    assert_int_equal(set(o->bilal, "session", &o->session, "minutes=50"), ERR_OK);
    fleet_heal(&o->f);
    o->kase = last_of(o->bilal, TABLE_DUPLICATE_CASE);
    o->conflict = last_of(o->bilal, TABLE_CONFLICT);
    assert_int_equal(quarantine_list(o->bilal->store, false, on_refused, o), ERR_OK);
}

typedef enum err act(struct office *o);

/* Let the nth allocation fail, for every n, until the act asks for fewer. `back` undoes what
 * was done, without faults. `is_done`: is it there? */
static void torture(struct office *o, act *forth, act *back, bool (*is_done)(struct office *o))
{
    for (uint64_t n = 1;; n = n < EVERY ? n + 1 : n + 1 + n / THIN) {
        alloc_fail_at(ALLOC_BOTH, n, false);
        enum err err = forth(o);
        uint64_t refused = alloc_fail_refused();
        alloc_fail_off();
        if (err != ERR_OK && err != ERR_NOMEM)
            fail_msg("allocation %llu: %s", (unsigned long long)n, err_name(err));
        if (store_health(o->bilal->store) != ERR_OK) {
            store_close(o->bilal->store);
            twin_open_party(&o->f.twin, o->bilal);
        }
        assert_int_equal(is_done(o), err == ERR_OK);
        if (err == ERR_OK)
            assert_int_equal(back(o), ERR_OK);
        if (refused == 0)
            return;
    }
}

/* ---- what is done ---- */

static enum err merge(struct office *o)
{
    return duplicate_decide(o->bilal->store, &o->kase, DUPLICATE_SAME, STR("vu"), NULL);
}

static enum err part(struct office *o)
{
    return duplicate_decide(o->bilal->store, &o->kase, DUPLICATE_OPEN, STR(""), NULL);
}

static bool is_merged(struct office *o)
{
    bool ordered = id_cmp(&o->zoe, &o->twin) < 0;
    const char *tie =
        twin_get(o->bilal->store, "person", ordered ? &o->twin : &o->zoe, "merged_into");
    const char *state = twin_get(o->bilal->store, "duplicate_case", &o->kase, "state");
    assert_int_equal(tie[0] != '\0', strcmp(state, "same") == 0);
    return tie[0] != '\0';
}

static enum err decide(struct office *o, const char *value)
{
    struct edit_choice choice = {
        .decision = EDIT_OWN_VALUE, .value = str_of(value), .again = true};
    return edit_decide(o->bilal->store, &o->conflict, &choice, NULL);
}

static enum err decide_forth(struct office *o)
{
    return decide(o, "l'oncle");
}

static enum err decide_back(struct office *o)
{
    return decide(o, "la cousine");
}

static bool is_decided(struct office *o)
{
    return strcmp(twin_get(o->bilal->store, "person", &o->zoe, "emergency"), "l'oncle") == 0;
}

static enum err with_refused(struct office *o, bool discard)
{
    bool without[OP_CHANGES_MAX] = {true};
    struct closing_plan plan = {.without = without};
    struct arena arena = {0};
    struct quarantined q;
    uint64_t rows = 0;
    enum err err = quarantine_find(o->bilal->store, str_of(o->refused), &arena, &q, NULL);
    if (err == ERR_OK)
        err = discard ? closing_discard(o->bilal->store, &q, STR("vu"), NULL)
                      : closing_resubmit(o->bilal->store, &q, &plan, &rows, NULL);
    arena_done(&arena);
    return err;
}

static enum err discard(struct office *o)
{
    return with_refused(o, true);
}

static enum err resubmit(struct office *o)
{
    return with_refused(o, false);
}

/* Open again, as if nobody had closed it; the operation that told so stays. */
static enum err reopen(struct office *o)
{
    return db_exec(o->bilal->store->db, "UPDATE quarantine SET state=0,closed_ms=NULL");
}

static bool is_closed(struct office *o)
{
    struct store_status status;
    assert_int_equal(store_status(o->bilal->store, &status), ERR_OK);
    return status.quarantined == 0;
}

/* ---- what is read ---- */

static enum err on_moment(void *ctx, const struct history_moment *moment)
{
    (void)ctx;
    (void)moment;
    return ERR_OK;
}

static enum err on_change(void *ctx, const struct field *field, const struct value *before,
                          const struct value *after)
{
    (void)ctx;
    (void)field;
    (void)before;
    (void)after;
    return ERR_OK;
}

static enum err on_case(void *ctx, const struct row *row, const struct duplicate *d)
{
    struct office *o = ctx;
    struct buf out = {0};
    enum err err = duplicate_json(o->bilal->store, row, d, &out);
    buf_done(&out);
    return err;
}

static enum err on_json(void *ctx, const struct quarantined *q)
{
    struct office *o = ctx;
    struct buf out = {0};
    enum err err = quarantine_json(o->bilal->store, q, &out);
    buf_done(&out);
    return err;
}

static enum err on_relation(void *ctx, const struct ties_relation *relation)
{
    (void)ctx;
    (void)relation;
    return ERR_OK;
}

static enum err read_all(struct office *o)
{
    struct store *s = o->bilal->store;
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    struct history_tell tell = {o, on_moment, on_change};
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(s, table, &o->zoe, &arena, row);
    if (err == ERR_OK)
        err = history_tell(s, table, row, NULL, &tell);
    if (err == ERR_OK)
        err = ties_related(s, table, &o->zoe, on_relation, o);
    if (err == ERR_OK)
        err = duplicates_list(s, true, on_case, o);
    if (err == ERR_OK)
        err = quarantine_list(s, true, on_json, o);
    arena_done(&arena);
    return err;
}

static enum err nothing(struct office *o)
{
    (void)o;
    return ERR_OK;
}

static bool was_read;
static enum err read_and_note(struct office *o)
{
    enum err err = read_all(o);
    was_read = err == ERR_OK;
    return err;
}

static bool is_read(struct office *o)
{
    (void)o;
    return was_read;
}

static void every_allocation_of_a_decision_may_fail(void **state)
{
    (void)state;
    static const struct {
        act *forth, *back;
        bool (*is_done)(struct office *o);
    } acts[] = {
        {merge, part, is_merged},          {decide_forth, decide_back, is_decided},
        {discard, reopen, is_closed},      {resubmit, reopen, is_closed},
        {read_and_note, nothing, is_read},
    };
    struct office o;
    begin(&o);
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++)
        torture(&o, acts[i].forth, acts[i].back, acts[i].is_done);
    fleet_heal(&o.f);
    struct store_status status;
    assert_int_equal(store_status(o.bilal->store, &status), ERR_OK);
    assert_int_equal(status.unsent, 0);
    fleet_close(&o.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_a_decision_may_fail),
    };
    alloc_fail_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
