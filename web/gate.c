/* SPDX-License-Identifier: Apache-2.0 */
#include "web/gate.h"

#include "io/crypt.h"
#include "proto/mem.h"

#include <stdio.h>

enum { NONCE_BYTES = 16, END_BYTES = 8, SEALED_BYTES = END_BYTES + NONCE_BYTES };

static void print_hex(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

static bool read_hex(struct str text, uint8_t *out, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    if (text.n != 2 * n)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        const char *at = text.p[i] == '\0' ? NULL : strchr(digits, text.p[i]);
        if (at == NULL)
            return false;
        uint8_t digit = (uint8_t)(at - digits);
        out[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : out[i / 2] | digit);
    }
    return true;
}

void gate_init(struct gate *gate, uint16_t port, const uint8_t *chance)
{
    *gate = (struct gate){.port = port};
    memcpy(gate->key, chance, GATE_SECRET_BYTES);
    gate_lock(gate, chance + GATE_SECRET_BYTES);
}

void gate_lock(struct gate *gate, const uint8_t *chance)
{
    print_hex(chance, GATE_SECRET_BYTES, gate->cookie);
    print_hex(chance + GATE_SECRET_BYTES, GATE_SECRET_BYTES, gate->csrf);
}

bool gate_forgotten(struct gate *gate, int64_t now_mono_ms, int64_t idle_ms, bool open)
{
    bool long_ago = gate->touched_ms > 0 && now_mono_ms - gate->touched_ms > idle_ms;
    gate->touched_ms = now_mono_ms;
    return long_ago && idle_ms > 0 && !open;
}

/* ---- tickets ---- */

static void seal(const struct gate *gate, const uint8_t sealed[SEALED_BYTES],
                 uint8_t out[CRYPT_DIGEST_BYTES])
{
    struct str part = {(const char *)sealed, SEALED_BYTES};
    crypt_hmac_sha256((struct str){(const char *)gate->key, sizeof gate->key}, &part, 1, out);
}

void gate_link(const struct gate *gate, int64_t now_ms, const uint8_t nonce[static 16],
               char out[static GATE_LINK_BYTES])
{
    uint8_t ticket[SEALED_BYTES + CRYPT_DIGEST_BYTES];
    uint64_t end = (uint64_t)(now_ms + GATE_TICKET_MS);
    for (size_t i = 0; i < END_BYTES; i++)
        ticket[i] = (uint8_t)(end >> (8 * (END_BYTES - 1 - i)));
    memcpy(ticket + END_BYTES, nonce, NONCE_BYTES);
    seal(gate, ticket, ticket + SEALED_BYTES);
    int n = snprintf(out, GATE_LINK_BYTES, "http://127.0.0.1:%u/#", (unsigned)gate->port);
    must(n > 0 && (size_t)n + 2 * sizeof ticket < GATE_LINK_BYTES);
    print_hex(ticket, sizeof ticket, out + n);
}

/* The place for one more nonce; NULL when it was used, or when too many were in this time. */
static uint8_t *place(struct gate *gate, int64_t now_ms, const uint8_t *nonce, size_t *slot)
{
    uint8_t *found = NULL;
    for (size_t i = 0; i < GATE_USED_MAX; i++) {
        if (gate->used_until_ms[i] > now_ms &&
            mem_differ(gate->used[i], nonce, NONCE_BYTES) == 0)
            return NULL;
        if (gate->used_until_ms[i] <= now_ms) {
            found = gate->used[i];
            *slot = i;
        }
    }
    return found;
}

