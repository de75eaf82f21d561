/* SPDX-License-Identifier: Apache-2.0 */
#include "io/page_cipher.h"

#include "proto/mem.h"

#include <string.h>

enum { TEXT_BYTES = PAGE_CIPHER_PAGE - PAGE_CIPHER_TRAILER };

struct page_cipher {
    struct crypt_key *page, *mask, *tweak;
    uint8_t salt[PAGE_CIPHER_SALT];
    void (*random)(void *ctx, void *out, size_t n);
    void *ctx;
};

static enum err derive(const uint8_t secret[CRYPT_KEY_BYTES], struct str salt, struct str what,
                       struct crypt_key **out)
{
    uint8_t key[CRYPT_KEY_BYTES];
    crypt_hkdf_sha256(salt, (struct str){(const char *)secret, CRYPT_KEY_BYTES}, what, key);
    enum err err = crypt_key_new(key, out);
    mem_wipe(key, sizeof key);
    return err;
}

enum err page_cipher_new(const uint8_t secret[CRYPT_KEY_BYTES],
                         const uint8_t salt[PAGE_CIPHER_SALT],
                         void (*random)(void *ctx, void *out, size_t n), void *ctx,
                         struct page_cipher **out)
{
    struct page_cipher *c = mem_new(sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    memcpy(c->salt, salt, sizeof c->salt);
    c->random = random;
    c->ctx = ctx;
    struct str of = {(const char *)c->salt, sizeof c->salt};
    enum err err = derive(secret, of, STR("jalon JCR1 page"), &c->page);
    if (err == ERR_OK)
        err = derive(secret, of, STR("jalon JCR1 wal header"), &c->mask);
    if (err == ERR_OK)
        err = derive(secret, of, STR("jalon JCR1 wal tweak"), &c->tweak);
    if (err == ERR_OK)
        *out = c;
    else
        page_cipher_free(c);
    return err;
}

void page_cipher_free(struct page_cipher *cipher)
{
    if (cipher == NULL)
        return;
    crypt_key_free(cipher->page);
    crypt_key_free(cipher->mask);
    crypt_key_free(cipher->tweak);
    mem_free(cipher);
}

/* What a page is bound to: this replica and its place there. */
struct aad {
    uint8_t bytes[PAGE_CIPHER_SALT + PAGE_CIPHER_PLACE];
};

static struct str bound_to(const struct page_cipher *c, const uint8_t place[PAGE_CIPHER_PLACE],
                           struct aad *aad)
{
    memcpy(aad->bytes, c->salt, PAGE_CIPHER_SALT);
    memcpy(aad->bytes + PAGE_CIPHER_SALT, place, PAGE_CIPHER_PLACE);
    return (struct str){(const char *)aad->bytes, sizeof aad->bytes};
}

enum err page_cipher_seal(void *cipher, const uint8_t place[PAGE_CIPHER_PLACE],
                          const uint8_t plain[PAGE_CIPHER_PAGE],
                          uint8_t sealed[PAGE_CIPHER_PAGE])
{
    struct page_cipher *c = cipher;
    struct aad aad;
    uint8_t *nonce = sealed + TEXT_BYTES;
    c->random(c->ctx, nonce, CRYPT_XNONCE_BYTES);
    return crypt_xseal(c->page, nonce, bound_to(c, place, &aad),
                       (struct str){(const char *)plain, TEXT_BYTES}, sealed,
                       nonce + CRYPT_XNONCE_BYTES);
}

enum err page_cipher_open(void *cipher, const uint8_t place[PAGE_CIPHER_PLACE],
                          const uint8_t sealed[PAGE_CIPHER_PAGE],
                          uint8_t plain[PAGE_CIPHER_PAGE])
{
    struct page_cipher *c = cipher;
    struct aad aad;
    const uint8_t *nonce = sealed + TEXT_BYTES;
    memset(plain + TEXT_BYTES, 0, PAGE_CIPHER_TRAILER);
    return crypt_xopen(c->page, nonce, bound_to(c, place, &aad),
                       (struct str){(const char *)sealed, TEXT_BYTES},
                       nonce + CRYPT_XNONCE_BYTES, plain);
}

static void add_tweak(const uint8_t tweak[CRYPT_BLOCK_BYTES], uint8_t block[CRYPT_BLOCK_BYTES])
{
    for (size_t i = 0; i < CRYPT_BLOCK_BYTES; i++)
        block[i] ^= tweak[i];
}

void page_cipher_mask(void *cipher, uint64_t offset, bool back,
                      uint8_t block[CRYPT_BLOCK_BYTES])
{
    struct page_cipher *c = cipher;
    uint8_t tweak[CRYPT_BLOCK_BYTES] = {0};
    for (size_t i = 0; i < sizeof offset; i++)
        tweak[CRYPT_BLOCK_BYTES - 1 - i] = (uint8_t)(offset >> (8 * i));
    crypt_block_encrypt(c->tweak, tweak);
    add_tweak(tweak, block);
    if (back)
        crypt_block_decrypt(c->mask, block);
    else
        crypt_block_encrypt(c->mask, block);
    add_tweak(tweak, block);
}
