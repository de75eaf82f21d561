/* SPDX-License-Identifier: Apache-2.0 */
/* What a relay keeps for others: whole, once, in order, through every fault of the disk. */
#include "store/deposits.h"
#include "support/vfs_mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 100 * 1000, NOW_MS = 1795000000, SIZE = 3000 };

static struct rng rng;
static struct disk *disk;
static struct vfs_mem *vfs;
static struct deposits *d;

static int64_t fixed_utc_ms(void *ctx)
{
    (void)ctx;
    return NOW_MS;
}

static void env_random(void *ctx, void *bytes, size_t n)
{
    rng_fill(ctx, bytes, n);
}

static void open_again(void)
{
    assert_int_equal(deposits_open("relay.db", "relay", ROOM, &d, NULL), ERR_OK);
}

static int open_rig(void **state)
{
    (void)state;
    rng_init(&rng, 7);
    disk = disk_new(&rng);
    vfs = vfs_mem_open(disk, "relay", (struct vfs_mem_env){&rng, fixed_utc_ms, env_random});
    open_again();
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    deposits_close(d);
    d = NULL;
    vfs_mem_close(vfs);
    disk_free(disk);
    return 0;
}

/* A parcel of device `key`, told from others by `fill`. */
struct made {
    uint8_t bytes[SIZE];
    struct deposit deposit;
};
static struct made parcels[8];

static struct deposit *parcel(unsigned slot, uint8_t key, uint8_t fill)
{
    struct made *m = &parcels[slot];
    struct sha256 sha;
    memset(m->bytes, fill, sizeof m->bytes);
    m->deposit = (struct deposit){.device = key, .bytes = {(const char *)m->bytes, SIZE}};
    memset(m->deposit.key, key, sizeof m->deposit.key);
    sha256_init(&sha);
    sha256_add(&sha, m->bytes, SIZE);
    sha256_end(&sha, m->deposit.sha256);
    return &m->deposit;
}

static enum err put(const struct deposit *deposit)
{
    return deposits_put(d, deposit, NOW_MS);
}

static bool holds(const struct deposit *deposit)
{
    bool is = false;
    assert_int_equal(deposits_holds(d, deposit->key, deposit->sha256, &is), ERR_OK);
    return is;
}

static struct deposits_count count(void)
{
    struct deposits_count n = {.bytes = 0};
    assert_int_equal(deposits_count(d, &n), ERR_OK);
    return n;
}

/* The next one after `after` is this one, byte for byte; its number. */
static struct deposit_next next_is(int64_t after, const struct deposit *deposit)
{
    struct deposit_next next = {.no = 0};
    struct buf bytes = {0};
    assert_int_equal(deposits_next(d, after, &next, &bytes), ERR_OK);
    assert_memory_equal(next.key, deposit->key, sizeof next.key);
    assert_memory_equal(next.sha256, deposit->sha256, sizeof next.sha256);
    assert_int_equal(next.device, deposit->device);
    assert_true(str_eq(buf_str(&bytes), deposit->bytes));
    buf_done(&bytes);
    return next;
}

static enum err answer_of(uint8_t key_byte, struct buf *bytes, uint8_t sha256[SHA256_BYTES])
{
    uint8_t key[SHA256_BYTES];
    uint32_t device = 0;
    memset(key, key_byte, sizeof key);
    return deposits_answer(d, key, &device, sha256, bytes);
}

static void answer_is(uint8_t key, const char *text)
{
    struct buf bytes = {0};
    uint8_t sha256[SHA256_BYTES];
    enum err err = answer_of(key, &bytes, sha256);
    assert_int_equal(err, text == NULL ? ERR_NOTFOUND : ERR_OK);
    assert_true(text == NULL || str_eq(buf_str(&bytes), str_of(text)));
    buf_done(&bytes);
}

