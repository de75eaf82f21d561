/* SPDX-License-Identifier: Apache-2.0 */
#include "client/relay.h"

#include "client/commands.h"
#include "client/relay_inside.h"
#include "io/listen.h"
#include "store/content.h"

/* One question, from its connection to the last byte of the answer. */
struct asker {
    struct relay *relay;
    struct asker *next;
    struct conn *conn; /* NULL once closed */
    struct job job;
    bool asked;         /* the question is whole */
    bool working;       /* job is out */
    bool waiting;       /* round is out */
    struct buf ask;     /* body of the question */
    struct buf answer;  /* frames; the job's while it works */
    size_t sent;        /* of them */
    bool saved;         /* the command left something to send; the job's while it works */
    struct arena arena; /* words of the question */
    struct round round;
    struct presence presence; /* as it was when the question came */
};

struct relay {
    struct relay_cfg cfg;
    struct listener *listener; /* NULL once closed */
    struct asker *askers;
    unsigned askers_count; /* of the above */
    bool closing;
    relay_cb on_closed;
    void *closed_arg;
};

static void end_when_quiet(struct relay *relay)
{
    if (!relay->closing || relay->listener != NULL || relay->askers != NULL)
        return;
    relay_cb cb = relay->on_closed;
    void *arg = relay->closed_arg;
    mem_free(relay);
    if (cb != NULL)
        cb(arg);
}

static void forget(struct asker *asker)
{
    if (asker->conn != NULL || asker->working || asker->waiting)
        return;
    struct relay *relay = asker->relay;
    struct asker **at = &relay->askers;
    while (*at != asker)
        at = &(*at)->next;
    *at = asker->next;
    relay->askers_count--;
    buf_done(&asker->ask);
    buf_done(&asker->answer);
    arena_done(&asker->arena);
    mem_free(asker);
    end_when_quiet(relay);
}

static struct asker *asker_of(struct job *job)
{
    return (struct asker *)((char *)job - offsetof(struct asker, job));
}

/* ---- the store's thread ---- */

static enum err write_answer(void *ctx, enum cmd_stream stream, struct str bytes)
{
    struct asker *asker = ctx;
    while (bytes.n > 0) {
        size_t n = bytes.n < CMD_CHUNK_BYTES ? bytes.n : CMD_CHUNK_BYTES;
        size_t begun = frame_begin(&asker->answer);
        pack_array(&asker->answer, 2);
        pack_int(&asker->answer, stream);
        pack_bin(&asker->answer, (struct str){bytes.p, n});
        frame_end(&asker->answer, begun);
        bytes = (struct str){bytes.p + n, bytes.n - n};
    }
    return asker->answer.err;
}

static void put_exit(struct buf *out, int status)
{
    size_t begun = frame_begin(out);
    pack_array(out, 2);
    pack_int(out, RELAY_EXIT);
    pack_int(out, status);
    frame_end(out, begun);
}

static void write_exit(struct asker *asker, int status)
{
    if (asker->answer.err != ERR_OK) {
        buf_clear(&asker->answer);
        status = CMD_AWAY;
    }
    put_exit(&asker->answer, status);
}

/* The words of the question; 0 when it makes no sense. */
static int read_words(struct asker *asker, struct cmd *c, const char **argv)
{
    struct cur cur = cur_of(asker->ask.p, asker->ask.n);
    uint32_t items = unpack_array(&cur);
    if (unpack_int(&cur) != RELAY_VERSION || items <= RELAY_HEAD ||
        items - RELAY_HEAD > ARGS_WORDS_MAX)
        return 0;
    c->color = unpack_bool(&cur);
    c->columns = (int)unpack_int_in(&cur, 1, 10000);
    say_here(unpack_str(&cur));
    struct str cwd = unpack_bin(&cur);
    c->cwd = arena_copy(&asker->arena, cwd.p, cwd.n);
    int n = 0;
    for (uint32_t i = RELAY_HEAD; i < items && !cur.bad; i++) {
        struct str word = unpack_bin(&cur);
        argv[n] = arena_copy(&asker->arena, word.p, word.n);
        if (argv[n++] == NULL)
            return 0;
    }
    return cur.bad || c->cwd == NULL ? 0 : n;
}

