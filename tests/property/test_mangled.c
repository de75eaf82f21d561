/* SPDX-License-Identifier: Apache-2.0 */
/* Operations and pages whose bytes were changed at random, judged by a real server and applied
 * to a real replica: whatever is well-formed enough to be looked at is taken, refused or kept
 * aside, and both stores stay sound. */
#include "client/commands.h"
#include "proto/hash.h"
#include "support/rng.h"
#include "support/seed.h"
#include "support/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>

enum { ROUNDS = 3000, CHANGES_MAX = 5, MANGLES_MAX = 3 };

static struct twin twin;
static struct rng rng;

static void ref(const char *name, const struct id *id, char out[80])
{
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, 80, "%s=%s", name, text);
}

/* A few rows of several kinds, and conflicts between them. */
static void work(void)
{
    char structure[80];
    char person[80];
    ref("structure", &twin.structure, structure);
    const char *ali[] = {"name=Fictif", "first_name=Ali", structure, NULL};
    struct id p = twin_add(&twin.replicas[0], "person", ali);
    ref("person", &p, person);
    const char *meeting[] = {
        "kind=individual", "date=2026-10-01", "minutes=30", structure, person, NULL};
    struct id s = twin_add(&twin.replicas[0], "session", meeting);
    char session[80];
    ref("session", &s, session);
    const char *note[] = {session, person, "text=Un compte rendu fictif.\nDeux lignes.", NULL};
    (void)twin_add(&twin.replicas[0], "session_note", note);
    const char *company[] = {"name=Forge Fictive", "city=Huy", NULL};
    (void)twin_add(&twin.replicas[0], "company", company);
    (void)twin_sync(&twin, 0);
    (void)twin_sync(&twin, 1);
    for (size_t i = 0; i < 2; i++) {
        const char *edits[2][2] = {{"minutes=45", NULL}, {"minutes=60", NULL}};
        assert_int_equal(twin_set(&twin.replicas[i], "session", &s, edits[i]), ERR_OK);
        (void)twin_sync(&twin, i);
    }
    (void)twin_sync(&twin, 0);
}

static int open_twin(void **state)
{
    (void)state;
    rng_init(&rng, seed_of_run("mangled", 20261122));
    twin_open(&twin, 3, &schema_jalon);
    for (size_t i = 0; i < 3; i++)
        (void)twin_sync(&twin, i);
    work();
    return 0;
}

static int close_twin(void **state)
{
    (void)state;
    twin_close(&twin);
    return 0;
}

/* Change some bytes: another value, one more, one less, or a piece from elsewhere. */
static void mangle(struct buf *b)
{
    static const uint8_t likely[] = {0x00, 0x7f, 0x80, 0x90, 0xa0, 0xc0, 0xc2, 0xc3, 0xc4,
                                     0xca, 0xcb, 0xcc, 0xcf, 0xd0, 0xd3, 0xd9, 0xdc, 0xff};
    uint64_t times = 1 + rng_below(&rng, MANGLES_MAX);
    for (uint64_t i = 0; i < times && b->n > 1; i++) {
        size_t at = (size_t)rng_below(&rng, b->n);
        switch (rng_below(&rng, 4)) {
        case 0:
            b->p[at] = (uint8_t)(rng_next(&rng) & 0xff);
            break;
        case 1:
            b->p[at] = likely[rng_below(&rng, sizeof likely)];
            break;
        case 2:
            b->p[at] = (uint8_t)(b->p[at] + 1);
            break;
        default: {
            size_t from = (size_t)rng_below(&rng, b->n);
            size_t n = (size_t)rng_below(&rng, b->n - (at > from ? at : from));
            memmove(b->p + at, b->p + from, n < 20 ? n : 20);
            break;
        }
        }
    }
}

static void assert_sound(struct store *s)
{
    struct buf report = {0};
    uint32_t problems = 0;
    assert_int_equal(store_check(s, &report, &problems), ERR_OK);
    if (problems > 0)
        (void)fprintf(stderr, "%.*s", (int)report.n, (const char *)report.p);
    assert_int_equal(problems, 0);
    buf_done(&report);
}

/* The operations a replica has made, as it would send them. */
static void collect_ops(struct party *p, struct buf *out)
{
    struct buf frame = {0};
    struct message m;
    uint64_t last = 0;
    struct squeeze squeeze = {NULL, NULL};
    assert_int_equal(replica_push(p->store, 0, &frame, &last), ERR_OK);
    struct str body = {(const char *)frame.p + FRAME_HEAD_BYTES, frame.n - FRAME_HEAD_BYTES};
    assert_int_equal(message_read(body, &m), ERR_OK);
    if (m.push.packed)
        assert_int_equal(squeeze_expand(&squeeze, m.push.body, FRAME_PLAIN_BYTES_MAX, out),
                         ERR_OK);
    else
        buf_add(out, m.push.body.p, m.push.body.n);
    squeeze_done(&squeeze);
    buf_done(&frame);
}

/* Send one operation of the third device with these bytes for its changes. */
static bool send_changes(struct serve_session *session, struct op_head *head, uint64_t *hash,
                         uint32_t changes, struct str bytes)
{
    struct op_writer w;
    struct buf op = {0};
    struct buf frames = {0};
    op_writer_init(&w);
    buf_add(&w.body, bytes.p, bytes.n);
    w.changes = changes;
    head->op_no++;
    head->hlc++;
    head->prev_hash = *hash;
    bool good = op_write(head, &w, &op) == ERR_OK;
    if (good) {
        struct serve_push p = {.session = session,
                               .push = {.epoch = session->epoch,
                                        .first_op = head->op_no,
                                        .count = 1,
                                        .body = buf_str(&op)},
                               .frames = &frames};
        assert_int_equal(serve_pushes(twin.server.store, &p, 1), ERR_OK);
        assert_int_equal(p.err, ERR_OK);
        *hash = op_hash(*hash, buf_str(&op));
    } else {
        head->op_no--;
    }
    op_writer_done(&w);
    buf_done(&op);
    buf_done(&frames);
    return good;
}

