/* SPDX-License-Identifier: Apache-2.0 */
/* bench: measure Jalon against a control in the same run; see README.md. */
#include "bench/control.h"
#include "bench/goals.h"
#include "bench/inside.h"
#include "bench/plot.h"
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
    STAY_DEVICES = 50,
    SMALL_DEVICES = 200,
    SMALL_ROWS = 50 * 1000,
    IDLE_DEVICES = 10 * 1000,
    RUNS_MAX = 20,            /* some figures come five times in each */
    MIDDLE_ROWS = 100 * 1000, /* sizes beyond it are measured by the programs only */
};

struct options {
    uint64_t rows[8]; /* sizes of the transfers */
    size_t sizes;
    uint64_t runs;
    uint64_t heavy;   /* runs with sizes beyond MIDDLE_ROWS, and with all the idle devices */
    uint64_t devices; /* idle ones */
    const char *part; /* NULL = all */
    const char *json;
    const char *plots; /* folder */
};

static const char USAGE[] =
    "bench [--rows N]… [--runs N] [--heavy N] [--devices N] [--json FILE] [--plots DIR]\n"
    "      [--part inside,programs,devices,live,scopes,idle]\n"
    "--heavy: how many of the runs also move more than 100,000 rows and hold the idle devices\n";

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
        } else if (value != NULL && strcmp(argv[i], "--heavy") == 0) {
            out->heavy = number_of(value);
        } else if (value != NULL && strcmp(argv[i], "--devices") == 0) {
            out->devices = number_of(value);
        } else if (value != NULL && strcmp(argv[i], "--plots") == 0) {
            out->plots = value;
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
        out->rows[out->sizes++] = 10 * 1000;
        out->rows[out->sizes++] = 100 * 1000;
        out->rows[out->sizes++] = 1000 * 1000;
    }
    if (out->runs > RUNS_MAX)
        out->runs = RUNS_MAX;
    if (out->heavy == 0)
        out->heavy = out->runs;
}

static bool wants(const struct options *options, const char *part)
{
    return options->part == NULL || strstr(options->part, part) != NULL;
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

static void transfers(const struct options *options, const char *dir, struct figures *figures,
                      uint64_t rows)
{
    struct sample sample;
    control_batch(dir, rows, &sample);
    figures_add(figures, "control: import", NULL, rows, &sample);
    control_transfer(dir, rows, &sample);
    figures_add(figures, "control: transfer", NULL, rows, &sample);
    if (wants(options, "inside") && rows <= MIDDLE_ROWS)
        inside_measure(figures, dir, rows);
    if (wants(options, "programs"))
        programs_measure(figures, dir, rows);
}

/* Many devices; fewer of them in a small measurement. */
static void devices_run(struct figures *figures, const char *dir, uint64_t rows)
{
    uint64_t devices = rows / 100 < CROWD_DEVICES ? rows / 100 : CROWD_DEVICES;
    if (devices < 2)
        return;
    programs_crowd(figures, dir, devices, CROWD_ROWS);
    programs_links(figures, dir, devices, CROWD_ROWS);
    devices = rows / 50 < SMALL_DEVICES ? rows / 50 : SMALL_DEVICES;
    programs_small(figures, dir, devices, rows * 5 < SMALL_ROWS ? rows * 5 : SMALL_ROWS);
}

static void one_run(const struct options *options, const char *dir, struct figures *figures,
                    bool heavy)
{
    struct sample sample;
    uint64_t single = single_rows(options->rows[0]);
    control_record(dir, single, &sample);
    figures_add(figures, "control: one row at a time", NULL, single, &sample);
    if (wants(options, "inside"))
        inside_record(figures, dir, single);
    if (wants(options, "programs"))
        programs_record(figures, dir, single);
    for (size_t i = 0; i < options->sizes; i++) {
        uint64_t rows = options->rows[i];
        if ((wants(options, "inside") || wants(options, "programs")) &&
            (heavy || rows <= MIDDLE_ROWS))
            transfers(options, dir, figures, rows);
        if (wants(options, "scopes") && rows <= MIDDLE_ROWS)
            scopes_measure(figures, dir, rows);
    }
    if (wants(options, "devices"))
        devices_run(figures, dir, options->rows[0]);
    if (wants(options, "live"))
        live_run(figures, dir, options->rows[0]);
}

/* Last: it takes longest. */
static void idle_run(const struct options *options, const char *dir, struct figures *figures)
{
    uint64_t rows = options->rows[0];
    if (wants(options, "idle"))
        programs_idle(figures, dir, options->devices < rows ? options->devices : rows);
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

/* How busy the machine is: one and five minutes. */
struct load {
    double minutes[2];
};

static struct load load_now(void)
{
    struct load load = {{-1, -1}};
    (void)getloadavg(load.minutes, 2);
    return load;
}

static void print_json(const struct figures *figures, const struct load *begin,
                       const struct load *end, FILE *out)
{
    (void)fprintf(out,
                  "{\"row_raw_bytes\":%.1f,\n\"machine\":{\"cores\":%ld,"
                  "\"load_at_begin\":[%.2f,%.2f],\"load_at_end\":[%.2f,%.2f]},\n\"goals\":",
                  figures->raw_bytes, sysconf(_SC_NPROCESSORS_ONLN), begin->minutes[0],
                  begin->minutes[1], end->minutes[0], end->minutes[1]);
    goals_json(figures, out);
    (void)fprintf(out, ",\n\"figures\":");
    figures_json(figures, out);
    (void)fprintf(out, "}\n");
}

/* JSON and plots; false when a file could not be written. */
static bool files(const struct options *options, const struct figures *figures,
                  const struct load *begin)
{
    struct load end = load_now();
    if (options->plots != NULL && !plot_all(figures, options->plots)) {
        perror(options->plots);
        return false;
    }
    if (options->json == NULL)
        return true;
    FILE *out = fopen(options->json, "w");
    if (out != NULL)
        print_json(figures, begin, &end, out);
    if (out != NULL && fclose(out) == 0)
        return true;
    perror(options->json);
    return false;
}

static void tables(const struct figures *figures, const struct load *begin)
{
    struct load end = load_now();
    printf("%ld cores; load average (1 and 5 min) %.2f %.2f before, %.2f %.2f after.\n",
           sysconf(_SC_NPROCESSORS_ONLN), begin->minutes[0], begin->minutes[1], end.minutes[0],
           end.minutes[1]);
    figures_table(figures, stdout);
    goals_table(figures, stdout);
}

int main(int argc, char **argv)
{
    struct options options = {.runs = 5, .devices = IDLE_DEVICES};
    parse(argc, argv, &options);
    char dir[] = "/var/tmp/jalon-bench-XXXXXX";
    if (mkdtemp(dir) == NULL) {
        perror("mkdtemp");
        return 1;
    }
    static struct figures figures;
    struct load begin = load_now();
    figures.raw_bytes = raw_bytes();
    for (uint64_t run = 1; run <= options.runs; run++) {
        (void)fprintf(stderr, "run %llu of %llu\n", (unsigned long long)run,
                      (unsigned long long)options.runs);
        one_run(&options, dir, &figures, run <= options.heavy);
        if (!files(&options, &figures, &begin)) /* what is there stays, whatever comes */
            return 1;
    }
    for (uint64_t run = 1; run <= options.heavy && run <= options.runs; run++)
        idle_run(&options, dir, &figures);
    (void)rmdir(dir);
    tables(&figures, &begin);
    return files(&options, &figures, &begin) ? 0 : 1;
}
