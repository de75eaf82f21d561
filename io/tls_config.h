/* SPDX-License-Identifier: Apache-2.0 */
/* What the TLS connections of one role share: keys, trust, suites, and what seals tickets. */
#ifndef IO_TLS_CONFIG_H
#define IO_TLS_CONFIG_H

#include "io/cert.h"
#include "proto/buf.h"

#define TLS_ALPN "jalon/1"

enum {
    TLS_RECORD_BYTES = 16 * 1024, /* plaintext of one full record */
    TLS_TICKET_SECONDS = 3600     /* life of a ticket, and of the key that seals it */
};

/* What a configuration is made from; everything is copied. */
struct tls_setup {
    bool server;
    struct str key;  /* own private key, DER; empty on a client that enrols */
    struct str cert; /* own certificate, DER; empty with the key */
    struct str ca;   /* the CA both sides trust, DER; a server also presents it */
    const uint8_t
        *pin; /* client without `ca`: fingerprint of the CA's key (CERT_FINGERPRINT_BYTES) */
    const uint8_t *next; /* client with `ca`: fingerprint of the key of the authority to come,
                            whose servers are believed too; NULL: none is known */
    struct str former;   /* server: the authority before `ca`, DER, whose devices may come; its
                            certificates open nothing by themselves: the list of keys does */
    bool relay;      /* server: one of a site's relay, which gives no tickets; client: a relay
                        may answer in the server's place (tls_relay) */
    bool only_tls12; /* never TLS 1.3, which cannot resume here; 2.28 knows nothing else */
};

/* Shared by the connections of one role; outlives them all. */
struct tls_config;
/* ERR_INVALID (and why) when key, certificate and CA do not belong together; ERR_NOMEM. */
NODISCARD enum err tls_config_new(const struct tls_setup *setup, struct tls_config **out,
                                  struct note *why);
/* NULL is fine. No connection may be left. */
void tls_config_free(struct tls_config *cfg);

#endif
