/* SPDX-License-Identifier: Apache-2.0 */
#include "client/cmd.h"

#include "client/advice.h"
#include "client/presence.h"
#include "io/grid.h"
#include "io/json.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_BYTES_MAX = 4096, NAMES_MAX = 1024 };

void cmd_done(struct cmd *c)
{
    buf_done(&c->out);
    buf_done(&c->talk);
    access_done(&c->access);
    names_close(c->names);
    c->names = NULL;
    arena_done(&c->arena);
}

void cmd_say(struct cmd *c, const char *fmt, ...)
{
    char line[LINE_BYTES_MAX];
    va_list list;
    va_start(list, fmt);
    int n = vsnprintf(line, sizeof line, fmt, list);
    va_end(list);
    if (n < 0)
        return;
    grid_clean(&c->talk, str_of(line));
    buf_u8(&c->talk, '\n');
}

void cmd_print_id(struct cmd *c, const struct id *id, const char *key, bool value)
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    if (!c->json) {
        buf_printf(&c->out, "%s\n", text);
        return;
    }
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "id");
    json_text(&json, text);
    json_key(&json, key);
    json_bool(&json, value);
    json_object_end(&json);
    json_line(&json);
}

void cmd_say_saved(struct cmd *c)
{
    if (c->presence == NULL)
        cmd_say(c, T("enregistré sur cet appareil ; pour l'envoyer : jalon sync"));
    else if (c->presence->connected && !c->presence->stuck)
        cmd_say(c, T("enregistré sur cet appareil ; l'envoi suit"));
    else
        cmd_say(c,
                T("enregistré sur cet appareil ; l'envoi suivra dès que le serveur répondra"));
}

void cmd_say_doubts(struct cmd *c, const struct edit_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (values[i].field != NULL && value_doubtful(values[i].field, &values[i].value))
            cmd_say(c,
                    T("%s : les chiffres de contrôle ne vont pas avec ce numéro ; vérifiez-le"),
                    say_text(values[i].field->label));
}

static enum err hand_on(struct cmd *c, enum cmd_stream stream, struct buf *buf)
{
    if (c->broken == ERR_OK)
        c->broken = buf->err;
    if (c->broken == ERR_OK && buf->n > 0)
        c->broken = c->write(c->ctx, stream, buf_str(buf));
    buf_clear(buf);
    return c->broken;
}

enum err cmd_flush(struct cmd *c)
{
    enum err err = hand_on(c, CMD_TALK, &c->talk);
    return err == ERR_OK ? hand_on(c, CMD_OUT, &c->out) : err;
}

enum err cmd_flush_some(struct cmd *c)
{
    return c->out.n + c->talk.n >= CMD_CHUNK_BYTES ? cmd_flush(c) : ERR_OK;
}

int cmd_fail(struct cmd *c, enum err err, const struct note *why)
{
    return cmd_fail_next(c, err, why, advice_next(err));
}

int cmd_fail_next(struct cmd *c, enum err err, const struct note *why, const char *next)
{
    must(err != ERR_OK);
    bool told = why != NULL && why->text[0] != '\0';
    const char *cause = told ? why->text : advice_cause(err);
    if (!c->json) {
        cmd_say(c, "jalon : %s", cause);
        cmd_say(c, "  %s", next);
        return err_exit(err);
    }
    struct json_out json;
    json_out_init(&json, &c->talk);
    json_object(&json);
    json_key(&json, "error");
    json_text(&json, err_name(err));
    json_key(&json, "exit");
    json_int(&json, err_exit(err));
    json_key(&json, "text");
    json_text(&json, cause);
    json_object_end(&json);
    json_line(&json);
    return err_exit(err);
}

/* ---- words of people ---- */

enum err cmd_table(struct cmd *c, const char *word, const struct table **out, struct note *why)
{
    const struct schema *schema = c->store == NULL ? &schema_jalon : store_schema(c->store);
    *out = schema_table_named(schema, str_of(word));
    if (*out != NULL)
        return ERR_OK;
    const char *names[NAMES_MAX];
    size_t n = 0;
    for (; n < schema->table_count && n < NAMES_MAX; n++)
        names[n] = schema->tables[n].name;
    const char *near = args_nearest(word, names, n);
    if (near == NULL)
        return note_set(why, ERR_NOTFOUND,
                        N_("il n'y a pas de table « %.60s » ; voyez jalon schema"), word);
    return note_set(why, ERR_NOTFOUND,
                    N_("il n'y a pas de table « %.60s » ; vouliez-vous dire « %s » ?"), word,
                    near);
}

