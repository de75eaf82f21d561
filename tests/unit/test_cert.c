/* SPDX-License-Identifier: Apache-2.0 */
#include "io/cert.h"

#include "io/crypt.h"
#include "io/random.h"
#include "proto/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Requests with a correct signature, but keys we do not take. */
static const uint8_t rsa_csr[] = {
    0x30, 0x82, 0x01, 0x4b, 0x30, 0x81, 0xb5, 0x02, 0x01, 0x00, 0x30, 0x0c, 0x31, 0x0a, 0x30,
    0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x01, 0x78, 0x30, 0x81, 0x9f, 0x30, 0x0d, 0x06,
    0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x03, 0x81, 0x8d,
    0x00, 0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00, 0xa9, 0x16, 0x20, 0x7d, 0x61, 0x6e, 0x47,
    0x13, 0x4a, 0xd1, 0x12, 0x50, 0x33, 0xd4, 0xac, 0x9d, 0x42, 0xf2, 0xcb, 0xfc, 0x77, 0x0d,
    0x75, 0x07, 0x83, 0xc2, 0x51, 0xa7, 0xcf, 0x13, 0xcc, 0x6d, 0x6a, 0x2f, 0x0d, 0xe3, 0x5d,
    0xcd, 0xa1, 0x8c, 0x08, 0xad, 0x12, 0x6b, 0xab, 0x68, 0x79, 0xa8, 0x5e, 0x37, 0x1a, 0x84,
    0xe4, 0x03, 0x26, 0x4c, 0xb7, 0xc0, 0xa3, 0xec, 0x53, 0x02, 0xb1, 0x1a, 0xa4, 0x1b, 0x94,
    0x81, 0xf5, 0x51, 0x66, 0x19, 0x6f, 0x59, 0x13, 0xbd, 0x9f, 0xa7, 0xea, 0x37, 0xc6, 0x70,
    0x7b, 0x39, 0xc5, 0x3e, 0x23, 0x74, 0x48, 0x5e, 0x97, 0xe4, 0x13, 0x5e, 0x15, 0xc6, 0xac,
    0x51, 0x11, 0x0d, 0x93, 0xa9, 0xc0, 0x4b, 0x9c, 0x6e, 0x48, 0x46, 0xc0, 0x6f, 0xdf, 0x87,
    0xaf, 0x94, 0x22, 0x15, 0xe4, 0x93, 0xe4, 0x89, 0xe0, 0x28, 0xa5, 0xc3, 0x11, 0x06, 0x20,
    0x41, 0x02, 0x03, 0x01, 0x00, 0x01, 0xa0, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48,
    0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00, 0x03, 0x81, 0x81, 0x00, 0x59, 0xac, 0x01,
    0x91, 0x11, 0x69, 0x55, 0x86, 0x86, 0xdb, 0x2f, 0xa4, 0x50, 0x91, 0x6c, 0xca, 0xbd, 0xae,
    0x69, 0xde, 0xe7, 0x42, 0x9c, 0x29, 0x78, 0xe7, 0x08, 0x2f, 0xa3, 0xe6, 0xc1, 0x3e, 0x55,
    0x7d, 0xfd, 0xbc, 0x36, 0x4c, 0xf9, 0xb0, 0xcf, 0x93, 0xe3, 0xda, 0x2b, 0xe6, 0x62, 0xe6,
    0x1c, 0x1d, 0x58, 0xf0, 0xb6, 0x57, 0x95, 0x16, 0xe0, 0x92, 0xd1, 0x7e, 0x7e, 0xf6, 0x78,
    0x8c, 0xc1, 0x27, 0x09, 0xa1, 0xd9, 0x9a, 0xff, 0x4f, 0xf2, 0xbf, 0x48, 0x42, 0xc0, 0x88,
    0xf3, 0x4f, 0x7d, 0x80, 0x94, 0xb4, 0x12, 0xa4, 0xce, 0x8e, 0x73, 0x8e, 0x70, 0x46, 0xc5,
    0x81, 0xa0, 0x05, 0xb0, 0x0b, 0x22, 0xc8, 0xc5, 0x38, 0x01, 0xb8, 0x5b, 0x62, 0x6f, 0x68,
    0x0c, 0x19, 0x97, 0xcf, 0xc3, 0x8b, 0x07, 0xf1, 0x18, 0x1e, 0xe3, 0x9b, 0x52, 0xd1, 0xbb,
    0xf1, 0x26, 0xda, 0x91, 0x0d};
