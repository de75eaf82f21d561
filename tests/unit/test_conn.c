/* SPDX-License-Identifier: Apache-2.0 */
#include "support/alloc_fail.h"
#include "support/conn_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { ECHO_BYTES = 8 * 1024 * 1024 };

/* --- bytes --- */

static void close_when_echoed(struct rig *rig)
{
    if (rig->a.conn != NULL && rig->a.received == rig->a.goal)
        side_close(&rig->a);
}

static void an_echo_returns_every_byte_in_order(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = ECHO_BYTES;
    rig->b.echo = true;
    rig_both(rig);
    rig_run(rig, close_when_echoed);
    assert_int_equal(rig->a.received, ECHO_BYTES);
    assert_int_equal(rig->b.received, ECHO_BYTES);
    assert_int_equal(rig->a.err, ERR_OK);
    assert_string_equal(rig->a.note.text, "");
    assert_int_equal(rig->b.err, ERR_CLOSED);
    assert_true(rig->a.events[CONN_DRAINED] > 0);
    assert_true(rig->a.queued_max < CONN_OUT_BYTES_HIGH + SLICE_MAX);
    assert_true(rig->b.queued_max < CONN_OUT_BYTES_MAX);
}

static void both_may_send_at_once(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = ECHO_BYTES;
    rig->b.goal = ECHO_BYTES;
    rig_both(rig);
    rig_run(rig, close_when_echoed);
    assert_int_equal(rig->a.received, ECHO_BYTES);
}

static void what_is_not_taken_comes_again_with_more(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = 999 * 1000;
    rig->b.echo = true;
    rig->b.take_unit = 999;
    rig_both(rig);
    rig_run(rig, close_when_echoed);
    assert_int_equal(rig->a.received, rig->a.goal);
    assert_true(rig->b.events[CONN_DATA] >= 1000);
}

static void a_unix_socket_serves_as_well(void **state)
{
    struct rig *rig = *state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    rig->a.goal = 3 * 1024 * 1024;
    rig->b.echo = true;
    side_open(&rig->a, fds[0], (struct conn_terms){0});
    side_open(&rig->b, fds[1], (struct conn_terms){0});
    uint8_t address[16];
    uint8_t zeros[16] = {0};
    conn_peer_address(rig->a.conn, address);
    assert_memory_equal(address, zeros, sizeof zeros);
    rig_run(rig, close_when_echoed);
    assert_int_equal(rig->a.received, rig->a.goal);
}

static void count_then_close(struct rig *rig)
{
    static const uint8_t loopback[16] = {0, 0, 0,    0,    0,   0, 0, 0,
                                         0, 0, 0xff, 0xff, 127, 0, 0, 1};
    uint8_t address[16];
    if (rig->a.conn == NULL || rig->a.received < 1000)
        return;
    conn_peer_address(rig->a.conn, address);
    assert_memory_equal(address, loopback, sizeof loopback);
    assert_int_equal(conn_bytes_in(rig->a.conn), 1000);
    assert_int_equal(conn_bytes_out(rig->a.conn), 1000);
    assert_int_equal(conn_queued(rig->a.conn), 0);
    side_close(&rig->a);
}

static void bytes_are_counted(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = 1000;
    rig->b.echo = true;
    rig_both(rig);
    rig_run(rig, count_then_close);
    assert_int_equal(rig->a.events[CONN_CLOSED], 1);
}

/* --- back-pressure --- */

/* First the peer only writes; once nothing moves it reads it all back. */
static void flood_then_read(struct rig *rig)
{
    if (rig->quiet < 20) {
        rig_peer_write(rig);
        return;
    }
    assert_true(rig->a.queued_max <= CONN_OUT_BYTES_STOP + CONN_IN_BYTES_MAX);
    assert_true(rig->peer_put > CONN_OUT_BYTES_STOP);
    (void)rig_peer_read(rig);
    if (rig->peer_got == rig->peer_put)
        loop_stop(&rig->loop);
}

static void a_peer_that_does_not_read_cannot_make_us_queue(void **state)
{
    struct rig *rig = *state;
    rig->a.echo = true;
    rig_with_peer(rig, (struct conn_terms){0});
    rig_run(rig, flood_then_read);
    assert_int_equal(rig->peer_got, rig->peer_put);
    assert_int_equal(rig->a.received, rig->peer_put);
    rig_peer_end(rig);
    rig_run(rig, NULL);
    assert_int_equal(rig->a.err, ERR_CLOSED);
}

