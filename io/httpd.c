/* SPDX-License-Identifier: Apache-2.0 */
/* A connection reads a head, then a body, hands the exchange over, and reads no further until
 * it is answered. Streams stay in the last state until one side ends them. */
#include "io/httpd.h"

#include "io/listen.h"
#include "io/owner.h"
#include "proto/mem.h"

enum state { IN_HEAD, IN_BODY, IN_ANSWER, IN_STREAM };

struct line {
    struct exchange x; /* first: what the owner sees; its own lives longer than the peer */
    struct httpd *httpd;
    struct line *next;
    struct conn *conn; /* NULL once closed */
    enum state state;
    bool handed; /* x is the owner's */
    bool judged; /* the kernel said whose the peer is */
    bool begun;  /* some of the head has come */
    bool last;   /* the connection ends with this answer */
    struct buf answer;
    size_t sent; /* of it */
};

struct httpd {
    struct httpd_cfg cfg;
    struct listener *listeners[2]; /* NULL once closed */
    struct buf common;             /* cfg.common */
    struct line *lines;
    unsigned count; /* of lines */
    uint16_t port;
    bool closing;
    httpd_closed_cb on_closed;
    void *closed_arg;
};

static struct line *line_of(struct exchange *x)
{
    return (struct line *)((char *)x - offsetof(struct line, x));
}

static void end_when_quiet(struct httpd *httpd)
{
    if (!httpd->closing || httpd->lines != NULL || httpd->listeners[0] != NULL ||
        httpd->listeners[1] != NULL)
        return;
    httpd_closed_cb cb = httpd->on_closed;
    void *arg = httpd->closed_arg;
    buf_done(&httpd->common);
    mem_free(httpd);
    if (cb != NULL)
        cb(arg);
}

static void forget(struct line *line)
{
    if (line->conn != NULL || line->handed)
        return;
    struct httpd *httpd = line->httpd;
    struct line **at = &httpd->lines;
    while (*at != line)
        at = &(*at)->next;
    *at = line->next;
    httpd->count--;
    buf_done(&line->x.head);
    buf_done(&line->x.body);
    buf_done(&line->answer);
    mem_free(line);
    end_when_quiet(httpd);
}

/* ---- answers ---- */

static void send_more(struct line *line)
{
    size_t queued = 0;
    while (line->sent < line->answer.n && queued < CONN_OUT_BYTES_HIGH) {
        size_t n = line->answer.n - line->sent;
        n = n < HTTPD_PIECE_BYTES ? n : HTTPD_PIECE_BYTES;
        queued = conn_send(line->conn, line->answer.p + line->sent, n);
        line->sent += n;
    }
    if (line->sent < line->answer.n)
        return;
    if (line->last || line->httpd->closing) {
        conn_close(line->conn, ERR_OK);
        return;
    }
    buf_done(&line->answer);
    buf_done(&line->x.head);
    buf_done(&line->x.body);
    line->sent = 0;
    line->x = (struct exchange){.mine = NULL};
    line->state = IN_HEAD;
    conn_deadline(line->conn, HTTPD_IDLE_MS, 0);
    conn_resume(line->conn);
}

static void put_head(struct line *line, int status, struct str headers)
{
    struct buf *out = &line->answer;
    struct str common = buf_str(&line->httpd->common);
    http_status(out, status);
    buf_add(out, common.p, common.n);
    buf_add(out, headers.p, headers.n);
}

static void put_answer(struct line *line, int status, struct str headers, struct str body)
{
    bool none = line->x.request.method == HTTP_HEAD || status == 304 || status == 204;
    put_head(line, status, headers);
    if (status != 304 && status != 204)
        buf_printf(&line->answer, "Content-Length: %zu\r\n", body.n);
    if (line->last)
        http_line(&line->answer, "Connection", STR("close"));
    http_end(&line->answer);
    if (!none)
        buf_add(&line->answer, body.p, body.n);
}

static void start_sending(struct line *line)
{
    line->state = IN_ANSWER;
    conn_pause(line->conn);
    conn_deadline(line->conn, HTTPD_ANSWER_MS, 1);
    if (line->answer.err != ERR_OK)
        conn_abort(line->conn, line->answer.err);
    else
        send_more(line);
}

/* An answer of the server's own, after which nothing more is read. */
static void refuse(struct line *line, int status)
{
    line->last = true;
    put_answer(line, status, STR("Content-Type: text/plain; charset=utf-8\r\n"),
               str_of(http_reason(status)));
    start_sending(line);
}

