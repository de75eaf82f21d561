/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, derived keys, sealed bytes (ChaCha20-Poly1305; XAES-256-GCM where a nonce must be
 * drawn at random), and the one start call the crypto library needs. */
#ifndef IO_CRYPT_H
#define IO_CRYPT_H

#include "proto/buf.h"

enum {
    CRYPT_DIGEST_BYTES = 32,
    CRYPT_KEY_BYTES = 32,
    CRYPT_NONCE_BYTES = 12,
    CRYPT_XNONCE_BYTES = 24, /* long enough to be drawn at random, for ever */
    CRYPT_BLOCK_BYTES = 16,
    CRYPT_TAG_BYTES = 16 /* what sealing adds */
};

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

/* HKDF-SHA-256 (RFC 5869) for one block of output. The caller wipes `out`. Any thread. */
void crypt_hkdf_sha256(struct str salt, struct str secret, struct str info,
                       uint8_t out[CRYPT_KEY_BYTES]);

/* Seal: append `plain` encrypted, and its tag. A nonce is used once with a key. LIMIT, NOMEM.
 * Any thread. */
NODISCARD enum err crypt_seal(const uint8_t key[CRYPT_KEY_BYTES],
                              const uint8_t nonce[CRYPT_NONCE_BYTES], struct str plain,
                              struct buf *out);
/* Open: append what was sealed. FORMAT, and `out` as it was, when this is not what was sealed
 * with this key and nonce. */
NODISCARD enum err crypt_open(const uint8_t key[CRYPT_KEY_BYTES],
                              const uint8_t nonce[CRYPT_NONCE_BYTES], struct str sealed,
                              struct buf *out);

/* An AES-256 key made ready for many uses, in memory of its own (secret.h). One thread at a
 * time. */
struct crypt_key;
NODISCARD enum err crypt_key_new(const uint8_t key[CRYPT_KEY_BYTES], struct crypt_key **out);
/* Wipes; NULL is fine. */
void crypt_key_free(struct crypt_key *key);
/* One block, in place. */
void crypt_block_encrypt(struct crypt_key *key, uint8_t block[CRYPT_BLOCK_BYTES]);
void crypt_block_decrypt(struct crypt_key *key, uint8_t block[CRYPT_BLOCK_BYTES]);
/* XAES-256-GCM (C2SP): the nonce is drawn anew for each message. plain.n bytes go to `out`, and
 * may lie there already. NOMEM. */
NODISCARD enum err crypt_xseal(struct crypt_key *key, const uint8_t nonce[CRYPT_XNONCE_BYTES],
                               struct str aad, struct str plain, uint8_t *out,
                               uint8_t tag[CRYPT_TAG_BYTES]);
/* The way back. FORMAT, and zeroes in `out`: not what was sealed with this key, nonce and aad.
 * NOMEM. */
NODISCARD enum err crypt_xopen(struct crypt_key *key, const uint8_t nonce[CRYPT_XNONCE_BYTES],
                               struct str aad, struct str sealed,
                               const uint8_t tag[CRYPT_TAG_BYTES], uint8_t *out);

#endif
