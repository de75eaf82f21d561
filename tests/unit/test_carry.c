/* SPDX-License-Identifier: Apache-2.0 */
/* The device's side of a bundle: what it writes, and what an answer may do to it. */
#include "support/fleet.h"
#include "support/letter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { DAY_MS = 24 * 60 * 60 * 1000, MANY = 9000 };

static struct fleet f;

static int open_fleet(void **state)
{
    (void)state;
    fleet_open(&f, 1);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    fleet_heal(&f);
    return 0;
}

static int close_fleet(void **state)
{
    (void)state;
    fleet_close(&f);
    return 0;
}

static struct party *anna(void)
{
    return &f.twin.replicas[0];
}

static struct party *bilal(void)
{
    return &f.twin.replicas[1];
}

static struct id add_company(struct party *p, const char *name)
{
    char field[80];
    (void)snprintf(field, sizeof field, "name=%s", name);
    const char *fields[] = {field, NULL};
    return twin_add(p, "company", fields);
}

static struct store_status status_of(struct party *p)
{
    struct store_status status;
    assert_int_equal(store_status(p->store, &status), ERR_OK);
    return status;
}

static struct hello hello_of(struct party *p)
{
    struct hello hello;
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    return hello;
}

/* The server takes what is in the bundle and answers. */
static void answer(struct letter *bundle, struct letter *out)
{
    struct take take;
    assert_int_equal(letter_take(&f.twin, bundle, out, &take), ERR_OK);
}

static void read_as(struct party *p, struct letter *letter, enum carry_use use)
{
    struct carry_result result;
    assert_int_equal(letter_read(p, letter, &result), ERR_OK);
    assert_int_equal(result.use, use);
}

static void assert_same(void)
{
    for (size_t i = 0; i < f.twin.count; i++) {
        struct buf ours = {0};
        struct buf theirs = {0};
        twin_dump(f.twin.replicas[i].store, &ours);
        twin_dump_seen(f.twin.server.store, &f.twin.replicas[i].device.staff, &theirs);
        assert_true(str_eq(buf_str(&ours), buf_str(&theirs)));
        buf_done(&ours);
        buf_done(&theirs);
    }
}

/* ---- what an answer is good for ---- */

/* The replica has read pages through 100 and verdicts through 10. */
static struct hello replica_now(void)
{
    return (struct hello){.generation = 5,
                          .epoch = 3,
                          .op_last = 20,
                          .acked = 10,
                          .pulled = 100,
                          .whole = 100,
                          .grants = 7};
}

/* An answer to a bundle of before that, which brings something. */
static struct carry_answer answer_then(void)
{
    struct carry_answer a = {.then = replica_now(), .through = 120};
    a.then.acked = 8;
    a.then.pulled = 90;
    a.then.whole = 90;
    a.welcome = (struct welcome){.generation = 5, .known_op = 10, .pull_from = 90, .grants = 7};
    return a;
}

static enum carry_use use(struct hello now, struct carry_answer a)
{
    return carry_use_of(&now, &a);
}

static void an_answer_is_applied_from_where_the_replica_stands(void **state)
{
    (void)state;
    struct carry_answer a = answer_then();
    assert_int_equal(use(replica_now(), a), CARRY_FITS);
    a.welcome.known_op = 15;
    assert_int_equal(use(replica_now(), a), CARRY_FITS);
    a.through = 100; /* verdicts alone */
    assert_int_equal(use(replica_now(), a), CARRY_FITS);
    a.welcome.known_op = 10;
    assert_int_equal(use(replica_now(), a), CARRY_HELD);
    a.through = 95;
    assert_int_equal(use(replica_now(), a), CARRY_HELD);
    a.welcome.known_op = 15; /* its pages are older than what is here */
    assert_int_equal(use(replica_now(), a), CARRY_OLD);
}

static void an_answer_that_knows_less_of_our_work_is_old(void **state)
{
    (void)state;
    struct carry_answer a = answer_then();
    a.welcome.known_op = 9;
    assert_int_equal(use(replica_now(), a), CARRY_OLD);
    a = answer_then();
    a.then.epoch = 2;
    assert_int_equal(use(replica_now(), a), CARRY_OLD);
    a = answer_then();
    a.welcome.generation = 4;
    assert_int_equal(use(replica_now(), a), CARRY_OLD);
}

