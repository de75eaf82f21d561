/* SPDX-License-Identifier: Apache-2.0 */
/* A relay at the hub: who may speak so, what a parcel must be, what its ends leave behind. */
#include "io/crypt.h"
#include "proto/hash.h"
#include "server/enrol.h"
#include "store/relays.h"
#include "support/hub_rig.h"

enum { RELAY = 0, DEVICE = 1, SIZE = 3000 };

static struct enrol_ca ca;

static enum err enrolled(void *ctx, const struct store_identity *identity, struct str network,
                         struct str staff_name, struct buf *reply)
{
    struct client *c = ctx;
    (void)network;
    assert_true(str_eq(staff_name, STR("Atelier")));
    c->identity = *identity;
    buf_text(reply, "reply");
    return reply->err;
}

/* The rig's first client becomes a relay; its hub can open what is sealed to the network. */
static int relay_setup(void **state)
{
    struct buf key = {0};
    struct buf cert = {0};
    static const uint8_t secret[32] = {1};
    crypt_start();
    (void)setup(state);
    struct rig *rig = *state;
    struct client *c = &rig->client[RELAY];
    struct serve_enrolment e = {.invite = {.b = {1}}};
    c->key = 200;
    memset(e.key, c->key, sizeof e.key);
    assert_int_equal(relays_invite(rig->office.store, &e.invite, secret, &rig->office.structure,
                                   STR("Atelier"), INT64_MAX),
                     ERR_OK);
    struct buf reply = {0};
    assert_int_equal(relays_enrol(rig->office.store, &e, enrolled, c, &reply), ERR_OK);
    buf_done(&reply);
    assert_int_equal(cert_key_new(&key), ERR_OK);
    assert_int_equal(cert_ca_new(buf_str(&key), &cert), ERR_OK);
    assert_int_equal(enrol_ca_init(&ca, buf_str(&key), buf_str(&cert)), ERR_OK);
    cert_key_done(&key);
    buf_done(&cert);
    hub_free(rig->hub);
    rig->hub = hub_new(&ca);
    assert_non_null(rig->hub);
    return 0;
}

static int relay_teardown(void **state)
{
    int failed = teardown(state);
    enrol_ca_done(&ca);
    return failed;
}

static void say_site(struct rig *rig, struct client *c, uint32_t protocol)
{
    struct buf frame = {0};
    message_site(&frame, &(struct site_word){.protocol = protocol, .name = STR("Atelier")});
    say(rig, c, &frame);
}

static struct message greet(struct rig *rig)
{
    struct client *c = &rig->client[RELAY];
    connect_peer(rig, c, true);
    say_site(rig, c, MESSAGE_PROTOCOL);
    struct message m = expect(c, MESSAGE_SITE);
    assert_int_equal(m.site.protocol, MESSAGE_PROTOCOL);
    m = expect(c, MESSAGE_LISTED);
    expect_silence(c);
    return m;
}

static const uint8_t bytes[SIZE];
static uint8_t of_bytes[SHA256_BYTES];

static void say_parcel(struct rig *rig, uint32_t kind, uint64_t size, bool lie)
{
    struct buf frame = {0};
    struct sha256 sha;
    sha256_init(&sha);
    sha256_add(&sha, bytes, SIZE);
    sha256_end(&sha, of_bytes);
    of_bytes[0] ^= lie ? 1 : 0;
    message_parcel(&frame, &(struct parcel){.kind = kind,
                                            .device = 1,
                                            .size = size,
                                            .sha256 = {(const char *)of_bytes, SHA256_BYTES}});
    say(rig, &rig->client[RELAY], &frame);
}

static void say_piece(struct rig *rig, size_t n)
{
    struct buf frame = {0};
    message_piece(&frame, (struct str){(const char *)bytes, n});
    say(rig, &rig->client[RELAY], &frame);
}

static void receipt_is(struct rig *rig, enum err err)
{
    struct message m = expect(&rig->client[RELAY], MESSAGE_RECEIPT);
    assert_int_equal(m.receipt.err, err);
    assert_memory_equal(m.receipt.sha256.p, of_bytes, SHA256_BYTES);
    expect_silence(&rig->client[RELAY]);
}

static void a_relay_hears_whom_to_turn_away(void **state)
{
    struct rig *rig = *state;
    uint8_t key[SHA256_BYTES];
    assert_int_equal(greet(rig).listed.keys.n, 0);
    disconnect(rig, &rig->client[RELAY]);
    assert_int_equal(serve_device_state(rig->office.store, rig->client[DEVICE].identity.device,
                                        DEVICE_REVOKED),
                     ERR_OK);
    struct message m = greet(rig);
    assert_int_equal(m.listed.keys.n, SHA256_BYTES);
    memset(key, rig->client[DEVICE].key, sizeof key);
    assert_memory_equal(m.listed.keys.p, key, sizeof key);
    assert_false(m.listed.more);
}

