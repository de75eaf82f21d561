/* SPDX-License-Identifier: Apache-2.0 */
#include "store/courier.h"

#include "store/content_inside.h"
#include "store/document.h"
#include "store/quarantine.h"

enum { RULE_ROWS = 500 }; /* looked at in one step */

/* ---- what there is to do ---- */

/* The rule: what of the rows not looked at yet is to be fetched. */
struct rule {
    struct content *c;
    const struct table *table;
    int64_t budget, seen;
    uint64_t bytes;
};

static enum err on_row(void *ctx, const struct row *row)
{
    struct rule *rule = ctx;
    struct document doc;
    struct content_doc there;
    rule->seen = row->rid;
    if (document_of(rule->table, row, &doc) != ERR_OK)
        return ERR_OK;
    enum err err = content_find(rule->c, &row->id, &there);
    if (err != ERR_NOTFOUND)
        return err;
    if (rule->bytes + doc.size > (uint64_t)rule->budget)
        return ERR_OK;
    rule->bytes += doc.size;
    return content_want(rule->c, &row->id, doc.sha256, doc.size, 0);
}

static enum err follow_rule(struct content *c)
{
    struct rule rule = {.c = c, .table = schema_table(c->s->env.schema, TABLE_DOCUMENT)};
    struct content_totals totals;
    enum err err = content_fact_get(c, CONTENT_FACT_BUDGET, &rule.budget);
    if (err != ERR_OK || rule.budget == 0)
        return err;
    err = content_fact_get(c, CONTENT_FACT_SEEN, &rule.seen);
    if (err == ERR_OK)
        err = content_totals(c->s, &totals);
    if (err == ERR_OK)
        err = content_begin(c);
    if (err != ERR_OK)
        return err;
    int64_t before = 0;
    int64_t first = rule.seen;
    rule.bytes = totals.bytes + totals.wanted_bytes;
    do {
        before = rule.seen;
        err =
            rows_list_after(c->s, rule.table, NULL, 0, false, before, RULE_ROWS, on_row, &rule);
    } while (err == ERR_OK && rule.seen != before);
    if (err == ERR_OK && rule.seen != first)
        err = content_fact_set(c, CONTENT_FACT_SEEN, rule.seen);
    return content_end(c, err);
}

/* ---- messages ---- */

static void pieces_out(struct courier *k, uint64_t n)
{
    k->next += n;
    k->asked++;
}

static unsigned window(const struct courier *k)
{
    return k->piece == COURIER_PIECE_FIRST ? 1 : MESSAGE_CONTENTS_AHEAD;
}

static uint64_t piece(const struct courier *k)
{
    uint64_t left = k->doc.size - k->next;
    return left < k->piece ? left : k->piece;
}

static void ask_more(struct courier *k, struct buf *frames)
{
    while (k->asked < window(k) && k->next < k->doc.size) {
        uint64_t n = piece(k);
        message_want(
            frames, &(struct want){.document = k->doc.id, .from = k->next, .max = (uint32_t)n});
        pieces_out(k, n);
    }
}

static enum err send_more(struct content *c, struct courier *k, struct buf *frames)
{
    struct buf bytes = {0};
    enum err err = ERR_OK;
    while (err == ERR_OK && k->asked < window(k) && k->next < k->doc.size) {
        uint64_t n = piece(k);
        buf_clear(&bytes);
        err = content_read(c, k->doc.cid, k->next, (size_t)n, &bytes);
        if (err == ERR_OK) {
            message_chunk(frames, &(struct chunk){.document = k->doc.id,
                                                  .from = k->next,
                                                  .bytes = buf_str(&bytes)});
            pieces_out(k, n);
        }
    }
    buf_done(&bytes);
    return err;
}

static void larger(struct courier *k)
{
    k->stuck = 0;
    k->piece = k->piece * 2 < MESSAGE_CHUNK_BYTES ? k->piece * 2 : MESSAGE_CHUNK_BYTES;
}

static enum err mark(struct content *c, const struct id *doc, enum content_state state,
                     enum err why)
{
    enum err err = content_begin(c);
    return err == ERR_OK ? content_end(c, content_mark(c, doc, state, why)) : err;
}

static enum err drop(struct content *c, const struct id *doc)
{
    enum err err = content_begin(c);
    if (err == ERR_OK)
        err = content_end(c, content_drop(c, doc));
    return err == ERR_OK ? content_clean(c) : err;
}

/* This document comes no further now; what was asked is still answered. */
static enum err give_up(struct content *c, struct courier *k, enum err why)
{
    struct document doc;
    k->err = why;
    k->way = COURIER_DRAINS;
    enum err err = document_find(c->s, &k->doc.id, &doc);
    if (err == ERR_NOTFOUND) /* its row has left, and the server does not take it: gone */
        return drop(c, &k->doc.id);
    return err == ERR_OK ? mark(c, &k->doc.id, k->doc.state, why) : err;
}

/* ---- the next document ---- */