void httpd_answer(struct httpd *httpd, struct exchange *x, int status, struct str headers,
                  struct str body)
{
    struct line *line = line_of(x);
    must(line->handed && line->state == IN_ANSWER && line->httpd == httpd);
    line->handed = false;
    if (line->conn == NULL) {
        forget(line);
        return;
    }
    put_answer(line, status, headers, body);
    start_sending(line);
}

void httpd_stream(struct httpd *httpd, struct exchange *x)
{
    struct line *line = line_of(x);
    must(line->handed && line->state == IN_ANSWER && line->httpd == httpd);
    line->state = IN_STREAM;
    if (line->conn == NULL) {
        line->handed = false;
        httpd->cfg.on_gone(httpd->cfg.arg, x);
        forget(line);
        return;
    }
    put_head(line, 200, STR("Content-Type: text/event-stream\r\nConnection: close\r\n"));
    http_end(&line->answer);
    if (line->answer.err == ERR_OK)
        (void)conn_send(line->conn, line->answer.p, line->answer.n);
    else
        conn_abort(line->conn, line->answer.err);
    conn_deadline(line->conn, HTTPD_ANSWER_MS, 1);
    conn_resume(line->conn);
}

void httpd_push(struct exchange *x, struct str bytes)
{
    struct line *line = line_of(x);
    if (line->conn == NULL)
        return;
    if (conn_send(line->conn, bytes.p, bytes.n) >= CONN_OUT_BYTES_HIGH)
        conn_abort(line->conn, ERR_LIMIT);
}

/* ---- requests ---- */

static void hand_over(struct line *line)
{
    line->state = IN_ANSWER;
    line->handed = true;
    conn_pause(line->conn);
    conn_deadline(line->conn, HTTPD_ANSWER_MS, 1);
    line->httpd->cfg.on_request(line->httpd->cfg.arg, &line->x);
}

/* The views of the request must not point into the connection's buffer. */
static enum err keep_head(struct line *line, struct str head)
{
    size_t used = 0;
    buf_add(&line->x.head, head.p, head.n);
    if (line->x.head.err != ERR_OK)
        return line->x.head.err;
    return http_read(buf_str(&line->x.head), &line->x.request, &used);
}

static void take_head(struct line *line, struct conn_event *event)
{
    struct httpd *httpd = line->httpd;
    size_t used = 0;
    enum err err = http_read(event->data, &line->x.request, &used);
    if (err == ERR_OK && used > 0)
        err = keep_head(line, (struct str){event->data.p, used});
    if (err != ERR_OK) {
        event->took = event->data.n;
        refuse(line, err == ERR_LIMIT ? 431 : err == ERR_FORMAT ? 400 : 503);
        return;
    }
    if (used == 0 && !line->begun) /* one term for all of it, however slowly it drips */
        conn_deadline(line->conn, HTTPD_HEAD_MS, 0);
    line->begun = used == 0;
    if (used == 0)
        return;
    event->took = used;
    line->last = line->x.request.close;
    int status = httpd->cfg.on_head(httpd->cfg.arg, &line->x);
    if (status == 0 && line->x.request.length > line->x.body_max)
        status = 413;
    if (status != 0)
        refuse(line, status);
    else if (line->x.request.length == 0)
        hand_over(line);
    else
        line->state = IN_BODY;
}

static void take_body(struct line *line, struct conn_event *event)
{
    size_t wanted = (size_t)line->x.request.length - line->x.body.n;
    event->took = event->data.n < wanted ? event->data.n : wanted;
    buf_add(&line->x.body, event->data.p, event->took);
    conn_deadline(line->conn, HTTPD_BODY_MS, 1);
    if (line->x.body.err != ERR_OK)
        refuse(line, 503);
    else if (event->took == wanted)
        hand_over(line);
}

/* Loopback is not private: the other users of this machine reach it too. */
static bool ours(struct line *line)
{
    if (!line->judged && owner_of_peer(conn_fd(line->conn)) == OWNER_OTHER)
        return false;
    line->judged = true;
    return true;
}

static void on_data(struct line *line, struct conn_event *event)
{
    if (!ours(line)) {
        event->took = event->data.n;
        conn_abort(line->conn, ERR_REFUSED);
        return;
    }
    switch (line->state) {
    case IN_HEAD:
        take_head(line, event);
        break;
    case IN_BODY:
        take_body(line, event);
        break;
    case IN_ANSWER: /* paused */
        break;
    case IN_STREAM: /* nothing is asked of us any more */
        event->took = event->data.n;
        break;
    }
}

