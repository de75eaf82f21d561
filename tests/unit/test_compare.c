/* SPDX-License-Identifier: Apache-2.0 */
/* A replica whose rows are not the server's finds out, repairs them, and says so. */
#include "store/compare.h"
#include "store/inside.h"
#include "support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { HOUR_MS = 60 * 60 * 1000 };

static struct fleet f;
static struct id person;

static struct party *anna(void)
{
    return &f.twin.replicas[0];
}

static struct party *bilal(void)
{
    return &f.twin.replicas[1];
}

static void pass(int64_t ms)
{
    f.twin.server.wall_ms += ms;
    for (size_t i = 0; i < f.twin.count; i++)
        f.twin.replicas[i].wall_ms += ms;
}

static struct compare_report report_of(const struct party *p)
{
    struct compare_report r;
    assert_int_equal(compare_report(p->store, &r), ERR_OK);
    return r;
}

static void expect(const struct party *p, enum compare_state state, uint64_t changed,
                   uint64_t missing, uint64_t extra)
{
    struct compare_report r = report_of(p);
    assert_int_equal(r.state, state);
    assert_int_equal(r.faults[COMPARE_CHANGED], changed);
    assert_int_equal(r.faults[COMPARE_MISSING], missing);
    assert_int_equal(r.faults[COMPARE_EXTRA], extra);
}

static void same_dumps(const struct party *p)
{
    struct buf ours = {0};
    struct buf theirs = {0};
    twin_dump(p->store, &ours);
    twin_dump_seen(f.twin.server.store, &p->device.staff, &theirs);
    assert_true(str_eq(buf_str(&ours), buf_str(&theirs)));
    buf_done(&ours);
    buf_done(&theirs);
}

/* Behind the program's back, as a failing disk would. */
static void damage(struct party *p, const char *sql)
{
    struct db *db = NULL;
    store_close(p->store);
    assert_int_equal(db_open(p->path, NULL, &db, NULL), ERR_OK);
    assert_int_equal(db_exec(db, sql), ERR_OK);
    db_close(db);
    twin_open_party(&f.twin, p);
}

static int open_fleet(void **state)
{
    (void)state;
    fleet_open(&f, 1);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    fleet_join(&f, ROLE_COORDINATOR, &f.twin.structure);
    const char *fields[] = {"name=Fictif", "first_name=Anna", "emergency=la voisine", NULL};
    person = twin_add(anna(), "person", fields);
    const char *more[] = {"name=Inventé", "first_name=Omar", NULL};
    (void)twin_add(anna(), "person", more);
    fleet_heal(&f);
    pass(HOUR_MS);
    return 0;
}

static int close_fleet(void **state)
{
    (void)state;
    fleet_close(&f);
    return 0;
}

static void copies_that_agree_are_left_alone(void **state)
{
    (void)state;
    int64_t began_ms = anna()->wall_ms;
    for (size_t i = 0; i < f.twin.count; i++) {
        fleet_sync(&f, i);
        expect(&f.twin.replicas[i], COMPARE_SAME, 0, 0, 0);
        assert_int_equal(report_of(&f.twin.replicas[i]).found_ms, 0);
    }
    assert_true(report_of(anna()).rows > 2);
    assert_true(report_of(anna()).at_ms > began_ms);
}

static enum err count_entry(void *ctx, const struct history_entry *entry)
{
    (void)entry;
    (*(int *)ctx)++;
    return ERR_OK;
}

static int history_of(struct store *s)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    struct arena arena = {0};
    struct row row;
    int n = 0;
    assert_int_equal(rows_find(s, table, &person, &arena, &row), ERR_OK);
    assert_int_equal(rows_history(s, table, row.rid, count_entry, &n), ERR_OK);
    arena_done(&arena);
    return n;
}

