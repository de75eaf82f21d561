/* SPDX-License-Identifier: Apache-2.0 */
#include "client/relay.h"

#include "io/conn.h"
#include "support/asker.h"
#include "support/twin.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORDS_MAX = 8, MANY = 12000 };

static struct twin twin;

/* A question asked from a thread of its own, as another process would. */
struct question {
    const char *argv[WORDS_MAX];
    int argc;
    pthread_t thread;
    struct buf out, talk;
    int exit;
    enum err err;
};

/* The process that holds the replica. */
struct holder {
    struct loop loop;
    struct jobs jobs;
    struct local local;
    struct relay *relay;
    struct round outcome; /* of the rounds asked for */
    struct round *round;  /* that is out */
    struct loop_timer guard;
    unsigned rounds;
    unsigned runs, runs_wanted, saved;
};

static enum err take(void *ctx, enum cmd_stream stream, struct str bytes)
{
    struct question *q = ctx;
    struct buf *buf = stream == CMD_OUT ? &q->out : &q->talk;
    buf_add(buf, bytes.p, bytes.n);
    return buf->err;
}

static void *ask(void *arg)
{
    struct question *q = arg;
    struct cmd c = {.dir = twin.dir, .columns = 80, .write = take, .ctx = q};
    q->err = relay_ask(&c, q->argc, q->argv, &q->exit);
    return NULL;
}

static void start(struct question *q, const char *const *words)
{
    *q = (struct question){.argv = {"jalon"}, .argc = 1, .exit = -1};
    while (*words != NULL)
        q->argv[q->argc++] = *words++;
    assert_int_equal(pthread_create(&q->thread, NULL, ask, q), 0);
}

static void finish(struct question *q)
{
    assert_int_equal(pthread_join(q->thread, NULL), 0);
    buf_u8(&q->out, 0);
    buf_u8(&q->talk, 0);
}

static void end(struct question *q)
{
    buf_done(&q->out);
    buf_done(&q->talk);
}

static void on_closed(void *arg)
{
    struct holder *h = arg;
    jobs_close(&h->jobs, NULL, NULL);
}

static void on_run(void *arg, bool saved)
{
    struct holder *h = arg;
    h->saved += saved ? 1U : 0U;
    if (++h->runs == h->runs_wanted)
        relay_close(h->relay, on_closed, h);
}

/* It takes its time, then comes to the end the test wants. */
static void on_round(void *arg, struct round *round)
{
    struct holder *h = arg;
    assert_true(round->asked);
    assert_false(round->over);
    h->rounds++;
    relay_keep(h->relay);
    if (h->outcome.wiped)
        h->local.store = NULL;
    round->err = h->outcome.err;
    round->tally = h->outcome.tally;
    round->wiped = h->outcome.wiped;
    relay_round_over(round);
}

static void on_round_gone(void *arg, struct round *round)
{
    struct holder *h = arg;
    assert_ptr_equal(round, h->round);
    h->round = NULL;
    h->runs++;
    loop_timer_close(&h->guard, NULL);
    relay_close(h->relay, on_closed, h);
}

static void hold_with(struct holder *h, unsigned runs, relay_round_cb on_round_cb,
                      const struct presence *presence, size_t jobs_max)
{
    *h = (struct holder){.runs_wanted = runs, .local = {.store = twin.replicas[0].store}};
    struct relay_cfg cfg = {.loop = &h->loop,
                            .jobs = &h->jobs,
                            .local = &h->local,
                            .dir = twin.dir,
                            .on_run = on_run,
                            .on_round = on_round_cb,
                            .on_gone = on_round_gone,
                            .presence = presence,
                            .arg = h};
    assert_int_equal(loop_init(&h->loop), ERR_OK);
    assert_int_equal(jobs_open(&h->jobs, &h->loop, jobs_max), ERR_OK);
    assert_int_equal(relay_open(&cfg, &h->relay, NULL), ERR_OK);
}

static void hold(struct holder *h, unsigned runs)
{
    hold_with(h, runs, NULL, NULL, 8);
}

