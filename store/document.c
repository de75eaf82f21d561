/* SPDX-License-Identifier: Apache-2.0 */
#include "store/document.h"

#include "store/inside.h"
#include "store/scopes.h"

static int nibble(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool from_hex(struct str text, uint8_t out[SHA256_BYTES])
{
    if (text.n != (size_t)2 * SHA256_BYTES)
        return false;
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        int high = nibble(text.p[2 * i]);
        int low = nibble(text.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

void document_hex(const uint8_t sha256[SHA256_BYTES], char out[2 * SHA256_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_BYTES; i++) {
        out[2 * i] = digits[sha256[i] >> 4];
        out[2 * i + 1] = digits[sha256[i] & 15];
    }
    out[2 * SHA256_BYTES] = '\0';
}

static const struct value *value_named(const struct table *table, const struct row *row,
                                       const char *name)
{
    const struct field *field = schema_field_named(table, str_of(name));
    must(field != NULL);
    return &row->values[field - table->fields];
}

enum err document_of(const struct table *table, const struct row *row, struct document *out)
{
    const struct value *sha = value_named(table, row, "sha256");
    const struct value *size = value_named(table, row, "size");
    struct document doc = {
        .id = row->id, .by = row->by, .deleted = row->deleted, .scope = row->scope};
    if (sha->type != VALUE_TEXT || size->type != VALUE_INT || size->i <= 0 ||
        !from_hex(sha->s, doc.sha256))
        return ERR_INVALID;
    doc.size = (uint64_t)size->i;
    *out = doc;
    return ERR_OK;
}

enum err document_find(struct store *s, const struct id *id, struct document *out)
{
    const struct table *table = schema_table(s->env.schema, TABLE_DOCUMENT);
    struct arena arena = {0};
    struct document doc;
    if (table == NULL)
        return ERR_NOTFOUND;
    struct row *row = rows_fresh(s, table);
    enum err err = rows_find(s, table, id, &arena, row);
    if (err == ERR_OK)
        err = document_of(table, row, &doc);
    if (err == ERR_OK && s->env.side == STORE_SERVER) {
        struct scope scope;
        err = scopes_of(s, table, id, row->values, &scope, &doc.facet);
        if (err == ERR_NOTFOUND) /* what it hangs on is gone: nobody's */
            doc.facet = 0;
        err = err == ERR_NOTFOUND ? ERR_OK : err;
    }
    arena_done(&arena);
    if (err == ERR_OK)
        *out = doc;
    return err;
}
