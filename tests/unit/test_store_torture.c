/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation, each call of the disk and each write fails in its turn, on the replica and
 * on the server, through an edit and a sync: nothing crashes, what was said to be saved is
 * there, a transaction is there whole or not at all, and the next sync brings all together. */
#include "support/alloc_fail.h"
#include "support/fleet.h"
#include "support/rounds.h"
#include "support/vfs_mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SERVER, REPLICA, SIDES, EVERY = ROUNDS(100), THIN = ROUNDS(25) };

/* A replica with work to fetch and work to send, on disks in memory. */
struct bench {
    struct fleet f;
    struct disk *disks[SIDES], *base[SIDES];
    struct vfs_mem *vfs[SIDES];
    struct rng env;
    struct id person;
    uint64_t op_last; /* of the replica, before */
    struct id made;   /* by the edit */
    bool saved;       /* it was said so */
};

static int64_t fixed_utc_ms(void *ctx)
{
    (void)ctx;
    return INT64_C(1795000000000);
}

static void env_random(void *ctx, void *bytes, size_t n)
{
    rng_fill(ctx, bytes, n);
}

static struct party *party(struct bench *b, int side)
{
    return side == SERVER ? &b->f.twin.server : &b->f.twin.replicas[0];
}

static void to_memory(struct bench *b, int side, const char *name)
{
    static uint8_t bytes[8 * 1024 * 1024];
    struct party *p = party(b, side);
    store_close(p->store);
    p->store = NULL;
    FILE *in = fopen(p->path, "rb");
    assert_non_null(in);
    size_t n = fread(bytes, 1, sizeof bytes, in);
    (void)fclose(in);
    (void)unlink(p->path);
    b->disks[side] = disk_new(&b->env);
    disk_put(b->disks[side], name, bytes, n);
    b->base[side] = disk_snapshot(b->disks[side]);
    struct vfs_mem_env env = {&b->env, fixed_utc_ms, env_random};
    b->vfs[side] = vfs_mem_open(b->disks[side], side == SERVER ? "server" : "replica", env);
    p->vfs = side == SERVER ? "server" : "replica";
    (void)snprintf(p->path, sizeof p->path, "%s", name);
}

static struct bench *new_bench(void)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    rng_init(&b->env, 1);
    fleet_open(&b->f, 1);
    fleet_join(&b->f, ROLE_JOBCOACH, &b->f.twin.structure);
    fleet_join(&b->f, ROLE_JOBCOACH, &b->f.twin.structure);
    const char *fields[] = {"name=Fictif", "first_name=Anna", NULL};
    b->person = twin_add(&b->f.twin.replicas[0], "person", fields);
    fleet_heal(&b->f);
    const char *other[] = {"emergency=le frère", "city=Namur", NULL};
    assert_int_equal(twin_set(&b->f.twin.replicas[1], "person", &b->person, other), ERR_OK);
    (void)twin_add(&b->f.twin.replicas[1], "person", fields);
    fleet_sync(&b->f, 1);
    struct store_status status;
    assert_int_equal(store_status(b->f.twin.replicas[0].store, &status), ERR_OK);
    b->op_last = status.op_last;
    to_memory(b, SERVER, "server.db");
    to_memory(b, REPLICA, "replica.db");
    return b;
}

static void free_bench(struct bench *b)
{
    fleet_close(&b->f);
    for (int side = 0; side < SIDES; side++) {
        assert_int_equal(vfs_mem_handles(b->vfs[side]), 0);
        vfs_mem_close(b->vfs[side]);
        disk_free(b->disks[side]);
        disk_free(b->base[side]);
    }
    free(b);
}

/* Both databases as they were. */
static void begin_again(struct bench *b)
{
    for (int side = 0; side < SIDES; side++) {
        struct party *p = party(b, side);
        store_close(p->store);
        disk_heal(b->disks[side]);
        disk_restore(b->disks[side], b->base[side]);
        disk_restart(b->disks[side]);
        twin_open_party(&b->f.twin, p);
    }
    b->saved = false;
}

static enum err work(struct bench *b)
{
    struct store *s = party(b, REPLICA)->store;
    const struct table *table = schema_table(&schema_jalon, TABLE_PERSON);
    struct edit_value values[] = {
        {schema_field_named(table, STR("name")), value_text(STR("Fictif"))},
        {schema_field_named(table, STR("first_name")), value_text(STR("Chloé"))}};
    struct edit_value phone = {schema_field_named(table, STR("emergency")),
                               value_text(STR("la voisine"))};
    struct edit *edit = NULL;
    enum err err = edit_open(s, &edit, NULL);
    if (err != ERR_OK)
        return err;
    err = edit_insert(edit, table, values, 2, &b->made, NULL);
    if (err == ERR_OK)
        err = edit_update(edit, table, &b->person, &phone, 1, NULL);
    if (err != ERR_OK) {
        edit_abort(edit);
        return err;
    }
    err = edit_commit(edit, NULL);
    b->saved = err == ERR_OK;
    return err;
}

