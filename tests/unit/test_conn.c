/* SPDX-License-Identifier: Apache-2.0 */
#include "io/conn.h"

#include "proto/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { GUARD_MS = 60 * 1000, SLICE_MAX = 64 * 1024, ECHO_BYTES = 8 * 1024 * 1024 };

struct rig;

/* One connection and what its owner does with the events. */
struct side {
    struct rig *rig;
    struct conn *conn;
    bool echo;         /* send back what comes */
    size_t take_unit;  /* take whole units only; 0: all */
    bool refuse;       /* take nothing */
    uint64_t goal;     /* bytes of the pattern to send, in slices */
    uint64_t sent;     /* of them */
    uint64_t received; /* bytes, all checked against the pattern */
    bool close_on[CONN_CLOSED + 1];
    unsigned events[CONN_CLOSED + 1];
    enum err err;
    struct note note;
    size_t queued_max;
};

struct rig {
    struct loop loop;
    struct loop_timer guard;
    struct loop_timer tick;
    void (*on_tick)(struct rig *rig); /* every ms */
    struct side a;
    struct side b;
    int peer;          /* descriptor the test itself plays the peer with; -1: none */
    uint64_t peer_put; /* bytes of the pattern it wrote */
    uint64_t peer_got; /* bytes of the pattern it read */
    unsigned quiet;    /* ticks in a row in which it could write nothing */
    bool in_verb;      /* an event now would come from inside a verb */
    uint32_t seed;
};

static uint8_t pattern(uint64_t at)
{
    return (uint8_t)((at * 2654435761u) >> 11);
}

static bool matches(uint64_t at, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((uint8_t)p[i] != pattern(at + i))
            return false;
    }
    return true;
}

static void fill(uint64_t at, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = pattern(at + i);
}

static uint32_t next_random(struct rig *rig)
{
    rig->seed = rig->seed * 1664525u + 1013904223u;
    return rig->seed >> 8;
}

/* --- the rig --- */

static void on_guard(struct loop_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    fail_msg("the test hangs");
}

static void stop_if_over(struct rig *rig)
{
    bool a_over = rig->a.conn == NULL;
    bool b_over = rig->b.conn == NULL;
    if (a_over && b_over)
        loop_stop(&rig->loop);
}

static void on_tick(struct loop_timer *timer, void *arg)
{
    struct rig *rig = arg;
    loop_timer_start(timer, 1);
    rig->on_tick(rig);
}

static int open_rig(void **state)
{
    struct rig *rig = mem_new(sizeof *rig);
    *state = rig;
    if (rig == NULL || loop_init(&rig->loop) != ERR_OK)
        return 1;
    loop_timer_init(&rig->loop, &rig->guard, on_guard, rig);
    loop_timer_init(&rig->loop, &rig->tick, on_tick, rig);
    loop_timer_start(&rig->guard, GUARD_MS);
    rig->peer = -1;
    rig->seed = 42;
    rig->a.rig = rig;
    rig->b.rig = rig;
    return 0;
}

static int close_rig(void **state)
{
    struct rig *rig = *state;
    if (rig->peer >= 0)
        (void)close(rig->peer);
    loop_timer_close(&rig->guard, NULL);
    loop_timer_close(&rig->tick, NULL);
    loop_run(&rig->loop);
    loop_done(&rig->loop);
    mem_free(rig);
    return 0;
}

/* A connected pair of real TCP sockets on loopback. */
static void tcp_pair(int out[2])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(server, 1), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&at, &n), 0);
    out[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(out[0], (struct sockaddr *)&at, sizeof at), 0);
    out[1] = accept4(server, NULL, NULL, SOCK_CLOEXEC);
    assert_true(out[1] >= 0);
    assert_int_equal(close(server), 0);
}

/* --- owners --- */

static size_t send_checked(struct side *side, const void *bytes, size_t n)
{
    side->rig->in_verb = true;
    size_t queued = conn_send(side->conn, bytes, n);
    side->rig->in_verb = false;
    if (queued > side->queued_max)
        side->queued_max = queued;
    return queued;
}

