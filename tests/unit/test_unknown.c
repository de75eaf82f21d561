/* SPDX-License-Identifier: Apache-2.0 */
/* Versions apart: what a program does not know is kept, given back and found again after an
 * upgrade; adding a table and a field is all it takes. */
#include "support/fleet.h"
#include "support/schema_plus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

static void reopen(struct fleet *f, struct party *p, const struct schema *schema)
{
    store_close(p->store);
    f->twin.schema = schema;
    twin_open_party(&f->twin, p);
}

static void ref(const char *name, const struct id *id, char out[80])
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, 80, "%s=%s", name, text);
}

static struct id add_person(struct fleet *f, struct party *p, const char *extra)
{
    char structure[80];
    ref("structure", &f->twin.structure, structure);
    const char *fields[] = {"name=Fictif", "first_name=Anna", structure, extra, NULL};
    return twin_add(p, "person", fields);
}

static void assert_same(struct fleet *f, size_t i)
{
    struct buf ours = {0};
    struct buf theirs = {0};
    twin_dump(f->twin.replicas[i].store, &ours);
    twin_dump_seen(f->twin.server.store, &f->twin.replicas[i].device.staff, &theirs);
    assert_true(str_eq(buf_str(&ours), buf_str(&theirs)));
    buf_done(&ours);
    buf_done(&theirs);
}

/* A server that knows more, with one replica of each version. */
static void open_newer_server(struct fleet *f)
{
    fleet_open(f, 1);
    reopen(f, &f->twin.server, schema_plus());
    fleet_join(f, ROLE_JOBCOACH, &f->twin.structure);
    f->twin.schema = &schema_jalon;
    fleet_join(f, ROLE_JOBCOACH, &f->twin.structure);
}

static void what_an_old_replica_received_is_there_after_its_upgrade(void **state)
{
    (void)state;
    struct fleet f;
    open_newer_server(&f);
    struct party *new = &f.twin.replicas[0];
    struct party *old = &f.twin.replicas[1];
    char structure[80];
    ref("structure", &f.twin.structure, structure);
    const char *parcel[] = {structure, "label=Colis un", NULL};
    struct id p = twin_add(new, "test_parcel", parcel);
    struct id a = add_person(&f, new, "test_colour=rouge");
    struct id b = add_person(&f, old, NULL);
    for (int i = 0; i < 2; i++) {
        fleet_sync(&f, 0);
        fleet_sync(&f, 1);
    }
    const char *label[] = {"label=Colis deux", "pieces=3", NULL};
    const char *blue[] = {"test_colour=bleu", NULL};
    assert_int_equal(twin_set(new, "test_parcel", &p, label), ERR_OK);
    assert_int_equal(
        twin_set(&f.twin.server, "test_parcel", &p, (const char *[]){"note=x", NULL}), ERR_OK);
    assert_int_equal(twin_set(new, "person", &a, blue), ERR_OK);
    assert_int_equal(twin_set(new, "person", &b, blue), ERR_OK);
    fleet_sync(&f, 0);
    fleet_sync(&f, 1);
    const char *phone[] = {"emergency=la voisine", NULL};
    assert_int_equal(twin_set(old, "person", &a, phone), ERR_OK);
    fleet_sync(&f, 1);
    reopen(&f, old, schema_plus());
    assert_string_equal(twin_get(old->store, "test_parcel", &p, "label"), "Colis deux");
    assert_string_equal(twin_get(old->store, "test_parcel", &p, "note"), "x");
    assert_string_equal(twin_get(old->store, "person", &a, "test_colour"), "bleu");
    assert_string_equal(twin_get(old->store, "person", &b, "test_colour"), "bleu");
    fleet_heal(&f);
    assert_same(&f, 0);
    assert_same(&f, 1);
    const char *green[] = {"test_colour=vert", NULL};
    assert_int_equal(twin_set(old, "person", &a, green), ERR_OK);
    fleet_heal(&f);
    assert_string_equal(twin_get(new->store, "person", &a, "test_colour"), "vert");
    assert_int_equal(twin_count(f.twin.server.store, "conflict"), 0);
    fleet_close(&f);
}

