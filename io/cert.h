/* SPDX-License-Identifier: Apache-2.0 */
/* The small CA: P-256 keys, certificate requests and certificates, all DER; what else these
 * keys do. */
#ifndef IO_CERT_H
#define IO_CERT_H

#include "proto/buf.h"

/* The name every server certificate carries and every client asks for: a constant, because
 * trust comes from the CA, and addresses change. */
#define CERT_SERVER_NAME "jalond.invalid"
/* The one a relay of a site carries in its place: whoever means the server is never served by a
 * relay, and whoever can use a relay knows that it speaks to one. */
#define CERT_RELAY_NAME "relay.jalond.invalid"

enum {
    CERT_PUBLIC_BYTES = 91, /* SubjectPublicKeyInfo of an uncompressed P-256 point, always */
    CERT_FINGERPRINT_BYTES = 32, /* SHA-256 of those */
    CERT_DEVICE_BYTES = 8,       /* device id in a subject */
    CERT_SECRET_BYTES = 32,      /* what two keys agree on */
    CERT_SIGNATURE_BYTES = 64,   /* r and s of ECDSA */
    CERT_KEY_BYTES_MAX = 512,
    CERT_CSR_BYTES_MAX = 1024,
    CERT_BYTES_MAX = 2048
};

enum cert_kind {
    CERT_SERVER, /* CN=jalond, SAN CERT_SERVER_NAME, serverAuth */
    CERT_DEVICE, /* CN=dev-<16 hex>, clientAuth */
    CERT_RELAY   /* CN=relay-<16 hex>, SAN CERT_RELAY_NAME, serverAuth and clientAuth */
};

/* Make a key pair; append the private key (DER) to `der`. The caller wipes it: cert_key_done.
 */
NODISCARD enum err cert_key_new(struct buf *der);
/* Wipe and free a private key. */
void cert_key_done(struct buf *der);

/* The public key, as SubjectPublicKeyInfo, of a private key or of a certificate.
 * ERR_INVALID when it does not parse or is not P-256. */
NODISCARD enum err cert_key_public(struct str key, uint8_t out[CERT_PUBLIC_BYTES]);
NODISCARD enum err cert_public(struct str cert, uint8_t out[CERT_PUBLIC_BYTES]);
/* Take a SubjectPublicKeyInfo only in the one form we write, so that a key has one fingerprint.
 * The point itself is not checked. ERR_INVALID. */
NODISCARD enum err cert_spki(const uint8_t *der, size_t n, uint8_t out[CERT_PUBLIC_BYTES]);
/* Check a certificate request from outside: size, form, P-256, its own signature. Only the
 * public key is taken out of it; names and extensions asked for are ignored. ERR_LIMIT,
 * ERR_INVALID. */
NODISCARD enum err cert_csr_check(struct str csr, uint8_t out[CERT_PUBLIC_BYTES]);

/* SHA-256 of a public key: how Jalon names a key, the CA's pin included. */
void cert_fingerprint(const uint8_t public[CERT_PUBLIC_BYTES],
                      uint8_t out[CERT_FINGERPRINT_BYTES]);
/* The same in one go, from a private key, a certificate, or a request (checked). */
NODISCARD enum err cert_key_fingerprint(struct str key, uint8_t out[CERT_FINGERPRINT_BYTES]);
NODISCARD enum err cert_cert_fingerprint(struct str cert, uint8_t out[CERT_FINGERPRINT_BYTES]);
NODISCARD enum err cert_csr_fingerprint(struct str csr, uint8_t out[CERT_FINGERPRINT_BYTES]);

/* Append the self-signed certificate of a CA key. Its subject is a constant: the fingerprint,
 * not a name, tells one network's CA from another's. */
NODISCARD enum err cert_ca_new(struct str ca_key, struct buf *der);
/* Append a request signed by `key`. */
NODISCARD enum err cert_csr_new(struct str key, struct buf *der);
/* Append a leaf certificate for a public key. ca_cert must belong to ca_key (else ERR_INVALID).
 * device: not of CERT_SERVER, which has NULL. Dates are 2000 to 2099: nobody looks at them. */
NODISCARD enum err cert_issue(struct str ca_key, struct str ca_cert,
                              const uint8_t public[CERT_PUBLIC_BYTES], enum cert_kind kind,
                              const uint8_t device[CERT_DEVICE_BYTES], struct buf *der);

/* Is the certificate one of a relay? Who issued it is not looked at. */
bool cert_is_relay(struct str cert);

/* ECDH of a private key and a public one from outside, whose point is checked: the x
 * coordinate, which the caller makes a key of and wipes. ERR_INVALID. */
NODISCARD enum err cert_agree(struct str key, const uint8_t public[CERT_PUBLIC_BYTES],
                              uint8_t out[CERT_SECRET_BYTES]);
/* ECDSA of a SHA-256. What it is made over begins with a label of its purpose. ERR_INVALID. */
NODISCARD enum err cert_sign(struct str key, const uint8_t digest[CERT_FINGERPRINT_BYTES],
                             uint8_t out[CERT_SIGNATURE_BYTES]);
/* ERR_INVALID: not signed by the owner of this key. */
NODISCARD enum err cert_verify(const uint8_t public[CERT_PUBLIC_BYTES],
                               const uint8_t digest[CERT_FINGERPRINT_BYTES],
                               const uint8_t signature[CERT_SIGNATURE_BYTES]);

#endif
