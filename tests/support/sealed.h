/* SPDX-License-Identifier: Apache-2.0 */
/* An encrypting VFS for tests, over the disk in memory or over real files. */
#ifndef SUPPORT_SEALED_H
#define SUPPORT_SEALED_H

#include "io/page_cipher.h"
#include "store/vfs_crypt.h"

struct sealed {
    struct page_cipher *cipher;
    struct vfs_crypt *vfs;
};

/* Register `name` over `under` with the key number `key`; nonces from `random`. Failing ends
 * the test. */
void sealed_open(struct sealed *s, const char *name, const char *under, uint8_t key,
                 void (*random)(void *ctx, void *out, size_t n), void *ctx);
/* A zeroed one is fine. Nothing was refused: that would be a mistake of ours. */
void sealed_close(struct sealed *s);

#endif
