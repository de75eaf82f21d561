/* SPDX-License-Identifier: Apache-2.0 */
/* A replica that stays, towards a server that takes connections and never says a word: rounds
 * wait, and whoever wanted them may have hung up. */
#include "client/live.h"
#include "io/clock.h"
#include "io/conn.h"
#include "io/crypt.h"
#include "support/asker.h"
#include "support/certs.h"
#include "support/twin.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { GUARD_MS = 60 * 1000, GONE = 3 * RELAY_ASKERS_MAX };

static struct scene {
    struct twin twin;
    struct certs certs;
    struct key key;
    int server; /* listens; nobody accepts */
    struct loop loop;
    struct loop_timer guard;
    struct jobs jobs;
    struct local local;
    struct live *live; /* NULL once closed */
    pthread_t thread;
    unsigned answers;        /* to the one who stays */
    int64_t closing_mono_ms; /* since then */
} scene;

static int set_up(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof at;
    memset(&scene, 0, sizeof scene);
    crypt_start();
    certs_init(&scene.certs);
    twin_open(&scene.twin, 1, &schema_jalon);
    scene.server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (scene.server < 0 || bind(scene.server, (struct sockaddr *)&at, n) != 0 ||
        listen(scene.server, 16) != 0 ||
        getsockname(scene.server, (struct sockaddr *)&at, &n) != 0)
        return -1;
    scene.key = (struct key){.der = scene.certs.key[CERT_DEVICE],
                             .cert = scene.certs.cert[CERT_DEVICE],
                             .ca = scene.certs.ca,
                             .server = {.host = "127.0.0.1", .port = ntohs(at.sin_port)}};
    scene.local.store = scene.twin.replicas[0].store;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)close(scene.server);
    certs_done(&scene.certs);
    twin_close(&scene.twin);
    return 0;
}

static void on_guard(struct loop_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    fail_msg("the test hangs");
}

static void on_signal(struct loop *loop, void *arg)
{
    (void)loop;
    (void)arg;
    scene.closing_mono_ms = clock_mono_ms();
    live_close(scene.live);
}

static void on_live(struct live *live, const struct live_event *event, void *arg)
{
    (void)arg;
    assert_ptr_equal(live, scene.live);
    assert_int_not_equal(event->type, LIVE_OVER);
    if (event->type != LIVE_CLOSED)
        return;
    scene.live = NULL;
    jobs_close(&scene.jobs, NULL, NULL);
    loop_timer_close(&scene.guard, NULL);
}

static enum err ignore(void *ctx, enum cmd_stream stream, struct str bytes)
{
    (void)ctx;
    (void)stream;
    (void)bytes;
    return ERR_OK;
}

/* Somebody who stays until the answer comes. The store's thread does one after the other: by
 * then whoever asked before waits for a round. */
static void *come_and_go(void *arg)
{
    static const char *const words[] = {"jalon", "status"};
    (void)arg;
    for (unsigned i = 0; i < GONE; i++) {
        struct cmd c = {.dir = scene.twin.dir, .columns = 80, .write = ignore};
        int exit = -1;
        int fd = asker_ask(scene.twin.dir, (const char *const[]){"sync", NULL});
        if (i % 2 == 0)
            (void)close(fd); /* while its command runs */
        if (relay_ask(&c, 2, words, &exit) == ERR_OK && exit == CMD_DONE)
            scene.answers++;
        if (i % 2 != 0)
            (void)close(fd); /* while it waits */
    }
    (void)kill(getpid(), SIGTERM);
    return NULL;
}

static void rounds_nobody_waits_for_any_more_take_no_place(void **state)
{
    (void)state;
    struct live_cfg cfg = {.loop = &scene.loop,
                           .jobs = &scene.jobs,
                           .local = &scene.local,
                           .dir = scene.twin.dir,
                           .key = &scene.key,
                           .cb = on_live};
    assert_int_equal(loop_init(&scene.loop), ERR_OK);
    assert_int_equal(loop_signals(&scene.loop, on_signal, NULL), ERR_OK);
    assert_int_equal(jobs_open(&scene.jobs, &scene.loop, LIVE_JOBS_MAX), ERR_OK);
    loop_timer_init(&scene.loop, &scene.guard, on_guard, NULL);
    loop_timer_start(&scene.guard, GUARD_MS);
    assert_int_equal(live_open(&cfg, &scene.live, NULL), ERR_OK);
    assert_int_equal(pthread_create(&scene.thread, NULL, come_and_go, NULL), 0);
    loop_run(&scene.loop);
    assert_int_equal(pthread_join(scene.thread, NULL), 0);
    assert_null(scene.live);
    assert_int_equal(scene.answers, GONE);
    /* Nobody says goodbye to a server that has not said a word. */
    assert_in_range(clock_mono_ms() - scene.closing_mono_ms, 0, CONN_CLOSE_MS - 1000);
    loop_done(&scene.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rounds_nobody_waits_for_any_more_take_no_place, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
