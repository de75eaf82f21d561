/* SPDX-License-Identifier: Apache-2.0 */
#include "support/conn_rig.h"

#include "proto/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { GUARD_MS = 60 * 1000 };

uint8_t rig_pattern(uint64_t at)
{
    return (uint8_t)((at * 2654435761u) >> 11);
}

bool rig_matches(uint64_t at, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((uint8_t)p[i] != rig_pattern(at + i))
            return false;
    }
    return true;
}

void rig_fill(uint64_t at, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = rig_pattern(at + i);
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

int rig_open(void **state)
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

int rig_close(void **state)
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
void rig_tcp_pair(int out[2])
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

size_t side_send(struct side *side, const void *bytes, size_t n)
{
    side->rig->in_verb = true;
    size_t queued = conn_send(side->conn, bytes, n);
    side->rig->in_verb = false;
    if (queued > side->queued_max)
        side->queued_max = queued;
    return queued;
}

void side_close(struct side *side)
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
        rig_fill(side->sent, slice, n);
        (void)side_send(side, slice, n);
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
    assert_true(rig_matches(side->received, event->data.p, n));
    side->received += n;
    event->took = n;
    if (side->echo && n > 0)
        (void)side_send(side, event->data.p, n);
}

void side_on_event(struct conn *conn, struct conn_event *event, void *arg)
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
        side_close(side);
    }
}

void side_open(struct side *side, int fd, struct conn_terms terms)
{
    struct conn_cfg cfg = {.cb = side_on_event, .arg = side, .terms = terms};
    assert_int_equal(conn_open(&side->rig->loop, fd, &cfg, &side->conn), ERR_OK);
}

/* Connection `a` with a peer played by the test. */
void rig_with_peer(struct rig *rig, struct conn_terms terms)
{
    int fds[2];
    rig_tcp_pair(fds);
    rig->peer = fds[0];
    assert_int_equal(fcntl(rig->peer, F_SETFL, O_NONBLOCK), 0);
    side_open(&rig->a, fds[1], terms);
}

void rig_both(struct rig *rig)
{
    int fds[2];
    rig_tcp_pair(fds);
    side_open(&rig->a, fds[0], (struct conn_terms){0});
    side_open(&rig->b, fds[1], (struct conn_terms){0});
}

void rig_run(struct rig *rig, void (*tick)(struct rig *rig))
{
    rig->on_tick = tick;
    if (tick != NULL)
        loop_timer_start(&rig->tick, 1);
    loop_run(&rig->loop);
    loop_timer_stop(&rig->tick);
}

/* --- the peer the test plays --- */

void rig_peer_write(struct rig *rig)
{
    uint8_t bytes[SLICE_MAX];
    for (;;) {
        rig_fill(rig->peer_put, bytes, sizeof bytes);
        ssize_t n = write(rig->peer, bytes, sizeof bytes);
        if (n < 0) {
            assert_true(errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
            rig->quiet++;
            return;
        }
        rig->peer_put += (uint64_t)n;
        rig->quiet = 0;
    }
}

/* True at the end of the stream. */
bool rig_peer_read(struct rig *rig)
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
        assert_true(rig_matches(rig->peer_got, bytes, (size_t)n));
        rig->peer_got += (uint64_t)n;
    }
}

void rig_peer_end(struct rig *rig)
{
    (void)close(rig->peer);
    rig->peer = -1;
}

void rig_peer_reset(struct rig *rig)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(rig->peer, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    rig_peer_end(rig);
}
