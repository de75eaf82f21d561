/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/chaos.h"

#include "proto/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { GUARD_MS = 30 * 1000, TEXT_BYTES = 300 * 1000 };

/* A client that sends `text` and then its end, a proxy, and a server that sends all of it back
 * as it comes. */
struct rig {
    struct loop loop;
    struct loop_timer guard;
    struct chaos_plan plan;
    struct chaos *chaos;
    uv_tcp_t listener;
    uv_tcp_t server;
    uv_tcp_t client;
    uv_connect_t connect;
    uv_write_t write;
    uv_shutdown_t shutdown;
    uint8_t *text;
    uint8_t *served; /* arrived at the server */
    uint8_t *back;   /* arrived at the client */
    size_t served_n;
    size_t back_n;
    int client_end; /* UV_EOF or the error */
    int server_end;
    unsigned told[CHAOS_ENDED + 1];
    struct chaos_event last[CHAOS_ENDED + 1];
    bool quit_early; /* the client leaves when the server has all of it */
    bool holds;      /* `held` waits from the beginning … */
    bool broken;     /* … until everything is broken off, or until it is let go */
    enum chaos_side held;
};

struct echo {
    uv_write_t write;
    uint8_t bytes[];
};

static void on_guard(struct loop_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    fail_msg("the test hangs");
}

static void shut_down(struct rig *rig)
{
    uv_handle_t *handles[] = {(uv_handle_t *)&rig->listener, (uv_handle_t *)&rig->client,
                              (uv_handle_t *)&rig->server};
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++) {
        if (handles[i]->loop != NULL && !uv_is_closing(handles[i]))
            uv_close(handles[i], NULL);
    }
    if (rig->chaos != NULL)
        chaos_close(rig->chaos);
    rig->chaos = NULL;
    loop_timer_close(&rig->guard, NULL);
}

static void on_event(const struct chaos_event *event, void *arg)
{
    struct rig *rig = arg;
    rig->told[event->what]++;
    rig->last[event->what] = *event;
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    (void)wanted;
    struct rig *rig = handle->data;
    bool server = handle == (uv_handle_t *)&rig->server;
    size_t n = server ? rig->served_n : rig->back_n;
    *out = uv_buf_init((char *)(server ? rig->served : rig->back) + n,
                       (unsigned)(TEXT_BYTES + 1 - n));
}

static void on_echoed(uv_write_t *write, int status)
{
    (void)status;
    mem_free(write->data);
}

static void echo(struct rig *rig, const char *bytes, size_t n)
{
    struct echo *echo = mem_new(sizeof *echo + n);
    assert_non_null(echo);
    memcpy(echo->bytes, bytes, n);
    echo->write.data = echo;
    uv_buf_t buf = uv_buf_init((char *)echo->bytes, (unsigned)n);
    assert_int_equal(uv_write(&echo->write, (uv_stream_t *)&rig->server, &buf, 1, on_echoed),
                     0);
}

static void on_server_shut(uv_shutdown_t *shutdown, int status)
{
    (void)status;
    if (!uv_is_closing((uv_handle_t *)shutdown->handle))
        uv_close((uv_handle_t *)shutdown->handle, NULL);
}

static void on_server_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct rig *rig = stream->data;
    if (n < 0) {
        rig->server_end = (int)n;
        if (uv_shutdown(&rig->shutdown, stream, on_server_shut) != 0)
            uv_close((uv_handle_t *)stream, NULL);
        return;
    }
    rig->served_n += (size_t)n;
    echo(rig, buf->base, (size_t)n);
    if (rig->quit_early && rig->served_n == TEXT_BYTES)
        shut_down(rig);
}

static void on_client_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    struct rig *rig = stream->data;
    if (n < 0) {
        rig->client_end = (int)n;
        shut_down(rig);
        return;
    }
    rig->back_n += (size_t)n;
}

static void on_sent(uv_write_t *write, int status)
{
    static uv_shutdown_t shutdown;
    if (status == 0 && !uv_is_closing((uv_handle_t *)write->handle))
        (void)uv_shutdown(&shutdown, write->handle, NULL);
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct rig *rig = connect->handle->data;
    assert_int_equal(status, 0);
    uv_buf_t buf = uv_buf_init((char *)rig->text, TEXT_BYTES);
    assert_int_equal(uv_read_start(connect->handle, on_room, on_client_read), 0);
    assert_int_equal(uv_write(&rig->write, connect->handle, &buf, 1, on_sent), 0);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct rig *rig = listener->data;
    assert_int_equal(status, 0);
    assert_int_equal(uv_tcp_init(&rig->loop.uv, &rig->server), 0);
    rig->server.data = rig;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&rig->server), 0);
    assert_int_equal(uv_read_start((uv_stream_t *)&rig->server, on_room, on_server_read), 0);
}

