/* SPDX-License-Identifier: Apache-2.0 */
/* jalon delete, jalon restore: take a row away, bring it back. */
#include "client/cmd.h"
#include "io/json.h"

static enum err save(struct cmd *c, const struct table *table, const struct id *id,
                     bool deleted, bool *changed, struct note *why)
{
    struct edit *edit = NULL;
    enum err err = edit_open(c->store, &edit, why);
    if (err != ERR_OK)
        return err;
    err = edit_delete(edit, table, id, deleted, why);
    if (err != ERR_OK) {
        edit_abort(edit);
        return err;
    }
    *changed = edit_count(edit) > 0;
    return edit_commit(edit, why);
}

static void say_done(struct cmd *c, const struct table *table, const char *id, bool deleted,
                     bool changed)
{
    if (!changed)
        cmd_say(c, T("rien à changer : c'était déjà le cas"));
    else if (deleted)
        cmd_say(c, T("supprimé ; pour revenir en arrière : jalon restore %s %s"), table->name,
                id);
    else
        cmd_say(c, T("de retour ; pour l'envoyer : jalon sync"));
}

static int run(struct cmd *c, bool deleted)
{
    struct note why = {""};
    const struct table *table = NULL;
    struct id id;
    bool changed = false;
    enum err err = cmd_table(c, c->args->word[0], &table, &why);
    if (err == ERR_OK)
        err = cmd_row(c, table, c->args->word[1], &id, &why);
    if (err == ERR_OK)
        err = save(c, table, &id, deleted, &changed, &why);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    char text[ID_TEXT_BYTES];
    id_print(&id, text);
    if (!c->json) {
        say_done(c, table, text, deleted, changed);
        return CMD_DONE;
    }
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "id");
    json_text(&json, text);
    json_key(&json, "deleted");
    json_bool(&json, deleted);
    json_key(&json, "changed");
    json_bool(&json, changed);
    json_object_end(&json);
    json_line(&json);
    return CMD_DONE;
}

int cmd_delete(void *program, const struct args *args)
{
    (void)args;
    return run(program, true);
}

int cmd_restore(void *program, const struct args *args)
{
    (void)args;
    return run(program, false);
}