static void on_end(struct line *line)
{
    struct httpd *httpd = line->httpd;
    conn_free(line->conn);
    line->conn = NULL;
    if (line->state == IN_STREAM) {
        line->handed = false;
        httpd->cfg.on_gone(httpd->cfg.arg, &line->x);
    }
    forget(line);
}

static void on_conn(struct conn *conn, struct conn_event *event, void *arg)
{
    struct line *line = arg;
    switch (event->kind) {
    case CONN_OPEN:
        conn_deadline(conn, HTTPD_IDLE_MS, 0);
        break;
    case CONN_DATA:
        on_data(line, event);
        break;
    case CONN_DRAINED:
        if (line->state == IN_ANSWER && !line->handed)
            send_more(line);
        break;
    case CONN_CLOSED:
        on_end(line);
        break;
    }
}

static void on_peer(struct listener *listener, struct conn *conn, void *arg)
{
    struct httpd *httpd = arg;
    (void)listener;
    struct line *line = httpd->closing ? NULL : mem_new(sizeof *line);
    if (line == NULL) {
        conn_discard(conn);
        return;
    }
    line->httpd = httpd;
    line->conn = conn;
    line->next = httpd->lines;
    httpd->lines = line;
    httpd->count++;
    conn_listen_to(conn, on_conn, line);
}

/* ---- life ---- */

static enum err port_of(struct listener *listener, uint16_t *out)
{
    struct address address;
    enum err err = address_parse(listen_address(listener), 0, &address, NULL);
    if (err == ERR_OK)
        *out = address.port;
    return err;
}

static enum err listen_both(struct httpd *httpd, struct note *why)
{
    struct listen_cfg cfg = {.total_max = HTTPD_CONNS_MAX, .cb = on_peer, .arg = httpd};
    struct address four = {.host = "127.0.0.1", .port = httpd->cfg.port};
    enum err err = listen_tcp(httpd->cfg.loop, &four, &cfg, &httpd->listeners[0], why);
    if (err == ERR_OK)
        err = port_of(httpd->listeners[0], &httpd->port);
    if (err != ERR_OK)
        return err;
    /* Not every machine has IPv6, and somebody else may hold that port: then without. */
    struct address six = {.host = "::1", .port = httpd->port};
    if (listen_tcp(httpd->cfg.loop, &six, &cfg, &httpd->listeners[1], NULL) != ERR_OK)
        httpd->listeners[1] = NULL;
    return ERR_OK;
}

enum err httpd_open(const struct httpd_cfg *cfg, struct httpd **out, struct note *why)
{
    struct httpd *httpd = mem_new(sizeof *httpd);
    if (httpd == NULL)
        return ERR_NOMEM;
    httpd->cfg = *cfg;
    buf_add(&httpd->common, cfg->common.p, cfg->common.n);
    enum err err = httpd->common.err;
    if (err == ERR_OK)
        err = listen_both(httpd, why);
    if (err == ERR_OK) {
        *out = httpd;
        return ERR_OK;
    }
    httpd_close(httpd, NULL, NULL);
    return err;
}

uint16_t httpd_port(const struct httpd *httpd)
{
    return httpd->port;
}

static void on_first_closed(void *arg)
{
    struct httpd *httpd = arg;
    httpd->listeners[0] = NULL;
    end_when_quiet(httpd);
}

static void on_second_closed(void *arg)
{
    struct httpd *httpd = arg;
    httpd->listeners[1] = NULL;
    end_when_quiet(httpd);
}

void httpd_close(struct httpd *httpd, httpd_closed_cb cb, void *arg)
{
    if (httpd == NULL) {
        if (cb != NULL)
            cb(arg);
        return;
    }
    httpd->closing = true;
    httpd->on_closed = cb;
    httpd->closed_arg = arg;
    for (struct line *line = httpd->lines; line != NULL; line = line->next)
        if (line->conn != NULL && line->state != IN_ANSWER)
            conn_close(line->conn, ERR_OK);
    if (httpd->listeners[0] != NULL)
        listen_close(httpd->listeners[0], on_first_closed, httpd);
    if (httpd->listeners[1] != NULL)
        listen_close(httpd->listeners[1], on_second_closed, httpd);
    if (httpd->listeners[0] == NULL)
        end_when_quiet(httpd);
}
