/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/schema: what forms and lists are made of: tables, fields, labels, codes. */
#include "io/json.h"
#include "io/say.h"
#include "web/api.h"
#include "web/words.h"

static const char *kind_word(enum kind kind)
{
    static const char *const words[] = {
        [KIND_TEXT] = "text",       [KIND_INT] = "int",   [KIND_REAL] = "real",
        [KIND_BOOL] = "bool",       [KIND_DATE] = "date", [KIND_TIME] = "time",
        [KIND_INSTANT] = "instant", [KIND_ENUM] = "enum", [KIND_REF] = "ref",
        [KIND_ID] = "id",           [KIND_RAW] = "raw",
    };
    return words[kind];
}

static void flag(struct json_out *json, const char *key, bool set)
{
    if (!set)
        return;
    json_key(json, key);
    json_bool(json, true);
}

static void text(struct json_out *json, const char *key, const char *value)
{
    if (value == NULL)
        return;
    json_key(json, key);
    json_text(json, value);
}

static void limit(struct json_out *json, const char *key, const struct field *field, int64_t v)
{
    json_key(json, key);
    if (field->kind == KIND_REAL)
        json_real(json, (double)v / 100);
    else
        json_int(json, v);
}

static void print_codes(struct json_out *json, const struct field *field)
{
    json_key(json, "codes");
    json_array(json);
    for (const char *const *code = field->codes; code != NULL && *code != NULL; code++)
        json_text(json, *code);
    json_array_end(json);
}

static void print_field(struct json_out *json, const struct schema *schema,
                        const struct table *table, const struct field *field)
{
    json_object(json);
    text(json, "name", field->name);
    text(json, "label", say_text(field->label));
    text(json, "kind", kind_word(field->kind));
    flag(json, "required", field->required);
    flag(json, "frozen", schema_field_frozen(table, field));
    flag(json, "once", field->merge == MERGE_ONCE);
    flag(json, "prose",
         field->merge == MERGE_TEXT || (field->kind == KIND_TEXT && field->max > 400));
    flag(json, "title", field->once_per_row);
    flag(json, "open", field->open);
    flag(json, "author", field->author_structure);
    flag(json, "tie", field->tie != TIE_NONE);
    text(json, "list", field->list != NULL ? field->list : field->words);
    if (field->kind == KIND_REF)
        text(json, "ref", schema_table(schema, field->ref)->name);
    if (field->min != 0 || field->max != 0) {
        limit(json, "min", field, field->min);
        limit(json, "max", field, field->max);
    }
    if (field->kind == KIND_ENUM)
        print_codes(json, field);
    json_object_end(json);
}

static void print_table(struct json_out *json, const struct schema *schema,
                        const struct table *table)
{
    const struct field *locks = schema_field(table, table->freeze_field);
    json_object(json);
    text(json, "name", table->name);
    text(json, "label", say_text(table->label));
    json_key(json, "writers");
    json_uint(json, table->writers);
    flag(json, "append_only", table->append_only);
    flag(json, "program_only", table->program_only);
    if (table->freeze_via == 0 && locks != NULL) {
        text(json, "lock_field", locks->name);
        text(json, "lock_code", table->freeze_code);
    }
    json_key(json, "fields");
    json_array(json);
    for (uint16_t i = 0; i < table->field_count; i++)
        print_field(json, schema, table, &table->fields[i]);
    json_array_end(json);
    json_object_end(json);
}

/* ---- what people call the codes ---- */

struct codes {
    struct json_out *json;
    const struct table *table;
    int list, code, label, fallback; /* positions of the fields */
};

static enum err on_code(void *ctx, const struct row *row)
{
    const struct codes *c = ctx;
    const struct value *label = &row->values[c->label];
    if (label->type != VALUE_TEXT)
        label = &row->values[c->fallback];
    if (row->values[c->list].type != VALUE_TEXT || row->values[c->code].type != VALUE_TEXT ||
        label->type != VALUE_TEXT)
        return ERR_OK;
    json_array(c->json);
    json_str(c->json, row->values[c->list].s);
    json_str(c->json, row->values[c->code].s);
    json_str(c->json, label->s);
    json_array_end(c->json);
    return ERR_OK;
}

static int position(const struct table *table, const char *name)
{
    const struct field *field = schema_field_named(table, str_of(name));
    return field == NULL ? -1 : schema_field_index(table, field->id);
}

static void print_brought_along(struct json_out *json)
{
    enum codes_language language = words_language();
    for (size_t i = 0; i < codes_list_count; i++)
        for (size_t k = 0; k < codes_lists[i].count; k++) {
            json_array(json);
            json_text(json, codes_lists[i].name);
            json_text(json, codes_lists[i].codes[k].code);
            json_text(json, codes_lists[i].codes[k].label[language]);
            json_array_end(json);
        }
}

/* [list, code, label], first of the codes Jalon brings along, then of each row of `code`, which
 * may say it otherwise; in the language of the program. */
static enum err print_labels(struct api *api, struct json_out *json)
{
    const struct table *table = schema_table(store_schema(api->store), TABLE_CODE);
    struct buf name = {0};
    enum err err = ERR_OK;
    json_key(json, "labels");
    json_array(json);
    print_brought_along(json);
    if (table != NULL) {
        buf_printf(&name, "label_%s", say_code());
        buf_u8(&name, 0);
        struct codes c = {.json = json,
                          .table = table,
                          .list = position(table, "list"),
                          .code = position(table, "code"),
                          .fallback = position(table, "label_fr")};
        c.label = name.err == ERR_OK ? position(table, (const char *)name.p) : -1;
        c.label = c.label < 0 ? c.fallback : c.label;
        if (c.list >= 0 && c.code >= 0 && c.fallback >= 0)
            err = rows_list(api->store, table, NULL, 0, false, 0, on_code, &c);
        buf_done(&name);
    }
    json_array_end(json);
    return err;
}

void api_schema(struct api *api)
{
    const struct schema *schema = store_schema(api->store);
    struct json_out json;
    json_out_init(&json, &api->out);
    json_object(&json);
    text(&json, "language", say_code());
    json_key(&json, "version");
    json_uint(&json, schema->version);
    json_key(&json, "tables");
    json_array(&json);
    for (uint16_t i = 0; i < schema->table_count; i++)
        print_table(&json, schema, &schema->tables[i]);
    json_array_end(&json);
    enum err err = print_labels(api, &json);
    if (err != ERR_OK) {
        api_fail(api, err);
        return;
    }
    json_object_end(&json);
}
