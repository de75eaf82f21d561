/* SPDX-License-Identifier: Apache-2.0 */
/* A server and replicas on real stores, synced by direct calls: no network, no sessions. */
#ifndef SUPPORT_TWIN_H
#define SUPPORT_TWIN_H

#include "store/edit.h"
#include "store/replica.h"
#include "store/serve.h"

enum { TWIN_REPLICAS_MAX = 8 };

/* One party. */
struct party {
    struct store *store;
    struct serve_device device; /* replicas: as the server knows it */
    int64_t wall_ms;            /* its own clock */
    uint64_t random;            /* its own stream */
    char path[256];
    const char *vfs; /* NULL: files on the real disk */
};
struct twin {
    struct party server;
    struct party replicas[TWIN_REPLICAS_MAX];
    size_t count;
    const struct schema *schema;
    struct id structure; /* one EI */
    char dir[200];
    bool differs; /* a comparison with the server's rows may find a difference */
};

/* A temp dir, a server with one structure, `count` jobcoaches, who share all dossiers,
 * each with an enrolled replica. Every failure ends the test. */
void twin_open(struct twin *t, size_t count, const struct schema *schema);
/* The same, but a jobcoach sees only the dossiers of the own caseload; twin_share ends that. */
void twin_open_apart(struct twin *t, size_t count, const struct schema *schema);
void twin_share(struct twin *t);
/* The same on the disk of this folder. */
void twin_open_at(struct twin *t, const char *dir, size_t count, const struct schema *schema);
void twin_close(struct twin *t);
/* A further replica for a new staff member with this role. */
void twin_enrol(struct twin *t, struct str role);
/* A whole sync of one replica; what it did. */
struct replica_tally twin_sync(struct twin *t, size_t replica);

/* Note what a session that begins found out about the device, as the hub does soon after. */
void twin_note_contact(struct twin *t, struct serve_session *session, uint64_t pulled);
/* Open a party's store whose file is in place; failing ends the test. */
void twin_open_party(struct twin *t, struct party *party);
/* The same, where it may fail: as store_open. */
enum err twin_try_open(struct twin *t, struct party *party, struct note *why);
/* Text of all rows of all tables with their stamps, in id order: equal texts = converged
 * replicas. `conflicts` too. The caller frees with buf_done. */
void twin_dump(struct store *s, struct buf *out);
/* As twin_dump of the server's store, but only what this staff member may see. */
void twin_dump_seen(struct store *s, const struct id *staff, struct buf *out);

/* Short edits: fields as "name=value" texts, NULL-terminated; ids for refs as text. */
struct id twin_add(struct party *p, const char *table, const char *const *fields);
enum err twin_set(struct party *p, const char *table, const struct id *id,
                  const char *const *fields);
enum err twin_delete(struct party *p, const char *table, const struct id *id, bool deleted);
/* Drafts of resources, so long that the file is large enough for store_lists. */
void twin_swell(struct party *p);
/* A field's printed value; "" when empty. Static buffer of 4 texts. */
const char *twin_get(struct store *s, const char *table, const struct id *id,
                     const char *field);
uint64_t twin_count(struct store *s, const char *table);

#endif
