/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ndjson.h"

#include "io/json.h"
#include "store/rows_json.h"

/* What the n-th member of a line was: that of the next line is most often the same. */
enum { KNOWN_MAX = 64 };
struct known {
    char key[LOAD_WORD_BYTES];
    size_t n; /* 0: nothing known */
    struct load_column column;
};

struct ndjson {
    struct load *load;
    struct known known[KNOWN_MAX];
    struct buf rest;    /* a line that is not complete */
    struct arena arena; /* of one line */
    uint64_t line;      /* lines begun */
    bool skipping;      /* the present line is too long: pass over it */
};

enum err ndjson_open(struct load *load, struct ndjson **out)
{
    struct ndjson *ndjson = mem_new(sizeof *ndjson);
    if (ndjson == NULL)
        return ERR_NOMEM;
    ndjson->load = load;
    *out = ndjson;
    return ERR_OK;
}

void ndjson_close(struct ndjson *ndjson)
{
    if (ndjson == NULL)
        return;
    buf_done(&ndjson->rest);
    arena_done(&ndjson->arena);
    mem_free(ndjson);
}

/* The text a scalar stands for; false when the value is none. */
static bool scalar_text(const struct json_val *val, struct str *out)
{
    switch (val->kind) {
    case JSON_NULL:
        *out = STR("");
        return true;
    case JSON_BOOL:
        *out = val->truth ? STR("true") : STR("false");
        return true;
    case JSON_NUMBER:
    case JSON_STRING:
        *out = val->text;
        return true;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return false;
}

static enum err match(struct ndjson *ndjson, size_t at, struct str key, struct load_column *out,
                      struct note *note)
{
    struct known *known = &ndjson->known[at % KNOWN_MAX];
    if (known->n > 0 && str_eq(key, (struct str){known->key, known->n})) {
        *out = known->column;
        return ERR_OK;
    }
    enum err err = load_match(ndjson->load, key, out, note);
    if (err == ERR_OK && key.n > 0 && key.n <= sizeof known->key) {
        memcpy(known->key, key.p, key.n);
        known->n = key.n;
        known->column = *out;
    }
    return err;
}

/* The member `at` of its line. */
static enum err take_member(struct ndjson *ndjson, struct json_in *in, size_t at,
                            struct str key)
{
    struct note note = {""};
    struct load_column column;
    struct json_val val;
    struct str text;
    if (!json_value(in, &val))
        return ERR_OK; /* told by json_in_end */
    enum err err = match(ndjson, at, key, &column, &note);
    if (err != ERR_OK) {
        load_bad(ndjson->load, 0, key, err, &note);
    } else if (scalar_text(&val, &text)) {
        return load_set(ndjson->load, &column, 0, key, text);
    } else if (column.what != LOAD_NOTHING) {
        note_write(&note,
                   N_("%.*s : une valeur simple est attendue, pas une liste ni un objet"),
                   (int)key.n, key.p);
        load_bad(ndjson->load, 0, key, ERR_INVALID, &note);
    }
    if ((val.kind == JSON_ARRAY || val.kind == JSON_OBJECT) && !json_leave(in))
        return ERR_OK;
    return ERR_OK;
}

static bool is_blank(struct str line)
{
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r')
            return false;
    }
    return true;
}

static enum err take_line(struct ndjson *ndjson, struct str line, struct note *why)
{
    static const char mark[] = "\xEF\xBB\xBF";
    ndjson->line++;
    if (ndjson->line == 1 && line.n >= 3 && memcmp(line.p, mark, 3) == 0)
        line = (struct str){line.p + 3, line.n - 3};
    if (is_blank(line))
        return ERR_OK;
    struct note note = {""};
    struct json_in in;
    struct json_val val;
    struct str key;
    json_in_init(&in, line, &ndjson->arena);
    enum err err = ERR_OK;
    if (json_value(&in, &val) && val.kind != JSON_OBJECT)
        (void)json_fail(&in, ERR_FORMAT, N_("chaque ligne est un objet JSON"));
    for (size_t at = 0; err == ERR_OK && in.err == ERR_OK && json_member(&in, &key); at++)
        err = take_member(ndjson, &in, at, key);
    if (err == ERR_OK) {
        enum err bad = json_in_end(&in, &note);
        if (bad == ERR_NOMEM)
            err = bad;
        else if (bad != ERR_OK)
            load_bad(ndjson->load, 0, STR(""), bad, &note);
    }
    if (err == ERR_OK)
        err = load_end(ndjson->load, ndjson->line, why);
    arena_done(&ndjson->arena);
    return err;
}