static const uint8_t p384_csr[] = {
    0x30, 0x82, 0x01, 0x04, 0x30, 0x81, 0x8b, 0x02, 0x01, 0x00, 0x30, 0x0c, 0x31, 0x0a, 0x30,
    0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x01, 0x78, 0x30, 0x76, 0x30, 0x10, 0x06, 0x07,
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03,
    0x62, 0x00, 0x04, 0xdb, 0x74, 0xc4, 0x66, 0x41, 0x60, 0x1b, 0x08, 0xb8, 0x3a, 0x20, 0xd2,
    0xb8, 0x30, 0xff, 0x26, 0xc0, 0x29, 0x2a, 0x9d, 0x33, 0x1c, 0xca, 0x33, 0xb2, 0x04, 0x17,
    0x4a, 0xd5, 0x02, 0x3a, 0x08, 0x38, 0xe0, 0xe6, 0x08, 0x18, 0x3c, 0x5b, 0x96, 0x8a, 0xeb,
    0x21, 0x0b, 0xe1, 0x03, 0x43, 0x68, 0x80, 0x4d, 0x87, 0x33, 0xb9, 0x75, 0xce, 0x78, 0x06,
    0xe1, 0xb4, 0x18, 0x76, 0x48, 0x16, 0x6a, 0x78, 0x9d, 0x0e, 0xf9, 0x64, 0x47, 0xd7, 0xc4,
    0xb4, 0xfa, 0x8a, 0xe7, 0x91, 0x4d, 0x00, 0x7f, 0xca, 0xd1, 0x1f, 0x3d, 0xe8, 0x43, 0x99,
    0x0d, 0xc5, 0x56, 0x62, 0x84, 0xa2, 0xce, 0x79, 0x48, 0xa0, 0x00, 0x30, 0x0a, 0x06, 0x08,
    0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x03, 0x68, 0x00, 0x30, 0x65, 0x02, 0x31,
    0x00, 0xc2, 0x7e, 0x71, 0x2a, 0x4a, 0x4c, 0x2b, 0x60, 0xb1, 0x6d, 0x14, 0x60, 0x89, 0xef,
    0x4a, 0x57, 0x0e, 0x7f, 0xd3, 0x32, 0xce, 0x35, 0x32, 0x76, 0x2b, 0xeb, 0xac, 0x45, 0xe3,
    0x63, 0x21, 0x8e, 0xec, 0x7e, 0xff, 0xe8, 0x4a, 0x19, 0xbc, 0x56, 0x10, 0x56, 0x8b, 0x9c,
    0xbe, 0x2d, 0x9a, 0x38, 0x02, 0x30, 0x6f, 0xcb, 0xf3, 0xbb, 0xf9, 0xbc, 0xbe, 0x07, 0x8f,
    0x35, 0xbf, 0x2c, 0x42, 0x5f, 0x9b, 0x80, 0x86, 0xe8, 0xac, 0x4f, 0x23, 0x3d, 0x7f, 0x8d,
    0x17, 0x79, 0x09, 0x7f, 0x8d, 0xfc, 0x3a, 0xd5, 0x32, 0x5b, 0xc0, 0x8c, 0x08, 0x45, 0x20,
    0x63, 0x7c, 0x9e, 0x49, 0xac, 0x1d, 0xe8, 0xb2, 0x0c};

static const uint8_t device_id[CERT_DEVICE_BYTES] = {0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3};

/* A CA, a device key and its request. */
struct ca {
    struct buf key;
    struct buf cert;
    struct buf device_key;
    struct buf csr;
};

