/* SPDX-License-Identifier: Apache-2.0 */
/* The server against devices that err or lie: rights, chains, numbers, malformed work, sizes.
 */
#include "support/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

/* A device whose operations are written by hand. */
struct liar {
    struct fleet f;
    struct serve_session session;
    struct op_head head; /* of the next operation */
    struct op_writer w;
    struct id person;
    uint32_t epoch_shift; /* what it adds to its epoch in a push */
};

static void greet(struct liar *l, size_t i)
{
    struct party *p = &l->f.twin.replicas[i];
    struct hello hello;
    struct buf frames = {0};
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    serve_session_done(&l->session);
    assert_int_equal(
        serve_hello(l->f.twin.server.store, &p->device, &hello, &l->session, &frames), ERR_OK);
    buf_done(&frames);
    l->head.actor = p->device.staff;
}

static void ref(const char *name, const struct id *id, char out[80])
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, 80, "%s=%s", name, text);
}

static struct id add_person(struct party *p, const struct id *structure)
{
    char home[80];
    ref("structure", structure, home);
    const char *fields[] = {"name=Fictif", "first_name=Anna", home, NULL};
    return twin_add(p, "person", fields);
}

static void open_liar(struct liar *l, enum role role)
{
    *l = (struct liar){.head = {.op_no = 1, .hlc = 1000, .wall_ms = 1, .form = 1}};
    fleet_open(&l->f, 1);
    l->person = add_person(&l->f.twin.server, &l->f.twin.structure);
    fleet_join(&l->f, role, &l->f.twin.structure);
    op_writer_init(&l->w);
    greet(l, 0);
}

static void close_liar(struct liar *l)
{
    serve_session_done(&l->session);
    op_writer_done(&l->w);
    fleet_close(&l->f);
}

static void next_op(struct liar *l, struct str op)
{
    l->head.prev_hash = op_hash(l->head.prev_hash, op);
    l->head.op_no++;
    l->head.hlc++;
    op_writer_clear(&l->w);
}

/* Push these bytes as one operation; the verdict when it was judged. */
static enum err push_bytes(struct liar *l, struct str op, struct verdict_range *range)
{
    struct buf frames = {0};
    struct serve_push push = {.session = &l->session, .frames = &frames};
    push.push = (struct push){.epoch = l->session.epoch + l->epoch_shift,
                              .first_op = l->head.op_no,
                              .count = 1,
                              .body = op};
    assert_int_equal(serve_pushes(l->f.twin.server.store, &push, 1), ERR_OK);
    if (push.err == ERR_OK) {
        struct message m;
        struct str body = {0};
        size_t used = 0;
        assert_int_equal(frame_next(buf_str(&frames), FRAME_BYTES_MAX, &body, &used), ERR_OK);
        assert_int_equal(message_read(body, &m), ERR_OK);
        assert_int_equal(m.type, MESSAGE_VERDICTS);
        *range = message_range(&m.verdicts.ranges);
    }
    buf_done(&frames);
    return push.err;
}

static enum reason push_op(struct liar *l)
{
    struct buf op = {0};
    struct verdict_range range = {0};
    assert_int_equal(op_write(&l->head, &l->w, &op), ERR_OK);
    assert_int_equal(push_bytes(l, buf_str(&op), &range), ERR_OK);
    assert_int_equal(range.from, l->head.op_no);
    next_op(l, buf_str(&op));
    buf_done(&op);
    return range.reason;
}

static uint64_t quarantined(struct liar *l)
{
    struct serve_stats stats;
    assert_int_equal(serve_stats(l->f.twin.server.store, &stats), ERR_OK);
    return stats.quarantined;
}

static void assert_sound(struct liar *l)
{
    struct buf report = {0};
    uint32_t problems = 0;
    assert_int_equal(store_check(l->f.twin.server.store, &report, &problems), ERR_OK);
    assert_int_equal(problems, 0);
    buf_done(&report);
}

static struct id row_id(uint8_t n)
{
    struct id id = {.b = {1, 2, 3, 4, 5, 6, 0x70, 7, 0x80, n}};
    return id;
}

