/* SPDX-License-Identifier: Apache-2.0 */
/* The faults that have a test of their own, by name: where it is, and how to run it alone. */
#ifndef TESTS_SIM_LIST_H
#define TESTS_SIM_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct scenario {
    unsigned number;
    const char *name;   /* short, for the command line */
    const char *source; /* below tests/; NULL: there is none */
    const char *test;   /* function in it; NULL: all of it */
    const char *why;    /* source NULL: why there is none */
};
extern const struct scenario scenarios[];
extern const size_t scenarios_n;

/* Print them. */
void scenarios_print(void);
/* Become the test of that name; returns the exit status only when that cannot be. */
int scenario_run(const char *name);

#endif
