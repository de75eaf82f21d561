/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of the sync conversation as structs, and their frames (PROTOCOL.md specifies
 * them). */
#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

#include "proto/frame.h"
#include "proto/op.h"

enum {
    MESSAGE_PROTOCOL = 1,        /* version spoken */
    MESSAGE_ITEMS_MAX = 32,      /* items of a message's own array */
    MESSAGE_VERDICTS_MAX = 2000, /* ranges in one VERDICTS */
    MESSAGE_ORIGINS_MAX = 8000,  /* origins in one WELCOME */
    MESSAGE_LEAVES_MAX = 8000,   /* scopes in one LEAVE */
    MESSAGE_ERASES_MAX = 8000,   /* orders in one ERASE */
    MESSAGE_ERASE_SCHEMA = 3,    /* clients since this schema understand ERASE and the reasons
                                    after REASON_MASS */
    MESSAGE_PAGE_ROWS = 500, /* a page is closed at the first operation boundary past this … */
    MESSAGE_PAGE_BYTES = 192 * 1024, /* … or past this many plain bytes */
    MESSAGE_PUSH_BYTES = 256 * 1024, /* likewise for a push */
    MESSAGE_PAGES_AHEAD = 8,  /* pages the server may send before the client has applied them */
    MESSAGE_PUSHES_AHEAD = 6, /* pushes the client may send before their verdicts */
    MESSAGE_CHUNK_BYTES = 64 * 1024, /* of a content, in one CHUNK */
    MESSAGE_CHUNK_ALIGN = 64,        /* chunks end at multiples of this, or with the content */
    MESSAGE_PIECE_BYTES = 64 * 1024, /* of a parcel, in one PIECE */
    MESSAGE_PARCEL_BYTES = 32 << 20, /* the largest parcel a relay or a server takes */
    MESSAGE_FOLLOWS_MAX = 8,         /* parcels one names that it takes the place of */
    MESSAGE_LISTED_MAX = 1000,       /* keys in one LISTED */
    MESSAGE_CONTENTS_AHEAD = 4,      /* OFFER, CHUNK or WANT the client may send unanswered */
};

enum message_type {
    MESSAGE_HELLO = 1,
    MESSAGE_WELCOME = 2,
    MESSAGE_PUSH = 3,
    MESSAGE_VERDICTS = 4,
    MESSAGE_PULLED = 5,
    MESSAGE_PAGE = 6,
    MESSAGE_IDLE = 7,
    MESSAGE_BYE = 8,
    MESSAGE_PING = 9,
    MESSAGE_PONG = 10,
    MESSAGE_FORK = 11,
    MESSAGE_EPOCH = 12,
    MESSAGE_ENROL = 13,
    MESSAGE_ENROLLED = 14,
    MESSAGE_WIPE = 15,
    MESSAGE_WIPED = 16,
    MESSAGE_LEAVE = 17,
    MESSAGE_ERASE = 19,
    MESSAGE_ERASED = 20,
    MESSAGE_WANT = 24,
    MESSAGE_CHUNK = 25,
    MESSAGE_OFFER = 26,
    MESSAGE_SITE = 27,
    MESSAGE_PARCEL = 28,
    MESSAGE_PIECE = 29,
    MESSAGE_RECEIPT = 30,
    MESSAGE_LISTED = 31,
};
enum { MESSAGE_TYPE_LAST = MESSAGE_LISTED };

/* client → server, first */
struct hello {
    uint32_t protocol;   /* MESSAGE_PROTOCOL */
    uint32_t schema;     /* SCHEMA_VERSION of the client */
    struct id history;   /* which server history the replica belongs to; null before the first
                            contact */
    uint32_t generation; /* of that history */
    uint32_t epoch;      /* current epoch number */
    uint64_t op_last;    /* last operation saved in this epoch, 0 = none */
    uint64_t acked;      /* verdicts are known through here */
    uint64_t pulled;     /* pages are applied through here */
    uint64_t whole;      /* the last IDLE applied: all there was through here is there */
    uint32_t origins;    /* origins (epoch → staff) known through this number */
    int64_t wall_ms;     /* the device's clock now */
    bool full;           /* send everything, own rows too (after a fork or a repair) */
    bool live;           /* stay connected after IDLE */
    uint64_t grants;     /* version of its rights the replica is complete for, from IDLE */
    uint64_t entering;   /* version it was being filled for, from WELCOME; 0 = none */
    uint64_t entered;    /* … and so far: what was opened is there through this seq */
    bool leaves;         /* understands LEAVE: a client since schema 2. Not an item: the two
                            before are there */
};

struct origin {
    uint32_t epoch;  /* origin number of stamps */
    struct id staff; /* who holds that device */
    uint32_t device; /* device number */
};

