/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/figures.h"

#include "proto/err.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds_of(clockid_t clock)
{
    struct timespec ts;
    must(clock_gettime(clock, &ts) == 0);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

double figures_now(void)
{
    return seconds_of(CLOCK_MONOTONIC);
}

double figures_cpu(void)
{
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

static const struct figure *find(const struct figures *figures, const char *name, uint64_t rows,
                                 uint64_t size)
{
    for (size_t i = 0; i < figures->count; i++) {
        const struct figure *figure = &figures->list[i];
        if (figure->rows == rows && figure->size == size && strcmp(figure->name, name) == 0)
            return figure;
    }
    return NULL;
}

static void add(struct figures *figures, const struct figure *like, const struct sample *sample)
{
    const struct figure *known = find(figures, like->name, like->rows, like->size);
    if (known == NULL) {
        must(figures->count < FIGURES_MAX);
        known = &figures->list[figures->count++];
        figures->list[figures->count - 1] = *like;
    }
    struct figure *figure = &figures->list[known - figures->list];
    must(figure->count < FIGURES_RUNS_MAX);
    figure->runs[figure->count++] = *sample;
}

void figures_add(struct figures *figures, const char *name, const char *control, uint64_t rows,
                 const struct sample *sample)
{
    struct figure like = {.name = name, .control = control, .rows = rows};
    add(figures, &like, sample);
}

void figures_add_on(struct figures *figures, const char *name, uint64_t rows, uint64_t size,
                    const struct sample *sample)
{
    struct figure like = {.name = name, .rows = rows, .size = size};
    add(figures, &like, sample);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

void figures_spread(struct figures *figures, const char *p50, const char *p99, double *seconds,
                    size_t n, const struct sample *sample)
{
    struct sample one = *sample;
    must(n > 0);
    qsort(seconds, n, sizeof *seconds, by_size);
    one.seconds = seconds[n / 2];
    figures_add(figures, p50, NULL, 1, &one);
    one.seconds = seconds[n * 99 / 100];
    figures_add(figures, p99, NULL, 1, &one);
}

static double middle(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    size_t half = count / 2;
    return count % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/* Median of the number at `offset` in each run. */
static double median(const struct figure *figure, size_t offset)
{
    double values[FIGURES_RUNS_MAX];
    for (size_t i = 0; i < figure->count; i++) {
        const char *run = (const char *)&figure->runs[i];
        memcpy(&values[i], run + offset, sizeof values[i]);
    }
    return middle(values, figure->count);
}
#define MEDIAN(figure, member) median(figure, offsetof(struct sample, member))

static double per(double total, double parts)
{
    return total < 0 || parts <= 0 ? -1 : total / parts;
}

/* Each run against the control of the same run, which met the same neighbours on the machine.
 */
static double ratio_to(const struct figure *control, const struct figure *figure)
{
    double ratios[FIGURES_RUNS_MAX];
    if (control == NULL || control->count != figure->count)
        return -1;
    for (size_t i = 0; i < figure->count; i++)
        ratios[i] = control->runs[i].seconds / figure->runs[i].seconds;
    return middle(ratios, figure->count);
}

struct medians figures_medians(const struct figures *figures, const struct figure *figure)
{
    double rows = (double)figure->rows;
    struct medians line = {.seconds = MEDIAN(figure, seconds)};
    line.rate = per(rows, line.seconds);
    const struct figure *control =
        figure->control == NULL ? NULL : find(figures, figure->control, figure->rows, 0);
    line.ratio = ratio_to(control, figure);
    line.near_us = per(MEDIAN(figure, near_cpu_s) * 1e6, rows);
    line.far_us = per(MEDIAN(figure, far_cpu_s) * 1e6, rows);
    line.wire = per(MEDIAN(figure, wire_bytes), rows);
    line.wire_raw = figure->rows == 1 ? -1 : per(line.wire, figures->raw_bytes);
    line.up_raw = per(per(MEDIAN(figure, up_bytes), rows), figures->raw_bytes);
    line.down_raw = per(per(MEDIAN(figure, down_bytes), rows), figures->raw_bytes);
    line.disk = per(MEDIAN(figure, disk_bytes), rows);
    line.disk_raw = per(line.disk, figures->raw_bytes);
    line.peak_mb = per(MEDIAN(figure, peak_kb), 1024);
    return line;
}

static void cell(FILE *out, double value, int digits)
{
    if (value < 0)
        (void)fprintf(out, " %9s |", "");
    else
        (void)fprintf(out, " %9.*f |", digits, value);
}

void figures_table(const struct figures *figures, FILE *out)
{
    (void)fprintf(out, "A row is %.0f bytes of plain MessagePack.\n\n", figures->raw_bytes);
    (void)fprintf(out,
                  "| %-38s | %8s | %9s | %9s | %9s | %9s | %9s | %9s | %9s | %9s | %9s |\n",
                  "what", "rows", "seconds", "rows/s", "x control", "us sender", "us recv",
                  "wire B", "wire/raw", "disk/raw", "peak MB");
    (void)fprintf(out, "|%s|%s|", "----------------------------------------", "---------:");
    for (int i = 0; i < 9; i++)
        (void)fprintf(out, "----------:|");
    (void)fprintf(out, "\n");
    for (size_t i = 0; i < figures->count; i++) {
        const struct figure *figure = &figures->list[i];
        struct medians line = figures_medians(figures, figure);
        char name[80];
        (void)snprintf(name, sizeof name, "%s", figure->name);
        if (figure->size != 0)
            (void)snprintf(name, sizeof name, "%s, of %llu", figure->name,
                           (unsigned long long)figure->size);
        (void)fprintf(out, "| %-38s | %8llu |", name, (unsigned long long)figure->rows);
        cell(out, line.seconds, 4);
        cell(out, line.rate, 0);
        cell(out, line.ratio, 2);
        cell(out, line.near_us, 1);
        cell(out, line.far_us, 1);
        cell(out, line.wire, 1);
        cell(out, line.wire_raw, 2);
        cell(out, line.disk_raw, 2);
        cell(out, line.peak_mb, 1);
        (void)fprintf(out, "\n");
    }
}

static void member(FILE *out, const char *name, double value)
{
    if (value >= 0)
        (void)fprintf(out, ",\"%s\":%.6g", name, value);
}

void figures_json(const struct figures *figures, FILE *out)
{
    (void)fprintf(out, "[");
    for (size_t i = 0; i < figures->count; i++) {
        const struct figure *figure = &figures->list[i];
        struct medians line = figures_medians(figures, figure);
        (void)fprintf(out, "%s\n{\"name\":\"%s\",\"rows\":%llu,\"runs\":%zu", i == 0 ? "" : ",",
                      figure->name, (unsigned long long)figure->rows, figure->count);
        if (figure->size != 0)
            (void)fprintf(out, ",\"of_rows\":%llu", (unsigned long long)figure->size);
        member(out, "seconds", line.seconds);
        member(out, "rows_per_s", line.rate);
        member(out, "ratio_to_control", line.ratio);
        member(out, "sender_cpu_us_per_row", line.near_us);
        member(out, "receiver_cpu_us_per_row", line.far_us);
        member(out, "wire_bytes_per_row", line.wire);
        member(out, "wire_to_raw", line.wire_raw);
        member(out, "up_to_raw", line.up_raw);
        member(out, "down_to_raw", line.down_raw);
        member(out, "disk_bytes_per_row", line.disk);
        member(out, "disk_to_raw", line.disk_raw);
        member(out, "receiver_peak_mb", line.peak_mb);
        (void)fprintf(out, "}");
    }
    (void)fprintf(out, "\n]");
}
