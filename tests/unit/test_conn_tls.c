/* SPDX-License-Identifier: Apache-2.0 */
/* Connections over TLS between a real listener and a real dial; rude peers are plain sockets.
 */
#include "io/crypt.h"
#include "io/dial.h"
#include "io/listen.h"
#include "io/tls.h"
#include "proto/mem.h"
#include "support/alloc_fail.h"
#include "support/certs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { GUARD_MS = 60 * 1000, SLICE_MAX = 64 * 1024, PEERS_MAX = 8, GOAL = 8 * 1024 * 1024 };

/* --- certificates --- */

static struct certs ours;
static struct certs theirs;

static int make_networks(void **state)
{
    (void)state;
    crypt_start();
    certs_init(&ours);
    certs_init(&theirs);
    return 0;
}

static int free_networks(void **state)
{
    (void)state;
    certs_done(&ours);
    certs_done(&theirs);
    return 0;
}

/* --- the rig --- */

struct rig;

/* Our end or the server's of the latest connection. */
struct side {
    struct rig *rig;
    struct conn *conn;
    bool echo;
    bool hold;         /* pause once open */
    uint64_t goal;     /* bytes of the pattern to send */
    uint64_t sent;     /* of them */
    uint64_t received; /* checked against the pattern */
    unsigned opened;
    unsigned closed;
    bool has_key;
    bool resumed;
    uint8_t key[CONN_KEY_BYTES];
    uint64_t bytes_out; /* at its end */
    enum err err;
    struct note note;
    size_t queued_max;
};

struct rig {
    struct loop loop;
    struct loop_timer guard;
    struct loop_timer tick;
    void (*on_tick)(struct rig *rig);
    struct tls_config *server_cfg;
    struct tls_config *client_cfg;
    struct tls_session session;
    struct listener *listener;
    struct address at; /* of the listener */
    struct side client;
    struct side server;
    unsigned taken; /* connections the server accepted */
    unsigned alive; /* of them, not closed */
    int peers[PEERS_MAX];
    unsigned peer_count;
    unsigned ticks;
};

static uint8_t pattern(uint64_t at)
{
    return (uint8_t)((at * 2654435761u) >> 11);
}

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
    if (rig->on_tick != NULL)
        rig->on_tick(rig);
}

static void produce(struct side *side)
{
    static uint8_t slice[SLICE_MAX];
    while (side->sent < side->goal && conn_queued(side->conn) < CONN_OUT_BYTES_HIGH) {
        /* 1 byte to 64 KiB, no power of two, and the odd step spreads over record sizes. */
        size_t n = 1 + (size_t)(side->sent * 7919u % SLICE_MAX);
        if (n > side->goal - side->sent)
            n = (size_t)(side->goal - side->sent);
        for (size_t i = 0; i < n; i++)
            slice[i] = pattern(side->sent + i);
        size_t queued = conn_send(side->conn, slice, n);
        if (queued > side->queued_max)
            side->queued_max = queued;
        side->sent += n;
    }
}

static void on_data(struct side *side, struct conn_event *event)
{
    bool good = true;
    for (size_t i = 0; i < event->data.n; i++)
        good = good && (uint8_t)event->data.p[i] == pattern(side->received + i);
    assert_true(good);
    side->received += event->data.n;
    event->took = event->data.n;
    if (side->echo)
        (void)conn_send(side->conn, event->data.p, event->data.n);
}

static void on_open(struct side *side)
{
    side->opened++;
    side->has_key = conn_peer_key(side->conn, side->key);
    side->resumed = conn_resumed(side->conn);
    if (side->hold)
        conn_pause(side->conn);
}

static void on_event(struct conn *conn, struct conn_event *event, void *arg)
{
    struct side *side = arg;
    assert_ptr_equal(conn, side->conn);
    if (event->kind == CONN_OPEN)
        on_open(side);
    if (event->kind == CONN_OPEN || event->kind == CONN_DRAINED)
        produce(side);
    if (event->kind == CONN_DATA)
        on_data(side, event);
    if (event->kind != CONN_CLOSED)
        return;
    side->closed++;
    side->err = event->err;
    side->note = *event->note;
    side->bytes_out = conn_bytes_out(conn);
    side->conn = NULL;
    if (side == &side->rig->server)
        side->rig->alive--;
    conn_free(conn);
}

