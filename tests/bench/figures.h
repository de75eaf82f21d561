/* SPDX-License-Identifier: Apache-2.0 */
/* What was measured: samples by name, their medians and ratios, as a table and as JSON. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A figure may come several times in one run. */
enum { FIGURES_MAX = 160, FIGURES_RUNS_MAX = 100 };

/* One run. A negative number was not measured. */
struct sample {
    double seconds;
    double near_cpu_s; /* the client, the sender */
    double far_cpu_s;  /* the server, the receiver */
    double wire_bytes; /* both ways */
    double up_bytes;   /* of them, to the server … */
    double down_bytes; /* … and from it */
    double disk_bytes; /* what the rows added to the receiving side's files */
    double peak_kb;    /* highest memory of the receiving process */
};
#define SAMPLE_NONE ((struct sample){-1, -1, -1, -1, -1, -1, -1, -1})

struct figure {
    const char *name;
    const char *control; /* name of what it is compared with; NULL = nothing */
    uint64_t rows;
    uint64_t size; /* of the database it was measured on, in rows; 0: the rows themselves */
    struct sample runs[FIGURES_RUNS_MAX];
    size_t count;
};
struct figures {
    struct figure list[FIGURES_MAX];
    size_t count;
    double raw_bytes; /* a row as plain MessagePack, on average */
};

/* Add a run to the figure of this name and number of rows. The strings must stay. */
void figures_add(struct figures *figures, const char *name, const char *control, uint64_t rows,
                 const struct sample *sample);
/* The same, on a database of `size` rows. */
void figures_add_on(struct figures *figures, const char *name, uint64_t rows, uint64_t size,
                    const struct sample *sample);
/* Add the median and the value that one in a hundred exceeds of n > 0 durations as two figures;
 * sorts them. The rest of the sample is that of both. */
void figures_spread(struct figures *figures, const char *p50, const char *p99, double *seconds,
                    size_t n, const struct sample *sample);
/* Medians and ratios of one figure; negative where there is nothing to say. */
struct medians {
    double seconds, rate, ratio;
    double near_us, far_us; /* CPU per row */
    double wire, wire_raw;  /* bytes per row, and times the raw row */
    double up_raw, down_raw;
    double disk, disk_raw;
    double peak_mb;
};
struct medians figures_medians(const struct figures *figures, const struct figure *figure);
/* Rows/s against the control's, wire and disk against raw MessagePack. */
void figures_table(const struct figures *figures, FILE *out);
/* The array of figures. */
void figures_json(const struct figures *figures, FILE *out);

/* Seconds on the monotonic clock; seconds of CPU this process has used. */
double figures_now(void);
double figures_cpu(void);

#endif