enum err cmd_field(struct cmd *c, const struct table *table, struct str word,
                   const struct field **out, struct note *why)
{
    (void)c;
    *out = names_field(table, word);
    if (*out != NULL)
        return ERR_OK;
    char z[64] = "";
    if (word.n > 0 && word.n < sizeof z)
        memcpy(z, word.p, word.n);
    const char *names[SCHEMA_FIELDS_MAX];
    for (uint16_t i = 0; i < table->field_count; i++)
        names[i] = table->fields[i].name;
    const char *near = args_nearest(z, names, table->field_count);
    if (near == NULL)
        return note_set(why, ERR_INVALID,
                        N_("« %s » n'a pas de champ « %s » ; voyez jalon schema %s"),
                        table->name, z, table->name);
    return note_set(why, ERR_INVALID,
                    N_("« %s » n'a pas de champ « %s » ; vouliez-vous dire « %s » ?"),
                    table->name, z, near);
}

enum err cmd_names(struct cmd *c, struct names **out)
{
    enum err err = c->names == NULL ? names_open(c->store, &c->names) : ERR_OK;
    if (err == ERR_OK)
        *out = c->names;
    return err;
}

enum err cmd_row(struct cmd *c, const struct table *table, const char *word, struct id *out,
                 struct note *why)
{
    struct str text = str_of(word);
    enum err err = rows_resolve(c->store, table, text, out);
    if (err == ERR_EXISTS)
        return note_set(why, err,
                        N_("plusieurs fiches « %s » commencent ainsi : donnez plus de chiffres "
                           "de l'identifiant"),
                        table->name);
    if (err != ERR_NOTFOUND)
        return err;
    struct names *names = NULL;
    err = cmd_names(c, &names);
    return err == ERR_OK ? names_find(names, table, text, out, why) : err;
}

/* Names the code nearest to a wrong one. */
static enum err check_code(const struct field *field, const struct value *v, struct note *why)
{
    if (field->kind != KIND_ENUM || field->open || v->type != VALUE_TEXT ||
        schema_code_known(field, v->s))
        return ERR_OK;
    struct buf list = {.max = NOTE_BYTES};
    size_t n = 0;
    for (; field->codes[n] != NULL; n++)
        buf_printf(&list, "%s%s", n == 0 ? "" : ", ", field->codes[n]);
    char word[64] = "";
    if (v->s.n < sizeof word)
        memcpy(word, v->s.p, v->s.n);
    const char *near = args_nearest(word, field->codes, n);
    enum err err = ERR_INVALID;
    if (near != NULL)
        err = note_set(why, err,
                       N_("%s : code inconnu ; vouliez-vous dire « %s » ? Il y a : "
                          "%.*s"),
                       field->name, near, (int)list.n, (const char *)list.p);
    else
        err = note_set(why, err, N_("%s : code inconnu ; il y a : %.*s"), field->name,
                       (int)list.n, (const char *)list.p);
    buf_done(&list);
    return err;
}

enum err cmd_value(struct cmd *c, const struct field *field, struct str text, struct value *out,
                   struct note *why)
{
    struct names *names = NULL;
    struct value v = VALUE_NONE;
    if (!str_utf8(text))
        return note_set(why, ERR_INVALID, N_("%s : ce n'est pas du texte UTF-8"), field->name);
    enum err err = cmd_names(c, &names);
    if (err == ERR_OK)
        err = names_value(names, field, text, &c->arena, &v, why);
    if (err == ERR_OK)
        err = check_code(field, &v, why);
    if (err == ERR_OK)
        *out = v;
    return err;
}

static enum err one_value(struct cmd *c, const struct table *table, const char *word,
                          struct edit_value *out, struct note *why)
{
    const char *equals = strchr(word, '=');
    if (equals == NULL)
        return note_set(why, ERR_USAGE, N_("il faut CHAMP=VALEUR au lieu de « %.60s »"), word);
    const struct field *field = NULL;
    struct str name = {word, (size_t)(equals - word)};
    struct value v = VALUE_NONE;
    enum err err = cmd_field(c, table, name, &field, why);
    if (err == ERR_OK)
        err = cmd_value(c, field, str_of(equals + 1), &v, why);
    if (err == ERR_OK)
        *out = (struct edit_value){field, v};
    return err;
}

enum err cmd_values(struct cmd *c, const struct table *table, size_t first,
                    struct edit_value *out, size_t *count, struct note *why)
{
    size_t n = 0;
    enum err err = ERR_OK;
    for (size_t i = first; i < c->args->n && err == ERR_OK; i++) {
        if (n == SCHEMA_FIELDS_MAX)
            return note_set(why, ERR_LIMIT, N_("trop de champs"));
        err = one_value(c, table, c->args->word[i], &out[n], why);
        must(err != ERR_OK || out[n].field != NULL);
        for (size_t k = 0; k < n && err == ERR_OK; k++) {
            if (out[k].field == out[n].field)
                err = note_set(why, ERR_USAGE, N_("%s : donné deux fois"), out[n].field->name);
        }
        n++;
    }
    if (err == ERR_OK)
        *count = n;
    return err;
}
