/* SPDX-License-Identifier: Apache-2.0 */
/* The main job on real stores: offline work, merge, conflicts, refusals, forks, convergence. */
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static void ref(const char *name, const struct id *id, char out[80])
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, 80, "%s=%s", name, text);
}

static struct id add_person(struct twin *t, size_t replica, const char *first)
{
    char structure[80];
    char name[80];
    ref("structure", &t->structure, structure);
    (void)snprintf(name, sizeof name, "first_name=%s", first);
    const char *plain[] = {"name=Dupont", name, structure, NULL};
    return twin_add(&t->replicas[replica], "person", plain);
}

/* Line by line: a failure shows the one row that differs. */
static void assert_same_lines(struct str a, struct str b)
{
    while (a.n > 0 || b.n > 0) {
        char line[2][4096];
        struct str *sides[2] = {&a, &b};
        for (int i = 0; i < 2; i++) {
            const char *end = sides[i]->n == 0 ? NULL : memchr(sides[i]->p, '\n', sides[i]->n);
            size_t n = end == NULL ? sides[i]->n : (size_t)(end - sides[i]->p) + 1;
            (void)snprintf(line[i], sizeof line[i], "%.*s", (int)n, n == 0 ? "" : sides[i]->p);
            sides[i]->p += n;
            sides[i]->n -= n;
        }
        assert_string_equal(line[0], line[1]);
    }
}

static void assert_same(struct twin *t)
{
    struct buf server = {0};
    twin_dump(t->server.store, &server);
    for (size_t i = 0; i < t->count; i++) {
        struct buf replica = {0};
        twin_dump(t->replicas[i].store, &replica);
        assert_same_lines(buf_str(&replica), buf_str(&server));
        buf_done(&replica);
    }
    buf_done(&server);
    struct buf report = {0};
    uint32_t problems = 0;
    assert_int_equal(store_check(t->server.store, &report, &problems), ERR_OK);
    if (problems > 0)
        (void)fprintf(stderr, "%.*s", (int)report.n, (const char *)report.p);
    assert_int_equal(problems, 0);
    for (size_t i = 0; i < t->count; i++) {
        assert_int_equal(store_check(t->replicas[i].store, &report, &problems), ERR_OK);
        assert_int_equal(problems, 0);
    }
    buf_done(&report);
}

static void sync_all(struct twin *t)
{
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < t->count; i++)
            (void)twin_sync(t, i);
    }
    assert_same(t);
}

/* Enrolled and brought up to date, as after `jalon enrol`. */
static void open_synced(struct twin *t, size_t count)
{
    twin_open(t, count, &schema_jalon);
    for (size_t i = 0; i < count; i++)
        (void)twin_sync(t, i);
}

static void two_replicas_and_the_server_end_up_the_same(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t, 2);
    struct id a = add_person(&t, 0, "Anna");
    struct id b = add_person(&t, 1, "Bilal");
    struct replica_tally tally = twin_sync(&t, 0);
    assert_int_equal(tally.pushed, 1);
    tally = twin_sync(&t, 1);
    assert_int_equal(tally.pushed, 1);
    assert_int_equal(tally.pulled, 1);
    sync_all(&t);
    assert_string_equal(twin_get(t.replicas[1].store, "person", &a, "first_name"), "Anna");
    assert_string_equal(twin_get(t.replicas[0].store, "person", &b, "first_name"), "Bilal");
    twin_close(&t);
}

static void minute_passes(struct twin *t)
{
    t->server.wall_ms += 60 * 1000;
    for (size_t i = 0; i < t->count; i++)
        t->replicas[i].wall_ms += 60 * 1000;
}

static void concurrent_edits_of_one_field_are_shown_to_a_person(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t, 2);
    struct id a = add_person(&t, 0, "Anna");
    sync_all(&t);
    const char *one[] = {"emergency=la voisine", NULL};
    const char *two[] = {"emergency=le frère", NULL};
    assert_int_equal(twin_set(&t.replicas[0], "person", &a, one), ERR_OK);
    minute_passes(&t);
    assert_int_equal(twin_set(&t.replicas[1], "person", &a, two), ERR_OK);
    minute_passes(&t);
    struct replica_tally tally = twin_sync(&t, 1);
    assert_int_equal(tally.conflicts, 0);
    tally = twin_sync(&t, 0);
    assert_int_equal(tally.conflicts, 1);
    sync_all(&t);
    assert_string_equal(twin_get(t.replicas[0].store, "person", &a, "emergency"), "le frère");
    assert_int_equal(twin_count(t.replicas[0].store, "conflict"), 1);
    assert_int_equal(twin_count(t.replicas[1].store, "conflict"), 1);
    struct store_status status;
    assert_int_equal(store_status(t.replicas[0].store, &status), ERR_OK);
    assert_int_equal(status.conflicts, 1);
    twin_close(&t);
}

