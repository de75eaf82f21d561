/* SPDX-License-Identifier: Apache-2.0 */
/* Who opened which dossier: noted once a day, also without a network, seen by whoever may see
 * what was opened, and gone with the dossier. */
#include "store/access.h"
#include "store/quarantine.h"
#include "support/caseload.h"
#include "support/erasing.h"

/* ---- helpers ---- */

/* What one command does: shows a row, and notes it. */
static void open_by(struct party *p, const struct id *staff, const char *name,
                    const struct id *id, const char *why)
{
    const struct table *table = schema_table_named(&schema_jalon, str_of(name));
    struct arena arena = {0};
    struct access a = {.list = {0}};
    struct row *row = arena_new(&arena, sizeof *row);
    assert_int_equal(rows_find(p->store, table, id, &arena, row), ERR_OK);
    assert_int_equal(access_shown(&a, p->store, table, row), ERR_OK);
    assert_int_equal(access_save(&a, p->store, staff, str_of(why), NULL), ERR_OK);
    access_done(&a);
    arena_done(&arena);
}

static void open_as(struct party *p, const char *name, const struct id *id, const char *why)
{
    const struct id nobody = {{0}};
    open_by(p, &nobody, name, id, why);
}

struct noted {
    unsigned count, notes, numbers, reasons, at_server;
    uint32_t device;
    struct id staff;
};

static enum err on_entry(void *ctx, const struct access_entry *e)
{
    struct noted *n = ctx;
    n->count++;
    n->notes += str_eq(e->opened, STR("notes")) ? 1 : 0;
    n->numbers += str_eq(e->opened, STR("national_number")) ? 1 : 0;
    n->reasons += str_eq(e->reason, STR("visite")) ? 1 : 0;
    n->at_server += id_is_null(&e->staff) ? 1 : 0;
    n->device = e->device;
    n->staff = e->staff;
    return ERR_OK;
}

static struct noted noted(struct store *s, const struct id *person)
{
    struct noted n = {.count = 0};
    assert_int_equal(access_list(s, person, on_entry, &n), ERR_OK);
    return n;
}

static uint64_t refused(struct store *s)
{
    struct store_status status;
    assert_int_equal(store_status(s, &status), ERR_OK);
    return status.quarantined;
}

/* ---- noting ---- */

static void a_dossier_opened_twice_a_day_is_noted_once(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *chloe = &r.t.replicas[CHLOE];
    open_as(chloe, "person", &r.gone.person, "visite");
    uint64_t saved = store_last_op(chloe->store);
    open_as(chloe, "person", &r.gone.person, "");
    open_as(chloe, "session", &r.gone.session, "");       /* facts of the same dossier */
    assert_int_equal(store_last_op(chloe->store), saved); /* nothing was written */
    assert_int_equal(noted(chloe->store, &r.gone.person).count, 1);
    open_as(chloe, "session_note", &r.gone.note, "");
    assert_int_equal(noted(chloe->store, &r.gone.person).count, 2);
    chloe->wall_ms += INT64_C(24) * 60 * 60 * 1000;
    open_as(chloe, "person", &r.gone.person, "");
    assert_int_equal(noted(chloe->store, &r.gone.person).count, 3);
    assert_int_equal(noted(chloe->store, &r.kept.person).count, 0);
    sync_all(&r);
    struct noted n = noted(r.t.server.store, &r.gone.person);
    assert_int_equal(n.count, 3);
    assert_int_equal(n.notes, 1);
    assert_int_equal(n.reasons, 1);
    assert_int_equal(n.device, chloe->device.device);
    assert_true(id_eq(&n.staff, &chloe->device.staff));
    assert_int_equal(refused(of(&r, CHLOE)), 0);
    close_rig(&r);
}

static void what_one_has_just_written_is_not_an_opening(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *anna = &r.t.replicas[ANNA];
    struct dossier mine = open_dossier(&r, "gamma", "AUTRE-");
    open_as(anna, "person", &mine.person, "");
    open_as(anna, "session_note", &mine.note, "");
    assert_int_equal(noted(anna->store, &mine.person).count, 0);
    sync_all(&r);
    open_as(anna, "person", &mine.person, "");
    assert_int_equal(noted(anna->store, &mine.person).count, 1);
    close_rig(&r);
}

