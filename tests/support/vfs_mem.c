/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/vfs_mem.h"

#include "store/db.h"

#include <sqlite3.h>

#include <stdlib.h>
#include <string.h>

enum { SHM_REGIONS_MAX = 64 };

/* The WAL index of one database: memory shared by its connections, gone with the last one. */
struct shm {
    struct shm *next;
    struct disk_file *file;
    uint64_t generation;
    size_t refs;
    void *regions[SHM_REGIONS_MAX];
};

struct handle {
    sqlite3_file base; /* first: SQLite sees only this */
    struct vfs_mem *vfs;
    struct handle *next;
    struct disk_file *file;
    struct shm *shm;
    char *doomed;        /* name to delete at close, or NULL */
    uint64_t generation; /* of the disk when opened; older = dead */
    int lock;            /* SQLITE_LOCK_* */
    unsigned shm_shared; /* bit per slot of the WAL index */
    unsigned shm_exclusive;
    bool sync_folder; /* a journal or WAL: its first sync makes the name durable too */
};

struct vfs_mem {
    sqlite3_vfs base; /* first: SQLite sees only this */
    struct disk *disk;
    struct handle *handles;
    struct shm *shms;
    struct vfs_mem_env env;
    char name[64];
};

static struct handle *handle_of(sqlite3_file *base)
{
    return (struct handle *)(void *)base;
}

static struct vfs_mem *vfs_of(sqlite3_vfs *base)
{
    return (struct vfs_mem *)(void *)base;
}

static bool alive(const struct handle *h)
{
    return disk_up(h->vfs->disk) && h->generation == disk_generation(h->vfs->disk);
}

/* The result of a disk call as SQLite wants to hear it. */
static int code_of(enum err err, int io_code)
{
    if (err == ERR_OK)
        return SQLITE_OK;
    return err == ERR_FULL ? SQLITE_FULL : io_code;
}

static int on_read(sqlite3_file *base, void *out, int n, sqlite3_int64 offset)
{
    struct handle *h = handle_of(base);
    size_t got = 0;
    if (!alive(h) ||
        disk_read(h->vfs->disk, h->file, (size_t)offset, (size_t)n, out, &got) != ERR_OK)
        return SQLITE_IOERR_READ;
    if (got == (size_t)n)
        return SQLITE_OK;
    memset((uint8_t *)out + got, 0, (size_t)n - got);
    return SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *base, const void *bytes, int n, sqlite3_int64 offset)
{
    struct handle *h = handle_of(base);
    if (!alive(h))
        return SQLITE_IOERR_WRITE;
    enum err err = disk_write(h->vfs->disk, h->file, (size_t)offset, bytes, (size_t)n);
    return code_of(err, SQLITE_IOERR_WRITE);
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 n)
{
    struct handle *h = handle_of(base);
    if (!alive(h))
        return SQLITE_IOERR_TRUNCATE;
    return code_of(disk_truncate(h->vfs->disk, h->file, (size_t)n), SQLITE_IOERR_TRUNCATE);
}

static int on_sync(sqlite3_file *base, int flags)
{
    struct handle *h = handle_of(base);
    (void)flags;
    if (!alive(h))
        return SQLITE_IOERR_FSYNC;
    int code = code_of(disk_sync(h->vfs->disk, h->file), SQLITE_IOERR_FSYNC);
    if (code != SQLITE_OK || !h->sync_folder)
        return code;
    code = code_of(disk_sync_folder(h->vfs->disk), SQLITE_IOERR_DIR_FSYNC);
    if (code == SQLITE_OK)
        h->sync_folder = false;
    return code;
}

static int on_size(sqlite3_file *base, sqlite3_int64 *out)
{
    struct handle *h = handle_of(base);
    size_t n = 0;
    if (!alive(h) || disk_size(h->vfs->disk, h->file, &n) != ERR_OK)
        return SQLITE_IOERR_FSTAT;
    *out = (sqlite3_int64)n;
    return SQLITE_OK;
}

/* The strongest lock that any other live handle holds on the same file. */
static int others_lock(const struct handle *h)
{
    int strongest = SQLITE_LOCK_NONE;
    for (const struct handle *o = h->vfs->handles; o != NULL; o = o->next) {
        if (o != h && o->file == h->file && o->generation == h->generation &&
            o->lock > strongest)
            strongest = o->lock;
    }
    return strongest;
}

