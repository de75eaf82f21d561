/* SPDX-License-Identifier: Apache-2.0 */
/* A table as a spreadsheet (.xlsx) for people: labels as titles, names for references, words
 * for codes; beside it a sheet that says what the columns mean, who exported it and when. */
#ifndef WEB_SHEET_H
#define WEB_SHEET_H

#include "store/names.h"

struct sheet_terms {
    const struct table *table;
    const char *path; /* of a file that exists and is overwritten; not synced */
    const char *tmp;  /* folder for what is not whole yet: as private as the file */
};

/* Live rows in the order they were made, id last. Masked fields are masked. *count: rows
 * written. LIMIT: more rows than a sheet has. FULL, IO: `why` says so. */
NODISCARD enum err sheet_export(struct store *s, const struct sheet_terms *terms,
                                uint64_t *count, struct note *why);

#endif
