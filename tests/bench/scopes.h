/* SPDX-License-Identifier: Apache-2.0 */
/* A network of many caseloads: what its feed costs the server for each device. */
#ifndef BENCH_SCOPES_H
#define BENCH_SCOPES_H

#include "bench/figures.h"

enum {
    SCOPES_DOSSIERS = 1000, /* at most: one for each 10 rows */
    SCOPES_OWN = 2,         /* of each coach; one more person follows all */
    SCOPES_EDITS = 30,
    SCOPES_GIVEN = 20,  /* dossiers opened to one coach more */
    SCOPES_PUSHES = 200 /* devices that send one operation each in one commit */
};

/* Sessions `rows` in number, spread over the dossiers of one structure: first syncs, nothing to
 * do, some edits, dossiers opened, small pushes; the server's jobs by direct calls, no client
 * store. The control reads and writes the same by an index on (dossier, seq). */
void scopes_measure(struct figures *figures, const char *dir, uint64_t rows);

/* scopes_control.c: a plain database with rows rows in so many dossiers. */
struct scopes_plain;
struct scopes_plain *scopes_plain_open(const char *dir, uint64_t dossiers, uint64_t rows);
void scopes_plain_close(struct scopes_plain *db);
/* One for each of `devices`: read and pack what changed after `since` in its `own` dossiers,
 * from device times own on, counted round. own = all: the whole network. */
void scopes_plain_read(struct scopes_plain *db, uint64_t devices, uint64_t own, uint64_t since,
                       struct sample *out);
/* Everything committed so far. */
uint64_t scopes_plain_seq(const struct scopes_plain *db);
/* Change one row in each of `edits` dossiers. */
void scopes_plain_edit(struct scopes_plain *db, uint64_t edits);
/* Insert so many rows in one durable transaction. */
void scopes_plain_push(struct scopes_plain *db, uint64_t rows, struct sample *out);

#endif
