/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include "proto/mem.h"
#include "store/vfs_crypt.h"

#include <sqlite3.h>

struct db_bytes {
    char *name; /* ends with two NULs, as the engine's own */
    sqlite3_file *file;
};

enum err db_bytes_open(const char *path, const char *vfs, struct db_bytes **out)
{
    sqlite3_vfs *v = sqlite3_vfs_find(vfs);
    struct db_bytes *f = v == NULL ? NULL : mem_new(sizeof *f);
    size_t n = strlen(path);
    bool log = n > 4 && strcmp(path + n - 4, "-wal") == 0;
    int flags = SQLITE_OPEN_READONLY | (log ? SQLITE_OPEN_WAL : SQLITE_OPEN_MAIN_DB);
    if (f == NULL)
        return v == NULL ? ERR_IO : ERR_NOMEM;
    f->name = mem_new(n + 2);
    f->file = mem_new((size_t)v->szOsFile);
    int rc = SQLITE_NOMEM;
    if (f->name != NULL && f->file != NULL) {
        memcpy(f->name, path, n);
        rc = v->xOpen(v, f->name, f->file, flags, NULL);
    }
    if (rc != SQLITE_OK) {
        db_bytes_close(f);
        return rc == SQLITE_NOMEM ? ERR_NOMEM : ERR_IO;
    }
    *out = f;
    return ERR_OK;
}

enum err db_bytes_size(struct db_bytes *f, uint64_t *out)
{
    sqlite3_int64 n = 0;
    if (f->file->pMethods->xFileSize(f->file, &n) != SQLITE_OK)
        return ERR_IO;
    *out = (uint64_t)n;
    return ERR_OK;
}

enum err db_bytes_read(struct db_bytes *f, uint64_t from, size_t n, void *out)
{
    int rc = f->file->pMethods->xRead(f->file, out, (int)n, (sqlite3_int64)from);
    return rc == SQLITE_OK ? ERR_OK : ERR_IO;
}

size_t db_bytes_reserve(struct db_bytes *f)
{
    int n = 0;
    int rc = f->file->pMethods->xFileControl(f->file, VFS_CRYPT_CONTROL, &n);
    return rc == SQLITE_OK ? (size_t)n : 0;
}

void db_bytes_close(struct db_bytes *f)
{
    if (f == NULL)
        return;
    if (f->file != NULL && f->file->pMethods != NULL)
        (void)f->file->pMethods->xClose(f->file);
    mem_free(f->file);
    mem_free(f->name);
    mem_free(f);
}