static void kept_through_a_restart_and_handed_over_in_order(void **state)
{
    (void)state;
    struct deposit *a = parcel(0, 1, 'a');
    struct deposit *b = parcel(1, 2, 'b');
    assert_int_equal(put(a), ERR_OK);
    assert_int_equal(put(b), ERR_OK);
    assert_int_equal(put(a), ERR_OK); /* its receipt was lost */
    deposits_close(d);
    open_again();
    assert_int_equal(count().deposits, 2);
    assert_int_equal(count().oldest_ms, NOW_MS);
    struct deposit_next first = next_is(0, a);
    (void)next_is(first.no, b);
    assert_int_equal(deposits_judged(d, &first, STR("sealed for a"), NOW_MS), ERR_OK);
    assert_false(holds(a));
    assert_true(holds(b));
    (void)next_is(0, b);
    answer_is(1, "sealed for a");
    answer_is(2, NULL);
}

static void a_later_parcel_takes_the_place_of_those_it_names_only(void **state)
{
    (void)state;
    struct deposit *a = parcel(0, 1, 'a');
    struct deposit *other = parcel(1, 1, 'o'); /* of an older image of the same device */
    struct deposit *b = parcel(2, 1, 'b');
    assert_int_equal(put(a), ERR_OK);
    assert_int_equal(put(other), ERR_OK);
    b->follows = (struct str){(const char *)a->sha256, SHA256_BYTES};
    assert_int_equal(put(b), ERR_OK);
    assert_false(holds(a));
    assert_true(holds(other) && holds(b));
    /* Nobody else's goes, whoever names it. */
    struct deposit *stranger = parcel(3, 9, 's');
    stranger->follows = (struct str){(const char *)b->sha256, SHA256_BYTES};
    assert_int_equal(put(stranger), ERR_OK);
    assert_true(holds(b));
}

static void too_much_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DEPOSITS_OF_DEVICE_MAX; i++)
        assert_int_equal(put(parcel(i, 1, (uint8_t)('a' + i))), ERR_OK);
    struct deposit *more = parcel(4, 1, 'z');
    assert_int_equal(put(more), ERR_LIMIT);
    assert_int_equal(count().deposits, DEPOSITS_OF_DEVICE_MAX);
    more->follows = (struct str){(const char *)parcels[0].deposit.sha256, SHA256_BYTES};
    assert_int_equal(put(more), ERR_OK);
    assert_false(holds(&parcels[0].deposit));
    unsigned put_n = 0;
    enum err err = ERR_OK;
    for (uint8_t key = 10; err == ERR_OK; key++, put_n++)
        err = put(parcel(5, key, key));
    assert_int_equal(err, ERR_FULL);
    assert_true(count().bytes <= ROOM && count().bytes + SIZE > ROOM);
    assert_false(holds(&parcels[5].deposit));
}

static void an_answer_waits_until_it_is_collected_or_replaced(void **state)
{
    (void)state;
    struct buf bytes = {0};
    uint8_t first[SHA256_BYTES];
    struct deposit *a = parcel(0, 1, 'a');
    assert_int_equal(put(a), ERR_OK);
    struct deposit_next next = next_is(0, a);
    assert_int_equal(deposits_judged(d, &next, STR("one"), NOW_MS), ERR_OK);
    assert_int_equal(answer_of(1, &bytes, first), ERR_OK);
    buf_done(&bytes);
    struct deposit *b = parcel(1, 1, 'b');
    assert_int_equal(put(b), ERR_OK);
    next = next_is(0, b);
    assert_int_equal(deposits_judged(d, &next, STR("two"), NOW_MS), ERR_OK);
    answer_is(1, "two");
    /* What it says it has read is the first one: the second waits. */
    assert_int_equal(deposits_collected(d, a->key, first), ERR_OK);
    answer_is(1, "two");
    uint8_t second[SHA256_BYTES];
    assert_int_equal(answer_of(1, &bytes, second), ERR_OK);
    buf_done(&bytes);
    assert_int_equal(deposits_collected(d, a->key, second), ERR_OK);
    answer_is(1, NULL);
    assert_int_equal(count().bytes, 0);
}

