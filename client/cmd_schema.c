/* SPDX-License-Identifier: Apache-2.0 */
/* jalon schema: the tables and fields, from the declaration; the keys of parameters. */
#include "client/cmd.h"
#include "io/grid.h"
#include "io/json.h"
#include "store/parameter.h"

#include <stdio.h>

static const char *kind_word(enum kind kind)
{
    switch (kind) {
    case KIND_TEXT:
        return "text";
    case KIND_INT:
        return "int";
    case KIND_REAL:
        return "real";
    case KIND_BOOL:
        return "bool";
    case KIND_DATE:
        return "date";
    case KIND_TIME:
        return "time";
    case KIND_INSTANT:
        return "instant";
    case KIND_ENUM:
        return "enum";
    case KIND_REF:
        return "ref";
    case KIND_ID:
        return "id";
    case KIND_RAW:
        return "raw";
    }
    return "";
}

static const char *merge_word(enum merge_rule rule)
{
    switch (rule) {
    case MERGE_LATEST:
        return "latest";
    case MERGE_LATTICE:
        return "lattice";
    case MERGE_TEXT:
        return "text";
    case MERGE_REVIEW:
        return "review";
    case MERGE_FROZEN:
        return "frozen";
    case MERGE_ONCE:
        return "once";
    }
    return "";
}

static void codes_json(struct json_out *json, const struct field *field)
{
    json_key(json, "codes");
    json_array(json);
    for (const char *const *code = field->codes; code != NULL && *code != NULL; code++)
        json_text(json, *code);
    json_array_end(json);
    json_key(json, "open");
    json_bool(json, field->open);
}

static void limit_json(struct json_out *json, const char *key, const struct field *field,
                       int64_t v)
{
    json_key(json, key);
    if (field->kind == KIND_REAL)
        json_real(json, (double)v / 100);
    else
        json_int(json, v);
}

static void field_json(struct json_out *json, const struct schema *schema,
                       const struct table *table, const struct field *field)
{
    json_object(json);
    json_key(json, "id");
    json_uint(json, field->id);
    json_key(json, "name");
    json_text(json, field->name);
    json_key(json, "kind");
    json_text(json, kind_word(field->kind));
    json_key(json, "required");
    json_bool(json, field->required);
    json_key(json, "frozen");
    json_bool(json, schema_field_frozen(table, field));
    json_key(json, "merge");
    json_text(json, merge_word(field->merge));
    if (field->group != 0) {
        json_key(json, "group");
        json_uint(json, field->group);
    }
    if (field->kind == KIND_REF) {
        json_key(json, "ref");
        json_text(json, schema_table(schema, field->ref)->name);
    }
    if (field->min != 0 || field->max != 0) {
        limit_json(json, "min", field, field->min);
        limit_json(json, "max", field, field->max);
    }
    if (field->kind == KIND_ENUM)
        codes_json(json, field);
    json_key(json, "label");
    json_text(json, field->label);
    json_object_end(json);
}

static void table_json(struct json_out *json, const struct schema *schema,
                       const struct table *table)
{
    json_object(json);
    json_key(json, "id");
    json_uint(json, table->id);
    json_key(json, "name");
    json_text(json, table->name);
    json_key(json, "label");
    json_text(json, table->label);
    json_key(json, "fields");
    json_array(json);
    for (uint16_t i = 0; i < table->field_count; i++)
        field_json(json, schema, table, &table->fields[i]);
    json_array_end(json);
    json_object_end(json);
}

/* What may be written there. */
static void describe(const struct schema *schema, const struct field *field, struct buf *out)
{
    if (field->kind == KIND_REF) {
        buf_printf(out, T("fiche de %s"), schema_table(schema, field->ref)->name);
        return;
    }
    if (field->kind == KIND_ENUM) {
        for (size_t i = 0; field->codes != NULL && field->codes[i] != NULL; i++)
            buf_printf(out, "%s%s", i == 0 ? "" : " ", field->codes[i]);
        if (field->open)
            buf_printf(out, T("%s… (liste %s de la table code)"), out->n > 0 ? " " : "",
                       field->list);
        return;
    }
    if (field->kind == KIND_TEXT && field->max != 0)
        buf_printf(out,
                   field->min == field->max ? T("%lld caractères exactement")
                                            : T("%lld caractères au plus"),
                   (long long)field->max);
    else if (field->kind == KIND_INT && field->max != 0)
        buf_printf(out, T("de %lld à %lld"), (long long)field->min, (long long)field->max);
    else if (field->kind == KIND_REAL && field->max != 0)
        buf_printf(out, T("de %g à %g"), (double)field->min / 100, (double)field->max / 100);
}

static enum err print_table(struct cmd *c, const struct schema *schema,
                            const struct table *table)
{
    const struct grid_column columns[] = {{T("champ"), false, 0},
                                          {T("libellé"), false, 0},
                                          {T("genre"), false, 0},
                                          {T("valeurs"), false, 0}};
    struct grid grid;
    struct buf text = {0};
    grid_init(&grid, columns, 4);
    for (uint16_t i = 0; i < table->field_count; i++) {
        const struct field *field = &table->fields[i];
        buf_clear(&text);
        buf_printf(&text, "%s%s", field->name, field->required ? "*" : "");
        grid_cell(&grid, buf_str(&text), GRID_PLAIN);
        grid_cell(&grid, str_of(say_text(field->label)), GRID_PLAIN);
        grid_cell(&grid, str_of(kind_word(field->kind)), GRID_PLAIN);
        buf_clear(&text);
        describe(schema, field, &text);
        if (schema_field_frozen(table, field))
            buf_printf(&text, "%s%s", text.n > 0 ? ", " : "",
                       T("fixé au premier enregistrement"));
        grid_cell(&grid, buf_str(&text), GRID_PLAIN);
    }
    buf_printf(&c->out, "%s : %s\n", table->name, say_text(table->label));
    enum err err = text.err == ERR_OK ? grid_print(&grid, c->color, &c->out) : text.err;
    buf_printf(&c->out, "%s\n", T("* = à remplir"));
    grid_done(&grid);
    buf_done(&text);
    return err;
}

