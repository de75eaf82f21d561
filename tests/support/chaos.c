/* SPDX-License-Identifier: Apache-2.0 */
/* A pair is one connection with its way on to the target; each direction is a pipe that holds
 * one read at a time: read, wait, write slice by slice, read again. */
#include "tests/support/chaos.h"

#include "proto/mem.h"
#include "tests/support/rng.h"

#include <signal.h>
#include <string.h>

struct pipe {
    struct pair *pair;
    uv_stream_t *from;
    uv_stream_t *to;
    struct chaos_faults *faults;
    uv_timer_t timer;       /* a slice waits for its time */
    uv_write_t write;       /* a slice on its way */
    uv_shutdown_t shutdown; /* the end, passed on */
    uint8_t bytes[CHAOS_BYTES];
    size_t at;       /* bytes before this have passed */
    size_t n;        /* bytes held */
    uint64_t passed; /* since the beginning */
    uint64_t owed;   /* bytes not yet paid for at the plan's rate, times 1000 */
    bool waited;     /* the slice at `at` had its delay */
    bool held;       /* stands still until its side is let go */
    bool ended;      /* nothing more will be read */
    bool done;       /* and all of it has passed */
};

struct pair {
    struct chaos *chaos;
    struct pair *next;
    struct chaos_plan plan;
    struct rng rng;
    unsigned number;
    uv_tcp_t near; /* who connected */
    uv_tcp_t far;  /* the target */
    uv_connect_t connect;
    struct pipe pipe[CHAOS_SIDES];
    unsigned handles_open;
    bool closing;
};

struct chaos {
    struct loop *loop;
    uv_tcp_t listener;
    struct chaos_plan plan;
    uint64_t seed;
    uint16_t port;
    unsigned count;
    struct pair *pairs;
    bool held[CHAOS_SIDES];
    bool closing;
    bool listener_gone;
    chaos_cb cb;
    void *arg;
};

static void tell(const struct pair *pair, enum chaos_what what)
{
    struct chaos_event event = {
        .what = what,
        .number = pair->number,
        .passed = {pair->pipe[CHAOS_UP].passed, pair->pipe[CHAOS_DOWN].passed},
    };
    if (!pair->chaos->closing)
        pair->chaos->cb(&event, pair->chaos->arg);
}

static void free_if_over(struct chaos *chaos)
{
    if (chaos->closing && chaos->listener_gone && chaos->pairs == NULL)
        mem_free(chaos);
}

/* ---- the end of a pair ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct pair *pair = handle->data;
    struct chaos *chaos = pair->chaos;
    if (--pair->handles_open > 0)
        return;
    tell(pair, CHAOS_ENDED);
    struct pair **at = &chaos->pairs;
    while (*at != pair)
        at = &(*at)->next;
    *at = pair->next;
    mem_free(pair);
    free_if_over(chaos);
}

static void close_pair(struct pair *pair, bool reset)
{
    if (pair->closing)
        return;
    pair->closing = true;
    uv_tcp_t *ends[] = {&pair->near, &pair->far};
    for (size_t i = 0; i < 2; i++) {
        if (!reset || uv_tcp_close_reset(ends[i], on_handle_closed) != 0)
            uv_close((uv_handle_t *)ends[i], on_handle_closed);
    }
    for (int i = 0; i < CHAOS_SIDES; i++)
        uv_close((uv_handle_t *)&pair->pipe[i].timer, on_handle_closed);
}

/* ---- one direction ---- */

/* Faults that fall due between two bytes. False: the pair is over. */
static bool meet_faults(struct pipe *pipe)
{
    struct pair *pair = pipe->pair;
    if (pipe->faults->kill <= pipe->passed) {
        pipe->faults->kill = CHAOS_NEVER;
        (void)kill(pair->plan.pid, pair->plan.signal);
        tell(pair, CHAOS_KILLED);
    }
    bool reset = pipe->faults->reset <= pipe->passed;
    if (reset || pipe->faults->cut <= pipe->passed) {
        tell(pair, reset ? CHAOS_RESET : CHAOS_CUT);
        close_pair(pair, reset);
        return false;
    }
    if (pipe->faults->swallow <= pipe->passed)
        pipe->at = pipe->n;
    return true;
}

static size_t up_to(size_t n, uint64_t passed, uint64_t fault)
{
    return fault > passed && fault - passed < n ? (size_t)(fault - passed) : n;
}

