/* SPDX-License-Identifier: Apache-2.0 */
/* POST /api/attach/TABLE/ROW: a file becomes a document; GET /api/document and /api/content:
 * where its content is, and the content in pieces; POST /api/fetch: have it sent here. */
#include "store/attach.h"
#include "store/content.h"
#include "store/courier.h"
#include "web/api.h"

enum { PIECE_BYTES_MAX = 4 * 1024 * 1024, MEGABYTE = 1000 * 1000 };

/* ---- attach ---- */

/* The body is kept, durably, for a document that is yet to be made. */
static enum err keep(struct api *api, struct attach *a)
{
    struct content_put put;
    if (api->body.n == 0)
        return note_set(&api->why, ERR_INVALID, N_("ce fichier est vide"));
    a->size = api->body.n;
    enum err err = content_put_begin(api->store, &a->doc, &put);
    if (err != ERR_OK)
        return err;
    err = content_put_add(&put, api->body);
    if (err == ERR_OK)
        return content_put_end(&put, a->sha256);
    content_put_abort(&put);
    if (err == ERR_LIMIT)
        err = note_set(&api->why, err,
                       N_("ce fichier est trop grand : au plus %d Mo par document"),
                       CONTENT_BYTES_MAX / MEGABYTE);
    return err;
}

/* Its row, as the page shows it. */
static enum err print_row(struct api *api, const struct id *id)
{
    const struct table *table = schema_table(store_schema(api->store), TABLE_DOCUMENT);
    struct row *row = arena_new(&api->arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(api->store, table, id, &api->arena, row);
    if (err == ERR_OK)
        api_row(api, table, row, true);
    return err;
}

void api_attach(struct api *api)
{
    struct attach a = {.table = api_table(api, api->part[1])};
    struct row *row = arena_new(&api->arena, sizeof *row);
    if (a.table == NULL || !api_id(api, api->part[2], &a.row))
        return;
    a.doc = store_new_id(api->store);
    a.kind = api_param(api, "kind");
    a.mime = api_param(api, "mime");
    a.title = attach_title(api_param(api, "title"));
    if (a.mime.n == 0)
        a.mime = str_of(attach_mime(a.title));
    enum err err =
        row == NULL ? ERR_NOMEM : rows_find(api->store, a.table, &a.row, &api->arena, row);
    if (err == ERR_OK)
        err = keep(api, &a);
    if (err == ERR_OK)
        err = attach_save(api->store, &a, &api->why);
    if (err == ERR_OK)
        err = print_row(api, &a.doc);
    if (err != ERR_OK)
        api_fail(api, err);
}

/* ---- where it is ---- */

/* NOTFOUND: never kept, never asked for. */
static enum err find(struct api *api, const struct id *id, struct content **content,
                     struct content_doc *doc)
{
    enum err err = content_of(api->store, false, content);
    return err == ERR_OK ? content_find(*content, id, doc) : err;
}

static const char *state_word(enum content_state state)
{
    switch (state) {
    case CONTENT_UNSENT:
        return "unsent";
    case CONTENT_KEPT:
        return "here";
    case CONTENT_WANTED:
        return "wanted";
    case CONTENT_DAMAGED:
        break;
    }
    return "damaged";
}

void api_document(struct api *api)
{
    struct content *content = NULL;
    struct content_doc doc = {.cid = 0};
    struct id id;
    if (!api_id(api, api->part[1], &id))
        return;
    enum err err = find(api, &id, &content, &doc);
    if (err != ERR_OK && err != ERR_NOTFOUND) {
        api_fail(api, err);
        return;
    }
    buf_printf(&api->out, "{\"state\":\"%s\",\"size\":%llu,\"have\":%llu}\n",
               err == ERR_OK ? state_word(doc.state) : "away", (unsigned long long)doc.size,
               (unsigned long long)doc.have);
}

void api_fetch(struct api *api)
{
    struct id id;
    if (!api_id(api, api->part[1], &id))
        return;
    enum err err = courier_want(api->store, &id);
    if (err == ERR_OK || err == ERR_EXISTS)
        buf_printf(&api->out, "{\"here\":%s}\n", err == ERR_EXISTS ? "true" : "false");
    else
        api_fail(api, err);
}

/* ---- the content ---- */

/* Whoever reads a document has opened its dossier. */
static enum err note_opened(struct api *api, const struct id *id)
{
    const struct table *table = schema_table(store_schema(api->store), TABLE_DOCUMENT);
    struct row *row = arena_new(&api->arena, sizeof *row);
    enum err err = row == NULL ? ERR_NOMEM : rows_find(api->store, table, id, &api->arena, row);
    return err == ERR_OK ? access_shown(&api->access, api->store, table, row) : err;
}

static enum err read_piece(struct api *api, const struct id *id)
{
    struct content *content = NULL;
    struct content_doc doc = {.cid = 0};
    uint64_t from = api_number(api, "offset", 0);
    enum err err = find(api, id, &content, &doc);
    if (err == ERR_OK && doc.state == CONTENT_WANTED)
        err = ERR_NOTFOUND;
    if (err == ERR_OK && from >= doc.size)
        return note_set(&api->why, ERR_LIMIT, N_("ce document finit avant"));
    if (err == ERR_OK && from == 0)
        err = content_verify(content, &doc);
    if (err == ERR_INVALID)
        return note_set(&api->why, ERR_CORRUPT,
                        N_("ce qui est gardé ici de ce document est abîmé"));
    if (err == ERR_NOTFOUND)
        return note_set(&api->why, err, N_("ce document n'est pas encore sur cet appareil"));
    if (err != ERR_OK)
        return err;
    uint64_t left = doc.size - from;
    api->bytes = true;
    return content_read(content, doc.cid, from,
                        left < PIECE_BYTES_MAX ? (size_t)left : PIECE_BYTES_MAX, &api->out);
}

void api_content(struct api *api)
{
    struct id id;
    if (!api_id(api, api->part[1], &id))
        return;
    enum err err = note_opened(api, &id);
    if (err == ERR_OK)
        err = read_piece(api, &id);
    if (err != ERR_OK)
        api_fail(api, err);
}
