/* SPDX-License-Identifier: Apache-2.0 */
/* jalon conflicts, resolve: two values of which one is shown, and the decision. */
#include "client/cmd.h"
#include "client/conflict_text.h"
#include "io/json.h"

int cmd_conflicts(void *program, const struct args *args)
{
    (void)args;
    struct cmd *c = program;
    uint64_t count = 0;
    buf_text(&c->out, c->json ? "[" : "");
    enum err err = conflict_print(c, &count);
    if (err != ERR_OK)
        return cmd_fail(c, err, NULL);
    buf_text(&c->out, c->json ? (count == 0 ? "]\n" : "\n]\n") : "");
    if (!c->json && count == 0)
        cmd_say(c, T("aucun conflit n'attend"));
    return count == 0 ? CMD_DONE : CMD_WAITS;
}

int cmd_resolve(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    const struct table *table = schema_table(store_schema(c->store), TABLE_CONFLICT);
    const char *keep = args_value(args, "keep");
    const char *reason = args_value(args, "reason");
    enum edit_decision decision = EDIT_OWN_VALUE;
    if (strcmp(keep, "current") == 0)
        decision = EDIT_KEEP_CURRENT;
    else if (strcmp(keep, "other") == 0)
        decision = EDIT_TAKE_OTHER;
    struct id id;
    enum err err = cmd_row(c, table, args->word[0], &id, &why);
    if (err == ERR_OK)
        err = edit_resolve(c->store, &id, decision, str_of(keep), str_of(reason), &why);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    if (!c->json) {
        cmd_say(c, T("décision enregistrée sur cet appareil ; pour l'envoyer : jalon sync"));
        return CMD_DONE;
    }
    static const char *const words[] = {[EDIT_KEEP_CURRENT] = "current",
                                        [EDIT_TAKE_OTHER] = "other",
                                        [EDIT_OWN_VALUE] = "value"};
    char text[ID_TEXT_BYTES];
    id_print(&id, text);
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "id");
    json_text(&json, text);
    json_key(&json, "decision");
    json_text(&json, words[decision]);
    json_object_end(&json);
    json_line(&json);
    return CMD_DONE;
}
