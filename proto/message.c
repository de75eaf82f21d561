/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/message_inside.h"

enum { LEAVE_ITEMS = 3, ERASE_ITEMS = 2 }; /* of one scope, one order */

size_t message_begin(struct buf *out, enum message_type type, uint32_t items)
{
    size_t at = frame_begin(out);
    pack_array(out, items + 1);
    pack_int(out, (int64_t)type);
    return at;
}

void message_hello(struct buf *out, const struct hello *m)
{
    size_t at = message_begin(out, MESSAGE_HELLO, 16);
    pack_uint(out, m->protocol);
    pack_uint(out, m->schema);
    pack_id(out, &m->history);
    pack_uint(out, m->generation);
    pack_uint(out, m->epoch);
    pack_uint(out, m->op_last);
    pack_uint(out, m->acked);
    pack_uint(out, m->pulled);
    pack_uint(out, m->origins);
    pack_int(out, m->wall_ms);
    pack_bool(out, m->full);
    pack_bool(out, m->live);
    pack_uint(out, m->grants);
    pack_uint(out, m->whole);
    pack_uint(out, m->entering);
    pack_uint(out, m->entered);
    frame_end(out, at);
}

/* Somebody's clock. It may be wrong by any amount, but two of them can be subtracted. */
static int64_t read_wall(struct cur *cur)
{
    const int64_t max = INT64_C(1) << 53;
    int64_t ms = unpack_int(cur);
    if (ms > max)
        return max;
    return ms < -max ? -max : ms;
}

/* Is there an item that earlier versions did not send? */
static bool more(const struct cur *cur)
{
    return !cur->bad && cur_left(cur) > 0;
}

static struct hello read_hello(struct cur *cur)
{
    struct hello m = {.protocol = unpack_u32(cur), .schema = unpack_u32(cur)};
    m.history = unpack_id(cur);
    m.generation = unpack_u32(cur);
    m.epoch = unpack_u32(cur);
    m.op_last = unpack_uint(cur);
    m.acked = unpack_uint(cur);
    m.pulled = unpack_uint(cur);
    m.origins = unpack_u32(cur);
    m.wall_ms = read_wall(cur);
    m.full = unpack_bool(cur);
    m.live = unpack_bool(cur);
    m.grants = unpack_uint(cur);
    m.whole = unpack_uint(cur);
    m.leaves = more(cur);
    if (m.leaves) {
        m.entering = unpack_uint(cur);
        m.entered = unpack_uint(cur);
    }
    return m;
}

void message_welcome(struct buf *out, const struct welcome *m)
{
    size_t at = message_begin(out, MESSAGE_WELCOME, m->authority.n > 0 ? 17 : 16);
    pack_uint(out, m->protocol);
    pack_uint(out, m->schema);
    pack_id(out, &m->history);
    pack_uint(out, m->generation);
    pack_int(out, m->wall_ms);
    pack_uint(out, m->epoch);
    pack_uint(out, m->known_op);
    pack_uint(out, m->known_hash);
    pack_uint(out, m->stable_op);
    pack_uint(out, m->pull_from);
    pack_uint(out, m->roles);
    pack_id(out, &m->structure);
    if (m->origins.n == 0)
        pack_array(out, 0);
    else
        pack_raw(out, m->origins);
    pack_uint(out, m->grants);
    pack_bool(out, m->filling);
    pack_uint(out, m->content);
    if (m->authority.n > 0)
        pack_bin(out, m->authority);
    frame_end(out, at);
}

