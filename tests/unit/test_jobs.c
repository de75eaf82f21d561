/* SPDX-License-Identifier: Apache-2.0 */
#include "io/jobs.h"

#include "proto/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { QUEUE_MAX = 64 };

/* What the jobs of one test share. Fields of the job thread are read by the loop thread only in
 * `done`, after the queue has handed the job over. */
struct world {
    struct loop loop;
    struct jobs jobs;
    uv_thread_t loop_thread; /* where done must run */
    unsigned run_next;       /* number the next run must have (job thread) */
    unsigned done_next;      /* number the next done must have */
    unsigned submitted;      /* numbers given out */
    unsigned wanted;         /* stop submitting there */
    unsigned closed;         /* closed callbacks seen */
    uv_sem_t gate;           /* holds the first job back where a test wants a full queue */
};

struct numbered {
    struct job job;
    struct world *world;
    unsigned number;
    bool waits;      /* at the gate */
    unsigned square; /* the result */
};

static struct numbered *of(struct job *job)
{
    return (struct numbered *)((char *)job - offsetof(struct numbered, job));
}

static void on_closed(struct jobs *jobs, void *arg)
{
    struct world *world = arg;
    assert_ptr_equal(jobs, &world->jobs);
    world->closed++;
}

static void run(struct job *job)
{
    struct numbered *numbered = of(job);
    struct world *world = numbered->world;
    uv_thread_t self = uv_thread_self();
    assert_false(uv_thread_equal(&self, &world->loop_thread));
    if (numbered->waits)
        uv_sem_wait(&world->gate);
    assert_int_equal(numbered->number, world->run_next);
    world->run_next++;
    numbered->square = numbered->number * numbered->number;
}

static enum err submit(struct world *world, bool waits);

static void done(struct job *job)
{
    struct numbered *numbered = of(job);
    struct world *world = numbered->world;
    uv_thread_t self = uv_thread_self();
    assert_true(uv_thread_equal(&self, &world->loop_thread));
    assert_int_equal(numbered->number, world->done_next);
    assert_int_equal(numbered->square, numbered->number * numbered->number);
    assert_int_equal(world->closed, 0);
    world->done_next++;
    mem_free(numbered);
    if (world->submitted < world->wanted)
        assert_int_equal(submit(world, false), ERR_OK);
    else if (world->done_next == world->wanted)
        jobs_close(&world->jobs, on_closed, world);
}

static enum err submit(struct world *world, bool waits)
{
    struct numbered *numbered = mem_new(sizeof *numbered);
    assert_non_null(numbered);
    *numbered = (struct numbered){.job = {.run = run, .done = done},
                                  .world = world,
                                  .number = world->submitted,
                                  .waits = waits};
    enum err err = jobs_submit(&world->jobs, &numbered->job);
    if (err == ERR_OK)
        world->submitted++;
    else
        mem_free(numbered);
    return err;
}

static int open_world(void **state)
{
    struct world *world = mem_new(sizeof *world);
    *state = world;
    world->loop_thread = uv_thread_self();
    return world == NULL || uv_sem_init(&world->gate, 0) != 0 ||
           loop_init(&world->loop) != ERR_OK ||
           jobs_open(&world->jobs, &world->loop, QUEUE_MAX) != ERR_OK;
}

static int close_world(void **state)
{
    struct world *world = *state;
    loop_done(&world->loop);
    uv_sem_destroy(&world->gate);
    mem_free(world);
    return 0;
}

static void jobs_run_and_return_in_order(void **state)
{
    struct world *world = *state;
    world->wanted = 20000;
    for (unsigned i = 0; i < QUEUE_MAX; i++)
        assert_int_equal(submit(world, false), ERR_OK);
    loop_run(&world->loop);
    assert_int_equal(world->done_next, world->wanted);
    assert_int_equal(world->closed, 1);
}

static void a_full_queue_refuses_and_later_takes_again(void **state)
{
    struct world *world = *state;
    world->wanted = 1000;
    assert_int_equal(submit(world, true), ERR_OK);
    for (unsigned i = 1; i < QUEUE_MAX; i++)
        assert_int_equal(submit(world, false), ERR_OK);
    assert_int_equal(submit(world, false), ERR_LIMIT);
    assert_int_equal(jobs_pending(&world->jobs), QUEUE_MAX);
    uv_sem_post(&world->gate);
    loop_run(&world->loop);
    assert_int_equal(world->done_next, world->wanted);
    assert_int_equal(jobs_pending(&world->jobs), 0);
}

static void closing_finishes_what_is_queued(void **state)
{
    struct world *world = *state;
    world->wanted = 0;
    assert_int_equal(submit(world, true), ERR_OK);
    for (unsigned i = 1; i < 10; i++)
        assert_int_equal(submit(world, false), ERR_OK);
    jobs_close(&world->jobs, on_closed, world);
    jobs_close(&world->jobs, on_closed, world);
    assert_int_equal(submit(world, false), ERR_CLOSED);
    assert_int_equal(world->closed, 0);
    uv_sem_post(&world->gate);
    loop_run(&world->loop);
    assert_int_equal(world->done_next, 10);
    assert_int_equal(world->closed, 1);
}

static void an_idle_queue_closes_too(void **state)
{
    struct world *world = *state;
    jobs_close(&world->jobs, on_closed, world);
    loop_run(&world->loop);
    assert_int_equal(world->closed, 1);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(jobs_run_and_return_in_order),
        IN_WORLD(a_full_queue_refuses_and_later_takes_again),
        IN_WORLD(closing_finishes_what_is_queued),
        IN_WORLD(an_idle_queue_closes_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
