/* SPDX-License-Identifier: Apache-2.0 */
/* An erasure is confirmed and carried out while each allocation, each call of the disk and the
 * power fail in their turn, on the server, on the device that confirms and on one that holds
 * the dossier: what was interrupted is finished later, on both sides, and nothing is left. */
#include "store/erase.h"
#include "support/alloc_fail.h"
#include "support/rounds.h"
#include "support/twin.h"
#include "support/vfs_mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { COACH, COORDINATOR, SERVER, SIDES, EVERY = ROUNDS(12), THIN = ROUNDS(3) };
static const char MARK[] = "MARQUE-PART";

struct bench {
    struct twin t;
    struct disk *disks[SIDES], *base[SIDES];
    struct vfs_mem *vfs[SIDES];
    struct rng env;
    struct id person, order;
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
    return side == SERVER ? &b->t.server : &b->t.replicas[side];
}

static void to_memory(struct bench *b, int side)
{
    static const char *const names[SIDES] = {"coach", "coordinator", "server"};
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
    (void)snprintf(p->path, sizeof p->path, "%s.db", names[side]);
    disk_put(b->disks[side], p->path, bytes, n);
    b->base[side] = disk_snapshot(b->disks[side]);
    struct vfs_mem_env env = {&b->env, fixed_utc_ms, env_random};
    b->vfs[side] = vfs_mem_open(b->disks[side], names[side], env);
    p->vfs = names[side];
}

static const char *ref(const char *name, const struct id *id)
{
    static char texts[4][80];
    static unsigned turn;
    char *out = texts[turn++ % 4];
    char text[ID_TEXT_BYTES];
    id_print(id, text);
    (void)snprintf(out, sizeof texts[0], "%s=%s", name, text);
    return out;
}

/* The coach has work on the dossier that nobody has seen, the coordinator the second signature.
 */
static struct bench *new_bench(void)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    rng_init(&b->env, 1);
    twin_open(&b->t, 1, &schema_jalon);
    twin_enrol(&b->t, STR("coordinator"));
    (void)twin_sync(&b->t, COACH);
    (void)twin_sync(&b->t, COORDINATOR);
    struct party *coach = &b->t.replicas[COACH];
    const char *person[] = {"name=Fictif", "first_name=Anna", "city=MARQUE-PART-1", NULL};
    b->person = twin_add(coach, "person", person);
    (void)twin_sync(&b->t, COACH);
    static char prose[9000]; /* of several pages, which become free as they are */
    (void)snprintf(prose, sizeof prose, "text=MARQUE-PART-4 %08000d MARQUE-PART-5", 0);
    const char *visited[] = {"kind=individual", ref("person", &b->person), "date=2026-11-02",
                             "minutes=30", NULL};
    struct id session = twin_add(coach, "session", visited);
    const char *note[] = {ref("session", &session), ref("person", &b->person), prose, NULL};
    (void)twin_add(coach, "session_note", note);
    const char *moved[] = {"city=MARQUE-PART-2", NULL};
    assert_int_equal(twin_set(coach, "person", &b->person, moved), ERR_OK);
    const char *ask[] = {ref("dossier", &b->person), ref("structure", &b->t.structure),
                         "reason=request", "asked_as=jobcoach", NULL};
    b->order = twin_add(coach, "erasure", ask);
    (void)twin_sync(&b->t, COACH);
    (void)twin_sync(&b->t, COORDINATOR);
    const char *confirm[] = {"state=confirmed", "signed_as=coordinator", NULL};
    assert_int_equal(twin_set(&b->t.replicas[COORDINATOR], "erasure", &b->order, confirm),
                     ERR_OK);
    const char *visit[] = {"kind=individual", ref("person", &b->person), "date=2026-11-03",
                           "minutes=30",      "subject=MARQUE-PART-3",   NULL};
    (void)twin_add(coach, "session", visit);
    for (int side = 0; side < SIDES; side++)
        to_memory(b, side);
    return b;
}

static void free_bench(struct bench *b)
{
    twin_close(&b->t);
    for (int side = 0; side < SIDES; side++) {
        assert_int_equal(vfs_mem_handles(b->vfs[side]), 0);
        vfs_mem_close(b->vfs[side]);
        disk_free(b->disks[side]);
        disk_free(b->base[side]);
    }
    free(b);
}

static void begin_again(struct bench *b)
{
    for (int side = 0; side < SIDES; side++) {
        struct party *p = party(b, side);
        store_close(p->store);
        disk_heal(b->disks[side]);
        disk_restore(b->disks[side], b->base[side]);
        disk_restart(b->disks[side]);
        twin_open_party(&b->t, p);
    }
}

