/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of content*.c. */
#ifndef STORE_CONTENT_INSIDE_H
#define STORE_CONTENT_INSIDE_H

#include "store/content.h"
#include "store/content_sql.h"
#include "store/inside.h"

struct content {
    struct store *s; /* whose rows name them */
    struct db *db;
    struct stmt *fixed[CONTENT_SQL_COUNT];
};

/* Open the database of contents at `path` into c->db, which the caller closes in any case. */
NODISCARD enum err content_make(struct content *c, const char *path, struct note *why);
/* A statement, prepared on first use. */
NODISCARD enum err content_sql(struct content *c, enum content_sql sql, struct stmt **out);
/* Run one with up to two integers. */
NODISCARD enum err content_run(struct content *c, enum content_sql sql, int64_t a, int64_t b);
/* What the statement with its bindings answers; NOTFOUND. */
NODISCARD enum err content_number(struct content *c, struct stmt *stmt, int64_t *out);
/* A content that begins. */
NODISCARD enum err content_blob_add(struct content *c, const uint8_t sha256[SHA256_BYTES],
                                    uint64_t size, int64_t *cid);
/* content_pages.c. Zeros before the bytes of a chunk: no cell of the file holds more. */
enum { CONTENT_LEAD = 4096 };
NODISCARD enum err content_chunk_add(struct content *c, int64_t cid, uint64_t at,
                                     struct str bytes);
/* The bytes of a chunk without them, from these columns; none when they do not fit. */
struct str content_chunk_bytes(struct stmt *stmt, int bytes, int lead);
/* A file of before, whose chunks have no zeros, is written anew, once; cut off, by the next
 * call. Not inside a transaction. */
NODISCARD enum err content_renew(struct content *c);
/* What was received or attached as *cid is whole: it takes its hash as its name, or gives way
 * to the one that has it, whose number goes to *cid. */
NODISCARD enum err content_settle(struct content *c, int64_t *cid,
                                  const uint8_t sha256[SHA256_BYTES], uint64_t size);
/* Nothing when it is there. */
NODISCARD enum err content_doc_add(struct content *c, const struct id *doc,
                                   enum content_state state, int64_t cid,
                                   const uint8_t sha256[SHA256_BYTES], uint64_t size,
                                   uint32_t device);
/* The first one after the id, whatever its state. NOTFOUND. */
NODISCARD enum err content_any(struct content *c, const struct id *after,
                               struct content_doc *out);

#endif