static void an_altered_value_is_found_and_repaired(void **state)
{
    (void)state;
    int moments = history_of(anna()->store);
    int64_t began_ms = anna()->wall_ms;
    damage(anna(), "UPDATE t_person SET emergency='personne' WHERE emergency='la voisine'");
    fleet_sync(&f, 0);
    expect(anna(), COMPARE_SAME, 1, 0, 0);
    assert_true(report_of(anna()).found_ms > began_ms);
    assert_string_equal(twin_get(anna()->store, "person", &person, "emergency"), "la voisine");
    same_dumps(anna());
    assert_int_equal(history_of(anna()->store), moments); /* nobody changed it */
    uint64_t seq = serve_seq(f.twin.server.store);
    pass(HOUR_MS);
    fleet_sync(&f, 0);
    expect(anna(), COMPARE_SAME, 1, 0, 0); /* what was found stays to be read */
    assert_int_equal(serve_seq(f.twin.server.store), seq);
}

static void rows_lost_or_made_are_found_and_repaired(void **state)
{
    (void)state;
    damage(anna(), "DELETE FROM t_person WHERE emergency='la voisine'");
    fleet_sync(&f, 0);
    expect(anna(), COMPARE_SAME, 0, 1, 0);
    same_dumps(anna());
    pass(25 * (int64_t)HOUR_MS);
    damage(anna(), "UPDATE t_person SET _id=zeroblob(16) WHERE emergency='la voisine'");
    fleet_sync(&f, 0);
    expect(anna(), COMPARE_SAME, 0, 1, 1);
    same_dumps(anna());
}

static void a_row_that_does_not_read_is_replaced(void **state)
{
    (void)state;
    damage(anna(), "UPDATE t_person SET _vx=x'ff' WHERE emergency='la voisine'");
    fleet_sync(&f, 0);
    expect(anna(), COMPARE_SAME, 1, 0, 0);
    same_dumps(anna());
    pass(25 * (int64_t)HOUR_MS);
    damage(anna(), "UPDATE t_person SET _vx=x'ff',_id=zeroblob(16) "
                   "WHERE emergency='la voisine'");
    fleet_sync(&f, 0);
    expect(anna(), COMPARE_SAME, 0, 1, 1);
    same_dumps(anna());
}

/* What nobody has judged is no difference, and no repair takes it away. */
static void an_unsent_edit_is_kept(void **state)
{
    (void)state;
    damage(anna(), "UPDATE t_person SET name='Abîmé' WHERE emergency='la voisine'");
    fleet_call(&f, 0, false);
    fleet_page(&f, 0);
    const char *phone[] = {"emergency=le voisin", NULL};
    assert_int_equal(twin_set(anna(), "person", &person, phone), ERR_OK);
    while (fleet_take(&f, 0)) {
    }
    expect(anna(), COMPARE_SAME, 0, 0, 0); /* as it was found before */
    fleet_cut(&f, 0, false);
    fleet_sync(&f, 0); /* it goes first; what the disk did to the name shows now */
    expect(anna(), COMPARE_SAME, 1, 0, 0);
    assert_string_equal(twin_get(anna()->store, "person", &person, "emergency"), "le voisin");
    assert_string_equal(twin_get(anna()->store, "person", &person, "name"), "Fictif");
    same_dumps(anna());
}

/* The line breaks in the midst of it, and something is saved meanwhile. */
static void a_repair_goes_on_where_it_was_cut(void **state)
{
    (void)state;
    damage(anna(), "UPDATE t_person SET name='Abîmé'");
    fleet_call(&f, 0, false);
    fleet_page(&f, 0);
    while (fleet_take(&f, 0)) {
    }
    expect(anna(), COMPARE_REPAIRING, 0, 0, 0);
    const char *phone[] = {"emergency=le voisin", NULL};
    assert_int_equal(twin_set(anna(), "person", &person, phone), ERR_OK);
    fleet_call(&f, 0, false);
    fleet_page(&f, 0);
    fleet_cut(&f, 0, false);
    store_close(anna()->store);
    twin_open_party(&f.twin, anna());
    fleet_sync(&f, 0);
    expect(anna(), COMPARE_SAME, 2, 0, 0);
    assert_string_equal(twin_get(anna()->store, "person", &person, "emergency"), "le voisin");
    same_dumps(anna());
}