static void mangled_operations_leave_the_server_sound(void **state)
{
    (void)state;
    struct buf ops = {0};
    struct hello hello;
    struct buf frames = {0};
    struct serve_session session;
    struct party *p = &twin.replicas[2];
    collect_ops(&twin.replicas[0], &ops);
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    assert_int_equal(serve_hello(twin.server.store, &p->device, &hello, &session, &frames),
                     ERR_OK);
    buf_done(&frames);
    struct op_head own = {.hlc = hlc_of_ms(INT64_C(1795000000000)),
                          .wall_ms = INT64_C(1795000000000),
                          .form = 1,
                          .actor = p->device.staff};
    uint64_t hash = 0;
    unsigned sent = 0;
    struct str rest = buf_str(&ops);
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct op_head head;
        struct cur changes;
        size_t used = 0;
        if (rest.n == 0)
            rest = buf_str(&ops);
        assert_int_equal(op_read(rest, &head, &changes, &used), ERR_OK);
        struct buf body = {0};
        buf_add(&body, changes.p, cur_left(&changes));
        mangle(&body);
        sent += send_changes(&session, &own, &hash, head.changes, buf_str(&body)) ? 1 : 0;
        buf_done(&body);
        rest = (struct str){rest.p + used, rest.n - used};
    }
    assert_true(sent > ROUNDS / 20);
    assert_sound(twin.server.store);
    struct note why = {""};
    assert_int_equal(serve_chain_check(twin.server.store, &why), ERR_OK);
    /* And the others can still follow. */
    (void)twin_sync(&twin, 0);
    (void)twin_sync(&twin, 1);
    assert_sound(twin.replicas[0].store);
    serve_session_done(&session);
    buf_done(&ops);
}

static enum err nowhere(void *ctx, enum cmd_stream stream, struct str bytes)
{
    (void)ctx;
    (void)stream;
    (void)bytes;
    return ERR_OK;
}

/* What people look at, on a replica that holds what a server gone wrong sent. */
static void look_around(struct party *p)
{
    static const char *const ways[][4] = {{"status"},
                                          {"conflicts"},
                                          {"conflicts", "--json"},
                                          {"inbox"},
                                          {"list", "session"},
                                          {"list", "person", "--json"},
                                          {"list", "conflict", "--json"},
                                          {"list", "session_note", "--deleted"}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const char *argv[5] = {"jalon"};
        int n = 1;
        for (; n < 5 && ways[i][n - 1] != NULL; n++)
            argv[n] = ways[i][n - 1];
        struct cmd c = {.store = p->store,
                        .write = nowhere,
                        .dir = twin.dir,
                        .cwd = twin.dir,
                        .columns = 80};
        (void)commands_run(&c, n, argv);
    }
}

static void mangled_pages_do_not_end_the_client(void **state)
{
    (void)state;
    struct serve_session session;
    struct buf frames = {0};
    struct buf plain = {0};
    struct squeeze squeeze = {NULL, NULL};
    struct hello hello;
    struct party *p = &twin.replicas[1];
    bool idle = false;
    assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
    hello.full = true;
    hello.pulled = hello.entered = hello.whole = 0;
    assert_int_equal(serve_hello(twin.server.store, &p->device, &hello, &session, &frames),
                     ERR_OK);
    buf_clear(&frames);
    assert_int_equal(serve_page(twin.server.store, &session, &frames, &idle), ERR_OK);
    struct str body = {0};
    size_t used = 0;
    struct message m;
    assert_int_equal(frame_next(buf_str(&frames), FRAME_BYTES_MAX, &body, &used), ERR_OK);
    assert_int_equal(message_read(body, &m), ERR_OK);
    assert_int_equal(m.type, MESSAGE_PAGE);
    assert_true(m.page.packed);
    assert_int_equal(squeeze_expand(&squeeze, m.page.body, FRAME_PLAIN_BYTES_MAX, &plain),
                     ERR_OK);
    unsigned taken = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct buf copy = {0};
        struct replica_tally tally = {0};
        buf_add(&copy, plain.p, plain.n);
        mangle(&copy);
        assert_int_equal(replica_hello(p->store, &hello), ERR_OK);
        struct page page = {.from = hello.pulled,
                            .to = hello.pulled + 1,
                            .rows = UINT32_MAX,
                            .body = buf_str(&copy)};
        page.hash = hash64(page.from ^ page.to, copy.p, copy.n);
        taken += replica_pages(p->store, &page, 1, NULL, &tally) == ERR_OK ? 1 : 0;
        if (i % 100 == 0)
            look_around(p);
        buf_done(&copy);
    }
    assert_true(taken > ROUNDS / 20);
    look_around(p);
    serve_session_done(&session);
    squeeze_done(&squeeze);
    buf_done(&plain);
    buf_done(&frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(mangled_operations_leave_the_server_sound, open_twin,
                                        close_twin),
        cmocka_unit_test_setup_teardown(mangled_pages_do_not_end_the_client, open_twin,
                                        close_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
