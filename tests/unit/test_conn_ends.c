/* SPDX-License-Identifier: Apache-2.0 */
#include "support/conn_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { ECHO_BYTES = 8 * 1024 * 1024 };

/* --- ends --- */

static void bytes_before_the_end_are_delivered(void **state)
{
    struct rig *rig = *state;
    uint8_t bytes[1000];
    rig_with_peer(rig, (struct conn_terms){0});
    rig_fill(0, bytes, sizeof bytes);
    assert_int_equal(write(rig->peer, bytes, sizeof bytes), sizeof bytes);
    rig_peer_end(rig);
    rig_run(rig, NULL);
    assert_int_equal(rig->a.received, sizeof bytes);
    assert_int_equal(rig->a.err, ERR_CLOSED);
    assert_non_null(strstr(rig->a.note.text, "l'autre côté"));
}

static void reset_once_open(struct rig *rig)
{
    if (rig->a.events[CONN_OPEN] > 0 && rig->peer >= 0)
        rig_peer_reset(rig);
}

static void a_vanished_peer_closes_the_connection(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = ECHO_BYTES; /* a write is in flight when the reset comes */
    rig_with_peer(rig, (struct conn_terms){0});
    rig_run(rig, reset_once_open);
    assert_int_equal(rig->a.err, ERR_CLOSED);
    assert_non_null(strstr(rig->a.note.text, "connection reset"));
    assert_int_equal(rig->a.events[CONN_CLOSED], 1);
}

static void abort_when_full(struct rig *rig)
{
    if (rig->a.conn == NULL || rig->a.queued_max < CONN_OUT_BYTES_HIGH)
        return;
    rig->in_verb = true;
    conn_abort(rig->a.conn, ERR_REVOKED);
    conn_abort(rig->a.conn, ERR_IO);
    conn_close(rig->a.conn, ERR_IO);
    rig->in_verb = false;
}

static void an_abort_with_a_write_in_flight_ends_cleanly(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = ECHO_BYTES;
    rig_with_peer(rig, (struct conn_terms){0});
    rig_run(rig, abort_when_full);
    assert_int_equal(rig->a.err, ERR_REVOKED);
    assert_int_equal(rig->a.events[CONN_CLOSED], 1);
}

static void read_all_after_close(struct rig *rig)
{
    if (rig->a.conn != NULL && rig->a.queued_max >= CONN_OUT_BYTES_HIGH)
        side_close(&rig->a);
    if (rig->a.queued_max >= CONN_OUT_BYTES_HIGH && rig->peer >= 0 && rig_peer_read(rig))
        rig_peer_end(rig);
}

static void an_orderly_close_sends_what_is_queued(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = ECHO_BYTES;
    rig_with_peer(rig, (struct conn_terms){0});
    rig_run(rig, read_all_after_close);
    assert_int_equal(rig->a.err, ERR_OK);
    assert_true(rig->peer_got >= CONN_OUT_BYTES_HIGH);
    assert_int_equal(rig->peer_got, rig->a.sent);
}

/* The peer has sent what we never read: closing at once would reset and lose our last words. */
static void read_late(struct rig *rig)
{
    if (++rig->quiet < 20)
        return;
    if (rig->peer >= 0 && rig_peer_read(rig))
        rig_peer_end(rig);
}

static void last_words_arrive_though_we_left_bytes_unread(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = 5000;
    rig->a.close_on[CONN_OPEN] = true;
    rig_with_peer(rig, (struct conn_terms){0});
    rig_peer_write(rig);
    rig->quiet = 0;
    rig_run(rig, read_late);
    assert_int_equal(rig->peer_got, 5000);
    assert_int_equal(rig->a.received, 0);
    assert_int_equal(rig->a.err, ERR_OK);
}

static void a_peer_that_never_closes_does_not_keep_us(void **state)
{
    struct rig *rig = *state;
    rig->a.close_on[CONN_OPEN] = true;
    rig_with_peer(rig, (struct conn_terms){.close_ms = 20});
    rig_run(rig, NULL);
    assert_int_equal(rig->a.err, ERR_OK);
    assert_int_equal(rig->a.events[CONN_CLOSED], 1);
}

