/* SPDX-License-Identifier: Apache-2.0 */
#include "io/authority.h"

#include "io/crypt.h"
#include "proto/pack.h"

enum { ITEMS = 4 };

static void digest(const uint8_t next[CERT_FINGERPRINT_BYTES],
                   uint8_t out[CERT_FINGERPRINT_BYTES])
{
    static const char label[] = "jalon next authority";
    uint8_t text[sizeof label + CERT_FINGERPRINT_BYTES];
    memcpy(text, label, sizeof label);
    memcpy(text + sizeof label, next, CERT_FINGERPRINT_BYTES);
    crypt_sha256(text, sizeof text, out);
}

enum err authority_sign(struct str ca_key, const uint8_t next[CERT_FINGERPRINT_BYTES],
                        uint8_t out[CERT_SIGNATURE_BYTES])
{
    uint8_t said[CERT_FINGERPRINT_BYTES];
    digest(next, said);
    return cert_sign(ca_key, said, out);
}

enum err authority_check(const struct authority *m, struct str ca)
{
    uint8_t said[CERT_FINGERPRINT_BYTES];
    uint8_t public[CERT_PUBLIC_BYTES];
    digest(m->next, said);
    enum err err = cert_public(ca, public);
    return err == ERR_OK ? cert_verify(public, said, m->sign) : err;
}

void authority_write(struct buf *out, const struct authority *m)
{
    pack_array(out, ITEMS);
    pack_bin(out, (struct str){(const char *)m->next, sizeof m->next});
    pack_bin(out, (struct str){(const char *)m->sign, sizeof m->sign});
    pack_bin(out, m->cert);
    pack_bin(out, m->ca);
}

enum err authority_read(struct str bytes, struct authority *out)
{
    size_t used = 0;
    if (bytes.n > AUTHORITY_BYTES_MAX)
        return ERR_LIMIT;
    enum err err = pack_check(bytes, 2, 2 * ITEMS, &used);
    if (err != ERR_OK)
        return err;
    struct cur cur = cur_of(bytes.p, bytes.n);
    uint32_t items = unpack_array(&cur);
    struct str next = unpack_bin(&cur);
    struct str sign = unpack_bin(&cur);
    struct authority m = {.cert = unpack_bin(&cur)};
    m.ca = unpack_bin(&cur);
    if (cur.bad || items != ITEMS || used != bytes.n || next.n != sizeof m.next ||
        sign.n != sizeof m.sign || (m.cert.n == 0) != (m.ca.n == 0))
        return ERR_FORMAT;
    memcpy(m.next, next.p, sizeof m.next);
    memcpy(m.sign, sign.p, sizeof m.sign);
    *out = m;
    return ERR_OK;
}
