/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of a sync: what it believes, what it refuses, what a restored server does.
 */
#include "proto/hash.h"
#include "store/inside.h"
#include "support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static struct id add_person(struct fleet *f, size_t i, const char *first)
{
    char name[80];
    (void)snprintf(name, sizeof name, "first_name=%s", first);
    const char *fields[] = {"name=Fictif", name, NULL};
    return twin_add(&f->twin.replicas[i], "person", fields);
}

static void open_one(struct fleet *f)
{
    fleet_open(f, 1);
    fleet_join(f, ROLE_JOBCOACH, &f->twin.structure);
}

static const char *first_name(struct party *p, const struct id *id)
{
    return twin_get(p->store, "person", id, "first_name");
}

static void assert_same(struct fleet *f)
{
    for (size_t i = 0; i < f->twin.count; i++) {
        struct buf ours = {0};
        struct buf theirs = {0};
        twin_dump(f->twin.replicas[i].store, &ours);
        twin_dump_seen(f->twin.server.store, &f->twin.replicas[i].device.staff, &theirs);
        assert_true(str_eq(buf_str(&ours), buf_str(&theirs)));
        buf_done(&ours);
        buf_done(&theirs);
    }
}

static void acknowledged_work_returns_to_a_restored_server(void **state)
{
    (void)state;
    struct fleet f;
    open_one(&f);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    struct id a = add_person(&f, 0, "Anna");
    fleet_heal(&f);
    fleet_backup(&f);
    fleet_heal(&f);
    struct id b = add_person(&f, 0, "Bilal");
    fleet_heal(&f);
    assert_string_equal(first_name(&f.twin.replicas[1], &b), "Bilal");
    for (int twice = 0; twice < 2; twice++) {
        f.twin.server.wall_ms += 5000;
        fleet_restore(&f);
        assert_string_equal(first_name(&f.twin.server, &b), "<NOTFOUND>");
        fleet_heal(&f);
        assert_string_equal(first_name(&f.twin.server, &a), "Anna");
        assert_string_equal(first_name(&f.twin.server, &b), "Bilal");
        assert_same(&f);
    }
    assert_int_equal(f.forks, 0);
    fleet_close(&f);
}

/* A part of it has left; the process dies when the restored server has said what it knows. */
static void a_cut_operation_is_written_again_though_that_was_cut_off(void **state)
{
    (void)state;
    struct fleet f;
    open_one(&f);
    (void)add_person(&f, 0, "Anna");
    (void)add_person(&f, 0, "Bilal");
    fleet_heal(&f);
    struct store *s = f.twin.replicas[0].store;
    struct replica_plan plan = {.fork = false};
    struct welcome welcome = {.epoch = s->epoch, .known_op = s->own.op_no - 1};
    struct stmt *stmt = NULL;
    int64_t generation = 0;
    assert_int_equal(meta_get_id(s, META_HISTORY, &welcome.history), ERR_OK);
    assert_int_equal(meta_get_int(s, META_GENERATION, &generation), ERR_OK);
    welcome.generation = (uint32_t)generation + 1;
    assert_int_equal(store_sql(s, SQL_OUTBOX_AT, &stmt), ERR_OK);
    bind_int(stmt, 1, (int64_t)welcome.known_op);
    assert_int_equal(stmt_step(stmt), STEP_ROW);
    welcome.known_hash = (uint64_t)col_int(stmt, 0);
    stmt_reset(stmt);
    assert_int_equal(db_exec(s->db, "UPDATE outbox SET cut=1 WHERE op_no=(SELECT max(op_no) "
                                    "FROM outbox)"),
                     ERR_OK);
    for (int twice = 0; twice < 2; twice++) {
        plan.fork = false;
        assert_int_equal(replica_welcome(s, &welcome, &plan), ERR_OK);
        assert_true(plan.fork);
        assert_int_equal(s->acked, welcome.known_op);
    }
    fleet_close(&f);
}

