/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever people do and whatever breaks: everyone ends with the same data and no edit is lost.
 */
#include "support/deeds.h"
#include "support/fleet.h"
#include "support/letter.h"
#include "support/rounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 400, STRUCTURES = 2, MINUTE_MS = 60 * 1000, LETTERS = 5 };

/* What may go wrong in a run. */
enum {
    FAULT_LINES = 1,   /* frames lost, late, repeated */
    FAULT_CLOCKS = 2,  /* clocks far off, stepping */
    FAULT_IMAGES = 4,  /* older images of a replica put back */
    FAULT_CLONES = 8,  /* two laptops from one disk */
    FAULT_SERVER = 16, /* the server restored from its backup */
    FAULT_STICKS =
        32 /* bundles and answers lie about, and are read whenever, again and again */
};

struct run {
    struct fleet f;
    struct deeds d;
    struct rng rng;
    unsigned faults;
    struct id structures[STRUCTURES];
    struct {
        bool taken;
        uint64_t at; /* deeds saved when it was taken */
    } images[TWIN_REPLICAS_MAX], backup;
    struct letter bundles[LETTERS], answers[LETTERS];
    uint64_t applied; /* answers that brought something */
    uint64_t put_back;
};

static struct run *new_run(uint64_t seed, unsigned faults)
{
    struct run *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->faults = faults;
    rng_stream(&r->rng, seed, "run");
    deeds_init(&r->d, seed);
    fleet_open(&r->f, seed);
    r->structures[0] = r->f.twin.structure;
    const char *fields[] = {"name=EI du Canal", "kind=EI", NULL};
    r->structures[1] = twin_add(&r->f.twin.server, "structure", fields);
    deeds_begin(&r->d, &r->f.twin.server, TWIN_REPLICAS_MAX, &r->structures[0]);
    static const enum role roles[] = {ROLE_JOBCOACH, ROLE_JOBCOACH, ROLE_JOBCOACH, ROLE_MANAGER,
                                      ROLE_COORDINATOR};
    size_t count = 2 + (size_t)rng_below(&r->rng, 3);
    for (size_t i = 0; i < count; i++) {
        enum role role = i < 2 ? ROLE_JOBCOACH : roles[rng_below(&r->rng, 5)];
        size_t home = i > 1 && rng_below(&r->rng, 4) == 0 ? 1 : 0;
        fleet_join(&r->f, role, &r->structures[home]);
    }
    return r;
}

static void end_run(struct run *r)
{
    for (int i = 0; i < LETTERS; i++) {
        letter_done(&r->bundles[i]);
        letter_done(&r->answers[i]);
    }
    fleet_close(&r->f);
    free(r);
}

static bool chance(struct run *r, unsigned percent)
{
    return rng_below(&r->rng, 100) < percent;
}

static void time_passes(struct run *r)
{
    int64_t ms = (int64_t)rng_spread(&r->rng, 1, 2 * 60 * MINUTE_MS);
    struct twin *t = &r->f.twin;
    t->server.wall_ms += ms;
    for (size_t i = 0; i < t->count; i++)
        t->replicas[i].wall_ms += ms;
    if ((r->faults & FAULT_CLOCKS) == 0 || !chance(r, 15))
        return;
    static const int64_t jumps[] = {1000, 5 * MINUTE_MS, 26 * 60 * MINUTE_MS,
                                    INT64_C(10) * 365 * 24 * 60 * MINUTE_MS};
    struct party *p = &t->replicas[rng_below(&r->rng, t->count)];
    int64_t jump = jumps[rng_below(&r->rng, 4)];
    if (chance(r, 40))
        p->wall_ms = t->server.wall_ms;
    else if (chance(r, 10))
        p->wall_ms = 5000; /* 1970: the battery was empty */
    else
        p->wall_ms += chance(r, 50) ? jump : -jump;
    if (chance(r, 10))
        t->server.wall_ms += chance(r, 50) ? 5 * MINUTE_MS : -5 * MINUTE_MS;
}

static void line_event(struct run *r, size_t i)
{
    struct fleet *f = &r->f;
    bool breaks = (r->faults & FAULT_LINES) != 0;
    if (!f->lines[i].open) {
        fleet_call(f, i, breaks && chance(r, 10));
        return;
    }
    size_t who[TWIN_REPLICAS_MAX];
    size_t n = 0;
    switch (rng_below(&r->rng, 9)) {
    case 0:
    case 1:
        fleet_push(f, i);
        break;
    case 2:
        who[n++] = i;
        for (size_t k = 0; k < f->twin.count; k++) {
            if (k != i && chance(r, 50))
                who[n++] = k;
        }
        fleet_judge(f, who, n);
        break;
    case 3:
    case 4:
        fleet_page(f, i);
        break;
    case 5:
    case 6:
        (void)fleet_take(f, i);
        break;
    case 7:
        while (fleet_take(f, i)) {
        }
        break;
    default:
        if (breaks)
            fleet_cut(f, i, chance(r, 50));
        break;
    }
}

