/* SPDX-License-Identifier: Apache-2.0 */
/* The store's inside, for the files of store/ only. */
#ifndef STORE_INSIDE_H
#define STORE_INSIDE_H

#include "proto/frame.h"
#include "proto/scope.h"
#include "store/db.h"
#include "store/sql.h"
#include "store/store.h"

/* Numbered facts, one row each in `meta`. Never renumber. */
enum meta {
    META_FORMAT = 1, /* of the service tables */
    META_SIDE,
    META_SCHEMA,  /* SCHEMA_VERSION last seen */
    META_HISTORY, /* 16 bytes: which server history */
    META_GENERATION,
    META_HLC, /* greatest stamp observed or made by the server */
    /* client */
    META_DEVICE = 20,
    META_EPOCH,
    META_STAFF,
    META_STRUCTURE,
    META_ROLES,
    META_ACKED,     /* op_no */
    META_ACKED_HLC, /* its stamp */
    META_PULLED,
    META_RELEASED, /* operations through here were deleted from the outbox */
    META_RELEASED_HASH,
    META_LAST_SYNC,
    META_SKEW,
    META_COMPLETE,
    META_FULL,    /* the next sync asks for everything */
    META_ORIGINS, /* origins known through this number */
    META_OP_LAST, /* last operation when the outbox is empty */
    META_OP_HASH,
    META_OP_HLC,
    META_GRANTS,   /* version of our rights that the last IDLE completed */
    META_SWEEP,    /* rows the server does not tell again are to go (sweep.h) */
    META_SWEEP_OP, /* … once the server has judged our operations through here */
    META_WHOLE,    /* pulled through here when the last IDLE was applied */
    META_ENTERING, /* version of rights the replica is being filled for, 0 = none */
    META_ENTERED,  /* … and how far, plus one, while that is below the pull cursor; else 0 */
    META_RESIDUE,  /* what has left may still lie on unused parts of pages */
    META_LEAVING,  /* operations wait for their verdict whose rows have left */
    META_RETELL,   /* such a one was accepted: should its rows be ours again, nobody tells us */
    META_COMPARE,  /* text: what comparisons with the server's digest came to (compare.c) */
    META_MENDED,   /* put together from a damaged file: the next sync takes a new epoch (mend.h)
                    */
    META_LEASE_SEEN = 50,    /* highest time since the last sync, as lease.c tells it */
    META_LEASE_FIRST,        /* first time it was looked at without a sync */
    META_LEASE_BEGAN,        /* the last sync, by the server's clock */
    META_CONTENT,            /* contents of documents were kept here (content.h) */
    META_LISTED = 57,        /* lists have their indexes (ddl_lists) */
    META_SERVER_SCHEMA = 58, /* the server's, as it said last; 0: not yet */
    /* server */
    META_SITE = 54,      /* text: address of the site's relay (deposited.h) */
    META_SITE_SENT,      /* text: parcels that were sent there */
    META_SITE_LEFT,      /* text: the last of them that lies there */
    META_SEQ = 60,       /* last seq committed */
    META_COMMIT,         /* last commit of the chain */
    META_GENERATION_SEQ, /* seq where this generation began */
    META_STABLE_SEQ,     /* everything through here is in a backup */
    META_NETWORK,        /* text: name of the network */
    META_RIGHTS,         /* version of the grants */
    META_EPOCH_FLOOR,    /* epochs below may have been given out before a restore */
    META_RIGHTS_DAY,     /* rights are worked out for this day (since 1970) */
    META_FEED_OF,        /* the feed is found by dossier through here */
    META_ERASING = 70,   /* an order of erasure is not carried out yet, or not on the disk */
    META_ERASED_LAST,    /* number of the last order of erasure, 0 = none ever */
    META_CONTENT_SERVER = 74, /* likewise */
    META_RIGHTS_RULES = 79,   /* by which rules they are worked out (holders.c) */
    META_LAST = 80,
};

/* One operation chain: the client's own, or one the server keeps for a device. */
struct chain {
    uint64_t op_no; /* last operation, 0 = none */
    uint64_t hash;  /* rolling hash there */
    hlc_t hlc;      /* its stamp */
};

/* Statements generated from the schema, per table. */
enum row_sql {
    ROW_INSERT,
    ROW_UPDATE,
    ROW_RESTAMP,
    ROW_BY_ID,
    ROW_BY_RID,
    ROW_PLACE,
    ROW_SQL_COUNT
};

enum { REF_CACHE_SLOTS = 4096 };
/* Where a row lives, remembered so that bulk work does not ask again for each reference. */
struct ref_slot {
    struct id id;
    uint16_t table; /* 0 = empty */
    struct scope scope;
};

/* What the operation being judged means for rights (holders.h). */
struct touched {
    struct buf staff;    /* ids */
    struct buf dossiers; /* of holders.c */
    bool all;
};

