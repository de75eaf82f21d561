/* SPDX-License-Identifier: Apache-2.0 */
/* A dossier is erased: two people sign, everything goes on the server and on every device, who
 * has not confirmed is known, and numbers stay. */
#include "support/erasing.h"

/* ---- the whole way ---- */

static void a_dossier_goes_from_everywhere(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    assert_true(in_files(&r, &r.t.replicas[CHLOE], "MARQUE-PART-NOTE"));
    assert_true(in_files(&r, &r.t.server, "MARQUE-PART-VILLE"));
    struct id order = ask(&r, ANNA, "jobcoach", &r.gone.person);
    sync_all(&r);
    assert_int_equal(twin_count(of(&r, BILAL), "erasure"), 1);
    assert_int_equal(last_order(&r).no, 0);
    decide(&r, BILAL, "coordinator", "confirmed", &order);
    (void)twin_sync(&r.t, BILAL);
    assert_int_equal(last_order(&r).devices, 3);
    assert_int_equal(last_order(&r).acked, 1);
    assert_gone(&r, &r.t.server);
    assert_true(in_files(&r, &r.t.replicas[CHLOE], "MARQUE-PART-NOTE"));
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    assert_all_gone(&r);
    assert_int_equal(twin_count(of(&r, CHLOE), "person"), 1);
    for (size_t i = 0; i < PARTIES; i++) /* the order itself stays */
        assert_string_equal(twin_get(of(&r, i), "erasure", &order, "state"), "confirmed");
    close_rig(&r);
}

/* Sent or not: contents lie in a file of their own, on both sides. */
static void contents_of_documents_go_with_it(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct id photo = store_new_id(of(&r, ANNA));
    struct id other = store_new_id(of(&r, ANNA));
    keep_photo(&r, of(&r, ANNA), &r.gone.person, &photo, "MARQUE-PART-PHOTO");
    keep_photo(&r, of(&r, ANNA), &r.kept.person, &other, "MARQUE-RESTE-PHOTO");
    keep_photo(&r, r.t.server.store, &r.gone.person, &photo, "MARQUE-PART-PHOTO");
    keep_photo(&r, r.t.server.store, &r.kept.person, &other, "MARQUE-RESTE-PHOTO");
    sync_all(&r);
    assert_true(in_files(&r, &r.t.replicas[ANNA], "MARQUE-PART-PHOTO"));
    struct id order = ask(&r, ANNA, "jobcoach", &r.gone.person);
    sync_all(&r);
    decide(&r, BILAL, "coordinator", "confirmed", &order);
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    assert_all_gone(&r);
    assert_true(in_files(&r, &r.t.server, "MARQUE-RESTE-PHOTO"));
    assert_true(in_files(&r, &r.t.replicas[ANNA], "MARQUE-RESTE-PHOTO"));
    close_rig(&r);
}

/* A restored server has contents of documents it does not know any more: it cannot tell whose.
 */
static void contents_that_no_row_names_go_with_any(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct id lost = store_new_id(r.t.server.store);
    struct id other = store_new_id(of(&r, ANNA));
    keep_photo(&r, r.t.server.store, &r.gone.person, &lost, "MARQUE-PART-ORPHELINE");
    keep_photo(&r, of(&r, ANNA), &r.kept.person, &other, "MARQUE-RESTE-PHOTO");
    keep_photo(&r, r.t.server.store, &r.kept.person, &other, "MARQUE-RESTE-PHOTO");
    sync_all(&r);
    assert_true(in_files(&r, &r.t.server, "MARQUE-PART-ORPHELINE"));
    erase_it(&r);
    sync_all(&r);
    assert_all_gone(&r);
    assert_true(in_files(&r, &r.t.server, "MARQUE-RESTE-PHOTO"));
    close_rig(&r);
}

/* ---- who may ---- */