/* Grows with whatever a command leaves to be sent, or to be fetched. */
static uint64_t last_op(const struct cmd *c)
{
    return c->store == NULL ? 0 : store_last_op(c->store) + content_wishes(c->store);
}

static void on_run(struct job *job)
{
    struct asker *asker = asker_of(job);
    const struct relay_cfg *cfg = &asker->relay->cfg;
    struct cmd c = {.store = cfg->local->store,
                    .dir = cfg->dir,
                    .presence = cfg->presence == NULL ? NULL : &asker->presence,
                    .round = cfg->on_round == NULL ? NULL : &asker->round,
                    .gate = cfg->gate,
                    .write = write_answer,
                    .ctx = asker};
    const char **argv = mem_array(ARGS_WORDS_MAX, sizeof *argv);
    /* What became of a round can be told without the replica: it may just have been wiped. */
    bool can = argv != NULL && (c.store != NULL || asker->round.over);
    int argc = can ? read_words(asker, &c, argv) : 0;
    uint64_t before = last_op(&c);
    int status = argc == 0 ? CMD_AWAY : commands_run(&c, argc, argv);
    say_here_over();
    asker->saved = c.store != NULL && store_last_op(c.store) != before;
    if (!asker->round.asked || asker->round.over)
        write_exit(asker, status);
    mem_free(argv);
}

/* ---- the loop's thread ---- */

/* Nothing was done, and the asker hears so. */
static void turn_away(struct conn *conn)
{
    struct buf frame = {0};
    put_exit(&frame, CMD_AWAY);
    if (frame.err == ERR_OK)
        (void)conn_send(conn, frame.p, frame.n);
    conn_close(conn, frame.err);
    buf_done(&frame);
}

static void send_more(struct asker *asker)
{
    size_t queued = 0;
    while (asker->sent < asker->answer.n && queued < CONN_OUT_BYTES_HIGH) {
        size_t n = asker->answer.n - asker->sent;
        n = n < CMD_CHUNK_BYTES ? n : CMD_CHUNK_BYTES;
        queued = conn_send(asker->conn, asker->answer.p + asker->sent, n);
        asker->sent += n;
    }
    if (asker->sent == asker->answer.n)
        conn_close(asker->conn, ERR_OK);
}

static void on_done(struct job *job)
{
    struct asker *asker = asker_of(job);
    const struct relay_cfg *cfg = &asker->relay->cfg;
    bool wants_round = asker->round.asked && !asker->round.over;
    asker->working = false;
    if (wants_round && asker->conn != NULL) {
        asker->waiting = true;
        conn_deadline(asker->conn, RELAY_ANSWER_MS, 1);
        cfg->on_round(cfg->arg, &asker->round);
        return;
    }
    if (cfg->on_run != NULL && !wants_round)
        cfg->on_run(cfg->arg, asker->saved);
    if (asker->conn == NULL) {
        forget(asker); /* nobody waits for it any more; what was done is done */
        return;
    }
    conn_deadline(asker->conn, RELAY_TAKE_MS, 1);
    send_more(asker);
}

static enum err submit(struct asker *asker)
{
    asker->job = (struct job){.run = on_run, .done = on_done};
    enum err err = jobs_submit(asker->relay->cfg.jobs, &asker->job);
    asker->working = err == ERR_OK;
    return err;
}

static void take_question(struct asker *asker, struct conn_event *event)
{
    struct str body;
    size_t used = 0;
    size_t checked = 0;
    if (asker->asked) {
        event->took = event->data.n; /* one question a connection */
        return;
    }
    enum err err = frame_next(event->data, FRAME_BYTES_MAX, &body, &used);
    if (err == ERR_OK && body.p == NULL)
        return;
    event->took = event->data.n;
    if (err == ERR_OK)
        err = pack_check(body, 2, PACK_NODES_MAX, &checked);
    if (err == ERR_OK) {
        buf_add(&asker->ask, body.p, body.n);
        err = asker->ask.err;
    }
    asker->asked = true;
    if (asker->relay->cfg.presence != NULL)
        asker->presence = *asker->relay->cfg.presence;
    if (err != ERR_OK)
        conn_close(asker->conn, err);
    else if (submit(asker) == ERR_OK)
        conn_deadline(asker->conn, RELAY_ANSWER_MS, 0);
    else
        turn_away(asker->conn);
}