/* server → client */
struct welcome {
    uint32_t protocol;
    uint32_t schema;
    struct id history;
    uint32_t generation;
    int64_t wall_ms;     /* the server's clock */
    uint32_t epoch;      /* echoes hello.epoch */
    uint64_t known_op;   /* last operation judged in this epoch */
    uint64_t known_hash; /* rolling hash there */
    uint64_t stable_op;  /* operations through here are in a backup */
    uint64_t pull_from;  /* pages will start here (<= hello.pulled) */
    uint8_t roles;       /* mask of enum role, for the client's own early refusals */
    struct id structure; /* the staff member's structure */
    struct str origins; /* encoded array of [epoch, staff, device]; read with message_origins */
    uint64_t grants;    /* version of the staff member's rights now */
    bool filling;       /* pages through hello.pulled carry only what was opened since
                           hello.grants: the pull cursor itself stays */
    uint64_t content;   /* largest content of a document the server takes; 0: it takes none */
    struct str authority; /* io/authority: of the authority to come; empty: nothing is said */
};

/* client → server: whole operations in order */
struct push {
    uint32_t epoch;
    uint64_t first_op;
    uint32_t count;
    bool packed;     /* body is zstd */
    struct str body; /* operations one after the other */
};

/* server → client: one range of operations with the same verdict */
struct verdict_range {
    uint64_t from, to; /* op numbers, inclusive */
    enum verdict verdict;
    enum reason reason; /* REFUSED: why */
    uint64_t seq;       /* seq of `to` */
};
struct verdicts {
    uint32_t epoch;
    uint32_t count;    /* ranges; read with message_range */
    struct cur ranges; /* positioned at the first range */
};

/* server → client: rows changed in (from, to], whole operations */
struct page {
    uint64_t from, to;
    uint64_t judged; /* the client's operations are judged through here at `to` */
    uint32_t rows;
    uint64_t hash; /* hash64(from ^ to, body as sent) */
    bool packed;
    struct str body; /* rows one after the other (PROTOCOL.md "Rows of a page") */
};

/* server → client: nothing more for you as of `through` */
#define IDLE_UNSAID UINT64_MAX
struct idle {
    uint64_t through;
    uint64_t judged;
    uint64_t stable_op;
    uint64_t grants; /* the client holds all that this version of its rights opens, and nothing
                        that it does not. IDLE_UNSAID: a server of schema 1 */
    bool compared;   /* the rest is said: of the rows readable as of `through` */
    uint64_t rows;   /* their number … */
    uint64_t sum;    /* … and digest */
};

/* server → client: what may not be seen any more leaves the replica */
enum leave_kind { LEAVE_NETWORK = 1, LEAVE_STRUCTURE, LEAVE_DOSSIER };
struct leave_scope {
    enum leave_kind kind;
    struct id id;   /* of the structure, or of the person */
    uint8_t facets; /* these, and no others, are lost */
};
struct leave {
    uint32_t count;
    struct cur scopes; /* positioned at the first; read with message_leave_scope */
};

/* server → client: these dossiers are erased, and every copy of them goes */
struct erase_order {
    uint64_t no;       /* the server's number of the order; ascending */
    struct id dossier; /* the person */
};
struct erase {
    uint32_t count;
    struct cur orders; /* positioned at the first; read with message_erase_order */
};

/* either side: the last message */
struct bye {
    enum err err;      /* OK, LATER, REVOKED, VERSION, … */
    uint32_t retry_ms; /* come back not before */
};

/* Contents of documents. Each is asked for by the row that names it, never by its hash alone.
 * client → server: send from there, at most so much; server → client: the answer to OFFER and
 * CHUNK, or that there is nothing to send. */
struct want {
    struct id document;
    uint64_t from; /* what comes before is there, durably; the size of all: verified too */
    uint32_t max;  /* bytes of the CHUNK that answers */
    enum err err;  /* from the server: why not */
};
/* either side */
struct chunk {
    struct id document;
    uint64_t from;
    struct str bytes; /* at most MESSAGE_CHUNK_BYTES */
};
/* client → server: this content is here */
struct offer {
    struct id document;
    uint64_t size;
    struct str sha256; /* 32 bytes */
};

/* A site's relay carries bundles as parcels, between a device and itself and between itself and
 * the server, and reads none of them. Each side begins with SITE. */
