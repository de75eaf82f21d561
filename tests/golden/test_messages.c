/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one message of every type, frozen: a change here is a change of the protocol. */
#include "proto/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HEX_BYTES = 1024 };

static struct id id_of(uint8_t first)
{
    struct id id;
    for (size_t i = 0; i < ID_BYTES; i++)
        id.b[i] = (uint8_t)(first + i);
    return id;
}

static void write_hello(struct buf *out)
{
    message_hello(out, &(struct hello){.protocol = MESSAGE_PROTOCOL,
                                       .schema = 1,
                                       .history = id_of(0x10),
                                       .generation = 2,
                                       .epoch = 300,
                                       .op_last = 70000,
                                       .acked = 69999,
                                       .pulled = 5000000000,
                                       .origins = 12,
                                       .wall_ms = 1795348800000,
                                       .full = false,
                                       .live = true,
                                       .grants = 0x1122334455667788,
                                       .whole = 5,
                                       .entering = 9,
                                       .entered = 4000000000});
}

static void write_welcome(struct buf *out)
{
    const struct origin origins[] = {{1, id_of(0x50), 1}, {300, id_of(0x60), 200}};
    struct buf list = {0};
    message_origins(&list, origins, 2);
    message_welcome(out, &(struct welcome){.protocol = MESSAGE_PROTOCOL,
                                           .schema = 1,
                                           .history = id_of(0x10),
                                           .generation = 2,
                                           .wall_ms = -1,
                                           .epoch = 300,
                                           .known_op = 69999,
                                           .known_hash = UINT64_MAX,
                                           .stable_op = 128,
                                           .pull_from = 5000000000,
                                           .roles = 31,
                                           .structure = id_of(0x20),
                                           .origins = buf_str(&list),
                                           .grants = 7,
                                           .filling = true,
                                           .content = 52428800});
    buf_done(&list);
}

static void write_push(struct buf *out)
{
    message_push(out, &(struct push){.epoch = 300,
                                     .first_op = 70000,
                                     .count = 2,
                                     .packed = true,
                                     .body = STR("operations")});
}

static void write_verdicts(struct buf *out)
{
    const struct verdict_range ranges[] = {
        {70000, 70000, VERDICT_APPLIED, REASON_NONE, 5000000001},
        {70001, 70009, VERDICT_REFUSED, REASON_MASS, 5000000002},
    };
    message_verdicts(out, 300, ranges, 2);
}

static void write_pulled(struct buf *out)
{
    message_pulled(out, 5000000003);
}

static void write_page(struct buf *out)
{
    message_page(out, &(struct page){.from = 5000000000,
                                     .to = 5000000003,
                                     .judged = 70009,
                                     .rows = 500,
                                     .hash = 0x0123456789abcdef,
                                     .packed = false,
                                     .body = STR("rows")});
}

static void write_idle(struct buf *out)
{
    message_idle(out,
                 &(struct idle){
                     .through = 5000000003, .judged = 70009, .stable_op = 69000, .grants = 7});
}

/* The same, with a digest. */
static void write_idle_compared(struct buf *out)
{
    message_idle(out, &(struct idle){.through = 5000000003,
                                     .judged = 70009,
                                     .stable_op = 69000,
                                     .grants = 7,
                                     .compared = true,
                                     .rows = 1234,
                                     .sum = 0xfedcba9876543210});
}

static void write_leave(struct buf *out)
{
    struct buf scopes = {0};
    message_leave_add(&scopes, &(struct leave_scope){LEAVE_STRUCTURE, id_of(0x20), 1});
    message_leave_add(&scopes, &(struct leave_scope){LEAVE_DOSSIER, id_of(0x70), 7});
    message_leave(out, 2, buf_str(&scopes));
    buf_done(&scopes);
}

static void write_erase(struct buf *out)
{
    struct buf orders = {0};
    message_erase_add(&orders, &(struct erase_order){3, id_of(0x20)});
    message_erase_add(&orders, &(struct erase_order){70000, id_of(0x70)});
    message_erase(out, 2, buf_str(&orders));
    buf_done(&orders);
}

static void write_erased(struct buf *out)
{
    message_erased(out, 70000);
}

static void write_want(struct buf *out)
{
    message_want(
        out,
        &(struct want){.document = id_of(0x80), .from = 65536, .max = 4096, .err = ERR_FULL});
}