static int setup(void **state)
{
    crypt_start();
    struct ca *ca = mem_new(sizeof *ca);
    assert_non_null(ca);
    assert_int_equal(cert_key_new(&ca->key), ERR_OK);
    assert_int_equal(cert_ca_new(buf_str(&ca->key), &ca->cert), ERR_OK);
    assert_int_equal(cert_key_new(&ca->device_key), ERR_OK);
    assert_int_equal(cert_csr_new(buf_str(&ca->device_key), &ca->csr), ERR_OK);
    *state = ca;
    return 0;
}

static int teardown(void **state)
{
    struct ca *ca = *state;
    cert_key_done(&ca->key);
    cert_key_done(&ca->device_key);
    buf_done(&ca->cert);
    buf_done(&ca->csr);
    mem_free(ca);
    return 0;
}

static bool contains(const struct buf *der, const void *bytes, size_t n)
{
    return memmem(der->p, der->n, bytes, n) != NULL;
}

static void issue(const struct ca *ca, enum cert_kind kind, struct buf *out)
{
    uint8_t public[CERT_PUBLIC_BYTES];
    assert_int_equal(cert_csr_check(buf_str(&ca->csr), public), ERR_OK);
    assert_int_equal(cert_issue(buf_str(&ca->key), buf_str(&ca->cert), public, kind,
                                kind == CERT_DEVICE ? device_id : NULL, out),
                     ERR_OK);
}

static void key_request_and_certificate_have_one_fingerprint(void **state)
{
    const struct ca *ca = *state;
    struct buf cert = {0};
    issue(ca, CERT_DEVICE, &cert);
    uint8_t of_key[CERT_FINGERPRINT_BYTES];
    uint8_t of_csr[CERT_FINGERPRINT_BYTES];
    uint8_t of_cert[CERT_FINGERPRINT_BYTES];
    uint8_t of_ca[CERT_FINGERPRINT_BYTES];
    assert_int_equal(cert_key_fingerprint(buf_str(&ca->device_key), of_key), ERR_OK);
    assert_int_equal(cert_csr_fingerprint(buf_str(&ca->csr), of_csr), ERR_OK);
    assert_int_equal(cert_cert_fingerprint(buf_str(&cert), of_cert), ERR_OK);
    assert_int_equal(cert_cert_fingerprint(buf_str(&ca->cert), of_ca), ERR_OK);
    assert_memory_equal(of_key, of_csr, sizeof of_key);
    assert_memory_equal(of_key, of_cert, sizeof of_key);
    assert_memory_not_equal(of_key, of_ca, sizeof of_key);
    buf_done(&cert);
}

static void keys_differ_and_are_wiped(void **state)
{
    const struct ca *ca = *state;
    struct buf key = {0};
    assert_int_equal(cert_key_new(&key), ERR_OK);
    assert_true(key.n != ca->key.n || memcmp(key.p, ca->key.p, key.n) != 0);
    cert_key_done(&key);
    assert_null(key.p);
    cert_key_done(&key);
}

