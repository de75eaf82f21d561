/* SPDX-License-Identifier: Apache-2.0 */
/* A device of the network whose program was rewritten by somebody clever, and a server gone
 * wrong: neither may take, spoil or see what is not its own. */
#include "proto/hash.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

enum { NOTE_ROWS = 40, NOTE_BYTES_EACH = 19900 * 3 };

/* The hostile device: a key of the network, and operations made byte by byte. */
struct foe {
    struct twin t;
    struct serve_session session;
    struct op_writer w;
    uint64_t op_no, hash;
    hlc_t hlc;
    uint8_t ids; /* rows made */
};

static void foe_open(struct foe *f, struct str role)
{
    *f = (struct foe){.hlc = hlc_of_ms(INT64_C(1795000000000))};
    twin_open(&f->t, 0, &schema_jalon);
    twin_enrol(&f->t, role);
    struct hello hello;
    struct buf frames = {0};
    assert_int_equal(replica_hello(f->t.replicas[0].store, &hello), ERR_OK);
    assert_int_equal(
        serve_hello(f->t.server.store, &f->t.replicas[0].device, &hello, &f->session, &frames),
        ERR_OK);
    buf_done(&frames);
    op_writer_init(&f->w);
}

static void foe_close(struct foe *f)
{
    serve_session_done(&f->session);
    struct buf report = {0};
    uint32_t problems = 0;
    assert_int_equal(store_check(f->t.server.store, &report, &problems), ERR_OK);
    assert_int_equal(problems, 0);
    struct note why = {""};
    assert_int_equal(serve_chain_check(f->t.server.store, &why), ERR_OK);
    buf_done(&report);
    op_writer_done(&f->w);
    twin_close(&f->t);
}

static struct id fresh_id(struct foe *f)
{
    struct id id = {{0x77}};
    id.b[15] = ++f->ids;
    return id;
}

/* Push what was written; how it was judged. */
static struct verdict_range push(struct foe *f)
{
    struct op_head head = {.op_no = ++f->op_no,
                           .prev_hash = f->hash,
                           .hlc = ++f->hlc,
                           .wall_ms = hlc_ms(f->hlc),
                           .form = 1,
                           .actor = f->t.replicas[0].device.staff};
    struct buf op = {0};
    struct buf frames = {0};
    assert_int_equal(op_write(&head, &f->w, &op), ERR_OK);
    op_writer_clear(&f->w);
    f->hash = op_hash(f->hash, buf_str(&op));
    struct serve_push p = {.session = &f->session,
                           .push = {.epoch = f->session.epoch,
                                    .first_op = head.op_no,
                                    .count = 1,
                                    .body = buf_str(&op)},
                           .frames = &frames};
    assert_int_equal(serve_pushes(f->t.server.store, &p, 1), ERR_OK);
    assert_int_equal(p.err, ERR_OK);
    struct str body = {0};
    size_t used = 0;
    struct message m;
    assert_int_equal(frame_next(buf_str(&frames), FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_int_equal(message_read(body, &m), ERR_OK);
    struct verdict_range range = message_range(&m.verdicts.ranges);
    buf_done(&frames);
    buf_done(&op);
    return range;
}

static void put_id(struct foe *f, uint16_t field, const struct id *id)
{
    pack_int(&f->w.body, field);
    pack_id(&f->w.body, id);
}

static void put_text(struct foe *f, uint16_t field, const char *text)
{
    pack_int(&f->w.body, field);
    pack_str(&f->w.body, str_of(text));
}

static void put_int(struct foe *f, uint16_t field, int64_t v)
{
    pack_int(&f->w.body, field);
    pack_int(&f->w.body, v);
}

static void ref(const char *name, const struct id *id, char out[80])
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, 80, "%s=%s", name, text);
}

/* ---- rights ---- */

