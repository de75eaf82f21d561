/* SPDX-License-Identifier: Apache-2.0 */
/* Dossiers on the twin rig: opened by a coach, assigned, and looked for in replicas' files. */
#ifndef SUPPORT_CASELOAD_H
#define SUPPORT_CASELOAD_H

#include "support/twin.h"

/* A dossier with one note, made by a coach. */
struct case_file {
    struct id person, pathway, session, note;
};

/* "name=id", for references; one of eight static texts. */
const char *case_ref(const char *name, const struct id *id);
/* A pathway model, on the server. */
struct id case_model(struct twin *t);
/* A person nobody resembles, with a pathway, a session and its note whose text is the mark. */
struct case_file case_open(struct party *p, const struct id *model, const char *mark);
/* end NULL: open. */
struct id case_assign(struct party *p, const struct case_file *c, const struct id *staff,
                      const char *role, const char *start, const char *end);

const struct id *case_staff(struct twin *t, size_t replica);
/* Two whole rounds. */
void case_sync_all(struct twin *t);
/* Does the text stand anywhere in the replica's file? Closes and opens its store. */
bool case_in_file(struct twin *t, size_t replica, const char *text);
/* Does the replica hold exactly what its person may see? Else both are printed. */
bool case_complete(struct twin *t, size_t replica);

#endif