/* A further connection while the server's side is taken: only counted. */
static void on_extra(struct conn *conn, struct conn_event *event, void *arg)
{
    struct rig *rig = arg;
    if (event->kind == CONN_DATA)
        event->took = event->data.n;
    if (event->kind != CONN_CLOSED)
        return;
    rig->alive--;
    rig->server.err = event->err;
    conn_free(conn);
}

static void on_accept(struct listener *listener, struct conn *conn, void *arg)
{
    (void)listener;
    struct rig *rig = arg;
    rig->taken++;
    rig->alive++;
    if (rig->server.conn != NULL) {
        conn_listen_to(conn, on_extra, rig);
        return;
    }
    rig->server.conn = conn;
    conn_listen_to(conn, on_event, &rig->server);
}

static void on_dial(struct dial *dial, enum err err, struct conn *conn, const struct note *why,
                    void *arg)
{
    (void)dial;
    (void)why;
    struct rig *rig = arg;
    assert_int_equal(err, ERR_OK);
    rig->client.conn = conn;
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
    rig->server_cfg = certs_config(&ours, CERT_SERVER, false);
    rig->client_cfg = certs_config(&ours, CERT_DEVICE, false);
    rig->client.rig = rig;
    rig->server.rig = rig;
    return 0;
}

static int close_rig(void **state)
{
    struct rig *rig = *state;
    for (unsigned i = 0; i < rig->peer_count; i++)
        (void)close(rig->peers[i]);
    if (rig->client.conn != NULL)
        conn_abort(rig->client.conn, ERR_OK);
    if (rig->server.conn != NULL)
        conn_abort(rig->server.conn, ERR_OK);
    if (rig->listener != NULL)
        listen_close(rig->listener, NULL, NULL);
    loop_timer_close(&rig->guard, NULL);
    loop_timer_close(&rig->tick, NULL);
    loop_run(&rig->loop);
    loop_done(&rig->loop);
    tls_session_done(&rig->session);
    tls_config_free(rig->server_cfg);
    tls_config_free(rig->client_cfg);
    bool left = rig->alive != 0;
    mem_free(rig);
    return left;
}

static void use_client(struct rig *rig, struct tls_config *cfg)
{
    tls_config_free(rig->client_cfg);
    rig->client_cfg = cfg;
}

static void serve(struct rig *rig, struct conn_terms terms, unsigned half_open_max)
{
    struct listen_cfg cfg = {.conn = {.tls = rig->server_cfg, .terms = terms},
                             .half_open_max = half_open_max,
                             .cb = on_accept,
                             .arg = rig};
    assert_int_equal(address_parse("127.0.0.1:0", 0, &rig->at, NULL), ERR_OK);
    assert_int_equal(listen_tcp(&rig->loop, &rig->at, &cfg, &rig->listener, NULL), ERR_OK);
    assert_int_equal(address_parse(listen_address(rig->listener), 0, &rig->at, NULL), ERR_OK);
}

static void call(struct rig *rig)
{
    struct dial *dial = NULL;
    struct dial_cfg cfg = {.host = rig->at.host,
                           .port = rig->at.port,
                           .conn = {.cb = on_event,
                                    .arg = &rig->client,
                                    .tls = rig->client_cfg,
                                    .resume = &rig->session}};
    assert_int_equal(dial_start(&rig->loop, &cfg, on_dial, rig, &dial), ERR_OK);
}

/* A plain socket connected to the listener. */
static int connect_peer(struct rig *rig)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(rig->at.port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_true(rig->peer_count < PEERS_MAX);
    rig->peers[rig->peer_count++] = fd;
    return fd;
}

