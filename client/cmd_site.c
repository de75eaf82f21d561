/* SPDX-License-Identifier: Apache-2.0 */
/* jalon site: the relay of the place where one works, to turn to when the server is not
 * reached.
 */
#include "client/cmd.h"
#include "client/site.h"
#include "io/json.h"
#include "store/deposited.h"

static enum err keep(struct cmd *c, const char *word, struct note *why)
{
    struct address address;
    struct buf text = {0};
    enum err err = ERR_OK;
    if (strcmp(word, "none") != 0) {
        err = address_parse(word, SITE_PORT, &address, why);
        if (err == ERR_OK)
            buf_printf(&text, strchr(address.host, ':') != NULL ? "[%s]:%u" : "%s:%u",
                       address.host, (unsigned)address.port);
    }
    if (err == ERR_OK)
        err = text.err == ERR_OK ? deposited_site_set(c->store, buf_str(&text)) : text.err;
    buf_done(&text);
    return err;
}

static void tell(struct cmd *c, const char *address)
{
    struct json_out json;
    if (c->json) {
        json_out_init(&json, &c->out);
        json_object(&json);
        json_key(&json, "site");
        json_text(&json, address[0] == '\0' ? NULL : address);
        json_object_end(&json);
        json_line(&json);
    } else if (address[0] == '\0') {
        cmd_say(c, T("aucun relais de site ; pour en nommer un : jalon site ADRESSE:PORT"));
    } else {
        buf_printf(&c->out, "%s\n", address);
    }
}

int cmd_site(void *program, const struct args *args)
{
    struct cmd *c = program;
    struct note why = {""};
    struct buf text = {0};
    enum err err = args->n == 1 ? keep(c, args->word[0], &why) : ERR_OK;
    if (err == ERR_OK)
        err = deposited_site(c->store, &text);
    buf_u8(&text, 0);
    if (err == ERR_OK)
        err = text.err;
    if (err == ERR_OK)
        tell(c, (const char *)text.p);
    buf_done(&text);
    return err == ERR_OK ? CMD_DONE : cmd_fail(c, err, &why);
}
