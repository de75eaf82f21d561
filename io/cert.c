/* SPDX-License-Identifier: Apache-2.0 */
#include "io/cert.h"

#include "io/cert_inside.h"
#include "io/crypt.h"
#include "proto/mem.h"

#include <assert.h>
#include <mbedtls/asn1.h>
#include <mbedtls/ecdh.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509_csr.h>
#include <stdio.h>

#define CA_NAME "CN=Jalon CA"
#define NOT_BEFORE "20000101000000"
#define NOT_AFTER "20991231235959"

enum { SERIAL_BYTES = 16, NAME_BYTES_MAX = 32 };

/* How the SubjectPublicKeyInfo of every uncompressed P-256 key begins. */
static const uint8_t p256_prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                      0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

/* AlgorithmIdentifier ecdsa-with-SHA256; 2.28 adds NULL parameters when it writes a request. */
static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t ecdsa_sha256_null[] = {0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                            0xce, 0x3d, 0x04, 0x03, 0x02, 0x05, 0x00};

/* GeneralNames with one dNSName; 2.28 cannot write them. */
static const uint8_t server_san[] = {0x30, 0x10, 0x82, 0x0e, 'j', 'a', 'l', 'o', 'n',
                                     'd',  '.',  'i',  'n',  'v', 'a', 'l', 'i', 'd'};
static_assert(sizeof server_san == 4 + sizeof CERT_SERVER_NAME - 1, "the SAN holds the name");

static const uint8_t relay_san[] = {0x30, 0x16, 0x82, 0x14, 'r', 'e', 'l', 'a',
                                    'y',  '.',  'j',  'a',  'l', 'o', 'n', 'd',
                                    '.',  'i',  'n',  'v',  'a', 'l', 'i', 'd'};
static_assert(sizeof relay_san == 4 + sizeof CERT_RELAY_NAME - 1, "the SAN holds the name");

/* ExtKeyUsageSyntax with the one purpose, or both. */
static const uint8_t server_auth[] = {0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06,
                                      0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
static const uint8_t client_auth[] = {0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06,
                                      0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
static const uint8_t both_auth[] = {0x30, 0x14, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05,
                                    0x05, 0x07, 0x03, 0x01, 0x06, 0x08, 0x2b, 0x06,
                                    0x01, 0x05, 0x05, 0x07, 0x03, 0x02};

static const unsigned char *bytes_of(struct str s)
{
    return (const unsigned char *)s.p;
}

static enum err parse_key(struct str key, mbedtls_pk_context *pk)
{
    if (key.n == 0 || key.n > CERT_KEY_BYTES_MAX)
        return ERR_INVALID;
    if (compat_pk_parse_key(pk, bytes_of(key), key.n) != 0)
        return ERR_INVALID;
    return mbedtls_pk_can_do(pk, MBEDTLS_PK_ECDSA) ? ERR_OK : ERR_INVALID;
}

enum err cert_spki(const uint8_t *der, size_t n, uint8_t out[CERT_PUBLIC_BYTES])
{
    if (n != CERT_PUBLIC_BYTES || memcmp(der, p256_prefix, sizeof p256_prefix) != 0)
        return ERR_INVALID;
    memcpy(out, der, n);
    return ERR_OK;
}

static enum err public_of_pk(mbedtls_pk_context *pk, uint8_t out[CERT_PUBLIC_BYTES])
{
    /* The library writes to the end of the block; a larger curve or an RSA key does not fit. */
    unsigned char der[CERT_PUBLIC_BYTES];
    int n = mbedtls_pk_write_pubkey_der(pk, der, sizeof der);
    if (n != CERT_PUBLIC_BYTES)
        return ERR_INVALID;
    return cert_spki(der, sizeof der, out);
}

/* Append n bytes that the library wrote to the end of a block of `size`; n < 0 is its error. */
static enum err append_tail(struct buf *out, const unsigned char *block, size_t size, int n)
{
    if (n <= 0 || (size_t)n > size)
        return ERR_NOMEM;
    buf_add(out, block + size - (size_t)n, (size_t)n);
    return out->err;
}

enum err cert_key_new(struct buf *der)
{
    mbedtls_pk_context pk;
    mbedtls_pk_init(&pk);
    unsigned char block[CERT_KEY_BYTES_MAX] = {0};
    enum err err = ERR_NOMEM;
    if (mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) != 0)
        goto out;
    if (mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(pk), compat_rng, NULL) != 0)
        goto out;
    err = append_tail(der, block, sizeof block,
                      mbedtls_pk_write_key_der(&pk, block, sizeof block));
out:
    mem_wipe(block, sizeof block);
    mbedtls_pk_free(&pk);
    return err;
}