/* Ticks while paused: the peer fills what the kernel takes; then the owner resumes. */
static void fill_then_resume(struct rig *rig)
{
    if (rig->quiet < 20) {
        rig_peer_write(rig);
        assert_int_equal(rig->a.events[CONN_DATA], 0);
    } else if (rig->peer >= 0) {
        rig_peer_end(rig);
        rig->in_verb = true;
        conn_resume(rig->a.conn);
        rig->in_verb = false;
    }
}

static void a_paused_connection_reads_nothing_and_loses_nothing(void **state)
{
    struct rig *rig = *state;
    rig_with_peer(rig, (struct conn_terms){0});
    conn_pause(rig->a.conn);
    rig_run(rig, fill_then_resume);
    assert_int_equal(rig->a.received, rig->peer_put);
    assert_true(rig->peer_put > 0);
    assert_int_equal(rig->a.err, ERR_CLOSED);
}

static void write_if_room(struct rig *rig)
{
    if (rig->a.conn != NULL)
        rig_peer_write(rig);
}

static void an_owner_who_takes_nothing_ends_the_connection(void **state)
{
    struct rig *rig = *state;
    rig->a.refuse = true;
    rig_with_peer(rig, (struct conn_terms){.close_ms = 20});
    rig_run(rig, write_if_room);
    assert_int_equal(rig->a.err, ERR_LIMIT);
    assert_true(rig->peer_put >= CONN_IN_BYTES_MAX);
    assert_true(rig->peer_put > 0);
}

static void an_owner_who_ignores_the_marks_loses_the_connection(void **state)
{
    struct rig *rig = *state;
    static const uint8_t zeros[SLICE_MAX];
    rig_with_peer(rig, (struct conn_terms){.close_ms = 20});
    for (size_t n = 0; n <= CONN_OUT_BYTES_MAX; n += sizeof zeros)
        assert_true(side_send(&rig->a, zeros, sizeof zeros) <= CONN_OUT_BYTES_MAX);
    rig_run(rig, NULL);
    assert_int_equal(rig->a.err, ERR_LIMIT);
    assert_string_not_equal(rig->a.note.text, "");
}

/* --- no memory --- */

/* True when the connections could be made and ran to their end. */
static bool echo_failing(struct rig *rig, uint64_t nth, bool lasting)
{
    int fds[2];
    rig_tcp_pair(fds);
    rig->a = (struct side){.rig = rig, .goal = 100 * 1000};
    rig->b = (struct side){.rig = rig, .echo = true};
    struct conn_cfg a = {.cb = side_on_event, .arg = &rig->a};
    struct conn_cfg b = {.cb = side_on_event, .arg = &rig->b};
    alloc_fail_at(ALLOC_OURS, nth, lasting);
    enum err err_a = conn_open(&rig->loop, fds[0], &a, &rig->a.conn);
    enum err err_b = conn_open(&rig->loop, fds[1], &b, &rig->b.conn);
    if (err_a == ERR_OK || err_b == ERR_OK)
        rig_run(rig, close_when_echoed);
    alloc_fail_off();
    return err_a == ERR_OK && err_b == ERR_OK && rig->a.err == ERR_OK &&
           rig->a.received == rig->a.goal;
}

static void without_memory_a_connection_ends_and_nothing_else(void **state)
{
    struct rig *rig = *state;
    for (int lasting = 0; lasting <= 1; lasting++) {
        uint64_t nth = 1;
        while (!echo_failing(rig, nth, lasting != 0) || alloc_fail_refused() > 0)
            nth++;
        assert_true(nth > 4);
    }
}

#define IN_RIG(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(an_echo_returns_every_byte_in_order),
        IN_RIG(both_may_send_at_once),
        IN_RIG(what_is_not_taken_comes_again_with_more),
        IN_RIG(a_unix_socket_serves_as_well),
        IN_RIG(bytes_are_counted),
        IN_RIG(a_peer_that_does_not_read_cannot_make_us_queue),
        IN_RIG(a_paused_connection_reads_nothing_and_loses_nothing),
        IN_RIG(an_owner_who_takes_nothing_ends_the_connection),
        IN_RIG(an_owner_who_ignores_the_marks_loses_the_connection),
        IN_RIG(without_memory_a_connection_ends_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
