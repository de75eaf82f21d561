/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes into the MessagePack reader. What pack_check takes, every reader takes to the same
 * last byte, msgpack-c too; and writing what was read, then reading it, ends the same. */
#include "proto/pack.h"

#include "tests/support/packs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every typed reader at every place: none may read outside or loop. */
static void read_as_anything(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size && at < 64; at++) {
        struct cur c = cur_of(data + at, size - at);
        struct cur cur = c;
        (void)unpack_array(&cur);
        (void)unpack_map(&cur);
        cur = c;
        (void)unpack_int(&cur);
        (void)unpack_uint(&cur);
        (void)unpack_u32(&cur);
        cur = c;
        (void)unpack_real(&cur);
        cur = c;
        (void)unpack_str(&cur);
        (void)unpack_bin(&cur);
        cur = c;
        (void)unpack_id(&cur);
        cur = c;
        (void)unpack_any(&cur);
        (void)unpack_bool(&cur);
        (void)unpack_nil(&cur);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_as_anything(data, size);
    struct str bytes = {(const char *)data, size};
    size_t used = 0;
    if (pack_check(bytes, PACK_DEPTH_MAX, PACK_NODES_MAX, &used) != ERR_OK)
        return 0;
    must(used > 0 && used <= size);
    size_t theirs = 0;
    must(packs_oracle(bytes, &theirs));
    must(theirs == used);
    struct cur cur = cur_of(data, size);
    must(unpack_any(&cur).n == used);

    struct buf once = {0};
    struct buf twice = {0};
    cur = cur_of(data, size);
    must(packs_copy(&cur, &once));
    must((size_t)(cur.p - data) == used);
    must(pack_check(buf_str(&once), PACK_DEPTH_MAX, PACK_NODES_MAX, &used) == ERR_OK);
    must(used == once.n);
    cur = cur_of(once.p, once.n);
    must(packs_copy(&cur, &twice));
    must(str_eq(buf_str(&once), buf_str(&twice)));
    buf_done(&once);
    buf_done(&twice);
    return 0;
}
