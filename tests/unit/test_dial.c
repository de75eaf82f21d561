/* SPDX-License-Identifier: Apache-2.0 */
#include "io/dial.h"

#include "io/listen.h"
#include "proto/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { GUARD_MS = 30 * 1000 };

struct rig {
    struct loop loop;
    struct loop_timer guard;
    struct loop_timer extra;
    struct listener *listener;
    uint16_t port;
    struct dial *dial;
    unsigned told; /* outcomes */
    enum err err;
    struct note why;
    unsigned opened;
    unsigned closed;
    unsigned served; /* accepted and closed again */
    bool in_verb;
};

static void on_guard(struct loop_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    fail_msg("the test hangs");
}

static int open_rig(void **state)
{
    struct rig *rig = mem_new(sizeof *rig);
    *state = rig;
    if (rig == NULL || loop_init(&rig->loop) != ERR_OK)
        return 1;
    loop_timer_init(&rig->loop, &rig->guard, on_guard, rig);
    loop_timer_start(&rig->guard, GUARD_MS);
    return 0;
}

static int close_rig(void **state)
{
    struct rig *rig = *state;
    loop_timer_close(&rig->guard, NULL);
    if (rig->listener != NULL)
        listen_close(rig->listener, NULL, NULL);
    loop_run(&rig->loop);
    loop_done(&rig->loop);
    mem_free(rig);
    return 0;
}

/* --- the server: closes what comes as soon as it is open --- */

static void on_served(struct conn *conn, struct conn_event *event, void *arg)
{
    struct rig *rig = arg;
    if (event->kind == CONN_OPEN)
        conn_close(conn, ERR_OK);
    if (event->kind != CONN_CLOSED)
        return;
    rig->served++;
    conn_free(conn);
}

static void on_accept(struct listener *listener, struct conn *conn, void *arg)
{
    (void)listener;
    conn_listen_to(conn, on_served, arg);
}

static bool serve_on(struct rig *rig, const char *where)
{
    struct address address;
    struct listen_cfg cfg = {.cb = on_accept, .arg = rig};
    assert_int_equal(address_parse(where, 0, &address, NULL), ERR_OK);
    if (listen_tcp(&rig->loop, &address, &cfg, &rig->listener, NULL) != ERR_OK)
        return false;
    assert_int_equal(address_parse(listen_address(rig->listener), 0, &address, NULL), ERR_OK);
    rig->port = address.port;
    return true;
}

/* --- the caller --- */

static void on_event(struct conn *conn, struct conn_event *event, void *arg)
{
    struct rig *rig = arg;
    assert_int_equal(rig->told, 1); /* never before its connection was handed over */
    if (event->kind == CONN_OPEN)
        rig->opened++;
    if (event->kind != CONN_CLOSED)
        return;
    rig->closed++;
    conn_free(conn);
    loop_stop(&rig->loop);
}

static void on_dial(struct dial *dial, enum err err, struct conn *conn, const struct note *why,
                    void *arg)
{
    struct rig *rig = arg;
    assert_false(rig->in_verb);
    assert_ptr_equal(dial, rig->dial);
    assert_true((err == ERR_OK) == (conn != NULL));
    rig->told++;
    rig->err = err;
    rig->why = *why;
    if (conn == NULL)
        loop_stop(&rig->loop);
}

static void start(struct rig *rig, struct dial_cfg cfg)
{
    cfg.conn = (struct conn_cfg){.cb = on_event, .arg = rig};
    rig->in_verb = true;
    assert_int_equal(dial_start(&rig->loop, &cfg, on_dial, rig, &rig->dial), ERR_OK);
    rig->in_verb = false;
}

static void dial_and_run(struct rig *rig, struct dial_cfg cfg)
{
    start(rig, cfg);
    loop_run(&rig->loop);
    assert_int_equal(rig->told, 1);
}

static void cancel(struct rig *rig)
{
    rig->in_verb = true;
    dial_cancel(rig->dial);
    dial_cancel(rig->dial);
    rig->in_verb = false;
}

/* A port of loopback at which nobody listens: ours a moment ago. */
static uint16_t dead_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    assert_int_equal(close(fd), 0);
    return ntohs(at.sin_port);
}

static void a_numeric_address_is_reached(void **state)
{
    struct rig *rig = *state;
    assert_true(serve_on(rig, "127.0.0.1:0"));
    dial_and_run(rig, (struct dial_cfg){.host = "127.0.0.1", .port = rig->port});
    assert_int_equal(rig->err, ERR_OK);
    assert_string_equal(rig->why.text, "");
    assert_int_equal(rig->opened, 1);
    assert_int_equal(rig->closed, 1);
}

static void an_ipv6_address_is_reached_where_there_is_one(void **state)
{
    struct rig *rig = *state;
    if (!serve_on(rig, "[::1]:0"))
        skip();
    dial_and_run(rig, (struct dial_cfg){.host = "::1", .port = rig->port});
    assert_int_equal(rig->err, ERR_OK);
}

/* A short form that only the resolver understands, and answers from its own head. */
static void a_name_is_resolved(void **state)
{
    struct rig *rig = *state;
    assert_true(serve_on(rig, "127.0.0.1:0"));
    dial_and_run(rig, (struct dial_cfg){.host = "127.1", .port = rig->port});
    assert_int_equal(rig->err, ERR_OK);
    assert_int_equal(rig->opened, 1);
}