/* How many bytes go at once: no further than the next fault. */
static size_t slice_size(const struct pipe *pipe)
{
    const struct chaos_plan *plan = &pipe->pair->plan;
    size_t n = pipe->n - pipe->at;
    if (plan->slice > 0 && plan->slice < n)
        n = (size_t)plan->slice;
    n = up_to(n, pipe->passed, pipe->faults->kill);
    n = up_to(n, pipe->passed, pipe->faults->reset);
    n = up_to(n, pipe->passed, pipe->faults->cut);
    n = up_to(n, pipe->passed, pipe->faults->swallow);
    return n;
}

static void pump(struct pipe *pipe);

static void on_time(uv_timer_t *timer)
{
    struct pair *pair = timer->data;
    struct pipe *pipe =
        timer == &pair->pipe[CHAOS_UP].timer ? &pair->pipe[CHAOS_UP] : &pair->pipe[CHAOS_DOWN];
    pipe->waited = true;
    pump(pipe);
}

static uint64_t wait_ms(struct pipe *pipe, size_t n)
{
    struct pair *pair = pipe->pair;
    uint64_t ms = pair->plan.delay_ms_min;
    if (pair->plan.delay_ms_max > ms)
        ms += rng_below(&pair->rng, pair->plan.delay_ms_max - ms + 1);
    if (pair->plan.rate > 0) {
        pipe->owed += (uint64_t)n * 1000;
        ms += pipe->owed / pair->plan.rate;
        pipe->owed %= pair->plan.rate;
    }
    return ms;
}

static void on_written(uv_write_t *write, int status)
{
    struct pipe *pipe = write->data;
    if (pipe->pair->closing)
        return;
    if (status < 0) {
        close_pair(pipe->pair, true);
        return;
    }
    pipe->waited = false;
    if (meet_faults(pipe))
        pump(pipe);
}

static void write_slice(struct pipe *pipe, size_t n)
{
    uint64_t corrupt = pipe->faults->corrupt;
    if (corrupt >= pipe->passed && corrupt - pipe->passed < n)
        pipe->bytes[pipe->at + (size_t)(corrupt - pipe->passed)] ^= 0x20;
    uv_buf_t buf = uv_buf_init((char *)pipe->bytes + pipe->at, (unsigned)n);
    pipe->at += n;
    pipe->passed += n;
    pipe->write.data = pipe;
    if (uv_write(&pipe->write, pipe->to, &buf, 1, on_written) != 0)
        close_pair(pipe->pair, true);
}

static void end_pipe(struct pipe *pipe)
{
    struct pair *pair = pipe->pair;
    pipe->done = true;
    if (pair->pipe[CHAOS_UP].done && pair->pipe[CHAOS_DOWN].done)
        close_pair(pair, false);
}

static void on_shut(uv_shutdown_t *shutdown, int status)
{
    (void)status;
    end_pipe(shutdown->data);
}

static void pass_end(struct pipe *pipe)
{
    pipe->shutdown.data = pipe;
    if (pipe->faults->swallow <= pipe->passed)
        end_pipe(pipe);
    else if (uv_shutdown(&pipe->shutdown, pipe->to, on_shut) != 0)
        close_pair(pipe->pair, true);
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    (void)wanted;
    struct pair *pair = handle->data;
    struct pipe *pipe =
        &pair->pipe[handle == (uv_handle_t *)&pair->near ? CHAOS_UP : CHAOS_DOWN];
    *out = uv_buf_init((char *)pipe->bytes, sizeof pipe->bytes);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    struct pair *pair = stream->data;
    struct pipe *pipe =
        &pair->pipe[stream == (uv_stream_t *)&pair->near ? CHAOS_UP : CHAOS_DOWN];
    if (pair->closing || n == 0)
        return;
    if (n < 0 && n != UV_EOF) {
        close_pair(pair, true);
        return;
    }
    (void)uv_read_stop(stream);
    pipe->at = 0;
    pipe->n = n > 0 ? (size_t)n : 0;
    pipe->ended = n < 0;
    if (meet_faults(pipe))
        pump(pipe);
}

/* Go on with whatever comes next. */
static void pump(struct pipe *pipe)
{
    struct pair *pair = pipe->pair;
    pipe->held = pair->chaos->held[pipe == &pair->pipe[CHAOS_UP] ? CHAOS_UP : CHAOS_DOWN];
    if (pipe->held)
        return;
    if (pipe->at == pipe->n) {
        if (pipe->ended)
            pass_end(pipe);
        else if (uv_read_start(pipe->from, on_room, on_read) != 0)
            close_pair(pair, true);
        return;
    }
    size_t n = slice_size(pipe);
    uint64_t ms = pipe->waited ? 0 : wait_ms(pipe, n);
    if (ms > 0)
        (void)uv_timer_start(&pipe->timer, on_time, ms, 0);
    else
        write_slice(pipe, n);
}