static void run(struct rig *rig, void (*tick)(struct rig *rig))
{
    rig->on_tick = tick;
    rig->ticks = 0;
    loop_timer_start(&rig->tick, 1);
    loop_run(&rig->loop);
    loop_timer_stop(&rig->tick);
}

static void until_both_closed(struct rig *rig)
{
    if (rig->client.closed > 0 && rig->server.closed > 0)
        loop_stop(&rig->loop);
}

static void close_when_echoed(struct rig *rig)
{
    if (rig->client.conn != NULL && rig->client.received == rig->client.goal)
        conn_close(rig->client.conn, ERR_OK);
    until_both_closed(rig);
}

static void until_client_closed(struct rig *rig)
{
    if (rig->client.closed > 0 && rig->alive == 0)
        loop_stop(&rig->loop);
}

/* A well-behaved client is served, whatever happened before. */
static void expect_service(struct rig *rig)
{
    struct tls_config *good = certs_config(&ours, CERT_DEVICE, false);
    use_client(rig, good);
    rig->client = (struct side){.rig = rig, .goal = 1000};
    rig->server = (struct side){.rig = rig, .echo = true};
    call(rig);
    run(rig, close_when_echoed);
    assert_int_equal(rig->client.received, 1000);
    assert_int_equal(rig->client.err, ERR_OK);
}

/* --- bytes --- */

static void echo_all(struct rig *rig)
{
    serve(rig, (struct conn_terms){0}, 0);
    rig->client.goal = GOAL;
    rig->server.echo = true;
    call(rig);
    run(rig, close_when_echoed);
    assert_int_equal(rig->client.received, GOAL);
    assert_int_equal(rig->server.received, GOAL);
    assert_int_equal(rig->client.err, ERR_OK);
    assert_int_equal(rig->server.err, ERR_CLOSED);
    assert_non_null(strstr(rig->server.note.text, "l'autre côté a mis fin"));
}

static void an_echo_over_tls_returns_every_byte_in_order(void **state)
{
    struct rig *rig = *state;
    echo_all(rig);
    assert_true(rig->client.has_key);
    assert_memory_equal(rig->client.key, ours.id[CERT_SERVER], CONN_KEY_BYTES);
    assert_true(rig->server.has_key);
    assert_memory_equal(rig->server.key, ours.id[CERT_DEVICE], CONN_KEY_BYTES);
}

static void an_echo_over_tls_1_2_returns_every_byte_in_order(void **state)
{
    struct rig *rig = *state;
    use_client(rig, certs_config(&ours, CERT_DEVICE, true));
    echo_all(rig);
}

static void a_second_connection_resumes_and_still_knows_the_peer(void **state)
{
    struct rig *rig = *state;
    use_client(rig, certs_config(&ours, CERT_DEVICE, true));
    serve(rig, (struct conn_terms){0}, 0);
    for (int i = 0; i < 2; i++) {
        rig->client = (struct side){.rig = rig, .goal = 1000};
        rig->server = (struct side){.rig = rig, .echo = true};
        call(rig);
        run(rig, close_when_echoed);
        assert_int_equal(rig->client.err, ERR_OK);
        assert_int_equal(rig->client.resumed, i == 1);
        assert_int_equal(rig->server.resumed, i == 1);
        assert_memory_equal(rig->server.key, ours.id[CERT_DEVICE], CONN_KEY_BYTES);
        assert_memory_equal(rig->client.key, ours.id[CERT_SERVER], CONN_KEY_BYTES);
    }
}

static void a_client_that_enrols_has_no_key(void **state)
{
    struct rig *rig = *state;
    use_client(rig, certs_config_bare(&ours));
    serve(rig, (struct conn_terms){0}, 0);
    rig->client.goal = 1000;
    rig->server.echo = true;
    call(rig);
    run(rig, close_when_echoed);
    assert_int_equal(rig->client.err, ERR_OK);
    assert_false(rig->server.has_key);
    assert_true(rig->client.has_key);
}

