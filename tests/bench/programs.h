/* SPDX-License-Identifier: Apache-2.0 */
/* jalond, jalonctl and jalon as people run them, over loopback. */
#ifndef BENCH_PROGRAMS_H
#define BENCH_PROGRAMS_H

#include "bench/figures.h"
#include "bench/world.h"

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
/* resumed.c: seconds, bytes and server CPU of a sync with nothing to do, on a new connection of
 * a process that had one before. */
void resumed_sync(const char *dir, pid_t server, struct sample *out);
/* open.c: two devices of the world that stay connected; one field of the first so many sessions
 * is changed at one of them, and arrives at the other. */
void open_change(struct figures *figures, const struct world *w, const char *writer,
                 const char *reader, uint64_t rows, uint64_t size);
/* crowd.c: programs_crowd with the links of one process instead of a process each, and for each
 * its own dossier: as new connections, and as ones that resume their TLS session. */
void programs_links(struct figures *figures, const char *dir, uint64_t devices, uint64_t rows);
/* small.c: so many devices, each with one operation of one row after the other until there are
 * `rows`; then a PING at one of them. */
void programs_small(struct figures *figures, const char *dir, uint64_t devices, uint64_t rows);
/* idle.c: so many devices connect, stay, and come back after the server was killed. */
void programs_idle(struct figures *figures, const char *dir, uint64_t devices);

#endif
