/* SPDX-License-Identifier: Apache-2.0 */
#include "web/gate.h"

#include "io/crypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { PORT = 4321 };
static const int64_t NOW = 1790000000000;
#define US "Host: 127.0.0.1:4321\r\n"
#define ORIGIN "Origin: http://127.0.0.1:4321\r\n"
#define SAME "Sec-Fetch-Site: same-origin\r\n"

static struct gate gate;

static int make_gate(void **state)
{
    uint8_t chance[3 * GATE_SECRET_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof chance; i++)
        chance[i] = (uint8_t)i;
    crypt_start();
    gate_init(&gate, PORT, chance);
    return 0;
}

static struct str ticket_of(const char *link)
{
    return str_of(strchr(link, '#') + 1);
}

static void new_link(uint8_t nonce, int64_t now_ms, char out[static GATE_LINK_BYTES])
{
    uint8_t bytes[16] = {nonce};
    gate_link(&gate, now_ms, bytes, out);
}

static void a_ticket_opens_once(void **state)
{
    char link[GATE_LINK_BYTES];
    (void)state;
    new_link(1, NOW, link);
    assert_memory_equal(link, "http://127.0.0.1:4321/#", 23);
    assert_true(gate_open(&gate, NOW + 1, ticket_of(link)));
    assert_false(gate_open(&gate, NOW + 2, ticket_of(link)));
    new_link(2, NOW, link);
    assert_true(gate_open(&gate, NOW + 3, ticket_of(link)));
}

static void a_ticket_has_its_time(void **state)
{
    char link[GATE_LINK_BYTES];
    (void)state;
    new_link(1, NOW, link);
    assert_false(gate_open(&gate, NOW + GATE_TICKET_MS, ticket_of(link)));
    assert_false(gate_open(&gate, NOW - 1, ticket_of(link)));
    assert_true(gate_open(&gate, NOW + GATE_TICKET_MS - 1, ticket_of(link)));
}

static void a_changed_ticket_opens_nothing(void **state)
{
    char link[GATE_LINK_BYTES];
    (void)state;
    new_link(1, NOW, link);
    struct str ticket = ticket_of(link);
    char *p = link + (ticket.p - link);
    for (size_t i = 0; i < ticket.n; i++) {
        char was = p[i];
        p[i] = was == '0' ? '1' : '0';
        assert_false(gate_open(&gate, NOW + 1, ticket));
        p[i] = was;
    }
    assert_false(gate_open(&gate, NOW + 1, (struct str){ticket.p, ticket.n - 1}));
    assert_false(gate_open(&gate, NOW + 1, (struct str){NULL, 0}));
    assert_true(gate_open(&gate, NOW + 1, ticket));
}

static void too_many_tickets_open_nothing_more_until_they_are_old(void **state)
{
    char link[GATE_LINK_BYTES];
    (void)state;
    for (int i = 0; i < GATE_USED_MAX; i++) {
        new_link((uint8_t)(i + 1), NOW, link);
        assert_true(gate_open(&gate, NOW + 1, ticket_of(link)));
    }
    new_link(200, NOW, link);
    assert_false(gate_open(&gate, NOW + 1, ticket_of(link)));
    new_link(201, NOW + GATE_TICKET_MS, link);
    assert_true(gate_open(&gate, NOW + GATE_TICKET_MS, ticket_of(link)));
}

/* The status a request with these headers gets; %s in them: cookie value and CSRF word. */
static int check(const char *headers, enum gate_need need)
{
    struct buf head = {0};
    struct http_request request;
    size_t used = 0;
    buf_text(&head, "POST /api/save HTTP/1.1\r\n");
    for (const char *p = headers; *p != '\0'; p++) {
        if (strncmp(p, "@cookie", 7) == 0) {
            buf_text(&head, gate.cookie);
            p += 6;
        } else if (strncmp(p, "@csrf", 5) == 0) {
            buf_text(&head, gate.csrf);
            p += 4;
        } else {
            buf_u8(&head, (uint8_t)*p);
        }
    }
    buf_text(&head, "\r\n");
    assert_int_equal(http_read(buf_str(&head), &request, &used), ERR_OK);
    int status = gate_check(&gate, &request, need);
    buf_done(&head);
    return status;
}

