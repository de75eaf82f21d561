/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a frame's body: what is taken for a message is written again and read as the
 * same. */
#include "proto/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The ranges, written again; false when they do not hold together. */
static bool write_verdicts(const struct verdicts *v, struct buf *out)
{
    static struct verdict_range ranges[MESSAGE_VERDICTS_MAX];
    struct cur cur = v->ranges;
    for (uint32_t i = 0; i < v->count; i++)
        ranges[i] = message_range(&cur);
    if (cur.bad)
        return false;
    message_verdicts(out, v->epoch, ranges, v->count);
    return true;
}

static void read_origins(struct str encoded)
{
    struct cur cur = cur_of(encoded.p, encoded.n);
    if (pack_peek(&cur) != PACK_ARRAY)
        return;
    uint32_t items = unpack_array(&cur);
    for (uint32_t i = 0; i + 2 < items && !cur.bad; i += 3)
        (void)message_origin(&cur);
}

static bool write_leave(const struct leave *leave, struct buf *out)
{
    struct buf scopes = {0};
    struct cur cur = leave->scopes;
    for (uint32_t i = 0; i < leave->count && !cur.bad; i++) {
        struct leave_scope scope = message_leave_scope(&cur);
        if (!cur.bad)
            message_leave_add(&scopes, &scope);
    }
    if (!cur.bad)
        message_leave(out, leave->count, buf_str(&scopes));
    buf_done(&scopes);
    return !cur.bad;
}

static bool write_erase(const struct erase *erase, struct buf *out)
{
    struct cur orders = erase->orders;
    struct buf list = {0};
    for (uint32_t i = 0; i < erase->count && !orders.bad; i++) {
        struct erase_order order = message_erase_order(&orders);
        if (!orders.bad)
            message_erase_add(&list, &order);
    }
    message_erase(out, erase->count, buf_str(&list));
    buf_done(&list);
    return !orders.bad;
}

/* Documents and parcels, in parts. */
static void write_parts(const struct message *m, struct buf *out)
{
    if (m->type == MESSAGE_SITE)
        message_site(out, &m->site);
    else if (m->type == MESSAGE_PARCEL)
        message_parcel(out, &m->parcel);
    else if (m->type == MESSAGE_PIECE)
        message_piece(out, m->piece);
    else if (m->type == MESSAGE_RECEIPT)
        message_receipt(out, &m->receipt);
    else if (m->type == MESSAGE_LISTED)
        message_listed(out, &m->listed);
    else if (m->type == MESSAGE_WANT)
        message_want(out, &m->want);
    else if (m->type == MESSAGE_CHUNK)
        message_chunk(out, &m->chunk);
    else
        message_offer(out, &m->offer);
}

static bool write_again(const struct message *m, struct buf *out)
{
    switch (m->type) {
    case MESSAGE_HELLO:
        message_hello(out, &m->hello);
        return true;
    case MESSAGE_WELCOME:
        read_origins(m->welcome.origins);
        message_welcome(out, &m->welcome);
        return true;
    case MESSAGE_PUSH:
        message_push(out, &m->push);
        return true;
    case MESSAGE_VERDICTS:
        return write_verdicts(&m->verdicts, out);
    case MESSAGE_PULLED:
        message_pulled(out, m->pulled);
        return true;
    case MESSAGE_PAGE:
        message_page(out, &m->page);
        return true;
    case MESSAGE_IDLE:
        message_idle(out, &m->idle);
        return true;
    case MESSAGE_BYE:
        message_bye(out, &m->bye);
        return true;
    case MESSAGE_EPOCH:
        message_epoch(out, &m->epoch);
        return true;
    case MESSAGE_ENROL:
        message_enrol(out, &m->enrol);
        return true;
    case MESSAGE_ENROLLED:
        message_enrolled(out, &m->enrolled);
        return true;
    case MESSAGE_LEAVE:
        return write_leave(&m->leave, out);
    case MESSAGE_ERASE:
        return write_erase(&m->erase, out);
    case MESSAGE_ERASED:
        message_erased(out, m->erased);
        return true;
    case MESSAGE_WANT:
    case MESSAGE_CHUNK:
    case MESSAGE_OFFER:
    case MESSAGE_SITE:
    case MESSAGE_PARCEL:
    case MESSAGE_PIECE:
    case MESSAGE_RECEIPT:
    case MESSAGE_LISTED:
        write_parts(m, out);
        return true;
    case MESSAGE_PING:
    case MESSAGE_PONG:
    case MESSAGE_FORK:
    case MESSAGE_WIPE:
    case MESSAGE_WIPED:
        message_empty(out, m->type);
        return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message m = {0};
    struct message again = {0};
    struct buf first = {0};
    struct buf second = {0};
    if (size <= FRAME_BYTES_MAX &&
        message_read((struct str){(const char *)data, size}, &m) == ERR_OK &&
        write_again(&m, &first)) {
        struct str body = {NULL, 0};
        size_t used = 0;
        must(first.err == ERR_OK);
        must(frame_next(buf_str(&first), FRAME_BYTES_MAX, &body, &used) == ERR_OK);
        must(used == first.n);
        must(message_read(body, &again) == ERR_OK && again.type == m.type);
        must(write_again(&again, &second));
        must(str_eq(buf_str(&first), buf_str(&second)));
    }
    buf_done(&first);
    buf_done(&second);
    return 0;
}
