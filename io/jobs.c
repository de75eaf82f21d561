/* SPDX-License-Identifier: Apache-2.0 */
#include "io/jobs.h"

#include <pthread.h>
#include <signal.h>

static void push(struct job_list *list, struct job *job)
{
    job->next = NULL;
    if (list->first == NULL)
        list->first = job;
    else
        list->last->next = job;
    list->last = job;
}

static struct job *pop(struct job_list *list)
{
    struct job *job = list->first;
    if (job != NULL)
        list->first = job->next;
    return job;
}

static void work(void *arg)
{
    struct jobs *jobs = arg;
    uv_mutex_lock(&jobs->mutex);
    for (;;) {
        struct job *job = pop(&jobs->waiting);
        if (job == NULL && jobs->ending)
            break;
        if (job == NULL) {
            uv_cond_wait(&jobs->more, &jobs->mutex);
            continue;
        }
        uv_mutex_unlock(&jobs->mutex);
        job->run(job);
        uv_mutex_lock(&jobs->mutex);
        push(&jobs->finished, job);
        must(uv_async_send(&jobs->wake) == 0);
    }
    jobs->ended = true;
    must(uv_async_send(&jobs->wake) == 0);
    uv_mutex_unlock(&jobs->mutex);
}

static void on_wake_closed(uv_handle_t *handle)
{
    struct jobs *jobs = handle->data;
    uv_cond_destroy(&jobs->more);
    uv_mutex_destroy(&jobs->mutex);
    if (jobs->on_closed != NULL)
        jobs->on_closed(jobs, jobs->closed_arg);
}

/* One wake may stand for many sends: hand back everything there is. */
static void on_wake(uv_async_t *handle)
{
    struct jobs *jobs = handle->data;
    if (jobs->joined)
        return;
    uv_mutex_lock(&jobs->mutex);
    struct job_list finished = jobs->finished;
    jobs->finished = (struct job_list){0};
    bool ended = jobs->ended;
    uv_mutex_unlock(&jobs->mutex);
    for (struct job *job = pop(&finished); job != NULL; job = pop(&finished)) {
        jobs->pending--;
        job->done(job);
    }
    if (!ended)
        return;
    must(uv_thread_join(&jobs->thread) == 0);
    jobs->joined = true;
    must(jobs->pending == 0);
    uv_close((uv_handle_t *)&jobs->wake, on_wake_closed);
}

/* Signals belong to the loop thread: a database write is not to be interrupted by them. */
static int start_thread(struct jobs *jobs)
{
    sigset_t all;
    sigset_t before;
    must(sigfillset(&all) == 0);
    must(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    int code = uv_thread_create(&jobs->thread, work, jobs);
    must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return code;
}

static void abandon_wake(uv_handle_t *handle)
{
    (void)handle;
}

enum err jobs_open(struct jobs *jobs, struct loop *loop, size_t pending_max)
{
    must(pending_max > 0);
    *jobs = (struct jobs){.loop = loop, .pending_max = pending_max};
    if (uv_mutex_init(&jobs->mutex) != 0)
        return ERR_IO;
    if (uv_cond_init(&jobs->more) != 0) {
        uv_mutex_destroy(&jobs->mutex);
        return ERR_IO;
    }
    if (uv_async_init(&loop->uv, &jobs->wake, on_wake) != 0)
        goto out;
    jobs->wake.data = jobs;
    if (start_thread(jobs) == 0)
        return ERR_OK;
    /* The memory must outlive the handle, so the close ends here and not in a later turn. */
    uv_close((uv_handle_t *)&jobs->wake, abandon_wake);
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
out:
    uv_cond_destroy(&jobs->more);
    uv_mutex_destroy(&jobs->mutex);
    return ERR_IO;
}

enum err jobs_submit(struct jobs *jobs, struct job *job)
{
    must(job->run != NULL && job->done != NULL);
    if (jobs->closing)
        return ERR_CLOSED;
    if (jobs->pending >= jobs->pending_max)
        return ERR_LIMIT;
    jobs->pending++;
    uv_mutex_lock(&jobs->mutex);
    push(&jobs->waiting, job);
    uv_cond_signal(&jobs->more);
    uv_mutex_unlock(&jobs->mutex);
    return ERR_OK;
}

size_t jobs_pending(const struct jobs *jobs)
{
    return jobs->pending;
}

void jobs_close(struct jobs *jobs, jobs_closed_cb cb, void *arg)
{
    if (jobs->closing)
        return;
    jobs->closing = true;
    jobs->on_closed = cb;
    jobs->closed_arg = arg;
    uv_mutex_lock(&jobs->mutex);
    jobs->ending = true;
    uv_cond_signal(&jobs->more);
    uv_mutex_unlock(&jobs->mutex);
}
