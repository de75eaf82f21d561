/* SPDX-License-Identifier: Apache-2.0 */
#include "client/relay.h"

#include "client/relay_inside.h"
#include "io/dial.h"

#include <unistd.h>

struct asking {
    struct cmd *c;
    struct loop loop;
    struct dial *dial;
    struct conn *conn;
    struct buf question; /* one frame */
    bool answered;       /* the exit status came */
    int status;
    enum err err;
};

static void ask(struct asking *a)
{
    conn_deadline(a->conn, RELAY_ANSWER_MS, 1);
    (void)conn_send(a->conn, a->question.p, a->question.n);
}

/* One frame of the answer. */
static enum err take_frame(struct asking *a, struct str body)
{
    size_t used = 0;
    enum err err = pack_check(body, 2, 8, &used);
    if (err != ERR_OK)
        return err;
    struct cur cur = cur_of(body.p, body.n);
    uint32_t items = unpack_array(&cur);
    int64_t stream = unpack_int(&cur);
    if (items != 2)
        return ERR_PROTOCOL;
    if (stream == RELAY_EXIT) {
        a->status = (int)unpack_int_in(&cur, 0, CMD_AWAY);
        a->answered = !cur.bad;
        return cur.bad ? ERR_PROTOCOL : ERR_OK;
    }
    struct str bytes = unpack_bin(&cur);
    if (cur.bad || (stream != CMD_OUT && stream != CMD_TALK))
        return ERR_PROTOCOL;
    return a->c->write(a->c->ctx, (enum cmd_stream)stream, bytes);
}

static void take(struct asking *a, struct conn_event *event)
{
    enum err err = ERR_OK;
    while (err == ERR_OK && !a->answered) {
        struct str rest = {event->data.p + event->took, event->data.n - event->took};
        struct str body;
        size_t used = 0;
        err = frame_next(rest, FRAME_BYTES_MAX, &body, &used);
        if (err != ERR_OK || body.p == NULL)
            break;
        event->took += used;
        err = take_frame(a, body);
    }
    if (err != ERR_OK || a->answered)
        conn_close(a->conn, err);
}

static void on_conn(struct conn *conn, struct conn_event *event, void *arg)
{
    struct asking *a = arg;
    switch (event->kind) {
    case CONN_OPEN:
        ask(a);
        break;
    case CONN_DATA:
        take(a, event);
        break;
    case CONN_DRAINED:
        break;
    case CONN_CLOSED:
        a->err = event->err == ERR_OK && !a->answered ? ERR_CLOSED : event->err;
        if (a->answered)
            a->err = ERR_OK;
        conn_free(conn);
        break;
    }
}

static void on_dial(struct dial *dial, enum err err, struct conn *conn, const struct note *why,
                    void *arg)
{
    struct asking *a = arg;
    (void)dial;
    (void)why;
    a->conn = conn;
    if (err != ERR_OK)
        a->err = ERR_NOTFOUND; /* the socket of a process that is gone, or none */
}

static enum err write_question(struct asking *a, int argc, const char *const *argv)
{
    char *cwd = mem_new(FILE_PATH_BYTES_MAX);
    if (cwd == NULL)
        return ERR_NOMEM;
    if (getcwd(cwd, FILE_PATH_BYTES_MAX) == NULL) {
        mem_free(cwd);
        return ERR_NOTFOUND; /* a folder that is gone: relative files mean nothing */
    }
    size_t begun = frame_begin(&a->question);
    pack_array(&a->question, (uint32_t)(RELAY_HEAD + argc));
    pack_int(&a->question, RELAY_VERSION);
    pack_bool(&a->question, a->c->color);
    pack_int(&a->question, a->c->columns);
    pack_str(&a->question, str_of(say_code()));
    pack_bin(&a->question, str_of(cwd));
    for (int i = 0; i < argc; i++)
        pack_bin(&a->question, str_of(argv[i]));
    frame_end(&a->question, begun);
    mem_free(cwd);
    return a->question.err;
}

enum err relay_ask(struct cmd *c, int argc, const char *const *argv, int *exit)
{
    struct asking a = {.c = c, .err = ERR_CLOSED};
    struct buf path = {0};
    enum err err = write_question(&a, argc, argv);
    if (err == ERR_OK)
        err = file_join(&path, c->dir, RELAY_SOCKET);
    if (err == ERR_OK)
        err = loop_init(&a.loop);
    if (err == ERR_OK) {
        struct dial_cfg cfg = {.path = (const char *)path.p,
                               .conn = {.cb = on_conn, .arg = &a}};
        err = dial_start(&a.loop, &cfg, on_dial, &a, &a.dial);
        if (err == ERR_USAGE)
            err = ERR_NOTFOUND; /* no socket has so long a path */
        loop_run(&a.loop);
        loop_done(&a.loop);
    }
    buf_done(&path);
    buf_done(&a.question);
    if (err == ERR_OK)
        err = a.err;
    if (err != ERR_OK)
        return err;
    if (a.status == CMD_AWAY)
        return ERR_BUSY;
    *exit = a.status;
    return ERR_OK;
}
