/* SPDX-License-Identifier: Apache-2.0 */
#include "io/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct loop loop;
    struct loop_timer first;
    struct loop_timer second;
    unsigned fired;
    unsigned closed;
    unsigned signals;
};

static void on_closed(struct loop_timer *timer, void *arg)
{
    (void)timer;
    struct fixture *fixture = arg;
    fixture->closed++;
}

static void close_both(struct fixture *fixture)
{
    loop_timer_close(&fixture->first, on_closed);
    loop_timer_close(&fixture->second, on_closed);
}

static void on_timer(struct loop_timer *timer, void *arg)
{
    struct fixture *fixture = arg;
    fixture->fired++;
    if (timer == &fixture->first && fixture->fired < 3)
        loop_timer_start(timer, 1);
    else
        close_both(fixture);
}

static void never(struct loop_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    fail();
}

static void a_timer_fires_once_per_start(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    assert_int_equal(loop_init(&fixture.loop), ERR_OK);
    loop_timer_init(&fixture.loop, &fixture.first, on_timer, &fixture);
    loop_timer_init(&fixture.loop, &fixture.second, never, &fixture);
    loop_timer_start(&fixture.first, 0);
    loop_timer_start(&fixture.second, 60000);
    loop_run(&fixture.loop);
    assert_int_equal(fixture.fired, 3);
    assert_int_equal(fixture.closed, 2);
    loop_done(&fixture.loop);
}

static void a_stopped_timer_does_not_fire(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    assert_int_equal(loop_init(&fixture.loop), ERR_OK);
    loop_timer_init(&fixture.loop, &fixture.first, never, &fixture);
    loop_timer_init(&fixture.loop, &fixture.second, on_timer, &fixture);
    loop_timer_start(&fixture.first, 0);
    loop_timer_stop(&fixture.first);
    loop_timer_start(&fixture.second, 2);
    loop_run(&fixture.loop);
    assert_int_equal(fixture.fired, 1);
    assert_int_equal(fixture.closed, 2);
    loop_timer_close(&fixture.first, on_closed);
    loop_done(&fixture.loop);
    assert_int_equal(fixture.closed, 2);
}

static void on_signal(struct loop *loop, void *arg)
{
    struct fixture *fixture = arg;
    assert_ptr_equal(loop, &fixture->loop);
    fixture->signals++;
    if (fixture->signals == 1)
        assert_int_equal(raise(SIGINT), 0);
    else
        loop_stop(loop);
}

static void raise_term(struct loop_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    assert_int_equal(raise(SIGTERM), 0);
}

static void term_and_interrupt_reach_the_loop(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    assert_int_equal(loop_init(&fixture.loop), ERR_OK);
    assert_int_equal(loop_signals(&fixture.loop, on_signal, &fixture), ERR_OK);
    loop_timer_init(&fixture.loop, &fixture.first, raise_term, &fixture);
    loop_timer_init(&fixture.loop, &fixture.second, never, &fixture);
    loop_timer_start(&fixture.first, 0);
    loop_timer_start(&fixture.second, 60000);
    loop_run(&fixture.loop);
    assert_int_equal(fixture.signals, 2);
    close_both(&fixture);
    loop_run(&fixture.loop);
    loop_done(&fixture.loop);
}

static void watched_signals_do_not_keep_the_loop_running(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    assert_int_equal(loop_init(&fixture.loop), ERR_OK);
    assert_int_equal(loop_signals(&fixture.loop, on_signal, &fixture), ERR_OK);
    loop_run(&fixture.loop);
    loop_done(&fixture.loop);
}

static void a_broken_pipe_is_an_error_and_no_death(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    int ends[2];
    assert_int_equal(loop_init(&fixture.loop), ERR_OK);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(write(ends[1], "x", 1), -1);
    assert_int_equal(close(ends[1]), 0);
    loop_done(&fixture.loop);
}

static void a_forgotten_handle_aborts(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct fixture fixture = {0};
        /* cmocka's own handler would report the abort as a failed test. */
        (void)signal(SIGABRT, SIG_DFL);
        (void)close(STDERR_FILENO);
        if (loop_init(&fixture.loop) != ERR_OK)
            _exit(1);
        loop_timer_init(&fixture.loop, &fixture.first, never, &fixture);
        loop_done(&fixture.loop);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void handshake_slots_come_back_with_the_next_turn(void **state)
{
    (void)state;
    struct fixture fixture = {0};
    assert_int_equal(loop_init(&fixture.loop), ERR_OK);
    for (int i = 0; i < LOOP_HANDSHAKES_PER_TURN; i++)
        assert_true(loop_slot(&fixture.loop));
    assert_false(loop_slot(&fixture.loop));
    loop_timer_init(&fixture.loop, &fixture.first, on_timer, &fixture);
    loop_timer_init(&fixture.loop, &fixture.second, never, &fixture);
    fixture.fired = 2;
    loop_timer_start(&fixture.first, 2);
    loop_run(&fixture.loop);
    assert_true(loop_slot(&fixture.loop));
    loop_done(&fixture.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_once_per_start),
        cmocka_unit_test(a_stopped_timer_does_not_fire),
        cmocka_unit_test(term_and_interrupt_reach_the_loop),
        cmocka_unit_test(watched_signals_do_not_keep_the_loop_running),
        cmocka_unit_test(a_broken_pipe_is_an_error_and_no_death),
        cmocka_unit_test(a_forgotten_handle_aborts),
        cmocka_unit_test(handshake_slots_come_back_with_the_next_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
