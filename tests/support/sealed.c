/* SPDX-License-Identifier: Apache-2.0 */
#include "support/sealed.h"

#include <string.h>

void sealed_open(struct sealed *s, const char *name, const char *under, uint8_t key,
                 void (*random)(void *ctx, void *out, size_t n), void *ctx)
{
    uint8_t secret[CRYPT_KEY_BYTES];
    uint8_t salt[PAGE_CIPHER_SALT];
    memset(secret, key, sizeof secret);
    memset(salt, 's', sizeof salt);
    crypt_start();
    must(page_cipher_new(secret, salt, random, ctx, &s->cipher) == ERR_OK);
    const struct vfs_crypt_cipher cipher = {s->cipher, page_cipher_seal, page_cipher_open,
                                            page_cipher_mask};
    must(vfs_crypt_open(name, under, &cipher, &s->vfs) == ERR_OK);
}

void sealed_close(struct sealed *s)
{
    must(s->vfs == NULL || vfs_crypt_refused(s->vfs) == 0);
    vfs_crypt_close(s->vfs);
    page_cipher_free(s->cipher);
    *s = (struct sealed){0};
}
