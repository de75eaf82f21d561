/* SPDX-License-Identifier: Apache-2.0 */
/* Each page of a replica's file goes bad once: it shows or it does no harm, and what was not
 * sent survives unless it lay there. */
#include "store/compare.h"
#include "store/inside.h"
#include "store/mend.h"
#include "store/quarantine.h"
#include "store/sorted.h"
#include "support/fleet.h"
#include "support/rounds.h"
#include "support/vfs_mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAGE = 4096, UNSENT = 3 };

static struct fleet f;
static struct id known, unsent[UNSENT];
static struct store_env env; /* anna's */

static struct party *anna(void)
{
    return &f.twin.replicas[0];
}

/* ---- files ---- */

static void read_file(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "rb");
    char part[PAGE];
    size_t n = 0;
    buf_clear(out);
    assert_non_null(file);
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        buf_add(out, part, n);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(out->err, ERR_OK);
}

static void write_file(const char *path, const struct buf *bytes)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes->p, 1, bytes->n, file), bytes->n);
    assert_int_equal(fclose(file), 0);
}

static void path_of(const struct party *p, const char *end, char out[300])
{
    (void)snprintf(out, 300, "%s%s", p->path, end);
}

static void drop_log(const struct party *p)
{
    char path[300];
    path_of(p, "-wal", path);
    (void)unlink(path);
}

static void close_party(struct party *p)
{
    store_close(p->store);
    p->store = NULL;
}

/* ---- a replica with something of everything ---- */

static int open_fleet(void **state)
{
    (void)state;
    fleet_open(&f, 1);
    fleet_join(&f, ROLE_JOBCOACH, &f.twin.structure);
    fleet_join(&f, ROLE_COORDINATOR, &f.twin.structure);
    const char *fields[] = {"name=Fictif", "first_name=Anna", "emergency=la voisine", NULL};
    known = twin_add(anna(), "person", fields);
    fleet_heal(&f);
    const char *phone[] = {"emergency=le frère", NULL};
    assert_int_equal(twin_set(anna(), "person", &known, phone), ERR_OK);
    env = anna()->store->env;
    for (int i = 0; i < UNSENT; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "name=Exemple%d", i);
        const char *more[] = {name, "first_name=Inès", NULL};
        unsent[i] = twin_add(anna(), "person", more);
    }
    return 0;
}

static int close_fleet(void **state)
{
    (void)state;
    fleet_close(&f);
    return 0;
}

/* Take the mended one in place of the damaged one. */
static struct mend_report mend(struct party *p)
{
    char to[300];
    struct mend_report report;
    struct note why = {""};
    path_of(p, ".mended", to);
    (void)unlink(to);
    enum err err = mend_replica(&env, to, &report, &why);
    if (err != ERR_OK)
        (void)fprintf(stderr, "mend: %s %s\n", err_name(err), why.text);
    assert_int_equal(err, ERR_OK);
    drop_log(p);
    assert_int_equal(rename(to, p->path), 0);
    twin_open_party(&f.twin, p);
    return report;
}

static void same_dumps(const struct party *p)
{
    struct buf ours = {0};
    struct buf theirs = {0};
    twin_dump(p->store, &ours);
    twin_dump_seen(f.twin.server.store, &p->device.staff, &theirs);
    assert_true(str_eq(buf_str(&ours), buf_str(&theirs)));
    buf_done(&ours);
    buf_done(&theirs);
}

static bool is_there(const struct id *id)
{
    return twin_get(f.twin.server.store, "person", id, "name")[0] != '<';
}

static void everything_unsent_arrived(void)
{
    for (int i = 0; i < UNSENT; i++)
        assert_true(is_there(&unsent[i]));
    assert_string_equal(twin_get(f.twin.server.store, "person", &known, "emergency"),
                        "le frère");
}

/* ---- tests ---- */

