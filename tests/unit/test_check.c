/* SPDX-License-Identifier: Apache-2.0 */
/* Each kind of damage that store_check promises to see, done by hand to a sound database. */
#include "store/db.h"
#include "support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void open_some(struct fleet *f)
{
    fleet_open(f, 1);
    fleet_join(f, ROLE_JOBCOACH, &f->twin.structure);
    const char *fields[] = {"name=Fictif", "first_name=Anna", NULL};
    struct party *p = &f->twin.replicas[0];
    struct id id = twin_add(p, "person", fields);
    fleet_sync(f, 0);
    const char *phone[] = {"emergency=la voisine", NULL};
    const char *other[] = {"emergency=le frère", NULL};
    assert_int_equal(twin_set(p, "person", &id, phone), ERR_OK);
    fleet_sync(f, 0);
    assert_int_equal(twin_set(p, "person", &id, other), ERR_OK);
}

static uint32_t problems_of(struct store *s)
{
    struct buf report = {0};
    uint32_t problems = 0;
    assert_int_equal(store_check(s, &report, &problems), ERR_OK);
    assert_int_equal(report.n > 0, problems > 0);
    buf_done(&report);
    return problems;
}

static uint32_t after(struct fleet *f, struct party *p, const char *damage)
{
    struct db *db = NULL;
    store_close(p->store);
    assert_int_equal(db_open(p->path, NULL, &db, NULL), ERR_OK);
    assert_int_equal(db_exec(db, "PRAGMA foreign_keys=OFF"), ERR_OK);
    assert_int_equal(db_exec(db, damage), ERR_OK);
    db_close(db);
    twin_open_party(&f->twin, p);
    return problems_of(p->store);
}

static void a_sound_database_has_no_problem(void **state)
{
    (void)state;
    struct fleet f;
    open_some(&f);
    assert_int_equal(problems_of(f.twin.server.store), 0);
    assert_int_equal(problems_of(f.twin.replicas[0].store), 0);
    fleet_close(&f);
}

static void damage_to_the_server_is_seen(void **state)
{
    (void)state;
    static const char *const damages[] = {
        "DELETE FROM feed WHERE tab=50",
        "INSERT INTO feed SELECT home,seq+1000,tab,rid,dossier,facet,sum FROM feed WHERE tab=50",
        "UPDATE t_person SET emergency='altered'",
        "UPDATE t_person SET _del=1",
        "UPDATE digest SET sum=sum+1 WHERE dossier=0",
        "DELETE FROM digest WHERE dossier>0",
        "UPDATE t_person SET structure=zeroblob(16)",
        "UPDATE op SET verdict=2 WHERE epoch>0",
        "UPDATE op SET edit_ms=edit_ms+1 WHERE epoch>0",
        "UPDATE history SET changes=x'00'",
        "DELETE FROM history",
        "DELETE FROM op WHERE epoch>0 AND op_no=1",
        "UPDATE epoch SET op_no=op_no+1 WHERE num>0",
        "DELETE FROM chain WHERE no=(SELECT max(no) FROM chain)",
        "UPDATE t_person SET _vx=x'ff'",
    };
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct fleet f;
        open_some(&f);
        assert_true(after(&f, &f.twin.server, damages[i]) > 0);
        fleet_close(&f);
    }
}

static void damage_to_a_replica_is_seen(void **state)
{
    (void)state;
    static const char *const damages[] = {
        "UPDATE outbox SET hash=hash+1 WHERE op_no=2",
        "UPDATE outbox SET op=x'00' WHERE op_no=3",
        "DELETE FROM outbox WHERE op_no=2",
        "UPDATE t_person SET _vx=x'ff'",
    };
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct fleet f;
        open_some(&f);
        assert_true(after(&f, &f.twin.replicas[0], damages[i]) > 0);
        fleet_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_database_has_no_problem),
        cmocka_unit_test(damage_to_the_server_is_seen),
        cmocka_unit_test(damage_to_a_replica_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
