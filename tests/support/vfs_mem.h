/* SPDX-License-Identifier: Apache-2.0 */
/* A SQLite VFS over a disk in memory (disk.h): real SQLite, faults and power cuts by the seed.
 */
#ifndef TESTS_SUPPORT_VFS_MEM_H
#define TESTS_SUPPORT_VFS_MEM_H

#include "tests/support/disk.h"

#include <stddef.h>
#include <stdint.h>

/* What SQLite asks its VFS for besides files; the owner (a node of the simulation) supplies it.
 */
struct vfs_mem_env {
    void *ctx;
    int64_t (*utc_ms)(void *ctx);
    void (*random)(void *ctx, void *bytes, size_t n);
};

struct vfs_mem;

/* This process has one thread: SQLite takes no locks and keeps no statistics. Before anything
 * else is asked of it. */
void vfs_mem_alone(void);

/* Register `disk` as the VFS `name` (copied, unique in the process, never the default VFS). The
 * disk stays the caller's and outlives the VFS. Works in WAL mode with one or more connections
 * (shared memory) and with locking_mode=EXCLUSIVE. Never NULL. One thread at a time. */
struct vfs_mem *vfs_mem_open(struct disk *disk, const char *name, struct vfs_mem_env env);
/* Unregister and free. Every connection must be closed before; after a power cut too. NULL is
 * fine. */
void vfs_mem_close(struct vfs_mem *vfs);
/* Handles still open: 0 once every connection is closed. */
size_t vfs_mem_handles(const struct vfs_mem *vfs);
/* Give the process-wide generator of SQLite (WAL salts, random()) a fixed start. Call it at the
 * start of a run: the state left by the run before would change this one. */
void vfs_mem_seed(uint32_t seed);

#endif
