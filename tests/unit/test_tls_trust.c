/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in: where an end must misbehave, the library is driven directly. */
#include "io/compat_mbedtls.h"
#include "io/crypt.h"
#include "io/tls.h"
#include "tests/support/ends.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct network ours;
static struct network theirs;

static int setup(void **state)
{
    (void)state;
    crypt_start();
    network_init(&ours);
    network_init(&theirs);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    network_done(&ours);
    network_done(&theirs);
    return 0;
}

static void assert_says(struct end *from, struct end *to, const char *text)
{
    size_t had = to->out.n;
    buf_text(&from->in, text);
    end_run(from, to, SIZE_MAX);
    assert_int_equal(from->in.n, 0);
    assert_int_equal(to->out.n - had, strlen(text));
    assert_memory_equal(to->out.p + had, text, strlen(text));
}

static void assert_peer(const struct end *end, const uint8_t id[CERT_FINGERPRINT_BYTES])
{
    uint8_t key[CERT_FINGERPRINT_BYTES];
    assert_true(tls_peer_key(end->tls, key));
    assert_memory_equal(key, id, sizeof key);
}

/* A misbehaving end: the library itself behind the same two streams. */
struct raw {
    mbedtls_ssl_config conf;
    mbedtls_ssl_context ssl;
    mbedtls_x509_crt chain;
    mbedtls_pk_context key;
    struct buf in;
    struct buf out;
};

static int raw_send(void *arg, const unsigned char *p, size_t n)
{
    struct raw *raw = arg;
    buf_add(&raw->out, p, n);
    return (int)n;
}

