/* SPDX-License-Identifier: Apache-2.0 */
#include "io/file.h"

#include "proto/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { READ_STEP_BYTES = 64 * 1024, PID_BYTES = 32 };

static const char temp_suffix[] = ".XXXXXX";

/* Error and note for the errno of a failed call on `path`; `what` is one of our French texts.
 */
static enum err failed(struct note *why, const char *what, const char *path)
{
    int code = errno;
    enum err err = ERR_IO;
    if (code == ENOENT)
        err = ERR_NOTFOUND;
    else if (code == ENOSPC || code == EDQUOT || code == EFBIG)
        err = ERR_FULL;
    char text[128];
    const char *words = note_words != NULL ? note_words(what) : what;
    return note_set(why, err, N_("%s : %s (%s)"), path, words,
                    strerror_r(code, text, sizeof text));
}

static bool write_all(int fd, struct str bytes)
{
    size_t done = 0;
    while (done < bytes.n) {
        ssize_t n = write(fd, bytes.p + done, bytes.n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* The folder a path lies in; false when the path is too long. */
static bool folder_of(const char *path, char out[static FILE_PATH_BYTES_MAX])
{
    const char *slash = strrchr(path, '/');
    size_t n = slash == NULL ? 0 : (size_t)(slash - path);
    if (n >= FILE_PATH_BYTES_MAX)
        return false;
    if (slash == NULL)
        out[n++] = '.';
    else if (n == 0)
        out[n++] = '/';
    else
        memcpy(out, path, n);
    out[n] = '\0';
    return true;
}

static enum err sync_folder(const char *path, struct note *why)
{
    char dir[FILE_PATH_BYTES_MAX];
    if (!folder_of(path, dir))
        return note_set(why, ERR_LIMIT, N_("chemin trop long"));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed(why, N_("ouverture impossible"), dir);
    enum err err =
        fsync(fd) == 0 ? ERR_OK : failed(why, N_("écriture durable impossible"), dir);
    (void)close(fd);
    return err;
}

/* Fill the temporary file; it is closed in any case. */
static enum err fill(int fd, const char *temp, struct str bytes, unsigned mode,
                     struct note *why)
{
    enum err err = ERR_OK;
    if (fchmod(fd, (mode_t)mode) != 0)
        err = failed(why, N_("droits impossibles à poser"), temp);
    else if (!write_all(fd, bytes))
        err = failed(why, N_("écriture impossible"), temp);
    else if (fsync(fd) != 0)
        err = failed(why, N_("écriture durable impossible"), temp);
    if (close(fd) != 0 && err == ERR_OK)
        err = failed(why, N_("écriture impossible"), temp);
    return err;
}

enum err file_replace(const char *path, struct str bytes, unsigned mode, struct note *why)
{
    struct buf temp = {0};
    buf_text(&temp, path);
    buf_add(&temp, temp_suffix, sizeof temp_suffix);
    if (temp.err != ERR_OK)
        return temp.err;
    char *name = (char *)temp.p;
    enum err err = ERR_OK;
    /* A name of its own for each writer: two at once must not write into one file. */
    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0) {
        err = failed(why, N_("création impossible"), name);
        goto out;
    }
    err = fill(fd, name, bytes, mode, why);
    if (err == ERR_OK && rename(name, path) != 0)
        err = failed(why, N_("remplacement impossible"), path);
    if (err != ERR_OK)
        (void)unlink(name);
    else
        err = sync_folder(path, why);
out:
    buf_done(&temp);
    return err;
}

/* One read(2) into `out`, at most up to one byte more than the caller wants to see. */
static ssize_t read_some(int fd, struct buf *out, size_t left)
{
    size_t want = left < READ_STEP_BYTES ? left + 1 : READ_STEP_BYTES;
    if (!buf_reserve(out, want))
        return -1;
    ssize_t n = 0;
    do {
        n = read(fd, out->p + out->n, want);
    } while (n < 0 && errno == EINTR);
    return n;
}

enum err file_read(const char *path, size_t bytes_max, struct buf *out, struct note *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return failed(why, N_("ouverture impossible"), path);
    size_t before = out->n;
    enum err err = ERR_OK;
    ssize_t n = 0;
    do {
        n = read_some(fd, out, bytes_max - (out->n - before));
        if (n > 0)
            out->n += (size_t)n;
    } while (n > 0 && out->n - before <= bytes_max);
    if (out->err != ERR_OK)
        err = note_set(why, out->err, N_("%s : mémoire insuffisante"), path);
    else if (n < 0)
        err = failed(why, N_("lecture impossible"), path);
    else if (out->n - before > bytes_max)
        err = note_set(why, ERR_LIMIT, N_("%s : plus de %zu octets"), path, bytes_max);
    if (err != ERR_OK)
        out->n = before;
    (void)close(fd);
    return err;
}

enum err file_move(const char *from, const char *to, struct note *why)
{
    int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return failed(why, N_("lecture impossible"), from);
    enum err err =
        fsync(fd) == 0 ? ERR_OK : failed(why, N_("écriture durable impossible"), from);
    (void)close(fd);
    if (err == ERR_OK && rename(from, to) != 0)
        err = failed(why, N_("écriture impossible"), to);
    return err == ERR_OK ? sync_folder(to, why) : err;
}

enum err file_remove(const char *path, struct note *why)
{
    if (unlink(path) != 0)
        return failed(why, N_("suppression impossible"), path);
    return sync_folder(path, why);
}

static enum err overwrite(int fd, const char *path, struct note *why)
{
    static const char zeros[4096];
    struct stat st;
    if (fstat(fd, &st) != 0)
        return failed(why, N_("lecture impossible"), path);
    for (off_t left = st.st_size; left > 0; left -= (off_t)sizeof zeros) {
        size_t n = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;
        if (!write_all(fd, (struct str){zeros, n}))
            return failed(why, N_("écriture impossible"), path);
    }
    return fsync(fd) == 0 ? ERR_OK : failed(why, N_("écriture durable impossible"), path);
}

enum err file_erase(const char *path, struct note *why)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return failed(why, N_("ouverture impossible"), path);
    enum err err = overwrite(fd, path, why);
    (void)close(fd);
    return err == ERR_OK ? file_remove(path, why) : err;
}

static enum err make_one(const char *path, struct note *why)
{
    if (mkdir(path, 0700) == 0)
        return sync_folder(path, why);
    if (errno != EEXIST)
        return failed(why, N_("création impossible"), path);
    struct stat st;
    if (stat(path, &st) != 0)
        return failed(why, N_("lecture impossible"), path);
    if (!S_ISDIR(st.st_mode))
        return note_set(why, ERR_EXISTS, N_("%s : n'est pas un dossier"), path);
    return ERR_OK;
}

enum err file_mkdirs(const char *path, struct note *why)
{
    size_t n = strlen(path);
    char part[FILE_PATH_BYTES_MAX];
    if (n == 0 || n >= sizeof part)
        return note_set(why, ERR_LIMIT, N_("chemin vide ou trop long"));
    for (size_t i = 0; i <= n; i++) {
        part[i] = path[i];
        bool end = path[i] == '\0' || path[i] == '/';
        if (!end || i == 0 || path[i - 1] == '/')
            continue;
        part[i] = '\0';
        enum err err = make_one(part, why);
        if (err != ERR_OK)
            return err;
        part[i] = path[i];
    }
    return ERR_OK;
}

enum err file_lock(const char *path, struct file_lock *lock, struct note *why)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return failed(why, N_("ouverture impossible"), path);
    char pid[PID_BYTES] = {0};
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        bool held = errno == EWOULDBLOCK;
        enum err err = failed(why, N_("verrouillage impossible"), path);
        ssize_t n = held ? pread(fd, pid, sizeof pid - 1, 0) : -1;
        long owner = n > 0 ? strtol(pid, NULL, 10) : 0;
        if (held)
            err = note_set(why, ERR_BUSY, N_("%s : utilisé par le processus %ld"), path, owner);
        (void)close(fd);
        return err;
    }
    /* The number only helps a person; the lock itself is the kernel's. */
    int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (n > 0 && ftruncate(fd, 0) == 0) {
        ssize_t wrote = pwrite(fd, pid, (size_t)n, 0);
        (void)wrote;
    }
    lock->fd = fd;
    return ERR_OK;
}