static enum reason give_role(struct foe *f, const struct id *structure, const char *role)
{
    struct id id = fresh_id(f);
    change_begin_insert(&f->w, TABLE_STAFF_ROLE, &id, 4);
    put_id(f, FIELD_STAFF_ROLE_STAFF, &f->t.replicas[0].device.staff);
    put_id(f, FIELD_STAFF_ROLE_STRUCTURE, structure);
    put_text(f, FIELD_STAFF_ROLE_ROLE, role);
    put_int(f, FIELD_STAFF_ROLE_START, 18000);
    return push(f).reason;
}

static struct id other_structure(struct foe *f)
{
    const char *fields[] = {"name=CISP du Bois", "kind=CISP_EFT", NULL};
    return twin_add(&f->t.server, "structure", fields);
}

static void a_coordinator_gives_out_roles_of_his_structure_only(void **state)
{
    (void)state;
    struct foe f;
    foe_open(&f, STR("coordinator"));
    struct id other = other_structure(&f);
    assert_int_equal(give_role(&f, &other, "jobcoach"), REASON_RIGHTS);
    assert_int_equal(give_role(&f, &f.t.structure, "admin"), REASON_RIGHTS);
    assert_int_equal(give_role(&f, &f.t.structure, "manager"), REASON_NONE);
    foe_close(&f);
}

static void a_coordinator_leaves_the_staff_of_others_alone(void **state)
{
    (void)state;
    struct foe f;
    char structure[80];
    foe_open(&f, STR("coordinator"));
    struct id other = other_structure(&f);
    ref("structure", &other, structure);
    const char *fields[] = {"first_name=Zoé", "name=Fictive", structure, "active=true", NULL};
    struct id zoe = twin_add(&f.t.server, "staff", fields);
    change_begin_update(&f.w, TABLE_STAFF, &zoe, 1);
    change_field_base(&f.w, 9, (struct stamp){0});
    pack_int(&f.w.body, 1);
    pack_int(&f.w.body, 0);
    assert_int_equal(push(&f).reason, REASON_RIGHTS);
    assert_string_equal(twin_get(f.t.server.store, "staff", &zoe, "active"), "true");
    foe_close(&f);
}

static enum err take_id(void *ctx, const struct row *row)
{
    struct id *out = ctx;
    *out = row->id;
    return ERR_OK;
}

/* The foe's role ends with this day of the server's. */
static void role_ends_today(struct foe *f)
{
    struct store *s = f->t.server.store;
    struct id role = {0};
    char end[40];
    struct buf day = {0};
    struct value today = value_int(f->t.server.wall_ms / (INT64_C(24) * 3600 * 1000));
    value_print(KIND_DATE, &today, &day);
    (void)snprintf(end, sizeof end, "end=%.*s", (int)day.n, (const char *)day.p);
    buf_done(&day);
    const struct table *table = schema_table(&schema_jalon, TABLE_STAFF_ROLE);
    assert_int_equal(rows_list(s, table, NULL, 0, false, 0, take_id, &role), ERR_OK);
    const char *fields[] = {end, NULL};
    assert_int_equal(twin_set(&f->t.server, "staff_role", &role, fields), ERR_OK);
}

static enum reason one_company(struct foe *f)
{
    struct id company = fresh_id(f);
    change_begin_insert(&f->w, TABLE_COMPANY, &company, 1);
    put_text(f, 1, "Forge Fictive");
    return push(f).reason;
}

