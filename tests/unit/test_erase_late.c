/* SPDX-License-Identifier: Apache-2.0 */
/* What comes after an order of erasure: late work, refused work, older images and clients. */
#include "store/closing.h"
#include "support/erasing.h"

/* ---- what comes later ---- */

static void late_work_is_refused_and_leaves_no_trace(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *p = &r.t.replicas[CHLOE];
    const char *edit[] = {"city=MARQUE-PART-TARD", NULL};
    assert_int_equal(twin_set(p, "person", &r.gone.person, edit), ERR_OK);
    const char *way[] = {ref("person", &r.gone.person), ref("model", &r.model),
                         "entry=2026-11-03", NULL};
    struct id pathway = twin_add(p, "pathway", way);
    const char *deed[] = {ref("pathway", &pathway), "who=person", "label=MARQUE-PART-APRES",
                          NULL};
    (void)twin_add(p, "action", deed); /* hangs on a row the server never had */
    const char *kept[] = {"city=MARQUE-RESTE-TARD", NULL};
    assert_int_equal(twin_set(p, "person", &r.kept.person, kept), ERR_OK);
    erase_it(&r);
    struct replica_tally tally = twin_sync(&r.t, CHLOE);
    assert_int_equal(tally.refused, 3);
    assert_string_equal(twin_get(r.t.server.store, "person", &r.kept.person, "city"),
                        "MARQUE-RESTE-TARD");
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    assert_all_gone(&r);
    /* The refusals are known all the same. */
    struct store_status status;
    assert_int_equal(store_status(of(&r, CHLOE), &status), ERR_OK);
    assert_int_equal(status.quarantined, 3);
    assert_int_equal(status.unsent, 0);
    close_rig(&r);
}

/* Saved while the order was on its way: it is sent and judged before anything is confirmed. */
static void nothing_is_confirmed_while_work_waits(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *p = &r.t.replicas[CHLOE];
    erase_it(&r);
    const char *edit[] = {"city=MARQUE-PART-ENTRE", NULL};
    assert_int_equal(twin_set(p, "person", &r.gone.person, edit), ERR_OK);
    struct buf orders = {0};
    uint64_t done = 0;
    message_erase_add(&orders,
                      &(struct erase_order){.no = last_order(&r).no, .dossier = r.gone.person});
    struct erase erase = {.count = 1, .orders = cur_of(orders.p, orders.n)};
    assert_int_equal(replica_erase(p->store, erase, &done), ERR_OK);
    assert_int_equal(done, 0);
    assert_int_equal(twin_count(p->store, "person"), 1);
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    assert_all_gone(&r);
    buf_done(&orders);
    close_rig(&r);
}

