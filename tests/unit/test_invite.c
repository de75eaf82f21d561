/* SPDX-License-Identifier: Apache-2.0 */
#include "io/invite.h"

#include "io/crypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct invite sample(const char *host)
{
    struct invite invite = {.server.port = 4433};
    memcpy(invite.server.host, host, strlen(host));
    for (unsigned i = 0; i < INVITE_CA_BYTES; i++)
        invite.ca[i] = (uint8_t)(i * 37 + 5);
    for (unsigned i = 0; i < INVITE_ID_BYTES; i++)
        invite.id[i] = (uint8_t)(255 - i);
    for (unsigned i = 0; i < INVITE_SECRET_BYTES; i++)
        invite.secret[i] = (uint8_t)(i * 11);
    return invite;
}

static void same(const struct invite *a, const struct invite *b)
{
    assert_string_equal(a->server.host, b->server.host);
    assert_int_equal(a->server.port, b->server.port);
    assert_memory_equal(a->ca, b->ca, sizeof a->ca);
    assert_memory_equal(a->id, b->id, sizeof a->id);
    assert_memory_equal(a->secret, b->secret, sizeof a->secret);
}

static void a_code_reads_back_for_every_length_of_host(void **state)
{
    (void)state;
    char host[ADDRESS_HOST_BYTES] = "";
    for (size_t n = 1; n < sizeof host; n++) {
        host[n - 1] = (char)('a' + n % 26);
        struct invite invite = sample(host);
        struct invite back;
        struct buf code = {0};
        invite_print(&invite, &code);
        assert_int_equal(invite_parse(buf_str(&code), &back, NULL), ERR_OK);
        same(&invite, &back);
        buf_done(&code);
    }
}

static void a_code_may_be_typed_carelessly(void **state)
{
    (void)state;
    struct invite invite = sample("sync.exemple.invalid");
    struct invite back;
    struct buf code = {0};
    struct buf typed = {0};
    invite_print(&invite, &code);
    for (size_t i = 0; i < code.n; i++) {
        char c = (char)code.p[i];
        if (c == '-')
            continue;
        if (c >= 'A' && c <= 'Z' && i % 2 == 0)
            c = (char)(c - 'A' + 'a');
        if (c == '0')
            c = i % 2 == 0 ? 'o' : 'O';
        if (c == '1')
            c = "iIlL"[i % 4];
        buf_u8(&typed, (uint8_t)c);
        if (i % 7 == 0)
            buf_text(&typed, " - \n");
    }
    assert_int_equal(invite_parse(buf_str(&typed), &back, NULL), ERR_OK);
    same(&invite, &back);
    buf_done(&code);
    buf_done(&typed);
}

static void every_single_wrong_letter_is_noticed(void **state)
{
    (void)state;
    struct invite invite = sample("127.0.0.1");
    struct invite back;
    struct note why;
    struct buf code = {0};
    invite_print(&invite, &code);
    for (size_t i = 0; i < code.n; i++) {
        uint8_t was = code.p[i];
        if (was == '-')
            continue;
        code.p[i] = was == 'X' ? 'Y' : 'X';
        assert_int_equal(invite_parse(buf_str(&code), &back, &why), ERR_INVALID);
        assert_true(why.text[0] != '\0');
        code.p[i] = was;
    }
    for (size_t n = 0; n < code.n; n++) /* cut short */
        assert_int_equal(invite_parse((struct str){(char *)code.p, n}, &back, &why),
                         ERR_INVALID);
    buf_done(&code);
}

static void a_code_never_names_a_host_that_is_none(void **state)
{
    (void)state;
    static const char *const hosts[] = {"", "a b", "a/b", "h\xC3\xA9", "a\nb"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct invite invite = sample(hosts[i]);
        struct invite back;
        struct buf code = {0};
        invite_print(&invite, &code);
        assert_int_equal(invite_parse(buf_str(&code), &back, NULL), ERR_INVALID);
        buf_done(&code);
    }
    struct buf long_one = {0};
    for (int i = 0; i <= INVITE_CODE_BYTES_MAX; i++)
        buf_u8(&long_one, '0');
    struct invite back;
    assert_int_equal(invite_parse(buf_str(&long_one), &back, NULL), ERR_LIMIT);
    buf_done(&long_one);
}

static void a_proof_depends_on_every_part(void **state)
{
    (void)state;
    crypt_start();
    struct invite invite = sample("127.0.0.1");
    struct str csr = STR("request");
    char nonce[INVITE_NONCE_BYTES] = "0123456789abcde";
    struct str n = {nonce, sizeof nonce};
    uint8_t key[INVITE_PROOF_BYTES];
    uint8_t a[INVITE_PROOF_BYTES];
    uint8_t b[INVITE_PROOF_BYTES];
    invite_proof_key(invite.secret, key);
    invite_proof_client(key, invite.ca, csr, n, a);
    invite_proof_server(key, invite.ca, csr, n, b);
    assert_memory_not_equal(a, b, sizeof a);
    invite_proof_client(key, invite.ca, STR("requesT"), n, b);
    assert_memory_not_equal(a, b, sizeof a);
    nonce[3] ^= 1;
    invite_proof_client(key, invite.ca, csr, n, b);
    assert_memory_not_equal(a, b, sizeof a);
    nonce[3] ^= 1;
    invite.ca[31] ^= 1;
    invite_proof_client(key, invite.ca, csr, n, b);
    assert_memory_not_equal(a, b, sizeof a);
    invite.ca[31] ^= 1;
    key[0] ^= 1;
    invite_proof_client(key, invite.ca, csr, n, b);
    assert_memory_not_equal(a, b, sizeof a);
    key[0] ^= 1;
    invite_proof_client(key, invite.ca, csr, n, b);
    assert_memory_equal(a, b, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_reads_back_for_every_length_of_host),
        cmocka_unit_test(a_code_may_be_typed_carelessly),
        cmocka_unit_test(every_single_wrong_letter_is_noticed),
        cmocka_unit_test(a_code_never_names_a_host_that_is_none),
        cmocka_unit_test(a_proof_depends_on_every_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