static void what_the_server_will_never_take_goes_without_an_answer(void **state)
{
    (void)state;
    struct deposit *a = parcel(0, 1, 'a');
    assert_int_equal(put(a), ERR_OK);
    struct deposit_next next = next_is(0, a);
    assert_int_equal(deposits_judged(d, &next, (struct str){NULL, 0}, NOW_MS), ERR_OK);
    assert_int_equal(count().deposits, 0);
    answer_is(1, NULL);
}

static void who_lost_access_gets_nothing_that_was_made_before(void **state)
{
    (void)state;
    bool denied = false;
    struct deposit *a = parcel(0, 1, 'a');
    struct deposit *b = parcel(1, 2, 'b');
    assert_int_equal(put(a), ERR_OK);
    assert_int_equal(put(b), ERR_OK);
    struct deposit_next next = next_is(0, a);
    assert_int_equal(deposits_judged(d, &next, STR("for a"), NOW_MS), ERR_OK);
    next = next_is(0, b);
    assert_int_equal(deposits_judged(d, &next, STR("for b"), NOW_MS), ERR_OK);
    struct str keys = {(const char *)a->key, SHA256_BYTES};
    assert_int_equal(deposits_deny(d, keys), ERR_OK);
    answer_is(1, NULL);
    answer_is(2, "for b");
    assert_int_equal(deposits_denied(d, a->key, &denied), ERR_OK);
    assert_true(denied);
    assert_int_equal(deposits_denied(d, b->key, &denied), ERR_OK);
    assert_false(denied);
    /* The order to wipe, made by the server since, stays. */
    struct deposit *late = parcel(2, 1, 'l');
    assert_int_equal(put(late), ERR_OK);
    next = next_is(0, late);
    assert_int_equal(deposits_judged(d, &next, STR("sealed order"), NOW_MS), ERR_OK);
    assert_int_equal(deposits_deny(d, keys), ERR_OK);
    answer_is(1, "sealed order");
    assert_int_equal(deposits_deny(d, (struct str){NULL, 0}), ERR_OK);
    assert_int_equal(deposits_denied(d, a->key, &denied), ERR_OK);
    assert_false(denied);
}

static void answers_nobody_wants_expire_and_deposits_do_not(void **state)
{
    (void)state;
    const int64_t later_ms = NOW_MS + (DEPOSITS_ANSWER_DAYS + 1) * INT64_C(86400000);
    struct deposit *a = parcel(0, 1, 'a');
    assert_int_equal(put(a), ERR_OK);
    struct deposit_next next = next_is(0, a);
    assert_int_equal(deposits_judged(d, &next, STR("old"), NOW_MS), ERR_OK);
    assert_int_equal(put(parcel(1, 2, 'b')), ERR_OK);
    assert_int_equal(deposits_sweep(d, NOW_MS + 1000), ERR_OK);
    answer_is(1, "old");
    assert_int_equal(deposits_sweep(d, later_ms), ERR_OK);
    answer_is(1, NULL);
    assert_int_equal(count().deposits, 1);
}

static void bytes_that_rotted_are_not_handed_over(void **state)
{
    (void)state;
    size_t n = 0;
    struct deposit *a = parcel(0, 1, 'a');
    assert_int_equal(put(a), ERR_OK);
    deposits_close(d);
    d = NULL;
    const uint8_t *file = disk_bytes(disk, "relay.db", &n);
    size_t at = 0;
    while (at + 64 < n && !(file[at] == 'a' && file[at + 63] == 'a'))
        at++;
    assert_true(at + 64 < n);
    disk_flip(disk, "relay.db", at + 32, 0);
    open_again();
    struct deposit_next next = {.no = 0};
    struct buf bytes = {0};
    assert_int_equal(deposits_next(d, 0, &next, &bytes), ERR_CORRUPT);
    assert_true(next.no != 0);
    buf_done(&bytes);
}

/* ---- each call of the disk fails in its turn ---- */

/* A day of a relay; what was acknowledged is noted. */
struct day {
    bool first, second, judged, collected;
};

