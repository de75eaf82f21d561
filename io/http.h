/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 on the wire, as strictly as one can read it: the head of a request in, the head of
 * an answer out. Pure: bytes in, bytes out. */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include "proto/buf.h"

enum {
    HTTP_HEAD_BYTES_MAX = 8 * 1024,   /* request line and headers */
    HTTP_HEADERS_MAX = 64,            /* … of one request */
    HTTP_TARGET_BYTES_MAX = 4 * 1024, /* path and query */
    HTTP_LENGTH_DIGITS_MAX = 15,      /* of Content-Length */
};

enum http_method { HTTP_OTHER, HTTP_GET, HTTP_HEAD, HTTP_POST };

struct http_header {
    struct str name;  /* as written: compare with http_is */
    struct str value; /* without blanks around it */
};

/* One request; views into the bytes it was read from. */
struct http_request {
    enum http_method method;
    struct str path;  /* from '/' on, as written: no %XX is undone */
    struct str query; /* behind the '?', or empty */
    struct str host;  /* of the one Host header */
    uint64_t length;  /* bytes of the body that follows */
    bool close;       /* the peer wants the connection closed after the answer */
    size_t count;     /* headers */
    struct http_header headers[HTTP_HEADERS_MAX];
};

/* Read the head that `bytes` begin with. *used = its length, 0 when it is not whole yet.
 * FORMAT: not a request as RFC 9112 writes them, or one of those forms that programs read
 * differently: bare line feeds, folded headers, blanks before a colon, none or several hosts,
 * two lengths, a transfer coding, an absolute target, another version than 1.1. LIMIT: longer
 * than the limits above. On an error nothing else may be read from this peer. */
NODISCARD enum err http_read(struct str bytes, struct http_request *out, size_t *used);

/* The value of a header; {NULL, 0} when it is not there, and when it is there more than once.
 */
struct str http_header(const struct http_request *request, const char *name);
/* Is that header there, once or more? */
bool http_has(const struct http_request *request, const char *name);
/* ASCII without regard to case. */
bool http_is(struct str a, const char *b);
/* Undo %XX and, in a query, '+'. Appends; FORMAT when an escape is cut or the result is not
 * UTF-8 without NUL. */
NODISCARD enum err http_decode(struct str text, bool query, struct buf *out);
/* Step to the next name=value of a query or form: false at its end. Still encoded. */
bool http_pair(struct str *rest, struct str *name, struct str *value);

/* The reason that goes with a status, such as "Not Found". Never NULL. */
const char *http_reason(int status);
/* Append the status line. Headers follow, each by http_line, then the empty line. */
void http_status(struct buf *out, int status);
void http_line(struct buf *out, const char *name, struct str value);
void http_end(struct buf *out);

#endif