static void a_refused_call_is_named_so(void **state)
{
    struct rig *rig = *state;
    dial_and_run(rig, (struct dial_cfg){.host = "127.0.0.1", .port = dead_port()});
    assert_int_equal(rig->err, ERR_OFFLINE);
    assert_string_equal(rig->why.text, "127.0.0.1 : connexion refusée");
}

static void an_unknown_name_is_named_so(void **state)
{
    struct rig *rig = *state;
    /* Syntax no resolver accepts, so no network is asked. */
    dial_and_run(rig, (struct dial_cfg){.host = "no such name..", .port = 1});
    assert_int_equal(rig->err, ERR_OFFLINE);
    assert_non_null(strstr(rig->why.text, "no such name.. : nom "));
}

/* A listener that accepts nothing and whose queue is full leaves callers without an answer. */
static void a_silent_address_times_out(void **state)
{
    struct rig *rig = *state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int full[8];
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(server, 0), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&at, &n), 0);
    for (size_t i = 0; i < sizeof full / sizeof *full; i++) {
        full[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(full[i], (struct sockaddr *)&at, sizeof at);
    }
    dial_and_run(rig,
                 (struct dial_cfg){.host = "127.0.0.1", .port = ntohs(at.sin_port), .ms = 30});
    assert_int_equal(rig->err, ERR_OFFLINE);
    assert_string_equal(rig->why.text, "127.0.0.1 : pas de réponse à temps");
    for (size_t i = 0; i < sizeof full / sizeof *full; i++)
        (void)close(full[i]);
    (void)close(server);
}

static void a_unix_socket_is_reached(void **state)
{
    struct rig *rig = *state;
    char dir[] = "/tmp/jalon-dial-XXXXXX";
    char path[64];
    struct listen_cfg cfg = {.cb = on_accept, .arg = rig};
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/control", dir);
    dial_and_run(rig, (struct dial_cfg){.path = path});
    assert_int_equal(rig->err, ERR_OFFLINE);
    assert_non_null(strstr(rig->why.text, "/control : rien n'écoute ici"));
    rig->told = 0;
    assert_int_equal(listen_unix(&rig->loop, path, &cfg, &rig->listener, NULL), ERR_OK);
    dial_and_run(rig, (struct dial_cfg){.path = path});
    assert_int_equal(rig->err, ERR_OK);
    assert_int_equal(rig->opened, 1);
    listen_close(rig->listener, NULL, NULL);
    rig->listener = NULL;
    assert_int_equal(rmdir(dir), 0);
}

static void a_cancelled_dial_says_so_once(void **state)
{
    struct rig *rig = *state;
    assert_true(serve_on(rig, "127.0.0.1:0"));
    start(rig, (struct dial_cfg){.host = "127.0.0.1", .port = rig->port});
    cancel(rig);
    loop_run(&rig->loop);
    assert_int_equal(rig->told, 1);
    assert_int_equal(rig->err, ERR_CLOSED);
    assert_int_equal(rig->opened, 0);
}

static void cancel_in_a_turn(struct loop_timer *timer, void *arg)
{
    (void)timer;
    cancel(arg);
}

static void a_dial_can_be_cancelled_while_resolving(void **state)
{
    struct rig *rig = *state;
    assert_true(serve_on(rig, "127.0.0.1:0"));
    loop_timer_init(&rig->loop, &rig->extra, cancel_in_a_turn, rig);
    start(rig, (struct dial_cfg){.host = "127.1", .port = rig->port});
    loop_timer_start(&rig->extra, 0); /* fires right behind the dial's own first turn */
    loop_run(&rig->loop);
    assert_int_equal(rig->told, 1);
    assert_int_equal(rig->err, ERR_CLOSED);
    loop_timer_close(&rig->extra, NULL);
}

static void names_too_long_are_refused_at_once(void **state)
{
    struct rig *rig = *state;
    char host[400];
    memset(host, 'h', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    struct dial *dial = NULL;
    struct dial_cfg cfg = {.host = host, .port = 1};
    assert_int_equal(dial_start(&rig->loop, &cfg, on_dial, rig, &dial), ERR_USAGE);
    cfg = (struct dial_cfg){.path = host};
    assert_int_equal(dial_start(&rig->loop, &cfg, on_dial, rig, &dial), ERR_USAGE);
    cfg = (struct dial_cfg){.host = ""};
    assert_int_equal(dial_start(&rig->loop, &cfg, on_dial, rig, &dial), ERR_USAGE);
    assert_null(dial);
}

#define IN_RIG(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(a_numeric_address_is_reached),
        IN_RIG(an_ipv6_address_is_reached_where_there_is_one),
        IN_RIG(a_name_is_resolved),
        IN_RIG(a_refused_call_is_named_so),
        IN_RIG(an_unknown_name_is_named_so),
        IN_RIG(a_silent_address_times_out),
        IN_RIG(a_unix_socket_is_reached),
        IN_RIG(a_cancelled_dial_says_so_once),
        IN_RIG(a_dial_can_be_cancelled_while_resolving),
        IN_RIG(names_too_long_are_refused_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