/* ---- the beginning of a pair ---- */

static void on_connected(uv_connect_t *connect, int status)
{
    struct pair *pair = connect->data;
    if (pair->closing)
        return;
    if (status < 0) {
        close_pair(pair, true);
        return;
    }
    for (int i = 0; i < CHAOS_SIDES && !pair->closing; i++) {
        if (meet_faults(&pair->pipe[i]))
            pump(&pair->pipe[i]);
    }
}

static void init_handles(struct pair *pair)
{
    uv_loop_t *loop = &pair->chaos->loop->uv;
    must(uv_tcp_init(loop, &pair->near) == 0 && uv_tcp_init(loop, &pair->far) == 0);
    pair->near.data = pair;
    pair->far.data = pair;
    for (int i = 0; i < CHAOS_SIDES; i++) {
        struct pipe *pipe = &pair->pipe[i];
        pipe->pair = pair;
        pipe->from = (uv_stream_t *)(i == CHAOS_UP ? &pair->near : &pair->far);
        pipe->to = (uv_stream_t *)(i == CHAOS_UP ? &pair->far : &pair->near);
        pipe->faults = &pair->plan.side[i];
        must(uv_timer_init(loop, &pipe->timer) == 0);
        pipe->timer.data = pair;
    }
    pair->handles_open = 2 + CHAOS_SIDES;
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct chaos *chaos = listener->data;
    struct pair *pair = status < 0 ? NULL : mem_new(sizeof *pair);
    if (pair == NULL)
        return;
    pair->chaos = chaos;
    pair->plan = chaos->plan;
    pair->number = ++chaos->count;
    rng_init(&pair->rng, chaos->seed + pair->number);
    init_handles(pair);
    pair->next = chaos->pairs;
    chaos->pairs = pair;
    if (uv_accept(listener, (uv_stream_t *)&pair->near) != 0) {
        close_pair(pair, true);
        return;
    }
    (void)uv_tcp_nodelay(&pair->near, 1);
    (void)uv_tcp_nodelay(&pair->far, 1);
    tell(pair, CHAOS_OPENED);
    pair->connect.data = pair;
    if (!pair->plan.blackhole &&
        uv_tcp_connect(&pair->connect, &pair->far, (const struct sockaddr *)&pair->plan.target,
                       on_connected) != 0)
        close_pair(pair, true);
}

/* ---- the proxy ---- */

static enum err listen_anywhere(struct chaos *chaos)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int size = sizeof addr;
    if (uv_tcp_bind(&chaos->listener, (struct sockaddr *)&addr, 0) != 0 ||
        uv_listen((uv_stream_t *)&chaos->listener, 64, on_connection) != 0 ||
        uv_tcp_getsockname(&chaos->listener, (struct sockaddr *)&addr, &size) != 0)
        return ERR_IO;
    chaos->port = ntohs(addr.sin_port);
    return ERR_OK;
}

enum err chaos_open(struct loop *loop, const struct chaos_plan *plan, uint64_t seed,
                    struct chaos **out, chaos_cb cb, void *arg)
{
    struct chaos *chaos = mem_new(sizeof *chaos);
    if (chaos == NULL)
        return ERR_NOMEM;
    *chaos = (struct chaos){.loop = loop, .plan = *plan, .seed = seed, .cb = cb, .arg = arg};
    must(uv_tcp_init(&loop->uv, &chaos->listener) == 0);
    chaos->listener.data = chaos;
    enum err err = listen_anywhere(chaos);
    if (err != ERR_OK)
        chaos_close(chaos);
    else
        *out = chaos;
    return err;
}

uint16_t chaos_port(const struct chaos *chaos)
{
    return chaos->port;
}

void chaos_set(struct chaos *chaos, const struct chaos_plan *plan)
{
    chaos->plan = *plan;
}

void chaos_hold(struct chaos *chaos, enum chaos_side side, bool held)
{
    chaos->held[side] = held;
    for (struct pair *pair = chaos->pairs; pair != NULL && !held; pair = pair->next) {
        if (pair->pipe[side].held && !pair->closing)
            pump(&pair->pipe[side]);
    }
}

void chaos_reset(struct chaos *chaos)
{
    for (struct pair *pair = chaos->pairs; pair != NULL; pair = pair->next)
        close_pair(pair, true);
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct chaos *chaos = handle->data;
    chaos->listener_gone = true;
    free_if_over(chaos);
}

void chaos_close(struct chaos *chaos)
{
    chaos->closing = true;
    chaos_reset(chaos);
    uv_close((uv_handle_t *)&chaos->listener, on_listener_closed);
}