static void what_an_answer_leaves_out_is_a_gap(void **state)
{
    (void)state;
    struct carry_answer a = answer_then();
    struct hello now = replica_now();
    now.pulled = 80; /* the cursor was moved back since */
    now.whole = 0;
    assert_int_equal(use(now, a), CARRY_GAP);
    now.pulled = 100; /* and some was read again */
    assert_int_equal(use(now, a), CARRY_GAP);
    now.whole = 90;
    assert_int_equal(use(now, a), CARRY_FITS);
    a.welcome.pull_from = 101;
    assert_int_equal(use(replica_now(), a), CARRY_GAP);
}

static void a_replica_that_needs_everything_waits_for_everything(void **state)
{
    (void)state;
    struct carry_answer a = answer_then();
    struct hello now = replica_now();
    now.full = true;
    now.pulled = now.whole = 0;
    a.welcome.pull_from = a.then.pulled = a.then.whole = 0;
    assert_int_equal(use(now, a), CARRY_OLD);
    a.then.full = true;
    assert_int_equal(use(now, a), CARRY_FITS);
    a.then.full = false;
    a.then.generation = 4; /* then the server tells everything too */
    assert_int_equal(use(now, a), CARRY_FITS);
}

static void other_rights_begin_again_unless_they_are_older(void **state)
{
    (void)state;
    struct carry_answer a = answer_then();
    struct hello now = replica_now();
    a.welcome.grants = 8;
    a.welcome.pull_from = 0;
    assert_int_equal(use(now, a), CARRY_RESET);
    a.through = 99;
    assert_int_equal(use(now, a), CARRY_OLD);
    a.through = 120;
    now.grants = 9; /* they changed again meanwhile */
    assert_int_equal(use(now, a), CARRY_OLD);
    now.grants = 8; /* this very answer was cut short */
    now.pulled = 40;
    now.whole = 0;
    assert_int_equal(use(now, a), CARRY_FITS);
}

static void a_restored_server_begins_again(void **state)
{
    (void)state;
    struct carry_answer a = answer_then();
    a.welcome.generation = 6;
    a.welcome.known_op = 2;
    a.welcome.pull_from = 0;
    a.welcome.grants = 1;
    a.through = 50;
    assert_int_equal(use(replica_now(), a), CARRY_RESET);
}

/* ---- out and in ---- */

static void writing_changes_nothing(void **state)
{
    (void)state;
    struct letter one = {.device = 0};
    struct letter two = {.device = 0};
    (void)add_company(anna(), "Forge Fictive");
    (void)add_company(anna(), "Scierie Fictive");
    struct buf before = {0};
    struct buf after = {0};
    twin_dump(anna()->store, &before);
    struct carried carried = letter_write(anna(), &one);
    assert_int_equal(carried.operations, 2);
    assert_int_equal(carried.changes, 2);
    assert_int_equal(carried.pulled, status_of(anna()).pulled_through);
    carried = letter_write(anna(), &two);
    assert_int_equal(carried.operations, 2);
    twin_dump(anna()->store, &after);
    assert_true(str_eq(buf_str(&before), buf_str(&after)));
    assert_int_equal(status_of(anna()).unsent, 2);
    buf_done(&before);
    buf_done(&after);
    letter_done(&one);
    letter_done(&two);
}

static void a_sync_is_carried_both_ways(void **state)
{
    (void)state;
    struct letter there = {.device = 0};
    struct letter back = {.device = 0};
    struct id forge = add_company(anna(), "Forge Fictive");
    struct id scierie = add_company(bilal(), "Scierie Fictive");
    fleet_sync(&f, 1);
    (void)letter_write(anna(), &there);
    answer(&there, &back);
    struct carry_result result;
    assert_int_equal(letter_read(anna(), &back, &result), ERR_OK);
    assert_true(result.ended);
    assert_int_equal(result.tally.pushed, 1);
    assert_int_equal(result.tally.pulled, 1);
    assert_int_equal(status_of(anna()).unsent, 0);
    assert_true(status_of(anna()).last_sync_ms > 0);
    assert_string_equal(twin_get(anna()->store, "company", &scierie, "name"),
                        "Scierie Fictive");
    fleet_sync(&f, 1);
    assert_string_equal(twin_get(bilal()->store, "company", &forge, "name"), "Forge Fictive");
    assert_same();
    letter_done(&there);
    letter_done(&back);
}

