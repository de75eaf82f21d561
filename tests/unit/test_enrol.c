/* SPDX-License-Identifier: Apache-2.0 */
#include "io/crypt.h"
#include "server/enrol.h"
#include "support/office.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct rig {
    struct office office;
    struct enrol_ca ca;
    struct invite invite; /* for staff 0 */
};

/* One would-be device. */
struct device {
    struct buf key, csr;
    char nonce[INVITE_NONCE_BYTES];
    struct buf frames; /* the answer */
};

static int setup(void **state)
{
    static const uint8_t random[INVITE_ID_BYTES + INVITE_SECRET_BYTES] =
        "an id and a secret.....";
    struct rig *rig = mem_new(sizeof *rig);
    struct buf key = {0};
    struct buf cert = {0};
    assert_non_null(rig);
    crypt_start();
    office_open(&rig->office);
    assert_int_equal(cert_key_new(&key), ERR_OK);
    assert_int_equal(cert_ca_new(buf_str(&key), &cert), ERR_OK);
    assert_int_equal(enrol_ca_init(&rig->ca, buf_str(&key), buf_str(&cert)), ERR_OK);
    assert_int_equal(
        enrol_invite(rig->office.store, &rig->ca, &rig->office.staff[0], random, &rig->invite),
        ERR_OK);
    cert_key_done(&key);
    buf_done(&cert);
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;
    enrol_ca_done(&rig->ca);
    office_close(&rig->office);
    mem_free(rig);
    return 0;
}

static void device_init(struct device *d, char nonce)
{
    *d = (struct device){.frames = {0}};
    memset(d->nonce, nonce, sizeof d->nonce);
    assert_int_equal(cert_key_new(&d->key), ERR_OK);
    assert_int_equal(cert_csr_new(buf_str(&d->key), &d->csr), ERR_OK);
}

static void device_done(struct device *d)
{
    cert_key_done(&d->key);
    buf_done(&d->csr);
    buf_done(&d->frames);
}

/* Ask with this secret; the answer lies in d->frames. */
static enum err ask_with(struct rig *rig, struct device *d, const uint8_t *secret)
{
    uint8_t key[INVITE_PROOF_BYTES];
    uint8_t proof[INVITE_PROOF_BYTES];
    struct str nonce = {d->nonce, sizeof d->nonce};
    struct enrol request = {
        .csr = buf_str(&d->csr), .nonce = nonce, .proof = {(const char *)proof, sizeof proof}};
    memcpy(request.invite.b, rig->invite.id, sizeof rig->invite.id);
    invite_proof_key(secret, key);
    invite_proof_client(key, rig->invite.ca, request.csr, nonce, proof);
    buf_clear(&d->frames);
    return enrol_answer(rig->office.store, &rig->ca, &request, &d->frames);
}

static enum err ask(struct rig *rig, struct device *d)
{
    return ask_with(rig, d, rig->invite.secret);
}