static enum err first_id(void *ctx, const struct row *row)
{
    struct id *id = ctx;
    *id = row->id;
    return ERR_OK;
}

static void a_decision_is_an_ordinary_edit(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t, 2);
    struct id a = add_person(&t, 0, "Anna");
    sync_all(&t);
    const char *one[] = {"street=Rue Haute 1", "city=Namur", NULL};
    const char *two[] = {"street=Rue Basse 2", NULL};
    assert_int_equal(twin_set(&t.replicas[0], "person", &a, one), ERR_OK);
    assert_int_equal(twin_set(&t.replicas[1], "person", &a, two), ERR_OK);
    sync_all(&t);
    /* An address is one unit: never a mix nobody wrote. */
    const char *street = twin_get(t.replicas[0].store, "person", &a, "street");
    const char *city = twin_get(t.replicas[0].store, "person", &a, "city");
    bool first = strcmp(street, "Rue Haute 1") == 0;
    assert_string_equal(city, first ? "Namur" : "");
    struct id conflict = {0};
    const struct table *table = schema_table(&schema_jalon, TABLE_CONFLICT);
    assert_int_equal(
        rows_list(t.replicas[0].store, table, NULL, 0, false, 0, first_id, &conflict), ERR_OK);
    assert_int_equal(edit_resolve(t.replicas[0].store, &conflict, EDIT_TAKE_OTHER, STR(""),
                                  STR("vérifié"), NULL),
                     ERR_OK);
    sync_all(&t);
    assert_string_equal(twin_get(t.replicas[1].store, "person", &a, "street"),
                        first ? "Rue Basse 2" : "Rue Haute 1");
    struct store_status status;
    assert_int_equal(store_status(t.replicas[1].store, &status), ERR_OK);
    assert_int_equal(status.conflicts, 0);
    twin_close(&t);
}

static void edit_brings_back_a_deleted_row_and_flags_it(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        struct twin t;
        open_synced(&t, 2);
        struct id a = add_person(&t, 0, "Anna");
        sync_all(&t);
        const char *edit[] = {"emergency=le frère", NULL};
        assert_int_equal(twin_delete(&t.replicas[0], "person", &a, true), ERR_OK);
        assert_int_equal(twin_set(&t.replicas[1], "person", &a, edit), ERR_OK);
        (void)twin_sync(&t, order == 0 ? 0 : 1);
        (void)twin_sync(&t, order == 0 ? 1 : 0);
        sync_all(&t);
        assert_int_equal(twin_count(t.server.store, "person"), 1);
        assert_int_equal(twin_count(t.replicas[0].store, "person"), 1);
        assert_int_equal(twin_count(t.replicas[0].store, "conflict"), 1);
        twin_close(&t);
    }
}

static void delete_known_to_all_stays_deleted(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t, 2);
    struct id a = add_person(&t, 0, "Anna");
    sync_all(&t);
    const char *edit[] = {"emergency=le frère", NULL};
    assert_int_equal(twin_set(&t.replicas[1], "person", &a, edit), ERR_OK);
    sync_all(&t);
    assert_int_equal(twin_delete(&t.replicas[0], "person", &a, true), ERR_OK);
    sync_all(&t);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 0);
    assert_int_equal(twin_count(t.server.store, "conflict"), 0);
    assert_int_equal(twin_set(&t.replicas[1], "person", &a, edit), ERR_NOTFOUND);
    twin_close(&t);
}

static void refused_work_is_kept_and_the_replica_returns_to_the_server(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t, 2);
    struct id a = add_person(&t, 0, "Anna");
    char person[80];
    ref("person", &a, person);
    const char *session[] = {"kind=individual", person, "date=2026-11-02", "minutes=45", NULL};
    struct id s = twin_add(&t.replicas[0], "session", session);
    sync_all(&t);
    /* One validates while the other, offline, corrects the minutes. */
    const char *valid[] = {"state=validated", NULL};
    const char *minutes[] = {"minutes=50", NULL};
    assert_int_equal(twin_set(&t.replicas[0], "session", &s, valid), ERR_OK);
    assert_int_equal(twin_set(&t.replicas[1], "session", &s, minutes), ERR_OK);
    (void)twin_sync(&t, 0);
    struct replica_tally tally = twin_sync(&t, 1);
    assert_int_equal(tally.refused, 1);
    sync_all(&t);
    assert_string_equal(twin_get(t.replicas[1].store, "session", &s, "minutes"), "45");
    struct store_status status;
    assert_int_equal(store_status(t.replicas[1].store, &status), ERR_OK);
    assert_int_equal(status.quarantined, 1);
    assert_int_equal(status.unsent, 0);
    twin_close(&t);
}