void cert_key_done(struct buf *der)
{
    if (der->p != NULL)
        mem_wipe(der->p, der->room);
    buf_done(der);
}

enum err cert_key_public(struct str key, uint8_t out[CERT_PUBLIC_BYTES])
{
    mbedtls_pk_context pk;
    mbedtls_pk_init(&pk);
    enum err err = parse_key(key, &pk);
    if (err == ERR_OK)
        err = public_of_pk(&pk, out);
    mbedtls_pk_free(&pk);
    return err;
}

enum err cert_public(struct str cert, uint8_t out[CERT_PUBLIC_BYTES])
{
    if (cert.n == 0 || cert.n > CERT_BYTES_MAX)
        return ERR_INVALID;
    mbedtls_x509_crt crt;
    mbedtls_x509_crt_init(&crt);
    enum err err = ERR_INVALID;
    if (mbedtls_x509_crt_parse_der(&crt, bytes_of(cert), cert.n) == 0)
        err = cert_spki(crt.pk_raw.p, crt.pk_raw.len, out);
    mbedtls_x509_crt_free(&crt);
    return err;
}

/* The three parts of a request, as views into it. */
struct csr_parts {
    struct str body;      /* CertificationRequestInfo with its header: what is signed */
    struct str algorithm; /* AlgorithmIdentifier with its header */
    struct str signature; /* content of the BIT STRING */
};

/* Take one SEQUENCE, header included, off the front. */
static bool take_sequence(unsigned char **p, const unsigned char *end, struct str *out)
{
    unsigned char *start = *p;
    size_t n = 0;
    int tag = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;
    if (mbedtls_asn1_get_tag(p, end, &n, tag) != 0)
        return false;
    *p += n;
    *out = (struct str){(const char *)start, (size_t)(*p - start)};
    return true;
}

static bool split_csr(unsigned char *der, size_t n, struct csr_parts *out)
{
    unsigned char *p = der;
    const unsigned char *end = der + n;
    size_t len = 0;
    int tag = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE;
    if (mbedtls_asn1_get_tag(&p, end, &len, tag) != 0 || len != (size_t)(end - p))
        return false;
    if (!take_sequence(&p, end, &out->body) || !take_sequence(&p, end, &out->algorithm))
        return false;
    if (mbedtls_asn1_get_bitstring_null(&p, end, &len) != 0 || len != (size_t)(end - p))
        return false;
    out->signature = (struct str){(const char *)p, len};
    return true;
}

static bool is_ecdsa_sha256(struct str algorithm)
{
    struct str plain = {(const char *)ecdsa_sha256, sizeof ecdsa_sha256};
    struct str with_null = {(const char *)ecdsa_sha256_null, sizeof ecdsa_sha256_null};
    return str_eq(algorithm, plain) || str_eq(algorithm, with_null);
}

enum err cert_csr_check(struct str csr, uint8_t out[CERT_PUBLIC_BYTES])
{
    if (csr.n > CERT_CSR_BYTES_MAX)
        return ERR_LIMIT;
    if (csr.n == 0)
        return ERR_INVALID;
    unsigned char der[CERT_CSR_BYTES_MAX];
    memcpy(der, csr.p, csr.n);
    struct csr_parts parts;
    if (!split_csr(der, csr.n, &parts) || !is_ecdsa_sha256(parts.algorithm))
        return ERR_INVALID;
    mbedtls_x509_csr req;
    mbedtls_x509_csr_init(&req);
    enum err err = ERR_INVALID;
    uint8_t public[CERT_PUBLIC_BYTES];
    if (mbedtls_x509_csr_parse_der(&req, der, csr.n) != 0 ||
        public_of_pk(&req.pk, public) != ERR_OK)
        goto out;
    /* Parsing does not check that the asker holds the private key: that is up to us. */
    uint8_t hash[CRYPT_DIGEST_BYTES];
    crypt_sha256(parts.body.p, parts.body.n, hash);
    if (mbedtls_pk_verify(&req.pk, MBEDTLS_MD_SHA256, hash, sizeof hash,
                          bytes_of(parts.signature), parts.signature.n) != 0)
        goto out;
    memcpy(out, public, sizeof public);
    err = ERR_OK;
out:
    mbedtls_x509_csr_free(&req);
    return err;
}

