/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/e2e/crucible/crucible.h"

#include "proto/mem.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void command_add(struct command *cmd, const char *word)
{
    must(cmd->n < CRUCIBLE_WORDS);
    cmd->words[cmd->n++] = word;
}

void command_addf(struct command *cmd, const char *fmt, ...)
{
    must(cmd->made_n < CRUCIBLE_WORDS);
    va_list args;
    va_start(args, fmt);
    char *word = cmd->made[cmd->made_n++];
    int n = vsnprintf(word, CRUCIBLE_WORD_BYTES, fmt, args);
    va_end(args);
    must(n >= 0 && n < CRUCIBLE_WORD_BYTES);
    command_add(cmd, word);
}

static void on_closed(uv_handle_t *handle)
{
    struct run *run = handle->data;
    if (--run->open > 0)
        return;
    run->c->busy--;
    run->ended(run, run->arg);
    buf_done(&run->said[0]);
    buf_done(&run->said[1]);
    mem_free(run);
}

static void on_exit_status(uv_process_t *process, int64_t status, int number)
{
    struct run *run = process->data;
    run->over = true;
    run->status = status;
    run->signal = number;
    uv_close((uv_handle_t *)process, on_closed);
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    struct run *run = handle->data;
    (void)wanted;
    *out = uv_buf_init((char *)run->c->loop.scratch, LOOP_SCRATCH_BYTES);
}

static void on_said(uv_stream_t *stream, ssize_t n, const uv_buf_t *bytes)
{
    struct run *run = stream->data;
    bool out = stream == (uv_stream_t *)&run->pipe[0];
    if (n < 0) {
        uv_close((uv_handle_t *)stream, on_closed);
        return;
    }
    buf_add(&run->said[out ? 0 : 1], bytes->base, (size_t)n);
    if (out && run->heard != NULL)
        run->heard(run, run->arg);
}

/* The words for reports, without paths. */
static void print_words(struct run *run, const struct command *cmd)
{
    size_t n = 0;
    for (unsigned i = 0; i < cmd->n && n + 1 < sizeof run->words; i++) {
        const char *slash = strrchr(cmd->words[i], '/');
        int more = snprintf(run->words + n, sizeof run->words - n, "%s%s", i == 0 ? "" : " ",
                            slash == NULL ? cmd->words[i] : slash + 1);
        n += more < 0 ? 0 : (size_t)more;
    }
}

static void open_pipe(struct run *run, unsigned i, uv_stdio_container_t *stdio)
{
    must(uv_pipe_init(&run->c->loop.uv, &run->pipe[i], 0) == 0);
    run->pipe[i].data = run;
    run->open++;
    stdio->flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
    stdio->data.stream = (uv_stream_t *)&run->pipe[i];
}

struct run *run_start(struct crucible *c, const struct command *cmd, run_cb *heard,
                      run_cb *ended, void *arg)
{
    enum { VARIABLES = 8 };
    char home[PATH_MAX + 8];
    char offset[64];
    char preload[PATH_MAX + 16];
    (void)snprintf(home, sizeof home, "HOME=%s", c->dir);
    (void)snprintf(offset, sizeof offset, "FAKETIME=%+lld", (long long)cmd->clock_s);
    (void)snprintf(preload, sizeof preload, "LD_PRELOAD=%s", c->faketime ? c->faketime : "");
    char *env[VARIABLES] = {home, (char[]){"PATH=/usr/bin:/bin"}, (char[]){"LANG=fr_BE.UTF-8"},
                            NULL};
    if (cmd->clock_s != 0 && c->faketime != NULL) {
        env[3] = offset;
        env[4] = preload;
        env[5] = (char[]){"FAKETIME_DONT_FAKE_MONOTONIC=1"};
        env[6] = (char[]){"DONT_FAKE_MONOTONIC=1"};
    }
    struct run *run = mem_new(sizeof *run);
    must(run != NULL);
    *run = (struct run){.c = c, .heard = heard, .ended = ended, .arg = arg, .open = 1};
    print_words(run, cmd);
    uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE}};
    open_pipe(run, 0, &stdio[1]);
    open_pipe(run, 1, &stdio[2]);
    uv_process_options_t options = {.file = cmd->words[0],
                                    .args = (char **)(uintptr_t)cmd->words,
                                    .env = env,
                                    .stdio_count = 3,
                                    .stdio = stdio,
                                    .exit_cb = on_exit_status};
    run->process.data = run;
    int err = uv_spawn(&c->loop.uv, &run->process, &options);
    if (err != 0) {
        (void)fprintf(stderr, "cannot start %s: %s\n", cmd->words[0], uv_strerror(err));
        must(err == 0);
    }
    must(uv_read_start((uv_stream_t *)&run->pipe[0], on_room, on_said) == 0);
    must(uv_read_start((uv_stream_t *)&run->pipe[1], on_room, on_said) == 0);
    c->busy++;
    return run;
}

void run_signal(struct run *run, int number)
{
    if (run->over)
        return;
    if (number != SIGSTOP && number != SIGCONT)
        run->asked = number;
    (void)uv_process_kill(&run->process, number);
    if (run->stands && number == SIGTERM) /* it must hear that */
        (void)uv_process_kill(&run->process, SIGCONT);
    run->stands = number == SIGSTOP;
}

bool run_well(struct run *run, const char *statuses)
{
    if (run->signal != 0 && run->signal == run->asked)
        return true;
    if (run->signal == 0 && run->status >= 0 && run->status < 10 &&
        strchr(statuses, '0' + (int)run->status) != NULL)
        return true;
    size_t n = run->said[1].n < 400 ? run->said[1].n : 400;
    crucible_fail(run->c, "%s: status %lld, signal %d: %.*s", run->words,
                  (long long)run->status, run->signal, (int)n,
                  n == 0 ? "" : (const char *)run->said[1].p + (run->said[1].n - n));
    return false;
}

struct str run_line(const struct run *run)
{
    struct str said = buf_str(&run->said[0]);
    const char *end = said.n == 0 ? NULL : memchr(said.p, '\n', said.n);
    return (struct str){said.p, end == NULL ? 0 : (size_t)(end - said.p)};
}

int64_t run_number(const struct run *run, const char *name)
{
    char key[40];
    char text[2000];
    struct str said = buf_str(&run->said[0]);
    (void)snprintf(key, sizeof key, "\"%s\":", name);
    (void)snprintf(text, sizeof text, "%.*s", (int)said.n, said.n == 0 ? "" : said.p);
    const char *at = strstr(text, key);
    return at == NULL ? -1 : strtoll(at + strlen(key), NULL, 10);
}

struct now {
    char *line;
    size_t size;
    bool ended;
};

static void on_now(struct run *run, void *arg)
{
    struct now *now = arg;
    now->ended = true;
    struct str line = run_line(run);
    if (run_well(run, "0") && now->line != NULL)
        (void)snprintf(now->line, now->size, "%.*s", (int)line.n, line.n == 0 ? "" : line.p);
}

void run_now(struct crucible *c, const struct command *cmd, char *line, size_t size)
{
    if (c->failed)
        return;
    struct now now = {.line = line, .size = size};
    (void)run_start(c, cmd, NULL, on_now, &now);
    while (!now.ended)
        (void)uv_run(&c->loop.uv, UV_RUN_ONCE);
}