/* Until all answers are given. */
static void serve(struct holder *h)
{
    loop_run(&h->loop);
    loop_done(&h->loop);
    assert_int_equal(h->runs, h->runs_wanted);
}

static int open_twin(void **state)
{
    (void)state;
    twin_open(&twin, 1, &schema_jalon);
    (void)twin_sync(&twin, 0);
    return 0;
}

static int close_twin(void **state)
{
    (void)state;
    twin_close(&twin);
    return 0;
}

static void the_holder_carries_a_command_out(void **state)
{
    (void)state;
    struct holder h;
    struct question q[2];
    hold(&h, 2);
    start(&q[0], (const char *const[]){"add", "company", "name=Forge", NULL});
    start(&q[1], (const char *const[]){"add", "company", "nom=Atelier", "x=1", NULL});
    serve(&h);
    finish(&q[0]);
    finish(&q[1]);
    assert_int_equal(q[0].err, ERR_OK);
    assert_int_equal(q[0].exit, CMD_DONE);
    assert_int_equal(strlen((const char *)q[0].out.p), ID_TEXT_BYTES);
    assert_int_equal(q[1].exit, CMD_FAILED);
    assert_int_equal(h.saved, 1);
    assert_non_null(strstr((const char *)q[1].talk.p, "« x »"));
    assert_int_equal(twin_count(twin.replicas[0].store, "company"), 1);
    end(&q[0]);
    end(&q[1]);
}

static void nobody_there_is_told_apart(void **state)
{
    (void)state;
    struct question q;
    start(&q, (const char *const[]){"status", NULL});
    finish(&q);
    assert_int_equal(q.err, ERR_NOTFOUND);
    end(&q);
}

static void what_needs_the_replica_for_itself_is_sent_away(void **state)
{
    (void)state;
    struct holder h;
    struct question q;
    hold(&h, 1);
    start(&q, (const char *const[]){"sync", NULL});
    serve(&h);
    finish(&q);
    assert_int_equal(q.err, ERR_BUSY);
    end(&q);
}

static void after_a_wipe_there_is_no_answer(void **state)
{
    (void)state;
    struct holder h;
    struct question q;
    hold(&h, 1);
    h.local.store = NULL;
    start(&q, (const char *const[]){"list", "company", NULL});
    serve(&h);
    finish(&q);
    assert_int_equal(q.err, ERR_BUSY);
    assert_int_equal(q.out.n, 1);
    end(&q);
}

static void a_long_answer_comes_whole(void **state)
{
    (void)state;
    const struct table *company = schema_table(&schema_jalon, TABLE_COMPANY);
    struct edit *edit = NULL;
    struct id id;
    struct edit_value values[] = {
        {schema_field_named(company, STR("name")), value_text(STR("Forge"))},
        {schema_field_named(company, STR("access")),
         value_text(STR("au fond de la cour, deuxième porte à gauche, sonner longtemps"))}};
    assert_int_equal(edit_open(twin.replicas[0].store, &edit, NULL), ERR_OK);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(edit_insert(edit, company, values, 2, &id, NULL), ERR_OK);
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    struct holder h;
    struct question q;
    hold(&h, 1);
    start(&q, (const char *const[]){"list", "company", "--json", NULL});
    serve(&h);
    finish(&q);
    assert_int_equal(q.err, ERR_OK);
    assert_true(q.out.n > CONN_OUT_BYTES_MAX);
    uint64_t rows = 0;
    for (const char *p = (const char *)q.out.p; (p = strstr(p, "{\"id\":")) != NULL; p++)
        rows++;
    assert_int_equal(rows, MANY);
    assert_string_equal((const char *)q.out.p + q.out.n - 4, "\n]\n");
    end(&q);
}