static struct welcome read_welcome(struct cur *cur)
{
    struct welcome m = {.protocol = unpack_u32(cur), .schema = unpack_u32(cur)};
    m.history = unpack_id(cur);
    m.generation = unpack_u32(cur);
    m.wall_ms = read_wall(cur);
    m.epoch = unpack_u32(cur);
    m.known_op = unpack_uint(cur);
    m.known_hash = unpack_uint(cur);
    m.stable_op = unpack_uint(cur);
    m.pull_from = unpack_uint(cur);
    m.roles = (uint8_t)unpack_int_in(cur, 0, UINT8_MAX);
    m.structure = unpack_id(cur);
    m.origins = unpack_any(cur);
    m.grants = unpack_uint(cur);
    m.filling = more(cur) && unpack_bool(cur);
    m.content = more(cur) ? unpack_uint(cur) : 0;
    if (more(cur))
        m.authority = unpack_bin(cur);
    return m;
}

void message_origins(struct buf *out, const struct origin *list, uint32_t count)
{
    pack_array(out, count * 3);
    for (uint32_t i = 0; i < count; i++) {
        pack_uint(out, list[i].epoch);
        pack_id(out, &list[i].staff);
        pack_uint(out, list[i].device);
    }
}

struct origin message_origin(struct cur *cur)
{
    struct origin origin = {.epoch = unpack_u32(cur)};
    origin.staff = unpack_id(cur);
    origin.device = unpack_u32(cur);
    return origin;
}

void message_push(struct buf *out, const struct push *m)
{
    size_t at = message_begin(out, MESSAGE_PUSH, 5);
    pack_uint(out, m->epoch);
    pack_uint(out, m->first_op);
    pack_uint(out, m->count);
    pack_bool(out, m->packed);
    pack_bin(out, m->body);
    frame_end(out, at);
}

static struct push read_push(struct cur *cur)
{
    struct push m = {.epoch = unpack_u32(cur), .first_op = unpack_uint(cur)};
    m.count = unpack_u32(cur);
    m.packed = unpack_bool(cur);
    m.body = unpack_bin(cur);
    return m;
}

void message_verdicts(struct buf *out, uint32_t epoch, const struct verdict_range *ranges,
                      uint32_t count)
{
    must(count <= MESSAGE_VERDICTS_MAX);
    size_t at = message_begin(out, MESSAGE_VERDICTS, 2);
    pack_uint(out, epoch);
    pack_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        pack_array(out, 5);
        pack_uint(out, ranges[i].from);
        pack_uint(out, ranges[i].to);
        pack_int(out, (int64_t)ranges[i].verdict);
        pack_int(out, (int64_t)ranges[i].reason);
        pack_uint(out, ranges[i].seq);
    }
    frame_end(out, at);
}

static struct verdicts read_verdicts(struct cur *cur)
{
    struct verdicts m = {.epoch = unpack_u32(cur), .count = unpack_array(cur)};
    if (m.count > MESSAGE_VERDICTS_MAX)
        cur->bad = true;
    m.ranges = *cur;
    return m;
}

struct verdict_range message_range(struct cur *cur)
{
    struct verdict_range range = {0};
    if (unpack_array(cur) != 5)
        cur->bad = true;
    range.from = unpack_uint(cur);
    range.to = unpack_uint(cur);
    range.verdict = (enum verdict)unpack_int_in(cur, VERDICT_APPLIED, VERDICT_REFUSED);
    range.reason = (enum reason)unpack_int_in(cur, 0, REASON_COUNT - 1);
    range.seq = unpack_uint(cur);
    if (range.from == 0 || range.to < range.from)
        cur->bad = true;
    return range;
}

void message_pulled(struct buf *out, uint64_t through)
{
    size_t at = message_begin(out, MESSAGE_PULLED, 1);
    pack_uint(out, through);
    frame_end(out, at);
}

void message_page(struct buf *out, const struct page *m)
{
    size_t at = message_begin(out, MESSAGE_PAGE, 7);
    pack_uint(out, m->from);
    pack_uint(out, m->to);
    pack_uint(out, m->judged);
    pack_uint(out, m->rows);
    pack_uint(out, m->hash);
    pack_bool(out, m->packed);
    pack_bin(out, m->body);
    frame_end(out, at);
}