static void close_checked(struct side *side)
{
    side->rig->in_verb = true;
    conn_close(side->conn, ERR_OK);
    conn_close(side->conn, ERR_IO);
    side->rig->in_verb = false;
}

/* Send slices of 1 byte to 64 KiB until told to wait or all is sent. */
static void produce(struct side *side)
{
    static uint8_t slice[SLICE_MAX];
    while (side->sent < side->goal && conn_queued(side->conn) < CONN_OUT_BYTES_HIGH) {
        uint32_t bits = next_random(side->rig) % 17;
        size_t n = 1 + next_random(side->rig) % (1u << bits);
        if (n > side->goal - side->sent)
            n = (size_t)(side->goal - side->sent);
        fill(side->sent, slice, n);
        (void)send_checked(side, slice, n);
        side->sent += n;
    }
}

static void on_data(struct side *side, struct conn_event *event)
{
    size_t n = event->data.n;
    if (side->refuse)
        n = 0;
    else if (side->take_unit > 0)
        n = n >= side->take_unit ? side->take_unit : 0;
    assert_true(matches(side->received, event->data.p, n));
    side->received += n;
    event->took = n;
    if (side->echo && n > 0)
        (void)send_checked(side, event->data.p, n);
}

static void on_event(struct conn *conn, struct conn_event *event, void *arg)
{
    struct side *side = arg;
    assert_ptr_equal(conn, side->conn);
    assert_false(side->rig->in_verb);
    assert_int_equal(side->events[CONN_CLOSED], 0);
    side->events[event->kind]++;
    if (event->kind == CONN_OPEN)
        assert_int_equal(side->events[CONN_OPEN], 1);
    if (event->kind == CONN_DATA)
        on_data(side, event);
    if (event->kind == CONN_OPEN || event->kind == CONN_DRAINED)
        produce(side);
    if (event->kind == CONN_CLOSED) {
        side->err = event->err;
        side->note = *event->note;
        conn_free(conn);
        side->conn = NULL;
        stop_if_over(side->rig);
    } else if (side->close_on[event->kind]) {
        close_checked(side);
    }
}

static void open_side(struct side *side, int fd, struct conn_terms terms)
{
    struct conn_cfg cfg = {.cb = on_event, .arg = side, .terms = terms};
    assert_int_equal(conn_open(&side->rig->loop, fd, &cfg, &side->conn), ERR_OK);
}

/* Connection `a` with a peer played by the test. */
static void open_with_peer(struct rig *rig, struct conn_terms terms)
{
    int fds[2];
    tcp_pair(fds);
    rig->peer = fds[0];
    assert_int_equal(fcntl(rig->peer, F_SETFL, O_NONBLOCK), 0);
    open_side(&rig->a, fds[1], terms);
}

static void open_both(struct rig *rig)
{
    int fds[2];
    tcp_pair(fds);
    open_side(&rig->a, fds[0], (struct conn_terms){0});
    open_side(&rig->b, fds[1], (struct conn_terms){0});
}

static void run(struct rig *rig, void (*tick)(struct rig *rig))
{
    rig->on_tick = tick;
    if (tick != NULL)
        loop_timer_start(&rig->tick, 1);
    loop_run(&rig->loop);
    loop_timer_stop(&rig->tick);
}

/* --- the peer the test plays --- */

static void peer_write(struct rig *rig)
{
    uint8_t bytes[SLICE_MAX];
    for (;;) {
        fill(rig->peer_put, bytes, sizeof bytes);
        ssize_t n = write(rig->peer, bytes, sizeof bytes);
        if (n < 0) {
            assert_int_equal(errno, EAGAIN);
            rig->quiet++;
            return;
        }
        rig->peer_put += (uint64_t)n;
        rig->quiet = 0;
    }
}

