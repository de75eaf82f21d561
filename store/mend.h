/* SPDX-License-Identifier: Apache-2.0 */
/* A replica that its disk has damaged: what still reads of it, and what only it has, goes into
 * a new one that the next sync fills. */
#ifndef STORE_MEND_H
#define STORE_MEND_H

#include "store/store.h"

enum { MEND_LOST_MAX = 64 };

/* An operation nobody has but the damaged page: what is still known of it. Never its values. */
struct mend_lost {
    uint64_t op_no;  /* 0: not known */
    uint16_t table;  /* of a row it wrote; 0: not known */
    int64_t edit_ms; /* when it was saved; 0: not known */
};
struct mend_report {
    bool by_page;    /* the file's own list of tables does not read: it was searched page by
                        page, for what the server has not */
    bool nameless;   /* not even who this device is could be read: the server says it */
    uint64_t rows;   /* that read; the server has them too, or will tell better */
    uint64_t unsent; /* operations saved that the server has not acknowledged */
    uint64_t quarantined; /* refused ones */
    uint64_t lost_count;
    struct mend_lost lost[MEND_LOST_MAX]; /* the first of them, in their order */
};

/* Make a replica at `to`, where there must be no file, of what reads of the one from->path
 * names, which stays as it is to the last byte. The new one is the same device; it holds the
 * rows that read, the operations that were not sent, those the server may yet lose, and the
 * refused ones; at its next sync it gets a new epoch, sends, and is told everything again. When
 * it returns the file at `to` is whole and durable; after an error or a power cut what lies
 * there is to be thrown away. CORRUPT: nothing reads; VERSION: made by a newer program. */
NODISCARD enum err mend_replica(const struct store_env *from, const char *to,
                                struct mend_report *out, struct note *why);

/* The same for the contents of documents of an open replica, whose database of them does not
 * read: a new one at `to` of those whose bytes are still what was attached. Of the others,
 * those the server has are fetched again; of those that were not sent the report says how many.
 */
struct mend_contents {
    uint64_t kept;  /* documents whose content was saved … */
    uint64_t again; /* … is fetched again … */
    uint64_t lost;  /* … or was only here: it must be attached again */
    bool unlisted;  /* which document had which did not read */
};
NODISCARD enum err mend_contents(struct store *s, const char *to, struct mend_contents *out,
                                 struct note *why);
/* Has everything come again since, and was all of it sent? Then the damaged file has nothing
 * more to tell. True of a replica that was never mended. */
NODISCARD enum err mend_settled(struct store *s, bool *out);

#endif