/* A person as a device would make it. */
static void write_person(struct liar *l, const struct id *id, const struct id *structure)
{
    change_begin_insert(&l->w, TABLE_PERSON, id, 3);
    struct value text = value_text(STR("Faux"));
    struct value home = value_id(structure);
    pack_int(&l->w.body, 1);
    value_pack(&text, &l->w.body);
    pack_int(&l->w.body, 2);
    value_pack(&text, &l->w.body);
    pack_int(&l->w.body, 13);
    value_pack(&home, &l->w.body);
}

static void work_of_another_is_refused_and_kept(void **state)
{
    (void)state;
    struct liar l;
    open_liar(&l, ROLE_JOBCOACH);
    struct id id = row_id(1);
    struct id me = l.head.actor;
    write_person(&l, &id, &l.f.twin.structure);
    l.head.actor.b[3] ^= 1;
    assert_int_equal(push_op(&l), REASON_RIGHTS);
    assert_int_equal(quarantined(&l), 1);
    l.head.actor = me;
    write_person(&l, &id, &l.f.twin.structure);
    assert_int_equal(push_op(&l), REASON_NONE);
    assert_sound(&l);
    close_liar(&l);
}

static void a_chain_that_does_not_fit_is_a_fork_and_nothing_is_kept(void **state)
{
    (void)state;
    struct liar l;
    open_liar(&l, ROLE_JOBCOACH);
    struct verdict_range range = {0};
    struct buf first = {0};
    struct buf other = {0};
    struct id id = row_id(1);
    write_person(&l, &id, &l.f.twin.structure);
    l.head.op_no = 2;
    assert_int_equal(op_write(&l.head, &l.w, &other), ERR_OK);
    assert_int_equal(push_bytes(&l, buf_str(&other), &range), ERR_FORK);
    l.head.op_no = 1;
    l.head.prev_hash = 77;
    buf_clear(&other);
    assert_int_equal(op_write(&l.head, &l.w, &other), ERR_OK);
    assert_int_equal(push_bytes(&l, buf_str(&other), &range), ERR_FORK);
    l.head.prev_hash = 0;
    assert_int_equal(op_write(&l.head, &l.w, &first), ERR_OK);
    assert_int_equal(push_bytes(&l, buf_str(&first), &range), ERR_OK);
    /* The same number, other bytes: not the operation the stored verdict is about. */
    l.head.wall_ms++;
    buf_clear(&other);
    assert_int_equal(op_write(&l.head, &l.w, &other), ERR_OK);
    assert_int_equal(push_bytes(&l, buf_str(&other), &range), ERR_FORK);
    assert_int_equal(push_bytes(&l, buf_str(&first), &range), ERR_OK);
    l.epoch_shift = 1;
    assert_int_equal(push_bytes(&l, buf_str(&first), &range), ERR_FORK);
    assert_int_equal(twin_count(l.f.twin.server.store, "person"), 2);
    assert_sound(&l);
    buf_done(&first);
    buf_done(&other);
    close_liar(&l);
}

static void an_epoch_of_another_device_is_not_greeted(void **state)
{
    (void)state;
    struct liar l;
    open_liar(&l, ROLE_JOBCOACH);
    fleet_join(&l.f, ROLE_JOBCOACH, &l.f.twin.structure);
    struct hello hello;
    struct buf frames = {0};
    struct serve_session session;
    struct store *s = l.f.twin.server.store;
    assert_int_equal(replica_hello(l.f.twin.replicas[0].store, &hello), ERR_OK);
    struct serve_device *second = &l.f.twin.replicas[1].device;
    assert_int_equal(serve_hello(s, second, &hello, &session, &frames), ERR_REFUSED);
    hello.epoch = 0;
    assert_int_equal(serve_hello(s, second, &hello, &session, &frames), ERR_REFUSED);
    hello.epoch = 999;
    assert_int_equal(serve_hello(s, second, &hello, &session, &frames), ERR_REFUSED);
    hello.protocol = 99;
    assert_int_equal(serve_hello(s, second, &hello, &session, &frames), ERR_VERSION);
    assert_int_equal(frames.n, 0);
    close_liar(&l);
}