void relay_round_over(struct round *round)
{
    struct asker *asker = (struct asker *)((char *)round - offsetof(struct asker, round));
    must(asker->waiting);
    asker->waiting = false;
    round->over = true;
    if (submit(asker) != ERR_OK) /* what was done cannot be told */
        conn_close(asker->conn, ERR_LIMIT);
}

void relay_keep(struct relay *relay)
{
    struct buf frame = {0};
    size_t begun = frame_begin(&frame);
    pack_array(&frame, 2);
    pack_int(&frame, CMD_TALK);
    pack_bin(&frame, (struct str){NULL, 0});
    frame_end(&frame, begun);
    for (struct asker *asker = relay == NULL ? NULL : relay->askers; asker != NULL;
         asker = asker->next)
        if (asker->waiting && asker->conn != NULL && frame.err == ERR_OK)
            (void)conn_send(asker->conn, frame.p, frame.n);
    buf_done(&frame);
}

static void drop_round(struct asker *asker)
{
    const struct relay_cfg *cfg = &asker->relay->cfg;
    if (!asker->waiting)
        return;
    asker->waiting = false;
    cfg->on_gone(cfg->arg, &asker->round);
}

static void on_conn(struct conn *conn, struct conn_event *event, void *arg)
{
    struct asker *asker = arg;
    switch (event->kind) {
    case CONN_OPEN:
        conn_deadline(conn, RELAY_ASK_MS, 0);
        break;
    case CONN_DATA:
        take_question(asker, event);
        break;
    case CONN_DRAINED:
        if (!asker->working && !asker->waiting && asker->asked)
            send_more(asker);
        break;
    case CONN_CLOSED:
        asker->conn = NULL;
        conn_free(conn);
        drop_round(asker);
        forget(asker);
        break;
    }
}

/* One of those for whom there is no place. */
static void on_extra(struct conn *conn, struct conn_event *event, void *arg)
{
    (void)arg;
    switch (event->kind) {
    case CONN_OPEN:
        turn_away(conn);
        break;
    case CONN_DATA:
        event->took = event->data.n;
        break;
    case CONN_DRAINED:
        break;
    case CONN_CLOSED:
        conn_free(conn);
        break;
    }
}

static void on_asker(struct listener *listener, struct conn *conn, void *arg)
{
    struct relay *relay = arg;
    (void)listener;
    if (relay->askers_count >= RELAY_ASKERS_MAX) {
        conn_listen_to(conn, on_extra, NULL);
        return;
    }
    struct asker *asker = mem_new(sizeof *asker);
    if (asker == NULL) {
        conn_discard(conn);
        return;
    }
    asker->relay = relay;
    asker->conn = conn;
    asker->next = relay->askers;
    relay->askers = asker;
    relay->askers_count++;
    buf_init(&asker->answer, RELAY_ANSWER_BYTES_MAX);
    conn_listen_to(conn, on_conn, asker);
}

enum err relay_open(const struct relay_cfg *cfg, struct relay **out, struct note *why)
{
    struct relay *relay = mem_new(sizeof *relay);
    struct buf path = {0};
    if (relay == NULL)
        return ERR_NOMEM;
    relay->cfg = *cfg;
    struct listen_cfg listen = {
        .total_max = RELAY_ASKERS_MAX + RELAY_TURNED_AWAY_MAX, .cb = on_asker, .arg = relay};
    enum err err = file_join(&path, cfg->dir, RELAY_SOCKET);
    if (err == ERR_OK)
        err = listen_unix(cfg->loop, (const char *)path.p, &listen, &relay->listener, why);
    buf_done(&path);
    if (err == ERR_OK)
        *out = relay;
    else
        mem_free(relay);
    return err;
}

static void on_listener_closed(void *arg)
{
    struct relay *relay = arg;
    relay->listener = NULL;
    end_when_quiet(relay);
}

void relay_close(struct relay *relay, relay_cb cb, void *arg)
{
    if (relay == NULL) {
        if (cb != NULL)
            cb(arg);
        return;
    }
    relay->closing = true;
    relay->on_closed = cb;
    relay->closed_arg = arg;
    for (struct asker *asker = relay->askers; asker != NULL; asker = asker->next) {
        if (!asker->asked)
            conn_abort(asker->conn, ERR_CLOSED);
    }
    listen_close(relay->listener, on_listener_closed, relay);
}
