/* SPDX-License-Identifier: Apache-2.0 */
#include "server/control.h"

#include "io/clock.h"
#include "io/file.h"
#include "io/log.h"
#include "server/folder.h"
#include "store/backup.h"
#include "store/content.h"

#include <stdio.h>
#include <unistd.h>

/* What the caller's job does next. */
enum phase {
    PHASE_RUN,    /* the command itself */
    PHASE_COPY,   /* a backup: some pages more */
    PHASE_CHECK,  /* its check, on a thread of its own */
    PHASE_STABLE, /* note what it holds */
    PHASE_BUNDLE, /* a bundle: its next step */
    PHASE_ANSWER, /* nothing: the answer goes out */
};

/* One caller. */
struct caller {
    struct job job; /* first: the queue hands it back */
    struct control *control;
    struct conn *conn; /* NULL: gone */
    bool working;      /* the job is out */
    enum phase phase;
    struct buf request; /* body of the request: the words point into it */
    struct str language;
    const char *argv[CONTROL_WORDS_MAX + 1];
    int argc;
    struct ctl ctl;
    int status;
    uint64_t seq; /* committed through here after the command */
    struct backup *backup;
    struct buf part;     /* path of the copy until it is checked */
    uint64_t backup_seq; /* what the copy holds */
    size_t sent_out, sent_talk;
    struct caller *next, *previous;
};

struct control {
    struct control_cfg cfg;
    struct listener *listener;
    struct jobs checks; /* a backup's check or a bundle's is long, and needs no store */
    struct caller *first;
    bool closing;
    listen_closed_cb on_closed;
    void *arg;
};

static void on_checks_closed(struct jobs *jobs, void *arg)
{
    struct control *control = arg;
    listen_closed_cb cb = control->on_closed;
    void *cb_arg = control->arg;
    (void)jobs;
    mem_free(control);
    if (cb != NULL)
        cb(cb_arg);
}

static void maybe_closed(struct control *control)
{
    if (control->closing && control->first == NULL && control->listener == NULL)
        jobs_close(&control->checks, on_checks_closed, control);
}

static void caller_free(struct caller *caller)
{
    struct control *control = caller->control;
    if (caller->previous != NULL)
        caller->previous->next = caller->next;
    else
        control->first = caller->next;
    if (caller->next != NULL)
        caller->next->previous = caller->previous;
    ctl_done(&caller->ctl);
    buf_done(&caller->request);
    buf_done(&caller->part);
    mem_free(caller);
    maybe_closed(control);
}

/* ---- the answer ---- */

static void say_failed(struct caller *caller, enum err err, const struct note *why)
{
    caller->status = ctl_fail(&caller->ctl, err, why);
    caller->phase = PHASE_ANSWER;
}

static void send_piece(struct caller *caller, enum control_kind kind, struct str bytes)
{
    struct buf frame = {0};
    size_t at = frame_begin(&frame);
    pack_array(&frame, 2);
    pack_int(&frame, (int64_t)kind);
    if (kind == CONTROL_STATUS)
        pack_int(&frame, caller->status);
    else
        pack_bin(&frame, bytes);
    frame_end(&frame, at);
    if (frame.err == ERR_OK)
        (void)conn_send(caller->conn, frame.p, frame.n);
    buf_done(&frame);
}

/* Send what the peer takes of one stream; true when all of it is on its way. */
static bool send_stream(struct caller *caller, enum control_kind kind, const struct buf *from,
                        size_t *sent)
{
    while (*sent < from->n && conn_queued(caller->conn) < CONN_OUT_BYTES_HIGH) {
        size_t n = from->n - *sent;
        n = n < CONTROL_CHUNK_BYTES ? n : CONTROL_CHUNK_BYTES;
        send_piece(caller, kind, (struct str){(const char *)from->p + *sent, n});
        *sent += n;
    }
    return *sent == from->n;
}

/* Send what there is; then the next slice of a long answer, or its end. Called again when the
 * peer has taken some. */