/* Well-formed MessagePack that is no sensible change. */
static void write_nonsense(struct liar *l, int which)
{
    struct buf *b = &l->w.body;
    struct id id = row_id(9);
    l->w.changes = 1;
    switch (which) {
    case 0: /* no array */
        pack_int(b, 7);
        return;
    case 1: /* an unknown kind */
        pack_array(b, 3);
        pack_int(b, 7);
        pack_int(b, TABLE_PERSON);
        pack_id(b, &id);
        return;
    case 2: /* half a pair */
        pack_array(b, 4);
        pack_int(b, CHANGE_INSERT);
        pack_int(b, TABLE_PERSON);
        pack_id(b, &id);
        pack_int(b, 1);
        return;
    case 3: /* field 0 */
        l->w.changes = 0;
        change_begin_insert(&l->w, TABLE_PERSON, &id, 1);
        pack_int(b, 0);
        pack_int(b, 0);
        return;
    case 4: /* a number for a text */
        l->w.changes = 0;
        change_begin_insert(&l->w, TABLE_PERSON, &id, 1);
        pack_int(b, 1);
        pack_int(b, 1);
        return;
    case 5: /* one field twice */
        l->w.changes = 0;
        change_begin_update(&l->w, TABLE_PERSON, &l->person, 2);
        for (int i = 0; i < 2; i++) {
            change_field_base(&l->w, 12, (struct stamp){1, 1});
            pack_raw(b, STR("\xc0"));
            pack_raw(b, STR("\xc0"));
        }
        return;
    case 6: /* no id */
        pack_array(b, 3);
        pack_int(b, CHANGE_INSERT);
        pack_int(b, TABLE_PERSON);
        pack_int(b, 5);
        return;
    default: /* more fields than any table has */
        l->w.changes = 0;
        change_begin_update(&l->w, TABLE_PERSON, &l->person, 300);
        for (int i = 0; i < 300; i++) {
            change_field_base(&l->w, (uint16_t)(i + 1), (struct stamp){1, 1});
            pack_raw(b, STR("\xc0"));
            pack_raw(b, STR("\xc0"));
        }
        return;
    }
}

static void nonsense_is_refused_and_kept_and_the_next_work_goes_on(void **state)
{
    (void)state;
    struct liar l;
    open_liar(&l, ROLE_JOBCOACH);
    enum { KINDS = 8 };
    for (int which = 0; which < KINDS; which++) {
        write_nonsense(&l, which);
        assert_int_equal(push_op(&l), REASON_INVALID);
        assert_int_equal(quarantined(&l), (uint64_t)which + 1);
    }
    struct id id = row_id(1);
    write_person(&l, &id, &l.f.twin.structure);
    assert_int_equal(push_op(&l), REASON_NONE);
    assert_sound(&l);
    close_liar(&l);
}

static void each_refusal_has_its_reason(void **state)
{
    (void)state;
    struct liar l;
    open_liar(&l, ROLE_JOBCOACH);
    const char *fields[] = {"name=EI du Canal", "kind=EI", NULL};
    struct id elsewhere = twin_add(&l.f.twin.server, "structure", fields);
    struct id id = row_id(1);
    struct id missing = row_id(2);
    write_person(&l, &id, &elsewhere);
    assert_int_equal(push_op(&l), REASON_RIGHTS);
    change_begin_update(&l.w, TABLE_PERSON, &id, 1);
    change_field_base(&l.w, 12, (struct stamp){1, 1});
    pack_raw(&l.w.body, STR("\xc0"));
    pack_raw(&l.w.body, STR("\xc0"));
    assert_int_equal(push_op(&l), REASON_DEPENDS);
    change_begin_update(&l.w, TABLE_PERSON, &missing, 0);
    assert_int_equal(push_op(&l), REASON_MISSING);
    id = row_id(3);
    write_person(&l, &id, &missing);
    assert_int_equal(push_op(&l), REASON_MISSING);
    change_begin_insert(&l.w, 999, &id, 0);
    assert_int_equal(push_op(&l), REASON_UNKNOWN);
    change_begin_insert(&l.w, TABLE_CONFLICT, &id, 0);
    assert_int_equal(push_op(&l), REASON_RIGHTS);
    change_begin_insert(&l.w, TABLE_PERSON, &id, 0);
    assert_int_equal(push_op(&l), REASON_INVALID);
    /* A row keeps its structure. */
    change_begin_update(&l.w, TABLE_PERSON, &l.person, 1);
    change_field_base(&l.w, 13, (struct stamp){1, 1});
    struct value home = value_id(&l.f.twin.structure);
    struct value away = value_id(&elsewhere);
    value_pack(&home, &l.w.body);
    value_pack(&away, &l.w.body);
    assert_int_equal(push_op(&l), REASON_FROZEN);
    assert_sound(&l);
    close_liar(&l);
}