void cert_fingerprint(const uint8_t public[CERT_PUBLIC_BYTES],
                      uint8_t out[CERT_FINGERPRINT_BYTES])
{
    crypt_sha256(public, CERT_PUBLIC_BYTES, out);
}

enum err cert_key_fingerprint(struct str key, uint8_t out[CERT_FINGERPRINT_BYTES])
{
    uint8_t public[CERT_PUBLIC_BYTES];
    enum err err = cert_key_public(key, public);
    if (err == ERR_OK)
        cert_fingerprint(public, out);
    return err;
}

enum err cert_cert_fingerprint(struct str cert, uint8_t out[CERT_FINGERPRINT_BYTES])
{
    uint8_t public[CERT_PUBLIC_BYTES];
    enum err err = cert_public(cert, public);
    if (err == ERR_OK)
        cert_fingerprint(public, out);
    return err;
}

enum err cert_csr_fingerprint(struct str csr, uint8_t out[CERT_FINGERPRINT_BYTES])
{
    uint8_t public[CERT_PUBLIC_BYTES];
    enum err err = cert_csr_check(csr, public);
    if (err == ERR_OK)
        cert_fingerprint(public, out);
    return err;
}

/* What all certificates share: version, algorithm, issuer, dates, a random serial, key ids. */
static int fill_common(mbedtls_x509write_cert *crt, mbedtls_pk_context *subject,
                       mbedtls_pk_context *issuer, const char *name)
{
    unsigned char serial[SERIAL_BYTES];
    random_bytes(serial, sizeof serial);
    /* Positive, and 16 bytes long whatever was drawn. */
    serial[0] = (unsigned char)((serial[0] & 0x7f) | 0x40);
    mbedtls_x509write_crt_set_version(crt, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(crt, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(crt, subject);
    mbedtls_x509write_crt_set_issuer_key(crt, issuer);
    int ret = compat_crt_set_serial(crt, serial, sizeof serial);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_validity(crt, NOT_BEFORE, NOT_AFTER);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_issuer_name(crt, CA_NAME);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_subject_name(crt, name);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_subject_key_identifier(crt);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_authority_key_identifier(crt);
    return ret;
}

static enum err write_cert(mbedtls_x509write_cert *crt, struct buf *der)
{
    unsigned char block[CERT_BYTES_MAX];
    int n = mbedtls_x509write_crt_der(crt, block, sizeof block, compat_rng, NULL);
    return append_tail(der, block, sizeof block, n);
}

enum err cert_ca_new(struct str ca_key, struct buf *der)
{
    mbedtls_pk_context pk;
    mbedtls_x509write_cert crt;
    mbedtls_pk_init(&pk);
    mbedtls_x509write_crt_init(&crt);
    enum err err = parse_key(ca_key, &pk);
    if (err != ERR_OK)
        goto out;
    err = ERR_NOMEM;
    if (fill_common(&crt, &pk, &pk, CA_NAME) != 0)
        goto out;
    if (mbedtls_x509write_crt_set_basic_constraints(&crt, 1, 0) != 0)
        goto out;
    if (mbedtls_x509write_crt_set_key_usage(&crt, MBEDTLS_X509_KU_KEY_CERT_SIGN |
                                                      MBEDTLS_X509_KU_CRL_SIGN) != 0)
        goto out;
    err = write_cert(&crt, der);
out:
    mbedtls_x509write_crt_free(&crt);
    mbedtls_pk_free(&pk);
    return err;
}

enum err cert_csr_new(struct str key, struct buf *der)
{
    mbedtls_pk_context pk;
    mbedtls_x509write_csr req;
    mbedtls_pk_init(&pk);
    mbedtls_x509write_csr_init(&req);
    unsigned char block[CERT_CSR_BYTES_MAX];
    enum err err = parse_key(key, &pk);
    if (err != ERR_OK)
        goto out;
    err = ERR_NOMEM;
    mbedtls_x509write_csr_set_md_alg(&req, MBEDTLS_MD_SHA256);
    mbedtls_x509write_csr_set_key(&req, &pk);
    /* The server ignores it; a request must have a subject. */
    if (mbedtls_x509write_csr_set_subject_name(&req, "CN=jalon") != 0)
        goto out;
    err = append_tail(der, block, sizeof block,
                      mbedtls_x509write_csr_der(&req, block, sizeof block, compat_rng, NULL));
out:
    mbedtls_x509write_csr_free(&req);
    mbedtls_pk_free(&pk);
    return err;
}

/* What differs between the kinds of leaves. */
struct leaf {
    const char *cn;     /* of its subject; a device's fingerprint follows … */
    bool numbered;      /* … if this says so */
    const uint8_t *eku; /* what it is good for */
    size_t eku_bytes;
    const uint8_t *san; /* names it carries; NULL: none */
    size_t san_bytes;
};
static const struct leaf leaves[] = {
    [CERT_SERVER] = {"CN=jalond", false, server_auth, sizeof server_auth, server_san,
                     sizeof server_san},
    [CERT_DEVICE] = {"CN=dev-", true, client_auth, sizeof client_auth, NULL, 0},
    [CERT_RELAY] = {"CN=relay-", true, both_auth, sizeof both_auth, relay_san,
                    sizeof relay_san},
};

static int fill_leaf(mbedtls_x509write_cert *crt, const struct leaf *leaf)
{
    int ret = mbedtls_x509write_crt_set_basic_constraints(crt, 0, -1);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_key_usage(crt, MBEDTLS_X509_KU_DIGITAL_SIGNATURE);
    if (ret == 0)
        ret = mbedtls_x509write_crt_set_extension(
            crt, MBEDTLS_OID_EXTENDED_KEY_USAGE,
            MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), 1, leaf->eku, leaf->eku_bytes);
    if (ret == 0 && leaf->san != NULL)
        ret = mbedtls_x509write_crt_set_extension(
            crt, MBEDTLS_OID_SUBJECT_ALT_NAME, MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME),
            0, leaf->san, leaf->san_bytes);
    return ret;
}