static void proceed(struct caller *caller)
{
    if (caller->working || caller->argc == 0)
        return;
    if (!send_stream(caller, CONTROL_OUT, &caller->ctl.out, &caller->sent_out) ||
        conn_queued(caller->conn) >= CONN_OUT_BYTES_HIGH)
        return;
    buf_clear(&caller->ctl.out);
    caller->sent_out = 0;
    if (caller->phase == PHASE_RUN && caller->control->closing) {
        conn_close(caller->conn, ERR_LATER);
        return;
    }
    if (caller->phase == PHASE_RUN) {
        caller->working = jobs_submit(caller->control->cfg.jobs, &caller->job) == ERR_OK;
        if (caller->working)
            return;
        say_failed(caller, ERR_LATER, NULL);
    }
    if (!send_stream(caller, CONTROL_TALK, &caller->ctl.talk, &caller->sent_talk))
        return;
    send_piece(caller, CONTROL_STATUS, (struct str){NULL, 0});
    conn_close(caller->conn, ERR_OK);
}

/* ---- the work ---- */

/* After the command: a backup or a bundle begins, or all is done. */
static void begin_rest(struct caller *caller)
{
    struct store *s = caller->control->cfg.store;
    struct note why = {""};
    caller->phase = caller->ctl.bundle != NULL ? PHASE_BUNDLE : PHASE_ANSWER;
    if (caller->status != CTL_DONE || caller->ctl.backup.n == 0)
        return;
    buf_printf(&caller->part, "%s.part", (const char *)caller->ctl.backup.p);
    buf_u8(&caller->part, 0);
    enum err err = caller->part.err;
    if (err == ERR_OK) {
        (void)unlink((const char *)caller->part.p); /* of a backup that was interrupted */
        err = backup_begin(s, (const char *)caller->part.p, &caller->backup, &why);
    }
    if (err == ERR_OK)
        caller->phase = PHASE_COPY;
    else
        say_failed(caller, err, &why);
}

static void copy_more(struct caller *caller)
{
    bool done = false;
    enum err err = backup_step(caller->backup, &done);
    if (err == ERR_OK && !done)
        return;
    enum err ended = backup_end(caller->backup);
    caller->backup = NULL;
    err = err == ERR_OK ? ended : err;
    if (err == ERR_OK)
        caller->phase = PHASE_CHECK;
    else
        say_failed(caller, err, NULL);
}

static int64_t wall_ms(void *ctx)
{
    (void)ctx;
    return clock_wall_ms();
}