static int on_lock(sqlite3_file *base, int level)
{
    struct handle *h = handle_of(base);
    if (!alive(h))
        return SQLITE_IOERR_LOCK;
    if (h->lock >= level)
        return SQLITE_OK;
    int others = others_lock(h);
    bool wants_write = level >= SQLITE_LOCK_RESERVED;
    if (others >= SQLITE_LOCK_PENDING || (wants_write && others >= SQLITE_LOCK_RESERVED))
        return SQLITE_BUSY;
    if (level == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED) {
        h->lock = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
    }
    h->lock = level;
    return SQLITE_OK;
}

static int on_unlock(sqlite3_file *base, int level)
{
    struct handle *h = handle_of(base);
    if (h->lock > level)
        h->lock = level;
    return SQLITE_OK;
}

static int on_check_reserved(sqlite3_file *base, int *out)
{
    struct handle *h = handle_of(base);
    if (!alive(h))
        return SQLITE_IOERR_CHECKRESERVEDLOCK;
    *out = h->lock >= SQLITE_LOCK_RESERVED || others_lock(h) >= SQLITE_LOCK_RESERVED;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *base, int op, void *arg)
{
    (void)base;
    if (op != SQLITE_FCNTL_POWERSAFE_OVERWRITE)
        return SQLITE_NOTFOUND;
    *(int *)arg = 1;
    return SQLITE_OK;
}

static int on_sector_size(sqlite3_file *base)
{
    (void)base;
    return DISK_SECTOR_BYTES;
}

static int on_characteristics(sqlite3_file *base)
{
    (void)base;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static struct shm *shm_join(struct handle *h)
{
    struct vfs_mem *vfs = h->vfs;
    struct shm *shm = vfs->shms;
    while (shm != NULL && (shm->file != h->file || shm->generation != h->generation))
        shm = shm->next;
    if (shm == NULL) {
        shm = calloc(1, sizeof *shm);
        must(shm != NULL);
        shm->file = h->file;
        shm->generation = h->generation;
        shm->next = vfs->shms;
        vfs->shms = shm;
    }
    shm->refs++;
    return shm;
}

static void shm_leave(struct handle *h)
{
    struct shm *shm = h->shm;
    h->shm = NULL;
    h->shm_shared = 0;
    h->shm_exclusive = 0;
    if (shm == NULL || --shm->refs > 0)
        return;
    struct shm **slot = &h->vfs->shms;
    while (*slot != shm)
        slot = &(*slot)->next;
    *slot = shm->next;
    for (size_t i = 0; i < SHM_REGIONS_MAX; i++)
        free(shm->regions[i]);
    free(shm);
}

static int on_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out)
{
    struct handle *h = handle_of(base);
    *out = NULL;
    if (!alive(h) || region < 0 || region >= SHM_REGIONS_MAX)
        return SQLITE_IOERR_SHMMAP;
    if (h->shm == NULL)
        h->shm = shm_join(h);
    void **slot = &h->shm->regions[region];
    if (*slot == NULL && extend != 0) {
        *slot = calloc(1, (size_t)size);
        must(*slot != NULL);
    }
    *out = *slot;
    return SQLITE_OK;
}

static int on_shm_lock(sqlite3_file *base, int first, int n, int flags)
{
    struct handle *h = handle_of(base);
    unsigned mask = ((1U << n) - 1U) << first;
    if (!alive(h) || h->shm == NULL)
        return SQLITE_IOERR_SHMLOCK;
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        h->shm_shared &= ~mask;
        h->shm_exclusive &= ~mask;
        return SQLITE_OK;
    }
    bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    for (const struct handle *o = h->vfs->handles; o != NULL; o = o->next) {
        if (o == h || o->shm != h->shm)
            continue;
        unsigned held = exclusive ? o->shm_exclusive | o->shm_shared : o->shm_exclusive;
        if ((held & mask) != 0)
            return SQLITE_BUSY;
    }
    if (exclusive)
        h->shm_exclusive |= mask;
    else
        h->shm_shared |= mask;
    return SQLITE_OK;
}

static void on_shm_barrier(sqlite3_file *base)
{
    (void)base;
}

static int on_shm_unmap(sqlite3_file *base, int drop)
{
    (void)drop; /* the memory goes with its last user in any case */
    shm_leave(handle_of(base));
    return SQLITE_OK;
}

