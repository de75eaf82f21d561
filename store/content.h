/* SPDX-License-Identifier: Apache-2.0 */
/* Contents of documents, in a database file of their own beside the rows: addressed by SHA-256,
 * in chunks, with which document has which. */
#ifndef STORE_CONTENT_H
#define STORE_CONTENT_H

#include "proto/hash.h"
#include "proto/message.h"
#include "store/store.h"

enum {
    CONTENT_BYTES_MAX = 50 * 1024 * 1024, /* of one document, by the schema */
    CONTENT_TRIES_MAX = 3,                /* receptions of one that did not match its hash */
    CONTENT_GRACE_DAYS = 30, /* what nothing names is kept so long on the server … */
    CONTENT_BEGUN_DAYS = 7,  /* … and what never came to its end */
};
#define CONTENT_SUFFIX ".content" /* of the file's name, after that of the rows */

/* What the store knows of a document's content. */
enum content_state {
    CONTENT_UNSENT = 1,  /* replica: whole here, and the server is not known to have it */
    CONTENT_KEPT = 2,    /* whole; replica: the server has it too. Server: whoever sees the
                            document may have it: all of it was shown once, or seen elsewhere */
    CONTENT_WANTED = 3,  /* being received, perhaps begun */
    CONTENT_DAMAGED = 4, /* what is here is not what was attached; the server takes it anew */
};
struct content_doc {
    struct id id; /* of the row of `document` */
    enum content_state state;
    int64_t cid;         /* its content, 0: none yet */
    uint64_t size, have; /* bytes; those in place */
    uint8_t sha256[SHA256_BYTES];
    uint32_t tries; /* receptions that failed */
    enum err err;   /* why it did not come or go the last time */
};

struct content;
/* The contents of this store; opened, and with `make` made, when first asked for. NOTFOUND: no
 * content was ever kept here. After an error of the disk it is opened anew by the next call:
 * rows do not suffer from it. Database thread, like all below. */
NODISCARD enum err content_of(struct store *s, bool make, struct content **out);
/* NULL is fine. */
void content_close(struct content *c);
/* Grows whenever a person asks for contents. */
uint64_t content_wishes(const struct store *s);

/* One transaction; the first error is returned, and nothing is kept after one. */
NODISCARD enum err content_begin(struct content *c);
NODISCARD enum err content_end(struct content *c, enum err err);

/* Keep what a person attaches to this document: begin, add, end; abort instead of end at any
 * time. One transaction: durable after end. LIMIT: more than CONTENT_BYTES_MAX; INVALID:
 * nothing at all. */
struct content_put {
    struct content *c;
    struct id doc;
    struct sha256 sha;
    struct buf chunk; /* not written yet */
    int64_t cid;
    uint64_t size;
};
NODISCARD enum err content_put_begin(struct store *s, const struct id *doc,
                                     struct content_put *out);
NODISCARD enum err content_put_add(struct content_put *put, struct str bytes);
NODISCARD enum err content_put_end(struct content_put *put, uint8_t sha256[SHA256_BYTES]);
void content_put_abort(struct content_put *put);

/* NOTFOUND. */
NODISCARD enum err content_find(struct content *c, const struct id *doc,
                                struct content_doc *out);
/* The first one in this state after the id. NOTFOUND. */
NODISCARD enum err content_next(struct content *c, enum content_state state,
                                const struct id *after, struct content_doc *out);
/* The rest inside a transaction. Note that this document's content is to be received; state and
 * what is there of it stay. device: whose quota it counts for. */
NODISCARD enum err content_want(struct content *c, const struct id *doc,
                                const uint8_t sha256[SHA256_BYTES], uint64_t size,
                                uint32_t device);
NODISCARD enum err content_mark(struct content *c, const struct id *doc,
                                enum content_state state, enum err why);