static void write_chunk(struct buf *out)
{
    message_chunk(
        out, &(struct chunk){.document = id_of(0x80), .from = 65536, .bytes = STR("bytes")});
}

static void write_offer(struct buf *out)
{
    message_offer(out, &(struct offer){.document = id_of(0x80),
                                       .size = 65541,
                                       .sha256 = STR("0123456789abcdef0123456789abcdef")});
}

static void write_bye(struct buf *out)
{
    message_bye(out, &(struct bye){.err = ERR_LATER, .retry_ms = 1500});
}

static void write_epoch(struct buf *out)
{
    message_epoch(out, &(struct epoch_given){.epoch = 301});
}

static void write_enrol(struct buf *out)
{
    message_enrol(out, &(struct enrol){.invite = id_of(0x30),
                                       .csr = STR("csr"),
                                       .nonce = STR("nonce"),
                                       .proof = STR("proof")});
}

static void write_enrolled(struct buf *out)
{
    message_enrolled(out, &(struct enrolled){.cert = STR("cert"),
                                             .ca = STR("ca"),
                                             .device = 200,
                                             .epoch = 300,
                                             .staff = id_of(0x60),
                                             .structure = id_of(0x20),
                                             .roles = 1,
                                             .history = id_of(0x10),
                                             .generation = 2,
                                             .network = STR("Réseau d'essai"),
                                             .staff_name = STR("Exemple"),
                                             .proof = STR("proof")});
}

static void write_fork(struct buf *out)
{
    message_empty(out, MESSAGE_FORK);
}
static void write_ping(struct buf *out)
{
    message_empty(out, MESSAGE_PING);
}
static void write_pong(struct buf *out)
{
    message_empty(out, MESSAGE_PONG);
}
static void write_wipe(struct buf *out)
{
    message_empty(out, MESSAGE_WIPE);
}
static void write_wiped(struct buf *out)
{
    message_empty(out, MESSAGE_WIPED);
}

static const char digests[] =
    "0123456789abcdef0123456789abcdeffedcba9876543210fedcba9876543210";

static void write_site(struct buf *out)
{
    message_site(out, &(struct site_word){.protocol = MESSAGE_PROTOCOL,
                                          .name = STR("Atelier"),
                                          .parcel = {digests, 32},
                                          .waiting = true});
}

static void write_parcel(struct buf *out)
{
    message_parcel(out, &(struct parcel){.kind = 2,
                                         .device = 200,
                                         .size = 70000,
                                         .sha256 = {digests, 32},
                                         .follows = {digests, 64}});
}

static void write_piece(struct buf *out)
{
    message_piece(out, STR("bytes"));
}

static void write_receipt(struct buf *out)
{
    message_receipt(out, &(struct receipt){.err = ERR_FULL, .sha256 = {digests, 32}});
}

static void write_listed(struct buf *out)
{
    message_listed(out, &(struct listed){.more = true, .keys = {digests, 64}});
}