/* True at the end of the stream. */
static bool peer_read(struct rig *rig)
{
    char bytes[SLICE_MAX];
    for (;;) {
        ssize_t n = read(rig->peer, bytes, sizeof bytes);
        if (n == 0)
            return true;
        if (n < 0) {
            assert_int_equal(errno, EAGAIN);
            return false;
        }
        assert_true(matches(rig->peer_got, bytes, (size_t)n));
        rig->peer_got += (uint64_t)n;
    }
}

static void peer_end(struct rig *rig)
{
    (void)close(rig->peer);
    rig->peer = -1;
}

static void peer_reset(struct rig *rig)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(rig->peer, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    peer_end(rig);
}

/* --- bytes --- */

static void close_when_echoed(struct rig *rig)
{
    if (rig->a.conn != NULL && rig->a.received == rig->a.goal)
        close_checked(&rig->a);
}

static void an_echo_returns_every_byte_in_order(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = ECHO_BYTES;
    rig->b.echo = true;
    open_both(rig);
    run(rig, close_when_echoed);
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
    open_both(rig);
    run(rig, close_when_echoed);
    assert_int_equal(rig->a.received, ECHO_BYTES);
}

static void what_is_not_taken_comes_again_with_more(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = 999 * 1000;
    rig->b.echo = true;
    rig->b.take_unit = 999;
    open_both(rig);
    run(rig, close_when_echoed);
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
    open_side(&rig->a, fds[0], (struct conn_terms){0});
    open_side(&rig->b, fds[1], (struct conn_terms){0});
    uint8_t address[16];
    uint8_t zeros[16] = {0};
    conn_peer_address(rig->a.conn, address);
    assert_memory_equal(address, zeros, sizeof zeros);
    run(rig, close_when_echoed);
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
    close_checked(&rig->a);
}

static void bytes_are_counted(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = 1000;
    rig->b.echo = true;
    open_both(rig);
    run(rig, count_then_close);
    assert_int_equal(rig->a.events[CONN_CLOSED], 1);
}

/* --- back-pressure --- */

/* First the peer only writes; once nothing moves it reads it all back. */
static void flood_then_read(struct rig *rig)
{
    if (rig->quiet < 20) {
        peer_write(rig);
        return;
    }
    assert_true(rig->a.queued_max <= CONN_OUT_BYTES_STOP + CONN_IN_BYTES_MAX);
    assert_true(rig->peer_put > CONN_OUT_BYTES_STOP);
    (void)peer_read(rig);
    if (rig->peer_got == rig->peer_put)
        loop_stop(&rig->loop);
}

static void a_peer_that_does_not_read_cannot_make_us_queue(void **state)
{
    struct rig *rig = *state;
    rig->a.echo = true;
    open_with_peer(rig, (struct conn_terms){0});
    run(rig, flood_then_read);
    assert_int_equal(rig->peer_got, rig->peer_put);
    assert_int_equal(rig->a.received, rig->peer_put);
    peer_end(rig);
    run(rig, NULL);
    assert_int_equal(rig->a.err, ERR_CLOSED);
}

/* Ticks while paused: the peer fills what the kernel takes; then the owner resumes. */
static void fill_then_resume(struct rig *rig)
{
    if (rig->quiet < 20) {
        peer_write(rig);
        assert_int_equal(rig->a.events[CONN_DATA], 0);
    } else if (rig->peer >= 0) {
        peer_end(rig);
        rig->in_verb = true;
        conn_resume(rig->a.conn);
        rig->in_verb = false;
    }
}

static void a_paused_connection_reads_nothing_and_loses_nothing(void **state)
{
    struct rig *rig = *state;
    open_with_peer(rig, (struct conn_terms){0});
    conn_pause(rig->a.conn);
    run(rig, fill_then_resume);
    assert_int_equal(rig->a.received, rig->peer_put);
    assert_true(rig->peer_put > 0);
    assert_int_equal(rig->a.err, ERR_CLOSED);
}

static void write_if_room(struct rig *rig)
{
    if (rig->a.conn != NULL)
        peer_write(rig);
}

