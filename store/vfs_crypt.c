/* SPDX-License-Identifier: Apache-2.0 */
#include "store/vfs_crypt.h"

#include "proto/mem.h"
#include "store/content.h"
#include "store/db.h"

#include <sqlite3.h>
#include <string.h>

enum {
    PAGE = VFS_CRYPT_PAGE,
    HEADER = 100,      /* of the database: read before anything is known of it */
    LOG_HEADER = 32,   /* of the log */
    FRAME_HEADER = 24, /* page, size, then what is covered: salts and checksums */
    FRAME_COVERED = 8, /* … from here */
    FRAME_SUMS = 16,   /* the checksums alone … */
    FRAME_SUMS_BYTES = 8,
    FRAME = FRAME_HEADER + PAGE,
    JOURNAL_COUNT = 12, /* header of a rollback journal that keeps no page: which it says … */
    JOURNAL_FACTS = 28, /* … and what else; the rest of its sector is zeroes */
    ALIGNMENT = 16
};

enum part { PART_DATABASE = 1, PART_LOG, PART_JOURNAL };

struct vfs_crypt {
    sqlite3_vfs base; /* first: the engine sees only this */
    sqlite3_vfs *under;
    struct vfs_crypt_cipher cipher;
    uint64_t refused;
    char name[VFS_CRYPT_NAME];
};

struct handle {
    sqlite3_file base; /* first: the engine sees only this */
    struct vfs_crypt *vfs;
    sqlite3_file *under; /* behind this struct, in the same block */
    enum part part;
    bool content; /* the contents of documents, not the rows */
};

enum { HANDLE = (sizeof(struct handle) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT };

static struct handle *handle_of(sqlite3_file *base)
{
    return (struct handle *)(void *)base;
}

static struct vfs_crypt *vfs_of(sqlite3_vfs *base)
{
    return (struct vfs_crypt *)(void *)base;
}

static int refuse(struct handle *h, int code)
{
    h->vfs->refused++;
    return code;
}

static int under_read(struct handle *h, void *out, int n, int64_t offset)
{
    return h->under->pMethods->xRead(h->under, out, n, offset);
}

static int under_write(struct handle *h, const void *bytes, int n, int64_t offset)
{
    return h->under->pMethods->xWrite(h->under, bytes, n, offset);
}

static int under_size(struct handle *h, int64_t *out)
{
    sqlite3_int64 n = 0;
    int rc = h->under->pMethods->xFileSize(h->under, &n);
    *out = n;
    return rc;
}

/* ---- pages ---- */

/* number: of the page, or of the frame. */
static void place_of(const struct handle *h, uint32_t number, uint8_t place[VFS_CRYPT_PLACE])
{
    const uint8_t bytes[VFS_CRYPT_PLACE] = {'1',
                                            h->part == PART_LOG ? 'w' : 'd',
                                            h->content,
                                            0,
                                            (uint8_t)(number >> 24),
                                            (uint8_t)(number >> 16),
                                            (uint8_t)(number >> 8),
                                            (uint8_t)number};
    memcpy(place, bytes, sizeof bytes);
}

static int unseal(struct handle *h, uint32_t number, const uint8_t sealed[PAGE],
                  uint8_t out[PAGE])
{
    uint8_t place[VFS_CRYPT_PLACE];
    const struct vfs_crypt_cipher *c = &h->vfs->cipher;
    place_of(h, number, place);
    enum err err = c->open(c->ctx, place, sealed, out);
    if (err == ERR_OK)
        return SQLITE_OK;
    memset(out, 0, PAGE);
    return err == ERR_NOMEM ? SQLITE_IOERR_NOMEM : SQLITE_IOERR_DATA;
}

static int write_sealed(struct handle *h, uint32_t number, const uint8_t plain[PAGE],
                        int64_t offset)
{
    uint8_t place[VFS_CRYPT_PLACE];
    uint8_t sealed[PAGE];
    const struct vfs_crypt_cipher *c = &h->vfs->cipher;
    place_of(h, number, place);
    if (c->seal(c->ctx, place, plain, sealed) != ERR_OK)
        return SQLITE_IOERR_NOMEM;
    return under_write(h, sealed, PAGE, offset);
}

static bool all_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != 0)
            return false;
    return true;
}

