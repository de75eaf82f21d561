/* SPDX-License-Identifier: Apache-2.0 */
/* sim: run seeds of the simulation, and replay one. */
#include "tests/sim/genesis.h"
#include "tests/sim/list.h"
#include "tests/sim/swarm.h"
#include "tests/sim/sweep.h"
#include "tests/support/seed.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a crash says: made before, since a signal handler may not. */
static char last_words[80];

/* A must() that failed, or worse: say which seed it was, then die as it would have. */
static void on_crash(int signal_no)
{
    ssize_t written = write(STDERR_FILENO, last_words, strlen(last_words));
    (void)written;
    (void)signal(signal_no, SIG_DFL);
    (void)raise(signal_no);
}

struct tally {
    uint64_t passed, failed, events, saved, refused, errors, faults;
};

static void run(uint64_t seed, bool verbose, struct tally *t)
{
    struct swarm_result r;
    (void)snprintf(last_words, sizeof last_words, "seed %" PRIu64 ": crashed\n", seed);
    swarm_run(seed, verbose, &r);
    t->passed += r.passed ? 1 : 0;
    t->failed += r.passed ? 0 : 1;
    t->events += r.events;
    t->saved += r.saved;
    t->refused += r.refused;
    t->errors += r.failed;
    t->faults += r.faults;
    if (!r.passed)
        (void)printf("FAILED seed %" PRIu64 ": %s\n", seed, r.failure);
    if (verbose)
        (void)printf("seed %" PRIu64 ": hash %016" PRIx64 ", %" PRIu64 " events, %" PRIu64
                     " saved, %" PRIu64 " refused, %" PRIu64 " failed, %" PRIu64 " faults\n",
                     seed, r.hash, r.events, r.saved, r.refused, r.failed, r.faults);
}

/* The seeds that found something once, one per line, before a '#'. */
static void run_file(const char *path, struct tally *t)
{
    FILE *file = fopen(path, "r");
    char line[256];
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        char *end = NULL;
        uint64_t seed = strtoull(line, &end, 10);
        if (end != line)
            run(seed, false, t);
    }
    (void)fclose(file);
}

/* Runs of the sweep: the count by kind of fault, and what was looked for. */
static void sweep(uint64_t from, uint64_t runs, bool verbose, bool stop, struct tally *t)
{
    struct sweep_tally s = {.runs = 0};
    for (uint64_t i = 0; i < runs && !(stop && s.failed > 0); i++) {
        (void)snprintf(last_words, sizeof last_words, "sweep %" PRIu64 ": crashed\n", from + i);
        (void)sweep_run(from + i, verbose, &s);
    }
    sweep_forget();
    sweep_report(&s, stdout);
    t->passed += s.passed;
    t->failed += s.failed;
}

static int usage(void)
{
    (void)fprintf(
        stderr,
        "usage: sim [--seeds N] [--from N] [--seed N] [--sweep N] [--stop] [--verbose]\n"
        "  --seeds N   run the seeds kept in seeds.txt, then N others (default "
        "100)\n"
        "  --from N    the first of them (default 1; of a sweep 0)\n"
        "  --seed N    only this one; as SEED=N in the environment\n"
        "  --sweep N   N short runs with one fault each, at every place in turn\n"
        "  --scenarios     list the faults with a test of their own (README.md)\n"
        "  --scenario NAME run one of them\n"
        "  --stop      at the first failure\n"
        "  --verbose   tell what happens\n");
    return 2;
}

int main(int argc, char **argv)
{
    uint64_t seeds = 100;
    uint64_t from = 1;
    uint64_t runs = 0;
    bool given = false;
    uint64_t only = seed_of_run("sim", 0);
    bool verbose = false;
    bool stop = false;
    struct tally t = {0};
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--scenarios") == 0)
            return scenarios_print(), 0;
        if (strcmp(argv[i], "--scenario") == 0 && more)
            return scenario_run(argv[i + 1]);
        if (strcmp(argv[i], "--verbose") == 0)
            verbose = true;
        else if (strcmp(argv[i], "--stop") == 0)
            stop = true;
        else if (strcmp(argv[i], "--seeds") == 0 && more)
            seeds = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--from") == 0 && more && (given = true))
            from = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--sweep") == 0 && more)
            runs = strtoull(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && more)
            only = strtoull(argv[++i], NULL, 10);
        else
            return usage();
    }
    vfs_mem_alone();
    (void)signal(SIGABRT, on_crash);
    (void)signal(SIGSEGV, on_crash);
    if (runs != 0) {
        sweep(given ? from : 0, runs, verbose, stop, &t);
    } else if (only != 0) {
        run(only, verbose, &t);
    } else {
        run_file(SIM_SEEDS_FILE, &t);
        for (uint64_t i = 0; i < seeds && !(stop && t.failed > 0); i++)
            run(from + i, verbose, &t);
    }
    genesis_forget();
    (void)printf("%" PRIu64 " events, %" PRIu64 " saves (%" PRIu64 " refused, %" PRIu64
                 " failed), %" PRIu64 " faults\n",
                 t.events, t.saved, t.refused, t.errors, t.faults);
    (void)printf("%" PRIu64 " passed, %" PRIu64 " failed\n", t.passed, t.failed);
    return t.failed == 0 ? 0 : 1;
}
