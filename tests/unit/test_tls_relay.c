/* SPDX-License-Identifier: Apache-2.0 */
/* A relay's certificate: known for what it is by those who look for it, and good for nothing to
 * all others. */
#include "io/crypt.h"
#include "io/tls.h"
#include "tests/support/ends.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct network ours, theirs;
static struct buf relay_key, relay_cert;

static void issue(const struct network *net, struct buf *key, struct buf *cert)
{
    uint8_t public[CERT_PUBLIC_BYTES];
    uint8_t id[CERT_FINGERPRINT_BYTES];
    assert_int_equal(cert_key_new(key), ERR_OK);
    assert_int_equal(cert_key_public(buf_str(key), public), ERR_OK);
    cert_fingerprint(public, id);
    assert_int_equal(
        cert_issue(buf_str(&net->ca_key), buf_str(&net->ca), public, CERT_RELAY, id, cert),
        ERR_OK);
}

static int setup(void **state)
{
    (void)state;
    crypt_start();
    network_init(&ours);
    network_init(&theirs);
    issue(&ours, &relay_key, &relay_cert);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    network_done(&ours);
    network_done(&theirs);
    cert_key_done(&relay_key);
    buf_done(&relay_cert);
    return 0;
}

static struct tls_config *config(const struct tls_setup *setup_of)
{
    struct tls_config *cfg = NULL;
    assert_int_equal(tls_config_new(setup_of, &cfg, NULL), ERR_OK);
    return cfg;
}

static struct tls_config *relay_server(void)
{
    return config(&(struct tls_setup){.server = true,
                                      .relay = true,
                                      .key = buf_str(&relay_key),
                                      .cert = buf_str(&relay_cert),
                                      .ca = buf_str(&ours.ca)});
}

static struct tls_config *device_of(const struct network *net, bool relay, bool only_tls12)
{
    return config(&(struct tls_setup){.relay = relay,
                                      .key = buf_str(&net->device_key),
                                      .cert = buf_str(&net->device),
                                      .ca = buf_str(&net->ca),
                                      .only_tls12 = only_tls12});
}

static struct tls_config *stranger(const struct network *net, bool relay, bool only_tls12)
{
    return config(
        &(struct tls_setup){.relay = relay, .pin = net->pin, .only_tls12 = only_tls12});
}

/* How the client of this pair takes its server. */
static void meets(struct tls_config *client, struct tls_config *server, enum err err,
                  bool relay)
{
    struct pair pair;
    pair_init(&pair, client, server);
    end_run(&pair.client, &pair.server, SIZE_MAX);
    assert_int_equal(pair.client.err, err);
    assert_int_equal(tls_open(pair.client.tls), err == ERR_OK);
    assert_int_equal(tls_relay(pair.client.tls), relay);
    assert_false(tls_relay(pair.server.tls));
    pair_done(&pair);
}

static void who_looks_for_a_relay_knows_it_from_the_server(void **state)
{
    (void)state;
    for (int tls12 = 0; tls12 < 2; tls12++) {
        meets(device_of(&ours, true, tls12), relay_server(), ERR_OK, true);
        meets(device_of(&ours, true, tls12), network_server(&ours), ERR_OK, false);
        meets(stranger(&ours, true, tls12), relay_server(), ERR_OK, true);
        meets(stranger(&ours, true, tls12), network_server(&ours), ERR_OK, false);
    }
}

static void who_means_the_server_is_not_served_by_a_relay(void **state)
{
    (void)state;
    for (int tls12 = 0; tls12 < 2; tls12++) {
        meets(device_of(&ours, false, tls12), relay_server(), ERR_IDENTITY, false);
        meets(stranger(&ours, false, tls12), relay_server(), ERR_IDENTITY, false);
    }
}

static void a_relay_of_another_network_is_nobody(void **state)
{
    (void)state;
    for (int tls12 = 0; tls12 < 2; tls12++) {
        meets(device_of(&theirs, true, tls12), relay_server(), ERR_IDENTITY, false);
        meets(stranger(&theirs, true, tls12), relay_server(), ERR_IDENTITY, false);
    }
}

static void each_certificate_is_good_for_its_own_part_only(void **state)
{
    (void)state;
    struct tls_config *cfg = NULL;
    struct tls_setup as = {.server = true,
                           .key = buf_str(&relay_key),
                           .cert = buf_str(&relay_cert),
                           .ca = buf_str(&ours.ca)};
    assert_int_equal(tls_config_new(&as, &cfg, NULL), ERR_INVALID); /* a relay, as the server */
    as.relay = true;
    as.key = buf_str(&ours.server_key);
    as.cert = buf_str(&ours.server);
    assert_int_equal(tls_config_new(&as, &cfg, NULL), ERR_INVALID); /* the server, as a relay */
    as.key = buf_str(&ours.device_key);
    as.cert = buf_str(&ours.device);
    assert_int_equal(tls_config_new(&as, &cfg, NULL), ERR_INVALID); /* a device */
    assert_true(cert_is_relay(buf_str(&relay_cert)));
    assert_false(cert_is_relay(buf_str(&ours.server)));
    assert_false(cert_is_relay(buf_str(&ours.device)));
    assert_false(cert_is_relay(buf_str(&ours.ca)));
    assert_false(cert_is_relay(STR("no certificate")));
}

static void a_relay_is_a_client_of_the_server_like_a_device(void **state)
{
    (void)state;
    struct pair pair;
    uint8_t key[CERT_FINGERPRINT_BYTES];
    uint8_t own[CERT_FINGERPRINT_BYTES];
    struct tls_config *cfg = config(&(struct tls_setup){
        .key = buf_str(&relay_key), .cert = buf_str(&relay_cert), .ca = buf_str(&ours.ca)});
    pair_init(&pair, cfg, network_server(&ours));
    end_run(&pair.client, &pair.server, SIZE_MAX);
    assert_true(tls_open(pair.client.tls) && tls_open(pair.server.tls));
    assert_true(tls_peer_key(pair.server.tls, key));
    assert_int_equal(cert_key_fingerprint(buf_str(&relay_key), own), ERR_OK);
    assert_memory_equal(key, own, sizeof key);
    pair_done(&pair);
}

/* What is resumed is always a session with the server: a ticket says nothing of names. */
static void a_relay_gives_no_tickets(void **state)
{
    (void)state;
    struct tls_session session = {.bytes = {0}};
    struct tls_config *client = device_of(&ours, true, true);
    struct tls_config *server = relay_server();
    struct end a;
    struct end b;
    end_init(&a, client, &session);
    end_init(&b, server, NULL);
    end_run(&a, &b, SIZE_MAX);
    assert_true(tls_open(a.tls) && tls_relay(a.tls));
    assert_int_equal(session.bytes.n, 0);
    end_done(&a);
    end_done(&b);
    tls_session_done(&session);
    tls_config_free(client);
    tls_config_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_looks_for_a_relay_knows_it_from_the_server),
        cmocka_unit_test(who_means_the_server_is_not_served_by_a_relay),
        cmocka_unit_test(a_relay_of_another_network_is_nobody),
        cmocka_unit_test(each_certificate_is_good_for_its_own_part_only),
        cmocka_unit_test(a_relay_is_a_client_of_the_server_like_a_device),
        cmocka_unit_test(a_relay_gives_no_tickets),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
