/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of an encrypted replica, made of its one secret, and what store/vfs_crypt asks of
 * them: pages sealed in their place (format JCR1). */
#ifndef IO_PAGE_CIPHER_H
#define IO_PAGE_CIPHER_H

#include "io/crypt.h"

enum {
    PAGE_CIPHER_PAGE = 4096,
    PAGE_CIPHER_TRAILER = CRYPT_XNONCE_BYTES + CRYPT_TAG_BYTES, /* at the end of each page */
    PAGE_CIPHER_SALT = 16,
    PAGE_CIPHER_PLACE = 8
};

struct page_cipher;

/* Of the secret and the salt of a key file. Nonces are drawn by `random` (random_bytes, or a
 * simulation's). NOMEM. */
NODISCARD enum err page_cipher_new(const uint8_t secret[CRYPT_KEY_BYTES],
                                   const uint8_t salt[PAGE_CIPHER_SALT],
                                   void (*random)(void *ctx, void *out, size_t n), void *ctx,
                                   struct page_cipher **out);
/* Wipes; NULL is fine. */
void page_cipher_free(struct page_cipher *cipher);

/* The functions a VFS is given, with the cipher as `cipher`. One thread at a time.
 * Seal all of a page but the room at its end, which gets nonce and tag. NOMEM. */
NODISCARD enum err page_cipher_seal(void *cipher, const uint8_t place[PAGE_CIPHER_PLACE],
                                    const uint8_t plain[PAGE_CIPHER_PAGE],
                                    uint8_t sealed[PAGE_CIPHER_PAGE]);
/* FORMAT: not a page of that place. The room at the end is zeroes in `plain`. NOMEM. */
NODISCARD enum err page_cipher_open(void *cipher, const uint8_t place[PAGE_CIPHER_PLACE],
                                    const uint8_t sealed[PAGE_CIPHER_PAGE],
                                    uint8_t plain[PAGE_CIPHER_PAGE]);
/* Cover or uncover (the way back) one block by where it lies. */
void page_cipher_mask(void *cipher, uint64_t offset, bool back,
                      uint8_t block[CRYPT_BLOCK_BYTES]);

#endif
