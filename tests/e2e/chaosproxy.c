/* SPDX-License-Identifier: Apache-2.0 */
/* chaosproxy [seed=N] [WORD…]: a bad network for shell scripts. Prints `port N`, then a line
 * per event. Each line on stdin is the plan of the connections to come, answered by `ok`; the
 * end of stdin ends the program. The words are those of chaos_plan_word. */
#include "tests/support/chaos.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES_MAX = 1024 };

struct proxy {
    struct loop loop;
    struct chaos *chaos;
    struct chaos_plan plan;
    uv_pipe_t control; /* stdin */
    char line[LINE_BYTES_MAX];
    size_t n;
    int status;
};

static void on_event(const struct chaos_event *event, void *arg)
{
    static const char *const words[] = {"opened", "reset", "cut", "killed", "ended"};
    (void)arg;
    printf("%s %u up %" PRIu64 " down %" PRIu64 "\n", words[event->what], event->number,
           event->passed[CHAOS_UP], event->passed[CHAOS_DOWN]);
}

static void end(struct proxy *proxy, int status)
{
    proxy->status = status;
    if (proxy->chaos != NULL)
        chaos_close(proxy->chaos);
    proxy->chaos = NULL;
    if (!uv_is_closing((uv_handle_t *)&proxy->control))
        uv_close((uv_handle_t *)&proxy->control, NULL);
}

static void obey(struct proxy *proxy, const char *line)
{
    struct note why = {""};
    if (chaos_plan_line(&proxy->plan, line, &why) != ERR_OK) {
        (void)fprintf(stderr, "chaosproxy: %s\n", why.text);
        end(proxy, 2);
        return;
    }
    chaos_set(proxy->chaos, &proxy->plan);
    puts("ok");
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
    (void)wanted;
    struct proxy *proxy = handle->data;
    *out = uv_buf_init(proxy->line + proxy->n, (unsigned)(sizeof proxy->line - proxy->n));
}

static void on_control(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    (void)buf;
    struct proxy *proxy = stream->data;
    if (n < 0) {
        end(proxy, n == UV_EOF ? 0 : 1);
        return;
    }
    proxy->n += (size_t)n;
    char *newline = memchr(proxy->line, '\n', proxy->n);
    while (newline != NULL && proxy->chaos != NULL) {
        size_t used = (size_t)(newline - proxy->line) + 1;
        *newline = '\0';
        obey(proxy, proxy->line);
        proxy->n -= used;
        memmove(proxy->line, proxy->line + used, proxy->n);
        newline = memchr(proxy->line, '\n', proxy->n);
    }
}

static int run(struct proxy *proxy, uint64_t seed)
{
    must(uv_pipe_init(&proxy->loop.uv, &proxy->control, 0) == 0);
    proxy->control.data = proxy;
    if (uv_pipe_open(&proxy->control, 0) != 0 ||
        uv_read_start((uv_stream_t *)&proxy->control, on_room, on_control) != 0 ||
        chaos_open(&proxy->loop, &proxy->plan, seed, &proxy->chaos, on_event, proxy) !=
            ERR_OK) {
        (void)fputs("chaosproxy: stdin must be a pipe, and a port must be free\n", stderr);
        end(proxy, 1);
    } else {
        printf("port %u\n", chaos_port(proxy->chaos));
    }
    loop_run(&proxy->loop);
    return proxy->status;
}

int main(int argc, char **argv)
{
    static struct proxy proxy;
    struct note why = {""};
    uint64_t seed = 1;
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    chaos_plan_init(&proxy.plan);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "seed=", 5) == 0) {
            seed = strtoull(argv[i] + 5, NULL, 10);
        } else if (chaos_plan_word(&proxy.plan, argv[i], &why) != ERR_OK) {
            (void)fprintf(stderr, "chaosproxy: %s\n", why.text);
            return 2;
        }
    }
    if (loop_init(&proxy.loop) != ERR_OK)
        return 1;
    int status = run(&proxy, seed);
    loop_done(&proxy.loop);
    return status;
}
