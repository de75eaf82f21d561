/* SPDX-License-Identifier: Apache-2.0 */
/* POST /api/sign: a signature under an agreement. With the first one its content freezes. */
#include "io/json.h"
#include "store/document.h"
#include "store/rows_json.h"
#include "web/api.h"

struct signing {
    struct api *api;
    const struct table *agreement, *signature;
    struct id id; /* of the agreement */
    struct row row;
    struct str names[SCHEMA_FIELDS_MAX], texts[SCHEMA_FIELDS_MAX];
    size_t n;
};

static enum err read_body(struct signing *s)
{
    struct json_in in;
    struct json_val val;
    struct str key;
    json_in_init(&in, s->api->body, &s->api->arena);
    if (json_value(&in, &val) && val.kind != JSON_OBJECT)
        (void)json_fail(&in, ERR_FORMAT, N_("un objet est attendu ici"));
    while (json_member(&in, &key)) {
        if (s->n == SCHEMA_FIELDS_MAX || !json_value(&in, &val) || val.kind != JSON_STRING) {
            (void)json_fail(&in, ERR_FORMAT, N_("un texte est attendu ici"));
            break;
        }
        s->names[s->n] = key;
        s->texts[s->n++] = val.text;
    }
    return json_in_end(&in, &s->api->why);
}

static enum err read_values(struct signing *s, struct edit_value *values)
{
    enum err err = ERR_OK;
    bool named = false;
    for (size_t i = 0; i < s->n && err == ERR_OK; i++) {
        values[i].field = schema_field_named(s->signature, s->names[i]);
        if (values[i].field == NULL)
            return note_set(&s->api->why, ERR_INVALID, N_("champ inconnu"));
        err = value_parse(values[i].field, s->texts[i], &s->api->arena, &values[i].value,
                          &s->api->why);
        if (err == ERR_OK && values[i].field->kind == KIND_REF &&
            values[i].field->ref == TABLE_AGREEMENT && values[i].value.type == VALUE_BYTES) {
            memcpy(s->id.b, values[i].value.s.p, ID_BYTES);
            named = true;
        }
    }
    if (err == ERR_OK && !named)
        err = note_set(&s->api->why, ERR_INVALID, N_("il faut la convention"));
    return err;
}

/* SHA-256 over what is signed: each field but the digest, as {"NAME":VALUE} lines. */
static void digest_of(const struct signing *s, char hex[2 * SHA256_BYTES + 1])
{
    struct sha256 sha;
    struct buf line = {0};
    uint8_t out[SHA256_BYTES];
    sha256_init(&sha);
    for (uint16_t i = 0; i < s->agreement->field_count; i++) {
        const struct field *field = &s->agreement->fields[i];
        if (field->id == FIELD_AGREEMENT_DIGEST)
            continue;
        buf_clear(&line);
        buf_printf(&line, "{\"%s\":", field->name);
        rows_json_value(field, &s->row.values[i], &line);
        buf_text(&line, "}\n");
        sha256_add(&sha, line.p, line.n);
    }
    sha256_end(&sha, out);
    document_hex(out, hex);
    if (line.err != ERR_OK)
        s->api->out.err = line.err;
    buf_done(&line);
}

/* Both or neither: a signature under what could still change is worth nothing. */
static enum err save(struct signing *s, const struct edit_value *values)
{
    struct api *api = s->api;
    struct edit *edit = NULL;
    char hex[2 * SHA256_BYTES + 1];
    struct id id;
    digest_of(s, hex);
    struct edit_value digest = {schema_field(s->agreement, FIELD_AGREEMENT_DIGEST),
                                value_text(str_of(hex))};
    const struct value *there =
        &s->row.values[schema_field_index(s->agreement, FIELD_AGREEMENT_DIGEST)];
    if (api->out.err != ERR_OK)
        return api->out.err;
    enum err err = edit_open(api->store, &edit, &api->why);
    if (err != ERR_OK)
        return err;
    edit_whole(edit);
    if (there->type == VALUE_NULL)
        err = edit_update(edit, s->agreement, &s->id, &digest, 1, &api->why);
    if (err == ERR_OK)
        err = edit_insert(edit, s->signature, values, s->n, &id, &api->why);
    if (err == ERR_OK)
        return edit_commit(edit, &api->why);
    edit_abort(edit);
    return err;
}

void api_sign(struct api *api)
{
    struct signing *s = arena_new(&api->arena, sizeof *s);
    struct edit_value values[SCHEMA_FIELDS_MAX];
    enum err err = s == NULL ? ERR_NOMEM : ERR_OK;
    if (err == ERR_OK) {
        s->api = api;
        s->agreement = schema_table(store_schema(api->store), TABLE_AGREEMENT);
        s->signature = schema_table(store_schema(api->store), TABLE_AGREEMENT_SIGNATURE);
        err = read_body(s);
    }
    if (err == ERR_OK)
        err = read_values(s, values);
    if (err == ERR_OK)
        err = rows_find(api->store, s->agreement, &s->id, &api->arena, &s->row);
    if (err == ERR_OK)
        err = save(s, values);
    if (err != ERR_OK)
        api_fail(api, err);
    else
        buf_text(&api->out, "{}\n");
}