/* ---- a sync that may fail anywhere ---- */

struct talk {
    struct bench *b;
    struct party *p;
    struct serve_session session;
    struct replica_plan plan;
};

static enum err take_one(struct talk *t, const struct message *m)
{
    struct store *s = t->p->store;
    struct replica_tally tally = {0};
    uint64_t done = 0;
    enum err err = ERR_OK;
    if (m->type == MESSAGE_WELCOME)
        return replica_welcome(s, &m->welcome, &t->plan);
    if (m->type == MESSAGE_VERDICTS)
        return replica_verdicts(s, m->verdicts, &tally);
    if (m->type == MESSAGE_PAGE)
        return replica_pages(s, &m->page, 1, NULL, &tally);
    if (m->type == MESSAGE_LEAVE)
        return replica_leave(s, m->leave);
    if (m->type == MESSAGE_IDLE)
        return replica_pages(s, NULL, 0, &m->idle, &tally);
    assert_int_equal(m->type, MESSAGE_ERASE);
    err = replica_erase(s, m->erase, &done);
    struct serve_seen seen = {.session = &t->session, .erased = done};
    return err == ERR_OK && done > 0 ? serve_seen(t->b->t.server.store, &seen, 1) : err;
}

static enum err take(struct talk *t, const struct buf *frames)
{
    struct str rest = buf_str(frames);
    enum err err = frames->err;
    while (err == ERR_OK && rest.n > 0) {
        struct str body = {0};
        struct message m;
        size_t used = 0;
        assert_int_equal(frame_next(rest, FRAME_BYTES_MAX, &body, &used), ERR_OK);
        assert_int_equal(message_read(body, &m), ERR_OK);
        rest = (struct str){rest.p + used, rest.n - used};
        err = take_one(t, &m);
    }
    return err;
}

static enum err push(struct talk *t)
{
    struct buf up = {0};
    struct buf down = {0};
    uint64_t last = 0;
    uint64_t after = t->plan.push_from;
    enum err err = replica_push(t->p->store, after, &up, &last);
    if (err == ERR_OK && last != after) {
        struct str body = {0};
        struct message m;
        size_t used = 0;
        assert_int_equal(frame_next(buf_str(&up), FRAME_BYTES_MAX, &body, &used), ERR_OK);
        assert_int_equal(message_read(body, &m), ERR_OK);
        struct serve_push one = {.session = &t->session, .push = m.push, .frames = &down};
        err = serve_pushes(t->b->t.server.store, &one, 1);
        err = err == ERR_OK ? one.err : err;
        err = err == ERR_OK ? take(t, &down) : err;
    }
    buf_done(&up);
    buf_done(&down);
    return err;
}

static enum err pull(struct talk *t)
{
    enum err err = ERR_OK;
    for (bool idle = false; !idle && err == ERR_OK;) {
        struct buf down = {0};
        err = serve_page(t->b->t.server.store, &t->session, &down, &idle);
        err = err == ERR_OK ? take(t, &down) : err;
        buf_done(&down);
    }
    return err;
}

static enum err sync_one(struct bench *b, int side)
{
    struct talk t = {.b = b, .p = party(b, side)};
    struct hello hello;
    struct buf down = {0};
    enum err err = replica_hello(t.p->store, &hello);
    if (err == ERR_OK)
        err = serve_hello(b->t.server.store, &t.p->device, &hello, &t.session, &down);
    if (err == ERR_OK)
        err = take(&t, &down);
    buf_done(&down);
    assert_false(err == ERR_OK && t.plan.fork);
    if (err == ERR_OK)
        err = push(&t);
    if (err == ERR_OK)
        err = pull(&t);
    serve_session_done(&t.session);
    return err == ERR_OK ? replica_synced(t.p->store) : err;
}

/* ---- what must hold ---- */