static struct page read_page(struct cur *cur)
{
    struct page m = {.from = unpack_uint(cur), .to = unpack_uint(cur)};
    m.judged = unpack_uint(cur);
    m.rows = unpack_u32(cur);
    m.hash = unpack_uint(cur);
    m.packed = unpack_bool(cur);
    m.body = unpack_bin(cur);
    if (m.to < m.from)
        cur->bad = true;
    return m;
}

void message_idle(struct buf *out, const struct idle *m)
{
    size_t at = message_begin(out, MESSAGE_IDLE, m->compared ? 6 : 4);
    pack_uint(out, m->through);
    pack_uint(out, m->judged);
    pack_uint(out, m->stable_op);
    pack_uint(out, m->grants);
    if (m->compared) {
        pack_uint(out, m->rows);
        pack_uint(out, m->sum);
    }
    frame_end(out, at);
}

static struct idle read_idle(struct cur *cur)
{
    struct idle m = {.through = unpack_uint(cur), .judged = unpack_uint(cur)};
    m.stable_op = unpack_uint(cur);
    m.grants = more(cur) ? unpack_uint(cur) : IDLE_UNSAID;
    m.compared = more(cur);
    if (m.compared) {
        m.rows = unpack_uint(cur);
        m.sum = unpack_uint(cur);
    }
    return m;
}

void message_leave_add(struct buf *scopes, const struct leave_scope *scope)
{
    pack_int(scopes, (int64_t)scope->kind);
    pack_id(scopes, &scope->id);
    pack_uint(scopes, scope->facets);
}

void message_leave(struct buf *out, uint32_t count, struct str scopes)
{
    size_t at = message_begin(out, MESSAGE_LEAVE, 1);
    pack_array(out, count * LEAVE_ITEMS);
    pack_raw(out, scopes);
    frame_end(out, at);
}

struct leave_scope message_leave_scope(struct cur *cur)
{
    struct leave_scope scope = {
        .kind = (enum leave_kind)unpack_int_in(cur, LEAVE_NETWORK, LEAVE_DOSSIER)};
    scope.id = unpack_id(cur);
    scope.facets = (uint8_t)unpack_int_in(cur, 1, UINT8_MAX);
    return scope;
}

static struct leave read_leave(struct cur *cur)
{
    uint32_t items = unpack_array(cur);
    if (items % LEAVE_ITEMS != 0 || items / LEAVE_ITEMS > MESSAGE_LEAVES_MAX)
        cur->bad = true;
    return (struct leave){.count = items / LEAVE_ITEMS, .scopes = *cur};
}

void message_erase_add(struct buf *orders, const struct erase_order *order)
{
    pack_uint(orders, order->no);
    pack_id(orders, &order->dossier);
}

void message_erase(struct buf *out, uint32_t count, struct str orders)
{
    size_t at = message_begin(out, MESSAGE_ERASE, 1);
    pack_array(out, count * ERASE_ITEMS);
    pack_raw(out, orders);
    frame_end(out, at);
}

struct erase_order message_erase_order(struct cur *cur)
{
    struct erase_order order = {.no = unpack_uint(cur)};
    order.dossier = unpack_id(cur);
    return order;
}

static struct erase read_erase(struct cur *cur)
{
    uint32_t items = unpack_array(cur);
    if (items % ERASE_ITEMS != 0 || items / ERASE_ITEMS > MESSAGE_ERASES_MAX)
        cur->bad = true;
    return (struct erase){.count = items / ERASE_ITEMS, .orders = *cur};
}

void message_erased(struct buf *out, uint64_t through)
{
    size_t at = message_begin(out, MESSAGE_ERASED, 1);
    pack_uint(out, through);
    frame_end(out, at);
}

void message_want(struct buf *out, const struct want *m)
{
    size_t at = message_begin(out, MESSAGE_WANT, 4);
    pack_id(out, &m->document);
    pack_uint(out, m->from);
    pack_uint(out, m->max);
    pack_int(out, (int64_t)m->err);
    frame_end(out, at);
}