/* It would refuse each of them, and a person would have to look at that. */
static void a_server_that_knows_no_openings_is_told_none(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct store *s = of(&r, CHLOE);
    int64_t schema = 0;
    assert_int_equal(meta_get_int(s, META_SERVER_SCHEMA, &schema), ERR_OK);
    assert_int_equal(schema, SCHEMA_VERSION); /* as WELCOME says */
    uint64_t saved = store_last_op(s);
    assert_int_equal(store_begin(s), ERR_OK);
    assert_int_equal(store_end(s, meta_set_int(s, META_SERVER_SCHEMA, ACCESS_SCHEMA - 1)),
                     ERR_OK);
    open_as(&r.t.replicas[CHLOE], "person", &r.gone.person, "");
    assert_int_equal(store_last_op(s), saved);
    sync_all(&r);
    open_as(&r.t.replicas[CHLOE], "person", &r.gone.person, "");
    assert_int_equal(store_last_op(s), saved + 1);
    close_rig(&r);
}

/* One command over these rows of a table. */
static void use_all(struct party *p, const char *name,
                    enum err (*use)(struct access *, struct store *, const struct table *,
                                    const struct row *),
                    const struct id *ids, size_t count)
{
    const struct id nobody = {{0}};
    const struct table *table = schema_table_named(&schema_jalon, str_of(name));
    struct access a = {.list = {0}};
    for (size_t i = 0; i < count; i++) {
        struct arena arena = {0};
        struct row *row = arena_new(&arena, sizeof *row);
        assert_int_equal(rows_find(p->store, table, &ids[i], &arena, row), ERR_OK);
        assert_int_equal(use(&a, p->store, table, row), ERR_OK);
        arena_done(&arena);
    }
    assert_int_equal(access_save(&a, p->store, &nobody, STR(""), NULL), ERR_OK);
    access_done(&a);
}

static void a_list_of_one_dossier_opens_it(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *chloe = &r.t.replicas[CHLOE];
    const struct id persons[] = {r.gone.person, r.kept.person};
    const struct id sessions[] = {r.gone.session, r.kept.session};
    const struct id notes[] = {r.gone.note, r.kept.note};
    use_all(chloe, "person", access_listed, persons, 1);
    use_all(chloe, "session", access_listed, sessions, 2);
    assert_int_equal(noted(chloe->store, &r.gone.person).count, 0);
    use_all(chloe, "session", access_listed, sessions, 1);
    assert_int_equal(noted(chloe->store, &r.gone.person).count, 1);
    assert_int_equal(noted(chloe->store, &r.kept.person).count, 0);
    use_all(chloe, "session_note", access_listed, notes, 2);
    assert_int_equal(noted(chloe->store, &r.gone.person).notes, 1);
    assert_int_equal(noted(chloe->store, &r.kept.person).notes, 1);
    close_rig(&r);
}

/* Beside an opening of the same day, once a day, and many are told like openings. */
static void what_is_taken_out_is_noted_of_each_dossier(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *chloe = &r.t.replicas[CHLOE];
    const struct id persons[] = {r.gone.person, r.kept.person};
    open_as(chloe, "person", &r.gone.person, "");
    use_all(chloe, "person", access_taken, persons, 2);
    uint64_t saved = store_last_op(chloe->store);
    use_all(chloe, "person", access_taken, persons, 2);
    assert_int_equal(store_last_op(chloe->store), saved);
    assert_int_equal(noted(chloe->store, &r.gone.person).count, 2);
    assert_int_equal(noted(chloe->store, &r.kept.person).count, 1);
    sync_all(&r);
    assert_int_equal(noted(r.t.server.store, &r.gone.person).count, 2);
    assert_int_equal(refused(chloe->store), 0);
    close_rig(&r);
}

static enum err keep_id(void *ctx, const struct row *row)
{
    *(struct id *)ctx = row->id;
    return ERR_OK;
}

static void whoever_reads_a_conflict_opens_the_dossier(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    const char *here[] = {"emergency=Un", NULL};
    const char *there[] = {"emergency=Deux", NULL};
    assert_int_equal(twin_set(&r.t.replicas[ANNA], "person", &r.gone.person, here), ERR_OK);
    assert_int_equal(twin_set(&r.t.replicas[CHLOE], "person", &r.gone.person, there), ERR_OK);
    sync_all(&r);
    struct party *chloe = &r.t.replicas[CHLOE];
    struct id conflict = {{0}};
    assert_int_equal(
        rows_all(chloe->store, schema_table(&schema_jalon, TABLE_CONFLICT), keep_id, &conflict),
        ERR_OK);
    use_all(chloe, "conflict", access_listed, &conflict, 1);
    assert_int_equal(noted(chloe->store, &r.gone.person).count, 1);
    close_rig(&r);
}