static void resume_after_a_while(struct rig *rig)
{
    if (rig->ticks == 100) {
        assert_int_equal(rig->client.received, 0);
        assert_true(rig->server.sent < GOAL);
        conn_resume(rig->client.conn);
    }
    if (rig->client.received == GOAL && rig->client.conn != NULL)
        conn_close(rig->client.conn, ERR_OK);
    until_both_closed(rig);
}

static void a_client_that_does_not_read_holds_the_server_back(void **state)
{
    struct rig *rig = *state;
    serve(rig, (struct conn_terms){0}, 0);
    rig->client.hold = true;
    rig->server.goal = GOAL;
    call(rig);
    run(rig, resume_after_a_while);
    assert_int_equal(rig->client.received, GOAL);
    assert_true(rig->server.queued_max < CONN_OUT_BYTES_HIGH + SLICE_MAX);
}

static void close_server_when_sent(struct rig *rig)
{
    if (rig->server.conn != NULL && rig->server.opened > 0 && rig->server.sent > 0)
        conn_close(rig->server.conn, ERR_OK);
    until_both_closed(rig);
}

static void an_orderly_close_over_tls_sends_what_is_queued(void **state)
{
    struct rig *rig = *state;
    serve(rig, (struct conn_terms){0}, 0);
    rig->server.goal = GOAL; /* so that the queue is full */
    call(rig);
    run(rig, close_server_when_sent);
    assert_int_equal(rig->client.received, rig->server.sent);
    assert_true(rig->server.sent >= CONN_OUT_BYTES_HIGH);
    assert_int_equal(rig->server.err, ERR_OK);
    assert_int_equal(rig->client.err, ERR_CLOSED);
}

/* --- memory --- */

enum { SETTLE_TICKS = 5, KEPT_BYTES = 48 * 1024 };

static size_t used_at_first;
static size_t used_at_last;
static unsigned settled; /* ticks since the last byte came back */

static size_t in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static void rest_between(struct rig *rig)
{
    struct side *client = &rig->client;
    until_both_closed(rig);
    if (client->conn == NULL || client->opened == 0 || client->received < client->goal) {
        settled = 0;
        return;
    }
    if (settled++ < SETTLE_TICKS)
        return;
    if (client->goal < GOAL) {
        used_at_first = in_use();
        client->goal = GOAL;
        produce(client);
        return;
    }
    used_at_last = in_use();
    conn_close(client->conn, ERR_OK);
}

/* A checker's own malloc counts nothing, and then nothing is found. */
static void a_connection_at_rest_keeps_no_memory_of_a_busy_time(void **state)
{
    struct rig *rig = *state;
    serve(rig, (struct conn_terms){0}, 0);
    rig->client.goal = 1000;
    rig->server.echo = true;
    call(rig);
    run(rig, rest_between);
    assert_int_equal(rig->client.received, GOAL);
    assert_true(used_at_last <= used_at_first + KEPT_BYTES);
}

/* --- wrong peers --- */

static void a_foreign_server_is_recognised(void **state)
{
    struct rig *rig = *state;
    use_client(rig, certs_config(&theirs, CERT_DEVICE, false));
    serve(rig, (struct conn_terms){.close_ms = 50}, 0);
    rig->client.goal = 1000;
    call(rig);
    run(rig, until_client_closed);
    assert_int_equal(rig->client.err, ERR_IDENTITY);
    assert_int_equal(rig->client.opened, 0);
    assert_non_null(strstr(rig->client.note.text, "serveur attendu"));
    assert_int_equal(rig->server.received, 0);
    expect_service(rig);
}

static void abort_server_when_open(struct rig *rig)
{
    if (rig->server.conn != NULL && rig->server.opened > 0 && rig->client.opened > 0)
        conn_abort(rig->server.conn, ERR_OK);
    until_both_closed(rig);
}

static void a_line_cut_without_goodbye_is_told_as_such(void **state)
{
    struct rig *rig = *state;
    serve(rig, (struct conn_terms){0}, 0);
    call(rig);
    run(rig, abort_server_when_open);
    assert_int_equal(rig->client.err, ERR_CLOSED);
    assert_non_null(strstr(rig->client.note.text, "coupée"));
}