/* ---- the database ---- */

/* What the engine must know before it reads a page, and before it knows of the log: a power cut
 * in a checkpoint may have torn the first page while the log still has it. */
static int sniff(struct handle *h, uint8_t *out, int n)
{
    static const uint8_t header[HEADER] = "SQLite format 3\0" /* then from byte 16 */
                                          "\x10\0\2\2\x28\x40\x20\x20";
    int64_t size = 0;
    int rc = under_size(h, &size);
    if (rc != SQLITE_OK)
        return rc;
    memset(out, 0, (size_t)n);
    if (size == 0)
        return SQLITE_IOERR_SHORT_READ;
    memcpy(out, header, (size_t)n);
    return SQLITE_OK;
}

/* Any part of a page; whole pages but for the first ones are read in one piece. */
static int database_read(struct handle *h, uint8_t *out, int n, int64_t offset)
{
    uint8_t sealed[PAGE];
    uint8_t plain[PAGE];
    int64_t size = 0;
    int64_t within = offset % PAGE;
    if (offset == 0 && n <= HEADER)
        return sniff(h, out, n);
    if (within + n > PAGE)
        return refuse(h, SQLITE_IOERR_READ);
    int rc = under_read(h, sealed, PAGE, offset - within);
    if (rc == SQLITE_IOERR_SHORT_READ) {
        memset(out, 0, (size_t)n);
        rc = under_size(h, &size);
        if (rc != SQLITE_OK)
            return rc;
        return offset - within >= size ? SQLITE_IOERR_SHORT_READ : SQLITE_IOERR_DATA;
    }
    if (rc != SQLITE_OK)
        return rc;
    rc = unseal(h, (uint32_t)(offset / PAGE + 1), sealed, plain);
    memcpy(out, plain + within, (size_t)n);
    return rc;
}

static int database_write(struct handle *h, const uint8_t *bytes, int n, int64_t offset)
{
    static const uint8_t nothing[PAGE];
    int64_t size = 0;
    if (n != PAGE || offset % PAGE != 0)
        return refuse(h, SQLITE_IOERR_WRITE);
    int rc = under_size(h, &size);
    /* A page of zeroes is no page: what the engine leaves out is sealed too. */
    for (int64_t gap = (size + PAGE - 1) / PAGE * PAGE; rc == SQLITE_OK && gap < offset;
         gap += PAGE)
        rc = write_sealed(h, (uint32_t)(gap / PAGE + 1), nothing, gap);
    return rc == SQLITE_OK ? write_sealed(h, (uint32_t)(offset / PAGE + 1), bytes, offset) : rc;
}

/* ---- the log ---- */

static void cover(struct handle *h, uint8_t header[FRAME_HEADER], int64_t offset, bool back)
{
    const struct vfs_crypt_cipher *c = &h->vfs->cipher;
    c->mask(c->ctx, (uint64_t)offset, back, header + FRAME_COVERED);
}

static int frame_header_read(struct handle *h, uint8_t header[FRAME_HEADER], int64_t offset)
{
    int rc = under_read(h, header, FRAME_HEADER, offset);
    cover(h, header, offset, true);
    return rc;
}

/* Header and page at once: the engine looks for the end of what was committed. A page that does
 * not open is one whose checksum is wrong; an error would leave the database shut. */
static int frame_read(struct handle *h, uint8_t *out, int64_t offset, uint32_t number)
{
    uint8_t frame[FRAME];
    int rc = under_read(h, frame, FRAME, offset);
    memset(out, 0, FRAME);
    if (rc != SQLITE_OK)
        return rc;
    memcpy(out, frame, FRAME_HEADER);
    cover(h, out, offset, true);
    rc = unseal(h, number, frame + FRAME_HEADER, out + FRAME_HEADER);
    return rc == SQLITE_IOERR_DATA ? SQLITE_OK : rc;
}

