/* SPDX-License-Identifier: Apache-2.0 */
/* A twin whose lines break: frames under way are lost, delayed past the next connection or
 * repeated; replicas are cloned and put back, the server is restored. */
#ifndef SUPPORT_FLEET_H
#define SUPPORT_FLEET_H

#include "support/rng.h"
#include "support/twin.h"

enum { FLEET_GHOSTS_MAX = 8 };

/* One connection of a replica. */
struct line {
    bool open;
    struct serve_session session;
    uint64_t sent;       /* operations handed to the line through here */
    struct buf up, down; /* frames under way */
};
/* Pushes of a connection the replica has given up, which the server still receives. */
struct ghost {
    struct serve_session session;
    struct buf up;
};
struct fleet {
    struct twin twin;
    struct line lines[TWIN_REPLICAS_MAX];
    struct ghost ghosts[FLEET_GHOSTS_MAX];
    size_t ghost_count;
    uint8_t roles[TWIN_REPLICAS_MAX];
    struct id structures[TWIN_REPLICAS_MAX];
    uint64_t forks;   /* epochs given */
    uint64_t refused; /* frames or pushes that ended a line */
};

/* A server with `structures` structures and no replica yet. */
void fleet_open(struct fleet *f, uint64_t seed);
void fleet_close(struct fleet *f);
/* A further replica in this structure, synced once. */
void fleet_join(struct fleet *f, enum role role, const struct id *structure);

/* HELLO and its answer. Closed again after a fork, which takes a new HELLO; `lost`: the answer
 * gets lost. */
void fleet_call(struct fleet *f, size_t i, bool lost);
/* The replica hands one PUSH to its line. */
void fleet_push(struct fleet *f, size_t i);
/* The server judges the next PUSH of each of these lines in one commit. */
void fleet_judge(struct fleet *f, const size_t *who, size_t count);
/* The server judges what arrives late from a line given up. */
void fleet_judge_ghost(struct fleet *f);
/* The server sends the next page. */
void fleet_page(struct fleet *f, size_t i);
/* The replica takes the next frame; false when there is none. */
bool fleet_take(struct fleet *f, size_t i);
/* The line breaks; what went up may still arrive. */
void fleet_cut(struct fleet *f, size_t i, bool haunt);
/* A whole sync without faults, over a new line. */
void fleet_sync(struct fleet *f, size_t i);
/* All faults end: sync everyone until nothing moves. */
void fleet_heal(struct fleet *f);

/* Copy a replica's database to `name` in the twin's folder; put it back; start a second
 * replica from it that believes to be the same device. */
void fleet_image(struct fleet *f, size_t i, const char *name);
void fleet_put_back(struct fleet *f, size_t i, const char *name);
void fleet_clone(struct fleet *f, size_t i);
/* A checked backup of the server; all lines end and it is put back. */
void fleet_backup(struct fleet *f);
void fleet_restore(struct fleet *f);
/* Put the backup aside under a name; make it the one to restore. */
void fleet_keep_backup(struct fleet *f, const char *name);
void fleet_use_backup(struct fleet *f, const char *name);

#endif
