/* SPDX-License-Identifier: Apache-2.0 */
#include "client/key.h"

#include "io/authority.h"
#include "io/clock.h"
#include "io/crypt.h"
#include "io/file.h"
#include "support/certs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const database[] = {"replica.db", "replica.db-wal", NULL};
static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    crypt_start();
    (void)snprintf(dir, sizeof dir, "/tmp/jalon-key-XXXXXX");
    return mkdtemp(dir) == NULL ? -1 : 0;
}

static int drop_dir(void **state)
{
    (void)state;
    static const char *const names[] = {KEY_FILE,        KEY_IDENTITY, KEY_NEXT,
                                        KEY_WIPE_ORDER,  KEY_RECEIPT,  "replica.db",
                                        "replica.db-wal"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    return rmdir(dir);
}

static bool there(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

static void put(const char *name, struct str bytes)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(file_replace(path, bytes, 0600, NULL), ERR_OK);
}

/* An enrolled folder. */
static void enrol(const struct certs *certs)
{
    struct key key = {.server = {"jalon.example", 4433}, .network = "Réseau d'essai"};
    put(KEY_FILE, buf_str(&certs->key[CERT_DEVICE]));
    buf_add(&key.cert, certs->cert[CERT_DEVICE].p, certs->cert[CERT_DEVICE].n);
    buf_add(&key.ca, certs->ca.p, certs->ca.n);
    assert_int_equal(key_save(dir, &key, NULL), ERR_OK);
    key_done(&key);
}

static void what_was_saved_is_loaded(void **state)
{
    (void)state;
    struct certs certs;
    struct key key = {0};
    struct note why = {0};
    certs_init(&certs);
    assert_int_equal(key_load(dir, &key, &why), ERR_NOTFOUND);
    assert_string_not_equal(why.text, "");
    enrol(&certs);
    assert_int_equal(key_load(dir, &key, &why), ERR_OK);
    assert_string_equal(key.server.host, "jalon.example");
    assert_int_equal(key.server.port, 4433);
    assert_string_equal(key.network, "Réseau d'essai");
    assert_true(str_eq(buf_str(&key.der), buf_str(&certs.key[CERT_DEVICE])));
    assert_true(str_eq(buf_str(&key.cert), buf_str(&certs.cert[CERT_DEVICE])));
    assert_true(str_eq(buf_str(&key.ca), buf_str(&certs.ca)));
    key_done(&key);
    certs_done(&certs);
}

/* What an authority says of the next one, and a certificate for a device's key. */
static void tell(const struct certs *says, const uint8_t *next, const struct buf *cert,
                 const struct buf *ca, struct buf *out)
{
    struct authority m = {.cert = {NULL, 0}};
    memcpy(m.next, next, sizeof m.next);
    assert_int_equal(authority_sign(buf_str(&says->ca_key), m.next, m.sign), ERR_OK);
    if (cert != NULL) {
        m.cert = buf_str(cert);
        m.ca = buf_str(ca);
    }
    buf_clear(out);
    authority_write(out, &m);
}

static enum err learn(struct str said, struct key *key)
{
    key_done(key);
    assert_int_equal(key_load(dir, key, NULL), ERR_OK);
    enum err err = key_learn(key, said);
    key_done(key);
    assert_int_equal(key_load(dir, key, NULL), ERR_OK);
    return err;
}

static void authorities_follow_each_other_only_by_their_own_word(void **state)
{
    (void)state;
    struct certs ours;
    struct certs theirs;
    struct key key = {0};
    struct buf said = {0};
    struct buf cert = {0};
    uint8_t public[CERT_PUBLIC_BYTES];
    uint8_t next[CERT_FINGERPRINT_BYTES];
    uint8_t third[CERT_FINGERPRINT_BYTES] = {3};
    certs_init(&ours);
    certs_init(&theirs);
    enrol(&ours);
    assert_int_equal(cert_cert_fingerprint(buf_str(&theirs.ca), next), ERR_OK);
    /* another one's word counts for nothing, nor do half a word and a torn one */
    tell(&theirs, next, NULL, NULL, &said);
    assert_int_equal(learn(buf_str(&said), &key), ERR_INVALID);
    assert_false(key_believes(&key, next));
    assert_int_not_equal(learn((struct str){(char *)said.p, said.n - 1}, &key), ERR_OK);
    tell(&theirs, third, &theirs.cert[CERT_DEVICE], &theirs.ca, &said);
    assert_int_equal(learn(buf_str(&said), &key), ERR_INVALID);
    assert_true(str_eq(buf_str(&key.ca), buf_str(&ours.ca)));
    /* ours is kept */
    tell(&ours, next, NULL, NULL, &said);
    assert_int_equal(learn(buf_str(&said), &key), ERR_OK);
    assert_true(key_believes(&key, next));
    /* a certificate of another key, or of another use, is none for us */
    tell(&theirs, third, &theirs.cert[CERT_DEVICE], &theirs.ca, &said);
    assert_int_equal(learn(buf_str(&said), &key), ERR_INVALID);
    assert_int_equal(cert_public(buf_str(&key.cert), public), ERR_OK);
    assert_int_equal(cert_issue(buf_str(&theirs.ca_key), buf_str(&theirs.ca), public,
                                CERT_SERVER, NULL, &cert),
                     ERR_OK);
    tell(&theirs, third, &cert, &theirs.ca, &said);
    assert_int_equal(learn(buf_str(&said), &key), ERR_INVALID);
    assert_true(str_eq(buf_str(&key.ca), buf_str(&ours.ca)));
    assert_true(key_believes(&key, next));
    /* the next authority's certificate of our key: now it is the present one */
    buf_clear(&cert);
    assert_int_equal(cert_issue(buf_str(&theirs.ca_key), buf_str(&theirs.ca), public,
                                CERT_DEVICE, third, &cert),
                     ERR_OK);
    tell(&theirs, third, &cert, &theirs.ca, &said);
    assert_int_equal(learn(buf_str(&said), &key), ERR_OK);
    assert_true(str_eq(buf_str(&key.ca), buf_str(&theirs.ca)));
    assert_true(str_eq(buf_str(&key.cert), buf_str(&cert)));
    assert_true(key_believes(&key, next));
    assert_true(key_believes(&key, third));
    assert_int_equal(learn(buf_str(&said), &key), ERR_OK); /* again is the same */
    key_done(&key);
    buf_done(&said);
    buf_done(&cert);
    certs_done(&ours);
    certs_done(&theirs);
}

static void key_is_made_once_and_only_for_us_to_read(void **state)
{
    (void)state;
    struct buf first = {0};
    struct buf second = {0};
    char path[128];
    struct stat st;
    assert_int_equal(key_make(dir, &first, NULL), ERR_OK);
    assert_int_equal(key_make(dir, &second, NULL), ERR_OK);
    assert_true(first.n > 0);
    assert_true(str_eq(buf_str(&first), buf_str(&second)));
    (void)snprintf(path, sizeof path, "%s/%s", dir, KEY_FILE);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    buf_done(&first);
    buf_done(&second);
}

static void damage_is_told_and_never_papered_over(void **state)
{
    (void)state;
    struct certs certs;
    struct key key = {0};
    struct buf der = {0};
    struct note why = {0};
    certs_init(&certs);
    enrol(&certs);
    put(KEY_FILE, buf_str(&certs.key[CERT_SERVER])); /* a key, but of another */
    assert_int_equal(key_load(dir, &key, &why), ERR_CORRUPT);
    put(KEY_FILE, STR("not a key"));
    assert_int_equal(key_load(dir, &key, &why), ERR_CORRUPT);
    assert_int_equal(key_make(dir, &der, &why), ERR_CORRUPT); /* not overwritten by a new one */
    put(KEY_IDENTITY, STR("\x96\x01\xa1x"));
    assert_int_equal(key_load(dir, &key, &why), ERR_CORRUPT);
    put(KEY_IDENTITY, STR("\x96\x02\x00\x00\x00\x00\x00"));
    assert_int_equal(key_load(dir, &key, &why), ERR_VERSION);
    assert_ptr_equal(key.der.p, NULL);
    certs_done(&certs);
}

static void wipe_leaves_nothing(void **state)
{
    (void)state;
    struct certs certs;
    struct key key = {0};
    certs_init(&certs);
    enrol(&certs);
    put("replica.db", STR("rows"));
    assert_false(key_wipe_due(dir));
    assert_int_equal(key_wipe(dir, database, NULL), ERR_OK);
    assert_false(there(KEY_FILE) || there(KEY_IDENTITY) || there("replica.db"));
    assert_false(key_wipe_due(dir));
    assert_int_equal(key_load(dir, &key, NULL), ERR_NOTFOUND);
    assert_int_equal(key_wipe(dir, database, NULL), ERR_OK); /* again is nothing */
    certs_done(&certs);
}

static void wipe_that_fails_goes_on_later_and_the_key_went_first(void **state)
{
    (void)state;
    struct certs certs;
    char stuck[128];
    certs_init(&certs);
    enrol(&certs);
    /* A folder in the database's place cannot be erased. */
    (void)snprintf(stuck, sizeof stuck, "%s/replica.db", dir);
    assert_int_equal(mkdir(stuck, 0700), 0);
    assert_int_not_equal(key_wipe(dir, database, NULL), ERR_OK);
    assert_false(there(KEY_FILE));
    assert_true(key_wipe_due(dir));
    assert_false(there(KEY_RECEIPT));
    assert_int_equal(rmdir(stuck), 0);
    put("replica.db", STR("rows"));
    assert_int_equal(key_wipe(dir, database, NULL), ERR_OK);
    assert_false(there("replica.db"));
    assert_false(key_wipe_due(dir));
    certs_done(&certs);
}

/* Cut off after any of its steps, it is taken up again, and only its end leaves a receipt. */
static void wipe_cut_off_anywhere_ends_with_a_receipt(void **state)
{
    (void)state;
    static const char *const steps[] = {KEY_FILE, KEY_IDENTITY, "replica.db"};
    enum { STEPS = sizeof steps / sizeof *steps };
    int64_t wiped_ms = 0;
    assert_int_equal(key_receipt(dir, &wiped_ms), ERR_OK);
    assert_int_equal(wiped_ms, 0);
    for (size_t done = 0; done <= STEPS; done++) {
        put(KEY_WIPE_ORDER, STR("wipe\n"));
        for (size_t i = done; i < STEPS; i++)
            put(steps[i], STR("rows of Zoé"));
        assert_true(key_wipe_due(dir));
        int64_t before_ms = clock_wall_ms();
        assert_int_equal(key_wipe(dir, database, NULL), ERR_OK);
        for (size_t i = 0; i < STEPS; i++)
            assert_false(there(steps[i]));
        assert_false(key_wipe_due(dir));
        assert_int_equal(key_receipt(dir, &wiped_ms), ERR_OK);
        assert_true(wiped_ms >= before_ms);
    }
    put(KEY_RECEIPT, STR("something else"));
    assert_int_equal(key_receipt(dir, &wiped_ms), ERR_CORRUPT);
    assert_int_equal(wiped_ms, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_saved_is_loaded, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(authorities_follow_each_other_only_by_their_own_word,
                                        make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(key_is_made_once_and_only_for_us_to_read, make_dir,
                                        drop_dir),
        cmocka_unit_test_setup_teardown(damage_is_told_and_never_papered_over, make_dir,
                                        drop_dir),
        cmocka_unit_test_setup_teardown(wipe_leaves_nothing, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(wipe_cut_off_anywhere_ends_with_a_receipt, make_dir,
                                        drop_dir),
        cmocka_unit_test_setup_teardown(wipe_that_fails_goes_on_later_and_the_key_went_first,
                                        make_dir, drop_dir),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