static void reopen(struct bench *b, int side)
{
    struct party *p = party(b, side);
    store_close(p->store);
    if (!disk_up(b->disks[side]))
        disk_restart(b->disks[side]);
    twin_open_party(&b->t, p);
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

static void assert_no_mark(struct bench *b, int side)
{
    const char *name = NULL;
    for (size_t i = 0; (name = disk_name(b->disks[side], i)) != NULL; i++) {
        size_t n = 0;
        const uint8_t *bytes = disk_bytes(b->disks[side], name, &n);
        assert_null(n == 0 ? NULL : memmem(bytes, n, MARK, sizeof MARK - 1));
    }
}

static enum err all_done(void *ctx, const struct erase_info *info)
{
    uint64_t *orders = ctx;
    (*orders)++;
    assert_true(info->done_ms != 0);
    assert_int_equal(info->devices, 2);
    assert_int_equal(info->acked, 2);
    return ERR_OK;
}

static enum err keeps_its_word(void *ctx, const struct erase_device *d)
{
    struct bench *b = ctx;
    for (int side = 0; side < SERVER && d->acked_ms != 0; side++)
        if (b->t.replicas[side].device.device == d->device)
            assert_no_mark(b, side);
    return ERR_OK;
}

/* Whoever has said that it is done has nothing of it. */
static void assert_honest(struct bench *b)
{
    assert_int_equal(erase_devices(b->t.server.store, 1, keeps_its_word, b), ERR_OK);
}

/* Everybody comes once or twice more, without faults. */
static void assert_finished(struct bench *b)
{
    uint64_t orders = 0;
    for (int round = 0; round < 2; round++) {
        assert_int_equal(sync_one(b, COORDINATOR), ERR_OK);
        assert_int_equal(sync_one(b, COACH), ERR_OK);
    }
    assert_int_equal(erase_orders(b->t.server.store, all_done, &orders), ERR_OK);
    assert_int_equal(orders, 1);
    for (int side = 0; side < SIDES; side++) {
        assert_sound(party(b, side)->store);
        assert_no_mark(b, side);
        assert_int_equal(twin_count(party(b, side)->store, "person"), 0);
        assert_int_equal(twin_count(party(b, side)->store, "session"), 0);
    }
}

static void run_script(struct bench *b)
{
    enum err err = sync_one(b, COORDINATOR);
    if (err == ERR_OK)
        err = sync_one(b, COACH);
    assert_int_not_equal(err, ERR_PROTOCOL);
}

static uint64_t next_n(uint64_t n)
{
    return n < EVERY ? n + 1 : n + 1 + n / THIN;
}

static void without_a_fault_it_is_done_at_once(void **state)
{
    (void)state;
    struct bench *b = new_bench();
    begin_again(b);
    const char *name = disk_name(b->disks[SERVER], 0);
    size_t n = 0;
    const uint8_t *bytes = disk_bytes(b->disks[SERVER], name, &n);
    assert_non_null(memmem(bytes, n, MARK, sizeof MARK - 1));
    run_script(b);
    assert_finished(b);
    free_bench(b);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct bench *b = new_bench();
    for (uint64_t n = 1;; n = next_n(n)) {
        begin_again(b);
        alloc_fail_at(ALLOC_BOTH, n, false);
        run_script(b);
        uint64_t refused = alloc_fail_refused();
        alloc_fail_off();
        for (int side = 0; side < SIDES; side++)
            reopen(b, side);
        assert_honest(b);
        assert_finished(b);
        if (refused == 0)
            break;
    }
    free_bench(b);
}

static void fail_disk(int side, enum disk_op op, enum disk_fault fault, bool lasting)
{
    struct bench *b = new_bench();
    for (uint64_t n = 1;; n = next_n(n)) {
        begin_again(b);
        uint64_t before = disk_faults(b->disks[side]);
        disk_fail(b->disks[side], op, n, fault, lasting);
        run_script(b);
        bool done = disk_faults(b->disks[side]) == before && disk_up(b->disks[side]);
        disk_heal(b->disks[side]);
        for (int s = 0; s < SIDES; s++)
            reopen(b, s);
        assert_honest(b);
        assert_finished(b);
        if (done)
            break;
    }
    free_bench(b);
}

static void every_call_of_the_disk_may_fail(void **state)
{
    (void)state;
    for (int side = 0; side < SIDES; side++)
        fail_disk(side, DISK_ANY, DISK_FAULT_IO, false);
}

static void the_disk_may_be_full_from_any_write_on(void **state)
{
    (void)state;
    for (int side = 0; side < SIDES; side++)
        fail_disk(side, DISK_WRITE, DISK_FAULT_FULL, true);
}

static void the_power_may_go_at_every_call(void **state)
{
    (void)state;
    for (int side = 0; side < SIDES; side++)
        fail_disk(side, DISK_ANY, DISK_FAULT_POWER, false);
}

int main(void)
{
    alloc_fail_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_fault_it_is_done_at_once),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_call_of_the_disk_may_fail),
        cmocka_unit_test(the_disk_may_be_full_from_any_write_on),
        cmocka_unit_test(the_power_may_go_at_every_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
