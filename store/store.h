/* SPDX-License-Identifier: Apache-2.0 */
/* The store of one replica or of the server: open, check, close; the face the programs use. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "proto/hlc.h"
#include "proto/id.h"
#include "proto/mem.h"
#include "proto/schema.h"

struct store;

enum store_side { STORE_CLIENT = 1, STORE_SERVER = 2 };

/* What the store may not take from the system itself. */
struct store_env {
    const char *path;            /* database file */
    const char *vfs;             /* NULL: the default one */
    const struct schema *schema; /* &schema_jalon, or a larger one in tests */
    enum store_side side;
    int64_t (*wall_ms)(void *ctx);                  /* wall clock, ms since 1970 */
    void (*random)(void *ctx, void *out, size_t n); /* unpredictable bytes */
    void *ctx;                                      /* given to both */
};

/* Open or create; brings an older database up to the schema in one transaction.
 * VERSION: made by a newer program. CORRUPT, IO, FULL, BUSY, NOMEM. The strings of `env` must
 * outlive the store. Every function below and in store/ runs on the database thread. */
NODISCARD enum err store_open(const struct store_env *env, struct store **out,
                              struct note *why);
/* A replica has indexes for its lists once its first sync has come to its end and it is so
 * large that they are worth something: rows that come by the thousand are sorted into them at
 * once, for less than one by one. Called before much is read, and by a process that stays. One
 * transaction, some 2 µs a row; else nothing to do. Client. */
enum { STORE_LISTS_BYTES = 3 * 1024 * 1024 };
NODISCARD enum err store_lists(struct store *s);
/* NULL is fine; whatever was not committed is gone. */
void store_close(struct store *s);
const struct schema *store_schema(const struct store *s);
enum store_side store_side(const struct store *s);
/* OK, or why the store must be closed and opened again (I/O error, damage). */
enum err store_health(const struct store *s);
int64_t store_now(struct store *s);
/* Number of the last operation saved here, 0 = none: it grows when something is saved. */
uint64_t store_last_op(const struct store *s);
/* A new row id. */
struct id store_new_id(struct store *s);

/* What a replica knows of itself; see status in the command-line contract. */
struct store_status {
    bool enrolled;
    uint32_t device, epoch;
    struct id staff, structure;
    uint8_t roles;
    uint64_t op_last;        /* last operation saved */
    uint64_t acked_through;  /* server's verdict known through here */
    uint64_t unsent;         /* changes of rows in operations after acked_through */
    uint64_t pulled_through; /* server order applied through here */
    int64_t last_sync_ms;    /* last complete sync, 0 = never */
    int64_t skew_ms;         /* our clock minus the server's */
    bool complete;           /* the first sync has come to its end */
    uint64_t conflicts;      /* open */
    uint64_t quarantined;    /* open */
    uint64_t duplicates;     /* cases that wait for a person */
    uint32_t generation;
    struct id history;
};
NODISCARD enum err store_status(struct store *s, struct store_status *out);

/* Facts a replica gets at enrolment. Creates its first epoch. EXISTS when enrolled elsewhere.
 */
struct store_identity {
    uint32_t device, epoch, generation;
    struct id staff, structure, history;
    uint8_t roles;
};
NODISCARD enum err store_enrol(struct store *s, const struct store_identity *identity);

/* Findings of a check, in plain English words, one line each; `problems` counts them. Checks
 * the engine's integrity, dangling references, feed against rows, chains, cursors. Read only.
 */
NODISCARD enum err store_check(struct store *s, struct buf *report, uint32_t *problems);

#endif
