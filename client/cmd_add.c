/* SPDX-License-Identifier: Apache-2.0 */
/* jalon add, jalon set: make a row, change fields of one. */
#include "client/cmd.h"
#include "client/duplicate_text.h"
#include "store/candidates.h"

int cmd_add(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    const struct table *table = NULL;
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    struct edit *edit = NULL;
    struct candidates found = {.count = 0};
    struct id id;
    enum err err = cmd_table(c, args->word[0], &table, &why);
    if (err == ERR_OK)
        err = cmd_values(c, table, 1, values, &count, &why);
    if (err == ERR_OK)
        err = candidates_find(c->store, table, values, count, NULL, &found);
    if (err == ERR_OK)
        err = edit_open(c->store, &edit, &why);
    if (err == ERR_OK) {
        err = edit_insert(edit, table, values, count, &id, &why);
        if (err == ERR_OK)
            err = edit_commit(edit, &why);
        else
            edit_abort(edit);
    }
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    cmd_print_id(c, &id, "created", true);
    cmd_say_doubts(c, values, count);
    if (!c->json) {
        candidates_say(c, table, &found);
        cmd_say_saved(c);
    }
    return CMD_DONE;
}

/* Save; *changed tells whether anything differed. */
static enum err save_set(struct cmd *c, const struct table *table, const struct id *id,
                         const struct edit_value *values, size_t count, bool *changed,
                         struct note *why)
{
    struct edit *edit = NULL;
    enum err err = edit_open(c->store, &edit, why);
    if (err != ERR_OK)
        return err;
    err = edit_update(edit, table, id, values, count, why);
    if (err != ERR_OK) {
        edit_abort(edit);
        return err;
    }
    *changed = edit_count(edit) > 0;
    return edit_commit(edit, why);
}

int cmd_set(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    const struct table *table = NULL;
    struct edit_value values[SCHEMA_FIELDS_MAX];
    size_t count = 0;
    struct id id;
    bool changed = false;
    enum err err = cmd_table(c, args->word[0], &table, &why);
    if (err == ERR_OK)
        err = cmd_row(c, table, args->word[1], &id, &why);
    if (err == ERR_OK)
        err = cmd_values(c, table, 2, values, &count, &why);
    if (err == ERR_OK)
        err = save_set(c, table, &id, values, count, &changed, &why);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    cmd_say_doubts(c, values, count);
    if (c->json)
        cmd_print_id(c, &id, "changed", changed);
    else if (changed)
        cmd_say_saved(c);
    else
        cmd_say(c, T("rien à changer : ces valeurs y sont déjà"));
    return CMD_DONE;
}