static void live(struct day *day, struct deposit *a, struct deposit *b)
{
    struct deposit_next next = {.no = 0};
    struct buf bytes = {0};
    *day = (struct day){.first = put(a) == ERR_OK};
    day->second = put(b) == ERR_OK;
    if (deposits_next(d, 0, &next, &bytes) == ERR_OK &&
        memcmp(next.sha256, a->sha256, sizeof next.sha256) == 0)
        day->judged = deposits_judged(d, &next, STR("answer"), NOW_MS) == ERR_OK;
    buf_done(&bytes);
}

/* What was said to be kept is there; what was handed over is gone, and its answer there. */
static void check(const struct day *day, struct deposit *a, struct deposit *b)
{
    struct buf bytes = {0};
    uint8_t sha256[SHA256_BYTES];
    enum err answer = answer_of(1, &bytes, sha256);
    assert_true(answer == ERR_OK || answer == ERR_NOTFOUND);
    assert_true(answer == ERR_NOTFOUND || str_eq(buf_str(&bytes), STR("answer")));
    if (day->first)
        assert_true(holds(a) || answer == ERR_OK); /* never neither */
    if (day->judged)
        assert_int_equal(answer, ERR_OK);
    if (day->second)
        assert_true(holds(b));
    buf_done(&bytes);
}

static bool tortured(uint64_t nth, enum disk_fault fault)
{
    struct day day;
    struct deposit *a = parcel(0, 1, 'a');
    struct deposit *b = parcel(1, 2, 'b');
    (void)open_rig(NULL);
    uint64_t before = disk_faults(disk);
    disk_fail(disk, DISK_ANY, nth, fault, false);
    live(&day, a, b);
    bool hit = disk_faults(disk) > before || !disk_up(disk);
    deposits_close(d);
    d = NULL;
    disk_heal(disk);
    if (!disk_up(disk))
        disk_restart(disk);
    open_again();
    check(&day, a, b);
    live(&day, a, b); /* and all of it can be done again */
    check(&day, a, b);
    (void)close_rig(NULL);
    return hit;
}

static void no_acknowledged_deposit_is_lost_by_any_fault(void **state)
{
    (void)state;
    static const enum disk_fault faults[] = {DISK_FAULT_IO, DISK_FAULT_FULL, DISK_FAULT_POWER};
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        uint64_t n = 1;
        while (tortured(n, faults[i]))
            n++;
        assert_true(n > 20); /* it was no empty day */
    }
}

static void a_power_cut_after_the_receipt_loses_nothing(void **state)
{
    (void)state;
    struct deposit *a = parcel(0, 1, 'a');
    assert_int_equal(put(a), ERR_OK);
    disk_power_cut(disk);
    deposits_close(d);
    disk_restart(disk);
    open_again();
    (void)next_is(0, a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kept_through_a_restart_and_handed_over_in_order,
                                        open_rig, close_rig),
        cmocka_unit_test_setup_teardown(a_later_parcel_takes_the_place_of_those_it_names_only,
                                        open_rig, close_rig),
        cmocka_unit_test_setup_teardown(too_much_is_refused_and_changes_nothing, open_rig,
                                        close_rig),
        cmocka_unit_test_setup_teardown(an_answer_waits_until_it_is_collected_or_replaced,
                                        open_rig, close_rig),
        cmocka_unit_test_setup_teardown(what_the_server_will_never_take_goes_without_an_answer,
                                        open_rig, close_rig),
        cmocka_unit_test_setup_teardown(who_lost_access_gets_nothing_that_was_made_before,
                                        open_rig, close_rig),
        cmocka_unit_test_setup_teardown(answers_nobody_wants_expire_and_deposits_do_not,
                                        open_rig, close_rig),
        cmocka_unit_test_setup_teardown(bytes_that_rotted_are_not_handed_over, open_rig,
                                        close_rig),
        cmocka_unit_test_setup_teardown(a_power_cut_after_the_receipt_loses_nothing, open_rig,
                                        close_rig),
        cmocka_unit_test(no_acknowledged_deposit_is_lost_by_any_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