/* What one operation says of other dossiers is kept for a person to save again. */
static void the_rest_of_a_mixed_operation_is_kept(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *p = &r.t.replicas[CHLOE];
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    const struct field *city = schema_field_named(table, STR("city"));
    struct edit_value values[] = {{city, value_text(STR("MARQUE-PART-DEUX"))},
                                  {city, value_text(STR("MARQUE-RESTE-DEUX"))}};
    struct edit *edit = NULL;
    assert_int_equal(edit_open(p->store, &edit, NULL), ERR_OK);
    assert_int_equal(edit_update(edit, table, &r.gone.person, &values[0], 1, NULL), ERR_OK);
    assert_int_equal(edit_update(edit, table, &r.kept.person, &values[1], 1, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    erase_it(&r);
    assert_int_equal(refused_why(&r, CHLOE), REASON_ERASED);
    sync_all(&r);
    assert_all_gone(&r);
    assert_true(in_files(&r, p, "MARQUE-RESTE-DEUX"));
    assert_true(in_files(&r, &r.t.server, "MARQUE-RESTE-DEUX"));
    close_rig(&r);
}

/* Refused long before, for another reason: it waits in two quarantines. */
static enum err keep_name(void *ctx, const struct quarantined *q)
{
    struct quarantined *out = ctx;
    out->epoch = q->epoch;
    out->op_no = q->op_no;
    return ERR_OK;
}

static void what_waits_in_quarantine_goes_too(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    const char *locked[] = {"state=validated", NULL};
    assert_int_equal(twin_set(&r.t.replicas[ANNA], "session", &r.gone.session, locked), ERR_OK);
    const char *late[] = {"text=MARQUE-PART-VALIDE", NULL};
    assert_int_equal(twin_set(&r.t.replicas[CHLOE], "session_note", &r.gone.note, late),
                     ERR_OK);
    (void)twin_sync(&r.t, ANNA);
    assert_int_equal(refused_why(&r, CHLOE), REASON_FROZEN);
    assert_true(in_files(&r, &r.t.server, "MARQUE-PART-VALIDE"));
    struct quarantined q = {.epoch = 0};
    assert_int_equal(quarantine_list(of(&r, CHLOE), false, keep_name, &q), ERR_OK);
    assert_int_equal(closing_discard(of(&r, CHLOE), &q, STR("MARQUE-PART-MOTIF"), NULL),
                     ERR_OK);
    (void)twin_sync(&r.t, CHLOE);
    assert_true(in_files(&r, &r.t.replicas[CHLOE], "MARQUE-PART-MOTIF"));
    erase_it(&r);
    assert_gone(&r, &r.t.server);
    sync_all(&r);
    assert_all_gone(&r);
    close_rig(&r);
}

static char image[16 << 20];

static size_t take_image(struct rig *r, struct party *p)
{
    store_close(p->store);
    FILE *f = fopen(p->path, "rb");
    assert_non_null(f);
    size_t n = fread(image, 1, sizeof image, f);
    (void)fclose(f);
    twin_open_party(&r->t, p);
    return n;
}

static void put_back(struct rig *r, struct party *p, size_t n)
{
    store_close(p->store);
    FILE *f = fopen(p->path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(image, 1, n, f), n);
    (void)fclose(f);
    twin_open_party(&r->t, p);
}

/* A replica that was put back to before the order, or fills itself again, brings nothing back.
 */
static void an_older_image_brings_nothing_back(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *p = &r.t.replicas[CHLOE];
    size_t n = take_image(&r, p);
    erase_it(&r);
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    put_back(&r, p, n);
    const char *late[] = {"city=MARQUE-PART-IMAGE", NULL};
    assert_int_equal(twin_set(p, "person", &r.gone.person, late), ERR_OK);
    sync_all(&r);
    assert_all_gone(&r);
    close_rig(&r);
}

/* It has nothing to say of that dossier, and confirmed the order in the life that was taken
 * back: it is told again, and confirms again. */
static void an_older_image_is_told_the_order_again(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *p = &r.t.replicas[CHLOE];
    size_t n = take_image(&r, p);
    const char *work[] = {"city=MARQUE-RESTE-AVANT", NULL};
    assert_int_equal(twin_set(p, "person", &r.kept.person, work), ERR_OK);
    erase_it(&r);
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    put_back(&r, p, n);
    assert_int_equal(twin_count(p->store, "person"), 2);
    const char *other[] = {"city=MARQUE-RESTE-APRES", NULL};
    assert_int_equal(twin_set(p, "person", &r.kept.person, other), ERR_OK);
    (void)twin_sync(&r.t, CHLOE);
    sync_all(&r);
    assert_int_equal(twin_count(p->store, "person"), 1);
    assert_all_gone(&r);
    assert_int_equal(last_order(&r).acked, 3);
    close_rig(&r);
}

/* Nothing was written since it was made: no fork gives it away. What it said of the dossier
 * before is in its outbox still. pulled: how far the device's pages had come when the copy was
 * made, as the server noted it. */
static void put_back_a_copy(uint64_t pulled)
{
    struct rig r;
    open_rig(&r, true);
    struct party *p = &r.t.replicas[CHLOE];
    const char *work[] = {"city=MARQUE-PART-COPIE", NULL};
    assert_int_equal(twin_set(p, "person", &r.gone.person, work), ERR_OK);
    sync_all(&r);
    size_t n = take_image(&r, p);
    erase_it(&r);
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    put_back(&r, p, n);
    assert_true(in_files(&r, p, "MARQUE-PART-COPIE"));
    char sql[64];
    (void)snprintf(sql, sizeof sql, "UPDATE device SET pulled=min(pulled,%llu)",
                   (unsigned long long)pulled);
    assert_int_equal(db_exec(r.t.server.store->db, sql), ERR_OK);
    r.t.differs = true;
    sync_all(&r);
    assert_int_equal(twin_count(p->store, "person"), 1);
    assert_all_gone(&r);
    assert_int_equal(last_order(&r).acked, 3);
    close_rig(&r);
}

static void a_copy_that_wrote_nothing_is_told_the_order_again(void **state)
{
    (void)state;
    put_back_a_copy(INT64_MAX);
}

/* Made after the last page and before the order: a comparison of the rows gives it away. */
static void a_copy_that_has_seen_all_pages_is_told_the_order_again(void **state)
{
    (void)state;
    put_back_a_copy(0);
}

/* ---- a client of schema 2 ---- */

static void message_of(struct str *frames, struct message *out)
{
    struct str body = {0};
    size_t used = 0;
    assert_int_equal(frame_next(*frames, FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_true(used > 0);
    *frames = (struct str){frames->p + used, frames->n - used};
    assert_int_equal(message_read(body, out), ERR_OK);
}

static void an_older_client_is_told_to_leave_it(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *p = &r.t.replicas[CHLOE];
    const char *late[] = {"city=MARQUE-PART-TARD", NULL};
    assert_int_equal(twin_set(p, "person", &r.gone.person, late), ERR_OK);
    erase_it(&r);
    struct hello hello;
    struct message m;
    struct buf frames = {0};
    struct buf up = {0};
    struct serve_session session = {.device = 0};
    uint64_t last = 0;
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    hello.schema = 2;
    assert_int_equal(serve_hello(r.t.server.store, &p->device, &hello, &session, &frames),
                     ERR_OK);
    buf_clear(&frames);
    assert_int_equal(replica_push(p->store, hello.acked, &up, &last), ERR_OK);
    struct str rest = buf_str(&up);
    message_of(&rest, &m);
    struct serve_push push = {.session = &session, .push = m.push, .frames = &frames};
    assert_int_equal(serve_pushes(r.t.server.store, &push, 1), ERR_OK);
    rest = buf_str(&frames);
    message_of(&rest, &m);
    struct verdict_range range = message_range(&m.verdicts.ranges);
    assert_int_equal(range.verdict, VERDICT_REFUSED);
    assert_int_equal(range.reason, REASON_MISSING);
    bool left = false;
    for (bool idle = false; !idle;) {
        buf_clear(&frames);
        assert_int_equal(serve_page(r.t.server.store, &session, &frames, &idle), ERR_OK);
        rest = buf_str(&frames);
        while (rest.n > 0) {
            message_of(&rest, &m);
            assert_int_not_equal(m.type, MESSAGE_ERASE);
            if (m.type != MESSAGE_LEAVE)
                continue;
            struct leave_scope scope = message_leave_scope(&m.leave.scopes);
            left = left || (scope.kind == LEAVE_DOSSIER && scope.facets == 7 &&
                            id_eq(&scope.id, &r.gone.person));
        }
    }
    assert_true(left);
    serve_session_done(&session);
    buf_done(&frames);
    buf_done(&up);
    close_rig(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_work_is_refused_and_leaves_no_trace),
        cmocka_unit_test(nothing_is_confirmed_while_work_waits),
        cmocka_unit_test(the_rest_of_a_mixed_operation_is_kept),
        cmocka_unit_test(what_waits_in_quarantine_goes_too),
        cmocka_unit_test(an_older_image_brings_nothing_back),
        cmocka_unit_test(an_older_image_is_told_the_order_again),
        cmocka_unit_test(a_copy_that_wrote_nothing_is_told_the_order_again),
        cmocka_unit_test(a_copy_that_has_seen_all_pages_is_told_the_order_again),
        cmocka_unit_test(an_older_client_is_told_to_leave_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