/* Give the copy of the contents its name, if there is one. */
static enum err move_contents(const char *part, const char *path, struct note *why)
{
    struct buf from = {0};
    struct buf to = {0};
    buf_printf(&from, "%s%s", part, CONTENT_SUFFIX);
    buf_u8(&from, 0);
    buf_printf(&to, "%s%s", path, CONTENT_SUFFIX);
    buf_u8(&to, 0);
    enum err err = from.err != ERR_OK ? from.err : to.err;
    if (err == ERR_OK)
        err = file_move((const char *)from.p, (const char *)to.p, why);
    buf_done(&from);
    buf_done(&to);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static void check_copy(struct caller *caller)
{
    struct note why = {""};
    struct store_env env = {.path = (const char *)caller->part.p,
                            .schema = &schema_jalon,
                            .side = STORE_SERVER,
                            .wall_ms = wall_ms};
    enum err err = backup_check(&env, &caller->backup_seq, &why);
    if (err == ERR_OK)
        err = backup_check_contents(&env, &why);
    /* The contents first: where the rows are under their name, all is there. */
    if (err == ERR_OK)
        err = move_contents((const char *)caller->part.p, (const char *)caller->ctl.backup.p,
                            &why);
    /* Devices forget what is in a copy: it must be there after a power cut, under its name. */
    if (err == ERR_OK)
        err = file_move((const char *)caller->part.p, (const char *)caller->ctl.backup.p, &why);
    if (err == ERR_OK)
        caller->phase = PHASE_STABLE;
    else
        say_failed(caller, err, &why);
}

static void note_stable(struct caller *caller)
{
    enum err err = serve_stable(caller->control->cfg.store, caller->backup_seq);
    if (err != ERR_OK) {
        say_failed(caller, err, NULL);
        return;
    }
    caller->phase = PHASE_ANSWER;
    const char *path = (const char *)caller->ctl.backup.p;
    if (caller->ctl.json) {
        buf_printf(&caller->ctl.out, "{\"seq\":%llu,\"checked\":true}\n",
                   (unsigned long long)caller->backup_seq);
        return;
    }
    buf_printf(&caller->ctl.out, "%s\n", path);
    ctl_say(&caller->ctl, T("copie faite et vérifiée, jusqu'à la modification %llu"),
            (unsigned long long)caller->backup_seq);
}

static void take_more(struct caller *caller)
{
    bool store = ctl_bundle_next(&caller->ctl) == CTL_BUNDLE_STORE;
    caller->status = ctl_bundle_step(&caller->ctl);
    if (store)
        caller->seq = serve_seq(caller->control->cfg.store);
    if (ctl_bundle_next(&caller->ctl) == CTL_BUNDLE_OVER)
        caller->phase = PHASE_ANSWER;
}

/* What must not keep the store's thread waiting has one of its own. */
static struct jobs *jobs_of(struct caller *caller)
{
    struct control *control = caller->control;
    bool aside =
        caller->phase == PHASE_CHECK ||
        (caller->phase == PHASE_BUNDLE && ctl_bundle_next(&caller->ctl) == CTL_BUNDLE_ASIDE);
    return aside ? &control->checks : control->cfg.jobs;
}

static void run_phase(struct caller *caller)
{
    struct store *s = caller->control->cfg.store;
    switch (caller->phase) {
    case PHASE_RUN:
        caller->status = caller->ctl.more ? ctl_again(&caller->ctl)
                                          : ctl_run(&caller->ctl, caller->argc, caller->argv);
        caller->seq = serve_seq(s);
        if (!caller->ctl.more)
            begin_rest(caller);
        return;
    case PHASE_COPY:
        copy_more(caller);
        return;
    case PHASE_CHECK:
        check_copy(caller);
        return;
    case PHASE_STABLE:
        note_stable(caller);
        return;
    case PHASE_BUNDLE:
        take_more(caller);
        return;
    case PHASE_ANSWER:
        return;
    }
}

static void run(struct job *job)
{
    struct caller *caller = (struct caller *)job;
    say_here(caller->language);
    run_phase(caller);
    say_here_over();
}

static void finished(struct job *job)
{
    struct caller *caller = (struct caller *)job;
    struct control *control = caller->control;
    caller->working = false;
    if (caller->seq > 0) {
        uint64_t seq = caller->seq;
        caller->seq = 0;
        peers_committed(control->cfg.peers, seq);
    }
    if (caller->ctl.device != 0) {
        uint32_t device = caller->ctl.device;
        caller->ctl.device = 0;
        peers_device(control->cfg.peers, device, caller->ctl.state);
    }
    if (caller->phase == PHASE_BUNDLE && control->closing) /* it can be taken in again */
        say_failed(caller, ERR_LATER, NULL);
    if (caller->phase != PHASE_ANSWER &&
        caller->phase != PHASE_RUN) { /* a backup goes on though nobody listens any more */
        if (jobs_submit(jobs_of(caller), &caller->job) == ERR_OK) {
            caller->working = true;
            return;
        }
        enum err err = caller->backup != NULL ? backup_end(caller->backup) : ERR_OK;
        caller->backup = NULL;
        say_failed(caller, err == ERR_OK ? ERR_LATER : err, NULL);
    }
    if (caller->conn == NULL)
        caller_free(caller);
    else
        proceed(caller);
}

/* ---- the request ---- */

/* [language, cwd, argument, …]: the strings are copied behind NULs. */
static bool read_request(struct caller *caller, struct str body)
{
    size_t used = 0;
    if (pack_check(body, 2, CONTROL_WORDS_MAX + 2, &used) != ERR_OK || used != body.n)
        return false;
    struct cur cur = cur_of(body.p, body.n);
    uint32_t count = pack_peek(&cur) == PACK_ARRAY ? unpack_array(&cur) : 0;
    if (count < CONTROL_HEAD || count > CONTROL_WORDS_MAX + 1)
        return false;
    if (!buf_reserve(&caller->request, body.n + count)) /* so that nothing moves */
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct str word = unpack_str(&cur);
        const char *at = (const char *)caller->request.p + caller->request.n;
        buf_add(&caller->request, word.p, word.n);
        buf_u8(&caller->request, 0);
        if (i == 0)
            caller->language = (struct str){at, word.n};
        else if (i == 1)
            caller->ctl.cwd = at;
        else
            caller->argv[i - 1] = at;
    }
    caller->argv[0] = "jalonctl";
    caller->argc = (int)count - 1;
    return !cur.bad && caller->request.err == ERR_OK;
}

