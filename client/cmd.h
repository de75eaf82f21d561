/* SPDX-License-Identifier: Apache-2.0 */
/* One command being carried out: its words, the replica it works on, where its answer goes. */
#ifndef CLIENT_CMD_H
#define CLIENT_CMD_H

#include "io/args.h"
#include "io/say.h"
#include "store/access.h"
#include "store/edit.h"
#include "store/names.h"

/* Exit statuses of the command-line contract. */
enum cmd_exit {
    CMD_DONE = 0,
    CMD_FAILED = 1,
    CMD_USAGE = 2,
    CMD_OFFLINE = 3, /* nothing lost */
    CMD_WAITS = 4,   /* done, but something waits for a person */
    CMD_REFUSED = 5, /* rights, revoked, wrong server */
    CMD_DAMAGED = 6,
    CMD_AWAY = 255, /* not for people: whoever holds the replica cannot do this for others */
};

enum cmd_stream { CMD_OUT = 1, CMD_TALK = 2 };
/* Take bytes of the answer; an error ends the command at its next cmd_flush. */
typedef enum err cmd_write(void *ctx, enum cmd_stream stream, struct str bytes);

/* Answers are handed on in pieces of about this size. */
enum { CMD_CHUNK_BYTES = 64 * 1024 };

struct local;    /* client/local.h */
struct round;    /* client/round.h */
struct presence; /* client/presence.h */
struct gate;     /* web/gate.h */

struct cmd {
    const struct args *args;
    const char *dir;     /* data folder */
    const char *cwd;     /* where relative files lie; NULL: the process's own folder */
    struct store *store; /* the open replica; NULL for commands that need none */
    struct local *local; /* what holds it; NULL when another command does */
    const struct presence *presence; /* of the process that holds it and stays; NULL: none */
    struct round *round;     /* a sync that process carries out for us; NULL: it cannot */
    const struct gate *gate; /* of the pages that process serves; NULL: none */
    bool may_enrol;          /* this process holds the replica, and nobody works on it now */
    bool example;            /* the replica is the example's (client/example.h) */
    bool json;               /* data as JSON */
    bool color;              /* the answer may be coloured */
    bool progress;           /* stderr is a terminal */
    int columns;             /* width of the terminal */
    cmd_write *write;        /* takes the answer */
    void *ctx;               /* its argument */
    struct buf out;          /* data, not yet handed on */
    struct buf talk;         /* words for the person, not yet handed on */
    struct access access;    /* dossiers shown, noted when the command has ended */
    struct names *names;     /* made by cmd_names */
    struct arena arena;      /* lives as long as the command */
    enum err broken;         /* the answer could not be handed on */
};
void cmd_done(struct cmd *c);

/* Say a line to the person (stderr). */
void cmd_say(struct cmd *c, const char *fmt, ...) PRINTF(2, 3);
/* Say that it is saved, and how it will get to the server. */
void cmd_say_saved(struct cmd *c);
/* Say that a number among these values does not agree with its check digits. */
void cmd_say_doubts(struct cmd *c, const struct edit_value *values, size_t count);
/* Write a row's id; as JSON an object with `key`, which says whether something was done. */
void cmd_print_id(struct cmd *c, const struct id *id, const char *key, bool value);
/* Hand on what was written so far. */
NODISCARD enum err cmd_flush(struct cmd *c);
/* The same once there is enough for a piece. */
NODISCARD enum err cmd_flush_some(struct cmd *c);
/* Tell what went wrong, what that means and what to do next; returns the exit status. why: may
 * be NULL or empty. */
int cmd_fail(struct cmd *c, enum err err, const struct note *why);
/* The same, with another advice than the error's own, in the language of the person. */
int cmd_fail_next(struct cmd *c, enum err err, const struct note *why, const char *next);

/* The table of that name; NOTFOUND with the nearest one in `why`. */
NODISCARD enum err cmd_table(struct cmd *c, const char *word, const struct table **out,
                             struct note *why);
NODISCARD enum err cmd_field(struct cmd *c, const struct table *table, struct str word,
                             const struct field **out, struct note *why);
NODISCARD enum err cmd_names(struct cmd *c, struct names **out);
/* The row a person means by an id, the beginning of one, or its name. */
NODISCARD enum err cmd_row(struct cmd *c, const struct table *table, const char *word,
                           struct id *out, struct note *why);
/* FIELD=VALUE words from `first` on; `out` has room for SCHEMA_FIELDS_MAX. The bytes live in
 * c->arena and argv. */
NODISCARD enum err cmd_values(struct cmd *c, const struct table *table, size_t first,
                              struct edit_value *out, size_t *count, struct note *why);

/* One value as people type it for this field: names, labels, dates. Lives in c->arena and the
 * text. */
NODISCARD enum err cmd_value(struct cmd *c, const struct field *field, struct str text,
                             struct value *out, struct note *why);

/* One per command, in cmd_<name>.c; program: struct cmd. */
args_run cmd_add, cmd_candidates, cmd_today, cmd_overlaps, cmd_report, cmd_set, cmd_delete,
    cmd_restore, cmd_show, cmd_list, cmd_schema, cmd_status, cmd_conflicts, cmd_resolve,
    cmd_inbox, cmd_inbox_show, cmd_inbox_resubmit, cmd_inbox_discard, cmd_duplicates,
    cmd_duplicate_same, cmd_duplicate_different, cmd_duplicate_undo, cmd_import, cmd_export,
    cmd_doctor, cmd_enrol, cmd_sync, cmd_site, cmd_bundle_write, cmd_bundle_read, cmd_attach,
    cmd_fetch, cmd_handover, cmd_ui, cmd_access, cmd_completion, cmd_agenda,
    cmd_referral_accept, cmd_settings, cmd_search;

#endif