static void a_revoked_device_is_told_so(void **state)
{
    (void)state;
    struct liar l;
    open_liar(&l, ROLE_JOBCOACH);
    struct store *s = l.f.twin.server.store;
    struct serve_device device = {0};
    uint8_t key[32] = {1};
    assert_int_equal(serve_device(s, key, &device), ERR_OK);
    assert_int_equal(serve_device_state(s, device.device, DEVICE_REVOKED), ERR_OK);
    assert_int_equal(serve_device(s, key, &device), ERR_REVOKED);
    assert_int_equal(device.state, DEVICE_REVOKED);
    key[5] = 9;
    assert_int_equal(serve_device(s, key, &device), ERR_NOTFOUND);
    assert_int_equal(serve_device_state(s, 999, DEVICE_REVOKED), ERR_NOTFOUND);
    assert_int_equal(serve_device_state(s, 0, DEVICE_REVOKED), ERR_NOTFOUND);
    close_liar(&l);
}

/* Everything the server sends a device, expanded. */
static void all_pages(struct fleet *f, size_t i, struct buf *out)
{
    struct party *p = &f->twin.replicas[i];
    struct hello hello;
    struct serve_session session;
    struct buf frames = {0};
    struct squeeze squeeze = {0};
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    hello.full = true;
    hello.pulled = 0;
    assert_int_equal(serve_hello(f->twin.server.store, &p->device, &hello, &session, &frames),
                     ERR_OK);
    for (bool idle = false; !idle;)
        assert_int_equal(serve_page(f->twin.server.store, &session, &frames, &idle), ERR_OK);
    struct str rest = buf_str(&frames);
    while (rest.n > 0) {
        struct message m;
        struct str body = {0};
        size_t used = 0;
        assert_int_equal(frame_next(rest, FRAME_BYTES_MAX, &body, &used), ERR_OK);
        assert_int_equal(message_read(body, &m), ERR_OK);
        if (m.type == MESSAGE_PAGE && m.page.packed)
            assert_int_equal(squeeze_expand(&squeeze, m.page.body, FRAME_PLAIN_BYTES_MAX, out),
                             ERR_OK);
        else if (m.type == MESSAGE_PAGE)
            buf_add(out, m.page.body.p, m.page.body.n);
        rest.p += used;
        rest.n -= used;
    }
    serve_session_done(&session);
    squeeze_done(&squeeze);
    buf_done(&frames);
}

static bool holds(const struct buf *bytes, const char *mark)
{
    return memmem(bytes->p, bytes->n, mark, strlen(mark)) != NULL;
}

/* In each structure: a fact, a note, and a conflict about the note. */
static void mark_structure(struct fleet *f, const struct id *structure, const char *mark)
{
    char person[80];
    char session[80];
    char fact[80];
    char note[80];
    struct id p = add_person(&f->twin.server, structure);
    ref("person", &p, person);
    char home[80];
    ref("structure", structure, home);
    (void)snprintf(fact, sizeof fact, "subject=FAIT%s", mark);
    (void)snprintf(note, sizeof note, "text=NOTE%s", mark);
    const char *fields[] = {"kind=individual", person, home, "date=2026-11-02",
                            "minutes=45",      fact,   NULL};
    struct id s = twin_add(&f->twin.server, "session", fields);
    ref("session", &s, session);
    const char *text[] = {session, person, note, NULL};
    (void)twin_add(&f->twin.server, "session_note", text);
    char employer[80];
    ref("employer_structure", structure, employer);
    const char *contract[] = {person, employer, "kind=CDI", "start=2026-11-02", NULL};
    (void)twin_add(&f->twin.server, "contract", contract); /* for the manager */
}

