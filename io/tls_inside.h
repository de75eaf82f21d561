/* SPDX-License-Identifier: Apache-2.0 */
/* What tls_config.c and tls.c share; nobody else includes it. */
#ifndef IO_TLS_INSIDE_H
#define IO_TLS_INSIDE_H

#include "io/compat_mbedtls.h"
#include "io/tls_config.h"

struct tls_config {
    mbedtls_ssl_config ssl;
    mbedtls_x509_crt chain; /* own certificate; on a server followed by the CA */
    mbedtls_x509_crt ca;    /* the trusted CA, unless pinned; on a server then the former one */
    mbedtls_pk_context key; /* own private key */
    mbedtls_ssl_ticket_context ticket;    /* server: what seals tickets */
    bool server;                          /* role */
    bool relay;                           /* see tls_setup */
    bool pinned;                          /* client that knows only the CA's key */
    bool tickets;                         /* sessions may be resumed */
    bool has_next;                        /* client: `next` is known */
    bool other;                           /* this step's peer is of the other authority */
    uint8_t next[CERT_FINGERPRINT_BYTES]; /* see tls_setup */
    uint8_t pin[CERT_FINGERPRINT_BYTES];  /* fingerprint of that key */
    uint8_t id[CERT_FINGERPRINT_BYTES]; /* CA and own certificate: what a session is bound to */
    size_t users;                       /* connections alive */
    bool ticket_taken;                  /* server: a ticket of ours was opened in this step */
    uint8_t ticket_key[CERT_FINGERPRINT_BYTES]; /* the key that ticket was given to */
    uint8_t scratch[TLS_RECORD_BYTES]; /* plaintext on its way from the library to plain_out */
};

/* Is `leaf` issued by `ca` for this purpose? name: NULL = any. */
bool tls_inside_issued_by(mbedtls_x509_crt *leaf, mbedtls_x509_crt *ca, const char *name,
                          bool server);
/* A certificate's key as fingerprint; false for a key that is not one of ours. */
bool tls_inside_key_of(const mbedtls_x509_crt *crt, uint8_t out[CERT_FINGERPRINT_BYTES]);

#endif