enum err message_read_err(struct cur *cur)
{
    int64_t err = unpack_int_in(cur, 0, INT32_MAX);
    return err < ERR_COUNT ? (enum err)err : ERR_REFUSED;
}

static struct want read_want(struct cur *cur)
{
    struct want m = {.document = unpack_id(cur), .from = unpack_uint(cur)};
    m.max = unpack_u32(cur);
    m.err = message_read_err(cur);
    return m;
}

void message_chunk(struct buf *out, const struct chunk *m)
{
    size_t at = message_begin(out, MESSAGE_CHUNK, 3);
    pack_id(out, &m->document);
    pack_uint(out, m->from);
    pack_bin(out, m->bytes);
    frame_end(out, at);
}

static struct chunk read_chunk(struct cur *cur)
{
    struct chunk m = {.document = unpack_id(cur), .from = unpack_uint(cur)};
    m.bytes = unpack_bin(cur);
    if (m.bytes.n == 0 || m.bytes.n > MESSAGE_CHUNK_BYTES)
        cur->bad = true;
    return m;
}

void message_offer(struct buf *out, const struct offer *m)
{
    size_t at = message_begin(out, MESSAGE_OFFER, 3);
    pack_id(out, &m->document);
    pack_uint(out, m->size);
    pack_bin(out, m->sha256);
    frame_end(out, at);
}

static struct offer read_offer(struct cur *cur)
{
    struct offer m = {.document = unpack_id(cur), .size = unpack_uint(cur)};
    m.sha256 = unpack_bin(cur);
    if (m.sha256.n != SHA256_BYTES)
        cur->bad = true;
    return m;
}

void message_bye(struct buf *out, const struct bye *m)
{
    size_t at = message_begin(out, MESSAGE_BYE, 2);
    pack_int(out, (int64_t)m->err);
    pack_uint(out, m->retry_ms);
    frame_end(out, at);
}

static struct bye read_bye(struct cur *cur)
{
    struct bye m = {.err = message_read_err(cur)};
    m.retry_ms = unpack_u32(cur);
    return m;
}

void message_epoch(struct buf *out, const struct epoch_given *m)
{
    size_t at = message_begin(out, MESSAGE_EPOCH, 1);
    pack_uint(out, m->epoch);
    frame_end(out, at);
}

void message_enrol(struct buf *out, const struct enrol *m)
{
    size_t at = message_begin(out, MESSAGE_ENROL, 4);
    pack_id(out, &m->invite);
    pack_bin(out, m->csr);
    pack_bin(out, m->nonce);
    pack_bin(out, m->proof);
    frame_end(out, at);
}

static struct enrol read_enrol(struct cur *cur)
{
    struct enrol m = {.invite = unpack_id(cur)};
    m.csr = unpack_bin(cur);
    m.nonce = unpack_bin(cur);
    m.proof = unpack_bin(cur);
    return m;
}

void message_enrolled(struct buf *out, const struct enrolled *m)
{
    size_t at = message_begin(out, MESSAGE_ENROLLED, m->authority.n > 0 ? 13 : 12);
    pack_bin(out, m->cert);
    pack_bin(out, m->ca);
    pack_uint(out, m->device);
    pack_uint(out, m->epoch);
    pack_id(out, &m->staff);
    pack_id(out, &m->structure);
    pack_uint(out, m->roles);
    pack_id(out, &m->history);
    pack_uint(out, m->generation);
    pack_str(out, m->network);
    pack_str(out, m->staff_name);
    pack_bin(out, m->proof);
    if (m->authority.n > 0)
        pack_bin(out, m->authority);
    frame_end(out, at);
}