static void nothing_leaks_to_any_role(void **state)
{
    (void)state;
    static const struct {
        enum role role;
        bool facts, notes;
    } cases[] = {{ROLE_JOBCOACH, true, true},
                 {ROLE_MANAGER, true, false},
                 {ROLE_COORDINATOR, true, false},
                 {ROLE_ADMIN, false, false}};
    struct fleet f;
    fleet_open(&f, 1);
    const char *fields[] = {"name=EI du Canal", "kind=EI", NULL};
    struct id here = f.twin.structure;
    struct id there = twin_add(&f.twin.server, "structure", fields);
    mark_structure(&f, &here, "ICI");
    mark_structure(&f, &there, "LA");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf bytes = {0};
        fleet_join(&f, cases[i].role, &here);
        all_pages(&f, i, &bytes);
        assert_true(holds(&bytes, "EI du Canal"));
        assert_int_equal(holds(&bytes, "FAITICI"), cases[i].facts);
        assert_int_equal(holds(&bytes, "NOTEICI"), cases[i].notes);
        assert_false(holds(&bytes, "FAITLA"));
        assert_false(holds(&bytes, "NOTELA"));
        buf_done(&bytes);
    }
    fleet_close(&f);
}

/* One operation that touches many long rows must still fit a page for who has none of them. */
static void a_small_change_of_many_long_rows_reaches_a_new_replica(void **state)
{
    (void)state;
    enum { ROWS = 500, CHARS = 4000 };
    struct fleet f;
    fleet_open(&f, 1);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    struct party *p = &f.twin.replicas[0];
    const struct table *table = schema_table(&schema_jalon, TABLE_POSITION);
    const struct field *places = schema_field_named(table, STR("places"));
    static char text[CHARS];
    static struct id ids[ROWS];
    struct rng rng;
    rng_init(&rng, 1);
    struct edit *edit = NULL;
    assert_int_equal(edit_open(p->store, &edit, NULL), ERR_OK);
    for (int i = 0; i < ROWS; i++) {
        for (size_t k = 0; k < CHARS; k++)
            text[k] = (char)('0' + rng_below(&rng, 64));
        struct edit_value values[] = {
            {schema_field_named(table, STR("structure")), value_id(&f.twin.structure)},
            {schema_field_named(table, STR("kind")), value_text(STR("offer"))},
            {schema_field_named(table, STR("title")), value_text(STR("Ouvrier"))},
            {schema_field_named(table, STR("conditions")),
             value_text((struct str){text, CHARS})},
            {schema_field_named(table, STR("start")), value_int(20000)},
            {places, value_int(1)}};
        assert_int_equal(edit_insert(edit, table, values, 6, &ids[i], NULL), ERR_OK);
    }
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    fleet_sync(&f, 0);
    assert_int_equal(edit_open(p->store, &edit, NULL), ERR_OK);
    for (int i = 0; i < ROWS; i++) {
        struct edit_value value = {places, value_int(2)};
        assert_int_equal(edit_update(edit, table, &ids[i], &value, 1, NULL), ERR_OK);
    }
    assert_int_equal(edit_commit(edit, NULL), ERR_OK);
    fleet_sync(&f, 0);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    assert_int_equal(twin_count(f.twin.replicas[1].store, "position"), ROWS);
    fleet_close(&f);
}

static void idle_replicas_make_no_operation(void **state)
{
    (void)state;
    struct fleet f;
    fleet_open(&f, 1);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    (void)add_person(&f.twin.replicas[0], &f.twin.structure);
    fleet_heal(&f);
    struct serve_stats before;
    struct serve_stats after;
    assert_int_equal(serve_stats(f.twin.server.store, &before), ERR_OK);
    for (int i = 0; i < 5; i++)
        fleet_heal(&f);
    assert_int_equal(serve_stats(f.twin.server.store, &after), ERR_OK);
    assert_int_equal(after.seq, before.seq);
    assert_int_equal(after.operations, before.operations);
    assert_int_equal(after.operations, after.seq); /* one seq each, without a gap */
    fleet_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_of_another_is_refused_and_kept),
        cmocka_unit_test(a_chain_that_does_not_fit_is_a_fork_and_nothing_is_kept),
        cmocka_unit_test(an_epoch_of_another_device_is_not_greeted),
        cmocka_unit_test(nonsense_is_refused_and_kept_and_the_next_work_goes_on),
        cmocka_unit_test(each_refusal_has_its_reason),
        cmocka_unit_test(a_revoked_device_is_told_so),
        cmocka_unit_test(nothing_leaks_to_any_role),
        cmocka_unit_test(a_small_change_of_many_long_rows_reaches_a_new_replica),
        cmocka_unit_test(idle_replicas_make_no_operation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