static void reference_data_is_no_dossier(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    uint64_t saved = store_last_op(of(&r, ANNA));
    open_as(&r.t.replicas[ANNA], "structure", &r.t.structure, "");
    open_as(&r.t.replicas[ANNA], "pathway_model", &r.model, "");
    assert_int_equal(store_last_op(of(&r, ANNA)), saved);
    close_rig(&r);
}

/* The same person at the console and on a laptop, which do not know of each other. */
static void two_places_note_one_opening(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *anna = &r.t.replicas[ANNA];
    struct buf dumps[2] = {{0}};
    open_by(&r.t.server, &anna->device.staff, "person", &r.gone.person, "visite");
    anna->wall_ms += 60000;
    open_as(anna, "person", &r.gone.person, "");
    sync_all(&r);
    struct noted n = noted(r.t.server.store, &r.gone.person);
    assert_int_equal(n.count, 1);
    assert_int_equal(n.reasons, 1); /* the first stays */
    assert_int_equal(noted(anna->store, &r.gone.person).reasons, 1);
    assert_int_equal(refused(anna->store), 0);
    twin_dump(anna->store, &dumps[0]);
    twin_dump(of(&r, CHLOE), &dumps[1]);
    assert_int_equal(dumps[0].n, dumps[1].n);
    assert_memory_equal(dumps[0].p, dumps[1].p, dumps[0].n);
    buf_done(&dumps[0]);
    buf_done(&dumps[1]);
    close_rig(&r);
}

static void the_administrator_is_noted_too(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    open_as(&r.t.server, "person", &r.gone.person, "");
    open_as(&r.t.server, "person", &r.gone.person, "");
    sync_all(&r);
    struct noted n = noted(of(&r, BILAL), &r.gone.person);
    assert_int_equal(n.count, 1);
    assert_int_equal(n.at_server, 1);
    assert_int_equal(n.device, 0);
    close_rig(&r);
}

/* ---- who sees it ---- */

static void notes_opened_are_told_to_whoever_reads_notes(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    open_as(&r.t.replicas[CHLOE], "person", &r.gone.person, "");
    open_as(&r.t.replicas[CHLOE], "session_note", &r.gone.note, "");
    sync_all(&r);
    assert_int_equal(noted(of(&r, ANNA), &r.gone.person).count, 2);
    assert_int_equal(noted(of(&r, BILAL), &r.gone.person).count, 1); /* coordinates: facts */
    assert_int_equal(noted(of(&r, BILAL), &r.gone.person).notes, 0);
    close_rig(&r);
}

