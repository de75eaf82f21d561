/* SPDX-License-Identifier: Apache-2.0 */
#include "store/founding.h"

#include "proto/codes.h"
#include "store/edit.h"
#include "store/inside.h"
#include "store/parameter.h"

static enum err put(const struct table *table, const char *name, const char *text,
                    struct edit_value *values, size_t *n)
{
    if (text == NULL)
        return ERR_OK;
    const struct field *field = schema_field_named(table, str_of(name));
    must(field != NULL);
    values[*n].field = field;
    values[*n].value = value_text(str_of(text));
    if (field->kind == KIND_DATE) {
        struct arena none = {0};
        enum err err = value_parse(field, str_of(text), &none, &values[*n].value, NULL);
        arena_done(&none);
        if (err != ERR_OK)
            return err;
    }
    (*n)++;
    return ERR_OK;
}

static enum err add(struct edit *edit, const struct table *table, const struct code_list *list,
                    const struct code_words *words, struct note *why)
{
    const struct {
        const char *name, *text;
    } all[] = {{"list", list->name},
               {"code", words->code},
               {"label_fr", words->label[CODES_FR]},
               {"label_nl", words->label[CODES_NL]},
               {"label_de", words->label[CODES_DE]},
               {"label_en", words->label[CODES_EN]},
               {"network_code", words->network_code},
               {"valid_to", words->valid_to}};
    struct edit_value values[sizeof all / sizeof *all];
    struct id id;
    size_t n = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        enum err err = put(table, all[i].name, all[i].text, values, &n);
        if (err != ERR_OK)
            return err;
    }
    return edit_insert(edit, table, values, n, &id, why);
}

static enum err is_there(struct store *s, const struct table *table,
                         const struct code_list *list, const struct code_words *words,
                         bool *there)
{
    struct str parts[] = {str_of(list->name), str_of(words->code)};
    struct id id = id_derive(TABLE_CODE, parts, 2);
    struct scope scope;
    enum err err = rows_locate(s, table, &id, &scope);
    *there = err == ERR_OK;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err founding_codes(struct store *s, uint64_t *made, struct note *why)
{
    const struct table *table = schema_table(s->env.schema, TABLE_CODE);
    struct edit *edit = NULL;
    uint64_t count = 0;
    enum err err = ERR_OK;
    for (size_t i = 0; i < codes_list_count; i++) {
        const struct code_list *list = &codes_lists[i];
        for (size_t c = 0; list->open && c < list->count && err == ERR_OK; c++) {
            bool there = false;
            err = is_there(s, table, list, &list->codes[c], &there);
            if (err != ERR_OK || there)
                continue;
            if (edit == NULL)
                err = edit_open(s, &edit, why);
            if (err == ERR_OK)
                err = add(edit, table, list, &list->codes[c], why);
            count++;
        }
    }
    if (edit != NULL && err == ERR_OK)
        err = edit_commit(edit, why);
    else
        edit_abort(edit);
    if (err == ERR_OK && made != NULL)
        *made = count;
    return err;
}

static struct id id_of(const struct parameter *parameter)
{
    struct str parts[] = {STR("founding"), str_of(parameter->key)};
    return id_derive(TABLE_PARAMETER, parts, 2);
}

static enum err add_parameter(struct edit *edit, const struct table *table,
                              const struct parameter *parameter, struct note *why)
{
    struct edit_value values[4];
    size_t n = 0;
    struct id id = id_of(parameter);
    enum err err = put(table, "key", parameter->key, values, &n);
    if (err == ERR_OK)
        err = put(table, "value", parameter->fallback, values, &n);
    if (err == ERR_OK)
        err = put(table, "valid_from", "1970-01-01", values, &n);
    if (err == ERR_OK)
        err = put(table, "source", parameter->basis, values, &n);
    return err == ERR_OK ? edit_insert_as(edit, table, &id, values, n, why) : err;
}

enum err founding_parameters(struct store *s, uint64_t *made, struct note *why)
{
    const struct table *table = schema_table(s->env.schema, TABLE_PARAMETER);
    struct edit *edit = NULL;
    uint64_t count = 0;
    enum err err = ERR_OK;
    for (unsigned i = 0; i < PARAMETER_COUNT && err == ERR_OK; i++) {
        const struct parameter *parameter = parameter_of((enum parameter_key)i);
        struct id id = id_of(parameter);
        struct scope scope;
        err = rows_locate(s, table, &id, &scope);
        if (err != ERR_NOTFOUND)
            continue;
        err = edit == NULL ? edit_open(s, &edit, why) : ERR_OK;
        if (err == ERR_OK)
            err = add_parameter(edit, table, parameter, why);
        count++;
    }
    if (edit != NULL && err == ERR_OK)
        err = edit_commit(edit, why);
    else
        edit_abort(edit);
    if (err == ERR_OK && made != NULL)
        *made = count;
    return err;
}