struct site_word {
    uint32_t protocol;
    struct str name;   /* of the relay, or of the network, for people */
    struct str parcel; /* SHA-256 of a parcel, or empty: the one the device has left here last;
                          from the relay: that one still lies here */
    bool waiting;      /* from the relay: a parcel for the device follows */
};
/* Its bytes follow, in PIECEs. */
struct parcel {
    uint32_t kind;      /* enum bundle_kind */
    uint32_t device;    /* number of the device that wrote it, or is to read it */
    uint64_t size;      /* 1 … MESSAGE_PARCEL_BYTES */
    struct str sha256;  /* 32 bytes */
    struct str follows; /* SHA-256s, one after the other, of parcels whose place it takes: what
                           they held is in it, or with the server */
};
/* What became of a parcel. OK: it is kept, on the disk; the giver may forget it. */
struct receipt {
    enum err err;
    struct str sha256; /* of the parcel */
};
/* server → relay: keys of devices and relays that have no access any more */
struct listed {
    bool more;       /* the list goes on in another LISTED */
    struct str keys; /* SHA-256s, one after the other */
};

struct epoch_given {
    uint32_t epoch; /* the new epoch; its operations start at 1 */
};

struct enrol {
    struct id invite; /* first 8 bytes: invitation id, rest zero */
    struct str csr;   /* DER */
    struct str nonce; /* 16 bytes */
    struct str proof; /* invite_proof_client */
};
struct enrolled {
    struct str cert; /* device certificate, DER */
    struct str ca;   /* CA certificate, DER */
    uint32_t device; /* device number */
    uint32_t epoch;  /* first epoch */
    struct id staff;
    struct id structure;
    uint8_t roles;
    struct id history;
    uint32_t generation;
    struct str network;    /* name of the network */
    struct str staff_name; /* to greet by */
    struct str proof;      /* invite_proof_server */
    struct str authority;  /* as in WELCOME */
};

/* Append one whole frame to `out`; out->err tells (LIMIT, NOMEM). */
void message_hello(struct buf *out, const struct hello *m);
void message_welcome(struct buf *out, const struct welcome *m);
void message_push(struct buf *out, const struct push *m);
/* ranges: `count` of them. */
void message_verdicts(struct buf *out, uint32_t epoch, const struct verdict_range *ranges,
                      uint32_t count);
void message_pulled(struct buf *out, uint64_t through);
void message_page(struct buf *out, const struct page *m);
void message_idle(struct buf *out, const struct idle *m);
/* scopes: `count` of them, encoded by message_leave_add. */
void message_leave(struct buf *out, uint32_t count, struct str scopes);
void message_leave_add(struct buf *scopes, const struct leave_scope *scope);
/* orders: `count` of them, encoded by message_erase_add. */
void message_erase(struct buf *out, uint32_t count, struct str orders);
void message_erase_add(struct buf *orders, const struct erase_order *order);
/* client → server: all orders told through this one are carried out, on the disk too. */
void message_erased(struct buf *out, uint64_t through);
void message_want(struct buf *out, const struct want *m);
void message_chunk(struct buf *out, const struct chunk *m);
void message_offer(struct buf *out, const struct offer *m);
void message_site(struct buf *out, const struct site_word *m);
void message_parcel(struct buf *out, const struct parcel *m);
void message_piece(struct buf *out, struct str bytes);
void message_receipt(struct buf *out, const struct receipt *m);
void message_listed(struct buf *out, const struct listed *m);
void message_bye(struct buf *out, const struct bye *m);
void message_epoch(struct buf *out, const struct epoch_given *m);
void message_enrol(struct buf *out, const struct enrol *m);
void message_enrolled(struct buf *out, const struct enrolled *m);
/* PING, PONG, FORK, WIPE, WIPED. */
void message_empty(struct buf *out, enum message_type type);

/* A decoded message: views point into the frame's body. */
struct message {
    enum message_type type;
    union {
        struct hello hello;
        struct welcome welcome;
        struct push push;
        struct verdicts verdicts;
        uint64_t pulled;
        struct page page;
        struct idle idle;
        struct bye bye;
        struct epoch_given epoch;
        struct leave leave;
        struct erase erase;
        uint64_t erased;
        struct want want;
        struct chunk chunk;
        struct offer offer;
        struct site_word site;
        struct parcel parcel;
        struct str piece;
        struct receipt receipt;
        struct listed listed;
        struct enrol enrol;
        struct enrolled enrolled;
    };
};
/* Decode a frame's body, pre-checked. FORMAT, LIMIT, PROTOCOL (unknown type). Items beyond
 * those known are ignored, so that a later version may append some. */
NODISCARD enum err message_read(struct str body, struct message *out);
/* Next range, origin, scope or order; cur->bad when malformed. */
struct verdict_range message_range(struct cur *cur);
struct origin message_origin(struct cur *cur);
struct leave_scope message_leave_scope(struct cur *cur);
struct erase_order message_erase_order(struct cur *cur);
/* The encoded list for welcome.origins. */
void message_origins(struct buf *out, const struct origin *list, uint32_t count);

#endif