/* More pages than a session takes ahead; and a reading cut short goes on where it was. */
static void a_long_answer_may_be_cut_short_and_read_again(void **state)
{
    (void)state;
    struct letter there = {.device = 0};
    struct letter back = {.device = 0};
    char name[40];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "Firme fictive %d", i);
        (void)add_company(bilal(), name);
    }
    fleet_sync(&f, 1);
    (void)letter_write(anna(), &there);
    answer(&there, &back);
    for (int cut = 0; cut < 4; cut++) {
        struct letter part = {.frames = {.p = back.frames.p, .n = 0}};
        struct str body;
        uint64_t pulled = status_of(anna()).pulled_through;
        letter_rewind(&back);
        for (int i = 0; i < 2 + 4 * (cut + 1); i++)
            assert_int_equal(letter_next(&back, &body), ERR_OK);
        part.frames.n = back.at;
        struct carry_result result;
        assert_int_equal(letter_read(anna(), &part, &result), ERR_OK);
        assert_false(result.ended);
        assert_true(status_of(anna()).pulled_through > pulled);
        assert_false(status_of(anna()).unsent > 0);
    }
    read_as(anna(), &back, CARRY_FITS);
    read_as(anna(), &back, CARRY_HELD);
    assert_int_equal(twin_count(anna()->store, "company"), MANY);
    letter_done(&there);
    letter_done(&back);
}

/* The value she was told is on the server must not give way to what was there before. */
static void an_old_answer_puts_no_old_value_back(void **state)
{
    (void)state;
    struct letter there = {.device = 0};
    struct letter back = {.device = 0};
    struct id forge = add_company(bilal(), "Forge Fictive");
    fleet_sync(&f, 1);
    (void)letter_write(anna(), &there);
    answer(&there, &back); /* tells of the forge as bilal named it */
    fleet_sync(&f, 0);
    const char *fields[] = {"name=Forge d'Anna", NULL};
    assert_int_equal(twin_set(anna(), "company", &forge, fields), ERR_OK);
    fleet_call(&f, 0, false); /* her edit is judged, and then the line breaks */
    fleet_push(&f, 0);
    fleet_judge(&f, (size_t[]){0}, 1);
    while (fleet_take(&f, 0)) {
    }
    fleet_cut(&f, 0, false);
    assert_int_equal(status_of(anna()).unsent, 0);
    read_as(anna(), &back, CARRY_OLD);
    assert_string_equal(twin_get(anna()->store, "company", &forge, "name"), "Forge d'Anna");
    fleet_heal(&f);
    assert_same();
    letter_done(&there);
    letter_done(&back);
}

static void two_answers_to_one_moment_overlap(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        struct letter there = {.device = 0};
        struct letter back[2] = {{.device = 0}, {.device = 0}};
        (void)letter_write(anna(), &there);
        for (int i = 0; i < 2; i++) {
            (void)add_company(bilal(), i == 0 ? "Forge Fictive" : "Scierie Fictive");
            fleet_sync(&f, 1);
            answer(&there, &back[i]);
        }
        read_as(anna(), &back[first], CARRY_FITS);
        read_as(anna(), &back[1 - first], first == 0 ? CARRY_FITS : CARRY_HELD);
        assert_same();
        letter_done(&there);
        letter_done(&back[0]);
        letter_done(&back[1]);
    }
}

/* The days a stick is on its way are nobody's clock error. */
static void a_slow_stick_is_no_wrong_clock(void **state)
{
    (void)state;
    struct letter there = {.device = 0};
    struct letter back = {.device = 0};
    anna()->wall_ms += 5000; /* hers is five seconds ahead */
    fleet_sync(&f, 0);
    int64_t skew_ms = status_of(anna()).skew_ms;
    assert_in_range(skew_ms, 4000, 5500);
    (void)add_company(anna(), "Forge Fictive");
    (void)letter_write(anna(), &there);
    f.twin.server.wall_ms += 3 * (int64_t)DAY_MS;
    answer(&there, &back);
    f.twin.server.wall_ms += 4 * (int64_t)DAY_MS;
    anna()->wall_ms += 7 * (int64_t)DAY_MS;
    read_as(anna(), &back, CARRY_FITS);
    assert_in_range(status_of(anna()).skew_ms, skew_ms - 10, skew_ms + 10);
    letter_done(&there);
    letter_done(&back);
}

