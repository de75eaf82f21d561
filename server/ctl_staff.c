/* SPDX-License-Identifier: Apache-2.0 */
/* jalonctl structure add, staff add, invite: how a network begins. */
#include "io/qr.h"
#include "io/random.h"
#include "server/ctl.h"
#include "server/settings.h"

static int finish(struct ctl *c, struct edit *edit, enum err err, const struct id *id,
                  struct note *why)
{
    if (err == ERR_OK)
        err = edit_commit(edit, why);
    else
        edit_abort(edit);
    if (err != ERR_OK)
        return ctl_fail(c, err, why);
    ctl_print_id(c, id);
    return CTL_DONE;
}

int ctl_structure_add(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    struct id id = {{0}};
    struct edit *edit = NULL;
    const struct table *table = schema_table(&schema_jalon, TABLE_STRUCTURE);
    enum err err = ctl_value(c, table, "name", str_of(args->word[0]), values, &count, &why);
    if (err == ERR_OK)
        err =
            ctl_value(c, table, "kind", str_of(args_value(args, "type")), values, &count, &why);
    if (err == ERR_OK)
        err = ctl_values(c, table, 1, values, &count, &why);
    if (err == ERR_OK)
        err = edit_open(c->store, &edit, &why);
    if (err == ERR_OK)
        err = edit_insert(edit, table, values, count, &id, &why);
    return finish(c, edit, err, &id, &why);
}

/* "First Last of Somewhere": the first word is the first name. */
static enum err name_values(struct ctl *c, const struct table *table, const char *full,
                            struct edit_value *values, size_t *count, struct note *why)
{
    const char *space = strchr(full, ' ');
    if (space == NULL || space == full || space[1] == '\0')
        return note_set(why, ERR_USAGE, N_("écrire le nom ainsi : \"Prénom Nom\""));
    struct str first = {full, (size_t)(space - full)};
    enum err err = ctl_value(c, table, "first_name", first, values, count, why);
    return err == ERR_OK ? ctl_value(c, table, "name", str_of(space + 1), values, count, why)
                         : err;
}

static enum err add_staff(struct ctl *c, struct edit *edit, const struct id *structure,
                          struct id *id, struct note *why)
{
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    const struct table *table = schema_table(&schema_jalon, TABLE_STAFF);
    enum err err = name_values(c, table, c->args->word[0], values, &count, why);
    if (err != ERR_OK)
        return err;
    values[count++] =
        (struct edit_value){schema_field_named(table, STR("structure")), value_id(structure)};
    values[count++] =
        (struct edit_value){schema_field_named(table, STR("active")), value_int(1)};
    err = ctl_values(c, table, 1, values, &count, why);
    return err == ERR_OK ? edit_insert(edit, table, values, count, id, why) : err;
}

static enum err add_role(struct ctl *c, struct edit *edit, const struct id *structure,
                         const struct id *staff, struct note *why)
{
    const int64_t day_ms = INT64_C(24) * 60 * 60 * 1000;
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    struct id id;
    const struct table *table = schema_table(&schema_jalon, TABLE_STAFF_ROLE);
    values[count++] =
        (struct edit_value){schema_field(table, FIELD_STAFF_ROLE_STAFF), value_id(staff)};
    values[count++] = (struct edit_value){schema_field(table, FIELD_STAFF_ROLE_STRUCTURE),
                                          value_id(structure)};
    values[count++] = (struct edit_value){schema_field(table, FIELD_STAFF_ROLE_START),
                                          value_int(store_now(c->store) / day_ms)};
    enum err err =
        ctl_value(c, table, "role", str_of(args_value(c->args, "role")), values, &count, why);
    return err == ERR_OK ? edit_insert(edit, table, values, count, &id, why) : err;
}

int ctl_staff_add(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    struct id structure;
    struct id id = {{0}};
    struct edit *edit = NULL;
    const struct table *structures = schema_table(&schema_jalon, TABLE_STRUCTURE);
    enum err err = ctl_row(c, structures, args_value(args, "structure"), &structure, &why);
    if (err == ERR_OK)
        err = edit_open(c->store, &edit, &why);
    if (err == ERR_OK)
        err = add_staff(c, edit, &structure, &id, &why);
    if (err == ERR_OK)
        err = add_role(c, edit, &structure, &id, &why);
    return finish(c, edit, err, &id, &why);
}