bool gate_open(struct gate *gate, int64_t now_ms, struct str ticket)
{
    uint8_t bytes[SEALED_BYTES + CRYPT_DIGEST_BYTES];
    uint8_t right[CRYPT_DIGEST_BYTES];
    size_t slot = 0;
    int64_t end = 0;
    if (!read_hex(ticket, bytes, sizeof bytes))
        return false;
    seal(gate, bytes, right);
    if (mem_differ(right, bytes + SEALED_BYTES, sizeof right) != 0)
        return false;
    for (size_t i = 0; i < END_BYTES; i++)
        end = (end << 8) | bytes[i];
    uint8_t *at = end <= now_ms || end > now_ms + GATE_TICKET_MS
                      ? NULL
                      : place(gate, now_ms, bytes + END_BYTES, &slot);
    if (at == NULL)
        return false;
    memcpy(at, bytes + END_BYTES, NONCE_BYTES);
    gate->used_until_ms[slot] = end;
    return true;
}

void gate_cookie(const struct gate *gate, struct buf *out)
{
    buf_printf(out, "jalon-%u=%s; HttpOnly; SameSite=Strict; Path=/", (unsigned)gate->port,
               gate->cookie);
}

/* ---- requests ---- */

static bool host_is_ours(const struct gate *gate, struct str host)
{
    static const char *const names[] = {"127.0.0.1", "[::1]", "localhost"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "%s:%u", names[i], (unsigned)gate->port);
        if (str_eq(host, str_of(text)))
            return true;
    }
    return false;
}

/* Browsers say where the page that asks came from. Absent: no browser, or an old one. */
static bool site_is_ours(const struct http_request *request, enum gate_need need)
{
    struct str site = http_header(request, "Sec-Fetch-Site");
    if (!http_has(request, "Sec-Fetch-Site"))
        return need == GATE_ANYBODY || need == GATE_GUEST;
    if (str_eq(site, STR("same-origin")))
        return true;
    /* Typed into the address bar, or opened by a program. */
    if (str_eq(site, STR("none")))
        return need == GATE_ANYBODY;
    /* A link from elsewhere may show the page, which holds no data, but not embed it. */
    return need == GATE_ANYBODY &&
           str_eq(http_header(request, "Sec-Fetch-Mode"), STR("navigate"));
}

static bool origin_is_ours(const struct http_request *request)
{
    struct str origin = http_header(request, "Origin");
    struct str scheme = STR("http://");
    return origin.n > scheme.n && memcmp(origin.p, scheme.p, scheme.n) == 0 &&
           str_eq((struct str){origin.p + scheme.n, origin.n - scheme.n}, request->host);
}

static bool word_is(struct str given, const char *word)
{
    return given.n == strlen(word) && mem_differ(given.p, word, given.n) == 0;
}

/* The cookie of that name among "a=b; c=d". */
static struct str cookie_value(struct str all, struct str name)
{
    while (all.n > 0) {
        const char *end = memchr(all.p, ';', all.n);
        size_t n = end == NULL ? all.n : (size_t)(end - all.p);
        if (n > name.n && memcmp(all.p, name.p, name.n) == 0 && all.p[name.n] == '=')
            return (struct str){all.p + name.n + 1, n - name.n - 1};
        n += end == NULL ? 0 : 1;
        all = (struct str){all.p + n, all.n - n};
        while (all.n > 0 && all.p[0] == ' ')
            all = (struct str){all.p + 1, all.n - 1};
    }
    return (struct str){NULL, 0};
}

static bool cookie_is_ours(const struct gate *gate, const struct http_request *request)
{
    char name[32];
    (void)snprintf(name, sizeof name, "jalon-%u", (unsigned)gate->port);
    return word_is(cookie_value(http_header(request, "Cookie"), str_of(name)), gate->cookie);
}

int gate_check(const struct gate *gate, const struct http_request *request, enum gate_need need)
{
    bool changes = need == GATE_TICKET || need == GATE_HAND;
    if (!host_is_ours(gate, request->host) || !site_is_ours(request, need))
        return 403;
    if (http_has(request, "Origin") && !origin_is_ours(request))
        return 403;
    if (changes && !http_has(request, "Origin"))
        return 403;
    if (need >= GATE_GUEST && !cookie_is_ours(gate, request))
        return 401;
    if (need == GATE_HAND && !word_is(http_header(request, "X-Jalon-Csrf"), gate->csrf))
        return 403;
    return 0;
}
