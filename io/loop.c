/* SPDX-License-Identifier: Apache-2.0 */
#include "io/loop.h"

#include "proto/mem.h"

#include <signal.h>

static void on_turned(uv_check_t *handle)
{
    struct loop *loop = handle->data;
    loop->slots_used = 0;
}

enum err loop_init(struct loop *loop)
{
    *loop = (struct loop){0};
    loop->scratch = mem_new(LOOP_SCRATCH_BYTES);
    if (loop->scratch == NULL)
        return ERR_NOMEM;
    if (uv_loop_init(&loop->uv) != 0) {
        mem_free(loop->scratch);
        return ERR_IO;
    }
    must(uv_check_init(&loop->uv, &loop->turned) == 0);
    must(uv_check_start(&loop->turned, on_turned) == 0);
    loop->turned.data = loop;
    uv_unref((uv_handle_t *)&loop->turned);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    must(sigaction(SIGPIPE, &ignore, NULL) == 0);
    return ERR_OK;
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    struct loop *loop = handle->data;
    loop->on_signal(loop, loop->signal_arg);
}

enum err loop_signals(struct loop *loop, loop_signal_cb cb, void *arg)
{
    must(!loop->watching && cb != NULL);
    if (uv_signal_init(&loop->uv, &loop->term) != 0)
        return ERR_IO;
    /* The pipe behind signals is per loop and made by the first. */
    must(uv_signal_init(&loop->uv, &loop->interrupt) == 0);
    loop->watching = true;
    loop->on_signal = cb;
    loop->signal_arg = arg;
    loop->term.data = loop;
    loop->interrupt.data = loop;
    if (uv_signal_start(&loop->term, on_signal, SIGTERM) != 0 ||
        uv_signal_start(&loop->interrupt, on_signal, SIGINT) != 0)
        return ERR_IO;
    uv_unref((uv_handle_t *)&loop->term);
    uv_unref((uv_handle_t *)&loop->interrupt);
    return ERR_OK;
}

void loop_run(struct loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

void loop_done(struct loop *loop)
{
    if (loop->watching) {
        uv_close((uv_handle_t *)&loop->term, NULL);
        uv_close((uv_handle_t *)&loop->interrupt, NULL);
    }
    uv_close((uv_handle_t *)&loop->turned, NULL);
    /* Not a blocking run: a handle someone forgot must be found, not waited for. */
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
    must(uv_loop_close(&loop->uv) == 0);
    mem_free(loop->scratch);
    *loop = (struct loop){0};
}

bool loop_slot(struct loop *loop)
{
    if (loop->slots_used >= LOOP_HANDSHAKES_PER_TURN)
        return false;
    loop->slots_used++;
    return true;
}

static void on_timer(uv_timer_t *handle)
{
    struct loop_timer *timer = handle->data;
    timer->cb(timer, timer->arg);
}

void loop_timer_init(struct loop *loop, struct loop_timer *timer, loop_timer_cb cb, void *arg)
{
    *timer = (struct loop_timer){.cb = cb, .arg = arg};
    must(uv_timer_init(&loop->uv, &timer->uv) == 0);
    timer->uv.data = timer;
}

void loop_timer_start(struct loop_timer *timer, int64_t ms)
{
    must(!uv_is_closing((uv_handle_t *)&timer->uv));
    /* libuv counts from the start of the turn; a long turn must not shorten the term. */
    uv_update_time(timer->uv.loop);
    must(uv_timer_start(&timer->uv, on_timer, ms < 0 ? 0 : (uint64_t)ms, 0) == 0);
}

void loop_timer_stop(struct loop_timer *timer)
{
    must(uv_timer_stop(&timer->uv) == 0);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct loop_timer *timer = handle->data;
    if (timer->on_closed != NULL)
        timer->on_closed(timer, timer->arg);
}

void loop_timer_close(struct loop_timer *timer, loop_timer_cb on_closed)
{
    if (uv_is_closing((uv_handle_t *)&timer->uv))
        return;
    timer->on_closed = on_closed;
    uv_close((uv_handle_t *)&timer->uv, on_timer_closed);
}