static void a_manager_reads_no_notes(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t, 1);
    twin_enrol(&t, STR("manager"));
    struct id a = add_person(&t, 0, "Anna");
    char person[80];
    char session[80];
    ref("person", &a, person);
    const char *fields[] = {"kind=individual", person, "date=2026-11-02", "minutes=45", NULL};
    struct id s = twin_add(&t.replicas[0], "session", fields);
    ref("session", &s, session);
    const char *note[] = {session, person, "text=MARQUEUR secret", NULL};
    (void)twin_add(&t.replicas[0], "session_note", note);
    (void)twin_sync(&t, 0);
    (void)twin_sync(&t, 1);
    assert_int_equal(twin_count(t.server.store, "session_note"), 1);
    assert_int_equal(twin_count(t.replicas[1].store, "session"), 1);
    assert_int_equal(twin_count(t.replicas[1].store, "session_note"), 0);
    twin_close(&t);
}

/* Copies of a replica's database at two moments. */
static void copy_file(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    char bytes[8192];
    size_t n = 0;
    while ((n = fread(bytes, 1, sizeof bytes, in)) > 0)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    (void)fclose(in);
    assert_int_equal(fclose(out), 0);
}

static void older_image_of_a_replica_is_noticed_and_loses_nothing(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t, 2);
    struct id a = add_person(&t, 0, "Anna");
    sync_all(&t);
    struct party *p = &t.replicas[0];
    char image[300];
    (void)snprintf(image, sizeof image, "%s/image", t.dir);
    store_close(p->store);
    copy_file(p->path, image);
    twin_open_party(&t, p);
    struct id b = add_person(&t, 0, "Bilal");
    (void)twin_sync(&t, 0);
    store_close(p->store);
    copy_file(image, p->path);
    (void)remove(image);
    twin_open_party(&t, p);
    struct id c = add_person(&t, 0, "Chloé");
    const char *edit[] = {"emergency=le frère", NULL};
    assert_int_equal(twin_set(p, "person", &c, edit), ERR_OK);
    sync_all(&t);
    assert_string_equal(twin_get(p->store, "person", &a, "first_name"), "Anna");
    assert_string_equal(twin_get(p->store, "person", &b, "first_name"), "Bilal");
    assert_string_equal(twin_get(t.replicas[1].store, "person", &c, "emergency"), "le frère");
    twin_close(&t);
}

static void repeated_delivery_is_applied_once(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t, 1);
    (void)add_person(&t, 0, "Anna");
    struct party *p = &t.replicas[0];
    struct hello hello;
    struct serve_session session;
    struct buf frames = {0};
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    assert_int_equal(serve_hello(t.server.store, &p->device, &hello, &session, &frames),
                     ERR_OK);
    struct buf frame = {0};
    uint64_t last = 0;
    assert_int_equal(replica_push(p->store, 0, &frame, &last), ERR_OK);
    for (int i = 0; i < 3; i++) {
        struct message m;
        struct str body;
        size_t used = 0;
        assert_int_equal(frame_next(buf_str(&frame), FRAME_BYTES_MAX, &body, &used), ERR_OK);
        assert_int_equal(message_read(body, &m), ERR_OK);
        struct buf verdicts = {0};
        struct serve_push push = {.session = &session, .push = m.push, .frames = &verdicts};
        assert_int_equal(serve_pushes(t.server.store, &push, 1), ERR_OK);
        assert_int_equal(push.err, ERR_OK);
        assert_true(verdicts.n > 0);
        buf_done(&verdicts);
        assert_int_equal(twin_count(t.server.store, "person"), 1);
    }
    buf_done(&frame);
    buf_done(&frames);
    sync_all(&t);
    twin_close(&t);
}