static void other_rights_come_by_stick_too(void **state)
{
    (void)state;
    struct letter there = {.device = 0};
    struct letter back = {.device = 0};
    const char *names[] = {"name=EI du Canal", "kind=EI", NULL};
    struct id other = twin_add(&f.twin.server, "structure", names);
    char structure[64];
    char staff[64];
    char text[ID_TEXT_BYTES];
    id_print(&other, text);
    (void)snprintf(structure, sizeof structure, "structure=%s", text);
    id_print(&anna()->device.staff, text);
    (void)snprintf(staff, sizeof staff, "staff=%s", text);
    fleet_sync(&f, 0);
    uint64_t grants = hello_of(anna()).grants;
    const char *role[] = {staff, structure, "role=jobcoach", "start=2020-01-01", NULL};
    (void)twin_add(&f.twin.server, "staff_role", role);
    (void)letter_write(anna(), &there);
    answer(&there, &back);
    read_as(anna(), &back, CARRY_RESET);
    assert_true(hello_of(anna()).grants != grants);
    read_as(anna(), &back, CARRY_HELD);
    letter_done(&there);
    letter_done(&back);
}

static void a_copy_is_told_to_use_the_network(void **state)
{
    (void)state;
    struct letter there = {.device = 0};
    struct letter back = {.device = 0};
    (void)add_company(anna(), "Forge Fictive");
    fleet_image(&f, 0, "image0");
    (void)add_company(anna(), "Scierie Fictive");
    (void)letter_write(anna(), &there);
    answer(&there, &back);
    fleet_put_back(&f, 0, "image0");
    struct carry_result result;
    assert_int_equal(letter_read(anna(), &back, &result), ERR_FORK);
    assert_int_equal(status_of(anna()).unsent, 1);
    fleet_heal(&f);
    assert_same();
    letter_done(&there);
    letter_done(&back);
}

static void an_order_to_wipe_is_carried_out(void **state)
{
    (void)state;
    struct letter there = {.device = 0};
    struct letter back = {.device = 0};
    (void)letter_write(anna(), &there);
    assert_int_equal(serve_device_state(f.twin.server.store, there.device, DEVICE_WIPE),
                     ERR_OK);
    answer(&there, &back);
    struct carry_result result;
    assert_int_equal(letter_read(anna(), &back, &result), ERR_REVOKED);
    assert_true(result.wiped);
    letter_done(&there);
    letter_done(&back);
}

/* What the server signed is believed as little as what it says on a connection. */
static void frames_out_of_place_are_refused(void **state)
{
    (void)state;
    struct carry_result result;
    struct letter there = {.device = 0};
    struct letter back = {.device = 0};
    (void)add_company(bilal(), "Forge Fictive");
    fleet_sync(&f, 1);
    (void)letter_write(anna(), &there);
    answer(&there, &back);
    struct store_status before = status_of(anna());
    struct letter odd = {.device = 1};
    assert_int_equal(letter_read(anna(), &odd, &result), ERR_PROTOCOL);   /* nothing */
    assert_int_equal(letter_read(anna(), &there, &result), ERR_PROTOCOL); /* HELLO alone */
    message_idle(&odd.frames, &(struct idle){.through = 5});
    assert_int_equal(letter_read(anna(), &odd, &result), ERR_PROTOCOL);
    buf_clear(&odd.frames); /* a push where the server speaks */
    buf_add(&odd.frames, back.frames.p, back.frames.n);
    message_push(&odd.frames, &(struct push){.epoch = 1, .first_op = 1, .body = STR("x")});
    (void)letter_read(anna(), &odd, &result);
    assert_int_equal(status_of(anna()).op_last, before.op_last);
    fleet_heal(&f);
    assert_same();
    letter_done(&odd);
    letter_done(&there);
    letter_done(&back);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fleet, close_fleet)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_applied_from_where_the_replica_stands),
        cmocka_unit_test(an_answer_that_knows_less_of_our_work_is_old),
        cmocka_unit_test(what_an_answer_leaves_out_is_a_gap),
        cmocka_unit_test(a_replica_that_needs_everything_waits_for_everything),
        cmocka_unit_test(other_rights_begin_again_unless_they_are_older),
        cmocka_unit_test(a_restored_server_begins_again),
        TEST(writing_changes_nothing),
        TEST(a_sync_is_carried_both_ways),
        TEST(a_long_answer_may_be_cut_short_and_read_again),
        TEST(an_old_answer_puts_no_old_value_back),
        TEST(two_answers_to_one_moment_overlap),
        TEST(a_slow_stick_is_no_wrong_clock),
        TEST(other_rights_come_by_stick_too),
        TEST(a_copy_is_told_to_use_the_network),
        TEST(an_order_to_wipe_is_carried_out),
        TEST(frames_out_of_place_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