static void closing_from_any_event_is_safe(void **state)
{
    struct rig *rig = *state;
    for (int kind = CONN_OPEN; kind <= CONN_DRAINED; kind++) {
        rig->a = (struct side){.rig = rig, .goal = 3 * 1024 * 1024};
        rig->b = (struct side){.rig = rig, .echo = true};
        rig->a.close_on[kind] = true;
        rig_both(rig);
        rig_run(rig, NULL);
        assert_int_equal(rig->a.events[kind], 1);
        assert_int_equal(rig->a.err, ERR_OK);
        assert_int_equal(rig->b.err, ERR_CLOSED);
    }
}

static void a_close_before_the_first_turn_is_safe(void **state)
{
    struct rig *rig = *state;
    rig_with_peer(rig, (struct conn_terms){.close_ms = 20});
    side_close(&rig->a);
    rig_run(rig, NULL);
    assert_int_equal(rig->a.events[CONN_OPEN], 0);
    assert_int_equal(rig->a.events[CONN_CLOSED], 1);
}

/* --- deadlines --- */

static void set_deadline_once_open(struct rig *rig)
{
    if (rig->a.conn != NULL && rig->a.events[CONN_OPEN] > 0 && rig->quiet++ == 0)
        conn_deadline(rig->a.conn, 5, 0);
}

static void a_passed_deadline_closes(void **state)
{
    struct rig *rig = *state;
    rig_with_peer(rig, (struct conn_terms){0});
    rig_run(rig, set_deadline_once_open);
    assert_int_equal(rig->a.err, ERR_TIMEOUT);
}

static void set_short_deadline(struct rig *rig)
{
    if (rig->a.conn == NULL || rig->a.events[CONN_OPEN] == 0)
        return;
    if (rig->quiet++ == 0)
        conn_deadline(rig->a.conn, 30, 1000);
    uint8_t byte = rig_pattern(rig->peer_put);
    if (write(rig->peer, &byte, 1) == 1)
        rig->peer_put++;
}

static void a_trickle_is_no_progress(void **state)
{
    struct rig *rig = *state;
    rig_with_peer(rig, (struct conn_terms){0});
    rig_run(rig, set_short_deadline);
    assert_int_equal(rig->a.err, ERR_TIMEOUT);
    assert_true(rig->a.received > 0);
}

/* 100 bytes a ms against 1000 bytes in 200 ms: lives on over several terms. */
static void trickle_enough(struct rig *rig)
{
    uint8_t bytes[100];
    if (rig->a.conn == NULL || rig->a.events[CONN_OPEN] == 0)
        return;
    if (rig->quiet++ == 0)
        conn_deadline(rig->a.conn, 200, 1000);
    rig_fill(rig->peer_put, bytes, sizeof bytes);
    assert_int_equal(write(rig->peer, bytes, sizeof bytes), sizeof bytes);
    rig->peer_put += sizeof bytes;
    if (rig->quiet == 600)
        side_close(&rig->a);
    if (rig->quiet > 600)
        rig_peer_end(rig);
}

static void progress_renews_the_deadline(void **state)
{
    struct rig *rig = *state;
    rig_with_peer(rig, (struct conn_terms){0});
    rig_run(rig, trickle_enough);
    assert_int_equal(rig->a.err, ERR_OK);
}

static void a_peer_that_takes_nothing_is_given_up(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = ECHO_BYTES;
    rig_with_peer(rig, (struct conn_terms){.stall_ms = 30});
    rig_run(rig, NULL);
    assert_int_equal(rig->a.err, ERR_TIMEOUT);
    assert_true(rig->a.queued_max < CONN_OUT_BYTES_HIGH + SLICE_MAX);
}

#define IN_RIG(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(bytes_before_the_end_are_delivered),
        IN_RIG(a_vanished_peer_closes_the_connection),
        IN_RIG(an_abort_with_a_write_in_flight_ends_cleanly),
        IN_RIG(an_orderly_close_sends_what_is_queued),
        IN_RIG(last_words_arrive_though_we_left_bytes_unread),
        IN_RIG(a_peer_that_never_closes_does_not_keep_us),
        IN_RIG(closing_from_any_event_is_safe),
        IN_RIG(a_close_before_the_first_turn_is_safe),
        IN_RIG(a_passed_deadline_closes),
        IN_RIG(a_trickle_is_no_progress),
        IN_RIG(progress_renews_the_deadline),
        IN_RIG(a_peer_that_takes_nothing_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
