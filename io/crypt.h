/* SPDX-License-Identifier: Apache-2.0 */
/* Digests: SHA-256 and HMAC-SHA-256, and the one start call the crypto library needs. */
#ifndef IO_CRYPT_H
#define IO_CRYPT_H

#include "proto/buf.h"

enum { CRYPT_DIGEST_BYTES = 32 };

/* Prepare the crypto library. Once per process, after any fork and before the first thread and
 * any other call of crypt, cert or tls; further calls do nothing. Aborts when the library
 * cannot start. */
void crypt_start(void);

/* SHA-256 of n bytes. Any thread. */
void crypt_sha256(const void *bytes, size_t n, uint8_t out[CRYPT_DIGEST_BYTES]);

/* HMAC-SHA-256 of the parts, one after the other, without separators: the caller makes the
 * parts unambiguous (fixed lengths, or a length before each). Compare with mem_differ. Any
 * thread. */
void crypt_hmac_sha256(struct str key, const struct str *parts, size_t count,
                       uint8_t out[CRYPT_DIGEST_BYTES]);

#endif
