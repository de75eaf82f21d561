/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side of a bundle: who is heard, what is judged, what is answered. */
#include "support/fleet.h"
#include "support/letter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { HOUR_MS = 60 * 60 * 1000 };

static struct fleet f;
static struct letter there, back;
static const uint8_t anna_key[32] = {1};

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
    letter_done(&there);
    letter_done(&back);
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

static struct store *server(void)
{
    return f.twin.server.store;
}

static struct id add_company(struct party *p, const char *name)
{
    char field[80];
    (void)snprintf(field, sizeof field, "name=%s", name);
    const char *fields[] = {field, NULL};
    return twin_add(p, "company", fields);
}

static void rename_company(struct party *p, const struct id *id, const char *name)
{
    char field[80];
    (void)snprintf(field, sizeof field, "name=%s", name);
    const char *fields[] = {field, NULL};
    assert_int_equal(twin_set(p, "company", id, fields), ERR_OK);
}

static void pass(int64_t ms)
{
    f.twin.server.wall_ms += ms;
    anna()->wall_ms += ms;
    bilal()->wall_ms += ms;
}

static void operations_are_judged_once(void **state)
{
    (void)state;
    struct take take;
    (void)add_company(anna(), "Forge Fictive");
    (void)add_company(anna(), "Scierie Fictive");
    (void)letter_write(anna(), &there);
    assert_int_equal(letter_take(&f.twin, &there, &back, &take), ERR_OK);
    assert_int_equal(take.operations, 2);
    assert_int_equal(take.known, 0);
    uint64_t seq = serve_seq(server());
    for (int again = 0; again < 3; again++) {
        assert_int_equal(letter_take(&f.twin, &there, &back, &take), ERR_OK);
        assert_int_equal(take.operations, 0);
        assert_int_equal(take.known, 2);
    }
    assert_int_equal(serve_seq(server()), seq);
    (void)add_company(anna(), "Tannerie Fictive");
    (void)letter_write(anna(), &there); /* nothing came back: all three */
    assert_int_equal(letter_take(&f.twin, &there, &back, &take), ERR_OK);
    assert_int_equal(take.operations, 1);
    assert_int_equal(take.known, 2);
    fleet_sync(&f, 0);
    assert_int_equal(twin_count(server(), "company"), 3);
}

static void a_bundle_and_the_network_may_bring_the_same(void **state)
{
    (void)state;
    struct take take;
    (void)add_company(anna(), "Forge Fictive");
    (void)letter_write(anna(), &there);
    fleet_sync(&f, 0);
    (void)add_company(anna(), "Scierie Fictive");
    fleet_sync(&f, 0);
    assert_int_equal(letter_take(&f.twin, &there, &back, &take), ERR_OK);
    assert_int_equal(take.operations, 0);
    assert_int_equal(take.known, 1);
    assert_int_equal(f.forks, 0);
    struct carry_result result;
    assert_int_equal(letter_read(anna(), &back, &result), ERR_OK);
    assert_int_equal(result.use, CARRY_HELD);
}

static void only_listed_keys_are_heard(void **state)
{
    (void)state;
    struct take take;
    (void)letter_write(anna(), &there);
    struct note why = {""};
    uint8_t other[32] = {99};
    assert_int_equal(take_begin(&take, server(), other, 1, &why), ERR_REFUSED);
    assert_non_null(strstr(why.text, "inscrit"));
    assert_int_equal(take_begin(&take, server(), anna_key, 2, &why),
                     ERR_REFUSED); /* not her number */
    assert_int_equal(take_begin(&take, server(), anna_key, 1, &why), ERR_OK);
    take_done(&take);
}