/* Nobody can connect to "every address": an invitation needs a real one. */
static enum err server_address(struct ctl *c, struct address *out, struct note *why)
{
    const char *host = args_value(c->args, "host");
    struct address listens;
    enum err err = address_parse(c->public, SETTINGS_PORT, &listens, why);
    if (err == ERR_OK)
        err = address_parse(host != NULL ? host : c->public, listens.port, out, why);
    if (err != ERR_OK)
        return err;
    if (strcmp(out->host, "::") == 0 || strcmp(out->host, "0.0.0.0") == 0)
        return note_set(why, ERR_USAGE,
                        N_("donnez l'adresse du serveur : --host ADRESSE:PORT (il écoute sur "
                           "toutes)"));
    return ERR_OK;
}

static enum err show_qr(struct ctl *c, const struct invite *invite)
{
    struct buf code = {0};
    invite_print(invite, &code);
    enum err err = code.err == ERR_OK ? qr_print(buf_str(&code), &c->talk) : code.err;
    if (code.p != NULL)
        mem_wipe(code.p, code.room);
    buf_done(&code);
    return err;
}

static void print_code(struct ctl *c, const struct invite *invite)
{
    buf_text(&c->out, c->json ? "{\"code\":\"" : "");
    invite_print(invite, &c->out);
    buf_text(&c->out, c->json ? "\"}\n" : "\n");
}

int ctl_relay_add(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    struct id structure;
    struct invite invite = {.server.port = 0};
    uint8_t random[INVITE_ID_BYTES + INVITE_SECRET_BYTES];
    const struct table *table = schema_table(&schema_jalon, TABLE_STRUCTURE);
    struct str name = str_of(args->word[1]);
    random_bytes(random, sizeof random);
    enum err err = name.n == 0 || name.n > RELAY_NAME_BYTES
                       ? note_set(&why, ERR_USAGE, N_("donnez au relais un nom court"))
                       : ctl_row(c, table, args->word[0], &structure, &why);
    if (err == ERR_OK)
        err = server_address(c, &invite.server, &why);
    if (err == ERR_OK)
        err = enrol_invite_relay(c->store, c->ca, &structure, name, random, &invite);
    if (err == ERR_OK)
        print_code(c, &invite);
    if (err == ERR_OK && !c->json)
        ctl_say(c, T("pour une seule machine du site, valable 72 heures : "
                     "jalond relay CODE, puis jalond serve"));
    mem_wipe(random, sizeof random);
    mem_wipe(&invite, sizeof invite);
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, &why);
}

int ctl_invite(void *program, const struct args *args)
{
    struct ctl *c = program;
    struct note why = {""};
    struct id staff;
    struct invite invite = {.server.port = 0};
    uint8_t random[INVITE_ID_BYTES + INVITE_SECRET_BYTES];
    const struct table *table = schema_table(&schema_jalon, TABLE_STAFF);
    random_bytes(random, sizeof random);
    enum err err = ctl_row(c, table, args->word[0], &staff, &why);
    if (err == ERR_OK)
        err = server_address(c, &invite.server, &why);
    if (err == ERR_OK)
        err = enrol_invite(c->store, c->ca, &staff, random, &invite);
    if (err == ERR_OK) {
        print_code(c, &invite);
        /* The picture is talk: stdout carries the code alone, for scripts. */
        if (args_flag(args, "qr"))
            err = show_qr(c, &invite);
    }
    if (err == ERR_OK && !c->json) {
        ctl_say(c, T("à donner à cet agent, pour un seul appareil, valable 72 heures : "
                     "jalon enrol CODE"));
    }
    mem_wipe(random, sizeof random);
    mem_wipe(&invite, sizeof invite);
    return err == ERR_OK ? CTL_DONE : ctl_fail(c, err, &why);
}
