/* SPDX-License-Identifier: Apache-2.0 */
/* jalon duplicates, duplicate same, different, undo: what may have been entered twice. */
#include "client/cmd.h"
#include "client/duplicate_text.h"
#include "io/json.h"
#include "store/duplicates.h"

int cmd_duplicates(void *program, const struct args *args)
{
    struct cmd *c = program;
    uint64_t count = 0;
    buf_text(&c->out, c->json ? "[" : "");
    size_t before = c->out.n;
    enum err err = duplicates_print(c, args_flag(args, "decided"), &count);
    if (err != ERR_OK)
        return cmd_fail(c, err, NULL);
    buf_text(&c->out, c->json ? (c->out.n == before ? "]\n" : "\n]\n") : "");
    if (!c->json && count == 0)
        cmd_say(c, T("aucun doublon possible n'attend"));
    return count == 0 ? CMD_DONE : CMD_WAITS;
}

static void decided_json(struct cmd *c, const struct id *id, enum duplicate_state state)
{
    struct json_out json;
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "id");
    json_text(&json, text);
    json_key(&json, "state");
    json_text(&json, duplicate_word(state));
    json_object_end(&json);
    json_line(&json);
}

static int decide(struct cmd *c, const struct args *args, enum duplicate_state state,
                  const char *done)
{
    struct note why = {""};
    const struct table *table = schema_table(store_schema(c->store), TABLE_DUPLICATE_CASE);
    const char *reason = args_value(args, "reason");
    struct id id;
    enum err err = cmd_row(c, table, args->word[0], &id, &why);
    if (err == ERR_NOTFOUND)
        err = note_set(&why, err,
                       N_("aucun doublon possible avec cet identifiant : voyez jalon "
                          "duplicates"));
    if (err == ERR_OK)
        err = duplicate_decide(c->store, &id, state, str_of(reason), &why);
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    if (c->json)
        decided_json(c, &id, state);
    else
        cmd_say(c, "%s", done);
    return CMD_DONE;
}

int cmd_duplicate_same(void *program, const struct args *args)
{
    return decide(program, args, DUPLICATE_SAME,
                  T("réunies sur cet appareil, et rien n'est perdu ; pour l'envoyer : jalon "
                    "sync"));
}

int cmd_duplicate_different(void *program, const struct args *args)
{
    return decide(program, args, DUPLICATE_DIFFERENT,
                  T("gardées séparées ; pour l'envoyer : jalon sync"));
}

int cmd_duplicate_undo(void *program, const struct args *args)
{
    return decide(program, args, DUPLICATE_OPEN,
                  T("la décision est annulée ; le doublon possible attend de nouveau"));
}
