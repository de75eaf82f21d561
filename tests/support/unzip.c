/* SPDX-License-Identifier: Apache-2.0 */
/* Layout of the records: APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12 and 4.3.16. */
#include "support/unzip.h"

#include "io/file.h"

#include <zlib.h>

enum {
    END_BYTES = 22,
    ENTRY_BYTES = 46,
    LOCAL_BYTES = 30,
    STORED = 0,
    FILE_BYTES_MAX = 64 * 1024 * 1024,
};

static uint32_t le(const uint8_t *p, size_t n)
{
    uint32_t v = 0;
    while (n-- > 0)
        v = v << 8 | p[n];
    return v;
}

/* Raw deflate. */
static bool inflate_into(const uint8_t *from, size_t n, size_t whole, struct buf *out)
{
    if (!buf_reserve(out, whole))
        return false;
    z_stream z = {.next_in = (Bytef *)(uintptr_t)from,
                  .avail_in = (uInt)n,
                  .next_out = out->p + out->n,
                  .avail_out = (uInt)whole};
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return false;
    bool good = inflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out == whole;
    (void)inflateEnd(&z);
    out->n += good ? whole : 0;
    return good;
}

static bool read_member(const struct buf *zip, const uint8_t *entry, struct buf *out)
{
    size_t packed = le(entry + 20, 4);
    size_t whole = le(entry + 24, 4);
    size_t at = le(entry + 42, 4);
    if (at + LOCAL_BYTES > zip->n)
        return false;
    at += LOCAL_BYTES + le(zip->p + at + 26, 2) + le(zip->p + at + 28, 2);
    if (at > zip->n || packed > zip->n - at)
        return false;
    if (le(entry + 10, 2) != STORED)
        return inflate_into(zip->p + at, packed, whole, out);
    buf_add(out, zip->p + at, packed);
    return out->err == ERR_OK;
}

static bool find_member(const struct buf *zip, const char *name, struct buf *out)
{
    if (zip->n < END_BYTES || le(zip->p + zip->n - END_BYTES, 4) != 0x06054B50)
        return false;
    const uint8_t *end = zip->p + zip->n - END_BYTES;
    size_t at = le(end + 16, 4);
    for (uint32_t left = le(end + 10, 2); left > 0 && at + ENTRY_BYTES <= zip->n; left--) {
        const uint8_t *entry = zip->p + at;
        struct str found = {(const char *)entry + ENTRY_BYTES, le(entry + 28, 2)};
        at += ENTRY_BYTES + found.n + le(entry + 30, 2) + le(entry + 32, 2);
        if (at > zip->n)
            return false;
        if (str_eq(found, str_of(name)))
            return read_member(zip, entry, out);
    }
    return false;
}

bool unzip_member(const char *path, const char *name, struct buf *out)
{
    struct buf zip = {0};
    bool found =
        file_read(path, FILE_BYTES_MAX, &zip, NULL) == ERR_OK && find_member(&zip, name, out);
    buf_done(&zip);
    return found;
}