static int on_close(sqlite3_file *base)
{
    struct handle *h = handle_of(base);
    shm_leave(h);
    if (h->doomed != NULL && alive(h) && disk_delete(h->vfs->disk, h->doomed) != ERR_OK) {
        /* A left-over temporary file is harmless; nobody could act on the error here. */
    }
    struct handle **slot = &h->vfs->handles;
    while (*slot != h)
        slot = &(*slot)->next;
    *slot = h->next;
    disk_close(h->vfs->disk, h->file);
    free(h->doomed);
    return SQLITE_OK;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
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
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

static int on_open(sqlite3_vfs *base, const char *name, sqlite3_file *file, int flags,
                   int *out_flags)
{
    struct vfs_mem *vfs = vfs_of(base);
    struct handle *h = handle_of(file);
    memset(h, 0, sizeof *h);
    bool created = false;
    bool create = (flags & SQLITE_OPEN_CREATE) != 0;
    enum err err = disk_open(vfs->disk, name, create, &h->file, &created);
    if (err != ERR_OK)
        return code_of(err, SQLITE_CANTOPEN);
    if ((flags & SQLITE_OPEN_DELETEONCLOSE) != 0 && name != NULL) {
        h->doomed = strdup(name);
        must(h->doomed != NULL);
    }
    int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
    h->sync_folder = create && (flags & journals) != 0;
    h->generation = disk_generation(vfs->disk);
    h->vfs = vfs;
    h->next = vfs->handles;
    vfs->handles = h;
    h->base.pMethods = &methods;
    if (out_flags != NULL)
        *out_flags = flags;
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *base, const char *name, int sync_folder)
{
    struct disk *disk = vfs_of(base)->disk;
    enum err err = disk_delete(disk, name);
    if (err == ERR_NOTFOUND)
        return SQLITE_IOERR_DELETE_NOENT;
    if (err == ERR_OK && sync_folder != 0)
        return code_of(disk_sync_folder(disk), SQLITE_IOERR_DIR_FSYNC);
    return code_of(err, SQLITE_IOERR_DELETE);
}

static int on_access(sqlite3_vfs *base, const char *name, int flags, int *out)
{
    bool exists = false;
    (void)flags;
    if (disk_exists(vfs_of(base)->disk, name, &exists) != ERR_OK)
        return SQLITE_IOERR_ACCESS;
    *out = exists;
    return SQLITE_OK;
}

static int on_full_path(sqlite3_vfs *base, const char *name, int room, char *out)
{
    (void)base;
    size_t n = strlen(name);
    if (n >= (size_t)room)
        return SQLITE_CANTOPEN;
    memcpy(out, name, n + 1);
    return SQLITE_OK;
}

static int on_random(sqlite3_vfs *base, int n, char *out)
{
    const struct vfs_mem_env *env = &vfs_of(base)->env;
    env->random(env->ctx, out, (size_t)n);
    return n;
}

/* Waiting for a lock costs no virtual time: whoever holds it runs on the same thread. */
static int on_sleep(sqlite3_vfs *base, int us)
{
    (void)base;
    return us;
}

static int on_time_ms(sqlite3_vfs *base, sqlite3_int64 *out)
{
    /* Julian day of 1970-01-01, in ms. */
    const sqlite3_int64 epoch_ms = 210866760000000;
    const struct vfs_mem_env *env = &vfs_of(base)->env;
    *out = epoch_ms + env->utc_ms(env->ctx);
    return SQLITE_OK;
}

static int on_time(sqlite3_vfs *base, double *out)
{
    sqlite3_int64 ms = 0;
    int code = on_time_ms(base, &ms);
    *out = (double)ms / 86400000.0;
    return code;
}

static int on_last_error(sqlite3_vfs *base, int n, char *out)
{
    (void)base;
    (void)n;
    (void)out;
    return 0;
}

struct vfs_mem *vfs_mem_open(struct disk *disk, const char *name, struct vfs_mem_env env)
{
    struct vfs_mem *vfs = calloc(1, sizeof *vfs);
    db_engine_start();
    must(vfs != NULL && strlen(name) < sizeof vfs->name && env.utc_ms && env.random);
    vfs->disk = disk;
    vfs->env = env;
    memcpy(vfs->name, name, strlen(name));
    vfs->base = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = (int)sizeof(struct handle),
        .mxPathname = DISK_NAME_BYTES - 16, /* room for "-journal" */
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
    return vfs;
}

void vfs_mem_close(struct vfs_mem *vfs)
{
    if (vfs == NULL)
        return;
    must(vfs->handles == NULL);
    must(sqlite3_vfs_unregister(&vfs->base) == SQLITE_OK);
    free(vfs);
}

size_t vfs_mem_handles(const struct vfs_mem *vfs)
{
    size_t n = 0;
    for (const struct handle *h = vfs->handles; h != NULL; h = h->next)
        n++;
    return n;
}

void vfs_mem_alone(void)
{
    must(sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK);
    db_engine_start();
}

void vfs_mem_seed(uint32_t seed)
{
    /* Zero would mean "ask the VFS". */
    int start = (int)(seed % INT32_MAX) + 1;
    must(sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, start, NULL) == SQLITE_OK);
}