static void a_revoked_device_is_not_heard(void **state)
{
    (void)state;
    struct take take;
    (void)add_company(anna(), "Forge Fictive");
    (void)letter_write(anna(), &there);
    static const enum device_state out[] = {DEVICE_REVOKED, DEVICE_WIPED};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(serve_device_state(server(), 1, out[i]), ERR_OK);
        assert_int_equal(letter_take(&f.twin, &there, &back, &take), ERR_REVOKED);
        assert_false(take.wipe);
        assert_int_equal(back.frames.n, 0);
    }
    assert_int_equal(serve_device_state(server(), 1, DEVICE_WIPE), ERR_OK);
    assert_int_equal(letter_take(&f.twin, &there, &back, &take), ERR_OK);
    assert_true(take.wipe);
    struct str body;
    struct message m;
    assert_int_equal(letter_next(&back, &body), ERR_OK);
    assert_int_equal(message_read(body, &m), ERR_OK);
    assert_int_equal(m.type, MESSAGE_WIPE);
    assert_int_equal(back.at, back.frames.n); /* and not a word more */
    assert_int_equal(twin_count(server(), "company"), 0);
}

/* What somebody enrolled writes is believed no more than what a stranger does. */
static void frames_out_of_place_are_refused(void **state)
{
    (void)state;
    struct take take;
    (void)letter_write(anna(), &there);
    assert_int_equal(take_begin(&take, server(), anna_key, 1, NULL), ERR_OK);
    struct note why = {""};
    assert_int_equal(take_frame(&take, server(), STR("\xc0"), &why), ERR_FORMAT);
    assert_non_null(strstr(why.text, "ne comprend pas"));
    struct buf frame = {0};
    message_push(&frame, &(struct push){.epoch = 1, .first_op = 1, .body = STR("x")});
    struct str push = {(const char *)frame.p + FRAME_HEAD_BYTES, frame.n - FRAME_HEAD_BYTES};
    assert_int_equal(take_frame(&take, server(), push, &why), ERR_PROTOCOL); /* before HELLO */
    bool done = false;
    buf_clear(&frame);
    assert_int_equal(take_answer(&take, server(), &frame, &done), ERR_PROTOCOL);
    assert_int_equal(letter_judge(server(), &there, &take), ERR_OK);
    assert_int_equal(letter_judge(server(), &there, &take), ERR_PROTOCOL); /* HELLO twice */
    buf_done(&frame);
    take_done(&take);
}

/* The one who wrote last wins, however long the stick took. */
static void an_edit_counts_when_it_was_made(void **state)
{
    (void)state;
    struct take take;
    struct id id = add_company(anna(), "Forge Fictive");
    fleet_heal(&f);
    rename_company(anna(), &id, "Forge d'Anna");
    (void)letter_write(anna(), &there);
    pass(HOUR_MS);
    rename_company(bilal(), &id, "Forge de Bilal");
    fleet_sync(&f, 1);
    pass(24 * HOUR_MS);
    assert_int_equal(letter_take(&f.twin, &there, &back, &take), ERR_OK);
    assert_int_equal(take.conflicts, 1);
    assert_string_equal(twin_get(server(), "company", &id, "name"), "Forge de Bilal");
}

/* One whose clock is a day ahead does not win by it; one measured before goes on to count. */
static void a_wrong_clock_wins_nothing(void **state)
{
    (void)state;
    struct take take;
    struct id id = add_company(anna(), "Forge Fictive");
    anna()->wall_ms += 24 * (int64_t)HOUR_MS;
    fleet_heal(&f); /* measured */
    rename_company(anna(), &id, "Forge d'Anna");
    (void)letter_write(anna(), &there);
    pass(HOUR_MS);
    rename_company(bilal(), &id, "Forge de Bilal");
    fleet_sync(&f, 1);
    pass(3 * 24 * (int64_t)HOUR_MS); /* her clock then is the past of ours now */
    assert_int_equal(letter_take(&f.twin, &there, &back, &take), ERR_OK);
    assert_string_equal(twin_get(server(), "company", &id, "name"), "Forge de Bilal");
}

/* Between two parts of an answer the device comes by network, or its rights change. */
static void an_answer_overtaken_is_begun_again(void **state)
{
    (void)state;
    struct take take;
    bool done = false;
    (void)letter_write(anna(), &there);
    assert_int_equal(take_begin(&take, server(), anna_key, 1, NULL), ERR_OK);
    assert_int_equal(letter_judge(server(), &there, &take), ERR_OK);
    assert_int_equal(take_answer(&take, server(), &back.frames, &done), ERR_OK);
    assert_false(done);
    (void)add_company(anna(), "Forge Fictive");
    fleet_sync(&f, 0);
    assert_int_equal(take_answer(&take, server(), &back.frames, &done), ERR_LATER);
    take_again(&take);
    assert_int_equal(letter_answer(server(), &take, &back), ERR_OK);
    take_done(&take);
    struct carry_result result;
    assert_int_equal(letter_read(anna(), &back, &result), ERR_OK);
}

