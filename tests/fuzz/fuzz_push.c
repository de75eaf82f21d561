/* SPDX-License-Identifier: Apache-2.0 */
/* Any changes in an operation of an enrolled device: judged, and the server's books still
 * balance. Each round is rolled back. */
#include "store/apply.h"
#include "store/grants.h"
#include "store/inside.h"
#include "support/fleet.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fleet fleet;
static struct author author;
static struct grants grants, own;

static void end(void)
{
    grants_done(&grants);
    fleet_close(&fleet);
}

static void begin(void)
{
    const struct grants_had nothing = {.held = 0};
    uint64_t version = 0;
    must(atexit(end) == 0);
    fleet_open(&fleet, 1);
    fleet_join(&fleet, ROLE_JOBCOACH, &fleet.twin.structure);
    struct party *p = &fleet.twin.replicas[0];
    p->random = 5;
    const char *fields[] = {"name=Fictif", "first_name=Anna", NULL};
    (void)twin_add(p, "person", fields);
    fleet_sync(&fleet, 0);
    must(grants_load(fleet.twin.server.store, &p->device.staff, &nothing, &grants, &version,
                     NULL) == ERR_OK);
    struct store_status status;
    must(store_status(p->store, &status) == ERR_OK);
    author = (struct author){.origin = status.epoch, .staff = p->device.staff, .own = &own};
}

/* The changes one after the other; false when no operation could hold them. */
static bool write_op(const uint8_t *data, size_t size, struct buf *out)
{
    struct op_writer w;
    op_writer_init(&w);
    struct str rest = {(const char *)data, size};
    size_t used = 0;
    while (rest.n > 0 && pack_check(rest, PACK_DEPTH_MAX, PACK_NODES_MAX, &used) == ERR_OK) {
        pack_raw(&w.body, (struct str){rest.p, used});
        w.changes++;
        rest.p += used;
        rest.n -= used;
    }
    struct op_head head = {.op_no = 1000,
                           .hlc = INT64_C(1795000000000) << HLC_COUNTER_BITS,
                           .wall_ms = INT64_C(1795000000000),
                           .form = 1,
                           .actor = author.staff};
    bool whole = op_write(&head, &w, out) == ERR_OK;
    op_writer_done(&w);
    return whole;
}

static void judge(struct store *s, struct str op)
{
    struct apply a = {.s = s};
    struct verdict_range range = {0};
    author.grants = &grants;
    must(store_begin(s) == ERR_OK);
    apply_begin(&a, s);
    enum err err = apply_op(&a, &author, op, INT64_C(1795000000000), 1, &range);
    must(err == ERR_OK && store_health(s) == ERR_OK);
    must(range.verdict >= VERDICT_APPLIED && range.verdict <= VERDICT_REFUSED);
    must((range.verdict == VERDICT_REFUSED) == (range.reason != REASON_NONE));
    must(apply_end(&a) == ERR_OK);
    if (range.verdict != VERDICT_REFUSED) {
        struct note why = {0};
        must(serve_chain_check(s, &why) == ERR_OK);
    }
    apply_done(&a);
    grants_done(&own);
    must(store_end(s, ERR_CLOSED) == ERR_CLOSED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (fleet.twin.count == 0)
        begin();
    struct buf op = {0};
    if (write_op(data, size, &op))
        judge(fleet.twin.server.store, buf_str(&op));
    buf_done(&op);
    return 0;
}