/* A field emptied while we did not know it is empty, and its edit is not concurrent. */
static void a_field_emptied_meanwhile_is_empty_after_the_upgrade(void **state)
{
    (void)state;
    struct fleet f;
    open_newer_server(&f);
    struct id a = add_person(&f, &f.twin.replicas[0], "test_colour=rouge");
    fleet_sync(&f, 0);
    const char *none[] = {"test_colour=", NULL};
    assert_int_equal(twin_set(&f.twin.replicas[0], "person", &a, none), ERR_OK);
    fleet_sync(&f, 0);
    fleet_sync(&f, 1);
    reopen(&f, &f.twin.replicas[1], schema_plus());
    assert_string_equal(twin_get(f.twin.replicas[1].store, "person", &a, "test_colour"), "");
    assert_same(&f, 1);
    fleet_close(&f);
}

/* Two new replicas, an old server. */
static void open_older_server(struct fleet *f)
{
    fleet_open(f, 1);
    f->twin.schema = schema_plus();
    fleet_join(f, ROLE_JOBCOACH, &f->twin.structure);
    fleet_join(f, ROLE_JOBCOACH, &f->twin.structure);
}

static void new_replicas_exchange_a_field_their_server_does_not_know(void **state)
{
    (void)state;
    struct fleet f;
    open_older_server(&f);
    struct party *one = &f.twin.replicas[0];
    struct party *two = &f.twin.replicas[1];
    struct id a = add_person(&f, one, "test_colour=rouge");
    fleet_heal(&f);
    assert_string_equal(twin_get(two->store, "person", &a, "test_colour"), "rouge");
    const char *blue[] = {"test_colour=bleu", NULL};
    const char *phone[] = {"emergency=la voisine", NULL};
    assert_int_equal(twin_set(two, "person", &a, blue), ERR_OK);
    fleet_heal(&f);
    assert_string_equal(twin_get(one->store, "person", &a, "test_colour"), "bleu");
    assert_int_equal(twin_set(one, "person", &a, phone), ERR_OK);
    fleet_heal(&f);
    assert_string_equal(twin_get(one->store, "person", &a, "test_colour"), "bleu");
    assert_string_equal(twin_get(two->store, "person", &a, "emergency"), "la voisine");
    reopen(&f, &f.twin.server, schema_plus());
    assert_string_equal(twin_get(f.twin.server.store, "person", &a, "test_colour"), "bleu");
    fleet_heal(&f);
    assert_same(&f, 0);
    assert_same(&f, 1);
    fleet_close(&f);
}

static void concurrent_edits_of_an_unknown_field_end_the_same_everywhere(void **state)
{
    (void)state;
    struct fleet f;
    open_older_server(&f);
    struct id a = add_person(&f, &f.twin.replicas[0], "test_colour=rouge");
    fleet_heal(&f);
    const char *blue[] = {"test_colour=bleu", NULL};
    const char *green[] = {"test_colour=vert", NULL};
    assert_int_equal(twin_set(&f.twin.replicas[0], "person", &a, blue), ERR_OK);
    f.twin.replicas[1].wall_ms += 60000;
    assert_int_equal(twin_set(&f.twin.replicas[1], "person", &a, green), ERR_OK);
    fleet_sync(&f, 1);
    fleet_heal(&f);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(twin_get(f.twin.replicas[i].store, "person", &a, "test_colour"),
                            "vert");
    fleet_close(&f);
}

