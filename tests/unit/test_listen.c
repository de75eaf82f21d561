/* SPDX-License-Identifier: Apache-2.0 */
#include "io/listen.h"

#include "proto/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { GUARD_MS = 30 * 1000, CONNS_MAX = 64, PEERS_MAX = 64 };

struct rig {
    struct loop loop;
    struct loop_timer guard;
    struct loop_timer tick;
    void (*on_tick)(struct rig *rig); /* every ms */
    struct listener *listener;
    struct conn *conns[CONNS_MAX]; /* accepted and alive */
    unsigned taken;                /* accepted in all */
    unsigned opened;               /* of them, open */
    unsigned closed;               /* of them, closed again */
    bool listener_closed;
    int peers[PEERS_MAX]; /* the test's ends */
    unsigned peer_count;
    unsigned refused; /* peers that saw their connection closed */
    unsigned ticks;
};

static char dir[] = "/tmp/jalon-listen-XXXXXX";

static void on_guard(struct loop_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    fail_msg("the test hangs");
}

static void on_tick(struct loop_timer *timer, void *arg)
{
    struct rig *rig = arg;
    loop_timer_start(timer, 1);
    rig->ticks++;
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
    return 0;
}

static void on_listener_closed(void *arg)
{
    struct rig *rig = arg;
    rig->listener_closed = true;
}

static int close_rig(void **state)
{
    struct rig *rig = *state;
    for (unsigned i = 0; i < rig->peer_count; i++) {
        if (rig->peers[i] >= 0)
            (void)close(rig->peers[i]);
    }
    for (unsigned i = 0; i < CONNS_MAX; i++) {
        if (rig->conns[i] != NULL)
            conn_abort(rig->conns[i], ERR_OK);
    }
    if (rig->listener != NULL)
        listen_close(rig->listener, on_listener_closed, rig);
    loop_timer_close(&rig->guard, NULL);
    loop_timer_close(&rig->tick, NULL);
    loop_run(&rig->loop);
    bool left = rig->closed != rig->taken || (rig->listener != NULL && !rig->listener_closed);
    loop_done(&rig->loop);
    mem_free(rig);
    return left;
}

static void run(struct rig *rig, void (*tick)(struct rig *rig))
{
    rig->on_tick = tick;
    rig->ticks = 0;
    loop_timer_start(&rig->tick, 1);
    loop_run(&rig->loop);
    loop_timer_stop(&rig->tick);
}

static void on_event(struct conn *conn, struct conn_event *event, void *arg)
{
    struct rig *rig = arg;
    if (event->kind == CONN_OPEN)
        rig->opened++;
    if (event->kind == CONN_DATA)
        event->took = event->data.n;
    if (event->kind != CONN_CLOSED)
        return;
    rig->closed++;
    for (unsigned i = 0; i < CONNS_MAX; i++) {
        if (rig->conns[i] == conn)
            rig->conns[i] = NULL;
    }
    conn_free(conn);
}

static void on_accept(struct listener *listener, struct conn *conn, void *arg)
{
    struct rig *rig = arg;
    assert_ptr_equal(listener, rig->listener);
    assert_true(rig->taken < CONNS_MAX);
    rig->conns[rig->taken++] = conn;
    conn_listen_to(conn, on_event, rig);
}

static void open_tcp(struct rig *rig, struct listen_cfg cfg)
{
    struct address address;
    assert_int_equal(address_parse("127.0.0.1:0", 1, &address, NULL), ERR_OK);
    cfg.cb = on_accept;
    cfg.arg = rig;
    assert_int_equal(listen_tcp(&rig->loop, &address, &cfg, &rig->listener, NULL), ERR_OK);
}

