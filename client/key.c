/* SPDX-License-Identifier: Apache-2.0 */
#include "client/key.h"

#include "io/authority.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/tls_config.h"
#include "proto/mem.h"
#include "proto/pack.h"

#include <stdlib.h>

enum { RECEIPT_BYTES_MAX = 64 };
enum { IDENTITY_VERSION = 1, IDENTITY_ITEMS = 6, FILE_MODE = 0600 };

void key_done(struct key *key)
{
    cert_key_done(&key->der);
    buf_done(&key->cert);
    buf_done(&key->ca);
    buf_done(&key->next);
    buf_done(&key->dir);
    *key = (struct key){0};
}

static enum err damaged(const char *name, struct note *why)
{
    return note_set(why, ERR_CORRUPT, N_("%s : contenu endommagé"), name);
}

enum err key_make(const char *dir, struct buf *der, struct note *why)
{
    uint8_t public[CERT_PUBLIC_BYTES];
    struct buf key = {0};
    enum err err = file_read_in(dir, KEY_FILE, CERT_KEY_BYTES_MAX, &key, NULL);
    if (err == ERR_OK && cert_key_public(buf_str(&key), public) != ERR_OK)
        err = damaged(KEY_FILE, why);
    if (err == ERR_NOTFOUND) {
        err = file_mkdirs(dir, why);
        if (err == ERR_OK)
            err = cert_key_new(&key);
        if (err == ERR_OK)
            err = file_replace_in(dir, KEY_FILE, buf_str(&key), FILE_MODE, why);
    }
    if (err == ERR_OK) {
        buf_add(der, key.p, key.n);
        err = der->err;
    }
    cert_key_done(&key);
    return err;
}

enum err key_save(const char *dir, const struct key *key, struct note *why)
{
    struct buf out = {0};
    pack_array(&out, IDENTITY_ITEMS);
    pack_int(&out, IDENTITY_VERSION);
    pack_str(&out, str_of(key->server.host));
    pack_int(&out, key->server.port);
    pack_str(&out, str_of(key->network));
    pack_bin(&out, buf_str(&key->cert));
    pack_bin(&out, buf_str(&key->ca));
    enum err err = out.err;
    if (err == ERR_OK)
        err = file_replace_in(dir, KEY_IDENTITY, buf_str(&out), FILE_MODE, why);
    buf_done(&out);
    return err;
}

static bool copy_text(struct str text, char *out, size_t room)
{
    if (text.n >= room)
        return false;
    if (text.n > 0)
        memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    return true;
}

static enum err read_identity(struct str bytes, struct key *out)
{
    size_t used = 0;
    enum err err = pack_check(bytes, 2, IDENTITY_ITEMS * 2, &used);
    if (err != ERR_OK)
        return err;
    struct cur cur = cur_of(bytes.p, bytes.n);
    uint32_t items = unpack_array(&cur);
    int64_t version = unpack_int(&cur);
    if (cur.bad || version != IDENTITY_VERSION)
        return ERR_VERSION;
    struct str host = unpack_str(&cur);
    out->server.port = (uint16_t)unpack_int_in(&cur, 0, UINT16_MAX);
    struct str network = unpack_str(&cur);
    struct str cert = unpack_bin(&cur);
    struct str ca = unpack_bin(&cur);
    if (cur.bad || items != IDENTITY_ITEMS || used != bytes.n ||
        !copy_text(host, out->server.host, sizeof out->server.host) ||
        !copy_text(network, out->network, sizeof out->network))
        return ERR_FORMAT;
    buf_add(&out->cert, cert.p, cert.n);
    buf_add(&out->ca, ca.p, ca.n);
    return out->cert.err != ERR_OK ? out->cert.err : out->ca.err;
}

/* Does the certificate speak of this private key? */
static bool belongs(const struct key *key)
{
    uint8_t own[CERT_PUBLIC_BYTES];
    uint8_t certified[CERT_PUBLIC_BYTES];
    return cert_key_public(buf_str(&key->der), own) == ERR_OK &&
           cert_public(buf_str(&key->cert), certified) == ERR_OK &&
           memcmp(own, certified, sizeof own) == 0;
}

/* A damaged one is as good as none: the server tells it again. */
static enum err load_next(const char *dir, struct key *key, struct note *why)
{
    enum err err = file_read_in(dir, KEY_NEXT, CERT_FINGERPRINT_BYTES, &key->next, why);
    if (err == ERR_NOTFOUND || err == ERR_LIMIT ||
        (err == ERR_OK && key->next.n != CERT_FINGERPRINT_BYTES)) {
        buf_done(&key->next);
        err = ERR_OK;
    }
    buf_text(&key->dir, dir);
    buf_u8(&key->dir, 0);
    return err == ERR_OK ? key->dir.err : err;
}

bool key_believes(const struct key *key, const uint8_t pin[CERT_FINGERPRINT_BYTES])
{
    uint8_t own[CERT_FINGERPRINT_BYTES];
    bool next = key->next.n == sizeof own && memcmp(key->next.p, pin, sizeof own) == 0;
    return next || (cert_cert_fingerprint(buf_str(&key->ca), own) == ERR_OK &&
                    memcmp(own, pin, sizeof own) == 0);
}

/* Are key, certificate and authority good for a connection? */
static enum err fits(const struct key *key)
{
    struct tls_config *tls = NULL;
    struct tls_setup setup = {
        .key = buf_str(&key->der), .cert = buf_str(&key->cert), .ca = buf_str(&key->ca)};
    enum err err = tls_config_new(&setup, &tls, NULL);
    tls_config_free(tls);
    return err;
}

