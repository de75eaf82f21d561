/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one bundle, frozen: a change here is a change of the format. They were made with
 * another implementation, after PROTOCOL.md. */
#include "io/crypt.h"
#include "io/stick.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILE_BYTES = 359, RECIPIENT = 1, SIGNER = 2, EPHEMERAL = 3 };

/* To the server, of device 12, history 10…1f, file 40…4f; the frame behind the card is PING. */
static const char *const file_hex =
    "8a4a414c4f4e0d0a010100000000000c101112131415161718191a1b1c1d1e1f4041424344454647"
    "48494a4b4c4d4e4ff857ae4ed6e34e33761aea25caaee3fe54a15960fb92dcd63a375ab121deb2a9"
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004591ab771ebbcfd6d9cb9094d10"
    "6528add1a69d44c2c1f627f089ec58b9c61adf9f4e6abf0d045c0c693a3c68ad7c97ca72be64def4"
    "a26fecd263dd98a92780f0800000786b5f404fa49aa9a225aabe9c4d6c209c94e7632df0d611c7ec"
    "370ceb4e0a8e59955d9f2516b919bdf834f809323527071cc7c5712a4ef6e7d7349c947da3d9d8b7"
    "4eb6e3fac076b30692b775f2ddc74471912b83bc68457c070c491e056474819cc1d430cfcba2aedc"
    "0b634c8a9e4f846697a5b6d59593999cbec994e62ed5a5055f51370aae2acf0b3958fccab71c62a7"
    "f97437b02c3a2c6ef18eb8aadffb10e5cc0060623ae266fcc8ed73047dfeaee6110ebbf7441ee6";

/* The private keys are 32 times one byte. */
static void private_key(uint8_t byte, struct buf *out)
{
    static const uint8_t before[] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20};
    static const uint8_t after[] = {0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    buf_add(out, before, sizeof before);
    for (int i = 0; i < 32; i++)
        buf_u8(out, byte);
    buf_add(out, after, sizeof after);
}

static void public_key(uint8_t byte, uint8_t out[CERT_PUBLIC_BYTES])
{
    struct buf key = {0};
    private_key(byte, &key);
    assert_int_equal(cert_key_public(buf_str(&key), out), ERR_OK);
    buf_done(&key);
}

static void unhex(uint8_t out[FILE_BYTES])
{
    assert_int_equal(strlen(file_hex), 2 * FILE_BYTES);
    for (size_t i = 0; i < FILE_BYTES; i++) {
        const char pair[] = {file_hex[2 * i], file_hex[2 * i + 1], '\0'};
        char *end = NULL;
        out[i] = (uint8_t)strtoul(pair, &end, 16);
        assert_ptr_equal(end, pair + 2);
    }
}

static struct id history(void)
{
    struct id id;
    for (size_t i = 0; i < sizeof id.b; i++)
        id.b[i] = (uint8_t)(0x10 + i);
    return id;
}

/* All but the signature, which is another each time. */
static void the_same_bytes_are_written(void **state)
{
    (void)state;
    uint8_t file[FILE_BYTES];
    struct bundle_head head = {.kind = BUNDLE_TO_SERVER, .device = 12, .history = history()};
    uint8_t recipient[CERT_PUBLIC_BYTES];
    uint8_t signer[CERT_PUBLIC_BYTES];
    uint8_t secret[CERT_SECRET_BYTES];
    uint8_t key[CRYPT_KEY_BYTES];
    uint8_t nonce[CRYPT_NONCE_BYTES];
    struct buf ephemeral = {0};
    struct buf plain = {0};
    struct buf out = {0};
    unhex(file);
    public_key(RECIPIENT, recipient);
    public_key(SIGNER, signer);
    for (size_t i = 0; i < sizeof head.file; i++)
        head.file[i] = (uint8_t)(0x40 + i);
    cert_fingerprint(recipient, head.recipient);
    public_key(EPHEMERAL, head.ephemeral);
    bundle_head_write(&head, &out);
    private_key(EPHEMERAL, &ephemeral);
    assert_int_equal(cert_agree(buf_str(&ephemeral), recipient, secret), ERR_OK);
    crypt_hkdf_sha256(buf_str(&out), (struct str){(const char *)secret, sizeof secret},
                      STR(BUNDLE_SEAL_LABEL), key);
    bundle_card_write(signer, &plain);
    buf_add(&plain, "\x00\x00\x00\x02\x91\x09", 6);
    bundle_nonce(0, true, nonce);
    bundle_segment_begin(plain.n, true, &out);
    assert_int_equal(crypt_seal(key, nonce, buf_str(&plain), &out), ERR_OK);
    assert_int_equal(out.n, FILE_BYTES - BUNDLE_SIGNATURE_BYTES);
    assert_memory_equal(out.p, file, out.n);
    buf_done(&ephemeral);
    buf_done(&plain);
    buf_done(&out);
}

static void the_file_is_read_as_it_was_meant(void **state)
{
    (void)state;
    uint8_t file[FILE_BYTES];
    uint8_t public[CERT_PUBLIC_BYTES];
    uint8_t signer[CERT_FINGERPRINT_BYTES];
    char path[] = "/tmp/jalon-golden.XXXXXX";
    struct buf key = {0};
    struct stick_in *in = NULL;
    struct str body;
    unhex(file);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, file, sizeof file), sizeof file);
    assert_int_equal(close(fd), 0);
    private_key(RECIPIENT, &key);
    public_key(SIGNER, public);
    cert_fingerprint(public, signer);
    struct stick_from from = {
        .kind = BUNDLE_TO_SERVER, .history = history(), .key = buf_str(&key), .signer = signer};
    assert_int_equal(stick_open(path, &from, &in, NULL), ERR_OK);
    assert_int_equal(stick_device(in), 12);
    assert_int_equal(stick_next(in, &body, NULL), ERR_OK);
    assert_true(str_eq(body, STR("\x91\x09")));
    assert_int_equal(stick_next(in, &body, NULL), ERR_OK);
    assert_null(body.p);
    stick_close(in);
    buf_done(&key);
    (void)unlink(path);
}

int main(void)
{
    crypt_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bytes_are_written),
        cmocka_unit_test(the_file_is_read_as_it_was_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
