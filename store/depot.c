/* SPDX-License-Identifier: Apache-2.0 */
#include "store/depot.h"

#include "store/apply.h"
#include "store/content_inside.h"
#include "store/document.h"

enum { HOLDERS_MAX = 64 }; /* documents with the same content, looked at for one to be seen */

void depot_limit(struct store *s, const struct depot_limits *limits)
{
    s->content_network_bytes = limits->network_bytes;
    s->content_device_bytes = limits->device_bytes;
}

static bool sees(const struct serve_session *session, const struct document *doc)
{
    return !doc->deleted && scope_may_read(&session->reader.grants, doc->scope, doc->facet);
}

/* The document, when this session may fetch its content, or bring it: that may also whoever
 * attached it, though the right has ended meanwhile. All else is NOTFOUND, whatever it is. */
static enum err find(struct store *s, const struct serve_session *session, const struct id *id,
                     bool brings, struct document *out)
{
    enum err err = document_find(s, id, out);
    if (err == ERR_INVALID)
        return ERR_NOTFOUND;
    if (err != ERR_OK)
        return err;
    bool own = brings && !out->deleted && id_eq(&out->by, &session->staff);
    return own || sees(session, out) ? ERR_OK : ERR_NOTFOUND;
}

/* Is the content with this hash here, and does the staff member see a document that has it? */
static enum err seen_elsewhere(struct content *c, const struct serve_session *session,
                               const struct document *doc, int64_t *cid)
{
    struct id holders[HOLDERS_MAX];
    size_t count = 0;
    enum err err = content_whole(c, doc->sha256, cid);
    if (err == ERR_OK)
        err = content_holders(c, *cid, holders, HOLDERS_MAX, &count);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        struct document other;
        err = find(c->s, session, &holders[i], false, &other);
        if (err == ERR_OK)
            return ERR_OK;
        err = err == ERR_NOTFOUND ? ERR_OK : err;
    }
    return err == ERR_OK ? ERR_NOTFOUND : err;
}

static enum err room_for(struct content *c, const struct serve_session *session, uint64_t size)
{
    struct store *s = c->s;
    uint64_t network =
        s->content_network_bytes == 0 ? DEPOT_NETWORK_BYTES : s->content_network_bytes;
    uint64_t device =
        s->content_device_bytes == 0 ? DEPOT_DEVICE_BYTES : s->content_device_bytes;
    struct content_totals totals;
    uint64_t used = 0;
    enum err err = content_device_bytes(c, session->device, &used);
    if (err == ERR_OK && (size > CONTENT_BYTES_MAX || used + size > device))
        return ERR_LIMIT;
    if (err == ERR_OK)
        err = content_totals(s, &totals);
    if (err == ERR_OK && totals.bytes + size > network)
        return ERR_FULL;
    return err;
}

/* How far the content of a document one may bring has come; begins its reception. */
static enum err on_offer(struct content *c, struct serve_session *session,
                         const struct offer *m, uint64_t *have)
{
    struct document doc;
    struct content_doc there;
    int64_t cid = 0;
    enum err err = find(c->s, session, &m->document, true, &doc);
    if (err != ERR_OK)
        return err;
    if (m->size != doc.size || memcmp(m->sha256.p, doc.sha256, SHA256_BYTES) != 0)
        return ERR_INVALID;
    err = content_find(c, &m->document, &there);
    if (err == ERR_OK && there.state == CONTENT_DAMAGED) { /* a good one takes its place */
        *have = 0;
        return content_link(c, &m->document, 0, CONTENT_WANTED);
    }
    if (err == ERR_OK) {
        *have = there.state == CONTENT_KEPT ? there.size : there.have;
        return ERR_OK;
    }
    if (err != ERR_NOTFOUND)
        return err;
    err = seen_elsewhere(c, session, &doc, &cid);
    bool elsewhere = err == ERR_OK;
    if (err == ERR_NOTFOUND)
        err = room_for(c, session, doc.size);
    if (err == ERR_OK)
        err = content_want(c, &m->document, doc.sha256, doc.size, session->device);
    if (err == ERR_OK && elsewhere)
        err = content_link(c, &m->document, cid, CONTENT_KEPT);
    *have = elsewhere ? doc.size : 0;
    return err;
}

