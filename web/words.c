/* SPDX-License-Identifier: Apache-2.0 */
#include "web/words.h"

#include "io/say.h"
#include "proto/value.h"
#include "store/names.h"
#include "store/ties.h"

#include <stdio.h>

enum codes_language words_language(void)
{
    static const char *const codes[CODES_LANGUAGES] = {
        [CODES_FR] = "fr", [CODES_NL] = "nl", [CODES_DE] = "de", [CODES_EN] = "en"};
    for (int i = 0; i < CODES_LANGUAGES; i++)
        if (strcmp(say_code(), codes[i]) == 0)
            return (enum codes_language)i;
    return CODES_FR;
}

/* The text field of that name; empty when there is none. */
static struct str text_named(const struct table *table, const struct row *row, const char *name)
{
    const struct field *field = schema_field_named(table, str_of(name));
    const struct value *v =
        field == NULL ? NULL : &row->values[schema_field_index(table, field->id)];
    return v == NULL || v->type != VALUE_TEXT ? (struct str){NULL, 0} : v->s;
}

/* The row of `code` for a code of an open list, whose id is made of both. */
static enum err network_words(struct store *s, struct str list, struct str code,
                              struct arena *arena, struct str *out)
{
    const struct table *table = schema_table(store_schema(s), TABLE_CODE);
    const struct str parts[] = {list, code};
    char name[sizeof "label_" + 2];
    if (table == NULL)
        return ERR_OK;
    struct row *row = arena_new(arena, sizeof *row);
    if (row == NULL)
        return ERR_NOMEM;
    struct id id = id_derive(TABLE_CODE, parts, 2);
    enum err err = rows_find(s, table, &id, arena, row);
    if (err != ERR_OK)
        return err == ERR_NOTFOUND ? ERR_OK : err;
    (void)snprintf(name, sizeof name, "label_%.2s", say_code());
    *out = text_named(table, row, name);
    if (out->n == 0)
        *out = text_named(table, row, "label_fr");
    return ERR_OK;
}

enum err words_code(struct store *s, const struct field *field, struct str code,
                    struct arena *arena, struct buf *out)
{
    const char *list = field->words != NULL ? field->words : field->list;
    struct str words = {NULL, 0};
    if (field->open && field->list != NULL) {
        enum err err = network_words(s, str_of(field->list), code, arena, &words);
        if (err != ERR_OK)
            return err;
    }
    const struct code_words *known =
        list == NULL || words.n > 0 ? NULL : codes_find(str_of(list), code);
    if (known != NULL)
        words = str_of(known->label[words_language()]);
    if (words.n == 0)
        words = code;
    buf_add(out, words.p, words.n);
    return out->err;
}

static void put_title_part(struct store *s, const struct field *field, const struct value *v,
                           struct arena *arena, struct buf *out)
{
    int y = 0;
    int m = 0;
    int d = 0;
    enum err err = ERR_OK;
    if (field->kind == KIND_ENUM && v->type == VALUE_TEXT) {
        err = words_code(s, field, v->s, arena, out);
    } else if (field->kind == KIND_DATE && v->type == VALUE_INT) {
        date_split((int32_t)v->i, &y, &m, &d);
        buf_printf(out, "%02d/%02d/%04d", d, m, y);
    } else {
        value_print(field->kind, v, out);
    }
    if (err != ERR_OK)
        out->err = err;
}

void words_title(struct store *s, const struct table *table, const struct row *row,
                 struct arena *arena, struct buf *out)
{
    size_t start = out->n;
    bool spoken = false; /* more than names one after the other */
    for (uint16_t i = 0; i < table->field_count; i++)
        spoken =
            spoken || (table->fields[i].once_per_row && table->fields[i].kind != KIND_TEXT);
    if (!spoken) {
        names_title(table, row, out);
        return;
    }
    for (uint16_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        if (!field->once_per_row || row->values[i].type == VALUE_NULL)
            continue;
        if (out->n > start)
            buf_text(out, " · ");
        put_title_part(s, field, &row->values[i], arena, out);
    }
}

void words_titled(struct store *s, const struct table *table, const struct id *id,
                  struct buf *out)
{
    struct arena arena = {0};
    struct row *row = arena_new(&arena, sizeof *row);
    size_t before = out->n;
    struct id shown = *id;
    bool found = row != NULL && ties_shown(s, table, id, &shown) == ERR_OK;
    if (found && rows_find(s, table, &shown, &arena, row) == ERR_OK)
        words_title(s, table, row, &arena, out);
    if (out->n == before) {
        char text[ID_TEXT_BYTES];
        id_print(id, text);
        buf_text(out, text);
    }
    arena_done(&arena);
}
