/* SPDX-License-Identifier: Apache-2.0 */
/* The invitation code: where the server is, which CA it has, a one-time secret; and the proofs
 * both sides of an enrolment make with that secret. */
#ifndef IO_INVITE_H
#define IO_INVITE_H

#include "io/address.h"
#include "proto/buf.h"

enum {
    INVITE_CA_BYTES = 32,
    INVITE_ID_BYTES = 8,
    INVITE_SECRET_BYTES = 16,
    INVITE_NONCE_BYTES = 16,
    INVITE_PROOF_BYTES = 32,
    INVITE_CODE_BYTES_MAX = 1024, /* of a code, spaces and dashes included */
};
struct invite {
    struct address server;               /* where to connect */
    uint8_t ca[INVITE_CA_BYTES];         /* SHA-256 of the CA's public key: the pin */
    uint8_t id[INVITE_ID_BYTES];         /* which invitation */
    uint8_t secret[INVITE_SECRET_BYTES]; /* proved by HMAC, never sent; wipe it after use */
};
/* Append the code: MessagePack [host, port, ca, id, secret] and a check of 2 bytes, in
 * Crockford's base32, in groups of five with dashes between. Errors of the buffer stick there.
 */
void invite_print(const struct invite *invite, struct buf *out);
/* Read a code as people type it: any case, O for 0, I and L for 1, spaces and dashes anywhere.
 * INVALID with a note; LIMIT when longer than INVITE_CODE_BYTES_MAX. */
NODISCARD enum err invite_parse(struct str code, struct invite *out, struct note *why);

/* The key of the proofs is SHA-256 of the secret: the server keeps nothing else of it. */
void invite_proof_key(const uint8_t secret[static INVITE_SECRET_BYTES],
                      uint8_t key[static INVITE_PROOF_BYTES]);
/* enrol.proof: HMAC-SHA256(key, "c" ‖ ca ‖ csr ‖ nonce); ca is the pin. The nonce has
 * INVITE_NONCE_BYTES, so the parts cannot be cut differently. */
void invite_proof_client(const uint8_t key[static INVITE_PROOF_BYTES],
                         const uint8_t ca[static INVITE_CA_BYTES], struct str csr,
                         struct str nonce, uint8_t out[static INVITE_PROOF_BYTES]);
/* enrolled.proof: HMAC-SHA256(key, "s" ‖ ca ‖ cert ‖ nonce). */
void invite_proof_server(const uint8_t key[static INVITE_PROOF_BYTES],
                         const uint8_t ca[static INVITE_CA_BYTES], struct str cert,
                         struct str nonce, uint8_t out[static INVITE_PROOF_BYTES]);

#endif