static void device_certificate_says_what_it_is_for(void **state)
{
    struct buf cert = {0};
    issue(*state, CERT_DEVICE, &cert);
    const uint8_t eku_client[] = {0x06, 0x03, 0x55, 0x1d, 0x25, 0x01, 0x01, 0xff,
                                  0x04, 0x0c, 0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06,
                                  0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
    const uint8_t basic_no_ca[] = {0x06, 0x03, 0x55, 0x1d, 0x13, 0x04, 0x02, 0x30, 0x00};
    const uint8_t usage_sign[] = {0x06, 0x03, 0x55, 0x1d, 0x0f, 0x01, 0x01,
                                  0xff, 0x04, 0x04, 0x03, 0x02, 0x07, 0x80};
    assert_true(contains(&cert, eku_client, sizeof eku_client));
    assert_true(contains(&cert, basic_no_ca, sizeof basic_no_ca));
    assert_true(contains(&cert, usage_sign, sizeof usage_sign));
    assert_true(contains(&cert, "dev-deadbeef00010203", 20));
    assert_false(contains(&cert, CERT_SERVER_NAME, strlen(CERT_SERVER_NAME)));
    buf_done(&cert);
}

static void server_certificate_carries_the_fixed_name(void **state)
{
    struct buf cert = {0};
    issue(*state, CERT_SERVER, &cert);
    const uint8_t eku_server[] = {0x06, 0x03, 0x55, 0x1d, 0x25, 0x01, 0x01, 0xff,
                                  0x04, 0x0c, 0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06,
                                  0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
    assert_true(contains(&cert, eku_server, sizeof eku_server));
    assert_true(contains(&cert, CERT_SERVER_NAME, strlen(CERT_SERVER_NAME)));
    assert_false(contains(&cert, "dev-", 4));
    buf_done(&cert);
}

static void dates_run_from_2000_to_2099(void **state)
{
    struct buf cert = {0};
    issue(*state, CERT_DEVICE, &cert);
    assert_true(contains(&cert, "000101000000Z", 13));
    assert_true(contains(&cert, "20991231235959Z", 15));
    buf_done(&cert);
}

static void serials_are_sixteen_positive_random_bytes(void **state)
{
    struct buf certs[8] = {{0}};
    /* SEQUENCE, SEQUENCE, [0] version, then INTEGER of 16 bytes. */
    enum { SERIAL_AT = 15 };
    for (size_t i = 0; i < 8; i++) {
        issue(*state, CERT_DEVICE, &certs[i]);
        assert_int_equal(certs[i].p[SERIAL_AT - 2], 0x02);
        assert_int_equal(certs[i].p[SERIAL_AT - 1], 16);
        assert_int_equal(certs[i].p[SERIAL_AT] & 0xc0, 0x40);
    }
    assert_memory_not_equal(certs[0].p + SERIAL_AT, certs[1].p + SERIAL_AT, 16);
    for (size_t i = 0; i < 8; i++)
        buf_done(&certs[i]);
}

static void a_ca_cannot_sign_with_anothers_key(void **state)
{
    const struct ca *ca = *state;
    uint8_t public[CERT_PUBLIC_BYTES];
    struct buf cert = {0};
    assert_int_equal(cert_csr_check(buf_str(&ca->csr), public), ERR_OK);
    assert_int_equal(cert_issue(buf_str(&ca->device_key), buf_str(&ca->cert), public,
                                CERT_SERVER, NULL, &cert),
                     ERR_INVALID);
    assert_int_equal(cert.n, 0);
}

static void no_certificate_for_a_point_off_the_curve(void **state)
{
    const struct ca *ca = *state;
    uint8_t public[CERT_PUBLIC_BYTES];
    struct buf cert = {0};
    assert_int_equal(cert_csr_check(buf_str(&ca->csr), public), ERR_OK);
    public[CERT_PUBLIC_BYTES - 1] ^= 1;
    assert_int_equal(
        cert_issue(buf_str(&ca->key), buf_str(&ca->cert), public, CERT_SERVER, NULL, &cert),
        ERR_INVALID);
    assert_int_equal(cert.n, 0);
}

static void a_request_changed_anywhere_is_refused(void **state)
{
    const struct ca *ca = *state;
    uint8_t public[CERT_PUBLIC_BYTES];
    uint8_t der[CERT_CSR_BYTES_MAX];
    assert_int_equal(cert_csr_check(buf_str(&ca->csr), public), ERR_OK);
    for (size_t i = 0; i < ca->csr.n; i++) {
        memcpy(der, ca->csr.p, ca->csr.n);
        der[i] ^= 0x01;
        struct str csr = {(const char *)der, ca->csr.n};
        assert_int_equal(cert_csr_check(csr, public), ERR_INVALID);
    }
}

static void a_request_cut_or_with_a_tail_is_refused(void **state)
{
    const struct ca *ca = *state;
    uint8_t public[CERT_PUBLIC_BYTES];
    for (size_t n = 0; n < ca->csr.n; n++) {
        struct str csr = {(const char *)ca->csr.p, n};
        assert_int_equal(cert_csr_check(csr, public), ERR_INVALID);
    }
    uint8_t der[CERT_CSR_BYTES_MAX] = {0};
    memcpy(der, ca->csr.p, ca->csr.n);
    struct str longer = {(const char *)der, ca->csr.n + 1};
    assert_int_equal(cert_csr_check(longer, public), ERR_INVALID);
}

static void requests_for_other_kinds_of_keys_are_refused(void **state)
{
    (void)state;
    uint8_t public[CERT_PUBLIC_BYTES];
    struct str rsa = {(const char *)rsa_csr, sizeof rsa_csr};
    struct str p384 = {(const char *)p384_csr, sizeof p384_csr};
    assert_int_equal(cert_csr_check(rsa, public), ERR_INVALID);
    assert_int_equal(cert_csr_check(p384, public), ERR_INVALID);
}

static void a_huge_request_is_refused_unread(void **state)
{
    const struct ca *ca = *state;
    uint8_t public[CERT_PUBLIC_BYTES];
    struct buf huge = {0};
    buf_add(&huge, ca->csr.p, ca->csr.n);
    assert_true(buf_reserve(&huge, CERT_CSR_BYTES_MAX));
    memset(huge.p + huge.n, 0, CERT_CSR_BYTES_MAX);
    huge.n += CERT_CSR_BYTES_MAX;
    assert_int_equal(cert_csr_check(buf_str(&huge), public), ERR_LIMIT);
    buf_done(&huge);
}

static void noise_is_no_key_and_no_certificate(void **state)
{
    (void)state;
    uint8_t public[CERT_PUBLIC_BYTES];
    uint8_t noise[300];
    for (int round = 0; round < 200; round++) {
        random_bytes(noise, sizeof noise);
        noise[0] = 0x30;
        struct str s = {(const char *)noise, sizeof noise};
        assert_int_equal(cert_key_public(s, public), ERR_INVALID);
        assert_int_equal(cert_public(s, public), ERR_INVALID);
        assert_int_equal(cert_csr_check(s, public), ERR_INVALID);
    }
    struct str none = {NULL, 0};
    assert_int_equal(cert_key_public(none, public), ERR_INVALID);
    assert_int_equal(cert_public(none, public), ERR_INVALID);
    assert_int_equal(cert_csr_check(none, public), ERR_INVALID);
}

/* ---- what a key does besides ---- */

/* The private key with this number, DER without the public part. */
static void private_key(const uint8_t d[32], struct buf *out)
{
    static const uint8_t before[] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20};
    static const uint8_t after[] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    buf_add(out, before, sizeof before);
    buf_add(out, d, 32);
    buf_add(out, after, sizeof after);
}

/* A public key with this point. */
static void public_key(const uint8_t point[64], uint8_t out[CERT_PUBLIC_BYTES])
{
    struct buf key = {0};
    assert_int_equal(cert_key_new(&key), ERR_OK);
    assert_int_equal(cert_key_public(buf_str(&key), out), ERR_OK);
    memcpy(out + CERT_PUBLIC_BYTES - 64, point, 64);
    cert_key_done(&key);
}

/* NIST CAVS, ECC CDH primitive, P-256, count 0. */
static void two_keys_agree_on_a_secret(void **state)
{
    (void)state;
    static const uint8_t d[] = {0x7d, 0x7d, 0xc5, 0xf7, 0x1e, 0xb2, 0x9d, 0xda,
                                0xf8, 0x0d, 0x62, 0x14, 0x63, 0x2e, 0xea, 0xe0,
                                0x3d, 0x90, 0x58, 0xaf, 0x1f, 0xb6, 0xd2, 0x2e,
                                0xd8, 0x0b, 0xad, 0xb6, 0x2b, 0xc1, 0xa5, 0x34};
    static const uint8_t point[] = {
        0x70, 0x0c, 0x48, 0xf7, 0x7f, 0x56, 0x58, 0x4c, 0x5c, 0xc6, 0x32, 0xca, 0x65,
        0x64, 0x0d, 0xb9, 0x1b, 0x6b, 0xac, 0xce, 0x3a, 0x4d, 0xf6, 0xb4, 0x2c, 0xe7,
        0xcc, 0x83, 0x88, 0x33, 0xd2, 0x87, 0xdb, 0x71, 0xe5, 0x09, 0xe3, 0xfd, 0x9b,
        0x06, 0x0d, 0xdb, 0x20, 0xba, 0x5c, 0x51, 0xdc, 0xc5, 0x94, 0x8d, 0x46, 0xfb,
        0xf6, 0x40, 0xdf, 0xe0, 0x44, 0x17, 0x82, 0xca, 0xb8, 0x5f, 0xa4, 0xac};
    static const uint8_t want[] = {0x46, 0xfc, 0x62, 0x10, 0x64, 0x20, 0xff, 0x01,
                                   0x2e, 0x54, 0xa4, 0x34, 0xfb, 0xdd, 0x2d, 0x25,
                                   0xcc, 0xc5, 0x85, 0x20, 0x60, 0x56, 0x1e, 0x68,
                                   0x04, 0x0d, 0xd7, 0x77, 0x89, 0x97, 0xbd, 0x7b};
    uint8_t public[CERT_PUBLIC_BYTES];
    uint8_t secret[CERT_SECRET_BYTES];
    struct buf key = {0};
    private_key(d, &key);
    public_key(point, public);
    assert_int_equal(cert_agree(buf_str(&key), public, secret), ERR_OK);
    assert_memory_equal(secret, want, sizeof want);
    /* No point off the curve, or at infinity: it would tell the private key bit by bit. */
    public[CERT_PUBLIC_BYTES - 1] ^= 1;
    assert_int_equal(cert_agree(buf_str(&key), public, secret), ERR_INVALID);
    memset(public + CERT_PUBLIC_BYTES - 64, 0, 64);
    assert_int_equal(cert_agree(buf_str(&key), public, secret), ERR_INVALID);
    public_key(point, public);
    public[0] ^= 1;
    assert_int_equal(cert_agree(buf_str(&key), public, secret), ERR_INVALID);
    assert_int_equal(cert_agree(STR("no key"), public, secret), ERR_INVALID);
    cert_key_done(&key);
}

static void either_side_comes_to_the_same_secret(void **state)
{
    (void)state;
    struct buf key[2] = {{0}, {0}};
    uint8_t public[2][CERT_PUBLIC_BYTES];
    uint8_t secret[2][CERT_SECRET_BYTES];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(cert_key_new(&key[i]), ERR_OK);
        assert_int_equal(cert_key_public(buf_str(&key[i]), public[i]), ERR_OK);
    }
    assert_int_equal(cert_agree(buf_str(&key[0]), public[1], secret[0]), ERR_OK);
    assert_int_equal(cert_agree(buf_str(&key[1]), public[0], secret[1]), ERR_OK);
    assert_memory_equal(secret[0], secret[1], CERT_SECRET_BYTES);
    cert_key_done(&key[0]);
    cert_key_done(&key[1]);
}