static void nobody_makes_or_changes_one_by_hand(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    const struct table *table = schema_table(&schema_jalon, TABLE_ACCESS_LOG);
    struct edit_value values[] = {
        {&table->fields[0], value_id(&r.gone.person)},
        {&table->fields[2], value_text(STR("dossier"))},
        {&table->fields[3], value_int(1)},
    };
    struct edit *edit = NULL;
    struct id id;
    assert_int_equal(edit_open(of(&r, ANNA), &edit, NULL), ERR_OK);
    assert_int_equal(edit_insert(edit, table, values, 3, &id, NULL), ERR_REFUSED);
    edit_abort(edit);
    /* Somebody else's: a device speaks for its own person only. */
    assert_int_equal(edit_open(of(&r, ANNA), &edit, NULL), ERR_OK);
    edit_recording(edit);
    assert_int_equal(edit_insert(edit, table, values, 3, &id, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    sync_all(&r);
    assert_int_equal(refused(of(&r, ANNA)), 1);
    assert_int_equal(noted(r.t.server.store, &r.gone.person).count, 0);
    close_rig(&r);
}

/* ---- rights that ended, dossiers that are gone ---- */

static void an_opening_is_taken_down_whatever_became_of_the_right(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 2, &schema_jalon);
    struct id model = case_model(&t);
    case_sync_all(&t);
    struct case_file c = case_open(&t.replicas[0], &model, "MARQUE");
    (void)case_assign(&t.replicas[0], &c, case_staff(&t, 0), "referent", "2026-11-01", NULL);
    struct id substitute =
        case_assign(&t.replicas[0], &c, case_staff(&t, 1), "substitute", "2026-11-01", NULL);
    case_sync_all(&t);
    open_as(&t.replicas[1], "person", &c.person, "");
    open_as(&t.replicas[1], "session_note", &c.note, "");
    const char *fields[] = {"end=2026-11-02", NULL};
    assert_int_equal(twin_set(&t.replicas[0], "assignment", &substitute, fields), ERR_OK);
    (void)twin_sync(&t, 0);
    case_sync_all(&t);
    assert_int_equal(noted(t.server.store, &c.person).count, 2);
    assert_int_equal(noted(t.replicas[0].store, &c.person).count, 2);
    assert_int_equal(refused(t.replicas[1].store), 0);
    assert_int_equal(twin_count(t.replicas[1].store, "person"), 0);
    assert_int_equal(twin_count(t.replicas[1].store, "access_log"), 0);
    assert_true(case_complete(&t, 0));
    assert_true(case_complete(&t, 1));
    twin_close(&t);
}

static void openings_go_with_an_erased_dossier_also_late_ones(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    open_as(&r.t.replicas[ANNA], "person", &r.gone.person, "MARQUE-PART-MOTIF");
    open_as(&r.t.replicas[CHLOE], "person", &r.kept.person, "");
    sync_all(&r);
    struct id order = ask(&r, ANNA, "jobcoach", &r.gone.person);
    sync_all(&r);
    open_as(&r.t.replicas[CHLOE], "person", &r.gone.person, "MARQUE-PART-TARD");
    decide(&r, BILAL, "coordinator", "confirmed", &order);
    (void)twin_sync(&r.t, BILAL);
    sync_all(&r);
    assert_all_gone(&r);
    assert_int_equal(refused(of(&r, CHLOE)), 0); /* no person has to look at that */
    assert_int_equal(last_order(&r).acked, 3);
    assert_int_equal(twin_count(r.t.server.store, "access_log"), 1);
    close_rig(&r);
}

/* ---- recipients and alerts ---- */

struct held {
    unsigned spells, open, devices;
};
static enum err on_holder(void *ctx, const struct access_holder *h)
{
    struct held *held = ctx;
    held->spells++;
    held->open += h->until_ms == 0 ? 1 : 0;
    held->devices += h->device != 0 ? 1 : 0;
    return ERR_OK;
}

static void whoever_holds_a_dossier_is_listed_with_the_devices(void **state)
{
    (void)state;
    struct twin t;
    twin_open_apart(&t, 3, &schema_jalon);
    struct id model = case_model(&t);
    case_sync_all(&t);
    struct case_file c = case_open(&t.replicas[0], &model, "MARQUE");
    (void)case_assign(&t.replicas[0], &c, case_staff(&t, 0), "referent", "2026-11-01", NULL);
    struct id substitute =
        case_assign(&t.replicas[0], &c, case_staff(&t, 1), "substitute", "2026-11-01", NULL);
    case_sync_all(&t);
    struct held h = {0};
    assert_int_equal(access_holders(t.server.store, &c.person, on_holder, &h), ERR_OK);
    assert_int_equal(h.open, 2);
    assert_int_equal(h.devices, h.spells);
    const char *fields[] = {"end=2026-11-02", NULL};
    assert_int_equal(twin_set(&t.replicas[0], "assignment", &substitute, fields), ERR_OK);
    case_sync_all(&t);
    unsigned before = h.spells;
    h = (struct held){0};
    assert_int_equal(access_holders(t.server.store, &c.person, on_holder, &h), ERR_OK);
    assert_int_equal(h.open, 1);
    assert_int_equal(h.spells, before); /* who held it is still there */
    struct id none = store_new_id(t.server.store);
    assert_int_equal(access_holders(t.server.store, &none, on_holder, &h), ERR_NOTFOUND);
    twin_close(&t);
}

static void move_days(struct rig *r, int64_t days)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    r->t.server.wall_ms += days * day_ms;
    for (size_t i = 0; i < r->t.count; i++)
        r->t.replicas[i].wall_ms = r->t.server.wall_ms;
}

