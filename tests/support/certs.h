/* SPDX-License-Identifier: Apache-2.0 */
/* One network's keys and certificates, made afresh: a CA, a server, a device. */
#ifndef TESTS_SUPPORT_CERTS_H
#define TESTS_SUPPORT_CERTS_H

#include "io/tls_config.h"

struct certs {
    struct buf ca_key;                                   /* private, DER */
    struct buf ca;                                       /* certificate, DER */
    struct buf key[CERT_DEVICE + 1];                     /* by kind: private key, DER */
    struct buf cert[CERT_DEVICE + 1];                    /* by kind: certificate, DER */
    uint8_t id[CERT_DEVICE + 1][CERT_FINGERPRINT_BYTES]; /* by kind: the key's fingerprint */
};

/* Fails the test when anything goes wrong. Call crypt_start before. */
void certs_init(struct certs *certs);
void certs_done(struct certs *certs);

/* A configuration for the server or for the device; the caller frees it. */
struct tls_config *certs_config(const struct certs *certs, enum cert_kind kind,
                                bool only_tls12);
/* That of a client without a certificate, which knows the CA by its fingerprint only. */
struct tls_config *certs_config_bare(const struct certs *certs);

#endif