static const struct vector {
    enum message_type type;
    void (*write)(struct buf *out);
    const char *hex; /* of the whole frame */
} vectors[] = {
    {MESSAGE_HELLO, write_hello,
     "0000004bdc0011010101c410101112131415161718191a1b1c1d1e1f02cd012c"
     "ce00011170ce0001116fcf000000012a05f2000ccf000001a20320a200c2c3cf"
     "11223344556677880509ceee6b2800"},
    {MESSAGE_WELCOME, write_welcome,
     "0000007cdc0011020101c410101112131415161718191a1b1c1d1e1f02ffcd01"
     "2cce0001116fcfffffffffffffffffcc80cf000000012a05f2001fc410202122"
     "232425262728292a2b2c2d2e2f9601c410505152535455565758595a5b5c5d5e"
     "5f01cd012cc410606162636465666768696a6b6c6d6e6fccc807c3ce03200000"},
    {MESSAGE_PUSH, write_push, "000000189603cd012cce0001117002c3c40a6f7065726174696f6e73"},
    {MESSAGE_VERDICTS, write_verdicts,
     "000000329304cd012c9295ce00011170ce000111700100cf000000012a05f201"
     "95ce00011171ce000111790408cf000000012a05f202"},
    {MESSAGE_PULLED, write_pulled, "0000000b9205cf000000012a05f203"},
    {MESSAGE_PAGE, write_page,
     "0000002c9806cf000000012a05f200cf000000012a05f203ce00011179cd01f4"
     "cf0123456789abcdefc2c404726f7773"},
    {MESSAGE_IDLE, write_idle, "000000169507cf000000012a05f203ce00011179ce00010d8807"},
    {MESSAGE_IDLE, write_idle_compared,
     "000000229707cf000000012a05f203ce00011179ce00010d8807cd04d2cffedcba9876543210"},
    {MESSAGE_BYE, write_bye, "00000006930816cd05dc"},
    {MESSAGE_PING, write_ping, "000000029109"},
    {MESSAGE_PONG, write_pong, "00000002910a"},
    {MESSAGE_FORK, write_fork, "00000002910b"},
    {MESSAGE_EPOCH, write_epoch, "00000005920ccd012d"},
    {MESSAGE_ENROL, write_enrol,
     "00000027950dc410303132333435363738393a3b3c3d3e3fc403637372c4056e"
     "6f6e6365c40570726f6f66"},
    {MESSAGE_ENROLLED, write_enrolled,
     "000000689d0ec40463657274c4026361ccc8cd012cc410606162636465666768"
     "696a6b6c6d6e6fc410202122232425262728292a2b2c2d2e2f01c41010111213"
     "1415161718191a1b1c1d1e1f02af52c3a9736561752064276573736169a74578"
     "656d706c65c40570726f6f66"},
    {MESSAGE_WIPE, write_wipe, "00000002910f"},
    {MESSAGE_WIPED, write_wiped, "000000029110"},
    {MESSAGE_LEAVE, write_leave,
     "0000002b92119602c410202122232425262728292a2b2c2d2e2f0103c4107071"
     "72737475767778797a7b7c7d7e7f07"},
    {MESSAGE_ERASE, write_erase,
     "0000002d92139403c410202122232425262728292a2b2c2d2e2fce00011170c4107071"
     "72737475767778797a7b7c7d7e7f"},
    {MESSAGE_ERASED, write_erased, "000000079214ce00011170"},
    {MESSAGE_WANT, write_want,
     "0000001d9518c410808182838485868788898a8b8c8d8e8fce00010000cd1000"
     "03"},
    {MESSAGE_CHUNK, write_chunk,
     "000000209419c410808182838485868788898a8b8c8d8e8fce00010000c40562"
     "79746573"},
    {MESSAGE_OFFER, write_offer,
     "0000003b941ac410808182838485868788898a8b8c8d8e8fce00010005c42030"
     "31323334353637383961626364656630313233343536373839616263646566"},
    {MESSAGE_SITE, write_site,
     "0000002e951b01a74174656c696572c42030313233343536373839616263646566"
     "30313233343536373839616263646566c3"},
    {MESSAGE_PARCEL, write_parcel,
     "0000006e961c02ccc8ce00011170c42030313233343536373839616263646566"
     "30313233343536373839616263646566c44030313233343536373839616263646566"
     "3031323334353637383961626364656666656463626139383736353433323130"
     "66656463626139383736353433323130"},
    {MESSAGE_PIECE, write_piece, "00000009921dc4056279746573"},
    {MESSAGE_RECEIPT, write_receipt,
     "00000025931e03c42030313233343536373839616263646566303132333435363738"
     "39616263646566"},
    {MESSAGE_LISTED, write_listed,
     "00000045931fc3c44030313233343536373839616263646566303132333435363738"
     "3961626364656666656463626139383736353433323130666564636261393837"
     "36353433323130"},
};
enum { VECTORS = sizeof vectors / sizeof *vectors };

static void hex_of(const struct buf *bytes, char out[HEX_BYTES])
{
    must(bytes->n * 2 < HEX_BYTES);
    for (size_t i = 0; i < bytes->n; i++)
        (void)snprintf(out + i * 2, 3, "%02x", bytes->p[i]);
}

static void bytes_of_every_message_stay_as_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        struct buf frame = {0};
        char hex[HEX_BYTES] = "";
        vectors[i].write(&frame);
        assert_int_equal(frame.err, ERR_OK);
        hex_of(&frame, hex);
        assert_string_equal(hex, vectors[i].hex);
        buf_done(&frame);
    }
}

static void every_message_type_has_a_vector(void **state)
{
    (void)state;
    size_t next = 0;
    for (int type = 1; type <= (int)MESSAGE_TYPE_LAST; type++) {
        const uint8_t body[] = {0x91, (uint8_t)type};
        struct message m = {0};
        size_t before = next;
        while (next < VECTORS && (int)vectors[next].type == type)
            next++;
        enum err err = message_read((struct str){(const char *)body, sizeof body}, &m);
        assert_int_equal(err == ERR_PROTOCOL, next == before);
    }
    assert_int_equal(next, VECTORS);
}

