/* SPDX-License-Identifier: Apache-2.0 */
/* jalond, jalonctl and jalon as people run them, over loopback. */
#ifndef BENCH_PROGRAMS_H
#define BENCH_PROGRAMS_H

#include "bench/figures.h"

/* Import, first upload, first download, change of 100 rows, nothing to do; in folders below
 * dir.
 */
void programs_measure(struct figures *figures, const char *dir, uint64_t rows);
/* One durable transaction for each row: jalon import --each. */
void programs_record(struct figures *figures, const char *dir, uint64_t rows);
/* So many devices with so many new rows each sync at the same moment. */
void programs_crowd(struct figures *figures, const char *dir, uint64_t devices, uint64_t rows);

/* live.c: so many devices stay connected over TLS; so many edits, one after the other, from the
 * server's acknowledgement at one to the applied page at each other one: p50 and p99. */
void programs_live(struct figures *figures, const char *dir, uint64_t devices, uint64_t edits);
/* stay.c: so many `jalon sync --live`, each a process; so many edits, one after the other, each
 * a command at one, from its "saved" to the event at each other one: p50 and p99. */
void programs_stay(struct figures *figures, const char *dir, uint64_t devices, uint64_t edits);
/* resumed.c: seconds and bytes of a sync with nothing to do, on a new connection of a process
 * that had one before. */
void resumed_sync(const char *dir, struct sample *out);

#endif