/* May this one be sent? Its row has arrived; or has left with the right to see it. */
static enum err sendable(struct content *c, const struct content_doc *doc, bool *out)
{
    struct document row;
    uint32_t epoch = 0;
    uint64_t op_no = 0;
    enum err err = document_find(c->s, &doc->id, &row);
    *out = err == ERR_NOTFOUND || (err == ERR_OK && !row.deleted);
    if (err == ERR_NOTFOUND) { /* refused, and perhaps saved again: it waits with its row */
        err = quarantine_of_row(c->s, TABLE_DOCUMENT, &doc->id, &epoch, &op_no);
        *out = err == ERR_NOTFOUND;
        err = ERR_OK == err || err == ERR_NOTFOUND ? ERR_OK : err;
    }
    return err;
}

static enum err begin_fetch(struct content *c, struct courier *k, struct buf *frames,
                            bool *found)
{
    struct document row;
    int64_t cid = 0;
    enum err err = document_find(c->s, &k->doc.id, &row);
    if (err == ERR_NOTFOUND || (err == ERR_OK && row.deleted))
        return drop(c, &k->doc.id);
    if (err == ERR_OK)
        err = content_whole(c, k->doc.sha256, &cid);
    if (err == ERR_OK) { /* under another document's name: no need to ask */
        err = content_begin(c);
        return err == ERR_OK ? content_end(c, content_link(c, &k->doc.id, cid, CONTENT_KEPT))
                             : err;
    }
    if (err != ERR_NOTFOUND || k->doc.tries >= CONTENT_TRIES_MAX)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    k->way = COURIER_FETCHES;
    k->next = k->doc.have;
    ask_more(k, frames);
    *found = true;
    return ERR_OK;
}

static enum err begin_send(struct content *c, struct courier *k, struct buf *frames,
                           bool *found)
{
    enum err err = sendable(c, &k->doc, found);
    if (err != ERR_OK || !*found)
        return err;
    k->way = COURIER_SENDS;
    k->next = k->doc.size; /* nothing, before the server has said from where */
    message_offer(
        frames, &(struct offer){.document = k->doc.id,
                                .size = k->doc.size,
                                .sha256 = {(const char *)k->doc.sha256, sizeof k->doc.sha256}});
    k->asked++;
    return ERR_OK;
}

static enum err next(struct content *c, struct courier *k, struct buf *frames)
{
    bool found = false;
    enum err err = ERR_OK;
    k->way = COURIER_RESTS;
    while (!found && err == ERR_OK && !k->halted) {
        enum content_state state = k->fetching ? CONTENT_WANTED : CONTENT_UNSENT;
        err = content_next(c, state, &k->after, &k->doc);
        if (err == ERR_NOTFOUND && k->fetching)
            return ERR_OK;
        if (err == ERR_NOTFOUND) {
            k->fetching = true;
            k->after = (struct id){{0}};
            err = ERR_OK;
            continue;
        }
        if (err != ERR_OK)
            break;
        k->after = k->doc.id;
        k->piece = COURIER_PIECE_FIRST;
        k->stuck = 0;
        err =
            k->fetching ? begin_fetch(c, k, frames, &found) : begin_send(c, k, frames, &found);
    }
    return err;
}

/* ---- answers ---- */

static enum err damaged(struct content *c, struct courier *k)
{
    enum err err = content_begin(c);
    if (err == ERR_OK)
        err = content_end(c, content_damaged(c, k->doc.cid));
    k->doc.state = CONTENT_DAMAGED;
    return err == ERR_OK ? give_up(c, k, ERR_INVALID) : err;
}

/* The server does not take what we sent as what it should be. Is it? */
static enum err disputed(struct content *c, struct courier *k)
{
    enum err err = content_verify(c, &k->doc);
    if (err == ERR_OK)
        return give_up(c, k, ERR_INVALID);
    return err == ERR_INVALID ? damaged(c, k) : err;
}

/* It is there. Of a row that has left meanwhile nothing stays here. */
static enum err arrived(struct content *c, struct courier *k)
{
    struct document row;
    k->sent++;
    k->way = COURIER_DRAINS;
    enum err err = document_find(c->s, &k->doc.id, &row);
    if (err != ERR_NOTFOUND)
        return err == ERR_OK ? mark(c, &k->doc.id, CONTENT_KEPT, ERR_OK) : err;
    return drop(c, &k->doc.id);
}

static enum err on_sending(struct content *c, struct courier *k, const struct want *m,
                           struct buf *frames)
{
    if (m->err == ERR_INVALID)
        return disputed(c, k);
    if (m->err != ERR_OK) {
        k->halted = m->err == ERR_FULL || m->err == ERR_LATER;
        return give_up(c, k, m->err);
    }
    if (m->from > k->doc.size || (m->from % MESSAGE_CHUNK_ALIGN != 0 && m->from != k->doc.size))
        return ERR_PROTOCOL;
    if (m->from == k->doc.size)
        return arrived(c, k);
    if (m->from > k->doc.have)
        larger(k);
    else if (++k->stuck > COURIER_STUCK_MAX)
        return give_up(c, k, ERR_PROTOCOL);
    k->doc.have = m->from; /* there */
    if (k->asked == 0)
        k->next = m->from;
    enum err err = send_more(c, k, frames);
    return err == ERR_CORRUPT && db_health(c->db) == ERR_OK ? damaged(c, k) : err;
}

