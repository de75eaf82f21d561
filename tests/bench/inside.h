/* SPDX-License-Identifier: Apache-2.0 */
/* The store and the sync jobs by direct calls, in one process: no network, no TLS. */
#ifndef BENCH_INSIDE_H
#define BENCH_INSIDE_H

#include "bench/figures.h"

/* Import, first upload, first download, change of 100 rows, nothing to do; databases below dir.
 */
void inside_measure(struct figures *figures, const char *dir, uint64_t rows);
/* One durable transaction for each row. */
void inside_record(struct figures *figures, const char *dir, uint64_t rows);

#endif
