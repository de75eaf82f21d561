/* SPDX-License-Identifier: Apache-2.0 */
/* bench: measure Jalon against a control in the same run; see README.md. */
#include "bench/control.h"
#include "bench/inside.h"
#include "bench/programs.h"
#include "bench/rows_made.h"
#include "bench/scopes.h"

#include "proto/err.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CROWD_DEVICES = 50,
    CROWD_ROWS = 20,
    LIVE_DEVICES = 200,
    LIVE_EDITS = 100,
    STAY_DEVICES = 50
};

struct options {
    uint64_t rows[8]; /* sizes of the transfers */
    size_t sizes;
    uint64_t runs;
    const char *part; /* inside, programs, live, scopes; NULL = all */
    const char *json;
};

static const char USAGE[] =
    "bench [--rows N]… [--runs N] [--part inside|programs|live|scopes] [--json FILE]\n";

static uint64_t number_of(const char *text)
{
    char *end = NULL;
    unsigned long long n = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || n == 0 || n > 10000000) {
        (void)fprintf(stderr, "%s", USAGE);
        exit(2);
    }
    return n;
}

static void parse(int argc, char **argv, struct options *out)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (value != NULL && strcmp(argv[i], "--rows") == 0 && out->sizes < 8) {
            out->rows[out->sizes++] = number_of(value);
        } else if (value != NULL && strcmp(argv[i], "--runs") == 0) {
            out->runs = number_of(value);
        } else if (value != NULL && strcmp(argv[i], "--part") == 0) {
            out->part = value;
        } else if (value != NULL && strcmp(argv[i], "--json") == 0) {
            out->json = value;
        } else {
            (void)fprintf(stderr, "%s", USAGE);
            exit(2);
        }
    }
    if (out->sizes == 0) {
        out->rows[out->sizes++] = 10000;
        out->rows[out->sizes++] = 100000;
    }
    if (out->runs > FIGURES_RUNS_MAX / out->sizes)
        out->runs = FIGURES_RUNS_MAX / out->sizes;
}

static bool wants(const struct options *options, const char *part)
{
    return options->part == NULL || strcmp(options->part, part) == 0;
}

/* Durable one-row transactions wait for the disk: a few thousand tell enough. */
static uint64_t single_rows(uint64_t rows)
{
    return rows < 2000 ? rows : 2000;
}

/* A small measurement is a small crowd. */
static void live_run(struct figures *figures, const char *dir, uint64_t rows)
{
    uint64_t devices = rows / 10 < LIVE_DEVICES ? rows / 10 : LIVE_DEVICES;
    if (devices >= 2)
        programs_live(figures, dir, devices, devices < LIVE_EDITS ? devices : LIVE_EDITS);
    devices = rows / 100 < STAY_DEVICES ? rows / 100 : STAY_DEVICES;
    if (devices >= 2)
        programs_stay(figures, dir, devices, devices);
}

static void one_run(const struct options *options, const char *dir, struct figures *figures)
{
    struct sample sample;
    uint64_t single = single_rows(options->rows[0]);
    control_record(dir, single, &sample);
    figures_add(figures, "control: one row at a time", NULL, single, &sample);
    if (wants(options, "inside"))
        inside_record(figures, dir, single);
    if (wants(options, "programs"))
        programs_record(figures, dir, single);
    bool transfers = wants(options, "inside") || wants(options, "programs");
    for (size_t i = 0; transfers && i < options->sizes; i++) {
        uint64_t rows = options->rows[i];
        control_batch(dir, rows, &sample);
        figures_add(figures, "control: import", NULL, rows, &sample);
        control_transfer(dir, rows, &sample);
        figures_add(figures, "control: transfer", NULL, rows, &sample);
        if (wants(options, "inside"))
            inside_measure(figures, dir, rows);
        if (wants(options, "programs"))
            programs_measure(figures, dir, rows);
    }
    for (size_t i = 0; wants(options, "scopes") && i < options->sizes; i++)
        scopes_measure(figures, dir, options->rows[i]);
    if (wants(options, "programs"))
        programs_crowd(figures, dir, CROWD_DEVICES, CROWD_ROWS);
    if (wants(options, "live"))
        live_run(figures, dir, options->rows[0]);
}

static double raw_bytes(void)
{
    struct rows_made made;
    struct buf packed = {0};
    rows_made_invent(&made);
    for (uint64_t i = 0; i < 1000; i++)
        rows_made_pack(&made, i, &packed);
    double bytes = (double)packed.n / 1000;
    buf_done(&packed);
    return bytes;
}

int main(int argc, char **argv)
{
    struct options options = {.runs = 3};
    parse(argc, argv, &options);
    char dir[] = "/var/tmp/jalon-bench-XXXXXX";
    if (mkdtemp(dir) == NULL) {
        perror("mkdtemp");
        return 1;
    }
    static struct figures figures;
    figures.raw_bytes = raw_bytes();
    for (uint64_t run = 1; run <= options.runs; run++) {
        (void)fprintf(stderr, "run %llu of %llu\n", (unsigned long long)run,
                      (unsigned long long)options.runs);
        one_run(&options, dir, &figures);
    }
    (void)rmdir(dir);
    figures_table(&figures, stdout);
    if (options.json == NULL)
        return 0;
    FILE *out = fopen(options.json, "w");
    if (out == NULL) {
        perror(options.json);
        return 1;
    }
    figures_json(&figures, out);
    return fclose(out) == 0 ? 0 : 1;
}
