/* SPDX-License-Identifier: Apache-2.0 */
/* Lets the n-th allocation fail, in our code, in SQLite, or in both under one count. */
#ifndef TESTS_SUPPORT_ALLOC_FAIL_H
#define TESTS_SUPPORT_ALLOC_FAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ALLOC_OURS = 1,   /* mem_* and what stands on it */
    ALLOC_SQLITE = 2, /* everything SQLite allocates; needs alloc_fail_install */
    ALLOC_BOTH = 3
};

/* Put the wrapper under SQLite. Once, before anything else calls SQLite. */
void alloc_fail_install(void);
/* Fail the nth allocation from now (1 = the next) of `who`, once or from then on. n 0 only
 * counts. Restarts the count. One thread at a time. */
void alloc_fail_at(unsigned who, uint64_t n, bool lasting);
/* Stop failing and counting. */
void alloc_fail_off(void);
/* Allocations asked for since alloc_fail_at, and how many of them were refused: when none was,
 * n is past the end and the torture loop is done. */
uint64_t alloc_fail_count(void);
uint64_t alloc_fail_refused(void);
/* Blocks SQLite holds now, to see leaks: equal before and after. */
int64_t alloc_fail_sqlite_blocks(void);

#endif