static void leaf_name(const struct leaf *leaf, const uint8_t *device, char out[NAME_BYTES_MAX])
{
    int at = snprintf(out, NAME_BYTES_MAX, "%s", leaf->cn);
    for (size_t i = 0; leaf->numbered && i < CERT_DEVICE_BYTES; i++)
        at += snprintf(out + at, NAME_BYTES_MAX - (size_t)at, "%02x", device[i]);
}

/* Does the certificate belong to the key that is about to sign in its name? */
static enum err check_ca(struct str ca_key, struct str ca_cert)
{
    uint8_t of_key[CERT_PUBLIC_BYTES];
    uint8_t of_cert[CERT_PUBLIC_BYTES];
    enum err err = cert_key_public(ca_key, of_key);
    if (err == ERR_OK)
        err = cert_public(ca_cert, of_cert);
    if (err == ERR_OK && memcmp(of_key, of_cert, sizeof of_key) != 0)
        err = ERR_INVALID;
    return err;
}

enum err cert_issue(struct str ca_key, struct str ca_cert,
                    const uint8_t public[CERT_PUBLIC_BYTES], enum cert_kind kind,
                    const uint8_t device[CERT_DEVICE_BYTES], struct buf *der)
{
    const struct leaf *leaf = &leaves[kind];
    must(leaf->numbered == (device != NULL));
    enum err err = check_ca(ca_key, ca_cert);
    if (err != ERR_OK)
        return err;
    mbedtls_pk_context issuer;
    mbedtls_pk_context subject;
    mbedtls_x509write_cert crt;
    mbedtls_pk_init(&issuer);
    mbedtls_pk_init(&subject);
    mbedtls_x509write_crt_init(&crt);
    err = parse_key(ca_key, &issuer);
    if (err != ERR_OK)
        goto out;
    err = ERR_INVALID;
    if (memcmp(public, p256_prefix, sizeof p256_prefix) != 0 ||
        mbedtls_pk_parse_public_key(&subject, public, CERT_PUBLIC_BYTES) != 0)
        goto out;
    err = ERR_NOMEM;
    char name[NAME_BYTES_MAX];
    leaf_name(leaf, device, name);
    if (fill_common(&crt, &subject, &issuer, name) != 0 || fill_leaf(&crt, leaf) != 0)
        goto out;
    err = write_cert(&crt, der);
out:
    mbedtls_x509write_crt_free(&crt);
    mbedtls_pk_free(&subject);
    mbedtls_pk_free(&issuer);
    return err;
}

bool cert_names_relay(const mbedtls_x509_crt *crt)
{
    enum { DNS_NAME = MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2 };
    static const char name[] = CERT_RELAY_NAME;
    const mbedtls_x509_sequence *san = &crt->subject_alt_names;
    return san->next == NULL && san->buf.tag == DNS_NAME && san->buf.len == sizeof name - 1 &&
           memcmp(san->buf.p, name, sizeof name - 1) == 0;
}

