/* SPDX-License-Identifier: Apache-2.0 */
/* Who opened which dossier, as rows of access_log that sync like any other, and who holds it.
 *
 * What is shown of a dossier is noted once a day for each person, dossier and kind of content,
 * by an id worked out from these, so that two devices make one row; each display of a national
 * number is a row of its own. A row has the facet of what was opened: who may not see notes or
 * the vault does not learn that there are any. It goes with the dossier when that leaves or is
 * erased. */
#ifndef STORE_ACCESS_H
#define STORE_ACCESS_H

#include "store/rows.h"

enum { ACCESS_REASON_MAX = 200, ACCESS_SCHEMA = 4 };

enum access_opened { ACCESS_DOSSIER, ACCESS_NOTES, ACCESS_VAULT, ACCESS_NUMBER };

/* What one command has shown so far. */
struct access {
    struct buf list;   /* of access.c */
    struct id listed;  /* the dossier of all facts listed so far; null: none */
    uint8_t listed_of; /* … how many: 2 is many */
};
/* A zeroed one is fine. */
void access_done(struct access *a);
/* This row is shown among others. Of notes, of the vault and of conflicts, which show values of
 * two people, each opens its dossier. Facts do where all that are listed are of one dossier: a
 * list over many, and any list of persons, is how one is found. */
NODISCARD enum err access_listed(struct access *a, struct store *s, const struct table *table,
                                 const struct row *row);
/* This row is written to a file: noted beside what was opened, once a day, with "export" for a
 * reason where none is given. */
NODISCARD enum err access_taken(struct access *a, struct store *s, const struct table *table,
                                const struct row *row);
/* This row is shown. Nothing to note: it is of no dossier, or was made here and not sent yet.
 */
NODISCARD enum err access_shown(struct access *a, struct store *s, const struct table *table,
                                const struct row *row);
/* … of a row that is not here: a refused one. Nothing to note either: the dossier is not here.
 */
NODISCARD enum err access_wanted(struct access *a, struct store *s, const struct table *table,
                                 const struct row *row);
/* … with the national number in it. */
NODISCARD enum err access_revealed(struct access *a, struct store *s, const struct table *table,
                                   const struct row *row);
/* Note durably what was shown and is not noted yet, and forget it: one transaction, or none.
 * On a server: by whom jalonctl acts for, the null id for its administrator. reason: may be
 * empty, is cut to ACCESS_REASON_MAX bytes. Not inside a transaction. s: NULL when nothing can
 * have been shown. Errors as edit_commit. */
NODISCARD enum err access_save(struct access *a, struct store *s, const struct id *staff,
                               struct str reason, struct note *why);

/* What is noted of a dossier here, and of those merged with it, oldest first of each; valid
 * during the call. */
struct access_entry {
    struct id person, staff;   /* staff null: at the server */
    struct str opened, reason; /* code; reason may be empty */
    int64_t at_ms;
    uint32_t device; /* 0: the server */
};
typedef enum err access_on_entry(void *ctx, const struct access_entry *entry);
NODISCARD enum err access_list(struct store *s, const struct id *person,
                               access_on_entry *on_entry, void *ctx);

/* Server: who holds the dossier or held it, with each device that had contact since and so may
 * have it. One call for a spell and device; device 0: none had. From the rights themselves: it
 * is kept nowhere else. NOTFOUND: no such dossier. */
struct access_holder {
    struct id staff;
    uint8_t facets;
    int64_t from_ms, until_ms; /* until 0: holds it */
    uint32_t device;
    struct str name;
    int64_t seen_ms; /* last contact; after until_ms: it may never have been there in time */
};
typedef enum err access_on_holder(void *ctx, const struct access_holder *holder);
NODISCARD enum err access_holders(struct store *s, const struct id *person,
                                  access_on_holder *on_holder, void *ctx);

/* Server: the days since `since_ms` on which somebody opened more dossiers than the limit,
 * latest first. */
struct access_alert {
    int64_t day; /* since 1970, UTC */
    struct id staff;
    uint64_t dossiers, limit;
};
typedef enum err access_on_alert(void *ctx, const struct access_alert *alert);
NODISCARD enum err access_alerts(struct store *s, int64_t since_ms, access_on_alert *on_alert,
                                 void *ctx);

#endif