static void hay_of(struct run *r, struct buf *hay)
{
    deeds_hay(r->f.twin.server.store, hay);
}

/* What a laptop had saved since its image, and had not sent, is gone with it. */
static void put_back(struct run *r, size_t i)
{
    struct buf hay = {0};
    char name[40];
    (void)snprintf(name, sizeof name, "image%zu", i);
    fleet_put_back(&r->f, i, name);
    while (r->f.ghost_count > 0)
        fleet_judge_ghost(&r->f);
    hay_of(r, &hay);
    deeds_forgive(&r->d, i, r->images[i].at, buf_str(&hay));
    buf_done(&hay);
    r->put_back++;
}

static void image_event(struct run *r, size_t i)
{
    char name[40];
    (void)snprintf(name, sizeof name, "image%zu", i);
    if (r->images[i].taken && chance(r, 50)) {
        put_back(r, i);
    } else {
        fleet_image(&r->f, i, name);
        r->images[i].taken = true;
        r->images[i].at = r->d.saved;
    }
}

/* The server's own edits since its backup are gone; the replicas still have theirs. */
static void server_event(struct run *r)
{
    if (!r->backup.taken || chance(r, 50)) {
        fleet_backup(&r->f);
        r->backup.taken = true;
        r->backup.at = r->d.saved;
        return;
    }
    struct buf hay = {0};
    fleet_restore(&r->f);
    hay_of(r, &hay);
    deeds_forgive(&r->d, TWIN_REPLICAS_MAX, r->backup.at, buf_str(&hay));
    buf_done(&hay);
}

static void fault_event(struct run *r, size_t i)
{
    if ((r->faults & FAULT_IMAGES) != 0 && chance(r, 40))
        image_event(r, i);
    else if ((r->faults & FAULT_CLONES) != 0 && chance(r, 15) && r->f.twin.count < 6)
        fleet_clone(&r->f, i);
    else if ((r->faults & FAULT_SERVER) != 0 && chance(r, 40))
        server_event(r);
    else if (chance(r, 30))
        fleet_sync(&r->f, i);
}

/* Only a device that is not what the server knows is told so; nothing else ever fails. */
static void assert_carried(const struct run *r, enum err err)
{
    if (err != ERR_FORK || (r->faults & (FAULT_IMAGES | FAULT_CLONES | FAULT_SERVER)) == 0)
        assert_string_equal(err_name(err), "OK");
}

static void stick_event(struct run *r, size_t i)
{
    struct party *p = &r->f.twin.replicas[i];
    struct letter *bundle = &r->bundles[rng_below(&r->rng, LETTERS)];
    struct letter *answer = &r->answers[rng_below(&r->rng, LETTERS)];
    switch (rng_below(&r->rng, 3)) {
    case 0:
        (void)letter_write(p, bundle);
        break;
    case 1:
        if (bundle->device != 0) {
            struct take take;
            assert_carried(r, letter_take(&r->f.twin, bundle, answer, &take));
        }
        break;
    default:
        if (answer->device == p->device.device) {
            struct carry_result result;
            fleet_cut(&r->f, i, chance(r, 50)); /* not while it talks */
            enum err err = letter_read(p, answer, &result);
            assert_carried(r, err);
            r->applied += err == ERR_OK && result.use < CARRY_HELD ? 1 : 0;
        }
        break;
    }
}

static void step(struct run *r)
{
    struct twin *t = &r->f.twin;
    size_t i = (size_t)rng_below(&r->rng, t->count);
    time_passes(r);
    uint64_t what = rng_below(&r->rng, 100);
    if (what < 40)
        deeds_work(&r->d, &t->replicas[i], i, &r->f.structures[i]);
    else if (what < 44)
        deeds_work(&r->d, &t->server, TWIN_REPLICAS_MAX, &r->structures[chance(r, 20)]);
    else if (what < 48)
        deeds_decide(&r->d, chance(r, 80) ? &t->replicas[i] : &t->server);
    else if (what < 70 && (r->faults & FAULT_STICKS) != 0)
        stick_event(r, i);
    else if (what < 92)
        line_event(r, i);
    else if (what < 95)
        fleet_judge_ghost(&r->f);
    else
        fault_event(r, i);
}

/* ---- what must hold at the end ---- */

