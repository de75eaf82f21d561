/* SPDX-License-Identifier: Apache-2.0 */
/* The real programs as child processes: what they said, how long they took, what they used. */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

enum { PROCESS_WORDS_MAX = 32, PROCESS_OUT_BYTES = 4096 };

/* A child under way. */
struct process {
    pid_t pid;
    int out;  /* its stdout */
    int talk; /* its stderr, shown only when it fails */
    double began;
};
/* How it ended. */
struct ran {
    double seconds, cpu_s, peak_kb;
    char out[PROCESS_OUT_BYTES]; /* beginning of its stdout, without the last line feed */
};

/* argv ends with NULL. */
void process_start(const char *const *argv, struct process *out);
/* Any exit status but 0 (and 4: something waits for a person) ends the measurement. */
void process_wait(struct process *process, struct ran *out);
void process_run(const char *const *argv, struct ran *out);
/* Start it and read its first line. */
void process_serve(const char *const *argv, struct process *out, char *line, size_t size);
/* SIGTERM, and wait. */
void process_stop(struct process *process);
/* CPU seconds of a running process so far; highest memory so far. */
double process_cpu(pid_t pid);
double process_peak_kb(pid_t pid);
/* Memory of it now. */
double process_now_kb(pid_t pid);
/* A whole number of a flat JSON object. */
double process_number(const char *json, const char *key);

#endif
