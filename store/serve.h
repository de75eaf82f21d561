/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side of a sync, as jobs of the database thread: hello, group commit, pages,
 * devices. */
#ifndef STORE_SERVE_H
#define STORE_SERVE_H

#include "proto/message.h"
#include "store/feed.h"
#include "store/grants.h"
#include "store/store.h"

enum device_state { DEVICE_ACTIVE = 1, DEVICE_REVOKED = 2, DEVICE_WIPE = 3, DEVICE_WIPED = 4 };

/* A new server database gets its history id, generation 1 and the network's name. EXISTS when
 * it has one. */
NODISCARD enum err serve_init(struct store *s, struct str network);

/* Which device is behind a key; a relay is none (relays.h). REVOKED with *state set when it may
 * not sync; NOTFOUND for a key never listed. */
struct serve_device {
    uint32_t device;
    struct id staff;
    enum device_state state;
    struct str authority; /* for WELCOME's item of that name, valid while it is asked for; left
                             empty by serve_device */
};
NODISCARD enum err serve_device(struct store *s, const uint8_t key[32],
                                struct serve_device *out);

/* What one connection needs between jobs. A zeroed one is empty. */
struct serve_session {
    uint32_t device;
    uint32_t epoch;
    struct id staff;
    int64_t skew_ms;           /* device clock minus ours, measured at HELLO */
    uint64_t rights;           /* version of the network's rights it was looked at with */
    uint64_t version;          /* of the staff member's: reader.grants are these */
    struct grants_had had;     /* what the device's copy is complete for */
    struct buf left;           /* scopes of LEAVE that it has not been told */
    uint64_t op_last;          /* … and is told once its operations through here are judged */
    bool moved;                /* its rights are not those of WELCOME any more */
    uint64_t erase_told;       /* orders of erasure told through this one */
    bool outdated;             /* it cannot be told what has left: no pages for it */
    struct feed_reader reader; /* grants and pull cursor */
    uint64_t judged;           /* own operations judged through here */
    uint64_t heard;            /* … whose verdicts this conversation has told */
    bool contact;              /* last contact, skew and schema are to be noted */
    uint32_t schema;           /* of the client */
    bool compares;             /* it is to be told the digest of its rows, once */
};
void serve_session_done(struct serve_session *session);
/* Answer a HELLO: appends WELCOME, then VERDICTS for what the client has not heard yet. `out`
 * is an empty session, for the caller to end by serve_session_done; untouched on error.
 * VERSION, IDENTITY (another history), REFUSED (not the device's present epoch:
 * serve_fork). */
NODISCARD enum err serve_hello(struct store *s, const struct serve_device *device,
                               const struct hello *hello, struct serve_session *out,
                               struct buf *frames);
/* A new epoch for a fork; appends EPOCH. The session must start again with HELLO. */
NODISCARD enum err serve_fork(struct store *s, const struct serve_device *device,
                              struct buf *frames);

/* One waiting push. */
struct serve_push {
    struct serve_session *session; /* judged moves on success */
    struct push push;
    struct buf *frames; /* VERDICTS are appended after the commit */
    enum err err;       /* of this push alone: FORK, FORMAT, LIMIT; nothing of it was kept */
};
/* Group commit: judge all pushes in order, each under its own savepoints, commit once, then
 * write the verdicts. An error means nothing at all was committed. */
NODISCARD enum err serve_pushes(struct store *s, struct serve_push *pushes, size_t count);

/* Append the next PAGE, and LEAVE and IDLE when nothing is left; *idle tells. Nothing at all:
 * call again. Moves session->reader.cursor. LATER: the rights are others now, or the device's
 * work came by another way meanwhile (an earlier connection, a relay, a stick): begin again
 * with HELLO. VERSION: what the client holds must be reduced, and it knows no LEAVE. */
NODISCARD enum err serve_page(struct store *s, struct serve_session *session,
                              struct buf *frames, bool *idle);
/* Note, in one transaction, contacts and what the devices have applied. */
struct serve_seen {
    struct serve_session *session;
    uint64_t pulled; /* through here */
    uint64_t erased; /* orders of erasure carried out through this one, 0: none */
};
NODISCARD enum err serve_seen(struct store *s, const struct serve_seen *list, size_t count);

/* Last seq committed: whoever has read less has something to fetch. Any thread may compare a
 * copy. */
uint64_t serve_seq(const struct store *s);
/* Version of the network's rights: when it has grown, somebody may have to be told, even where
 * the seq is the same: rights turn with the calendar too. */