static void what_a_restored_server_never_gets_back_leaves_the_replicas(void **state)
{
    (void)state;
    struct fleet f;
    open_one(&f);
    fleet_backup(&f);
    const char *fields[] = {"name=Firme fictive", NULL};
    struct id lost = twin_add(&f.twin.server, "company", fields);
    fleet_heal(&f);
    assert_int_equal(twin_count(f.twin.replicas[0].store, "company"), 1);
    fleet_restore(&f);
    fleet_heal(&f);
    assert_string_equal(twin_get(f.twin.replicas[0].store, "company", &lost, "name"),
                        "<NOTFOUND>");
    assert_same(&f);
    fleet_close(&f);
}

/* The laptop got a new epoch after the backup was made: the restored server does not know it.
 */
static void work_of_an_epoch_the_restored_server_lost_returns_too(void **state)
{
    (void)state;
    struct fleet f;
    open_one(&f);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    fleet_image(&f, 0, "image0");
    (void)add_person(&f, 0, "Anna");
    fleet_heal(&f);
    fleet_backup(&f);
    fleet_put_back(&f, 0, "image0");
    fleet_heal(&f);
    assert_int_equal(f.forks, 1);
    struct id b = add_person(&f, 0, "Bilal");
    fleet_heal(&f);
    f.twin.server.wall_ms += 5000;
    fleet_restore(&f);
    /* Another device forks first: it must not be given the same number. */
    fleet_image(&f, 1, "image1");
    struct id c = add_person(&f, 1, "Chloé");
    fleet_sync(&f, 1);
    fleet_put_back(&f, 1, "image1");
    struct id d = add_person(&f, 1, "Denis");
    fleet_sync(&f, 1);
    fleet_heal(&f);
    assert_string_equal(first_name(&f.twin.server, &b), "Bilal");
    assert_string_equal(first_name(&f.twin.server, &c), "Chloé");
    assert_string_equal(first_name(&f.twin.server, &d), "Denis");
    assert_same(&f);
    fleet_close(&f);
}

/* A backup older than the one that let the laptops release their work. */
static void what_is_left_returns_to_a_server_put_back_too_far(void **state)
{
    (void)state;
    struct fleet f;
    open_one(&f);
    struct id a = add_person(&f, 0, "Anna");
    fleet_heal(&f);
    fleet_backup(&f);
    fleet_keep_backup(&f, "older");
    struct id b = add_person(&f, 0, "Bilal");
    fleet_heal(&f);
    fleet_backup(&f);
    fleet_heal(&f);
    struct id c = add_person(&f, 0, "Chloé");
    fleet_heal(&f);
    struct id d = add_person(&f, 0, "Denis");
    fleet_use_backup(&f, "older");
    fleet_restore(&f);
    fleet_heal(&f);
    assert_string_equal(first_name(&f.twin.server, &a), "Anna");
    assert_string_equal(first_name(&f.twin.server, &b), "<NOTFOUND>");
    assert_string_equal(first_name(&f.twin.server, &c), "Chloé");
    assert_string_equal(first_name(&f.twin.server, &d), "Denis");
    assert_same(&f);
    fleet_close(&f);
}

static void a_replica_without_a_device_neither_works_nor_calls(void **state)
{
    (void)state;
    struct fleet f;
    open_one(&f);
    struct party *p = &f.twin.replicas[0];
    struct store_identity identity = {.device = 9, .epoch = 9};
    assert_int_equal(store_enrol(p->store, &identity), ERR_EXISTS);
    struct party blank = {.wall_ms = 1};
    (void)snprintf(blank.path, sizeof blank.path, "%s/replica7.db", f.twin.dir);
    twin_open_party(&f.twin, &blank);
    struct hello hello;
    struct edit *edit = NULL;
    struct note why = {0};
    assert_int_equal(replica_hello(blank.store, &hello), ERR_REFUSED);
    assert_int_equal(edit_open(blank.store, &edit, &why), ERR_REFUSED);
    assert_true(why.text[0] != 0);
    store_close(blank.store);
    (void)remove(blank.path);
    fleet_close(&f);
}