static enum err print_all(struct cmd *c, const struct schema *schema)
{
    const struct grid_column columns[] = {
        {T("table"), false, 0}, {T("libellé"), false, 0}, {T("champs"), true, 0}};
    struct grid grid;
    grid_init(&grid, columns, 3);
    for (uint16_t i = 0; i < schema->table_count; i++) {
        const struct table *table = &schema->tables[i];
        char count[16];
        (void)snprintf(count, sizeof count, "%u", (unsigned)table->field_count);
        grid_cell(&grid, str_of(table->name), GRID_PLAIN);
        grid_cell(&grid, str_of(say_text(table->label)), GRID_PLAIN);
        grid_cell(&grid, str_of(count), GRID_PLAIN);
    }
    enum err err = grid_print(&grid, c->color, &c->out);
    grid_done(&grid);
    cmd_say(c, T("les champs d'une table : jalon schema TABLE"));
    return err;
}

/* ---- parameters ---- */

/* What counts today in one's own structure. */
static enum err in_force(struct cmd *c, enum parameter_key key, struct buf *out)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    struct store_status status = {.enrolled = false};
    if (c->store == NULL) {
        buf_text(out, parameter_of(key)->fallback);
        return out->err;
    }
    enum err err = store_status(c->store, &status);
    if (err != ERR_OK)
        return err;
    return parameter_words(c->store, key, &status.structure, store_now(c->store) / day_ms, out);
}

static void parameter_json(struct json_out *json, const struct parameter *p, struct str value)
{
    const struct {
        const char *key, *text;
    } all[] = {{"key", p->key},
               {"label", p->label},
               {"kind", p->kind == PARAMETER_NUMBER ? "number" : "words"},
               {"default", p->fallback},
               {"unit", p->unit},
               {"basis", p->basis}};
    json_object(json);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        json_key(json, all[i].key);
        json_text(json, all[i].text);
    }
    json_key(json, "legal");
    json_bool(json, p->legal);
    json_key(json, "max");
    json_int(json, p->max);
    json_key(json, "value");
    json_str(json, value);
    json_object_end(json);
}

static void parameter_cells(struct grid *grid, const struct parameter *p, struct str value)
{
    struct buf basis = {0};
    buf_printf(&basis, "%s%s", say_text(p->basis), p->legal ? T(" (à confirmer)") : "");
    grid_cell(grid, str_of(p->key), GRID_PLAIN);
    grid_cell(grid, str_of(say_text(p->label)), GRID_PLAIN);
    grid_cell(grid, value, GRID_PLAIN);
    grid_cell(grid, str_of(p->unit[0] == '\0' ? "" : say_text(p->unit)), GRID_PLAIN);
    grid_cell(grid, str_of(p->fallback), GRID_DIM);
    grid_cell(grid, buf_str(&basis), GRID_PLAIN);
    buf_done(&basis);
}

static int parameters(struct cmd *c)
{
    const struct grid_column columns[] = {{T("clé"), false, 0},        {T("libellé"), false, 0},
                                          {T("valeur"), false, 0},     {T("unité"), false, 0},
                                          {T("par défaut"), false, 0}, {T("base"), false, 0}};
    struct json_out json;
    struct grid grid;
    struct buf value = {0};
    enum err err = ERR_OK;
    grid_init(&grid, columns, sizeof columns / sizeof *columns);
    json_out_init(&json, &c->out);
    if (c->json)
        json_array(&json);
    for (unsigned i = 0; i < PARAMETER_COUNT && err == ERR_OK; i++) {
        const struct parameter *p = parameter_of((enum parameter_key)i);
        buf_clear(&value);
        err = in_force(c, (enum parameter_key)i, &value);
        if (c->json)
            parameter_json(&json, p, buf_str(&value));
        else
            parameter_cells(&grid, p, buf_str(&value));
    }
    if (c->json) {
        json_array_end(&json);
        json_line(&json);
    } else if (err == ERR_OK) {
        err = grid_print(&grid, c->color, &c->out);
    }
    grid_done(&grid);
    buf_done(&value);
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, NULL);
}

int cmd_schema(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    const struct schema *schema = c->store == NULL ? &schema_jalon : store_schema(c->store);
    const struct table *table = NULL;
    enum err err = ERR_OK;
    if (args_flag(args, "parameters"))
        return parameters(c);
    if (args->n > 0)
        err = cmd_table(c, args->word[0], &table, &why);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    if (c->json) {
        struct json_out json;
        json_out_init(&json, &c->out);
        if (table != NULL)
            table_json(&json, schema, table);
        else
            json_array(&json);
        for (uint16_t i = 0; table == NULL && i < schema->table_count; i++)
            table_json(&json, schema, &schema->tables[i]);
        if (table == NULL)
            json_array_end(&json);
        json_line(&json);
    } else if (table != NULL) {
        err = print_table(c, schema, table);
    } else {
        err = print_all(c, schema);
    }
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, NULL);
}