static bool next(struct buf *frames, size_t *at, struct message *out)
{
    struct str rest = {(const char *)frames->p + *at, frames->n - *at};
    struct str body = {0};
    size_t used = 0;
    enum err err = frames->n == 0 ? ERR_OK : frame_next(rest, FRAME_BYTES_MAX, &body, &used);
    if (err != ERR_OK || used == 0 || message_read(body, out) != ERR_OK)
        return false;
    *at += used;
    return true;
}

/* Whatever the server sent, to the replica. */
static enum err take(struct bench *b, struct buf *frames, struct replica_plan *plan)
{
    struct store *s = party(b, REPLICA)->store;
    struct replica_tally tally = {0};
    struct message m;
    size_t at = 0;
    enum err err = ERR_OK;
    while (err == ERR_OK && next(frames, &at, &m)) {
        if (m.type == MESSAGE_WELCOME)
            err = replica_welcome(s, &m.welcome, plan);
        else if (m.type == MESSAGE_VERDICTS)
            err = replica_verdicts(s, m.verdicts, &tally);
        else if (m.type == MESSAGE_PAGE)
            err = replica_pages(s, &m.page, 1, NULL, &tally);
        else
            err = replica_pages(s, NULL, 0, &m.idle, &tally);
    }
    return err == ERR_OK && at != frames->n ? ERR_NOMEM : err;
}

static enum err push(struct bench *b, struct serve_session *session, uint64_t after)
{
    struct buf up = {0};
    struct buf down = {0};
    struct message m;
    size_t at = 0;
    uint64_t last = 0;
    enum err err = replica_push(party(b, REPLICA)->store, after, &up, &last);
    if (err == ERR_OK && last != after) {
        err = next(&up, &at, &m) ? ERR_OK : ERR_NOMEM;
        struct serve_push one = {.session = session, .push = m.push, .frames = &down};
        if (err == ERR_OK)
            err = serve_pushes(party(b, SERVER)->store, &one, 1);
        if (err == ERR_OK)
            err = one.err;
        if (err == ERR_OK)
            err = take(b, &down, NULL);
    }
    buf_done(&up);
    buf_done(&down);
    return err;
}

static enum err pull(struct bench *b, struct serve_session *session)
{
    enum err err = ERR_OK;
    for (bool idle = false; !idle && err == ERR_OK;) {
        struct buf down = {0};
        err = serve_page(party(b, SERVER)->store, session, &down, &idle);
        if (err == ERR_OK)
            err = take(b, &down, NULL);
        buf_done(&down);
    }
    return err;
}

static enum err sync_once(struct bench *b)
{
    struct party *p = party(b, REPLICA);
    struct serve_session session = {.device = 0};
    struct replica_plan plan = {0};
    struct hello hello;
    struct buf down = {0};
    enum err err = replica_hello(p->store, &hello);
    if (err == ERR_OK)
        err = serve_hello(party(b, SERVER)->store, &p->device, &hello, &session, &down);
    if (err == ERR_OK)
        err = take(b, &down, &plan);
    buf_done(&down);
    if (err == ERR_OK && plan.fork)
        err = ERR_FORK;
    if (err == ERR_OK)
        err = push(b, &session, plan.push_from);
    if (err == ERR_OK)
        err = pull(b, &session);
    serve_session_done(&session);
    return err == ERR_OK ? replica_synced(p->store) : err;
}

