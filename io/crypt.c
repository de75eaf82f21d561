/* SPDX-License-Identifier: Apache-2.0 */
#include "io/crypt.h"

#include "io/compat_mbedtls.h"
#include "io/secret.h"
#include "proto/mem.h"

#include <mbedtls/aes.h>
#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>

enum { HMAC_BLOCK_BYTES = 64 };

void crypt_start(void)
{
    static bool started = false;
    if (started)
        return;
    must(compat_crypto_start() == 0);
    /* The first AES call probes the processor and fills tables without a lock (CVE-2025-52496).
     */
    mbedtls_aes_context aes;
    uint8_t block[16] = {0};
    const uint8_t key[16] = {0};
    mbedtls_aes_init(&aes);
    must(mbedtls_aes_setkey_enc(&aes, key, 128) == 0);
    must(mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_ENCRYPT, block, block) == 0);
    mbedtls_aes_free(&aes);
    started = true;
}

/* The software SHA-256 cannot fail; a return code other than 0 would be a wrong call of ours.
 */
static void add(mbedtls_sha256_context *ctx, const void *bytes, size_t n)
{
    if (n > 0)
        must(compat_sha256_update(ctx, bytes, n) == 0);
}

static void begin(mbedtls_sha256_context *ctx)
{
    mbedtls_sha256_init(ctx);
    must(compat_sha256_starts(ctx) == 0);
}

static void end(mbedtls_sha256_context *ctx, uint8_t out[CRYPT_DIGEST_BYTES])
{
    must(compat_sha256_finish(ctx, out) == 0);
    mbedtls_sha256_free(ctx);
}

void crypt_sha256(const void *bytes, size_t n, uint8_t out[CRYPT_DIGEST_BYTES])
{
    mbedtls_sha256_context ctx;
    begin(&ctx);
    add(&ctx, bytes, n);
    end(&ctx, out);
}

void crypt_hmac_sha256(struct str key, const struct str *parts, size_t count,
                       uint8_t out[CRYPT_DIGEST_BYTES])
{
    uint8_t short_key[HMAC_BLOCK_BYTES] = {0};
    if (key.n > sizeof short_key)
        crypt_sha256(key.p, key.n, short_key);
    else if (key.n > 0)
        memcpy(short_key, key.p, key.n);
    uint8_t inner[HMAC_BLOCK_BYTES];
    uint8_t outer[HMAC_BLOCK_BYTES];
    for (size_t i = 0; i < sizeof short_key; i++) {
        inner[i] = short_key[i] ^ 0x36;
        outer[i] = short_key[i] ^ 0x5c;
    }
    uint8_t digest[CRYPT_DIGEST_BYTES];
    mbedtls_sha256_context ctx;
    begin(&ctx);
    add(&ctx, inner, sizeof inner);
    for (size_t i = 0; i < count; i++)
        add(&ctx, parts[i].p, parts[i].n);
    end(&ctx, digest);
    begin(&ctx);
    add(&ctx, outer, sizeof outer);
    add(&ctx, digest, sizeof digest);
    end(&ctx, out);
    mem_wipe(short_key, sizeof short_key);
    mem_wipe(inner, sizeof inner);
    mem_wipe(outer, sizeof outer);
    mem_wipe(digest, sizeof digest);
}

void crypt_hkdf_sha256(struct str salt, struct str secret, struct str info,
                       uint8_t out[CRYPT_KEY_BYTES])
{
    uint8_t extracted[CRYPT_DIGEST_BYTES];
    const struct str expand[] = {info, STR("\x01")};
    crypt_hmac_sha256(salt, &secret, 1, extracted);
    crypt_hmac_sha256((struct str){(const char *)extracted, sizeof extracted}, expand, 2, out);
    mem_wipe(extracted, sizeof extracted);
}

enum err crypt_seal(const uint8_t key[CRYPT_KEY_BYTES], const uint8_t nonce[CRYPT_NONCE_BYTES],
                    struct str plain, struct buf *out)
{
    mbedtls_chachapoly_context ctx;
    if (!buf_reserve(out, plain.n + CRYPT_TAG_BYTES))
        return out->err;
    uint8_t *to = out->p + out->n;
    mbedtls_chachapoly_init(&ctx);
    must(mbedtls_chachapoly_setkey(&ctx, key) == 0);
    must(mbedtls_chachapoly_encrypt_and_tag(&ctx, plain.n, nonce, NULL, 0,
                                            (const uint8_t *)plain.p, to, to + plain.n) == 0);
    mbedtls_chachapoly_free(&ctx);
    out->n += plain.n + CRYPT_TAG_BYTES;
    return ERR_OK;
}

enum err crypt_open(const uint8_t key[CRYPT_KEY_BYTES], const uint8_t nonce[CRYPT_NONCE_BYTES],
                    struct str sealed, struct buf *out)
{
    mbedtls_chachapoly_context ctx;
    if (sealed.n < CRYPT_TAG_BYTES)
        return ERR_FORMAT;
    size_t n = sealed.n - CRYPT_TAG_BYTES;
    const uint8_t *from = (const uint8_t *)sealed.p;
    if (!buf_reserve(out, sealed.n))
        return out->err;
    mbedtls_chachapoly_init(&ctx);
    must(mbedtls_chachapoly_setkey(&ctx, key) == 0);
    int ret = mbedtls_chachapoly_auth_decrypt(&ctx, n, nonce, NULL, 0, from + n, from,
                                              out->p + out->n);
    mbedtls_chachapoly_free(&ctx);
    if (ret != 0)
        return ERR_FORMAT;
    out->n += n;
    return ERR_OK;
}