static int open_rig(void **state)
{
    struct rig *rig = mem_new(sizeof *rig);
    *state = rig;
    assert_non_null(rig);
    rig->text = mem_new(TEXT_BYTES);
    rig->served = mem_new(TEXT_BYTES + 1);
    rig->back = mem_new(TEXT_BYTES + 1);
    for (size_t i = 0; i < TEXT_BYTES; i++)
        rig->text[i] = (uint8_t)(i * 31 + i / 251);
    assert_int_equal(loop_init(&rig->loop), ERR_OK);
    loop_timer_init(&rig->loop, &rig->guard, on_guard, rig);
    loop_timer_start(&rig->guard, GUARD_MS);
    assert_int_equal(uv_tcp_init(&rig->loop.uv, &rig->listener), 0);
    assert_int_equal(uv_tcp_init(&rig->loop.uv, &rig->client), 0);
    rig->listener.data = rig;
    rig->client.data = rig;
    struct sockaddr_in any = {.sin_family = AF_INET,
                              .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    assert_int_equal(uv_tcp_bind(&rig->listener, (struct sockaddr *)&any, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&rig->listener, 4, on_connection), 0);
    chaos_plan_init(&rig->plan);
    int size = sizeof rig->plan.target;
    assert_int_equal(
        uv_tcp_getsockname(&rig->listener, (struct sockaddr *)&rig->plan.target, &size), 0);
    return 0;
}

static int close_rig(void **state)
{
    struct rig *rig = *state;
    loop_done(&rig->loop);
    mem_free(rig->text);
    mem_free(rig->served);
    mem_free(rig->back);
    mem_free(rig);
    return 0;
}

static void run(struct rig *rig, const char *words)
{
    struct note why = {""};
    assert_int_equal(chaos_plan_line(&rig->plan, words, &why), ERR_OK);
    assert_int_equal(chaos_open(&rig->loop, &rig->plan, 7, &rig->chaos, on_event, rig), ERR_OK);
    if (rig->holds)
        chaos_hold(rig->chaos, rig->held, true);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(chaos_port(rig->chaos)),
                             .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    assert_int_equal(
        uv_tcp_connect(&rig->connect, &rig->client, (struct sockaddr *)&to, on_connected), 0);
    loop_run(&rig->loop);
    assert_int_equal(rig->told[CHAOS_OPENED], 1);
}

/* A write that met the RST first leaves only an end for the read. */
static void assert_cut_off(int end)
{
    assert_true(end == UV_ECONNRESET || end == UV_EOF);
}

static void without_faults_everything_arrives_and_comes_back(void **state)
{
    struct rig *rig = *state;
    run(rig, "");
    assert_int_equal(rig->served_n, TEXT_BYTES);
    assert_memory_equal(rig->served, rig->text, TEXT_BYTES);
    assert_int_equal(rig->back_n, TEXT_BYTES);
    assert_memory_equal(rig->back, rig->text, TEXT_BYTES);
    assert_int_equal(rig->server_end, UV_EOF);
    assert_int_equal(rig->client_end, UV_EOF);
}

static void slices_and_delays_change_no_byte(void **state)
{
    struct rig *rig = *state;
    run(rig, "slice=1777 delay_ms=0-1 rate=9000000");
    assert_int_equal(rig->back_n, TEXT_BYTES);
    assert_memory_equal(rig->back, rig->text, TEXT_BYTES);
}

static void a_reset_falls_after_exactly_the_byte_asked_for(void **state)
{
    struct rig *rig = *state;
    run(rig, "reset_up=70001");
    assert_int_equal(rig->served_n, 70001);
    assert_memory_equal(rig->served, rig->text, 70001);
    assert_cut_off(rig->server_end);
    assert_cut_off(rig->client_end);
    assert_int_equal(rig->told[CHAOS_RESET], 1);
    assert_int_equal(rig->last[CHAOS_RESET].passed[CHAOS_UP], 70001);
}

static void a_reset_of_the_answer_leaves_its_first_bytes(void **state)
{
    struct rig *rig = *state;
    run(rig, "reset_down=5");
    assert_int_equal(rig->back_n, 5);
    assert_cut_off(rig->client_end);
}

static void a_reset_at_byte_zero_lets_nothing_pass(void **state)
{
    struct rig *rig = *state;
    run(rig, "reset_up=0");
    assert_int_equal(rig->served_n, 0);
    assert_int_equal(rig->back_n, 0);
    assert_cut_off(rig->client_end);
}

static void a_corrupt_byte_is_the_only_one_changed(void **state)
{
    struct rig *rig = *state;
    run(rig, "corrupt_down=123456");
    assert_int_equal(rig->back_n, TEXT_BYTES);
    assert_int_equal(rig->back[123456], rig->text[123456] ^ 0x20);
    rig->back[123456] = rig->text[123456];
    assert_memory_equal(rig->back, rig->text, TEXT_BYTES);
    assert_memory_equal(rig->served, rig->text, TEXT_BYTES);
}

static void swallowed_answers_leave_the_other_side_open(void **state)
{
    struct rig *rig = *state;
    rig->quit_early = true;
    run(rig, "swallow_down=1000");
    assert_int_equal(rig->served_n, TEXT_BYTES);
    assert_true(rig->back_n <= 1000);
    assert_int_equal(rig->client_end, 0);
}

/* Let the held side go once the proxy has opened the connection, or break everything off. */
static void on_release(struct loop_timer *timer, void *arg)
{
    struct rig *rig = arg;
    if (rig->told[CHAOS_OPENED] == 0) {
        loop_timer_start(timer, 1);
        return;
    }
    assert_int_equal(rig->back_n, 0);
    assert_int_equal(rig->served_n, rig->held == CHAOS_UP ? 0 : rig->served_n);
    if (rig->broken)
        chaos_reset(rig->chaos);
    else
        chaos_hold(rig->chaos, rig->held, false);
    loop_timer_close(timer, NULL);
}

static void run_held(struct rig *rig, enum chaos_side side, bool broken)
{
    struct loop_timer timer;
    rig->holds = true;
    rig->held = side;
    rig->broken = broken;
    loop_timer_init(&rig->loop, &timer, on_release, rig);
    loop_timer_start(&timer, 20);
    run(rig, "");
}

static void a_held_side_waits_and_loses_nothing(void **state)
{
    struct rig *rig = *state;
    run_held(rig, CHAOS_UP, false);
    assert_int_equal(rig->back_n, TEXT_BYTES);
    assert_memory_equal(rig->back, rig->text, TEXT_BYTES);
}

static void held_answers_come_later(void **state)
{
    struct rig *rig = *state;
    run_held(rig, CHAOS_DOWN, false);
    assert_int_equal(rig->back_n, TEXT_BYTES);
    assert_memory_equal(rig->back, rig->text, TEXT_BYTES);
}

static void a_reset_of_all_ends_what_is_held(void **state)
{
    struct rig *rig = *state;
    run_held(rig, CHAOS_UP, true);
    assert_int_equal(rig->served_n, 0);
    assert_cut_off(rig->client_end);
}

static void a_signal_goes_out_at_its_byte(void **state)
{
    struct rig *rig = *state;
    char words[80];
    (void)snprintf(words, sizeof words, "kill_up=99 signal=0 pid=%d", (int)getpid());
    run(rig, words);
    assert_int_equal(rig->told[CHAOS_KILLED], 1);
    assert_int_equal(rig->last[CHAOS_KILLED].passed[CHAOS_UP], 99);
    assert_int_equal(rig->back_n, TEXT_BYTES);
}

static void a_plan_takes_all_words_of_a_line_or_none(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "reset=1",     "reset_up",      "reset_up=",        "reset_up=-1", "up_reset=1",
        "pid=1",       "signal=65",     "delay_ms=5-1",     "delay_ms=x",  "target=localhost:1",
        "reset_up=1x", "rate=1 slice=", "target=127.0.0.1",
    };
    struct chaos_plan plan;
    struct note why = {""};
    chaos_plan_init(&plan);
    assert_int_equal(
        chaos_plan_line(&plan, "target=127.0.0.1:80 delay_ms=3-9 cut_down=12", &why), ERR_OK);
    struct chaos_plan before = plan;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(chaos_plan_line(&plan, wrong[i], &why), ERR_USAGE);
        assert_memory_equal(&plan, &before, sizeof plan);
    }
    assert_int_equal(chaos_plan_line(&plan, " slice=4  blackhole=1 ", &why), ERR_OK);
    assert_int_equal(plan.target.sin_port, htons(80));
    assert_true(plan.slice == 4 && plan.blackhole && plan.delay_ms_max == 0);
    assert_true(plan.side[CHAOS_DOWN].cut == CHAOS_NEVER);
}

int main(void)
{
#define RIGGED(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)
    const struct CMUnitTest tests[] = {
        RIGGED(without_faults_everything_arrives_and_comes_back),
        RIGGED(slices_and_delays_change_no_byte),
        RIGGED(a_reset_falls_after_exactly_the_byte_asked_for),
        RIGGED(a_reset_of_the_answer_leaves_its_first_bytes),
        RIGGED(a_reset_at_byte_zero_lets_nothing_pass),
        RIGGED(a_corrupt_byte_is_the_only_one_changed),
        RIGGED(swallowed_answers_leave_the_other_side_open),
        RIGGED(a_held_side_waits_and_loses_nothing),
        RIGGED(held_answers_come_later),
        RIGGED(a_reset_of_all_ends_what_is_held),
        RIGGED(a_signal_goes_out_at_its_byte),
        cmocka_unit_test(a_plan_takes_all_words_of_a_line_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