static void two_people_with_two_roles_sign(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct id order = ask(&r, ANNA, "jobcoach", &r.gone.person);
    sync_all(&r);
    decide(&r, ANNA, "coordinator", "confirmed", &order); /* the same person, not her role */
    assert_int_equal(refused_why(&r, ANNA), REASON_RIGHTS);
    decide(&r, CHLOE, "jobcoach", "confirmed", &order); /* the same role */
    assert_int_equal(refused_why(&r, CHLOE), REASON_RIGHTS);
    decide(&r, BILAL, "jobcoach", "confirmed", &order); /* a role he has not */
    assert_int_equal(refused_why(&r, BILAL), REASON_RIGHTS);
    assert_int_equal(last_order(&r).no, 0);
    const char *fields[] = {"state=confirmed", "signed_as=coordinator", NULL};
    assert_int_not_equal(twin_set(&r.t.server, "erasure", &order, fields), ERR_OK);
    assert_int_equal(twin_count(r.t.server.store, "person"), 2);
    decide(&r, BILAL, "coordinator", "declined", &order);
    assert_int_equal(refused_why(&r, BILAL), REASON_NONE);
    decide(&r, BILAL, "coordinator", "confirmed", &order); /* it was declined */
    assert_int_equal(refused_why(&r, BILAL), REASON_FROZEN);
    assert_int_equal(last_order(&r).no, 0);
    close_rig(&r);
}

static void an_order_is_asked_for_a_dossier_one_sees(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, false);
    (void)ask(&r, CHLOE, "jobcoach", &r.gone.person); /* Anna's, and hers alone */
    assert_int_equal(refused_why(&r, CHLOE), REASON_RIGHTS);
    (void)ask(&r, ANNA, "jobcoach", &r.gone.session); /* no dossier */
    assert_int_equal(refused_why(&r, ANNA), REASON_MISSING);
    struct id order = ask(&r, BILAL, "coordinator", &r.gone.person);
    sync_all(&r);
    decide(&r, ANNA, "jobcoach", "confirmed", &order);
    sync_all(&r);
    assert_int_equal(last_order(&r).devices, 2); /* Chloé's never held it, and hears nothing */
    assert_int_equal(last_order(&r).acked, 2);
    assert_all_gone(&r);
    close_rig(&r);
}

/* ---- what stays ---- */

static int64_t number(struct rig *r, const char *sql)
{
    struct stmt *stmt = NULL;
    assert_int_equal(db_prepare(r->t.server.store->db, sql, &stmt), ERR_OK);
    assert_int_equal(stmt_step(stmt), STEP_ROW);
    int64_t n = col_null(stmt, 0) ? -1 : col_int(stmt, 0);
    stmt_free(stmt);
    return n;
}

static void a_twin_says_no_more_than_five_people_share(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    for (int i = 0; i < 3; i++) /* of one gender, with the two there are, but not of one year */
        (void)open_dossier(&r, i == 0 ? "gamma" : i == 1 ? "delta" : "epsilon", "AUTRE-");
    const char *older[] = {"birth_date=1970-01-01", NULL};
    assert_int_equal(twin_set(&r.t.replicas[ANNA], "person", &r.kept.person, older), ERR_OK);
    sync_all(&r);
    erase_it(&r);
    assert_int_equal(number(&r, "SELECT count(*) FROM twin"), 1);
    assert_int_equal(number(&r, "SELECT sessions FROM twin"), 1);
    assert_int_equal(number(&r, "SELECT minutes FROM twin"), 45);
    assert_int_equal(number(&r, "SELECT months FROM twin"), 6);
    assert_int_equal(number(&r, "SELECT entry_year FROM twin"), 2026);
    assert_int_equal(number(&r, "SELECT birth_year FROM twin"), -1);
    assert_int_equal(number(&r, "SELECT count(*) FROM twin WHERE gender='F'"), 1);
    close_rig(&r);
}

