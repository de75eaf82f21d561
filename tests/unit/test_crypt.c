/* SPDX-License-Identifier: Apache-2.0 */
#include "io/crypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_digest(const uint8_t digest[CRYPT_DIGEST_BYTES], const char *hex)
{
    char got[2 * CRYPT_DIGEST_BYTES + 1];
    for (size_t i = 0; i < CRYPT_DIGEST_BYTES; i++)
        (void)snprintf(got + 2 * i, 3, "%02x", digest[i]);
    assert_string_equal(got, hex);
}

static void sha256_agrees_with_fips_180(void **state)
{
    (void)state;
    uint8_t out[CRYPT_DIGEST_BYTES];
    crypt_sha256("abc", 3, out);
    assert_digest(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypt_sha256(NULL, 0, out);
    assert_digest(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    static uint8_t million[1000000];
    memset(million, 'a', sizeof million);
    crypt_sha256(million, sizeof million, out);
    assert_digest(out, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* RFC 4231, cases 1, 2, 6 and 7. */
static void hmac_agrees_with_rfc_4231(void **state)
{
    (void)state;
    uint8_t out[CRYPT_DIGEST_BYTES];
    char key[131];
    memset(key, 0x0b, 20);
    struct str data = STR("Hi There");
    crypt_hmac_sha256((struct str){key, 20}, &data, 1, out);
    assert_digest(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    data = STR("what do ya want for nothing?");
    crypt_hmac_sha256(STR("Jefe"), &data, 1, out);
    assert_digest(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    data = STR("Test Using Larger Than Block-Size Key - Hash Key First");
    crypt_hmac_sha256((struct str){key, sizeof key}, &data, 1, out);
    assert_digest(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    data = STR("This is a test using a larger than block-size key and a larger than block-size "
               "data. The key needs to be hashed before being used by the HMAC algorithm.");
    crypt_hmac_sha256((struct str){key, sizeof key}, &data, 1, out);
    assert_digest(out, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

/* The vectors of the C2SP specification. */
static void xaes_agrees_with_its_specification(void **state)
{
    static const struct {
        uint8_t key;
        const char *aad, *sealed;
    } cases[] = {{1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
                 {3, "c2sp.org/XAES-256-GCM",
                  "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"}};
    struct str plain = STR("XAES-256-GCM");
    uint8_t nonce[CRYPT_XNONCE_BYTES];
    (void)state;
    memcpy(nonce, "ABCDEFGHIJKLMNOPQRSTUVWX", sizeof nonce);
    crypt_start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t key[CRYPT_KEY_BYTES];
        uint8_t out[12 + CRYPT_TAG_BYTES];
        uint8_t back[12];
        char hex[2 * sizeof out + 1];
        struct crypt_key *k = NULL;
        memset(key, cases[i].key, sizeof key);
        assert_int_equal(crypt_key_new(key, &k), ERR_OK);
        struct str aad = str_of(cases[i].aad);
        assert_int_equal(crypt_xseal(k, nonce, aad, plain, out, out + plain.n), ERR_OK);
        for (size_t b = 0; b < sizeof out; b++)
            (void)snprintf(hex + 2 * b, 3, "%02x", out[b]);
        assert_string_equal(hex, cases[i].sealed);
        struct str sealed = {(const char *)out, plain.n};
        assert_int_equal(crypt_xopen(k, nonce, aad, sealed, out + plain.n, back), ERR_OK);
        assert_memory_equal(back, plain.p, plain.n);
        out[3] ^= 1;
        assert_int_equal(crypt_xopen(k, nonce, aad, sealed, out + plain.n, back), ERR_FORMAT);
        out[3] ^= 1;
        assert_int_equal(crypt_xopen(k, nonce, STR("x"), sealed, out + plain.n, back),
                         ERR_FORMAT);
        crypt_key_free(k);
    }
}

static void parts_are_one_message(void **state)
{
    (void)state;
    uint8_t out[CRYPT_DIGEST_BYTES];
    const struct str parts[] = {
        STR("what do ya "), {NULL, 0}, STR("want for"), STR(" nothing?")};
    crypt_hmac_sha256(STR("Jefe"), parts, 4, out);
    assert_digest(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    crypt_hmac_sha256(STR("Jefe"), parts, 3, out);
    uint8_t other[CRYPT_DIGEST_BYTES];
    crypt_hmac_sha256(STR("Jefe"), parts, 4, other);
    assert_memory_not_equal(out, other, sizeof out);
}

/* RFC 5869, case 1: its first block. */
static void derived_keys_agree_with_rfc_5869(void **state)
{
    (void)state;
    uint8_t out[CRYPT_KEY_BYTES];
    char secret[22];
    memset(secret, 0x0b, sizeof secret);
    crypt_hkdf_sha256(STR("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"),
                      (struct str){secret, sizeof secret},
                      STR("\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9"), out);
    assert_digest(out, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
}

/* Made with another implementation: key 80…9f, nonce 40…4b. */
static void sealing_agrees_with_rfc_8439(void **state)
{
    (void)state;
    static const uint8_t want[] = {
        0x37, 0xe1, 0x3e, 0x55, 0xf0, 0xd1, 0x92, 0x09, 0xfc, 0xa8, 0x41,
        0xf9, 0xed, 0x7d, 0xc6, 0x77, 0x81, 0xf7, 0x55, 0xed, 0x08,
    };
    uint8_t key[CRYPT_KEY_BYTES];
    uint8_t nonce[CRYPT_NONCE_BYTES];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(0x80 + i);
    for (size_t i = 0; i < sizeof nonce; i++)
        nonce[i] = (uint8_t)(0x40 + i);
    struct buf out = {0};
    assert_int_equal(crypt_seal(key, nonce, STR("jalon"), &out), ERR_OK);
    assert_int_equal(out.n, sizeof want);
    assert_memory_equal(out.p, want, sizeof want);
    struct buf back = {0};
    buf_text(&back, "before ");
    assert_int_equal(crypt_open(key, nonce, buf_str(&out), &back), ERR_OK);
    assert_true(str_eq(buf_str(&back), STR("before jalon")));
    buf_done(&back);
    buf_done(&out);
}

static void what_was_changed_does_not_open(void **state)
{
    (void)state;
    uint8_t key[CRYPT_KEY_BYTES] = {1};
    uint8_t nonce[CRYPT_NONCE_BYTES] = {2};
    struct buf sealed = {0};
    struct buf back = {0};
    assert_int_equal(crypt_seal(key, nonce, STR("un texte"), &sealed), ERR_OK);
    for (size_t bit = 0; bit < sealed.n * 8; bit++) {
        sealed.p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        assert_int_equal(crypt_open(key, nonce, buf_str(&sealed), &back), ERR_FORMAT);
        assert_int_equal(back.n, 0);
        sealed.p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    for (size_t n = 0; n < sealed.n; n++) {
        struct str part = {(const char *)sealed.p, n};
        assert_int_equal(crypt_open(key, nonce, part, &back), ERR_FORMAT);
    }
    nonce[0]++;
    assert_int_equal(crypt_open(key, nonce, buf_str(&sealed), &back), ERR_FORMAT);
    nonce[0]--;
    key[31]++;
    assert_int_equal(crypt_open(key, nonce, buf_str(&sealed), &back), ERR_FORMAT);
    assert_int_equal(back.n, 0);
    buf_done(&back);
    buf_done(&sealed);
}

static void starting_twice_is_harmless(void **state)
{
    (void)state;
    crypt_start();
    crypt_start();
    uint8_t out[CRYPT_DIGEST_BYTES];
    crypt_sha256("abc", 3, out);
    assert_digest(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_agrees_with_fips_180),
        cmocka_unit_test(hmac_agrees_with_rfc_4231),
        cmocka_unit_test(xaes_agrees_with_its_specification),
        cmocka_unit_test(parts_are_one_message),
        cmocka_unit_test(derived_keys_agree_with_rfc_5869),
        cmocka_unit_test(sealing_agrees_with_rfc_8439),
        cmocka_unit_test(what_was_changed_does_not_open),
        cmocka_unit_test(starting_twice_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
