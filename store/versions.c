/* SPDX-License-Identifier: Apache-2.0 */
#include "store/versions.h"

#include "proto/pack.h"

enum err versions_decode(struct str blob, uint64_t seq, struct versions *out)
{
    out->count = 0;
    out->made_seq = seq;
    if (blob.n == 0)
        return ERR_OK;
    struct cur cur = cur_of(blob.p, blob.n);
    out->made_seq = unpack_uint(&cur);
    while (!cur.bad && cur_left(&cur) > 0) {
        if (out->count == VERSIONS_MAX)
            return ERR_CORRUPT;
        struct version *v = &out->list[out->count++];
        v->field = (uint16_t)unpack_int_in(&cur, 1, UINT16_MAX);
        v->stamp.hlc = unpack_uint(&cur);
        v->stamp.origin = unpack_u32(&cur);
        v->adj_ms = unpack_int(&cur);
        uint64_t told = unpack_uint(&cur);
        v->seq = told / 2;
        v->retold = told % 2 != 0;
        v->changed = v->retold ? unpack_uint(&cur) : 0;
    }
    return cur.bad ? ERR_CORRUPT : ERR_OK;
}

void versions_encode(const struct versions *v, struct buf *out)
{
    if (v->count == 0)
        return;
    pack_uint(out, v->made_seq);
    for (uint32_t i = 0; i < v->count; i++) {
        const struct version *e = &v->list[i];
        pack_int(out, e->field);
        pack_uint(out, e->stamp.hlc);
        pack_uint(out, e->stamp.origin);
        pack_int(out, e->adj_ms);
        pack_uint(out, e->seq * 2 + (e->retold ? 1 : 0));
        if (e->retold)
            pack_uint(out, e->changed);
    }
}

const struct version *versions_find(const struct versions *v, uint16_t field)
{
    for (uint32_t i = 0; i < v->count; i++) {
        if (v->list[i].field == field)
            return &v->list[i];
    }
    return NULL;
}

void versions_set(struct versions *v, const struct version *version)
{
    for (uint32_t i = 0; i < v->count; i++) {
        if (v->list[i].field == version->field) {
            v->list[i] = *version;
            return;
        }
    }
    must(v->count < VERSIONS_MAX);
    v->list[v->count++] = *version;
}
