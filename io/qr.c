/* SPDX-License-Identifier: Apache-2.0 */
#include "io/qr.h"

#include "proto/mem.h"

#include <errno.h>
#include <qrencode.h>

/* Outside the symbol everything is light. */
static bool light(const QRcode *code, int x, int y)
{
    if (x < 0 || y < 0 || x >= code->width || y >= code->width)
        return true;
    return (code->data[y * code->width + x] & 1) == 0;
}

/* Two rows of modules make one line of characters. */
static void print_lines(const QRcode *code, struct buf *out)
{
    for (int y = -QR_QUIET_MODULES; y < code->width + QR_QUIET_MODULES; y += 2) {
        for (int x = -QR_QUIET_MODULES; x < code->width + QR_QUIET_MODULES; x++) {
            bool upper = light(code, x, y);
            bool lower = light(code, x, y + 1);
            buf_text(out, upper ? (lower ? "█" : "▀") : (lower ? "▄" : " "));
        }
        buf_u8(out, '\n');
    }
}

enum err qr_print(struct str text, struct buf *out)
{
    if (text.n == 0 || text.n > QR_TEXT_MAX)
        return ERR_LIMIT;
    char *z = mem_new(text.n + 1);
    if (z == NULL)
        return ERR_NOMEM;
    memcpy(z, text.p, text.n);
    errno = 0;
    QRcode *code = QRcode_encodeString(z, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    enum err err = code != NULL ? ERR_OK : errno == ERANGE ? ERR_LIMIT : ERR_NOMEM;
    mem_wipe(z, text.n);
    mem_free(z);
    if (err != ERR_OK)
        return err;
    print_lines(code, out);
    QRcode_free(code);
    return out->err;
}
