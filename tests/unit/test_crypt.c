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
        cmocka_unit_test(parts_are_one_message),
        cmocka_unit_test(starting_twice_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