static void neither_speaks_for_the_other(void **state)
{
    struct rig *rig = *state;
    connect_peer(rig, &rig->client[DEVICE], true);
    say_site(rig, &rig->client[DEVICE], MESSAGE_PROTOCOL);
    expect_bye(&rig->client[DEVICE], ERR_REFUSED);
    connect_peer(rig, &rig->client[RELAY], true);
    say_hello(rig, &rig->client[RELAY], false, 0);
    expect_bye(&rig->client[RELAY], ERR_REFUSED);
    disconnect(rig, &rig->client[RELAY]);
    connect_peer(rig, &rig->client[RELAY], true);
    say_site(rig, &rig->client[RELAY], MESSAGE_PROTOCOL + 1);
    expect_bye(&rig->client[RELAY], ERR_VERSION);
}

static void what_is_no_bundle_is_refused_and_the_next_one_heard(void **state)
{
    struct rig *rig = *state;
    (void)greet(rig);
    for (int again = 0; again < 2; again++) {
        say_parcel(rig, 1, SIZE, false);
        say_piece(rig, SIZE - 1);
        expect_silence(&rig->client[RELAY]);
        say_piece(rig, 1);
        receipt_is(rig, ERR_FORMAT);
    }
    say_parcel(rig, 1, SIZE, true); /* not what was announced */
    say_piece(rig, SIZE);
    receipt_is(rig, ERR_FORMAT);
    say_empty(rig, &rig->client[RELAY], MESSAGE_PING);
    expect(&rig->client[RELAY], MESSAGE_PONG);
}

static void broken_rules_end_it(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[RELAY];
    for (int rule = 0; rule < 5; rule++) {
        (void)greet(rig);
        if (rule == 0)
            say_parcel(rig, 2, SIZE, false); /* an answer, to the server */
        if (rule == 1 || rule == 2)
            say_parcel(rig, 1, SIZE, false);
        if (rule == 1)
            say_parcel(rig, 1, SIZE, false); /* before the first is whole */
        if (rule == 2)
            say_piece(rig, SIZE - 1);
        if (rule == 2 || rule == 3)
            say_piece(rig, 2); /* too much; or of nothing */
        if (rule == 4)
            say_push(rig, c);
        expect_bye(c, ERR_PROTOCOL);
        disconnect(rig, c);
    }
    (void)greet(rig); /* nothing of them is left */
    say_parcel(rig, 1, SIZE, false);
    say_piece(rig, SIZE);
    receipt_is(rig, ERR_FORMAT);
}

static void a_parcel_that_stops_coming_ends_it(void **state)
{
    struct rig *rig = *state;
    (void)greet(rig);
    say_parcel(rig, 1, SIZE, false);
    say_piece(rig, 10);
    pass(rig, LIMIT_PARCEL_MS + 1000);
    expect_bye(&rig->client[RELAY], ERR_TIMEOUT);
}

static void gone_while_its_parcel_is_judged(void **state)
{
    struct rig *rig = *state;
    for (int again = 0; again < LIMIT_PARCELS + 1; again++) { /* its place is given back */
        (void)greet(rig);
        rig->hold = true;
        say_parcel(rig, 1, SIZE, false);
        say_piece(rig, SIZE);
        assert_int_equal(rig->held_n, 1);
        disconnect(rig, &rig->client[RELAY]);
        rig->hold = false;
        run_jobs(rig);
    }
}

static void revoked_it_hears_that_and_nothing_else(void **state)
{
    struct rig *rig = *state;
    struct client *c = &rig->client[RELAY];
    (void)greet(rig);
    assert_int_equal(serve_device_state(rig->office.store, c->identity.device, DEVICE_REVOKED),
                     ERR_OK);
    feed(rig, (struct hub_event){.type = HUB_EV_DEVICE,
                                 .device = c->identity.device,
                                 .state = DEVICE_REVOKED});
    expect_bye(c, ERR_REVOKED);
    disconnect(rig, c);
    connect_peer(rig, c, true);
    say_site(rig, c, MESSAGE_PROTOCOL);
    expect_bye(c, ERR_REVOKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_relay_hears_whom_to_turn_away, relay_setup,
                                        relay_teardown),
        cmocka_unit_test_setup_teardown(neither_speaks_for_the_other, relay_setup,
                                        relay_teardown),
        cmocka_unit_test_setup_teardown(what_is_no_bundle_is_refused_and_the_next_one_heard,
                                        relay_setup, relay_teardown),
        cmocka_unit_test_setup_teardown(broken_rules_end_it, relay_setup, relay_teardown),
        cmocka_unit_test_setup_teardown(a_parcel_that_stops_coming_ends_it, relay_setup,
                                        relay_teardown),
        cmocka_unit_test_setup_teardown(gone_while_its_parcel_is_judged, relay_setup,
                                        relay_teardown),
        cmocka_unit_test_setup_teardown(revoked_it_hears_that_and_nothing_else, relay_setup,
                                        relay_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
