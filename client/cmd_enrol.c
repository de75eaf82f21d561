/* SPDX-License-Identifier: Apache-2.0 */
/* jalon enrol: from the code of an invitation to a device of the network. */
#include "client/cmd.h"
#include "client/enrol.h"
#include "io/crypt.h"
#include "io/file.h"
#include "io/json.h"
#include "proto/mem.h"

static void report_json(struct cmd *c, const struct enrol_result *result)
{
    struct json_out json;
    json_out_init(&json, &c->out);
    json_object(&json);
    json_key(&json, "network");
    json_text(&json, result->network);
    json_key(&json, "staff");
    json_text(&json, result->staff);
    json_key(&json, "device");
    json_uint(&json, result->device);
    json_object_end(&json);
    json_line(&json);
}

/* The code may have been copied in several pieces. "-": it is on the standard input, where no
 * list of processes and no history of commands shows it. */
static enum err read_code(const struct args *args, struct invite *out, struct note *why)
{
    struct buf code = {0};
    enum err err = ERR_OK;
    if (args->n == 1 && strcmp(args->word[0], "-") == 0)
        err = file_read("/dev/stdin", INVITE_CODE_BYTES_MAX, &code, why);
    for (size_t i = 0; err == ERR_OK && code.n == 0 && i < args->n; i++)
        buf_text(&code, args->word[i]);
    if (err == ERR_OK)
        err = code.err == ERR_OK ? invite_parse(buf_str(&code), out, why) : code.err;
    if (code.n > 0)
        mem_wipe(code.p, code.n);
    buf_done(&code);
    const char *server = args_value(args, "server");
    if (err == ERR_OK && server != NULL)
        err = address_parse(server, out->server.port, &out->server, why);
    return err;
}

int cmd_enrol(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    struct invite invite = {0};
    struct enrol_result result = {0};
    crypt_start();
    enum err err = read_code(args, &invite, &why);
    if (err == ERR_OK)
        err = enrol_run(c->dir, c->store, &invite, &result, &why);
    mem_wipe(&invite, sizeof invite);
    if (err == ERR_EXISTS && why.text[0] == '\0')
        err = note_set(&why, err,
                       N_("cet appareil est déjà inscrit, ou ce code a servi pour un autre ; "
                          "voyez : jalon status"));
    if (err != ERR_OK)
        return cmd_fail(c, err, &why);
    if (c->json)
        report_json(c, &result);
    else
        cmd_say(c, T("bienvenue dans « %s », %s ; ensuite : jalon sync"), result.network,
                result.staff);
    return CMD_DONE;
}
