/* SPDX-License-Identifier: Apache-2.0 */
/* A network of its own for a measurement: a server and its people, by the real programs. */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include "bench/process.h"
#include "bench/rows_made.h"

#include <stdio.h>

enum { PATH_BYTES = 400, WORLD_MEMORY_BYTES = 40 };

struct world {
    char dir[PATH_BYTES];
    char address[64];
    char structure[ID_TEXT_BYTES];
    struct process server;
    struct rows_made made;
};
/* In a new folder `name` below dir, with a first device; its jobcoaches share all dossiers. */
void world_open(struct world *w, const char *dir, const char *name);
/* The same, but each jobcoach sees the own caseload only. */
void world_open_apart(struct world *w, const char *dir, const char *name);
/* Stop the server, remove the folder. */
void world_close(struct world *w);

/* Stop the server: checkpointed, so that the file tells. Bytes of the database. */
double world_stop(struct world *w);
/* Start it where it was. */
void world_start(struct world *w);
/* Both: memory is counted afresh. */
double world_restart(struct world *w);
/* As a power cut would. */
void world_kill(struct world *w);

/* Run a program on a data folder of the world; further words, then NULL. */
void world_run(const struct world *w, const char *program, const char *folder, struct ran *out,
               ...);
/* A staff member; its id as text. */
void world_staff(const struct world *w, const char *name, const char *role, char *out);
/* A device for a new staff member, enrolled and synced. */
void new_device(const struct world *w, const char *folder, const char *role);
/* So many jobcoaches' devices, by world_device_name, and the server started anew. Each has a
 * disk of its own in life, and many on this one would measure this one: their files lie in
 * `memory`, a folder made here, "" where there is none; to be given to world_forget at the end.
 */
void world_devices(struct world *w, uint64_t count, char memory[WORLD_MEMORY_BYTES]);
void world_forget(const char *memory);
void world_device_name(size_t i, char out[32]);
void path_in(char out[PATH_BYTES], const char *dir, const char *name);

/* A file of the world's folder, to write into. */
FILE *world_create(const struct world *w, const char *name, char path[PATH_BYTES]);
void world_finish(FILE *file);
void world_print_id(FILE *file, const char *before, const struct id *id);

#endif