static enum err on_chunk(struct content *c, struct serve_session *session,
                         const struct chunk *m, uint64_t *have)
{
    struct document doc;
    struct content_doc there;
    enum err err = find(c->s, session, &m->document, true, &doc);
    if (err == ERR_OK)
        err = content_find(c, &m->document, &there);
    if (err != ERR_OK)
        return err;
    if (there.state != CONTENT_KEPT && m->from == there.have)
        err = content_append(c, &there, m->from, m->bytes);
    *have = there.state == CONTENT_KEPT ? there.size : there.have;
    return err;
}

static enum err on_want(struct content *c, struct serve_session *session, const struct want *m,
                        struct buf *bytes)
{
    struct document doc;
    struct content_doc there;
    enum err err = find(c->s, session, &m->document, false, &doc);
    if (err == ERR_OK)
        err = content_find(c, &m->document, &there);
    if (err != ERR_OK)
        return err;
    if (there.state != CONTENT_KEPT)
        return ERR_NOTFOUND;
    if (m->from >= there.size || m->max == 0)
        return ERR_FORMAT;
    uint64_t n = there.size - m->from;
    n = n < m->max ? n : m->max;
    n = n < MESSAGE_CHUNK_BYTES ? n : MESSAGE_CHUNK_BYTES;
    return content_read(c, there.cid, m->from, (size_t)n, bytes);
}

static const struct id *document_asked(const struct message *m)
{
    if (m->type == MESSAGE_OFFER)
        return &m->offer.document;
    return m->type == MESSAGE_CHUNK ? &m->chunk.document : &m->want.document;
}

/* Told to the client, whose other requests are answered as if it had not come. */
static bool told(enum err err)
{
    return err == ERR_NOTFOUND || err == ERR_INVALID || err == ERR_LIMIT || err == ERR_FORMAT;
}

static enum err answer(struct content *c, struct serve_session *session,
                       const struct message *m, struct buf *frames)
{
    struct buf bytes = {0};
    uint64_t have = 0;
    enum err err = ERR_OK;
    if (m->type == MESSAGE_OFFER)
        err = on_offer(c, session, &m->offer, &have);
    else if (m->type == MESSAGE_CHUNK)
        err = on_chunk(c, session, &m->chunk, &have);
    else
        err = on_want(c, session, &m->want, &bytes);
    /* A quota that is used up breaks nothing; a disk that is full undoes the transaction. */
    bool quota = err == ERR_FULL && m->type == MESSAGE_OFFER && db_error(c->db) != ERR_FULL;
    if (err == ERR_OK && m->type == MESSAGE_WANT)
        message_chunk(frames, &(struct chunk){.document = m->want.document,
                                              .from = m->want.from,
                                              .bytes = buf_str(&bytes)});
    else if (err == ERR_OK || told(err) || quota)
        message_want(frames,
                     &(struct want){.document = *document_asked(m), .from = have, .err = err});
    buf_done(&bytes);
    if (err == ERR_OK || told(err) || quota)
        return frames->err;
    return err;
}

static enum err answer_all(struct content *c, struct serve_session *session,
                           const struct message *requests, size_t count, struct buf *frames)
{
    enum err err = content_begin(c);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = answer(c, session, &requests[i], frames);
    return content_end(c, err);
}

enum err depot_answer(struct store *s, struct serve_session *session,
                      const struct message *requests, size_t count, struct buf *frames)
{
    struct content *c = NULL;
    bool changed = false;
    enum err err = serve_refresh(s, session, &changed);
    if (err != ERR_OK)
        return err;
    err = content_of(s, true, &c);
    if (err == ERR_OK)
        err = content_sweep(s);
    if (err == ERR_OK)
        err = answer_all(c, session, requests, count, frames);
    if (err == ERR_OK || store_health(s) != ERR_OK)
        return err == ERR_OK ? ERR_OK : store_health(s);
    buf_clear(frames);
    for (size_t i = 0; i < count; i++)
        message_want(frames,
                     &(struct want){.document = *document_asked(&requests[i]), .err = err});
    return frames->err;
}
