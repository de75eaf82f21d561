/* SPDX-License-Identifier: Apache-2.0 */
#include "io/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define HOST "Host: 127.0.0.1:8080\r\n"
#define BYTES(literal)                                                                         \
    {                                                                                          \
        (literal), sizeof(literal) - 1                                                         \
    }

/* What no reader may let through: programs differ in what they make of it. */
static const struct str malformed[] = {
    BYTES("GET / HTTP/1.1\nHost: a\n\n"),                  /* bare line feeds */
    BYTES("GET / HTTP/1.1\r\nHost: a\n\r\n"),              /* … in a header */
    BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n"), /* bare carriage return */
    BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n"), /* NUL */
    BYTES("GET / HTTP/1.1\r\n\r\n"),                       /* no host */
    BYTES("GET / HTTP/1.1\r\nHost:\r\n\r\n"),              /* an empty one */
    BYTES("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), /* two */
    BYTES("GET /\r\n\r\n"),                                /* HTTP/0.9 */
    BYTES("GET / HTTP/1.0\r\nHost: a\r\n\r\n"),            /* 1.0 */
    BYTES("GET / HTTP/2.0\r\nHost: a\r\n\r\n"),            /* 2.0 */
    BYTES("GET / http/1.1\r\nHost: a\r\n\r\n"),            /* lower case */
    BYTES("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),           /* blank behind the version */
    BYTES("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),           /* two blanks */
    BYTES("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),           /* tab */
    BYTES(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"),           /* blank before */
    BYTES("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),        /* empty line before */
    BYTES("G(T / HTTP/1.1\r\nHost: a\r\n\r\n"),            /* no token */
    BYTES("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),    /* absolute target */
    BYTES("GET * HTTP/1.1\r\nHost: a\r\n\r\n"),            /* asterisk */
    BYTES("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),         /* fragment */
    BYTES("GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"),    /* not ASCII */
    BYTES("GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n"),        /* DEL */
    BYTES("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"), /* obs-fold */
    BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tfolded\r\n\r\n"),
    BYTES("GET / HTTP/1.1\r\nHost : a\r\n\r\n"),            /* blank before the colon */
    BYTES("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"),      /* empty name */
    BYTES("GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n"), /* no colon */
    BYTES("GET / HTTP/1.1\r\nHost: a\r\nX\xff: b\r\n\r\n"), /* name not a token */
    BYTES("GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n"),  /* control character */
    BYTES("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
    BYTES("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"),
    BYTES("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"),
    BYTES("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n"),
    BYTES("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
    BYTES("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n"),
    BYTES("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n"),
    BYTES("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"),
    BYTES("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"),
    BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), /* TLS on a plain port */
    BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),             /* HTTP/2 */
};

static void malformed_requests_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        struct http_request request;
        size_t used = 0;
        enum err err = http_read(malformed[i], &request, &used);
        if (err != ERR_FORMAT || used != 0)
            fail_msg("%zu: %s, %zu used: %s", i, err_name(err), used, malformed[i].p);
    }
}

/* However the bytes are cut, the answer is the same, and never an earlier one. */
static void a_malformed_request_is_refused_in_any_pieces(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        enum err err = ERR_OK;
        size_t used = 0;
        for (size_t n = 0; n <= malformed[i].n && err == ERR_OK; n++) {
            struct http_request request;
            char *piece = malloc(n + 1);
            assert_non_null(piece);
            memcpy(piece, malformed[i].p, n);
            err = http_read((struct str){piece, n}, &request, &used);
            free(piece);
            assert_int_equal(used, 0);
        }
        assert_int_equal(err, ERR_FORMAT);
    }
}

static void a_whole_head_is_taken_and_no_byte_more(void **state)
{
    (void)state;
    struct str bytes = BYTES("POST /api/save?a=b%20c&d HTTP/1.1\r\n" HOST
                             "content-length: 12\r\nX-Empty:\r\nX-Tab: \ta b\t \r\n\r\n"
                             "{\"a\":\"b\"}   GET");
    struct http_request request;
    size_t used = 0;
    for (size_t n = 0; n < bytes.n - 15; n++) {
        assert_int_equal(http_read((struct str){bytes.p, n}, &request, &used), ERR_OK);
        assert_int_equal(used, 0);
    }
    assert_int_equal(http_read(bytes, &request, &used), ERR_OK);
    assert_int_equal(used, bytes.n - 15);
    assert_int_equal(request.method, HTTP_POST);
    assert_true(str_eq(request.path, STR("/api/save")));
    assert_true(str_eq(request.query, STR("a=b%20c&d")));
    assert_true(str_eq(request.host, STR("127.0.0.1:8080")));
    assert_int_equal(request.length, 12);
    assert_int_equal(request.count, 4);
    assert_true(str_eq(http_header(&request, "x-tab"), STR("a b")));
    assert_true(http_has(&request, "X-EMPTY"));
    assert_int_equal(http_header(&request, "X-Empty").n, 0);
    assert_false(http_has(&request, "X-Other"));
    assert_false(request.close);
}

static enum err read_text(const char *text, struct http_request *out)
{
    size_t used = 0;
    return http_read(str_of(text), out, &used);
}

static void other_methods_are_understood_as_such(void **state)
{
    (void)state;
    struct http_request request;
    assert_int_equal(read_text("DELETE / HTTP/1.1\r\n" HOST "\r\n", &request), ERR_OK);
    assert_int_equal(request.method, HTTP_OTHER);
    assert_int_equal(read_text("get / HTTP/1.1\r\n" HOST "\r\n", &request), ERR_OK);
    assert_int_equal(request.method, HTTP_OTHER);
    assert_int_equal(
        read_text("HEAD / HTTP/1.1\r\n" HOST "Connection: Close\r\n\r\n", &request), ERR_OK);
    assert_int_equal(request.method, HTTP_HEAD);
    assert_true(request.close);
}

/* A head of so many bytes: one header fills it. */
static enum err read_long(size_t n, size_t headers)
{
    struct buf head = {0};
    struct http_request request;
    size_t used = 0;
    buf_text(&head, "GET / HTTP/1.1\r\n" HOST);
    for (size_t i = 0; i < headers; i++)
        buf_text(&head, "X: y\r\n");
    buf_text(&head, "Z: ");
    while (head.n + 4 < n)
        buf_u8(&head, 'z');
    buf_text(&head, "\r\n\r\n");
    enum err err = http_read(buf_str(&head), &request, &used);
    assert_true(err != ERR_OK || used == head.n);
    buf_done(&head);
    return err;
}

static void heads_have_limits(void **state)
{
    (void)state;
    assert_int_equal(read_long(HTTP_HEAD_BYTES_MAX, 0), ERR_OK);
    assert_int_equal(read_long(HTTP_HEAD_BYTES_MAX + 1, 0), ERR_LIMIT);
    assert_int_equal(read_long(0, HTTP_HEADERS_MAX - 2), ERR_OK);
    assert_int_equal(read_long(0, HTTP_HEADERS_MAX - 1), ERR_LIMIT);
}

static void a_head_without_end_is_over_the_limit(void **state)
{
    (void)state;
    static char bytes[HTTP_HEAD_BYTES_MAX];
    struct http_request request;
    size_t used = 0;
    memset(bytes, 'a', sizeof bytes);
    struct str all = {bytes, sizeof bytes};
    assert_int_equal(http_read((struct str){bytes, sizeof bytes - 1}, &request, &used), ERR_OK);
    assert_int_equal(http_read(all, &request, &used), ERR_LIMIT);
}

static void a_target_has_a_limit(void **state)
{
    (void)state;
    struct buf head = {0};
    struct http_request request;
    size_t used = 0;
    buf_text(&head, "GET /");
    for (int i = 0; i < HTTP_TARGET_BYTES_MAX; i++)
        buf_u8(&head, 'a');
    buf_text(&head, " HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(http_read(buf_str(&head), &request, &used), ERR_LIMIT);
    buf_done(&head);
}

static void escapes_are_undone_or_refused(void **state)
{
    static const struct {
        const char *text;
        bool query;
        const char *out; /* NULL: refused */
    } cases[] = {
        {"", true, ""},
        {"a+b%20c", true, "a b c"},
        {"a+b", false, "a+b"},
        {"%C3%A9", true, "é"},
        {"%c3%a9t%C3%a9", true, "été"},
        {"", true, ""},
        {"%", true, NULL},
        {"%4", true, NULL},
        {"%g1", true, NULL},
        {"%00", true, NULL},
        {"%ff", true, NULL},
        {"%C3", true, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out = {0};
        enum err err = http_decode(str_of(cases[i].text), cases[i].query, &out);
        assert_int_equal(err, cases[i].out == NULL ? ERR_FORMAT : ERR_OK);
        if (cases[i].out != NULL)
            assert_true(str_eq(buf_str(&out), str_of(cases[i].out)));
        buf_done(&out);
    }
}

static void a_query_comes_apart(void **state)
{
    (void)state;
    struct str rest = STR("a=1&&b&c=&=d&e=f=g");
    const char *const pairs[][2] = {{"a", "1"}, {"b", ""}, {"c", ""}, {"", "d"}, {"e", "f=g"}};
    struct str name;
    struct str value;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_true(http_pair(&rest, &name, &value));
        assert_true(str_eq(name, str_of(pairs[i][0])));
        assert_true(str_eq(value, str_of(pairs[i][1])));
    }
    assert_false(http_pair(&rest, &name, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_requests_are_refused),
        cmocka_unit_test(a_malformed_request_is_refused_in_any_pieces),
        cmocka_unit_test(a_whole_head_is_taken_and_no_byte_more),
        cmocka_unit_test(other_methods_are_understood_as_such),
        cmocka_unit_test(heads_have_limits),
        cmocka_unit_test(a_head_without_end_is_over_the_limit),
        cmocka_unit_test(a_target_has_a_limit),
        cmocka_unit_test(escapes_are_undone_or_refused),
        cmocka_unit_test(a_query_comes_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