static void a_sync_is_carried_out_by_the_holder_and_told(void **state)
{
    (void)state;
    struct holder h;
    struct question q;
    hold_with(&h, 1, on_round, NULL, 8);
    h.outcome.tally.rows.pushed = 3;
    h.outcome.tally.bytes_in = 700;
    start(&q, (const char *const[]){"sync", "--json", NULL});
    serve(&h);
    finish(&q);
    assert_int_equal(q.err, ERR_OK);
    assert_int_equal(q.exit, CMD_DONE);
    assert_int_equal(h.rounds, 1);
    assert_int_equal(h.saved, 0);
    assert_non_null(strstr((const char *)q.out.p, "\"pushed\":3,"));
    assert_non_null(strstr((const char *)q.out.p, "\"bytes_received\":700,"));
    end(&q);
}

static void how_it_failed_is_told_too(void **state)
{
    (void)state;
    struct holder h;
    struct question q;
    hold_with(&h, 1, on_round, NULL, 8);
    h.outcome.err = ERR_OFFLINE;
    start(&q, (const char *const[]){"sync", NULL});
    serve(&h);
    finish(&q);
    assert_int_equal(q.exit, CMD_OFFLINE);
    assert_non_null(strstr((const char *)q.talk.p, "rien n'est perdu"));
    end(&q);
}

static void a_wipe_is_told_without_the_replica(void **state)
{
    (void)state;
    struct holder h;
    struct question q;
    hold_with(&h, 1, on_round, NULL, 8);
    h.outcome.err = ERR_REVOKED;
    h.outcome.wiped = true;
    start(&q, (const char *const[]){"sync", NULL});
    serve(&h);
    finish(&q);
    assert_int_equal(q.err, ERR_OK);
    assert_int_equal(q.exit, CMD_REFUSED);
    end(&q);
}

static void one_process_stays_not_two(void **state)
{
    (void)state;
    struct holder h;
    struct question q;
    hold_with(&h, 1, on_round, NULL, 8);
    start(&q, (const char *const[]){"sync", "--live", NULL});
    serve(&h);
    finish(&q);
    assert_int_equal(q.err, ERR_OK);
    assert_int_equal(q.exit, CMD_FAILED);
    assert_int_equal(h.rounds, 0);
    end(&q);
}

static void status_tells_what_the_holder_knew(void **state)
{
    (void)state;
    struct holder h;
    struct question q[2];
    static struct presence presence;
    static const char *const ask_status[] = {"status", "--json", NULL};
    presence = (struct presence){.err = ERR_TIMEOUT, .since_ms = 1795000000000};
    hold(&h, 1);
    start(&q[0], ask_status);
    serve(&h);
    finish(&q[0]);
    assert_non_null(strstr((const char *)q[0].out.p, "\"live\":null"));
    hold_with(&h, 1, NULL, &presence, 8);
    start(&q[1], ask_status);
    serve(&h);
    finish(&q[1]);
    assert_non_null(strstr((const char *)q[1].out.p,
                           "\"live\":{\"connected\":false,\"since\":\"2026-11-18"));
    assert_non_null(strstr((const char *)q[1].out.p, "\"error\":\"TIMEOUT\""));
    end(&q[0]);
    end(&q[1]);
}

/* ---- askers who hang up ---- */

enum { GUARD_MS = 60 * 1000 };

/* More people than there are places, while the store's thread is busy with something long. */
struct crowd {
    struct holder h;
    struct job busy;
    sem_t free;    /* the store's thread may go on */
    unsigned gone; /* so many ask and hang up before */
    pthread_t thread;
    enum err err; /* of the one for whom there was no place */
    enum err later;
    int exit;
};

static void on_guard(struct loop_timer *timer, void *arg)
{
    (void)timer;
    (void)arg;
    fail_msg("the test hangs");
}

static void on_busy(struct job *job)
{
    struct crowd *crowd = (struct crowd *)((char *)job - offsetof(struct crowd, busy));
    (void)sem_wait(&crowd->free);
}

static void on_busy_done(struct job *job)
{
    struct crowd *crowd = (struct crowd *)((char *)job - offsetof(struct crowd, busy));
    loop_timer_close(&crowd->h.guard, NULL);
}

static enum err ask_once(int *exit)
{
    static const char *const words[] = {"jalon", "list", "company"};
    struct question q = {.exit = -1};
    struct cmd c = {.dir = twin.dir, .columns = 80, .write = take, .ctx = &q};
    enum err err = relay_ask(&c, 3, words, exit);
    buf_done(&q.out);
    buf_done(&q.talk);
    return err;
}

