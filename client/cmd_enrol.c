/* SPDX-License-Identifier: Apache-2.0 */
/* jalon enrol: from the code of an invitation to a device of the network. */
#include "client/advice.h"
#include "client/cmd.h"
#include "client/enrol.h"
#include "io/crypt.h"
#include "io/file.h"
#include "io/join.h"
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

/* Here there is nothing yet that a sync could send, and no table to look up. */
static const char *advice(enum err err)
{
    if (err == ERR_INVALID || err == ERR_FORMAT)
        return T("cet appareil n'est pas encore inscrit ; recopiez le code entier, ou "
                 "redemandez-le à votre coordination");
    if (err_exit(err) == err_exit(ERR_OFFLINE))
        return T("cet appareil n'est pas encore inscrit ; réessayez plus tard avec le même "
                 "code, il vaut 72 heures");
    return advice_next(err);
}

int cmd_enrol(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    struct invite invite = {0};
    struct enrol_result result = {0};
    crypt_start();
    enum err err = join_code(args, &invite, &why);
    if (err == ERR_OK)
        err = enrol_run(c->dir, c->store, &invite, &result, &why);
    mem_wipe(&invite, sizeof invite);
    if (err == ERR_EXISTS && why.text[0] == '\0')
        err = note_set(&why, err,
                       N_("cet appareil est déjà inscrit, ou ce code a servi pour un autre ; "
                          "voyez : jalon status"));
    if (err != ERR_OK)
        return cmd_fail_next(c, err, &why, advice(err));
    if (c->json)
        report_json(c, &result);
    else
        cmd_say(c, T("bienvenue dans « %s », %s ; ensuite : jalon sync"), result.network,
                result.staff);
    return CMD_DONE;
}