/* Read the n-th vector; the view is valid until *frame is freed. */
static struct message read_vector(size_t i, struct buf *frame)
{
    struct message m = {0};
    struct str body = {NULL, 0};
    size_t used = 0;
    vectors[i].write(frame);
    assert_int_equal(frame_next(buf_str(frame), FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_int_equal(used, frame->n);
    assert_int_equal(message_read(body, &m), ERR_OK);
    assert_int_equal(m.type, vectors[i].type);
    return m;
}

static void parts_are_read(const struct message *m)
{
    if (m->type == MESSAGE_SITE) {
        assert_true(str_eq(m->site.name, STR("Atelier")) && m->site.waiting);
        assert_int_equal(m->site.parcel.n, 32);
    } else if (m->type == MESSAGE_PARCEL) {
        assert_true(m->parcel.kind == 2 && m->parcel.device == 200);
        assert_true(m->parcel.size == 70000 && m->parcel.follows.n == 64);
    } else if (m->type == MESSAGE_PIECE) {
        assert_true(str_eq(m->piece, STR("bytes")));
    } else if (m->type == MESSAGE_RECEIPT) {
        assert_int_equal(m->receipt.err, ERR_FULL);
    } else if (m->type == MESSAGE_OFFER) {
        assert_true(m->offer.size == 65541 && m->offer.sha256.n == 32);
    } else if (m->type == MESSAGE_LISTED) {
        assert_true(m->listed.more && m->listed.keys.n == 64);
    }
}

static void what_was_written_is_read_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        struct buf frame = {0};
        struct message m = read_vector(i, &frame);
        if (m.type == MESSAGE_HELLO) {
            assert_int_equal(m.hello.pulled, 5000000000);
            assert_int_equal(m.hello.wall_ms, 1795348800000);
            assert_true(m.hello.live && !m.hello.full && m.hello.leaves);
            assert_int_equal(m.hello.entered, 4000000000);
        } else if (m.type == MESSAGE_WELCOME) {
            struct cur cur = cur_of(m.welcome.origins.p, m.welcome.origins.n);
            assert_int_equal(unpack_array(&cur), 6);
            assert_int_equal(message_origin(&cur).epoch, 1);
            assert_int_equal(message_origin(&cur).device, 200);
            assert_false(cur.bad);
            assert_int_equal(m.welcome.wall_ms, -1);
            assert_true(m.welcome.known_hash == UINT64_MAX);
            assert_true(m.welcome.filling && m.welcome.content == 52428800);
        } else if (m.type == MESSAGE_VERDICTS) {
            assert_int_equal(message_range(&m.verdicts.ranges).seq, 5000000001);
            struct verdict_range range = message_range(&m.verdicts.ranges);
            assert_int_equal(range.to, 70009);
            assert_int_equal(range.reason, REASON_MASS);
            assert_false(m.verdicts.ranges.bad);
        } else if (m.type == MESSAGE_PAGE) {
            assert_int_equal(m.page.hash, 0x0123456789abcdef);
            assert_true(str_eq(m.page.body, STR("rows")));
        } else if (m.type == MESSAGE_IDLE) {
            assert_int_equal(m.idle.grants, 7);
            assert_int_equal(m.idle.rows, m.idle.compared ? 1234 : 0);
            assert_int_equal(m.idle.sum, m.idle.compared ? 0xfedcba9876543210 : 0);
        } else if (m.type == MESSAGE_LEAVE) {
            assert_int_equal(m.leave.count, 2);
            assert_int_equal(message_leave_scope(&m.leave.scopes).kind, LEAVE_STRUCTURE);
            struct leave_scope scope = message_leave_scope(&m.leave.scopes);
            assert_int_equal(scope.facets, 7);
            assert_int_equal(scope.id.b[0], 0x70);
            assert_false(m.leave.scopes.bad);
        } else if (m.type == MESSAGE_ERASE) {
            assert_int_equal(m.erase.count, 2);
            assert_int_equal(message_erase_order(&m.erase.orders).no, 3);
            assert_int_equal(message_erase_order(&m.erase.orders).dossier.b[0], 0x70);
            assert_false(m.erase.orders.bad);
        } else if (m.type == MESSAGE_ERASED) {
            assert_int_equal(m.erased, 70000);
        } else if (m.type == MESSAGE_WANT) {
            assert_true(m.want.from == 65536 && m.want.max == 4096);
            assert_int_equal(m.want.err, ERR_FULL);
        } else if (m.type == MESSAGE_CHUNK) {
            assert_true(str_eq(m.chunk.bytes, STR("bytes")));
        } else if (m.type == MESSAGE_BYE) {
            assert_int_equal(m.bye.err, ERR_LATER);
        } else if (m.type == MESSAGE_ENROLLED) {
            assert_true(str_eq(m.enrolled.network, STR("Réseau d'essai")));
            assert_true(str_eq(m.enrolled.proof, STR("proof")));
        } else {
            parts_are_read(&m);
        }
        buf_done(&frame);
    }
}