static void an_owner_who_takes_nothing_ends_the_connection(void **state)
{
    struct rig *rig = *state;
    rig->a.refuse = true;
    open_with_peer(rig, (struct conn_terms){.close_ms = 20});
    run(rig, write_if_room);
    assert_int_equal(rig->a.err, ERR_LIMIT);
    assert_true(rig->peer_put >= CONN_IN_BYTES_MAX);
    assert_true(rig->peer_put > 0);
}

static void an_owner_who_ignores_the_marks_loses_the_connection(void **state)
{
    struct rig *rig = *state;
    static const uint8_t zeros[SLICE_MAX];
    open_with_peer(rig, (struct conn_terms){.close_ms = 20});
    for (size_t n = 0; n <= CONN_OUT_BYTES_MAX; n += sizeof zeros)
        assert_true(send_checked(&rig->a, zeros, sizeof zeros) <= CONN_OUT_BYTES_MAX);
    run(rig, NULL);
    assert_int_equal(rig->a.err, ERR_LIMIT);
    assert_string_not_equal(rig->a.note.text, "");
}

/* --- ends --- */

static void bytes_before_the_end_are_delivered(void **state)
{
    struct rig *rig = *state;
    uint8_t bytes[1000];
    open_with_peer(rig, (struct conn_terms){0});
    fill(0, bytes, sizeof bytes);
    assert_int_equal(write(rig->peer, bytes, sizeof bytes), sizeof bytes);
    peer_end(rig);
    run(rig, NULL);
    assert_int_equal(rig->a.received, sizeof bytes);
    assert_int_equal(rig->a.err, ERR_CLOSED);
    assert_non_null(strstr(rig->a.note.text, "l'autre côté"));
}

static void reset_once_open(struct rig *rig)
{
    if (rig->a.events[CONN_OPEN] > 0 && rig->peer >= 0)
        peer_reset(rig);
}

static void a_vanished_peer_closes_the_connection(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = ECHO_BYTES; /* a write is in flight when the reset comes */
    open_with_peer(rig, (struct conn_terms){0});
    run(rig, reset_once_open);
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
    open_with_peer(rig, (struct conn_terms){0});
    run(rig, abort_when_full);
    assert_int_equal(rig->a.err, ERR_REVOKED);
    assert_int_equal(rig->a.events[CONN_CLOSED], 1);
}

static void read_all_after_close(struct rig *rig)
{
    if (rig->a.conn != NULL && rig->a.queued_max >= CONN_OUT_BYTES_HIGH)
        close_checked(&rig->a);
    if (rig->a.queued_max >= CONN_OUT_BYTES_HIGH && rig->peer >= 0 && peer_read(rig))
        peer_end(rig);
}

static void an_orderly_close_sends_what_is_queued(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = ECHO_BYTES;
    open_with_peer(rig, (struct conn_terms){0});
    run(rig, read_all_after_close);
    assert_int_equal(rig->a.err, ERR_OK);
    assert_true(rig->peer_got >= CONN_OUT_BYTES_HIGH);
    assert_int_equal(rig->peer_got, rig->a.sent);
}

/* The peer has sent what we never read: closing at once would reset and lose our last words. */
static void read_late(struct rig *rig)
{
    if (++rig->quiet < 20)
        return;
    if (rig->peer >= 0 && peer_read(rig))
        peer_end(rig);
}

static void last_words_arrive_though_we_left_bytes_unread(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = 5000;
    rig->a.close_on[CONN_OPEN] = true;
    open_with_peer(rig, (struct conn_terms){0});
    peer_write(rig);
    rig->quiet = 0;
    run(rig, read_late);
    assert_int_equal(rig->peer_got, 5000);
    assert_int_equal(rig->a.received, 0);
    assert_int_equal(rig->a.err, ERR_OK);
}

