/* SPDX-License-Identifier: Apache-2.0 */
#include "io/mo.h"

/* Layout: magic, revision, count, offset of the table of msgids, offset of the table of
 * translations (all u32); a table has length and offset (u32) per text; msgids are sorted. Two
 * plural forms stand behind each other with a NUL between. */
enum { HEAD_BYTES = 20, ENTRY_BYTES = 8 };
static const uint32_t magic_ours = 0x950412de;
static const uint32_t magic_swapped = 0xde120495;

static uint32_t u32_at(const struct mo *mo, size_t at)
{
    uint32_t v = 0;
    memcpy(&v, mo->bytes.p + at, sizeof v);
    return mo->swapped ? __builtin_bswap32(v) : v;
}

/* Text i of a table, with the NUL behind it not counted; {NULL, 0} when it is out of bounds. */
static struct str text_at(const struct mo *mo, uint32_t table, uint32_t i)
{
    uint32_t n = u32_at(mo, table + (size_t)i * ENTRY_BYTES);
    uint32_t at = u32_at(mo, table + (size_t)i * ENTRY_BYTES + 4);
    if (at >= mo->bytes.n || n >= mo->bytes.n - at || mo->bytes.p[at + n] != '\0')
        return (struct str){NULL, 0};
    return (struct str){mo->bytes.p + at, n};
}

static bool table_fits(const struct mo *mo, uint32_t table)
{
    return table >= HEAD_BYTES && table <= mo->bytes.n &&
           mo->n <= (mo->bytes.n - table) / ENTRY_BYTES;
}

static enum err check(struct mo *mo)
{
    if (mo->bytes.n < HEAD_BYTES)
        return ERR_FORMAT;
    uint32_t magic = u32_at(mo, 0);
    mo->swapped = magic == magic_swapped;
    if ((magic != magic_ours && !mo->swapped) || u32_at(mo, 4) >> 16 > 1)
        return ERR_FORMAT;
    mo->n = u32_at(mo, 8);
    mo->ids = u32_at(mo, 12);
    mo->words = u32_at(mo, 16);
    if (mo->n > MO_TEXTS_MAX)
        return ERR_LIMIT;
    if (!table_fits(mo, mo->ids) || !table_fits(mo, mo->words))
        return ERR_FORMAT;
    const char *before = NULL;
    for (uint32_t i = 0; i < mo->n; i++) {
        const char *id = text_at(mo, mo->ids, i).p;
        if (id == NULL || text_at(mo, mo->words, i).p == NULL)
            return ERR_FORMAT;
        if (before != NULL && strcmp(before, id) >= 0)
            return ERR_FORMAT;
        before = id;
    }
    return ERR_OK;
}

enum err mo_open(struct mo *mo, struct str bytes)
{
    *mo = (struct mo){.bytes = bytes};
    enum err err = check(mo);
    if (err != ERR_OK)
        *mo = (struct mo){.n = 0};
    return err;
}

void mo_at(const struct mo *mo, uint32_t i, const char **msgid, struct str *words)
{
    must(i < mo->n);
    *msgid = text_at(mo, mo->ids, i).p;
    *words = text_at(mo, mo->words, i);
}

const char *mo_find(const struct mo *mo, const char *msgid, unsigned form)
{
    uint32_t low = 0;
    uint32_t high = mo->n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        const char *id = text_at(mo, mo->ids, mid).p;
        struct str words = text_at(mo, mo->words, mid);
        if (id == NULL || words.p == NULL) /* mo_open saw to it that they are there */
            return NULL;
        int c = strcmp(msgid, id);
        if (c < 0) {
            high = mid;
            continue;
        }
        if (c > 0) {
            low = mid + 1;
            continue;
        }
        size_t first = strlen(words.p);
        if (form == 0)
            return first == 0 ? NULL : words.p;
        return first + 1 < words.n ? words.p + first + 1 : NULL;
    }
    return NULL;
}