struct content;
struct store {
    struct db *db;
    struct store_env env;
    struct stmt *fixed[SQL_COUNT];
    struct stmt *(*rows)[ROW_SQL_COUNT]; /* by position of the table in the schema */
    struct id_maker ids;
    struct squeeze squeeze;
    struct buf told;        /* server: the last short page, as it is before compression … */
    struct buf told_packed; /* … and after it; nothing where told is empty */
    struct ref_slot *refs;  /* REF_CACHE_SLOTS of them */
    /* mirrors of meta, valid outside transactions and reloaded after a rollback */
    struct hlc clock;
    struct chain own; /* client: last operation saved */
    uint64_t acked;
    hlc_t acked_hlc;
    uint64_t pulled;
    uint64_t entered; /* client: while the replica is filled, how far; else UINT64_MAX */
    uint32_t epoch;
    struct id staff, structure;
    uint8_t roles;
    uint64_t seq;     /* server: last seq, also inside a transaction */
    uint64_t feed_of; /* server: the feed is found by dossier through here */
    uint64_t chain_commit;
    uint64_t rights;      /* version of the grants */
    bool rights_touched;  /* this transaction changed them */
    bool stale;           /* the mirrors could not be brought back after a rollback */
    int32_t expired_day;  /* of the last look at what is too old (expire.h) */
    int32_t rights_day;   /* the day they are worked out for */
    bool erasing;         /* server: erase_due has work */
    uint64_t erased_last; /* server: last order of erasure; 0: no id was ever erased */
    struct touched touched;
    struct row *fresh;  /* rows_fresh */
    size_t moved_bytes; /* server: of the rows feed_move put under the present seq */
    uint32_t mover;     /* server: epoch whose operation is judged */
    bool moved_others; /* … and that feed_move put more there than rows it made and left so */
    struct buf trail;  /* server: history of the operation being judged, for the chain */
    struct buf digests;   /* server: what this transaction changes of the digests (digest.c) */
    struct buf row_bytes; /* of the row whose digest is made */
    struct buf recent, recent_bytes; /* server: rows as they were told last (recent.h) */
    bool mended;             /* client: of a damaged file, and without its new epoch (mend.h) */
    bool repairs;            /* client: everything is told again after a difference … */
    uint64_t repaired[3];    /* … and these rows of this transaction were wrong (compare.h) */
    struct buf scratch;      /* expanded blocks */
    int64_t *marks;          /* client: by position of the table, what search.c has of it … */
    bool marks_known;        /* … once that was read */
    struct content *content; /* once it was asked for (content.h) */
    uint64_t content_wishes;
    uint64_t content_network_bytes, content_device_bytes; /* server: 0: as depot.h says */
};

/* A fixed statement, prepared on first use. */
NODISCARD enum err store_sql(struct store *s, enum sql sql, struct stmt **out);
/* A statement of a table, prepared on first use. index: position in the schema. */
NODISCARD enum err store_row_sql(struct store *s, uint16_t index, enum row_sql which,
                                 struct stmt **out);
/* A statement for one use: `before`, the table's name in the database, `after`. The caller
 * frees. */
NODISCARD enum err store_table_sql(struct store *s, const char *before,
                                   const struct table *table, const char *after,
                                   struct stmt **out);
uint16_t store_table_index(const struct store *s, const struct table *table);

/* The number a statement with up to two integer parameters answers; 0 when it finds no row. */
NODISCARD enum err store_number(struct store *s, enum sql sql, const int64_t *params, int count,
                                uint64_t *out);

NODISCARD enum err meta_get_int(struct store *s, enum meta key, int64_t *out);
NODISCARD enum err meta_set_int(struct store *s, enum meta key, int64_t v);
/* *out zero when there is none. */
NODISCARD enum err meta_get_id(struct store *s, enum meta key, struct id *out);
NODISCARD enum err meta_set_id(struct store *s, enum meta key, const struct id *id);
NODISCARD enum err meta_get_text(struct store *s, enum meta key, struct buf *out);
NODISCARD enum err meta_set_text(struct store *s, enum meta key, struct str text);

/* A transaction of the store: on failure everything is rolled back and the mirrors are
 * reloaded; when not even that is possible, before the next one begins. */
NODISCARD enum err store_begin(struct store *s);
/* The same for what the server tells again (db_begin_soft). */
NODISCARD enum err store_begin_soft(struct store *s);
/* Commit when err is OK, else roll back; returns what went wrong first. */
NODISCARD enum err store_end(struct store *s, enum err err);
/* Forget a transaction, also one the engine has rolled back by itself. */
void store_forget(struct store *s);
/* Bring the mirrors back to what is on disk. */
NODISCARD enum err store_reload(struct store *s);

/* ddl.c: service tables, tables and columns of the schema; one transaction. */
NODISCARD enum err ddl_migrate(struct store *s, struct note *why);
/* For store_lists: make the indexes, whatever has come. Inside a transaction. */
NODISCARD enum err ddl_lists(struct store *s);
/* SQL of a table's statements. */
void ddl_row_sql(const struct table *table, enum row_sql which, struct buf *out);

/* Columns every business table starts with, with commas between. */
extern const char ddl_common_names[];
/* SELECT of all columns in the order of rows.h. */
void ddl_select(const struct table *table, const char *where, struct buf *out);

void refs_forget(struct store *s);
/* compare.c: the mirrors of what it keeps. */
NODISCARD enum err compare_reload(struct store *s);

#endif
