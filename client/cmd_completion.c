/* SPDX-License-Identifier: Apache-2.0 */
/* jalon completion bash|zsh|fish|man: what this program says of itself to shells and to man. */
#include "client/cmd.h"
#include "client/commands.h"
#include "io/args_docs.h"

int cmd_completion(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    const char *what = args->word[0];
    const char **tables = arena_new(&c->arena, (SCHEMA_TABLE_ID_MAX + 1) * sizeof *tables);
    if (tables == NULL)
        return cmd_fail(c, ERR_NOMEM, NULL);
    for (uint16_t i = 0; i < schema_jalon.table_count; i++)
        tables[i] = schema_jalon.tables[i].name;
    if (strcmp(what, "bash") == 0)
        args_bash(&commands_program, "TABLE", tables, &c->out);
    else if (strcmp(what, "zsh") == 0)
        args_zsh(&commands_program, "TABLE", tables, &c->out);
    else if (strcmp(what, "fish") == 0)
        args_fish(&commands_program, "TABLE", tables, &c->out);
    else if (strcmp(what, "man") == 0)
        args_man(&commands_program, JALON_VERSION, &c->out);
    else
        return cmd_fail(c, note_set(&why, ERR_USAGE, N_("bash, zsh, fish ou man ?")), &why);
    return CMD_DONE;
}
