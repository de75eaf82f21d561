/* SPDX-License-Identifier: Apache-2.0 */
/* Documents: contents are attached, asked for, and compared byte by byte with what they were.
 */
#include "tests/e2e/crucible/crucible.h"

#include "io/file.h"
#include "proto/mem.h"
#include "store/content.h"
#include "store/document.h"
#include "store/inside.h"
#include "tests/support/dump.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    MARK_EVERY = 512, /* bytes: what is left of a content is found */
    PAPER_BYTES_MAX = 200000,
};

void paper_bytes(const struct crucible *c, uint32_t mark, struct buf *out)
{
    struct rng rng;
    char stream[32];
    (void)snprintf(stream, sizeof stream, "paper %u", mark);
    rng_stream(&rng, c->seed, stream);
    buf_clear(out);
    while (out->n < c->marks[mark].bytes && out->err == ERR_OK) {
        if (out->n % MARK_EVERY == 0)
            buf_printf(out, "mk%06u.", mark);
        buf_u8(out, (uint8_t)rng_below(&rng, 256));
    }
    out->n = c->marks[mark].bytes;
}

static bool write_paper(struct crucible *c, uint32_t mark, const char *path)
{
    struct buf bytes = {0};
    paper_bytes(c, mark, &bytes);
    FILE *file = fopen(path, "wb");
    bool ok =
        bytes.err == ERR_OK && file != NULL && fwrite(bytes.p, 1, bytes.n, file) == bytes.n;
    ok = (file == NULL || fclose(file) == 0) && ok;
    buf_done(&bytes);
    if (!ok)
        crucible_fail(c, "%s cannot be written", path);
    return ok;
}

bool paper_attach(struct device *d, struct command *cmd)
{
    const struct known *of = deed_some(d, rng_chance(&d->rng, 700000) ? "person" : "session");
    if (of == NULL)
        return false;
    d->deed.kind = "document";
    struct mark *m = deed_mark(d, deed_row(d, "document", of), false);
    m->bytes = MARK_BYTES + (uint32_t)rng_spread(&d->rng, 1, PAPER_BYTES_MAX);
    command_add(cmd, "attach");
    command_add(cmd, of->table);
    command_addf(cmd, "%s", of->id);
    command_addf(cmd, "%.60s/mk%06d.", d->c->dir, d->deed.mark);
    return write_paper(d->c, (uint32_t)d->deed.mark, cmd->words[cmd->n - 1]);
}

static void fetched_path(const struct device *d, char *out, size_t size)
{
    (void)snprintf(out, size, "%.60s/fetched.%u", d->c->dir, d->at);
}

bool paper_fetch(struct device *d, struct command *cmd)
{
    char path[PATH_MAX];
    if (rng_chance(&d->rng, 200000)) {
        d->deed.kind = "fetch auto";
        command_add(cmd, "fetch");
        command_add(cmd, "--auto");
        command_add(cmd, "20");
        return true;
    }
    const struct known *row = deed_some(d, "document");
    if (row == NULL)
        return false;
    d->deed.kind = "fetch";
    d->deed.row.mark = row->mark;
    fetched_path(d, path, sizeof path);
    command_add(cmd, "fetch");
    command_addf(cmd, "%s", row->id);
    command_addf(cmd, "%s", path);
    return true;
}

/* These are the bytes that were attached under the mark. */
static bool is_paper(const struct crucible *c, uint32_t mark, struct str bytes)
{
    struct buf wanted = {0};
    paper_bytes(c, mark, &wanted);
    bool same = wanted.err == ERR_OK && str_eq(buf_str(&wanted), bytes);
    buf_done(&wanted);
    return same;
}

void paper_told(struct device *d)
{
    char path[PATH_MAX];
    struct buf bytes = {0};
    struct note why = {""};
    fetched_path(d, path, sizeof path);
    enum err err = file_read(path, 2 * PAPER_BYTES_MAX, &bytes, &why);
    if (err != ERR_OK || !is_paper(d->c, d->deed.row.mark, buf_str(&bytes)))
        crucible_fail(d->c, "device %u fetched another mk%06u.: %s", d->at, d->deed.row.mark,
                      err_name(err));
    (void)remove(path);
    buf_done(&bytes);
}

/* ---- in the end ---- */

/* The mark that is the title of this document; UINT32_MAX: none. */
static uint32_t mark_of(const struct crucible *c, struct str title)
{
    char number[MARK_BYTES] = "";
    if (title.n != MARK_BYTES || title.p[0] != 'm')
        return UINT32_MAX;
    memcpy(number, title.p + 2, MARK_BYTES - 3);
    uint32_t n = (uint32_t)strtoul(number, NULL, 10);
    return n < c->marks_n && c->marks[n].bytes > 0 ? n : UINT32_MAX;
}

void papers_compare_server(const struct comparison *k)
{
    struct crucible *c = k->c;
    struct content *content = NULL;
    struct str rest = buf_str(&k->all);
    enum err err = content_of(k->server, false, &content);
    while (rest.n > 0 && !c->failed) {
        struct str line = dump_line(&rest);
        struct content_doc doc = {.size = 0};
        struct id id;
        if (!line_is(line, "document") || line_deleted(line))
            continue;
        uint32_t n = mark_of(c, line_field(line, "title"));
        if (n == UINT32_MAX || !c->marks[n].told || c->marks[n].bare || c->marks[n].excused)
            continue;
        must(id_parse(line_id(line), &id) == ERR_OK);
        if (err == ERR_OK)
            err = content_find(content, &id, &doc);
        if (err != ERR_OK || doc.state != CONTENT_KEPT)
            crucible_fail(c,
                          "the content of mk%06u., attached on device %u, is not on the "
                          "server: %s, state %d",
                          n, c->marks[n].device, err_name(err), (int)doc.state);
    }
    papers_compare(c, k->server, "the server");
}

static void compare_one(struct crucible *c, struct store *s, struct content *content,
                        const struct content_doc *doc, const char *whose)
{
    const struct table *table = schema_table(&schema_jalon, TABLE_DOCUMENT);
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    struct buf got = {0};
    must(row != NULL);
    if (content_verify(content, doc) != ERR_OK)
        crucible_fail(c, "a content of %s is not what its hash says", whose);
    if (rows_find(s, table, &doc->id, &arena, row) == ERR_OK) {
        int title = schema_field_index(table, schema_field_named(table, STR("title"))->id);
        uint32_t n = mark_of(c, row->values[title].s);
        enum err err = content_read(content, doc->cid, 0, (size_t)doc->size, &got);
        if (err != ERR_OK || n == UINT32_MAX || !is_paper(c, n, buf_str(&got)))
            crucible_fail(c, "%s has another mk%06u.: %s", whose, n, err_name(err));
    }
    buf_done(&got);
    arena_done(&arena);
}

void papers_compare(struct crucible *c, struct store *s, const char *whose)
{
    struct content *content = NULL;
    struct content_doc doc = {.size = 0};
    struct id after = {{0}};
    if (content_of(s, false, &content) != ERR_OK)
        return;
    while (!c->failed && content_next(content, CONTENT_KEPT, &after, &doc) == ERR_OK) {
        after = doc.id;
        compare_one(c, s, content, &doc, whose);
    }
    after = (struct id){{0}};
    if (content_next(content, CONTENT_DAMAGED, &after, &doc) == ERR_OK)
        crucible_fail(c, "a content of %s is damaged", whose);
}