void file_unlock(struct file_lock *lock)
{
    if (lock->fd >= 0)
        (void)close(lock->fd);
    lock->fd = -1;
}

enum err file_space(const char *path, struct file_space *out, struct note *why)
{
    struct statvfs fs;
    if (statvfs(path, &fs) != 0)
        return failed(why, N_("lecture impossible"), path);
    out->free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    out->total_bytes = (uint64_t)fs.f_blocks * fs.f_frsize;
    return ERR_OK;
}

enum err file_join(struct buf *out, const char *dir, const char *name)
{
    size_t n = strlen(dir);
    buf_clear(out);
    if (n + strlen(name) + 2 > FILE_PATH_BYTES_MAX)
        return ERR_LIMIT;
    buf_add(out, dir, n);
    if (n > 0 && dir[n - 1] != '/')
        buf_u8(out, '/');
    buf_text(out, name);
    buf_u8(out, '\0');
    if (out->err != ERR_OK)
        return out->err;
    out->n--;
    return ERR_OK;
}

enum err file_read_in(const char *dir, const char *name, size_t bytes_max, struct buf *out,
                      struct note *why)
{
    struct buf path = {0};
    enum err err = file_join(&path, dir, name);
    if (err == ERR_OK)
        err = file_read((const char *)path.p, bytes_max, out, why);
    buf_done(&path);
    return err;
}

enum err file_replace_in(const char *dir, const char *name, struct str bytes, unsigned mode,
                         struct note *why)
{
    struct buf path = {0};
    enum err err = file_join(&path, dir, name);
    if (err == ERR_OK)
        err = file_replace((const char *)path.p, bytes, mode, why);
    buf_done(&path);
    return err;
}