uint64_t serve_rights(const struct store *s);
/* Rights that begin or end with a day are worked out when something is asked or judged: ask for
 * them where nobody does. One comparison on most days. */
NODISCARD enum err serve_today(struct store *s);

/* A live staff member's structure and, when asked, full name (appended). NOTFOUND. */
NODISCARD enum err serve_staff(struct store *s, const struct id *staff, struct id *structure,
                               struct buf *name);

/* Invitations and devices. secret: 16 bytes, kept only as SHA-256. */
enum { INVITE_TRIES_MAX = 5 };
NODISCARD enum err serve_invite(struct store *s, const struct id *invite,
                                const uint8_t secret_sha256[32], const struct id *staff,
                                int64_t expires_ms);
struct serve_invitation {
    uint8_t secret_sha256[32];
    struct id staff;
    bool relay; /* for a relay; staff: its structure */
    bool used;  /* by used_key; reply holds the answer given then */
    uint8_t used_key[32];
};
/* Look up and count a try. NOTFOUND, TIMEOUT (expired), LIMIT (too many tries). The stored
 * reply is appended to `reply`. */
NODISCARD enum err serve_invitation(struct store *s, const struct id *invite,
                                    struct serve_invitation *out, struct buf *reply);
/* The secret was proved: this try was no guess, and does not count. */
NODISCARD enum err serve_invitation_proved(struct store *s, const struct id *invite);
/* What the reply to an enrolment says of the device; the store makes device and epoch. */
struct serve_enrolment {
    struct id invite, staff;
    uint8_t key[32]; /* SHA-256 of the device's public key */
    struct str name; /* label for people */
};
/* In one transaction: device, first epoch, invitation used, reply stored. `reply` is made by
 * the callback once the numbers are known (it signs); its bytes are stored for a repeated
 * request. */
typedef enum err serve_on_enrolled(void *ctx, const struct store_identity *identity,
                                   struct str network, struct str staff_name,
                                   struct buf *reply);
NODISCARD enum err serve_enrol(struct store *s, const struct serve_enrolment *enrolment,
                               serve_on_enrolled *on_enrolled, void *ctx, struct buf *reply);
/* Inside the transaction of whoever enrols: the invitation is used up by this key, and answered
 * with `reply` when it asks again. */
NODISCARD enum err serve_invite_used(struct store *s, const struct serve_enrolment *e,
                                     struct str reply);
NODISCARD enum err serve_device_state(struct store *s, uint32_t device,
                                      enum device_state state);
/* Of a wipe: when the device heard of it, when it said that it is done; 0: nothing new. The
 * first times stay. */
NODISCARD enum err serve_device_heard(struct store *s, uint32_t device, int64_t told_ms,
                                      int64_t wiped_ms);
struct serve_device_info {
    uint32_t device, epoch, schema, forks;
    struct id staff;
    struct str name;
    enum device_state state;
    int64_t enrolled_ms, seen_ms, skew_ms;
    int64_t told_ms, wiped_ms; /* 0: not yet */
    uint64_t pulled;
    bool relay; /* a relay of a site; staff: its structure */
};
typedef enum err serve_on_device(void *ctx, const struct serve_device_info *info);
NODISCARD enum err serve_devices(struct store *s, serve_on_device *on_device, void *ctx);

struct serve_stats {
    uint64_t seq, operations, conflicts, quarantined, devices, commits;
    uint64_t stable_seq;
    int64_t file_bytes, free_bytes;
    uint32_t generation;
    struct id history;
};
NODISCARD enum err serve_stats(struct store *s, struct serve_stats *out);
/* Everything through the present seq is in a backup that was checked. */
NODISCARD enum err serve_stable(struct store *s, uint64_t seq);
/* What a database has given out, and what follows it must not give again. */
struct serve_lineage {
    uint32_t generation;
    uint64_t epoch_next;
};
NODISCARD enum err serve_lineage(struct store *s, struct serve_lineage *out);
/* A restored database starts a new generation, and epochs of its own. replaced: of the database
 * whose place it takes, so that one backup may be put back many times; zeroes: it is lost. */
NODISCARD enum err serve_restored(struct store *s, const struct serve_lineage *replaced);
/* Verify the hash chain over all commits. CORRUPT with the first commit that does not fit. */
NODISCARD enum err serve_chain_check(struct store *s, struct note *why);

#endif
