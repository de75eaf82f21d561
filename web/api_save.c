/* SPDX-License-Identifier: Apache-2.0 */
/* POST /api/save: make a row or change fields of one; POST /api/delete: delete or bring back.
 */
#include "io/json.h"
#include "store/rows_json.h"
#include "web/api.h"

enum { VERSION_BYTES = 40 };

/* What the page sends: one field, its new value, and the version of it the person saw. */
struct wish {
    const struct field *field;
    struct value value;
    struct str seen; /* empty: whatever it is */
};

struct saving {
    struct api *api;
    struct str table_name, id_text;
    const struct table *table;
    bool deleted; /* of delete */
    struct wish wishes[SCHEMA_FIELDS_MAX];
    size_t count;
    /* The members as they came, until the table is known: both JSON texts of the body. */
    struct str names[SCHEMA_FIELDS_MAX], texts[SCHEMA_FIELDS_MAX];
    size_t texts_n;
    struct str seen_names[SCHEMA_FIELDS_MAX], seen[SCHEMA_FIELDS_MAX];
    size_t seen_n;
    struct row row; /* as it is now */
};

/* ---- what came ---- */

static bool take_text(struct json_in *in, struct str *out)
{
    struct json_val val;
    if (!json_value(in, &val))
        return false;
    switch (val.kind) {
    case JSON_STRING:
    case JSON_NUMBER:
        *out = val.text;
        return true;
    case JSON_BOOL:
        *out = val.truth ? STR("true") : STR("false");
        return true;
    case JSON_NULL:
        *out = (struct str){"", 0};
        return true;
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return json_fail(in, ERR_FORMAT, N_("un texte, un nombre ou oui/non est attendu ici"));
}

/* {"name":text,…} */
static bool take_members(struct json_in *in, struct str *names, struct str *texts, size_t *n)
{
    struct json_val val;
    struct str key;
    if (!json_value(in, &val) || val.kind != JSON_OBJECT)
        return json_fail(in, ERR_FORMAT, N_("un objet est attendu ici"));
    while (json_member(in, &key)) {
        if (*n == SCHEMA_FIELDS_MAX)
            return json_fail(in, ERR_LIMIT, N_("trop de champs"));
        names[*n] = key;
        if (!take_text(in, &texts[*n]))
            return false;
        (*n)++;
    }
    return true;
}

static bool take_member(struct json_in *in, struct saving *s, struct str key)
{
    struct str word = {NULL, 0};
    if (str_eq(key, STR("values")))
        return take_members(in, s->names, s->texts, &s->texts_n);
    if (str_eq(key, STR("seen")))
        return take_members(in, s->seen_names, s->seen, &s->seen_n);
    if (str_eq(key, STR("table")))
        return take_text(in, &s->table_name);
    if (str_eq(key, STR("id")))
        return take_text(in, &s->id_text);
    if (!str_eq(key, STR("deleted")))
        return json_fail(in, ERR_FORMAT, N_("mot inconnu"));
    bool read = take_text(in, &word);
    s->deleted = str_eq(word, STR("true"));
    return read;
}

static enum err read_body(struct saving *s)
{
    struct json_in in;
    struct json_val val;
    struct str key;
    json_in_init(&in, s->api->body, &s->api->arena);
    if (json_value(&in, &val) && val.kind != JSON_OBJECT)
        (void)json_fail(&in, ERR_FORMAT, N_("un objet est attendu ici"));
    while (json_member(&in, &key) && take_member(&in, s, key))
        ;
    return json_in_end(&in, &s->api->why);
}

static struct str seen_of(const struct saving *s, const struct field *field)
{
    for (size_t i = 0; i < s->seen_n; i++)
        if (str_eq(s->seen_names[i], str_of(field->name)))
            return s->seen[i];
    return (struct str){NULL, 0};
}

static enum err read_wishes(struct saving *s)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < s->texts_n && err == ERR_OK; i++) {
        struct wish *wish = &s->wishes[s->count];
        wish->field = schema_field_named(s->table, s->names[i]);
        if (wish->field == NULL)
            return note_set(&s->api->why, ERR_INVALID, N_("champ inconnu"));
        for (size_t k = 0; k < s->count; k++)
            if (s->wishes[k].field == wish->field)
                return note_set(&s->api->why, ERR_INVALID, N_("%s : donné deux fois"),
                                wish->field->name);
        wish->seen = seen_of(s, wish->field);
        err = value_parse(wish->field, s->texts[i], &s->api->arena, &wish->value, &s->api->why);
        s->count++;
    }
    return err;
}

/* ---- what the person saw, and what is there ---- */

static size_t print_version(const struct row *row, const struct field *field,
                            char out[VERSION_BYTES])
{
    struct stamp stamp = row_stamp(row, field->id);
    struct buf text = {0};
    buf_printf(&text, "%llx-%x", (unsigned long long)stamp.hlc, (unsigned)stamp.origin);
    size_t n = text.n < VERSION_BYTES ? text.n : 0;
    if (n > 0)
        memcpy(out, text.p, n);
    buf_done(&text);
    return n;
}