/* The authority has changed: from now on this device is one of the new one's. */
static enum err renew(struct key *key, const struct authority *m)
{
    uint8_t pin[CERT_FINGERPRINT_BYTES];
    enum err err = cert_cert_fingerprint(m->ca, pin);
    if (err == ERR_OK && !key_believes(key, pin))
        err = ERR_INVALID;
    if (err != ERR_OK || str_eq(m->ca, buf_str(&key->ca)))
        return err; /* or: renewed already, and this process began before that */
    buf_clear(&key->cert);
    buf_clear(&key->ca);
    buf_add(&key->cert, m->cert.p, m->cert.n);
    buf_add(&key->ca, m->ca.p, m->ca.n);
    err = key->cert.err != ERR_OK ? key->cert.err : key->ca.err;
    if (err == ERR_OK)
        err = fits(key);
    return err == ERR_OK ? key_save((const char *)key->dir.p, key, NULL) : err;
}

enum err key_learn(const struct key *key, struct str authority)
{
    struct authority m;
    struct key now = {.server = {.port = 0}};
    const char *dir = (const char *)key->dir.p;
    if (authority.n == 0 || dir == NULL)
        return ERR_OK;
    enum err err = authority_read(authority, &m);
    if (err == ERR_OK)
        err = key_load(dir, &now, NULL);
    if (err == ERR_OK)
        err = authority_check(&m, m.ca.n > 0 ? m.ca : buf_str(&now.ca));
    if (err == ERR_OK && m.ca.n > 0)
        err = renew(&now, &m);
    struct str next = {(const char *)m.next, sizeof m.next};
    if (err == ERR_OK && !str_eq(next, buf_str(&now.next)))
        err = file_replace_in(dir, KEY_NEXT, next, FILE_MODE, NULL);
    key_done(&now);
    return err;
}

enum err key_load(const char *dir, struct key *out, struct note *why)
{
    struct key key = {0};
    struct buf identity = {0};
    enum err err = file_read_in(dir, KEY_IDENTITY, KEY_IDENTITY_BYTES_MAX, &identity, why);
    if (err == ERR_NOTFOUND)
        err = note_set(why, ERR_NOTFOUND, N_("cet appareil n'est pas encore inscrit"));
    if (err == ERR_OK) {
        err = read_identity(buf_str(&identity), &key);
        if (err == ERR_FORMAT || err == ERR_LIMIT)
            err = damaged(KEY_IDENTITY, why);
        else if (err == ERR_VERSION)
            err =
                note_set(why, err, N_("%s : écrit par un programme plus récent"), KEY_IDENTITY);
    }
    if (err == ERR_OK) {
        err = file_read_in(dir, KEY_FILE, CERT_KEY_BYTES_MAX, &key.der, why);
        if (err == ERR_NOTFOUND || err == ERR_LIMIT || (err == ERR_OK && !belongs(&key)))
            err =
                note_set(why, ERR_CORRUPT, N_("%s : la clé de cet appareil manque"), KEY_FILE);
    }
    if (err == ERR_OK)
        err = load_next(dir, &key, why);
    buf_done(&identity);
    if (err == ERR_OK)
        *out = key;
    else
        key_done(&key);
    return err;
}

/* Gone is gone, whoever did it. */
static enum err erase_in(const char *dir, const char *name, struct note *why)
{
    struct buf path = {0};
    enum err err = file_join(&path, dir, name);
    if (err == ERR_OK)
        err = file_erase((const char *)path.p, why);
    buf_done(&path);
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

static enum err write_receipt(const char *dir, struct note *why)
{
    struct buf text = {0};
    buf_printf(&text, "wiped %lld\n", (long long)clock_wall_ms());
    enum err err = text.err == ERR_OK
                       ? file_replace_in(dir, KEY_RECEIPT, buf_str(&text), FILE_MODE, why)
                       : text.err;
    buf_done(&text);
    return err;
}

enum err key_receipt(const char *dir, int64_t *wiped_ms)
{
    static const char word[] = "wiped ";
    struct buf text = {0};
    long long ms = 0;
    *wiped_ms = 0;
    enum err err = file_read_in(dir, KEY_RECEIPT, RECEIPT_BYTES_MAX, &text, NULL);
    buf_u8(&text, 0);
    if (err == ERR_OK &&
        (text.err != ERR_OK || strncmp((const char *)text.p, word, sizeof word - 1) != 0))
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        ms = strtoll((const char *)text.p + sizeof word - 1, NULL, 10);
    buf_done(&text);
    if (err == ERR_OK)
        *wiped_ms = ms;
    return err == ERR_NOTFOUND ? ERR_OK : err;
}

enum err key_wipe(const char *dir, const char *const *files, struct note *why)
{
    enum err err = file_replace_in(dir, KEY_WIPE_ORDER, STR("wipe\n"), FILE_MODE, why);
    if (err == ERR_OK)
        err = erase_in(dir, KEY_FILE, why);
    if (err == ERR_OK)
        err = erase_in(dir, KEY_IDENTITY, why);
    if (err == ERR_OK)
        err = erase_in(dir, KEY_NEXT, why);
    for (size_t i = 0; err == ERR_OK && files[i] != NULL; i++)
        err = erase_in(dir, files[i], why);
    if (err == ERR_OK)
        err = write_receipt(dir, why);
    return err == ERR_OK ? erase_in(dir, KEY_WIPE_ORDER, why) : err;
}

bool key_wipe_due(const char *dir)
{
    struct buf content = {0};
    enum err err = file_read_in(dir, KEY_WIPE_ORDER, KEY_IDENTITY_BYTES_MAX, &content, NULL);
    buf_done(&content);
    return err != ERR_NOTFOUND;
}