static void rows_of_a_table_the_server_does_not_know_wait_in_quarantine(void **state)
{
    (void)state;
    struct fleet f;
    open_older_server(&f);
    char structure[80];
    ref("structure", &f.twin.structure, structure);
    const char *parcel[] = {structure, "label=Colis un", NULL};
    (void)twin_add(&f.twin.replicas[0], "test_parcel", parcel);
    struct id a = add_person(&f, &f.twin.replicas[0], NULL);
    fleet_heal(&f);
    struct store_status status;
    assert_int_equal(store_status(f.twin.replicas[0].store, &status), ERR_OK);
    assert_int_equal(status.quarantined, 1);
    assert_string_equal(twin_get(f.twin.server.store, "person", &a, "first_name"), "Anna");
    fleet_close(&f);
}

static void an_upgrade_makes_no_operation_and_touches_no_row(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, 1);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    (void)add_person(&f, &f.twin.replicas[0], NULL);
    fleet_heal(&f);
    struct buf before = {0};
    struct buf after = {0};
    struct store_status was;
    struct store_status is;
    uint64_t seq = serve_seq(f.twin.server.store);
    twin_dump(f.twin.replicas[0].store, &before);
    assert_int_equal(store_status(f.twin.replicas[0].store, &was), ERR_OK);
    reopen(&f, &f.twin.replicas[0], schema_plus());
    reopen(&f, &f.twin.server, schema_plus());
    twin_dump(f.twin.replicas[0].store, &after);
    assert_true(str_eq(buf_str(&before), buf_str(&after)));
    assert_int_equal(store_status(f.twin.replicas[0].store, &is), ERR_OK);
    assert_int_equal(is.op_last, was.op_last);
    assert_int_equal(is.pulled_through, was.pulled_through);
    assert_int_equal(serve_seq(f.twin.server.store), seq);
    fleet_heal(&f);
    assert_int_equal(serve_seq(f.twin.server.store), seq);
    buf_done(&before);
    buf_done(&after);
    fleet_close(&f);
}

static int64_t noon(void *ctx)
{
    (void)ctx;
    return INT64_C(1795000000000);
}

static void zeros(void *ctx, void *out, size_t n)
{
    (void)ctx;
    memset(out, 0, n);
}

static enum err try_open(const struct party *p, const struct schema *schema,
                         enum store_side side)
{
    struct store_env env = {
        .path = p->path, .schema = schema, .side = side, .wall_ms = noon, .random = zeros};
    struct store *s = NULL;
    struct note why = {0};
    enum err err = store_open(&env, &s, &why);
    store_close(s);
    if (err != ERR_OK)
        assert_true(why.text[0] != 0);
    return err;
}

static void a_newer_or_a_foreign_database_is_not_opened(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, 1);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    struct party *p = &f.twin.replicas[0];
    struct party *server = &f.twin.server;
    reopen(&f, p, schema_plus());
    store_close(p->store);
    store_close(server->store);
    assert_int_equal(try_open(p, &schema_jalon, STORE_CLIENT), ERR_VERSION);
    assert_int_equal(try_open(p, schema_plus(), STORE_SERVER), ERR_INVALID);
    assert_int_equal(try_open(server, &schema_jalon, STORE_CLIENT), ERR_INVALID);
    assert_int_equal(try_open(server, &schema_jalon, STORE_SERVER), ERR_OK);
    twin_open_party(&f.twin, p);
    twin_open_party(&f.twin, server);
    fleet_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_old_replica_received_is_there_after_its_upgrade),
        cmocka_unit_test(a_field_emptied_meanwhile_is_empty_after_the_upgrade),
        cmocka_unit_test(new_replicas_exchange_a_field_their_server_does_not_know),
        cmocka_unit_test(concurrent_edits_of_an_unknown_field_end_the_same_everywhere),
        cmocka_unit_test(rows_of_a_table_the_server_does_not_know_wait_in_quarantine),
        cmocka_unit_test(an_upgrade_makes_no_operation_and_touches_no_row),
        cmocka_unit_test(a_newer_or_a_foreign_database_is_not_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
