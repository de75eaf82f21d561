/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http.h"

/* ---- characters ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* tchar of RFC 9110: what names of methods and headers are made of. */
static bool is_token(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_digit(s.p[i]) && !is_letter(s.p[i]) &&
            (s.p[i] == '\0' || strchr("!#$%&'*+-.^_`|~", s.p[i]) == NULL))
            return false;
    return s.n > 0;
}

/* Visible ASCII that a path or query may hold. */
static bool is_target(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7F || strchr("\"#<>\\^`{|}", s.p[i]) != NULL)
            return false;
    return s.n > 0 && s.p[0] == '/';
}

/* Anything but control characters; the tab is one that is allowed. */
static bool is_value(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < ' ' && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool http_is(struct str a, const char *b)
{
    size_t n = strlen(b);
    for (size_t i = 0; i < n && i < a.n; i++)
        if (lower(a.p[i]) != lower(b[i]))
            return false;
    return a.n == n;
}

static struct str trim(struct str s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = (struct str){s.p + 1, s.n - 1};
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

/* ---- the request line ---- */

/* Cut what stands before the first `c` off *rest, and `c` itself. False when there is none. */
static bool cut(struct str *rest, char c, struct str *before)
{
    const char *at = rest->n == 0 ? NULL : memchr(rest->p, c, rest->n);
    if (at == NULL)
        return false;
    *before = (struct str){rest->p, (size_t)(at - rest->p)};
    *rest = (struct str){at + 1, rest->n - before->n - 1};
    return true;
}

static enum http_method method_of(struct str word)
{
    if (str_eq(word, STR("GET")))
        return HTTP_GET;
    if (str_eq(word, STR("HEAD")))
        return HTTP_HEAD;
    return str_eq(word, STR("POST")) ? HTTP_POST : HTTP_OTHER;
}

static enum err read_line(struct str line, struct http_request *out)
{
    struct str method;
    struct str target;
    if (!cut(&line, ' ', &method) || !cut(&line, ' ', &target))
        return ERR_FORMAT;
    if (!is_token(method) || !str_eq(line, STR("HTTP/1.1")) || !is_target(target))
        return ERR_FORMAT;
    if (target.n > HTTP_TARGET_BYTES_MAX)
        return ERR_LIMIT;
    out->method = method_of(method);
    out->query = target;
    if (cut(&out->query, '?', &out->path))
        return ERR_OK;
    out->path = target;
    out->query = (struct str){NULL, 0};
    return ERR_OK;
}

/* ---- headers ---- */

static enum err read_header(struct str line, struct http_request *out)
{
    struct str name;
    if (!cut(&line, ':', &name) || !is_token(name) || !is_value(line))
        return ERR_FORMAT;
    if (out->count == HTTP_HEADERS_MAX)
        return ERR_LIMIT;
    out->headers[out->count++] = (struct http_header){name, trim(line)};
    return ERR_OK;
}

static size_t count_of(const struct http_request *request, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < request->count; i++)
        n += http_is(request->headers[i].name, name);
    return n;
}

struct str http_header(const struct http_request *request, const char *name)
{
    struct str found = {NULL, 0};
    if (count_of(request, name) != 1)
        return found;
    for (size_t i = 0; i < request->count; i++)
        if (http_is(request->headers[i].name, name))
            found = request->headers[i].value;
    return found;
}

bool http_has(const struct http_request *request, const char *name)
{
    return count_of(request, name) > 0;
}

static enum err read_length(struct http_request *out)
{
    struct str text = http_header(out, "Content-Length");
    if (!http_has(out, "Content-Length"))
        return ERR_OK;
    if (text.n == 0 || text.n > HTTP_LENGTH_DIGITS_MAX)
        return ERR_FORMAT;
    for (size_t i = 0; i < text.n; i++) {
        if (!is_digit(text.p[i]))
            return ERR_FORMAT;
        out->length = out->length * 10 + (uint64_t)(text.p[i] - '0');
    }
    return ERR_OK;
}

/* What all headers together must say. */
static enum err check(struct http_request *out)
{
    out->host = http_header(out, "Host");
    if (out->host.n == 0 || http_has(out, "Transfer-Encoding"))
        return ERR_FORMAT;
    out->close = http_is(http_header(out, "Connection"), "close");
    return read_length(out);
}

/* The line at *at, without its CRLF; false when it has not come whole. A line feed alone, a
 * carriage return alone and NUL are found in it later, by is_value and its like. */
static bool next_line(struct str bytes, size_t *at, struct str *line)
{
    for (size_t i = *at; i + 1 < bytes.n; i++) {
        if (bytes.p[i] != '\r' || bytes.p[i + 1] != '\n')
            continue;
        *line = (struct str){bytes.p + *at, i - *at};
        *at = i + 2;
        return true;
    }
    return false;
}

enum err http_read(struct str bytes, struct http_request *out, size_t *used)
{
    size_t at = 0;
    struct str line;
    bool begun = false;
    *used = 0;
    *out = (struct http_request){.method = HTTP_OTHER};
    if (bytes.n > 0 && !is_letter(bytes.p[0]))
        return ERR_FORMAT;
    /* Line ends that are none: say so at once, rather than wait for one. */
    for (size_t i = 0; i < bytes.n && i < HTTP_HEAD_BYTES_MAX && !begun; i++) {
        if (bytes.p[i] == '\n' && (i == 0 || bytes.p[i - 1] != '\r'))
            return ERR_FORMAT;
        begun = bytes.p[i] == '\n';
    }
    if (begun && !next_line(bytes, &at, &line))
        return ERR_FORMAT;
    enum err err = begun ? read_line(line, out) : ERR_OK;
    while (begun && err == ERR_OK && next_line(bytes, &at, &line)) {
        if (at > HTTP_HEAD_BYTES_MAX)
            return ERR_LIMIT;
        if (line.n == 0) {
            err = check(out);
            *used = err == ERR_OK ? at : 0;
            return err;
        }
        err = read_header(line, out);
    }
    if (err == ERR_OK && bytes.n >= HTTP_HEAD_BYTES_MAX)
        return ERR_LIMIT;
    return err;
}

/* ---- what names and values are made of ---- */

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum err http_decode(struct str text, bool query, struct buf *out)
{
    size_t start = out->n;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            int high = i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
            int low = i + 2 < text.n ? hex_digit(text.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return ERR_FORMAT;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && query) {
            c = ' ';
        }
        buf_u8(out, (uint8_t)c);
    }
    if (out->err != ERR_OK)
        return out->err;
    if (out->n == start)
        return ERR_OK;
    struct str decoded = {(const char *)out->p + start, out->n - start};
    return str_utf8(decoded) ? ERR_OK : ERR_FORMAT;
}

bool http_pair(struct str *rest, struct str *name, struct str *value)
{
    struct str pair;
    while (rest->n > 0) {
        if (!cut(rest, '&', &pair)) {
            pair = *rest;
            *rest = (struct str){NULL, 0};
        }
        if (pair.n == 0)
            continue;
        *value = pair;
        if (!cut(value, '=', name)) {
            *name = pair;
            *value = (struct str){NULL, 0};
        }
        return true;
    }
    return false;
}

/* ---- answers ---- */

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

const char *http_reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

void http_status(struct buf *out, int status)
{
    buf_printf(out, "HTTP/1.1 %d %s\r\n", status, http_reason(status));
}

void http_line(struct buf *out, const char *name, struct str value)
{
    must(is_value(value));
    buf_text(out, name);
    buf_text(out, ": ");
    buf_add(out, value.p, value.n);
    buf_text(out, "\r\n");
}

void http_end(struct buf *out)
{
    buf_text(out, "\r\n");
}
