/* SPDX-License-Identifier: Apache-2.0 */
/* jalon referral accept: a person referred to us gets a dossier here. */
#include "client/cmd.h"
#include "store/accept.h"

/* The sender's dossier was read for it. */
static enum err note_opened(struct cmd *c, const struct id *referral)
{
    const struct table *table = schema_table(store_schema(c->store), TABLE_REFERRAL);
    struct row *row = arena_new(&c->arena, sizeof *row);
    enum err err =
        row == NULL ? ERR_NOMEM : rows_find(c->store, table, referral, &c->arena, row);
    return err == ERR_OK ? access_shown(&c->access, c->store, table, row) : err;
}

int cmd_referral_accept(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    const struct table *table = schema_table(store_schema(c->store), TABLE_REFERRAL);
    struct edit_value values[SCHEMA_FIELDS_MAX];
    struct id referral;
    struct id dossier;
    size_t count = 0;
    enum err err = cmd_row(c, table, args->word[0], &referral, &why);
    if (err == ERR_OK)
        err = cmd_values(c, table, 1, values, &count, &why);
    if (err == ERR_OK)
        err = note_opened(c, &referral);
    if (err == ERR_OK)
        err = accept_referral(c->store, &referral, values, count, &dossier, &why);
    bool opened = err == ERR_OK;
    if (err != ERR_OK && err != ERR_EXISTS)
        return cmd_fail(c, err, &why);
    cmd_print_id(c, &dossier, "created", opened);
    if (!c->json && !opened)
        cmd_say(c, T("rien à changer : ce dossier est déjà ouvert"));
    else if (!c->json)
        cmd_say_saved(c);
    return CMD_DONE;
}
