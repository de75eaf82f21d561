/* SPDX-License-Identifier: Apache-2.0 */
#include "io/invite.h"

#include "io/crypt.h"
#include "proto/hash.h"
#include "proto/mem.h"
#include "proto/pack.h"

enum {
    FIELDS = 5,      /* of the array */
    CHECK_BYTES = 2, /* behind it: a typing error is told as such */
    GROUP = 5,       /* characters between dashes */
    BITS = 5,        /* of one character */
};

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* The value of a character, or -1. */
static int value_of(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        c = '0';
    if (c == 'I' || c == 'L')
        c = '1';
    for (int i = 0; alphabet[i] != '\0'; i++)
        if (alphabet[i] == c)
            return i;
    return -1;
}

static void print_code(struct str plain, struct buf *out)
{
    unsigned held = 0;
    int bits = 0;
    size_t n = 0;
    for (size_t i = 0; i < plain.n || bits > 0;) {
        if (bits < BITS && i < plain.n) {
            held = (held << 8 | (unsigned char)plain.p[i++]) & 0xFFFF;
            bits += 8;
            continue;
        }
        unsigned digit = bits >= BITS ? held >> (bits - BITS) : held << (BITS - bits);
        bits = bits >= BITS ? bits - BITS : 0;
        if (n > 0 && n % GROUP == 0)
            buf_u8(out, '-');
        buf_u8(out, (uint8_t)alphabet[digit & 31]);
        n++;
    }
}

static uint16_t check_of(struct str body)
{
    return (uint16_t)(hash64(0, body.p, body.n) & 0xFFFF);
}

void invite_print(const struct invite *invite, struct buf *out)
{
    struct buf plain = {0};
    pack_array(&plain, FIELDS);
    pack_str(&plain, str_of(invite->server.host));
    pack_uint(&plain, invite->server.port);
    pack_bin(&plain, (struct str){(const char *)invite->ca, INVITE_CA_BYTES});
    pack_bin(&plain, (struct str){(const char *)invite->id, INVITE_ID_BYTES});
    pack_bin(&plain, (struct str){(const char *)invite->secret, INVITE_SECRET_BYTES});
    uint16_t check = check_of(buf_str(&plain));
    buf_u8(&plain, (uint8_t)(check >> 8));
    buf_u8(&plain, (uint8_t)(check & 0xFF));
    if (plain.err == ERR_OK)
        print_code(buf_str(&plain), out);
    else
        out->err = plain.err;
    if (plain.p != NULL)
        mem_wipe(plain.p, plain.n);
    buf_done(&plain);
}

/* Characters back to bytes; at most BITS - 1 zero bits are left over. */
static enum err read_code(struct str code, struct buf *plain, struct note *why)
{
    unsigned held = 0;
    int bits = 0;
    for (size_t i = 0; i < code.n; i++) {
        char c = code.p[i];
        if (c == '-' || c == ' ' || c == '\t' || c == '\r' || c == '\n')
            continue;
        int v = value_of(c);
        if (v < 0)
            return note_set(why, ERR_INVALID,
                            N_("le code d'invitation contient un caractère inconnu"));
        held = (held << BITS | (unsigned)v) & 0xFFFF;
        bits += BITS;
        if (bits >= 8) {
            bits -= 8;
            buf_u8(plain, (uint8_t)(held >> bits & 0xFF));
        }
    }
    if (bits >= BITS || (held & ((1U << bits) - 1)) != 0)
        return note_set(why, ERR_INVALID, N_("le code d'invitation est incomplet"));
    return plain->err;
}

/* A name or number a resolver may be asked for. */
static bool host_good(struct str host)
{
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == ':' ||
                    c == '%';
        if (!good)
            return false;
    }
    return host.n > 0 && host.n < ADDRESS_HOST_BYTES;
}

static bool read_fields(struct str body, struct invite *out)
{
    size_t used = 0;
    if (pack_check(body, 1, FIELDS + 1, &used) != ERR_OK || used != body.n)
        return false;
    struct cur cur = cur_of(body.p, body.n);
    bool five = unpack_array(&cur) == FIELDS;
    struct str host = unpack_str(&cur);
    uint16_t port = (uint16_t)unpack_int_in(&cur, 1, UINT16_MAX);
    const uint8_t *ca = unpack_exact(&cur, INVITE_CA_BYTES);
    const uint8_t *id = unpack_exact(&cur, INVITE_ID_BYTES);
    const uint8_t *secret = unpack_exact(&cur, INVITE_SECRET_BYTES);
    if (!five || cur.bad || !host_good(host) || ca == NULL || id == NULL || secret == NULL)
        return false;
    *out = (struct invite){.server.port = port};
    memcpy(out->server.host, host.p, host.n);
    memcpy(out->ca, ca, INVITE_CA_BYTES);
    memcpy(out->id, id, INVITE_ID_BYTES);
    memcpy(out->secret, secret, INVITE_SECRET_BYTES);
    return true;
}

enum err invite_parse(struct str code, struct invite *out, struct note *why)
{
    if (code.n > INVITE_CODE_BYTES_MAX)
        return note_set(why, ERR_LIMIT, N_("le code d'invitation est trop long"));
    struct buf plain = {0};
    enum err err = read_code(code, &plain, why);
    if (err != ERR_OK)
        goto out;
    err = note_set(why, ERR_INVALID,
                   N_("le code d'invitation n'est pas bon : relisez-le, une lettre a changé"));
    if (plain.n <= CHECK_BYTES)
        goto out;
    struct str body = {(const char *)plain.p, plain.n - CHECK_BYTES};
    uint16_t check = (uint16_t)(plain.p[body.n] << 8 | plain.p[body.n + 1]);
    if (check == check_of(body) && read_fields(body, out)) {
        note_write(why, "%s", "");
        err = ERR_OK;
    }
out:
    if (plain.p != NULL)
        mem_wipe(plain.p, plain.n);
    buf_done(&plain);
    return err;
}

void invite_proof_key(const uint8_t secret[static INVITE_SECRET_BYTES],
                      uint8_t key[static INVITE_PROOF_BYTES])
{
    crypt_sha256(secret, INVITE_SECRET_BYTES, key);
}

static void prove(const uint8_t *key, struct str side, const uint8_t *ca, struct str bytes,
                  struct str nonce, uint8_t *out)
{
    const struct str parts[] = {side, {(const char *)ca, INVITE_CA_BYTES}, bytes, nonce};
    crypt_hmac_sha256((struct str){(const char *)key, INVITE_PROOF_BYTES}, parts,
                      sizeof parts / sizeof *parts, out);
}

void invite_proof_client(const uint8_t key[static INVITE_PROOF_BYTES],
                         const uint8_t ca[static INVITE_CA_BYTES], struct str csr,
                         struct str nonce, uint8_t out[static INVITE_PROOF_BYTES])
{
    prove(key, STR("c"), ca, csr, nonce, out);
}

void invite_proof_server(const uint8_t key[static INVITE_PROOF_BYTES],
                         const uint8_t ca[static INVITE_CA_BYTES], struct str cert,
                         struct str nonce, uint8_t out[static INVITE_PROOF_BYTES])
{
    prove(key, STR("s"), ca, cert, nonce, out);
}