static struct enrolled read_enrolled(struct cur *cur)
{
    struct enrolled m = {.cert = unpack_bin(cur), .ca = unpack_bin(cur)};
    m.device = unpack_u32(cur);
    m.epoch = unpack_u32(cur);
    m.staff = unpack_id(cur);
    m.structure = unpack_id(cur);
    m.roles = (uint8_t)unpack_int_in(cur, 0, UINT8_MAX);
    m.history = unpack_id(cur);
    m.generation = unpack_u32(cur);
    m.network = unpack_str(cur);
    m.staff_name = unpack_str(cur);
    m.proof = unpack_bin(cur);
    if (more(cur))
        m.authority = unpack_bin(cur);
    return m;
}

void message_empty(struct buf *out, enum message_type type)
{
    size_t at = message_begin(out, type, 0);
    frame_end(out, at);
}

/* Contents of documents, and enrolment. */
static void read_rare(struct cur *cur, struct message *m)
{
    if (m->type == MESSAGE_WANT)
        m->want = read_want(cur);
    else if (m->type == MESSAGE_CHUNK)
        m->chunk = read_chunk(cur);
    else if (m->type == MESSAGE_ENROL)
        m->enrol = read_enrol(cur);
    else if (m->type == MESSAGE_ENROLLED)
        m->enrolled = read_enrolled(cur);
    else
        m->offer = read_offer(cur);
}

static bool read_items(struct cur *cur, struct message *m)
{
    switch (m->type) {
    case MESSAGE_HELLO:
        m->hello = read_hello(cur);
        return true;
    case MESSAGE_WELCOME:
        m->welcome = read_welcome(cur);
        return true;
    case MESSAGE_PUSH:
        m->push = read_push(cur);
        return true;
    case MESSAGE_VERDICTS:
        m->verdicts = read_verdicts(cur);
        return true;
    case MESSAGE_PULLED:
        m->pulled = unpack_uint(cur);
        return true;
    case MESSAGE_PAGE:
        m->page = read_page(cur);
        return true;
    case MESSAGE_IDLE:
        m->idle = read_idle(cur);
        return true;
    case MESSAGE_BYE:
        m->bye = read_bye(cur);
        return true;
    case MESSAGE_EPOCH:
        m->epoch.epoch = unpack_u32(cur);
        return true;
    case MESSAGE_LEAVE:
        m->leave = read_leave(cur);
        return true;
    case MESSAGE_ERASE:
        m->erase = read_erase(cur);
        return true;
    case MESSAGE_ERASED:
        m->erased = unpack_uint(cur);
        return true;
    case MESSAGE_WANT:
    case MESSAGE_CHUNK:
    case MESSAGE_OFFER:
    case MESSAGE_ENROL:
    case MESSAGE_ENROLLED:
        read_rare(cur, m);
        return true;
    case MESSAGE_SITE:
    case MESSAGE_PARCEL:
    case MESSAGE_PIECE:
    case MESSAGE_RECEIPT:
    case MESSAGE_LISTED:
        message_read_site(cur, m);
        return true;
    case MESSAGE_PING:
    case MESSAGE_PONG:
    case MESSAGE_FORK:
    case MESSAGE_WIPE:
    case MESSAGE_WIPED:
        return true;
    }
    return false;
}

enum err message_read(struct str body, struct message *out)
{
    size_t used = 0;
    enum err err = pack_check(body, PACK_DEPTH_MAX, PACK_NODES_MAX, &used);
    if (err != ERR_OK)
        return err;
    if (used != body.n)
        return ERR_FORMAT;
    struct cur cur = cur_of(body.p, body.n);
    uint32_t items = unpack_array(&cur);
    int64_t type = unpack_int(&cur);
    if (cur.bad || items == 0 || items > MESSAGE_ITEMS_MAX)
        return ERR_FORMAT;
    if (type < MESSAGE_HELLO || type > (int64_t)MESSAGE_TYPE_LAST)
        return ERR_PROTOCOL;
    struct message m = {.type = (enum message_type)type};
    if (!read_items(&cur, &m))
        return ERR_PROTOCOL;
    if (cur.bad)
        return ERR_FORMAT;
    *out = m;
    return ERR_OK;
}