static enum err too_long(struct ndjson *ndjson, struct note *why)
{
    struct note note;
    note_write(&note, N_("ligne de plus de %d octets"), NDJSON_LINE_BYTES_MAX);
    ndjson->line++;
    buf_clear(&ndjson->rest);
    load_bad(ndjson->load, 0, STR(""), ERR_LIMIT, &note);
    return load_end(ndjson->load, ndjson->line, why);
}

/* Keep the beginning of a line whose end is not there yet. */
static enum err keep(struct ndjson *ndjson, struct str part, struct note *why)
{
    if (ndjson->skipping)
        return ERR_OK;
    if (ndjson->rest.n + part.n > NDJSON_LINE_BYTES_MAX) {
        ndjson->skipping = true;
        return too_long(ndjson, why);
    }
    buf_add(&ndjson->rest, part.p, part.n);
    return ndjson->rest.err;
}

static enum err end_line(struct ndjson *ndjson, struct str part, struct note *why)
{
    if (!ndjson->skipping && ndjson->rest.n == 0 && part.n <= NDJSON_LINE_BYTES_MAX)
        return take_line(ndjson, part, why);
    enum err err = keep(ndjson, part, why);
    if (err == ERR_OK && !ndjson->skipping)
        err = take_line(ndjson, buf_str(&ndjson->rest), why);
    buf_clear(&ndjson->rest);
    ndjson->skipping = false;
    return err;
}

enum err ndjson_feed(struct ndjson *ndjson, struct str chunk, bool last, struct note *why)
{
    enum err err = ERR_OK;
    while (chunk.n > 0 && err == ERR_OK) {
        const char *end = memchr(chunk.p, '\n', chunk.n);
        size_t n = end == NULL ? chunk.n : (size_t)(end - chunk.p);
        struct str part = {chunk.p, n};
        err = end == NULL ? keep(ndjson, part, why) : end_line(ndjson, part, why);
        n += end == NULL ? 0 : 1;
        chunk = (struct str){chunk.p + n, chunk.n - n};
    }
    if (err == ERR_OK && last && ndjson->rest.n > 0)
        err = end_line(ndjson, STR(""), why);
    return err;
}

struct export
{
    struct store *s;
    const struct table *table;
    struct buf bytes;
    uint64_t count;
    csvio_on_bytes *on_bytes;
    void *ctx;
};

static enum err hand_over(struct export *export)
{
    enum err err = export->bytes.err;
    if (err == ERR_OK)
        err = export->on_bytes(export->ctx, buf_str(&export->bytes));
    buf_clear(&export->bytes);
    return err;
}

static enum err on_row(void *ctx, const struct row *row)
{
    struct export *export = ctx;
    rows_json(store_schema(export->s), export->table, row, &export->bytes);
    buf_u8(&export->bytes, '\n');
    export->count++;
    return export->bytes.n >= CSVIO_CHUNK_BYTES ? hand_over(export) : ERR_OK;
}

enum err ndjson_export(struct store *s, const struct table *table, uint64_t *count,
                       csvio_on_bytes *on_bytes, void *ctx)
{
    struct export export = {.s = s, .table = table, .on_bytes = on_bytes, .ctx = ctx};
    enum err err = rows_list(s, table, NULL, 0, false, 0, on_row, &export);
    if (err == ERR_OK)
        err = hand_over(&export);
    buf_done(&export.bytes);
    if (err == ERR_OK)
        *count = export.count;
    return err;
}