static void a_sound_replica_is_mended_without_loss(void **state)
{
    (void)state;
    uint64_t forks = f.forks;
    const struct table *person = schema_table(env.schema, TABLE_PERSON);
    const struct rows_pick by_name = {.by_title = true};
    assert_int_equal(sorted_make(anna()->store, person, &by_name), ERR_OK);
    close_party(anna());
    struct mend_report report = mend(anna());
    assert_false(report.by_page);
    assert_int_equal(report.unsent, UNSENT + 1);
    assert_int_equal(report.lost_count, 0);
    assert_true(report.rows > 4);
    assert_string_equal(twin_get(anna()->store, "person", &unsent[0], "name"), "Exemple0");
    uint64_t last = 0;
    struct buf out = {0};
    assert_int_equal(replica_push(anna()->store, 0, &out, &last), ERR_FORK);
    buf_done(&out);
    fleet_sync(&f, 0);
    assert_int_equal(f.forks, forks + 1);
    everything_unsent_arrived();
    same_dumps(anna());
    struct compare_report compared;
    assert_int_equal(compare_report(anna()->store, &compared), ERR_OK);
    assert_int_equal(compared.state, COMPARE_SAME);
}

/* Nothing but bytes: the list of tables is gone. */
static void without_its_list_of_tables_it_is_read_page_by_page(void **state)
{
    (void)state;
    struct buf bytes = {0};
    close_party(anna());
    read_file(anna()->path, &bytes);
    memset(bytes.p, 0xa5, PAGE);
    write_file(anna()->path, &bytes);
    buf_done(&bytes);
    struct mend_report report = mend(anna());
    assert_true(report.by_page);
    assert_int_equal(report.unsent, UNSENT + 1);
    assert_int_equal(report.lost_count, 0);
    fleet_sync(&f, 0);
    everything_unsent_arrived();
    same_dumps(anna());
}

/* Everything it knew of itself is gone, and nothing waits to be sent: the server says who it
 * is, and work goes on. */
static void a_replica_that_knows_nothing_of_itself_learns_it_from_the_server(void **state)
{
    (void)state;
    struct db *db = NULL;
    fleet_sync(&f, 0);
    struct store_status before;
    struct store_status after;
    assert_int_equal(store_status(anna()->store, &before), ERR_OK);
    close_party(anna());
    assert_int_equal(db_open(anna()->path, NULL, &db, NULL), ERR_OK);
    assert_int_equal(db_exec(db, "DELETE FROM meta WHERE k>3; DELETE FROM outbox"), ERR_OK);
    db_close(db);
    struct mend_report report = mend(anna());
    assert_true(report.nameless);
    fleet_sync(&f, 0);
    fleet_sync(&f, 0);
    assert_int_equal(store_status(anna()->store, &after), ERR_OK);
    assert_int_equal(after.device, before.device);
    assert_true(id_eq(&after.staff, &before.staff));
    same_dumps(anna());
    const char *phone[] = {"emergency=la soeur", NULL};
    assert_int_equal(twin_set(anna(), "person", &known, phone), ERR_OK);
    fleet_sync(&f, 0);
    assert_string_equal(twin_get(f.twin.server.store, "person", &known, "emergency"),
                        "la soeur");
}

/* A byte of what somebody wrote: the engine sees nothing, the hash does. It is not sent, and is
 * what a repair names; what was written before and after arrives. */
static void an_operation_the_disk_has_altered_is_not_sent(void **state)
{
    (void)state;
    struct db *db = NULL;
    struct buf out = {0};
    uint64_t last = 0;
    uint64_t acked = anna()->store->acked;
    close_party(anna());
    assert_int_equal(db_open(anna()->path, NULL, &db, NULL), ERR_OK);
    assert_int_equal(db_exec(db,
                             "UPDATE outbox SET op=CAST(replace(CAST(op AS TEXT),'Exemple1',"
                             "'Examplf1') AS BLOB) WHERE instr(op,CAST('Exemple1' AS BLOB))"),
                     ERR_OK);
    db_close(db);
    twin_open_party(&f.twin, anna());
    assert_int_equal(replica_push(anna()->store, acked, &out, &last), ERR_CORRUPT);
    buf_done(&out);
    close_party(anna());
    struct mend_report report = mend(anna());
    assert_int_equal(report.unsent, UNSENT);
    assert_int_equal(report.lost_count, 1);
    assert_int_equal(report.lost[0].op_no, acked + 3);
    assert_int_equal(report.lost[0].table, TABLE_PERSON);
    assert_true(report.lost[0].edit_ms > 0);
    fleet_sync(&f, 0);
    assert_true(is_there(&unsent[0]) && is_there(&unsent[2]));
    assert_false(is_there(&unsent[1]));
    same_dumps(anna());
}