/* Has somebody else's edit come in since, with another value than the one wished? */
static bool passed_over(const struct saving *s, const struct wish *wish)
{
    char version[VERSION_BYTES];
    size_t n = print_version(&s->row, wish->field, version);
    int at = schema_field_index(s->table, wish->field->id);
    return wish->seen.n > 0 && !str_eq(wish->seen, (struct str){version, n}) &&
           !value_eq(&s->row.values[at], &wish->value);
}

/* 409, with what is there now: the page shows both and the person decides. Nothing is saved. */
static bool tell_passed_over(struct saving *s)
{
    struct buf *out = &s->api->out;
    size_t told = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct wish *wish = &s->wishes[i];
        char version[VERSION_BYTES];
        if (!passed_over(s, wish))
            continue;
        size_t n = print_version(&s->row, wish->field, version);
        buf_text(out, told++ == 0 ? "{\"error\":\"CONFLICT\",\"fields\":{" : ",");
        rows_json_text(str_of(wish->field->name), out);
        buf_text(out, ":{\"value\":");
        rows_json_value(wish->field,
                        &s->row.values[schema_field_index(s->table, wish->field->id)], out);
        buf_text(out, ",\"version\":");
        rows_json_text((struct str){version, n}, out);
        buf_u8(out, '}');
    }
    if (told > 0) {
        buf_text(out, "}}\n");
        s->api->status = api_status(ERR_CONFLICT);
    }
    return told > 0;
}

/* ---- saving ---- */

static enum err insert(struct saving *s, struct id *id)
{
    struct edit_value values[SCHEMA_FIELDS_MAX];
    struct edit *edit = NULL;
    for (size_t i = 0; i < s->count; i++)
        values[i] = (struct edit_value){s->wishes[i].field, s->wishes[i].value};
    enum err err = edit_open(s->api->store, &edit, &s->api->why);
    if (err != ERR_OK)
        return err;
    err = edit_insert(edit, s->table, values, s->count, id, &s->api->why);
    if (err == ERR_OK)
        return edit_commit(edit, &s->api->why);
    edit_abort(edit);
    return err;
}

static enum err update(struct saving *s, const struct id *id)
{
    struct edit_value values[SCHEMA_FIELDS_MAX];
    struct edit *edit = NULL;
    for (size_t i = 0; i < s->count; i++)
        values[i] = (struct edit_value){s->wishes[i].field, s->wishes[i].value};
    enum err err = edit_open(s->api->store, &edit, &s->api->why);
    if (err != ERR_OK)
        return err;
    err = edit_update(edit, s->table, id, values, s->count, &s->api->why);
    if (err == ERR_OK)
        return edit_commit(edit, &s->api->why);
    edit_abort(edit);
    return err;
}

/* The row as it is after saving. */
static enum err print_saved(struct saving *s, const struct id *id)
{
    struct api_names *names = api_names_new(s->api);
    s->row = (struct row){.rid = 0};
    enum err err = names == NULL
                       ? ERR_NOMEM
                       : rows_find(s->api->store, s->table, id, &s->api->arena, &s->row);
    if (err != ERR_OK)
        return err;
    api_row(s->api, s->table, &s->row, true);
    s->api->out.n--; /* the closing brace: more follows */
    api_names_row(names, s->table, &s->row);
    api_names_print(names);
    buf_text(&s->api->out, "}\n");
    return ERR_OK;
}

static struct saving *begin(struct api *api, enum err *err)
{
    struct saving *s = arena_new(&api->arena, sizeof *s);
    *err = ERR_NOMEM;
    if (s == NULL)
        return NULL;
    s->api = api;
    *err = read_body(s);
    if (*err != ERR_OK)
        return s;
    s->table = schema_table_named(store_schema(api->store), s->table_name);
    if (s->table == NULL)
        *err = note_set(&api->why, ERR_NOTFOUND, N_("il n'y a pas de telle table"));
    return s;
}

void api_save(struct api *api)
{
    enum err err = ERR_OK;
    struct id id = {0};
    struct saving *s = begin(api, &err);
    if (err == ERR_OK)
        err = read_wishes(s);
    if (err == ERR_OK && s->id_text.n == 0) {
        err = insert(s, &id);
    } else if (err == ERR_OK) {
        if (!api_id(api, s->id_text, &id))
            return;
        err = rows_find(api->store, s->table, &id, &api->arena, &s->row);
        if (err == ERR_OK && tell_passed_over(s))
            return;
        if (err == ERR_OK)
            err = update(s, &id);
    }
    if (err == ERR_OK)
        err = print_saved(s, &id);
    if (err != ERR_OK)
        api_fail(api, err);
}

void api_remove(struct api *api)
{
    enum err err = ERR_OK;
    struct id id = {0};
    struct edit *edit = NULL;
    struct saving *s = begin(api, &err);
    if (err == ERR_OK && !api_id(api, s->id_text, &id))
        return;
    if (err == ERR_OK)
        err = edit_open(api->store, &edit, &api->why);
    if (err == ERR_OK)
        err = edit_delete(edit, s->table, &id, s->deleted, &api->why);
    if (err == ERR_OK)
        err = edit_commit(edit, &api->why);
    else
        edit_abort(edit);
    if (err == ERR_OK)
        buf_printf(&api->out, "{\"deleted\":%s}\n", s->deleted ? "true" : "false");
    else
        api_fail(api, err);
}
