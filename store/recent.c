/* SPDX-License-Identifier: Apache-2.0 */
#include "store/recent.h"

#include "store/inside.h"

enum { ROWS_MAX = 64, BYTES_MAX = 64 * 1024 };

const struct recent *recent_find(const struct store *s, uint16_t table, int64_t rid,
                                 uint64_t seq, struct str *bytes)
{
    const struct recent *list = (const struct recent *)(const void *)s->recent.p;
    if (seq + ROWS_MAX <= s->seq)
        return NULL;
    for (size_t i = 0; i < s->recent.n / sizeof *list; i++) {
        if (list[i].seq != seq || list[i].rid != rid || list[i].table != table)
            continue;
        *bytes = (struct str){(const char *)s->recent_bytes.p + list[i].at, list[i].n};
        return &list[i];
    }
    return NULL;
}

void recent_keep(struct store *s, uint16_t table, const struct row *row, struct str bytes)
{
    /* The last ones only: who reads from far behind reads each row once. */
    if (row->seq + ROWS_MAX <= s->seq || row->versions.count > 0 || row->raw.n > 0)
        return;
    if (s->recent.n >= ROWS_MAX * sizeof(struct recent) ||
        s->recent_bytes.n + bytes.n > BYTES_MAX)
        recent_forget(s);
    struct recent kept = {.rid = row->rid,
                          .seq = row->seq,
                          .origin = row->stamp.origin,
                          .table = table,
                          .at = (uint32_t)s->recent_bytes.n,
                          .n = (uint32_t)bytes.n};
    buf_add(&s->recent_bytes, bytes.p, bytes.n);
    if (s->recent_bytes.err == ERR_OK)
        buf_add(&s->recent, &kept, sizeof kept);
    if (s->recent_bytes.err != ERR_OK || s->recent.err != ERR_OK)
        recent_forget(s); /* they are read instead */
}

void recent_forget(struct store *s)
{
    buf_clear(&s->recent);
    buf_clear(&s->recent_bytes);
}