/* ---- every page ---- */

struct image {
    struct buf replica, server;
};

static void keep_image(struct image *image)
{
    close_party(anna());
    close_party(&f.twin.server);
    read_file(anna()->path, &image->replica);
    read_file(f.twin.server.path, &image->server);
}

static void put_back(const struct image *image)
{
    if (f.twin.server.store != NULL)
        close_party(&f.twin.server);
    drop_log(&f.twin.server);
    write_file(f.twin.server.path, &image->server);
    twin_open_party(&f.twin, &f.twin.server);
    drop_log(anna());
    write_file(anna()->path, &image->replica);
}

enum outcome { SHOWN_AT_ONCE, SHOWN_BY_CHECK, NOT_SHOWN, OUTCOMES };

/* As a person would find out: a command does not run, or doctor says so. */
static enum outcome look(void)
{
    struct buf report = {0};
    uint32_t problems = 0;
    if (twin_try_open(&f.twin, anna(), NULL) != ERR_OK) {
        anna()->store = NULL;
        return SHOWN_AT_ONCE;
    }
    enum err err = store_check(anna()->store, &report, &problems);
    buf_done(&report);
    return err != ERR_OK || problems > 0 ? SHOWN_BY_CHECK : NOT_SHOWN;
}

/* What was not lost by name is on the server. */
static void check_unsent(const struct mend_report *report)
{
    unsigned there = 0;
    for (int i = 0; i < UNSENT; i++)
        there += is_there(&unsent[i]) ? 1 : 0;
    there +=
        strcmp(twin_get(f.twin.server.store, "person", &known, "emergency"), "le frère") == 0
            ? 1
            : 0;
    assert_true(there + report->lost_count >= UNSENT + 1);
    for (uint64_t i = 0; i < report->lost_count; i++)
        assert_true(report->lost[i].op_no > 0);
}

/* Where it is flipped: the page's head, its end, and some byte in use. */
static size_t place(const uint8_t *page, unsigned which, struct rng *rng)
{
    size_t at = which == 0 ? 0 : PAGE - 1;
    if (which > 1)
        at = (size_t)rng_below(rng, PAGE);
    while (which > 0 && at > 0 && page[at] == 0)
        at--;
    return at;
}

static enum outcome flip(struct image *image, size_t no, unsigned which, struct rng *rng)
{
    struct mend_report report = {.rows = 0};
    size_t at = no * PAGE + place(image->replica.p + no * PAGE, which, rng);
    uint8_t bit = (uint8_t)(1u << rng_below(rng, 8));
    image->replica.p[at] ^= bit;
    put_back(image);
    image->replica.p[at] ^= bit;
    enum outcome outcome = look();
    if (getenv("MEND_TALKS") != NULL)
        (void)fprintf(stderr, "page %zu byte %zu bit %u: %d\n", no + 1, at % PAGE, bit,
                      (int)outcome);
    if (outcome != NOT_SHOWN) {
        if (anna()->store != NULL)
            close_party(anna());
        report = mend(anna());
    }
    fleet_sync(&f, 0);
    fleet_sync(&f, 0);
    check_unsent(&report);
    same_dumps(anna());
    close_party(anna());
    return outcome;
}

static void every_page_may_go_bad(void **state)
{
    (void)state;
    struct image image = {{0}, {0}};
    struct rng rng;
    unsigned counts[OUTCOMES] = {0};
    const char *seed = getenv("SEED");
    unsigned rounds = seed == NULL ? 1 : 3;
    rng_init(&rng, seed == NULL ? 29 : strtoull(seed, NULL, 10));
    keep_image(&image);
    for (unsigned round = 0; round < rounds; round++)
        for (size_t no = 0; no < image.replica.n / PAGE; no += ROUNDS_ONE_IN)
            counts[flip(&image, no, (unsigned)rng_below(&rng, 3), &rng)]++;
    print_message("%zu pages: %u shown at once, %u by a check, %u not\n",
                  image.replica.n / PAGE, counts[SHOWN_AT_ONCE], counts[SHOWN_BY_CHECK],
                  counts[NOT_SHOWN]);
    put_back(&image);
    twin_open_party(&f.twin, anna());
    buf_done(&image.replica);
    buf_done(&image.server);
}

