/* SPDX-License-Identifier: Apache-2.0 */
/* Files: durable replacement, bounded reading, folders, the lock of a data folder, free space.
 */
#ifndef IO_FILE_H
#define IO_FILE_H

#include "proto/buf.h"

#include <stdint.h>

enum { FILE_PATH_BYTES_MAX = 4096 };

/* All of these block: loop start, command line or database thread. Errors of the system become
 * ERR_NOTFOUND, ERR_FULL (no space, quota, file size limit) or ERR_IO; `why` (may be NULL)
 * names the path and the cause. */

/* Replace the file at `path` by `bytes`, readable as `mode` says whatever the umask: write
 * beside, fsync, rename, fsync the folder. After a crash the old or the new content is there,
 * whole. */
NODISCARD enum err file_replace(const char *path, struct str bytes, unsigned mode,
                                struct note *why);
/* Append the content of `path` to `out`. ERR_LIMIT when it is longer than `bytes_max`; on error
 * `out` holds what it held. Works on pipes too. */
NODISCARD enum err file_read(const char *path, size_t bytes_max, struct buf *out,
                             struct note *why);
/* Give a finished file its real name in the same folder, replacing what has it, and make that
 * durable, the content first. ERR_NOTFOUND when there is no `from`. */
NODISCARD enum err file_move(const char *from, const char *to, struct note *why);
/* Remove the file and make that durable. ERR_NOTFOUND when there is none. */
NODISCARD enum err file_remove(const char *path, struct note *why);
/* Overwrite the content, make that durable, then remove the file: for secrets. What an old
 * block of the disk may still hold is beyond us. ERR_NOTFOUND when there is none. */
NODISCARD enum err file_erase(const char *path, struct note *why);
/* Make the folder and those above it, mode 0700; folders that exist are left as they are. */
NODISCARD enum err file_mkdirs(const char *path, struct note *why);

/* An exclusive advisory lock; the kernel lets go of it when the process ends, however it ends.
 */
struct file_lock {
    int fd; /* the open lock file */
};
/* Take the lock without waiting, making the file (mode 0600) where needed. ERR_BUSY when
 * another holder lives; the note then names its process. The file stays behind on purpose:
 * removing it would let two processes hold "the" lock. */
NODISCARD enum err file_lock(const char *path, struct file_lock *lock, struct note *why);
void file_unlock(struct file_lock *lock);

struct file_space {
    uint64_t free_bytes;  /* what we may still write */
    uint64_t total_bytes; /* size of the file system */
};
NODISCARD enum err file_space(const char *path, struct file_space *out, struct note *why);

/* Put "dir/name" into `out` (cleared first), NUL-terminated, so that (char *)out->p is a path.
 * An empty dir gives the name alone. ERR_LIMIT over FILE_PATH_BYTES_MAX, ERR_NOMEM. */
NODISCARD enum err file_join(struct buf *out, const char *dir, const char *name);
/* file_read and file_replace of dir/name. */
NODISCARD enum err file_read_in(const char *dir, const char *name, size_t bytes_max,
                                struct buf *out, struct note *why);
NODISCARD enum err file_replace_in(const char *dir, const char *name, struct str bytes,
                                   unsigned mode, struct note *why);

#endif