static enum err on_fetched(struct content *c, struct courier *k, const struct message *m,
                           struct buf *frames)
{
    if (m->type == MESSAGE_WANT)
        return give_up(c, k, m->want.err == ERR_OK ? ERR_NOTFOUND : m->want.err);
    enum err err = content_begin(c);
    if (err != ERR_OK)
        return err;
    err = content_append(c, &k->doc, m->chunk.from, m->chunk.bytes);
    bool wrong = err == ERR_INVALID; /* noted, and begun again another time */
    err = content_end(c, wrong ? ERR_OK : err);
    if (err == ERR_FORMAT)
        return give_up(c, k, ERR_FORMAT);
    if (err != ERR_OK)
        return err;
    if (wrong || k->doc.state == CONTENT_KEPT) {
        k->err = wrong ? ERR_INVALID : k->err;
        k->fetched += wrong ? 0 : 1;
        k->way = COURIER_DRAINS;
        return ERR_OK;
    }
    larger(k);
    ask_more(k, frames);
    return ERR_OK;
}

static enum err on_answer(struct content *c, struct courier *k, const struct message *m,
                          struct buf *frames)
{
    const struct id *doc = m->type == MESSAGE_CHUNK ? &m->chunk.document : &m->want.document;
    if (k->asked == 0 || !id_eq(doc, &k->doc.id) ||
        (m->type == MESSAGE_CHUNK && k->way == COURIER_SENDS))
        return ERR_PROTOCOL;
    k->asked--;
    enum err err = ERR_OK;
    if (k->way == COURIER_SENDS)
        err = on_sending(c, k, &m->want, frames);
    else if (k->way == COURIER_FETCHES)
        err = on_fetched(c, k, m, frames);
    if (err == ERR_OK && k->way == COURIER_DRAINS && k->asked == 0)
        err = next(c, k, frames);
    return err;
}

static enum err begin(struct content *c, struct courier *k, struct buf *frames)
{
    k->fetching = false;
    k->halted = false; /* what was full, on either side, may have room again */
    k->after = (struct id){{0}};
    enum err err = content_left(c->s);
    if (err == ERR_OK)
        err = follow_rule(c);
    return err == ERR_OK ? next(c, k, frames) : err;
}

void courier_rest(struct courier *k)
{
    *k = (struct courier){.sent = k->sent, .fetched = k->fetched, .err = k->err};
}

enum err courier_step(struct store *s, struct courier *k, const struct message *m,
                      struct buf *frames, bool *waits)
{
    struct content *c = NULL;
    size_t before = frames->n;
    unsigned asked = k->asked;
    enum err err = content_of(s, false, &c);
    if (err == ERR_OK)
        err = m == NULL ? begin(c, k, frames) : on_answer(c, k, m, frames);
    else if (err == ERR_NOTFOUND)
        err = m == NULL ? ERR_OK : ERR_PROTOCOL;
    if (err == ERR_PROTOCOL || frames->err != ERR_OK)
        return err == ERR_PROTOCOL ? err : frames->err;
    if (store_health(s) != ERR_OK)
        return store_health(s);
    if (err != ERR_OK) { /* the contents' disk: the records do not suffer from it */
        k->err = err;
        k->halted = true;
        k->way = COURIER_DRAINS;
        k->asked = m == NULL ? 0 : asked - 1;
        frames->n = before;
    }
    *waits = k->asked > 0;
    return ERR_OK;
}

/* ---- people ---- */

enum err courier_want(struct store *s, const struct id *id)
{
    struct document doc;
    struct content_doc there;
    struct content *c = NULL;
    enum err err = document_find(s, id, &doc);
    if (err == ERR_OK)
        err = content_of(s, true, &c);
    if (err != ERR_OK)
        return err;
    err = content_find(c, id, &there);
    if (err == ERR_OK && there.state != CONTENT_WANTED)
        return ERR_EXISTS;
    if (err != ERR_OK && err != ERR_NOTFOUND)
        return err;
    s->content_wishes++;
    err = content_begin(c);
    if (err != ERR_OK)
        return err;
    err = content_want(c, id, doc.sha256, doc.size, 0);
    if (err == ERR_OK)
        err = content_again(c, id);
    return content_end(c, err);
}

enum err courier_rule(struct store *s, uint64_t bytes)
{
    struct content *c = NULL;
    enum err err = content_of(s, true, &c);
    if (err == ERR_OK)
        err = content_begin(c);
    if (err != ERR_OK)
        return err;
    err = content_fact_set(c, CONTENT_FACT_BUDGET, (int64_t)bytes);
    if (err == ERR_OK)
        err = content_fact_set(c, CONTENT_FACT_SEEN, 0);
    s->content_wishes++;
    return content_end(c, err);
}