static int raw_recv(void *arg, unsigned char *p, size_t n)
{
    struct raw *raw = arg;
    if (raw->in.n == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    if (n > raw->in.n)
        n = raw->in.n;
    memcpy(p, raw->in.p, n);
    buf_drop(&raw->in, n);
    return (int)n;
}

static void raw_add(struct raw *raw, const struct buf *cert)
{
    assert_int_equal(mbedtls_x509_crt_parse_der(&raw->chain, cert->p, cert->n), 0);
}

static void raw_init(struct raw *raw, bool server, const struct buf *key)
{
    memset(raw, 0, sizeof *raw);
    mbedtls_ssl_config_init(&raw->conf);
    mbedtls_ssl_init(&raw->ssl);
    mbedtls_x509_crt_init(&raw->chain);
    mbedtls_pk_init(&raw->key);
    assert_int_equal(mbedtls_ssl_config_defaults(
                         &raw->conf, server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                         MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT),
                     0);
    mbedtls_ssl_conf_rng(&raw->conf, compat_rng, NULL);
    mbedtls_ssl_conf_authmode(&raw->conf, MBEDTLS_SSL_VERIFY_NONE);
    compat_ssl_limits(&raw->conf, 0);
    if (key != NULL)
        assert_int_equal(compat_pk_parse_key(&raw->key, key->p, key->n), 0);
}

static void raw_ready(struct raw *raw, bool alpn)
{
    static const char *protocols[] = {TLS_ALPN, NULL};
    if (raw->chain.version != 0)
        assert_int_equal(mbedtls_ssl_conf_own_cert(&raw->conf, &raw->chain, &raw->key), 0);
    if (alpn)
        assert_int_equal(mbedtls_ssl_conf_alpn_protocols(&raw->conf, protocols), 0);
    assert_int_equal(mbedtls_ssl_setup(&raw->ssl, &raw->conf), 0);
    assert_int_equal(mbedtls_ssl_set_hostname(&raw->ssl, CERT_SERVER_NAME), 0);
    mbedtls_ssl_set_bio(&raw->ssl, raw, raw_send, raw_recv, NULL);
}

static void raw_done(struct raw *raw)
{
    mbedtls_ssl_free(&raw->ssl);
    mbedtls_ssl_config_free(&raw->conf);
    mbedtls_x509_crt_free(&raw->chain);
    mbedtls_pk_free(&raw->key);
    buf_done(&raw->in);
    buf_done(&raw->out);
}

static int raw_step(struct raw *raw)
{
    unsigned char byte = 0;
    if (!compat_ssl_over(&raw->ssl))
        return mbedtls_ssl_handshake(&raw->ssl);
    return mbedtls_ssl_read(&raw->ssl, &byte, 1);
}

/* Handshake, then reads, until nothing moves; what ended it for the library, or 0. */
static int raw_run(struct raw *raw, struct end *end)
{
    int fatal = 0;
    for (int quiet = 0; quiet < 2;) {
        end_step(end);
        struct buf *out = tls_out(end->tls);
        size_t moved = out->n + raw->out.n;
        buf_add(&raw->in, out->p, out->n);
        buf_clear(out);
        if (raw->out.n > 0)
            assert_int_equal(tls_feed(end->tls, raw->out.p, raw->out.n), ERR_OK);
        buf_clear(&raw->out);
        int ret = fatal == 0 ? raw_step(raw) : 0;
        if (ret < 0 && ret != MBEDTLS_ERR_SSL_WANT_READ)
            fatal = ret;
        quiet = moved == 0 ? quiet + 1 : 0;
    }
    return fatal;
}

static void client_without_certificate_has_no_key(void **state)
{
    (void)state;
    for (int only12 = 0; only12 < 2; only12++) {
        struct pair pair;
        pair_init(&pair, network_pinned(&ours, only12), network_server(&ours));
        end_run(&pair.client, &pair.server, SIZE_MAX);
        assert_true(tls_open(pair.server.tls));
        assert_true(tls_open(pair.client.tls));
        uint8_t key[CERT_FINGERPRINT_BYTES];
        assert_false(tls_peer_key(pair.server.tls, key));
        assert_peer(&pair.client, ours.server_id);
        assert_says(&pair.client, &pair.server, "may I come in?");
        assert_says(&pair.server, &pair.client, "you may");
        pair_done(&pair);
    }
}

/* Our client against a server it must not trust: nothing of the plaintext may leave. */
static void assert_not_our_server(struct tls_config *client_cfg, struct raw *raw, enum err want)
{
    struct end client;
    end_init(&client, client_cfg, NULL);
    buf_text(&client.in, "secret");
    (void)raw_run(raw, &client);
    assert_int_equal(client.err, want);
    assert_false(tls_open(client.tls));
    assert_int_equal(client.in.n, strlen("secret"));
    end_step(&client);
    assert_int_equal(client.err, want);
    end_done(&client);
    tls_config_free(client_cfg);
}

static void server_of_another_ca_is_refused(void **state)
{
    (void)state;
    for (int only12 = 0; only12 < 2; only12++) {
        for (int pinned = 0; pinned < 2; pinned++) {
            struct raw raw;
            raw_init(&raw, true, &theirs.server_key);
            raw_add(&raw, &theirs.server);
            raw_add(&raw, &theirs.ca);
            raw_ready(&raw, true);
            assert_not_our_server(pinned ? network_pinned(&ours, only12)
                                         : network_client(&ours, only12),
                                  &raw, ERR_IDENTITY);
            raw_done(&raw);
        }
    }
}

static struct tls_config *client_with_next(const uint8_t *next, bool only12)
{
    struct tls_config *cfg = NULL;
    struct tls_setup setup = {.key = buf_str(&ours.device_key),
                              .cert = buf_str(&ours.device),
                              .ca = buf_str(&ours.ca),
                              .next = next,
                              .only_tls12 = only12};
    assert_int_equal(tls_config_new(&setup, &cfg, NULL), ERR_OK);
    return cfg;
}

/* Only the holder of the next authority's key can have signed the leaf: to show its certificate
 * above another one's does not help. */
static void next_authority_above_a_foreign_leaf_is_refused(void **state)
{
    (void)state;
    for (int only12 = 0; only12 < 2; only12++) {
        struct raw raw;
        raw_init(&raw, true, &theirs.device_key);
        raw_add(&raw, &theirs.device);
        raw_add(&raw, &theirs.ca);
        raw.chain.ext_types &= ~MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE;
        raw_ready(&raw, true);
        assert_not_our_server(client_with_next(theirs.pin, only12), &raw, ERR_IDENTITY);
        raw_done(&raw);
        uint8_t other[CERT_FINGERPRINT_BYTES];
        memcpy(other, theirs.pin, sizeof other);
        other[31] ^= 1;
        raw_init(&raw, true, &theirs.server_key);
        raw_add(&raw, &theirs.server);
        raw_add(&raw, &theirs.ca);
        raw_ready(&raw, true);
        assert_not_our_server(client_with_next(other, only12), &raw, ERR_IDENTITY);
        raw_done(&raw);
    }
}

/* The server has changed to the next authority and knows the former one; the device has only
 * heard of it: both believe each other, and the server sees whom it owes a certificate. */
static void next_authority_and_former_device_meet(void **state)
{
    (void)state;
    for (int only12 = 0; only12 < 2; only12++) {
        struct tls_config *server = NULL;
        struct tls_setup setup = {.server = true,
                                  .key = buf_str(&theirs.server_key),
                                  .cert = buf_str(&theirs.server),
                                  .ca = buf_str(&theirs.ca),
                                  .former = buf_str(&ours.ca)};
        assert_int_equal(tls_config_new(&setup, &server, NULL), ERR_OK);
        struct pair pair;
        uint8_t public[CERT_PUBLIC_BYTES];
        pair_init(&pair, client_with_next(theirs.pin, only12), server);
        end_run(&pair.client, &pair.server, SIZE_MAX);
        assert_true(tls_open(pair.client.tls));
        assert_true(tls_open(pair.server.tls));
        assert_peer(&pair.client, theirs.server_id);
        assert_peer(&pair.server, ours.device_id);
        assert_int_equal(cert_key_public(buf_str(&ours.device_key), public), ERR_OK);
        assert_non_null(tls_peer_former(pair.server.tls));
        assert_memory_equal(tls_peer_former(pair.server.tls), public, sizeof public);
        pair_done(&pair);
        /* one of the present authority is owed none */
        assert_int_equal(tls_config_new(&setup, &server, NULL), ERR_OK);
        pair_init(&pair, network_client(&theirs, only12), server);
        end_run(&pair.client, &pair.server, SIZE_MAX);
        assert_true(tls_open(pair.server.tls));
        assert_null(tls_peer_former(pair.server.tls));
        pair_done(&pair);
    }
}

static void pinned_ca_above_a_foreign_leaf_is_refused(void **state)
{
    (void)state;
    for (int only12 = 0; only12 < 2; only12++) {
        struct raw raw;
        raw_init(&raw, true, &theirs.server_key);
        raw_add(&raw, &theirs.server);
        raw_add(&raw, &ours.ca);
        raw_ready(&raw, true);
        assert_not_our_server(network_pinned(&ours, only12), &raw, ERR_IDENTITY);
        raw_done(&raw);
    }
}

static void pinned_ca_above_a_whole_foreign_chain_is_refused(void **state)
{
    (void)state;
    struct raw raw;
    raw_init(&raw, true, &theirs.server_key);
    raw_add(&raw, &theirs.server);
    raw_add(&raw, &theirs.ca);
    raw_add(&raw, &ours.ca);
    raw_ready(&raw, true);
    assert_not_our_server(network_pinned(&ours, false), &raw, ERR_IDENTITY);
    raw_done(&raw);
}

static void leaf_without_its_ca_does_not_match_a_pin(void **state)
{
    (void)state;
    struct raw raw;
    raw_init(&raw, true, &ours.server_key);
    raw_add(&raw, &ours.server);
    raw_ready(&raw, true);
    assert_not_our_server(network_pinned(&ours, false), &raw, ERR_IDENTITY);
    raw_done(&raw);
}

static void device_cannot_play_the_server(void **state)
{
    (void)state;
    for (int only12 = 0; only12 < 2; only12++) {
        for (int pinned = 0; pinned < 2; pinned++) {
            struct raw raw;
            raw_init(&raw, true, &ours.device_key);
            raw_add(&raw, &ours.device);
            raw_add(&raw, &ours.ca);
            /* The attacker's library does not stop him. */
            raw.chain.ext_types &= ~MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE;
            raw_ready(&raw, true);
            assert_not_our_server(pinned ? network_pinned(&ours, only12)
                                         : network_client(&ours, only12),
                                  &raw, ERR_IDENTITY);
            raw_done(&raw);
        }
    }
}

static void server_without_alpn_is_refused(void **state)
{
    (void)state;
    for (int only12 = 0; only12 < 2; only12++) {
        struct raw raw;
        raw_init(&raw, true, &ours.server_key);
        raw_add(&raw, &ours.server);
        raw_add(&raw, &ours.ca);
        raw_ready(&raw, false);
        assert_not_our_server(network_client(&ours, only12), &raw, ERR_PROTOCOL);
        raw_done(&raw);
    }
}

/* Our server against a client with this certificate; both must see the end. */
static void assert_refused(struct raw *raw, enum err want)
{
    struct tls_config *cfg = network_server(&ours);
    struct end server;
    end_init(&server, cfg, NULL);
    buf_text(&server.in, "secret");
    int ret = raw_run(raw, &server);
    assert_int_equal(server.err, want);
    assert_int_equal(ret, MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE);
    assert_false(tls_open(server.tls));
    assert_int_equal(server.in.n, strlen("secret"));
    uint8_t key[CERT_FINGERPRINT_BYTES];
    assert_false(tls_peer_key(server.tls, key));
    end_done(&server);
    tls_config_free(cfg);
}

static void client_of_another_ca_is_refused(void **state)
{
    (void)state;
    struct raw raw;
    raw_init(&raw, false, &theirs.device_key);
    raw_add(&raw, &theirs.device);
    raw_ready(&raw, true);
    assert_refused(&raw, ERR_REFUSED);
    raw_done(&raw);
}

static void server_cannot_play_a_device(void **state)
{
    (void)state;
    struct raw raw;
    raw_init(&raw, false, &ours.server_key);
    raw_add(&raw, &ours.server);
    raw_ready(&raw, true);
    assert_refused(&raw, ERR_REFUSED);
    raw_done(&raw);
}

static void ca_cannot_play_a_device(void **state)
{
    (void)state;
    struct raw raw;
    raw_init(&raw, false, &ours.ca_key);
    raw_add(&raw, &ours.ca);
    raw_ready(&raw, true);
    assert_refused(&raw, ERR_REFUSED);
    raw_done(&raw);
}

static void client_without_alpn_is_refused(void **state)
{
    (void)state;
    struct raw raw;
    raw_init(&raw, false, &ours.device_key);
    raw_add(&raw, &ours.device);
    raw_ready(&raw, false);
    assert_refused(&raw, ERR_PROTOCOL);
    raw_done(&raw);
}

static void client_learns_that_it_is_refused(void **state)
{
    (void)state;
    struct raw raw;
    raw_init(&raw, true, &ours.server_key);
    raw_add(&raw, &ours.server);
    raw_add(&raw, &ours.ca);
    raw_ready(&raw, true);
    struct tls_config *cfg = network_client(&ours, false);
    struct end client;
    end_init(&client, cfg, NULL);
    (void)raw_run(&raw, &client);
    assert_true(tls_open(client.tls));
    assert_int_equal(mbedtls_ssl_send_alert_message(&raw.ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
                                                    MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED),
                     0);
    (void)raw_run(&raw, &client);
    assert_int_equal(client.err, ERR_REFUSED);
    end_done(&client);
    tls_config_free(cfg);
    raw_done(&raw);
}

static void configuration_must_fit_together(void **state)
{
    (void)state;
    struct tls_config *cfg = NULL;
    const struct tls_setup wrong[] = {
        {.key = buf_str(&ours.device_key),
         .cert = buf_str(&ours.device),
         .ca = buf_str(&theirs.ca)},
        {.key = buf_str(&ours.server_key),
         .cert = buf_str(&ours.device),
         .ca = buf_str(&ours.ca)},
        {.key = buf_str(&ours.server_key),
         .cert = buf_str(&ours.server),
         .ca = buf_str(&ours.ca)},
        {.key = STR("nonsense"), .cert = buf_str(&ours.device), .ca = buf_str(&ours.ca)},
        {.key = buf_str(&ours.device_key), .cert = STR("nonsense"), .ca = buf_str(&ours.ca)},
        {.key = buf_str(&ours.device_key),
         .cert = buf_str(&ours.device),
         .ca = STR("nonsense")},
        {.server = true,
         .key = buf_str(&ours.device_key),
         .cert = buf_str(&ours.device),
         .ca = buf_str(&ours.ca)},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct note why = {0};
        assert_int_equal(tls_config_new(&wrong[i], &cfg, &why), ERR_INVALID);
        assert_true(why.text[0] != 0);
        assert_null(cfg);
    }
}

/* Connect over given configurations with a kept session; did it resume, and how many bytes. */
static bool connect_again(struct tls_config *client_cfg, struct tls_config *server_cfg,
                          struct tls_session *session, size_t *bytes)
{
    struct end client;
    struct end server;
    end_init(&client, client_cfg, session);
    end_init(&server, server_cfg, NULL);
    end_run(&client, &server, SIZE_MAX);
    assert_true(tls_open(client.tls));
    assert_true(tls_open(server.tls));
    assert_peer(&client, ours.server_id);
    assert_peer(&server, ours.device_id);
    *bytes = client.sent + server.sent;
    assert_says(&client, &server, "ping");
    assert_says(&server, &client, "pong");
    bool resumed = tls_resumed(client.tls);
    assert_int_equal(tls_resumed(server.tls), resumed);
    end_done(&client);
    end_done(&server);
    return resumed;
}

static void resumed_session_keeps_the_identities(void **state)
{
    (void)state;
    struct tls_config *client_cfg = network_client(&ours, true);
    struct tls_config *server_cfg = network_server(&ours);
    struct tls_session session = {0};
    size_t full = 0;
    size_t resumed = 0;
    assert_false(connect_again(client_cfg, server_cfg, &session, &full));
    for (int i = 0; i < 3; i++)
        assert_true(connect_again(client_cfg, server_cfg, &session, &resumed));
    print_message("full handshake %zu bytes, resumed %zu\n", full, resumed);
    assert_in_range(resumed, 1, 700);
    tls_session_done(&session);
    assert_false(connect_again(client_cfg, server_cfg, &session, &full));
    tls_session_done(&session);
    tls_config_free(client_cfg);
    tls_config_free(server_cfg);
}

static void garbled_ticket_costs_a_full_handshake(void **state)
{
    (void)state;
    struct tls_config *client_cfg = network_client(&ours, true);
    struct tls_config *server_cfg = network_server(&ours);
    struct tls_session session = {0};
    size_t bytes = 0;
    assert_false(connect_again(client_cfg, server_cfg, &session, &bytes));
    /* Near its end the saved session holds the ticket's authentication tag. */
    session.bytes.p[session.bytes.n - 16] ^= 1;
    assert_false(connect_again(client_cfg, server_cfg, &session, &bytes));
    assert_true(connect_again(client_cfg, server_cfg, &session, &bytes));
    tls_session_done(&session);
    tls_config_free(client_cfg);
    tls_config_free(server_cfg);
}

static void restarted_server_does_not_know_old_tickets(void **state)
{
    (void)state;
    struct tls_config *client_cfg = network_client(&ours, true);
    struct tls_config *server_cfg = network_server(&ours);
    struct tls_session session = {0};
    size_t bytes = 0;
    assert_false(connect_again(client_cfg, server_cfg, &session, &bytes));
    tls_config_free(server_cfg);
    server_cfg = network_server(&ours);
    assert_false(connect_again(client_cfg, server_cfg, &session, &bytes));
    assert_true(connect_again(client_cfg, server_cfg, &session, &bytes));
    tls_session_done(&session);
    tls_config_free(client_cfg);
    tls_config_free(server_cfg);
}

static void session_of_one_network_is_not_offered_to_another(void **state)
{
    (void)state;
    struct tls_config *client_cfg = network_client(&ours, true);
    struct tls_config *server_cfg = network_server(&ours);
    struct tls_config *other_cfg = network_client(&theirs, true);
    struct tls_session session = {0};
    size_t bytes = 0;
    assert_false(connect_again(client_cfg, server_cfg, &session, &bytes));
    assert_true(session.bytes.n > 0);
    struct end client;
    struct end server;
    end_init(&client, other_cfg, &session);
    end_init(&server, server_cfg, NULL);
    end_run(&client, &server, SIZE_MAX);
    assert_int_equal(client.err, ERR_IDENTITY);
    assert_int_equal(session.bytes.n, 0);
    end_done(&client);
    end_done(&server);
    tls_session_done(&session);
    tls_config_free(client_cfg);
    tls_config_free(server_cfg);
    tls_config_free(other_cfg);
}

static void client_without_certificate_gets_no_ticket(void **state)
{
    (void)state;
    struct raw raw;
    raw_init(&raw, false, NULL);
    compat_ssl_limits(&raw.conf, 1);
    raw_ready(&raw, true);
    struct tls_config *cfg = network_server(&ours);
    struct end server;
    end_init(&server, cfg, NULL);
    (void)raw_run(&raw, &server);
    assert_true(tls_open(server.tls));
    mbedtls_ssl_session session;
    mbedtls_ssl_session_init(&session);
    assert_int_equal(mbedtls_ssl_get_session(&raw.ssl, &session), 0);
    assert_int_equal(session.ticket_len, 0);
    mbedtls_ssl_session_free(&session);
    end_done(&server);
    tls_config_free(cfg);
    raw_done(&raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_without_certificate_has_no_key),
        cmocka_unit_test(server_of_another_ca_is_refused),
        cmocka_unit_test(next_authority_above_a_foreign_leaf_is_refused),
        cmocka_unit_test(next_authority_and_former_device_meet),
        cmocka_unit_test(pinned_ca_above_a_foreign_leaf_is_refused),
        cmocka_unit_test(pinned_ca_above_a_whole_foreign_chain_is_refused),
        cmocka_unit_test(leaf_without_its_ca_does_not_match_a_pin),
        cmocka_unit_test(device_cannot_play_the_server),
        cmocka_unit_test(server_without_alpn_is_refused),
        cmocka_unit_test(client_of_another_ca_is_refused),
        cmocka_unit_test(server_cannot_play_a_device),
        cmocka_unit_test(ca_cannot_play_a_device),
        cmocka_unit_test(client_without_alpn_is_refused),
        cmocka_unit_test(client_learns_that_it_is_refused),
        cmocka_unit_test(configuration_must_fit_together),
        cmocka_unit_test(resumed_session_keeps_the_identities),
        cmocka_unit_test(garbled_ticket_costs_a_full_handshake),
        cmocka_unit_test(restarted_server_does_not_know_old_tickets),
        cmocka_unit_test(session_of_one_network_is_not_offered_to_another),
        cmocka_unit_test(client_without_certificate_gets_no_ticket),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
