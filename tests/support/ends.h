/* SPDX-License-Identifier: Apache-2.0 */
/* Networks with a CA, a server and a device, and the two ends of a TLS connection over memory.
 */
#ifndef TESTS_SUPPORT_ENDS_H
#define TESTS_SUPPORT_ENDS_H

#include "io/tls.h"

/* One network's CA with a server and a device; keys and certificates in DER. */
struct network {
    struct buf ca_key;
    struct buf ca;
    struct buf server_key;
    struct buf server;
    struct buf device_key;
    struct buf device;
    uint8_t pin[CERT_FINGERPRINT_BYTES];       /* of the CA's key */
    uint8_t server_id[CERT_FINGERPRINT_BYTES]; /* of the server's key */
    uint8_t device_id[CERT_FINGERPRINT_BYTES]; /* of the device's key */
};
/* Make all keys and certificates; aborts on failure. */
void network_init(struct network *net);
void network_done(struct network *net);
struct tls_config *network_server(const struct network *net);
struct tls_config *network_client(const struct network *net, bool only_tls12);
/* A client that enrols: it knows only the fingerprint of the CA's key. */
struct tls_config *network_pinned(const struct network *net, bool only_tls12);

/* One end: the filter with its owner's two buffers. */
struct end {
    struct tls *tls;
    struct buf in;  /* plaintext to send */
    struct buf out; /* plaintext received */
    size_t sent;    /* ciphertext bytes that left */
    enum err err;   /* what the last step said */
};
void end_init(struct end *end, struct tls_config *cfg, struct tls_session *session);
void end_done(struct end *end);
void end_step(struct end *end);
/* Move at most n bytes of ciphertext; how many moved. */
size_t end_carry(struct end *from, struct end *to, size_t n);
/* Step and carry, n bytes at a time, until nothing moves. */
void end_run(struct end *a, struct end *b, size_t n);

/* Both ends with their configurations. */
struct pair {
    struct tls_config *client_cfg;
    struct tls_config *server_cfg;
    struct end client;
    struct end server;
};
/* Takes the configurations. */
void pair_init(struct pair *pair, struct tls_config *client_cfg, struct tls_config *server_cfg);
/* The same for a device and the server of one network, handshake done. */
void pair_open(struct pair *pair, const struct network *net, bool only_tls12);
void pair_done(struct pair *pair);

#endif
