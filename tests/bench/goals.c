/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/goals.h"

#include <stdbool.h>
#include <string.h>

/* Negative: nothing was measured. */
typedef double value_of(const struct figures *figures, const struct figure *figure);

static double ratio(const struct figures *figures, const struct figure *figure)
{
    return figures_medians(figures, figure).ratio;
}

static double wire_raw(const struct figures *figures, const struct figure *figure)
{
    return figures_medians(figures, figure).wire_raw;
}

static double disk_raw(const struct figures *figures, const struct figure *figure)
{
    return figures_medians(figures, figure).disk_raw;
}

static double disk_bytes(const struct figures *figures, const struct figure *figure)
{
    return figures_medians(figures, figure).disk;
}

static double peak_mb(const struct figures *figures, const struct figure *figure)
{
    return figures_medians(figures, figure).peak_mb;
}

static double rate(const struct figures *figures, const struct figure *figure)
{
    return figures_medians(figures, figure).rate;
}

static double seconds(const struct figures *figures, const struct figure *figure)
{
    return figures_medians(figures, figure).seconds;
}

static double ms(const struct figures *figures, const struct figure *figure)
{
    return figures_medians(figures, figure).seconds * 1000;
}

/* CPU of both sides for a row. */
static double both_us(const struct figures *figures, const struct figure *figure)
{
    struct medians line = figures_medians(figures, figure);
    return line.near_us < 0 || line.far_us < 0 ? -1 : line.near_us + line.far_us;
}

static double server_ms(const struct figures *figures, const struct figure *figure)
{
    return figures_medians(figures, figure).far_us / 1000 * (double)figure->rows;
}

static double bytes(const struct figures *figures, const struct figure *figure)
{
    return figures_medians(figures, figure).wire * (double)figure->rows;
}

static double kb_each(const struct figures *figures, const struct figure *figure)
{
    return figures_medians(figures, figure).peak_mb * 1024 / (double)figure->rows;
}

/* Of one core, in percent: the figure is of one second. */
static double cpu_percent(const struct figures *figures, const struct figure *figure)
{
    return figures_medians(figures, figure).far_us * (double)figure->rows / 1e6 * 100;
}

static uint64_t size_of(const struct figure *figure)
{
    return figure->size == 0 ? figure->rows : figure->size;
}

/* The same measurement at the smallest size; NULL when `figure` is not the one at the largest.
 */
static const struct figure *smallest(const struct figures *figures, const struct figure *figure)
{
    const struct figure *small = figure;
    for (size_t i = 0; i < figures->count; i++) {
        const struct figure *other = &figures->list[i];
        if (strcmp(other->name, figure->name) != 0)
            continue;
        if (size_of(other) > size_of(figure))
            return NULL;
        if (size_of(other) < size_of(small))
            small = other;
    }
    return small == figure ? NULL : small;
}

static double flat_rate(const struct figures *figures, const struct figure *figure)
{
    const struct figure *small = smallest(figures, figure);
    return small == NULL ? -1 : rate(figures, figure) / rate(figures, small);
}

static double flat_seconds(const struct figures *figures, const struct figure *figure)
{
    const struct figure *small = smallest(figures, figure);
    return small == NULL ? -1 : seconds(figures, figure) / seconds(figures, small);
}

