/* SPDX-License-Identifier: Apache-2.0 */
#include "store/deposited.h"

#include "store/inside.h"

#include <stdio.h>
#include <stdlib.h>

enum { HEX_BYTES = 2 * SHA256_BYTES, BASE = 10 };

static enum err set_text(struct store *s, enum meta key, struct str text)
{
    enum err err = store_begin(s);
    return err == ERR_OK ? store_end(s, meta_set_text(s, key, text)) : err;
}

enum err deposited_site(struct store *s, struct buf *out)
{
    return meta_get_text(s, META_SITE, out);
}

enum err deposited_site_set(struct store *s, struct str address)
{
    return set_text(s, META_SITE, address);
}

/* ---- sent: hexadecimal, one after the other ---- */

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

enum err deposited_sent(struct store *s, struct buf *out)
{
    struct buf text = {0};
    enum err err = meta_get_text(s, META_SITE_SENT, &text);
    for (size_t i = 0; err == ERR_OK && i + 1 < text.n; i += 2) {
        int high = digit((char)text.p[i]);
        int low = digit((char)text.p[i + 1]);
        if (high < 0 || low < 0)
            err = ERR_CORRUPT;
        else
            buf_u8(out, (uint8_t)(high << 4 | low));
    }
    buf_done(&text);
    return err == ERR_OK ? out->err : err;
}

enum err deposited_send(struct store *s, const uint8_t sha256[SHA256_BYTES])
{
    struct buf text = {0};
    struct buf before = {0};
    for (size_t i = 0; i < SHA256_BYTES; i++)
        buf_printf(&text, "%02x", sha256[i]);
    enum err err = meta_get_text(s, META_SITE_SENT, &before);
    if (before.n > (size_t)(DEPOSITED_SENT_MAX - 1) * HEX_BYTES)
        before.n = (size_t)(DEPOSITED_SENT_MAX - 1) * HEX_BYTES;
    if (err == ERR_OK)
        buf_add(&text, before.p, before.n);
    if (err == ERR_OK)
        err = text.err;
    if (err == ERR_OK)
        err = set_text(s, META_SITE_SENT, buf_str(&text));
    buf_done(&before);
    buf_done(&text);
    return err;
}

/* ---- left: "epoch op_last pulled at_ms name" ---- */

enum err deposited_set(struct store *s, const struct deposited *d)
{
    struct buf text = {0};
    buf_printf(&text, "%u %llu %llu %lld %s", (unsigned)d->epoch,
               (unsigned long long)d->op_last, (unsigned long long)d->pulled,
               (long long)d->at_ms, d->relay);
    enum err err = text.err == ERR_OK ? set_text(s, META_SITE_LEFT, buf_str(&text)) : text.err;
    buf_done(&text);
    return err;
}

static void parse(const char *text, struct deposited *d)
{
    char *at = NULL;
    d->epoch = (uint32_t)strtoul(text, &at, BASE);
    d->op_last = strtoull(at, &at, BASE);
    d->pulled = strtoull(at, &at, BASE);
    d->at_ms = strtoll(at, &at, BASE);
    if (*at == ' ')
        (void)snprintf(d->relay, sizeof d->relay, "%s", at + 1);
}

enum err deposited_get(struct store *s, struct deposited *out)
{
    struct deposited d = {.epoch = 0};
    struct buf text = {0};
    enum err err = meta_get_text(s, META_SITE_LEFT, &text);
    buf_u8(&text, 0);
    if (err == ERR_OK)
        err = text.err;
    if (err == ERR_OK)
        parse((const char *)text.p, &d);
    buf_done(&text);
    if (err != ERR_OK)
        return err;
    if (d.epoch == s->epoch && d.op_last > s->acked)
        d.operations = d.op_last - s->acked;
    *out = d;
    return ERR_OK;
}
