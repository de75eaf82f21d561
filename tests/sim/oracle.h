/* SPDX-License-Identifier: Apache-2.0 */
/* What people were told and what was acknowledged, kept outside the nodes: every text anyone
 * saves carries a mark that must be somewhere for ever, and nowhere it may not be. */
#ifndef TESTS_SIM_ORACLE_H
#define TESTS_SIM_ORACLE_H

#include "proto/hash.h"
#include "proto/message.h"
#include "store/store.h"

enum {
    ORACLE_MARK_BYTES = 8,
    ORACLE_EPOCHS_MAX = 4096,
    ORACLE_NETWORK = 255,
    ORACLE_ERASED_MAX = 1024
};

enum mark_state {
    MARK_NONE,  /* not saved, as far as anyone was told */
    MARK_MAYBE, /* nobody knows: the answer was an error that leaves it open */
    MARK_TOLD,  /* its author was told that it is saved */
    MARK_LOST,  /* was told, and then its disk was taken away */
};
/* "m000001.": written into one text of one edit. */
struct mark {
    enum mark_state state;
    uint32_t node; /* where it was saved */
    uint8_t home;  /* structure whose people may read it, or ORACLE_NETWORK */
    uint8_t facet;
    bool on_server;    /* was seen in the server's database */
    bool here;         /* scratch of the scan under way */
    struct id dossier; /* of its row; all zero: of none, or in a content */
};
/* One content that somebody attached. */
struct paper {
    struct id doc;
    struct id dossier; /* of its row; all zero: of none */
    uint32_t node;
    uint32_t mark; /* its bytes begin with it */
    uint64_t seed; /* they follow from that */
    uint64_t size;
    uint8_t sha256[SHA256_BYTES];
    bool told;  /* its author was told that it is saved */
    bool acked; /* the server said that it has it */
    bool lost;  /* … and was then put back, or the author's disk was */
};
/* Verdicts sent for the operations of one epoch. */
struct oracle_epoch {
    uint32_t number;
    uint8_t *verdicts; /* verdict and reason of op_no, 0 = none yet */
    uint64_t n;        /* op_nos below this */
};
struct oracle {
    struct mark *marks;
    uint32_t count, room;
    struct oracle_epoch *epochs; /* ORACLE_EPOCHS_MAX of them; in use: */
    size_t epochs_n;
    struct paper *papers;
    uint32_t papers_n, papers_room;
    struct id erased[ORACLE_ERASED_MAX]; /* dossiers known to be ordered erased; in use: */
    uint32_t erased_n;
    bool restored; /* the server was, from a backup */
    struct squeeze squeeze;
    uint64_t conflicts;              /* greatest number seen on the server */
    uint64_t saved, refused, failed; /* edits */
    uint64_t judged;                 /* verdicts heard for the first time */
    uint64_t opened;                 /* databases opened and looked into */
};

struct world;
struct node;
/* Acknowledged work that has left its author's device with the right to see it is not there to
 * be told again to a server restored from an older backup. */
bool oracle_excused(struct world *w, const struct mark *m);
void oracle_init(struct oracle *o);
void oracle_done(struct oracle *o);
/* A fresh mark, written to text (ORACLE_MARK_BYTES and a NUL). Returns its number. */
uint32_t oracle_mark(struct oracle *o, uint32_t node, uint8_t home, uint8_t facet,
                     char text[ORACLE_MARK_BYTES + 1]);
/* Call fn for each mark in the bytes. */
typedef void oracle_on_mark(void *ctx, uint32_t mark);
void oracle_scan(struct str bytes, oracle_on_mark *fn, void *ctx);

/* Look at frames on their way from the server to a client: verdicts never change, nothing out
 * of scope is sent, a denied device hears nothing. */
void oracle_sent(struct world *w, uint32_t to, bool denied, struct str frames);
/* No mark in these bytes may be beyond what the client may read. */
struct client;
void oracle_scan_client(struct world *w, const struct client *c, struct str bytes,
                        const char *where);
/* The server was opened again: everything it ever acknowledged is there. */
void oracle_server_opened(struct world *w);
/* It is another database now: what was acknowledged beyond it must come again. */
void oracle_server_restored(struct world *w);
/* A client was opened again: everything its user was told is saved is on it, or on the server.
 */
void oracle_client_opened(struct world *w, struct node *n);
/* Its disk was replaced: marks from `from` on that the server has not seen are lost with it. */
void oracle_disk_lost(struct world *w, const struct node *n, uint32_t from);
/* Greatest stamp a store has made or accepted; false when it does not run. */
bool oracle_clock(const struct store *s, hlc_t *last);
/* Last operation it has saved. */
uint64_t oracle_op_last(const struct store *s);
/* Note which marks the running server holds; false when its disk does not let us read them all.
 */
bool oracle_scan_server(struct world *w);

#endif