static const struct goal {
    const char *what;
    const char *figure; /* the goal is about each of this name */
    value_of *value;
    bool at_least;
    double limit;
    int digits;
    const char *unit;
} goals[] = {
    {"first upload, of the bare pipeline", "first upload", ratio, true, 0.75, 2, ""},
    {"first upload, rate at most rows of that at fewest", "first upload", flat_rate, true, 0.85,
     2, ""},
    {"first download, of the bare pipeline", "first download", ratio, true, 0.80, 2, ""},
    {"CPU of both sides for an uploaded row", "first upload", both_us, false, 8, 1, "us"},
    {"bytes of the first upload, of the plain rows", "first upload", wire_raw, false, 0.45, 2,
     ""},
    {"bytes of the first download, of the plain rows", "first download", wire_raw, false, 0.45,
     2, ""},
    {"100 rows changed, open connection", "change, upload, open", ms, false, 1.5, 2, "ms"},
    {"… bytes", "change, upload, open", bytes, false, 2500, 0, "B"},
    {"… at most rows, of that at fewest", "change, upload, open", flat_seconds, false, 1.2, 2,
     ""},
    {"nothing to do, open connection: server CPU", "nothing to do, open", server_ms, false,
     0.05, 3, "ms"},
    {"… bytes", "nothing to do, open", bytes, false, 120, 0, "B"},
    {"nothing to do, new connection with a ticket: server CPU", "nothing to do, with a ticket",
     server_ms, false, 0.3, 3, "ms"},
    {"… bytes", "nothing to do, with a ticket", bytes, false, 1200, 0, "B"},
    {"50 devices with 20 new rows each, tickets", "devices at once, tickets", ms, false, 30, 0,
     "ms"},
    {"… full handshakes", "devices at once, full", ms, false, 300, 0, "ms"},
    {"200 devices, one row each, continuously", "small transactions", rate, true, 10000, 0,
     "/s"},
    {"live push to 200 devices, p50", "live: ack to applied, p50", ms, false, 5, 1, "ms"},
    {"… p99", "live: ack to applied, p99", ms, false, 25, 1, "ms"},
    {"idle connections, memory of each", "idle: memory of all", kb_each, false, 45, 1, "KB"},
    {"… CPU of the server", "idle: one second", cpu_percent, false, 1, 2, "%"},
    {"… all of them back after a crash", "idle: all come back", seconds, false, 60, 1, "s"},
    {"server memory, first upload", "first upload", peak_mb, false, 16, 1, "MB"},
    {"server disk, of the plain rows", "first upload", disk_raw, false, 1.3, 2, ""},
    {"history, for each changed field", "change, upload", disk_bytes, false, 400, 0, "B"},
    {"one durable row, of SQLite with a log row", "one row at a time", ratio, true, 0.85, 2,
     ""},
    {"batch import, of SQLite with a log row", "import", ratio, true, 0.7, 2, ""},
    {"jalon status, start to end", "jalon status", ms, false, 10, 1, "ms"},
    {"… memory", "jalon status", peak_mb, false, 12, 1, "MB"},
    {"list of a person's sessions", "jalon list, a person's sessions", ms, false, 20, 1, "ms"},
    {"list of persons", "jalon list, persons", ms, false, 20, 1, "ms"},
    {"search", "jalon search", ms, false, 20, 1, "ms"},
};

typedef void each_goal(const struct goal *goal, const struct figure *figure, double found,
                       void *ctx);

static void each(const struct figures *figures, each_goal *take, void *ctx)
{
    for (size_t i = 0; i < sizeof goals / sizeof *goals; i++) {
        for (size_t k = 0; k < figures->count; k++) {
            const struct figure *figure = &figures->list[k];
            if (strcmp(figure->name, goals[i].figure) != 0)
                continue;
            double found = goals[i].value(figures, figure);
            if (found >= 0)
                take(&goals[i], figure, found, ctx);
        }
    }
}

static bool met(const struct goal *goal, double found)
{
    return goal->at_least ? found >= goal->limit : found <= goal->limit;
}

static void row(const struct goal *goal, const struct figure *figure, double found, void *ctx)
{
    FILE *out = ctx;
    (void)fprintf(out, "| %-58s | %8llu | %2s %.*f %s | %.*f %s | %s |\n", goal->what,
                  (unsigned long long)size_of(figure), goal->at_least ? ">=" : "<=",
                  goal->limit == (double)(long)goal->limit ? 0 : 2, goal->limit, goal->unit,
                  goal->digits, found, goal->unit, met(goal, found) ? "yes" : "no");
}

void goals_table(const struct figures *figures, FILE *out)
{
    (void)fprintf(out, "\n| goal | rows | aimed at | found | reached |\n"
                       "|---|---:|---:|---:|---|\n");
    each(figures, row, out);
}

struct listing {
    FILE *out;
    size_t count;
};

static void item(const struct goal *goal, const struct figure *figure, double found, void *ctx)
{
    struct listing *list = ctx;
    (void)fprintf(
        list->out,
        "%s\n{\"what\":\"%s\",\"figure\":\"%s\",\"rows\":%llu,\"%s\":%g,\"found\":%.6g,"
        "\"unit\":\"%s\",\"reached\":%s}",
        list->count++ == 0 ? "" : ",", goal->what, figure->name,
        (unsigned long long)size_of(figure), goal->at_least ? "at_least" : "at_most",
        goal->limit, found, goal->unit, met(goal, found) ? "true" : "false");
}

void goals_json(const struct figures *figures, FILE *out)
{
    struct listing list = {.out = out};
    (void)fprintf(out, "[");
    each(figures, item, &list);
    (void)fprintf(out, "\n]");
}
