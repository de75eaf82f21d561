/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP/1.1 server on this machine's own addresses, for this user: connections, requests one
 * after the other, answers now or later, streams of events. */
#ifndef IO_HTTPD_H
#define IO_HTTPD_H

#include "io/http.h"
#include "io/loop.h"

enum {
    HTTPD_CONNS_MAX = 16,         /* at once, both addresses together twice that */
    HTTPD_HEAD_MS = 10 * 1000,    /* for a head to come, once begun … */
    HTTPD_IDLE_MS = 60 * 1000,    /* … or for the next request to begin */
    HTTPD_BODY_MS = 30 * 1000,    /* without a byte of the body */
    HTTPD_ANSWER_MS = 600 * 1000, /* until the owner answers; a peer takes some of it in 60 s */
    HTTPD_PIECE_BYTES = 64 * 1024, /* of an answer, handed on at once */
};

struct httpd;
/* One request and its answer. The server's; it lives until the owner answers it, also when the
 * peer has gone meanwhile. */
struct exchange {
    struct http_request request; /* views into `head` */
    struct buf head;
    struct buf body; /* whole when on_request is called */
    size_t body_max; /* on_head sets it; 0: no body is allowed */
    void *mine;      /* the owner's */
};

struct httpd_cfg {
    struct loop *loop;
    uint16_t port; /* 0 picks one */
    /* The head has come: 0 lets the request through, else it is answered with this status. */
    int (*on_head)(void *arg, struct exchange *x);
    /* All of it has come. The owner answers now or later: httpd_answer or httpd_stream. */
    void (*on_request)(void *arg, struct exchange *x);
    /* A stream's peer has gone: x is freed after this call. */
    void (*on_gone)(void *arg, struct exchange *x);
    /* Headers every answer carries, whole lines; the errors of the server itself too. */
    struct str common;
    void *arg;
};
typedef void (*httpd_closed_cb)(void *arg);

/* Listen on 127.0.0.1 and, where this machine has it, [::1], the same port. cfg is copied.
 * Connections of other users of this machine are closed at once, as far as the kernel tells
 * whose they are. BUSY: the port is taken; IO, NOMEM. */
NODISCARD enum err httpd_open(const struct httpd_cfg *cfg, struct httpd **out,
                              struct note *why);
uint16_t httpd_port(const struct httpd *httpd);
/* Answer; `headers` are whole lines that follow the common ones, `body` is copied; no body goes
 * out for HEAD and 304. x is not the owner's any more. Loop thread, also from inside
 * on_request. */
void httpd_answer(struct httpd *httpd, struct exchange *x, int status, struct str headers,
                  struct str body);
/* Begin a stream of events: the connection stays, x too, until on_gone. */
void httpd_stream(struct httpd *httpd, struct exchange *x);
/* Hand bytes on to the stream. A peer that does not read loses the connection. */
void httpd_push(struct exchange *x, struct str bytes);
/* Take no more, end all connections, then `cb`; every exchange that was handed over must still
 * be answered. on_gone comes for the streams. NULL calls it at once. */
void httpd_close(struct httpd *httpd, httpd_closed_cb cb, void *arg);

#endif
