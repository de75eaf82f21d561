/* SPDX-License-Identifier: Apache-2.0 */
#include "io/clock.h"
#include "io/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int saved_stderr = -1;
static int pipe_ends[2] = {-1, -1};

static int capture(void **state)
{
    (void)state;
    saved_stderr = dup(STDERR_FILENO);
    return pipe(pipe_ends) != 0 || dup2(pipe_ends[1], STDERR_FILENO) < 0;
}

static int release(void **state)
{
    (void)state;
    (void)dup2(saved_stderr, STDERR_FILENO);
    (void)close(saved_stderr);
    (void)close(pipe_ends[0]);
    (void)close(pipe_ends[1]);
    return 0;
}

/* What was written since the last call. A marker line stands for "nothing", so read never
 * waits. */
static void expect_lines(const char *lines)
{
    char want[4096];
    char got[4096] = {0};
    (void)snprintf(want, sizeof want, "%s<3>end\n", lines);
    log_error("end");
    ssize_t n = read(pipe_ends[0], got, sizeof got - 1);
    assert_true(n > 0);
    assert_string_equal(got, want);
}

static void a_line_carries_its_priority(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_DEBUG);
    log_error("disk %d", 1);
    log_warn("slow %s", "disk");
    log_info("ready");
    log_debug("%zu bytes", (size_t)7);
    expect_lines("<3>disk 1\n<4>slow disk\n<6>ready\n<7>7 bytes\n");
}

static void lines_above_the_level_are_dropped(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_WARN);
    log_warn("kept");
    log_info("dropped");
    log_debug("dropped");
    expect_lines("<4>kept\n");
}

static void a_message_cannot_forge_a_line(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_WARN);
    log_warn("name: %s", "a\n<0>forged\x1b[2J\x7f");
    expect_lines("<4>name: a?<0>forged?[2J?\n");
}

static void accents_pass_unchanged(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_WARN);
    log_warn("démarré à l'heure");
    expect_lines("<4>démarré à l'heure\n");
}

static void a_long_message_is_cut_to_one_line(void **state)
{
    (void)state;
    log_init(LOG_LEVEL_WARN);
    char text[3 * LOG_LINE_BYTES_MAX];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_warn("%s", text);
    char got[sizeof text] = {0};
    ssize_t n = read(pipe_ends[0], got, sizeof got);
    assert_int_equal(n, LOG_LINE_BYTES_MAX + 1);
    assert_int_equal(got[LOG_LINE_BYTES_MAX], '\n');
    assert_int_equal(got[LOG_LINE_BYTES_MAX - 1], 'x');
}

static void logging_leaves_errno_alone(void **state)
{
    (void)state;
    errno = ENOSPC;
    log_error("%s", "anything");
    assert_int_equal(errno, ENOSPC);
    expect_lines("<3>anything\n");
}

static void the_clocks_run(void **state)
{
    (void)state;
    int64_t wall = clock_wall_ms();
    int64_t mono = clock_mono_ms();
    assert_true(wall > INT64_C(1700000000000));
    while (clock_mono_ms() == mono)
        continue;
    assert_true(clock_mono_ms() > mono);
    assert_true(clock_wall_ms() >= wall);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_carries_its_priority, capture, release),
        cmocka_unit_test_setup_teardown(lines_above_the_level_are_dropped, capture, release),
        cmocka_unit_test_setup_teardown(a_message_cannot_forge_a_line, capture, release),
        cmocka_unit_test_setup_teardown(accents_pass_unchanged, capture, release),
        cmocka_unit_test_setup_teardown(a_long_message_is_cut_to_one_line, capture, release),
        cmocka_unit_test_setup_teardown(logging_leaves_errno_alone, capture, release),
        cmocka_unit_test(the_clocks_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