/* Also one that was noted then and comes now. */
static void openings_are_kept_for_a_time_on_all_sides(void **state)
{
    (void)state;
    struct rig r;
    struct note why = {0};
    open_rig(&r, true);
    struct party *anna = &r.t.replicas[ANNA];
    struct party *chloe = &r.t.replicas[CHLOE];
    move_days(&r, 0);
    open_as(chloe, "person", &r.gone.person, "");
    sync_all(&r);
    open_as(anna, "person", &r.gone.person, ""); /* and she is away for long */
    move_days(&r, 400);
    open_as(chloe, "person", &r.gone.person, "");
    (void)twin_sync(&r.t, CHLOE);
    move_days(&r, 360); /* 24 months have passed since the first */
    (void)twin_sync(&r.t, CHLOE);
    (void)twin_sync(&r.t, BILAL);
    assert_int_equal(noted(r.t.server.store, &r.gone.person).count, 1);
    assert_int_equal(noted(of(&r, BILAL), &r.gone.person).count, 1);
    assert_int_equal(noted(of(&r, CHLOE), &r.gone.person).count, 1);
    assert_int_equal(twin_sync(&r.t, ANNA).refused, 0);
    sync_all(&r);
    assert_int_equal(noted(r.t.server.store, &r.gone.person).count, 1);
    for (size_t i = 0; i < PARTIES; i++) {
        assert_int_equal(noted(of(&r, i), &r.gone.person).count, 1);
        assert_sound(of(&r, i));
    }
    assert_sound(r.t.server.store);
    assert_int_equal(serve_chain_check(r.t.server.store, &why), ERR_OK);
    assert_int_equal(twin_count(r.t.server.store, "parameter"), 1 + 1); /* and jobcoach_sees */
    close_rig(&r);
}

/* A clock that was put back puts no opening back. */
static void a_wrong_clock_loses_no_opening(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *chloe = &r.t.replicas[CHLOE];
    move_days(&r, 1000);
    sync_all(&r);
    chloe->wall_ms -= INT64_C(990) * 24 * 60 * 60 * 1000;
    open_as(chloe, "person", &r.gone.person, "");
    sync_all(&r);
    assert_int_equal(noted(r.t.server.store, &r.gone.person).count, 1);
    assert_int_equal(noted(of(&r, ANNA), &r.gone.person).count, 1);
    close_rig(&r);
}

static enum err on_alert(void *ctx, const struct access_alert *alert)
{
    *(struct access_alert *)ctx = *alert;
    return ERR_OK;
}

static void many_dossiers_in_a_day_are_told(void **state)
{
    (void)state;
    struct rig r;
    struct access_alert alert = {.dossiers = 0};
    open_rig(&r, true);
    open_as(&r.t.replicas[CHLOE], "person", &r.gone.person, "");
    open_as(&r.t.replicas[CHLOE], "session_note", &r.gone.note, "");
    open_as(&r.t.replicas[CHLOE], "person", &r.kept.person, "");
    sync_all(&r);
    assert_int_equal(access_alerts(r.t.server.store, 0, on_alert, &alert), ERR_OK);
    assert_int_equal(alert.dossiers, 0);
    const char *limit[] = {"key=access_alert", "value=1", "valid_from=2020-01-01", NULL};
    (void)twin_add(&r.t.server, "parameter", limit);
    assert_int_equal(access_alerts(r.t.server.store, 0, on_alert, &alert), ERR_OK);
    assert_int_equal(alert.dossiers, 2);
    assert_int_equal(alert.limit, 1);
    assert_true(id_eq(&alert.staff, &r.t.replicas[CHLOE].device.staff));
    alert.dossiers = 0;
    int64_t later = r.t.server.wall_ms + INT64_C(48) * 60 * 60 * 1000;
    assert_int_equal(access_alerts(r.t.server.store, later, on_alert, &alert), ERR_OK);
    assert_int_equal(alert.dossiers, 0);
    close_rig(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dossier_opened_twice_a_day_is_noted_once),
        cmocka_unit_test(what_one_has_just_written_is_not_an_opening),
        cmocka_unit_test(a_server_that_knows_no_openings_is_told_none),
        cmocka_unit_test(reference_data_is_no_dossier),
        cmocka_unit_test(two_places_note_one_opening),
        cmocka_unit_test(the_administrator_is_noted_too),
        cmocka_unit_test(notes_opened_are_told_to_whoever_reads_notes),
        cmocka_unit_test(nobody_makes_or_changes_one_by_hand),
        cmocka_unit_test(an_opening_is_taken_down_whatever_became_of_the_right),
        cmocka_unit_test(openings_go_with_an_erased_dossier_also_late_ones),
        cmocka_unit_test(whoever_holds_a_dossier_is_listed_with_the_devices),
        cmocka_unit_test(a_list_of_one_dossier_opens_it),
        cmocka_unit_test(what_is_taken_out_is_noted_of_each_dossier),
        cmocka_unit_test(whoever_reads_a_conflict_opens_the_dossier),
        cmocka_unit_test(openings_are_kept_for_a_time_on_all_sides),
        cmocka_unit_test(a_wrong_clock_loses_no_opening),
        cmocka_unit_test(many_dossiers_in_a_day_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