static void assert_same_lines(struct str a, struct str b)
{
    while (a.n > 0 || b.n > 0) {
        char line[2][8192];
        struct str *sides[2] = {&a, &b};
        for (int i = 0; i < 2; i++) {
            const char *end = sides[i]->n == 0 ? NULL : memchr(sides[i]->p, '\n', sides[i]->n);
            size_t n = end == NULL ? sides[i]->n : (size_t)(end - sides[i]->p) + 1;
            (void)snprintf(line[i], sizeof line[i], "%.*s", (int)n, n == 0 ? "" : sides[i]->p);
            sides[i]->p += n;
            sides[i]->n -= n;
        }
        assert_string_equal(line[0], line[1]);
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

static void assert_converged(struct run *r)
{
    struct twin *t = &r->f.twin;
    assert_sound(t->server.store);
    for (size_t i = 0; i < t->count; i++) {
        struct buf ours = {0};
        struct buf theirs = {0};
        struct store_status status;
        twin_dump(t->replicas[i].store, &ours);
        twin_dump_seen(t->server.store, &t->replicas[i].device.staff, &theirs);
        assert_same_lines(buf_str(&ours), buf_str(&theirs));
        buf_done(&ours);
        buf_done(&theirs);
        assert_int_equal(store_status(t->replicas[i].store, &status), ERR_OK);
        assert_int_equal(status.unsent, 0);
        assert_true(status.complete);
        assert_sound(t->replicas[i].store);
    }
}

static void assert_nothing_lost(struct run *r)
{
    struct buf hay = {0};
    hay_of(r, &hay);
    const struct mark *m = deeds_missing(&r->d, buf_str(&hay));
    if (m != NULL)
        (void)fprintf(stderr, "lost: %s of %s.%s, saved by %zu\n", m->text,
                      schema_table(&schema_jalon, m->table)->name,
                      schema_field(schema_table(&schema_jalon, m->table), m->field)->name,
                      m->by);
    assert_null(m);
    buf_done(&hay);
}

/* Without copies of one device nobody breaks the protocol and nobody gets a new epoch. */
static void assert_calm(struct run *r)
{
    if ((r->faults & (FAULT_IMAGES | FAULT_CLONES | FAULT_SERVER)) == 0)
        assert_int_equal(r->f.forks, 0);
    if (r->faults == 0)
        assert_int_equal(r->f.refused, 0);
}

static void run_seed(uint64_t seed, unsigned faults)
{
    struct run *r = new_run(seed, faults);
    for (int i = 0; i < STEPS; i++)
        step(r);
    fleet_heal(&r->f);
    assert_converged(r);
    assert_nothing_lost(r);
    assert_calm(r);
    end_run(r);
}

/* The seed at work; a test that fails leaves it for the teardown to print. */
static char at_work[80];

/* `count` seeds (ROUNDS), or the one in SEED. */
static void run_seeds(const char *name, unsigned faults, uint64_t count)
{
    const char *one = getenv("SEED");
    uint64_t from = one == NULL ? 1 : strtoull(one, NULL, 10);
    uint64_t to = one == NULL ? ROUNDS(count) : from;
    for (uint64_t seed = from; seed <= to; seed++) {
        (void)snprintf(at_work, sizeof at_work, "%s: replay with SEED=%" PRIu64, name, seed);
        run_seed(seed, faults);
    }
    at_work[0] = 0;
}

static int tell_seed(void **state)
{
    (void)state;
    if (at_work[0] != 0)
        (void)fprintf(stderr, "%s\n", at_work);
    at_work[0] = 0;
    return 0;
}

static void calm_lines_converge(void **state)
{
    (void)state;
    run_seeds("calm", 0, 25);
}

static void broken_lines_and_wrong_clocks_converge(void **state)
{
    (void)state;
    run_seeds("lines", FAULT_LINES | FAULT_CLOCKS, 45);
}

static void older_images_converge(void **state)
{
    (void)state;
    run_seeds("images", FAULT_LINES | FAULT_IMAGES, 25);
}

static void clones_converge(void **state)
{
    (void)state;
    run_seeds("clones", FAULT_LINES | FAULT_CLONES | FAULT_CLOCKS, 25);
}

static void a_restored_server_converges(void **state)
{
    (void)state;
    run_seeds("server", FAULT_LINES | FAULT_SERVER, 40);
}

static void sticks_converge(void **state)
{
    (void)state;
    run_seeds("sticks", FAULT_STICKS, 15);
    run_seeds("sticks and lines", FAULT_STICKS | FAULT_LINES | FAULT_CLOCKS, 25);
}

static void sticks_to_copies_and_restored_servers_converge(void **state)
{
    (void)state;
    run_seeds("sticks and images", FAULT_STICKS | FAULT_LINES | FAULT_IMAGES, 15);
    run_seeds("sticks and clones", FAULT_STICKS | FAULT_LINES | FAULT_CLONES, 15);
    run_seeds("sticks and server", FAULT_STICKS | FAULT_LINES | FAULT_SERVER, 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(calm_lines_converge, tell_seed),
        cmocka_unit_test_teardown(broken_lines_and_wrong_clocks_converge, tell_seed),
        cmocka_unit_test_teardown(older_images_converge, tell_seed),
        cmocka_unit_test_teardown(clones_converge, tell_seed),
        cmocka_unit_test_teardown(a_restored_server_converges, tell_seed),
        cmocka_unit_test_teardown(sticks_converge, tell_seed),
        cmocka_unit_test_teardown(sticks_to_copies_and_restored_servers_converge, tell_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