bool cert_is_relay(struct str cert)
{
    mbedtls_x509_crt crt;
    mbedtls_x509_crt_init(&crt);
    bool is = cert.n > 0 && cert.n <= CERT_BYTES_MAX &&
              mbedtls_x509_crt_parse_der(&crt, bytes_of(cert), cert.n) == 0 &&
              cert_names_relay(&crt);
    mbedtls_x509_crt_free(&crt);
    return is;
}

/* ---- what a key does besides ---- */

/* A public key as another party wrote it; the library checks that its point is on the curve. */
static enum err parse_public(const uint8_t public[CERT_PUBLIC_BYTES], mbedtls_pk_context *pk)
{
    if (memcmp(public, p256_prefix, sizeof p256_prefix) != 0)
        return ERR_INVALID;
    return mbedtls_pk_parse_public_key(pk, public, CERT_PUBLIC_BYTES) == 0 ? ERR_OK
                                                                           : ERR_INVALID;
}

/* Our own key; only P-256 will do. */
static enum err parse_own(struct str key, mbedtls_pk_context *pk)
{
    enum err err = parse_key(key, pk);
    if (err != ERR_OK)
        return err;
    const mbedtls_ecp_keypair *ec = mbedtls_pk_ec(*pk);
    return ec != NULL && ec->grp.id == MBEDTLS_ECP_DP_SECP256R1 ? ERR_OK : ERR_INVALID;
}

enum err cert_agree(struct str key, const uint8_t public[CERT_PUBLIC_BYTES],
                    uint8_t out[CERT_SECRET_BYTES])
{
    mbedtls_pk_context own;
    mbedtls_pk_context theirs;
    mbedtls_mpi z;
    mbedtls_pk_init(&own);
    mbedtls_pk_init(&theirs);
    mbedtls_mpi_init(&z);
    enum err err = parse_own(key, &own);
    if (err == ERR_OK)
        err = parse_public(public, &theirs);
    if (err == ERR_OK &&
        (mbedtls_ecdh_compute_shared(&mbedtls_pk_ec(own)->grp, &z, &mbedtls_pk_ec(theirs)->Q,
                                     &mbedtls_pk_ec(own)->d, compat_rng, NULL) != 0 ||
         mbedtls_mpi_write_binary(&z, out, CERT_SECRET_BYTES) != 0))
        err = ERR_INVALID;
    mbedtls_mpi_free(&z);
    mbedtls_pk_free(&theirs);
    mbedtls_pk_free(&own);
    return err;
}

enum err cert_sign(struct str key, const uint8_t digest[CERT_FINGERPRINT_BYTES],
                   uint8_t out[CERT_SIGNATURE_BYTES])
{
    enum { HALF = CERT_SIGNATURE_BYTES / 2 };
    mbedtls_pk_context pk;
    mbedtls_mpi r;
    mbedtls_mpi s;
    mbedtls_pk_init(&pk);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    enum err err = parse_own(key, &pk);
    if (err == ERR_OK &&
        (mbedtls_ecdsa_sign(&mbedtls_pk_ec(pk)->grp, &r, &s, &mbedtls_pk_ec(pk)->d, digest,
                            CERT_FINGERPRINT_BYTES, compat_rng, NULL) != 0 ||
         mbedtls_mpi_write_binary(&r, out, HALF) != 0 ||
         mbedtls_mpi_write_binary(&s, out + HALF, HALF) != 0))
        err = ERR_INVALID;
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    mbedtls_pk_free(&pk);
    return err;
}

enum err cert_verify(const uint8_t public[CERT_PUBLIC_BYTES],
                     const uint8_t digest[CERT_FINGERPRINT_BYTES],
                     const uint8_t signature[CERT_SIGNATURE_BYTES])
{
    enum { HALF = CERT_SIGNATURE_BYTES / 2 };
    mbedtls_pk_context pk;
    mbedtls_mpi r;
    mbedtls_mpi s;
    mbedtls_pk_init(&pk);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    enum err err = parse_public(public, &pk);
    if (err == ERR_OK &&
        (mbedtls_mpi_read_binary(&r, signature, HALF) != 0 ||
         mbedtls_mpi_read_binary(&s, signature + HALF, HALF) != 0 ||
         mbedtls_ecdsa_verify(&mbedtls_pk_ec(pk)->grp, digest, CERT_FINGERPRINT_BYTES,
                              &mbedtls_pk_ec(pk)->Q, &r, &s) != 0))
        err = ERR_INVALID;
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    mbedtls_pk_free(&pk);
    return err;
}