/* A late bundle of before a new epoch gives no other one, however often it comes. */
static void an_old_epoch_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct take take;
    (void)add_company(anna(), "Forge Fictive");
    fleet_image(&f, 0, "image0");
    (void)add_company(anna(), "Tannerie Fictive");
    fleet_sync(&f, 0);
    fleet_put_back(&f, 0, "image0");
    (void)add_company(anna(), "Scierie Fictive");
    (void)letter_write(anna(), &there);
    for (int again = 0; again < 2; again++) /* another operation stands there */
        assert_int_equal(letter_take(&f.twin, &there, &back, &take), ERR_FORK);
    fleet_sync(&f, 0);
    uint64_t forks = f.forks;
    assert_int_equal(forks, 1);
    for (int again = 0; again < 2; again++) /* and that epoch is over */
        assert_int_equal(letter_take(&f.twin, &there, &back, &take), ERR_FORK);
    fleet_heal(&f);
    assert_int_equal(f.forks, forks);
    assert_int_equal(twin_count(server(), "company"), 3);
}

static void a_restored_server_says_what_it_misses(void **state)
{
    (void)state;
    struct take take;
    struct carry_result result;
    fleet_backup(&f);
    (void)add_company(anna(), "Forge Fictive");
    fleet_sync(&f, 0);
    fleet_restore(&f);
    (void)add_company(anna(), "Scierie Fictive");
    assert_int_equal(letter_write(anna(), &there).operations, 1);
    assert_int_equal(letter_take(&f.twin, &there, &back, &take), ERR_OK);
    assert_true(take.behind);
    assert_int_equal(take.operations, 0);
    assert_int_equal(letter_read(anna(), &back, &result), ERR_OK);
    assert_int_equal(letter_write(anna(), &there).operations, 2);
    assert_int_equal(letter_take(&f.twin, &there, &back, &take), ERR_OK);
    assert_false(take.behind);
    assert_int_equal(take.operations, 2);
    assert_int_equal(letter_read(anna(), &back, &result), ERR_OK);
    assert_int_equal(twin_count(server(), "company"), 2);
    assert_int_equal(twin_count(anna()->store, "company"), 2);
}

/* A version that knows no LEAVE, complete for other rights than today's: its work is taken, and
 * an answer it would misread is not written. */
static void a_version_that_cannot_let_go_gets_no_answer(void **state)
{
    (void)state;
    struct take take;
    (void)add_company(anna(), "Forge Fictive");
    (void)letter_write(anna(), &there);
    assert_int_equal(take_begin(&take, server(), anna_key, 1, NULL), ERR_OK);
    assert_int_equal(letter_judge(server(), &there, &take), ERR_OK);
    take.hello.leaves = false; /* as it would have been read from such a one */
    take.hello.grants += 1000;
    assert_int_equal(letter_answer(server(), &take, &back), ERR_VERSION);
    assert_int_equal(take.operations, 1);
    assert_int_equal(twin_count(server(), "company"), 1);
    take_done(&take);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fleet, close_fleet)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(operations_are_judged_once),
        TEST(a_bundle_and_the_network_may_bring_the_same),
        TEST(only_listed_keys_are_heard),
        TEST(a_revoked_device_is_not_heard),
        TEST(frames_out_of_place_are_refused),
        TEST(an_edit_counts_when_it_was_made),
        TEST(a_wrong_clock_wins_nothing),
        TEST(an_answer_overtaken_is_begun_again),
        TEST(an_old_epoch_is_refused_and_changes_nothing),
        TEST(a_restored_server_says_what_it_misses),
        TEST(a_version_that_cannot_let_go_gets_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