static void until_one_came_and_went(struct rig *rig)
{
    if (rig->taken > 0 && rig->alive == 0)
        loop_stop(&rig->loop);
}

static void garbage_closes_the_connection_and_the_listener_lives(void **state)
{
    struct rig *rig = *state;
    static uint8_t garbage[SLICE_MAX];
    static const char *const openings[] = {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff",
                                           "\x16\x03\x03\x3f\xff\x01", "\x15\x03\x03\x02\x02"};
    serve(rig, (struct conn_terms){.handshake_ms = 2000, .close_ms = 20}, 0);
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        for (size_t at = 0; at < sizeof garbage; at++)
            garbage[at] = pattern(at + i);
        memcpy(garbage, openings[i], strlen(openings[i]));
        int fd = connect_peer(rig);
        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
        assert_true(write(fd, garbage, sizeof garbage) > 0);
        rig->taken = 0;
        rig->server = (struct side){.rig = rig};
        run(rig, until_one_came_and_went);
        assert_int_equal(rig->server.opened, 0);
        assert_int_not_equal(rig->server.err, ERR_OK);
        assert_string_not_equal(rig->server.note.text, "");
    }
    expect_service(rig);
}

static void a_silent_peer_is_given_up(void **state)
{
    struct rig *rig = *state;
    serve(rig, (struct conn_terms){.handshake_ms = 20}, 0);
    (void)connect_peer(rig);
    run(rig, until_one_came_and_went);
    assert_int_equal(rig->server.err, ERR_TIMEOUT);
    assert_int_equal(rig->server.opened, 0);
    assert_int_equal(listen_half_open(rig->listener), 0);
    assert_int_equal(listen_total(rig->listener), 0);
}

/* After a server came back thousands wait in the kernel's queue, some longer than they care to.
 * A handshake costs milliseconds: with those who have left it would starve those who have not.
 */
static void whoever_left_while_he_waited_gets_no_handshake(void **state)
{
    struct rig *rig = *state;
    struct tls *tls = NULL;
    struct buf in = {0};
    struct buf out = {0};
    serve(rig, (struct conn_terms){0}, 0);
    int fd = connect_peer(rig);
    assert_int_equal(tls_new(rig->client_cfg, NULL, &tls), ERR_OK);
    assert_int_equal(tls_step(tls, &in, &out), ERR_OK);
    const struct buf *hello = tls_out(tls);
    assert_true(hello->n > 0);
    assert_int_equal(write(fd, hello->p, hello->n), hello->n);
    assert_int_equal(shutdown(fd, SHUT_RDWR), 0);
    tls_free(tls);
    run(rig, until_one_came_and_went);
    assert_int_equal(rig->server.err, ERR_CLOSED);
    assert_int_equal(rig->server.bytes_out, 0);
    expect_service(rig);
}

static void watch_half_open(struct rig *rig)
{
    assert_true(listen_half_open(rig->listener) <= 2);
    if (rig->taken == 3 && rig->alive == 0)
        loop_stop(&rig->loop);
}

static void handshakes_over_the_limit_wait_for_their_turn(void **state)
{
    struct rig *rig = *state;
    serve(rig, (struct conn_terms){.handshake_ms = 500}, 2);
    for (int i = 0; i < 3; i++)
        (void)connect_peer(rig);
    run(rig, watch_half_open);
    assert_int_equal(rig->taken, 3);
    expect_service(rig);
}

/* --- nothing in the clear --- */

enum { EAGER = LOOP_HANDSHAKES_PER_TURN + 3 };

struct eager {
    struct conn *conns[EAGER];
    unsigned closed;
};

static void on_eager(struct conn *conn, struct conn_event *event, void *arg)
{
    struct eager *eager = arg;
    assert_int_equal(event->kind, CONN_CLOSED);
    eager->closed++;
    conn_free(conn);
}

static void stop_soon(struct rig *rig)
{
    if (rig->ticks == 5)
        loop_stop(&rig->loop);
}