/* A person asks for it (anew): tries and errors of before are forgotten. */
NODISCARD enum err content_again(struct content *c, const struct id *doc);
/* All that were KEPT are UNSENT: the server's database is another. */
NODISCARD enum err content_doubt(struct content *c);
/* The whole content with this hash; NOTFOUND. */
NODISCARD enum err content_whole(struct content *c, const uint8_t sha256[SHA256_BYTES],
                                 int64_t *cid);
/* This document has that whole content now. */
NODISCARD enum err content_link(struct content *c, const struct id *doc, int64_t cid,
                                enum content_state state);
/* The documents that have it, at most `room`. */
NODISCARD enum err content_holders(struct content *c, int64_t cid, struct id *out, size_t room,
                                   size_t *count);
/* Add bytes that follow what is there; doc->have moves. With the last of them the hash is
 * compared: the document is KEPT, or INVALID, and reception begins again. FORMAT: they do not
 * fit. */
NODISCARD enum err content_append(struct content *c, struct content_doc *doc, uint64_t from,
                                  struct str bytes);
/* Append to `out` at most `max` bytes of it. CORRUPT: they are not there. */
NODISCARD enum err content_read(struct content *c, int64_t cid, uint64_t from, size_t max,
                                struct buf *out);
/* Is it what its hash says? INVALID. */
NODISCARD enum err content_verify(struct content *c, const struct content_doc *doc);
/* It is not: its documents are DAMAGED, and it stands for its hash no longer. Its bytes stay.
 */
NODISCARD enum err content_damaged(struct content *c, int64_t cid);
/* Forget that this document has any; the content goes with its last one. */
NODISCARD enum err content_drop(struct content *c, const struct id *doc);

/* Small facts kept beside. Absent: 0. */
enum content_fact {
    CONTENT_FACT_GENERATION = 1, /* replica: of the server the states are about */
    CONTENT_FACT_BUDGET,         /* replica: bytes fetched unasked, in all */
    CONTENT_FACT_SEEN,           /* … the last row of `document` looked at for that */
    CONTENT_FACT_SWEPT,          /* server: documents were looked through at this time, ms */
    CONTENT_FACT_RESIDUE,        /* the log still has bytes of what was dropped */
    CONTENT_FACT_LED,            /* every chunk begins with zeros (content_pages.c) */
};
NODISCARD enum err content_fact_get(struct content *c, enum content_fact fact, int64_t *out);
NODISCARD enum err content_fact_set(struct content *c, enum content_fact fact, int64_t v);

/* How much there is. */
struct content_totals {
    uint64_t bytes;                /* of all contents, each once */
    uint64_t unsent, unsent_bytes; /* documents */
    uint64_t wanted, wanted_bytes;
    uint64_t damaged;
    enum err err; /* of one that waits: why */
};
/* Zeroes when no content was ever kept here. */
NODISCARD enum err content_totals(struct store *s, struct content_totals *out);
/* Bytes counted for this device. */
NODISCARD enum err content_device_bytes(struct content *c, uint32_t device, uint64_t *out);

/* content_sweep.c. After a drop: what the log still has of it goes from the disk. Cut off, it
 * is done by the next call. Not inside a transaction. */
NODISCARD enum err content_clean(struct content *c);
/* Replica: is there one still to be sent whose row is nowhere here? Whether it was erased, the
 * server knows, and the courier asks. */
NODISCARD enum err content_orphan(struct store *s, bool *out);
/* Replica: what belongs to rows that are gone goes from the disk, but what is
 * still to be sent. Not inside a transaction. */
NODISCARD enum err content_left(struct store *s);
/* Both: of these documents nothing stays, sent or not. goes: one of them? Its first error ends
 * it, and nothing went. Not inside a transaction of the contents. */
typedef enum err content_goes(void *ctx, const struct id *doc, bool *out);
NODISCARD enum err content_erase(struct store *s, content_goes *goes, void *ctx);
/* Server: once a day, what no live row has named for CONTENT_GRACE days, and receptions that
 * never came to their end. */
NODISCARD enum err content_sweep(struct store *s);

#endif