static void *come_and_go(void *arg)
{
    struct crowd *crowd = arg;
    for (unsigned i = 0; i < crowd->gone; i++)
        (void)close(asker_ask(twin.dir, (const char *const[]){"list", "company", NULL}));
    crowd->err = ask_once(&crowd->exit);
    (void)sem_post(&crowd->free);
    do {
        crowd->later = ask_once(&crowd->exit);
    } while (crowd->later == ERR_BUSY); /* until a place is free again */
    return NULL;
}

static void meet(struct crowd *crowd, unsigned gone, size_t jobs_max)
{
    *crowd = (struct crowd){.gone = gone};
    hold_with(&crowd->h, gone + 1, NULL, NULL, jobs_max);
    loop_timer_init(&crowd->h.loop, &crowd->h.guard, on_guard, NULL);
    loop_timer_start(&crowd->h.guard, GUARD_MS);
    assert_int_equal(sem_init(&crowd->free, 0, 0), 0);
    crowd->busy = (struct job){.run = on_busy, .done = on_busy_done};
    assert_int_equal(jobs_submit(&crowd->h.jobs, &crowd->busy), ERR_OK);
    assert_int_equal(pthread_create(&crowd->thread, NULL, come_and_go, crowd), 0);
    serve(&crowd->h);
    assert_int_equal(pthread_join(crowd->thread, NULL), 0);
    (void)sem_destroy(&crowd->free);
    assert_string_equal(err_name(crowd->err), "BUSY");
    assert_string_equal(err_name(crowd->later), "OK");
    assert_int_equal(crowd->exit, CMD_DONE);
}

static void askers_who_hang_up_count_until_their_command_has_ended(void **state)
{
    (void)state;
    static struct crowd crowd;
    meet(&crowd, RELAY_ASKERS_MAX, 2 * RELAY_ASKERS_MAX);
}

/* The store's thread takes no more questions: nothing was done, and that is said. */
static void a_full_queue_sends_the_asker_away(void **state)
{
    (void)state;
    static struct crowd crowd;
    meet(&crowd, 0, 1);
}

static sem_t begun;

static void *want_a_sync_and_go(void *arg)
{
    int fd = asker_ask(twin.dir, (const char *const[]){"sync", NULL});
    (void)arg;
    (void)sem_wait(&begun);
    (void)close(fd);
    return NULL;
}

static void on_round_begun(void *arg, struct round *round)
{
    struct holder *h = arg;
    h->rounds++;
    h->round = round;
    (void)sem_post(&begun);
}

static void a_round_nobody_waits_for_is_dropped(void **state)
{
    (void)state;
    struct holder h;
    pthread_t thread;
    assert_int_equal(sem_init(&begun, 0, 0), 0);
    hold_with(&h, 1, on_round_begun, NULL, 8);
    loop_timer_init(&h.loop, &h.guard, on_guard, NULL);
    loop_timer_start(&h.guard, GUARD_MS);
    assert_int_equal(pthread_create(&thread, NULL, want_a_sync_and_go, NULL), 0);
    serve(&h);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(h.rounds, 1);
    assert_null(h.round);
    (void)sem_destroy(&begun);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_twin, close_twin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_holder_carries_a_command_out),
        TEST(nobody_there_is_told_apart),
        TEST(what_needs_the_replica_for_itself_is_sent_away),
        TEST(after_a_wipe_there_is_no_answer),
        TEST(a_long_answer_comes_whole),
        TEST(a_sync_is_carried_out_by_the_holder_and_told),
        TEST(how_it_failed_is_told_too),
        TEST(a_wipe_is_told_without_the_replica),
        TEST(one_process_stays_not_two),
        TEST(status_tells_what_the_holder_knew),
        TEST(askers_who_hang_up_count_until_their_command_has_ended),
        TEST(a_full_queue_sends_the_asker_away),
        TEST(a_round_nobody_waits_for_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
