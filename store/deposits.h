/* SPDX-License-Identifier: Apache-2.0 */
/* What a site's relay keeps for others: sealed bundles on their way to the server, and the
 * answers on their way back. A database of its own, of bytes nobody here can read. */
#ifndef STORE_DEPOSITS_H
#define STORE_DEPOSITS_H

#include "proto/buf.h"
#include "proto/hash.h"
#include "proto/mem.h"

enum {
    DEPOSITS_OF_DEVICE_MAX = 4,     /* of one device that do not take each other's place */
    DEPOSITS_ANSWER_DAYS = 60,      /* an answer nobody collects is dropped after so many */
    DEPOSITS_PIECE_BYTES = 1 << 20, /* of a parcel, in one row */
};

struct deposits;
/* Open or create. The strings must outlive it. CORRUPT, IO, FULL, BUSY, NOMEM. Everything here
 * runs on one thread. bytes_max: of all parcels together. */
NODISCARD enum err deposits_open(const char *path, const char *vfs, uint64_t bytes_max,
                                 struct deposits **out, struct note *why);
/* NULL is fine. */
void deposits_close(struct deposits *d);
/* OK, or why it must be closed and opened again. */
enum err deposits_health(const struct deposits *d);

/* A device's bundle, already whole. */
struct deposit {
    uint8_t key[SHA256_BYTES];    /* fingerprint of the key of who brought it */
    uint32_t device;              /* number its header names */
    uint8_t sha256[SHA256_BYTES]; /* of the bytes */
    struct str follows;           /* SHA-256s of those whose place it takes */
    struct str bytes;
};
/* Keep it, durably, in the place of those it follows; again is fine. LIMIT: this device has too
 * many others here; FULL: too much lies here in all, or the disk is full. Nothing has changed
 * then. */
NODISCARD enum err deposits_put(struct deposits *d, const struct deposit *deposit,
                                int64_t now_ms);
/* Does this one still lie here? */
NODISCARD enum err deposits_holds(struct deposits *d, const uint8_t key[SHA256_BYTES],
                                  const uint8_t sha256[SHA256_BYTES], bool *out);

/* The next one to hand over after `after` (0: the first), oldest first: its number, what was
 * said of it, and its bytes, appended to `bytes`. NOTFOUND: none. CORRUPT: its bytes are not
 * those that were brought. */
struct deposit_next {
    int64_t no;
    uint8_t key[SHA256_BYTES];
    uint32_t device;
    uint8_t sha256[SHA256_BYTES];
};
NODISCARD enum err deposits_next(struct deposits *d, int64_t after, struct deposit_next *out,
                                 struct buf *bytes);
/* The server has judged deposit `no`: it goes, and `answer` takes the place of what waits for
 * its device. answer n 0: the server will never take it; the device, which keeps all it wrote,
 * hears why when it next speaks to the server. One transaction. */
NODISCARD enum err deposits_judged(struct deposits *d, const struct deposit_next *deposit,
                                   struct str answer, int64_t now_ms);

/* The answer that waits for this device, appended. NOTFOUND: none. */
NODISCARD enum err deposits_answer(struct deposits *d, const uint8_t key[SHA256_BYTES],
                                   uint32_t *device, uint8_t sha256[SHA256_BYTES],
                                   struct buf *bytes);
/* It has it. */
NODISCARD enum err deposits_collected(struct deposits *d, const uint8_t key[SHA256_BYTES],
                                      const uint8_t sha256[SHA256_BYTES]);

/* The keys without access, as the server told them last: they take the place of those before.
 * What waited for those that are new among them goes; what comes for them later is the server's
 * own last word. */
NODISCARD enum err deposits_deny(struct deposits *d, struct str keys);
NODISCARD enum err deposits_denied(struct deposits *d, const uint8_t key[SHA256_BYTES],
                                   bool *out);

/* Drop answers that are too old. */
NODISCARD enum err deposits_sweep(struct deposits *d, int64_t now_ms);
struct deposits_count {
    uint64_t deposits, answers, bytes;
    int64_t oldest_ms; /* of the deposits; 0: none */
};
NODISCARD enum err deposits_count(struct deposits *d, struct deposits_count *out);

#endif