/* RFC 6979 A.2.5: the signature of "sample". */
static void a_signature_is_checked_as_others_make_it(void **state)
{
    (void)state;
    static const uint8_t point[] = {
        0x60, 0xfe, 0xd4, 0xba, 0x25, 0x5a, 0x9d, 0x31, 0xc9, 0x61, 0xeb, 0x74, 0xc6,
        0x35, 0x6d, 0x68, 0xc0, 0x49, 0xb8, 0x92, 0x3b, 0x61, 0xfa, 0x6c, 0xe6, 0x69,
        0x62, 0x2e, 0x60, 0xf2, 0x9f, 0xb6, 0x79, 0x03, 0xfe, 0x10, 0x08, 0xb8, 0xbc,
        0x99, 0xa4, 0x1a, 0xe9, 0xe9, 0x56, 0x28, 0xbc, 0x64, 0xf2, 0xf1, 0xb2, 0x0c,
        0x2d, 0x7e, 0x9f, 0x51, 0x77, 0xa3, 0xc2, 0x94, 0xd4, 0x46, 0x22, 0x99};
    static const uint8_t signature[] = {
        0xef, 0xd4, 0x8b, 0x2a, 0xac, 0xb6, 0xa8, 0xfd, 0x11, 0x40, 0xdd, 0x9c, 0xd4,
        0x5e, 0x81, 0xd6, 0x9d, 0x2c, 0x87, 0x7b, 0x56, 0xaa, 0xf9, 0x91, 0xc3, 0x4d,
        0x0e, 0xa8, 0x4e, 0xaf, 0x37, 0x16, 0xf7, 0xcb, 0x1c, 0x94, 0x2d, 0x65, 0x7c,
        0x41, 0xd4, 0x36, 0xc7, 0xa1, 0xb6, 0xe2, 0x9f, 0x65, 0xf3, 0xe9, 0x00, 0xdb,
        0xb9, 0xaf, 0xf4, 0x06, 0x4d, 0xc4, 0xab, 0x2f, 0x84, 0x3a, 0xcd, 0xa8};
    uint8_t public[CERT_PUBLIC_BYTES];
    uint8_t digest[CERT_FINGERPRINT_BYTES];
    public_key(point, public);
    crypt_sha256("sample", 6, digest);
    assert_int_equal(cert_verify(public, digest, signature), ERR_OK);
    crypt_sha256("simple", 6, digest);
    assert_int_equal(cert_verify(public, digest, signature), ERR_INVALID);
}