/* ---- a disk that fails meanwhile ---- */

static int64_t disk_ms(void *ctx)
{
    (void)ctx;
    return INT64_C(1795000000000);
}

static void disk_random(void *ctx, void *bytes, size_t n)
{
    rng_fill(ctx, bytes, n);
}

/* As nothing was there. */
static void drop_new(struct disk *disk)
{
    static const char *const names[] = {"new", "new-wal", "new-journal", "new-shm"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        enum err err = disk_delete(disk, names[i]);
        assert_true(err == ERR_OK || err == ERR_NOTFOUND);
    }
}

static void expect_untouched(const struct disk *disk, const struct buf *bytes)
{
    size_t n = 0;
    const uint8_t *now = disk_bytes(disk, "old", &n);
    assert_int_equal(n, bytes->n);
    assert_memory_equal(now, bytes->p, n);
}

/* Whatever call of the disk fails, the damaged file stays as it is; what is told to be there is
 * there after a power cut. */
static void fail_at_every_call(enum disk_fault fault, struct rng *rng, const struct buf *bytes)
{
    struct disk *disk = disk_new(rng);
    struct vfs_mem_env vfs_env = {rng, disk_ms, disk_random};
    struct vfs_mem *vfs = vfs_mem_open(disk, "mend", vfs_env);
    struct store_env on_disk = env;
    struct mend_report report;
    struct store *s = NULL;
    enum err err = ERR_IO;
    unsigned calls = 0;
    on_disk.path = "old";
    on_disk.vfs = "mend";
    disk_put(disk, "old", bytes->p, bytes->n);
    for (uint64_t nth = 1; err != ERR_OK; nth += 1 + nth / 8) {
        drop_new(disk);
        disk_fail(disk, DISK_ANY, nth, fault, false);
        err = mend_replica(&on_disk, "new", &report, NULL);
        disk_heal(disk);
        if (!disk_up(disk))
            disk_restart(disk);
        expect_untouched(disk, bytes);
        calls++;
    }
    disk_power_cut(disk);
    disk_restart(disk);
    on_disk.path = "new";
    assert_true(calls > 5);
    assert_int_equal(report.unsent, UNSENT + 1);
    assert_int_equal(store_open(&on_disk, &s, NULL), ERR_OK);
    assert_int_equal(store_last_op(s), s->acked + UNSENT + 1);
    store_close(s);
    vfs_mem_close(vfs);
    disk_free(disk);
}

static void a_failing_disk_makes_it_no_worse(void **state)
{
    (void)state;
    struct buf bytes = {0};
    struct rng rng;
    rng_init(&rng, 1);
    close_party(anna());
    read_file(anna()->path, &bytes);
    for (int where = 0; where < 2; where++) { /* read by its tables, and page by page */
        memset(bytes.p + (where == 0 ? bytes.n / PAGE / 2 * PAGE : 0), 0xa5, PAGE);
        fail_at_every_call(DISK_FAULT_POWER, &rng, &bytes);
        fail_at_every_call(DISK_FAULT_IO, &rng, &bytes);
        fail_at_every_call(DISK_FAULT_FULL, &rng, &bytes);
    }
    buf_done(&bytes);
    twin_open_party(&f.twin, anna());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_sound_replica_is_mended_without_loss, open_fleet,
                                        close_fleet),
        cmocka_unit_test_setup_teardown(without_its_list_of_tables_it_is_read_page_by_page,
                                        open_fleet, close_fleet),
        cmocka_unit_test_setup_teardown(
            a_replica_that_knows_nothing_of_itself_learns_it_from_the_server, open_fleet,
            close_fleet),
        cmocka_unit_test_setup_teardown(an_operation_the_disk_has_altered_is_not_sent,
                                        open_fleet, close_fleet),
        cmocka_unit_test_setup_teardown(a_failing_disk_makes_it_no_worse, open_fleet,
                                        close_fleet),
        cmocka_unit_test_setup_teardown(every_page_may_go_bad, open_fleet, close_fleet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