static void who_may_come_in(void **state)
{
#define COOKIE "Cookie: a=b; jalon-4321=@cookie\r\n"
#define CSRF "X-Jalon-Csrf: @csrf\r\n"
    static const struct {
        const char *headers;
        int anybody, ticket, guest, hand;
    } cases[] = {
        {US, 0, 403, 401, 403},
        {US COOKIE, 0, 403, 0, 403},
        {US COOKIE SAME, 0, 403, 0, 403},
        {US COOKIE SAME ORIGIN, 0, 0, 0, 403},
        {US COOKIE SAME ORIGIN CSRF, 0, 0, 0, 0},
        {US SAME ORIGIN CSRF, 0, 0, 401, 401},
        {US SAME ORIGIN, 0, 0, 401, 401},
        {US COOKIE ORIGIN CSRF, 0, 403, 0, 403}, /* a browser that does not say where from */
        {"Host: localhost:4321\r\n" COOKIE SAME, 0, 403, 0, 403},
        {"Host: [::1]:4321\r\n" COOKIE SAME, 0, 403, 0, 403},
        {"Host: localhost:4321\r\nOrigin: http://localhost:4321\r\n" COOKIE SAME CSRF, 0, 0, 0,
         0},
        /* another name, port or form of address */
        {"Host: evil.example:4321\r\n" COOKIE SAME ORIGIN CSRF, 403, 403, 403, 403},
        {"Host: 127.0.0.1:4322\r\n" COOKIE SAME ORIGIN CSRF, 403, 403, 403, 403},
        {"Host: 127.0.0.1\r\n" COOKIE SAME ORIGIN CSRF, 403, 403, 403, 403},
        {"Host: LOCALHOST:4321\r\n" COOKIE SAME, 403, 403, 403, 403},
        {"Host: 127.0.0.1:4321.evil.example\r\n" COOKIE SAME, 403, 403, 403, 403},
        {"Host: 0.0.0.0:4321\r\n" COOKIE SAME, 403, 403, 403, 403},
        /* another origin */
        {US COOKIE SAME CSRF "Origin: http://evil.example\r\n", 403, 403, 403, 403},
        {US COOKIE SAME CSRF "Origin: null\r\n", 403, 403, 403, 403},
        {US COOKIE SAME CSRF "Origin: https://127.0.0.1:4321\r\n", 403, 403, 403, 403},
        {US COOKIE SAME CSRF "Origin: http://localhost:4321\r\n", 403, 403, 403, 403},
        {US COOKIE CSRF ORIGIN "Sec-Fetch-Site: cross-site\r\n", 403, 403, 403, 403},
        {US COOKIE CSRF ORIGIN "Sec-Fetch-Site: same-site\r\n", 403, 403, 403, 403},
        {US COOKIE CSRF ORIGIN "Sec-Fetch-Site: none\r\n", 0, 403, 403, 403},
        {US COOKIE SAME SAME ORIGIN CSRF, 403, 403, 403, 403}, /* said twice */
        /* a link on another page may be followed, but shows no data by itself */
        {US "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", 0, 403, 403, 403},
        {US "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n", 403, 403, 403, 403},
        /* wrong words */
        {US SAME ORIGIN CSRF "Cookie: jalon-4321=\r\n", 0, 0, 401, 401},
        {US SAME ORIGIN CSRF "Cookie: jalon-4321=@csrf\r\n", 0, 0, 401, 401},
        {US SAME ORIGIN CSRF "Cookie: jalon-4322=@cookie\r\n", 0, 0, 401, 401},
        {US SAME ORIGIN CSRF "Cookie: xjalon-4321=@cookie\r\n", 0, 0, 401, 401},
        {US COOKIE SAME ORIGIN "X-Jalon-Csrf: @cookie\r\n", 0, 0, 0, 403},
        {US COOKIE SAME ORIGIN "X-Jalon-Csrf: \r\n", 0, 0, 0, 403},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s", cases[i].headers);
        assert_int_equal(check(cases[i].headers, GATE_ANYBODY), cases[i].anybody);
        assert_int_equal(check(cases[i].headers, GATE_TICKET), cases[i].ticket);
        assert_int_equal(check(cases[i].headers, GATE_GUEST), cases[i].guest);
        assert_int_equal(check(cases[i].headers, GATE_HAND), cases[i].hand);
    }
}