static void the_chain_covers_what_was_cut(void **state)
{
    (void)state;
    static const char *const op_of_a_cut =
        "UPDATE op SET edit_ms=edit_ms+1 WHERE seq="
        "(SELECT seq_to FROM chain WHERE no=(SELECT min(no) FROM chain_cut))";
    const char *const forgeries[] = {
        "UPDATE history SET edit_ms=edit_ms+1 WHERE hid=(SELECT max(hid) FROM history)",
        op_of_a_cut,
        "UPDATE chain_cut SET hash=zeroblob(32)",
        "DELETE FROM chain_cut",
        "DELETE FROM history",
    };
    for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
        struct rig r;
        struct note why = {0};
        open_rig(&r, true);
        erase_it(&r);
        assert_true(number(&r, "SELECT count(*) FROM chain_cut") > 0);
        assert_int_equal(serve_chain_check(r.t.server.store, &why), ERR_OK);
        assert_int_equal(db_exec(r.t.server.store->db, forgeries[i]), ERR_OK);
        assert_int_equal(serve_chain_check(r.t.server.store, &why), ERR_CORRUPT);
        close_rig(&r);
    }
}

/* Each erasure may take history out of a commit that an earlier one has cut. */
static void dossiers_go_one_after_the_other(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    const struct field *city = schema_field_named(table, STR("city"));
    struct edit_value value = {city, value_text(STR("MARQUE-PART-BIS"))};
    struct edit *edit = NULL;
    assert_int_equal(edit_open(of(&r, ANNA), &edit, NULL), ERR_OK);
    assert_int_equal(edit_update(edit, table, &r.gone.person, &value, 1, NULL), ERR_OK);
    assert_int_equal(edit_update(edit, table, &r.kept.person, &value, 1, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    sync_all(&r);
    erase_it(&r);
    assert_sound(r.t.server.store);
    r.gone = r.kept;
    erase_it(&r);
    assert_int_equal(number(&r, "SELECT count(*)-count(DISTINCT no) FROM chain_cut"), 1);
    sync_all(&r);
    assert_int_equal(last_order(&r).no, 2);
    assert_int_equal(last_order(&r).acked, 3);
    for (size_t i = 0; i < r.t.count; i++)
        assert_gone(&r, &r.t.replicas[i]);
    assert_gone(&r, &r.t.server);
    assert_false(in_files(&r, &r.t.server, "MARQUE-RESTE"));
    close_rig(&r);
}

/* Put back, a server is told of an order it has forgotten. */
static void an_order_given_again_is_carried_out(void **state)
{
    (void)state;
    struct rig r;
    bool known = true;
    open_rig(&r, true);
    assert_int_equal(erase_again(r.t.server.store, &r.gone.person, &known), ERR_OK);
    assert_false(known);
    assert_int_equal(erase_again(r.t.server.store, &r.gone.person, &known), ERR_OK);
    assert_true(known);
    sync_all(&r);
    assert_int_equal(last_order(&r).acked, 3);
    assert_all_gone(&r);
    close_rig(&r);
}

/* A session of one person may name the internship of another: what stays of it is known. */
static void a_row_of_another_dossier_may_still_name_what_is_gone(void **state)
{
    (void)state;
    struct rig r;
    open_rig(&r, true);
    struct party *anna = &r.t.replicas[ANNA];
    const char *firm[] = {"name=Entreprise fictive", NULL};
    struct id company = twin_add(anna, "company", firm);
    const char *stage[] = {ref("person", &r.gone.person), ref("company", &company),
                           "start=2026-05-04", NULL};
    struct id internship = twin_add(anna, "internship", stage);
    const char *visit[] = {ref("internship", &internship), NULL};
    assert_int_equal(twin_set(anna, "session", &r.kept.session, visit), ERR_OK);
    sync_all(&r);
    erase_it(&r);
    sync_all(&r);
    assert_all_gone(&r);
    close_rig(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dossier_goes_from_everywhere),
        cmocka_unit_test(contents_of_documents_go_with_it),
        cmocka_unit_test(contents_that_no_row_names_go_with_any),
        cmocka_unit_test(two_people_with_two_roles_sign),
        cmocka_unit_test(an_order_is_asked_for_a_dossier_one_sees),
        cmocka_unit_test(a_twin_says_no_more_than_five_people_share),
        cmocka_unit_test(the_chain_covers_what_was_cut),
        cmocka_unit_test(dossiers_go_one_after_the_other),
        cmocka_unit_test(an_order_given_again_is_carried_out),
        cmocka_unit_test(a_row_of_another_dossier_may_still_name_what_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
