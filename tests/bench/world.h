/* SPDX-License-Identifier: Apache-2.0 */
/* A network of its own for a measurement: a server and its people; made in programs.c. */
#ifndef BENCH_WORLD_H
#define BENCH_WORLD_H

#include "bench/process.h"
#include "bench/rows_made.h"

enum { PATH_BYTES = 400, WORLD_MEMORY_BYTES = 40 };

struct world {
    char dir[PATH_BYTES];
    char address[64];
    char structure[ID_TEXT_BYTES];
    struct process server;
    struct rows_made made;
};
/* In a new folder `name` below dir, with a first device. */
void world_open(struct world *w, const char *dir, const char *name);
/* Stop the server and start it where it was: checkpointed, so that the file tells; memory is
 * counted afresh. Bytes of the database. */
double world_restart(struct world *w);
/* Stop the server, remove the folder. */
void world_close(struct world *w);
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

#endif