static void the_cookie_is_for_the_browser_alone(void **state)
{
    struct buf out = {0};
    (void)state;
    gate_cookie(&gate, &out);
    buf_u8(&out, 0);
    assert_int_equal(out.err, ERR_OK);
    assert_non_null(strstr((char *)out.p, "; HttpOnly"));
    assert_non_null(strstr((char *)out.p, "; SameSite=Strict"));
    assert_null(strstr((char *)out.p, "Domain"));
    assert_null(strstr((char *)out.p, gate.csrf));
    buf_done(&out);
}

static void after_the_lock_whoever_was_inside_needs_a_link(void **state)
{
    uint8_t chance[2 * GATE_SECRET_BYTES];
    char old[128];
    char link[GATE_LINK_BYTES];
    (void)state;
    memset(chance, 7, sizeof chance);
    new_link(1, NOW, link);
    (void)snprintf(old, sizeof old, US "Cookie: jalon-4321=%s\r\n", gate.cookie);
    assert_int_equal(check(old, GATE_GUEST), 0);
    gate_lock(&gate, chance);
    assert_int_equal(check(old, GATE_GUEST), 401);
    assert_int_equal(check(US COOKIE, GATE_GUEST), 0);
    assert_true(gate_open(&gate, NOW + 1, ticket_of(link)));
}

static void whoever_closed_the_page_and_comes_back_late_is_forgotten(void **state)
{
    enum { IDLE_MS = 600 * 1000 };
    (void)state;
    assert_false(gate_forgotten(&gate, 5000000, IDLE_MS, false)); /* the first time ever */
    assert_false(gate_forgotten(&gate, 5000000 + IDLE_MS, IDLE_MS, false));
    assert_false(gate_forgotten(&gate, 5000000 + 2 * IDLE_MS, IDLE_MS, false));
    assert_true(gate_forgotten(&gate, 5000001 + 3 * IDLE_MS, IDLE_MS, false));
    assert_false(gate_forgotten(&gate, 5000002 + 3 * IDLE_MS, IDLE_MS, false));
    assert_false(
        gate_forgotten(&gate, 5000000 + 9 * IDLE_MS, IDLE_MS, true));      /* a page is open */
    assert_false(gate_forgotten(&gate, 5000000 + 20 * IDLE_MS, 0, false)); /* never wanted */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_ticket_opens_once, make_gate),
        cmocka_unit_test_setup(a_ticket_has_its_time, make_gate),
        cmocka_unit_test_setup(a_changed_ticket_opens_nothing, make_gate),
        cmocka_unit_test_setup(too_many_tickets_open_nothing_more_until_they_are_old,
                               make_gate),
        cmocka_unit_test_setup(who_may_come_in, make_gate),
        cmocka_unit_test_setup(the_cookie_is_for_the_browser_alone, make_gate),
        cmocka_unit_test_setup(after_the_lock_whoever_was_inside_needs_a_link, make_gate),
        cmocka_unit_test_setup(whoever_closed_the_page_and_comes_back_late_is_forgotten,
                               make_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