static size_t take(struct caller *caller, struct str data)
{
    struct control *control = caller->control;
    struct str body = {NULL, 0};
    size_t used = 0;
    enum err err = frame_next(data, CONTROL_REQUEST_BYTES, &body, &used);
    if (err == ERR_OK && used == 0)
        return 0;
    if (caller->argc > 0)
        err = ERR_PROTOCOL; /* one request a connection */
    else if (err == ERR_OK && !read_request(caller, body))
        err = ERR_FORMAT;
    if (err == ERR_OK)
        err = jobs_submit(control->cfg.jobs, &caller->job);
    caller->working = err == ERR_OK;
    if (err != ERR_OK)
        conn_close(caller->conn, err);
    return used == 0 ? data.n : used;
}

static void on_conn(struct conn *conn, struct conn_event *event, void *arg)
{
    struct caller *caller = arg;
    switch (event->kind) {
    case CONN_OPEN:
        return;
    case CONN_DATA:
        event->took = take(caller, event->data);
        return;
    case CONN_DRAINED:
        proceed(caller);
        return;
    case CONN_CLOSED:
        conn_free(conn);
        caller->conn = NULL;
        if (!caller->working)
            caller_free(caller);
        return;
    }
}

static void on_accept(struct listener *listener, struct conn *conn, void *arg)
{
    struct control *control = arg;
    struct caller *caller = mem_new(sizeof *caller);
    (void)listener;
    if (caller == NULL) {
        conn_discard(conn);
        return;
    }
    caller->job = (struct job){.run = run, .done = finished};
    caller->control = control;
    caller->conn = conn;
    caller->ctl = (struct ctl){
        .store = control->cfg.store, .ca = control->cfg.ca, .public = control->cfg.public};
    caller->next = control->first;
    if (control->first != NULL)
        control->first->previous = caller;
    control->first = caller;
    conn_listen_to(conn, on_conn, caller);
}

/* ---- open and close ---- */

enum err control_open(const struct control_cfg *cfg, const char *path, struct control **out,
                      struct note *why)
{
    struct control *control = mem_new(sizeof *control);
    if (control == NULL)
        return ERR_NOMEM;
    control->cfg = *cfg;
    struct listen_cfg listen = {.total_max = CONTROL_PEERS, .cb = on_accept, .arg = control};
    enum err err = listen_unix(cfg->loop, path, &listen, &control->listener, why);
    if (err != ERR_OK) {
        mem_free(control);
        return err;
    }
    err = jobs_open(&control->checks, cfg->loop, CONTROL_PEERS);
    must(err == ERR_OK); /* a thread at start: without it there is no server */
    *out = control;
    return ERR_OK;
}

static void on_listener_closed(void *arg)
{
    struct control *control = arg;
    control->listener = NULL;
    maybe_closed(control);
}

void control_close(struct control *control, listen_closed_cb cb, void *arg)
{
    control->closing = true;
    control->on_closed = cb;
    control->arg = arg;
    for (struct caller *caller = control->first; caller != NULL; caller = caller->next)
        if (caller->conn != NULL && !caller->working)
            conn_close(caller->conn, ERR_LATER);
    listen_close(control->listener, on_listener_closed, control);
}
