/* SPDX-License-Identifier: Apache-2.0 */
#include "client/site.h"

#include "proto/buf.h"
#include "store/deposited.h"

enum err site_address(struct store *s, struct address *out)
{
    struct buf text = {0};
    *out = (struct address){.port = 0};
    enum err err = deposited_site(s, &text);
    bool any = text.n > 0;
    buf_u8(&text, 0);
    if (err == ERR_OK)
        err = text.err;
    if (err == ERR_OK && any)
        err = address_parse((const char *)text.p, SITE_PORT, out, NULL);
    buf_done(&text);
    return err;
}
