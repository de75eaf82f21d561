/* SPDX-License-Identifier: Apache-2.0 */
#include "store/attach.h"

#include "store/content.h"
#include "store/document.h"

#include <strings.h>

const char *attach_mime(struct str name)
{
    static const struct {
        const char *end, *mime;
    } known[] = {
        {".pdf", "application/pdf"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".png", "image/png"},
        {".heic", "image/heic"},
        {".svg", "image/svg+xml"},
        {".txt", "text/plain"},
        {".odt", "application/vnd.oasis.opendocument.text"},
        {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct str end = str_of(known[i].end);
        if (name.n > end.n && strncasecmp(name.p + name.n - end.n, end.p, end.n) == 0)
            return known[i].mime;
    }
    return "application/octet-stream";
}

struct str attach_title(struct str name)
{
    struct str left = name;
    for (int chars = 0; left.n > 0 && chars < ATTACH_TITLE_CHARS; chars++) {
        size_t n = str_utf8_step(left);
        if (n == 0)
            return STR("?");
        left = (struct str){left.p + n, left.n - n};
    }
    return (struct str){name.p, name.n - left.n};
}

static enum err save_row(struct store *s, const struct attach *a, struct note *why)
{
    const struct table *table = schema_table(store_schema(s), TABLE_DOCUMENT);
    char hex[2 * SHA256_BYTES + 1];
    struct edit *edit = NULL;
    document_hex(a->sha256, hex);
    const struct {
        const char *name;
        struct value value;
    } said[] = {
        {"of_table", value_text(str_of(a->table->name))},
        {"of_row", value_id(&a->row)},
        {"kind", value_text(a->kind.n > 0 ? a->kind : STR("other"))},
        {"title", value_text(a->title)},
        {"sha256", value_text(str_of(hex))},
        {"size", value_int((int64_t)a->size)},
        {"mime", value_text(a->mime.n > 0 ? a->mime : STR("application/octet-stream"))}};
    enum { SAID = sizeof said / sizeof *said };
    struct edit_value values[SAID];
    for (size_t i = 0; i < SAID; i++)
        values[i] =
            (struct edit_value){schema_field_named(table, str_of(said[i].name)), said[i].value};
    enum err err = edit_open(s, &edit, why);
    if (err != ERR_OK)
        return err;
    err = edit_insert_as(edit, table, &a->doc, values, SAID, why);
    if (err == ERR_OK)
        return edit_commit(edit, why);
    edit_abort(edit);
    return err;
}

/* What cannot be dropped now is found to belong to none when it is to be sent. */
static void forget(struct store *s, const struct id *doc)
{
    struct content *content = NULL;
    enum err err = content_of(s, false, &content);
    if (err == ERR_OK)
        err = content_begin(content);
    if (err == ERR_OK)
        err = content_end(content, content_drop(content, doc));
    (void)err;
}

enum err attach_save(struct store *s, const struct attach *attach, struct note *why)
{
    enum err err = save_row(s, attach, why);
    if (err != ERR_OK)
        forget(s, &attach->doc);
    return err;
}
