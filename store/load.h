/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a file through the edit door: new rows made, known rows brought up to date, every
 * mistake with its place. */
#ifndef STORE_LOAD_H
#define STORE_LOAD_H

#include "store/edit.h"
#include "store/names.h"

enum {
    LOAD_PROBLEMS_MAX = 50,   /* told one by one; more are only counted */
    LOAD_COMMIT_ROWS = 10000, /* rows of one durable transaction with skip_bad */
    LOAD_WORD_BYTES = 48,     /* of a column's title kept for a message */
};

struct load_terms {
    const struct table *table;
    bool dry_run;  /* the same work, then everything is forgotten */
    bool each;     /* one durable transaction a record; wrong ones are passed over */
    bool skip_bad; /* wrong records are passed over; without it one of them undoes all */
};

/* One wrong record. */
struct load_problem {
    uint64_t line;               /* of the file, from 1 */
    uint32_t column;             /* from 1, 0 = the record as a whole */
    char title[LOAD_WORD_BYTES]; /* of the column, "" when there is none */
    enum err err;                /* its kind */
    struct note note;            /* in words */
};

struct load_tally {
    uint64_t records, created, updated, unchanged, rejected;
    bool saved;                          /* what is counted above is in the database */
    uint32_t problem_count;              /* of those in `problems` */
    const struct load_problem *problems; /* valid until load_close */
};

/* One import. Begin, for each record load_set for its values and load_end, then load_finish. */
struct load;
NODISCARD enum err load_open(struct store *s, const struct load_terms *terms, struct load **out,
                             struct note *why);
/* Forgets what was not saved; NULL is fine. */
void load_close(struct load *load);

/* What a column stands for. */
enum load_what {
    LOAD_NOTHING, /* told by the program, such as who made the row */
    LOAD_ID,
    LOAD_DELETED,
    LOAD_FIELD,
};
struct load_column {
    enum load_what what;
    const struct field *field; /* LOAD_FIELD */
};
/* By the field's name or label. INVALID, `why` lists the columns there are. */
NODISCARD enum err load_match(const struct load *load, struct str title,
                              struct load_column *out, struct note *why);
/* A value of the present record; empty text empties the field. A wrong value is noted against
 * `number` (from 1) and `title`, and the record with it. NOMEM, IO, …: the import is over. */
NODISCARD enum err load_set(struct load *load, const struct load_column *column,
                            uint32_t number, struct str title, struct str text);
/* The record was malformed at this place: noted, and forgotten by load_end. */
void load_bad(struct load *load, uint32_t number, struct str title, enum err err,
              const struct note *note);
/* The record is complete and began on `line`: make or change its row. REFUSED, FULL, IO, …: the
 * import is over, `why` says why. */
NODISCARD enum err load_end(struct load *load, uint64_t line, struct note *why);
/* The file is at its end: save, unless something was wrong and skip_bad was not asked. After an
 * error only load_close may follow. */
NODISCARD enum err load_finish(struct load *load, struct note *why);
/* At any time. */
void load_tally(const struct load *load, struct load_tally *out);

#endif
