/* SPDX-License-Identifier: Apache-2.0 */
/* One question of a page, answered in JSON on the thread of the store. The routes, what they
 * take and what they give are described in API.md. */
#ifndef WEB_API_H
#define WEB_API_H

#include "io/http.h"
#include "store/access.h"
#include "store/edit.h"

enum {
    API_PARTS_MAX = 4,               /* of a path, behind /api */
    API_BODY_BYTES_MAX = 256 * 1024, /* of what most routes take */
    API_ANSWER_BYTES_MAX = 16 * 1024 * 1024,
    API_ROWS_MAX = 1000, /* one list holds no more */
};

/* Carry out a command of the command line, without the program's name: JSON to `out`, what is
 * said to the person, or the error, to `talk`; returns the exit status. Store's thread. */
typedef int api_command(void *arg, const char *const *words, size_t count, struct buf *out,
                        struct buf *talk);

struct api {
    struct store *store;            /* open */
    struct str part[API_PARTS_MAX]; /* of the path: /api/rows/person → rows, person */
    size_t parts;
    struct str query; /* still encoded */
    struct str body;
    const char *dir; /* for files that are gone with the answer; as private as the replica */
    api_command *command;
    void *arg; /* of it */
    /* the answer */
    int status;
    bool bytes; /* `out` is no JSON */
    struct buf out;
    bool changed; /* more than a row: all pages must look again; the store may be another */
    struct note why;
    struct access access; /* dossiers shown, noted with the answer … */
    struct str reason;    /* … and why */
    struct arena arena;
};

/* How a route is reached. */
struct api_route {
    const char *name; /* first part of the path */
    bool post;        /* POST, else GET */
    size_t parts;     /* of the path, at least; with `more` */
    size_t more;      /* … and so many that may be left out */
    bool shows;       /* data: not while the lease of the replica has ended */
    size_t body;      /* 0: at most API_BODY_BYTES_MAX of JSON; else so many bytes of a file */
    void (*run)(struct api *api);
};
/* NULL when there is none; *other: one for another method is there. */
const struct api_route *api_find(const struct api *api, bool post, bool *other);
/* The most the body of this route holds. */
size_t api_body_max(const struct api_route *route);
/* Take the path apart: false when it is none of the API's. */
bool api_path(struct api *api, struct str path);
/* Answer. After it api->status, and api->out or the error. */
void api_run(struct api *api, const struct api_route *route);

/* For the files of the routes. */
/* The answer is this error, in JSON: {"error":NAME,"text":WHY}. */
void api_fail(struct api *api, enum err err);
/* The status an error is answered with. */
int api_status(enum err err);
/* The table named by part 1; NULL and failed when there is none. */
const struct table *api_table(struct api *api, struct str name);
/* The row id in this text; false and failed otherwise. */
bool api_id(struct api *api, struct str text, struct id *out);
/* A parameter of the query, decoded; its bytes live in the arena. {NULL, 0}: not there. */
struct str api_param(struct api *api, const char *name);
/* The same as a number, `fallback` when it is not there or none. */
uint64_t api_number(struct api *api, const char *name, uint64_t fallback);
/* The title of each row the rows told refer to: "names":{ID:TITLE,…}. */
struct api_names;
struct api_names *api_names_new(struct api *api);
void api_names_row(struct api_names *names, const struct table *table, const struct row *row);
void api_names_print(struct api_names *names);
/* A row as an object: title, row, unsent; with `versions` also those of its fields. */
void api_row(struct api *api, const struct table *table, const struct row *row, bool versions);

/* One per route, in api_*.c. */
void api_schema(struct api *api), api_rows(struct api *api), api_show(struct api *api),
    api_save(struct api *api), api_remove(struct api *api), api_history(struct api *api),
    api_state(struct api *api), api_inbox(struct api *api), api_candidates(struct api *api),
    api_today(struct api *api), api_overlaps(struct api *api), api_refused(struct api *api),
    api_resolve(struct api *api), api_resubmit(struct api *api), api_discard(struct api *api),
    api_duplicate(struct api *api), api_attach(struct api *api), api_content(struct api *api),
    api_document(struct api *api), api_fetch(struct api *api), api_enrol(struct api *api),
    api_example(struct api *api), api_agenda(struct api *api), api_settings(struct api *api),
    api_settle(struct api *api);

/* Words in all rows. */
void api_search(struct api *api);
/* Indicators. */
void api_reports(struct api *api), api_report(struct api *api);
/* Who works here, and what is due with them. */
void api_team(struct api *api);
/* A signature, and with the first one the content freezes. */
void api_sign(struct api *api);
/* A referral accepted: a dossier of one's own. */
void api_accept(struct api *api);
/* Spreadsheets out and in. */
void api_sheet(struct api *api), api_import(struct api *api), api_undo(struct api *api);
/* Lists with what was decided before. */
void api_conflicts(struct api *api), api_duplicates(struct api *api);

#endif