static struct enrolled answer_of(struct rig *rig, struct device *d)
{
    struct str body = {NULL, 0};
    size_t used = 0;
    struct message m = {.type = MESSAGE_BYE};
    uint8_t key[INVITE_PROOF_BYTES];
    uint8_t proof[INVITE_PROOF_BYTES];
    assert_int_equal(frame_next(buf_str(&d->frames), FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_int_equal(used, d->frames.n);
    assert_int_equal(message_read(body, &m), ERR_OK);
    assert_int_equal(m.type, MESSAGE_ENROLLED);
    invite_proof_key(rig->invite.secret, key);
    invite_proof_server(key, rig->invite.ca, m.enrolled.cert,
                        (struct str){d->nonce, sizeof d->nonce}, proof);
    assert_int_equal(m.enrolled.proof.n, sizeof proof);
    assert_memory_equal(m.enrolled.proof.p, proof, sizeof proof);
    return m.enrolled;
}

static void an_invitation_makes_a_listed_device(void **state)
{
    struct rig *rig = *state;
    struct device d;
    uint8_t key[CERT_FINGERPRINT_BYTES];
    uint8_t pin[CERT_FINGERPRINT_BYTES];
    uint8_t of_cert[CERT_FINGERPRINT_BYTES];
    struct serve_device found;
    device_init(&d, 'n');
    assert_int_equal(cert_key_fingerprint(buf_str(&d.key), key), ERR_OK);
    assert_int_equal(serve_device(rig->office.store, key, &found), ERR_NOTFOUND);
    assert_int_equal(ask(rig, &d), ERR_OK);
    struct enrolled m = answer_of(rig, &d);
    assert_int_equal(cert_cert_fingerprint(m.cert, of_cert), ERR_OK);
    assert_memory_equal(of_cert, key, sizeof key);
    assert_int_equal(cert_cert_fingerprint(m.ca, pin), ERR_OK);
    assert_memory_equal(pin, rig->invite.ca, sizeof pin);
    assert_int_equal(serve_device(rig->office.store, key, &found), ERR_OK);
    assert_int_equal(found.device, m.device);
    assert_true(id_eq(&m.staff, &rig->office.staff[0]));
    assert_true(id_eq(&m.structure, &rig->office.structure));
    assert_int_equal(m.roles, ROLE_JOBCOACH);
    assert_true(m.epoch > 0 && m.generation > 0 && !id_is_null(&m.history));
    assert_true(str_eq(m.network, STR("Exemple")));
    assert_true(str_eq(m.staff_name, STR("Agent Exemple A")));
    device_done(&d);
}

static void a_lost_reply_is_given_again(void **state)
{
    struct rig *rig = *state;
    struct device d;
    struct buf cert = {0};
    device_init(&d, 'n');
    assert_int_equal(ask(rig, &d), ERR_OK);
    struct enrolled m = answer_of(rig, &d);
    buf_add(&cert, m.cert.p, m.cert.n);
    uint32_t device = m.device;
    office_reopen(&rig->office);              /* the server restarts */
    memset(d.nonce, 'o', INVITE_NONCE_BYTES); /* and the client too */
    assert_int_equal(ask(rig, &d), ERR_OK);
    m = answer_of(rig, &d);
    assert_true(str_eq(m.cert, buf_str(&cert)));
    assert_int_equal(m.device, device);
    buf_done(&cert);
    device_done(&d);
}

/* On a bad line the reply may be lost more often than anybody guesses. */
static void a_proved_request_is_no_guess(void **state)
{
    struct rig *rig = *state;
    struct device d;
    uint8_t wrong[INVITE_SECRET_BYTES] = {0};
    device_init(&d, 'p');
    for (unsigned i = 0; i < 3 * INVITE_TRIES_MAX; i++)
        assert_int_equal(ask(rig, &d), ERR_OK);
    for (unsigned i = 0; i < INVITE_TRIES_MAX; i++)
        assert_int_equal(ask_with(rig, &d, wrong), ERR_REFUSED);
    assert_int_equal(ask(rig, &d), ERR_REFUSED);
    device_done(&d);
}

static void a_code_is_for_one_device(void **state)
{
    struct rig *rig = *state;
    struct device first;
    struct device second;
    struct serve_device found;
    uint8_t key[CERT_FINGERPRINT_BYTES];
    device_init(&first, 'n');
    device_init(&second, 'n');
    assert_int_equal(ask(rig, &first), ERR_OK);
    assert_int_equal(ask(rig, &second), ERR_EXISTS);
    assert_int_equal(second.frames.n, 0);
    assert_int_equal(cert_key_fingerprint(buf_str(&second.key), key), ERR_OK);
    assert_int_equal(serve_device(rig->office.store, key, &found), ERR_NOTFOUND);
    device_done(&first);
    device_done(&second);
}

static void a_code_expires(void **state)
{
    struct rig *rig = *state;
    struct device d;
    device_init(&d, 'n');
    rig->office.wall_ms += ENROL_VALID_MS + 1;
    assert_int_equal(ask(rig, &d), ERR_REFUSED);
    assert_int_equal(d.frames.n, 0);
    device_done(&d);
}

static void five_guesses_and_the_code_is_dead(void **state)
{
    struct rig *rig = *state;
    struct device d;
    uint8_t wrong[INVITE_SECRET_BYTES];
    device_init(&d, 'n');
    memcpy(wrong, rig->invite.secret, sizeof wrong);
    for (unsigned i = 0; i < INVITE_TRIES_MAX; i++) {
        wrong[i] ^= 1;
        assert_int_equal(ask_with(rig, &d, wrong), ERR_REFUSED);
        assert_int_equal(d.frames.n, 0);
    }
    assert_int_equal(ask(rig, &d), ERR_REFUSED); /* with the right one */
    device_done(&d);
}

static void bad_requests_make_no_device(void **state)
{
    struct rig *rig = *state;
    struct device d;
    device_init(&d, 'n');
    d.csr.p[d.csr.n - 5] ^= 1; /* its signature does not fit */
    assert_int_equal(ask(rig, &d), ERR_INVALID);
    buf_clear(&d.csr);
    for (int i = 0; i <= CERT_CSR_BYTES_MAX; i++)
        buf_u8(&d.csr, '0');
    assert_int_equal(ask(rig, &d), ERR_LIMIT);
    buf_clear(&d.csr);
    assert_int_equal(ask(rig, &d), ERR_INVALID);
    rig->invite.id[0] ^= 1; /* no such invitation */
    assert_int_equal(ask(rig, &d), ERR_REFUSED);
    device_done(&d);
}

static void another_networks_pin_proves_nothing(void **state)
{
    struct rig *rig = *state;
    struct device d;
    device_init(&d, 'n');
    rig->invite.ca[0] ^= 1;
    assert_int_equal(ask(rig, &d), ERR_REFUSED);
    device_done(&d);
}

static void only_live_staff_are_invited(void **state)
{
    struct rig *rig = *state;
    uint8_t random[INVITE_ID_BYTES + INVITE_SECRET_BYTES] = {9};
    struct invite invite;
    assert_int_equal(
        enrol_invite(rig->office.store, &rig->ca, &rig->office.structure, random, &invite),
        ERR_NOTFOUND);
}

static void a_full_disk_leaves_the_code_usable(void **state)
{
    struct rig *rig = *state;
    struct device d;
    device_init(&d, 'n');
    disk_fail(rig->office.disk, DISK_WRITE, 2, DISK_FAULT_FULL, true);
    assert_int_equal(ask(rig, &d), ERR_FULL);
    assert_int_equal(d.frames.n, 0);
    disk_heal(rig->office.disk);
    office_reopen(&rig->office);
    assert_int_equal(ask(rig, &d), ERR_OK);
    (void)answer_of(rig, &d);
    device_done(&d);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(an_invitation_makes_a_listed_device),
        T(a_lost_reply_is_given_again),
        T(a_proved_request_is_no_guess),
        T(a_code_is_for_one_device),
        T(a_code_expires),
        T(five_guesses_and_the_code_is_dead),
        T(bad_requests_make_no_device),
        T(another_networks_pin_proves_nothing),
        T(only_live_staff_are_invited),
        T(a_full_disk_leaves_the_code_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