static void a_lost_welcome_loses_no_scope(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t, 1);
    const char *other[] = {"name=CISP du Bois", "kind=CISP_EFT", NULL};
    struct id second = twin_add(&t.server, "structure", other);
    char structure[80];
    char staff[80];
    ref("structure", &second, structure);
    ref("staff", &t.replicas[0].device.staff, staff);
    const char *person[] = {"name=Martin", "first_name=Zoé", structure, NULL};
    struct id zoe = twin_add(&t.server, "person", person);
    (void)twin_sync(&t, 0);
    assert_string_equal(twin_get(t.replicas[0].store, "person", &zoe, "name"), "<NOTFOUND>");
    const char *role[] = {staff, structure, "role=jobcoach", "start=2020-01-01", NULL};
    (void)twin_add(&t.server, "staff_role", role);
    /* The server answers, the answer is lost. */
    struct hello hello;
    struct serve_session session;
    struct buf frames = {0};
    struct party *p = &t.replicas[0];
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    assert_int_equal(serve_hello(t.server.store, &p->device, &hello, &session, &frames),
                     ERR_OK);
    buf_done(&frames);
    (void)twin_sync(&t, 0);
    assert_string_equal(twin_get(p->store, "person", &zoe, "name"), "Martin");
    twin_close(&t);
}

static void work_may_begin_before_the_first_sync(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    struct id a = add_person(&t, 0, "Anna");
    sync_all(&t);
    assert_string_equal(twin_get(t.server.store, "person", &a, "first_name"), "Anna");
    twin_close(&t);
}

static void epochs_given_out_since_a_backup_are_not_given_again(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t, 1);
    struct message m[2];
    struct serve_lineage lineage = {0};
    for (int restored = 0; restored < 2; restored++) {
        if (restored != 0)
            assert_int_equal(serve_restored(t.server.store, &lineage), ERR_OK);
        struct buf frames = {0};
        struct str body;
        size_t used = 0;
        assert_int_equal(serve_fork(t.server.store, &t.replicas[0].device, &frames), ERR_OK);
        assert_int_equal(frame_next(buf_str(&frames), FRAME_BYTES_MAX, &body, &used), ERR_OK);
        assert_int_equal(message_read(body, &m[restored]), ERR_OK);
        buf_done(&frames);
    }
    assert_true(m[1].epoch.epoch > m[0].epoch.epoch + 1000);
    twin_close(&t);
}

static void a_deleted_row_named_by_its_fields_can_be_made_again(void **state)
{
    (void)state;
    struct twin t;
    open_synced(&t, 2);
    struct id a = add_person(&t, 0, "Anna");
    char person[80];
    char session[80];
    ref("person", &a, person);
    const char *fields[] = {"kind=individual", person, "date=2026-11-02", "minutes=45", NULL};
    struct id s = twin_add(&t.replicas[0], "session", fields);
    ref("session", &s, session);
    const char *first[] = {session, person, "date=2026-11-02", "status=present", NULL};
    const char *again[] = {session, person, "date=2026-11-02", "status=excused", NULL};
    struct id one = twin_add(&t.replicas[0], "attendance", first);
    sync_all(&t);
    assert_int_equal(twin_delete(&t.replicas[0], "attendance", &one, true), ERR_OK);
    struct id two = twin_add(&t.replicas[0], "attendance", again);
    assert_true(id_eq(&one, &two));
    sync_all(&t);
    assert_string_equal(twin_get(t.replicas[1].store, "attendance", &one, "status"), "excused");
    assert_int_equal(twin_count(t.replicas[1].store, "attendance"), 1);
    twin_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_replicas_and_the_server_end_up_the_same),
        cmocka_unit_test(concurrent_edits_of_one_field_are_shown_to_a_person),
        cmocka_unit_test(a_decision_is_an_ordinary_edit),
        cmocka_unit_test(edit_brings_back_a_deleted_row_and_flags_it),
        cmocka_unit_test(delete_known_to_all_stays_deleted),
        cmocka_unit_test(refused_work_is_kept_and_the_replica_returns_to_the_server),
        cmocka_unit_test(a_manager_reads_no_notes),
        cmocka_unit_test(older_image_of_a_replica_is_noticed_and_loses_nothing),
        cmocka_unit_test(repeated_delivery_is_applied_once),
        cmocka_unit_test(a_lost_welcome_loses_no_scope),
        cmocka_unit_test(epochs_given_out_since_a_backup_are_not_given_again),
        cmocka_unit_test(work_may_begin_before_the_first_sync),
        cmocka_unit_test(a_deleted_row_named_by_its_fields_can_be_made_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
