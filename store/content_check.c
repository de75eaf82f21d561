/* SPDX-License-Identifier: Apache-2.0 */
#include "store/content_check.h"

#include "store/content_inside.h"
#include "store/document.h"

/* ---- what is said ---- */

static enum err name_device(struct content *c, const struct id *id, struct buf *report)
{
    struct stmt *stmt = NULL;
    int64_t device = 0;
    enum err err = content_sql(c, CONTENT_SQL_DOC_BY, &stmt);
    if (err != ERR_OK)
        return err;
    bind_id(stmt, 1, id);
    err = content_number(c, stmt, &device);
    if (err != ERR_OK || device == 0)
        return err;
    err = store_sql(c->s, SQL_DEVICE_NAME, &stmt);
    if (err != ERR_OK)
        return err;
    bind_int(stmt, 1, device);
    if (stmt_step(stmt) == STEP_ROW) {
        struct str name = col_text(stmt, 0);
        buf_printf(report, "; brought by device %lld (%.*s), which may still have it",
                   (long long)device, (int)name.n, name.p);
    }
    stmt_reset(stmt);
    return ERR_OK;
}

static enum err tell(struct content *c, const struct content_doc *doc, const char *what,
                     struct buf *report)
{
    char text[ID_TEXT_BYTES];
    enum err err = ERR_OK;
    id_print(&doc->id, text);
    buf_printf(report, "document %s: its content is not what was attached%s", text, what);
    if (c->s->env.side == STORE_SERVER)
        err = name_device(c, &doc->id, report);
    buf_u8(report, '\n');
    return err == ERR_OK ? report->err : err;
}

/* ---- what is done ---- */

enum { HOLDERS_MAX = 64 };

/* Of a replica: the server has it, and it comes again; or nobody else has. */
static enum err set_right(struct content *c, const struct content_doc *doc,
                          struct content_check *k, struct buf *report)
{
    bool there = doc->state == CONTENT_KEPT;
    k->wrong++;
    k->again += there ? 1 : 0;
    k->lost += there ? 0 : 1;
    enum err err = tell(c, doc,
                        there ? "; it is fetched again from the server"
                              : ", and was not sent; it must be attached again",
                        report);
    if (err != ERR_OK)
        return err;
    return there ? content_link(c, &doc->id, 0, CONTENT_WANTED)
                 : content_mark(c, &doc->id, CONTENT_DAMAGED, ERR_INVALID);
}

/* Every document that has it, of those looked at already too. */
static enum err set_all_right(struct content *c, int64_t cid, struct content_check *k,
                              struct buf *report)
{
    struct id holders[HOLDERS_MAX];
    size_t count = 0;
    uint64_t before = k->again;
    enum err err = content_holders(c, cid, holders, HOLDERS_MAX, &count);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        struct content_doc doc;
        err = content_find(c, &holders[i], &doc);
        if (err == ERR_OK)
            err = set_right(c, &doc, k, report);
    }
    bool kept = k->again > before;
    return err == ERR_OK && !kept ? content_damaged(c, cid) : err; /* its bytes stay */
}

static enum err is_wrong(struct content *c, const struct content_doc *doc,
                         struct content_check *k, struct buf *report)
{
    enum err err = content_begin(c);
    if (err != ERR_OK)
        return err;
    if (c->s->env.side == STORE_CLIENT) {
        c->s->content_wishes++;
        return content_end(c, set_all_right(c, doc->cid, k, report));
    }
    k->wrong++;
    err = tell(c, doc, "", report);
    if (err == ERR_OK)
        err = doc->cid == 0 ? content_mark(c, &doc->id, CONTENT_DAMAGED, ERR_INVALID)
                            : content_damaged(c, doc->cid);
    return content_end(c, err);
}

static enum err look(struct content *c, const struct content_doc *doc, struct content_check *k,
                     struct buf *report)
{
    struct document row;
    enum err err = document_find(c->s, &doc->id, &row);
    k->documents++;
    k->rowless += err == ERR_NOTFOUND ? 1 : 0;
    if (err != ERR_OK && err != ERR_NOTFOUND && err != ERR_INVALID)
        return err;
    if (doc->state == CONTENT_DAMAGED && c->s->env.side == STORE_SERVER) {
        k->wrong++; /* found before, and nobody has brought it since */
        return tell(c, doc, "", report);
    }
    if (doc->state != CONTENT_KEPT && doc->state != CONTENT_UNSENT)
        return ERR_OK;
    k->bytes += doc->size;
    err = content_verify(c, doc);
    return err == ERR_INVALID ? is_wrong(c, doc, k, report) : err;
}

static enum err some(struct content *c, uint64_t bytes_max, struct content_check *k,
                     struct buf *report)
{
    enum { ROWS_MAX = 500 };
    struct content_doc doc = {.cid = 0};
    struct stmt *stmt = NULL;
    int64_t nameless = 0;
    uint64_t from = k->bytes;
    uint64_t first = k->documents;
    enum err err = ERR_OK;
    while (err == ERR_OK && k->bytes - from < bytes_max && k->documents - first < ROWS_MAX) {
        err = content_any(c, &k->after, &doc);
        if (err == ERR_OK) {
            k->after = doc.id;
            err = look(c, &doc, k, report);
        }
    }
    if (err != ERR_NOTFOUND)
        return err;
    k->done = true;
    err = content_sql(c, CONTENT_SQL_BLOB_NAMELESS, &stmt);
    if (err == ERR_OK)
        err = content_number(c, stmt, &nameless);
    k->nameless = (uint64_t)nameless;
    return err;
}

enum err content_check_step(struct store *s, uint64_t bytes_max, struct content_check *k,
                            struct buf *report)
{
    struct content *c = NULL;
    enum err err = content_of(s, false, &c);
    k->done = err != ERR_OK;
    if (err == ERR_NOTFOUND)
        return ERR_OK;
    if (err == ERR_OK)
        err = some(c, bytes_max, k, report);
    if (err == ERR_OK || err == ERR_NOMEM || store_health(s) != ERR_OK)
        return err;
    k->done = true;
    k->unreadable = true;
    buf_printf(report, "the database of contents does not read: %s\n", err_text(err));
    return report->err;
}

enum err content_offer_again(struct store *s)
{
    struct content *c = NULL;
    enum err err = content_of(s, false, &c);
    if (err == ERR_OK)
        err = content_begin(c);
    if (err == ERR_OK)
        err = content_end(c, content_doubt(c));
    return err == ERR_NOTFOUND ? ERR_OK : err;
}
