/* SPDX-License-Identifier: Apache-2.0 */
/* An encrypted replica as a choice of VFS: every page of the database and of its log is sealed
 * in its place, over another VFS (format JCR1). Whatever would write anything else fails.
 *
 * Page of the database: sealed bytes, and in the 40 the engine leaves free at its end, nonce
 * and tag. Frame of the log: its header with the half that depends on contents covered, then a
 * page. Clear: header of the log, page numbers, how many pages there are. */
#ifndef STORE_VFS_CRYPT_H
#define STORE_VFS_CRYPT_H

#include "proto/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    VFS_CRYPT_PAGE = 4096,
    VFS_CRYPT_RESERVE = 40, /* free bytes at the end of each page */
    VFS_CRYPT_PLACE = 8,    /* of a page: format, kind of file, which database, number */
    VFS_CRYPT_BLOCK = 16,
    VFS_CRYPT_NAME = 64,
    VFS_CRYPT_CONTROL = 0x4a435231 /* file control: does this file want VFS_CRYPT_RESERVE? */
};

/* The keys, and what is done with them (io/page_cipher). They belong to the files opened
 * through one VFS: two of them may be in use side by side. */
struct vfs_crypt_cipher {
    void *ctx;
    enum err (*seal)(void *ctx, const uint8_t place[VFS_CRYPT_PLACE],
                     const uint8_t plain[VFS_CRYPT_PAGE], uint8_t sealed[VFS_CRYPT_PAGE]);
    enum err (*open)(void *ctx, const uint8_t place[VFS_CRYPT_PLACE],
                     const uint8_t sealed[VFS_CRYPT_PAGE], uint8_t plain[VFS_CRYPT_PAGE]);
    void (*mask)(void *ctx, uint64_t offset, bool back, uint8_t block[VFS_CRYPT_BLOCK]);
};

struct vfs_crypt;

/* Register the VFS `name` (copied, unique in the process) over the VFS `under` (NULL: the
 * default one), which outlives it, as the cipher does. Its databases are opened with
 * locking_mode=EXCLUSIVE and temp_store=MEMORY. NOMEM, IO. */
NODISCARD enum err vfs_crypt_open(const char *name, const char *under,
                                  const struct vfs_crypt_cipher *cipher,
                                  struct vfs_crypt **out);
/* Unregister and free, once every connection is closed. NULL is fine. */
void vfs_crypt_close(struct vfs_crypt *vfs);
/* Calls that were refused because plain bytes, or a file of another kind, would have come of
 * them: 0, or a mistake of ours. */
uint64_t vfs_crypt_refused(const struct vfs_crypt *vfs);

/* For the seam to the engine. Right after a database was opened: leave room at the end of its
 * pages; false: it is not encrypted. */
struct sqlite3;
bool vfs_crypt_begin(struct sqlite3 *db);
/* … and once it is set up: what decides where plain bytes go stays as it is. */
void vfs_crypt_settle(struct sqlite3 *db);

#endif