static void a_message_cut_short_is_never_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        struct buf frame = {0};
        struct message m = {0};
        (void)read_vector(i, &frame);
        for (size_t n = 0; n < frame.n - FRAME_HEAD_BYTES; n++) {
            struct str body = {(const char *)frame.p + FRAME_HEAD_BYTES, n};
            assert_int_not_equal(message_read(body, &m), ERR_OK);
        }
        buf_done(&frame);
    }
}

static void items_a_later_version_appends_are_ignored(void **state)
{
    (void)state;
    static const uint8_t bye[] = {0x94, MESSAGE_BYE, ERR_LATER, 5, 0xc3};
    static const uint8_t strange[] = {0x93, MESSAGE_BYE, 0x70, 5};
    static const uint8_t unknown[] = {0x91, MESSAGE_TYPE_LAST + 1};
    struct message m = {0};
    assert_int_equal(message_read((struct str){(const char *)bye, sizeof bye}, &m), ERR_OK);
    assert_int_equal(m.bye.err, ERR_LATER);
    assert_int_equal(m.bye.retry_ms, 5);
    assert_int_equal(message_read((struct str){(const char *)strange, sizeof strange}, &m),
                     ERR_OK);
    assert_int_equal(m.bye.err, ERR_REFUSED);
    assert_int_equal(message_read((struct str){(const char *)unknown, sizeof unknown}, &m),
                     ERR_PROTOCOL);
}

/* As schema version 1 wrote them. */
static void messages_of_the_first_version_are_read(void **state)
{
    (void)state;
    static const char *const hex[] = {
        "000000439f010101c410101112131415161718191a1b1c1d1e1f02cd012cce00"
        "011170ce0001116fcf000000012a05f2000ccf000001a20320a200c2c3cf1122"
        "33445566778805",
        "000000749f020101c410101112131415161718191a1b1c1d1e1f02ffcd012cce"
        "0001116fcfffffffffffffffffcc80cf000000012a05f2001fc4102021222324"
        "25262728292a2b2c2d2e2f9601c410505152535455565758595a5b5c5d5e5f01"
        "cd012cc410606162636465666768696a6b6c6d6e6fccc807",
        "000000159407cf000000012a05f203ce00011179ce00010d88",
    };
    for (size_t i = 0; i < 3; i++) {
        struct buf frame = {0};
        struct message m = {0};
        for (const char *p = hex[i]; *p != 0; p += 2) {
            char byte[3] = {p[0], p[1], 0};
            buf_u8(&frame, (uint8_t)strtoul(byte, NULL, 16));
        }
        struct str body = {(const char *)frame.p + FRAME_HEAD_BYTES,
                           frame.n - FRAME_HEAD_BYTES};
        assert_int_equal(message_read(body, &m), ERR_OK);
        if (m.type == MESSAGE_HELLO)
            assert_true(!m.hello.leaves && m.hello.entering == 0 && m.hello.whole == 5);
        else if (m.type == MESSAGE_WELCOME)
            assert_true(!m.welcome.filling && m.welcome.grants == 7 && m.welcome.content == 0);
        else
            assert_true(m.idle.grants == IDLE_UNSAID && m.idle.stable_op == 69000);
        buf_done(&frame);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_every_message_stay_as_they_are),
        cmocka_unit_test(every_message_type_has_a_vector),
        cmocka_unit_test(what_was_written_is_read_again),
        cmocka_unit_test(a_message_cut_short_is_never_taken),
        cmocka_unit_test(items_a_later_version_appends_are_ignored),
        cmocka_unit_test(messages_of_the_first_version_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