static int log_read(struct handle *h, uint8_t *out, int n, int64_t offset)
{
    uint8_t part[PAGE];
    if (offset + n <= LOG_HEADER)
        return under_read(h, out, n, offset);
    if (offset < LOG_HEADER)
        return refuse(h, SQLITE_IOERR_READ);
    uint32_t number = (uint32_t)((offset - LOG_HEADER) / FRAME);
    int64_t within = (offset - LOG_HEADER) % FRAME;
    if (within == 0 && n == FRAME)
        return frame_read(h, out, offset, number);
    if (within == 0 && n == FRAME_HEADER)
        return frame_header_read(h, out, offset);
    if (within == FRAME_SUMS && n == FRAME_SUMS_BYTES) {
        int rc = frame_header_read(h, part, offset - FRAME_SUMS);
        memcpy(out, part + FRAME_SUMS, FRAME_SUMS_BYTES);
        return rc;
    }
    if (within != FRAME_HEADER || n != PAGE)
        return refuse(h, SQLITE_IOERR_READ);
    int rc = under_read(h, part, PAGE, offset);
    if (rc == SQLITE_OK)
        return unseal(h, number, part, out);
    memset(out, 0, PAGE);
    return rc;
}

static int log_write(struct handle *h, const uint8_t *bytes, int n, int64_t offset)
{
    if (offset == 0 && n == LOG_HEADER)
        return under_write(h, bytes, n, offset);
    int64_t within = offset < LOG_HEADER ? -1 : (offset - LOG_HEADER) % FRAME;
    if (within == 0 && n == FRAME_HEADER) {
        uint8_t header[FRAME_HEADER];
        memcpy(header, bytes, sizeof header);
        cover(h, header, offset, false);
        return under_write(h, header, n, offset);
    }
    /* What lies in the room for nonce and tag is in the engine's checksum, and would not come
     * back. */
    if (within != FRAME_HEADER || n != PAGE ||
        !all_zero(bytes + PAGE - VFS_CRYPT_RESERVE, VFS_CRYPT_RESERVE))
        return refuse(h, SQLITE_IOERR_WRITE);
    return write_sealed(h, (uint32_t)((offset - LOG_HEADER) / FRAME), bytes, offset);
}

/* Magic number and how many pages follow (not known yet: zeroes); then two numbers, and how
 * long sectors and pages are. */
static bool journal_header(const uint8_t *p, size_t n)
{
    static const uint8_t magic[] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
    static const uint8_t page[] = {0, 0, PAGE >> 8, 0};
    if (n < JOURNAL_COUNT ||
        !(memcmp(p, magic, sizeof magic) == 0 || all_zero(p, JOURNAL_COUNT)))
        return false;
    return n == JOURNAL_COUNT ||
           (n >= JOURNAL_FACTS &&
            memcmp(p + JOURNAL_FACTS - sizeof page, page, sizeof page) == 0 &&
            all_zero(p + JOURNAL_FACTS, n - JOURNAL_FACTS));
}

/* While the database is made there is a journal, with a header that says how long the database
 * was (not at all), and no page. */
static int journal_write(struct handle *h, const uint8_t *bytes, int n, int64_t offset)
{
    if (offset != 0 || n > PAGE ||
        !(journal_header(bytes, (size_t)n) || all_zero(bytes, (size_t)n)))
        return refuse(h, SQLITE_IOERR_WRITE);
    return under_write(h, bytes, n, offset);
}

/* ---- what the engine calls ---- */

static int on_read(sqlite3_file *base, void *out, int n, sqlite3_int64 offset)
{
    struct handle *h = handle_of(base);
    switch (h->part) {
    case PART_DATABASE:
        return database_read(h, out, n, offset);
    case PART_LOG:
        return log_read(h, out, n, offset);
    case PART_JOURNAL:
        break;
    }
    return under_read(h, out, n, offset);
}

static int on_write(sqlite3_file *base, const void *bytes, int n, sqlite3_int64 offset)
{
    struct handle *h = handle_of(base);
    switch (h->part) {
    case PART_DATABASE:
        return database_write(h, bytes, n, offset);
    case PART_LOG:
        return log_write(h, bytes, n, offset);
    case PART_JOURNAL:
        break;
    }
    return journal_write(h, bytes, n, offset);
}

