/* SPDX-License-Identifier: Apache-2.0 */
/* What a server says of its authority: the one that will follow, and a certificate of the one
 * that has. */
#ifndef IO_AUTHORITY_H
#define IO_AUTHORITY_H

#include "io/cert.h"

enum { AUTHORITY_BYTES_MAX = 2 * CERT_BYTES_MAX + 256 };

/* The item `authority` of WELCOME and ENROLLED. */
struct authority {
    uint8_t next[CERT_FINGERPRINT_BYTES]; /* fingerprint of the next authority's key … */
    uint8_t sign[CERT_SIGNATURE_BYTES];   /* … signed by the present one */
    struct str cert; /* to one whose certificate is of the former authority: its new one, DER */
    struct str ca;   /* with it: the present authority's, DER */
};
/* Sign `next` by the private key of the present authority. INVALID. */
NODISCARD enum err authority_sign(struct str ca_key, const uint8_t next[CERT_FINGERPRINT_BYTES],
                                  uint8_t out[CERT_SIGNATURE_BYTES]);
/* Did the authority of this certificate sign m->next? INVALID: it did not. */
NODISCARD enum err authority_check(const struct authority *m, struct str ca);
/* Append the item's bytes. */
void authority_write(struct buf *out, const struct authority *m);
/* Views into `bytes`. FORMAT, LIMIT. */
NODISCARD enum err authority_read(struct str bytes, struct authority *out);

#endif