/* More clients than may begin their handshake in one turn, all with bytes queued from the
 * start; one is closed again at once. What leaves is a handshake record and nothing else. */
static void bytes_sent_before_the_handshake_never_leave_in_the_clear(void **state)
{
    struct rig *rig = *state;
    struct eager eager = {.closed = 0};
    int fds[EAGER][2];
    struct conn_cfg cfg = {.cb = on_eager, .arg = &eager, .tls = rig->client_cfg};
    for (int i = 0; i < EAGER; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds[i]), 0);
        assert_int_equal(conn_open(&rig->loop, fds[i][0], &cfg, &eager.conns[i]), ERR_OK);
        (void)conn_send(eager.conns[i], "secret", 6);
    }
    conn_close(eager.conns[0], ERR_OK);
    run(rig, stop_soon);
    for (int i = 0; i < EAGER; i++) {
        char bytes[4096];
        ssize_t n = read(fds[i][1], bytes, sizeof bytes);
        if (i == 0)
            assert_int_equal(n, 0);
        else
            assert_true(n > 100 && bytes[0] == 0x16);
        assert_null(memmem(bytes, n > 0 ? (size_t)n : 0, "secret", 6));
        (void)close(fds[i][1]);
    }
    run(rig, stop_soon);
    assert_int_equal(eager.closed, EAGER);
}

/* --- no memory --- */

/* The nth allocation of ours fails, on either end. True when all went well. */
static bool echo_failing(struct rig *rig, uint64_t nth, bool lasting)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    rig->client = (struct side){.rig = rig, .goal = 20 * 1000};
    rig->server = (struct side){.rig = rig, .echo = true};
    struct conn_cfg client = {.cb = on_event, .arg = &rig->client, .tls = rig->client_cfg};
    struct conn_cfg server = {.cb = on_event, .arg = &rig->server, .tls = rig->server_cfg};
    alloc_fail_at(ALLOC_OURS, nth, lasting);
    enum err err_client = conn_open(&rig->loop, fds[0], &client, &rig->client.conn);
    enum err err_server = conn_open(&rig->loop, fds[1], &server, &rig->server.conn);
    rig->alive = err_server == ERR_OK;
    rig->client.closed = err_client != ERR_OK;
    rig->server.closed = err_server != ERR_OK;
    run(rig, close_when_echoed);
    alloc_fail_off();
    return rig->client.err == ERR_OK && rig->client.received == rig->client.goal;
}

static void without_memory_a_tls_connection_ends_and_nothing_else(void **state)
{
    struct rig *rig = *state;
    for (int lasting = 0; lasting <= 1; lasting++) {
        uint64_t nth = 1;
        while (!echo_failing(rig, nth, lasting != 0) || alloc_fail_refused() > 0)
            nth++;
        assert_true(nth > 6);
    }
}

#define IN_RIG(test) cmocka_unit_test_setup_teardown(test, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_RIG(an_echo_over_tls_returns_every_byte_in_order),
        IN_RIG(an_echo_over_tls_1_2_returns_every_byte_in_order),
        IN_RIG(a_second_connection_resumes_and_still_knows_the_peer),
        IN_RIG(a_client_that_enrols_has_no_key),
        IN_RIG(a_client_that_does_not_read_holds_the_server_back),
        IN_RIG(an_orderly_close_over_tls_sends_what_is_queued),
        IN_RIG(a_connection_at_rest_keeps_no_memory_of_a_busy_time),
        IN_RIG(a_foreign_server_is_recognised),
        IN_RIG(a_line_cut_without_goodbye_is_told_as_such),
        IN_RIG(garbage_closes_the_connection_and_the_listener_lives),
        IN_RIG(a_silent_peer_is_given_up),
        IN_RIG(whoever_left_while_he_waited_gets_no_handshake),
        IN_RIG(handshakes_over_the_limit_wait_for_their_turn),
        IN_RIG(bytes_sent_before_the_handshake_never_leave_in_the_clear),
        IN_RIG(without_memory_a_tls_connection_ends_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, make_networks, free_networks);
}