static int on_close(sqlite3_file *base)
{
    struct handle *h = handle_of(base);
    return h->under->pMethods->xClose(h->under);
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 n)
{
    struct handle *h = handle_of(base);
    int64_t size = 0;
    int rc = under_size(h, &size);
    if (rc != SQLITE_OK)
        return rc;
    if (h->part == PART_DATABASE && (n > size || n % PAGE != 0))
        return refuse(h, SQLITE_IOERR_TRUNCATE); /* longer: it would end in zeroes */
    return h->under->pMethods->xTruncate(h->under, n);
}

static int on_sync(sqlite3_file *base, int flags)
{
    struct handle *h = handle_of(base);
    return h->under->pMethods->xSync(h->under, flags);
}

static int on_size(sqlite3_file *base, sqlite3_int64 *out)
{
    struct handle *h = handle_of(base);
    return h->under->pMethods->xFileSize(h->under, out);
}

static int on_lock(sqlite3_file *base, int level)
{
    struct handle *h = handle_of(base);
    return h->under->pMethods->xLock(h->under, level);
}

static int on_unlock(sqlite3_file *base, int level)
{
    struct handle *h = handle_of(base);
    return h->under->pMethods->xUnlock(h->under, level);
}

static int on_check_reserved(sqlite3_file *base, int *out)
{
    struct handle *h = handle_of(base);
    return h->under->pMethods->xCheckReservedLock(h->under, out);
}

static int on_control(sqlite3_file *base, int op, void *arg)
{
    struct handle *h = handle_of(base);
    switch (op) {
    case VFS_CRYPT_CONTROL:
        *(int *)arg = VFS_CRYPT_RESERVE;
        return SQLITE_OK;
    case SQLITE_FCNTL_SIZE_HINT: /* zeroes at the end */
    case SQLITE_FCNTL_CHUNK_SIZE:
        return SQLITE_OK;
    case SQLITE_FCNTL_POWERSAFE_OVERWRITE:
        *(int *)arg = 1;
        return SQLITE_OK;
    case SQLITE_FCNTL_MMAP_SIZE:
    case SQLITE_FCNTL_BEGIN_ATOMIC_WRITE:
    case SQLITE_FCNTL_COMMIT_ATOMIC_WRITE:
    case SQLITE_FCNTL_ROLLBACK_ATOMIC_WRITE:
        return SQLITE_NOTFOUND;
    default:
        return h->under->pMethods->xFileControl(h->under, op, arg);
    }
}

static int on_sector_size(sqlite3_file *base)
{
    struct handle *h = handle_of(base);
    return h->under->pMethods->xSectorSize(h->under);
}

/* Else the engine pads and splits what it writes into the log. Nothing of what the disk offers
 * for plain bytes. */
static int on_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* Version 1: no shared memory and no mapping, so the index of the log stays on the heap. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_reserved,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
};

static int on_open(sqlite3_vfs *base, const char *name, sqlite3_file *file, int flags,
                   int *out_flags)
{
    struct vfs_crypt *vfs = vfs_of(base);
    struct handle *h = handle_of(file);
    memset(h, 0, HANDLE);
    h->vfs = vfs;
    h->under = (sqlite3_file *)(void *)((uint8_t *)file + HANDLE);
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0)
        h->part = PART_DATABASE;
    else if ((flags & SQLITE_OPEN_WAL) != 0)
        h->part = PART_LOG;
    else if ((flags & SQLITE_OPEN_MAIN_JOURNAL) != 0)
        h->part = PART_JOURNAL;
    else
        return refuse(h, SQLITE_CANTOPEN); /* temporary files: they are kept in memory */
    const char *file_name = name == NULL ? NULL : strrchr(name, '/');
    file_name = file_name == NULL ? name : file_name;
    h->content = file_name != NULL && strstr(file_name, CONTENT_SUFFIX) != NULL;
    int rc = vfs->under->xOpen(vfs->under, name, h->under, flags, out_flags);
    /* Close is called whenever there are methods, and must reach the file then. */
    h->base.pMethods = h->under->pMethods != NULL ? &methods : NULL;
    return rc;
}

static int on_delete(sqlite3_vfs *base, const char *name, int sync_folder)
{
    sqlite3_vfs *under = vfs_of(base)->under;
    return under->xDelete(under, name, sync_folder);
}

