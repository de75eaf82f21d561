/* SPDX-License-Identifier: Apache-2.0 */
#include "support/certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void leaf(struct certs *certs, enum cert_kind kind)
{
    static const uint8_t device[CERT_DEVICE_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t public[CERT_PUBLIC_BYTES];
    struct buf *key = &certs->key[kind];
    assert_int_equal(cert_key_new(key), ERR_OK);
    assert_int_equal(cert_key_public(buf_str(key), public), ERR_OK);
    assert_int_equal(cert_issue(buf_str(&certs->ca_key), buf_str(&certs->ca), public, kind,
                                kind == CERT_DEVICE ? device : NULL, &certs->cert[kind]),
                     ERR_OK);
    assert_int_equal(cert_key_fingerprint(buf_str(key), certs->id[kind]), ERR_OK);
}

void certs_init(struct certs *certs)
{
    *certs = (struct certs){0};
    assert_int_equal(cert_key_new(&certs->ca_key), ERR_OK);
    assert_int_equal(cert_ca_new(buf_str(&certs->ca_key), &certs->ca), ERR_OK);
    leaf(certs, CERT_SERVER);
    leaf(certs, CERT_DEVICE);
}

void certs_done(struct certs *certs)
{
    cert_key_done(&certs->ca_key);
    buf_done(&certs->ca);
    for (int kind = CERT_SERVER; kind <= CERT_DEVICE; kind++) {
        cert_key_done(&certs->key[kind]);
        buf_done(&certs->cert[kind]);
    }
}

struct tls_config *certs_config(const struct certs *certs, enum cert_kind kind, bool only_tls12)
{
    struct tls_config *cfg = NULL;
    struct tls_setup setup = {.server = kind == CERT_SERVER,
                              .key = buf_str(&certs->key[kind]),
                              .cert = buf_str(&certs->cert[kind]),
                              .ca = buf_str(&certs->ca),
                              .only_tls12 = only_tls12};
    assert_int_equal(tls_config_new(&setup, &cfg, NULL), ERR_OK);
    return cfg;
}

struct tls_config *certs_config_bare(const struct certs *certs)
{
    uint8_t pin[CERT_FINGERPRINT_BYTES];
    struct tls_config *cfg = NULL;
    assert_int_equal(cert_key_fingerprint(buf_str(&certs->ca_key), pin), ERR_OK);
    assert_int_equal(tls_config_new(&(struct tls_setup){.pin = pin}, &cfg, NULL), ERR_OK);
    return cfg;
}