struct crypt_key {
    mbedtls_aes_context forth, back;
    uint8_t sub[CRYPT_BLOCK_BYTES]; /* of the key's CMAC, for one whole block */
};

enum err crypt_key_new(const uint8_t key[CRYPT_KEY_BYTES], struct crypt_key **out)
{
    struct crypt_key *k = secret_new(sizeof *k);
    if (k == NULL)
        return ERR_NOMEM;
    mbedtls_aes_init(&k->forth);
    mbedtls_aes_init(&k->back);
    must(mbedtls_aes_setkey_enc(&k->forth, key, CRYPT_KEY_BYTES * 8) == 0);
    must(mbedtls_aes_setkey_dec(&k->back, key, CRYPT_KEY_BYTES * 8) == 0);
    crypt_block_encrypt(k, k->sub);
    unsigned carry = k->sub[0] >> 7 != 0 ? 0x87 : 0;
    for (size_t i = 0; i < CRYPT_BLOCK_BYTES; i++) {
        unsigned low = i + 1 < CRYPT_BLOCK_BYTES ? k->sub[i + 1] >> 7 : 0U;
        k->sub[i] = (uint8_t)((unsigned)k->sub[i] << 1 | low);
    }
    k->sub[CRYPT_BLOCK_BYTES - 1] ^= (uint8_t)carry;
    *out = k;
    return ERR_OK;
}

void crypt_key_free(struct crypt_key *key)
{
    if (key == NULL)
        return;
    mbedtls_aes_free(&key->forth);
    mbedtls_aes_free(&key->back);
    secret_free(key, sizeof *key);
}

void crypt_block_encrypt(struct crypt_key *key, uint8_t block[CRYPT_BLOCK_BYTES])
{
    must(mbedtls_aes_crypt_ecb(&key->forth, MBEDTLS_AES_ENCRYPT, block, block) == 0);
}

void crypt_block_decrypt(struct crypt_key *key, uint8_t block[CRYPT_BLOCK_BYTES])
{
    must(mbedtls_aes_crypt_ecb(&key->back, MBEDTLS_AES_DECRYPT, block, block) == 0);
}

/* The first half of the nonce makes a key (SP 800-108 in counter mode over CMAC), the second
 * half is that key's nonce. */
static enum err message_key(struct crypt_key *key, const uint8_t nonce[CRYPT_XNONCE_BYTES],
                            mbedtls_gcm_context *gcm)
{
    uint8_t derived[CRYPT_KEY_BYTES];
    for (uint8_t half = 0; half < 2; half++) {
        uint8_t *block = derived + (size_t)half * CRYPT_BLOCK_BYTES;
        const uint8_t head[4] = {0, (uint8_t)(half + 1), 'X', 0};
        memcpy(block, head, sizeof head);
        memcpy(block + sizeof head, nonce, CRYPT_NONCE_BYTES);
        for (size_t i = 0; i < CRYPT_BLOCK_BYTES; i++)
            block[i] ^= key->sub[i];
        crypt_block_encrypt(key, block);
    }
    mbedtls_gcm_init(gcm);
    int ret = mbedtls_gcm_setkey(gcm, MBEDTLS_CIPHER_ID_AES, derived, sizeof derived * 8);
    mem_wipe(derived, sizeof derived);
    return ret == 0 ? ERR_OK : ERR_NOMEM; /* the only way it fails with such a key */
}

enum err crypt_xseal(struct crypt_key *key, const uint8_t nonce[CRYPT_XNONCE_BYTES],
                     struct str aad, struct str plain, uint8_t *out,
                     uint8_t tag[CRYPT_TAG_BYTES])
{
    mbedtls_gcm_context gcm;
    enum err err = message_key(key, nonce, &gcm);
    if (err == ERR_OK)
        must(mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, plain.n,
                                       nonce + CRYPT_NONCE_BYTES, CRYPT_NONCE_BYTES,
                                       (const uint8_t *)aad.p, aad.n, (const uint8_t *)plain.p,
                                       out, CRYPT_TAG_BYTES, tag) == 0);
    mbedtls_gcm_free(&gcm);
    return err;
}

enum err crypt_xopen(struct crypt_key *key, const uint8_t nonce[CRYPT_XNONCE_BYTES],
                     struct str aad, struct str sealed, const uint8_t tag[CRYPT_TAG_BYTES],
                     uint8_t *out)
{
    mbedtls_gcm_context gcm;
    enum err err = message_key(key, nonce, &gcm);
    if (err == ERR_OK &&
        mbedtls_gcm_auth_decrypt(&gcm, sealed.n, nonce + CRYPT_NONCE_BYTES, CRYPT_NONCE_BYTES,
                                 (const uint8_t *)aad.p, aad.n, tag, CRYPT_TAG_BYTES,
                                 (const uint8_t *)sealed.p, out) != 0)
        err = ERR_FORMAT;
    mbedtls_gcm_free(&gcm);
    return err;
}
