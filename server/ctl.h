/* SPDX-License-Identifier: Apache-2.0 */
/* One jalonctl command being carried out inside jalond, on the store's thread. */
#ifndef SERVER_CTL_H
#define SERVER_CTL_H

#include "io/args.h"
#include "io/say.h"
#include "server/enrol.h"
#include "store/access.h"
#include "store/edit.h"

/* Exit statuses of the command-line contract. */
enum ctl_exit { CTL_DONE = 0, CTL_FAILED = 1, CTL_USAGE = 2, CTL_OFFLINE = 3, CTL_DAMAGED = 6 };

/* A list goes out in pieces of about so many bytes: rows may be large, and many. */
enum { CTL_PIECE_BYTES = 1 << 20 };

struct ctl {
    struct store *store;
    const struct enrol_ca *ca;
    const char *public; /* ADDR:PORT for invitations */
    const char *cwd;    /* of the caller: where relative files lie */
    bool json;
    struct buf out;  /* for stdout */
    struct buf talk; /* for stderr */
    struct arena arena;
    const struct args *args;
    struct access access;    /* dossiers shown, noted when the command has ended */
    bool more;               /* not done: run it again by ctl_again, when `out` was taken */
    struct ctl_rows *rows;   /* a list in the making */
    struct ctl_check *check; /* a check in the making */
    struct {
        uint64_t count; /* told so far, and the last of them */
        uint32_t epoch;
        uint64_t op_no;
    } refused; /* likewise, of refused work */
    /* what the rest of the server must do then */
    uint32_t device; /* set to `state`; 0: none */
    enum device_state state;
    struct buf backup;         /* path of a backup to make, NUL-terminated; empty: none */
    struct ctl_bundle *bundle; /* being taken in; NULL: none */
};
void ctl_check_done(struct ctl *c);
/* Carry out one call (argv[0] is passed over); returns the exit status. */
int ctl_run(struct ctl *c, int argc, const char *const *argv);
/* The next slice of a command that is not done. */
int ctl_again(struct ctl *c);
void ctl_done(struct ctl *c);

/* The program's table; `TABLE add` and the like stand for every table. */
extern const struct args_program ctl_program;
/* Parse a call: words that name a table come as the first word of `TABLE add` and the like. The
 * strings of argv must outlive args. */
NODISCARD enum err ctl_parse(int argc, const char *const *argv, struct args *args,
                             struct note *why);

/* For the commands: say a line to the person. */
void ctl_say(struct ctl *c, const char *fmt, ...) PRINTF(2, 3);
/* Tell what went wrong; returns the exit status. why: may be NULL or empty. */
int ctl_fail(struct ctl *c, enum err err, const struct note *why);
/* FIELD=VALUE words from `first` on, appended to values; room for SCHEMA_FIELDS_MAX. */
NODISCARD enum err ctl_values(struct ctl *c, const struct table *table, size_t first,
                              struct edit_value *values, size_t *count, struct note *why);
/* Set a field from text. */
NODISCARD enum err ctl_value(struct ctl *c, const struct table *table, const char *field,
                             struct str text, struct edit_value *values, size_t *count,
                             struct note *why);
/* A row by its id or the beginning of it. */
NODISCARD enum err ctl_row(struct ctl *c, const struct table *table, const char *word,
                           struct id *out, struct note *why);
/* Free c->rows; NULL is fine. */
void ctl_rows_done(struct ctl *c);
/* Print an id alone on its line, or {"id":…}. */
void ctl_print_id(struct ctl *c, const struct id *id);

/* A bundle is taken in by steps, after the command that named it. Which thread the next one
 * needs: reading a slow stick must not keep the store waiting. */
enum ctl_bundle_step { CTL_BUNDLE_ASIDE, CTL_BUNDLE_STORE, CTL_BUNDLE_OVER };
enum ctl_bundle_step ctl_bundle_next(const struct ctl *c);
/* Take it; the exit status, which is final when the next step is OVER. */
int ctl_bundle_step(struct ctl *c);
/* Free c->bundle; NULL is fine. */
void ctl_bundle_done(struct ctl *c);

/* A value as the administrator reads it: the names of what references point to. */
void ctl_print_value(struct ctl *c, const struct field *field, const struct value *v);
/* Who is behind an id, their name; the program itself for the null id. */
void ctl_print_staff(struct ctl *c, const struct id *staff);
/* Text of others: shown, not obeyed by the terminal. */
void ctl_print_text(struct ctl *c, struct str text);
/* How a row was made and every change, or those of one field (NULL: all); in JSON as a further
 * member of an object in the making. */
NODISCARD enum err ctl_print_history(struct ctl *c, const struct table *table,
                                     const struct row *row, const struct field *only);
/* The instant, as everywhere in jalonctl in UTC; a dash for 0. */
void ctl_print_time(struct ctl *c, int64_t ms);

/* ctl_rows.c, ctl_staff.c, ctl_device.c, ctl_watch.c, ctl_quarantine.c,
 * ctl_duplicates.c, ctl_erasure.c, ctl_conflict.c, ctl_bundle.c, ctl_handover.c,
 * ctl_access.c */
args_run ctl_relay_add, ctl_add, ctl_list, ctl_show, ctl_set, ctl_structure_add, ctl_staff_add,
    ctl_invite, ctl_device_list, ctl_device_show, ctl_device_revoke, ctl_device_wipe,
    ctl_conflict_list, ctl_conflict_resolve, ctl_quarantine_list, ctl_quarantine_show,
    ctl_quarantine_resubmit, ctl_quarantine_discard, ctl_duplicate_list, ctl_duplicate_same,
    ctl_duplicate_different, ctl_duplicate_undo, ctl_erasure_orders, ctl_erasure_ids, ctl_stats,
    ctl_check, ctl_backup, ctl_bundle_take, ctl_handover, ctl_access_list, ctl_access_alerts,
    ctl_report, ctl_register;

#endif