static void rights_end_at_midnight_on_a_connection_that_stays(void **state)
{
    (void)state;
    struct foe f;
    bool idle = false;
    foe_open(&f, STR("jobcoach"));
    role_ends_today(&f);
    assert_int_equal(one_company(&f), REASON_NONE);
    f.t.server.wall_ms += INT64_C(24) * 3600 * 1000;
    assert_int_equal(one_company(&f), REASON_RIGHTS);
    /* What was held leaves on the same connection: a push in between does not hide that. */
    struct buf frames = {0};
    struct str body = {NULL, 0};
    size_t used = 0;
    struct message m;
    assert_int_equal(serve_page(f.t.server.store, &f.session, &frames, &idle), ERR_OK);
    assert_int_equal(frame_next(buf_str(&frames), FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_int_equal(message_read(body, &m), ERR_OK);
    assert_int_equal(m.type, MESSAGE_LEAVE);
    assert_int_equal(m.leave.count, 2); /* the structure, and the network */
    buf_done(&frames);
    foe_close(&f);
}

/* ---- rows made again ---- */

static void write_session(struct foe *f, const struct id *id, int64_t minutes)
{
    change_begin_insert(&f->w, TABLE_SESSION, id, 4);
    put_text(f, 1, "individual");
    put_id(f, 3, &f->t.structure);
    put_int(f, 4, 20000);
    put_int(f, 6, minutes);
}

static void making_a_validated_session_again_does_not_change_it(void **state)
{
    (void)state;
    struct foe f;
    foe_open(&f, STR("jobcoach"));
    struct id session = fresh_id(&f);
    write_session(&f, &session, 30);
    assert_int_equal(push(&f).reason, REASON_NONE);
    const char *validated[] = {"state=validated", NULL};
    assert_int_equal(twin_set(&f.t.server, "session", &session, validated), ERR_OK);
    write_session(&f, &session, 600);
    assert_int_equal(push(&f).reason, REASON_FROZEN);
    assert_string_equal(twin_get(f.t.server.store, "session", &session, "minutes"), "30");
    write_session(&f, &session, 30); /* the same again is no harm */
    assert_int_equal(push(&f).verdict, VERDICT_MERGED);
    foe_close(&f);
}

static void making_a_position_again_keeps_one_employer(void **state)
{
    (void)state;
    struct foe f;
    foe_open(&f, STR("jobcoach"));
    const char *fields[] = {"name=Garage fictif", NULL};
    struct id company = twin_add(&f.t.server, "company", fields);
    struct id position = fresh_id(&f);
    for (int again = 0; again < 2; again++) {
        change_begin_insert(&f.w, TABLE_POSITION, &position, 5);
        put_id(&f, again == 0 ? 1 : 2, again == 0 ? &f.t.structure : &company);
        put_text(&f, 3, "offer");
        put_text(&f, 4, "Mécanicien");
        put_int(&f, 8, 1);
        put_int(&f, 10, 20000);
        assert_int_equal(push(&f).reason, again == 0 ? REASON_NONE : REASON_INVALID);
    }
    assert_string_equal(twin_get(f.t.server.store, "position", &position, "company"), "");
    foe_close(&f);
}

/* ---- fields nobody knows ---- */

static struct id plain_session(struct foe *f)
{
    struct id session = fresh_id(f);
    write_session(f, &session, 30);
    assert_int_equal(push(f).reason, REASON_NONE);
    return session;
}

static enum reason smuggle(struct foe *f, const struct id *row, uint16_t field, size_t n)
{
    static char blob[120 * 1024];
    assert_true(n <= sizeof blob);
    change_begin_update(&f->w, TABLE_SESSION, row, 1);
    change_field_base(&f->w, field, (struct stamp){0});
    pack_nil(&f->w.body);
    pack_bin(&f->w.body, (struct str){blob, n});
    return push(f).reason;
}

static void unknown_fields_are_kept_within_bounds(void **state)
{
    (void)state;
    struct foe f;
    foe_open(&f, STR("jobcoach"));
    struct id session = plain_session(&f);
    assert_int_equal(smuggle(&f, &session, 150, 100), REASON_NONE);
    assert_int_equal(smuggle(&f, &session, 151, 100 * 1024), REASON_NONE);
    assert_int_equal(smuggle(&f, &session, 152, 100 * 1024), REASON_INVALID);
    assert_int_equal(smuggle(&f, &session, 5000, 1), REASON_INVALID);
    struct id more = fresh_id(&f);
    change_begin_insert(&f.w, TABLE_SESSION, &more, 300);
    for (uint16_t i = 0; i < 300; i++)
        put_int(&f, (uint16_t)(1000 + i), 1);
    assert_int_equal(push(&f).reason, REASON_INVALID);
    foe_close(&f);
}

/* ---- pages ---- */

/* Text that does not compress, three bytes a character. */
static void noise(char *out, size_t n, uint64_t *state)
{
    for (size_t i = 0; i < n; i += 3) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        out[i] = (char)(0xe4 + (*state >> 60) % 5);
        out[i + 1] = (char)(0x80 + (*state >> 40) % 64);
        out[i + 2] = (char)(0x80 + (*state >> 50) % 64);
    }
}

/* Everything there is, as a new device of `foe`'s rights gets it; the largest page. */
static size_t largest_page(struct foe *f)
{
    size_t largest = 0;
    bool idle = false;
    f->session.reader.cursor = 0;
    f->session.reader.full = true;
    while (!idle) {
        struct buf frames = {0};
        assert_int_equal(serve_page(f->t.server.store, &f->session, &frames, &idle), ERR_OK);
        largest = frames.n > largest ? frames.n : largest;
        buf_done(&frames);
    }
    return largest;
}

static void one_operation_cannot_make_a_page_nobody_can_send(void **state)
{
    (void)state;
    struct foe f;
    foe_open(&f, STR("jobcoach"));
    struct id session = plain_session(&f);
    struct id person = fresh_id(&f);
    struct id notes[NOTE_ROWS];
    static char text[NOTE_BYTES_EACH];
    uint64_t random = 1;
    change_begin_insert(&f.w, TABLE_PERSON, &person, 3);
    put_text(&f, 1, "Fictif");
    put_text(&f, 2, "Ali");
    put_id(&f, 13, &f.t.structure);
    assert_int_equal(push(&f).reason, REASON_NONE);
    for (size_t i = 0; i < NOTE_ROWS; i++) {
        notes[i] = fresh_id(&f);
        noise(text, sizeof text, &random);
        change_begin_insert(&f.w, TABLE_SESSION_NOTE, &notes[i], 3);
        put_id(&f, 1, &session);
        put_id(&f, 2, &person);
        pack_int(&f.w.body, 3);
        pack_str(&f.w.body, (struct str){text, sizeof text});
        assert_int_equal(push(&f).reason, REASON_NONE);
    }
    /* A small operation that moves them all: taken, then refused and told again. */
    for (int refused = 0; refused < 2; refused++) {
        for (size_t i = 0; i < NOTE_ROWS; i++) {
            struct id other = refused != 0 && i == 0 ? session : person;
            change_begin_update(&f.w, TABLE_SESSION_NOTE, &notes[i], 1);
            change_field_base(&f.w, 2, (struct stamp){0});
            pack_id(&f.w.body, &person);
            pack_id(&f.w.body, &other);
        }
        assert_int_equal(push(&f).verdict, refused != 0 ? VERDICT_REFUSED : VERDICT_MERGED);
        assert_true(largest_page(&f) <= FRAME_BYTES_MAX);
    }
    foe_close(&f);
}

/* ---- a server gone wrong ---- */

static void more_versions_than_fields_do_no_harm(void **state)
{
    (void)state;
    struct twin t;
    twin_open(&t, 1, &schema_jalon);
    (void)twin_sync(&t, 0);
    struct party *p = &t.replicas[0];
    char structure[80];
    ref("structure", &t.structure, structure);
    const char *plain[] = {"name=Fictif", "first_name=Ali", structure, NULL};
    struct id person = twin_add(p, "person", plain);
    const char *edit[] = {"emergency=la voisine", NULL};
    assert_int_equal(twin_set(p, "person", &person, edit), ERR_OK);
    struct hello hello;
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    struct buf body = {0};
    pack_array(&body, FEED_WHOLE_HEAD + 2);
    pack_int(&body, FEED_WHOLE);
    pack_int(&body, TABLE_PERSON);
    pack_id(&body, &person);
    pack_uint(&body, 1);
    pack_uint(&body, 1);
    pack_id(&body, &person);
    pack_uint(&body, 1);
    pack_array(&body, VERSIONS_MAX * 3);
    for (uint32_t i = 0; i < VERSIONS_MAX; i++) {
        pack_int(&body, 100 + i % 90);
        pack_uint(&body, 5);
        pack_uint(&body, 9);
    }
    pack_nil(&body);
    pack_int(&body, 1);
    pack_str(&body, STR("Autre"));
    struct page page = {.from = hello.pulled,
                        .to = hello.pulled + 1,
                        .rows = 1,
                        .hash = hash64(hello.pulled ^ (hello.pulled + 1), body.p, body.n),
                        .body = buf_str(&body)};
    struct replica_tally tally = {0};
    assert_int_equal(replica_pages(p->store, &page, 1, NULL, &tally), ERR_OK);
    /* What is unsent is shown still, and can be worked on. */
    assert_string_equal(twin_get(p->store, "person", &person, "name"), "Fictif");
    const char *again[] = {"emergency=le frère", NULL};
    assert_int_equal(twin_set(p, "person", &person, again), ERR_OK);
    buf_done(&body);
    twin_close(&t);
}

static void clocks_at_the_ends_of_time_are_only_wrong(void **state)
{
    (void)state;
    static const int64_t ends[] = {INT64_MIN, INT64_MAX};
    struct foe f;
    foe_open(&f, STR("jobcoach"));
    for (size_t i = 0; i < 2; i++) {
        struct buf frame = {0};
        struct buf frames = {0};
        struct hello hello;
        assert_int_equal(replica_hello(f.t.replicas[0].store, &hello), ERR_OK);
        hello.wall_ms = ends[i];
        message_hello(&frame, &hello);
        struct message m;
        struct str body = {(const char *)frame.p + FRAME_HEAD_BYTES,
                           frame.n - FRAME_HEAD_BYTES};
        assert_int_equal(message_read(body, &m), ERR_OK);
        serve_session_done(&f.session);
        assert_int_equal(serve_hello(f.t.server.store, &f.t.replicas[0].device, &m.hello,
                                     &f.session, &frames),
                         ERR_OK);
        /* Not the difference wrapped around. */
        assert_true((f.session.skew_ms < 0) == (ends[i] < 0));
        (void)plain_session(&f);
        buf_done(&frames);
        buf_clear(&frame);
        message_welcome(&frame, &(struct welcome){.wall_ms = ends[i]});
        body =
            (struct str){(const char *)frame.p + FRAME_HEAD_BYTES, frame.n - FRAME_HEAD_BYTES};
        assert_int_equal(message_read(body, &m), ERR_OK);
        assert_true(m.welcome.wall_ms > INT64_MIN / 2 && m.welcome.wall_ms < INT64_MAX / 2);
        buf_done(&frame);
    }
    foe_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_coordinator_gives_out_roles_of_his_structure_only),
        cmocka_unit_test(a_coordinator_leaves_the_staff_of_others_alone),
        cmocka_unit_test(rights_end_at_midnight_on_a_connection_that_stays),
        cmocka_unit_test(making_a_validated_session_again_does_not_change_it),
        cmocka_unit_test(making_a_position_again_keeps_one_employer),
        cmocka_unit_test(unknown_fields_are_kept_within_bounds),
        cmocka_unit_test(one_operation_cannot_make_a_page_nobody_can_send),
        cmocka_unit_test(more_versions_than_fields_do_no_harm),
        cmocka_unit_test(clocks_at_the_ends_of_time_are_only_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