static void reopen(struct bench *b, int side)
{
    struct party *p = party(b, side);
    store_close(p->store);
    if (!disk_up(b->disks[side]))
        disk_restart(b->disks[side]);
    twin_open_party(&b->f.twin, p);
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

/* After the faults: whole or not at all, and never less than what was said. */
static void assert_whole(struct bench *b)
{
    struct store *s = party(b, REPLICA)->store;
    struct store_status status;
    assert_int_equal(store_status(s, &status), ERR_OK);
    bool op = status.op_last == b->op_last + 1;
    assert_true(op || status.op_last == b->op_last);
    assert_true(op || !b->saved);
    const char *name = twin_get(s, "person", &b->made, "first_name");
    assert_string_equal(name, op ? "Chloé" : "<NOTFOUND>");
    const char *phone = twin_get(s, "person", &b->person, "emergency");
    if (op && status.acked_through == b->op_last)
        assert_string_equal(phone, "la voisine");
    assert_sound(s);
    assert_sound(party(b, SERVER)->store);
}

static void assert_together(struct bench *b)
{
    struct store_status status;
    assert_int_equal(sync_once(b), ERR_OK);
    struct buf ours = {0};
    struct buf theirs = {0};
    twin_dump(party(b, REPLICA)->store, &ours);
    twin_dump_seen(party(b, SERVER)->store, &b->f.twin.replicas[0].device.staff, &theirs);
    assert_true(str_eq(buf_str(&ours), buf_str(&theirs)));
    buf_done(&ours);
    buf_done(&theirs);
    assert_int_equal(store_status(party(b, REPLICA)->store, &status), ERR_OK);
    assert_int_equal(status.unsent, 0);
    bool there = strcmp(twin_get(party(b, SERVER)->store, "person", &b->made, "first_name"),
                        "Chloé") == 0;
    assert_true(there || !b->saved);
}

/* One edit and one sync under the faults that are armed. */
static void run_script(struct bench *b)
{
    enum err err = work(b);
    if (err == ERR_OK)
        err = sync_once(b);
    assert_int_not_equal(err, ERR_FORK);
    assert_int_not_equal(err, ERR_PROTOCOL);
}

/* Every n up to EVERY, then thinner: the far ones are many of a kind. */
static uint64_t next_n(uint64_t n)
{
    return n < EVERY ? n + 1 : n + 1 + n / THIN;
}

static void fail_allocations(bool lasting)
{
    struct bench *b = new_bench();
    for (uint64_t n = 1;; n = next_n(n)) {
        begin_again(b);
        alloc_fail_at(ALLOC_BOTH, n, lasting);
        run_script(b);
        uint64_t refused = alloc_fail_refused();
        alloc_fail_off();
        reopen(b, SERVER);
        reopen(b, REPLICA);
        assert_whole(b);
        assert_together(b);
        if (refused == 0)
            break;
    }
    free_bench(b);
}

static void every_allocation_may_fail_once(void **state)
{
    (void)state;
    fail_allocations(false);
}

static void every_allocation_may_fail_from_then_on(void **state)
{
    (void)state;
    fail_allocations(true);
}

static void fail_disk(int side, enum disk_op op, enum disk_fault fault, bool lasting)
{
    struct bench *b = new_bench();
    for (uint64_t n = 1;; n = next_n(n)) {
        begin_again(b);
        uint64_t before = disk_faults(b->disks[side]);
        disk_fail(b->disks[side], op, n, fault, lasting);
        run_script(b);
        uint64_t faults = disk_faults(b->disks[side]) - before;
        bool done = faults == 0 && disk_up(b->disks[side]);
        disk_heal(b->disks[side]);
        reopen(b, SERVER);
        reopen(b, REPLICA);
        assert_whole(b);
        assert_together(b);
        if (done)
            break;
    }
    free_bench(b);
}

static void every_call_of_the_disk_may_fail(void **state)
{
    (void)state;
    for (int side = 0; side < SIDES; side++) {
        fail_disk(side, DISK_ANY, DISK_FAULT_IO, false);
        fail_disk(side, DISK_ANY, DISK_FAULT_IO, true);
    }
}

static void the_disk_may_be_full_at_every_write(void **state)
{
    (void)state;
    for (int side = 0; side < SIDES; side++) {
        fail_disk(side, DISK_WRITE, DISK_FAULT_FULL, false);
        fail_disk(side, DISK_WRITE, DISK_FAULT_FULL, true);
    }
}

static void the_power_may_go_at_every_call(void **state)
{
    (void)state;
    for (int side = 0; side < SIDES; side++) {
        for (int again = 0; again < 3; again++)
            fail_disk(side, DISK_ANY, DISK_FAULT_POWER, false);
    }
}

/* A full disk stops saving, not living: once there is room the same store goes on. */
static void a_store_goes_on_when_there_is_room_again(void **state)
{
    (void)state;
    struct bench *b = new_bench();
    begin_again(b);
    disk_fail(b->disks[REPLICA], DISK_WRITE, 1, DISK_FAULT_FULL, true);
    assert_int_equal(work(b), ERR_FULL);
    assert_false(b->saved);
    disk_heal(b->disks[REPLICA]);
    assert_int_equal(store_health(party(b, REPLICA)->store), ERR_OK);
    assert_int_equal(work(b), ERR_OK);
    assert_whole(b);
    assert_together(b);
    free_bench(b);
}

int main(void)
{
    alloc_fail_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail_once),
        cmocka_unit_test(every_allocation_may_fail_from_then_on),
        cmocka_unit_test(every_call_of_the_disk_may_fail),
        cmocka_unit_test(the_disk_may_be_full_at_every_write),
        cmocka_unit_test(the_power_may_go_at_every_call),
        cmocka_unit_test(a_store_goes_on_when_there_is_room_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
