/* SPDX-License-Identifier: Apache-2.0 */
#include "io/crypt.h"

#include "io/compat_mbedtls.h"
#include "proto/mem.h"

#include <mbedtls/aes.h>
#include <mbedtls/chachapoly.h>

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