static int on_access(sqlite3_vfs *base, const char *name, int flags, int *out)
{
    sqlite3_vfs *under = vfs_of(base)->under;
    return under->xAccess(under, name, flags, out);
}

static int on_full_path(sqlite3_vfs *base, const char *name, int room, char *out)
{
    sqlite3_vfs *under = vfs_of(base)->under;
    return under->xFullPathname(under, name, room, out);
}

static int on_random(sqlite3_vfs *base, int n, char *out)
{
    sqlite3_vfs *under = vfs_of(base)->under;
    return under->xRandomness(under, n, out);
}

static int on_sleep(sqlite3_vfs *base, int us)
{
    sqlite3_vfs *under = vfs_of(base)->under;
    return under->xSleep(under, us);
}

static int on_time(sqlite3_vfs *base, double *out)
{
    sqlite3_vfs *under = vfs_of(base)->under;
    return under->xCurrentTime(under, out);
}

static int on_time_ms(sqlite3_vfs *base, sqlite3_int64 *out)
{
    sqlite3_vfs *under = vfs_of(base)->under;
    return under->xCurrentTimeInt64(under, out);
}

static int on_last_error(sqlite3_vfs *base, int n, char *out)
{
    sqlite3_vfs *under = vfs_of(base)->under;
    return under->xGetLastError(under, n, out);
}

enum err vfs_crypt_open(const char *name, const char *under,
                        const struct vfs_crypt_cipher *cipher, struct vfs_crypt **out)
{
    struct vfs_crypt *vfs = mem_new(sizeof *vfs);
    size_t n = strlen(name);
    must(n < sizeof vfs->name && cipher->seal != NULL && cipher->open != NULL && cipher->mask);
    if (vfs == NULL)
        return ERR_NOMEM;
    db_engine_start();
    vfs->under = sqlite3_vfs_find(under);
    if (vfs->under == NULL) {
        mem_free(vfs);
        return ERR_IO;
    }
    vfs->cipher = *cipher;
    memcpy(vfs->name, name, n);
    vfs->base = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = HANDLE + vfs->under->szOsFile,
        .mxPathname = vfs->under->mxPathname,
        .zName = vfs->name,
        .xOpen = on_open,
        .xDelete = on_delete,
        .xAccess = on_access,
        .xFullPathname = on_full_path,
        .xRandomness = on_random,
        .xSleep = on_sleep,
        .xCurrentTime = on_time,
        .xGetLastError = on_last_error,
        .xCurrentTimeInt64 = on_time_ms,
    };
    must(sqlite3_vfs_find(name) == NULL);
    must(sqlite3_vfs_register(&vfs->base, 0) == SQLITE_OK);
    *out = vfs;
    return ERR_OK;
}

void vfs_crypt_close(struct vfs_crypt *vfs)
{
    if (vfs == NULL)
        return;
    must(sqlite3_vfs_unregister(&vfs->base) == SQLITE_OK);
    mem_free(vfs);
}

uint64_t vfs_crypt_refused(const struct vfs_crypt *vfs)
{
    return vfs->refused;
}

/* Before the engine reads or makes a page. */
bool vfs_crypt_begin(struct sqlite3 *db)
{
    int n = 0;
    if (sqlite3_file_control(db, "main", VFS_CRYPT_CONTROL, &n) != SQLITE_OK)
        return false;
    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_RESERVE_BYTES, &n);
    return true;
}

static int allow(void *unused, int action, const char *what, const char *value,
                 const char *base, const char *by)
{
    static const char *const settled[] = {"journal_mode", "locking_mode", "temp_store",
                                          "temp_store_directory", "mmap_size"};
    (void)unused;
    (void)base;
    (void)by;
    if (action != SQLITE_PRAGMA || value == NULL)
        return SQLITE_OK;
    for (size_t i = 0; i < sizeof settled / sizeof *settled; i++)
        if (sqlite3_stricmp(what, settled[i]) == 0)
            return SQLITE_DENY;
    return SQLITE_OK;
}

void vfs_crypt_settle(struct sqlite3 *db)
{
    (void)sqlite3_set_authorizer(db, allow, NULL);
}
