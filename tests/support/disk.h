/* SPDX-License-Identifier: Apache-2.0 */
/* A disk in memory that loses what was not synced: power cuts, torn sectors, I/O errors, full.
 */
#ifndef TESTS_SUPPORT_DISK_H
#define TESTS_SUPPORT_DISK_H

#include "proto/err.h"
#include "tests/support/rng.h"

#include <stddef.h>
#include <stdint.h>

/* Names are flat: "a/b" is a name with a slash in it, and there is one folder to sync. */
enum { DISK_NAME_BYTES = 256, DISK_SECTOR_BYTES = 512 };

/* What is counted and can fail. DISK_ANY counts every call of the others. */
enum disk_op {
    DISK_OPEN,
    DISK_READ,
    DISK_WRITE,
    DISK_TRUNCATE,
    DISK_SYNC,   /* of a file or of the folder */
    DISK_DELETE, /* of a name */
    DISK_LOOK,   /* does a name exist, how long is a file */
    DISK_ANY,
    DISK_OP_COUNT
};

enum disk_fault {
    DISK_FAULT_NONE,
    DISK_FAULT_IO, /* ERR_IO; a write may have got through in part, a failed sync forgets writes
                    */
    DISK_FAULT_FULL, /* ERR_FULL; nothing is written */
    DISK_FAULT_POWER /* the power goes in the middle of the call */
};

struct disk;      /* a disk with its files */
struct disk_file; /* what an open handle refers to; it outlives its name while it is open */

/* An empty disk that is up; faults are drawn from a copy of `rng`. The caller frees it, after
 * closing all its files. Never NULL. One thread at a time. */
struct disk *disk_new(const struct rng *rng);
void disk_free(struct disk *disk);

/* Power cut: each unsynced write, of all files independently, is kept, dropped or torn by
 * sector with garbage; unsynced creations, deletions and truncations may be undone. Until
 * disk_restart every call fails, and files opened before stay dead for good. */
void disk_power_cut(struct disk *disk);
/* The process dies, the machine lives: files opened before stay dead, nothing is lost. */
void disk_kill(struct disk *disk);
/* Serve again, after a power cut, a kill or a restore. Close the dead process's connections
 * first: SQLite deletes by name, and that would reach the files of the new life. */
void disk_restart(struct disk *disk);
bool disk_up(const struct disk *disk);
/* Grows at each cut and kill: a handle of an older generation is dead. */
uint64_t disk_generation(const struct disk *disk);

/* Let the nth call of `op` from now fail (nth 1 = the next), once or from then on. One plan per
 * op; a new one replaces it. */
void disk_fail(struct disk *disk, enum disk_op op, uint64_t nth, enum disk_fault fault,
               bool lasting);
/* Let calls of `op` fail with DISK_FAULT_IO, `ppm` times in a million. */
void disk_fail_rate(struct disk *disk, enum disk_op op, uint32_t ppm);
/* Bytes of all files together; 0 = no limit. A write over it is cut short with ERR_FULL. */
void disk_capacity(struct disk *disk, uint64_t bytes);
/* Drop every plan, rate and limit. */
void disk_heal(struct disk *disk);
/* Calls so far, faults injected so far: for tests that try every n. */
uint64_t disk_calls(const struct disk *disk, enum disk_op op);
uint64_t disk_faults(const struct disk *disk);
uint64_t disk_used(const struct disk *disk);

/* Copy of the disk as it is now (what a machine snapshot holds); free with disk_free. */
struct disk *disk_snapshot(const struct disk *disk);
/* Make `to` a durable copy of `from`: an older image put back, or a clone. `to` goes down as
 * with disk_kill and wants disk_restart. Plans and counters stay. */
void disk_restore(struct disk *to, const struct disk *from);

/* Names in byte order, NULL past the last; valid until the disk changes. */
const char *disk_name(const struct disk *disk, size_t index);
/* The bytes of `name` as a reader sees them now, NULL when there is no such file; valid until
 * it changes. Not a call that counts or fails. */
const uint8_t *disk_bytes(const struct disk *disk, const char *name, size_t *n);
/* Set a whole file durably at once, as write-new, sync, rename, sync of the folder do. */
void disk_put(struct disk *disk, const char *name, const void *bytes, size_t n);
/* Flip one bit of a file, on the platter too (bit rot). offset inside the file. */
void disk_flip(struct disk *disk, const char *name, size_t offset, unsigned bit);
/* Hash of all names and bytes as a reader sees them: equal runs have equal digests. */
uint64_t disk_digest(const struct disk *disk);

/* The calls of a file system. name NULL opens a nameless file. *created (may be NULL) says
 * whether the file is new. ERR_NOTFOUND when absent and !create; ERR_IO, ERR_FULL by fault. */
NODISCARD enum err disk_open(struct disk *disk, const char *name, bool create,
                             struct disk_file **out, bool *created);
void disk_close(struct disk *disk, struct disk_file *file);
/* Read up to n bytes; *got < n only at the end of the file. */
NODISCARD enum err disk_read(struct disk *disk, struct disk_file *file, size_t offset, size_t n,
                             void *out, size_t *got);
NODISCARD enum err disk_write(struct disk *disk, struct disk_file *file, size_t offset,
                              const void *bytes, size_t n);
NODISCARD enum err disk_truncate(struct disk *disk, struct disk_file *file, size_t n);
NODISCARD enum err disk_size(struct disk *disk, struct disk_file *file, size_t *n);
/* Make the bytes durable, not the name: that takes disk_sync_folder, as on a real file system.
 */
NODISCARD enum err disk_sync(struct disk *disk, struct disk_file *file);
NODISCARD enum err disk_sync_folder(struct disk *disk);
NODISCARD enum err disk_delete(struct disk *disk, const char *name);
NODISCARD enum err disk_exists(struct disk *disk, const char *name, bool *exists);

#endif