/* Telling again does not help where the server's account is wrong: it is not asked for at every
 * sync, and both sides say so. */
static void a_damaged_server_is_told_of_and_not_asked_forever(void **state)
{
    (void)state;
    damage(&f.twin.server, "UPDATE digest SET sum=sum+1 WHERE dossier=0");
    fleet_sync(&f, 0);
    expect(anna(), COMPARE_DIFFERENT, 0, 0, 0);
    struct buf report = {0};
    uint32_t problems = 0;
    assert_int_equal(store_check(anna()->store, &report, &problems), ERR_OK);
    assert_int_equal(problems, 1);
    assert_int_equal(store_check(f.twin.server.store, &report, &problems), ERR_OK);
    assert_int_equal(problems, 1);
    buf_done(&report);
    struct compare_report first = report_of(anna());
    pass(HOUR_MS);
    fleet_sync(&f, 0);
    assert_int_equal(report_of(anna()).found_ms, first.found_ms);
    assert_true(report_of(anna()).at_ms > first.at_ms);
    pass(24 * (int64_t)HOUR_MS);
    fleet_sync(&f, 0);
    assert_true(report_of(anna()).found_ms > first.found_ms); /* once more */
    expect(anna(), COMPARE_DIFFERENT, 0, 0, 0);
}

/* What its disk did to a row at the server is found there, and does not reach the replicas that
 * have it. */
static void an_altered_row_of_the_server_is_found_by_its_check(void **state)
{
    (void)state;
    damage(&f.twin.server, "UPDATE t_person SET name='Abîmé' WHERE emergency='la voisine'");
    fleet_sync(&f, 0);
    expect(anna(), COMPARE_SAME, 0, 0, 0);
    assert_string_equal(twin_get(anna()->store, "person", &person, "name"), "Fictif");
    struct buf report = {0};
    uint32_t problems = 0;
    assert_int_equal(store_check(f.twin.server.store, &report, &problems), ERR_OK);
    assert_int_equal(problems, 1);
    buf_done(&report);
}

/* It reads all rows: not at each of many syncs. */
static void it_takes_little_of_the_time(void **state)
{
    (void)state;
    fleet_sync(&f, 0);
    struct compare_report r = report_of(anna());
    struct store_status status;
    assert_int_equal(store_status(anna()->store, &status), ERR_OK);
    const struct idle other = {.compared = true,
                               .through = status.pulled_through,
                               .judged = status.acked_through,
                               .rows = r.rows,
                               .sum = 1};
    bool repair = true;
    pass((int64_t)r.rows);
    assert_int_equal(compare_rows(anna()->store, &other, &repair), ERR_OK);
    assert_false(repair);
    assert_int_equal(report_of(anna()).at_ms, r.at_ms);
    pass(2 * (int64_t)r.rows);
    assert_int_equal(compare_rows(anna()->store, &other, &repair), ERR_OK);
    assert_true(repair);
}

/* Nobody who syncs for the first time waits until all rows were read once more; it is made up
 * for. */
static void the_first_one_of_many_rows_is_put_off(void **state)
{
    (void)state;
    struct store *s = anna()->store;
    struct store_status status;
    assert_int_equal(store_status(s, &status), ERR_OK);
    char none[80];
    (void)snprintf(none, sizeof none, "DELETE FROM meta WHERE k=%d", META_COMPARE);
    damage(anna(), none);
    s = anna()->store;
    const struct idle many = {.compared = true,
                              .through = status.pulled_through,
                              .judged = status.acked_through,
                              .rows = 100000,
                              .sum = 1};
    bool repair = true;
    assert_int_equal(compare_rows(s, &many, &repair), ERR_OK);
    assert_false(repair);
    expect(anna(), COMPARE_NEVER, 0, 0, 0);
    assert_int_equal(report_of(anna()).at_ms, 0);
    pass(100000);
    assert_int_equal(compare_rows(s, &many, &repair), ERR_OK);
    expect(anna(), COMPARE_NEVER, 0, 0, 0);
    pass(200000);
    assert_int_equal(compare_rows(s, &many, &repair), ERR_OK);
    assert_true(repair);
    assert_true(report_of(anna()).at_ms > 0);
}