static void a_peer_that_never_closes_does_not_keep_us(void **state)
{
    struct rig *rig = *state;
    rig->a.close_on[CONN_OPEN] = true;
    open_with_peer(rig, (struct conn_terms){.close_ms = 20});
    run(rig, NULL);
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
        open_both(rig);
        run(rig, NULL);
        assert_int_equal(rig->a.events[kind], 1);
        assert_int_equal(rig->a.err, ERR_OK);
        assert_int_equal(rig->b.err, ERR_CLOSED);
    }
}

static void a_close_before_the_first_turn_is_safe(void **state)
{
    struct rig *rig = *state;
    open_with_peer(rig, (struct conn_terms){.close_ms = 20});
    close_checked(&rig->a);
    run(rig, NULL);
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
    open_with_peer(rig, (struct conn_terms){0});
    run(rig, set_deadline_once_open);
    assert_int_equal(rig->a.err, ERR_TIMEOUT);
}

static void set_short_deadline(struct rig *rig)
{
    if (rig->a.conn == NULL || rig->a.events[CONN_OPEN] == 0)
        return;
    if (rig->quiet++ == 0)
        conn_deadline(rig->a.conn, 30, 1000);
    uint8_t byte = pattern(rig->peer_put);
    if (write(rig->peer, &byte, 1) == 1)
        rig->peer_put++;
}

static void a_trickle_is_no_progress(void **state)
{
    struct rig *rig = *state;
    open_with_peer(rig, (struct conn_terms){0});
    run(rig, set_short_deadline);
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
    fill(rig->peer_put, bytes, sizeof bytes);
    assert_int_equal(write(rig->peer, bytes, sizeof bytes), sizeof bytes);
    rig->peer_put += sizeof bytes;
    if (rig->quiet == 600)
        close_checked(&rig->a);
    if (rig->quiet > 600)
        peer_end(rig);
}

static void progress_renews_the_deadline(void **state)
{
    struct rig *rig = *state;
    open_with_peer(rig, (struct conn_terms){0});
    run(rig, trickle_enough);
    assert_int_equal(rig->a.err, ERR_OK);
}

static void a_peer_that_takes_nothing_is_given_up(void **state)
{
    struct rig *rig = *state;
    rig->a.goal = ECHO_BYTES;
    open_with_peer(rig, (struct conn_terms){.stall_ms = 30});
    run(rig, NULL);
    assert_int_equal(rig->a.err, ERR_TIMEOUT);
    assert_true(rig->a.queued_max < CONN_OUT_BYTES_HIGH + SLICE_MAX);
}

/* --- no memory --- */

static unsigned allocations_left;

static bool fail_when_used_up(void)
{
    if (allocations_left == 0)
        return true;
    allocations_left--;
    return false;
}

/* True when the connections could be made and ran to their end. */
static bool echo_with(struct rig *rig, unsigned allocations)
{
    int fds[2];
    tcp_pair(fds);
    rig->a = (struct side){.rig = rig, .goal = 100 * 1000};
    rig->b = (struct side){.rig = rig, .echo = true};
    struct conn_cfg a = {.cb = on_event, .arg = &rig->a};
    struct conn_cfg b = {.cb = on_event, .arg = &rig->b};
    allocations_left = allocations;
    mem_fail_hook = fail_when_used_up;
    enum err err_a = conn_open(&rig->loop, fds[0], &a, &rig->a.conn);
    enum err err_b = conn_open(&rig->loop, fds[1], &b, &rig->b.conn);
    if (err_a == ERR_OK || err_b == ERR_OK)
        run(rig, close_when_echoed);
    mem_fail_hook = NULL;
    return err_a == ERR_OK && err_b == ERR_OK && rig->a.err == ERR_OK &&
           rig->a.received == rig->a.goal;
}

static void without_memory_a_connection_ends_and_nothing_else(void **state)
{
    struct rig *rig = *state;
    unsigned n = 0;
    while (!echo_with(rig, n))
        n++;
    assert_true(n > 3);
}

#define IN_RIG(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

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
        IN_RIG(without_memory_a_connection_ends_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
