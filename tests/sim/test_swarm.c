/* SPDX-License-Identifier: Apache-2.0 */
/* A few seeds of the swarm, the kept ones first; and that a seed always tells the same story.
 */
#include "tests/sim/genesis.h"
#include "tests/sim/swarm.h"
#include "tests/support/rounds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SEEDS = ROUNDS(20), TWICE = ROUNDS(6) };

static struct swarm_result run(uint64_t seed)
{
    struct swarm_result r;
    swarm_run(seed, false, &r);
    if (!r.passed)
        print_error("seed %llu: %s\n", (unsigned long long)seed, r.failure);
    return r;
}

static void seeds_that_failed_once_pass(void **state)
{
    FILE *file = fopen(SIM_SEEDS_FILE, "r");
    char line[256];
    unsigned read = 0;
    bool passed = true;
    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        char *end = NULL;
        uint64_t seed = strtoull(line, &end, 10);
        if (end != line && read++ % ROUNDS_ONE_IN == 0)
            passed = run(seed).passed && passed;
    }
    (void)fclose(file);
    assert_true(passed);
}

static void a_small_swarm_keeps_all_promises(void **state)
{
    uint64_t saved = 0;
    uint64_t faults = 0;
    bool passed = true;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct swarm_result r = run(seed);
        passed = r.passed && passed;
        saved += r.saved;
        faults += r.faults;
    }
    assert_true(passed);
    assert_true(saved > SEEDS * UINT64_C(20)); /* the runs did something */
    assert_true(faults > SEEDS * UINT64_C(5));
}

static void the_same_seed_tells_the_same_story(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= TWICE; seed++) {
        struct swarm_result first = run(seed);
        struct swarm_result other = run(seed + 1); /* what it leaves behind must not matter */
        struct swarm_result again = run(seed);
        assert_int_equal(first.hash, again.hash);
        assert_int_not_equal(first.hash, other.hash);
    }
}

static int forget(void **state)
{
    (void)state;
    genesis_forget();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_that_failed_once_pass),
        cmocka_unit_test(a_small_swarm_keeps_all_promises),
        cmocka_unit_test(the_same_seed_tells_the_same_story),
    };
    return cmocka_run_group_tests(tests, NULL, forget);
}