static void another_servers_welcome_is_refused(void **state)
{
    (void)state;
    struct fleet f;
    open_one(&f);
    struct replica_plan plan;
    struct welcome w = {.protocol = MESSAGE_PROTOCOL, .history = {.b = {1, 2, 3}}};
    assert_int_equal(replica_welcome(f.twin.replicas[0].store, &w, &plan), ERR_IDENTITY);
    fleet_close(&f);
}

static enum err one_verdict(struct store *s, uint32_t epoch, uint64_t from, uint64_t to)
{
    struct verdict_range range = {.from = from, .to = to, .verdict = VERDICT_APPLIED};
    struct replica_tally tally = {0};
    struct buf frame = {0};
    struct message m;
    struct str body = {0};
    size_t used = 0;
    message_verdicts(&frame, epoch, &range, 1);
    assert_int_equal(frame_next(buf_str(&frame), FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_int_equal(message_read(body, &m), ERR_OK);
    enum err err = replica_verdicts(s, m.verdicts, &tally);
    buf_done(&frame);
    return err;
}

static void verdicts_that_skip_or_invent_work_are_refused(void **state)
{
    (void)state;
    struct fleet f;
    open_one(&f);
    struct store *s = f.twin.replicas[0].store;
    struct store_status status;
    (void)add_person(&f, 0, "Anna");
    (void)add_person(&f, 0, "Bilal");
    assert_int_equal(store_status(s, &status), ERR_OK);
    assert_int_equal(one_verdict(s, status.epoch + 1, 1, 1), ERR_PROTOCOL);
    assert_int_equal(one_verdict(s, status.epoch, 2, 2), ERR_PROTOCOL);
    assert_int_equal(one_verdict(s, status.epoch, 1, 3), ERR_PROTOCOL);
    assert_int_equal(store_status(s, &status), ERR_OK);
    assert_int_equal(status.acked_through, 0);
    assert_int_equal(status.unsent, 2);
    assert_int_equal(one_verdict(s, status.epoch, 1, 2), ERR_OK);
    assert_int_equal(one_verdict(s, status.epoch, 1, 2), ERR_OK);
    assert_int_equal(store_status(s, &status), ERR_OK);
    assert_int_equal(status.unsent, 0);
    fleet_close(&f);
}

/* A page with one person as the server would send it, over (from, to]. */
static struct page page_of(struct buf *body, uint64_t from, uint64_t to, uint8_t n)
{
    struct id id = {.b = {n}};
    struct id by = {0};
    pack_array(body, 13);
    pack_int(body, 0);
    pack_int(body, TABLE_COMPANY);
    pack_id(body, &id);
    pack_uint(body, 1000);
    pack_uint(body, 0);
    pack_id(body, &by);
    pack_uint(body, 1);
    pack_array(body, 0);
    pack_raw(body, STR("\xc0"));
    pack_int(body, 1);
    struct value name = value_text(STR("Firme fictive"));
    value_pack(&name, body);
    pack_int(body, 10);
    struct value potential = value_text(STR("low"));
    value_pack(&potential, body);
    struct page page = {.from = from, .to = to, .rows = 1, .body = buf_str(body)};
    page.hash = hash64(from ^ to, body->p, body->n);
    return page;
}

static void a_page_out_of_place_or_changed_is_refused_whole(void **state)
{
    (void)state;
    struct fleet f;
    open_one(&f);
    struct store *s = f.twin.replicas[0].store;
    struct store_status status;
    struct replica_tally tally = {0};
    assert_int_equal(store_status(s, &status), ERR_OK);
    uint64_t at = status.pulled_through;
    struct buf body = {0};
    struct buf more = {0};
    struct page good = page_of(&body, at, at + 5, 1);
    struct page gap = page_of(&more, at + 6, at + 9, 2);
    struct page both[] = {good, gap};
    assert_int_equal(replica_pages(s, both, 2, NULL, &tally), ERR_PROTOCOL);
    assert_int_equal(twin_count(s, "company"), 0);
    struct page changed = good;
    changed.hash ^= 1;
    assert_int_equal(replica_pages(s, &changed, 1, NULL, &tally), ERR_PROTOCOL);
    struct page early = good;
    early.judged = 1;
    assert_int_equal(replica_pages(s, &early, 1, NULL, &tally), ERR_PROTOCOL);
    struct page cut = good;
    cut.body.n--;
    cut.hash = hash64(cut.from ^ cut.to, cut.body.p, cut.body.n);
    assert_int_equal(replica_pages(s, &cut, 1, NULL, &tally), ERR_PROTOCOL);
    struct idle idle = {.through = at - 1};
    assert_int_equal(replica_pages(s, NULL, 0, &idle, &tally), ERR_PROTOCOL);
    assert_int_equal(store_status(s, &status), ERR_OK);
    assert_int_equal(status.pulled_through, at);
    assert_int_equal(twin_count(s, "company"), 0);
    assert_int_equal(replica_pages(s, &good, 1, NULL, &tally), ERR_OK);
    assert_int_equal(replica_pages(s, &good, 1, NULL, &tally), ERR_OK);
    assert_int_equal(twin_count(s, "company"), 1);
    assert_int_equal(tally.pulled, 1);
    buf_done(&body);
    buf_done(&more);
    fleet_close(&f);
}

/* Two answers to one question, given at two moments: the later one begins as early. */
static void a_page_may_tell_again_what_is_held(void **state)
{
    (void)state;
    struct fleet f;
    open_one(&f);
    struct store *s = f.twin.replicas[0].store;
    struct store_status status;
    struct replica_tally tally = {0};
    assert_int_equal(store_status(s, &status), ERR_OK);
    uint64_t at = status.pulled_through;
    struct buf body = {0};
    struct buf more = {0};
    struct page first = page_of(&body, at, at + 5, 1);
    struct page again = page_of(&more, at, at + 9, 2);
    assert_int_equal(replica_pages(s, &first, 1, NULL, &tally), ERR_OK);
    assert_int_equal(replica_pages(s, &again, 1, NULL, &tally), ERR_OK);
    assert_int_equal(store_status(s, &status), ERR_OK);
    assert_int_equal(status.pulled_through, at + 9);
    assert_int_equal(twin_count(s, "company"), 2);
    assert_int_equal(replica_pages(s, &first, 1, NULL, &tally), ERR_OK); /* held */
    assert_int_equal(store_status(s, &status), ERR_OK);
    assert_int_equal(status.pulled_through, at + 9);
    buf_done(&body);
    buf_done(&more);
    fleet_close(&f);
}

/* A change to a row that is not here: all is asked for again, and the next sync repairs it. */
static void a_change_to_an_unknown_row_asks_for_everything(void **state)
{
    (void)state;
    struct fleet f;
    open_one(&f);
    struct store *s = f.twin.replicas[0].store;
    struct store_status status;
    struct replica_tally tally = {0};
    struct buf body = {0};
    struct id id = {.b = {7}};
    assert_int_equal(store_status(s, &status), ERR_OK);
    pack_array(&body, 7);
    pack_int(&body, 1);
    pack_int(&body, TABLE_COMPANY);
    pack_id(&body, &id);
    pack_int(&body, 1);
    pack_uint(&body, 1000);
    pack_uint(&body, 0);
    struct value name = value_text(STR("Firme fictive"));
    value_pack(&name, &body);
    uint64_t at = status.pulled_through;
    struct page page = {.from = at, .to = at + 1, .rows = 1, .body = buf_str(&body)};
    page.hash = hash64(page.from ^ page.to, body.p, body.n);
    assert_int_equal(replica_pages(s, &page, 1, NULL, &tally), ERR_NOTFOUND);
    struct hello hello;
    assert_int_equal(replica_hello(s, &hello), ERR_OK);
    assert_true(hello.full);
    assert_int_equal(hello.pulled, 0);
    fleet_sync(&f, 0);
    assert_int_equal(replica_hello(s, &hello), ERR_OK);
    assert_false(hello.full);
    assert_same(&f);
    buf_done(&body);
    fleet_close(&f);
}

static void the_outbox_is_released_only_when_stable(void **state)
{
    (void)state;
    struct fleet f;
    open_one(&f);
    struct store *s = f.twin.replicas[0].store;
    (void)add_person(&f, 0, "Anna");
    fleet_sync(&f, 0);
    struct buf frame = {0};
    uint64_t last = 0;
    assert_int_equal(replica_push(s, 0, &frame, &last), ERR_OK);
    assert_int_equal(last, 1);
    fleet_backup(&f);
    (void)add_person(&f, 0, "Bilal");
    fleet_sync(&f, 0);
    buf_clear(&frame);
    assert_int_equal(replica_push(s, 1, &frame, &last), ERR_OK);
    assert_int_equal(last, 2);
    buf_clear(&frame);
    enum err err = replica_push(s, 0, &frame, &last);
    assert_true(err != ERR_OK || last == 0);
    assert_int_equal(replica_rebase(s, 0), ERR_PROTOCOL);
    buf_done(&frame);
    fleet_close(&f);
}

static enum err count_history(void *ctx, const struct history_entry *entry)
{
    uint64_t *n = ctx;
    (*n)++;
    (void)entry;
    return ERR_OK;
}

static uint64_t history_of(struct store *s, const struct id *id)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    uint64_t n = 0;
    assert_non_null(row);
    assert_int_equal(rows_find(s, table, id, &arena, row), ERR_OK);
    assert_int_equal(rows_history(s, table, row->rid, count_history, &n), ERR_OK);
    arena_done(&arena);
    return n;
}

/* Row numbers are given again: the past of a refused row must not pass to the next one. */
static void a_new_row_does_not_inherit_the_past_of_a_refused_one(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, 1);
    const char *other[] = {"name=EI du Canal", "kind=EI", NULL};
    struct id elsewhere = twin_add(&f.twin.server, "structure", other);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    struct party *p = &f.twin.replicas[0];
    char text[ID_TEXT_BYTES];
    char home[80];
    id_print(&elsewhere, text);
    (void)snprintf(home, sizeof home, "structure=%s", text);
    const char *fields[] = {"name=Fictif", "first_name=Anna", home, NULL};
    const char *phone[] = {"emergency=la voisine", NULL};
    struct id refused = twin_add(p, "person", fields);
    assert_int_equal(twin_set(p, "person", &refused, phone), ERR_OK);
    assert_int_equal(history_of(p->store, &refused), 1);
    fleet_sync(&f, 0);
    assert_string_equal(first_name(p, &refused), "<NOTFOUND>");
    struct store_status status;
    assert_int_equal(store_status(p->store, &status), ERR_OK);
    assert_int_equal(status.quarantined, 2);
    struct id next = add_person(&f, 0, "Bilal");
    assert_int_equal(history_of(p->store, &next), 0);
    fleet_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledged_work_returns_to_a_restored_server),
        cmocka_unit_test(a_cut_operation_is_written_again_though_that_was_cut_off),
        cmocka_unit_test(what_a_restored_server_never_gets_back_leaves_the_replicas),
        cmocka_unit_test(work_of_an_epoch_the_restored_server_lost_returns_too),
        cmocka_unit_test(what_is_left_returns_to_a_server_put_back_too_far),
        cmocka_unit_test(a_replica_without_a_device_neither_works_nor_calls),
        cmocka_unit_test(another_servers_welcome_is_refused),
        cmocka_unit_test(verdicts_that_skip_or_invent_work_are_refused),
        cmocka_unit_test(a_page_out_of_place_or_changed_is_refused_whole),
        cmocka_unit_test(a_page_may_tell_again_what_is_held),
        cmocka_unit_test(a_change_to_an_unknown_row_asks_for_everything),
        cmocka_unit_test(a_new_row_does_not_inherit_the_past_of_a_refused_one),
        cmocka_unit_test(the_outbox_is_released_only_when_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