/* Connect a plain socket of the test; the kernel completes that without the listener's help. */
static void connect_peer(struct rig *rig)
{
    struct address address;
    assert_int_equal(address_parse(listen_address(rig->listener), 0, &address, NULL), ERR_OK);
    assert_true(address.port > 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(address.port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_true(rig->peer_count < PEERS_MAX);
    rig->peers[rig->peer_count++] = fd;
}

/* Find the peers whose connection was closed by the other side. */
static void look_at_peers(struct rig *rig)
{
    for (unsigned i = 0; i < rig->peer_count; i++) {
        char byte;
        if (rig->peers[i] < 0)
            continue;
        ssize_t n = read(rig->peers[i], &byte, 1);
        if (n == 0 || (n < 0 && errno == ECONNRESET)) {
            (void)close(rig->peers[i]);
            rig->peers[i] = -1;
            rig->refused++;
        }
    }
}

/* --- limits --- */

static void until_five_are_settled(struct rig *rig)
{
    look_at_peers(rig);
    if (rig->opened + rig->refused >= 5)
        loop_stop(&rig->loop);
}

static void until_one_was_closed(struct rig *rig)
{
    if (rig->closed > 0)
        loop_stop(&rig->loop);
}

static void until_four_were_taken(struct rig *rig)
{
    if (rig->taken == 4)
        loop_stop(&rig->loop);
}

static void connections_over_the_total_are_closed_at_once(void **state)
{
    struct rig *rig = *state;
    open_tcp(rig, (struct listen_cfg){.total_max = 3});
    for (int i = 0; i < 5; i++)
        connect_peer(rig);
    run(rig, until_five_are_settled);
    assert_int_equal(rig->taken, 3);
    assert_int_equal(rig->refused, 2);
    assert_int_equal(listen_total(rig->listener), 3);
    assert_int_equal(listen_half_open(rig->listener), 0);
    /* A place that becomes free is given again. */
    conn_abort(rig->conns[0], ERR_OK);
    run(rig, until_one_was_closed);
    connect_peer(rig);
    run(rig, until_four_were_taken);
    assert_int_equal(rig->taken, 4);
}

static void one_address_cannot_take_all_places(void **state)
{
    struct rig *rig = *state;
    open_tcp(rig, (struct listen_cfg){.total_max = 100, .per_address_max = 2});
    for (int i = 0; i < 5; i++)
        connect_peer(rig);
    run(rig, until_five_are_settled);
    assert_int_equal(rig->taken, 2);
    assert_int_equal(rig->refused, 3);
}

static void one_address_may_not_come_too_often(void **state)
{
    struct rig *rig = *state;
    open_tcp(rig, (struct listen_cfg){.per_address = {.interval_ms = 3600 * 1000, .burst = 3}});
    for (int i = 0; i < 5; i++)
        connect_peer(rig);
    run(rig, until_five_are_settled);
    assert_int_equal(rig->taken, 3);
    assert_int_equal(rig->refused, 2);
}

static void programs_of_this_machine_may_be_spared(void **state)
{
    struct rig *rig = *state;
    open_tcp(rig, (struct listen_cfg){.per_address = {.interval_ms = 3600 * 1000, .burst = 1},
                                      .per_address_spares_loopback = true});
    for (int i = 0; i < 5; i++)
        connect_peer(rig);
    run(rig, until_five_are_settled);
    assert_int_equal(rig->taken, 5);
}

/* --- lives --- */

static void until_one_is_open(struct rig *rig)
{
    if (rig->opened > 0)
        loop_stop(&rig->loop);
}

static void until_the_listener_is_closed(struct rig *rig)
{
    if (rig->listener_closed)
        loop_stop(&rig->loop);
}

static void until_the_peer_reads_one(struct rig *rig)
{
    char byte;
    if (read(rig->peers[0], &byte, 1) == 1)
        loop_stop(&rig->loop);
}

static void a_connection_outlives_its_listener(void **state)
{
    struct rig *rig = *state;
    open_tcp(rig, (struct listen_cfg){0});
    connect_peer(rig);
    run(rig, until_one_is_open);
    listen_close(rig->listener, on_listener_closed, rig);
    listen_close(rig->listener, on_listener_closed, rig);
    rig->listener = NULL;
    run(rig, until_the_listener_is_closed);
    assert_int_equal(conn_send(rig->conns[0], "x", 1), 1);
    run(rig, until_the_peer_reads_one);
    assert_int_equal(rig->closed, 0);
}

static void the_real_port_is_told_and_a_taken_one_refused(void **state)
{
    struct rig *rig = *state;
    open_tcp(rig, (struct listen_cfg){0});
    struct address address;
    struct note why = {{0}};
    struct listener *second = NULL;
    struct listen_cfg cfg = {.cb = on_accept, .arg = rig};
    assert_int_equal(address_parse(listen_address(rig->listener), 0, &address, NULL), ERR_OK);
    assert_string_equal(address.host, "127.0.0.1");
    assert_true(address.port > 0);
    assert_int_equal(listen_tcp(&rig->loop, &address, &cfg, &second, &why), ERR_BUSY);
    assert_non_null(strstr(why.text, listen_address(rig->listener)));
    assert_null(second);
    assert_int_equal(address_parse("example.org:0", 0, &address, NULL), ERR_OK);
    assert_int_equal(listen_tcp(&rig->loop, &address, &cfg, &second, &why), ERR_USAGE);
}

/* --- Unix sockets --- */

static int make_dir(void **state)
{
    memcpy(dir + sizeof dir - 7, "XXXXXX", 6);
    return mkdtemp(dir) == NULL || open_rig(state) != 0;
}

static int remove_dir(void **state)
{
    int left = close_rig(state);
    return rmdir(dir) != 0 || left;
}

static void connect_unix(struct rig *rig, const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    rig->peers[rig->peer_count++] = fd;
}

static void a_unix_socket_is_private_and_goes_with_its_listener(void **state)
{
    struct rig *rig = *state;
    char path[64];
    struct stat st;
    struct note why = {{0}};
    struct listener *second = NULL;
    struct listen_cfg cfg = {.cb = on_accept, .arg = rig};
    (void)snprintf(path, sizeof path, "%s/control", dir);
    mode_t before = umask(0);
    assert_int_equal(listen_unix(&rig->loop, path, &cfg, &rig->listener, &why), ERR_OK);
    (void)umask(before);
    assert_string_equal(listen_address(rig->listener), path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(listen_unix(&rig->loop, path, &cfg, &second, &why), ERR_BUSY);
    connect_unix(rig, path);
    run(rig, until_one_is_open);
    listen_close(rig->listener, on_listener_closed, rig);
    rig->listener = NULL;
    assert_int_equal(stat(path, &st), -1);
}

static void a_socket_file_nobody_answers_at_is_replaced(void **state)
{
    struct rig *rig = *state;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct listen_cfg cfg = {.cb = on_accept, .arg = rig};
    (void)snprintf(at.sun_path, sizeof at.sun_path, "%s/control", dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(close(fd), 0); /* as a killed server leaves it */
    assert_int_equal(listen_unix(&rig->loop, at.sun_path, &cfg, &rig->listener, NULL), ERR_OK);
    connect_unix(rig, at.sun_path);
    run(rig, until_one_is_open);
    assert_int_equal(rig->taken, 1);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    struct rig *rig = *state;
    char path[64];
    struct stat st;
    struct listen_cfg cfg = {.cb = on_accept, .arg = rig};
    (void)snprintf(path, sizeof path, "%s/control", dir);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(close(fd), 0);
    assert_int_equal(listen_unix(&rig->loop, path, &cfg, &rig->listener, NULL), ERR_EXISTS);
    assert_int_equal(stat(path, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(unlink(path), 0);
}

/* --- failed accepts --- */

static bool no_memory(void)
{
    return true;
}

static void end_the_failure(struct rig *rig)
{
    look_at_peers(rig);
    if (rig->refused == 0)
        return;
    mem_fail_hook = NULL;
    loop_stop(&rig->loop);
}

/* Until the pause is over nobody listens; then it is the same port again. */
static void call_again(struct rig *rig)
{
    struct address address;
    assert_int_equal(address_parse(listen_address(rig->listener), 0, &address, NULL), ERR_OK);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(address.port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0) {
        rig->peers[rig->peer_count++] = fd;
        rig->on_tick = until_one_is_open;
        return;
    }
    assert_int_equal(errno, ECONNREFUSED);
    (void)close(fd);
}

static void a_failed_accept_makes_it_listen_anew_on_the_same_port(void **state)
{
    struct rig *rig = *state;
    open_tcp(rig, (struct listen_cfg){.pause_ms = 5});
    char before[ADDRESS_TEXT_BYTES];
    (void)snprintf(before, sizeof before, "%s", listen_address(rig->listener));
    connect_peer(rig);
    mem_fail_hook = no_memory;
    run(rig, end_the_failure);
    assert_int_equal(rig->taken, 0);
    run(rig, call_again);
    assert_int_equal(rig->taken, 1);
    assert_string_equal(listen_address(rig->listener), before);
}

static void a_listener_can_be_closed_during_its_pause(void **state)
{
    struct rig *rig = *state;
    open_tcp(rig, (struct listen_cfg){.pause_ms = 60000});
    connect_peer(rig);
    mem_fail_hook = no_memory;
    run(rig, end_the_failure);
    listen_close(rig->listener, on_listener_closed, rig);
    rig->listener = NULL;
    run(rig, until_the_listener_is_closed);
}

/* --- out of descriptors --- */

enum { FDS_MAX = 48, CALLS = 60, QUIET_TICKS = 100, CPU_MS_MAX = 50 };

/* A process of its own, so that its descriptors are not the server's: at each byte it makes so
 * many calls, holds them, and answers. */
static void caller(int commands, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(port)};
    unsigned char calls = 0;
    while (read(commands, &calls, 1) == 1) {
        for (; calls > 0; calls--) {
            int fd = socket(AF_INET, SOCK_STREAM, 0);
            if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
                _exit(1);
        }
        if (write(commands, &calls, 1) != 1)
            _exit(1);
    }
    _exit(0);
}

/* Calls are complete in the kernel when this returns. */
static bool have_called(int commands, unsigned char calls)
{
    char done;
    return write(commands, &calls, 1) == 1 && read(commands, &done, 1) == 1;
}

static void for_some_ticks(struct rig *rig)
{
    if (rig->ticks == QUIET_TICKS)
        loop_stop(&rig->loop);
}

static int64_t cpu_ms(void)
{
    struct rusage use;
    if (getrusage(RUSAGE_SELF, &use) != 0)
        return 0;
    return (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1000 +
           (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1000;
}

/* The table of descriptors is full to the last: accept itself fails. 0: the server stood it. */
static int stand_a_full_table(struct rig *rig, int commands)
{
    int hog[FDS_MAX];
    unsigned hogs = 0;
    while (hogs < FDS_MAX && (hog[hogs] = dup(commands)) >= 0)
        hogs++;
    unsigned before = rig->taken;
    if (hogs == 0 || !have_called(commands, 3))
        return 20;
    int64_t cpu_before = cpu_ms();
    run(rig, for_some_ticks);
    if (cpu_ms() - cpu_before > CPU_MS_MAX)
        return 21; /* it spins */
    if (rig->taken != before)
        return 22;
    while (hogs > 0)
        (void)close(hog[--hogs]);
    return 0;
}

/* 0: good; else the number of what failed. */
static int serve_with_few_descriptors(struct rig *rig, int commands)
{
    if (!have_called(commands, CALLS))
        return 10;
    run(rig, for_some_ticks);
    if (rig->opened == 0 || rig->taken >= FDS_MAX)
        return 11;
    int spare = dup(commands);
    if (spare < 0)
        return 12; /* connections took even the last descriptor */
    (void)close(spare);
    int failed = stand_a_full_table(rig, commands);
    if (failed != 0)
        return failed;
    for (unsigned i = 0; i < CONNS_MAX; i++) {
        if (rig->conns[i] != NULL)
            conn_abort(rig->conns[i], ERR_OK);
    }
    run(rig, for_some_ticks);
    rig->opened = 0;
    if (!have_called(commands, 1))
        return 13;
    run(rig, for_some_ticks);
    return rig->opened == 1 ? 0 : 14;
}

static int few_descriptors(void)
{
    struct rig *rig = NULL;
    struct address address;
    int commands[2];
    struct rlimit limit = {.rlim_cur = FDS_MAX, .rlim_max = FDS_MAX};
    if (open_rig((void **)&rig) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, commands) != 0)
        return 1;
    open_tcp(rig, (struct listen_cfg){.pause_ms = 5});
    if (address_parse(listen_address(rig->listener), 0, &address, NULL) != ERR_OK)
        return 2;
    pid_t child = fork();
    if (child == 0) {
        (void)close(commands[0]);
        caller(commands[1], address.port);
    }
    (void)close(commands[1]);
    if (child < 0 || setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 3;
    int result = serve_with_few_descriptors(rig, commands[0]);
    (void)close(commands[0]);
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0)
        return 4;
    void *state = rig;
    return result != 0 ? result : close_rig(&state);
}

static void running_out_of_descriptors_neither_kills_nor_spins(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(few_descriptors());
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* --- addresses --- */

static void addresses_are_read_as_people_write_them(void **state)
{
    (void)state;
    struct address a;
    assert_int_equal(address_parse("127.0.0.1:80", 9, &a, NULL), ERR_OK);
    assert_string_equal(a.host, "127.0.0.1");
    assert_int_equal(a.port, 80);
    assert_int_equal(address_parse("[::1]:65535", 9, &a, NULL), ERR_OK);
    assert_string_equal(a.host, "::1");
    assert_int_equal(a.port, 65535);
    assert_int_equal(address_parse("sync.example.org", 9, &a, NULL), ERR_OK);
    assert_string_equal(a.host, "sync.example.org");
    assert_int_equal(a.port, 9);
    static const char *const wrong[] = {"",     ":80",     "h:",     "h:65536",
                                        "h:8x", "h:-1",    "[::1",   "[]:80",
                                        "::1",  "[::1]80", "h:80:1", "h:999999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct note why = {{0}};
        assert_int_equal(address_parse(wrong[i], 9, &a, &why), ERR_USAGE);
        assert_non_null(strstr(why.text, "NOM:PORT"));
    }
    char longest[ADDRESS_HOST_BYTES + 1];
    memset(longest, 'h', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(address_parse(longest, 9, &a, NULL), ERR_USAGE);
    longest[sizeof longest - 2] = '\0';
    assert_int_equal(address_parse(longest, 9, &a, NULL), ERR_OK);
}

#define IN_RIG(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)
#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(connections_over_the_total_are_closed_at_once),
        IN_RIG(one_address_cannot_take_all_places),
        IN_RIG(one_address_may_not_come_too_often),
        IN_RIG(programs_of_this_machine_may_be_spared),
        IN_RIG(a_connection_outlives_its_listener),
        IN_RIG(the_real_port_is_told_and_a_taken_one_refused),
        IN_DIR(a_unix_socket_is_private_and_goes_with_its_listener),
        IN_DIR(a_socket_file_nobody_answers_at_is_replaced),
        IN_DIR(a_file_that_is_no_socket_is_left_alone),
        IN_RIG(a_failed_accept_makes_it_listen_anew_on_the_same_port),
        IN_RIG(a_listener_can_be_closed_during_its_pause),
        cmocka_unit_test(running_out_of_descriptors_neither_kills_nor_spins),
        cmocka_unit_test(addresses_are_read_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