/* A version that knows other fields is told nothing to compare with. */
static void an_idle_without_a_digest_is_no_difference(void **state)
{
    (void)state;
    struct store_status status;
    assert_int_equal(store_status(anna()->store, &status), ERR_OK);
    struct compare_report before = report_of(anna());
    const struct idle old = {.through = status.pulled_through, .judged = status.acked_through};
    bool repair = true;
    assert_int_equal(compare_rows(anna()->store, &old, &repair), ERR_OK);
    assert_false(repair);
    assert_int_equal(report_of(anna()).at_ms, before.at_ms);
    struct hello hello;
    struct serve_session session = {.device = 0};
    struct buf frames = {0};
    assert_int_equal(replica_hello(anna()->store, &hello), ERR_OK);
    hello.schema--;
    assert_int_equal(
        serve_hello(f.twin.server.store, &anna()->device, &hello, &session, &frames), ERR_OK);
    assert_false(session.compares);
    serve_session_done(&session);
    buf_done(&frames);
}

static void what_is_deleted_counts_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < f.twin.count; i++)
        fleet_sync(&f, i);
    uint64_t all = report_of(bilal()).rows;
    const char *name[] = {"name=Nouveau", NULL};
    (void)twin_add(bilal(), "company", name);
    assert_int_equal(twin_delete(anna(), "person", &person, true), ERR_OK);
    fleet_heal(&f);
    pass(HOUR_MS);
    for (size_t i = 0; i < f.twin.count; i++) {
        fleet_sync(&f, i);
        expect(&f.twin.replicas[i], COMPARE_SAME, 0, 0, 0);
    }
    assert_int_equal(report_of(bilal()).rows, all + 1);
}

/* Frozen: it is part of the protocol. */
static void the_digest_of_a_row_is_what_it_was(void **state)
{
    (void)state;
    const struct table *table = schema_table(&schema_jalon, TABLE_COMPANY);
    struct row row = {.stamp = {.hlc = 0x123456789abc0001, .origin = 7}, .form = 2};
    memset(row.id.b, 0x11, ID_BYTES);
    memset(row.by.b, 0x22, ID_BYTES);
    row.values[0] = value_text(STR("Forge Fictive"));
    struct version later = {.field = table->fields[1].id,
                            .stamp = {.hlc = 0x123456789abc0002, .origin = 8}};
    versions_set(&row.versions, &later);
    struct buf scratch = {0};
    uint64_t sum = 0;
    assert_int_equal(digest_row(table, &row, &scratch, &sum), ERR_OK);
    assert_int_equal(sum, 0x467638dc15a75c4c);
    buf_done(&scratch);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fleet, close_fleet)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(copies_that_agree_are_left_alone),
        TEST(an_altered_value_is_found_and_repaired),
        TEST(rows_lost_or_made_are_found_and_repaired),
        TEST(a_row_that_does_not_read_is_replaced),
        TEST(an_unsent_edit_is_kept),
        TEST(a_repair_goes_on_where_it_was_cut),
        TEST(a_damaged_server_is_told_of_and_not_asked_forever),
        TEST(an_altered_row_of_the_server_is_found_by_its_check),
        TEST(it_takes_little_of_the_time),
        TEST(the_first_one_of_many_rows_is_put_off),
        TEST(an_idle_without_a_digest_is_no_difference),
        TEST(what_is_deleted_counts_on),
        cmocka_unit_test(the_digest_of_a_row_is_what_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
