/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an invitation code, and any bytes behind a right check: what is taken prints and
 * reads back as the same invitation. */
#include "io/invite.h"
#include "proto/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_back(struct str code)
{
    struct invite invite = {0};
    struct invite again = {0};
    struct buf printed = {0};
    struct note why = {""};
    enum err err = invite_parse(code, &invite, &why);
    must((err == ERR_OK) == (why.text[0] == '\0'));
    if (err != ERR_OK)
        return;
    must(invite.server.port > 0 && invite.server.host[0] != '\0');
    invite_print(&invite, &printed);
    must(invite_parse(buf_str(&printed), &again, NULL) == ERR_OK);
    must(strcmp(invite.server.host, again.server.host) == 0);
    must(invite.server.port == again.server.port);
    must(memcmp(invite.ca, again.ca, sizeof invite.ca) == 0);
    must(memcmp(invite.id, again.id, sizeof invite.id) == 0);
    must(memcmp(invite.secret, again.secret, sizeof invite.secret) == 0);
    buf_done(&printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    read_back((struct str){(const char *)data, size});
    /* The check would stop nearly everything: put the right one behind the bytes. */
    uint64_t check = hash64(0, data, size);
    struct buf code = {0};
    unsigned held = 0;
    int bits = 0;
    for (size_t i = 0; i < size + 2; i++) {
        uint8_t byte = i < size ? data[i] : (uint8_t)(i == size ? check >> 8 : check);
        held = (held << 8 | byte) & 0xFFFF;
        for (bits += 8; bits >= 5; bits -= 5)
            buf_u8(&code, (uint8_t)digits[held >> (bits - 5) & 31]);
    }
    if (bits > 0)
        buf_u8(&code, (uint8_t)digits[held << (5 - bits) & 31]);
    read_back(buf_str(&code));
    buf_done(&code);
    return 0;
}