static void only_the_owner_of_a_key_signs(void **state)
{
    (void)state;
    struct buf key = {0};
    uint8_t public[CERT_PUBLIC_BYTES];
    uint8_t digest[CERT_FINGERPRINT_BYTES] = {1, 2, 3};
    uint8_t signature[CERT_SIGNATURE_BYTES];
    assert_int_equal(cert_key_new(&key), ERR_OK);
    assert_int_equal(cert_key_public(buf_str(&key), public), ERR_OK);
    assert_int_equal(cert_sign(buf_str(&key), digest, signature), ERR_OK);
    assert_int_equal(cert_verify(public, digest, signature), ERR_OK);
    for (size_t i = 0; i < sizeof signature; i++) {
        signature[i] ^= 0x10;
        assert_int_equal(cert_verify(public, digest, signature), ERR_INVALID);
        signature[i] ^= 0x10;
    }
    uint8_t nothing[CERT_SIGNATURE_BYTES] = {0};
    assert_int_equal(cert_verify(public, digest, nothing), ERR_INVALID);
    assert_int_equal(cert_sign(STR("no key"), digest, signature), ERR_INVALID);
    cert_key_done(&key);
    assert_int_equal(cert_key_new(&key), ERR_OK);
    assert_int_equal(cert_key_public(buf_str(&key), public), ERR_OK);
    assert_int_equal(cert_verify(public, digest, signature), ERR_INVALID);
    cert_key_done(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_request_and_certificate_have_one_fingerprint),
        cmocka_unit_test(keys_differ_and_are_wiped),
        cmocka_unit_test(device_certificate_says_what_it_is_for),
        cmocka_unit_test(server_certificate_carries_the_fixed_name),
        cmocka_unit_test(dates_run_from_2000_to_2099),
        cmocka_unit_test(serials_are_sixteen_positive_random_bytes),
        cmocka_unit_test(a_ca_cannot_sign_with_anothers_key),
        cmocka_unit_test(no_certificate_for_a_point_off_the_curve),
        cmocka_unit_test(a_request_changed_anywhere_is_refused),
        cmocka_unit_test(a_request_cut_or_with_a_tail_is_refused),
        cmocka_unit_test(requests_for_other_kinds_of_keys_are_refused),
        cmocka_unit_test(a_huge_request_is_refused_unread),
        cmocka_unit_test(noise_is_no_key_and_no_certificate),
        cmocka_unit_test(two_keys_agree_on_a_secret),
        cmocka_unit_test(either_side_comes_to_the_same_secret),
        cmocka_unit_test(a_signature_is_checked_as_others_make_it),
        cmocka_unit_test(only_the_owner_of_a_key_signs),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
